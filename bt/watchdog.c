/* watchdog.c -- wait, look, wait; the wait ends early only when the watchdog is freed. The thread
 * blocks all signals, so a host's handlers never run on it. */
#include "bt/watchdog.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>

#include "sched/clock.h"
#include "sched/memory.h"
#include "sched/owner.h"

struct copse_watchdog {
    const copse_allocator *allocator;
    copse_clock *clock;
    int64_t period_ns;
    cp_watch watch;
    cp_wake end; /* signalled once, by free */
    pthread_t thread;
};

void cp_watch_look(cp_watch *watch, int64_t now_ns)
{
    copse_gate_poll(watch->gate, now_ns);
    int64_t beat_ns = cp_gate_last_beat(watch->gate);
    if (beat_ns < watch->began_ns)
        beat_ns = watch->began_ns;
    bool is_dead = watch->timeout_ns > 0 && now_ns - beat_ns > watch->timeout_ns;
    bool is_known = (copse_gate_stop_causes(watch->gate) & 1u << COPSE_STOP_HEARTBEAT) != 0;
    if (is_dead && !is_known)
        copse_gate_stop(watch->gate, COPSE_STOP_HEARTBEAT);
    cp_gate_rescue(watch->gate, watch->sights);
}

static void *run(void *context)
{
    copse_watchdog *watchdog = context;
    int64_t due_ns = copse_clock_now(watchdog->clock) + watchdog->period_ns;
    while (cp_clock_wait_until(watchdog->clock, due_ns, &watchdog->end) == CP_WAIT_DUE) {
        int64_t now_ns = copse_clock_now(watchdog->clock);
        cp_watch_look(&watchdog->watch, now_ns);
        due_ns = now_ns + watchdog->period_ns;
    }
    return NULL;
}

static bool start_thread(copse_watchdog *watchdog)
{
    sigset_t all, before;
    sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
        return false;
    int refused = pthread_create(&watchdog->thread, NULL, run, watchdog);
    int unmasked = pthread_sigmask(SIG_SETMASK, &before, NULL);
    assert(unmasked == 0);
    (void)unmasked;
    return refused == 0;
}

static void release(copse_watchdog *own)
{
    cp_release_array(own->allocator, own->watch.sights, cp_gate_output_count(own->watch.gate),
                     sizeof *own->watch.sights);
    cp_release(own->allocator, own, sizeof *own);
}

copse_status copse_watchdog_new(const copse_watchdog_options *options, copse_watchdog **out)
{
    *out = NULL;
    CP_REQUIRE(options->gate != NULL && options->clock != NULL, "a watchdog needs gate and clock");
    CP_REQUIRE(options->period_ns > 0 && options->timeout_ns >= 0, "a watchdog needs a period");
    const copse_allocator *allocator = cp_allocator_or_default(options->allocator);
    copse_watchdog *watchdog = cp_allocate_zeroed(allocator, sizeof *watchdog);
    if (watchdog == NULL)
        return COPSE_ENOMEM;
    uint32_t count = cp_gate_output_count(options->gate);
    watchdog->allocator = allocator;
    watchdog->clock = options->clock;
    watchdog->period_ns = options->period_ns;
    watchdog->watch = (cp_watch){
        .gate = options->gate,
        .timeout_ns = options->timeout_ns,
        .began_ns = copse_clock_now(options->clock),
        .sights = cp_allocate_array(allocator, count, sizeof(cp_output_sight)),
    };
    if (watchdog->watch.sights == NULL || !cp_wake_init(&watchdog->end)) {
        release(watchdog);
        return COPSE_ENOMEM;
    }
    for (uint32_t i = 0; i < count; i++)
        watchdog->watch.sights[i] = (cp_output_sight){0};
    if (!start_thread(watchdog)) {
        cp_wake_destroy(&watchdog->end);
        release(watchdog);
        return COPSE_ENOMEM;
    }
    *out = watchdog;
    return COPSE_OK;
}

void copse_watchdog_free(copse_watchdog *own)
{
    if (own == NULL)
        return;
    cp_wake_signal(&own->end);
    int refused = pthread_join(own->thread, NULL);
    assert(refused == 0);
    (void)refused;
    cp_wake_destroy(&own->end);
    release(own);
}
