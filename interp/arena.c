/* arena.c -- chunks of CHUNK_BYTES, bumped through; what is larger gets a chunk of its own. */
#include "interp/arena.h"

#include <string.h>

#include "sched/memory.h"

enum { CHUNK_BYTES = 16384 };

struct cp_arena_chunk {
    cp_arena_chunk *next;
    size_t size; /* of the whole block */
};

void cp_arena_init(cp_arena *arena, const copse_allocator *allocator)
{
    *arena = (cp_arena){.allocator = allocator};
}

void cp_arena_free(cp_arena *arena)
{
    while (arena->chunks != NULL) {
        cp_arena_chunk *chunk = arena->chunks;
        arena->chunks = chunk->next;
        cp_release(arena->allocator, chunk, chunk->size);
    }
    *arena = (cp_arena){.allocator = arena->allocator};
}

/* A new chunk with room for SIZE bytes; a large one leaves the present one in use. */
static char *add_chunk(cp_arena *arena, size_t size)
{
    bool is_large = size > CHUNK_BYTES / 4;
    size_t block = sizeof(cp_arena_chunk) + (is_large ? size : (size_t)CHUNK_BYTES);
    cp_arena_chunk *chunk = cp_allocate_zeroed(arena->allocator, block);
    if (chunk == NULL) {
        arena->is_refused = true;
        return NULL;
    }
    *chunk = (cp_arena_chunk){arena->chunks, block};
    arena->chunks = chunk;
    char *start = (char *)(chunk + 1);
    if (!is_large) {
        arena->bump = start + size;
        arena->limit = start + CHUNK_BYTES;
    }
    return start;
}

void *cp_arena_take(cp_arena *arena, size_t size)
{
    if (size > SIZE_MAX / 2) {
        arena->is_refused = true;
        return NULL;
    }
    size = (size + 7) & ~(size_t)7;
    char *start = arena->bump;
    if (size > (size_t)(arena->limit - start))
        return add_chunk(arena, size);
    arena->bump = start + size;
    return start;
}

void *cp_arena_take_array(cp_arena *arena, size_t count, size_t item_size)
{
    size_t size;
    if (CP_MUL_OVERFLOWS(count == 0 ? 1 : count, item_size, &size))
        size = SIZE_MAX;
    return cp_arena_take(arena, size);
}

char *cp_arena_text(cp_arena *arena, const char *text, size_t size)
{
    char *copy = cp_arena_take(arena, size + 1);
    if (copy != NULL && size > 0)
        memcpy(copy, text, size);
    return copy;
}
