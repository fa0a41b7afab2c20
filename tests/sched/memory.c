#include "tests/check.h"

#include "sched/memory.h"
#include "tests/fault.h"

static void what_is_allocated_can_be_released(void **state)
{
    (void)state;
    cp_fault fault;
    cp_fault_init(&fault, 0);
    void *block = cp_allocate(&fault.allocator, 40);
    assert_non_null(block);
    assert_int_equal(fault.live_bytes, 40);
    cp_release(&fault.allocator, block, 40);
    assert_int_equal(fault.live_bytes, 0);
    assert_int_equal(fault.live_blocks, 0);
}

static void a_zeroed_block_is_zero(void **state)
{
    (void)state;
    const copse_allocator *allocator = copse_default_allocator();
    unsigned char *block = cp_allocate_zeroed(allocator, 64);
    assert_non_null(block);
    for (size_t i = 0; i < 64; i++)
        assert_int_equal(block[i], 0);
    cp_release(allocator, block, 64);
}

static void an_aligned_block_is_aligned(void **state)
{
    (void)state;
    const copse_allocator *allocator = copse_default_allocator();
    for (size_t alignment = 32; alignment <= 65536; alignment *= 2) {
        void *block = cp_allocate_aligned(allocator, 100, alignment);
        assert_non_null(block);
        assert_int_equal((uintptr_t)block % alignment, 0);
        cp_release_aligned(allocator, block, 100, alignment);
    }
}

static void a_size_that_can_not_be_is_refused(void **state)
{
    (void)state;
    const copse_allocator *allocator = copse_default_allocator();
    assert_null(cp_allocate(allocator, SIZE_MAX));
    assert_null(cp_allocate_aligned(allocator, SIZE_MAX - 10, 4096));
    assert_null(cp_allocate_array(allocator, SIZE_MAX / 2, 16));
}

static void an_array_of_nothing_is_still_a_block(void **state)
{
    (void)state;
    cp_fault fault;
    cp_fault_init(&fault, 0);
    void *array = cp_allocate_array(&fault.allocator, 0, 8);
    assert_non_null(array);
    cp_release_array(&fault.allocator, array, 0, 8);
    assert_int_equal(fault.live_bytes, 0);
}

static void a_growing_array_keeps_its_items(void **state)
{
    (void)state;
    cp_fault fault;
    cp_fault_init(&fault, 0);
    void *items = NULL;
    size_t capacity = 0;
    for (size_t i = 0; i < 1000; i++) {
        assert_true(cp_grow_array(&fault.allocator, &items, &capacity, i + 1, sizeof(size_t)));
        ((size_t *)items)[i] = i;
    }
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(((size_t *)items)[i], i);
    assert_true(fault.requests < 12);
    cp_release_array(&fault.allocator, items, capacity, sizeof(size_t));
    assert_int_equal(fault.live_bytes, 0);
}

static void a_refused_growth_leaves_the_array_as_it_was(void **state)
{
    (void)state;
    cp_fault fault;
    cp_fault_init(&fault, 2);
    void *items = NULL;
    size_t capacity = 0;
    assert_true(cp_grow_array(&fault.allocator, &items, &capacity, 1, 4));
    void *before = items;
    size_t capacity_before = capacity;
    assert_false(cp_grow_array(&fault.allocator, &items, &capacity, capacity + 1, 4));
    assert_ptr_equal(items, before);
    assert_int_equal(capacity, capacity_before);
    assert_false(cp_grow_array(&fault.allocator, &items, &capacity, SIZE_MAX, 4));
    cp_release_array(&fault.allocator, items, capacity, 4);
    assert_int_equal(fault.live_bytes, 0);
}

static void releasing_nothing_does_nothing(void **state)
{
    (void)state;
    cp_release(copse_default_allocator(), NULL, 8);
    cp_release_array(copse_default_allocator(), NULL, 8, 8);
}

CP_TEST_MAIN(cmocka_unit_test(what_is_allocated_can_be_released),
             cmocka_unit_test(a_zeroed_block_is_zero),
             cmocka_unit_test(an_aligned_block_is_aligned),
             cmocka_unit_test(a_size_that_can_not_be_is_refused),
             cmocka_unit_test(an_array_of_nothing_is_still_a_block),
             cmocka_unit_test(a_growing_array_keeps_its_items),
             cmocka_unit_test(a_refused_growth_leaves_the_array_as_it_was),
             cmocka_unit_test(releasing_nothing_does_nothing))
