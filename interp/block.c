/* block.c -- holes are found by looking at state bytes eight at a time.
 *
 * A dead object is one whose head has no live colour; nothing needs to be written when it dies.
 * Its granules are a hole together with the free ones around them, since a hole ends only at a
 * live head: the mark-region scheme of Immix (Blackburn and McKinley 2008) with lines as small as
 * the alignment of objects, as Wingo's Nofl space has them. A block of 4096 granules is read in
 * 150 ns when it is full or empty. */
#include "interp/block.h"

#include "sched/memory.h"

#define EACH_BYTE(byte) ((uint64_t)(byte)*UINT64_C(0x0101010101010101))

static uint64_t load_eight(const uint8_t *states)
{
    uint64_t eight;
    memcpy(&eight, states, sizeof eight);
    return eight;
}

static bool has_zero_byte(uint64_t eight)
{
    return ((eight - EACH_BYTE(0x01)) & ~eight & EACH_BYTE(0x80)) != 0;
}

/* ---- Chunks -------------------------------------------------------------------------------- */

/* Bytes of a chunk for a huge object: what comes before it, the object, its cards. */
static size_t size_huge(size_t object_bytes)
{
    assert(object_bytes < (size_t)1 << 40);
    size_t bytes = cp_granules(object_bytes) * CP_GRANULE_BYTES;
    return CP_HUGE_START + bytes + bytes / CP_CARD_BYTES + 1;
}

static void init_huge(cp_chunk *chunk, size_t object_bytes)
{
    size_t bytes = cp_granules(object_bytes) * CP_GRANULE_BYTES;
    chunk->cards = (uint8_t *)chunk + CP_HUGE_START + bytes;
    memset(chunk->cards, CP_STATE_INTERIOR, bytes / CP_CARD_BYTES + 1);
    CP_POISON(cp_chunk_huge_object(chunk), bytes);
}

static void init_shared(cp_chunk *chunk)
{
    uint8_t *states = cp_state_of((char *)chunk + CP_CHUNK_START);
    memset(states, CP_STATE_FREE, CP_PAGED_MAX / CP_GRANULE_BYTES);
    for (uint16_t i = 0; i < CP_BLOCKS_PER_CHUNK; i++)
        chunk->blocks[i].index = i;
    chunk->free_count = chunk->kind == CP_CHUNK_BLOCKS ? 0 : CP_PAGES_PER_CHUNK;
    CP_POISON((char *)chunk + CP_CHUNK_START, CP_PAGED_MAX);
}

cp_chunk *cp_chunk_new(const copse_allocator *allocator, cp_chunk_kind kind, size_t object_bytes)
{
    size_t size = kind == CP_CHUNK_HUGE ? size_huge(object_bytes) : CP_CHUNK_BYTES;
    cp_chunk *chunk = cp_allocate_aligned(allocator, size, CP_CHUNK_BYTES);
    if (chunk == NULL)
        return NULL;
    assert((uint64_t)(uintptr_t)chunk + size <= CP_ADDRESS_END);
    memset(chunk, 0, sizeof *chunk);
    chunk->kind = kind;
    chunk->size = size;
    if (kind == CP_CHUNK_HUGE)
        init_huge(chunk, object_bytes);
    else
        init_shared(chunk);
    return chunk;
}

void cp_chunk_free(const copse_allocator *allocator, cp_chunk *own)
{
    CP_UNPOISON(own, own->size);
    cp_release_aligned(allocator, own, own->size, CP_CHUNK_BYTES);
}

void *cp_chunk_huge_object(cp_chunk *chunk)
{
    return (char *)chunk + CP_HUGE_START;
}

/* ---- Blocks -------------------------------------------------------------------------------- */

char *cp_block_start(const cp_block *block)
{
    return (char *)cp_chunk_of(block) + CP_CHUNK_START + (size_t)block->index * CP_BLOCK_BYTES;
}

uint8_t *cp_block_states(const cp_block *block)
{
    return cp_state_of(cp_block_start(block));
}

/* The first granule from AT on that is neither a live head nor in the interior of one. */
static size_t skip_live(const uint8_t *states, size_t at, unsigned live)
{
    const uint64_t taken = EACH_BYTE(live | CP_STATE_INTERIOR);
    while (at + 8 <= CP_GRANULES_PER_BLOCK && !has_zero_byte(load_eight(states + at) & taken))
        at += 8;
    while (at < CP_GRANULES_PER_BLOCK && (states[at] & (live | CP_STATE_INTERIOR)) != 0)
        at++;
    return at;
}

/* The first live head from AT on. */
static size_t skip_dead(const uint8_t *states, size_t at, unsigned live)
{
    while (at + 8 <= CP_GRANULES_PER_BLOCK && (load_eight(states + at) & EACH_BYTE(live)) == 0)
        at += 8;
    while (at < CP_GRANULES_PER_BLOCK && (states[at] & live) == 0)
        at++;
    return at;
}

cp_hole cp_block_next_hole(cp_block *block, unsigned live)
{
    const uint8_t *states = cp_block_states(block);
    size_t from = skip_live(states, block->cursor, live);
    size_t to = skip_dead(states, from, live);
    block->cursor = (uint16_t)to;
    block->found = (uint16_t)(block->found + (to - from));
    char *start = cp_block_start(block);
    return (cp_hole){start + from * CP_GRANULE_BYTES, start + to * CP_GRANULE_BYTES};
}

void cp_hole_paint(char *start, char *end, unsigned state)
{
    if (start == end)
        return;
    memset(cp_state_of(start), (int)state, (size_t)(end - start) / CP_GRANULE_BYTES);
    CP_POISON(start, (size_t)(end - start));
}

/* ---- Pages --------------------------------------------------------------------------------- */

static bool page_is_used(const cp_chunk *chunk, size_t page)
{
    return (chunk->pages_used[page / 64] >> (page % 64) & 1) != 0;
}

static void flip_pages(cp_chunk *chunk, size_t first, size_t count)
{
    for (size_t page = first; page < first + count; page++)
        chunk->pages_used[page / 64] ^= UINT64_C(1) << (page % 64);
}

void *cp_pages_take(cp_chunk *chunk, size_t bytes)
{
    assert(bytes > 0 && bytes <= CP_PAGED_MAX);
    size_t count = (bytes + CP_PAGE_BYTES - 1) / CP_PAGE_BYTES;
    if (chunk->free_count < count)
        return NULL;
    size_t run = 0;
    for (size_t page = 0; page < CP_PAGES_PER_CHUNK; page++) {
        run = page_is_used(chunk, page) ? 0 : run + 1;
        if (run < count)
            continue;
        size_t first = page + 1 - count;
        flip_pages(chunk, first, count);
        chunk->free_count -= (uint32_t)count;
        return (char *)chunk + CP_CHUNK_START + first * CP_PAGE_BYTES;
    }
    return NULL;
}

void cp_pages_give(void *run, size_t bytes)
{
    cp_chunk *chunk = cp_chunk_of(run);
    size_t count = (bytes + CP_PAGE_BYTES - 1) / CP_PAGE_BYTES;
    size_t first = (cp_chunk_offset(run) - CP_CHUNK_START) / CP_PAGE_BYTES;
    assert(page_is_used(chunk, first));
    flip_pages(chunk, first, count);
    chunk->free_count += (uint32_t)count;
    cp_hole_paint(run, (char *)run + count * CP_PAGE_BYTES, CP_STATE_FREE);
}
