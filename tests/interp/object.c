#include "tests/interp/fixture.h"

static void a_vector_holds_what_was_put_in(void **state)
{
    (void)state;
    fixture f;
    open_heap(&f, NULL);
    f.roots[0] = cp_make_vector(f.heap, 10, CP_TRUE);
    assert_int_equal(cp_vector_length(f.roots[0]), 10);
    cp_vector_set(f.heap, f.roots[0], 9, cp_make_fixnum(5));
    assert_true(cp_same(cp_vector_ref(f.roots[0], 0), CP_TRUE));
    assert_int_equal(cp_to_fixnum(cp_vector_ref(f.roots[0], 9)), 5);
    const cp_value three[] = {CP_TRUE, CP_FALSE, CP_NIL};
    cp_value copy = cp_vector_from(f.heap, three, 3);
    assert_int_equal(cp_vector_length(copy), 3);
    assert_true(cp_same(cp_vector_ref(copy, 2), CP_NIL));
    assert_int_equal(cp_vector_length(cp_make_vector(f.heap, 0, CP_NIL)), 0);
    close_heap(&f);
}

static void vectors_copy_between_cards_and_over_themselves(void **state)
{
    (void)state;
    fixture f;
    open_heap(&f, NULL);
    f.roots[0] = cp_make_vector(f.heap, 3000, CP_NIL);
    f.roots[1] = cp_make_vector(f.heap, 3000, CP_NIL);
    cp_collect_young(f.heap);
    for (uint32_t i = 0; i < 3000; i++)
        cp_vector_set(f.heap, f.roots[1], i, cp_cons(f.heap, cp_make_fixnum(i), CP_NIL));
    cp_vector_copy(f.heap, f.roots[0], 100, f.roots[1], 7, 2500);
    f.roots[1] = CP_NIL;
    cp_collect_young(f.heap);
    cp_collect_full(f.heap);
    check_heap(&f, 0);
    for (uint32_t i = 0; i < 2500; i++)
        assert_int_equal(cp_to_fixnum(cp_car(cp_vector_ref(f.roots[0], 100 + i))), 7 + i);
    cp_vector_copy(f.heap, f.roots[0], 101, f.roots[0], 100, 2500);
    for (uint32_t i = 0; i < 2500; i++)
        assert_int_equal(cp_to_fixnum(cp_car(cp_vector_ref(f.roots[0], 101 + i))), 7 + i);
    cp_vector_copy(f.heap, f.roots[0], 0, f.roots[0], 0, 0);
    check_heap(&f, 0);
    close_heap(&f);
}

static void a_large_vector_of_young_things_keeps_them(void **state)
{
    (void)state;
    fixture f;
    open_heap(&f, NULL);
    f.roots[0] = cp_make_vector(f.heap, 5000, cp_cons(f.heap, CP_TRUE, CP_NIL));
    f.roots[1] = cp_make_vector(f.heap, 5000, CP_FALSE);
    check_heap(&f, 0);
    cp_collect_young(f.heap);
    assert_int_equal(count_objects(&f), 3);
    assert_true(cp_same(cp_car(cp_vector_ref(f.roots[0], 4999)), CP_TRUE));
    close_heap(&f);
}

static void bytevectors_hold_bytes(void **state)
{
    (void)state;
    fixture f;
    open_heap(&f, NULL);
    cp_value filled = cp_make_bytevector(f.heap, 300, 0xEE);
    assert_int_equal(cp_bytevector_length(filled), 300);
    assert_int_equal(cp_to_bytevector(filled)->bytes[299], 0xEE);
    cp_value copy = cp_bytevector_from(f.heap, "abc", 3);
    assert_memory_equal(cp_to_bytevector(copy)->bytes, "abc", 3);
    assert_int_equal(cp_bytevector_length(cp_bytevector_from(f.heap, NULL, 0)), 0);
    close_heap(&f);
}

static void two_record_types_are_never_the_same(void **state)
{
    (void)state;
    fixture f;
    open_heap(&f, NULL);
    f.roots[0] = cp_make_vector(f.heap, 2, CP_NIL);
    f.roots[1] = cp_make_record_type(f.heap, CP_NIL, f.roots[0]);
    f.roots[2] = cp_make_record_type(f.heap, CP_NIL, f.roots[0]);
    f.roots[3] = cp_make_record(f.heap, f.roots[1], CP_UNSET);
    assert_true(cp_is_record_of(f.roots[3], f.roots[1]));
    assert_false(cp_is_record_of(f.roots[3], f.roots[2]));
    assert_false(cp_is_record_of(f.roots[0], f.roots[1]));
    assert_false(cp_is_record_of(CP_NIL, f.roots[1]));
    cp_record_set(f.heap, f.roots[3], 1, cp_make_fixnum(8));
    assert_true(cp_same(cp_to_record(f.roots[3])->fields[0], CP_UNSET));
    assert_int_equal(cp_to_fixnum(cp_to_record(f.roots[3])->fields[1]), 8);
    f.roots[0] = f.roots[1] = f.roots[2] = CP_NIL;
    cp_collect_full(f.heap);
    assert_int_equal(count_objects(&f), 3); /* the record, its type, the names */
    close_heap(&f);
}

static void a_box_holds_one_value(void **state)
{
    (void)state;
    fixture f;
    open_heap(&f, NULL);
    f.roots[0] = cp_make_box(f.heap, CP_NIL);
    cp_collect_young(f.heap);
    cp_box_set(f.heap, f.roots[0], cp_cons(f.heap, CP_TRUE, CP_NIL));
    cp_collect_young(f.heap);
    assert_true(cp_same(cp_car(cp_to_box(f.roots[0])->value), CP_TRUE));
    assert_true(cp_is_box(f.roots[0]));
    assert_false(cp_is_vector(f.roots[0]));
    close_heap(&f);
}

static void a_foreign_object_is_known_by_its_tag(void **state)
{
    (void)state;
    static const char tag, other;
    int thing = 0;
    fixture f;
    open_heap(&f, NULL);
    f.roots[0] = cp_make_foreign(f.heap, &thing, &tag, NULL);
    assert_true(cp_is_foreign(f.roots[0], &tag));
    assert_false(cp_is_foreign(f.roots[0], &other));
    assert_false(cp_is_foreign(CP_NIL, &tag));
    assert_ptr_equal(((cp_foreign *)cp_to_object(f.roots[0]))->pointer, &thing);
    close_heap(&f);
}

static void a_list_has_a_length_unless_it_is_circular_or_improper(void **state)
{
    (void)state;
    fixture f;
    open_heap(&f, NULL);
    cp_value values[7];
    for (int i = 0; i < 7; i++)
        values[i] = cp_make_fixnum(i);
    for (size_t count = 0; count < 7; count++) {
        cp_value list = cp_list_from(f.heap, values, count, CP_NIL);
        assert_int_equal(cp_list_length(list), count);
        cp_value v = list;
        for (size_t i = 0; i < count; i++, v = cp_cdr(v))
            assert_int_equal(cp_to_fixnum(cp_car(v)), i);
        if (count == 0)
            continue;
        assert_int_equal(cp_list_length(cp_list_from(f.heap, values, count, CP_TRUE)), -1);
        cp_value last = list;
        while (cp_is_pair(cp_cdr(last)))
            last = cp_cdr(last);
        cp_write_cdr(f.heap, last, list);
        assert_int_equal(cp_list_length(list), -1);
    }
    assert_int_equal(cp_list_length(CP_TRUE), -1);
    close_heap(&f);
}

/* Everything this file makes, until one try meets no refusal. */
static bool make_all(fixture *f)
{
    const cp_value values[] = {CP_TRUE, CP_NIL};
    int thing = 0;
    f->roots[0] = cp_make_vector(f->heap, 2000, CP_NIL);
    f->roots[1] = cp_make_vector(f->heap, 2, CP_NIL);
    f->roots[2] = cp_make_bytevector(f->heap, 1200000, 1);
    f->roots[3] = cp_list_from(f->heap, values, 2, CP_NIL);
    f->roots[4] = cp_make_foreign(f->heap, &thing, NULL, free);
    bool is_made = true;
    for (int i = 0; i < 5; i++) {
        is_made &= !cp_is_retry(f->roots[i]);
        if (cp_is_retry(f->roots[i]))
            f->roots[i] = CP_NIL;
    }
    return is_made;
}

static void every_refusal_is_a_retry_and_leaves_the_heap_sound(void **state)
{
    (void)state;
    uint64_t at = 1;
    for (bool is_made = false; !is_made; at++) {
        cp_fault fault;
        cp_fault_init(&fault, at);
        fixture f;
        if (try_open_heap(&f, &(cp_heap_options){.allocator = &fault.allocator})) {
            is_made = make_all(&f);
            check_heap(&f, at);
            cp_collect_full(f.heap);
            check_heap(&f, at);
            if (!is_made) {
                assert_true(cp_heap_make_room(f.heap, 1));
                assert_true(make_all(&f));
            }
            close_heap(&f);
        }
        assert_int_equal(fault.live_bytes, 0);
    }
    assert_true(at > 6);
}

CP_TEST_MAIN(cmocka_unit_test(a_vector_holds_what_was_put_in),
             cmocka_unit_test(vectors_copy_between_cards_and_over_themselves),
             cmocka_unit_test(a_large_vector_of_young_things_keeps_them),
             cmocka_unit_test(bytevectors_hold_bytes),
             cmocka_unit_test(two_record_types_are_never_the_same),
             cmocka_unit_test(a_box_holds_one_value),
             cmocka_unit_test(a_foreign_object_is_known_by_its_tag),
             cmocka_unit_test(a_list_has_a_length_unless_it_is_circular_or_improper),
             cmocka_unit_test(every_refusal_is_a_retry_and_leaves_the_heap_sound))
