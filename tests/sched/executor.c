#include "tests/check.h"

#include "sched/executor.h"
#include "tests/fault.h"

static copse_executor *new_executor(const copse_allocator *allocator)
{
    copse_executor *executor = NULL;
    copse_det_options options = {.allocator = allocator};
    assert_int_equal(copse_executor_new_det(&options, &executor), COPSE_OK);
    return executor;
}

static void a_scope_has_a_current_executor_and_gives_the_outer_one_back(void **state)
{
    (void)state;
    cp_executor_scope scope = {NULL};
    copse_executor *outer = new_executor(NULL);
    copse_executor *inner = new_executor(NULL);
    copse_executor *before_outer = cp_executor_enter(&scope, outer);
    assert_null(before_outer);
    copse_executor *before_inner = cp_executor_enter(&scope, inner);
    assert_ptr_equal(scope.current, inner);
    cp_executor_leave(&scope, before_inner);
    assert_ptr_equal(scope.current, outer);
    cp_executor_leave(&scope, before_outer);
    assert_null(scope.current);
    assert_int_equal(copse_executor_free(inner), COPSE_OK);
    assert_int_equal(copse_executor_free(outer), COPSE_OK);
    assert_int_equal(copse_executor_free(NULL), COPSE_OK);
}

typedef struct plain_task {
    cp_task task;
    int *drops;
} plain_task;

static copse_outcome resume_plain(cp_task *task, copse_why why)
{
    (void)why;
    return cp_task_done(task, 0);
}

static void drop_plain(cp_task *own)
{
    plain_task *plain = CP_CONTAINER_OF(own, plain_task, task);
    ++*plain->drops;
}

static const cp_task_class plain_class = {"plain", resume_plain, drop_plain, NULL};
static const cp_task_label plain_label = {"plain", "executor.c"};

static void scheduling_takes_the_task_over_and_the_pointer_with_it(void **state)
{
    (void)state;
    int drops = 0;
    copse_executor *executor = new_executor(NULL);
    plain_task plain = {.drops = &drops};
    cp_task_init(&plain.task, &plain_class);
    cp_task *own = &plain.task;
    copse_task_handle handle;
    assert_int_equal(cp_executor_schedule(executor, &own, &plain_label, &handle), COPSE_OK);
    assert_null(own);
    assert_ptr_equal(plain.task.home, executor);
#ifndef COPSE_CHECKED_ABORT /* there both abort: tests/sched/owner.c */
    assert_int_equal(cp_executor_schedule(executor, &own, &plain_label, &handle), COPSE_EINVAL);
    own = &plain.task;
    assert_int_equal(cp_executor_schedule(executor, &own, &plain_label, &handle), COPSE_EINVAL);
    assert_non_null(own);
#endif
    assert_int_equal(copse_executor_run_all(executor), COPSE_OK);
    assert_int_equal(drops, 1);
    assert_int_equal(copse_executor_free(executor), COPSE_OK);
}

static void count_call(void *context)
{
    ++*(int *)context;
}

static void what_is_posted_is_called_when_the_executor_turns_or_is_freed(void **state)
{
    (void)state;
    cp_fault fault;
    int calls = 0;
    cp_fault_init(&fault, 0);
    copse_executor *executor = new_executor(&fault.allocator);
    assert_int_equal(copse_executor_post(executor, count_call, &calls), COPSE_OK);
    assert_int_equal(calls, 0);
    assert_int_equal(copse_executor_step(executor), COPSE_EDEADLOCK);
    assert_int_equal(calls, 1);
    fault.refuse_at = fault.requests + 1;
    assert_int_equal(copse_executor_post(executor, count_call, &calls), COPSE_ENOMEM);
    assert_int_equal(copse_executor_post(executor, count_call, &calls), COPSE_OK);
    assert_int_equal(copse_executor_free(executor), COPSE_OK);
    assert_int_equal(calls, 2);
    assert_int_equal(fault.live_bytes, 0);
}

static void counts_that_do_not_add_up_are_noticed(void **state)
{
    (void)state;
    copse_executor_stats stats = {
        .submitted = 10, .completed = 4, .failed = 1, .cancelled = 2, .live = 3, .blocked = 3};
    assert_true(cp_stats_balance(&stats));
    stats.live = 4;
    assert_false(cp_stats_balance(&stats));
    stats.live = 3;
    stats.queued = 1;
    assert_false(cp_stats_balance(&stats));
}

CP_TEST_MAIN(cmocka_unit_test(a_scope_has_a_current_executor_and_gives_the_outer_one_back),
             cmocka_unit_test(scheduling_takes_the_task_over_and_the_pointer_with_it),
             cmocka_unit_test(what_is_posted_is_called_when_the_executor_turns_or_is_freed),
             cmocka_unit_test(counts_that_do_not_add_up_are_noticed))
