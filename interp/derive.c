/* derive.c -- derived forms. Variables are objects, so that an initial value is simply expanded in
 * the outer scope and nothing is ever renamed; a loop is a FIX of one procedure, which analyse.c
 * turns into jumps. */
#include "interp/derive.h"

#include <string.h>

static cp_node *unspecific(cp_expander *x, cp_position at)
{
    return cp_core_value(&x->core, CP_UNSPECIFIC, at);
}

static cp_node *boolean(cp_expander *x, bool value, cp_position at)
{
    return cp_core_value(&x->core, cp_make_boolean(value), at);
}

static cp_node *call_local(cp_expander *x, cp_local *local, cp_node **operands, uint32_t count,
                           cp_position at)
{
    return cp_core_call(&x->core, cp_core_local(&x->core, local, at), operands, count, at);
}

static cp_node *let_one(cp_expander *x, cp_local *local, cp_node *value, cp_node *body,
                        cp_position at)
{
    cp_local **locals = CP_TAKE(&x->terms->arena, cp_local *);
    cp_node **values = CP_TAKE(&x->terms->arena, cp_node *);
    if (locals == NULL || values == NULL || local == NULL || value == NULL || body == NULL)
        return NULL;
    *locals = local;
    *values = value;
    return cp_core_let(&x->core, CP_NODE_LET, locals, values, 1, body, at);
}

/* (procedure (PARAMETERS) BODY) that calls itself by LOCAL, begun with OPERANDS. */
static cp_node *make_loop(cp_expander *x, cp_local *local, cp_node *lambda, cp_node **operands,
                          uint32_t count, cp_position at)
{
    cp_local **locals = CP_TAKE(&x->terms->arena, cp_local *);
    cp_node **values = CP_TAKE(&x->terms->arena, cp_node *);
    if (locals == NULL || values == NULL)
        return NULL;
    *locals = local;
    *values = lambda;
    cp_node *start = call_local(x, local, operands, count, at);
    return cp_core_let(&x->core, CP_NODE_FIX, locals, values, 1, start, at);
}

/* ---- Binding forms ------------------------------------------------------------------------- */

/* The bindings of WHO: a list of (NAME VALUE); arrays of both. */
static bool take_bindings(cp_expander *x, cp_term *list, const char *who, cp_term ***names,
                          cp_term ***values, uint32_t *count)
{
    cp_term **items;
    if (!cp_expand_list(x, list, &items, count)) {
        (void)cp_expand_fail(x, list->position,
                             "%s: no list of bindings, expected ((name value) "
                             "...)",
                             who);
        return false;
    }
    *names = CP_TAKE_ARRAY(&x->terms->arena, *count, cp_term *);
    *values = CP_TAKE_ARRAY(&x->terms->arena, *count, cp_term *);
    if (*names == NULL || *values == NULL)
        return false;
    for (uint32_t i = 0; i < *count; i++) {
        if (cp_term_length(items[i]) != 2) {
            (void)cp_expand_fail(x, items[i]->position, "%s: a binding is not (name value)", who);
            return false;
        }
        (*names)[i] = items[i]->as.pair.car;
        (*values)[i] = items[i]->as.pair.cdr->as.pair.car;
    }
    return true;
}

/* (let NAME ((variable value) ...) body ...) */
static cp_node *derive_named_let(cp_expander *x, cp_term *form, cp_scope *scope, const char *who)
{
    cp_term *name = form->as.pair.cdr->as.pair.car;
    cp_term *rest = form->as.pair.cdr->as.pair.cdr;
    if (!cp_term_is_pair(rest))
        return cp_expand_fail(x, form->position, "let: no bindings after the name %s",
                              name->as.identifier->name);
    cp_term **names, **values;
    uint32_t count;
    if (!take_bindings(x, rest->as.pair.car, who, &names, &values, &count))
        return NULL;
    cp_node **operands = CP_TAKE_ARRAY(&x->terms->arena, count, cp_node *);
    cp_scope *outer = cp_scope_open(&x->scopes, scope);
    cp_term *parameters = cp_expand_make_list(x, names, count, form->position);
    if (operands == NULL || outer == NULL || parameters == NULL)
        return NULL;
    for (uint32_t i = 0; i < count; i++) {
        operands[i] = cp_expand(x, values[i], scope);
        if (operands[i] == NULL)
            return NULL;
    }
    cp_local *loop = cp_expand_bind(x, name, outer, who);
    cp_scope *inner = cp_scope_open(&x->scopes, outer);
    cp_parameters p;
    if (loop == NULL || inner == NULL || !cp_expand_parameters(x, parameters, inner, who, &p))
        return NULL;
    cp_node *body = cp_expand_body(x, rest->as.pair.cdr, inner, who, form->position);
    cp_node *lambda =
        cp_core_simple_lambda(&x->core, loop->name, p.locals, count, body, form->position);
    return make_loop(x, loop, lambda, operands, count, form->position);
}

cp_node *cp_derive_let(cp_expander *x, cp_term *form, cp_scope *scope, const char *who)
{
    cp_term *rest = form->as.pair.cdr;
    if (!cp_term_is_pair(rest))
        return cp_expand_fail(x, form->position,
                              "let: no bindings, expected (let ((name value) ...) body ...)");
    if (cp_term_is_identifier(rest->as.pair.car))
        return derive_named_let(x, form, scope, who);
    cp_term **names, **values;
    uint32_t count;
    if (!take_bindings(x, rest->as.pair.car, who, &names, &values, &count))
        return NULL;
    cp_node **nodes = CP_TAKE_ARRAY(&x->terms->arena, count, cp_node *);
    cp_local **locals = CP_TAKE_ARRAY(&x->terms->arena, count, cp_local *);
    cp_scope *inner = cp_scope_open(&x->scopes, scope);
    if (nodes == NULL || locals == NULL || inner == NULL)
        return NULL;
    for (uint32_t i = 0; i < count; i++) {
        nodes[i] = cp_expand(x, values[i], scope);
        locals[i] = nodes[i] == NULL ? NULL : cp_expand_bind(x, names[i], inner, who);
        if (locals[i] == NULL)
            return NULL;
    }
    cp_node *body = cp_expand_body(x, rest->as.pair.cdr, inner, who, form->position);
    if (body == NULL)
        return NULL;
    return cp_core_let(&x->core, CP_NODE_LET, locals, nodes, count, body, form->position);
}

cp_node *cp_derive_let_star(cp_expander *x, cp_term *form, cp_scope *scope, const char *who)
{
    cp_term *rest = form->as.pair.cdr;
    if (!cp_term_is_pair(rest))
        return cp_expand_fail(x, form->position,
                              "let*: no bindings, expected (let* ((name value) ...) body ...)");
    cp_term **names, **values;
    uint32_t count;
    if (!take_bindings(x, rest->as.pair.car, who, &names, &values, &count))
        return NULL;
    cp_node **nodes = CP_TAKE_ARRAY(&x->terms->arena, count, cp_node *);
    cp_local **locals = CP_TAKE_ARRAY(&x->terms->arena, count, cp_local *);
    if (nodes == NULL || locals == NULL)
        return NULL;
    for (uint32_t i = 0; i < count; i++) {
        nodes[i] = cp_expand(x, values[i], scope);
        scope = cp_scope_open(&x->scopes, scope);
        locals[i] =
            scope == NULL || nodes[i] == NULL ? NULL : cp_expand_bind(x, names[i], scope, who);
        if (locals[i] == NULL)
            return NULL;
    }
    cp_node *body = cp_expand_body(x, rest->as.pair.cdr, scope, who, form->position);
    for (uint32_t i = count; i > 0 && body != NULL; i--)
        body = let_one(x, locals[i - 1], nodes[i - 1], body, form->position);
    return body;
}

/* letrec and letrec*: a body that begins with definitions. */
cp_node *cp_derive_letrec(cp_expander *x, cp_term *form, cp_scope *scope, const char *who)
{
    cp_term *rest = form->as.pair.cdr;
    if (!cp_term_is_pair(rest))
        return cp_expand_fail(x, form->position,
                              "%s: no bindings, expected (%s ((name value) ...) body ...)", who,
                              who);
    cp_term **names, **values;
    uint32_t count;
    if (!take_bindings(x, rest->as.pair.car, who, &names, &values, &count))
        return NULL;
    cp_term **items = CP_TAKE_ARRAY(&x->terms->arena, (size_t)count + 1, cp_term *);
    cp_identifier *define = cp_terms_name(x->terms, "define", 6);
    cp_identifier *let = cp_terms_name(x->terms, "let", 3);
    if (items == NULL || define == NULL || let == NULL)
        return NULL;
    define = cp_terms_alias(x->terms, define, x->runtime);
    let = cp_terms_alias(x->terms, let, x->runtime);
    if (define == NULL || let == NULL)
        return NULL;
    for (uint32_t i = 0; i < count; i++) {
        cp_term *parts[] = {cp_term_identifier(x->terms, define, names[i]->position), names[i],
                            values[i]};
        if (!cp_term_is_identifier(names[i]))
            return cp_expand_fail(x, names[i]->position, "%s: a binding is not (name value)", who);
        for (uint32_t j = 0; j < i; j++) {
            if (names[j]->as.identifier == names[i]->as.identifier)
                return cp_expand_fail(x, names[i]->position, "%s: %s stands twice", who,
                                      names[i]->as.identifier->name);
        }
        items[i] = cp_expand_make_list(x, parts, 3, names[i]->position);
    }
    if (!cp_term_is_pair(rest->as.pair.cdr))
        return cp_expand_fail(x, form->position, "%s: no body, expected at least one expression",
                              who);
    cp_term *nil = cp_term_value(x->terms, CP_NIL, form->position);
    cp_term *body = cp_term_pair(x->terms, cp_term_identifier(x->terms, let, form->position),
                                 cp_term_pair(x->terms, nil, rest->as.pair.cdr, form->position),
                                 form->position);
    items[count] = body;
    cp_term *forms = cp_expand_make_list(x, items, count + 1, form->position);
    return forms == NULL ? NULL : cp_expand_body(x, forms, scope, who, form->position);
}

cp_node *cp_derive_do(cp_expander *x, cp_term *form, cp_scope *scope, const char *who)
{
    cp_term *rest = form->as.pair.cdr, **items;
    uint32_t count;
    bool is_good = cp_term_length(form) >= 3 && cp_term_length(rest->as.pair.car) >= 0 &&
                   cp_term_length(rest->as.pair.cdr->as.pair.car) >= 1;
    if (!is_good)
        return cp_expand_fail(x, form->position,
                              "do: expected (do ((name value step) ...) (test result ...) "
                              "command ...)");
    if (!cp_expand_list(x, rest->as.pair.car, &items, &count))
        return NULL;
    cp_term *exit = rest->as.pair.cdr->as.pair.car;
    cp_term *commands = rest->as.pair.cdr->as.pair.cdr;
    cp_node **starts = CP_TAKE_ARRAY(&x->terms->arena, count, cp_node *);
    cp_node **steps = CP_TAKE_ARRAY(&x->terms->arena, count, cp_node *);
    cp_local **locals = CP_TAKE_ARRAY(&x->terms->arena, count, cp_local *);
    cp_scope *inner = cp_scope_open(&x->scopes, scope);
    cp_local *loop = cp_expand_hidden(x, "do", form->position);
    if (starts == NULL || steps == NULL || locals == NULL || inner == NULL || loop == NULL)
        return NULL;
    for (uint32_t i = 0; i < count; i++) {
        int64_t length = cp_term_length(items[i]);
        if (length != 2 && length != 3)
            return cp_expand_fail(x, items[i]->position,
                                  "do: a variable is not (name value) or (name value step)");
        starts[i] = cp_expand(x, items[i]->as.pair.cdr->as.pair.car, scope);
        locals[i] = starts[i] == NULL ? NULL : cp_expand_bind(x, items[i]->as.pair.car, inner, who);
        if (locals[i] == NULL)
            return NULL;
    }
    for (uint32_t i = 0; i < count; i++) {
        cp_term *step = items[i]->as.pair.cdr->as.pair.cdr;
        steps[i] = cp_term_is_pair(step) ? cp_expand(x, step->as.pair.car, inner)
                                         : cp_core_local(&x->core, locals[i], form->position);
        if (steps[i] == NULL)
            return NULL;
    }
    cp_node *test = cp_expand(x, exit->as.pair.car, inner);
    cp_node *result = cp_expand_sequence(x, exit->as.pair.cdr, inner, form->position);
    cp_node *again = call_local(x, loop, steps, count, form->position);
    if (cp_term_is_pair(commands)) {
        cp_node **parts = CP_TAKE_ARRAY(&x->terms->arena, 2, cp_node *);
        if (parts == NULL || again == NULL)
            return NULL;
        parts[0] = cp_expand_sequence(x, commands, inner, form->position);
        parts[1] = again;
        again = cp_core_sequence(&x->core, parts, 2, form->position);
    }
    cp_node *body = cp_core_if(&x->core, test, result, again, form->position);
    cp_node *lambda = cp_core_simple_lambda(&x->core, "do", locals, count, body, form->position);
    return make_loop(x, loop, lambda, starts, count, form->position);
}

/* ---- Tests --------------------------------------------------------------------------------- */

/* (or A B): A's value when it is true, else B. */
static cp_node *make_or(cp_expander *x, cp_node *a, cp_node *b, cp_position at)
{
    cp_local *t = cp_expand_hidden(x, "t", at);
    if (t == NULL)
        return NULL;
    cp_node *test = cp_core_local(&x->core, t, at);
    cp_node *value = cp_core_local(&x->core, t, at);
    return let_one(x, t, a, cp_core_if(&x->core, test, value, b, at), at);
}

static cp_node *derive_and_or(cp_expander *x, cp_term *form, cp_scope *scope, bool is_or)
{
    cp_term **items;
    uint32_t count;
    if (!cp_expand_list(x, form->as.pair.cdr, &items, &count))
        return cp_expand_fail(x, form->position, "%s: no proper list", is_or ? "or" : "and");
    if (count == 0)
        return boolean(x, !is_or, form->position);
    cp_node **nodes = CP_TAKE_ARRAY(&x->terms->arena, count, cp_node *);
    if (nodes == NULL)
        return NULL;
    for (uint32_t i = 0; i < count; i++) {
        nodes[i] = cp_expand(x, items[i], scope);
        if (nodes[i] == NULL)
            return NULL;
    }
    cp_node *result = nodes[count - 1];
    for (uint32_t i = count - 1; i > 0 && result != NULL; i--) {
        cp_position at = nodes[i - 1]->position;
        result = is_or ? make_or(x, nodes[i - 1], result, at)
                       : cp_core_if(&x->core, nodes[i - 1], result, boolean(x, false, at), at);
    }
    return result;
}

cp_node *cp_derive_and(cp_expander *x, cp_term *form, cp_scope *scope, const char *who)
{
    (void)who;
    return derive_and_or(x, form, scope, false);
}

cp_node *cp_derive_or(cp_expander *x, cp_term *form, cp_scope *scope, const char *who)
{
    (void)who;
    return derive_and_or(x, form, scope, true);
}

static cp_node *derive_when(cp_expander *x, cp_term *form, cp_scope *scope, const char *who,
                            bool is_unless)
{
    if (cp_term_length(form) < 2)
        return cp_expand_fail(x, form->position, "%s: no test, expected (%s test expression ...)",
                              who, who);
    cp_node *test = cp_expand(x, form->as.pair.cdr->as.pair.car, scope);
    if (test == NULL)
        return NULL;
    cp_node *body = cp_expand_sequence(x, form->as.pair.cdr->as.pair.cdr, scope, form->position);
    cp_node *none = unspecific(x, form->position);
    return cp_core_if(&x->core, test, is_unless ? none : body, is_unless ? body : none,
                      form->position);
}

cp_node *cp_derive_when(cp_expander *x, cp_term *form, cp_scope *scope, const char *who)
{
    return derive_when(x, form, scope, who, false);
}

cp_node *cp_derive_unless(cp_expander *x, cp_term *form, cp_scope *scope, const char *who)
{
    return derive_when(x, form, scope, who, true);
}

/* What one clause of `cond` gives when its test is true, and OTHERWISE when not. */
static cp_node *derive_clause(cp_expander *x, cp_term *clause, cp_scope *scope, const char *who,
                              cp_node *test, cp_node *otherwise)
{
    cp_term *rest = clause->as.pair.cdr;
    cp_position at = clause->position;
    if (test == NULL || otherwise == NULL)
        return NULL;
    if (cp_term_is_nil(rest))
        return make_or(x, test, otherwise, at);
    if (!cp_expand_is(x, rest->as.pair.car, scope, "=>"))
        return cp_core_if(&x->core, test, cp_expand_sequence(x, rest, scope, at), otherwise, at);
    if (cp_term_length(rest) != 2)
        return cp_expand_fail(x, at, "%s: %lld expressions behind =>, expected one", who,
                              (long long)cp_term_length(rest) - 1);
    cp_local *t = cp_expand_hidden(x, "t", at);
    cp_node **operands = CP_TAKE(&x->terms->arena, cp_node *);
    cp_node *receiver = cp_expand(x, rest->as.pair.cdr->as.pair.car, scope);
    if (t == NULL || operands == NULL || receiver == NULL)
        return NULL;
    *operands = cp_core_local(&x->core, t, at);
    cp_node *call = cp_expand_call(x, receiver, operands, 1, at);
    cp_node *body = cp_core_if(&x->core, cp_core_local(&x->core, t, at), call, otherwise, at);
    return let_one(x, t, test, body, at);
}

/* The clauses ITEMS of WHO; when none is taken, LAST. */
static cp_node *derive_clauses(cp_expander *x, cp_term **items, uint32_t count, cp_scope *scope,
                               const char *who, cp_node *last)
{
    cp_node **tests = CP_TAKE_ARRAY(&x->terms->arena, count, cp_node *);
    if (tests == NULL)
        return NULL;
    uint32_t used = count;
    for (uint32_t i = 0; i < count; i++) {
        if (cp_term_length(items[i]) < 1)
            return cp_expand_fail(x, items[i]->position,
                                  "%s: a clause is not (test expression ...)", who);
        if (cp_expand_is(x, items[i]->as.pair.car, scope, "else")) {
            if (i + 1 < count)
                return cp_expand_fail(x, items[i]->position, "%s: else is not the last clause",
                                      who);
            if (cp_term_is_nil(items[i]->as.pair.cdr))
                return cp_expand_fail(x, items[i]->position, "%s: no expression behind else", who);
            last = cp_expand_sequence(x, items[i]->as.pair.cdr, scope, items[i]->position);
            used = i;
            break;
        }
        tests[i] = cp_expand(x, items[i]->as.pair.car, scope);
        if (tests[i] == NULL)
            return NULL;
    }
    cp_node *result = last;
    for (uint32_t i = used; i > 0 && result != NULL; i--)
        result = derive_clause(x, items[i - 1], scope, who, tests[i - 1], result);
    return result;
}

cp_node *cp_derive_cond(cp_expander *x, cp_term *form, cp_scope *scope, const char *who)
{
    cp_term **items;
    uint32_t count;
    if (!cp_expand_list(x, form->as.pair.cdr, &items, &count) || count == 0)
        return cp_expand_fail(x, form->position,
                              "cond: no clause, expected (cond (test expression ...) ...)");
    return derive_clauses(x, items, count, scope, who, unspecific(x, form->position));
}

/* ---- case ---------------------------------------------------------------------------------- */

/* Whether KEY is one of the data of CLAUSE. */
static cp_node *test_data(cp_expander *x, cp_local *key, cp_term *clause)
{
    cp_term **data;
    uint32_t count;
    cp_position at = clause->position;
    if (!cp_expand_list(x, clause->as.pair.car, &data, &count))
        return cp_expand_fail(x, clause->as.pair.car->position,
                              "case: no list of data, expected ((datum ...) expression ...)");
    cp_node *result = boolean(x, false, at);
    for (uint32_t i = count; i > 0 && result != NULL; i--) {
        cp_node *test = cp_expand_primitive(x, CP_PRIM_EQV, cp_core_local(&x->core, key, at),
                                            cp_core_constant(&x->core, data[i - 1]), at);
        result = i == count ? test : cp_core_if(&x->core, test, boolean(x, true, at), result, at);
    }
    return result;
}

/* What a clause of `case` gives: its expressions, or a procedure behind => called with the key. */
static cp_node *case_result(cp_expander *x, cp_term *clause, cp_scope *scope, cp_local *key)
{
    cp_term *rest = clause->as.pair.cdr;
    if (cp_term_is_nil(rest))
        return cp_expand_fail(x, clause->position, "case: no expression in a clause");
    if (!cp_expand_is(x, rest->as.pair.car, scope, "=>"))
        return cp_expand_sequence(x, rest, scope, clause->position);
    if (cp_term_length(rest) != 2)
        return cp_expand_fail(x, clause->position, "case: %lld expressions behind =>, expected one",
                              (long long)cp_term_length(rest) - 1);
    cp_node **operands = CP_TAKE(&x->terms->arena, cp_node *);
    cp_node *receiver = cp_expand(x, rest->as.pair.cdr->as.pair.car, scope);
    if (operands == NULL || receiver == NULL)
        return NULL;
    *operands = cp_core_local(&x->core, key, clause->position);
    return cp_expand_call(x, receiver, operands, 1, clause->position);
}

/* Warn of a datum that an earlier clause has; only atoms can match at all. */
static void warn_repeated(cp_expander *x, cp_term **clauses, uint32_t index)
{
    cp_term *data = clauses[index]->as.pair.car;
    for (; cp_term_is_pair(data); data = data->as.pair.cdr) {
        for (uint32_t i = 0; i < index; i++) {
            const cp_term *earlier = clauses[i]->as.pair.car;
            for (; cp_term_is_pair(earlier); earlier = earlier->as.pair.cdr) {
                if (!cp_term_same_atom(earlier->as.pair.car, data->as.pair.car))
                    continue;
                char text[64];
                cp_printer printer = cp_printer_make(text, sizeof text);
                cp_term_print(&printer, data->as.pair.car, 2);
                cp_expand_warn(x, data->as.pair.car->position,
                               "case: %s stands in an earlier clause, so this one is never "
                               "reached by it",
                               text);
                return;
            }
        }
    }
}

cp_node *cp_derive_case(cp_expander *x, cp_term *form, cp_scope *scope, const char *who)
{
    cp_term **items;
    uint32_t count;
    cp_position at = form->position;
    if (!cp_expand_list(x, form->as.pair.cdr, &items, &count) || count < 2)
        return cp_expand_fail(x, at, "case: expected (case key ((datum ...) expression ...) ...)");
    cp_node *value = cp_expand(x, items[0], scope);
    cp_local *key = cp_expand_hidden(x, "key", at);
    if (value == NULL || key == NULL)
        return NULL;
    cp_node *result = unspecific(x, at);
    for (uint32_t i = count - 1; i > 0 && result != NULL; i--) {
        if (!cp_term_is_pair(items[i]))
            return cp_expand_fail(x, items[i]->position,
                                  "case: a clause is not ((datum ...) expression ...)");
        bool is_else = cp_expand_is(x, items[i]->as.pair.car, scope, "else");
        if (is_else && i + 1 < count)
            return cp_expand_fail(x, items[i]->position, "%s: else is not the last clause", who);
        if (!is_else && count < 100)
            warn_repeated(x, items + 1, i - 1);
        cp_node *taken = case_result(x, items[i], scope, key);
        result = is_else ? taken
                         : cp_core_if(&x->core, test_data(x, key, items[i]), taken, result,
                                      items[i]->position);
    }
    return let_one(x, key, value, result, at);
}

/* ---- Multiple values ----------------------------------------------------------------------- */

cp_node *cp_derive_let_values(cp_expander *x, cp_term *form, cp_scope *scope, const char *who)
{
    cp_term **names, **values, *rest = form->as.pair.cdr;
    uint32_t count;
    bool is_star = strcmp(who, "let*-values") == 0;
    if (!cp_term_is_pair(rest))
        return cp_expand_fail(x, form->position,
                              "%s: no bindings, expected (%s ((formals value) ...) body ...)", who,
                              who);
    if (!take_bindings(x, rest->as.pair.car, who, &names, &values, &count))
        return NULL;
    cp_node **producers = CP_TAKE_ARRAY(&x->terms->arena, count, cp_node *);
    cp_parameters *all = CP_TAKE_ARRAY(&x->terms->arena, count, cp_parameters);
    cp_scope *inner = cp_scope_open(&x->scopes, scope);
    if (producers == NULL || all == NULL || inner == NULL)
        return NULL;
    for (uint32_t i = 0; i < count; i++) {
        producers[i] = cp_expand(x, values[i], is_star ? inner : scope);
        if (is_star)
            inner = cp_scope_open(&x->scopes, inner);
        if (producers[i] == NULL || inner == NULL ||
            !cp_expand_parameters(x, names[i], inner, who, &all[i]))
            return NULL;
    }
    cp_node *body = cp_expand_body(x, rest->as.pair.cdr, inner, who, form->position);
    for (uint32_t i = count; i > 0 && body != NULL; i--)
        body = cp_core_receive(&x->core, all[i - 1].locals, all[i - 1].required,
                               all[i - 1].has_rest, producers[i - 1], body, form->position);
    return body;
}

cp_node *cp_derive_receive(cp_expander *x, cp_term *form, cp_scope *scope, const char *who)
{
    if (cp_term_length(form) < 4)
        return cp_expand_fail(x, form->position,
                              "receive: expected (receive formals expression body ...)");
    cp_term *rest = form->as.pair.cdr;
    cp_node *producer = cp_expand(x, rest->as.pair.cdr->as.pair.car, scope);
    cp_scope *inner = cp_scope_open(&x->scopes, scope);
    cp_parameters p;
    if (producer == NULL || inner == NULL ||
        !cp_expand_parameters(x, rest->as.pair.car, inner, who, &p))
        return NULL;
    cp_node *body = cp_expand_body(x, rest->as.pair.cdr->as.pair.cdr, inner, who, form->position);
    return cp_core_receive(&x->core, p.locals, p.required, p.has_rest, producer, body,
                           form->position);
}

/* ---- Forms with a thunk -------------------------------------------------------------------- */

static cp_node *make_thunk(cp_expander *x, const char *name, cp_node *body, cp_position at)
{
    return cp_core_simple_lambda(&x->core, name, NULL, 0, body, at);
}

cp_node *cp_derive_delay(cp_expander *x, cp_term *form, cp_scope *scope, const char *who)
{
    if (cp_term_length(form) != 2)
        return cp_expand_fail(x, form->position, "%s: %lld operands, expected one expression", who,
                              (long long)cp_term_length(form) - 1);
    cp_node *body = cp_expand(x, form->as.pair.cdr->as.pair.car, scope);
    cp_node **operands = CP_TAKE(&x->terms->arena, cp_node *);
    if (operands == NULL)
        return NULL;
    *operands = make_thunk(x, who, body, form->position);
    return cp_expand_runtime(x, strcmp(who, "delay") == 0 ? "%delay" : "%delay-force", operands, 1,
                             form->position);
}

cp_node *cp_derive_parameterize(cp_expander *x, cp_term *form, cp_scope *scope, const char *who)
{
    cp_term **names, **values, *rest = form->as.pair.cdr;
    uint32_t count;
    if (!cp_term_is_pair(rest))
        return cp_expand_fail(x, form->position,
                              "parameterize: no bindings, expected (parameterize ((parameter "
                              "value) ...) body ...)");
    if (!take_bindings(x, rest->as.pair.car, who, &names, &values, &count))
        return NULL;
    cp_node **operands = CP_TAKE_ARRAY(&x->terms->arena, (size_t)count * 2 + 1, cp_node *);
    if (operands == NULL)
        return NULL;
    for (uint32_t i = 0; i < count; i++) {
        operands[2 * i + 1] = cp_expand(x, names[i], scope);
        operands[2 * i + 2] = cp_expand(x, values[i], scope);
        if (operands[2 * i + 1] == NULL || operands[2 * i + 2] == NULL)
            return NULL;
    }
    cp_node *body = cp_expand_body(x, rest->as.pair.cdr, scope, who, form->position);
    if (count == 0)
        return body;
    operands[0] = make_thunk(x, who, body, form->position);
    return cp_expand_runtime(x, "%parameterize", operands, 2 * count + 1, form->position);
}

/* (guard (NAME clause ...) body ...): the runtime's %guard calls the second procedure with the
 * condition and a procedure that raises it again where it was raised. */
cp_node *cp_derive_guard(cp_expander *x, cp_term *form, cp_scope *scope, const char *who)
{
    cp_position at = form->position;
    cp_term *rest = form->as.pair.cdr, **items;
    uint32_t count;
    if (!cp_term_is_pair(rest) || !cp_expand_list(x, rest->as.pair.car, &items, &count) ||
        count == 0)
        return cp_expand_fail(x, at, "guard: expected (guard (name clause ...) body ...)");
    cp_scope *inner = cp_scope_open(&x->scopes, scope);
    cp_local **parameters = CP_TAKE_ARRAY(&x->terms->arena, 2, cp_local *);
    cp_node **operands = CP_TAKE_ARRAY(&x->terms->arena, 2, cp_node *);
    if (inner == NULL || parameters == NULL || operands == NULL)
        return NULL;
    cp_node *body = cp_expand_body(x, rest->as.pair.cdr, scope, who, at);
    if (body == NULL)
        return NULL;
    parameters[0] = cp_expand_bind(x, items[0], inner, who);
    parameters[1] = cp_expand_hidden(x, "reraise", at);
    if (parameters[0] == NULL || parameters[1] == NULL)
        return NULL;
    cp_node *last = call_local(x, parameters[1], NULL, 0, at);
    cp_node *handler = derive_clauses(x, items + 1, count - 1, inner, who, last);
    operands[0] = make_thunk(x, "guard", body, at);
    operands[1] = cp_core_simple_lambda(&x->core, "guard", parameters, 2, handler, at);
    return cp_expand_runtime(x, "%guard", operands, 2, at);
}

/* ---- quasiquote ---------------------------------------------------------------------------- */

static cp_node *quasi(cp_expander *x, cp_term *term, cp_scope *scope, uint32_t level);

static bool is_form(cp_expander *x, const cp_term *term, cp_scope *scope, const char *name)
{
    return cp_term_is_pair(term) && cp_expand_is(x, term->as.pair.car, scope, name);
}

/* (KEYWORD datum) one level in or out: the keyword itself stays data. */
static cp_node *quasi_nested(cp_expander *x, cp_term *term, cp_scope *scope, uint32_t level)
{
    cp_node *rest = quasi(x, term->as.pair.cdr, scope, level);
    if (rest == NULL)
        return NULL;
    if (rest->kind == CP_NODE_CONSTANT)
        return cp_core_constant(&x->core, term);
    return cp_expand_primitive(x, CP_PRIM_CONS, cp_core_constant(&x->core, term->as.pair.car), rest,
                               term->position);
}

/* ITEM in front of REST, both already nodes; a splice is appended. */
static cp_node *quasi_join(cp_expander *x, cp_term *item, cp_scope *scope, uint32_t level,
                           cp_node *rest)
{
    if (rest == NULL)
        return NULL;
    if (level == 0 && is_form(x, item, scope, "unquote-splicing")) {
        if (cp_term_length(item) != 2)
            return cp_expand_fail(x, item->position,
                                  "unquote-splicing: %lld operands, expected one",
                                  (long long)cp_term_length(item) - 1);
        cp_node *spliced = cp_expand(x, item->as.pair.cdr->as.pair.car, scope);
        if (spliced == NULL || cp_node_is_constant(rest, CP_NIL))
            return spliced;
        cp_node **operands = CP_TAKE_ARRAY(&x->terms->arena, 2, cp_node *);
        if (operands == NULL)
            return NULL;
        operands[0] = spliced;
        operands[1] = rest;
        return cp_expand_runtime(x, "%append", operands, 2, item->position);
    }
    bool is_splice = is_form(x, item, scope, "unquote-splicing");
    cp_node *first =
        is_splice ? quasi_nested(x, item, scope, level - 1) : quasi(x, item, scope, level);
    if (first == NULL)
        return NULL;
    if (first->kind == CP_NODE_CONSTANT && rest->kind == CP_NODE_CONSTANT)
        return cp_core_constant(&x->core, cp_term_pair(x->terms, first->as.constant,
                                                       rest->as.constant, item->position));
    return cp_expand_primitive(x, CP_PRIM_CONS, first, rest, item->position);
}

static cp_node *quasi_list(cp_expander *x, cp_term *term, cp_scope *scope, uint32_t level)
{
    uint32_t count = 0;
    cp_term *tail = term;
    while (cp_term_is_pair(tail)) { /* (a . ,b) is (a unquote b) */
        bool is_tail = tail != term && (is_form(x, tail, scope, "unquote") ||
                                        is_form(x, tail, scope, "quasiquote"));
        if (is_tail && cp_term_length(tail) == 2)
            break;
        tail = tail->as.pair.cdr;
        count++;
    }
    cp_term **items = CP_TAKE_ARRAY(&x->terms->arena, count, cp_term *);
    if (items == NULL)
        return NULL;
    for (uint32_t i = 0; i < count; i++, term = term->as.pair.cdr)
        items[i] = term->as.pair.car;
    cp_node *result = quasi(x, tail, scope, level);
    for (uint32_t i = count; i > 0 && result != NULL; i--)
        result = quasi_join(x, items[i - 1], scope, level, result);
    return result;
}

static cp_node *quasi_vector(cp_expander *x, cp_term *term, cp_scope *scope, uint32_t level)
{
    cp_term *list = cp_expand_make_list(x, term->as.items, term->length, term->position);
    cp_node **operands = CP_TAKE(&x->terms->arena, cp_node *);
    cp_node *node = list == NULL || operands == NULL ? NULL : quasi(x, list, scope, level);
    if (node == NULL)
        return NULL;
    if (node->kind == CP_NODE_CONSTANT)
        return cp_core_constant(&x->core, term);
    *operands = node;
    return cp_expand_runtime(x, "%list->vector", operands, 1, term->position);
}

/* TERM as data, in which LEVEL quasiquotes more than unquotes stand around: at level 0 an unquote
 * is an expression. */
static cp_node *quasi(cp_expander *x, cp_term *term, cp_scope *scope, uint32_t level)
{
    if (x->depth >= CP_EXPAND_DEPTH_MAX)
        return cp_expand_fail(x, term->position, "quasiquote: the form is nested more than %d deep",
                              CP_EXPAND_DEPTH_MAX);
    x->depth++;
    cp_node *node;
    if (term->kind == CP_TERM_VECTOR) {
        node = quasi_vector(x, term, scope, level);
    } else if (!cp_term_is_pair(term)) {
        node = cp_core_constant(&x->core, term);
    } else if (is_form(x, term, scope, "unquote") && cp_term_length(term) == 2) {
        node = level == 0 ? cp_expand(x, term->as.pair.cdr->as.pair.car, scope)
                          : quasi_nested(x, term, scope, level - 1);
    } else if (is_form(x, term, scope, "quasiquote") && cp_term_length(term) == 2) {
        node = quasi_nested(x, term, scope, level + 1);
    } else {
        node = quasi_list(x, term, scope, level);
    }
    x->depth--;
    return node;
}

cp_node *cp_derive_quasiquote(cp_expander *x, cp_term *form, cp_scope *scope, const char *who)
{
    (void)who;
    if (cp_term_length(form) != 2)
        return cp_expand_fail(x, form->position, "quasiquote: %lld operands, expected one",
                              (long long)cp_term_length(form) - 1);
    return quasi(x, form->as.pair.cdr->as.pair.car, scope, 0);
}

/* ---- Local macros -------------------------------------------------------------------------- */

cp_node *cp_derive_let_syntax(cp_expander *x, cp_term *form, cp_scope *scope, const char *who)
{
    cp_term *rest = form->as.pair.cdr, **names, **specs;
    uint32_t count;
    if (!cp_term_is_pair(rest))
        return cp_expand_fail(x, form->position,
                              "%s: no bindings, expected (%s ((name transformer) ...) body ...)",
                              who, who);
    if (!take_bindings(x, rest->as.pair.car, who, &names, &specs, &count))
        return NULL;
    cp_scope *inner = cp_scope_open(&x->scopes, scope);
    if (inner == NULL)
        return NULL;
    for (uint32_t i = 0; i < count; i++) {
        if (!cp_term_is_identifier(names[i]))
            return cp_expand_fail(x, names[i]->position, "%s: a binding is not (name transformer)",
                                  who);
        cp_binding *binding = cp_scope_bind(&x->scopes, inner, names[i]->as.identifier);
        cp_scope *outside = strcmp(who, "let-syntax") == 0 ? scope : inner;
        if (binding == NULL || !cp_expand_transformer(x, specs[i], outside,
                                                      names[i]->as.identifier->name, who, binding))
            return NULL;
    }
    return cp_expand_body(x, rest->as.pair.cdr, inner, who, form->position);
}
