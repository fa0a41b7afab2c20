#include "tests/check.h"

#include "sched/compiler.h"
#include "tests/fault.h"

static copse_executor *new_executor(void)
{
    copse_executor *executor = NULL;
    assert_int_equal(copse_executor_new_det(&(copse_det_options){0}, &executor), COPSE_OK);
    return executor;
}

typedef struct task_diary {
    int resumes;
    int drops;
    copse_why whys[16];
    copse_executor *executor;
    copse_task_handle other;
    int joined_code;
} task_diary;

static void note(task_diary *diary, copse_why why)
{
    assert_true(diary->resumes < 16);
    diary->whys[diary->resumes++] = why;
}

static void note_drop(void *context)
{
    ((task_diary *)context)->drops++;
}

static copse_outcome yield_twice(copse_task *self, void *context, copse_why why)
{
    task_diary *own = context;
    note(own, why);
    return own->resumes < 3 ? copse_task_yield(self) : copse_task_done(self, 0);
}

static copse_task_handle schedule(copse_executor *executor, copse_resume_fn *resume,
                                  task_diary *diary)
{
    copse_task_handle handle = {0};
    copse_task_options options = {
        .name = "test", .resume = resume, .drop = note_drop, .context = diary};
    diary->executor = executor;
    assert_int_equal(copse_executor_schedule(executor, &options, &handle), COPSE_OK);
    return handle;
}

static void a_task_is_resumed_until_it_is_done_and_dropped_once(void **state)
{
    (void)state;
    copse_executor *executor = new_executor();
    task_diary diary = {0};
    copse_task_handle task = schedule(executor, yield_twice, &diary);
    assert_int_equal(copse_executor_run_all(executor), COPSE_OK);
    assert_int_equal(diary.resumes, 3);
    assert_int_equal(diary.whys[0], COPSE_WHY_FIRST);
    assert_int_equal(diary.whys[1], COPSE_WHY_CONTINUE);
    assert_int_equal(diary.drops, 1);
    assert_int_equal(copse_executor_wake(executor, task), COPSE_EUNKNOWN);
    assert_int_equal(copse_executor_free(executor), COPSE_OK);
    assert_int_equal(diary.drops, 1);
}

static copse_outcome sleep_once(copse_task *self, void *context, copse_why why)
{
    task_diary *own = context;
    note(own, why);
    if (own->resumes == 1)
        return copse_task_sleep_until(self, 500);
    return copse_task_done(self, 0);
}

static void a_sleeping_task_is_resumed_when_it_is_due(void **state)
{
    (void)state;
    copse_executor *executor = new_executor();
    task_diary diary = {0};
    schedule(executor, sleep_once, &diary);
    assert_int_equal(copse_executor_run_to(executor, 499), COPSE_OK);
    assert_int_equal(diary.resumes, 1);
    assert_int_equal(copse_executor_run_all(executor), COPSE_OK);
    assert_int_equal(diary.whys[1], COPSE_WHY_DUE);
    assert_int_equal(copse_clock_now(copse_executor_clock(executor)), 500);
    assert_int_equal(copse_executor_free(executor), COPSE_OK);
}

static copse_outcome join_other(copse_task *self, void *context, copse_why why)
{
    task_diary *own = context;
    note(own, why);
    if (own->resumes == 1)
        return copse_task_join(self, own->other, 1000);
    own->joined_code = copse_task_joined_code(self);
    return copse_task_done(self, 0);
}

static copse_outcome fail_with_seven(copse_task *self, void *context, copse_why why)
{
    note(context, why);
    return copse_task_done(self, 7);
}

static void a_join_hears_the_code_of_what_it_joined(void **state)
{
    (void)state;
    copse_executor *executor = new_executor();
    task_diary joiner = {0}, joined = {0};
    schedule(executor, join_other, &joiner);
    joiner.other = schedule(executor, fail_with_seven, &joined);
    assert_int_equal(copse_executor_run_all(executor), COPSE_OK);
    assert_int_equal(joiner.joined_code, 7);
    assert_int_equal(joiner.whys[1], COPSE_WHY_WOKEN);
    assert_int_equal(copse_executor_free(executor), COPSE_OK);
}

static void a_join_of_a_task_that_ended_is_over_at_once(void **state)
{
    (void)state;
    copse_executor *executor = new_executor();
    task_diary joiner = {0}, joined = {0};
    joiner.other = schedule(executor, fail_with_seven, &joined);
    assert_int_equal(copse_executor_run_all(executor), COPSE_OK);
    schedule(executor, join_other, &joiner);
    assert_int_equal(copse_executor_run_all(executor), COPSE_OK);
    assert_int_equal(joiner.joined_code, COPSE_EUNKNOWN);
    assert_int_equal(copse_executor_free(executor), COPSE_OK);
}

static copse_outcome block_for_ever(copse_task *self, void *context, copse_why why)
{
    note(context, why);
    if (why == COPSE_WHY_CANCELLED)
        return copse_task_done(self, 0);
    return copse_task_block(self, (copse_block){.kind = COPSE_BLOCK_CUSTOM}, COPSE_NEVER);
}

static void a_join_that_is_due_leaves_the_other_alone(void **state)
{
    (void)state;
    copse_executor *executor = new_executor();
    task_diary joiner = {0}, joined = {0};
    joiner.other = schedule(executor, block_for_ever, &joined);
    schedule(executor, join_other, &joiner);
    assert_int_equal(copse_executor_run_to(executor, 2000), COPSE_OK);
    assert_int_equal(joiner.whys[1], COPSE_WHY_DUE);
    assert_int_equal(joiner.joined_code, COPSE_ETIMEOUT);
    assert_int_equal(joined.drops, 0);
    assert_int_equal(copse_executor_free(executor), COPSE_OK);
    assert_int_equal(joined.drops, 1);
}

static copse_outcome only_say_blocked(copse_task *self, void *context, copse_why why)
{
    (void)self;
    note(context, why);
    return why == COPSE_WHY_FIRST ? COPSE_BLOCKED : COPSE_DONE;
}

static void blocked_without_a_reason_waits_for_a_wake(void **state)
{
    (void)state;
    copse_executor *executor = new_executor();
    task_diary diary = {0};
    copse_task_handle task = schedule(executor, only_say_blocked, &diary);
    assert_int_equal(copse_executor_step(executor), COPSE_OK);
    copse_task_info info;
    assert_int_equal(copse_executor_task_info(executor, task, &info), COPSE_OK);
    assert_int_equal(info.state, COPSE_TASK_BLOCKED);
    assert_int_equal(info.block.kind, COPSE_BLOCK_CUSTOM);
    assert_int_equal(copse_executor_wake(executor, task), COPSE_OK);
    assert_int_equal(copse_executor_run_all(executor), COPSE_OK);
    assert_int_equal(copse_executor_free(executor), COPSE_OK);
}

static copse_outcome watch_cancel(copse_task *self, void *context, copse_why why)
{
    task_diary *own = context;
    note(own, why);
    if (why == COPSE_WHY_FIRST) {
        assert_false(copse_task_is_cancelled(self));
        assert_int_equal(copse_executor_cancel(own->executor, copse_task_self(self), false),
                         COPSE_OK);
        assert_true(copse_task_is_cancelled(self));
        return copse_task_block(self, (copse_block){.kind = COPSE_BLOCK_RECEIVE}, COPSE_NEVER);
    }
    if (why == COPSE_WHY_CANCELLED)
        return copse_task_sleep_until(self, 100); /* cleaning up takes time */
    return copse_task_done(self, 0);
}

static void a_task_that_cancels_itself_hears_it_once_and_may_clean_up(void **state)
{
    (void)state;
    copse_executor *executor = new_executor();
    task_diary diary = {0};
    copse_task_handle task = schedule(executor, watch_cancel, &diary);
    int code = 0;
    assert_int_equal(copse_executor_wait(executor, task, COPSE_NEVER, &code), COPSE_OK);
    assert_int_equal(code, COPSE_ECANCELLED);
    assert_int_equal(diary.resumes, 3);
    assert_int_equal(diary.whys[1], COPSE_WHY_CANCELLED);
    assert_int_equal(diary.whys[2], COPSE_WHY_DUE);
    assert_int_equal(copse_executor_free(executor), COPSE_OK);
}

static void name_and_place_are_copied(void **state)
{
    (void)state;
    copse_executor *executor = new_executor();
    char name[] = "courier";
    char place[] = "host.c:1";
    task_diary diary = {0};
    copse_task_options options = {.name = name,
                                  .place = place,
                                  .resume = block_for_ever,
                                  .context = &diary,
                                  .lane = 3,
                                  .priority = 9};
    copse_task_handle task;
    assert_int_equal(copse_executor_schedule(executor, &options, &task), COPSE_OK);
    memset(name, 'x', sizeof name - 1);
    memset(place, 'x', sizeof place - 1);
    copse_task_info info;
    assert_int_equal(copse_executor_task_info(executor, task, &info), COPSE_OK);
    assert_string_equal(info.name, "courier");
    assert_string_equal(info.place, "host.c:1");
    assert_int_equal(info.lane, 3);
    assert_int_equal(info.priority, 9);
    assert_int_equal(copse_executor_free(executor), COPSE_OK);
}

static copse_status schedule_with(const copse_allocator *allocator, task_diary *diary)
{
    copse_executor *executor = NULL;
    copse_det_options options = {.allocator = allocator};
    copse_status status = copse_executor_new_det(&options, &executor);
    if (status != COPSE_OK)
        return status;
    for (int i = 0; i < 100 && status == COPSE_OK; i++) {
        copse_task_options task = {.resume = block_for_ever, .drop = note_drop, .context = diary};
        diary->resumes = 0;
        status = copse_executor_schedule(executor, &task, NULL);
    }
    copse_executor_stats stats;
    assert_int_equal(copse_executor_stats_read(executor, &stats), COPSE_OK);
    uint64_t submitted = stats.submitted;
    assert_int_equal(copse_executor_free(executor), COPSE_OK);
    assert_int_equal(diary->drops, submitted);
    return status;
}

static void every_allocation_of_a_schedule_may_be_refused(void **state)
{
    (void)state;
    copse_status status = COPSE_ENOMEM;
    for (uint64_t at = 1; status != COPSE_OK; at++) {
        cp_fault fault;
        task_diary diary = {0};
        cp_fault_init(&fault, at);
        status = schedule_with(&fault.allocator, &diary);
        assert_true(status == COPSE_ENOMEM || fault.refused == 0);
        assert_int_equal(fault.live_bytes, 0);
    }
}

static void a_task_without_a_resume_function_is_refused(void **state)
{
    (void)state;
#ifndef COPSE_CHECKED_ABORT /* there it aborts: tests/sched/owner.c */
    copse_executor *executor = new_executor();
    assert_int_equal(copse_executor_schedule(executor, &(copse_task_options){0}, NULL),
                     COPSE_EINVAL);
    assert_int_equal(copse_executor_free(executor), COPSE_OK);
#endif
}

CP_TEST_MAIN(cmocka_unit_test(a_task_is_resumed_until_it_is_done_and_dropped_once),
             cmocka_unit_test(a_sleeping_task_is_resumed_when_it_is_due),
             cmocka_unit_test(a_join_hears_the_code_of_what_it_joined),
             cmocka_unit_test(a_join_of_a_task_that_ended_is_over_at_once),
             cmocka_unit_test(a_join_that_is_due_leaves_the_other_alone),
             cmocka_unit_test(blocked_without_a_reason_waits_for_a_wake),
             cmocka_unit_test(a_task_that_cancels_itself_hears_it_once_and_may_clean_up),
             cmocka_unit_test(name_and_place_are_copied),
             cmocka_unit_test(every_allocation_of_a_schedule_may_be_refused),
             cmocka_unit_test(a_task_without_a_resume_function_is_refused))
