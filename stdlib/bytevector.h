/* bytevector.h -- bytevectors: R7RS 6.9.
 *
 * Owns:  the builtins of these names, conversions between bytevectors and strings.
 * Never: changes a constant, or makes a string of what is no UTF-8. */
#ifndef CP_STDLIB_BYTEVECTOR_H
#define CP_STDLIB_BYTEVECTOR_H

#include "stdlib/slice.h"

extern const cp_builtin cp_bytevector_builtins[];

#endif
