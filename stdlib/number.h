/* number.h -- numbers: R7RS 6.2 and (scheme inexact), for integers of any size and doubles.
 *
 * Owns:  the builtins of these names, and what Lisp hears when a number can not be had.
 * Never: rounds an exact number, or gives a fraction or a complex number: there are none. */
#ifndef CP_STDLIB_NUMBER_H
#define CP_STDLIB_NUMBER_H

#include "stdlib/slice.h"

extern const cp_builtin cp_number_builtins[];

#endif
