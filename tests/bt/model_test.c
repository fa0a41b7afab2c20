/* model_test.c -- the truth tables of the nodes, written out by hand from the table of decisions.
 *
 * A row is a tree, what its leaves answer, and the log that must follow (gen_log_text explains the
 * marks). Answers are consumed call by call and the last one repeats; a leaf without answers gives
 * success, an expression without answers is true. "1=RF/2" is leaf 1 whose halts take two more
 * ticks. The numbers in comments are rows of the table of decisions, "read as" those of model.c. */
#include "tests/bt/model.h"

#include <inttypes.h>

#include "tests/check.h"

/* Scripted runs */

enum { MOST_NAMES = 32, MOST_STEPS = 256 };

typedef struct {
    const char *answers[MOST_NAMES]; /* borrowed from the text of the script; NULL: none */
    uint32_t asked[MOST_NAMES];
    uint32_t halt_ticks[MOST_NAMES];
} answers;

typedef struct {
    answers leaves;
    answers expressions;
} script;

typedef struct {
    const char *tree;
    const char *answers;
    const char *log;
} truth;

static gen_status status_of_letter(char letter)
{
    switch (letter) {
    case 'R':
        return GEN_RUNNING;
    case 'S':
    case 'T':
        return GEN_SUCCESS;
    case 'F':
        return GEN_FAILURE;
    case 'K':
        return GEN_SKIPPED;
    case 'E':
        return GEN_ERROR;
    }
    fail_msg("the script has the answer %c", letter);
    return GEN_IDLE;
}

static gen_status next_answer(answers *from, uint32_t name)
{
    assert_true(name < MOST_NAMES);
    const char *letters = from->answers[name];
    if (letters == NULL)
        return GEN_SUCCESS;
    uint32_t last = (uint32_t)strspn(letters, "RSTFKE") - 1;
    uint32_t asked = from->asked[name]++;
    return status_of_letter(letters[asked < last ? asked : last]);
}

static gen_status script_leaf(void *context, uint32_t leaf, uint32_t activation, uint32_t tick)
{
    (void)activation;
    (void)tick;
    return next_answer(&((script *)context)->leaves, leaf);
}

static gen_status script_condition(void *context, uint32_t leaf, uint32_t evaluation)
{
    (void)evaluation;
    return next_answer(&((script *)context)->leaves, leaf);
}

static gen_status script_expression(void *context, uint32_t expression, uint32_t evaluation)
{
    (void)evaluation;
    return next_answer(&((script *)context)->expressions, expression);
}

static uint32_t script_halt_ticks(void *context, uint32_t leaf, uint32_t activation)
{
    (void)activation;
    return ((script *)context)->leaves.halt_ticks[leaf];
}

static script read_script(const char *text)
{
    script read = {0};
    while (*text != '\0') {
        answers *into = *text == 'e' ? &read.expressions : &read.leaves;
        char *at;
        unsigned long name = strtoul(text + (*text == 'e'), &at, 10);
        assert_true(name < MOST_NAMES && *at == '=');
        into->answers[name] = at + 1;
        text = at + 1 + strspn(at + 1, "RSTFKE");
        if (*text == '/') {
            into->halt_ticks[name] = (uint32_t)strtoul(text + 1, &at, 10);
            text = at;
        }
        text += strspn(text, " ");
    }
    return read;
}

static gen_tree read_tree(const char *text)
{
    gen_tree tree;
    if (!gen_tree_parse(text, &tree))
        fail_msg("not a tree: %s", text);
    const char *problem = gen_tree_problem(&tree);
    if (problem != NULL)
        fail_msg("%s: %s", problem, text);
    return tree;
}

/* The step that the part of a log before the next bar shows. */
static gen_step read_step(const char **text, int64_t now_ms)
{
    gen_step step = {GEN_TICK, now_ms};
    *text += strspn(*text, " |");
    if (**text == '@') {
        char *end;
        step.now_ms = strtoll(*text + 1, &end, 10);
        *text = end + strspn(end, " ");
    }
    if (strncmp(*text, "halt", 4) == 0)
        step.operation = GEN_HALT;
    if (strncmp(*text, "restart", 7) == 0)
        step.operation = GEN_RESTART;
    *text += strcspn(*text, "|");
    return step;
}

static void check_row(const truth *row, bool with_ends)
{
    gen_tree tree = read_tree(row->tree);
    script told = read_script(row->answers);
    gen_oracle oracle = {script_leaf, script_condition, script_expression, script_halt_ticks,
                         &told};
    model *m = model_new(&tree, oracle);
    int64_t now_ms = 0;
    for (const char *left = row->log; *left != '\0';) {
        gen_step step = read_step(&left, now_ms);
        now_ms = step.now_ms;
        model_step(m, step);
    }
    char *log = gen_log_text(model_log(m), &tree, with_ends);
    bool is_same = strcmp(log, row->log) == 0;
    if (!is_same)
        print_error("%s with %s\n  expected %s\n  got      %s\n", row->tree, row->answers, row->log,
                    log);
    free(log);
    model_free(m);
    gen_tree_free(&tree);
    assert_true(is_same);
}

static void check_rows(const truth *rows, size_t count, bool with_ends)
{
    for (size_t i = 0; i < count; i++)
        check_row(&rows[i], with_ends);
}

#define CHECK_ROWS(rows) check_rows(rows, sizeof(rows) / sizeof(rows)[0], false)
#define CHECK_ENDS(rows) check_rows(rows, sizeof(rows) / sizeof(rows)[0], true)

/* clang-format off: a row is a tree, its answers, its log */

/* Leaves and constants */

static void a_leaf_starts_once_and_gives_its_result(void **state)
{
    (void)state;
    static const truth rows[] = {
        {"(act a1)", "1=S", "+1 1S :S"},
        {"(act a1)", "1=F", "+1 1F :F"},
        {"(act a1)", "1=K", "+1 1K :K"},
        {"(act a1)", "1=RRS", "+1 1R :R | 1R :R | 1S :S"},
        {"(act a1)", "1=RK", "+1 1R :R | 1K :K"},
        {"(cond c1)", "1=SF", "?1S :S | ?1F :F"},
        {"(succeed)", "", ":S | :S"},
        {"(fail)", "", ":F | :F"},
        {"(running)", "", ":R | :R"},
    };
    CHECK_ROWS(rows);
}

static void a_tick_after_the_end_starts_the_tree_anew(void **state)
{
    (void)state;
    static const truth rows[] = {
        {"(act a1)", "1=RSRF", "+1 1R :R | 1S :S | +1 1R :R | 1F :F | +1 1F :F"},
        {"(seq (act a1) (act a2))", "1=S 2=SF", "+1 1S +2 2S :S | +1 1S +2 2F :F | +1 1S +2 2F :F"},
    };
    CHECK_ROWS(rows);
}

static void a_condition_that_gives_no_truth_value_is_an_error(void **state) /* read as 30 */
{
    (void)state;
    static const truth rows[] = {
        {"(cond c1)", "1=R", "?1E :E"},
        {"(cond c1)", "1=K", "?1E :E"},
        {"(sel (cond c1) (act a2))", "1=E", "?1E :E | ?1E :E"},
    };
    CHECK_ROWS(rows);
}

/* seq, sel: rows 1, 2, 14, 15 */

static void a_sequence_goes_on_at_its_running_child(void **state) /* 1 */
{
    (void)state;
    static const truth rows[] = {
        {"(seq (act a1) (act a2))", "1=S 2=RS", "+1 1S +2 2R :R | 2S :S"},
        {"(seq (act a1) (act a2) (act a3))", "2=RRS 3=RF",
         "+1 1S +2 2R :R | 2R :R | 2S +3 3R :R | 3F :F"},
        {"(seq (cond c1) (act a2))", "1=SF 2=RRS", "?1S +2 2R :R | 2R :R | 2S :S | ?1F :F"},
    };
    CHECK_ROWS(rows);
}

static void a_selector_goes_on_at_its_running_child(void **state) /* 1 */
{
    (void)state;
    static const truth rows[] = {
        {"(sel (act a1) (act a2))", "1=F 2=RS", "+1 1F +2 2R :R | 2S :S"},
        {"(sel (act a1) (act a2) (act a3))", "1=RF 2=RF 3=RF",
         "+1 1R :R | 1F +2 2R :R | 2F +3 3R :R | 3F :F"},
        {"(sel (cond c1) (act a2))", "1=FS 2=RRF", "?1F +2 2R :R | 2R :R | 2F :F | ?1S :S"},
    };
    CHECK_ROWS(rows);
}

static void a_sequence_stops_at_the_first_failure_and_starts_over(void **state) /* 2 */
{
    (void)state;
    static const truth rows[] = {
        {"(seq (act a1) (act a2))", "1=F", "+1 1F :F | +1 1F :F"},
        {"(seq (act a1) (act a2) (act a3))", "2=FS", "+1 1S +2 2F :F | +1 1S +2 2S +3 3S :S"},
        {"(seq (act a1) (act a2))", "2=RFS", "+1 1S +2 2R :R | 2F :F | +1 1S +2 2S :S"},
    };
    CHECK_ROWS(rows);
}

static void a_selector_stops_at_the_first_success_and_starts_over(void **state) /* 2 */
{
    (void)state;
    static const truth rows[] = {
        {"(sel (act a1) (act a2))", "1=S", "+1 1S :S | +1 1S :S"},
        {"(sel (act a1) (act a2))", "1=F 2=SF", "+1 1F +2 2S :S | +1 1F +2 2F :F"},
        {"(sel (act a1) (act a2))", "1=F 2=RSF", "+1 1F +2 2R :R | 2S :S | +1 1F +2 2F :F"},
    };
    CHECK_ROWS(rows);
}

static void a_skipped_child_is_passed_over(void **state) /* 14 */
{
    (void)state;
    static const truth rows[] = {
        {"(seq (act a1) (act a2) (act a3))", "2=K", "+1 1S +2 2K +3 3S :S"},
        {"(seq (act a1) (act a2))", "1=K 2=F", "+1 1K +2 2F :F"},
        {"(sel (act a1) (act a2))", "1=K 2=F", "+1 1K +2 2F :F"},
        {"(sel (act a1) (act a2))", "1=K 2=S", "+1 1K +2 2S :S"},
        {"(sel (act a1) (act a2))", "1=F 2=K", "+1 1F +2 2K :F"},
        {"(reactive-seq (act a1) (act a2))", "1=K 2=RS", "+1 1K +2 2R :R | +1 1K 2S :S"},
        {"(reactive-sel (act a1) (act a2))", "1=K 2=F", "+1 1K +2 2F :F"},
        {"(mem-seq (act a1) (act a2))", "1=K", "+1 1K +2 2S :S"},
        {"(mem-sel (act a1) (act a2))", "1=K 2=F", "+1 1K +2 2F :F"},
    };
    CHECK_ROWS(rows);
}

static void when_all_children_are_skipped_so_is_the_node(void **state) /* 14 */
{
    (void)state;
    static const truth rows[] = {
        {"(seq (act a1) (act a2))", "1=K 2=K", "+1 1K +2 2K :K"},
        {"(sel (act a1) (act a2))", "1=K 2=K", "+1 1K +2 2K :K"},
        {"(seq (act a1) (act a2))", "1=K 2=RK", "+1 1K +2 2R :R | 2K :K"},
        {"(mem-seq (act a1))", "1=K", "+1 1K :K"},
        {"(mem-sel (act a1))", "1=K", "+1 1K :K"},
        {"(reactive-seq (act a1) (act a2))", "1=K 2=K", "+1 1K +2 2K :K"},
        {"(reactive-sel (act a1) (act a2))", "1=K 2=K", "+1 1K +2 2K :K"},
        {"(async-seq (act a1) (act a2))", "1=K 2=K", "+1 1K +2 2K :K"},
        {"(parallel (act a1) (act a2))", "1=K 2=K", "+1 1K +2 2K :K"},
        {"(sel (seq (act a1)) (act a2))", "1=K", "+1 1K +2 2S :S"},
    };
    CHECK_ROWS(rows);
}

static void an_empty_control_node_is_the_neutral_element(void **state) /* 15 */
{
    (void)state;
    static const truth rows[] = {
        {"(seq)", "", ":S"},
        {"(sel)", "", ":F"},
        {"(mem-seq)", "", ":S"},
        {"(mem-sel)", "", ":F"},
        {"(reactive-seq)", "", ":S"},
        {"(reactive-sel)", "", ":F"},
        {"(async-seq)", "", ":S"},
        {"(parallel)", "", ":S"},
        {"(seq (seq) (sel (sel) (act a1)))", "", "+1 1S :S"},
    };
    CHECK_ROWS(rows);
}

/* mem-seq, mem-sel: rows 2, 3 */

static void a_memory_sequence_stays_at_the_failed_child(void **state) /* 2 */
{
    (void)state;
    static const truth rows[] = {
        {"(mem-seq (act a1) (act a2) (act a3))", "2=FS", "+1 1S +2 2F :F | +2 2S +3 3S :S"},
        {"(mem-seq (act a1) (act a2))", "2=RFRS", "+1 1S +2 2R :R | 2F :F | +2 2R :R | 2S :S"},
        {"(mem-seq (act a1) (act a2))", "2=FSF", "+1 1S +2 2F :F | +2 2S :S | +1 1S +2 2F :F"},
        {"(retry 3 (mem-seq (act a1) (act a2)))", "2=FFS", "+1 1S +2 2F :R | +2 2F :R | +2 2S :S"},
    };
    CHECK_ROWS(rows);
}

static void a_memory_selector_stays_at_the_successful_child(void **state) /* 2 */
{
    (void)state;
    static const truth rows[] = {
        {"(mem-sel (act a1) (act a2))", "1=F 2=S", "+1 1F +2 2S :S | +2 2S :S"},
        {"(mem-sel (act a1) (act a2))", "1=FS 2=SF", "+1 1F +2 2S :S | +2 2F :F | +1 1S :S"},
        {"(mem-sel (act a1) (act a2) (act a3))", "1=F 2=SF 3=S",
         "+1 1F +2 2S :S | +2 2F +3 3S :S | +3 3S :S"},
    };
    CHECK_ROWS(rows);
}

static void a_resumed_memory_sequence_is_never_all_skipped(void **state) /* read as 10 */
{
    (void)state;
    static const truth rows[] = {
        {"(mem-seq (act a1) (act a2))", "2=FK", "+1 1S +2 2F :F | +2 2K :S"},
        {"(mem-seq (act a1) (act a2))", "1=K 2=FK", "+1 1K +2 2F :F | +2 2K :S | +1 1K +2 2K :K"},
    };
    CHECK_ROWS(rows);
}

static void a_halt_clears_the_place_of_a_memory_node(void **state) /* 3 */
{
    (void)state;
    static const truth rows[] = {
        {"(mem-seq (act a1) (act a2))", "2=RS",
         "+1 1S +2 2R :R | halt -2 :halted | +1 1S +2 2S :S"},
        {"(reactive-sel (cond c1) (mem-seq (act a2) (act a3)))", "1=FSF 3=RS",
         "?1F +2 2S +3 3R :R | ?1S -3 :S | ?1F +2 2S +3 3S :S"},
        /* it failed and waits under a retry that is halted while running: read as 12 */
        {"(retry 3 (mem-seq (act a1) (act a2)))", "2=FS",
         "+1 1S +2 2F :R | halt :halted | +1 1S +2 2S :S"},
    };
    CHECK_ROWS(rows);
}

static void an_idle_root_keeps_its_place_over_a_halt_but_not_over_a_restart(void **state)
{
    (void)state;
    static const truth rows[] = {
        {"(mem-seq (act a1) (act a2))", "2=FS", "+1 1S +2 2F :F | halt :halted | +2 2S :S"},
        {"(mem-seq (act a1) (act a2))", "2=FS",
         "+1 1S +2 2F :F | restart :halted | +1 1S +2 2S :S"},
    };
    CHECK_ROWS(rows);
}

static void a_memory_node_that_is_skipped_by_its_condition_keeps_its_place(void **state)
{
    (void)state;
    static const truth rows[] = {
        {"(mem-seq :if (e1) (act a1) (act a2))", "2=FS e1=TFT",
         "e1T +1 1S +2 2F :F | e1F :K | e1T +2 2S :S"},
        {"(mem-seq :success-if (e1) (act a1) (act a2))", "2=FS e1=FTF",
         "e1F +1 1S +2 2F :F | e1T :S | e1F +2 2S :S"},
    };
    CHECK_ROWS(rows);
}

/* Reactive nodes: rows 4, 5 */

static void a_reactive_sequence_begins_at_its_first_child_in_each_tick(void **state)
{
    (void)state;
    static const truth rows[] = {
        {"(reactive-seq (cond c1) (act a2))", "2=RRS", "?1S +2 2R :R | ?1S 2R :R | ?1S 2S :S"},
        {"(reactive-seq (cond c1) (act a2))", "1=SF 2=R", "?1S +2 2R :R | ?1F -2 :F"},
        {"(reactive-seq (act a1) (act a2))", "2=RS", "+1 1S +2 2R :R | +1 1S 2S :S"},
        {"(reactive-seq (act a1) (act a2))", "1=RS 2=S", "+1 1R :R | 1S +2 2S :S"},
    };
    CHECK_ROWS(rows);
}

static void a_reactive_selector_begins_at_its_first_child_in_each_tick(void **state)
{
    (void)state;
    static const truth rows[] = {
        {"(reactive-sel (cond c1) (act a2))", "1=F 2=RRF", "?1F +2 2R :R | ?1F 2R :R | ?1F 2F :F"},
        {"(reactive-sel (cond c1) (act a2))", "1=FS 2=R", "?1F +2 2R :R | ?1S -2 :S"},
        {"(reactive-sel (act a1) (act a2))", "1=FR 2=R", "+1 1F +2 2R :R | +1 1R -2 :R"},
    };
    CHECK_ROWS(rows);
}

static void a_reactive_node_ticks_the_new_branch_before_it_halts_the_old(void **state) /* 4 */
{
    (void)state;
    static const truth rows[] = {
        {"(reactive-sel (seq (cond c1) (act a2)) (act a3))", "1=FS 2=R 3=R",
         "?1F +3 3R :R | ?1S +2 2R -3 :R"},
        {"(reactive-sel (seq (cond c1) (act a2)) (act a3))", "1=FS 2=S 3=R",
         "?1F +3 3R :R | ?1S +2 2S -3 :S"},
        {"(reactive-seq (act a1) (act a2))", "1=SR 2=R", "+1 1S +2 2R :R | +1 1R -2 :R"},
    };
    CHECK_ROWS(rows);
}

static void a_reactive_node_halts_every_other_running_child(void **state) /* 5 */
{
    (void)state;
    static const truth rows[] = {
        /* a child to the left can not stay running: it would have been the one that decided */
        {"(reactive-seq (act a1) (act a2) (act a3))", "1=SSF 2=SSR 3=R",
         "+1 1S +2 2S +3 3R :R | +1 1S +2 2S 3R :R | +1 1F -3 :F"},
        {"(reactive-sel (act a1) (act a2) (act a3))", "1=FF 2=FR 3=R",
         "+1 1F +2 2F +3 3R :R | +1 1F +2 2R -3 :R"},
        {"(reactive-sel (act a1) (parallel (act a2) (act a3)))", "1=FS 2=R 3=R",
         "+1 1F +2 2R +3 3R :R | +1 1S -2 -3 :S"},
    };
    CHECK_ROWS(rows);
}

static void
the_holder_of_a_claimed_output_is_halted_before_the_new_leaf_starts(void **state) /* 4 */
{
    (void)state;
    static const truth rows[] = {
        {"(define-leaf (a2) :uses (o0)) (define-leaf (a3) :uses (o0))"
         "(reactive-sel (seq (cond c1) (act a2)) (act a3))",
         "1=FS 2=R 3=R", "?1F +3 3R :R | ?1S -3 +2 2R :R"},
        /* other outputs: the old leaf is halted after */
        {"(define-leaf (a2) :uses (o1)) (define-leaf (a3) :uses (o0))"
         "(reactive-sel (seq (cond c1) (act a2)) (act a3))",
         "1=FS 2=R 3=R", "?1F +3 3R :R | ?1S +2 2R -3 :R"},
        /* one of several is enough */
        {"(define-leaf (a2) :uses (o1 o0)) (define-leaf (a3) :uses (o0 o2))"
         "(reactive-sel (seq (cond c1) (act a2)) (act a3))",
         "1=FS 2=R 3=R", "?1F +3 3R :R | ?1S -3 +2 2R :R"},
        /* not before a leaf that goes on: only its start claims */
        {"(define-leaf (a1) :uses (o0)) (define-leaf (a2) :uses (o0))"
         "(seq (act a1) (act a2))",
         "1=RS 2=R", "+1 1R :R | 1S +2 2R :R"},
    };
    CHECK_ROWS(rows);
}

static void all_holders_of_claimed_outputs_are_halted_left_to_right(void **state)
{
    (void)state;
    static const truth rows[] = {
        {"(define-leaf (a1) :uses (o0 o1)) (define-leaf (a2) :uses (o0))"
         "(define-leaf (a3) :uses (o1))"
         "(reactive-sel (seq (cond c4) (act a1)) (parallel (act a2) (act a3)))",
         "4=FS 1=R 2=R 3=R", "?4F +2 2R +3 3R :R | ?4S -2 -3 +1 1R :R"},
    };
    CHECK_ROWS(rows);
}

static void a_holder_halted_for_a_claim_starts_anew_when_its_branch_is_ticked_again(void **state)
{
    (void)state; /* read as 31: a2 took the output and failed, so a3 gets its branch back */
    static const truth rows[] = {
        {"(define-leaf (a2) :uses (o0)) (define-leaf (a3) :uses (o0))"
         "(reactive-sel (seq (cond c1) (act a2)) (act a3 :on-halt (hook)))",
         "1=FS 2=F 3=R", "?1F +3 3R :R | ?1S -3 !h4 +2 2F +3 3R :R"},
        {"(define-leaf (a2) :uses (o0)) (define-leaf (a3) :uses (o0))"
         "(reactive-sel (seq (cond c1) (act a2)) (seq :on-halt (hook) (act a4) (act a3)))",
         "1=FS 2=F 3=R", "?1F +4 4S +3 3R :R | ?1S -3 +2 2F +3 3R :R"},
        {"(define-leaf (a2) :uses (o0)) (define-leaf (a3) :uses (o0))"
         "(reactive-sel (seq (cond c1) (act a2)) (seq :on-halt (hook) (act a4) (act a3)))",
         "1=FS 2=R 3=R", "?1F +4 4S +3 3R :R | ?1S -3 +2 2R !h4 :R"},
        {"(define-leaf (a2) :uses (o0)) (define-leaf (a3) :uses (o0))"
         "(reactive-sel (seq (cond c1) (act a2)) (act a3 :if (e1)))",
         "1=FS 2=F 3=R e1=TF", "?1F e1T +3 3R :R | ?1S -3 +2 2F e1F :F"},
    };
    CHECK_ROWS(rows);
}

/* async-seq */

static void an_async_sequence_gives_one_child_a_tick(void **state)
{
    (void)state;
    static const truth rows[] = {
        {"(async-seq (act a1) (act a2) (act a3))", "", "+1 1S :R | +2 2S :R | +3 3S :S | +1 1S :R"},
        {"(async-seq (act a1) (act a2))", "1=RS", "+1 1R :R | 1S :R | +2 2S :S"},
        {"(async-seq (act a1) (act a2))", "1=F", "+1 1F :F"},
        {"(async-seq (act a1) (act a2))", "2=F", "+1 1S :R | +2 2F :F"},
        {"(async-seq (act a1) (act a2))", "1=K", "+1 1K +2 2S :S"},
        {"(async-seq (act a1) (act a2))", "2=K", "+1 1S :R | +2 2K :S"},
        {"(async-seq (act a1) (act a2))", "", "+1 1S :R | halt :halted | +1 1S :R"},
        {"(reactive-sel (cond c1) (async-seq (act a2) (act a3)))", "1=FSF",
         "?1F +2 2S :R | ?1S :S | ?1F +2 2S :R"},
    };
    CHECK_ROWS(rows);
}

/* parallel: rows 8, 9, 14 */

static void a_parallel_ticks_all_children_before_its_verdict(void **state) /* 8 */
{
    (void)state;
    static const truth rows[] = {
        {"(parallel (act a1) (act a2))", "", "+1 1S +2 2S :S"},
        {"(parallel (act a1) (act a2))", "1=F 2=S", "+1 1F +2 2S :F"},
        {"(parallel (act a1) (act a2))", "1=F 2=R", "+1 1F +2 2R -2 :F"},
        {"(parallel :success 1 (act a1) (act a2))", "2=R", "+1 1S +2 2R -2 :S"},
        /* the safety monitor placed second is not skipped because the first child succeeded */
        {"(parallel :success 1 (act a1) (act a2))", "2=F", "+1 1S +2 2F :F"},
        {"(parallel :success 1 (act a1) (act a2))", "1=R 2=S", "+1 1R +2 2S -1 :S"},
    };
    CHECK_ROWS(rows);
}

static void failure_beats_success_in_a_parallel(void **state) /* 8 */
{
    (void)state;
    static const truth rows[] = {
        {"(parallel :success 1 :failure 1 (act a1) (act a2))", "1=S 2=F", "+1 1S +2 2F :F"},
        {"(parallel :success 1 :failure 1 (act a1) (act a2))", "1=F 2=S", "+1 1F +2 2S :F"},
        {"(parallel :success 1 :failure 2 (act a1) (act a2))", "1=F 2=S", "+1 1F +2 2S :S"},
        {"(parallel :success 1 :failure 2 (act a1) (act a2))", "1=F 2=RF",
         "+1 1F +2 2R :R | 2F :F"},
    };
    CHECK_ROWS(rows);
}

static void an_early_parallel_gives_its_verdict_after_each_child(void **state) /* 8 */
{
    (void)state;
    static const truth rows[] = {
        {"(parallel :success 1 :early #t (act a1) (act a2))", "2=F", "+1 1S :S"},
        {"(parallel :success 1 :early #t (act a1) (act a2))", "1=F 2=S", "+1 1F :F"},
        {"(parallel :early #t (act a1) (act a2))", "1=F", "+1 1F :F"},
        {"(parallel :success 1 :early #t (act a1) (act a2) (act a3))", "1=R 2=S",
         "+1 1R +2 2S -1 :S"},
        {"(parallel :success 1 :early #t (act a1) (act a2))", "1=RS 2=R",
         "+1 1R +2 2R :R | 1S -2 :S"},
        {"(parallel :early #t (act a1) (act a2))", "1=K 2=K", "+1 1K +2 2K :K"},
    };
    CHECK_ROWS(rows);
}

static void thresholds_of_a_parallel_count_from_the_end_when_negative(void **state) /* 8 */
{
    (void)state;
    static const truth rows[] = {
        {"(parallel :success 2 (act a1) (act a2) (act a3))", "3=R", "+1 1S +2 2S +3 3R -3 :S"},
        {"(parallel :success 3 (act a1) (act a2) (act a3))", "3=R", "+1 1S +2 2S +3 3R :R"},
        {"(parallel :success -2 (act a1) (act a2) (act a3))", "3=R", "+1 1S +2 2S +3 3R -3 :S"},
        {"(parallel :success -3 (act a1) (act a2) (act a3))", "2=R 3=R",
         "+1 1S +2 2R +3 3R -2 -3 :S"},
        {"(parallel :success 1 :failure -1 (act a1) (act a2))", "1=F 2=RF",
         "+1 1F +2 2R :R | 2F :F"},
        {"(parallel :success 1 :failure -2 (act a1) (act a2) (act a3))", "1=F 2=R 3=RF",
         "+1 1F +2 2R +3 3R :R | 2R 3F -2 :F"},
    };
    CHECK_ROWS(rows);
}

static void a_parallel_fails_when_its_successes_can_not_be_reached(void **state) /* read as 16 */
{
    (void)state;
    static const truth rows[] = {
        {"(parallel :failure 2 (act a1) (act a2))", "1=F 2=R", "+1 1F +2 2R -2 :F"},
        {"(parallel :success 2 :failure 3 (act a1) (act a2) (act a3))", "1=F 2=F 3=R",
         "+1 1F +2 2F +3 3R -3 :F"},
        {"(parallel :success 2 :failure 3 (act a1) (act a2) (act a3))", "1=F 2=R 3=R",
         "+1 1F +2 2R +3 3R :R"},
    };
    CHECK_ROWS(rows);
}

static void a_threshold_of_zero_is_reached_at_the_first_verdict(void **state) /* read as 17 */
{
    (void)state;
    static const truth rows[] = {
        {"(parallel :success 0 (act a1) (act a2))", "1=R 2=R", "+1 1R +2 2R -1 -2 :S"},
        {"(parallel :failure 0 (act a1) (act a2))", "1=S 2=R", "+1 1S +2 2R -2 :F"},
        {"(parallel :success 0 :failure 0 :early #t (act a1) (act a2))", "", "+1 1S :F"},
        {"(parallel :success -9 (act a1) (act a2))", "1=R 2=R", "+1 1R +2 2R -1 -2 :S"},
    };
    CHECK_ROWS(rows);
}

static void a_parallel_does_not_tick_finished_children_again(void **state) /* 9 */
{
    (void)state;
    static const truth rows[] = {
        {"(parallel (act a1) (act a2))", "2=RRS", "+1 1S +2 2R :R | 2R :R | 2S :S"},
        {"(parallel (act a1) (act a2))", "1=S 2=RSR", "+1 1S +2 2R :R | 2S :S | +1 1S +2 2R :R"},
        {"(parallel (act a1) (act a2))", "2=R",
         "+1 1S +2 2R :R | halt -2 :halted | +1 1S +2 2R :R"},
    };
    CHECK_ROWS(rows);
}

static void
a_parallel_counts_a_skip_as_done_only_with_a_negative_success_count(void **state) /* 14 */
{
    (void)state;
    static const truth rows[] = {
        {"(parallel (act a1) (act a2))", "2=K", "+1 1S +2 2K :S"},
        {"(parallel :success 2 (act a1) (act a2))", "2=KKS",
         "+1 1S +2 2K :R | +2 2K :R | +2 2S :S"},
        {"(parallel (act a1) (act a2))", "1=K 2=F", "+1 1K +2 2F :F"},
        {"(parallel (act a1) (act a2))", "1=K 2=RS", "+1 1K +2 2R :R | +1 1K 2S :S"},
        {"(parallel :success 2 (act a1) (act a2))", "1=K 2=K", "+1 1K +2 2K :K"},
    };
    CHECK_ROWS(rows);
}

static void a_parallel_is_skipped_when_all_children_are_skipped_in_one_tick(void **state) /* 14 */
{
    (void)state;
    static const truth rows[] = {
        {"(parallel (act a1) (act a2))", "1=RK 2=K", "+1 1R +2 2K :R | 1K +2 2K :K"},
        {"(parallel (act a1) (act a2))", "1=SK 2=RK", "+1 1S +2 2R :R | 2K :S"},
        {"(parallel :success 0 (act a1))", "1=K", "+1 1K :K"},
    };
    CHECK_ROWS(rows);
}

/* if, while-do-else: rows 4, 14 */

static void an_if_looks_at_its_condition_once_a_run(void **state)
{
    (void)state;
    static const truth rows[] = {
        {"(if (cond c1) (act a2) (act a3))", "1=SF 2=RS", "?1S +2 2R :R | 2S :S | ?1F +3 3S :S"},
        {"(if (cond c1) (act a2) (act a3))", "1=F 3=RF", "?1F +3 3R :R | 3F :F"},
        {"(if (cond c1) (act a2) (act a3))", "2=F", "?1S +2 2F :F"},
        {"(if (act a1) (act a2))", "1=RS 2=R", "+1 1R :R | 1S +2 2R :R"},
        {"(if (cond c1) (act a2))", "1=F", "?1F :F"},
        {"(if (cond c1) (act a2) (act a3))", "2=K", "?1S +2 2K :K"},
        {"(if (cond c1) (act a2))", "1=SF 2=R", "?1S +2 2R :R | halt -2 :halted | ?1F :F"},
    };
    CHECK_ROWS(rows);
}

static void a_skipped_condition_skips_the_if(void **state) /* 14 */
{
    (void)state;
    static const truth rows[] = {
        {"(if (act a1) (act a2) (act a3))", "1=K", "+1 1K :K"},
        {"(if (cond c1 :if (e1)) (act a2))", "e1=F", "e1F :K"},
        {"(while-do-else (act a1) (act a2) (act a3))", "1=SK 2=R", "+1 1S +2 2R :R | +1 1K -2 :K"},
    };
    CHECK_ROWS(rows);
}

static void while_do_else_halts_the_old_branch_before_it_ticks_the_new(void **state) /* 4 */
{
    (void)state;
    static const truth rows[] = {
        {"(while-do-else (cond c1) (act a2) (act a3))", "1=SSF 2=R 3=R",
         "?1S +2 2R :R | ?1S 2R :R | ?1F -2 +3 3R :R"},
        {"(while-do-else (cond c1) (act a2) (act a3))", "1=FS 2=S 3=R",
         "?1F +3 3R :R | ?1S -3 +2 2S :S"},
        {"(while-do-else (cond c1) (act a2))", "1=SF 2=R", "?1S +2 2R :R | ?1F -2 :F"},
        {"(while-do-else (cond c1) (act a2) (act a3))", "1=S 2=RF", "?1S +2 2R :R | ?1S 2F :F"},
        {"(while-do-else (cond c1) (act a2))", "2=K", "?1S +2 2K :K"},
    };
    CHECK_ROWS(rows);
}

static void a_running_condition_leaves_the_branch_of_while_do_else_alone(void **state)
{
    (void)state; /* read as 20 */
    static const truth rows[] = {
        {"(while-do-else (act a1) (act a2) (act a3))", "1=SRS 2=RS",
         "+1 1S +2 2R :R | +1 1R :R | 1S 2S :S"},
        {"(while-do-else (act a1) (act a2) (act a3))", "1=SRF 2=RS 3=S",
         "+1 1S +2 2R :R | +1 1R :R | 1F -2 +3 3S :S"},
    };
    CHECK_ROWS(rows);
}

/* Decorators */

static void invert_swaps_success_and_failure_and_nothing_else(void **state)
{
    (void)state;
    static const truth rows[] = {
        {"(invert (act a1))", "1=S", "+1 1S :F"},          {"(invert (act a1))", "1=F", "+1 1F :S"},
        {"(invert (act a1))", "1=RF", "+1 1R :R | 1F :S"}, {"(invert (act a1))", "1=K", "+1 1K :K"},
        {"(invert (act a1))", "1=E", "+1 1E :E"},
    };
    CHECK_ROWS(rows);
}

static void forced_results_replace_only_ends(void **state) /* 14 */
{
    (void)state;
    static const truth rows[] = {
        {"(force-success (act a1))", "1=F", "+1 1F :S"},
        {"(force-success (act a1))", "1=RF", "+1 1R :R | 1F :S"},
        {"(force-success (act a1))", "1=K", "+1 1K :K"},
        {"(force-success (act a1))", "1=E", "+1 1E :E"},
        {"(force-failure (act a1))", "1=S", "+1 1S :F"},
        {"(force-failure (act a1))", "1=RS", "+1 1R :R | 1S :F"},
        {"(force-failure (act a1))", "1=K", "+1 1K :K"},
    };
    CHECK_ROWS(rows);
}

static void retry_makes_one_attempt_a_tick_and_n_in_all(void **state) /* 10, 12 */
{
    (void)state;
    static const truth rows[] = {
        {"(retry 3 (act a1))", "1=F", "+1 1F :R | +1 1F :R | +1 1F :F"},
        {"(retry 3 (act a1))", "1=FS", "+1 1F :R | +1 1S :S"},
        {"(retry 1 (act a1))", "1=F", "+1 1F :F"},
        {"(retry 2 (act a1))", "1=RFRF", "+1 1R :R | 1F :R | +1 1R :R | 1F :F"},
        {"(retry 2 (act a1))", "1=K", "+1 1K :K"},
    };
    CHECK_ROWS(rows);
}

static void repeat_makes_one_round_a_tick_and_n_in_all(void **state) /* 10 */
{
    (void)state;
    static const truth rows[] = {
        {"(repeat 3 (act a1))", "", "+1 1S :R | +1 1S :R | +1 1S :S"},
        {"(repeat 3 (act a1))", "1=SF", "+1 1S :R | +1 1F :F"},
        {"(repeat 1 (act a1))", "", "+1 1S :S"},
        {"(repeat 2 (act a1))", "1=RSS", "+1 1R :R | 1S :R | +1 1S :S"},
        {"(repeat 2 (act a1))", "1=SK", "+1 1S :R | +1 1K :K"},
    };
    CHECK_ROWS(rows);
}

static void minus_one_is_endless_and_zero_is_no_call(void **state) /* 13 */
{
    (void)state;
    static const truth rows[] = {
        {"(retry 0 (act a1))", "", ":F"},
        {"(repeat 0 (act a1))", "", ":S"},
        {"(retry -1 (act a1))", "1=FFFFS", "+1 1F :R | +1 1F :R | +1 1F :R | +1 1F :R | +1 1S :S"},
        {"(repeat -1 (act a1))", "1=SSSSF", "+1 1S :R | +1 1S :R | +1 1S :R | +1 1S :R | +1 1F :F"},
    };
    CHECK_ROWS(rows);
}

static void counters_are_cleared_on_every_end_and_on_halt(void **state) /* 12 */
{
    (void)state;
    static const truth rows[] = {
        {"(retry 2 (act a1))", "1=F", "+1 1F :R | +1 1F :F | +1 1F :R | +1 1F :F"},
        {"(retry 2 (act a1))", "1=FSFF", "+1 1F :R | +1 1S :S | +1 1F :R | +1 1F :F"},
        {"(retry 2 (act a1))", "1=FKFF", "+1 1F :R | +1 1K :K | +1 1F :R | +1 1F :F"},
        {"(repeat 2 (act a1))", "1=SFSS", "+1 1S :R | +1 1F :F | +1 1S :R | +1 1S :S"},
        {"(retry 2 (act a1))", "1=F", "+1 1F :R | halt :halted | +1 1F :R | +1 1F :F"},
        {"(repeat 2 (act a1))", "", "+1 1S :R | restart :halted | +1 1S :R | +1 1S :S"},
    };
    CHECK_ROWS(rows);
}

static void a_delay_between_attempts_grows_with_its_backoff(void **state) /* 10 */
{
    (void)state;
    static const truth rows[] = {
        {"(retry 3 :delay-ms 10 (act a1))", "1=F",
         "+1 1F :R | @9 :R | @10 +1 1F :R | @19 :R | @25 +1 1F :F"},
        {"(retry 4 :delay-ms 10 :backoff 3 (act a1))", "1=F",
         "+1 1F :R | @10 +1 1F :R | @39 :R | @40 +1 1F :R | @129 :R | @130 +1 1F :F"},
        {"(repeat 2 :delay-ms 10 (act a1))", "", "@5 +1 1S :R | @14 :R | @15 +1 1S :S"},
        /* counted from the end of the attempt */
        {"(retry 2 :delay-ms 10 (act a1))", "1=RF", "+1 1R :R | @7 1F :R | @16 :R | @17 +1 1F :F"},
        /* no wait before the first attempt of the next run */
        {"(retry 2 :delay-ms 10 (act a1))", "1=F",
         "+1 1F :R | @10 +1 1F :F | +1 1F :R | @19 :R | @20 +1 1F :F"},
        {"(retry 2 :delay-ms 10 (act a1))", "1=F", "+1 1F :R | @5 halt :halted | +1 1F :R"},
    };
    CHECK_ROWS(rows);
}

static void rounds_in_place_follow_in_the_same_tick(void **state) /* 10 */
{
    (void)state;
    static const truth rows[] = {
        {"(retry 3 :in-place #t (act a1))", "1=F", "+1 1F +1 1F +1 1F :F"},
        {"(retry 3 :in-place #t (act a1))", "1=FRS", "+1 1F +1 1R :R | 1S :S"},
        {"(repeat 2 :in-place #t (act a1))", "", "+1 1S +1 1S :S"},
        {"(retry 3 :delay-ms 5 :in-place #t (act a1))", "1=F",
         "+1 1F :R | @5 +1 1F :R | @10 +1 1F :F"},
    };
    CHECK_ROWS(rows);
}

static void at_most_a_hundred_rounds_in_place_fit_in_a_tick(void **state) /* 10 */
{
    (void)state;
    char log[4000] = "";
    for (int i = 0; i < 100; i++)
        strcat(log, "+1 1F ");
    strcat(log, ":R | +1 1F +1 1F +1 1S :S");
    truth row = {"(retry -1 :in-place #t (act a1))", NULL, log};
    char told[200] = "1=";
    for (int i = 0; i < 102; i++)
        strcat(told, "F");
    strcat(told, "S");
    row.answers = told;
    check_row(&row, false);
}

static void a_timeout_is_decided_inside_the_tick(void **state) /* 16 */
{
    (void)state;
    static const truth rows[] = {
        {"(timeout 50 (act a1))", "1=R", "+1 1R :R | @49 1R :R | @50 -1 :F"},
        {"(timeout 50 (act a1))", "1=RS", "@10 +1 1R :R | @59 1S :S"},
        /* the child that would end at the limit gets no further call */
        {"(timeout 50 (act a1))", "1=RS", "+1 1R :R | @50 -1 :F"},
        {"(timeout 50 (act a1))", "1=R",
         "+1 1R :R | @80 -1 :F | +1 1R :R | @129 1R :R | @130 -1 :F"},
        {"(timeout 50 (act a1))", "1=K", "+1 1K :K"},
        {"(timeout 50 (act a1))", "1=F", "+1 1F :F"},
        {"(timeout 50 (act a1))", "1=R",
         "+1 1R :R | @40 halt -1 :halted | @60 +1 1R :R | @109 1R :R"},
        {"(timeout 0 (act a1))", "", ":F"},
        {"(timeout 50 (retry -1 (act a1)))", "1=F", "+1 1F :R | @49 +1 1F :R | @50 :F"},
    };
    CHECK_ROWS(rows);
}

static void a_delay_runs_until_its_time_has_passed(void **state)
{
    (void)state;
    static const truth rows[] = {
        {"(delay 30 (act a1))", "1=RS", ":R | @29 :R | @30 +1 1R :R | @31 1S :S"},
        {"(delay 30 (act a1))", "", ":R | @100 +1 1S :S | :R | @129 :R | @130 +1 1S :S"},
        {"(delay 0 (act a1))", "", "+1 1S :S"},
        {"(delay 30 (act a1))", "", ":R | @20 halt :halted | @30 :R | @60 +1 1S :S"},
        {"(timeout 20 (delay 30 (act a1)))", "", ":R | @20 :F"},
    };
    CHECK_ROWS(rows);
}

static void two_yielding_loops_under_one_reactive_node_return_in_each_tick(void **state) /* 11 */
{
    (void)state;
    static const truth rows[] = {
        {"(reactive-sel (repeat 2 (invert (act a1))) (retry 2 (act a2)))", "2=F",
         "+1 1S +2 2F :R | +1 1S +2 2F :F"},
        {"(reactive-seq (retry 3 (act a1)) (repeat 2 (act a2)))", "1=FSFS",
         "+1 1F :R | +1 1S +2 2S :R | +1 1F :R | +1 1S +2 2S :R"},
    };
    CHECK_ROWS(rows);
}

/* Conditions and hooks of any node: row 18 */

static void an_if_condition_is_looked_at_only_at_the_start(void **state) /* 18 */
{
    (void)state;
    static const truth rows[] = {
        {"(act a1 :if (e1))", "e1=F", "e1F :K | e1F :K"},
        {"(act a1 :if (e1))", "1=RRS e1=TF", "e1T +1 1R :R | 1R :R | 1S :S | e1F :K"},
        {"(sel (act a1 :if (e1)) (act a2))", "e1=F", "e1F +2 2S :S"},
        {"(sel (seq :if (e1) (act a1)) (act a2))", "1=R e1=T",
         "e1T +1 1R :R | halt -1 :halted | e1T +1 1R :R"},
    };
    CHECK_ROWS(rows);
}

static void a_halted_condition_is_looked_at_again(void **state) /* 18 */
{
    (void)state;
    static const truth rows[] = {
        {"(act a1 :if (e1))", "1=R e1=TF", "e1T +1 1R :R | halt -1 :halted | e1F :K"},
        {"(reactive-sel (cond c1) (act a2 :if (e1)))", "1=FSF 2=R e1=TF",
         "?1F e1T +2 2R :R | ?1S -2 :S | ?1F e1F :F"},
    };
    CHECK_ROWS(rows);
}

static void a_while_that_becomes_false_halts_and_skips(void **state) /* 18 */
{
    (void)state;
    static const truth rows[] = {
        {"(act a1 :while (e1))", "e1=F", "e1F :K"},
        {"(act a1 :while (e1))", "1=R e1=TTF", "e1T +1 1R :R | e1T 1R :R | e1F -1 :K"},
        {"(act a1 :while (e1) :on-halt (hook))", "1=R e1=TF", "e1T +1 1R :R | e1F -1 !h0 :K"},
        {"(act a1 :while (e1) :on-halt (hook))", "e1=F", "e1F :K"},
        {"(seq (act a1 :while (e1)) (act a2))", "1=R e1=TF", "e1T +1 1R :R | e1F -1 +2 2S :S"},
        {"(sel :while (e1) (act a1) (act a2))", "1=F 2=R e1=TF", "e1T +1 1F +2 2R :R | e1F -2 :K"},
        {"(act a1 :while (e1))", "1=R e1=TFT", "e1T +1 1R :R | e1F -1 :K | e1T +1 1R :R"},
    };
    CHECK_ROWS(rows);
}

static void success_if_and_failure_if_give_a_result_without_a_tick(void **state)
{
    (void)state;
    static const truth rows[] = {
        {"(act a1 :success-if (e1))", "e1=T", "e1T :S"},
        {"(act a1 :success-if (e1))", "1=F e1=F", "e1F +1 1F :F"},
        {"(act a1 :failure-if (e1))", "e1=T", "e1T :F"},
        {"(act a1 :failure-if (e1))", "1=RS e1=FT", "e1F +1 1R :R | 1S :S | e1T :F"},
        {"(act a1 :failure-if (e1) :on-failure (hook) :post (hook))", "e1=T", "e1T !f0 !p0 :F"},
        {"(act a1 :success-if (e1) :on-success (hook))", "e1=T", "e1T !s0 :S"},
    };
    CHECK_ROWS(rows);
}

static void conditions_are_looked_at_in_their_order_until_one_decides(void **state)
{
    (void)state;
    static const char *const tree =
        "(act a1 :failure-if (e1) :success-if (e2) :if (e3) :while (e4))";
    const truth rows[] = {
        {tree, "e1=F e2=F e3=T e4=T", "e1F e2F e3T e4T +1 1S :S"},
        {tree, "e1=T e2=T e3=F e4=F", "e1T :F"},
        {tree, "e1=F e2=T e3=F e4=F", "e1F e2T :S"},
        {tree, "e1=F e2=F e3=F e4=F", "e1F e2F e3F :K"},
        {tree, "e1=F e2=F e3=T e4=F", "e1F e2F e3T e4F :K"},
        {tree, "1=R e1=F e2=F e3=T e4=T", "e1F e2F e3T e4T +1 1R :R | e4T 1R :R"},
        {"(act a1 :while (e4) :if (e3) :success-if (e2) :failure-if (e1))", "e1=F e2=F",
         "e1F e2F e3T e4T +1 1S :S"},
    };
    CHECK_ROWS(rows);
}

static void hooks_run_once_at_their_end(void **state) /* 23 */
{
    (void)state;
    static const truth rows[] = {
        {"(act a1 :on-success (hook) :on-failure (hook) :on-halt (hook) :post (hook))", "1=SF",
         "+1 1S !s0 !p0 :S | +1 1F !f0 !p0 :F"},
        {"(act a1 :on-success (hook) :on-failure (hook) :on-halt (hook) :post (hook))", "1=R",
         "+1 1R :R | halt -1 !h0 :halted | halt :halted"},
        {"(act a1 :on-success (hook) :on-failure (hook) :on-halt (hook) :post (hook))", "1=K",
         "+1 1K :K"},
        {"(act a1 :on-success (hook) :on-failure (hook) :on-halt (hook) :post (hook))", "1=E",
         "+1 1E :E"},
        {"(seq :on-success (hook) (act a1 :on-success (hook)) (act a2))", "",
         "+1 1S !s1 +2 2S !s0 :S"},
        {"(invert :on-failure (hook) (act a1 :on-success (hook)))", "", "+1 1S !s1 !f0 :F"},
        {"(seq :on-halt (hook) (act a1 :on-halt (hook)) (act a2 :on-halt (hook)))", "2=R",
         "+1 1S +2 2R :R | halt -2 !h2 !h0 :halted"},
    };
    CHECK_ROWS(rows);
}

/* Halts: rows 6, 7, 23 */

static void halts_go_left_to_right_and_children_before_their_parent(void **state) /* 6 */
{
    (void)state;
    static const truth rows[] = {
        {"(parallel (act a1) (act a2) (act a3))", "1=R 2=R 3=R",
         "+1 1R +2 2R +3 3R :R | halt -1 -2 -3 :halted"},
        {"(parallel :on-halt (hook) (seq :on-halt (hook) (act a1 :on-halt (hook)))"
         " (act a2 :on-halt (hook)))",
         "1=R 2=R", "+1 1R +2 2R :R | halt -1 !h2 !h1 -2 !h3 !h0 :halted"},
        {"(parallel (parallel (act a1) (act a2)) (parallel (act a3) (act a4)))", "1=R 2=S 3=R 4=R",
         "+1 1R +2 2S +3 3R +4 4R :R | restart -1 -3 -4 :halted"},
    };
    CHECK_ROWS(rows);
}

static void only_running_leaves_are_told_to_stop(void **state) /* 7 */
{
    (void)state;
    static const truth rows[] = {
        {"(seq (act a1) (act a2) (act a3))", "2=R", "+1 1S +2 2R :R | halt -2 :halted"},
        {"(parallel (act a1 :on-halt (hook)) (act a2))", "2=R", "+1 1S +2 2R :R | halt -2 :halted"},
        {"(act a1)", "", "+1 1S :S | halt :halted"},
        {"(act a1)", "", "halt :halted | restart :halted | +1 1S :S"},
        {"(act a1)", "1=R", "+1 1R :R | halt -1 :halted | halt :halted | +1 1R :R"},
        {"(running :on-halt (hook))", "", ":R | halt !h0 :halted"},
    };
    CHECK_ROWS(rows);
}

/* Errors: row 19 */

static void no_decorator_or_selector_sees_an_error(void **state) /* 19 */
{
    (void)state;
    static const truth rows[] = {
        {"(sel (act a1) (act a2))", "1=E", "+1 1E :E"},
        {"(seq (act a1) (act a2))", "1=E", "+1 1E :E"},
        {"(retry 3 (act a1))", "1=E", "+1 1E :E"},
        {"(repeat 3 (act a1))", "1=E", "+1 1E :E"},
        {"(force-success (invert (timeout 50 (delay 0 (act a1)))))", "1=E", "+1 1E :E"},
        {"(reactive-sel (act a1) (act a2))", "1=E", "+1 1E :E"},
        {"(if (act a1) (act a2) (act a3))", "1=E", "+1 1E :E"},
        {"(while-do-else (act a1) (act a2) (act a3))", "1=E", "+1 1E :E"},
        {"(mem-sel (act a1) (act a2))", "1=E", "+1 1E :E"},
        {"(async-seq (act a1) (act a2))", "1=E", "+1 1E :E"},
    };
    CHECK_ROWS(rows);
}

static void an_error_abandons_the_tick_and_halts_what_runs_in_order(void **state) /* 19 */
{
    (void)state;
    static const truth rows[] = {
        {"(parallel (act a1) (act a2) (act a3))", "1=R 2=RE 3=R",
         "+1 1R +2 2R +3 3R :R | 1R 2E -1 -3 :E"},
        {"(parallel :failure 1 (act a1) (act a2))", "1=E", "+1 1E :E"},
        {"(parallel :on-halt (hook) (act a1 :on-halt (hook)) (act a2 :on-halt (hook)))", "1=R 2=E",
         "+1 1R +2 2E -1 !h1 !h0 :E"},
        {"(reactive-sel (seq (cond c1) (act a2)) (act a3))", "1=FS 2=E 3=R",
         "?1F +3 3R :R | ?1S +2 2E -3 :E"},
    };
    CHECK_ROWS(rows);
}

static void the_tick_after_an_error_starts_the_tree_anew(void **state) /* 19 */
{
    (void)state;
    static const truth rows[] = {
        {"(seq (act a1) (act a2))", "2=ES", "+1 1S +2 2E :E | +1 1S +2 2S :S"},
        {"(mem-seq (act a1) (act a2))", "2=ES", "+1 1S +2 2E :E | +1 1S +2 2S :S"},
        {"(retry 2 (act a1))", "1=FEFF", "+1 1F :R | +1 1E :E | +1 1F :R | +1 1F :F"},
        {"(seq (force-success (mem-seq (act a1) (act a2))) (act a3))", "2=F 3=ES",
         "+1 1S +2 2F +3 3E :E | +1 1S +2 2F +3 3S :S"},
        {"(timeout 50 (act a1))", "1=RER", "+1 1R :R | @40 1E :E | @60 +1 1R :R | @109 1R :R"},
    };
    CHECK_ROWS(rows);
}

static void an_expression_that_raises_is_an_error_of_its_node(void **state) /* 19 */
{
    (void)state;
    static const truth rows[] = {
        {"(sel (act a1 :if (e1)) (act a2))", "e1=E", "e1E :E"},
        {"(sel (act a1 :failure-if (e1)) (act a2))", "e1=E", "e1E :E"},
        {"(seq :while (e1) :on-halt (hook) (act a1 :on-halt (hook)))", "1=R e1=TE",
         "e1T +1 1R :R | e1E -1 !h1 :E"},
        {"(act a1 :while (e1) :on-halt (hook))", "1=R e1=TE", "e1T +1 1R :R | e1E -1 :E"},
        {"(on-error :failure (seq :while (e1) (act a1)))", "1=R e1=TE", "e1T +1 1R :R | e1E -1 :F"},
        {"(on-error :failure :if (e1) (act a1))", "e1=E", "e1E :E"},
    };
    CHECK_ROWS(rows);
}

static void on_error_catches_only_what_is_under_it(void **state) /* 19 */
{
    (void)state;
    static const truth rows[] = {
        {"(on-error :failure (act a1))", "1=E", "+1 1E :F | +1 1E :F"},
        {"(on-error :success (act a1))", "1=E", "+1 1E :S"},
        {"(on-error :success (act a1))", "1=F", "+1 1F :F"},
        {"(on-error :failure (act a1))", "1=RS", "+1 1R :R | 1S :S"},
        {"(on-error :failure (act a1))", "1=K", "+1 1K :K"},
        {"(sel (on-error :failure (act a1)) (act a2))", "1=E", "+1 1E +2 2S :S"},
        {"(on-error :failure :on-failure (hook) (act a1))", "1=E", "+1 1E !f0 :F"},
        {"(parallel :failure 2 (act a1) (on-error :failure (parallel (act a2) (act a3))))",
         "1=R 2=R 3=E", "+1 1R +2 2R +3 3E -2 -1 :F"},
        {"(parallel :success 1 :failure 2 (act a1)"
         " (on-error :failure (parallel (act a2) (act a3))))",
         "1=R 2=R 3=E", "+1 1R +2 2R +3 3E -2 :R"},
        {"(parallel (on-error :failure (act a1)) (act a2))", "1=R 2=E", "+1 1R +2 2E -1 :E"},
        {"(on-error :success (sel (on-error :failure (act a1)) (act a2)))", "1=E 2=E",
         "+1 1E +2 2E :S"},
        {"(retry 2 (on-error :failure (mem-seq (act a1) (act a2))))", "2=ES",
         "+1 1S +2 2E :R | +1 1S +2 2S :S"},
    };
    CHECK_ROWS(rows);
}

/* Slow halts: row 30 */

static void a_slow_halt_is_resumed_first_in_each_tick(void **state) /* 30 */
{
    (void)state;
    static const truth rows[] = {
        {"(reactive-sel (cond c1) (act a2))", "1=FS 2=R/2",
         "?1F +2 2R :R | ?1S -2 :S | ~2 ?1S :S | ~2 .2 ?1S :S | ?1S :S"},
        {"(act a1)", "1=R/1", "+1 1R :R | halt -1 :stopping | ~1 .1 +1 1R :R"},
        {"(act a1)", "1=R/1", "+1 1R :R | halt -1 :stopping | halt :stopping | ~1 .1 +1 1R :R"},
        {"(parallel (act a1) (act a2))", "1=R/1 2=R/2",
         "+1 1R +2 2R :R | restart -1 -2 :stopping | ~1 .1 ~2 +1 1R :R | ~2 .2 1R +2 2R :R"},
        {"(parallel (act a1 :on-halt (hook)) (act a2))", "1=R/1 2=E", "+1 1R +2 2E -1 !h1 :E"},
    };
    CHECK_ROWS(rows);
}

static void a_slow_halt_is_cut_after_its_time(void **state) /* 30 */
{
    (void)state;
    static const truth rows[] = {
        {"(define-leaf (a2) :halt-within-ms 20)(reactive-sel (cond c1) (act a2))", "1=FS 2=R/9",
         "?1F +2 2R :R | @5 ?1S -2 :S | @24 ~2 ?1S :S | @25 x2 ?1S :S | ?1S :S"},
        {"(reactive-sel (cond c1) (act a2))", "1=FS 2=R/9",
         "?1F +2 2R :R | ?1S -2 :S | @999 ~2 ?1S :S | @1000 x2 ?1S :S"},
        {"(define-leaf (a1) :halt-within-ms 0)(act a1)", "1=R/1",
         "+1 1R :R | halt -1 :stopping | x1 +1 1R :R"},
    };
    CHECK_ROWS(rows);
}

static void a_leaf_waits_while_its_own_halt_goes_on(void **state) /* 30 */
{
    (void)state;
    static const truth rows[] = {
        {"(act a1)", "1=R/3", "+1 1R :R | halt -1 :stopping | ~1 :R | ~1 :R | ~1 .1 +1 1R :R"},
        {"(reactive-sel (cond c1) (act a2))", "1=FSF 2=R/2",
         "?1F +2 2R :R | ?1S -2 :S | ~2 ?1F :R | ~2 .2 ?1F +2 2R :R"},
        /* a wait is no start: its halt is not told to the leaf */
        {"(act a1 :on-halt (hook))", "1=R/3",
         "+1 1R :R | halt -1 !h0 :stopping | ~1 :R | halt !h0 :stopping | ~1 :R"},
        {"(act a1 :if (e1))", "1=R/2",
         "e1T +1 1R :R | halt -1 :stopping | ~1 e1T :R | ~1 .1 +1 1R :R"},
    };
    CHECK_ROWS(rows);
}

static void a_leaf_waits_for_an_output_whose_holder_still_stops(void **state) /* 4, 30 */
{
    (void)state;
    static const truth rows[] = {
        {"(define-leaf (a2) :uses (o0)) (define-leaf (a3) :uses (o0))"
         "(reactive-sel (seq (cond c1) (act a2)) (act a3))",
         "1=FS 2=R 3=R/2", "?1F +3 3R :R | ?1S -3 :R | ~3 :R | ~3 .3 +2 2R :R"},
        {"(define-leaf (a2) :uses (o0)) (define-leaf (a3) :uses (o0))"
         "(sel (seq (cond c1) (act a2)) (act a3))",
         "1=FS 2=R 3=R/2", "?1F +3 3R :R | halt -3 :stopping | ~3 ?1S :R | ~3 .3 +2 2R :R"},
        /* another output: no wait */
        {"(define-leaf (a2) :uses (o1)) (define-leaf (a3) :uses (o0))"
         "(reactive-sel (seq (cond c1) (act a2)) (act a3))",
         "1=FS 2=R 3=R/2", "?1F +3 3R :R | ?1S +2 2R -3 :R | ~3 2R :R | ~3 .3 2R :R"},
        /* a holder is halted at once although another output must still be waited for */
        {"(define-leaf (a1) :uses (o0 o1)) (define-leaf (a2) :uses (o0))"
         "(define-leaf (a3) :uses (o1))"
         "(reactive-sel (seq (cond c4) (act a1)) (parallel (act a2) (act a3)))",
         "4=FS 1=R 2=R/1 3=R", "?4F +2 2R +3 3R :R | ?4S -2 -3 :R | ~2 .2 +1 1R :R"},
        /* one that waits holds nothing, and the timeout over it runs on */
        {"(timeout 10 (act a1 :on-halt (hook)))", "1=R/9",
         "+1 1R :R | halt -1 !h1 :stopping | ~1 :R | @10 ~1 !h1 :F"},
    };
    CHECK_ROWS(rows);
}

/* Ends and statuses */

static void every_node_ends_after_its_children_with_its_own_result(void **state)
{
    (void)state;
    static const truth rows[] = {
        {"(seq (act a1) (invert (act a2)))", "2=F", "+1 1S =1S +2 2F =3F =2S =0S :S"},
        {"(sel (act a1 :if (e1)) (succeed))", "e1=F", "e1F =1K =2S =0S :S"},
        {"(sel (act a1) (act a2))", "1=E", "+1 1E =1E :E"},
        {"(on-error :failure (seq (act a1)))", "1=E", "+1 1E =2E =0F :F"},
        {"(timeout 10 (act a1))", "1=R", "+1 1R :R | @10 -1 =0F :F"},
        {"(seq :while (e1) (act a1))", "1=R e1=TF", "e1T +1 1R :R | e1F -1 =0K :K"},
    };
    CHECK_ENDS(rows);
}

typedef struct {
    const char *tree;
    const char *answers;
    const char *operations; /* a step each: t tick, h halt, r restart */
    const char *statuses;   /* after each step, a letter for each node in preorder */
} status_row;

static void check_statuses(const status_row *row)
{
    gen_tree tree = read_tree(row->tree);
    script told = read_script(row->answers);
    gen_oracle oracle = {script_leaf, script_condition, script_expression, script_halt_ticks,
                         &told};
    model *m = model_new(&tree, oracle);
    char got[200];
    size_t size = 0;
    for (const char *step = row->operations; *step != '\0'; step++) {
        gen_operation operation = *step == 't' ? GEN_TICK : *step == 'h' ? GEN_HALT : GEN_RESTART;
        model_step(m, (gen_step){operation, 0});
        if (size != 0)
            got[size++] = ' ';
        for (uint32_t i = 0; i < tree.count; i++)
            got[size++] = gen_status_letter(model_status(m, i));
    }
    got[size] = '\0';
    model_free(m);
    gen_tree_free(&tree);
    assert_string_equal(got, row->statuses);
}

static void the_status_of_a_node_is_what_last_happened_to_it_in_this_tick(void **state)
{
    (void)state; /* read as 2 */
    static const status_row rows[] = {
        {"(seq (act a1) (act a2))", "2=RS", "tt", "RSR SIS"},
        {"(sel (act a1) (act a2))", "1=F 2=S", "t", "SFS"},
        {"(seq (act a1) (act a2))", "1=F", "t", "FFI"},
        {"(seq (act a1) (act a2))", "2=R", "tht", "RSR III RSR"},
        {"(seq (act a1) (act a2))", "2=R", "tr", "RSR III"},
        {"(reactive-sel (cond c1) (seq (act a2)))", "1=FS 2=R", "tt", "RFRR SSII"},
        {"(sel (act a1 :if (e1)) (act a2))", "e1=F", "t", "SKS"},
        {"(while-do-else (act a1) (act a2) (act a3))", "1=SR 2=R", "tt", "RSRI RRRI"},
        {"(retry 2 (act a1))", "1=F", "tt", "RF FF"},
        {"(seq (act a1) (force-failure (act a2)))", "2=E", "tt", "ISIE ISIE"},
        {"(on-error :failure (seq (act a1)))", "1=E", "t", "FIE"},
        {"(act a1)", "1=R/2", "tht", "R I R"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check_statuses(&rows[i]);
}

/* The generator, its text and the shrinker */

static const gen_limits limits = {.depth = 5, .width = 4, .nodes = 24, .steps = 24};

static void the_text_of_a_tree_reads_back_as_the_same_tree(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 2000; seed++) {
        gen_case made = gen_case_random(seed, limits);
        char *text = gen_tree_text(&made.tree);
        gen_tree read;
        CHECK_SEED(gen_tree_parse(text, &read), seed);
        char *again = gen_tree_text(&read);
        CHECK_SEED(strcmp(text, again) == 0, seed);
        CHECK_SEED(read.count == made.tree.count, seed);
        free(text);
        free(again);
        gen_tree_free(&read);
        gen_case_free(&made);
    }
}

static void a_text_that_is_no_tree_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "(",
        "()",
        "seq",
        "(seq",
        "(seq))",
        "(sequence)",
        "(act)",
        "(act c1)",
        "(cond a1)",
        "(retry (act a1))",
        "(seq :if e1)",
        "(seq :early #t)",
        "(seq) (seq)",
        "(timeout x (succeed))",
        "(on-error :running (succeed))",
        "(define-leaf (a1) :uses (o99))(act a1)",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        gen_tree tree;
        if (gen_tree_parse(texts[i], &tree))
            fail_msg("read as a tree: %s", texts[i]);
        assert_int_equal(tree.count, 0);
    }
}

static void a_tree_that_a_compiler_refuses_has_a_problem(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"(if (succeed))", "too few children"},
        {"(invert (succeed) (succeed))", "too many children"},
        {"(succeed (succeed))", "too many children"},
        {"(retry -2 (succeed))", "times is less than -1"},
        {"(retry 2 :backoff 0 (succeed))", "backoff is less than 1"},
        {"(retry 2 :delay-ms -1 (succeed))", "delay-ms is negative"},
        {"(timeout -1 (succeed))", "the time is negative"},
        {"(parallel :success 2 (succeed))", "a threshold is larger than the number of children"},
        {"(seq (act a1) (act a1))", "a leaf or an expression stands twice"},
        {"(seq :if (e1) (act a1 :while (e1)))", "a leaf or an expression stands twice"},
        {"(define-leaf (a1) :uses (o0))(define-leaf (a2) :uses (o0 o1))"
         "(parallel (seq (act a1)) (act a2))",
         "two claims under one parallel"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        gen_tree tree;
        assert_true(gen_tree_parse(rows[i][0], &tree));
        const char *problem = gen_tree_problem(&tree);
        assert_non_null(problem);
        assert_string_equal(problem, rows[i][1]);
        gen_tree_free(&tree);
    }
}

static model *run_case(const gen_case *given)
{
    model *m = model_new(&given->tree, gen_oracle_of_seed(&given->seed));
    for (uint32_t i = 0; i < given->step_count; i++)
        model_step(m, given->steps[i]);
    return m;
}

static void the_same_seed_gives_the_same_log(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 1000; seed++) {
        gen_case first = gen_case_random(seed, limits);
        gen_case second = gen_case_random(seed, limits);
        model *left = run_case(&first);
        model *right = run_case(&second);
        CHECK_SEED(gen_log_difference(model_log(left), model_log(right)) == GEN_MANY, seed);
        model_free(left);
        model_free(right);
        gen_case_free(&first);
        gen_case_free(&second);
    }
}

static bool logs_a_cut_halt(void *context, const gen_case *given)
{
    (void)context;
    model *m = run_case(given);
    bool is_cut = false;
    for (uint32_t i = 0; i < model_log(m)->count; i++)
        is_cut |= model_log(m)->events[i].kind == GEN_EVENT_HALT_CUT;
    model_free(m);
    return is_cut;
}

/* A planted mutant: the same tree whose reactive nodes have become plain ones. */
static bool differs_from_the_plain_tree(void *context, const gen_case *given)
{
    (void)context;
    gen_case plain = *given;
    plain.tree.nodes = malloc(given->tree.count * sizeof(gen_node));
    assert_non_null(plain.tree.nodes);
    for (uint32_t i = 0; i < given->tree.count; i++) {
        gen_node *node = &plain.tree.nodes[i];
        *node = given->tree.nodes[i];
        if (node->kind == GEN_KIND_REACTIVE_SEQ)
            node->kind = GEN_KIND_SEQ;
        if (node->kind == GEN_KIND_REACTIVE_SEL)
            node->kind = GEN_KIND_SEL;
    }
    model *left = run_case(given);
    model *right = run_case(&plain);
    bool differs = gen_log_difference(model_log(left), model_log(right)) != GEN_MANY;
    model_free(left);
    model_free(right);
    free(plain.tree.nodes);
    return differs;
}

/* Shrinks the first COUNT failing cases and expects that each becomes as small as stated. */
static void check_shrinks(gen_predicate *fails, int count, uint32_t most_nodes, uint32_t most_steps)
{
    for (uint64_t seed = 0; count > 0; seed++) {
        assert_true(seed < 100000);
        gen_case made = gen_case_random(seed, limits);
        if (fails(NULL, &made)) {
            gen_case small = gen_shrink(&made, fails, NULL);
            CHECK_SEED(fails(NULL, &small), seed);
            CHECK_SEED(gen_tree_problem(&small.tree) == NULL, seed);
            if (small.tree.count > most_nodes || small.step_count > most_steps) {
                char *text = gen_case_text(&small);
                fprintf(stderr, "%s", text);
                free(text);
            }
            CHECK_SEED(small.tree.count <= most_nodes, seed);
            CHECK_SEED(small.step_count <= most_steps, seed);
            gen_case_free(&small);
            count--;
        }
        gen_case_free(&made);
    }
}

static void the_shrinker_finds_a_small_case(void **state)
{
    (void)state;
    check_shrinks(logs_a_cut_halt, 20, 4, 6);
    check_shrinks(differs_from_the_plain_tree, 20, 5, 4);
}

/* Invariants of every run. The auditor reads a log and knows nothing of the model but that. */

typedef enum { LEAF_IDLE, LEAF_RUNS, LEAF_STOPS } leaf_state;

enum { MOST_NODES = 256 };

typedef struct {
    const gen_case *given;
    gen_oracle oracle;
    leaf_state leaves[MOST_NODES]; /* by node */
    uint32_t ticked_in[MOST_NODES];
    uint32_t starts[MOST_NODES];
    uint32_t ends[MOST_NODES];
    uint32_t step;
    uint32_t last_halted; /* node of the last leaf halt since the last other event, or MANY */
    bool is_first;        /* nothing but slow halts was resumed in this step */
    bool is_halt_step;
    bool has_rounds_in_place;
    gen_status last_leaf_answer;
} audit;

static bool an_other_leaf_has_its_outputs(const audit *a, uint32_t node)
{
    const gen_node *nodes = a->given->tree.nodes;
    for (uint32_t i = 0; i < a->given->tree.count; i++)
        if (i != node && a->leaves[i] != LEAF_IDLE && (nodes[i].outputs & nodes[node].outputs) != 0)
            return true;
    return false;
}

static bool a_leaf_runs(const audit *a)
{
    for (uint32_t i = 0; i < a->given->tree.count; i++)
        if (a->leaves[i] == LEAF_RUNS)
            return true;
    return false;
}

/* True when EVENT may happen to its leaf now; the state of the leaf moves on. */
static bool audit_leaf(audit *a, const gen_event *event)
{
    uint32_t node = event->node;
    leaf_state *leaf = &a->leaves[node];
    leaf_state before = *leaf;
    switch (event->kind) {
    case GEN_EVENT_LEAF_START:
        *leaf = LEAF_RUNS;
        a->starts[node]++;
        return before == LEAF_IDLE && event->number == a->starts[node] &&
               !an_other_leaf_has_its_outputs(a, node);
    case GEN_EVENT_LEAF_TICK:
        a->last_leaf_answer = event->status;
        if (event->status != GEN_RUNNING) {
            *leaf = LEAF_IDLE;
            a->ends[node]++;
        }
        bool is_second = a->ticked_in[node] == a->step;
        a->ticked_in[node] = a->step;
        return before == LEAF_RUNS && (!is_second || a->has_rounds_in_place);
    case GEN_EVENT_LEAF_HALT:
        *leaf = a->oracle.halt_ticks(a->oracle.context, a->given->tree.nodes[node].leaf,
                                     event->number) == 0
                    ? LEAF_IDLE
                    : LEAF_STOPS;
        a->ends[node]++;
        return before == LEAF_RUNS;
    case GEN_EVENT_HALT_RESUME:
        return before == LEAF_STOPS && a->is_first;
    case GEN_EVENT_HALT_DONE:
    case GEN_EVENT_HALT_CUT:
        *leaf = LEAF_IDLE;
        return before == LEAF_STOPS && a->is_first;
    case GEN_EVENT_STEP_BEGIN:
    case GEN_EVENT_STEP_END:
    case GEN_EVENT_EXPRESSION:
    case GEN_EVENT_CONDITION:
    case GEN_EVENT_HOOK:
    case GEN_EVENT_NODE_END:
        return true;
    }
    return false;
}

/* Leaves are halted left to right by one halt of the tree, and by the error that ends a tick: the
 * caller says which event belongs to one of the two. */
static bool audit_order(audit *a, const gen_event *event, bool is_sweep)
{
    if (event->kind != GEN_EVENT_LEAF_HALT || !is_sweep)
        return true;
    bool is_right = a->last_halted == GEN_MANY || a->last_halted < event->node;
    a->last_halted = event->node;
    return is_right;
}

static bool audit_end(audit *a, const gen_event *event)
{
    if (event->number != GEN_TICK)
        return !a_leaf_runs(a);
    return event->status != GEN_IDLE && (event->status == GEN_RUNNING || !a_leaf_runs(a));
}

static bool is_resumption(gen_event_kind kind)
{
    return kind == GEN_EVENT_HALT_RESUME || kind == GEN_EVENT_HALT_DONE ||
           kind == GEN_EVENT_HALT_CUT;
}

/* True after the last end of a node in the tick of the event at INDEX, if that tick is an error. */
static bool is_after_error(const gen_log *log, uint32_t index)
{
    while (log->events[index].kind != GEN_EVENT_STEP_END &&
           log->events[index].kind != GEN_EVENT_NODE_END)
        index++;
    return log->events[index].kind == GEN_EVENT_STEP_END && log->events[index].status == GEN_ERROR;
}

/* A hook that runs at a result stands before the end of its node with that result. */
static bool audit_hook(const gen_log *log, uint32_t index)
{
    const gen_event *hook = &log->events[index];
    const gen_event *end = hook + 1;
    if (hook->kind != GEN_EVENT_HOOK || hook->number == GEN_HOOK_ON_HALT)
        return true;
    if (hook->number != GEN_HOOK_POST && end->kind == GEN_EVENT_HOOK)
        end++;
    gen_status status = hook->number == GEN_HOOK_ON_SUCCESS   ? GEN_SUCCESS
                        : hook->number == GEN_HOOK_ON_FAILURE ? GEN_FAILURE
                                                              : end->status;
    return end->kind == GEN_EVENT_NODE_END && end->node == hook->node && end->status == status &&
           (status == GEN_SUCCESS || status == GEN_FAILURE);
}

static bool audit_event(audit *a, const gen_log *log, uint32_t index)
{
    const gen_event *event = &log->events[index];
    if (event->kind == GEN_EVENT_STEP_BEGIN) {
        a->step++;
        a->is_first = true;
        a->last_halted = GEN_MANY;
        a->is_halt_step = event->number != GEN_TICK;
        return true;
    }
    if (event->kind == GEN_EVENT_STEP_END)
        return audit_end(a, event);
    bool is_sound = audit_leaf(a, event) && audit_hook(log, index);
    is_sound &= audit_order(a, event, a->is_halt_step || is_after_error(log, index));
    if (event->kind == GEN_EVENT_NODE_END && a->given->tree.nodes[event->node].kind == GEN_KIND_ACT)
        is_sound &= a->leaves[event->node] != LEAF_RUNS || event->status == GEN_ERROR;
    if (!is_resumption(event->kind))
        a->is_first = false;
    return is_sound;
}

typedef struct {
    uint32_t events[GEN_EVENT_NODE_END + 1];
    uint32_t ends[GEN_KIND_COUNT][GEN_ERROR + 1];
} coverage;

static void add_coverage(coverage *seen, const gen_case *given, const gen_log *log)
{
    for (uint32_t i = 0; i < log->count; i++) {
        const gen_event *event = &log->events[i];
        seen->events[event->kind]++;
        if (event->kind == GEN_EVENT_NODE_END)
            seen->ends[given->tree.nodes[event->node].kind][event->status]++;
    }
}

static void audit_case(const gen_case *given, const model *m)
{
    assert_true(given->tree.count < MOST_NODES);
    const gen_log *log = model_log(m);
    audit a = {.given = given, .oracle = gen_oracle_of_seed(&given->seed)};
    for (uint32_t i = 0; i < given->tree.count; i++)
        a.has_rounds_in_place |= given->tree.nodes[i].is_in_place;
    for (uint32_t i = 0; i < log->count; i++)
        if (!audit_event(&a, log, i)) {
            char *text = gen_case_text(given);
            char *told = gen_log_text(log, &given->tree, true);
            fprintf(stderr, "%s%s\nevent %" PRIu32 "\n", text, told, i);
            free(text);
            free(told);
            fail_msg("an invariant does not hold (seed %" PRIu64 ")", given->seed);
        }
    for (uint32_t i = 0; i < given->tree.count; i++)
        CHECK_SEED(a.starts[i] == a.ends[i] + (a.leaves[i] == LEAF_RUNS), given->seed);
}

static void random_runs_keep_every_invariant(void **state)
{
    (void)state;
    static coverage seen;
    for (uint64_t seed = 0; seed < 20000; seed++) {
        gen_case made = gen_case_random(seed, limits);
        model *m = run_case(&made);
        audit_case(&made, m);
        int64_t last_ms = made.steps[made.step_count - 1].now_ms;
        model_halt_all(m, last_ms);
        audit_case(&made, m);
        for (uint32_t i = 0; i < made.tree.count; i++)
            CHECK_SEED(model_status(m, i) == GEN_IDLE, seed);
        add_coverage(&seen, &made, model_log(m));
        model_free(m);
        gen_case_free(&made);
    }
    for (int i = 0; i <= GEN_EVENT_NODE_END; i++)
        if (seen.events[i] < 100)
            fail_msg("event %d was seen %" PRIu32 " times", i, seen.events[i]);
    for (int i = 0; i < GEN_KIND_COUNT; i++)
        for (int j = GEN_SUCCESS; j <= GEN_ERROR; j++)
            if (seen.ends[i][j] == 0)
                fail_msg("no %s ended with %c", gen_kind_name((gen_kind)i),
                         gen_status_letter((gen_status)j));
}

/* clang-format on */

CP_TEST_MAIN(
    cmocka_unit_test(a_leaf_starts_once_and_gives_its_result),
    cmocka_unit_test(a_tick_after_the_end_starts_the_tree_anew),
    cmocka_unit_test(a_condition_that_gives_no_truth_value_is_an_error),
    cmocka_unit_test(a_sequence_goes_on_at_its_running_child),
    cmocka_unit_test(a_selector_goes_on_at_its_running_child),
    cmocka_unit_test(a_sequence_stops_at_the_first_failure_and_starts_over),
    cmocka_unit_test(a_selector_stops_at_the_first_success_and_starts_over),
    cmocka_unit_test(a_skipped_child_is_passed_over),
    cmocka_unit_test(when_all_children_are_skipped_so_is_the_node),
    cmocka_unit_test(an_empty_control_node_is_the_neutral_element),
    cmocka_unit_test(a_memory_sequence_stays_at_the_failed_child),
    cmocka_unit_test(a_memory_selector_stays_at_the_successful_child),
    cmocka_unit_test(a_resumed_memory_sequence_is_never_all_skipped),
    cmocka_unit_test(a_halt_clears_the_place_of_a_memory_node),
    cmocka_unit_test(an_idle_root_keeps_its_place_over_a_halt_but_not_over_a_restart),
    cmocka_unit_test(a_memory_node_that_is_skipped_by_its_condition_keeps_its_place),
    cmocka_unit_test(a_reactive_sequence_begins_at_its_first_child_in_each_tick),
    cmocka_unit_test(a_reactive_selector_begins_at_its_first_child_in_each_tick),
    cmocka_unit_test(a_reactive_node_ticks_the_new_branch_before_it_halts_the_old),
    cmocka_unit_test(a_reactive_node_halts_every_other_running_child),
    cmocka_unit_test(the_holder_of_a_claimed_output_is_halted_before_the_new_leaf_starts),
    cmocka_unit_test(all_holders_of_claimed_outputs_are_halted_left_to_right),
    cmocka_unit_test(a_holder_halted_for_a_claim_starts_anew_when_its_branch_is_ticked_again),
    cmocka_unit_test(an_async_sequence_gives_one_child_a_tick),
    cmocka_unit_test(a_parallel_ticks_all_children_before_its_verdict),
    cmocka_unit_test(failure_beats_success_in_a_parallel),
    cmocka_unit_test(an_early_parallel_gives_its_verdict_after_each_child),
    cmocka_unit_test(thresholds_of_a_parallel_count_from_the_end_when_negative),
    cmocka_unit_test(a_parallel_fails_when_its_successes_can_not_be_reached),
    cmocka_unit_test(a_threshold_of_zero_is_reached_at_the_first_verdict),
    cmocka_unit_test(a_parallel_does_not_tick_finished_children_again),
    cmocka_unit_test(a_parallel_counts_a_skip_as_done_only_with_a_negative_success_count),
    cmocka_unit_test(a_parallel_is_skipped_when_all_children_are_skipped_in_one_tick),
    cmocka_unit_test(an_if_looks_at_its_condition_once_a_run),
    cmocka_unit_test(a_skipped_condition_skips_the_if),
    cmocka_unit_test(while_do_else_halts_the_old_branch_before_it_ticks_the_new),
    cmocka_unit_test(a_running_condition_leaves_the_branch_of_while_do_else_alone),
    cmocka_unit_test(invert_swaps_success_and_failure_and_nothing_else),
    cmocka_unit_test(forced_results_replace_only_ends),
    cmocka_unit_test(retry_makes_one_attempt_a_tick_and_n_in_all),
    cmocka_unit_test(repeat_makes_one_round_a_tick_and_n_in_all),
    cmocka_unit_test(minus_one_is_endless_and_zero_is_no_call),
    cmocka_unit_test(counters_are_cleared_on_every_end_and_on_halt),
    cmocka_unit_test(a_delay_between_attempts_grows_with_its_backoff),
    cmocka_unit_test(rounds_in_place_follow_in_the_same_tick),
    cmocka_unit_test(at_most_a_hundred_rounds_in_place_fit_in_a_tick),
    cmocka_unit_test(a_timeout_is_decided_inside_the_tick),
    cmocka_unit_test(a_delay_runs_until_its_time_has_passed),
    cmocka_unit_test(two_yielding_loops_under_one_reactive_node_return_in_each_tick),
    cmocka_unit_test(an_if_condition_is_looked_at_only_at_the_start),
    cmocka_unit_test(a_halted_condition_is_looked_at_again),
    cmocka_unit_test(a_while_that_becomes_false_halts_and_skips),
    cmocka_unit_test(success_if_and_failure_if_give_a_result_without_a_tick),
    cmocka_unit_test(conditions_are_looked_at_in_their_order_until_one_decides),
    cmocka_unit_test(hooks_run_once_at_their_end),
    cmocka_unit_test(halts_go_left_to_right_and_children_before_their_parent),
    cmocka_unit_test(only_running_leaves_are_told_to_stop),
    cmocka_unit_test(no_decorator_or_selector_sees_an_error),
    cmocka_unit_test(an_error_abandons_the_tick_and_halts_what_runs_in_order),
    cmocka_unit_test(the_tick_after_an_error_starts_the_tree_anew),
    cmocka_unit_test(an_expression_that_raises_is_an_error_of_its_node),
    cmocka_unit_test(on_error_catches_only_what_is_under_it),
    cmocka_unit_test(a_slow_halt_is_resumed_first_in_each_tick),
    cmocka_unit_test(a_slow_halt_is_cut_after_its_time),
    cmocka_unit_test(a_leaf_waits_while_its_own_halt_goes_on),
    cmocka_unit_test(a_leaf_waits_for_an_output_whose_holder_still_stops),
    cmocka_unit_test(every_node_ends_after_its_children_with_its_own_result),
    cmocka_unit_test(the_status_of_a_node_is_what_last_happened_to_it_in_this_tick),
    cmocka_unit_test(the_text_of_a_tree_reads_back_as_the_same_tree),
    cmocka_unit_test(a_text_that_is_no_tree_is_refused),
    cmocka_unit_test(a_tree_that_a_compiler_refuses_has_a_problem),
    cmocka_unit_test(the_same_seed_gives_the_same_log),
    cmocka_unit_test(the_shrinker_finds_a_small_case),
    cmocka_unit_test(random_runs_keep_every_invariant))
