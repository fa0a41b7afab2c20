/* nodes_control.c -- nodes with any number of children. The next child is the end of the last one,
 * so most of them remember only the child that runs. An empty one gives its neutral element:
 * macros and generated trees make empty lists. */
#include <string.h>

#include "bt/instance.h"
#include "bt/nodes.h"

static uint32_t end_of(const copse_bt_context *context, uint32_t node)
{
    return context->nodes[node].end;
}

/* ---- seq, sel, mem-seq, mem-sel, async-seq, async-sel --------------------------------------- */

/* One loop for all: it goes on over children that give `passing` and ends at the other result. */
typedef struct series_memory {
    uint32_t child; /* where it goes on: a running child, or after a remembered end; 0: start */
    bool has_taken_part; /* a child gave a result, so that not all are skipped */
    bool is_kept;        /* the child is remembered over an end */
} series_memory;

CP_ALWAYS_INLINE copse_bt_action series_start(copse_bt_context *context, uint32_t node,
                                              copse_bt_status passing, bool keeps_place)
{
    series_memory *memory = cp_node_memory(context, node);
    if (keeps_place) {
        bool is_kept = memory->is_kept;
        bool has_passed_some = is_kept && memory->child > node + 1;
        *memory = (series_memory){.child = memory->child, .has_taken_part = has_passed_some};
        if (is_kept)
            return copse_bt_tick_child(memory->child);
    }
    if (end_of(context, node) == node + 1)
        return copse_bt_return(passing);
    return copse_bt_tick_child(node + 1);
}

static copse_bt_action series_resume(copse_bt_context *context, uint32_t node)
{
    const series_memory *memory = cp_node_memory(context, node);
    return copse_bt_tick_child(memory->child);
}

CP_ALWAYS_INLINE copse_bt_action series_child(copse_bt_context *context, uint32_t node,
                                              uint32_t child, copse_bt_status status,
                                              copse_bt_status passing, bool keeps_place,
                                              bool yields)
{
    series_memory *memory = cp_node_memory(context, node);
    if (status == COPSE_BT_RUNNING) {
        memory->child = child;
        return copse_bt_return(COPSE_BT_RUNNING);
    }
    if (status != passing && status != COPSE_BT_SKIPPED) {
        memory->child = child;
        memory->is_kept = keeps_place;
        return copse_bt_return(status);
    }
    memory->has_taken_part |= status == passing;
    uint32_t next = end_of(context, child);
    if (next == end_of(context, node))
        return copse_bt_return(memory->has_taken_part ? passing : COPSE_BT_SKIPPED);
    if (yields && status == passing) {
        memory->child = next;
        return copse_bt_return(COPSE_BT_RUNNING);
    }
    return copse_bt_tick_child(next);
}

/* X(name, passing, keeps its place over the other end, gives one child a tick) */
#define SERIES_LIST(X)                                                                             \
    X(seq, COPSE_BT_SUCCESS, false, false)                                                         \
    X(sel, COPSE_BT_FAILURE, false, false)                                                         \
    X(mem_seq, COPSE_BT_SUCCESS, true, false)                                                      \
    X(mem_sel, COPSE_BT_FAILURE, true, false)                                                      \
    X(async_seq, COPSE_BT_SUCCESS, false, true)                                                    \
    X(async_sel, COPSE_BT_FAILURE, false, true)

#define SERIES_FUNCTIONS(name, passing, keeps_place, yields)                                       \
    static copse_bt_action start_##name(copse_bt_context *context, uint32_t node)                  \
    {                                                                                              \
        return series_start(context, node, passing, keeps_place);                                  \
    }                                                                                              \
    static copse_bt_action child_##name(copse_bt_context *context, uint32_t node, uint32_t child,  \
                                        copse_bt_status status)                                    \
    {                                                                                              \
        return series_child(context, node, child, status, passing, keeps_place, yields);           \
    }

SERIES_LIST(SERIES_FUNCTIONS)

/* ---- reactive-seq, reactive-sel ------------------------------------------------------------- */

/* Begins at the first child in each tick; what no longer applies is halted after the new child was
 * ticked. At most one child runs between two ticks. */
typedef struct reactive_memory {
    uint32_t running; /* the child that ran when the last visit ended; 0: none */
    uint8_t result;   /* what is returned once it is halted */
    bool has_taken_part;
} reactive_memory;

CP_ALWAYS_INLINE copse_bt_action reactive_begin(copse_bt_context *context, uint32_t node,
                                                copse_bt_status passing)
{
    reactive_memory *memory = cp_node_memory(context, node);
    memory->has_taken_part = false;
    if (end_of(context, node) == node + 1)
        return copse_bt_return(passing);
    return copse_bt_tick_child(node + 1);
}

/* End the visit with RESULT while only child KEPT (0: none) may go on running. */
static copse_bt_action reactive_end(copse_bt_context *context, uint32_t node, uint32_t kept,
                                    copse_bt_status result)
{
    reactive_memory *memory = cp_node_memory(context, node);
    uint32_t before = memory->running;
    memory->running = kept;
    if (before == 0 || before == kept || !cp_is_running(context, before))
        return copse_bt_return(result);
    memory->result = (uint8_t)result;
    return copse_bt_halt_child(before);
}

static copse_bt_action reactive_halted(copse_bt_context *context, uint32_t node)
{
    const reactive_memory *memory = cp_node_memory(context, node);
    return copse_bt_return((copse_bt_status)memory->result);
}

CP_ALWAYS_INLINE copse_bt_action reactive_child(copse_bt_context *context, uint32_t node,
                                                uint32_t child, copse_bt_status status,
                                                copse_bt_status passing)
{
    if (status == COPSE_BT_RUNNING)
        return reactive_end(context, node, child, COPSE_BT_RUNNING);
    if (status != passing && status != COPSE_BT_SKIPPED)
        return reactive_end(context, node, 0, status);
    reactive_memory *memory = cp_node_memory(context, node);
    memory->has_taken_part |= status == passing;
    uint32_t next = end_of(context, child);
    if (next < end_of(context, node))
        return copse_bt_tick_child(next);
    return reactive_end(context, node, 0, memory->has_taken_part ? passing : COPSE_BT_SKIPPED);
}

static copse_bt_action begin_reactive_seq(copse_bt_context *context, uint32_t node)
{
    return reactive_begin(context, node, COPSE_BT_SUCCESS);
}

static copse_bt_action child_reactive_seq(copse_bt_context *context, uint32_t node, uint32_t child,
                                          copse_bt_status status)
{
    return reactive_child(context, node, child, status, COPSE_BT_SUCCESS);
}

static copse_bt_action begin_reactive_sel(copse_bt_context *context, uint32_t node)
{
    return reactive_begin(context, node, COPSE_BT_FAILURE);
}

static copse_bt_action child_reactive_sel(copse_bt_context *context, uint32_t node, uint32_t child,
                                          copse_bt_status status)
{
    return reactive_child(context, node, child, status, COPSE_BT_FAILURE);
}

/* ---- parallel ------------------------------------------------------------------------------- */

/* Ticks every child that has not ended, then gives its verdict, failure before success. Which have
 * ended is in their status bytes. A skipped child has not: it is asked again in the next tick. */
typedef struct parallel_memory {
    uint32_t children;
    uint32_t successes;
    uint32_t failures;
    uint32_t skipped; /* in this tick */
    uint32_t decider; /* of the first failure */
    uint32_t success; /* thresholds, counted from the front */
    uint32_t failure;
    bool counts_skipped; /* as done */
    bool is_early;
} parallel_memory;

enum { PARALLEL_SUCCESS, PARALLEL_FAILURE, PARALLEL_EARLY };

/* N itself, or counted from the end: -1 all, -2 all but one. */
static int64_t threshold(int64_t n, uint32_t children)
{
    int64_t from_end = (int64_t)children + n + 1;
    return n >= 0 ? n : from_end > 0 ? from_end : 0;
}

static const char *parallel_check(copse_bt_option_value *options, uint32_t child_count)
{
    if (child_count == 0)
        return NULL;
    if (threshold(options[PARALLEL_SUCCESS].integer, child_count) > child_count)
        return "success is more than its children, expected at most their number";
    if (threshold(options[PARALLEL_FAILURE].integer, child_count) > child_count)
        return "failure is more than its children, expected at most their number";
    return NULL;
}

static bool has_ended(const copse_bt_context *context, uint32_t child)
{
    uint8_t state = context->states[child];
    return state == COPSE_BT_SUCCESS || state == COPSE_BT_FAILURE;
}

/* COPSE_BT_RUNNING when there is none. */
static copse_bt_status verdict(const parallel_memory *memory)
{
    uint32_t done = memory->successes + (memory->counts_skipped ? memory->skipped : 0);
    uint32_t possible = memory->children - memory->failures;
    if (memory->failures >= memory->failure || possible < memory->success)
        return COPSE_BT_FAILURE;
    return done >= memory->success ? COPSE_BT_SUCCESS : COPSE_BT_RUNNING;
}

static copse_bt_action end_parallel_visit(copse_bt_context *context, uint32_t node)
{
    const parallel_memory *memory = cp_node_memory(context, node);
    if (memory->skipped == memory->children)
        return copse_bt_return(COPSE_BT_SKIPPED);
    copse_bt_status status = verdict(memory);
    if (status == COPSE_BT_FAILURE && memory->failures > 0)
        context->decider = memory->decider;
    return copse_bt_return(status);
}

/* Tick the first child from CHILD on that has not ended, or end the visit. */
static copse_bt_action parallel_from(copse_bt_context *context, uint32_t node, uint32_t child)
{
    uint32_t end = end_of(context, node);
    while (child < end && has_ended(context, child))
        child = end_of(context, child);
    return child < end ? copse_bt_tick_child(child) : end_parallel_visit(context, node);
}

static copse_bt_action parallel_resume(copse_bt_context *context, uint32_t node)
{
    parallel_memory *memory = cp_node_memory(context, node);
    memory->skipped = 0;
    return parallel_from(context, node, node + 1);
}

static copse_bt_action parallel_start(copse_bt_context *context, uint32_t node)
{
    parallel_memory *memory = cp_node_memory(context, node);
    uint32_t end = end_of(context, node);
    if (end == node + 1)
        return copse_bt_return(COPSE_BT_SUCCESS);
    for (uint32_t child = node + 1; child < end; child = end_of(context, child)) {
        context->states[child] = COPSE_BT_IDLE;
        memory->children++;
    }
    const copse_bt_option_value *options = cp_node_options(context, node);
    int64_t success = options[PARALLEL_SUCCESS].integer;
    memory->success = (uint32_t)threshold(success, memory->children);
    memory->failure = (uint32_t)threshold(options[PARALLEL_FAILURE].integer, memory->children);
    memory->counts_skipped = success < 0;
    memory->is_early = options[PARALLEL_EARLY].integer != 0;
    return copse_bt_tick_child(node + 1);
}

static copse_bt_action parallel_child(copse_bt_context *context, uint32_t node, uint32_t child,
                                      copse_bt_status status)
{
    parallel_memory *memory = cp_node_memory(context, node);
    if (status == COPSE_BT_FAILURE && memory->failures == 0)
        memory->decider = context->decider;
    memory->successes += status == COPSE_BT_SUCCESS;
    memory->failures += status == COPSE_BT_FAILURE;
    memory->skipped += status == COPSE_BT_SKIPPED;
    if (memory->is_early && verdict(memory) != COPSE_BT_RUNNING)
        return end_parallel_visit(context, node);
    return parallel_from(context, node, end_of(context, child));
}

static const copse_bt_option parallel_options[] = {
    {.name = "success",
     .type = COPSE_BT_OPTION_INTEGER,
     .initial = -1,
     .min = -1e6,
     .max = 1e9,
     .doc = "Successes that make a success; -1 is all children, -2 all but one."},
    {.name = "failure",
     .type = COPSE_BT_OPTION_INTEGER,
     .initial = 1,
     .min = -1e6,
     .max = 1e9,
     .doc = "Failures that make a failure, counted the same way."},
    {.name = "early",
     .type = COPSE_BT_OPTION_FLAG,
     .doc = "Ask for the verdict after each child; later ones may then not be ticked."},
};

/* ---- if, while-do-else ---------------------------------------------------------------------- */

typedef struct branch_memory {
    uint32_t branch; /* that was chosen; 0: the condition is next */
} branch_memory;

/* The branch for STATUS of the condition, or 0. */
static uint32_t choose(const copse_bt_context *context, uint32_t node, copse_bt_status status)
{
    uint32_t first = end_of(context, node + 1);
    if (status == COPSE_BT_SUCCESS)
        return first;
    uint32_t second = end_of(context, first);
    return second < end_of(context, node) ? second : 0;
}

static copse_bt_action if_start(copse_bt_context *context, uint32_t node)
{
    (void)context;
    return copse_bt_tick_child(node + 1);
}

static copse_bt_action if_resume(copse_bt_context *context, uint32_t node)
{
    const branch_memory *memory = cp_node_memory(context, node);
    return copse_bt_tick_child(memory->branch != 0 ? memory->branch : node + 1);
}

static copse_bt_action if_child(copse_bt_context *context, uint32_t node, uint32_t child,
                                copse_bt_status status)
{
    bool is_condition = child == node + 1;
    if (!is_condition || status == COPSE_BT_RUNNING || status == COPSE_BT_SKIPPED)
        return copse_bt_return(status);
    branch_memory *memory = cp_node_memory(context, node);
    memory->branch = choose(context, node, status);
    return memory->branch != 0 ? copse_bt_tick_child(memory->branch) : copse_bt_return(status);
}

/* The condition is asked in every tick; when it changes, the old branch is halted before the new
 * one is ticked. While the condition itself runs, a branch keeps its place. */
static copse_bt_action while_child(copse_bt_context *context, uint32_t node, uint32_t child,
                                   copse_bt_status status)
{
    bool is_condition = child == node + 1;
    if (!is_condition || status == COPSE_BT_RUNNING || status == COPSE_BT_SKIPPED)
        return copse_bt_return(status);
    branch_memory *memory = cp_node_memory(context, node);
    uint32_t before = memory->branch, branch = choose(context, node, status);
    memory->branch = branch;
    if (branch == 0)
        return copse_bt_return(COPSE_BT_FAILURE);
    if (before != 0 && before != branch && cp_is_running(context, before))
        return copse_bt_halt_child(before);
    return copse_bt_tick_child(branch);
}

static copse_bt_action while_halted(copse_bt_context *context, uint32_t node)
{
    const branch_memory *memory = cp_node_memory(context, node);
    return copse_bt_tick_child(memory->branch);
}

/* ---- Rows ----------------------------------------------------------------------------------- */

/* One word: a 31-node instance is to stay below 2 KiB. */
_Static_assert(sizeof(series_memory) <= 8 && sizeof(reactive_memory) <= 8, "they are most nodes");

#define SERIES_ROW(id, text, memory_flag, sentence)                                                \
    {                                                                                              \
        .name = text, .doc = sentence, .most_children = COPSE_BT_MANY,                             \
        .memory_size = sizeof(series_memory), .flags = COPSE_BT_ENDS_CLEAN | (memory_flag),        \
        .start = start_##id, .resume = series_resume, .child = child_##id                          \
    }

#define REACTIVE_ROW(id, text, sentence)                                                           \
    {                                                                                              \
        .name = text, .doc = sentence, .most_children = COPSE_BT_MANY,                             \
        .memory_size = sizeof(reactive_memory), .flags = COPSE_BT_ENDS_CLEAN, .start = begin_##id, \
        .resume = begin_##id, .child = child_##id, .halted = reactive_halted                       \
    }

/* clang-format off */
const copse_bt_node_kind cp_control_kinds[] = {
    SERIES_ROW(seq, "seq", 0,
               "Ticks its children in order until one fails; goes on at the one that runs."),
    SERIES_ROW(sel, "sel", 0,
               "Ticks its children in order until one succeeds; goes on at the one that runs."),
    SERIES_ROW(mem_seq, "mem-seq", COPSE_BT_KEEPS_MEMORY,
               "A seq that begins at the child that failed, until it succeeds or is halted."),
    SERIES_ROW(mem_sel, "mem-sel", COPSE_BT_KEEPS_MEMORY,
               "A sel that begins at the child that succeeded, until it fails or is halted."),
    SERIES_ROW(async_seq, "async-seq", 0, "A seq that gives one child a tick."),
    SERIES_ROW(async_sel, "async-sel", 0, "A sel that gives one child a tick."),
    REACTIVE_ROW(reactive_seq, "reactive-seq",
                 "A seq that begins at its first child in each tick and halts what no longer applies."),
    REACTIVE_ROW(reactive_sel, "reactive-sel",
                 "A sel that begins at its first child in each tick and halts what no longer applies."),
    {.name = "parallel",
     .doc = "Ticks all children that have not ended, then counts: failure before success.",
     .options = parallel_options,
     .option_count = CP_COUNT_OF(parallel_options),
     .most_children = COPSE_BT_MANY,
     .memory_size = sizeof(parallel_memory),
     .flags = COPSE_BT_IS_CONCURRENT,
     .start = parallel_start,
     .resume = parallel_resume,
     .child = parallel_child,
     .check = parallel_check},
    {.name = "if",
     .doc = "Ticks the second child when the first succeeds, else the third, or fails.",
     .fewest_children = 2,
     .most_children = 3,
     .memory_size = sizeof(branch_memory),
     .flags = COPSE_BT_ENDS_CLEAN,
     .start = if_start,
     .resume = if_resume,
     .child = if_child},
    {.name = "while-do-else",
     .doc = "An if that asks its first child in each tick.",
     .fewest_children = 2,
     .most_children = 3,
     .memory_size = sizeof(branch_memory),
     .start = if_start,
     .resume = if_start,
     .child = while_child,
     .halted = while_halted},
    {.name = NULL},
};
/* clang-format on */
