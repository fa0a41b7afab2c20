/* instance.h -- one run of a tree: all that changes while it is ticked, in one block.
 *
 * Owns:  the layout of the block, the leaf states, the blackboard slots, reasons and counters.
 * Never: decides what a tick does (tick.h), allocates after it was made.
 *
 *   +-----------------------------+--------+-------------+-------------+-------+--------+
 *   | context, cursor, counters   | slots  | leaf states | node memory | leaf  | status |
 *   |                             | 32 B   | 16 B an act | by kinds    | memory| 1 B    |
 *   +-----------------------------+--------+-------------+-------------+-------+--------+ */
#ifndef CP_BT_INSTANCE_H
#define CP_BT_INSTANCE_H

#include <stdbool.h>

#include <copse/bt.h>

#include "bt/definition.h"
#include "bt/trace.h"
#include "interp/type.h"
#include "sched/compiler.h"
#include "sched/owner.h"

/* X(name, word, moves to): the life of a leaf that may run over several ticks. */
#define CP_LEAF_STATE_LIST(X)                                                                      \
    X(IDLE, "idle", CP_BIT(STARTED))                                                               \
    X(STARTED, "started", CP_BIT(IDLE) | CP_BIT(PAUSED) | CP_BIT(STOPPING))                        \
    X(PAUSED, "paused", CP_BIT(STARTED) | CP_BIT(IDLE) | CP_BIT(STOPPING))                         \
    X(STOPPING, "stopping", CP_BIT(IDLE))

#define CP_LEAF_STATE_ENUM(name, word, moves) CP_LEAF_##name,
typedef enum cp_leaf_state {
    CP_LEAF_STATE_LIST(CP_LEAF_STATE_ENUM) CP_LEAF_STATE_COUNT
} cp_leaf_state;
#undef CP_LEAF_STATE_ENUM

/* What an act needs from tick to tick beside the memory of its leaf. */
typedef struct cp_act {
    int64_t halt_deadline_ns; /* while stopping: then it is cut */
    uint32_t next_stopping;   /* the act behind it in the list, or CP_NO_INDEX */
    uint8_t state;            /* cp_leaf_state */
} cp_act;

typedef struct cp_bb_slot {
    cp_value value;   /* CP_UNSET before the first write */
    int64_t time_ns;  /* when the value was true, on the host's clock */
    uint64_t tick;    /* of the write */
    uint32_t writer;  /* node, or COPSE_BT_NO_NODE: the host */
    uint32_t version; /* counts writes, also of the same value */
} cp_bb_slot;

_Static_assert(sizeof(cp_bb_slot) == 32, "two slots a cache line");

/* X(name, word): what the interpreter is asked to run, and what callbacks are for. */
#define CP_ASK_LIST(X)                                                                             \
    X(NONE, "none")                                                                                \
    X(CONDITION, "condition")                                                                      \
    X(START, "start")                                                                              \
    X(TICK, "tick")                                                                                \
    X(HALT, "halt")                                                                                \
    X(CUT, "cut")                                                                                  \
    X(PAUSE, "pause")                                                                              \
    X(RESUME, "resume")                                                                            \
    X(EXPRESSION, "expression")

#define CP_ASK_ENUM(name, word) CP_ASK_##name,
typedef enum cp_ask { CP_ASK_LIST(CP_ASK_ENUM) } cp_ask;
#undef CP_ASK_ENUM

/* X(name, word): what is being done to an instance. */
#define CP_OPERATION_LIST(X)                                                                       \
    X(NONE, "nothing")                                                                             \
    X(TICK, "tick")                                                                                \
    X(HALT, "halt")                                                                                \
    X(RESTART, "restart")                                                                          \
    X(RESET, "reset")                                                                              \
    X(PAUSE, "pause")                                                                              \
    X(RESUME, "resume")

#define CP_OPERATION_ENUM(name, word) CP_OPERATION_##name,
typedef enum cp_operation { CP_OPERATION_LIST(CP_OPERATION_ENUM) } cp_operation;
#undef CP_OPERATION_ENUM

/* Where an operation stands between two steps; nothing of it is on the C stack. tick.c says what
 * each stage does. */
typedef struct cp_cursor {
    copse_bt_action action; /* walk: what the node does next */
    uint32_t node;          /* the node whose turn it is */
    uint32_t halt_top;      /* halting: the subtree that ends */
    uint32_t halt_node;     /* halting: where it is */
    uint32_t error_node;    /* ends as error when halting comes by; else COPSE_BT_NO_NODE */
    uint32_t act;           /* stopping, pausing: the act whose turn it is */
    uint32_t act_before;    /* stopping: the one before it in the list */
    uint32_t asked_call;    /* the call that the interpreter is asked for */
    uint8_t operation;      /* cp_operation */
    uint8_t stage;
    uint8_t after_halt; /* the stage that follows the halting */
    uint8_t halt_step;  /* what of halt_node is next */
    uint8_t expression; /* the copse_bt_expression that is next */
    uint8_t status;     /* with which the node ends */
    uint8_t result;     /* of the operation */
    uint8_t asked;      /* cp_ask, until its answer was used */
    uint8_t answer;     /* to what was asked */
    bool has_answer;
    bool halts_top;     /* halting: halt_top itself ends, not only what is under it */
    bool error_was_own; /* error_node itself gave the error, so it is not told to halt */
} cp_cursor;

enum { CP_REASON_WORD = 24, CP_REASON_TEXT = 96, CP_REASONS = 3 };

/* Why a node failed or broke. */
typedef struct cp_reason {
    uint64_t tick; /* 0: none */
    uint32_t node;
    char word[CP_REASON_WORD];
    char text[CP_REASON_TEXT];
} cp_reason;

/* The part that visits touch, first. */
struct copse_bt_context {
    cp_object object; /* the header when the block lives in a heap; else zero */
    const cp_bt_node *nodes;
    uint8_t *states; /* copse_bt_status of each node; running exactly while the node is active */
    char *node_memory;
    char *leaf_memory;
    const cp_call *calls;
    cp_act *acts;
    const copse_bt_option_value *options;
    cp_ring *trace;         /* own; NULL: off */
    int64_t now_ns;         /* the instance's clock, which stands still while it is paused */
    int64_t deadline_ns;    /* the earliest that a node noted in this tick */
    uint64_t ended_at_once; /* leaves that started and ended in one visit without bookkeeping */
    uint32_t node;          /* of the callback that runs */
    uint32_t call;          /* likewise */
    uint32_t node_count;
    uint32_t decider; /* the last node that gave a status of its own accord */
    uint8_t no_value; /* copse_bt_status: what the last read that gave nothing means */
};

struct copse_bt_instance {
    copse_bt_context context;
    cp_cursor cursor;
    cp_owner owner;
    copse_bt_definition *definition; /* a share of it */
    const copse_allocator *allocator;
    cp_heap *heap; /* borrowed; the block is an object of it; NULL: it is not in a heap */
    size_t size;   /* of this block */
    cp_bb_slot *slots;
    uint32_t *holders;       /* by output: the act that holds it, or CP_NO_INDEX */
    copse_output **outputs;  /* by output: of the gate; NULL without a gate */
    uint32_t *releases_seen; /* by output: cp_output_releases when it was last looked at */
    copse_gate *gate;
    int64_t budget_ns;
    int64_t (*measure)(void *context);
    void *measure_context;
    void (*safe_stop)(void *context, copse_bt_instance *instance, copse_stop_cause cause);
    void *safe_stop_context;
    int64_t host_now_ns;    /* the time that the host passed last */
    int64_t paused_ns;      /* how long the instance's clock stood still */
    int64_t pause_began_ns; /* while it is paused */
    int64_t tick_begin_ns;  /* by measure */
    int64_t slowest_ns;     /* the slowest leaf of this tick */
    uint32_t slowest_node;
    uint32_t max_overruns;
    uint32_t stopping_first; /* acts whose halt goes on, in the order of their halts */
    uint32_t stopping_last;
    uint32_t held_at_begin; /* outputs that were held when a halt of all began */
    uint32_t stop_causes;
    uint32_t reason_next;
    bool is_paused;
    bool reset_is_requested;
    bool clock_went_back; /* in this tick */
    copse_bt_stats stats;
    cp_reason reasons[CP_REASONS]; /* a ring of the last failures */
    cp_reason error;
    char name[32];
};

CP_ALWAYS_INLINE copse_bt_instance *cp_instance_of(copse_bt_context *context)
{
    return (copse_bt_instance *)(void *)context;
}

CP_ALWAYS_INLINE const copse_bt_instance *cp_instance_of_const(const copse_bt_context *context)
{
    return (const copse_bt_instance *)(const void *)context;
}
_Static_assert(offsetof(copse_bt_instance, context) == 0, "a context is its instance");

CP_ALWAYS_INLINE bool cp_is_running(const copse_bt_context *context, uint32_t node)
{
    return context->states[node] == COPSE_BT_RUNNING;
}

CP_ALWAYS_INLINE void *cp_node_memory(const copse_bt_context *context, uint32_t node)
{
    return context->node_memory + context->nodes[node].memory;
}

CP_ALWAYS_INLINE const copse_bt_option_value *cp_node_options(const copse_bt_context *context,
                                                              uint32_t node)
{
    return context->options + context->nodes[node].index;
}

CP_ALWAYS_INLINE void cp_instance_trace(copse_bt_context *context, copse_trace_kind kind,
                                        uint32_t node, copse_bt_status status, uint64_t number)
{
    if (CP_UNLIKELY(context->trace != NULL))
        cp_ring_add(context->trace, kind, node, status, number, context->now_ns);
}

/* A node waits until DUE_NS: bt.wait need not look again before. */
CP_ALWAYS_INLINE void cp_instance_wait_until(copse_bt_context *context, int64_t due_ns)
{
    if (due_ns < context->deadline_ns)
        context->deadline_ns = due_ns;
}

/* A + B, or the last time when that is too large; B >= 0. */
CP_ALWAYS_INLINE int64_t cp_time_after(int64_t a, int64_t b)
{
    int64_t sum;
    return CP_ADD_OVERFLOWS(a, b, &sum) ? COPSE_NEVER : sum;
}

/* Bytes of an instance of DEFINITION. */
size_t cp_instance_size(const copse_bt_definition *definition);

/* Make BLOCK, which has cp_instance_size bytes, an instance that takes a share of DEFINITION.
 * COPSE_EINVAL when the gate lacks an output. The allocation is the caller's, so that the block may
 * be an object of a heap. */
copse_status cp_instance_init(void *block, copse_bt_definition *definition,
                              const copse_bt_instance_options *options) CP_MUST_USE;
/* Gives back all but the block. Nothing runs any more. */
void cp_instance_clear(copse_bt_instance *instance);

/* The row of an instance that is an object of a heap: its values are the slots of its blackboard.
 */
extern const cp_type cp_instance_type;

/* An instance as an object of HEAP, where TYPE is the number of the row above; the collector frees
 * its block once cp_instance_clear was called and nothing refers to it. COPSE_ENOMEM when memory is
 * refused (no collection was tried), else as cp_instance_init. */
copse_status cp_instance_new_in_heap(cp_heap *heap, unsigned type, copse_bt_definition *definition,
                                     const copse_bt_instance_options *options,
                                     copse_bt_instance **out) CP_MUST_USE;

/* Call VISIT for every value that the instance holds: the slots of its blackboard. */
void cp_instance_trace_values(copse_bt_instance *instance,
                              void (*visit)(void *context, cp_value *value), void *context);

/* Node memory of a subtree to zero: what a halt leaves behind. */
void cp_instance_forget(copse_bt_instance *instance, uint32_t node);

/* Every key to its default. */
void cp_instance_reset_slots(copse_bt_instance *instance);

void cp_act_move(cp_act *act, cp_leaf_state to);

/* Keep the reason of NODE, which fails: WORD and TEXT are copied and cut. */
void cp_instance_note_reason(copse_bt_context *context, uint32_t node, const char *word,
                             const char *text);
/* Keep what broke NODE. */
void cp_instance_note_error(copse_bt_context *context, uint32_t node, const char *word,
                            const char *text);
/* The last reason of NODE in this or the last tick, or NULL. */
const cp_reason *cp_instance_reason(const copse_bt_instance *instance, uint32_t node);

/* Store VALUE: the only writer of slots. AT_NS is when it was true. */
void cp_bb_put(copse_bt_instance *instance, uint32_t key, cp_value value, uint32_t writer,
               int64_t at_ns);

/* Run the safe-stop, once until it is cleared. */
void cp_instance_stop(copse_bt_instance *instance, copse_stop_cause cause);

/* Bits of the outputs that are held by an act that runs or stops. */
uint32_t cp_instance_held(const copse_bt_instance *instance);
/* Send the safe values of the outputs in CLAIMS. */
void cp_instance_go_safe(copse_bt_instance *instance, uint32_t claims);

#endif
