/* executor.c -- dispatch through the class, and nothing else. */
#include "sched/executor.h"

#include <assert.h>

#include "sched/memory.h"
#include "sched/owner.h"

copse_status copse_executor_free(copse_executor *own)
{
    return own == NULL ? COPSE_OK : own->class->free(own);
}

copse_clock *copse_executor_clock(const copse_executor *executor)
{
    return executor->clock;
}

copse_status cp_executor_schedule(copse_executor *executor, cp_task **own,
                                  const cp_task_label *label, copse_task_handle *out)
{
    CP_REQUIRE(*own != NULL, "the task was handed over before");
    CP_REQUIRE(cp_task_state_of(*own) == COPSE_TASK_FRESH, "the task was scheduled before");
    return executor->class->schedule(executor, own, label, out);
}

copse_status copse_executor_wake(copse_executor *executor, copse_task_handle task)
{
    return executor->class->wake(executor, task);
}

copse_status copse_executor_wake_at(copse_executor *executor, copse_task_handle task,
                                    int64_t due_ns)
{
    return executor->class->wake_at(executor, task, due_ns);
}

void copse_executor_post_wake(copse_executor *executor, copse_task_handle task)
{
    executor->class->post_wake(executor, task);
}

void cp_executor_post(copse_executor *executor, cp_mail *own)
{
    executor->class->post(executor, own);
}

typedef struct posted_call {
    cp_mail mail;
    const copse_allocator *allocator;
    void (*function)(void *context);
    void *context;
} posted_call;

static void receive_call(cp_mail *own, void *owner)
{
    (void)owner;
    posted_call *call = CP_CONTAINER_OF(own, posted_call, mail);
    call->function(call->context);
    cp_release(call->allocator, call, sizeof *call);
}

copse_status copse_executor_post(copse_executor *executor, void (*function)(void *context),
                                 void *context)
{
    CP_REQUIRE(function != NULL, "the function is NULL");
    posted_call *call = cp_allocate(executor->allocator, sizeof *call);
    if (call == NULL)
        return COPSE_ENOMEM;
    *call = (posted_call){.mail = {.receive = receive_call},
                          .allocator = executor->allocator,
                          .function = function,
                          .context = context};
    cp_executor_post(executor, &call->mail);
    return COPSE_OK;
}

void copse_executor_external_begin(copse_executor *executor)
{
    executor->class->external(executor, 1);
}

void copse_executor_external_end(copse_executor *executor)
{
    executor->class->external(executor, -1);
}

copse_status copse_executor_cancel(copse_executor *executor, copse_task_handle task, bool cascades)
{
    return executor->class->cancel(executor, task, cascades);
}

copse_status copse_executor_wait(copse_executor *executor, copse_task_handle task,
                                 int64_t deadline_ns, int *code)
{
    return executor->class->wait(executor, task, deadline_ns, code);
}

copse_status copse_executor_run_until(copse_executor *executor, bool (*is_done)(void *context),
                                      void *context, int64_t deadline_ns)
{
    CP_REQUIRE(is_done != NULL, "the condition is NULL");
    cp_run run = {CP_RUN_UNTIL, is_done, context, deadline_ns};
    return executor->class->run(executor, &run);
}

copse_status copse_executor_run_to(copse_executor *executor, int64_t time_ns)
{
    cp_run run = {.goal = CP_RUN_TO, .deadline_ns = time_ns};
    return executor->class->run(executor, &run);
}

copse_status copse_executor_run_all(copse_executor *executor)
{
    cp_run run = {.goal = CP_RUN_ALL, .deadline_ns = COPSE_NEVER};
    return executor->class->run(executor, &run);
}

copse_status copse_executor_step(copse_executor *executor)
{
    cp_run run = {.goal = CP_RUN_STEP, .deadline_ns = COPSE_NEVER};
    return executor->class->run(executor, &run);
}

copse_status copse_executor_pause(copse_executor *executor)
{
    return executor->class->set_paused(executor, true);
}

copse_status copse_executor_resume(copse_executor *executor)
{
    return executor->class->set_paused(executor, false);
}

copse_status copse_executor_stats_read(const copse_executor *executor, copse_executor_stats *out)
{
    return executor->class->stats(executor, out);
}

copse_status copse_executor_task_info(const copse_executor *executor, copse_task_handle task,
                                      copse_task_info *out)
{
    return executor->class->info(executor, task, out);
}

copse_status copse_executor_visit(const copse_executor *executor,
                                  void (*visit)(void *context, const copse_task_info *info),
                                  void *context)
{
    return executor->class->visit(executor, visit, context);
}

copse_status copse_executor_find_cycle(const copse_executor *executor, copse_task_handle *cycle,
                                       size_t capacity, size_t *count)
{
    return executor->class->find_cycle(executor, cycle, capacity, count);
}

copse_status copse_executor_dump(const copse_executor *executor, char *text, size_t size,
                                 size_t *length)
{
    cp_printer printer = cp_printer_make(text, size);
    copse_status status = executor->class->dump(executor, &printer);
    if (length != NULL)
        *length = printer.length;
    return status;
}

bool cp_stats_balance(const copse_executor_stats *stats)
{
    return stats->submitted == stats->completed + stats->failed + stats->cancelled + stats->live &&
           stats->live == stats->queued + stats->running + stats->blocked;
}

copse_executor *cp_executor_enter(cp_executor_scope *scope, copse_executor *executor)
{
    copse_executor *previous = scope->current;
    scope->current = executor;
    return previous;
}

void cp_executor_leave(cp_executor_scope *scope, copse_executor *previous)
{
    assert(scope->current != NULL);
    scope->current = previous;
}
