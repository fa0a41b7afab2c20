/* model_test.c -- the truth tables of the nodes, written out by hand from the table of decisions.
 *
 * A row is a tree, what its leaves answer, and the log that must follow (gen_log_text explains the
 * marks). Answers are consumed call by call and the last one repeats; a leaf without answers gives
 * success, an expression without answers is true. "1=RF/2" is leaf 1 whose halts take two more
 * ticks. The numbers in comments are rows of the table of decisions, "read as" those of model.c. */
#include "tests/bt/model.h"

#include "tests/bt/gen_text.h"
#include "tests/check.h"

/* Scripted runs */

enum { MOST_NAMES = 32 };

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

static void the_holder_of_an_output_is_halted_before_a_claimer_starts(void **state) /* 4 */
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

static void a_parallel_counts_skips_only_for_a_negative_success(void **state) /* 14 */
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
        /* a wait without end does not overflow */
        {"(retry -1 :delay-ms 9223372036854775807 (act a1))", "1=F", "@5 +1 1F :R | @1000 :R"},
        {"(retry -1 :delay-ms 3 :backoff 9223372036854775807 (act a1))", "1=F",
         "+1 1F :R | @3 +1 1F :R | @1000 :R"},
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

/* Adds COUNT times WHAT to TEXT of SIZE bytes. */
static void repeat_text(char *text, size_t size, const char *what, int count)
{
    for (int i = 0; i < count; i++) {
        assert_true(strlen(text) + strlen(what) < size);
        strcat(text, what);
    }
}

static void at_most_a_hundred_rounds_in_place_fit_in_a_tick(void **state) /* 10 */
{
    (void)state;
    char told[200] = "1=";
    repeat_text(told, sizeof told, "F", 102);
    repeat_text(told, sizeof told, "S", 1);
    char log[1000] = "";
    repeat_text(log, sizeof log, "+1 1F ", 100);
    strcat(log, ":R | +1 1F +1 1F +1 1S :S");
    check_row(&(truth){"(retry -1 :in-place #t (act a1))", told, log}, false);
}

static void the_hundred_rounds_are_for_the_tick_and_not_for_the_run(void **state) /* read as 25 */
{
    (void)state;
    char log[1000] = "";
    repeat_text(log, sizeof log, "+1 1S ", 100);
    strcat(log, ":R | ");
    repeat_text(log, sizeof log, "+1 1S ", 20);
    strcat(log, ":S");
    static const char *const tree = "(repeat 2 :in-place #t (repeat 60 :in-place #t (act a1)))";
    check_row(&(truth){tree, "", log}, false);
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
        {"(timeout 50 :on-failure (hook) (act a1 :on-halt (hook)))", "1=RS",
         "+1 1R :R | @50 -1 !h1 !f0 :F"},
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
        /* one that waits holds nothing: it is halted by its parent, after the new leaf started */
        {"(define-leaf (a2) :uses (o0)) (define-leaf (a3) :uses (o0))"
         "(reactive-sel (seq (cond c1) (act a2)) (act a3 :on-halt (hook)))",
         "1=FFS 2=R 3=R/2",
         "?1F +3 3R :R | halt -3 !h4 :stopping | ~3 ?1F :R | ~3 .3 ?1S +2 2R !h4 :R"},
        /* the timeout over one that waits runs on */
        {"(timeout 10 (act a1 :on-halt (hook)))", "1=R/9",
         "+1 1R :R | halt -1 !h1 :stopping | ~1 :R | @10 ~1 !h1 :F"},
    };
    CHECK_ROWS(rows);
}

/* What the oracle hears */

static gen_status say_numbers(void *context, uint32_t leaf, uint32_t activation, uint32_t tick)
{
    char *heard = context;
    size_t size = strlen(heard);
    snprintf(heard + size, 100 - size, "%u:%u.%u ", (unsigned)leaf, (unsigned)activation,
             (unsigned)tick);
    return tick < 2 ? GEN_RUNNING : GEN_SUCCESS;
}

static gen_status say_evaluation(void *context, uint32_t name, uint32_t evaluation)
{
    char *heard = context;
    size_t size = strlen(heard);
    snprintf(heard + size, 100 - size, "%u:%u ", (unsigned)name, (unsigned)evaluation);
    return GEN_SUCCESS;
}

static uint32_t say_halt(void *context, uint32_t leaf, uint32_t activation)
{
    char *heard = context;
    size_t size = strlen(heard);
    snprintf(heard + size, 100 - size, "-%u:%u ", (unsigned)leaf, (unsigned)activation);
    return 0;
}

static void activations_evaluations_and_ticks_count_from_one(void **state)
{
    (void)state;
    char heard[100] = "";
    gen_tree tree = read_tree("(seq :while (e3) (cond c1) (act a2))");
    model *m = model_new(
        &tree, (gen_oracle){say_numbers, say_evaluation, say_evaluation, say_halt, heard});
    model_tick(m, 0);
    model_tick(m, 0);
    model_tick(m, 0);
    model_restart(m, 0);
    model_tick(m, 0);
    assert_string_equal(heard, "3:1 1:1 2:1.1 3:2 2:1.2 3:3 1:2 2:2.1 -2:2 3:4 1:3 2:3.1 ");
    model_free(m);
    gen_tree_free(&tree);
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
            got[size++] = gen_status_letters[model_status(m, i)];
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
    cmocka_unit_test(the_holder_of_an_output_is_halted_before_a_claimer_starts),
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
    cmocka_unit_test(a_parallel_counts_skips_only_for_a_negative_success),
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
    cmocka_unit_test(the_hundred_rounds_are_for_the_tick_and_not_for_the_run),
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
    cmocka_unit_test(activations_evaluations_and_ticks_count_from_one),
    cmocka_unit_test(every_node_ends_after_its_children_with_its_own_result),
    cmocka_unit_test(the_status_of_a_node_is_what_last_happened_to_it_in_this_tick))
