/* executor.h -- the one interface of everything that runs tasks.
 *
 * Owns:  the way from a call to the executor that it is for, and the default of a scope.
 * Never: knows how an executor queues, picks or waits; holds a default for the process. */
#ifndef CP_SCHED_EXECUTOR_H
#define CP_SCHED_EXECUTOR_H

#include "sched/clock.h"
#include "sched/mailbox.h"
#include "sched/task.h"

/* How long cp_executor_run runs. */
typedef enum cp_run_goal {
    CP_RUN_UNTIL, /* until is_done(context), or refused at the deadline */
    CP_RUN_TO,    /* to the deadline */
    CP_RUN_ALL,   /* un-paused, to the end of all tasks */
    CP_RUN_STEP,  /* one resume */
} cp_run_goal;

typedef struct cp_run {
    cp_run_goal goal;
    bool (*is_done)(void *context);
    void *context;
    int64_t deadline_ns;
} cp_run;

/* One row a kind of executor. What each does is said in <copse/sched.h>. */
typedef struct cp_executor_class {
    const char *name;
    copse_status (*free)(copse_executor *own);
    /* Takes *OWN over and makes it NULL, or refuses and leaves it. */
    copse_status (*schedule)(copse_executor *executor, cp_task **own, const cp_task_label *label,
                             copse_task_handle *out);
    copse_status (*wake)(copse_executor *executor, copse_task_handle handle);
    copse_status (*wake_at)(copse_executor *executor, copse_task_handle handle, int64_t due_ns);
    void (*post_wake)(copse_executor *executor, copse_task_handle handle);
    void (*post)(copse_executor *executor, cp_mail *own);
    void (*external)(copse_executor *executor, int change);
    copse_status (*cancel)(copse_executor *executor, copse_task_handle handle, bool cascades);
    copse_status (*wait)(copse_executor *executor, copse_task_handle handle, int64_t deadline_ns,
                         int *code);
    copse_status (*run)(copse_executor *executor, const cp_run *run);
    copse_status (*set_paused)(copse_executor *executor, bool is_paused);
    copse_status (*stats)(const copse_executor *executor, copse_executor_stats *out);
    copse_status (*info)(const copse_executor *executor, copse_task_handle handle,
                         copse_task_info *out);
    copse_status (*visit)(const copse_executor *executor,
                          void (*visit)(void *context, const copse_task_info *info), void *context);
    copse_status (*find_cycle)(const copse_executor *executor, copse_task_handle *cycle,
                               size_t capacity, size_t *count);
    copse_status (*dump)(const copse_executor *executor, cp_printer *printer);
} cp_executor_class;

struct copse_executor {
    const cp_executor_class *class;
    const copse_allocator *allocator;
    copse_clock *clock; /* borrowed */
};

/* Queue *OWN, which becomes NULL: the executor owns it, runs it and drops it once after its end.
 * The task stays with this executor for ever. COPSE_EINVAL when *OWN is NULL or was scheduled
 * before, COPSE_EFULL, COPSE_ESHUTDOWN, COPSE_ENOMEM: *OWN is then still the caller's. */
copse_status cp_executor_schedule(copse_executor *executor, cp_task **own,
                                  const cp_task_label *label, copse_task_handle *out) CP_MUST_USE;

/* From any thread: MAIL's receive is called with the executor on its thread. */
void cp_executor_post(copse_executor *executor, cp_mail *own);

/* Do the numbers of STATS add up? Checked at the end of every simulation. */
bool cp_stats_balance(const copse_executor_stats *stats) CP_MUST_USE;

/* The executor that a scope uses unless told otherwise; a field of what has scopes. */
typedef struct cp_executor_scope {
    copse_executor *current; /* borrowed, NULL outside all scopes */
} cp_executor_scope;

/* Make EXECUTOR the current one; give what is returned to leave. Used only as a pair. */
copse_executor *cp_executor_enter(cp_executor_scope *scope, copse_executor *executor) CP_MUST_USE;
void cp_executor_leave(cp_executor_scope *scope, copse_executor *previous);

#endif
