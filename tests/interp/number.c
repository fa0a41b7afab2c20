#include "tests/interp/oracle.h"

#include <math.h>

#include "interp/number.h"
#include "tests/fault.h"
#include "tests/interp/random.h"

/* ---- Help ---------------------------------------------------------------------------------- */

typedef struct fixture {
    cp_fault fault;
    cp_calc calc;
} fixture;

static int start(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    cp_fault_init(&f->fault, 0);
    cp_heap_options options = {.allocator = &f->fault.allocator};
    f->calc.heap = cp_heap_new(&options);
    assert_non_null(f->calc.heap);
    cp_bignum_init(f->calc.heap);
    *state = f;
    return 0;
}

static int stop(void **state)
{
    fixture *f = *state;
    cp_heap_free(f->calc.heap);
    size_t live = f->fault.live_bytes;
    free(f);
    return live == 0 ? 0 : -1;
}

#define DONE(call) assert_int_equal(call, CP_CALC_OK)

/* The number that TEXT spells. */
static cp_value num(const cp_calc *calc, const char *text)
{
    cp_value v = CP_NOTHING;
    DONE(cp_number_read(calc, text, strlen(text), 10, &v));
    if (!cp_is_number(v))
        fail_msg("'%s' spells no number", text);
    return v;
}

/* The text of V, which lasts until the eighth call from now. */
static const char *text_in(const cp_calc *calc, cp_value v, unsigned radix)
{
    static char texts[8][12000];
    static unsigned turn;
    char *text = texts[turn++ % 8];
    cp_number_text number;
    DONE(cp_number_write(calc, v, radix, &number));
    assert_true(number.size < sizeof texts[0]);
    memcpy(text, number.text, number.size);
    text[number.size] = '\0';
    cp_number_text_release(&number);
    return text;
}

static const char *text_of(const cp_calc *calc, cp_value v)
{
    return text_in(calc, v, 10);
}

/* ---- Arithmetic ---------------------------------------------------------------------------- */

typedef cp_calc_status (*binary_function)(const cp_calc *calc, cp_value a, cp_value b,
                                          cp_value *result);

typedef struct binary_case {
    binary_function function;
    const char *a;
    const char *b;
    const char *result; /* or the text of the status */
} binary_case;

static void check_binary(const cp_calc *calc, const binary_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        cp_value r = CP_NOTHING;
        cp_calc_status status =
            cases[i].function(calc, num(calc, cases[i].a), num(calc, cases[i].b), &r);
        const char *text = status == CP_CALC_OK ? text_of(calc, r) : cp_calc_status_text(status);
        if (strcmp(text, cases[i].result) != 0)
            fail_msg("case %zu, %s and %s: %s, expected %s", i, cases[i].a, cases[i].b, text,
                     cases[i].result);
    }
}

static void inexact_arguments_make_inexact_results(void **state)
{
    static const binary_case cases[] = {
        {cp_number_add, "1", "2", "3"},
        {cp_number_add, "1", "2.0", "3.0"},
        {cp_number_add, "1.5", "2", "3.5"},
        {cp_number_add, "562949953421311", "1", "562949953421312"},
        {cp_number_add, "100000000000000000000", "0.0", "100000000000000000000.0"},
        {cp_number_subtract, "0", "-562949953421312", "562949953421312"},
        {cp_number_subtract, "0", "0.0", "0.0"},
        {cp_number_multiply, "-3", "100000000000000000000", "-300000000000000000000"},
        {cp_number_multiply, "0", "1.5", "0.0"},
        {cp_number_multiply, "33554432", "33554432", "1125899906842624"},
        {cp_number_add, "+inf.0", "-inf.0", "+nan.0"},
    };
    check_binary(&((fixture *)*state)->calc, cases, CP_COUNT_OF(cases));
}

static void division_is_exact_or_refused(void **state)
{
    static const binary_case cases[] = {
        {cp_number_divide, "6", "3", "2"},
        {cp_number_divide, "-6", "4", "the result is no integer"},
        {cp_number_divide, "1", "0", "division by zero"},
        {cp_number_divide, "1.0", "0", "division by zero"},
        {cp_number_divide, "1", "0.0", "+inf.0"},
        {cp_number_divide, "-1.0", "0.0", "-inf.0"},
        {cp_number_divide, "1", "4.0", "0.25"},
        {cp_number_divide, "0", "5", "0"},
        {cp_number_divide, "100000000000000000000000", "1000000000000", "100000000000"},
        {cp_number_divide, "100000000000000000000", "8.0", "12500000000000000000.0"},
    };
    check_binary(&((fixture *)*state)->calc, cases, CP_COUNT_OF(cases));
}

static void integers_divide_with_both_roundings(void **state)
{
    const cp_calc *calc = &((fixture *)*state)->calc;
    static const struct {
        const char *a, *b, *truncate_q, *truncate_r, *floor_q, *floor_r;
    } known[] = {
        {"7", "-2", "-3", "1", "-4", "-1"},
        {"-7", "2", "-3", "-1", "-4", "1"},
        {"7.0", "-2", "-3.0", "1.0", "-4.0", "-1.0"},
        {"-7", "-2.0", "3.0", "-1.0", "3.0", "-1.0"},
        {"6.0", "3", "2.0", "0.0", "2.0", "0.0"},
        {"1e20", "3", "33333333333333330000.0", "1.0", "33333333333333330000.0", "1.0"},
        {"-100000000000000000000", "30000000000", "-3333333333", "-10000000000", "-3333333334",
         "20000000000"},
    };
    for (size_t i = 0; i < CP_COUNT_OF(known); i++) {
        cp_value a = num(calc, known[i].a);
        cp_value b = num(calc, known[i].b);
        cp_value q, r;
        DONE(cp_number_divide_integers(calc, CP_DIVISION_TRUNCATE, a, b, &q, &r));
        assert_string_equal(text_of(calc, q), known[i].truncate_q);
        assert_string_equal(text_of(calc, r), known[i].truncate_r);
        DONE(cp_number_divide_integers(calc, CP_DIVISION_FLOOR, a, b, &q, &r));
        assert_string_equal(text_of(calc, q), known[i].floor_q);
        assert_string_equal(text_of(calc, r), known[i].floor_r);
    }
}

static void what_is_no_integer_does_not_divide_integers(void **state)
{
    const cp_calc *calc = &((fixture *)*state)->calc;
    cp_value q = CP_NOTHING;
    static const struct {
        const char *a, *b;
        cp_calc_status status;
    } known[] = {
        {"1.5", "2", CP_CALC_WRONG_1},        {"2", "1.5", CP_CALC_WRONG_2},
        {"+inf.0", "2", CP_CALC_WRONG_1},     {"2", "+nan.0", CP_CALC_WRONG_2},
        {"2", "0", CP_CALC_DIVIDE_BY_ZERO},   {"2.0", "0", CP_CALC_DIVIDE_BY_ZERO},
        {"2", "0.0", CP_CALC_DIVIDE_BY_ZERO},
    };
    for (size_t i = 0; i < CP_COUNT_OF(known); i++)
        assert_int_equal(cp_number_divide_integers(calc, CP_DIVISION_FLOOR, num(calc, known[i].a),
                                                   num(calc, known[i].b), &q, NULL),
                         known[i].status);
    assert_true(cp_is_nothing(q));
}

static void every_operation_names_the_argument_that_is_no_number(void **state)
{
    const cp_calc *calc = &((fixture *)*state)->calc;
    static const binary_function functions[] = {
        cp_number_add, cp_number_subtract, cp_number_multiply, cp_number_divide,
        cp_number_gcd, cp_number_lcm,      cp_number_expt,     cp_number_shift,
    };
    cp_value one = cp_make_fixnum(1);
    cp_value r = CP_NOTHING;
    for (size_t i = 0; i < CP_COUNT_OF(functions); i++) {
        assert_int_equal(functions[i](calc, CP_TRUE, one, &r), CP_CALC_WRONG_1);
        assert_int_equal(functions[i](calc, one, CP_NIL, &r), CP_CALC_WRONG_2);
    }
    cp_order order;
    int sign = 0;
    bool is_even = false;
    assert_int_equal(cp_number_compare(CP_FALSE, one, &order), CP_CALC_WRONG_1);
    assert_int_equal(cp_number_compare(one, CP_FALSE, &order), CP_CALC_WRONG_2);
    assert_int_equal(cp_number_negate(calc, CP_FALSE, &r), CP_CALC_WRONG_1);
    assert_int_equal(cp_number_abs(calc, CP_FALSE, &r), CP_CALC_WRONG_1);
    assert_int_equal(cp_number_sqrt(calc, CP_FALSE, &r), CP_CALC_WRONG_1);
    assert_int_equal(cp_number_exact(calc, CP_FALSE, &r), CP_CALC_WRONG_1);
    assert_int_equal(cp_number_inexact(CP_FALSE, &r), CP_CALC_WRONG_1);
    assert_int_equal(cp_number_round(CP_ROUND_FLOOR, CP_FALSE, &r), CP_CALC_WRONG_1);
    assert_int_equal(cp_number_sign(CP_FALSE, &sign), CP_CALC_WRONG_1);
    assert_int_equal(cp_number_is_even(CP_FALSE, &is_even), CP_CALC_WRONG_1);
    assert_int_equal(cp_number_is_even(cp_make_double(0.5), &is_even), CP_CALC_WRONG_1);
    assert_int_equal(cp_number_bit_count(cp_make_double(1), &r), CP_CALC_WRONG_1);
    assert_int_equal(cp_number_bit_length(cp_make_double(1), &r), CP_CALC_WRONG_1);
    assert_int_equal(cp_number_logic(calc, CP_LOGIC_AND, one, cp_make_double(1), &r),
                     CP_CALC_WRONG_2);
    cp_number_text text;
    assert_int_equal(cp_number_write(calc, CP_FALSE, 10, &text), CP_CALC_WRONG_1);
    assert_int_equal(cp_number_write(calc, one, 1, &text), CP_CALC_WRONG_2);
    assert_int_equal(cp_number_write(calc, one, 37, &text), CP_CALC_WRONG_2);
}

static void divisors_and_multiples_are_not_negative(void **state)
{
    static const binary_case cases[] = {
        {cp_number_gcd, "32", "-36", "4"},
        {cp_number_gcd, "0", "-5", "5"},
        {cp_number_gcd, "0", "0", "0"},
        {cp_number_gcd, "32.0", "-36", "4.0"},
        {cp_number_gcd, "1.5", "2", "the first argument is outside the domain"},
        {cp_number_lcm, "32", "-36", "288"},
        {cp_number_lcm, "32.0", "-36", "288.0"},
        {cp_number_lcm, "0", "0", "0"},
        {cp_number_lcm, "0", "3", "0"},
        {cp_number_lcm, "100000000000000000000", "30", "300000000000000000000"},
    };
    check_binary(&((fixture *)*state)->calc, cases, CP_COUNT_OF(cases));
}

static void powers_are_exact_when_they_can_be(void **state)
{
    static const binary_case cases[] = {
        {cp_number_expt, "2", "100", "1267650600228229401496703205376"},
        {cp_number_expt, "-3", "3", "-27"},
        {cp_number_expt, "0", "0", "1"},
        {cp_number_expt, "0.0", "0", "1"},
        {cp_number_expt, "0", "0.0", "1.0"},
        {cp_number_expt, "2.0", "3", "8.0"},
        {cp_number_expt, "4", "0.5", "2.0"},
        {cp_number_expt, "2", "-1", "the result is no integer"},
        {cp_number_expt, "0", "-1", "division by zero"},
        {cp_number_expt, "-1", "-3", "-1"},
        {cp_number_expt, "-1", "100000000000000000000", "1"},
        {cp_number_expt, "-1", "-100000000000000000001", "-1"},
        {cp_number_expt, "0", "100000000000000000000", "0"},
        {cp_number_expt, "2", "100000000000000000000", "the result is too large"},
        {cp_number_expt, "-1.0", "100000000000000000001", "-1.0"},
        {cp_number_expt, "2.0", "-2", "0.25"},
        {cp_number_expt, "-8.0", "0.5", "the result is no real number"},
        {cp_number_expt, "-8", "0.5", "the result is no real number"},
        {cp_number_expt, "-inf.0", "0.5", "+inf.0"},
    };
    check_binary(&((fixture *)*state)->calc, cases, CP_COUNT_OF(cases));
}

static void roots_of_squares_are_exact(void **state)
{
    const cp_calc *calc = &((fixture *)*state)->calc;
    static const struct {
        const char *a, *root;
    } known[] = {
        {"16", "4"},
        {"17", "4.123105625617661"},
        {"0", "0"},
        {"2.25", "1.5"},
        {"10000000000000000000000000000000000000000", "100000000000000000000"},
        {"-0.0", "-0.0"},
        {"+nan.0", "+nan.0"},
        {"+inf.0", "+inf.0"},
    };
    for (size_t i = 0; i < CP_COUNT_OF(known); i++) {
        cp_value r;
        DONE(cp_number_sqrt(calc, num(calc, known[i].a), &r));
        assert_string_equal(text_of(calc, r), known[i].root);
    }
    cp_value huge, root, rest;
    DONE(cp_number_expt(calc, num(calc, "10"), num(calc, "401"), &huge));
    DONE(cp_number_sqrt(calc, huge, &root));
    assert_string_equal(text_of(calc, root), "3.1622776601683794e200");
    assert_int_equal(cp_number_sqrt(calc, num(calc, "-4"), &root), CP_CALC_NO_REAL);
    assert_int_equal(cp_number_sqrt(calc, num(calc, "-4.0"), &root), CP_CALC_NO_REAL);
    DONE(cp_number_exact_integer_sqrt(calc, num(calc, "17"), &root, &rest));
    assert_string_equal(text_of(calc, root), "4");
    assert_string_equal(text_of(calc, rest), "1");
    assert_int_equal(cp_number_exact_integer_sqrt(calc, num(calc, "-1"), &root, &rest),
                     CP_CALC_WRONG_1);
    assert_int_equal(cp_number_exact_integer_sqrt(calc, num(calc, "4.0"), &root, &rest),
                     CP_CALC_WRONG_1);
}

static void negation_keeps_the_sign_of_zero(void **state)
{
    const cp_calc *calc = &((fixture *)*state)->calc;
    static const struct {
        const char *a, *negated, *absolute;
    } known[] = {
        {"0.0", "-0.0", "0.0"},
        {"-0.0", "0.0", "0.0"},
        {"0", "0", "0"},
        {"-562949953421312", "562949953421312", "562949953421312"},
        {"562949953421312", "-562949953421312", "562949953421312"},
        {"-inf.0", "+inf.0", "+inf.0"},
        {"-7", "7", "7"},
    };
    for (size_t i = 0; i < CP_COUNT_OF(known); i++) {
        cp_value r;
        DONE(cp_number_negate(calc, num(calc, known[i].a), &r));
        assert_string_equal(text_of(calc, r), known[i].negated);
        DONE(cp_number_abs(calc, num(calc, known[i].a), &r));
        assert_string_equal(text_of(calc, r), known[i].absolute);
    }
}

/* ---- Questions ----------------------------------------------------------------------------- */

static cp_order order_between(const cp_calc *calc, const char *a, const char *b)
{
    cp_order order = CP_UNORDERED;
    DONE(cp_number_compare(num(calc, a), num(calc, b), &order));
    return order;
}

static void comparison_rounds_nothing(void **state)
{
    const cp_calc *calc = &((fixture *)*state)->calc;
    assert_int_equal(order_between(calc, "1", "1.0"), CP_EQUAL);
    assert_int_equal(order_between(calc, "0.0", "-0.0"), CP_EQUAL);
    assert_int_equal(order_between(calc, "9007199254740993", "9007199254740992.0"), CP_GREATER);
    assert_int_equal(order_between(calc, "9007199254740992.0", "9007199254740993"), CP_LESS);
    assert_int_equal(order_between(calc, "9007199254740992", "9007199254740992.0"), CP_EQUAL);
    assert_int_equal(order_between(calc, "-9007199254740993", "-9007199254740992.0"), CP_LESS);
    assert_int_equal(order_between(calc, "100000000000000000000000", "+inf.0"), CP_LESS);
    assert_int_equal(order_between(calc, "-inf.0", "-100000000000000000000000"), CP_LESS);
    assert_int_equal(order_between(calc, "1", "+nan.0"), CP_UNORDERED);
    assert_int_equal(order_between(calc, "+nan.0", "100000000000000000000000"), CP_UNORDERED);
    assert_int_equal(order_between(calc, "+nan.0", "+nan.0"), CP_UNORDERED);
    assert_int_equal(order_between(calc, "2", "-3"), CP_GREATER);
    assert_int_equal(order_between(calc, "0.1", "0"), CP_GREATER);
}

static void eqv_asks_kind_and_value(void **state)
{
    const cp_calc *calc = &((fixture *)*state)->calc;
    cp_value a = num(calc, "100000000000000000000");
    cp_value b = num(calc, "100000000000000000000");
    assert_false(cp_same(a, b));
    assert_true(cp_number_eqv(a, b));
    assert_false(cp_number_eqv(a, num(calc, "1e20")));
    assert_false(cp_number_eqv(num(calc, "1"), num(calc, "1.0")));
    assert_false(cp_number_eqv(num(calc, "0.0"), num(calc, "-0.0")));
    assert_true(cp_number_eqv(num(calc, "+nan.0"), num(calc, "-nan.0")));
    assert_false(cp_number_eqv(a, CP_NIL));
}

static void questions_have_answers_for_every_kind(void **state)
{
    const cp_calc *calc = &((fixture *)*state)->calc;
    static const struct {
        const char *a;
        bool is_integer, is_rational;
        int sign;
    } known[] = {
        {"0", true, true, 0},        {"-5", true, true, -1},
        {"5.0", true, true, 1},      {"5.5", false, true, 1},
        {"-0.0", true, true, 0},     {"+inf.0", false, false, 1},
        {"+nan.0", false, false, 2}, {"-100000000000000000000", true, true, -1},
    };
    for (size_t i = 0; i < CP_COUNT_OF(known); i++) {
        cp_value v = num(calc, known[i].a);
        int sign = 7;
        assert_int_equal(cp_number_is_integer(v), known[i].is_integer);
        assert_int_equal(cp_number_is_rational(v), known[i].is_rational);
        DONE(cp_number_sign(v, &sign));
        assert_int_equal(sign, known[i].sign);
    }
    static const struct {
        const char *a;
        bool is_even;
    } parity[] = {{"0", true},     {"-3", false},   {"4.0", true},
                  {"-3.0", false}, {"1e300", true}, {"100000000000000000001", false}};
    for (size_t i = 0; i < CP_COUNT_OF(parity); i++) {
        bool is_even = !parity[i].is_even;
        DONE(cp_number_is_even(num(calc, parity[i].a), &is_even));
        assert_int_equal(is_even, parity[i].is_even);
    }
    assert_false(cp_number_is_integer(CP_TRUE));
    assert_false(cp_number_is_rational(CP_NIL));
}

/* ---- Exactness ----------------------------------------------------------------------------- */

static void exact_takes_what_is_an_integer(void **state)
{
    const cp_calc *calc = &((fixture *)*state)->calc;
    cp_value r = CP_NOTHING;
    DONE(cp_number_exact(calc, num(calc, "1e18"), &r));
    assert_string_equal(text_of(calc, r), "1000000000000000000");
    DONE(cp_number_exact(calc, num(calc, "-0.0"), &r));
    assert_string_equal(text_of(calc, r), "0");
    DONE(cp_number_exact(calc, num(calc, "7"), &r));
    assert_string_equal(text_of(calc, r), "7");
    assert_int_equal(cp_number_exact(calc, num(calc, "0.5"), &r), CP_CALC_NO_INTEGER);
    assert_int_equal(cp_number_exact(calc, num(calc, "+nan.0"), &r), CP_CALC_WRONG_1);
    assert_int_equal(cp_number_exact(calc, num(calc, "-inf.0"), &r), CP_CALC_WRONG_1);
}

static void inexact_gives_the_nearest_double(void **state)
{
    const cp_calc *calc = &((fixture *)*state)->calc;
    cp_value r;
    DONE(cp_number_inexact(num(calc, "9007199254740993"), &r));
    assert_string_equal(text_of(calc, r), "9007199254740992.0");
    DONE(cp_number_inexact(num(calc, "-3"), &r));
    assert_string_equal(text_of(calc, r), "-3.0");
    DONE(cp_number_inexact(num(calc, "2.5"), &r));
    assert_string_equal(text_of(calc, r), "2.5");
    double x = 0;
    assert_true(cp_number_to_double(num(calc, "12"), &x));
    assert_true(x == 12);
    assert_false(cp_number_to_double(CP_NIL, &x));
}

static void rounding_goes_four_ways(void **state)
{
    const cp_calc *calc = &((fixture *)*state)->calc;
    static const struct {
        const char *a, *results[4]; /* floor, ceiling, truncate, nearest */
    } known[] = {
        {"2.5", {"2.0", "3.0", "2.0", "2.0"}},
        {"3.5", {"3.0", "4.0", "3.0", "4.0"}},
        {"-2.5", {"-3.0", "-2.0", "-2.0", "-2.0"}},
        {"-0.3", {"-1.0", "-0.0", "-0.0", "-0.0"}},
        {"7", {"7", "7", "7", "7"}},
        {"+inf.0", {"+inf.0", "+inf.0", "+inf.0", "+inf.0"}},
    };
    for (size_t i = 0; i < CP_COUNT_OF(known); i++) {
        for (unsigned way = CP_ROUND_FLOOR; way <= CP_ROUND_NEAREST; way++) {
            cp_value r;
            DONE(cp_number_round((cp_rounding)way, num(calc, known[i].a), &r));
            assert_string_equal(text_of(calc, r), known[i].results[way]);
        }
    }
}

/* ---- Bits ---------------------------------------------------------------------------------- */

static void bits_are_those_of_twos_complement(void **state)
{
    const cp_calc *calc = &((fixture *)*state)->calc;
    static const binary_case cases[] = {
        {cp_number_shift, "1", "100", "1267650600228229401496703205376"},
        {cp_number_shift, "1267650600228229401496703205376", "-100", "1"},
        {cp_number_shift, "-1", "-100", "-1"},
        {cp_number_shift, "-5", "-1", "-3"},
        {cp_number_shift, "1", "-100000000000000000000", "0"},
        {cp_number_shift, "-1", "-100000000000000000000", "-1"},
        {cp_number_shift, "0", "100000000000000000000", "0"},
        {cp_number_shift, "1", "100000000000000000000", "the result is too large"},
        {cp_number_shift, "1.0", "1", "the first argument is outside the domain"},
        {cp_number_shift, "1", "1.0", "the second argument is outside the domain"},
    };
    check_binary(calc, cases, CP_COUNT_OF(cases));
    cp_value r;
    DONE(cp_number_logic(calc, CP_LOGIC_AND, num(calc, "-4"), num(calc, "7"), &r));
    assert_string_equal(text_of(calc, r), "4");
    DONE(cp_number_bit_count(num(calc, "255"), &r));
    assert_string_equal(text_of(calc, r), "8");
    DONE(cp_number_bit_length(num(calc, "-256"), &r));
    assert_string_equal(text_of(calc, r), "8");
}

/* ---- Text ---------------------------------------------------------------------------------- */

typedef struct spelling_case {
    const char *text;
    const char *result; /* "no" when it spells no number, or the text of the status */
} spelling_case;

static void check_spellings(const cp_calc *calc, const spelling_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        cp_value v = CP_NOTHING;
        cp_calc_status status = cp_number_read(calc, cases[i].text, strlen(cases[i].text), 10, &v);
        const char *text = status != CP_CALC_OK   ? cp_calc_status_text(status)
                           : cp_same(v, CP_FALSE) ? "no"
                                                  : text_of(calc, v);
        if (strcmp(text, cases[i].result) != 0)
            fail_msg("%s is read as %s, expected %s", cases[i].text, text, cases[i].result);
    }
}

static void numbers_are_read_with_their_prefixes(void **state)
{
    static const spelling_case cases[] = {
        {"42", "42"},
        {"-42", "-42"},
        {"+42", "42"},
        {"007", "7"},
        {"-0", "0"},
        {"1.5", "1.5"},
        {"-.5e1", "-5.0"},
        {"1e400", "+inf.0"},
        {"#xff", "255"},
        {"#XFF", "255"},
        {"#b-101", "-5"},
        {"#o17", "15"},
        {"#d10", "10"},
        {"#e1.5e1", "15"},
        {"#e1e3", "1000"},
        {"#e-100.00", "-100"},
        {"#e0.0", "0"},
        {"#e1.5", "the result is no integer"},
        {"#e1e-2", "the result is no integer"},
        {"#e1e99999999999", "the result is too large"},
        {"#i42", "42.0"},
        {"#i-0", "-0.0"},
        {"#x#i10", "16.0"},
        {"#i#x10", "16.0"},
        {"#x#e1.8p3", "12"},
        {"#e#x0.8p0", "the result is no integer"},
        {"#e#b1.1e1", "3"},
        {"#x1.8", "1.5"},
        {"6/3", "2"},
        {"-6/4", "the result is no integer"},
        {"#i1/3", "0.3333333333333333"},
        {"#i-1/4", "-0.25"},
        {"#xf/5", "3"},
        {"1000000000000000000000/1000000000000000000000", "1"},
        {"+inf.0", "+inf.0"},
        {"-inf.0", "-inf.0"},
        {"+nan.0", "+nan.0"},
        {"#i+inf.0", "+inf.0"},
        {"562949953421311", "562949953421311"},
        {"-562949953421313", "-562949953421313"},
        {"123456789012345678901234567890", "123456789012345678901234567890"},
        {"1e3", "1000.0"},
        {"00000000000000000000000000000000000001", "1"},
    };
    check_spellings(&((fixture *)*state)->calc, cases, CP_COUNT_OF(cases));
}

static void what_spells_no_number_is_false(void **state)
{
    static const spelling_case cases[] = {
        {"", "no"},         {"-", "no"},       {"+", "no"},     {"...", "no"},   {"abc", "no"},
        {"1a", "no"},       {"#", "no"},       {"#x", "no"},    {"#xg", "no"},   {"#x#x1", "no"},
        {"#e#i1", "no"},    {"#x#e#b1", "no"}, {"1/", "no"},    {"/2", "no"},    {"1/-2", "no"},
        {"1/+2", "no"},     {"1/2/3", "no"},   {"1.5/2", "no"}, {"1/2.0", "no"}, {"1/0", "no"},
        {"#e+inf.0", "no"}, {"inf", "no"},     {"+inf", "no"},  {"1 ", "no"},    {"#b2", "no"},
        {"1+", "no"},       {"-a", "no"},      {"1e", "no"},    {"#q1", "no"},   {".", "no"},
        {"+i", "no"},       {"1+2i", "no"},
    };
    check_spellings(&((fixture *)*state)->calc, cases, CP_COUNT_OF(cases));
}

static void a_radix_applies_where_no_prefix_says_otherwise(void **state)
{
    const cp_calc *calc = &((fixture *)*state)->calc;
    cp_value v;
    DONE(cp_number_read(calc, "zz", 2, 36, &v));
    assert_string_equal(text_of(calc, v), "1295");
    DONE(cp_number_read(calc, "#d10", 4, 2, &v));
    assert_string_equal(text_of(calc, v), "10");
    DONE(cp_number_read(calc, "9", 1, 8, &v));
    assert_true(cp_same(v, CP_FALSE));
    assert_string_equal(text_in(calc, num(calc, "-255"), 16), "-ff");
    assert_string_equal(text_in(calc, num(calc, "0.5"), 2), "0.1");
}

static void a_text_longer_than_the_local_one_is_released(void **state)
{
    const cp_calc *calc = &((fixture *)*state)->calc;
    cp_value v;
    DONE(cp_number_expt(calc, num(calc, "10"), num(calc, "5000"), &v));
    cp_number_text text;
    DONE(cp_number_write(calc, v, 10, &text));
    assert_int_equal(text.size, 5001);
    assert_int_equal(text.text[0], '1');
    cp_number_text_release(&text);
    cp_number_text_release(&text);
}

/* ---- Python -------------------------------------------------------------------------------- */

static const char *const script = ORACLE_PROLOGUE
    "def exact(t):\n"
    "    if '.' in t or 'e' in t: return Fraction(float(t))\n"
    "    return int(t)\n"
    "def near(x):\n"
    "    try: return float(x)\n"
    "    except OverflowError: return float('inf') if x > 0 else float('-inf')\n"
    "def is_inexact(t): return '.' in t or 'e' in t or 'n' in t\n"
    "def number(t):\n"
    "    if 'inf' in t or 'nan' in t: return float(t[:-2])\n"
    "    return float(t) if is_inexact(t) else int(t)\n"
    "def same(x, t):\n"
    "    if isinstance(x, float): return is_inexact(t) and bits(x) == bits(number(t))\n"
    "    return not is_inexact(t) and x == int(t)\n"
    "def arith(op, a, b):\n"
    "    if isinstance(a, float) or isinstance(b, float): a, b = near(a), near(b)\n"
    "    return a + b if op == '+' else a - b if op == '-' else a * b\n"
    "def check(f):\n"
    "    op = f[0]\n"
    "    if op in '+-*': return same(arith(op, number(f[1]), number(f[2])), f[3])\n"
    "    if op == '<':\n"
    "        a, b = exact(f[1]), exact(f[2])\n"
    "        return (a > b) - (a < b) == int(f[3])\n"
    "    if op == 'i': return same(near(int(f[1])), f[2])\n"
    "    if op == 'x': return int(Fraction(float(f[1]))) == int(f[2])\n"
    "    if op == 'n': return int(f[1], int(f[2])) == int(f[3])\n" ORACLE_EPILOGUE;

static cp_value random_number(const cp_calc *calc, uint64_t *random)
{
    char text[200];
    unsigned kind = (unsigned)next(random) % 8;
    if (kind < 2) {
        double x =
            ldexp((double)(next(random) >> (next(random) % 64)), (int)(next(random) % 200) - 100);
        return cp_make_double(next(random) % 2 == 0 ? x : -x);
    }
    size_t at = 0;
    if (next(random) % 2 == 0)
        text[at++] = '-';
    size_t digits = 1 + next(random) % (kind < 5 ? 16 : 60);
    for (size_t i = 0; i < digits; i++)
        text[at++] = (char)('0' + next(random) % 10);
    text[at] = '\0';
    return num(calc, text);
}

/* Python has no +inf.0: what is not finite is compared by the tests above. */
static bool is_finite(cp_value v)
{
    return !cp_is_double(v) || isfinite(cp_to_double(v));
}

static void write_arithmetic(FILE *out, const cp_calc *calc, char op, binary_function function,
                             cp_value a, cp_value b)
{
    cp_value r;
    DONE(function(calc, a, b, &r));
    if (is_finite(r))
        fprintf(out, "%c %s %s %s\n", op, text_of(calc, a), text_of(calc, b), text_of(calc, r));
}

static void python_agrees_on_mixed_arithmetic(void **state)
{
    const cp_calc *calc = &((fixture *)*state)->calc;
    uint64_t seed = seed_from_environment();
    uint64_t random = seed;
    oracle python = oracle_start(script);
    FILE *out = python.lines;
    for (unsigned i = 0; i < rounds(20000); i++) {
        cp_value a = random_number(calc, &random);
        cp_value b = random_number(calc, &random);
        cp_value r;
        write_arithmetic(out, calc, '+', cp_number_add, a, b);
        write_arithmetic(out, calc, '-', cp_number_subtract, a, b);
        write_arithmetic(out, calc, '*', cp_number_multiply, a, b);
        if (next(&random) % 4 == 0) { /* an integer and the double next to it */
            DONE(cp_number_inexact(a, &b));
            b = cp_make_double(nextafter(cp_to_double(b), (double)(next(&random) % 3) - 1));
        }
        cp_order order;
        DONE(cp_number_compare(a, b, &order));
        fprintf(out, "< %s %s %d\n", text_of(calc, a), text_of(calc, b), (int)order - CP_EQUAL);
        if (cp_is_integer(a)) {
            DONE(cp_number_inexact(a, &r));
            fprintf(out, "i %s %s\n", text_of(calc, a), text_of(calc, r));
            unsigned radix = 2 + (unsigned)next(&random) % 35;
            fprintf(out, "n %s %u %s\n", text_in(calc, a, radix), radix, text_of(calc, a));
        } else if (cp_number_is_integer(a)) {
            DONE(cp_number_exact(calc, a, &r));
            fprintf(out, "x %s %s\n", text_of(calc, a), text_of(calc, r));
        }
    }
    oracle_finish(python, seed);
}

/* ---- Refusals ------------------------------------------------------------------------------ */

static cp_calc_status run_operation(const cp_calc *calc, unsigned which, cp_value big,
                                    cp_value *result)
{
    static char long_text[3000];
    cp_number_text text;
    cp_value other = CP_NOTHING;
    cp_calc_status status = CP_CALC_OK;
    switch (which) {
    case 0:
        return cp_number_lcm(calc, big, cp_make_fixnum(12345), result);
    case 1:
        return cp_number_sqrt(calc, big, result);
    case 2:
        status = cp_number_write(calc, big, 10, &text);
        if (status == CP_CALC_OK)
            cp_number_text_release(&text);
        return status;
    case 3:
        memset(long_text, '3', sizeof long_text);
        memcpy(long_text, "#e1.", 4);
        memcpy(long_text + sizeof long_text - 5, "e3000", 5);
        return cp_number_read(calc, long_text, sizeof long_text, 10, result);
    case 4:
        memset(long_text, '3', sizeof long_text);
        memcpy(long_text, "#i1", 3);
        long_text[1500] = '/';
        return cp_number_read(calc, long_text, sizeof long_text, 10, result);
    case 5:
        return cp_number_divide_integers(calc, CP_DIVISION_FLOOR, big, cp_make_fixnum(-7), result,
                                         &other);
    default:
        return CP_CALC_WRONG_1;
    }
}

static void a_refused_allocation_is_retried_from_the_start(void **state)
{
    fixture *f = *state;
    cp_value big;
    DONE(cp_number_expt(&f->calc, num(&f->calc, "7"), num(&f->calc, "3000"), &big));
    for (unsigned which = 0; which <= 5; which++) {
        uint64_t refused_at = 1;
        for (bool is_done = false; !is_done; refused_at++) {
            size_t live = f->fault.live_bytes;
            f->fault.refuse_at = f->fault.requests + refused_at;
            cp_value result = CP_NOTHING;
            cp_calc_status status = run_operation(&f->calc, which, big, &result);
            f->fault.refuse_at = 0;
            is_done = status == CP_CALC_OK;
            if (!is_done) {
                assert_int_equal(status, CP_CALC_RETRY);
                assert_int_equal(f->fault.live_bytes, live);
            }
        }
        assert_true(refused_at > 2);
    }
}

#define WITH_HEAP(test) cmocka_unit_test_setup_teardown(test, start, stop)

CP_TEST_MAIN(WITH_HEAP(inexact_arguments_make_inexact_results),
             WITH_HEAP(division_is_exact_or_refused),
             WITH_HEAP(integers_divide_with_both_roundings),
             WITH_HEAP(what_is_no_integer_does_not_divide_integers),
             WITH_HEAP(every_operation_names_the_argument_that_is_no_number),
             WITH_HEAP(divisors_and_multiples_are_not_negative),
             WITH_HEAP(powers_are_exact_when_they_can_be), WITH_HEAP(roots_of_squares_are_exact),
             WITH_HEAP(negation_keeps_the_sign_of_zero), WITH_HEAP(comparison_rounds_nothing),
             WITH_HEAP(eqv_asks_kind_and_value), WITH_HEAP(questions_have_answers_for_every_kind),
             WITH_HEAP(exact_takes_what_is_an_integer), WITH_HEAP(inexact_gives_the_nearest_double),
             WITH_HEAP(rounding_goes_four_ways), WITH_HEAP(bits_are_those_of_twos_complement),
             WITH_HEAP(numbers_are_read_with_their_prefixes),
             WITH_HEAP(what_spells_no_number_is_false),
             WITH_HEAP(a_radix_applies_where_no_prefix_says_otherwise),
             WITH_HEAP(a_text_longer_than_the_local_one_is_released),
             WITH_HEAP(python_agrees_on_mixed_arithmetic),
             WITH_HEAP(a_refused_allocation_is_retried_from_the_start))
