#include "tests/check.h"

#include "stdlib/base.h"
#include "stdlib/stdlib.h"
#include "tests/fault.h"

typedef struct session {
    cp_fault fault;
    copse_vm *vm;
    cp_interaction *in;
} session;

static bool has_feature(const char *name)
{
    return strcmp(name, "r7rs") == 0;
}

static void warn(void *context, const char *text)
{
    (void)context;
    fail_msg("%s", text);
}

static void open_session(session *s)
{
    cp_fault_init(&s->fault, 0);
    s->vm = cp_vm_new(&(cp_vm_options){.heap = {.allocator = &s->fault.allocator}});
    assert_non_null(s->vm);
    assert_int_equal(cp_stdlib_define(s->vm), COPSE_OK);
    cp_interaction_options options = {
        .allocator = &s->fault.allocator, .has_feature = has_feature, .warn = warn};
    s->in = cp_interaction_new(s->vm, &options);
    assert_non_null(s->in);
    if (cp_base_load(s->in) != CP_EVAL_END)
        fail_msg("%s", cp_interaction_message(s->in));
}

static void close_session(session *s)
{
    cp_interaction_close(s->in);
    cp_vm_free(s->vm);
    cp_interaction_free(s->in);
    assert_int_equal(s->fault.live_bytes, 0);
}

/* Each of the COUNT programs gives #t. */
static void check(const char *const *programs, size_t count)
{
    session s;
    open_session(&s);
    for (size_t i = 0; i < count; i++) {
        const char *program = programs[i];
        assert_int_equal(cp_interaction_give(s.in, "test.scm", program, strlen(program)), COPSE_OK);
        cp_value value = CP_FALSE, last = CP_FALSE;
        cp_eval end;
        while ((end = cp_interaction_next(s.in, CP_FUEL_UNLIMITED, &value)) == CP_EVAL_DONE)
            last = value;
        if (end != CP_EVAL_END)
            fail_msg("%s: %s", program, cp_interaction_message(s.in));
        if (!cp_same(last, CP_TRUE))
            fail_msg("%s is not true", program);
    }
    close_session(&s);
}

#define CHECK_TRUE(programs) check(programs, sizeof(programs) / sizeof((programs)[0]))

static void map_and_for_each_stop_at_the_shortest_list(void **state)
{
    (void)state;
    static const char *const programs[] = {
        "(equal? (map + '(1 2 3) '(10 20)) '(11 22))",
        "(equal? (map car '((a b) (c d))) '(a c))",
        "(equal? (map car '()) '())",
        "(equal? (map (lambda (x) (* x x)) '(1 2 3)) '(1 4 9))",
        "(= 50000 (length (map - (make-list 50000 1))))",
        "(equal? '(3 2 1) (let ((seen '()))"
        " (for-each (lambda (x) (set! seen (cons x seen))) '(1 2 3)) seen))",
        "(equal? '(33 22 11) (let ((seen '()))"
        " (for-each (lambda (x y) (set! seen (cons (+ x y) seen))) '(1 2 3) '(10 20 30 40)) seen))",
        "(define (message thunk) (call/cc (lambda (k) (with-exception-handler"
        " (lambda (c) (k (error-object-message c))) thunk))))"
        "(equal? (message (lambda () (map car 5)))"
        " \"map: expected a proper list, but it ends with\")",
        "(equal? (message (lambda () (for-each car '((1) . 5))))"
        " \"for-each: expected a proper list, but it ends with\")",
    };
    CHECK_TRUE(programs);
}

/* R7RS 6.10: what a map returned first must not change when it returns again. */
static void a_map_that_returns_twice_gives_two_lists(void **state)
{
    (void)state;
    static const char *const programs[] = {
        "(define k #f) (define results '())"
        "(define (run)"
        "  (let ((list (map (lambda (x) (call/cc (lambda (c) (if (= x 2) (set! k c)) x))) '(1 2 "
        "3))))"
        "    (set! results (cons list results))"
        "    (if (= (length results) 1) (k 'again))"
        "    results))"
        "(equal? (run) '((1 again 3) (1 2 3)))",
    };
    CHECK_TRUE(programs);
}

static void member_and_assoc_compare_as_they_are_told(void **state)
{
    (void)state;
    static const char *const programs[] = {
        "(equal? (member \"b\" '(\"a\" \"b\" \"c\")) '(\"b\" \"c\"))",
        "(equal? (member 2.0 '(1 2 3) =) '(2 3))",
        "(not (member 2.0 '(1 2 3)))",
        "(equal? (assoc \"b\" '((\"a\" . 1) (\"b\" . 2))) '(\"b\" . 2))",
        "(equal? (assoc 2.0 '((1 1) (2 4) (3 9)) =) '(2 4))",
        "(not (assoc 'x '((a . 1))))",
    };
    CHECK_TRUE(programs);
}

static void strings_and_vectors_are_mapped(void **state)
{
    (void)state;
    static const char *const programs[] = {
        "(string=? (string-map char-upcase \"aλc\") \"AΛC\")",
        "(string=? (string-map (lambda (a b) (if (char<? a b) a b)) \"adc\" \"bbbb\") \"abb\")",
        "(equal? (vector-map + #(1 2) #(10 20 30)) #(11 22))",
        "(equal? (vector-map - #()) #())",
        "(equal? '(#\\b #\\a) (let ((seen '()))"
        " (string-for-each (lambda (c) (set! seen (cons c seen))) \"ab\") seen))",
        "(equal? '(2 1) (let ((seen '()))"
        " (vector-for-each (lambda (c) (set! seen (cons c seen))) #(1 2)) seen))",
    };
    CHECK_TRUE(programs);
}

static void sorting_is_stable(void **state)
{
    (void)state;
    static const char *const programs[] = {
        "(equal? (list-sort < '(3 1 2)) '(1 2 3))",
        "(equal? (sort '() <) '())",
        "(equal? (sort '(3 1 2) >) '(3 2 1))",
        "(equal? (sort #(3 1 2) <) #(1 2 3))",
        "(equal? (list-sort (lambda (a b) (< (car a) (car b))) '((2 a) (1 a) (2 b) (1 b)))"
        " '((1 a) (1 b) (2 a) (2 b)))",
        "(define (count n) (let loop ((i 0) (list '())) (if (= i n) list"
        " (loop (+ i 1) (cons (modulo (* i 7919) n) list)))))"
        "(equal? (sort (count 5000) <) (reverse (sort (count 5000) >)))",
    };
    CHECK_TRUE(programs);
}

static void promises_are_forced_once_and_in_constant_space(void **state)
{
    (void)state;
    static const char *const programs[] = {
        "(= 3 (force (delay (+ 1 2))))",
        "(= 5 (force 5))",
        "(define n 0) (define p (delay (begin (set! n (+ n 1)) n))) (force p) (= (force p) 1)",
        "(promise? (make-promise 1))",
        "(let ((p (delay 1))) (eq? p (make-promise p)))",
        "(promise? (force (delay (make-promise 1))))",
        "(define (loop n) (if (= n 0) (delay 'done) (delay-force (loop (- n 1)))))"
        "(eq? (force (loop 100000)) 'done)",
        "(define r (delay (begin (set! x (+ x 1)) (if (> x 5) x (force r))))) (define x 0)"
        "(= (force r) 6)",
    };
    CHECK_TRUE(programs);
}

static void records_may_be_defined_in_bodies(void **state)
{
    (void)state;
    static const char *const programs[] = {
        "(define-record-type point (make-point x y) point? (x point-x) (y point-y set-point-y!))"
        "(let ((p (make-point 1 2))) (set-point-y! p 5) (and (point? p) (= 6 (+ (point-x p)"
        " (point-y p)))))",
        "(let ()"
        " (define-record-type point (make-point y) point? (x point-x set-point-x!) (y point-y))"
        " (let ((p (make-point 2))) (set-point-x! p 5)"
        "  (and (point? p) (not (point? 5)) (= 7 (+ (point-x p) (point-y p))))))",
    };
    CHECK_TRUE(programs);
}

static void tables_take_procedures(void **state)
{
    (void)state;
    static const char *const programs[] = {
        "(define t (make-eqv-hash-table))"
        "(for-each (lambda (k) (hash-table-set! t k (* k k))) '(1 2 3))"
        "(= 4 (hash-table-ref t 2))",
        "(eq? 'none (hash-table-ref t 5 (lambda () 'none)))",
        "(equal? '(4) (hash-table-ref t 2 (lambda () 'none) list))",
        "(hash-table-update! t 2 (lambda (v) (+ v 1))) (= 5 (hash-table-ref t 2))",
        "(hash-table-update! t 9 (lambda (v) (+ v 1)) (lambda () 1)) (= 2 (hash-table-ref t 9))",
        "(hash-table-update!/default t 7 (lambda (v) (+ v 1)) 0) (= 1 (hash-table-ref t 7))",
        "(= 22 (hash-table-fold t (lambda (k v sum) (+ k sum)) 0))",
        "(= 22 (hash-table-fold (lambda (k v sum) (+ k sum)) 0 t))",
        "(= 18 (let ((sum 0)) (hash-table-walk t (lambda (k v) (set! sum (+ sum v)))) sum))",
    };
    CHECK_TRUE(programs);
}

CP_TEST_MAIN(cmocka_unit_test(map_and_for_each_stop_at_the_shortest_list),
             cmocka_unit_test(a_map_that_returns_twice_gives_two_lists),
             cmocka_unit_test(member_and_assoc_compare_as_they_are_told),
             cmocka_unit_test(strings_and_vectors_are_mapped), cmocka_unit_test(sorting_is_stable),
             cmocka_unit_test(promises_are_forced_once_and_in_constant_space),
             cmocka_unit_test(records_may_be_defined_in_bodies),
             cmocka_unit_test(tables_take_procedures))
