/* job.c -- who touches a job: the owner; then, between the push to the pool and the end mail, one
 * worker, which writes times, output and the word; then the owner again. The lock of the push, the
 * mailbox and the word carry what was written. */
#include "sched/job.h"

#include <assert.h>
#include <string.h>

/* ---- Posting, from any thread ---- */

/* WORKER, NULL for a thread that shuts a pool down, is in phase POSTING from before the owner can
 * see the mail until it has forgotten the table: see cp_pool_settle. */
static void post(cp_job_desk *desk, cp_mail *own, cp_worker *worker)
{
    if (worker != NULL)
        cp_worker_set_phase(worker, CP_WORKER_POSTING);
    if (cp_mailbox_push(&desk->mailbox, own))
        cp_job_link_notify(desk->link);
}

/* ---- On the worker ---- */

/* The worker may compare the deadline with its own clock. */
static bool is_late(const copse_job *job, int64_t now_ns)
{
    return now_ns >= job->deadline_ns && job->desk->has_pool_time;
}

static bool start_job(cp_work *work, cp_worker *worker)
{
    copse_job *job = CP_CONTAINER_OF(work, copse_job, work);
    cp_job_state from = CP_JOB_FREE;
    int64_t now_ns = worker->now_ns > work->queued_ns ? worker->now_ns : work->queued_ns;
    job->started_ns = job->ended_ns = now_ns;
    job->worker = worker;
    bool is_dead = is_late(job, now_ns) &&
                   cp_job_try_move(&job->word, CP_JOB_EVENT_STOP, COPSE_STOP_TIMEOUT, &from);
    if (is_dead || !cp_job_try_move(&job->word, CP_JOB_EVENT_START, COPSE_STOP_NONE, &from)) {
        post(job->desk, &job->end_mail, worker);
        return false;
    }
    job->was_started = true;
    if (job->desk->hears_starts)
        post(job->desk, &job->start_mail, worker);
    return true;
}

/* Why the result of JOB, which returned just now, is not wanted. */
static copse_stop late_reason(const copse_job *job)
{
    if (cp_pool_is_abandoned(job->desk->pool))
        return COPSE_STOP_SHUTDOWN;
    return is_late(job, job->ended_ns) ? COPSE_STOP_TIMEOUT : COPSE_STOP_NONE;
}

/* The one end of a job that ran. */
static void end_job(copse_job *job, copse_job_end end)
{
    cp_job_state from = CP_JOB_FREE;
    cp_job_move_event event = end == COPSE_JOB_ENDS_DONE ? CP_JOB_EVENT_FINISH : CP_JOB_EVENT_FAIL;
    copse_stop late = late_reason(job);
    if (late == COPSE_STOP_NONE && cp_job_try_move(&job->word, event, COPSE_STOP_NONE, &from))
        return;
    /* One that was asked to stop keeps that reason. */
    copse_stop reason = cp_job_state_of(job) == CP_JOB_STOPPING ? COPSE_STOP_NONE : late;
    job->has_late_result = end == COPSE_JOB_ENDS_DONE;
    bool is_legal = cp_job_try_move(&job->word, CP_JOB_EVENT_DROP, reason, &from);
    assert(is_legal);
    (void)is_legal;
}

static void run_job(cp_work *work, cp_worker *worker)
{
    copse_job *job = CP_CONTAINER_OF(work, copse_job, work);
    cp_job_desk *desk = job->desk;
    bool is_here = cp_owner_is_here(&desk->owner);
    if (is_here)
        desk->runs_here++;
    copse_job_end end = job->run(job, job->context, job->input);
    if (is_here)
        desk->runs_here--;
    job->ended_ns = worker->now_ns = cp_clock_now(worker->pool->clock);
    copse_parcel_free(job->input);
    job->input = NULL;
    end_job(job, end);
    post(desk, &job->end_mail, worker);
}

static void discard_job(cp_work *work)
{
    copse_job *job = CP_CONTAINER_OF(work, copse_job, work);
    cp_job_state from = CP_JOB_FREE;
    job->ended_ns = cp_clock_now(job->desk->pool->clock);
    bool is_new = cp_job_try_move(&job->word, CP_JOB_EVENT_DROP, COPSE_STOP_SHUTDOWN, &from);
    assert(is_new || from == CP_JOB_CANCELLED); /* the owner was first */
    (void)is_new;
    post(job->desk, &job->end_mail, NULL);
}

const cp_work_class cp_job_work_class = {start_job, run_job, discard_job};

static void set_output(copse_job *self, copse_parcel *own)
{
    copse_parcel_free(self->output);
    self->output = own;
}

copse_job_end copse_job_done(copse_job *self, copse_parcel *own)
{
    set_output(self, own);
    return COPSE_JOB_ENDS_DONE;
}

copse_job_end copse_job_fail(copse_job *self, copse_parcel *own)
{
    set_output(self, own);
    return COPSE_JOB_ENDS_FAILED;
}

copse_job_end copse_job_fail_text(copse_job *self, const char *text)
{
    copse_parcel *error = NULL;
    copse_parcel_builder *builder = copse_parcel_builder_new(self->desk->allocator);
    if (builder == NULL)
        return copse_job_fail(self, NULL);
    copse_parcel_add_text(builder, text, strlen(text));
    if (copse_parcel_finish(builder, &error) != COPSE_OK)
        error = NULL;
    copse_parcel_builder_free(builder);
    return copse_job_fail(self, error);
}

/* Why JOB, which runs, has to stop by the worker's own knowledge. */
static copse_stop own_stop_reason(const copse_job *job)
{
    const copse_pool *pool = job->worker->pool;
    if (cp_pool_is_abandoned(job->desk->pool))
        return COPSE_STOP_SHUTDOWN;
    if (job->deadline_ns == COPSE_NEVER || !is_late(job, cp_clock_now(pool->clock)))
        return COPSE_STOP_NONE;
    return COPSE_STOP_TIMEOUT;
}

bool copse_job_should_stop(copse_job *self)
{
    cp_job_state from = CP_JOB_FREE;
    uint32_t word = atomic_load_explicit(&self->word, memory_order_relaxed);
    if (cp_job_word_state(word) == CP_JOB_STOPPING)
        return true;
    copse_stop reason = own_stop_reason(self);
    if (reason == COPSE_STOP_NONE)
        return false;
    bool is_new = cp_job_try_move(&self->word, CP_JOB_EVENT_STOP, reason, &from);
    assert(is_new || from == CP_JOB_STOPPING);
    (void)is_new;
    return true;
}

copse_stop copse_job_stop_reason(copse_job *self)
{
    return copse_job_should_stop(self) ? cp_job_reason_of(self) : COPSE_STOP_NONE;
}

copse_job_handle copse_job_self(const copse_job *self)
{
    return cp_job_handle_of(self);
}

void *copse_job_worker_data(const copse_job *self)
{
    return self->worker->data;
}

copse_pool *copse_job_pool(const copse_job *self)
{
    return self->worker->pool;
}
