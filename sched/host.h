/* host.h -- tasks that a C host writes as a resume function.
 *
 * Owns:  the one kind of task that the public interface can make.
 * Never: reaches into an executor: it is a task class like any other. */
#ifndef CP_SCHED_HOST_H
#define CP_SCHED_HOST_H

#include "sched/executor.h"

/* An own fresh task that does what OPTIONS say, and in *LABEL its name and place, which live as
 * long as the task. NULL when memory is refused. */
cp_task *cp_host_task_new(const copse_allocator *allocator, const copse_task_options *options,
                          cp_task_label *label) CP_MUST_USE;

/* Frees a fresh task that no executor has taken, without calling the host's drop. */
void cp_host_task_free(cp_task *own);

#endif
