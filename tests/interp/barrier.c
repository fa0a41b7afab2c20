#include "tests/interp/fixture.h"

static void a_store_to_a_new_object_is_not_logged(void **state)
{
    (void)state;
    fixture f;
    open_heap(&f, NULL);
    f.roots[0] = cp_cons(f.heap, CP_NIL, CP_NIL);
    f.roots[1] = cp_make_vector(f.heap, 5, CP_NIL);
    cp_write_car(f.heap, f.roots[0], f.roots[1]);
    cp_vector_set(f.heap, f.roots[1], 4, f.roots[0]);
    assert_int_equal(f.heap->barrier.logged_count, 0);
    close_heap(&f);
}

static void the_first_store_to_an_old_card_is_logged_and_later_ones_are_not(void **state)
{
    (void)state;
    fixture f;
    open_heap(&f, NULL);
    f.roots[0] = cp_make_vector(f.heap, 500, CP_NIL);
    f.roots[1] = cp_cons(f.heap, CP_NIL, CP_NIL);
    cp_collect_young(f.heap);
    cp_vector_set(f.heap, f.roots[0], 0, CP_TRUE);
    cp_vector_set(f.heap, f.roots[0], 62, CP_TRUE);
    assert_int_equal(f.heap->barrier.logged_count, 1);
    cp_vector_set(f.heap, f.roots[0], 63, CP_TRUE);
    assert_int_equal(f.heap->barrier.logged_count, 2);
    assert_int_equal(f.heap->barrier.logged[1].offset, CP_CARD_BYTES);
    cp_write_car(f.heap, f.roots[1], CP_TRUE);
    cp_write_cdr(f.heap, f.roots[1], CP_TRUE);
    assert_int_equal(f.heap->barrier.logged_count, 3);
    cp_collect_young(f.heap);
    assert_int_equal(f.heap->barrier.logged_count, 0);
    cp_write_cdr(f.heap, f.roots[1], CP_TRUE);
    assert_int_equal(f.heap->barrier.logged_count, 1);
    close_heap(&f);
}

static void what_is_born_old_is_logged_at_once(void **state)
{
    (void)state;
    fixture f;
    open_heap(&f, NULL);
    f.roots[0] = cp_from_object(cp_alloc_old(f.heap, CP_TYPE_VECTOR, 200000));
    cp_vector_set(f.heap, f.roots[0], 150000, cp_cons(f.heap, cp_make_fixnum(3), CP_NIL));
    assert_int_equal(f.heap->barrier.logged_count, 1);
    cp_collect_young(f.heap);
    assert_int_equal(cp_to_fixnum(cp_car(cp_vector_ref(f.roots[0], 150000))), 3);
    assert_int_equal(count_objects(&f), 2);
    close_heap(&f);
}

/* Old pairs that refer to young ones, with no memory to list a single card. */
static void a_list_that_can_not_grow_loses_no_card(void **state)
{
    (void)state;
    for (int is_marking = 0; is_marking < 2; is_marking++) {
        fixture f;
        cp_fault fault;
        cp_fault_init(&fault, 0);
        open_heap(&f, &(cp_heap_options){.allocator = &fault.allocator});
        f.roots[0] = cp_make_vector(f.heap, 3000, CP_NIL);
        f.roots[1] = cp_make_vector(f.heap, 300, CP_NIL);
        cp_collect_young(f.heap);
        if (is_marking)
            cp_cycle_begin(f.heap);
        fault.refuse_at = fault.requests + 1;
        fault.refuse_after = true;
        for (uint32_t i = 0; i < 3000; i++)
            cp_vector_set(f.heap, f.roots[0], i, cp_cons(f.heap, cp_make_fixnum(i), CP_NIL));
        cp_vector_set(f.heap, f.roots[1], 299, cp_cons(f.heap, cp_make_fixnum(1), CP_NIL));
        assert_true(f.heap->barrier.is_overflowed);
        cp_collect_young(f.heap);
        assert_false(f.heap->barrier.is_overflowed);
        fault.refuse_at = 0;
        for (uint32_t i = 0; i < 3000; i++)
            assert_int_equal(cp_to_fixnum(cp_car(cp_vector_ref(f.roots[0], i))), i);
        assert_int_equal(count_objects(&f), 2 + 3000 + 1);
        if (is_marking)
            cp_cycle_finish(f.heap);
        assert_int_equal(count_objects(&f), 2 + 3000 + 1);
        close_heap(&f);
        assert_int_equal(fault.live_bytes, 0);
    }
}

static void room_for_cards_can_be_made_before(void **state)
{
    (void)state;
    fixture f;
    open_heap(&f, NULL);
    cp_barrier_reserve(&f.heap->barrier, 1000);
    assert_true(f.heap->barrier.logged_capacity >= 1000);
    assert_int_equal(f.heap->barrier.logged_count, 0);
    close_heap(&f);
}

static void many_logged_cards_are_a_reason_to_collect(void **state)
{
    (void)state;
    fixture f;
    open_heap(&f, NULL);
    const uint32_t slots_of_card = CP_CARD_BYTES / sizeof(cp_value);
    f.roots[0] = cp_make_vector(f.heap, (CP_MANY_CARDS + 2) * slots_of_card, CP_NIL);
    cp_collect_young(f.heap);
    for (uint32_t card = 0; card < CP_MANY_CARDS; card++) {
        assert_int_equal(cp_heap_wants_collection(f.heap), CP_WANT_NOTHING);
        cp_vector_set(f.heap, f.roots[0], card * slots_of_card, CP_TRUE);
    }
    assert_int_equal(cp_heap_wants_collection(f.heap), CP_WANT_YOUNG);
    cp_safepoint(f.heap);
    assert_int_equal(f.heap->barrier.logged_count, 0);
    close_heap(&f);
}

CP_TEST_MAIN(cmocka_unit_test(a_store_to_a_new_object_is_not_logged),
             cmocka_unit_test(the_first_store_to_an_old_card_is_logged_and_later_ones_are_not),
             cmocka_unit_test(what_is_born_old_is_logged_at_once),
             cmocka_unit_test(a_list_that_can_not_grow_loses_no_card),
             cmocka_unit_test(room_for_cards_can_be_made_before),
             cmocka_unit_test(many_logged_cards_are_a_reason_to_collect))
