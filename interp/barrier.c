/* barrier.c -- the slow path: it runs once per card between two young collections. */
#include "interp/barrier.h"

#include "sched/memory.h"

void cp_barrier_init(cp_barrier *barrier, const copse_allocator *allocator)
{
    *barrier = (cp_barrier){.allocator = allocator};
}

void cp_barrier_free(cp_barrier *barrier)
{
    if (barrier->logged != NULL)
        cp_release_array(barrier->allocator, barrier->logged, barrier->logged_capacity,
                         sizeof(cp_logged));
    *barrier = (cp_barrier){.allocator = barrier->allocator};
}

/* Room for COUNT further cards. */
static bool reserve(cp_barrier *barrier, size_t count)
{
    void *logged = barrier->logged;
    bool has_room = cp_grow_array(barrier->allocator, &logged, &barrier->logged_capacity,
                                  barrier->logged_count + count, sizeof(cp_logged));
    barrier->logged = logged;
    return has_room;
}

void cp_barrier_reserve(cp_barrier *barrier, size_t count)
{
    if (!reserve(barrier, count))
        return; /* the overflow flag is for cards that were lost, and none was */
}

void cp_barrier_log(cp_heap *heap, cp_value holder, size_t offset)
{
    cp_barrier *barrier = (cp_barrier *)heap;
    void *address = (void *)cp_to_address(holder);
    uint8_t *card = cp_card_of(address, offset);
    assert((*card & CP_STATE_CLEAN) != 0);
    assert((*cp_state_of(address) & CP_STATE_COLOURS) != 0);
    size_t start = offset - offset % CP_CARD_BYTES;
    if (barrier->snapshot != NULL)
        barrier->snapshot(heap, holder, start);
    *card &= (uint8_t)~CP_STATE_CLEAN;
    if (!reserve(barrier, 1)) {
        barrier->is_overflowed = true;
        return;
    }
    barrier->logged[barrier->logged_count++] = (cp_logged){holder, start};
    if (barrier->logged_count == CP_MANY_CARDS && barrier->on_many != NULL)
        barrier->on_many(heap);
}
