/* stdlib.h -- all builtins of the standard library, as one list of tables.
 *
 * Owns:  that list, and giving it to a machine.
 * Never: has a builtin of its own. */
#ifndef CP_STDLIB_STDLIB_H
#define CP_STDLIB_STDLIB_H

#include "interp/vm.h"

enum { CP_STDLIB_TABLES = 13 };

/* Each ends with a row without function. */
extern const cp_builtin *const cp_stdlib_tables[CP_STDLIB_TABLES];

/* Define every builtin of the tables in VM. COPSE_ENOMEM when memory is refused: some are defined
 * then. */
copse_status cp_stdlib_define(copse_vm *vm) CP_MUST_USE;

#endif
