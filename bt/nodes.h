/* nodes.h -- the built-in rows of the node table.
 *
 * Owns:  the list of the lists of rows; each row and its functions are in nodes_*.c.
 * Never: offers a row anything that a host's row has not. */
#ifndef CP_BT_NODES_H
#define CP_BT_NODES_H

#include <copse/bt.h>

/* Each ends with a row without a name. */
extern const copse_bt_node_kind cp_control_kinds[];
extern const copse_bt_node_kind cp_decorator_kinds[];
extern const copse_bt_node_kind cp_leaf_kinds[];

#endif
