/* tick.h -- the tick machine: what one operation on an instance does, step by step.
 *
 * Owns:  the order of visits, conditions, hooks, halts and errors.
 * Never: recurses, allocates, locks or asks for the time; knows a node kind but by its row; runs
 *        Lisp: it stops and asks, and whoever drives it answers. */
#ifndef CP_BT_TICK_H
#define CP_BT_TICK_H

#include "bt/instance.h"

/* Begin OPERATION at the host's time NOW_NS. COPSE_EBUSY_OWNER while one is going on, COPSE_EPAUSED
 * for a tick of a paused instance, COPSE_EINVAL for a pause or resume that would change nothing. */
copse_status cp_tick_begin(copse_bt_instance *instance, cp_operation operation,
                           int64_t now_ns) CP_MUST_USE;

/* Go on until the operation is done (CP_ASK_NONE; cursor.result has the status) or the interpreter
 * is to run something: the phase, for the call cursor.asked_call (an expression: of the node
 * cursor.node). Then cp_tick_answer and step again. */
cp_ask cp_tick_step(copse_bt_instance *instance) CP_MUST_USE;

/* The answer: a status as a C leaf would give it. A leaf that parked, or an action that was cut, is
 * running; a condition that raised or was cut is an error, noted before. */
void cp_tick_answer(copse_bt_instance *instance, copse_bt_status status);

/* Drive an operation of an instance whose leaves are all in C to its end. */
copse_bt_status cp_tick_run(copse_bt_instance *instance);

/* End slow halts without waiting for them: before an instance is freed. */
void cp_tick_cut_halts(copse_bt_instance *instance);

#endif
