/* tick.c -- what a tick costs beside a C loop that calls the same leaves.
 *
 * Six trees of 255 nodes: two succeed, two fail, two run, and in each tick almost every node is
 * visited. The loop calls, through the same pointers, the leaves that the tick called, in its
 * order.
 *
 *   bench-tick                    "pair TICK LOOP CHECKSUM CHECKSUM" in ns a visited node, 11 times
 *   bench-tick --trees            the best of many short rounds for each tree
 *   bench-tick --allocations      "value N": allocations in a million ticks
 *   bench-tick --instance-bytes   "value N": 31 nodes, 8 keys */
#include <copse/bt.h>

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LEVELS = 8, NODES = 255, LEAVES = 128, TREES = 6, PAIRS = 11, ROUND_NS = 50000000 };

/* ---- Leaves ---------------------------------------------------------------------------------- */

typedef struct {
    copse_bt_status status;
    uint32_t number;
    uint64_t *sum;
} leaf_data;

static copse_bt_status run_leaf(copse_bt_context *context, void *memory, void *user)
{
    (void)context, (void)memory;
    const leaf_data *data = user;
    *data->sum += data->number;
    return data->status;
}

/* The compiler can not see what it holds. */
static copse_bt_leaf_function *volatile opaque_leaf = run_leaf;

/* ---- Trees ----------------------------------------------------------------------------------- */

typedef struct {
    const char *name;
    const char *kinds[2];     /* of inner nodes, by level in turn */
    copse_bt_status status;   /* of the leaves */
    copse_bt_status last;     /* of the last leaf */
    copse_bt_status expected; /* of the tree */
} shape;

static const shape shapes[TREES] = {
    {"seq, success", {"seq", "seq"}, COPSE_BT_SUCCESS, COPSE_BT_SUCCESS, COPSE_BT_SUCCESS},
    {"sel, last succeeds",
     {"sel", "reactive-sel"},
     COPSE_BT_FAILURE,
     COPSE_BT_SUCCESS,
     COPSE_BT_SUCCESS},
    {"sel, failure", {"sel", "sel"}, COPSE_BT_FAILURE, COPSE_BT_FAILURE, COPSE_BT_FAILURE},
    {"seq, last fails",
     {"seq", "reactive-seq"},
     COPSE_BT_SUCCESS,
     COPSE_BT_FAILURE,
     COPSE_BT_FAILURE},
    {"parallel, running",
     {"parallel", "parallel"},
     COPSE_BT_RUNNING,
     COPSE_BT_RUNNING,
     COPSE_BT_RUNNING},
    {"reactive-seq, last runs",
     {"reactive-seq", "reactive-seq"},
     COPSE_BT_SUCCESS,
     COPSE_BT_RUNNING,
     COPSE_BT_RUNNING},
};

typedef struct {
    leaf_data data[LEAVES];
    copse_bt_leaf leaves[LEAVES];
    char names[LEAVES][8];
    copse_bt_instance *instance;
    uint32_t nodes_a_tick;
    uint32_t leaves_a_tick;
    uint32_t order[LEAVES]; /* the leaves that a tick calls */
    uint64_t tick_sum;
    uint64_t loop_sum;
} tree;

static void check(copse_status status)
{
    if (status == COPSE_OK)
        return;
    fprintf(stderr, "bench-tick: %s\n", copse_status_text(status));
    exit(1);
}

/* A full binary tree below LEVEL; seven levels deep, so recursion is fine here. */
static void describe(copse_bt_builder *builder, const shape *s, uint32_t level, uint32_t *leaf)
{
    if (level == LEVELS - 1) {
        char name[8];
        snprintf(name, sizeof name, "l%" PRIu32, (*leaf)++);
        copse_bt_builder_open(builder, "act", NULL);
        copse_bt_builder_leaf(builder, name);
    } else {
        copse_bt_builder_open(builder, s->kinds[level % 2], NULL);
        describe(builder, s, level + 1, leaf);
        describe(builder, s, level + 1, leaf);
    }
    copse_bt_builder_close(builder);
}

static copse_bt_status tick(tree *t, int64_t now_ns)
{
    copse_bt_status result;
    check(copse_bt_tick(t->instance, now_ns, &result));
    return result;
}

/* What one tick in the middle of a run visits, from its trace. */
static void calibrate(tree *t, const shape *s)
{
    copse_trace_record records[4096];
    tick(t, 0);
    check(copse_bt_trace_enable(t->instance, 4096));
    if (tick(t, 1) != s->expected) {
        fprintf(stderr, "bench-tick: %s has another result\n", s->name);
        exit(1);
    }
    uint32_t count = copse_bt_trace_read(t->instance, 0, records, 4096);
    for (uint32_t i = 0; i < count; i++)
        t->nodes_a_tick += records[i].kind == COPSE_TRACE_NODE_ENTER;
    check(copse_bt_trace_enable(t->instance, 0));
}

static void grow(tree *t, const shape *s, const copse_allocator *allocator)
{
    memset(t, 0, sizeof *t);
    copse_bt_registry *registry = copse_bt_registry_new(NULL);
    for (uint32_t i = 0; i < LEAVES; i++) {
        bool is_last = i == LEAVES - 1;
        t->data[i] = (leaf_data){is_last ? s->last : s->status, i + 1, &t->tick_sum};
        snprintf(t->names[i], sizeof t->names[i], "l%" PRIu32, i);
        t->leaves[i] =
            (copse_bt_leaf){.name = t->names[i], .tick = opaque_leaf, .user = &t->data[i]};
        check(copse_bt_register_leaf(registry, &t->leaves[i]));
    }
    copse_bt_builder *builder = copse_bt_builder_new(registry, "bench");
    uint32_t leaf = 0;
    describe(builder, s, 0, &leaf);
    copse_bt_definition *definition;
    check(copse_bt_builder_finish(builder, &definition));
    assert(copse_bt_definition_node_count(definition) == NODES);
    copse_bt_instance_options options = {.allocator = allocator};
    check(copse_bt_instance_new(definition, &options, &t->instance));
    copse_bt_builder_free(builder);
    copse_bt_definition_give(definition);
    copse_bt_registry_free(registry);
    calibrate(t, s);
    /* All leaves, or those up to the one that decides: in these shapes always all. */
    t->leaves_a_tick = LEAVES;
    for (uint32_t i = 0; i < LEAVES; i++)
        t->order[i] = i;
    t->tick_sum = 0;
}

/* ---- Measuring ------------------------------------------------------------------------------- */

/* Of this thread: what others do on the machine is not measured. */
static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t time_ticks(tree *t, uint32_t ticks)
{
    int64_t begin = now_ns();
    for (uint32_t i = 0; i < ticks; i++)
        tick(t, 2 + i);
    return now_ns() - begin;
}

static int64_t time_loop(tree *t, uint32_t ticks)
{
    copse_bt_leaf_function *function = opaque_leaf;
    uint64_t failures = 0;
    for (uint32_t i = 0; i < LEAVES; i++)
        t->data[i].sum = &t->loop_sum;
    int64_t begin = now_ns();
    for (uint32_t i = 0; i < ticks; i++)
        for (uint32_t j = 0; j < t->leaves_a_tick; j++)
            failures += function(NULL, NULL, &t->data[t->order[j]]) == COPSE_BT_FAILURE;
    int64_t spent = now_ns() - begin;
    for (uint32_t i = 0; i < LEAVES; i++)
        t->data[i].sum = &t->tick_sum;
    return failures == UINT64_MAX ? 0 : spent;
}

typedef struct {
    double tick_ns, loop_ns; /* a visited node */
    uint64_t tick_sum, loop_sum;
} pair;

/* COUNT trees, measured in alternation for about half a second. */
static pair measure(tree *trees, uint32_t count)
{
    uint32_t ticks = 2000;
    double tick_ns = 0, loop_ns = 0, nodes = 0;
    pair p = {0};
    for (uint32_t round = 0; round < ROUND_NS / 5000000; round++) {
        for (uint32_t i = 0; i < count; i++) {
            tick_ns += (double)time_ticks(&trees[i], ticks);
            loop_ns += (double)time_loop(&trees[i], ticks);
            nodes += (double)ticks * trees[i].nodes_a_tick;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        p.tick_sum += trees[i].tick_sum;
        p.loop_sum += trees[i].loop_sum;
    }
    p.tick_ns = tick_ns / nodes;
    p.loop_ns = loop_ns / nodes;
    return p;
}

/* The fastest of 200 short rounds: what the machine can do when nobody else is on it. */
static void print_best(tree *t, const shape *s)
{
    enum { TICKS = 200, ROUNDS = 200 };
    int64_t tick_ns = INT64_MAX, loop_ns = INT64_MAX;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        int64_t spent = time_ticks(t, TICKS);
        tick_ns = spent < tick_ns ? spent : tick_ns;
        spent = time_loop(t, TICKS);
        loop_ns = spent < loop_ns ? spent : loop_ns;
    }
    double nodes = (double)t->nodes_a_tick * TICKS;
    printf("%-24s %3" PRIu32 " nodes  %6.2f ns a node  loop %6.2f  ratio %5.1f\n", s->name,
           t->nodes_a_tick, (double)tick_ns / nodes, (double)loop_ns / nodes,
           (double)tick_ns / (double)loop_ns);
}

static void print_pair(pair p)
{
    printf("pair %.3f %.3f %" PRIu64 " %" PRIu64 "\n", p.tick_ns, p.loop_ns, p.tick_sum,
           p.loop_sum);
}

/* ---- Counting -------------------------------------------------------------------------------- */

static uint64_t allocations;

static void *count_allocate(void *context, size_t size, size_t alignment)
{
    (void)context;
    allocations++;
    const copse_allocator *real = copse_default_allocator();
    return real->allocate(real->context, size, alignment);
}

static void count_release(void *context, void *block, size_t size, size_t alignment)
{
    (void)context;
    const copse_allocator *real = copse_default_allocator();
    real->release(real->context, block, size, alignment);
}

static const copse_allocator counting = {count_allocate, count_release, NULL};

static void count_allocations(void)
{
    static tree t;
    uint64_t in_ticks = 0;
    for (uint32_t i = 0; i < TREES; i++) {
        grow(&t, &shapes[i], &counting);
        uint64_t before = allocations;
        time_ticks(&t, 1000000 / TREES);
        in_ticks += allocations - before;
        check(copse_bt_instance_free(t.instance));
    }
    printf("value %" PRIu64 "\n", in_ticks);
}

static size_t largest;

static void *size_allocate(void *context, size_t size, size_t alignment)
{
    (void)context;
    largest = size > largest ? size : largest;
    const copse_allocator *real = copse_default_allocator();
    return real->allocate(real->context, size, alignment);
}

/* 15 inner nodes and 16 leaves. */
static void describe_small(copse_bt_builder *builder, uint32_t level)
{
    copse_bt_builder_open(builder, level == 4 ? "act" : "reactive-sel", NULL);
    if (level == 4)
        copse_bt_builder_leaf(builder, "l");
    for (int i = 0; level < 4 && i < 2; i++)
        describe_small(builder, level + 1);
    copse_bt_builder_close(builder);
}

static void print_instance_bytes(void)
{
    static const copse_allocator sizing = {size_allocate, count_release, NULL};
    static const char *const keys[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    uint64_t sum = 0;
    leaf_data data = {COPSE_BT_SUCCESS, 1, &sum};
    const copse_bt_leaf leaf = {.name = "l", .tick = opaque_leaf, .user = &data};
    copse_bt_registry *registry = copse_bt_registry_new(NULL);
    check(copse_bt_register_leaf(registry, &leaf));
    copse_bt_builder *builder = copse_bt_builder_new(registry, "small");
    for (int i = 0; i < 8; i++) {
        copse_bt_key key = {.name = keys[i]};
        copse_bt_builder_key(builder, &key);
    }
    describe_small(builder, 0);
    copse_bt_definition *definition;
    check(copse_bt_builder_finish(builder, &definition));
    copse_bt_instance_options options = {.allocator = &sizing};
    copse_bt_instance *instance;
    check(copse_bt_instance_new(definition, &options, &instance));
    printf("value %zu\n", largest);
    check(copse_bt_instance_free(instance));
    copse_bt_builder_free(builder);
    copse_bt_definition_give(definition);
    copse_bt_registry_free(registry);
}

int main(int argc, char **argv)
{
    static tree trees[TREES];
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "--allocations") == 0) {
        count_allocations();
        return 0;
    }
    if (strcmp(what, "--instance-bytes") == 0) {
        print_instance_bytes();
        return 0;
    }
    for (uint32_t i = 0; i < TREES; i++)
        grow(&trees[i], &shapes[i], NULL);
    if (strcmp(what, "--trees") == 0) {
        for (uint32_t i = 0; i < TREES; i++)
            print_best(&trees[i], &shapes[i]);
    } else {
        measure(trees, TREES); /* warm */
        for (uint32_t i = 0; i < TREES; i++)
            trees[i].tick_sum = trees[i].loop_sum = 0;
        for (int i = 0; i < PAIRS; i++)
            print_pair(measure(trees, TREES));
    }
    for (uint32_t i = 0; i < TREES; i++)
        check(copse_bt_instance_free(trees[i].instance));
    return 0;
}
