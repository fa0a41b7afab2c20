#include "tests/check.h"

#include "tests/interp/machine.h"

/* Programs are laid out by hand. */
/* clang-format off */

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

/* ---- Continuations ------------------------------------------------------------------------- */

static void a_register_is_on_reentry_as_it_was_at_the_capture(void **state)
{
    (void)state;
    /* r1 is assigned after the capture: each re-entry finds 5 again. */
    check(BODY(8,
        "fixnum r1 5\nfixnum r2 0\nglobal-define r2 n\nclosure r5 keep\n"
        "call-global call/cc r3 1\nadd-i r1 r1 1\nglobal r4 n\nadd-i r4 r4 1\n"
        "global-define r4 n\njump-if-equal-i r4 4 end\nglobal r5 saved\nfixnum r7 0\n"
        "call r5 1\nend:\nreturn r1\n")
        "procedure keep\nregisters 1\nparameters 1\nglobal-define r0 saved\nreturn r0\n",
          "6", "");
}

static void a_generator_switches_back_and_forth(void **state)
{
    (void)state;
    /* The producer walks 3, 2, 1 and gives each to the consumer, which sums them. */
    check(BODY(8,
        DEFINE(switch) DEFINE(yield) DEFINE(producer) "global r1 producer\n"
        "global-define r1 resume\nfixnum r1 0\nagain:\nglobal r4 switch\n"
        "call-global call/cc r2 1\njump-if-false r2 end\nadd r1 r1 r2\nloop again\nend:\n"
        "return r1\n")
        "procedure switch\nregisters 4\nparameters 1\nglobal-define r0 back\nfixnum r3 0\n"
        "tail-call-global resume r1 1\nprocedure producer\nregisters 6\nparameters 1\n"
        "fixnum r0 3\nagain:\njump-if-equal-i r0 0 end\nclosure r3 yield r0\n"
        "call-global call/cc r1 1\nsub-i r0 r0 1\nloop again\nend:\nimmediate r3 #f\n"
        "tail-call-global back r1 1\nprocedure yield\nregisters 4\ncaptures 1\nparameters 1\n"
        "global-define r0 resume\nfree r3 f0\ntail-call-global back r1 1\n",
          "6", "");
}

static const char ctak[] = BODY(
    8,
    DEFINE(ctak) DEFINE(aux) "fixnum r4 9\nfixnum r5 6\nfixnum r6 3\n"
        "call-global ctak r2 3\nreturn r2\n")
        "procedure ctak\nregisters 8\nparameters 3\nclosure r5 start r0 r1 r2\n"
        "tail-call-global call/cc r3 1\nprocedure start\nregisters 8\ncaptures 3\n"
        "parameters 1\nmove r3 r0\nfree r4 f0\nfree r5 f1\nfree r6 f2\n"
        "tail-call-global aux r1 4\nprocedure aux\nregisters 16\nparameters 4\n"
        "jump-if-less r2 r1 go\nmove r4 r0\nmove r6 r3\ntail-call r4 1\ngo:\n"
        "closure r7 a r1 r2 r3\ncall-global call/cc r5 1\nclosure r8 b r1 r2 r3\n"
        "call-global call/cc r6 1\nclosure r9 c r1 r2 r3\ncall-global call/cc r7 1\n"
        "move r13 r7\nmove r12 r6\nmove r11 r5\nmove r10 r0\ntail-call-global aux r8 4\n"
        "procedure a\nregisters 9\ncaptures 3\nparameters 1\nmove r3 r0\nfree r4 f0\n"
        "sub-i r4 r4 1\nfree r5 f1\nfree r6 f2\ntail-call-global aux r1 4\nprocedure b\n"
        "registers 9\ncaptures 3\nparameters 1\nmove r3 r0\nfree r4 f1\nsub-i r4 r4 1\n"
        "free r5 f2\nfree r6 f0\ntail-call-global aux r1 4\nprocedure c\nregisters 9\n"
        "captures 3\nparameters 1\nmove r3 r0\nfree r4 f2\nsub-i r4 r4 1\nfree r5 f0\n"
        "free r6 f1\ntail-call-global aux r1 4\n";

static void tak_through_continuations_gives_what_tak_gives(void **state)
{
    (void)state;
    check(ctak, "6", "");
}

static void a_continuation_carries_any_number_of_values(void **state)
{
    (void)state;
    check(BODY(8,
        "closure r3 give\ncall-global call/cc r1 1\nreceive r1 2 1\ncons r1 r1 r2\n"
        "cons r1 r3 r1\nreturn r1\n")
        "procedure give\nregisters 9\nparameters 1\nfixnum r3 1\nfixnum r4 2\nfixnum r5 3\n"
        "fixnum r6 4\nmove r1 r0\ntail-call r1 4\n",
          "((3 4) 1 . 2)", "");
    check(
        BODY(
            8,
            "closure r3 give\ncall-global call/cc r1 1\nreceive r1 0 1\nreturn r1\n")
        "procedure give\nregisters 9\nparameters 1\nmove r1 r0\ntail-call r1 0\n",
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
        "end:\nreturn r1\n")
        "procedure inner\nregisters 8\nparameters 0\nclosure r3 note-IN\nclosure r4 body\n"
        "closure r5 note-OUT\ncall-global dynamic-wind r1 3\nreturn r1\nprocedure body\n"
        "registers 6\nparameters 0\nclosure r3 keep\ncall-global call/cc r1 1\nmove r4 r1\n"
        "call-global note r2 1\nreturn r1\nprocedure keep\nregisters 2\nparameters 1\n"
        "global-define r0 k\nfixnum r1 0\nreturn r1\n" NOTE(in) NOTE(out) NOTE(IN) NOTE(OUT),
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
        "closure r5 note-out\ncall-global dynamic-wind r1 3\nreturn r1\n")
        "procedure both\nregisters 8\nparameters 0\nclosure r3 note-a\nclosure r4 first\n"
        "closure r5 note-A\ncall-global dynamic-wind r1 3\nclosure r3 note-b\n"
        "closure r4 second\nclosure r5 note-B\ncall-global dynamic-wind r1 3\nreturn r1\n"
        "procedure first\nregisters 6\nparameters 0\nclosure r3 keep\n"
        "tail-call-global call/cc r1 1\nprocedure keep\nregisters 2\nparameters 1\n"
        "global-define r0 k\nfixnum r1 0\nreturn r1\nprocedure second\nregisters 6\n"
        "parameters 0\nglobal r0 n\nadd-i r1 r0 1\nglobal-define r1 n\n"
        "jump-if-equal-i r0 1 end\nglobal r2 k\nfixnum r4 9\ntail-call r2 1\nend:\n"
        "fixnum r0 77\nreturn r0\n" NOTE(in) NOTE(out) NOTE(a) NOTE(A) NOTE(b) NOTE(B),
        "77", "in a A b B a A b B out");
}

static void an_escape_from_an_after_thunk_leaves_the_outer_winds(void **state)
{
    (void)state;
    check(
        BODY(
            8,
            "closure r3 body\ncall-global call/ec r1 1\nreturn r1\n")
        "procedure body\nregisters 8\nparameters 1\nglobal-define r0 leave\n"
        "closure r3 note-in\nclosure r4 inner\nclosure r5 note-out\n"
        "call-global dynamic-wind r1 3\nreturn r1\nprocedure inner\nregisters 8\n"
        "parameters 0\nclosure r3 note-IN\nclosure r4 note-x\nclosure r5 leaving\n"
        "call-global dynamic-wind r1 3\nreturn r1\nprocedure leaving\nregisters 6\n"
        "parameters 0\nconstant r3 going\ncall-global note r1 1\nconstant r3 gone\n"
        "tail-call-global leave r1 1\n" NOTE(in) NOTE(out) NOTE(IN) NOTE(x),
        "gone", "in IN x going out");
}

static void a_wind_passes_on_all_values(void **state)
{
    (void)state;
    check(
        BODY(
            8,
            "closure r3 note-in\nclosure r4 many\nclosure r5 note-out\n"
        "call-global dynamic-wind r1 3\nreceive r1 2 0\ncons r1 r1 r2\nreturn r1\n")
        "procedure many\nregisters 3\nparameters 0\nfixnum r0 1\nfixnum r1 2\n"
        "return-values r0 2\n" NOTE(in) NOTE(out),
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
    check(BODY(8, PROMPT "return r1\n")
        "procedure body\nregisters 1\nparameters 0\nfixnum r0 3\nreturn r0\n" ABORTED,
          "3", "");
    check(
        BODY(10,
             "fixnum r1 7\nconstant r5 t\nclosure r6 body\nclosure r7 aborted\n"
        "call-global call-with-prompt r3 3\ncons r1 r1 r3\nreturn r1\n")
        "procedure body\nregisters 6\nparameters 0\nclosure r3 deeper\n"
        "call-global through r1 1\nreturn r1\nprocedure deeper\nregisters 6\nparameters 0\n"
        "constant r2 t\nfixnum r3 1\nfixnum r4 2\ncall-global abort-to-prompt r0 3\n"
        "return r0\n" ABORTED,
        "(7 aborted 1 2)", "");
    check(BODY(8, "constant r3 u\ncall-global abort-to-prompt r1 1\nreturn r1\n"),
          "raised no-prompt: there is no prompt u below", "");
}

static void an_abort_runs_after_thunks_and_takes_the_innermost_prompt(void **state)
{
    (void)state;
    check(BODY(8,
        PROMPT "return r1\n")
        "procedure body\nregisters 8\nparameters 0\nconstant r3 t\nclosure r4 wound\n"
        "closure r5 aborted\ncall-global call-with-prompt r1 3\ncar r1 r1\n"
        "call-global list r0 0\nreturn r0\nprocedure wound\nregisters 8\nparameters 0\n"
        "closure r3 note-in\nclosure r4 deeper\nclosure r5 note-out\n"
        "call-global dynamic-wind r1 3\nreturn r1\nprocedure deeper\nregisters 6\n"
        "parameters 0\nconstant r2 t\ncall-global abort-to-prompt r0 1\nreturn r0\n" ABORTED
        NOTE(in) NOTE(out),
          "()", "in out");
}

static void a_composable_continuation_is_pushed_on_its_caller(void **state)
{
    (void)state;
    /* k adds 100 to what it is given; it is called twice, inside itself. */
    check(
        BODY(
            8,
        PROMPT "fixnum r4 1\ncall-global k r2 1\nmove r4 r2\ncall-global k r2 1\n"
        "cons r1 r1 r2\nreturn r1\n")
        "procedure body\nregisters 8\nparameters 0\nfixnum r0 100\nclosure r3 keep\n"
        "constant r4 t\ncall-global call-with-composable-continuation r1 2\nadd r0 r0 r1\n"
        "return r0\nprocedure keep\nregisters 2\nparameters 1\nglobal-define r0 k\n"
        "fixnum r1 5\nreturn r1\n" ABORTED,
        "(105 . 201)", "");
}

static void a_composable_continuation_brings_its_winds(void **state)
{
    (void)state;
    check(BODY(8,
        PROMPT "fixnum r4 1\ncall-global k r2 1\nreturn r2\n")
        "procedure body\nregisters 8\nparameters 0\nclosure r3 note-in\nclosure r4 inner\n"
        "closure r5 note-out\ncall-global dynamic-wind r1 3\nadd-i r1 r1 120\nreturn r1\n"
        "procedure inner\nregisters 8\nparameters 0\nclosure r3 note-IN\nclosure r4 deepest\n"
        "closure r5 note-OUT\ncall-global dynamic-wind r1 3\nadd-i r1 r1 100\nreturn r1\n"
        "procedure deepest\nregisters 8\nparameters 0\nclosure r3 keep\nconstant r4 t\n"
        "call-global call-with-composable-continuation r1 2\nadd-i r1 r1 10\nreturn r1\n"
        "procedure keep\nregisters 6\nparameters 1\nglobal-define r0 k\nconstant r3 t\n"
        "call-global abort-to-prompt r1 1\nreturn r1\n" ABORTED NOTE(in) NOTE(out) NOTE(IN)
        NOTE(OUT),
          "231", "in IN OUT out in IN OUT out");
}

static void an_escape_works_once_its_frame_has_been_copied(void **state)
{
    (void)state;
    /* call/cc inside the escape's extent shares its frames; the escape still finds its prompt. */
    check(
        BODY(8,
             "closure r3 body\ncall-global call/ec r1 1\nreturn r1\n")
        "procedure body\nregisters 8\nparameters 1\nclosure r3 keep\n"
        "call-global call/cc r1 1\nmove r3 r1\nmove r1 r0\ncall r1 1\nfixnum r1 -1\n"
        "return r1\nprocedure keep\nregisters 2\nparameters 1\nfixnum r1 8\nreturn r1\n",
        "8", "");
    check(BODY(8,
        "closure r3 body\ncall-global call/ec r1 1\nfixnum r4 1\nmove r2 r1\ncall r2 1\n"
        "return r2\n") "procedure body\nregisters 2\nparameters 1\nreturn r0\n",
          "raised no-prompt: the procedure to escape from has already returned", "");
}

/* ---- Handlers ------------------------------------------------------------------------------ */

static void a_handler_runs_where_it_was_raised_with_the_outer_handlers(void **state)
{
    (void)state;
    check(BODY(8,
               "closure r3 outer\nclosure r4 body\ncall-global with-exception-handler r1 2\n"
        "return r1\n")
        "procedure body\nregisters 8\nparameters 0\nclosure r3 inner\nclosure r4 raising\n"
        "call-global with-exception-handler r1 2\nadd-i r1 r1 1\nreturn r1\n"
        "procedure raising\nregisters 6\nparameters 0\nfixnum r2 5\n"
        "call-global raise-continuable r0 1\nmul-i r0 r0 2\nreturn r0\nprocedure inner\n"
        "registers 6\nparameters 1\nmove r3 r0\ncall-global note r1 1\nadd-i r3 r0 100\n"
        "call-global raise-continuable r1 1\nreturn r1\nprocedure outer\nregisters 6\n"
        "parameters 1\nmove r3 r0\ncall-global note r1 1\nmul-i r0 r0 10\nreturn r0\n",
          "2101", "5 105");
}

static void returning_from_a_handler_of_raise_is_an_error_for_the_outer_one(void **state)
{
    (void)state;
    check(BODY(8,
        "closure r3 outer\nclosure r4 body\ncall-global with-exception-handler r1 2\n"
        "return r1\n")
        "procedure body\nregisters 8\nparameters 0\nclosure r3 inner\nclosure r4 raising\n"
        "call-global with-exception-handler r1 2\nreturn r1\nprocedure raising\nregisters 6\n"
        "parameters 0\nconstant r2 oops\ncall-global raise r0 1\nreturn r0\nprocedure inner\n"
        "registers 6\nparameters 1\nmove r3 r0\ncall-global note r1 1\nreturn r0\n"
        "procedure outer\nregisters 6\nparameters 1\nmove r3 r0\ncall-global note r1 1\n"
        "return r0\n",
          "raised handler-returned: a handler returned from #<condition handler-returned>, "
          "which can not be continued",
          "oops #<condition handler-returned>");
}

static void an_error_carries_message_irritants_place_and_trace(void **state)
{
    (void)state;
    check(
        BODY(8,
             "closure r3 body\ncall-global call/ec r1 1\nreturn r1\n")
        "procedure body\nregisters 8\nparameters 1\nclosure r3 handler r0\nclosure r4 wrong\n"
        "call-global with-exception-handler r1 2\nreturn r1\nprocedure wrong\n"
        "file \"x.scm\"\nregisters 6\nparameters 0\nline 3 5\nconstant r2 \"no way\"\n"
        "fixnum r3 1\nfixnum r4 2\nline 4 7\ncall-global error r0 3\nline 9 9\nreturn r0\n"
        "procedure handler\nregisters 12\ncaptures 1\nparameters 1\nmove r3 r0\n"
        "call-global condition-message r1 1\nmove r4 r0\n"
        "call-global condition-irritants r2 1\nmove r5 r0\ncall-global condition-place r3 1\n"
        "move r6 r0\ncall-global condition-trace r4 1\ncar r5 r4\ncdr r4 r4\ncar r4 r4\n"
        "cons r1 r1 r2\ncons r3 r3 r4\ncons r3 r3 r5\ncons r3 r1 r3\nfree r1 f0\ncall r1 1\n"
        "return r1\n",
        "((\"no way\" 1 2) ((\"x.scm\" 4 . 7) wrong 4 . 7) error . #f)", "");
    check(BODY(6, "line 7 2\nfixnum r1 1\nline 8 3\ncar r1 r1\nline 9 1\nreturn r1\n"),
          "raised wrong-type: car: 1 is no pair", "");
}

/* ---- Guards -------------------------------------------------------------------------------- */

/* (%guard body clauses) in main, which conses 7 to its value. */
#define GUARD                                                                                      \
    "fixnum r1 7\nclosure r4 body\nclosure r5 clauses\ncall-global %guard r2 2\ncons r1 r1 r2\n"   \
    "return r1\n"

static void a_guard_gives_the_value_or_what_its_clauses_give(void **state)
{
    (void)state;
    check(BODY(8, GUARD)
        "procedure body\nregisters 1\nparameters 0\nfixnum r0 3\nreturn r0\n"
        "procedure clauses\nregisters 2\nparameters 2\nreturn r0\n",
          "(7 . 3)", "");
    check(
        BODY(
            8,
            GUARD)
        "procedure body\nregisters 8\nparameters 0\nclosure r3 note-in\nclosure r4 bad\n"
        "closure r5 note-out\ncall-global dynamic-wind r1 3\nreturn r1\nprocedure bad\n"
        "registers 4\nparameters 0\nconstant r2 oops\ncall-global raise r0 1\nreturn r0\n"
        "procedure clauses\nregisters 6\nparameters 2\nmove r4 r0\ncall-global note r2 1\n"
        "cons r0 r0 r0\nreturn r0\n" NOTE(in) NOTE(out),
        "(7 oops . oops)", "in out oops");
    check(BODY(8, GUARD)
        "procedure body\nregisters 1\nparameters 0\nfixnum r0 3\ncar r0 r0\nreturn r0\n"
        "procedure clauses\nregisters 5\nparameters 2\nmove r3 r0\nmove r2 r0\nmove r4 r0\n"
        "call-global condition-kind r2 1\nreturn r2\n",
          "(7 . wrong-type)", "");
}

static void a_guard_without_a_matching_clause_raises_again_at_the_place(void **state)
{
    (void)state;
    /* The outer handler sees the object inside the wind of the raise, and its value is the value of
     * raise-continuable there. */
    check(BODY(8,
               "closure r3 handler\nclosure r4 guarded\ncall-global with-exception-handler r1 2\n"
        "return r1\n")
        "procedure guarded\nregisters 8\nparameters 0\n" GUARD "procedure body\nregisters 8\n"
        "parameters 0\nclosure r3 note-in\nclosure r4 bad\nclosure r5 note-out\n"
        "call-global dynamic-wind r1 3\nreturn r1\nprocedure bad\nregisters 4\nparameters 0\n"
        "fixnum r2 40\ncall-global raise-continuable r0 1\nadd-i r0 r0 1\nreturn r0\n"
        "procedure clauses\nregisters 6\nparameters 2\nconstant r4 none\n"
        "call-global note r2 1\nmove r2 r1\ntail-call r2 0\nprocedure handler\nregisters 6\n"
        "parameters 1\nconstant r3 seen\ncall-global note r1 1\nadd-i r0 r0 1\nreturn r0\n"
        NOTE(in) NOTE(out),
          "(7 . 42)", "in out none in seen out");
    check(
        BODY(8, GUARD)
        "procedure body\nregisters 4\nparameters 0\nconstant r2 oops\n"
        "call-global raise r0 1\nreturn r0\nprocedure clauses\nregisters 4\nparameters 2\n"
        "move r2 r1\ntail-call r2 0\n",
        "raised oops", "");
}

static void guards_nest(void **state)
{
    (void)state;
    check(
        BODY(
            8,
            GUARD)
        "procedure body\nregisters 8\nparameters 0\nclosure r4 inner\nclosure r5 again\n"
        "call-global %guard r2 2\nreturn r2\nprocedure inner\nregisters 4\nparameters 0\n"
        "fixnum r2 1\ncall-global raise r0 1\nreturn r0\nprocedure again\nregisters 5\n"
        "parameters 2\nadd-i r4 r0 1\ncall-global raise r2 1\nreturn r2\nprocedure clauses\n"
        "registers 2\nparameters 2\nadd-i r0 r0 10\nreturn r0\n",
        "(7 . 12)", "");
}

/* ---- Parameters ---------------------------------------------------------------------------- */

static void a_parameter_has_its_value_inside_and_outside(void **state)
{
    (void)state;
    check(BODY(10,
        "fixnum r3 1\ncall-global make-parameter r1 1\nglobal-define r1 p\nfixnum r2 2\n"
        "cons r5 r1 r2\nimmediate r6 ()\ncons r5 r5 r6\nclosure r6 body\n"
        "call-global with-parameters r3 2\ncall-global p r4 0\ncons r3 r3 r4\nreturn r3\n")
        "procedure body\nregisters 3\nparameters 0\ncall-global p r0 0\nreturn r0\n",
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
            "closure r3 body\ncall-global call/ec r1 1\nreturn r1\n")
        "procedure body\nregisters 8\nparameters 1\nglobal-define r0 leave\nclosure r3 five\n"
        "closure r4 two\nclosure r5 note-outer\ncall-global dynamic-wind r1 3\nreturn r1\n"
        "procedure two\nregisters 8\nparameters 0\nclosure r3 five\nclosure r4 three\n"
        "closure r5 bad\ncall-global dynamic-wind r1 3\nreturn r1\nprocedure three\n"
        "registers 8\nparameters 0\nclosure r3 five\nclosure r4 parks\n"
        "closure r5 note-inner\ncall-global dynamic-wind r1 3\nreturn r1\nprocedure five\n"
        "registers 1\nparameters 0\nfixnum r0 5\nreturn r0\nprocedure parks\nregisters 4\n"
        "parameters 0\nfixnum r2 1\ncall-global park r0 1\nreturn r0\nprocedure bad\n"
        "registers 6\nparameters 0\n%s" NOTE(outer) NOTE(inner),
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
    check_halt(
        "closure r2 stays\ncall-global call/ec r0 1\nmove r4 r0\ncall-global note r2 1\n"
        "return r0\nprocedure stays\nregisters 4\nparameters 1\nmove r1 r0\nfixnum r3 9\n"
        "call r1 1\nreturn r1\n",
               0, "inner 9 outer");
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
#ifdef CP_GC_STRESS
    return; /* a collection at each of a million calls has no end */
#endif
    cp_test_machine m;
    cp_vm_options options = {.heap = {.cap_bytes = 8 << 20}};
    cp_test_open(&m, 0, &options);
    static const char guarded[] = BODY(
        8,
        "closure r3 body\ncall-global call/ec r1 1\nreturn r1\n")
        "procedure body\nregisters 8\nparameters 1\nclosure r3 handler r0\n"
        "closure r4 endless\ncall-global with-exception-handler r1 2\nreturn r1\n"
        "procedure handler\nregisters 6\ncaptures 1\nparameters 1\nmove r3 r0\n"
        "call-global condition-kind r1 1\nmove r3 r1\nfree r1 f0\ncall r1 1\nreturn r1\n"
        "procedure endless\nregisters 5\nparameters 0\nclosure r1 endless\ncall r1 0\n"
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
             DEFINE(deep) "fixnum r1 0\nglobal-define r1 n\n"
             "constant r4 " CP_TEST_SCALE("3000", "300") "\n"
        "call-global deep r2 1\nglobal r3 n\nadd-i r3 r3 1\nglobal-define r3 n\n"
        "jump-if-equal-i r3 3 end\nglobal r4 k\nmul-i r6 r3 100\ncall r4 1\nend:\nreturn r2\n")
        "procedure deep\nregisters 5\nparameters 1\njump-if-equal-i r0 0 end\nsub-i r3 r0 1\n"
        "call-global deep r1 1\nadd-i r1 r1 1\nreturn r1\nend:\nclosure r3 keep\n"
        "call-global call/cc r1 1\nreturn r1\nprocedure keep\nregisters 2\nparameters 1\n"
        "global-define r0 k\nfixnum r1 0\nreturn r1\n";
    check(code, CP_TEST_SCALE("3200", "500"), "");
}

/* ---- Refused memory ------------------------------------------------------------------------ */

/* Each program with the Nth request refused, for every N: it ends as it does with enough memory, or
 * with out-of-memory, and leaves no byte behind. */
static void refused_memory_is_a_condition_or_no_matter(void **state)
{
    (void)state;
    static const char *const programs[][2] = {
        {ctak, "6"},
        {DEEP(CP_TEST_SCALE("2000", "50")), CP_TEST_SCALE("2000", "50")},
        {BODY(8,
        PROMPT "fixnum r4 1\ncall-global k r2 1\nmove r4 r2\ncall-global k r2 1\n"
        "cons r1 r1 r2\nreturn r1\n")
        "procedure body\nregisters 8\nparameters 0\nfixnum r0 100\nclosure r3 keep\n"
        "constant r4 t\ncall-global call-with-composable-continuation r1 2\nadd r0 r0 r1\n"
        "return r0\nprocedure keep\nregisters 2\nparameters 1\nglobal-define r0 k\n"
        "fixnum r1 5\nreturn r1\n" ABORTED,
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
    cp_test_check(&m, DEEP(CP_TEST_SCALE("20000", "500")), CP_TEST_SCALE("20000", "500"));
    assert_true(cp_heap_stats(m.vm->heap).young_count > 0);
    cp_test_close(&m);
}

/* clang-format on */
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
             cmocka_unit_test(a_guard_gives_the_value_or_what_its_clauses_give),
             cmocka_unit_test(a_guard_without_a_matching_clause_raises_again_at_the_place),
             cmocka_unit_test(guards_nest),
             cmocka_unit_test(a_parameter_has_its_value_inside_and_outside),
             cmocka_unit_test(a_halt_always_ends), cmocka_unit_test(recursion_a_million_deep_works),
             cmocka_unit_test(endless_recursion_ends_at_the_cap_with_a_condition),
             cmocka_unit_test(a_continuation_of_a_deep_stack_can_be_reentered),
             cmocka_unit_test(refused_memory_is_a_condition_or_no_matter),
             cmocka_unit_test(a_small_heap_changes_no_result))
