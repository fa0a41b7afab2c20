/* loop.h -- the instruction loop and its safepoint.
 *
 * Owns:  the meaning of every opcode, fuel, what happens at a safepoint.
 * Never: begins or ends a run: vm.c does. */
#ifndef CP_INTERP_LOOP_H
#define CP_INTERP_LOOP_H

#include "interp/arith.h"

/* Run from vm->fp and vm->pc until the run ends; vm->end says how. */
void cp_run_loop(copse_vm *vm);

/* TOTAL is the fuel of the run from here on. */
void cp_take_fuel(copse_vm *vm, int64_t total);

/* Make the next call or back edge a safepoint; CONTEXT is the machine. Also inside an allocation.
 */
void cp_want_safepoint(void *context);

/* How the loop finds the next instruction: "goto" or "switch". */
const char *cp_loop_dispatch(void);

#endif
