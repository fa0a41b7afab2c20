#include "tests/check.h"

#include "tests/interp/program.h"

static char *text_of(size_t size)
{
    char *text = malloc(size);
    assert_non_null(text);
    text[0] = '\0';
    return text;
}

/* Append FORMAT with I for each I below COUNT. */
static char *repeat(char *end, const char *format, int count)
{
    for (int i = 0; i < count; i++)
        end += sprintf(end, format, i, i, i);
    return end;
}

static void check_value(program *p, const char *text, const char *expected)
{
    const char *result = program_eval(p, text);
    if (strcmp(result, expected) != 0)
        fail_msg("got %.300s, expected %s, from %.200s", result, expected, text);
}

static program *open_program(void)
{
    program *p = malloc(sizeof *p);
    assert_non_null(p);
    program_open(p);
    program_load_prelude(p);
    return p;
}

static void close_program(program *p, char *text)
{
    free(text);
    program_close(p);
    free(p);
}

static void frames_of_more_than_250_registers_work(void **state)
{
    (void)state;
    program *p = open_program();
    char *text = text_of(200000);
    char *end = text + sprintf(text, "(define (f n) n) (let* (");
    end = repeat(end, "(v%d (f %d))", 600);
    end += sprintf(end, ") (let ((g (lambda () v599))) (+ v0 (+ v1 (+ v300 (+ (g) v598))))))");
    check_value(p, text, "1498");
    end = text + sprintf(text, "(let (");
    end = repeat(end, "(v%d (f %d))", 400);
    end += sprintf(end, ") (list v0 v200 v399))");
    check_value(p, text, "(0 200 399)");
    end = text + sprintf(text, "(let () ");
    end = repeat(end, "(define v%d (f %d))", 300);
    end = repeat(end, "(set! v%d (+ v%d 1))", 300);
    end += sprintf(end, " (+ v0 v299))");
    check_value(p, text, "301");
    close_program(p, text);
}

static void procedures_take_as_many_parameters_as_an_entry_has(void **state)
{
    (void)state;
    program *p = open_program();
    char *text = text_of(200000);
    char *end = text + sprintf(text, "(define f (lambda (");
    end = repeat(end, "p%d ", 199);
    end += sprintf(end, ") (+ (+ p0 (* p1 (+ p2 (f2 p3)))) (f2 p198)))) (define (f2 x) x) (f ");
    end = repeat(end, "%d ", 199);
    end += sprintf(end, ")");
    check_value(p, text, "203");
    end = text + sprintf(text, "(lambda (");
    end = repeat(end, "p%d ", 201);
    end += sprintf(end, ") 1)");
    check_value(p, text, "test.scm:1:9: lambda: 201 variables, expected at most 200");
    close_program(p, text);
}

static void calls_take_any_number_of_arguments(void **state)
{
    (void)state;
    program *p = open_program();
    char *text = text_of(2000000);
    char *end = text + sprintf(text, "(define (all . l) (length l)) (all ");
    end = repeat(end, "%d ", 3000);
    end += sprintf(end, ")");
    check_value(p, text, "3000");
    end = text + sprintf(text, "(define (f x . l) (+ x 1)) ");
    end = repeat(end, "(f ", 300);
    end += sprintf(end, "0");
    end = repeat(end, " 1)", 300);
    check_value(p, text, "300");
    close_program(p, text);
}

static void programs_have_any_number_of_constants(void **state)
{
    (void)state;
    program *p = open_program();
    char *text = text_of(4000000);
    char *end = text + sprintf(text, "(define (count v) (vector-length v)) (count '#(");
    end = repeat(end, "%d ", 60000);
    end += sprintf(end, "))");
    check_value(p, text, "60000");
    end = text + sprintf(text, "(define n 0) (define (add x) (set! n (+ n 1))) (begin ");
    end = repeat(end, "(add 's%d)", 70000);
    end += sprintf(end, " n)");
    check_value(p, text, "70000");
    end = text + sprintf(text, "(define (last v a) (list a (vector-ref v 69999))) (last '#(");
    end = repeat(end, "s%d ", 70000);
    end += sprintf(end, ") last-argument)");
    (void)program_eval(p, "(define last-argument 5)");
    check_value(p, text, "(5 s69999)");
    close_program(p, text);
}

static void jumps_reach_any_distance(void **state)
{
    (void)state;
    program *p = open_program();
    char *text = text_of(400000);
    for (int n = 10; n <= 1500; n = n * 3 / 2) {
        char *end = text + sprintf(text, "(define (f x y) (let loop ((i 0)) (if (< x y) (begin ");
        end = repeat(end, "(set! q (cons %d i))", n);
        end += sprintf(end, "(if (= i 3) 'small (loop (+ i 1)))) (begin ");
        end = repeat(end, "(set! q (cons %d i))", n);
        end += sprintf(end, "'large)))) (define q 0) (list (f 1 2) (f 2 1))");
        check_value(p, text, "(small large)");
    }
    close_program(p, text);
}

CP_TEST_MAIN(cmocka_unit_test(frames_of_more_than_250_registers_work),
             cmocka_unit_test(procedures_take_as_many_parameters_as_an_entry_has),
             cmocka_unit_test(calls_take_any_number_of_arguments),
             cmocka_unit_test(programs_have_any_number_of_constants),
             cmocka_unit_test(jumps_reach_any_distance))
