/* barrier.h -- the write barrier: every store of a value into the heap after the first safepoint.
 *
 * Owns:  the remembered set, and the one inline test before a store.
 * Never: collects, allocates in the heap, or fails: when its list can not grow it says so and the
 *        next collection looks at every card instead.
 *
 * The rule for all code: a store into an object or pair that has lived through a safepoint goes
 * through cp_write, cp_write_car or cp_write_cdr. The stores that initialise what cp_alloc just
 * gave do not, until the next safepoint; those into what cp_alloc_old gave do.
 *
 * A card whose CLEAN bit is set belongs to an old object and was not stored to since the last
 * young collection. The first store to it takes the slow path, which remembers the card: it may
 * now hold a reference to something young. While a full cycle marks, the slow path also traces
 * what the card held, because the cycle finds all that was reachable when it began (Yuasa 1990,
 * snapshot at the beginning). Everything after that costs a load and a branch. */
#ifndef CP_INTERP_BARRIER_H
#define CP_INTERP_BARRIER_H

#include "interp/block.h"

typedef struct cp_logged {
    cp_value holder; /* object or pair */
    size_t offset;   /* of the card in it, a multiple of CP_CARD_BYTES */
} cp_logged;

/* So many logged cards are a reason to collect: a young collection looks through all of them, and
 * a program that only stores and does not allocate would log ever more. */
enum { CP_MANY_CARDS = 4096 };

/* The first member of a cp_heap, so that this file need not know the rest. */
typedef struct cp_barrier {
    cp_logged *logged; /* own; the cards that are not CLEAN and belong to old objects */
    size_t logged_count;
    size_t logged_capacity;
    bool is_overflowed; /* the list could not grow: cards are logged that it does not name */
    const copse_allocator *allocator;
    void (*snapshot)(cp_heap *heap, cp_value holder, size_t offset); /* while marking, else NULL */
    void (*on_many)(cp_heap *heap); /* told when CP_MANY_CARDS are logged; may be NULL */
} cp_barrier;

/* Take no memory yet; ALLOCATOR outlives the barrier. */
void cp_barrier_init(cp_barrier *barrier, const copse_allocator *allocator);
void cp_barrier_free(cp_barrier *barrier);

/* Make room for COUNT further cards, so that as many slow paths do not overflow. Best effort. */
void cp_barrier_reserve(cp_barrier *barrier, size_t count);

/* The slow path: log the card at OFFSET of HOLDER, before the store. */
CP_COLD void cp_barrier_log(cp_heap *heap, cp_value holder, size_t offset);

/* Announce a store to the card of OBJECT that contains SLOT. cp_write does it; on its own for code
 * that writes several words of one card, or that stores raw words that trace as values. */
CP_ALWAYS_INLINE void cp_before_write(cp_heap *heap, cp_object *object, const void *slot)
{
    size_t offset = (uintptr_t)slot - (uintptr_t)object;
    if (CP_UNLIKELY(*cp_card_of(object, offset) & CP_STATE_CLEAN))
        cp_barrier_log(heap, cp_from_object(object), offset);
}

/* Store VALUE in *SLOT, which lies in OBJECT. */
CP_ALWAYS_INLINE void cp_write(cp_heap *heap, cp_object *object, cp_value *slot, cp_value value)
{
    cp_before_write(heap, object, slot);
    *slot = value;
}

/* Before the stores to the pair in the word PAIR. */
CP_ALWAYS_INLINE void cp_before_write_pair(cp_heap *heap, cp_value pair)
{
    if (CP_UNLIKELY(*cp_state_of(cp_to_pair(pair)) & CP_STATE_CLEAN))
        cp_barrier_log(heap, pair, 0);
}

CP_ALWAYS_INLINE void cp_write_car(cp_heap *heap, cp_value pair, cp_value value)
{
    cp_before_write_pair(heap, pair);
    cp_to_pair(pair)->car = value;
}

CP_ALWAYS_INLINE void cp_write_cdr(cp_heap *heap, cp_value pair, cp_value value)
{
    cp_before_write_pair(heap, pair);
    cp_to_pair(pair)->cdr = value;
}

#endif
