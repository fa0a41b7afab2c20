/* native.h -- the state of one interpreter, and what a builtin can ask of it.
 *
 * Owns:  copse_vm, requests, raising.
 * Never: runs Lisp: a builtin that needs Lisp returns a request and is called again.
 *
 * A builtin that runs is a native frame: its arguments are the frame's slots. It gives a value, or
 * what one of these gave:
 *
 *     cp_raise              the builtin ends with a condition; nothing is to be cleaned up
 *     cp_request_call       call a procedure, and call my row's `resume` with what it returns
 *     cp_request_tail_call  call a procedure in my place
 *     cp_request_values     return these values, or none
 *     cp_request_park       park the fiber; `resume` gets the value it is woken with
 *     cp_request_again      a safepoint, then `resume`
 *     CP_RETRY              memory was refused: collect and run me once more from my start
 *
 * Before the requests that come back, cp_keep says what the frame is to hold from then on. */
#ifndef CP_INTERP_NATIVE_H
#define CP_INTERP_NATIVE_H

#include <stdatomic.h>

#include "interp/fiber.h"
#include "sched/owner.h"

enum {
    CP_KEEP_MAX = 12,      /* slots of a native frame that waits */
    CP_ARGUMENTS_REQ = 12, /* arguments of a request, besides those in a list */
    CP_SPREAD_MAX = 200,   /* arguments of a call in registers; builtins get more in a vector */
    CP_NESTING_MAX = 64,   /* runs of the machine within each other, through C */
    CP_TRACE_MAX = 32,     /* frames in the trace of a condition */
    CP_AGAIN_FUEL = 64     /* what a slice of a builtin costs */
};

typedef enum cp_request_kind {
    CP_REQUEST_NONE,
    CP_REQUEST_CALL,
    CP_REQUEST_TAIL_CALL,
    CP_REQUEST_VALUES,
    CP_REQUEST_PARK,
    CP_REQUEST_AGAIN,
    CP_REQUEST_HALT, /* unwind the fiber */
    CP_REQUEST_GO,   /* the machine's own builtins: fp and pc are set */
    CP_REQUEST_STOP  /* the same: the run ends, its end and value are set */
} cp_request_kind;

typedef struct cp_request {
    cp_request_kind kind;
    uint32_t keep_count;
    uint32_t argument_count;
    cp_value procedure;
    cp_value list;   /* further arguments, or values; CP_NIL for none */
    cp_value reason; /* of parking */
    cp_value keep[CP_KEEP_MAX];
    cp_value arguments[CP_ARGUMENTS_REQ];
} cp_request;

/* X(name): builtins that the machine itself puts into frames. */
#define CP_CORE_LIST(X)                                                                            \
    X(RAISE)                                                                                       \
    X(REINSTATE)                                                                                   \
    X(COMPOSE)                                                                                     \
    X(GUARD)                                                                                       \
    X(HALT)

#define CP_CORE_ENUM(name) CP_CORE_##name,
typedef enum cp_core { CP_CORE_LIST(CP_CORE_ENUM) CP_CORE_COUNT } cp_core;
#undef CP_CORE_ENUM

/* How a run of the machine ended. */
typedef enum cp_run_end {
    CP_RUN_DONE,   /* the fiber returned; the value is its value */
    CP_RUN_RAISED, /* nobody handled the value, a condition as a rule */
    CP_RUN_PARKED, /* the value is the reason */
    CP_RUN_CUT,    /* the fuel is spent; the fiber stands at a safepoint and is ready */
    CP_RUN_HALTED, /* unwound */
    CP_RUN_REFUSED /* the fiber can not run: wrong state, or nested too deep */
} cp_run_end;

/* One run of the machine; runs nest through C. */
typedef struct cp_run_frame {
    struct cp_run_frame *previous;
    cp_fiber *fiber;
    const char *caller; /* the C function, when the run may not park; else NULL */
    uint32_t depth;
} cp_run_frame;

struct copse_vm {
    cp_heap *heap;

    /* The registers of the running fiber while the loop is not in the middle of an instruction. */
    cp_value *fp;
    const uint32_t *pc;
    cp_value *limit;      /* frames end here at the latest */
    int64_t fuel;         /* of the present slice; below zero: something is wanted */
    uint32_t value_count; /* 1, but for a moment between returning and receiving others */
    cp_fiber *fiber;      /* running, or NULL */

    int64_t fuel_rest;     /* beyond the slice */
    atomic_bool interrupt; /* set by any thread, relaxed: only a wish, taken at a safepoint */
    cp_run_frame *run;     /* innermost */
    cp_run_end end;        /* how it ended, with value */
    cp_value value;

    cp_value condition; /* what CP_RAISE raises: any value */
    bool is_continuable;
    cp_request request;

    cp_globals globals;
    cp_value kinds[CP_KIND_COUNT]; /* symbols */
    cp_value core[CP_CORE_COUNT];  /* builtins */
    cp_value empty_code;
    cp_value out_of_memory; /* made before it is needed */
    cp_value pool;          /* list of fibers that returned, for cp_vm_call */
    cp_owner owner;
    uint32_t first_slots; /* of new fibers */
    uint32_t serial;      /* of the next fiber */
    uint64_t switches;    /* runs so far */
};

/* ---- Raising ------------------------------------------------------------------------------- */

/* Raise a condition of KIND with a message (cp_print_message) whose values are its irritants.
 * Returns what the builtin is to return. */
cp_value cp_raise(copse_vm *vm, cp_kind kind, const char *format, ...) CP_COLD;

/* Raise any value; a handler may return to a continuable one. */
cp_value cp_raise_value(copse_vm *vm, cp_value value, bool is_continuable);

/* A condition as cp_raise makes it, or CP_RETRY. */
cp_value cp_new_condition(copse_vm *vm, cp_kind kind, const char *format, ...);

/* ---- Requests ------------------------------------------------------------------------------ */

/* Slot INDEX of this frame is to hold VALUE when it is resumed. Slots in between hold #f. */
void cp_keep(copse_vm *vm, uint32_t index, cp_value value);

cp_value cp_request_call(copse_vm *vm, cp_value procedure, uint32_t count,
                         const cp_value *arguments);
cp_value cp_request_tail_call(copse_vm *vm, cp_value procedure, uint32_t count,
                              const cp_value *arguments);

/* The same with the elements of LIST, a proper list, as further arguments. */
cp_value cp_request_apply(copse_vm *vm, cp_value procedure, uint32_t count,
                          const cp_value *arguments, cp_value list);

/* The elements of LIST, a proper list, as values. */
cp_value cp_request_values(copse_vm *vm, cp_value list);

cp_value cp_request_park(copse_vm *vm, cp_value reason);
cp_value cp_request_again(copse_vm *vm);

/* Unwind this fiber: it ends as halted, with VALUE. */
cp_value cp_request_halt(copse_vm *vm, cp_value value);

/* ---- For the machine ----------------------------------------------------------------------- */

/* Give the registers to the fiber, so that its stack can be walked. */
void cp_vm_sync(copse_vm *vm);

/* At a safepoint where fp and pc are in VM: collect because memory was refused, for the ATTEMPTth
 * time. False: raise out-of-memory; vm->condition is set. */
bool cp_vm_make_room(copse_vm *vm, unsigned attempt) CP_MUST_USE;

/* Fill in origin, place and trace of the condition V, for the program as it stands. Leaves them out
 * when memory is refused. Values that are no condition, or have them, stay as they are. */
void cp_locate_condition(copse_vm *vm, cp_value v);

/* The roots of VM. */
void cp_vm_trace(void *context, cp_tracer *tracer);

#endif
