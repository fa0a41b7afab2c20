/* boolean.h -- booleans: not, boolean?, boolean=?.
 *
 * Owns:  the builtins of these names.
 * Never: takes another value than #f for false. */
#ifndef CP_STDLIB_BOOLEAN_H
#define CP_STDLIB_BOOLEAN_H

#include "stdlib/slice.h"

extern const cp_builtin cp_boolean_builtins[];

#endif
