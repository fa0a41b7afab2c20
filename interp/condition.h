/* condition.h -- conditions: what is raised when a program is wrong.
 *
 * Owns:  the kinds of errors, the condition object, the text of messages.
 * Never: raises anything: native.h does; and never prints a value whole, only as much as a message
 *        can hold. */
#ifndef CP_INTERP_CONDITION_H
#define CP_INTERP_CONDITION_H

#include <stdarg.h>

#include "interp/table.h"
#include "sched/format.h"

/* X(name, symbol, meaning). The symbol is what `condition-kind` gives to Lisp. */
#define CP_KIND_LIST(X)                                                                            \
    X(ERROR, "error", "raised by the procedure `error`")                                           \
    X(WRONG_TYPE, "wrong-type", "a value of another type was expected")                            \
    X(WRONG_ARITY, "wrong-arity", "a procedure got too few or too many arguments")                 \
    X(NOT_A_PROCEDURE, "not-a-procedure", "something else was called")                             \
    X(UNBOUND, "unbound", "a variable has no value yet")                                           \
    X(RANGE, "range", "an index or a number is outside its domain")                                \
    X(IMMUTABLE, "immutable", "a literal can not be changed")                                      \
    X(DIVIDE_BY_ZERO, "divide-by-zero", "an exact number was divided by exact zero")               \
    X(UNSUPPORTED, "unsupported", "this build can not do that")                                    \
    X(OUT_OF_MEMORY, "out-of-memory", "memory was refused after a collection")                     \
    X(OUT_OF_FUEL, "out-of-fuel", "the budget is spent and the caller may not be parked")          \
    X(CONTINUATION_BARRIER, "continuation-barrier", "the continuation is not of this fiber")       \
    X(NO_PROMPT, "no-prompt", "there is no such prompt below")                                     \
    X(CANNOT_PARK, "cannot-park", "a C function waits for the result")                             \
    X(TOO_DEEP, "too-deep", "calls from C are nested too deep")                                    \
    X(HANDLER_RETURNED, "handler-returned", "a handler returned from what can not be continued")   \
    X(INTERRUPTED, "interrupted", "somebody asked the program to stop")                            \
    X(UNLINKED, "unlinked", "a constant of the code can not be made")

#define CP_KIND_ENUM(name, symbol, meaning) CP_E_##name,
typedef enum cp_kind { CP_KIND_LIST(CP_KIND_ENUM) CP_KIND_COUNT } cp_kind;
#undef CP_KIND_ENUM

typedef struct cp_condition {
    cp_object object;
    cp_value kind;      /* a symbol */
    cp_value message;   /* a string */
    cp_value irritants; /* a list */
    cp_value origin;    /* name of the procedure that raised it, or #f */
    cp_value place;     /* (file line . column) with file a string or #f; or #f */
    cp_value trace;     /* list of (name line . column), innermost first; or #f */
    cp_value payload;   /* anything a library adds, or #f */
} cp_condition;

enum { CP_MESSAGE_SIZE = 512 }; /* bytes of a message, NUL included; longer ones are cut */

/* Give the row of the type to HEAP. */
void cp_condition_init(cp_heap *heap);

CP_ALWAYS_INLINE bool cp_is_condition(cp_value v)
{
    return cp_is_type(v, CP_TYPE_CONDITION);
}

CP_ALWAYS_INLINE cp_condition *cp_to_condition(cp_value v)
{
    assert(cp_is_condition(v));
    return (cp_condition *)cp_to_object(v);
}

/* The symbol of KIND, as text. */
const char *cp_kind_text(cp_kind kind);

/* A condition of the symbol KIND; origin, place, trace and payload are #f. CP_RETRY when memory is
 * refused. */
cp_value cp_make_condition(cp_heap *heap, cp_value kind, cp_value message, cp_value irritants);

/* Print V as a message shows it: atoms as they are written, lists and vectors with their first few
 * elements, everything else by its type. At most a few hundred bytes. */
void cp_print_brief(cp_heap *heap, cp_printer *printer, cp_value v);

/* Print FORMAT: %v a value as above, %s a NUL-terminated text, %d an int, %% a percent sign. The
 * values are also collected: *irritants is their list, or CP_RETRY when memory was refused. */
void cp_print_message(cp_heap *heap, cp_printer *printer, cp_value *irritants, const char *format,
                      va_list arguments);

#endif
