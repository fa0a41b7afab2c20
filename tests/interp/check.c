#include "tests/interp/fixture.h"

/* Break the heap of F, and expect the checker to say so. */
static void expect_complaint(fixture *f, const char *what)
{
    cp_check check;
    assert_false(cp_heap_check(f->heap, &check));
    check.text[strlen(what)] = '\0';
    assert_string_equal(check.text, what);
}

static void open_with_old_things(fixture *f)
{
    open_heap(f, NULL);
    f->roots[0] = cp_cons(f->heap, CP_NIL, CP_NIL);
    f->roots[1] = cp_make_vector(f->heap, 200, CP_NIL);
    f->roots[2] = cp_make_vector(f->heap, 3000, f->roots[0]);
    cp_collect_young(f->heap);
    check_heap(f, 0);
}

static void a_store_without_barrier_is_found(void **state)
{
    (void)state;
    fixture f;
    open_with_old_things(&f);
    cp_value young = cp_cons(f.heap, CP_NIL, CP_NIL);
    cp_to_pair(f.roots[0])->car = young;
    expect_complaint(&f, "an old object refers to a young one and no store was logged: pair");
    cp_to_pair(f.roots[0])->car = CP_NIL;
    check_heap(&f, 0);
    cp_vector_set(f.heap, f.roots[1], 0, young);
    check_heap(&f, 0);
    cp_to_vector(f.roots[1])->values[100] = young; /* another card than the logged one */
    expect_complaint(&f, "an old object refers to a young one and no store was logged: vector");
    cp_to_vector(f.roots[1])->values[100] = CP_NIL;
    cp_to_vector(f.roots[2])->values[2999] = young;
    expect_complaint(&f, "an old object refers to a young one and no store was logged: vector");
    close_heap(&f);
}

static void a_reference_to_what_was_freed_is_found(void **state)
{
    (void)state;
    fixture f;
    open_with_old_things(&f);
    cp_value dead = cp_cons(f.heap, CP_NIL, CP_NIL);
    cp_collect_young(f.heap);
    cp_to_pair(f.roots[0])->car = dead;
    expect_complaint(&f, "a reference leads to a free granule: pair");
    close_heap(&f);
}

static void a_reference_of_the_wrong_kind_is_found(void **state)
{
    (void)state;
    fixture f;
    open_with_old_things(&f);
    cp_to_pair(f.roots[0])->car = cp_from_bits(f.roots[1].bits + CP_PAIR_TAG);
    expect_complaint(&f, "a reference and its target disagree about being a pair: pair");
    cp_to_pair(f.roots[0])->car = cp_from_bits(0x10000);
    expect_complaint(&f, "a reference leads out of the heap: pair");
    close_heap(&f);
}

static void a_sentinel_of_c_in_the_heap_is_found(void **state)
{
    (void)state;
    fixture f;
    open_with_old_things(&f);
    cp_to_vector(f.roots[1])->values[3] = CP_RETRY;
    expect_complaint(&f, "a value that is only for C is in the heap: vector");
    close_heap(&f);
}

static void an_object_of_the_wrong_size_is_found(void **state)
{
    (void)state;
    fixture f;
    open_with_old_things(&f);
    cp_to_vector(f.roots[1])->object.header += UINT64_C(2) << 32;
    expect_complaint(&f, "an object overlaps another one: vector");
    cp_to_vector(f.roots[1])->object.header -= UINT64_C(4) << 32;
    expect_complaint(&f, "an object is smaller than its granules: vector");
    close_heap(&f);
}

static void a_lost_card_is_found(void **state)
{
    (void)state;
    fixture f;
    open_with_old_things(&f);
    cp_write_car(f.heap, f.roots[0], CP_TRUE);
    f.heap->barrier.logged_count = 0;
    expect_complaint(&f, "dirty cards and logged cards are not as many");
    close_heap(&f);
}

static void a_wrong_sum_is_found(void **state)
{
    (void)state;
    fixture f;
    open_with_old_things(&f);
    f.heap->live_bytes += 16;
    expect_complaint(&f, "old objects are not as many bytes as were counted");
    f.heap->live_bytes -= 16;
    f.heap->account_bytes -= 1024 * 1024;
    expect_complaint(&f, "the account is less than what is held");
    f.heap->account_bytes += 1024 * 1024;
    cp_block *lost = f.heap->free;
    f.heap->free = lost->next;
    expect_complaint(&f, "a block is in no list, or in two");
    f.heap->free = lost;
    check_heap(&f, 0);
    close_heap(&f);
}

static int checks;

static void count_check(cp_heap *heap)
{
    checks++;
    cp_heap_assert(heap);
}

static void a_checker_is_called_after_each_collection(void **state)
{
    (void)state;
    fixture f;
    open_with_old_things(&f);
    checks = 0;
    cp_heap_set_checker(f.heap, count_check);
    cp_collect_young(f.heap);
    cp_collect_full(f.heap);
    cp_cycle_begin(f.heap);
    cp_cycle_finish(f.heap);
    assert_int_equal(checks, 4);
    close_heap(&f);
}

CP_TEST_MAIN(cmocka_unit_test(a_store_without_barrier_is_found),
             cmocka_unit_test(a_reference_to_what_was_freed_is_found),
             cmocka_unit_test(a_reference_of_the_wrong_kind_is_found),
             cmocka_unit_test(a_sentinel_of_c_in_the_heap_is_found),
             cmocka_unit_test(an_object_of_the_wrong_size_is_found),
             cmocka_unit_test(a_lost_card_is_found), cmocka_unit_test(a_wrong_sum_is_found),
             cmocka_unit_test(a_checker_is_called_after_each_collection))
