#include "tests/check.h"

#include "tests/interp/program.h"

static void check_eval(const char *const cases[][2], size_t count)
{
    program *p = malloc(sizeof *p);
    assert_non_null(p);
    program_open(p);
    program_load_prelude(p);
    size_t wrong = 0;
    for (size_t i = 0; i < count; i++) {
        const char *result = program_eval(p, cases[i][0]);
        if (strcmp(result, cases[i][1]) == 0)
            continue;
        wrong++;
        print_error("got %s, expected %s, from\n%s\n", result, cases[i][1], cases[i][0]);
    }
    assert_int_equal(wrong, 0);
    program_close(p);
    free(p);
}

static void core_forms_give_their_values(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"42", "42"},
        {"'a", "a"},
        {"'(1 (2 . 3) #(4 \"x\" #\\y) 2.5 #u8(1 2))", "(1 (2 . 3) #(4 \"x\" #\\y) 2.5 #u8(1 2))"},
        {"\"text\"", "\"text\""},
        {"#\\λ", "#\\λ"},
        {"#(1 2)", "#(1 2)"},
        {"123456789012345678901234567890", "123456789012345678901234567890"},
        {":key", ":key"},
        {"(if #f 1 2)", "2"},
        {"(if '() 1 2)", "1"},
        {"((lambda (x y) (- x y)) 5 3)", "2"},
        {"((lambda l l) 1 2 3)", "(1 2 3)"},
        {"((lambda (a . l) (list a l)) 1 2 3)", "(1 (2 3))"},
        {"(define f (lambda (a b . l) (list a b l))) (f 1 2)", "(1 2 ())"},
        {"(define (g a) (* a a)) (g 7)", "49"},
        {"(define h (case-lambda (() 0) ((a) a) ((a b) (+ a b)) ((a . l) l))) "
         "(list (h) (h 1) (h 1 2) (h 1 2 3))",
         "(0 1 3 (2 3))"},
        {"(begin 1 2 3)", "3"},
        {"(define x 1) (set! x (+ x 1)) x", "2"},
        {"(let ((x 1) (y 2)) (let ((x y) (y x)) (list x y)))", "(2 1)"},
        {"(let* ((x 1) (y (+ x 1))) (* x y))", "2"},
        {"(letrec ((even? (lambda (n) (if (= n 0) #t (odd? (- n 1)))))"
         " (odd? (lambda (n) (if (= n 0) #f (even? (- n 1)))))) (even? 1001))",
         "#f"},
        {"(letrec* ((a 1) (b (+ a 1))) b)", "2"},
        {"(let loop ((i 0) (s 0)) (if (= i 10) s (loop (+ i 1) (+ s i))))", "45"},
        {"(let loop ((i 0)) (if (< i 5) (loop (+ i 1)) i))", "5"},
        {"(+ 1 (let loop ((i 0)) (if (< i 5) (loop (+ i 1)) i)))", "6"},
        {"(do ((i 0 (+ i 1)) (l '() (cons i l))) ((= i 4) l))", "(3 2 1 0)"},
        {"(do ((i 0 (+ i 1))) ((= i 4)))", "#<unspecific>"},
        {"(let ((v 0)) (do ((i 0 (+ i 1))) ((= i 4) v) (set! v (+ v i))))", "6"},
        {"(and)", "#t"},
        {"(and 1 2)", "2"},
        {"(and 1 #f 2)", "#f"},
        {"(or)", "#f"},
        {"(or #f 3)", "3"},
        {"(or #f #f)", "#f"},
        {"(or 1 (car '()))", "1"},
        {"(when 1 2 3)", "3"},
        {"(unless #f 2 3)", "3"},
        {"(when #f 2)", "#<unspecific>"},
        {"(cond (#f 1) (2 3) (else 4))", "3"},
        {"(cond (#f 1) (else 4))", "4"},
        {"(cond ((assv 2 '((1 . 2) (2 . 3))) => cdr) (else 'no))", "3"},
        {"(cond (5))", "5"},
        {"(cond (#f 1))", "#<unspecific>"},
        {"(case 3 ((1 2) 'low) ((3 4) 'mid) (else 'high))", "mid"},
        {"(case 'b ((a) 1) ((b c) 2) (else 3))", "2"},
        {"(case #\\x ((#\\a) 1) ((#\\x) 2))", "2"},
        {"(case 9 ((1) 1) (else => (lambda (x) (* x 2))))", "18"},
        {"(case 1 ((1) => list) (else 2))", "(1)"},
        {"(case 1.5 ((1.5) 'yes) (else 'no))", "yes"},
        {"(case 123456789012345678901 ((123456789012345678901) 'yes) (else 'no))", "yes"},
        {"(case '() ((()) 'nil) (else 'no))", "nil"},
        {"`(1 ,(+ 1 1) ,@(list 3 4) 5)", "(1 2 3 4 5)"},
        {"`(1 . ,(+ 1 1))", "(1 . 2)"},
        {"`#(1 ,(+ 1 1) ,@(list 3))", "#(1 2 3)"},
        {"`(a `(b ,(foo ,(+ 1 3) d) e) f)", "(a `(b ,(foo 4 d) e) f)"},
        {"(let ((name1 'x) (name2 'y)) `(a `(b ,,name1 ,',name2 d) e))", "(a `(b ,x ,'y d) e)"},
        {"`(,@'(1 2))", "(1 2)"},
        {"`(,@'() . x)", "x"},
        {"`x", "x"},
        {"(let ((name 'a)) `(list ,name ',name))", "(list a 'a)"},
        {"(let-values (((a b) (values 1 2)) ((c) (values 3))) (list a b c))", "(1 2 3)"},
        {"(let*-values (((a b) (values 1 2)) ((c . d) (values a b 9))) (list a b c d))",
         "(1 2 1 (2 9))"},
        {"(let-values ((l (values 1 2 3))) l)", "(1 2 3)"},
        {"(receive (a . l) (values 1 2 3) (list a l))", "(1 (2 3))"},
        {"(call-with-values (lambda () (values 1 2)) (lambda (a b) (+ a b)))", "3"},
        {"(call-with-values (lambda () (values 1 2)) cons)", "(1 . 2)"},
        {"(define (two) (values 1 2)) (let-values (((a b) (two))) (list b a))", "(2 1)"},
        {"(let-values (((a b) (if (= 1 1) (two) (values 3 4)))) (list a b))", "(1 2)"},
        {"(let-values (((a b) (let ((x 5)) (values x x)))) (list a b))", "(5 5)"},
        {"(define-values (p q . r) (values 1 2 3 4)) (list p q r)", "(1 2 (3 4))"},
        {"(let () (define-values (a b) (values 1 2)) (define c (+ a b)) (list a b c))", "(1 2 3)"},
        {"(define m (make-parameter 1)) (list (m) (parameterize ((m 2)) (m)) (m))", "(1 2 1)"},
        {"(force (delay (+ 1 2)))", "3"},
        {"(define n 0) (define pr (delay (begin (set! n (+ n 1)) n))) (list (force pr) (force pr))",
         "(1 1)"},
        {"(define (lp n) (if (= n 0) (delay 'done) (delay-force (lp (- n 1))))) (force (lp 1000))",
         "done"},
        {"(guard (e (#t (list 'caught e))) (raise 'boom))", "(caught boom)"},
        {"(guard (e ((symbol? e) 'sym) ((string? e) 'str)) (raise \"x\"))", "str"},
        {"(guard (e ((assv e '((1 . one))) => cdr)) (raise 1))", "one"},
        {"(guard (e ((string? e) 'outer)) (guard (e2 ((number? e2) 'inner)) (raise \"s\")))",
         "outer"},
        {"(with-exception-handler (lambda (c) 10)"
         " (lambda () (+ 1 (guard (e ((string? e) 0)) (raise-continuable 5)))))",
         "11"},
        {"(guard (e (else (condition-message e))) (car 5))", "\"car: 5 is no pair\""},
        {"(define-record-type point (make-point x y) point? (x point-x set-point-x!) (y point-y))"
         "(define pt (make-point 3 4)) (set-point-x! pt 10)"
         "(list (point? pt) (point? 5) (point-x pt) (point-y pt))",
         "(#t #f 10 4)"},
        {"(let () (define-record-type thing (make-thing a) thing? (a thing-a set-thing-a!))"
         " (let ((t (make-thing 1))) (set-thing-a! t 2) (list (thing? t) (thing? 1) (thing-a t))))",
         "(#t #f 2)"},
        {"(let () (define x 1) (define (f) x) (set! x 2) (f))", "2"},
        {"(let () (define a 1) (define b (+ a 1)) (define (f) (* b (g))) (define (g) a) (f))", "2"},
        {"(let () (define (f) y) (define y 5) (f))", "5"},
        {"(cond-expand (copse 'here) (else 'no))", "here"},
        {"(cond-expand ((and r7rs (not xyz)) 1) (else 2))", "1"},
        {"(cond-expand ((library (scheme base)) 1) (else 2))", "1"},
        {"(+ 1 (include \"two.scm\"))", "3"},
        {"(let-syntax ((foo (syntax-rules () ((_ x) (* x 2))))) (foo 21))", "42"},
        {"(define-syntax swap! (syntax-rules () ((_ a b) (let ((tmp a)) (set! a b) (set! b tmp)))))"
         "(let ((tmp 1) (other 2)) (swap! tmp other) (list tmp other))",
         "(2 1)"},
    };
    check_eval(cases, CP_COUNT_OF(cases));
}

static void primitives_give_their_values(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"(+)", "0"},
        {"(*)", "1"},
        {"(+ 1 2 3 4)", "10"},
        {"(- 5)", "-5"},
        {"(- 0.0)", "-0.0"},
        {"(- 10 1 2)", "7"},
        {"(/ 8 2 2)", "2"},
        {"(/ 2.0)", "0.5"},
        {"(* 1.5 2)", "3.0"},
        {"(= 1 1.0)", "#t"},
        {"(< 1 2)", "#t"},
        {"(> 1 2)", "#f"},
        {"(>= 2 2)", "#t"},
        {"(let ((x 3)) (list (< x 5) (< 5 x) (<= x 3) (> x 2) (= x 3) (zero? x) (positive? x)"
         " (negative? x)))",
         "(#t #f #t #t #t #f #t #f)"},
        {"(let ((x 1000)) (list (+ x 1) (+ 1 x) (- x 1) (- 1 x) (* x 2) (* 2 x)))",
         "(1001 1001 999 -999 2000 2000)"},
        {"(let ((x 7) (y 2)) (list (quotient x y) (remainder x y) (modulo (- x) y)))", "(3 1 1)"},
        {"(not 1)", "#f"},
        {"(map (lambda (x) (list (pair? x) (null? x) (symbol? x) (string? x) (char? x)"
         " (boolean? x) (vector? x) (number? x) (procedure? x)))"
         " (list '(1) '() 'a \"s\" #\\c #t #(1) 1 car))",
         "((#t #f #f #f #f #f #f #f #f) (#f #t #f #f #f #f #f #f #f) (#f #f #t #f #f #f #f #f #f)"
         " (#f #f #f #t #f #f #f #f #f) (#f #f #f #f #t #f #f #f #f) (#f #f #f #f #f #t #f #f #f)"
         " (#f #f #f #f #f #f #t #f #f) (#f #f #f #f #f #f #f #t #f) (#f #f #f #f #f #f #f #f "
         "#t))"},
        {"(list (cadr '(1 2 3)) (caddr '(1 2 3)) (cddr '(1 2 3)) (caar '((1) 2)))", "(2 3 (3) 1)"},
        {"(let ((p (cons 1 2))) (set-car! p 3) (set-cdr! p 4) p)", "(3 . 4)"},
        {"(let ((v (vector 1 2 3))) (vector-set! v 0 'x) (vector-set! v (+ 1 1) 'z)"
         " (list (vector-ref v 0) (vector-ref v (+ 0 1)) (vector-length v) v))",
         "(x 2 3 #(x 2 z))"},
        {"(string-ref \"héllo\" 1)", "#\\é"},
        {"(eq? 'a 'a)", "#t"},
        {"(eqv? 1.5 1.5)", "#t"},
        {"(eqv? \"\" \"\")", "#t"},
        {"(let ((x '())) (eq? x '()))", "#t"},
        {"(apply + (list 1 2))", "3"},
        {"(map + '(1 2) '(10 20))", "(11 22)"},
        {"(list 1 2 3 4 5 6 7 8 9 10)", "(1 2 3 4 5 6 7 8 9 10)"},
        {"(bitwise-and 12 10)", "8"},
        {"(arithmetic-shift 1 10)", "1024"},
        {"(+ 'a 1)", "raised wrong-type: +: a is no number"},
        {"(vector-ref #(1 2) 2)",
         "raised range: vector-ref: 2 is no index of #(1 2), which has 2 elements"},
        {"(undefined-variable)", "raised unbound: the variable undefined-variable has no value"},
        {"(define (one a) a) (one)", "raised wrong-arity: one: expected 1 argument, got 0"},
    };
    check_eval(cases, CP_COUNT_OF(cases));
}

static void control_works_in_compiled_code(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"(call/cc (lambda (k) (+ 1 (k 42))))", "42"},
        {"(+ 1 (call/cc (lambda (k) 1)))", "2"},
        /* an assigned variable survives the re-entry of its frame */
        {"(let ((n 0) (k #f)) (call/cc (lambda (c) (set! k c))) (set! n (+ n 1))"
         " (if (< n 3) (k #f)) n)",
         "3"},
        {"(let ((kk #f) (count 0))"
         " (let ((r (let ((i 0)) (call/cc (lambda (c) (set! kk c))) (set! i (+ i 1)) i)))"
         "  (set! count (+ count 1)) (if (< count 3) (kk #f) (list r count))))",
         "(3 3)"},
        {"(let ((path '())) (dynamic-wind (lambda () (set! path (cons 'in path)))"
         " (lambda () (set! path (cons 'body path)))"
         " (lambda () (set! path (cons 'out path)))) (reverse path))",
         "(in body out)"},
        {"(let ((path '()) (c #f)) (let ((add (lambda (s) (set! path (cons s path)))))"
         " (dynamic-wind (lambda () (add 'connect))"
         "  (lambda () (add (call/cc (lambda (c0) (set! c c0) 'talk1))))"
         "  (lambda () (add 'disconnect)))"
         " (if (< (length path) 4) (c 'talk2) (reverse path))))",
         "(connect talk1 disconnect connect talk2 disconnect)"},
        {"(define (gen-list start end) (if (= start end) '() (cons start (gen-list (+ start 1) "
         "end))))"
         "(let ((k* #f) (y* 1)) (set! y* (* (call/cc (lambda (k) (set! k* k) 2)) y*))"
         " (if (< y* 10) (k* 3) y*))",
         "18"},
        /* map, re-entered: the results of the first return stay */
        {"(let ((k #f) (n 0) (r '()))"
         " (let ((l (map (lambda (x) (call/cc (lambda (c) (if (= x 2) (set! k c)) x))) '(1 2 3))))"
         "  (set! n (+ n 1)) (set! r (cons l r)) (if (< n 3) (k (* n 10)) (reverse r))))",
         "((1 2 3) (1 10 3) (1 20 3))"},
        {"(define (tree-walk t) (call/cc (lambda (return) (for-each (lambda (x)"
         " (if (negative? x) (return x))) t) #f))) (tree-walk '(1 2 -3 4))",
         "-3"},
        {"(define (deep n) (if (= n 0) 0 (+ 1 (deep (- n 1))))) (deep 1000000)", "1000000"},
        {"(define (tail n) (if (= n 0) 'end (tail (- n 1)))) (tail 10000000)", "end"},
        {"(let loop ((n 10000000)) (if (= n 0) 'end (loop (- n 1))))", "end"},
        {"(define (ev? n) (if (= n 0) #t (od? (- n 1)))) (define (od? n) (if (= n 0) #f (ev? (- n "
         "1))))"
         "(ev? 1000001)",
         "#f"},
        {"(define (fib n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2))))) (fib 20)", "6765"},
        {"(define (tak x y z) (if (< y x) (tak (tak (- x 1) y z) (tak (- y 1) z x)"
         " (tak (- z 1) x y)) z)) (tak 12 8 4)",
         "5"},
        {"(define (ack m n) (cond ((= m 0) (+ n 1)) ((= n 0) (ack (- m 1) 1))"
         " (else (ack (- m 1) (ack m (- n 1)))))) (ack 2 9)",
         "21"},
        {"(define (queens n) (let try ((row 0) (placed '()))"
         " (define (ok? col dist l) (or (null? l) (and (not (= (car l) col))"
         "  (not (= (car l) (+ col dist))) (not (= (car l) (- col dist))) (ok? col (+ dist 1) (cdr "
         "l)))))"
         " (if (= row n) 1 (let loop ((col 0) (sum 0)) (if (= col n) sum"
         "  (loop (+ col 1) (if (ok? col 1 placed) (+ sum (try (+ row 1) (cons col placed))) "
         "sum)))))))"
         "(queens 6)",
         "4"},
        /* each turn of a loop has variables of its own */
        {"(map (lambda (f) (f)) (let loop ((i 0)) (if (= i 3) '() (cons (lambda () i) (loop (+ i "
         "1))))))",
         "(0 1 2)"},
        {"(let loop ((i 0) (l '())) (if (= i 3) (map (lambda (f) (f)) l)"
         " (loop (+ i 1) (cons (lambda () i) l))))",
         "(2 1 0)"},
        {"(do ((i 0 (+ i 1)) (l '() (cons (lambda () i) l))) ((= i 3) (map (lambda (f) (f)) l)))",
         "(2 1 0)"},
        {"(let loop ((i 0) (l '())) (if (= i 3) (map (lambda (f) (f)) l)"
         " (begin (set! i (+ i 10)) (loop (- i 9) (cons (lambda () i) l)))))",
         "(12 11 10)"},
        {"(define (counter) (let ((n 0)) (lambda () (set! n (+ n 1)) n)))"
         "(define c1 (counter)) (define c2 (counter)) (c1) (c1) (list (c1) (c2))",
         "(3 1)"},
        {"(let ((x 1)) (let ((y x)) (set! x 2) (list x y)))", "(2 1)"},
        {"(let loop ((a 1) (b 2) (n 0)) (if (= n 3) (list a b) (loop b a (+ n 1))))", "(2 1)"},
        {"(let loop ((a 1) (b 2) (c 3) (n 0)) (if (= n 4) (list a b c) (loop c a b (+ n 1))))",
         "(3 1 2)"},
        {"(let ((f (lambda (x) (let loop ((i x)) (if (> i 100) i (loop (* i 2)))))))"
         " (list (f 3) (f 5)))",
         "(192 160)"},
        {"(let () (define (even? n) (or (= n 0) (odd? (- n 1))))"
         " (define (odd? n) (and (not (= n 0)) (even? (- n 1)))) (list (even? 10) (odd? 7) (even? "
         "7)))",
         "(#t #t #f)"},
        {"(let ((k (call/cc (lambda (c) c)))) (if (procedure? k) (k 5) k))", "5"},
    };
    check_eval(cases, CP_COUNT_OF(cases));
}

static void programs_of_every_kind_give_their_values(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"(let* () 5)", "5"},
        {"(let () 5)", "5"},
        {"(let* ((x 1) (x (+ x 1)) (x (* x 10))) x)", "20"},
        {"(letrec ((f (lambda (n) (if (= n 0) 1 (* n (f (- n 1))))))) (f 20))",
         "2432902008176640000"},
        {"(letrec ((f (lambda () g)) (g 5)) (f))", "5"},
        {"(let ((f (lambda (x) (* x x)))) (+ (f 3) (f 4)))", "25"},
        {"(let ((f (lambda (x . l) (cons x l)))) (f 1 2 3))", "(1 2 3)"},
        {"((lambda (a b . c) (list a b c)) 1 2 3 4)", "(1 2 (3 4))"},
        {"((case-lambda ((a) 'one) ((a b) 'two) (l 'many)) 1 2 3)", "many"},
        {"(let ((x 5)) (define y 10) (set! x (+ x y)) x)", "15"},
        {"(define (f . l) l) (f)", "()"},
        {"(define (opt a . l) (if (pair? l) (car l) a)) (list (opt 1) (opt 1 2))", "(1 2)"},
        {"(define a 1) (define (get) a) (set! a 2) (get)", "2"},
        {"(let ((a 1)) (set! a (+ a 1)) (set! a (* a 10)) a)", "20"},
        {"(let ((a 1) (b 2)) (set! a b) (set! b a) (list a b))", "(2 2)"},
        {"(let ((v (vector 1 2 3)) (i 0)) (vector-set! v i 'x) (set! i (+ i 1)) "
         "(vector-set! v i 'y) v)",
         "#(x y 3)"},
        {"(let loop ((i 0)) (cond ((= i 3) 'done) (else (set! i (+ i 1)) (loop "
         "i))))",
         "done"},
        {"(let outer ((i 0) (acc '())) (if (= i 3) (reverse acc) (let inner ((j "
         "0) (acc acc)) (if (= j i) (outer (+ i 1) acc) (inner (+ j 1) (cons (+ "
         "(* 10 i) j) acc))))))",
         "(10 20 21)"},
        {"(let loop ((n 5) (k (lambda (x) x))) (if (= n 0) (k 1) (loop (- n 1) "
         "(lambda (x) (k (* n x))))))",
         "120"},
        {"(define (compose f g) (lambda (x) (f (g x)))) ((compose (lambda (x) (+ "
         "x 1)) (lambda (x) (* x 2))) 5)",
         "11"},
        {"(define (curry f . a) (lambda b (apply f (append a b)))) ((curry + 1) 2)", "3"},
        {"(define (make-stack) (let ((s '())) (lambda (op . a) (case op ((push) "
         "(set! s (cons (car a) s)) s) ((pop) (let ((x (car s))) (set! s (cdr s)) "
         "x)) (else 'what))))) (define st (make-stack)) (st 'push 1) (st 'push 2) "
         "(list (st 'pop) (st 'pop) (st 'x))",
         "(2 1 what)"},
        {"(map (lambda (x y) (* x y)) '(1 2 3) '(4 5 6))", "(4 10 18)"},
        {"(let ((x 'a)) (case x ((a e i o u) 'vowel) (else 'consonant)))", "vowel"},
        {"(case (* 2 3) ((2 3 5 7) 'prime) ((1 4 6 8 9) 'composite))", "composite"},
        {"(case 'x (else 1))", "1"},
        {"(cond ((eqv? 1 2) 'no) ((eqv? 2 2)) (else 'never))", "#t"},
        {"(cond ((+ 1 1) => (lambda (x) (* x x))))", "4"},
        {"(and 1 (or #f 2) 3)", "3"},
        {"(if (and #t (not #f)) 'yes 'no)", "yes"},
        {"(if (or (null? '()) (car '())) 'yes 'no)", "yes"},
        {"(not (or #f (and #t #f)))", "#t"},
        {"(let ((x #f)) (if (not x) 1 2))", "1"},
        {"(let ((x 3)) (if (and (> x 1) (< x 5)) (+ x 1) (- x 1)))", "4"},
        {"(let ((x 3)) (list (if (> x 2) 'a 'b) (if (>= 2 x) 'a 'b) (if (< 2 x) "
         "'a 'b) (if (<= x 2) 'a 'b)))",
         "(a b a b)"},
        {"(let ((x 3.5)) (list (> x 3) (< 3 x) (= x 3.5) (<= x 3) (>= x 4)))", "(#t #t #t #f #f)"},
        {"(let ((x 0.0)) (/ 1 x))", "+inf.0"},
        {"(let ((n 100)) (list (quotient n 7) (modulo (- n) 7) (remainder (- n) "
         "7)))",
         "(14 5 -2)"},
        {"(+ 562949953421311 1)", "562949953421312"},
        {"(let ((x 562949953421311)) (+ x 1))", "562949953421312"},
        {"(* 1.5 2)", "3.0"},
        {"(- 5 0.5)", "4.5"},
        {"(let ((x 10)) (- 1 x))", "-9"},
        {"(let ((l (list 1 2 3))) (set-cdr! (cddr l) '(4)) l)", "(1 2 3 4)"},
        {"(let ((p (cons 1 2))) (eq? p p))", "#t"},
        {"(eq? '() '())", "#t"},
        {"(let ((s \"abc\")) (eq? s s))", "#t"},
        {"(begin (define-values (q r) (values 7 2)) (list q r))", "(7 2)"},
        {"(receive l (values) l)", "()"},
        {"(receive (a b . c) (values 1 2) (list a b c))", "(1 2 ())"},
        {"(let-values (((a) 5)) a)", "5"},
        {"(let-values ((() (values))) 7)", "7"},
        {"(let*-values (((a b) (values 1 2)) ((x y) (values b a))) (list x y))", "(2 1)"},
        {"(call-with-values (lambda () 5) (lambda (x) (* x x)))", "25"},
        {"(call-with-values values (lambda l l))", "()"},
        {"(+ 1 (call-with-values (lambda () (values 4 5)) (lambda (a b) b)))", "6"},
        {"(let-values (((a b) (call/cc (lambda (k) (k 1 2))))) (list b a))", "(2 1)"},
        {"(let-values (((q r) (let loop ((n 17) (q 0)) (if (< n 5) (values q n) "
         "(loop (- n 5) (+ q 1)))))) (list q r))",
         "(3 2)"},
        {"(dynamic-wind (lambda () #f) (lambda () 'v) (lambda () #f))", "v"},
        {"(call/cc (lambda (k) (dynamic-wind (lambda () 1) (lambda () (k 'out)) "
         "(lambda () 2))))",
         "out"},
        {"(let ((l '())) (dynamic-wind (lambda () (set! l (cons 1 l))) (lambda () "
         "(set! l (cons 2 l))) (lambda () (set! l (cons 3 l)))) l)",
         "(3 2 1)"},
        {"(guard (e (#f 'no) ((eq? e 'x) 'yes)) (raise 'x))", "yes"},
        {"(guard (e ((string? e) e)) (+ 1 (raise \"s\")))", "\"s\""},
        {"(guard (e (else (list 'got (condition-irritants e)))) (error \"bad\" 1 2))",
         "(got (1 2))"},
        {"(guard (e ((symbol? e) (list e 'handled))) (guard (e ((string? e) "
         "'wrong)) (raise 'inner)))",
         "(inner handled)"},
        {"(let ((l '())) (guard (e (#t (set! l (cons 'h l)))) (dynamic-wind "
         "(lambda () (set! l (cons 'in l))) (lambda () (raise 'x)) (lambda () "
         "(set! l (cons 'out l))))) (reverse l))",
         "(in out h)"},
        {"(guard (e (#t (* e 2))) (let loop ((i 0)) (if (= i 5) (raise i) (loop "
         "(+ i 1)))))",
         "10"},
        {"(with-exception-handler (lambda (e) 10) (lambda () (+ 1 "
         "(raise-continuable 'c))))",
         "11"},
        {"(define p (make-parameter 10)) (parameterize ((p 20)) (let ((inner "
         "(p))) (list inner)))",
         "(20)"},
        {"(define (gp) (p)) (parameterize ((p 1)) (parameterize ((p 2)) (gp)))", "2"},
        {"(let ((s (delay (+ 1 1)))) (+ (force s) (force s)))", "4"},
        {"(force 5)", "5"},
        {"(force (make-promise 6))", "6"},
        {"(define-record-type <node> (node l r) node? (l node-l) (r node-r "
         "set-node-r!)) (define nd (node 1 2)) (set-node-r! nd 9) (list (node-l "
         "nd) (node-r nd) (node? nd) (node? 'x))",
         "(1 9 #t #f)"},
        {"(node-l 5)", "raised wrong-type: 5 is no <node>"},
        {"(node 1)", "raised wrong-arity: node: expected 2 arguments, got 1"},
        {"(let () (define-record-type q #t q? (a q-a)) 1)",
         "test.scm:1:31: define-record-type: the constructor is not (name field "
         "...), a name or #f"},
        {"(let-syntax ((a (syntax-rules () ((_) 1))) (b (syntax-rules () ((_) "
         "2)))) (+ (a) (b)))",
         "3"},
        {"(letrec-syntax ((ev? (syntax-rules () ((_) #t) ((_ x . r) (od? . r)))) "
         "(od? (syntax-rules () ((_) #f) ((_ x . r) (ev? . r))))) (list (ev? 1 2) "
         "(ev? 1)))",
         "(#t #f)"},
        {"(define-syntax for (syntax-rules (in) ((_ x in l b ...) (for-each "
         "(lambda (x) b ...) l)))) (let ((s 0)) (for y in '(1 2 3) (set! s (+ s "
         "y))) s)",
         "6"},
        {"(define-syntax my-cond (syntax-rules (else) ((_ (else e)) e) ((_ (c e) "
         "r ...) (if c e (my-cond r ...))))) (my-cond (#f 1) ((= 1 1) 2) (else 3))",
         "2"},
        {"(define-syntax let2 (syntax-rules () ((_ ((n v) ...) . b) ((lambda (n "
         "...) . b) v ...)))) (let2 ((a 1) (b 2)) (+ a b))",
         "3"},
        {"(define-syntax loop-until (syntax-rules () ((_ v i c s b ...) (let lp "
         "((v i)) (if c v (begin b ... (lp s))))))) (loop-until z 0 (= z 5) (+ z "
         "1))",
         "5"},
        {"(let loop ((i 0)) (if (< i 1000000) (loop (+ i 1)) i))", "1000000"},
        {"(define (count-to n) (do ((i 0 (+ i 1)) (s 0 (+ s i))) ((= i n) s))) "
         "(count-to 1000)",
         "499500"},
        {"(define (mutual a) (define (x n) (if (= n 0) 'x (y (- n 1)))) (define "
         "(y n) (if (= n 0) 'y (x (- n 1)))) (x a)) (list (mutual 4) (mutual 5))",
         "(x y)"},
        {"(define (hanoi n a b c) (if (= n 0) 0 (+ (hanoi (- n 1) a c b) 1 (hanoi "
         "(- n 1) c b a)))) (hanoi 10 'a 'b 'c)",
         "1023"},
        {"(define (flatten t) (cond ((null? t) '()) ((pair? t) (append (flatten "
         "(car t)) (flatten (cdr t)))) (else (list t)))) (flatten '(1 (2 (3 4)) "
         "5))",
         "(1 2 3 4 5)"},
        {"(define (qs l) (if (null? l) '() (let ((p (car l))) (let part ((l (cdr "
         "l)) (a '()) (b '())) (cond ((null? l) (append (qs a) (list p) (qs b))) "
         "((< (car l) p) (part (cdr l) (cons (car l) a) b)) (else (part (cdr l) a "
         "(cons (car l) b)))))))) (qs '(3 1 4 1 5 9 2 6))",
         "(1 1 2 3 4 5 6 9)"},
        {"(define (fact n) (if (= n 0) 1 (* n (fact (- n 1))))) (fact 10)", "3628800"},
        {"(define x 10) (define (shadow x) (let ((x (* x 2))) (let ((x (+ x 1))) "
         "x))) (list (shadow 1) x)",
         "(3 10)"},
        {"(let ((f #f)) (set! f (lambda (n) (if (= n 0) 'ok (f (- n 1))))) (f "
         "1000))",
         "ok"},
        {"(let ((list (lambda x (cons 'mine x)))) (list 1 2))", "(mine 1 2)"},
        {"(let ((car cdr)) (car '(1 2)))", "(2)"},
        {"(define (tree-insert t x) (cond ((null? t) (list x '() '())) ((< x (car "
         "t)) (list (car t) (tree-insert (cadr t) x) (caddr t))) (else (list (car "
         "t) (cadr t) (tree-insert (caddr t) x))))) (tree-insert (tree-insert "
         "(tree-insert '() 5) 3) 8)",
         "(5 (3 () ()) (8 () ()))"},
        {"(define k2 #f) (define (gen) (call/cc (lambda (return) (for-each "
         "(lambda (x) (call/cc (lambda (next) (set! k2 next) (return x)))) '(1 2 "
         "3)) 'end))) (gen)",
         "1"},
        {"(let ((r '()) (k #f) (n 0)) (set! r (cons (call/cc (lambda (c) (set! k "
         "c) 0)) r)) (set! n (+ n 1)) (if (< n 3) (k n) (list n r)))",
         "(3 (2 1 0))"},
        {"(let ((i 0)) (let loop () (if (< i 5) (begin (set! i (+ i 1)) (loop)) "
         "i)))",
         "5"},
        {"(let ((x 1)) (begin (set! x 2) (set! x (+ x 3))) x)", "5"},
        {"(vector-length #(1 2 3))", "3"},
        {"(string? (let ((x \"a\")) x))", "#t"},
        {"(let ((a 1)) (let ((f (lambda () (set! a (+ a 1)) a))) (f) (f) a))", "3"},
        {"`(1 ,@(map (lambda (x) (* x x)) '(2 3)) ,(+ 4 5))", "(1 4 9 9)"},
        {"`((,(+ 1 1) . ,(+ 1 2)) ,@'() . tail)", "((2 . 3) . tail)"},
        {"(let ((a 1) (b '(2 3))) `(,a #(,a ,@b) ,@b))", "(1 #(1 2 3) 2 3)"},
        {"'#(a #(b) \"c\")", "#(a #(b) \"c\")"},
        {"''a", "'a"},
        {"'|hello world|", "|hello world|"},
        {"(quote #\\space)", "#\\space"},
    };
    check_eval(cases, CP_COUNT_OF(cases));
}

static void loops_captures_and_values_mix(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"(let ((x 5)) (+ x (begin (set! x 10) x)))", "20"},
        {"(let ((x 5)) (list x (begin (set! x 10) x) x))", "(10 10 10)"},
        {"(let loop ((i 0)) (let ((j i)) (if (< j 3) (begin (set! j (+ j 1)) "
         "(loop j)) (list i j))))",
         "(3 3)"},
        {"(define (h n) (let loop ((i 0) (acc '())) (if (= i n) acc (let ((x (* i "
         "i))) (loop (+ i 1) (cons (lambda (y) (+ x y i)) acc)))))) (map (lambda "
         "(p) (p 1)) (h 4))",
         "(13 7 3 1)"},
        {"(let ((a 1) (b 2) (c 3)) (let loop ((a a) (b b) (c c) (n 5)) (if (= n "
         "0) (list a b c) (loop b c a (- n 1)))))",
         "(3 1 2)"},
        {"(let loop ((a 0) (b 1) (n 10)) (if (= n 0) a (loop b (+ a b) (- n 1))))", "55"},
        {"(let loop ((a '()) (b '()) (n 0)) (if (= n 3) (list a b) (loop (cons n "
         "b) (cons n a) (+ n 1))))",
         "((2 1 0) (2 1 0))"},
        {"(define (g1 x) (define (a) (b)) (define (b) x) (define (c) (set! x (+ x "
         "1)) (a)) (c)) (g1 5)",
         "6"},
        {"(let () (define x 0) (define (inc!) (set! x (+ x 1)) x) (inc!) (inc!) x)", "2"},
        {"(let-values (((a b) (let loop ((i 0)) (if (= i 3) (values i (* i i)) "
         "(loop (+ i 1)))))) (list a b))",
         "(3 9)"},
        {"(let-values (((a . r) (if (= 1 2) 5 (let () (values 1 2 3))))) (list a "
         "r))",
         "(1 (2 3))"},
        {"(receive (a) (begin 1 2) a)", "2"},
        {"(guard (e (#t 'arity)) (let-values (((a b) (values 1))) a))", "arity"},
        {"(guard (e (#t 'arity)) (let-values (((a b) 5)) a))", "arity"},
        {"(guard (e (#t 'arity)) (receive (a) (values 1 2) a))", "arity"},
        {"(+ 1 (let ((x 2)) (if (= x 2) (let loop ((i 0)) (if (= i 5) i (loop (+ "
         "i 1)))) 7)))",
         "6"},
        {"(let ((f (lambda (x) (if (= x 0) 'z (let loop ((i x)) (if (= i 0) 'l "
         "(loop (- i 1)))))))) (list (f 0) (f 3)))",
         "(z l)"},
        {"(define (many a b c d e f g h) (list h g f e d c b a)) (many 1 2 3 4 5 "
         "6 7 8)",
         "(8 7 6 5 4 3 2 1)"},
        {"(let ((k #f) (n 0)) (let ((v (let loop ((i 0)) (if (= i 3) (call/cc "
         "(lambda (c) (set! k c) i)) (loop (+ i 1)))))) (set! n (+ n 1)) (if (< n "
         "3) (k (* n 100)) (list v n))))",
         "(200 3)"},
        {"(let ((r '())) (let loop ((i 0)) (if (< i 3) (begin (call/cc (lambda "
         "(k) (set! r (cons i r)) (k #f))) (loop (+ i 1))) (reverse r))))",
         "(0 1 2)"},
        {"(define (mk) (define n 0) (define (get) n) (define (inc) (set! n (+ n "
         "1))) (inc) (inc) (get)) (mk)",
         "2"},
        {"(let ((x 1)) (define (f) (g)) (define (g) x) (let ((x 2)) (f)))", "1"},
        {"((lambda (x) (define y x) (define z (+ y 1)) (* y z)) 4)", "20"},
        {"(let ((v (vector 0 0 0))) (do ((i 0 (+ i 1))) ((= i 3) v) (vector-set! "
         "v i (lambda () i)) (vector-set! v i ((vector-ref v i)))))",
         "#(0 1 2)"},
        {"(case (let ((x 2)) (* x 2)) ((4) => (lambda (x) (+ x 1))) (else 0))", "5"},
        {"(let* ((x 1) (f (lambda () x)) (x 2)) (list (f) x))", "(1 2)"},
        {"(letrec ((a (lambda (n) (if (= n 0) 'a (b (- n 1))))) (b (lambda (n) "
         "(if (= n 0) 'b (a (- n 1)))))) (list (a 3) (b 3) (a 4)))",
         "(b a a)"},
        {"(let loop ((i 0) (f (lambda () 'none))) (if (= i 3) (f) (loop (+ i 1) "
         "(lambda () (list i (f))))))",
         "(2 (1 (0 none)))"},
        {"(define-values (x1 . y1) (values 1 2 3)) (list x1 y1)", "(1 (2 3))"},
        {"(let () (define-values (a b) (values 1 2)) (define (s) (set! a (+ a b)) "
         "a) (s) (s))",
         "5"},
        {"(define (deepv n) (if (= n 0) (values 1 2) (let-values (((a b) (deepv "
         "(- n 1)))) (values b a)))) (let-values (((a b) (deepv 1001))) (list a "
         "b))",
         "(2 1)"},
        {"(define zz 0) (let ((p (delay (begin (set! zz (+ zz 1)) zz)))) "
         "(define-syntax twice (syntax-rules () ((_ e) (list e e)))) (twice "
         "(force p)))",
         "(1 1)"},
        {"(let ((=> 1)) (cond (#t => 'x)))", "x"},
        {"(if (let ((x #f)) (or x (not x))) 'yes 'no)", "yes"},
        {"(let ((l '(1 2 3))) (let loop ((l l) (m -1)) (cond ((null? l) m) ((> "
         "(car l) m) (loop (cdr l) (car l))) (else (loop (cdr l) m)))))",
         "3"},
        {"(not (let loop ((i 0)) (cond ((= i 5) #f) (else (loop (+ i 1))))))", "#t"},
        {"(let ((x 'outer)) (define-syntax m (syntax-rules () ((_ a) (let ((x "
         "'inner)) (list a x))))) (m x))",
         "(outer inner)"},
        {"(let loop ((i 3)) (and (> i 0) (or (= i 1) (loop (- i 1)))))", "#t"},
        {"(let ((n 0)) (for-each (lambda (x) (set! n (+ n x))) '(1 2 3)) n)", "6"},
        {"(let ((f (lambda (a) (lambda (b) (lambda (c) (list a b c)))))) (((f 1) "
         "2) 3))",
         "(1 2 3)"},
        {"(call-with-values (lambda () (let loop ((i 0)) (if (= i 2) (values 'a "
         "'b) (loop (+ i 1))))) (lambda (x . y) (list x y)))",
         "(a (b))"},
    };
    check_eval(cases, CP_COUNT_OF(cases));
}

CP_TEST_MAIN(cmocka_unit_test(core_forms_give_their_values),
             cmocka_unit_test(primitives_give_their_values),
             cmocka_unit_test(control_works_in_compiled_code),
             cmocka_unit_test(programs_of_every_kind_give_their_values),
             cmocka_unit_test(loops_captures_and_values_mix))
