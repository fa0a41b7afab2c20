/* gen_text.h -- trees, logs and cases as text, for the reader of a failure.
 *
 * Owns:  the grammar of a tree in text and the marks of a log.
 * Never: says whether a tree makes sense. */
#ifndef CP_TESTS_BT_GEN_TEXT_H
#define CP_TESTS_BT_GEN_TEXT_H

#include "tests/bt/gen.h"

/* Own text of TREE as a script writes it: the leaves that have options, then the tree. Leaf 3 is
 * (act a3) or (cond c3), output 0 is o0, expression 4 is (e4), every hook is (hook). */
char *gen_tree_text(const gen_tree *tree);

/* Read what gen_tree_text writes into an own TREE. False when TEXT is not of that form; TREE is
 * then empty. Whether the tree makes sense is gen_tree_problem's to say. */
bool gen_tree_parse(const char *text, gen_tree *tree);

/* Own text of LOG, a step between two bars:
 *   @50 or halt or restart, a step that is not a tick at the time of the step before it;
 *   +3 start, 3R tick and its answer, -3 halt, ~3 resumed halt, .3 its end, x3 its cut;
 *   ?3S condition and its answer; e4T, e4F, e4E expression; !h0 hook of node 0;
 *   =0S end of node 0, only WITH_ENDS; :S result of the tick, :halted or :stopping of a halt. */
char *gen_log_text(const gen_log *log, const gen_tree *tree, bool with_ends);

/* Own text of a case: its tree, seed and steps. */
char *gen_case_text(const gen_case *given);

#endif
