/* timer.h -- what is due next, exactly.
 *
 * Owns:  the order of pending deadlines: by time, and at the same time by when they were set.
 * Never: calls anybody, reads a clock, or keeps a cancelled timer. */
#ifndef CP_SCHED_TIMER_H
#define CP_SCHED_TIMER_H

#include <stdbool.h>

#include <copse/sched.h>

#include "sched/compiler.h"

/* One deadline, a field of the object that waits; it must not move while it is pending. */
typedef struct cp_timer {
    int64_t due_ns;
    uint64_t sequence; /* the heap's count of settings: decides between equal dues */
    uint32_t index;    /* place in the heap + 1; 0 when not pending */
    uint32_t kind;     /* the owner's: what object this is a field of */
} cp_timer;

_Static_assert(sizeof(cp_timer) <= 48, "a timer is part of every task");

/* The key stands beside the pointer, so that sifting rarely follows one. */
typedef struct cp_timer_entry {
    int64_t due_ns;
    cp_timer *timer; /* borrowed while it is pending */
} cp_timer_entry;

typedef struct cp_timers {
    const copse_allocator *allocator;
    cp_timer_entry *entries; /* a 4-ary heap */
    size_t capacity;
    uint32_t count;
    uint64_t next_sequence;
} cp_timers;

void cp_timers_init(cp_timers *timers, const copse_allocator *allocator);
void cp_timers_destroy(cp_timers *timers);

/* Room for COUNT pending timers, so that setting that many is never refused. False when refused. */
bool cp_timers_reserve(cp_timers *timers, size_t count) CP_MUST_USE;

/* Make TIMER pending at DUE_NS, or move it there when it is pending already; either way it comes
 * after those of the same time. There must be room: see reserve. */
void cp_timers_set(cp_timers *timers, cp_timer *timer, int64_t due_ns);

/* Forget TIMER at once. False when it was not pending. */
bool cp_timers_cancel(cp_timers *timers, cp_timer *timer);

/* When the next timer is due; COPSE_NEVER when there is none. */
CP_ALWAYS_INLINE int64_t cp_timers_next(const cp_timers *timers)
{
    return timers->count == 0 ? COPSE_NEVER : timers->entries[0].due_ns;
}

/* The next timer that is due at NOW_NS, no longer pending; NULL when there is none. */
cp_timer *cp_timers_pop(cp_timers *timers, int64_t now_ns) CP_MUST_USE;

CP_ALWAYS_INLINE bool cp_timer_is_pending(const cp_timer *timer)
{
    return timer->index != 0;
}

#endif
