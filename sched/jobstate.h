/* jobstate.h -- the states of a job and every legal move between them.
 *
 * Owns:  the table of moves, and the one step by which each is made.
 * Never: knows who moves: owner and worker race for some of the moves, and one of them wins. */
#ifndef CP_SCHED_JOBSTATE_H
#define CP_SCHED_JOBSTATE_H

#include <stdatomic.h>
#include <stdbool.h>

#include <copse/sched.h>

#include "sched/compiler.h"
#include "sched/format.h"

/* X(name, what the interface says, word) */
#define CP_JOB_STATE_LIST(X)                                                                       \
    X(FREE, UNKNOWN, "free")                                                                       \
    X(QUEUED, QUEUED, "queued")                                                                    \
    X(RUNNING, RUNNING, "running")                                                                 \
    X(STOPPING, RUNNING, "stopping")                                                               \
    X(DONE, DONE, "done")                                                                          \
    X(FAILED, FAILED, "failed")                                                                    \
    X(CANCELLED, CANCELLED, "cancelled")

#define CP_JOB_STATE_ENUM(name, public, word) CP_JOB_##name,
typedef enum cp_job_state { CP_JOB_STATE_LIST(CP_JOB_STATE_ENUM) CP_JOB_STATE_COUNT } cp_job_state;
#undef CP_JOB_STATE_ENUM

/* X(name, word): what can happen to a job. */
#define CP_JOB_MOVE_EVENT_LIST(X)                                                                  \
    X(SUBMIT, "submit")                                                                            \
    X(START, "start")                                                                              \
    X(STOP, "stop")                                                                                \
    X(FINISH, "finish")                                                                            \
    X(FAIL, "fail")                                                                                \
    X(DROP, "drop")                                                                                \
    X(CONSUME, "consume")

#define CP_JOB_MOVE_EVENT_ENUM(name, word) CP_JOB_EVENT_##name,
typedef enum cp_job_move_event {
    CP_JOB_MOVE_EVENT_LIST(CP_JOB_MOVE_EVENT_ENUM) CP_JOB_EVENT_COUNT
} cp_job_move_event;
#undef CP_JOB_MOVE_EVENT_ENUM

/* X(from, event, to, text): every legal move. Owner and worker race for the moves out of QUEUED and
 * RUNNING; each is one compare-and-swap, so exactly one wins, and nothing leaves a final state but
 * by the owner. */
#define CP_JOB_MOVE_LIST(X)                                                                        \
    X(FREE, SUBMIT, QUEUED, "the owner handed it to the pool")                                     \
    X(QUEUED, START, RUNNING, "a worker claimed it")                                               \
    X(QUEUED, STOP, CANCELLED, "cancelled or too late before a worker started it: it never runs")  \
    X(QUEUED, DROP, CANCELLED, "its pool gave it up")                                              \
    X(RUNNING, STOP, STOPPING, "its flag is up")                                                   \
    X(RUNNING, FINISH, DONE, "it returned a result")                                               \
    X(RUNNING, FAIL, FAILED, "it returned an error")                                               \
    X(RUNNING, DROP, CANCELLED, "it returned too late, or its pool gave it up")                    \
    X(STOPPING, DROP, CANCELLED, "it returned, and what it returned is dropped")                   \
    X(DONE, CONSUME, FREE, "the result was taken or dropped")                                      \
    X(FAILED, CONSUME, FREE, "the error was taken or dropped")                                     \
    X(CANCELLED, CONSUME, FREE, "the owner knows")

/* [state][event]: the next state + 1, 0 when the move is illegal. Made from the list. */
extern const uint8_t cp_job_moves[CP_JOB_STATE_COUNT][CP_JOB_EVENT_COUNT];

const char *cp_job_state_word(cp_job_state state);
const char *cp_job_move_event_name(cp_job_move_event event);

/* The table of moves as text for the documents: one line "from --event--> to: text" each. */
void cp_job_print_moves(cp_printer *printer);

/* Make the move of EVENT on *WORD, which holds a state and above it a copse_stop; REASON replaces
 * it unless it is NONE. False, and nothing changes, when it is illegal from the present state.
 * *FROM gets that state. Atomic: acquires and releases. */
bool cp_job_try_move(_Atomic uint32_t *word, cp_job_move_event event, copse_stop reason,
                     cp_job_state *from) CP_MUST_USE;

CP_ALWAYS_INLINE cp_job_state cp_job_word_state(uint32_t word)
{
    return (cp_job_state)(word & 0xff);
}

CP_ALWAYS_INLINE copse_stop cp_job_word_reason(uint32_t word)
{
    return (copse_stop)(word >> 8);
}

/* What the interface calls STATE. */
copse_job_state cp_job_public_state(cp_job_state state);

#endif
