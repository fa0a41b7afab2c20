/* symbol.h -- symbols: R7RS 6.5.
 *
 * Owns:  the builtins of these names.
 * Never: gives the name of a symbol to be changed. */
#ifndef CP_STDLIB_SYMBOL_H
#define CP_STDLIB_SYMBOL_H

#include "stdlib/slice.h"

extern const cp_builtin cp_symbol_builtins[];

#endif
