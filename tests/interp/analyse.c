#include "tests/check.h"

#include "tests/interp/program.h"

/* What the assembler text of a program must and must not have. */
typedef struct shape {
    const char *text;
    const char *has;
    const char *has_not;
} shape;

static void check_shapes(const shape *shapes, size_t count)
{
    program *p = malloc(sizeof *p);
    assert_non_null(p);
    program_open(p);
    size_t wrong = 0;
    for (size_t i = 0; i < count; i++) {
        const char *code = program_code(p, shapes[i].text);
        bool is_good = (shapes[i].has == NULL || strstr(code, shapes[i].has) != NULL) &&
                       (shapes[i].has_not == NULL || strstr(code, shapes[i].has_not) == NULL);
        if (is_good)
            continue;
        wrong++;
        print_error("%s\nhas no \"%s\", or a \"%s\":\n%s\n", shapes[i].text, shapes[i].has,
                    shapes[i].has_not, code);
    }
    assert_int_equal(wrong, 0);
    program_close(p);
    free(p);
}

static void an_assigned_variable_is_boxed_when_it_is_captured_or_lives_across_a_call(void **state)
{
    (void)state;
    static const shape shapes[] = {
        {"(lambda (x) (set! x (+ x 1)) x)", NULL, "box"},
        {"(lambda (x) (set! x (car x)) (set! x (cdr x)) x)", NULL, "box"},
        {"(lambda (x) (set! x 1) (lambda () x))", "box r0 r0", NULL},
        {"(lambda (x) (lambda () (set! x 1)))", "box r0 r0", NULL},
        {"(lambda (x) (f) (set! x 1) x)", "box r0 r0", NULL},
        {"(lambda (x) (set! x 1) (f x))", NULL, "box"}, /* the last call does not come back */
        {"(lambda (x) (lambda () x))", NULL, "box"},
        {"(lambda (n) (let loop ((i 0)) (if (< i n) (begin (set! i (+ i 1)) (loop i)) i)))", NULL,
         "box"},
        {"(lambda (n) (let ((i 0)) (let loop () (if (< i n) (begin (set! i (+ i 1)) (loop)) i))))",
         NULL, "box"},
        {"(lambda (n) (let loop ((i 0)) (if (< i n) (begin (f) (set! i (+ i 1)) (loop i)) i)))",
         "box", NULL},
        {"(lambda () (let ((y (f))) (set! y 1) y))", NULL, "box"}, /* called before it begins */
    };
    check_shapes(shapes, CP_COUNT_OF(shapes));
}

static void a_procedure_that_only_returns_for_its_frame_is_code_of_it(void **state)
{
    (void)state;
    static const shape shapes[] = {
        {"(define (f n) (let loop ((i n)) (if (= i 0) 1 (loop (- i 1)))))", "loop L", "call"},
        {"(define (f n) (+ 1 (let loop ((i n)) (if (= i 0) 1 (loop (- i 1))))))", "loop L", "call"},
        {"(define (f n) (let a ((i n)) (let b ((j i)) (if (= j 0) (a (- i 1)) (b (- j 1))))))",
         "loop L", "call"},
        {"(define (f n) (define (a i) (if (= i 0) 1 (b i))) (define (b i) (a (- i 1))) (a n))",
         "loop L", "call"},
        {"(define (f n) (if (let loop ((i n)) (if (pair? i) (loop (cdr i)) (null? i))) 1 2))",
         "loop L", "call"},
        {"(define (f n) (let loop ((i n)) (if (= i 0) 1 (+ 1 (loop (- i 1))))))", "call r",
         "loop L"},
        {"(define (f n) (let loop ((i n)) (if (= i 0) loop (loop (- i 1)))))", "closure r1", NULL},
        {"(define (f n) (let loop ((i n)) (g (lambda () (loop i)))))", "closure r1", "loop L"},
        {"(define (f n) (let loop ((i n) (l 1)) (if (= i 0) 1 (loop 1))))", "closure r1", "loop L"},
    };
    check_shapes(shapes, CP_COUNT_OF(shapes));
}

static void a_closure_captures_values_and_only_what_it_reads(void **state)
{
    (void)state;
    static const shape shapes[] = {
        {"(lambda (a b c) (lambda () (lambda () b)))", "closure r3  r1\n", NULL},
        {"(lambda (a b c) (lambda () (lambda () b)))", "closure r0  f0\n", NULL},
        {"(lambda (a) (lambda (x) x))", "closure r1 \n", NULL},
    };
    check_shapes(shapes, CP_COUNT_OF(shapes));
}

static void a_variable_is_checked_only_when_it_may_be_unset(void **state)
{
    (void)state;
    static const shape shapes[] = {
        {"(define (f) (define x 1) (define (g) x) (g))", NULL, "check-set"},
        {"(define (f) (define (g) x) (define x (h g)) x)", "check-set", NULL},
        {"(letrec ((a (lambda () b)) (b 1)) (a))", NULL, "check-set"},
        {"(letrec ((a b) (b 1)) a)", NULL, "check-set"}, /* b is plain data, so it comes first */
        {"(letrec ((a (f a))) a)", "check-set", NULL},
        {"(define (f) (define (e n) (o n)) (define (o n) (set! e 1) (e n)) e)", NULL, "check-set"},
    };
    check_shapes(shapes, CP_COUNT_OF(shapes));
}

CP_TEST_MAIN(
    cmocka_unit_test(an_assigned_variable_is_boxed_when_it_is_captured_or_lives_across_a_call),
    cmocka_unit_test(a_procedure_that_only_returns_for_its_frame_is_code_of_it),
    cmocka_unit_test(a_closure_captures_values_and_only_what_it_reads),
    cmocka_unit_test(a_variable_is_checked_only_when_it_may_be_unset))
