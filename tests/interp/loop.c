#include "tests/check.h"

#include "tests/interp/machine.h"

/* Programs are laid out by hand. */
/* clang-format off */

#ifdef CP_GC_STRESS
#define MANY_TIMES "3000"
#else
#define MANY_TIMES "10000000"
#endif

/* r1 = X op Y */
#define BINARY(op, x, y)                                                                           \
    BODY(3, "constant r1 " x "\nconstant r2 " y "\n" op " r1 r1 r2\nreturn r1\n")
#define IMMEDIATE(op, x, i) BODY(2, "constant r1 " x "\n" op " r1 r1 " i "\nreturn r1\n")

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
        {BODY(8,
        "fixnum r1 5\nbox r2 r1\nclosure r3 step r2 r1\nmove r4 r3\ncall r4 0\nmove r4 r3\n"
        "call r4 0\nreturn r4\n")
        "procedure step\nregisters 3\ncaptures 2\nparameters 0\nfree-box-get r0 f0\n"
        "free r1 f1\nadd r0 r0 r1\nfree-box-set r0 f0\nreturn r0\n",
         "15"},
        {BODY(2, "global r1 nothing\nreturn r1\n"),
         "raised unbound: the variable nothing has no value"},
        {BODY(2, "fixnum r1 1\nglobal-set r1 nothing\nreturn r1\n"),
         "raised unbound: the variable nothing has no value"},
        {BODY(2,
        "fixnum r1 1\nglobal-define r1 g\nfixnum r1 2\nglobal-set r1 g\nglobal r0 g\n"
        "return r0\n"),
         "2"},
        {BODY(2, "constant-wide r1 (a b)\nreturn r1\n"), "(a b)"},
        {BODY(2, "self r1\nis r1 r1 procedure?\nreturn r1\n"), "#t"},
        {BODY(2, "immediate r1 #<unset>\ncheck-set r1 x\nreturn r1\n"),
         "raised unbound: the variable x is used before it has a value"},
        {BODY(6,
        "immediate r1 #f\nclosure r2 me r1\nclosure-patch r2 0 r2\nmove r3 r2\nfixnum r5 3\n"
        "call r3 1\nreturn r3\n")
        "procedure me\nregisters 5\ncaptures 1\nparameters 1\njump-if-equal-i r0 0 end\n"
        "free r1 f0\nsub-i r3 r0 1\ntail-call r1 1\nend:\nfixnum r0 77\nreturn r0\n",
         "77"},
    };
    CHECK_ALL(cases);
}

static void loops_and_tail_calls_take_no_stack(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {BODY(3,
        "fixnum r1 0\nconstant r2 " MANY_TIMES "\nagain:\nadd-i r1 r1 1\n"
        "jump-unless-less r1 r2 end\nloop again\nend:\nreturn r1\n"),
         MANY_TIMES},
        {BODY(6,
        DEFINE(count) "constant r4 " MANY_TIMES "\ncall-global count r2 1\nreturn r2\n")
        "procedure count\nregisters 4\nparameters 1\njump-if-equal-i r0 0 end\n"
        "sub-i r3 r0 1\ntail-call-global count r1 1\nend:\nreturn r0\n",
         "0"},
    };
    CHECK_ALL(cases);
}

/* clang-format on */
CP_TEST_MAIN(cmocka_unit_test(conditional_jumps_are_taken_or_not),
             cmocka_unit_test(data_are_made_read_and_changed),
             cmocka_unit_test(variables_live_in_registers_boxes_closures_and_cells),
             cmocka_unit_test(loops_and_tail_calls_take_no_stack))
