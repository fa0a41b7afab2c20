/* real.c -- what leaves see is logged by the leaves; ends of nodes and cuts come from the trace,
 * which is emptied into the log before each entry, so that the order is that of the events. */
#include "tests/bt/real.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RING = 4096, NAME = 24 };

typedef struct {
    real *owner;
    char name[NAME];
    copse_bt_leaf leaf;
    uint32_t node;
    uint32_t number; /* of the leaf or expression in the tree */
    uint32_t which;  /* an expression: gen_condition or gen_hook */
    uint32_t times;  /* activations or evaluations so far */
    const char *uses[32];
    char use_names[32][8];
} asker;

typedef struct {
    uint32_t tick;
    uint32_t halt_ticks; /* that a slow halt still takes */
    bool is_halting;
} act_memory;

struct real {
    gen_oracle oracle;
    asker *askers; /* own; each stays where it is: rows point at it */
    uint32_t asker_count;
    copse_bt_registry *registry;
    copse_bt_definition *definition;
    copse_bt_instance *instance;
    gen_log log;
    uint64_t traced;
};

static void add(real *r, gen_event_kind kind, uint32_t node, uint32_t number, gen_status status)
{
    gen_log_add(&r->log, (gen_event){kind, node, number, status, 0});
}

static uint32_t activation_of(const real *r, uint32_t node)
{
    for (uint32_t i = 0; i < r->asker_count; i++)
        if (r->askers[i].node == node && r->askers[i].leaf.halt != NULL)
            return r->askers[i].times;
    return 0;
}

static void drain_trace(real *r)
{
    copse_trace_record records[64];
    uint32_t count;
    while ((count = copse_bt_trace_read(r->instance, r->traced, records, 64)) > 0) {
        for (uint32_t i = 0; i < count; i++) {
            assert(records[i].sequence == r->traced + 1);
            r->traced++;
            uint32_t node = records[i].node;
            bool is_end = records[i].status != COPSE_BT_RUNNING;
            if (records[i].kind == COPSE_TRACE_NODE_EXIT && is_end)
                add(r, GEN_EVENT_NODE_END, node, 0, (gen_status)records[i].status);
            else if (records[i].kind == COPSE_TRACE_HALT_CUT)
                add(r, GEN_EVENT_HALT_CUT, node, activation_of(r, node), GEN_IDLE);
        }
    }
}

static copse_bt_status start(copse_bt_context *context, void *memory, void *user)
{
    (void)context, (void)memory;
    asker *a = user;
    drain_trace(a->owner);
    add(a->owner, GEN_EVENT_LEAF_START, a->node, ++a->times, GEN_IDLE);
    return COPSE_BT_SUCCESS;
}

static copse_bt_status tick(copse_bt_context *context, void *memory, void *user)
{
    (void)context;
    asker *a = user;
    act_memory *m = memory;
    const gen_oracle *oracle = &a->owner->oracle;
    drain_trace(a->owner);
    gen_status status = oracle->leaf(oracle->context, a->number, a->times, ++m->tick);
    add(a->owner, GEN_EVENT_LEAF_TICK, a->node, a->times, status);
    return (copse_bt_status)status;
}

static copse_bt_status halt(copse_bt_context *context, void *memory, void *user)
{
    (void)context;
    asker *a = user;
    act_memory *m = memory;
    const gen_oracle *oracle = &a->owner->oracle;
    drain_trace(a->owner);
    if (!m->is_halting) {
        m->is_halting = true;
        add(a->owner, GEN_EVENT_LEAF_HALT, a->node, a->times, GEN_IDLE);
        m->halt_ticks = oracle->halt_ticks(oracle->context, a->number, a->times);
        return m->halt_ticks > 0 ? COPSE_BT_RUNNING : COPSE_BT_SUCCESS;
    }
    add(a->owner, GEN_EVENT_HALT_RESUME, a->node, a->times, GEN_IDLE);
    if (--m->halt_ticks > 0)
        return COPSE_BT_RUNNING;
    add(a->owner, GEN_EVENT_HALT_DONE, a->node, a->times, GEN_IDLE);
    return COPSE_BT_SUCCESS;
}

static copse_bt_status condition(copse_bt_context *context, void *memory, void *user)
{
    (void)context, (void)memory;
    asker *a = user;
    const gen_oracle *oracle = &a->owner->oracle;
    drain_trace(a->owner);
    gen_status status = oracle->condition(oracle->context, a->number, ++a->times);
    add(a->owner, GEN_EVENT_CONDITION, a->node, a->times, status);
    return (copse_bt_status)status;
}

static copse_bt_status expression(copse_bt_context *context, void *memory, void *user)
{
    (void)context, (void)memory;
    asker *a = user;
    const gen_oracle *oracle = &a->owner->oracle;
    drain_trace(a->owner);
    gen_status status = oracle->expression(oracle->context, a->number, ++a->times);
    add(a->owner, GEN_EVENT_EXPRESSION, a->node, a->which, status);
    return (copse_bt_status)status;
}

static copse_bt_status hook(copse_bt_context *context, void *memory, void *user)
{
    (void)context, (void)memory;
    asker *a = user;
    drain_trace(a->owner);
    add(a->owner, GEN_EVENT_HOOK, a->node, a->which, GEN_IDLE);
    return COPSE_BT_SUCCESS;
}

/* A new row, registered under a name of its own; only tick and what it names is set. */
static asker *add_asker(real *r, uint32_t node, uint32_t number, uint32_t which,
                        copse_bt_leaf_function *function)
{
    asker *a = &r->askers[r->asker_count];
    a->owner = r;
    a->node = node;
    a->number = number;
    a->which = which;
    snprintf(a->name, NAME, "x%" PRIu32, r->asker_count++);
    a->leaf = (copse_bt_leaf){
        .name = a->name, .is_condition = function != tick, .tick = function, .user = a};
    return a;
}

static void register_asker(real *r, asker *a)
{
    copse_status status = copse_bt_register_leaf(r->registry, &a->leaf);
    assert(status == COPSE_OK);
    (void)status;
}

static asker *add_act(real *r, const gen_node *node, uint32_t index)
{
    asker *a = add_asker(r, index, node->leaf, 0, tick);
    a->leaf.start = start;
    a->leaf.halt = halt;
    a->leaf.memory_size = sizeof(act_memory);
    a->leaf.halt_within_ns = node->halt_within_ms > 0 ? node->halt_within_ms * 1000000 : -1;
    a->leaf.uses = a->uses;
    for (uint32_t i = 0; i < 32; i++) {
        if ((node->outputs >> i & 1) == 0)
            continue;
        snprintf(a->use_names[i], sizeof a->use_names[i], "o%" PRIu32, i);
        a->uses[a->leaf.use_count++] = a->use_names[i];
    }
    return a;
}

static void describe_options(copse_bt_builder *builder, const gen_node *node)
{
    switch (node->kind) {
    case GEN_KIND_PARALLEL:
        copse_bt_builder_option(builder, "success", (double)node->success);
        copse_bt_builder_option(builder, "failure", (double)node->failure);
        copse_bt_builder_option(builder, "early", node->is_early);
        break;
    case GEN_KIND_REPEAT:
    case GEN_KIND_RETRY:
        copse_bt_builder_option(builder, "times", (double)node->number);
        copse_bt_builder_option(builder, "delay-ms", (double)node->delay_ms);
        copse_bt_builder_option(builder, "backoff", (double)node->backoff);
        copse_bt_builder_option(builder, "in-place", node->is_in_place);
        break;
    case GEN_KIND_TIMEOUT:
    case GEN_KIND_DELAY:
        copse_bt_builder_option(builder, "ms", (double)node->number);
        break;
    case GEN_KIND_ON_ERROR:
        copse_bt_builder_option(builder, "result",
                                node->error_is_success ? COPSE_BT_SUCCESS : COPSE_BT_FAILURE);
        break;
    default:
        break;
    }
}

/* The expressions of both tables have other orders; these are the same things. */
static const copse_bt_expression conditions[GEN_CONDITION_COUNT] = {
    [GEN_CONDITION_FAILURE_IF] = COPSE_BT_FAILURE_IF,
    [GEN_CONDITION_SUCCESS_IF] = COPSE_BT_SUCCESS_IF,
    [GEN_CONDITION_IF] = COPSE_BT_IF,
    [GEN_CONDITION_WHILE] = COPSE_BT_WHILE,
};
static const copse_bt_expression hooks[GEN_HOOK_COUNT] = {
    [GEN_HOOK_ON_SUCCESS] = COPSE_BT_ON_SUCCESS,
    [GEN_HOOK_ON_FAILURE] = COPSE_BT_ON_FAILURE,
    [GEN_HOOK_ON_HALT] = COPSE_BT_ON_HALT,
    [GEN_HOOK_POST] = COPSE_BT_POST,
};

static void describe_head(real *r, copse_bt_builder *builder, const gen_node *node, uint32_t index)
{
    copse_bt_builder_open(builder, gen_kinds[node->kind].name, NULL);
    describe_options(builder, node);
    bool is_act = node->kind == GEN_KIND_ACT;
    if (is_act || node->kind == GEN_KIND_COND) {
        asker *a = is_act ? add_act(r, node, index) : add_asker(r, index, node->leaf, 0, condition);
        register_asker(r, a);
        copse_bt_builder_leaf(builder, a->name);
    }
    for (uint32_t i = 0; i < GEN_CONDITION_COUNT; i++) {
        if (node->conditions[i] == 0)
            continue;
        asker *a = add_asker(r, index, node->conditions[i], i, expression);
        register_asker(r, a);
        copse_bt_builder_expression(builder, conditions[i], a->name);
    }
    for (uint32_t i = 0; i < GEN_HOOK_COUNT; i++) {
        if (!node->has_hook[i])
            continue;
        asker *a = add_asker(r, index, 0, i, hook);
        register_asker(r, a);
        copse_bt_builder_expression(builder, hooks[i], a->name);
    }
}

static void describe(real *r, copse_bt_builder *builder, const gen_tree *tree)
{
    uint32_t *left = calloc(tree->count + 1, sizeof *left);
    assert(left != NULL);
    uint32_t depth = 0;
    for (uint32_t i = 0; i < tree->count; i++) {
        describe_head(r, builder, &tree->nodes[i], i);
        left[++depth] = tree->nodes[i].child_count;
        while (depth > 0 && left[depth] == 0) {
            copse_bt_builder_close(builder);
            depth--;
            left[depth] -= depth > 0;
        }
    }
    free(left);
}

real *real_new(const gen_tree *tree, gen_oracle oracle, char *text, size_t size)
{
    real *r = calloc(1, sizeof *r);
    assert(r != NULL);
    r->oracle = oracle;
    r->askers = calloc((size_t)tree->count * (1 + GEN_CONDITION_COUNT + GEN_HOOK_COUNT) + 1,
                       sizeof *r->askers);
    assert(r->askers != NULL);
    r->registry = copse_bt_registry_new(NULL);
    copse_bt_builder *builder = copse_bt_builder_new(r->registry, "main");
    describe(r, builder, tree);
    copse_status status = copse_bt_builder_finish(builder, &r->definition);
    const char *error = copse_bt_builder_error(builder);
    snprintf(text, size, "%s", error != NULL ? error : copse_status_text(status));
    copse_bt_builder_free(builder);
    if (status != COPSE_OK) {
        real_free(r);
        return NULL;
    }
    status = copse_bt_instance_new(r->definition, NULL, &r->instance);
    assert(status == COPSE_OK);
    status = copse_bt_trace_enable(r->instance, RING);
    assert(status == COPSE_OK);
    return r;
}

void real_free(real *own)
{
    copse_status status = copse_bt_instance_free(own->instance);
    assert(status == COPSE_OK);
    (void)status;
    copse_bt_definition_give(own->definition);
    copse_bt_registry_free(own->registry);
    gen_log_free(&own->log);
    free(own->askers);
    free(own);
}

gen_status real_step(real *r, gen_step step)
{
    gen_log_add(&r->log,
                (gen_event){GEN_EVENT_STEP_BEGIN, 0, step.operation, GEN_IDLE, step.now_ms});
    int64_t now_ns = step.now_ms * 1000000;
    copse_bt_status result = COPSE_BT_IDLE;
    copse_status status = COPSE_OK;
    switch (step.operation) {
    case GEN_TICK:
        status = copse_bt_tick(r->instance, now_ns, &result);
        break;
    case GEN_HALT:
        status = copse_bt_halt(r->instance, now_ns, &result);
        break;
    case GEN_RESTART:
        status = copse_bt_restart(r->instance, now_ns, &result);
        break;
    }
    assert(status == COPSE_OK);
    (void)status;
    drain_trace(r);
    add(r, GEN_EVENT_STEP_END, 0, step.operation, (gen_status)result);
    return (gen_status)result;
}

copse_bt_instance *real_instance(const real *r)
{
    return r->instance;
}

const gen_log *real_log(const real *r)
{
    return &r->log;
}
