#include "tests/check.h"

#include "tests/interp/machine.h"

#define BODY(registers, code) "procedure main\nregisters " #registers "\nparameters 0\n" code
#define DEFINE(name) "closure r1 " #name "\nglobal-define r1 " #name "\n"
#define NOTE(name)                                                                                 \
    "procedure note-" #name "\nregisters 4\nparameters 0\nconstant r2 " #name                      \
    "\ntail-call-global note r0 1\n"

/* Run TEXT on machines whose first segments have 32, 1, 2 ... slots, so that segments grow at every
 * boundary, and expect RESULT and LOG of each. */
static void check(const char *text, const char *result, const char *log)
{
    for (uint32_t slots = 0; slots < 24; slots++) {
        cp_vm_options options = {.first_slots = slots};
        cp_test_machine m;
        cp_test_open(&m, 0, &options);
        assert_non_null(m.vm);
        cp_test_check(&m, text, result);
        assert_string_equal(m.log, log);
        cp_test_close(&m);
    }
}

/* ---- Continuations ------------------------------------------------------------------------- */

static void a_register_is_on_reentry_as_it_was_at_the_capture(void **state)
{
    (void)state;
    /* r1 is assigned after the capture: each re-entry finds 5 again. */
    check(BODY(8, "fixnum r1 5\nfixnum r2 0\nglobal-define r2 n\nclosure r5 keep\n"
                  "call-global call/cc r3 1\nadd-i r1 r1 1\nglobal r4 n\nadd-i r4 r4 1\n"
                  "global-define r4 n\njump-if-equal-i r4 4 end\nglobal r5 saved\nfixnum r7 0\n"
                  "call r5 1\nend:\nreturn r1\n") "procedure keep\nregisters 1\nparameters "
                                                  "1\nglobal-define r0 saved\nreturn r0\n",
          "6", "");
}

static void a_generator_switches_back_and_forth(void **state)
{
    (void)state;
    /* The producer walks 3, 2, 1 and gives each to the consumer, which sums them. */
    check(BODY(8, DEFINE(switch) DEFINE(yield) DEFINE(
                      producer) "global r1 producer\nglobal-define r1 resume\nfixnum r1 0\n"
                                "again:\nglobal r4 switch\ncall-global call/cc r2 1\n"
                                "jump-if-false r2 end\nadd r1 r1 r2\nloop again\nend:\nreturn "
                                "r1\n") "procedure switch\nregisters 4\nparameters "
                                        "1\nglobal-define r0 back\n"
                                        "fixnum r3 0\ntail-call-global resume r1 1\n"
                                        "procedure producer\nregisters 6\nparameters 1\nfixnum "
                                        "r0 3\n"
                                        "again:\njump-if-equal-i r0 0 end\nclosure r3 yield "
                                        "r0\ncall-global call/cc r1 1\n"
                                        "sub-i r0 r0 1\nloop again\n"
                                        "end:\nimmediate r3 #f\ntail-call-global back r1 1\n"
                                        "procedure yield\nregisters 4\ncaptures 1\nparameters "
                                        "1\nglobal-define r0 resume\n"
                                        "free r3 f0\ntail-call-global back r1 1\n",
          "6", "");
}

static const char ctak[] = BODY(
    8,
    DEFINE(ctak) DEFINE(
        aux) "fixnum r4 9\nfixnum r5 6\nfixnum r6 3\n"
             "call-global ctak r2 3\nreturn r2\n") "procedure ctak\nregisters 8\nparameters "
                                                   "3\nclosure r5 start r0 r1 r2\n"
                                                   "tail-call-global call/cc r3 1\n"
                                                   "procedure start\nregisters 8\ncaptures "
                                                   "3\nparameters 1\nmove r3 r0\nfree r4 f0\nfree "
                                                   "r5 f1\n"
                                                   "free r6 f2\ntail-call-global aux r1 4\n"
                                                   "procedure aux\nregisters 16\nparameters "
                                                   "4\njump-if-less r2 r1 go\nmove r4 r0\nmove r6 "
                                                   "r3\n"
                                                   "tail-call r4 1\n"
                                                   "go:\nclosure r7 a r1 r2 r3\ncall-global "
                                                   "call/cc r5 1\nclosure r8 b r1 r2 r3\n"
                                                   "call-global call/cc r6 1\nclosure r9 c r1 r2 "
                                                   "r3\ncall-global call/cc r7 1\nmove r13 r7\n"
                                                   "move r12 r6\nmove r11 r5\nmove r10 "
                                                   "r0\ntail-call-global aux r8 4\n"
                                                   "procedure a\nregisters 9\ncaptures "
                                                   "3\nparameters 1\nmove r3 r0\nfree r4 f0\nsub-i "
                                                   "r4 r4 1\n"
                                                   "free r5 f1\nfree r6 f2\ntail-call-global aux "
                                                   "r1 4\n"
                                                   "procedure b\nregisters 9\ncaptures "
                                                   "3\nparameters 1\nmove r3 r0\nfree r4 f1\nsub-i "
                                                   "r4 r4 1\n"
                                                   "free r5 f2\nfree r6 f0\ntail-call-global aux "
                                                   "r1 4\n"
                                                   "procedure c\nregisters 9\ncaptures "
                                                   "3\nparameters 1\nmove r3 r0\nfree r4 f2\nsub-i "
                                                   "r4 r4 1\n"
                                                   "free r5 f0\nfree r6 f1\ntail-call-global aux "
                                                   "r1 4\n";

static void tak_through_continuations_gives_what_tak_gives(void **state)
{
    (void)state;
    check(ctak, "6", "");
}

static void a_continuation_carries_any_number_of_values(void **state)
{
    (void)state;
    check(BODY(8, "closure r3 give\ncall-global call/cc r1 1\nreceive r1 2 1\ncons r1 r1 r2\n"
                  "cons r1 r3 r1\nreturn r1\n") "procedure give\nregisters 9\nparameters 1\nfixnum "
                                                "r3 1\nfixnum r4 2\nfixnum r5 3\n"
                                                "fixnum r6 4\nmove r1 r0\ntail-call r1 4\n",
          "((3 4) 1 . 2)", "");
    check(
        BODY(
            8,
            "closure r3 give\ncall-global call/cc r1 1\nreceive r1 0 1\nreturn r1\n") "procedure "
                                                                                      "give\nregist"
                                                                                      "ers "
                                                                                      "9\nparameter"
                                                                                      "s 1\nmove "
                                                                                      "r1 "
                                                                                      "r0\ntail-"
                                                                                      "call r1 0\n",
        "()", "");
}

/* ---- Winds --------------------------------------------------------------------------------- */

static void winds_run_at_every_exit_and_entry(void **state)
{
    (void)state;
    /* Two nested winds; the inner thunk is left by its end and entered twice more. */
    check(
        BODY(8,
             "fixnum r1 0\nglobal-define r1 n\nclosure r3 note-in\nclosure r4 inner\n"
             "closure r5 note-out\ncall-global dynamic-wind r1 3\nglobal r2 n\nadd-i r2 r2 1\n"
             "global-define r2 n\njump-if-equal-i r2 3 end\nmove r6 r2\nglobal r4 k\ncall r4 1\n"
             "end:\nreturn r1\n") "procedure inner\nregisters 8\nparameters 0\nclosure r3 "
                                  "note-IN\nclosure r4 body\n"
                                  "closure r5 note-OUT\ncall-global dynamic-wind r1 3\nreturn r1\n"
                                  "procedure body\nregisters 6\nparameters 0\nclosure r3 "
                                  "keep\ncall-global call/cc r1 1\n"
                                  "move r4 r1\ncall-global note r2 1\nreturn r1\n"
                                  "procedure keep\nregisters 2\nparameters 1\nglobal-define r0 "
                                  "k\nfixnum r1 0\nreturn r1\n" NOTE(in) NOTE(out) NOTE(IN)
                                      NOTE(OUT),
        "2", "in IN 0 OUT out in IN 1 OUT out in IN 2 OUT out");
}

static void jumping_between_winds_leaves_and_enters_only_what_differs(void **state)
{
    (void)state;
    /* From the second inner wind back into the first: the outer one stays in force. */
    check(
        BODY(
            8,
            "fixnum r1 0\nglobal-define r1 n\nclosure r3 note-in\nclosure r4 both\n"
            "closure r5 note-out\ncall-global dynamic-wind r1 3\nreturn r1\n") "procedure "
                                                                               "both\nregisters "
                                                                               "8\nparameters "
                                                                               "0\nclosure r3 "
                                                                               "note-a\nclosure r4 "
                                                                               "first\n"
                                                                               "closure r5 "
                                                                               "note-A\ncall-"
                                                                               "global "
                                                                               "dynamic-wind r1 "
                                                                               "3\nclosure r3 "
                                                                               "note-b\nclosure r4 "
                                                                               "second\n"
                                                                               "closure r5 "
                                                                               "note-B\ncall-"
                                                                               "global "
                                                                               "dynamic-wind r1 "
                                                                               "3\nreturn r1\n"
                                                                               "procedure "
                                                                               "first\nregisters "
                                                                               "6\nparameters "
                                                                               "0\nclosure r3 "
                                                                               "keep\ntail-call-"
                                                                               "global call/cc r1 "
                                                                               "1\n"
                                                                               "procedure "
                                                                               "keep\nregisters "
                                                                               "2\nparameters "
                                                                               "1\nglobal-define "
                                                                               "r0 k\nfixnum r1 "
                                                                               "0\nreturn r1\n"
                                                                               "procedure "
                                                                               "second\nregisters "
                                                                               "6\nparameters "
                                                                               "0\nglobal r0 "
                                                                               "n\nadd-i r1 r0 1\n"
                                                                               "global-define r1 "
                                                                               "n\njump-if-equal-i "
                                                                               "r0 1 end\nglobal "
                                                                               "r2 k\nfixnum r4 "
                                                                               "9\ntail-call r2 1\n"
                                                                               "end:\nfixnum r0 "
                                                                               "77\nreturn "
                                                                               "r0\n" NOTE(in) NOTE(
                                                                                   out) NOTE(a)
                                                                                   NOTE(A) NOTE(b)
                                                                                       NOTE(B),
        "77", "in a A b B a A b B out");
}

static void an_escape_from_an_after_thunk_leaves_the_outer_winds(void **state)
{
    (void)state;
    check(
        BODY(
            8,
            "closure r3 body\ncall-global call/ec r1 1\nreturn r1\n") "procedure body\nregisters "
                                                                      "8\nparameters "
                                                                      "1\nglobal-define r0 "
                                                                      "leave\nclosure r3 note-in\n"
                                                                      "closure r4 inner\nclosure "
                                                                      "r5 note-out\ncall-global "
                                                                      "dynamic-wind r1 3\nreturn "
                                                                      "r1\n"
                                                                      "procedure inner\nregisters "
                                                                      "8\nparameters 0\nclosure r3 "
                                                                      "note-IN\nclosure r4 note-x\n"
                                                                      "closure r5 "
                                                                      "leaving\ncall-global "
                                                                      "dynamic-wind r1 3\nreturn "
                                                                      "r1\n"
                                                                      "procedure "
                                                                      "leaving\nregisters "
                                                                      "6\nparameters 0\nconstant "
                                                                      "r3 going\ncall-global note "
                                                                      "r1 1\n"
                                                                      "constant r3 "
                                                                      "gone\ntail-call-global "
                                                                      "leave r1 1\n" NOTE(in)
                                                                          NOTE(out) NOTE(IN)
                                                                              NOTE(x),
        "gone", "in IN x going out");
}

static void a_wind_passes_on_all_values(void **state)
{
    (void)state;
    check(
        BODY(
            8,
            "closure r3 note-in\nclosure r4 many\nclosure r5 note-out\n"
            "call-global dynamic-wind r1 3\nreceive r1 2 0\ncons r1 r1 r2\nreturn r1\n") "procedure"
                                                                                         " many\nre"
                                                                                         "gisters "
                                                                                         "3\nparame"
                                                                                         "ters "
                                                                                         "0\nfixnum"
                                                                                         " r0 "
                                                                                         "1\nfixnum"
                                                                                         " r1 "
                                                                                         "2\nreturn"
                                                                                         "-values "
                                                                                         "r0 "
                                                                                         "2\n" NOTE(
                                                                                             in)
                                                                                             NOTE(
                                                                                                 out),
        "(1 . 2)", "in out");
}

/* ---- Prompts ------------------------------------------------------------------------------- */

/* Call `body` under the prompt tag t, whose handler gives (aborted value ...). */
#define PROMPT                                                                                     \
    "constant r3 t\nclosure r4 body\nclosure r5 aborted\ncall-global call-with-prompt r1 3\n"
#define ABORTED                                                                                    \
    "procedure aborted\nregisters 3\nparameters 0 0 1\nconstant r1 aborted\ncons r0 r1 r0\n"       \
    "return r0\n"

static void a_prompt_returns_or_is_aborted_to(void **state)
{
    (void)state;
    check(BODY(8, PROMPT "return r1\n") "procedure body\nregisters 1\nparameters 0\nfixnum r0 3\n"
                                        "return r0\n" ABORTED,
          "3", "");
    check(
        BODY(10,
             "fixnum r1 7\nconstant r5 t\nclosure r6 body\nclosure r7 aborted\n"
             "call-global call-with-prompt r3 3\ncons r1 r1 r3\nreturn r1\n") "procedure "
                                                                              "body\nregisters "
                                                                              "6\nparameters "
                                                                              "0\nclosure r3 "
                                                                              "deeper\ncall-global "
                                                                              "through r1 1\n"
                                                                              "return r1\n"
                                                                              "procedure "
                                                                              "deeper\nregisters "
                                                                              "6\nparameters "
                                                                              "0\nconstant r2 "
                                                                              "t\nfixnum r3 "
                                                                              "1\nfixnum r4 2\n"
                                                                              "call-global "
                                                                              "abort-to-prompt r0 "
                                                                              "3\nreturn "
                                                                              "r0\n" ABORTED,
        "(7 aborted 1 2)", "");
    check(BODY(8, "constant r3 u\ncall-global abort-to-prompt r1 1\nreturn r1\n"),
          "raised no-prompt: there is no prompt u below", "");
}

static void an_abort_runs_after_thunks_and_takes_the_innermost_prompt(void **state)
{
    (void)state;
    check(BODY(8, PROMPT
               "return r1\n") "procedure body\nregisters 8\nparameters 0\nconstant r3 t\nclosure "
                              "r4 wound\n"
                              "closure r5 aborted\ncall-global call-with-prompt r1 3\ncar r1 "
                              "r1\ncall-global list r0 0\n"
                              "return r0\n"
                              "procedure wound\nregisters 8\nparameters 0\nclosure r3 "
                              "note-in\nclosure r4 deeper\n"
                              "closure r5 note-out\ncall-global dynamic-wind r1 3\nreturn r1\n"
                              "procedure deeper\nregisters 6\nparameters 0\nconstant r2 t\n"
                              "call-global abort-to-prompt r0 1\nreturn r0\n" ABORTED NOTE(in)
                                  NOTE(out),
          "()", "in out");
}

static void a_composable_continuation_is_pushed_on_its_caller(void **state)
{
    (void)state;
    /* k adds 100 to what it is given; it is called twice, inside itself. */
    check(
        BODY(
            8, PROMPT
            "fixnum r4 1\ncall-global k r2 1\nmove r4 r2\ncall-global k r2 1\n"
            "cons r1 r1 r2\nreturn r1\n") "procedure body\nregisters 8\nparameters 0\nfixnum r0 "
                                          "100\nclosure r3 keep\n"
                                          "constant r4 t\ncall-global "
                                          "call-with-composable-continuation r1 2\nadd r0 r0 r1\n"
                                          "return r0\n"
                                          "procedure keep\nregisters 2\nparameters "
                                          "1\nglobal-define r0 k\nfixnum r1 5\nreturn r1\n" ABORTED,
        "(105 . 201)", "");
}

static void a_composable_continuation_brings_its_winds(void **state)
{
    (void)state;
    check(BODY(8, PROMPT
               "fixnum r4 1\ncall-global k r2 1\nreturn r2\n") "procedure body\nregisters "
                                                               "8\nparameters 0\nclosure r3 "
                                                               "note-in\nclosure r4 inner\n"
                                                               "closure r5 note-out\ncall-global "
                                                               "dynamic-wind r1 3\nadd-i r1 r1 "
                                                               "120\nreturn r1\n"
                                                               "procedure inner\nregisters "
                                                               "8\nparameters 0\nclosure r3 "
                                                               "note-IN\nclosure r4 deepest\n"
                                                               "closure r5 note-OUT\ncall-global "
                                                               "dynamic-wind r1 3\nadd-i r1 r1 "
                                                               "100\nreturn r1\n"
                                                               "procedure deepest\nregisters "
                                                               "8\nparameters 0\nclosure r3 keep\n"
                                                               "constant r4 t\ncall-global "
                                                               "call-with-composable-continuation "
                                                               "r1 2\nadd-i r1 r1 10\n"
                                                               "return r1\n"
                                                               "procedure keep\nregisters "
                                                               "6\nparameters 1\nglobal-define r0 "
                                                               "k\nconstant r3 t\n"
                                                               "call-global abort-to-prompt r1 "
                                                               "1\nreturn r1\n" ABORTED NOTE(in)
                                                                   NOTE(out) NOTE(IN) NOTE(OUT),
          "231", "in IN OUT out in IN OUT out");
}

static void an_escape_works_once_its_frame_has_been_copied(void **state)
{
    (void)state;
    /* call/cc inside the escape's extent shares its frames; the escape still finds its prompt. */
    check(
        BODY(8,
             "closure r3 body\ncall-global call/ec r1 1\nreturn r1\n") "procedure body\nregisters "
                                                                       "8\nparameters 1\nclosure "
                                                                       "r3 keep\ncall-global "
                                                                       "call/cc r1 1\n"
                                                                       "move r3 r1\nmove r1 "
                                                                       "r0\ncall r1 1\nfixnum r1 "
                                                                       "-1\nreturn r1\n"
                                                                       "procedure keep\nregisters "
                                                                       "2\nparameters 1\nfixnum r1 "
                                                                       "8\nreturn r1\n",
        "8", "");
    check(BODY(8, "closure r3 body\ncall-global call/ec r1 1\nfixnum r4 1\nmove r2 r1\ncall r2 1\n"
                  "return r2\n") "procedure body\nregisters 2\nparameters 1\nreturn r0\n",
          "raised no-prompt: the procedure to escape from has already returned", "");
}

/* ---- Handlers ------------------------------------------------------------------------------ */

static void a_handler_runs_where_it_was_raised_with_the_outer_handlers(void **state)
{
    (void)state;
    check(BODY(8,
               "closure r3 outer\nclosure r4 body\ncall-global with-exception-handler r1 2\n"
               "return r1\n") "procedure body\nregisters 8\nparameters 0\nclosure r3 "
                              "inner\nclosure r4 raising\n"
                              "call-global with-exception-handler r1 2\nadd-i r1 r1 1\nreturn r1\n"
                              "procedure raising\nregisters 6\nparameters 0\nfixnum r2 5\n"
                              "call-global raise-continuable r0 1\nmul-i r0 r0 2\nreturn r0\n"
                              "procedure inner\nregisters 6\nparameters 1\nmove r3 r0\ncall-global "
                              "note r1 1\n"
                              "add-i r3 r0 100\ncall-global raise-continuable r1 1\nreturn r1\n"
                              "procedure outer\nregisters 6\nparameters 1\nmove r3 r0\ncall-global "
                              "note r1 1\n"
                              "mul-i r0 r0 10\nreturn r0\n",
          "2101", "5 105");
}

static void returning_from_a_handler_of_raise_is_an_error_for_the_outer_one(void **state)
{
    (void)state;
    check(BODY(8, "closure r3 outer\nclosure r4 body\ncall-global with-exception-handler r1 2\n"
                  "return r1\n") "procedure body\nregisters 8\nparameters 0\nclosure r3 "
                                 "inner\nclosure r4 raising\n"
                                 "call-global with-exception-handler r1 2\nreturn r1\n"
                                 "procedure raising\nregisters 6\nparameters 0\nconstant r2 oops\n"
                                 "call-global raise r0 1\nreturn r0\n"
                                 "procedure inner\nregisters 6\nparameters 1\nmove r3 "
                                 "r0\ncall-global note r1 1\n"
                                 "return r0\n"
                                 "procedure outer\nregisters 6\nparameters 1\nmove r3 "
                                 "r0\ncall-global note r1 1\n"
                                 "return r0\n",
          "raised handler-returned: a handler returned from #<condition handler-returned>, which "
          "can not be continued",
          "oops #<condition handler-returned>");
}

static void an_error_carries_message_irritants_place_and_trace(void **state)
{
    (void)state;
    check(
        BODY(8,
             "closure r3 body\ncall-global call/ec r1 1\nreturn r1\n") "procedure body\nregisters "
                                                                       "8\nparameters 1\nclosure "
                                                                       "r3 handler r0\nclosure r4 "
                                                                       "wrong\n"
                                                                       "call-global "
                                                                       "with-exception-handler r1 "
                                                                       "2\nreturn r1\n"
                                                                       "procedure wrong\nfile "
                                                                       "\"x.scm\"\nregisters "
                                                                       "6\nparameters 0\nline 3 "
                                                                       "5\nconstant r2 \"no way\"\n"
                                                                       "fixnum r3 1\nfixnum r4 "
                                                                       "2\nline 4 7\ncall-global "
                                                                       "error r0 3\nline 9 "
                                                                       "9\nreturn r0\n"
                                                                       "procedure "
                                                                       "handler\nregisters "
                                                                       "12\ncaptures 1\nparameters "
                                                                       "1\n"
                                                                       "move r3 r0\ncall-global "
                                                                       "condition-message r1 1\n"
                                                                       "move r4 r0\ncall-global "
                                                                       "condition-irritants r2 1\n"
                                                                       "move r5 r0\ncall-global "
                                                                       "condition-place r3 1\n"
                                                                       "move r6 r0\ncall-global "
                                                                       "condition-trace r4 1\ncar "
                                                                       "r5 r4\ncdr r4 r4\ncar r4 "
                                                                       "r4\n"
                                                                       "cons r1 r1 r2\ncons r3 r3 "
                                                                       "r4\ncons r3 r3 r5\ncons r3 "
                                                                       "r1 r3\n"
                                                                       "free r1 f0\ncall r1 "
                                                                       "1\nreturn r1\n",
        "((\"no way\" 1 2) ((\"x.scm\" 4 . 7) wrong 4 . 7) error . #f)", "");
    check(BODY(6, "line 7 2\nfixnum r1 1\nline 8 3\ncar r1 r1\nline 9 1\nreturn r1\n"),
          "raised wrong-type: car: 1 is no pair", "");
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
            DEFINE(
                nest) "fixnum r4 20000\ncall-global nest r2 1\nreturn r2\n") "procedure "
                                                                             "nest\nregisters "
                                                                             "8\nparameters "
                                                                             "1\njump-if-equal-i "
                                                                             "r0 0 end\n"
                                                                             "global r3 "
                                                                             "condition-"
                                                                             "kind\nclosure r4 "
                                                                             "deeper r0\n"
                                                                             "call-global "
                                                                             "with-exception-"
                                                                             "handler r1 2\nreturn "
                                                                             "r1\n"
                                                                             "end:\nconstant r3 "
                                                                             "7\ncall-global raise "
                                                                             "r1 1\nreturn r1\n"
                                                                             "procedure "
                                                                             "deeper\nregisters "
                                                                             "4\ncaptures "
                                                                             "1\nparameters "
                                                                             "0\nfree r2 f0\n"
                                                                             "sub-i r2 r2 "
                                                                             "1\ntail-call-global "
                                                                             "nest r0 1\n",
        "raised handler-returned: a handler returned from #<condition handler-returned>, which "
        "can not be continued");
    cp_test_close(&m);
}

/* ---- Guards -------------------------------------------------------------------------------- */

/* (%guard body clauses) in main, which conses 7 to its value. */
#define GUARD                                                                                      \
    "fixnum r1 7\nclosure r4 body\nclosure r5 clauses\ncall-global %guard r2 2\ncons r1 r1 r2\n"   \
    "return r1\n"

static void a_guard_gives_the_value_or_what_its_clauses_give(void **state)
{
    (void)state;
    check(BODY(8, GUARD) "procedure body\nregisters 1\nparameters 0\nfixnum r0 3\nreturn r0\n"
                         "procedure clauses\nregisters 2\nparameters 2\nreturn r0\n",
          "(7 . 3)", "");
    check(
        BODY(
            8,
            GUARD) "procedure body\nregisters 8\nparameters 0\nclosure r3 note-in\nclosure r4 bad\n"
                   "closure r5 note-out\ncall-global dynamic-wind r1 3\nreturn r1\n"
                   "procedure bad\nregisters 4\nparameters 0\nconstant r2 oops\ncall-global raise "
                   "r0 1\n"
                   "return r0\n"
                   "procedure clauses\nregisters 6\nparameters 2\nmove r4 r0\ncall-global note r2 "
                   "1\n"
                   "cons r0 r0 r0\nreturn r0\n" NOTE(in) NOTE(out),
        "(7 oops . oops)", "in out oops");
    check(BODY(8, GUARD) "procedure body\nregisters 1\nparameters 0\nfixnum r0 3\ncar r0 r0\n"
                         "return r0\n"
                         "procedure clauses\nregisters 5\nparameters 2\nmove r3 r0\nmove r2 r0\n"
                         "move r4 r0\ncall-global condition-kind r2 1\nreturn r2\n",
          "(7 . wrong-type)", "");
}

static void a_guard_without_a_matching_clause_raises_again_at_the_place(void **state)
{
    (void)state;
    /* The outer handler sees the object inside the wind of the raise, and its value is the value of
     * raise-continuable there. */
    check(BODY(8,
               "closure r3 handler\nclosure r4 guarded\ncall-global with-exception-handler r1 2\n"
               "return r1\n") "procedure guarded\nregisters 8\nparameters 0\n" GUARD
                              "procedure body\nregisters 8\nparameters 0\nclosure r3 "
                              "note-in\nclosure r4 bad\n"
                              "closure r5 note-out\ncall-global dynamic-wind r1 3\nreturn r1\n"
                              "procedure bad\nregisters 4\nparameters 0\nfixnum r2 40\n"
                              "call-global raise-continuable r0 1\nadd-i r0 r0 1\nreturn r0\n"
                              "procedure clauses\nregisters 6\nparameters 2\nconstant r4 "
                              "none\ncall-global note r2 1\n"
                              "move r2 r1\ntail-call r2 0\n"
                              "procedure handler\nregisters 6\nparameters 1\nconstant r3 "
                              "seen\ncall-global note r1 1\n"
                              "add-i r0 r0 1\nreturn r0\n" NOTE(in) NOTE(out),
          "(7 . 42)", "in out none in seen out");
    check(
        BODY(8, GUARD) "procedure body\nregisters 4\nparameters 0\nconstant r2 oops\n"
                       "call-global raise r0 1\nreturn r0\n"
                       "procedure clauses\nregisters 4\nparameters 2\nmove r2 r1\ntail-call r2 0\n",
        "raised oops", "");
}

static void guards_nest(void **state)
{
    (void)state;
    check(
        BODY(
            8,
            GUARD) "procedure body\nregisters 8\nparameters 0\nclosure r4 inner\nclosure r5 again\n"
                   "call-global %guard r2 2\nreturn r2\n"
                   "procedure inner\nregisters 4\nparameters 0\nfixnum r2 1\ncall-global raise r0 "
                   "1\nreturn r0\n"
                   "procedure again\nregisters 5\nparameters 2\nadd-i r4 r0 1\ncall-global raise "
                   "r2 1\n"
                   "return r2\n"
                   "procedure clauses\nregisters 2\nparameters 2\nadd-i r0 r0 10\nreturn r0\n",
        "(7 . 12)", "");
}

/* ---- Parameters ---------------------------------------------------------------------------- */

static void a_parameter_has_its_value_inside_and_outside(void **state)
{
    (void)state;
    check(BODY(10, "fixnum r3 1\ncall-global make-parameter r1 1\nglobal-define r1 p\n"
                   "fixnum r2 2\ncons r5 r1 r2\nimmediate r6 ()\ncons r5 r5 r6\nclosure r6 body\n"
                   "call-global with-parameters r3 2\ncall-global p r4 0\ncons r3 r3 r4\nreturn "
                   "r3\n") "procedure body\nregisters 3\nparameters 0\ncall-global p r0 0\nreturn "
                           "r0\n",
          "(2 . 1)", "");
    check(BODY(10,
               "fixnum r3 1\ncall-global make-parameter r1 1\nfixnum r3 1\ncall r1 1\nreturn r1\n"),
          "raised wrong-arity: procedure: expected 0 arguments, got 1", "");
}

/* ---- Halting ------------------------------------------------------------------------------- */

/* Three winds around a parked call; the middle after-thunk is TEXT. */
static void check_halt(const char *text, uint16_t faults, const char *log)
{
    char code[4000];
    (void)snprintf(
        code, sizeof code,
        BODY(
            8,
            "closure r3 body\ncall-global call/ec r1 1\nreturn r1\n") "procedure body\nregisters "
                                                                      "8\nparameters "
                                                                      "1\nglobal-define r0 leave\n"
                                                                      "closure r3 five\nclosure r4 "
                                                                      "two\nclosure r5 note-outer\n"
                                                                      "call-global dynamic-wind r1 "
                                                                      "3\nreturn r1\n"
                                                                      "procedure two\nregisters "
                                                                      "8\nparameters 0\nclosure r3 "
                                                                      "five\nclosure r4 three\n"
                                                                      "closure r5 bad\ncall-global "
                                                                      "dynamic-wind r1 3\nreturn "
                                                                      "r1\n"
                                                                      "procedure three\nregisters "
                                                                      "8\nparameters 0\nclosure r3 "
                                                                      "five\nclosure r4 parks\n"
                                                                      "closure r5 "
                                                                      "note-inner\ncall-global "
                                                                      "dynamic-wind r1 3\nreturn "
                                                                      "r1\n"
                                                                      "procedure five\nregisters "
                                                                      "1\nparameters 0\nfixnum r0 "
                                                                      "5\nreturn r0\n"
                                                                      "procedure parks\nregisters "
                                                                      "4\nparameters 0\nfixnum r2 "
                                                                      "1\n"
                                                                      "call-global park r0 "
                                                                      "1\nreturn r0\n"
                                                                      "procedure bad\nregisters "
                                                                      "6\nparameters 0\n%s" NOTE(
                                                                          outer) NOTE(inner),
        text);
    cp_test_machine m;
    cp_test_open(&m, 0, NULL);
    cp_fiber *fiber = cp_test_fiber(&m, cp_test_load(&m, code));
    assert_string_equal(cp_test_run(&m, fiber, 1000), "parked 1");
    cp_vm_halt(m.vm, fiber);
    assert_int_equal(fiber->state, CP_FIBER_HALTED);
    assert_int_equal(fiber->halt_faults, faults);
    assert_string_equal(m.log, log);
    cp_vm_halt(m.vm, fiber); /* once is enough */
    assert_string_equal(m.log, log);
    assert_string_equal(cp_test_run(&m, fiber, 1000), "refused");
    cp_test_close(&m);
}

static void a_halt_always_ends(void **state)
{
    (void)state;
    check_halt("fixnum r0 1\nreturn r0\n", 0, "inner outer");
    check_halt("fixnum r2 1\ncall-global park r0 1\nreturn r0\n", 1, "inner outer");
    check_halt("fixnum r2 1\ncall-global leave r0 1\nreturn r0\n", 1, "inner outer");
    check_halt("fixnum r2 1\ncall-global raise r0 1\nreturn r0\n", 1, "inner outer");
    check_halt("again:\nloop again\n", 1, "inner outer");
    check_halt("fixnum r0 1\ncar r0 r0\nreturn r0\n", 1, "inner outer");
    check_halt("fixnum r2 1\ncall-global halt r0 1\nreturn r0\n", 0, "inner outer");
    /* What stays inside of the thunk is no escape. */
    check_halt("closure r2 stays\ncall-global call/ec r0 1\nmove r4 r0\ncall-global note r2 1\n"
               "return r0\nprocedure stays\nregisters 4\nparameters 1\nmove r1 r0\nfixnum r3 9\n"
               "call r1 1\nreturn r1\n",
               0, "inner 9 outer");
}

static void halting_a_fiber_that_never_ran_runs_nothing(void **state)
{
    (void)state;
    cp_test_machine m;
    cp_test_open(&m, 0, NULL);
    cp_fiber *fiber = cp_test_fiber(
        &m, cp_test_load(&m, BODY(3, "constant r2 x\ncall-global note r0 1\nreturn r0\n")));
    cp_vm_halt(m.vm, fiber);
    assert_int_equal(fiber->state, CP_FIBER_HALTED);
    assert_string_equal(m.log, "");
    cp_test_close(&m);
}

/* ---- Fibers and C -------------------------------------------------------------------------- */

static void a_parked_call_can_be_answered_with_a_condition(void **state)
{
    (void)state;
    cp_test_machine m;
    cp_test_open(&m, 0, NULL);
    cp_fiber *fiber = cp_test_fiber(
        &m, cp_test_load(&m, BODY(8, "closure r3 body\ncall-global call/ec r1 1\nreturn "
                                     "r1\n") "procedure body\nregisters 8\nparameters "
                                             "1\nclosure r4 parks\n"
                                             "move r3 r0\ncall-global "
                                             "with-exception-handler r1 2\nreturn r1\n"
                                             "procedure parks\nregisters 4\nparameters "
                                             "0\nfixnum r2 1\n"
                                             "call-global park r0 1\nadd-i r0 r0 "
                                             "1\nreturn r0\n"));
    assert_string_equal(cp_test_run(&m, fiber, 1000), "parked 1");
    assert_string_equal(cp_test_run(&m, fiber, 1000), "refused");
    cp_vm_wake_raising(m.vm, fiber, cp_make_fixnum(44));
    assert_string_equal(cp_test_run(&m, fiber, 1000), "44");
    cp_test_close(&m);
}

static void an_interrupt_is_a_condition_at_the_next_safepoint(void **state)
{
    (void)state;
    cp_test_machine m;
    cp_test_open(&m, 0, NULL);
    cp_vm_interrupt(m.vm);
    cp_test_check(&m, BODY(2, "again:\nloop again\n"),
                  "raised interrupted: the program was interrupted");
    cp_test_close(&m);
}

static void calls_from_c_nest_so_far_and_no_further(void **state)
{
    (void)state;
    cp_test_machine m;
    cp_test_open(&m, 0, NULL);
    cp_test_check(
        &m,
        BODY(8, "fixnum r1 0\nglobal-define r1 n\n" DEFINE(
                    nest) "move r3 r1\ncall-global callback r1 1\nreturn r1\n") "procedure "
                                                                                "nest\nregisters "
                                                                                "4\nparameters "
                                                                                "0\nglobal r0 "
                                                                                "n\nadd-i r0 r0 1\n"
                                                                                "global-define r0 "
                                                                                "n\nglobal r2 "
                                                                                "nest\ncall-global "
                                                                                "callback r0 "
                                                                                "1\nreturn r0\n",
        "raised too-deep: callback: calls from C are nested 64 deep");
    assert_int_equal(cp_to_fixnum(cp_global_ref(&m.vm->globals, "n")), 63);
    cp_test_check(
        &m,
        BODY(4,
             "closure r2 one\ncall-global callback r0 1\nreturn r0\n") "procedure one\nregisters "
                                                                       "1\nparameters 0\nfixnum r0 "
                                                                       "1\nreturn r0\n",
        "1");
    cp_test_close(&m);
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

/* ---- Depth --------------------------------------------------------------------------------- */

#define DEEP(depth)                                                                                \
    BODY(6, DEFINE(deep) "constant r4 " depth "\ncall-global deep r2 1\nreturn r2\n")              \
    "procedure deep\nregisters 5\nparameters 1\njump-if-equal-i r0 0 end\nsub-i r3 r0 1\n"         \
    "call-global deep r1 1\nadd-i r1 r1 1\nreturn r1\nend:\nreturn r0\n"

static void recursion_a_million_deep_works(void **state)
{
    (void)state;
    cp_test_machine m;
    cp_test_open(&m, 0, NULL);
#ifdef CP_GC_STRESS
    cp_test_check(&m, DEEP("3000"), "3000");
#else
    cp_test_check(&m, DEEP("1000000"), "1000000");
#endif
    cp_test_close(&m);
}

static void endless_recursion_ends_at_the_cap_with_a_condition(void **state)
{
    (void)state;
    cp_test_machine m;
    cp_vm_options options = {.heap = {.cap_bytes = 8 << 20}};
    cp_test_open(&m, 0, &options);
    static const char guarded[] = BODY(
        8,
        "closure r3 body\ncall-global call/ec r1 1\nreturn r1\n") "procedure body\nregisters "
                                                                  "8\nparameters 1\nclosure r3 "
                                                                  "handler r0\nclosure r4 endless\n"
                                                                  "call-global "
                                                                  "with-exception-handler r1 "
                                                                  "2\nreturn r1\n"
                                                                  "procedure handler\nregisters "
                                                                  "6\ncaptures 1\nparameters "
                                                                  "1\nmove r3 r0\n"
                                                                  "call-global condition-kind r1 "
                                                                  "1\nmove r3 r1\nfree r1 f0\ncall "
                                                                  "r1 1\nreturn r1\n"
                                                                  "procedure endless\nregisters "
                                                                  "5\nparameters 0\nclosure r1 "
                                                                  "endless\ncall r1 0\n"
                                                                  "add-i r1 r1 1\nreturn r1\n";
    for (int i = 0; i < 3; i++)
        cp_test_check(&m, guarded, "out-of-memory");
    cp_test_close(&m);
}

static void a_continuation_of_a_deep_stack_can_be_reentered(void **state)
{
    (void)state;
    /* At depth 0 the continuation is captured; it is entered twice more from the top. */
    static const char code[] =
        BODY(8,
             DEFINE(deep) "fixnum r1 0\nglobal-define r1 n\nconstant r4 3000\n"
                          "call-global deep r2 1\nglobal r3 n\nadd-i r3 r3 1\nglobal-define r3 n\n"
                          "jump-if-equal-i r3 3 end\nglobal r4 k\nmul-i r6 r3 100\ncall r4 1\n"
                          "end:\nreturn r2\n") "procedure deep\nregisters 5\nparameters "
                                               "1\njump-if-equal-i r0 0 end\nsub-i r3 r0 1\n"
                                               "call-global deep r1 1\nadd-i r1 r1 1\nreturn r1\n"
                                               "end:\nclosure r3 keep\ncall-global call/cc r1 "
                                               "1\nreturn r1\n"
                                               "procedure keep\nregisters 2\nparameters "
                                               "1\nglobal-define r0 k\nfixnum r1 0\nreturn r1\n";
    check(code, "3200", "");
}

/* ---- Refused memory ------------------------------------------------------------------------ */

/* Each program with the Nth request refused, for every N: it ends as it does with enough memory, or
 * with out-of-memory, and leaves no byte behind. */
static void refused_memory_is_a_condition_or_no_matter(void **state)
{
    (void)state;
    static const char *const programs[][2] = {
        {ctak, "6"},
        {DEEP("2000"), "2000"},
        {BODY(8, PROMPT
              "fixnum r4 1\ncall-global k r2 1\nmove r4 r2\ncall-global k r2 1\n"
              "cons r1 r1 r2\nreturn r1\n") "procedure body\nregisters 8\nparameters 0\nfixnum r0 "
                                            "100\nclosure r3 keep\n"
                                            "constant r4 t\ncall-global "
                                            "call-with-composable-continuation r1 2\nadd r0 r0 r1\n"
                                            "return r0\n"
                                            "procedure keep\nregisters 2\nparameters "
                                            "1\nglobal-define r0 k\nfixnum r1 5\nreturn "
                                            "r1\n" ABORTED,
         "(105 . 201)"},
    };
    for (size_t p = 0; p < CP_COUNT_OF(programs); p++) {
        for (uint64_t n = 1;; n++) {
            cp_test_machine m;
            cp_test_open(&m, n, NULL);
            const char *result = "refused";
            if (m.vm != NULL)
                result = cp_test_eval(&m, programs[p][0]);
            bool is_fine = strcmp(result, programs[p][1]) == 0 || strcmp(result, "refused") == 0 ||
                           strstr(result, "raised out-of-memory") == result;
            if (!is_fine)
                fail_msg("program %zu, request %llu: %s", p, (unsigned long long)n, result);
            bool is_last = m.fault.refused == 0;
            cp_test_close(&m);
            if (is_last)
                break;
        }
    }
}

static void a_small_heap_changes_no_result(void **state)
{
    (void)state;
    /* Young collections after every few kilobytes. */
    cp_vm_options options = {.heap = {.young_bytes = 4096}};
    cp_test_machine m;
    cp_test_open(&m, 0, &options);
    cp_test_check(&m, ctak, "6");
    cp_test_check(&m, DEEP("20000"), "20000");
    assert_true(cp_heap_stats(m.vm->heap).young_count > 0);
    cp_test_close(&m);
}

/* ---- Memory of fibers ---------------------------------------------------------------------- */

static void a_parked_fiber_takes_at_most_800_bytes(void **state)
{
    (void)state;
#ifdef CP_GC_STRESS
    enum { COUNT = 10 };
#else
    enum { COUNT = 100000 };
#endif
    cp_test_machine m;
    cp_test_open(&m, 0, NULL);
    /* Three deep, frames of eight slots, live locals in each. */
    cp_value procedure = cp_test_load(
        &m, BODY(8, DEFINE(a) DEFINE(b) "fixnum r1 1\ncall-global a r2 0\nadd r1 r1 r2\nreturn "
                                        "r1\n") "procedure a\nregisters 8\nparameters 0\nfixnum r0 "
                                                "2\ncall-global b r1 0\nadd r0 r0 r1\n"
                                                "return r0\n"
                                                "procedure b\nregisters 8\nparameters 0\nfixnum r0 "
                                                "3\nfixnum r3 4\n"
                                                "call-global park r1 1\nadd r0 r0 r1\nreturn r0\n");
    cp_value fibers = cp_make_vector(m.vm->heap, COUNT, CP_FALSE);
    assert_true(cp_is_vector(fibers));
    m.held = cp_cons(m.vm->heap, fibers, m.held);
    cp_collect_full(m.vm->heap);
    size_t before = m.fault.live_bytes;
    for (uint32_t i = 0; i < COUNT; i++) {
        cp_value fiber = cp_vm_fiber(m.vm, procedure, 0, NULL);
        assert_true(cp_is_object(fiber));
        cp_vector_set(m.vm->heap, fibers, i, fiber);
        assert_string_equal(cp_test_run(&m, cp_to_fiber(fiber), 1000), "parked 4");
        cp_safepoint(m.vm->heap);
    }
    cp_collect_full(m.vm->heap);
    size_t bytes = (m.fault.live_bytes - before) / COUNT;
    if (COUNT >= 100000)
        assert_in_range(bytes, 200, 800);
    print_message("a parked fiber takes %zu bytes\n", bytes);
    for (uint32_t i = 0; i < COUNT; i++) {
        cp_fiber *fiber = cp_to_fiber(cp_vector_ref(fibers, i));
        cp_vm_wake(m.vm, fiber, cp_make_fixnum(10));
        assert_string_equal(cp_test_run(&m, fiber, 1000), "16");
    }
    cp_test_close(&m);
}

CP_TEST_MAIN(cmocka_unit_test(a_register_is_on_reentry_as_it_was_at_the_capture),
             cmocka_unit_test(a_generator_switches_back_and_forth),
             cmocka_unit_test(tak_through_continuations_gives_what_tak_gives),
             cmocka_unit_test(a_continuation_carries_any_number_of_values),
             cmocka_unit_test(winds_run_at_every_exit_and_entry),
             cmocka_unit_test(jumping_between_winds_leaves_and_enters_only_what_differs),
             cmocka_unit_test(an_escape_from_an_after_thunk_leaves_the_outer_winds),
             cmocka_unit_test(a_wind_passes_on_all_values),
             cmocka_unit_test(a_prompt_returns_or_is_aborted_to),
             cmocka_unit_test(an_abort_runs_after_thunks_and_takes_the_innermost_prompt),
             cmocka_unit_test(a_composable_continuation_is_pushed_on_its_caller),
             cmocka_unit_test(a_composable_continuation_brings_its_winds),
             cmocka_unit_test(an_escape_works_once_its_frame_has_been_copied),
             cmocka_unit_test(a_handler_runs_where_it_was_raised_with_the_outer_handlers),
             cmocka_unit_test(returning_from_a_handler_of_raise_is_an_error_for_the_outer_one),
             cmocka_unit_test(an_error_carries_message_irritants_place_and_trace),
             cmocka_unit_test(many_failing_handlers_do_not_nest_in_c),
             cmocka_unit_test(a_guard_gives_the_value_or_what_its_clauses_give),
             cmocka_unit_test(a_guard_without_a_matching_clause_raises_again_at_the_place),
             cmocka_unit_test(guards_nest),
             cmocka_unit_test(a_parameter_has_its_value_inside_and_outside),
             cmocka_unit_test(a_halt_always_ends),
             cmocka_unit_test(halting_a_fiber_that_never_ran_runs_nothing),
             cmocka_unit_test(a_parked_call_can_be_answered_with_a_condition),
             cmocka_unit_test(an_interrupt_is_a_condition_at_the_next_safepoint),
             cmocka_unit_test(calls_from_c_nest_so_far_and_no_further),
             cmocka_unit_test(a_builtin_that_is_refused_memory_runs_once_more),
             cmocka_unit_test(a_sliced_builtin_can_be_cut_between_slices),
             cmocka_unit_test(recursion_a_million_deep_works),
             cmocka_unit_test(endless_recursion_ends_at_the_cap_with_a_condition),
             cmocka_unit_test(a_continuation_of_a_deep_stack_can_be_reentered),
             cmocka_unit_test(refused_memory_is_a_condition_or_no_matter),
             cmocka_unit_test(a_small_heap_changes_no_result),
             cmocka_unit_test(a_parked_fiber_takes_at_most_800_bytes))
