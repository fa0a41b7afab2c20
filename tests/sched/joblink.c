#include "tests/check.h"

#include "sched/joblink.h"
#include "sched/loop.h"
#include "tests/fault.h"

typedef struct table {
    int heard, fired;
    int64_t next_due_ns;
} table;

static void hear(void *context)
{
    ((table *)context)->heard++;
}

static int64_t fire_due(void *context)
{
    table *t = context;
    t->fired++;
    int64_t next_ns = t->next_due_ns;
    t->next_due_ns = COPSE_NEVER;
    return next_ns;
}

static const cp_job_table_class table_class = {hear, fire_due};

static copse_executor *new_executor(copse_clock **clock)
{
    copse_executor *executor = NULL;
    *clock = copse_clock_new_virtual(NULL, 0);
    assert_int_equal(copse_executor_new_loop(&(copse_loop_options){.clock = *clock}, &executor),
                     COPSE_OK);
    return executor;
}

static void close_executor(copse_executor *executor, copse_clock *clock)
{
    assert_int_equal(copse_executor_free(executor), COPSE_OK);
    copse_clock_free(clock);
}

static void two_notifications_are_one_mail_and_a_later_one_another(void **state)
{
    (void)state;
    cp_fault fault;
    cp_fault_init(&fault, 0);
    table t = {0, 0, COPSE_NEVER};
    copse_clock *clock;
    copse_executor *executor = new_executor(&clock);
    cp_job_link *link = cp_job_link_new(&fault.allocator, executor, NULL, &table_class, &t);
    cp_job_link_notify(link);
    cp_job_link_notify(link);
    assert_int_equal(copse_executor_run_to(executor, 1), COPSE_OK);
    assert_int_equal(t.heard, 1);
    cp_job_link_notify(link);
    assert_int_equal(copse_executor_run_to(executor, 2), COPSE_OK);
    assert_int_equal(t.heard, 2);
    cp_job_link_leave(link, cp_job_link_begin_free(link));
    assert_int_equal(fault.live_bytes, 0);
    close_executor(executor, clock);
}

static void a_mail_that_comes_after_the_table_is_freed_with_the_link(void **state)
{
    (void)state;
    cp_fault fault;
    cp_fault_init(&fault, 0);
    table t = {0, 0, COPSE_NEVER};
    copse_clock *clock;
    copse_executor *executor = new_executor(&clock);
    cp_job_link *link = cp_job_link_new(&fault.allocator, executor, NULL, &table_class, &t);
    cp_job_link_notify(link);
    uint32_t link_state = cp_job_link_begin_free(link);
    cp_job_link_notify(link); /* signals the wake, posts nothing */
    assert_true(cp_wake_take(&link->wake));
    cp_job_link_leave(link, link_state);
    assert_true(fault.live_bytes > 0); /* the executor has the mail */
    assert_int_equal(copse_executor_run_to(executor, 1), COPSE_OK);
    assert_int_equal(fault.live_bytes, 0);
    assert_int_equal(t.heard, 0);
    close_executor(executor, clock);
}

static void the_keeper_looks_at_each_deadline_and_ends_behind_the_last(void **state)
{
    (void)state;
    cp_fault fault;
    cp_fault_init(&fault, 0);
    table t = {0, 0, 50};
    copse_clock *clock;
    copse_executor *executor = new_executor(&clock);
    copse_executor_stats stats;
    cp_job_link *link = cp_job_link_new(&fault.allocator, executor, NULL, &table_class, &t);
    assert_int_equal(cp_job_link_keep(link), COPSE_OK);
    assert_int_equal(cp_job_link_keep(link), COPSE_OK); /* one is enough */
    assert_int_equal(copse_executor_run_to(executor, 10), COPSE_OK);
    assert_int_equal(t.fired, 1);
    t.next_due_ns = 40;
    cp_job_link_hurry(link, 20);
    assert_int_equal(copse_executor_run_to(executor, 20), COPSE_OK);
    assert_int_equal(t.fired, 2);
    assert_int_equal(copse_executor_run_all(executor), COPSE_OK);
    assert_int_equal(t.fired, 3);
    assert_int_equal(copse_clock_now(clock), 40);
    assert_int_equal(copse_executor_stats_read(executor, &stats), COPSE_OK);
    assert_int_equal(stats.live, 0);
    t.next_due_ns = 90;
    assert_int_equal(cp_job_link_keep(link), COPSE_OK);
    assert_int_equal(copse_executor_run_to(executor, 60), COPSE_OK);
    cp_job_link_leave(link, cp_job_link_begin_free(link)); /* the keeper sleeps */
    assert_int_equal(copse_executor_run_all(executor), COPSE_OK);
    assert_int_equal(copse_clock_now(clock), 60);
    assert_int_equal(fault.live_bytes, 0);
    close_executor(executor, clock);
}

static void without_an_executor_the_owner_sleeps_on_the_wake(void **state)
{
    (void)state;
    cp_fault fault;
    cp_fault_init(&fault, 0);
    table t = {0, 0, COPSE_NEVER};
    cp_job_link *link = cp_job_link_new(&fault.allocator, NULL, NULL, &table_class, &t);
    cp_job_link_notify(link);
    cp_wake_wait(&link->wake);
    cp_job_link_notify(link); /* each time: nothing clears a mail that there is not */
    cp_wake_wait(&link->wake);
    assert_int_equal(cp_job_link_keep(link), COPSE_OK);
    cp_job_link_leave(link, cp_job_link_begin_free(link));
    assert_int_equal(fault.live_bytes, 0);
    cp_fault_init(&fault, 1);
    assert_null(cp_job_link_new(&fault.allocator, NULL, NULL, &table_class, &t));
}

CP_TEST_MAIN(cmocka_unit_test(two_notifications_are_one_mail_and_a_later_one_another),
             cmocka_unit_test(a_mail_that_comes_after_the_table_is_freed_with_the_link),
             cmocka_unit_test(the_keeper_looks_at_each_deadline_and_ends_behind_the_last),
             cmocka_unit_test(without_an_executor_the_owner_sleeps_on_the_wake))
