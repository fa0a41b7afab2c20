/* copse/sched.h -- status codes, memory, time and tasks: the part of Copse that knows no Lisp.
 *
 * Ownership, for the whole interface: a parameter named `own` is taken over, a returned "own X" is
 * the caller's to free, everything else is borrowed. A function that can be refused returns a
 * copse_status, or NULL when it returns a pointer. Nothing here prints, exits, aborts or installs
 * signal handlers; a library built with -Dchecked=abort prints misuse and aborts. */
#ifndef COPSE_SCHED_H
#define COPSE_SCHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__) && defined(COPSE_BUILDING)
#define COPSE_API __attribute__((visibility("default")))
#else
#define COPSE_API
#endif

#if defined(__GNUC__)
#define COPSE_MUST_USE __attribute__((warn_unused_result))
#else
#define COPSE_MUST_USE
#endif

/* ---- Version ------------------------------------------------------------------------------- */

/* The version of the library, "0.1.0". A constant. */
COPSE_API const char *copse_version(void);

/* ---- Status -------------------------------------------------------------------------------- */

/* X(name, value, text). Every refusal has one number and one text; the numbers are stable. */
#define COPSE_STATUS_LIST(X)                                                                       \
    X(COPSE_OK, 0, "done")                                                                         \
    X(COPSE_ENOMEM, -1, "memory was refused")                                                      \
    X(COPSE_EINVAL, -2, "an argument is outside its domain")                                       \
    X(COPSE_ERANGE, -3, "a size or a number is too large")                                         \
    X(COPSE_EUNKNOWN, -4, "the handle names nothing that is alive")                                \
    X(COPSE_ETHREAD, -5, "called from a thread that does not own the object")                      \
    X(COPSE_EBUSY_OWNER, -6, "the object is in use by its owner")                                  \
    X(COPSE_EDEADLOCK, -7, "the wait can never end")                                               \
    X(COPSE_EDEPTH, -8, "waits are nested too deep")                                               \
    X(COPSE_EPAUSED, -9, "the executor is paused")                                                 \
    X(COPSE_ECANCELLED, -10, "cancelled")                                                          \
    X(COPSE_ETIMEOUT, -11, "the deadline has passed")                                              \
    X(COPSE_EDIVERGED, -12, "the replay took another path than its log")                           \
    X(COPSE_EFULL, -13, "the queue is full")                                                       \
    X(COPSE_ESHUTDOWN, -14, "shutting down")                                                       \
    X(COPSE_EFORMAT, -15, "the data is not in the expected format")                                \
    X(COPSE_EIDLE, -16, "nothing can run before the clock is moved")                               \
    X(COPSE_EPENDING, -17, "it has not ended yet")

#define COPSE_STATUS_ENUM(name, value, text) name = value,
typedef enum copse_status { COPSE_STATUS_LIST(COPSE_STATUS_ENUM) } copse_status;
#undef COPSE_STATUS_ENUM

/* The name ("COPSE_ENOMEM") and the text of STATUS; "unknown status" for any other number. */
COPSE_API const char *copse_status_name(copse_status status);
COPSE_API const char *copse_status_text(copse_status status);

/* ---- Memory -------------------------------------------------------------------------------- */

/* Where all memory of Copse comes from. ALIGNMENT is a power of two, at least that of max_align_t.
 * allocate returns NULL to refuse; every caller in the library copes. release gets the size and
 * alignment that allocate got. Both may be called from the threads that use the objects made with
 * this allocator, so they must be thread-safe when those objects are. */
typedef struct copse_allocator {
    void *(*allocate)(void *context, size_t size, size_t alignment);
    void (*release)(void *context, void *block, size_t size, size_t alignment);
    void *context;
} copse_allocator;

/* The allocator that asks the C library. A constant; used wherever an options struct says NULL. */
COPSE_API const copse_allocator *copse_default_allocator(void);

/* ---- Time ---------------------------------------------------------------------------------- */

/* All times are int64 nanoseconds of a monotonic clock; the zero is the clock's own. */
#define COPSE_NEVER INT64_MAX

/* A source of time. A real clock may be read from any thread; a virtual or driven clock belongs to
 * the thread of the executor that uses it. It must outlive the executors that it was given to. */
typedef struct copse_clock copse_clock;

/* An own clock that shows the system's monotonic time. NULL when memory is refused. */
COPSE_API copse_clock *copse_clock_new_real(const copse_allocator *allocator) COPSE_MUST_USE;

/* An own clock that starts at START_NS and moves only when an executor waits on it, which takes no
 * time at all, or when it is advanced. NULL when memory is refused. */
COPSE_API copse_clock *copse_clock_new_virtual(const copse_allocator *allocator,
                                               int64_t start_ns) COPSE_MUST_USE;

/* An own clock that starts at START_NS and moves only when a simulator drives it. NULL when memory
 * is refused. */
COPSE_API copse_clock *copse_clock_new_driven(const copse_allocator *allocator,
                                              int64_t start_ns) COPSE_MUST_USE;

/* Takes the clock back. NULL is fine. */
COPSE_API void copse_clock_free(copse_clock *own);

/* The time in nanoseconds. */
COPSE_API int64_t copse_clock_now(const copse_clock *clock);

/* Move a virtual clock forward by STEP_NS >= 0. COPSE_EINVAL for another clock or step,
 * COPSE_ERANGE past the largest time. */
COPSE_API copse_status copse_clock_advance(copse_clock *clock, int64_t step_ns);

/* Set a driven clock to NOW_NS. Backward is allowed, and an event: see copse_clock_listen.
 * COPSE_EINVAL for another clock. */
COPSE_API copse_status copse_clock_drive(copse_clock *clock, int64_t now_ns);

/* Called with the old and the new time after a driven clock went backward, on the thread that drove
 * it. Listeners are called in the order in which they were added; they must not add or remove any.
 */
typedef struct copse_clock_listener {
    void (*on_jump)(void *context, int64_t old_ns, int64_t new_ns);
    void *context;
    struct copse_clock_listener *next; /* the clock's own; leave it NULL */
} copse_clock_listener;

/* Add LISTENER, borrowed until it is removed. */
COPSE_API void copse_clock_listen(copse_clock *clock, copse_clock_listener *listener);
COPSE_API void copse_clock_unlisten(copse_clock *clock, copse_clock_listener *listener);

/* ---- Choices ------------------------------------------------------------------------------- */

/* Where the decisions of a deterministic executor come from (which task is next, how much of the
 * mail), and the log of them. One source serves one executor at a time. */
typedef struct copse_choices copse_choices;

/* X(name, text) */
#define COPSE_CHOICE_MODE_LIST(X)                                                                  \
    X(COPSE_CHOOSE_FIFO, "always the one that waits longest")                                      \
    X(COPSE_CHOOSE_RANDOM, "each equally likely, from the seed")                                   \
    X(COPSE_CHOOSE_PCT, "random priorities with a few change points, from the seed")               \
    X(COPSE_CHOOSE_REPLAY, "what a log says")                                                      \
    X(COPSE_CHOOSE_EXHAUSTIVE, "every combination in turn, one a run")

#define COPSE_CHOICE_MODE_ENUM(name, text) name,
typedef enum copse_choice_mode { COPSE_CHOICE_MODE_LIST(COPSE_CHOICE_MODE_ENUM) } copse_choice_mode;
#undef COPSE_CHOICE_MODE_ENUM

/* All zero is a good start: FIFO, nothing recorded. */
typedef struct copse_choices_options {
    const copse_allocator *allocator; /* NULL: the default one */
    copse_choice_mode mode;
    bool is_recorded;       /* keep a log; a replay has none of its own */
    uint64_t seed;          /* random and PCT; recorded in the log */
    uint32_t change_points; /* PCT: how often the first becomes the last; bugs of that depth + 1 */
    uint64_t run_length;    /* PCT: decisions expected in a run, over which the points are spread */
    const void *log;        /* replay: borrowed for the life of the source */
    size_t log_size;
    uint32_t depth; /* exhaustive: decisions after this many take the first; 0: 1,000 */
} copse_choices_options;

/* An own source of choices in *OUT. COPSE_EINVAL for a bad mode, COPSE_EFORMAT for a log that is
 * damaged, COPSE_ENOMEM. */
COPSE_API copse_status copse_choices_new(const copse_choices_options *options,
                                         copse_choices **out) COPSE_MUST_USE;
COPSE_API void copse_choices_free(copse_choices *own);

/* How many decisions were made, and a hash of them all: equal runs have equal hashes. */
COPSE_API uint64_t copse_choices_count(const copse_choices *choices);
COPSE_API uint64_t copse_choices_hash(const copse_choices *choices);

/* The log so far in *LOG and *SIZE, borrowed until the source makes its next decision or is freed.
 * COPSE_EINVAL when it was not recorded, COPSE_ENOMEM when memory for it was refused on the way. */
COPSE_API copse_status copse_choices_log(copse_choices *choices, const void **log,
                                         size_t *size) COPSE_MUST_USE;

/* COPSE_OK, or COPSE_EDIVERGED when a replay asked another question than its log answers; the text
 * of where and how goes into TEXT (cut to SIZE): "diverged at decision 7: ...". */
COPSE_API copse_status copse_choices_check(const copse_choices *choices, char *text, size_t size);

/* Exhaustive: prepare the next run, to be made with a new executor. False when all were made. */
COPSE_API bool copse_choices_next(copse_choices *choices) COPSE_MUST_USE;

/* ---- Tasks --------------------------------------------------------------------------------- */

/* Names one task for ever: the handle of a task that ended is unknown, never another task. All zero
 * is no task. */
typedef struct copse_task_handle {
    uint64_t bits;
} copse_task_handle;

/* The running task, inside its resume function; use it nowhere else. */
typedef struct copse_task copse_task;

/* X(name, word, text) */
#define COPSE_TASK_STATE_LIST(X)                                                                   \
    X(COPSE_TASK_FRESH, "fresh", "made, not yet given to an executor")                             \
    X(COPSE_TASK_QUEUED, "queued", "waits for its turn")                                           \
    X(COPSE_TASK_RUNNING, "running", "in its resume function")                                     \
    X(COPSE_TASK_NOTIFIED, "notified", "running, and was woken meanwhile")                         \
    X(COPSE_TASK_BLOCKED, "blocked", "waits for a wake or its deadline")                           \
    X(COPSE_TASK_DONE, "done", "ended with code 0")                                                \
    X(COPSE_TASK_FAILED, "failed", "ended with another code")                                      \
    X(COPSE_TASK_CANCELLED, "cancelled", "ended after it was cancelled, or never ran")

#define COPSE_TASK_STATE_ENUM(name, word, text) name,
typedef enum copse_task_state {
    COPSE_TASK_STATE_LIST(COPSE_TASK_STATE_ENUM) COPSE_TASK_STATE_COUNT
} copse_task_state;
#undef COPSE_TASK_STATE_ENUM

/* X(name, word, text): why a task is resumed. */
#define COPSE_WHY_LIST(X)                                                                          \
    X(COPSE_WHY_FIRST, "first", "it runs for the first time")                                      \
    X(COPSE_WHY_CONTINUE, "continue", "it had yielded")                                            \
    X(COPSE_WHY_WOKEN, "woken", "somebody woke it, or what it joined has ended")                   \
    X(COPSE_WHY_DUE, "due", "its deadline has come")                                               \
    X(COPSE_WHY_CANCELLED, "cancelled", "it is to clean up and end; said once")                    \
    X(COPSE_WHY_CLOCK_JUMPED, "clock-jumped", "the clock went backward while it had a deadline")

#define COPSE_WHY_ENUM(name, word, text) name,
typedef enum copse_why { COPSE_WHY_LIST(COPSE_WHY_ENUM) } copse_why;
#undef COPSE_WHY_ENUM

/* X(name, word): what a blocked task waits for. The words are stable. */
#define COPSE_BLOCK_LIST(X)                                                                        \
    X(COPSE_BLOCK_NONE, "nothing")                                                                 \
    X(COPSE_BLOCK_RECEIVE, "receive")                                                              \
    X(COPSE_BLOCK_SEND, "send")                                                                    \
    X(COPSE_BLOCK_SLEEP, "sleep")                                                                  \
    X(COPSE_BLOCK_JOIN, "join")                                                                    \
    X(COPSE_BLOCK_JOB, "job")                                                                      \
    X(COPSE_BLOCK_DESCRIPTOR, "descriptor")                                                        \
    X(COPSE_BLOCK_MUTEX, "mutex")                                                                  \
    X(COPSE_BLOCK_CUSTOM, "custom")

#define COPSE_BLOCK_ENUM(name, word) name,
typedef enum copse_block_kind { COPSE_BLOCK_LIST(COPSE_BLOCK_ENUM) } copse_block_kind;
#undef COPSE_BLOCK_ENUM

/* What a task waits for, as data: the deadlock search walks from task to owner. */
typedef struct copse_block {
    copse_block_kind kind;
    uint64_t object;         /* which channel, job, descriptor, mutex ...; the host's numbers */
    copse_task_handle owner; /* the task that can end the wait; none when it is not known */
} copse_block;

/* The names of a state and of a kind of block, as the dump writes them; "unknown" for any other
 * number. */
COPSE_API const char *copse_task_state_name(copse_task_state state);
COPSE_API const char *copse_block_name(copse_block_kind kind);

/* What a resume function returns; made by the functions below, READY excepted. */
typedef enum copse_outcome {
    COPSE_READY,   /* could go on at once */
    COPSE_YIELDED, /* lets others run first */
    COPSE_BLOCKED, /* until woken, or due */
    COPSE_DONE     /* never resumed again */
} copse_outcome;

/* One step of a task: run a bounded time and say what is next. Called on the executor's thread. */
typedef copse_outcome copse_resume_fn(copse_task *self, void *context, copse_why why);

COPSE_API copse_outcome copse_task_yield(copse_task *self);
/* Until a wake, or until the clock shows UNTIL_NS (COPSE_NEVER: only a wake). */
COPSE_API copse_outcome copse_task_block(copse_task *self, copse_block block, int64_t until_ns);
COPSE_API copse_outcome copse_task_sleep_until(copse_task *self, int64_t until_ns);
/* Until TARGET has ended; then copse_task_joined_code. A TARGET that is unknown resumes at once. */
COPSE_API copse_outcome copse_task_join(copse_task *self, copse_task_handle target,
                                        int64_t until_ns);
/* CODE 0 is completed, any other is failed; after a cancel both are cancelled. */
COPSE_API copse_outcome copse_task_done(copse_task *self, int code);

/* The running task's own handle; whether somebody has asked it to end. */
COPSE_API copse_task_handle copse_task_self(const copse_task *self);
COPSE_API bool copse_task_is_cancelled(const copse_task *self);

/* After a join: the code that the task ended with, COPSE_ECANCELLED when it was cancelled,
 * COPSE_EUNKNOWN when it had ended before, COPSE_ETIMEOUT when it has not ended. */
COPSE_API int copse_task_joined_code(const copse_task *self);

/* NAME and PLACE are copied. */
typedef struct copse_task_options {
    const char *name;  /* NULL: "task" */
    const char *place; /* where it was made, "file.c:12"; NULL: "" */
    copse_resume_fn *resume;
    void (*drop)(void *context); /* called once, after the end, on the executor's thread; or NULL */
    void *context;
    uint16_t lane;
    uint8_t priority;
} copse_task_options;

/* One task as data. The strings are borrowed until the task ends. */
typedef struct copse_task_info {
    copse_task_handle handle;
    const char *name;
    const char *place;
    copse_task_state state;
    copse_block block; /* of a blocked task, or of a running one that waits inside its resume */
    int64_t due_ns;    /* its deadline, or COPSE_NEVER */
    uint16_t lane;
    uint8_t priority;
    bool is_cancelled; /* somebody has asked it to end */
} copse_task_info;

/* ---- Executors ----------------------------------------------------------------------------- */

/* Runs tasks. It belongs to the thread that made it: every function but copse_executor_post,
 * copse_executor_post_wake, copse_executor_external_begin and _end returns COPSE_ETHREAD on another
 * thread. */
typedef struct copse_executor copse_executor;

/* All zero is a good start: virtual time from 0, FIFO. */
typedef struct copse_det_options {
    const copse_allocator *allocator; /* NULL: the default one */
    copse_clock *clock;               /* borrowed; NULL: an own virtual clock that starts at 0 */
    copse_choices *choices;           /* borrowed; NULL: FIFO, not recorded */
    uint32_t task_limit;              /* schedule refuses more live tasks; 0: no limit */
    bool measures_runs;               /* read the clock around every resume, for stats.run_ns */
} copse_det_options;

/* An own deterministic executor in *OUT: one thread, every decision from CHOICES, so that equal
 * choices and inputs give equal runs. COPSE_ENOMEM. */
COPSE_API copse_status copse_executor_new_det(const copse_det_options *options,
                                              copse_executor **out) COPSE_MUST_USE;

/* End the executor: its tasks are cancelled and may clean up, those that do not end within a
 * bounded number of steps are dropped. COPSE_EBUSY_OWNER, and nothing happens, when called from
 * inside a task or a drop. No other thread may still hold the executor. NULL is fine. */
COPSE_API copse_status copse_executor_free(copse_executor *own);

/* The clock, borrowed for the life of the executor. */
COPSE_API copse_clock *copse_executor_clock(const copse_executor *executor);

/* Make a task and queue it; *OUT (which may be NULL) gets its handle. COPSE_EINVAL without a resume
 * function, COPSE_EFULL at the limit, COPSE_ESHUTDOWN while it is being freed, COPSE_ENOMEM: then
 * drop is not called. */
COPSE_API copse_status copse_executor_schedule(copse_executor *executor,
                                               const copse_task_options *options,
                                               copse_task_handle *out) COPSE_MUST_USE;

/* Queue a blocked task; a running one will not block next time; a queued one stays as it is.
 * COPSE_EUNKNOWN when it has ended. */
COPSE_API copse_status copse_executor_wake(copse_executor *executor, copse_task_handle task);

/* Queue a blocked task once the clock shows DUE_NS; replaces the deadline it has. COPSE_EUNKNOWN,
 * or COPSE_EINVAL when the task is not blocked. */
COPSE_API copse_status copse_executor_wake_at(copse_executor *executor, copse_task_handle task,
                                              int64_t due_ns);

/* The same as wake, from any thread; never refused, several at once count as one. A task that has
 * ended meanwhile is counted as a stale wake. */
COPSE_API void copse_executor_post_wake(copse_executor *executor, copse_task_handle task);

/* From any thread: call FUNCTION with CONTEXT on the executor's thread, in order of arrival for
 * each posting thread. COPSE_ENOMEM. What was posted and not called when the executor is freed is
 * called then. */
COPSE_API copse_status copse_executor_post(copse_executor *executor,
                                           void (*function)(void *context),
                                           void *context) COPSE_MUST_USE;

/* From any thread: between begin and end somebody outside owes a wake or a post, so that waiting is
 * no deadlock, and virtual time stands still. */
COPSE_API void copse_executor_external_begin(copse_executor *executor);
COPSE_API void copse_executor_external_end(copse_executor *executor);

/* Ask TASK to end: one that never ran never will; any other is resumed with COPSE_WHY_CANCELLED.
 * With CASCADES, also every task that joins it, and so on. COPSE_ECANCELLED when it was asked
 * before, COPSE_EUNKNOWN when it has ended. */
COPSE_API copse_status copse_executor_cancel(copse_executor *executor, copse_task_handle task,
                                             bool cascades);

/* Run tasks until TASK has ended; *CODE (which may be NULL) gets its code, COPSE_ECANCELLED if it
 * was cancelled. Also inside a task, up to 64 deep. The task runs on when the wait is refused:
 *   COPSE_ETIMEOUT   the clock shows DEADLINE_NS, or went backward
 *   COPSE_EDEADLOCK  it can never end: nothing runs, sleeps or comes from outside; see the dump
 *   COPSE_EPAUSED    only a resume can change anything
 *   COPSE_EIDLE      only a step of the driven clock can
 *   COPSE_EDEPTH     waits are nested 64 deep
 *   COPSE_EDIVERGED  the replay took another path
 *   COPSE_EUNKNOWN   the task had ended before */
COPSE_API copse_status copse_executor_wait(copse_executor *executor, copse_task_handle task,
                                           int64_t deadline_ns, int *code) COPSE_MUST_USE;

/* Run tasks until IS_DONE says so, which is asked before every step. The same refusals. */
COPSE_API copse_status copse_executor_run_until(copse_executor *executor,
                                                bool (*is_done)(void *context), void *context,
                                                int64_t deadline_ns) COPSE_MUST_USE;

/* Run tasks until the clock shows TIME_NS and the tasks that are queued then have run once. The
 * same refusals, but no deadlock: nothing to do until then is fine. Virtual time
 * stands while a task is ready: one that always yields keeps it where it is. */
COPSE_API copse_status copse_executor_run_to(copse_executor *executor,
                                             int64_t time_ns) COPSE_MUST_USE;

/* Un-pause, and run until every task has ended. The same refusals. */
COPSE_API copse_status copse_executor_run_all(copse_executor *executor) COPSE_MUST_USE;

/* One step: resume one task, or let time pass until one can be. The same refusals; COPSE_EDEADLOCK
 * also when no task is left. */
COPSE_API copse_status copse_executor_step(copse_executor *executor) COPSE_MUST_USE;

/* After pause no task starts; they gather, in order. Resume starts nothing itself. */
COPSE_API copse_status copse_executor_pause(copse_executor *executor);
COPSE_API copse_status copse_executor_resume(copse_executor *executor);

/* Times in nanoseconds; percentiles are upper bounds of a bucket, at most a quarter too high. */
typedef struct copse_distribution {
    uint64_t count;
    int64_t total_ns;
    int64_t max_ns;
    int64_t p50_ns;
    int64_t p99_ns;
} copse_distribution;

/* One consistent cut: submitted = completed + failed + cancelled + live,
 * live = queued + running + blocked. */
typedef struct copse_executor_stats {
    uint64_t submitted;
    uint64_t completed;
    uint64_t failed;
    uint64_t cancelled;
    uint64_t live;
    uint64_t queued;
    uint64_t running; /* more than one while a task waits inside its resume */
    uint64_t blocked;
    uint64_t refused;           /* schedules at the limit */
    uint64_t resumes;           /* calls of resume functions */
    uint64_t wakes;             /* wakes that queued or notified a task */
    uint64_t stale_wakes;       /* posted wakes whose task had ended */
    uint64_t deadlines;         /* tasks that were resumed because they were due */
    uint64_t posts;             /* messages from posting threads, wakes included */
    uint64_t unseen_failures;   /* tasks that failed while nobody waited for them */
    copse_distribution wait_ns; /* from being queued to being resumed */
    copse_distribution run_ns;  /* in resume functions; empty unless measures_runs */
} copse_executor_stats;

COPSE_API copse_status copse_executor_stats_read(const copse_executor *executor,
                                                 copse_executor_stats *out);

/* COPSE_EUNKNOWN when TASK has ended. */
COPSE_API copse_status copse_executor_task_info(const copse_executor *executor,
                                                copse_task_handle task, copse_task_info *out);

/* Call VISIT for every live task, in order of handles, which must not change the executor. */
COPSE_API copse_status copse_executor_visit(const copse_executor *executor,
                                            void (*visit)(void *context,
                                                          const copse_task_info *info),
                                            void *context);

/* A cycle of tasks that wait for each other: up to CAPACITY handles in CYCLE, each waits for the
 * next and the last for the first; *COUNT is its whole length, 0 when there is none. */
COPSE_API copse_status copse_executor_find_cycle(const copse_executor *executor,
                                                 copse_task_handle *cycle, size_t capacity,
                                                 size_t *count);

/* All tasks, what each waits for and its owner, and the cycle if there is one, as text cut to SIZE
 * with its NUL. *LENGTH (which may be NULL) gets the whole length. */
COPSE_API copse_status copse_executor_dump(const copse_executor *executor, char *text, size_t size,
                                           size_t *length);

/* ---- Parcels ------------------------------------------------------------------------------- */

/* A tree of data, the only thing that crosses threads. Immutable once built, in one block, which
 * holds no addresses. Its owner may hand it to another thread; many may read it. */
typedef struct copse_parcel copse_parcel;

/* X(name, word, text) */
#define COPSE_PARCEL_KIND_LIST(X)                                                                  \
    X(COPSE_PARCEL_NULL, "null", "nothing")                                                        \
    X(COPSE_PARCEL_BOOLEAN, "boolean", "true or false")                                            \
    X(COPSE_PARCEL_INTEGER, "integer", "64 bits, signed")                                          \
    X(COPSE_PARCEL_DOUBLE, "double", "IEEE 754 binary64, every bit kept")                          \
    X(COPSE_PARCEL_TEXT, "text", "UTF-8, NUL-terminated, NUL inside allowed")                      \
    X(COPSE_PARCEL_BYTES, "bytes", "any bytes")                                                    \
    X(COPSE_PARCEL_ARRAY, "array", "numbers of one kind, aligned")                                 \
    X(COPSE_PARCEL_LIST, "list", "parcels in order")                                               \
    X(COPSE_PARCEL_MAP, "map", "pairs of parcels in order, duplicates allowed")

#define COPSE_PARCEL_KIND_ENUM(name, word, text) name,
typedef enum copse_parcel_kind {
    COPSE_PARCEL_KIND_LIST(COPSE_PARCEL_KIND_ENUM) COPSE_PARCEL_KIND_COUNT
} copse_parcel_kind;
#undef COPSE_PARCEL_KIND_ENUM

/* X(name, word, type) */
#define COPSE_ELEMENT_LIST(X)                                                                      \
    X(COPSE_ELEMENT_U8, "u8", uint8_t)                                                             \
    X(COPSE_ELEMENT_I32, "i32", int32_t)                                                           \
    X(COPSE_ELEMENT_I64, "i64", int64_t)                                                           \
    X(COPSE_ELEMENT_F32, "f32", float)                                                             \
    X(COPSE_ELEMENT_F64, "f64", double)

#define COPSE_ELEMENT_ENUM(name, word, type) name,
typedef enum copse_element { COPSE_ELEMENT_LIST(COPSE_ELEMENT_ENUM) } copse_element;
#undef COPSE_ELEMENT_ENUM

/* Lists and maps nest at most so deep. */
#define COPSE_PARCEL_DEPTH 1048576

COPSE_API const char *copse_parcel_kind_name(copse_parcel_kind kind);

/* Builds one parcel. Each add is the next item of the innermost open list or map; in a map keys and
 * values alternate. The first refusal sticks: later adds do nothing, finish returns it. */
typedef struct copse_parcel_builder copse_parcel_builder;

/* An own builder. NULL when memory is refused. */
COPSE_API copse_parcel_builder *
copse_parcel_builder_new(const copse_allocator *allocator) COPSE_MUST_USE;
COPSE_API void copse_parcel_builder_free(copse_parcel_builder *own);

COPSE_API void copse_parcel_add_null(copse_parcel_builder *builder);
COPSE_API void copse_parcel_add_boolean(copse_parcel_builder *builder, bool value);
COPSE_API void copse_parcel_add_integer(copse_parcel_builder *builder, int64_t value);
COPSE_API void copse_parcel_add_double(copse_parcel_builder *builder, double value);
/* SIZE bytes of UTF-8; COPSE_EFORMAT when they are not. */
COPSE_API void copse_parcel_add_text(copse_parcel_builder *builder, const char *text, size_t size);
COPSE_API void copse_parcel_add_bytes(copse_parcel_builder *builder, const void *bytes,
                                      size_t size);
/* COUNT elements copied from VALUES, or zeros when it is NULL. */
COPSE_API void copse_parcel_add_array(copse_parcel_builder *builder, copse_element element,
                                      const void *values, size_t count);
/* COPSE_ERANGE deeper than COPSE_PARCEL_DEPTH. */
COPSE_API void copse_parcel_open_list(copse_parcel_builder *builder);
COPSE_API void copse_parcel_open_map(copse_parcel_builder *builder);
/* COPSE_EINVAL when nothing is open, or a map has a key without a value. */
COPSE_API void copse_parcel_close(copse_parcel_builder *builder);

/* The refusal so far, or COPSE_OK. */
COPSE_API copse_status copse_parcel_builder_status(const copse_parcel_builder *builder);

/* An own parcel in *OUT, and the builder is empty again, also when refused: the first refusal,
 * COPSE_EINVAL when there is not exactly one parcel or something is open, COPSE_ENOMEM. */
COPSE_API copse_status copse_parcel_finish(copse_parcel_builder *builder,
                                           copse_parcel **out) COPSE_MUST_USE;

/* Takes the parcel back in one step, whatever its depth. NULL is fine. */
COPSE_API void copse_parcel_free(copse_parcel *own);

/* Bytes of the block. */
COPSE_API size_t copse_parcel_size(const copse_parcel *parcel);

/* The same tree, bit for bit: order in maps counts, a NaN equals the same NaN, 0.0 is not -0.0. */
COPSE_API bool copse_parcel_equal(const copse_parcel *a, const copse_parcel *b);

/* One item of a parcel, by value; valid as long as the parcel. A zero cursor is at no item, and
 * every question about it has the answer no. */
typedef struct copse_cursor {
    const copse_parcel *parcel;
    uint64_t index;
    uint64_t end; /* of the items beside this one */
} copse_cursor;

COPSE_API copse_cursor copse_parcel_root(const copse_parcel *parcel);
COPSE_API bool copse_cursor_is_valid(copse_cursor cursor);
/* COPSE_PARCEL_NULL at no item. */
COPSE_API copse_parcel_kind copse_cursor_kind(copse_cursor cursor);
/* Each false, and *OUT unchanged, when the item is of another kind. */
COPSE_API bool copse_cursor_boolean(copse_cursor cursor, bool *out) COPSE_MUST_USE;
COPSE_API bool copse_cursor_integer(copse_cursor cursor, int64_t *out) COPSE_MUST_USE;
COPSE_API bool copse_cursor_double(copse_cursor cursor, double *out) COPSE_MUST_USE;
/* Borrowed from the parcel; NULL for another kind. The size is without the NUL of a text. */
COPSE_API const char *copse_cursor_text(copse_cursor cursor, size_t *size);
COPSE_API const void *copse_cursor_bytes(copse_cursor cursor, size_t *size);
COPSE_API const void *copse_cursor_array(copse_cursor cursor, copse_element *element,
                                         size_t *count);
/* Items of a list, pairs of a map, 0 for another kind. */
COPSE_API size_t copse_cursor_count(copse_cursor cursor);
/* The first item of a list or the first key of a map; the item after this one (after a key its
 * value, then the next key). At no item when there is none. */
COPSE_API copse_cursor copse_cursor_first(copse_cursor cursor);
COPSE_API copse_cursor copse_cursor_next(copse_cursor cursor);
/* The value of the first pair whose key is the NUL-terminated text KEY. */
COPSE_API copse_cursor copse_cursor_find(copse_cursor cursor, const char *key);

/* ---- The loop of a thread ------------------------------------------------------------------- */

/* All zero is a good start: the system's time. */
typedef struct copse_loop_options {
    const copse_allocator *allocator; /* NULL: the default one */
    copse_clock *clock;               /* borrowed; NULL: an own real clock */
    uint32_t task_limit;              /* schedule refuses more live tasks; 0: no limit */
    bool measures_runs;               /* read the clock around every resume, for stats.run_ns */
} copse_loop_options;

/* An own executor of the calling thread in *OUT: first come, first served, and asleep while there
 * is nothing to do until a deadline or a message of another thread. Refuses as the deterministic
 * one does. COPSE_ENOMEM. */
COPSE_API copse_status copse_executor_new_loop(const copse_loop_options *options,
                                               copse_executor **out) COPSE_MUST_USE;

/* ---- Workers ------------------------------------------------------------------------------- */

/* Workers that run jobs, shared by any number of job tables. */
typedef struct copse_pool copse_pool;

/* All zero is a good start. */
typedef struct copse_pool_options {
    const copse_allocator *allocator; /* NULL: the default one */
    uint32_t workers;                 /* 0: one a processor, at most 4 */
    uint32_t queue_limit;             /* jobs that may wait for a worker; 0: 4,096 */
    int64_t max_wait_ns;              /* what waited longer goes first; 0: a second */
    /* Called on each worker before its first job and after its last: start gives what the jobs get
     * as copse_job_worker_data, or NULL to refuse. Either both or none. */
    void *(*worker_start)(void *context, uint32_t worker);
    void (*worker_stop)(void *context, void *worker_data);
    void *context;
} copse_pool_options;

/* An own pool of threads in *OUT. COPSE_EINVAL for half a pair of functions or more than 1,024
 * workers, COPSE_ENOMEM when memory, a thread or a worker_start is refused. */
COPSE_API copse_status copse_pool_new(const copse_pool_options *options,
                                      copse_pool **out) COPSE_MUST_USE;

/* A pool whose workers are tasks and not threads. */
typedef struct copse_twin_options {
    copse_executor *executor; /* borrowed for the life of the pool, which is used on its thread */
    copse_choices *choices;   /* borrowed; NULL: the shortest time */
    int64_t run_ns;           /* 0: a millisecond */
} copse_twin_options;

/* An own pool in *OUT where a job takes time of the executor's clock: what it declares, or else
 * run_ns times 1 to 8, chosen by CHOICES. Its function is called at the end of that time. All else
 * is as with threads, and the same choices give the same run. The same refusals. */
COPSE_API copse_status copse_pool_new_twin(const copse_pool_options *options,
                                           const copse_twin_options *twin,
                                           copse_pool **out) COPSE_MUST_USE;

/* After pause no job starts, until resume: they gather. Running ones go on. From any thread. */
COPSE_API copse_status copse_pool_pause(copse_pool *pool);
COPSE_API copse_status copse_pool_resume(copse_pool *pool);

typedef enum copse_shutdown {
    COPSE_SHUTDOWN_DRAIN,  /* run what is queued */
    COPSE_SHUTDOWN_ABANDON /* cancel what is queued, ask what runs to stop */
} copse_shutdown;

/* Refuse new jobs with COPSE_ESHUTDOWN from now on, and return when every worker has ended: no job
 * runs any more. COPSE_EBUSY_OWNER inside a job of this pool. Workers that are tasks belong to the
 * executor's thread, and draining them may be refused as running the executor may. */
COPSE_API copse_status copse_pool_shutdown(copse_pool *pool, copse_shutdown how);

/* Takes the pool back; abandons what was not shut down. COPSE_EBUSY_OWNER, and nothing happens,
 * while job tables use it; what the executor of a twin refuses: free the executor first. NULL is
 * fine. In the child after a fork the threads are gone: the pool
 * refuses jobs with COPSE_ESHUTDOWN and can be freed. */
COPSE_API copse_status copse_pool_free(copse_pool *own);

/* One consistent cut. */
typedef struct copse_pool_stats {
    uint32_t workers;
    uint32_t parked;  /* workers without work */
    uint32_t queued;  /* jobs that no worker has looked at */
    uint64_t pushed;  /* jobs that were queued */
    uint64_t refused; /* at the limit */
    uint64_t aged;    /* picked before more urgent ones */
    uint64_t stolen;  /* taken over from another worker */
    uint64_t unparks; /* parked workers that were woken for a job */
} copse_pool_stats;

COPSE_API copse_status copse_pool_stats_read(copse_pool *pool, copse_pool_stats *out);

/* ---- Jobs ---------------------------------------------------------------------------------- */

/* The jobs of one owner. A table belongs to the thread that made it: every function returns
 * COPSE_ETHREAD on another. The owner hears of ends in copse_jobs_poll, copse_job_wait, or when its
 * executor delivers mail, and at no other moment: until then a job that has ended is running. */
typedef struct copse_jobs copse_jobs;

/* Names one job for ever, as a task's handle does. All zero is no job. */
typedef struct copse_job_handle {
    uint64_t bits;
} copse_job_handle;

/* The running job, inside its function; use it nowhere else. */
typedef struct copse_job copse_job;

/* X(name, word, text) */
#define COPSE_JOB_STATE_LIST(X)                                                                    \
    X(COPSE_JOB_UNKNOWN, "unknown", "there is no such job, or nothing is kept of it")              \
    X(COPSE_JOB_QUEUED, "queued", "waits for a worker")                                            \
    X(COPSE_JOB_RUNNING, "running", "a worker has it, or its time is not over")                    \
    X(COPSE_JOB_DONE, "done", "ended with a result")                                               \
    X(COPSE_JOB_FAILED, "failed", "ended with an error")                                           \
    X(COPSE_JOB_CANCELLED, "cancelled", "ended for a reason of its own: see copse_stop")

#define COPSE_JOB_STATE_ENUM(name, word, text) name,
typedef enum copse_job_state { COPSE_JOB_STATE_LIST(COPSE_JOB_STATE_ENUM) } copse_job_state;
#undef COPSE_JOB_STATE_ENUM

/* X(name, word, text): why a job was asked to stop. */
#define COPSE_STOP_LIST(X)                                                                         \
    X(COPSE_STOP_NONE, "none", "it was not")                                                       \
    X(COPSE_STOP_CANCEL, "cancel", "somebody cancelled it")                                        \
    X(COPSE_STOP_TIMEOUT, "timeout", "its deadline passed")                                        \
    X(COPSE_STOP_SHUTDOWN, "shutdown", "its table or its pool ended")

#define COPSE_STOP_ENUM(name, word, text) name,
typedef enum copse_stop { COPSE_STOP_LIST(COPSE_STOP_ENUM) } copse_stop;
#undef COPSE_STOP_ENUM

/* The names of a state and of a reason; "unknown" for any other number. */
COPSE_API const char *copse_job_state_name(copse_job_state state);
COPSE_API const char *copse_stop_name(copse_stop stop);

/* What a job function returns; made by the functions below. */
typedef enum copse_job_end { COPSE_JOB_ENDS_DONE, COPSE_JOB_ENDS_FAILED } copse_job_end;

/* Does the work, on a worker. CONTEXT is what the options said, INPUT is borrowed until it returns
 * and may be NULL. */
typedef copse_job_end copse_job_fn(copse_job *self, void *context, const copse_parcel *input);

/* OWN, which may be NULL, is the result or the error. */
COPSE_API copse_job_end copse_job_done(copse_job *self, copse_parcel *own);
COPSE_API copse_job_end copse_job_fail(copse_job *self, copse_parcel *own);
/* The error is TEXT as a parcel, or none when memory is refused. */
COPSE_API copse_job_end copse_job_fail_text(copse_job *self, const char *text);

/* True once the job was cancelled, its deadline has passed or its pool was abandoned: return soon,
 * the result will be dropped. Then the reason. */
COPSE_API bool copse_job_should_stop(copse_job *self);
COPSE_API copse_stop copse_job_stop_reason(copse_job *self);

COPSE_API copse_job_handle copse_job_self(const copse_job *self);
/* What worker_start gave on this worker; NULL without it. */
COPSE_API void *copse_job_worker_data(const copse_job *self);
/* The pool that runs the job: a job makes a table of its own to run others, and waits for them. */
COPSE_API copse_pool *copse_job_pool(const copse_job *self);

/* X(name, word): what a listener hears. The words are those of the trace. */
#define COPSE_JOB_EVENT_LIST(X)                                                                    \
    X(COPSE_JOB_SUBMITTED, "scheduler_submit")                                                     \
    X(COPSE_JOB_STARTED, "scheduler_start")                                                        \
    X(COPSE_JOB_FINISHED, "scheduler_finish")                                                      \
    X(COPSE_JOB_STOPPED, "scheduler_cancel")

#define COPSE_JOB_EVENT_ENUM(name, word) name,
typedef enum copse_job_event_kind {
    COPSE_JOB_EVENT_LIST(COPSE_JOB_EVENT_ENUM)
} copse_job_event_kind;
#undef COPSE_JOB_EVENT_ENUM

COPSE_API const char *copse_job_event_name(copse_job_event_kind kind);

typedef struct copse_job_event {
    copse_job_event_kind kind;
    copse_job_handle job;
    const char *name; /* borrowed for the call */
    int64_t time_ns;  /* when it happened, on the table's clock */
    copse_job_state state;
    copse_stop reason;
} copse_job_event;

/* All zero but the pool is a good start. */
typedef struct copse_jobs_options {
    const copse_allocator *allocator; /* NULL: the default one; used by workers too */
    copse_pool *pool;                 /* borrowed for the life of the table */
    /* The owner's executor, borrowed for the life of the table: it delivers ends and deadlines, and
     * a wait drives it. NULL: the owner is a worker, whose waits run other jobs, or a thread of its
     * own, whose waits block. */
    copse_executor *executor;
    uint32_t live_limit; /* jobs that have not ended; 0: no limit but the pool's */
    uint32_t retention;  /* ended jobs whose results are kept, oldest dropped first; 0: 1,024 */
    /* Called on the owner's thread, starts included as the owner hears of them; must not call the
     * table. NULL: nobody listens. */
    void (*on_event)(void *context, const copse_job_event *event);
    void *context;
} copse_jobs_options;

/* An own table in *OUT, for the calling thread. COPSE_EINVAL without a pool, or when a pool whose
 * workers are tasks has another executor; COPSE_ENOMEM. */
COPSE_API copse_status copse_jobs_new(const copse_jobs_options *options,
                                      copse_jobs **out) COPSE_MUST_USE;

/* Cancel all jobs, wait until none runs, and drop every result. COPSE_EBUSY_OWNER, and nothing
 * happens, from inside a callback or a job of the table. NULL is fine. */
COPSE_API copse_status copse_jobs_free(copse_jobs *own);

/* One job to submit. Everything but INPUT is borrowed or copied. */
typedef struct copse_job_options {
    const char *name; /* copied, cut to 31 bytes; NULL: "job" */
    copse_job_fn *run;
    void *context;       /* for all functions here; lives until drop */
    copse_parcel *input; /* own, taken over unless the submit is refused; may be NULL */
    /* Called on the owner's thread, while the job runs, when it is to stop: close what it reads.
     * May come when it has just returned. NULL: it polls. */
    void (*stop)(void *context);
    /* Called once on the owner's thread when it hears of the end; may consume the result. Or NULL.
     */
    void (*ended)(void *context, copse_job_handle job, copse_job_state state);
    void (*drop)(void *context); /* called once, behind ended; or NULL */
    int64_t deadline_ns;         /* on the table's clock; 0 or COPSE_NEVER: none */
    int64_t virtual_ns;          /* how long it takes where workers are tasks; 0: chosen */
    int8_t priority;             /* -2, the most urgent, to 2; 0 is normal */
} copse_job_options;

/* Queue a job; *OUT (which may be NULL) gets its handle. COPSE_EINVAL without a function or with a
 * bad priority, COPSE_EFULL at a limit, COPSE_ESHUTDOWN, COPSE_ENOMEM. */
COPSE_API copse_status copse_job_submit(copse_jobs *jobs, const copse_job_options *options,
                                        copse_job_handle *out) COPSE_MUST_USE;

/* Queue COUNT jobs in order, all or none, in one step; OUT (which may be NULL) gets COUNT handles.
 */
COPSE_API copse_status copse_job_submit_n(copse_jobs *jobs, const copse_job_options *options,
                                          uint32_t count, copse_job_handle *out) COPSE_MUST_USE;

/* A job that holds no worker and is done, without a result, when the table's clock shows UNTIL_NS.
 * Of the options run and stop must be NULL. */
COPSE_API copse_status copse_job_sleep_until(copse_jobs *jobs, const copse_job_options *options,
                                             int64_t until_ns,
                                             copse_job_handle *out) COPSE_MUST_USE;

/* Hear of what has happened since the last time; how many jobs have ended. One load when there is
 * nothing. Never blocks. */
COPSE_API copse_status copse_jobs_poll(copse_jobs *jobs, uint32_t *ended);

typedef struct copse_job_info {
    copse_job_handle job;
    char name[32];
    copse_job_state state;
    copse_stop reason; /* of one that is cancelled, or runs and is asked to stop */
    int8_t priority;
    int64_t submitted_ns; /* on the table's clock */
    int64_t deadline_ns;  /* or COPSE_NEVER */
    int64_t wait_ns;      /* in the queue; of one that ended */
    int64_t run_ns;       /* on a worker; of one that ended */
} copse_job_info;

/* COPSE_EUNKNOWN for a job that never was, whose result was consumed or is not kept. */
COPSE_API copse_status copse_job_get_info(copse_jobs *jobs, copse_job_handle job,
                                          copse_job_info *out);

typedef struct copse_job_result {
    copse_job_state state; /* done, failed or cancelled */
    copse_stop reason;     /* of a cancelled one */
    copse_parcel *parcel;  /* own: the result of a done job, the error of a failed one; or NULL */
} copse_job_result;

/* The result, once: nothing is kept of the job. COPSE_EPENDING before the owner heard of the end,
 * COPSE_EUNKNOWN the second time. */
COPSE_API copse_status copse_job_try_get_result(copse_jobs *jobs, copse_job_handle job,
                                                copse_job_result *out) COPSE_MUST_USE;

/* A queued job never runs; a running one is asked to stop and ends as cancelled when it returns.
 * COPSE_ECANCELLED when it was asked before, COPSE_EINVAL when it has ended, COPSE_EUNKNOWN. */
COPSE_API copse_status copse_job_cancel(copse_jobs *jobs, copse_job_handle job);

/* Cancel, and keep nothing of the job when it ends: its handle is unknown from now on. */
COPSE_API copse_status copse_job_forget(copse_jobs *jobs, copse_job_handle job);

/* Return when the owner has heard of the end, or could have consumed it. Drives the executor, runs
 * other jobs or blocks, as the owner is; the refusals of copse_executor_wait, and the job goes on.
 */
COPSE_API copse_status copse_job_wait(copse_jobs *jobs, copse_job_handle job,
                                      int64_t deadline_ns) COPSE_MUST_USE;

/* One consistent cut: submitted = completed + failed + cancelled + live, live = queued + running.
 */
typedef struct copse_jobs_stats {
    uint64_t submitted;
    uint64_t started;
    uint64_t completed;
    uint64_t failed;
    uint64_t cancelled; /* timed_out included */
    uint64_t timed_out;
    uint64_t live;
    uint64_t queued;
    uint64_t running;
    uint64_t retained;          /* ended, result not consumed */
    uint64_t evicted;           /* results dropped for newer ones */
    uint64_t overflow;          /* submits refused at a limit */
    uint64_t late_dropped;      /* results of jobs that were cancelled, or forgotten */
    uint64_t unseen_failures;   /* failed jobs that nobody consumed */
    copse_distribution wait_ns; /* in the queue */
    copse_distribution run_ns;  /* on a worker */
} copse_jobs_stats;

COPSE_API copse_status copse_jobs_stats_snapshot(copse_jobs *jobs, copse_jobs_stats *out);

#ifdef __cplusplus
}
#endif

#endif
