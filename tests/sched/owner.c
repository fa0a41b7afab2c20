#include "tests/check.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sched/owner.h"

static void the_thread_that_took_it_is_the_owner(void **state)
{
    (void)state;
    cp_owner owner = cp_owner_here();
    assert_true(cp_owner_is_here(&owner));
}

typedef struct foreign_call {
    const cp_owner *owner;
    bool is_owner;
    int64_t thread;
} foreign_call;

static void *ask_from_another_thread(void *context)
{
    foreign_call *call = context;
    call->is_owner = cp_owner_is_here(call->owner);
    call->thread = cp_owner_here().thread;
    return NULL;
}

static void another_thread_is_not_the_owner(void **state)
{
    (void)state;
    cp_owner owner = cp_owner_here();
    foreign_call call = {.owner = &owner, .is_owner = true};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, ask_from_another_thread, &call), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_false(call.is_owner);
    assert_int_not_equal(call.thread, owner.thread);
}

#ifdef COPSE_CHECKED_ABORT

/* What CALL writes to standard error before it aborts, in a child process. */
static void expect_abort(copse_status (*call)(void), char *text, size_t size)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        (void)!call();
        _exit(0);
    }
    close(ends[1]);
    ssize_t length = read(ends[0], text, size - 1);
    text[length < 0 ? 0 : length] = '\0';
    close(ends[0]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static copse_status call_from_elsewhere(void)
{
    cp_owner owner = {.mark = NULL, .thread = 12345};
    return cp_owner_refuse(&owner, "copse_example");
}

static copse_status call_wrongly(void)
{
    return cp_refuse_misuse("copse_example", "the function is NULL");
}

static void a_call_from_elsewhere_is_refused(void **state)
{
    (void)state;
    char text[256];
    expect_abort(call_from_elsewhere, text, sizeof text);
    assert_memory_equal(text, "copse: copse_example: called from thread ", 41);
    assert_non_null(strstr(text, ", the owner is thread 12345\n"));
}

static void misuse_is_refused(void **state)
{
    (void)state;
    char text[256];
    expect_abort(call_wrongly, text, sizeof text);
    assert_string_equal(text, "copse: copse_example: the function is NULL\n");
}

#else

static void a_call_from_elsewhere_is_refused(void **state)
{
    (void)state;
    cp_owner owner = {.mark = NULL, .thread = 12345};
    assert_int_equal(cp_owner_refuse(&owner, "copse_example"), COPSE_ETHREAD);
}

static void misuse_is_refused(void **state)
{
    (void)state;
    assert_int_equal(cp_refuse_misuse("copse_example", "the function is NULL"), COPSE_EINVAL);
}

#endif

CP_TEST_MAIN(cmocka_unit_test(the_thread_that_took_it_is_the_owner),
             cmocka_unit_test(another_thread_is_not_the_owner),
             cmocka_unit_test(a_call_from_elsewhere_is_refused),
             cmocka_unit_test(misuse_is_refused))
