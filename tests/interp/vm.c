#include "tests/check.h"

#include "tests/interp/machine.h"

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

CP_TEST_MAIN(cmocka_unit_test(a_parked_call_can_be_answered_with_a_condition),
             cmocka_unit_test(an_interrupt_is_a_condition_at_the_next_safepoint),
             cmocka_unit_test(calls_from_c_nest_so_far_and_no_further),
             cmocka_unit_test(a_parked_fiber_takes_at_most_800_bytes),
             cmocka_unit_test(halting_a_fiber_that_never_ran_runs_nothing))
