/* string.h -- strings: R7RS 6.7 and the strings of (scheme char), but for what takes a procedure.
 *
 * Owns:  the builtins of these names, conversions between strings, lists and vectors of characters.
 * Never: changes a constant, or makes a string that is no UTF-8. */
#ifndef CP_STDLIB_STRING_H
#define CP_STDLIB_STRING_H

#include "stdlib/char.h"

extern const cp_builtin cp_string_builtins[];

#endif
