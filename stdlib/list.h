/* list.h -- pairs and lists: R7RS 6.4 and (scheme cxr), but for what takes a procedure.
 *
 * Owns:  the builtins of these names.
 * Never: follows a circular list for ever. */
#ifndef CP_STDLIB_LIST_H
#define CP_STDLIB_LIST_H

#include "stdlib/slice.h"

extern const cp_builtin cp_list_builtins[];

#endif
