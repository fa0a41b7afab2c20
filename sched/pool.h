/* pool.h -- workers and the queue that they share.
 *
 * Owns:  what is queued, who is parked, and the promise that work and a parked worker never wait
 *        for each other. A pool of threads and its deterministic twin are the same pool: a class
 *        says what a worker is.
 * Never: knows what a job is, or touches what a worker has claimed. */
#ifndef CP_SCHED_POOL_H
#define CP_SCHED_POOL_H

#include <pthread.h>
#include <stdatomic.h>

#include "sched/clock.h"
#include "sched/tiers.h"

enum {
    CP_BATCH = 8,       /* works that a worker claims with one lock */
    CP_HELP_DEPTH = 64, /* waits of jobs in jobs on one worker */
    CP_WORKER_LIMIT = 1024,
};

/* X(name, text): what a worker is doing, for those who wait until it does something else. */
#define CP_WORKER_PHASE_LIST(X)                                                                    \
    X(IDLE, "parked, or it has not begun")                                                         \
    X(PICKING, "may hold work that it has not started")                                            \
    X(WORKING, "what it holds is started")                                                         \
    X(POSTING, "tells an owner about work, and may touch what the owner frees")

#define CP_WORKER_PHASE_ENUM(name, text) CP_WORKER_##name,
typedef enum cp_worker_phase { CP_WORKER_PHASE_LIST(CP_WORKER_PHASE_ENUM) } cp_worker_phase;
#undef CP_WORKER_PHASE_ENUM

typedef struct cp_worker {
    /* Work for this worker, oldest first. The worker fills it under the pool's lock, releasing;
     * whoever exchanges an entry for NULL, acquiring and releasing, has claimed it: the worker, one
     * that steals, or the pool that takes it back. */
    _Alignas(64) _Atomic(cp_work *) batch[CP_BATCH];
    /* Stored by the worker, released; read by those who took something from the batch or the lock
     * or the mailbox, acquired: so they see at least the phase in which it was put there. */
    _Atomic uint32_t phase;
    /* The worker's own. */
    uint32_t batch_at, batch_end; /* entries not yet claimed by itself */
    uint32_t help_depth;
    uint8_t batch_tier;
    int64_t now_ns; /* the pool's clock as last read */
    void *data;     /* what worker_start gave */
    copse_pool *pool;
    uint32_t index;
    /* Under the pool's lock. */
    bool is_parked;
    struct cp_worker *next_parked;
} cp_worker;

typedef enum cp_park { CP_PARKED, CP_PARK_AGAIN, CP_PARK_EXIT } cp_park;

/* What workers are. */
typedef struct cp_pool_class {
    /* Before work is queued: a refusal is passed on. Or NULL. */
    copse_status (*before_push)(copse_pool *pool);
    /* WORKER, which was parked, has to pick. Never refused. */
    void (*unpark)(cp_worker *worker);
    /* WORKER, if it sleeps in help, has to look again. From any thread. */
    void (*kick)(cp_worker *worker);
    /* Run WANTED, if it is queued, or else other work, on WORKER, in a job, until IS_DONE. */
    copse_status (*help)(cp_worker *worker, cp_work *wanted, bool (*is_done)(void *context),
                         void *context, int64_t deadline_ns);
    /* Give back started work whose run was not called. False when it was. Or NULL. */
    bool (*recall)(cp_worker *worker, cp_work *work);
    /* The pool is closing: return when every worker has ended. */
    copse_status (*stop)(copse_pool *pool, copse_shutdown how);
    void (*free)(copse_pool *own);
} cp_pool_class;

struct copse_pool {
    const cp_pool_class *class;
    const copse_allocator *allocator;
    copse_clock *clock; /* borrowed, or the class's own */
    copse_pool_options options;
    cp_worker **workers; /* own array, the workers are the class's */
    uint32_t worker_count;
    uint32_t fork_count; /* of the process that made the pool */
    bool is_stopped;     /* every worker has ended; by the thread that shuts down */

    pthread_mutex_t lock;
    cp_tiers tiers;        /* lock */
    cp_worker *parked;     /* lock; the last to park is the first to be woken: its cache is warm */
    uint32_t parked_count; /* lock */
    uint64_t refused;      /* lock */
    uint64_t unparks;      /* lock */
    bool is_paused;        /* lock */
    bool is_closing;       /* lock */

    _Atomic uint32_t tier_bits; /* of tiers; stored under lock, read relaxed: a hint */
    _Atomic uint64_t stolen;    /* relaxed */
    _Atomic uint32_t tables;    /* how many use the pool; relaxed, each on its own thread */
    _Atomic bool is_abandoned;  /* released, acquired */
    _Atomic bool is_discarding; /* as a worker's phase POSTING, of the thread that shuts down */
};

/* ---- For those who queue work ---- */

/* Queue COUNT works linked by next, all or none. COPSE_EFULL, COPSE_ESHUTDOWN and what the class
 * refuses. NOW_NS is the time of the pool's clock. */
copse_status cp_pool_push(copse_pool *pool, cp_work *first, uint32_t count,
                          int64_t now_ns) CP_MUST_USE;

/* Take WORK back if no worker has claimed it: then none will. */
bool cp_pool_withdraw(copse_pool *pool, cp_work *work) CP_MUST_USE;

/* Take started WORK back, where starting and running are two steps. */
bool cp_pool_recall(copse_pool *pool, cp_work *work) CP_MUST_USE;

/* Return when whoever has posted something is done with what the owner may free. Posting ends
 * without waiting for anybody, so this is short. */
void cp_pool_settle(copse_pool *pool);

/* The process is a child of the one that made the pool: its threads are gone. */
bool cp_pool_is_orphan(const copse_pool *pool);

CP_ALWAYS_INLINE bool cp_pool_is_abandoned(copse_pool *pool)
{
    return atomic_load_explicit(&pool->is_abandoned, memory_order_acquire);
}

/* The worker that the calling thread is; NULL elsewhere. */
cp_worker *cp_worker_here(void);

/* A job on WORKER waits for WANTED, which it has queued: run that, or other work, until IS_DONE.
 * COPSE_ETIMEOUT, COPSE_EDEPTH, and what the executor of the workers refuses. */
copse_status cp_worker_help(cp_worker *worker, cp_work *wanted, bool (*is_done)(void *context),
                            void *context, int64_t deadline_ns) CP_MUST_USE;

CP_ALWAYS_INLINE void cp_worker_set_phase(cp_worker *worker, cp_worker_phase phase)
{
    atomic_store_explicit(&worker->phase, phase, memory_order_release);
}

/* ---- For the classes ---- */

/* What the classes share; the worker array is made for OPTIONS->workers, all NULL. False when
 * refused: nothing is then held. */
bool cp_pool_init(copse_pool *pool, const cp_pool_class *class, const copse_pool_options *options,
                  copse_clock *clock) CP_MUST_USE;
void cp_pool_destroy(copse_pool *pool);

/* The checks of both constructors, and the defaults filled in. */
copse_status cp_pool_options_check(const copse_pool_options *options,
                                   copse_pool_options *out) CP_MUST_USE;

/* WORKER, cleared by the caller, is number INDEX of POOL; it calls worker_start. False when that
 * refuses. Its pair calls worker_stop. */
bool cp_worker_begin(cp_worker *worker, copse_pool *pool, uint32_t index) CP_MUST_USE;
void cp_worker_finish(cp_worker *worker);

/* The calling thread is WORKER until it enters what this returned. */
cp_worker *cp_worker_enter(cp_worker *worker);

/* The next work for WORKER, claimed; NULL when there is none. Sets the phase. */
cp_work *cp_worker_pick(cp_worker *worker) CP_MUST_USE;

/* The same for one that waits for WANTED: that first, and others only as long as it can help. */
cp_work *cp_worker_pick_help(cp_worker *worker, cp_work *wanted) CP_MUST_USE;

/* Work that is not waited for goes no deeper than half the limit: the other half is for jobs that
 * wait for jobs of their own, however they were picked. */
CP_ALWAYS_INLINE bool cp_worker_can_help(const cp_worker *worker)
{
    return worker->help_depth <= CP_HELP_DEPTH / 2;
}

/* Start WORK and run it. */
void cp_worker_execute(cp_worker *worker, cp_work *work);

/* Nothing was picked: park, unless there is something after all, or the pool is closing. */
cp_park cp_worker_park(cp_worker *worker) CP_MUST_USE;

/* Park, whatever is queued: another worker will pick it, or this one is unparked for it. */
void cp_worker_stay_parked(cp_worker *worker);

/* WORKER goes on, whoever woke it. */
void cp_worker_leave_park(cp_worker *worker);

#endif
