/* jobs.c -- a job is a slot that is used again: work of the pool, two mails, a timer and the state
 * word in one block, so that submitting allocates nothing. Everything that the owner counts, it
 * counts when it hears of the end: so all its numbers are one cut. */
#include "sched/jobs.h"

#include <assert.h>
#include <string.h>

#include "sched/histogram.h"
#include "sched/memory.h"

enum {
    default_retention = 1024,
    jobs_alignment = 64,
    tier_of_normal = 2,
};

_Static_assert(tier_of_normal * 2 + 1 == CP_TIER_COUNT, "priorities are -2 to 2");

struct copse_jobs {
    cp_job_desk desk; /* first: what workers see */
    copse_executor *executor;
    copse_clock *clock; /* the executor's, else the pool's */
    cp_worker *worker;  /* the owner is this worker of the pool; NULL elsewhere */
    bool is_twin;
    bool is_closing;
    uint32_t callbacks; /* of the host, that are running */
    uint32_t live_limit;
    uint32_t retention;
    void (*on_event)(void *context, const copse_job_event *event);
    void *context; /* of on_event */

    cp_job_slots slots;
    cp_timers timers;
    uint32_t live_count;
    uint32_t on_pool; /* live jobs that are not sleeps */
    uint32_t retained_count;
    copse_job *oldest, *newest; /* retained */

    copse_jobs_stats counts; /* what has been heard; live, queued and running are made on demand */
    cp_histogram wait_ns;
    cp_histogram run_ns;
};

/* The job of HANDLE, live or retained; NULL when it is unknown. */
static copse_job *find(const copse_jobs *jobs, copse_job_handle handle)
{
    uint32_t slot = (uint32_t)(handle.bits >> 32);
    if (slot >= jobs->slots.count)
        return NULL;
    copse_job *job = cp_job_slots_at(&jobs->slots, slot);
    if (job->generation != (uint32_t)handle.bits || job->is_forgotten ||
        cp_job_state_of(job) == CP_JOB_FREE)
        return NULL;
    return job;
}

/* ---- Telling the host ---- */

static void tell(copse_jobs *jobs, const copse_job *job, copse_job_event_kind kind, int64_t time_ns,
                 copse_job_state state, copse_stop reason)
{
    if (jobs->on_event == NULL)
        return;
    copse_job_event event = {kind, cp_job_handle_of(job), job->name, time_ns, state, reason};
    jobs->callbacks++;
    jobs->on_event(jobs->context, &event);
    jobs->callbacks--;
}

/* TIME_NS of the pool's clock as the table's clock shows it; the present where they differ. */
static int64_t table_time(const copse_jobs *jobs, int64_t time_ns)
{
    return jobs->desk.has_pool_time ? time_ns : cp_clock_now(jobs->clock);
}

static void tell_stop(copse_jobs *jobs, copse_job *job)
{
    if (job->stop == NULL || job->is_stop_told)
        return;
    job->is_stop_told = true;
    jobs->callbacks++;
    job->stop(job->context);
    jobs->callbacks--;
}

/* ---- What is kept of ended jobs ---- */

static void retain(copse_jobs *jobs, copse_job *job)
{
    job->newer = NULL;
    job->older = jobs->newest;
    if (jobs->newest == NULL)
        jobs->oldest = job;
    else
        jobs->newest->newer = job;
    jobs->newest = job;
    jobs->retained_count++;
}

static void unretain(copse_jobs *jobs, copse_job *job)
{
    if (job->older == NULL)
        jobs->oldest = job->newer;
    else
        job->older->newer = job->newer;
    if (job->newer == NULL)
        jobs->newest = job->older;
    else
        job->newer->older = job->older;
    job->newer = job->older = NULL;
    jobs->retained_count--;
}

/* The job is no more; its output is the caller's. */
static copse_parcel *consume(copse_jobs *jobs, copse_job *job)
{
    cp_job_state from = CP_JOB_FREE;
    copse_parcel *output = job->output;
    bool is_legal = cp_job_try_move(&job->word, CP_JOB_EVENT_CONSUME, COPSE_STOP_NONE, &from);
    assert(is_legal);
    (void)is_legal;
    job->output = NULL;
    cp_job_slots_give(&jobs->slots, job);
    return output;
}

static void drop_retained(copse_jobs *jobs, copse_job *job)
{
    if (cp_job_state_of(job) == CP_JOB_FAILED)
        jobs->counts.unseen_failures++;
    unretain(jobs, job);
    copse_parcel_free(consume(jobs, job));
}

/* ---- Hearing of ends ---- */

static void count_end(copse_jobs *jobs, const copse_job *job, cp_job_state state, copse_stop reason)
{
    copse_jobs_stats *counts = &jobs->counts;
    counts->completed += state == CP_JOB_DONE;
    counts->failed += state == CP_JOB_FAILED;
    counts->cancelled += state == CP_JOB_CANCELLED;
    counts->timed_out += state == CP_JOB_CANCELLED && reason == COPSE_STOP_TIMEOUT;
    counts->late_dropped += job->has_late_result || (job->is_forgotten && state == CP_JOB_DONE);
    counts->started += job->was_started;
    if (job->is_sleep || !job->was_started)
        return;
    cp_histogram_add(&jobs->wait_ns, job->started_ns - job->work.queued_ns);
    cp_histogram_add(&jobs->run_ns, job->ended_ns - job->started_ns);
}

static void leave_live(copse_jobs *jobs, copse_job *job)
{
    assert(job->is_live);
    job->is_live = false;
    jobs->live_count--;
    cp_timers_cancel(&jobs->timers, &job->timer);
    if (job->is_sleep)
        return;
    if (--jobs->on_pool == 0 && jobs->executor != NULL && !jobs->is_twin)
        copse_executor_external_end(jobs->executor);
}

/* A forgotten job leaves nothing, any other its record, for which the oldest may have to go. */
static void keep_or_drop(copse_jobs *jobs, copse_job *job)
{
    if (job->is_forgotten) {
        jobs->counts.unseen_failures += cp_job_state_of(job) == CP_JOB_FAILED;
        copse_parcel_free(consume(jobs, job));
        return;
    }
    retain(jobs, job);
    if (jobs->retained_count <= jobs->retention)
        return;
    jobs->counts.evicted++;
    drop_retained(jobs, jobs->oldest);
}

/* The one place where the owner learns of an end. Behind the callbacks the slot may be another
 * job's. */
static void hear_end(copse_jobs *jobs, copse_job *job)
{
    cp_job_state state = cp_job_state_of(job);
    copse_stop reason = cp_job_reason_of(job);
    copse_job_handle handle = cp_job_handle_of(job);
    void (*ended)(void *, copse_job_handle, copse_job_state) = job->ended;
    void (*drop)(void *) = job->drop;
    void *context = job->context;
    assert(state == CP_JOB_DONE || state == CP_JOB_FAILED || state == CP_JOB_CANCELLED);
    leave_live(jobs, job);
    count_end(jobs, job, state, reason);
    copse_parcel_free(job->input);
    job->input = NULL;
    if (state == CP_JOB_CANCELLED) {
        copse_parcel_free(job->output);
        job->output = NULL;
    }
    tell(jobs, job, state == CP_JOB_CANCELLED ? COPSE_JOB_STOPPED : COPSE_JOB_FINISHED,
         table_time(jobs, job->ended_ns), cp_job_public_state(state), reason);
    keep_or_drop(jobs, job);
    jobs->callbacks++;
    if (ended != NULL)
        ended(context, handle, cp_job_public_state(state));
    if (drop != NULL)
        drop(context);
    jobs->callbacks--;
}

static void hear_start(cp_mail *own, void *owner)
{
    copse_job *job = CP_CONTAINER_OF(own, copse_job, start_mail);
    tell(owner, job, COPSE_JOB_STARTED, table_time(owner, job->started_ns), COPSE_JOB_RUNNING,
         COPSE_STOP_NONE);
}

static void hear_end_mail(cp_mail *own, void *owner)
{
    hear_end(owner, CP_CONTAINER_OF(own, copse_job, end_mail));
}

/* Bounded by the jobs that are live: each has at most two mails. */
static void drain(copse_jobs *jobs)
{
    cp_mail *mail = cp_mailbox_take_all(&jobs->desk.mailbox);
    while (mail != NULL) {
        cp_mail *next = mail->next;
        mail->receive(mail, jobs);
        mail = next;
    }
}

/* ---- Deadlines and sleeps ---- */

/* Ask JOB, live and no sleep, to stop. A queued one is at its end now, unless a worker holds it
 * already and gives it back. */
static copse_status stop_job(copse_jobs *jobs, copse_job *job, copse_stop reason)
{
    cp_job_state from = CP_JOB_FREE;
    bool is_new = cp_job_try_move(&job->word, CP_JOB_EVENT_STOP, reason, &from);
    if (is_new && from == CP_JOB_QUEUED) {
        if (cp_pool_withdraw(jobs->desk.pool, &job->work)) {
            job->ended_ns = cp_clock_now(jobs->desk.pool->clock);
            hear_end(jobs, job);
        }
        return COPSE_OK;
    }
    if (is_new || from == CP_JOB_STOPPING)
        tell_stop(jobs, job);
    return is_new ? COPSE_OK : COPSE_ECANCELLED;
}

static void end_sleep(copse_jobs *jobs, copse_job *job, copse_stop reason)
{
    cp_job_state from = CP_JOB_FREE;
    bool is_over = reason == COPSE_STOP_NONE;
    bool is_legal = cp_job_try_move(&job->word, is_over ? CP_JOB_EVENT_FINISH : CP_JOB_EVENT_DROP,
                                    reason, &from);
    assert(is_legal);
    (void)is_legal;
    job->ended_ns = cp_clock_now(jobs->clock);
    hear_end(jobs, job);
}

static void fire_due(copse_jobs *jobs, int64_t now_ns)
{
    cp_timer *timer = cp_timers_pop(&jobs->timers, now_ns);
    for (; timer != NULL; timer = cp_timers_pop(&jobs->timers, now_ns)) {
        copse_job *job = CP_CONTAINER_OF(timer, copse_job, timer);
        if (!job->is_sleep) {
            copse_status status = stop_job(jobs, job, COPSE_STOP_TIMEOUT);
            (void)status; /* asked before: for that reason it will end */
        } else {
            end_sleep(jobs, job,
                      job->until_ns <= job->deadline_ns ? COPSE_STOP_NONE : COPSE_STOP_TIMEOUT);
        }
    }
}

static void hear_posted(void *table)
{
    drain(table);
}

static int64_t fire_and_look_ahead(void *table)
{
    copse_jobs *jobs = table;
    fire_due(jobs, cp_clock_now(jobs->clock));
    return cp_timers_next(&jobs->timers);
}

static const cp_job_table_class table_class = {hear_posted, fire_and_look_ahead};

static void set_timer(copse_jobs *jobs, copse_job *job, int64_t due_ns)
{
    bool is_earliest = due_ns < cp_timers_next(&jobs->timers);
    cp_timers_set(&jobs->timers, &job->timer, due_ns);
    if (is_earliest)
        cp_job_link_hurry(jobs->desk.link, due_ns);
}

/* ---- Submitting ---- */

static copse_status check_options(const copse_job_options *options)
{
    CP_REQUIRE(options->priority >= -tier_of_normal && options->priority <= tier_of_normal,
               "the priority is not -2 to 2");
    CP_REQUIRE(options->virtual_ns >= 0, "virtual_ns is negative");
    return COPSE_OK;
}

static void copy_name(char *out, const char *name)
{
    size_t length = name == NULL ? 0 : strnlen(name, CP_JOB_NAME_SIZE - 1);
    if (name == NULL) {
        memcpy(out, "job", sizeof "job");
        return;
    }
    memcpy(out, name, length);
    out[length] = '\0';
}

static void fill(copse_job *job, const copse_job_options *options, int64_t now_ns)
{
    atomic_store_explicit(&job->word, cp_job_moves[CP_JOB_FREE][CP_JOB_EVENT_SUBMIT] - 1U,
                          memory_order_relaxed);
    job->work.virtual_ns = options->virtual_ns;
    job->work.tier = (uint8_t)(options->priority + tier_of_normal);
    job->started_ns = job->ended_ns = 0;
    job->worker = NULL;
    job->was_started = job->has_late_result = false;
    job->run = options->run;
    job->context = options->context;
    job->input = options->input;
    job->deadline_ns = options->deadline_ns == 0 ? COPSE_NEVER : options->deadline_ns;
    job->is_live = true;
    job->is_sleep = job->is_forgotten = job->is_stop_told = false;
    job->priority = options->priority;
    job->submitted_ns = now_ns;
    job->stop = options->stop;
    job->ended = options->ended;
    job->drop = options->drop;
    copy_name(job->name, options->name);
}

static void unfill(copse_jobs *jobs, copse_job *job)
{
    atomic_store_explicit(&job->word, CP_JOB_FREE, memory_order_relaxed);
    job->input = NULL;
    job->is_live = false;
    cp_job_slots_give(&jobs->slots, job);
}

/* FIRST and those behind it, linked by newer. */
static void unfill_all(copse_jobs *jobs, copse_job *first)
{
    while (first != NULL) {
        copse_job *next = first->newer;
        unfill(jobs, first);
        first = next;
    }
}

/* Slots for COUNT jobs, linked by newer, and by work.next for the pool. NULL when one is refused:
 * all are then given back. */
static copse_job *take_slots(copse_jobs *jobs, const copse_job_options *options, uint32_t count,
                             int64_t now_ns)
{
    copse_job *first = NULL;
    copse_job *last = NULL;
    for (uint32_t i = 0; i < count; i++) {
        copse_job *job = cp_job_slots_take(&jobs->slots);
        if (job == NULL) {
            unfill_all(jobs, first);
            return NULL;
        }
        fill(job, &options[i], now_ns);
        job->newer = NULL;
        job->work.next = NULL;
        if (last == NULL) {
            first = job;
        } else {
            last->newer = job;
            last->work.next = &job->work;
        }
        last = job;
    }
    return first;
}

static copse_status admit(copse_jobs *jobs, uint32_t count, bool has_deadline)
{
    if (jobs->is_closing)
        return COPSE_ESHUTDOWN;
    if (jobs->live_limit != 0 && count > jobs->live_limit - jobs->live_count)
        return COPSE_EFULL;
    if (!has_deadline)
        return COPSE_OK;
    if (!cp_timers_reserve(&jobs->timers, (size_t)jobs->timers.count + count))
        return COPSE_ENOMEM;
    return cp_job_link_keep(jobs->desk.link);
}

/* JOB was taken over. It may have ended already, which the owner has not heard. */
static void enter_live(copse_jobs *jobs, copse_job *job, int64_t due_ns)
{
    jobs->counts.submitted++;
    jobs->live_count++;
    if (!job->is_sleep && jobs->on_pool++ == 0 && jobs->executor != NULL && !jobs->is_twin)
        copse_executor_external_begin(jobs->executor);
    if (due_ns != COPSE_NEVER)
        set_timer(jobs, job, due_ns);
    tell(jobs, job, COPSE_JOB_SUBMITTED, job->submitted_ns, COPSE_JOB_QUEUED, COPSE_STOP_NONE);
}

static copse_status refuse(copse_jobs *jobs, copse_status status)
{
    jobs->counts.overflow += status == COPSE_EFULL;
    return status;
}

static copse_status push_all(copse_jobs *jobs, const copse_job_options *options, uint32_t count,
                             copse_job_handle *out)
{
    int64_t now_ns = cp_clock_now(jobs->clock);
    copse_job *first = take_slots(jobs, options, count, now_ns);
    if (first == NULL)
        return COPSE_ENOMEM;
    copse_status status =
        cp_pool_push(jobs->desk.pool, &first->work, count,
                     jobs->desk.has_pool_time ? now_ns : cp_clock_now(jobs->desk.pool->clock));
    if (status != COPSE_OK) {
        unfill_all(jobs, first);
        return status;
    }
    while (first != NULL) {
        copse_job *next = first->newer;
        first->newer = NULL;
        if (out != NULL)
            *out++ = cp_job_handle_of(first);
        enter_live(jobs, first, first->deadline_ns);
        first = next;
    }
    return COPSE_OK;
}

copse_status copse_job_submit_n(copse_jobs *jobs, const copse_job_options *options, uint32_t count,
                                copse_job_handle *out)
{
    bool has_deadline = false;
    CP_REQUIRE_OWNER(&jobs->desk.owner);
    for (uint32_t i = 0; i < count; i++) {
        copse_status status = check_options(&options[i]);
        if (status != COPSE_OK)
            return status;
        CP_REQUIRE(options[i].run != NULL, "the function is NULL");
        has_deadline = has_deadline || options[i].deadline_ns != 0;
    }
    if (count == 0)
        return COPSE_OK;
    copse_status status = admit(jobs, count, has_deadline);
    return refuse(jobs, status == COPSE_OK ? push_all(jobs, options, count, out) : status);
}

copse_status copse_job_submit(copse_jobs *jobs, const copse_job_options *options,
                              copse_job_handle *out)
{
    return copse_job_submit_n(jobs, options, 1, out);
}

copse_status copse_job_sleep_until(copse_jobs *jobs, const copse_job_options *options,
                                   int64_t until_ns, copse_job_handle *out)
{
    cp_job_state from = CP_JOB_FREE;
    CP_REQUIRE_OWNER(&jobs->desk.owner);
    CP_REQUIRE(options->run == NULL && options->stop == NULL, "a sleep runs nothing");
    CP_REQUIRE(until_ns != COPSE_NEVER, "a sleep ends");
    copse_status status = check_options(options);
    if (status != COPSE_OK)
        return status;
    status = admit(jobs, 1, true);
    if (status != COPSE_OK)
        return refuse(jobs, status);
    int64_t now_ns = cp_clock_now(jobs->clock);
    copse_job *job = take_slots(jobs, options, 1, now_ns);
    if (job == NULL)
        return COPSE_ENOMEM;
    job->is_sleep = true;
    job->until_ns = until_ns;
    job->was_started = true;
    job->started_ns = now_ns;
    if (out != NULL)
        *out = cp_job_handle_of(job);
    enter_live(jobs, job, until_ns < job->deadline_ns ? until_ns : job->deadline_ns);
    bool is_legal = cp_job_try_move(&job->word, CP_JOB_EVENT_START, COPSE_STOP_NONE, &from);
    assert(is_legal);
    (void)is_legal;
    tell(jobs, job, COPSE_JOB_STARTED, now_ns, COPSE_JOB_RUNNING, COPSE_STOP_NONE);
    return COPSE_OK;
}

/* ---- Looking and taking ---- */

static void hear_all(copse_jobs *jobs)
{
    if (!cp_mailbox_is_empty(&jobs->desk.mailbox))
        drain(jobs);
    if (jobs->executor == NULL && jobs->timers.count > 0)
        fire_due(jobs, cp_clock_now(jobs->clock));
}

static uint64_t ended_count(const copse_jobs *jobs)
{
    return jobs->counts.submitted - jobs->live_count;
}

copse_status copse_jobs_poll(copse_jobs *jobs, uint32_t *ended)
{
    CP_REQUIRE_OWNER(&jobs->desk.owner);
    uint64_t before = ended_count(jobs);
    hear_all(jobs);
    if (ended != NULL)
        *ended = (uint32_t)(ended_count(jobs) - before);
    return COPSE_OK;
}

/* What the owner may know of JOB: an end that it has not heard of is none. */
static copse_job_state shown_state(copse_job *job)
{
    copse_job_state state = cp_job_public_state(cp_job_state_of(job));
    return job->is_live && state != COPSE_JOB_QUEUED ? COPSE_JOB_RUNNING : state;
}

copse_status copse_job_get_info(copse_jobs *jobs, copse_job_handle handle, copse_job_info *out)
{
    CP_REQUIRE_OWNER(&jobs->desk.owner);
    copse_job *job = find(jobs, handle);
    if (job == NULL)
        return COPSE_EUNKNOWN;
    bool has_run = !job->is_live && job->was_started;
    int64_t since_ns = job->is_sleep ? job->submitted_ns : job->work.queued_ns;
    *out = (copse_job_info){
        .job = handle,
        .state = shown_state(job),
        .reason = cp_job_reason_of(job),
        .priority = job->priority,
        .submitted_ns = job->submitted_ns,
        .deadline_ns = job->deadline_ns,
        .wait_ns = has_run ? job->started_ns - since_ns : 0,
        .run_ns = has_run ? job->ended_ns - job->started_ns : 0,
    };
    memcpy(out->name, job->name, sizeof out->name);
    return COPSE_OK;
}

copse_status copse_job_try_get_result(copse_jobs *jobs, copse_job_handle handle,
                                      copse_job_result *out)
{
    CP_REQUIRE_OWNER(&jobs->desk.owner);
    *out = (copse_job_result){.state = COPSE_JOB_UNKNOWN};
    copse_job *job = find(jobs, handle);
    if (job == NULL)
        return COPSE_EUNKNOWN;
    out->state = shown_state(job);
    if (job->is_live)
        return COPSE_EPENDING;
    out->reason = cp_job_reason_of(job);
    unretain(jobs, job);
    out->parcel = consume(jobs, job);
    return COPSE_OK;
}

static copse_status cancel_live(copse_jobs *jobs, copse_job *job, copse_stop reason)
{
    if (!job->is_sleep)
        return stop_job(jobs, job, reason);
    end_sleep(jobs, job, reason);
    return COPSE_OK;
}

copse_status copse_job_cancel(copse_jobs *jobs, copse_job_handle handle)
{
    CP_REQUIRE_OWNER(&jobs->desk.owner);
    copse_job *job = find(jobs, handle);
    if (job == NULL)
        return COPSE_EUNKNOWN;
    return job->is_live ? cancel_live(jobs, job, COPSE_STOP_CANCEL) : COPSE_EINVAL;
}

copse_status copse_job_forget(copse_jobs *jobs, copse_job_handle handle)
{
    CP_REQUIRE_OWNER(&jobs->desk.owner);
    copse_job *job = find(jobs, handle);
    if (job == NULL)
        return COPSE_EUNKNOWN;
    if (!job->is_live) {
        drop_retained(jobs, job);
        return COPSE_OK;
    }
    job->is_forgotten = true;
    copse_status status = cancel_live(jobs, job, COPSE_STOP_CANCEL);
    (void)status; /* asked before, or at its end: it is dropped when that is heard */
    return COPSE_OK;
}

/* ---- Waiting ---- */

typedef struct job_wait {
    copse_jobs *jobs;
    copse_job_handle handle;
} job_wait;

static bool is_over(void *context)
{
    const job_wait *wait = context;
    hear_all(wait->jobs);
    const copse_job *job = find(wait->jobs, wait->handle);
    return job == NULL || !job->is_live;
}

/* The owner is a thread of its own: sleep until a worker posts, or a deadline comes. */
static copse_status block(job_wait *wait, int64_t deadline_ns)
{
    while (!is_over(wait)) {
        if (cp_clock_now(wait->jobs->clock) >= deadline_ns)
            return COPSE_ETIMEOUT;
        cp_wait_end end =
            cp_clock_wait_until(wait->jobs->clock, deadline_ns, &wait->jobs->desk.link->wake);
        (void)end; /* the loop looks */
    }
    return COPSE_OK;
}

/* Without an executor the deadlines of jobs end a sleep as well: nobody else would look. */
static copse_status wait_here(job_wait *wait, cp_work *wanted, int64_t deadline_ns)
{
    copse_jobs *jobs = wait->jobs;
    copse_status status = COPSE_ETIMEOUT;
    while (status == COPSE_ETIMEOUT) {
        int64_t due_ns = cp_timers_next(&jobs->timers);
        int64_t until_ns = due_ns < deadline_ns ? due_ns : deadline_ns;
        status = jobs->worker == NULL
                     ? block(wait, until_ns)
                     : cp_worker_help(jobs->worker, wanted, is_over, wait, until_ns);
        if (until_ns == deadline_ns)
            break;
    }
    return status;
}

copse_status copse_job_wait(copse_jobs *jobs, copse_job_handle handle, int64_t deadline_ns)
{
    job_wait wait = {jobs, handle};
    CP_REQUIRE_OWNER(&jobs->desk.owner);
    copse_job *job = find(jobs, handle);
    if (job == NULL)
        return COPSE_EUNKNOWN;
    if (is_over(&wait))
        return COPSE_OK;
    if (cp_pool_is_orphan(jobs->desk.pool))
        return COPSE_ESHUTDOWN;
    if (jobs->executor != NULL)
        return copse_executor_run_until(jobs->executor, is_over, &wait, deadline_ns);
    return wait_here(&wait, &job->work, deadline_ns);
}

/* ---- Numbers ---- */

copse_status copse_jobs_stats_snapshot(copse_jobs *jobs, copse_jobs_stats *out)
{
    CP_REQUIRE_OWNER(&jobs->desk.owner);
    uint64_t queued = 0;
    uint64_t left = jobs->live_count;
    for (uint32_t i = 0; left > 0; i++) {
        copse_job *job = cp_job_slots_at(&jobs->slots, i);
        left -= job->is_live;
        queued += job->is_live && shown_state(job) == COPSE_JOB_QUEUED;
    }
    *out = jobs->counts;
    out->live = jobs->live_count;
    out->queued = queued;
    out->running = jobs->live_count - queued;
    out->started += out->running;
    out->retained = jobs->retained_count;
    out->wait_ns = cp_histogram_summary(&jobs->wait_ns);
    out->run_ns = cp_histogram_summary(&jobs->run_ns);
    return COPSE_OK;
}

/* ---- Life ---- */

static copse_status check_table(const copse_jobs_options *options, const cp_worker *worker)
{
    CP_REQUIRE(options->pool != NULL, "the pool is NULL");
    const copse_executor *twin = cp_twin_executor(options->pool);
    CP_REQUIRE(twin == NULL || options->executor == twin ||
                   (options->executor == NULL && worker != NULL),
               "the workers are tasks of another executor");
    return COPSE_OK;
}

static void init_table(copse_jobs *jobs, const copse_jobs_options *options, cp_worker *worker)
{
    copse_pool *pool = options->pool;
    copse_executor *executor = options->executor;
    memset(jobs, 0, sizeof *jobs);
    jobs->desk.allocator = cp_allocator_or_default(options->allocator);
    jobs->desk.pool = pool;
    jobs->executor = executor;
    jobs->worker = executor == NULL ? worker : NULL;
    jobs->clock = executor == NULL ? pool->clock : copse_executor_clock(executor);
    jobs->desk.owner = cp_owner_here();
    jobs->is_twin = cp_twin_executor(pool) != NULL;
    jobs->desk.has_pool_time =
        jobs->clock == pool->clock || cp_clock_kind_of(jobs->clock) == CP_CLOCK_REAL;
    jobs->live_limit = options->live_limit;
    jobs->retention = options->retention == 0 ? default_retention : options->retention;
    jobs->on_event = options->on_event;
    jobs->desk.hears_starts = options->on_event != NULL;
    jobs->context = options->context;
    cp_mailbox_init(&jobs->desk.mailbox);
    cp_job_slots_init(&jobs->slots, &jobs->desk, hear_start, hear_end_mail);
    cp_timers_init(&jobs->timers, jobs->desk.allocator);
}

copse_status copse_jobs_new(const copse_jobs_options *options, copse_jobs **out)
{
    const copse_allocator *allocator = cp_allocator_or_default(options->allocator);
    cp_worker *worker = cp_worker_here();
    if (worker != NULL && worker->pool != options->pool)
        worker = NULL;
    *out = NULL;
    copse_status status = check_table(options, worker);
    if (status != COPSE_OK)
        return status;
    copse_jobs *jobs = cp_allocate_aligned(allocator, sizeof *jobs, jobs_alignment);
    if (jobs == NULL)
        return COPSE_ENOMEM;
    init_table(jobs, options, worker);
    jobs->desk.link =
        cp_job_link_new(jobs->desk.allocator, jobs->executor, jobs->worker, &table_class, jobs);
    if (jobs->desk.link == NULL) {
        cp_release_aligned(allocator, jobs, sizeof *jobs, jobs_alignment);
        return COPSE_ENOMEM;
    }
    atomic_fetch_add_explicit(&jobs->desk.pool->tables, 1, memory_order_relaxed);
    *out = jobs;
    return COPSE_OK;
}

/* End a job of which no worker will tell: its process has none, or it was taken back. */
static void give_up(copse_jobs *jobs, copse_job *job)
{
    cp_job_state from = CP_JOB_FREE;
    bool is_new = cp_job_try_move(&job->word, CP_JOB_EVENT_DROP, COPSE_STOP_NONE, &from);
    (void)is_new; /* else it had ended already */
    job->ended_ns = cp_clock_now(jobs->desk.pool->clock);
    hear_end(jobs, job);
}

static void cancel_all(copse_jobs *jobs)
{
    for (uint32_t i = 0; jobs->live_count > 0 && i < jobs->slots.count; i++) {
        copse_job *job = cp_job_slots_at(&jobs->slots, i);
        if (!job->is_live)
            continue;
        copse_status status = cancel_live(jobs, job, COPSE_STOP_SHUTDOWN);
        (void)status; /* asked before */
        if (job->is_live && cp_pool_recall(jobs->desk.pool, &job->work))
            give_up(jobs, job);
    }
}

/* Return when every job of the table has come back from the pool, and nobody posts any more. */
static void await_all(copse_jobs *jobs)
{
    drain(jobs);
    while (jobs->on_pool > 0) {
        cp_wake_wait(&jobs->desk.link->wake);
        drain(jobs);
    }
    cp_pool_settle(jobs->desk.pool);
}

copse_status copse_jobs_free(copse_jobs *own)
{
    if (own == NULL)
        return COPSE_OK;
    CP_REQUIRE_OWNER(&own->desk.owner);
    if (own->callbacks > 0 || own->desk.runs_here > 0)
        return COPSE_EBUSY_OWNER;
    own->is_closing = true;
    cancel_all(own);
    uint32_t link_state = cp_job_link_begin_free(own->desk.link);
    await_all(own);
    while (own->oldest != NULL)
        drop_retained(own, own->oldest);
    cp_job_link_leave(own->desk.link, link_state);
    cp_job_slots_destroy(&own->slots);
    cp_timers_destroy(&own->timers);
    atomic_fetch_sub_explicit(&own->desk.pool->tables, 1, memory_order_release);
    cp_release_aligned(own->desk.allocator, own, sizeof *own, jobs_alignment);
    return COPSE_OK;
}
