#include "tests/check.h"

#include <pthread.h>

#include "sched/registry.h"
#include "sched/rng.h"
#include "tests/fault.h"

static copse_outcome resume_nothing(cp_task *task, copse_why why)
{
    (void)why;
    return cp_task_done(task, 0);
}

static void drop_nothing(cp_task *own)
{
    (void)own;
}

static void receive_nothing(cp_mail *own, void *owner)
{
    (void)own;
    (void)owner;
}

static const cp_task_class test_class = {"test", resume_nothing, drop_nothing, NULL};
static const cp_task_label test_label = {"name", "place"};

static void init_registry(cp_registry *registry)
{
    cp_registry_init(registry, copse_default_allocator(), receive_nothing);
}

static void add(cp_registry *registry, cp_task *task)
{
    cp_task_init(task, &test_class);
    assert_true(cp_registry_add(registry, task, &test_label));
}

static void a_task_is_found_by_its_handle(void **state)
{
    (void)state;
    cp_registry registry;
    cp_task task;
    init_registry(&registry);
    add(&registry, &task);
    assert_false(cp_handle_is_none(task.handle));
    assert_ptr_equal(cp_registry_find(&registry, task.handle), &task);
    assert_string_equal(cp_registry_slot(&registry, &task)->label.name, "name");
    cp_registry_remove(&registry, &task);
    assert_null(cp_registry_find(&registry, task.handle));
    cp_registry_destroy(&registry);
}

static void a_handle_that_was_never_issued_is_unknown(void **state)
{
    (void)state;
    cp_registry registry;
    cp_task task;
    init_registry(&registry);
    add(&registry, &task);
    assert_null(cp_registry_find(&registry, (copse_task_handle){0}));
    assert_null(cp_registry_find(&registry, cp_handle_make(0, 2)));
    assert_null(cp_registry_find(&registry, cp_handle_make(7, 1)));
    assert_null(cp_registry_find(&registry, cp_handle_make(UINT32_MAX, 1)));
    cp_mailbox mailbox;
    cp_mailbox_init(&mailbox);
    assert_false(cp_registry_post(&registry, cp_handle_make(UINT32_MAX, 1), &mailbox));
    assert_false(cp_registry_post(&registry, (copse_task_handle){0}, &mailbox));
    assert_true(cp_mailbox_is_empty(&mailbox));
    cp_registry_remove(&registry, &task);
    cp_registry_destroy(&registry);
}

static void a_slot_is_used_again_but_never_a_handle(void **state)
{
    (void)state;
    cp_registry registry;
    cp_task task;
    init_registry(&registry);
    uint64_t last = 0;
    for (int i = 0; i < 1000; i++) {
        add(&registry, &task);
        assert_true(task.handle.bits > last);
        last = task.handle.bits;
        assert_int_equal(cp_handle_slot(task.handle), 0);
        cp_registry_remove(&registry, &task);
    }
    assert_int_equal(registry.slot_count, 1);
    cp_registry_destroy(&registry);
}

static void a_slot_whose_generations_are_used_up_is_retired(void **state)
{
    (void)state;
    cp_registry registry;
    cp_task task;
    init_registry(&registry);
    add(&registry, &task);
    cp_registry_remove(&registry, &task);
    cp_slot *slot = atomic_load(&registry.chunks[0]);
    atomic_store(&slot->generation, UINT32_MAX);
    add(&registry, &task);
    assert_true(task.handle.bits == UINT32_MAX);
    cp_registry_remove(&registry, &task);
    add(&registry, &task);
    assert_int_equal(cp_handle_slot(task.handle), 1);
    cp_registry_remove(&registry, &task);
    cp_registry_destroy(&registry);
}

static void live_tasks_are_visited_in_the_order_of_their_slots(void **state)
{
    (void)state;
    enum { count = 300 };
    static cp_task tasks[count];
    cp_registry registry;
    init_registry(&registry);
    for (int i = 0; i < count; i++)
        add(&registry, &tasks[i]);
    for (int i = 0; i < count; i += 3)
        cp_registry_remove(&registry, &tasks[i]);
    cp_task *task = cp_registry_next(&registry, 0);
    for (int i = 0; i < count; i++) {
        if (i % 3 == 0)
            continue;
        assert_ptr_equal(task, &tasks[i]);
        task = cp_registry_next(&registry, cp_handle_slot(task->handle) + 1);
        cp_registry_remove(&registry, &tasks[i]);
    }
    assert_null(task);
    cp_registry_destroy(&registry);
}

/* The oracle: every handle that was ever given, and whose it is while it lives. */
enum { model_tasks = 200, model_steps = 4000 };

static void run_against_model(uint64_t seed)
{
    static cp_task tasks[model_tasks];
    static copse_task_handle given[model_steps];
    static cp_task *owner[model_steps];
    bool is_live[model_tasks] = {false};
    size_t given_count = 0;
    uint32_t live = 0;
    cp_rng rng = cp_rng_make(seed);
    cp_registry registry;
    init_registry(&registry);
    for (int step = 0; step < model_steps; step++) {
        size_t i = cp_rng_below(&rng, model_tasks);
        if (is_live[i]) {
            cp_registry_remove(&registry, &tasks[i]);
            for (size_t k = 0; k < given_count; k++)
                owner[k] = owner[k] == &tasks[i] ? NULL : owner[k];
            live--;
        } else {
            add(&registry, &tasks[i]);
            given[given_count] = tasks[i].handle;
            owner[given_count++] = &tasks[i];
            live++;
        }
        is_live[i] = !is_live[i];
        CHECK_SEED(registry.live_count == live, seed);
        for (int probe = 0; probe < 10 && given_count > 0; probe++) {
            size_t k = cp_rng_below(&rng, given_count);
            CHECK_SEED(cp_registry_find(&registry, given[k]) == owner[k], seed);
        }
    }
    for (size_t i = 0; i < model_tasks; i++)
        if (is_live[i])
            cp_registry_remove(&registry, &tasks[i]);
    cp_registry_destroy(&registry);
}

static void a_stale_handle_never_names_another_task(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++)
        run_against_model(seed);
}

static void several_posts_before_the_owner_looks_are_one_message(void **state)
{
    (void)state;
    cp_registry registry;
    cp_mailbox mailbox;
    cp_task task;
    init_registry(&registry);
    cp_mailbox_init(&mailbox);
    add(&registry, &task);
    assert_true(cp_registry_post(&registry, task.handle, &mailbox));
    assert_false(cp_registry_post(&registry, task.handle, &mailbox));
    cp_mail *mail = cp_mailbox_take_all(&mailbox);
    assert_null(mail->next);
    assert_true(cp_registry_receive(mail).bits == task.handle.bits);
    assert_true(cp_registry_post(&registry, task.handle, &mailbox));
    mail = cp_mailbox_take_all(&mailbox);
    assert_true(cp_registry_receive(mail).bits == task.handle.bits);
    cp_registry_remove(&registry, &task);
    cp_registry_destroy(&registry);
}

static void a_post_for_a_task_that_ended_does_not_reach_its_successor(void **state)
{
    (void)state;
    cp_registry registry;
    cp_mailbox mailbox;
    cp_task old, new;
    init_registry(&registry);
    cp_mailbox_init(&mailbox);
    add(&registry, &old);
    assert_true(cp_registry_post(&registry, old.handle, &mailbox));
    cp_registry_remove(&registry, &old);
    assert_false(cp_registry_post(&registry, old.handle, &mailbox));
    cp_mail *mail = cp_mailbox_take_all(&mailbox);
    assert_true(cp_registry_receive(mail).bits == 0);

    add(&registry, &old);
    assert_true(cp_registry_post(&registry, old.handle, &mailbox));
    cp_registry_remove(&registry, &old);
    add(&registry, &new);
    mail = cp_mailbox_take_all(&mailbox);
    assert_null(cp_registry_find(&registry, cp_registry_receive(mail)));

    /* A later post for the successor takes over mail that is still on its way for the old one. */
    cp_registry_remove(&registry, &new);
    add(&registry, &old);
    assert_true(cp_registry_post(&registry, old.handle, &mailbox));
    cp_registry_remove(&registry, &old);
    add(&registry, &new);
    assert_false(cp_registry_post(&registry, new.handle, &mailbox));
    mail = cp_mailbox_take_all(&mailbox);
    assert_null(mail->next);
    assert_ptr_equal(cp_registry_find(&registry, cp_registry_receive(mail)), &new);
    cp_registry_remove(&registry, &new);
    cp_registry_destroy(&registry);
}

/* Threads put down an item for a task and post; whoever receives takes all items. */
enum { poster_count = 3, posts_each = 20000, posted_tasks = 4 };

typedef struct post_world {
    cp_registry registry;
    cp_mailbox mailbox;
    cp_task tasks[posted_tasks];
    _Atomic int items[posted_tasks];
    _Atomic int finished;
} post_world;

static void *post_items(void *context)
{
    post_world *world = context;
    for (int i = 0; i < posts_each; i++) {
        int target = i % posted_tasks;
        atomic_fetch_add_explicit(&world->items[target], 1, memory_order_relaxed);
        (void)!cp_registry_post(&world->registry, world->tasks[target].handle, &world->mailbox);
    }
    atomic_fetch_add(&world->finished, 1);
    return NULL;
}

static void what_was_written_before_a_post_is_seen_after_it(void **state)
{
    (void)state;
    static post_world world;
    pthread_t threads[poster_count];
    init_registry(&world.registry);
    cp_mailbox_init(&world.mailbox);
    for (int i = 0; i < posted_tasks; i++)
        add(&world.registry, &world.tasks[i]);
    for (int i = 0; i < poster_count; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, post_items, &world), 0);
    int taken = 0;
    bool is_last_look = false;
    while (!is_last_look) {
        is_last_look = atomic_load(&world.finished) == poster_count;
        cp_mail *mail = cp_mailbox_take_all(&world.mailbox);
        while (mail != NULL) {
            cp_mail *next = mail->next;
            cp_task *task = cp_registry_find(&world.registry, cp_registry_receive(mail));
            assert_non_null(task);
            taken +=
                atomic_exchange_explicit(&world.items[task - world.tasks], 0, memory_order_relaxed);
            mail = next;
        }
    }
    for (int i = 0; i < poster_count; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(taken, poster_count * posts_each);
    for (int i = 0; i < posted_tasks; i++)
        cp_registry_remove(&world.registry, &world.tasks[i]);
    cp_registry_destroy(&world.registry);
}

static void a_refused_slot_leaves_the_registry_as_it_was(void **state)
{
    (void)state;
    enum { count = 100 };
    static cp_task tasks[count];
    cp_fault fault;
    cp_fault_init(&fault, 2);
    cp_registry registry;
    cp_registry_init(&registry, &fault.allocator, receive_nothing);
    int added = 0;
    for (; added < count; added++) {
        cp_task_init(&tasks[added], &test_class);
        if (!cp_registry_add(&registry, &tasks[added], &test_label))
            break;
    }
    assert_int_equal(added, CP_REGISTRY_FIRST_CHUNK);
    assert_int_equal(registry.live_count, added);
    assert_true(cp_registry_add(&registry, &tasks[added], &test_label));
    for (int i = 0; i <= added; i++)
        cp_registry_remove(&registry, &tasks[i]);
    cp_registry_destroy(&registry);
    assert_int_equal(fault.live_bytes, 0);
}

CP_TEST_MAIN(cmocka_unit_test(a_task_is_found_by_its_handle),
             cmocka_unit_test(a_handle_that_was_never_issued_is_unknown),
             cmocka_unit_test(a_slot_is_used_again_but_never_a_handle),
             cmocka_unit_test(a_slot_whose_generations_are_used_up_is_retired),
             cmocka_unit_test(live_tasks_are_visited_in_the_order_of_their_slots),
             cmocka_unit_test(a_stale_handle_never_names_another_task),
             cmocka_unit_test(several_posts_before_the_owner_looks_are_one_message),
             cmocka_unit_test(a_post_for_a_task_that_ended_does_not_reach_its_successor),
             cmocka_unit_test(what_was_written_before_a_post_is_seen_after_it),
             cmocka_unit_test(a_refused_slot_leaves_the_registry_as_it_was))
