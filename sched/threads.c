/* threads.c -- each worker sleeps on a wake of its own, so that exactly those are woken for whom
 * there is work. None spins: on few processors that steals from the jobs, and a wake costs less
 * than what it would save. The threads block all signals, which are the host's. */
#include "sched/threads.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "sched/memory.h"

enum { pool_alignment = 64 };

typedef struct thread_worker {
    cp_worker base; /* first: the pool sees only this */
    cp_wake wake;
    pthread_t thread;
    bool has_wake; /* and is to be destroyed */
    bool has_thread;
} thread_worker;

typedef struct thread_pool {
    copse_pool base;       /* first */
    cp_wake started;       /* signalled by each worker, when it is ready or has failed */
    _Atomic uint32_t told; /* workers that have; released before the signal, acquired behind it */
    _Atomic bool has_failed;
} thread_pool;

static thread_pool *to_threads(copse_pool *pool)
{
    return (thread_pool *)(void *)pool;
}

static thread_worker *to_thread(cp_worker *worker)
{
    return (thread_worker *)(void *)worker;
}

/* ---- On the worker ---- */

static void tell_started(thread_pool *pool, bool is_good)
{
    if (!is_good)
        atomic_store_explicit(&pool->has_failed, true, memory_order_relaxed);
    atomic_fetch_add_explicit(&pool->told, 1, memory_order_release);
    cp_wake_signal(&pool->started);
}

static void work_until_exit(thread_worker *self)
{
    cp_worker *worker = &self->base;
    copse_clock *clock = worker->pool->clock;
    worker->now_ns = cp_clock_now(clock);
    for (;;) {
        cp_work *work = cp_worker_pick(worker);
        if (work != NULL) {
            cp_worker_execute(worker, work);
            continue;
        }
        switch (cp_worker_park(worker)) {
        case CP_PARKED:
            cp_wake_wait(&self->wake);
            cp_worker_leave_park(worker);
            worker->now_ns = cp_clock_now(clock);
            break;
        case CP_PARK_AGAIN:
            break;
        case CP_PARK_EXIT:
            return;
        }
    }
}

static void name_thread(const cp_worker *worker)
{
    char name[16];
    snprintf(name, sizeof name, "copse-%u", worker->index);
#ifdef __linux__
    pthread_setname_np(pthread_self(), name);
#endif
}

static void *run_thread(void *context)
{
    thread_worker *self = context;
    cp_worker *worker = &self->base;
    thread_pool *pool = to_threads(worker->pool);
    name_thread(worker);
    cp_worker_enter(worker);
    bool is_good = cp_worker_begin(worker, worker->pool, worker->index);
    tell_started(pool, is_good);
    if (is_good)
        work_until_exit(self);
    cp_worker_finish(worker);
    return NULL;
}

/* Nothing to help with: sleep until there may be, or until what is waited for may be over. One that
 * is too deep to help is on no list, so that no work is meant for it. */
static void sleep_in_help(thread_worker *self, int64_t deadline_ns)
{
    cp_worker *worker = &self->base;
    cp_park park = cp_worker_can_help(worker) ? cp_worker_park(worker) : CP_PARK_EXIT;
    if (park == CP_PARK_AGAIN)
        return;
    cp_wait_end end = cp_clock_wait_until(worker->pool->clock, deadline_ns, &self->wake);
    (void)end; /* whatever it was, the loop looks again */
    if (park == CP_PARKED)
        cp_worker_leave_park(worker);
}

static copse_status help(cp_worker *worker, cp_work *wanted, bool (*is_done)(void *context),
                         void *context, int64_t deadline_ns)
{
    while (!is_done(context)) {
        worker->now_ns = cp_clock_now(worker->pool->clock);
        if (worker->now_ns >= deadline_ns)
            return COPSE_ETIMEOUT;
        cp_work *work = cp_worker_pick_help(worker, wanted);
        if (work != NULL)
            cp_worker_execute(worker, work);
        else
            sleep_in_help(to_thread(worker), deadline_ns);
    }
    return COPSE_OK;
}

/* ---- Life ---- */

static void kick(cp_worker *worker)
{
    cp_wake_signal(&to_thread(worker)->wake);
}

static copse_status stop(copse_pool *pool, copse_shutdown how)
{
    (void)how;
    for (uint32_t i = 0; i < pool->worker_count; i++) {
        thread_worker *self = to_thread(pool->workers[i]);
        if (!self->has_thread)
            continue;
        int result = pthread_join(self->thread, NULL);
        assert(result == 0);
        (void)result;
        self->has_thread = false;
    }
    return COPSE_OK;
}

static void free_threads(copse_pool *own)
{
    const copse_allocator *allocator = own->allocator;
    bool is_orphan = cp_pool_is_orphan(own);
    for (uint32_t i = 0; i < own->options.workers; i++) {
        cp_worker *worker = own->workers[i];
        if (worker == NULL)
            continue;
        if (to_thread(worker)->has_wake && !is_orphan)
            cp_wake_destroy(&to_thread(worker)->wake);
        cp_release_aligned(allocator, worker, sizeof(thread_worker), pool_alignment);
    }
    if (!is_orphan)
        cp_wake_destroy(&to_threads(own)->started);
    copse_clock_free(own->clock);
    cp_pool_destroy(own);
    cp_release_aligned(allocator, own, sizeof(thread_pool), pool_alignment);
}

static const cp_pool_class thread_class = {
    .unpark = kick,
    .kick = kick,
    .help = help,
    .stop = stop,
    .free = free_threads,
};

/* All workers are made before the first thread runs, which may steal from any. */
static bool make_workers(copse_pool *pool)
{
    for (uint32_t i = 0; i < pool->options.workers; i++) {
        thread_worker *self = cp_allocate_aligned(pool->allocator, sizeof *self, pool_alignment);
        if (self == NULL)
            return false;
        memset(self, 0, sizeof *self);
        self->base.index = i;
        self->base.pool = pool;
        pool->workers[i] = &self->base;
        self->has_wake = cp_wake_init(&self->wake);
        if (!self->has_wake)
            return false;
    }
    pool->worker_count = pool->options.workers;
    return true;
}

static uint32_t start_threads(copse_pool *pool)
{
    sigset_t all, before;
    uint32_t count = 0;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (; count < pool->worker_count; count++) {
        thread_worker *self = to_thread(pool->workers[count]);
        self->has_thread = pthread_create(&self->thread, NULL, run_thread, self) == 0;
        if (!self->has_thread)
            break;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return count;
}

/* Start every worker and hear from each. False when one is refused. */
static bool start_workers(copse_pool *pool)
{
    thread_pool *threads = to_threads(pool);
    uint32_t count = start_threads(pool);
    while (atomic_load_explicit(&threads->told, memory_order_acquire) < count)
        cp_wake_wait(&threads->started);
    return count == pool->worker_count &&
           !atomic_load_explicit(&threads->has_failed, memory_order_relaxed);
}

copse_status copse_pool_new(const copse_pool_options *options, copse_pool **out)
{
    copse_pool_options checked;
    *out = NULL;
    copse_status status = cp_pool_options_check(options, &checked);
    if (status != COPSE_OK)
        return status;
    const copse_allocator *allocator = checked.allocator;
    copse_clock *clock = copse_clock_new_real(allocator);
    thread_pool *pool = cp_allocate_aligned(allocator, sizeof *pool, pool_alignment);
    if (clock == NULL || pool == NULL || !cp_pool_init(&pool->base, &thread_class, &checked, clock))
        goto refused;
    if (!cp_wake_init(&pool->started)) {
        cp_pool_destroy(&pool->base);
        goto refused;
    }
    atomic_init(&pool->told, 0);
    atomic_init(&pool->has_failed, false);
    if (!make_workers(&pool->base)) {
        free_threads(&pool->base);
        return COPSE_ENOMEM;
    }
    if (!start_workers(&pool->base)) {
        copse_status stopped = copse_pool_free(&pool->base);
        assert(stopped == COPSE_OK);
        (void)stopped;
        return COPSE_ENOMEM;
    }
    *out = &pool->base;
    return COPSE_OK;
refused:
    copse_clock_free(clock);
    cp_release_aligned(allocator, pool, sizeof *pool, pool_alignment);
    return COPSE_ENOMEM;
}
