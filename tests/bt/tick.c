/* tick.c -- conditions, hooks, halts and errors as truth tables (script.h explains the marks), then
 * the machine driven by answers as the interpreter will drive it. */
#include "bt/tick.h"

#include "bt/rows.h"
#include "tests/bt/plant.h"
#include "tests/bt/script.h"

/* ---- Conditions and hooks -------------------------------------------------------------------- */

static void conditions_are_looked_at_in_their_order(void **state)
{
    (void)state;
    const char *all = "(act a1 :while (e4) :if (e3) :success-if (e2) :failure-if (e1))";
    CHECK_LOG(all, "e1=F e2=F 1=R", "0 1", "e1F e2F e3T e4T +1 1R :R | @1 e4T 1R :R");
    CHECK_LOG(all, "e1=T", "0", "e1T :F");
    CHECK_LOG(all, "e1=F e2=T", "0", "e1F e2T :S");
    CHECK_LOG(all, "e1=F e2=F e3=F", "0", "e1F e2F e3F :K");
    CHECK_LOG(all, "e1=F e2=F e4=F", "0", "e1F e2F e3T e4F :K");
}

static void a_false_while_halts_and_skips(void **state)
{
    (void)state;
    CHECK_LOG("(seq :on-halt (hook) (act a1 :while (e1) :on-halt (hook)) (act a2))",
              "e1=TF 1=R 2=R", "0 1 halt",
              "e1T +1 1R :R | @1 e1F -1 !h1 +2 2R :R | halt -2 !h0 :halted");
}

static void a_condition_that_breaks_is_an_error(void **state)
{
    (void)state;
    CHECK_LOG("(seq (act a1 :if (e1)))", "e1=E", "0", "e1E :E");
    CHECK_LOG("(seq :while (e1) (act a1))", "e1=TE 1=R", "0 1", "e1T +1 1R :R | @1 e1E -1 :E");
    CHECK_LOG("(act a1 :while (e1) :on-halt (hook))", "e1=TE 1=R", "0 1",
              "e1T +1 1R :R | @1 e1E -1 :E");
}

static void hooks_run_once_at_their_end(void **state)
{
    (void)state;
    const char *all = "(act a1 :on-success (hook) :on-failure (hook) :on-halt (hook) :post (hook))";
    CHECK_LOG(all, "1=RS", "0 1", "+1 1R :R | @1 1S !s0 !p0 :S");
    CHECK_LOG(all, "1=F", "0", "+1 1F !f0 !p0 :F");
    CHECK_LOG(all, "1=K", "0", "+1 1K :K");
    CHECK_LOG(all, "1=E", "0", "+1 1E :E");
    CHECK_LOG(all, "1=R", "0 halt halt", "+1 1R :R | halt -1 !h0 :halted | halt :halted");
}

static void hooks_run_after_a_condition_that_decided(void **state)
{
    (void)state;
    CHECK_LOG("(act a1 :failure-if (e1) :on-failure (hook) :post (hook))", "e1=T", "0",
              "e1T !f0 !p0 :F");
}

static void children_are_halted_before_their_parents_hooks(void **state)
{
    (void)state;
    CHECK_LOG("(parallel :on-failure (hook) (act a1) (seq :on-halt (hook) (act a2)))", "1=F 2=R",
              "0", "+1 1F +2 2R -2 !h2 !f0 :F");
}

/* ---- Halts ----------------------------------------------------------------------------------- */

static void halts_go_left_to_right_and_children_first(void **state)
{
    (void)state;
    CHECK_LOG("(parallel :on-halt (hook) (seq :on-halt (hook) (act a1)) (act a2)"
              " (sel :on-halt (hook) (act a3)))",
              "1=R 2=R 3=R", "0 halt", "+1 1R +2 2R +3 3R :R | halt -1 !h1 -2 -3 !h4 !h0 :halted");
}

/* ---- Errors ---------------------------------------------------------------------------------- */

static void an_error_abandons_the_tick_and_halts_what_runs(void **state)
{
    (void)state;
    CHECK_LOG("(parallel :on-halt (hook) (act a1) (retry -1 (act a2)) (act a3))", "1=R 2=RE 3=R",
              "0 1 2", "+1 1R +2 2R +3 3R :R | @1 1R 2E -1 -3 !h0 :E | @2 +1 1R +2 2E -1 !h0 :E");
}

static void what_an_error_abandons_forgets_its_place(void **state)
{
    (void)state;
    const char *expected = "e1T +1 1S +2 2F :F | @1 e1E :E | @2 e1T +1 1S +2 2F :F";
    CHECK_LOG("(seq :while (e1) (mem-seq (act a1) (act a2)))", "e1=TET 2=F", "0 1 2", expected);
    CHECK_LOG("(on-error :failure (seq :while (e1) (mem-seq (act a1) (act a2))))", "e1=TET 2=F",
              "0 1 2", "e1T +1 1S +2 2F :F | @1 e1E :F | @2 e1T +1 1S +2 2F :F");
}

static void no_selector_sees_an_error(void **state)
{
    (void)state;
    CHECK_LOG("(sel (force-success (invert (act a1))) (act a2))", "1=E", "0", "+1 1E :E");
}

/* ---- Size ------------------------------------------------------------------------------------ */

/* An instance of COUNT nodes of KIND under each other, then the leaf; or beside each other. */
static copse_bt_instance *chain(const char *kind, uint32_t count, const char *leaf)
{
    copse_bt_registry *registry = plant_registry();
    copse_bt_builder *builder = copse_bt_builder_new(registry, "deep");
    for (uint32_t i = 0; i < count; i++)
        copse_bt_builder_open(builder, kind, NULL);
    copse_bt_builder_open(builder, "act", NULL);
    copse_bt_builder_leaf(builder, leaf);
    for (uint32_t i = 0; i <= count; i++)
        copse_bt_builder_close(builder);
    copse_bt_definition *definition;
    assert_int_equal(copse_bt_builder_finish(builder, &definition), COPSE_OK);
    copse_bt_instance *in;
    assert_int_equal(copse_bt_instance_new(definition, NULL, &in), COPSE_OK);
    copse_bt_builder_free(builder);
    copse_bt_definition_give(definition);
    copse_bt_registry_free(registry);
    return in;
}

static void a_tree_100000_deep_ticks_halts_and_breaks(void **state)
{
    (void)state;
    static const char *const kinds[] = {"seq", "reactive-sel", "parallel", "invert"};
    for (size_t i = 0; i < 4; i++) {
        copse_bt_instance *in = chain(kinds[i], 100000, "on");
        assert_int_equal(plant_tick(in, 0), COPSE_BT_RUNNING);
        assert_int_equal(plant_tick(in, 1), COPSE_BT_RUNNING);
        copse_bt_status result;
        assert_int_equal(copse_bt_halt(in, 2, &result), COPSE_OK);
        assert_int_equal(result, COPSE_BT_IDLE);
        assert_int_equal(copse_bt_node_status(in, 100000), COPSE_BT_IDLE);
        assert_int_equal(copse_bt_instance_free(in), COPSE_OK);
        in = chain(kinds[i], 100000, "bad");
        assert_int_equal(plant_tick(in, 0), COPSE_BT_ERROR);
        assert_int_equal(copse_bt_last_error(in).node, 100000);
        assert_int_equal(copse_bt_instance_free(in), COPSE_OK);
    }
}

static void a_tree_100000_wide_ticks_and_halts(void **state)
{
    (void)state;
    copse_bt_registry *registry = plant_registry();
    copse_bt_builder *builder = copse_bt_builder_new(registry, "wide");
    copse_bt_builder_open(builder, "parallel", NULL);
    for (uint32_t i = 0; i < 100000; i++) {
        copse_bt_builder_open(builder, "act", NULL);
        copse_bt_builder_leaf(builder, "on");
        copse_bt_builder_close(builder);
    }
    copse_bt_builder_close(builder);
    copse_bt_definition *definition;
    assert_int_equal(copse_bt_builder_finish(builder, &definition), COPSE_OK);
    copse_bt_instance *in;
    assert_int_equal(copse_bt_instance_new(definition, NULL, &in), COPSE_OK);
    assert_int_equal(plant_tick(in, 0), COPSE_BT_RUNNING);
    copse_bt_stats stats;
    copse_bt_read_stats(in, &stats);
    assert_int_equal(stats.leaves_running, 100000);
    assert_int_equal(copse_bt_restart(in, 1, NULL), COPSE_OK);
    copse_bt_read_stats(in, &stats);
    assert_int_equal(stats.leaves_halted, 100000);
    assert_int_equal(copse_bt_instance_free(in), COPSE_OK);
    copse_bt_builder_free(builder);
    copse_bt_definition_give(definition);
    copse_bt_registry_free(registry);
}

/* ---- Asking ---------------------------------------------------------------------------------- */

static copse_bt_status never(copse_bt_context *context, void *memory, void *user)
{
    (void)context, (void)memory, (void)user;
    fail_msg("the machine called a leaf of the interpreter");
    return COPSE_BT_ERROR;
}

/* Leaves without tick are the interpreter's; the other functions say what it wants to be asked. */
static const copse_bt_leaf lisp_leaves[] = {
    {.name = "walk", .start = never, .halt = never, .pause = never, .resume = never},
    {.name = "see?", .is_condition = true},
};

static copse_bt_instance *lisp_instance(const char *text)
{
    copse_bt_registry *registry = plant_registry();
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(cp_rows_add_leaf(registry, &lisp_leaves[i]), COPSE_OK);
    copse_bt_instance *in = plant_instance(registry, text, NULL);
    copse_bt_registry_free(registry);
    return in;
}

/* Does OPERATION, giving ANSWERS one by one to what is asked; ASKED gets a letter for each
 * question: c condition, s start, t tick, h halt, x cut, p pause, r resume, e expression. */
static copse_bt_status drive(copse_bt_instance *in, cp_operation operation, int64_t now_ms,
                             const char *answers, char *asked)
{
    static const char letters[] = "-csthxpre";
    assert_int_equal(cp_tick_begin(in, operation, now_ms * 1000000), COPSE_OK);
    cp_ask ask;
    while ((ask = cp_tick_step(in)) != CP_ASK_NONE) {
        assert_int_equal(cp_tick_begin(in, CP_OPERATION_TICK, 0), COPSE_EBUSY_OWNER);
        *asked++ = letters[ask];
        assert_true(*answers != '\0');
        cp_tick_answer(in, (copse_bt_status)(strchr("IRSFKE", *answers++) - "IRSFKE"));
    }
    *asked = '\0';
    assert_true(*answers == '\0');
    return (copse_bt_status)in->cursor.result;
}

#define CHECK_DRIVE(in, operation, now_ms, answers, questions, result)                             \
    do {                                                                                           \
        char asked[32];                                                                            \
        assert_int_equal(drive(in, CP_OPERATION_##operation, now_ms, answers, asked), result);     \
        assert_string_equal(asked, questions);                                                     \
    } while (0)

static void leaves_of_the_interpreter_are_asked_for(void **state)
{
    (void)state;
    copse_bt_instance *in = lisp_instance("(seq (cond see?) (act walk))");
    CHECK_DRIVE(in, TICK, 0, "SSR", "cst", COPSE_BT_RUNNING);
    CHECK_DRIVE(in, TICK, 1, "S", "t", COPSE_BT_SUCCESS);
    CHECK_DRIVE(in, TICK, 2, "F", "c", COPSE_BT_FAILURE);
    CHECK_DRIVE(in, TICK, 3, "SSE", "cst", COPSE_BT_ERROR);
    CHECK_DRIVE(in, TICK, 4, "R", "c", COPSE_BT_ERROR);
    CHECK_DRIVE(in, TICK, 5, "SF", "cs", COPSE_BT_FAILURE);
    assert_int_equal(copse_bt_instance_free(in), COPSE_OK);
}

static void halts_of_the_interpreter_may_be_slow_and_are_cut(void **state)
{
    (void)state;
    copse_bt_instance *in = lisp_instance("(act walk)");
    CHECK_DRIVE(in, TICK, 0, "SR", "st", COPSE_BT_RUNNING);
    CHECK_DRIVE(in, HALT, 1, "R", "h", COPSE_BT_RUNNING);
    CHECK_DRIVE(in, TICK, 2, "R", "h", COPSE_BT_RUNNING);
    CHECK_DRIVE(in, TICK, 3, "SSR", "hst", COPSE_BT_RUNNING);
    CHECK_DRIVE(in, HALT, 4, "R", "h", COPSE_BT_RUNNING);
    CHECK_DRIVE(in, TICK, 1004, "SSS", "xst", COPSE_BT_SUCCESS);
    copse_bt_stats stats;
    copse_bt_read_stats(in, &stats);
    assert_int_equal(stats.halts_cut, 1);
    assert_int_equal(stats.leaves_started, 3);
    assert_int_equal(stats.leaves_ended, 1);
    assert_int_equal(stats.leaves_halted, 2);
    assert_int_equal(copse_bt_instance_free(in), COPSE_OK);
}

static void expressions_of_the_interpreter_are_asked_for(void **state)
{
    (void)state;
    copse_bt_instance *in = lisp_instance("(seq :while see? :on-halt see? :post see? (act walk))");
    CHECK_DRIVE(in, TICK, 0, "SSR", "est", COPSE_BT_RUNNING);
    CHECK_DRIVE(in, TICK, 1, "SSS", "ete", COPSE_BT_SUCCESS);
    CHECK_DRIVE(in, TICK, 2, "SSR", "est", COPSE_BT_RUNNING);
    CHECK_DRIVE(in, TICK, 3, "FSS", "ehe", COPSE_BT_SKIPPED);
    CHECK_DRIVE(in, TICK, 4, "SSSE", "este", COPSE_BT_ERROR);
    CHECK_DRIVE(in, TICK, 5, "SSR", "est", COPSE_BT_RUNNING);
    CHECK_DRIVE(in, HALT, 6, "EE", "he", COPSE_BT_IDLE); /* errors of a halt change nothing */
    assert_int_equal(copse_bt_instance_free(in), COPSE_OK);
}

static void leaves_of_the_interpreter_pause_and_resume(void **state)
{
    (void)state;
    copse_bt_instance *in = lisp_instance("(parallel (act walk) (act walk) (act on))");
    CHECK_DRIVE(in, TICK, 0, "SRSR", "stst", COPSE_BT_RUNNING);
    CHECK_DRIVE(in, PAUSE, 1, "SS", "pp", COPSE_BT_IDLE);
    CHECK_DRIVE(in, RESUME, 2, "SS", "rr", COPSE_BT_IDLE);
    CHECK_DRIVE(in, TICK, 3, "RS", "tt", COPSE_BT_RUNNING);
    CHECK_DRIVE(in, HALT, 4, "S", "h", COPSE_BT_IDLE);
    assert_int_equal(copse_bt_instance_free(in), COPSE_OK);
}

/* ---- Rows of a host -------------------------------------------------------------------------- */

static copse_bt_action first_child(copse_bt_context *context, uint32_t node)
{
    return copse_bt_tick_child(copse_bt_first_child(context, node));
}

/* Ticks all children; is running when any runs, else a success when an odd number succeeded. */
static copse_bt_action odd_child(copse_bt_context *context, uint32_t node, uint32_t child,
                                 copse_bt_status status)
{
    int64_t *successes = copse_bt_node_memory(context, node);
    *successes += status == COPSE_BT_SUCCESS;
    uint32_t next = copse_bt_next_sibling(context, child);
    if (next != COPSE_BT_NO_NODE)
        return copse_bt_tick_child(next);
    bool is_odd = (*successes + copse_bt_node_option(context, node, 0).integer) % 2 == 1;
    return copse_bt_return(is_odd ? COPSE_BT_SUCCESS : COPSE_BT_FAILURE);
}

static copse_bt_action wrong_status(copse_bt_context *context, uint32_t node)
{
    (void)context, (void)node;
    return copse_bt_return(COPSE_BT_IDLE);
}

static copse_bt_action wrong_child(copse_bt_context *context, uint32_t node)
{
    (void)context;
    return copse_bt_tick_child(node);
}

static copse_bt_action wrong_halt(copse_bt_context *context, uint32_t node)
{
    (void)context, (void)node;
    return copse_bt_halt_child(1000000);
}

static void a_row_of_a_host_has_the_same_rights(void **state)
{
    (void)state;
    static const copse_bt_option options[] = {
        {.name = "plus", .type = COPSE_BT_OPTION_INTEGER, .max = 9, .doc = "Counted as well."}};
    static const copse_bt_node_kind odd = {.name = "odd",
                                           .options = options,
                                           .option_count = 1,
                                           .fewest_children = 1,
                                           .most_children = COPSE_BT_MANY,
                                           .memory_size = sizeof(int64_t),
                                           .start = first_child,
                                           .resume = first_child,
                                           .child = odd_child};
    copse_bt_registry *registry = plant_registry();
    assert_int_equal(copse_bt_register_node(registry, &odd), COPSE_OK);
    copse_bt_instance *in =
        plant_instance(registry, "(odd :plus 2 (act yes) (act on) (act no) (odd (act yes)))", NULL);
    assert_int_equal(plant_tick(in, 0), COPSE_BT_FAILURE);
    assert_int_equal(plant_tick(in, 1), COPSE_BT_FAILURE);
    /* What it left running was halted. */
    assert_int_equal(copse_bt_node_status(in, 2), COPSE_BT_IDLE);
    assert_int_equal(copse_bt_instance_free(in), COPSE_OK);
    copse_bt_registry_free(registry);
}

static void a_row_that_gives_an_impossible_action_is_an_error(void **state)
{
    (void)state;
    static const copse_bt_node_kind rows[] = {
        {.name = "wrong-status", .start = wrong_status, .resume = wrong_status},
        {.name = "wrong-child", .start = wrong_child, .resume = wrong_child},
        {.name = "wrong-halt", .start = wrong_halt, .resume = wrong_halt},
    };
    static const char *const trees[] = {"(seq (wrong-status))", "(seq (wrong-child))",
                                        "(seq (wrong-halt))"};
    copse_bt_registry *registry = plant_registry();
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(copse_bt_register_node(registry, &rows[i]), COPSE_OK);
        copse_bt_instance *in = plant_instance(registry, trees[i], NULL);
        assert_int_equal(plant_tick(in, 0), COPSE_BT_ERROR);
        assert_string_equal(copse_bt_last_error(in).kind, "bad-node-action");
        assert_int_equal(copse_bt_last_error(in).node, 1);
        assert_int_equal(copse_bt_instance_free(in), COPSE_OK);
    }
    copse_bt_registry_free(registry);
}

CP_TEST_MAIN(cmocka_unit_test(conditions_are_looked_at_in_their_order),
             cmocka_unit_test(a_false_while_halts_and_skips),
             cmocka_unit_test(a_condition_that_breaks_is_an_error),
             cmocka_unit_test(hooks_run_once_at_their_end),
             cmocka_unit_test(hooks_run_after_a_condition_that_decided),
             cmocka_unit_test(children_are_halted_before_their_parents_hooks),
             cmocka_unit_test(halts_go_left_to_right_and_children_first),
             cmocka_unit_test(an_error_abandons_the_tick_and_halts_what_runs),
             cmocka_unit_test(what_an_error_abandons_forgets_its_place),
             cmocka_unit_test(no_selector_sees_an_error),
             cmocka_unit_test(a_tree_100000_deep_ticks_halts_and_breaks),
             cmocka_unit_test(a_tree_100000_wide_ticks_and_halts),
             cmocka_unit_test(leaves_of_the_interpreter_are_asked_for),
             cmocka_unit_test(halts_of_the_interpreter_may_be_slow_and_are_cut),
             cmocka_unit_test(expressions_of_the_interpreter_are_asked_for),
             cmocka_unit_test(leaves_of_the_interpreter_pause_and_resume),
             cmocka_unit_test(a_row_of_a_host_has_the_same_rights),
             cmocka_unit_test(a_row_that_gives_an_impossible_action_is_an_error))
