#include "tests/check.h"

#include "sched/choice.h"
#include "sched/jobs.h"
#include "tests/fault.h"
#include "tests/sched/manual_pool.h"

/* Two workers and the owner of a table, moved step by step in every order: submit, start, finish,
 * cancel, timeout, forget, consume. The owner may also move while a job function runs. */
enum { job_count = 2, deadline_ns = 100 };

typedef enum deed { DO_CANCEL, DO_FORGET, DO_EXPIRE, DO_POLL, DO_CONSUME, DEED_COUNT } deed;

typedef struct world {
    manual_pool pool;
    cp_fault fault;
    copse_choices *choices;
    copse_jobs *jobs;
    copse_job_handle handles[job_count];
    int runs[job_count], ended[job_count], dropped[job_count], consumed[job_count];
    bool was_stopped_queued[job_count]; /* asked to stop before a worker started it */
    copse_job_state end_state[job_count];
    int deeds_left;
    cp_work *claimed[2];
    bool is_started[2];
    bool is_in_function;
} world;

typedef struct role {
    world *w;
    int index;
} role;

static role roles[job_count];

static uint32_t choose(world *w, uint32_t count)
{
    return cp_choose(w->choices, count, CP_CHOICE_TEST, NULL, NULL);
}

static copse_job_state state_of(world *w, int index)
{
    copse_job_info info;
    if (copse_job_get_info(w->jobs, w->handles[index], &info) != COPSE_OK)
        return COPSE_JOB_UNKNOWN;
    return info.state;
}

static void note_queued_stop(world *w, int index)
{
    if (state_of(w, index) == COPSE_JOB_QUEUED)
        w->was_stopped_queued[index] = true;
}

static void consume(world *w, int index)
{
    copse_job_result result;
    copse_status status = copse_job_try_get_result(w->jobs, w->handles[index], &result);
    if (status != COPSE_OK)
        return;
    assert_int_equal(w->ended[index], 1);
    assert_int_equal(result.state, w->end_state[index]);
    w->consumed[index]++;
    copse_parcel_free(result.parcel);
}

static void act_as_owner(world *w)
{
    w->deeds_left--;
    copse_status status = COPSE_OK;
    switch ((deed)choose(w, DEED_COUNT)) {
    case DO_CANCEL:
        note_queued_stop(w, 0);
        status = copse_job_cancel(w->jobs, w->handles[0]);
        break;
    case DO_FORGET:
        note_queued_stop(w, 0);
        status = copse_job_forget(w->jobs, w->handles[0]);
        break;
    case DO_EXPIRE:
        for (int i = 0; i < job_count; i++)
            note_queued_stop(w, i);
        if (cp_clock_now(w->pool.clock) < deadline_ns)
            status = copse_clock_advance(w->pool.clock, deadline_ns);
        assert_int_equal(status, COPSE_OK);
        status = copse_jobs_poll(w->jobs, NULL);
        break;
    case DO_POLL:
        status = copse_jobs_poll(w->jobs, NULL);
        break;
    case DO_CONSUME:
        consume(w, 0);
        break;
    case DEED_COUNT:
        break;
    }
    (void)status; /* of a job that has ended or is unknown by now: its own tests say which */
}

static copse_job_end work(copse_job *self, void *context, const copse_parcel *input)
{
    role *r = context;
    (void)input;
    r->w->runs[r->index]++;
    r->w->is_in_function = true;
    while (r->w->deeds_left > 0 && choose(r->w, 2) == 1)
        act_as_owner(r->w);
    r->w->is_in_function = false;
    return copse_job_should_stop(self) ? copse_job_fail_text(self, "stopped")
                                       : copse_job_done(self, NULL);
}

static void note_end(void *context, copse_job_handle job, copse_job_state state)
{
    role *r = context;
    assert_int_equal(job.bits, r->w->handles[r->index].bits);
    r->w->ended[r->index]++;
    r->w->end_state[r->index] = state;
}

static void note_drop(void *context)
{
    role *r = context;
    r->w->dropped[r->index]++;
}

static void open_world(world *w, copse_choices *choices)
{
    memset(w, 0, sizeof *w);
    cp_fault_init(&w->fault, 0);
    w->choices = choices;
    w->deeds_left = 3;
    manual_open(&w->pool, 2, 0);
    copse_jobs_options table = {.allocator = &w->fault.allocator, .pool = &w->pool.base};
    assert_int_equal(copse_jobs_new(&table, &w->jobs), COPSE_OK);
    for (int i = 0; i < job_count; i++) {
        roles[i] = (role){w, i};
        copse_job_options options = {.run = work,
                                     .context = &roles[i],
                                     .ended = note_end,
                                     .drop = note_drop,
                                     .deadline_ns = deadline_ns};
        assert_int_equal(copse_job_submit(w->jobs, &options, &w->handles[i]), COPSE_OK);
    }
}

/* Claim, then start, then run: so that the owner can move between each two. */
static void step_worker(world *w, int index)
{
    cp_worker *worker = &w->pool.workers[index];
    cp_work *claimed = w->claimed[index];
    worker->now_ns = cp_clock_now(w->pool.clock);
    if (claimed == NULL) {
        w->claimed[index] = cp_worker_pick(worker);
        return;
    }
    if (!w->is_started[index]) {
        w->is_started[index] = claimed->class->start(claimed, worker);
        if (!w->is_started[index])
            w->claimed[index] = NULL;
    } else {
        claimed->class->run(claimed, worker);
        w->is_started[index] = false;
        w->claimed[index] = NULL;
    }
    cp_worker_set_phase(worker, CP_WORKER_WORKING);
}

static bool can_step(const world *w, int index)
{
    if (w->claimed[index] != NULL || w->pool.base.tiers.count > 0)
        return true;
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < CP_BATCH; k++)
            if (atomic_load(&w->pool.workers[i].batch[k]) != NULL)
                return true;
    return false;
}

static void check_end(world *w)
{
    copse_jobs_stats stats;
    assert_int_equal(copse_jobs_poll(w->jobs, NULL), COPSE_OK);
    assert_int_equal(copse_jobs_stats_snapshot(w->jobs, &stats), COPSE_OK);
    assert_int_equal(stats.submitted, job_count);
    assert_int_equal(stats.completed + stats.failed + stats.cancelled, job_count);
    assert_int_equal(stats.live, 0);
    for (int i = 0; i < job_count; i++) {
        assert_int_equal(w->ended[i], 1);
        assert_int_equal(w->dropped[i], 1);
        assert_true(w->runs[i] <= 1);
        assert_true(w->consumed[i] <= 1);
        if (w->end_state[i] == COPSE_JOB_DONE)
            assert_int_equal(w->runs[i], 1);
        if (w->was_stopped_queued[i])
            assert_int_equal(w->end_state[i], COPSE_JOB_CANCELLED);
    }
    assert_int_equal(copse_jobs_free(w->jobs), COPSE_OK);
    manual_close(&w->pool);
    assert_int_equal(w->fault.live_bytes, 0);
}

static void run_schedule(copse_choices *choices)
{
    world w;
    open_world(&w, choices);
    for (;;) {
        int able[3];
        uint32_t count = 0;
        for (int i = 0; i < 2; i++)
            if (can_step(&w, i))
                able[count++] = i;
        if (w.deeds_left > 0)
            able[count++] = 2;
        if (count == 0)
            break;
        int chosen = able[choose(&w, count)];
        if (chosen == 2)
            act_as_owner(&w);
        else
            step_worker(&w, chosen);
    }
    check_end(&w);
}

static void in_every_order_of_steps_a_job_ends_once_and_stopped_in_time_never_runs(void **state)
{
    (void)state;
    bool is_full = getenv("COPSE_TEST_FULL") != NULL;
    copse_choices *choices = NULL;
    copse_choices_options options = {.mode = COPSE_CHOOSE_EXHAUSTIVE, .depth = is_full ? 13 : 10};
    uint64_t schedules = 0;
    assert_int_equal(copse_choices_new(&options, &choices), COPSE_OK);
    do {
        run_schedule(choices);
        schedules++;
    } while (copse_choices_next(choices));
    copse_choices_free(choices);
    print_message("# %llu schedules\n", (unsigned long long)schedules);
    assert_true(schedules > 10000);
}

static void in_random_orders_as_well(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20000; seed++) {
        copse_choices *choices = NULL;
        copse_choices_options options = {.mode = COPSE_CHOOSE_RANDOM, .seed = seed};
        assert_int_equal(copse_choices_new(&options, &choices), COPSE_OK);
        run_schedule(choices);
        copse_choices_free(choices);
    }
}

/* ---- One step at a time ---- */

static copse_job_end take_long(copse_job *self, void *context, const copse_parcel *input)
{
    (void)input;
    assert_int_equal(copse_clock_advance(context, deadline_ns), COPSE_OK);
    return copse_job_done(self, NULL);
}

static void a_result_behind_the_deadline_is_dropped_though_nobody_looked(void **state)
{
    (void)state;
    manual_pool pool;
    copse_jobs *jobs = NULL;
    copse_job_handle handle;
    copse_job_result result;
    copse_jobs_stats stats;
    manual_open(&pool, 1, 0);
    assert_int_equal(copse_jobs_new(&(copse_jobs_options){.pool = &pool.base}, &jobs), COPSE_OK);
    copse_job_options options = {
        .run = take_long, .context = pool.clock, .deadline_ns = deadline_ns};
    assert_int_equal(copse_job_submit(jobs, &options, &handle), COPSE_OK);
    cp_worker_execute(&pool.workers[0], cp_worker_pick(&pool.workers[0]));
    assert_int_equal(copse_jobs_poll(jobs, NULL), COPSE_OK);
    assert_int_equal(copse_jobs_stats_snapshot(jobs, &stats), COPSE_OK);
    assert_int_equal(stats.late_dropped, 1);
    assert_int_equal(copse_job_try_get_result(jobs, handle, &result), COPSE_OK);
    assert_int_equal(result.state, COPSE_JOB_CANCELLED);
    assert_int_equal(result.reason, COPSE_STOP_TIMEOUT);
    assert_int_equal(copse_jobs_free(jobs), COPSE_OK);
    manual_close(&pool);
}

static copse_job_end do_nothing(copse_job *self, void *context, const copse_parcel *input)
{
    (void)context;
    (void)input;
    return copse_job_done(self, NULL);
}

static void a_worker_says_that_it_posts_while_it_tells_the_owner_once_a_burst(void **state)
{
    (void)state;
    manual_pool pool;
    copse_jobs *jobs = NULL;
    manual_open(&pool, 2, 0);
    cp_worker *outside = cp_worker_enter(&pool.workers[1]); /* the owner is the other worker */
    assert_int_equal(copse_jobs_new(&(copse_jobs_options){.pool = &pool.base}, &jobs), COPSE_OK);
    cp_worker_enter(outside);
    copse_job_options options = {.run = do_nothing};
    for (int i = 0; i < 3; i++)
        assert_int_equal(copse_job_submit(jobs, &options, NULL), COPSE_OK);
    for (int i = 0; i < 3; i++)
        cp_worker_execute(&pool.workers[0], cp_worker_pick(&pool.workers[0]));
    assert_int_equal(pool.kicked, 1);
    assert_int_equal(pool.phase_at_kick, CP_WORKER_POSTING);
    assert_int_equal(atomic_load(&pool.workers[0].phase), CP_WORKER_WORKING);
    assert_int_equal(copse_jobs_free(jobs), COPSE_OK);
    manual_close(&pool);
}

CP_TEST_MAIN(
    cmocka_unit_test(a_result_behind_the_deadline_is_dropped_though_nobody_looked),
    cmocka_unit_test(a_worker_says_that_it_posts_while_it_tells_the_owner_once_a_burst),
    cmocka_unit_test(in_every_order_of_steps_a_job_ends_once_and_stopped_in_time_never_runs),
    cmocka_unit_test(in_random_orders_as_well))
