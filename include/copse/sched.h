/* copse/sched.h -- status codes, memory, time and tasks: the part of Copse that knows no Lisp.
 *
 * Ownership, for the whole interface: a parameter named `own` is taken over, a returned "own X" is
 * the caller's to free, everything else is borrowed. A function that can be refused returns a
 * copse_status, or NULL when it returns a pointer. Nothing here prints, exits, aborts or installs
 * signal handlers; a library built with -Dchecked=abort prints misuse and aborts. */
#ifndef COPSE_SCHED_H
#define COPSE_SCHED_H

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
    X(COPSE_EFORMAT, -15, "the data is not in the expected format")

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

#ifdef __cplusplus
}
#endif

#endif
