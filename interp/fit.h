/* fit.h -- cutting what is too large for one procedure.
 *
 * Owns:  the limits of registers, operands and link slots as the compiler keeps to them.
 * Never: changes what a program means. */
#ifndef CP_INTERP_FIT_H
#define CP_INTERP_FIT_H

#include "interp/simplify.h"

/* Move parts of NODE into procedures of their own until no procedure needs more registers, operands
 * or link slots than an instruction can name. False when memory is refused. */
bool cp_fit(cp_expander *x, cp_node *node) CP_MUST_USE;

#endif
