#include "tests/check.h"

#include "tests/interp/program.h"

static void check_core(const char *const cases[][2], size_t count)
{
    program_check(program_core, cases, count);
}

static void a_macro_means_what_its_names_meant_where_it_was_written(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"(define-syntax swap! (syntax-rules () ((_ a b) (let ((tmp a)) (set! a "
         "b) (set! b tmp))))) (lambda (tmp other) (swap! tmp other))",
         "(lambda (tmp.1 other.2) (let ((tmp.3 tmp.1)) (begin (set! tmp.1 "
         "other.2) (set! other.2 tmp.3))))"},
        {"(define-syntax my-or (syntax-rules () ((_) #f) ((_ e) e) ((_ e r ...) "
         "(let ((t e)) (if t t (my-or r ...)))))) (lambda (t) (my-or #f t))",
         "(lambda (t.1) (let ((t.2 #f)) (if t.2 t.2 t.1)))"},
        {"(define-syntax my-if (syntax-rules () ((_ c a b) (cond (c a) (else "
         "b))))) (lambda (if cond else) (my-if if cond else))",
         "(lambda (if.1 cond.2 else.3) (if if.1 cond.2 else.3))"},
        {"(lambda (if) (if 1 2 3))", "(lambda (if.1) (if.1 1 2 3))"},
        {"(lambda (quote) '1)", "(lambda (quote.1) (quote.1 1))"},
        {"(lambda (else) (cond (else 1)))", "(lambda (else.1) (if else.1 1 #<unspecific>))"},
        {"(lambda (=>) (cond (1 => 2)))", "(lambda (=>.1) (if 1 (begin =>.1 2) #<unspecific>))"},
        {"(define-syntax m (syntax-rules (else) ((_ else) 'keyword) ((_ x) "
         "'other))) (list (m else) (let ((else 1)) (m else)))",
         "(%cons 'keyword (%cons (let ((else.1 1)) 'other) '()))"},
        {"(define-syntax m (syntax-rules (foo) ((_ foo) 'yes) ((_ x) 'no))) (list "
         "(m foo) (let ((foo 1)) (m foo)))",
         "(%cons 'yes (%cons (let ((foo.1 1)) 'no) '()))"},
        {"(let ((x 'outer)) (let-syntax ((m (syntax-rules () ((m) x)))) (let ((x "
         "'inner)) (m))))",
         "(let ((x.1 'outer)) (let ((x.2 'inner)) x.1))"},
        {"(lambda (x y temp let if) (letrec-syntax ((my-or (syntax-rules () ((_) "
         "#f) ((_ e) e) ((_ e1 e2 ...) (let ((temp e1)) (if temp temp (my-or e2 "
         "...))))))) (my-or x (let temp) (if y) y)))",
         "(lambda (x.1 y.2 temp.3 let.4 if.5) (let.4 ((temp.3 x.1)) (if.5 temp.3 "
         "temp.3 (let.4 ((temp.3 (let.4 temp.3))) (if.5 temp.3 temp.3 (let.4 "
         "((temp.3 (if.5 y.2))) (if.5 temp.3 temp.3 y.2)))))))"},
        {"(define-syntax be-like-begin (syntax-rules () ((_ name) (define-syntax "
         "name (syntax-rules () ((_ expr (... ...)) (begin expr (... ...)))))))) "
         "(be-like-begin sequence) (sequence 1 2 3 4)",
         "(begin 1 2 3 4)"},
        {"(let ((=> #f)) (cond (#t => 'ok)))",
         "(let ((=>.1 #f)) (if #t (begin =>.1 'ok) #<unspecific>))"},
        {"(define-syntax simple-let (syntax-rules () ((_ (head ... ((x . y) val) "
         ". tail) body1 body2 ...) (syntax-error \"expected an identifier but got\" "
         "(x . y))) ((_ ((name val) ...) body1 body2 ...) ((lambda (name ...) "
         "body1 body2 ...) val ...)))) (simple-let ((a 1) (b 2)) (list a b))",
         "((lambda (a.1 b.2) (%cons a.1 (%cons b.2 '()))) 1 2)"},
        {"(define-syntax jabberwocky (syntax-rules () ((_ hatter) (begin (define "
         "march-hare 42) (define-syntax hatter (syntax-rules () ((_) "
         "march-hare))))))) (jabberwocky mad-hatter) (mad-hatter)",
         "(begin (define march-hare%1 42) march-hare%1)"},
        {"(define-syntax while (syntax-rules () ((_ c b ...) (let lp () (when c b "
         "... (lp)))))) (lambda (lp) (while lp (lp)))",
         "(lambda (lp.1) (fix ((lp.2 (lambda () (if lp.1 (begin (lp.1) (lp.2)) "
         "#<unspecific>)))) (lp.2)))"},
        {"(define-syntax my-let* (syntax-rules () ((_ () b ...) (let () b ...)) "
         "((_ ((x v) r ...) b ...) (let ((x v)) (my-let* (r ...) b ...))))) "
         "(my-let* ((x 1) (y x) (x y)) x)",
         "(let ((x.1 1)) (let ((y.2 x.1)) (let ((x.3 y.2)) x.3)))"},
        {"(define-syntax ten (syntax-rules () ((_) 10))) (define-syntax def-ten "
         "(syntax-rules () ((_ n) (define n (ten))))) (let () (def-ten x) (define "
         "ten 1) (list x ten))",
         "(let ((x.1 10)) (let ((ten.2 1)) (%cons x.1 (%cons ten.2 '()))))"},
        {"(define-syntax def (syntax-rules () ((_ n) (begin (define tmp 5) "
         "(define n tmp))))) (let () (def a) (def b) (define tmp 1) (list a b "
         "tmp))",
         "(let ((tmp.1 5)) (let ((a.2 tmp.1)) (let ((tmp.3 5)) (let ((b.4 tmp.3)) "
         "(let ((tmp.5 1)) (%cons a.2 (%cons b.4 (%cons tmp.5 '()))))))))"},
        {"(define-syntax def2 (syntax-rules () ((_ g) (begin (define count 0) "
         "(define (g) count))))) (def2 one) (def2 two) (list (one) (two) count)",
         "(begin (define count%1 0) (define one (lambda () count%1)) (define "
         "count%2 0) (define two (lambda () count%2)) (%cons (one) (%cons (two) "
         "(%cons count '()))))"},
        {"(let-syntax ((foo (syntax-rules () ((_ y) (let-syntax ((bar "
         "(syntax-rules () ((_) (let ((x 2)) y))))) (bar)))))) (let ((x 1)) (foo "
         "x)))",
         "(let ((x.1 1)) (let ((x.2 2)) x.1))"},
        {"(let ((x 1)) (letrec-syntax ((foo (syntax-rules () ((_ y) (bar y)))) "
         "(bar (syntax-rules () ((_ y) (let ((x 2)) (+ x y)))))) (foo x)))",
         "(let ((x.1 1)) (let ((x.2 2)) (%+ x.2 x.1)))"},
        {"(let ((a 1)) (letrec-syntax ((foo (syntax-rules () ((_ b) (bar a b)))) "
         "(bar (syntax-rules () ((_ c d) (cons c (let ((c 3)) (list d c 'c))))))) "
         "(let ((a 2)) (foo a))))",
         "(let ((a.1 1)) (let ((a.2 2)) (%cons a.1 (let ((a.3 3)) (%cons a.2 "
         "(%cons a.3 (%cons 'a '())))))))"},
        {"(define-syntax m (syntax-rules () ((_ x) (let ((x 1)) (define-syntax n "
         "(syntax-rules () ((_) x))) (let ((x 2)) (n)))))) (m z)",
         "(let ((z.1 1)) (let ((z.2 2)) z.1))"},
        {"(define-syntax my-define (syntax-rules () ((_ n v) (define n v)))) (let "
         "((x 1)) (my-define x 2) x)",
         "(let ((x.1 1)) (let ((x.2 2)) x.2))"},
        {"(define-syntax kw (syntax-rules () ((_) :size))) (list (kw) :other (let "
         "((:size 1)) :size) (let ((:size 1)) (kw)))",
         "(%cons ':size (%cons ':other (%cons (let ((:size.1 1)) :size.1) (%cons "
         "(let ((:size.2 1)) ':size) '()))))"},
        {"(define-syntax m (syntax-rules () ((_ (x y) ...) (let ((x y) ...) (list "
         "x ...))))) (m (a 1) (b 2))",
         "(let ((a.1 1) (b.2 2)) (%cons a.1 (%cons b.2 '())))"},
        {"(define-syntax m (syntax-rules () ((_ x) (quasiquote (x (unquote (car "
         "x))))))) (lambda (quasiquote car) (m car))",
         "(lambda (quasiquote.1 car.2) (%cons 'car (%cons (%car car.2) '())))"},
        {"(define-syntax m (syntax-rules () ((_ body) (do ((i 0 (+ i 1))) ((= i "
         "2)) body)))) (lambda (i) (m i))",
         "(lambda (i.1) (fix ((do.2 (lambda (i.3) (if (%= i.3 2) #<unspecific> "
         "(begin i.1 (do.2 (%+ i.3 1))))))) (do.2 0)))"},
        {"(define-syntax c (syntax-rules () ((_ k) (case k ((a b) 1) (else 2))))) "
         "(lambda (else a) (c a))",
         "(lambda (else.1 a.2) (let ((key.3 a.2)) (if (if (%eqv? key.3 'a) #t "
         "(%eqv? key.3 'b)) 1 2)))"},
        {"(let ((f (lambda (x) (+ x 1)))) (define-syntax call-f (syntax-rules () "
         "((_ x) (f x)))) (let ((f 5)) (call-f f)))",
         "(let ((f.2 (lambda (x.1) (%+ x.1 1)))) (let ((f.3 5)) (f.2 f.3)))"},
        {"(define-syntax t (syntax-rules () ((_ a) (let ((a 1) (b 2)) (t2 a "
         "b))))) (define-syntax t2 (syntax-rules () ((_ a b) (list a b)))) (t b)",
         "(let ((b.1 1) (b.2 2)) (%cons b.1 (%cons b.2 '())))"},
        {"(define-syntax rec (syntax-rules () ((_ x e) (letrec ((x e)) x)))) (rec "
         "letrec (lambda () letrec))",
         "(fix ((letrec.1 (lambda () letrec.1))) letrec.1)"},
        {"(define-syntax else-alias (syntax-rules () ((_ x) (cond (#f 1) (else "
         "x))))) (let ((else #f)) (else-alias 7))",
         "(let ((else.1 #f)) (if #f 1 7))"},
        {"(define-syntax my-lambda lambda) (my-lambda (x) x)", "(lambda (x.1) x.1)"},
        {"(let ((... 2)) (let-syntax ((s (syntax-rules () ((_ x ...) 'bad) ((_ . "
         "r) 'ok)))) (s a b c)))",
         "(let ((....1 2)) 'ok)"},
    };
    check_core(cases, CP_COUNT_OF(cases));
}

static void patterns_and_templates_repeat_what_the_ellipsis_says(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"(define-syntax m (syntax-rules ::: () ((_ x :::) '(x ::: ...)))) (m 1 2 "
         "3)",
         "'(1 2 3 ...)"},
        {"(define-syntax m (syntax-rules () ((_ x ... y) '(y x ...)))) (m 1 2 3)", "'(3 1 2)"},
        {"(define-syntax m (syntax-rules () ((_ x ... y z) '(z y (x ...))))) (m 1 "
         "2 3 4)",
         "'(4 3 (1 2))"},
        {"(define-syntax m (syntax-rules () ((_ x ... . r) '((x ...) r)))) (m 1 2 "
         ". 3)",
         "'((1 2) 3)"},
        {"(define-syntax m (syntax-rules () ((_ x ... y . r) '((x ...) y r)))) (m "
         "1 2 3 . 4)",
         "'((1 2) 3 4)"},
        {"(define-syntax m (syntax-rules () ((_ (a b ...) ...) '((a ...) (b ... "
         "...))))) (m (1 2 3) (4) (5 6))",
         "'((1 4 5) (2 3 6))"},
        {"(define-syntax m (syntax-rules () ((_ (a b ...) ...) '(((a b) ...) "
         "...)))) (m (1 2 3) (4) (5 6))",
         "'(((1 2) (1 3)) () ((5 6)))"},
        {"(define-syntax m (syntax-rules () ((_ (x ...) (y ...)) '((x y ...) "
         "...)))) (m (1 2) (3 4))",
         "'((1 3 4) (2 3 4))"},
        {"(define-syntax m (syntax-rules () ((_ #(a b ...)) '(a #(b ... end))))) "
         "(m #(1 2 3))",
         "'(1 #(2 3 end))"},
        {"(define-syntax m (syntax-rules () ((_ #(a ...) ...) '#(#(a ... x) "
         "...)))) (m #(1 2) #())",
         "'#(#(1 2 x) #(x))"},
        {"(define-syntax m (syntax-rules () ((_ _ x _) 'x))) (m 1 2 3)", "2"},
        {"(define-syntax m (syntax-rules () ((_ \"a\" 1 #\\b #t x) 'x) ((_ . _) "
         "'no))) (list (m \"a\" 1 #\\b #t yes) (m \"b\" 1 #\\b #t yes))",
         "(%cons 'yes (%cons 'no '()))"},
        {"(define-syntax m (syntax-rules () ((_ x) '(x (... ...))))) (m 1)", "'(1 ...)"},
        {"(define-syntax m (syntax-rules () ((_ x ...) '((... (x ...)) x ...)))) "
         "(m 1)",
         "test.scm:1:54: syntax-rules: x wants 1 more ellipsis behind it in the "
         "template"},
    };
    check_core(cases, CP_COUNT_OF(cases));
}

static void a_wrong_macro_is_refused_with_place_and_reason(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"(let-syntax ((f 5)) 1)",
         "test.scm:1:17: let-syntax: the transformer of f is not (syntax-rules "
         "...)"},
        {"(define-syntax f)",
         "test.scm:1:1: define-syntax: expected (define-syntax name transformer)"},
        {"(define-syntax f car)",
         "test.scm:1:18: define-syntax: the transformer of f is not (syntax-rules "
         "...)"},
        {"(define-syntax f (syntax-rules))",
         "test.scm:1:18: syntax-rules: no literals, expected (syntax-rules "
         "(literal ...) (pattern template) ...)"},
        {"(define-syntax f (syntax-rules 5))",
         "test.scm:1:32: syntax-rules: the literals are no list of identifiers"},
        {"(define-syntax f (syntax-rules () 5))",
         "test.scm:1:35: syntax-rules: a rule is not (pattern template)"},
        {"(define-syntax f (syntax-rules () (x 5)))",
         "test.scm:1:36: syntax-rules: a pattern is not a list that begins with "
         "the keyword"},
        {"(define-syntax f (syntax-rules () ((_ x x) 5)))",
         "test.scm:1:41: syntax-rules: the pattern variable x stands twice in one "
         "pattern"},
        {"(define-syntax f (syntax-rules () ((_ ... x) 5)))",
         "test.scm:1:39: syntax-rules: ... follows nothing that it could repeat"},
        {"(define-syntax f (syntax-rules () ((_ x ... y ...) 5)))",
         "test.scm:1:45: syntax-rules: two ellipses in one list of a pattern, "
         "expected one"},
        {"(define-syntax f (syntax-rules () ((_ x ...) x)))",
         "test.scm:1:46: syntax-rules: x wants 1 more ellipsis behind it in the "
         "template"},
        {"(define-syntax f (syntax-rules () ((_ x) (x ...))))",
         "test.scm:1:43: syntax-rules: no variable in front of the ellipsis "
         "repeats"},
        {"(define-syntax f (syntax-rules (5) ((_ x) x)))",
         "test.scm:1:33: syntax-rules: a literal is no identifier"},
        {"(begin (define-syntax f (syntax-rules () ((_ x) x))) (f 1 2))",
         "test.scm:1:54: f: no rule of the macro fits this use"},
        {"(begin (define-syntax f (syntax-rules () ((_ x) x))) (list f))",
         "test.scm:1:60: f: a macro stands where a value is expected"},
        {"(begin (define-syntax f (syntax-rules () ((_ (a ...) (b ...)) '((a b) "
         "...)))) (f (1 2) (3)))",
         "test.scm:1:79: f: 2 and 1 items for one ellipsis, expected as many of "
         "each"},
        {"(begin (define-syntax f (syntax-rules () ((_ x) (f x)))) (f 1))",
         "test.scm:1:58: f: still a macro use after 10000 expansions"},
        {"(begin (define-syntax f (syntax-rules () ((_ x) (+ 1 (f x))))) (f 1))",
         "test.scm:1:64: the program is nested more than 1000 forms deep; "
         "expected it to be split into definitions"},
        {"(syntax-error \"no good\" (a b) 5)", "test.scm:1:1: no good (a b) 5"},
        {"(syntax-error 5)", "test.scm:1:1: syntax-error: no message, expected a string"},
    };
    check_core(cases, CP_COUNT_OF(cases));
}

static void a_kept_macro_works_in_later_programs(void **state)
{
    (void)state;
    program *p = malloc(sizeof *p);
    assert_non_null(p);
    program_open(p);
    program_load_prelude(p);
    static const char *const cases[][2] = {
        {"(define-syntax my-or (syntax-rules () ((_) #f) ((_ e) e)"
         " ((_ e r ...) (let ((t e)) (if t t (my-or r ...))))))"
         "(let ((t 5)) (my-or #f t))",
         "5"},
        {"(define-syntax def-getter (syntax-rules () ((_ name v) (begin (define hidden v)"
         " (define-syntax name (syntax-rules () ((_) hidden)))))))"
         "(def-getter one 1) (def-getter two 2) (list (one) (two))",
         "(1 2)"},
        {"(define-syntax make-both (syntax-rules () ((_ a) (define-syntax a (syntax-rules ()"
         " ((_ b) (let ((tmp 1)) (list tmp b))))))))"
         "(make-both both) (let ((tmp 2)) (both tmp))",
         "(1 2)"},
        {"(define-syntax my-let my-other)", "test.scm:1:23: define-syntax: the transformer of "
                                            "my-let is not (syntax-rules ...)"},
        {"(define-syntax my-lambda lambda) ((my-lambda (x) (* x x)) 4)", "16"},
    };
    for (size_t i = 0; i < CP_COUNT_OF(cases); i++)
        assert_string_equal(program_eval(p, cases[i][0]), cases[i][1]);
    program_close(p);
    free(p);
}

static void keeping_a_macro_survives_a_refusal(void **state)
{
    (void)state;
    program *p = malloc(sizeof *p);
    assert_non_null(p);
    program_open(p);
    (void)program_eval(p, "(define-syntax m (syntax-rules (else) ((_ else x ...) '(x ... #(x ...)))"
                          " ((_ \"s\" 1.5 y) (let ((t y)) t))))");
    cp_fault fault;
    for (uint64_t n = 1; n < 50; n++) {
        cp_compilation c;
        cp_fault_init(&fault, n);
        cp_compilation_init(&c, &fault.allocator,
                            &(cp_expand_options){.environment = &p->environment});
        cp_rules *rules =
            c.expander.runtime == NULL
                ? NULL
                : cp_macro_take(&c.expander.scopes, p->macros[0].macro, c.expander.runtime);
        cp_macro *copy = rules == NULL ? NULL : cp_macro_new(&fault.allocator, rules);
        assert_true(copy != NULL || fault.refused > 0);
        cp_macro_free(copy);
        cp_compilation_free(&c);
        assert_int_equal(fault.live_bytes, 0);
        if (fault.refused == 0)
            break;
    }
    assert_int_equal(fault.refused, 0);
    program_close(p);
    free(p);
}

CP_TEST_MAIN(cmocka_unit_test(a_macro_means_what_its_names_meant_where_it_was_written),
             cmocka_unit_test(patterns_and_templates_repeat_what_the_ellipsis_says),
             cmocka_unit_test(a_wrong_macro_is_refused_with_place_and_reason),
             cmocka_unit_test(a_kept_macro_works_in_later_programs),
             cmocka_unit_test(keeping_a_macro_survives_a_refusal))
