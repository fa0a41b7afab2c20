#include "bt/leaf.h"

#include "tests/bt/plant.h"
#include "tests/check.h"

#define MS INT64_C(1000000)

/* A leaf that reads its port "in" as WHAT asks for and writes it to "out". */
typedef struct {
    char what; /* n number, i integer, b boolean, t text, f fresh within 10 ms */
    double number;
    int64_t integer;
    bool boolean;
    const char *text;
    bool is_fresh;
} reader;

static copse_bt_status read_and_write(copse_bt_context *context, void *memory, void *user)
{
    (void)memory;
    reader *r = user;
    bool is_there = true;
    switch (r->what) {
    case 'n':
        is_there = copse_bt_read_number(context, 0, &r->number);
        if (is_there)
            copse_bt_write_number(context, 1, r->number * 2);
        break;
    case 'i':
        is_there = copse_bt_read_integer(context, 0, &r->integer);
        if (is_there)
            copse_bt_write_integer(context, 1, r->integer * 2);
        break;
    case 'b':
        is_there = copse_bt_read_boolean(context, 0, &r->boolean);
        if (is_there)
            copse_bt_write_boolean(context, 1, !r->boolean);
        break;
    case 't':
        is_there = copse_bt_read_text(context, 0, &r->text);
        break;
    case 'f':
        r->is_fresh = copse_bt_is_fresh(context, 0, 10 * MS);
        break;
    }
    return is_there ? COPSE_BT_SUCCESS : copse_bt_no_value(context);
}

static const copse_bt_port ports[] = {
    {.name = "in", .has_min = true, .min = -5, .fallback = {COPSE_BT_NUMBER, {.number = 1.5}}},
    {.name = "out", .is_output = true},
};

/* A tree of one act, or of one cond, that calls the leaf; keys a (an input with age limit
 * LIMIT_MS), b. The leaf's port in is bound to CONSTANT, or to a when it is NULL. */
typedef struct {
    reader reader;
    copse_bt_leaf leaf;
    copse_bt_instance *in;
} rig;

static void set_up(rig *r, bool is_condition, const copse_bt_constant *constant,
                   copse_bt_status on_stale)
{
    copse_bt_registry *registry = plant_registry();
    r->leaf = (copse_bt_leaf){.name = "read",
                              .is_condition = is_condition,
                              .ports = ports,
                              .port_count = 2,
                              .tick = read_and_write,
                              .user = &r->reader};
    assert_int_equal(copse_bt_register_leaf(registry, &r->leaf), COPSE_OK);
    copse_bt_builder *builder = copse_bt_builder_new(registry, "main");
    copse_bt_builder_key(
        builder, &(copse_bt_key){
                     .name = "a", .is_input = true, .max_age_ns = 100 * MS, .on_stale = on_stale});
    copse_bt_builder_key(builder, &(copse_bt_key){.name = "b"});
    copse_bt_builder_open(builder, is_condition ? "cond" : "act", NULL);
    copse_bt_builder_leaf(builder, "read");
    if (constant != NULL)
        copse_bt_builder_bind(builder, "in", *constant);
    else
        copse_bt_builder_bind_key(builder, "in", "a");
    copse_bt_builder_bind_key(builder, "out", "b");
    copse_bt_builder_close(builder);
    copse_bt_definition *definition;
    if (copse_bt_builder_finish(builder, &definition) != COPSE_OK)
        fail_msg("%s", copse_bt_builder_error(builder));
    assert_int_equal(copse_bt_instance_new(definition, NULL, &r->in), COPSE_OK);
    copse_bt_definition_give(definition);
    copse_bt_builder_free(builder);
    copse_bt_registry_free(registry);
}

static void tear_down(rig *r)
{
    assert_int_equal(copse_bt_instance_free(r->in), COPSE_OK);
}

static void ports_read_and_write_keys(void **state)
{
    (void)state;
    rig r = {.reader = {.what = 'n'}};
    set_up(&r, false, NULL, COPSE_BT_IDLE);
    assert_int_equal(copse_bt_set_number(r.in, 0, 2.5, 0), COPSE_OK);
    assert_int_equal(plant_tick(r.in, 0), COPSE_BT_SUCCESS);
    double number;
    assert_true(copse_bt_get_number(r.in, 1, &number));
    assert_true(number == 5);
    assert_int_equal(r.in->slots[1].writer, 0);
    assert_int_equal(r.in->slots[1].version, 1);
    assert_int_equal(r.in->slots[1].tick, 1);

    r.reader.what = 'i';
    assert_int_equal(copse_bt_set_integer(r.in, 0, 21, 0), COPSE_OK);
    assert_int_equal(plant_tick(r.in, 1), COPSE_BT_SUCCESS);
    int64_t integer;
    assert_true(copse_bt_get_integer(r.in, 1, &integer));
    assert_int_equal(integer, 42);
    assert_int_equal(r.in->slots[1].version, 2);

    r.reader.what = 'b';
    assert_int_equal(copse_bt_set_boolean(r.in, 0, true, 0), COPSE_OK);
    assert_int_equal(plant_tick(r.in, 2), COPSE_BT_SUCCESS);
    bool boolean;
    assert_true(copse_bt_get_boolean(r.in, 1, &boolean));
    assert_false(boolean);
    assert_false(copse_bt_get_number(r.in, 1, &number));
    tear_down(&r);
}

static void a_port_may_be_bound_to_a_constant(void **state)
{
    (void)state;
    copse_bt_constant number = {COPSE_BT_NUMBER, {.number = 0.25}};
    copse_bt_constant text = {COPSE_BT_SYMBOL, {.text = "kitchen"}};
    rig r = {.reader = {.what = 'n'}};
    set_up(&r, false, &number, COPSE_BT_IDLE);
    assert_int_equal(plant_tick(r.in, 0), COPSE_BT_SUCCESS);
    assert_true(r.reader.number == 0.25);
    tear_down(&r);
    r.reader.what = 't';
    set_up(&r, false, &text, COPSE_BT_IDLE);
    assert_int_equal(plant_tick(r.in, 0), COPSE_BT_SUCCESS);
    assert_string_equal(r.reader.text, "kitchen");
    tear_down(&r);
}

static void a_key_never_written_fails_an_action(void **state)
{
    (void)state;
    rig r = {.reader = {.what = 'n'}};
    set_up(&r, false, NULL, COPSE_BT_IDLE);
    assert_int_equal(plant_tick(r.in, 0), COPSE_BT_FAILURE);
    assert_string_equal(cp_instance_reason(r.in, 0)->word, "unset");
    assert_string_equal(cp_instance_reason(r.in, 0)->text, "a");
    tear_down(&r);
}

static void a_stale_input_fails_an_action(void **state)
{
    (void)state;
    rig r = {.reader = {.what = 'n'}};
    set_up(&r, false, NULL, COPSE_BT_IDLE);
    assert_int_equal(copse_bt_set_number(r.in, 0, 1, 50 * MS), COPSE_OK);
    assert_int_equal(plant_tick(r.in, 150), COPSE_BT_SUCCESS);
    assert_int_equal(plant_tick(r.in, 151), COPSE_BT_FAILURE);
    assert_string_equal(cp_instance_reason(r.in, 0)->word, "stale");
    tear_down(&r);
}

static void a_condition_without_value_has_no_truth(void **state)
{
    (void)state;
    rig r = {.reader = {.what = 'b'}};
    set_up(&r, true, NULL, COPSE_BT_IDLE);
    assert_int_equal(plant_tick(r.in, 0), COPSE_BT_ERROR);
    assert_string_equal(copse_bt_last_error(r.in).kind, "unset");
    assert_string_equal(copse_bt_last_error(r.in).text, "a");
    tear_down(&r);
}

static void a_key_may_say_what_a_stale_read_means(void **state)
{
    (void)state;
    rig r = {.reader = {.what = 'b'}};
    set_up(&r, true, NULL, COPSE_BT_FAILURE);
    assert_int_equal(plant_tick(r.in, 0), COPSE_BT_FAILURE);
    tear_down(&r);
    set_up(&r, false, NULL, COPSE_BT_ERROR);
    assert_int_equal(plant_tick(r.in, 0), COPSE_BT_ERROR);
    tear_down(&r);
}

static void a_value_of_another_type_or_range_is_an_error(void **state)
{
    (void)state;
    rig r = {.reader = {.what = 'i'}};
    set_up(&r, false, NULL, COPSE_BT_IDLE);
    assert_int_equal(copse_bt_set_number(r.in, 0, 1.5, 0), COPSE_OK);
    assert_int_equal(plant_tick(r.in, 0), COPSE_BT_ERROR);
    assert_string_equal(copse_bt_last_error(r.in).kind, "wrong-type");
    assert_string_equal(copse_bt_last_error(r.in).text, "in");
    assert_int_equal(copse_bt_set_integer(r.in, 0, -6, 0), COPSE_OK);
    assert_int_equal(plant_tick(r.in, 0), COPSE_BT_ERROR);
    assert_string_equal(copse_bt_last_error(r.in).kind, "out-of-range");
    r.reader.what = 't';
    assert_int_equal(plant_tick(r.in, 0), COPSE_BT_ERROR);
    assert_string_equal(copse_bt_last_error(r.in).kind, "wrong-type");
    tear_down(&r);
}

static void freshness_looks_at_the_stamp_and_reads_nothing(void **state)
{
    (void)state;
    rig r = {.reader = {.what = 'f'}};
    set_up(&r, false, NULL, COPSE_BT_IDLE);
    assert_int_equal(plant_tick(r.in, 0), COPSE_BT_SUCCESS);
    assert_false(r.reader.is_fresh);
    assert_int_equal(copse_bt_set_number(r.in, 0, 1, 0), COPSE_OK);
    assert_int_equal(plant_tick(r.in, 10), COPSE_BT_SUCCESS);
    assert_true(r.reader.is_fresh);
    assert_int_equal(plant_tick(r.in, 11), COPSE_BT_SUCCESS);
    assert_false(r.reader.is_fresh);
    tear_down(&r);
}

static int64_t stopwatch; /* goes on by what a leaf adds */

static int64_t read_stopwatch(void *context)
{
    (void)context;
    return stopwatch;
}

static copse_bt_status spend(copse_bt_context *context, void *memory, void *user)
{
    (void)context, (void)memory;
    stopwatch += *(int64_t *)user;
    return COPSE_BT_SUCCESS;
}

static void an_overrun_names_the_leaf_that_used_most(void **state)
{
    (void)state;
    int64_t costs[] = {10, 70, 30};
    const copse_bt_leaf leaves[] = {{.name = "a", .tick = spend, .user = &costs[0]},
                                    {.name = "b", .tick = spend, .user = &costs[1]},
                                    {.name = "c", .tick = spend, .user = &costs[2]}};
    copse_bt_registry *registry = plant_registry();
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(copse_bt_register_leaf(registry, &leaves[i]), COPSE_OK);
    copse_bt_instance_options options = {
        .budget_ns = 100, .measure = read_stopwatch, .max_overruns = 2};
    copse_bt_instance *in = plant_instance(registry, "(seq (act a) (act b) (act c))", &options);
    copse_bt_stats stats;
    assert_int_equal(plant_tick(in, 0), COPSE_BT_SUCCESS);
    copse_bt_read_stats(in, &stats);
    assert_int_equal(stats.overruns, 1);
    assert_int_equal(stats.slowest_leaf, 2);
    assert_int_equal(stats.slowest_leaf_ns, 70);
    assert_int_equal(stats.worst_tick_ns, 110);
    assert_int_equal(stats.stop_causes, 0);
    costs[1] = 1;
    assert_int_equal(plant_tick(in, 1), COPSE_BT_SUCCESS);
    costs[1] = 100;
    for (int i = 2; i < 4; i++)
        assert_int_equal(plant_tick(in, i), COPSE_BT_SUCCESS);
    copse_bt_read_stats(in, &stats);
    assert_int_equal(stats.overruns, 3);
    assert_int_equal(stats.overruns_in_a_row, 2);
    assert_int_equal(stats.stop_causes, 1u << COPSE_STOP_OVERRUN);
    assert_int_equal(copse_bt_instance_free(in), COPSE_OK);
    copse_bt_registry_free(registry);
}

CP_TEST_MAIN(cmocka_unit_test(ports_read_and_write_keys),
             cmocka_unit_test(a_port_may_be_bound_to_a_constant),
             cmocka_unit_test(a_key_never_written_fails_an_action),
             cmocka_unit_test(a_stale_input_fails_an_action),
             cmocka_unit_test(a_condition_without_value_has_no_truth),
             cmocka_unit_test(a_key_may_say_what_a_stale_read_means),
             cmocka_unit_test(a_value_of_another_type_or_range_is_an_error),
             cmocka_unit_test(freshness_looks_at_the_stamp_and_reads_nothing),
             cmocka_unit_test(an_overrun_names_the_leaf_that_used_most))
