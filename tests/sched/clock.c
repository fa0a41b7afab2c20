#include "tests/check.h"

#include <pthread.h>

#include "sched/clock.h"
#include "tests/fault.h"

static void a_real_clock_never_goes_back(void **state)
{
    (void)state;
    copse_clock *clock = copse_clock_new_real(NULL);
    int64_t last_ns = copse_clock_now(clock);
    for (int i = 0; i < 1000; i++) {
        int64_t now_ns = copse_clock_now(clock);
        assert_true(now_ns >= last_ns);
        last_ns = now_ns;
    }
    copse_clock_free(clock);
}

static void a_wait_on_a_real_clock_never_ends_early(void **state)
{
    (void)state;
    copse_clock *clock = copse_clock_new_real(NULL);
    cp_wake wake;
    assert_true(cp_wake_init(&wake));
    int64_t due_ns = copse_clock_now(clock) + 2000000;
    assert_int_equal(cp_clock_wait_until(clock, due_ns, &wake), CP_WAIT_DUE);
    assert_true(copse_clock_now(clock) >= due_ns);
    assert_int_equal(cp_clock_wait_until(clock, -1, &wake), CP_WAIT_DUE);
    cp_wake_destroy(&wake);
    copse_clock_free(clock);
}

static void *signal_from_another_thread(void *context)
{
    cp_wake_signal(context);
    return NULL;
}

static void a_signal_from_another_thread_ends_the_wait(void **state)
{
    (void)state;
    copse_clock *clock = copse_clock_new_real(NULL);
    cp_wake wake;
    assert_true(cp_wake_init(&wake));
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, signal_from_another_thread, &wake), 0);
    assert_int_equal(cp_clock_wait_until(clock, COPSE_NEVER, &wake), CP_WAIT_WOKEN);
    assert_int_equal(pthread_join(thread, NULL), 0);
    cp_wake_destroy(&wake);
    copse_clock_free(clock);
}

static void a_signal_before_the_wait_is_not_lost(void **state)
{
    (void)state;
    copse_clock *clock = copse_clock_new_virtual(NULL, 10);
    cp_wake wake;
    assert_true(cp_wake_init(&wake));
    cp_wake_signal(&wake);
    cp_wake_signal(&wake);
    assert_int_equal(cp_clock_wait_until(clock, 50, &wake), CP_WAIT_WOKEN);
    assert_int_equal(copse_clock_now(clock), 10);
    assert_int_equal(cp_clock_wait_until(clock, 50, &wake), CP_WAIT_DUE);
    cp_wake_destroy(&wake);
    copse_clock_free(clock);
}

static void a_signal_ends_one_wait_only(void **state)
{
    (void)state;
    copse_clock *clock = copse_clock_new_real(NULL);
    cp_wake wake;
    assert_true(cp_wake_init(&wake));
    cp_wake_signal(&wake);
    int64_t due_ns = copse_clock_now(clock) + 1000000;
    assert_int_equal(cp_clock_wait_until(clock, due_ns, &wake), CP_WAIT_WOKEN);
    assert_int_equal(cp_clock_wait_until(clock, due_ns, &wake), CP_WAIT_DUE);
    assert_false(cp_wake_take(&wake));
    cp_wake_destroy(&wake);
    copse_clock_free(clock);
}

static void waiting_on_a_virtual_clock_jumps_to_the_deadline(void **state)
{
    (void)state;
    copse_clock *clock = copse_clock_new_virtual(NULL, 100);
    cp_wake wake;
    assert_true(cp_wake_init(&wake));
    assert_int_equal(cp_clock_wait_until(clock, 5000, &wake), CP_WAIT_DUE);
    assert_int_equal(copse_clock_now(clock), 5000);
    assert_int_equal(cp_clock_wait_until(clock, 400, &wake), CP_WAIT_DUE);
    assert_int_equal(copse_clock_now(clock), 5000);
    assert_int_equal(cp_clock_wait_until(clock, COPSE_NEVER, &wake), CP_WAIT_STANDS);
    assert_int_equal(cp_clock_cycles(clock), 5000);
    cp_wake_destroy(&wake);
    copse_clock_free(clock);
}

static void only_a_virtual_clock_can_be_advanced(void **state)
{
    (void)state;
    copse_clock *virtual = copse_clock_new_virtual(NULL, 0);
    copse_clock *driven = copse_clock_new_driven(NULL, 0);
    assert_int_equal(copse_clock_advance(virtual, 70), COPSE_OK);
    assert_int_equal(copse_clock_now(virtual), 70);
    assert_int_equal(copse_clock_advance(virtual, -1), COPSE_EINVAL);
    assert_int_equal(copse_clock_advance(virtual, INT64_MAX), COPSE_ERANGE);
    assert_int_equal(copse_clock_advance(virtual, INT64_MAX - 70), COPSE_ERANGE);
    assert_int_equal(copse_clock_now(virtual), 70);
    assert_int_equal(copse_clock_advance(driven, 1), COPSE_EINVAL);
    assert_int_equal(copse_clock_drive(virtual, 1), COPSE_EINVAL);
    copse_clock_free(virtual);
    copse_clock_free(driven);
}

static void a_driven_clock_stands_until_it_is_driven(void **state)
{
    (void)state;
    copse_clock *clock = copse_clock_new_driven(NULL, 5);
    cp_wake wake;
    assert_true(cp_wake_init(&wake));
    assert_int_equal(cp_clock_wait_until(clock, 10, &wake), CP_WAIT_STANDS);
    assert_int_equal(copse_clock_now(clock), 5);
    assert_int_equal(copse_clock_drive(clock, 10), COPSE_OK);
    assert_int_equal(cp_clock_wait_until(clock, 10, &wake), CP_WAIT_DUE);
    assert_int_equal(copse_clock_drive(clock, COPSE_NEVER), COPSE_EINVAL);
    cp_wake_signal(&wake);
    assert_int_equal(cp_clock_wait_until(clock, 99, &wake), CP_WAIT_WOKEN);
    cp_wake_destroy(&wake);
    copse_clock_free(clock);
}

typedef struct jump {
    int count;
    int64_t old_ns;
    int64_t new_ns;
} jump;

static void note_jump(void *context, int64_t old_ns, int64_t new_ns)
{
    jump *seen = context;
    *seen = (jump){seen->count + 1, old_ns, new_ns};
}

static void a_backward_jump_is_an_event_with_both_times(void **state)
{
    (void)state;
    copse_clock *clock = copse_clock_new_driven(NULL, 0);
    jump first = {0};
    jump second = {0};
    copse_clock_listener listeners[] = {{note_jump, &first, NULL}, {note_jump, &second, NULL}};
    copse_clock_listen(clock, &listeners[0]);
    copse_clock_listen(clock, &listeners[1]);
    assert_int_equal(copse_clock_drive(clock, 900), COPSE_OK);
    assert_int_equal(first.count, 0);
    assert_int_equal(copse_clock_drive(clock, 300), COPSE_OK);
    assert_int_equal(first.count, 1);
    assert_int_equal(first.old_ns, 900);
    assert_int_equal(first.new_ns, 300);
    copse_clock_unlisten(clock, &listeners[0]);
    copse_clock_unlisten(clock, &listeners[0]);
    assert_int_equal(copse_clock_drive(clock, -4), COPSE_OK);
    assert_int_equal(first.count, 1);
    assert_int_equal(second.count, 2);
    copse_clock_unlisten(clock, &listeners[1]);
    copse_clock_free(clock);
}

static void the_cycle_counter_runs(void **state)
{
    (void)state;
    copse_clock *clock = copse_clock_new_real(NULL);
    uint64_t before = cp_clock_cycles(clock);
    int64_t start_ns = copse_clock_now(clock);
    while (copse_clock_now(clock) - start_ns < 100000)
        ;
    assert_true(cp_clock_cycles(clock) > before);
    copse_clock_free(clock);
}

static void a_clock_without_memory_is_not_made(void **state)
{
    (void)state;
    cp_fault fault;
    cp_fault_init(&fault, 1);
    assert_null(copse_clock_new_real(&fault.allocator));
    copse_clock *clock = copse_clock_new_virtual(&fault.allocator, 0);
    assert_non_null(clock);
    copse_clock_free(clock);
    copse_clock_free(NULL);
    assert_int_equal(fault.live_bytes, 0);
}

static void every_kind_has_its_name(void **state)
{
    (void)state;
    assert_string_equal(cp_clock_kind_name(CP_CLOCK_REAL), "real");
    assert_string_equal(cp_clock_kind_name(CP_CLOCK_DRIVEN), "driven");
}

CP_TEST_MAIN(cmocka_unit_test(a_real_clock_never_goes_back),
             cmocka_unit_test(a_wait_on_a_real_clock_never_ends_early),
             cmocka_unit_test(a_signal_from_another_thread_ends_the_wait),
             cmocka_unit_test(a_signal_before_the_wait_is_not_lost),
             cmocka_unit_test(a_signal_ends_one_wait_only),
             cmocka_unit_test(waiting_on_a_virtual_clock_jumps_to_the_deadline),
             cmocka_unit_test(only_a_virtual_clock_can_be_advanced),
             cmocka_unit_test(a_driven_clock_stands_until_it_is_driven),
             cmocka_unit_test(a_backward_jump_is_an_event_with_both_times),
             cmocka_unit_test(the_cycle_counter_runs),
             cmocka_unit_test(a_clock_without_memory_is_not_made),
             cmocka_unit_test(every_kind_has_its_name))
