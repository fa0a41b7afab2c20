/* vs_model.c -- the library and the model of its meaning on the same random trees.
 *
 * Both run the same case and ask the same oracle; their logs must be the same, event by event. A
 * difference is shrunk to the smallest case that shows one and printed as a script. */
#include "tests/bt/model.h"
#include "tests/bt/real.h"

#include <inttypes.h>

#include "tests/bt/gen_shrink.h"
#include "tests/bt/gen_text.h"
#include "tests/check.h"

enum { CASES = 5000, CASES_FULL = 100000 };

/* Runs GIVEN in both. The index of the first event in which they differ, or GEN_MANY; with OUT,
 * also prints both logs. */
static uint32_t difference(const gen_case *given, bool prints)
{
    uint64_t seed = given->seed;
    gen_oracle oracle = gen_oracle_of_seed(&seed);
    char problem[400];
    real *r = real_new(&given->tree, oracle, problem, sizeof problem);
    if (r == NULL)
        fail_msg("the library refuses the tree of seed %" PRIu64 ": %s", seed, problem);
    model *m = model_new(&given->tree, oracle);
    for (uint32_t i = 0; i < given->step_count; i++) {
        real_step(r, given->steps[i]);
        model_step(m, given->steps[i]);
    }
    uint32_t at = gen_log_difference(real_log(r), model_log(m));
    if (prints) {
        char *real_text = gen_log_text(real_log(r), &given->tree, true);
        char *model_text = gen_log_text(model_log(m), &given->tree, true);
        print_message("library: %s\nmodel:   %s\n", real_text, model_text);
        free(real_text);
        free(model_text);
    }
    model_free(m);
    real_free(r);
    return at;
}

static bool differs(void *context, const gen_case *given)
{
    (void)context;
    return difference(given, false) != GEN_MANY;
}

static void check_case(const gen_case *given)
{
    if (difference(given, false) == GEN_MANY)
        return;
    gen_case small = gen_shrink(given, differs, NULL);
    char *text = gen_case_text(&small);
    print_message("%s\n", text);
    difference(&small, true);
    free(text);
    gen_case_free(&small);
    fail_msg("library and model differ (seed %" PRIu64 ")", given->seed);
}

static void run_cases(uint64_t first_seed, uint32_t count, gen_limits limits)
{
    for (uint64_t seed = first_seed; seed < first_seed + count; seed++) {
        gen_case given = gen_case_random(seed, limits);
        check_case(&given);
        gen_case_free(&given);
    }
}

static uint32_t case_count(void)
{
    return getenv("COPSE_TEST_FULL") != NULL ? CASES_FULL : CASES;
}

static void small_trees_mean_what_the_model_says(void **state)
{
    (void)state;
    run_cases(1, case_count(), (gen_limits){.depth = 3, .width = 3, .nodes = 8, .steps = 12});
}

static void larger_trees_mean_what_the_model_says(void **state)
{
    (void)state;
    run_cases(1000001, case_count() / 2,
              (gen_limits){.depth = 6, .width = 4, .nodes = 30, .steps = 25});
}

CP_TEST_MAIN(cmocka_unit_test(small_trees_mean_what_the_model_says),
             cmocka_unit_test(larger_trees_mean_what_the_model_says))
