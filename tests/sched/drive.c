#include "tests/check.h"

#include "sched/drive.h"

/* A policy that always takes the last: ready tasks and how much mail. */
static uint32_t choose_last(cp_drive *drive)
{
    return drive->count - 1;
}

static uint32_t choose_one(cp_drive *drive, uint32_t waiting)
{
    (void)drive;
    (void)waiting;
    return 1;
}

static bool is_stopped;

static bool has_stopped(cp_drive *drive)
{
    (void)drive;
    return is_stopped;
}

static const cp_drive_policy last_policy = {
    .name = "last",
    .size = sizeof(cp_drive) + 100,
    .choose_ready = choose_last,
    .choose_mail = choose_one,
    .has_diverged = has_stopped,
};

static copse_executor *new_last(copse_clock **clock)
{
    cp_drive *drive = cp_drive_allocate(copse_default_allocator(), &last_policy);
    assert_non_null(drive);
    *clock = drive->own_clock = copse_clock_new_virtual(NULL, 0);
    assert_true(cp_home_init(&drive->home, copse_default_allocator(), *clock));
    return &drive->home.base;
}

typedef struct notes {
    int order[10];
    int count;
} notes;

typedef struct player {
    notes *n;
    int number;
} player;

static copse_outcome note(copse_task *self, void *context, copse_why why)
{
    player *p = context;
    (void)why;
    p->n->order[p->n->count++] = p->number;
    return copse_task_done(self, 0);
}

static void note_mail(void *context)
{
    player *p = context;
    p->n->order[p->n->count++] = p->number;
}

static void the_policy_says_which_ready_task_is_next(void **state)
{
    (void)state;
    copse_clock *clock;
    copse_executor *executor = new_last(&clock);
    notes n = {.count = 0};
    player players[3];
    for (int i = 0; i < 3; i++) {
        players[i] = (player){&n, i};
        copse_task_options options = {.resume = note, .context = &players[i]};
        assert_int_equal(copse_executor_schedule(executor, &options, NULL), COPSE_OK);
    }
    assert_int_equal(copse_executor_run_all(executor), COPSE_OK);
    assert_int_equal(n.order[0], 2);
    assert_int_equal(n.order[1], 0); /* the head had taken the place of the chosen one */
    assert_int_equal(n.order[2], 1);
    assert_int_equal(copse_executor_free(executor), COPSE_OK);
}

static void the_policy_says_how_much_mail_comes_before_the_next_task(void **state)
{
    (void)state;
    copse_clock *clock;
    copse_executor *executor = new_last(&clock);
    notes n = {.count = 0};
    player mails[2] = {{&n, 10}, {&n, 11}};
    player task = {&n, 5};
    copse_task_options options = {.resume = note, .context = &task};
    assert_int_equal(copse_executor_post(executor, note_mail, &mails[0]), COPSE_OK);
    assert_int_equal(copse_executor_post(executor, note_mail, &mails[1]), COPSE_OK);
    assert_int_equal(copse_executor_schedule(executor, &options, NULL), COPSE_OK);
    assert_int_equal(copse_executor_run_all(executor), COPSE_OK);
    assert_int_equal(copse_executor_free(executor), COPSE_OK);
    int expected[] = {10, 5, 11};
    for (int i = 0; i < 3; i++)
        assert_int_equal(n.order[i], expected[i]);
}

static void a_policy_that_has_diverged_lets_nothing_run(void **state)
{
    (void)state;
    copse_clock *clock;
    copse_executor *executor = new_last(&clock);
    notes n = {.count = 0};
    player task = {&n, 5};
    copse_task_options options = {.resume = note, .context = &task};
    assert_int_equal(copse_executor_schedule(executor, &options, NULL), COPSE_OK);
    is_stopped = true;
    assert_int_equal(copse_executor_run_all(executor), COPSE_EDIVERGED);
    assert_int_equal(n.count, 0);
    is_stopped = false;
    assert_int_equal(copse_executor_run_all(executor), COPSE_OK);
    assert_int_equal(n.count, 1);
    assert_int_equal(copse_executor_free(executor), COPSE_OK);
}

static void the_dump_says_what_kind_it_is(void **state)
{
    (void)state;
    copse_clock *clock;
    copse_executor *executor = new_last(&clock);
    char text[200];
    assert_int_equal(copse_executor_dump(executor, text, sizeof text, NULL), COPSE_OK);
    assert_string_equal(text, "last executor at 0 ns: 0 live, 0 queued, 0 running, 0 blocked\n");
    assert_int_equal(copse_executor_free(executor), COPSE_OK);
}

CP_TEST_MAIN(cmocka_unit_test(the_policy_says_which_ready_task_is_next),
             cmocka_unit_test(the_policy_says_how_much_mail_comes_before_the_next_task),
             cmocka_unit_test(a_policy_that_has_diverged_lets_nothing_run),
             cmocka_unit_test(the_dump_says_what_kind_it_is))
