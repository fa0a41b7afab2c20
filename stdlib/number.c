/* number.c -- interp/number.h computes; here its statuses become values and conditions.
 *
 * Work on large numbers asks now and then whether somebody interrupts the program. It is then given
 * up, and begun anew when the machine has answered the interrupt. */
#include "stdlib/number.h"

#include <math.h>

/* ---- Results ------------------------------------------------------------------------------- */

static bool is_interrupted(void *context)
{
    const copse_vm *vm = context;
    return atomic_load_explicit(&vm->interrupt, memory_order_relaxed);
}

/* A running builtin: where it computes, and the arguments that it begins anew with. */
typedef struct work {
    copse_vm *vm;
    const cp_value *args;
    int count;
    cp_limbs_poll poll;
    cp_calc calc;
} work;

/* Begin in *W, which must stay where it is. More arguments than a frame keeps can not be begun
 * anew, so nobody is asked then. */
static void begin_work(work *w, copse_vm *vm, const cp_value *args, int count)
{
    w->vm = vm;
    w->args = args;
    w->count = count;
    w->poll = (cp_limbs_poll){is_interrupted, vm, 0};
    w->calc = (cp_calc){vm->heap, count <= CP_KEEP_MAX ? &w->poll : NULL};
}

static cp_value begin_anew(work *w)
{
    for (int i = 0; i < w->count; i++)
        cp_keep(w->vm, (uint32_t)i, w->args[i]);
    return cp_request_again(w->vm);
}

/* The slots are the arguments. */
static cp_value resume_work(copse_vm *vm, cp_native *native)
{
    const cp_builtin *row = cp_to_builtin(vm->fp[-2])->row;
    return row->function(vm, native->slots, (int)native->slot_count);
}

/* What the builtin gives when computing RESULT from A and B came to STATUS. A builtin of one
 * argument has it for both. */
static cp_value finish(work *w, cp_calc_status status, cp_value result, cp_value a, cp_value b)
{
    copse_vm *vm = w->vm;
    const char *name = cp_builtin_name(vm);
    switch (status) {
    case CP_CALC_OK:
        return result;
    case CP_CALC_RETRY:
        return CP_RETRY;
    case CP_CALC_ABORTED:
        return begin_anew(w);
    case CP_CALC_WRONG_1:
        return cp_raise(vm, CP_E_WRONG_TYPE, "%s: %v is outside its domain", name, a);
    case CP_CALC_WRONG_2:
        return cp_raise(vm, CP_E_WRONG_TYPE, "%s: %v is outside its domain", name, b);
    case CP_CALC_DIVIDE_BY_ZERO:
        return cp_raise(vm, CP_E_DIVIDE_BY_ZERO, "%s: %v is divided by zero", name, a);
    case CP_CALC_TOO_LARGE:
        return cp_raise(vm, CP_E_RANGE, "%s: the result is too large", name);
    case CP_CALC_NO_REAL:
        return cp_raise(vm, CP_E_UNSUPPORTED, "%s: the result is no real number", name);
    case CP_CALC_NO_INTEGER:
        break;
    }
    if (cp_same(a, b) && w->count == 1)
        return cp_raise(vm, CP_E_UNSUPPORTED, "%s: %v is no integer, and there are no fractions",
                        name, a);
    return cp_raise(vm, CP_E_UNSUPPORTED, "%s: %v by %v is no integer, and there are no fractions",
                    name, a, b);
}

static cp_value raise_no_real(copse_vm *vm)
{
    return cp_raise(vm, CP_E_UNSUPPORTED, "%s: the result is no real number", cp_builtin_name(vm));
}

static cp_value two_values(copse_vm *vm, cp_value a, cp_value b)
{
    cp_value both[] = {a, b};
    cp_value list = cp_list_from(vm->heap, both, 2, CP_NIL);
    return cp_is_retry(list) ? list : cp_request_values(vm, list);
}

/* ---- Questions ----------------------------------------------------------------------------- */

/* Defines a predicate NAME of any value V. */
#define QUESTION(name, answer)                                                                     \
    static cp_value name(copse_vm *vm, const cp_value *args, int count)                            \
    {                                                                                              \
        (void)vm;                                                                                  \
        (void)count;                                                                               \
        cp_value v = args[0];                                                                      \
        return cp_make_boolean(answer);                                                            \
    }

QUESTION(is_number, cp_is_number(v))
QUESTION(is_rational, cp_is_number(v) && cp_number_is_rational(v))
QUESTION(is_integer, cp_is_number(v) && cp_number_is_integer(v))
QUESTION(is_exact, !cp_is_double(v))
QUESTION(is_inexact, cp_is_double(v))
QUESTION(is_exact_integer, cp_is_integer(v))
QUESTION(is_fixnum, cp_is_fixnum(v))
QUESTION(is_finite, cp_number_is_rational(v))
QUESTION(is_infinite, cp_is_double(v) && isinf(cp_to_double(v)))
QUESTION(is_nan, cp_is_double(v) && isnan(cp_to_double(v)))

/* -1, 0, 1 for a number, 2 for NaN. */
static int sign_of(cp_value v)
{
    int sign = 0;
    cp_calc_status status = cp_number_sign(v, &sign);
    assert(status == CP_CALC_OK);
    (void)status;
    return sign;
}

static bool is_even_integer(cp_value v)
{
    bool is_even = false;
    cp_calc_status status = cp_number_is_even(v, &is_even);
    assert(status == CP_CALC_OK);
    (void)status;
    return is_even;
}

QUESTION(is_zero, sign_of(v) == 0)
QUESTION(is_positive, sign_of(v) == 1)
QUESTION(is_negative, sign_of(v) == -1)
QUESTION(is_even, is_even_integer(v))
QUESTION(is_odd, !is_even_integer(v))

/* ---- Order --------------------------------------------------------------------------------- */

static cp_order order_of(cp_value a, cp_value b)
{
    cp_order order = CP_UNORDERED;
    cp_calc_status status = cp_number_compare(a, b, &order);
    assert(status == CP_CALC_OK);
    (void)status;
    return order;
}

/* Defines the builtin NAME: whether HOLDS, of the ORDER of each argument and the next. */
#define COMPARISON(name, holds)                                                                    \
    static cp_value name(copse_vm *vm, const cp_value *args, int count)                            \
    {                                                                                              \
        (void)vm;                                                                                  \
        bool all = true;                                                                           \
        for (int i = 1; i < count && all; i++) {                                                   \
            cp_order order = order_of(args[i - 1], args[i]);                                       \
            all = holds;                                                                           \
        }                                                                                          \
        return cp_make_boolean(all);                                                               \
    }

COMPARISON(are_equal, order == CP_EQUAL)
COMPARISON(are_increasing, order == CP_LESS)
COMPARISON(are_decreasing, order == CP_GREATER)
COMPARISON(are_not_decreasing, order == CP_LESS || order == CP_EQUAL)
COMPARISON(are_not_increasing, order == CP_GREATER || order == CP_EQUAL)

/* The argument that stands in the order WANTED to all others; inexact if one of them is. NaN wins.
 */
static cp_value extreme(const cp_value *args, int count, cp_order wanted)
{
    cp_value best = args[0];
    bool is_inexact = false;
    for (int i = 0; i < count; i++) {
        is_inexact |= cp_is_double(args[i]);
        cp_order order = order_of(args[i], best);
        if (order == wanted || (order == CP_UNORDERED && sign_of(best) != 2))
            best = args[i];
    }
    if (!is_inexact)
        return best;
    cp_calc_status status = cp_number_inexact(best, &best);
    assert(status == CP_CALC_OK);
    (void)status;
    return best;
}

static cp_value max(copse_vm *vm, const cp_value *args, int count)
{
    (void)vm;
    return extreme(args, count, CP_GREATER);
}

static cp_value min(copse_vm *vm, const cp_value *args, int count)
{
    (void)vm;
    return extreme(args, count, CP_LESS);
}

/* ---- Arithmetic ---------------------------------------------------------------------------- */

typedef cp_calc_status unary(const cp_calc *calc, cp_value a, cp_value *result);
typedef cp_calc_status binary(const cp_calc *calc, cp_value a, cp_value b, cp_value *result);

static cp_value apply_unary(copse_vm *vm, const cp_value *args, int count, unary *function)
{
    work w;
    begin_work(&w, vm, args, count);
    cp_value result = CP_NOTHING;
    cp_calc_status status = function(&w.calc, args[0], &result);
    return finish(&w, status, result, args[0], args[0]);
}

/* FUNCTION of RESULT and each argument from FIRST on, one after the other. */
static cp_value fold(copse_vm *vm, const cp_value *args, int count, int first, cp_value result,
                     binary *function)
{
    work w;
    begin_work(&w, vm, args, count);
    for (int i = first; i < count; i++) {
        cp_value a = result;
        cp_calc_status status = function(&w.calc, a, args[i], &result);
        if (status != CP_CALC_OK)
            return finish(&w, status, result, a, args[i]);
    }
    return result;
}

static cp_value add(copse_vm *vm, const cp_value *args, int count)
{
    return fold(vm, args, count, 0, cp_make_fixnum(0), cp_number_add);
}

static cp_value multiply(copse_vm *vm, const cp_value *args, int count)
{
    return fold(vm, args, count, 0, cp_make_fixnum(1), cp_number_multiply);
}

static cp_value subtract(copse_vm *vm, const cp_value *args, int count)
{
    if (count == 1)
        return apply_unary(vm, args, count, cp_number_negate);
    return fold(vm, args, count, 1, args[0], cp_number_subtract);
}

static cp_value divide(copse_vm *vm, const cp_value *args, int count)
{
    if (count == 1)
        return fold(vm, args, count, 0, cp_make_fixnum(1), cp_number_divide);
    return fold(vm, args, count, 1, args[0], cp_number_divide);
}

static cp_value gcd(copse_vm *vm, const cp_value *args, int count)
{
    return fold(vm, args, count, 0, cp_make_fixnum(0), cp_number_gcd);
}

static cp_value lcm(copse_vm *vm, const cp_value *args, int count)
{
    return fold(vm, args, count, 0, cp_make_fixnum(1), cp_number_lcm);
}

static cp_value absolute(copse_vm *vm, const cp_value *args, int count)
{
    return apply_unary(vm, args, count, cp_number_abs);
}

static cp_calc_status multiply_by_itself(const cp_calc *calc, cp_value a, cp_value *result)
{
    return cp_number_multiply(calc, a, a, result);
}

static cp_value square(copse_vm *vm, const cp_value *args, int count)
{
    return apply_unary(vm, args, count, multiply_by_itself);
}

/* ---- Division of integers ------------------------------------------------------------------ */

typedef enum wanted { QUOTIENT, REMAINDER, BOTH } wanted;

static cp_value divide_integers(copse_vm *vm, const cp_value *args, int count, cp_division division,
                                wanted what)
{
    work w;
    begin_work(&w, vm, args, count);
    cp_value q = CP_NOTHING, r = CP_NOTHING;
    cp_calc_status status =
        cp_number_divide_integers(&w.calc, division, args[0], args[1],
                                  what == REMAINDER ? NULL : &q, what == QUOTIENT ? NULL : &r);
    if (status == CP_CALC_OK && what == BOTH)
        return two_values(vm, q, r);
    return finish(&w, status, what == QUOTIENT ? q : r, args[0], args[1]);
}

static cp_value floor_both(copse_vm *vm, const cp_value *args, int count)
{
    return divide_integers(vm, args, count, CP_DIVISION_FLOOR, BOTH);
}

static cp_value floor_quotient(copse_vm *vm, const cp_value *args, int count)
{
    return divide_integers(vm, args, count, CP_DIVISION_FLOOR, QUOTIENT);
}

static cp_value floor_remainder(copse_vm *vm, const cp_value *args, int count)
{
    return divide_integers(vm, args, count, CP_DIVISION_FLOOR, REMAINDER);
}

static cp_value truncate_both(copse_vm *vm, const cp_value *args, int count)
{
    return divide_integers(vm, args, count, CP_DIVISION_TRUNCATE, BOTH);
}

static cp_value truncate_quotient(copse_vm *vm, const cp_value *args, int count)
{
    return divide_integers(vm, args, count, CP_DIVISION_TRUNCATE, QUOTIENT);
}

static cp_value truncate_remainder(copse_vm *vm, const cp_value *args, int count)
{
    return divide_integers(vm, args, count, CP_DIVISION_TRUNCATE, REMAINDER);
}

/* ---- Roots and powers ---------------------------------------------------------------------- */

static cp_value exact_integer_sqrt(copse_vm *vm, const cp_value *args, int count)
{
    if (!cp_is_integer(args[0]) || sign_of(args[0]) < 0)
        return cp_raise(vm, CP_E_WRONG_TYPE,
                        "%s: n is %v, expected an exact integer that is not negative",
                        cp_builtin_name(vm), args[0]);
    work w;
    begin_work(&w, vm, args, count);
    cp_value root = CP_NOTHING, rest = CP_NOTHING;
    cp_calc_status status = cp_number_exact_integer_sqrt(&w.calc, args[0], &root, &rest);
    if (status == CP_CALC_OK)
        return two_values(vm, root, rest);
    return finish(&w, status, root, args[0], args[0]);
}

static cp_value expt(copse_vm *vm, const cp_value *args, int count)
{
    work w;
    begin_work(&w, vm, args, count);
    cp_value result = CP_NOTHING;
    cp_calc_status status = cp_number_expt(&w.calc, args[0], args[1], &result);
    return finish(&w, status, result, args[0], args[1]);
}

static cp_value square_root(copse_vm *vm, const cp_value *args, int count)
{
    return apply_unary(vm, args, count, cp_number_sqrt);
}

/* ---- Exactness and rounding ---------------------------------------------------------------- */

static cp_value exact(copse_vm *vm, const cp_value *args, int count)
{
    if (!cp_number_is_rational(args[0]))
        return cp_raise(vm, CP_E_RANGE, "%s: z is %v, expected a finite number",
                        cp_builtin_name(vm), args[0]);
    return apply_unary(vm, args, count, cp_number_exact);
}

static cp_calc_status to_inexact(const cp_calc *calc, cp_value a, cp_value *result)
{
    (void)calc;
    return cp_number_inexact(a, result);
}

static cp_value inexact(copse_vm *vm, const cp_value *args, int count)
{
    return apply_unary(vm, args, count, to_inexact);
}

/* Defines the builtin NAME, which rounds to an integer as ROUNDING says. */
#define ROUNDING(name, rounding)                                                                   \
    static cp_calc_status name##_number(const cp_calc *calc, cp_value a, cp_value *result)         \
    {                                                                                              \
        (void)calc;                                                                                \
        return cp_number_round(rounding, a, result);                                               \
    }                                                                                              \
    static cp_value name(copse_vm *vm, const cp_value *args, int count)                            \
    {                                                                                              \
        return apply_unary(vm, args, count, name##_number);                                        \
    }

ROUNDING(round_down, CP_ROUND_FLOOR)
ROUNDING(round_up, CP_ROUND_CEILING)
ROUNDING(round_to_zero, CP_ROUND_TRUNCATE)
ROUNDING(round_to_even, CP_ROUND_NEAREST)

/* ---- Fractions ----------------------------------------------------------------------------- */

/* X = *N / the returned power of two, which is infinite for X so small that it is no double. */
static double split_fraction(double x, double *n)
{
    double d = 1;
    while (floor(x) != x) { /* at most 1074 times */
        x *= 2;
        d *= 2;
    }
    *n = x;
    return d;
}

static cp_value part_of_fraction(copse_vm *vm, cp_value q, bool is_numerator)
{
    if (cp_is_integer(q))
        return is_numerator ? q : cp_make_fixnum(1);
    if (!cp_number_is_rational(q))
        return cp_raise(vm, CP_E_RANGE, "%s: q is %v, expected a finite number",
                        cp_builtin_name(vm), q);
    double n;
    double d = split_fraction(cp_to_double(q), &n);
    return cp_make_double(is_numerator ? n : d);
}

static cp_value numerator(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    return part_of_fraction(vm, args[0], true);
}

static cp_value denominator(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    return part_of_fraction(vm, args[0], false);
}

/* The fraction with the smallest denominator between LOW and HIGH, 0 < LOW <= HIGH: a walk down the
 * tree of Stern and Brocot by continued fractions. */
static double simplest(double low, double high)
{
    double whole[64];
    int depth = 0;
    double result = low;
    while (depth < (int)CP_COUNT_OF(whole)) {
        double below = floor(low);
        if (below == low || below < floor(high)) {
            result = below == low ? below : below + 1;
            break;
        }
        whole[depth++] = below;
        double next = 1 / (high - below);
        high = 1 / (low - below);
        low = next;
    }
    while (depth > 0)
        result = whole[--depth] + 1 / result;
    return result;
}

static double rationalize_double(double x, double y)
{
    y = fabs(y);
    if (isnan(x) || isnan(y) || (isinf(x) && isinf(y)))
        return NAN;
    if (isinf(x) || y == 0)
        return x;
    double low = x - y, high = x + y;
    if (low <= 0 && high >= 0)
        return 0;
    return low > 0 ? simplest(low, high) : -simplest(-high, -low);
}

static cp_calc_status rationalize_exactly(const cp_calc *calc, cp_value x, cp_value y,
                                          cp_value *result)
{
    cp_value low = CP_NOTHING, high = CP_NOTHING;
    cp_calc_status status = cp_integer_subtract(calc, x, y, &low);
    if (status == CP_CALC_OK)
        status = cp_integer_add(calc, x, y, &high);
    if (status != CP_CALC_OK)
        return status;
    int low_sign = cp_integer_sign(low), high_sign = cp_integer_sign(high);
    if (low_sign * high_sign <= 0)
        *result = cp_make_fixnum(0);
    else
        *result = (low_sign > 0) == (cp_integer_sign(y) >= 0) ? low : high;
    return CP_CALC_OK;
}

static cp_value rationalize(copse_vm *vm, const cp_value *args, int count)
{
    if (cp_is_integer(args[0]) && cp_is_integer(args[1])) {
        work w;
        begin_work(&w, vm, args, count);
        cp_value result = CP_NOTHING;
        cp_calc_status status = rationalize_exactly(&w.calc, args[0], args[1], &result);
        return finish(&w, status, result, args[0], args[1]);
    }
    double x = 0, y = 0;
    bool are_numbers = cp_number_to_double(args[0], &x) && cp_number_to_double(args[1], &y);
    assert(are_numbers);
    (void)are_numbers;
    return cp_make_double(rationalize_double(x, y));
}

/* ---- Transcendental functions --------------------------------------------------------------- */

static double to_double(cp_value v)
{
    double x = 0;
    bool is_number = cp_number_to_double(v, &x);
    assert(is_number);
    (void)is_number;
    return x;
}

/* Defines the builtin NAME: FUNCTION of a double; exact RESULT where the argument is exact AT. */
#define TRANSCENDENTAL(name, function, at, exact_result)                                           \
    static cp_value name(copse_vm *vm, const cp_value *args, int count)                            \
    {                                                                                              \
        (void)vm;                                                                                  \
        (void)count;                                                                               \
        if (cp_same(args[0], cp_make_fixnum(at)))                                                  \
            return cp_make_fixnum(exact_result);                                                   \
        return cp_make_double(function(to_double(args[0])));                                       \
    }

TRANSCENDENTAL(exponential, exp, 0, 1)
TRANSCENDENTAL(sine, sin, 0, 0)
TRANSCENDENTAL(cosine, cos, 0, 1)
TRANSCENDENTAL(tangent, tan, 0, 0)
TRANSCENDENTAL(arc_sine_of_part, asin, 0, 0)
TRANSCENDENTAL(arc_cosine_of_part, acos, 1, 0)
TRANSCENDENTAL(arc_tangent_of_one, atan, 0, 0)

static cp_value arc_sine(copse_vm *vm, const cp_value *args, int count)
{
    if (fabs(to_double(args[0])) > 1)
        return raise_no_real(vm);
    return arc_sine_of_part(vm, args, count);
}

static cp_value arc_cosine(copse_vm *vm, const cp_value *args, int count)
{
    if (fabs(to_double(args[0])) > 1)
        return raise_no_real(vm);
    return arc_cosine_of_part(vm, args, count);
}

static cp_value arc_tangent(copse_vm *vm, const cp_value *args, int count)
{
    if (!cp_is_given(args, count, 1))
        return arc_tangent_of_one(vm, args, count);
    if (cp_same(args[0], cp_make_fixnum(0)) && cp_is_integer(args[1]) && sign_of(args[1]) > 0)
        return cp_make_fixnum(0);
    return cp_make_double(atan2(to_double(args[0]), to_double(args[1])));
}

/* The natural logarithm of Z >= 0, also where Z is larger than any double. */
static cp_calc_status logarithm_of(const cp_calc *calc, cp_value z, double *result)
{
    enum { KEPT_BITS = 100 };
    *result = log(to_double(z));
    if (!cp_is_bignum(z) || !isinf(*result))
        return CP_CALC_OK;
    int64_t dropped = (int64_t)cp_integer_bit_length(z) - KEPT_BITS;
    cp_value top = CP_NOTHING;
    cp_calc_status status = cp_integer_shift(calc, z, -dropped, &top);
    if (status == CP_CALC_OK)
        *result = log(cp_integer_to_double(top)) + (double)dropped * 0.69314718055994530942;
    return status;
}

/* Powers of 2 and of 10 have whole logarithms; a quotient of natural ones would round beside them.
 */
static double logarithm_to_whole(double z, int64_t base)
{
    return base == 2 ? log2(z) : log10(z);
}

static cp_value logarithm(copse_vm *vm, const cp_value *args, int count)
{
    bool has_base = cp_is_given(args, count, 1);
    if (sign_of(args[0]) == -1)
        return raise_no_real(vm);
    if (has_base && sign_of(args[1]) == -1)
        return raise_no_real(vm);
    if (cp_same(args[0], cp_make_fixnum(1)))
        return cp_make_fixnum(0);
    bool is_whole =
        has_base && (cp_same(args[1], cp_make_fixnum(2)) || cp_same(args[1], cp_make_fixnum(10)));
    if (is_whole && isfinite(to_double(args[0])))
        return cp_make_double(logarithm_to_whole(to_double(args[0]), cp_to_fixnum(args[1])));
    work w;
    begin_work(&w, vm, args, count);
    double x = 0, base = 1;
    cp_calc_status status = logarithm_of(&w.calc, args[0], &x);
    if (status == CP_CALC_OK && has_base)
        status = logarithm_of(&w.calc, args[1], &base);
    return finish(&w, status, cp_make_double(x / base), args[0], args[0]);
}

/* ---- Bits ---------------------------------------------------------------------------------- */

static cp_value raise_not_exact(copse_vm *vm, cp_value v)
{
    return cp_raise(vm, CP_E_WRONG_TYPE, "%s: %v is no exact integer", cp_builtin_name(vm), v);
}

static cp_value fold_bits(copse_vm *vm, const cp_value *args, int count, cp_logic_op op,
                          cp_value result)
{
    work w;
    begin_work(&w, vm, args, count);
    for (int i = 0; i < count; i++) {
        if (!cp_is_integer(args[i]))
            return raise_not_exact(vm, args[i]);
        cp_value a = result;
        cp_calc_status status = cp_number_logic(&w.calc, op, a, args[i], &result);
        if (status != CP_CALC_OK)
            return finish(&w, status, result, a, args[i]);
    }
    return result;
}

static cp_value bitwise_and(copse_vm *vm, const cp_value *args, int count)
{
    return fold_bits(vm, args, count, CP_LOGIC_AND, cp_make_fixnum(-1));
}

static cp_value bitwise_ior(copse_vm *vm, const cp_value *args, int count)
{
    return fold_bits(vm, args, count, CP_LOGIC_OR, cp_make_fixnum(0));
}

static cp_value bitwise_xor(copse_vm *vm, const cp_value *args, int count)
{
    return fold_bits(vm, args, count, CP_LOGIC_XOR, cp_make_fixnum(0));
}

static cp_calc_status invert_bits(const cp_calc *calc, cp_value a, cp_value *result)
{
    return cp_integer_subtract(calc, cp_make_fixnum(-1), a, result);
}

static cp_value bitwise_not(copse_vm *vm, const cp_value *args, int count)
{
    if (!cp_is_integer(args[0]))
        return raise_not_exact(vm, args[0]);
    return apply_unary(vm, args, count, invert_bits);
}

static cp_value arithmetic_shift(copse_vm *vm, const cp_value *args, int count)
{
    for (int i = 0; i < count; i++) {
        if (!cp_is_integer(args[i]))
            return raise_not_exact(vm, args[i]);
    }
    work w;
    begin_work(&w, vm, args, count);
    cp_value result = CP_NOTHING;
    cp_calc_status status = cp_number_shift(&w.calc, args[0], args[1], &result);
    return finish(&w, status, result, args[0], args[1]);
}

static cp_value integer_length(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    if (!cp_is_integer(args[0]))
        return raise_not_exact(vm, args[0]);
    return cp_make_fixnum((int64_t)cp_integer_bit_length(args[0]));
}

static cp_value bit_count(copse_vm *vm, const cp_value *args, int count)
{
    (void)count;
    if (!cp_is_integer(args[0]))
        return raise_not_exact(vm, args[0]);
    return cp_make_fixnum((int64_t)cp_integer_bit_count(args[0]));
}

/* ---- Text ---------------------------------------------------------------------------------- */

/* The optional argument 1, or 10. CP_TRUE, or what the builtin is to return. */
static cp_value take_radix(copse_vm *vm, const cp_value *args, int count, unsigned *radix)
{
    *radix = 10;
    if (!cp_is_given(args, count, 1))
        return CP_TRUE;
    int64_t given = cp_to_fixnum(args[1]);
    if (given < CP_MIN_RADIX || given > CP_MAX_RADIX)
        return cp_raise(vm, CP_E_RANGE, "%s: radix is %v, expected an integer from %d to %d",
                        cp_builtin_name(vm), args[1], CP_MIN_RADIX, CP_MAX_RADIX);
    *radix = (unsigned)given;
    return CP_TRUE;
}

static cp_value number_to_string(copse_vm *vm, const cp_value *args, int count)
{
    unsigned radix;
    cp_value taken = take_radix(vm, args, count, &radix);
    if (!cp_same(taken, CP_TRUE))
        return taken;
    work w;
    begin_work(&w, vm, args, count);
    cp_number_text text;
    cp_calc_status status = cp_number_write(&w.calc, args[0], radix, &text);
    if (status != CP_CALC_OK)
        return finish(&w, status, CP_NOTHING, args[0], args[0]);
    cp_value string = cp_make_string(vm->heap, text.text, text.size, NULL);
    cp_number_text_release(&text);
    return string;
}

static cp_value string_to_number(copse_vm *vm, const cp_value *args, int count)
{
    unsigned radix;
    cp_value taken = take_radix(vm, args, count, &radix);
    if (!cp_same(taken, CP_TRUE))
        return taken;
    work w;
    begin_work(&w, vm, args, count);
    const cp_string *s = cp_to_string(args[0]);
    cp_value number = CP_NOTHING;
    cp_calc_status status =
        cp_number_read(&w.calc, cp_string_text(s), s->byte_length, radix, &number);
    if (status == CP_CALC_NO_INTEGER)
        return cp_raise(vm, CP_E_UNSUPPORTED, "%s: %v is no integer, and there are no fractions",
                        cp_builtin_name(vm), args[0]);
    return finish(&w, status, number, args[0], args[0]);
}

/* ---- The table ----------------------------------------------------------------------------- */

/* clang-format off */
const cp_builtin cp_number_builtins[] = {
    {is_number, COPSE_BUILTIN("number?", "object -> boolean", CONSTANT, "Whether OBJECT is a number.")},
    {is_number, COPSE_BUILTIN("complex?", "object -> boolean", CONSTANT, "Whether OBJECT is a number.")},
    {is_number, COPSE_BUILTIN("real?", "object -> boolean", CONSTANT, "Whether OBJECT is a number; all are real.")},
    {is_rational, COPSE_BUILTIN("rational?", "object -> boolean", CONSTANT, "Whether OBJECT is a finite number.")},
    {is_integer, COPSE_BUILTIN("integer?", "object -> boolean", CONSTANT, "Whether OBJECT is an integer, exact or not.")},
    {is_exact, COPSE_BUILTIN("exact?", "z:number -> boolean", CONSTANT, "Whether Z is exact.")},
    {is_inexact, COPSE_BUILTIN("inexact?", "z:number -> boolean", CONSTANT, "Whether Z is inexact.")},
    {is_exact_integer, COPSE_BUILTIN("exact-integer?", "object -> boolean", CONSTANT, "Whether OBJECT is an exact integer.")},
    {is_exact_integer, COPSE_BUILTIN("exact-rational?", "object -> boolean", CONSTANT, "Whether OBJECT is an exact number.")},
    {is_fixnum, COPSE_BUILTIN("fixnum?", "object -> boolean", CONSTANT, "Whether OBJECT is an exact integer of 50 bits.")},
    {is_inexact, COPSE_BUILTIN("flonum?", "object -> boolean", CONSTANT, "Whether OBJECT is an inexact number.")},
    {is_finite, COPSE_BUILTIN("finite?", "z:number -> boolean", CONSTANT, "Whether Z is neither infinite nor NaN.")},
    {is_infinite, COPSE_BUILTIN("infinite?", "z:number -> boolean", CONSTANT, "Whether Z is infinite.")},
    {is_nan, COPSE_BUILTIN("nan?", "z:number -> boolean", CONSTANT, "Whether Z is NaN.")},
    {is_zero, COPSE_BUILTIN("zero?", "z:number -> boolean", CONSTANT, "Whether Z is 0.")},
    {is_positive, COPSE_BUILTIN("positive?", "x:real -> boolean", CONSTANT, "Whether X is above 0.")},
    {is_negative, COPSE_BUILTIN("negative?", "x:real -> boolean", CONSTANT, "Whether X is below 0.")},
    {is_odd, COPSE_BUILTIN("odd?", "n:integer -> boolean", CONSTANT, "Whether N is odd.")},
    {is_even, COPSE_BUILTIN("even?", "n:integer -> boolean", CONSTANT, "Whether N is even.")},

    {are_equal, COPSE_BUILTIN("=", "z:number rest:number... -> boolean", BOUNDED,
        "Whether all arguments are the same number; nothing is rounded for it.")},
    {are_increasing, COPSE_BUILTIN("<", "x:real rest:real... -> boolean", BOUNDED,
        "Whether each argument is less than the next.")},
    {are_decreasing, COPSE_BUILTIN(">", "x:real rest:real... -> boolean", BOUNDED,
        "Whether each argument is greater than the next.")},
    {are_not_decreasing, COPSE_BUILTIN("<=", "x:real rest:real... -> boolean", BOUNDED,
        "Whether no argument is greater than the next.")},
    {are_not_increasing, COPSE_BUILTIN(">=", "x:real rest:real... -> boolean", BOUNDED,
        "Whether no argument is less than the next.")},
    {max, COPSE_BUILTIN("max", "x:real rest:real... -> real", BOUNDED,
        "The greatest argument, inexact if one of them is.")},
    {min, COPSE_BUILTIN("min", "x:real rest:real... -> real", BOUNDED,
        "The least argument, inexact if one of them is.")},

    {add, COPSE_BUILTIN("+", "numbers:number... -> number", ABORTABLE, "The sum of NUMBERS."), .resume = resume_work},
    {multiply, COPSE_BUILTIN("*", "numbers:number... -> number", ABORTABLE, "The product of NUMBERS."),
        .resume = resume_work},
    {subtract, COPSE_BUILTIN("-", "z:number rest:number... -> number", ABORTABLE,
        "What the REST leaves of Z; the negative of Z alone."), .resume = resume_work},
    {divide, COPSE_BUILTIN("/", "z:number rest:number... -> number", ABORTABLE,
        "The quotient of Z by each of the REST; of 1 by Z alone.\n"
        "Errors: divide-by-zero; unsupported when it would be an exact fraction."), .resume = resume_work},
    {absolute, COPSE_BUILTIN("abs", "x:real -> real", ABORTABLE, "The magnitude of X."), .resume = resume_work},
    {absolute, COPSE_BUILTIN("magnitude", "x:real -> real", ABORTABLE, "The magnitude of X."), .resume = resume_work},
    {square, COPSE_BUILTIN("square", "z:number -> number", ABORTABLE, "The product of Z and Z."), .resume = resume_work},
    {gcd, COPSE_BUILTIN("gcd", "integers:integer... -> integer", ABORTABLE,
        "The greatest common divisor of INTEGERS, 0 for none."), .resume = resume_work},
    {lcm, COPSE_BUILTIN("lcm", "integers:integer... -> integer", ABORTABLE,
        "The least common multiple of INTEGERS, 1 for none."), .resume = resume_work},

    {floor_both, COPSE_BUILTIN("floor/", "n:integer d:integer -> values", ABORTABLE,
        "The quotient of N and D, rounded down, and what it leaves.\nErrors: divide-by-zero."), .resume = resume_work},
    {floor_quotient, COPSE_BUILTIN("floor-quotient", "n:integer d:integer -> integer", ABORTABLE,
        "The quotient of N and D, rounded down.\nErrors: divide-by-zero."), .resume = resume_work},
    {floor_remainder, COPSE_BUILTIN("floor-remainder", "n:integer d:integer -> integer", ABORTABLE,
        "What floor-quotient leaves; it has the sign of D.\nErrors: divide-by-zero."), .resume = resume_work},
    {floor_remainder, COPSE_BUILTIN("modulo", "n:integer d:integer -> integer", ABORTABLE,
        "What floor-quotient leaves; it has the sign of D.\nErrors: divide-by-zero."), .resume = resume_work},
    {truncate_both, COPSE_BUILTIN("truncate/", "n:integer d:integer -> values", ABORTABLE,
        "The quotient of N and D, rounded to zero, and what it leaves.\nErrors: divide-by-zero."), .resume = resume_work},
    {truncate_quotient, COPSE_BUILTIN("truncate-quotient", "n:integer d:integer -> integer", ABORTABLE,
        "The quotient of N and D, rounded to zero.\nErrors: divide-by-zero."), .resume = resume_work},
    {truncate_quotient, COPSE_BUILTIN("quotient", "n:integer d:integer -> integer", ABORTABLE,
        "The quotient of N and D, rounded to zero.\nErrors: divide-by-zero."), .resume = resume_work},
    {truncate_remainder, COPSE_BUILTIN("truncate-remainder", "n:integer d:integer -> integer", ABORTABLE,
        "What quotient leaves; it has the sign of N.\nErrors: divide-by-zero."), .resume = resume_work},
    {truncate_remainder, COPSE_BUILTIN("remainder", "n:integer d:integer -> integer", ABORTABLE,
        "What quotient leaves; it has the sign of N.\nErrors: divide-by-zero."), .resume = resume_work},

    {exact_integer_sqrt, COPSE_BUILTIN("exact-integer-sqrt", "n:integer -> values", ABORTABLE,
        "The greatest integer whose square is at most N, and what that leaves.\nErrors: wrong-type."), .resume = resume_work},
    {expt, COPSE_BUILTIN("expt", "base:number exponent:number -> number", ABORTABLE,
        "The power of BASE to EXPONENT.\nErrors: unsupported when it would be an exact fraction or complex; range."),
        .resume = resume_work},
    {square_root, COPSE_BUILTIN("sqrt", "z:number -> number", ABORTABLE,
        "The square root of Z, exact for the square of an exact integer.\nErrors: unsupported below 0."), .resume = resume_work},
    {exact, COPSE_BUILTIN("exact", "z:number -> number", ABORTABLE,
        "The exact number that is Z.\nErrors: range when Z is not finite; unsupported when it has a fraction."),
        .resume = resume_work},
    {exact, COPSE_BUILTIN("inexact->exact", "z:number -> number", ABORTABLE, "The same as exact."), .resume = resume_work},
    {inexact, COPSE_BUILTIN("inexact", "z:number -> number", BOUNDED, "The double nearest to Z."), .resume = resume_work},
    {inexact, COPSE_BUILTIN("exact->inexact", "z:number -> number", BOUNDED, "The same as inexact."), .resume = resume_work},
    {round_down, COPSE_BUILTIN("floor", "x:real -> real", CONSTANT, "The greatest integer that is not above X.")},
    {round_up, COPSE_BUILTIN("ceiling", "x:real -> real", CONSTANT, "The least integer that is not below X.")},
    {round_to_zero, COPSE_BUILTIN("truncate", "x:real -> real", CONSTANT, "X without its fraction.")},
    {round_to_even, COPSE_BUILTIN("round", "x:real -> real", CONSTANT,
        "The integer nearest to X, the even one of two.")},
    {numerator, COPSE_BUILTIN("numerator", "q:real -> real", BOUNDED,
        "The upper part of Q as a fraction in lowest terms.\nErrors: range when Q is not finite.")},
    {denominator, COPSE_BUILTIN("denominator", "q:real -> real", BOUNDED,
        "The lower part of Q as a fraction in lowest terms.\nErrors: range when Q is not finite.")},
    {rationalize, COPSE_BUILTIN("rationalize", "x:real y:real -> real", ABORTABLE,
        "The simplest fraction that differs from X by at most Y."), .resume = resume_work},

    {exponential, COPSE_BUILTIN("exp", "z:number -> number", CONSTANT, "The power of e to Z.")},
    {logarithm, COPSE_BUILTIN("log", "z:number [base:number] -> number", ABORTABLE,
        "The logarithm of Z, natural or to BASE.\nErrors: unsupported below 0."), .resume = resume_work},
    {sine, COPSE_BUILTIN("sin", "z:number -> number", CONSTANT, "The sine of Z.\nUnits: radians.")},
    {cosine, COPSE_BUILTIN("cos", "z:number -> number", CONSTANT, "The cosine of Z.\nUnits: radians.")},
    {tangent, COPSE_BUILTIN("tan", "z:number -> number", CONSTANT, "The tangent of Z.\nUnits: radians.")},
    {arc_sine, COPSE_BUILTIN("asin", "z:number -> number", CONSTANT,
        "The angle whose sine is Z.\nUnits: radians, from -pi/2 to pi/2.\nErrors: unsupported outside [-1, 1].")},
    {arc_cosine, COPSE_BUILTIN("acos", "z:number -> number", CONSTANT,
        "The angle whose cosine is Z.\nUnits: radians, from 0 to pi.\nErrors: unsupported outside [-1, 1].")},
    {arc_tangent, COPSE_BUILTIN("atan", "y:number [x:number] -> number", CONSTANT,
        "The angle whose tangent is Y, or that of the point X, Y.\nUnits: radians, from -pi to pi.")},

    {bitwise_and, COPSE_BUILTIN("bitwise-and", "integers:integer... -> integer", ABORTABLE,
        "The bits that all INTEGERS have, in two's complement."), .resume = resume_work},
    {bitwise_ior, COPSE_BUILTIN("bitwise-ior", "integers:integer... -> integer", ABORTABLE,
        "The bits that some of INTEGERS have, in two's complement."), .resume = resume_work},
    {bitwise_xor, COPSE_BUILTIN("bitwise-xor", "integers:integer... -> integer", ABORTABLE,
        "The bits that an odd number of INTEGERS have, in two's complement."), .resume = resume_work},
    {bitwise_not, COPSE_BUILTIN("bitwise-not", "n:integer -> integer", ABORTABLE, "The bits that N has not."),
        .resume = resume_work},
    {arithmetic_shift, COPSE_BUILTIN("arithmetic-shift", "n:integer count:integer -> integer", ABORTABLE,
        "N times 2 to the power COUNT, rounded down.\nErrors: range."), .resume = resume_work},
    {integer_length, COPSE_BUILTIN("integer-length", "n:integer -> integer", CONSTANT, "The bits that N needs but for its sign.")},
    {bit_count, COPSE_BUILTIN("bit-count", "n:integer -> integer", BOUNDED, "The ones of N, or the zeros if it is negative.")},

    {number_to_string, COPSE_BUILTIN("number->string", "z:number [radix:index] -> string", ABORTABLE,
        "Z as it is written in RADIX, or in decimal.\nErrors: range."), .resume = resume_work},
    {string_to_number, COPSE_BUILTIN("string->number", "s:string [radix:index] -> any", ABORTABLE,
        "The number that S spells in RADIX, or in decimal; #f when it spells none.\nErrors: range; unsupported."),
        .resume = resume_work},
    {0},
};
/* clang-format on */
