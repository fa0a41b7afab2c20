#include "tests/check.h"

#include "tests/interp/machine.h"

static void a_signature_says_how_many_arguments_of_which_types(void **state)
{
    (void)state;
    cp_signature s;
    assert_true(cp_signature_parse("s:string n:index [c:char] -> string", &s));
    assert_int_equal(s.required, 2);
    assert_int_equal(s.optional, 1);
    assert_int_equal(s.has_rest, 0);
    assert_int_equal(s.is_checked, 1);
    assert_int_equal(s.types[0], CP_ARGUMENT_STRING);
    assert_int_equal(s.types[1], CP_ARGUMENT_INDEX);
    assert_int_equal(s.types[2], CP_ARGUMENT_CHAR);
    assert_true(cp_signature_parse("-> any", &s));
    assert_int_equal(s.required, 0);
    assert_true(cp_signature_parse("a rest:number... -> number", &s));
    assert_int_equal(s.required, 1);
    assert_int_equal(s.has_rest, 1);
    assert_int_equal(s.types[1], CP_ARGUMENT_NUMBER);
    assert_true(cp_signature_parse("a [b] rest... -> any", &s));
    assert_int_equal(s.is_checked, 0);
}

static void a_signature_outside_the_grammar_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "", "a", "a:cat -> any", "[a] b -> any", "a... b -> any", ":string -> any", "a ->any"};
    for (size_t i = 0; i < CP_COUNT_OF(wrong); i++) {
        cp_signature s;
        if (cp_signature_parse(wrong[i], &s))
            fail_msg("\"%s\" was taken", wrong[i]);
    }
}

static void a_parameter_has_its_name_in_the_signature(void **state)
{
    (void)state;
    static const char text[] = "first:string [second] rest:number... -> any";
    static const char *const names[] = {"first", "second", "rest", "rest"};
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t length;
        const char *name = cp_signature_name(text, i, &length);
        assert_int_equal(length, strlen(names[i]));
        assert_memory_equal(name, names[i], length);
    }
}

static void a_value_fits_the_types_it_is_of(void **state)
{
    (void)state;
    assert_true(cp_argument_fits(CP_ARGUMENT_ANY, CP_NIL));
    assert_true(cp_argument_fits(CP_ARGUMENT_INDEX, cp_make_fixnum(0)));
    assert_false(cp_argument_fits(CP_ARGUMENT_INDEX, cp_make_fixnum(-1)));
    assert_false(cp_argument_fits(CP_ARGUMENT_INDEX, cp_make_double(1)));
    assert_true(cp_argument_fits(CP_ARGUMENT_INTEGER, cp_make_double(1)));
    assert_false(cp_argument_fits(CP_ARGUMENT_INTEGER, cp_make_double(1.5)));
    assert_true(cp_argument_fits(CP_ARGUMENT_NUMBER, cp_make_double(1.5)));
    assert_true(cp_argument_fits(CP_ARGUMENT_LIST, CP_NIL));
    assert_false(cp_argument_fits(CP_ARGUMENT_PAIR, CP_NIL));
    assert_false(cp_argument_fits(CP_ARGUMENT_PROCEDURE, CP_TRUE));
    assert_string_equal(cp_argument_expectation(CP_ARGUMENT_LIST), "a list");
}

static void a_cell_repeats_what_its_procedure_says(void **state)
{
    (void)state;
    cp_test_machine m;
    cp_test_open(&m, 0, NULL);
    cp_value two = cp_test_load(&m, "procedure two\nregisters 7\nparameters 2\nreturn r0\n");
    cp_value rest = cp_test_load(&m, "procedure rest\nregisters 7\nparameters 2 0 1\nreturn r0\n");
    cp_value cell = cp_global_cell(&m.vm->globals, cp_intern_c(m.vm->globals.symbols, "f"));
    assert_int_equal(cp_to_cell(cell)->signature, CP_SIGNATURE_NONE);
    cp_cell_set(m.vm->heap, cp_to_cell(cell), two);
    assert_int_equal(cp_to_cell(cell)->signature, 2);
    assert_int_equal(cp_to_cell(cell)->register_count, 7);
    assert_ptr_equal(cp_to_cell(cell)->entry, cp_to_code(cp_to_closure(two)->code)->entry);
    cp_cell_set(m.vm->heap, cp_to_cell(cell), rest);
    assert_int_equal(cp_to_cell(cell)->signature, CP_SIGNATURE_NONE);
    cp_cell_set(m.vm->heap, cp_to_cell(cell), CP_TRUE);
    assert_null(cp_to_cell(cell)->entry);
    assert_true(cp_same(cp_global_ref(&m.vm->globals, "f"), CP_TRUE));
    assert_true(cp_same(cp_global_ref(&m.vm->globals, "g"), CP_UNBOUND));
    cp_test_close(&m);
}

static void links_become_values(void **state)
{
    (void)state;
    cp_test_machine m;
    cp_test_open(&m, 0, NULL);
    cp_test_check(&m,
                  BODY(2, "constant r1 (1 2.5 #\\x41 \"text\" sym #t () #(a (b)) . "
                          "#number\"12345678901234567890\")\nreturn r1\n"),
                  "(1 2.5 #\\A \"text\" sym #t () #(a (b)) . #<integer>)");
    char error[CP_ASM_ERROR_SIZE];
    cp_unit *unit = cp_assemble(copse_default_allocator(),
                                BODY(2, "constant r1 #number\"no\"\nreturn r1\n"), error);
    assert_non_null(unit);
    assert_true(cp_same(cp_vm_load(m.vm, unit), CP_FALSE));
    cp_unit_free(copse_default_allocator(), unit);
    cp_test_close(&m);
}

CP_TEST_MAIN(cmocka_unit_test(a_signature_says_how_many_arguments_of_which_types),
             cmocka_unit_test(a_signature_outside_the_grammar_is_refused),
             cmocka_unit_test(a_parameter_has_its_name_in_the_signature),
             cmocka_unit_test(a_value_fits_the_types_it_is_of),
             cmocka_unit_test(a_cell_repeats_what_its_procedure_says),
             cmocka_unit_test(links_become_values))
