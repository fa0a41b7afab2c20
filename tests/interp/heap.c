#include "tests/interp/fixture.h"

static void a_new_object_has_its_header_and_nothing_else(void **state)
{
    (void)state;
    fixture f;
    open_heap(&f, NULL);
    cp_object *object = cp_alloc(f.heap, CP_TYPE_BYTEVECTOR, 100);
    assert_non_null(object);
    assert_int_equal(cp_object_type(object), CP_TYPE_BYTEVECTOR);
    assert_int_equal(cp_object_length(object), 100);
    assert_int_equal(cp_object_flags(object), 0);
    assert_int_equal(cp_object_aux(object), 0);
    assert_int_equal(cp_object_size(f.heap, object), 108);
    cp_object_set_flags(object, CP_FLAG_IMMUTABLE);
    cp_object_set_aux(object, 0xBEEF);
    assert_int_equal(cp_object_flags(object), CP_FLAG_IMMUTABLE);
    assert_int_equal(cp_object_aux(object), 0xBEEF);
    assert_int_equal(cp_object_length(object), 100);
    cp_object_clear_flags(object, CP_FLAG_IMMUTABLE);
    assert_int_equal(cp_object_flags(object), 0);
    close_heap(&f);
}

static void objects_of_every_size_are_allocated_and_swept(void **state)
{
    (void)state;
    fixture f;
    open_heap(&f, NULL);
    for (size_t size = 0; size < 3000000; size = size * 5 / 4 + 7) {
        cp_value v = cp_make_bytevector(f.heap, size, 0xAB);
        assert_int_equal(v.bits % CP_GRANULE_BYTES, 0);
        f.roots[size % ROOT_COUNT] = v;
        check_heap(&f, size);
    }
    cp_collect_young(f.heap);
    check_heap(&f, 0);
    memset(f.roots, 0, sizeof f.roots);
    cp_collect_full(f.heap);
    assert_int_equal(count_objects(&f), 0);
    assert_int_equal(f.heap->large.count, 0);
    assert_null(f.heap->huge_chunks);
    close_heap(&f);
}

static void a_length_that_can_not_be_is_refused(void **state)
{
    (void)state;
    fixture f;
    open_heap(&f, &(cp_heap_options){.cap_bytes = 1 << 24});
    assert_null(cp_alloc(f.heap, CP_TYPE_VECTOR, SIZE_MAX));
    assert_null(cp_alloc(f.heap, CP_TYPE_VECTOR, CP_OBJECT_LENGTH_MAX + 1));
    assert_null(cp_alloc(f.heap, CP_TYPE_VECTOR, CP_OBJECT_LENGTH_MAX));
    assert_null(cp_alloc_old(f.heap, CP_TYPE_VECTOR, SIZE_MAX));
    assert_true(cp_heap_stats(f.heap).refused_count >= 4);
    check_heap(&f, 0);
    close_heap(&f);
}

static void the_cap_counts_everything(void **state)
{
    (void)state;
    cp_fault fault;
    cp_fault_init(&fault, 0);
    fixture f;
    const size_t cap = 6 * 1024 * 1024;
    open_heap(&f, &(cp_heap_options){.allocator = &fault.allocator, .cap_bytes = cap});
    assert_int_equal(cp_heap_stats(f.heap).account_bytes, fault.live_bytes);
    assert_true(cp_heap_external(f.heap, 1024 * 1024));
    assert_false(cp_heap_external(f.heap, (int64_t)cap));
    assert_int_equal(cp_heap_stats(f.heap).external_bytes, 1024 * 1024);
    for (size_t i = 0; !cp_is_retry(cp_make_bytevector(f.heap, 5000 * i, 0)); i++)
        assert_true(fault.live_bytes + 1024 * 1024 <= cap);
    assert_int_equal(cp_heap_stats(f.heap).account_bytes, fault.live_bytes + 1024 * 1024);
    assert_true(cp_heap_external(f.heap, -1024 * 1024));
    assert_int_equal(cp_heap_stats(f.heap).account_bytes, fault.live_bytes);
    close_heap(&f);
    assert_int_equal(fault.live_bytes, 0);
}

static void ensured_room_is_there_for_small_objects(void **state)
{
    (void)state;
    fixture f;
    cp_fault fault;
    cp_fault_init(&fault, 0);
    open_heap(&f, &(cp_heap_options){.allocator = &fault.allocator});
    for (int round = 0; round < 300; round++) {
        fault.refuse_at = 0;
        assert_true(cp_heap_ensure(f.heap, 8000));
        fault.refuse_at = fault.requests + 1;
        fault.refuse_after = true;
        for (size_t left = 8000; left >= 16; left -= 16)
            assert_false(cp_is_retry(cp_cons(f.heap, CP_NIL, CP_NIL)));
    }
    assert_true(fault.refused == 0);
    close_heap(&f);
}

static void memory_that_nobody_uses_goes_back_to_the_host(void **state)
{
    (void)state;
    cp_fault fault;
    cp_fault_init(&fault, 0);
    fixture f;
    open_heap(&f, &(cp_heap_options){.allocator = &fault.allocator});
    f.roots[0] = CP_NIL;
    for (int i = 0; i < 2000000; i++)
        f.roots[0] = cp_cons(f.heap, CP_NIL, f.roots[0]);
    f.roots[1] = cp_make_vector(f.heap, 50000, CP_NIL);
    cp_collect_full(f.heap);
    size_t full = fault.live_bytes;
    assert_true(full > 32000000);
    f.roots[0] = CP_NIL;
    f.roots[1] = CP_NIL;
    cp_collect_full(f.heap);
    cp_heap_sweep(f.heap);
    cp_heap_trim(f.heap);
    assert_true(fault.live_bytes < 3 * CP_CHUNK_BYTES);
    check_heap(&f, 0);
    close_heap(&f);
    assert_int_equal(fault.live_bytes, 0);
}

static void roots_are_scanned_until_they_are_removed(void **state)
{
    (void)state;
    fixture f;
    open_heap(&f, NULL);
    fixture other = {0};
    assert_true(cp_heap_add_root_scanner(f.heap, scan_roots, &other));
    other.roots[3] = cp_cons(f.heap, CP_NIL, CP_NIL);
    cp_collect_full(f.heap);
    assert_int_equal(count_objects(&f), 1);
    cp_heap_remove_root_scanner(f.heap, scan_roots, &other);
    cp_collect_full(f.heap);
    assert_int_equal(count_objects(&f), 0);
    close_heap(&f);
}

static void a_host_adds_types_until_the_numbers_end(void **state)
{
    (void)state;
    fixture f;
    open_heap(&f, NULL);
    static const cp_type row = {.name = "thing", .fixed_bytes = 24};
    unsigned first = cp_heap_add_type(f.heap, &row);
    assert_int_equal(first, CP_TYPE_FIRST_FREE);
    unsigned count = 1;
    while (cp_heap_add_type(f.heap, &row) != 0)
        count++;
    assert_int_equal(count, CP_TYPE_LIMIT - CP_TYPE_FIRST_FREE);
    f.roots[0] = cp_from_object(cp_alloc(f.heap, first, 0));
    cp_collect_full(f.heap);
    assert_true(cp_is_type(f.roots[0], first));
    close_heap(&f);
}

static void a_heap_that_is_refused_leaves_nothing(void **state)
{
    (void)state;
    for (uint64_t at = 1; at <= 2; at++) {
        cp_fault fault;
        cp_fault_init(&fault, at);
        assert_null(cp_heap_new(&(cp_heap_options){.allocator = &fault.allocator}));
        assert_int_equal(fault.live_bytes, 0);
    }
    assert_null(cp_heap_new(&(cp_heap_options){.cap_bytes = 10}));
    assert_null(cp_heap_new(&(cp_heap_options){.cap_bytes = 100000}));
    cp_heap_free(NULL);
}

static void a_stale_reference_is_seen_by_the_sanitizer(void **state)
{
    (void)state;
#ifdef CP_ASAN
    fixture f;
    open_heap(&f, NULL);
    cp_value pair = cp_cons(f.heap, CP_NIL, CP_NIL);
    cp_value bytes = cp_make_bytevector(f.heap, 100, 0);
    cp_value pages = cp_make_bytevector(f.heap, 100000, 0);
    f.roots[0] = cp_cons(f.heap, CP_NIL, CP_NIL);
    assert_false(__asan_address_is_poisoned(cp_to_pair(pair)));
    assert_false(__asan_address_is_poisoned(&cp_to_bytevector(bytes)->bytes[99]));
    assert_true(__asan_address_is_poisoned(&cp_to_bytevector(bytes)->bytes[100]));
    assert_true(__asan_address_is_poisoned(f.heap->bump));
    cp_collect_young(f.heap);
    assert_true(__asan_address_is_poisoned((void *)cp_to_address(pair)));
    assert_true(__asan_address_is_poisoned((void *)cp_to_address(bytes)));
    assert_true(__asan_address_is_poisoned((void *)cp_to_address(pages)));
    assert_false(__asan_address_is_poisoned(cp_to_pair(f.roots[0])));
    close_heap(&f);
#endif
}

CP_TEST_MAIN(cmocka_unit_test(a_stale_reference_is_seen_by_the_sanitizer),
             cmocka_unit_test(a_new_object_has_its_header_and_nothing_else),
             cmocka_unit_test(objects_of_every_size_are_allocated_and_swept),
             cmocka_unit_test(a_length_that_can_not_be_is_refused),
             cmocka_unit_test(the_cap_counts_everything),
             cmocka_unit_test(ensured_room_is_there_for_small_objects),
             cmocka_unit_test(memory_that_nobody_uses_goes_back_to_the_host),
             cmocka_unit_test(roots_are_scanned_until_they_are_removed),
             cmocka_unit_test(a_host_adds_types_until_the_numbers_end),
             cmocka_unit_test(a_heap_that_is_refused_leaves_nothing))
