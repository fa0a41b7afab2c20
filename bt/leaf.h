/* leaf.h -- calling the leaves of a host, and what they may ask for while they run.
 *
 * Owns:  the call of every C callback of a leaf, its measure, and the reading and writing of ports.
 * Never: decides what a leaf's answer means for the tree. */
#ifndef CP_BT_LEAF_H
#define CP_BT_LEAF_H

#include "bt/instance.h"

/* Call FUNCTION of the leaf at CALL and measure it when there is a budget. A result that is no
 * status is the error bad-leaf-result. */
copse_bt_status cp_leaf_call(copse_bt_context *context, const cp_call *call,
                             copse_bt_leaf_function *function);

/* The answer of a condition: running and skipped are errors too. */
copse_bt_status cp_leaf_check_condition(copse_bt_context *context, uint32_t node,
                                        copse_bt_status status);

/* Any answer that is no status becomes the error bad-leaf-result. */
copse_bt_status cp_leaf_check_action(copse_bt_context *context, uint32_t node,
                                     copse_bt_status status);

/* The value that port number PORT of the running call has now; CP_UNSET, and no_value set, when it
 * has none. Text constants are not values: CP_UNSPECIFIC. */
cp_value cp_leaf_read(copse_bt_context *context, uint32_t port);

void cp_leaf_write(copse_bt_context *context, uint32_t port, cp_value value);

#endif
