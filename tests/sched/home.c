#include "tests/check.h"

#include <pthread.h>

#include "sched/compiler.h"
#include "sched/executor.h"
#include "tests/fault.h"

/* Actors follow a script, one letter a resume:
 *   y yield   b block   s sleep 100 ns   j join the target   d done   f fail   . as before */
typedef struct test_actor {
    const char *script;
    copse_executor *executor;
    copse_task_handle handle;
    copse_task_handle target;
    int at;
    int drops;
    copse_why last_why;
    int heard_code;
    int64_t last_ns;
} test_actor;

static char journal[256]; /* the names of actors in the order of their ends */

static copse_outcome act(copse_task *self, void *context, copse_why why)
{
    test_actor *own = context;
    int64_t now_ns = copse_clock_now(copse_executor_clock(own->executor));
    own->last_why = why;
    own->last_ns = now_ns;
    own->heard_code = copse_task_joined_code(self);
    switch (own->script[own->at++]) {
    case 'y':
        return copse_task_yield(self);
    case 'b':
        return copse_task_block(self, (copse_block){.kind = COPSE_BLOCK_RECEIVE}, COPSE_NEVER);
    case 's':
        return copse_task_sleep_until(self, now_ns + 100);
    case 'j':
        return copse_task_join(self, own->target, COPSE_NEVER);
    case 'f':
        return copse_task_done(self, 5);
    default:
        return copse_task_done(self, 0);
    }
}

static void drop_actor(void *context)
{
    test_actor *own = context;
    own->drops++;
    size_t length = strlen(journal);
    if (length + 1 < sizeof journal) {
        journal[length] = own->script[0];
        journal[length + 1] = '\0';
    }
}

static copse_executor *new_executor(copse_det_options options)
{
    copse_executor *executor = NULL;
    journal[0] = '\0';
    assert_int_equal(copse_executor_new_det(&options, &executor), COPSE_OK);
    return executor;
}

static void start(copse_executor *executor, test_actor *actor)
{
    copse_task_options options = {.resume = act, .drop = drop_actor, .context = actor};
    actor->executor = executor;
    assert_int_equal(copse_executor_schedule(executor, &options, &actor->handle), COPSE_OK);
}

static copse_executor_stats stats_of(copse_executor *executor)
{
    copse_executor_stats stats;
    assert_int_equal(copse_executor_stats_read(executor, &stats), COPSE_OK);
    assert_true(cp_stats_balance(&stats));
    return stats;
}

static void end(copse_executor *executor)
{
    (void)stats_of(executor);
    assert_int_equal(copse_executor_free(executor), COPSE_OK);
}

static void a_wake_queues_a_blocked_task(void **state)
{
    (void)state;
    copse_executor *executor = new_executor((copse_det_options){0});
    test_actor a = {.script = "bd"};
    start(executor, &a);
    assert_int_equal(copse_executor_step(executor), COPSE_OK);
    assert_int_equal(stats_of(executor).blocked, 1);
    assert_int_equal(copse_executor_wake(executor, a.handle), COPSE_OK);
    assert_int_equal(copse_executor_wake(executor, a.handle), COPSE_OK);
    assert_int_equal(stats_of(executor).wakes, 1);
    assert_int_equal(copse_executor_run_all(executor), COPSE_OK);
    assert_int_equal(a.at, 2);
    assert_int_equal(a.last_why, COPSE_WHY_WOKEN);
    assert_int_equal(copse_executor_wake(executor, a.handle), COPSE_EUNKNOWN);
    end(executor);
}

static copse_outcome wake_self_and_block(copse_task *self, void *context, copse_why why)
{
    test_actor *own = context;
    own->last_why = why;
    if (own->at++ > 0)
        return copse_task_done(self, 0);
    assert_int_equal(copse_executor_wake(own->executor, copse_task_self(self)), COPSE_OK);
    assert_int_equal(copse_executor_wake(own->executor, copse_task_self(self)), COPSE_OK);
    return copse_task_block(self, (copse_block){.kind = COPSE_BLOCK_RECEIVE}, COPSE_NEVER);
}

static void a_wake_while_running_is_not_lost(void **state)
{
    (void)state;
    copse_executor *executor = new_executor((copse_det_options){0});
    test_actor a = {.script = "", .executor = executor};
    copse_task_options options = {.resume = wake_self_and_block, .context = &a};
    assert_int_equal(copse_executor_schedule(executor, &options, NULL), COPSE_OK);
    assert_int_equal(copse_executor_run_all(executor), COPSE_OK);
    assert_int_equal(a.at, 2);
    assert_int_equal(a.last_why, COPSE_WHY_WOKEN);
    end(executor);
}

static void a_blocked_task_can_be_given_another_deadline(void **state)
{
    (void)state;
    copse_executor *executor = new_executor((copse_det_options){0});
    test_actor a = {.script = "sd"}, b = {.script = "bd"}, c = {.script = "sbd"};
    start(executor, &a);
    assert_int_equal(copse_executor_wake_at(executor, a.handle, 5), COPSE_EINVAL);
    start(executor, &b);
    start(executor, &c);
    for (int i = 0; i < 3; i++)
        assert_int_equal(copse_executor_step(executor), COPSE_OK);
    assert_int_equal(copse_executor_wake_at(executor, a.handle, 700), COPSE_OK);
    assert_int_equal(copse_executor_wake_at(executor, b.handle, 30), COPSE_OK);
    assert_int_equal(copse_executor_wake_at(executor, c.handle, COPSE_NEVER), COPSE_OK);
    assert_int_equal(copse_executor_run_to(executor, 1000), COPSE_OK);
    assert_int_equal(a.last_ns, 700);
    assert_int_equal(b.last_ns, 30);
    assert_int_equal(c.at, 1);
    assert_int_equal(copse_executor_wake_at(executor, a.handle, 5), COPSE_EUNKNOWN);
    end(executor);
}

static void a_wake_before_the_deadline_forgets_the_deadline(void **state)
{
    (void)state;
    copse_executor *executor = new_executor((copse_det_options){0});
    test_actor a = {.script = "sbd"};
    start(executor, &a);
    assert_int_equal(copse_executor_step(executor), COPSE_OK);
    assert_int_equal(copse_executor_wake(executor, a.handle), COPSE_OK);
    assert_int_equal(copse_executor_run_to(executor, 1000), COPSE_OK);
    assert_int_equal(a.at, 2);
    assert_int_equal(stats_of(executor).deadlines, 0);
    end(executor);
}

static void a_deadline_in_the_past_is_a_yield(void **state)
{
    (void)state;
    copse_clock *clock = copse_clock_new_virtual(NULL, INT64_MIN);
    copse_executor *executor = new_executor((copse_det_options){.clock = clock});
    test_actor a = {.script = "sd"};
    start(executor, &a);
    assert_int_equal(copse_clock_advance(clock, 50), COPSE_OK);
    assert_int_equal(copse_executor_run_all(executor), COPSE_OK);
    assert_true(a.last_ns == INT64_MIN + 150);
    end(executor);
    copse_clock_free(clock);
}

static void a_task_cancelled_before_it_ran_never_runs(void **state)
{
    (void)state;
    copse_executor *executor = new_executor((copse_det_options){0});
    test_actor a = {.script = "d"};
    start(executor, &a);
    assert_int_equal(copse_executor_cancel(executor, a.handle, false), COPSE_OK);
    assert_int_equal(copse_executor_cancel(executor, a.handle, false), COPSE_ECANCELLED);
    assert_int_equal(copse_executor_run_all(executor), COPSE_OK);
    assert_int_equal(a.at, 0);
    assert_int_equal(a.drops, 1);
    assert_int_equal(stats_of(executor).cancelled, 1);
    assert_int_equal(copse_executor_cancel(executor, a.handle, false), COPSE_EUNKNOWN);
    end(executor);
}

static void a_cancelled_task_is_resumed_from_whatever_it_waits_for(void **state)
{
    (void)state;
    copse_executor *executor = new_executor((copse_det_options){0});
    test_actor blocked = {.script = "bd"}, asleep = {.script = "sd"}, joining = {.script = "jd"};
    test_actor queued = {.script = "yd"}, target = {.script = "bd"};
    test_actor *all[] = {&blocked, &asleep, &joining, &queued};
    start(executor, &target);
    joining.target = target.handle;
    for (size_t i = 0; i < CP_COUNT_OF(all); i++)
        start(executor, all[i]);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(copse_executor_step(executor), COPSE_OK);
    for (size_t i = 0; i < CP_COUNT_OF(all); i++)
        assert_int_equal(copse_executor_cancel(executor, all[i]->handle, false), COPSE_OK);
    assert_int_equal(copse_executor_run_to(executor, 0), COPSE_OK);
    for (size_t i = 0; i < CP_COUNT_OF(all); i++) {
        assert_int_equal(all[i]->last_why, COPSE_WHY_CANCELLED);
        assert_int_equal(all[i]->drops, 1);
    }
    assert_int_equal(stats_of(executor).cancelled, 4);
    assert_int_equal(target.drops, 0);
    end(executor);
}

static void the_request_to_end_is_told_once(void **state)
{
    (void)state;
    copse_executor *executor = new_executor((copse_det_options){0});
    test_actor a = {.script = "bybd"};
    start(executor, &a);
    assert_int_equal(copse_executor_step(executor), COPSE_OK);
    assert_int_equal(copse_executor_cancel(executor, a.handle, false), COPSE_OK);
    assert_int_equal(copse_executor_step(executor), COPSE_OK);
    assert_int_equal(a.last_why, COPSE_WHY_CANCELLED);
    assert_int_equal(copse_executor_step(executor), COPSE_OK);
    assert_int_equal(a.last_why, COPSE_WHY_CONTINUE);
    assert_int_equal(copse_executor_wake(executor, a.handle), COPSE_OK);
    assert_int_equal(copse_executor_step(executor), COPSE_OK);
    assert_int_equal(a.last_why, COPSE_WHY_WOKEN);
    assert_int_equal(a.drops, 1);
    assert_int_equal(stats_of(executor).cancelled, 1);
    end(executor);
}

static void a_cascade_reaches_all_who_wait_for_the_end(void **state)
{
    (void)state;
    enum { depth = 1000 };
    static test_actor chain[depth];
    copse_executor *executor = new_executor((copse_det_options){0});
    for (int i = 0; i < depth; i++) {
        chain[i] = (test_actor){.script = i == 0 ? "bd" : "jd"};
        if (i > 0)
            chain[i].target = chain[(i - 1) / 2].handle; /* two join each */
        start(executor, &chain[i]);
    }
    assert_int_equal(copse_executor_run_to(executor, 1), COPSE_OK);
    assert_int_equal(stats_of(executor).blocked, depth);
    assert_int_equal(copse_executor_cancel(executor, chain[1].handle, true), COPSE_OK);
    assert_int_equal(copse_executor_run_to(executor, 2), COPSE_OK);
    int ended = 0;
    for (int i = 0; i < depth; i++) {
        int ancestor = i;
        while (ancestor > 2)
            ancestor = (ancestor - 1) / 2;
        assert_int_equal(chain[i].drops, ancestor == 1);
        ended += chain[i].drops;
    }
    assert_int_equal(stats_of(executor).cancelled, ended);
    end(executor);
}

static void a_cascade_around_a_circle_of_joins_ends(void **state)
{
    (void)state;
    copse_executor *executor = new_executor((copse_det_options){0});
    test_actor a = {.script = "jd"}, b = {.script = "jd"};
    start(executor, &a);
    start(executor, &b);
    a.target = b.handle;
    b.target = a.handle;
    assert_int_equal(copse_executor_run_all(executor), COPSE_EDEADLOCK);
    assert_int_equal(copse_executor_cancel(executor, a.handle, true), COPSE_OK);
    assert_int_equal(copse_executor_run_all(executor), COPSE_OK);
    assert_int_equal(stats_of(executor).cancelled, 2);
    end(executor);
}

static void those_who_join_are_woken_in_the_order_in_which_they_came(void **state)
{
    (void)state;
    copse_executor *executor = new_executor((copse_det_options){0});
    test_actor target = {.script = "bf"};
    test_actor joiners[5];
    start(executor, &target);
    for (int i = 0; i < 5; i++) {
        joiners[i] = (test_actor){.script = "jd", .target = target.handle};
        start(executor, &joiners[i]);
    }
    assert_int_equal(copse_executor_run_to(executor, 0), COPSE_OK);
    assert_int_equal(copse_executor_cancel(executor, joiners[2].handle, false), COPSE_OK);
    assert_int_equal(copse_executor_cancel(executor, joiners[4].handle, false), COPSE_OK);
    assert_int_equal(copse_executor_run_to(executor, 0), COPSE_OK);
    assert_int_equal(copse_executor_wake(executor, target.handle), COPSE_OK);
    assert_int_equal(copse_executor_step(executor), COPSE_OK);
    const int order[] = {0, 1, 3};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(copse_executor_step(executor), COPSE_OK);
        assert_int_equal(joiners[order[i]].drops, 1);
        assert_int_equal(joiners[order[i]].heard_code, 5);
    }
    assert_int_equal(stats_of(executor).unseen_failures, 0);
    end(executor);
}

static void a_failure_that_nobody_waits_for_is_counted(void **state)
{
    (void)state;
    copse_executor *executor = new_executor((copse_det_options){0});
    test_actor a = {.script = "f"}, b = {.script = "f"}, c = {.script = "d"};
    start(executor, &a);
    start(executor, &b);
    start(executor, &c);
    int code = 0;
    assert_int_equal(copse_executor_wait(executor, b.handle, COPSE_NEVER, &code), COPSE_OK);
    assert_int_equal(code, 5);
    assert_int_equal(copse_executor_run_all(executor), COPSE_OK);
    copse_executor_stats stats = stats_of(executor);
    assert_int_equal(stats.unseen_failures, 1);
    assert_int_equal(stats.failed, 2);
    assert_int_equal(stats.completed, 1);
    end(executor);
}

static void the_wait_in_the_queue_is_measured_exactly_in_virtual_time(void **state)
{
    (void)state;
    copse_clock *clock = copse_clock_new_virtual(NULL, 0);
    copse_executor *executor =
        new_executor((copse_det_options){.clock = clock, .measures_runs = true});
    test_actor a = {.script = "d"}, b = {.script = "d"};
    start(executor, &a);
    assert_int_equal(copse_clock_advance(clock, 1000), COPSE_OK);
    start(executor, &b);
    assert_int_equal(copse_clock_advance(clock, 500), COPSE_OK);
    assert_int_equal(copse_executor_run_all(executor), COPSE_OK);
    copse_executor_stats stats = stats_of(executor);
    assert_int_equal(stats.wait_ns.count, 2);
    assert_int_equal(stats.wait_ns.max_ns, 1500);
    assert_int_equal(stats.wait_ns.total_ns, 1500 + 500);
    assert_int_equal(stats.run_ns.count, 2);
    assert_int_equal(stats.run_ns.total_ns, 0);
    end(executor);
    copse_clock_free(clock);
}

static void more_tasks_than_the_limit_are_refused_and_counted(void **state)
{
    (void)state;
    copse_executor *executor = new_executor((copse_det_options){.task_limit = 2});
    test_actor a = {.script = "d"}, b = {.script = "d"}, c = {.script = "d"};
    start(executor, &a);
    start(executor, &b);
    copse_task_options options = {.resume = act, .drop = drop_actor, .context = &c};
    assert_int_equal(copse_executor_schedule(executor, &options, NULL), COPSE_EFULL);
    assert_int_equal(copse_executor_run_all(executor), COPSE_OK);
    start(executor, &c);
    assert_int_equal(copse_executor_run_all(executor), COPSE_OK);
    assert_int_equal(stats_of(executor).refused, 1);
    assert_int_equal(c.drops, 1);
    end(executor);
}

static void a_backward_jump_of_the_clock_wakes_all_who_have_a_deadline(void **state)
{
    (void)state;
    copse_clock *clock = copse_clock_new_driven(NULL, 1000);
    copse_executor *executor = new_executor((copse_det_options){.clock = clock});
    test_actor asleep = {.script = "sd"}, blocked = {.script = "bd"};
    start(executor, &asleep);
    start(executor, &blocked);
    assert_int_equal(copse_executor_run_to(executor, 1000), COPSE_OK);
    assert_int_equal(copse_clock_drive(clock, 20), COPSE_OK);
    assert_int_equal(copse_executor_run_to(executor, 20), COPSE_OK);
    assert_int_equal(asleep.last_why, COPSE_WHY_CLOCK_JUMPED);
    assert_int_equal(asleep.drops, 1);
    assert_int_equal(blocked.at, 1);
    end(executor);
    copse_clock_free(clock);
}

static copse_outcome never_end(copse_task *self, void *context, copse_why why)
{
    (void)why;
    ((test_actor *)context)->at++;
    return copse_task_yield(self);
}

static void freeing_lets_tasks_clean_up_and_drops_those_that_do_not_end(void **state)
{
    (void)state;
    cp_fault fault;
    cp_fault_init(&fault, 0);
    copse_executor *executor = new_executor((copse_det_options){.allocator = &fault.allocator});
    test_actor cleans = {.script = "byyd"}, sleeps = {.script = "ss"}, joins = {.script = "jjj"};
    test_actor stubborn = {.script = "x"}, fresh = {.script = "d"};
    start(executor, &cleans);
    start(executor, &sleeps);
    joins.target = cleans.handle;
    start(executor, &joins);
    copse_task_options options = {.resume = never_end, .drop = drop_actor, .context = &stubborn};
    assert_int_equal(copse_executor_schedule(executor, &options, NULL), COPSE_OK);
    for (int i = 0; i < 4; i++)
        assert_int_equal(copse_executor_step(executor), COPSE_OK);
    start(executor, &fresh);
    assert_int_equal(copse_executor_free(executor), COPSE_OK);
    assert_int_equal(cleans.at, 4);
    assert_int_equal(fresh.at, 0);
    assert_int_equal(cleans.drops + sleeps.drops + joins.drops + stubborn.drops + fresh.drops, 5);
    assert_int_equal(fault.live_bytes, 0);
}

static copse_outcome schedule_more(copse_task *self, void *context, copse_why why)
{
    test_actor *own = context;
    copse_task_options options = {.resume = act, .context = context};
    if (why == COPSE_WHY_CANCELLED) {
        own->heard_code = copse_executor_schedule(own->executor, &options, NULL);
        return copse_task_done(self, 0);
    }
    return copse_task_block(self, (copse_block){.kind = COPSE_BLOCK_CUSTOM}, COPSE_NEVER);
}

static void nothing_is_scheduled_on_an_executor_that_is_being_freed(void **state)
{
    (void)state;
    copse_executor *executor = new_executor((copse_det_options){0});
    test_actor a = {.script = "d", .executor = executor};
    copse_task_options options = {.resume = schedule_more, .context = &a};
    assert_int_equal(copse_executor_schedule(executor, &options, NULL), COPSE_OK);
    assert_int_equal(copse_executor_run_to(executor, 1), COPSE_OK);
    assert_int_equal(copse_executor_free(executor), COPSE_OK);
    assert_int_equal(a.heard_code, COPSE_ESHUTDOWN);
}

/* A class of our own, with the hook that hears of a cancel at once. */
typedef struct hooked_task {
    cp_task task;
    int cancels;
    int drops;
} hooked_task;

static copse_outcome block_hooked(cp_task *task, copse_why why)
{
    if (why == COPSE_WHY_CANCELLED)
        return cp_task_done(task, 0);
    return cp_task_block(task, (copse_block){.kind = COPSE_BLOCK_JOB, .object = 1}, COPSE_NEVER);
}

static void drop_hooked(cp_task *own)
{
    CP_CONTAINER_OF(own, hooked_task, task)->drops++;
}

static void hear_cancel(cp_task *task)
{
    CP_CONTAINER_OF(task, hooked_task, task)->cancels++;
}

static void a_class_can_hear_of_a_cancel_at_once(void **state)
{
    (void)state;
    static const cp_task_class class = {"hooked", block_hooked, drop_hooked, hear_cancel};
    static const cp_task_label label = {"hooked", ""};
    copse_executor *executor = new_executor((copse_det_options){0});
    hooked_task hooked = {.cancels = 0};
    cp_task_init(&hooked.task, &class);
    cp_task *own = &hooked.task;
    copse_task_handle handle;
    assert_int_equal(cp_executor_schedule(executor, &own, &label, &handle), COPSE_OK);
    assert_int_equal(copse_executor_step(executor), COPSE_OK);
    assert_int_equal(copse_executor_cancel(executor, handle, false), COPSE_OK);
    assert_int_equal(hooked.cancels, 1);
    assert_int_equal(copse_executor_cancel(executor, handle, false), COPSE_ECANCELLED);
    assert_int_equal(hooked.cancels, 1);
    assert_int_equal(copse_executor_run_all(executor), COPSE_OK);
    assert_int_equal(hooked.drops, 1);
    end(executor);
}

/* Threads wake a task that counts what they put down; it may block whenever it sees nothing. */
enum { waker_count = 3, wakes_each = 5000 };

typedef struct test_well {
    copse_executor *executor;
    copse_task_handle task;
    _Atomic int items;
    int taken;
} test_well;

static copse_outcome drain_well(copse_task *self, void *context, copse_why why)
{
    test_well *own = context;
    (void)why;
    own->taken += atomic_exchange_explicit(&own->items, 0, memory_order_relaxed);
    if (own->taken == waker_count * wakes_each)
        return copse_task_done(self, 0);
    return copse_task_block(self, (copse_block){.kind = COPSE_BLOCK_RECEIVE}, COPSE_NEVER);
}

static void *fill_well(void *context)
{
    test_well *own = context;
    for (int i = 0; i < wakes_each; i++) {
        atomic_fetch_add_explicit(&own->items, 1, memory_order_relaxed);
        copse_executor_post_wake(own->executor, own->task);
    }
    copse_executor_external_end(own->executor);
    return NULL;
}

static void no_wake_of_another_thread_is_lost(void **state)
{
    (void)state;
    copse_executor *executor = new_executor((copse_det_options){0});
    test_well well = {.executor = executor};
    copse_task_options options = {.resume = drain_well, .context = &well};
    assert_int_equal(copse_executor_schedule(executor, &options, &well.task), COPSE_OK);
    pthread_t threads[waker_count];
    for (int i = 0; i < waker_count; i++) {
        copse_executor_external_begin(executor);
        assert_int_equal(pthread_create(&threads[i], NULL, fill_well, &well), 0);
    }
    assert_int_equal(copse_executor_run_all(executor), COPSE_OK);
    for (int i = 0; i < waker_count; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(well.taken, waker_count * wakes_each);
    copse_executor_post_wake(executor, well.task); /* long ended */
    end(executor);
}

static copse_outcome post_to_self_and_end(copse_task *self, void *context, copse_why why)
{
    (void)why;
    copse_executor_post_wake(context, copse_task_self(self));
    copse_executor_post_wake(context, copse_task_self(self));
    return copse_task_done(self, 0);
}

static unsigned calls;
static unsigned calls_before_return; /* as seen by the call that waits */

static void count_call(void *context)
{
    (void)context;
    calls++;
}

static void wait_inside(void *context)
{
    test_actor *own = context;
    calls++;
    assert_int_equal(copse_executor_wait(own->executor, own->handle, COPSE_NEVER, NULL), COPSE_OK);
    calls_before_return = calls;
}

static void a_posted_function_may_wait_while_others_are_called(void **state)
{
    (void)state;
    copse_executor *executor = new_executor((copse_det_options){0});
    test_actor a = {.script = "yd"};
    calls = 0;
    start(executor, &a);
    assert_int_equal(copse_executor_post(executor, wait_inside, &a), COPSE_OK);
    assert_int_equal(copse_executor_post(executor, count_call, NULL), COPSE_OK);
    assert_int_equal(copse_executor_post(executor, count_call, NULL), COPSE_OK);
    assert_int_equal(copse_executor_run_all(executor), COPSE_OK);
    assert_int_equal(calls, 3);
    assert_int_equal(calls_before_return, 3);
    assert_int_equal(a.drops, 1);
    end(executor);
}

static void a_posted_wake_for_a_task_that_ended_is_counted_as_stale(void **state)
{
    (void)state;
    copse_executor *executor = new_executor((copse_det_options){0});
    copse_task_options options = {.resume = post_to_self_and_end, .context = executor};
    assert_int_equal(copse_executor_schedule(executor, &options, NULL), COPSE_OK);
    assert_int_equal(copse_executor_run_all(executor), COPSE_OK);
    assert_int_equal(copse_executor_step(executor), COPSE_EDEADLOCK);
    assert_int_equal(stats_of(executor).posts, 1);
    assert_int_equal(stats_of(executor).stale_wakes, 1);
    end(executor);
}

CP_TEST_MAIN(cmocka_unit_test(a_wake_queues_a_blocked_task),
             cmocka_unit_test(a_wake_while_running_is_not_lost),
             cmocka_unit_test(a_blocked_task_can_be_given_another_deadline),
             cmocka_unit_test(a_wake_before_the_deadline_forgets_the_deadline),
             cmocka_unit_test(a_deadline_in_the_past_is_a_yield),
             cmocka_unit_test(a_task_cancelled_before_it_ran_never_runs),
             cmocka_unit_test(a_cancelled_task_is_resumed_from_whatever_it_waits_for),
             cmocka_unit_test(the_request_to_end_is_told_once),
             cmocka_unit_test(a_cascade_reaches_all_who_wait_for_the_end),
             cmocka_unit_test(a_cascade_around_a_circle_of_joins_ends),
             cmocka_unit_test(those_who_join_are_woken_in_the_order_in_which_they_came),
             cmocka_unit_test(a_failure_that_nobody_waits_for_is_counted),
             cmocka_unit_test(the_wait_in_the_queue_is_measured_exactly_in_virtual_time),
             cmocka_unit_test(more_tasks_than_the_limit_are_refused_and_counted),
             cmocka_unit_test(a_backward_jump_of_the_clock_wakes_all_who_have_a_deadline),
             cmocka_unit_test(freeing_lets_tasks_clean_up_and_drops_those_that_do_not_end),
             cmocka_unit_test(nothing_is_scheduled_on_an_executor_that_is_being_freed),
             cmocka_unit_test(a_class_can_hear_of_a_cancel_at_once),
             cmocka_unit_test(no_wake_of_another_thread_is_lost),
             cmocka_unit_test(a_posted_function_may_wait_while_others_are_called),
             cmocka_unit_test(a_posted_wake_for_a_task_that_ended_is_counted_as_stale))
