/* twin.h -- workers that are tasks of an executor; <copse/sched.h> has copse_pool_new_twin.
 *
 * Owns:  the time that work takes where time is not real.
 * Never: starts a thread, or picks: what runs next is the pool's. */
#ifndef CP_SCHED_TWIN_H
#define CP_SCHED_TWIN_H

#include "sched/choice.h"
#include "sched/executor.h"
#include "sched/pool.h"

/* The executor of the workers, borrowed; NULL when POOL is one of threads. */
copse_executor *cp_twin_executor(const copse_pool *pool);

#endif
