#include "bt/rows.h"

#include "tests/bt/plant.h"
#include "tests/check.h"
#include "tests/fault.h"

static copse_bt_status give(copse_bt_context *context, void *memory, void *user)
{
    (void)context, (void)memory, (void)user;
    return COPSE_BT_SUCCESS;
}

static copse_bt_action begin(copse_bt_context *context, uint32_t node)
{
    (void)context, (void)node;
    return copse_bt_return(COPSE_BT_SUCCESS);
}

static void a_registered_row_is_found_by_name(void **state)
{
    (void)state;
    copse_bt_registry *registry = cp_rows_new(NULL);
    static const copse_bt_leaf leaf = {.name = "drive", .tick = give};
    static const copse_bt_node_kind kind = {.name = "xor", .start = begin, .resume = begin};
    assert_int_equal(copse_bt_register_leaf(registry, &leaf), COPSE_OK);
    assert_int_equal(copse_bt_register_node(registry, &kind), COPSE_OK);
    assert_ptr_equal(cp_rows_leaf(registry, "drive"), &leaf);
    assert_ptr_equal(cp_rows_kind(registry, "xor"), &kind);
    assert_null(cp_rows_leaf(registry, "xor"));
    assert_string_equal(cp_rows_guess_leaf(registry, "drvie"), "drive");
    assert_string_equal(cp_rows_guess_kind(registry, "xro"), "xor");
    copse_bt_registry_free(registry);
}

static void a_name_is_registered_once(void **state)
{
    (void)state;
    copse_bt_registry *registry = copse_bt_registry_new(NULL);
    static const copse_bt_leaf leaf = {.name = "drive", .tick = give};
    static const copse_bt_node_kind seq = {.name = "seq", .start = begin, .resume = begin};
    assert_int_equal(copse_bt_register_leaf(registry, &leaf), COPSE_OK);
    assert_int_equal(copse_bt_register_leaf(registry, &leaf), COPSE_EINVAL);
    assert_int_equal(copse_bt_register_node(registry, &seq), COPSE_EINVAL);
    copse_bt_registry_free(registry);
}

static void an_incomplete_row_is_refused(void **state)
{
    (void)state;
#ifndef COPSE_CHECKED_ABORT
    copse_bt_registry *registry = copse_bt_registry_new(NULL);
    const copse_bt_leaf no_tick = {.name = "a"};
    const copse_bt_leaf no_name = {.tick = give};
    const copse_bt_leaf halting = {.name = "a", .is_condition = true, .tick = give, .halt = give};
    const copse_bt_node_kind no_start = {.name = "a", .resume = begin};
    const copse_bt_node_kind no_child = {
        .name = "a", .start = begin, .resume = begin, .most_children = 1};
    assert_int_equal(copse_bt_register_leaf(registry, &no_tick), COPSE_EINVAL);
    assert_int_equal(copse_bt_register_leaf(registry, &no_name), COPSE_EINVAL);
    assert_int_equal(copse_bt_register_leaf(registry, &halting), COPSE_EINVAL);
    assert_int_equal(copse_bt_register_node(registry, &no_start), COPSE_EINVAL);
    assert_int_equal(copse_bt_register_node(registry, &no_child), COPSE_EINVAL);
    copse_bt_registry_free(registry);
#endif
}

static void the_built_in_kinds_are_there_and_documented(void **state)
{
    (void)state;
    static const char *const names[] = {
        "seq",           "sel",           "mem-seq",  "mem-sel", "reactive-seq",  "reactive-sel",
        "async-seq",     "async-sel",     "parallel", "if",      "while-do-else", "invert",
        "force-success", "force-failure", "repeat",   "retry",   "timeout",       "delay",
        "on-error",      "cond",          "act",      "succeed", "fail",          "running"};
    copse_bt_registry *registry = copse_bt_registry_new(NULL);
    assert_int_equal(registry->kind_count, CP_COUNT_OF(names));
    for (size_t i = 0; i < CP_COUNT_OF(names); i++) {
        const copse_bt_node_kind *kind = cp_rows_kind(registry, names[i]);
        assert_non_null(kind);
        assert_non_null(kind->doc);
        for (uint32_t j = 0; j < kind->option_count; j++)
            assert_non_null(kind->options[j].doc);
    }
    copse_bt_registry_free(registry);
}

static void a_refused_allocation_leaves_no_registry(void **state)
{
    (void)state;
    cp_fault fault;
    cp_fault_init(&fault, 0);
    copse_bt_registry_free(copse_bt_registry_new(&fault.allocator));
    uint64_t requests = fault.requests;
    assert_true(requests > 1);
    for (uint64_t n = 1; n <= requests; n++) {
        cp_fault_init(&fault, n);
        assert_null(copse_bt_registry_new(&fault.allocator));
        assert_int_equal(fault.live_bytes, 0);
    }
}

CP_TEST_MAIN(cmocka_unit_test(a_registered_row_is_found_by_name),
             cmocka_unit_test(a_name_is_registered_once),
             cmocka_unit_test(an_incomplete_row_is_refused),
             cmocka_unit_test(the_built_in_kinds_are_there_and_documented),
             cmocka_unit_test(a_refused_allocation_leaves_no_registry))
