/* gen_test.c -- random cases: their text, their shrinking, and what every run of the model keeps.
 *
 * The runs are judged by an auditor that reads nothing but the log: it knows which leaves run and
 * which stop, and that is enough to say what may happen to a leaf next. */
#include "tests/bt/gen.h"

#include <inttypes.h>

#include "tests/bt/gen_shrink.h"
#include "tests/bt/gen_text.h"
#include "tests/bt/model.h"
#include "tests/check.h"

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
                fail_msg("no %s ended with %c", gen_kinds[i].name, gen_status_letters[j]);
}

CP_TEST_MAIN(cmocka_unit_test(the_text_of_a_tree_reads_back_as_the_same_tree),
             cmocka_unit_test(a_text_that_is_no_tree_is_refused),
             cmocka_unit_test(a_tree_that_a_compiler_refuses_has_a_problem),
             cmocka_unit_test(the_same_seed_gives_the_same_log),
             cmocka_unit_test(the_shrinker_finds_a_small_case),
             cmocka_unit_test(random_runs_keep_every_invariant))
