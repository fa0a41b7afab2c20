/* home.h -- what every executor with an owner thread shares.
 *
 * Owns:  its live tasks, their deadlines, joins and waits, the mail for them, and the counts.
 * Never: decides which ready task is next, or when to wait for time: that is the executor's. */
#ifndef CP_SCHED_HOME_H
#define CP_SCHED_HOME_H

#include "sched/executor.h"
#include "sched/histogram.h"
#include "sched/owner.h"
#include "sched/registry.h"

enum {
    CP_WAIT_DEPTH = 64, /* waits inside waits */
    /* kinds of timers: what they are a field of */
    CP_TIMER_TASK = 0,
    CP_TIMER_WAIT = 1,
};

/* One wait that drives the executor, on the C stack of the waiter. */
typedef struct cp_wait {
    struct cp_wait *outer;
    copse_task_handle target; /* none when it waits for a condition or a time */
    cp_task *waiter;          /* the task whose resume waits; NULL for the host */
    copse_block waiter_block; /* what the waiter's block was before */
    bool is_over;             /* the target has ended, with code */
    bool is_late;             /* the deadline has come */
    int code;
    cp_timer timer;
} cp_wait;

typedef struct cp_home {
    copse_executor base;
    cp_owner owner;
    /* The executor's own ready set: room for COUNT tasks, and one more of them. */
    bool (*reserve_ready)(struct cp_home *home, size_t count);
    void (*make_ready)(struct cp_home *home, cp_task *task);

    cp_registry registry;
    cp_timers timers; /* has room for every live task and every wait */
    copse_clock_listener jumps;
    int64_t now_ns; /* the clock as last read */
    cp_task *running;
    cp_wait *waits; /* innermost first */
    uint32_t depth;
    uint32_t task_limit; /* live tasks; 0 for none */
    bool is_paused;
    bool is_closing;
    bool measures_runs;

    cp_mail *inbox; /* taken from the mailbox, not yet delivered, oldest first */
    cp_mail **inbox_end;
    uint32_t inbox_count;

    uint64_t states[COPSE_TASK_STATE_COUNT]; /* tasks in each state; for the final ones, ever */
    copse_executor_stats counts;             /* the counters that states does not give */
    cp_histogram wait_ns;
    cp_histogram run_ns;

    /* Touched by other threads. */
    cp_mailbox mailbox;
    cp_wake wake;
    /* How many outside owe something. Begin and end release, the owner acquires before it looks
     * into the mailbox a last time: what was pushed before an end is seen. */
    _Atomic uint32_t external;
} cp_home;

/* Everything but the base's class and the two hooks, which are set before. False when the system or
 * the allocator refuses: nothing is then held. The calling thread becomes the owner. */
bool cp_home_init(cp_home *home, const copse_allocator *allocator, copse_clock *clock) CP_MUST_USE;

/* No task may be live. */
void cp_home_destroy(cp_home *home);

/* See the rows of the same name in cp_executor_class. The caller has checked the thread. */
copse_status cp_home_schedule(cp_home *home, cp_task **own, const cp_task_label *label,
                              copse_task_handle *out) CP_MUST_USE;
copse_status cp_home_wake(cp_home *home, copse_task_handle handle);
copse_status cp_home_wake_at(cp_home *home, copse_task_handle handle, int64_t due_ns);
copse_status cp_home_cancel(cp_home *home, copse_task_handle handle, bool cascades);
void cp_home_stats(const cp_home *home, copse_executor_stats *out);
void cp_home_dump(const cp_home *home, cp_printer *printer);

/* From any thread. */
void cp_home_post(cp_home *home, cp_mail *own);
void cp_home_post_wake(cp_home *home, copse_task_handle handle);
void cp_home_external(cp_home *home, int change);

CP_ALWAYS_INLINE uint64_t cp_home_live(const cp_home *home)
{
    return home->registry.live_count;
}

/* Resume a ready TASK, which the ready set has given up, and follow what it returns: it is queued
 * again, blocked, or ended and dropped. A task that was asked to end and never ran does not. */
void cp_home_resume(cp_home *home, cp_task *task);

/* Take what is in the mailbox; how many messages wait now. */
uint32_t cp_home_take_mail(cp_home *home);

/* Receive the COUNT oldest messages. */
void cp_home_deliver(cp_home *home, uint32_t count);

/* Wake every task and mark every wait that is due at home->now_ns. */
void cp_home_fire_timers(cp_home *home);

/* End every task that is left without resuming it. */
void cp_home_discard_all(cp_home *home);

/* Enter and leave a wait for TARGET, which may be none, until DEADLINE_NS. Push refuses with
 * COPSE_EDEPTH. */
copse_status cp_home_push_wait(cp_home *home, cp_wait *wait, copse_task_handle target,
                               int64_t deadline_ns) CP_MUST_USE;
void cp_home_pop_wait(cp_home *home, cp_wait *wait);

#endif
