#include "bt/instance.h"

#include "bt/rows.h"
#include "interp/check.h"
#include "interp/object.h"
#include "tests/bt/plant.h"
#include "tests/check.h"
#include "tests/fault.h"

/* The tree of 31 nodes of the benches: five levels, leaves at the bottom. */
static copse_bt_definition *tree_of_31(copse_bt_registry *registry, uint32_t keys)
{
    copse_bt_builder *builder = copse_bt_builder_new(registry, "main");
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    for (uint32_t i = 0; i < keys; i++)
        copse_bt_builder_key(builder, &(copse_bt_key){.name = names[i]});
    char text[2000] = "";
    static const char *const open[] = {"(reactive-sel ", "(seq ", "(sel ", "(seq "};
    uint32_t counts[5] = {0};
    int depth = 0;
    /* Preorder of a full binary tree without recursion: counts are children still to come. */
    strcat(text, open[0]);
    counts[0] = 2;
    while (depth >= 0) {
        if (counts[depth] == 0) {
            strcat(text, ")");
            depth--;
            continue;
        }
        counts[depth]--;
        if (depth == 3) {
            strcat(text, "(act yes)");
            continue;
        }
        strcat(text, open[++depth]);
        counts[depth] = 2;
    }
    plant_describe(builder, text);
    copse_bt_definition *definition;
    assert_int_equal(copse_bt_builder_finish(builder, &definition), COPSE_OK);
    copse_bt_builder_free(builder);
    return definition;
}

static void an_instance_of_31_nodes_and_8_keys_fits_in_2_kib(void **state)
{
    (void)state;
    copse_bt_registry *registry = plant_registry();
    copse_bt_definition *definition = tree_of_31(registry, 8);
    assert_int_equal(copse_bt_definition_node_count(definition), 31);
    print_message("# %zu bytes\n", cp_instance_size(definition));
    assert_true(cp_instance_size(definition) <= 2048);
    copse_bt_definition_give(definition);
    copse_bt_registry_free(registry);
}

static void a_refused_instance_leaves_nothing(void **state)
{
    (void)state;
    copse_bt_registry *registry = plant_registry();
    copse_bt_definition *definition = tree_of_31(registry, 8);
    cp_fault fault;
    cp_fault_init(&fault, 1);
    copse_bt_instance_options options = {.allocator = &fault.allocator};
    copse_bt_instance *in;
    assert_int_equal(copse_bt_instance_new(definition, &options, &in), COPSE_ENOMEM);
    assert_null(in);
    /* An instance is one block, and its trace another. */
    cp_fault_init(&fault, 2);
    assert_int_equal(copse_bt_instance_new(definition, &options, &in), COPSE_OK);
    assert_int_equal(fault.live_blocks, 1);
    assert_int_equal(fault.live_bytes, cp_instance_size(definition));
    assert_int_equal(copse_bt_trace_enable(in, 64), COPSE_ENOMEM);
    assert_int_equal(copse_bt_trace_enable(in, 64), COPSE_OK);
    assert_int_equal(copse_bt_instance_free(in), COPSE_OK);
    assert_int_equal(fault.live_bytes, 0);
    copse_bt_definition_give(definition);
    copse_bt_registry_free(registry);
}

static void an_output_that_the_gate_lacks_is_refused(void **state)
{
    (void)state;
    static const char *const uses[] = {"wing"};
    copse_bt_registry *registry = plant_registry();
    copse_bt_leaf leaf = *registry->leaves[0];
    leaf.name = "fly";
    leaf.uses = uses;
    leaf.use_count = 1;
    assert_int_equal(copse_bt_register_leaf(registry, &leaf), COPSE_OK);
    char error[200];
    copse_bt_definition *definition = plant(registry, "(act fly)", error, sizeof error);
    copse_gate *gate = copse_gate_new(NULL, 1);
    copse_bt_instance_options options = {.gate = gate};
    copse_bt_instance *in;
    assert_int_equal(copse_bt_instance_new(definition, &options, &in), COPSE_EINVAL);
    assert_null(in);
    copse_gate_free(gate);
    copse_bt_definition_give(definition);
    copse_bt_registry_free(registry);
}

static void count_unset(void *context, cp_value *value)
{
    *(int *)context += cp_same(*value, CP_UNSET);
    *value = CP_TRUE;
}

static void the_values_of_an_instance_are_its_slots(void **state)
{
    (void)state;
    copse_bt_registry *registry = plant_registry();
    copse_bt_definition *definition = tree_of_31(registry, 8);
    copse_bt_instance *in;
    assert_int_equal(copse_bt_instance_new(definition, NULL, &in), COPSE_OK);
    int unset = 0;
    cp_instance_trace_values(in, count_unset, &unset);
    assert_int_equal(unset, 8);
    bool value = false;
    assert_true(copse_bt_get_boolean(in, 7, &value));
    assert_true(value);
    assert_int_equal(copse_bt_instance_free(in), COPSE_OK);
    copse_bt_definition_give(definition);
    copse_bt_registry_free(registry);
}

static void scan_instance(void *context, cp_tracer *tracer)
{
    cp_trace(tracer, cp_from_object(*(copse_bt_instance **)context));
}

static void an_instance_in_a_heap_keeps_what_its_slots_hold(void **state)
{
    (void)state;
    copse_bt_registry *registry = plant_registry();
    copse_bt_definition *definition = tree_of_31(registry, 8);
    cp_heap *heap = cp_heap_new(NULL);
    assert_non_null(heap);
    cp_object_init(heap);
    unsigned type = cp_heap_add_type(heap, &cp_instance_type);
    copse_bt_instance *in = NULL;
    copse_bt_instance_options options = {0};
    assert_int_equal(cp_instance_new_in_heap(heap, type, definition, &options, &in), COPSE_OK);
    assert_true(cp_heap_add_root_scanner(heap, scan_instance, &in));
    /* Each round stores young pairs into the old object: without its barrier they would die. */
    for (int64_t round = 0; round < 20; round++) {
        for (uint32_t key = 0; key < 8; key++) {
            cp_value pair = cp_cons(heap, cp_make_fixnum(round), cp_make_fixnum(key));
            cp_bb_put(in, key, pair, COPSE_BT_NO_NODE, 0);
        }
        if (round % 5 == 4)
            cp_collect_full(heap);
        else
            cp_collect_young(heap);
        cp_heap_assert(heap);
        for (uint32_t key = 0; key < 8; key++) {
            assert_int_equal(cp_to_fixnum(cp_car(in->slots[key].value)), round);
            assert_int_equal(cp_to_fixnum(cp_cdr(in->slots[key].value)), key);
        }
    }
    plant_tick(in, 0);
    cp_instance_reset_slots(in);
    cp_collect_full(heap);
    cp_heap_assert(heap);
    cp_instance_clear(in);
    cp_heap_remove_root_scanner(heap, scan_instance, &in);
    cp_heap_free(heap);
    copse_bt_definition_give(definition);
    copse_bt_registry_free(registry);
}

static void an_instance_that_its_heap_refuses_leaves_nothing(void **state)
{
    (void)state;
    copse_bt_registry *registry = plant_registry();
    copse_bt_definition *definition = tree_of_31(registry, 8);
    cp_heap *heap = cp_heap_new(&(cp_heap_options){.cap_bytes = 4 << 20});
    assert_non_null(heap);
    cp_object_init(heap);
    unsigned type = cp_heap_add_type(heap, &cp_instance_type);
    copse_bt_instance *in = NULL;
    copse_bt_instance_options options = {0};
    copse_status status = COPSE_OK;
    for (int i = 0; i < 10000 && status == COPSE_OK; i++) {
        in = NULL;
        status = cp_instance_new_in_heap(heap, type, definition, &options, &in);
        if (status == COPSE_OK)
            cp_instance_clear(in);
    }
    assert_int_equal(status, COPSE_ENOMEM);
    assert_null(in);
    cp_heap_free(heap);
    copse_bt_definition_give(definition);
    copse_bt_registry_free(registry);
}

static void reasons_are_kept_for_the_last_failures(void **state)
{
    (void)state;
    copse_bt_registry *registry = plant_registry();
    copse_bt_instance *in = plant_instance(registry, "(seq (act no))", NULL);
    plant_tick(in, 0);
    for (uint32_t node = 0; node < CP_REASONS + 1; node++)
        cp_instance_note_reason(&in->context, node, "word", "text");
    assert_null(cp_instance_reason(in, 0));
    for (uint32_t node = 1; node < CP_REASONS + 1; node++)
        assert_string_equal(cp_instance_reason(in, node)->word, "word");
    plant_tick(in, 1);
    assert_null(cp_instance_reason(in, 1));
    assert_int_equal(copse_bt_instance_free(in), COPSE_OK);
    copse_bt_registry_free(registry);
}

static void a_reason_that_is_too_long_is_cut(void **state)
{
    (void)state;
    copse_bt_registry *registry = plant_registry();
    copse_bt_instance *in = plant_instance(registry, "(seq)", NULL);
    plant_tick(in, 0);
    char text[200];
    memset(text, 'x', sizeof text);
    text[199] = '\0';
    cp_instance_note_reason(&in->context, 0, text, text);
    assert_int_equal(strlen(cp_instance_reason(in, 0)->word), 23);
    assert_int_equal(strlen(cp_instance_reason(in, 0)->text), 95);
    assert_int_equal(copse_bt_instance_free(in), COPSE_OK);
    copse_bt_registry_free(registry);
}

CP_TEST_MAIN(cmocka_unit_test(an_instance_of_31_nodes_and_8_keys_fits_in_2_kib),
             cmocka_unit_test(a_refused_instance_leaves_nothing),
             cmocka_unit_test(an_output_that_the_gate_lacks_is_refused),
             cmocka_unit_test(the_values_of_an_instance_are_its_slots),
             cmocka_unit_test(an_instance_in_a_heap_keeps_what_its_slots_hold),
             cmocka_unit_test(an_instance_that_its_heap_refuses_leaves_nothing),
             cmocka_unit_test(reasons_are_kept_for_the_last_failures),
             cmocka_unit_test(a_reason_that_is_too_long_is_cut))
