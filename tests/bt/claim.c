/* claim.c -- outputs between leaves, instances, persons and stops, through a real gate. */
#include "bt/claim.h"

#include "bt/output.h"
#include "tests/bt/plant.h"
#include "tests/check.h"

#define MS INT64_C(1000000)

/* Leaves "go" and "turn" command base; "lift" commands arm and base. */
typedef struct {
    double sent[2]; /* base, arm */
    uint32_t sends[2];
    double wanted;
    copse_verdict verdict;
    uint32_t starts, halts;
    bool halts_slowly;
    copse_gate *gate;
    copse_bt_registry *registry;
    copse_bt_leaf leaves[4];
} rig;

static void send_base(void *context, const double *values, uint32_t count)
{
    rig *r = context;
    (void)count;
    r->sent[0] = values[0];
    r->sends[0]++;
}

static void send_arm(void *context, const double *values, uint32_t count)
{
    rig *r = context;
    (void)count;
    r->sent[1] = values[0];
    r->sends[1]++;
}

static copse_bt_status on_start(copse_bt_context *context, void *memory, void *user)
{
    (void)context, (void)memory;
    ((rig *)user)->starts++;
    return COPSE_BT_SUCCESS;
}

static copse_bt_status on_tick(copse_bt_context *context, void *memory, void *user)
{
    (void)memory;
    rig *r = user;
    r->verdict = copse_bt_command(context, 0, &r->wanted, 1);
    return COPSE_BT_RUNNING;
}

static copse_bt_status on_halt(copse_bt_context *context, void *memory, void *user)
{
    (void)context, (void)memory;
    rig *r = user;
    r->halts++;
    return r->halts_slowly ? COPSE_BT_RUNNING : COPSE_BT_SUCCESS;
}

static const char *const base[] = {"base"};
static const char *const both[] = {"base", "arm"};

static void set_up(rig *r)
{
    r->wanted = 0.5;
    r->gate = copse_gate_new(NULL, 2);
    static const char *const names[] = {"base", "arm"};
    copse_send_function *const functions[] = {send_base, send_arm};
    for (int i = 0; i < 2; i++) {
        copse_output_options options = {.name = names[i],
                                        .dims = 1,
                                        .min = {-1},
                                        .max = {1},
                                        .lease_ns = 100 * MS,
                                        .send = functions[i],
                                        .context = r};
        copse_output *output;
        char text[200];
        assert_int_equal(copse_gate_add(r->gate, &options, &output, text, sizeof text), COPSE_OK);
    }
    r->registry = plant_registry();
    static const char *const leaf_names[] = {"go", "turn", "lift", "peek"};
    for (int i = 0; i < 4; i++) {
        bool uses_both = i == 2;
        r->leaves[i] = (copse_bt_leaf){.name = leaf_names[i],
                                       .uses = uses_both ? both : base,
                                       .use_count = i == 3      ? 0
                                                    : uses_both ? 2
                                                                : 1,
                                       .start = on_start,
                                       .tick = on_tick,
                                       .halt = on_halt,
                                       .user = r};
        assert_int_equal(copse_bt_register_leaf(r->registry, &r->leaves[i]), COPSE_OK);
    }
}

static copse_bt_instance *grow(rig *r, const char *text)
{
    copse_bt_instance_options options = {.gate = r->gate};
    return plant_instance(r->registry, text, &options);
}

static void tear_down(rig *r, copse_bt_instance *in)
{
    assert_int_equal(copse_bt_instance_free(in), COPSE_OK);
    copse_bt_registry_free(r->registry);
    copse_gate_free(r->gate);
}

static void a_leaf_commands_what_it_claims(void **state)
{
    (void)state;
    rig r = {0};
    set_up(&r);
    copse_bt_instance *in = grow(&r, "(act go)");
    assert_int_equal(plant_tick(in, 0), COPSE_BT_RUNNING);
    assert_int_equal(r.verdict, COPSE_SENT);
    assert_true(r.sent[0] == 0.5);
    tear_down(&r, in);
}

static void a_leaf_without_the_claim_is_refused(void **state)
{
    (void)state;
    rig r = {0};
    set_up(&r);
    copse_bt_instance *in = grow(&r, "(act peek)");
    assert_int_equal(plant_tick(in, 0), COPSE_BT_RUNNING);
    assert_int_equal(r.verdict, COPSE_REFUSED_NOT_CLAIMED);
    assert_int_equal(r.sends[0], 0);
    tear_down(&r, in);
}

static void a_tick_expires_leases(void **state)
{
    (void)state;
    rig r = {0};
    set_up(&r);
    copse_bt_instance *in = grow(&r, "(seq (act go))");
    plant_tick(in, 0);
    r.wanted = 3; /* clamped: still a command */
    plant_tick(in, 99);
    assert_true(r.sent[0] == 1);
    assert_int_equal(copse_gate_poll(r.gate, 198 * MS), 0);
    r.wanted = 0.25;
    plant_tick(in, 250); /* the lease was over at 199: safe first, then the new command */
    assert_int_equal(r.sends[0], 4);
    assert_true(r.sent[0] == 0.25);
    tear_down(&r, in);
}

static void halting_the_tree_sends_the_safe_values_of_its_claims(void **state)
{
    (void)state;
    rig r = {0};
    set_up(&r);
    copse_bt_instance *in = grow(&r, "(act go)");
    plant_tick(in, 0);
    assert_int_equal(copse_bt_halt(in, MS, NULL), COPSE_OK);
    assert_int_equal(r.halts, 1);
    assert_true(r.sent[0] == 0);
    assert_int_equal(r.sends[1], 0);
    assert_int_equal(copse_bt_halt(in, MS, NULL), COPSE_OK);
    assert_int_equal(r.sends[0], 2);
    plant_tick(in, 2);
    assert_int_equal(r.verdict, COPSE_SENT); /* nothing was latched */
    tear_down(&r, in);
}

static void an_output_belongs_to_one_instance_at_a_time(void **state)
{
    (void)state;
    rig r = {0};
    set_up(&r);
    copse_bt_instance *first = grow(&r, "(act go)"), *second = grow(&r, "(act lift)");
    assert_int_equal(plant_tick(first, 0), COPSE_BT_RUNNING);
    assert_int_equal(plant_tick(second, 0), COPSE_BT_RUNNING);
    assert_int_equal(r.starts, 1);
    assert_int_equal(copse_bt_halt(first, MS, NULL), COPSE_OK);
    assert_int_equal(plant_tick(second, 1), COPSE_BT_RUNNING);
    assert_int_equal(r.starts, 2);
    assert_int_equal(cp_instance_held(second), 3);
    /* Waiting held nothing: the arm was free all the time. */
    assert_int_equal(copse_bt_instance_free(first), COPSE_OK);
    tear_down(&r, second);
}

static void a_new_claim_halts_the_holder_first(void **state)
{
    (void)state;
    rig r = {0};
    set_up(&r);
    copse_bt_instance *in = grow(&r, "(reactive-sel (timeout :ms 10 (act go)) (act turn))");
    assert_int_equal(plant_tick(in, 0), COPSE_BT_RUNNING);
    assert_int_equal(plant_tick(in, 10), COPSE_BT_RUNNING); /* times out: turn starts */
    assert_int_equal(r.halts, 1);
    assert_int_equal(r.starts, 2);
    assert_int_equal(plant_tick(in, 11), COPSE_BT_RUNNING); /* go again: turn is halted first */
    assert_int_equal(r.halts, 2);
    assert_int_equal(r.starts, 3);
    assert_int_equal(r.verdict, COPSE_SENT);
    copse_bt_stats stats;
    copse_bt_read_stats(in, &stats);
    assert_int_equal(stats.leaves_running, 1);
    tear_down(&r, in);
}

static void a_stopping_leaf_keeps_its_output(void **state)
{
    (void)state;
    rig r = {0};
    set_up(&r);
    r.halts_slowly = true;
    copse_bt_instance *first = grow(&r, "(act go)"), *second = grow(&r, "(act go)");
    plant_tick(first, 0);
    copse_bt_status result;
    assert_int_equal(copse_bt_halt(first, MS, &result), COPSE_OK);
    assert_int_equal(result, COPSE_BT_RUNNING);
    plant_tick(second, 2);
    assert_int_equal(r.starts, 1);
    /* It is halted again at 1002 at the latest: cut, and its output is free. */
    assert_int_equal(copse_bt_instance_free(second), COPSE_OK);
    plant_tick(first, 1001);
    assert_int_equal(r.starts, 2);
    tear_down(&r, first);
}

static void a_person_takes_the_output_and_gives_it_back(void **state)
{
    (void)state;
    rig r = {0};
    set_up(&r);
    copse_bt_instance *in = grow(&r, "(seq (act go))");
    copse_output *output = copse_gate_find(r.gate, "base");
    plant_tick(in, 0);
    double value = -1;
    assert_int_equal(copse_output_manual(output, &value, 1, 1 * MS), COPSE_SENT);
    plant_tick(in, 2);
    assert_int_equal(r.verdict, COPSE_REFUSED_MANUAL);
    assert_int_equal(r.starts, 1);
    copse_output_release_manual(output, 3 * MS);
    assert_true(r.sent[0] == 0);
    plant_tick(in, 4); /* the leaf starts anew, the sequence keeps its place */
    assert_int_equal(r.halts, 1);
    assert_int_equal(r.starts, 2);
    assert_int_equal(r.verdict, COPSE_SENT);
    tear_down(&r, in);
}

static void an_error_stops_until_it_is_cleared(void **state)
{
    (void)state;
    rig r = {0};
    set_up(&r);
    copse_bt_instance *in = grow(&r, "(parallel (act go) (delay :ms 10 (sel (act bad))))");
    assert_int_equal(plant_tick(in, 0), COPSE_BT_RUNNING);
    assert_true(r.sent[0] == 0.5);
    assert_int_equal(plant_tick(in, 10), COPSE_BT_ERROR);
    assert_int_equal(r.halts, 1);
    assert_true(r.sent[0] == 0);
    copse_bt_stats stats;
    copse_bt_read_stats(in, &stats);
    assert_int_equal(stats.stop_causes, 1u << COPSE_STOP_ERROR);
    /* Ticks go on; the gate refuses what the tree and a person command. */
    assert_int_equal(plant_tick(in, 11), COPSE_BT_RUNNING);
    assert_int_equal(r.verdict, COPSE_REFUSED_STOPPED);
    double value = 1;
    copse_output *output = copse_gate_find(r.gate, "base");
    assert_int_equal(copse_output_manual(output, &value, 1, 11 * MS), COPSE_REFUSED_STOPPED);
    assert_int_equal(copse_bt_clear_stop(in), COPSE_OK);
    assert_int_equal(plant_tick(in, 12), COPSE_BT_RUNNING);
    assert_int_equal(r.verdict, COPSE_SENT);
    tear_down(&r, in);
}

static void a_stop_of_one_instance_leaves_anothers_output(void **state)
{
    (void)state;
    rig r = {0};
    set_up(&r);
    copse_bt_instance *driver = grow(&r, "(act go)"), *other = grow(&r, "(sel (act bad) (act go))");
    plant_tick(driver, 0);
    assert_int_equal(plant_tick(other, 0), COPSE_BT_ERROR);
    assert_true(r.sent[0] == 0.5);
    plant_tick(driver, 1);
    assert_int_equal(r.verdict, COPSE_SENT);
    assert_int_equal(copse_bt_instance_free(other), COPSE_OK);
    tear_down(&r, driver);
}

CP_TEST_MAIN(cmocka_unit_test(a_leaf_commands_what_it_claims),
             cmocka_unit_test(a_leaf_without_the_claim_is_refused),
             cmocka_unit_test(a_tick_expires_leases),
             cmocka_unit_test(halting_the_tree_sends_the_safe_values_of_its_claims),
             cmocka_unit_test(an_output_belongs_to_one_instance_at_a_time),
             cmocka_unit_test(a_new_claim_halts_the_holder_first),
             cmocka_unit_test(a_stopping_leaf_keeps_its_output),
             cmocka_unit_test(a_person_takes_the_output_and_gives_it_back),
             cmocka_unit_test(an_error_stops_until_it_is_cleared),
             cmocka_unit_test(a_stop_of_one_instance_leaves_anothers_output))
