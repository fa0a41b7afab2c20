#include "tests/check.h"

#include "tests/interp/program.h"

static void check_core(const char *const cases[][2], size_t count)
{
    program_check(program_core, cases, count);
}

static void derived_forms_become_core_forms(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"(let ((a 1) (b 2)) a b)", "(let ((a.1 1) (b.2 2)) (begin a.1 b.2))"},
        {"(let loop ((i 0)) (loop i))", "(fix ((loop.1 (lambda (i.2) (loop.1 i.2)))) (loop.1 0))"},
        {"(let* ((a 1) (b a)) b)", "(let ((a.1 1)) (let ((b.2 a.1)) b.2))"},
        {"(letrec ((f (lambda () (g))) (g (lambda () (f)))) f)",
         "(fix ((f.1 (lambda () (g.2))) (g.2 (lambda () (f.1)))) f.1)"},
        {"(letrec ((a 1) (b (lambda () a))) (b))",
         "(let ((a.1 1)) (fix ((b.2 (lambda () a.1))) (b.2)))"},
        {"(letrec* ((a (lambda () b)) (b (a))) b)",
         "(let ((b.2 #<unset>)) (fix ((a.1 (lambda () b.2))) (begin (set! b.2 "
         "(a.1)) b.2)))"},
        {"(do ((i 0 (+ i 1)) (j 5)) ((= i j) i) (display i))",
         "(fix ((do.1 (lambda (i.2 j.3) (if (%= i.2 j.3) i.2 (begin (display i.2) "
         "(do.1 (%+ i.2 1) j.3)))))) (do.1 0 5))"},
        {"(and 1 2 3)", "(if 1 (if 2 3 #f) #f)"},
        {"(or 1 2 3)", "(let ((t.2 1)) (if t.2 t.2 (let ((t.1 2)) (if t.1 t.1 3))))"},
        {"(cond (1 => list) (else 2))", "(let ((t.1 1)) (if t.1 (%cons t.1 '()) 2))"},
        {"(case 1 ((1 2) 3) (else 4))",
         "(let ((key.1 1)) (if (if (%eqv? key.1 1) #t (%eqv? key.1 2)) 3 4))"},
        {"(let-values (((a b) (f)) ((c . d) (g))) (list a b c d))",
         "(receive (a.1 b.2) (f) (receive (c.3 . d.4) (g) (%cons a.1 (%cons b.2 "
         "(%cons c.3 (%cons d.4 '()))))))"},
        {"(let*-values (((a) (f)) ((b) (g a))) b)",
         "(receive (a.1) (f) (receive (b.2) (g a.1) b.2))"},
        {"(parameterize ((p 1) (q 2)) (r))", "(%parameterize (lambda () (r)) p 1 q 2)"},
        {"(guard (e ((string? e) 1)) (f))",
         "(%guard (lambda () (f)) (lambda (e.1 reraise.2) (if (%string? e.1) 1 "
         "(reraise.2))))"},
        {"(delay 1)", "(%delay (lambda () 1))"},
        {"(delay-force x)", "(%delay-force (lambda () x))"},
        {"`(1 ,x ,@y z)", "(%cons 1 (%cons x (%append y '(z))))"},
        {"`(1 2 (3 . 4))", "'(1 2 (3 . 4))"},
        {"`#(1 ,x)", "(%list->vector (%cons 1 (%cons x '())))"},
        {"(when a b c)", "(if a (begin b c) #<unspecific>)"},
        {"(unless a b c)", "(if a #<unspecific> (begin b c))"},
        {"(let-syntax () 5)", "5"},
    };
    check_core(cases, CP_COUNT_OF(cases));
}

static void a_wrong_form_is_refused_with_what_is_expected(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"(let ((x 1) (x 2)) x)", "test.scm:1:14: let: x stands twice"},
        {"(let ((x)) x)", "test.scm:1:7: let: a binding is not (name value)"},
        {"(let x)", "test.scm:1:1: let: no bindings after the name x"},
        {"(let 5 x)", "test.scm:1:6: let: no list of bindings, expected ((name value) ...)"},
        {"(let ((x 1)))", "test.scm:1:1: let: no expression in the body"},
        {"(let* ((x 1 2)) x)", "test.scm:1:8: let*: a binding is not (name value)"},
        {"(letrec ((f 1) (f 2)) f)", "test.scm:1:17: letrec: f stands twice"},
        {"(cond)", "test.scm:1:1: cond: no clause, expected (cond (test expression ...) ...)"},
        {"(cond 5)", "test.scm:1:7: cond: a clause is not (test expression ...)"},
        {"(cond (else 1) (2 3))", "test.scm:1:7: cond: else is not the last clause"},
        {"(cond (else))", "test.scm:1:7: cond: no expression behind else"},
        {"(cond (1 => 2 3))", "test.scm:1:7: cond: 2 expressions behind =>, expected one"},
        {"(case)", "test.scm:1:1: case: expected (case key ((datum ...) expression ...) ...)"},
        {"(case 1 2)", "test.scm:1:9: case: a clause is not ((datum ...) expression ...)"},
        {"(case 1 (2 3))", "test.scm:1:10: case: no list of data, expected ((datum ...) expression "
                           "...)"},
        {"(case 1 ((2)))", "test.scm:1:9: case: no expression in a clause"},
        {"(case 1 (else 1) ((2) 3))", "test.scm:1:9: case: else is not the last clause"},
        {"(do)", "test.scm:1:1: do: expected (do ((name value step) ...) (test result "
                 "...) command ...)"},
        {"(do ((i)) (#t))",
         "test.scm:1:6: do: a variable is not (name value) or (name value step)"},
        {"(do 5 (#t))", "test.scm:1:1: do: expected (do ((name value step) ...) (test result "
                        "...) command ...)"},
        {"(let-values ((a)) 1)", "test.scm:1:14: let-values: a binding is not (name value)"},
        {"(receive a)", "test.scm:1:1: receive: expected (receive formals expression body ...)"},
        {"(parameterize)", "test.scm:1:1: parameterize: no bindings, expected (parameterize "
                           "((parameter value) ...) body ...)"},
        {"(guard)", "test.scm:1:1: guard: expected (guard (name clause ...) body ...)"},
        {"(guard (5) 1)", "test.scm:1:9: guard: a variable is no identifier"},
        {"(delay)", "test.scm:1:1: delay: 0 operands, expected one expression"},
        {"(delay 1 2)", "test.scm:1:1: delay: 2 operands, expected one expression"},
        {"(quasiquote)", "test.scm:1:1: quasiquote: 0 operands, expected one"},
        {"`(1 ,@(list 1) . ,@(list 2))",
         "(%cons 1 (%append (%cons 1 '()) '(unquote-splicing (list 2))))"},
        {"(let loop)", "test.scm:1:1: let: no bindings after the name loop"},
        {"(let loop 5 1)", "test.scm:1:11: let: no list of bindings, expected ((name value) ...)"},
        {"(when)", "test.scm:1:1: when: no test, expected (when test expression ...)"},
        {"(unless)", "test.scm:1:1: unless: no test, expected (unless test expression ...)"},
    };
    check_core(cases, CP_COUNT_OF(cases));
}

CP_TEST_MAIN(cmocka_unit_test(derived_forms_become_core_forms),
             cmocka_unit_test(a_wrong_form_is_refused_with_what_is_expected))
