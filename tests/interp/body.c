#include "tests/check.h"

#include "tests/interp/program.h"

static void check_core(const char *const cases[][2], size_t count)
{
    program_check(program_core, cases, count);
}

static void definitions_become_the_plainest_form_that_will_do(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"(define (f x) (define y 1) (define (g) (h y)) (define (h z) (g)) (g))",
         "(define f (lambda (x.1) (let ((y.2 1)) (fix ((g.3 (lambda () (h.4 "
         "y.2))) (h.4 (lambda (z.5) (g.3)))) (g.3)))))"},
        {"(let () (define x 1) (display x) (define y (f x)) (+ x y))",
         "(let ((x.1 1)) (begin (display x.1) (let ((y.2 (f x.1))) (%+ x.1 y.2))))"},
        {"(let () (define (f) x) (define x (f)) x)",
         "(let ((x.2 #<unset>)) (fix ((f.1 (lambda () x.2))) (begin (set! x.2 "
         "(f.1)) x.2)))"},
        {"(let () (define-values (a . b) (f)) (list a b))",
         "(let ((a.3 #<unset>) (b.4 #<unset>)) (begin (receive (a.1 . b.2) (f) "
         "(begin (set! a.3 a.1) (set! b.4 b.2) #<unspecific>)) (%cons a.3 (%cons "
         "b.4 '()))))"},
        {"(let () (define a 1) (define b 2) (set! a 3) (list a b))",
         "(let ((a.1 1)) (let ((b.2 2)) (begin (set! a.1 3) (%cons a.1 (%cons b.2 "
         "'())))))"},
        {"(let () (define (f) (g)) (define x (f)) (define (g) 1) (list x))",
         "(fix ((g.3 (lambda () 1))) (fix ((f.1 (lambda () (g.3)))) (let ((x.2 "
         "(f.1))) (%cons x.2 '()))))"},
        {"(let () (begin (define a 1)) (define-syntax m (syntax-rules () ((_) "
         "a))) (m))",
         "(let ((a.1 1)) a.1)"},
        {"(let () (define a (lambda () b)) (define b (lambda () a)) (define c "
         "(a)) (set! a 1) c)",
         "(let ((a.1 #<unset>)) (fix ((b.2 (lambda () a.1))) (begin (set! a.1 "
         "(lambda () b.2)) (let ((c.3 (a.1))) (begin (set! a.1 1) c.3)))))"},
        {"(letrec* ((x 1) (y x) (z (list x y))) z)",
         "(let ((x.1 1)) (let ((y.2 x.1)) (let ((z.3 (%cons x.1 (%cons y.2 "
         "'())))) z.3)))"},
    };
    check_core(cases, CP_COUNT_OF(cases));
}

static void a_wrong_body_is_refused(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"(lambda (x))", "test.scm:1:1: lambda: no expression in the body"},
        {"(define)", "test.scm:1:1: define: expected (define name value) or (define (name "
                     "parameter ...) body ...)"},
        {"(define x 1 2)", "test.scm:1:1: define: 2 values for x, expected one"},
        {"(define (5) 1)", "test.scm:1:10: define: the name is no identifier"},
        {"(define 5 1)", "test.scm:1:9: define: the name is no identifier"},
        {"(define car 1)", "test.scm:1:9: define: car is imported, and imports do not change"},
        {"(+ 1 (define x 2))", "test.scm:1:6: define: a definition stands where an expression is "
                               "expected"},
        {"(define-values (a))",
         "test.scm:1:1: define-values: expected (define-values formals expression)"},
        {"(let () (define x 1))",
         "test.scm:1:1: let: no expression in the body behind its definitions"},
        {"(let () (define x 1) (define x 2) x)", "test.scm:1:30: let: x stands twice"},
        {"(let () (import (scheme base)) 1)",
         "test.scm:1:9: import: stands in a body, expected it at top level"},
    };
    check_core(cases, CP_COUNT_OF(cases));
}

CP_TEST_MAIN(cmocka_unit_test(definitions_become_the_plainest_form_that_will_do),
             cmocka_unit_test(a_wrong_body_is_refused))
