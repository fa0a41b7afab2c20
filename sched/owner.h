/* owner.h -- the thread that an object belongs to.
 *
 * Owns:  the answer to "is the caller the owner", and what a call from elsewhere gets.
 * Never: blocks or changes a thread. */
#ifndef CP_SCHED_OWNER_H
#define CP_SCHED_OWNER_H

#include <stdbool.h>
#include <stdint.h>

#include <copse/sched.h>

#include "sched/compiler.h"

typedef struct cp_owner {
    const void *mark; /* address of the owner's cp_thread_mark: unique while the thread lives */
    int64_t thread;   /* the system's number of the thread, for messages */
} cp_owner;

/* Its address tells threads apart without a system call; the content is never used. */
extern _Thread_local char cp_thread_mark;

/* The calling thread as an owner. */
cp_owner cp_owner_here(void) CP_MUST_USE;

CP_ALWAYS_INLINE bool cp_owner_is_here(const cp_owner *owner)
{
    return owner->mark == &cp_thread_mark;
}

/* COPSE_ETHREAD for the call of FUNCTION by a thread that is not OWNER; under -Dchecked=abort a
 * message with both thread ids and abort(). */
copse_status cp_owner_refuse(const cp_owner *owner, const char *function) CP_COLD CP_MUST_USE;

/* COPSE_EINVAL, or under -Dchecked=abort the message "FUNCTION: TEXT" and abort(). */
copse_status cp_refuse_misuse(const char *function, const char *text) CP_COLD CP_MUST_USE;

/* Leaves the enclosing function with COPSE_ETHREAD unless OWNER is the calling thread. */
#define CP_REQUIRE_OWNER(owner)                                                                    \
    do {                                                                                           \
        if (CP_UNLIKELY(!cp_owner_is_here(owner)))                                                 \
            return cp_owner_refuse(owner, __func__);                                               \
    } while (0)

/* Leaves the enclosing function with COPSE_EINVAL unless CONDITION holds; TEXT says what does not.
 */
#define CP_REQUIRE(condition, text)                                                                \
    do {                                                                                           \
        if (CP_UNLIKELY(!(condition)))                                                             \
            return cp_refuse_misuse(__func__, text);                                               \
    } while (0)

#endif
