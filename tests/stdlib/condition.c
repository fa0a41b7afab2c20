#include "tests/stdlib/lisp.h"

/* A condition in the global c. */
static void make_condition(cp_lisp *e)
{
    cp_heap *heap = e->vm->heap;
    cp_value message = cp_lisp_hold(e, cp_string_from_c(heap, "went wrong"));
    cp_value irritants = cp_lisp_value(e, "'(1 2)");
    cp_value c = cp_make_condition(heap, e->vm->kinds[CP_E_ERROR], message, irritants);
    assert_true(cp_global_define(&e->vm->globals, "c", cp_lisp_hold(e, c)));
}

static void a_condition_is_an_error_object(void **state)
{
    (void)state;
    static cp_lisp e;
    cp_lisp_open(&e, 0, 0);
    make_condition(&e);
    assert_string_equal(cp_lisp_run(&e, "(error-object? c)"), "#t");
    assert_string_equal(cp_lisp_run(&e, "(condition? c)"), "#t");
    assert_string_equal(cp_lisp_run(&e, "(error-object? 5)"), "#f");
    assert_string_equal(cp_lisp_run(&e, "(error-object-message c)"), "\"went wrong\"");
    assert_string_equal(cp_lisp_run(&e, "(error-object-irritants c)"), "(1 2)");
    assert_string_equal(cp_lisp_run(&e, "(read-error? c)"), "#f");
    assert_string_equal(cp_lisp_run(&e, "(file-error? c)"), "#f");
    assert_string_equal(cp_lisp_run(&e, "(file-error? 5)"), "#f");
    assert_string_equal(cp_lisp_run(&e, "(error-object-message 5)"),
                        "raised wrong-type: error-object-message: c is 5, expected a condition");
    cp_lisp_close(&e);
}

static void the_kind_says_what_could_not_be_read(void **state)
{
    (void)state;
    static cp_lisp e;
    cp_lisp_open(&e, 0, 0);
    make_condition(&e);
    cp_value c = cp_global_ref(&e.vm->globals, "c");
    cp_write(e.vm->heap, cp_to_object(c), &cp_to_condition(c)->kind, cp_lisp_value(&e, "'read"));
    assert_string_equal(cp_lisp_run(&e, "(read-error? c)"), "#t");
    assert_string_equal(cp_lisp_run(&e, "(file-error? c)"), "#f");
    cp_write(e.vm->heap, cp_to_object(c), &cp_to_condition(c)->kind, cp_lisp_value(&e, "'file"));
    assert_string_equal(cp_lisp_run(&e, "(file-error? c)"), "#t");
    cp_lisp_close(&e);
}

CP_TEST_MAIN(cmocka_unit_test(a_condition_is_an_error_object),
             cmocka_unit_test(the_kind_says_what_could_not_be_read))
