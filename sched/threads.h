/* threads.h -- workers that are threads; <copse/sched.h> has the interface: copse_pool_new.
 *
 * Owns:  the threads of a pool, and how each sleeps and is woken.
 * Never: picks: what runs next is the pool's. */
#ifndef CP_SCHED_THREADS_H
#define CP_SCHED_THREADS_H

#include "sched/pool.h"

#endif
