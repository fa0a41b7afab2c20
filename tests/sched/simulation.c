/* Whole runs under a seed: tasks that spawn, sleep, join, block, wake, cancel, fail and wait, at
 * random; after the run every task has ended exactly once and the counts add up. */
#include "tests/check.h"

#include "sched/executor.h"
#include "sched/rng.h"
#include "tests/fault.h"

enum { most_members = 120, most_resumes = 2000 };

typedef struct test_crowd test_crowd;

typedef struct member {
    test_crowd *crowd;
    copse_task_handle handle;
    int resumes;
    int drops;
    bool is_inside; /* in its resume now */
    int64_t due_ns; /* what it sleeps for, 0 when it does not */
} member;

struct test_crowd {
    uint64_t seed;
    cp_rng rng;
    copse_executor *executor;
    member members[most_members];
    uint32_t count;
    int64_t last_ns;
    int resumes;
    int ended;
    int cancels;
};

static copse_outcome live(copse_task *self, void *context, copse_why why);

static void drop_member(void *context)
{
    member *own = context;
    CHECK_SEED(!own->is_inside, own->crowd->seed);
    CHECK_SEED(own->drops == 0, own->crowd->seed);
    own->drops++;
    own->crowd->ended++;
}

static void add_member(test_crowd *crowd)
{
    if (crowd->count == most_members)
        return;
    member *new = &crowd->members[crowd->count++];
    new->crowd = crowd;
    copse_task_options options = {.resume = live, .drop = drop_member, .context = new};
    CHECK_SEED(copse_executor_schedule(crowd->executor, &options, &new->handle) == COPSE_OK,
               crowd->seed);
}

static member *any_member(test_crowd *crowd)
{
    return &crowd->members[cp_rng_below(&crowd->rng, crowd->count)];
}

/* A call on a random member says unknown exactly when it has ended. */
static void disturb(test_crowd *crowd)
{
    member *other = any_member(crowd);
    bool is_known = true;
    switch (cp_rng_below(&crowd->rng, 4)) {
    case 0:
        is_known = copse_executor_wake(crowd->executor, other->handle) == COPSE_OK;
        break;
    case 1: {
        copse_status status =
            copse_executor_cancel(crowd->executor, other->handle, crowd->seed % 2 == 0);
        is_known = status != COPSE_EUNKNOWN;
        crowd->cancels += status == COPSE_OK;
        break;
    }
    case 2: {
        copse_task_info info;
        is_known = copse_executor_task_info(crowd->executor, other->handle, &info) == COPSE_OK;
        break;
    }
    default:
        copse_executor_post_wake(crowd->executor, other->handle);
        is_known = other->drops == 0;
    }
    CHECK_SEED(is_known == (other->drops == 0), crowd->seed);
}

static void check_resume(member *own, copse_task *self, copse_why why, int64_t now_ns)
{
    uint64_t seed = own->crowd->seed;
    CHECK_SEED(!own->is_inside && own->drops == 0, seed);
    CHECK_SEED(copse_task_self(self).bits == own->handle.bits, seed);
    CHECK_SEED((why == COPSE_WHY_FIRST) == (own->resumes == 0), seed);
    CHECK_SEED(now_ns >= own->crowd->last_ns, seed);
    CHECK_SEED(why != COPSE_WHY_DUE || now_ns >= own->due_ns, seed);
    own->crowd->last_ns = now_ns;
    own->resumes++;
    own->crowd->resumes++;
}

static copse_outcome next_outcome(member *own, copse_task *self, int64_t now_ns)
{
    test_crowd *crowd = own->crowd;
    cp_rng *rng = &crowd->rng;
    copse_block block = {.kind = COPSE_BLOCK_MUTEX, .owner = any_member(crowd)->handle};
    int64_t until_ns = now_ns + (int64_t)cp_rng_below(rng, 50);
    bool is_late = crowd->resumes > most_resumes || copse_task_is_cancelled(self);
    own->due_ns = until_ns;
    switch (is_late ? 5 : cp_rng_below(rng, 7)) {
    case 0:
        return copse_task_yield(self);
    case 1:
        return copse_task_sleep_until(self, until_ns);
    case 2: /* never for ever: somebody may be waiting for us */
        return copse_task_block(self, block, until_ns);
    case 3:
        return copse_task_join(self, any_member(crowd)->handle, until_ns);
    case 4:
        return COPSE_READY;
    case 5:
        return copse_task_done(self, 0);
    default:
        return copse_task_done(self, (int)cp_rng_below(rng, 2));
    }
}

static copse_outcome live(copse_task *self, void *context, copse_why why)
{
    member *own = context;
    test_crowd *crowd = own->crowd;
    int64_t now_ns = copse_clock_now(copse_executor_clock(crowd->executor));
    check_resume(own, self, why, now_ns);
    own->is_inside = true;
    if (cp_rng_below(&crowd->rng, 3) == 0)
        add_member(crowd);
    if (cp_rng_below(&crowd->rng, 2) == 0)
        disturb(crowd);
    if (cp_rng_below(&crowd->rng, 20) == 0) {
        copse_status status =
            copse_executor_wait(crowd->executor, any_member(crowd)->handle, now_ns + 30, NULL);
        CHECK_SEED(status == COPSE_OK || status == COPSE_ETIMEOUT || status == COPSE_EUNKNOWN,
                   crowd->seed);
        now_ns = copse_clock_now(copse_executor_clock(crowd->executor));
    }
    own->is_inside = false;
    return next_outcome(own, self, now_ns);
}

static void check_counts(test_crowd *crowd)
{
    copse_executor_stats stats;
    CHECK_SEED(copse_executor_stats_read(crowd->executor, &stats) == COPSE_OK, crowd->seed);
    CHECK_SEED(cp_stats_balance(&stats), crowd->seed);
    CHECK_SEED(stats.submitted == crowd->count, crowd->seed);
    CHECK_SEED(stats.live == crowd->count - (uint32_t)crowd->ended, crowd->seed);
    CHECK_SEED(stats.resumes == (uint64_t)crowd->resumes, crowd->seed);
    CHECK_SEED(stats.cancelled == 0 || crowd->cancels > 0, crowd->seed);
}

static bool check_between(void *context)
{
    check_counts(context);
    return false;
}

/* One run; its decisions as a hash. LOG replays instead of SEED choosing. */
static uint64_t run_crowd(uint64_t seed, copse_choices *choices)
{
    static test_crowd crowd;
    cp_fault fault;
    cp_fault_init(&fault, 0);
    memset(&crowd, 0, sizeof crowd);
    crowd.seed = seed;
    crowd.rng = cp_rng_make(seed);
    copse_det_options options = {.allocator = &fault.allocator, .choices = choices};
    CHECK_SEED(copse_executor_new_det(&options, &crowd.executor) == COPSE_OK, seed);
    for (int i = 0; i < 5; i++)
        add_member(&crowd);
    /* Safety after every step for a while, then to the end: every task has a deadline. */
    (void)!copse_executor_run_until(crowd.executor, check_between, &crowd, 200);
    CHECK_SEED(copse_executor_run_all(crowd.executor) == COPSE_OK, seed);
    check_counts(&crowd);
    for (uint32_t i = 0; i < crowd.count; i++)
        CHECK_SEED(crowd.members[i].drops == 1, seed);
    CHECK_SEED(copse_executor_free(crowd.executor) == COPSE_OK, seed);
    CHECK_SEED(fault.live_bytes == 0, seed);
    return copse_choices_hash(choices);
}

static copse_choices *new_choices(copse_choices_options options)
{
    copse_choices *choices = NULL;
    assert_int_equal(copse_choices_new(&options, &choices), COPSE_OK);
    return choices;
}

static void no_task_is_lost_or_ends_twice_and_each_seed_repeats_itself(void **state)
{
    (void)state;
    uint64_t seeds = getenv("COPSE_TEST_FULL") != NULL ? 100000 : 1000;
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        const void *log = NULL;
        size_t size = 0;
        copse_choices *choices = new_choices(
            (copse_choices_options){.mode = seed % 3 == 0 ? COPSE_CHOOSE_PCT : COPSE_CHOOSE_RANDOM,
                                    .seed = seed,
                                    .change_points = 3,
                                    .run_length = 500,
                                    .is_recorded = true});
        uint64_t hash = run_crowd(seed, choices);
        assert_int_equal(copse_choices_log(choices, &log, &size), COPSE_OK);
        CHECK_SEED(size <= 32 + 2 * copse_choices_count(choices), seed);
        copse_choices *replay = new_choices(
            (copse_choices_options){.mode = COPSE_CHOOSE_REPLAY, .log = log, .log_size = size});
        CHECK_SEED(run_crowd(seed, replay) == hash, seed);
        CHECK_SEED(copse_choices_check(replay, NULL, 0) == COPSE_OK, seed);
        copse_choices_free(replay);
        copse_choices_free(choices);
    }
}

CP_TEST_MAIN(cmocka_unit_test(no_task_is_lost_or_ends_twice_and_each_seed_repeats_itself))
