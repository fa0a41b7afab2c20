/* gen.c -- random answers are hashes of their question, not a sequence: two systems that ask in
 * another order still hear the same. Memory is the C library's and never refused. */
#include "tests/bt/gen.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

const gen_kind_row gen_kinds[GEN_KIND_COUNT] = {
#define X(name, text, fewest, most, argument) {text, fewest, most, GEN_ARGUMENT_##argument},
    GEN_KINDS(X)
#undef X
};

const char gen_status_letters[] = {
#define X(name, letter) letter,
    GEN_STATUSES(X)
#undef X
};

void *gen_grow(void *block, size_t count, size_t size)
{
    void *grown = realloc(block, count * size + 1);
    assert(grown != NULL);
    return grown;
}

static void *copy(const void *block, size_t count, size_t size)
{
    void *made = gen_grow(NULL, count, size);
    if (count != 0)
        memcpy(made, block, count * size);
    return made;
}

/* Trees */

gen_node gen_node_of(gen_kind kind)
{
    gen_node node = {.kind = kind};
    if (kind == GEN_KIND_ACT)
        node.halt_within_ms = GEN_HALT_WITHIN_MS;
    if (kind == GEN_KIND_REPEAT || kind == GEN_KIND_RETRY) {
        node.number = 1;
        node.backoff = 1;
    }
    if (kind == GEN_KIND_PARALLEL) {
        node.success = -1;
        node.failure = 1;
    }
    return node;
}

uint32_t gen_subtree_size(const gen_tree *tree, uint32_t index)
{
    assert(index < tree->count);
    uint32_t size = 1;
    for (uint32_t i = 0; i < tree->nodes[index].child_count; i++)
        size += gen_subtree_size(tree, index + size);
    return size;
}

/* The parent is the last node before INDEX whose subtree reaches it. */
uint32_t gen_parent(const gen_tree *tree, uint32_t index)
{
    assert(index > 0);
    uint32_t parent = index;
    do
        parent--;
    while (parent + gen_subtree_size(tree, parent) <= index);
    return parent;
}

static uint32_t outputs_of(const gen_tree *tree, uint32_t index)
{
    uint32_t outputs = 0;
    uint32_t end = index + gen_subtree_size(tree, index);
    for (uint32_t i = index; i < end; i++)
        outputs |= tree->nodes[i].outputs;
    return outputs;
}

static const char *node_problem(const gen_node *node)
{
    if (node->child_count < gen_kinds[node->kind].fewest)
        return "too few children";
    if (node->child_count > gen_kinds[node->kind].most)
        return "too many children";
    if (gen_kinds[node->kind].argument == GEN_ARGUMENT_TIMES) {
        if (node->number < -1)
            return "times is less than -1";
        if (node->backoff < 1)
            return "backoff is less than 1";
        if (node->delay_ms < 0)
            return "delay-ms is negative";
    }
    if (gen_kinds[node->kind].argument == GEN_ARGUMENT_MS && node->number < 0)
        return "the time is negative";
    if (gen_kinds[node->kind].argument == GEN_ARGUMENT_LEAF && node->leaf == 0)
        return "a leaf has no name";
    if (node->kind == GEN_KIND_ACT && node->halt_within_ms < 0)
        return "halt-within-ms is negative";
    if (node->kind == GEN_KIND_PARALLEL && node->child_count != 0 &&
        (node->success > node->child_count || node->failure > node->child_count))
        return "a threshold is larger than the number of children";
    return NULL;
}

static bool claims_twice(const gen_tree *tree, uint32_t parallel)
{
    uint32_t claimed = 0;
    uint32_t child = parallel + 1;
    for (uint32_t i = 0; i < tree->nodes[parallel].child_count; i++) {
        uint32_t outputs = outputs_of(tree, child);
        if ((claimed & outputs) != 0)
            return true;
        claimed |= outputs;
        child += gen_subtree_size(tree, child);
    }
    return false;
}

static bool same_name(const gen_node *left, const gen_node *right)
{
    if (left->leaf != 0 && left->leaf == right->leaf)
        return true;
    for (int i = 0; i < GEN_CONDITION_COUNT; i++)
        for (int j = 0; j < GEN_CONDITION_COUNT; j++)
            if (left->conditions[i] != 0 && left->conditions[i] == right->conditions[j] &&
                (left != right || i != j))
                return true;
    return false;
}

const char *gen_tree_problem(const gen_tree *tree)
{
    if (tree->count == 0)
        return "the tree is empty";
    for (uint32_t i = 0; i < tree->count; i++) {
        const char *problem = node_problem(&tree->nodes[i]);
        if (problem != NULL)
            return problem;
        if (tree->nodes[i].kind == GEN_KIND_PARALLEL && claims_twice(tree, i))
            return "two claims under one parallel";
        for (uint32_t j = 0; j < i; j++)
            if (same_name(&tree->nodes[i], &tree->nodes[j]))
                return "a leaf or an expression stands twice";
    }
    return NULL;
}

void gen_tree_free(gen_tree *tree)
{
    free(tree->nodes);
    *tree = (gen_tree){0};
}

gen_tree gen_tree_copy(const gen_tree *tree)
{
    return (gen_tree){copy(tree->nodes, tree->count, sizeof(gen_node)), tree->count};
}

void gen_tree_add(gen_tree *tree, gen_node node)
{
    tree->nodes = gen_grow(tree->nodes, tree->count + 1, sizeof(gen_node));
    tree->nodes[tree->count++] = node;
}

/* Logs */

void gen_log_add(gen_log *log, gen_event event)
{
    if (log->count == log->capacity) {
        log->capacity = log->capacity == 0 ? 64 : 2 * log->capacity;
        log->events = gen_grow(log->events, log->capacity, sizeof(gen_event));
    }
    log->events[log->count++] = event;
}

void gen_log_free(gen_log *log)
{
    free(log->events);
    *log = (gen_log){0};
}

static bool same_event(const gen_event *left, const gen_event *right)
{
    return left->kind == right->kind && left->node == right->node &&
           left->number == right->number && left->status == right->status &&
           left->at_ms == right->at_ms;
}

uint32_t gen_log_difference(const gen_log *left, const gen_log *right)
{
    uint32_t i = 0;
    while (i < left->count && i < right->count && same_event(&left->events[i], &right->events[i]))
        i++;
    return i == left->count && i == right->count ? GEN_MANY : i;
}

/* Random numbers and the random oracle */

uint64_t gen_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint32_t below(uint64_t *state, uint32_t limit)
{
    return (uint32_t)(gen_random(state) % limit);
}

static bool one_in(uint64_t *state, uint32_t chances)
{
    return below(state, chances) == 0;
}

typedef enum {
    QUESTION_PROFILE,
    QUESTION_LEAF,
    QUESTION_CONDITION,
    QUESTION_EXPRESSION,
    QUESTION_HALT,
} question;

/* A hash of SEED and a question, 0 to 99. */
static uint32_t percent_of(uint64_t seed, question kind, uint32_t a, uint32_t b, uint32_t c)
{
    uint64_t state = seed ^ (uint64_t)kind << 56;
    state = gen_random(&state) ^ a;
    state = gen_random(&state) ^ b;
    state = gen_random(&state) ^ c;
    return (uint32_t)(gen_random(&state) % 100);
}

static bool knows_errors(uint64_t seed)
{
    return percent_of(seed, QUESTION_PROFILE, 1, 0, 0) < 50;
}

static bool knows_skips(uint64_t seed)
{
    return percent_of(seed, QUESTION_PROFILE, 2, 0, 0) < 60;
}

static bool knows_slow_halts(uint64_t seed)
{
    return percent_of(seed, QUESTION_PROFILE, 3, 0, 0) < 40;
}

static gen_status answer_leaf(void *context, uint32_t leaf, uint32_t activation, uint32_t tick)
{
    uint64_t seed = *(const uint64_t *)context;
    uint32_t percent = percent_of(seed, QUESTION_LEAF, leaf, activation, tick);
    if (percent < 4 && knows_errors(seed))
        return GEN_ERROR;
    if (percent < 16 && knows_skips(seed))
        return GEN_SKIPPED;
    return percent < 55 ? GEN_RUNNING : percent < 78 ? GEN_SUCCESS : GEN_FAILURE;
}

static gen_status answer_condition(void *context, uint32_t leaf, uint32_t evaluation)
{
    uint64_t seed = *(const uint64_t *)context;
    uint32_t percent = percent_of(seed, QUESTION_CONDITION, leaf, evaluation, 0);
    if (percent < 2 && knows_errors(seed))
        return GEN_ERROR;
    return percent < 55 ? GEN_SUCCESS : GEN_FAILURE;
}

static gen_status answer_expression(void *context, uint32_t expression, uint32_t evaluation)
{
    uint64_t seed = *(const uint64_t *)context;
    uint32_t percent = percent_of(seed, QUESTION_EXPRESSION, expression, evaluation, 0);
    if (percent < 2 && knows_errors(seed))
        return GEN_ERROR;
    /* An expression leans to one side, else few of the nodes that have several would ever start. */
    bool leans_to_true = percent_of(seed, QUESTION_EXPRESSION, expression, 0, 0) < 60;
    return (percent < 75) == leans_to_true ? GEN_SUCCESS : GEN_FAILURE;
}

static uint32_t answer_halt_ticks(void *context, uint32_t leaf, uint32_t activation)
{
    uint64_t seed = *(const uint64_t *)context;
    uint32_t percent = percent_of(seed, QUESTION_HALT, leaf, activation, 0);
    return knows_slow_halts(seed) && percent < 60 ? 1 + percent % 5 : 0;
}

gen_oracle gen_oracle_of_seed(const uint64_t *seed)
{
    gen_oracle oracle = {
        .leaf = answer_leaf,
        .condition = answer_condition,
        .expression = answer_expression,
        .halt_ticks = answer_halt_ticks,
        .context = (void *)(uintptr_t)seed, /* the four functions only read it */
    };
    return oracle;
}

/* Random cases */

typedef struct {
    uint64_t state;
    gen_limits limits;
    gen_tree tree;
    uint32_t next_leaf;
    uint32_t next_expression;
    bool has_options; /* conditions and hooks */
    bool has_claims;
} grower;

static void grow_leaf_options(grower *g, gen_node *node)
{
    node->leaf = g->next_leaf++;
    if (node->kind == GEN_KIND_COND)
        return;
    if (g->has_claims && one_in(&g->state, 2))
        node->outputs = 1 + below(&g->state, (1 << GEN_OUTPUT_COUNT) - 1);
    if (one_in(&g->state, 3))
        node->halt_within_ms = below(&g->state, 40);
}

static int64_t random_threshold(grower *g, uint32_t child_count)
{
    if (one_in(&g->state, 12))
        return 0;
    int64_t threshold = 1 + (int64_t)below(&g->state, child_count == 0 ? 1 : child_count);
    return one_in(&g->state, 3) ? -threshold : threshold;
}

static void grow_loop_options(grower *g, gen_node *node)
{
    static const int64_t times[] = {-1, 0, 1, 2, 2, 3, 3, 5};
    node->number = times[below(&g->state, 8)];
    node->is_in_place = one_in(&g->state, 4);
    if (one_in(&g->state, 3)) {
        node->delay_ms = 1 + below(&g->state, 30);
        node->backoff = 1 + below(&g->state, 3);
    }
}

static void grow_options(grower *g, gen_node *node)
{
    switch (gen_kinds[node->kind].argument) {
    case GEN_ARGUMENT_NOTHING:
        break;
    case GEN_ARGUMENT_TIMES:
        grow_loop_options(g, node);
        break;
    case GEN_ARGUMENT_MS:
        node->number = one_in(&g->state, 10) ? 0 : below(&g->state, 60);
        break;
    case GEN_ARGUMENT_RESULT:
        node->error_is_success = one_in(&g->state, 3);
        break;
    case GEN_ARGUMENT_LEAF:
        grow_leaf_options(g, node);
        break;
    }
    for (int i = 0; i < GEN_CONDITION_COUNT; i++)
        if (g->has_options && one_in(&g->state, 10))
            node->conditions[i] = g->next_expression++;
    for (int i = 0; i < GEN_HOOK_COUNT; i++)
        node->has_hook[i] = g->has_options && one_in(&g->state, 6);
}

static gen_kind random_kind(grower *g, bool is_leaf)
{
    if (is_leaf && one_in(&g->state, 3))
        return GEN_KIND_COND;
    if (is_leaf && !one_in(&g->state, 8))
        return GEN_KIND_ACT;
    gen_kind kind;
    do
        kind = (gen_kind)below(&g->state, GEN_KIND_COUNT);
    while ((gen_kinds[kind].most == 0) != is_leaf);
    return kind;
}

static uint32_t random_child_count(grower *g, gen_kind kind)
{
    uint32_t fewest = gen_kinds[kind].fewest;
    uint32_t most = gen_kinds[kind].most < g->limits.width ? gen_kinds[kind].most : g->limits.width;
    if (most <= fewest)
        return fewest;
    if (fewest == 0 && !one_in(&g->state, 20))
        fewest = 1;
    return fewest + below(&g->state, most - fewest + 1);
}

static void grow_node(grower *g, uint32_t depth)
{
    bool is_leaf = depth == 0 || g->tree.count >= g->limits.nodes || one_in(&g->state, 5);
    gen_node node = gen_node_of(random_kind(g, is_leaf && g->tree.count != 0));
    node.child_count = random_child_count(g, node.kind);
    if (node.kind == GEN_KIND_PARALLEL) {
        if (one_in(&g->state, 2))
            node.success = random_threshold(g, node.child_count);
        if (one_in(&g->state, 2))
            node.failure = random_threshold(g, node.child_count);
        node.is_early = one_in(&g->state, 3);
    }
    grow_options(g, &node);
    gen_tree_add(&g->tree, node);
    for (uint32_t i = 0; i < node.child_count; i++)
        grow_node(g, depth == 0 ? 0 : depth - 1);
}

/* Takes from each child of the PARALLEL the outputs that an earlier child claims. */
static void drop_double_claims(gen_tree *tree, uint32_t parallel)
{
    uint32_t claimed = 0;
    uint32_t child = parallel + 1;
    for (uint32_t i = 0; i < tree->nodes[parallel].child_count; i++) {
        uint32_t end = child + gen_subtree_size(tree, child);
        for (uint32_t j = child; j < end; j++)
            tree->nodes[j].outputs &= ~claimed;
        claimed |= outputs_of(tree, child);
        child = end;
    }
}

static void grow_steps(grower *g, gen_case *grown)
{
    int64_t now_ms = 0;
    grown->step_count = 1 + below(&g->state, g->limits.steps);
    grown->steps = gen_grow(NULL, grown->step_count, sizeof(gen_step));
    bool has_halts = one_in(&g->state, 3);
    for (uint32_t i = 0; i < grown->step_count; i++) {
        now_ms += one_in(&g->state, 20) ? 500 : below(&g->state, 21);
        gen_operation operation = GEN_TICK;
        if (has_halts && one_in(&g->state, 8))
            operation = one_in(&g->state, 3) ? GEN_RESTART : GEN_HALT;
        grown->steps[i] = (gen_step){operation, now_ms};
    }
}

gen_case gen_case_random(uint64_t seed, gen_limits limits)
{
    assert(limits.nodes > 0 && limits.steps > 0);
    grower g = {.state = seed, .limits = limits, .next_leaf = 1, .next_expression = 1};
    g.has_options = one_in(&g.state, 2);
    g.has_claims = one_in(&g.state, 2);
    grow_node(&g, limits.depth);
    for (uint32_t i = 0; i < g.tree.count; i++)
        if (g.tree.nodes[i].kind == GEN_KIND_PARALLEL)
            drop_double_claims(&g.tree, i);
    gen_case grown = {.seed = seed, .tree = g.tree};
    grow_steps(&g, &grown);
    assert(gen_tree_problem(&grown.tree) == NULL);
    return grown;
}

void gen_case_free(gen_case *own)
{
    gen_tree_free(&own->tree);
    free(own->steps);
    *own = (gen_case){0};
}

gen_case gen_case_copy(const gen_case *given)
{
    gen_case made = *given;
    made.tree = gen_tree_copy(&given->tree);
    made.steps = copy(given->steps, given->step_count, sizeof(gen_step));
    return made;
}
