#include "tests/stdlib/lisp.h"

#include "stdlib/slice.h"

/* Whether the walk from LIST ends, in how many slices. */
static bool walk(cp_value list, int *slices)
{
    cp_value slots[CP_WALK_SLOTS], end = CP_NOTHING;
    cp_walk_begin(slots, list);
    for (*slices = 0; cp_is_nothing(end); ++*slices)
        end = cp_walk_to_end(slots);
    return cp_is_true(end);
}

static void a_walk_ends_on_every_circle(void **state)
{
    (void)state;
    static cp_lisp e;
    int slices;
    cp_lisp_open(&e, 0, 0);
    for (int64_t tail = 0; tail < 40; tail++) {
        for (int64_t round = 1; round < 40; round++) {
            cp_value count = cp_make_fixnum(round), tail_count = cp_make_fixnum(tail);
            cp_value parts[] = {cp_lisp_call(&e, "iota", 1, &tail_count),
                                cp_lisp_call(&e, "circle", 1, &count)};
            assert_false(walk(cp_lisp_call(&e, "append", 2, parts), &slices));
            e.held_count = 0;
        }
    }
    assert_true(walk(cp_lisp_value(&e, "(iota 2500)"), &slices));
    assert_int_equal(slices, 2500 / CP_SLICE_STEPS + 1);
    cp_lisp_close(&e);
}

/* A strand that walks a long list is cut between two slices, and goes on. */
static void long_work_can_be_cut_between_slices(void **state)
{
    (void)state;
    static cp_lisp e;
    cp_lisp_open(&e, 0, 0);
    cp_value list = cp_lisp_value(&e, "(iota 100000)");
    cp_value length = cp_global_ref(&e.vm->globals, "length");
    cp_value fiber = cp_lisp_hold(&e, cp_vm_fiber(e.vm, length, 1, &list));
    cp_value value = CP_NOTHING;
    int cuts = 0;
    while (cp_vm_run(e.vm, cp_to_fiber(fiber), 10 * CP_AGAIN_FUEL, &value) == CP_RUN_CUT)
        cuts++;
    assert_int_equal(cp_to_fixnum(value), 100000);
    assert_in_range(cuts, 5, 100);
    cp_lisp_close(&e);
}

/* Between two cuts another strand cuts the list short. */
static void a_list_that_changes_meanwhile_is_an_error(void **state)
{
    (void)state;
    static cp_lisp e;
    cp_lisp_open(&e, 0, 0);
    cp_value list = cp_lisp_value(&e, "(iota 20000)");
    cp_value convert = cp_global_ref(&e.vm->globals, "list->vector");
    cp_value fiber = cp_lisp_hold(&e, cp_vm_fiber(e.vm, convert, 1, &list));
    cp_value value = CP_NOTHING;
    int64_t fuel = (20000 / CP_SLICE_STEPS + 5) * CP_AGAIN_FUEL; /* counted, and partly copied */
    assert_int_equal(cp_vm_run(e.vm, cp_to_fiber(fiber), fuel, &value), CP_RUN_CUT);
    cp_value last = list;
    for (int i = 0; i < 19000; i++)
        last = cp_cdr(last);
    cp_write_cdr(e.vm->heap, last, CP_NIL);
    assert_int_equal(cp_vm_run(e.vm, cp_to_fiber(fiber), CP_FUEL_UNLIMITED, &value), CP_RUN_RAISED);
    cp_value message = cp_to_condition(value)->message;
    assert_string_equal(cp_string_text(cp_to_string(message)),
                        "list->vector: list was changed meanwhile");
    cp_lisp_close(&e);
}

CP_TEST_MAIN(cmocka_unit_test(a_walk_ends_on_every_circle),
             cmocka_unit_test(long_work_can_be_cut_between_slices),
             cmocka_unit_test(a_list_that_changes_meanwhile_is_an_error))
