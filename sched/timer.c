/* timer.c -- a 4-ary heap in an array: half the levels of a binary one, and four children share a
 * cache line. Each timer knows its place, so cancelling costs one sift: O(log4 n). */
#include "sched/timer.h"

#include <assert.h>

#include "sched/memory.h"

enum { arity = 4 };

void cp_timers_init(cp_timers *timers, const copse_allocator *allocator)
{
    *timers = (cp_timers){.allocator = allocator};
}

void cp_timers_destroy(cp_timers *timers)
{
    assert(timers->count == 0);
    if (timers->entries != NULL)
        cp_release_array(timers->allocator, timers->entries, timers->capacity,
                         sizeof *timers->entries);
}

bool cp_timers_reserve(cp_timers *timers, size_t count)
{
    if (count >= UINT32_MAX)
        return false;
    void *entries = timers->entries;
    bool is_grown = cp_grow_array(timers->allocator, &entries, &timers->capacity, count,
                                  sizeof *timers->entries);
    timers->entries = entries;
    return is_grown;
}

static bool comes_before(const cp_timer_entry *a, const cp_timer_entry *b)
{
    if (a->due_ns != b->due_ns)
        return a->due_ns < b->due_ns;
    return a->timer->sequence < b->timer->sequence;
}

static void put(cp_timers *timers, uint32_t place, cp_timer_entry entry)
{
    timers->entries[place] = entry;
    entry.timer->index = place + 1;
}

/* ENTRY finds its place in the path from the hole at PLACE to the root. */
static void sift_up(cp_timers *timers, uint32_t place, cp_timer_entry entry)
{
    while (place > 0) {
        uint32_t parent = (place - 1) / arity;
        if (!comes_before(&entry, &timers->entries[parent]))
            break;
        put(timers, place, timers->entries[parent]);
        place = parent;
    }
    put(timers, place, entry);
}

/* The child of PLACE that comes first; PLACE has at least one. */
static uint32_t first_child(const cp_timers *timers, uint64_t first)
{
    uint64_t end = first + arity < timers->count ? first + arity : timers->count;
    uint64_t best = first;
    for (uint64_t child = first + 1; child < end; child++)
        if (comes_before(&timers->entries[child], &timers->entries[best]))
            best = child;
    return (uint32_t)best;
}

/* ENTRY finds its place below the hole at PLACE. */
static void sift_down(cp_timers *timers, uint32_t place, cp_timer_entry entry)
{
    for (;;) {
        uint64_t first = (uint64_t)place * arity + 1;
        if (first >= timers->count)
            break;
        uint32_t child = first_child(timers, first);
        if (!comes_before(&timers->entries[child], &entry))
            break;
        put(timers, place, timers->entries[child]);
        place = child;
    }
    put(timers, place, entry);
}

/* Close the hole at PLACE with the last entry. */
static void close_hole(cp_timers *timers, uint32_t place)
{
    timers->count--;
    if (place == timers->count)
        return;
    cp_timer_entry last = timers->entries[timers->count];
    if (place > 0 && comes_before(&last, &timers->entries[(place - 1) / arity]))
        sift_up(timers, place, last);
    else
        sift_down(timers, place, last);
}

void cp_timers_set(cp_timers *timers, cp_timer *timer, int64_t due_ns)
{
    cp_timers_cancel(timers, timer);
    assert(timers->count < timers->capacity);
    timer->due_ns = due_ns;
    timer->sequence = timers->next_sequence++;
    sift_up(timers, timers->count++, (cp_timer_entry){due_ns, timer});
}

bool cp_timers_cancel(cp_timers *timers, cp_timer *timer)
{
    if (!cp_timer_is_pending(timer))
        return false;
    uint32_t place = timer->index - 1;
    assert(place < timers->count);
    assert(timers->entries[place].timer == timer);
    timer->index = 0;
    close_hole(timers, place);
    return true;
}

cp_timer *cp_timers_pop(cp_timers *timers, int64_t now_ns)
{
    if (timers->count == 0 || timers->entries[0].due_ns > now_ns)
        return NULL;
    cp_timer *timer = timers->entries[0].timer;
    timer->index = 0;
    close_hole(timers, 0);
    return timer;
}
