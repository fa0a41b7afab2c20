/* expand.c -- forms by the meaning of their heads; core forms here, others by their table rows. */
#include "interp/expand.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "interp/derive.h"

/* ---- Failing and warning ------------------------------------------------------------------- */

void *cp_expand_fail(cp_expander *x, cp_position at, const char *format, ...)
{
    char text[CP_COMPLAINT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (!cp_expand_is_failed(x))
        (void)cp_complain(&x->complaint, at, "%s", text);
    return NULL;
}

void cp_expand_warn(cp_expander *x, cp_position at, const char *format, ...)
{
    if (x->options.warn == NULL || cp_expand_is_failed(x))
        return;
    char text[CP_COMPLAINT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    x->options.warn(x->options.context, at, text);
}

/* Ask the host from time to time whether to go on. */
static bool is_stopped(cp_expander *x)
{
    if (++x->poll_count % 64 == 0 && x->options.poll != NULL && !x->is_stopped)
        x->is_stopped = !x->options.poll(x->options.context);
    return x->is_stopped;
}

/* ---- Small helpers ------------------------------------------------------------------------- */

bool cp_expand_list(cp_expander *x, cp_term *list, cp_term ***items, uint32_t *count)
{
    int64_t length = cp_term_length(list);
    *items = NULL;
    *count = 0;
    if (length < 0)
        return false;
    cp_term **array = CP_TAKE_ARRAY(&x->terms->arena, (size_t)length, cp_term *);
    if (array == NULL)
        return false;
    for (int64_t i = 0; i < length; i++, list = list->as.pair.cdr)
        array[i] = list->as.pair.car;
    *items = array;
    *count = (uint32_t)length;
    return true;
}

cp_term *cp_expand_make_list(cp_expander *x, cp_term *const *items, uint32_t count, cp_position at)
{
    cp_term *list = cp_term_value(x->terms, CP_NIL, at);
    for (uint32_t i = count; i > 0 && list != NULL; i--)
        list = cp_term_pair(x->terms, items[i - 1], list, at);
    return list;
}

static const char *special_of(const cp_binding *binding)
{
    return binding != NULL && binding->kind == CP_BINDS_SPECIAL ? binding->as.special : NULL;
}

bool cp_expand_is(cp_expander *x, const cp_term *term, cp_scope *scope, const char *name)
{
    if (!cp_term_is_identifier(term))
        return false;
    cp_binding *binding = cp_scope_look_up(&x->scopes, scope, term->as.identifier);
    if (binding == NULL)
        return false;
    if (binding->kind == CP_BINDS_SPECIAL)
        return strcmp(binding->as.special, name) == 0;
    return binding->kind == CP_BINDS_NOTHING && strcmp(binding->identifier->name, name) == 0;
}

cp_local *cp_expand_hidden(cp_expander *x, const char *name, cp_position at)
{
    return cp_core_new_local(&x->core, name, at);
}

cp_local *cp_expand_bind(cp_expander *x, cp_term *term, cp_scope *scope, const char *who)
{
    if (!cp_term_is_identifier(term))
        return cp_expand_fail(x, term->position, "%s: a variable is no identifier", who);
    cp_identifier *identifier = term->as.identifier;
    if (cp_scope_own(scope, identifier) != NULL)
        return cp_expand_fail(x, term->position, "%s: %s stands twice", who, identifier->name);
    if (cp_is_keyword(identifier))
        cp_expand_warn(x, term->position, "%s: the keyword %s becomes a variable", who,
                       identifier->name);
    cp_local *local = cp_core_new_local(&x->core, identifier->name, term->position);
    cp_binding *binding = cp_scope_bind(&x->scopes, scope, identifier);
    if (local == NULL || binding == NULL)
        return NULL;
    local->is_from_user = identifier->base == NULL;
    binding->kind = CP_BINDS_LOCAL;
    binding->as.local = local;
    return local;
}

bool cp_expand_parameters(cp_expander *x, cp_term *list, cp_scope *scope, const char *who,
                          cp_parameters *parameters)
{
    uint32_t count = 0;
    cp_term *tail = list;
    for (; cp_term_is_pair(tail); tail = tail->as.pair.cdr)
        count++;
    *parameters = (cp_parameters){NULL, count, !cp_term_is_nil(tail)};
    if (count + parameters->has_rest > CP_EXPAND_PARAMETERS_MAX) {
        (void)cp_expand_fail(x, list->position, "%s: %u variables, expected at most %d", who, count,
                             CP_EXPAND_PARAMETERS_MAX);
        return false;
    }
    parameters->locals = CP_TAKE_ARRAY(&x->terms->arena, (size_t)count + 1, cp_local *);
    if (parameters->locals == NULL)
        return false;
    for (uint32_t i = 0; i < count; i++, list = list->as.pair.cdr) {
        parameters->locals[i] = cp_expand_bind(x, list->as.pair.car, scope, who);
        if (parameters->locals[i] == NULL)
            return false;
    }
    if (parameters->has_rest)
        parameters->locals[count] = cp_expand_bind(x, tail, scope, who);
    return !parameters->has_rest || parameters->locals[count] != NULL;
}

cp_node *cp_expand_runtime(cp_expander *x, const char *name, cp_node **operands, uint32_t count,
                           cp_position at)
{
    cp_global *global = cp_core_find_global(&x->core, name, name);
    if (global == NULL)
        return NULL;
    global->is_immutable = true;
    cp_node *procedure = cp_core_global(&x->core, CP_NODE_GLOBAL, global, NULL, at);
    return cp_core_call(&x->core, procedure, operands, count, at);
}

/* ---- References ---------------------------------------------------------------------------- */

static cp_node *fail_unbound(cp_expander *x, cp_term *term, cp_scope *scope, const char *who)
{
    const char *name = term->as.identifier->name;
    const char *like = cp_scope_suggest(&x->scopes, scope, name);
    if (like != NULL)
        return cp_expand_fail(x, term->position, "%s%s is not bound; did you mean %s?", who, name,
                              like);
    return cp_expand_fail(x, term->position, "%s%s is not bound", who, name);
}

static cp_node *expand_identifier(cp_expander *x, cp_term *term, cp_scope *scope)
{
    cp_binding *binding = cp_scope_look_up(&x->scopes, scope, term->as.identifier);
    if (binding == NULL)
        return NULL;
    switch (binding->kind) {
    case CP_BINDS_LOCAL:
        return cp_expand_reference(x, binding->as.local, term->position);
    case CP_BINDS_GLOBAL:
        return cp_core_global(&x->core, CP_NODE_GLOBAL, binding->as.global, NULL, term->position);
    case CP_BINDS_SPECIAL:
        return cp_expand_fail(x, term->position, "%s: a keyword stands where a value is expected",
                              term->as.identifier->name);
    case CP_BINDS_RULES:
        return cp_expand_fail(x, term->position, "%s: a macro stands where a value is expected",
                              term->as.identifier->name);
    case CP_BINDS_NOTHING:
        break;
    }
    if (cp_is_keyword(term->as.identifier))
        return cp_core_constant(&x->core, term);
    if (binding->as.global == NULL)
        return fail_unbound(x, term, scope, "");
    return cp_core_global(&x->core, CP_NODE_GLOBAL, binding->as.global, NULL, term->position);
}

/* ---- Calls --------------------------------------------------------------------------------- */

cp_node *cp_expand_primitive(cp_expander *x, cp_primitive which, cp_node *first, cp_node *second,
                             cp_position at)
{
    uint32_t count = second != NULL ? 2 : 1;
    if (first == NULL)
        return NULL;
    if (cp_primitives[which].least == 2 && count != 2)
        return NULL;
    cp_node **operands = CP_TAKE_ARRAY(&x->terms->arena, 2, cp_node *);
    if (operands == NULL)
        return NULL;
    operands[0] = first;
    operands[1] = second;
    return cp_core_primitive(&x->core, which, operands, count, at);
}

static cp_node *fixnum(cp_expander *x, int64_t n, cp_position at)
{
    return cp_core_value(&x->core, cp_make_fixnum(n), at);
}

/* + - * / with any number of operands, as operations on two. One operand is multiplied by 1 or -1,
 * which keeps the sign of -0.0 where adding 0 would not. */
static cp_node *fold_operands(cp_expander *x, cp_primitive which, cp_node **operands,
                              uint32_t count, cp_position at)
{
    if (count == 0)
        return fixnum(x, which == CP_PRIM_MUL, at);
    if (count == 1 && which == CP_PRIM_DIV)
        return cp_expand_primitive(x, which, fixnum(x, 1, at), operands[0], at);
    if (count == 1)
        return cp_expand_primitive(x, CP_PRIM_MUL, operands[0],
                                   fixnum(x, which == CP_PRIM_SUB ? -1 : 1, at), at);
    cp_node *result = operands[0];
    for (uint32_t i = 1; i < count && result != NULL; i++)
        result = cp_expand_primitive(x, which, result, operands[i], at);
    return result;
}

static cp_node *make_accessor(cp_expander *x, const char *name, cp_node *operand, cp_position at)
{
    cp_node *result = operand;
    for (size_t i = strlen(name) - 2; i > 0 && result != NULL; i--)
        result =
            cp_expand_primitive(x, name[i] == 'a' ? CP_PRIM_CAR : CP_PRIM_CDR, result, NULL, at);
    return result;
}

/* (call-with-values PRODUCER (lambda FORMALS BODY)): no closures, no call of the second. */
static cp_node *receive_values(cp_expander *x, cp_node **operands, cp_position at)
{
    if (operands[1]->kind != CP_NODE_LAMBDA || operands[1]->as.lambda->clause_count != 1)
        return NULL;
    const cp_clause *c = operands[1]->as.lambda->clauses;
    cp_node *producer = cp_core_call(&x->core, operands[0], NULL, 0, at);
    return cp_core_receive(&x->core, c->parameters, c->required, c->has_rest, producer, c->body,
                           at);
}

cp_node *cp_expand_primitive_call(cp_expander *x, cp_global *global, cp_node **operands,
                                  uint32_t count, cp_position at)
{
    cp_primitive which = global->primitive;
    if (which == CP_PRIM_ACCESSOR)
        return count == 1 ? make_accessor(x, global->name, operands[0], at) : NULL;
    const cp_primitive_row *row = &cp_primitives[which];
    if (count < row->least || (row->most != CP_ANY_COUNT && count > row->most))
        return NULL;
    if (row->flags & CP_FOLDS)
        return count > 50 ? NULL : fold_operands(x, which, operands, count, at);
    switch (which) {
    case CP_PRIM_GREATER:
        return cp_expand_primitive(x, CP_PRIM_LESS, operands[1], operands[0], at);
    case CP_PRIM_GREATER_EQUAL:
        return cp_expand_primitive(x, CP_PRIM_LESS_EQUAL, operands[1], operands[0], at);
    case CP_PRIM_ZERO:
        return cp_expand_primitive(x, CP_PRIM_EQUAL, operands[0], fixnum(x, 0, at), at);
    case CP_PRIM_POSITIVE:
        return cp_expand_primitive(x, CP_PRIM_LESS, fixnum(x, 0, at), operands[0], at);
    case CP_PRIM_NEGATIVE:
        return cp_expand_primitive(x, CP_PRIM_LESS, operands[0], fixnum(x, 0, at), at);
    case CP_PRIM_LIST: {
        cp_node *list = cp_core_value(&x->core, CP_NIL, at);
        for (uint32_t i = count; i > 0 && list != NULL; i--)
            list = cp_expand_primitive(x, CP_PRIM_CONS, operands[i - 1], list, at);
        return list;
    }
    case CP_PRIM_VALUES:
        return count == 1 ? operands[0] : cp_core_primitive(&x->core, which, operands, count, at);
    case CP_PRIM_CALL_WITH_VALUES:
        return receive_values(x, operands, at);
    default: /* the rows whose operands are the opcode's; a new row that is not must stand above */
        return cp_core_primitive(&x->core, which, operands, count, at);
    }
}

cp_node *cp_expand_call(cp_expander *x, cp_node *procedure, cp_node **operands, uint32_t count,
                        cp_position at)
{
    if (procedure == NULL)
        return NULL;
    cp_global *global = procedure->kind == CP_NODE_GLOBAL ? procedure->as.global.global : NULL;
    if (global != NULL && global->primitive != CP_PRIM_NONE && !global->is_defined) {
        cp_node *node = cp_expand_primitive_call(x, global, operands, count, at);
        if (cp_expand_is_failed(x))
            return NULL;
        if (node != NULL) {
            global->is_inlined = true;
            return node;
        }
    }
    return cp_core_call(&x->core, procedure, operands, count, at);
}

static cp_node *expand_operands_and_call(cp_expander *x, cp_term *form, cp_scope *scope,
                                         cp_node *procedure)
{
    int64_t count = cp_term_length(form->as.pair.cdr);
    if (count < 0)
        return cp_expand_fail(x, form->position, "a call is a proper list, this one has a dot");
    cp_node **operands = CP_TAKE_ARRAY(&x->terms->arena, (size_t)count, cp_node *);
    if (operands == NULL || procedure == NULL)
        return NULL;
    cp_term *rest = form->as.pair.cdr;
    for (int64_t i = 0; i < count; i++, rest = rest->as.pair.cdr) {
        operands[i] = cp_expand(x, rest->as.pair.car, scope);
        if (operands[i] == NULL)
            return NULL;
    }
    return cp_expand_call(x, procedure, operands, (uint32_t)count, form->position);
}

static cp_node *expand_call(cp_expander *x, cp_term *form, cp_scope *scope)
{
    cp_term *head = form->as.pair.car;
    bool is_datum = head->kind != CP_TERM_IDENTIFIER && head->kind != CP_TERM_PAIR;
    if (is_datum)
        return cp_expand_fail(x, head->position,
                              "a constant stands where a procedure is expected; data are quoted");
    return expand_operands_and_call(x, form, scope, cp_expand(x, head, scope));
}

/* ---- Core forms ---------------------------------------------------------------------------- */

static cp_node *expand_quote(cp_expander *x, cp_term *form, cp_scope *scope, const char *who)
{
    (void)scope;
    if (cp_term_length(form) != 2)
        return cp_expand_fail(x, form->position, "%s: %lld operands, expected one datum", who,
                              (long long)cp_term_length(form) - 1);
    return cp_core_constant(&x->core, form->as.pair.cdr->as.pair.car);
}

static cp_node *expand_if(cp_expander *x, cp_term *form, cp_scope *scope, const char *who)
{
    cp_term **items;
    uint32_t count;
    if (!cp_expand_list(x, form->as.pair.cdr, &items, &count) || count < 2 || count > 3)
        return cp_expand_fail(x, form->position,
                              "%s: %lld operands, expected (if test consequent) or (if test "
                              "consequent alternative)",
                              who, (long long)cp_term_length(form) - 1);
    cp_node *test = cp_expand(x, items[0], scope);
    cp_node *then = test == NULL ? NULL : cp_expand(x, items[1], scope);
    if (then == NULL)
        return NULL;
    cp_node *otherwise = count == 3 ? cp_expand(x, items[2], scope)
                                    : cp_core_value(&x->core, CP_UNSPECIFIC, form->position);
    return cp_core_if(&x->core, test, then, otherwise, form->position);
}

/* The clause with the parameters LIST and the body FORMS. */
bool cp_expand_clause(cp_expander *x, cp_term *list, cp_term *forms, cp_scope *scope,
                      const char *who, cp_position at, cp_clause *clause)
{
    cp_scope *inner = cp_scope_open(&x->scopes, scope);
    cp_parameters p;
    if (inner == NULL || !cp_expand_parameters(x, list, inner, who, &p))
        return false;
    clause->parameters = p.locals;
    clause->required = (uint16_t)p.required;
    clause->has_rest = p.has_rest;
    clause->body = cp_expand_body(x, forms, inner, who, at);
    return clause->body != NULL;
}

static cp_node *expand_lambda(cp_expander *x, cp_term *form, cp_scope *scope, const char *who)
{
    cp_term *rest = form->as.pair.cdr;
    cp_clause *clause = CP_TAKE(&x->terms->arena, cp_clause);
    if (clause == NULL)
        return NULL;
    if (!cp_term_is_pair(rest))
        return cp_expand_fail(x, form->position,
                              "%s: no parameters, expected (lambda (parameter ...) body ...)", who);
    if (!cp_expand_clause(x, rest->as.pair.car, rest->as.pair.cdr, scope, who, form->position,
                          clause))
        return NULL;
    return cp_core_lambda(&x->core, NULL, clause, 1, form->position);
}

static cp_node *expand_case_lambda(cp_expander *x, cp_term *form, cp_scope *scope, const char *who)
{
    cp_term **items;
    uint32_t count;
    if (!cp_expand_list(x, form->as.pair.cdr, &items, &count) || count == 0)
        return cp_expand_fail(x, form->position,
                              "%s: no clause, expected (case-lambda ((parameter ...) body ...) "
                              "...)",
                              who);
    cp_clause *clauses = CP_TAKE_ARRAY(&x->terms->arena, count, cp_clause);
    if (clauses == NULL)
        return NULL;
    for (uint32_t i = 0; i < count; i++) {
        if (!cp_term_is_pair(items[i]))
            return cp_expand_fail(x, items[i]->position,
                                  "%s: a clause is not ((parameter ...) body ...)", who);
        if (!cp_expand_clause(x, items[i]->as.pair.car, items[i]->as.pair.cdr, scope, who,
                              items[i]->position, &clauses[i]))
            return NULL;
    }
    return cp_core_lambda(&x->core, NULL, clauses, count, form->position);
}

static cp_node *expand_set(cp_expander *x, cp_term *form, cp_scope *scope, const char *who)
{
    cp_term **items;
    uint32_t count;
    if (!cp_expand_list(x, form->as.pair.cdr, &items, &count) || count != 2)
        return cp_expand_fail(x, form->position, "%s: %lld operands, expected (set! name value)",
                              who, (long long)cp_term_length(form) - 1);
    if (!cp_term_is_identifier(items[0]))
        return cp_expand_fail(x, items[0]->position, "%s: the variable is no identifier", who);
    const char *name = items[0]->as.identifier->name;
    cp_binding *binding = cp_scope_look_up(&x->scopes, scope, items[0]->as.identifier);
    cp_node *value = binding == NULL ? NULL : cp_expand(x, items[1], scope);
    if (value == NULL)
        return NULL;
    cp_core_name_lambda(value, name);
    switch (binding->kind) {
    case CP_BINDS_LOCAL:
        if (!cp_expand_mention(x, binding->as.local))
            return NULL;
        return cp_core_local_set(&x->core, binding->as.local, value, form->position);
    case CP_BINDS_NOTHING:
        if (binding->as.global == NULL)
            return fail_unbound(x, items[0], scope, "set!: ");
        break;
    case CP_BINDS_GLOBAL:
        if (binding->as.global->is_immutable)
            return cp_expand_fail(x, form->position,
                                  "%s: %s is imported, and imports do not change", who, name);
        break;
    case CP_BINDS_SPECIAL:
    case CP_BINDS_RULES:
        return cp_expand_fail(x, form->position, "%s: %s is a keyword, expected a variable", who,
                              name);
    }
    return cp_core_global(&x->core, CP_NODE_GLOBAL_SET, binding->as.global, value, form->position);
}

cp_node *cp_expand_sequence(cp_expander *x, cp_term *forms, cp_scope *scope, cp_position at)
{
    cp_term **items;
    uint32_t count;
    if (!cp_expand_list(x, forms, &items, &count))
        return cp_expand_fail(x, at, "a sequence of expressions is a proper list");
    if (count == 0)
        return cp_core_value(&x->core, CP_UNSPECIFIC, at);
    cp_node **nodes = CP_TAKE_ARRAY(&x->terms->arena, count, cp_node *);
    if (nodes == NULL)
        return NULL;
    for (uint32_t i = 0; i < count; i++) {
        nodes[i] = cp_expand(x, items[i], scope);
        if (nodes[i] == NULL)
            return NULL;
    }
    return cp_core_sequence(&x->core, nodes, count, at);
}

/* begin, include and cond-expand as expressions. */
static cp_node *expand_splice(cp_expander *x, cp_term *form, cp_scope *scope, const char *who)
{
    cp_term *forms;
    if (!cp_expand_splice(x, form, scope, who, &forms))
        return NULL;
    return cp_expand_sequence(x, forms, scope, form->position);
}

static cp_node *fail_context(cp_expander *x, cp_term *form, cp_scope *scope, const char *who)
{
    (void)scope;
    return cp_expand_fail(x, form->position,
                          "%s: a definition stands where an expression is expected", who);
}

static cp_node *fail_auxiliary(cp_expander *x, cp_term *form, cp_scope *scope, const char *who)
{
    (void)scope;
    return cp_expand_fail(x, form->position, "%s: not a form by itself", who);
}

static cp_node *expand_syntax_error(cp_expander *x, cp_term *form, cp_scope *scope, const char *who)
{
    (void)scope;
    char text[CP_COMPLAINT_SIZE];
    cp_printer printer = cp_printer_make(text, sizeof text);
    cp_term *rest = form->as.pair.cdr;
    if (!cp_term_is_pair(rest) || rest->as.pair.car->kind != CP_TERM_STRING)
        return cp_expand_fail(x, form->position, "%s: no message, expected a string", who);
    cp_print(&printer, "%s", rest->as.pair.car->as.bytes);
    for (rest = rest->as.pair.cdr; cp_term_is_pair(rest); rest = rest->as.pair.cdr) {
        cp_print(&printer, " ");
        cp_term_print(&printer, rest->as.pair.car, 10);
    }
    return cp_expand_fail(x, form->position, "%s", text);
}

/* ---- Special forms ------------------------------------------------------------------------- */

typedef struct special_row {
    const char *name;
    cp_derive_function *expand;
    cp_special_kind kind;
} special_row;

/* clang-format off */
static const special_row specials[] = {
    {"quote", expand_quote, CP_SPECIAL_EXPRESSION},
    {"if", expand_if, CP_SPECIAL_EXPRESSION},
    {"lambda", expand_lambda, CP_SPECIAL_EXPRESSION},
    {"case-lambda", expand_case_lambda, CP_SPECIAL_EXPRESSION},
    {"set!", expand_set, CP_SPECIAL_EXPRESSION},
    {"syntax-error", expand_syntax_error, CP_SPECIAL_EXPRESSION},
#define SPECIAL_DERIVED(name, function) {name, function, CP_SPECIAL_EXPRESSION},
    CP_DERIVED_LIST(SPECIAL_DERIVED)
#undef SPECIAL_DERIVED
    {"begin", expand_splice, CP_SPECIAL_SPLICE},
    {"include", expand_splice, CP_SPECIAL_SPLICE},
    {"include-ci", expand_splice, CP_SPECIAL_SPLICE},
    {"cond-expand", expand_splice, CP_SPECIAL_SPLICE},
    {"define", fail_context, CP_SPECIAL_DEFINITION},
    {"define-values", fail_context, CP_SPECIAL_DEFINITION},
    {"define-syntax", fail_context, CP_SPECIAL_DEFINITION},
    {"define-record-type", fail_context, CP_SPECIAL_DEFINITION},
    {"import", fail_context, CP_SPECIAL_DECLARATION},
    {"define-library", fail_context, CP_SPECIAL_DECLARATION},
    {"syntax-rules", fail_auxiliary, CP_SPECIAL_EXPRESSION},
    {"else", fail_auxiliary, CP_SPECIAL_EXPRESSION},
    {"=>", fail_auxiliary, CP_SPECIAL_EXPRESSION},
    {"...", fail_auxiliary, CP_SPECIAL_EXPRESSION},
    {"_", fail_auxiliary, CP_SPECIAL_EXPRESSION},
    {"unquote", fail_auxiliary, CP_SPECIAL_EXPRESSION},
    {"unquote-splicing", fail_auxiliary, CP_SPECIAL_EXPRESSION},
};
/* clang-format on */

static const special_row *find_special(const char *name)
{
    for (size_t i = 0; i < CP_COUNT_OF(specials); i++) {
        if (strcmp(specials[i].name, name) == 0)
            return &specials[i];
    }
    return NULL;
}

const char *cp_special_name(size_t index)
{
    return index < CP_COUNT_OF(specials) ? specials[index].name : NULL;
}

/* What the head of FORM means, if FORM has one that is an identifier; else NULL. */
static cp_binding *head_of(cp_expander *x, const cp_term *form, cp_scope *scope)
{
    if (!cp_term_is_pair(form) || !cp_term_is_identifier(form->as.pair.car))
        return NULL;
    return cp_scope_look_up(&x->scopes, scope, form->as.pair.car->as.identifier);
}

/* Rewrite FORM until its head is no macro. */
cp_term *cp_expand_macros(cp_expander *x, cp_term *form, cp_scope *scope)
{
    for (uint32_t steps = 0; form != NULL; steps++) {
        cp_binding *head = head_of(x, form, scope);
        if (head == NULL || head->kind != CP_BINDS_RULES)
            return cp_expand_is_failed(x) ? NULL : form;
        if (steps == CP_EXPAND_STEPS_MAX)
            return cp_expand_fail(x, form->position, "%s: still a macro use after %d expansions",
                                  form->as.pair.car->as.identifier->name, CP_EXPAND_STEPS_MAX);
        if (is_stopped(x))
            return NULL;
        form = cp_rules_expand(&x->scopes, head->as.rules, form, scope, &x->complaint);
    }
    return NULL;
}

cp_special_kind cp_expand_head(cp_expander *x, const cp_term *form, cp_scope *scope,
                               const char **name)
{
    const char *special = special_of(head_of(x, form, scope));
    const special_row *row = special == NULL ? NULL : find_special(special);
    *name = row == NULL ? NULL : row->name;
    return row == NULL ? CP_SPECIAL_EXPRESSION : row->kind;
}

static cp_node *expand_form(cp_expander *x, cp_term *term, cp_scope *scope)
{
    term = cp_expand_macros(x, term, scope);
    if (term == NULL)
        return NULL;
    switch (term->kind) {
    case CP_TERM_IDENTIFIER:
        return expand_identifier(x, term, scope);
    case CP_TERM_PAIR: {
        const char *name = special_of(head_of(x, term, scope));
        const special_row *row = name == NULL ? NULL : find_special(name);
        return row == NULL ? expand_call(x, term, scope) : row->expand(x, term, scope, row->name);
    }
    case CP_TERM_VALUE:
        if (cp_term_is_nil(term))
            return cp_expand_fail(x, term->position,
                                  "() is no expression; the empty list is written '()");
        return cp_core_constant(&x->core, term);
    case CP_TERM_VECTOR:
    case CP_TERM_STRING:
    case CP_TERM_NUMBER:
    case CP_TERM_BYTES:
        return cp_core_constant(&x->core, term);
    }
    return NULL;
}

cp_node *cp_expand(cp_expander *x, cp_term *term, cp_scope *scope)
{
    if (term == NULL || cp_expand_is_failed(x) || is_stopped(x))
        return NULL;
    if (x->depth >= CP_EXPAND_DEPTH_MAX)
        return cp_expand_fail(x, term->position,
                              "the program is nested more than %d forms deep; expected it to be "
                              "split into definitions",
                              CP_EXPAND_DEPTH_MAX);
    x->depth++;
    cp_node *node = expand_form(x, term, scope);
    x->depth--;
    if (node != NULL && node->height > CP_EXPAND_HEIGHT_MAX)
        return cp_expand_fail(x, term->position,
                              "the form is too deep once it is expanded; expected it to be split "
                              "into definitions");
    return node;
}

/* ---- Splicing ------------------------------------------------------------------------------ */

static bool eval_requirement(cp_expander *x, cp_term *term, cp_scope *scope, bool *result);

static bool eval_compound(cp_expander *x, cp_term *term, cp_scope *scope, bool *result)
{
    const cp_environment *environment = x->options.environment;
    cp_term *rest = term->as.pair.cdr;
    const char *head =
        cp_term_is_identifier(term->as.pair.car) ? term->as.pair.car->as.identifier->name : "";
    bool is_and = strcmp(head, "and") == 0, is_or = strcmp(head, "or") == 0;
    if (is_and || is_or) {
        *result = is_and;
        for (; cp_term_is_pair(rest) && *result == is_and; rest = rest->as.pair.cdr) {
            if (!eval_requirement(x, rest->as.pair.car, scope, result))
                return false;
        }
        return true;
    }
    if (strcmp(head, "not") == 0 && cp_term_length(rest) == 1) {
        bool inner;
        if (!eval_requirement(x, rest->as.pair.car, scope, &inner))
            return false;
        *result = !inner;
        return true;
    }
    if (strcmp(head, "library") == 0 && cp_term_length(rest) == 1) {
        *result = environment->has_library != NULL &&
                  environment->has_library(environment, rest->as.pair.car);
        return true;
    }
    (void)cp_expand_fail(x, term->position,
                         "cond-expand: expected a feature, (library name), (and ...), (or ...) or "
                         "(not requirement)");
    return false;
}

static bool eval_requirement(cp_expander *x, cp_term *term, cp_scope *scope, bool *result)
{
    const cp_environment *environment = x->options.environment;
    if (x->depth >= CP_EXPAND_DEPTH_MAX) {
        (void)cp_expand_fail(x, term->position, "cond-expand: nested too deep");
        return false;
    }
    if (cp_term_is_identifier(term)) {
        const char *name = term->as.identifier->name;
        *result = strcmp(name, "else") == 0 ||
                  (environment->has_feature != NULL && environment->has_feature(environment, name));
        return true;
    }
    if (!cp_term_is_pair(term)) {
        (void)cp_expand_fail(x, term->position, "cond-expand: a requirement is no feature");
        return false;
    }
    x->depth++;
    bool is_good = eval_compound(x, term, scope, result);
    x->depth--;
    return is_good;
}

static bool splice_cond_expand(cp_expander *x, cp_term *form, cp_scope *scope, cp_term **forms)
{
    for (cp_term *rest = form->as.pair.cdr; cp_term_is_pair(rest); rest = rest->as.pair.cdr) {
        cp_term *clause = rest->as.pair.car;
        bool is_taken;
        if (cp_term_length(clause) < 1) {
            (void)cp_expand_fail(x, clause->position,
                                 "cond-expand: a clause is not (requirement form ...)");
            return false;
        }
        if (!eval_requirement(x, clause->as.pair.car, scope, &is_taken))
            return false;
        if (is_taken) {
            *forms = clause->as.pair.cdr;
            return true;
        }
    }
    (void)cp_expand_fail(x, form->position, "cond-expand: no clause holds, and there is no else");
    return false;
}

/* The forms of all files that FORM names, one after another. */
static bool splice_include(cp_expander *x, cp_term *form, bool folds_case, cp_term **forms)
{
    cp_term **end = forms;
    for (cp_term *rest = form->as.pair.cdr; cp_term_is_pair(rest); rest = rest->as.pair.cdr) {
        cp_term *name = rest->as.pair.car;
        const char *problem = "no file can be read here";
        if (name->kind != CP_TERM_STRING) {
            (void)cp_expand_fail(x, name->position, "include: a file name is no string");
            return false;
        }
        cp_term *list = x->options.include == NULL
                            ? NULL
                            : x->options.include(x->options.context, x->terms, name->as.bytes,
                                                 folds_case, &problem);
        if (list == NULL) {
            (void)cp_expand_fail(x, name->position, "include: \"%s\": %s", name->as.bytes, problem);
            return false;
        }
        for (; cp_term_is_pair(list); list = list->as.pair.cdr) {
            *end = cp_term_pair(x->terms, list->as.pair.car, list, list->position);
            if (*end == NULL)
                return false;
            end = &(*end)->as.pair.cdr;
        }
    }
    *end = cp_term_value(x->terms, CP_NIL, form->position);
    return *end != NULL;
}

bool cp_expand_splice(cp_expander *x, cp_term *form, cp_scope *scope, const char *special,
                      cp_term **forms)
{
    if (cp_term_length(form) < 0) {
        (void)cp_expand_fail(x, form->position, "%s: no proper list", special);
        return false;
    }
    if (strcmp(special, "begin") == 0) {
        *forms = form->as.pair.cdr;
        return true;
    }
    if (strcmp(special, "cond-expand") == 0)
        return splice_cond_expand(x, form, scope, forms);
    return splice_include(x, form, strcmp(special, "include-ci") == 0, forms);
}

/* ---- Transformers -------------------------------------------------------------------------- */

bool cp_expand_transformer(cp_expander *x, cp_term *spec, cp_scope *scope, const char *name,
                           const char *who, cp_binding *binding)
{
    spec = cp_expand_macros(x, spec, scope);
    if (spec == NULL)
        return false;
    if (cp_term_is_identifier(spec)) { /* another name of a keyword */
        cp_binding *other = cp_scope_look_up(&x->scopes, scope, spec->as.identifier);
        if (other == NULL)
            return false;
        if (other->kind == CP_BINDS_SPECIAL || other->kind == CP_BINDS_RULES) {
            binding->kind = other->kind;
            binding->as = other->as;
            return true;
        }
    }
    const char *special = special_of(head_of(x, spec, scope));
    if (special == NULL || strcmp(special, "syntax-rules") != 0) {
        (void)cp_expand_fail(x, spec->position,
                             "%s: the transformer of %s is not (syntax-rules ...)", who, name);
        return false;
    }
    cp_rules *rules = cp_rules_parse(&x->scopes, scope, name, spec, &x->complaint);
    if (rules == NULL)
        return false;
    binding->kind = CP_BINDS_RULES;
    binding->as.rules = rules;
    return true;
}

/* ---- Beginning ----------------------------------------------------------------------------- */

/* Macros of environments that this compilation uses. */
struct cp_taken_macro {
    const cp_macro *macro;
    cp_rules *rules;
    struct cp_taken_macro *next;
};

static cp_rules *take_macro(void *context, const cp_macro *macro, cp_scope *root)
{
    cp_expander *x = context;
    for (struct cp_taken_macro *t = x->taken; t != NULL; t = t->next) {
        if (t->macro == macro)
            return t->rules;
    }
    struct cp_taken_macro *taken = CP_TAKE(&x->terms->arena, struct cp_taken_macro);
    if (taken == NULL)
        return NULL;
    *taken = (struct cp_taken_macro){macro, cp_macro_take(&x->scopes, macro, root), x->taken};
    x->taken = taken;
    return taken->rules;
}

/* The environment of what the expander itself inserts: every special form, nothing else. */
static void look_up_special(const cp_environment *environment, const char *name,
                            cp_denotation *denotation)
{
    (void)environment;
    const special_row *row = find_special(name);
    if (row != NULL) {
        denotation->meaning = CP_MEANS_SPECIAL;
        denotation->special = row->name;
    }
}

static const cp_environment runtime_environment = {.look_up = look_up_special, .name = ""};

void cp_expander_init(cp_expander *x, cp_terms *terms, const cp_expand_options *options)
{
    *x = (cp_expander){.terms = terms, .options = *options};
    x->core.terms = terms;
    x->scopes = (cp_scopes){.core = &x->core, .take_macro = take_macro, .context = x};
    x->definitions_end = &x->definitions;
    x->runtime = cp_scope_root(&x->scopes, &runtime_environment);
}
