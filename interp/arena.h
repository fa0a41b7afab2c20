/* arena.h -- memory that is taken in small pieces and given back in one step.
 *
 * Owns:  its chunks.
 * Never: frees a piece; a refusal is remembered, so that a pass may look once at its end. */
#ifndef CP_INTERP_ARENA_H
#define CP_INTERP_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <copse/sched.h>

#include "sched/compiler.h"

typedef struct cp_arena_chunk cp_arena_chunk;

typedef struct cp_arena {
    const copse_allocator *allocator;
    cp_arena_chunk *chunks;
    char *bump;
    char *limit;
    bool is_refused; /* some request was */
} cp_arena;

void cp_arena_init(cp_arena *arena, const copse_allocator *allocator);
void cp_arena_free(cp_arena *arena);

/* SIZE zeroed bytes, aligned for a pointer, for the life of ARENA. NULL when memory is refused. */
void *cp_arena_take(cp_arena *arena, size_t size) CP_MUST_USE;

/* COUNT zeroed items; at least one. NULL when memory is refused. */
void *cp_arena_take_array(cp_arena *arena, size_t count, size_t item_size) CP_MUST_USE;

/* A copy of SIZE bytes at TEXT and a NUL. NULL when memory is refused. */
char *cp_arena_text(cp_arena *arena, const char *text, size_t size) CP_MUST_USE;

#define CP_TAKE(arena, type) ((type *)cp_arena_take(arena, sizeof(type)))
#define CP_TAKE_ARRAY(arena, count, type) ((type *)cp_arena_take_array(arena, count, sizeof(type)))

#endif
