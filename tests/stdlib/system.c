#include "tests/stdlib/lisp.h"

static void the_system_says_what_it_is(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(car (features))", "r7rs"},
        {"(pair? (memq 'copse (features)))", "#t"},
        {"(pair? (memq 'full-unicode (features)))", "#t"},
        {"(memq 'ratios (features))", "#f"},
        {"(memq 'exact-complex (features))", "#f"},
        {"(procedure? car)", "#t"},
        {"(procedure? 'car)", "#f"},
        {"(eof-object? (eof-object))", "#t"},
        {"(eof-object? '())", "#f"},
        {"(features 1)", "raised wrong-arity: features: expected 0 arguments, got 1"},
    };
    CHECK_ROWS(rows);
}

CP_TEST_MAIN(cmocka_unit_test(the_system_says_what_it_is))
