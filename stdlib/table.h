/* table.h -- hash tables: the names that SRFI 69 and SRFI 125 share, but for what takes a
 * procedure.
 *
 * Owns:  the builtins of these names.
 * Never: makes a table whose equality only Lisp can decide. */
#ifndef CP_STDLIB_TABLE_H
#define CP_STDLIB_TABLE_H

#include "stdlib/slice.h"

extern const cp_builtin cp_table_builtins[];

#endif
