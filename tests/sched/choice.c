#include "tests/check.h"

#include "sched/choice.h"
#include "tests/fault.h"

static copse_choices *new_choices(copse_choices_options options)
{
    copse_choices *choices = NULL;
    assert_int_equal(copse_choices_new(&options, &choices), COPSE_OK);
    return choices;
}

static uint32_t choose(copse_choices *choices, uint32_t count)
{
    return cp_choose(choices, count, CP_CHOICE_READY, NULL, NULL);
}

static void one_alone_is_no_decision(void **state)
{
    (void)state;
    copse_choices *choices = new_choices((copse_choices_options){.mode = COPSE_CHOOSE_RANDOM});
    assert_int_equal(choose(choices, 1), 0);
    assert_int_equal(copse_choices_count(choices), 0);
    assert_true(copse_choices_hash(choices) == 0);
    copse_choices_free(choices);
}

static void fifo_always_takes_the_first(void **state)
{
    (void)state;
    copse_choices *choices = new_choices((copse_choices_options){0});
    for (uint32_t count = 2; count < 50; count++)
        assert_int_equal(choose(choices, count), 0);
    assert_int_equal(copse_choices_count(choices), 48);
    copse_choices_free(choices);
}

/* A run of DECISIONS with changing counts, kinds and inputs; what was chosen, in CHOSEN. */
static void make_run(copse_choices *choices, uint32_t decisions, uint32_t *chosen)
{
    cp_rng rng = cp_rng_make(77);
    uint32_t count = 5;
    for (uint32_t i = 0; i < decisions; i++) {
        count += (uint32_t)cp_rng_below(&rng, 3);
        count = count <= 3 ? 3 : count - 1;
        if (i % 100 == 50)
            count = 2 + (uint32_t)cp_rng_below(&rng, 100000);
        bool is_mail = i % 10 == 0;
        chosen[i] =
            cp_choose(choices, count, is_mail ? CP_CHOICE_MAIL : CP_CHOICE_READY, NULL, NULL);
        if (i % 100 == 50)
            count = 6;
        if (i % 250 == 0)
            cp_record_input(choices, i, &i, sizeof i);
    }
}

enum { run_length = 5000 };
static uint32_t recorded[run_length];
static uint32_t replayed[run_length];

static void a_replay_chooses_what_was_recorded(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        copse_choices *choices = new_choices((copse_choices_options){
            .mode = COPSE_CHOOSE_RANDOM, .seed = seed, .is_recorded = true});
        make_run(choices, run_length, recorded);
        const void *log = NULL;
        size_t size = 0;
        assert_int_equal(copse_choices_log(choices, &log, &size), COPSE_OK);
        CHECK_SEED(size < 32 + run_length * 2 + 20 * 8, seed);
        copse_choices *replay = new_choices(
            (copse_choices_options){.mode = COPSE_CHOOSE_REPLAY, .log = log, .log_size = size});
        make_run(replay, run_length, replayed);
        CHECK_SEED(memcmp(recorded, replayed, sizeof recorded) == 0, seed);
        CHECK_SEED(copse_choices_hash(choices) == copse_choices_hash(replay), seed);
        CHECK_SEED(copse_choices_check(replay, NULL, 0) == COPSE_OK, seed);
        copse_choices_free(replay);
        copse_choices_free(choices);
    }
}

static void a_million_decisions_replay_to_the_same_hash(void **state)
{
    (void)state;
    enum { decisions = 1000000 };
    uint32_t *chosen = malloc(decisions * sizeof *chosen);
    copse_choices *choices = new_choices(
        (copse_choices_options){.mode = COPSE_CHOOSE_RANDOM, .seed = 3, .is_recorded = true});
    make_run(choices, decisions, chosen);
    const void *log = NULL;
    size_t size = 0;
    assert_int_equal(copse_choices_log(choices, &log, &size), COPSE_OK);
    assert_true(size <= 2 * decisions);
    copse_choices *replay = new_choices(
        (copse_choices_options){.mode = COPSE_CHOOSE_REPLAY, .log = log, .log_size = size});
    make_run(replay, decisions, chosen);
    assert_true(copse_choices_hash(choices) == copse_choices_hash(replay));
    assert_int_equal(copse_choices_count(replay), decisions);
    copse_choices_free(replay);
    copse_choices_free(choices);
    free(chosen);
}

static void the_same_seed_chooses_the_same(void **state)
{
    (void)state;
    const copse_choice_mode modes[] = {COPSE_CHOOSE_RANDOM, COPSE_CHOOSE_PCT};
    for (size_t i = 0; i < CP_COUNT_OF(modes); i++) {
        uint64_t hashes[3];
        for (int run = 0; run < 3; run++) {
            copse_choices *choices = new_choices((copse_choices_options){
                .mode = modes[i], .seed = run < 2 ? 8 : 9, .change_points = 3, .run_length = 100});
            make_run(choices, 1000, recorded);
            hashes[run] = copse_choices_hash(choices);
            copse_choices_free(choices);
        }
        assert_true(hashes[0] == hashes[1]);
        assert_true(hashes[0] != hashes[2]);
    }
}

/* A log of READY of 3, MAIL of 2, an input of kind 9. */
static copse_choices *short_run(void)
{
    copse_choices *choices = new_choices(
        (copse_choices_options){.mode = COPSE_CHOOSE_RANDOM, .seed = 1, .is_recorded = true});
    choose(choices, 3);
    cp_choose(choices, 2, CP_CHOICE_MAIL, NULL, NULL);
    cp_record_input(choices, 9, "abc", 3);
    return choices;
}

static copse_choices *replay_of(copse_choices *choices)
{
    const void *log = NULL;
    size_t size = 0;
    assert_int_equal(copse_choices_log(choices, &log, &size), COPSE_OK);
    return new_choices(
        (copse_choices_options){.mode = COPSE_CHOOSE_REPLAY, .log = log, .log_size = size});
}

static void expect_divergence(copse_choices *replay, const char *expected)
{
    char text[128];
    assert_true(cp_choices_have_diverged(replay));
    assert_int_equal(copse_choices_check(replay, text, sizeof text), COPSE_EDIVERGED);
    assert_string_equal(text, expected);
    assert_int_equal(choose(replay, 1000), 0);
    copse_choices_free(replay);
}

static void a_replay_that_asks_something_else_has_diverged(void **state)
{
    (void)state;
    copse_choices *choices = short_run();
    copse_choices *replay = replay_of(choices);
    choose(replay, 4);
    expect_divergence(replay,
                      "diverged at decision 0: the run chooses ready of 4, the log has ready of 3");

    replay = replay_of(choices);
    choose(replay, 3);
    choose(replay, 2);
    expect_divergence(replay,
                      "diverged at decision 1: the run chooses ready of 2, the log has mail of 2");

    replay = replay_of(choices);
    choose(replay, 3);
    cp_choose(replay, 2, CP_CHOICE_MAIL, NULL, NULL);
    choose(replay, 5);
    expect_divergence(replay,
                      "diverged at decision 2: the run chooses ready of 5, the log has input 9");

    replay = replay_of(choices);
    choose(replay, 3);
    cp_record_input(replay, 9, "abc", 3);
    expect_divergence(replay,
                      "diverged at decision 1: the run chooses input 9, the log has mail of 2");
    copse_choices_free(choices);
}

static void a_replay_that_goes_on_after_its_log_has_diverged(void **state)
{
    (void)state;
    copse_choices *choices = short_run();
    copse_choices *replay = replay_of(choices);
    const void *bytes = NULL;
    size_t size = 0;
    choose(replay, 3);
    cp_choose(replay, 2, CP_CHOICE_MAIL, NULL, NULL);
    assert_true(cp_replay_input(replay, 9, &bytes, &size));
    assert_int_equal(size, 3);
    assert_memory_equal(bytes, "abc", 3);
    assert_int_equal(copse_choices_check(replay, NULL, 0), COPSE_OK);
    choose(replay, 2);
    expect_divergence(replay,
                      "diverged at decision 2: the run chooses ready of 2, the log has ended");
    copse_choices_free(choices);
}

static void another_input_is_a_divergence_too(void **state)
{
    (void)state;
    copse_choices *choices = short_run();
    copse_choices *replay = replay_of(choices);
    choose(replay, 3);
    cp_choose(replay, 2, CP_CHOICE_MAIL, NULL, NULL);
    cp_record_input(replay, 9, "abd", 3);
    assert_true(cp_choices_have_diverged(replay));
    char text[128];
    assert_int_equal(copse_choices_check(replay, text, sizeof text), COPSE_EDIVERGED);
    assert_string_equal(text, "diverged at decision 2: the run chooses input 9, "
                              "the log has input 9 with other bytes");
    copse_choices_free(replay);
    const void *bytes = NULL;
    size_t size = 0;
    assert_false(cp_replay_input(choices, 9, &bytes, &size));
    copse_choices_free(choices);
}

static void a_damaged_log_is_refused_or_harmless(void **state)
{
    (void)state;
    copse_choices *choices = short_run();
    const void *log = NULL;
    size_t size = 0;
    assert_int_equal(copse_choices_log(choices, &log, &size), COPSE_OK);
    uint8_t *damaged = malloc(size);
    for (size_t cut = 0; cut < size; cut++) {
        uint8_t *prefix = malloc(cut + 1);
        memcpy(prefix, log, cut);
        copse_choices *replay = NULL;
        copse_choices_options options = {
            .mode = COPSE_CHOOSE_REPLAY, .log = prefix, .log_size = cut};
        assert_int_equal(copse_choices_new(&options, &replay), COPSE_EFORMAT);
        assert_null(replay);
        free(prefix);
    }
    for (size_t bit = 0; bit < size * 8; bit++) {
        memcpy(damaged, log, size);
        damaged[bit / 8] ^= (uint8_t)(1U << bit % 8);
        copse_choices *replay = NULL;
        copse_choices_options options = {
            .mode = COPSE_CHOOSE_REPLAY, .log = damaged, .log_size = size};
        copse_status status = copse_choices_new(&options, &replay);
        bool is_in_seed_or_mode = bit / 8 >= 6 && bit / 8 < 16;
        assert_int_equal(status, is_in_seed_or_mode ? COPSE_OK : COPSE_EFORMAT);
        copse_choices_free(replay);
    }
    free(damaged);
    copse_choices_free(choices);
}

static void what_is_not_recorded_has_no_log(void **state)
{
    (void)state;
    copse_choices *choices = new_choices((copse_choices_options){0});
    const void *log = NULL;
    size_t size = 0;
    assert_int_equal(copse_choices_log(choices, &log, &size), COPSE_EINVAL);
    assert_false(copse_choices_next(choices));
    copse_choices_free(choices);
    copse_choices_free(NULL);
}

static void options_outside_their_domain_are_refused(void **state)
{
    (void)state;
    copse_choices *choices = NULL;
    copse_choices_options options = {.mode = (copse_choice_mode)55};
    assert_int_equal(copse_choices_new(&options, &choices), COPSE_EINVAL);
    options = (copse_choices_options){.mode = COPSE_CHOOSE_REPLAY};
    assert_int_equal(copse_choices_new(&options, &choices), COPSE_EFORMAT);
    assert_null(choices);
}

static void the_odometer_visits_every_combination_once(void **state)
{
    (void)state;
    copse_choices *choices =
        new_choices((copse_choices_options){.mode = COPSE_CHOOSE_EXHAUSTIVE, .is_recorded = true});
    bool seen[2][3][4] = {0};
    unsigned runs = 0;
    uint64_t hashes[24];
    do {
        uint32_t a = choose(choices, 2);
        uint32_t b = choose(choices, 3);
        uint32_t c = choose(choices, 4);
        assert_false(seen[a][b][c]);
        seen[a][b][c] = true;
        assert_int_equal(copse_choices_count(choices), 3);
        hashes[runs++] = copse_choices_hash(choices);
    } while (copse_choices_next(choices));
    assert_int_equal(runs, 24);
    for (unsigned i = 0; i < runs; i++)
        for (unsigned k = 0; k < i; k++)
            assert_true(hashes[i] != hashes[k]);
    assert_false(copse_choices_next(choices));
    copse_choices_free(choices);
}

static void the_odometer_follows_runs_whose_shape_depends_on_the_choices(void **state)
{
    (void)state;
    copse_choices *choices = new_choices((copse_choices_options){.mode = COPSE_CHOOSE_EXHAUSTIVE});
    unsigned runs = 0;
    do {
        for (uint32_t i = choose(choices, 3); i > 0; i--)
            choose(choices, 2);
        runs++;
    } while (copse_choices_next(choices));
    assert_int_equal(runs, 1 + 2 + 4);
    copse_choices_free(choices);
}

static void each_run_of_the_odometer_has_a_log_of_its_own(void **state)
{
    (void)state;
    copse_choices *choices =
        new_choices((copse_choices_options){.mode = COPSE_CHOOSE_EXHAUSTIVE, .is_recorded = true});
    unsigned runs = 0;
    do {
        const void *log = NULL;
        size_t size = 0;
        uint32_t first = choose(choices, 3);
        uint32_t second = choose(choices, 2);
        assert_int_equal(copse_choices_log(choices, &log, &size), COPSE_OK);
        copse_choices *replay = new_choices(
            (copse_choices_options){.mode = COPSE_CHOOSE_REPLAY, .log = log, .log_size = size});
        assert_int_equal(choose(replay, 3), first);
        assert_int_equal(choose(replay, 2), second);
        assert_true(copse_choices_hash(replay) == copse_choices_hash(choices));
        copse_choices_free(replay);
        runs++;
    } while (copse_choices_next(choices));
    assert_int_equal(runs, 6);
    copse_choices_free(choices);
}

static void beyond_its_depth_the_odometer_takes_the_first(void **state)
{
    (void)state;
    copse_choices *choices =
        new_choices((copse_choices_options){.mode = COPSE_CHOOSE_EXHAUSTIVE, .depth = 2});
    unsigned runs = 0;
    do {
        choose(choices, 2);
        choose(choices, 2);
        assert_int_equal(choose(choices, 2), 0);
        runs++;
    } while (copse_choices_next(choices));
    assert_int_equal(runs, 4);
    copse_choices_free(choices);
}

static void a_program_with_chance_of_its_own_is_found_by_the_odometer(void **state)
{
    (void)state;
    copse_choices *choices = new_choices((copse_choices_options){.mode = COPSE_CHOOSE_EXHAUSTIVE});
    choose(choices, 2);
    assert_true(copse_choices_next(choices));
    choose(choices, 3);
    assert_int_equal(copse_choices_check(choices, NULL, 0), COPSE_EDIVERGED);
    assert_false(copse_choices_next(choices));
    copse_choices_free(choices);
}

static uint64_t identity_is(void *context, uint32_t index)
{
    const uint64_t *identities = context;
    return identities[index];
}

static void without_change_points_pct_keeps_its_favourite(void **state)
{
    (void)state;
    uint64_t identities[] = {100, 200, 300};
    uint64_t reversed[] = {300, 200, 100};
    for (uint64_t seed = 0; seed < 20; seed++) {
        copse_choices *choices =
            new_choices((copse_choices_options){.mode = COPSE_CHOOSE_PCT, .seed = seed});
        uint32_t first = cp_choose(choices, 3, CP_CHOICE_READY, identity_is, identities);
        CHECK_SEED(cp_choose(choices, 3, CP_CHOICE_READY, identity_is, identities) == first, seed);
        CHECK_SEED(cp_choose(choices, 3, CP_CHOICE_READY, identity_is, reversed) == 2 - first,
                   seed);
        copse_choices_free(choices);
    }
}

static void a_change_point_puts_the_favourite_last(void **state)
{
    (void)state;
    uint64_t identities[] = {100, 200, 300};
    copse_choices *choices = new_choices((copse_choices_options){
        .mode = COPSE_CHOOSE_PCT, .seed = 4, .change_points = 1, .run_length = 10});
    uint32_t chosen[20];
    unsigned changes = 0;
    for (int i = 0; i < 20; i++) {
        chosen[i] = cp_choose(choices, 3, CP_CHOICE_READY, identity_is, identities);
        changes += i > 0 && chosen[i] != chosen[i - 1];
    }
    assert_true(changes <= 1);
    copse_choices_free(choices);
}

static void the_latest_that_was_put_last_is_the_very_last(void **state)
{
    (void)state;
    uint64_t identities[] = {100, 200, 300};
    for (uint64_t seed = 0; seed < 20; seed++) {
        /* Both change points are the first decision: its favourite is put last, then the next
         * favourite behind it. */
        copse_choices *choices = new_choices((copse_choices_options){
            .mode = COPSE_CHOOSE_PCT, .seed = seed, .change_points = 2, .run_length = 1});
        copse_choices *order =
            new_choices((copse_choices_options){.mode = COPSE_CHOOSE_PCT, .seed = seed});
        uint32_t first = cp_choose(order, 3, CP_CHOICE_READY, identity_is, identities);
        uint32_t last = cp_choose(choices, 3, CP_CHOICE_READY, identity_is, identities);
        uint32_t second = 3 - first - last;
        uint64_t demoted[] = {identities[second], identities[first]};
        CHECK_SEED(last != first, seed);
        CHECK_SEED(cp_choose(choices, 2, CP_CHOICE_READY, identity_is, demoted) == 1, seed);
        copse_choices_free(choices);
        copse_choices_free(order);
    }
}

static copse_status record_with(const copse_allocator *allocator, copse_choice_mode mode)
{
    copse_choices *choices = NULL;
    copse_choices_options options = {.allocator = allocator,
                                     .mode = mode,
                                     .is_recorded = true,
                                     .change_points = 2,
                                     .run_length = 10};
    copse_status status = copse_choices_new(&options, &choices);
    if (status != COPSE_OK)
        return status;
    for (int i = 0; i < 100; i++)
        choose(choices, 3);
    const void *log = NULL;
    size_t size = 0;
    status = copse_choices_log(choices, &log, &size);
    assert_int_equal(status, copse_choices_check(choices, NULL, 0));
    copse_choices_free(choices);
    return status;
}

static void every_allocation_may_be_refused(void **state)
{
    (void)state;
    const copse_choice_mode modes[] = {COPSE_CHOOSE_RANDOM, COPSE_CHOOSE_PCT,
                                       COPSE_CHOOSE_EXHAUSTIVE};
    for (size_t i = 0; i < CP_COUNT_OF(modes); i++) {
        copse_status status = COPSE_ENOMEM;
        for (uint64_t at = 1; status != COPSE_OK; at++) {
            cp_fault fault;
            cp_fault_init(&fault, at);
            status = record_with(&fault.allocator, modes[i]);
            assert_int_equal(fault.live_bytes, 0);
            assert_true(status == COPSE_ENOMEM || fault.refused == 0);
        }
    }
}

CP_TEST_MAIN(cmocka_unit_test(one_alone_is_no_decision),
             cmocka_unit_test(fifo_always_takes_the_first),
             cmocka_unit_test(a_replay_chooses_what_was_recorded),
             cmocka_unit_test(a_million_decisions_replay_to_the_same_hash),
             cmocka_unit_test(the_same_seed_chooses_the_same),
             cmocka_unit_test(a_replay_that_asks_something_else_has_diverged),
             cmocka_unit_test(a_replay_that_goes_on_after_its_log_has_diverged),
             cmocka_unit_test(another_input_is_a_divergence_too),
             cmocka_unit_test(a_damaged_log_is_refused_or_harmless),
             cmocka_unit_test(what_is_not_recorded_has_no_log),
             cmocka_unit_test(options_outside_their_domain_are_refused),
             cmocka_unit_test(the_odometer_visits_every_combination_once),
             cmocka_unit_test(the_odometer_follows_runs_whose_shape_depends_on_the_choices),
             cmocka_unit_test(each_run_of_the_odometer_has_a_log_of_its_own),
             cmocka_unit_test(beyond_its_depth_the_odometer_takes_the_first),
             cmocka_unit_test(a_program_with_chance_of_its_own_is_found_by_the_odometer),
             cmocka_unit_test(without_change_points_pct_keeps_its_favourite),
             cmocka_unit_test(a_change_point_puts_the_favourite_last),
             cmocka_unit_test(the_latest_that_was_put_last_is_the_very_last),
             cmocka_unit_test(every_allocation_may_be_refused))
