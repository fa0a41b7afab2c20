/* core.c -- constructors and the printer. Heights are kept so that the expander can refuse what
 * would be too deep for the recursion of the passes: see CP_EXPAND_HEIGHT_MAX. */
#include "interp/core.h"

#include <string.h>

const cp_primitive_row cp_primitives[CP_PRIM_COUNT] = {
#define PRIMITIVE_ROW(name, word, least, most, flags) {word, least, most, flags},
    CP_PRIMITIVE_LIST(PRIMITIVE_ROW)
#undef PRIMITIVE_ROW
};

/* caar to cddddr. */
static bool is_accessor(const char *name)
{
    size_t length = strlen(name);
    if (length < 4 || length > 6 || name[0] != 'c' || name[length - 1] != 'r')
        return false;
    return strspn(name + 1, "ad") == length - 2;
}

cp_primitive cp_primitive_find(const char *name)
{
    static const struct {
        const char *word;
        cp_primitive which;
    } others[] = {{"truncate-quotient", CP_PRIM_QUOTIENT},
                  {"truncate-remainder", CP_PRIM_REMAINDER},
                  {"floor-remainder", CP_PRIM_MODULO}};
    for (uint32_t i = 0; i < CP_PRIM_COUNT; i++) {
        if (cp_primitives[i].word != NULL && strcmp(cp_primitives[i].word, name) == 0)
            return (cp_primitive)i;
    }
    for (uint32_t i = 0; i < CP_COUNT_OF(others); i++) {
        if (strcmp(others[i].word, name) == 0)
            return others[i].which;
    }
    return is_accessor(name) ? CP_PRIM_ACCESSOR : CP_PRIM_NONE;
}

/* ---- Construction -------------------------------------------------------------------------- */

static cp_node *make_node(cp_nodes *core, cp_node_kind kind, cp_position position)
{
    cp_node *node = CP_TAKE(&core->terms->arena, cp_node);
    if (node == NULL)
        return NULL;
    node->kind = kind;
    node->height = 1;
    node->position = position;
    core->node_count++;
    return node;
}

/* Count CHILD into the height of NODE. False for no child: some earlier step failed. */
static bool adopt(cp_node *node, const cp_node *child)
{
    if (child == NULL)
        return false;
    if (child->height >= node->height)
        node->height = child->height + 1;
    return true;
}

static bool adopt_all(cp_node *node, cp_node *const *children, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (!adopt(node, children[i]))
            return false;
    }
    return true;
}

cp_local *cp_core_new_local(cp_nodes *core, const char *name, cp_position position)
{
    cp_local *local = CP_TAKE(&core->terms->arena, cp_local);
    if (local == NULL)
        return NULL;
    local->name = name;
    local->position = position;
    local->number = ++core->local_count;
    local->reg = -1;
    return local;
}

cp_node *cp_core_constant(cp_nodes *core, cp_term *term)
{
    if (term == NULL)
        return NULL;
    cp_node *node = make_node(core, CP_NODE_CONSTANT, term->position);
    if (node != NULL)
        node->as.constant = term;
    return node;
}

cp_node *cp_core_value(cp_nodes *core, cp_value value, cp_position at)
{
    return cp_core_constant(core, cp_term_value(core->terms, value, at));
}

cp_node *cp_core_local(cp_nodes *core, cp_local *variable, cp_position at)
{
    cp_node *node = make_node(core, CP_NODE_LOCAL, at);
    if (node == NULL || variable == NULL)
        return NULL;
    node->as.local.variable = variable;
    variable->refs++;
    return node;
}

cp_node *cp_core_local_set(cp_nodes *core, cp_local *variable, cp_node *value, cp_position at)
{
    cp_node *node = make_node(core, CP_NODE_LOCAL_SET, at);
    if (node == NULL || !adopt(node, value))
        return NULL;
    node->as.local.variable = variable;
    node->as.local.value = value;
    variable->sets++;
    return node;
}

cp_node *cp_core_global(cp_nodes *core, cp_node_kind kind, cp_global *global, cp_node *value,
                        cp_position at)
{
    cp_node *node = make_node(core, kind, at);
    if (node == NULL || global == NULL)
        return NULL;
    if (kind != CP_NODE_GLOBAL && !adopt(node, value))
        return NULL;
    global->sets += kind != CP_NODE_GLOBAL;
    node->as.global.global = global;
    node->as.global.value = value;
    return node;
}

cp_node *cp_core_if(cp_nodes *core, cp_node *test, cp_node *then, cp_node *otherwise,
                    cp_position at)
{
    cp_node *node = make_node(core, CP_NODE_IF, at);
    if (node == NULL || !adopt(node, test) || !adopt(node, then) || !adopt(node, otherwise))
        return NULL;
    node->as.branch.test = test;
    node->as.branch.then = then;
    node->as.branch.otherwise = otherwise;
    return node;
}

cp_node *cp_core_lambda(cp_nodes *core, const char *name, cp_clause *clauses, uint32_t count,
                        cp_position at)
{
    cp_node *node = make_node(core, CP_NODE_LAMBDA, at);
    cp_lambda *lambda = CP_TAKE(&core->terms->arena, cp_lambda);
    if (node == NULL || lambda == NULL || clauses == NULL)
        return NULL;
    for (uint32_t i = 0; i < count; i++) {
        if (!adopt(node, clauses[i].body))
            return NULL;
    }
    lambda->name = name;
    lambda->clauses = clauses;
    lambda->clause_count = count;
    node->as.lambda = lambda;
    return node;
}

cp_node *cp_core_simple_lambda(cp_nodes *core, const char *name, cp_local **parameters,
                               uint32_t count, cp_node *body, cp_position at)
{
    cp_clause *clause = CP_TAKE(&core->terms->arena, cp_clause);
    if (clause == NULL)
        return NULL;
    clause->parameters = parameters;
    clause->required = (uint16_t)count;
    clause->body = body;
    return cp_core_lambda(core, name, clause, 1, at);
}

cp_node *cp_core_call(cp_nodes *core, cp_node *procedure, cp_node **operands, uint32_t count,
                      cp_position at)
{
    cp_node *node = make_node(core, CP_NODE_CALL, at);
    if (node == NULL || !adopt(node, procedure) || !adopt_all(node, operands, count))
        return NULL;
    node->as.call.procedure = procedure;
    node->as.call.operands = operands;
    node->as.call.count = count;
    return node;
}

cp_node *cp_core_primitive(cp_nodes *core, cp_primitive which, cp_node **operands, uint32_t count,
                           cp_position at)
{
    assert(which < CP_PRIM_COUNT);
    cp_node *node = make_node(core, CP_NODE_PRIMITIVE, at);
    if (node == NULL || !adopt_all(node, operands, count))
        return NULL;
    node->as.primitive.which = (uint16_t)which;
    node->as.primitive.operands = operands;
    node->as.primitive.count = (uint16_t)count;
    return node;
}

cp_node *cp_core_sequence(cp_nodes *core, cp_node **nodes, uint32_t count, cp_position at)
{
    assert(count >= 1);
    if (count == 1)
        return nodes[0];
    cp_node *node = make_node(core, CP_NODE_SEQUENCE, at);
    if (node == NULL || !adopt_all(node, nodes, count))
        return NULL;
    node->as.sequence.nodes = nodes;
    node->as.sequence.count = count;
    return node;
}

cp_node *cp_core_let(cp_nodes *core, cp_node_kind kind, cp_local **variables, cp_node **values,
                     uint32_t count, cp_node *body, cp_position at)
{
    assert(kind == CP_NODE_LET || kind == CP_NODE_FIX);
    if (count == 0)
        return body;
    cp_node *node = make_node(core, kind, at);
    if (node == NULL || !adopt(node, body) || !adopt_all(node, values, count))
        return NULL;
    node->as.let.variables = variables;
    node->as.let.values = values;
    node->as.let.count = count;
    node->as.let.body = body;
    return node;
}

cp_node *cp_core_receive(cp_nodes *core, cp_local **variables, uint32_t required, bool has_rest,
                         cp_node *producer, cp_node *body, cp_position at)
{
    cp_node *node = make_node(core, CP_NODE_RECEIVE, at);
    if (node == NULL || !adopt(node, producer) || !adopt(node, body))
        return NULL;
    node->as.receive.variables = variables;
    node->as.receive.required = (uint16_t)required;
    node->as.receive.has_rest = has_rest;
    node->as.receive.producer = producer;
    node->as.receive.body = body;
    return node;
}

cp_global *cp_core_find_global(cp_nodes *core, const char *name, const char *cell)
{
    cp_identifier *id = cp_terms_name(core->terms, cell, strlen(cell));
    if (id == NULL)
        return NULL;
    for (cp_global *global = core->globals; global != NULL; global = global->next) {
        if (global->cell == id->name)
            return global;
    }
    cp_global *global = CP_TAKE(&core->terms->arena, cp_global);
    if (global == NULL)
        return NULL;
    *global = (cp_global){.name = name,
                          .cell = id->name,
                          .primitive = CP_PRIM_NONE,
                          .least = -1,
                          .most = -1,
                          .next = core->globals};
    core->globals = global;
    return global;
}

/* ---- Looking ------------------------------------------------------------------------------- */

static bool all_pure(cp_node *const *nodes, uint32_t count, uint32_t depth)
{
    for (uint32_t i = 0; i < count; i++) {
        if (!cp_node_is_pure(nodes[i], depth))
            return false;
    }
    return true;
}

bool cp_node_is_pure(const cp_node *node, uint32_t depth)
{
    if (depth == 0)
        return false;
    switch (node->kind) {
    case CP_NODE_CONSTANT:
    case CP_NODE_LAMBDA:
        return true;
    case CP_NODE_LOCAL:
        return node->as.local.variable->sets == 0 && !node->as.local.variable->needs_check;
    case CP_NODE_IF:
        return cp_node_is_pure(node->as.branch.test, depth - 1) &&
               cp_node_is_pure(node->as.branch.then, depth - 1) &&
               cp_node_is_pure(node->as.branch.otherwise, depth - 1);
    case CP_NODE_PRIMITIVE:
        return (cp_primitives[node->as.primitive.which].flags & CP_PURE) &&
               all_pure(node->as.primitive.operands, node->as.primitive.count, depth - 1);
    case CP_NODE_SEQUENCE:
        return all_pure(node->as.sequence.nodes, node->as.sequence.count, depth - 1);
    case CP_NODE_LET:
    case CP_NODE_FIX:
        return all_pure(node->as.let.values, node->as.let.count, depth - 1) &&
               cp_node_is_pure(node->as.let.body, depth - 1);
    case CP_NODE_GLOBAL: /* may be unbound */
    case CP_NODE_LOCAL_SET:
    case CP_NODE_GLOBAL_SET:
    case CP_NODE_GLOBAL_DEFINE:
    case CP_NODE_CALL:
    case CP_NODE_RECEIVE:
    case CP_NODE_COUNT:
        return false;
    }
    return false;
}

cp_node **cp_node_child(cp_node *node, uint32_t index)
{
    switch (node->kind) {
    case CP_NODE_CONSTANT:
    case CP_NODE_LOCAL:
    case CP_NODE_GLOBAL:
    case CP_NODE_COUNT:
        return NULL;
    case CP_NODE_LOCAL_SET:
        return index == 0 ? &node->as.local.value : NULL;
    case CP_NODE_GLOBAL_SET:
    case CP_NODE_GLOBAL_DEFINE:
        return index == 0 ? &node->as.global.value : NULL;
    case CP_NODE_IF:
        return index == 0   ? &node->as.branch.test
               : index == 1 ? &node->as.branch.then
               : index == 2 ? &node->as.branch.otherwise
                            : NULL;
    case CP_NODE_LAMBDA:
        return index < node->as.lambda->clause_count ? &node->as.lambda->clauses[index].body : NULL;
    case CP_NODE_CALL:
        if (index == 0)
            return &node->as.call.procedure;
        return index <= node->as.call.count ? &node->as.call.operands[index - 1] : NULL;
    case CP_NODE_PRIMITIVE:
        return index < node->as.primitive.count ? &node->as.primitive.operands[index] : NULL;
    case CP_NODE_SEQUENCE:
        return index < node->as.sequence.count ? &node->as.sequence.nodes[index] : NULL;
    case CP_NODE_LET:
    case CP_NODE_FIX:
        if (index < node->as.let.count)
            return &node->as.let.values[index];
        return index == node->as.let.count ? &node->as.let.body : NULL;
    case CP_NODE_RECEIVE:
        return index == 0 ? &node->as.receive.producer : index == 1 ? &node->as.receive.body : NULL;
    }
    return NULL;
}

/* ---- Printing ------------------------------------------------------------------------------ */

enum { PRINT_DEPTH_MAX = 1000 };

static void print_local(cp_printer *printer, const cp_local *local)
{
    cp_print(printer, "%s.%u", local->name, local->number);
}

static void print_nodes(cp_printer *printer, cp_node *const *nodes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        cp_print(printer, " ");
        cp_core_print(printer, nodes[i]);
    }
    cp_print(printer, ")");
}

static void print_parameters(cp_printer *printer, cp_local *const *locals, uint32_t required,
                             uint32_t optional, bool has_rest)
{
    cp_print(printer, "(");
    for (uint32_t i = 0; i < required + optional + has_rest; i++) {
        cp_print(printer, "%s%s%s", i > 0 ? " " : "", i == required && optional > 0 ? "? " : "",
                 i == required + optional ? ". " : "");
        print_local(printer, locals[i]);
    }
    cp_print(printer, ")");
}

static void print_lambda(cp_printer *printer, const cp_lambda *lambda)
{
    cp_print(printer, lambda->clause_count == 1 ? "(lambda" : "(case-lambda");
    for (uint32_t i = 0; i < lambda->clause_count; i++) {
        const cp_clause *clause = &lambda->clauses[i];
        cp_print(printer, lambda->clause_count == 1 ? " " : " (");
        print_parameters(printer, clause->parameters, clause->required, clause->optional,
                         clause->has_rest);
        cp_print(printer, " ");
        cp_core_print(printer, clause->body);
        if (lambda->clause_count > 1)
            cp_print(printer, ")");
    }
    cp_print(printer, ")");
}

static void print_let(cp_printer *printer, const cp_node *node)
{
    cp_print(printer, node->kind == CP_NODE_LET ? "(let (" : "(fix (");
    for (uint32_t i = 0; i < node->as.let.count; i++) {
        cp_print(printer, i > 0 ? " (" : "(");
        print_local(printer, node->as.let.variables[i]);
        cp_print(printer, " ");
        cp_core_print(printer, node->as.let.values[i]);
        cp_print(printer, ")");
    }
    cp_print(printer, ") ");
    cp_core_print(printer, node->as.let.body);
    cp_print(printer, ")");
}

static void print_primitive(cp_printer *printer, const cp_node *node)
{
    static const char *const names[] = {"%record", "%record-ref", "%record-set!", "%record?"};
    cp_primitive which = (cp_primitive)node->as.primitive.which;
    if (which >= CP_PRIM_RECORD)
        cp_print(printer, "(%s %s %u", names[which - CP_PRIM_RECORD],
                 node->as.primitive.global->cell, node->as.primitive.index);
    else
        cp_print(printer, "(%%%s", cp_primitives[which].word);
    print_nodes(printer, node->as.primitive.operands, node->as.primitive.count);
}

static void print_constant(cp_printer *printer, const cp_term *term)
{
    bool needs_quote = term->kind == CP_TERM_PAIR || term->kind == CP_TERM_VECTOR ||
                       term->kind == CP_TERM_IDENTIFIER || cp_term_is_nil(term);
    cp_print(printer, needs_quote ? "'" : "");
    cp_term_print(printer, term, PRINT_DEPTH_MAX);
}

void cp_core_print(cp_printer *printer, const cp_node *node)
{
    switch (node->kind) {
    case CP_NODE_CONSTANT:
        print_constant(printer, node->as.constant);
        return;
    case CP_NODE_LOCAL:
        print_local(printer, node->as.local.variable);
        return;
    case CP_NODE_LOCAL_SET:
        cp_print(printer, "(set! ");
        print_local(printer, node->as.local.variable);
        print_nodes(printer, &node->as.local.value, 1);
        return;
    case CP_NODE_GLOBAL:
        cp_print(printer, "%s", node->as.global.global->cell);
        return;
    case CP_NODE_GLOBAL_SET:
    case CP_NODE_GLOBAL_DEFINE:
        cp_print(printer, node->kind == CP_NODE_GLOBAL_SET ? "(set! %s" : "(define %s",
                 node->as.global.global->cell);
        print_nodes(printer, &node->as.global.value, 1);
        return;
    case CP_NODE_IF:
        cp_print(printer, "(if");
        cp_node *parts[] = {node->as.branch.test, node->as.branch.then, node->as.branch.otherwise};
        print_nodes(printer, parts, 3);
        return;
    case CP_NODE_LAMBDA:
        print_lambda(printer, node->as.lambda);
        return;
    case CP_NODE_CALL:
        cp_print(printer, "(");
        cp_core_print(printer, node->as.call.procedure);
        print_nodes(printer, node->as.call.operands, node->as.call.count);
        return;
    case CP_NODE_PRIMITIVE:
        print_primitive(printer, node);
        return;
    case CP_NODE_SEQUENCE:
        cp_print(printer, "(begin");
        print_nodes(printer, node->as.sequence.nodes, node->as.sequence.count);
        return;
    case CP_NODE_LET:
    case CP_NODE_FIX:
        print_let(printer, node);
        return;
    case CP_NODE_RECEIVE:
        cp_print(printer, "(receive ");
        print_parameters(printer, node->as.receive.variables, node->as.receive.required, 0,
                         node->as.receive.has_rest);
        cp_node *rest[] = {node->as.receive.producer, node->as.receive.body};
        print_nodes(printer, rest, 2);
        return;
    case CP_NODE_COUNT:
        return;
    }
}
