/* joblink.c -- three holders, all but posting on the owner's thread: the table, the executor's
 * mailbox while the mail is posted, the executor while the keeper is a task. The last frees it. */
#include "sched/joblink.h"

#include <assert.h>

#include "sched/memory.h"

static void release_link(cp_job_link *link)
{
    uint32_t state = atomic_load_explicit(&link->state, memory_order_relaxed);
    bool is_posted = link->executor != NULL && (state & CP_LINK_POSTED);
    if (link->table != NULL || link->is_keeping || is_posted)
        return;
    cp_wake_destroy(&link->wake);
    cp_release(link->allocator, link, sizeof *link);
}

static void receive_link(cp_mail *own, void *owner)
{
    cp_job_link *link = CP_CONTAINER_OF(own, cp_job_link, mail);
    (void)owner;
    atomic_fetch_and_explicit(&link->state, ~(uint32_t)CP_LINK_POSTED, memory_order_acq_rel);
    if (link->table != NULL)
        link->class->hear(link->table);
    release_link(link);
}

static copse_outcome resume_keeper(cp_task *task, copse_why why)
{
    const cp_job_link *link = CP_CONTAINER_OF(task, cp_job_link, keeper);
    int64_t due_ns = COPSE_NEVER;
    (void)why;
    if (link->table != NULL)
        due_ns = link->class->fire_due(link->table);
    if (due_ns == COPSE_NEVER)
        return cp_task_done(task, 0);
    return cp_task_block(task, (copse_block){.kind = COPSE_BLOCK_SLEEP}, due_ns);
}

static void drop_keeper(cp_task *own)
{
    cp_job_link *link = CP_CONTAINER_OF(own, cp_job_link, keeper);
    link->is_keeping = false;
    release_link(link);
}

static const cp_task_class keeper_class = {"job deadlines", resume_keeper, drop_keeper, NULL};

cp_job_link *cp_job_link_new(const copse_allocator *allocator, copse_executor *executor,
                             cp_worker *worker, const cp_job_table_class *class, void *table)
{
    cp_job_link *link = cp_allocate_zeroed(allocator, sizeof *link);
    if (link == NULL)
        return NULL;
    if (!cp_wake_init(&link->wake)) {
        cp_release(allocator, link, sizeof *link);
        return NULL;
    }
    link->mail.receive = receive_link;
    atomic_init(&link->state, 0);
    link->class = class;
    link->table = table;
    link->executor = executor;
    link->worker = worker;
    link->allocator = allocator;
    return link;
}

void cp_job_link_notify(cp_job_link *link)
{
    uint32_t before = atomic_fetch_or_explicit(&link->state, CP_LINK_POSTED, memory_order_acq_rel);
    if (before & CP_LINK_FREEING)
        cp_wake_signal(&link->wake);
    else if (link->executor != NULL && !(before & CP_LINK_POSTED))
        cp_executor_post(link->executor, &link->mail);
    else if (link->executor == NULL && link->worker != NULL)
        link->worker->pool->class->kick(link->worker);
    else if (link->executor == NULL)
        cp_wake_signal(&link->wake);
}

copse_status cp_job_link_keep(cp_job_link *link)
{
    cp_task *task = &link->keeper;
    cp_task_label label = {"job deadlines", ""};
    if (link->executor == NULL || link->is_keeping)
        return COPSE_OK;
    cp_task_init(task, &keeper_class);
    copse_status status = cp_executor_schedule(link->executor, &task, &label, NULL);
    link->is_keeping = status == COPSE_OK;
    return status;
}

void cp_job_link_hurry(cp_job_link *link, int64_t due_ns)
{
    if (link->executor == NULL)
        return;
    copse_status status = copse_executor_wake_at(link->executor, link->keeper.handle, due_ns);
    (void)status; /* not blocked: it will look before it sleeps */
}

uint32_t cp_job_link_begin_free(cp_job_link *link)
{
    return atomic_fetch_or_explicit(&link->state, CP_LINK_FREEING, memory_order_acq_rel);
}

/* Only what was posted before FREEING is in the executor's mailbox. */
void cp_job_link_leave(cp_job_link *own, uint32_t state)
{
    atomic_store_explicit(&own->state, state & CP_LINK_POSTED, memory_order_relaxed);
    own->table = NULL;
    if (own->is_keeping) {
        copse_status status = copse_executor_wake(own->executor, own->keeper.handle);
        assert(status == COPSE_OK);
        (void)status;
    }
    release_link(own);
}
