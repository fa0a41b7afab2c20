#include "tests/stdlib/lisp.h"

static void only_false_is_false(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(not #f)", "#t"},       {"(not #t)", "#f"},         {"(not '())", "#f"},
        {"(not 0)", "#f"},        {"(boolean? #f)", "#t"},    {"(boolean? #t)", "#t"},
        {"(boolean? '())", "#f"}, {"(boolean? 'true)", "#f"},
    };
    CHECK_ROWS(rows);
}

static void booleans_are_compared_with_booleans_only(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(boolean=? #t #t)", "#t"},
        {"(boolean=? #f #f #f)", "#t"},
        {"(boolean=? #f #f #t)", "#f"},
        {"(boolean=? #t #f #t)", "#f"},
        {"(boolean=? #t 1)", "raised wrong-type: boolean=?: b is 1, expected a boolean"},
        {"(boolean=? #t #f 'x)", "raised wrong-type: boolean=?: rest is x, expected a boolean"},
        {"(boolean=? #t)", "raised wrong-arity: boolean=?: expected at least 2 arguments, got 1"},
    };
    CHECK_ROWS(rows);
}

CP_TEST_MAIN(cmocka_unit_test(only_false_is_false),
             cmocka_unit_test(booleans_are_compared_with_booleans_only))
