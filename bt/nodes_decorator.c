/* nodes_decorator.c -- nodes with one child. Counters and times live in node memory, which a start
 * and a halt clear; a deadline is compared with the time of the tick, so there are no timers. */
#include "bt/instance.h"
#include "bt/nodes.h"

/* What a decorator that has nothing to begin with does in each tick. */
static copse_bt_action tick_only_child(copse_bt_context *context, uint32_t node)
{
    (void)context;
    return copse_bt_tick_child(node + 1);
}

/* ---- invert, force-success, force-failure, on-error ------------------------------------------ */

static bool is_result(copse_bt_status status)
{
    return status == COPSE_BT_SUCCESS || status == COPSE_BT_FAILURE;
}

static copse_bt_action invert_child(copse_bt_context *context, uint32_t node, uint32_t child,
                                    copse_bt_status status)
{
    (void)context, (void)node, (void)child;
    if (!is_result(status))
        return copse_bt_return(status);
    return copse_bt_return(status == COPSE_BT_SUCCESS ? COPSE_BT_FAILURE : COPSE_BT_SUCCESS);
}

static copse_bt_action force_success_child(copse_bt_context *context, uint32_t node, uint32_t child,
                                           copse_bt_status status)
{
    (void)context, (void)node, (void)child;
    return copse_bt_return(is_result(status) ? COPSE_BT_SUCCESS : status);
}

static copse_bt_action force_failure_child(copse_bt_context *context, uint32_t node, uint32_t child,
                                           copse_bt_status status)
{
    (void)context, (void)node, (void)child;
    return copse_bt_return(is_result(status) ? COPSE_BT_FAILURE : status);
}

static copse_bt_action on_error_child(copse_bt_context *context, uint32_t node, uint32_t child,
                                      copse_bt_status status)
{
    (void)child;
    if (status != COPSE_BT_ERROR)
        return copse_bt_return(status);
    return copse_bt_return((copse_bt_status)cp_node_options(context, node)[0].integer);
}

static const copse_bt_option on_error_options[] = {
    {.name = "result",
     .type = COPSE_BT_OPTION_RESULT,
     .is_required = true,
     .doc = "What an error under this node becomes."},
};

/* ---- repeat, retry --------------------------------------------------------------------------- */

/* One round a tick, unless in-place says that rounds follow in the same tick. */
typedef struct rounds_memory {
    int64_t done;
    int64_t wait_ns; /* before the next round */
    int64_t due_ns;  /* of the next round, while it waits */
    bool is_waiting;
    uint8_t in_this_tick;
} rounds_memory;

enum { ROUNDS_TIMES, ROUNDS_DELAY, ROUNDS_BACKOFF, ROUNDS_IN_PLACE };
enum { MOST_ROUNDS_A_TICK = 100 };

CP_ALWAYS_INLINE copse_bt_action rounds_start(copse_bt_context *context, uint32_t node,
                                              copse_bt_status passing)
{
    const copse_bt_option_value *options = cp_node_options(context, node);
    rounds_memory *memory = cp_node_memory(context, node);
    if (options[ROUNDS_TIMES].integer == 0)
        return copse_bt_return(passing);
    memory->wait_ns = options[ROUNDS_DELAY].integer;
    return copse_bt_tick_child(node + 1);
}

static copse_bt_action rounds_resume(copse_bt_context *context, uint32_t node)
{
    rounds_memory *memory = cp_node_memory(context, node);
    memory->in_this_tick = 0;
    if (memory->is_waiting && context->now_ns < memory->due_ns) {
        cp_instance_wait_until(context, memory->due_ns);
        return copse_bt_return(COPSE_BT_RUNNING);
    }
    memory->is_waiting = false;
    return copse_bt_tick_child(node + 1);
}

/* WAIT times FACTOR, or the longest wait there is. */
static int64_t back_off(int64_t wait_ns, double factor)
{
    double longer = (double)wait_ns * factor;
    return longer >= 9e18 ? INT64_MAX : (int64_t)longer;
}

CP_ALWAYS_INLINE copse_bt_action rounds_child(copse_bt_context *context, uint32_t node,
                                              copse_bt_status status, copse_bt_status passing)
{
    if (status != passing)
        return copse_bt_return(status);
    const copse_bt_option_value *options = cp_node_options(context, node);
    rounds_memory *memory = cp_node_memory(context, node);
    memory->done++;
    memory->in_this_tick++;
    if (memory->done == options[ROUNDS_TIMES].integer)
        return copse_bt_return(passing);
    bool goes_on = options[ROUNDS_IN_PLACE].integer != 0 && memory->wait_ns == 0 &&
                   memory->in_this_tick < MOST_ROUNDS_A_TICK;
    if (goes_on)
        return copse_bt_tick_child(node + 1);
    memory->is_waiting = true;
    memory->due_ns = cp_time_after(context->now_ns, memory->wait_ns);
    memory->wait_ns = back_off(memory->wait_ns, options[ROUNDS_BACKOFF].number);
    cp_instance_wait_until(context, memory->due_ns);
    return copse_bt_return(COPSE_BT_RUNNING);
}

static copse_bt_action repeat_start(copse_bt_context *context, uint32_t node)
{
    return rounds_start(context, node, COPSE_BT_SUCCESS);
}

static copse_bt_action repeat_child(copse_bt_context *context, uint32_t node, uint32_t child,
                                    copse_bt_status status)
{
    (void)child;
    return rounds_child(context, node, status, COPSE_BT_SUCCESS);
}

static copse_bt_action retry_start(copse_bt_context *context, uint32_t node)
{
    return rounds_start(context, node, COPSE_BT_FAILURE);
}

static copse_bt_action retry_child(copse_bt_context *context, uint32_t node, uint32_t child,
                                   copse_bt_status status)
{
    (void)child;
    return rounds_child(context, node, status, COPSE_BT_FAILURE);
}

static const copse_bt_option rounds_options[] = {
    {.name = "times",
     .type = COPSE_BT_OPTION_INTEGER,
     .is_required = true,
     .min = -1,
     .max = 1e15,
     .doc = "Rounds in all; -1 without end, 0 none."},
    {.name = "delay-ms",
     .type = COPSE_BT_OPTION_MS,
     .max = 1e12,
     .doc = "Wait between two rounds."},
    {.name = "backoff",
     .type = COPSE_BT_OPTION_NUMBER,
     .initial = 1,
     .min = 1,
     .max = 1e6,
     .doc = "Each wait is this often the one before."},
    {.name = "in-place",
     .type = COPSE_BT_OPTION_FLAG,
     .doc = "Rounds follow in the same tick, at most 100; for pure computation."},
};

/* ---- timeout, delay -------------------------------------------------------------------------- */

typedef struct due_memory {
    int64_t due_ns;
} due_memory;

/* Decided before the child is ticked: at the limit it is late, and not called any more. */
static copse_bt_action timeout_resume(copse_bt_context *context, uint32_t node)
{
    const due_memory *memory = cp_node_memory(context, node);
    if (context->now_ns < memory->due_ns) {
        cp_instance_wait_until(context, memory->due_ns);
        return copse_bt_tick_child(node + 1);
    }
    cp_instance_note_reason(context, node, "timeout", "its time was over");
    return copse_bt_return(COPSE_BT_FAILURE);
}

static void set_due(copse_bt_context *context, uint32_t node)
{
    due_memory *memory = cp_node_memory(context, node);
    memory->due_ns = cp_time_after(context->now_ns, cp_node_options(context, node)[0].integer);
}

static copse_bt_action timeout_start(copse_bt_context *context, uint32_t node)
{
    set_due(context, node);
    return timeout_resume(context, node);
}

static copse_bt_action delay_resume(copse_bt_context *context, uint32_t node)
{
    const due_memory *memory = cp_node_memory(context, node);
    if (context->now_ns >= memory->due_ns)
        return copse_bt_tick_child(node + 1);
    cp_instance_wait_until(context, memory->due_ns);
    return copse_bt_return(COPSE_BT_RUNNING);
}

static copse_bt_action delay_start(copse_bt_context *context, uint32_t node)
{
    set_due(context, node);
    return delay_resume(context, node);
}

static copse_bt_action due_child(copse_bt_context *context, uint32_t node, uint32_t child,
                                 copse_bt_status status)
{
    (void)context, (void)node, (void)child;
    return copse_bt_return(status);
}

static const copse_bt_option due_options[] = {
    {.name = "ms",
     .type = COPSE_BT_OPTION_MS,
     .is_required = true,
     .max = 1e12,
     .doc = "Counted from the start of this node."},
};

/* ---- Rows ------------------------------------------------------------------------------------ */

_Static_assert(sizeof(rounds_memory) == 32, "node memory is made of words");

/* clang-format off */
#define DECORATOR                                                                                  \
    .fewest_children = 1, .most_children = 1

const copse_bt_node_kind cp_decorator_kinds[] = {
    {.name = "invert",
     .doc = "Success becomes failure and failure success.",
     DECORATOR,
     .flags = COPSE_BT_ENDS_CLEAN,
     .start = tick_only_child, .resume = tick_only_child, .child = invert_child},
    {.name = "force-success",
     .doc = "Every end is a success.",
     DECORATOR,
     .flags = COPSE_BT_ENDS_CLEAN,
     .start = tick_only_child, .resume = tick_only_child, .child = force_success_child},
    {.name = "force-failure",
     .doc = "Every end is a failure.",
     DECORATOR,
     .flags = COPSE_BT_ENDS_CLEAN,
     .start = tick_only_child, .resume = tick_only_child, .child = force_failure_child},
    {.name = "repeat",
     .doc = "Runs its child again after each success, one round a tick.",
     .options = rounds_options, .option_count = CP_COUNT_OF(rounds_options),
     DECORATOR,
     .memory_size = sizeof(rounds_memory),
     .flags = COPSE_BT_ENDS_CLEAN,
     .start = repeat_start, .resume = rounds_resume, .child = repeat_child},
    {.name = "retry",
     .doc = "Runs its child again after each failure, one round a tick.",
     .options = rounds_options, .option_count = CP_COUNT_OF(rounds_options),
     DECORATOR,
     .memory_size = sizeof(rounds_memory),
     .flags = COPSE_BT_ENDS_CLEAN,
     .start = retry_start, .resume = rounds_resume, .child = retry_child},
    {.name = "timeout",
     .doc = "Halts its child and fails once the time is over.",
     .options = due_options, .option_count = CP_COUNT_OF(due_options),
     DECORATOR,
     .memory_size = sizeof(due_memory),
     .start = timeout_start, .resume = timeout_resume, .child = due_child},
    {.name = "delay",
     .doc = "Is running until the time is over, then ticks its child.",
     .options = due_options, .option_count = CP_COUNT_OF(due_options),
     DECORATOR,
     .memory_size = sizeof(due_memory),
     .flags = COPSE_BT_ENDS_CLEAN,
     .start = delay_start, .resume = delay_resume, .child = due_child},
    {.name = "on-error",
     .doc = "Turns an error under it into a result; only what runs there is halted.",
     .options = on_error_options, .option_count = CP_COUNT_OF(on_error_options),
     DECORATOR,
     .flags = COPSE_BT_ENDS_CLEAN | COPSE_BT_CATCHES,
     .start = tick_only_child, .resume = tick_only_child, .child = on_error_child},
    {.name = NULL},
};
/* clang-format on */
