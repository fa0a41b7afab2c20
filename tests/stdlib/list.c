#include "tests/stdlib/lisp.h"

static void pairs_are_made_taken_apart_and_changed(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(pair? (cons 1 2))", "#t"},
        {"(pair? '())", "#f"},
        {"(null? '())", "#t"},
        {"(null? '(1))", "#f"},
        {"(cons 1 '(2))", "(1 2)"},
        {"(car '(1 . 2))", "1"},
        {"(cdr '(1 . 2))", "2"},
        {"(def 'p (cons 1 2)) (set-car! p 3) (set-cdr! p '()) p", "(3)"},
        {"(cons* 1 2 '(3))", "(1 2 3)"},
        {"(cons* 1)", "1"},
        {"(list)", "()"},
        {"(list 1 2 3)", "(1 2 3)"},
    };
    CHECK_ROWS(rows);
}

static void the_letters_of_cxr_are_followed_from_the_right(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(caar '((1) 2))", "1"},
        {"(cadr '(1 2))", "2"},
        {"(cdar '((1 . 2)))", "2"},
        {"(cddr '(1 2 3))", "(3)"},
        {"(caddr '(1 2 3))", "3"},
        {"(cadddr '(1 2 3 4))", "4"},
        {"(cddddr '(1 2 3 4 5))", "(5)"},
        {"(cadar '((1 2)))", "2"},
        {"(cdaddr '(1 2 (3 . 4)))", "4"},
        {"(caaaar '((((1)))))", "1"},
        {"(caddr '(1 2))", "raised wrong-type: caddr: object is (1 2), expected pairs for caddr"},
    };
    CHECK_ROWS(rows);
}

static void a_list_is_what_ends_with_the_empty_list(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(list? '())", "#t"},
        {"(list? '(1 2))", "#t"},
        {"(list? '(1 . 2))", "#f"},
        {"(list? 5)", "#f"},
        {"(list? (circle 1))", "#f"},
        {"(list? (circle 5))", "#f"},
        {"(list? (circle 5000))", "#f"},
        {"(list? (cons 1 (circle 3)))", "#f"},
        {"(list? (iota 5000))", "#t"},
        {"(length '())", "0"},
        {"(length '(1 2 3))", "3"},
        {"(length (iota 5000))", "5000"},
        {"(length '(1 . 2))", "raised wrong-type: length: list is (1 . 2), expected a proper list"},
        {"(length 5)", "raised wrong-type: length: list is 5, expected a list"},
        {"(length (circle 2))",
         "raised wrong-type: length: list is (0 1 0 1 0 1 0 1 ...), expected a proper list"},
    };
    CHECK_ROWS(rows);
}

static void lists_are_copied_joined_and_reversed(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(append)", "()"},
        {"(append 5)", "5"},
        {"(append '(1) '(2))", "(1 2)"},
        {"(append '(1) 2)", "(1 . 2)"},
        {"(append '() '(1 2) '() '(3))", "(1 2 3)"},
        {"(append '() '())", "()"},
        {"(length (append (iota 3000) (iota 3000) '()))", "6000"},
        {"(def 'x '(3)) (eq? (cddr (append '(1 2) x)) x)", "#t"},
        {"(append '(1 . 2) '(3))",
         "raised wrong-type: append: lists is (1 . 2), expected a proper list"},
        {"(append '(1) 2 '(3))", "raised wrong-type: append: lists is 2, expected a proper list"},
        {"(append (circle 1) '(3))",
         "raised wrong-type: append: lists is (0 0 0 0 0 0 0 0 ...), expected a proper list"},
        {"(%append '(1) '(2))", "(1 2)"},
        {"(reverse '())", "()"},
        {"(reverse '(1 2 3))", "(3 2 1)"},
        {"(car (reverse (iota 5000)))", "4999"},
        {"(reverse '(1 . 2))",
         "raised wrong-type: reverse: list is (1 . 2), expected a proper list"},
        {"(reverse (circle 2))",
         "raised wrong-type: reverse: list is (0 1 0 1 0 1 0 1 ...), expected a proper list"},
        {"(list-copy '(1 2 . 3))", "(1 2 . 3)"},
        {"(list-copy 7)", "7"},
        {"(length (list-copy (iota 5000)))", "5000"},
        {"(def 'x (list 1 2)) (def 'y (list-copy x)) (set-car! y 5) (list x y)", "((1 2) (5 2))"},
        {"(list-copy (circle 1))",
         "raised wrong-type: list-copy: object is (0 0 0 0 0 0 0 0 ...), expected a proper list"},
        {"(make-list 0)", "()"},
        {"(make-list 2)", "(#f #f)"},
        {"(make-list 3 'x)", "(x x x)"},
        {"(length (make-list 5000 1))", "5000"},
        {"(make-list -1)",
         "raised wrong-type: make-list: k is -1, expected an exact integer that is not negative"},
    };
    CHECK_ROWS(rows);
}

static void elements_are_found_by_index(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(list-tail '(1 2 3) 0)", "(1 2 3)"},
        {"(list-tail '(1 2 3) 3)", "()"},
        {"(list-tail '(1 . 2) 1)", "2"},
        {"(list-tail (iota 5000) 4999)", "(4999)"},
        {"(list-tail '(1 2) 3)",
         "raised range: list-tail: list is (1 2), expected at least 3 elements"},
        {"(list-tail '() 1)", "raised range: list-tail: list is (), expected at least 1 element"},
        {"(list-ref '(a b c) 2)", "c"},
        {"(list-ref (iota 5000) 4000)", "4000"},
        {"(list-ref '(a b c) 3)",
         "raised range: list-ref: list is (a b c), expected at least 4 elements"},
        {"(list-ref '() 0)", "raised range: list-ref: list is (), expected at least 1 element"},
        {"(list-ref '(1) 1.0)",
         "raised wrong-type: list-ref: k is 1.0, expected an exact integer that is not negative"},
        {"(def 'x (list 1 2 3)) (list-set! x 1 'b) x", "(1 b 3)"},
        {"(def 'x (iota 3000)) (list-set! x 2999 'b) (list-tail x 2998)", "(2998 b)"},
        {"(list-set! (list 1 2 3) 3 'b)",
         "raised range: list-set!: list is (1 2 3), expected at least 4 elements"},
    };
    CHECK_ROWS(rows);
}

static void elements_are_found_by_what_they_are(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(memq 'c '(a b c d))", "(c d)"},
        {"(memq 'x '(a b c d))", "#f"},
        {"(memq 'x '())", "#f"},
        {"(memq 4999 (iota 5000))", "(4999)"},
        {"(memv 1000000000000000000000 '(1 1000000000000000000000 2))",
         "(1000000000000000000000 2)"},
        {"(memq 1000000000000000000000 '(1 1000000000000000000000 2))", "#f"},
        {"(memv 1.5 '(1.5))", "(1.5)"},
        {"(memv 1 '(1.0))", "#f"},
        {"(memq 'x '(a . b))", "raised wrong-type: memq: list is (a . b), expected a proper list"},
        {"(memv 'x (circle 1))",
         "raised wrong-type: memv: list is (0 0 0 0 0 0 0 0 ...), expected a proper list"},
        {"(memq 'x 5)", "raised wrong-type: memq: list is 5, expected a list"},
        {"(assq 'b '((a 1) (b 2)))", "(b 2)"},
        {"(assq 'c '((a 1) (b 2)))", "#f"},
        {"(assv 1000000000000000000000 '((1000000000000000000000 . 2)))",
         "(1000000000000000000000 . 2)"},
        {"(assv 2 '((1 . 2) (2 . 3)))", "(2 . 3)"},
        {"(assq 'c '((a 1) b))",
         "raised wrong-type: assq: an element of alist is b, expected a pair"},
        {"(assv 'c '((a 1) . b))",
         "raised wrong-type: assv: alist is ((a 1) . b), expected a proper list"},
    };
    CHECK_ROWS(rows);
}

static void wrong_arguments_are_named(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(car 5)", "raised wrong-type: car: pair is 5, expected a pair"},
        {"(cdr '())", "raised wrong-type: cdr: pair is (), expected a pair"},
        {"(set-car! '() 1)", "raised wrong-type: set-car!: pair is (), expected a pair"},
        {"(set-cdr! 'a 1)", "raised wrong-type: set-cdr!: pair is a, expected a pair"},
        {"(cons 1)", "raised wrong-arity: cons: expected 2 arguments, got 1"},
        {"(list-ref '(1))", "raised wrong-arity: list-ref: expected 2 arguments, got 1"},
        {"(make-list)", "raised wrong-arity: make-list: expected 1 to 2 arguments, got 0"},
        {"(cons*)", "raised wrong-arity: cons*: expected at least 1 argument, got 0"},
    };
    CHECK_ROWS(rows);
}

static void refused_memory_leaves_lists_sound(void **state)
{
    (void)state;
    const cp_lisp_row rows[] = {
        {"(length (make-list 20000 1))", "20000"},
        {"(length (append (iota 9000) (iota 9000) '()))", "18000"},
        {"(car (reverse (iota 9000)))", "8999"},
        {"(length (list-copy (iota 9000)))", "9000"},
    };
    cp_lisp_check_refusals(rows, 4);
}

CP_TEST_MAIN(cmocka_unit_test(pairs_are_made_taken_apart_and_changed),
             cmocka_unit_test(the_letters_of_cxr_are_followed_from_the_right),
             cmocka_unit_test(a_list_is_what_ends_with_the_empty_list),
             cmocka_unit_test(lists_are_copied_joined_and_reversed),
             cmocka_unit_test(elements_are_found_by_index),
             cmocka_unit_test(elements_are_found_by_what_they_are),
             cmocka_unit_test(wrong_arguments_are_named),
             cmocka_unit_test(refused_memory_leaves_lists_sound))
