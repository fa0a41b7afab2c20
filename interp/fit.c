/* fit.c -- a part that moves becomes a procedure without parameters that is called on the spot:
 * what it reads, it captures. Registers are counted as emit.c will use them, or a few more. */
#include "interp/fit.h"

#include <string.h>

typedef struct fitter {
    cp_expander *x;
    cp_nodes *core;
    bool is_failed;
} fitter;

static cp_node *copy_as_node(fitter *s, const cp_node *node)
{
    cp_node *copy = CP_TAKE(&s->x->terms->arena, cp_node);
    if (copy == NULL)
        s->is_failed = true;
    else
        *copy = *node;
    return copy;
}

/* Registers are named by a byte and link slots by 16 bits. */
enum {
    REGISTERS_USED = 150, /* by variables and windows around a node that stays where it is */
    REGISTERS_MAX = 236,
    OPERANDS_MAX = 200, /* of a call; more go through a list and apply */
    PIECE = 50,         /* of such a list */
    NODES_MAX = 4000,   /* of one procedure */
    NODES_WORTH = 300   /* a part that is worth a procedure when there are too many */
};

static uint32_t fit(fitter *s, cp_node *node, uint32_t top);

static void outline(fitter *s, cp_node *node)
{
    cp_node *body = copy_as_node(s, node);
    cp_node *lambda =
        body == NULL ? NULL : cp_core_simple_lambda(s->core, "part", NULL, 0, body, node->position);
    if (lambda == NULL) {
        s->is_failed = true;
        return;
    }
    node->kind = CP_NODE_CALL;
    node->as.call.procedure = lambda;
    node->as.call.operands = NULL;
    node->as.call.count = 0;
}

/* A call with too many operands: (%apply procedure list), the list built from its end. */
static void become_apply(fitter *s, cp_node *node)
{
    cp_node *list = cp_core_value(s->core, CP_NIL, node->position);
    uint32_t end = node->as.call.count;
    while (end > 0 && list != NULL) { /* by pieces, so that the nodes do not nest deep */
        uint32_t begin = end > PIECE ? end - PIECE : 0;
        cp_node *piece = cp_core_value(s->core, CP_NIL, node->position);
        for (uint32_t i = end; i > begin && piece != NULL; i--)
            piece = cp_expand_primitive(s->x, CP_PRIM_CONS, node->as.call.operands[i - 1], piece,
                                        node->position);
        cp_node **operands = CP_TAKE_ARRAY(&s->x->terms->arena, 2, cp_node *);
        if (operands == NULL || piece == NULL)
            break;
        operands[0] = piece;
        operands[1] = list;
        list = cp_expand_runtime(s->x, "%append", operands, 2, node->position);
        if (list != NULL && list->height > CP_EXPAND_HEIGHT_MAX / 2)
            outline(s, list);
        end = begin;
    }
    cp_node **operands = CP_TAKE_ARRAY(&s->x->terms->arena, 2, cp_node *);
    if (operands == NULL || list == NULL || end > 0) {
        s->is_failed = true;
        return;
    }
    operands[0] = node->as.call.procedure;
    operands[1] = list;
    cp_node *apply = cp_expand_runtime(s->x, "%apply", operands, 2, node->position);
    if (apply == NULL)
        s->is_failed = true;
    else
        cp_node_become(node, apply);
}

/* Cut the nodes of a long sequence into procedures. */
static uint32_t fit_sequence(fitter *s, cp_node *node, uint32_t top)
{
    cp_node **nodes = node->as.sequence.nodes;
    uint32_t n = node->as.sequence.count, kept = 0, begin = 0, size = 0, total = 0;
    for (uint32_t i = 0; i < n && !s->is_failed; i++) {
        size += fit(s, nodes[i], top);
        if (size < NODES_MAX || i + 1 == n)
            continue;
        cp_node *piece =
            cp_core_sequence(s->core, nodes + begin, i + 1 - begin, nodes[i]->position);
        piece = piece == NULL ? NULL : copy_as_node(s, piece);
        if (piece == NULL) {
            s->is_failed = true;
            return 0;
        }
        if (i > begin) { /* its array must not be written over */
            cp_node **own = CP_TAKE_ARRAY(&s->x->terms->arena, i + 1 - begin, cp_node *);
            if (own == NULL) {
                s->is_failed = true;
                return 0;
            }
            memcpy(own, nodes + begin, (i + 1 - begin) * sizeof *own);
            piece->as.sequence.nodes = own;
        }
        outline(s, piece);
        nodes[kept++] = piece;
        total += 3;
        begin = i + 1;
        size = 0;
    }
    for (uint32_t i = begin; i < n; i++)
        nodes[kept++] = nodes[i];
    node->as.sequence.count = kept;
    return total + size;
}

/* Registers that the children of NODE may find taken: TOP, and what NODE itself holds by then. */
static uint32_t top_of_child(const cp_node *node, uint32_t top, uint32_t index)
{
    switch (node->kind) {
    case CP_NODE_CALL:
        return top + 2 + (index == 0 ? 0 : index - 1);
    case CP_NODE_PRIMITIVE:
    case CP_NODE_LET:
        return top + index + 1;
    case CP_NODE_RECEIVE:
        return index == 0 ? top + 2 : top + node->as.receive.required + 1;
    case CP_NODE_FIX: {
        uint32_t held = node->as.let.count + 1; /* closures, or the parameters of loops */
        for (uint32_t i = 0; i < node->as.let.count; i++)
            held += node->as.let.values[i]->as.lambda->clauses[0].required;
        return top + held;
    }
    case CP_NODE_CONSTANT:
    case CP_NODE_LOCAL:
    case CP_NODE_LOCAL_SET:
    case CP_NODE_GLOBAL:
    case CP_NODE_GLOBAL_SET:
    case CP_NODE_GLOBAL_DEFINE:
    case CP_NODE_IF:
    case CP_NODE_LAMBDA:
    case CP_NODE_SEQUENCE:
    case CP_NODE_COUNT:
        return top + 1;
    }
    return top + 1;
}

/* The registers that NODE needs above TOP for itself. */
static uint32_t own_need(const cp_node *node)
{
    if (node->kind == CP_NODE_CALL)
        return node->as.call.count + 3;
    if (node->kind == CP_NODE_PRIMITIVE)
        return node->as.primitive.count + 3u;
    if (node->kind == CP_NODE_LET)
        return node->as.let.count + 3;
    if (node->kind == CP_NODE_RECEIVE)
        return node->as.receive.required + 4u;
    if (node->kind == CP_NODE_FIX)
        return top_of_child(node, 3, 0);
    return 3;
}

/* Atoms of a constant, each of which takes a link slot. The depth is that of form.h. */
static uint32_t count_atoms(const cp_term *term)
{
    uint32_t atoms = 1;
    for (; cp_term_is_pair(term); term = term->as.pair.cdr)
        atoms += count_atoms(term->as.pair.car);
    for (uint32_t i = 0; term->kind == CP_TERM_VECTOR && i < term->length; i++)
        atoms += count_atoms(term->as.items[i]);
    return atoms;
}

/* TOP registers are taken when LAMBDA is code of the frame around it, else 0. */
static uint32_t fit_lambda(fitter *s, cp_lambda *lambda, uint32_t top)
{
    uint32_t size = 0;
    for (uint32_t i = 0; i < lambda->clause_count; i++) {
        const cp_clause *c = &lambda->clauses[i];
        size += fit(s, c->body, top + (uint32_t)c->required + c->optional + c->has_rest);
    }
    return size;
}

/* Fit NODE, above which TOP registers are taken; its size in nodes when all is done. */
static uint32_t fit(fitter *s, cp_node *node, uint32_t top)
{
    if (s->is_failed)
        return 0;
    if (node->kind == CP_NODE_CALL && node->as.call.count > OPERANDS_MAX) {
        become_apply(s, node);
        return fit(s, node, top);
    }
    bool is_deep = top > REGISTERS_USED && node->height > 3 && node->kind != CP_NODE_LAMBDA;
    bool is_wide =
        top + own_need(node) > REGISTERS_MAX && node->height > 1 && node->kind != CP_NODE_LAMBDA;
    if ((is_deep || is_wide) && top > 3) {
        outline(s, node);
        (void)fit_lambda(s, node->as.call.procedure->as.lambda, 0);
        return 3;
    }
    if (node->kind == CP_NODE_LAMBDA) { /* a template of its own */
        (void)fit_lambda(s, node->as.lambda, 0);
        return 1;
    }
    if (node->kind == CP_NODE_CONSTANT)
        return count_atoms(node->as.constant);
    if (node->kind == CP_NODE_SEQUENCE && node->as.sequence.count > 8)
        return fit_sequence(s, node, top);
    uint32_t total = 1;
    cp_node **child;
    for (uint32_t i = 0; (child = cp_node_child(node, i)) != NULL; i++) {
        if (node->kind == CP_NODE_FIX && (*child)->kind == CP_NODE_LAMBDA) {
            total += fit_lambda(s, (*child)->as.lambda, top_of_child(node, top, i));
            continue;
        }
        uint32_t size = fit(s, *child, top_of_child(node, top, i));
        if (total + size > NODES_MAX && size > NODES_WORTH && (*child)->kind != CP_NODE_LAMBDA) {
            outline(s, *child);
            size = 3;
        }
        total += size;
    }
    return total;
}

bool cp_fit(cp_expander *x, cp_node *node)
{
    fitter s = {.x = x, .core = &x->core};
    (void)fit(&s, node, 0);
    return !s.is_failed;
}
