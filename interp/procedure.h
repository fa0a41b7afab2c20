/* procedure.h -- procedures as heap objects: cells, code, closures, builtins.
 *
 * Owns:  the layout of these objects, the linking of units, the signatures of builtins.
 * Never: calls a procedure. */
#ifndef CP_INTERP_PROCEDURE_H
#define CP_INTERP_PROCEDURE_H

#include "interp/code.h"
#include "interp/condition.h"

typedef struct copse_vm copse_vm;

/* ---- Layouts ------------------------------------------------------------------------------- */

/* What calls compare: the number of arguments of a procedure with one plain entry, or this. */
#define CP_SIGNATURE_NONE UINT32_MAX

/* A global variable. The last four fields repeat what VALUE's code says, so that a known call need
 * not look there; cp_cell_set refreshes them. */
typedef struct cp_cell {
    cp_object object;
    cp_value value; /* CP_UNBOUND before the first definition */
    cp_value name;  /* a symbol */
    const uint32_t *entry;
    const cp_value *links;
    uint32_t signature;
    uint32_t register_count;
} cp_cell;

/* A template as one interpreter runs it. */
typedef struct cp_code {
    cp_object object;            /* length: number of links */
    const cp_template *template; /* borrowed; outlives the interpreter's use of it */
    const uint32_t *base;        /* its instructions, or a private copy with breakpoints */
    const uint32_t *entry;       /* of the first clause */
    uint32_t signature;
    uint32_t register_count;
    cp_value links[];
} cp_code;

typedef struct cp_closure {
    cp_object object; /* length: number of free values */
    cp_value code;
    cp_value free[];
} cp_closure;

/* ---- Builtins ------------------------------------------------------------------------------ */

/* X(name, meaning). How long a builtin may keep the machine from its next safepoint. */
#define CP_COST_LIST(X)                                                                            \
    X(CONSTANT, "a few operations, whatever the arguments")                                        \
    X(BOUNDED, "grows with the arguments, which are small by their type")                          \
    X(SLICED, "a native frame that returns AGAIN now and then")                                    \
    X(ABORTABLE, "pure, polls, and is begun anew")

#define CP_COST_ENUM(name, meaning) CP_COST_##name,
typedef enum cp_cost { CP_COST_LIST(CP_COST_ENUM) CP_COST_COUNT } cp_cost;
#undef CP_COST_ENUM

/* What came back to a native frame. */
typedef struct cp_native {
    cp_value *slots; /* what it kept; borrowed until the function returns */
    uint32_t slot_count;
    uint32_t value_count;
    const cp_value *values;
} cp_native;

/* One row of a table of builtins. FUNCTION gets as many arguments as the signature says, of the
 * types it says. It and RESUME give a value, or CP_RETRY, or what cp_raise or a cp_request function
 * gave (native.h). RESUME gets what the procedure returned that a request called, or what a parked
 * fiber was resumed with; without one, that is the builtin's value. */
typedef struct cp_builtin {
    cp_value (*function)(copse_vm *vm, const cp_value *args, int count);
    const char *name;
    const char *signature; /* "s:string n:index [c:char] rest... -> string" */
    cp_cost cost;
    const char *doc;
    cp_value (*resume)(copse_vm *vm, cp_native *native);
} cp_builtin;

#define COPSE_BUILTIN(name_, signature_, cost_, doc_)                                              \
    .name = name_, .signature = signature_, .cost = CP_COST_##cost_, .doc = doc_

/* X(name, word, expectation). The types a signature may ask for. */
#define CP_ARGUMENT_LIST(X)                                                                        \
    X(ANY, "any", "any value")                                                                     \
    X(BOOLEAN, "boolean", "a boolean")                                                             \
    X(INTEGER, "integer", "an integer")                                                            \
    X(INDEX, "index", "an exact integer that is not negative")                                     \
    X(FIXNUM, "fixnum", "a small exact integer")                                                   \
    X(REAL, "real", "a real number")                                                               \
    X(NUMBER, "number", "a number")                                                                \
    X(CHAR, "char", "a character")                                                                 \
    X(STRING, "string", "a string")                                                                \
    X(SYMBOL, "symbol", "a symbol")                                                                \
    X(PAIR, "pair", "a pair")                                                                      \
    X(LIST, "list", "a list")                                                                      \
    X(VECTOR, "vector", "a vector")                                                                \
    X(BYTES, "bytevector", "a bytevector")                                                         \
    X(PROCEDURE, "procedure", "a procedure")                                                       \
    X(TABLE, "table", "a table")                                                                   \
    X(CONDITION, "condition", "a condition")                                                       \
    X(FIBER, "fiber", "a fiber")                                                                   \
    X(RECORD, "record", "a record")                                                                \
    X(PARAMETER, "parameter", "a parameter")                                                       \
    X(PORT, "port", "a port")

#define CP_ARGUMENT_ENUM(name, word, expectation) CP_ARGUMENT_##name,
typedef enum cp_argument { CP_ARGUMENT_LIST(CP_ARGUMENT_ENUM) CP_ARGUMENT_COUNT } cp_argument;
#undef CP_ARGUMENT_ENUM

enum { CP_ARGUMENT_TYPES_MAX = 10 };

/* A signature, parsed once, when the builtin is defined. */
typedef struct cp_signature {
    uint8_t required;
    uint8_t optional;
    uint8_t has_rest;   /* 0 or 1; the rest has the type after the optional ones */
    uint8_t is_checked; /* some type is not ANY */
    uint8_t types[CP_ARGUMENT_TYPES_MAX];
} cp_signature;

/* A builtin as a value. CODE stands where a closure has it, so that a return into a native frame
 * finds a link vector, which is empty. */
typedef struct cp_builtin_object {
    cp_object object;
    cp_value code;
    const cp_builtin *row;
    cp_signature signature;
} cp_builtin_object;

_Static_assert(offsetof(cp_builtin_object, code) == offsetof(cp_closure, code),
               "a return loads the code of either without asking which it is");

/* Parse TEXT. False when it does not follow the grammar:
 *     parameter... -> result      parameter: name[:type]  [name[:type]]  name[:type]...
 * in the order required, optional, rest. */
bool cp_signature_parse(const char *text, cp_signature *signature) CP_MUST_USE;

/* The name of parameter INDEX in the signature TEXT, as a span. */
const char *cp_signature_name(const char *text, uint32_t index, uint32_t *length);

/* Whether V may be passed where TYPE is asked for. */
bool cp_argument_fits(cp_argument type, cp_value v);
const char *cp_argument_expectation(cp_argument type);

/* ---- Globals and linking ------------------------------------------------------------------- */

/* The names of one interpreter. */
typedef struct cp_globals {
    cp_heap *heap;
    cp_symbols *symbols;
    cp_value cells; /* table from symbols to cells */
} cp_globals;

/* Give the rows of these types to HEAP. */
void cp_procedure_init(cp_heap *heap);

CP_ALWAYS_INLINE bool cp_is_closure(cp_value v)
{
    return cp_is_type(v, CP_TYPE_CLOSURE);
}

CP_ALWAYS_INLINE cp_closure *cp_to_closure(cp_value v)
{
    return (cp_closure *)(uintptr_t)v.bits;
}

CP_ALWAYS_INLINE cp_code *cp_to_code(cp_value v)
{
    return (cp_code *)(uintptr_t)v.bits;
}

CP_ALWAYS_INLINE cp_cell *cp_to_cell(cp_value v)
{
    return (cp_cell *)(uintptr_t)v.bits;
}

CP_ALWAYS_INLINE cp_builtin_object *cp_to_builtin(cp_value v)
{
    return (cp_builtin_object *)(uintptr_t)v.bits;
}

/* Closures, builtins, continuations, parameters. */
bool cp_is_procedure(cp_value v);

/* The cell of SYMBOL, made unbound if there was none, or CP_RETRY. */
cp_value cp_global_cell(cp_globals *globals, cp_value symbol);

/* The value of the global NAME, or CP_UNBOUND. */
cp_value cp_global_ref(cp_globals *globals, const char *name);

/* Define the global NAME. False when memory is refused. */
bool cp_global_define(cp_globals *globals, const char *name, cp_value value) CP_MUST_USE;

/* Store VALUE in CELL. */
void cp_cell_set(cp_heap *heap, cp_cell *cell, cp_value value);

/* Make code objects of all templates of UNIT, which outlives them, and give that of template 0.
 * CP_RETRY when memory is refused; CP_FALSE when a link can not be made. Cost: linear in UNIT. */
cp_value cp_link_unit(cp_globals *globals, const cp_unit *unit);

/* A closure of CODE without free values, or CP_RETRY. */
cp_value cp_make_closure(cp_heap *heap, cp_value code);

/* A builtin of ROW, a constant, with the empty code object EMPTY; CP_RETRY, or CP_FALSE when the
 * signature is wrong. */
cp_value cp_make_builtin(cp_heap *heap, const cp_builtin *row, cp_value empty);

/* A code object without template and links: what native frames show. CP_RETRY when refused. */
cp_value cp_make_empty_code(cp_heap *heap);

/* The name of a procedure for messages: "f", or "procedure" for one without. */
const char *cp_procedure_name(cp_value procedure);

#endif
