#include "tests/check.h"

#include "tests/interp/program.h"

static void check_simplified(const char *const cases[][2], size_t count)
{
    program_check(program_simplified, cases, count);
}

static void constants_are_folded_exactly_as_the_machine_computes(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"(+ 1 2)", "3"},
        {"(- 5)", "-5"},
        {"(* 3 (+ 1 2) 2)", "18"},
        {"(+ 562949953421311 1)", "(%+ 562949953421311 1)"},
        {"(* 281474976710656 281474976710656)", "(%* 281474976710656 281474976710656)"},
        {"(/ 6 3)", "2"},
        {"(/ 1 3)", "(%/ 1 3)"},
        {"(/ 1 0)", "(%/ 1 0)"},
        {"(/ 1. 0.)", "(%/ 1 0)"},
        {"(+ 1.5 0.25)", "1.75"},
        {"(+ 1 0.5)", "(%+ 1 0.5)"},
        {"(quotient -7 2)", "-3"},
        {"(remainder -7 2)", "-1"},
        {"(modulo -7 2)", "1"},
        {"(modulo 7 -2)", "-1"},
        {"(modulo 7 0)", "(%modulo 7 0)"},
        {"(< 1 2)", "#t"},
        {"(= 1.5 1.5)", "#t"},
        {"(= +nan.0 +nan.0)", "#f"},
        {"(eq? 'a 'b)", "(%eq? 'a 'b)"},
        {"(eqv? 1.5 1.5)", "#t"},
        {"(eqv? 1 1.0)", "#f"},
        {"(bitwise-and 12 10)", "8"},
        {"(car '(1 2))", "1"},
        {"(cddr '(1 2 3))", "'(3)"},
        {"(car '())", "(%car '())"},
        {"(pair? '(1))", "#t"},
        {"(null? '())", "#t"},
        {"(symbol? 'a)", "#t"},
        {"(number? 123456789012345678901234567890)", "#t"},
        {"(fixnum? 123456789012345678901234567890)", "#f"},
        {"(not 5)", "#f"},
        {"(vector? #(1))", "#t"},
    };
    check_simplified(cases, CP_COUNT_OF(cases));
}

static void tests_and_dead_code_go_away(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"(if #t 1 (f))", "1"},
        {"(if (pair? '()) (f) 2)", "2"},
        {"(lambda (x) (if (not x) 1 2))", "(lambda (x.1) (if x.1 2 1))"},
        {"(lambda (x) (if (or (pair? x) (null? x)) 1 2))",
         "(lambda (x.1) (if (if (%pair? x.1) #t (%null? x.1)) 1 2))"},
        {"(lambda (x) (if (< x 1) #t #f))", "(lambda (x.1) (%< x.1 1))"},
        {"(lambda (x) (if x #t #f))", "(lambda (x.1) (if x.1 #t #f))"},
        {"(begin 1 'a (lambda () 2) (f) 3)", "(begin (f) 3)"},
        {"(begin (begin (f) (begin (g))) (h))", "(begin (f) (g) (h))"},
        {"(lambda (x) (begin (cons x x) (car x) 3))", "(lambda (x.1) (begin (%car x.1) 3))"},
        {"(lambda (x) (cond (#f 1) ((pair? x) 2) (else 3)))",
         "(lambda (x.1) (if (%pair? x.1) 2 3))"},
    };
    check_simplified(cases, CP_COUNT_OF(cases));
}

static void copies_of_variables_and_constants_are_not_variables(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"(lambda (x) (let ((y x)) (f y y)))", "(lambda (x.1) (f x.1 x.1))"},
        {"(let ((a 1)) (let ((b a)) (f a b)))", "(f 1 1)"},
        {"(lambda (x) (let ((y x)) (set! x 1) (f y)))",
         "(lambda (x.1) (let ((y.2 x.1)) (begin (set! x.1 1) (f y.2))))"},
        {"(lambda (x) (let ((y x)) (set! y 1) (f y)))",
         "(lambda (x.1) (let ((y.2 x.1)) (begin (set! y.2 1) (f y.2))))"},
        {"(let ((unused (f))) 5)", "(begin (f) 5)"},
        {"(let ((unused (cons 1 2))) 5)", "5"},
        {"(let ((s \"text\")) (f s s))", "(let ((s.1 \"text\")) (f s.1 s.1))"},
        {"(lambda (f) (let-values (((a b) (values 1 (f)))) (list b a)))",
         "(lambda (f.1) (let ((b.3 (f.1))) (%cons b.3 (%cons 1 '()))))"},
    };
    check_simplified(cases, CP_COUNT_OF(cases));
}

static void procedures_used_once_and_small_ones_are_put_in_place(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"((lambda (x) (f x x)) (g))", "(let ((x.1 (g))) (f x.1 x.1))"},
        {"((lambda (x . l) (f x l)) 1 2 3)", "(let ((l.2 (%cons 2 (%cons 3 '())))) (f 1 l.2))"},
        {"((lambda (x) x))", "((lambda (x.1) x.1))"},
        {"(let ((f (lambda (a) (g a (h a))))) (f (k)))", "(let ((a.1 (k))) (g a.1 (h a.1)))"},
        {"(let ((sq (lambda (x) (* x x)))) (+ (sq a) (sq 3)))",
         "(%+ (let ((x.3 a)) (%* x.3 x.3)) 9)"},
        {"(define (f l) (define (double x) (+ x x)) (list (double l) (double (car l))))",
         "(define f (lambda (l.1) (%cons (%+ l.1 l.1) (%cons (let ((x.3 (%car l.1))) (%+ x.3 x.3)) "
         "'()))))"},
        {"(letrec ((loop (lambda (n) (if (= n 0) 1 (loop (- n 1)))))) (+ 1 (loop 5)))",
         "(%+ 1 (fix ((loop.1 (lambda (n.2) (if (%= n.2 0) 1 (loop.1 (%- n.2 1)))))) (loop.1 5)))"},
        {"(let () (define (unused) (f)) 5)", "5"},
    };
    check_simplified(cases, CP_COUNT_OF(cases));
}

CP_TEST_MAIN(cmocka_unit_test(constants_are_folded_exactly_as_the_machine_computes),
             cmocka_unit_test(tests_and_dead_code_go_away),
             cmocka_unit_test(copies_of_variables_and_constants_are_not_variables),
             cmocka_unit_test(procedures_used_once_and_small_ones_are_put_in_place))
