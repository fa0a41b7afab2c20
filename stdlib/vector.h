/* vector.h -- vectors: R7RS 6.8, but for what takes a procedure.
 *
 * Owns:  the builtins of these names.
 * Never: changes a constant. */
#ifndef CP_STDLIB_VECTOR_H
#define CP_STDLIB_VECTOR_H

#include "stdlib/slice.h"

extern const cp_builtin cp_vector_builtins[];

#endif
