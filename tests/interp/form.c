#include "tests/check.h"

#include "tests/interp/program.h"

static program *open_program(void)
{
    program *p = malloc(sizeof *p);
    assert_non_null(p);
    program_open(p);
    return p;
}

static void check_term(program *p, const char *text, const char *expected)
{
    cp_compilation c;
    cp_compilation_init(&c, copse_default_allocator(),
                        &(cp_expand_options){.environment = &p->environment});
    uint32_t count;
    cp_term **forms = program_read(p, &c, text, &count);
    char buffer[400];
    cp_printer printer = cp_printer_make(buffer, sizeof buffer);
    if (forms != NULL)
        cp_term_print(&printer, forms[0], 100);
    else
        cp_compile_message(&printer, &c, p->sources);
    assert_string_equal(buffer, expected);
    cp_compilation_free(&c);
}

static void every_datum_becomes_a_term(void **state)
{
    (void)state;
    program *p = open_program();
    check_term(p, "(a . b)", "(a . b)");
    check_term(p, "(1 2.5 \"s\" #\\a #t () #(1 #u8(1 2)) |x y|)",
               "(1 2.5 \"s\" #\\x61 #t () #(1 #u8(1 2)) x y)");
    check_term(p, "-123456789012345678901234567890", "-123456789012345678901234567890");
    check_term(p, "'(a ,b)", "(quote (a (unquote b)))");
    program_close(p);
    free(p);
}

static void each_list_and_atom_keeps_its_place(void **state)
{
    (void)state;
    program *p = open_program();
    cp_compilation c;
    cp_compilation_init(&c, copse_default_allocator(),
                        &(cp_expand_options){.environment = &p->environment});
    uint32_t count;
    cp_term **forms = program_read(p, &c, "(a\n  (b c))\nd", &count);
    assert_int_equal(count, 2);
    const cp_term *inner = forms[0]->as.pair.cdr->as.pair.car;
    assert_int_equal(cp_position_line(inner->position), 2);
    assert_int_equal(cp_position_column(inner->position), 3);
    assert_int_equal(cp_position_column(inner->as.pair.cdr->as.pair.car->position), 6);
    assert_int_equal(cp_position_line(forms[1]->position), 3);
    cp_compilation_free(&c);
    program_close(p);
    free(p);
}

static void a_circular_constant_is_refused(void **state)
{
    (void)state;
    program *p = open_program();
    check_term(p, "'#0=(a b . #0#)", "test.scm:1:2: a circular constant, expected one that ends");
    check_term(p, "'#0=#(a #0#)",
               "test.scm:1:7: the text is nested more than 4000 deep, or "
               "circular");
    check_term(p, "'(#0=(1) #0#)", "(quote ((1) (1)))");
    program_close(p);
    free(p);
}

CP_TEST_MAIN(cmocka_unit_test(every_datum_becomes_a_term),
             cmocka_unit_test(each_list_and_atom_keeps_its_place),
             cmocka_unit_test(a_circular_constant_is_refused))
