/* rows.h -- the node kinds and leaves that trees of one host may name.
 *
 * Owns:  the lists of rows; the rows themselves are the host's.
 * Never: treats a built-in row differently from a host's. */
#ifndef CP_BT_ROWS_H
#define CP_BT_ROWS_H

#include <stdbool.h>

#include <copse/bt.h>

#include "sched/compiler.h"

struct copse_bt_registry {
    const copse_allocator *allocator;
    const copse_bt_node_kind **kinds; /* own array of borrowed rows, in order of registration */
    size_t kind_count;
    size_t kind_capacity;
    const copse_bt_leaf **leaves; /* the same */
    size_t leaf_count;
    size_t leaf_capacity;
};

/* An own registry without any kind. NULL when memory is refused. */
copse_bt_registry *cp_rows_new(const copse_allocator *allocator) CP_MUST_USE;

/* NULL when there is none of that name. */
const copse_bt_node_kind *cp_rows_kind(const copse_bt_registry *registry, const char *name);
const copse_bt_leaf *cp_rows_leaf(const copse_bt_registry *registry, const char *name);

/* The known name that is closest to NAME, or NULL. */
const char *cp_rows_guess_kind(const copse_bt_registry *registry, const char *name);
const char *cp_rows_guess_leaf(const copse_bt_registry *registry, const char *name);

/* copse_bt_register_leaf for a leaf that the interpreter runs, which has no `tick`. */
copse_status cp_rows_add_leaf(copse_bt_registry *registry, const copse_bt_leaf *leaf) CP_MUST_USE;

#endif
