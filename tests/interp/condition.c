#include "tests/check.h"

#include "tests/interp/machine.h"

static void a_message_shows_values_briefly(void **state)
{
    (void)state;
    cp_test_machine m;
    cp_test_open(&m, 0, NULL);
    cp_heap *heap = m.vm->heap;
    cp_value loop = cp_cons(heap, cp_make_fixnum(1), CP_NIL);
    cp_write_cdr(heap, loop, loop);
    cp_value deep = cp_make_fixnum(0);
    for (int i = 0; i < 10; i++)
        deep = cp_list_from(heap, &deep, 1, CP_NIL);
    const struct {
        cp_value value;
        const char *text;
    } cases[] = {
        {cp_make_fixnum(-5), "-5"},
        {cp_make_double(0.1), "0.1"},
        {cp_make_double(1e21), "1e+21"},
        {cp_make_double(3), "3.0"},
        {cp_make_char('x'), "#\\x"},
        {cp_make_char(' '), "#\\x20"},
        {CP_TRUE, "#t"},
        {CP_NIL, "()"},
        {cp_string_from_c(heap, "a\"b"), "\"a\\\"b\""},
        {cp_intern_c(m.vm->globals.symbols, "sym"), "sym"},
        {cp_cons(heap, CP_TRUE, CP_FALSE), "(#t . #f)"},
        {loop, "(1 1 1 1 1 1 1 1 ...)"},
        {deep, "(((( ...))))"},
        {cp_make_vector(heap, 2, CP_NIL), "#(() ())"},
        {cp_make_box(heap, CP_NIL), "#<box>"},
        {m.vm->out_of_memory, "#<condition out-of-memory>"},
    };
    for (size_t i = 0; i < CP_COUNT_OF(cases); i++) {
        char text[400];
        cp_printer printer = cp_printer_make(text, sizeof text);
        cp_print_brief(heap, &printer, cases[i].value);
        assert_string_equal(text, cases[i].text);
    }
    cp_test_close(&m);
}

static void a_condition_keeps_its_irritants_in_order(void **state)
{
    (void)state;
    cp_test_machine m;
    cp_test_open(&m, 0, NULL);
    cp_value v = cp_new_condition(m.vm, CP_E_RANGE, "%s: %v of %d is 100%% %v", "f",
                                  cp_make_fixnum(1), 7, CP_TRUE);
    const cp_condition *c = cp_to_condition(v);
    assert_string_equal(cp_string_text(cp_to_string(c->message)), "f: 1 of 7 is 100% #t");
    assert_int_equal(cp_list_length(c->irritants), 2);
    assert_true(cp_same(cp_car(c->irritants), cp_make_fixnum(1)));
    assert_true(cp_same(cp_car(cp_cdr(c->irritants)), CP_TRUE));
    assert_true(cp_same(c->kind, m.vm->kinds[CP_E_RANGE]));
    assert_string_equal(cp_kind_text(CP_E_RANGE), "range");
    cp_test_close(&m);
}

static void a_message_that_is_too_long_is_cut(void **state)
{
    (void)state;
    cp_test_machine m;
    cp_test_open(&m, 0, NULL);
    char text[2000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    cp_value v = cp_new_condition(m.vm, CP_E_ERROR, "%s", text);
    assert_int_equal(cp_to_string(cp_to_condition(v)->message)->byte_length, CP_MESSAGE_SIZE - 1);
    cp_test_close(&m);
}

CP_TEST_MAIN(cmocka_unit_test(a_message_shows_values_briefly),
             cmocka_unit_test(a_condition_keeps_its_irritants_in_order),
             cmocka_unit_test(a_message_that_is_too_long_is_cut))
