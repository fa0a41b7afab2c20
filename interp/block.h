/* block.h -- where objects live: chunks, blocks, granules, and one state byte for each granule.
 *
 * Owns:  the layout of a chunk, the meaning of state bytes, holes, page runs for large objects.
 * Never: decides what is alive, or counts what an interpreter may use: mark.h and heap.h do.
 *
 * A chunk is 1 MiB at a multiple of 1 MiB. Its first 64 KiB hold one state byte for each granule
 * of 16 bytes in it; the 4 KiB that would describe those 64 KiB themselves hold the chunk header:
 *
 *   0        4 KiB                      64 KiB                                         1 MiB
 *   +--------+--------------------------+----------------------------------------------+
 *   | header | state bytes              | 15 blocks of 64 KiB, or 240 pages of 4 KiB   |
 *   +--------+--------------------------+----------------------------------------------+
 *
 * so the state byte of address a is at chunk(a) + (a mod 1 MiB) / 16. Kept out of the blocks, the
 * state bytes of neighbouring blocks do not fall into the same cache sets.
 *
 *   blocks   objects up to 8 KiB, allocated by bumping a pointer through holes
 *   pages    larger objects that fit a chunk: runs of whole pages, first fit
 *   huge     one object with a chunk of its own; it starts below 64 KiB, which tells it apart
 *
 * State byte of the first granule of an object: YOUNG, or one of two colours; CLEAN when the
 * barrier has to log a store; PAIR when there is no header. The other granules are INTERIOR; one
 * that starts a card (below) carries the CLEAN bit of that card. Which colour means "old" and
 * which one "dead" is known to the heap and changes with each full cycle.
 *
 * A card is what the barrier logs: a small object whole, else a piece of 512 bytes, counted from
 * the start of the object, so no two objects share one. The cards of a huge object are bytes of
 * their own. */
#ifndef CP_INTERP_BLOCK_H
#define CP_INTERP_BLOCK_H

#include "interp/type.h"

enum {
    CP_GRANULE_BYTES = 16,
    CP_BLOCK_BYTES = 64 * 1024,
    CP_CHUNK_BYTES = 1024 * 1024,
    CP_PAGE_BYTES = 4096,
    CP_CARD_BYTES = 512,
    CP_SMALL_MAX = 8 * 1024,                             /* largest object in a block */
    CP_CHUNK_START = CP_CHUNK_BYTES / CP_GRANULE_BYTES,  /* offset of the first block */
    CP_PAGED_MAX = CP_CHUNK_BYTES - CP_CHUNK_START,      /* largest object in pages */
    CP_BLOCKS_PER_CHUNK = CP_PAGED_MAX / CP_BLOCK_BYTES, /* 15 */
    CP_PAGES_PER_CHUNK = CP_PAGED_MAX / CP_PAGE_BYTES,   /* 240 */
    CP_GRANULES_PER_BLOCK = CP_BLOCK_BYTES / CP_GRANULE_BYTES
};

_Static_assert(CP_CHUNK_START == CP_BLOCK_BYTES, "the state bytes fill exactly one block");

enum {
    CP_STATE_FREE = 0x00,
    CP_STATE_INTERIOR = 0x01,
    CP_STATE_YOUNG = 0x02,
    CP_STATE_COLOUR_0 = 0x04,
    CP_STATE_COLOUR_1 = 0x08,
    CP_STATE_COLOURS = CP_STATE_COLOUR_0 | CP_STATE_COLOUR_1,
    CP_STATE_HEADS = CP_STATE_YOUNG | CP_STATE_COLOURS,
    CP_STATE_PAIR = 0x10,
    CP_STATE_CLEAN = 0x80
};

typedef struct cp_block cp_block;
typedef struct cp_chunk cp_chunk;

/* A block is described in the header of its chunk. */
struct cp_block {
    cp_block *next;  /* in the one list that has it */
    uint16_t index;  /* 0 to 14 in its chunk */
    uint16_t cursor; /* granule from which the next hole is looked for */
    uint16_t found;  /* free granules found since `cursor` was 0 */
    bool is_free;    /* holds no object at all, and is in the list of free blocks */
};

typedef enum cp_chunk_kind { CP_CHUNK_BLOCKS, CP_CHUNK_PAGES, CP_CHUNK_HUGE } cp_chunk_kind;

struct cp_chunk {
    cp_chunk *next;
    cp_chunk *previous;
    cp_chunk_kind kind;
    size_t size; /* bytes from the allocator; CP_CHUNK_BYTES but for huge ones */
    cp_block blocks[CP_BLOCKS_PER_CHUNK];
    uint64_t pages_used[(CP_PAGES_PER_CHUNK + 63) / 64]; /* one bit for each page */
    uint32_t free_count;                                 /* free blocks, or free pages */
    uint8_t *cards;                                      /* huge: one byte for each card */
};

/* The object of a huge chunk starts here; its state byte follows the chunk header. */
enum { CP_HUGE_START = 2 * CP_PAGE_BYTES };

_Static_assert(sizeof(cp_chunk) <= CP_HUGE_START / CP_GRANULE_BYTES,
               "the chunk header ends before the first state byte");
_Static_assert((int)CP_HUGE_START < (int)CP_CHUNK_START,
               "a huge object is known by where it starts");

CP_ALWAYS_INLINE cp_chunk *cp_chunk_of(const void *address)
{
    return (cp_chunk *)((uintptr_t)address & ~(uintptr_t)(CP_CHUNK_BYTES - 1));
}

CP_ALWAYS_INLINE size_t cp_chunk_offset(const void *address)
{
    return (uintptr_t)address & (CP_CHUNK_BYTES - 1);
}

/* The state byte of the granule at ADDRESS, which is in a chunk. */
CP_ALWAYS_INLINE uint8_t *cp_state_of(const void *address)
{
    return (uint8_t *)cp_chunk_of(address) + cp_chunk_offset(address) / CP_GRANULE_BYTES;
}

CP_ALWAYS_INLINE bool cp_is_huge(const void *object)
{
    return cp_chunk_offset(object) < CP_CHUNK_START;
}

/* The byte whose CLEAN bit stands for the card at OFFSET of the object or pair at ADDRESS. */
CP_ALWAYS_INLINE uint8_t *cp_card_of(const void *address, size_t offset)
{
    if (CP_LIKELY(offset < CP_CARD_BYTES))
        return cp_state_of(address);
    if (CP_UNLIKELY(cp_is_huge(address)))
        return cp_chunk_of(address)->cards + offset / CP_CARD_BYTES;
    return cp_state_of(address) + offset / CP_CARD_BYTES * (CP_CARD_BYTES / CP_GRANULE_BYTES);
}

CP_ALWAYS_INLINE size_t cp_granules(size_t bytes)
{
    return (bytes + CP_GRANULE_BYTES - 1) / CP_GRANULE_BYTES;
}

/* Write the state bytes of an object of COUNT granules: STATE, then INTERIOR. */
CP_ALWAYS_INLINE void cp_state_begin(uint8_t *state, unsigned head, size_t count)
{
    state[0] = (uint8_t)head;
    if (CP_UNLIKELY(count > 16)) {
        memset(state + 1, CP_STATE_INTERIOR, count - 1);
        return;
    }
    for (size_t i = 1; i < count; i++)
        state[i] = CP_STATE_INTERIOR;
}

/* Set the CLEAN bits of all cards of an object of SIZE bytes but the first, which is its head. */
CP_ALWAYS_INLINE void cp_cards_clean(void *object, size_t size)
{
    if (CP_UNLIKELY(cp_is_huge(object))) {
        memset(cp_chunk_of(object)->cards, CP_STATE_INTERIOR | CP_STATE_CLEAN,
               (size - 1) / CP_CARD_BYTES + 1);
        return;
    }
    for (size_t offset = CP_CARD_BYTES; offset < size; offset += CP_CARD_BYTES)
        *cp_card_of(object, offset) |= CP_STATE_CLEAN;
}

/* ---- Chunks -------------------------------------------------------------------------------- */

/* An own chunk of KIND from ALLOCATOR, all free; for CP_CHUNK_HUGE one that holds an object of
 * OBJECT_BYTES. NULL when refused. */
cp_chunk *cp_chunk_new(const copse_allocator *allocator, cp_chunk_kind kind,
                       size_t object_bytes) CP_MUST_USE;
void cp_chunk_free(const copse_allocator *allocator, cp_chunk *own);

/* Where the one object of a huge chunk starts. */
void *cp_chunk_huge_object(cp_chunk *chunk);

/* ---- Blocks -------------------------------------------------------------------------------- */

/* The first byte of BLOCK, and its state bytes. */
char *cp_block_start(const cp_block *block);
uint8_t *cp_block_states(const cp_block *block);

typedef struct cp_hole {
    char *start;
    char *end; /* equal to start: there is none */
} cp_hole;

/* The next hole of BLOCK at or behind its cursor: the granules up to the next head with a colour
 * in LIVE, after the interior of the last such object. Moves the cursor behind it. The hole's
 * state bytes are left as they are: paint them with cp_hole_paint. */
cp_hole cp_block_next_hole(cp_block *block, unsigned live);

/* Set the state bytes of the granules from START to END. With CP_STATE_FREE the memory is
 * poisoned in sanitizer builds. */
void cp_hole_paint(char *start, char *end, unsigned state);

/* ---- Pages --------------------------------------------------------------------------------- */

/* A run of pages for BYTES in CHUNK; NULL when no run is free. Give it back with the same BYTES. */
void *cp_pages_take(cp_chunk *chunk, size_t bytes);
void cp_pages_give(void *run, size_t bytes);

#endif
