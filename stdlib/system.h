/* system.h -- what a program can ask about the system it runs on, and values that belong nowhere
 * else.
 *
 * Owns:  the builtins of these names.
 * Never: ends the program or asks the time. */
#ifndef CP_STDLIB_SYSTEM_H
#define CP_STDLIB_SYSTEM_H

#include "stdlib/slice.h"

extern const cp_builtin cp_system_builtins[];

/* Whether NAME is a feature of this build; what cond-expand asks. */
bool cp_has_feature(const char *name);

#endif
