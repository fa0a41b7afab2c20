#include "interp/number.h"
#include "tests/interp/random.h"
#include "tests/stdlib/lisp.h"

static void numbers_are_told_apart(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(number? 1.5)", "#t"},
        {"(number? 'a)", "#f"},
        {"(complex? 1)", "#t"},
        {"(real? +nan.0)", "#t"},
        {"(rational? 1.5)", "#t"},
        {"(rational? +inf.0)", "#f"},
        {"(rational? +nan.0)", "#f"},
        {"(rational? \"1\")", "#f"},
        {"(integer? 3.0)", "#t"},
        {"(integer? 3.5)", "#f"},
        {"(integer? +inf.0)", "#f"},
        {"(integer? 100000000000000000000)", "#t"},
        {"(integer? 'x)", "#f"},
        {"(exact? 1)", "#t"},
        {"(exact? 1.0)", "#f"},
        {"(inexact? 1.0)", "#t"},
        {"(inexact? 100000000000000000000)", "#f"},
        {"(exact? 'a)", "raised wrong-type: exact?: z is a, expected a number"},
        {"(exact-integer? 5)", "#t"},
        {"(exact-integer? 5.0)", "#f"},
        {"(exact-integer? 'a)", "#f"},
        {"(exact-rational? 5)", "#t"},
        {"(fixnum? 5)", "#t"},
        {"(fixnum? 100000000000000000000)", "#f"},
        {"(flonum? 5.0)", "#t"},
        {"(flonum? 5)", "#f"},
        {"(finite? 1)", "#t"},
        {"(finite? +inf.0)", "#f"},
        {"(finite? +nan.0)", "#f"},
        {"(infinite? -inf.0)", "#t"},
        {"(infinite? 1)", "#f"},
        {"(nan? +nan.0)", "#t"},
        {"(nan? 1)", "#f"},
        {"(zero? 0)", "#t"},
        {"(zero? -0.0)", "#t"},
        {"(zero? 1)", "#f"},
        {"(positive? 1)", "#t"},
        {"(positive? +nan.0)", "#f"},
        {"(positive? 0)", "#f"},
        {"(negative? -100000000000000000000)", "#t"},
        {"(negative? 0.0)", "#f"},
        {"(odd? 3)", "#t"},
        {"(odd? -2.0)", "#f"},
        {"(even? 0)", "#t"},
        {"(even? 100000000000000000001)", "#f"},
        {"(even? 1.5)", "raised wrong-type: even?: n is 1.5, expected an integer"},
        {"(odd? +inf.0)", "raised wrong-type: odd?: n is +inf.0, expected an integer"},
    };
    CHECK_ROWS(rows);
}

static void numbers_are_ordered_without_rounding(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(= 1 1.0 1)", "#t"},
        {"(= 1 2)", "#f"},
        {"(= 1)", "#t"},
        {"(= 9007199254740993 9007199254740992.0)", "#f"},
        {"(= +nan.0 +nan.0)", "#f"},
        {"(= 0.0 -0.0)", "#t"},
        {"(< 1 2 3)", "#t"},
        {"(< 1 3 2)", "#f"},
        {"(< 1 1)", "#f"},
        {"(< 9007199254740992.0 9007199254740993)", "#t"},
        {"(< 1 +nan.0)", "#f"},
        {"(> 3 2 1)", "#t"},
        {"(> 3 3)", "#f"},
        {"(<= 1 1 2)", "#t"},
        {"(<= 2 1)", "#f"},
        {"(<= 1 +nan.0)", "#f"},
        {"(>= 2 2 1)", "#t"},
        {"(>= 1 2)", "#f"},
        {"(< 1 'a)", "raised wrong-type: <: rest is a, expected a real number"},
        {"(=)", "raised wrong-arity: =: expected at least 1 argument, got 0"},
        {"(max 1 3 2)", "3"},
        {"(max 1 2.0)", "2.0"},
        {"(max 3 2.0)", "3.0"},
        {"(max 1 +nan.0 3)", "+nan.0"},
        {"(max +nan.0 3)", "+nan.0"},
        {"(min 3 1 2)", "1"},
        {"(min 1 2.0)", "1.0"},
        {"(min 5)", "5"},
        {"(max)", "raised wrong-arity: max: expected at least 1 argument, got 0"},
    };
    CHECK_ROWS(rows);
}

static void sums_and_products_have_any_size(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(+)", "0"},
        {"(+ 1 2 3)", "6"},
        {"(+ 1 2.5)", "3.5"},
        {"(+ 562949953421311 1)", "562949953421312"},
        {"(+ 99999999999999999999 1)", "100000000000000000000"},
        {"(+ 1 'a)", "raised wrong-type: +: numbers is a, expected a number"},
        {"(*)", "1"},
        {"(* 2 3 4)", "24"},
        {"(* 99999999999 99999999999)", "9999999999800000000001"},
        {"(* 2 0.5)", "1.0"},
        {"(- 5)", "-5"},
        {"(- 5 1 2)", "2"},
        {"(- -562949953421312)", "562949953421312"},
        {"(- 0.0)", "-0.0"},
        {"(-)", "raised wrong-arity: -: expected at least 1 argument, got 0"},
        {"(/ 6 2)", "3"},
        {"(/ 6 2 3)", "1"},
        {"(/ 1 2.0)", "0.5"},
        {"(/ 0.0)", "+inf.0"},
        {"(/ 1)", "1"},
        {"(/ 1 3)", "raised unsupported: /: 1 by 3 is no integer, and there are no fractions"},
        {"(/ 3)", "raised unsupported: /: 1 by 3 is no integer, and there are no fractions"},
        {"(/ 5 0)", "raised divide-by-zero: /: 5 is divided by zero"},
        {"(/ 5 0.0)", "+inf.0"},
        {"(abs -7)", "7"},
        {"(abs -7.5)", "7.5"},
        {"(magnitude -7)", "7"},
        {"(abs 'a)", "raised wrong-type: abs: x is a, expected a real number"},
        {"(square 5)", "25"},
        {"(square 0.5)", "0.25"},
        {"(square 100000000000000000000)", "10000000000000000000000000000000000000000"},
        {"(gcd)", "0"},
        {"(gcd 32 -36)", "4"},
        {"(gcd 32.0 36)", "4.0"},
        {"(gcd 1.5)", "raised wrong-type: gcd: integers is 1.5, expected an integer"},
        {"(lcm)", "1"},
        {"(lcm 32 -36)", "288"},
        {"(lcm 32.0 -36)", "288.0"},
        {"(lcm 0 5)", "0"},
    };
    CHECK_ROWS(rows);
}

static void integers_are_divided_rounding_down_or_to_zero(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(values-of floor/ 5 2)", "(2 1)"},
        {"(values-of floor/ -5 2)", "(-3 1)"},
        {"(values-of floor/ 5 -2)", "(-3 -1)"},
        {"(values-of floor/ -5 -2)", "(2 -1)"},
        {"(values-of truncate/ 5 2)", "(2 1)"},
        {"(values-of truncate/ -5 2)", "(-2 -1)"},
        {"(values-of truncate/ 5 -2)", "(-2 1)"},
        {"(values-of truncate/ -5 -2)", "(2 -1)"},
        {"(values-of truncate/ -5.0 2)", "(-2.0 -1.0)"},
        {"(floor-quotient -5 2)", "-3"},
        {"(floor-remainder -5 2)", "1"},
        {"(modulo -13 4)", "3"},
        {"(modulo 13 -4)", "-3"},
        {"(modulo -13 4.0)", "3.0"},
        {"(truncate-quotient -5 2)", "-2"},
        {"(truncate-remainder -5 2)", "-1"},
        {"(quotient 17 5)", "3"},
        {"(quotient 100000000000000000000 3)", "33333333333333333333"},
        {"(remainder -13 4)", "-1"},
        {"(remainder 13 0)", "raised divide-by-zero: remainder: 13 is divided by zero"},
        {"(quotient 1 0.0)", "raised divide-by-zero: quotient: 1 is divided by zero"},
        {"(floor/ 1 0)", "raised divide-by-zero: floor/: 1 is divided by zero"},
        {"(modulo 1.5 2)", "raised wrong-type: modulo: n is 1.5, expected an integer"},
    };
    CHECK_ROWS(rows);
}

static void roots_and_powers_stay_exact_where_they_can(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(values-of exact-integer-sqrt 17)", "(4 1)"},
        {"(values-of exact-integer-sqrt 0)", "(0 0)"},
        {"(values-of exact-integer-sqrt 10000000000000000000000000000000000000001)",
         "(100000000000000000000 1)"},
        {"(exact-integer-sqrt -1)",
         "raised wrong-type: exact-integer-sqrt: n is -1, expected an exact integer that is not "
         "negative"},
        {"(exact-integer-sqrt 4.0)",
         "raised wrong-type: exact-integer-sqrt: n is 4.0, expected an exact integer that is not "
         "negative"},
        {"(sqrt 16)", "4"},
        {"(sqrt 16.0)", "4.0"},
        {"(sqrt 2)", "1.4142135623730951"},
        {"(sqrt 10000000000000000000000000000000000000000)", "100000000000000000000"},
        {"(sqrt -1)", "raised unsupported: sqrt: the result is no real number"},
        {"(expt 2 100)", "1267650600228229401496703205376"},
        {"(expt 2 0)", "1"},
        {"(expt 0 0)", "1"},
        {"(expt 2.0 3)", "8.0"},
        {"(expt 4 0.5)", "2.0"},
        {"(expt -2 3)", "-8"},
        {"(expt 2 -1)",
         "raised unsupported: expt: 2 by -1 is no integer, and there are no fractions"},
        {"(expt -1 0.5)", "raised unsupported: expt: the result is no real number"},
        {"(expt 2 100000000000)", "raised range: expt: the result is too large"},
    };
    CHECK_ROWS(rows);
}

static void exactness_changes_only_on_request(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(exact 2.0)", "2"},
        {"(exact 1e18)", "1000000000000000000"},
        {"(inexact->exact 3.0)", "3"},
        {"(exact 5)", "5"},
        {"(exact 1.5)", "raised unsupported: exact: 1.5 is no integer, and there are no fractions"},
        {"(exact +nan.0)", "raised range: exact: z is +nan.0, expected a finite number"},
        {"(exact -inf.0)", "raised range: exact: z is -inf.0, expected a finite number"},
        {"(inexact 1)", "1.0"},
        {"(exact->inexact 100000000000000000000)", "100000000000000000000.0"},
        {"(floor -4.3)", "-5.0"},
        {"(ceiling -4.3)", "-4.0"},
        {"(truncate -4.3)", "-4.0"},
        {"(round -4.3)", "-4.0"},
        {"(round 2.5)", "2.0"},
        {"(round 3.5)", "4.0"},
        {"(round 7)", "7"},
        {"(floor +inf.0)", "+inf.0"},
        {"(floor 'a)", "raised wrong-type: floor: x is a, expected a real number"},
        {"(numerator 6)", "6"},
        {"(denominator 6)", "1"},
        {"(numerator 0.75)", "3.0"},
        {"(denominator 0.75)", "4.0"},
        {"(denominator 0.0)", "1.0"},
        {"(numerator +inf.0)", "raised range: numerator: q is +inf.0, expected a finite number"},
        {"(rationalize 3 1)", "2"},
        {"(rationalize -7 -2)", "-5"},
        {"(rationalize 3 5)", "0"},
        {"(rationalize 0.3 0.1)", "0.3333333333333333"},
        {"(rationalize -0.3 0.1)", "-0.3333333333333333"},
        {"(rationalize 3.5 0.6)", "3.0"},
        {"(rationalize 3.14159 0.001)", "3.140625"},
        {"(rationalize +inf.0 1)", "+inf.0"},
        {"(rationalize 1 +inf.0)", "0.0"},
        {"(rationalize +inf.0 +inf.0)", "+nan.0"},
    };
    CHECK_ROWS(rows);
}

static void transcendental_functions_are_exact_where_the_argument_says_so(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(exp 0)", "1"},
        {"(exp 1)", "2.718281828459045"},
        {"(exp 0.0)", "1.0"},
        {"(log 1)", "0"},
        {"(log 1.0)", "0.0"},
        {"(log 0)", "-inf.0"},
        {"(log 8 2)", "3.0"},
        {"(log 1000 10)", "3.0"},
        {"(log 9 3)", "2.0"},
        {"(log (expt 2 5000) 2)", "5000.0"},
        {"(round (log (expt 10 2000) 10))", "2000.0"},
        {"(log -1)", "raised unsupported: log: the result is no real number"},
        {"(log 2 -1)", "raised unsupported: log: the result is no real number"},
        {"(sin 0)", "0"},
        {"(sin 0.5)", "0.479425538604203"},
        {"(cos 0)", "1"},
        {"(cos 0.5)", "0.8775825618903728"},
        {"(tan 0)", "0"},
        {"(asin 0)", "0"},
        {"(asin 1)", "1.5707963267948966"},
        {"(asin 2)", "raised unsupported: asin: the result is no real number"},
        {"(acos 1)", "0"},
        {"(acos -1)", "3.141592653589793"},
        {"(acos -1.5)", "raised unsupported: acos: the result is no real number"},
        {"(atan 0)", "0"},
        {"(atan 1)", "0.7853981633974483"},
        {"(atan 1 0)", "1.5707963267948966"},
        {"(atan 0 1)", "0"},
        {"(atan 0 -1)", "3.141592653589793"},
        {"(atan -0.0 -1)", "-3.141592653589793"},
        {"(sin 'a)", "raised wrong-type: sin: z is a, expected a number"},
    };
    CHECK_ROWS(rows);
}

static void bits_are_those_of_twos_complement(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(bitwise-and)", "-1"},
        {"(bitwise-and 12 10)", "8"},
        {"(bitwise-ior 12 10)", "14"},
        {"(bitwise-xor 12 10 1)", "7"},
        {"(bitwise-and -1 100000000000000000000)", "100000000000000000000"},
        {"(bitwise-not 0)", "-1"},
        {"(bitwise-not -100000000000000000000)", "99999999999999999999"},
        {"(arithmetic-shift 1 70)", "1180591620717411303424"},
        {"(arithmetic-shift -8 -2)", "-2"},
        {"(arithmetic-shift -1 -100)", "-1"},
        {"(arithmetic-shift 1 100000000000)",
         "raised range: arithmetic-shift: the result is too large"},
        {"(integer-length 255)", "8"},
        {"(integer-length -256)", "8"},
        {"(bit-count 7)", "3"},
        {"(bit-count -8)", "3"},
        {"(bitwise-and 1.0)", "raised wrong-type: bitwise-and: 1.0 is no exact integer"},
        {"(arithmetic-shift 1 2.0)",
         "raised wrong-type: arithmetic-shift: 2.0 is no exact integer"},
        {"(bitwise-not 1.0)", "raised wrong-type: bitwise-not: 1.0 is no exact integer"},
        {"(bit-count 1.0)", "raised wrong-type: bit-count: 1.0 is no exact integer"},
        {"(integer-length 1.0)", "raised wrong-type: integer-length: 1.0 is no exact integer"},
    };
    CHECK_ROWS(rows);
}

static void numbers_are_spelled_and_read_back(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(number->string 255)", "\"255\""},
        {"(number->string 255 16)", "\"ff\""},
        {"(number->string -5 2)", "\"-101\""},
        {"(number->string 0.1)", "\"0.1\""},
        {"(number->string -0.0)", "\"-0.0\""},
        {"(number->string 1e21)", "\"1e21\""},
        {"(number->string 5 1)",
         "raised range: number->string: radix is 1, expected an integer from 2 to 36"},
        {"(number->string 'a)", "raised wrong-type: number->string: z is a, expected a number"},
        {"(string->number \"100\")", "100"},
        {"(string->number \"100\" 16)", "256"},
        {"(string->number \"#xff\")", "255"},
        {"(string->number \"1e2\")", "100.0"},
        {"(string->number \"1e400\")", "+inf.0"},
        {"(string->number \"-nan.0\")", "+nan.0"},
        {"(string->number \"abc\")", "#f"},
        {"(string->number \"\")", "#f"},
        {"(string->number \"6/3\")", "2"},
        {"(string->number \"1/3\")",
         "raised unsupported: string->number: \"1/3\" is no integer, and there are no fractions"},
        {"(string->number \"1\" 37)",
         "raised range: string->number: radix is 37, expected an integer from 2 to 36"},
        {"(string->number 5)", "raised wrong-type: string->number: s is 5, expected a string"},
        {"(string-length (number->string (expt 7 5000)))", "4226"},
        {"(= (expt 7 5000) (string->number (number->string (expt 7 5000))))", "#t"},
    };
    CHECK_ROWS(rows);
}

static cp_value random_integer(cp_lisp *e, uint64_t *random)
{
    int64_t n = (int64_t)next(random) >> next(random) % 63;
    cp_calc calc = {e->vm->heap, NULL};
    cp_value v = CP_NOTHING;
    assert_int_equal(cp_integer_from_int64(&calc, n, &v), CP_CALC_OK);
    return cp_lisp_hold(e, v);
}

static bool equal_numbers(cp_value a, cp_value b)
{
    cp_order order;
    return cp_number_compare(a, b, &order) == CP_CALC_OK && order == CP_EQUAL;
}

/* n = d * quotient + remainder for both divisions, and the remainders have the right sign. */
static void divisions_obey_their_law(void **state)
{
    (void)state;
    static cp_lisp e;
    uint64_t seed = seed_from_environment(), random = seed;
    cp_lisp_open(&e, 0, 0);
    static const char *const divisions[][2] = {{"quotient", "remainder"},
                                               {"floor-quotient", "floor-remainder"}};
    for (unsigned i = 0; i < rounds(500); i++) {
        cp_value args[] = {random_integer(&e, &random), random_integer(&e, &random)};
        int sign = 0;
        if (cp_same(args[1], cp_make_fixnum(0)))
            continue;
        for (int floors = 0; floors < 2; floors++) {
            cp_value q = cp_lisp_call(&e, divisions[floors][0], 2, args);
            cp_value r = cp_lisp_call(&e, divisions[floors][1], 2, args);
            cp_value factors[] = {q, args[1]};
            cp_value terms[] = {cp_lisp_call(&e, "*", 2, factors), r};
            CHECK_SEED(equal_numbers(cp_lisp_call(&e, "+", 2, terms), args[0]), seed);
            CHECK_SEED(cp_number_sign(r, &sign) == CP_CALC_OK, seed);
            int wanted = 0;
            CHECK_SEED(cp_number_sign(args[floors], &wanted) == CP_CALC_OK, seed);
            CHECK_SEED(sign == 0 || sign == wanted, seed);
        }
        e.held_count = 0;
    }
    cp_lisp_close(&e);
}

static void an_interrupt_stops_long_arithmetic(void **state)
{
    (void)state;
    static cp_lisp e;
    cp_lisp_open(&e, 0, 0);
    (void)cp_lisp_value(&e, "(def 'big (expt 3 400000))");
    cp_value big = cp_global_ref(&e.vm->globals, "big");
    cp_value args[] = {big, big};
    cp_vm_interrupt(e.vm);
    (void)cp_lisp_call(&e, "*", 2, args);
    assert_string_equal(e.text, "raised interrupted: the program was interrupted");
    assert_true(cp_is_bignum(cp_lisp_call(&e, "*", 2, args)));
    cp_lisp_close(&e);
}

static void refused_memory_raises_or_is_made_up_for(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(string-length (number->string (expt 7 5000)))", "4226"},
        {"(quotient (expt 7 5000) (expt 7 4999))", "7"},
    };
    cp_lisp_check_refusals(rows, 2);
}

CP_TEST_MAIN(cmocka_unit_test(numbers_are_told_apart),
             cmocka_unit_test(numbers_are_ordered_without_rounding),
             cmocka_unit_test(sums_and_products_have_any_size),
             cmocka_unit_test(integers_are_divided_rounding_down_or_to_zero),
             cmocka_unit_test(roots_and_powers_stay_exact_where_they_can),
             cmocka_unit_test(exactness_changes_only_on_request),
             cmocka_unit_test(transcendental_functions_are_exact_where_the_argument_says_so),
             cmocka_unit_test(bits_are_those_of_twos_complement),
             cmocka_unit_test(numbers_are_spelled_and_read_back),
             cmocka_unit_test(divisions_obey_their_law),
             cmocka_unit_test(an_interrupt_stops_long_arithmetic),
             cmocka_unit_test(refused_memory_raises_or_is_made_up_for))
