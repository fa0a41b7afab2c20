/* leaf.h -- calling the leaves of a host, and what they may ask for while they run.
 *
 * Owns:  the call of every C callback of a leaf, its measure, and the reading and writing of ports.
 * Never: decides what a leaf's answer means for the tree. */
#ifndef CP_BT_LEAF_H
#define CP_BT_LEAF_H

#include "bt/instance.h"

/* The answer of a condition: running and skipped are errors too. */
copse_bt_status cp_leaf_check_condition(copse_bt_context *context, uint32_t node,
                                        copse_bt_status status);

/* An answer that is no status becomes the error bad-leaf-result. */
copse_bt_status cp_leaf_refuse(copse_bt_context *context, uint32_t node) CP_COLD;

CP_ALWAYS_INLINE copse_bt_status cp_leaf_check_action(copse_bt_context *context, uint32_t node,
                                                      copse_bt_status status)
{
    bool is_result = status >= COPSE_BT_RUNNING && status <= COPSE_BT_ERROR;
    return CP_LIKELY(is_result) ? status : cp_leaf_refuse(context, node);
}

/* cp_leaf_call of an instance that has a budget. */
copse_bt_status cp_leaf_call_measured(copse_bt_context *context, const cp_call *call,
                                      copse_bt_leaf_function *function) CP_NOINLINE;

/* Call FUNCTION of the leaf at CALL, which is number INDEX, and check its answer as that of an
 * action. */
CP_ALWAYS_INLINE copse_bt_status cp_leaf_call(copse_bt_context *context, const cp_call *call,
                                              uint32_t index, copse_bt_leaf_function *function)
{
    context->node = call->node;
    context->call = index;
    copse_bt_status status;
    if (CP_UNLIKELY(cp_instance_of(context)->measure != NULL))
        status = cp_leaf_call_measured(context, call, function);
    else
        status = function(context, context->leaf_memory + call->memory, call->user);
    return cp_leaf_check_action(context, call->node, status);
}

/* The value that port number PORT of the running call has now; CP_UNSET, and no_value set, when it
 * has none. Text constants are not values: CP_UNSPECIFIC. */
cp_value cp_leaf_read(copse_bt_context *context, uint32_t port);

void cp_leaf_write(copse_bt_context *context, uint32_t port, cp_value value);

#endif
