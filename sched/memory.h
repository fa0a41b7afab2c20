/* memory.h -- memory from the host's allocator.
 *
 * Owns:  the checks around every request: sizes that overflow are refused, not wrapped.
 * Never: keeps a block, or retries: a refusal is the caller's to report. */
#ifndef CP_SCHED_MEMORY_H
#define CP_SCHED_MEMORY_H

#include <stdbool.h>

#include <copse/sched.h>

#include "sched/compiler.h"

/* ALLOCATOR, or the default one when it is NULL. */
const copse_allocator *cp_allocator_or_default(const copse_allocator *allocator);

/* An own block of SIZE > 0 bytes, not cleared, aligned for any object. NULL when refused. */
void *cp_allocate(const copse_allocator *allocator, size_t size) CP_MUST_USE;

/* The same, cleared. */
void *cp_allocate_zeroed(const copse_allocator *allocator, size_t size) CP_MUST_USE;

/* An own block of SIZE > 0 bytes at a multiple of ALIGNMENT, a power of two. NULL when refused. */
void *cp_allocate_aligned(const copse_allocator *allocator, size_t size,
                          size_t alignment) CP_MUST_USE;

/* An own array of COUNT items of ITEM_SIZE bytes, not cleared. NULL when refused, also when the
 * product does not fit; an empty array is a block of one item. */
void *cp_allocate_array(const copse_allocator *allocator, size_t count,
                        size_t item_size) CP_MUST_USE;

/* Give back what the functions above gave, with the size that they were asked for. NULL is fine. */
void cp_release(const copse_allocator *allocator, void *own, size_t size);
void cp_release_aligned(const copse_allocator *allocator, void *own, size_t size, size_t alignment);
void cp_release_array(const copse_allocator *allocator, void *own, size_t count, size_t item_size);

/* Make room for at least NEEDED items in the array *OWN of *CAPACITY items, at least doubling it.
 * False when refused: array and capacity are then as before. */
bool cp_grow_array(const copse_allocator *allocator, void **own, size_t *capacity, size_t needed,
                   size_t item_size) CP_MUST_USE;

#endif
