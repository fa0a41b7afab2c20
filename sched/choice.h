/* choice.h -- every decision of a deterministic run, and its log.
 *
 * Owns:  the question "which of N?", the answer, and the record of both and of outside inputs.
 * Never: decides by anything but mode, seed, log and earlier questions.
 *
 * The log is little-endian: a header of 32 bytes, then records of variable-length integers (seven
 * bits a byte, lowest first, high bit: more follow).
 *
 *   "CPCL" | version u16 | mode u16 | seed u64 | decisions u64 | hash u64
 *
 *   decision:  chosen << 2 | code      code 0, 1, 2: kind READY and n as in the last decision of
 *              [header]                READY, one more, one fewer; 3: the header follows,
 *                                      zigzag(n - last n of the kind) << 4 | kind
 *   input:     kind << 2 | 3, 15, size, bytes
 */
#ifndef CP_SCHED_CHOICE_H
#define CP_SCHED_CHOICE_H

#include <stdbool.h>

#include <copse/sched.h>

#include "sched/compiler.h"
#include "sched/rng.h"

/* X(name, word, text): the numbers are part of the log format; below 15. */
#define CP_CHOICE_KIND_LIST(X)                                                                     \
    X(CP_CHOICE_READY, "ready", "which ready task runs next")                                      \
    X(CP_CHOICE_MAIL, "mail", "how many waiting messages are delivered now, 0 for all")            \
    X(CP_CHOICE_TEST, "test", "a decision of a test or a host")                                    \
    X(CP_CHOICE_JOB, "job", "how long a job runs")

#define CP_CHOICE_KIND_ENUM(name, word, text) name,
typedef enum cp_choice_kind {
    CP_CHOICE_KIND_LIST(CP_CHOICE_KIND_ENUM) CP_CHOICE_KIND_COUNT
} cp_choice_kind;
#undef CP_CHOICE_KIND_ENUM

enum { CP_CHOICE_INPUT = 15 }; /* in the place of a kind: an input, no decision */
_Static_assert((int)CP_CHOICE_KIND_COUNT < (int)CP_CHOICE_INPUT,
               "the header has four bits for the kind");

/* The identity of candidate INDEX, for modes that rank candidates. */
typedef uint64_t cp_identify(void *context, uint32_t index);

/* Which of COUNT > 0, from 0. One alone is no decision and leaves no record. IDENTIFY may be NULL
 * where candidates have no identity: then PCT chooses by index. */
uint32_t cp_choose(copse_choices *choices, uint32_t count, cp_choice_kind kind,
                   cp_identify *identify, void *context);

/* An input from outside of SIZE bytes: recorded and hashed; a replay compares it with its log. */
void cp_record_input(copse_choices *choices, uint32_t kind, const void *bytes, size_t size);

/* Replay: the bytes of the next record, which must be an input of KIND, borrowed from the log.
 * False in other modes, and when the replay has diverged. */
bool cp_replay_input(copse_choices *choices, uint32_t kind, const void **bytes,
                     size_t *size) CP_MUST_USE;

/* The replay asked something else than its log answers; everything chosen since is 0. */
bool cp_choices_have_diverged(const copse_choices *choices);

const char *cp_choice_kind_name(uint32_t kind);

#endif
