#include "tests/check.h"

#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sched/jobs.h"
#include "sched/rng.h"
#include "tests/fault.h"

enum { ms = 1000000 };

static copse_pool *new_pool(uint32_t workers)
{
    copse_pool *pool = NULL;
    copse_pool_options options = {.workers = workers};
    assert_int_equal(copse_pool_new(&options, &pool), COPSE_OK);
    return pool;
}

/* The calling thread is the owner, without an executor: its waits block. */
static copse_jobs *new_table(copse_pool *pool)
{
    copse_jobs *jobs = NULL;
    copse_jobs_options options = {.pool = pool};
    assert_int_equal(copse_jobs_new(&options, &jobs), COPSE_OK);
    return jobs;
}

static copse_job_handle submit(copse_jobs *jobs, copse_job_options options)
{
    copse_job_handle handle = {0};
    assert_int_equal(copse_job_submit(jobs, &options, &handle), COPSE_OK);
    return handle;
}

static copse_job_result result_of(copse_jobs *jobs, copse_job_handle job)
{
    copse_job_result result;
    assert_int_equal(copse_job_wait(jobs, job, COPSE_NEVER), COPSE_OK);
    assert_int_equal(copse_job_try_get_result(jobs, job, &result), COPSE_OK);
    return result;
}

static copse_jobs_stats stats_of(copse_jobs *jobs)
{
    copse_jobs_stats stats;
    assert_int_equal(copse_jobs_stats_snapshot(jobs, &stats), COPSE_OK);
    assert_int_equal(stats.submitted,
                     stats.completed + stats.failed + stats.cancelled + stats.live);
    assert_int_equal(stats.live, stats.queued + stats.running);
    return stats;
}

static void close_all(copse_jobs *jobs, copse_pool *pool)
{
    assert_int_equal(copse_jobs_free(jobs), COPSE_OK);
    assert_int_equal(copse_pool_free(pool), COPSE_OK);
}

/* A gate that jobs stand at until it opens; who opens it knows how many have arrived. */
typedef struct gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int arrived;
    bool is_open;
} gate;

static void init_gate(gate *g)
{
    pthread_mutex_init(&g->lock, NULL);
    pthread_cond_init(&g->changed, NULL);
    g->arrived = 0;
    g->is_open = false;
}

static void destroy_gate(gate *g)
{
    pthread_mutex_destroy(&g->lock);
    pthread_cond_destroy(&g->changed);
}

static void stand_at(gate *g)
{
    pthread_mutex_lock(&g->lock);
    g->arrived++;
    pthread_cond_broadcast(&g->changed);
    while (!g->is_open)
        pthread_cond_wait(&g->changed, &g->lock);
    pthread_mutex_unlock(&g->lock);
}

static void await_arrivals(gate *g, int count)
{
    pthread_mutex_lock(&g->lock);
    while (g->arrived < count)
        pthread_cond_wait(&g->changed, &g->lock);
    pthread_mutex_unlock(&g->lock);
}

static void open_gate(gate *g)
{
    pthread_mutex_lock(&g->lock);
    g->is_open = true;
    pthread_cond_broadcast(&g->changed);
    pthread_mutex_unlock(&g->lock);
}

static copse_job_end stand(copse_job *self, void *context, const copse_parcel *input)
{
    (void)input;
    stand_at(context);
    return copse_job_done(self, NULL);
}

static copse_job_end count(copse_job *self, void *context, const copse_parcel *input)
{
    (void)input;
    atomic_fetch_add((_Atomic int *)context, 1);
    return copse_job_done(self, NULL);
}

/* ---- Parallel ---- */

enum { team = 3 };

typedef struct meeting {
    pthread_barrier_t barrier;
    pthread_t threads[team];
    _Atomic int count;
} meeting;

static copse_job_end meet(copse_job *self, void *context, const copse_parcel *input)
{
    meeting *m = context;
    (void)input;
    pthread_barrier_wait(&m->barrier);
    m->threads[atomic_fetch_add(&m->count, 1)] = pthread_self();
    pthread_barrier_wait(&m->barrier);
    return copse_job_done(self, NULL);
}

static void jobs_that_wait_for_each_other_run_at_the_same_time(void **state)
{
    (void)state;
    copse_pool *pool = new_pool(team);
    copse_jobs *jobs = new_table(pool);
    meeting m;
    copse_job_handle handles[team];
    atomic_init(&m.count, 0);
    pthread_barrier_init(&m.barrier, NULL, team);
    for (int i = 0; i < team; i++)
        handles[i] = submit(jobs, (copse_job_options){.run = meet, .context = &m});
    for (int i = 0; i < team; i++)
        assert_int_equal(result_of(jobs, handles[i]).state, COPSE_JOB_DONE);
    for (int i = 0; i < team; i++)
        for (int k = 0; k < i; k++)
            assert_false(pthread_equal(m.threads[i], m.threads[k]));
    pthread_barrier_destroy(&m.barrier);
    close_all(jobs, pool);
}

static void a_job_behind_a_long_one_in_its_batch_is_run_by_another_worker(void **state)
{
    (void)state;
    copse_pool *pool = new_pool(2);
    copse_jobs *jobs = new_table(pool);
    gate g;
    init_gate(&g);
    _Atomic int runs = 0;
    copse_job_options options[17] = {{.run = stand, .context = &g}};
    for (int i = 1; i < 17; i++)
        options[i] = (copse_job_options){.run = count, .context = &runs};
    copse_job_handle handles[17];
    assert_int_equal(copse_pool_pause(pool), COPSE_OK); /* so that they are taken in batches */
    assert_int_equal(copse_job_submit_n(jobs, options, 17, handles), COPSE_OK);
    assert_int_equal(copse_pool_resume(pool), COPSE_OK);
    for (int i = 1; i < 17; i++)
        assert_int_equal(result_of(jobs, handles[i]).state, COPSE_JOB_DONE);
    assert_int_equal(atomic_load(&runs), 16);
    open_gate(&g);
    assert_int_equal(result_of(jobs, handles[0]).state, COPSE_JOB_DONE);
    close_all(jobs, pool);
    destroy_gate(&g);
}

static int64_t thread_cpu_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static copse_job_end burn(copse_job *self, void *context, const copse_parcel *input)
{
    (void)input;
    int64_t end_ns = thread_cpu_ns() + *(int64_t *)context;
    while (thread_cpu_ns() < end_ns)
        ;
    return copse_job_done(self, NULL);
}

static void a_thread_that_waits_uses_no_processor(void **state)
{
    (void)state;
    copse_pool *pool = new_pool(1);
    copse_jobs *jobs = new_table(pool);
    int64_t burnt_ns = 50 * ms;
    copse_job_handle job = submit(jobs, (copse_job_options){.run = burn, .context = &burnt_ns});
    int64_t before_ns = thread_cpu_ns();
    assert_int_equal(copse_job_wait(jobs, job, COPSE_NEVER), COPSE_OK);
    assert_true(thread_cpu_ns() - before_ns < burnt_ns / 10);
    close_all(jobs, pool);
}

/* ---- Cancel and deadlines ---- */

static void jobs_queued_behind_saturated_workers_are_cancelled_and_never_run(void **state)
{
    (void)state;
    enum { workers = 2, queued = 100 };
    copse_pool *pool = new_pool(workers);
    copse_jobs *jobs = new_table(pool);
    gate g;
    init_gate(&g);
    _Atomic int runs = 0;
    copse_job_handle handles[queued];
    for (int i = 0; i < workers; i++)
        submit(jobs, (copse_job_options){.run = stand, .context = &g});
    await_arrivals(&g, workers);
    for (int i = 0; i < queued; i++)
        handles[i] = submit(jobs, (copse_job_options){.run = count, .context = &runs});
    for (int i = 0; i < queued; i++) {
        copse_job_result result;
        assert_int_equal(copse_job_cancel(jobs, handles[i]), COPSE_OK);
        assert_int_equal(copse_job_try_get_result(jobs, handles[i], &result), COPSE_OK);
        assert_int_equal(result.state, COPSE_JOB_CANCELLED);
    }
    open_gate(&g);
    assert_int_equal(copse_pool_shutdown(pool, COPSE_SHUTDOWN_DRAIN), COPSE_OK);
    assert_int_equal(atomic_load(&runs), 0);
    assert_int_equal(copse_jobs_poll(jobs, NULL), COPSE_OK);
    assert_int_equal(stats_of(jobs).completed, workers);
    close_all(jobs, pool);
    destroy_gate(&g);
}

typedef struct polling {
    gate began;
    _Atomic int stops;
} polling;

static copse_job_end poll_until_told(copse_job *self, void *context, const copse_parcel *input)
{
    polling *p = context;
    (void)input;
    pthread_mutex_lock(&p->began.lock);
    p->began.arrived++;
    pthread_cond_broadcast(&p->began.changed);
    pthread_mutex_unlock(&p->began.lock);
    while (!copse_job_should_stop(self))
        sched_yield();
    return copse_job_done(self, NULL);
}

static void count_stop(void *context)
{
    atomic_fetch_add(&((polling *)context)->stops, 1);
}

static void a_running_job_that_polls_ends_soon_after_its_cancel(void **state)
{
    (void)state;
    copse_pool *pool = new_pool(1);
    copse_jobs *jobs = new_table(pool);
    polling p;
    init_gate(&p.began);
    atomic_init(&p.stops, 0);
    copse_job_handle job = submit(
        jobs, (copse_job_options){.run = poll_until_told, .context = &p, .stop = count_stop});
    await_arrivals(&p.began, 1);
    assert_int_equal(copse_job_cancel(jobs, job), COPSE_OK);
    copse_job_result result = result_of(jobs, job);
    assert_int_equal(result.state, COPSE_JOB_CANCELLED);
    assert_int_equal(result.reason, COPSE_STOP_CANCEL);
    assert_int_equal(atomic_load(&p.stops), 1);
    close_all(jobs, pool);
    destroy_gate(&p.began);
}

static void a_running_job_sees_its_deadline_without_its_owner(void **state)
{
    (void)state;
    copse_pool *pool = new_pool(1);
    copse_jobs *jobs = new_table(pool);
    polling p;
    init_gate(&p.began);
    atomic_init(&p.stops, 0);
    int64_t now_ns = cp_clock_now(pool->clock);
    copse_job_handle job = submit(
        jobs,
        (copse_job_options){.run = poll_until_told, .context = &p, .deadline_ns = now_ns + 2 * ms});
    assert_int_equal(copse_pool_shutdown(pool, COPSE_SHUTDOWN_DRAIN), COPSE_OK); /* it has ended */
    copse_job_result result = result_of(jobs, job);
    assert_int_equal(result.state, COPSE_JOB_CANCELLED);
    assert_int_equal(result.reason, COPSE_STOP_TIMEOUT);
    close_all(jobs, pool);
    destroy_gate(&p.began);
}

static void a_wait_ends_when_the_deadline_of_a_queued_job_has_come(void **state)
{
    (void)state;
    copse_pool *pool = new_pool(1);
    copse_jobs *jobs = new_table(pool);
    gate g;
    init_gate(&g);
    _Atomic int runs = 0;
    submit(jobs, (copse_job_options){.run = stand, .context = &g});
    await_arrivals(&g, 1);
    int64_t now_ns = cp_clock_now(pool->clock);
    copse_job_handle other = submit(jobs, (copse_job_options){.run = stand, .context = &g});
    assert_int_equal(copse_job_wait(jobs, other, now_ns + 1 * ms), COPSE_ETIMEOUT);
    copse_job_handle job = submit(
        jobs, (copse_job_options){.run = count, .context = &runs, .deadline_ns = now_ns + 4 * ms});
    copse_job_result result = result_of(jobs, job);
    assert_int_equal(result.state, COPSE_JOB_CANCELLED);
    assert_int_equal(result.reason, COPSE_STOP_TIMEOUT);
    assert_true(cp_clock_now(pool->clock) >= now_ns + 4 * ms);
    open_gate(&g);
    close_all(jobs, pool);
    assert_int_equal(atomic_load(&runs), 0);
    destroy_gate(&g);
}

/* ---- Jobs of jobs ---- */

typedef struct nesting {
    int depth;
    int width;
    _Atomic int runs;
} nesting;

typedef struct nested {
    nesting *all;
    int depth;
} nested;

static copse_job_end nest(copse_job *self, void *context, const copse_parcel *input)
{
    nested *own = context;
    copse_jobs *jobs = NULL;
    copse_job_handle handles[4];
    nested inner = {own->all, own->depth - 1};
    copse_jobs_options table = {.pool = copse_job_pool(self)};
    copse_job_options options = {.run = nest, .context = &inner};
    (void)input;
    atomic_fetch_add(&own->all->runs, 1);
    if (own->depth == 0)
        return copse_job_done(self, NULL);
    copse_status status = copse_jobs_new(&table, &jobs);
    for (int i = 0; i < own->all->width && status == COPSE_OK; i++)
        status = copse_job_submit(jobs, &options, &handles[i]);
    for (int i = 0; i < own->all->width && status == COPSE_OK; i++)
        status = copse_job_wait(jobs, handles[i], COPSE_NEVER);
    if (jobs != NULL && copse_jobs_free(jobs) != COPSE_OK)
        status = COPSE_EBUSY_OWNER;
    return status == COPSE_OK ? copse_job_done(self, NULL)
                              : copse_job_fail_text(self, copse_status_name(status));
}

static void a_worker_that_waits_helps_so_that_one_is_enough(void **state)
{
    (void)state;
    for (uint32_t workers = 1; workers <= 4; workers++) {
        copse_pool *pool = new_pool(workers);
        copse_jobs *jobs = new_table(pool);
        nesting all = {.depth = 5, .width = 3};
        atomic_init(&all.runs, 0);
        nested top = {&all, all.depth};
        copse_job_handle job = submit(jobs, (copse_job_options){.run = nest, .context = &top});
        assert_int_equal(result_of(jobs, job).state, COPSE_JOB_DONE);
        assert_int_equal(atomic_load(&all.runs), 1 + 3 + 9 + 27 + 81 + 243);
        close_all(jobs, pool);
    }
}

/* Waits for a job that stands at the gate on the other worker. */
static copse_job_end wait_for_gate(copse_job *self, void *context, const copse_parcel *input)
{
    copse_jobs *jobs = NULL;
    copse_job_handle handle;
    copse_jobs_options table = {.pool = copse_job_pool(self)};
    copse_job_options inner = {.run = stand, .context = context};
    (void)input;
    copse_status status = copse_jobs_new(&table, &jobs);
    if (status == COPSE_OK)
        status = copse_job_submit(jobs, &inner, &handle);
    if (status == COPSE_OK) {
        await_arrivals(context, 1);
        status = copse_job_wait(jobs, handle, COPSE_NEVER);
    }
    copse_status freed = copse_jobs_free(jobs);
    return status == COPSE_OK && freed == COPSE_OK ? copse_job_done(self, NULL)
                                                   : copse_job_fail_text(self, "refused");
}

static copse_job_end let_pass(copse_job *self, void *context, const copse_parcel *input)
{
    (void)input;
    open_gate(context);
    return copse_job_done(self, NULL);
}

static void a_worker_that_waits_for_another_runs_the_jobs_of_others(void **state)
{
    (void)state;
    copse_pool *pool = new_pool(2);
    copse_jobs *jobs = new_table(pool);
    gate g;
    init_gate(&g);
    copse_job_handle waiter =
        submit(jobs, (copse_job_options){.run = wait_for_gate, .context = &g});
    await_arrivals(&g, 1); /* both workers are taken */
    submit(jobs, (copse_job_options){.run = let_pass, .context = &g});
    assert_int_equal(result_of(jobs, waiter).state, COPSE_JOB_DONE);
    close_all(jobs, pool);
    destroy_gate(&g);
}

static void waits_nested_too_deep_are_refused_and_not_a_deadlock(void **state)
{
    (void)state;
    copse_pool *pool = new_pool(1);
    copse_jobs *jobs = new_table(pool);
    nesting all = {.depth = 70, .width = 1};
    atomic_init(&all.runs, 0);
    nested top = {&all, all.depth};
    copse_job_handle job = submit(jobs, (copse_job_options){.run = nest, .context = &top});
    assert_int_equal(result_of(jobs, job).state, COPSE_JOB_DONE);
    assert_true(atomic_load(&all.runs) <= CP_HELP_DEPTH + 2);
    close_all(jobs, pool);
}

/* ---- An owner with an executor ---- */

static void a_wait_on_a_loop_sleeps_until_the_worker_posts(void **state)
{
    (void)state;
    copse_executor *executor = NULL;
    copse_jobs *jobs = NULL;
    assert_int_equal(copse_executor_new_loop(&(copse_loop_options){0}, &executor), COPSE_OK);
    copse_pool *pool = new_pool(2);
    copse_jobs_options options = {.pool = pool, .executor = executor};
    assert_int_equal(copse_jobs_new(&options, &jobs), COPSE_OK);
    _Atomic int runs = 0;
    for (int i = 0; i < 1000; i++) {
        copse_job_handle job = submit(jobs, (copse_job_options){.run = count, .context = &runs});
        assert_int_equal(result_of(jobs, job).state, COPSE_JOB_DONE);
    }
    int64_t burnt_ns = 20 * ms;
    copse_job_handle job = submit(jobs, (copse_job_options){.run = burn, .context = &burnt_ns});
    int64_t before_ns = thread_cpu_ns();
    assert_int_equal(copse_job_wait(jobs, job, COPSE_NEVER), COPSE_OK);
    assert_true(thread_cpu_ns() - before_ns < burnt_ns / 10);
    submit(jobs, (copse_job_options){.run = count, .context = &runs}); /* its mail may be late */
    close_all(jobs, pool);
    assert_int_equal(copse_executor_free(executor), COPSE_OK);
}

static void virtual_time_stands_still_while_threads_owe_an_answer(void **state)
{
    (void)state;
    copse_executor *executor = NULL;
    copse_jobs *jobs = NULL;
    assert_int_equal(copse_executor_new_det(&(copse_det_options){0}, &executor), COPSE_OK);
    copse_pool *pool = new_pool(1);
    copse_jobs_options options = {.pool = pool, .executor = executor};
    assert_int_equal(copse_jobs_new(&options, &jobs), COPSE_OK);
    _Atomic int runs = 0;
    copse_job_handle sleep = {0};
    assert_int_equal(copse_job_sleep_until(jobs, &(copse_job_options){0}, 50 * ms, &sleep),
                     COPSE_OK);
    copse_job_handle job = submit(jobs, (copse_job_options){.run = count, .context = &runs});
    assert_int_equal(copse_job_wait(jobs, job, COPSE_NEVER), COPSE_OK);
    assert_int_equal(copse_clock_now(copse_executor_clock(executor)), 0);
    assert_int_equal(copse_job_wait(jobs, sleep, COPSE_NEVER), COPSE_OK);
    assert_int_equal(copse_clock_now(copse_executor_clock(executor)), 50 * ms);
    close_all(jobs, pool);
    assert_int_equal(copse_executor_free(executor), COPSE_OK);
}

/* ---- Pause, shutdown, fork ---- */

static void after_pause_returns_no_job_starts(void **state)
{
    (void)state;
    copse_pool *pool = new_pool(3);
    copse_jobs *jobs = new_table(pool);
    _Atomic int runs = 0;
    int submitted = 0;
    for (int round = 0; round < 50; round++) {
        for (int i = 0; i < 40; i++, submitted++)
            submit(jobs, (copse_job_options){.run = count, .context = &runs});
        assert_int_equal(copse_pool_pause(pool), COPSE_OK);
        /* What had started may still be counting: it is at most one a worker. */
        int before = atomic_load(&runs);
        for (int i = 0; i < 200; i++)
            sched_yield();
        assert_true(atomic_load(&runs) - before <= 3);
        assert_int_equal(copse_pool_resume(pool), COPSE_OK);
    }
    assert_int_equal(copse_pool_shutdown(pool, COPSE_SHUTDOWN_DRAIN), COPSE_OK);
    assert_int_equal(atomic_load(&runs), submitted);
    close_all(jobs, pool);
}

static void a_drained_pool_has_run_all_and_refuses_more(void **state)
{
    (void)state;
    copse_pool *pool = new_pool(2);
    copse_jobs *jobs = new_table(pool);
    _Atomic int runs = 0;
    copse_job_options options = {.run = count, .context = &runs};
    for (int i = 0; i < 500; i++)
        submit(jobs, options);
    assert_int_equal(copse_pool_shutdown(pool, COPSE_SHUTDOWN_DRAIN), COPSE_OK);
    assert_int_equal(atomic_load(&runs), 500);
    assert_int_equal(copse_job_submit(jobs, &options, NULL), COPSE_ESHUTDOWN);
    assert_int_equal(copse_pool_pause(pool), COPSE_ESHUTDOWN);
    assert_int_equal(copse_pool_shutdown(pool, COPSE_SHUTDOWN_DRAIN), COPSE_OK);
    assert_int_equal(copse_jobs_poll(jobs, NULL), COPSE_OK);
    assert_int_equal(stats_of(jobs).completed, 500);
    close_all(jobs, pool);
}

static void an_abandoned_pool_cancels_what_is_queued_and_stops_what_runs(void **state)
{
    (void)state;
    copse_pool *pool = new_pool(1);
    copse_jobs *jobs = new_table(pool);
    polling p;
    init_gate(&p.began);
    _Atomic int runs = 0;
    copse_job_handle running =
        submit(jobs, (copse_job_options){.run = poll_until_told, .context = &p});
    await_arrivals(&p.began, 1);
    copse_job_handle queued = submit(jobs, (copse_job_options){.run = count, .context = &runs});
    assert_int_equal(copse_pool_shutdown(pool, COPSE_SHUTDOWN_ABANDON), COPSE_OK);
    copse_job_result result = result_of(jobs, running);
    assert_int_equal(result.state, COPSE_JOB_CANCELLED);
    assert_int_equal(result.reason, COPSE_STOP_SHUTDOWN);
    result = result_of(jobs, queued);
    assert_int_equal(result.state, COPSE_JOB_CANCELLED);
    assert_int_equal(result.reason, COPSE_STOP_SHUTDOWN);
    assert_int_equal(atomic_load(&runs), 0);
    close_all(jobs, pool);
    destroy_gate(&p.began);
}

typedef struct insider {
    copse_pool *pool;
    copse_status shutdown, freed;
} insider;

static copse_job_end end_from_inside(copse_job *self, void *context, const copse_parcel *input)
{
    insider *in = context;
    (void)input;
    in->shutdown = copse_pool_shutdown(in->pool, COPSE_SHUTDOWN_DRAIN);
    in->freed = copse_pool_free(in->pool);
    return copse_job_done(self, NULL);
}

static void a_job_can_not_end_its_own_pool(void **state)
{
    (void)state;
    copse_pool *pool = new_pool(1);
    copse_jobs *jobs = new_table(pool);
    insider in = {pool, COPSE_OK, COPSE_OK};
    copse_job_handle job =
        submit(jobs, (copse_job_options){.run = end_from_inside, .context = &in});
    assert_int_equal(result_of(jobs, job).state, COPSE_JOB_DONE);
    assert_int_equal(in.shutdown, COPSE_EBUSY_OWNER);
    assert_int_equal(in.freed, COPSE_EBUSY_OWNER);
    close_all(jobs, pool);
}

static int live_in_the_child(copse_jobs *jobs, copse_pool *pool, copse_job_handle queued)
{
    copse_job_options options = {.run = count};
    if (copse_job_submit(jobs, &options, NULL) != COPSE_ESHUTDOWN)
        return 1;
    if (copse_job_wait(jobs, queued, COPSE_NEVER) != COPSE_ESHUTDOWN)
        return 2;
    if (copse_job_cancel(jobs, queued) != COPSE_OK)
        return 3;
    if (copse_pool_shutdown(pool, COPSE_SHUTDOWN_DRAIN) != COPSE_ESHUTDOWN)
        return 4;
    if (copse_jobs_free(jobs) != COPSE_OK || copse_pool_free(pool) != COPSE_OK)
        return 5;
    return 0;
}

static void in_a_forked_child_the_pool_is_dead_and_can_be_freed(void **state)
{
    (void)state;
    copse_pool *pool = new_pool(1);
    copse_jobs *jobs = new_table(pool);
    gate g;
    init_gate(&g);
    submit(jobs, (copse_job_options){.run = stand, .context = &g});
    await_arrivals(&g, 1);
    copse_job_handle queued = submit(jobs, (copse_job_options){.run = stand, .context = &g});
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(live_in_the_child(jobs, pool, queued));
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    open_gate(&g);
    assert_int_equal(result_of(jobs, queued).state, COPSE_JOB_DONE);
    close_all(jobs, pool);
    destroy_gate(&g);
}

/* ---- Making ---- */

typedef struct hooks {
    _Atomic int started, stopped;
    int refused; /* this worker is, from 1 */
} hooks;

static void *start_worker(void *context, uint32_t worker)
{
    hooks *h = context;
    if ((int)worker + 1 == h->refused)
        return NULL;
    atomic_fetch_add(&h->started, 1);
    return malloc(1);
}

static void stop_worker(void *context, void *data)
{
    atomic_fetch_add(&((hooks *)context)->stopped, 1);
    free(data);
}

static copse_job_end see_data(copse_job *self, void *context, const copse_parcel *input)
{
    (void)input;
    *(void **)context = copse_job_worker_data(self);
    return copse_job_done(self, NULL);
}

static void each_worker_has_what_its_start_made_and_its_stop_ends(void **state)
{
    (void)state;
    hooks h = {.refused = 0};
    copse_pool *pool = NULL;
    copse_pool_options options = {
        .workers = 3, .worker_start = start_worker, .worker_stop = stop_worker, .context = &h};
    assert_int_equal(copse_pool_new(&options, &pool), COPSE_OK);
    assert_int_equal(atomic_load(&h.started), 3);
    copse_jobs *jobs = new_table(pool);
    void *data = NULL;
    copse_job_handle job = submit(jobs, (copse_job_options){.run = see_data, .context = &data});
    assert_int_equal(result_of(jobs, job).state, COPSE_JOB_DONE);
    assert_non_null(data);
    close_all(jobs, pool);
    assert_int_equal(atomic_load(&h.stopped), 3);
}

static void a_worker_that_refuses_to_start_refuses_the_pool(void **state)
{
    (void)state;
    hooks h = {.refused = 2};
    copse_pool *pool = NULL;
    copse_pool_options options = {
        .workers = 3, .worker_start = start_worker, .worker_stop = stop_worker, .context = &h};
    assert_int_equal(copse_pool_new(&options, &pool), COPSE_ENOMEM);
    assert_null(pool);
    assert_int_equal(atomic_load(&h.started), 2);
    assert_int_equal(atomic_load(&h.stopped), 2);
    options.worker_stop = NULL;
#ifndef COPSE_CHECKED_ABORT
    assert_int_equal(copse_pool_new(&options, &pool), COPSE_EINVAL);
    assert_int_equal(copse_pool_new(&(copse_pool_options){.workers = 1025}, &pool), COPSE_EINVAL);
#endif
}

static void any_refused_allocation_leaves_no_pool(void **state)
{
    (void)state;
    for (uint64_t n = 1;; n++) {
        cp_fault fault;
        cp_fault_init(&fault, n);
        copse_pool *pool = NULL;
        copse_pool_options options = {.allocator = &fault.allocator, .workers = 2};
        copse_status status = copse_pool_new(&options, &pool);
        assert_int_equal(status, fault.refused == 0 ? COPSE_OK : COPSE_ENOMEM);
        assert_int_equal(copse_pool_free(pool), COPSE_OK);
        assert_int_equal(fault.live_bytes, 0);
        if (fault.refused == 0)
            return;
    }
}

static void pools_come_and_go(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        copse_pool *pool = new_pool(2);
        copse_jobs *jobs = new_table(pool);
        _Atomic int runs = 0;
        for (int k = 0; k < i % 5; k++)
            submit(jobs, (copse_job_options){.run = count, .context = &runs});
        close_all(jobs, pool);
    }
}

/* ---- All at once ---- */

enum { owners = 3, rounds = 3000, window = 16 };

typedef struct owner_run {
    copse_pool *pool;
    uint64_t seed;
    _Atomic int runs;
    int ended, dropped;
    copse_jobs_stats stats;
} owner_run;

static void count_end(void *context, copse_job_handle job, copse_job_state state)
{
    (void)job;
    (void)state;
    ((owner_run *)context)->ended++;
}

static void count_drop(void *context)
{
    ((owner_run *)context)->dropped++;
}

static copse_job_end work_a_little(copse_job *self, void *context, const copse_parcel *input)
{
    owner_run *run = context;
    (void)input;
    int n = atomic_fetch_add(&run->runs, 1);
    for (int i = 0; i < n % 64; i++)
        if (copse_job_should_stop(self))
            return copse_job_fail_text(self, "stopped");
    return n % 7 == 0 ? copse_job_fail_text(self, "seven") : copse_job_done(self, NULL);
}

/* Submits, cancels, forgets, consumes and waits at random; a check by the main thread. */
static void *own_jobs(void *context)
{
    owner_run *run = context;
    cp_rng rng = cp_rng_make(run->seed);
    copse_jobs *jobs = NULL;
    copse_jobs_options table = {.pool = run->pool, .retention = 8};
    copse_job_handle handles[window] = {{0}};
    if (copse_jobs_new(&table, &jobs) != COPSE_OK)
        return NULL;
    for (int i = 0; i < rounds; i++) {
        copse_job_handle *handle = &handles[cp_rng_below(&rng, window)];
        copse_job_result result;
        copse_status status = COPSE_OK;
        copse_job_options options = {.run = work_a_little,
                                     .context = run,
                                     .ended = count_end,
                                     .drop = count_drop,
                                     .priority = (int8_t)((int)cp_rng_below(&rng, 5) - 2)};
        switch (cp_rng_below(&rng, 8)) {
        case 0:
            status = copse_job_cancel(jobs, *handle);
            break;
        case 1:
            status = copse_job_forget(jobs, *handle);
            break;
        case 2:
            status = copse_job_wait(jobs, *handle, COPSE_NEVER);
            break;
        case 3:
            if (copse_job_try_get_result(jobs, *handle, &result) == COPSE_OK)
                copse_parcel_free(result.parcel);
            break;
        default:
            options.deadline_ns =
                cp_rng_below(&rng, 10) == 0 ? cp_clock_now(run->pool->clock) + 20000 : COPSE_NEVER;
            status = copse_job_submit(jobs, &options, handle);
        }
        if (status != COPSE_OK && cp_rng_below(&rng, 4) == 0)
            status = copse_jobs_poll(jobs, NULL);
    }
    if (copse_jobs_stats_snapshot(jobs, &run->stats) != COPSE_OK ||
        copse_jobs_free(jobs) != COPSE_OK)
        return NULL;
    return run;
}

static void many_owners_share_a_pool_and_every_job_ends_once(void **state)
{
    (void)state;
    copse_pool *pool = new_pool(3);
    pthread_t threads[owners];
    owner_run runs[owners];
    for (int i = 0; i < owners; i++) {
        runs[i] = (owner_run){.pool = pool, .seed = (uint64_t)i + 1};
        atomic_init(&runs[i].runs, 0);
        assert_int_equal(pthread_create(&threads[i], NULL, own_jobs, &runs[i]), 0);
    }
    for (int i = 0; i < 20; i++) {
        assert_int_equal(copse_pool_pause(pool), COPSE_OK);
        assert_int_equal(copse_pool_resume(pool), COPSE_OK);
    }
    for (int i = 0; i < owners; i++) {
        void *result = NULL;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_ptr_equal(result, &runs[i]);
        const copse_jobs_stats *stats = &runs[i].stats;
        assert_int_equal(stats->submitted,
                         stats->completed + stats->failed + stats->cancelled + stats->live);
        assert_int_equal(runs[i].ended, stats->submitted);
        assert_int_equal(runs[i].dropped, stats->submitted);
        assert_true(atomic_load(&runs[i].runs) <= (int)stats->submitted);
    }
    assert_int_equal(copse_pool_free(pool), COPSE_OK);
}

CP_TEST_MAIN(cmocka_unit_test(jobs_that_wait_for_each_other_run_at_the_same_time),
             cmocka_unit_test(a_job_behind_a_long_one_in_its_batch_is_run_by_another_worker),
             cmocka_unit_test(a_thread_that_waits_uses_no_processor),
             cmocka_unit_test(jobs_queued_behind_saturated_workers_are_cancelled_and_never_run),
             cmocka_unit_test(a_running_job_that_polls_ends_soon_after_its_cancel),
             cmocka_unit_test(a_running_job_sees_its_deadline_without_its_owner),
             cmocka_unit_test(a_wait_ends_when_the_deadline_of_a_queued_job_has_come),
             cmocka_unit_test(a_worker_that_waits_helps_so_that_one_is_enough),
             cmocka_unit_test(a_worker_that_waits_for_another_runs_the_jobs_of_others),
             cmocka_unit_test(waits_nested_too_deep_are_refused_and_not_a_deadlock),
             cmocka_unit_test(a_wait_on_a_loop_sleeps_until_the_worker_posts),
             cmocka_unit_test(virtual_time_stands_still_while_threads_owe_an_answer),
             cmocka_unit_test(after_pause_returns_no_job_starts),
             cmocka_unit_test(a_drained_pool_has_run_all_and_refuses_more),
             cmocka_unit_test(an_abandoned_pool_cancels_what_is_queued_and_stops_what_runs),
             cmocka_unit_test(a_job_can_not_end_its_own_pool),
             cmocka_unit_test(in_a_forked_child_the_pool_is_dead_and_can_be_freed),
             cmocka_unit_test(each_worker_has_what_its_start_made_and_its_stop_ends),
             cmocka_unit_test(a_worker_that_refuses_to_start_refuses_the_pool),
             cmocka_unit_test(any_refused_allocation_leaves_no_pool),
             cmocka_unit_test(pools_come_and_go),
             cmocka_unit_test(many_owners_share_a_pool_and_every_job_ends_once))
