#include "tests/check.h"

#include "interp/arena.h"
#include "tests/fault.h"

static void pieces_are_zeroed_aligned_and_apart(void **state)
{
    (void)state;
    cp_fault fault;
    cp_fault_init(&fault, 0);
    cp_arena arena;
    cp_arena_init(&arena, &fault.allocator);
    unsigned char *pieces[500];
    for (size_t i = 0; i < 500; i++) {
        size_t size = i * 7 % 300 + 1;
        pieces[i] = cp_arena_take(&arena, size);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % 8, 0);
        for (size_t k = 0; k < size; k++)
            assert_int_equal(pieces[i][k], 0);
        memset(pieces[i], (int)(i % 251), size);
    }
    for (size_t i = 0; i < 500; i++) {
        for (size_t k = 0; k < i * 7 % 300 + 1; k++)
            assert_int_equal(pieces[i][k], i % 251);
    }
    cp_arena_free(&arena);
    assert_int_equal(fault.live_bytes, 0);
}

static void a_large_piece_leaves_the_present_chunk_in_use(void **state)
{
    (void)state;
    cp_fault fault;
    cp_fault_init(&fault, 0);
    cp_arena arena;
    cp_arena_init(&arena, &fault.allocator);
    char *first = cp_arena_take(&arena, 16);
    char *large = cp_arena_take(&arena, 1000000);
    char *second = cp_arena_take(&arena, 16);
    assert_non_null(large);
    assert_ptr_equal(second, first + 16);
    assert_string_equal(cp_arena_text(&arena, "word and more", 4), "word");
    cp_arena_free(&arena);
    assert_int_equal(fault.live_bytes, 0);
}

static void a_refusal_is_remembered(void **state)
{
    (void)state;
    cp_fault fault;
    cp_fault_init(&fault, 2);
    cp_arena arena;
    cp_arena_init(&arena, &fault.allocator);
    assert_non_null(cp_arena_take(&arena, 100));
    assert_false(arena.is_refused);
    assert_null(cp_arena_take(&arena, 100000));
    assert_true(arena.is_refused);
    assert_null(cp_arena_take_array(&arena, SIZE_MAX, 2));
    cp_arena_free(&arena);
    assert_int_equal(fault.live_bytes, 0);
}

CP_TEST_MAIN(cmocka_unit_test(pieces_are_zeroed_aligned_and_apart),
             cmocka_unit_test(a_large_piece_leaves_the_present_chunk_in_use),
             cmocka_unit_test(a_refusal_is_remembered))
