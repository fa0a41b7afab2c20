/* job.h -- a job as its worker sees it: started, run, ended once, handed in.
 *
 * Owns:  what a worker may touch of a job and of the table that it belongs to.
 * Never: drops a result, calls the owner's functions, or touches a job after its end was posted. */
#ifndef CP_SCHED_JOB_H
#define CP_SCHED_JOB_H

#include "sched/joblink.h"
#include "sched/jobstate.h"
#include "sched/mailbox.h"
#include "sched/owner.h"
#include "sched/timer.h"

enum { CP_JOB_NAME_SIZE = 32 };

/* What workers touch of a table; constant but for the mailbox. */
typedef struct cp_job_desk {
    cp_mailbox mailbox; /* starts and ends, from workers */
    cp_job_link *link;
    const copse_allocator *allocator;
    copse_pool *pool;
    cp_owner owner;
    bool has_pool_time; /* the clocks of table and pool show the same */
    bool hears_starts;
    uint32_t runs_here; /* job functions of this table that run on the owner's thread; its own */
} cp_job_desk;

struct copse_job {
    cp_work work; /* first line: what the queue touches */
    _Atomic uint32_t word;
    uint32_t slot;
    /* Written by the worker before it posts the end. */
    int64_t started_ns, ended_ns; /* on the pool's clock */
    copse_parcel *output;         /* own */
    cp_worker *worker;            /* while it runs */
    bool was_started;
    bool has_late_result; /* it returned a result, and was cancelled meanwhile */
    /* Written by the owner before the push; the input is freed by who ends the job. */
    cp_job_desk *desk;
    copse_job_fn *run;
    void *context;
    copse_parcel *input; /* own */
    int64_t deadline_ns; /* on the table's clock, or COPSE_NEVER */
    cp_mail start_mail, end_mail;
    uint32_t generation;
    /* The owner's own. */
    bool is_live;      /* submitted, end not heard */
    bool is_sleep;     /* holds no worker */
    bool is_forgotten; /* nobody will ask */
    bool is_stop_told; /* stop was called */
    int8_t priority;
    uint32_t next_free; /* slot + 1 */
    int64_t submitted_ns;
    int64_t until_ns; /* of a sleep */
    cp_timer timer;
    void (*stop)(void *context);
    void (*ended)(void *context, copse_job_handle job, copse_job_state state);
    void (*drop)(void *context);
    copse_job *newer, *older; /* among the retained; newer also among those of one submit */
    char name[CP_JOB_NAME_SIZE];
};

CP_ALWAYS_INLINE cp_job_state cp_job_state_of(copse_job *job)
{
    return cp_job_word_state(atomic_load_explicit(&job->word, memory_order_acquire));
}

CP_ALWAYS_INLINE copse_stop cp_job_reason_of(copse_job *job)
{
    return cp_job_word_reason(atomic_load_explicit(&job->word, memory_order_acquire));
}

CP_ALWAYS_INLINE copse_job_handle cp_job_handle_of(const copse_job *job)
{
    return (copse_job_handle){(uint64_t)job->slot << 32 | job->generation};
}

/* How the pool starts, runs and gives up a job. */
extern const cp_work_class cp_job_work_class;

#endif
