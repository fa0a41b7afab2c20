#include "tests/stdlib/lisp.h"

static void records_have_the_fields_of_their_type(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(def 'point (%make-record-type 'point '#(x y))) (def 'p (%make-record point))"
         "(%record-set! point p 1 'b) (list (%record-ref point p 0) (%record-ref point p 1))",
         "(#f b)"},
        {"(record? p)", "#t"},
        {"(record? point)", "#f"},
        {"(%record-of? point p)", "#t"},
        {"(%record-of? point 5)", "#f"},
        {"(%record-of? (%make-record-type 'point '#(x y)) p)", "#f"},
        {"(%record-ref point 5 0)", "raised wrong-type: 5 is no point"},
        {"(%record-ref point p 2)", "raised range: %record-ref: k is 2, expected an index below 2"},
        {"(%record-set! point 'a 0 1)", "raised wrong-type: a is no point"},
        {"(%make-record 5)", "raised wrong-type: %make-record: type is 5, expected a record type"},
        {"(%record-of? 5 p)", "raised wrong-type: %record-of?: type is 5, expected a record type"},
        {"(%make-record-type \"p\" '#())",
         "raised wrong-type: %make-record-type: name is \"p\", expected a symbol"},
    };
    CHECK_ROWS(rows);
}

CP_TEST_MAIN(cmocka_unit_test(records_have_the_fields_of_their_type))
