/* deep.h -- a stack in segments, for walks over deep data.
 *
 * Owns:  its segments, and the word that a walk in slices returns.
 * Never: moves an item or copies when it grows: a push costs the same however deep the stack is. */
#ifndef CP_INTERP_DEEP_H
#define CP_INTERP_DEEP_H

#include <stdbool.h>

#include <copse/sched.h>

#include "sched/compiler.h"

/* What one slice of a walk came to. After AGAIN and RETRY the walk is called again: after AGAIN
 * behind a safepoint, after RETRY when a collection has made room. */
typedef enum cp_step {
    CP_STEP_DONE,
    CP_STEP_AGAIN, /* the budget is used up */
    CP_STEP_RETRY  /* memory was refused; nothing was lost */
} cp_step;

typedef struct cp_deep_segment {
    struct cp_deep_segment *below;
    size_t size;  /* bytes of the whole segment */
    size_t used;  /* bytes of items */
    size_t spare; /* zero */
} cp_deep_segment;

_Static_assert(sizeof(cp_deep_segment) % 16 == 0, "items behind the header are aligned");

typedef struct cp_deep {
    const copse_allocator *allocator; /* borrowed */
    size_t item_size;
    size_t count;
    cp_deep_segment *top;   /* own; the items of the upper end, or NULL */
    cp_deep_segment *spare; /* own; an empty one, so that a push after a pop allocates nothing */
} cp_deep;

/* An empty stack of items of ITEM_SIZE bytes, a multiple of 8; takes no memory yet. ALLOCATOR
 * outlives it. */
cp_deep cp_deep_make(const copse_allocator *allocator, size_t item_size) CP_MUST_USE;

/* Drop all items and give the memory back; the stack is then empty and may be used again. */
void cp_deep_clear(cp_deep *deep);

/* Room for one more item on top, not cleared; it stays where it is until it is popped. NULL when
 * memory is refused; the stack is then as before. */
void *cp_deep_push(cp_deep *deep) CP_MUST_USE;

/* The item on top of a stack that is not empty; take it off. */
void *cp_deep_top(const cp_deep *deep);
void cp_deep_pop(cp_deep *deep);

/* Call VISIT for each item, from the top down. */
void cp_deep_visit(const cp_deep *deep, void (*visit)(void *context, void *item), void *context);

#endif
