#include "tests/check.h"

#include "tests/interp/program.h"

static void check_core(const char *const cases[][2], size_t count)
{
    program_check(program_core, cases, count);
}

static void a_record_type_defines_its_procedures(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
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
        {"(let () (define-record-type q (mk a b) q? (a q-a set-q-a!) (b q-b)) (mk "
         "1 2))",
         "(let ((q.1 (%make-record-type 'q '#(a b)))) (let ((mk.2 "
         "(%record-constructor q.1 '#(0 1)))) (let ((q?.3 (%record-predicate "
         "q.1))) (let ((q-a.4 (%record-accessor q.1 0))) (let ((set-q-a!.5 "
         "(%record-modifier q.1 0))) (let ((q-b.6 (%record-accessor q.1 1))) "
         "(mk.2 1 2)))))))"},
    };
    check_core(cases, CP_COUNT_OF(cases));
}

static void a_wrong_record_type_is_refused_with_its_part(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"(define-record-type)",
         "test.scm:1:1: define-record-type: expected (define-record-type name "
         "constructor predicate field ...)"},
        {"(define-record-type p (make-p z) p? (x p-x))",
         "test.scm:1:31: define-record-type: the constructor takes z, which is no "
         "field"},
        {"(define-record-type p (make-p x x) p? (x p-x))",
         "test.scm:1:33: define-record-type: the constructor takes x twice"},
        {"(define-record-type p make-p p? (x p-x set-x! more))",
         "test.scm:1:33: define-record-type: a field is not (name accessor) or "
         "(name accessor modifier)"},
        {"(define-record-type p make-p p? (x p-x) (x p-y))",
         "test.scm:1:41: define-record-type: the field x stands twice"},
        {"(define-record-type p 5 p?)",
         "test.scm:1:23: define-record-type: the constructor is not (name field "
         "...), a name or #f"},
    };
    check_core(cases, CP_COUNT_OF(cases));
}

CP_TEST_MAIN(cmocka_unit_test(a_record_type_defines_its_procedures),
             cmocka_unit_test(a_wrong_record_type_is_refused_with_its_part))
