#include "tests/check.h"

#include <pthread.h>

#include "sched/det.h"
#include "sched/rng.h"
#include "tests/fault.h"

static copse_executor *new_executor(copse_det_options options)
{
    copse_executor *executor = NULL;
    assert_int_equal(copse_executor_new_det(&options, &executor), COPSE_OK);
    return executor;
}

static copse_choices *new_choices(copse_choices_options options)
{
    copse_choices *choices = NULL;
    assert_int_equal(copse_choices_new(&options, &choices), COPSE_OK);
    return choices;
}

static copse_task_handle start(copse_executor *executor, copse_resume_fn *resume, void *context)
{
    copse_task_handle handle = {0};
    copse_task_options options = {.resume = resume, .context = context};
    assert_int_equal(copse_executor_schedule(executor, &options, &handle), COPSE_OK);
    return handle;
}

static void end(copse_executor *executor)
{
    copse_executor_stats stats;
    assert_int_equal(copse_executor_stats_read(executor, &stats), COPSE_OK);
    assert_true(cp_stats_balance(&stats));
    assert_int_equal(copse_executor_free(executor), COPSE_OK);
}

static bool never(void *context)
{
    (void)context;
    return false;
}

/* ---- Order ---- */

enum { rounds = 10, walkers = 10 };

typedef struct walker {
    int number;
    int steps;
} walker;

static int footprints[rounds * walkers];
static int footprint_count;

static copse_outcome walk(copse_task *self, void *context, copse_why why)
{
    walker *own = context;
    (void)why;
    footprints[footprint_count++] = own->number;
    return ++own->steps == rounds ? copse_task_done(self, 0) : copse_task_yield(self);
}

static copse_status walk_with(copse_choices *choices)
{
    walker all[walkers];
    footprint_count = 0;
    copse_executor *executor = new_executor((copse_det_options){.choices = choices});
    for (int i = 0; i < walkers; i++) {
        all[i] = (walker){i, 0};
        start(executor, walk, &all[i]);
    }
    copse_status status = copse_executor_run_all(executor);
    end(executor);
    return status;
}

static void ready_tasks_run_in_turn(void **state)
{
    (void)state;
    assert_int_equal(walk_with(NULL), COPSE_OK);
    for (int i = 0; i < rounds * walkers; i++)
        assert_int_equal(footprints[i], i % walkers);
}

static void a_thousand_seeds_each_run_the_same_way_twice(void **state)
{
    (void)state;
    const copse_choice_mode modes[] = {COPSE_CHOOSE_RANDOM, COPSE_CHOOSE_PCT};
    int first[rounds * walkers];
    unsigned distinct = 0;
    uint64_t last_hash = 0;
    for (uint64_t seed = 0; seed < 1000; seed++) {
        uint64_t hashes[2];
        for (int run = 0; run < 2; run++) {
            copse_choices *choices = new_choices((copse_choices_options){
                .mode = modes[seed % 2], .seed = seed, .change_points = 3, .run_length = 100});
            assert_int_equal(walk_with(choices), COPSE_OK);
            hashes[run] = copse_choices_hash(choices);
            copse_choices_free(choices);
            if (run == 0)
                memcpy(first, footprints, sizeof first);
        }
        CHECK_SEED(hashes[0] == hashes[1], seed);
        CHECK_SEED(memcmp(first, footprints, sizeof first) == 0, seed);
        distinct += hashes[0] != last_hash;
        last_hash = hashes[0];
    }
    assert_int_equal(distinct, 1000);
}

static void a_seed_runs_the_same_way_on_every_machine(void **state)
{
    (void)state;
    copse_choices *choices =
        new_choices((copse_choices_options){.mode = COPSE_CHOOSE_RANDOM, .seed = 2026});
    assert_int_equal(walk_with(choices), COPSE_OK);
    assert_int_equal(copse_choices_count(choices), 97);
    assert_true(copse_choices_hash(choices) == UINT64_C(0x2a4683a6f25c91c9));
    copse_choices_free(choices);
}

static void a_replay_runs_the_recorded_way(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 1000; seed++) {
        int recorded[rounds * walkers];
        const void *log = NULL;
        size_t size = 0;
        copse_choices *choices = new_choices((copse_choices_options){
            .mode = COPSE_CHOOSE_RANDOM, .seed = seed, .is_recorded = true});
        assert_int_equal(walk_with(choices), COPSE_OK);
        memcpy(recorded, footprints, sizeof recorded);
        assert_int_equal(copse_choices_log(choices, &log, &size), COPSE_OK);
        copse_choices *replay = new_choices(
            (copse_choices_options){.mode = COPSE_CHOOSE_REPLAY, .log = log, .log_size = size});
        CHECK_SEED(walk_with(replay) == COPSE_OK, seed);
        CHECK_SEED(memcmp(recorded, footprints, sizeof recorded) == 0, seed);
        CHECK_SEED(copse_choices_hash(choices) == copse_choices_hash(replay), seed);
        copse_choices_free(replay);
        copse_choices_free(choices);
    }
}

static copse_outcome end_at_once(copse_task *self, void *context, copse_why why)
{
    (void)context;
    (void)why;
    return copse_task_done(self, 0);
}

static void a_replay_of_another_program_stops_where_it_differs(void **state)
{
    (void)state;
    const void *log = NULL;
    size_t size = 0;
    char text[128];
    copse_choices *choices = new_choices(
        (copse_choices_options){.mode = COPSE_CHOOSE_RANDOM, .seed = 6, .is_recorded = true});
    assert_int_equal(walk_with(choices), COPSE_OK);
    assert_int_equal(copse_choices_log(choices, &log, &size), COPSE_OK);
    copse_choices *replay = new_choices(
        (copse_choices_options){.mode = COPSE_CHOOSE_REPLAY, .log = log, .log_size = size});
    copse_executor *executor = new_executor((copse_det_options){.choices = replay});
    for (int i = 0; i < walkers; i++)
        start(executor, end_at_once, NULL);
    assert_int_equal(copse_executor_run_all(executor), COPSE_EDIVERGED);
    assert_int_equal(copse_choices_check(replay, text, sizeof text), COPSE_EDIVERGED);
    assert_string_equal(
        text, "diverged at decision 1: the run chooses ready of 9, the log has ready of 10");
    end(executor);
    copse_choices_free(replay);
    copse_choices_free(choices);
}

/* The oracle of the ready queue: an array from which the first is taken by moving all others. */
enum { queue_tasks = 50 };

typedef struct queue_world {
    copse_executor *executor;
    copse_task_handle handles[queue_tasks];
    int order[queue_tasks * 2];
    int count;
    int resumed;
    bool blocks_next;
} queue_world;

typedef struct queue_actor {
    queue_world *world;
    int number;
} queue_actor;

static copse_outcome follow_queue(copse_task *self, void *context, copse_why why)
{
    queue_actor *own = context;
    (void)why;
    own->world->resumed = own->number;
    if (own->world->blocks_next)
        return copse_task_block(self, (copse_block){.kind = COPSE_BLOCK_RECEIVE}, COPSE_NEVER);
    return copse_task_yield(self);
}

static void push_model(queue_world *world, int number)
{
    for (int i = 0; i < world->count; i++)
        if (world->order[i] == number)
            return;
    world->order[world->count++] = number;
}

static void run_queue_against_model(uint64_t seed)
{
    queue_world world = {.executor = new_executor((copse_det_options){0})};
    queue_actor actors[queue_tasks];
    cp_rng rng = cp_rng_make(seed);
    int made = 0;
    for (int step = 0; step < 3000; step++) {
        uint64_t what = cp_rng_below(&rng, 10);
        if (what == 0 && made < queue_tasks) {
            actors[made] = (queue_actor){&world, made};
            world.handles[made] = start(world.executor, follow_queue, &actors[made]);
            push_model(&world, made++);
        } else if (what < 4 && made > 0) {
            int number = (int)cp_rng_below(&rng, (uint64_t)made);
            CHECK_SEED(copse_executor_wake(world.executor, world.handles[number]) == COPSE_OK,
                       seed);
            push_model(&world, number);
        } else if (world.count > 0) {
            world.blocks_next = cp_rng_below(&rng, 2) == 0;
            CHECK_SEED(copse_executor_step(world.executor) == COPSE_OK, seed);
            CHECK_SEED(world.resumed == world.order[0], seed);
            memmove(world.order, world.order + 1, sizeof(int) * (size_t)--world.count);
            if (!world.blocks_next)
                push_model(&world, world.resumed);
        } else {
            CHECK_SEED(copse_executor_step(world.executor) == COPSE_EDEADLOCK, seed);
        }
    }
    end(world.executor);
}

static void the_ready_queue_behaves_like_a_list(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 100; seed++)
        run_queue_against_model(seed);
}

/* ---- Waits that can not end, and those that can ---- */

static copse_outcome block_until_cancelled(copse_task *self, void *context, copse_why why)
{
    (void)context;
    if (why == COPSE_WHY_FIRST)
        return copse_task_block(self, (copse_block){.kind = COPSE_BLOCK_RECEIVE}, COPSE_NEVER);
    return copse_task_done(self, 0);
}

static void a_wait_for_a_task_that_nobody_wakes_is_a_deadlock(void **state)
{
    (void)state;
    copse_executor *executor = new_executor((copse_det_options){0});
    copse_task_handle task = start(executor, block_until_cancelled, NULL);
    assert_int_equal(copse_executor_wait(executor, task, COPSE_NEVER, NULL), COPSE_EDEADLOCK);
    assert_int_equal(copse_executor_run_until(executor, never, NULL, COPSE_NEVER), COPSE_EDEADLOCK);
    assert_int_equal(copse_executor_step(executor), COPSE_EDEADLOCK);
    assert_int_equal(copse_executor_run_to(executor, 10), COPSE_OK);
    end(executor);
}

static void a_wait_that_times_out_leaves_the_task_running(void **state)
{
    (void)state;
    copse_executor *executor = new_executor((copse_det_options){0});
    copse_task_handle task = start(executor, block_until_cancelled, NULL);
    assert_int_equal(copse_executor_wait(executor, task, 70, NULL), COPSE_ETIMEOUT);
    assert_int_equal(copse_clock_now(copse_executor_clock(executor)), 70);
    assert_int_equal(copse_executor_wake(executor, task), COPSE_OK);
    int code = 1;
    assert_int_equal(copse_executor_wait(executor, task, 70, &code), COPSE_OK);
    assert_int_equal(code, 0);
    assert_int_equal(copse_executor_wait(executor, task, 70, &code), COPSE_EUNKNOWN);
    end(executor);
}

static void a_paused_executor_starts_nothing_and_is_no_deadlock(void **state)
{
    (void)state;
    copse_executor *executor = new_executor((copse_det_options){0});
    walker three[3] = {{0, rounds - 1}, {1, rounds - 1}, {2, rounds - 1}};
    char text[200];
    footprint_count = 0;
    copse_task_handle blocked = start(executor, block_until_cancelled, NULL);
    assert_int_equal(copse_executor_step(executor), COPSE_OK);
    assert_int_equal(copse_executor_pause(executor), COPSE_OK);
    assert_int_equal(copse_executor_wait(executor, blocked, COPSE_NEVER, NULL), COPSE_EPAUSED);
    for (int i = 0; i < 3; i++)
        start(executor, walk, &three[i]);
    assert_int_equal(copse_executor_step(executor), COPSE_EPAUSED);
    assert_int_equal(copse_executor_run_to(executor, 0), COPSE_EPAUSED);
    assert_int_equal(footprint_count, 0);
    assert_int_equal(copse_executor_dump(executor, text, sizeof text, NULL), COPSE_OK);
    assert_memory_equal(text, "det executor at 0 ns, paused: 4 live, 3 queued", 46);
    assert_int_equal(copse_executor_resume(executor), COPSE_OK);
    assert_int_equal(copse_executor_run_all(executor), COPSE_EDEADLOCK);
    for (int i = 0; i < 3; i++)
        assert_int_equal(footprints[i], i);
    assert_int_equal(copse_executor_pause(executor), COPSE_OK);
    assert_int_equal(copse_executor_wake(executor, blocked), COPSE_OK);
    assert_int_equal(copse_executor_run_all(executor), COPSE_OK);
    end(executor);
}

static copse_outcome sleep_then_end(copse_task *self, void *context, copse_why why)
{
    (void)context;
    return why == COPSE_WHY_FIRST ? copse_task_sleep_until(self, 1000) : copse_task_done(self, 0);
}

static void a_driven_clock_that_stands_is_idle_and_no_deadlock(void **state)
{
    (void)state;
    copse_clock *clock = copse_clock_new_driven(NULL, 0);
    copse_executor *executor = new_executor((copse_det_options){.clock = clock});
    copse_task_handle task = start(executor, sleep_then_end, NULL);
    assert_int_equal(copse_executor_wait(executor, task, COPSE_NEVER, NULL), COPSE_EIDLE);
    assert_int_equal(copse_clock_drive(clock, 999), COPSE_OK);
    assert_int_equal(copse_executor_run_to(executor, 999), COPSE_OK);
    assert_int_equal(copse_executor_run_to(executor, 1000), COPSE_EIDLE);
    assert_int_equal(copse_clock_drive(clock, 1000), COPSE_OK);
    assert_int_equal(copse_executor_wait(executor, task, COPSE_NEVER, NULL), COPSE_OK);
    end(executor);
    copse_clock_free(clock);
}

static void on_a_real_clock_a_sleep_takes_its_time(void **state)
{
    (void)state;
    copse_clock *clock = copse_clock_new_real(NULL);
    copse_executor *executor = new_executor((copse_det_options){.clock = clock});
    int64_t start_ns = copse_clock_now(clock);
    assert_int_equal(copse_executor_run_to(executor, start_ns + 2000000), COPSE_OK);
    assert_true(copse_clock_now(clock) >= start_ns + 2000000);
    end(executor);
    copse_clock_free(clock);
}

typedef struct outsider {
    copse_executor *executor;
    copse_task_handle task;
    pthread_mutex_t gate;
} outsider;

static void *answer_late(void *context)
{
    outsider *own = context;
    copse_executor_post_wake(own->executor, own->task);
    copse_executor_external_end(own->executor);
    return NULL;
}

static void an_outside_producer_is_no_deadlock_and_virtual_time_waits_for_it(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        copse_executor *executor = new_executor((copse_det_options){0});
        outsider own = {.executor = executor, .task = start(executor, block_until_cancelled, NULL)};
        start(executor, sleep_then_end, NULL);
        for (int k = 0; k < 2; k++) /* a wake before a task blocks would only tell it to look */
            assert_int_equal(copse_executor_step(executor), COPSE_OK);
        copse_executor_external_begin(executor);
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, answer_late, &own), 0);
        assert_int_equal(copse_executor_wait(executor, own.task, 500, NULL), COPSE_OK);
        assert_int_equal(copse_clock_now(copse_executor_clock(executor)), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        end(executor);
    }
}

static copse_outcome open_the_gate(copse_task *self, void *context, copse_why why)
{
    (void)why;
    outsider *own = context;
    copse_task_info info;
    assert_int_equal(copse_executor_task_info(own->executor, own->task, &info), COPSE_OK);
    assert_int_equal(info.state, COPSE_TASK_BLOCKED);
    pthread_mutex_unlock(&own->gate);
    return copse_task_done(self, 0);
}

static void *answer_behind_the_gate(void *context)
{
    outsider *own = context;
    pthread_mutex_lock(&own->gate);
    copse_executor_post_wake(own->executor, own->task);
    pthread_mutex_unlock(&own->gate);
    copse_executor_external_end(own->executor);
    return NULL;
}

static void an_outside_producer_alone_is_no_deadlock(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++) {
        outsider own = {.executor = new_executor((copse_det_options){0})};
        own.task = start(own.executor, block_until_cancelled, NULL);
        start(own.executor, open_the_gate, &own);
        assert_int_equal(pthread_mutex_init(&own.gate, NULL), 0);
        assert_int_equal(pthread_mutex_lock(&own.gate), 0);
        copse_executor_external_begin(own.executor);
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, answer_behind_the_gate, &own), 0);
        assert_int_equal(copse_executor_wait(own.executor, own.task, COPSE_NEVER, NULL), COPSE_OK);
        assert_int_equal(pthread_join(thread, NULL), 0);
        pthread_mutex_destroy(&own.gate);
        end(own.executor);
    }
}

static void *only_end_the_claim(void *context)
{
    copse_executor_external_end(((outsider *)context)->executor);
    return NULL;
}

static void a_producer_that_leaves_without_an_answer_makes_a_deadlock(void **state)
{
    (void)state;
    copse_executor *executor = new_executor((copse_det_options){0});
    outsider own = {.executor = executor, .task = start(executor, block_until_cancelled, NULL)};
    copse_executor_external_begin(executor);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, only_end_the_claim, &own), 0);
    assert_int_equal(copse_executor_wait(executor, own.task, COPSE_NEVER, NULL), COPSE_EDEADLOCK);
    assert_int_equal(pthread_join(thread, NULL), 0);
    end(executor);
}

/* ---- Waits inside tasks ---- */

typedef struct nest {
    copse_executor *executor;
    copse_task_handle target;
    int level;
    copse_status deepest;
    int deepest_level;
} nest;

static copse_outcome wait_deeper(copse_task *self, void *context, copse_why why)
{
    nest *own = context;
    (void)why;
    own->level++;
    copse_task_handle inner = start(own->executor, wait_deeper, own);
    copse_status status = copse_executor_wait(own->executor, inner, COPSE_NEVER, NULL);
    if (status == COPSE_EDEPTH) {
        own->deepest = status;
        own->deepest_level = own->level;
        assert_int_equal(copse_executor_cancel(own->executor, inner, false), COPSE_OK);
    }
    return copse_task_done(self, 0);
}

static void waits_nest_to_64_and_no_deeper(void **state)
{
    (void)state;
    nest own = {.executor = new_executor((copse_det_options){0})};
    copse_task_handle task = start(own.executor, wait_deeper, &own);
    assert_int_equal(copse_executor_wait(own.executor, task, COPSE_NEVER, NULL), COPSE_OK);
    assert_int_equal(own.deepest, COPSE_EDEPTH);
    assert_int_equal(own.deepest_level, CP_WAIT_DEPTH);
    assert_int_equal(copse_executor_run_all(own.executor), COPSE_OK);
    end(own.executor);
}

static copse_outcome wait_for_target(copse_task *self, void *context, copse_why why)
{
    nest *own = context;
    char text[512];
    (void)why;
    copse_status status = copse_executor_wait(own->executor, own->target, COPSE_NEVER, NULL);
    if (status == COPSE_EDEADLOCK && own->deepest == COPSE_OK) {
        own->deepest = status;
        assert_int_equal(copse_executor_dump(own->executor, text, sizeof text, NULL), COPSE_OK);
        assert_string_equal(text, "det executor at 0 ns: 2 live, 0 queued, 1 running, 1 blocked\n"
                                  "the host waits for task 0/1 \"task\"\n"
                                  "task 0/1 \"task\": running\n"
                                  "task 1/1 \"task\": blocked on join, owner task 0/1 \"task\"\n");
    }
    return copse_task_done(self, 0);
}

static copse_outcome join_target(copse_task *self, void *context, copse_why why)
{
    nest *own = context;
    return why == COPSE_WHY_FIRST ? copse_task_join(self, own->target, COPSE_NEVER)
                                  : copse_task_done(self, 0);
}

static void a_wait_inside_a_task_that_closes_a_circle_is_a_deadlock(void **state)
{
    (void)state;
    copse_executor *executor = new_executor((copse_det_options){0});
    nest waiter = {.executor = executor}, joiner = {.executor = executor};
    copse_task_handle first = start(executor, wait_for_target, &waiter);
    copse_task_handle second = start(executor, join_target, &joiner);
    waiter.target = second;
    joiner.target = first;
    assert_int_equal(copse_executor_wait(executor, first, COPSE_NEVER, NULL), COPSE_OK);
    assert_int_equal(waiter.deepest, COPSE_EDEADLOCK);
    assert_int_equal(copse_executor_run_all(executor), COPSE_OK);
    end(executor);
}

typedef struct inspection {
    copse_executor *executor;
    copse_task_handle outer;
    char text[512];
    size_t cycle;
} inspection;

static copse_outcome wait_with_deadline(copse_task *self, void *context, copse_why why)
{
    inspection *own = context;
    (void)why;
    own->outer = copse_task_self(self);
    copse_task_handle blocked = start(own->executor, block_until_cancelled, NULL);
    assert_int_equal(copse_executor_wait(own->executor, blocked, 80, NULL), COPSE_ETIMEOUT);
    return copse_task_done(self, 0);
}

static copse_outcome look_around(copse_task *self, void *context, copse_why why)
{
    inspection *own = context;
    if (why == COPSE_WHY_FIRST)
        return copse_task_sleep_until(self, 40);
    assert_int_equal(copse_executor_dump(own->executor, own->text, sizeof own->text, NULL),
                     COPSE_OK);
    return copse_task_done(self, 0);
}

static void a_dump_shows_who_waits_inside_a_resume(void **state)
{
    (void)state;
    inspection own = {.executor = new_executor((copse_det_options){0})};
    start(own.executor, wait_with_deadline, &own);
    start(own.executor, look_around, &own);
    assert_int_equal(copse_executor_run_all(own.executor), COPSE_EDEADLOCK);
    assert_string_equal(own.text,
                        "det executor at 40 ns: 3 live, 0 queued, 2 running, 1 blocked\n"
                        "task 0/1 \"task\" waits for task 2/1 \"task\"\n"
                        "the host waits for a condition\n"
                        "task 0/1 \"task\": running, waits on join, owner task 2/1 \"task\"\n"
                        "task 1/1 \"task\": running\n"
                        "task 2/1 \"task\": blocked on receive 0, owner unknown\n");
    end(own.executor);
}

static copse_outcome try_to_free(copse_task *self, void *context, copse_why why)
{
    (void)why;
    assert_int_equal(copse_executor_free(context), COPSE_EBUSY_OWNER);
    return copse_task_done(self, 0);
}

static copse_status freed_by_a_post;

static void free_it(void *context)
{
    freed_by_a_post = copse_executor_free(context);
}

static void a_posted_function_does_not_free_what_is_being_freed(void **state)
{
    (void)state;
    copse_executor *executor;
    assert_int_equal(copse_executor_new_det(&(copse_det_options){0}, &executor), COPSE_OK);
    assert_int_equal(copse_executor_post(executor, free_it, executor), COPSE_OK);
    freed_by_a_post = COPSE_OK;
    assert_int_equal(copse_executor_free(executor), COPSE_OK);
    assert_int_equal(freed_by_a_post, COPSE_EBUSY_OWNER);
}

static void an_executor_is_not_freed_from_inside(void **state)
{
    (void)state;
    copse_executor *executor = new_executor((copse_det_options){0});
    start(executor, try_to_free, executor);
    assert_int_equal(copse_executor_run_all(executor), COPSE_OK);
    end(executor);
}

/* ---- Mail ---- */

static char received[64];

static void receive_letter(void *context)
{
    size_t length = strlen(received);
    received[length] = *(const char *)context;
    received[length + 1] = '\0';
}

static copse_outcome step_letter(copse_task *self, void *context, copse_why why)
{
    receive_letter(context);
    (void)why;
    return strlen(received) > 9 ? copse_task_done(self, 0) : copse_task_yield(self);
}

static void mail_is_delivered_in_the_order_of_arrival_whatever_the_seed(void **state)
{
    (void)state;
    unsigned delayed = 0;
    for (uint64_t seed = 0; seed < 100; seed++) {
        copse_choices *choices =
            new_choices((copse_choices_options){.mode = COPSE_CHOOSE_RANDOM, .seed = seed});
        copse_executor *executor = new_executor((copse_det_options){.choices = choices});
        received[0] = '\0';
        start(executor, step_letter, "-");
        for (const char *letter = "abcdef"; *letter != '\0'; letter++)
            assert_int_equal(copse_executor_post(executor, receive_letter, (void *)letter),
                             COPSE_OK);
        assert_int_equal(copse_executor_run_all(executor), COPSE_OK);
        assert_int_equal(copse_executor_step(executor), COPSE_EDEADLOCK); /* the rest of the mail */
        char order = 'a';
        for (const char *letter = received; *letter != '\0'; letter++)
            if (*letter != '-')
                CHECK_SEED(*letter == order++, seed);
        CHECK_SEED(order == 'g', seed);
        delayed += received[5] == '-';
        end(executor);
        copse_choices_free(choices);
    }
    assert_true(delayed > 0 && delayed < 100);
}

/* ---- Threads and memory ---- */

static void *call_everything(void *context)
{
    outsider *own = context;
#ifdef COPSE_CHECKED_ABORT /* there each call aborts: tests/sched/owner.c */
    (void)own;
#else
    copse_executor *executor = own->executor;
    copse_task_options options = {.resume = end_at_once};
    copse_executor_stats stats;
    copse_task_info info;
    copse_task_handle cycle[1];
    size_t count = 0;
    char text[8];
    copse_status statuses[] = {
        copse_executor_schedule(executor, &options, NULL),
        copse_executor_wake(executor, own->task),
        copse_executor_wake_at(executor, own->task, 5),
        copse_executor_cancel(executor, own->task, true),
        copse_executor_wait(executor, own->task, 5, NULL),
        copse_executor_run_until(executor, never, NULL, 5),
        copse_executor_run_to(executor, 5),
        copse_executor_run_all(executor),
        copse_executor_step(executor),
        copse_executor_pause(executor),
        copse_executor_resume(executor),
        copse_executor_stats_read(executor, &stats),
        copse_executor_task_info(executor, own->task, &info),
        copse_executor_visit(executor, NULL, NULL),
        copse_executor_find_cycle(executor, cycle, 1, &count),
        copse_executor_dump(executor, text, sizeof text, NULL),
        copse_executor_free(executor),
    };
    for (size_t i = 0; i < CP_COUNT_OF(statuses); i++)
        assert_int_equal(statuses[i], COPSE_ETHREAD);
#endif
    return NULL;
}

static void another_thread_is_refused(void **state)
{
    (void)state;
    copse_executor *executor = new_executor((copse_det_options){0});
    outsider own = {.executor = executor, .task = start(executor, end_at_once, NULL)};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, call_everything, &own), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(copse_executor_run_all(executor), COPSE_OK);
    end(executor);
}

static void every_allocation_of_a_new_executor_may_be_refused(void **state)
{
    (void)state;
    copse_executor *executor = NULL;
    uint64_t at = 1;
    for (; executor == NULL; at++) {
        cp_fault fault;
        cp_fault_init(&fault, at);
        copse_det_options options = {.allocator = &fault.allocator};
        copse_status status = copse_executor_new_det(&options, &executor);
        assert_int_equal(status, executor == NULL ? COPSE_ENOMEM : COPSE_OK);
        if (executor != NULL)
            end(executor);
        assert_int_equal(fault.live_bytes, 0);
    }
    assert_int_equal(at, 6);
}

static void the_choices_of_an_executor_can_be_asked_by_others(void **state)
{
    (void)state;
    copse_choices *choices =
        new_choices((copse_choices_options){.mode = COPSE_CHOOSE_RANDOM, .seed = 2});
    copse_executor *executor = new_executor((copse_det_options){.choices = choices});
    assert_ptr_equal(cp_det_choices(executor), choices);
    assert_true(cp_choose(cp_det_choices(executor), 5, CP_CHOICE_TEST, NULL, NULL) < 5);
    end(executor);
    copse_choices_free(choices);
}

CP_TEST_MAIN(cmocka_unit_test(ready_tasks_run_in_turn),
             cmocka_unit_test(a_thousand_seeds_each_run_the_same_way_twice),
             cmocka_unit_test(a_seed_runs_the_same_way_on_every_machine),
             cmocka_unit_test(a_replay_runs_the_recorded_way),
             cmocka_unit_test(a_replay_of_another_program_stops_where_it_differs),
             cmocka_unit_test(the_ready_queue_behaves_like_a_list),
             cmocka_unit_test(a_wait_for_a_task_that_nobody_wakes_is_a_deadlock),
             cmocka_unit_test(a_wait_that_times_out_leaves_the_task_running),
             cmocka_unit_test(a_paused_executor_starts_nothing_and_is_no_deadlock),
             cmocka_unit_test(a_driven_clock_that_stands_is_idle_and_no_deadlock),
             cmocka_unit_test(on_a_real_clock_a_sleep_takes_its_time),
             cmocka_unit_test(an_outside_producer_is_no_deadlock_and_virtual_time_waits_for_it),
             cmocka_unit_test(an_outside_producer_alone_is_no_deadlock),
             cmocka_unit_test(a_producer_that_leaves_without_an_answer_makes_a_deadlock),
             cmocka_unit_test(waits_nest_to_64_and_no_deeper),
             cmocka_unit_test(a_wait_inside_a_task_that_closes_a_circle_is_a_deadlock),
             cmocka_unit_test(a_dump_shows_who_waits_inside_a_resume),
             cmocka_unit_test(an_executor_is_not_freed_from_inside),
             cmocka_unit_test(a_posted_function_does_not_free_what_is_being_freed),
             cmocka_unit_test(mail_is_delivered_in_the_order_of_arrival_whatever_the_seed),
             cmocka_unit_test(another_thread_is_refused),
             cmocka_unit_test(every_allocation_of_a_new_executor_may_be_refused),
             cmocka_unit_test(the_choices_of_an_executor_can_be_asked_by_others))
