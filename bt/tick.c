/* tick.c -- an operation is a sequence of stages; the cursor in the instance says which is next, so
 * it can stop between any two and nothing is on the C stack.
 *
 *   tick:   STOPPING -> (clock went back: HALT) -> RELEASED -> WALK ... -> END_TICK
 *   WALK:   visits nodes until one needs more than its row: conditions, hooks, a halt, an answer
 *           CONDITIONS -> WALK | HOOKS | LEFT      before a visit
 *           LEAVE -> (HALT) -> HOOKS -> LEFT       after an end, then WALK in its parent
 *           BROKEN -> HALT -> CAUGHT | ABANDON     after an error
 *   HALT:   walks the active nodes of a subtree, left to right, children first; then the stage that
 *           was asked for
 *
 * Cost: a plain visit is two calls through the row of its kind (one for a leaf, and one for its C
 * function) and touches 32 bytes of the definition, a status byte and the memory of the node. A
 * halt looks at the siblings of what is active and at nothing below a node that is not. */
#include "bt/tick.h"

#include <string.h>

#include "bt/claim.h"
#include "bt/leaf.h"
#include "bt/output.h"
#include "bt/words.h"

/* X(name, function) */
#define STAGE_LIST(X)                                                                              \
    X(WALK, walk)                                                                                  \
    X(CONDITIONS, check_conditions)                                                                \
    X(ANSWERED, hand_answer)                                                                       \
    X(HALTED, tell_halted)                                                                         \
    X(LEAVE, leave)                                                                                \
    X(HOOKS, run_hooks)                                                                            \
    X(LEFT, hand_up)                                                                               \
    X(BROKEN, break_node)                                                                          \
    X(CAUGHT, hand_error)                                                                          \
    X(ABANDON, abandon)                                                                            \
    X(HALT, halt)                                                                                  \
    X(STOPPING, resume_halts)                                                                      \
    X(RELEASED, restart_released)                                                                  \
    X(END_TICK, end_tick)                                                                          \
    X(END_HALT, end_halt)                                                                          \
    X(PAUSE, pause_acts)                                                                           \
    X(RESUME, resume_acts)

#define STAGE_ENUM(name, function) STAGE_##name,
enum stage { STAGE_LIST(STAGE_ENUM) STAGE_COUNT };
#undef STAGE_ENUM

/* What of the node at cursor.halt_node is next. */
enum halt_step { HALT_DESCEND, HALT_NODE, HALT_HOOK, HALT_DONE };

/* ---- Asking -------------------------------------------------------------------------------- */

/* The answer of CALL to PHASE in *ANSWER: FUNCTION's, or success when it is NULL. False when the
 * interpreter has to be asked: the stage runs again once the answer is there. */
static bool ask(copse_bt_instance *in, const cp_call *call, cp_ask phase,
                copse_bt_leaf_function *function, copse_bt_status *answer)
{
    cp_cursor *cursor = &in->cursor;
    if (cursor->has_answer) {
        assert(cursor->asked == phase);
        cursor->asked = CP_ASK_NONE;
        cursor->has_answer = false;
        *answer = (copse_bt_status)cursor->answer;
        return true;
    }
    bool is_wanted = function != NULL || phase == CP_ASK_EXPRESSION || phase == CP_ASK_CUT;
    if (call->tick == NULL && is_wanted) {
        cursor->asked = (uint8_t)phase;
        cursor->asked_call = (uint32_t)(call - in->context.calls);
        return false;
    }
    uint32_t index = (uint32_t)(call - in->context.calls);
    *answer =
        function == NULL ? COPSE_BT_SUCCESS : cp_leaf_call(&in->context, call, index, function);
    return true;
}

/* The answer of expression WHICH of NODE; success when it has none. */
static bool ask_expression(copse_bt_instance *in, uint32_t node, copse_bt_expression which,
                           copse_bt_status *answer)
{
    uint32_t index = in->definition->extras[in->context.nodes[node].extra].calls[which];
    *answer = COPSE_BT_SUCCESS;
    if (index == CP_NO_INDEX)
        return true;
    const cp_call *call = &in->context.calls[index];
    if (!ask(in, call, CP_ASK_EXPRESSION, call->tick, answer))
        return false;
    *answer = cp_leaf_check_condition(&in->context, node, *answer);
    cp_instance_trace(&in->context, COPSE_TRACE_EXPRESSION, node, *answer, (uint64_t)which);
    return true;
}

/* ---- Halting ------------------------------------------------------------------------------- */

/* Halt the subtree of TOP, or (not HALTS_TOP) only what is under it; then go to stage AFTER. */
static void begin_halt(copse_bt_instance *in, uint32_t top, bool halts_top, enum stage after)
{
    cp_cursor *cursor = &in->cursor;
    cursor->halt_top = top;
    cursor->halt_node = top;
    cursor->halts_top = halts_top;
    cursor->halt_step = HALT_DESCEND;
    cursor->after_halt = (uint8_t)after;
    cursor->stage = cp_is_running(&in->context, top) ? STAGE_HALT : (uint8_t)after;
}

/* The first running node from NODE on among the siblings in front of END; END when none runs. */
static uint32_t next_running(const copse_bt_context *context, uint32_t node, uint32_t end)
{
    while (node < end && !cp_is_running(context, node))
        node = context->nodes[node].end;
    return node;
}

/* Tell the row of NODE that it is halted. False when the interpreter has to be asked. */
static bool halt_node(copse_bt_instance *in, uint32_t node)
{
    cp_cursor *cursor = &in->cursor;
    const copse_bt_node_kind *kind = in->context.nodes[node].kind;
    bool ended_itself = node == cursor->error_node && cursor->error_was_own;
    if (kind->halt == NULL || ended_itself)
        return true;
    copse_bt_action action;
    if (cursor->has_answer) {
        cursor->asked = CP_ASK_NONE;
        cursor->has_answer = false;
        action = kind->answered(&in->context, node, CP_ASK_HALT, (copse_bt_status)cursor->answer);
    } else {
        action = kind->halt(&in->context, node);
    }
    if (action >> 32 != COPSE_BT_ACT_REQUEST)
        return true;
    cursor->asked = (uint8_t)action;
    cursor->asked_call = in->context.nodes[node].index;
    return false;
}

/* Run the hook of NODE, which is halted. An error of it is recorded and changes nothing: a halt
 * always ends. False when the interpreter has to be asked. */
static bool run_halt_hook(copse_bt_instance *in, uint32_t node)
{
    bool has_hook = (in->context.nodes[node].flags & CP_NODE_HAS_HALT_HOOK) != 0;
    if (!has_hook || node == in->cursor.error_node)
        return true;
    copse_bt_status answer;
    if (!ask_expression(in, node, COPSE_BT_ON_HALT, &answer))
        return false;
    if (answer == COPSE_BT_ERROR)
        cp_instance_trace(&in->context, COPSE_TRACE_HALT_ERROR, node, answer, 0);
    return true;
}

/* NODE is no longer active. What is halted as a whole forgets its place. */
static void mark_halted(copse_bt_instance *in, uint32_t node)
{
    const cp_cursor *cursor = &in->cursor;
    bool is_broken = node == cursor->error_node;
    in->context.states[node] = is_broken ? COPSE_BT_ERROR : COPSE_BT_IDLE;
    if (!is_broken)
        cp_instance_trace(&in->context, COPSE_TRACE_NODE_HALT, node, COPSE_BT_IDLE, 0);
    bool is_whole = node == cursor->halt_top ||
                    (!cursor->halts_top && in->context.nodes[node].parent == cursor->halt_top);
    if (is_whole)
        cp_instance_forget(in, node);
}

/* To the next running sibling, or up to the parent, whose children are then done. */
static void halt_next(copse_bt_instance *in)
{
    cp_cursor *cursor = &in->cursor;
    uint32_t node = cursor->halt_node, parent = in->context.nodes[node].parent;
    uint32_t end = in->context.nodes[parent].end;
    uint32_t sibling = next_running(&in->context, in->context.nodes[node].end, end);
    bool has_sibling = sibling < end;
    cursor->halt_node = has_sibling ? sibling : parent;
    cursor->halt_step = has_sibling ? HALT_DESCEND : HALT_NODE;
}

static void halt(copse_bt_instance *in)
{
    cp_cursor *cursor = &in->cursor;
    for (;;) {
        uint32_t node = cursor->halt_node;
        bool is_top = node == cursor->halt_top;
        switch ((enum halt_step)cursor->halt_step) {
        case HALT_DESCEND: {
            uint32_t end = in->context.nodes[node].end;
            uint32_t child = next_running(&in->context, node + 1, end);
            if (child < end)
                cursor->halt_node = child;
            else
                cursor->halt_step = HALT_NODE;
            break;
        }
        case HALT_NODE:
            if (is_top && !cursor->halts_top) {
                cursor->stage = cursor->after_halt;
                return;
            }
            if (!halt_node(in, node))
                return;
            cursor->halt_step = HALT_HOOK;
            break;
        case HALT_HOOK:
            if (!run_halt_hook(in, node))
                return;
            cursor->halt_step = HALT_DONE;
            break;
        case HALT_DONE:
            mark_halted(in, node);
            if (is_top) {
                cursor->stage = cursor->after_halt;
                return;
            }
            halt_next(in);
            break;
        }
    }
}

/* ---- Visits -------------------------------------------------------------------------------- */

/* SIZE > 0 bytes of node memory to zero; most are one word. */
CP_ALWAYS_INLINE void clear_words(char *memory, uint32_t size)
{
    uint32_t i = 0;
    do
        memset(memory + i, 0, 8);
    while ((i += 8) < size);
}

/* Begin NODE, or go on with it. */
CP_ALWAYS_INLINE copse_bt_action visit(copse_bt_context *context, const cp_bt_node *row,
                                       uint32_t node)
{
    const copse_bt_node_kind *kind = row->kind;
    copse_bt_action action;
    if (context->states[node] == COPSE_BT_RUNNING) {
        action = kind->resume(context, node);
    } else {
        context->states[node] = COPSE_BT_RUNNING;
        if (kind->memory_size > 0 && (row->flags & COPSE_BT_KEEPS_MEMORY) == 0)
            clear_words(context->node_memory + row->memory, kind->memory_size);
        action = kind->start(context, node);
    }
    if (action >> 32 == COPSE_BT_ACT_RETURN)
        context->decider = node;
    return action;
}

/* A row gave an action that can not be: the row is wrong. */
static CP_COLD void refuse_action(copse_bt_instance *in, uint32_t node)
{
    cp_instance_note_error(&in->context, node, "bad-node-action",
                           "a node kind gave an action that can not be");
    in->cursor.node = node;
    in->cursor.error_was_own = true;
    in->cursor.stage = STAGE_BROKEN;
}

/* A node halts its children; a leaf also the holder of an output that it claims. */
static bool may_halt(const copse_bt_instance *in, uint32_t node, uint32_t target)
{
    if (target >= in->definition->node_count)
        return false;
    return in->context.nodes[target].parent == node ||
           (in->context.nodes[node].flags & COPSE_BT_IS_LEAF) != 0;
}

/* NODE wants something that takes other stages: go there. */
static void leave_walk(copse_bt_instance *in, uint32_t node, copse_bt_action action)
{
    cp_cursor *cursor = &in->cursor;
    cursor->node = node;
    uint32_t argument = (uint32_t)action;
    switch (action >> 32) {
    case COPSE_BT_ACT_HALT:
        if (!may_halt(in, node, argument))
            refuse_action(in, node);
        else
            begin_halt(in, argument, true, STAGE_HALTED);
        return;
    case COPSE_BT_ACT_REQUEST:
        cursor->asked = (uint8_t)argument;
        cursor->asked_call = in->context.nodes[node].index;
        cursor->stage = STAGE_ANSWERED;
        return;
    case COPSE_BT_ACT_RETURN:
        if (argument < COPSE_BT_SUCCESS || argument > COPSE_BT_ERROR)
            break;
        cursor->status = (uint8_t)argument;
        cursor->stage = STAGE_LEAVE;
        return;
    }
    refuse_action(in, node);
}

/* Visit nodes until one needs a stage of its own. All that a plain tree does happens here. */
CP_ALWAYS_INLINE void walk_traced_or_not(copse_bt_instance *in, bool is_traced)
{
    copse_bt_context *context = &in->context;
    const cp_bt_node *nodes = context->nodes;
    uint32_t node = in->cursor.node;
    copse_bt_action action = in->cursor.action;
    for (;;) {
        while (action >> 32 == COPSE_BT_ACT_TICK) {
            uint32_t child = (uint32_t)action;
            if (CP_UNLIKELY(child >= context->node_count || nodes[child].parent != node)) {
                refuse_action(in, node);
                return;
            }
            node = child;
            if (is_traced)
                cp_instance_trace(context, COPSE_TRACE_NODE_ENTER, node, COPSE_BT_IDLE, 0);
            if (CP_UNLIKELY((nodes[node].flags & CP_NODE_HAS_CONDITIONS) != 0)) {
                in->cursor.node = node;
                in->cursor.expression = COPSE_BT_FAILURE_IF;
                in->cursor.stage = STAGE_CONDITIONS;
                return;
            }
            action = visit(context, &nodes[node], node);
        }
        if (action != COPSE_BT_RUNNING) {
            uint32_t flags = nodes[node].flags & (COPSE_BT_ENDS_CLEAN | CP_NODE_HAS_END_HOOKS);
            bool is_plain_end = action - COPSE_BT_SUCCESS <= COPSE_BT_SKIPPED - COPSE_BT_SUCCESS;
            if (CP_UNLIKELY(!is_plain_end || flags != COPSE_BT_ENDS_CLEAN)) {
                leave_walk(in, node, action);
                return;
            }
            context->states[node] = (uint8_t)action;
        }
        copse_bt_status status = (copse_bt_status)action;
        if (is_traced)
            cp_instance_trace(context, COPSE_TRACE_NODE_EXIT, node, status, 0);
        uint32_t parent = nodes[node].parent;
        if (CP_UNLIKELY(parent == COPSE_BT_NO_NODE)) {
            in->cursor.result = (uint8_t)status;
            in->cursor.stage = STAGE_END_TICK;
            return;
        }
        action = nodes[parent].kind->child(context, parent, node, status);
        node = parent;
    }
}

static void walk(copse_bt_instance *in)
{
    if (CP_LIKELY(in->context.trace == NULL))
        walk_traced_or_not(in, false);
    else
        walk_traced_or_not(in, true);
}

/* Go on walking in NODE with ACTION. */
static void walk_on(copse_bt_instance *in, uint32_t node, copse_bt_action action)
{
    in->cursor.node = node;
    in->cursor.action = action;
    in->cursor.stage = STAGE_WALK;
}

/* The interpreter's answer for the node that asked. */
static void hand_answer(copse_bt_instance *in)
{
    cp_cursor *cursor = &in->cursor;
    cp_ask phase = (cp_ask)cursor->asked;
    cursor->asked = CP_ASK_NONE;
    cursor->has_answer = false;
    const copse_bt_node_kind *kind = in->context.nodes[cursor->node].kind;
    copse_bt_action action = kind->answered(&in->context, cursor->node, (uint32_t)phase,
                                            (copse_bt_status)cursor->answer);
    if (action >> 32 == COPSE_BT_ACT_RETURN)
        in->context.decider = cursor->node;
    walk_on(in, cursor->node, action);
}

/* What the node asked to be halted is. */
static void tell_halted(copse_bt_instance *in)
{
    uint32_t node = in->cursor.node;
    const copse_bt_node_kind *kind = in->context.nodes[node].kind;
    if (kind->halted == NULL)
        refuse_action(in, node);
    else
        walk_on(in, node, kind->halted(&in->context, node));
}

/* What a condition means: the status of its node when it gives `decisive`. */
typedef struct condition_row {
    copse_bt_status decisive;
    copse_bt_status status;
    bool looks_again; /* also in a node that runs */
} condition_row;

static const condition_row condition_rows[] = {
    [COPSE_BT_FAILURE_IF] = {COPSE_BT_SUCCESS, COPSE_BT_FAILURE, false},
    [COPSE_BT_SUCCESS_IF] = {COPSE_BT_SUCCESS, COPSE_BT_SUCCESS, false},
    [COPSE_BT_IF] = {COPSE_BT_FAILURE, COPSE_BT_SKIPPED, false},
    [COPSE_BT_WHILE] = {COPSE_BT_FAILURE, COPSE_BT_SKIPPED, true},
};

/* A condition decides: the node ends with STATUS, without a visit. */
static void decide(copse_bt_instance *in, uint32_t node, copse_bt_expression which,
                   copse_bt_status status)
{
    in->context.decider = node;
    in->cursor.status = (uint8_t)status;
    in->cursor.expression = 0;
    if (status == COPSE_BT_FAILURE)
        cp_instance_note_reason(&in->context, node, cp_expression_word(which), "was true");
    if (cp_is_running(&in->context, node))
        begin_halt(in, node, true, STAGE_LEFT);
    else
        in->cursor.stage = STAGE_HOOKS;
}

static void check_conditions(copse_bt_instance *in)
{
    cp_cursor *cursor = &in->cursor;
    uint32_t node = cursor->node;
    bool is_running = cp_is_running(&in->context, node);
    for (; cursor->expression <= COPSE_BT_WHILE; cursor->expression++) {
        copse_bt_expression which = (copse_bt_expression)cursor->expression;
        const condition_row *row = &condition_rows[which];
        bool is_given =
            in->definition->extras[in->context.nodes[node].extra].calls[which] != CP_NO_INDEX;
        if (!is_given || (is_running && !row->looks_again))
            continue;
        copse_bt_status answer;
        if (!ask_expression(in, node, which, &answer))
            return;
        if (answer == COPSE_BT_ERROR) {
            cursor->error_was_own = false;
            cursor->stage = STAGE_BROKEN;
            return;
        }
        if (answer == row->decisive) {
            decide(in, node, which, row->status);
            return;
        }
    }
    walk_on(in, node, visit(&in->context, &in->context.nodes[node], node));
}

/* ---- Ends ---------------------------------------------------------------------------------- */

static void leave(copse_bt_instance *in)
{
    cp_cursor *cursor = &in->cursor;
    uint32_t node = cursor->node, end = in->context.nodes[node].end;
    if (cursor->status == COPSE_BT_ERROR) {
        cursor->error_was_own = true;
        cursor->stage = STAGE_BROKEN;
        return;
    }
    cursor->expression = 0;
    if (next_running(&in->context, node + 1, end) < end)
        begin_halt(in, node, false, STAGE_HOOKS);
    else
        cursor->stage = STAGE_HOOKS;
}

/* The hooks of an end in their order; cursor.expression counts them. */
static void run_hooks(copse_bt_instance *in)
{
    cp_cursor *cursor = &in->cursor;
    uint32_t node = cursor->node;
    cursor->stage = STAGE_LEFT;
    bool has_hooks = (in->context.nodes[node].flags & CP_NODE_HAS_END_HOOKS) != 0;
    if (!has_hooks || cursor->status == COPSE_BT_SKIPPED)
        return;
    const copse_bt_expression hooks[] = {cursor->status == COPSE_BT_SUCCESS ? COPSE_BT_ON_SUCCESS
                                                                            : COPSE_BT_ON_FAILURE,
                                         COPSE_BT_POST};
    for (; cursor->expression < CP_COUNT_OF(hooks); cursor->expression++) {
        copse_bt_status answer;
        if (!ask_expression(in, node, hooks[cursor->expression], &answer)) {
            cursor->stage = STAGE_HOOKS;
            return;
        }
        if (answer == COPSE_BT_ERROR) {
            cursor->error_was_own = true;
            cursor->stage = STAGE_BROKEN;
            return;
        }
    }
}

/* The node has ended: its parent hears of it. */
static void hand_up(copse_bt_instance *in)
{
    cp_cursor *cursor = &in->cursor;
    uint32_t node = cursor->node, parent = in->context.nodes[node].parent;
    copse_bt_status status = (copse_bt_status)cursor->status;
    in->context.states[node] = (uint8_t)status;
    cp_instance_trace(&in->context, COPSE_TRACE_NODE_EXIT, node, status, 0);
    if (parent == COPSE_BT_NO_NODE) {
        cursor->result = (uint8_t)status;
        cursor->stage = STAGE_END_TICK;
        return;
    }
    const copse_bt_node_kind *kind = in->context.nodes[parent].kind;
    walk_on(in, parent, kind->child(&in->context, parent, node, status));
}

/* ---- Errors -------------------------------------------------------------------------------- */

/* The nearest node above NODE that catches errors, or COPSE_BT_NO_NODE. */
static uint32_t find_catcher(const copse_bt_context *context, uint32_t node)
{
    do
        node = context->nodes[node].parent;
    while (node != COPSE_BT_NO_NODE && (context->nodes[node].flags & COPSE_BT_CATCHES) == 0);
    return node;
}

/* The node at the cursor is broken: all that runs is halted, or what runs under its catcher. */
static void break_node(copse_bt_instance *in)
{
    cp_cursor *cursor = &in->cursor;
    uint32_t node = cursor->node;
    in->stats.errors++;
    in->context.decider = node;
    if (in->error.node != node || in->error.tick != in->stats.ticks)
        cp_instance_note_error(&in->context, node, "error", "the leaf said no more");
    cp_instance_trace(&in->context, COPSE_TRACE_ERROR, node, COPSE_BT_ERROR, 0);
    cp_instance_trace(&in->context, COPSE_TRACE_NODE_EXIT, node, COPSE_BT_ERROR, 0);
    cursor->error_node = node;
    uint32_t catcher = find_catcher(&in->context, node);
    if (catcher == COPSE_BT_NO_NODE) {
        begin_halt(in, 0, true, STAGE_ABANDON);
        return;
    }
    cursor->node = catcher;
    begin_halt(in, catcher, false, STAGE_CAUGHT);
}

/* The broken node ends as error, also when it never became active. */
static uint32_t end_error(copse_bt_instance *in)
{
    uint32_t node = in->cursor.error_node;
    in->context.states[node] = COPSE_BT_ERROR;
    in->cursor.error_node = COPSE_BT_NO_NODE;
    return node;
}

/* What is under the catcher was abandoned: all of it starts anew, also what did not run. */
static void hand_error(copse_bt_instance *in)
{
    const cp_bt_node *nodes = in->context.nodes;
    uint32_t node = in->cursor.node, broken = end_error(in), child = node + 1;
    for (uint32_t i = node + 1; i < nodes[node].end; i = nodes[i].end) {
        cp_instance_forget(in, i);
        child = i <= broken ? i : child;
    }
    cp_instance_note_reason(&in->context, broken, in->error.word, in->error.text);
    const copse_bt_node_kind *kind = in->context.nodes[node].kind;
    walk_on(in, node, kind->child(&in->context, node, child, COPSE_BT_ERROR));
}

static void abandon(copse_bt_instance *in)
{
    end_error(in);
    cp_instance_forget(in, 0); /* also what did not run: the next tick starts the tree anew */
    in->cursor.result = COPSE_BT_ERROR;
    in->cursor.stage = STAGE_END_TICK;
}

/* ---- Around the walk ----------------------------------------------------------------------- */

static void trace_act(copse_bt_instance *in, copse_trace_kind kind, const cp_call *call,
                      copse_bt_status status)
{
    cp_instance_trace(&in->context, kind, call->node, status, 0);
}

/* Take the act at the cursor out of the list of stopping acts. */
static void end_stopping(copse_bt_instance *in, copse_trace_kind kind)
{
    cp_cursor *cursor = &in->cursor;
    uint32_t act = cursor->act;
    trace_act(in, kind, &in->context.calls[in->definition->acts[act]], COPSE_BT_IDLE);
    cursor->act = in->context.acts[act].next_stopping;
    cp_stopping_remove(in, act, cursor->act_before);
}

/* Every slow halt goes on, in the order in which they began, or is cut. */
static void resume_halts(copse_bt_instance *in)
{
    cp_cursor *cursor = &in->cursor;
    while (cursor->act != CP_NO_INDEX) {
        const cp_act *act = &in->context.acts[cursor->act];
        const cp_call *call = &in->context.calls[in->definition->acts[cursor->act]];
        bool is_late = in->context.now_ns >= act->halt_deadline_ns;
        copse_bt_status answer;
        if (!ask(in, call, is_late ? CP_ASK_CUT : CP_ASK_HALT, is_late ? NULL : call->leaf->halt,
                 &answer))
            return;
        if (is_late) {
            in->stats.halts_cut++;
            end_stopping(in, COPSE_TRACE_HALT_CUT);
            continue;
        }
        if (answer == COPSE_BT_RUNNING) {
            trace_act(in, COPSE_TRACE_STOPPING, call, answer);
            cp_instance_wait_until(&in->context, act->halt_deadline_ns);
            cursor->act_before = cursor->act;
            cursor->act = act->next_stopping;
            continue;
        }
        if (answer == COPSE_BT_ERROR)
            trace_act(in, COPSE_TRACE_HALT_ERROR, call, answer);
        end_stopping(in, COPSE_TRACE_STOPPED);
    }
    cursor->stage = STAGE_RELEASED;
    if (CP_UNLIKELY(in->clock_went_back)) {
        in->clock_went_back = false;
        begin_halt(in, 0, true, STAGE_RELEASED);
    }
}

/* A person gave an output back: the act that holds it starts anew. */
static void restart_released(copse_bt_instance *in)
{
    for (uint32_t i = 0; in->outputs != NULL && i < in->definition->output_count; i++) {
        uint32_t releases = cp_output_releases(in->outputs[i]);
        if (CP_LIKELY(releases == in->releases_seen[i]))
            continue;
        in->releases_seen[i] = releases;
        uint32_t act = in->holders[i];
        if (act == CP_NO_INDEX || in->context.acts[act].state != CP_LEAF_STARTED)
            continue;
        begin_halt(in, in->context.calls[in->definition->acts[act]].node, true, STAGE_RELEASED);
        return;
    }
    /* The root has no parent, so that it is the child of no node. */
    walk_on(in, COPSE_BT_NO_NODE, copse_bt_tick_child(0));
}

static void finish(copse_bt_instance *in, copse_bt_status result)
{
    in->cursor.result = (uint8_t)result;
    in->cursor.operation = CP_OPERATION_NONE;
}

static void measure_tick(copse_bt_instance *in, int64_t spent)
{
    copse_bt_stats *stats = &in->stats;
    if (spent > stats->worst_tick_ns)
        stats->worst_tick_ns = spent;
    if (spent <= in->budget_ns) {
        stats->overruns_in_a_row = 0;
        return;
    }
    stats->overruns++;
    stats->overruns_in_a_row++;
    stats->slowest_leaf = in->slowest_node;
    stats->slowest_leaf_ns = in->slowest_ns;
    cp_instance_trace(&in->context, COPSE_TRACE_OVERRUN, in->slowest_node, COPSE_BT_IDLE,
                      (uint64_t)spent);
    if (stats->overruns_in_a_row == in->max_overruns)
        cp_instance_stop(in, COPSE_STOP_OVERRUN);
}

static void end_tick(copse_bt_instance *in)
{
    copse_bt_status result = (copse_bt_status)in->cursor.result;
    int64_t spent = 0;
    if (CP_UNLIKELY(in->measure != NULL)) {
        spent = in->measure(in->measure_context) - in->tick_begin_ns;
        measure_tick(in, spent);
    }
    if (CP_UNLIKELY(result == COPSE_BT_ERROR))
        cp_instance_stop(in, COPSE_STOP_ERROR);
    cp_instance_trace(&in->context, COPSE_TRACE_TICK_END, 0, result, (uint64_t)spent);
    if (CP_LIKELY(!in->reset_is_requested)) {
        finish(in, result);
        return;
    }
    in->held_at_begin = cp_instance_held(in);
    begin_halt(in, 0, true, STAGE_END_HALT);
}

/* All is halted. */
static void end_halt(copse_bt_instance *in)
{
    cp_operation operation = (cp_operation)in->cursor.operation;
    bool is_reset = operation == CP_OPERATION_RESET || in->reset_is_requested;
    if (operation != CP_OPERATION_HALT) {
        cp_instance_forget(in, 0);
        memset(in->context.states, COPSE_BT_IDLE, in->definition->node_count);
    }
    if (is_reset)
        cp_instance_reset_slots(in);
    cp_instance_go_safe(in, in->held_at_begin);
    in->reset_is_requested = false;
    bool is_tick = operation == CP_OPERATION_TICK;
    bool is_stopping = in->stopping_first != CP_NO_INDEX;
    copse_bt_status stopped = is_stopping ? COPSE_BT_RUNNING : COPSE_BT_IDLE;
    finish(in, is_tick ? (copse_bt_status)in->cursor.result : stopped);
}

/* Acts that can pause do; the others are halted. */
static void pause_acts(copse_bt_instance *in)
{
    cp_cursor *cursor = &in->cursor;
    for (; cursor->act < in->definition->act_count; cursor->act++) {
        cp_act *act = &in->context.acts[cursor->act];
        const cp_call *call = &in->context.calls[in->definition->acts[cursor->act]];
        if (act->state != CP_LEAF_STARTED)
            continue;
        if (call->leaf->pause == NULL) {
            begin_halt(in, call->node, true, STAGE_PAUSE);
            return;
        }
        copse_bt_status answer;
        if (!ask(in, call, CP_ASK_PAUSE, call->leaf->pause, &answer))
            return;
        trace_act(in, COPSE_TRACE_LEAF_PAUSE, call, answer);
        cp_act_move(act, CP_LEAF_PAUSED);
    }
    cp_instance_go_safe(in, in->held_at_begin);
    in->is_paused = true;
    in->pause_began_ns = in->host_now_ns;
    finish(in, COPSE_BT_IDLE);
}

static void resume_acts(copse_bt_instance *in)
{
    cp_cursor *cursor = &in->cursor;
    for (; cursor->act < in->definition->act_count; cursor->act++) {
        cp_act *act = &in->context.acts[cursor->act];
        const cp_call *call = &in->context.calls[in->definition->acts[cursor->act]];
        if (act->state != CP_LEAF_PAUSED)
            continue;
        copse_bt_status answer;
        if (!ask(in, call, CP_ASK_RESUME, call->leaf->resume, &answer))
            return;
        trace_act(in, COPSE_TRACE_LEAF_RESUME, call, answer);
        cp_act_move(act, CP_LEAF_STARTED);
    }
    finish(in, COPSE_BT_IDLE);
}

/* ---- Operations ---------------------------------------------------------------------------- */

/* The clock went back by more than nothing: no stamp and no deadline may lie in the future. */
static void drop_deadlines(copse_bt_instance *in, int64_t back_by_ns)
{
    in->stats.clock_jumps++;
    cp_instance_trace(&in->context, COPSE_TRACE_CLOCK_BACK, COPSE_BT_NO_NODE, COPSE_BT_IDLE,
                      (uint64_t)back_by_ns);
    for (uint32_t i = 0; i < in->definition->key_count; i++)
        if (in->slots[i].time_ns > in->host_now_ns)
            in->slots[i].time_ns = INT64_MIN;
    for (uint32_t act = in->stopping_first; act != CP_NO_INDEX;
         act = in->context.acts[act].next_stopping)
        in->context.acts[act].halt_deadline_ns -= back_by_ns;
}

/* Take the host's time. Gives by how much it went back. */
static int64_t take_time(copse_bt_instance *in, int64_t now_ns)
{
    int64_t before = in->host_now_ns, back_by_ns = 0;
    bool is_first = before == INT64_MIN;
    if (!is_first && now_ns < before && CP_SUB_OVERFLOWS(before, now_ns, &back_by_ns))
        back_by_ns = COPSE_NEVER;
    in->host_now_ns = now_ns;
    if (!in->is_paused)
        in->context.now_ns = now_ns - in->paused_ns;
    return back_by_ns;
}

static void begin_tick(copse_bt_instance *in, int64_t back_by_ns)
{
    in->stats.ticks++;
    in->context.deadline_ns = COPSE_NEVER;
    in->context.decider = COPSE_BT_NO_NODE;
    cp_instance_trace(&in->context, COPSE_TRACE_TICK_BEGIN, COPSE_BT_NO_NODE, COPSE_BT_IDLE,
                      in->stats.ticks);
    if (CP_UNLIKELY(in->measure != NULL)) {
        in->slowest_ns = 0;
        in->slowest_node = COPSE_BT_NO_NODE;
        in->tick_begin_ns = in->measure(in->measure_context);
    }
    if (in->gate != NULL) {
        copse_gate_beat(in->gate, in->host_now_ns);
        uint32_t expired = copse_gate_poll(in->gate, in->host_now_ns);
        if (expired > 0)
            cp_instance_trace(&in->context, COPSE_TRACE_LEASE_EXPIRED, COPSE_BT_NO_NODE,
                              COPSE_BT_IDLE, expired);
    }
    in->cursor.act = in->stopping_first;
    in->cursor.act_before = CP_NO_INDEX;
    in->cursor.stage = STAGE_STOPPING;
    in->clock_went_back = back_by_ns > 0;
    if (CP_UNLIKELY(in->clock_went_back))
        drop_deadlines(in, back_by_ns);
}

copse_status cp_tick_begin(copse_bt_instance *instance, cp_operation operation, int64_t now_ns)
{
    copse_bt_instance *in = instance;
    if (in->cursor.operation != CP_OPERATION_NONE)
        return COPSE_EBUSY_OWNER;
    if (operation == CP_OPERATION_TICK && in->is_paused)
        return COPSE_EPAUSED;
    bool changes_nothing = (operation == CP_OPERATION_PAUSE && in->is_paused) ||
                           (operation == CP_OPERATION_RESUME && !in->is_paused);
    if (changes_nothing)
        return COPSE_EINVAL;
    in->cursor.operation = (uint8_t)operation;
    int64_t back_by_ns = take_time(in, now_ns);
    if (operation == CP_OPERATION_TICK) {
        begin_tick(in, back_by_ns);
        return COPSE_OK;
    }
    cp_instance_trace(&in->context, COPSE_TRACE_HALT_ALL, COPSE_BT_NO_NODE, COPSE_BT_IDLE,
                      (uint64_t)operation);
    in->held_at_begin = cp_instance_held(in);
    in->cursor.act = 0;
    if (operation == CP_OPERATION_PAUSE) {
        in->cursor.stage = STAGE_PAUSE;
    } else if (operation == CP_OPERATION_RESUME) {
        in->is_paused = false;
        in->paused_ns += now_ns - in->pause_began_ns;
        in->context.now_ns = now_ns - in->paused_ns;
        in->cursor.stage = STAGE_RESUME;
    } else {
        begin_halt(in, 0, true, STAGE_END_HALT);
    }
    return COPSE_OK;
}

#define STAGE_FUNCTION(name, function) [STAGE_##name] = function,
static void (*const stages[])(copse_bt_instance *in) = {STAGE_LIST(STAGE_FUNCTION)};

cp_ask cp_tick_step(copse_bt_instance *instance)
{
    cp_cursor *cursor = &instance->cursor;
    while (cursor->operation != CP_OPERATION_NONE) {
        if (cursor->asked != CP_ASK_NONE && !cursor->has_answer)
            return (cp_ask)cursor->asked;
        assert(cursor->stage < STAGE_COUNT);
        stages[cursor->stage](instance);
    }
    return CP_ASK_NONE;
}

void cp_tick_answer(copse_bt_instance *instance, copse_bt_status status)
{
    assert(instance->cursor.asked != CP_ASK_NONE);
    assert(!instance->cursor.has_answer);
    instance->cursor.answer = (uint8_t)status;
    instance->cursor.has_answer = true;
}

copse_bt_status cp_tick_run(copse_bt_instance *instance)
{
    cp_ask asked = cp_tick_step(instance);
    assert(asked == CP_ASK_NONE);
    (void)asked;
    return (copse_bt_status)instance->cursor.result;
}

void cp_tick_cut_halts(copse_bt_instance *instance)
{
    assert(instance->cursor.operation == CP_OPERATION_NONE);
    instance->cursor.act = instance->stopping_first;
    instance->cursor.act_before = CP_NO_INDEX;
    while (instance->cursor.act != CP_NO_INDEX) {
        instance->stats.halts_cut++;
        end_stopping(instance, COPSE_TRACE_HALT_CUT);
    }
}
