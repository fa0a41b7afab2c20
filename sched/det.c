/* det.c -- a turn: deliver mail, fire what is due, then resume one ready task, or else let time
 * pass. The ready set is a ring: FIFO takes its head, any other choice swaps with the head first,
 * so that each pick is constant time. A wait runs turns until it is over or nothing can change. */
#include "sched/det.h"

#include <assert.h>
#include <string.h>

#include "sched/memory.h"
#include "sched/waitgraph.h"

enum {
    first_capacity = 64,
    det_alignment = 64,
    real_clock_period = 32, /* turns between two looks at a clock that costs a system call */
    farewell_resumes = 64,  /* resumes for each task to clean up while the executor is freed */
};

typedef struct cp_det {
    cp_home home; /* first: a copse_executor is one */
    copse_choices *choices;
    copse_choices *own_choices; /* the same when nobody gave us any, else NULL */
    copse_clock *own_clock;
    cp_task **ready; /* a ring of a power of two */
    uint32_t capacity;
    uint32_t head;
    uint32_t count;
    uint32_t turns;
} cp_det;

static cp_det *to_det(copse_executor *executor)
{
    return (cp_det *)(void *)executor;
}

static const cp_det *to_const_det(const copse_executor *executor)
{
    return (const cp_det *)(const void *)executor;
}

/* ---- The ready set ---- */

static bool reserve_ready(cp_home *home, size_t count)
{
    cp_det *det = to_det(&home->base);
    if (count <= det->capacity)
        return true;
    if (det->capacity >= UINT32_MAX / 2)
        return false;
    uint32_t capacity = det->capacity == 0 ? first_capacity : det->capacity * 2;
    assert(count <= capacity);
    cp_task **larger = cp_allocate_array(home->base.allocator, capacity, sizeof *larger);
    if (larger == NULL)
        return false;
    for (uint32_t i = 0; i < det->count; i++)
        larger[i] = det->ready[(det->head + i) & (det->capacity - 1)];
    if (det->ready != NULL)
        cp_release_array(home->base.allocator, det->ready, det->capacity, sizeof *det->ready);
    det->ready = larger;
    det->capacity = capacity;
    det->head = 0;
    return true;
}

static void make_ready(cp_home *home, cp_task *task)
{
    cp_det *det = to_det(&home->base);
    assert(det->count < det->capacity);
    det->ready[(det->head + det->count++) & (det->capacity - 1)] = task;
}

static uint64_t identify_ready(void *context, uint32_t index)
{
    const cp_det *det = context;
    return det->ready[(det->head + index) & (det->capacity - 1)]->handle.bits;
}

static cp_task *take_ready(cp_det *det)
{
    uint32_t chosen = cp_choose(det->choices, det->count, CP_CHOICE_READY, identify_ready, det);
    cp_task **head = &det->ready[det->head];
    cp_task **place = &det->ready[(det->head + chosen) & (det->capacity - 1)];
    cp_task *task = *place;
    *place = *head;
    det->head = (det->head + 1) & (det->capacity - 1);
    det->count--;
    return task;
}

/* ---- Turns ---- */

static void read_clock(cp_det *det)
{
    const copse_clock *clock = det->home.base.clock;
    if (cp_clock_kind_of(clock) != CP_CLOCK_REAL || det->turns++ % real_clock_period == 0)
        det->home.now_ns = cp_clock_now(clock);
}

/* False when there was no mail. */
static bool receive_mail(cp_det *det)
{
    uint32_t waiting = cp_home_take_mail(&det->home);
    if (waiting == 0)
        return false;
    uint32_t chosen = cp_choose(det->choices, waiting, CP_CHOICE_MAIL, NULL, NULL);
    cp_home_deliver(&det->home, chosen == 0 ? waiting : chosen);
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
static copse_status let_time_pass(cp_det *det)
{
    cp_home *home = &det->home;
    copse_clock *clock = home->base.clock;
    int64_t due_ns = cp_timers_next(&home->timers);
    bool is_owed = atomic_load_explicit(&home->external, memory_order_acquire) > 0;
    if (home->inbox_count > 0 || !cp_mailbox_is_empty(&home->mailbox))
        return COPSE_OK;
    if (home->is_paused)
        return COPSE_EPAUSED;
    if (due_ns == COPSE_NEVER && !is_owed)
        return COPSE_EDEADLOCK;
    det->turns = 0; /* the clock is read again after the wait */
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
static copse_status turn(cp_det *det)
{
    cp_home *home = &det->home;
    read_clock(det);
    bool has_mail = receive_mail(det);
    bool has_due = fire_timers(home);
    if (CP_UNLIKELY(cp_choices_have_diverged(det->choices)))
        return COPSE_EDIVERGED;
    if (det->count == 0)
        return has_mail || has_due ? COPSE_OK : let_time_pass(det);
    if (CP_UNLIKELY(home->is_paused))
        return has_mail || has_due ? COPSE_OK : COPSE_EPAUSED;
    cp_task *task = take_ready(det);
    if (CP_UNLIKELY(cp_choices_have_diverged(det->choices))) {
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
    cp_det *det = to_det(executor);
    cp_home *home = &det->home;
    cp_wait wait;
    CP_REQUIRE_OWNER(&home->owner);
    if (cp_registry_find(&home->registry, handle) == NULL)
        return COPSE_EUNKNOWN;
    copse_status status = cp_home_push_wait(home, &wait, handle, deadline_ns);
    if (status != COPSE_OK)
        return status;
    while (status == COPSE_OK && !wait.is_over)
        status = wait.is_late ? COPSE_ETIMEOUT : turn(det);
    cp_home_pop_wait(home, &wait);
    if (wait.is_over && code != NULL)
        *code = wait.code;
    return status;
}

/* The tasks that are ready now run once more. */
static copse_status finish_ready(cp_det *det)
{
    copse_status status = COPSE_OK;
    for (uint32_t left = det->count; left > 0 && det->count > 0 && status == COPSE_OK; left--)
        status = turn(det);
    return status;
}

static copse_status run_goal(cp_det *det, const cp_run *run, const cp_wait *wait)
{
    cp_home *home = &det->home;
    copse_status status = COPSE_OK;
    uint64_t resumes = home->counts.resumes;
    switch (run->goal) {
    case CP_RUN_UNTIL:
        while (status == COPSE_OK && !run->is_done(run->context))
            status = wait->is_late ? COPSE_ETIMEOUT : turn(det);
        return status;
    case CP_RUN_TO:
        while (status == COPSE_OK && !wait->is_late)
            status = turn(det);
        return status == COPSE_OK ? finish_ready(det) : status;
    case CP_RUN_ALL:
        home->is_paused = false;
        while (status == COPSE_OK && cp_home_live(home) > 0)
            status = turn(det);
        return status;
    case CP_RUN_STEP:
        while (status == COPSE_OK && home->counts.resumes == resumes)
            status = turn(det);
        return status;
    }
    return COPSE_EINVAL;
}

static copse_status run(copse_executor *executor, const cp_run *run)
{
    cp_det *det = to_det(executor);
    cp_wait wait;
    CP_REQUIRE_OWNER(&det->home.owner);
    copse_status status =
        cp_home_push_wait(&det->home, &wait, (copse_task_handle){0}, run->deadline_ns);
    if (status != COPSE_OK)
        return status;
    status = run_goal(det, run, &wait);
    cp_home_pop_wait(&det->home, &wait);
    return status;
}

/* ---- The other rows of the class ---- */

static copse_status schedule(copse_executor *executor, cp_task **own, const cp_task_label *label,
                             copse_task_handle *out)
{
    cp_home *home = &to_det(executor)->home;
    CP_REQUIRE_OWNER(&home->owner);
    return cp_home_schedule(home, own, label, out);
}

static copse_status wake(copse_executor *executor, copse_task_handle handle)
{
    cp_home *home = &to_det(executor)->home;
    CP_REQUIRE_OWNER(&home->owner);
    return cp_home_wake(home, handle);
}

static copse_status wake_at(copse_executor *executor, copse_task_handle handle, int64_t due_ns)
{
    cp_home *home = &to_det(executor)->home;
    CP_REQUIRE_OWNER(&home->owner);
    return cp_home_wake_at(home, handle, due_ns);
}

static void post_wake(copse_executor *executor, copse_task_handle handle)
{
    cp_home_post_wake(&to_det(executor)->home, handle);
}

static void post(copse_executor *executor, cp_mail *own)
{
    cp_home_post(&to_det(executor)->home, own);
}

static void external(copse_executor *executor, int change)
{
    cp_home_external(&to_det(executor)->home, change);
}

static copse_status cancel(copse_executor *executor, copse_task_handle handle, bool cascades)
{
    cp_home *home = &to_det(executor)->home;
    CP_REQUIRE_OWNER(&home->owner);
    return cp_home_cancel(home, handle, cascades);
}

static copse_status set_paused(copse_executor *executor, bool is_paused)
{
    cp_home *home = &to_det(executor)->home;
    CP_REQUIRE_OWNER(&home->owner);
    home->is_paused = is_paused;
    return COPSE_OK;
}

static copse_status stats(const copse_executor *executor, copse_executor_stats *out)
{
    const cp_home *home = &to_const_det(executor)->home;
    CP_REQUIRE_OWNER(&home->owner);
    cp_home_stats(home, out);
    return COPSE_OK;
}

static copse_status info(const copse_executor *executor, copse_task_handle handle,
                         copse_task_info *out)
{
    const cp_home *home = &to_const_det(executor)->home;
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
    const cp_home *home = &to_const_det(executor)->home;
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
    cp_registry *registry = (cp_registry *)&to_const_det(executor)->home.registry;
    CP_REQUIRE_OWNER(&to_const_det(executor)->home.owner);
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
    const cp_det *det = to_const_det(executor);
    CP_REQUIRE_OWNER(&det->home.owner);
    cp_home_dump(&det->home, printer);
    return COPSE_OK;
}

/* ---- Life ---- */

/* Ask every task to end, and run until all have or none can within the bound. */
static void say_farewell(cp_det *det)
{
    cp_home *home = &det->home;
    home->is_closing = true;
    home->is_paused = false;
    const cp_task *task = cp_registry_next(&home->registry, 0);
    for (; task != NULL; task = cp_registry_next(&home->registry, cp_handle_slot(task->handle) + 1))
        cp_home_cancel(home, task->handle, false);
    uint64_t left = cp_home_live(home) * farewell_resumes;
    while (det->count > 0 && left-- > 0)
        cp_home_resume(home, take_ready(det));
    cp_home_discard_all(home);
    det->count = 0;
}

/* Bounded by the posting threads, which are to be gone, and by functions that post again. */
static void empty_mailbox(cp_home *home)
{
    while (cp_home_take_mail(home) > 0)
        cp_home_deliver(home, home->inbox_count);
}

static void release_det(cp_det *det)
{
    const copse_allocator *allocator = det->home.base.allocator;
    if (det->ready != NULL)
        cp_release_array(allocator, det->ready, det->capacity, sizeof *det->ready);
    copse_choices_free(det->own_choices);
    copse_clock_free(det->own_clock);
    cp_release_aligned(allocator, det, sizeof *det, det_alignment);
}

static copse_status free_det(copse_executor *own)
{
    cp_det *det = to_det(own);
    cp_home *home = &det->home;
    CP_REQUIRE_OWNER(&home->owner);
    if (home->depth > 0 || home->running != NULL || home->is_closing)
        return COPSE_EBUSY_OWNER;
    empty_mailbox(home);
    say_farewell(det);
    empty_mailbox(home);
    cp_home_destroy(home);
    release_det(det);
    return COPSE_OK;
}

static const cp_executor_class det_class = {
    .name = "det",
    .free = free_det,
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

copse_choices *cp_det_choices(copse_executor *executor)
{
    assert(executor->class == &det_class);
    return to_det(executor)->choices;
}

/* The clock and the choices that nobody gave. False when refused. */
static bool make_defaults(cp_det *det, const copse_allocator *allocator,
                          const copse_det_options *options)
{
    copse_choices_options fifo = {.allocator = allocator, .mode = COPSE_CHOOSE_FIFO};
    if (options->clock == NULL) {
        det->own_clock = copse_clock_new_virtual(allocator, 0);
        if (det->own_clock == NULL)
            return false;
    }
    if (options->choices == NULL && copse_choices_new(&fifo, &det->own_choices) != COPSE_OK)
        return false;
    det->choices = options->choices == NULL ? det->own_choices : options->choices;
    return true;
}

copse_status copse_executor_new_det(const copse_det_options *options, copse_executor **out)
{
    const copse_allocator *allocator = cp_allocator_or_default(options->allocator);
    *out = NULL;
    cp_det *det = cp_allocate_aligned(allocator, sizeof *det, det_alignment);
    if (det == NULL)
        return COPSE_ENOMEM;
    memset(det, 0, sizeof *det);
    cp_home *home = &det->home;
    home->base.allocator = allocator;
    home->base.class = &det_class;
    home->reserve_ready = reserve_ready;
    home->make_ready = make_ready;
    home->task_limit = options->task_limit;
    home->measures_runs = options->measures_runs;
    if (!make_defaults(det, allocator, options) ||
        !cp_home_init(home, allocator, options->clock == NULL ? det->own_clock : options->clock)) {
        release_det(det);
        return COPSE_ENOMEM;
    }
    *out = &home->base;
    return COPSE_OK;
}
