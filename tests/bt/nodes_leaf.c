/* nodes_leaf.c -- the life of leaves; script.h and gen_text.h explain the marks. */
#include "tests/bt/plant.h"
#include "tests/bt/script.h"

static void a_leaf_starts_and_ticks_in_the_same_tick(void **state)
{
    (void)state;
    CHECK_LOG("(act a1)", "1=RRSF", "0 1 2 3", "+1 1R :R | @1 1R :R | @2 1S :S | @3 +1 1F :F");
}

static void a_condition_has_no_life(void **state)
{
    (void)state;
    CHECK_LOG("(cond c1)", "1=SF", "0 1", "?1S :S | @1 ?1F :F");
}

static void the_three_plain_leaves_give_their_status(void **state)
{
    (void)state;
    CHECK_LOG("(succeed)", "", "0", ":S");
    CHECK_LOG("(fail)", "", "0", ":F");
    CHECK_LOG("(running)", "", "0 1 halt", ":R | @1 :R | halt :halted");
}

static void only_running_leaves_are_halted(void **state)
{
    (void)state;
    CHECK_LOG("(parallel (act a1) (act a2) (act a3))", "1=S 2=R 3=R", "0 halt",
              "+1 1S +2 2R +3 3R :R | halt -2 -3 :halted");
}

static void a_slow_halt_goes_on_first_in_each_tick(void **state)
{
    (void)state;
    CHECK_LOG("(sel (act a1) (act a2))", "1=R/2", "0 halt 1 2 3",
              "+1 1R :R | halt -1 :stopping | @1 ~1 :R | @2 ~1 .1 +1 1R :R | @3 1R :R");
}

static void a_slow_halt_is_cut(void **state)
{
    (void)state;
    CHECK_LOG("(define-leaf (a1) :halt-within-ms 20 :tick (answer)) (act a1)", "1=R/9",
              "0 halt 10 19 20",
              "+1 1R :R | halt -1 :stopping | @10 ~1 :R | @19 ~1 :R | @20 x1 +1 1R :R");
}

#define CLAIM(leaf) "(define-leaf (" leaf ") :uses (o0) :tick (answer)) "

static void the_holder_of_an_output_is_halted_before_the_claimant_starts(void **state)
{
    (void)state;
    CHECK_LOG(CLAIM("a2") CLAIM("a3") "(reactive-sel (seq (cond c1) (act a2)) (act a3))",
              "1=FT 2=R 3=R", "0 1", "?1F +3 3R :R | @1 ?1S -3 +2 2R :R");
}

static void holders_of_several_outputs_are_halted_left_to_right(void **state)
{
    (void)state;
    CHECK_LOG("(define-leaf (a2) :uses (o0 o1) :tick (answer)) "
              "(define-leaf (a3) :uses (o1) :tick (answer)) "
              "(define-leaf (a4) :uses (o0) :tick (answer)) "
              "(reactive-sel (seq (cond c1) (act a2)) (parallel (act a3) (act a4)))",
              "1=FT 2=R 3=R 4=R", "0 1", "?1F +3 3R +4 4R :R | @1 ?1S -3 -4 +2 2R :R");
}

static void a_claimant_waits_for_a_slow_halt(void **state)
{
    (void)state;
    CHECK_LOG(CLAIM("a2") CLAIM("a3") "(reactive-sel (seq (cond c1) (act a2)) (act a3))",
              "1=FT 2=R 3=R/1", "0 1 2", "?1F +3 3R :R | @1 ?1S -3 :R | @2 ~3 .3 +2 2R :R");
}

static void a_leaf_that_only_waited_is_not_halted(void **state)
{
    (void)state;
    CHECK_LOG(CLAIM("a2") CLAIM("a3") "(reactive-sel (seq (cond c1) (act a2)) (act a3))",
              "1=FT 2=R 3=R/5", "0 1 halt", "?1F +3 3R :R | @1 ?1S -3 :R | halt :stopping");
}

/* ---- Leaves of a host ------------------------------------------------------------------------ */

typedef struct {
    copse_bt_status start, tick;
    uint32_t starts, ticks, halts;
    int dirty; /* memory that was not zero at a start */
} life;

static copse_bt_status on_start(copse_bt_context *context, void *memory, void *user)
{
    (void)context;
    life *l = user;
    l->starts++;
    l->dirty += *(int *)memory;
    *(int *)memory = 1;
    return l->start;
}

static copse_bt_status on_tick(copse_bt_context *context, void *memory, void *user)
{
    (void)context;
    life *l = user;
    l->ticks++;
    ++*(int *)memory;
    return l->tick;
}

static copse_bt_status on_halt(copse_bt_context *context, void *memory, void *user)
{
    (void)context, (void)memory;
    ((life *)user)->halts++;
    return COPSE_BT_SUCCESS;
}

static copse_bt_instance *with_life(life *l, copse_bt_leaf *leaf)
{
    copse_bt_registry *registry = plant_registry();
    *leaf = (copse_bt_leaf){.name = "live",
                            .memory_size = sizeof(int),
                            .start = on_start,
                            .tick = on_tick,
                            .halt = on_halt,
                            .user = l};
    assert_int_equal(copse_bt_register_leaf(registry, leaf), COPSE_OK);
    copse_bt_instance *in = plant_instance(registry, "(act live)", NULL);
    copse_bt_registry_free(registry);
    return in;
}

static void memory_of_a_leaf_is_zero_at_each_start(void **state)
{
    (void)state;
    life l = {.start = COPSE_BT_SUCCESS, .tick = COPSE_BT_SUCCESS};
    copse_bt_leaf leaf;
    copse_bt_instance *in = with_life(&l, &leaf);
    for (int i = 0; i < 3; i++)
        assert_int_equal(plant_tick(in, i), COPSE_BT_SUCCESS);
    assert_int_equal(l.starts, 3);
    assert_int_equal(l.dirty, 0);
    assert_int_equal(copse_bt_instance_free(in), COPSE_OK);
    assert_int_equal(l.halts, 0);
}

static void only_failure_and_error_of_a_start_count(void **state)
{
    (void)state;
    life l = {.start = COPSE_BT_FAILURE, .tick = COPSE_BT_SUCCESS};
    copse_bt_leaf leaf;
    copse_bt_instance *in = with_life(&l, &leaf);
    assert_int_equal(plant_tick(in, 0), COPSE_BT_FAILURE);
    l.start = COPSE_BT_ERROR;
    assert_int_equal(plant_tick(in, 1), COPSE_BT_ERROR);
    assert_int_equal(l.ticks, 0);
    l.start = COPSE_BT_RUNNING;
    assert_int_equal(plant_tick(in, 2), COPSE_BT_SUCCESS);
    assert_int_equal(l.halts, 0);
    copse_bt_stats stats;
    copse_bt_read_stats(in, &stats);
    assert_int_equal(stats.leaves_started, 3);
    assert_int_equal(stats.leaves_ended, 3);
    assert_int_equal(copse_bt_instance_free(in), COPSE_OK);
}

static void a_result_that_is_none_is_an_error(void **state)
{
    (void)state;
    static const int wrong[] = {COPSE_BT_IDLE, 6, 77, -1, 256 + COPSE_BT_SUCCESS};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        life l = {.start = COPSE_BT_SUCCESS, .tick = (copse_bt_status)wrong[i]};
        copse_bt_leaf leaf;
        copse_bt_instance *in = with_life(&l, &leaf);
        assert_int_equal(plant_tick(in, 0), COPSE_BT_ERROR);
        copse_bt_error_info error = copse_bt_last_error(in);
        assert_int_equal(error.node, 0);
        assert_string_equal(error.kind, "bad-leaf-result");
        assert_string_equal(error.text,
                            "the result of a leaf is success, failure, running or skipped");
        assert_int_equal(copse_bt_instance_free(in), COPSE_OK);
        assert_int_equal(l.halts, 0);
    }
}

static void a_condition_that_runs_or_skips_is_an_error(void **state)
{
    (void)state;
    static const copse_bt_status odd[] = {COPSE_BT_RUNNING, COPSE_BT_SKIPPED};
    for (size_t i = 0; i < 2; i++) {
        copse_bt_registry *registry = plant_registry();
        life l = {.tick = odd[i]};
        copse_bt_leaf leaf = {.name = "odd?",
                              .is_condition = true,
                              .memory_size = sizeof(int),
                              .tick = on_tick,
                              .user = &l};
        assert_int_equal(copse_bt_register_leaf(registry, &leaf), COPSE_OK);
        copse_bt_instance *in = plant_instance(registry, "(cond odd?)", NULL);
        assert_int_equal(plant_tick(in, 0), COPSE_BT_ERROR);
        assert_string_equal(copse_bt_last_error(in).text,
                            "the result of a condition is success or failure");
        assert_int_equal(copse_bt_instance_free(in), COPSE_OK);
        copse_bt_registry_free(registry);
    }
}

static void freeing_an_instance_halts_what_runs_once(void **state)
{
    (void)state;
    life l = {.start = COPSE_BT_SUCCESS, .tick = COPSE_BT_RUNNING};
    copse_bt_leaf leaf;
    copse_bt_instance *in = with_life(&l, &leaf);
    assert_int_equal(plant_tick(in, 0), COPSE_BT_RUNNING);
    assert_int_equal(copse_bt_instance_free(in), COPSE_OK);
    assert_int_equal(l.halts, 1);
}

CP_TEST_MAIN(cmocka_unit_test(a_leaf_starts_and_ticks_in_the_same_tick),
             cmocka_unit_test(a_condition_has_no_life),
             cmocka_unit_test(the_three_plain_leaves_give_their_status),
             cmocka_unit_test(only_running_leaves_are_halted),
             cmocka_unit_test(a_slow_halt_goes_on_first_in_each_tick),
             cmocka_unit_test(a_slow_halt_is_cut),
             cmocka_unit_test(the_holder_of_an_output_is_halted_before_the_claimant_starts),
             cmocka_unit_test(holders_of_several_outputs_are_halted_left_to_right),
             cmocka_unit_test(a_claimant_waits_for_a_slow_halt),
             cmocka_unit_test(a_leaf_that_only_waited_is_not_halted),
             cmocka_unit_test(memory_of_a_leaf_is_zero_at_each_start),
             cmocka_unit_test(only_failure_and_error_of_a_start_count),
             cmocka_unit_test(a_result_that_is_none_is_an_error),
             cmocka_unit_test(a_condition_that_runs_or_skips_is_an_error),
             cmocka_unit_test(freeing_an_instance_halts_what_runs_once))
