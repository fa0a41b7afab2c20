/* clock.h -- what time it is, waiting for a time, and being woken from the wait.
 *
 * Owns:  every question to the system about time, and the blocking of threads.
 * Never: lets time of a virtual or driven clock pass by itself. */
#ifndef CP_SCHED_CLOCK_H
#define CP_SCHED_CLOCK_H

#include <pthread.h>
#include <stdbool.h>

#include <copse/sched.h>

#include "sched/compiler.h"

/* X(name, word, text) */
#define CP_CLOCK_KIND_LIST(X)                                                                      \
    X(CP_CLOCK_REAL, "real", "the system's monotonic time")                                        \
    X(CP_CLOCK_VIRTUAL, "virtual", "jumps to the deadline that is waited for")                     \
    X(CP_CLOCK_DRIVEN, "driven", "shows what a simulator says")

#define CP_CLOCK_KIND_ENUM(name, word, text) name,
typedef enum cp_clock_kind { CP_CLOCK_KIND_LIST(CP_CLOCK_KIND_ENUM) } cp_clock_kind;
#undef CP_CLOCK_KIND_ENUM

/* Lets other threads end a wait of the owner. A signal that finds nobody waiting ends the next
 * wait at once, so that none is lost. */
typedef struct cp_wake {
    pthread_mutex_t lock;
    pthread_cond_t condition;
    bool is_signalled; /* under lock */
} cp_wake;

/* False when the system refuses. */
bool cp_wake_init(cp_wake *wake) CP_MUST_USE;
void cp_wake_destroy(cp_wake *wake);

/* From any thread. */
void cp_wake_signal(cp_wake *wake);

/* Block until signalled, and take the signal. */
void cp_wake_wait(cp_wake *wake);

/* Take a signal without blocking. */
bool cp_wake_take(cp_wake *wake);

typedef enum cp_wait_end {
    CP_WAIT_DUE,    /* the clock shows the deadline or later */
    CP_WAIT_WOKEN,  /* a signal was taken */
    CP_WAIT_STANDS, /* waiting does not move this clock: somebody has to */
} cp_wait_end;

typedef struct cp_clock_class {
    cp_clock_kind kind;
    int64_t (*now)(const copse_clock *clock); /* NULL: clock->now_ns is the time */
    uint64_t (*cycles)(const copse_clock *clock);
    cp_wait_end (*wait_until)(copse_clock *clock, int64_t deadline_ns, cp_wake *wake);
} cp_clock_class;

struct copse_clock {
    const cp_clock_class *class;
    const copse_allocator *allocator;
    copse_clock_listener *listeners; /* each borrowed until it is removed */
    int64_t now_ns;                  /* virtual and driven; touched by the owner's thread only */
};

CP_ALWAYS_INLINE int64_t cp_clock_now(const copse_clock *clock)
{
    return clock->class->now == NULL ? clock->now_ns : clock->class->now(clock);
}

CP_ALWAYS_INLINE cp_clock_kind cp_clock_kind_of(const copse_clock *clock)
{
    return clock->class->kind;
}

/* The processor's cycle counter: differences are short durations in units of the machine. On a
 * clock that is not real, its nanoseconds, so that runs repeat. */
uint64_t cp_clock_cycles(const copse_clock *clock);

/* Wait until the clock shows DEADLINE_NS, or WAKE is signalled. Real: blocks, for ever when the
 * deadline is COPSE_NEVER. Virtual: jumps at once; stands at COPSE_NEVER. Driven: stands. */
cp_wait_end cp_clock_wait_until(copse_clock *clock, int64_t deadline_ns, cp_wake *wake) CP_MUST_USE;

const char *cp_clock_kind_name(cp_clock_kind kind);

#endif
