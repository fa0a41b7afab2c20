/* expand.c -- forms by the meaning of their heads; bodies in two rounds.
 *
 * The first round over a body expands macro uses only as far as it takes to find the definitions,
 * the second expands values and expressions in the finished scope, as R7RS 5.3 asks. The values of
 * a body's definitions then form a graph (who mentions whom), and its strongly connected parts in
 * order of dependency become LET, FIX for procedures, and only where neither fits variables that
 * are set (Ghuloum and Dybvig 2009, "Fixing letrec (reloaded)"); parts are found as by Tarjan 1972,
 * with a stack of our own. */
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

/* A body whose definitions are being expanded. */
struct cp_body {
    uint32_t current; /* the item whose value is expanded now */
    bool is_open;     /* false: all values are done, so that mentions no longer matter */
    uint32_t *edges;  /* pairs: item, the item that it mentions */
    uint32_t edge_count;
    size_t edge_capacity;
};

static bool add_edge(cp_expander *x, cp_body *body, uint32_t from, uint32_t to)
{
    uint32_t count = body->edge_count;
    if (count > 0 && body->edges[2 * count - 2] == from && body->edges[2 * count - 1] == to)
        return true;
    if (count == body->edge_capacity) {
        size_t capacity = count == 0 ? 16 : (size_t)count * 2;
        uint32_t *edges = CP_TAKE_ARRAY(&x->terms->arena, capacity * 2, uint32_t);
        if (edges == NULL)
            return false;
        if (count > 0)
            memcpy(edges, body->edges, (size_t)count * 2 * sizeof *edges);
        body->edges = edges;
        body->edge_capacity = capacity;
    }
    body->edges[2 * count] = from;
    body->edges[2 * count + 1] = to;
    body->edge_count++;
    return true;
}

static bool mention(cp_expander *x, cp_local *local)
{
    cp_body *body = local->group;
    return body == NULL || !body->is_open || add_edge(x, body, body->current, local->index);
}

cp_node *cp_expand_reference(cp_expander *x, cp_local *local, cp_position at)
{
    return mention(x, local) ? cp_core_local(&x->core, local, at) : NULL;
}

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
static bool expand_clause(cp_expander *x, cp_term *list, cp_term *forms, cp_scope *scope,
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
    if (!expand_clause(x, rest->as.pair.car, rest->as.pair.cdr, scope, who, form->position, clause))
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
        if (!expand_clause(x, items[i]->as.pair.car, items[i]->as.pair.cdr, scope, who,
                           items[i]->position, &clauses[i]))
            return NULL;
    }
    return cp_core_lambda(&x->core, NULL, clauses, count, form->position);
}

/* A procedure without a name gets that of the variable it is for. */
static void name_lambda(cp_node *node, const char *name)
{
    if (node != NULL && node->kind == CP_NODE_LAMBDA && node->as.lambda->name == NULL)
        node->as.lambda->name = name;
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
    name_lambda(value, name);
    switch (binding->kind) {
    case CP_BINDS_LOCAL:
        if (!mention(x, binding->as.local))
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

typedef enum special_kind {
    SPECIAL_EXPRESSION,
    SPECIAL_SPLICE, /* begin and its like: forms in its place */
    SPECIAL_DEFINITION,
    SPECIAL_DECLARATION, /* import, define-library */
    SPECIAL_AUXILIARY
} special_kind;

typedef struct special_row {
    const char *name;
    cp_derive_function *expand;
    special_kind kind;
} special_row;

/* clang-format off */
static const special_row specials[] = {
    {"quote", expand_quote, SPECIAL_EXPRESSION},
    {"if", expand_if, SPECIAL_EXPRESSION},
    {"lambda", expand_lambda, SPECIAL_EXPRESSION},
    {"case-lambda", expand_case_lambda, SPECIAL_EXPRESSION},
    {"set!", expand_set, SPECIAL_EXPRESSION},
    {"syntax-error", expand_syntax_error, SPECIAL_EXPRESSION},
#define SPECIAL_DERIVED(name, function) {name, function, SPECIAL_EXPRESSION},
    CP_DERIVED_LIST(SPECIAL_DERIVED)
#undef SPECIAL_DERIVED
    {"begin", expand_splice, SPECIAL_SPLICE},
    {"include", expand_splice, SPECIAL_SPLICE},
    {"include-ci", expand_splice, SPECIAL_SPLICE},
    {"cond-expand", expand_splice, SPECIAL_SPLICE},
    {"define", fail_context, SPECIAL_DEFINITION},
    {"define-values", fail_context, SPECIAL_DEFINITION},
    {"define-syntax", fail_context, SPECIAL_DEFINITION},
    {"define-record-type", fail_context, SPECIAL_DEFINITION},
    {"import", fail_context, SPECIAL_DECLARATION},
    {"define-library", fail_context, SPECIAL_DECLARATION},
    {"syntax-rules", fail_auxiliary, SPECIAL_AUXILIARY},
    {"else", fail_auxiliary, SPECIAL_AUXILIARY},
    {"=>", fail_auxiliary, SPECIAL_AUXILIARY},
    {"...", fail_auxiliary, SPECIAL_AUXILIARY},
    {"_", fail_auxiliary, SPECIAL_AUXILIARY},
    {"unquote", fail_auxiliary, SPECIAL_AUXILIARY},
    {"unquote-splicing", fail_auxiliary, SPECIAL_AUXILIARY},
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
static cp_term *expand_macros(cp_expander *x, cp_term *form, cp_scope *scope)
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

static cp_node *expand_form(cp_expander *x, cp_term *term, cp_scope *scope)
{
    term = expand_macros(x, term, scope);
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
    spec = expand_macros(x, spec, scope);
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

/* ---- Definitions, split into their parts --------------------------------------------------- */

/* (define NAME VALUE) or (define (NAME . PARAMETERS) BODY ...). */
typedef struct definition {
    cp_term *name;
    cp_term *value;      /* or NULL: the unspecific value, or a procedure of */
    cp_term *parameters; /* these, or NULL */
    cp_term *body;
} definition;

static bool split_define(cp_expander *x, cp_term *form, definition *d)
{
    *d = (definition){NULL, NULL, NULL, NULL};
    int64_t length = cp_term_length(form);
    cp_term *rest = form->as.pair.cdr;
    if (length < 2) {
        (void)cp_expand_fail(x, form->position,
                             "define: expected (define name value) or (define (name parameter "
                             "...) body ...)");
        return false;
    }
    cp_term *target = rest->as.pair.car;
    if (cp_term_is_pair(target)) {
        d->name = target->as.pair.car;
        d->parameters = target->as.pair.cdr;
        d->body = rest->as.pair.cdr;
    } else {
        d->name = target;
        d->value = length > 2 ? rest->as.pair.cdr->as.pair.car : NULL;
        if (length > 3) {
            (void)cp_expand_fail(x, form->position, "define: %lld values for %s, expected one",
                                 (long long)length - 2,
                                 cp_term_is_identifier(target) ? target->as.identifier->name
                                                               : "a name");
            return false;
        }
    }
    if (!cp_term_is_identifier(d->name)) {
        (void)cp_expand_fail(x, d->name->position, "define: the name is no identifier");
        return false;
    }
    return true;
}

static cp_node *expand_definition(cp_expander *x, const definition *d, cp_scope *scope,
                                  cp_position at)
{
    const char *name = d->name->as.identifier->name;
    cp_node *node;
    if (d->parameters != NULL) {
        cp_clause *clause = CP_TAKE(&x->terms->arena, cp_clause);
        if (clause == NULL || !expand_clause(x, d->parameters, d->body, scope, name, at, clause))
            return NULL;
        node = cp_core_lambda(&x->core, name, clause, 1, at);
    } else if (d->value == NULL) {
        node = cp_core_value(&x->core, CP_UNSPECIFIC, at);
    } else {
        node = cp_expand(x, d->value, scope);
    }
    name_lambda(node, name);
    return node;
}

/* (define-record-type NAME CONSTRUCTOR PREDICATE FIELD ...), every part checked. */
typedef struct record {
    cp_term *name;
    cp_term *constructor; /* NULL: none */
    cp_term **arguments;  /* its parameters: names of fields */
    uint32_t *places;     /* of each argument: the index of its field */
    uint32_t argument_count;
    cp_term *predicate; /* NULL: none */
    cp_term **fields;   /* (name [accessor [modifier]]) */
    uint32_t field_count;
} record;

static cp_term *field_name(cp_term *field)
{
    return cp_term_is_pair(field) ? field->as.pair.car : field;
}

static bool split_fields(cp_expander *x, record *r)
{
    for (uint32_t i = 0; i < r->field_count; i++) {
        cp_term *field = r->fields[i];
        int64_t length = cp_term_length(field);
        bool is_good = cp_term_is_identifier(field) || (length >= 1 && length <= 3);
        for (cp_term *p = field; is_good && cp_term_is_pair(p); p = p->as.pair.cdr)
            is_good = cp_term_is_identifier(p->as.pair.car);
        if (!is_good) {
            (void)cp_expand_fail(x, field->position,
                                 "define-record-type: a field is not (name accessor) or (name "
                                 "accessor modifier)");
            return false;
        }
        for (uint32_t j = 0; j < i; j++) {
            if (field_name(r->fields[j])->as.identifier == field_name(field)->as.identifier) {
                (void)cp_expand_fail(x, field->position,
                                     "define-record-type: the field %s stands twice",
                                     field_name(field)->as.identifier->name);
                return false;
            }
        }
    }
    return true;
}

static bool find_field(cp_expander *x, const record *r, const cp_term *argument, uint32_t *place)
{
    for (uint32_t i = 0; i < r->field_count && cp_term_is_identifier(argument); i++) {
        if (field_name(r->fields[i])->as.identifier == argument->as.identifier) {
            *place = i;
            return true;
        }
    }
    (void)cp_expand_fail(
        x, argument->position, "define-record-type: the constructor takes %s, which is no field",
        cp_term_is_identifier(argument) ? argument->as.identifier->name : "something");
    return false;
}

/* The constructor: #f, NAME for all fields, or (NAME FIELD ...). */
static bool split_constructor(cp_expander *x, cp_term *spec, record *r)
{
    if (cp_term_is_value(spec, CP_FALSE))
        return true;
    if (cp_term_is_identifier(spec)) {
        r->constructor = spec;
        r->argument_count = r->field_count;
    } else if (cp_term_is_pair(spec) && cp_term_is_identifier(spec->as.pair.car)) {
        r->constructor = spec->as.pair.car;
        if (!cp_expand_list(x, spec->as.pair.cdr, &r->arguments, &r->argument_count))
            r->constructor = NULL;
    }
    if (r->constructor == NULL) {
        (void)cp_expand_fail(x, spec->position,
                             "define-record-type: the constructor is not (name field ...), a name "
                             "or #f");
        return false;
    }
    r->places = CP_TAKE_ARRAY(&x->terms->arena, r->argument_count, uint32_t);
    cp_term **names = CP_TAKE_ARRAY(&x->terms->arena, r->argument_count, cp_term *);
    if (r->places == NULL || names == NULL)
        return false;
    for (uint32_t i = 0; i < r->argument_count; i++) {
        names[i] = r->arguments != NULL ? r->arguments[i] : field_name(r->fields[i]);
        if (!find_field(x, r, names[i], &r->places[i]))
            return false;
        for (uint32_t j = 0; j < i; j++) {
            if (r->places[j] == r->places[i]) {
                (void)cp_expand_fail(x, names[i]->position,
                                     "define-record-type: the constructor takes %s twice",
                                     names[i]->as.identifier->name);
                return false;
            }
        }
    }
    r->arguments = names;
    return true;
}

static bool split_record(cp_expander *x, cp_term *form, record *r)
{
    cp_term **items;
    uint32_t count;
    *r = (record){.name = NULL};
    if (!cp_expand_list(x, form->as.pair.cdr, &items, &count) || count < 3) {
        (void)cp_expand_fail(x, form->position,
                             "define-record-type: expected (define-record-type name constructor "
                             "predicate field ...)");
        return false;
    }
    r->name = cp_term_is_pair(items[0]) ? items[0]->as.pair.car : items[0];
    r->predicate = cp_term_is_value(items[2], CP_FALSE) ? NULL : items[2];
    r->fields = items + 3;
    r->field_count = count - 3;
    if (!cp_term_is_identifier(r->name) ||
        (r->predicate != NULL && !cp_term_is_identifier(r->predicate))) {
        (void)cp_expand_fail(x, items[cp_term_is_identifier(r->name) ? 2 : 0]->position,
                             "define-record-type: a name is no identifier");
        return false;
    }
    if (r->field_count > 200) {
        (void)cp_expand_fail(x, form->position,
                             "define-record-type: %u fields, expected at most 200", r->field_count);
        return false;
    }
    return split_fields(x, r) && split_constructor(x, items[1], r);
}

/* (%make-record-type 'name '#(field ...)) */
static cp_node *make_record_type(cp_expander *x, const record *r, cp_position at)
{
    cp_term **names = CP_TAKE_ARRAY(&x->terms->arena, r->field_count, cp_term *);
    cp_node **operands = CP_TAKE_ARRAY(&x->terms->arena, 2, cp_node *);
    if (names == NULL || operands == NULL)
        return NULL;
    for (uint32_t i = 0; i < r->field_count; i++)
        names[i] = field_name(r->fields[i]);
    operands[0] = cp_core_constant(&x->core, r->name);
    operands[1] = cp_core_constant(&x->core, cp_term_vector(x->terms, names, r->field_count, at));
    return cp_expand_runtime(x, "%make-record-type", operands, 2, at);
}

/* What a record type in a body defines besides itself, as calls of the runtime: the opcodes want
 * the type in a global cell. INDEX as in for_record. */
static cp_node *make_local_record_part(cp_expander *x, const record *r, cp_local *type,
                                       uint32_t index, bool is_modifier, cp_position at)
{
    cp_node **operands = CP_TAKE_ARRAY(&x->terms->arena, 2, cp_node *);
    if (operands == NULL)
        return NULL;
    operands[0] = cp_expand_reference(x, type, at);
    if (index == 1)
        return cp_expand_runtime(x, "%record-predicate", operands, 1, at);
    if (index > 1) {
        operands[1] = fixnum(x, (int64_t)index - 2, at);
        return cp_expand_runtime(x, is_modifier ? "%record-modifier" : "%record-accessor", operands,
                                 2, at);
    }
    cp_term **places = CP_TAKE_ARRAY(&x->terms->arena, r->argument_count, cp_term *);
    if (places == NULL)
        return NULL;
    for (uint32_t i = 0; i < r->argument_count; i++) {
        places[i] = cp_term_value(x->terms, cp_make_fixnum(r->places[i]), at);
        if (places[i] == NULL)
            return NULL;
    }
    operands[1] =
        cp_core_constant(&x->core, cp_term_vector(x->terms, places, r->argument_count, at));
    return cp_expand_runtime(x, "%record-constructor", operands, 2, at);
}

/* A procedure of COUNT parameters around an operation on the record type in the cell of TYPE. */
static cp_node *make_record_procedure(cp_expander *x, cp_global *type, const char *name,
                                      cp_primitive which, uint32_t index, uint32_t count,
                                      cp_position at)
{
    cp_local **locals = CP_TAKE_ARRAY(&x->terms->arena, count, cp_local *);
    cp_node **operands = CP_TAKE_ARRAY(&x->terms->arena, count, cp_node *);
    if (locals == NULL || operands == NULL)
        return NULL;
    for (uint32_t i = 0; i < count; i++) {
        locals[i] = cp_expand_hidden(x, i == 0 ? "record" : "value", at);
        operands[i] = cp_core_local(&x->core, locals[i], at);
    }
    cp_node *body = cp_core_primitive(&x->core, which, operands, count, at);
    if (body == NULL)
        return NULL;
    body->as.primitive.index = index;
    body->as.primitive.global = type;
    return cp_core_simple_lambda(&x->core, name, locals, count, body, at);
}

static cp_node *make_constructor(cp_expander *x, const record *r, cp_global *type, cp_position at)
{
    cp_local **locals = CP_TAKE_ARRAY(&x->terms->arena, r->argument_count, cp_local *);
    cp_node **fields = CP_TAKE_ARRAY(&x->terms->arena, r->field_count, cp_node *);
    if (locals == NULL || fields == NULL)
        return NULL;
    for (uint32_t i = 0; i < r->argument_count; i++) {
        locals[i] = cp_expand_hidden(x, r->arguments[i]->as.identifier->name, at);
        fields[r->places[i]] = cp_core_local(&x->core, locals[i], at);
    }
    for (uint32_t i = 0; i < r->field_count; i++) {
        if (fields[i] == NULL)
            fields[i] = cp_core_value(&x->core, CP_UNSPECIFIC, at);
    }
    cp_node *body = cp_core_primitive(&x->core, CP_PRIM_RECORD, fields, r->field_count, at);
    if (body == NULL)
        return NULL;
    body->as.primitive.global = type;
    return cp_core_simple_lambda(&x->core, r->constructor->as.identifier->name, locals,
                                 r->argument_count, body, at);
}

/* ---- Bodies -------------------------------------------------------------------------------- */

typedef enum item_kind {
    ITEM_EXPRESSION,
    ITEM_DEFINE,
    ITEM_VALUES,
    ITEM_RECORD,      /* the record type itself */
    ITEM_RECORD_PART, /* a procedure of it */
} item_kind;

/* One expression or definition of a body. */
typedef struct item {
    item_kind kind;
    cp_term *term;
    definition define;
    record *record;
    uint32_t part; /* 0 constructor, 1 predicate, 2 + i accessor of field i */
    bool is_modifier;
    cp_local *local;       /* what it defines, in a body */
    cp_global *global;     /* and at top level */
    cp_local **locals;     /* ITEM_VALUES in a body: the variables */
    cp_global **globals;   /* and at top level */
    cp_parameters formals; /* ITEM_VALUES: what receives the values first */
    cp_node *node;
} item;

typedef struct items {
    item *array;
    uint32_t count;
    size_t capacity;
    uint32_t definition_end; /* behind the last definition */
} items;

static item *add_item(cp_expander *x, items *list, item_kind kind, cp_term *term)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 8 : list->capacity * 2;
        item *array = CP_TAKE_ARRAY(&x->terms->arena, capacity, item);
        if (array == NULL)
            return NULL;
        if (list->count > 0)
            memcpy(array, list->array, list->count * sizeof *array);
        list->array = array;
        list->capacity = capacity;
    }
    item *it = &list->array[list->count++];
    *it = (item){.kind = kind, .term = term};
    if (kind != ITEM_EXPRESSION)
        list->definition_end = list->count;
    return it;
}

/* What defines names: a body in its scope, or the top level in the root. */
typedef struct definer {
    cp_expander *x;
    cp_scope *scope;
    cp_body *body; /* NULL: top level */
    items list;
    const char *who;
} definer;

static bool declare_definition(cp_expander *x, const char *name, cp_global *global,
                               const cp_binding *binding)
{
    cp_definition *d = CP_TAKE(&x->terms->arena, cp_definition);
    if (d == NULL)
        return false;
    d->name = name;
    d->global = global;
    if (binding != NULL && binding->kind == CP_BINDS_RULES)
        d->rules = binding->as.rules;
    if (binding != NULL && binding->kind == CP_BINDS_SPECIAL)
        d->special = binding->as.special;
    *x->definitions_end = d;
    x->definitions_end = &d->next;
    return true;
}

/* A name at top level that a macro made: nobody else can say it, so it gets one of its own. */
static const char *make_unique(cp_expander *x, const cp_identifier *identifier)
{
    for (uint32_t i = 1; i < 100000; i++) {
        char text[200];
        cp_printer printer = cp_printer_make(text, sizeof text);
        cp_print(&printer, "%.100s%%%u", identifier->name, i);
        cp_identifier *id = cp_terms_name(x->terms, text, strlen(text));
        if (id == NULL)
            return NULL;
        cp_denotation denotation = {.meaning = CP_MEANS_NOTHING};
        x->options.environment->look_up(x->options.environment, text, &denotation);
        bool is_free = denotation.meaning == CP_MEANS_NOTHING && id->bindings == NULL;
        if (!is_free)
            continue;
        cp_binding *taken =
            cp_scope_bind(&x->scopes, cp_scope_root(&x->scopes, x->options.environment), id);
        return taken == NULL ? NULL : id->name;
    }
    return NULL;
}

/* The global that a definition of the identifier TERM at top level is for. */
static cp_global *define_global(cp_expander *x, cp_term *term, cp_scope *root, const char *who)
{
    cp_identifier *identifier = term->as.identifier;
    const char *name = identifier->name;
    cp_denotation denotation = {.meaning = CP_MEANS_NOTHING};
    if (identifier->base != NULL) {
        cp_binding *own = cp_scope_own(root, identifier);
        if (own != NULL && own->kind == CP_BINDS_GLOBAL)
            return own->as.global;
        name = make_unique(x, identifier);
        if (name == NULL)
            return NULL;
    } else if (cp_is_keyword(identifier)) {
        cp_expand_warn(x, term->position, "%s: the keyword %s becomes a variable", who, name);
    }
    x->options.environment->look_up(x->options.environment, name, &denotation);
    if (denotation.meaning == CP_MEANS_GLOBAL && denotation.is_immutable)
        return cp_expand_fail(x, term->position, "%s: %s is imported, and imports do not change",
                              who, name);
    cp_global *global =
        cp_core_find_global(&x->core, name, denotation.cell != NULL ? denotation.cell : name);
    cp_binding *binding = cp_scope_bind(&x->scopes, root, identifier);
    if (global == NULL || binding == NULL)
        return NULL;
    bool is_new = !global->is_defined;
    global->is_defined = true;
    global->is_immutable = false;
    global->primitive = CP_PRIM_NONE;
    global->least = global->most = -1;
    binding->kind = CP_BINDS_GLOBAL;
    binding->as.global = global;
    return !is_new || declare_definition(x, name, global, NULL) ? global : NULL;
}

/* Bind the identifier TERM to what IT defines. */
static bool define_name(definer *d, cp_term *term, item *it)
{
    cp_expander *x = d->x;
    if (d->body == NULL) {
        it->global = define_global(x, term, d->scope, "define");
        return it->global != NULL;
    }
    it->local = cp_expand_bind(x, term, d->scope, d->who);
    if (it->local == NULL)
        return false;
    it->local->group = d->body;
    it->local->index = (uint32_t)(it - d->list.array);
    return true;
}

static bool scan_define(definer *d, cp_term *form)
{
    item *it = add_item(d->x, &d->list, ITEM_DEFINE, form);
    return it != NULL && split_define(d->x, form, &it->define) &&
           define_name(d, it->define.name, it);
}

static bool scan_define_values(definer *d, cp_term *form)
{
    cp_expander *x = d->x;
    if (cp_term_length(form) != 3) {
        (void)cp_expand_fail(x, form->position,
                             "define-values: expected (define-values formals expression)");
        return false;
    }
    item *it = add_item(x, &d->list, ITEM_VALUES, form);
    cp_term *formals = form->as.pair.cdr->as.pair.car;
    cp_scope *hidden = cp_scope_open(&x->scopes, d->scope);
    if (it == NULL || hidden == NULL ||
        !cp_expand_parameters(x, formals, hidden, "define-values", &it->formals))
        return false;
    uint32_t count = it->formals.required + it->formals.has_rest;
    it->locals = CP_TAKE_ARRAY(&x->terms->arena, count, cp_local *);
    it->globals = CP_TAKE_ARRAY(&x->terms->arena, count, cp_global *);
    if (it->locals == NULL || it->globals == NULL)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        cp_term *name = cp_term_is_pair(formals) ? formals->as.pair.car : formals;
        if (!define_name(d, name, it))
            return false;
        it->locals[i] = it->local;
        it->globals[i] = it->global;
        if (cp_term_is_pair(formals))
            formals = formals->as.pair.cdr;
    }
    it->local = NULL;
    it->global = NULL;
    return true;
}

static bool scan_define_syntax(definer *d, cp_term *form)
{
    cp_expander *x = d->x;
    cp_term *rest = form->as.pair.cdr;
    if (cp_term_length(form) != 3 || !cp_term_is_identifier(rest->as.pair.car)) {
        (void)cp_expand_fail(x, form->position,
                             "define-syntax: expected (define-syntax name transformer)");
        return false;
    }
    cp_identifier *name = rest->as.pair.car->as.identifier;
    if (d->body != NULL && cp_scope_own(d->scope, name) != NULL) {
        (void)cp_expand_fail(x, form->position, "%s: %s stands twice", d->who, name->name);
        return false;
    }
    cp_binding *binding = cp_scope_bind(&x->scopes, d->scope, name);
    cp_binding meaning = {.kind = CP_BINDS_NOTHING};
    if (binding == NULL || !cp_expand_transformer(x, rest->as.pair.cdr->as.pair.car, d->scope,
                                                  name->name, "define-syntax", &meaning))
        return false;
    binding->kind = meaning.kind;
    binding->as = meaning.as;
    return d->body != NULL || name->base != NULL ||
           declare_definition(x, name->name, NULL, binding);
}

static bool scan_part(definer *d, cp_term *form, record *r, cp_term *name, uint32_t part,
                      bool is_modifier)
{
    item *it = add_item(d->x, &d->list, ITEM_RECORD_PART, form);
    if (it == NULL)
        return false;
    it->record = r;
    it->part = part;
    it->is_modifier = is_modifier;
    it->define.name = name;
    return define_name(d, name, it);
}

static bool scan_record(definer *d, cp_term *form)
{
    record *r = CP_TAKE(&d->x->terms->arena, record);
    item *it = add_item(d->x, &d->list, ITEM_RECORD, form);
    if (r == NULL || it == NULL || !split_record(d->x, form, r))
        return false;
    it->record = r;
    it->define.name = r->name;
    if (!define_name(d, r->name, it))
        return false;
    if (r->constructor != NULL && !scan_part(d, form, r, r->constructor, 0, false))
        return false;
    if (r->predicate != NULL && !scan_part(d, form, r, r->predicate, 1, false))
        return false;
    for (uint32_t i = 0; i < r->field_count; i++) {
        cp_term *names = cp_term_is_pair(r->fields[i]) ? r->fields[i]->as.pair.cdr : r->fields[i];
        for (bool is_modifier = false; cp_term_is_pair(names);
             names = names->as.pair.cdr, is_modifier = true) {
            if (!scan_part(d, form, r, names->as.pair.car, 2 + i, is_modifier))
                return false;
        }
    }
    return true;
}

static bool scan_declaration(definer *d, cp_term *form, const char *who)
{
    cp_expander *x = d->x;
    const char *problem = "no library can be declared here";
    if (d->body != NULL || x->options.declare == NULL) {
        (void)cp_expand_fail(x, form->position, "%s: %s", who,
                             d->body != NULL ? "stands in a body, expected it at top level"
                                             : problem);
        return false;
    }
    if (cp_term_length(form) < 2) {
        (void)cp_expand_fail(x, form->position, "%s: expected a proper list of declarations", who);
        return false;
    }
    if (!x->options.declare(x->options.context, form, &problem)) {
        (void)cp_expand_fail(x, form->position, "%s: %s", who, problem);
        return false;
    }
    return true;
}

static bool scan_forms(definer *d, cp_term *forms);

/* The first round: put FORM among the items, after bringing its definitions into scope. */
static bool scan_form(definer *d, cp_term *form)
{
    cp_expander *x = d->x;
    form = is_stopped(x) ? NULL : expand_macros(x, form, d->scope);
    if (form == NULL)
        return false;
    const char *name = special_of(head_of(x, form, d->scope));
    const special_row *row = name == NULL ? NULL : find_special(name);
    if (row == NULL || row->kind == SPECIAL_EXPRESSION || row->kind == SPECIAL_AUXILIARY)
        return add_item(x, &d->list, ITEM_EXPRESSION, form) != NULL;
    if (row->kind == SPECIAL_DECLARATION)
        return scan_declaration(d, form, row->name);
    if (row->kind == SPECIAL_SPLICE) {
        cp_term *forms;
        if (x->depth >= CP_EXPAND_DEPTH_MAX)
            return cp_expand_fail(x, form->position, "%s: nested too deep", row->name) != NULL;
        x->depth++;
        bool is_good =
            cp_expand_splice(x, form, d->scope, row->name, &forms) && scan_forms(d, forms);
        x->depth--;
        return is_good;
    }
    if (strcmp(row->name, "define") == 0)
        return scan_define(d, form);
    if (strcmp(row->name, "define-values") == 0)
        return scan_define_values(d, form);
    if (strcmp(row->name, "define-syntax") == 0)
        return scan_define_syntax(d, form);
    return scan_record(d, form);
}

static bool scan_forms(definer *d, cp_term *forms)
{
    for (; cp_term_is_pair(forms); forms = forms->as.pair.cdr) {
        if (!scan_form(d, forms->as.pair.car))
            return false;
    }
    if (!cp_term_is_nil(forms))
        return cp_expand_fail(d->x, forms->position, "%s: no proper list", d->who) != NULL;
    return true;
}

/* The node that puts each of the received values where it belongs. */
static cp_node *expand_values(cp_expander *x, item *it, cp_scope *scope)
{
    cp_position at = it->term->position;
    cp_term *producer = it->term->as.pair.cdr->as.pair.cdr->as.pair.car;
    uint32_t count = it->formals.required + it->formals.has_rest;
    cp_node **sets = CP_TAKE_ARRAY(&x->terms->arena, (size_t)count + 1, cp_node *);
    cp_node *node = cp_expand(x, producer, scope);
    if (sets == NULL || node == NULL)
        return NULL;
    for (uint32_t i = 0; i < count; i++) {
        cp_node *value = cp_core_local(&x->core, it->formals.locals[i], at);
        sets[i] = it->globals[i] != NULL
                      ? cp_core_global(&x->core, CP_NODE_GLOBAL_DEFINE, it->globals[i], value, at)
                      : cp_core_local_set(&x->core, it->locals[i], value, at);
        if (sets[i] == NULL)
            return NULL;
    }
    sets[count] = cp_core_value(&x->core, CP_UNSPECIFIC, at);
    return cp_core_receive(&x->core, it->formals.locals, it->formals.required, it->formals.has_rest,
                           node, cp_core_sequence(&x->core, sets, count + 1, at), at);
}

/* The second round for one item: its value. TYPE is the record type that parts belong to. */
static cp_node *expand_item(definer *d, item *it, const item *type)
{
    cp_expander *x = d->x;
    cp_position at = it->term->position;
    const char *name = it->define.name != NULL ? it->define.name->as.identifier->name : "";
    switch (it->kind) {
    case ITEM_EXPRESSION:
        return cp_expand(x, it->term, d->scope);
    case ITEM_DEFINE:
        return expand_definition(x, &it->define, d->scope, at);
    case ITEM_VALUES:
        return expand_values(x, it, d->scope);
    case ITEM_RECORD:
        return make_record_type(x, it->record, at);
    case ITEM_RECORD_PART:
        break;
    }
    assert(type != NULL);
    if (d->body != NULL)
        return make_local_record_part(x, it->record, type->local, it->part, it->is_modifier, at);
    if (it->part == 0)
        return make_constructor(x, it->record, type->global, at);
    if (it->part == 1)
        return make_record_procedure(x, type->global, name, CP_PRIM_IS_RECORD, 0, 1, at);
    return make_record_procedure(x, type->global, name,
                                 it->is_modifier ? CP_PRIM_RECORD_SET : CP_PRIM_RECORD_REF,
                                 it->part - 2, it->is_modifier ? 2 : 1, at);
}

static bool expand_items(definer *d)
{
    const item *type = NULL;
    for (uint32_t i = 0; i < d->list.count; i++) {
        item *it = &d->list.array[i];
        if (it->kind == ITEM_RECORD)
            type = it;
        if (d->body != NULL) {
            d->body->current = i;
            d->body->is_open = i < d->list.definition_end;
        }
        it->node = expand_item(d, it, type);
        if (it->node == NULL)
            return false;
    }
    return true;
}

/* ---- From items to nodes: strongly connected parts ----------------------------------------- */

/* Tarjan's algorithm over the items with definitions. */
typedef struct graph {
    cp_expander *x;
    const items *list;
    uint32_t count;
    uint32_t *first; /* of item i: its edges are targets[first[i]] up to first[i + 1] */
    uint32_t *targets;
    uint32_t *order; /* when visited, from 1; 0: not yet */
    uint32_t *low;
    uint32_t *next_edge;
    uint32_t *path;  /* the recursion's stack */
    uint32_t *stack; /* Tarjan's */
    bool *is_on_stack;
    uint32_t *members; /* of the parts, one part after another */
    uint32_t *part_end;
    uint32_t part_count;
} graph;

static bool is_procedure(const item *it)
{
    return it->node->kind == CP_NODE_LAMBDA && it->local != NULL && it->local->sets == 0;
}

/* Whether the time at which the value of IT is computed can be seen. */
static bool has_order(const item *it)
{
    return it->node->kind != CP_NODE_LAMBDA && !cp_node_is_pure(it->node, 20);
}

static bool build_graph(graph *g, const cp_body *body)
{
    cp_arena *arena = &g->x->terms->arena;
    uint32_t n = g->count, total = body->edge_count + n;
    g->first = CP_TAKE_ARRAY(arena, (size_t)n + 1, uint32_t);
    g->targets = CP_TAKE_ARRAY(arena, total, uint32_t);
    g->order = CP_TAKE_ARRAY(arena, n, uint32_t);
    g->low = CP_TAKE_ARRAY(arena, n, uint32_t);
    g->next_edge = CP_TAKE_ARRAY(arena, n, uint32_t);
    g->path = CP_TAKE_ARRAY(arena, n, uint32_t);
    g->stack = CP_TAKE_ARRAY(arena, n, uint32_t);
    g->is_on_stack = CP_TAKE_ARRAY(arena, n, bool);
    g->members = CP_TAKE_ARRAY(arena, n, uint32_t);
    g->part_end = CP_TAKE_ARRAY(arena, n, uint32_t);
    if (arena->is_refused)
        return false;
    uint32_t *fill = g->next_edge;
    for (uint32_t e = 0; e < body->edge_count; e++)
        g->first[body->edges[2 * e] + 1]++;
    for (uint32_t i = 0; i < n; i++)
        g->first[i + 1] += g->first[i] + 1; /* one more, for the order */
    int64_t last = -1;
    for (uint32_t i = 0; i < n; i++) {
        fill[i] = g->first[i];
        bool is_ordered = has_order(&g->list->array[i]);
        g->targets[fill[i]++] = is_ordered && last >= 0 ? (uint32_t)last : UINT32_MAX;
        if (is_ordered)
            last = i;
    }
    for (uint32_t e = 0; e < body->edge_count; e++)
        g->targets[fill[body->edges[2 * e]]++] = body->edges[2 * e + 1];
    memcpy(g->next_edge, g->first, n * sizeof *g->next_edge);
    return true;
}

static void find_parts_from(graph *g, uint32_t root, uint32_t *clock, uint32_t *stacked,
                            uint32_t *placed)
{
    uint32_t depth = 0;
    g->path[depth++] = root;
    while (depth > 0) {
        uint32_t v = g->path[depth - 1];
        if (g->order[v] == 0) {
            g->order[v] = g->low[v] = ++*clock;
            g->stack[(*stacked)++] = v;
            g->is_on_stack[v] = true;
        }
        if (g->next_edge[v] < g->first[v + 1]) {
            uint32_t w = g->targets[g->next_edge[v]++];
            if (w == UINT32_MAX)
                continue;
            if (g->order[w] == 0)
                g->path[depth++] = w;
            else if (g->is_on_stack[w] && g->order[w] < g->low[v])
                g->low[v] = g->order[w];
            continue;
        }
        depth--;
        if (depth > 0 && g->low[v] < g->low[g->path[depth - 1]])
            g->low[g->path[depth - 1]] = g->low[v];
        if (g->low[v] != g->order[v])
            continue;
        uint32_t w;
        do {
            w = g->stack[--*stacked];
            g->is_on_stack[w] = false;
            g->members[(*placed)++] = w;
        } while (w != v);
        g->part_end[g->part_count++] = *placed;
    }
}

static bool mentions_itself(const graph *g, uint32_t v)
{
    for (uint32_t e = g->first[v]; e < g->first[v + 1]; e++) {
        if (g->targets[e] == v)
            return true;
    }
    return false;
}

static cp_node *put_before(cp_expander *x, cp_node *first, cp_node *second)
{
    cp_node **nodes = CP_TAKE_ARRAY(&x->terms->arena, 2, cp_node *);
    if (nodes == NULL || second == NULL)
        return NULL;
    nodes[0] = first;
    nodes[1] = second;
    return cp_core_sequence(&x->core, nodes, 2, first->position);
}

/* BODY in the scope of the variables that an assignment fills, all unset at first. */
static cp_node *wrap_unset(cp_expander *x, cp_local **locals, uint32_t count, cp_node *body)
{
    cp_node **values = CP_TAKE_ARRAY(&x->terms->arena, count, cp_node *);
    if (values == NULL || body == NULL)
        return NULL;
    for (uint32_t i = 0; i < count; i++) {
        values[i] = cp_core_value(&x->core, CP_UNSET, locals[i]->position);
        if (values[i] == NULL)
            return NULL;
    }
    return cp_core_let(&x->core, CP_NODE_LET, locals, values, count, body, body->position);
}

static uint32_t count_formals(const item *it)
{
    return it->formals.required + it->formals.has_rest;
}

/* A part that is neither one value nor procedures alone: variables are unset, then procedures, then
 * the rest is computed in its order. */
static cp_node *wrap_mixed(graph *g, const uint32_t *members, uint32_t count, cp_node *body)
{
    cp_expander *x = g->x;
    cp_arena *arena = &x->terms->arena;
    cp_local **fixed = CP_TAKE_ARRAY(arena, count, cp_local *);
    cp_node **lambdas = CP_TAKE_ARRAY(arena, count, cp_node *);
    cp_local **unset = CP_TAKE_ARRAY(arena, count, cp_local *);
    if (fixed == NULL || lambdas == NULL || unset == NULL)
        return NULL;
    uint32_t fixed_count = 0, unset_count = 0;
    bool all_lambdas = true;
    for (uint32_t i = 0; i < count; i++)
        all_lambdas = all_lambdas && g->list->array[members[i]].node->kind == CP_NODE_LAMBDA;
    /* Members stand in no order: take them by index, the last first, as each goes in front. */
    for (uint32_t limit = UINT32_MAX, k = 0; k < count; k++) {
        uint32_t v = 0;
        bool is_found = false;
        for (uint32_t i = 0; i < count; i++) {
            if (members[i] < limit && (!is_found || members[i] > v)) {
                v = members[i];
                is_found = true;
            }
        }
        limit = v;
        item *it = &g->list->array[v];
        if (is_procedure(it)) {
            fixed[fixed_count] = it->local;
            lambdas[fixed_count++] = it->node;
            continue;
        }
        cp_node *first = it->node;
        for (uint32_t i = 0; it->kind == ITEM_VALUES && i < count_formals(it); i++)
            it->locals[i]->needs_check = true;
        if (it->local != NULL) {
            it->local->needs_check = !all_lambdas;
            unset[unset_count++] = it->local;
            first = cp_core_local_set(&x->core, it->local, it->node, it->term->position);
        }
        body = first == NULL ? NULL : put_before(x, first, body);
        if (body == NULL)
            return NULL;
    }
    body = cp_core_let(&x->core, CP_NODE_FIX, fixed, lambdas, fixed_count, body, body->position);
    return unset_count == 0 ? body : wrap_unset(x, unset, unset_count, body);
}

static cp_node *wrap_part(graph *g, const uint32_t *members, uint32_t count, cp_node *body)
{
    cp_expander *x = g->x;
    item *it = &g->list->array[members[0]];
    bool is_single = count == 1 && !mentions_itself(g, members[0]);
    bool all_procedures = true;
    for (uint32_t i = 0; i < count; i++)
        all_procedures = all_procedures && is_procedure(&g->list->array[members[i]]);
    if (is_single && it->local == NULL)
        return put_before(x, it->node, body);
    if (!all_procedures && !is_single)
        return wrap_mixed(g, members, count, body);
    cp_local **locals = CP_TAKE_ARRAY(&x->terms->arena, count, cp_local *);
    cp_node **values = CP_TAKE_ARRAY(&x->terms->arena, count, cp_node *);
    if (locals == NULL || values == NULL)
        return NULL;
    for (uint32_t i = 0; i < count; i++) {
        locals[i] = g->list->array[members[count - 1 - i]].local;
        values[i] = g->list->array[members[count - 1 - i]].node;
    }
    return cp_core_let(&x->core, all_procedures ? CP_NODE_FIX : CP_NODE_LET, locals, values, count,
                       body, it->term->position);
}

/* The expressions behind the definitions. */
static cp_node *make_tail(cp_expander *x, const items *list, const char *who, cp_position at)
{
    uint32_t count = list->count - list->definition_end;
    if (count == 0)
        return cp_expand_fail(x, at, "%s: no expression in the body%s", who,
                              list->count > 0 ? " behind its definitions" : "");
    cp_node **nodes = CP_TAKE_ARRAY(&x->terms->arena, count, cp_node *);
    if (nodes == NULL)
        return NULL;
    for (uint32_t i = 0; i < count; i++)
        nodes[i] = list->array[list->definition_end + i].node;
    return cp_core_sequence(&x->core, nodes, count, at);
}

static cp_node *assemble_body(definer *d, cp_position at)
{
    cp_node *body = make_tail(d->x, &d->list, d->who, at);
    if (body == NULL || d->list.definition_end == 0)
        return body;
    graph g = {.x = d->x, .list = &d->list, .count = d->list.definition_end};
    if (!build_graph(&g, d->body))
        return NULL;
    uint32_t clock = 0, stacked = 0, placed = 0;
    for (uint32_t v = 0; v < g.count; v++) {
        if (g.order[v] == 0)
            find_parts_from(&g, v, &clock, &stacked, &placed);
    }
    for (uint32_t p = g.part_count; p > 0 && body != NULL; p--) {
        uint32_t begin = p == 1 ? 0 : g.part_end[p - 2];
        body = wrap_part(&g, g.members + begin, g.part_end[p - 1] - begin, body);
    }
    /* Variables of define-values are set by their item, whatever part it is in. */
    for (uint32_t i = 0; i < g.count && body != NULL; i++) {
        const item *it = &d->list.array[i];
        if (it->kind == ITEM_VALUES && count_formals(it) > 0)
            body = wrap_unset(d->x, it->locals, count_formals(it), body);
    }
    return body;
}

cp_node *cp_expand_body(cp_expander *x, cp_term *forms, cp_scope *scope, const char *who,
                        cp_position at)
{
    cp_body *body = CP_TAKE(&x->terms->arena, cp_body);
    cp_scope *inner = cp_scope_open(&x->scopes, scope);
    if (body == NULL || inner == NULL)
        return NULL;
    definer d = {.x = x, .scope = inner, .body = body, .who = who};
    if (!scan_forms(&d, forms) || !expand_items(&d))
        return NULL;
    body->is_open = false;
    return assemble_body(&d, at);
}

/* ---- Programs ------------------------------------------------------------------------------ */

static cp_node *make_global_define(cp_expander *x, item *it)
{
    cp_global *global = it->global;
    if (it->kind == ITEM_EXPRESSION || it->kind == ITEM_VALUES)
        return it->node;
    return cp_core_global(&x->core, CP_NODE_GLOBAL_DEFINE, global, it->node, it->term->position);
}

cp_node *cp_expand_program(cp_expander *x, cp_term *const *forms, uint32_t count)
{
    cp_scope *root = cp_scope_root(&x->scopes, x->options.environment);
    if (root == NULL || x->runtime == NULL)
        return NULL;
    definer d = {.x = x, .scope = root, .who = "program"};
    for (uint32_t i = 0; i < count; i++) {
        if (!scan_form(&d, forms[i]))
            return NULL;
    }
    if (!expand_items(&d))
        return NULL;
    cp_position at = count > 0 ? forms[0]->position : CP_NO_POSITION;
    if (d.list.count == 0)
        return cp_core_value(&x->core, CP_UNSPECIFIC, at);
    cp_node **nodes = CP_TAKE_ARRAY(&x->terms->arena, (size_t)d.list.count + 1, cp_node *);
    if (nodes == NULL)
        return NULL;
    for (uint32_t i = 0; i < d.list.count; i++) {
        nodes[i] = make_global_define(x, &d.list.array[i]);
        if (nodes[i] == NULL)
            return NULL;
    }
    return cp_core_sequence(&x->core, nodes, d.list.count, at);
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
