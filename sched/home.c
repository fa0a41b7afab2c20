/* home.c -- moves of the state table and what goes with each: links, deadlines, counts. Nothing
 * here allocates but schedule, which makes room for whatever the task will need until its end: its
 * slot, its place in the ready set and its deadline. So a wake is never refused. */
#include "sched/home.h"

#include <assert.h>
#include <string.h>

#include "sched/waitgraph.h"

/* ---- States ---- */

static copse_task_state move(cp_home *home, cp_task *task, cp_task_event event)
{
    uint32_t before = cp_task_word(task);
    uint32_t after = cp_task_word_after(before, event);
    atomic_store_explicit(&task->word, after, memory_order_relaxed);
    home->states[before & CP_TASK_STATE_MASK]--;
    home->states[after & CP_TASK_STATE_MASK]++;
    return (copse_task_state)(after & CP_TASK_STATE_MASK);
}

static void enqueue(cp_home *home, cp_task *task)
{
    const copse_clock *clock = home->base.clock;
    /* Inside a run the executor says how often a clock that costs a system call is read. */
    if (home->depth == 0 || cp_clock_kind_of(clock) != CP_CLOCK_REAL)
        home->now_ns = cp_clock_now(clock);
    task->timer.due_ns = home->now_ns;
    home->make_ready(home, task);
}

/* ---- Joins: the joiners of a task are a list, the last to come first ---- */

static void link_joiner(cp_task *target, cp_task *joiner)
{
    joiner->previous = NULL;
    joiner->next = target->joiners;
    if (joiner->next != NULL)
        joiner->next->previous = joiner;
    target->joiners = joiner;
}

static void unlink_joiner(cp_home *home, cp_task *joiner)
{
    if (joiner->next != NULL)
        joiner->next->previous = joiner->previous;
    if (joiner->previous != NULL) {
        joiner->previous->next = joiner->next;
    } else {
        cp_task *target = cp_registry_find(&home->registry, joiner->block.owner);
        assert(target != NULL);
        assert(target->joiners == joiner);
        target->joiners = joiner->next;
    }
    joiner->next = joiner->previous = NULL;
}

/* ---- Waking ---- */

/* TASK leaves whatever it waits in and is queued; WHY is what its resume will hear. */
static void wake_blocked(cp_home *home, cp_task *task, copse_why why)
{
    assert(cp_task_state_of(task) == COPSE_TASK_BLOCKED);
    cp_timers_cancel(&home->timers, &task->timer);
    if (task->block.kind == COPSE_BLOCK_JOIN)
        unlink_joiner(home, task);
    task->block = (copse_block){.kind = COPSE_BLOCK_NONE};
    task->why = (uint8_t)why;
    move(home, task, CP_TASK_WAKE);
    enqueue(home, task);
}

static void wake_task(cp_home *home, cp_task *task)
{
    switch (cp_task_state_of(task)) {
    case COPSE_TASK_BLOCKED:
        home->counts.wakes++;
        wake_blocked(home, task, COPSE_WHY_WOKEN);
        return;
    case COPSE_TASK_RUNNING:
        home->counts.wakes++;
        move(home, task, CP_TASK_WAKE);
        return;
    case COPSE_TASK_QUEUED:
    case COPSE_TASK_NOTIFIED:
        move(home, task, CP_TASK_WAKE);
        return;
    case COPSE_TASK_FRESH:
    case COPSE_TASK_DONE:
    case COPSE_TASK_FAILED:
    case COPSE_TASK_CANCELLED:
    case COPSE_TASK_STATE_COUNT:
        break;
    }
    assert(false); /* the registry holds live tasks only */
}

copse_status cp_home_wake(cp_home *home, copse_task_handle handle)
{
    cp_task *task = cp_registry_find(&home->registry, handle);
    if (task == NULL)
        return COPSE_EUNKNOWN;
    wake_task(home, task);
    return COPSE_OK;
}

copse_status cp_home_wake_at(cp_home *home, copse_task_handle handle, int64_t due_ns)
{
    cp_task *task = cp_registry_find(&home->registry, handle);
    if (task == NULL)
        return COPSE_EUNKNOWN;
    if (cp_task_state_of(task) != COPSE_TASK_BLOCKED)
        return COPSE_EINVAL;
    if (due_ns == COPSE_NEVER)
        cp_timers_cancel(&home->timers, &task->timer);
    else
        cp_timers_set(&home->timers, &task->timer, due_ns);
    return COPSE_OK;
}

static void fire(cp_home *home, cp_timer *timer, copse_why why)
{
    if (timer->kind == CP_TIMER_WAIT) {
        CP_CONTAINER_OF(timer, cp_wait, timer)->is_late = true;
        return;
    }
    assert(timer->kind == CP_TIMER_TASK);
    if (why == COPSE_WHY_DUE)
        home->counts.deadlines++;
    wake_blocked(home, CP_CONTAINER_OF(timer, cp_task, timer), why);
}

void cp_home_fire_timers(cp_home *home)
{
    cp_timer *timer = cp_timers_pop(&home->timers, home->now_ns);
    for (; timer != NULL; timer = cp_timers_pop(&home->timers, home->now_ns))
        fire(home, timer, COPSE_WHY_DUE);
}

/* Deadlines set in a time that is gone mean nothing: each is told, and decides for itself. */
static void forget_deadlines(void *context, int64_t old_ns, int64_t new_ns)
{
    cp_home *home = context;
    (void)old_ns;
    home->now_ns = new_ns;
    cp_timer *timer = cp_timers_pop(&home->timers, COPSE_NEVER);
    for (; timer != NULL; timer = cp_timers_pop(&home->timers, COPSE_NEVER))
        fire(home, timer, COPSE_WHY_CLOCK_JUMPED);
}

/* ---- Beginning and ending ---- */

copse_status cp_home_schedule(cp_home *home, cp_task **own, const cp_task_label *label,
                              copse_task_handle *out)
{
    cp_task *task = *own;
    size_t live = home->registry.live_count;
    if (home->is_closing)
        return COPSE_ESHUTDOWN;
    if (home->task_limit != 0 && live >= home->task_limit) {
        home->counts.refused++;
        return COPSE_EFULL;
    }
    if (!cp_timers_reserve(&home->timers, live + 1 + CP_WAIT_DEPTH) ||
        !home->reserve_ready(home, live + 1) || !cp_registry_add(&home->registry, task, label))
        return COPSE_ENOMEM;
    assert(task->home == NULL);
    *own = NULL;
    task->home = &home->base;
    task->timer.kind = CP_TIMER_TASK;
    home->counts.submitted++;
    home->states[COPSE_TASK_FRESH]++;
    move(home, task, CP_TASK_SCHEDULE);
    enqueue(home, task);
    if (out != NULL)
        *out = task->handle;
    return COPSE_OK;
}

/* Those who joined TASK, in the order in which they did, hear its CODE. True when there was one. */
static bool wake_joiners(cp_home *home, cp_task *task, int code)
{
    cp_task *joiner = task->joiners;
    if (joiner == NULL)
        return false;
    while (joiner->next != NULL)
        joiner = joiner->next;
    while (joiner != NULL) {
        cp_task *later = joiner->previous;
        joiner->code = code;
        wake_blocked(home, joiner, COPSE_WHY_WOKEN);
        joiner = later;
    }
    return true;
}

/* Waits for the task of HANDLE are over. True when there was one. */
static bool end_waits(cp_home *home, copse_task_handle handle, int code)
{
    bool has_any = false;
    for (cp_wait *wait = home->waits; wait != NULL; wait = wait->outer) {
        if (wait->target.bits != handle.bits)
            continue;
        wait->is_over = true;
        wait->code = code;
        has_any = true;
    }
    return has_any;
}

/* The one place where a task ends: exactly one final state, one answer to each who waits, one drop,
 * in this order. */
static void end_task(cp_home *home, cp_task *task, cp_task_event event)
{
    copse_task_state state = move(home, task, event);
    int code = state == COPSE_TASK_CANCELLED ? COPSE_ECANCELLED : task->code;
    bool is_joined = wake_joiners(home, task, code);
    bool is_awaited = end_waits(home, task->handle, code);
    if (state == COPSE_TASK_FAILED && !is_joined && !is_awaited)
        home->counts.unseen_failures++;
    cp_registry_remove(&home->registry, task);
    task->class->drop(task);
}

/* ---- Resuming ---- */

/* TASK returned blocked: what it waits for is in its block and its deadline. */
static void park(cp_home *home, cp_task *task)
{
    int64_t due_ns = task->timer.due_ns;
    if (task->block.kind == COPSE_BLOCK_JOIN)
        task->code = COPSE_ETIMEOUT; /* until the target has ended */
    if (move(home, task, CP_TASK_PARK) == COPSE_TASK_QUEUED) {
        task->block = (copse_block){.kind = COPSE_BLOCK_NONE};
        task->why = COPSE_WHY_WOKEN;
        enqueue(home, task);
        return;
    }
    if (task->block.kind == COPSE_BLOCK_JOIN) {
        cp_task *target = cp_registry_find(&home->registry, task->block.owner);
        if (target == NULL) {
            task->code = COPSE_EUNKNOWN;
            task->block.kind = COPSE_BLOCK_CUSTOM; /* in no list that it would have to leave */
            wake_blocked(home, task, COPSE_WHY_WOKEN);
            return;
        }
        link_joiner(target, task);
    }
    if (due_ns != COPSE_NEVER)
        cp_timers_set(&home->timers, &task->timer, due_ns);
}

static void follow_outcome(cp_home *home, cp_task *task, copse_outcome outcome)
{
    switch (outcome) {
    case COPSE_READY:
    case COPSE_YIELDED:
        task->why =
            cp_task_state_of(task) == COPSE_TASK_NOTIFIED ? COPSE_WHY_WOKEN : COPSE_WHY_CONTINUE;
        task->block = (copse_block){.kind = COPSE_BLOCK_NONE};
        move(home, task, CP_TASK_YIELD);
        enqueue(home, task);
        return;
    case COPSE_BLOCKED:
        park(home, task);
        return;
    case COPSE_DONE:
        if (cp_task_has(task, CP_TASK_IS_ASKED_TO_END))
            end_task(home, task, CP_TASK_STOP);
        else
            end_task(home, task, task->code == 0 ? CP_TASK_FINISH : CP_TASK_FAIL);
        return;
    }
    assert(false); /* a resume function returned what is no outcome */
}

/* The reason of this resume. The request to end is told once, before any other. */
static copse_why take_why(cp_task *task)
{
    uint32_t word = cp_task_word(task);
    bool is_to_be_told = (word & CP_TASK_IS_ASKED_TO_END) && !(word & CP_TASK_IS_TOLD_TO_END);
    cp_task_mark(task, is_to_be_told ? CP_TASK_HAS_RUN | CP_TASK_IS_TOLD_TO_END : CP_TASK_HAS_RUN);
    return is_to_be_told ? COPSE_WHY_CANCELLED : (copse_why)task->why;
}

static copse_outcome call_resume(cp_home *home, cp_task *task)
{
    copse_why why = take_why(task);
    cp_task *outer = home->running;
    home->running = task;
    home->counts.resumes++;
    int64_t start_ns = home->measures_runs ? cp_clock_now(home->base.clock) : 0;
    copse_outcome outcome = task->class->resume(task, why);
    if (home->measures_runs) {
        home->now_ns = cp_clock_now(home->base.clock);
        cp_histogram_add(&home->run_ns, home->now_ns - start_ns);
    }
    assert(home->running == task);
    home->running = outer;
    return outcome;
}

void cp_home_resume(cp_home *home, cp_task *task)
{
    assert(task->home == &home->base);
    cp_histogram_add(&home->wait_ns, home->now_ns - task->timer.due_ns);
    uint32_t word = cp_task_word(task);
    if ((word & CP_TASK_IS_ASKED_TO_END) && !(word & CP_TASK_HAS_RUN)) {
        end_task(home, task, CP_TASK_DISCARD);
        return;
    }
    move(home, task, CP_TASK_START);
    follow_outcome(home, task, call_resume(home, task));
}

/* ---- Cancelling ---- */

static void ask_to_end(cp_home *home, cp_task *task)
{
    cp_task_mark(task, CP_TASK_IS_ASKED_TO_END);
    if (task->class->cancelled != NULL)
        task->class->cancelled(task);
    wake_task(home, task);
}

/* Ask those who joined TASK, and append them to the list that ends in TAIL: their links are free
 * once they have left the join. One that was asked before is on its way out already. */
static cp_task **ask_joiners(cp_home *home, cp_task *task, cp_task **tail)
{
    cp_task *joiner = task->joiners;
    while (joiner != NULL) {
        cp_task *earlier = joiner->next;
        if (!cp_task_has(joiner, CP_TASK_IS_ASKED_TO_END)) {
            ask_to_end(home, joiner);
            *tail = joiner;
            tail = &joiner->next;
        }
        joiner = earlier;
    }
    return tail;
}

/* Breadth first, with the links of the tasks as the queue: no memory, any depth. */
static void cascade(cp_home *home, cp_task *first)
{
    cp_task *asked = NULL;
    cp_task **tail = ask_joiners(home, first, &asked);
    while (asked != NULL) {
        cp_task *task = asked;
        tail = ask_joiners(home, task, tail);
        asked = task->next;
        task->next = NULL;
    }
}

copse_status cp_home_cancel(cp_home *home, copse_task_handle handle, bool cascades)
{
    cp_task *task = cp_registry_find(&home->registry, handle);
    if (task == NULL)
        return COPSE_EUNKNOWN;
    bool was_asked = cp_task_has(task, CP_TASK_IS_ASKED_TO_END);
    if (!was_asked)
        ask_to_end(home, task);
    if (cascades)
        cascade(home, task);
    return was_asked ? COPSE_ECANCELLED : COPSE_OK;
}

void cp_home_discard_all(cp_home *home)
{
    for (uint32_t i = 0; i < home->registry.slot_count; i++) {
        cp_task *task = cp_registry_next(&home->registry, i);
        if (task == NULL)
            return;
        i = cp_handle_slot(task->handle);
        cp_timers_cancel(&home->timers, &task->timer);
        if (cp_task_state_of(task) == COPSE_TASK_BLOCKED && task->block.kind == COPSE_BLOCK_JOIN)
            unlink_joiner(home, task);
        end_task(home, task, CP_TASK_DISCARD);
    }
}

/* ---- Mail ---- */

void cp_home_post(cp_home *home, cp_mail *own)
{
    if (cp_mailbox_push(&home->mailbox, own))
        cp_wake_signal(&home->wake);
}

void cp_home_post_wake(cp_home *home, copse_task_handle handle)
{
    if (cp_registry_post(&home->registry, handle, &home->mailbox))
        cp_wake_signal(&home->wake);
}

static void receive_wake(cp_mail *own, void *owner)
{
    cp_home *home = owner;
    if (cp_home_wake(home, cp_registry_receive(own)) != COPSE_OK)
        home->counts.stale_wakes++;
}

void cp_home_external(cp_home *home, int change)
{
    uint32_t before =
        atomic_fetch_add_explicit(&home->external, (uint32_t)change, memory_order_release);
    assert(change > 0 || before > 0);
    if (change < 0 && before == 1)
        cp_wake_signal(&home->wake); /* a wait may now be one that can never end */
}

uint32_t cp_home_take_mail(cp_home *home)
{
    if (cp_mailbox_is_empty(&home->mailbox))
        return home->inbox_count;
    *home->inbox_end = cp_mailbox_take_all(&home->mailbox);
    while (*home->inbox_end != NULL) {
        home->inbox_end = &(*home->inbox_end)->next;
        home->inbox_count++;
    }
    return home->inbox_count;
}

void cp_home_deliver(cp_home *home, uint32_t count)
{
    assert(count <= home->inbox_count);
    /* What a message makes run may wait, and so deliver the messages behind it. */
    for (; count > 0 && home->inbox != NULL; count--) {
        cp_mail *mail = home->inbox;
        home->inbox = mail->next;
        if (home->inbox == NULL)
            home->inbox_end = &home->inbox;
        home->inbox_count--;
        home->counts.posts++;
        mail->receive(mail, home);
    }
}

/* ---- Waits ---- */

copse_status cp_home_push_wait(cp_home *home, cp_wait *wait, copse_task_handle target,
                               int64_t deadline_ns)
{
    if (home->depth >= CP_WAIT_DEPTH)
        return COPSE_EDEPTH;
    *wait = (cp_wait){.outer = home->waits,
                      .target = target,
                      .waiter = home->running,
                      .timer = {.kind = CP_TIMER_WAIT}};
    home->waits = wait;
    home->depth++;
    if (wait->waiter != NULL) {
        wait->waiter_block = wait->waiter->block;
        copse_block_kind kind = cp_handle_is_none(target) ? COPSE_BLOCK_CUSTOM : COPSE_BLOCK_JOIN;
        wait->waiter->block = (copse_block){.kind = kind, .owner = target};
    }
    if (deadline_ns != COPSE_NEVER)
        cp_timers_set(&home->timers, &wait->timer, deadline_ns);
    return COPSE_OK;
}

void cp_home_pop_wait(cp_home *home, cp_wait *wait)
{
    assert(home->waits == wait);
    assert(home->running == wait->waiter);
    cp_timers_cancel(&home->timers, &wait->timer);
    if (wait->waiter != NULL)
        wait->waiter->block = wait->waiter_block;
    home->waits = wait->outer;
    home->depth--;
}

/* ---- Reports ---- */

void cp_home_stats(const cp_home *home, copse_executor_stats *out)
{
    const uint64_t *states = home->states;
    *out = home->counts;
    out->completed = states[COPSE_TASK_DONE];
    out->failed = states[COPSE_TASK_FAILED];
    out->cancelled = states[COPSE_TASK_CANCELLED];
    out->live = cp_home_live(home);
    out->queued = states[COPSE_TASK_QUEUED];
    out->running = states[COPSE_TASK_RUNNING] + states[COPSE_TASK_NOTIFIED];
    out->blocked = states[COPSE_TASK_BLOCKED];
    out->wait_ns = cp_histogram_summary(&home->wait_ns);
    out->run_ns = cp_histogram_summary(&home->run_ns);
}

static void print_waits(const cp_home *home, cp_printer *printer)
{
    for (const cp_wait *wait = home->waits; wait != NULL; wait = wait->outer) {
        if (wait->waiter == NULL)
            cp_print(printer, "the host");
        else
            cp_print_handle(&home->registry, wait->waiter->handle, printer);
        cp_print(printer, " waits for ");
        if (cp_handle_is_none(wait->target))
            cp_print(printer, "a condition");
        else
            cp_print_handle(&home->registry, wait->target, printer);
        cp_print(printer, "\n");
    }
}

void cp_home_dump(const cp_home *home, cp_printer *printer)
{
    copse_executor_stats stats;
    cp_home_stats(home, &stats);
    cp_print(printer,
             "%s executor at %lld ns%s: %llu live, %llu queued, %llu running, %llu blocked\n",
             home->base.class->name, (long long)cp_clock_now(home->base.clock),
             home->is_paused ? ", paused" : "", (unsigned long long)stats.live,
             (unsigned long long)stats.queued, (unsigned long long)stats.running,
             (unsigned long long)stats.blocked);
    print_waits(home, printer);
    /* The search for a cycle leaves marks in the slots, which nobody else reads. */
    cp_print_tasks((cp_registry *)&home->registry, printer);
}

/* ---- Life ---- */

bool cp_home_init(cp_home *home, const copse_allocator *allocator, copse_clock *clock)
{
    home->base.allocator = allocator;
    home->base.clock = clock;
    if (!cp_wake_init(&home->wake))
        return false;
    cp_timers_init(&home->timers, allocator);
    if (!cp_timers_reserve(&home->timers, CP_WAIT_DEPTH)) {
        cp_wake_destroy(&home->wake);
        return false;
    }
    cp_registry_init(&home->registry, allocator, receive_wake);
    cp_mailbox_init(&home->mailbox);
    atomic_init(&home->external, 0);
    home->owner = cp_owner_here();
    home->inbox_end = &home->inbox;
    home->now_ns = cp_clock_now(clock);
    home->jumps = (copse_clock_listener){forget_deadlines, home, NULL};
    copse_clock_listen(clock, &home->jumps);
    return true;
}

void cp_home_destroy(cp_home *home)
{
    assert(home->waits == NULL);
    assert(home->inbox_count == 0);
    copse_clock_unlisten(home->base.clock, &home->jumps);
    cp_registry_destroy(&home->registry);
    cp_timers_destroy(&home->timers);
    cp_wake_destroy(&home->wake);
}
