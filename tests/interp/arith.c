#include "tests/check.h"

#include "tests/interp/machine.h"

/* r1 = X op Y */
#define BINARY(op, x, y)                                                                           \
    BODY(3, "constant r1 " x "\nconstant r2 " y "\n" op " r1 r1 r2\nreturn r1\n")
#define IMMEDIATE(op, x, i) BODY(2, "constant r1 " x "\n" op " r1 r1 " i "\nreturn r1\n")

static void numbers_are_added_subtracted_and_multiplied(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {BINARY("add", "3", "4"), "7"},
        {BINARY("add", "3", "0.5"), "3.5"},
        {BINARY("add", "1.5", "0.25"), "1.75"},
        {BINARY("add", "foo", "1"), "raised wrong-type: +: foo is no number"},
        {BINARY("add", "1", "\"x\""), "raised wrong-type: +: \"x\" is no number"},
        {BINARY("sub", "3", "4"), "-1"},
        {BINARY("sub", "0.5", "1"), "-0.5"},
        {BINARY("mul", "-3", "4"), "-12"},
        {BINARY("mul", "16777216", "16777216"), "281474976710656"},
        {BINARY("mul", "2.5", "2.0"), "5.0"},
        {BODY(3, "constant r1 562949953421311\nadd-i r1 r1 1\nsub-i r1 r1 1\nreturn r1\n"),
         "562949953421311"},
        {BODY(3, "constant r1 562949953421311\nmul r2 r1 r1\nquotient r2 r2 r1\nreturn r2\n"),
         "562949953421311"},
        {BODY(3, "constant r1 #number\"1000000000000000000000\"\nconstant r2 1000000000\n"
                 "quotient r1 r1 r2\nreturn r1\n"),
         "1000000000000"},
        {BINARY("div", "1", "3"),
         "raised unsupported: /: 1 by 3 is no integer, and there are no fractions"},
        {IMMEDIATE("add-i", "40", "2"), "42"},
        {IMMEDIATE("add-i", "0.5", "-1"), "-0.5"},
        {IMMEDIATE("add-i", "()", "1"), "raised wrong-type: +: () is no number"},
        {IMMEDIATE("sub-i", "40", "-2"), "42"},
        {IMMEDIATE("sub-i", "-0.0", "0"), "-0.0"},
        {IMMEDIATE("mul-i", "-6", "-7"), "42"},
        {BINARY("div", "6", "3"), "2"},
        {BINARY("div", "1.0", "4"), "0.25"},
        {BINARY("div", "1", "0"), "raised divide-by-zero: /: 1 is divided by zero"},
        {BINARY("div", "1", "0.0"), "+inf.0"},
        {BINARY("quotient", "-7", "2"), "-3"},
        {BINARY("remainder", "-7", "2"), "-1"},
        {BINARY("modulo", "-7", "2"), "1"},
        {BINARY("modulo", "7", "-2"), "-1"},
        {BINARY("modulo", "-7.0", "2"), "1.0"},
        {BINARY("quotient", "1.5", "2"), "raised wrong-type: quotient: 1.5 is no integer"},
        {BINARY("modulo", "1", "0"), "raised divide-by-zero: modulo: 1 is divided by zero"},
        {BINARY("bit-and", "12", "10"), "8"},
        {BINARY("bit-or", "12", "10"), "14"},
        {BINARY("bit-xor", "12", "10"), "6"},
        {BINARY("bit-xor", "12", "1.0"), "raised wrong-type: bitwise-xor: 1.0 is no exact integer"},
        {BINARY("shift", "3", "4"), "48"},
        {BINARY("shift", "-3", "-1"), "-2"},
    };
    CHECK_ALL(cases);
}

static void numbers_are_compared(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {BINARY("equal", "3", "3.0"), "#t"},
        {BINARY("equal", "3", "4"), "#f"},
        {BINARY("less", "3", "3.5"), "#t"},
        {BINARY("less", "-1", "-2"), "#f"},
        {BINARY("less", "+nan.0", "1"), "raised wrong-type: <: +nan.0 is no number"},
        {BINARY("less-equal", "3", "3"), "#t"},
        {BINARY("less-equal", "a", "3"), "raised wrong-type: <=: a is no number"},
        {BINARY("same", "a", "a"), "#t"},
        {BINARY("same", "\"a\"", "(a)"), "#f"},
        {BINARY("eqv", "1.5", "1.5"), "#t"},
        {BINARY("eqv", "0.0", "-0.0"), "#f"},
        {BINARY("eqv", "1", "1.0"), "#f"},
    };
    CHECK_ALL(cases);
}

CP_TEST_MAIN(cmocka_unit_test(numbers_are_added_subtracted_and_multiplied),
             cmocka_unit_test(numbers_are_compared))
