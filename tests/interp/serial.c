#include "tests/interp/reading.h"

static void numbers_are_given_in_order_and_kept(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    cp_serials *serials = cp_serials_new(w.heap);
    w.base.roots[0] = cp_make_box(w.heap, CP_NIL);
    w.base.roots[1] = cp_make_box(w.heap, CP_NIL);
    assert_int_equal(cp_to_fixnum(cp_serial(serials, w.base.roots[1])), 1);
    assert_int_equal(cp_to_fixnum(cp_serial(serials, w.base.roots[0])), 2);
    cp_collect_young(w.heap);
    cp_collect_full(w.heap);
    assert_int_equal(cp_to_fixnum(cp_serial(serials, w.base.roots[1])), 1);
    assert_int_equal(cp_to_fixnum(cp_serial(serials, w.base.roots[0])), 2);
    cp_serials_free(serials);
    close_world(&w);
}

static void a_number_is_never_given_twice_and_keeps_nothing_alive(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    cp_serials *serials = cp_serials_new(w.heap);
    for (int64_t i = 1; i <= 1000; i++) {
        cp_value box = cp_make_box(w.heap, CP_NIL);
        assert_int_equal(cp_to_fixnum(cp_serial(serials, box)), i);
        if (i % 100 == 0)
            cp_collect_full(w.heap);
    }
    cp_collect_full(w.heap);
    assert_in_range(count_objects(&w.base), 0, 100);
    cp_serials_free(serials);
    close_world(&w);
}

static void a_refused_number_is_given_at_the_next_try(void **state)
{
    (void)state;
    uint64_t refused = 1;
    for (uint64_t n = 1; refused > 0; n++) {
        world w;
        open_world(&w);
        cp_value box = cp_make_box(w.heap, CP_NIL);
        while (w.heap->bump != w.heap->limit)
            (void)cp_cons(w.heap, CP_NIL, CP_NIL);
        refuse_request(&w, n);
        cp_serials *serials = cp_serials_new(w.heap);
        if (serials == NULL)
            serials = cp_serials_new(w.heap);
        cp_value number = CP_RETRY;
        while (cp_is_retry(number))
            number = cp_serial(serials, box);
        assert_int_equal(cp_to_fixnum(number), 1);
        refused = w.fault.refused;
        cp_serials_free(serials);
        close_world(&w);
    }
}

CP_TEST_MAIN(cmocka_unit_test(numbers_are_given_in_order_and_kept),
             cmocka_unit_test(a_number_is_never_given_twice_and_keeps_nothing_alive),
             cmocka_unit_test(a_refused_number_is_given_at_the_next_try))
