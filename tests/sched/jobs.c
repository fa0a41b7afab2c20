#include "tests/check.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sched/choice.h"
#include "sched/jobs.h"
#include "sched/rng.h"
#include "tests/fault.h"

enum { ms = 1000000 };

/* ---- A table on a twin: one thread, virtual time ---- */

typedef struct stage {
    copse_executor *executor;
    copse_pool *pool;
    copse_jobs *jobs;
} stage;

typedef struct stage_options {
    const copse_allocator *allocator;
    copse_choices *choices;
    uint32_t workers;
    uint32_t queue_limit;
    uint32_t live_limit;
    uint32_t retention;
    void (*on_event)(void *context, const copse_job_event *event);
    void *context;
} stage_options;

static copse_status open_stage(stage *s, const stage_options *options)
{
    copse_det_options det = {.allocator = options->allocator, .choices = options->choices};
    *s = (stage){NULL, NULL, NULL};
    copse_status status = copse_executor_new_det(&det, &s->executor);
    if (status != COPSE_OK)
        return status;
    copse_pool_options pool = {.allocator = options->allocator,
                               .workers = options->workers == 0 ? 1 : options->workers,
                               .queue_limit = options->queue_limit};
    copse_twin_options twin = {.executor = s->executor, .choices = options->choices};
    status = copse_pool_new_twin(&pool, &twin, &s->pool);
    if (status != COPSE_OK)
        return status;
    copse_jobs_options jobs = {.allocator = options->allocator,
                               .pool = s->pool,
                               .executor = s->executor,
                               .live_limit = options->live_limit,
                               .retention = options->retention,
                               .on_event = options->on_event,
                               .context = options->context};
    return copse_jobs_new(&jobs, &s->jobs);
}

static void close_stage(stage *s)
{
    assert_int_equal(copse_jobs_free(s->jobs), COPSE_OK);
    assert_int_equal(copse_pool_free(s->pool), COPSE_OK);
    assert_int_equal(copse_executor_free(s->executor), COPSE_OK);
}

static stage open_plain(uint32_t workers)
{
    stage s;
    stage_options options = {.workers = workers};
    assert_int_equal(open_stage(&s, &options), COPSE_OK);
    return s;
}

static copse_parcel *integer_parcel(int64_t value)
{
    copse_parcel *parcel = NULL;
    copse_parcel_builder *builder = copse_parcel_builder_new(NULL);
    copse_parcel_add_integer(builder, value);
    assert_int_equal(copse_parcel_finish(builder, &parcel), COPSE_OK);
    copse_parcel_builder_free(builder);
    return parcel;
}

static int64_t integer_of(const copse_parcel *parcel)
{
    int64_t value = 0;
    assert_non_null(parcel);
    assert_true(copse_cursor_integer(copse_parcel_root(parcel), &value));
    return value;
}

/* Counts its runs in CONTEXT, and answers with its input plus one. */
static copse_job_end add_one(copse_job *self, void *context, const copse_parcel *input)
{
    if (context != NULL)
        ++*(int *)context;
    return copse_job_done(self, input == NULL ? NULL : integer_parcel(integer_of(input) + 1));
}

static copse_job_end fail_clearly(copse_job *self, void *context, const copse_parcel *input)
{
    (void)context;
    (void)input;
    return copse_job_fail_text(self, "no way to the dock");
}

static copse_job_end note_stop(copse_job *self, void *context, const copse_parcel *input)
{
    (void)input;
    *(copse_stop *)context = copse_job_stop_reason(self);
    return copse_job_done(self, NULL);
}

static copse_job_handle submit(stage *s, copse_job_options options)
{
    copse_job_handle handle = {0};
    assert_int_equal(copse_job_submit(s->jobs, &options, &handle), COPSE_OK);
    return handle;
}

static copse_job_info info_of(stage *s, copse_job_handle handle)
{
    copse_job_info info;
    assert_int_equal(copse_job_get_info(s->jobs, handle, &info), COPSE_OK);
    return info;
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

static void run_for(stage *s, int64_t step_ns)
{
    int64_t now_ns = copse_clock_now(copse_executor_clock(s->executor));
    assert_int_equal(copse_executor_run_to(s->executor, now_ns + step_ns), COPSE_OK);
}

/* ---- The plain course ---- */

static void a_job_is_queued_then_running_then_done_and_its_result_is_taken_once(void **state)
{
    (void)state;
    stage s = open_plain(1);
    int runs = 0;
    copse_job_handle job = submit(&s, (copse_job_options){.name = "plan",
                                                          .run = add_one,
                                                          .context = &runs,
                                                          .input = integer_parcel(41),
                                                          .virtual_ns = 5 * ms});
    copse_job_result result;
    assert_int_equal(info_of(&s, job).state, COPSE_JOB_QUEUED);
    assert_string_equal(info_of(&s, job).name, "plan");
    assert_int_equal(copse_job_try_get_result(s.jobs, job, &result), COPSE_EPENDING);
    assert_int_equal(result.state, COPSE_JOB_QUEUED);
    run_for(&s, 1 * ms);
    assert_int_equal(info_of(&s, job).state, COPSE_JOB_RUNNING);
    run_for(&s, 5 * ms);
    assert_int_equal(info_of(&s, job).state, COPSE_JOB_DONE);
    assert_int_equal(info_of(&s, job).run_ns, 5 * ms);
    assert_int_equal(info_of(&s, job).wait_ns, 0);
    assert_int_equal(copse_job_try_get_result(s.jobs, job, &result), COPSE_OK);
    assert_int_equal(result.state, COPSE_JOB_DONE);
    assert_int_equal(integer_of(result.parcel), 42);
    copse_parcel_free(result.parcel);
    assert_int_equal(copse_job_try_get_result(s.jobs, job, &result), COPSE_EUNKNOWN);
    assert_null(result.parcel);
    copse_job_info info;
    assert_int_equal(copse_job_get_info(s.jobs, job, &info), COPSE_EUNKNOWN);
    assert_int_equal(runs, 1);
    close_stage(&s);
}

static void a_failed_job_has_no_result_but_its_error_text(void **state)
{
    (void)state;
    stage s = open_plain(1);
    copse_job_result result;
    size_t size = 0;
    copse_job_handle job = submit(&s, (copse_job_options){.run = fail_clearly});
    assert_int_equal(copse_job_wait(s.jobs, job, COPSE_NEVER), COPSE_OK);
    assert_int_equal(copse_job_try_get_result(s.jobs, job, &result), COPSE_OK);
    assert_int_equal(result.state, COPSE_JOB_FAILED);
    assert_string_equal(copse_cursor_text(copse_parcel_root(result.parcel), &size),
                        "no way to the dock");
    copse_parcel_free(result.parcel);
    assert_int_equal(stats_of(s.jobs).failed, 1);
    assert_int_equal(stats_of(s.jobs).unseen_failures, 0);
    close_stage(&s);
}

static void misuse_is_refused_and_says_so(void **state)
{
    (void)state;
    stage s = open_plain(1);
    copse_job_options none = {.run = NULL};
    copse_job_options urgent = {.run = add_one, .priority = -3};
    copse_job_options sleep = {.run = add_one};
    copse_job_info info;
    copse_jobs *other = NULL;
    copse_jobs_options no_pool = {.pool = NULL}, no_executor = {.pool = s.pool};
    copse_job_handle foreign = {(uint64_t)7 << 32 | 1}, zero = {0};
#ifndef COPSE_CHECKED_ABORT /* there each aborts: tests/sched/owner.c */
    assert_int_equal(copse_job_submit(s.jobs, &none, NULL), COPSE_EINVAL);
    assert_int_equal(copse_job_submit(s.jobs, &urgent, NULL), COPSE_EINVAL);
    assert_int_equal(copse_job_sleep_until(s.jobs, &sleep, 5, NULL), COPSE_EINVAL);
    assert_int_equal(copse_jobs_new(&no_pool, &other), COPSE_EINVAL);
    assert_int_equal(copse_jobs_new(&no_executor, &other), COPSE_EINVAL);
#else
    (void)none, (void)urgent, (void)sleep, (void)no_pool, (void)no_executor;
#endif
    assert_null(other);
    assert_int_equal(copse_job_get_info(s.jobs, foreign, &info), COPSE_EUNKNOWN);
    assert_int_equal(copse_job_cancel(s.jobs, foreign), COPSE_EUNKNOWN);
    assert_int_equal(copse_job_cancel(s.jobs, zero), COPSE_EUNKNOWN);
    assert_int_equal(copse_job_wait(s.jobs, zero, COPSE_NEVER), COPSE_EUNKNOWN);
    assert_int_equal(copse_job_forget(s.jobs, zero), COPSE_EUNKNOWN);
    assert_int_equal(copse_pool_free(s.pool), COPSE_EBUSY_OWNER); /* the table uses it */
    assert_int_equal(stats_of(s.jobs).submitted, 0);
    close_stage(&s);
}

static void *poll_elsewhere(void *context)
{
    stage *s = context;
    static copse_status statuses[2];
    statuses[0] = copse_jobs_poll(s->jobs, NULL);
    statuses[1] = copse_jobs_free(s->jobs);
    return statuses;
}

static void a_call_from_another_thread_is_refused(void **state)
{
    (void)state;
#ifndef COPSE_CHECKED_ABORT
    stage s = open_plain(1);
    pthread_t thread;
    void *statuses = NULL;
    assert_int_equal(pthread_create(&thread, NULL, poll_elsewhere, &s), 0);
    assert_int_equal(pthread_join(thread, &statuses), 0);
    assert_int_equal(((copse_status *)statuses)[0], COPSE_ETHREAD);
    assert_int_equal(((copse_status *)statuses)[1], COPSE_ETHREAD);
    close_stage(&s);
#else
    (void)poll_elsewhere;
#endif
}

/* ---- Cancel and deadlines ---- */

static void a_queued_job_that_is_cancelled_never_runs(void **state)
{
    (void)state;
    stage s = open_plain(1);
    int runs = 0;
    copse_job_handle first = submit(&s, (copse_job_options){.run = add_one});
    copse_job_handle second = submit(
        &s, (copse_job_options){.run = add_one, .context = &runs, .input = integer_parcel(1)});
    run_for(&s, 0);
    assert_int_equal(info_of(&s, first).state, COPSE_JOB_RUNNING);
    assert_int_equal(copse_job_cancel(s.jobs, second), COPSE_OK);
    assert_int_equal(info_of(&s, second).state, COPSE_JOB_CANCELLED);
    assert_int_equal(info_of(&s, second).reason, COPSE_STOP_CANCEL);
    assert_int_equal(copse_job_cancel(s.jobs, second), COPSE_EINVAL);
    assert_int_equal(copse_executor_run_all(s.executor), COPSE_OK);
    assert_int_equal(runs, 0);
    copse_jobs_stats stats = stats_of(s.jobs);
    assert_int_equal(stats.cancelled, 1);
    assert_int_equal(stats.completed, 1);
    assert_int_equal(stats.started, 1);
    close_stage(&s);
}

static void count_stop(void *context)
{
    *(int *)context += 100;
}

static copse_job_end see_stop(copse_job *self, void *context, const copse_parcel *input)
{
    (void)input;
    *(int *)context += copse_job_should_stop(self) ? 1 : 0;
    return copse_job_done(self, integer_parcel(5));
}

static void a_running_job_that_is_cancelled_sees_its_flag_and_its_result_is_dropped(void **state)
{
    (void)state;
    stage s = open_plain(1);
    int seen = 0;
    copse_job_result result;
    copse_job_handle job = submit(
        &s, (copse_job_options){
                .run = see_stop, .context = &seen, .stop = count_stop, .virtual_ns = 5 * ms});
    run_for(&s, 1 * ms);
    assert_int_equal(copse_job_cancel(s.jobs, job), COPSE_OK);
    assert_int_equal(seen, 100);
    assert_int_equal(copse_job_cancel(s.jobs, job), COPSE_ECANCELLED);
    assert_int_equal(info_of(&s, job).state, COPSE_JOB_RUNNING);
    assert_int_equal(info_of(&s, job).reason, COPSE_STOP_CANCEL);
    run_for(&s, 5 * ms);
    assert_int_equal(seen, 101);
    assert_int_equal(copse_job_try_get_result(s.jobs, job, &result), COPSE_OK);
    assert_int_equal(result.state, COPSE_JOB_CANCELLED);
    assert_int_equal(result.reason, COPSE_STOP_CANCEL);
    assert_null(result.parcel);
    assert_int_equal(stats_of(s.jobs).late_dropped, 1);
    close_stage(&s);
}

static void a_job_queued_past_its_deadline_is_cancelled_without_running(void **state)
{
    (void)state;
    stage s = open_plain(1);
    int runs = 0;
    submit(&s, (copse_job_options){.run = add_one, .virtual_ns = 50 * ms});
    copse_job_handle late =
        submit(&s, (copse_job_options){.run = add_one, .context = &runs, .deadline_ns = 20 * ms});
    run_for(&s, 20 * ms - 1);
    assert_int_equal(info_of(&s, late).state, COPSE_JOB_QUEUED);
    run_for(&s, 1);
    assert_int_equal(info_of(&s, late).state, COPSE_JOB_CANCELLED);
    assert_int_equal(info_of(&s, late).reason, COPSE_STOP_TIMEOUT);
    assert_int_equal(copse_executor_run_all(s.executor), COPSE_OK);
    assert_int_equal(runs, 0);
    assert_int_equal(stats_of(s.jobs).timed_out, 1);
    close_stage(&s);
}

static void a_job_that_runs_past_its_deadline_is_told_and_cancelled(void **state)
{
    (void)state;
    stage s = open_plain(1);
    copse_stop seen = COPSE_STOP_NONE;
    copse_job_handle job = submit(
        &s, (copse_job_options){
                .run = note_stop, .context = &seen, .virtual_ns = 50 * ms, .deadline_ns = 20 * ms});
    run_for(&s, 30 * ms);
    assert_int_equal(info_of(&s, job).state, COPSE_JOB_RUNNING);
    assert_int_equal(info_of(&s, job).reason, COPSE_STOP_TIMEOUT);
    run_for(&s, 20 * ms);
    assert_int_equal(seen, COPSE_STOP_TIMEOUT);
    assert_int_equal(info_of(&s, job).state, COPSE_JOB_CANCELLED);
    assert_int_equal(stats_of(s.jobs).timed_out, 1);
    close_stage(&s);
}

static void a_forgotten_job_is_unknown_and_leaves_nothing(void **state)
{
    (void)state;
    stage s = open_plain(1);
    int runs = 0;
    copse_job_info info;
    copse_job_options options = {.run = add_one, .context = &runs, .virtual_ns = 5 * ms};
    options.input = integer_parcel(1);
    copse_job_handle running = submit(&s, options);
    options.input = integer_parcel(2);
    copse_job_handle queued = submit(&s, options);
    run_for(&s, 1 * ms);
    assert_int_equal(copse_job_forget(s.jobs, running), COPSE_OK);
    assert_int_equal(copse_job_forget(s.jobs, queued), COPSE_OK);
    assert_int_equal(copse_job_get_info(s.jobs, running, &info), COPSE_EUNKNOWN);
    assert_int_equal(copse_job_forget(s.jobs, running), COPSE_EUNKNOWN);
    assert_int_equal(stats_of(s.jobs).live, 1);
    assert_int_equal(copse_executor_run_all(s.executor), COPSE_OK);
    assert_int_equal(runs, 1);
    copse_jobs_stats stats = stats_of(s.jobs);
    assert_int_equal(stats.cancelled, 2);
    assert_int_equal(stats.late_dropped, 1);
    assert_int_equal(stats.retained, 0);
    copse_job_handle done = submit(&s, (copse_job_options){.run = fail_clearly});
    assert_int_equal(copse_job_wait(s.jobs, done, COPSE_NEVER), COPSE_OK);
    assert_int_equal(copse_job_forget(s.jobs, done), COPSE_OK);
    assert_int_equal(stats_of(s.jobs).unseen_failures, 1);
    close_stage(&s);
}

/* ---- Bounds ---- */

static void a_full_queue_refuses_and_counts_and_the_input_stays_the_callers(void **state)
{
    (void)state;
    stage s;
    stage_options options = {.workers = 1, .queue_limit = 2};
    assert_int_equal(open_stage(&s, &options), COPSE_OK);
    submit(&s, (copse_job_options){.run = add_one});
    submit(&s, (copse_job_options){.run = add_one});
    copse_job_options third = {.run = add_one, .input = integer_parcel(3)};
    assert_int_equal(copse_job_submit(s.jobs, &third, NULL), COPSE_EFULL);
    assert_int_equal(integer_of(third.input), 3);
    assert_int_equal(stats_of(s.jobs).overflow, 1);
    assert_int_equal(stats_of(s.jobs).live, 2);
    run_for(&s, 0); /* the worker takes one */
    submit(&s, third);
    copse_job_options two[2] = {{.run = add_one}, {.run = add_one}};
    assert_int_equal(copse_job_submit_n(s.jobs, two, 2, NULL), COPSE_EFULL);
    assert_int_equal(copse_executor_run_all(s.executor), COPSE_OK);
    copse_job_handle handles[2];
    assert_int_equal(copse_job_submit_n(s.jobs, two, 2, handles), COPSE_OK);
    assert_true(handles[0].bits != handles[1].bits);
    assert_int_equal(copse_executor_run_all(s.executor), COPSE_OK);
    assert_int_equal(info_of(&s, handles[1]).state, COPSE_JOB_DONE);
    assert_int_equal(stats_of(s.jobs).completed, 5);
    close_stage(&s);
}

static void a_limit_on_live_jobs_counts_sleeps_as_well(void **state)
{
    (void)state;
    stage s;
    stage_options options = {.live_limit = 2};
    assert_int_equal(open_stage(&s, &options), COPSE_OK);
    copse_job_options none = {0}, job = {.run = add_one};
    assert_int_equal(copse_job_sleep_until(s.jobs, &none, 5 * ms, NULL), COPSE_OK);
    assert_int_equal(copse_job_submit(s.jobs, &job, NULL), COPSE_OK);
    assert_int_equal(copse_job_submit(s.jobs, &job, NULL), COPSE_EFULL);
    assert_int_equal(copse_job_sleep_until(s.jobs, &none, 5 * ms, NULL), COPSE_EFULL);
    assert_int_equal(stats_of(s.jobs).overflow, 2);
    assert_int_equal(copse_executor_run_all(s.executor), COPSE_OK);
    assert_int_equal(copse_job_submit(s.jobs, &job, NULL), COPSE_OK);
    close_stage(&s);
}

static void saturated_workers_leave_queued_jobs_that_can_all_be_cancelled(void **state)
{
    (void)state;
    enum { workers = 4, queued = 100 };
    stage s = open_plain(workers);
    int runs = 0;
    copse_job_handle jobs[queued];
    for (int i = 0; i < workers; i++)
        submit(&s, (copse_job_options){.run = add_one, .virtual_ns = 1000 * ms});
    run_for(&s, 1 * ms);
    for (int i = 0; i < queued; i++)
        jobs[i] = submit(&s, (copse_job_options){.run = add_one, .context = &runs});
    run_for(&s, 1 * ms);
    for (int i = 0; i < queued; i++)
        assert_int_equal(copse_job_cancel(s.jobs, jobs[i]), COPSE_OK);
    copse_pool_stats pool;
    assert_int_equal(copse_pool_stats_read(s.pool, &pool), COPSE_OK);
    assert_int_equal(pool.queued, 0); /* the room is free again at once */
    assert_int_equal(copse_executor_run_all(s.executor), COPSE_OK);
    assert_int_equal(runs, 0);
    assert_int_equal(stats_of(s.jobs).cancelled, queued);
    close_stage(&s);
}

static void unconsumed_results_are_bounded_and_evictions_are_counted(void **state)
{
    (void)state;
    cp_fault fault;
    cp_fault_init(&fault, 0);
    stage s;
    stage_options options = {.allocator = &fault.allocator, .retention = 3};
    assert_int_equal(open_stage(&s, &options), COPSE_OK);
    copse_job_handle jobs[5];
    copse_job_info info;
    for (int i = 0; i < 5; i++) {
        jobs[i] = submit(&s, (copse_job_options){.run = add_one, .input = integer_parcel(i)});
        assert_int_equal(copse_job_wait(s.jobs, jobs[i], COPSE_NEVER), COPSE_OK);
    }
    assert_int_equal(stats_of(s.jobs).retained, 3);
    assert_int_equal(stats_of(s.jobs).evicted, 2);
    assert_int_equal(copse_job_get_info(s.jobs, jobs[1], &info), COPSE_EUNKNOWN);
    assert_int_equal(info_of(&s, jobs[2]).state, COPSE_JOB_DONE);
    close_stage(&s);
    assert_int_equal(fault.live_bytes, 0);
}

static uint64_t cycles(void)
{
    return getenv("COPSE_TEST_FULL") != NULL ? 10000000 : 100000;
}

static void millions_of_jobs_leave_no_memory_behind(void **state)
{
    (void)state;
    cp_fault fault;
    cp_fault_init(&fault, 0);
    stage s;
    stage_options options = {.allocator = &fault.allocator};
    assert_int_equal(open_stage(&s, &options), COPSE_OK);
    size_t bytes = 0;
    copse_job_handle last = {0};
    for (uint64_t i = 0; i < cycles(); i++) {
        copse_job_result result;
        copse_job_handle job = submit(&s, (copse_job_options){.run = add_one});
        assert_true(job.bits != last.bits);
        last = job;
        assert_int_equal(copse_job_wait(s.jobs, job, COPSE_NEVER), COPSE_OK);
        assert_int_equal(copse_job_try_get_result(s.jobs, job, &result), COPSE_OK);
        if (i == 100)
            bytes = fault.live_bytes;
    }
    assert_int_equal(fault.live_bytes, bytes);
    close_stage(&s);
    assert_int_equal(fault.live_bytes, 0);
}

/* ---- Sleeps ---- */

static void ten_thousand_sleeps_hold_no_worker_and_end_together(void **state)
{
    (void)state;
    enum { count = 10000 };
    stage s = open_plain(1);
    int runs = 0;
    for (int i = 0; i < count; i++)
        assert_int_equal(
            copse_job_sleep_until(s.jobs, &(copse_job_options){.name = "sleep"}, 50 * ms, NULL),
            COPSE_OK);
    copse_job_handle job = submit(&s, (copse_job_options){.run = add_one, .context = &runs});
    assert_int_equal(copse_job_wait(s.jobs, job, 10 * ms), COPSE_OK); /* the worker is free */
    run_for(&s, 48 * ms);
    assert_int_equal(stats_of(s.jobs).running, count);
    run_for(&s, 2 * ms);
    assert_int_equal(stats_of(s.jobs).completed, count + 1);
    assert_int_equal(copse_executor_run_all(s.executor), COPSE_OK);
    assert_int_equal(copse_clock_now(copse_executor_clock(s.executor)), 51 * ms);
    close_stage(&s);
}

static void a_sleep_that_is_cancelled_or_late_ends_at_once(void **state)
{
    (void)state;
    stage s = open_plain(1);
    copse_job_handle cancelled, late;
    copse_job_options deadline = {.deadline_ns = 20 * ms};
    assert_int_equal(copse_job_sleep_until(s.jobs, &(copse_job_options){0}, 50 * ms, &cancelled),
                     COPSE_OK);
    assert_int_equal(copse_job_sleep_until(s.jobs, &deadline, 50 * ms, &late), COPSE_OK);
    run_for(&s, 10 * ms);
    assert_int_equal(copse_job_cancel(s.jobs, cancelled), COPSE_OK);
    assert_int_equal(info_of(&s, cancelled).state, COPSE_JOB_CANCELLED);
    run_for(&s, 10 * ms);
    assert_int_equal(info_of(&s, late).state, COPSE_JOB_CANCELLED);
    assert_int_equal(info_of(&s, late).reason, COPSE_STOP_TIMEOUT);
    assert_int_equal(copse_executor_run_all(s.executor), COPSE_OK);
    assert_int_equal(copse_clock_now(copse_executor_clock(s.executor)), 20 * ms);
    close_stage(&s);
}

/* The pattern of a leaf: submit at the first tick, poll at each, consume at the end. */
static void a_sleep_of_50_ms_at_10_ms_ticks_runs_five_and_succeeds_at_the_sixth(void **state)
{
    (void)state;
    stage s = open_plain(1);
    copse_job_handle job = {0};
    copse_job_result result = {.state = COPSE_JOB_UNKNOWN};
    int running = 0;
    for (int tick = 1; tick <= 6; tick++) {
        assert_int_equal(copse_jobs_poll(s.jobs, NULL), COPSE_OK);
        if (tick == 1)
            assert_int_equal(copse_job_sleep_until(s.jobs, &(copse_job_options){0}, 50 * ms, &job),
                             COPSE_OK);
        if (copse_job_try_get_result(s.jobs, job, &result) == COPSE_EPENDING)
            running++;
        else
            assert_int_equal(tick, 6);
        run_for(&s, 10 * ms);
    }
    assert_int_equal(running, 5);
    assert_int_equal(result.state, COPSE_JOB_DONE);
    close_stage(&s);
}

/* ---- What is told ---- */

typedef struct heard {
    int counts[4];
    char text[4000];
    size_t length;
} heard;

static void hear(void *context, const copse_job_event *event)
{
    heard *h = context;
    h->counts[event->kind]++;
    int written =
        snprintf(h->text + h->length, sizeof h->text - h->length, "%lld %s %s %s %s\n",
                 (long long)event->time_ns / ms, copse_job_event_name(event->kind), event->name,
                 copse_job_state_name(event->state), copse_stop_name(event->reason));
    h->length += (size_t)written;
    assert_true(h->length < sizeof h->text);
}

static void a_listener_hears_of_each_step_in_order_with_its_time(void **state)
{
    (void)state;
    static heard h;
    h.length = 0;
    stage s;
    stage_options options = {.on_event = hear, .context = &h};
    assert_int_equal(open_stage(&s, &options), COPSE_OK);
    submit(&s, (copse_job_options){.name = "plan", .run = add_one, .virtual_ns = 7 * ms});
    copse_job_handle b =
        submit(&s, (copse_job_options){.name = "grasp", .run = add_one, .virtual_ns = 7 * ms});
    assert_int_equal(
        copse_job_sleep_until(s.jobs, &(copse_job_options){.name = "rest"}, 3 * ms, NULL),
        COPSE_OK);
    run_for(&s, 5 * ms);
    assert_int_equal(copse_job_cancel(s.jobs, b), COPSE_OK);
    assert_int_equal(copse_executor_run_all(s.executor), COPSE_OK);
    assert_string_equal(h.text, "0 scheduler_submit plan queued none\n"
                                "0 scheduler_submit grasp queued none\n"
                                "0 scheduler_submit rest queued none\n"
                                "0 scheduler_start rest running none\n"
                                "0 scheduler_start plan running none\n"
                                "3 scheduler_finish rest done none\n"
                                "5 scheduler_cancel grasp cancelled cancel\n"
                                "7 scheduler_finish plan done none\n");
    close_stage(&s);
}

typedef struct ending {
    stage *s;
    int ended;
    int dropped;
    copse_job_state state;
} ending;

static void consume_at_the_end(void *context, copse_job_handle job, copse_job_state state)
{
    ending *e = context;
    copse_job_result result;
    e->ended++;
    e->state = state;
    assert_int_equal(copse_jobs_free(e->s->jobs), COPSE_EBUSY_OWNER);
    assert_int_equal(copse_job_try_get_result(e->s->jobs, job, &result), COPSE_OK);
    copse_parcel_free(result.parcel);
}

static void count_drop(void *context)
{
    ((ending *)context)->dropped++;
}

static copse_job_end do_nothing(copse_job *self, void *context, const copse_parcel *input)
{
    (void)context;
    (void)input;
    return copse_job_done(self, NULL);
}

static void the_end_is_told_once_and_may_be_consumed_there(void **state)
{
    (void)state;
    stage s = open_plain(1);
    ending e = {.s = &s};
    submit(&s,
           (copse_job_options){
               .run = do_nothing, .context = &e, .ended = consume_at_the_end, .drop = count_drop});
    assert_int_equal(copse_executor_run_all(s.executor), COPSE_OK);
    assert_int_equal(e.ended, 1);
    assert_int_equal(e.dropped, 1);
    assert_int_equal(e.state, COPSE_JOB_DONE);
    assert_int_equal(stats_of(s.jobs).retained, 0);
    close_stage(&s);
    assert_int_equal(e.dropped, 1);
}

static void freeing_a_table_ends_every_job_once(void **state)
{
    (void)state;
    stage s = open_plain(2);
    ending e = {.s = &s};
    copse_job_options options = {.run = do_nothing, .context = &e, .drop = count_drop};
    for (int i = 0; i < 10; i++)
        submit(&s, options);
    options.run = NULL;
    assert_int_equal(copse_job_sleep_until(s.jobs, &options, 90 * ms, NULL), COPSE_OK);
    run_for(&s, 0);
    assert_int_equal(stats_of(s.jobs).running, 3);
    close_stage(&s);
    assert_int_equal(e.dropped, 11);
}

static void stats_are_exact_in_virtual_time(void **state)
{
    (void)state;
    stage s = open_plain(1);
    for (int i = 0; i < 4; i++)
        submit(&s, (copse_job_options){.run = add_one, .virtual_ns = 10 * ms});
    run_for(&s, 15 * ms);
    copse_jobs_stats stats = stats_of(s.jobs);
    assert_int_equal(stats.completed, 1);
    assert_int_equal(stats.running, 1);
    assert_int_equal(stats.queued, 2);
    assert_int_equal(stats.started, 2);
    assert_int_equal(copse_executor_run_all(s.executor), COPSE_OK);
    stats = stats_of(s.jobs);
    assert_int_equal(stats.wait_ns.total_ns, (0 + 10 + 20 + 30) * ms);
    assert_int_equal(stats.wait_ns.max_ns, 30 * ms);
    assert_int_equal(stats.run_ns.total_ns, 40 * ms);
    assert_int_equal(stats.run_ns.p50_ns, 10 * ms);
    close_stage(&s);
}

/* ---- Waiting ---- */

static void a_wait_gives_up_at_its_deadline_and_the_job_goes_on(void **state)
{
    (void)state;
    stage s = open_plain(1);
    copse_job_handle job = submit(&s, (copse_job_options){.run = add_one, .virtual_ns = 50 * ms});
    assert_int_equal(copse_job_wait(s.jobs, job, 20 * ms), COPSE_ETIMEOUT);
    assert_int_equal(info_of(&s, job).state, COPSE_JOB_RUNNING);
    assert_int_equal(copse_executor_pause(s.executor), COPSE_OK);
    assert_int_equal(copse_job_wait(s.jobs, job, COPSE_NEVER), COPSE_EPAUSED);
    assert_int_equal(copse_executor_resume(s.executor), COPSE_OK);
    assert_int_equal(copse_job_wait(s.jobs, job, COPSE_NEVER), COPSE_OK);
    assert_int_equal(copse_pool_pause(s.pool), COPSE_OK);
    job = submit(&s, (copse_job_options){.run = add_one});
    assert_int_equal(copse_job_wait(s.jobs, job, COPSE_NEVER), COPSE_EDEADLOCK);
    assert_int_equal(copse_pool_resume(s.pool), COPSE_OK);
    assert_int_equal(copse_job_wait(s.jobs, job, COPSE_NEVER), COPSE_OK);
    close_stage(&s);
}

/* Runs CONTEXT - 1 below itself, and waits for it. */
static copse_job_end nest(copse_job *self, void *context, const copse_parcel *input)
{
    int depth = (int)integer_of(input);
    copse_jobs *jobs = NULL;
    copse_job_handle handle;
    copse_job_result result;
    ++*(int *)context;
    if (depth == 0)
        return copse_job_done(self, integer_parcel(0));
    copse_jobs_options options = {.pool = copse_job_pool(self)};
    if (copse_jobs_new(&options, &jobs) != COPSE_OK)
        return copse_job_fail_text(self, "no table");
    copse_job_options inner = {.run = nest, .context = context, .input = integer_parcel(depth - 1)};
    copse_status status = copse_job_submit(jobs, &inner, &handle);
    assert_int_equal(status, COPSE_OK);
    status = copse_job_wait(jobs, handle, COPSE_NEVER);
    assert_int_equal(status, COPSE_OK);
    status = copse_job_try_get_result(jobs, handle, &result);
    assert_int_equal(status, COPSE_OK);
    int64_t value = integer_of(result.parcel);
    copse_parcel_free(result.parcel);
    status = copse_jobs_free(jobs);
    assert_int_equal(status, COPSE_OK);
    return copse_job_done(self, integer_parcel(value + 1));
}

static void one_worker_that_waits_for_jobs_of_its_job_runs_them(void **state)
{
    (void)state;
    for (uint32_t workers = 1; workers <= 3; workers++) {
        stage s = open_plain(workers);
        int runs = 0;
        copse_job_result result;
        copse_job_handle job = submit(
            &s, (copse_job_options){.run = nest, .context = &runs, .input = integer_parcel(20)});
        assert_int_equal(copse_job_wait(s.jobs, job, COPSE_NEVER), COPSE_OK);
        assert_int_equal(copse_job_try_get_result(s.jobs, job, &result), COPSE_OK);
        assert_int_equal(integer_of(result.parcel), 20);
        assert_int_equal(runs, 21);
        copse_parcel_free(result.parcel);
        close_stage(&s);
    }
}

/* ---- Refused memory ---- */

static void any_refused_allocation_leaves_the_table_as_it_was(void **state)
{
    (void)state;
    int good_runs = 0;
    for (uint64_t n = 1; good_runs == 0; n++) {
        cp_fault fault;
        cp_fault_init(&fault, n);
        stage s;
        stage_options options = {.allocator = &fault.allocator, .workers = 2};
        copse_status status = open_stage(&s, &options);
        int accepted = 0;
        for (int i = 0; status == COPSE_OK && i < 100; i++) {
            copse_job_options job = {.run = do_nothing, .deadline_ns = i % 2 == 0 ? 0 : 900 * ms};
            status = i % 5 == 4
                         ? copse_job_sleep_until(s.jobs, &(copse_job_options){0}, 5 * ms, NULL)
                         : copse_job_submit(s.jobs, &job, NULL);
            accepted += status == COPSE_OK;
        }
        assert_true(status == COPSE_OK || status == COPSE_ENOMEM);
        if (s.jobs != NULL) {
            assert_int_equal(stats_of(s.jobs).submitted, accepted);
            assert_int_equal(copse_executor_run_all(s.executor), COPSE_OK);
            assert_int_equal(stats_of(s.jobs).completed, accepted);
        }
        assert_int_equal(copse_jobs_free(s.jobs), COPSE_OK);
        assert_int_equal(copse_pool_free(s.pool), COPSE_OK);
        assert_int_equal(copse_executor_free(s.executor), COPSE_OK);
        assert_int_equal(fault.live_bytes, 0);
        good_runs += fault.refused == 0;
    }
}

static void an_error_text_whose_memory_is_refused_is_lost_and_the_failure_is_not(void **state)
{
    (void)state;
    cp_fault fault;
    cp_fault_init(&fault, 0);
    stage s;
    stage_options options = {.allocator = &fault.allocator};
    assert_int_equal(open_stage(&s, &options), COPSE_OK);
    copse_job_handle job = submit(&s, (copse_job_options){.run = fail_clearly});
    fault.refuse_at = fault.requests + 1;
    fault.refuse_after = true;
    copse_job_result result;
    while (info_of(&s, job).state != COPSE_JOB_FAILED)
        assert_int_equal(copse_executor_step(s.executor), COPSE_OK);
    assert_int_equal(copse_job_try_get_result(s.jobs, job, &result), COPSE_OK);
    assert_null(result.parcel);
    close_stage(&s);
    assert_int_equal(fault.live_bytes, 0);
}

CP_TEST_MAIN(
    cmocka_unit_test(a_job_is_queued_then_running_then_done_and_its_result_is_taken_once),
    cmocka_unit_test(a_failed_job_has_no_result_but_its_error_text),
    cmocka_unit_test(misuse_is_refused_and_says_so),
    cmocka_unit_test(a_call_from_another_thread_is_refused),
    cmocka_unit_test(a_queued_job_that_is_cancelled_never_runs),
    cmocka_unit_test(a_running_job_that_is_cancelled_sees_its_flag_and_its_result_is_dropped),
    cmocka_unit_test(a_job_queued_past_its_deadline_is_cancelled_without_running),
    cmocka_unit_test(a_job_that_runs_past_its_deadline_is_told_and_cancelled),
    cmocka_unit_test(a_forgotten_job_is_unknown_and_leaves_nothing),
    cmocka_unit_test(a_full_queue_refuses_and_counts_and_the_input_stays_the_callers),
    cmocka_unit_test(a_limit_on_live_jobs_counts_sleeps_as_well),
    cmocka_unit_test(saturated_workers_leave_queued_jobs_that_can_all_be_cancelled),
    cmocka_unit_test(unconsumed_results_are_bounded_and_evictions_are_counted),
    cmocka_unit_test(millions_of_jobs_leave_no_memory_behind),
    cmocka_unit_test(ten_thousand_sleeps_hold_no_worker_and_end_together),
    cmocka_unit_test(a_sleep_that_is_cancelled_or_late_ends_at_once),
    cmocka_unit_test(a_sleep_of_50_ms_at_10_ms_ticks_runs_five_and_succeeds_at_the_sixth),
    cmocka_unit_test(a_listener_hears_of_each_step_in_order_with_its_time),
    cmocka_unit_test(the_end_is_told_once_and_may_be_consumed_there),
    cmocka_unit_test(freeing_a_table_ends_every_job_once),
    cmocka_unit_test(stats_are_exact_in_virtual_time),
    cmocka_unit_test(a_wait_gives_up_at_its_deadline_and_the_job_goes_on),
    cmocka_unit_test(one_worker_that_waits_for_jobs_of_its_job_runs_them),
    cmocka_unit_test(any_refused_allocation_leaves_the_table_as_it_was),
    cmocka_unit_test(an_error_text_whose_memory_is_refused_is_lost_and_the_failure_is_not))
