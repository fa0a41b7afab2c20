/* emit.c -- one walk over each procedure, driven by destinations (Dybvig, Hieb and Butler 1990).
 *
 * Registers are a stack: variables in the order of their scopes, above them what is half computed,
 * above them the window of a call, whose arguments are built in place. `top` is the first free one.
 * A destination register at `top` may be used on the way; one below it is a variable or the
 * destination of something around, and is written only as the last act on each path, so that what
 * is computed may read it. Operands that are variables are read where they are, after all operands
 * that compute something: any order of evaluation is one that R7RS allows.
 *
 * The parameters of a label are registers; a jump to it moves its operands there, those first that
 * no other operand needs. */
#include "interp/emit.h"

#include <string.h>

#include "interp/draft.h"
#include "sched/memory.h"

enum { CONSTANT_DEPTH_MAX = 4000, LINK_MAX = 0xFFFF };

typedef enum where {
    TO_EFFECT,
    TO_REGISTER,
    TO_RETURN,
    TO_VALUES /* REQUIRED registers from REG on, and a list of the rest */
} where;

typedef struct destination {
    where kind;
    uint32_t reg;
    uint32_t required;
    bool has_rest;
} destination;

/* A procedure that waits for its template. */
typedef struct pending {
    cp_lambda *lambda;
    struct pending *next;
} pending;

typedef struct emitter {
    cp_expander *x;
    cp_arena *arena;
    const char *file;
    pending *first;
    pending **end;
    uint32_t template_count; /* given out */
    /* the procedure that is being emitted */
    cp_lambda *lambda;
    cp_draft draft;
    uint32_t top;
} emitter;

static const destination effect = {.kind = TO_EFFECT};
static const destination to_return = {.kind = TO_RETURN};

static destination to_register(uint32_t reg)
{
    return (destination){.kind = TO_REGISTER, .reg = reg};
}

static void emit(emitter *e, cp_node *node, destination to);

static void op(emitter *e, cp_opcode opcode, uint32_t a, uint32_t b, uint32_t c)
{
    cp_draft_emit(&e->draft, opcode, a, b, c);
}

/* Registers up to END are used. */
static void use_registers(emitter *e, uint32_t end)
{
    if (end > e->draft.register_count)
        e->draft.register_count = end;
}

static uint32_t push(emitter *e)
{
    use_registers(e, e->top + 1);
    return e->top++;
}

static void move(emitter *e, uint32_t to, uint32_t from)
{
    if (to != from)
        op(e, CP_OP_MOVE, to, from, 0);
}

/* ---- Links --------------------------------------------------------------------------------- */

static uint32_t link_text(emitter *e, cp_link_kind kind, const char *text, uint32_t length)
{
    return cp_builder_link(&e->draft.builder, kind, text, length, 0);
}

static uint32_t link_payload(emitter *e, cp_link_kind kind, uint64_t payload)
{
    return cp_builder_link(&e->draft.builder, kind, NULL, 0, payload);
}

static uint32_t link_constant(emitter *e, const cp_term *term, uint32_t depth);

static uint32_t link_list(emitter *e, const cp_term *term, uint32_t depth)
{
    uint32_t count = 0;
    const cp_term *tail = term;
    for (; cp_term_is_pair(tail); tail = tail->as.pair.cdr)
        count++;
    uint32_t *slots = CP_TAKE_ARRAY(e->arena, count, uint32_t);
    if (slots == NULL)
        return 0;
    for (uint32_t i = 0; i < count; i++, term = term->as.pair.cdr)
        slots[i] = link_constant(e, term->as.pair.car, depth);
    uint32_t rest = link_constant(e, tail, depth);
    for (uint32_t i = count; i > 0; i--)
        rest = link_payload(e, CP_LINK_PAIR, (uint64_t)rest << 32 | slots[i - 1]);
    return rest;
}

static uint32_t link_vector(emitter *e, const cp_term *term, uint32_t depth)
{
    uint8_t *bytes = CP_TAKE_ARRAY(e->arena, (size_t)term->length * 4, uint8_t);
    if (bytes == NULL)
        return 0;
    for (uint32_t i = 0; i < term->length; i++) {
        uint32_t slot = link_constant(e, term->as.items[i], depth);
        for (uint32_t k = 0; k < 4; k++)
            bytes[i * 4 + k] = (uint8_t)(slot >> 8 * k);
    }
    return link_text(e, CP_LINK_VECTOR, (const char *)bytes, term->length * 4);
}

static uint32_t link_constant(emitter *e, const cp_term *term, uint32_t depth)
{
    if (depth == 0) {
        (void)cp_expand_fail(e->x, term->position, "a constant is nested more than %d deep",
                             CONSTANT_DEPTH_MAX);
        return 0;
    }
    switch (term->kind) {
    case CP_TERM_VALUE:
        return link_payload(e, CP_LINK_IMMEDIATE, term->as.value.bits);
    case CP_TERM_PAIR:
        return link_list(e, term, depth - 1);
    case CP_TERM_VECTOR:
        return link_vector(e, term, depth - 1);
    case CP_TERM_IDENTIFIER:
        return link_text(e, CP_LINK_SYMBOL, term->as.identifier->name, term->as.identifier->length);
    case CP_TERM_STRING:
        return link_text(e, CP_LINK_STRING, term->as.bytes, term->length);
    case CP_TERM_NUMBER:
        return link_text(e, CP_LINK_NUMBER, term->as.bytes, term->length);
    case CP_TERM_BYTES:
        return link_text(e, CP_LINK_BYTES, term->as.bytes, term->length);
    }
    return 0;
}

/* A slot that an instruction names with 16 bits. */
static uint32_t check_slot(emitter *e, uint32_t slot, cp_position at)
{
    if (slot > LINK_MAX)
        (void)cp_expand_fail(e->x, at, "a procedure has more than %d links", LINK_MAX);
    return slot;
}

static uint32_t link_cell(emitter *e, const cp_global *global)
{
    return link_text(e, CP_LINK_CELL, global->cell, (uint32_t)strlen(global->cell));
}

/* ---- Loading ------------------------------------------------------------------------------- */

static void load_slot(emitter *e, uint32_t slot, uint32_t reg)
{
    if (slot <= LINK_MAX)
        op(e, CP_OP_CONSTANT, reg, slot, 0);
    else
        cp_draft_emit_wide(&e->draft, CP_OP_CONSTANT_WIDE, reg, 0, 0, slot);
}

static void load_constant(emitter *e, const cp_term *term, uint32_t reg)
{
    uint64_t bits = term->kind == CP_TERM_VALUE ? term->as.value.bits : UINT64_MAX;
    bool is_fixnum = term->kind == CP_TERM_VALUE && cp_is_fixnum(term->as.value);
    if (is_fixnum && cp_to_fixnum(term->as.value) >= INT16_MIN &&
        cp_to_fixnum(term->as.value) <= INT16_MAX)
        op(e, CP_OP_FIXNUM, reg, (uint32_t)cp_to_fixnum(term->as.value) & 0xFFFF, 0);
    else if (bits <= 0xFFFF)
        op(e, CP_OP_IMMEDIATE, reg, (uint32_t)bits, 0);
    else
        load_slot(e, link_constant(e, term, CONSTANT_DEPTH_MAX), reg);
}

static void load_value(emitter *e, cp_value value, uint32_t reg)
{
    op(e, CP_OP_IMMEDIATE, reg, (uint32_t)value.bits, 0);
}

/* The index of VARIABLE among the captures of the procedure. */
static uint32_t free_index(const emitter *e, const cp_local *variable)
{
    uint32_t i = 0;
    while (e->lambda->captures[i] != variable) {
        i++;
        assert(i < e->lambda->capture_count);
    }
    return i;
}

static void load_local(emitter *e, const cp_local *variable, uint32_t reg)
{
    if (cp_is_self(e->lambda, variable))
        op(e, CP_OP_SELF, reg, 0, 0);
    else if (variable->home != e->lambda)
        op(e, variable->is_boxed ? CP_OP_FREE_BOX_GET : CP_OP_FREE, reg, free_index(e, variable),
           0);
    else if (variable->is_boxed)
        op(e, CP_OP_BOX_GET, reg, (uint32_t)variable->reg, 0);
    else
        move(e, reg, (uint32_t)variable->reg);
    if (variable->needs_check)
        op(e, CP_OP_CHECK_SET, reg,
           check_slot(
               e, link_text(e, CP_LINK_SYMBOL, variable->name, (uint32_t)strlen(variable->name)),
               variable->position),
           0);
}

/* The register in which NODE is, if it is a variable that needs no instruction; else -1. */
static int32_t register_of(const emitter *e, const cp_node *node)
{
    if (node->kind != CP_NODE_LOCAL)
        return -1;
    const cp_local *v = node->as.local.variable;
    return v->home == e->lambda && !v->is_boxed && !v->needs_check ? v->reg : -1;
}

/* The register of an operand: its own, or the next free one. */
static uint32_t operand(emitter *e, cp_node *node)
{
    int32_t reg = register_of(e, node);
    if (reg >= 0)
        return (uint32_t)reg;
    cp_position at = e->draft.position;
    use_registers(e, e->top + 1);
    emit(e, node, to_register(e->top));
    e->draft.position = at;
    return push(e);
}

/* ---- Destinations -------------------------------------------------------------------------- */

/* Where a single value for TO is best made. */
static uint32_t target(emitter *e, destination to)
{
    if (to.kind == TO_REGISTER)
        return to.reg;
    use_registers(e, e->top + 1);
    return e->top;
}

static void call_values(emitter *e, uint32_t count, destination to);

/* The value in REG is what TO wants. */
static void deliver(emitter *e, uint32_t reg, destination to)
{
    switch (to.kind) {
    case TO_EFFECT:
        return;
    case TO_REGISTER:
        move(e, to.reg, reg);
        return;
    case TO_RETURN:
        op(e, CP_OP_RETURN, reg, 0, 0);
        return;
    case TO_VALUES:
        break;
    }
    if (to.required == 1) {
        move(e, to.reg, reg);
        if (to.has_rest)
            load_value(e, CP_NIL, to.reg + 1);
        return;
    }
    if (to.required == 0 && to.has_rest) {
        uint32_t nil = e->top > reg ? e->top : reg + 1;
        use_registers(e, nil + 1);
        load_value(e, CP_NIL, nil);
        op(e, CP_OP_CONS, to.reg, reg, nil);
        return;
    }
    /* One value where more or none are expected: the call makes the error at run time. */
    use_registers(e, e->top + 4);
    move(e, e->top + 2, reg);
    call_values(e, 1, to);
}

/* A call left its values at R[WINDOW]: take them apart. */
static void receive(emitter *e, uint32_t window, destination to)
{
    uint32_t n = to.required + to.has_rest;
    use_registers(e, window + n);
    op(e, CP_OP_RECEIVE, window, to.required, to.has_rest);
    for (uint32_t i = 0; i < n; i++)
        move(e, to.reg + i, window + i);
}

/* What a call with its window at R[WINDOW] gave. */
static void deliver_call(emitter *e, uint32_t window, destination to)
{
    if (to.kind == TO_VALUES)
        receive(e, window, to);
    else
        deliver(e, window, to);
}

/* Call %values with the COUNT arguments that stand in the window at `top`. */
static void call_values(emitter *e, uint32_t count, destination to)
{
    uint32_t slot = link_text(e, CP_LINK_CELL, "%values", 7);
    use_registers(e, e->top + 2 + count);
    cp_draft_emit_wide(&e->draft, CP_OP_CALL_GLOBAL, e->top, count, 0, slot);
    deliver_call(e, e->top, to);
}

/* ---- Tests --------------------------------------------------------------------------------- */

static void branch(emitter *e, cp_node *node, bool sense, uint32_t label);

/* OPCODE jumps when its test holds; jump to LABEL when that equals SENSE. */
static void branch_on(emitter *e, cp_opcode opcode, uint32_t a, uint32_t b, bool sense,
                      uint32_t label)
{
    cp_draft_branch(&e->draft, sense ? opcode : cp_opcode_inverse(opcode), a, b, label);
}

/* The fixnum that NODE is, when it fits a signed byte. */
static bool small_fixnum(const cp_node *node, int64_t *n)
{
    if (node->kind != CP_NODE_CONSTANT || node->as.constant->kind != CP_TERM_VALUE ||
        !cp_is_fixnum(node->as.constant->as.value))
        return false;
    *n = cp_to_fixnum(node->as.constant->as.value);
    return *n >= INT8_MIN && *n <= INT8_MAX;
}

static bool is_constant(const cp_node *node, cp_value value)
{
    return cp_node_is_constant(node, value);
}

static void branch_compare(emitter *e, cp_primitive which, cp_node **operands, bool sense,
                           uint32_t label)
{
    int64_t n;
    cp_opcode opcode = which == CP_PRIM_EQUAL  ? CP_OP_JUMP_IF_EQUAL
                       : which == CP_PRIM_LESS ? CP_OP_JUMP_IF_LESS
                                               : CP_OP_JUMP_IF_LESS_EQUAL;
    bool may_turn = which == CP_PRIM_EQUAL && small_fixnum(operands[0], &n);
    cp_node *left = operands[may_turn ? 1 : 0], *right = operands[may_turn ? 0 : 1];
    if (which != CP_PRIM_LESS_EQUAL && small_fixnum(right, &n)) {
        uint32_t a = operand(e, left);
        branch_on(e, which == CP_PRIM_EQUAL ? CP_OP_JUMP_IF_EQUAL_I : CP_OP_JUMP_IF_LESS_I, a,
                  (uint32_t)n & 0xFF, sense, label);
        return;
    }
    if (which == CP_PRIM_LESS && small_fixnum(left, &n)) {
        uint32_t a = operand(e, right);
        branch_on(e, CP_OP_JUMP_IF_GREATER_I, a, (uint32_t)n & 0xFF, sense, label);
        return;
    }
    uint32_t a = operand(e, left);
    uint32_t b = operand(e, right);
    branch_on(e, opcode, a, b, sense, label);
}

/* Whether eqv? with the constant NODE is eq?. */
static bool is_eq_constant(const cp_node *node)
{
    return node->kind == CP_NODE_CONSTANT && (node->as.constant->kind == CP_TERM_VALUE ||
                                              node->as.constant->kind == CP_TERM_IDENTIFIER);
}

static void branch_same(emitter *e, cp_node **operands, bool sense, uint32_t label)
{
    for (uint32_t i = 0; i < 2; i++) {
        bool is_nil = is_constant(operands[i], CP_NIL);
        if (!is_nil && !is_constant(operands[i], CP_FALSE))
            continue;
        uint32_t a = operand(e, operands[1 - i]);
        branch_on(e, is_nil ? CP_OP_JUMP_IF_NULL : CP_OP_JUMP_IF_FALSE, a, 0, sense, label);
        return;
    }
    uint32_t a = operand(e, operands[0]);
    uint32_t b = operand(e, operands[1]);
    branch_on(e, CP_OP_JUMP_IF_SAME, a, b, sense, label);
}

static void branch_value(emitter *e, cp_node *node, bool sense, uint32_t label)
{
    uint32_t a = operand(e, node);
    branch_on(e, CP_OP_JUMP_IF_TRUE, a, 0, sense, label);
}

static void branch_primitive(emitter *e, cp_node *node, bool sense, uint32_t label)
{
    cp_node **operands = node->as.primitive.operands;
    e->draft.position = node->position;
    switch ((cp_primitive)node->as.primitive.which) {
    case CP_PRIM_NOT:
        branch(e, operands[0], !sense, label);
        return;
    case CP_PRIM_EQUAL:
    case CP_PRIM_LESS:
    case CP_PRIM_LESS_EQUAL:
        branch_compare(e, (cp_primitive)node->as.primitive.which, operands, sense, label);
        return;
    case CP_PRIM_EQV:
        if (!is_eq_constant(operands[0]) && !is_eq_constant(operands[1]))
            break;
        branch_same(e, operands, sense, label);
        return;
    case CP_PRIM_SAME:
        branch_same(e, operands, sense, label);
        return;
    case CP_PRIM_IS_PAIR: {
        uint32_t a = operand(e, operands[0]);
        branch_on(e, CP_OP_JUMP_IF_PAIR, a, 0, sense, label);
        return;
    }
    case CP_PRIM_IS_NULL: {
        uint32_t a = operand(e, operands[0]);
        branch_on(e, CP_OP_JUMP_IF_NULL, a, 0, sense, label);
        return;
    }
    default: /* no other primitive is fused with a jump */
        break;
    }
    branch_value(e, node, sense, label);
}

/* Jump to LABEL when the value of (if TEST THEN OTHERWISE) is SENSE. */
static void branch_if(emitter *e, cp_node *node, bool sense, uint32_t label)
{
    cp_node *test = node->as.branch.test, *then = node->as.branch.then;
    cp_node *otherwise = node->as.branch.otherwise;
    uint32_t skip = cp_draft_label(&e->draft);
    if (then->kind == CP_NODE_CONSTANT) {
        bool is_true = !is_constant(then, CP_FALSE);
        branch(e, test, true, is_true == sense ? label : skip);
        branch(e, otherwise, sense, label);
    } else if (otherwise->kind == CP_NODE_CONSTANT) {
        bool is_true = !is_constant(otherwise, CP_FALSE);
        branch(e, test, false, is_true == sense ? label : skip);
        branch(e, then, sense, label);
    } else {
        uint32_t second = cp_draft_label(&e->draft);
        branch(e, test, false, second);
        branch(e, then, sense, label);
        cp_draft_jump(&e->draft, skip);
        cp_draft_place(&e->draft, second);
        branch(e, otherwise, sense, label);
    }
    cp_draft_place(&e->draft, skip);
}

/* Jump to LABEL when the truth of NODE is SENSE; go on when not. */
static void branch(emitter *e, cp_node *node, bool sense, uint32_t label)
{
    uint32_t top = e->top;
    switch (node->kind) {
    case CP_NODE_CONSTANT:
        if (is_constant(node, CP_FALSE) != sense)
            cp_draft_jump(&e->draft, label);
        break;
    case CP_NODE_IF:
        branch_if(e, node, sense, label);
        break;
    case CP_NODE_PRIMITIVE:
        branch_primitive(e, node, sense, label);
        break;
    case CP_NODE_SEQUENCE:
        for (uint32_t i = 0; i + 1 < node->as.sequence.count; i++)
            emit(e, node->as.sequence.nodes[i], effect);
        branch(e, node->as.sequence.nodes[node->as.sequence.count - 1], sense, label);
        break;
    case CP_NODE_LOCAL:
    case CP_NODE_LOCAL_SET:
    case CP_NODE_GLOBAL:
    case CP_NODE_GLOBAL_SET:
    case CP_NODE_GLOBAL_DEFINE:
    case CP_NODE_LAMBDA:
    case CP_NODE_CALL:
    case CP_NODE_LET:
    case CP_NODE_FIX:
    case CP_NODE_RECEIVE:
    case CP_NODE_COUNT:
        branch_value(e, node, sense, label);
        break;
    }
    e->top = top;
}

static void emit_if(emitter *e, cp_node *node, destination to)
{
    uint32_t otherwise = cp_draft_label(&e->draft), end = cp_draft_label(&e->draft);
    branch(e, node->as.branch.test, false, otherwise);
    emit(e, node->as.branch.then, to);
    cp_draft_jump(&e->draft, end);
    cp_draft_place(&e->draft, otherwise);
    emit(e, node->as.branch.otherwise, to);
    cp_draft_place(&e->draft, end);
}

/* ---- Primitives ---------------------------------------------------------------------------- */

static cp_test test_of(cp_primitive which)
{
    static const uint8_t tests[] = {
        CP_TEST_PAIR,    CP_TEST_NULL,   CP_TEST_SYMBOL, CP_TEST_STRING,    CP_TEST_CHAR,
        CP_TEST_BOOLEAN, CP_TEST_VECTOR, CP_TEST_BYTES,  CP_TEST_PROCEDURE, CP_TEST_FIXNUM,
        CP_TEST_FLONUM,  CP_TEST_NUMBER, CP_TEST_EOF};
    _Static_assert(CP_PRIM_IS_EOF - CP_PRIM_IS_PAIR + 1 == CP_COUNT_OF(tests), "one for each test");
    return (cp_test)tests[which - CP_PRIM_IS_PAIR];
}

/* The opcode with three registers that WHICH is. */
static cp_opcode opcode_of(cp_primitive which)
{
    switch (which) {
#define SAME_NAME(name)                                                                            \
    case CP_PRIM_##name:                                                                           \
        return CP_OP_##name;
        SAME_NAME(ADD)
        SAME_NAME(SUB)
        SAME_NAME(MUL)
        SAME_NAME(DIV)
        SAME_NAME(QUOTIENT)
        SAME_NAME(REMAINDER)
        SAME_NAME(MODULO)
        SAME_NAME(BIT_AND)
        SAME_NAME(BIT_OR)
        SAME_NAME(BIT_XOR)
        SAME_NAME(SHIFT)
        SAME_NAME(EQUAL)
        SAME_NAME(LESS)
        SAME_NAME(LESS_EQUAL)
        SAME_NAME(SAME)
        SAME_NAME(EQV)
        SAME_NAME(NOT)
        SAME_NAME(CONS)
        SAME_NAME(CAR)
        SAME_NAME(CDR)
        SAME_NAME(SET_CAR)
        SAME_NAME(SET_CDR)
        SAME_NAME(VECTOR_REF)
        SAME_NAME(VECTOR_SET)
        SAME_NAME(VECTOR_LENGTH)
        SAME_NAME(BYTES_REF)
        SAME_NAME(BYTES_SET)
        SAME_NAME(STRING_REF)
#undef SAME_NAME
    default: /* the expander reduced the others to these, or emit_primitive handles them */
        assert(which == CP_PRIM_COUNT); /* always fails */
        return CP_OPCODE_COUNT;
    }
}

/* + - * with a small constant. */
static bool emit_immediate(emitter *e, cp_primitive which, cp_node **operands, uint32_t reg)
{
    int64_t n;
    bool is_commutative = which == CP_PRIM_ADD || which == CP_PRIM_MUL;
    cp_opcode opcode = which == CP_PRIM_ADD   ? CP_OP_ADD_I
                       : which == CP_PRIM_SUB ? CP_OP_SUB_I
                                              : CP_OP_MUL_I;
    if (!is_commutative && which != CP_PRIM_SUB)
        return false;
    for (uint32_t i = 2; i-- > (is_commutative ? 0u : 1u);) {
        if (!small_fixnum(operands[i], &n))
            continue;
        uint32_t a = operand(e, operands[1 - i]);
        op(e, opcode, reg, a, (uint32_t)n & 0xFF);
        return true;
    }
    return false;
}

/* vector-ref and vector-set! with a constant index. */
static bool emit_indexed(emitter *e, cp_primitive which, cp_node **operands, uint32_t reg)
{
    const cp_node *index = operands[1];
    bool is_fixnum = index->kind == CP_NODE_CONSTANT && index->as.constant->kind == CP_TERM_VALUE &&
                     cp_is_fixnum(index->as.constant->as.value);
    int64_t n = is_fixnum ? cp_to_fixnum(index->as.constant->as.value) : -1;
    if (n < 0 || n > 255)
        return false;
    uint32_t a = operand(e, operands[0]);
    if (which == CP_PRIM_VECTOR_REF)
        op(e, CP_OP_VECTOR_REF_I, reg, a, (uint32_t)n);
    else
        op(e, CP_OP_VECTOR_SET_I, a, (uint32_t)n, operand(e, operands[2]));
    return true;
}

static void emit_record(emitter *e, cp_node *node, uint32_t reg)
{
    cp_node **operands = node->as.primitive.operands;
    uint32_t slot = link_cell(e, node->as.primitive.global), base = e->top;
    uint32_t n = node->as.primitive.count;
    switch ((cp_primitive)node->as.primitive.which) {
    case CP_PRIM_RECORD:
        use_registers(e, base + (n > 0 ? n : 1));
        for (uint32_t i = 0; i < n; i++) {
            emit(e, operands[i], to_register(e->top));
            (void)push(e);
        }
        e->draft.position = node->position;
        cp_draft_emit_wide(&e->draft, CP_OP_RECORD, base, n, 0, slot);
        move(e, reg, base);
        return;
    case CP_PRIM_RECORD_REF:
        cp_draft_emit_wide(&e->draft, CP_OP_RECORD_REF, reg, operand(e, operands[0]),
                           node->as.primitive.index, slot);
        return;
    case CP_PRIM_RECORD_SET: {
        uint32_t a = operand(e, operands[0]);
        uint32_t b = operand(e, operands[1]);
        cp_draft_emit_wide(&e->draft, CP_OP_RECORD_SET, a, b, node->as.primitive.index, slot);
        return;
    }
    default: /* IS_RECORD, the last of the four */
        cp_draft_emit_wide(&e->draft, CP_OP_IS_RECORD, reg, operand(e, operands[0]), 0, slot);
        return;
    }
}

/* The registers of COUNT operands, in REGS. */
static void operands_in(emitter *e, cp_node **operands, uint32_t count, uint32_t *regs)
{
    for (uint32_t i = 0; i < count; i++)
        regs[i] = operand(e, operands[i]);
}

/* Whether WHICH has no result; its opcode then has its operands at A. */
static bool is_mutator(cp_primitive which)
{
    return which == CP_PRIM_SET_CAR || which == CP_PRIM_SET_CDR || which == CP_PRIM_VECTOR_SET ||
           which == CP_PRIM_BYTES_SET || which == CP_PRIM_RECORD_SET;
}

static void emit_operation(emitter *e, cp_node *node, uint32_t reg)
{
    cp_primitive which = (cp_primitive)node->as.primitive.which;
    cp_node **operands = node->as.primitive.operands;
    uint32_t regs[3] = {0, 0, 0};
    if (which >= CP_PRIM_RECORD) {
        emit_record(e, node, reg);
        return;
    }
    if (node->as.primitive.count == 2 && emit_immediate(e, which, operands, reg))
        return;
    bool is_vector = which == CP_PRIM_VECTOR_REF || which == CP_PRIM_VECTOR_SET;
    if (is_vector && emit_indexed(e, which, operands, reg))
        return;
    operands_in(e, operands, node->as.primitive.count, regs);
    e->draft.position = node->position;
    if (which >= CP_PRIM_IS_PAIR && which <= CP_PRIM_IS_EOF)
        op(e, CP_OP_IS, reg, regs[0], test_of(which));
    else if (is_mutator(which))
        op(e, opcode_of(which), regs[0], regs[1], regs[2]);
    else if (which == CP_PRIM_EQV && (is_eq_constant(operands[0]) || is_eq_constant(operands[1])))
        op(e, CP_OP_SAME, reg, regs[0], regs[1]);
    else
        op(e, opcode_of(which), reg, regs[0], regs[1]);
}

/* (values ...) that is not one value. */
static void emit_values(emitter *e, cp_node *node, destination to)
{
    uint32_t n = node->as.primitive.count, base = e->top;
    cp_node **operands = node->as.primitive.operands;
    bool fits = to.kind == TO_VALUES && (n == to.required || (n > to.required && to.has_rest));
    if (to.kind == TO_EFFECT) {
        for (uint32_t i = 0; i < n; i++)
            emit(e, operands[i], effect);
        return;
    }
    bool is_call = to.kind == TO_REGISTER || (to.kind == TO_VALUES && !fits);
    if (is_call)
        e->top += 2;
    use_registers(e, e->top + n + 1);
    for (uint32_t i = 0; i < n; i++) {
        emit(e, operands[i], to_register(e->top));
        (void)push(e);
    }
    e->draft.position = node->position;
    if (is_call) {
        e->top = base;
        call_values(e, n, to);
        return;
    }
    if (to.kind == TO_RETURN) {
        op(e, CP_OP_RETURN_VALUES, base, n, 0);
        return;
    }
    if (to.has_rest) {
        uint32_t list = push(e);
        load_value(e, CP_NIL, list);
        for (uint32_t i = n; i > to.required; i--)
            op(e, CP_OP_CONS, list, base + i - 1, list);
        for (uint32_t i = 0; i < to.required; i++)
            move(e, to.reg + i, base + i);
        move(e, to.reg + to.required, list);
        return;
    }
    for (uint32_t i = 0; i < n; i++)
        move(e, to.reg + i, base + i);
}

static void emit_primitive(emitter *e, cp_node *node, destination to)
{
    cp_primitive which = (cp_primitive)node->as.primitive.which;
    e->draft.position = node->position;
    if (which == CP_PRIM_VALUES) {
        emit_values(e, node, to);
        return;
    }
    uint32_t reg = target(e, to), top = e->top;
    emit_operation(e, node, reg);
    e->top = top;
    if (to.kind == TO_EFFECT)
        return;
    if (is_mutator(which))
        load_value(e, CP_UNSPECIFIC, reg);
    deliver(e, reg, to);
}

/* ---- Calls --------------------------------------------------------------------------------- */

/* Whether NODE reads VARIABLE, also from within a procedure that captures it. */
static bool mentions(cp_node *node, const cp_local *variable)
{
    if (node->kind == CP_NODE_LOCAL || node->kind == CP_NODE_LOCAL_SET) {
        if (node->as.local.variable == variable)
            return true;
    }
    cp_node **child;
    for (uint32_t i = 0; (child = cp_node_child(node, i)) != NULL; i++) {
        if (mentions(*child, variable))
            return true;
    }
    return false;
}

/* The operand that can be put into its parameter now: no other one that waits reads it. -1: none.
 */
static int64_t find_free_operand(cp_node *call, cp_local **parameters, const bool *is_done)
{
    uint32_t n = call->as.call.count;
    for (uint32_t i = 0; i < n; i++) {
        bool is_needed = false;
        for (uint32_t j = 0; j < n && !is_done[i] && !is_needed; j++)
            is_needed = j != i && !is_done[j] && mentions(call->as.call.operands[j], parameters[i]);
        if (!is_done[i] && !is_needed)
            return i;
    }
    return -1;
}

/* Move the operands of CALL into the registers of PARAMETERS. */
static void emit_operands(emitter *e, cp_node *call, cp_local **parameters)
{
    enum { ORDERED_MAX = 16 }; /* beyond, looking for an order would cost too much */
    uint32_t n = call->as.call.count, base = e->top, held = 0;
    bool is_done[ORDERED_MAX] = {false};
    uint32_t of[CP_ARGUMENTS_MAX];
    assert(n <= CP_ARGUMENTS_MAX);
    for (uint32_t k = 0; k < n; k++) {
        int64_t i = n > ORDERED_MAX ? -1 : find_free_operand(call, parameters, is_done);
        if (i >= 0) {
            is_done[i] = true;
            emit(e, call->as.call.operands[i], to_register((uint32_t)parameters[i]->reg));
            continue;
        }
        i = 0; /* a ring: one of them waits above */
        while (n <= ORDERED_MAX && is_done[i])
            i++;
        if (n > ORDERED_MAX)
            i = k;
        else
            is_done[i] = true;
        of[held++] = (uint32_t)i;
        use_registers(e, e->top + 1);
        emit(e, call->as.call.operands[i], to_register(e->top));
        (void)push(e);
    }
    for (uint32_t h = 0; h < held; h++)
        move(e, (uint32_t)parameters[of[h]]->reg, base + h);
    e->top = base;
}

static void emit_jump(emitter *e, cp_node *node)
{
    const cp_local *label = node->as.call.procedure->as.local.variable;
    const cp_clause *clause = &label->value->as.lambda->clauses[0];
    emit_operands(e, node, clause->parameters);
    e->draft.position = node->position;
    cp_draft_jump(&e->draft, (uint32_t)(uintptr_t)label->label);
}

static void emit_call(emitter *e, cp_node *node, destination to)
{
    cp_node *procedure = node->as.call.procedure;
    if (procedure->kind == CP_NODE_LOCAL && procedure->as.local.variable->is_label) {
        emit_jump(e, node);
        return;
    }
    uint32_t window = e->top, n = node->as.call.count;
    bool is_global = procedure->kind == CP_NODE_GLOBAL;
    use_registers(e, window + 2 + n);
    if (!is_global)
        emit(e, procedure, to_register(window));
    e->top = window + 2;
    for (uint32_t i = 0; i < n; i++) {
        emit(e, node->as.call.operands[i], to_register(e->top));
        (void)push(e);
    }
    e->top = window;
    e->draft.position = node->position;
    bool is_last = to.kind == TO_RETURN;
    if (is_global)
        cp_draft_emit_wide(&e->draft, is_last ? CP_OP_TAIL_CALL_GLOBAL : CP_OP_CALL_GLOBAL, window,
                           n, 0, link_cell(e, procedure->as.global.global));
    else
        op(e, is_last ? CP_OP_TAIL_CALL : CP_OP_CALL, window, n, 0);
    if (!is_last)
        deliver_call(e, window, to);
}

/* ---- Variables ----------------------------------------------------------------------------- */

static uint32_t name_variable(emitter *e, const cp_local *local)
{
    return cp_draft_name(&e->draft, local->name, (uint32_t)local->reg,
                         local->is_boxed ? CP_VARIABLE_BOXED : 0);
}

/* The register of LOCAL holds its value: box it if it needs one. */
static void begin_variable(emitter *e, cp_local *local)
{
    if (local->is_boxed)
        op(e, CP_OP_BOX, (uint32_t)local->reg, (uint32_t)local->reg, 0);
}

/* BODY in the scope of LOCALS, whose registers are set. */
static void emit_scope(emitter *e, cp_local **locals, uint32_t count, cp_node *body, destination to)
{
    uint32_t first = 0;
    for (uint32_t i = 0; i < count; i++) {
        begin_variable(e, locals[i]);
        uint32_t number = name_variable(e, locals[i]);
        first = i == 0 ? number : first;
    }
    emit(e, body, to);
    for (uint32_t i = 0; i < count; i++)
        cp_draft_forget(&e->draft, first + i);
}

static void emit_let(emitter *e, cp_node *node, destination to)
{
    uint32_t top = e->top;
    for (uint32_t i = 0; i < node->as.let.count; i++) {
        use_registers(e, e->top + 1);
        emit(e, node->as.let.values[i], to_register(e->top));
        node->as.let.variables[i]->reg = (int32_t)push(e);
    }
    emit_scope(e, node->as.let.variables, node->as.let.count, node->as.let.body, to);
    e->top = top;
}

static void emit_receive(emitter *e, cp_node *node, destination to)
{
    uint32_t base = e->top, required = node->as.receive.required;
    uint32_t n = required + node->as.receive.has_rest;
    destination values = {TO_VALUES, base, required, node->as.receive.has_rest};
    use_registers(e, base + n + 1);
    emit(e, node->as.receive.producer, values);
    for (uint32_t i = 0; i < n; i++)
        node->as.receive.variables[i]->reg = (int32_t)(base + i);
    e->top = base + n;
    emit_scope(e, node->as.receive.variables, n, node->as.receive.body, to);
    e->top = base;
}

static void emit_local_set(emitter *e, cp_node *node, destination to)
{
    cp_local *v = node->as.local.variable;
    uint32_t top = e->top;
    e->draft.position = node->position;
    if (v->home == e->lambda && !v->is_boxed) {
        emit(e, node->as.local.value, to_register((uint32_t)v->reg));
    } else {
        uint32_t value = operand(e, node->as.local.value);
        if (v->home == e->lambda)
            op(e, CP_OP_BOX_SET, (uint32_t)v->reg, value, 0);
        else
            op(e, CP_OP_FREE_BOX_SET, value, free_index(e, v), 0);
    }
    e->top = top;
    if (to.kind == TO_EFFECT)
        return;
    uint32_t reg = target(e, to);
    load_value(e, CP_UNSPECIFIC, reg);
    deliver(e, reg, to);
}

static void emit_global(emitter *e, cp_node *node, destination to)
{
    uint32_t slot = check_slot(e, link_cell(e, node->as.global.global), node->position);
    uint32_t top = e->top;
    e->draft.position = node->position;
    if (node->kind == CP_NODE_GLOBAL) {
        uint32_t reg = target(e, to);
        op(e, CP_OP_GLOBAL, reg, slot, 0);
        deliver(e, reg, to);
        return;
    }
    uint32_t value = operand(e, node->as.global.value);
    e->draft.position = node->position;
    op(e, node->kind == CP_NODE_GLOBAL_SET ? CP_OP_GLOBAL_SET : CP_OP_GLOBAL_DEFINE, value, slot,
       0);
    e->top = top;
    if (to.kind == TO_EFFECT)
        return;
    uint32_t reg = target(e, to);
    load_value(e, CP_UNSPECIFIC, reg);
    deliver(e, reg, to);
}

/* ---- Procedures ---------------------------------------------------------------------------- */

/* Ask for a template of LAMBDA; its link slot. */
static uint32_t request_template(emitter *e, cp_lambda *lambda, cp_position at)
{
    pending *p = CP_TAKE(e->arena, pending);
    if (p == NULL)
        return 0;
    p->lambda = lambda;
    lambda->index = e->template_count++;
    *e->end = p;
    e->end = &p->next;
    return check_slot(e, link_payload(e, CP_LINK_CODE, lambda->index), at);
}

/* A closure of LAMBDA in REG. */
static void emit_closure(emitter *e, cp_lambda *lambda, uint32_t reg, cp_position at)
{
    uint32_t slot = request_template(e, lambda, at);
    uint32_t *captures = CP_TAKE_ARRAY(e->arena, lambda->capture_count, uint32_t);
    if (captures == NULL)
        return;
    uint32_t top = e->top;
    for (uint32_t i = 0; i < lambda->capture_count; i++) {
        const cp_local *v = lambda->captures[i];
        if (cp_is_self(e->lambda, v)) {
            captures[i] = push(e);
            op(e, CP_OP_SELF, captures[i], 0, 0);
        } else {
            captures[i] =
                v->home == e->lambda ? (uint32_t)v->reg : free_index(e, v) | CP_CAPTURE_FREE;
        }
    }
    e->draft.position = at;
    cp_draft_emit_closure(&e->draft, reg, slot, captures, lambda->capture_count);
    e->top = top;
}

/* Put the captures that are variables of FIX in front, where CLOSURE_PATCH can name them. */
static void sort_captures(cp_lambda *lambda, cp_local *const *variables, uint32_t count)
{
    uint32_t front = 0;
    for (uint32_t i = 0; i < lambda->capture_count; i++) {
        for (uint32_t k = 0; k < count; k++) {
            if (lambda->captures[i] != variables[k])
                continue;
            cp_local *v = lambda->captures[i];
            lambda->captures[i] = lambda->captures[front];
            lambda->captures[front++] = v;
            break;
        }
    }
}

static uint32_t index_in(cp_local *const *variables, uint32_t count, const cp_local *v)
{
    uint32_t i = 0;
    while (i < count && variables[i] != v)
        i++;
    return i;
}

/* Closures that may refer to each other: what is not made yet is unset, then patched. */
static void emit_closures(emitter *e, cp_node *node)
{
    cp_local **variables = node->as.let.variables;
    uint32_t n = node->as.let.count;
    bool *is_early = CP_TAKE_ARRAY(e->arena, n, bool); /* captured before it is made */
    if (is_early == NULL)
        return;
    for (uint32_t i = 0; i < n; i++) {
        variables[i]->reg = (int32_t)push(e);
        cp_lambda *lambda = node->as.let.values[i]->as.lambda;
        sort_captures(lambda, variables, n);
        for (uint32_t k = 0; k < lambda->capture_count; k++) {
            uint32_t other = index_in(variables, n, lambda->captures[k]);
            if (other < n && other >= i)
                is_early[other] = true;
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        if (is_early[i])
            load_value(e, CP_UNSET, (uint32_t)variables[i]->reg);
    }
    for (uint32_t i = 0; i < n; i++)
        emit_closure(e, node->as.let.values[i]->as.lambda, (uint32_t)variables[i]->reg,
                     node->as.let.values[i]->position);
    for (uint32_t i = 0; i < n; i++) {
        const cp_lambda *lambda = node->as.let.values[i]->as.lambda;
        for (uint32_t k = 0; k < lambda->capture_count; k++) {
            uint32_t other = index_in(variables, n, lambda->captures[k]);
            if (other < n && other >= i)
                op(e, CP_OP_CLOSURE_PATCH, (uint32_t)variables[i]->reg, k,
                   (uint32_t)variables[other]->reg);
        }
    }
}

static void emit_labels(emitter *e, cp_node *node, destination to)
{
    uint32_t n = node->as.let.count, end = cp_draft_label(&e->draft);
    for (uint32_t i = 0; i < n; i++) {
        const cp_clause *c = &node->as.let.values[i]->as.lambda->clauses[0];
        node->as.let.variables[i]->label = (void *)(uintptr_t)cp_draft_label(&e->draft);
        for (uint32_t k = 0; k < c->required; k++)
            c->parameters[k]->reg = (int32_t)push(e);
    }
    emit(e, node->as.let.body, to);
    cp_draft_jump(&e->draft, end);
    for (uint32_t i = 0; i < n; i++) {
        const cp_clause *c = &node->as.let.values[i]->as.lambda->clauses[0];
        cp_draft_place(&e->draft, (uint32_t)(uintptr_t)node->as.let.variables[i]->label);
        emit_scope(e, c->parameters, c->required, c->body, to);
        cp_draft_jump(&e->draft, end);
    }
    cp_draft_place(&e->draft, end);
}

static void emit_fix(emitter *e, cp_node *node, destination to)
{
    uint32_t top = e->top;
    if (node->as.let.variables[0]->is_label) {
        emit_labels(e, node, to);
    } else {
        emit_closures(e, node);
        emit_scope(e, node->as.let.variables, node->as.let.count, node->as.let.body, to);
    }
    e->top = top;
}

/* ---- All ----------------------------------------------------------------------------------- */

static void emit(emitter *e, cp_node *node, destination to)
{
    if (e->arena->is_refused || !e->draft.is_reachable)
        return;
    uint32_t top = e->top, reg;
    switch (node->kind) {
    case CP_NODE_CONSTANT:
        if (to.kind == TO_EFFECT)
            return;
        reg = target(e, to);
        load_constant(e, node->as.constant, reg);
        deliver(e, reg, to);
        return;
    case CP_NODE_LOCAL:
        if (to.kind == TO_EFFECT && !node->as.local.variable->needs_check)
            return;
        e->draft.position = node->position;
        if (register_of(e, node) >= 0) {
            deliver(e, (uint32_t)register_of(e, node), to);
            return;
        }
        reg = target(e, to);
        load_local(e, node->as.local.variable, reg);
        deliver(e, reg, to);
        return;
    case CP_NODE_LOCAL_SET:
        emit_local_set(e, node, to);
        break;
    case CP_NODE_GLOBAL:
    case CP_NODE_GLOBAL_SET:
    case CP_NODE_GLOBAL_DEFINE:
        emit_global(e, node, to);
        break;
    case CP_NODE_IF:
        emit_if(e, node, to);
        break;
    case CP_NODE_LAMBDA:
        if (to.kind == TO_EFFECT)
            return;
        reg = target(e, to);
        emit_closure(e, node->as.lambda, reg, node->position);
        deliver(e, reg, to);
        break;
    case CP_NODE_CALL:
        emit_call(e, node, to);
        break;
    case CP_NODE_PRIMITIVE:
        emit_primitive(e, node, to);
        break;
    case CP_NODE_SEQUENCE:
        for (uint32_t i = 0; i + 1 < node->as.sequence.count; i++)
            emit(e, node->as.sequence.nodes[i], effect);
        emit(e, node->as.sequence.nodes[node->as.sequence.count - 1], to);
        break;
    case CP_NODE_LET:
        emit_let(e, node, to);
        break;
    case CP_NODE_FIX:
        emit_fix(e, node, to);
        break;
    case CP_NODE_RECEIVE:
        emit_receive(e, node, to);
        break;
    case CP_NODE_COUNT:
        break;
    }
    e->top = top;
}

static void emit_clause(emitter *e, const cp_clause *c)
{
    uint32_t n = (uint32_t)c->required + c->optional + c->has_rest;
    cp_draft_entry(&e->draft, c->required, c->optional, c->has_rest);
    for (uint32_t i = 0; i < n; i++)
        c->parameters[i]->reg = (int32_t)i;
    e->top = n;
    use_registers(e, n);
    emit_scope(e, c->parameters, n, c->body, to_return);
}

/* The template of LAMBDA; NULL as cp_emit. */
static cp_template *emit_lambda(emitter *e, cp_lambda *lambda)
{
    cp_draft_init(&e->draft, e->arena, e->arena->allocator);
    e->lambda = lambda;
    for (uint32_t i = 0; i < lambda->clause_count; i++)
        emit_clause(e, &lambda->clauses[i]);
    for (uint32_t i = 0; i < lambda->capture_count; i++)
        (void)cp_draft_name(&e->draft, lambda->captures[i]->name, i,
                            CP_VARIABLE_FREE |
                                (lambda->captures[i]->is_boxed ? CP_VARIABLE_BOXED : 0));
    for (uint32_t i = e->draft.variable_count - lambda->capture_count;
         i < e->draft.variable_count && !e->arena->is_refused; i++)
        cp_draft_begin_name(&e->draft, i);
    cp_template *t = NULL;
    if (!cp_expand_is_failed(e->x))
        t = cp_draft_finish(&e->draft, lambda->name, e->file, lambda->capture_count);
    if (t == NULL && e->draft.builder.is_refused)
        e->arena->is_refused = true;
    if (t == NULL && !cp_expand_is_failed(e->x))
        (void)cp_expand_fail(e->x, e->draft.position, "%s: bad code: %s",
                             lambda->name == NULL ? "program" : lambda->name,
                             e->draft.builder.error);
    cp_draft_close(&e->draft);
    return t;
}

/* Emit what waits, and what that asks for, into TEMPLATES, which is grown. */
static bool emit_pending(emitter *e, cp_template ***templates, size_t *capacity, uint32_t *count)
{
    for (pending *p = e->first; p != NULL; p = p->next) {
        cp_expander *x = e->x;
        if (x->options.poll != NULL && !x->options.poll(x->options.context)) {
            x->is_stopped = true;
            return false;
        }
        if (!cp_grow_array(e->arena->allocator, (void **)templates, capacity, (size_t)*count + 1,
                           sizeof **templates)) {
            e->arena->is_refused = true;
            return false;
        }
        cp_template *t = emit_lambda(e, p->lambda);
        if (t == NULL)
            return false;
        (*templates)[(*count)++] = t;
    }
    return true;
}

cp_unit *cp_emit(cp_expander *x, cp_node *program, const char *file)
{
    assert(program->kind == CP_NODE_LAMBDA);
    cp_arena *arena = &x->terms->arena;
    pending first = {.lambda = program->as.lambda};
    emitter e = {.x = x, .arena = arena, .file = file, .first = &first, .end = &first.next};
    e.template_count = 1;
    cp_template **templates = NULL;
    size_t capacity = 0;
    uint32_t count = 0;
    cp_unit *unit = NULL;
    if (emit_pending(&e, &templates, &capacity, &count)) {
        unit = cp_unit_make(arena->allocator, templates, count);
        if (unit == NULL)
            arena->is_refused = true;
    }
    for (uint32_t i = 0; i < count; i++)
        cp_template_free(arena->allocator, templates[i]);
    cp_release_array(arena->allocator, templates, capacity, sizeof *templates);
    return unit;
}
