#include "tests/check.h"

#include "sched/compiler.h"
#include "sched/rng.h"
#include "sched/waitgraph.h"

/* Tasks that block at once on what the test says. */
typedef struct waiter {
    copse_block block;
    int64_t until_ns;
} waiter;

static copse_outcome wait_as_told(copse_task *self, void *context, copse_why why)
{
    waiter *own = context;
    if (why != COPSE_WHY_FIRST)
        return copse_task_done(self, 0);
    return copse_task_block(self, own->block, own->until_ns);
}

enum { most_waiters = 40 };

typedef struct test_stage {
    copse_executor *executor;
    waiter waiters[most_waiters];
    copse_task_handle handles[most_waiters];
    size_t count;
} test_stage;

/* COUNT tasks named a, b, c ...; they block when the stage is run. */
static void set_stage(test_stage *stage, size_t count)
{
    copse_det_options options = {0};
    stage->count = count;
    assert_int_equal(copse_executor_new_det(&options, &stage->executor), COPSE_OK);
    for (size_t i = 0; i < count; i++) {
        char name[2] = {(char)('a' + i), '\0'};
        stage->waiters[i] = (waiter){{.kind = COPSE_BLOCK_CUSTOM}, COPSE_NEVER};
        copse_task_options task = {
            .name = name, .resume = wait_as_told, .context = &stage->waiters[i]};
        assert_int_equal(copse_executor_schedule(stage->executor, &task, &stage->handles[i]),
                         COPSE_OK);
    }
}

static void wait_for_task(test_stage *stage, size_t from, copse_block_kind kind, size_t to)
{
    stage->waiters[from].block =
        (copse_block){.kind = kind, .object = from, .owner = stage->handles[to]};
}

static bool never(void *context)
{
    (void)context;
    return false;
}

static copse_status run_stage(test_stage *stage)
{
    return copse_executor_run_until(stage->executor, never, NULL, COPSE_NEVER);
}

static void clear_stage(test_stage *stage)
{
    assert_int_equal(copse_executor_free(stage->executor), COPSE_OK);
}

static size_t find_cycle(test_stage *stage, copse_task_handle *cycle)
{
    size_t count = 99;
    assert_int_equal(copse_executor_find_cycle(stage->executor, cycle, most_waiters, &count),
                     COPSE_OK);
    return count;
}

static void every_cycle_of_one_to_ten_tasks_is_found(void **state)
{
    (void)state;
    const copse_block_kind kinds[] = {COPSE_BLOCK_MUTEX, COPSE_BLOCK_JOIN, COPSE_BLOCK_RECEIVE,
                                      COPSE_BLOCK_SEND};
    for (size_t length = 1; length <= 10; length++) {
        for (uint64_t seed = 1; seed <= 50; seed++) {
            test_stage stage;
            cp_rng rng = cp_rng_make(seed * 100 + length);
            set_stage(&stage, 26);
            size_t first = cp_rng_below(&rng, 26 - length + 1);
            for (size_t i = 0; i < length; i++)
                wait_for_task(&stage, first + i, kinds[cp_rng_below(&rng, 4)],
                              first + (i + 1) % length);
            /* Others lead into the cycle, to each other downwards, or nowhere. */
            for (size_t i = 0; i < 26; i++) {
                bool is_in_cycle = i >= first && i < first + length;
                if (!is_in_cycle && i > 0 && cp_rng_below(&rng, 2) == 0)
                    wait_for_task(&stage, i, COPSE_BLOCK_MUTEX, cp_rng_below(&rng, i));
            }
            CHECK_SEED(run_stage(&stage) == COPSE_EDEADLOCK, seed);
            copse_task_handle cycle[most_waiters];
            CHECK_SEED(find_cycle(&stage, cycle) == length, seed);
            for (size_t i = 0; i < length; i++) {
                copse_task_info info;
                CHECK_SEED(copse_executor_task_info(stage.executor, cycle[i], &info) == COPSE_OK,
                           seed);
                CHECK_SEED(info.block.owner.bits == cycle[(i + 1) % length].bits, seed);
            }
            clear_stage(&stage);
        }
    }
}

static void a_chain_is_no_cycle(void **state)
{
    (void)state;
    test_stage stage;
    copse_task_handle cycle[most_waiters];
    set_stage(&stage, 10);
    for (size_t i = 1; i < 10; i++)
        wait_for_task(&stage, i, COPSE_BLOCK_MUTEX, i - 1);
    assert_int_equal(run_stage(&stage), COPSE_EDEADLOCK);
    assert_int_equal(find_cycle(&stage, cycle), 0);
    clear_stage(&stage);
}

static void a_cycle_longer_than_the_room_for_it_is_counted(void **state)
{
    (void)state;
    test_stage stage;
    copse_task_handle cycle[2] = {{0}};
    size_t count = 0;
    set_stage(&stage, 3);
    for (size_t i = 0; i < 3; i++)
        wait_for_task(&stage, i, COPSE_BLOCK_MUTEX, (i + 1) % 3);
    assert_int_equal(run_stage(&stage), COPSE_EDEADLOCK);
    assert_int_equal(copse_executor_find_cycle(stage.executor, cycle, 1, &count), COPSE_OK);
    assert_int_equal(count, 3);
    assert_true(cycle[0].bits != 0 && cycle[1].bits == 0);
    clear_stage(&stage);
}

static void the_dump_names_each_task_what_it_waits_for_and_the_cycle(void **state)
{
    (void)state;
    test_stage stage;
    char text[1024];
    size_t length = 0;
    set_stage(&stage, 5);
    wait_for_task(&stage, 0, COPSE_BLOCK_MUTEX, 1);
    wait_for_task(&stage, 1, COPSE_BLOCK_JOIN, 0);
    stage.waiters[2] = (waiter){{.kind = COPSE_BLOCK_SLEEP}, 900};
    stage.waiters[3] = (waiter){{.kind = COPSE_BLOCK_RECEIVE, .object = 17}, 1000};
    stage.waiters[4] = (waiter){{.kind = COPSE_BLOCK_SEND, .owner = {77}}, COPSE_NEVER};
    assert_int_equal(copse_executor_run_to(stage.executor, 300), COPSE_OK);
    assert_int_equal(copse_executor_cancel(stage.executor, stage.handles[4], false), COPSE_OK);
    assert_int_equal(copse_executor_dump(stage.executor, text, sizeof text, &length), COPSE_OK);
    assert_string_equal(text,
                        "det executor at 300 ns: 5 live, 1 queued, 0 running, 4 blocked\n"
                        "task 0/1 \"a\": blocked on mutex 0, owner task 1/1 \"b\"\n"
                        "task 1/1 \"b\": blocked on join, owner task 0/1 \"a\"\n"
                        "task 2/1 \"c\": blocked on sleep, due at 900 ns\n"
                        "task 3/1 \"d\": blocked on receive 17, owner unknown, due at 1000 ns\n"
                        "task 4/1 \"e\": queued, asked to end\n"
                        "cycle: task 0/1 \"a\" -> task 1/1 \"b\" -> task 0/1 \"a\"\n");
    assert_int_equal(length, strlen(text));
    char part[20];
    assert_int_equal(copse_executor_dump(stage.executor, part, sizeof part, &length), COPSE_OK);
    assert_string_equal(part, "det executor at 300");
    assert_int_equal(length, strlen(text));
    clear_stage(&stage);
}

static void an_owner_that_has_ended_is_said_to_have(void **state)
{
    (void)state;
    test_stage stage;
    char text[256];
    set_stage(&stage, 1);
    stage.waiters[0].block =
        (copse_block){.kind = COPSE_BLOCK_JOB, .object = 3, .owner = cp_handle_make(9, 4)};
    assert_int_equal(run_stage(&stage), COPSE_EDEADLOCK);
    assert_int_equal(copse_executor_dump(stage.executor, text, sizeof text, NULL), COPSE_OK);
    assert_string_equal(text, "det executor at 0 ns: 1 live, 0 queued, 0 running, 1 blocked\n"
                              "task 0/1 \"a\": blocked on job 3, owner task 9/4 (ended)\n");
    clear_stage(&stage);
}

static void collect(void *context, const copse_task_info *info)
{
    test_stage *stage = context;
    assert_true(info->handle.bits == stage->handles[stage->count].bits);
    assert_int_equal(info->block.kind, stage->waiters[stage->count].block.kind);
    stage->count++;
}

static void a_visit_gives_the_same_as_data(void **state)
{
    (void)state;
    test_stage stage;
    set_stage(&stage, 7);
    stage.waiters[3] = (waiter){{.kind = COPSE_BLOCK_SLEEP}, 900};
    assert_int_equal(copse_executor_run_to(stage.executor, 10), COPSE_OK);
    stage.count = 0;
    assert_int_equal(copse_executor_visit(stage.executor, collect, &stage), COPSE_OK);
    assert_int_equal(stage.count, 7);
    clear_stage(&stage);
}

CP_TEST_MAIN(cmocka_unit_test(every_cycle_of_one_to_ten_tasks_is_found),
             cmocka_unit_test(a_chain_is_no_cycle),
             cmocka_unit_test(a_cycle_longer_than_the_room_for_it_is_counted),
             cmocka_unit_test(the_dump_names_each_task_what_it_waits_for_and_the_cycle),
             cmocka_unit_test(an_owner_that_has_ended_is_said_to_have),
             cmocka_unit_test(a_visit_gives_the_same_as_data))
