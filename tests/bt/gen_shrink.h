/* gen_shrink.h -- makes a failing case small.
 *
 * Owns:  the order in which parts of a case are tried to be left out.
 * Never: knows what failing means; it asks. */
#ifndef CP_TESTS_BT_GEN_SHRINK_H
#define CP_TESTS_BT_GEN_SHRINK_H

#include "tests/bt/gen.h"

/* True when a case shows the fault that is hunted. Must give the same answer each time. */
typedef bool gen_predicate(void *context, const gen_case *given);

/* The smallest case that FAILS and that is reached from GIVEN, which must fail, by leaving out
 * steps, subtrees, options and passing time, one after the other, until nothing can go; its seed
 * may be another one. Own; GIVEN stays. Cost: about as many calls of FAILS as the square of nodes,
 * options and steps. */
gen_case gen_shrink(const gen_case *given, gen_predicate *fails, void *context);

#endif
