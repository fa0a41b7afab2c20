#include "tests/check.h"

#include "interp/block.h"
#include "tests/fault.h"

static cp_fault fault;

static cp_chunk *open_chunk(cp_chunk_kind kind, size_t object_bytes)
{
    cp_fault_init(&fault, 0);
    cp_chunk *chunk = cp_chunk_new(&fault.allocator, kind, object_bytes);
    assert_non_null(chunk);
    return chunk;
}

static void close_chunk(cp_chunk *chunk)
{
    cp_chunk_free(&fault.allocator, chunk);
    assert_int_equal(fault.live_bytes, 0);
}

/* An object of COUNT granules at granule AT of BLOCK. */
static void put(cp_block *block, size_t at, unsigned head, size_t count)
{
    cp_state_begin(cp_block_states(block) + at, head, count);
}

static void expect_hole(cp_block *block, unsigned live, size_t from, size_t to)
{
    cp_hole hole = cp_block_next_hole(block, live);
    const char *start = cp_block_start(block);
    assert_int_equal(hole.start - start, from * CP_GRANULE_BYTES);
    assert_int_equal(hole.end - start, to * CP_GRANULE_BYTES);
}

static void every_granule_has_its_own_state_byte(void **state)
{
    (void)state;
    cp_chunk *chunk = open_chunk(CP_CHUNK_BLOCKS, 0);
    for (size_t i = 0; i < CP_BLOCKS_PER_CHUNK; i++) {
        const char *start = cp_block_start(&chunk->blocks[i]);
        assert_int_equal((uintptr_t)start % CP_BLOCK_BYTES, 0);
        assert_ptr_equal(cp_chunk_of(start), chunk);
        assert_ptr_equal(cp_state_of(start), cp_block_states(&chunk->blocks[i]));
        assert_ptr_equal(cp_state_of(start + 48), cp_state_of(start) + 3);
        assert_true((char *)cp_state_of(start) >= (char *)chunk + sizeof *chunk);
        assert_true((char *)cp_state_of(start + CP_BLOCK_BYTES - 1) <
                    (char *)chunk + CP_CHUNK_START);
    }
    close_chunk(chunk);
}

static void an_empty_block_is_one_hole(void **state)
{
    (void)state;
    cp_chunk *chunk = open_chunk(CP_CHUNK_BLOCKS, 0);
    expect_hole(&chunk->blocks[14], CP_STATE_COLOUR_0, 0, CP_GRANULES_PER_BLOCK);
    assert_int_equal(chunk->blocks[14].found, CP_GRANULES_PER_BLOCK);
    expect_hole(&chunk->blocks[14], CP_STATE_COLOUR_0, CP_GRANULES_PER_BLOCK,
                CP_GRANULES_PER_BLOCK);
    close_chunk(chunk);
}

static void a_hole_reaches_from_one_live_object_to_the_next(void **state)
{
    (void)state;
    cp_chunk *chunk = open_chunk(CP_CHUNK_BLOCKS, 0);
    cp_block *block = &chunk->blocks[3];
    const unsigned live = CP_STATE_COLOUR_0 | CP_STATE_CLEAN;
    put(block, 0, live, 5);
    put(block, 5, CP_STATE_COLOUR_1, 7); /* dead, with its interior */
    put(block, 20, CP_STATE_YOUNG | CP_STATE_PAIR, 1);
    put(block, 30, live, 1);
    put(block, 31, live, 100);
    put(block, 4000, live, 96);
    expect_hole(block, CP_STATE_COLOUR_0, 5, 30);
    expect_hole(block, CP_STATE_COLOUR_0, 131, 4000);
    expect_hole(block, CP_STATE_COLOUR_0, 4096, 4096);
    assert_int_equal(block->found, 25 + 3869);
    block->cursor = 0;
    expect_hole(block, CP_STATE_COLOURS, 12, 30);
    close_chunk(chunk);
}

/* Every place of one object of every size from 1 to 20 granules, against the obvious loop. */
static void holes_are_found_at_every_alignment(void **state)
{
    (void)state;
    cp_chunk *chunk = open_chunk(CP_CHUNK_BLOCKS, 0);
    cp_block *block = &chunk->blocks[0];
    for (size_t at = 0; at < 40; at++) {
        for (size_t count = 1; count <= 20; count++) {
            cp_hole_paint(cp_block_start(block), cp_block_start(block) + CP_BLOCK_BYTES,
                          CP_STATE_FREE);
            put(block, at, CP_STATE_COLOUR_1 | CP_STATE_CLEAN, count);
            block->cursor = 0;
            if (at > 0)
                expect_hole(block, CP_STATE_COLOUR_1, 0, at);
            expect_hole(block, CP_STATE_COLOUR_1, at + count, CP_GRANULES_PER_BLOCK);
        }
    }
    close_chunk(chunk);
}

static void no_two_objects_share_a_card(void **state)
{
    (void)state;
    cp_chunk *chunk = open_chunk(CP_CHUNK_BLOCKS, 0);
    char *object = cp_block_start(&chunk->blocks[0]) + 160;
    assert_ptr_equal(cp_card_of(object, 0), cp_state_of(object));
    assert_ptr_equal(cp_card_of(object, 511), cp_state_of(object));
    assert_ptr_equal(cp_card_of(object, 512), cp_state_of(object + 512));
    assert_ptr_equal(cp_card_of(object, 1535), cp_state_of(object + 1024));
    close_chunk(chunk);
}

static void a_huge_object_has_cards_of_its_own(void **state)
{
    (void)state;
    const size_t size = 5 * 1024 * 1024;
    cp_chunk *chunk = open_chunk(CP_CHUNK_HUGE, size);
    char *object = cp_chunk_huge_object(chunk);
    assert_true(cp_is_huge(object));
    assert_true((char *)cp_state_of(object) >= (char *)(chunk + 1));
    *cp_state_of(object) = CP_STATE_YOUNG;
    CP_UNPOISON(object, size);
    memset(object, 0xFF, size);
    cp_cards_clean(object, size);
    for (size_t offset = CP_CARD_BYTES; offset < size; offset += CP_CARD_BYTES)
        assert_int_equal(*cp_card_of(object, offset), CP_STATE_INTERIOR | CP_STATE_CLEAN);
    assert_int_equal(*cp_state_of(object), CP_STATE_YOUNG);
    assert_true((char *)cp_card_of(object, size - 1) < (char *)chunk + chunk->size);
    close_chunk(chunk);
}

static void pages_are_taken_first_fit_and_given_back(void **state)
{
    (void)state;
    cp_chunk *chunk = open_chunk(CP_CHUNK_PAGES, 0);
    char *a = cp_pages_take(chunk, 10000);
    char *b = cp_pages_take(chunk, 4096);
    char *c = cp_pages_take(chunk, 100 * CP_PAGE_BYTES);
    assert_int_equal(b - a, 3 * CP_PAGE_BYTES);
    assert_int_equal(chunk->free_count, CP_PAGES_PER_CHUNK - 104);
    assert_null(cp_pages_take(chunk, 137 * CP_PAGE_BYTES));
    cp_pages_give(a, 10000);
    assert_null(cp_pages_take(chunk, 137 * CP_PAGE_BYTES));
    assert_ptr_equal(cp_pages_take(chunk, 3 * CP_PAGE_BYTES), a);
    cp_pages_give(a, 3 * CP_PAGE_BYTES);
    cp_pages_give(b, 4096);
    cp_pages_give(c, 100 * CP_PAGE_BYTES);
    assert_ptr_equal(cp_pages_take(chunk, CP_PAGED_MAX), a);
    cp_pages_give(a, CP_PAGED_MAX);
    assert_int_equal(chunk->free_count, CP_PAGES_PER_CHUNK);
    close_chunk(chunk);
}

static void a_refused_chunk_is_null(void **state)
{
    (void)state;
    cp_fault_init(&fault, 1);
    assert_null(cp_chunk_new(&fault.allocator, CP_CHUNK_BLOCKS, 0));
}

CP_TEST_MAIN(cmocka_unit_test(every_granule_has_its_own_state_byte),
             cmocka_unit_test(an_empty_block_is_one_hole),
             cmocka_unit_test(a_hole_reaches_from_one_live_object_to_the_next),
             cmocka_unit_test(holes_are_found_at_every_alignment),
             cmocka_unit_test(no_two_objects_share_a_card),
             cmocka_unit_test(a_huge_object_has_cards_of_its_own),
             cmocka_unit_test(pages_are_taken_first_fit_and_given_back),
             cmocka_unit_test(a_refused_chunk_is_null))
