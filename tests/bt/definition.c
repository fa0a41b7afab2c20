#include "bt/definition.h"

#include "tests/bt/plant.h"
#include "tests/check.h"

static copse_bt_definition *grow(const char *text)
{
    copse_bt_registry *registry = plant_registry();
    char error[400];
    copse_bt_definition *definition = plant(registry, text, error, sizeof error);
    if (definition == NULL)
        fail_msg("%s", error);
    copse_bt_registry_free(registry);
    return definition;
}

static void a_tree_is_laid_out_in_preorder(void **state)
{
    (void)state;
    copse_bt_definition *d = grow("(seq (cond yes?) (sel (act no) (act on)))");
    assert_int_equal(copse_bt_definition_node_count(d), 5);
    static const uint32_t ends[] = {5, 2, 5, 4, 5};
    static const uint32_t parents[] = {COPSE_BT_NO_NODE, 0, 0, 2, 2};
    for (uint32_t i = 0; i < 5; i++) {
        assert_int_equal(d->nodes[i].end, ends[i]);
        assert_int_equal(d->nodes[i].parent, parents[i]);
    }
    assert_int_equal(d->labels[2].child_count, 2);
    assert_int_equal(d->act_count, 2);
    copse_bt_definition_give(d);
}

static void memory_of_a_subtree_is_one_range(void **state)
{
    (void)state;
    copse_bt_definition *d = grow("(seq (sel (retry :times 2 (act no))) (timeout :ms 5 (act on)))");
    assert_int_equal(d->nodes[1].memory, 8);
    assert_int_equal(cp_definition_memory_end(d, 1), 8 + 8 + 32);
    assert_int_equal(d->nodes[4].memory, 48);
    assert_int_equal(cp_definition_memory_end(d, 0), d->node_memory_size);
    copse_bt_definition_give(d);
}

static void a_path_names_a_node_and_finds_it(void **state)
{
    (void)state;
    copse_bt_definition *d = grow("(seq (cond yes?) (sel :name plan (act no) (act on)))");
    static const char *const paths[] = {"main", "main/0:yes?", "main/1:plan", "main/1:plan/0:no",
                                        "main/1:plan/1:on"};
    for (uint32_t i = 0; i < 5; i++) {
        char path[64];
        assert_int_equal(copse_bt_definition_path(d, i, path, sizeof path), strlen(paths[i]));
        assert_string_equal(path, paths[i]);
        assert_int_equal(copse_bt_definition_find(d, path), i);
    }
    static const char *const wrong[] = {
        "",           "mai",       "main/",        "main/2:on",
        "main/1:sel", "main/x:no", "main/1:plan/", "main/0:yes?/0:no",
        "mainx"};
    for (size_t i = 0; i < CP_COUNT_OF(wrong); i++)
        assert_int_equal(copse_bt_definition_find(d, wrong[i]), COPSE_BT_NO_NODE);
    copse_bt_definition_give(d);
}

static void a_path_is_cut_and_its_length_is_not(void **state)
{
    (void)state;
    copse_bt_definition *d = grow("(seq (act yes))");
    char path[8];
    assert_int_equal(copse_bt_definition_path(d, 1, path, sizeof path), 10);
    assert_string_equal(path, "main/0:");
    copse_bt_definition_give(d);
}

static void the_last_owner_frees_a_definition(void **state)
{
    (void)state;
    copse_bt_definition *d = grow("(seq)");
    assert_ptr_equal(copse_bt_definition_take(d), d);
    copse_bt_definition_give(d);
    assert_int_equal(copse_bt_definition_node_count(d), 1);
    copse_bt_definition_give(d);
    copse_bt_definition_give(NULL);
}

CP_TEST_MAIN(cmocka_unit_test(a_tree_is_laid_out_in_preorder),
             cmocka_unit_test(memory_of_a_subtree_is_one_range),
             cmocka_unit_test(a_path_names_a_node_and_finds_it),
             cmocka_unit_test(a_path_is_cut_and_its_length_is_not),
             cmocka_unit_test(the_last_owner_frees_a_definition))
