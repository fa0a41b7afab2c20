/* script.c -- answers are consumed call by call. */
#include "tests/bt/script.h"

#include "tests/bt/gen_text.h"
#include "tests/bt/real.h"

enum { MOST = 64 };

typedef struct {
    const char *letters[MOST]; /* borrowed from the answers */
    uint32_t asked[MOST];
    uint32_t halt_ticks[MOST];
} answers;

static const char *const status_letters = "IRSFKE";

static gen_status next_answer(answers *a, uint32_t index, gen_status usual)
{
    assert_true(index < MOST);
    const char *letters = a->letters[index];
    if (letters == NULL)
        return usual;
    char letter = letters[a->asked[index]];
    char after = letters[a->asked[index] + 1];
    if (after != '\0' && after != ' ' && after != '/')
        a->asked[index]++;
    if (letter == 'T')
        return GEN_SUCCESS;
    const char *found = strchr(status_letters, letter);
    assert_non_null(found);
    return (gen_status)(found - status_letters);
}

static gen_status answer_leaf(void *context, uint32_t leaf, uint32_t activation, uint32_t tick)
{
    (void)activation, (void)tick;
    return next_answer(context, leaf, GEN_SUCCESS);
}

static gen_status answer_condition(void *context, uint32_t leaf, uint32_t evaluation)
{
    (void)evaluation;
    return next_answer(context, leaf, GEN_SUCCESS);
}

static gen_status answer_expression(void *context, uint32_t expression, uint32_t evaluation)
{
    (void)evaluation;
    return next_answer(context, MOST / 2 + expression, GEN_SUCCESS);
}

static uint32_t answer_halt_ticks(void *context, uint32_t leaf, uint32_t activation)
{
    (void)activation;
    return ((answers *)context)->halt_ticks[leaf];
}

/* Reads TEXT into *A. */
static void read_answers(const char *text, answers *a)
{
    while (*text != '\0') {
        bool is_expression = *text == 'e';
        char *end;
        unsigned long index = strtoul(text + is_expression, &end, 10);
        assert_true(*end == '=');
        assert_true(index < MOST / 2);
        a->letters[index + (is_expression ? MOST / 2 : 0)] = end + 1;
        text = end + 1 + strcspn(end + 1, " /");
        if (*text == '/')
            a->halt_ticks[index] = (uint32_t)strtoul(text + 1, (char **)&text, 10);
        text += strspn(text, " ");
    }
}

/* Does STEPS, one word each. */
static void run_steps(real *r, const char *steps)
{
    int64_t now_ms = 0;
    while (*steps != '\0') {
        gen_step step = {.operation = GEN_TICK};
        if (*steps == 'h')
            step.operation = GEN_HALT;
        else if (*steps == 'r')
            step.operation = GEN_RESTART;
        else
            now_ms = strtoll(steps, NULL, 10);
        step.now_ms = now_ms;
        real_step(r, step);
        steps += strcspn(steps, " ");
        steps += strspn(steps, " ");
    }
}

void script_check(const char *tree_text, const char *answers_text, const char *steps,
                  bool with_ends, const char *expected)
{
    gen_tree tree = {0};
    assert_true(gen_tree_parse(tree_text, &tree));
    assert_null(gen_tree_problem(&tree));
    answers a = {0};
    read_answers(answers_text, &a);
    gen_oracle oracle = {answer_leaf, answer_condition, answer_expression, answer_halt_ticks, &a};
    char problem[400];
    real *r = real_new(&tree, oracle, problem, sizeof problem);
    if (r == NULL)
        fail_msg("%s", problem);
    run_steps(r, steps);
    char *log = gen_log_text(real_log(r), &tree, with_ends);
    if (strcmp(log, expected) != 0)
        print_message("%s  %s  %s\n", tree_text, answers_text, steps);
    assert_string_equal(log, expected);
    free(log);
    real_free(r);
    gen_tree_free(&tree);
}
