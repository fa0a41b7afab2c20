#include "tests/check.h"

#include "tests/interp/program.h"

static void a_compilation_gives_a_unit_and_its_definitions(void **state)
{
    (void)state;
    program *p = malloc(sizeof *p);
    assert_non_null(p);
    program_open(p);
    cp_compilation c;
    cp_compilation_init(&c, &p->fault.allocator,
                        &(cp_expand_options){.environment = &p->environment});
    uint32_t count;
    cp_term **forms = program_read(p, &c,
                                   "(define (f) 1) (define-syntax m (syntax-rules ()))"
                                   "(define-values (a b) (f)) (f)",
                                   &count);
    assert_int_equal(cp_compile(&c, forms, count, "test.scm"), CP_COMPILE_DONE);
    assert_int_equal(c.unit->template_count, 2);
    const cp_definition *d = c.expander.definitions;
    assert_string_equal(d->name, "f");
    assert_int_equal(d->global->most, 0);
    assert_string_equal(d->next->name, "m");
    assert_non_null(d->next->rules);
    assert_string_equal(d->next->next->name, "a");
    assert_string_equal(d->next->next->next->name, "b");
    assert_null(d->next->next->next->next);
    cp_compilation_free(&c);
    program_close(p);
    free(p);
}

static void a_wrong_program_has_a_message_with_its_place(void **state)
{
    (void)state;
    program *p = malloc(sizeof *p);
    assert_non_null(p);
    program_open(p);
    assert_string_equal(program_code(p, "(define x\n  (if))"),
                        "test.scm:2:3: if: 0 operands, expected (if test consequent) or (if test "
                        "consequent alternative)");
    assert_int_equal(program_compile(p, "(if)"), CP_COMPILE_WRONG);
    assert_int_equal(program_compile(p, ""), CP_COMPILE_DONE);
    p->polls = 0;
    assert_int_equal(program_compile(p, "1"), CP_COMPILE_STOPPED);
    program_close(p);
    free(p);
}

CP_TEST_MAIN(cmocka_unit_test(a_compilation_gives_a_unit_and_its_definitions),
             cmocka_unit_test(a_wrong_program_has_a_message_with_its_place))
