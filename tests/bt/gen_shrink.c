/* gen_shrink.c -- greedy: each try makes one candidate, and one that fails too takes the place of
 * the best. A candidate is a whole copy, so no edit has to be undone. Every edit makes the case
 * smaller in steps, nodes, options or passing time, so the rounds end. */
#include "tests/bt/gen_shrink.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

enum { SEEDS_TRIED = 512 };

typedef struct {
    gen_case best;
    gen_predicate *fails;
    void *context;
} hunt;

static bool try_candidate(hunt *h, gen_case own)
{
    if (gen_tree_problem(&own.tree) != NULL || !h->fails(h->context, &own)) {
        gen_case_free(&own);
        return false;
    }
    gen_case_free(&h->best);
    h->best = own;
    return true;
}

static bool try_steps(hunt *h)
{
    bool is_better = false;
    for (uint32_t size = h->best.step_count; size > 0; size /= 2)
        for (uint32_t i = h->best.step_count; i-- > 0;) {
            if (i + size > h->best.step_count)
                continue;
            gen_case smaller = gen_case_copy(&h->best);
            uint32_t after = smaller.step_count - i - size;
            memmove(smaller.steps + i, smaller.steps + i + size, after * sizeof(gen_step));
            smaller.step_count -= size;
            is_better |= try_candidate(h, smaller);
        }
    return is_better;
}

/* Takes out the time that passes before each step, or all of it but one ms. */
static bool try_times(hunt *h)
{
    bool is_better = false;
    for (uint32_t i = 0; i < h->best.step_count; i++)
        for (int64_t left = 0; left <= 1; left++) {
            int64_t before = i == 0 ? 0 : h->best.steps[i - 1].now_ms;
            int64_t passes = h->best.steps[i].now_ms - before;
            if (passes <= left)
                continue;
            gen_case quicker = gen_case_copy(&h->best);
            for (uint32_t j = i; j < quicker.step_count; j++)
                quicker.steps[j].now_ms -= passes - left;
            is_better |= try_candidate(h, quicker);
        }
    return is_better;
}

/* The best case with the nodes of the subtree at INDEX replaced by COUNT others (borrowed, and one
 * subtree, or none: then the parent has a child less). */
static gen_case with_subtree(const hunt *h, uint32_t index, const gen_node *nodes, uint32_t count)
{
    const gen_tree *old = &h->best.tree;
    gen_case made = gen_case_copy(&h->best);
    uint32_t after = index + gen_subtree_size(old, index);
    made.tree.count = index;
    if (count == 0)
        made.tree.nodes[gen_parent(old, index)].child_count--;
    for (uint32_t i = 0; i < count; i++)
        gen_tree_add(&made.tree, nodes[i]);
    for (uint32_t i = after; i < old->count; i++)
        gen_tree_add(&made.tree, old->nodes[i]);
    return made;
}

static bool try_removal(hunt *h, uint32_t index)
{
    return index > 0 && try_candidate(h, with_subtree(h, index, NULL, 0));
}

/* Puts each child of the node at INDEX in its place. */
static bool try_children(hunt *h, uint32_t index)
{
    uint32_t child = index + 1;
    for (uint32_t i = 0; i < h->best.tree.nodes[index].child_count; i++) {
        uint32_t size = gen_subtree_size(&h->best.tree, child);
        if (try_candidate(h, with_subtree(h, index, h->best.tree.nodes + child, size)))
            return true;
        child += size;
    }
    return false;
}

static bool try_constants(hunt *h, uint32_t index)
{
    static const gen_kind constants[] = {GEN_KIND_SUCCEED, GEN_KIND_FAIL, GEN_KIND_RUNNING};
    for (int i = 0; i < 3; i++) {
        gen_node constant = gen_node_of(constants[i]);
        gen_kind kind = h->best.tree.nodes[index].kind;
        bool is_constant = kind == constants[0] || kind == constants[1] || kind == constants[2];
        if (!is_constant && try_candidate(h, with_subtree(h, index, &constant, 1)))
            return true;
    }
    return false;
}

static bool try_nodes(hunt *h)
{
    bool is_better = false;
    for (uint32_t i = 0; i < h->best.tree.count; i++)
        while (i < h->best.tree.count &&
               (try_removal(h, i) || try_children(h, i) || try_constants(h, i)))
            is_better = true;
    return is_better;
}

/* Tries the best case with NODE in place of the one at INDEX, if that is a change. */
static bool try_node(hunt *h, uint32_t index, gen_node node)
{
    if (memcmp(&node, &h->best.tree.nodes[index], sizeof node) == 0)
        return false;
    gen_case made = gen_case_copy(&h->best);
    made.tree.nodes[index] = node;
    return try_candidate(h, made);
}

/* Tries NODE with the number at FIELD (of the copy NODE) put to VALUE; keeps it when it fails. */
static bool try_number(hunt *h, uint32_t index, size_t field, int64_t value)
{
    gen_node node;
    memcpy(&node, &h->best.tree.nodes[index], sizeof node);
    memcpy((char *)&node + field, &value, sizeof value);
    return try_node(h, index, node);
}

static bool try_numbers(hunt *h, uint32_t index)
{
    const gen_node *node = &h->best.tree.nodes[index];
    gen_node plain = gen_node_of(node->kind);
    bool is_better = try_number(h, index, offsetof(gen_node, success), plain.success);
    is_better |= try_number(h, index, offsetof(gen_node, failure), plain.failure);
    is_better |= try_number(h, index, offsetof(gen_node, delay_ms), plain.delay_ms);
    is_better |= try_number(h, index, offsetof(gen_node, backoff), plain.backoff);
    is_better |= try_number(h, index, offsetof(gen_node, halt_within_ms), plain.halt_within_ms);
    if (h->best.tree.nodes[index].number > 1)
        is_better |= try_number(h, index, offsetof(gen_node, number), 1);
    if (h->best.tree.nodes[index].number > 2)
        is_better |=
            try_number(h, index, offsetof(gen_node, number), h->best.tree.nodes[index].number / 2);
    return is_better;
}

static bool try_flags(hunt *h, uint32_t index)
{
    bool is_better = false;
    gen_node node;
#define TRY_WITHOUT(field)                                                                         \
    memcpy(&node, &h->best.tree.nodes[index], sizeof node);                                        \
    node.field = 0;                                                                                \
    is_better |= try_node(h, index, node)
    TRY_WITHOUT(is_early);
    TRY_WITHOUT(is_in_place);
    TRY_WITHOUT(error_is_success);
    for (int i = 0; i < GEN_CONDITION_COUNT; i++) {
        TRY_WITHOUT(conditions[i]);
    }
    for (int i = 0; i < GEN_HOOK_COUNT; i++) {
        TRY_WITHOUT(has_hook[i]);
    }
#undef TRY_WITHOUT
    for (uint32_t i = 0; i < GEN_OUTPUT_COUNT; i++) {
        memcpy(&node, &h->best.tree.nodes[index], sizeof node);
        node.outputs &= ~(UINT32_C(1) << i);
        is_better |= try_node(h, index, node);
    }
    return is_better;
}

static bool try_options(hunt *h)
{
    bool is_better = false;
    for (uint32_t i = 0; i < h->best.tree.count; i++) {
        is_better |= try_numbers(h, i);
        is_better |= try_flags(h, i);
    }
    return is_better;
}

/* Another seed may show the same in a step less. */
static bool try_seeds(hunt *h)
{
    if (h->best.step_count < 2)
        return false;
    for (uint64_t seed = 0; seed < SEEDS_TRIED; seed++) {
        gen_case shorter = gen_case_copy(&h->best);
        shorter.seed = seed;
        shorter.step_count--; /* the first goes: often only the last lets time pass */
        memmove(shorter.steps, shorter.steps + 1, shorter.step_count * sizeof(gen_step));
        if (try_candidate(h, shorter))
            return true;
    }
    return false;
}

gen_case gen_shrink(const gen_case *given, gen_predicate *fails, void *context)
{
    hunt h = {gen_case_copy(given), fails, context};
    assert(fails(context, given));
    bool is_better = true;
    while (is_better) {
        is_better = try_nodes(&h);
        is_better |= try_steps(&h);
        is_better |= try_options(&h);
        is_better |= try_times(&h);
        is_better |= try_seeds(&h);
    }
    return h.best;
}
