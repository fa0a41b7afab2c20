/* torture.c -- the control torture table: what a program does, in each place where it can do it.
 *
 * The places: a Lisp frame; under a native frame; the before-thunk and the after-thunk of a
 * dynamic-wind; a procedure that C has called and waits for. Every program keeps a live register
 * across the place, so each cell also shows that frames come back as they were.
 *
 *   does          | Lisp, native           | before, after             | C callback
 *   --------------+------------------------+---------------------------+---------------------------
 *   park          | parks; goes on with    | the same                  | cannot-park, which names
 *                 | the answer             |                           | the C function
 *   capture, then | each time goes on from | goes on in the thunk; no  | continuation-barrier: that
 *   re-enter      | there                  | wind runs for the jump    | fiber has ended
 *   twice         |                        |                           |
 *   escape        | the value of call/ec   | the same; the after-thunk | continuation-barrier,
 *                 |                        | is not run again          | raised in the callback,
 *                 |                        |                           | comes out of it
 *   raise         | the handler sees it    | the same                  | comes out of the callback
 *   halt          | unwound: after-thunks  | a wind that is not yet    | the callback's fiber is
 *                 | innermost first, no    | entered or already left   | unwound; C sees it, the
 *                 | handler sees it        | does not run again        | program goes on
 *   out of memory | out-of-memory, which   | the same                  | comes out of the callback
 *                 | the handler sees       |                           |
 *   fuel cut      | stops at any safepoint | the same                  | C is not cut: it runs to
 *                 | and goes on, the result|                           | its end, the result is the
 *                 | is the same            |                           | same
 */
#include "tests/check.h"

#include "tests/interp/machine.h"

typedef enum place { IN_LISP, IN_NATIVE, IN_BEFORE, IN_AFTER, IN_CALLBACK, PLACE_COUNT } place;

/* The procedure `place` calls the procedure `act`. In the winds, the thunk gives 5 and the other
 * thunks note that they ran. */
static const char *const places[PLACE_COUNT] = {
    [IN_LISP] = "procedure place\nregisters 4\nparameters 0\nfixnum r0 21\n"
                "call-global act r1 0\nadd-i r0 r0 0\nreturn r1\n",
    [IN_NATIVE] = "procedure place\nregisters 6\nparameters 0\nglobal r3 act\n"
                  "call-global through r1 1\nreturn r1\n",
    [IN_BEFORE] = "procedure place\nregisters 8\nparameters 0\nglobal r3 act\nclosure r4 five\n"
                  "closure r5 out\ncall-global dynamic-wind r1 3\nreturn r1\n",
    [IN_AFTER] = "procedure place\nregisters 8\nparameters 0\nclosure r3 in\nclosure r4 five\n"
                 "global r5 act\ncall-global dynamic-wind r1 3\nreturn r1\n",
    [IN_CALLBACK] = "procedure place\nregisters 6\nparameters 0\nglobal r3 act\n"
                    "call-global callback r1 1\nreturn r1\n",
};

static const char thunks[] =
    "procedure five\nregisters 4\nparameters 0\nconstant r2 five\ncall-global note r0 1\n"
    "fixnum r0 5\nreturn r0\n"
    "procedure in\nregisters 4\nparameters 0\nconstant r2 in\ntail-call-global note r0 1\n"
    "procedure out\nregisters 4\nparameters 0\nconstant r2 out\ntail-call-global note r0 1\n";

/* What stands before MAIN's own code. */
#define MAIN                                                                                       \
    "procedure main\nregisters 12\nparameters 0\nclosure r1 act\nglobal-define r1 act\n"           \
    "closure r1 place\nglobal-define r1 place\n"

/* MAIN calls place with 11 in r1 and gives (11 . result). */
#define PLAIN_MAIN MAIN "fixnum r1 11\ncall-global place r2 0\ncons r1 r1 r2\nreturn r1\n"

static const char *program(char *buffer, size_t size, const char *code, place p)
{
    (void)snprintf(buffer, size, "%s%s%s", code, places[p], thunks);
    return buffer;
}

static void open_machine(cp_test_machine *m)
{
    static const cp_vm_options small = {.first_slots = 1};
    static int turn; /* both sizes of first segments take turns, and both must give the same */
    cp_test_open(m, 0, turn++ % 2 == 0 ? NULL : &small);
    assert_non_null(m->vm);
}

static void expect(place p, const char *got, const char *const expected[PLACE_COUNT])
{
    if (strcmp(got, expected[p]) != 0)
        fail_msg("place %d: got \"%s\", expected \"%s\"", (int)p, got, expected[p]);
}

static void parking_anywhere_but_under_c_goes_on_with_the_answer(void **state)
{
    (void)state;
    static const char code[] =
        PLAIN_MAIN "procedure act\nregisters 6\nparameters 0\nfixnum r0 3\nfixnum r3 7\n"
                   "call-global park r1 1\nadd r1 r1 r0\nreturn r1\n";
    static const char cannot[] =
        "raised cannot-park: callback waits for the result and can not park";
    static const char *const first[] = {"parked 7", "parked 7", "parked 7", "parked 7", cannot};
    static const char *const then[] = {"(11 . 38)", "(11 . 38)", "(11 . 5)", "(11 . 5)", "refused"};
    static const char *const logs[] = {"", "", "five out", "in five", ""};
    for (place p = 0; p < PLACE_COUNT; p++) {
        char buffer[4000];
        cp_test_machine m;
        open_machine(&m);
        cp_fiber *fiber = cp_test_fiber(&m, cp_test_load(&m, program(buffer, 4000, code, p)));
        expect(p, cp_test_run(&m, fiber, 1000), first);
        if (p != IN_CALLBACK) {
            cp_collect_full(m.vm->heap);
            cp_vm_wake(m.vm, fiber, cp_make_fixnum(35));
            cp_collect_young(m.vm->heap);
        }
        expect(p, cp_test_run(&m, fiber, 1000), then);
        expect(p, m.log, logs);
        cp_test_close(&m);
    }
}

static void a_captured_continuation_is_entered_again_and_again(void **state)
{
    (void)state;
    /* r2 is a box that counts the returns of place; r1 must survive each of them. */
    static const char code[] =
        MAIN "fixnum r1 0\nbox r2 r1\nfixnum r1 11\ncall-global place r3 0\nbox-get r4 r2\n"
             "add-i r4 r4 1\nbox-set r2 r4\njump-if-equal-i r4 3 end\nglobal r5 saved\n"
             "mul-i r7 r4 10\ncall r5 1\nend:\ncons r3 r4 r3\ncons r1 r1 r3\nreturn r1\n"
             "procedure act\nregisters 6\nparameters 0\nfixnum r0 4\nclosure r3 keep\n"
             "call-global call/cc r1 1\nadd r1 r1 r0\nreturn r1\n"
             "procedure keep\nregisters 2\nparameters 1\nglobal-define r0 saved\nfixnum r1 "
             "1\nreturn r1\n";
    static const char barrier[] =
        "raised continuation-barrier: the continuation belongs to another "
        "fiber, or to one that has ended";
    static const char *const ends[] = {"(11 3 . 24)", "(11 3 . 24)", "(11 3 . 5)", "(11 3 . 5)",
                                       barrier};
    static const char *const logs[] = {"", "", "five out five out five out", "in five", ""};
    for (place p = 0; p < PLACE_COUNT; p++) {
        char buffer[4000];
        cp_test_machine m;
        open_machine(&m);
        expect(p, cp_test_eval(&m, program(buffer, 4000, code, p)), ends);
        expect(p, m.log, logs);
        cp_test_close(&m);
    }
}

static void an_escape_leaves_everything_but_c(void **state)
{
    (void)state;
    static const char code[] =
        MAIN "fixnum r1 11\nclosure r4 body\ncall-global call/ec r2 1\ncons r1 r1 r2\nreturn r1\n"
             "procedure body\nregisters 6\nparameters 1\nglobal-define r0 leave\n"
             "call-global place r1 0\nfixnum r1 -1\nreturn r1\n"
             "procedure act\nregisters 6\nparameters 0\nfixnum r3 99\ncall-global leave r1 1\n"
             "fixnum r1 -2\nreturn r1\n";
    static const char barrier[] =
        "raised continuation-barrier: the continuation belongs to another "
        "fiber, or to one that has ended";
    static const char *const ends[] = {"(11 . 99)", "(11 . 99)", "(11 . 99)", "(11 . 99)", barrier};
    static const char *const logs[] = {"", "", "", "in five", ""};
    for (place p = 0; p < PLACE_COUNT; p++) {
        char buffer[4000];
        cp_test_machine m;
        open_machine(&m);
        expect(p, cp_test_eval(&m, program(buffer, 4000, code, p)), ends);
        expect(p, m.log, logs);
        cp_test_close(&m);
    }
}

/* MAIN guards place: a handler escapes with (caught . condition). */
#define GUARDED_MAIN                                                                               \
    MAIN "fixnum r1 11\nclosure r4 body\ncall-global call/ec r2 1\ncons r1 r1 r2\nreturn r1\n"     \
         "procedure body\nregisters 8\nparameters 1\nclosure r3 handler r0\nglobal r4 place\n"     \
         "call-global with-exception-handler r1 2\nreturn r1\n"                                    \
         "procedure handler\nregisters 6\ncaptures 1\nparameters 1\nfree r1 f0\n"                  \
         "constant r4 caught\ncons r3 r4 r0\ncall r1 1\nreturn r1\n"

static void what_is_raised_reaches_the_handler_from_everywhere(void **state)
{
    (void)state;
    static const char code[] = GUARDED_MAIN
        "procedure act\nregisters 6\nparameters 0\nconstant r2 oops\ncall-global raise r0 1\n"
        "return r0\n";
    static const char *const ends[] = {"(11 caught . oops)", "(11 caught . oops)",
                                       "(11 caught . oops)", "(11 caught . oops)",
                                       "(11 caught . oops)"};
    static const char *const logs[] = {"", "", "", "in five", ""};
    for (place p = 0; p < PLACE_COUNT; p++) {
        char buffer[4000];
        cp_test_machine m;
        open_machine(&m);
        expect(p, cp_test_eval(&m, program(buffer, 4000, code, p)), ends);
        expect(p, m.log, logs);
        cp_test_close(&m);
    }
}

static void a_halt_unwinds_and_no_handler_sees_it(void **state)
{
    (void)state;
    /* A handler that would escape, and two winds around place. */
    static const char code[] =
        MAIN "closure r4 body\ncall-global call/ec r2 1\nreturn r2\n"
             "procedure body\nregisters 8\nparameters 1\nclosure r3 handler r0\nclosure r4 outer\n"
             "call-global with-exception-handler r1 2\nreturn r1\n"
             "procedure handler\nregisters 6\ncaptures 1\nparameters 1\nfree r1 f0\nmove r3 r0\n"
             "call r1 1\nreturn r1\n"
             "procedure outer\nregisters 8\nparameters 0\nclosure r3 nothing\nclosure r4 inner\n"
             "closure r5 note-outer\ncall-global dynamic-wind r1 3\nreturn r1\n"
             "procedure inner\nregisters 8\nparameters 0\nclosure r3 nothing\nglobal r4 place\n"
             "closure r5 note-inner\ncall-global dynamic-wind r1 3\nreturn r1\n"
             "procedure nothing\nregisters 1\nparameters 0\nfixnum r0 0\nreturn r0\n"
             "procedure note-outer\nregisters 4\nparameters 0\nconstant r2 outer\n"
             "tail-call-global note r0 1\n"
             "procedure note-inner\nregisters 4\nparameters 0\nconstant r2 inner\n"
             "tail-call-global note r0 1\n"
             "procedure act\nregisters 6\nparameters 0\nfixnum r2 8\ncall-global halt r0 1\n"
             "constant r2 never\ncall-global note r0 1\nreturn r0\n";
    static const char *const ends[] = {"halted 0", "halted 0", "halted 0", "halted 0", "halted"};
    static const char *const logs[] = {"inner outer", "inner outer", "inner outer",
                                       "in five inner outer", "inner outer"};
    for (place p = 0; p < PLACE_COUNT; p++) {
        char buffer[5000];
        cp_test_machine m;
        open_machine(&m);
        expect(p, cp_test_eval(&m, program(buffer, 5000, code, p)), ends);
        expect(p, m.log, logs);
        cp_test_close(&m);
    }
}

static void lack_of_memory_is_a_condition_everywhere(void **state)
{
    (void)state;
    /* A list that grows for ever; with a collection at every safepoint that takes for ever too. */
#ifdef CP_GC_STRESS
#define USE_UP "call-global refused r0 0\nreturn r0\n"
#else
#define USE_UP "immediate r0 ()\nagain:\ncons r0 r0 r0\ncons r1 r0 r0\ncons r0 r1 r0\nloop again\n"
#endif
    static const char code[] = GUARDED_MAIN "procedure act\nregisters 6\nparameters 0\n" USE_UP;
    static const char caught[] = "(11 caught . #<condition out-of-memory>)";
    static const char *const ends[] = {caught, caught, caught, caught, caught};
    static const char *const logs[] = {"", "", "", "in five", ""};
    for (place p = 0; p < PLACE_COUNT; p++) {
        char buffer[4000];
        cp_test_machine m;
        cp_vm_options options = {.heap = {.cap_bytes = 4 << 20}};
        cp_test_open(&m, 0, &options);
        assert_non_null(m.vm);
        expect(p, cp_test_eval(&m, program(buffer, 4000, code, p)), ends);
        expect(p, m.log, logs);
        /* The garbage is gone: the same machine can do it again. */
        expect(p, cp_test_eval(&m, buffer), ends);
        cp_test_close(&m);
    }
}

static void a_cut_for_lack_of_fuel_changes_nothing(void **state)
{
    (void)state;
    static const char code[] =
        PLAIN_MAIN "procedure act\nregisters 6\nparameters 0\nfixnum r0 0\n"
                   "again:\nmove r3 r0\nglobal r1 step\nclosure r4 step\nglobal-define r4 step\n"
                   "call-global step r1 1\nmove r0 r1\njump-if-equal-i r0 100 end\nloop again\n"
                   "end:\nreturn r0\n"
                   "procedure step\nregisters 2\nparameters 1\nadd-i r0 r0 1\nreturn r0\n";
    static const char *const ends[] = {"(11 . 100)", "(11 . 100)", "(11 . 5)", "(11 . 5)",
                                       "(11 . 100)"};
    static const char *const logs[] = {"", "", "five out", "in five", ""};
    for (place p = 0; p < PLACE_COUNT; p++) {
        for (int64_t fuel = 0; fuel < 5; fuel++) {
            char buffer[4000];
            cp_test_machine m;
            open_machine(&m);
            assert_true(cp_global_define(&m.vm->globals, "step", CP_FALSE));
            cp_fiber *fiber = cp_test_fiber(&m, cp_test_load(&m, program(buffer, 4000, code, p)));
            int cuts = 0;
            while (strcmp(cp_test_run(&m, fiber, fuel), "cut") == 0)
                cuts++;
            expect(p, m.text, ends);
            expect(p, m.log, logs);
            /* About 200 units are to be spent, each run gets FUEL and takes one more to be cut. */
            if (p != IN_CALLBACK)
                assert_in_range(cuts, 200 / (fuel + 1) - 5, 210 / (fuel + 1) + 5);
            cp_test_close(&m);
        }
    }
}

CP_TEST_MAIN(cmocka_unit_test(parking_anywhere_but_under_c_goes_on_with_the_answer),
             cmocka_unit_test(a_captured_continuation_is_entered_again_and_again),
             cmocka_unit_test(an_escape_leaves_everything_but_c),
             cmocka_unit_test(what_is_raised_reaches_the_handler_from_everywhere),
             cmocka_unit_test(a_halt_unwinds_and_no_handler_sees_it),
             cmocka_unit_test(lack_of_memory_is_a_condition_everywhere),
             cmocka_unit_test(a_cut_for_lack_of_fuel_changes_nothing))
