#include "bt/output.h"

#include <math.h>

#include "tests/check.h"
#include "tests/fault.h"

#define MS INT64_C(1000000)

/* A device that remembers what it was sent. */
typedef struct {
    double values[2];
    uint32_t sends;
    copse_output *stops_inside; /* as a signal handler would: stopped while it sends */
} device;

static void send_to_device(void *context, const double *values, uint32_t count)
{
    device *d = context;
    for (uint32_t i = 0; i < count; i++)
        d->values[i] = values[i];
    d->sends++;
    copse_output *stopped = d->stops_inside;
    d->stops_inside = NULL;
    if (stopped != NULL)
        cp_output_stop(stopped, COPSE_STOP_SIGNAL);
}

typedef struct {
    device device;
    copse_gate *gate;
    copse_output *output;
} rig;

static copse_output_options plain_options(device *d)
{
    return (copse_output_options){.name = "base",
                                  .dims = 2,
                                  .units = {"m/s", "rad/s"},
                                  .min = {-0.5, -1.5},
                                  .max = {1, 1.5},
                                  .lease_ns = 200 * MS,
                                  .send = send_to_device,
                                  .context = d};
}

static void set_up(rig *r, copse_output_options options)
{
    char text[200] = "";
    options.context = &r->device;
    r->gate = copse_gate_new(NULL, 4);
    if (copse_gate_add(r->gate, &options, &r->output, text, sizeof text) != COPSE_OK)
        fail_msg("%s", text);
    assert_true(cp_output_claim(r->output, r));
}

/* A command of the tree that holds the claim. */
static copse_verdict command(rig *r, double x, double y, int64_t now_ms)
{
    return cp_output_command(r->output, r, (double[]){x, y}, 2, now_ms * MS);
}

static copse_verdict drive(rig *r, double x, double y, int64_t now_ms)
{
    return copse_output_manual(r->output, (double[]){x, y}, 2, now_ms * MS);
}

static copse_output_state read_state(rig *r)
{
    copse_output_state s;
    assert_true(copse_output_read(r->output, &s));
    return s;
}

#define RIG(name)                                                                                  \
    rig name = {0};                                                                                \
    set_up(&name, plain_options(NULL))

static void a_command_in_range_goes_out_as_it_is(void **state)
{
    (void)state;
    RIG(r);
    assert_int_equal(command(&r, 0.5, -1, 0), COPSE_SENT);
    assert_int_equal(r.device.sends, 1);
    assert_true(r.device.values[0] == 0.5 && r.device.values[1] == -1);
    assert_int_equal(read_state(&r).source, COPSE_SOURCE_TREE);
    assert_false(read_state(&r).is_safe);
    copse_gate_free(r.gate);
}

static void a_command_out_of_range_is_clamped(void **state)
{
    (void)state;
    RIG(r);
    assert_int_equal(command(&r, 7, -9, 0), COPSE_CLAMPED);
    assert_true(r.device.values[0] == 1 && r.device.values[1] == -1.5);
    assert_int_equal(read_state(&r).verdicts[COPSE_CLAMPED], 1);
    copse_gate_free(r.gate);
}

static void a_command_out_of_range_is_refused_where_declared(void **state)
{
    (void)state;
    rig r = {0};
    copse_output_options options = plain_options(NULL);
    options.refuses = true;
    set_up(&r, options);
    assert_int_equal(command(&r, 7, 0, 0), COPSE_REFUSED_RANGE);
    assert_int_equal(r.device.sends, 0);
    assert_int_equal(command(&r, 1, 0, 0), COPSE_SENT);
    copse_gate_free(r.gate);
}

static void what_is_not_finite_never_goes_out(void **state)
{
    (void)state;
    RIG(r);
    assert_int_equal(command(&r, NAN, 0, 0), COPSE_REFUSED_NOT_FINITE);
    assert_int_equal(command(&r, 0, INFINITY, 0), COPSE_REFUSED_NOT_FINITE);
    assert_int_equal(cp_output_command(r.output, &r, (double[]){0}, 1, 0), COPSE_REFUSED_DIMS);
    assert_int_equal(r.device.sends, 0);
    copse_gate_free(r.gate);
}

static void a_rate_counts_by_elapsed_time(void **state)
{
    (void)state;
    rig r = {0};
    copse_output_options options = plain_options(NULL);
    options.rate[0] = 1; /* a second; the second dimension may jump */
    set_up(&r, options);
    /* The first counts one lease since the safe value: 0.2 at most. */
    assert_int_equal(command(&r, 0.5, 1.5, 0), COPSE_CLAMPED);
    assert_float_equal(r.device.values[0], 0.2, 1e-12);
    assert_true(r.device.values[1] == 1.5);
    assert_int_equal(command(&r, 0.25, -1.5, 50), COPSE_SENT);
    assert_int_equal(command(&r, 0.5, 0, 60), COPSE_CLAMPED);
    assert_float_equal(r.device.values[0], 0.26, 1e-12);
    assert_int_equal(command(&r, -0.5, 0, 60), COPSE_CLAMPED);
    assert_float_equal(r.device.values[0], 0.26, 1e-12);
    /* A clock that went back gives no time at all. */
    assert_int_equal(command(&r, 0.5, 0, 10), COPSE_CLAMPED);
    assert_float_equal(r.device.values[0], 0.26, 1e-12);
    copse_gate_free(r.gate);
}

static void a_rate_is_refused_where_declared(void **state)
{
    (void)state;
    rig r = {0};
    copse_output_options options = plain_options(NULL);
    options.rate[0] = 1;
    options.refuses = true;
    set_up(&r, options);
    assert_int_equal(command(&r, 0.5, 0, 0), COPSE_REFUSED_RATE);
    assert_int_equal(command(&r, 0.2, 0, 0), COPSE_SENT);
    copse_gate_free(r.gate);
}

static void a_command_that_is_not_renewed_goes_safe_within_its_lease(void **state)
{
    (void)state;
    RIG(r);
    assert_int_equal(command(&r, 0.5, 0, 0), COPSE_SENT);
    assert_int_equal(copse_gate_poll(r.gate, 199 * MS), 0);
    assert_int_equal(command(&r, 0.6, 0, 199), COPSE_SENT);
    assert_int_equal(copse_gate_poll(r.gate, 398 * MS), 0);
    assert_true(r.device.values[0] == 0.6);
    assert_int_equal(copse_gate_poll(r.gate, 399 * MS), 1);
    assert_true(r.device.values[0] == 0);
    assert_int_equal(copse_gate_poll(r.gate, 9999 * MS), 0);
    assert_int_equal(r.device.sends, 3);
    assert_int_equal(read_state(&r).leases_expired, 1);
    assert_true(read_state(&r).is_safe);
    copse_gate_free(r.gate);
}

static void a_refused_command_renews_nothing(void **state)
{
    (void)state;
    RIG(r);
    assert_int_equal(command(&r, 0.5, 0, 0), COPSE_SENT);
    assert_int_equal(command(&r, NAN, 0, 190), COPSE_REFUSED_NOT_FINITE);
    assert_int_equal(copse_gate_poll(r.gate, 200 * MS), 1);
    copse_gate_free(r.gate);
}

static void only_the_holder_of_the_claim_commands(void **state)
{
    (void)state;
    RIG(r);
    int other;
    assert_false(cp_output_claim(r.output, &other));
    assert_true(cp_output_claim(r.output, &r));
    assert_int_equal(cp_output_command(r.output, &other, (double[]){0, 0}, 2, 0),
                     COPSE_REFUSED_NOT_CLAIMED);
    cp_output_release(r.output, &other);
    assert_false(cp_output_is_free_for(r.output, &other));
    cp_output_release(r.output, &r);
    assert_int_equal(command(&r, 0, 0, 0), COPSE_REFUSED_NOT_CLAIMED);
    assert_true(cp_output_claim(r.output, &other));
    assert_int_equal(read_state(&r).verdicts[COPSE_REFUSED_NOT_CLAIMED], 2);
    copse_gate_free(r.gate);
}

static void a_person_outranks_the_tree(void **state)
{
    (void)state;
    RIG(r);
    assert_int_equal(command(&r, 0.5, 0, 0), COPSE_SENT);
    assert_int_equal(drive(&r, -0.5, 0, 10), COPSE_SENT);
    assert_true(copse_output_is_manual(r.output));
    assert_int_equal(command(&r, 0.5, 0, 20), COPSE_REFUSED_MANUAL);
    assert_true(r.device.values[0] == -0.5);
    copse_output_release_manual(r.output, 30 * MS);
    assert_true(r.device.values[0] == 0);
    assert_int_equal(cp_output_releases(r.output), 1);
    assert_int_equal(command(&r, 0.5, 0, 40), COPSE_SENT);
    copse_output_release_manual(r.output, 50 * MS); /* nobody drives: nothing happens */
    assert_true(r.device.values[0] == 0.5);
    copse_gate_free(r.gate);
}

static void a_person_who_lets_go_loses_the_output(void **state)
{
    (void)state;
    rig r = {0};
    copse_output_options options = plain_options(NULL);
    options.manual_lease_ns = 50 * MS;
    set_up(&r, options);
    assert_int_equal(drive(&r, 0.5, 0, 0), COPSE_SENT);
    assert_int_equal(drive(&r, 0.5, 0, 40), COPSE_SENT);
    assert_int_equal(copse_gate_poll(r.gate, 89 * MS), 0);
    assert_int_equal(copse_gate_poll(r.gate, 90 * MS), 1);
    assert_false(copse_output_is_manual(r.output));
    assert_true(r.device.values[0] == 0);
    assert_int_equal(cp_output_releases(r.output), 1);
    copse_gate_free(r.gate);
}

static void a_stop_outranks_everybody_until_it_is_cleared(void **state)
{
    (void)state;
    RIG(r);
    assert_int_equal(drive(&r, 0.5, 0, 0), COPSE_SENT);
    copse_gate_stop(r.gate, COPSE_STOP_SIGNAL);
    assert_true(r.device.values[0] == 0);
    assert_false(copse_output_is_manual(r.output));
    assert_int_equal(command(&r, 0.5, 0, 10), COPSE_REFUSED_STOPPED);
    assert_int_equal(drive(&r, 0.5, 0, 10), COPSE_REFUSED_STOPPED);
    assert_int_equal(copse_gate_stop_causes(r.gate), 1u << COPSE_STOP_SIGNAL);
    assert_int_equal(read_state(&r).stop_causes, 1u << COPSE_STOP_SIGNAL);
    copse_gate_clear_stop(r.gate);
    assert_int_equal(command(&r, 0.5, 0, 20), COPSE_SENT);
    copse_gate_free(r.gate);
}

static void a_stop_of_one_output_leaves_the_others(void **state)
{
    (void)state;
    RIG(r);
    device arm = {0};
    copse_output_options options = plain_options(&arm);
    options.name = "arm";
    copse_output *output;
    char text[200];
    assert_int_equal(copse_gate_add(r.gate, &options, &output, text, sizeof text), COPSE_OK);
    assert_int_equal(cp_output_index(output), 1);
    assert_true(cp_output_claim(output, &r));
    cp_output_stop(r.output, COPSE_STOP_ERROR);
    assert_int_equal(command(&r, 0.5, 0, 0), COPSE_REFUSED_STOPPED);
    assert_int_equal(cp_output_command(output, &r, (double[]){0.5, 0}, 2, 0), COPSE_SENT);
    cp_output_clear_stop(r.output, 1u << COPSE_STOP_ERROR);
    assert_int_equal(command(&r, 0.5, 0, 0), COPSE_SENT);
    copse_gate_free(r.gate);
    assert_true(arm.values[0] == 0); /* the end of a gate is safe */
}

/* What a signal handler does when it interrupts the owner in the middle of a send. */
static void a_stop_inside_a_send_is_the_last_word(void **state)
{
    (void)state;
    RIG(r);
    r.device.stops_inside = r.output;
    assert_int_equal(command(&r, 0.5, 0, 0), COPSE_SENT);
    assert_int_equal(r.device.sends, 2);
    assert_true(r.device.values[0] == 0);
    assert_int_equal(command(&r, 0.5, 0, 1), COPSE_REFUSED_STOPPED);
    copse_gate_free(r.gate);
}

static void options_that_make_no_sense_are_refused_in_words(void **state)
{
    (void)state;
    device d = {0};
    copse_gate *gate = copse_gate_new(NULL, 1);
    copse_output *output;
    copse_output_options options;
    char text[200];
#define REFUSED(change, error)                                                                     \
    do {                                                                                           \
        options = plain_options(&d);                                                               \
        change;                                                                                    \
        assert_int_equal(copse_gate_add(gate, &options, &output, text, sizeof text),               \
                         COPSE_EINVAL);                                                            \
        assert_string_equal(text, error);                                                          \
        assert_null(output);                                                                       \
    } while (0)
    REFUSED(options.name = "", "an output needs a name of 1 to 31 bytes");
    REFUSED(options.name = NULL, "an output needs a name of 1 to 31 bytes");
    REFUSED(options.dims = 0, "output base: dims is 0, expected 1 to 16");
    REFUSED(options.dims = 17, "output base: dims is 17, expected 1 to 16");
    REFUSED(options.lease_ns = 0, "output base: a lease must be longer than 0");
    REFUSED(options.send = NULL, "output base: has no send function");
    REFUSED(options.min[1] = 2, "output base: min 2 and max 1.5 of dimension 1 are no range");
    REFUSED(options.max[0] = INFINITY,
            "output base: min -0.5 and max inf of dimension 0 are no range");
    REFUSED(options.safe[0] = 3, "output base: safe value 3 of dimension 0 is not from -0.5 to 1");
    REFUSED(options.rate[0] = -1, "output base: rate -1 of dimension 0 is no rate, expected >= 0");
    options = plain_options(&d);
    assert_int_equal(copse_gate_add(gate, &options, &output, text, sizeof text), COPSE_OK);
    REFUSED((void)0, "output base is declared twice");
    options.name = "arm";
    assert_int_equal(copse_gate_add(gate, &options, &output, text, sizeof text), COPSE_EFULL);
    assert_string_equal(text, "output arm is one more than the 1 of the gate");
    assert_null(copse_gate_find(gate, "arm"));
    copse_gate_free(gate);
}

static void a_refused_gate_leaves_nothing(void **state)
{
    (void)state;
    cp_fault fault;
    cp_fault_init(&fault, 1);
    assert_null(copse_gate_new(&fault.allocator, 4));
    cp_fault_init(&fault, 0);
    copse_gate_free(copse_gate_new(&fault.allocator, 4));
    assert_int_equal(fault.live_bytes, 0);
    copse_gate_free(NULL);
}

CP_TEST_MAIN(cmocka_unit_test(a_command_in_range_goes_out_as_it_is),
             cmocka_unit_test(a_command_out_of_range_is_clamped),
             cmocka_unit_test(a_command_out_of_range_is_refused_where_declared),
             cmocka_unit_test(what_is_not_finite_never_goes_out),
             cmocka_unit_test(a_rate_counts_by_elapsed_time),
             cmocka_unit_test(a_rate_is_refused_where_declared),
             cmocka_unit_test(a_command_that_is_not_renewed_goes_safe_within_its_lease),
             cmocka_unit_test(a_refused_command_renews_nothing),
             cmocka_unit_test(only_the_holder_of_the_claim_commands),
             cmocka_unit_test(a_person_outranks_the_tree),
             cmocka_unit_test(a_person_who_lets_go_loses_the_output),
             cmocka_unit_test(a_stop_outranks_everybody_until_it_is_cleared),
             cmocka_unit_test(a_stop_of_one_output_leaves_the_others),
             cmocka_unit_test(a_stop_inside_a_send_is_the_last_word),
             cmocka_unit_test(options_that_make_no_sense_are_refused_in_words),
             cmocka_unit_test(a_refused_gate_leaves_nothing))
