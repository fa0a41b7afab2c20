/* builder.h -- the way from a description to a definition; <copse/bt.h> has the interface.
 *
 * Owns:  every check of a tree: what the builder lets pass, the tick machine may rely on.
 * Never: recurses: a tree may be 100,000 nodes deep. */
#ifndef CP_BT_BUILDER_H
#define CP_BT_BUILDER_H

#include <copse/bt.h>

#include "sched/compiler.h"

/* What the compiler of trees finds wrong itself, "PLACE: KIND: " and the text; sticks as any. */
void cp_tree_fail(copse_bt_builder *builder, const char *format, ...) CP_PRINTF(2, 3);

/* The number of the node that is open, COPSE_BT_NO_NODE when there is none. */
uint32_t cp_tree_open_node(const copse_bt_builder *builder);

#endif
