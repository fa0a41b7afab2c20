/* vm.h -- the virtual machine: making one, running fibers, calling from C.
 *
 * Owns:  the making of a machine, runs and their ends, calls from C.
 * Never: decides which fiber runs next, prints, or touches another interpreter.
 *
 * All functions belong to the thread that made the VM; cp_vm_interrupt alone may be called from any
 * thread and from a signal handler. */
#ifndef CP_INTERP_VM_H
#define CP_INTERP_VM_H

#include "interp/loop.h"

#define CP_FUEL_UNLIMITED (INT64_MAX / 4)

typedef struct cp_vm_options {
    cp_heap_options heap;
    uint32_t
        first_slots; /* of a fiber's first segment; 0: CP_SEGMENT_FIRST. For tests of growth. */
} cp_vm_options;

/* An own machine with the builtins of control.h. NULL when memory is refused. */
copse_vm *cp_vm_new(const cp_vm_options *options) CP_MUST_USE;

/* Finalisers do not run: the host takes what is queued before. */
void cp_vm_free(copse_vm *own);

/* Define the builtins of ROWS, which ends with a row without function. COPSE_ENOMEM when memory is
 * refused, COPSE_EFORMAT for a wrong signature. */
copse_status cp_vm_define(copse_vm *vm, const cp_builtin *rows) CP_MUST_USE;

/* Link UNIT, which outlives VM, and give a procedure that runs its body. CP_RETRY when memory is
 * refused after a collection, CP_FALSE when a link can not be made. */
cp_value cp_vm_load(copse_vm *vm, const cp_unit *unit);

/* A fiber that is ready to call PROCEDURE, or CP_RETRY. The caller keeps it alive. */
cp_value cp_vm_fiber(copse_vm *vm, cp_value procedure, uint32_t count, const cp_value *arguments);

/* Run FIBER, which is ready, until it ends, parks, or has spent FUEL calls and back edges. *VALUE
 * is borrowed until the next run. */
cp_run_end cp_vm_run(copse_vm *vm, cp_fiber *fiber, int64_t fuel, cp_value *value);

/* FIBER, which is parked, becomes ready; the call that parked it gives VALUE, or raises it. */
void cp_vm_wake(copse_vm *vm, cp_fiber *fiber, cp_value value);
void cp_vm_wake_raising(copse_vm *vm, cp_fiber *fiber, cp_value value);

/* Unwind FIBER: its after-thunks run, innermost first; each that parks, escapes, raises or spends
 * its fuel is ended and counted in halt_faults, and the unwinding goes on. Handlers see nothing of
 * it. A fiber that runs is unwound at its next safepoint; one that has ended stays as it is. */
void cp_vm_halt(copse_vm *vm, cp_fiber *fiber);

/* Call PROCEDURE from C and wait: on a fiber of its own, which can not be parked. CALLER names the
 * C function for messages. At most CP_NESTING_MAX of these nest: then a condition is raised. Gives
 * CP_RUN_DONE, CP_RUN_RAISED or CP_RUN_HALTED; *VALUE is borrowed until the next run. */
cp_run_end cp_vm_call(copse_vm *vm, const char *caller, cp_value procedure, uint32_t count,
                      const cp_value *arguments, cp_value *value);

/* Make the running fiber raise a condition of kind `interrupted` at its next safepoint. */
void cp_vm_interrupt(copse_vm *vm);

#endif
