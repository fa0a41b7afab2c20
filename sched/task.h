/* task.h -- what a scheduler runs: one state word, one resume function, one handle.
 *
 * Owns:  the states of a task and every legal move between them.
 * Never: runs a task, queues it or allocates one: a task is a field of what its class makes. */
#ifndef CP_SCHED_TASK_H
#define CP_SCHED_TASK_H

#include <stdatomic.h>
#include <stdbool.h>

#include <copse/sched.h>

#include "sched/compiler.h"
#include "sched/format.h"
#include "sched/timer.h"

/* X(name, word): what can happen to a task. */
#define CP_TASK_EVENT_LIST(X)                                                                      \
    X(SCHEDULE, "schedule")                                                                        \
    X(START, "start")                                                                              \
    X(WAKE, "wake")                                                                                \
    X(YIELD, "yield")                                                                              \
    X(PARK, "park")                                                                                \
    X(FINISH, "finish")                                                                            \
    X(FAIL, "fail")                                                                                \
    X(STOP, "stop")                                                                                \
    X(DISCARD, "discard")

/* X(from, event, to, text): every legal move; whatever is not here is a bug. NOTIFIED is the cure
 * for lost wake-ups: a wake that comes while the task decides to block is kept in the state. */
#define CP_TASK_MOVE_LIST(X)                                                                       \
    X(FRESH, SCHEDULE, QUEUED, "an executor took it, for ever")                                    \
    X(QUEUED, START, RUNNING, "it was picked")                                                     \
    X(QUEUED, WAKE, QUEUED, "it is on its way already")                                            \
    X(QUEUED, DISCARD, CANCELLED, "it was cancelled before it ran, or its executor was freed")     \
    X(RUNNING, WAKE, NOTIFIED, "its resume function may be about to block")                        \
    X(RUNNING, YIELD, QUEUED, "it returned ready or yielded")                                      \
    X(RUNNING, PARK, BLOCKED, "it returned blocked")                                               \
    X(RUNNING, FINISH, DONE, "it returned done with code 0")                                       \
    X(RUNNING, FAIL, FAILED, "it returned done with another code")                                 \
    X(RUNNING, STOP, CANCELLED, "it returned done after it was asked to end")                      \
    X(NOTIFIED, WAKE, NOTIFIED, "one wake is kept, more add nothing")                              \
    X(NOTIFIED, YIELD, QUEUED, "it returned ready or yielded")                                     \
    X(NOTIFIED, PARK, QUEUED, "it returned blocked, and what it waits for may have come")          \
    X(NOTIFIED, FINISH, DONE, "it returned done with code 0")                                      \
    X(NOTIFIED, FAIL, FAILED, "it returned done with another code")                                \
    X(NOTIFIED, STOP, CANCELLED, "it returned done after it was asked to end")                     \
    X(BLOCKED, WAKE, QUEUED, "somebody woke it, it is due, or it was cancelled")                   \
    X(BLOCKED, DISCARD, CANCELLED, "its executor was freed")

#define CP_TASK_EVENT_ENUM(name, word) CP_TASK_##name,
typedef enum cp_task_event {
    CP_TASK_EVENT_LIST(CP_TASK_EVENT_ENUM) CP_TASK_EVENT_COUNT
} cp_task_event;
#undef CP_TASK_EVENT_ENUM

/* [state][event]: the next state + 1, 0 when the move is illegal. Made from the list. */
extern const uint8_t cp_task_moves[COPSE_TASK_STATE_COUNT][CP_TASK_EVENT_COUNT];

const char *cp_task_event_name(cp_task_event event);

/* The table of moves as text for the documents: one line "from --event--> to: text" each. */
void cp_task_print_moves(cp_printer *printer);

typedef struct cp_task cp_task;

/* What a kind of task is. A class is a constant; no task changes its class. */
typedef struct cp_task_class {
    const char *name;
    /* Run a bounded time on the thread of the home executor. */
    copse_outcome (*resume)(cp_task *task, copse_why why);
    /* Called once, on the home executor, after the task has ended; it frees the task. */
    void (*drop)(cp_task *own);
    /* The task was asked to end just now: raise the flag of its job, close what it reads. Must not
     * touch the executor. NULL: its next resume will hear of it. */
    void (*cancelled)(cp_task *task);
} cp_task_class;

/* In the word, above the state: what has happened to the task, once for ever. */
enum {
    CP_TASK_STATE_MASK = 0xff,
    CP_TASK_HAS_RUN = 0x100,
    CP_TASK_IS_ASKED_TO_END = 0x200,
    CP_TASK_IS_TOLD_TO_END = 0x400, /* resumed with COPSE_WHY_CANCELLED */
};

struct cp_task {
    const cp_task_class *class;
    copse_executor *home; /* NULL while fresh, then set once */
    /* State and bits. On executors with an owner thread only that thread touches it, relaxed;
     * foreign wake-ups come through the mailbox. */
    _Atomic uint32_t word;
    int code; /* what it ended with; for a task that joined another, what that one ended with */
    copse_task_handle handle;
    uint16_t lane;
    uint8_t priority;
    uint8_t why;              /* copse_why of the next resume */
    cp_task *joiners;         /* the last of those who wait for the end of this one */
    cp_task *next, *previous; /* among the joiners of another, or in a cascade of cancels */
    copse_block block;        /* kind NONE unless blocked, or waiting inside its resume */
    cp_timer timer;           /* its deadline while blocked; due_ns while queued: since when */
};

_Static_assert(sizeof(cp_task) <= 112, "task and Lisp fiber together are at most 224 bytes");

/* What is said of a task when it is scheduled; both borrowed until its drop. */
typedef struct cp_task_label {
    const char *name;
    const char *place; /* where it was made, "file:line" */
} cp_task_label;

/* A fresh task of CLASS; the rest of its fields are zero. */
void cp_task_init(cp_task *task, const cp_task_class *class);

CP_ALWAYS_INLINE uint32_t cp_task_word(const cp_task *task)
{
    return atomic_load_explicit(&task->word, memory_order_relaxed);
}

CP_ALWAYS_INLINE copse_task_state cp_task_state_of(const cp_task *task)
{
    return (copse_task_state)(cp_task_word(task) & CP_TASK_STATE_MASK);
}

CP_ALWAYS_INLINE bool cp_task_has(const cp_task *task, uint32_t bits)
{
    return (cp_task_word(task) & bits) != 0;
}

CP_ALWAYS_INLINE void cp_task_mark(cp_task *task, uint32_t bits)
{
    atomic_store_explicit(&task->word, cp_task_word(task) | bits, memory_order_relaxed);
}

/* WORD after EVENT: the bits stay. Asserts that the move is legal. */
uint32_t cp_task_word_after(uint32_t word, cp_task_event event) CP_MUST_USE;

/* What a resume function returns after it said why. */
copse_outcome cp_task_block(cp_task *task, copse_block block, int64_t until_ns) CP_MUST_USE;
copse_outcome cp_task_done(cp_task *task, int code) CP_MUST_USE;

#endif
