/* clock.c -- three small classes. The real one sleeps in pthread_cond_timedwait on CLOCK_MONOTONIC,
 * so that a signal from another thread ends the sleep; the others only do arithmetic. */
#include "sched/clock.h"

#include <assert.h>
#include <time.h>

#include "sched/memory.h"

enum { ns_per_second = 1000000000 };

/* ---- Wake ---- */

bool cp_wake_init(cp_wake *wake)
{
    pthread_condattr_t attributes;
    wake->is_signalled = false;
    if (pthread_condattr_init(&attributes) != 0)
        return false;
    bool is_made = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
                   pthread_cond_init(&wake->condition, &attributes) == 0;
    pthread_condattr_destroy(&attributes);
    if (!is_made)
        return false;
    if (pthread_mutex_init(&wake->lock, NULL) == 0)
        return true;
    pthread_cond_destroy(&wake->condition);
    return false;
}

void cp_wake_destroy(cp_wake *wake)
{
    pthread_mutex_destroy(&wake->lock);
    pthread_cond_destroy(&wake->condition);
}

void cp_wake_signal(cp_wake *wake)
{
    pthread_mutex_lock(&wake->lock);
    wake->is_signalled = true;
    pthread_cond_signal(&wake->condition);
    pthread_mutex_unlock(&wake->lock);
}

bool cp_wake_take(cp_wake *wake)
{
    pthread_mutex_lock(&wake->lock);
    bool was_signalled = wake->is_signalled;
    wake->is_signalled = false;
    pthread_mutex_unlock(&wake->lock);
    return was_signalled;
}

void cp_wake_wait(cp_wake *wake)
{
    pthread_mutex_lock(&wake->lock);
    while (!wake->is_signalled)
        pthread_cond_wait(&wake->condition, &wake->lock);
    wake->is_signalled = false;
    pthread_mutex_unlock(&wake->lock);
}

/* ---- Real ---- */

static int64_t real_now(const copse_clock *clock)
{
    (void)clock;
    struct timespec time;
    int result = clock_gettime(CLOCK_MONOTONIC, &time);
    assert(result == 0);
    (void)result;
    return (int64_t)time.tv_sec * ns_per_second + time.tv_nsec;
}

static uint64_t real_cycles(const copse_clock *clock)
{
#if defined(__x86_64__)
    (void)clock;
    return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
    (void)clock;
    uint64_t count;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(count));
    return count;
#else
    return (uint64_t)real_now(clock);
#endif
}

static cp_wait_end real_wait_until(copse_clock *clock, int64_t deadline_ns, cp_wake *wake)
{
    if (deadline_ns == COPSE_NEVER) {
        cp_wake_wait(wake);
        return CP_WAIT_WOKEN;
    }
    int64_t bounded_ns = deadline_ns < 0 ? 0 : deadline_ns;
    struct timespec deadline = {.tv_sec = (time_t)(bounded_ns / ns_per_second),
                                .tv_nsec = (long)(bounded_ns % ns_per_second)};
    pthread_mutex_lock(&wake->lock);
    while (!wake->is_signalled && real_now(clock) < deadline_ns)
        pthread_cond_timedwait(&wake->condition, &wake->lock, &deadline);
    bool was_signalled = wake->is_signalled;
    wake->is_signalled = false;
    pthread_mutex_unlock(&wake->lock);
    return was_signalled ? CP_WAIT_WOKEN : CP_WAIT_DUE;
}

/* ---- Virtual and driven ---- */

static uint64_t shown_cycles(const copse_clock *clock)
{
    return (uint64_t)clock->now_ns;
}

static cp_wait_end virtual_wait_until(copse_clock *clock, int64_t deadline_ns, cp_wake *wake)
{
    if (cp_wake_take(wake))
        return CP_WAIT_WOKEN;
    if (deadline_ns == COPSE_NEVER)
        return CP_WAIT_STANDS;
    if (deadline_ns > clock->now_ns)
        clock->now_ns = deadline_ns;
    return CP_WAIT_DUE;
}

static cp_wait_end driven_wait_until(copse_clock *clock, int64_t deadline_ns, cp_wake *wake)
{
    if (cp_wake_take(wake))
        return CP_WAIT_WOKEN;
    return clock->now_ns >= deadline_ns ? CP_WAIT_DUE : CP_WAIT_STANDS;
}

static const cp_clock_class real_class = {CP_CLOCK_REAL, real_now, real_cycles, real_wait_until};
static const cp_clock_class virtual_class = {CP_CLOCK_VIRTUAL, NULL, shown_cycles,
                                             virtual_wait_until};
static const cp_clock_class driven_class = {CP_CLOCK_DRIVEN, NULL, shown_cycles, driven_wait_until};

/* ---- All ---- */

static copse_clock *new_clock(const copse_allocator *allocator, const cp_clock_class *class,
                              int64_t start_ns)
{
    allocator = cp_allocator_or_default(allocator);
    copse_clock *clock = cp_allocate_zeroed(allocator, sizeof *clock);
    if (clock == NULL)
        return NULL;
    clock->class = class;
    clock->allocator = allocator;
    clock->now_ns = start_ns;
    return clock;
}

copse_clock *copse_clock_new_real(const copse_allocator *allocator)
{
    return new_clock(allocator, &real_class, 0);
}

copse_clock *copse_clock_new_virtual(const copse_allocator *allocator, int64_t start_ns)
{
    return new_clock(allocator, &virtual_class, start_ns);
}

copse_clock *copse_clock_new_driven(const copse_allocator *allocator, int64_t start_ns)
{
    return new_clock(allocator, &driven_class, start_ns);
}

void copse_clock_free(copse_clock *own)
{
    if (own == NULL)
        return;
    assert(own->listeners == NULL);
    cp_release(own->allocator, own, sizeof *own);
}

int64_t copse_clock_now(const copse_clock *clock)
{
    return cp_clock_now(clock);
}

uint64_t cp_clock_cycles(const copse_clock *clock)
{
    return clock->class->cycles(clock);
}

cp_wait_end cp_clock_wait_until(copse_clock *clock, int64_t deadline_ns, cp_wake *wake)
{
    return clock->class->wait_until(clock, deadline_ns, wake);
}

copse_status copse_clock_advance(copse_clock *clock, int64_t step_ns)
{
    int64_t new_ns = 0;
    if (cp_clock_kind_of(clock) != CP_CLOCK_VIRTUAL || step_ns < 0)
        return COPSE_EINVAL;
    if (CP_ADD_OVERFLOWS(clock->now_ns, step_ns, &new_ns) || new_ns == COPSE_NEVER)
        return COPSE_ERANGE;
    clock->now_ns = new_ns;
    return COPSE_OK;
}

copse_status copse_clock_drive(copse_clock *clock, int64_t now_ns)
{
    if (cp_clock_kind_of(clock) != CP_CLOCK_DRIVEN || now_ns == COPSE_NEVER)
        return COPSE_EINVAL;
    int64_t old_ns = clock->now_ns;
    clock->now_ns = now_ns;
    if (now_ns >= old_ns)
        return COPSE_OK;
    for (copse_clock_listener *item = clock->listeners; item != NULL; item = item->next)
        item->on_jump(item->context, old_ns, now_ns);
    return COPSE_OK;
}

void copse_clock_listen(copse_clock *clock, copse_clock_listener *listener)
{
    assert(listener->next == NULL);
    copse_clock_listener **link = &clock->listeners;
    while (*link != NULL)
        link = &(*link)->next;
    *link = listener;
}

void copse_clock_unlisten(copse_clock *clock, copse_clock_listener *listener)
{
    copse_clock_listener **link = &clock->listeners;
    while (*link != NULL && *link != listener)
        link = &(*link)->next;
    if (*link == NULL)
        return;
    *link = listener->next;
    listener->next = NULL;
}

#define CASE_WORD(name, word, text)                                                                \
    case name:                                                                                     \
        return word;

const char *cp_clock_kind_name(cp_clock_kind kind)
{
    switch (kind) {
        CP_CLOCK_KIND_LIST(CASE_WORD)
    }
    return "unknown";
}
