#include "tests/check.h"

#include "interp/interaction.h"
#include "interp/object.h"
#include "tests/fault.h"

typedef struct session {
    cp_fault fault;
    copse_vm *vm;
    cp_interaction *in;
    char warnings[1000];
} session;

static bool has_feature(const char *name)
{
    return strcmp(name, "here") == 0;
}

static void keep_warning(void *context, const char *text)
{
    session *s = context;
    strncat(s->warnings, text, sizeof s->warnings - strlen(s->warnings) - 1);
}

static bool try_open(session *s, uint64_t refuse_at)
{
    s->warnings[0] = '\0';
    cp_fault_init(&s->fault, refuse_at);
    s->vm = cp_vm_new(&(cp_vm_options){.heap = {.allocator = &s->fault.allocator}});
    if (s->vm == NULL)
        return false;
    s->in = cp_interaction_new(s->vm, &(cp_interaction_options){.allocator = &s->fault.allocator,
                                                                .has_feature = has_feature,
                                                                .warn = keep_warning,
                                                                .context = s});
    return s->in != NULL;
}

static void close_session(session *s)
{
    if (s->in != NULL)
        cp_interaction_close(s->in);
    cp_vm_free(s->vm);
    cp_interaction_free(s->in);
    assert_int_equal(s->fault.live_bytes, 0);
}

static void open_session(session *s)
{
    assert_true(try_open(s, 0));
}

/* The value of the last form of TEXT, a fixnum. */
static int64_t number_of(session *s, const char *text)
{
    assert_int_equal(cp_interaction_give(s->in, "test.scm", text, strlen(text)), COPSE_OK);
    cp_value value = CP_FALSE, last = CP_FALSE;
    cp_eval end;
    while ((end = cp_interaction_next(s->in, CP_FUEL_UNLIMITED, &value)) == CP_EVAL_DONE)
        last = value;
    if (end != CP_EVAL_END)
        fail_msg("%s", cp_interaction_message(s->in));
    assert_true(cp_is_fixnum(last));
    return cp_to_fixnum(last);
}

/* How the first form of TEXT ends that does not give a value. */
static cp_eval end_of(session *s, const char *text)
{
    assert_int_equal(cp_interaction_give(s->in, "test.scm", text, strlen(text)), COPSE_OK);
    cp_value value;
    cp_eval end;
    do
        end = cp_interaction_next(s->in, 1000000, &value);
    while (end == CP_EVAL_DONE);
    return end;
}

static void a_form_sees_what_the_forms_before_it_defined(void **state)
{
    (void)state;
    session s;
    open_session(&s);
    assert_int_equal(number_of(&s, "(define x 20) (define (f y) (+ x y)) (f 22)"), 42);
    assert_int_equal(number_of(&s, "(set! x 1) (f 1)"), 2);
    assert_int_equal(number_of(&s, "(define-syntax twice (syntax-rules () ((_ e) (begin e e))))"
                                   "(define n 0) (twice (set! n (+ n 1))) n"),
                     2);
    close_session(&s);
}

static void a_procedure_may_be_defined_anew(void **state)
{
    (void)state;
    session s;
    open_session(&s);
    assert_int_equal(number_of(&s, "(define (f) 1) (define (g) (f)) (define (f) 2) (g)"), 2);
    assert_int_equal(number_of(&s, "(define (car x) 7) (car 1)"), 7);
    close_session(&s);
}

static void a_macro_may_become_a_variable_and_back(void **state)
{
    (void)state;
    session s;
    open_session(&s);
    assert_int_equal(number_of(&s, "(define-syntax m (syntax-rules () ((_) 1))) (m)"), 1);
    assert_int_equal(number_of(&s, "(define (m) 2) (m)"), 2);
    assert_int_equal(number_of(&s, "(define-syntax m (syntax-rules () ((_) 3))) (m)"), 3);
    close_session(&s);
}

static void features_are_what_the_host_says(void **state)
{
    (void)state;
    session s;
    open_session(&s);
    assert_int_equal(number_of(&s, "(cond-expand (here 1) (else 2))"), 1);
    assert_int_equal(number_of(&s, "(cond-expand (there 1) (else 2))"), 2);
    close_session(&s);
}

static void every_end_but_done_has_its_message(void **state)
{
    (void)state;
    session s;
    open_session(&s);
    assert_int_equal(end_of(&s, "1 2"), CP_EVAL_END);
    assert_string_equal(cp_interaction_message(s.in), "");
    assert_int_equal(end_of(&s, "(car '(1)))"), CP_EVAL_WRONG);
    assert_non_null(strstr(cp_interaction_message(s.in), "test.scm:1:11: unexpected )"));
    assert_int_equal(end_of(&s, "1\n  (if)"), CP_EVAL_WRONG);
    assert_non_null(strstr(cp_interaction_message(s.in), "test.scm:2:3: if: "));
    assert_int_equal(end_of(&s, "\n(define (f x)\n  (car x))\n(+ 1 (f 5))"), CP_EVAL_RAISED);
    assert_non_null(strstr(cp_interaction_message(s.in), "test.scm:3:3: car: "));
    assert_non_null(strstr(cp_interaction_message(s.in), "\n  in f at 3:3"));
    assert_int_equal(end_of(&s, "(raise 'ouch)"), CP_EVAL_RAISED);
    assert_string_equal(cp_interaction_message(s.in), "test.scm: raised ouch");
    assert_int_equal(end_of(&s, "(let loop () (loop))"), CP_EVAL_CUT);
    close_session(&s);
}

static void text_that_ends_inside_a_form_says_what_is_open(void **state)
{
    (void)state;
    session s;
    open_session(&s);
    cp_eval end = end_of(&s, "(define x\n  (+ 1 2)");
    assert_true(end == CP_EVAL_WRONG || end == CP_EVAL_INCOMPLETE);
    assert_non_null(strstr(cp_interaction_message(s.in), "1:1"));
    close_session(&s);
}

static void after_an_error_the_next_form_is_read(void **state)
{
    (void)state;
    session s;
    open_session(&s);
    static const char text[] = "(car 1) (if) 5";
    assert_int_equal(cp_interaction_give(s.in, "test.scm", text, sizeof text - 1), COPSE_OK);
    cp_value value;
    assert_int_equal(cp_interaction_next(s.in, 1000, &value), CP_EVAL_RAISED);
    assert_int_equal(cp_interaction_next(s.in, 1000, &value), CP_EVAL_WRONG);
    assert_int_equal(cp_interaction_next(s.in, 1000, &value), CP_EVAL_DONE);
    assert_int_equal(cp_to_fixnum(value), 5);
    assert_int_equal(cp_interaction_next(s.in, 1000, &value), CP_EVAL_END);
    close_session(&s);
}

static void a_warning_has_its_place(void **state)
{
    (void)state;
    session s;
    open_session(&s);
    assert_int_equal(number_of(&s, "(define (f x) (let ((unused 1)) x)) (f 3)"), 3);
    assert_non_null(strstr(s.warnings, "test.scm:1:"));
    assert_non_null(strstr(s.warnings, "unused"));
    close_session(&s);
}

static void many_names_are_found_again(void **state)
{
    (void)state;
    session s;
    open_session(&s);
    char text[64];
    for (int i = 0; i < 500; i++) {
        snprintf(text, sizeof text, "(define name-%d %d) name-%d", i, i, i / 2);
        assert_int_equal(number_of(&s, text), i / 2);
    }
    close_session(&s);
}

static void any_refused_request_ends_a_form_and_leaves_nothing(void **state)
{
    (void)state;
    static const char text[] = "(define-syntax two (syntax-rules () ((_ a) (cons a a))))"
                               "(define (f x) (two x)) (f \"text\")";
    bool went_through = false;
    for (uint64_t n = 1; !went_through && n < 100000; n++) {
        session s;
        memset(&s, 0, sizeof s);
        cp_eval end = CP_EVAL_REFUSED;
        if (try_open(&s, n)) {
            copse_status status = cp_interaction_give(s.in, "test.scm", text, sizeof text - 1);
            cp_value value;
            end = CP_EVAL_DONE;
            while (status == COPSE_OK && end == CP_EVAL_DONE)
                end = cp_interaction_next(s.in, CP_FUEL_UNLIMITED, &value);
        }
        went_through = s.fault.refused == 0;
        if (went_through)
            assert_int_equal(end, CP_EVAL_END);
        if (s.vm != NULL)
            close_session(&s);
        assert_int_equal(s.fault.live_bytes, 0);
    }
    assert_true(went_through);
}

CP_TEST_MAIN(cmocka_unit_test(a_form_sees_what_the_forms_before_it_defined),
             cmocka_unit_test(a_procedure_may_be_defined_anew),
             cmocka_unit_test(a_macro_may_become_a_variable_and_back),
             cmocka_unit_test(features_are_what_the_host_says),
             cmocka_unit_test(every_end_but_done_has_its_message),
             cmocka_unit_test(text_that_ends_inside_a_form_says_what_is_open),
             cmocka_unit_test(after_an_error_the_next_form_is_read),
             cmocka_unit_test(a_warning_has_its_place),
             cmocka_unit_test(many_names_are_found_again),
             cmocka_unit_test(any_refused_request_ends_a_form_and_leaves_nothing))
