/* real.h -- a tree of gen.h run by the library, with its log in the words of gen.h.
 *
 * Owns:  the leaves that ask the oracle, one registry, definition and instance.
 * Never: knows what a tick means. */
#ifndef CP_TESTS_BT_REAL_H
#define CP_TESTS_BT_REAL_H

#include <copse/bt.h>

#include "tests/bt/gen.h"

typedef struct real real;

/* An own run of TREE, which has no problem. TREE and what ORACLE points at are borrowed. The trace
 * of the instance is on. NULL when the library refuses the tree; TEXT (cut to SIZE) says why. */
real *real_new(const gen_tree *tree, gen_oracle oracle, char *text, size_t size);

/* Halts what runs and frees all. */
void real_free(real *own);

/* One step; gives its status. */
gen_status real_step(real *r, gen_step step);

copse_bt_instance *real_instance(const real *r);

/* What happened so far. Borrowed until the next step. */
const gen_log *real_log(const real *r);

#endif
