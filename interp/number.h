/* number.h -- the numbers of Lisp: one set of operations over every kind.
 *
 * Owns:  what an operation means for each pair of kinds, and the spelling of numbers.
 * Never: raises: it returns a status (bignum.h), and the caller knows the name of the procedure.
 *
 * Kinds are fixnum, big number, flonum. A binary operation looks its function up in a table by the
 * kinds of both arguments, so a kind more is a column and a row more. An inexact argument makes an
 * inexact result; comparisons are exact all the same: no argument is rounded.
 *
 * WRONG_1 and WRONG_2 say which argument is no number, or not one of the operation's domain. */
#ifndef CP_INTERP_NUMBER_H
#define CP_INTERP_NUMBER_H

#include "interp/bignum.h"
#include "interp/flotext.h"

/* X(name). NONE is no number. */
#define CP_NUMBER_KIND_LIST(X)                                                                     \
    X(FIXNUM)                                                                                      \
    X(BIGNUM)                                                                                      \
    X(FLONUM)                                                                                      \
    X(NONE)

#define CP_NUMBER_KIND_ENUM(name) CP_NUMBER_##name,
typedef enum cp_number_kind { CP_NUMBER_KIND_LIST(CP_NUMBER_KIND_ENUM) } cp_number_kind;
#undef CP_NUMBER_KIND_ENUM

/* ---- Questions ----------------------------------------------------------------------------- */

CP_ALWAYS_INLINE cp_number_kind cp_number_kind_of(cp_value v)
{
    if (cp_is_fixnum(v))
        return CP_NUMBER_FIXNUM;
    if (cp_is_double(v))
        return CP_NUMBER_FLONUM;
    return cp_is_bignum(v) ? CP_NUMBER_BIGNUM : CP_NUMBER_NONE;
}

CP_ALWAYS_INLINE bool cp_is_number(cp_value v)
{
    return cp_number_kind_of(v) != CP_NUMBER_NONE;
}

/* integer?: exact, or a flonum without fraction; rational?: not infinite and no NaN. */
bool cp_number_is_integer(cp_value v);
bool cp_number_is_rational(cp_value v);

/* -1, 0, 1, and 2 for NaN. */
CP_MUST_USE cp_calc_status cp_number_sign(cp_value v, int *sign);
CP_MUST_USE cp_calc_status cp_number_is_even(cp_value v, bool *is_even);

/* eqv? of any two values: numbers of one kind by value, all else by identity. */
bool cp_number_eqv(cp_value a, cp_value b);

/* The order of two numbers; NaN has none with any. */
typedef enum cp_order { CP_LESS, CP_EQUAL, CP_GREATER, CP_UNORDERED } cp_order;
CP_MUST_USE cp_calc_status cp_number_compare(cp_value a, cp_value b, cp_order *order);

/* ---- Arithmetic ---------------------------------------------------------------------------- */

CP_MUST_USE cp_calc_status cp_number_add(const cp_calc *calc, cp_value a, cp_value b,
                                         cp_value *result);
CP_MUST_USE cp_calc_status cp_number_subtract(const cp_calc *calc, cp_value a, cp_value b,
                                              cp_value *result);
CP_MUST_USE cp_calc_status cp_number_multiply(const cp_calc *calc, cp_value a, cp_value b,
                                              cp_value *result);

/* A / B. NO_INTEGER when both are exact and B does not divide A; DIVIDE_BY_ZERO for an exact 0. */
CP_MUST_USE cp_calc_status cp_number_divide(const cp_calc *calc, cp_value a, cp_value b,
                                            cp_value *result);

/* A = Q B + R for integers, flonums without fraction among them; Q or R may be NULL. truncate/ and
 * quotient, remainder; floor/ and modulo. DIVIDE_BY_ZERO for 0 and 0.0. */
CP_MUST_USE cp_calc_status cp_number_divide_integers(const cp_calc *calc, cp_division division,
                                                     cp_value a, cp_value b, cp_value *q,
                                                     cp_value *r);

CP_MUST_USE cp_calc_status cp_number_gcd(const cp_calc *calc, cp_value a, cp_value b,
                                         cp_value *result);
CP_MUST_USE cp_calc_status cp_number_lcm(const cp_calc *calc, cp_value a, cp_value b,
                                         cp_value *result);
CP_MUST_USE cp_calc_status cp_number_negate(const cp_calc *calc, cp_value a, cp_value *result);
CP_MUST_USE cp_calc_status cp_number_abs(const cp_calc *calc, cp_value a, cp_value *result);

/* A to the power B. Exact when A and B are and B >= 0; exact 1 when B is exact 0. NO_INTEGER when
 * it would be an exact fraction, NO_REAL for a negative A and a B with a fraction. */
CP_MUST_USE cp_calc_status cp_number_expt(const cp_calc *calc, cp_value a, cp_value b,
                                          cp_value *result);

/* exact-integer-sqrt: WRONG_1 but for exact A >= 0. */
CP_MUST_USE cp_calc_status cp_number_exact_integer_sqrt(const cp_calc *calc, cp_value a,
                                                        cp_value *root, cp_value *rest);

/* The root, exact for the square of an exact integer. NO_REAL below 0. */
CP_MUST_USE cp_calc_status cp_number_sqrt(const cp_calc *calc, cp_value a, cp_value *result);

/* ---- Exactness ----------------------------------------------------------------------------- */

/* NO_INTEGER when A has a fraction, WRONG_1 when it is infinite or NaN. */
CP_MUST_USE cp_calc_status cp_number_exact(const cp_calc *calc, cp_value a, cp_value *result);
CP_MUST_USE cp_calc_status cp_number_inexact(cp_value a, cp_value *result);

/* The double nearest to A; false when A is no number. */
CP_MUST_USE bool cp_number_to_double(cp_value a, double *result);

/* To an integer of the same exactness; ties to even. */
typedef enum cp_rounding {
    CP_ROUND_FLOOR,
    CP_ROUND_CEILING,
    CP_ROUND_TRUNCATE,
    CP_ROUND_NEAREST
} cp_rounding;
CP_MUST_USE cp_calc_status cp_number_round(cp_rounding rounding, cp_value a, cp_value *result);

/* ---- Bits of exact integers ----------------------------------------------------------------- */

CP_MUST_USE cp_calc_status cp_number_logic(const cp_calc *calc, cp_logic_op op, cp_value a,
                                           cp_value b, cp_value *result);

/* arithmetic-shift: to the left for a positive COUNT. */
CP_MUST_USE cp_calc_status cp_number_shift(const cp_calc *calc, cp_value a, cp_value count,
                                           cp_value *result);
CP_MUST_USE cp_calc_status cp_number_bit_length(cp_value a, cp_value *result);
CP_MUST_USE cp_calc_status cp_number_bit_count(cp_value a, cp_value *result);

/* ---- Text ---------------------------------------------------------------------------------- */

/* A number as text. Release it when cp_number_write has given it. */
typedef struct cp_number_text {
    const char *text; /* not NUL-terminated */
    size_t size;
    const copse_allocator *allocator;
    char *block; /* own, of block_size bytes; NULL when the text is in `local` */
    size_t block_size;
    char local[CP_FLOTEXT_MAX];
} cp_number_text;

/* number->string in RADIX, 2 to 36. */
CP_MUST_USE cp_calc_status cp_number_write(const cp_calc *calc, cp_value v, unsigned radix,
                                           cp_number_text *own);
void cp_number_text_release(cp_number_text *own);

/* string->number: the number that the SIZE bytes at TEXT spell, with the prefixes #x #b #o #d #e #i
 * of R7RS 7.1.1 and RADIX where none of them says otherwise. CP_FALSE when they spell none.
 *
 * A quotient such as 1/3 is divided: NO_INTEGER when it is no integer, but with #i the nearest
 * double. #e takes decimals that are integers, NO_INTEGER for others. Complex numbers are none. */
CP_MUST_USE cp_calc_status cp_number_read(const cp_calc *calc, const char *text, size_t size,
                                          unsigned radix, cp_value *result);

#endif
