#include "tests/check.h"

#include "tests/interp/program.h"

static void check_core(const char *const cases[][2], size_t count)
{
    program_check(program_core, cases, count);
}

static void core_forms_bodies_and_definitions_are_expanded(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"(lambda (a b . c) (list a b c))",
         "(lambda (a.1 b.2 . c.3) (%cons a.1 (%cons b.2 (%cons c.3 '()))))"},
        {"(case-lambda ((a) a) ((a . b) b))", "(case-lambda ((a.1) a.1) ((a.2 . b.3) b.3))"},
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
        {"(define-values (a b) (f))", "(receive (a.1 b.2) (f) (begin (define a a.1) (define b b.2) "
                                      "#<unspecific>))"},
        {"(begin)", "#<unspecific>"},
        {"(begin (define a 1) (define b a))", "(begin (define a 1) (define b a))"},
        {"(define x)", "(define x #<unspecific>)"},
        {"(set! x 5)", "(set! x 5)"},
        {"(define f (lambda () 1))", "(define f (lambda () 1))"},
        {"(define-record-type p (make-p y x) p? (x p-x set-p-x!) (y p-y))",
         "(begin (define p (%make-record-type 'p '#(x y))) (define make-p (lambda "
         "(y.1 x.2) (%record p 0 x.2 y.1))) (define p? (lambda (record.3) "
         "(%record? p 0 record.3))) (define p-x (lambda (record.4) (%record-ref p "
         "0 record.4))) (define set-p-x! (lambda (record.5 value.6) (%record-set! "
         "p 0 record.5 value.6))) (define p-y (lambda (record.7) (%record-ref p 1 "
         "record.7))))"},
        {"(define-record-type p #f p? (x p-x))",
         "(begin (define p (%make-record-type 'p '#(x))) (define p? (lambda "
         "(record.1) (%record? p 0 record.1))) (define p-x (lambda (record.2) "
         "(%record-ref p 0 record.2))))"},
        {"(define-record-type p make-p #f (x) y)",
         "(begin (define p (%make-record-type 'p '#(x y))) (define make-p (lambda "
         "(x.1 y.2) (%record p 0 x.1 y.2))))"},
        {"(let () (define-record-type q (mk a) q? (a q-a)) (mk 1))",
         "(let ((q.1 (%make-record-type 'q '#(a)))) (let ((mk.2 "
         "(%record-constructor q.1 '#(0)))) (let ((q?.3 (%record-predicate q.1))) "
         "(let ((q-a.4 (%record-accessor q.1 0))) (mk.2 1)))))"},
        {"(+)", "0"},
        {"(+ 1)", "(%* 1 1)"},
        {"(- 1)", "(%* 1 -1)"},
        {"(/ x)", "(%/ 1 x)"},
        {"(* 1 2 3)", "(%* (%* 1 2) 3)"},
        {"(> 1 2)", "(%< 2 1)"},
        {"(>= a b)", "(%<= b a)"},
        {"(zero? x)", "(%= x 0)"},
        {"(list 1 2)", "(%cons 1 (%cons 2 '()))"},
        {"(caddr x)", "(%car (%cdr (%cdr x)))"},
        {"(= 1 2 3)", "(= 1 2 3)"},
        {"(car)", "(car)"},
        {"(call-with-values (lambda () (f)) (lambda (a . b) b))",
         "(receive (a.1 . b.2) ((lambda () (f))) b.2)"},
        {"(call-with-values f g)", "(call-with-values f g)"},
        {"(values 1)", "1"},
        {"(values 1 2)", "(%values 1 2)"},
        {":key", "':key"},
        {"(cond-expand ((or xyz copse) 1) (else 2))", "1"},
        {"(cond-expand (xyz 1) (else))", "#<unspecific>"},
        {"(begin (define (car x) x) (car 1))",
         "test.scm:1:17: define: car is imported, and imports do not change"},
    };
    check_core(cases, CP_COUNT_OF(cases));
}

static void a_wrong_program_is_refused_with_place_and_expectation(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"(if)", "test.scm:1:1: if: 0 operands, expected (if test consequent) or (if test "
                 "consequent alternative)"},
        {"(if 1 2 3 4)", "test.scm:1:1: if: 4 operands, expected (if test consequent) or (if test "
                         "consequent alternative)"},
        {"(lambda)", "test.scm:1:1: lambda: no parameters, expected (lambda (parameter ...) "
                     "body ...)"},
        {"(lambda (x x) x)", "test.scm:1:12: lambda: x stands twice"},
        {"(lambda (x 5) x)", "test.scm:1:12: lambda: a variable is no identifier"},
        {"(lambda (x))", "test.scm:1:1: lambda: no expression in the body"},
        {"(quote)", "test.scm:1:1: quote: 0 operands, expected one datum"},
        {"(quote 1 2)", "test.scm:1:1: quote: 2 operands, expected one datum"},
        {"(set! x)", "test.scm:1:1: set!: 1 operands, expected (set! name value)"},
        {"(set! 5 1)", "test.scm:1:7: set!: the variable is no identifier"},
        {"(set! if 1)", "test.scm:1:1: set!: if is a keyword, expected a variable"},
        {"(set! car 1)", "test.scm:1:1: set!: car is imported, and imports do not change"},
        {"(define)", "test.scm:1:1: define: expected (define name value) or (define (name "
                     "parameter ...) body ...)"},
        {"(define x 1 2)", "test.scm:1:1: define: 2 values for x, expected one"},
        {"(define (5) 1)", "test.scm:1:10: define: the name is no identifier"},
        {"(define 5 1)", "test.scm:1:9: define: the name is no identifier"},
        {"(define car 1)", "test.scm:1:9: define: car is imported, and imports do not change"},
        {"(+ 1 (define x 2))", "test.scm:1:6: define: a definition stands where an expression is "
                               "expected"},
        {"if", "test.scm:1:1: if: a keyword stands where a value is expected"},
        {"(unquote x)", "test.scm:1:1: unquote: not a form by itself"},
        {"(else)", "test.scm:1:1: else: not a form by itself"},
        {"(=> 1)", "test.scm:1:1: =>: not a form by itself"},
        {"(define-values (a))",
         "test.scm:1:1: define-values: expected (define-values formals expression)"},
        {"(cond-expand (xyz 1))",
         "test.scm:1:1: cond-expand: no clause holds, and there is no else"},
        {"(cond-expand 5)", "test.scm:1:14: cond-expand: a clause is not (requirement form ...)"},
        {"(cond-expand ((xyz 1) 1))",
         "test.scm:1:15: cond-expand: expected a feature, (library name), (and "
         "...), (or ...) or (not requirement)"},
        {"(include \"nope.scm\")", "test.scm:1:10: include: \"nope.scm\": there is no such file"},
        {"(include 5)", "test.scm:1:10: include: a file name is no string"},
        {"(import (scheme base))", "test.scm:1:1: import: no library can be declared here"},
        {"()", "test.scm:1:1: () is no expression; the empty list is written '()"},
        {"(1 2)", "test.scm:1:2: a constant stands where a procedure is expected; data are "
                  "quoted"},
        {"(\"f\" 2)", "test.scm:1:2: a constant stands where a procedure is expected; data are "
                      "quoted"},
        {"(car 1 . 2)", "test.scm:1:1: a call is a proper list, this one has a dot"},
        {"(begin 1 . 2)", "test.scm:1:1: begin: no proper list"},
        {"(let () (define x 1))",
         "test.scm:1:1: let: no expression in the body behind its definitions"},
        {"(let () (define x 1) (define x 2) x)", "test.scm:1:30: let: x stands twice"},
        {"(let () (import (scheme base)) 1)",
         "test.scm:1:9: import: stands in a body, expected it at top level"},
        {"(case-lambda)", "test.scm:1:1: case-lambda: no clause, expected (case-lambda ((parameter "
                          "...) body ...) ...)"},
        {"(case-lambda 5)",
         "test.scm:1:14: case-lambda: a clause is not ((parameter ...) body ...)"},
    };
    check_core(cases, CP_COUNT_OF(cases));
}

static program *open_program(void)
{
    program *p = malloc(sizeof *p);
    assert_non_null(p);
    program_open(p);
    return p;
}

static void close_program(program *p)
{
    program_close(p);
    free(p);
}

static void an_unknown_name_is_refused_with_one_that_is_like_it(void **state)
{
    (void)state;
    program *p = open_program();
    p->is_closed = true;
    static const char *const cases[][2] = {
        {"(lambda (value) valeu)", "test.scm:1:17: valeu is not bound; did you mean value?"},
        {"(cosn 1 2)", "test.scm:1:2: cosn is not bound; did you mean cons?"},
        {"(lamda (x) x)", "test.scm:1:2: lamda is not bound; did you mean lambda?"},
        {"(let ((distance 1)) (+ 1 distanec))",
         "test.scm:1:26: distanec is not bound; did you mean distance?"},
        {"(set! frobnicate 1)", "test.scm:1:7: set!: frobnicate is not bound"},
        {"(quux 1)", "test.scm:1:2: quux is not bound"},
    };
    for (size_t i = 0; i < CP_COUNT_OF(cases); i++)
        assert_string_equal(program_core(p, cases[i][0]), cases[i][1]);
    close_program(p);
}

static void what_is_suspicious_is_warned_of(void **state)
{
    (void)state;
    program *p = open_program();
    static const char *const cases[][2] = {
        {"(let ((x 1) (y 2)) y)", "1:8: x is never used"},
        {"(let ((_x 1)) 5)", ""},
        {"(lambda (x) 5)", ""},
        {"(define (f a) a) (f 1 2)", "1:18: f: 2 arguments, expected 1"},
        {"(define (f a . b) (g a b)) (f)", "1:28: f: 0 arguments, expected at least 1"},
        {"(let ((f (lambda (a b) a))) (f 1))", "1:29: f: 1 arguments, expected 2"},
        {"(case 1 ((1 2) 3) ((2) 4))",
         "1:21: case: 2 stands in an earlier clause, so this one is never reached by it"},
        {"(lambda (:x) :x)", "1:10: lambda: the keyword :x becomes a variable"},
    };
    for (size_t i = 0; i < CP_COUNT_OF(cases); i++) {
        (void)program_simplified(p, cases[i][0]);
        assert_string_equal(p->warnings, cases[i][1]);
    }
    close_program(p);
}

static void a_set_of_what_may_change_makes_a_dependency(void **state)
{
    (void)state;
    program *p = open_program();
    p->is_mutable = true;
    cp_compilation c;
    cp_compilation_init(&c, copse_default_allocator(),
                        &(cp_expand_options){.environment = &p->environment});
    uint32_t count;
    cp_term **forms = program_read(p, &c, "(lambda (x) (car (cdr x)) (cons))", &count);
    assert_int_equal(cp_compile(&c, forms, count, NULL), CP_COMPILE_DONE);
    const cp_global *first = cp_compile_next_dependency(&c, NULL);
    const cp_global *second = cp_compile_next_dependency(&c, first);
    assert_string_equal(first->cell, "cdr");
    assert_string_equal(second->cell, "car");
    assert_null(cp_compile_next_dependency(&c, second));
    cp_compilation_free(&c);
    assert_string_equal(program_core(p, "(define (car x) x) (car 1)"),
                        "(begin (define car (lambda (x.1) x.1)) (car 1))");
    close_program(p);
}

/* OPEN written DEPTH times, then "1", then CLOSE as often; the caller frees it. */
static char *nest(const char *open, const char *close, size_t depth)
{
    char *text = malloc(depth * (strlen(open) + strlen(close)) + 2);
    assert_non_null(text);
    char *end = text;
    for (size_t i = 0; i < depth; i++)
        end = stpcpy(end, open);
    end = stpcpy(end, "1");
    for (size_t i = 0; i < depth; i++)
        end = stpcpy(end, close);
    return text;
}

static void a_program_nested_too_deep_is_refused_with_its_place(void **state)
{
    (void)state;
    static const char *const levels[][2] = {
        {"(f ", ")"},
        {"(if x y ", ")"},
        {"(let ((x 1)) ", ")"},
        {"(lambda () ", ")"},
        {"(begin ", ")"},
        {"`(1 ,", ")"},
        {"(+ 1 ", ")"},
        {"(let () 1 ", ")"},
        {"'(", ")"},
        {"#(", ")"},
        {"(cond (x y) (else ", "))"},
    };
    program *p = open_program();
    for (size_t i = 0; i < CP_COUNT_OF(levels); i++) {
        char *text = nest(levels[i][0], levels[i][1], 100000);
        const char *result = program_core(p, text);
        assert_true(strncmp(result, "test.scm:1:", 11) == 0);
        assert_true(strstr(result, "nested") != NULL || strstr(result, "deep") != NULL);
        free(text);
        text = nest(levels[i][0], levels[i][1], 300);
        assert_int_equal(program_compile(p, text), CP_COMPILE_DONE);
        free(text);
    }
    close_program(p);
}

static const char everything[] =
    "(define-syntax my-or (syntax-rules () ((_) #f) ((_ e) e)"
    " ((_ e r ...) (let ((t e)) (if t t (my-or r ...))))))"
    "(define-record-type point (make-point x y) point? (x point-x set-point-x!) (y point-y))"
    "(define (f a . l) (define k '(1 2.5 \"s\" #(x #u8(1)) 12345678901234567890))"
    " (define (g n) (if (= n 0) (my-or l a k) (h (- n 1)))) (define (h n) (g n))"
    " (let loop ((i 0) (s '())) (cond ((= i 10) (list s (g i))) (else (loop (+ i 1) (cons"
    " (lambda () (set! a (+ a i)) a) s))))))"
    "(define-values (p . q) (f 1 2))"
    "(guard (e ((string? e) `(1 ,e ,@l))) (let-values (((a b) (values 1 2))) (case a ((1) b))))"
    "(let () (define (even? n) (or (= n 0) (odd? (- n 1)))) (define (odd? n) (even? n))"
    " (map even? '(1 2 3)))";

static void a_refused_request_leaves_nothing_behind_wherever_it_is(void **state)
{
    (void)state;
    program *p = open_program();
    uint64_t n = 1;
    for (;; n++) {
        cp_fault_init(&p->fault, n);
        cp_compile_status status = program_compile(p, everything);
        assert_int_equal(p->fault.live_bytes, 0);
        if (p->fault.refused == 0) {
            assert_int_equal(status, CP_COMPILE_DONE);
            break;
        }
        assert_int_equal(status, CP_COMPILE_REFUSED);
    }
    assert_true(n > 20);
    close_program(p);
}

static void a_compilation_stops_when_it_is_told_to(void **state)
{
    (void)state;
    program *p = open_program();
    p->polls = -1;
    assert_int_equal(program_compile(p, everything), CP_COMPILE_DONE);
    int64_t all = (int64_t)p->polled;
    assert_true(all > 3);
    for (int64_t n = 0; n < all; n++) {
        p->polls = n;
        assert_int_equal(program_compile(p, everything), CP_COMPILE_STOPPED);
    }
    p->polls = all;
    assert_int_equal(program_compile(p, everything), CP_COMPILE_DONE);
    p->polls = -1;
    close_program(p);
}

static void a_declaration_is_given_to_the_host(void **state)
{
    (void)state;
    program *p = open_program();
    assert_string_equal(program_core(p, "(define-library (a b) (export c))"),
                        "test.scm:1:1: define-library: no library can be declared here");
    close_program(p);
}

CP_TEST_MAIN(cmocka_unit_test(core_forms_bodies_and_definitions_are_expanded),
             cmocka_unit_test(a_wrong_program_is_refused_with_place_and_expectation),
             cmocka_unit_test(an_unknown_name_is_refused_with_one_that_is_like_it),
             cmocka_unit_test(what_is_suspicious_is_warned_of),
             cmocka_unit_test(a_set_of_what_may_change_makes_a_dependency),
             cmocka_unit_test(a_program_nested_too_deep_is_refused_with_its_place),
             cmocka_unit_test(a_refused_request_leaves_nothing_behind_wherever_it_is),
             cmocka_unit_test(a_compilation_stops_when_it_is_told_to),
             cmocka_unit_test(a_declaration_is_given_to_the_host))
