/* jobs.h -- the jobs of one owner, from submit to the one end; <copse/sched.h> has the interface.
 *
 * Owns:  the jobs, their deadlines, what is kept of those that ended, and the counts.
 * Never: tells an end twice, drops a result on a worker, or frees what a worker may touch. */
#ifndef CP_SCHED_JOBS_H
#define CP_SCHED_JOBS_H

#include "sched/jobslots.h"
#include "sched/threads.h"
#include "sched/twin.h"

#endif
