#include "tests/stdlib/lisp.h"

static void a_name_is_one_symbol(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(symbol? 'a)", "#t"},
        {"(symbol? \"a\")", "#f"},
        {"(symbol=? 'a 'a 'a)", "#t"},
        {"(symbol=? 'a 'a 'b)", "#f"},
        {"(symbol->string 'abc)", "\"abc\""},
        {"(eq? (string->symbol \"abc\") 'abc)", "#t"},
        {"(symbol->string (string->symbol \"a b\"))", "\"a b\""},
        {"(symbol->string (string->symbol \"\"))", "\"\""},
        {"(def 's (string #\\a)) (def 'n (string->symbol s)) (string-set! s 0 #\\b) n", "a"},
    };
    CHECK_ROWS(rows);
}

static void the_name_of_a_symbol_is_a_constant(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(string-set! (symbol->string 'abc) 0 #\\x)",
         "raised immutable: string-set!: string is \"abc\", which is a constant"},
        {"(symbol->string 1)", "raised wrong-type: symbol->string: symbol is 1, expected a symbol"},
        {"(string->symbol 'a)", "raised wrong-type: string->symbol: name is a, expected a string"},
        {"(symbol=? 'a \"a\")", "raised wrong-type: symbol=?: b is \"a\", expected a symbol"},
    };
    CHECK_ROWS(rows);
}

CP_TEST_MAIN(cmocka_unit_test(a_name_is_one_symbol),
             cmocka_unit_test(the_name_of_a_symbol_is_a_constant))
