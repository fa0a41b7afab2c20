/* analyse.c -- two walks. The first finds labels, inner ones first, so that the body of an inner
 * label counts as tail position for an outer one. The second knows the procedure whose frame it is
 * in: it notes captures along the chain of procedures up to the variable's home, and counts calls,
 * so that a scope in which the count grew has one. */
#include "interp/analyse.h"

#include <string.h>

/* ---- Labels -------------------------------------------------------------------------------- */

static bool is_member(const cp_node *fix, const cp_local *local)
{
    for (uint32_t i = 0; i < fix->as.let.count; i++) {
        if (fix->as.let.variables[i] == local)
            return true;
    }
    return false;
}

/* Whether CALL gives exactly the parameters of the procedure of FIX that it calls. */
static bool fits(const cp_node *call)
{
    const cp_lambda *lambda = call->as.call.procedure->as.local.variable->value->as.lambda;
    return call->as.call.count == lambda->clauses[0].required;
}

/* Whether every use of FIX's procedures below NODE is a call in tail position. IS_TAIL: NODE is in
 * tail position itself. */
static bool has_only_tail_calls(const cp_node *fix, cp_node *node, bool is_tail)
{
    switch (node->kind) {
    case CP_NODE_LOCAL:
        return !is_member(fix, node->as.local.variable);
    case CP_NODE_IF:
        return has_only_tail_calls(fix, node->as.branch.test, false) &&
               has_only_tail_calls(fix, node->as.branch.then, is_tail) &&
               has_only_tail_calls(fix, node->as.branch.otherwise, is_tail);
    case CP_NODE_SEQUENCE:
        for (uint32_t i = 0; i < node->as.sequence.count; i++) {
            bool is_last = i + 1 == node->as.sequence.count;
            if (!has_only_tail_calls(fix, node->as.sequence.nodes[i], is_last && is_tail))
                return false;
        }
        return true;
    case CP_NODE_LET:
    case CP_NODE_FIX:
        for (uint32_t i = 0; i < node->as.let.count; i++) {
            cp_node *value = node->as.let.values[i];
            bool is_label = value->kind == CP_NODE_LAMBDA && value->as.lambda->is_label;
            if (is_label) {
                if (!has_only_tail_calls(fix, value->as.lambda->clauses[0].body, is_tail))
                    return false;
            } else if (!has_only_tail_calls(fix, value, false)) {
                return false;
            }
        }
        return has_only_tail_calls(fix, node->as.let.body, is_tail);
    case CP_NODE_RECEIVE:
        return has_only_tail_calls(fix, node->as.receive.producer, false) &&
               has_only_tail_calls(fix, node->as.receive.body, is_tail);
    case CP_NODE_CALL: {
        cp_node *procedure = node->as.call.procedure;
        bool is_ours =
            procedure->kind == CP_NODE_LOCAL && is_member(fix, procedure->as.local.variable);
        if (is_ours ? !is_tail || !fits(node) : !has_only_tail_calls(fix, procedure, false))
            return false;
        for (uint32_t i = 0; i < node->as.call.count; i++) {
            if (!has_only_tail_calls(fix, node->as.call.operands[i], false))
                return false;
        }
        return true;
    }
    case CP_NODE_CONSTANT:
    case CP_NODE_LOCAL_SET:
    case CP_NODE_GLOBAL:
    case CP_NODE_GLOBAL_SET:
    case CP_NODE_GLOBAL_DEFINE:
    case CP_NODE_LAMBDA:
    case CP_NODE_PRIMITIVE:
    case CP_NODE_COUNT:
        break;
    }
    cp_node **child;
    for (uint32_t i = 0; (child = cp_node_child(node, i)) != NULL; i++) {
        if (!has_only_tail_calls(fix, *child, false))
            return false;
    }
    return true;
}

static bool may_be_labels(const cp_node *fix)
{
    for (uint32_t i = 0; i < fix->as.let.count; i++) {
        const cp_local *local = fix->as.let.variables[i];
        const cp_lambda *lambda = fix->as.let.values[i]->as.lambda;
        if (local->refs != local->calls || lambda->clause_count != 1 ||
            lambda->clauses[0].optional > 0 || lambda->clauses[0].has_rest || local->needs_check)
            return false;
    }
    for (uint32_t i = 0; i < fix->as.let.count; i++) {
        if (!has_only_tail_calls(fix, fix->as.let.values[i]->as.lambda->clauses[0].body, true))
            return false;
    }
    return has_only_tail_calls(fix, fix->as.let.body, true);
}

static void find_labels(cp_node *node)
{
    cp_node **child;
    for (uint32_t i = 0; (child = cp_node_child(node, i)) != NULL; i++)
        find_labels(*child);
    if (node->kind != CP_NODE_FIX || !may_be_labels(node))
        return;
    for (uint32_t i = 0; i < node->as.let.count; i++) {
        node->as.let.variables[i]->is_label = true;
        node->as.let.values[i]->as.lambda->is_label = true;
    }
}

/* ---- Frames -------------------------------------------------------------------------------- */

typedef struct walk {
    cp_nodes *core;
    cp_lambda *lambda; /* whose frame we are in */
    uint32_t calls;    /* calls in frames so far that are neither primitives, jumps nor last */
    bool is_failed;
} walk;

static void visit(walk *w, cp_node *node, bool is_tail);

/* VARIABLE is read in the frame of LAMBDA: every procedure between there and its home has it among
 * its captures. Bounded: a procedure that has it already has passed it on. */
static void capture(walk *w, cp_lambda *lambda, cp_local *variable)
{
    for (; lambda != variable->home && !cp_is_self(lambda, variable); lambda = lambda->parent) {
        for (uint32_t i = 0; i < lambda->capture_count; i++) {
            if (lambda->captures[i] == variable)
                return;
        }
        if (lambda->capture_count == lambda->capture_capacity) {
            uint32_t capacity = lambda->capture_capacity == 0 ? 4 : lambda->capture_capacity * 2;
            cp_local **captures = CP_TAKE_ARRAY(&w->core->terms->arena, capacity, cp_local *);
            if (captures == NULL) {
                w->is_failed = true;
                return;
            }
            if (lambda->capture_count > 0)
                memcpy(captures, lambda->captures, lambda->capture_count * sizeof *captures);
            lambda->captures = captures;
            lambda->capture_capacity = capacity;
        }
        lambda->captures[lambda->capture_count++] = variable;
        variable->is_captured = true;
    }
}

static void use_variable(walk *w, cp_local *variable)
{
    assert(variable->home != NULL);
    if (variable->home != w->lambda)
        capture(w, w->lambda, variable);
}

static void enter_scope(const walk *w, cp_local **locals, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        locals[i]->home = w->lambda;
}

/* The scope of LOCALS ends, which began when CALLS calls had been seen. */
static void leave_scope(const walk *w, cp_local **locals, uint32_t count, uint32_t calls)
{
    for (uint32_t i = 0; i < count; i++)
        locals[i]->is_boxed = locals[i]->sets > 0 && (locals[i]->is_captured || w->calls > calls);
}

static uint32_t parameter_count(const cp_clause *c)
{
    return (uint32_t)c->required + c->optional + c->has_rest;
}

static void visit_clause(walk *w, const cp_clause *c, bool is_tail)
{
    uint32_t calls = w->calls;
    enter_scope(w, c->parameters, parameter_count(c));
    visit(w, c->body, is_tail);
    leave_scope(w, c->parameters, parameter_count(c), calls);
}

static void visit_lambda(walk *w, cp_lambda *lambda)
{
    cp_lambda *outer = w->lambda;
    uint32_t calls = w->calls;
    lambda->parent = outer;
    w->lambda = lambda;
    for (uint32_t i = 0; i < lambda->clause_count; i++)
        visit_clause(w, &lambda->clauses[i], true);
    w->lambda = outer;
    w->calls = calls; /* they happen in another frame */
}

static void visit_fix(walk *w, cp_node *node, bool is_tail)
{
    uint32_t calls = w->calls;
    enter_scope(w, node->as.let.variables, node->as.let.count);
    for (uint32_t i = 0; i < node->as.let.count; i++) {
        cp_lambda *lambda = node->as.let.values[i]->as.lambda;
        if (lambda->is_label)
            visit_clause(w, &lambda->clauses[0], is_tail);
        else
            visit_lambda(w, lambda);
    }
    visit(w, node->as.let.body, is_tail);
    leave_scope(w, node->as.let.variables, node->as.let.count, calls);
}

static void visit_call(walk *w, cp_node *node, bool is_tail)
{
    cp_node *procedure = node->as.call.procedure;
    bool is_jump = procedure->kind == CP_NODE_LOCAL && procedure->as.local.variable->is_label;
    if (!is_jump)
        visit(w, procedure, false);
    for (uint32_t i = 0; i < node->as.call.count; i++)
        visit(w, node->as.call.operands[i], false);
    if (!is_jump && !is_tail)
        w->calls++;
}

static void visit(walk *w, cp_node *node, bool is_tail)
{
    if (w->is_failed)
        return;
    switch (node->kind) {
    case CP_NODE_CONSTANT:
    case CP_NODE_GLOBAL:
    case CP_NODE_COUNT:
        return;
    case CP_NODE_LOCAL:
        use_variable(w, node->as.local.variable);
        return;
    case CP_NODE_LOCAL_SET:
        visit(w, node->as.local.value, false);
        use_variable(w, node->as.local.variable);
        return;
    case CP_NODE_GLOBAL_SET:
    case CP_NODE_GLOBAL_DEFINE:
        visit(w, node->as.global.value, false);
        return;
    case CP_NODE_IF:
        visit(w, node->as.branch.test, false);
        visit(w, node->as.branch.then, is_tail);
        visit(w, node->as.branch.otherwise, is_tail);
        return;
    case CP_NODE_LAMBDA:
        visit_lambda(w, node->as.lambda);
        return;
    case CP_NODE_CALL:
        visit_call(w, node, is_tail);
        return;
    case CP_NODE_PRIMITIVE:
        for (uint32_t i = 0; i < node->as.primitive.count; i++)
            visit(w, node->as.primitive.operands[i], false);
        if (node->as.primitive.which == CP_PRIM_VALUES && !is_tail)
            w->calls++; /* may become a call of the procedure */
        return;
    case CP_NODE_SEQUENCE:
        for (uint32_t i = 0; i < node->as.sequence.count; i++)
            visit(w, node->as.sequence.nodes[i], is_tail && i + 1 == node->as.sequence.count);
        return;
    case CP_NODE_LET: {
        for (uint32_t i = 0; i < node->as.let.count; i++)
            visit(w, node->as.let.values[i], false);
        uint32_t calls = w->calls;
        enter_scope(w, node->as.let.variables, node->as.let.count);
        visit(w, node->as.let.body, is_tail);
        leave_scope(w, node->as.let.variables, node->as.let.count, calls);
        return;
    }
    case CP_NODE_FIX:
        visit_fix(w, node, is_tail);
        return;
    case CP_NODE_RECEIVE: {
        visit(w, node->as.receive.producer, false);
        uint32_t calls = w->calls;
        uint32_t n = (uint32_t)node->as.receive.required + node->as.receive.has_rest;
        enter_scope(w, node->as.receive.variables, n);
        visit(w, node->as.receive.body, is_tail);
        leave_scope(w, node->as.receive.variables, n, calls);
        return;
    }
    }
}

bool cp_analyse(cp_nodes *core, cp_node *program)
{
    assert(program->kind == CP_NODE_LAMBDA);
    cp_count_uses(program);
    find_labels(program);
    walk w = {.core = core};
    visit_lambda(&w, program->as.lambda);
    return !w.is_failed;
}
