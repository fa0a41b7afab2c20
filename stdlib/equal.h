/* equal.h -- equivalence: eq?, eqv?, equal?.
 *
 * Owns:  what it means that two values are equal.
 * Never: calls Lisp, recurses without bound, or fails to end on circular data. */
#ifndef CP_STDLIB_EQUAL_H
#define CP_STDLIB_EQUAL_H

#include "stdlib/slice.h"

extern const cp_builtin cp_equal_builtins[];

#endif
