/* twin.c -- a worker is a task while it has work: it picks and starts, sleeps for as long as the
 * work takes, runs it in no time at the end, and picks again. Parked it is no task at all, so that
 * an executor without work has none either. What a cancel or a deadline does to running work is
 * thus seen by its function, as on a thread that polls. */
#include "sched/twin.h"

#include <assert.h>
#include <string.h>

#include "sched/memory.h"
#include "sched/owner.h"

enum {
    pool_alignment = 64,
    default_run_ns = 1000000,
    run_choices = 8, /* how many lengths a run can have */
};

typedef struct twin_worker {
    cp_worker base; /* first */
    cp_task task;
    cp_work *current; /* started, its time not over; NULL while it runs or there is none */
    bool is_task;     /* the executor has the task */
} twin_worker;

typedef struct twin_pool {
    copse_pool base; /* first */
    copse_twin_options options;
    cp_owner owner;
    uint32_t task_count; /* workers that are tasks */
} twin_pool;

static twin_pool *to_twin(copse_pool *pool)
{
    return (twin_pool *)(void *)pool;
}

static twin_worker *to_worker(cp_worker *worker)
{
    return (twin_worker *)(void *)worker;
}

/* ---- Working ---- */

static int64_t choose_run_ns(twin_pool *pool, const cp_work *work)
{
    uint32_t chosen = 0;
    if (work->virtual_ns > 0)
        return work->virtual_ns;
    if (pool->options.choices != NULL)
        chosen = cp_choose(pool->options.choices, run_choices, CP_CHOICE_JOB, NULL, NULL);
    return pool->options.run_ns * (int64_t)(chosen + 1);
}

static void run_current(twin_worker *self)
{
    cp_work *work = self->current;
    cp_worker *outer = cp_worker_enter(&self->base);
    self->current = NULL;
    self->base.now_ns = cp_clock_now(self->base.pool->clock);
    work->class->run(work, &self->base);
    cp_worker_set_phase(&self->base, CP_WORKER_WORKING);
    cp_worker_enter(outer);
}

/* True when there is work now, and it is started. */
static bool start_next(twin_worker *self)
{
    cp_worker *worker = &self->base;
    worker->now_ns = cp_clock_now(worker->pool->clock);
    cp_work *work = cp_worker_pick(worker);
    while (work != NULL && !work->class->start(work, worker))
        work = cp_worker_pick(worker);
    cp_worker_set_phase(worker, CP_WORKER_WORKING);
    self->current = work;
    return work != NULL;
}

static copse_outcome sleep_for_current(twin_worker *self)
{
    const copse_pool *pool = self->base.pool;
    int64_t until_ns = 0;
    if (CP_ADD_OVERFLOWS(cp_clock_now(pool->clock),
                         choose_run_ns(to_twin(self->base.pool), self->current), &until_ns))
        until_ns = COPSE_NEVER - 1;
    return cp_task_block(&self->task, (copse_block){.kind = COPSE_BLOCK_SLEEP}, until_ns);
}

/* Whatever the reason: a worker that is asked to end has until its executor's patience is over. */
static copse_outcome resume_worker(cp_task *task, copse_why why)
{
    twin_worker *self = CP_CONTAINER_OF(task, twin_worker, task);
    (void)why;
    cp_worker_leave_park(&self->base);
    if (self->current != NULL) {
        run_current(self);
        return COPSE_YIELDED; /* the owner's mail comes before this worker's end */
    }
    for (;;) {
        if (start_next(self))
            return sleep_for_current(self);
        if (cp_worker_park(&self->base) != CP_PARK_AGAIN)
            return cp_task_done(task, 0);
    }
}

static void drop_worker(cp_task *own)
{
    twin_worker *self = CP_CONTAINER_OF(own, twin_worker, task);
    cp_work *given_up = self->current;
    self->current = NULL;
    self->is_task = false;
    to_twin(self->base.pool)->task_count--;
    cp_worker_stay_parked(&self->base);
    if (given_up != NULL)
        given_up->class->discard(given_up);
}

static const cp_task_class worker_class = {"worker", resume_worker, drop_worker, NULL};

/* ---- The rows of the class ---- */

static copse_status make_task(twin_worker *self)
{
    twin_pool *pool = to_twin(self->base.pool);
    cp_task_label label = {"worker", ""};
    cp_task *task = &self->task;
    assert(!self->is_task);
    cp_task_init(task, &worker_class);
    copse_status status = cp_executor_schedule(pool->options.executor, &task, &label, NULL);
    self->is_task = status == COPSE_OK;
    pool->task_count += self->is_task;
    return status;
}

/* One worker at least has to be a task, to find what is queued; more are as memory allows. It stays
 * on the list of the parked, from where it will be taken first. */
static copse_status before_push(copse_pool *pool)
{
    twin_pool *twin = to_twin(pool);
    CP_REQUIRE_OWNER(&twin->owner);
    if (twin->task_count > 0 || pool->is_paused || pool->is_closing)
        return COPSE_OK;
    assert(pool->parked != NULL);
    return make_task(to_worker(pool->parked));
}

static void unpark(cp_worker *worker)
{
    twin_worker *self = to_worker(worker);
    bool has_use = !worker->pool->is_closing || worker->pool->tiers.count > 0;
    if (!self->is_task && (!has_use || make_task(self) != COPSE_OK))
        cp_worker_stay_parked(worker);
}

/* What helps runs in no time. */
static copse_status help(cp_worker *worker, cp_work *wanted, bool (*is_done)(void *context),
                         void *context, int64_t deadline_ns)
{
    copse_status status = COPSE_OK;
    while (status == COPSE_OK && !is_done(context)) {
        worker->now_ns = cp_clock_now(worker->pool->clock);
        cp_work *work = cp_worker_pick_help(worker, wanted);
        if (work != NULL)
            cp_worker_execute(worker, work);
        else
            status = copse_executor_run_until(to_twin(worker->pool)->options.executor, is_done,
                                              context, deadline_ns);
    }
    return status;
}

/* Who sleeps in a wait drives the executor, and looks after each step. */
static void kick(cp_worker *worker)
{
    (void)worker;
}

static bool recall(cp_worker *worker, cp_work *work)
{
    twin_worker *self = to_worker(worker);
    if (self->current != work)
        return false;
    self->current = NULL;
    copse_status status =
        copse_executor_wake(to_twin(worker->pool)->options.executor, self->task.handle);
    assert(status == COPSE_OK);
    (void)status;
    return true;
}

static bool has_no_task(void *context)
{
    const twin_pool *pool = context;
    return pool->task_count == 0;
}

static copse_status stop(copse_pool *pool, copse_shutdown how)
{
    twin_pool *twin = to_twin(pool);
    CP_REQUIRE_OWNER(&twin->owner);
    for (uint32_t i = 0; how == COPSE_SHUTDOWN_ABANDON && i < pool->worker_count; i++) {
        cp_work *started = to_worker(pool->workers[i])->current;
        if (started != NULL && recall(pool->workers[i], started))
            started->class->discard(started);
    }
    if (twin->task_count == 0) /* also when the executor is no more */
        return COPSE_OK;
    return copse_executor_run_until(twin->options.executor, has_no_task, twin, COPSE_NEVER);
}

static void free_twin(copse_pool *own)
{
    const copse_allocator *allocator = own->allocator;
    for (uint32_t i = 0; i < own->worker_count; i++) {
        cp_worker_finish(own->workers[i]);
        cp_release_aligned(allocator, own->workers[i], sizeof(twin_worker), pool_alignment);
    }
    cp_pool_destroy(own);
    cp_release_aligned(allocator, own, sizeof(twin_pool), pool_alignment);
}

static const cp_pool_class twin_class = {
    .before_push = before_push,
    .unpark = unpark,
    .kick = kick,
    .help = help,
    .recall = recall,
    .stop = stop,
    .free = free_twin,
};

copse_executor *cp_twin_executor(const copse_pool *pool)
{
    if (pool->class != &twin_class)
        return NULL;
    return ((const twin_pool *)(const void *)pool)->options.executor;
}

/* The last worker parks first: the first is the first to be woken. */
static bool make_workers(copse_pool *pool)
{
    while (pool->worker_count < pool->options.workers) {
        twin_worker *self = cp_allocate_aligned(pool->allocator, sizeof *self, pool_alignment);
        if (self == NULL)
            return false;
        memset(self, 0, sizeof *self);
        if (!cp_worker_begin(&self->base, pool, pool->worker_count)) {
            cp_release_aligned(pool->allocator, self, sizeof *self, pool_alignment);
            return false;
        }
        pool->workers[pool->worker_count++] = &self->base;
    }
    for (uint32_t i = pool->worker_count; i-- > 0;)
        cp_worker_stay_parked(pool->workers[i]);
    return true;
}

copse_status copse_pool_new_twin(const copse_pool_options *options, const copse_twin_options *twin,
                                 copse_pool **out)
{
    copse_pool_options checked;
    *out = NULL;
    copse_status status = cp_pool_options_check(options, &checked);
    if (status != COPSE_OK)
        return status;
    CP_REQUIRE(twin->executor != NULL, "the executor is NULL");
    CP_REQUIRE(twin->run_ns >= 0 && twin->run_ns <= COPSE_NEVER / run_choices,
               "run_ns is negative or too large");
    twin_pool *pool = cp_allocate_aligned(checked.allocator, sizeof *pool, pool_alignment);
    if (pool == NULL)
        return COPSE_ENOMEM;
    if (!cp_pool_init(&pool->base, &twin_class, &checked, copse_executor_clock(twin->executor))) {
        cp_release_aligned(checked.allocator, pool, sizeof *pool, pool_alignment);
        return COPSE_ENOMEM;
    }
    pool->options = *twin;
    if (pool->options.run_ns == 0)
        pool->options.run_ns = default_run_ns;
    pool->owner = cp_owner_here();
    pool->task_count = 0;
    if (!make_workers(&pool->base)) {
        free_twin(&pool->base);
        return COPSE_ENOMEM;
    }
    *out = &pool->base;
    return COPSE_OK;
}
