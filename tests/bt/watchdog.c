#include "bt/watchdog.h"

#include <stdatomic.h>

#include "sched/clock.h"
#include "tests/check.h"
#include "tests/fault.h"

#define MS INT64_C(1000000)

/* A device that tells who waits for the safe value that it came. */
typedef struct {
    atomic_uint sends;
    atomic_bool moves;
    cp_wake went_safe;
    cp_wake has_begun;  /* a send of 0.5 */
    cp_wake may_return; /* a send of 0.5 waits for it when `hangs` */
    atomic_bool hangs;
} device;

static void send_to_device(void *context, const double *values, uint32_t count)
{
    device *d = context;
    (void)count;
    atomic_fetch_add(&d->sends, 1);
    bool moves = values[0] != 0;
    atomic_store(&d->moves, moves);
    if (!moves) {
        cp_wake_signal(&d->went_safe);
    } else if (atomic_load(&d->hangs)) {
        cp_wake_signal(&d->has_begun);
        cp_wake_wait(&d->may_return);
    }
}

static copse_gate *make_gate(device *d, copse_output **output)
{
    assert_true(cp_wake_init(&d->went_safe));
    assert_true(cp_wake_init(&d->may_return));
    assert_true(cp_wake_init(&d->has_begun));
    copse_gate *gate = copse_gate_new(NULL, 1);
    copse_output_options options = {.name = "base",
                                    .dims = 1,
                                    .min = {-1},
                                    .max = {1},
                                    .lease_ns = 20 * MS,
                                    .send = send_to_device,
                                    .context = d};
    char text[200];
    assert_int_equal(copse_gate_add(gate, &options, output, text, sizeof text), COPSE_OK);
    assert_true(cp_output_claim(*output, d));
    return gate;
}

static void end(device *d, copse_gate *gate)
{
    copse_gate_free(gate);
    cp_wake_destroy(&d->went_safe);
    cp_wake_destroy(&d->may_return);
    cp_wake_destroy(&d->has_begun);
}

static void a_lost_heartbeat_stops_the_gate_once(void **state)
{
    (void)state;
    device d = {0};
    copse_output *output;
    copse_gate *gate = make_gate(&d, &output);
    cp_output_sight sight = {0};
    cp_watch watch = {.gate = gate, .timeout_ns = 50 * MS, .sights = &sight};
    cp_watch_look(&watch, 50 * MS);
    assert_int_equal(copse_gate_stop_causes(gate), 0);
    copse_gate_beat(gate, 40 * MS);
    cp_watch_look(&watch, 90 * MS);
    assert_int_equal(copse_gate_stop_causes(gate), 0);
    cp_watch_look(&watch, 91 * MS);
    assert_int_equal(copse_gate_stop_causes(gate), 1u << COPSE_STOP_HEARTBEAT);
    unsigned sends = atomic_load(&d.sends);
    cp_watch_look(&watch, 92 * MS);
    assert_int_equal(atomic_load(&d.sends), sends);
    end(&d, gate);
}

static void without_a_timeout_beats_do_not_matter(void **state)
{
    (void)state;
    device d = {0};
    copse_output *output;
    copse_gate *gate = make_gate(&d, &output);
    cp_output_sight sight = {0};
    cp_watch watch = {.gate = gate, .sights = &sight};
    cp_watch_look(&watch, INT64_MAX - 1);
    assert_int_equal(copse_gate_stop_causes(gate), 0);
    end(&d, gate);
}

/* The owner's thread does nothing more after its command: only the watchdog can send. */
static void an_owner_that_stands_still_loses_its_lease(void **state)
{
    (void)state;
    device d = {0};
    copse_output *output;
    copse_gate *gate = make_gate(&d, &output);
    copse_clock *clock = copse_clock_new_real(NULL);
    copse_watchdog *watchdog;
    copse_watchdog_options options = {.gate = gate, .clock = clock, .period_ns = MS};
    assert_int_equal(copse_watchdog_new(&options, &watchdog), COPSE_OK);
    double value = 0.5;
    assert_int_equal(cp_output_command(output, &d, &value, 1, copse_clock_now(clock)), COPSE_SENT);
    cp_wake_wait(&d.went_safe);
    assert_false(atomic_load(&d.moves));
    copse_watchdog_free(watchdog);
    copse_output_state read;
    assert_true(copse_output_read(output, &read));
    assert_int_equal(read.leases_expired, 1);
    copse_clock_free(clock);
    end(&d, gate);
}

typedef struct {
    copse_output *output;
    device *device;
    copse_clock *clock;
} commander;

static void *command_once(void *context)
{
    commander *c = context;
    double value = 0.5;
    copse_verdict verdict =
        cp_output_command(c->output, c->device, &value, 1, copse_clock_now(c->clock));
    return verdict == COPSE_SENT ? NULL : c;
}

/* The owner's own send does not come back: the safe value goes out beside it. */
static void a_send_that_hangs_does_not_keep_the_safe_value_back(void **state)
{
    (void)state;
    device d = {0};
    atomic_store(&d.hangs, true);
    copse_output *output;
    copse_gate *gate = make_gate(&d, &output);
    copse_clock *clock = copse_clock_new_real(NULL);
    commander c = {output, &d, clock};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, command_once, &c), 0);
    cp_wake_wait(&d.has_begun);
    copse_watchdog *watchdog;
    copse_watchdog_options options = {
        .gate = gate, .clock = clock, .period_ns = MS, .timeout_ns = 2 * MS};
    assert_int_equal(copse_watchdog_new(&options, &watchdog), COPSE_OK);
    cp_wake_wait(&d.went_safe);
    assert_int_equal(copse_gate_stop_causes(gate), 1u << COPSE_STOP_HEARTBEAT);
    atomic_store(&d.hangs, false);
    cp_wake_signal(&d.may_return);
    assert_int_equal(pthread_join(thread, NULL), 0);
    copse_watchdog_free(watchdog);
    /* And once more when the send came back, because it was owed. */
    assert_false(atomic_load(&d.moves));
    copse_output_state read;
    assert_true(copse_output_read(output, &read));
    assert_true(read.rescues >= 1);
    assert_int_equal(read.safe_sends, 1);
    copse_clock_free(clock);
    end(&d, gate);
}

static void a_watchdog_needs_gate_clock_and_period(void **state)
{
    (void)state;
#ifndef COPSE_CHECKED_ABORT
    device d = {0};
    copse_output *output;
    copse_gate *gate = make_gate(&d, &output);
    copse_clock *clock = copse_clock_new_real(NULL);
    copse_watchdog *watchdog;
    copse_watchdog_options no_gate = {.clock = clock, .period_ns = MS};
    copse_watchdog_options no_clock = {.gate = gate, .period_ns = MS};
    copse_watchdog_options no_period = {.gate = gate, .clock = clock};
    assert_int_equal(copse_watchdog_new(&no_gate, &watchdog), COPSE_EINVAL);
    assert_int_equal(copse_watchdog_new(&no_clock, &watchdog), COPSE_EINVAL);
    assert_int_equal(copse_watchdog_new(&no_period, &watchdog), COPSE_EINVAL);
    copse_watchdog_free(NULL);
    copse_clock_free(clock);
    end(&d, gate);
#endif
}

static void a_refused_watchdog_leaves_nothing(void **state)
{
    (void)state;
    device d = {0};
    copse_output *output;
    copse_gate *gate = make_gate(&d, &output);
    copse_clock *clock = copse_clock_new_real(NULL);
    for (uint64_t n = 1; n <= 2; n++) {
        cp_fault fault;
        cp_fault_init(&fault, n);
        copse_watchdog *watchdog;
        copse_watchdog_options options = {
            .gate = gate, .clock = clock, .period_ns = MS, .allocator = &fault.allocator};
        assert_int_equal(copse_watchdog_new(&options, &watchdog), COPSE_ENOMEM);
        assert_null(watchdog);
        assert_int_equal(fault.live_bytes, 0);
    }
    copse_clock_free(clock);
    end(&d, gate);
}

CP_TEST_MAIN(cmocka_unit_test(a_lost_heartbeat_stops_the_gate_once),
             cmocka_unit_test(without_a_timeout_beats_do_not_matter),
             cmocka_unit_test(an_owner_that_stands_still_loses_its_lease),
             cmocka_unit_test(a_send_that_hangs_does_not_keep_the_safe_value_back),
             cmocka_unit_test(a_watchdog_needs_gate_clock_and_period),
             cmocka_unit_test(a_refused_watchdog_leaves_nothing))
