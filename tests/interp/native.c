#include "tests/check.h"

#include "tests/interp/machine.h"

static void what_is_kept_fills_the_slots_in_between(void **state)
{
    (void)state;
    cp_test_machine m;
    cp_test_open(&m, 0, NULL);
    cp_keep(m.vm, 2, cp_make_fixnum(7));
    assert_int_equal(m.vm->request.keep_count, 3);
    assert_true(cp_same(m.vm->request.keep[0], CP_FALSE));
    assert_true(cp_same(m.vm->request.keep[2], cp_make_fixnum(7)));
    cp_keep(m.vm, 0, CP_TRUE);
    assert_int_equal(m.vm->request.keep_count, 3);
    m.vm->request.keep_count = 0;
    cp_test_close(&m);
}

static void a_raise_in_a_builtin_is_one_line(void **state)
{
    (void)state;
    cp_test_machine m;
    cp_test_open(&m, 0, NULL);
    cp_value raised = cp_raise(m.vm, CP_E_RANGE, "f: %v is too much", cp_make_fixnum(9));
    assert_true(cp_same(raised, CP_RAISE));
    const cp_condition *c = cp_to_condition(m.vm->condition);
    assert_string_equal(cp_string_text(cp_to_string(c->message)), "f: 9 is too much");
    assert_false(m.vm->is_continuable);
    assert_true(cp_same(cp_raise_value(m.vm, CP_NIL, true), CP_RAISE));
    assert_true(m.vm->is_continuable);
    cp_test_close(&m);
}

static void a_trace_names_the_frames_from_the_inside(void **state)
{
    (void)state;
    cp_test_machine m;
    cp_test_open(&m, 0, NULL);
    cp_fiber *fiber = cp_test_fiber(
        &m,
        cp_test_load(
            &m,
            BODY(6, "line 1 1\nclosure r4 outer\nline 2 2\n"
                    "call-global through r2 1\nreturn r2\n") "procedure outer\nregisters "
                                                             "4\nparameters 0\nclosure r1 inner\n"
                                                             "line 5 3\ncall r1 0\nline 6 1\nadd-i "
                                                             "r1 r1 1\nreturn r1\n"
                                                             "procedure inner\nfile "
                                                             "\"t.scm\"\nregisters 4\nparameters "
                                                             "0\nline 8 9\n"
                                                             "constant r1 x\nline 9 4\nadd-i r1 r1 "
                                                             "1\nreturn r1\n"));
    assert_string_equal(cp_test_run(&m, fiber, 100), "raised wrong-type: +: x is no number");
    const cp_condition *c = cp_to_condition(fiber->value);
    char text[400];
    cp_printer printer = cp_printer_make(text, sizeof text);
    cp_print_brief(m.vm->heap, &printer, c->trace);
    cp_print(&printer, " ");
    cp_print_brief(m.vm->heap, &printer, c->place);
    cp_print(&printer, " ");
    cp_print_brief(m.vm->heap, &printer, c->origin);
    assert_string_equal(text, "((inner 9 . 4) (outer 5 . 3) (through . #f) (main 2 . 2)) "
                              "(\"t.scm\" 9 . 4) inner");
    cp_test_close(&m);
}

CP_TEST_MAIN(cmocka_unit_test(what_is_kept_fills_the_slots_in_between),
             cmocka_unit_test(a_raise_in_a_builtin_is_one_line),
             cmocka_unit_test(a_trace_names_the_frames_from_the_inside))
