#include "tests/check.h"

#include "sched/choice.h"
#include "tests/sched/manual_pool.h"

typedef struct item {
    cp_work work;
    int runs;
    int discards;
    bool is_dead; /* start says no */
} item;

static item *to_item(cp_work *work)
{
    return CP_CONTAINER_OF(work, item, work);
}

static bool start_item(cp_work *work, cp_worker *worker)
{
    (void)worker;
    return !to_item(work)->is_dead;
}

static void run_item(cp_work *work, cp_worker *worker)
{
    (void)worker;
    to_item(work)->runs++;
}

static void discard_item(cp_work *work)
{
    to_item(work)->discards++;
}

static const cp_work_class item_class = {start_item, run_item, discard_item};

static item new_item(unsigned tier)
{
    return (item){.work = {.class = &item_class, .tier = (uint8_t)tier}};
}

static copse_status push(manual_pool *pool, item *it)
{
    it->work.next = NULL;
    return cp_pool_push(&pool->base, &it->work, 1, cp_clock_now(pool->clock));
}

static copse_pool_stats stats_of(manual_pool *pool)
{
    copse_pool_stats stats;
    assert_int_equal(copse_pool_stats_read(&pool->base, &stats), COPSE_OK);
    return stats;
}

/* COUNT normal works in one push. */
static void push_chain(manual_pool *pool, item *items, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        items[i] = new_item(2);
        items[i].work.next = i + 1 < count ? &items[i + 1].work : NULL;
    }
    assert_int_equal(cp_pool_push(&pool->base, &items[0].work, count, 0), COPSE_OK);
}

static void a_push_wakes_a_parked_worker_and_nobody_when_none_is_parked(void **state)
{
    (void)state;
    manual_pool pool;
    manual_open(&pool, 2, 0);
    item a = new_item(2), b = new_item(2);
    assert_int_equal(push(&pool, &a), COPSE_OK);
    assert_int_equal(pool.unparked, 0);
    cp_work *work = cp_worker_pick(&pool.workers[0]);
    assert_ptr_equal(work, &a.work);
    cp_worker_execute(&pool.workers[0], work);
    assert_null(cp_worker_pick(&pool.workers[0]));
    assert_int_equal(cp_worker_park(&pool.workers[0]), CP_PARKED);
    assert_int_equal(push(&pool, &b), COPSE_OK);
    assert_int_equal(pool.unparked, 1);
    assert_int_equal(cp_worker_park(&pool.workers[1]), CP_PARK_AGAIN);
    cp_worker_execute(&pool.workers[0], cp_worker_pick(&pool.workers[0]));
    assert_int_equal(a.runs + b.runs, 2);
    assert_int_equal(stats_of(&pool).unparks, 1);
    manual_close(&pool);
}

static void a_worker_takes_its_share_and_the_others_can_steal_it(void **state)
{
    (void)state;
    manual_pool pool;
    item items[12];
    manual_open(&pool, 2, 0);
    push_chain(&pool, items, 12);
    assert_ptr_equal(cp_worker_pick(&pool.workers[0]), &items[0].work);
    assert_int_equal(stats_of(&pool).queued, 6); /* it has five more */
    for (int i = 6; i < 12; i++)
        assert_ptr_equal(cp_worker_pick(&pool.workers[1]), &items[i].work);
    assert_int_equal(stats_of(&pool).stolen, 0);
    assert_ptr_equal(cp_worker_pick(&pool.workers[1]), &items[1].work);
    assert_int_equal(stats_of(&pool).stolen, 1);
    assert_ptr_equal(cp_worker_pick(&pool.workers[0]), &items[2].work);
    assert_int_equal(cp_worker_park(&pool.workers[1]), CP_PARK_AGAIN); /* three are left */
    for (int i = 3; i < 6; i++)
        assert_ptr_equal(cp_worker_pick(&pool.workers[1]), &items[i].work);
    assert_int_equal(cp_worker_park(&pool.workers[1]), CP_PARKED);
    assert_null(cp_worker_pick(&pool.workers[0]));
    manual_close(&pool);
}

static void urgent_work_goes_before_what_is_in_a_batch(void **state)
{
    (void)state;
    manual_pool pool;
    item items[8], urgent = new_item(0), low = new_item(4);
    manual_open(&pool, 1, 0);
    push_chain(&pool, items, 8);
    assert_ptr_equal(cp_worker_pick(&pool.workers[0]), &items[0].work);
    assert_int_equal(push(&pool, &low), COPSE_OK);
    assert_int_equal(push(&pool, &urgent), COPSE_OK);
    assert_ptr_equal(cp_worker_pick(&pool.workers[0]), &urgent.work);
    for (int i = 1; i < 8; i++)
        assert_ptr_equal(cp_worker_pick(&pool.workers[0]), &items[i].work);
    assert_ptr_equal(cp_worker_pick(&pool.workers[0]), &low.work);
    manual_close(&pool);
}

static void withdrawn_work_is_in_no_list_and_no_batch(void **state)
{
    (void)state;
    manual_pool pool;
    item items[8];
    manual_open(&pool, 2, 0);
    push_chain(&pool, items, 8);
    assert_ptr_equal(cp_worker_pick(&pool.workers[0]), &items[0].work); /* 1 to 3 in its batch */
    assert_false(cp_pool_withdraw(&pool.base, &items[0].work));
    assert_true(cp_pool_withdraw(&pool.base, &items[2].work));
    assert_true(cp_pool_withdraw(&pool.base, &items[5].work));
    assert_false(cp_pool_withdraw(&pool.base, &items[5].work));
    int order[] = {1, 3, 4, 6, 7};
    for (int i = 0; i < 5; i++)
        assert_ptr_equal(cp_worker_pick(&pool.workers[0]), &items[order[i]].work);
    assert_null(cp_worker_pick(&pool.workers[0]));
    manual_close(&pool);
}

static void a_pause_takes_batches_back_and_resume_starts_all_in_order(void **state)
{
    (void)state;
    manual_pool pool;
    item items[8];
    manual_open(&pool, 2, 0);
    push_chain(&pool, items, 8);
    cp_work *work = cp_worker_pick(&pool.workers[0]);
    assert_ptr_equal(work, &items[0].work);
    cp_worker_execute(&pool.workers[0], work);
    assert_int_equal(copse_pool_pause(&pool.base), COPSE_OK);
    assert_int_equal(stats_of(&pool).queued, 7);
    assert_null(cp_worker_pick(&pool.workers[0]));
    assert_null(cp_worker_pick(&pool.workers[1]));
    assert_int_equal(cp_worker_park(&pool.workers[0]), CP_PARKED);
    assert_int_equal(cp_worker_park(&pool.workers[1]), CP_PARKED);
    item late = new_item(2);
    assert_int_equal(push(&pool, &late), COPSE_OK);
    assert_int_equal(pool.unparked, 0);
    assert_int_equal(copse_pool_resume(&pool.base), COPSE_OK);
    assert_int_equal(pool.unparked, 2);
    for (int i = 1; i < 8; i++)
        assert_ptr_equal(cp_worker_pick(&pool.workers[1]), &items[i].work);
    assert_ptr_equal(cp_worker_pick(&pool.workers[1]), &late.work);
    cp_worker_set_phase(&pool.workers[1], CP_WORKER_WORKING);
    manual_close(&pool);
}

static void work_that_is_waited_for_is_picked_first_but_not_in_a_pause(void **state)
{
    (void)state;
    manual_pool pool;
    item items[4];
    manual_open(&pool, 1, 0);
    push_chain(&pool, items, 4);
    assert_ptr_equal(cp_worker_pick(&pool.workers[0]), &items[0].work);
    cp_worker_set_phase(&pool.workers[0], CP_WORKER_WORKING);
    assert_int_equal(copse_pool_pause(&pool.base), COPSE_OK);
    assert_null(cp_worker_pick_help(&pool.workers[0], &items[2].work));
    assert_int_equal(atomic_load(&pool.workers[0].phase), CP_WORKER_WORKING);
    assert_int_equal(copse_pool_resume(&pool.base), COPSE_OK);
    assert_int_equal(pool.kicked, 1);
    assert_ptr_equal(cp_worker_pick_help(&pool.workers[0], &items[2].work), &items[2].work);
    assert_ptr_equal(cp_worker_pick_help(&pool.workers[0], &items[2].work), &items[1].work);
    pool.workers[0].help_depth = CP_HELP_DEPTH; /* too deep for work of others */
    assert_null(cp_worker_pick_help(&pool.workers[0], &items[2].work));
    assert_ptr_equal(cp_worker_pick_help(&pool.workers[0], &items[3].work), &items[3].work);
    manual_close(&pool);
}

static void a_full_queue_refuses_all_of_a_push(void **state)
{
    (void)state;
    manual_pool pool;
    item items[3], other[2];
    manual_open(&pool, 1, 4);
    push_chain(&pool, items, 3);
    other[0] = new_item(2);
    other[1] = new_item(2);
    other[0].work.next = &other[1].work;
    assert_int_equal(cp_pool_push(&pool.base, &other[0].work, 2, 0), COPSE_EFULL);
    assert_int_equal(stats_of(&pool).refused, 1);
    assert_int_equal(stats_of(&pool).queued, 3);
    assert_int_equal(push(&pool, &other[0]), COPSE_OK);
    assert_int_equal(push(&pool, &other[1]), COPSE_EFULL);
    manual_close(&pool);
    assert_int_equal(items[0].discards, 1); /* abandoned when it was freed */
    assert_int_equal(other[0].discards, 1);
    assert_int_equal(other[1].discards, 0);
}

static void work_that_waited_beyond_the_bound_is_picked_first(void **state)
{
    (void)state;
    manual_pool pool;
    item low = new_item(4), urgent = new_item(0);
    manual_open(&pool, 1, 0);
    assert_int_equal(push(&pool, &low), COPSE_OK);
    assert_int_equal(copse_clock_advance(pool.clock, 1000000001), COPSE_OK);
    assert_int_equal(push(&pool, &urgent), COPSE_OK);
    pool.workers[0].now_ns = cp_clock_now(pool.clock);
    assert_ptr_equal(cp_worker_pick(&pool.workers[0]), &low.work);
    assert_ptr_equal(cp_worker_pick(&pool.workers[0]), &urgent.work);
    assert_int_equal(stats_of(&pool).aged, 1);
    manual_close(&pool);
}

/* ---- Every order of the steps of two workers and those who queue ---- */

enum { works = 3, host_steps = 6 };

typedef enum worker_at { AT_PICK, AT_EXECUTE, AT_PARK, AT_REST } worker_at;

typedef struct actor {
    worker_at at;
    cp_work *work;
} actor;

typedef struct world {
    manual_pool pool;
    item items[works];
    actor actors[2];
    int host_at;
    bool was_withdrawn;
} world;

static void step_worker(world *w, int index)
{
    cp_worker *worker = &w->pool.workers[index];
    actor *a = &w->actors[index];
    switch (a->at) {
    case AT_PICK:
        a->work = cp_worker_pick(worker);
        a->at = a->work == NULL ? AT_PARK : AT_EXECUTE;
        return;
    case AT_EXECUTE:
        cp_worker_execute(worker, a->work);
        a->at = AT_PICK;
        return;
    case AT_PARK:
        a->at = cp_worker_park(worker) == CP_PARKED ? AT_REST : AT_PICK;
        return;
    case AT_REST: /* unparked */
        cp_worker_leave_park(worker);
        a->at = AT_PICK;
    }
}

static bool can_step(world *w, int index)
{
    return w->actors[index].at != AT_REST || !w->pool.workers[index].is_parked;
}

/* A pause would wait for a worker that picks, so it is made only when none does. */
static bool can_host(world *w)
{
    if (w->host_at == 2)
        for (int i = 0; i < 2; i++)
            if (atomic_load(&w->pool.workers[i].phase) == CP_WORKER_PICKING)
                return false;
    return w->host_at < host_steps;
}

static void step_host(world *w)
{
    switch (w->host_at++) {
    case 0:
        assert_int_equal(push(&w->pool, &w->items[0]), COPSE_OK);
        return;
    case 1:
        assert_int_equal(push(&w->pool, &w->items[1]), COPSE_OK);
        return;
    case 2:
        assert_int_equal(copse_pool_pause(&w->pool.base), COPSE_OK);
        return;
    case 3:
        assert_int_equal(push(&w->pool, &w->items[2]), COPSE_OK);
        return;
    case 4:
        assert_int_equal(copse_pool_resume(&w->pool.base), COPSE_OK);
        return;
    default:
        w->was_withdrawn = cp_pool_withdraw(&w->pool.base, &w->items[1].work);
    }
}

/* One schedule, to the point where nobody can move: then nothing may be left. */
static void run_schedule(copse_choices *choices)
{
    world w;
    memset(&w, 0, sizeof w);
    manual_open(&w.pool, 2, 0);
    for (int i = 0; i < works; i++)
        w.items[i] = new_item(2);
    for (;;) {
        int able[3];
        uint32_t count = 0;
        for (int i = 0; i < 2; i++)
            if (can_step(&w, i))
                able[count++] = i;
        if (can_host(&w))
            able[count++] = 2;
        if (count == 0)
            break;
        int chosen = able[cp_choose(choices, count, CP_CHOICE_TEST, NULL, NULL)];
        if (chosen == 2)
            step_host(&w);
        else
            step_worker(&w, chosen);
        /* A worker that finds nothing may spin; beyond the bound of choices the first one moves. */
        if (copse_choices_count(choices) > 400)
            break;
    }
    assert_int_equal(w.host_at, host_steps);
    for (int i = 0; i < works; i++) {
        bool is_withdrawn = i == 1 && w.was_withdrawn;
        assert_int_equal(w.items[i].runs, is_withdrawn ? 0 : 1);
        assert_int_equal(w.items[i].discards, 0);
    }
    assert_int_equal(stats_of(&w.pool).parked, 2);
    assert_int_equal(stats_of(&w.pool).queued, 0);
    manual_close(&w.pool);
}

static void in_no_order_of_steps_is_a_wake_up_or_a_work_lost(void **state)
{
    (void)state;
    bool is_full = getenv("COPSE_TEST_FULL") != NULL;
    copse_choices *choices = NULL;
    copse_choices_options options = {.mode = COPSE_CHOOSE_EXHAUSTIVE, .depth = is_full ? 18 : 14};
    uint64_t schedules = 0;
    assert_int_equal(copse_choices_new(&options, &choices), COPSE_OK);
    do {
        run_schedule(choices);
        schedules++;
    } while (copse_choices_next(choices));
    copse_choices_free(choices);
    print_message("# %llu schedules\n", (unsigned long long)schedules);
    assert_true(schedules > 10000);
}

static void random_orders_of_steps_lose_nothing(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20000; seed++) {
        copse_choices *choices = NULL;
        copse_choices_options options = {.mode = COPSE_CHOOSE_RANDOM, .seed = seed};
        assert_int_equal(copse_choices_new(&options, &choices), COPSE_OK);
        run_schedule(choices);
        copse_choices_free(choices);
    }
}

CP_TEST_MAIN(cmocka_unit_test(a_push_wakes_a_parked_worker_and_nobody_when_none_is_parked),
             cmocka_unit_test(a_worker_takes_its_share_and_the_others_can_steal_it),
             cmocka_unit_test(urgent_work_goes_before_what_is_in_a_batch),
             cmocka_unit_test(withdrawn_work_is_in_no_list_and_no_batch),
             cmocka_unit_test(a_pause_takes_batches_back_and_resume_starts_all_in_order),
             cmocka_unit_test(work_that_is_waited_for_is_picked_first_but_not_in_a_pause),
             cmocka_unit_test(a_full_queue_refuses_all_of_a_push),
             cmocka_unit_test(work_that_waited_beyond_the_bound_is_picked_first),
             cmocka_unit_test(in_no_order_of_steps_is_a_wake_up_or_a_work_lost),
             cmocka_unit_test(random_orders_of_steps_lose_nothing))
