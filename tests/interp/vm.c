#include "tests/check.h"

#include "tests/interp/machine.h"

#ifdef CP_GC_STRESS
#define MANY_TIMES "3000"
#else
#define MANY_TIMES "10000000"
#endif

/* A body of REGISTERS registers without parameters. */
#define BODY(registers, code) "procedure main\nregisters " #registers "\nparameters 0\n" code

static void check_all(const char *const cases[][2], size_t count)
{
    cp_test_machine m;
    cp_test_open(&m, 0, NULL);
    assert_non_null(m.vm);
    for (size_t i = 0; i < count; i++)
        cp_test_check(&m, cases[i][0], cases[i][1]);
    cp_test_close(&m);
}

#define CHECK_ALL(cases) check_all(cases, CP_COUNT_OF(cases))

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

/* Whether the jump OP with these OPERANDS (over r1 = X, r2 = Y) is taken. */
#define JUMPS(op, x, y, operands)                                                                  \
    BODY(3, "constant r1 " x "\nconstant r2 " y "\n" op " " operands " taken\n"                    \
            "immediate r1 #f\nreturn r1\ntaken:\nimmediate r1 #t\nreturn r1\n")
#define JUMPS_IF(op, x) JUMPS(op, x, "0", "r1")
#define JUMPS_BY(op, x, y) JUMPS(op, x, y, "r1 r2")
#define JUMPS_I(op, x, i) JUMPS(op, x, "0", "r1 " i)

static void conditional_jumps_are_taken_or_not(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {JUMPS_IF("jump-if-false", "#f"), "#t"},
        {JUMPS_IF("jump-if-false", "0"), "#f"},
        {JUMPS_IF("jump-if-true", "()"), "#t"},
        {JUMPS_IF("jump-if-true", "#f"), "#f"},
        {JUMPS_IF("jump-if-null", "()"), "#t"},
        {JUMPS_IF("jump-unless-null", "(1)"), "#t"},
        {JUMPS_IF("jump-if-pair", "(1)"), "#t"},
        {JUMPS_IF("jump-if-pair", "()"), "#f"},
        {JUMPS_IF("jump-unless-pair", "#(1)"), "#t"},
        {JUMPS_IF("jump-if-default", "#<default>"), "#t"},
        {JUMPS_IF("jump-unless-default", "#<default>"), "#f"},
        {JUMPS_BY("jump-if-same", "a", "a"), "#t"},
        {JUMPS_BY("jump-unless-same", "a", "a"), "#f"},
        {JUMPS_BY("jump-if-equal", "2", "2.0"), "#t"},
        {JUMPS_BY("jump-unless-equal", "2", "2"), "#f"},
        {JUMPS_BY("jump-if-less", "2", "3"), "#t"},
        {JUMPS_BY("jump-unless-less", "2.5", "2.5"), "#t"},
        {JUMPS_BY("jump-if-less-equal", "3", "3"), "#t"},
        {JUMPS_BY("jump-unless-less-equal", "3", "3"), "#f"},
        {JUMPS_BY("jump-if-less", "a", "3"), "raised wrong-type: <: a is no number"},
        {JUMPS_I("jump-if-equal-i", "-5", "-5"), "#t"},
        {JUMPS_I("jump-unless-equal-i", "5.0", "5"), "#f"},
        {JUMPS_I("jump-if-less-i", "4", "5"), "#t"},
        {JUMPS_I("jump-unless-less-i", "4", "5"), "#f"},
        {JUMPS_I("jump-if-greater-i", "6", "5"), "#t"},
        {JUMPS_I("jump-unless-greater-i", "5", "5"), "#t"},
        {JUMPS_I("jump-if-greater-i", "#t", "5"), "raised wrong-type: <: #t is no number"},
    };
    CHECK_ALL(cases);
}

static void data_are_made_read_and_changed(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {BINARY("cons", "1", "(2)"), "(1 2)"},
        {BODY(2, "constant r1 (1 . 2)\ncar r1 r1\nreturn r1\n"), "1"},
        {BODY(2, "constant r1 (1 . 2)\ncdr r1 r1\nreturn r1\n"), "2"},
        {BODY(2, "constant r1 #(1)\ncar r1 r1\nreturn r1\n"),
         "raised wrong-type: car: #(1) is no pair"},
        {BODY(2, "immediate r1 ()\ncdr r1 r1\nreturn r1\n"),
         "raised wrong-type: cdr: () is no pair"},
        {BODY(3, "fixnum r1 1\ncons r2 r1 r1\nfixnum r1 5\nset-car r2 r1\nreturn r2\n"), "(5 . 1)"},
        {BODY(3, "fixnum r1 1\ncons r2 r1 r1\nfixnum r1 5\nset-cdr r2 r1\nreturn r2\n"), "(1 . 5)"},
        {BODY(3, "fixnum r1 1\nset-cdr r1 r1\nreturn r1\n"),
         "raised wrong-type: set-cdr!: 1 is no pair"},
        {BINARY("vector-ref", "#(a b c)", "1"), "b"},
        {BINARY("vector-ref", "#(a b c)", "3"),
         "raised range: vector-ref: 3 is no index of #(a b c), which has 3 elements"},
        {BINARY("vector-ref", "#(a)", "-1"),
         "raised range: vector-ref: -1 is no index of #(a), which has 1 elements"},
        {BINARY("vector-ref", "#(a)", "0.0"), "raised wrong-type: vector-ref: 0.0 is no index"},
        {BINARY("vector-ref", "(a)", "0"), "raised wrong-type: vector-ref: (a) is no vector"},
        {IMMEDIATE("vector-ref-i", "#(a b)", "1"), "b"},
        {IMMEDIATE("vector-ref-i", "#(a b)", "2"),
         "raised range: vector-ref: 2 is no index of #(a b), which has 2 elements"},
        {BODY(4, "constant r1 #(1 2)\nfixnum r2 0\nvector-set r1 r2 r2\nreturn r1\n"),
         "raised immutable: vector-set!: #(1 2) is a constant"},
        {BODY(4, "constant r1 #(1 2)\nfixnum r2 0\nvector-set-i r1 1 r2\nreturn r1\n"),
         "raised immutable: vector-set!: #(1 2) is a constant"},
        {BODY(2, "constant r1 #(1 2)\nvector-length r1 r1\nreturn r1\n"), "2"},
        {BODY(2, "constant r1 5\nvector-length r1 r1\nreturn r1\n"),
         "raised wrong-type: vector-length: 5 is no vector"},
        {BINARY("bytes-ref", "#bytes\"az\"", "1"), "122"},
        {BINARY("bytes-ref", "#bytes\"az\"", "2"),
         "raised range: bytevector-u8-ref: 2 is no index of #<bytevector>, which has 2 elements"},
        {BODY(4, "constant r1 #bytes\"az\"\nfixnum r2 0\nbytes-set r1 r2 r2\nreturn r1\n"),
         "raised immutable: bytevector-u8-set!: #<bytevector> is a constant"},
        {BINARY("string-ref", "\"abc\"", "2"), "#\\c"},
        {BINARY("string-ref", "\"abc\"", "3"),
         "raised range: string-ref: 3 is no index of \"abc\", which has 3 elements"},
        {BINARY("string-ref", "abc", "3"), "raised wrong-type: string-ref: abc is no string"},
        {BODY(3, "constant r1 #f\nnot r1 r1\nreturn r1\n"), "#t"},
        {BODY(3, "constant r1 sym\nis r1 r1 symbol?\nreturn r1\n"), "#t"},
        {BODY(3, "constant r1 \"s\"\nis r1 r1 symbol?\nreturn r1\n"), "#f"},
        {BODY(3, "constant r1 2.5\nis r1 r1 number?\nreturn r1\n"), "#t"},
        {BODY(3, "closure r1 main\nis r1 r1 procedure?\nreturn r1\n"), "#t"},
    };
    CHECK_ALL(cases);
}

static void variables_live_in_registers_boxes_closures_and_cells(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {BODY(3, "fixnum r1 1\nbox r2 r1\nfixnum r1 9\nbox-set r2 r1\nbox-get r1 r2\nreturn r1\n"),
         "9"},
        {BODY(8, "fixnum r1 5\nbox r2 r1\nclosure r3 step r2 r1\nmove r4 r3\ncall r4 0\n"
                 "move r4 r3\ncall r4 0\nreturn r4\n") "procedure step\nregisters 3\ncaptures "
                                                       "2\nparameters 0\n"
                                                       "free-box-get r0 f0\nfree r1 f1\nadd r0 r0 "
                                                       "r1\nfree-box-set r0 f0\nreturn r0\n",
         "15"},
        {BODY(2, "global r1 nothing\nreturn r1\n"),
         "raised unbound: the variable nothing has no value"},
        {BODY(2, "fixnum r1 1\nglobal-set r1 nothing\nreturn r1\n"),
         "raised unbound: the variable nothing has no value"},
        {BODY(2, "fixnum r1 1\nglobal-define r1 g\nfixnum r1 2\nglobal-set r1 g\nglobal r0 g\n"
                 "return r0\n"),
         "2"},
        {BODY(2, "constant-wide r1 (a b)\nreturn r1\n"), "(a b)"},
        {BODY(2, "self r1\nis r1 r1 procedure?\nreturn r1\n"), "#t"},
        {BODY(2, "immediate r1 #<unset>\ncheck-set r1 x\nreturn r1\n"),
         "raised unbound: the variable x is used before it has a value"},
        {BODY(6, "immediate r1 #f\nclosure r2 me r1\nclosure-patch r2 0 r2\nmove r3 r2\n"
                 "fixnum r5 3\ncall r3 1\nreturn r3\n") "procedure me\nregisters 5\ncaptures "
                                                        "1\nparameters 1\n"
                                                        "jump-if-equal-i r0 0 end\nfree r1 "
                                                        "f0\nsub-i r3 r0 1\ntail-call r1 1\n"
                                                        "end:\nfixnum r0 77\nreturn r0\n",
         "77"},
    };
    CHECK_ALL(cases);
}

#define DEFINE(name) "closure r1 " #name "\nglobal-define r1 " #name "\n"

static const char fib[] = BODY(
    6,
    DEFINE(
        fib) "fixnum r4 20\ncall-global fib r2 1\nreturn r2\n") "procedure fib\nregisters "
                                                                "6\nparameters 1\n"
                                                                "jump-unless-less-i r0 2 "
                                                                "recurse\nreturn r0\n"
                                                                "recurse:\nsub-i r3 r0 "
                                                                "1\ncall-global fib r1 1\n"
                                                                "sub-i r4 r0 2\ncall-global fib r2 "
                                                                "1\nadd r1 r1 r2\nreturn r1\n";

static void procedures_call_each_other(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {fib, "6765"},
        {BODY(6, "call-global nothing r1 0\nreturn r1\n"),
         "raised unbound: the variable nothing has no value"},
        {BODY(6, "fixnum r1 5\ncall r1 0\nreturn r1\n"),
         "raised not-a-procedure: 5 is no procedure and was called"},
        {BODY(6,
              DEFINE(
                  two) "fixnum r4 1\ncall-global two r2 1\nreturn r2\n") "procedure two\nregisters "
                                                                         "3\nparameters 2\nreturn "
                                                                         "r0\n",
         "raised wrong-arity: two: expected 2 arguments, got 1"},
        {BODY(
             6,
             DEFINE(two) "fixnum r4 1\ntail-call-global two r2 1\n") "procedure two\nregisters "
                                                                     "3\nparameters 2\nreturn r0\n",
         "raised wrong-arity: two: expected 2 arguments, got 1"},
    };
    CHECK_ALL(cases);
}

#define ENTRIES                                                                                    \
    "procedure f\nregisters 6\nparameters 1 2 0\njump-if-default r2 no\nfixnum r1 33\nno:\n"       \
    "cons r0 r0 r1\nreturn r0\n"
#define REST "procedure f\nregisters 6\nparameters 1 1 1\ncons r1 r1 r2\ncons r0 r0 r1\nreturn r0\n"
#define CASES                                                                                      \
    "procedure f\nregisters 6\nparameters 0\nfixnum r0 100\nreturn r0\n"                           \
    "parameters 2\nadd r0 r0 r1\nreturn r0\nparameters 3 0 1\nreturn r3\n"
#define WITH_ARGUMENTS(count, procedure)                                                           \
    BODY(10, DEFINE(f) "fixnum r4 1\nfixnum r5 2\nfixnum r6 3\nfixnum r7 4\n"                      \
                       "call-global f r2 " #count "\nreturn r2\n")                                 \
    procedure

static void optional_rest_and_case_entries_take_their_arguments(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {WITH_ARGUMENTS(1, ENTRIES), "(1 . #<default>)"},
        {WITH_ARGUMENTS(2, ENTRIES), "(1 . 2)"},
        {WITH_ARGUMENTS(3, ENTRIES), "(1 . 33)"},
        {WITH_ARGUMENTS(4, ENTRIES), "raised wrong-arity: f: expected 1 to 3 arguments, got 4"},
        {WITH_ARGUMENTS(1, REST), "(1 #<default>)"},
        {WITH_ARGUMENTS(2, REST), "(1 2)"},
        {WITH_ARGUMENTS(4, REST), "(1 2 3 4)"},
        {WITH_ARGUMENTS(0, REST), "raised wrong-arity: f: expected at least 1 argument, got 0"},
        {WITH_ARGUMENTS(0, CASES), "100"},
        {WITH_ARGUMENTS(2, CASES), "3"},
        {WITH_ARGUMENTS(4, CASES), "(4)"},
        {WITH_ARGUMENTS(1, CASES), "raised wrong-arity: f: expected 0 arguments or 2 arguments or "
                                   "at least 3 arguments, got 1"},
    };
    CHECK_ALL(cases);
}

static void many_values_are_received_or_cut_to_one(void **state)
{
    (void)state;
#define MANY "procedure many\nregisters 4\nparameters 0\nfixnum r1 1\nfixnum r2 2\nfixnum r3 3\n"
    static const char *const cases[][2] = {
        {BODY(8, DEFINE(many) "call-global many r2 0\nreceive r2 3 0\ncons r2 r3 r4\nreturn r2\n")
             MANY "return-values r1 3\n",
         "(2 . 3)"},
        {BODY(8, DEFINE(many) "call-global many r2 0\nreceive r2 1 1\ncons r2 r2 r3\nreturn r2\n")
             MANY "return-values r1 3\n",
         "(1 2 3)"},
        {BODY(8, DEFINE(many) "call-global many r2 0\nreceive r2 0 1\nreturn r2\n") MANY
         "return-values r1 0\n",
         "()"},
        {BODY(8, DEFINE(many) "call-global many r2 0\nreceive r2 0 1\nreturn r2\n") MANY
         "return r2\n",
         "(2)"},
        {BODY(8, DEFINE(many) "call-global many r2 0\nreturn r2\n") MANY "return-values r2 2\n",
         "2"},
        {BODY(8, DEFINE(many) "call-global many r2 0\nreturn r2\n") MANY "return-values r2 0\n",
         "#<unspecific>"},
        {BODY(8, DEFINE(many) "call-global many r2 0\nreceive r2 2 0\nreturn r2\n") MANY
         "return-values r1 3\n",
         "raised wrong-arity: expected 2 values, got 3"},
        {BODY(8, DEFINE(many) "call-global many r2 0\nreceive r2 2 0\nreturn r2\n") MANY
         "return r1\n",
         "raised wrong-arity: expected 2 values, got 1"},
        {BODY(8, "fixnum r3 1\nfixnum r4 2\ncall-global values r1 2\nreceive r1 2 0\n"
                 "cons r1 r1 r2\nreturn r1\n"),
         "(1 . 2)"},
        {BODY(8, DEFINE(many) "move r4 r1\nglobal r5 cons\ncall-global call-with-values r2 2\n"
                              "return r2\n") MANY "return-values r1 2\n",
         "raised unbound: the variable cons has no value"},
        {BODY(8, DEFINE(many) "move r4 r1\nclosure r5 sum\ncall-global call-with-values r2 2\n"
                              "return r2\n") MANY
         "return-values r1 3\n"
         "procedure sum\nregisters 3\nparameters 3\nadd r0 r0 r1\nadd r0 r0 r2\nreturn r0\n",
         "6"},
    };
    CHECK_ALL(cases);
}

static void loops_and_tail_calls_take_no_stack(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {BODY(3, "fixnum r1 0\nconstant r2 " MANY_TIMES "\nagain:\nadd-i r1 r1 "
                 "1\njump-unless-less r1 r2 end\n"
                 "loop again\nend:\nreturn r1\n"),
         MANY_TIMES},
        {BODY(6, DEFINE(count) "constant r4 " MANY_TIMES "\ncall-global count r2 1\nreturn "
                               "r2\n") "procedure count\nregisters 4\nparameters "
                                       "1\njump-if-equal-i r0 0 end\nsub-i r3 r0 1\n"
                                       "tail-call-global count r1 1\nend:\nreturn r0\n",
         "0"},
    };
    CHECK_ALL(cases);
}

static void apply_spreads_short_and_long_lists(void **state)
{
    (void)state;
#define LIST_TO(n)                                                                                 \
    "immediate r1 ()\nfixnum r2 " #n "\nagain:\ncons r1 r2 r1\nsub-i r2 r2 1\n"                    \
    "jump-if-equal-i r2 0 end\nloop again\nend:\n"
    static const char *const cases[][2] = {
        {BODY(9, LIST_TO(3) "closure r5 f\nfixnum r6 0\nmove r7 r1\ncall-global apply r3 3\n"
                            "return r3\n") "procedure f\nregisters 4\nparameters 4\ncons r0 "
                                           "r0 r3\nreturn r0\n",
         "(0 . 3)"},
        {BODY(9, LIST_TO(1000) "closure r5 f\nfixnum r6 0\nmove r7 r1\ncall-global apply r3 3\n"
                               "return r3\n") "procedure f\nregisters 4\nparameters 1 0 1\ncar "
                                              "r0 r1\nreturn r0\n",
         "1"},
        {BODY(9, LIST_TO(1000) "global r5 values\nmove r6 r1\ncall-global apply r3 2\n"
                               "receive r3 1 1\ncar r3 r4\nreturn r3\n"),
         "2"},
        {BODY(9, LIST_TO(300) "closure r5 f\nmove r6 r1\ncall-global apply r3 2\nreturn "
                              "r3\n") "procedure f\nregisters 4\nparameters 1\nreturn r0\n",
         "raised wrong-arity: f: expected fewer arguments, got 200"},
        {BODY(9, "closure r5 main\nfixnum r6 1\ncall-global apply r3 2\nreturn r3\n"),
         "raised wrong-type: apply: the last argument is 1, expected a list"},
    };
    CHECK_ALL(cases);
}

static void a_builtin_checks_number_and_types_of_its_arguments(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {BODY(9, "call-global call/cc r1 0\nreturn r1\n"),
         "raised wrong-arity: call/cc: expected 1 argument, got 0"},
        {BODY(9, "fixnum r3 1\ncall-global call/cc r1 1\nreturn r1\n"),
         "raised wrong-type: call/cc: procedure is 1, expected a procedure"},
        {BODY(9, "constant r3 \"x\"\ncall-global condition-kind r1 1\nreturn r1\n"),
         "raised wrong-type: condition-kind: c is \"x\", expected a condition"},
    };
    CHECK_ALL(cases);
}

CP_TEST_MAIN(cmocka_unit_test(numbers_are_added_subtracted_and_multiplied),
             cmocka_unit_test(numbers_are_compared),
             cmocka_unit_test(conditional_jumps_are_taken_or_not),
             cmocka_unit_test(data_are_made_read_and_changed),
             cmocka_unit_test(variables_live_in_registers_boxes_closures_and_cells),
             cmocka_unit_test(procedures_call_each_other),
             cmocka_unit_test(optional_rest_and_case_entries_take_their_arguments),
             cmocka_unit_test(many_values_are_received_or_cut_to_one),
             cmocka_unit_test(loops_and_tail_calls_take_no_stack),
             cmocka_unit_test(apply_spreads_short_and_long_lists),
             cmocka_unit_test(a_builtin_checks_number_and_types_of_its_arguments))
