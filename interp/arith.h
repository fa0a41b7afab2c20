/* arith.h -- what the arithmetic opcodes do when both operands are not small.
 *
 * Owns:  the one door from the machine to the other numbers.
 * Never: is entered for two fixnums whose result is one. */
#ifndef CP_INTERP_ARITH_H
#define CP_INTERP_ARITH_H

#include "interp/control.h"

/* The result of OP (CP_OP_ADD to CP_OP_SHIFT, CP_OP_EQUAL, CP_OP_LESS, CP_OP_LESS_EQUAL) on A and
 * B, or what a builtin returns when it fails. */
cp_value cp_number_slow(copse_vm *vm, cp_opcode op, cp_value a, cp_value b) CP_COLD;

#endif
