#include "tests/check.h"

#include "interp/core.h"

static void primitives_are_found_by_their_standard_names(void **state)
{
    (void)state;
    assert_int_equal(cp_primitive_find("car"), CP_PRIM_CAR);
    assert_int_equal(cp_primitive_find("truncate-quotient"), CP_PRIM_QUOTIENT);
    assert_int_equal(cp_primitive_find("floor-remainder"), CP_PRIM_MODULO);
    assert_int_equal(cp_primitive_find("cadr"), CP_PRIM_ACCESSOR);
    assert_int_equal(cp_primitive_find("cddddr"), CP_PRIM_ACCESSOR);
    assert_int_equal(cp_primitive_find("cadddddr"), CP_PRIM_NONE);
    assert_int_equal(cp_primitive_find("cxr"), CP_PRIM_NONE);
    assert_int_equal(cp_primitive_find("display"), CP_PRIM_NONE);
    for (uint32_t i = 0; i < CP_PRIM_COUNT; i++) {
        if (cp_primitives[i].word != NULL)
            assert_int_equal(cp_primitive_find(cp_primitives[i].word), i);
    }
}

static void a_node_knows_its_height_children_and_effects(void **state)
{
    (void)state;
    cp_terms terms;
    cp_terms_init(&terms, copse_default_allocator());
    cp_nodes core = {.terms = &terms};
    cp_position at = CP_NO_POSITION;
    cp_local *x = cp_core_new_local(&core, "x", at);
    cp_node *one = cp_core_value(&core, cp_make_fixnum(1), at);
    cp_node *read = cp_core_local(&core, x, at);
    cp_node *test = cp_core_if(&core, read, one, one, at);
    assert_int_equal(test->height, 2);
    assert_int_equal(x->refs, 1);
    assert_ptr_equal(*cp_node_child(test, 0), read);
    assert_ptr_equal(*cp_node_child(test, 2), one);
    assert_null(cp_node_child(test, 3));
    assert_true(cp_node_is_pure(test, 5));
    assert_false(cp_node_is_pure(test, 1));
    cp_node *set = cp_core_local_set(&core, x, one, at);
    assert_false(cp_node_is_pure(set, 5));
    assert_false(cp_node_is_pure(read, 5)); /* it may change now */
    assert_null(cp_core_if(&core, NULL, one, one, at));
    cp_global *g = cp_core_find_global(&core, "g", "g-cell");
    assert_ptr_equal(cp_core_find_global(&core, "other", "g-cell"), g);
    cp_node *nodes[] = {set, cp_core_global(&core, CP_NODE_GLOBAL, g, NULL, at)};
    cp_node *both = cp_core_sequence(&core, nodes, 2, at);
    char text[100];
    cp_printer printer = cp_printer_make(text, sizeof text);
    cp_core_print(&printer, both);
    assert_string_equal(text, "(begin (set! x.1 1) g-cell)");
    assert_ptr_equal(cp_core_sequence(&core, nodes, 1, at), set);
    cp_terms_free(&terms);
}

CP_TEST_MAIN(cmocka_unit_test(primitives_are_found_by_their_standard_names),
             cmocka_unit_test(a_node_knows_its_height_children_and_effects))
