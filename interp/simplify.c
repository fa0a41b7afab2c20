/* simplify.c -- one walk, children first, that knows what a node is for: a value, a test or an
 * effect. Folding gives exactly what the machine would: fixnums that stay fixnums, and doubles by
 * the same IEEE operations; everything else is left to run time. Variables are unique, so moving
 * code needs no renaming; only what is copied gets variables of its own. */
#include "interp/simplify.h"

#include <string.h>

enum {
    SMALL_SIZE = 12, /* nodes of a procedure that is copied to each of its calls */
    SMALL_DEPTH = 8
};

/* ---- Uses ---------------------------------------------------------------------------------- */

static void forget_local(cp_local *local)
{
    local->refs = local->sets = local->calls = 0;
    local->value = NULL;
    local->scratch = NULL;
}

static void forget_locals(cp_local **locals, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        forget_local(locals[i]);
}

static void forget(cp_node *node)
{
    if (node->kind == CP_NODE_LET || node->kind == CP_NODE_FIX)
        forget_locals(node->as.let.variables, node->as.let.count);
    if (node->kind == CP_NODE_RECEIVE)
        forget_locals(node->as.receive.variables,
                      (uint32_t)node->as.receive.required + node->as.receive.has_rest);
    for (uint32_t i = 0; node->kind == CP_NODE_LAMBDA && i < node->as.lambda->clause_count; i++) {
        const cp_clause *c = &node->as.lambda->clauses[i];
        forget_locals(c->parameters, (uint32_t)c->required + c->optional + c->has_rest);
    }
    cp_node **child;
    for (uint32_t i = 0; (child = cp_node_child(node, i)) != NULL; i++)
        forget(*child);
}

static void count(cp_node *node)
{
    if (node->kind == CP_NODE_LOCAL)
        node->as.local.variable->refs++;
    if (node->kind == CP_NODE_LOCAL_SET)
        node->as.local.variable->sets++;
    if (node->kind == CP_NODE_CALL && node->as.call.procedure->kind == CP_NODE_LOCAL)
        node->as.call.procedure->as.local.variable->calls++;
    cp_node **child;
    for (uint32_t i = 0; (child = cp_node_child(node, i)) != NULL; i++)
        count(*child);
}

static void note_values(cp_node *node)
{
    if (node->kind == CP_NODE_LET || node->kind == CP_NODE_FIX) {
        for (uint32_t i = 0; i < node->as.let.count; i++) {
            cp_local *local = node->as.let.variables[i];
            local->value = local->sets == 0 ? node->as.let.values[i] : NULL;
        }
    }
    if (node->kind == CP_NODE_GLOBAL_DEFINE && node->as.global.global->sets == 1 &&
        node->as.global.value->kind == CP_NODE_LAMBDA) {
        const cp_lambda *lambda = node->as.global.value->as.lambda;
        const cp_clause *c = lambda->clauses;
        if (lambda->clause_count == 1) {
            node->as.global.global->least = c->required;
            node->as.global.global->most = c->has_rest ? -1 : c->required + c->optional;
        }
    }
    cp_node **child;
    for (uint32_t i = 0; (child = cp_node_child(node, i)) != NULL; i++)
        note_values(*child);
}

void cp_count_uses(cp_node *node)
{
    forget(node);
    count(node);
    note_values(node);
}

/* ---- Warnings ------------------------------------------------------------------------------ */

static void warn_arity(cp_expander *x, const cp_node *call, const char *name, int32_t least,
                       int32_t most)
{
    int32_t given = (int32_t)call->as.call.count;
    if (given >= least && (most < 0 || given <= most))
        return;
    const char *bound = most < 0 ? "at least " : "";
    if (most > least)
        cp_expand_warn(x, call->position, "%s: %d arguments, expected %d to %d", name, given, least,
                       most);
    else
        cp_expand_warn(x, call->position, "%s: %d arguments, expected %s%d", name, given, bound,
                       least);
}

static void warn_call(cp_expander *x, const cp_node *call)
{
    const cp_node *procedure = call->as.call.procedure;
    if (procedure->kind == CP_NODE_GLOBAL && procedure->as.global.global->least >= 0)
        warn_arity(x, call, procedure->as.global.global->name, procedure->as.global.global->least,
                   procedure->as.global.global->most);
    if (procedure->kind != CP_NODE_LOCAL)
        return;
    const cp_local *local = procedure->as.local.variable;
    if (local->value == NULL || local->value->kind != CP_NODE_LAMBDA ||
        local->value->as.lambda->clause_count != 1)
        return;
    const cp_clause *c = local->value->as.lambda->clauses;
    warn_arity(x, call, local->name, c->required,
               c->has_rest ? -1 : (int32_t)c->required + c->optional);
}

void cp_warn_about(cp_expander *x, cp_node *node)
{
    if (node->kind == CP_NODE_CALL)
        warn_call(x, node);
    if (node->kind == CP_NODE_LET || node->kind == CP_NODE_FIX) {
        for (uint32_t i = 0; i < node->as.let.count; i++) {
            const cp_local *local = node->as.let.variables[i];
            if (local->is_from_user && local->refs == 0 && local->name[0] != '_')
                cp_expand_warn(x, local->position, "%s is never used", local->name);
        }
    }
    cp_node **child;
    for (uint32_t i = 0; (child = cp_node_child(node, i)) != NULL; i++)
        cp_warn_about(x, *child);
}

/* ---- Folding ------------------------------------------------------------------------------- */

typedef enum use { USE_VALUE, USE_TEST, USE_EFFECT } use;

typedef struct simplifier {
    cp_expander *x;
    cp_nodes *core;
    bool is_failed;
    uint32_t steps;
} simplifier;

static void simplify(simplifier *s, cp_node *node, use for_what);

static bool constant_value(const cp_node *node, cp_value *value)
{
    if (node->kind != CP_NODE_CONSTANT || node->as.constant->kind != CP_TERM_VALUE)
        return false;
    *value = node->as.constant->as.value;
    return true;
}

static void become_constant(simplifier *s, cp_node *node, cp_value value)
{
    cp_node *constant = cp_core_value(s->core, value, node->position);
    if (constant == NULL)
        s->is_failed = true;
    else
        cp_node_become(node, constant);
}

static bool fold_fixnums(cp_primitive which, cp_value a, cp_value b, cp_value *result)
{
    int64_t x = cp_to_fixnum(a), y = cp_to_fixnum(b);
    switch (which) {
    case CP_PRIM_ADD:
        return cp_fixnum_add(a, b, result);
    case CP_PRIM_SUB:
        return cp_fixnum_subtract(a, b, result);
    case CP_PRIM_MUL:
        return cp_fixnum_multiply(a, b, result);
    case CP_PRIM_DIV:
    case CP_PRIM_QUOTIENT:
        if (y == 0 || (which == CP_PRIM_DIV && x % y != 0) || !cp_fits_fixnum(x / y))
            return false;
        *result = cp_make_fixnum(x / y);
        return true;
    case CP_PRIM_REMAINDER:
    case CP_PRIM_MODULO: {
        if (y == 0)
            return false;
        int64_t r = x % y;
        if (which == CP_PRIM_MODULO && r != 0 && (r < 0) != (y < 0))
            r += y;
        *result = cp_make_fixnum(r);
        return true;
    }
    case CP_PRIM_EQUAL:
        *result = cp_make_boolean(x == y);
        return true;
    case CP_PRIM_LESS:
        *result = cp_make_boolean(x < y);
        return true;
    case CP_PRIM_LESS_EQUAL:
        *result = cp_make_boolean(x <= y);
        return true;
    case CP_PRIM_BIT_AND:
        *result = cp_make_fixnum(x & y);
        return true;
    case CP_PRIM_BIT_OR:
        *result = cp_make_fixnum(x | y);
        return true;
    case CP_PRIM_BIT_XOR:
        *result = cp_make_fixnum(x ^ y);
        return true;
    default: /* nothing else is arithmetic of two */
        return false;
    }
}

static bool fold_doubles(cp_primitive which, double a, double b, cp_value *result)
{
    switch (which) {
    case CP_PRIM_ADD:
        *result = cp_make_double(a + b);
        return true;
    case CP_PRIM_SUB:
        *result = cp_make_double(a - b);
        return true;
    case CP_PRIM_MUL:
        *result = cp_make_double(a * b);
        return true;
    case CP_PRIM_DIV:
        if (b == 0)
            return false;
        *result = cp_make_double(a / b);
        return true;
    case CP_PRIM_EQUAL:
        *result = cp_make_boolean(a == b);
        return true;
    case CP_PRIM_LESS:
        *result = cp_make_boolean(a < b);
        return true;
    case CP_PRIM_LESS_EQUAL:
        *result = cp_make_boolean(a <= b);
        return true;
    default: /* as above */
        return false;
    }
}

/* Both operands are immediates. Mixed arithmetic is left to run time: an exact zero factor. */
static bool fold_two(cp_primitive which, cp_value a, cp_value b, cp_value *result)
{
    if (which == CP_PRIM_SAME || which == CP_PRIM_EQV) {
        *result = cp_make_boolean(cp_same(a, b));
        return true;
    }
    if (cp_both_fixnum(a, b))
        return fold_fixnums(which, a, b, result);
    if (cp_is_double(a) && cp_is_double(b))
        return fold_doubles(which, cp_to_double(a), cp_to_double(b), result);
    return false;
}

/* Whether the constant TERM passes the type test WHICH; false in *IS_KNOWN when it is none. */
static bool test_type(cp_primitive which, const cp_term *term, bool *is_known)
{
    bool is_value = term->kind == CP_TERM_VALUE;
    cp_value v = is_value ? term->as.value : CP_NOTHING;
    *is_known = true;
    switch (which) {
    case CP_PRIM_IS_PAIR:
        return term->kind == CP_TERM_PAIR;
    case CP_PRIM_IS_NULL:
        return cp_term_is_nil(term);
    case CP_PRIM_IS_SYMBOL:
        return term->kind == CP_TERM_IDENTIFIER;
    case CP_PRIM_IS_STRING:
        return term->kind == CP_TERM_STRING;
    case CP_PRIM_IS_CHAR:
        return is_value && cp_is_char(v);
    case CP_PRIM_IS_BOOLEAN:
        return is_value && cp_is_boolean(v);
    case CP_PRIM_IS_VECTOR:
        return term->kind == CP_TERM_VECTOR;
    case CP_PRIM_IS_BYTES:
        return term->kind == CP_TERM_BYTES;
    case CP_PRIM_IS_FIXNUM:
        return is_value && cp_is_fixnum(v);
    case CP_PRIM_IS_NUMBER:
        return term->kind == CP_TERM_NUMBER || (is_value && (cp_is_fixnum(v) || cp_is_double(v)));
    case CP_PRIM_NOT:
        return cp_term_is_value(term, CP_FALSE);
    default: /* no test, or one that no constant passes by itself */
        *is_known = false;
        return false;
    }
}

static void fold_primitive(simplifier *s, cp_node *node)
{
    cp_primitive which = (cp_primitive)node->as.primitive.which;
    cp_node **operands = node->as.primitive.operands;
    cp_value a, b, result;
    if (node->as.primitive.count == 2 && constant_value(operands[0], &a) &&
        constant_value(operands[1], &b) && fold_two(which, a, b, &result)) {
        become_constant(s, node, result);
        return;
    }
    if (node->as.primitive.count != 1 || operands[0]->kind != CP_NODE_CONSTANT)
        return;
    cp_term *term = operands[0]->as.constant;
    if (which == CP_PRIM_CAR && term->kind == CP_TERM_PAIR) {
        node->kind = CP_NODE_CONSTANT;
        node->as.constant = term->as.pair.car;
        return;
    }
    if (which == CP_PRIM_CDR && term->kind == CP_TERM_PAIR) {
        node->kind = CP_NODE_CONSTANT;
        node->as.constant = term->as.pair.cdr;
        return;
    }
    bool is_known;
    bool is_true = test_type(which, term, &is_known);
    if (is_known)
        become_constant(s, node, cp_make_boolean(is_true));
}

/* ---- Dropping ------------------------------------------------------------------------------ */

/* NODE is thrown away: what it used is used less. */
static void drop(cp_node *node)
{
    if (node->kind == CP_NODE_LOCAL)
        node->as.local.variable->refs--;
    if (node->kind == CP_NODE_LOCAL_SET)
        node->as.local.variable->sets--;
    if (node->kind == CP_NODE_CALL && node->as.call.procedure->kind == CP_NODE_LOCAL)
        node->as.call.procedure->as.local.variable->calls--;
    cp_node **child;
    for (uint32_t i = 0; (child = cp_node_child(node, i)) != NULL; i++)
        drop(*child);
}

static bool is_pure(const cp_node *node)
{
    return cp_node_is_pure(node, 20);
}

/* ---- Sequences ----------------------------------------------------------------------------- */

/* The nodes of NODE without sequences in sequences and without what has no effect. */
static uint32_t flatten(simplifier *s, cp_node *node, cp_node **out, uint32_t filled, bool is_last)
{
    if (node->kind == CP_NODE_SEQUENCE) {
        for (uint32_t i = 0; i < node->as.sequence.count; i++)
            filled = flatten(s, node->as.sequence.nodes[i], out, filled,
                             is_last && i + 1 == node->as.sequence.count);
        return filled;
    }
    if (!is_last && is_pure(node)) {
        drop(node);
        return filled;
    }
    if (out != NULL)
        out[filled] = node;
    return filled + 1;
}

static uint32_t count_flat(const cp_node *node)
{
    if (node->kind != CP_NODE_SEQUENCE)
        return 1;
    uint32_t total = 0;
    for (uint32_t i = 0; i < node->as.sequence.count; i++)
        total += count_flat(node->as.sequence.nodes[i]);
    return total;
}

static void simplify_sequence(simplifier *s, cp_node *node, use for_what)
{
    uint32_t n = node->as.sequence.count;
    for (uint32_t i = 0; i < n; i++)
        simplify(s, node->as.sequence.nodes[i], i + 1 < n ? USE_EFFECT : for_what);
    cp_node **out = CP_TAKE_ARRAY(&s->x->terms->arena, count_flat(node), cp_node *);
    if (out == NULL) {
        s->is_failed = true;
        return;
    }
    uint32_t filled = flatten(s, node, out, 0, true);
    if (filled == 1) {
        cp_node_become(node, out[0]);
        return;
    }
    node->as.sequence.nodes = out;
    node->as.sequence.count = filled;
}

/* NODE becomes FIRST, then SECOND. */
static void become_sequence(simplifier *s, cp_node *node, cp_node *first, cp_node *second)
{
    cp_node **nodes = CP_TAKE_ARRAY(&s->x->terms->arena, 2, cp_node *);
    if (nodes == NULL) {
        s->is_failed = true;
        return;
    }
    nodes[0] = first;
    nodes[1] = second;
    node->kind = CP_NODE_SEQUENCE;
    node->as.sequence.nodes = nodes;
    node->as.sequence.count = 2;
}

/* ---- Tests --------------------------------------------------------------------------------- */

/* (let ((t A)) (if t t B)) where only truth matters: (if A #t B). */
static void simplify_or(simplifier *s, cp_node *node)
{
    if (node->kind != CP_NODE_LET || node->as.let.count != 1)
        return;
    cp_local *t = node->as.let.variables[0];
    cp_node *branch = node->as.let.body;
    bool is_or = branch->kind == CP_NODE_IF && t->refs == 2 && t->sets == 0 &&
                 branch->as.branch.test->kind == CP_NODE_LOCAL &&
                 branch->as.branch.test->as.local.variable == t &&
                 branch->as.branch.then->kind == CP_NODE_LOCAL &&
                 branch->as.branch.then->as.local.variable == t;
    if (!is_or)
        return;
    branch->as.branch.test = node->as.let.values[0];
    become_constant(s, branch->as.branch.then, CP_TRUE);
    t->refs = 0;
    cp_node_become(node, branch);
}

static void simplify_if(simplifier *s, cp_node *node, use for_what)
{
    simplify(s, node->as.branch.test, USE_TEST);
    cp_node *test = node->as.branch.test;
    while (test->kind == CP_NODE_PRIMITIVE && test->as.primitive.which == CP_PRIM_NOT) {
        cp_node *then = node->as.branch.then;
        node->as.branch.then = node->as.branch.otherwise;
        node->as.branch.otherwise = then;
        node->as.branch.test = test = test->as.primitive.operands[0];
    }
    if (test->kind == CP_NODE_CONSTANT) {
        bool is_true = !cp_node_is_constant(test, CP_FALSE);
        drop(is_true ? node->as.branch.otherwise : node->as.branch.then);
        cp_node_become(node, is_true ? node->as.branch.then : node->as.branch.otherwise);
        simplify(s, node, for_what);
        return;
    }
    simplify(s, node->as.branch.then, for_what);
    simplify(s, node->as.branch.otherwise, for_what);
    bool is_boolean = test->kind == CP_NODE_PRIMITIVE &&
                      (cp_primitives[test->as.primitive.which].flags & CP_BOOLEAN);
    if ((is_boolean || for_what == USE_TEST) &&
        cp_node_is_constant(node->as.branch.then, CP_TRUE) &&
        cp_node_is_constant(node->as.branch.otherwise, CP_FALSE))
        cp_node_become(node, test);
}

/* ---- Variables ----------------------------------------------------------------------------- */

/* Whether a variable bound to NODE may as well be NODE. */
static bool is_copyable(const cp_node *node)
{
    if (node->kind == CP_NODE_CONSTANT)
        return node->as.constant->kind == CP_TERM_VALUE ||
               node->as.constant->kind == CP_TERM_IDENTIFIER;
    return node->kind == CP_NODE_LOCAL && node->as.local.variable->sets == 0 &&
           !node->as.local.variable->needs_check;
}

static void simplify_local(cp_node *node)
{
    cp_local *local = node->as.local.variable;
    const cp_node *copy = local->scratch;
    if (copy == NULL)
        return;
    cp_position at = node->position;
    local->refs--;
    cp_node_become(node, copy);
    node->position = at;
    if (node->kind == CP_NODE_LOCAL)
        node->as.local.variable->refs++;
}

/* Take the bindings out of the LET or FIX NODE that nobody needs. */
static void drop_bindings(simplifier *s, cp_node *node)
{
    uint32_t kept = 0;
    cp_node *body = node->as.let.body;
    for (uint32_t i = 0; i < node->as.let.count; i++) {
        cp_local *local = node->as.let.variables[i];
        cp_node *value = node->as.let.values[i];
        bool is_needed = local->refs > 0 || local->sets > 0;
        if (!is_needed && is_pure(value)) {
            if (value->kind != CP_NODE_LAMBDA || local->scratch == NULL)
                drop(value); /* unless it was moved */
            continue;
        }
        if (!is_needed) {
            cp_node *sequence = CP_TAKE(&s->x->terms->arena, cp_node);
            if (sequence == NULL) {
                s->is_failed = true;
                return;
            }
            *sequence = *value;
            become_sequence(s, sequence, value, body);
            body = sequence;
            continue;
        }
        node->as.let.variables[kept] = local;
        node->as.let.values[kept++] = value;
    }
    node->as.let.body = body;
    node->as.let.count = kept;
    if (kept == 0)
        cp_node_become(node, body);
}

static cp_node *copy_as_node(simplifier *s, const cp_node *node)
{
    cp_node *copy = CP_TAKE(&s->x->terms->arena, cp_node);
    if (copy == NULL)
        s->is_failed = true;
    else
        *copy = *node;
    return copy;
}

/* Procedures among the values of the LET NODE become a FIX around its body. */
static void split_procedures(simplifier *s, cp_node *node)
{
    uint32_t procedures = 0, n = node->as.let.count;
    for (uint32_t i = 0; i < n; i++)
        procedures +=
            node->as.let.values[i]->kind == CP_NODE_LAMBDA && node->as.let.variables[i]->sets == 0;
    if (procedures == 0)
        return;
    if (procedures == n) {
        node->kind = CP_NODE_FIX;
        return;
    }
    cp_node *fix = copy_as_node(s, node);
    cp_local **locals = CP_TAKE_ARRAY(&s->x->terms->arena, procedures, cp_local *);
    cp_node **values = CP_TAKE_ARRAY(&s->x->terms->arena, procedures, cp_node *);
    if (fix == NULL || locals == NULL || values == NULL) {
        s->is_failed = true;
        return;
    }
    uint32_t kept = 0, moved = 0;
    for (uint32_t i = 0; i < n; i++) {
        cp_local *local = node->as.let.variables[i];
        cp_node *value = node->as.let.values[i];
        if (value->kind == CP_NODE_LAMBDA && local->sets == 0) {
            locals[moved] = local;
            values[moved++] = value;
        } else {
            node->as.let.variables[kept] = local;
            node->as.let.values[kept++] = value;
        }
    }
    fix->kind = CP_NODE_FIX;
    fix->as.let.variables = locals;
    fix->as.let.values = values;
    fix->as.let.count = procedures;
    node->as.let.count = kept;
    node->as.let.body = fix;
}

static void simplify_let(simplifier *s, cp_node *node, use for_what)
{
    for (uint32_t i = 0; i < node->as.let.count; i++) {
        cp_local *local = node->as.let.variables[i];
        simplify(s, node->as.let.values[i], USE_VALUE);
        local->value = local->sets == 0 ? node->as.let.values[i] : NULL;
        if (local->sets == 0 && !local->needs_check && is_copyable(node->as.let.values[i]))
            local->scratch = copy_as_node(s, node->as.let.values[i]);
    }
    simplify(s, node->as.let.body, for_what);
    if (s->is_failed)
        return;
    if (for_what == USE_TEST)
        simplify_or(s, node);
    if (node->kind != CP_NODE_LET)
        return;
    drop_bindings(s, node);
    if (node->kind == CP_NODE_LET)
        split_procedures(s, node);
}

/* ---- Procedures ---------------------------------------------------------------------------- */

/* The clause that a call with COUNT operands takes, or NULL. */
static cp_clause *find_clause(cp_lambda *lambda, uint32_t operand_count)
{
    for (uint32_t i = 0; i < lambda->clause_count; i++) {
        cp_clause *c = &lambda->clauses[i];
        if (operand_count == c->required || (operand_count > c->required && c->has_rest))
            return c->optional == 0 ? c : NULL;
    }
    return NULL;
}

/* The operands from FIRST on as a list. */
static cp_node *make_rest(simplifier *s, cp_node **operands, uint32_t first, uint32_t end,
                          cp_position at)
{
    cp_node *list = cp_core_value(s->core, CP_NIL, at);
    for (uint32_t i = end; i > first && list != NULL; i--)
        list = cp_expand_primitive(s->x, CP_PRIM_CONS, operands[i - 1], list, at);
    return list;
}

/* The call NODE becomes a LET of the parameters of CLAUSE, which is used up. */
static void become_let(simplifier *s, cp_node *node, cp_clause *clause, use for_what)
{
    uint32_t n = (uint32_t)clause->required + clause->has_rest;
    cp_node **values = CP_TAKE_ARRAY(&s->x->terms->arena, n, cp_node *);
    if (values == NULL) {
        s->is_failed = true;
        return;
    }
    for (uint32_t i = 0; i < clause->required; i++)
        values[i] = node->as.call.operands[i];
    if (clause->has_rest) {
        values[n - 1] = make_rest(s, node->as.call.operands, clause->required, node->as.call.count,
                                  node->position);
        s->is_failed = s->is_failed || values[n - 1] == NULL;
    }
    if (s->is_failed)
        return;
    if (n == 0) {
        cp_node_become(node, clause->body);
        return;
    }
    node->kind = CP_NODE_LET;
    node->as.let.variables = clause->parameters;
    node->as.let.values = values;
    node->as.let.body = clause->body;
    node->as.let.count = n;
    simplify_let(s, node, for_what);
}

/* Nodes of NODE when it is small and calls nothing; more than SMALL_SIZE otherwise. */
static uint32_t measure_leaf(cp_node *node, uint32_t depth)
{
    switch (node->kind) {
    case CP_NODE_CONSTANT:
        return node->as.constant->kind == CP_TERM_VALUE ||
                       node->as.constant->kind == CP_TERM_IDENTIFIER
                   ? 1
                   : SMALL_SIZE + 1;
    case CP_NODE_LOCAL:
    case CP_NODE_GLOBAL:
        return 1;
    case CP_NODE_IF:
    case CP_NODE_PRIMITIVE:
        break;
    case CP_NODE_LOCAL_SET:
    case CP_NODE_GLOBAL_SET:
    case CP_NODE_GLOBAL_DEFINE:
    case CP_NODE_LAMBDA:
    case CP_NODE_CALL:
    case CP_NODE_SEQUENCE:
    case CP_NODE_LET:
    case CP_NODE_FIX:
    case CP_NODE_RECEIVE:
    case CP_NODE_COUNT:
        return SMALL_SIZE + 1;
    }
    uint32_t size = 1;
    cp_node **child;
    for (uint32_t i = 0; depth > 0 && (child = cp_node_child(node, i)) != NULL; i++)
        size += measure_leaf(*child, depth - 1);
    return depth > 0 ? size : SMALL_SIZE + 1;
}

/* A copy of a leaf, with the variables FROM replaced by TO. */
static cp_node *copy_leaf(simplifier *s, const cp_node *node, cp_local **from, cp_local **to,
                          uint32_t n, cp_position at)
{
    cp_node *copy = copy_as_node(s, node);
    if (copy == NULL)
        return NULL;
    copy->position = at;
    if (node->kind == CP_NODE_LOCAL) {
        for (uint32_t i = 0; i < n; i++) {
            if (from[i] == node->as.local.variable)
                copy->as.local.variable = to[i];
        }
        copy->as.local.variable->refs++;
        return copy;
    }
    if (node->kind == CP_NODE_PRIMITIVE) {
        copy->as.primitive.operands =
            CP_TAKE_ARRAY(&s->x->terms->arena, node->as.primitive.count, cp_node *);
        if (copy->as.primitive.operands == NULL)
            return NULL;
        memcpy(copy->as.primitive.operands, node->as.primitive.operands,
               node->as.primitive.count * sizeof(cp_node *));
    }
    cp_node **child;
    for (uint32_t i = 0; (child = cp_node_child(copy, i)) != NULL; i++) {
        *child = copy_leaf(s, *child, from, to, n, at);
        if (*child == NULL)
            return NULL;
    }
    return copy;
}

/* A copy of the small procedure CLAUSE in the place of the call NODE. */
static void copy_procedure(simplifier *s, cp_node *node, const cp_clause *clause, use for_what)
{
    cp_clause copy = *clause;
    copy.parameters = CP_TAKE_ARRAY(&s->x->terms->arena, clause->required, cp_local *);
    if (copy.parameters == NULL) {
        s->is_failed = true;
        return;
    }
    for (uint32_t i = 0; i < clause->required; i++) {
        copy.parameters[i] =
            cp_core_new_local(s->core, clause->parameters[i]->name, node->position);
        if (copy.parameters[i] == NULL) {
            s->is_failed = true;
            return;
        }
    }
    copy.body = copy_leaf(s, clause->body, clause->parameters, copy.parameters, clause->required,
                          node->position);
    if (copy.body == NULL)
        s->is_failed = true;
    else
        become_let(s, node, &copy, for_what);
}

static bool has_no_assigned(const cp_clause *clause)
{
    for (uint32_t i = 0; i < clause->required; i++) {
        if (clause->parameters[i]->sets > 0)
            return false;
    }
    return !clause->has_rest && clause->optional == 0;
}

/* Put the procedure of a local variable in the place of the call NODE, when that pays. */
static void inline_call(simplifier *s, cp_node *node, use for_what)
{
    cp_local *local = node->as.call.procedure->as.local.variable;
    if (local->value == NULL || local->value->kind != CP_NODE_LAMBDA || local->needs_check ||
        local->home != NULL) /* its own body is being simplified */
        return;
    cp_lambda *lambda = local->value->as.lambda;
    cp_clause *clause = find_clause(lambda, node->as.call.count);
    if (clause == NULL || lambda->clause_count != 1 || node->as.call.count > 50)
        return;
    if (local->refs == 1) {
        local->refs = local->calls = 0;
        local->value = NULL;
        local->scratch = local; /* tells drop_bindings that the procedure lives on */
        become_let(s, node, clause, for_what);
        return;
    }
    if (has_no_assigned(clause) && measure_leaf(clause->body, SMALL_DEPTH) <= SMALL_SIZE) {
        local->refs--;
        local->calls--;
        copy_procedure(s, node, clause, for_what);
    }
}

static void simplify_call(simplifier *s, cp_node *node, use for_what)
{
    simplify(s, node->as.call.procedure, USE_VALUE);
    for (uint32_t i = 0; i < node->as.call.count; i++)
        simplify(s, node->as.call.operands[i], USE_VALUE);
    if (s->is_failed)
        return;
    cp_node *procedure = node->as.call.procedure;
    if (procedure->kind == CP_NODE_LAMBDA) {
        cp_clause *clause = find_clause(procedure->as.lambda, node->as.call.count);
        if (clause != NULL && procedure->as.lambda->clause_count == 1 && node->as.call.count <= 50)
            become_let(s, node, clause, for_what);
        return;
    }
    if (procedure->kind == CP_NODE_LOCAL)
        inline_call(s, node, for_what);
}

/* The only call of LOCAL below *PLACE, or NULL. */
static cp_node *find_call(cp_node *node, const cp_local *local)
{
    if (node->kind == CP_NODE_CALL && node->as.call.procedure->kind == CP_NODE_LOCAL &&
        node->as.call.procedure->as.local.variable == local)
        return node;
    cp_node **child;
    for (uint32_t i = 0; (child = cp_node_child(node, i)) != NULL; i++) {
        cp_node *found = find_call(*child, local);
        if (found != NULL)
            return found;
    }
    return NULL;
}

static uint32_t count_refs(cp_node *node, const cp_local *local)
{
    uint32_t refs = node->kind == CP_NODE_LOCAL && node->as.local.variable == local;
    cp_node **child;
    for (uint32_t i = 0; (child = cp_node_child(node, i)) != NULL; i++)
        refs += count_refs(*child, local);
    return refs;
}

/* A loop that is begun at one place is moved to that place: the FIX goes around the call, where
 * analyse.c can make it code of the frame. */
static void sink_loop(simplifier *s, cp_node *node)
{
    if (node->as.let.count != 1 || node->as.let.body->kind == CP_NODE_CALL)
        return;
    cp_local *local = node->as.let.variables[0];
    if (local->refs != local->calls || count_refs(node->as.let.body, local) != 1)
        return;
    cp_node *call = find_call(node->as.let.body, local);
    if (call == NULL || count_refs(call, local) != 1)
        return;
    cp_node *body = node->as.let.body;
    cp_node *inner = copy_as_node(s, call);
    if (inner == NULL)
        return;
    cp_node fix = *node;
    fix.as.let.body = inner;
    *call = fix;
    cp_node_become(node, body);
}

static void simplify_fix(simplifier *s, cp_node *node, use for_what)
{
    for (uint32_t i = 0; i < node->as.let.count; i++) {
        cp_local *local = node->as.let.variables[i];
        local->value = node->as.let.values[i];
        local->home = node->as.let.values[i]->as.lambda; /* not to be put into itself */
    }
    for (uint32_t i = 0; i < node->as.let.count; i++)
        simplify(s, node->as.let.values[i], USE_VALUE);
    for (uint32_t i = 0; i < node->as.let.count; i++)
        node->as.let.variables[i]->home = NULL;
    simplify(s, node->as.let.body, for_what);
    if (s->is_failed)
        return;
    drop_bindings(s, node);
    if (node->kind == CP_NODE_FIX)
        sink_loop(s, node);
}

/* ---- The rest ------------------------------------------------------------------------------ */

static bool gives_one_value(const cp_node *node)
{
    switch (node->kind) {
    case CP_NODE_CONSTANT:
    case CP_NODE_LOCAL:
    case CP_NODE_GLOBAL:
    case CP_NODE_LAMBDA:
        return true;
    case CP_NODE_PRIMITIVE:
        return node->as.primitive.which != CP_PRIM_VALUES;
    case CP_NODE_LOCAL_SET:
    case CP_NODE_GLOBAL_SET:
    case CP_NODE_GLOBAL_DEFINE:
    case CP_NODE_IF:
    case CP_NODE_CALL:
    case CP_NODE_SEQUENCE:
    case CP_NODE_LET:
    case CP_NODE_FIX:
    case CP_NODE_RECEIVE:
    case CP_NODE_COUNT:
        return false;
    }
    return false;
}

static void simplify_receive(simplifier *s, cp_node *node, use for_what)
{
    simplify(s, node->as.receive.producer, USE_VALUE);
    cp_node *producer = node->as.receive.producer;
    uint32_t required = node->as.receive.required;
    bool is_values = producer->kind == CP_NODE_PRIMITIVE &&
                     producer->as.primitive.which == CP_PRIM_VALUES &&
                     producer->as.primitive.count == required;
    bool is_one = required == 1 && gives_one_value(producer);
    if (node->as.receive.has_rest || !(is_values || is_one)) {
        simplify(s, node->as.receive.body, for_what);
        return;
    }
    cp_local **variables = node->as.receive.variables;
    cp_node *body = node->as.receive.body;
    cp_node **values = is_values ? producer->as.primitive.operands
                                 : CP_TAKE_ARRAY(&s->x->terms->arena, 1, cp_node *);
    if (values == NULL) {
        s->is_failed = true;
        return;
    }
    if (is_one)
        values[0] = producer;
    if (required == 0) {
        cp_node_become(node, body);
        simplify(s, node, for_what);
        return;
    }
    node->kind = CP_NODE_LET;
    node->as.let.variables = variables;
    node->as.let.values = values;
    node->as.let.body = body;
    node->as.let.count = required;
    simplify_let(s, node, for_what);
}

static void simplify_primitive(simplifier *s, cp_node *node, use for_what)
{
    bool is_not = node->as.primitive.which == CP_PRIM_NOT;
    for (uint32_t i = 0; i < node->as.primitive.count; i++)
        simplify(s, node->as.primitive.operands[i], is_not ? USE_TEST : USE_VALUE);
    (void)for_what;
    if (!s->is_failed)
        fold_primitive(s, node);
}

static void simplify(simplifier *s, cp_node *node, use for_what)
{
    if (s->is_failed)
        return;
    if (++s->steps % 256 == 0 && s->x->options.poll != NULL &&
        !s->x->options.poll(s->x->options.context)) {
        s->x->is_stopped = true;
        s->is_failed = true;
        return;
    }
    switch (node->kind) {
    case CP_NODE_CONSTANT:
    case CP_NODE_GLOBAL:
    case CP_NODE_COUNT:
        return;
    case CP_NODE_LOCAL:
        simplify_local(node);
        return;
    case CP_NODE_LOCAL_SET:
    case CP_NODE_GLOBAL_SET:
    case CP_NODE_GLOBAL_DEFINE:
        simplify(s, *cp_node_child(node, 0), USE_VALUE);
        return;
    case CP_NODE_IF:
        simplify_if(s, node, for_what);
        return;
    case CP_NODE_LAMBDA:
        for (uint32_t i = 0; i < node->as.lambda->clause_count; i++)
            simplify(s, node->as.lambda->clauses[i].body, USE_VALUE);
        return;
    case CP_NODE_CALL:
        simplify_call(s, node, for_what);
        return;
    case CP_NODE_PRIMITIVE:
        simplify_primitive(s, node, for_what);
        return;
    case CP_NODE_SEQUENCE:
        simplify_sequence(s, node, for_what);
        return;
    case CP_NODE_LET:
        simplify_let(s, node, for_what);
        return;
    case CP_NODE_FIX:
        simplify_fix(s, node, for_what);
        return;
    case CP_NODE_RECEIVE:
        simplify_receive(s, node, for_what);
        return;
    }
}

bool cp_simplify(cp_expander *x, cp_node *node)
{
    simplifier s = {.x = x, .core = &x->core};
    cp_count_uses(node);
    simplify(&s, node, USE_VALUE);
    return !s.is_failed;
}
