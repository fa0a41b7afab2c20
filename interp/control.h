/* control.h -- control as builtins: continuations, prompts, winds, handlers, parameters, values.
 *
 * Owns:  continuation and wind objects, the builtins of these names, the order in which winds run.
 * Never: runs a thunk itself: all steps are native frames.
 *
 * A full continuation (call/cc) is the chain of slices from where it was captured to the bottom of
 * the fiber, with winds, handlers and parameters; it can be reinstated any number of times. A
 * composable one ends above a prompt and is pushed on the stack of its caller. An escape is the
 * tag of a prompt that only it knows. A prompt is a slice with a tag: finding it walks slices, not
 * frames. */
#ifndef CP_INTERP_CONTROL_H
#define CP_INTERP_CONTROL_H

#include "interp/call.h"

typedef enum cp_continuation_kind {
    CP_CONTINUATION_FULL,
    CP_CONTINUATION_COMPOSABLE,
    CP_CONTINUATION_ESCAPE,
    CP_CONTINUATION_GUARD /* the handler of a guard, which is the tag of its prompt */
} cp_continuation_kind;

typedef struct cp_continuation {
    cp_object object; /* aux: cp_continuation_kind */
    cp_value slice;
    cp_value end; /* composable: the slice of the prompt, which is not part of it */
    cp_value winds;
    cp_value end_winds; /* composable: the winds of the prompt */
    cp_value handlers;
    cp_value parameters;
    cp_value fiber;
    uint64_t era;
} cp_continuation;

/* One dynamic-wind that is in force. */
typedef struct cp_wind {
    cp_object object;
    cp_value before;
    cp_value after;
    cp_value next;     /* the outer one, or CP_FALSE */
    cp_value handlers; /* in force outside of it, and so in its thunks */
    cp_value parameters;
    uint64_t depth; /* winds up to and with this one */
} cp_wind;

/* Give the rows of these types to HEAP. */
void cp_control_init(cp_heap *heap);

/* The builtins of the machine (cp_core but for RAISE), and those for Lisp, ended by a row without
 * function. */
extern const cp_builtin cp_reinstate_row;
extern const cp_builtin cp_compose_row;
extern const cp_builtin cp_guard_row;
extern const cp_builtin cp_halt_row;
extern const cp_builtin cp_control_builtins[];

/* A parameter with VALUE, or CP_RETRY. */
cp_value cp_make_parameter(cp_heap *heap, cp_value value);

#endif
