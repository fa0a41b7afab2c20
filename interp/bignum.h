/* bignum.h -- exact integers of any size: fixnums, and big numbers in the heap.
 *
 * Owns:  the layout of a big number, and arithmetic on exact integers over limbs.
 * Never: sees an inexact number, or changes an operand: integers are immutable.
 *
 * An integer has one representation: a fixnum when it fits one, otherwise a big number without zero
 * limbs on top. So eqv? of two big numbers is equality of sign and limbs.
 *
 * Everything that computes gives a status, and its results only with CP_CALC_OK. Where memory is
 * refused (RETRY) or the poll has said stop (ABORTED), nothing has changed: collect, or answer the
 * poll, and call again. Both may happen in any of these functions. */
#ifndef CP_INTERP_BIGNUM_H
#define CP_INTERP_BIGNUM_H

#include "interp/digits.h"
#include "interp/heap.h"
#include "interp/pieces.h"

/* X(name, meaning). */
#define CP_CALC_STATUS_LIST(X)                                                                     \
    X(OK, "done")                                                                                  \
    X(RETRY, "memory was refused")                                                                 \
    X(ABORTED, "the poll said stop")                                                               \
    X(WRONG_1, "the first argument is outside the domain")                                         \
    X(WRONG_2, "the second argument is outside the domain")                                        \
    X(DIVIDE_BY_ZERO, "division by zero")                                                          \
    X(TOO_LARGE, "the result is too large")                                                        \
    X(NO_INTEGER, "the result is no integer")                                                      \
    X(NO_REAL, "the result is no real number")

#define CP_CALC_STATUS_ENUM(name, meaning) CP_CALC_##name,
typedef enum cp_calc_status { CP_CALC_STATUS_LIST(CP_CALC_STATUS_ENUM) } cp_calc_status;
#undef CP_CALC_STATUS_ENUM

/* The meaning of STATUS, for messages. A constant. */
const char *cp_calc_status_text(cp_calc_status status);

/* Where a calculation takes its memory from, and whom it asks whether to go on (NULL: nobody). */
typedef struct cp_calc {
    cp_heap *heap;
    cp_limbs_poll *poll;
} cp_calc;

/* ---- Big numbers --------------------------------------------------------------------------- */

typedef struct cp_bignum {
    cp_object object; /* length: limbs, at least 1 */
    cp_limb limbs[];
} cp_bignum;

/* The longest magnitude: 4 million bits, 1.26 million decimal digits. The bound keeps what can not
 * be cut into pieces, such as the first touch of fresh memory, below 200 us. */
#define CP_BIGNUM_MAX_LIMBS ((size_t)1 << 16)
#define CP_BIGNUM_MAX_BITS (CP_BIGNUM_MAX_LIMBS * CP_LIMB_BITS)

enum { CP_FLAG_NEGATIVE = CP_FLAG_OWN_FIRST };

/* Give the row of big numbers, with their eqv? and hash, to HEAP. */
void cp_bignum_init(cp_heap *heap);

CP_ALWAYS_INLINE bool cp_is_bignum(cp_value v)
{
    return cp_is_type(v, CP_TYPE_BIGNUM);
}

CP_ALWAYS_INLINE cp_bignum *cp_to_bignum(cp_value v)
{
    assert(cp_is_bignum(v));
    return (cp_bignum *)cp_to_object(v);
}

/* An exact integer. All functions below want such arguments; an assert says so. */
CP_ALWAYS_INLINE bool cp_is_integer(cp_value v)
{
    return cp_is_fixnum(v) || cp_is_bignum(v);
}

/* ---- Between integers and C ----------------------------------------------------------------- */

CP_MUST_USE cp_calc_status cp_integer_from_int64(const cp_calc *calc, int64_t n, cp_value *result);
CP_MUST_USE cp_calc_status cp_integer_from_uint64(const cp_calc *calc, uint64_t n,
                                                  cp_value *result);

/* False when V does not fit. */
CP_MUST_USE bool cp_integer_to_int64(cp_value v, int64_t *result);
CP_MUST_USE bool cp_integer_to_uint64(cp_value v, uint64_t *result);

/* X without its fraction; X is finite. */
CP_MUST_USE cp_calc_status cp_integer_from_double(const cp_calc *calc, double x, cp_value *result);

/* The nearest double, ties to even; infinity when V is too large. */
double cp_integer_to_double(cp_value v);

/* The double nearest to N / D; D is not 0. */
CP_MUST_USE cp_calc_status cp_integer_ratio_to_double(const cp_calc *calc, cp_value n, cp_value d,
                                                      double *result);

/* ---- Order --------------------------------------------------------------------------------- */

/* -1, 0, 1. */
int cp_integer_sign(cp_value v);
bool cp_integer_is_even(cp_value v);

/* Negative, zero, positive as A is less than, equal to, greater than B. */
int cp_integer_compare(cp_value a, cp_value b);

/* The same with a double that is no NaN; nothing is rounded. */
int cp_integer_compare_double(cp_value a, double b);

/* ---- Arithmetic ---------------------------------------------------------------------------- */

CP_MUST_USE cp_calc_status cp_integer_add(const cp_calc *calc, cp_value a, cp_value b,
                                          cp_value *result);
CP_MUST_USE cp_calc_status cp_integer_subtract(const cp_calc *calc, cp_value a, cp_value b,
                                               cp_value *result);
CP_MUST_USE cp_calc_status cp_integer_multiply(const cp_calc *calc, cp_value a, cp_value b,
                                               cp_value *result);

/* A = Q B + R. TRUNCATE rounds Q to zero, so that R has the sign of A; FLOOR rounds it down, so
 * that R has the sign of B. Q or R may be NULL when it is not wanted. */
typedef enum cp_division { CP_DIVISION_TRUNCATE, CP_DIVISION_FLOOR } cp_division;
CP_MUST_USE cp_calc_status cp_integer_divide(const cp_calc *calc, cp_division division, cp_value a,
                                             cp_value b, cp_value *q, cp_value *r);

/* Not negative; that of 0 and B is |B|. */
CP_MUST_USE cp_calc_status cp_integer_gcd(const cp_calc *calc, cp_value a, cp_value b,
                                          cp_value *result);

/* BASE to the power EXPONENT. */
CP_MUST_USE cp_calc_status cp_integer_expt(const cp_calc *calc, cp_value base, uint64_t exponent,
                                           cp_value *result);

/* The largest ROOT whose square is at most A >= 0, and REST = A - ROOT^2. */
CP_MUST_USE cp_calc_status cp_integer_sqrt(const cp_calc *calc, cp_value a, cp_value *root,
                                           cp_value *rest);

/* ---- Bits, as in endless two's complement --------------------------------------------------- */

CP_MUST_USE cp_calc_status cp_integer_logic(const cp_calc *calc, cp_logic_op op, cp_value a,
                                            cp_value b, cp_value *result);

/* A * 2^COUNT rounded down; COUNT may be negative. */
CP_MUST_USE cp_calc_status cp_integer_shift(const cp_calc *calc, cp_value a, int64_t count,
                                            cp_value *result);

/* Bits needed but for the sign: 0 for 0 and -1, 1 for 1 and -2. */
uint64_t cp_integer_bit_length(cp_value v);

/* Ones of V >= 0, zeros of V < 0. */
uint64_t cp_integer_bit_count(cp_value v);

/* Zero bits below the lowest one; V is not 0. */
uint64_t cp_integer_trailing_zeros(cp_value v);

/* ---- Text ---------------------------------------------------------------------------------- */

/* Characters enough for V with its sign. */
size_t cp_integer_text_size(cp_value v, unsigned radix);

/* Write V at TEXT, its length at *SIZE; no NUL is written. */
CP_MUST_USE cp_calc_status cp_integer_write(const cp_calc *calc, cp_value v, unsigned radix,
                                            char *text, size_t *size);

/* The number that the SIZE > 0 digits of RADIX at TEXT spell, negative when IS_NEGATIVE. TOO_LARGE
 * counts leading zeros, too. */
CP_MUST_USE cp_calc_status cp_integer_read(const cp_calc *calc, const char *text, size_t size,
                                           unsigned radix, bool is_negative, cp_value *result);

#endif
