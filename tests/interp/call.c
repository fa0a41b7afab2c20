#include "tests/check.h"

#include "tests/interp/machine.h"

/* Programs are laid out by hand. */
/* clang-format off */

static const char fib[] = BODY(
    6,
    DEFINE(fib) "fixnum r4 20\ncall-global fib r2 1\nreturn r2\n")
        "procedure fib\nregisters 6\nparameters 1\njump-unless-less-i r0 2 recurse\n"
        "return r0\nrecurse:\nsub-i r3 r0 1\ncall-global fib r1 1\nsub-i r4 r0 2\n"
        "call-global fib r2 1\nadd r1 r1 r2\nreturn r1\n";

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

/* Run TEXT on machines whose first segments have 32, 1, 2 ... slots, so that segments grow at every
 * boundary, and expect RESULT and LOG of each. */
static void check(const char *text, const char *result, const char *log)
{
    for (uint32_t slots = 0; slots < CP_TEST_SCALE(24, 3); slots++) {
        cp_vm_options options = {.first_slots = slots};
        cp_test_machine m;
        cp_test_open(&m, 0, &options);
        assert_non_null(m.vm);
        cp_test_check(&m, text, result);
        assert_string_equal(m.log, log);
        cp_test_close(&m);
    }
}

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
              DEFINE(two) "fixnum r4 1\ncall-global two r2 1\nreturn r2\n")
        "procedure two\nregisters 3\nparameters 2\nreturn r0\n",
         "raised wrong-arity: two: expected 2 arguments, got 1"},
        {BODY(
             6,
             DEFINE(two) "fixnum r4 1\ntail-call-global two r2 1\n")
        "procedure two\nregisters 3\nparameters 2\nreturn r0\n",
         "raised wrong-arity: two: expected 2 arguments, got 1"},
    };
    CHECK_ALL(cases);
}

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
        {WITH_ARGUMENTS(1, CASES),
        "raised wrong-arity: f: expected 0 arguments or 2 arguments or at least 3 arguments, "
         "got 1"},
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
        {BODY(8, DEFINE(many) "call-global many r2 0\nreceive r2 0 1\nreturn r2\n")
        MANY "return-values r1 0\n",
         "()"},
        {BODY(8, DEFINE(many) "call-global many r2 0\nreceive r2 0 1\nreturn r2\n")
        MANY "return r2\n",
         "(2)"},
        {BODY(8, DEFINE(many) "call-global many r2 0\nreturn r2\n") MANY "return-values r2 2\n",
         "2"},
        {BODY(8, DEFINE(many) "call-global many r2 0\nreturn r2\n") MANY "return-values r2 0\n",
         "#<unspecific>"},
        {BODY(8, DEFINE(many) "call-global many r2 0\nreceive r2 2 0\nreturn r2\n")
        MANY "return-values r1 3\n",
         "raised wrong-arity: expected 2 values, got 3"},
        {BODY(8, DEFINE(many) "call-global many r2 0\nreceive r2 2 0\nreturn r2\n")
        MANY "return r1\n",
         "raised wrong-arity: expected 2 values, got 1"},
        {BODY(8,
        "fixnum r3 1\nfixnum r4 2\ncall-global values r1 2\nreceive r1 2 0\ncons r1 r1 r2\n"
        "return r1\n"),
         "(1 . 2)"},
        {BODY(8,
        DEFINE(many) "move r4 r1\nglobal r5 cons\ncall-global call-with-values r2 2\n"
        "return r2\n") MANY "return-values r1 2\n",
         "raised unbound: the variable cons has no value"},
        {BODY(8,
        DEFINE(many) "move r4 r1\nclosure r5 sum\ncall-global call-with-values r2 2\n"
        "return r2\n")
        MANY "return-values r1 3\nprocedure sum\nregisters 3\nparameters 3\nadd r0 r0 r1\n"
        "add r0 r0 r2\nreturn r0\n",
         "6"},
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
        {BODY(9, LIST_TO(3)
        "closure r5 f\nfixnum r6 0\nmove r7 r1\ncall-global apply r3 3\nreturn r3\n")
        "procedure f\nregisters 4\nparameters 4\ncons r0 r0 r3\nreturn r0\n",
         "(0 . 3)"},
        {BODY(9, LIST_TO(1000)
        "closure r5 f\nfixnum r6 0\nmove r7 r1\ncall-global apply r3 3\nreturn r3\n")
        "procedure f\nregisters 4\nparameters 1 0 1\ncar r0 r1\nreturn r0\n",
         "1"},
        {BODY(9, LIST_TO(1000)
        "global r5 values\nmove r6 r1\ncall-global apply r3 2\nreceive r3 1 1\ncar r3 r4\n"
        "return r3\n"),
         "2"},
        {BODY(9, LIST_TO(300)
        "closure r5 f\nmove r6 r1\ncall-global apply r3 2\nreturn r3\n")
        "procedure f\nregisters 4\nparameters 1\nreturn r0\n",
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

static void a_builtin_that_is_refused_memory_runs_once_more(void **state)
{
    (void)state;
    check(BODY(4, "call-global collect r0 0\nreturn r0\n"), "2", "");
    check(BODY(4, "call-global refused r0 0\nreturn r0\n"),
          "raised out-of-memory: memory was refused", "");
}

static void a_sliced_builtin_can_be_cut_between_slices(void **state)
{
    (void)state;
    cp_test_machine m;
    cp_test_open(&m, 0, NULL);
    cp_fiber *fiber = cp_test_fiber(
        &m, cp_test_load(&m, BODY(4, "fixnum r3 9\ncall-global slices r1 1\nreturn r1\n")));
    int cuts = 0;
    while (strcmp(cp_test_run(&m, fiber, CP_AGAIN_FUEL - 1), "cut") == 0)
        cuts++;
    assert_string_equal(m.text, "9");
    assert_int_equal(cuts, 10);
    cp_test_close(&m);
}

static void many_failing_handlers_do_not_nest_in_c(void **state)
{
    (void)state;
    /* 20,000 handlers that are builtins and fail at once. */
    cp_test_machine m;
    cp_test_open(&m, 0, NULL);
    cp_test_check(
        &m,
        BODY(
            6,
            DEFINE(nest) "fixnum r4 " CP_TEST_SCALE("20000", "100") "\n"
            "call-global nest r2 1\nreturn r2\n")
        "procedure nest\nregisters 8\nparameters 1\njump-if-equal-i r0 0 end\n"
        "global r3 condition-kind\nclosure r4 deeper r0\n"
        "call-global with-exception-handler r1 2\nreturn r1\nend:\nconstant r3 7\n"
        "call-global raise r1 1\nreturn r1\nprocedure deeper\nregisters 4\ncaptures 1\n"
        "parameters 0\nfree r2 f0\nsub-i r2 r2 1\ntail-call-global nest r0 1\n",
        "raised handler-returned: a handler returned from #<condition handler-returned>, "
          "which can not be continued");
    cp_test_close(&m);
}

/* clang-format on */
CP_TEST_MAIN(cmocka_unit_test(procedures_call_each_other),
             cmocka_unit_test(optional_rest_and_case_entries_take_their_arguments),
             cmocka_unit_test(many_values_are_received_or_cut_to_one),
             cmocka_unit_test(apply_spreads_short_and_long_lists),
             cmocka_unit_test(a_builtin_checks_number_and_types_of_its_arguments),
             cmocka_unit_test(a_builtin_that_is_refused_memory_runs_once_more),
             cmocka_unit_test(a_sliced_builtin_can_be_cut_between_slices),
             cmocka_unit_test(many_failing_handlers_do_not_nest_in_c))
