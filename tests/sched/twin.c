#include "tests/check.h"

#include "sched/jobs.h"
#include "sched/rng.h"
#include "tests/fault.h"

enum { ms = 1000000, job_limit = 400 };

/* ---- A random program of jobs on a twin ---- */

typedef struct player {
    struct show *show;
    int runs, ended, dropped;
    bool fails, nests;
} player;

typedef struct show {
    cp_fault fault;
    cp_rng rng; /* of the program; the executor and the run times draw from the choices */
    uint64_t seed;
    uint64_t hash; /* of every event that was heard */
    copse_choices *choices;
    copse_executor *executor;
    copse_pool *pool;
    copse_jobs *jobs;
    player players[job_limit];
    copse_job_handle handles[job_limit];
    int count;
    uint64_t kinds[4];
} show;

static void hear(void *context, const copse_job_event *event)
{
    show *s = context;
    uint64_t facts[] = {event->kind, event->job.bits, (uint64_t)event->time_ns, event->state,
                        event->reason};
    for (size_t i = 0; i < CP_COUNT_OF(facts); i++)
        s->hash = cp_mix64(s->hash ^ facts[i]) + i;
    s->kinds[event->kind]++;
}

static copse_job_end play_inner(copse_job *self, void *context, const copse_parcel *input)
{
    (void)input;
    ++*(int *)context;
    return copse_job_done(self, NULL);
}

/* Three jobs below this one, waited for. */
static copse_status play_nested(copse_job *self)
{
    copse_jobs *jobs = NULL;
    copse_jobs_options options = {.pool = copse_job_pool(self)};
    int runs = 0;
    copse_job_handle handles[3];
    copse_job_options inner = {.run = play_inner, .context = &runs};
    copse_status status = copse_jobs_new(&options, &jobs);
    for (int i = 0; i < 3 && status == COPSE_OK; i++)
        status = copse_job_submit(jobs, &inner, &handles[i]);
    for (int i = 0; i < 3 && status == COPSE_OK; i++)
        status = copse_job_wait(jobs, handles[i], COPSE_NEVER);
    copse_status freed = copse_jobs_free(jobs);
    return status == COPSE_OK && runs != 3 ? COPSE_EINVAL : status != COPSE_OK ? status : freed;
}

static copse_job_end play(copse_job *self, void *context, const copse_parcel *input)
{
    player *p = context;
    (void)input;
    p->runs++;
    if (copse_job_should_stop(self))
        return copse_job_fail_text(self, "stopped");
    if (p->nests) {
        copse_status status = play_nested(self);
        if (status != COPSE_OK && status != COPSE_EFULL && status != COPSE_EDEADLOCK &&
            status != COPSE_EDEPTH)
            fail_msg("nested: %s (seed %llu)", copse_status_name(status),
                     (unsigned long long)p->show->seed);
    }
    return p->fails ? copse_job_fail_text(self, "planned") : copse_job_done(self, NULL);
}

static void note_end(void *context, copse_job_handle job, copse_job_state state)
{
    (void)job;
    (void)state;
    ((player *)context)->ended++;
}

static void note_drop(void *context)
{
    ((player *)context)->dropped++;
}

static void open_show(show *s, uint64_t seed, const copse_choices_options *choices)
{
    memset(s, 0, sizeof *s);
    cp_fault_init(&s->fault, 0);
    s->seed = seed;
    s->rng = cp_rng_make(seed);
    assert_int_equal(copse_choices_new(choices, &s->choices), COPSE_OK);
    copse_det_options det = {.allocator = &s->fault.allocator, .choices = s->choices};
    assert_int_equal(copse_executor_new_det(&det, &s->executor), COPSE_OK);
    copse_pool_options pool = {.allocator = &s->fault.allocator,
                               .workers = (uint32_t)cp_rng_below(&s->rng, 4) + 1,
                               .queue_limit = 30,
                               .max_wait_ns = 20 * ms};
    copse_twin_options twin = {.executor = s->executor, .choices = s->choices};
    assert_int_equal(copse_pool_new_twin(&pool, &twin, &s->pool), COPSE_OK);
    copse_jobs_options jobs = {.allocator = &s->fault.allocator,
                               .pool = s->pool,
                               .executor = s->executor,
                               .retention = 10,
                               .on_event = hear,
                               .context = s};
    assert_int_equal(copse_jobs_new(&jobs, &s->jobs), COPSE_OK);
}

static int64_t now_of(show *s)
{
    return copse_clock_now(copse_executor_clock(s->executor));
}

static void submit_one(show *s)
{
    player *p = &s->players[s->count];
    uint64_t shape = cp_rng_below(&s->rng, 6);
    copse_job_options options = {
        .context = p,
        .ended = note_end,
        .drop = note_drop,
        .priority = (int8_t)((int)cp_rng_below(&s->rng, 5) - 2),
        .deadline_ns =
            cp_rng_below(&s->rng, 3) != 0 ? 0 : now_of(s) + (int64_t)cp_rng_below(&s->rng, 20) * ms,
    };
    copse_status status = COPSE_OK;
    *p = (player){.show = s, .fails = shape == 1, .nests = shape == 2};
    if (shape == 0) {
        int64_t until_ns = now_of(s) + (int64_t)cp_rng_below(&s->rng, 30) * ms;
        status = copse_job_sleep_until(s->jobs, &options, until_ns, &s->handles[s->count]);
    } else {
        options.run = play;
        options.virtual_ns = cp_rng_below(&s->rng, 2) == 0 ? 0 : 3 * ms;
        status = copse_job_submit(s->jobs, &options, &s->handles[s->count]);
    }
    if (status == COPSE_OK)
        s->count++;
    else
        CHECK_SEED(status == COPSE_EFULL, s->seed);
}

static void check_balance(show *s)
{
    copse_jobs_stats stats;
    assert_int_equal(copse_jobs_stats_snapshot(s->jobs, &stats), COPSE_OK);
    CHECK_SEED(stats.submitted == stats.completed + stats.failed + stats.cancelled + stats.live,
               s->seed);
    CHECK_SEED(stats.submitted == (uint64_t)s->count, s->seed);
    CHECK_SEED(stats.live == stats.queued + stats.running, s->seed);
    CHECK_SEED(stats.retained <= 10, s->seed);
}

static void do_something(show *s)
{
    copse_job_result result;
    copse_status status = COPSE_OK;
    copse_job_handle handle =
        s->handles[s->count == 0 ? 0 : cp_rng_below(&s->rng, (uint64_t)s->count)];
    switch (cp_rng_below(&s->rng, 12)) {
    case 0:
        status = copse_job_cancel(s->jobs, handle);
        break;
    case 1:
        status = copse_job_forget(s->jobs, handle);
        break;
    case 2:
        status = copse_job_try_get_result(s->jobs, handle, &result);
        copse_parcel_free(result.parcel);
        break;
    case 3:
        status = copse_job_wait(s->jobs, handle, now_of(s) + 4 * ms);
        break;
    case 4:
        status = copse_pool_pause(s->pool);
        break;
    case 5:
    case 6:
        status = copse_pool_resume(s->pool);
        break;
    case 7:
    case 8:
        status =
            copse_executor_run_to(s->executor, now_of(s) + (int64_t)cp_rng_below(&s->rng, 6) * ms);
        break;
    default:
        if (s->count < job_limit)
            submit_one(s);
    }
    CHECK_SEED(status != COPSE_ENOMEM && status != COPSE_ETHREAD && status != COPSE_EDIVERGED,
               s->seed);
    check_balance(s);
}

static void finish_show(show *s)
{
    assert_int_equal(copse_pool_resume(s->pool), COPSE_OK);
    CHECK_SEED(copse_executor_run_all(s->executor) == COPSE_OK, s->seed);
    assert_int_equal(copse_jobs_poll(s->jobs, NULL), COPSE_OK);
    copse_jobs_stats stats;
    assert_int_equal(copse_jobs_stats_snapshot(s->jobs, &stats), COPSE_OK);
    CHECK_SEED(stats.live == 0, s->seed);
    CHECK_SEED(s->kinds[COPSE_JOB_SUBMITTED] == stats.submitted, s->seed);
    CHECK_SEED(s->kinds[COPSE_JOB_STARTED] == stats.started, s->seed);
    CHECK_SEED(s->kinds[COPSE_JOB_FINISHED] == stats.completed + stats.failed, s->seed);
    CHECK_SEED(s->kinds[COPSE_JOB_STOPPED] == stats.cancelled, s->seed);
    for (int i = 0; i < s->count; i++) {
        CHECK_SEED(s->players[i].ended == 1, s->seed);
        CHECK_SEED(s->players[i].dropped == 1, s->seed);
        CHECK_SEED(s->players[i].runs <= 1, s->seed);
    }
}

static copse_parcel *copy_log(copse_choices *choices)
{
    const void *bytes = NULL;
    size_t size = 0;
    copse_parcel *copy = NULL;
    assert_int_equal(copse_choices_log(choices, &bytes, &size), COPSE_OK);
    copse_parcel_builder *builder = copse_parcel_builder_new(NULL);
    copse_parcel_add_bytes(builder, bytes, size);
    assert_int_equal(copse_parcel_finish(builder, &copy), COPSE_OK);
    copse_parcel_builder_free(builder);
    return copy;
}

/* Ending makes decisions as well, so the log is whole behind it. */
static void close_show(show *s, copse_parcel **log)
{
    assert_int_equal(copse_jobs_free(s->jobs), COPSE_OK);
    CHECK_SEED(copse_pool_free(s->pool) == COPSE_OK, s->seed);
    assert_int_equal(copse_executor_free(s->executor), COPSE_OK);
    if (log != NULL)
        *log = copy_log(s->choices);
    copse_choices_free(s->choices);
    CHECK_SEED(s->fault.live_bytes == 0, s->seed);
}

typedef struct outcome {
    uint64_t events, decisions;
} outcome;

static show the_show;

static outcome play_show(uint64_t seed, const copse_choices_options *choices, copse_parcel **log)
{
    show *s = &the_show;
    open_show(s, seed, choices);
    for (int i = 0; i < 150; i++)
        do_something(s);
    bool is_left_as_it_is = cp_rng_below(&s->rng, 4) == 0; /* freed in the middle of the action */
    if (!is_left_as_it_is)
        finish_show(s);
    outcome result = {s->hash, copse_choices_hash(s->choices)};
    close_show(s, log);
    return result;
}

static uint64_t seed_count(void)
{
    return getenv("COPSE_TEST_FULL") != NULL ? 100000 : 1000;
}

static void the_same_seed_gives_the_same_events_and_every_job_ends_once(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= seed_count(); seed++) {
        copse_choices_options choices = {.mode = COPSE_CHOOSE_RANDOM, .seed = seed};
        outcome first = play_show(seed, &choices, NULL);
        outcome second = play_show(seed, &choices, NULL);
        CHECK_SEED(first.events == second.events, seed);
        CHECK_SEED(first.decisions == second.decisions, seed);
    }
}

static void a_recorded_run_of_jobs_replays_to_the_same_events(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        copse_parcel *log = NULL;
        copse_choices_options random = {
            .mode = COPSE_CHOOSE_RANDOM, .seed = seed, .is_recorded = true};
        outcome first = play_show(seed, &random, &log);
        size_t size = 0;
        const void *bytes = copse_cursor_bytes(copse_parcel_root(log), &size);
        copse_choices_options replay = {
            .mode = COPSE_CHOOSE_REPLAY, .log = bytes, .log_size = size};
        outcome second = play_show(seed, &replay, NULL);
        CHECK_SEED(first.events == second.events, seed);
        copse_parcel_free(log);
    }
}

/* ---- The pool itself ---- */

typedef struct stage {
    copse_executor *executor;
    copse_pool *pool;
    copse_jobs *jobs;
} stage;

static stage open_stage(const copse_pool_options *pool, copse_choices *choices)
{
    stage s = {NULL, NULL, NULL};
    copse_det_options det = {.choices = choices};
    assert_int_equal(copse_executor_new_det(&det, &s.executor), COPSE_OK);
    copse_twin_options twin = {.executor = s.executor, .choices = choices, .run_ns = 10 * ms};
    assert_int_equal(copse_pool_new_twin(pool, &twin, &s.pool), COPSE_OK);
    copse_jobs_options jobs = {.pool = s.pool, .executor = s.executor};
    assert_int_equal(copse_jobs_new(&jobs, &s.jobs), COPSE_OK);
    return s;
}

static void close_stage(stage *s)
{
    assert_int_equal(copse_jobs_free(s->jobs), COPSE_OK);
    assert_int_equal(copse_pool_free(s->pool), COPSE_OK);
    assert_int_equal(copse_executor_free(s->executor), COPSE_OK);
}

static copse_job_end count_run(copse_job *self, void *context, const copse_parcel *input)
{
    (void)input;
    ++*(int *)context;
    return copse_job_done(self, NULL);
}

static void workers_share_the_time_as_threads_would(void **state)
{
    (void)state;
    for (uint32_t workers = 1; workers <= 4; workers++) {
        stage s = open_stage(&(copse_pool_options){.workers = workers}, NULL);
        int runs = 0;
        copse_job_options job = {.run = count_run, .context = &runs};
        for (int i = 0; i < 12; i++)
            assert_int_equal(copse_job_submit(s.jobs, &job, NULL), COPSE_OK);
        assert_int_equal(copse_executor_run_all(s.executor), COPSE_OK);
        assert_int_equal(runs, 12);
        assert_int_equal(copse_clock_now(copse_executor_clock(s.executor)), 120 / workers * ms);
        close_stage(&s);
    }
}

static void run_times_are_drawn_between_one_and_eight_times_the_base(void **state)
{
    (void)state;
    copse_choices *choices = NULL;
    copse_choices_options random = {.mode = COPSE_CHOOSE_RANDOM, .seed = 3};
    assert_int_equal(copse_choices_new(&random, &choices), COPSE_OK);
    stage s = open_stage(&(copse_pool_options){.workers = 1}, choices);
    int runs = 0;
    copse_job_options job = {.run = count_run, .context = &runs};
    for (int i = 0; i < 200; i++)
        assert_int_equal(copse_job_submit(s.jobs, &job, NULL), COPSE_OK);
    assert_int_equal(copse_executor_run_all(s.executor), COPSE_OK);
    copse_jobs_stats stats;
    assert_int_equal(copse_jobs_stats_snapshot(s.jobs, &stats), COPSE_OK);
    assert_int_equal(stats.run_ns.max_ns, 80 * ms);
    int64_t mean_ns = stats.run_ns.total_ns / 200;
    assert_true(mean_ns > 30 * ms && mean_ns < 60 * ms);
    close_stage(&s);
    copse_choices_free(choices);
}

static void background_work_runs_within_the_bound_among_urgent_work(void **state)
{
    (void)state;
    stage s = open_stage(&(copse_pool_options){.workers = 1, .max_wait_ns = 100 * ms}, NULL);
    int urgent = 0, low = 0;
    copse_job_options flood = {.run = count_run, .context = &urgent, .priority = -2};
    copse_job_options background = {.run = count_run, .context = &low, .priority = 2};
    assert_int_equal(copse_job_submit(s.jobs, &flood, NULL), COPSE_OK);
    assert_int_equal(copse_job_submit(s.jobs, &background, NULL), COPSE_OK);
    int64_t now_ns = 0;
    while (low == 0) {
        assert_int_equal(copse_job_submit(s.jobs, &flood, NULL), COPSE_OK);
        assert_int_equal(copse_executor_run_to(s.executor, now_ns), COPSE_OK);
        assert_true(now_ns <= 140 * ms);
        now_ns += 10 * ms;
    }
    assert_true(urgent >= 10);
    close_stage(&s);
}

static void a_drained_twin_has_run_all_and_an_abandoned_one_nothing_more(void **state)
{
    (void)state;
    for (int how = 0; how < 2; how++) {
        stage s = open_stage(&(copse_pool_options){.workers = 2}, NULL);
        int runs = 0;
        copse_job_options job = {.run = count_run, .context = &runs};
        for (int i = 0; i < 10; i++)
            assert_int_equal(copse_job_submit(s.jobs, &job, NULL), COPSE_OK);
        assert_int_equal(copse_executor_run_to(s.executor, 15 * ms), COPSE_OK);
        assert_int_equal(runs, 2);
        assert_int_equal(copse_pool_shutdown(s.pool, (copse_shutdown)how), COPSE_OK);
        assert_int_equal(runs, how == COPSE_SHUTDOWN_DRAIN ? 10 : 2);
        assert_int_equal(copse_job_submit(s.jobs, &job, NULL), COPSE_ESHUTDOWN);
        assert_int_equal(copse_jobs_poll(s.jobs, NULL), COPSE_OK);
        copse_jobs_stats stats;
        assert_int_equal(copse_jobs_stats_snapshot(s.jobs, &stats), COPSE_OK);
        assert_int_equal(stats.live, 0);
        assert_int_equal(stats.cancelled, how == COPSE_SHUTDOWN_DRAIN ? 0 : 8);
        close_stage(&s);
    }
}

static void a_twin_whose_executor_refuses_is_freed_after_it(void **state)
{
    (void)state;
    stage s = open_stage(&(copse_pool_options){.workers = 2}, NULL);
    int runs = 0;
    copse_job_options job = {.run = count_run, .context = &runs};
    assert_int_equal(copse_job_submit(s.jobs, &job, NULL), COPSE_OK);
    assert_int_equal(copse_executor_run_to(s.executor, 5 * ms), COPSE_OK);
    assert_int_equal(copse_jobs_free(s.jobs), COPSE_OK);
    assert_int_equal(copse_executor_pause(s.executor), COPSE_OK);
    assert_int_equal(copse_pool_free(s.pool), COPSE_EPAUSED);
    assert_int_equal(copse_executor_free(s.executor), COPSE_OK);
    assert_int_equal(copse_pool_free(s.pool), COPSE_OK);
    assert_int_equal(runs, 0);
}

static void an_executor_without_jobs_has_no_worker_tasks(void **state)
{
    (void)state;
    stage s = open_stage(&(copse_pool_options){.workers = 3}, NULL);
    int runs = 0;
    copse_job_options job = {.run = count_run, .context = &runs};
    copse_executor_stats stats;
    assert_int_equal(copse_job_submit(s.jobs, &job, NULL), COPSE_OK);
    assert_int_equal(copse_executor_stats_read(s.executor, &stats), COPSE_OK);
    assert_int_equal(stats.live, 1);
    assert_int_equal(copse_executor_run_all(s.executor), COPSE_OK);
    assert_int_equal(copse_executor_stats_read(s.executor, &stats), COPSE_OK);
    assert_int_equal(stats.live, 0);
    close_stage(&s);
}

CP_TEST_MAIN(cmocka_unit_test(the_same_seed_gives_the_same_events_and_every_job_ends_once),
             cmocka_unit_test(a_recorded_run_of_jobs_replays_to_the_same_events),
             cmocka_unit_test(workers_share_the_time_as_threads_would),
             cmocka_unit_test(run_times_are_drawn_between_one_and_eight_times_the_base),
             cmocka_unit_test(background_work_runs_within_the_bound_among_urgent_work),
             cmocka_unit_test(a_drained_twin_has_run_all_and_an_abandoned_one_nothing_more),
             cmocka_unit_test(a_twin_whose_executor_refuses_is_freed_after_it),
             cmocka_unit_test(an_executor_without_jobs_has_no_worker_tasks))
