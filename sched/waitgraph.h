/* waitgraph.h -- who waits for whom.
 *
 * Owns:  the search for a cycle among waiting tasks, and the text that tells of tasks.
 * Never: changes a task. Costs nothing until somebody asks. */
#ifndef CP_SCHED_WAITGRAPH_H
#define CP_SCHED_WAITGRAPH_H

#include "sched/registry.h"

/* TASK as data; its strings are borrowed until it ends. */
copse_task_info cp_task_info(const cp_registry *registry, const cp_task *task) CP_MUST_USE;

/* The live task that TASK waits for; NULL when it does not wait, or nobody is known to be able to
 * end its wait. */
cp_task *cp_task_waits_for(const cp_registry *registry, const cp_task *task) CP_MUST_USE;

/* A task on a cycle, the one in the lowest slot that leads into one; NULL when there is none. Marks
 * slots: linear in the number of slots. */
cp_task *cp_find_cycle(cp_registry *registry) CP_MUST_USE;

/* `task 3/1 "name"`, and what HANDLE names when it has ended. */
void cp_print_handle(const cp_registry *registry, copse_task_handle handle, cp_printer *printer);

/* One line a task, in order of slots, and a line with the cycle when there is one. */
void cp_print_tasks(cp_registry *registry, cp_printer *printer);

#endif
