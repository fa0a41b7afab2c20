#include "tests/check.h"

#include <pthread.h>
#include <time.h>

#include "sched/loop.h"
#include "sched/rng.h"
#include "tests/fault.h"

enum { ms = 1000000 };

static copse_executor *new_loop(copse_clock *clock)
{
    copse_executor *loop = NULL;
    copse_loop_options options = {.clock = clock};
    assert_int_equal(copse_executor_new_loop(&options, &loop), COPSE_OK);
    return loop;
}

static copse_executor *new_det(copse_clock *clock)
{
    copse_executor *det = NULL;
    copse_det_options options = {.clock = clock};
    assert_int_equal(copse_executor_new_det(&options, &det), COPSE_OK);
    return det;
}

static copse_task_handle schedule(copse_executor *loop, copse_resume_fn *resume, void *context)
{
    copse_task_handle handle;
    copse_task_options options = {.resume = resume, .context = context};
    assert_int_equal(copse_executor_schedule(loop, &options, &handle), COPSE_OK);
    return handle;
}

/* ---- The same as the deterministic executor, first come, first served ---- */

enum { performers = 12, notes_size = 4000 };

typedef struct stage {
    copse_executor *executor;
    copse_task_handle handles[performers];
    uint64_t notes[notes_size];
    int count;
} stage;

typedef struct performer {
    stage *on;
    int number;
    int left;
    cp_rng rng;
} performer;

/* Yields, sleeps, wakes and joins at random, and notes who is resumed when and why. */
static copse_outcome perform(copse_task *self, void *context, copse_why why)
{
    performer *p = context;
    stage *s = p->on;
    int64_t now_ns = copse_clock_now(copse_executor_clock(s->executor));
    copse_task_handle other = s->handles[cp_rng_below(&p->rng, performers)];
    assert_true(s->count < notes_size);
    s->notes[s->count++] = (uint64_t)now_ns << 16 | (uint64_t)p->number << 8 | why;
    if (p->left-- == 0 || why == COPSE_WHY_CANCELLED)
        return copse_task_done(self, p->number % 3);
    switch (cp_rng_below(&p->rng, 6)) {
    case 0:
        (void)!copse_executor_wake(s->executor, other);
        return copse_task_yield(self);
    case 1:
        return copse_task_sleep_until(self, now_ns + (int64_t)cp_rng_below(&p->rng, 9));
    case 2:
        return copse_task_join(self, other, now_ns + 20);
    case 3:
        if (cp_rng_below(&p->rng, 10) == 0)
            (void)!copse_executor_cancel(s->executor, other, true);
        return copse_task_yield(self);
    case 4:
        return copse_task_block(self, (copse_block){.kind = COPSE_BLOCK_CUSTOM}, now_ns + 5);
    default:
        return COPSE_READY;
    }
}

static void play(stage *s, copse_executor *executor, uint64_t seed)
{
    performer all[performers];
    s->executor = executor;
    s->count = 0;
    for (int i = 0; i < performers; i++) {
        all[i] = (performer){s, i, 40, cp_rng_make(seed * 100 + (uint64_t)i)};
        s->handles[i] = schedule(executor, perform, &all[i]);
    }
    assert_int_equal(copse_executor_run_to(executor, 30), COPSE_OK);
    assert_int_equal(copse_executor_run_all(executor), COPSE_OK);
    assert_int_equal(copse_executor_free(executor), COPSE_OK);
}

static void a_loop_does_what_the_deterministic_executor_does_in_fifo(void **state)
{
    (void)state;
    static stage on_loop, on_det;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        copse_clock *clocks[2] = {copse_clock_new_virtual(NULL, 0),
                                  copse_clock_new_virtual(NULL, 0)};
        play(&on_loop, new_loop(clocks[0]), seed);
        play(&on_det, new_det(clocks[1]), seed);
        CHECK_SEED(on_loop.count == on_det.count, seed);
        for (int i = 0; i < on_loop.count; i++)
            CHECK_SEED(on_loop.notes[i] == on_det.notes[i], seed);
        copse_clock_free(clocks[0]);
        copse_clock_free(clocks[1]);
    }
}

/* ---- Real time ---- */

static copse_outcome sleep_once(copse_task *self, void *context, copse_why why)
{
    int64_t *until_ns = context;
    if (why == COPSE_WHY_FIRST)
        return copse_task_sleep_until(self, *until_ns);
    assert_int_equal(why, COPSE_WHY_DUE);
    return copse_task_done(self, 7);
}

static void a_sleep_in_real_time_is_never_short(void **state)
{
    (void)state;
    copse_executor *loop = new_loop(NULL);
    copse_clock *clock = copse_executor_clock(loop);
    for (int i = 0; i < 20; i++) {
        int64_t until_ns = copse_clock_now(clock) + i * 50000;
        int code = 0;
        copse_task_handle task = schedule(loop, sleep_once, &until_ns);
        assert_int_equal(copse_executor_wait(loop, task, COPSE_NEVER, &code), COPSE_OK);
        assert_int_equal(code, 7);
        assert_true(copse_clock_now(clock) >= until_ns);
    }
    assert_int_equal(copse_executor_free(loop), COPSE_OK);
}

static int64_t thread_cpu_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

typedef struct ringer {
    copse_executor *loop;
    copse_task_handle task;
    int rounds;
} ringer;

/* Burns processor time between two wakes, so that the loop has long nothing to do. */
static void *ring(void *context)
{
    ringer *r = context;
    for (int i = 0; i < r->rounds; i++) {
        int64_t end_ns = thread_cpu_ns() + 2 * ms;
        while (thread_cpu_ns() < end_ns)
            ;
        copse_executor_post_wake(r->loop, r->task);
    }
    copse_executor_external_end(r->loop);
    return NULL;
}

static copse_outcome block_until_woken(copse_task *self, void *context, copse_why why)
{
    int *wakes = context;
    if (why == COPSE_WHY_WOKEN)
        --*wakes;
    if (*wakes == 0)
        return copse_task_done(self, 0);
    return copse_task_block(self, (copse_block){.kind = COPSE_BLOCK_CUSTOM}, COPSE_NEVER);
}

static void a_loop_sleeps_until_another_thread_wakes_a_task(void **state)
{
    (void)state;
    copse_executor *loop = new_loop(NULL);
    int wakes = 20;
    pthread_t thread;
    ringer r = {loop, schedule(loop, block_until_woken, &wakes), wakes};
    copse_executor_external_begin(loop);
    int64_t before_ns = thread_cpu_ns();
    assert_int_equal(pthread_create(&thread, NULL, ring, &r), 0);
    copse_status status = copse_executor_wait(loop, r.task, COPSE_NEVER, NULL);
    /* Two wakes may have come as one: then there are too few, and that is told. */
    assert_true(status == COPSE_OK || status == COPSE_EDEADLOCK);
    assert_true(thread_cpu_ns() - before_ns < 10 * ms); /* the other thread burnt 40 */
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(copse_executor_free(loop), COPSE_OK);
}

/* ---- Refusals ---- */

static bool is_never(void *context)
{
    (void)context;
    return false;
}

static copse_outcome block_for_ever(copse_task *self, void *context, copse_why why)
{
    (void)context;
    if (why == COPSE_WHY_CANCELLED)
        return copse_task_done(self, 0);
    return copse_task_block(self, (copse_block){.kind = COPSE_BLOCK_RECEIVE}, COPSE_NEVER);
}

typedef struct refusals {
    copse_executor *loop;
    copse_status free, depth;
    int deep;
} refusals;

static copse_outcome wait_deeper(copse_task *self, void *context, copse_why why)
{
    refusals *r = context;
    (void)why;
    r->free = copse_executor_free(r->loop);
    r->deep++;
    copse_task_handle below = schedule(r->loop, wait_deeper, r);
    copse_status status = copse_executor_wait(r->loop, below, COPSE_NEVER, NULL);
    if (status == COPSE_EDEPTH) {
        r->depth = status;
        (void)!copse_executor_cancel(r->loop, below, false);
    }
    return copse_task_done(self, 0);
}

static void waits_that_can_not_end_are_refused_with_their_reason(void **state)
{
    (void)state;
    copse_clock *clock = copse_clock_new_driven(NULL, 0);
    copse_executor *loop = new_loop(clock);
    copse_task_handle task = schedule(loop, block_for_ever, NULL);
    assert_int_equal(copse_executor_wait(loop, task, COPSE_NEVER, NULL), COPSE_EDEADLOCK);
    assert_int_equal(copse_executor_step(loop), COPSE_EDEADLOCK);
    assert_int_equal(copse_executor_wait(loop, task, 50, NULL), COPSE_EIDLE);
    assert_int_equal(copse_executor_run_until(loop, is_never, NULL, 50), COPSE_EIDLE);
    assert_int_equal(copse_clock_drive(clock, 50), COPSE_OK);
    assert_int_equal(copse_executor_wait(loop, task, 50, NULL), COPSE_ETIMEOUT);
    assert_int_equal(copse_executor_pause(loop), COPSE_OK);
    assert_int_equal(copse_executor_wait(loop, task, COPSE_NEVER, NULL), COPSE_EPAUSED);
    assert_int_equal(copse_executor_resume(loop), COPSE_OK);
    assert_int_equal(copse_executor_cancel(loop, task, false), COPSE_OK);
    assert_int_equal(copse_executor_run_all(loop), COPSE_OK);
    assert_int_equal(copse_executor_wait(loop, task, COPSE_NEVER, NULL), COPSE_EUNKNOWN);
    assert_int_equal(copse_executor_free(loop), COPSE_OK);
    copse_clock_free(clock);
}

static void waits_nest_64_deep_and_not_deeper(void **state)
{
    (void)state;
    refusals r = {.loop = new_loop(NULL)};
    copse_task_handle task = schedule(r.loop, wait_deeper, &r);
    assert_int_equal(copse_executor_wait(r.loop, task, COPSE_NEVER, NULL), COPSE_OK);
    assert_int_equal(r.depth, COPSE_EDEPTH);
    assert_int_equal(r.free, COPSE_EBUSY_OWNER);
    assert_int_equal(r.deep, 64);
    assert_int_equal(copse_executor_free(r.loop), COPSE_OK);
}

static void *run_elsewhere(void *context)
{
    static copse_status status;
    status = copse_executor_run_all(context);
    return &status;
}

static void another_thread_can_not_drive_it(void **state)
{
    (void)state;
#ifndef COPSE_CHECKED_ABORT
    copse_executor *loop = new_loop(NULL);
    pthread_t thread;
    void *status = NULL;
    assert_int_equal(pthread_create(&thread, NULL, run_elsewhere, loop), 0);
    assert_int_equal(pthread_join(thread, &status), 0);
    assert_int_equal(*(copse_status *)status, COPSE_ETHREAD);
    assert_int_equal(copse_executor_free(loop), COPSE_OK);
#else
    (void)run_elsewhere;
#endif
}

static void a_limit_on_tasks_refuses_and_counts(void **state)
{
    (void)state;
    copse_executor *loop = NULL;
    copse_loop_options options = {.task_limit = 1, .measures_runs = true};
    assert_int_equal(copse_executor_new_loop(&options, &loop), COPSE_OK);
    copse_task_options task = {.resume = block_for_ever};
    copse_executor_stats stats;
    assert_int_equal(copse_executor_schedule(loop, &task, NULL), COPSE_OK);
    assert_int_equal(copse_executor_schedule(loop, &task, NULL), COPSE_EFULL);
    assert_int_equal(copse_executor_step(loop), COPSE_OK);
    assert_int_equal(copse_executor_stats_read(loop, &stats), COPSE_OK);
    assert_int_equal(stats.refused, 1);
    assert_int_equal(stats.run_ns.count, 1);
    assert_int_equal(copse_executor_free(loop), COPSE_OK);
}

static void any_refused_allocation_leaves_nothing_behind(void **state)
{
    (void)state;
    for (uint64_t n = 1;; n++) {
        cp_fault fault;
        cp_fault_init(&fault, n);
        copse_executor *loop = NULL;
        copse_loop_options options = {.allocator = &fault.allocator};
        copse_status status = copse_executor_new_loop(&options, &loop);
        copse_task_options task = {.resume = block_for_ever};
        for (int i = 0; i < 200 && status == COPSE_OK; i++)
            status = copse_executor_schedule(loop, &task, NULL);
        assert_int_equal(status, fault.refused == 0 ? COPSE_OK : COPSE_ENOMEM);
        assert_int_equal(copse_executor_free(loop), COPSE_OK);
        assert_int_equal(fault.live_bytes, 0);
        if (fault.refused == 0)
            return;
    }
}

CP_TEST_MAIN(cmocka_unit_test(a_loop_does_what_the_deterministic_executor_does_in_fifo),
             cmocka_unit_test(a_sleep_in_real_time_is_never_short),
             cmocka_unit_test(a_loop_sleeps_until_another_thread_wakes_a_task),
             cmocka_unit_test(waits_that_can_not_end_are_refused_with_their_reason),
             cmocka_unit_test(waits_nest_64_deep_and_not_deeper),
             cmocka_unit_test(another_thread_can_not_drive_it),
             cmocka_unit_test(a_limit_on_tasks_refuses_and_counts),
             cmocka_unit_test(any_refused_allocation_leaves_nothing_behind))
