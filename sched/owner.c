/* owner.c -- a thread is told from others by the address of a thread-local byte: one comparison. */
#include "sched/owner.h"

#include <stdio.h>
#include <stdlib.h>

#ifdef __linux__
#include <unistd.h>
#else
#include <pthread.h>
#endif

_Thread_local char cp_thread_mark;

static int64_t current_thread(void)
{
#ifdef __linux__
    return gettid();
#else
    return (int64_t)(uintptr_t)pthread_self();
#endif
}

cp_owner cp_owner_here(void)
{
    return (cp_owner){.mark = &cp_thread_mark, .thread = current_thread()};
}

copse_status cp_owner_refuse(const cp_owner *owner, const char *function)
{
#ifdef COPSE_CHECKED_ABORT
    fprintf(stderr, "copse: %s: called from thread %lld, the owner is thread %lld\n", function,
            (long long)current_thread(), (long long)owner->thread);
    abort();
#else
    (void)owner;
    (void)function;
    return COPSE_ETHREAD;
#endif
}

copse_status cp_refuse_misuse(const char *function, const char *text)
{
#ifdef COPSE_CHECKED_ABORT
    fprintf(stderr, "copse: %s: %s\n", function, text);
    abort();
#else
    (void)function;
    (void)text;
    return COPSE_EINVAL;
#endif
}
