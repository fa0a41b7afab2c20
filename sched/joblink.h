/* joblink.h -- what workers and the executor hold of a job table.
 *
 * Owns:  the ways in which an owner hears: its executor's mail, a worker's kick, a wake; and the
 *        task that waits for deadlines.
 * Never: is freed while somebody holds it: it may outlive the table. */
#ifndef CP_SCHED_JOBLINK_H
#define CP_SCHED_JOBLINK_H

#include "sched/executor.h"
#include "sched/pool.h"

/* What the owner does, on its thread. */
typedef struct cp_job_table_class {
    void (*hear)(void *table);        /* something was posted */
    int64_t (*fire_due)(void *table); /* a deadline may have come; gives the next or COPSE_NEVER */
} cp_job_table_class;

typedef struct cp_job_link {
    cp_mail mail; /* the executor's while posted */
    /* CP_LINK_ bits. Who posts sets POSTED and the owner clears it; both acquire and release, so
     * that either it is posted again or the owner sees what was pushed before. */
    _Atomic uint32_t state;
    const cp_job_table_class *class;
    void *table;              /* NULL when it was freed; the owner's */
    copse_executor *executor; /* of the owner, or NULL */
    cp_worker *worker;        /* the owner is this worker of the pool, or NULL */
    cp_wake wake;             /* the owner sleeps here: it is another thread, or frees the table */
    cp_task keeper;           /* a task while there is a deadline */
    bool is_keeping;
    const copse_allocator *allocator;
} cp_job_link;

enum {
    CP_LINK_POSTED = 1,  /* the mail is on its way to the executor, or need not go */
    CP_LINK_FREEING = 2, /* signal the wake instead */
};

/* An own link. NULL when refused. */
cp_job_link *cp_job_link_new(const copse_allocator *allocator, copse_executor *executor,
                             cp_worker *worker, const cp_job_table_class *class,
                             void *table) CP_MUST_USE;

/* From any thread, after something was posted into an empty mailbox: the owner will hear. */
void cp_job_link_notify(cp_job_link *link);

/* There will be a deadline: have a keeper, if there is an executor that refuses none. */
copse_status cp_job_link_keep(cp_job_link *link) CP_MUST_USE;

/* The earliest deadline is DUE_NS now. */
void cp_job_link_hurry(cp_job_link *link, int64_t due_ns);

/* From now on who posts signals the wake; the result is for leave. */
uint32_t cp_job_link_begin_free(cp_job_link *link) CP_MUST_USE;

/* The table is no more, and nobody posts. STATE is what begin_free gave. */
void cp_job_link_leave(cp_job_link *own, uint32_t state);

#endif
