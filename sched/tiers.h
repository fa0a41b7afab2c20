/* tiers.h -- work that waits for a worker, by priority, and who is next.
 *
 * Owns:  the order of what is queued: the most urgent tier first, in each the oldest first, and
 *        before all what has waited longer than the bound.
 * Never: locks, runs anything or reads a clock: it is plain data of whoever uses it. */
#ifndef CP_SCHED_TIERS_H
#define CP_SCHED_TIERS_H

#include <stdbool.h>

#include <copse/sched.h>

#include "sched/compiler.h"

enum { CP_TIER_COUNT = 5 }; /* 0 is the most urgent */

typedef struct cp_work cp_work;
struct cp_worker;

/* What a kind of work is. A class is a constant. */
typedef struct cp_work_class {
    /* A worker claimed WORK. False: it was ended meanwhile, and the worker forgets it. */
    bool (*start)(cp_work *work, struct cp_worker *worker);
    /* Do it. The work may be gone when this returns. */
    void (*run)(cp_work *work, struct cp_worker *worker);
    /* The pool gives it up, queued or started: run will not be called. From any thread. */
    void (*discard)(cp_work *work);
} cp_work_class;

/* A field of what is to be done; it must not move while it is queued. Who holds the work touches
 * the fields: the submitter, then the queue under the pool's lock, then one worker. */
struct cp_work {
    const cp_work_class *class;
    cp_work *next, *previous; /* in its tier */
    uint64_t sequence;        /* the queue's count of pushes: the order of arrival */
    int64_t queued_ns;
    int64_t virtual_ns; /* how long it takes where time is virtual; 0: the pool decides */
    uint8_t tier;
    bool is_listed;
};

typedef struct cp_tier {
    cp_work *first, *last;
    uint32_t count;
} cp_tier;

typedef struct cp_tiers {
    cp_tier tiers[CP_TIER_COUNT];
    uint32_t count;   /* in all tiers */
    uint32_t bits;    /* bit N: tier N is not empty */
    int64_t bound_ns; /* what has waited longer goes before tiers that are more urgent */
    uint64_t aged;    /* how often that was so */
    uint64_t pushed;  /* works that were pushed */
} cp_tiers;

void cp_tiers_init(cp_tiers *tiers, int64_t bound_ns);

/* Queue WORK behind the others of its tier. */
void cp_tiers_push(cp_tiers *tiers, cp_work *work);

/* Queue WORK, which was picked or popped and not done, where it was. */
void cp_tiers_put_back(cp_tiers *tiers, cp_work *work);

/* The next one, no longer queued; NULL when there is none. */
cp_work *cp_tiers_pick(cp_tiers *tiers, int64_t now_ns) CP_MUST_USE;

/* The oldest of TIER, no longer queued; NULL when there is none. */
cp_work *cp_tiers_pop(cp_tiers *tiers, unsigned tier) CP_MUST_USE;

/* WORK, which is listed, is no longer queued. */
void cp_tiers_remove(cp_tiers *tiers, cp_work *work);

#endif
