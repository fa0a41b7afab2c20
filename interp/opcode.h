/* opcode.h -- the instruction set of the register machine, as one table.
 *
 * Owns:  opcodes, their operand formats, what they read and write, what may happen in them.
 * Never: executes anything, knows a value or an object.
 *
 * An instruction is a 32-bit word, least significant byte first in the drawing:
 *
 *     | op 8 | A 8 | B 8 | C 8 |      registers, or small numbers
 *     | op 8 | A 8 |    Bx 16  |      link slot, free value, immediate, jump (then signed)
 *     | op 8 |      Ax 24      |      link slot or jump
 *
 * Some have further words. Jumps count words from the end of the instruction, and only LOOP jumps
 * backward, so that every cycle of a program passes a safepoint.
 *
 * R[n] is register n of the frame, L[n] slot n of the link vector (constants, global cells), F[n]
 * a free value of the closure. */
#ifndef CP_INTERP_OPCODE_H
#define CP_INTERP_OPCODE_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

/* How the operands are written, in the order of the text: R register, N count, I signed number, T
 * tag bits of an immediate, L link slot, F free value, Q type test, J jump. */
#define CP_FORMAT_LIST(X)                                                                          \
    X(NONE, "", 1)                                                                                 \
    X(R, "R", 1)         /* A */                                                                   \
    X(RR, "RR", 1)       /* A B */                                                                 \
    X(RRR, "RRR", 1)     /* A B C */                                                               \
    X(RRI, "RRI", 1)     /* A B sC */                                                              \
    X(RRN, "RRN", 1)     /* A B C, C is a count or an index */                                     \
    X(RRQ, "RRQ", 1)     /* A B C, C is a cp_test */                                               \
    X(RN, "RN", 1)       /* A B, B is a count */                                                   \
    X(RNN, "RNN", 1)     /* A B C, B and C are counts */                                           \
    X(RNR, "RNR", 1)     /* A B C, B is an index */                                                \
    X(RI, "RI", 1)       /* A sBx */                                                               \
    X(RT, "RT", 1)       /* A Bx */                                                                \
    X(RF, "RF", 1)       /* A Bx */                                                                \
    X(RL, "RL", 1)       /* A Bx */                                                                \
    X(J, "J", 1)         /* sAx */                                                                 \
    X(RJ, "RJ", 1)       /* A sBx */                                                               \
    X(RRJ, "RRJ", 1)     /* A B sC */                                                              \
    X(RIJ, "RIJ", 1)     /* A sB sC */                                                             \
    X(LRN, "LRN", 2)     /* Ax | WINDOW A B: the window stands last, where a return finds it */    \
    X(RRNL, "RRNL", 2)   /* A B C | link slot */                                                   \
    X(RNL, "RNL", 2)     /* A B | link slot */                                                     \
    X(RRL, "RRL", 2)     /* A B | link slot */                                                     \
    X(RW, "RL", 2)       /* A | link slot */                                                       \
    X(CLOSURE, "RLN", 2) /* A Bx | count | one capture a word, see CP_CAPTURE_FREE */

/* What happens to registers. */
enum {
    CP_FX_NONE = 0,
    CP_FX_WA = 1 << 0, /* writes R[A] */
    CP_FX_RA = 1 << 1, /* reads R[A] */
    CP_FX_RB = 1 << 2,
    CP_FX_RC = 1 << 3,
    CP_FX_CALL = 1 << 4,     /* reads R[A], R[A+2 .. A+1+B]; writes R[A], spoils all above */
    CP_FX_TAIL = 1 << 5,     /* reads the same and leaves the frame */
    CP_FX_RANGE = 1 << 6,    /* reads R[A .. A+B-1] */
    CP_FX_RECEIVE = 1 << 7,  /* reads R[A], writes R[A .. A+B-1], and R[A+B] when C is 1 */
    CP_FX_CAPTURE = 1 << 8,  /* reads the captured registers */
    CP_FX_NO_NEXT = 1 << 9,  /* never goes on with the next instruction */
    CP_FX_INTERNAL = 1 << 10 /* in the machine's own code only, never in a template */
};

/* What may happen besides. */
enum {
    CP_MAY_NOTHING = 0,
    CP_MAY_RAISE = 1 << 0,
    CP_MAY_ALLOC = 1 << 1,
    CP_MAY_COLLECT = 1 << 2,
    CP_MAY_PARK = 1 << 3,
    CP_MAY_ALL = CP_MAY_RAISE | CP_MAY_ALLOC | CP_MAY_COLLECT | CP_MAY_PARK
};

#define CP_OP_ALLOCS (CP_MAY_ALLOC | CP_MAY_COLLECT | CP_MAY_RAISE)

/* clang-format off */
/* X(name, format, effects, may, meaning). Conditional jumps stand in pairs, each the inverse of the
 * other, so that a compiler can turn one round; JUMP_IF_FALSE is the first of them. */
#define CP_OPCODE_LIST(X) \
    X(MOVE, RR, CP_FX_WA | CP_FX_RB, CP_MAY_NOTHING, "R[A] = R[B]") \
    X(IMMEDIATE, RT, CP_FX_WA, CP_MAY_NOTHING, "R[A] = the constant or character whose word is Bx") \
    X(FIXNUM, RI, CP_FX_WA, CP_MAY_NOTHING, "R[A] = sBx") \
    X(CONSTANT, RL, CP_FX_WA, CP_MAY_NOTHING, "R[A] = L[Bx]") \
    X(CONSTANT_WIDE, RW, CP_FX_WA, CP_MAY_NOTHING, "R[A] = L[n], for slots above 65,535") \
    X(SELF, R, CP_FX_WA, CP_MAY_NOTHING, "R[A] = the closure that runs") \
    X(FREE, RF, CP_FX_WA, CP_MAY_NOTHING, "R[A] = F[Bx]") \
    X(BOX, RR, CP_FX_WA | CP_FX_RB, CP_OP_ALLOCS, "R[A] = a new box that holds R[B]") \
    X(BOX_GET, RR, CP_FX_WA | CP_FX_RB, CP_MAY_NOTHING, "R[A] = what the box R[B] holds") \
    X(BOX_SET, RR, CP_FX_RA | CP_FX_RB, CP_MAY_NOTHING, "the box R[A] holds R[B]") \
    X(FREE_BOX_GET, RF, CP_FX_WA, CP_MAY_NOTHING, "R[A] = what the box F[Bx] holds") \
    X(FREE_BOX_SET, RF, CP_FX_RA, CP_MAY_NOTHING, "the box F[Bx] holds R[A]") \
    X(CHECK_SET, RL, CP_FX_RA, CP_MAY_RAISE, "raise when R[A] is the unset object; L[Bx] is the name") \
    X(GLOBAL, RL, CP_FX_WA, CP_MAY_RAISE, "R[A] = the value of the cell L[Bx]") \
    X(GLOBAL_SET, RL, CP_FX_RA, CP_MAY_RAISE, "the cell L[Bx], which is bound, gets R[A]") \
    X(GLOBAL_DEFINE, RL, CP_FX_RA, CP_MAY_NOTHING, "the cell L[Bx] gets R[A]") \
    X(CLOSURE, CLOSURE, CP_FX_WA | CP_FX_CAPTURE, CP_OP_ALLOCS, "R[A] = a closure of the code L[Bx] over the captures") \
    X(CLOSURE_PATCH, RNR, CP_FX_RA | CP_FX_RC, CP_MAY_RAISE, "free value B of the closure R[A] becomes R[C]") \
    X(ADD, RRR, CP_FX_WA | CP_FX_RB | CP_FX_RC, CP_OP_ALLOCS, "R[A] = R[B] + R[C]") \
    X(SUB, RRR, CP_FX_WA | CP_FX_RB | CP_FX_RC, CP_OP_ALLOCS, "R[A] = R[B] - R[C]") \
    X(MUL, RRR, CP_FX_WA | CP_FX_RB | CP_FX_RC, CP_OP_ALLOCS, "R[A] = R[B] * R[C]") \
    X(DIV, RRR, CP_FX_WA | CP_FX_RB | CP_FX_RC, CP_OP_ALLOCS, "R[A] = R[B] / R[C]") \
    X(QUOTIENT, RRR, CP_FX_WA | CP_FX_RB | CP_FX_RC, CP_OP_ALLOCS, "R[A] = R[B] / R[C] truncated") \
    X(REMAINDER, RRR, CP_FX_WA | CP_FX_RB | CP_FX_RC, CP_OP_ALLOCS, "R[A] = what QUOTIENT leaves, signed as R[B]") \
    X(MODULO, RRR, CP_FX_WA | CP_FX_RB | CP_FX_RC, CP_OP_ALLOCS, "R[A] = R[B] modulo R[C], signed as R[C]") \
    X(BIT_AND, RRR, CP_FX_WA | CP_FX_RB | CP_FX_RC, CP_OP_ALLOCS, "R[A] = R[B] and R[C], bit by bit") \
    X(BIT_OR, RRR, CP_FX_WA | CP_FX_RB | CP_FX_RC, CP_OP_ALLOCS, "R[A] = R[B] or R[C], bit by bit") \
    X(BIT_XOR, RRR, CP_FX_WA | CP_FX_RB | CP_FX_RC, CP_OP_ALLOCS, "R[A] = R[B] xor R[C], bit by bit") \
    X(SHIFT, RRR, CP_FX_WA | CP_FX_RB | CP_FX_RC, CP_OP_ALLOCS, "R[A] = R[B] * 2^R[C] rounded down") \
    X(ADD_I, RRI, CP_FX_WA | CP_FX_RB, CP_OP_ALLOCS, "R[A] = R[B] + sC") \
    X(SUB_I, RRI, CP_FX_WA | CP_FX_RB, CP_OP_ALLOCS, "R[A] = R[B] - sC") \
    X(MUL_I, RRI, CP_FX_WA | CP_FX_RB, CP_OP_ALLOCS, "R[A] = R[B] * sC") \
    X(EQUAL, RRR, CP_FX_WA | CP_FX_RB | CP_FX_RC, CP_MAY_RAISE, "R[A] = whether R[B] = R[C], as numbers") \
    X(LESS, RRR, CP_FX_WA | CP_FX_RB | CP_FX_RC, CP_MAY_RAISE, "R[A] = whether R[B] < R[C]") \
    X(LESS_EQUAL, RRR, CP_FX_WA | CP_FX_RB | CP_FX_RC, CP_MAY_RAISE, "R[A] = whether R[B] <= R[C]") \
    X(SAME, RRR, CP_FX_WA | CP_FX_RB | CP_FX_RC, CP_MAY_NOTHING, "R[A] = whether R[B] and R[C] are the same object (eq?)") \
    X(EQV, RRR, CP_FX_WA | CP_FX_RB | CP_FX_RC, CP_MAY_NOTHING, "R[A] = whether R[B] and R[C] are equivalent (eqv?)") \
    X(NOT, RR, CP_FX_WA | CP_FX_RB, CP_MAY_NOTHING, "R[A] = whether R[B] is #f") \
    X(IS, RRQ, CP_FX_WA | CP_FX_RB, CP_MAY_NOTHING, "R[A] = whether R[B] passes the type test C") \
    X(CONS, RRR, CP_FX_WA | CP_FX_RB | CP_FX_RC, CP_OP_ALLOCS, "R[A] = a new pair of R[B] and R[C]") \
    X(CAR, RR, CP_FX_WA | CP_FX_RB, CP_MAY_RAISE, "R[A] = the car of R[B]") \
    X(CDR, RR, CP_FX_WA | CP_FX_RB, CP_MAY_RAISE, "R[A] = the cdr of R[B]") \
    X(SET_CAR, RR, CP_FX_RA | CP_FX_RB, CP_MAY_RAISE, "the car of R[A] becomes R[B]") \
    X(SET_CDR, RR, CP_FX_RA | CP_FX_RB, CP_MAY_RAISE, "the cdr of R[A] becomes R[B]") \
    X(VECTOR_REF, RRR, CP_FX_WA | CP_FX_RB | CP_FX_RC, CP_MAY_RAISE, "R[A] = element R[C] of the vector R[B]") \
    X(VECTOR_REF_I, RRN, CP_FX_WA | CP_FX_RB, CP_MAY_RAISE, "R[A] = element C of the vector R[B]") \
    X(VECTOR_SET, RRR, CP_FX_RA | CP_FX_RB | CP_FX_RC, CP_MAY_RAISE, "element R[B] of the vector R[A] becomes R[C]") \
    X(VECTOR_SET_I, RNR, CP_FX_RA | CP_FX_RC, CP_MAY_RAISE, "element B of the vector R[A] becomes R[C]") \
    X(VECTOR_LENGTH, RR, CP_FX_WA | CP_FX_RB, CP_MAY_RAISE, "R[A] = the length of the vector R[B]") \
    X(BYTES_REF, RRR, CP_FX_WA | CP_FX_RB | CP_FX_RC, CP_MAY_RAISE, "R[A] = byte R[C] of the bytevector R[B]") \
    X(BYTES_SET, RRR, CP_FX_RA | CP_FX_RB | CP_FX_RC, CP_MAY_RAISE, "byte R[B] of the bytevector R[A] becomes R[C]") \
    X(STRING_REF, RRR, CP_FX_WA | CP_FX_RB | CP_FX_RC, CP_MAY_RAISE, "R[A] = character R[C] of the string R[B]") \
    X(RECORD, RNL, CP_FX_WA | CP_FX_RANGE, CP_OP_ALLOCS, "R[A] = a record of the type in the cell L[n], of the fields R[A .. A+B-1]") \
    X(RECORD_REF, RRNL, CP_FX_WA | CP_FX_RB, CP_MAY_RAISE, "R[A] = field C of R[B], a record of the type in the cell L[n]") \
    X(RECORD_SET, RRNL, CP_FX_RA | CP_FX_RB, CP_MAY_RAISE, "field C of R[A], a record of the type in the cell L[n], becomes R[B]") \
    X(IS_RECORD, RRL, CP_FX_WA | CP_FX_RB, CP_MAY_RAISE, "R[A] = whether R[B] is a record of the type in the cell L[n]") \
    X(JUMP, J, CP_FX_NO_NEXT, CP_MAY_NOTHING, "pc += sAx, forward") \
    X(LOOP, J, CP_FX_NO_NEXT, CP_MAY_COLLECT | CP_MAY_PARK | CP_MAY_RAISE, "pc += sAx, backward, at the price of one unit of fuel") \
    X(JUMP_IF_FALSE, RJ, CP_FX_RA, CP_MAY_NOTHING, "if R[A] is #f then pc += sBx") \
    X(JUMP_IF_TRUE, RJ, CP_FX_RA, CP_MAY_NOTHING, "unless R[A] is #f, pc += sBx") \
    X(JUMP_IF_NULL, RJ, CP_FX_RA, CP_MAY_NOTHING, "if R[A] is () then pc += sBx") \
    X(JUMP_UNLESS_NULL, RJ, CP_FX_RA, CP_MAY_NOTHING, "unless R[A] is (), pc += sBx") \
    X(JUMP_IF_PAIR, RJ, CP_FX_RA, CP_MAY_NOTHING, "if R[A] is a pair then pc += sBx") \
    X(JUMP_UNLESS_PAIR, RJ, CP_FX_RA, CP_MAY_NOTHING, "unless R[A] is a pair, pc += sBx") \
    X(JUMP_IF_DEFAULT, RJ, CP_FX_RA, CP_MAY_NOTHING, "if R[A] is an argument not given then pc += sBx") \
    X(JUMP_UNLESS_DEFAULT, RJ, CP_FX_RA, CP_MAY_NOTHING, "unless R[A] is an argument not given, pc += sBx") \
    X(JUMP_IF_SAME, RRJ, CP_FX_RA | CP_FX_RB, CP_MAY_NOTHING, "if R[A] and R[B] are the same object then pc += sC") \
    X(JUMP_UNLESS_SAME, RRJ, CP_FX_RA | CP_FX_RB, CP_MAY_NOTHING, "unless R[A] and R[B] are the same object, pc += sC") \
    X(JUMP_IF_EQUAL, RRJ, CP_FX_RA | CP_FX_RB, CP_MAY_RAISE, "if R[A] = R[B] then pc += sC") \
    X(JUMP_UNLESS_EQUAL, RRJ, CP_FX_RA | CP_FX_RB, CP_MAY_RAISE, "unless R[A] = R[B], pc += sC") \
    X(JUMP_IF_LESS, RRJ, CP_FX_RA | CP_FX_RB, CP_MAY_RAISE, "if R[A] < R[B] then pc += sC") \
    X(JUMP_UNLESS_LESS, RRJ, CP_FX_RA | CP_FX_RB, CP_MAY_RAISE, "unless R[A] < R[B], pc += sC") \
    X(JUMP_IF_LESS_EQUAL, RRJ, CP_FX_RA | CP_FX_RB, CP_MAY_RAISE, "if R[A] <= R[B] then pc += sC") \
    X(JUMP_UNLESS_LESS_EQUAL, RRJ, CP_FX_RA | CP_FX_RB, CP_MAY_RAISE, "unless R[A] <= R[B], pc += sC") \
    X(JUMP_IF_EQUAL_I, RIJ, CP_FX_RA, CP_MAY_RAISE, "if R[A] = sB then pc += sC") \
    X(JUMP_UNLESS_EQUAL_I, RIJ, CP_FX_RA, CP_MAY_RAISE, "unless R[A] = sB, pc += sC") \
    X(JUMP_IF_LESS_I, RIJ, CP_FX_RA, CP_MAY_RAISE, "if R[A] < sB then pc += sC") \
    X(JUMP_UNLESS_LESS_I, RIJ, CP_FX_RA, CP_MAY_RAISE, "unless R[A] < sB, pc += sC") \
    X(JUMP_IF_GREATER_I, RIJ, CP_FX_RA, CP_MAY_RAISE, "if R[A] > sB then pc += sC") \
    X(JUMP_UNLESS_GREATER_I, RIJ, CP_FX_RA, CP_MAY_RAISE, "unless R[A] > sB, pc += sC") \
    X(CALL, RN, CP_FX_CALL, CP_MAY_ALL, "R[A] = R[A] called with the B arguments from R[A+2] on") \
    X(TAIL_CALL, RN, CP_FX_TAIL | CP_FX_NO_NEXT, CP_MAY_ALL, "return what R[A] gives for the B arguments from R[A+2] on") \
    X(CALL_GLOBAL, LRN, CP_FX_CALL, CP_MAY_ALL, "R[A] = the value of the cell L[Ax] called with B arguments") \
    X(TAIL_CALL_GLOBAL, LRN, CP_FX_TAIL | CP_FX_NO_NEXT, CP_MAY_ALL, "return what the value of the cell L[Ax] gives for B arguments") \
    X(RETURN, R, CP_FX_RA | CP_FX_NO_NEXT, CP_MAY_ALL, "return R[A]") \
    X(RETURN_VALUES, RN, CP_FX_RANGE | CP_FX_NO_NEXT, CP_MAY_ALL, "return the B values from R[A] on") \
    X(RECEIVE, RNN, CP_FX_RECEIVE, CP_OP_ALLOCS, "after a call: its B values are in R[A] and up; if C is 1 a list of the rest follows") \
    X(BREAKPOINT, NONE, CP_FX_INTERNAL, CP_MAY_ALL, "stop here; stands in a private copy in place of another") \
    X(WINDOW, RN, CP_FX_INTERNAL, CP_MAY_NOTHING, "second word of a call: its window A and argument count B") \
    X(NATIVE_RESUME, R, CP_FX_INTERNAL, CP_MAY_ALL, "a value comes back to a native frame of A slots") \
    X(NATIVE_START, RN, CP_FX_INTERNAL, CP_MAY_ALL, "a native frame begins with its A slots as arguments") \
    X(TRAP_RESUME, R, CP_FX_INTERNAL, CP_MAY_ALL, "a trap returns to the instruction it interrupted; A registers lie below it") \
    X(UNDERFLOW, NONE, CP_FX_INTERNAL, CP_MAY_ALL, "the lowest frame of a piece of stack returns")
/* clang-format on */

/* X(name, word). The tests of IS, one bit of a byte each; `list?` needs a walk and is none. */
#define CP_TEST_LIST(X)                                                                            \
    X(PAIR, "pair?")                                                                               \
    X(NULL, "null?")                                                                               \
    X(SYMBOL, "symbol?")                                                                           \
    X(STRING, "string?")                                                                           \
    X(CHAR, "char?")                                                                               \
    X(BOOLEAN, "boolean?")                                                                         \
    X(VECTOR, "vector?")                                                                           \
    X(BYTES, "bytevector?")                                                                        \
    X(PROCEDURE, "procedure?")                                                                     \
    X(FIXNUM, "fixnum?")                                                                           \
    X(FLONUM, "flonum?")                                                                           \
    X(NUMBER, "number?")                                                                           \
    X(EOF, "eof-object?")

#define CP_OPCODE_ENUM(name, format, effects, may, meaning) CP_OP_##name,
typedef enum cp_opcode { CP_OPCODE_LIST(CP_OPCODE_ENUM) CP_OPCODE_COUNT } cp_opcode;
#undef CP_OPCODE_ENUM

#define CP_FORMAT_ENUM(name, operands, words) CP_FORMAT_##name,
typedef enum cp_format { CP_FORMAT_LIST(CP_FORMAT_ENUM) CP_FORMAT_COUNT } cp_format;
#undef CP_FORMAT_ENUM

#define CP_TEST_ENUM(name, word) CP_TEST_##name,
typedef enum cp_test { CP_TEST_LIST(CP_TEST_ENUM) CP_TEST_COUNT } cp_test;
#undef CP_TEST_ENUM

_Static_assert(CP_OPCODE_COUNT <= 256, "an opcode is a byte");
_Static_assert(CP_OP_JUMP_IF_FALSE % 2 == 0 || CP_OP_JUMP_IF_TRUE == CP_OP_JUMP_IF_FALSE + 1,
               "conditional jumps stand in pairs");

typedef struct cp_opcode_row {
    const char *name; /* "jump-if-less" */
    const char *meaning;
    uint16_t effects; /* CP_FX_ */
    uint8_t may;      /* CP_MAY_ */
    uint8_t format;   /* cp_format */
} cp_opcode_row;

extern const cp_opcode_row cp_opcodes[CP_OPCODE_COUNT];

/* The letters of FORMAT's operands. */
const char *cp_format_operands(cp_format format);

/* The opcode or the test that is written NAME; the count of all when there is none. */
cp_opcode cp_opcode_find(const char *name, uint32_t length);
cp_test cp_test_find(const char *name, uint32_t length);
const char *cp_test_name(cp_test test);

/* The conditional jump that is taken when OPCODE is not. */
static inline cp_opcode cp_opcode_inverse(cp_opcode opcode)
{
    assert(opcode >= CP_OP_JUMP_IF_FALSE);
    assert(opcode <= CP_OP_JUMP_UNLESS_GREATER_I);
    uint32_t index = (uint32_t)opcode - CP_OP_JUMP_IF_FALSE;
    return (cp_opcode)(CP_OP_JUMP_IF_FALSE + (index ^ 1));
}

/* ---- Words --------------------------------------------------------------------------------- */

static inline cp_opcode cp_word_op(uint32_t word)
{
    return (cp_opcode)(word & 0xFF);
}

static inline uint32_t cp_word_a(uint32_t word)
{
    return (word >> 8) & 0xFF;
}

static inline uint32_t cp_word_b(uint32_t word)
{
    return (word >> 16) & 0xFF;
}

static inline uint32_t cp_word_c(uint32_t word)
{
    return word >> 24;
}

static inline uint32_t cp_word_bx(uint32_t word)
{
    return word >> 16;
}

static inline uint32_t cp_word_ax(uint32_t word)
{
    return word >> 8;
}

static inline int32_t cp_word_sb(uint32_t word)
{
    return (int8_t)(uint8_t)(word >> 16);
}

static inline int32_t cp_word_sc(uint32_t word)
{
    return (int32_t)word >> 24;
}

static inline int32_t cp_word_sbx(uint32_t word)
{
    return (int32_t)word >> 16;
}

static inline int32_t cp_word_sax(uint32_t word)
{
    return (int32_t)word >> 8;
}

static inline uint32_t cp_word_abc(cp_opcode op, uint32_t a, uint32_t b, uint32_t c)
{
    return (uint32_t)op | (a & 0xFF) << 8 | (b & 0xFF) << 16 | c << 24;
}

static inline uint32_t cp_word_abx(cp_opcode op, uint32_t a, uint32_t bx)
{
    return (uint32_t)op | (a & 0xFF) << 8 | bx << 16;
}

static inline uint32_t cp_word_make_ax(cp_opcode op, uint32_t ax)
{
    return (uint32_t)op | ax << 8;
}

/* A capture of CLOSURE: a register, or a free value of the closure that runs. */
enum { CP_CAPTURE_FREE = 0x10000, CP_CAPTURE_INDEX = 0xFFFF };

/* The words of the instruction at WORDS. */
static inline uint32_t cp_instruction_size(const uint32_t *words)
{
    static const uint8_t sizes[] = {
#define CP_FORMAT_SIZE(name, operands, words) words,
        CP_FORMAT_LIST(CP_FORMAT_SIZE)
#undef CP_FORMAT_SIZE
    };
    cp_format format = (cp_format)cp_opcodes[cp_word_op(*words)].format;
    if (format == CP_FORMAT_CLOSURE)
        return 2 + words[1];
    return sizes[format];
}

/* Where the jump of the instruction at WORDS goes, in words from WORDS; false for no jump. */
bool cp_instruction_target(const uint32_t *words, int64_t *target);

#endif
