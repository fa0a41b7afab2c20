/* record.h -- what define-record-type is made of where the compiler has no instruction for it.
 *
 * Owns:  the builtins of these names.
 * Never: lets a field of one type be read as that of another. */
#ifndef CP_STDLIB_RECORD_H
#define CP_STDLIB_RECORD_H

#include "stdlib/slice.h"

extern const cp_builtin cp_record_builtins[];

#endif
