#include "bt/builder.h"

#include "bt/definition.h"
#include "tests/bt/plant.h"
#include "tests/check.h"
#include "tests/fault.h"

static copse_bt_status give(copse_bt_context *context, void *memory, void *user)
{
    (void)context, (void)memory, (void)user;
    return COPSE_BT_SUCCESS;
}

static const copse_bt_port drive_ports[] = {
    {.name = "goal", .type = COPSE_BT_NUMBER, .unit = "m", .frame = "map"},
    {.name = "speed",
     .type = COPSE_BT_NUMBER,
     .has_min = true,
     .has_max = true,
     .min = 0,
     .max = 1.2,
     .fallback = {COPSE_BT_NUMBER, {.number = 0.5}}},
    {.name = "travelled", .type = COPSE_BT_NUMBER, .is_output = true},
};
static const char *const base[] = {"base"};
static const char *const arm_and_base[] = {"arm", "base"};
static const copse_bt_leaf drive = {.name = "drive",
                                    .ports = drive_ports,
                                    .port_count = 3,
                                    .uses = base,
                                    .use_count = 1,
                                    .tick = give};
static const copse_bt_leaf grasp = {
    .name = "grasp", .uses = arm_and_base, .use_count = 2, .tick = give};

static const copse_bt_key keys[] = {
    {.name = "goal", .type = COPSE_BT_NUMBER, .unit = "m", .frame = "map"},
    {.name = "inch", .type = COPSE_BT_NUMBER, .unit = "in"},
    {.name = "base", .type = COPSE_BT_NUMBER, .unit = "m", .frame = "base"},
    {.name = "held", .type = COPSE_BT_BOOLEAN},
    {.name = "odometer", .type = COPSE_BT_NUMBER, .is_input = true, .max_age_ns = 1000},
    {.name = "count", .type = COPSE_BT_INTEGER},
};

static copse_bt_registry *registry_with_drive(void)
{
    copse_bt_registry *registry = plant_registry();
    assert_int_equal(copse_bt_register_leaf(registry, &drive), COPSE_OK);
    assert_int_equal(copse_bt_register_leaf(registry, &grasp), COPSE_OK);
    return registry;
}

/* Asserts that TEXT is refused with ERROR, or, when it is "", is fine. */
static void check(const char *text, const char *error)
{
    copse_bt_registry *registry = registry_with_drive();
    copse_bt_builder *builder = copse_bt_builder_new(registry, "main");
    for (size_t i = 0; i < CP_COUNT_OF(keys); i++)
        copse_bt_builder_key(builder, &keys[i]);
    plant_describe(builder, text);
    copse_bt_definition *definition;
    copse_status status = copse_bt_builder_finish(builder, &definition);
    const char *found = copse_bt_builder_error(builder);
    assert_string_equal(found != NULL ? found : "", error);
    assert_int_equal(status, error[0] == '\0' ? COPSE_OK : COPSE_EINVAL);
    copse_bt_definition_give(definition);
    copse_bt_builder_free(builder);
    copse_bt_registry_free(registry);
}

static void an_unknown_name_gets_a_guess(void **state)
{
    (void)state;
    check("(sqe)", "tree.scm:1:1: no node sqe; did you mean seq?");
    check("(seq (frobnicate))", "tree.scm:1:6: no node frobnicate");
    check("(seq (yes))", "tree.scm:1:6: no node yes; a leaf stands under act or cond");
    check("(act drvie)", "tree.scm:1:1: act: no leaf drvie; did you mean drive?");
    check("(retry :tmes 3 (act yes))", "tree.scm:1:1: retry: no option tmes; did you mean times?");
    check("(seq :times 3)", "tree.scm:1:1: seq: no option times");
    check("(act drive $gaol=goal)",
          "tree.scm:1:1: act: drive has no port gaol; did you mean goal?");
    check("(act drive $goal=gaol)",
          "tree.scm:1:1: act: the tree main has no key gaol; did you mean goal?");
}

static void an_option_outside_its_domain_is_refused(void **state)
{
    (void)state;
    check("(repeat :times 1.5 (act yes))",
          "tree.scm:1:1: repeat: times is 1.5, expected an integer >= -1");
    check("(repeat :times -2 (act yes))",
          "tree.scm:1:1: repeat: times is -2, expected an integer >= -1");
    check("(repeat :times nan (act yes))",
          "tree.scm:1:1: repeat: times is nan, expected an integer >= -1");
    check("(repeat (act yes))", "tree.scm:1:1: repeat: times is not given, expected an integer");
    check("(repeat :times 1 :times 2 (act yes))", "tree.scm:1:1: repeat: times is given twice");
    check("(repeat :times 1 :in-place 2 (act yes))",
          "tree.scm:1:1: repeat: in-place is 2, expected #t or #f");
    check("(timeout :ms -1 (act yes))",
          "tree.scm:1:1: timeout: ms is -1, expected milliseconds >= 0");
    check("(retry :times 2 :backoff 0.5 (act yes))",
          "tree.scm:1:1: retry: backoff is 0.5, expected a number >= 1");
    check("(on-error :result 1 (act yes))",
          "tree.scm:1:1: on-error: result is 1, expected :success or :failure");
    check("(parallel :success 3 (act yes) (act no))",
          "tree.scm:1:1: parallel: success is more than its children, expected at most their "
          "number");
    check("(parallel :failure 3 (act yes) (act no))",
          "tree.scm:1:1: parallel: failure is more than its children, expected at most their "
          "number");
}

static void the_number_of_children_is_checked(void **state)
{
    (void)state;
    check("(invert)", "tree.scm:1:1: invert: has 0 children, expected 1");
    check("(invert (act yes) (act no))", "tree.scm:1:1: invert: has more than 1 child");
    check("(if (act yes))", "tree.scm:1:1: if: has 1 child, expected 2 to 3");
    check("(if (act yes) (act no) (act no) (act no))",
          "tree.scm:1:1: if: has more than 3 children");
    check("(act yes (act no))", "tree.scm:1:1: act: has more than 0 children");
    check("(seq)", "");
    check("(parallel)", "");
}

static void a_leaf_stands_under_act_or_cond(void **state)
{
    (void)state;
    check("(seq yes)", "tree.scm:1:1: seq: takes no leaf; leaves stand under act and cond");
    check("(act)", "tree.scm:1:1: act: names no leaf");
    check("(act yes no)", "tree.scm:1:1: act: has two leaves, yes and no");
    check("(cond yes)", "tree.scm:1:1: cond: yes is no condition; it may stand under act");
    check("(act yes?)", "");
}

static void ports_and_keys_must_fit(void **state)
{
    (void)state;
    check("(act drive)", "tree.scm:1:1: act: port goal of drive is given nothing");
    check("(act drive $goal=goal)", "");
    check("(act drive $goal=count)", "");
    check("(act drive $goal=held)",
          "tree.scm:1:1: act: port goal has type number, key held has type boolean");
    check("(act drive $goal=inch)", "tree.scm:1:1: act: port goal is in m, key inch is in in");
    check("(act drive $goal=base)",
          "tree.scm:1:1: act: port goal is in frame map, key base is in frame base");
    check("(act drive $goal=goal $travelled=odometer)",
          "tree.scm:1:1: act: port travelled writes the input odometer");
    check("(act drive $goal=goal $travelled=count)",
          "tree.scm:1:1: act: port travelled has type number, key count has type integer");
}

static void check_constant(copse_bt_constant value, const char *port, const char *error)
{
    copse_bt_registry *registry = registry_with_drive();
    copse_bt_builder *builder = copse_bt_builder_new(registry, "main");
    copse_bt_builder_open(builder, "act", NULL);
    copse_bt_builder_leaf(builder, "drive");
    copse_bt_builder_bind(builder, port, value);
    const char *found = copse_bt_builder_error(builder);
    assert_string_equal(found != NULL ? found : "", error);
    copse_bt_builder_free(builder);
    copse_bt_registry_free(registry);
}

static void a_constant_must_fit_its_port(void **state)
{
    (void)state;
    copse_bt_constant number = {.type = COPSE_BT_NUMBER, .as = {.number = 1.5}};
    copse_bt_constant integer = {.type = COPSE_BT_INTEGER, .as = {.integer = -1}};
    copse_bt_constant text = {.type = COPSE_BT_STRING, .as = {.text = "far"}};
    check_constant(number, "goal", "");
    check_constant(text, "goal", "main: act: port goal has type string, expected number");
    check_constant(number, "speed", "main: act: port speed is 1.5, expected at most 1.2");
    check_constant(integer, "speed", "main: act: port speed is -1, expected at least 0");
    check_constant(number, "travelled", "main: act: port travelled is an output, expected a key");
}

static void a_parcel_belongs_to_the_tree_or_is_freed(void **state)
{
    (void)state;
    copse_parcel_builder *parts = copse_parcel_builder_new(NULL);
    for (int i = 0; i < 2; i++) {
        copse_parcel_open_list(parts);
        copse_parcel_close(parts);
        copse_bt_constant list = {.type = COPSE_BT_LIST};
        assert_int_equal(copse_parcel_finish(parts, &list.as.parcel), COPSE_OK);
        copse_bt_registry *registry = registry_with_drive();
        copse_bt_builder *builder = copse_bt_builder_new(registry, "main");
        /* The second time the key is refused: its name is taken. */
        copse_bt_key key = {.name = "path"};
        for (int j = 0; j < i; j++)
            copse_bt_builder_key(builder, &key);
        key.initial = list;
        copse_bt_builder_key(builder, &key);
        plant_describe(builder, "(seq)");
        copse_bt_definition *definition;
        assert_int_equal(copse_bt_builder_finish(builder, &definition),
                         i == 0 ? COPSE_OK : COPSE_EINVAL);
        copse_bt_definition_give(definition);
        copse_bt_builder_free(builder);
        copse_bt_registry_free(registry);
    }
    copse_parcel_builder_free(parts);
}

static void keys_are_checked(void **state)
{
    (void)state;
    static const struct {
        copse_bt_key key;
        const char *error;
    } rows[] = {
        {{.name = "a"}, "main: key a is declared twice"},
        {{.name = "b", .type = COPSE_BT_BOOLEAN, .initial = {COPSE_BT_NUMBER, {.number = 1}}},
         "main: key b: its default has type number, expected boolean"},
        {{.name = "b", .max_age_ns = -1}, "main: key b: max-age-ms is below 0"},
        {{.name = "b", .max_age_ns = 1}, "main: key b: max-age-ms is for an input"},
        {{.name = "b", .on_stale = COPSE_BT_SKIPPED},
         "main: key b: on-stale is skipped, expected :failure or :error"},
    };
    copse_bt_registry *registry = plant_registry();
    for (size_t i = 0; i < CP_COUNT_OF(rows); i++) {
        copse_bt_builder *builder = copse_bt_builder_new(registry, "main");
        copse_bt_builder_key(builder, &(copse_bt_key){.name = "a"});
        copse_bt_builder_key(builder, &rows[i].key);
        assert_string_equal(copse_bt_builder_error(builder), rows[i].error);
        copse_bt_builder_free(builder);
    }
    copse_bt_registry_free(registry);
}

static void the_order_of_a_description_is_checked(void **state)
{
    (void)state;
    check("(seq (act yes) :name late)", "tree.scm:1:1: seq: a name stands behind a child");
    check("(seq (act yes) :if yes?)", "tree.scm:1:1: seq: an expression stands behind a child");
    check(":times 3", "main: an option stands outside a node");
    check("(seq) (seq)", "main: a second root");
    check("(seq", "tree.scm:1:1: seq: is not closed");
    check("(seq))", "main: a node is closed and none is open");
    check("", "main: the tree has no node");
    check("(seq :name a/b)", "tree.scm:1:1: seq: the name \"a/b\" is empty or has a /");
    check("(seq :if yes? :if no?)", "tree.scm:1:1: seq: :if is given twice");
    check("(seq :while yes)", "tree.scm:1:1: seq: :while yes is no condition");
}

static void two_claims_under_one_parallel_are_refused(void **state)
{
    (void)state;
    const char *error = "tree.scm:1:1: parallel: two children claim output base, expected one";
    check("(parallel (act drive $goal=goal) (act grasp))", error);
    check("(parallel (seq (act drive $goal=goal)) (invert (act grasp)))", error);
    check("(seq (act drive $goal=goal) (act grasp))", "");
    check("(parallel (seq (act drive $goal=goal) (act grasp)) (act yes))", "");
    check("(reactive-sel (act drive $goal=goal) (act grasp))", "");
}

static void the_first_mistake_sticks(void **state)
{
    (void)state;
    check("(sqe (tiemout) (frob", "tree.scm:1:1: no node sqe; did you mean seq?");
}

/* As deep or wide as COUNT; the text of a tree is too slow for that. */
static copse_bt_definition *grow(const char *kind, uint32_t count, bool is_deep)
{
    copse_bt_registry *registry = plant_registry();
    copse_bt_builder *builder = copse_bt_builder_new(registry, "main");
    copse_bt_builder_open(builder, "seq", NULL);
    for (uint32_t i = 0; i < count; i++) {
        copse_bt_builder_open(builder, kind, NULL);
        if (!is_deep)
            copse_bt_builder_close(builder);
    }
    for (uint32_t i = 0; is_deep && i < count; i++)
        copse_bt_builder_close(builder);
    copse_bt_builder_close(builder);
    copse_bt_definition *definition;
    assert_int_equal(copse_bt_builder_finish(builder, &definition), COPSE_OK);
    copse_bt_builder_free(builder);
    copse_bt_registry_free(registry);
    return definition;
}

static void a_tree_may_be_100000_deep_or_wide(void **state)
{
    (void)state;
    copse_bt_definition *deep = grow("seq", 100000, true);
    assert_int_equal(copse_bt_definition_node_count(deep), 100001);
    assert_int_equal(deep->nodes[100000].parent, 99999);
    assert_true(copse_bt_definition_path(deep, 100000, NULL, 0) > 600000);
    copse_bt_definition_give(deep);
    copse_bt_definition *wide = grow("succeed", 100000, false);
    assert_int_equal(wide->labels[0].child_count, 100000);
    copse_bt_definition_give(wide);
}

static void any_allocation_may_be_refused(void **state)
{
    (void)state;
    for (uint64_t n = 1;; n++) {
        cp_fault fault;
        cp_fault_init(&fault, n);
        copse_bt_registry *registry = copse_bt_registry_new(&fault.allocator);
        copse_bt_builder *builder = NULL;
        copse_bt_definition *definition = NULL;
        bool is_ready = registry != NULL && copse_bt_register_leaf(registry, &drive) == COPSE_OK &&
                        (builder = copse_bt_builder_new(registry, "main")) != NULL;
        if (is_ready) {
            for (size_t i = 0; i < CP_COUNT_OF(keys); i++)
                copse_bt_builder_key(builder, &keys[i]);
            plant_describe(builder, "(seq (sel :name s (act drive $goal=goal)) (fail))");
            copse_status status = copse_bt_builder_finish(builder, &definition);
            assert_true(status == COPSE_OK || status == COPSE_ENOMEM);
            assert_null(copse_bt_builder_error(builder));
        }
        bool is_done = fault.refused == 0;
        assert_int_equal(is_done, definition != NULL);
        copse_bt_builder_free(builder);
        copse_bt_definition_give(definition);
        copse_bt_registry_free(registry);
        assert_int_equal(fault.live_bytes, 0);
        if (is_done)
            break;
    }
}

CP_TEST_MAIN(cmocka_unit_test(an_unknown_name_gets_a_guess),
             cmocka_unit_test(an_option_outside_its_domain_is_refused),
             cmocka_unit_test(the_number_of_children_is_checked),
             cmocka_unit_test(a_leaf_stands_under_act_or_cond),
             cmocka_unit_test(ports_and_keys_must_fit),
             cmocka_unit_test(a_constant_must_fit_its_port),
             cmocka_unit_test(a_parcel_belongs_to_the_tree_or_is_freed),
             cmocka_unit_test(keys_are_checked),
             cmocka_unit_test(the_order_of_a_description_is_checked),
             cmocka_unit_test(two_claims_under_one_parallel_are_refused),
             cmocka_unit_test(the_first_mistake_sticks),
             cmocka_unit_test(a_tree_may_be_100000_deep_or_wide),
             cmocka_unit_test(any_allocation_may_be_refused))
