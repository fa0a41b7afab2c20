#include "tests/check.h"

#include "sched/choice.h"
#include "sched/task.h"

static void every_move_that_is_not_in_the_table_is_illegal(void **state)
{
    (void)state;
    static const uint8_t legal[COPSE_TASK_STATE_COUNT] = {
        [COPSE_TASK_FRESH] = 1,    [COPSE_TASK_QUEUED] = 3,  [COPSE_TASK_RUNNING] = 6,
        [COPSE_TASK_NOTIFIED] = 6, [COPSE_TASK_BLOCKED] = 2,
    };
    for (int from = 0; from < COPSE_TASK_STATE_COUNT; from++) {
        int count = 0;
        for (int event = 0; event < CP_TASK_EVENT_COUNT; event++)
            count += cp_task_moves[from][event] != 0;
        assert_int_equal(count, legal[from]);
    }
}

static void a_final_state_is_never_left(void **state)
{
    (void)state;
    const copse_task_state final[] = {COPSE_TASK_DONE, COPSE_TASK_FAILED, COPSE_TASK_CANCELLED};
    for (size_t i = 0; i < CP_COUNT_OF(final); i++)
        for (int event = 0; event < CP_TASK_EVENT_COUNT; event++)
            assert_int_equal(cp_task_moves[final[i]][event], 0);
}

static void the_bits_of_a_word_survive_its_moves(void **state)
{
    (void)state;
    uint32_t word = COPSE_TASK_QUEUED | CP_TASK_HAS_RUN | CP_TASK_IS_ASKED_TO_END;
    word = cp_task_word_after(word, CP_TASK_START);
    assert_int_equal(word, COPSE_TASK_RUNNING | CP_TASK_HAS_RUN | CP_TASK_IS_ASKED_TO_END);
}

static void a_task_is_at_most_112_bytes(void **state)
{
    (void)state;
    assert_true(sizeof(cp_task) <= 112);
}

static void the_table_prints_itself(void **state)
{
    (void)state;
    char text[2048];
    cp_printer printer = cp_printer_make(text, sizeof text);
    cp_task_print_moves(&printer);
    assert_true(printer.length < sizeof text);
    assert_memory_equal(text, "fresh    --schedule--> queued: an executor took it, for ever\n", 61);
    assert_non_null(
        strstr(text, "running  --wake--> notified: its resume function may be about to block\n"));
}

static void every_state_and_event_has_its_name(void **state)
{
    (void)state;
    assert_string_equal(copse_task_state_name(COPSE_TASK_NOTIFIED), "notified");
    assert_string_equal(copse_task_state_name((copse_task_state)99), "unknown");
    assert_string_equal(copse_block_name(COPSE_BLOCK_MUTEX), "mutex");
    assert_string_equal(copse_block_name((copse_block_kind)99), "unknown");
    assert_string_equal(cp_task_event_name(CP_TASK_DISCARD), "discard");
    assert_string_equal(cp_task_event_name(CP_TASK_EVENT_COUNT), "unknown");
}

static copse_outcome resume_nothing(cp_task *task, copse_why why)
{
    (void)why;
    return cp_task_done(task, 0);
}

static void drop_nothing(cp_task *own)
{
    (void)own;
}

static void a_resume_function_says_what_it_waits_for(void **state)
{
    (void)state;
    static const cp_task_class class = {"test", resume_nothing, drop_nothing, NULL};
    cp_task task;
    cp_task_init(&task, &class);
    assert_int_equal(cp_task_state_of(&task), COPSE_TASK_FRESH);
    copse_block block = {.kind = COPSE_BLOCK_MUTEX, .object = 4};
    assert_int_equal(cp_task_block(&task, block, 99), COPSE_BLOCKED);
    assert_int_equal(task.block.object, 4);
    assert_int_equal(task.timer.due_ns, 99);
    assert_int_equal(cp_task_done(&task, 3), COPSE_DONE);
    assert_int_equal(task.code, 3);
}

/* Every interleaving of an executor with producers and a canceller, step by step over the real
 * transition function. The task takes what producers put down, and blocks when there is nothing. */
enum { most_producers = 3, steps_of_producer = 2 };

typedef struct interleaving {
    uint32_t word;
    int items;
    int taken;
    int goal;
    int phase; /* of the executor: 0 idle, 1 resumed, 2 has looked */
    bool saw_item;
    int producers;
    int produced[most_producers]; /* steps made */
    int cancel_at;                /* steps made; 2 when there is no canceller */
    bool forgets_wakes;           /* the planted mutant: a wake while running is lost */
} interleaving;

static copse_task_state state_of(const interleaving *world)
{
    return (copse_task_state)(world->word & CP_TASK_STATE_MASK);
}

static bool has_ended(const interleaving *world)
{
    return state_of(world) >= COPSE_TASK_DONE;
}

static void move_to(interleaving *world, cp_task_event event)
{
    world->word = cp_task_word_after(world->word, event);
}

static void wake_world(interleaving *world)
{
    if (has_ended(world))
        return; /* its handle is unknown */
    if (world->forgets_wakes && state_of(world) == COPSE_TASK_RUNNING)
        return;
    move_to(world, CP_TASK_WAKE);
}

static void step_producer(interleaving *world, int producer)
{
    if (world->produced[producer]++ == 0)
        world->items++;
    else
        wake_world(world);
}

static void step_canceller(interleaving *world)
{
    if (world->cancel_at++ == 0)
        world->word |= has_ended(world) ? 0 : CP_TASK_IS_ASKED_TO_END;
    else
        wake_world(world);
}

static void finish_resume(interleaving *world)
{
    world->phase = 0;
    if (world->word & CP_TASK_IS_TOLD_TO_END) {
        move_to(world, CP_TASK_STOP);
    } else if (!world->saw_item) {
        move_to(world, CP_TASK_PARK);
    } else {
        world->items--;
        world->taken++;
        bool is_asked = (world->word & CP_TASK_IS_ASKED_TO_END) != 0;
        if (world->taken == world->goal)
            move_to(world, is_asked ? CP_TASK_STOP : CP_TASK_FINISH);
        else
            move_to(world, CP_TASK_YIELD);
    }
}

static void step_executor(interleaving *world)
{
    switch (world->phase) {
    case 0:
        if ((world->word & CP_TASK_IS_ASKED_TO_END) && !(world->word & CP_TASK_HAS_RUN)) {
            move_to(world, CP_TASK_DISCARD);
            return;
        }
        move_to(world, CP_TASK_START);
        if (world->word & CP_TASK_IS_ASKED_TO_END)
            world->word |= CP_TASK_IS_TOLD_TO_END;
        world->word |= CP_TASK_HAS_RUN;
        world->phase = 1;
        return;
    case 1:
        world->saw_item = world->items > 0;
        world->phase = 2;
        return;
    default:
        finish_resume(world);
    }
}

/* One step of one actor that can make one; false when none can. */
static bool step_world(interleaving *world, copse_choices *choices)
{
    int actors[most_producers + 2];
    uint32_t count = 0;
    if (world->phase != 0 || state_of(world) == COPSE_TASK_QUEUED)
        actors[count++] = -1;
    for (int i = 0; i < world->producers; i++)
        if (world->produced[i] < steps_of_producer)
            actors[count++] = i;
    if (world->cancel_at < 2)
        actors[count++] = -2;
    if (count == 0)
        return false;
    int actor = actors[cp_choose(choices, count, CP_CHOICE_TEST, NULL, NULL)];
    if (actor == -1)
        step_executor(world);
    else if (actor == -2)
        step_canceller(world);
    else
        step_producer(world, actor);
    return true;
}

/* All schedules of START; how many there are, and in *STUCK how many leave the task blocked. */
static unsigned explore(interleaving start, unsigned *stuck)
{
    copse_choices_options options = {.mode = COPSE_CHOOSE_EXHAUSTIVE};
    copse_choices *choices = NULL;
    unsigned schedules = 0;
    *stuck = 0;
    start.word = cp_task_word_after(COPSE_TASK_FRESH, CP_TASK_SCHEDULE);
    assert_int_equal(copse_choices_new(&options, &choices), COPSE_OK);
    do {
        interleaving world = start;
        while (step_world(&world, choices))
            ;
        schedules++;
        if (!has_ended(&world))
            ++*stuck;
        else if (state_of(&world) == COPSE_TASK_DONE)
            assert_int_equal(world.taken, world.goal);
    } while (copse_choices_next(choices));
    assert_int_equal(copse_choices_check(choices, NULL, 0), COPSE_OK);
    copse_choices_free(choices);
    return schedules;
}

static void no_interleaving_of_two_wakers_loses_a_wake(void **state)
{
    (void)state;
    unsigned stuck = 0;
    unsigned schedules = explore((interleaving){.goal = 2, .producers = 2, .cancel_at = 2}, &stuck);
    assert_int_equal(stuck, 0);
    assert_int_equal(schedules, 1344);
}

static void no_interleaving_of_wakers_and_cancel_leaves_the_task_behind(void **state)
{
    (void)state;
    unsigned stuck = 0;
    /* The goal is out of reach: only the cancel can end it. */
    unsigned schedules = explore((interleaving){.goal = 3, .producers = 2, .cancel_at = 0}, &stuck);
    assert_int_equal(stuck, 0);
    assert_int_equal(schedules, 187716);
}

static void a_machine_that_forgets_wakes_while_running_is_found_out(void **state)
{
    (void)state;
    unsigned stuck = 0;
    interleaving mutant = {.goal = 1, .producers = 1, .cancel_at = 2, .forgets_wakes = true};
    explore(mutant, &stuck);
    assert_true(stuck > 0);
}

CP_TEST_MAIN(cmocka_unit_test(every_move_that_is_not_in_the_table_is_illegal),
             cmocka_unit_test(a_final_state_is_never_left),
             cmocka_unit_test(the_bits_of_a_word_survive_its_moves),
             cmocka_unit_test(a_task_is_at_most_112_bytes),
             cmocka_unit_test(the_table_prints_itself),
             cmocka_unit_test(every_state_and_event_has_its_name),
             cmocka_unit_test(a_resume_function_says_what_it_waits_for),
             cmocka_unit_test(no_interleaving_of_two_wakers_loses_a_wake),
             cmocka_unit_test(no_interleaving_of_wakers_and_cancel_leaves_the_task_behind),
             cmocka_unit_test(a_machine_that_forgets_wakes_while_running_is_found_out))
