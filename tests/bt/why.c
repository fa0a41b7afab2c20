#include "bt/why.h"

#include "tests/bt/plant.h"
#include "tests/check.h"

#define MS INT64_C(1000000)

static copse_bt_status drive(copse_bt_context *context, void *memory, void *user)
{
    (void)memory, (void)user;
    double goal;
    if (!copse_bt_read_number(context, 0, &goal))
        return copse_bt_no_value(context);
    return goal > 10 ? copse_bt_fail(context, "no-path", "no way to the goal") : COPSE_BT_SUCCESS;
}

static const copse_bt_port ports[] = {{.name = "goal", .type = COPSE_BT_NUMBER}};
static const copse_bt_leaf leaf = {.name = "drive", .ports = ports, .port_count = 1, .tick = drive};

static copse_bt_instance *grow(const char *text)
{
    copse_bt_registry *registry = plant_registry();
    assert_int_equal(copse_bt_register_leaf(registry, &leaf), COPSE_OK);
    copse_bt_builder *builder = copse_bt_builder_new(registry, "main");
    copse_bt_builder_key(builder, &(copse_bt_key){.name = "goal", .type = COPSE_BT_NUMBER});
    plant_describe(builder, text);
    copse_bt_definition *definition;
    if (copse_bt_builder_finish(builder, &definition) != COPSE_OK)
        fail_msg("%s", copse_bt_builder_error(builder));
    copse_bt_instance *in;
    assert_int_equal(copse_bt_instance_new(definition, NULL, &in), COPSE_OK);
    copse_bt_definition_give(definition);
    copse_bt_builder_free(builder);
    copse_bt_registry_free(registry);
    return in;
}

static void check_why(copse_bt_instance *in, const char *expected)
{
    char text[600];
    assert_int_equal(copse_bt_why(in, text, sizeof text), strlen(expected));
    assert_string_equal(text, expected);
}

static void the_path_goes_to_the_leaf_that_decided(void **state)
{
    (void)state;
    copse_bt_instance *in =
        grow("(seq :name job (cond yes?) (sel (act no) (act drive $goal=goal)))");
    check_why(in, "no tick has ended\n");
    assert_int_equal(copse_bt_set_number(in, 0, 12, 60 * MS), COPSE_OK);
    assert_int_equal(plant_tick(in, 100), COPSE_BT_FAILURE);
    check_why(in, "job (seq): failure at tree.scm:1:1\n"
                  "  sel: failure at tree.scm:1:28\n"
                  "    drive (act): failure at tree.scm:1:42\n"
                  "      no-path: no way to the goal\n"
                  "      $goal = 12 (40 ms old)\n");
    assert_int_equal(copse_bt_instance_free(in), COPSE_OK);
}

static void a_timeout_and_a_silent_leaf_have_their_words(void **state)
{
    (void)state;
    copse_bt_instance *in = grow("(timeout :ms 10 (act on))");
    assert_int_equal(plant_tick(in, 0), COPSE_BT_RUNNING);
    check_why(in, "timeout: running at tree.scm:1:1\n  on (act): running at tree.scm:1:17\n");
    assert_int_equal(plant_tick(in, 10), COPSE_BT_FAILURE);
    check_why(in, "timeout: failure at tree.scm:1:1\n  timeout: its time was over\n");
    assert_int_equal(copse_bt_instance_free(in), COPSE_OK);
    in = grow("(act no)");
    assert_int_equal(plant_tick(in, 0), COPSE_BT_FAILURE);
    check_why(in, "no (act): failure at tree.scm:1:1\n  it gave no reason\n");
    assert_int_equal(copse_bt_instance_free(in), COPSE_OK);
}

static void an_error_and_an_unset_key_are_explained(void **state)
{
    (void)state;
    copse_bt_instance *in = grow("(act drive $goal=goal)");
    assert_int_equal(plant_tick(in, 0), COPSE_BT_FAILURE);
    check_why(in, "drive (act): failure at tree.scm:1:1\n  unset: goal\n  $goal = unset\n");
    assert_int_equal(copse_bt_instance_free(in), COPSE_OK);
    in = grow("(act bad)");
    assert_int_equal(plant_tick(in, 0), COPSE_BT_ERROR);
    check_why(in, "bad (act): error at tree.scm:1:1\n  error: the leaf said no more\n");
    assert_int_equal(copse_bt_instance_free(in), COPSE_OK);
}

static void the_first_failure_of_a_parallel_decides(void **state)
{
    (void)state;
    copse_bt_instance *in = grow("(parallel (act yes) (act :name first no) (act no))");
    assert_int_equal(plant_tick(in, 0), COPSE_BT_FAILURE);
    check_why(in, "parallel: failure at tree.scm:1:1\n  first (act): failure at tree.scm:1:21\n"
                  "    it gave no reason\n");
    assert_int_equal(copse_bt_instance_free(in), COPSE_OK);
}

static void values_are_printed_as_they_are(void **state)
{
    (void)state;
    const struct {
        cp_value value;
        const char *text;
    } rows[] = {{cp_make_fixnum(-3), "-3"}, {cp_make_double(0.5), "0.5"}, {CP_TRUE, "#t"},
                {CP_FALSE, "#f"},           {CP_UNSET, "unset"},          {CP_NIL, "a value"}};
    for (size_t i = 0; i < CP_COUNT_OF(rows); i++) {
        char text[32];
        cp_printer printer = cp_printer_make(text, sizeof text);
        cp_why_print_value(&printer, rows[i].value);
        assert_string_equal(text, rows[i].text);
    }
}

CP_TEST_MAIN(cmocka_unit_test(the_path_goes_to_the_leaf_that_decided),
             cmocka_unit_test(a_timeout_and_a_silent_leaf_have_their_words),
             cmocka_unit_test(an_error_and_an_unset_key_are_explained),
             cmocka_unit_test(the_first_failure_of_a_parallel_decides),
             cmocka_unit_test(values_are_printed_as_they_are))
