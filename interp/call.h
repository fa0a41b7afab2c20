/* call.h -- calling and returning where the loop has no fast path.
 *
 * Owns:  entering procedures of every kind, carrying out requests, raising, native frames.
 * Never: executes instructions of a template.
 *
 * All work on vm->fp and vm->pc, the top frame and where it goes on, and leave them so that the
 * loop can go on; they give false when the run ended instead (vm->end). Between two of these
 * functions every value is in a frame or in VM, so each may collect. */
#ifndef CP_INTERP_CALL_H
#define CP_INTERP_CALL_H

#include "interp/native.h"

/* Call WINDOW[0] with the COUNT arguments from WINDOW[2] on; WINDOW[1] is the return pc. */
bool cp_enter(copse_vm *vm, cp_value *window, uint32_t count) CP_MUST_USE;

/* The native frame at vm->fp, which stands at NATIVE_START or NATIVE_RESUME: run it. */
bool cp_start_native(copse_vm *vm) CP_MUST_USE;
bool cp_resume_native(copse_vm *vm) CP_MUST_USE;

/* Check the types of the arguments and call the builtin's function. The number of arguments has
 * been checked, and the frame is on top. */
cp_value cp_call_builtin(copse_vm *vm, const cp_builtin_object *builtin, const cp_value *args,
                         uint32_t count);

/* The builtin on top stands at NATIVE_START: call it. ATTEMPT is 2 when memory has been refused to
 * it once and room was made, else 1. */
bool cp_start_builtin(copse_vm *vm, unsigned attempt) CP_MUST_USE;

/* What the builtin gave whose frame is on top, as cp_builtin says. */
bool cp_finish_native(copse_vm *vm, cp_value result) CP_MUST_USE;

/* Return VALUE from the frame whose window is WINDOW. */
bool cp_return_one(copse_vm *vm, cp_value *window, cp_value value) CP_MUST_USE;

/* Return the COUNT values at VALUES, which stand at or above WINDOW. A return pc that does not
 * receive gets the first one, or the unspecific value. */
bool cp_return_many(copse_vm *vm, cp_value *window, const cp_value *values,
                    uint32_t count) CP_MUST_USE;

/* The lowest frame of a piece of stack has returned: vm->value_count values stand at vm->fp. */
bool cp_underflow(copse_vm *vm) CP_MUST_USE;

/* Raise vm->condition where the top frame stands. */
bool cp_raise_here(copse_vm *vm) CP_MUST_USE;

/* The run ends. A fiber that is being halted goes on with its next after-thunk instead. */
bool cp_stop(copse_vm *vm, cp_run_end end, cp_value value) CP_MUST_USE;

/* Begin to unwind the running fiber, or go on after an after-thunk had to be ended. */
void cp_begin_halt(copse_vm *vm);

/* Make sure that NEEDED slots exist from WINDOW on, of which USED hold something; *WINDOW may move
 * and WINDOW[1] change when USED > 1. Collects. False: raise out-of-memory, vm->condition is set.
 */
bool cp_room(copse_vm *vm, cp_value **window, uint32_t used, uint32_t needed) CP_MUST_USE;

/* The row of the builtin that raises (CP_CORE_RAISE). */
extern const cp_builtin cp_raise_row;

#endif
