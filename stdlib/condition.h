/* condition.h -- error objects as R7RS 6.11 asks about them.
 *
 * Owns:  the builtins of these names; control.h has `error`, `raise` and the fields of conditions.
 * Never: raises anything of its own. */
#ifndef CP_STDLIB_CONDITION_H
#define CP_STDLIB_CONDITION_H

#include "stdlib/slice.h"

extern const cp_builtin cp_condition_builtins[];

#endif
