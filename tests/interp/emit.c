#include "tests/check.h"

#include "tests/interp/program.h"

/* CODE without places, files, names of variables, and what is zero. */
static void strip(char *code)
{
    static const char *const words[] = {"  line", "  file", "  variable", "  captures 0"};
    char *end = code;
    for (const char *at = code; *at != '\0';) {
        size_t length = strcspn(at, "\n");
        length += at[length] == '\n';
        bool is_dropped = *at == '\n';
        for (size_t i = 0; i < CP_COUNT_OF(words); i++)
            is_dropped = is_dropped || strncmp(at, words[i], strlen(words[i])) == 0;
        if (!is_dropped) {
            memmove(end, at, length);
            end += length;
        }
        at += length;
    }
    *end = '\0';
}

static void the_important_shapes_have_the_code_one_would_write(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"(define (fib n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))",
         "procedure \n"
         "  registers 1\n"
         "  parameters 0 0 0\n"
         "    closure r0 fib\n"
         "    global-define r0 fib\n"
         "    immediate r0 #<unspecific>\n"
         "    return r0\n"
         "procedure fib\n"
         "  registers 5\n"
         "  parameters 1 0 0\n"
         "    jump-unless-less-i r0 2 L2\n"
         "    return r0\n"
         "L2:\n"
         "    sub-i r3 r0 1\n"
         "    call-global fib r1 1\n"
         "    sub-i r4 r0 2\n"
         "    call-global fib r2 1\n"
         "    add r1 r1 r2\n"
         "    return r1\n"},
        {"(define (tak x y z) (if (not (< y x)) z (tak (tak (- x 1) y z) (tak (- "
         "y 1) z x) (tak (- z 1) x y))))",
         "procedure \n"
         "  registers 1\n"
         "  parameters 0 0 0\n"
         "    closure r0 tak\n"
         "    global-define r0 tak\n"
         "    immediate r0 #<unspecific>\n"
         "    return r0\n"
         "procedure tak\n"
         "  registers 12\n"
         "  parameters 3 0 0\n"
         "    jump-unless-less r1 r0 L18\n"
         "    sub-i r7 r0 1\n"
         "    move r8 r1\n"
         "    move r9 r2\n"
         "    call-global tak r5 3\n"
         "    sub-i r8 r1 1\n"
         "    move r9 r2\n"
         "    move r10 r0\n"
         "    call-global tak r6 3\n"
         "    sub-i r9 r2 1\n"
         "    move r10 r0\n"
         "    move r11 r1\n"
         "    call-global tak r7 3\n"
         "    tail-call-global tak r3 3\n"
         "L18:\n"
         "    return r2\n"},
        {"(lambda (n) (let loop ((i 0) (s 0)) (if (= i n) s (loop (+ i 1) (+ s "
         "i)))))",
         "procedure \n"
         "  registers 1\n"
         "  parameters 0 0 0\n"
         "    closure r0 \n"
         "    return r0\n"
         "procedure \n"
         "  registers 3\n"
         "  parameters 1 0 0\n"
         "    fixnum r1 0\n"
         "    fixnum r2 0\n"
         "L2:\n"
         "    jump-unless-equal r1 r0 L4\n"
         "    return r2\n"
         "L4:\n"
         "    add r2 r2 r1\n"
         "    add-i r1 r1 1\n"
         "    loop L2\n"},
        {"(lambda (a b) (let loop ((a a) (b b) (n 3)) (if (= n 0) a (loop b a (- "
         "n 1)))))",
         "procedure \n"
         "  registers 1\n"
         "  parameters 0 0 0\n"
         "    closure r0 \n"
         "    return r0\n"
         "procedure \n"
         "  registers 6\n"
         "  parameters 2 0 0\n"
         "    move r2 r0\n"
         "    move r3 r1\n"
         "    fixnum r4 3\n"
         "L3:\n"
         "    jump-unless-equal-i r4 0 L5\n"
         "    return r2\n"
         "L5:\n"
         "    sub-i r4 r4 1\n"
         "    move r5 r3\n"
         "    move r3 r2\n"
         "    move r2 r5\n"
         "    loop L3\n"},
        {"(lambda (n) (+ 1 (let loop ((i n)) (if (> i 100) i (loop (* i 2))))))",
         "procedure \n"
         "  registers 1\n"
         "  parameters 0 0 0\n"
         "    closure r0 \n"
         "    return r0\n"
         "procedure \n"
         "  registers 2\n"
         "  parameters 1 0 0\n"
         "    move r1 r0\n"
         "L1:\n"
         "    jump-if-greater-i r1 100 L4\n"
         "    mul-i r1 r1 2\n"
         "    loop L1\n"
         "L4:\n"
         "    add-i r1 r1 1\n"
         "    return r1\n"},
        {"(lambda (x y) (lambda (z) (f x z)))", "procedure \n"
                                                "  registers 1\n"
                                                "  parameters 0 0 0\n"
                                                "    closure r0 \n"
                                                "    return r0\n"
                                                "procedure \n"
                                                "  registers 3\n"
                                                "  parameters 2 0 0\n"
                                                "    closure r2  r0\n"
                                                "    return r2\n"
                                                "procedure \n"
                                                "  registers 5\n"
                                                "  captures 1\n"
                                                "  parameters 1 0 0\n"
                                                "    free r3 f0\n"
                                                "    move r4 r0\n"
                                                "    tail-call-global f r1 2\n"},
        {"(lambda () (let ((n 0)) (lambda () (set! n (+ n 1)) n)))", "procedure \n"
                                                                     "  registers 1\n"
                                                                     "  parameters 0 0 0\n"
                                                                     "    closure r0 \n"
                                                                     "    return r0\n"
                                                                     "procedure \n"
                                                                     "  registers 2\n"
                                                                     "  parameters 0 0 0\n"
                                                                     "    fixnum r0 0\n"
                                                                     "    box r0 r0\n"
                                                                     "    closure r1  r0\n"
                                                                     "    return r1\n"
                                                                     "procedure \n"
                                                                     "  registers 1\n"
                                                                     "  captures 1\n"
                                                                     "  parameters 0 0 0\n"
                                                                     "    free-box-get r0 f0\n"
                                                                     "    add-i r0 r0 1\n"
                                                                     "    free-box-set r0 f0\n"
                                                                     "    free-box-get r0 f0\n"
                                                                     "    return r0\n"},
        {"(lambda (n) (set! n (+ n 1)) n)", "procedure \n"
                                            "  registers 1\n"
                                            "  parameters 0 0 0\n"
                                            "    closure r0 \n"
                                            "    return r0\n"
                                            "procedure \n"
                                            "  registers 1\n"
                                            "  parameters 1 0 0\n"
                                            "    add-i r0 r0 1\n"
                                            "    return r0\n"},
        {"(lambda (n) (set! n (+ n 1)) (f) n)", "procedure \n"
                                                "  registers 1\n"
                                                "  parameters 0 0 0\n"
                                                "    closure r0 \n"
                                                "    return r0\n"
                                                "procedure \n"
                                                "  registers 3\n"
                                                "  parameters 1 0 0\n"
                                                "    box r0 r0\n"
                                                "    box-get r1 r0\n"
                                                "    add-i r1 r1 1\n"
                                                "    box-set r0 r1\n"
                                                "    call-global f r1 0\n"
                                                "    box-get r1 r0\n"
                                                "    return r1\n"},
        {"(lambda (a b c) (if (and (not (null? a)) (or (pair? b) (< c 3))) 1 2))",
         "procedure \n"
         "  registers 1\n"
         "  parameters 0 0 0\n"
         "    closure r0 \n"
         "    return r0\n"
         "procedure \n"
         "  registers 4\n"
         "  parameters 3 0 0\n"
         "    jump-if-null r0 L5\n"
         "    jump-if-pair r1 L3\n"
         "    jump-unless-less-i r2 3 L5\n"
         "L3:\n"
         "    fixnum r3 1\n"
         "    return r3\n"
         "L5:\n"
         "    fixnum r3 2\n"
         "    return r3\n"},
        {"(lambda (k) (case k ((a b) 1) ((5) 2) (else 3)))", "procedure \n"
                                                             "  registers 1\n"
                                                             "  parameters 0 0 0\n"
                                                             "    closure r0 \n"
                                                             "    return r0\n"
                                                             "procedure \n"
                                                             "  registers 2\n"
                                                             "  parameters 1 0 0\n"
                                                             "    constant r1 a\n"
                                                             "    jump-if-same r0 r1 L4\n"
                                                             "    constant r1 b\n"
                                                             "    jump-unless-same r0 r1 L6\n"
                                                             "L4:\n"
                                                             "    fixnum r1 1\n"
                                                             "    return r1\n"
                                                             "L6:\n"
                                                             "    fixnum r1 5\n"
                                                             "    jump-unless-same r0 r1 L10\n"
                                                             "    fixnum r1 2\n"
                                                             "    return r1\n"
                                                             "L10:\n"
                                                             "    fixnum r1 3\n"
                                                             "    return r1\n"},
        {"(lambda () (let-values (((a b) (g))) (cons a b)))", "procedure \n"
                                                              "  registers 1\n"
                                                              "  parameters 0 0 0\n"
                                                              "    closure r0 \n"
                                                              "    return r0\n"
                                                              "procedure \n"
                                                              "  registers 3\n"
                                                              "  parameters 0 0 0\n"
                                                              "    call-global g r0 0\n"
                                                              "    receive r0 2 0\n"
                                                              "    cons r2 r0 r1\n"
                                                              "    return r2\n"},
        {"(lambda () (let-values (((a . b) (g))) (cons a b)))", "procedure \n"
                                                                "  registers 1\n"
                                                                "  parameters 0 0 0\n"
                                                                "    closure r0 \n"
                                                                "    return r0\n"
                                                                "procedure \n"
                                                                "  registers 3\n"
                                                                "  parameters 0 0 0\n"
                                                                "    call-global g r0 0\n"
                                                                "    receive r0 1 1\n"
                                                                "    cons r2 r0 r1\n"
                                                                "    return r2\n"},
        {"(lambda (a b) (values a b))", "procedure \n"
                                        "  registers 1\n"
                                        "  parameters 0 0 0\n"
                                        "    closure r0 \n"
                                        "    return r0\n"
                                        "procedure \n"
                                        "  registers 5\n"
                                        "  parameters 2 0 0\n"
                                        "    move r2 r0\n"
                                        "    move r3 r1\n"
                                        "    return-values r2 2\n"},
        {"(lambda (x) (letrec ((ev? (lambda (n) (if (= n 0) #t (od? (- n 1))))) "
         "(od? (lambda (n) (if (= n 0) #f (ev? (- n 1)))))) (ev? x)))",
         "procedure \n"
         "  registers 1\n"
         "  parameters 0 0 0\n"
         "    closure r0 \n"
         "    return r0\n"
         "procedure \n"
         "  registers 4\n"
         "  parameters 1 0 0\n"
         "    move r1 r0\n"
         "L1:\n"
         "    jump-unless-equal-i r1 0 L4\n"
         "    immediate r3 #t\n"
         "    return r3\n"
         "L4:\n"
         "    sub-i r2 r1 1\n"
         "    jump-unless-equal-i r2 0 L8\n"
         "    immediate r3 #f\n"
         "    return r3\n"
         "L8:\n"
         "    sub-i r1 r2 1\n"
         "    loop L1\n"},
        {"(lambda (x) (define (walk t) (if (pair? t) (+ (walk (car t)) (walk (cdr "
         "t))) 1)) (walk x))",
         "procedure \n"
         "  registers 1\n"
         "  parameters 0 0 0\n"
         "    closure r0 \n"
         "    return r0\n"
         "procedure \n"
         "  registers 5\n"
         "  parameters 1 0 0\n"
         "    closure r1 walk\n"
         "    move r2 r1\n"
         "    move r4 r0\n"
         "    tail-call r2 1\n"
         "procedure walk\n"
         "  registers 5\n"
         "  parameters 1 0 0\n"
         "    jump-unless-pair r0 L9\n"
         "    self r1\n"
         "    car r3 r0\n"
         "    call r1 1\n"
         "    self r2\n"
         "    cdr r4 r0\n"
         "    call r2 1\n"
         "    add r1 r1 r2\n"
         "    return r1\n"
         "L9:\n"
         "    fixnum r1 1\n"
         "    return r1\n"},
        {"(lambda (l) (let ((k #f) (n 0)) (call/cc (lambda (c) (set! k c))) (set! "
         "n (+ n 1)) (if (< n 3) (k #f)) n))",
         "procedure \n"
         "  registers 1\n"
         "  parameters 0 0 0\n"
         "    closure r0 \n"
         "    return r0\n"
         "procedure \n"
         "  registers 6\n"
         "  parameters 1 0 0\n"
         "    immediate r1 #f\n"
         "    fixnum r2 0\n"
         "    box r1 r1\n"
         "    box r2 r2\n"
         "    closure r5  r1\n"
         "    call-global call/cc r3 1\n"
         "    box-get r3 r2\n"
         "    add-i r3 r3 1\n"
         "    box-set r2 r3\n"
         "    box-get r3 r2\n"
         "    jump-unless-less-i r3 3 L17\n"
         "    box-get r3 r1\n"
         "    immediate r5 #f\n"
         "    call r3 1\n"
         "L17:\n"
         "    box-get r3 r2\n"
         "    return r3\n"
         "procedure \n"
         "  registers 2\n"
         "  captures 1\n"
         "  parameters 1 0 0\n"
         "    free-box-set r0 f0\n"
         "    immediate r1 #<unspecific>\n"
         "    return r1\n"},
        {"(lambda (x . r) (if r x #f))", "procedure \n"
                                         "  registers 1\n"
                                         "  parameters 0 0 0\n"
                                         "    closure r0 \n"
                                         "    return r0\n"
                                         "procedure \n"
                                         "  registers 3\n"
                                         "  parameters 1 0 1\n"
                                         "    jump-if-false r1 L2\n"
                                         "    return r0\n"
                                         "L2:\n"
                                         "    immediate r2 #f\n"
                                         "    return r2\n"},
        {"(case-lambda ((a) a) ((a b) b))", "procedure \n"
                                            "  registers 1\n"
                                            "  parameters 0 0 0\n"
                                            "    closure r0 \n"
                                            "    return r0\n"
                                            "procedure \n"
                                            "  registers 2\n"
                                            "  parameters 1 0 0\n"
                                            "    return r0\n"
                                            "  parameters 2 0 0\n"
                                            "    return r1\n"},
        {"(lambda (v i) (vector-set! v 0 (vector-ref v i)) (vector-ref v 3))",
         "procedure \n"
         "  registers 1\n"
         "  parameters 0 0 0\n"
         "    closure r0 \n"
         "    return r0\n"
         "procedure \n"
         "  registers 3\n"
         "  parameters 2 0 0\n"
         "    vector-ref r2 r0 r1\n"
         "    vector-set-i r0 0 r2\n"
         "    vector-ref-i r2 r0 3\n"
         "    return r2\n"},
        {"(lambda (x) (cond ((assq x l) => cdr) (else #f)))", "procedure \n"
                                                              "  registers 1\n"
                                                              "  parameters 0 0 0\n"
                                                              "    closure r0 \n"
                                                              "    return r0\n"
                                                              "procedure \n"
                                                              "  registers 5\n"
                                                              "  parameters 1 0 0\n"
                                                              "    move r3 r0\n"
                                                              "    global r4 l\n"
                                                              "    call-global assq r1 2\n"
                                                              "    jump-if-false r1 L7\n"
                                                              "    cdr r2 r1\n"
                                                              "    return r2\n"
                                                              "L7:\n"
                                                              "    immediate r2 #f\n"
                                                              "    return r2\n"},
        {"(lambda (f x) (let ((y (f x))) (f y)))", "procedure \n"
                                                   "  registers 1\n"
                                                   "  parameters 0 0 0\n"
                                                   "    closure r0 \n"
                                                   "    return r0\n"
                                                   "procedure \n"
                                                   "  registers 6\n"
                                                   "  parameters 2 0 0\n"
                                                   "    move r2 r0\n"
                                                   "    move r4 r1\n"
                                                   "    call r2 1\n"
                                                   "    move r3 r0\n"
                                                   "    move r5 r2\n"
                                                   "    tail-call r3 1\n"},
        {"(lambda () (list #\\a #\\x1F600 1.5 100000 'sym \"str\" '() #t))",
         "procedure \n"
         "  registers 1\n"
         "  parameters 0 0 0\n"
         "    closure r0 \n"
         "    return r0\n"
         "procedure \n"
         "  registers 9\n"
         "  parameters 0 0 0\n"
         "    immediate r0 #\\x61\n"
         "    constant r1 #\\x1f600\n"
         "    constant r2 1.5\n"
         "    constant r3 100000\n"
         "    constant r4 sym\n"
         "    constant r5 \"str\"\n"
         "    immediate r6 ()\n"
         "    immediate r7 #t\n"
         "    immediate r8 ()\n"
         "    cons r7 r7 r8\n"
         "    cons r6 r6 r7\n"
         "    cons r5 r5 r6\n"
         "    cons r4 r4 r5\n"
         "    cons r3 r3 r4\n"
         "    cons r2 r2 r3\n"
         "    cons r1 r1 r2\n"
         "    cons r0 r0 r1\n"
         "    return r0\n"},
        {"(let ((x (f))) (define (g) (h)) (define (h) (g)) (list g h x))",
         "procedure \n"
         "  registers 4\n"
         "  parameters 0 0 0\n"
         "    call-global f r0 0\n"
         "    immediate r2 #<unset>\n"
         "    closure r1 g r2\n"
         "    closure r2 h r1\n"
         "    closure-patch r1 0 r2\n"
         "    immediate r3 ()\n"
         "    cons r3 r0 r3\n"
         "    cons r3 r2 r3\n"
         "    cons r3 r1 r3\n"
         "    return r3\n"
         "procedure g\n"
         "  registers 2\n"
         "  captures 1\n"
         "  parameters 0 0 0\n"
         "    free r0 f0\n"
         "    tail-call r0 0\n"
         "procedure h\n"
         "  registers 2\n"
         "  captures 1\n"
         "  parameters 0 0 0\n"
         "    free r0 f0\n"
         "    tail-call r0 0\n"},
        {"(lambda (p) (do ((i 0 (+ i 1))) ((= i 3)) (set! q (lambda () i))))",
         "procedure \n"
         "  registers 1\n"
         "  parameters 0 0 0\n"
         "    closure r0 \n"
         "    return r0\n"
         "procedure \n"
         "  registers 3\n"
         "  parameters 1 0 0\n"
         "    fixnum r1 0\n"
         "L1:\n"
         "    jump-unless-equal-i r1 3 L4\n"
         "    immediate r2 #<unspecific>\n"
         "    return r2\n"
         "L4:\n"
         "    closure r2 q r1\n"
         "    global-set r2 q\n"
         "    add-i r1 r1 1\n"
         "    loop L1\n"
         "procedure q\n"
         "  registers 1\n"
         "  captures 1\n"
         "  parameters 0 0 0\n"
         "    free r0 f0\n"
         "    return r0\n"},
    };
    program *p = malloc(sizeof *p);
    assert_non_null(p);
    program_open(p);
    size_t wrong = 0;
    for (size_t i = 0; i < CP_COUNT_OF(cases); i++) {
        (void)program_code(p, cases[i][0]);
        strip(p->text);
        if (strcmp(p->text, cases[i][1]) == 0)
            continue;
        wrong++;
        print_error("got\n%s\nexpected\n%s\nfrom %s\n", p->text, cases[i][1], cases[i][0]);
    }
    assert_int_equal(wrong, 0);
    program_close(p);
    free(p);
}

/* ---- Names do not matter ------------------------------------------------------------------- */

/* TEXT with each FROM replaced by TO; the caller frees it. */
static char *replace(const char *text, const char *from, const char *to)
{
    char *result = malloc(strlen(text) * 4 + 1), *end = result;
    assert_non_null(result);
    while (*text != '\0') {
        if (strncmp(text, from, strlen(from)) == 0) {
            end = stpcpy(end, to);
            text += strlen(from);
        } else {
            *end++ = *text++;
        }
    }
    *end = '\0';
    return result;
}

/* The code without the places, which differ with the length of names. */
static char *without_places(const char *code)
{
    char *result = malloc(strlen(code) + 1), *end = result;
    assert_non_null(result);
    while (*code != '\0') {
        size_t length = strcspn(code, "\n");
        length += code[length] == '\n';
        if (strncmp(code, "  line", 6) != 0) {
            memcpy(end, code, length);
            end += length;
        }
        code += length;
    }
    *end = '\0';
    return result;
}

static void renaming_the_variables_leaves_the_code_the_same(void **state)
{
    (void)state;
    static const char *const programs[] = {
        "(define (v_f v_a v_b) (let v_loop ((v_i 0) (v_s '())) (if (= v_i v_a) v_s"
        " (v_loop (+ v_i 1) (cons (lambda () (set! v_b v_i) v_b) v_s)))))",
        "(lambda (v_x) (define (v_g v_y) (v_h v_y v_x)) (define (v_h v_z . v_r) (v_g v_z)) v_h)",
        "(let-syntax ((v_m (syntax-rules () ((_ v_p) (let ((v_t 1)) (+ v_t v_p))))))"
        " (lambda (v_t) (v_m v_t)))",
        "(lambda (v_l) (do ((v_i 0 (+ v_i 1)) (v_j v_l (cdr v_j))) ((null? v_j) v_i) (f v_i)))",
        "(guard (v_e ((symbol? v_e) v_e)) (let-values (((v_a . v_b) (g))) (cons v_a v_b)))",
    };
    static const char *const others[] = {"x", "car", "a-much-longer-name-", "if", "%"};
    program *p = malloc(sizeof *p);
    assert_non_null(p);
    program_open(p);
    for (size_t i = 0; i < CP_COUNT_OF(programs); i++) {
        char *expected = without_places(program_code(p, programs[i]));
        for (size_t k = 0; k < CP_COUNT_OF(others); k++) {
            char name[40];
            snprintf(name, sizeof name, "%s|", others[k]);
            name[strlen(name) - 1] = '_';
            char *renamed = replace(programs[i], "v_", name);
            char *code = without_places(program_code(p, renamed));
            char *back = replace(code, name, "v_");
            assert_string_equal(back, expected);
            free(back);
            free(code);
            free(renamed);
        }
        free(expected);
    }
    program_close(p);
    free(p);
}

static void every_instruction_knows_its_place_and_variables(void **state)
{
    (void)state;
    program *p = malloc(sizeof *p);
    assert_non_null(p);
    program_open(p);
    const char *code = program_code(p, "(lambda (x y)\n  (let ((z (car x)))\n    (set! y (cdr z))\n"
                                       "    (lambda () (f y z))))");
    assert_non_null(strstr(code, "  line 2 12\n    car r2 r0\n"));
    assert_non_null(strstr(code, "  line 3 13\n    cdr "));
    assert_non_null(strstr(code, "  variable x 0 0 "));
    assert_non_null(strstr(code, "  variable y 1 1 "));
    assert_non_null(strstr(code, "  variable z 2 0 "));
    assert_non_null(strstr(code, "  variable y 0 3 0 "));
    program_close(p);
    free(p);
}

CP_TEST_MAIN(cmocka_unit_test(the_important_shapes_have_the_code_one_would_write),
             cmocka_unit_test(renaming_the_variables_leaves_the_code_the_same),
             cmocka_unit_test(every_instruction_knows_its_place_and_variables))
