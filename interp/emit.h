/* emit.h -- from analysed core programs to templates.
 *
 * Owns:  registers, instructions, constants of a unit.
 * Never: rewrites the program; touches the heap. */
#ifndef CP_INTERP_EMIT_H
#define CP_INTERP_EMIT_H

#include "interp/analyse.h"
#include "interp/code.h"

/* An own unit for PROGRAM, a LAMBDA node without parameters; FILE names the source, or is NULL.
 * NULL with a complaint of X, when stopped, or when memory is refused. */
cp_unit *cp_emit(cp_expander *x, cp_node *program, const char *file) CP_MUST_USE;

#endif
