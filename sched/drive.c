/* drive.c -- a turn: deliver mail, fire what is due, then resume one ready task, or else let time
 * pass. The ready set is a ring: the head is first, any other choice swaps with it, so that each
 * pick is constant time. A wait runs turns until it is over or nothing can change. */
#include "sched/drive.h"

#include <assert.h>
#include <string.h>

#include "sched/memory.h"
#include "sched/waitgraph.h"

enum {
    first_capacity = 64,
    drive_alignment = 64,
    real_clock_period = 32, /* turns between two looks at a clock that costs a system call */
    farewell_resumes = 64,  /* resumes for each task to clean up while the executor is freed */
};

static cp_drive *to_drive(copse_executor *executor)
{
    return (cp_drive *)(void *)executor;
}

static const cp_drive *to_const_drive(const copse_executor *executor)
{
    return (const cp_drive *)(const void *)executor;
}

/* ---- The ready set ---- */

static bool reserve_ready(cp_home *home, size_t count)
{
    cp_drive *drive = to_drive(&home->base);
    if (count <= drive->capacity)
        return true;
    if (drive->capacity >= UINT32_MAX / 2)
        return false;
    uint32_t capacity = drive->capacity == 0 ? first_capacity : drive->capacity * 2;
    assert(count <= capacity);
    cp_task **larger = cp_allocate_array(home->base.allocator, capacity, sizeof *larger);
    if (larger == NULL)
        return false;
    for (uint32_t i = 0; i < drive->count; i++)
        larger[i] = drive->ready[(drive->head + i) & (drive->capacity - 1)];
    if (drive->ready != NULL)
        cp_release_array(home->base.allocator, drive->ready, drive->capacity, sizeof *drive->ready);
    drive->ready = larger;
    drive->capacity = capacity;
    drive->head = 0;
    return true;
}

static void make_ready(cp_home *home, cp_task *task)
{
    cp_drive *drive = to_drive(&home->base);
    assert(drive->count < drive->capacity);
    drive->ready[(drive->head + drive->count++) & (drive->capacity - 1)] = task;
}

static cp_task *take_ready(cp_drive *drive)
{
    uint32_t chosen = drive->policy->choose_ready == NULL ? 0 : drive->policy->choose_ready(drive);
    assert(chosen < drive->count);
    cp_task **head = &drive->ready[drive->head];
    cp_task **place = &drive->ready[(drive->head + chosen) & (drive->capacity - 1)];
    cp_task *task = *place;
    *place = *head;
    drive->head = (drive->head + 1) & (drive->capacity - 1);
    drive->count--;
    return task;
}

static bool has_diverged(cp_drive *drive)
{
    return drive->policy->has_diverged != NULL && drive->policy->has_diverged(drive);
}

/* ---- Turns ---- */

static void read_clock(cp_drive *drive)
{
    const copse_clock *clock = drive->home.base.clock;
    if (cp_clock_kind_of(clock) != CP_CLOCK_REAL || drive->turns++ % real_clock_period == 0)
        drive->home.now_ns = cp_clock_now(clock);
}

/* False when there was no mail. */
static bool receive_mail(cp_drive *drive)
{
    uint32_t waiting = cp_home_take_mail(&drive->home);
    if (waiting == 0)
        return false;
    uint32_t chosen =
        drive->policy->choose_mail == NULL ? 0 : drive->policy->choose_mail(drive, waiting);
    assert(chosen <= waiting);
    cp_home_deliver(&drive->home, chosen == 0 ? waiting : chosen);
    return true;
}

/* False when nothing was due. */
static bool fire_timers(cp_home *home)
{
    if (cp_timers_next(&home->timers) > home->now_ns)
        return false;
    cp_home_fire_timers(home);
    return true;
}

/* Nothing is ready: wait for the next deadline or the next message, whichever comes first. While
 * somebody outside owes an answer, time that is not real stands still until it has come. */
static copse_status let_time_pass(cp_drive *drive)
{
    cp_home *home = &drive->home;
    copse_clock *clock = home->base.clock;
    int64_t due_ns = cp_timers_next(&home->timers);
    bool is_owed = atomic_load_explicit(&home->external, memory_order_acquire) > 0;
    if (home->inbox_count > 0 || !cp_mailbox_is_empty(&home->mailbox))
        return COPSE_OK;
    if (home->is_paused)
        return COPSE_EPAUSED;
    if (due_ns == COPSE_NEVER && !is_owed)
        return COPSE_EDEADLOCK;
    drive->turns = 0; /* the clock is read again after the wait */
    if (is_owed && cp_clock_kind_of(clock) != CP_CLOCK_REAL) {
        cp_wake_wait(&home->wake);
        return COPSE_OK;
    }
    switch (cp_clock_wait_until(clock, due_ns, &home->wake)) {
    case CP_WAIT_DUE:
    case CP_WAIT_WOKEN:
        return COPSE_OK;
    case CP_WAIT_STANDS:
        return COPSE_EIDLE;
    }
    return COPSE_EIDLE;
}

/* COPSE_OK when anything happened, so that waits look again; else why nothing can. */
static copse_status turn(cp_drive *drive)
{
    cp_home *home = &drive->home;
    read_clock(drive);
    bool has_mail = receive_mail(drive);
    bool has_due = fire_timers(home);
    if (CP_UNLIKELY(has_diverged(drive)))
        return COPSE_EDIVERGED;
    if (drive->count == 0)
        return has_mail || has_due ? COPSE_OK : let_time_pass(drive);
    if (CP_UNLIKELY(home->is_paused))
        return has_mail || has_due ? COPSE_OK : COPSE_EPAUSED;
    cp_task *task = take_ready(drive);
    if (CP_UNLIKELY(has_diverged(drive))) {
        make_ready(home, task);
        return COPSE_EDIVERGED;
    }
    cp_home_resume(home, task);
    return COPSE_OK;
}

/* ---- Waits and runs ---- */

static copse_status wait_for(copse_executor *executor, copse_task_handle handle,
                             int64_t deadline_ns, int *code)
{
    cp_drive *drive = to_drive(executor);
    cp_home *home = &drive->home;
    cp_wait wait;
    CP_REQUIRE_OWNER(&home->owner);
    if (cp_registry_find(&home->registry, handle) == NULL)
        return COPSE_EUNKNOWN;
    copse_status status = cp_home_push_wait(home, &wait, handle, deadline_ns);
    if (status != COPSE_OK)
        return status;
    while (status == COPSE_OK && !wait.is_over)
        status = wait.is_late ? COPSE_ETIMEOUT : turn(drive);
    cp_home_pop_wait(home, &wait);
    if (wait.is_over && code != NULL)
        *code = wait.code;
    return status;
}

/* The tasks that are ready now run once more. */
static copse_status finish_ready(cp_drive *drive)
{
    copse_status status = COPSE_OK;
    for (uint32_t left = drive->count; left > 0 && drive->count > 0 && status == COPSE_OK; left--)
        status = turn(drive);
    return status;
}

static copse_status run_goal(cp_drive *drive, const cp_run *run, const cp_wait *wait)
{
    cp_home *home = &drive->home;
    copse_status status = COPSE_OK;
    uint64_t resumes = home->counts.resumes;
    switch (run->goal) {
    case CP_RUN_UNTIL:
        while (status == COPSE_OK && !run->is_done(run->context))
            status = wait->is_late ? COPSE_ETIMEOUT : turn(drive);
        return status;
    case CP_RUN_TO:
        while (status == COPSE_OK && !wait->is_late)
            status = turn(drive);
        return status == COPSE_OK ? finish_ready(drive) : status;
    case CP_RUN_ALL:
        home->is_paused = false;
        while (status == COPSE_OK && cp_home_live(home) > 0)
            status = turn(drive);
        return status;
    case CP_RUN_STEP:
        while (status == COPSE_OK && home->counts.resumes == resumes)
            status = turn(drive);
        return status;
    }
    return COPSE_EINVAL;
}

static copse_status run(copse_executor *executor, const cp_run *run)
{
    cp_drive *drive = to_drive(executor);
    cp_wait wait;
    CP_REQUIRE_OWNER(&drive->home.owner);
    copse_status status =
        cp_home_push_wait(&drive->home, &wait, (copse_task_handle){0}, run->deadline_ns);
    if (status != COPSE_OK)
        return status;
    status = run_goal(drive, run, &wait);
    cp_home_pop_wait(&drive->home, &wait);
    return status;
}

/* ---- The other rows of the class ---- */

static copse_status schedule(copse_executor *executor, cp_task **own, const cp_task_label *label,
                             copse_task_handle *out)
{
    cp_home *home = &to_drive(executor)->home;
    CP_REQUIRE_OWNER(&home->owner);
    return cp_home_schedule(home, own, label, out);
}

static copse_status wake(copse_executor *executor, copse_task_handle handle)
{
    cp_home *home = &to_drive(executor)->home;
    CP_REQUIRE_OWNER(&home->owner);
    return cp_home_wake(home, handle);
}

static copse_status wake_at(copse_executor *executor, copse_task_handle handle, int64_t due_ns)
{
    cp_home *home = &to_drive(executor)->home;
    CP_REQUIRE_OWNER(&home->owner);
    return cp_home_wake_at(home, handle, due_ns);
}

static void post_wake(copse_executor *executor, copse_task_handle handle)
{
    cp_home_post_wake(&to_drive(executor)->home, handle);
}

static void post(copse_executor *executor, cp_mail *own)
{
    cp_home_post(&to_drive(executor)->home, own);
}

static void external(copse_executor *executor, int change)
{
    cp_home_external(&to_drive(executor)->home, change);
}

static copse_status cancel(copse_executor *executor, copse_task_handle handle, bool cascades)
{
    cp_home *home = &to_drive(executor)->home;
    CP_REQUIRE_OWNER(&home->owner);
    return cp_home_cancel(home, handle, cascades);
}

static copse_status set_paused(copse_executor *executor, bool is_paused)
{
    cp_home *home = &to_drive(executor)->home;
    CP_REQUIRE_OWNER(&home->owner);
    home->is_paused = is_paused;
    return COPSE_OK;
}

static copse_status stats(const copse_executor *executor, copse_executor_stats *out)
{
    const cp_home *home = &to_const_drive(executor)->home;
    CP_REQUIRE_OWNER(&home->owner);
    cp_home_stats(home, out);
    return COPSE_OK;
}

static copse_status info(const copse_executor *executor, copse_task_handle handle,
                         copse_task_info *out)
{
    const cp_home *home = &to_const_drive(executor)->home;
    CP_REQUIRE_OWNER(&home->owner);
    const cp_task *task = cp_registry_find(&home->registry, handle);
    if (task == NULL)
        return COPSE_EUNKNOWN;
    *out = cp_task_info(&home->registry, task);
    return COPSE_OK;
}

static copse_status visit_all(const copse_executor *executor,
                              void (*visit)(void *context, const copse_task_info *info),
                              void *context)
{
    const cp_home *home = &to_const_drive(executor)->home;
    CP_REQUIRE_OWNER(&home->owner);
    const cp_task *task = cp_registry_next(&home->registry, 0);
    while (task != NULL) {
        copse_task_info info = cp_task_info(&home->registry, task);
        visit(context, &info);
        task = cp_registry_next(&home->registry, cp_handle_slot(info.handle) + 1);
    }
    return COPSE_OK;
}

static copse_status find_cycle(const copse_executor *executor, copse_task_handle *cycle,
                               size_t capacity, size_t *count)
{
    /* The search leaves marks in the slots, which nobody else reads. */
    cp_registry *registry = (cp_registry *)&to_const_drive(executor)->home.registry;
    CP_REQUIRE_OWNER(&to_const_drive(executor)->home.owner);
    const cp_task *first = cp_find_cycle(registry);
    *count = 0;
    const cp_task *task = first;
    while (task != NULL && (*count == 0 || task != first)) {
        if (*count < capacity)
            cycle[*count] = task->handle;
        ++*count;
        task = cp_task_waits_for(registry, task);
    }
    return COPSE_OK;
}

static copse_status dump(const copse_executor *executor, cp_printer *printer)
{
    const cp_drive *drive = to_const_drive(executor);
    CP_REQUIRE_OWNER(&drive->home.owner);
    cp_home_dump(&drive->home, printer);
    return COPSE_OK;
}

/* ---- Life ---- */

/* Ask every task to end, and run until all have or none can within the bound. */
static void say_farewell(cp_drive *drive)
{
    cp_home *home = &drive->home;
    home->is_closing = true;
    home->is_paused = false;
    const cp_task *task = cp_registry_next(&home->registry, 0);
    for (; task != NULL; task = cp_registry_next(&home->registry, cp_handle_slot(task->handle) + 1))
        cp_home_cancel(home, task->handle, false);
    uint64_t left = cp_home_live(home) * farewell_resumes;
    while (drive->count > 0 && left-- > 0)
        cp_home_resume(home, take_ready(drive));
    cp_home_discard_all(home);
    drive->count = 0;
}

/* Bounded by the posting threads, which are to be gone, and by functions that post again. Counts as
 * a wait, so that none of them frees the executor under us. */
static void empty_mailbox(cp_home *home)
{
    home->depth++;
    while (cp_home_take_mail(home) > 0)
        cp_home_deliver(home, home->inbox_count);
    home->depth--;
}

static copse_status free_drive(copse_executor *own)
{
    cp_drive *drive = to_drive(own);
    cp_home *home = &drive->home;
    CP_REQUIRE_OWNER(&home->owner);
    if (home->depth > 0 || home->running != NULL || home->is_closing)
        return COPSE_EBUSY_OWNER;
    empty_mailbox(home);
    say_farewell(drive);
    empty_mailbox(home);
    cp_home_destroy(home);
    cp_drive_release(drive);
    return COPSE_OK;
}

static const cp_executor_class drive_rows = {
    .free = free_drive,
    .schedule = schedule,
    .wake = wake,
    .wake_at = wake_at,
    .post_wake = post_wake,
    .post = post,
    .external = external,
    .cancel = cancel,
    .wait = wait_for,
    .run = run,
    .set_paused = set_paused,
    .stats = stats,
    .info = info,
    .visit = visit_all,
    .find_cycle = find_cycle,
    .dump = dump,
};

cp_drive *cp_drive_allocate(const copse_allocator *allocator, const cp_drive_policy *policy)
{
    assert(policy->size >= sizeof(cp_drive));
    cp_drive *drive = cp_allocate_aligned(allocator, policy->size, drive_alignment);
    if (drive == NULL)
        return NULL;
    memset(drive, 0, policy->size);
    drive->policy = policy;
    drive->class = drive_rows;
    drive->class.name = policy->name;
    cp_home *home = &drive->home;
    home->base.allocator = allocator;
    home->base.class = &drive->class;
    home->reserve_ready = reserve_ready;
    home->make_ready = make_ready;
    return drive;
}

void cp_drive_release(cp_drive *own)
{
    const copse_allocator *allocator = own->home.base.allocator;
    if (own->policy->release != NULL)
        own->policy->release(own);
    if (own->ready != NULL)
        cp_release_array(allocator, own->ready, own->capacity, sizeof *own->ready);
    copse_clock_free(own->own_clock);
    cp_release_aligned(allocator, own, own->policy->size, drive_alignment);
}
