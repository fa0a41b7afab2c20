/* script.h -- truth tables of nodes as text: a tree, the answers of its leaves, steps, the log.
 *
 * Owns:  the reading of answers and steps.
 * Never: forgives a difference. */
#ifndef CP_TESTS_BT_SCRIPT_H
#define CP_TESTS_BT_SCRIPT_H

#include "tests/check.h"

/* TREE is what gen_tree_parse reads. ANSWERS is "1=RRS 2=F/2 e4=TF": leaf 1 gives running twice and
 * then success for ever; the halts of leaf 2 take two more ticks; expression 4 is true, then false.
 * What has no answers succeeds, or is true. STEPS is "0 50 halt restart": ticks at these times in
 * ms, and halts at the time before. EXPECTED is the log as gen_log_text writes it, WITH_ENDS or
 * not. */
void script_check(const char *tree, const char *answers, const char *steps, bool with_ends,
                  const char *expected);

/* The same log, without the ends of nodes. */
#define CHECK_LOG(tree, answers, steps, expected)                                                  \
    script_check(tree, answers, steps, false, expected)

#endif
