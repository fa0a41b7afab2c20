/* nodes_leaf.c -- act and cond, which call a leaf, and the three that give one status.
 *
 * An act starts its leaf, ticks it in each tick until it ends, and halts it when it is halted:
 *
 *   idle --start, outputs taken--> started --result--> idle
 *                                  started --halt--> idle, or stopping while its halt goes on
 *
 * It is running without a start while its outputs, or its own last halt, keep it waiting. A leaf
 * that has nothing but tick and ends in the same visit skips all of this. */
#include <string.h>

#include "bt/claim.h"
#include "bt/leaf.h"
#include "bt/nodes.h"

CP_ALWAYS_INLINE const cp_call *call_of(const copse_bt_context *context, uint32_t node)
{
    return &context->calls[context->nodes[node].index];
}

/* Call FUNCTION of the leaf of an act or cond. */
CP_ALWAYS_INLINE copse_bt_status call_leaf(copse_bt_context *context, const cp_call *call,
                                           copse_bt_leaf_function *function)
{
    return cp_leaf_call(context, call, context->nodes[call->node].index, function);
}

static copse_bt_action request(cp_ask phase)
{
    return (copse_bt_action)COPSE_BT_ACT_REQUEST << 32 | (uint32_t)phase;
}

/* ---- act ------------------------------------------------------------------------------------ */

/* The leaf gave STATUS: it runs on, or has ended and gives its outputs back. */
static copse_bt_action take_result(copse_bt_context *context, const cp_call *call,
                                   copse_bt_status status)
{
    if (status == COPSE_BT_RUNNING)
        return copse_bt_return(COPSE_BT_RUNNING);
    copse_bt_instance *in = cp_instance_of(context);
    cp_act_move(&context->acts[call->act], CP_LEAF_IDLE);
    in->stats.leaves_running--;
    in->stats.leaves_ended++;
    if (call->claims != 0)
        cp_claim_give(in, call);
    return copse_bt_return(status);
}

static copse_bt_action tick_leaf(copse_bt_context *context, const cp_call *call)
{
    if (call->tick == NULL)
        return request(CP_ASK_TICK);
    return take_result(context, call, call_leaf(context, call, call->tick));
}

/* The leaf's start gave STATUS: only its failure and error mean something. */
static copse_bt_action go_on_after_start(copse_bt_context *context, const cp_call *call,
                                         copse_bt_status status)
{
    if (status == COPSE_BT_FAILURE || status == COPSE_BT_ERROR)
        return take_result(context, call, status);
    return tick_leaf(context, call);
}

/* Everything that the leaf needs is there. */
static void mark_started(copse_bt_context *context, const cp_call *call)
{
    copse_bt_instance *in = cp_instance_of(context);
    cp_act_move(&context->acts[call->act], CP_LEAF_STARTED);
    in->stats.leaves_started++;
    in->stats.leaves_running++;
}

static copse_bt_action start_leaf(copse_bt_context *context, const cp_call *call)
{
    mark_started(context, call);
    memset(context->leaf_memory + call->memory, 0, call->leaf->memory_size);
    cp_instance_trace(context, COPSE_TRACE_LEAF_START, call->node, COPSE_BT_RUNNING, 0);
    if (call->leaf->start == NULL)
        return tick_leaf(context, call);
    if (call->tick == NULL)
        return request(CP_ASK_START);
    return go_on_after_start(context, call, call_leaf(context, call, call->leaf->start));
}

static copse_bt_action wait(copse_bt_context *context, uint32_t node)
{
    cp_instance_trace(context, COPSE_TRACE_LEAF_WAIT, node, COPSE_BT_RUNNING, 0);
    return copse_bt_return(COPSE_BT_RUNNING);
}

/* Start the leaf, or wait for its outputs, or have their holder halted first. */
static copse_bt_action try_start(copse_bt_context *context, uint32_t node)
{
    const cp_call *call = call_of(context, node);
    if (context->acts[call->act].state == CP_LEAF_STOPPING)
        return wait(context, node);
    if (call->claims == 0)
        return start_leaf(context, call);
    uint32_t holder = COPSE_BT_NO_NODE;
    switch (cp_claim_take(cp_instance_of(context), call, &holder)) {
    case CP_CLAIM_TAKEN:
        return start_leaf(context, call);
    case CP_CLAIM_WAIT:
        return wait(context, node);
    case CP_CLAIM_HALT:
        break;
    }
    cp_instance_trace(context, COPSE_TRACE_LEAF_PREEMPT, holder, COPSE_BT_RUNNING, node);
    return copse_bt_halt_child(holder);
}

static copse_bt_action act_start(copse_bt_context *context, uint32_t node)
{
    const cp_call *call = call_of(context, node);
    if (CP_UNLIKELY(!call->is_plain))
        return try_start(context, node);
    cp_instance_trace(context, COPSE_TRACE_LEAF_START, node, COPSE_BT_RUNNING, 0);
    copse_bt_status status = cp_leaf_call(context, call, context->nodes[node].index, call->tick);
    if (status == COPSE_BT_RUNNING)
        mark_started(context, call);
    else
        context->ended_at_once++;
    return copse_bt_return(status);
}

static copse_bt_action act_resume(copse_bt_context *context, uint32_t node)
{
    const cp_call *call = call_of(context, node);
    if (context->acts[call->act].state == CP_LEAF_STARTED)
        return tick_leaf(context, call);
    return try_start(context, node);
}

/* The leaf's halt gave STATUS: it is over, unless it goes on. */
static copse_bt_action take_halt_result(copse_bt_context *context, const cp_call *call,
                                        copse_bt_status status)
{
    copse_bt_instance *in = cp_instance_of(context);
    in->stats.leaves_running--;
    if (status == COPSE_BT_RUNNING) {
        cp_stopping_push(in, call);
        return copse_bt_return(COPSE_BT_RUNNING);
    }
    if (status == COPSE_BT_ERROR)
        cp_instance_trace(context, COPSE_TRACE_HALT_ERROR, call->node, status, 0);
    cp_act_move(&context->acts[call->act], CP_LEAF_IDLE);
    in->stats.leaves_halted++;
    cp_claim_give(in, call);
    return copse_bt_return(COPSE_BT_SUCCESS);
}

static copse_bt_action act_halt(copse_bt_context *context, uint32_t node)
{
    const cp_call *call = call_of(context, node);
    uint8_t state = context->acts[call->act].state;
    if (state != CP_LEAF_STARTED && state != CP_LEAF_PAUSED)
        return copse_bt_return(COPSE_BT_SUCCESS);
    if (call->leaf->halt == NULL)
        return take_halt_result(context, call, COPSE_BT_SUCCESS);
    if (call->tick == NULL)
        return request(CP_ASK_HALT);
    return take_halt_result(context, call, call_leaf(context, call, call->leaf->halt));
}

/* ---- cond ----------------------------------------------------------------------------------- */

static copse_bt_action cond_start(copse_bt_context *context, uint32_t node)
{
    const cp_call *call = call_of(context, node);
    if (call->tick == NULL)
        return request(CP_ASK_CONDITION);
    copse_bt_status status = call_leaf(context, call, call->tick);
    return copse_bt_return(cp_leaf_check_condition(context, node, status));
}

/* ---- Answers of the interpreter -------------------------------------------------------------- */

static copse_bt_action act_answered(copse_bt_context *context, uint32_t node, uint32_t phase,
                                    copse_bt_status status)
{
    const cp_call *call = call_of(context, node);
    status = cp_leaf_check_action(context, node, status);
    if (phase == CP_ASK_HALT)
        return take_halt_result(context, call, status);
    if (phase == CP_ASK_START)
        return go_on_after_start(context, call, status);
    assert(phase == CP_ASK_TICK);
    return take_result(context, call, status);
}

static copse_bt_action cond_answered(copse_bt_context *context, uint32_t node, uint32_t phase,
                                     copse_bt_status status)
{
    assert(phase == CP_ASK_CONDITION);
    (void)phase;
    return copse_bt_return(cp_leaf_check_condition(context, node, status));
}

/* ---- succeed, fail, running ------------------------------------------------------------------ */

static copse_bt_action give_success(copse_bt_context *context, uint32_t node)
{
    (void)context, (void)node;
    return copse_bt_return(COPSE_BT_SUCCESS);
}

static copse_bt_action give_failure(copse_bt_context *context, uint32_t node)
{
    (void)context, (void)node;
    return copse_bt_return(COPSE_BT_FAILURE);
}

static copse_bt_action give_running(copse_bt_context *context, uint32_t node)
{
    (void)context, (void)node;
    return copse_bt_return(COPSE_BT_RUNNING);
}

/* ---- Rows ----------------------------------------------------------------------------------- */

/* clang-format off */
const copse_bt_node_kind cp_leaf_kinds[] = {
    {.name = "act",
     .doc = "Runs a leaf until it ends.",
     .flags = COPSE_BT_ENDS_CLEAN | COPSE_BT_IS_LEAF,
     .start = act_start, .resume = act_resume, .halted = try_start, .halt = act_halt,
     .answered = act_answered},
    {.name = "cond",
     .doc = "Asks a leaf that answers at once.",
     .flags = COPSE_BT_ENDS_CLEAN | COPSE_BT_IS_LEAF | COPSE_BT_IS_CONDITION,
     .start = cond_start, .resume = cond_start, .answered = cond_answered},
    {.name = "succeed",
     .doc = "Is a success.",
     .flags = COPSE_BT_ENDS_CLEAN,
     .start = give_success, .resume = give_success},
    {.name = "fail",
     .doc = "Is a failure.",
     .flags = COPSE_BT_ENDS_CLEAN,
     .start = give_failure, .resume = give_failure},
    {.name = "running",
     .doc = "Is running until it is halted.",
     .flags = COPSE_BT_ENDS_CLEAN,
     .start = give_running, .resume = give_running},
    {.name = NULL},
};
/* clang-format on */
