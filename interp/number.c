/* number.c -- dispatch by kind, and what flonums do.
 *
 * Flonum arithmetic is the processor's; exact arithmetic is bignum.c's. What stands here is what
 * happens where they meet: an integer becomes the nearest double in arithmetic, and stays itself in
 * comparisons. */
#include "interp/number.h"

#include <math.h>

#include "sched/memory.h"

/* ---- Tables by kind ------------------------------------------------------------------------ */

typedef cp_calc_status (*binary_function)(const cp_calc *calc, cp_value a, cp_value b,
                                          cp_value *result);

enum { KINDS = CP_NUMBER_NONE };

typedef struct binary_table {
    binary_function at[KINDS][KINDS];
} binary_table;

/* Rows are the kinds of A, columns those of B: fixnum, big number, flonum. */
#define BY_KIND(integers, flonums)                                                                 \
    {                                                                                              \
        {                                                                                          \
            {integers, integers, flonums}, {integers, integers, flonums},                          \
            {                                                                                      \
                flonums, flonums, flonums                                                          \
            }                                                                                      \
        }                                                                                          \
    }
_Static_assert(KINDS == 3, "BY_KIND has a row and a column for each kind");

static cp_calc_status dispatch(const binary_table *table, const cp_calc *calc, cp_value a,
                               cp_value b, cp_value *result)
{
    cp_number_kind a_kind = cp_number_kind_of(a);
    cp_number_kind b_kind = cp_number_kind_of(b);
    if (a_kind == CP_NUMBER_NONE)
        return CP_CALC_WRONG_1;
    if (b_kind == CP_NUMBER_NONE)
        return CP_CALC_WRONG_2;
    return table->at[a_kind][b_kind](calc, a, b, result);
}

/* The double of any number. */
static double double_of(cp_value v)
{
    return cp_is_double(v) ? cp_to_double(v) : cp_integer_to_double(v);
}

static cp_calc_status give_double(double x, cp_value *result)
{
    *result = cp_make_double(x);
    return CP_CALC_OK;
}

/* ---- Questions ----------------------------------------------------------------------------- */

static bool is_integer_double(double x)
{
    return isfinite(x) && trunc(x) == x;
}

bool cp_number_is_integer(cp_value v)
{
    return cp_is_double(v) ? is_integer_double(cp_to_double(v)) : cp_is_integer(v);
}

bool cp_number_is_rational(cp_value v)
{
    return cp_is_double(v) ? isfinite(cp_to_double(v)) : cp_is_integer(v);
}

cp_calc_status cp_number_sign(cp_value v, int *sign)
{
    if (cp_is_integer(v)) {
        *sign = cp_integer_sign(v);
        return CP_CALC_OK;
    }
    if (!cp_is_double(v))
        return CP_CALC_WRONG_1;
    double x = cp_to_double(v);
    *sign = isnan(x) ? 2 : (x > 0) - (x < 0);
    return CP_CALC_OK;
}

cp_calc_status cp_number_is_even(cp_value v, bool *is_even)
{
    if (!cp_number_is_integer(v))
        return CP_CALC_WRONG_1;
    *is_even = cp_is_double(v) ? fmod(cp_to_double(v), 2) == 0 : cp_integer_is_even(v);
    return CP_CALC_OK;
}

bool cp_number_eqv(cp_value a, cp_value b)
{
    if (cp_same(a, b))
        return true;
    return cp_is_bignum(a) && cp_is_bignum(b) && cp_integer_compare(a, b) == 0;
}

/* ---- Order --------------------------------------------------------------------------------- */

static cp_order order_of(int difference)
{
    return difference < 0 ? CP_LESS : difference > 0 ? CP_GREATER : CP_EQUAL;
}

static cp_order compare_integers(cp_value a, cp_value b)
{
    return order_of(cp_integer_compare(a, b));
}

static cp_order compare_flonums(cp_value a, cp_value b)
{
    double x = cp_to_double(a);
    double y = cp_to_double(b);
    return x < y ? CP_LESS : x > y ? CP_GREATER : x == y ? CP_EQUAL : CP_UNORDERED;
}

static cp_order compare_integer_flonum(cp_value a, cp_value b)
{
    double y = cp_to_double(b);
    return isnan(y) ? CP_UNORDERED : order_of(cp_integer_compare_double(a, y));
}

static cp_order compare_flonum_integer(cp_value a, cp_value b)
{
    double x = cp_to_double(a);
    return isnan(x) ? CP_UNORDERED : order_of(-cp_integer_compare_double(b, x));
}

cp_calc_status cp_number_compare(cp_value a, cp_value b, cp_order *order)
{
    typedef cp_order (*compare_function)(cp_value a, cp_value b);
    static const compare_function at[KINDS][KINDS] = {
        {compare_integers, compare_integers, compare_integer_flonum},
        {compare_integers, compare_integers, compare_integer_flonum},
        {compare_flonum_integer, compare_flonum_integer, compare_flonums},
    };
    cp_number_kind a_kind = cp_number_kind_of(a);
    cp_number_kind b_kind = cp_number_kind_of(b);
    if (a_kind == CP_NUMBER_NONE)
        return CP_CALC_WRONG_1;
    if (b_kind == CP_NUMBER_NONE)
        return CP_CALC_WRONG_2;
    *order = at[a_kind][b_kind](a, b);
    return CP_CALC_OK;
}

/* ---- Sums, products, quotients -------------------------------------------------------------- */

static cp_calc_status add_flonums(const cp_calc *calc, cp_value a, cp_value b, cp_value *result)
{
    (void)calc;
    return give_double(double_of(a) + double_of(b), result);
}

static cp_calc_status subtract_flonums(const cp_calc *calc, cp_value a, cp_value b,
                                       cp_value *result)
{
    (void)calc;
    return give_double(double_of(a) - double_of(b), result);
}

static cp_calc_status multiply_flonums(const cp_calc *calc, cp_value a, cp_value b,
                                       cp_value *result)
{
    (void)calc;
    return give_double(double_of(a) * double_of(b), result);
}

static cp_calc_status divide_flonums(const cp_calc *calc, cp_value a, cp_value b, cp_value *result)
{
    (void)calc;
    if (cp_is_integer(b) && cp_integer_sign(b) == 0)
        return CP_CALC_DIVIDE_BY_ZERO;
    return give_double(double_of(a) / double_of(b), result);
}

static cp_calc_status divide_exactly(const cp_calc *calc, cp_value a, cp_value b, cp_value *result)
{
    cp_value q = CP_NOTHING;
    cp_value r = CP_NOTHING;
    cp_calc_status status = cp_integer_divide(calc, CP_DIVISION_TRUNCATE, a, b, &q, &r);
    if (status != CP_CALC_OK)
        return status;
    if (cp_integer_sign(r) != 0)
        return CP_CALC_NO_INTEGER;
    *result = q;
    return CP_CALC_OK;
}

cp_calc_status cp_number_add(const cp_calc *calc, cp_value a, cp_value b, cp_value *result)
{
    static const binary_table table = BY_KIND(cp_integer_add, add_flonums);
    return dispatch(&table, calc, a, b, result);
}

cp_calc_status cp_number_subtract(const cp_calc *calc, cp_value a, cp_value b, cp_value *result)
{
    static const binary_table table = BY_KIND(cp_integer_subtract, subtract_flonums);
    return dispatch(&table, calc, a, b, result);
}

cp_calc_status cp_number_multiply(const cp_calc *calc, cp_value a, cp_value b, cp_value *result)
{
    static const binary_table table = BY_KIND(cp_integer_multiply, multiply_flonums);
    return dispatch(&table, calc, a, b, result);
}

cp_calc_status cp_number_divide(const cp_calc *calc, cp_value a, cp_value b, cp_value *result)
{
    static const binary_table table = BY_KIND(divide_exactly, divide_flonums);
    return dispatch(&table, calc, a, b, result);
}

cp_calc_status cp_number_negate(const cp_calc *calc, cp_value a, cp_value *result)
{
    if (cp_is_double(a)) /* 0.0 becomes -0.0, which 0 - 0.0 does not give */
        return give_double(-cp_to_double(a), result);
    return cp_is_integer(a) ? cp_integer_subtract(calc, cp_make_fixnum(0), a, result)
                            : CP_CALC_WRONG_1;
}

cp_calc_status cp_number_abs(const cp_calc *calc, cp_value a, cp_value *result)
{
    if (cp_is_double(a))
        return give_double(fabs(cp_to_double(a)), result);
    if (!cp_is_integer(a))
        return CP_CALC_WRONG_1;
    if (cp_integer_sign(a) < 0)
        return cp_number_negate(calc, a, result);
    *result = a;
    return CP_CALC_OK;
}

/* ---- Division of integers ------------------------------------------------------------------- */

/* fmod is exact, and A less its remainder a multiple of B; what is rounded is the quotient. */
static void divide_double_integers(cp_division division, double a, double b, double *q, double *r)
{
    double rest = fmod(a, b);
    double quotient = rint((a - rest) / b);
    if (division == CP_DIVISION_FLOOR && rest != 0 && (rest < 0) != (b < 0)) {
        rest += b;
        quotient -= 1;
    }
    *q = quotient;
    *r = rest;
}

cp_calc_status cp_number_divide_integers(const cp_calc *calc, cp_division division, cp_value a,
                                         cp_value b, cp_value *q, cp_value *r)
{
    if (!cp_number_is_integer(a))
        return CP_CALC_WRONG_1;
    if (!cp_number_is_integer(b))
        return CP_CALC_WRONG_2;
    if (cp_is_integer(a) && cp_is_integer(b))
        return cp_integer_divide(calc, division, a, b, q, r);
    double divisor = double_of(b);
    if (divisor == 0)
        return CP_CALC_DIVIDE_BY_ZERO;
    double quotient = 0;
    double rest = 0;
    divide_double_integers(division, double_of(a), divisor, &quotient, &rest);
    if (q != NULL)
        *q = cp_make_double(quotient);
    if (r != NULL)
        *r = cp_make_double(rest);
    return CP_CALC_OK;
}

/* Flonums go through exact integers: what is divided by both is a double again. */
static cp_calc_status gcd_flonums(const cp_calc *calc, cp_value a, cp_value b, cp_value *result)
{
    cp_value x = CP_NOTHING;
    cp_value y = CP_NOTHING;
    cp_value divisor = CP_NOTHING;
    cp_calc_status status = cp_number_exact(calc, a, &x);
    if (status == CP_CALC_OK)
        status = cp_number_exact(calc, b, &y);
    if (status == CP_CALC_OK)
        status = cp_integer_gcd(calc, x, y, &divisor);
    if (status == CP_CALC_OK)
        *result = cp_make_double(cp_integer_to_double(divisor));
    return status;
}

cp_calc_status cp_number_gcd(const cp_calc *calc, cp_value a, cp_value b, cp_value *result)
{
    static const binary_table table = BY_KIND(cp_integer_gcd, gcd_flonums);
    if (!cp_number_is_integer(a))
        return CP_CALC_WRONG_1;
    if (!cp_number_is_integer(b))
        return CP_CALC_WRONG_2;
    return dispatch(&table, calc, a, b, result);
}

static cp_calc_status lcm_integers(const cp_calc *calc, cp_value a, cp_value b, cp_value *result)
{
    cp_value divisor = CP_NOTHING;
    cp_value part = CP_NOTHING;
    cp_value multiple = CP_NOTHING;
    cp_calc_status status = cp_integer_gcd(calc, a, b, &divisor);
    if (status == CP_CALC_OK && cp_integer_sign(divisor) == 0) {
        *result = cp_make_fixnum(0);
        return CP_CALC_OK;
    }
    if (status == CP_CALC_OK)
        status = cp_integer_divide(calc, CP_DIVISION_TRUNCATE, a, divisor, &part, NULL);
    if (status == CP_CALC_OK)
        status = cp_integer_multiply(calc, part, b, &multiple);
    return status == CP_CALC_OK ? cp_number_abs(calc, multiple, result) : status;
}

static cp_calc_status lcm_flonums(const cp_calc *calc, cp_value a, cp_value b, cp_value *result)
{
    cp_value x = CP_NOTHING;
    cp_value y = CP_NOTHING;
    cp_value multiple = CP_NOTHING;
    cp_calc_status status = cp_number_exact(calc, a, &x);
    if (status == CP_CALC_OK)
        status = cp_number_exact(calc, b, &y);
    if (status == CP_CALC_OK)
        status = lcm_integers(calc, x, y, &multiple);
    if (status == CP_CALC_OK)
        *result = cp_make_double(cp_integer_to_double(multiple));
    return status;
}

cp_calc_status cp_number_lcm(const cp_calc *calc, cp_value a, cp_value b, cp_value *result)
{
    static const binary_table table = BY_KIND(lcm_integers, lcm_flonums);
    if (!cp_number_is_integer(a))
        return CP_CALC_WRONG_1;
    if (!cp_number_is_integer(b))
        return CP_CALC_WRONG_2;
    return dispatch(&table, calc, a, b, result);
}

/* ---- Powers and roots ----------------------------------------------------------------------- */

static cp_calc_status expt_integers(const cp_calc *calc, cp_value a, cp_value b, cp_value *result)
{
    uint64_t exponent = 0;
    if (cp_integer_to_uint64(b, &exponent))
        return cp_integer_expt(calc, a, exponent, result);
    int sign = cp_integer_sign(a);
    bool is_unit = cp_integer_compare(a, cp_make_fixnum(sign)) == 0;
    if (sign == 0) {
        *result = a;
        return cp_integer_sign(b) < 0 ? CP_CALC_DIVIDE_BY_ZERO : CP_CALC_OK;
    }
    if (!is_unit)
        return cp_integer_sign(b) < 0 ? CP_CALC_NO_INTEGER : CP_CALC_TOO_LARGE;
    *result = cp_make_fixnum(cp_integer_is_even(b) ? 1 : sign);
    return CP_CALC_OK;
}

static cp_calc_status expt_flonums(const cp_calc *calc, cp_value a, cp_value b, cp_value *result)
{
    (void)calc;
    double base = double_of(a);
    double exponent = double_of(b);
    if (base < 0 && isfinite(base) && isfinite(exponent) && trunc(exponent) != exponent)
        return CP_CALC_NO_REAL;
    if (cp_is_bignum(b) && base < 0 && !cp_integer_is_even(b)) /* the double of B is even */
        return give_double(-pow(-base, exponent), result);
    if (cp_is_fixnum(b) && cp_to_fixnum(b) == 0) {
        *result = cp_make_fixnum(1);
        return CP_CALC_OK;
    }
    return give_double(pow(base, exponent), result);
}

cp_calc_status cp_number_expt(const cp_calc *calc, cp_value a, cp_value b, cp_value *result)
{
    static const binary_table table = BY_KIND(expt_integers, expt_flonums);
    return dispatch(&table, calc, a, b, result);
}

cp_calc_status cp_number_exact_integer_sqrt(const cp_calc *calc, cp_value a, cp_value *root,
                                            cp_value *rest)
{
    if (!cp_is_integer(a) || cp_integer_sign(a) < 0)
        return CP_CALC_WRONG_1;
    return cp_integer_sqrt(calc, a, root, rest);
}

/* The double of the largest integers is infinite, but of their root it is not: the root rounded
 * down is near enough when it has more bits than a double. */
cp_calc_status cp_number_sqrt(const cp_calc *calc, cp_value a, cp_value *result)
{
    int sign = 0;
    if (cp_number_sign(a, &sign) != CP_CALC_OK)
        return CP_CALC_WRONG_1;
    if (sign < 0)
        return CP_CALC_NO_REAL;
    if (cp_is_double(a))
        return give_double(sqrt(cp_to_double(a)), result);
    cp_value root = CP_NOTHING;
    cp_value rest = CP_NOTHING;
    cp_calc_status status = cp_integer_sqrt(calc, a, &root, &rest);
    if (status != CP_CALC_OK)
        return status;
    if (cp_integer_sign(rest) == 0) {
        *result = root;
        return CP_CALC_OK;
    }
    double x = cp_integer_to_double(a);
    return give_double(isinf(x) ? cp_integer_to_double(root) : sqrt(x), result);
}

/* ---- Exactness ----------------------------------------------------------------------------- */

cp_calc_status cp_number_exact(const cp_calc *calc, cp_value a, cp_value *result)
{
    if (cp_is_integer(a)) {
        *result = a;
        return CP_CALC_OK;
    }
    if (!cp_number_is_rational(a))
        return CP_CALC_WRONG_1;
    double x = cp_to_double(a);
    return is_integer_double(x) ? cp_integer_from_double(calc, x, result) : CP_CALC_NO_INTEGER;
}

bool cp_number_to_double(cp_value a, double *result)
{
    if (!cp_is_number(a))
        return false;
    *result = double_of(a);
    return true;
}

cp_calc_status cp_number_inexact(cp_value a, cp_value *result)
{
    double x = 0;
    if (!cp_number_to_double(a, &x))
        return CP_CALC_WRONG_1;
    return give_double(x, result);
}

static double round_double(cp_rounding rounding, double x)
{
    switch (rounding) {
    case CP_ROUND_FLOOR:
        return floor(x);
    case CP_ROUND_CEILING:
        return ceil(x);
    case CP_ROUND_TRUNCATE:
        return trunc(x);
    case CP_ROUND_NEAREST:
        return rint(x); /* ties to even, in the rounding mode that C starts with */
    }
    assert(false);
    return x;
}

cp_calc_status cp_number_round(cp_rounding rounding, cp_value a, cp_value *result)
{
    if (cp_is_double(a))
        return give_double(round_double(rounding, cp_to_double(a)), result);
    *result = a;
    return cp_is_integer(a) ? CP_CALC_OK : CP_CALC_WRONG_1;
}

/* ---- Bits ---------------------------------------------------------------------------------- */

cp_calc_status cp_number_logic(const cp_calc *calc, cp_logic_op op, cp_value a, cp_value b,
                               cp_value *result)
{
    if (!cp_is_integer(a))
        return CP_CALC_WRONG_1;
    return cp_is_integer(b) ? cp_integer_logic(calc, op, a, b, result) : CP_CALC_WRONG_2;
}

cp_calc_status cp_number_shift(const cp_calc *calc, cp_value a, cp_value count, cp_value *result)
{
    if (!cp_is_integer(a))
        return CP_CALC_WRONG_1;
    if (!cp_is_integer(count))
        return CP_CALC_WRONG_2;
    int64_t bits = 0;
    if (!cp_integer_to_int64(count, &bits)) /* further than any number is long */
        bits = cp_integer_sign(count) < 0 ? INT64_MIN : INT64_MAX;
    return cp_integer_shift(calc, a, bits, result);
}

cp_calc_status cp_number_bit_length(cp_value a, cp_value *result)
{
    if (!cp_is_integer(a))
        return CP_CALC_WRONG_1;
    *result = cp_make_fixnum((int64_t)cp_integer_bit_length(a));
    return CP_CALC_OK;
}

cp_calc_status cp_number_bit_count(cp_value a, cp_value *result)
{
    if (!cp_is_integer(a))
        return CP_CALC_WRONG_1;
    *result = cp_make_fixnum((int64_t)cp_integer_bit_count(a));
    return CP_CALC_OK;
}

/* ---- Writing ------------------------------------------------------------------------------- */

static cp_calc_status write_integer(const cp_calc *calc, cp_value v, unsigned radix,
                                    cp_number_text *own)
{
    char *text = own->local;
    size_t size = cp_integer_text_size(v, radix);
    if (size > sizeof own->local) {
        own->allocator = cp_heap_allocator(calc->heap);
        own->block_size = size;
        own->block = text = cp_allocate(own->allocator, size);
        if (text == NULL)
            return CP_CALC_RETRY;
    }
    own->text = text;
    cp_calc_status status = cp_integer_write(calc, v, radix, text, &own->size);
    if (status != CP_CALC_OK)
        cp_number_text_release(own);
    return status;
}

cp_calc_status cp_number_write(const cp_calc *calc, cp_value v, unsigned radix, cp_number_text *own)
{
    own->block = NULL;
    own->text = own->local;
    if (radix < CP_MIN_RADIX || radix > CP_MAX_RADIX)
        return CP_CALC_WRONG_2;
    if (cp_is_integer(v))
        return write_integer(calc, v, radix, own);
    if (!cp_is_double(v))
        return CP_CALC_WRONG_1;
    own->size = cp_flotext_write(own->local, cp_to_double(v), radix);
    return CP_CALC_OK;
}

void cp_number_text_release(cp_number_text *own)
{
    if (own->block != NULL)
        cp_release(own->allocator, own->block, own->block_size);
    own->block = NULL;
}

/* ---- Reading ------------------------------------------------------------------------------- */

/* What the prefixes say, and the text behind them. */
typedef struct spelling {
    const char *text;
    size_t size;
    unsigned radix;
    char exactness; /* 'e', 'i', or 0 when nothing says */
} spelling;

static unsigned radix_of_prefix(char c)
{
    switch (c) {
    case 'x':
        return 16;
    case 'd':
        return 10;
    case 'o':
        return 8;
    case 'b':
        return 2;
    default:
        return 0;
    }
}

/* At most one prefix of each sort, in any order. */
static bool skip_prefixes(spelling *s)
{
    bool has_radix = false;
    while (s->size >= 2 && s->text[0] == '#') {
        char c = (char)(s->text[1] | 0x20);
        unsigned radix = radix_of_prefix(c);
        if (radix != 0 && !has_radix) {
            s->radix = radix;
            has_radix = true;
        } else if ((c == 'e' || c == 'i') && s->exactness == 0) {
            s->exactness = c;
        } else {
            return false;
        }
        s->text += 2;
        s->size -= 2;
    }
    return true;
}

static cp_calc_status give_false(cp_value *result)
{
    *result = CP_FALSE;
    return CP_CALC_OK;
}

/* 10^14 and 36^9 are fixnums: short texts need no limbs. */
static cp_calc_status read_integer(const cp_calc *calc, const cp_flotext_parts *parts,
                                   cp_value *result)
{
    const char *digits = parts->integer + parts->first;
    size_t size = parts->integer_size - parts->first;
    if (parts->end > 0 && size > (parts->radix <= 10 ? 14u : 9u))
        return cp_integer_read(calc, digits, size, parts->radix, parts->is_negative, result);
    int64_t n = 0;
    for (size_t i = 0; parts->end > 0 && i < size; i++)
        n = n * (int64_t)parts->radix + (int64_t)cp_digit_value(digits[i]);
    *result = cp_make_fixnum(parts->is_negative ? -n : n);
    return CP_CALC_OK;
}

/* N * RADIX^EXPONENT * 2^TWOS, or NO_INTEGER. N is not 0 and RADIX does not divide it. */
static cp_calc_status scale(const cp_calc *calc, cp_value n, unsigned radix, int64_t exponent,
                            int64_t twos, cp_value *result)
{
    if ((radix & (radix - 1)) == 0) {
        int64_t up = exponent * __builtin_ctz(radix) + twos;
        if (up < 0 && cp_integer_trailing_zeros(n) < (uint64_t)-up)
            return CP_CALC_NO_INTEGER;
        return cp_integer_shift(calc, n, up, result);
    }
    if (exponent < 0)
        return CP_CALC_NO_INTEGER;
    cp_value power = CP_NOTHING;
    cp_calc_status status =
        cp_integer_expt(calc, cp_make_fixnum(radix), (uint64_t)exponent, &power);
    return status == CP_CALC_OK ? cp_integer_multiply(calc, n, power, result) : status;
}

/* The digits of integer and fraction as one number, without the zeros at either end. */
static cp_calc_status read_digits(const cp_calc *calc, const cp_flotext_parts *parts,
                                  cp_value *result)
{
    size_t first = parts->first;
    size_t size = parts->end - first;
    size_t whole = parts->integer_size > first ? parts->integer_size - first : 0;
    if (size <= whole)
        return cp_integer_read(calc, parts->integer + first, size, parts->radix, parts->is_negative,
                               result);
    const copse_allocator *allocator = cp_heap_allocator(calc->heap);
    char *digits = cp_allocate(allocator, size);
    if (digits == NULL)
        return CP_CALC_RETRY;
    if (whole > 0)
        memcpy(digits, parts->integer + first, whole);
    memcpy(digits + whole, parts->fraction + (first + whole - parts->integer_size), size - whole);
    cp_calc_status status =
        cp_integer_read(calc, digits, size, parts->radix, parts->is_negative, result);
    cp_release(allocator, digits, size);
    return status;
}

static cp_calc_status read_exact_decimal(const cp_calc *calc, const cp_flotext_parts *parts,
                                         cp_value *result)
{
    if (parts->end == 0) {
        *result = cp_make_fixnum(0);
        return CP_CALC_OK;
    }
    cp_value n = CP_NOTHING;
    cp_calc_status status = read_digits(calc, parts, &n);
    if (status != CP_CALC_OK)
        return status;
    int64_t exponent = parts->exponent + (int64_t)parts->integer_size - (int64_t)parts->end;
    return scale(calc, n, parts->radix, exponent, parts->twos, result);
}

/* Digits, perhaps with a sign when it IS_SIGNED, and nothing else. */
static cp_flotext_found parse_integer(cp_flotext_parts *parts, const char *text, size_t size,
                                      unsigned radix, bool is_signed, cp_limbs_poll *poll)
{
    if (size == 0 || (!is_signed && cp_digit_value(text[0]) >= radix))
        return CP_FLOTEXT_NONE;
    cp_flotext_found found = cp_flotext_parse(parts, text, size, radix, poll);
    return found == CP_FLOTEXT_REAL && !parts->is_integer ? CP_FLOTEXT_NONE : found;
}

static cp_calc_status divide_parts(const cp_calc *calc, const cp_flotext_parts *above,
                                   const cp_flotext_parts *below, bool is_inexact, cp_value *result)
{
    cp_value n = CP_NOTHING;
    cp_value d = CP_NOTHING;
    cp_calc_status status = read_integer(calc, above, &n);
    if (status == CP_CALC_OK)
        status = read_integer(calc, below, &d);
    if (status != CP_CALC_OK)
        return status;
    if (cp_integer_sign(d) == 0)
        return give_false(result);
    if (!is_inexact)
        return divide_exactly(calc, n, d, result);
    double x = 0;
    status = cp_integer_ratio_to_double(calc, n, d, &x);
    return status == CP_CALC_OK ? give_double(x, result) : status;
}

/* INTEGER / INTEGER, of which the second has no sign. */
static cp_calc_status read_quotient(const cp_calc *calc, const spelling *s, size_t slash,
                                    cp_value *result)
{
    cp_flotext_parts above, below;
    cp_flotext_found found = parse_integer(&above, s->text, slash, s->radix, true, calc->poll);
    if (found == CP_FLOTEXT_REAL)
        found = parse_integer(&below, s->text + slash + 1, s->size - slash - 1, s->radix, false,
                              calc->poll);
    if (found == CP_FLOTEXT_ABORTED)
        return CP_CALC_ABORTED;
    if (found == CP_FLOTEXT_NONE)
        return give_false(result);
    return divide_parts(calc, &above, &below, s->exactness == 'i', result);
}

static cp_calc_status read_real(const cp_calc *calc, const spelling *s, cp_value *result)
{
    cp_flotext_parts parts;
    cp_flotext_found found = cp_flotext_parse(&parts, s->text, s->size, s->radix, calc->poll);
    if (found == CP_FLOTEXT_ABORTED)
        return CP_CALC_ABORTED;
    if (found == CP_FLOTEXT_NONE)
        return give_false(result);
    bool is_exact = s->exactness == 'e' || (s->exactness == 0 && parts.is_integer);
    if (!is_exact)
        return give_double(cp_flotext_round(&parts), result);
    return parts.is_integer ? read_integer(calc, &parts, result)
                            : read_exact_decimal(calc, &parts, result);
}

cp_calc_status cp_number_read(const cp_calc *calc, const char *text, size_t size, unsigned radix,
                              cp_value *result)
{
    assert(radix >= CP_MIN_RADIX);
    assert(radix <= CP_MAX_RADIX);
    spelling s = {text, size, radix, 0};
    if (!skip_prefixes(&s) || s.size == 0)
        return give_false(result);
    double special = 0;
    if (cp_flotext_special(s.text, s.size, &special))
        return s.exactness == 'e' ? give_false(result) : give_double(special, result);
    const char *slash = memchr(s.text, '/', s.size);
    if (slash != NULL)
        return read_quotient(calc, &s, (size_t)(slash - s.text), result);
    return read_real(calc, &s, result);
}
