/* manual_pool.h -- a pool whose workers are moved by the test, one step at a time.
 *
 * Owns:  a virtual clock, a pool and its workers; no thread, no task.
 * Never: does anything between two steps: so a test can try every order of them. */
#ifndef CP_TESTS_SCHED_MANUAL_POOL_H
#define CP_TESTS_SCHED_MANUAL_POOL_H

#include "sched/memory.h"
#include "sched/pool.h"

enum { MANUAL_WORKERS = 4 };

typedef struct manual_pool {
    copse_pool base; /* first */
    copse_clock *clock;
    cp_worker workers[MANUAL_WORKERS];
    int unparked; /* wake-ups sent */
    int kicked;
    uint32_t phase_at_kick; /* of worker 0 */
} manual_pool;

static void manual_unpark(cp_worker *worker)
{
    manual_pool *pool = (manual_pool *)(void *)worker->pool;
    assert_false(worker->is_parked);
    pool->unparked++;
}

static void manual_kick(cp_worker *worker)
{
    manual_pool *pool = (manual_pool *)(void *)worker->pool;
    pool->kicked++;
    pool->phase_at_kick = atomic_load(&pool->workers[0].phase);
}

static copse_status manual_stop(copse_pool *pool, copse_shutdown how)
{
    (void)pool;
    (void)how;
    return COPSE_OK;
}

static void manual_free(copse_pool *own)
{
    (void)own; /* a field of the test */
}

static const cp_pool_class manual_class = {
    .unpark = manual_unpark,
    .kick = manual_kick,
    .stop = manual_stop,
    .free = manual_free,
};

static void manual_open(manual_pool *pool, uint32_t workers, uint32_t queue_limit)
{
    copse_pool_options options = {.workers = workers, .queue_limit = queue_limit};
    copse_pool_options checked;
    memset(pool, 0, sizeof *pool);
    pool->clock = copse_clock_new_virtual(NULL, 0);
    assert_int_equal(cp_pool_options_check(&options, &checked), COPSE_OK);
    assert_true(cp_pool_init(&pool->base, &manual_class, &checked, pool->clock));
    for (uint32_t i = 0; i < workers; i++) {
        assert_true(cp_worker_begin(&pool->workers[i], &pool->base, i));
        pool->base.workers[i] = &pool->workers[i];
    }
    pool->base.worker_count = workers;
}

static void manual_close(manual_pool *pool)
{
    assert_int_equal(copse_pool_free(&pool->base), COPSE_OK);
    cp_pool_destroy(&pool->base);
    copse_clock_free(pool->clock);
}

#endif
