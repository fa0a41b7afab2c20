/* model.h -- what a tick means, as the obvious slow program: the judge of the real tick machine.
 *
 * Owns:  one run of one tree: node memory, the leaves that run or stop, the log.
 * Never: shares code or ideas with the runtime it judges, saves time or memory, does I/O. */
#ifndef CP_TESTS_BT_MODEL_H
#define CP_TESTS_BT_MODEL_H

#include "tests/bt/gen.h"

typedef struct model model;

/* An own instance of TREE, which has no problem (gen_tree_problem). TREE and what ORACLE points at
 * are borrowed for the life of the model. */
model *model_new(const gen_tree *tree, gen_oracle oracle);

/* Frees the model. What runs is not halted: halt first to see that in the log. */
void model_free(model *own);

/* One tick at the clock NOW_MS, which never goes back and stands still inside the tick. Gives
 * success, failure, running, skipped or error, never idle. */
gen_status model_tick(model *m, int64_t now_ms);

/* Halts all that runs. Idle: nothing runs or stops any more; running: a slow halt goes on. */
gen_status model_halt_all(model *m, int64_t now_ms);

/* Halts all that runs and clears the memory of every node. Result as of model_halt_all. */
gen_status model_restart(model *m, int64_t now_ms);

/* Does one step of a case and gives its status. */
gen_status model_step(model *m, gen_step step);

/* What happened to the node at INDEX in the last step: its result; idle when it was halted or did
 * not take part; running when it is running, ticked or not. */
gen_status model_status(const model *m, uint32_t index);

/* What happened since the model was made. Borrowed until the next step. */
const gen_log *model_log(const model *m);

#endif
