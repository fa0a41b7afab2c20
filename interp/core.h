/* core.h -- the core language: the few kinds of nodes that every program is expanded to.
 *
 * Owns:  nodes, local variables, procedures and global references of one compilation, their
 *        construction, and the table of primitives, the procedures that have opcodes.
 * Never: knows scopes or macros (expand.h), or registers (emit.h).
 *
 * A node belongs to the arena of its compilation and is freed with it; it has the position of the
 * form that it stems from. Each local variable is one object, so names mean nothing here. */
#ifndef CP_INTERP_CORE_H
#define CP_INTERP_CORE_H

#include "interp/opcode.h"
#include "interp/term.h"

/* X(name, what it means). */
#define CP_NODE_LIST(X)                                                                            \
    X(CONSTANT, "a constant")                                                                      \
    X(LOCAL, "the value of a local variable")                                                      \
    X(LOCAL_SET, "a local variable gets a value")                                                  \
    X(GLOBAL, "the value of a global variable")                                                    \
    X(GLOBAL_SET, "a global variable, which is bound, gets a value")                               \
    X(GLOBAL_DEFINE, "a global variable gets a value and is bound")                                \
    X(IF, "one of two, by a test")                                                                 \
    X(LAMBDA, "a procedure")                                                                       \
    X(CALL, "a call")                                                                              \
    X(PRIMITIVE, "an operation of the machine")                                                    \
    X(SEQUENCE, "one after another; the value of the last")                                        \
    X(LET, "variables with values, and a body")                                                    \
    X(FIX, "variables for procedures that may refer to each other, and a body")                    \
    X(RECEIVE, "variables for the values of an expression, and a body")

#define CP_NODE_ENUM(name, meaning) CP_NODE_##name,
typedef enum cp_node_kind { CP_NODE_LIST(CP_NODE_ENUM) CP_NODE_COUNT } cp_node_kind;
#undef CP_NODE_ENUM

/* X(name, word, least and most operands, what it may do). PURE: no effect, never raises. READS: no
 * effect, but may raise or see an assignment. BOOLEAN: gives #t or #f. FOLDS: n operands by twos.
 */
enum { CP_PURE = 1, CP_READS = 2, CP_BOOLEAN = 4, CP_FOLDS = 8, CP_ANY_COUNT = 255 };

/* clang-format off */
#define CP_PRIMITIVE_LIST(X) \
    X(ADD, "+", 0, CP_ANY_COUNT, CP_READS | CP_FOLDS) \
    X(SUB, "-", 1, CP_ANY_COUNT, CP_READS | CP_FOLDS) \
    X(MUL, "*", 0, CP_ANY_COUNT, CP_READS | CP_FOLDS) \
    X(DIV, "/", 1, CP_ANY_COUNT, CP_READS | CP_FOLDS) \
    X(QUOTIENT, "quotient", 2, 2, CP_READS) \
    X(REMAINDER, "remainder", 2, 2, CP_READS) \
    X(MODULO, "modulo", 2, 2, CP_READS) \
    X(BIT_AND, "bitwise-and", 2, 2, CP_READS) \
    X(BIT_OR, "bitwise-ior", 2, 2, CP_READS) \
    X(BIT_XOR, "bitwise-xor", 2, 2, CP_READS) \
    X(SHIFT, "arithmetic-shift", 2, 2, CP_READS) \
    X(EQUAL, "=", 2, 2, CP_READS | CP_BOOLEAN) \
    X(LESS, "<", 2, 2, CP_READS | CP_BOOLEAN) \
    X(GREATER, ">", 2, 2, CP_READS | CP_BOOLEAN) \
    X(LESS_EQUAL, "<=", 2, 2, CP_READS | CP_BOOLEAN) \
    X(GREATER_EQUAL, ">=", 2, 2, CP_READS | CP_BOOLEAN) \
    X(ZERO, "zero?", 1, 1, CP_READS | CP_BOOLEAN) \
    X(POSITIVE, "positive?", 1, 1, CP_READS | CP_BOOLEAN) \
    X(NEGATIVE, "negative?", 1, 1, CP_READS | CP_BOOLEAN) \
    X(SAME, "eq?", 2, 2, CP_PURE | CP_BOOLEAN) \
    X(EQV, "eqv?", 2, 2, CP_PURE | CP_BOOLEAN) \
    X(NOT, "not", 1, 1, CP_PURE | CP_BOOLEAN) \
    X(IS_PAIR, "pair?", 1, 1, CP_PURE | CP_BOOLEAN) \
    X(IS_NULL, "null?", 1, 1, CP_PURE | CP_BOOLEAN) \
    X(IS_SYMBOL, "symbol?", 1, 1, CP_PURE | CP_BOOLEAN) \
    X(IS_STRING, "string?", 1, 1, CP_PURE | CP_BOOLEAN) \
    X(IS_CHAR, "char?", 1, 1, CP_PURE | CP_BOOLEAN) \
    X(IS_BOOLEAN, "boolean?", 1, 1, CP_PURE | CP_BOOLEAN) \
    X(IS_VECTOR, "vector?", 1, 1, CP_PURE | CP_BOOLEAN) \
    X(IS_BYTES, "bytevector?", 1, 1, CP_PURE | CP_BOOLEAN) \
    X(IS_PROCEDURE, "procedure?", 1, 1, CP_PURE | CP_BOOLEAN) \
    X(IS_FIXNUM, "fixnum?", 1, 1, CP_PURE | CP_BOOLEAN) \
    X(IS_FLONUM, "flonum?", 1, 1, CP_PURE | CP_BOOLEAN) \
    X(IS_NUMBER, "number?", 1, 1, CP_PURE | CP_BOOLEAN) \
    X(IS_EOF, "eof-object?", 1, 1, CP_PURE | CP_BOOLEAN) \
    X(CONS, "cons", 2, 2, CP_PURE) \
    X(CAR, "car", 1, 1, CP_READS) \
    X(CDR, "cdr", 1, 1, CP_READS) \
    X(SET_CAR, "set-car!", 2, 2, 0) \
    X(SET_CDR, "set-cdr!", 2, 2, 0) \
    X(LIST, "list", 0, 8, CP_PURE) \
    X(VECTOR_REF, "vector-ref", 2, 2, CP_READS) \
    X(VECTOR_SET, "vector-set!", 3, 3, 0) \
    X(VECTOR_LENGTH, "vector-length", 1, 1, CP_READS) \
    X(BYTES_REF, "bytevector-u8-ref", 2, 2, CP_READS) \
    X(BYTES_SET, "bytevector-u8-set!", 3, 3, 0) \
    X(STRING_REF, "string-ref", 2, 2, CP_READS) \
    X(VALUES, "values", 0, 200, 0) \
    X(CALL_WITH_VALUES, "call-with-values", 2, 2, 0) \
    X(RECORD, NULL, 0, 200, CP_READS) \
    X(RECORD_REF, NULL, 1, 1, CP_READS) \
    X(RECORD_SET, NULL, 2, 2, 0) \
    X(IS_RECORD, NULL, 1, 1, CP_READS | CP_BOOLEAN)
/* clang-format on */

#define CP_PRIMITIVE_ENUM(name, word, least, most, flags) CP_PRIM_##name,
typedef enum cp_primitive {
    CP_PRIMITIVE_LIST(CP_PRIMITIVE_ENUM) CP_PRIM_COUNT,
    CP_PRIM_ACCESSOR, /* caar to cddddr: found by name, made of CAR and CDR */
    CP_PRIM_NONE
} cp_primitive;
#undef CP_PRIMITIVE_ENUM

typedef struct cp_primitive_row {
    const char *word; /* NULL: the expander's own */
    uint8_t least, most;
    uint8_t flags;
} cp_primitive_row;

extern const cp_primitive_row cp_primitives[CP_PRIM_COUNT];

/* The primitive that the procedure NAME of R7RS is, or CP_PRIM_NONE. */
cp_primitive cp_primitive_find(const char *name);

/* ---- Nodes --------------------------------------------------------------------------------- */

typedef struct cp_node cp_node;
typedef struct cp_lambda cp_lambda;

/* A local variable. */
typedef struct cp_local {
    const char *name;
    cp_position position;
    uint32_t number; /* in the compilation, from 1 */
    uint32_t refs;   /* nodes that read it, calls included; analyse.c recounts */
    uint32_t sets;
    uint32_t calls;        /* of the refs: operators of calls */
    struct cp_body *group; /* the body that defines it, while that is expanded, and its place */
    uint32_t index;
    cp_node *value;    /* of LET and FIX when it never changes, else NULL */
    cp_lambda *home;   /* the procedure in whose frame it lives */
    bool needs_check;  /* might be read before its definition */
    bool is_from_user; /* written in the program, not by a macro or the expander */
    bool is_captured;
    bool is_boxed;
    bool is_label; /* a procedure that is code of the frame: analyse.c */
    int32_t reg;   /* its register, while it is in scope */
    void *label;   /* of a label: emit.c */
    void *scratch; /* of the pass that runs */
} cp_local;

/* A global variable as this compilation knows it. */
typedef struct cp_global {
    const char *name;  /* as written */
    const char *cell;  /* the link text */
    bool is_immutable; /* an import, or a name of the machine */
    bool is_defined;   /* by this compilation */
    bool is_inlined;   /* calls of it became opcodes */
    cp_primitive primitive;
    int32_t least, most; /* arguments, or -1: unknown; most -1: any number */
    uint32_t sets;
    struct cp_global *next;
} cp_global;

/* One clause of a procedure. */
typedef struct cp_clause {
    cp_local **parameters; /* required, optional, rest */
    uint16_t required;
    uint16_t optional;
    bool has_rest;
    cp_node *body;
} cp_clause;

struct cp_lambda {
    const char *name; /* NULL: none */
    cp_clause *clauses;
    uint32_t clause_count;
    uint32_t index; /* of its template: emit.c */
    /* analyse.c */
    cp_lambda *parent;
    cp_local **captures; /* variables of other frames that its code reads */
    uint32_t capture_count;
    uint32_t capture_capacity;
    bool is_label;
};

struct cp_node {
    cp_node_kind kind;
    uint32_t height; /* 1 for a leaf */
    cp_position position;
    union {
        cp_term *constant;
        struct {
            cp_local *variable;
            cp_node *value; /* of LOCAL_SET */
        } local;
        struct {
            cp_global *global;
            cp_node *value; /* of GLOBAL_SET and GLOBAL_DEFINE */
        } global;
        struct {
            cp_node *test, *then, *otherwise;
        } branch;
        cp_lambda *lambda;
        struct {
            cp_node *procedure;
            cp_node **operands;
            uint32_t count;
        } call;
        struct {
            cp_node **operands;
            uint16_t count;
            uint16_t which;    /* cp_primitive */
            uint32_t index;    /* RECORD_: field */
            cp_global *global; /* RECORD_: cell of the type */
        } primitive;
        struct {
            cp_node **nodes;
            uint32_t count; /* at least 1 */
        } sequence;
        struct {
            cp_local **variables;
            cp_node **values;
            cp_node *body;
            uint32_t count;
        } let; /* and FIX */
        struct {
            cp_local **variables; /* required ones, then the rest */
            cp_node *producer;
            cp_node *body;
            uint16_t required;
            bool has_rest;
        } receive;
    } as;
};

/* ---- Construction -------------------------------------------------------------------------- */

/* What the nodes of one compilation share. */
typedef struct cp_nodes {
    cp_terms *terms; /* borrowed; its arena holds the nodes */
    cp_global *globals;
    uint32_t local_count;
    uint32_t node_count;
} cp_nodes;

/* All give NULL when memory is refused, or when a node that they are given is NULL. Arrays become
 * parts of the node and belong to the arena already. */
cp_local *cp_core_new_local(cp_nodes *core, const char *name, cp_position position) CP_MUST_USE;
cp_node *cp_core_constant(cp_nodes *core, cp_term *term) CP_MUST_USE;
cp_node *cp_core_value(cp_nodes *core, cp_value value, cp_position at) CP_MUST_USE;
cp_node *cp_core_local(cp_nodes *core, cp_local *variable, cp_position at) CP_MUST_USE;
cp_node *cp_core_local_set(cp_nodes *core, cp_local *variable, cp_node *value,
                           cp_position at) CP_MUST_USE;
/* KIND is GLOBAL, GLOBAL_SET or GLOBAL_DEFINE. */
cp_node *cp_core_global(cp_nodes *core, cp_node_kind kind, cp_global *global, cp_node *value,
                        cp_position at) CP_MUST_USE;
cp_node *cp_core_if(cp_nodes *core, cp_node *test, cp_node *then, cp_node *otherwise,
                    cp_position at) CP_MUST_USE;
cp_node *cp_core_lambda(cp_nodes *core, const char *name, cp_clause *clauses, uint32_t count,
                        cp_position at) CP_MUST_USE;
/* A procedure of COUNT required parameters. */
cp_node *cp_core_simple_lambda(cp_nodes *core, const char *name, cp_local **parameters,
                               uint32_t count, cp_node *body, cp_position at) CP_MUST_USE;
cp_node *cp_core_call(cp_nodes *core, cp_node *procedure, cp_node **operands, uint32_t count,
                      cp_position at) CP_MUST_USE;
cp_node *cp_core_primitive(cp_nodes *core, cp_primitive which, cp_node **operands, uint32_t count,
                           cp_position at) CP_MUST_USE;
cp_node *cp_core_sequence(cp_nodes *core, cp_node **nodes, uint32_t count,
                          cp_position at) CP_MUST_USE;
cp_node *cp_core_let(cp_nodes *core, cp_node_kind kind, cp_local **variables, cp_node **values,
                     uint32_t count, cp_node *body, cp_position at) CP_MUST_USE;
cp_node *cp_core_receive(cp_nodes *core, cp_local **variables, uint32_t required, bool has_rest,
                         cp_node *producer, cp_node *body, cp_position at) CP_MUST_USE;

/* A node of another kind in the place of NODE: for passes that rewrite. */
static inline void cp_node_become(cp_node *node, const cp_node *other)
{
    *node = *other;
}

/* The global of the cell CELL; made on first use, then as an unbound mutable one. */
cp_global *cp_core_find_global(cp_nodes *core, const char *name, const char *cell) CP_MUST_USE;

/* A procedure without a name gets that of the variable it is for. NODE may be NULL. */
static inline void cp_core_name_lambda(cp_node *node, const char *name)
{
    if (node != NULL && node->kind == CP_NODE_LAMBDA && node->as.lambda->name == NULL)
        node->as.lambda->name = name;
}

static inline bool cp_node_is_constant(const cp_node *node, cp_value value)
{
    return node->kind == CP_NODE_CONSTANT && cp_term_is_value(node->as.constant, value);
}

/* Whether NODE can be left out or done at another time: no effect, no error, and no read of what
 * may change. Bounded by DEPTH levels; false beyond. */
bool cp_node_is_pure(const cp_node *node, uint32_t depth);

/* The children of NODE in the order of evaluation; NULL at the end. Bodies of clauses included. */
cp_node **cp_node_child(cp_node *node, uint32_t index);

/* Print NODE as an S-expression; local variables are NAME.NUMBER. */
void cp_core_print(cp_printer *printer, const cp_node *node);

#endif
