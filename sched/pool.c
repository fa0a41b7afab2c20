/* pool.c -- one mutex over five lists, and batches. A worker that takes work takes its share of the
 * queue, up to eight, into a batch that others may steal from: so one lock serves eight short jobs,
 * and none waits behind a long one. With two workers this beats queues without locks, for which
 * the batch is the place (per-worker deques): pick looks at the own batch, the queue, the others.
 *
 * No wake-up is lost: a worker parks under the lock, after it saw the queue and all batches empty;
 * queues and batches are filled under the lock; and who queues work takes parked workers off the
 * list under the same lock. Nobody is signalled while nobody is parked. */
#include "sched/pool.h"

#include <assert.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "sched/memory.h"
#include "sched/owner.h"

enum {
    default_workers = 4,
    default_queue_limit = 4096,
    default_max_wait_ns = 1000000000,
    unpark_step = 16, /* workers taken off the list with one lock */
};

/* ---- Which process, which thread ---- */

/* Forks since the library was loaded, in the line of this process. */
static _Atomic uint32_t fork_count;
static pthread_once_t fork_once = PTHREAD_ONCE_INIT;
static bool counts_forks;

static void count_fork(void)
{
    atomic_fetch_add_explicit(&fork_count, 1, memory_order_relaxed);
}

static void start_counting_forks(void)
{
    counts_forks = pthread_atfork(NULL, NULL, count_fork) == 0;
}

bool cp_pool_is_orphan(const copse_pool *pool)
{
    return atomic_load_explicit(&fork_count, memory_order_relaxed) != pool->fork_count;
}

static _Thread_local cp_worker *worker_here;

cp_worker *cp_worker_here(void)
{
    return worker_here;
}

cp_worker *cp_worker_enter(cp_worker *worker)
{
    cp_worker *previous = worker_here;
    worker_here = worker;
    return previous;
}

static bool is_inside(const copse_pool *pool)
{
    return worker_here != NULL && worker_here->pool == pool;
}

/* ---- Under the lock ---- */

static void publish_bits(copse_pool *pool)
{
    atomic_store_explicit(&pool->tier_bits, pool->tiers.bits, memory_order_relaxed);
}

/* Up to COUNT parked workers into TAKEN, off the list; how many. Not linked: a worker that somebody
 * else wakes may park again before its turn has come. */
static uint32_t take_parked(copse_pool *pool, uint32_t count, cp_worker **taken)
{
    uint32_t taken_count = 0;
    for (; taken_count < count && pool->parked != NULL; taken_count++) {
        cp_worker *worker = pool->parked;
        pool->parked = worker->next_parked;
        pool->parked_count--;
        pool->unparks++;
        worker->is_parked = false;
        taken[taken_count] = worker;
    }
    return taken_count;
}

static cp_work *claim(_Atomic(cp_work *) *entry)
{
    if (atomic_load_explicit(entry, memory_order_relaxed) == NULL)
        return NULL;
    return atomic_exchange_explicit(entry, NULL, memory_order_acq_rel);
}

/* Nothing can be claimed afterwards but what is being claimed now: batches are filled under the
 * lock. */
static void take_back_batches(copse_pool *pool)
{
    for (uint32_t i = 0; i < pool->worker_count; i++) {
        for (unsigned k = 0; k < CP_BATCH; k++) {
            cp_work *work =
                atomic_exchange_explicit(&pool->workers[i]->batch[k], NULL, memory_order_acq_rel);
            if (work != NULL)
                cp_tiers_put_back(&pool->tiers, work);
        }
    }
    publish_bits(pool);
}

static bool has_claimable(const copse_pool *pool)
{
    for (uint32_t i = 0; i < pool->worker_count; i++)
        for (unsigned k = 0; k < CP_BATCH; k++)
            if (atomic_load_explicit(&pool->workers[i]->batch[k], memory_order_relaxed) != NULL)
                return true;
    return false;
}

static void unpark(copse_pool *pool, cp_worker **taken, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        pool->class->unpark(taken[i]);
}

static uint32_t at_most(uint32_t count, uint32_t limit)
{
    return count < limit ? count : limit;
}

/* Unpark up to COUNT workers, without the lock. */
static void unpark_up_to(copse_pool *pool, uint32_t count)
{
    cp_worker *taken[unpark_step];
    while (count > 0) {
        pthread_mutex_lock(&pool->lock);
        uint32_t taken_count = take_parked(pool, at_most(count, unpark_step), taken);
        pthread_mutex_unlock(&pool->lock);
        unpark(pool, taken, taken_count);
        count = taken_count < unpark_step ? 0 : count - taken_count;
    }
}

/* ---- Queueing ---- */

static copse_status admit(copse_pool *pool, uint32_t count)
{
    if (pool->is_closing)
        return COPSE_ESHUTDOWN;
    if (count > pool->options.queue_limit - pool->tiers.count) {
        pool->refused++;
        return COPSE_EFULL;
    }
    return COPSE_OK;
}

static void list_all(copse_pool *pool, cp_work *first, int64_t now_ns)
{
    while (first != NULL) {
        cp_work *next = first->next;
        first->queued_ns = now_ns;
        cp_tiers_push(&pool->tiers, first);
        first = next;
    }
    publish_bits(pool);
}

copse_status cp_pool_push(copse_pool *pool, cp_work *first, uint32_t count, int64_t now_ns)
{
    cp_worker *taken[unpark_step];
    uint32_t taken_count = 0;
    if (CP_UNLIKELY(cp_pool_is_orphan(pool)))
        return COPSE_ESHUTDOWN;
    if (pool->class->before_push != NULL) {
        copse_status status = pool->class->before_push(pool);
        if (status != COPSE_OK)
            return status;
    }
    pthread_mutex_lock(&pool->lock);
    copse_status status = admit(pool, count);
    if (status == COPSE_OK) {
        list_all(pool, first, now_ns);
        if (!pool->is_paused)
            taken_count = take_parked(pool, at_most(count, unpark_step), taken);
    }
    pthread_mutex_unlock(&pool->lock);
    unpark(pool, taken, taken_count);
    if (taken_count == unpark_step)
        unpark_up_to(pool, count - unpark_step);
    return status;
}

static bool unlist(copse_pool *pool, cp_work *work, bool is_to_start)
{
    pthread_mutex_lock(&pool->lock);
    bool is_taken = work->is_listed && !(is_to_start && pool->is_paused);
    if (is_taken) {
        cp_tiers_remove(&pool->tiers, work);
        publish_bits(pool);
    }
    pthread_mutex_unlock(&pool->lock);
    return is_taken;
}

static bool unbatch(copse_pool *pool, cp_work *work)
{
    for (uint32_t i = 0; i < pool->worker_count; i++) {
        for (unsigned k = 0; k < CP_BATCH; k++) {
            cp_work *expected = work;
            if (atomic_compare_exchange_strong_explicit(&pool->workers[i]->batch[k], &expected,
                                                        NULL, memory_order_acq_rel,
                                                        memory_order_relaxed))
                return true;
        }
    }
    return false;
}

bool cp_pool_withdraw(copse_pool *pool, cp_work *work)
{
    if (CP_UNLIKELY(cp_pool_is_orphan(pool)))
        return true;
    return unlist(pool, work, false) || unbatch(pool, work);
}

bool cp_pool_recall(copse_pool *pool, cp_work *work)
{
    if (CP_UNLIKELY(cp_pool_is_orphan(pool)))
        return true;
    if (pool->class->recall == NULL)
        return false;
    for (uint32_t i = 0; i < pool->worker_count; i++)
        if (pool->class->recall(pool->workers[i], work))
            return true;
    return false;
}

/* What is waited for lasts a few instructions, so the processor is offered, not the thread parked.
 */
static void wait_while_in(const cp_worker *worker, cp_worker_phase phase)
{
    while (atomic_load_explicit(&worker->phase, memory_order_acquire) == phase)
        sched_yield();
}

void cp_pool_settle(copse_pool *pool)
{
    if (CP_UNLIKELY(cp_pool_is_orphan(pool)))
        return;
    for (uint32_t i = 0; i < pool->worker_count; i++)
        wait_while_in(pool->workers[i], CP_WORKER_POSTING);
    while (atomic_load_explicit(&pool->is_discarding, memory_order_acquire))
        sched_yield();
}

/* ---- Picking ---- */

static cp_work *claim_own(cp_worker *worker)
{
    while (worker->batch_at < worker->batch_end) {
        cp_work *work = claim(&worker->batch[worker->batch_at++]);
        if (work != NULL)
            return work;
    }
    return NULL;
}

/* More of what was just picked, this worker's share of it, when nothing else is more urgent. */
static void fill_batch(cp_worker *worker, unsigned tier)
{
    copse_pool *pool = worker->pool;
    if (worker->batch_at < worker->batch_end || pool->tiers.bits == 0 ||
        (unsigned)__builtin_ctz(pool->tiers.bits) != tier)
        return;
    uint32_t share = (pool->tiers.tiers[tier].count + 1) / pool->worker_count;
    uint32_t count = share > CP_BATCH ? CP_BATCH : share;
    worker->batch_at = worker->batch_end = 0;
    worker->batch_tier = (uint8_t)tier;
    for (; worker->batch_end + 1 < count; worker->batch_end++)
        atomic_store_explicit(&worker->batch[worker->batch_end], cp_tiers_pop(&pool->tiers, tier),
                              memory_order_release);
}

static cp_work *pick_queued(cp_worker *worker)
{
    copse_pool *pool = worker->pool;
    cp_work *work = NULL;
    pthread_mutex_lock(&pool->lock);
    if (!pool->is_paused) {
        work = cp_tiers_pick(&pool->tiers, worker->now_ns);
        if (work != NULL) {
            fill_batch(worker, work->tier);
            publish_bits(pool);
        }
    }
    pthread_mutex_unlock(&pool->lock);
    return work;
}

/* The oldest of the first other worker that has any, beginning with the next one. */
static cp_work *steal(cp_worker *thief)
{
    copse_pool *pool = thief->pool;
    for (uint32_t i = 1; i < pool->worker_count; i++) {
        cp_worker *victim = pool->workers[(thief->index + i) % pool->worker_count];
        for (unsigned k = 0; k < CP_BATCH; k++) {
            cp_work *work = claim(&victim->batch[k]);
            if (work == NULL)
                continue;
            atomic_fetch_add_explicit(&pool->stolen, 1, memory_order_relaxed);
            return work;
        }
    }
    return NULL;
}

static bool has_more_urgent(cp_worker *worker)
{
    uint32_t bits = atomic_load_explicit(&worker->pool->tier_bits, memory_order_relaxed);
    return (bits & ((1U << worker->batch_tier) - 1)) != 0;
}

cp_work *cp_worker_pick(cp_worker *worker)
{
    cp_work *work = NULL;
    atomic_store_explicit(&worker->phase, CP_WORKER_PICKING, memory_order_relaxed);
    if (worker->batch_at < worker->batch_end && !has_more_urgent(worker))
        work = claim_own(worker);
    if (work == NULL)
        work = pick_queued(worker);
    if (work == NULL)
        work = claim_own(worker);
    if (work == NULL)
        work = steal(worker);
    return work;
}

cp_work *cp_worker_pick_help(cp_worker *worker, cp_work *wanted)
{
    cp_work *work = NULL;
    atomic_store_explicit(&worker->phase, CP_WORKER_PICKING, memory_order_relaxed);
    if (unlist(worker->pool, wanted, true) || unbatch(worker->pool, wanted))
        return wanted;
    if (cp_worker_can_help(worker))
        work = cp_worker_pick(worker);
    if (work == NULL)
        cp_worker_set_phase(worker, CP_WORKER_WORKING);
    return work;
}

/* A wait is for work that started after the waiter did, and what runs above a waiter on a stack
 * started after it as well. So when each waits for work that another worker runs, following waits
 * and stacks goes forward in time, and no circle of workers can wait for each other. */
copse_status cp_worker_help(cp_worker *worker, cp_work *wanted, bool (*is_done)(void *context),
                            void *context, int64_t deadline_ns)
{
    if (worker->help_depth >= CP_HELP_DEPTH)
        return COPSE_EDEPTH;
    worker->help_depth++;
    copse_status status = worker->pool->class->help(worker, wanted, is_done, context, deadline_ns);
    cp_worker_set_phase(worker, CP_WORKER_WORKING);
    worker->help_depth--;
    return status;
}

void cp_worker_execute(cp_worker *worker, cp_work *work)
{
    bool is_started = work->class->start(work, worker);
    cp_worker_set_phase(worker, CP_WORKER_WORKING);
    if (is_started)
        work->class->run(work, worker);
    cp_worker_set_phase(worker, CP_WORKER_WORKING); /* posted, if it was */
}

/* ---- Parking ---- */

static void link_parked(cp_worker *worker)
{
    copse_pool *pool = worker->pool;
    worker->is_parked = true;
    worker->next_parked = pool->parked;
    pool->parked = worker;
    pool->parked_count++;
}

cp_park cp_worker_park(cp_worker *worker)
{
    copse_pool *pool = worker->pool;
    cp_park result = CP_PARKED;
    pthread_mutex_lock(&pool->lock);
    assert(!worker->is_parked);
    if (!pool->is_paused && (pool->tiers.count > 0 || has_claimable(pool))) {
        result = CP_PARK_AGAIN;
    } else if (pool->is_closing) {
        result = CP_PARK_EXIT;
    } else {
        link_parked(worker);
    }
    if (result != CP_PARK_AGAIN)
        cp_worker_set_phase(worker, CP_WORKER_IDLE);
    pthread_mutex_unlock(&pool->lock);
    return result;
}

void cp_worker_stay_parked(cp_worker *worker)
{
    pthread_mutex_lock(&worker->pool->lock);
    if (!worker->is_parked)
        link_parked(worker);
    cp_worker_set_phase(worker, CP_WORKER_IDLE);
    pthread_mutex_unlock(&worker->pool->lock);
}

void cp_worker_leave_park(cp_worker *worker)
{
    copse_pool *pool = worker->pool;
    pthread_mutex_lock(&pool->lock);
    if (worker->is_parked) {
        cp_worker **link = &pool->parked;
        while (*link != worker)
            link = &(*link)->next_parked;
        *link = worker->next_parked;
        pool->parked_count--;
        worker->is_parked = false;
    }
    pthread_mutex_unlock(&pool->lock);
}

/* ---- Pause and shutdown ---- */

copse_status copse_pool_pause(copse_pool *pool)
{
    if (cp_pool_is_orphan(pool))
        return COPSE_ESHUTDOWN;
    pthread_mutex_lock(&pool->lock);
    pool->is_paused = !pool->is_closing;
    bool is_paused = pool->is_paused;
    if (is_paused)
        take_back_batches(pool);
    pthread_mutex_unlock(&pool->lock);
    if (!is_paused)
        return COPSE_ESHUTDOWN;
    for (uint32_t i = 0; i < pool->worker_count; i++)
        wait_while_in(pool->workers[i], CP_WORKER_PICKING);
    return COPSE_OK;
}

copse_status copse_pool_resume(copse_pool *pool)
{
    if (cp_pool_is_orphan(pool))
        return COPSE_ESHUTDOWN;
    pthread_mutex_lock(&pool->lock);
    pool->is_paused = false;
    uint32_t queued = pool->tiers.count;
    pthread_mutex_unlock(&pool->lock);
    unpark_up_to(pool, queued);
    for (uint32_t i = 0; i < pool->worker_count; i++) /* a waiter may have to run what it wants */
        pool->class->kick(pool->workers[i]);
    return COPSE_OK;
}

static void discard_all(copse_pool *pool, cp_work *first)
{
    atomic_store_explicit(&pool->is_discarding, true, memory_order_relaxed);
    while (first != NULL) {
        cp_work *next = first->next; /* discarded, it is gone */
        first->next = NULL;
        first->class->discard(first);
        first = next;
    }
    atomic_store_explicit(&pool->is_discarding, false, memory_order_release);
}

/* All that is queued, linked by next, the most urgent first. */
static cp_work *take_all(copse_pool *pool)
{
    cp_work *first = NULL;
    cp_work **end = &first;
    take_back_batches(pool);
    for (unsigned tier = 0; tier < CP_TIER_COUNT; tier++) {
        cp_work *work = cp_tiers_pop(&pool->tiers, tier);
        for (; work != NULL; work = cp_tiers_pop(&pool->tiers, tier)) {
            *end = work;
            end = &work->next;
        }
    }
    publish_bits(pool);
    return first;
}

copse_status copse_pool_shutdown(copse_pool *pool, copse_shutdown how)
{
    cp_work *abandoned = NULL;
    if (cp_pool_is_orphan(pool))
        return COPSE_ESHUTDOWN;
    if (is_inside(pool))
        return COPSE_EBUSY_OWNER;
    if (pool->is_stopped)
        return COPSE_OK;
    pthread_mutex_lock(&pool->lock);
    pool->is_closing = true;
    pool->is_paused = false;
    if (how == COPSE_SHUTDOWN_ABANDON) {
        atomic_store_explicit(&pool->is_abandoned, true, memory_order_release);
        abandoned = take_all(pool);
    }
    pthread_mutex_unlock(&pool->lock);
    discard_all(pool, abandoned);
    unpark_up_to(pool, pool->worker_count);
    copse_status status = pool->class->stop(pool, how);
    pool->is_stopped = status == COPSE_OK;
    return status;
}

copse_status copse_pool_free(copse_pool *own)
{
    if (own == NULL)
        return COPSE_OK;
    if (is_inside(own) || atomic_load_explicit(&own->tables, memory_order_acquire) > 0)
        return COPSE_EBUSY_OWNER;
    if (!cp_pool_is_orphan(own)) {
        copse_status status = copse_pool_shutdown(own, COPSE_SHUTDOWN_ABANDON);
        if (status != COPSE_OK)
            return status;
    }
    own->class->free(own);
    return COPSE_OK;
}

copse_status copse_pool_stats_read(copse_pool *pool, copse_pool_stats *out)
{
    if (cp_pool_is_orphan(pool))
        return COPSE_ESHUTDOWN;
    pthread_mutex_lock(&pool->lock);
    *out = (copse_pool_stats){
        .workers = pool->worker_count,
        .parked = pool->parked_count,
        .queued = pool->tiers.count,
        .pushed = pool->tiers.pushed,
        .refused = pool->refused,
        .aged = pool->tiers.aged,
        .stolen = atomic_load_explicit(&pool->stolen, memory_order_relaxed),
        .unparks = pool->unparks,
    };
    pthread_mutex_unlock(&pool->lock);
    return COPSE_OK;
}

/* ---- Life ---- */

static uint32_t default_worker_count(void)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    if (processors < 1)
        return 1;
    return processors < default_workers ? (uint32_t)processors : default_workers;
}

copse_status cp_pool_options_check(const copse_pool_options *options, copse_pool_options *out)
{
    *out = *options;
    out->allocator = cp_allocator_or_default(options->allocator);
    CP_REQUIRE((options->worker_start == NULL) == (options->worker_stop == NULL),
               "worker_start and worker_stop are a pair");
    CP_REQUIRE(options->workers <= CP_WORKER_LIMIT, "more than 1,024 workers");
    CP_REQUIRE(options->max_wait_ns >= 0, "max_wait_ns is negative");
    if (out->workers == 0)
        out->workers = default_worker_count();
    if (out->queue_limit == 0)
        out->queue_limit = default_queue_limit;
    if (out->max_wait_ns == 0)
        out->max_wait_ns = default_max_wait_ns;
    return COPSE_OK;
}

bool cp_pool_init(copse_pool *pool, const cp_pool_class *class, const copse_pool_options *options,
                  copse_clock *clock)
{
    memset(pool, 0, sizeof *pool);
    pool->class = class;
    pool->allocator = options->allocator;
    pool->clock = clock;
    pool->options = *options;
    pthread_once(&fork_once, start_counting_forks);
    if (!counts_forks)
        return false;
    pool->fork_count = atomic_load_explicit(&fork_count, memory_order_relaxed);
    pool->workers = cp_allocate_array(pool->allocator, options->workers, sizeof *pool->workers);
    if (pool->workers == NULL)
        return false;
    memset(pool->workers, 0, options->workers * sizeof *pool->workers);
    if (pthread_mutex_init(&pool->lock, NULL) != 0) {
        cp_release_array(pool->allocator, pool->workers, options->workers, sizeof *pool->workers);
        return false;
    }
    cp_tiers_init(&pool->tiers, options->max_wait_ns);
    return true;
}

void cp_pool_destroy(copse_pool *pool)
{
    if (!cp_pool_is_orphan(pool)) /* a thread that is gone may hold the lock */
        pthread_mutex_destroy(&pool->lock);
    cp_release_array(pool->allocator, pool->workers, pool->options.workers, sizeof *pool->workers);
}

bool cp_worker_begin(cp_worker *worker, copse_pool *pool, uint32_t index)
{
    worker->pool = pool;
    worker->index = index;
    if (pool->options.worker_start == NULL)
        return true;
    worker->data = pool->options.worker_start(pool->options.context, index);
    return worker->data != NULL;
}

void cp_worker_finish(cp_worker *worker)
{
    if (worker->data != NULL)
        worker->pool->options.worker_stop(worker->pool->options.context, worker->data);
    worker->data = NULL;
}
