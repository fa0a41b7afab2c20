/* definition.h -- a checked tree, flat: what never changes while it is ticked.
 *
 * Owns:  one block of arrays in preorder, shared by instances and threads, counted.
 * Never: changes after it was built, knows an instance.
 *
 *   nodes:     0 seq    1 cond   2 sel    3 act    4 act        a subtree is the range [i, end),
 *   end:       5        2        5        4        5            its first child is i + 1,
 *   parent:    -        0        0        2        2            the next sibling of i is end(i)
 *
 * Memory of nodes is laid out in preorder too, so a subtree's is one range. */
#ifndef CP_BT_DEFINITION_H
#define CP_BT_DEFINITION_H

#include <stdatomic.h>
#include <stdbool.h>

#include <copse/bt.h>

#include "sched/compiler.h"

#define CP_NO_KEY UINT32_MAX
#define CP_NO_INDEX UINT32_MAX

enum { CP_MOST_OUTPUTS = 32 }; /* that the leaves of one tree use: a claim is a bit */

/* Flags of a node beside the flags of its kind, which start at bit 0. */
enum {
    CP_NODE_HAS_CONDITIONS = 1 << 16,
    CP_NODE_HAS_END_HOOKS = 1 << 17,
    CP_NODE_HAS_HALT_HOOK = 1 << 18
};

/* What a visit needs: half a cache line, and nothing else is touched for a plain node. */
typedef struct cp_bt_node {
    const copse_bt_node_kind *kind;
    uint32_t parent; /* COPSE_BT_NO_NODE for the root */
    uint32_t end;    /* first node behind the subtree */
    uint32_t memory; /* byte offset of its memory in the instance's node memory */
    uint32_t index;  /* of a leaf: its call; else: its first option */
    uint32_t extra;  /* its row of expressions; only read when flags say that there is one */
    uint32_t flags;
} cp_bt_node;

_Static_assert(sizeof(cp_bt_node) == 32, "two nodes a cache line");

/* One place where a leaf is called: an act, a cond, or an expression of a node. */
typedef struct cp_call {
    copse_bt_leaf_function *tick; /* NULL: the interpreter runs it, the machine asks */
    void *user;
    const copse_bt_leaf *leaf; /* borrowed, as the registry says */
    uint32_t node;
    uint32_t memory;        /* byte offset in the instance's leaf memory */
    uint32_t act;           /* its leaf state in an instance; CP_NO_INDEX for what never runs on */
    uint32_t first_binding; /* one for each port */
    uint32_t claims;        /* a bit for each of the definition's outputs */
    bool is_plain;          /* in C, with tick and nothing else: called without any bookkeeping */
} cp_call;

/* What a port of a call is bound to. Neither a key nor a constant: an output that nobody wants. */
typedef struct cp_bt_binding {
    uint32_t key; /* CP_NO_KEY: see constant */
    copse_bt_constant constant;
} cp_bt_binding;

/* The expressions of one node: the call of each, or CP_NO_INDEX. */
typedef struct cp_extra {
    uint32_t calls[COPSE_BT_EXPRESSION_COUNT];
} cp_extra;

/* What only people and errors look at. */
typedef struct cp_label {
    const char *name;  /* from :name, the leaf, or the kind */
    const char *place; /* where it was written, "" when nobody said */
    uint32_t child_count;
} cp_label;

struct copse_bt_definition {
    atomic_uint references; /* taken relaxed, given release, freed after acquire */
    const copse_allocator *allocator;
    size_t size; /* of this block */
    const char *name;
    const cp_bt_node *nodes;
    const cp_label *labels; /* one for each node */
    const copse_bt_option_value *options;
    const cp_call *calls;
    const cp_bt_binding *bindings;
    const cp_extra *extras;
    const uint32_t *acts;       /* the call of each act, by its leaf state */
    const copse_bt_key *keys;   /* their texts are in this block */
    const char *const *outputs; /* names; their index is the bit of a claim */
    uint32_t node_count;
    uint32_t option_count;
    uint32_t call_count;
    uint32_t act_count;
    uint32_t binding_count;
    uint32_t extra_count;
    uint32_t key_count;
    uint32_t output_count;
    uint32_t node_memory_size; /* both are multiples of 8 */
    uint32_t leaf_memory_size;
};

CP_ALWAYS_INLINE bool cp_node_has_children(const cp_bt_node *nodes, uint32_t node)
{
    return nodes[node].end > node + 1;
}

/* The number of the first output in CLAIMS, which is not empty. */
CP_ALWAYS_INLINE uint32_t cp_first_output(uint32_t claims)
{
    return (uint32_t)__builtin_ctz(claims);
}

/* First byte behind the memory of the subtree of NODE. */
CP_ALWAYS_INLINE uint32_t cp_definition_memory_end(const copse_bt_definition *definition,
                                                   uint32_t node)
{
    uint32_t end = definition->nodes[node].end;
    return end == definition->node_count ? definition->node_memory_size
                                         : definition->nodes[end].memory;
}

#endif
