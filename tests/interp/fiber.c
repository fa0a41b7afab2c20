#include "tests/check.h"

#include "tests/interp/machine.h"

#include "interp/check.h"

static const char three_deep[] =
    BODY(8, DEFINE(a) DEFINE(b) "fixnum r1 1\ncall-global a r2 0\nadd r1 r1 r2\nreturn "
                                "r1\n") "procedure a\nregisters 8\nparameters 0\nfixnum "
                                        "r0 2\nglobal r4 b\ncall-global through r2 1\n"
                                        "add r0 r0 r2\nreturn r0\n"
                                        "procedure b\nregisters 8\nparameters 0\nfixnum "
                                        "r0 3\nfixnum r3 4\n"
                                        "call-global park r1 1\nadd r0 r0 r1\nreturn r0\n";

static void a_walk_meets_every_frame_from_the_top(void **state)
{
    (void)state;
    static const char *const names[] = {"park", "b", "through", "a", "main"};
    /* With tiny segments the frames stand in one segment all the same: it grows by copying. */
    for (uint32_t slots = 0; slots < 40; slots++) {
        cp_vm_options options = {.first_slots = slots};
        cp_test_machine m;
        cp_test_open(&m, 0, &options);
        cp_fiber *fiber = cp_test_fiber(&m, cp_test_load(&m, three_deep));
        assert_string_equal(cp_test_run(&m, fiber, 100), "parked 4");
        cp_frame frame;
        size_t count = 0;
        for (bool more = cp_frame_first(fiber, &frame); more; more = cp_frame_next(&frame)) {
            assert_string_equal(cp_procedure_name(frame.fp[-2]), names[count]);
            assert_int_equal(frame.is_native, count % 2 == 0 && count < 4);
            count++;
        }
        assert_int_equal(count, 5);
        cp_test_close(&m);
    }
}

static void a_walk_goes_through_slices(void **state)
{
    (void)state;
    cp_test_machine m;
    cp_test_open(&m, 0, NULL);
    cp_fiber *fiber = cp_test_fiber(
        &m,
        cp_test_load(&m, BODY(6, DEFINE(deep) "constant r4 20000\ncall-global deep r2 1\nreturn "
                                              "r2\n") "procedure deep\nregisters 5\nparameters "
                                                      "1\njump-if-equal-i r0 0 end\n"
                                                      "sub-i r3 r0 1\ncall-global deep r1 1\nadd-i "
                                                      "r1 r1 1\nreturn r1\n"
                                                      "end:\nclosure r3 parks\ncall-global call/cc "
                                                      "r1 1\nreturn r1\n"
                                                      "procedure parks\nregisters 5\nparameters "
                                                      "1\nfixnum r3 4\n"
                                                      "call-global park r1 1\nreturn r1\n"));
    assert_string_equal(cp_test_run(&m, fiber, 100000), "parked 4");
    assert_true(cp_is_true(fiber->next));
    cp_frame frame;
    size_t count = 0;
    for (bool more = cp_frame_first(fiber, &frame); more; more = cp_frame_next(&frame))
        count++;
    assert_int_equal(count, 20001 + 3);
    cp_vm_wake(m.vm, fiber, cp_make_fixnum(0));
    assert_string_equal(cp_test_run(&m, fiber, 100000), "20000");
    cp_test_close(&m);
}

static void only_live_registers_keep_what_they_hold(void **state)
{
    (void)state;
    /* r1 is read after the park, r2 is not: its list can go. */
    cp_test_machine m;
    cp_test_open(&m, 0, NULL);
    cp_value table = cp_make_table(m.vm->heap, CP_TABLE_EQ, CP_TABLE_WEAK_KEY, 4);
    assert_true(cp_global_define(&m.vm->globals, "cells", table));
    cp_fiber *fiber = cp_test_fiber(
        &m, cp_test_load(&m, BODY(8, "fixnum r1 1\nbox r2 r1\nbox r1 r1\nglobal-define r1 kept\n"
                                     "global-define r2 dropped\nfixnum r5 4\n"
                                     "call-global park r3 1\nbox-get r1 r1\nreturn r1\n")));
    assert_string_equal(cp_test_run(&m, fiber, 100), "parked 4");
    static const char *const names[] = {"kept", "dropped"};
    for (int i = 0; i < 2; i++) {
        cp_value box = cp_global_ref(&m.vm->globals, names[i]);
        assert_true(cp_table_set(m.vm->heap, table, box, CP_TRUE));
        assert_true(cp_global_define(&m.vm->globals, names[i], CP_FALSE));
    }
    cp_collect_full(m.vm->heap);
    assert_int_equal(cp_table_count(table), 1);
    cp_vm_wake(m.vm, fiber, CP_NIL);
    assert_string_equal(cp_test_run(&m, fiber, 100), "1");
    cp_test_close(&m);
}

static void a_fiber_is_small(void **state)
{
    (void)state;
    assert_true(sizeof(cp_fiber) <= 112);
    assert_true(sizeof(cp_slice) <= 80);
}

static void a_state_follows_the_table(void **state)
{
    (void)state;
    cp_test_machine m;
    cp_test_open(&m, 0, NULL);
    cp_fiber *fiber = cp_test_fiber(&m, cp_test_load(&m, three_deep));
    assert_int_equal(fiber->state, CP_FIBER_READY);
    assert_string_equal(cp_fiber_state_name(CP_FIBER_READY), "READY");
    assert_string_equal(cp_test_run(&m, fiber, 1), "cut");
    assert_int_equal(fiber->state, CP_FIBER_READY);
    assert_string_equal(cp_test_run(&m, fiber, 100), "parked 4");
    assert_int_equal(fiber->state, CP_FIBER_PARKED);
    assert_string_equal(cp_test_run(&m, fiber, 100), "refused");
    cp_vm_wake(m.vm, fiber, cp_make_fixnum(1));
    assert_int_equal(fiber->state, CP_FIBER_READY);
    assert_string_equal(cp_test_run(&m, fiber, 100), "7");
    assert_int_equal(fiber->state, CP_FIBER_DONE);
    assert_string_equal(cp_test_run(&m, fiber, 100), "refused");
    cp_test_close(&m);
}

/* Fibers capture, unwind and park while a full cycle marks in small slices between their runs: what
 * a stack held when the cycle began is found, and what is written over is never looked at. */
static void a_cycle_in_slices_sees_every_stack_as_it_was(void **state)
{
    (void)state;
    enum { FIBERS = 20, ROUNDS = 60 };
    cp_test_machine m;
    cp_test_open(&m, 0, NULL);
    cp_value procedure = cp_test_load(
        &m, BODY(8, DEFINE(work) "fixnum r1 0\n"
                                 "again:\nmove r4 r1\ncall-global work r2 1\nadd r1 r1 r2\n"
                                 "move r4 r1\ncall-global park r2 1\nloop again\n")
        /* (work n): a list n + 3 long, made in a recursion that escapes and captures. */
        "procedure work\nregisters 8\nparameters 1\nfixnum r4 3\nclosure r3 deep\n"
        "move r1 r3\nmove r3 r4\ncall r1 1\nfixnum r0 1\ncar r1 r1\nadd r0 r0 r1\nreturn r0\n"
        "procedure deep\nregisters 8\nparameters 1\njump-if-equal-i r0 0 end\ncons r1 r0 r0\n"
        "sub-i r5 r0 1\nself r3\ncall r3 1\nclosure r6 same\ncall-global call/cc r4 1\n"
        "closure r6 leave\ncall-global call/ec r4 1\ncdr r1 r1\ncons r1 r1 r3\nreturn r1\n"
        "end:\nimmediate r0 ()\nreturn r0\n"
        "procedure same\nregisters 4\nparameters 1\nglobal-define r0 k\nreturn r0\n"
        "procedure leave\nregisters 6\nparameters 1\nmove r1 r0\ncons r3 r0 r0\ncall r1 1\n"
        "return r1\n");
    cp_fiber *fibers[FIBERS];
    for (int i = 0; i < FIBERS; i++)
        fibers[i] = cp_test_fiber(&m, procedure);
    for (int round = 0; round < ROUNDS; round++) {
        if (m.vm->heap->phase == CP_PHASE_IDLE)
            cp_cycle_begin(m.vm->heap);
        for (int i = 0; i < FIBERS; i++) {
            char expected[40];
            snprintf(expected, sizeof expected, "parked %d", 4 * (round + 1));
            if (round > 0)
                cp_vm_wake(m.vm, fibers[i], CP_NIL);
            assert_string_equal(cp_test_run(&m, fibers[i], 10000), expected);
            if (m.vm->heap->phase == CP_PHASE_MARK)
                (void)cp_cycle_slice(m.vm->heap, 7);
            if ((i + round) % 7 == 0)
                cp_collect_young(m.vm->heap);
        }
        if (round % 3 == 2 && m.vm->heap->phase == CP_PHASE_MARK) {
            cp_cycle_finish(m.vm->heap);
            cp_heap_assert(m.vm->heap);
        }
    }
    for (int i = 0; i < FIBERS; i++)
        cp_vm_halt(m.vm, fibers[i]);
    cp_collect_full(m.vm->heap);
    cp_heap_assert(m.vm->heap);
    cp_test_close(&m);
}

CP_TEST_MAIN(cmocka_unit_test(a_walk_meets_every_frame_from_the_top),
             cmocka_unit_test(a_walk_goes_through_slices),
             cmocka_unit_test(only_live_registers_keep_what_they_hold),
             cmocka_unit_test(a_fiber_is_small), cmocka_unit_test(a_state_follows_the_table),
             cmocka_unit_test(a_cycle_in_slices_sees_every_stack_as_it_was))
