#include "tests/check.h"

#include "sched/memory.h"
#include "sched/rng.h"
#include "sched/timer.h"
#include "tests/fault.h"

static cp_timers new_timers(size_t room)
{
    cp_timers timers;
    cp_timers_init(&timers, copse_default_allocator());
    assert_true(cp_timers_reserve(&timers, room));
    return timers;
}

static void a_timer_never_fires_early(void **state)
{
    (void)state;
    cp_timers timers = new_timers(1);
    cp_timer timer = {0};
    cp_timers_set(&timers, &timer, 100);
    assert_null(cp_timers_pop(&timers, 99));
    assert_ptr_equal(cp_timers_pop(&timers, 100), &timer);
    assert_false(cp_timer_is_pending(&timer));
    assert_null(cp_timers_pop(&timers, INT64_MAX));
    cp_timers_destroy(&timers);
}

static void the_next_deadline_is_exact(void **state)
{
    (void)state;
    cp_timers timers = new_timers(3);
    cp_timer a = {0}, b = {0};
    assert_true(cp_timers_next(&timers) == COPSE_NEVER);
    cp_timers_set(&timers, &a, 70);
    cp_timers_set(&timers, &b, 30);
    assert_int_equal(cp_timers_next(&timers), 30);
    assert_true(cp_timers_cancel(&timers, &b));
    assert_int_equal(cp_timers_next(&timers), 70);
    assert_true(cp_timers_cancel(&timers, &a));
    assert_false(cp_timers_cancel(&timers, &a));
    assert_true(cp_timers_next(&timers) == COPSE_NEVER);
    cp_timers_destroy(&timers);
}

static void thousands_of_equal_dues_keep_their_order(void **state)
{
    (void)state;
    enum { count = 5000 };
    static cp_timer items[count];
    cp_timers timers = new_timers(count);
    for (int i = 0; i < count; i++)
        cp_timers_set(&timers, &items[i], 10);
    for (int i = 0; i < count; i++)
        assert_ptr_equal(cp_timers_pop(&timers, 10), &items[i]);
    cp_timers_destroy(&timers);
}

static void the_ends_of_time_are_times_like_others(void **state)
{
    (void)state;
    cp_timers timers = new_timers(4);
    cp_timer first = {0}, zero = {0}, huge = {0}, never = {0};
    cp_timers_set(&timers, &never, COPSE_NEVER);
    cp_timers_set(&timers, &huge, INT64_MAX - 1);
    cp_timers_set(&timers, &zero, 0);
    cp_timers_set(&timers, &first, INT64_MIN);
    assert_ptr_equal(cp_timers_pop(&timers, INT64_MIN), &first);
    assert_null(cp_timers_pop(&timers, -1));
    assert_ptr_equal(cp_timers_pop(&timers, 0), &zero);
    assert_ptr_equal(cp_timers_pop(&timers, INT64_MAX - 1), &huge);
    assert_null(cp_timers_pop(&timers, INT64_MAX - 1));
    assert_true(cp_timers_cancel(&timers, &never));
    cp_timers_destroy(&timers);
}

static void setting_a_pending_timer_moves_it_behind_its_equals(void **state)
{
    (void)state;
    cp_timers timers = new_timers(2);
    cp_timer a = {0}, b = {0};
    cp_timers_set(&timers, &a, 5);
    cp_timers_set(&timers, &b, 5);
    cp_timers_set(&timers, &a, 5);
    assert_int_equal(timers.count, 2);
    assert_ptr_equal(cp_timers_pop(&timers, 5), &b);
    cp_timers_set(&timers, &b, 1);
    assert_ptr_equal(cp_timers_pop(&timers, 5), &b);
    assert_ptr_equal(cp_timers_pop(&timers, 5), &a);
    cp_timers_destroy(&timers);
}

static void a_timer_can_be_set_and_cancelled_when_it_has_just_fired(void **state)
{
    (void)state;
    cp_timers timers = new_timers(2);
    cp_timer timer = {0};
    cp_timers_set(&timers, &timer, 1);
    assert_ptr_equal(cp_timers_pop(&timers, 1), &timer);
    assert_false(cp_timers_cancel(&timers, &timer));
    cp_timers_set(&timers, &timer, 2);
    assert_true(cp_timers_cancel(&timers, &timer));
    cp_timers_destroy(&timers);
}

/* The oracle: an unsorted array, searched whole for the earliest setting. */
enum { model_size = 60 };

typedef struct timer_model {
    bool is_pending[model_size];
    int64_t due_ns[model_size];
    uint64_t sequence[model_size];
} timer_model;

static int model_next(const timer_model *model)
{
    int best = -1;
    for (int i = 0; i < model_size; i++) {
        if (!model->is_pending[i])
            continue;
        if (best < 0 || model->due_ns[i] < model->due_ns[best] ||
            (model->due_ns[i] == model->due_ns[best] && model->sequence[i] < model->sequence[best]))
            best = i;
    }
    return best;
}

static void check_heap(const cp_timers *timers, uint64_t seed)
{
    for (uint32_t i = 0; i < timers->count; i++) {
        const cp_timer_entry *entry = &timers->entries[i];
        CHECK_SEED(entry->timer->index == i + 1, seed);
        CHECK_SEED(entry->timer->due_ns == entry->due_ns, seed);
        CHECK_SEED(i == 0 || timers->entries[(i - 1) / 4].due_ns <= entry->due_ns, seed);
    }
}

static void run_against_model(uint64_t seed, int steps)
{
    cp_rng rng = cp_rng_make(seed);
    cp_timers timers = new_timers(model_size);
    cp_timer items[model_size] = {0};
    timer_model model = {0};
    int64_t range = (int64_t)cp_rng_below(&rng, 200) + 1;
    for (int step = 0; step < steps; step++) {
        size_t i = cp_rng_below(&rng, model_size);
        switch (cp_rng_below(&rng, 3)) {
        case 0:
            model.due_ns[i] = (int64_t)cp_rng_below(&rng, (uint64_t)range);
            model.sequence[i] = (uint64_t)step;
            model.is_pending[i] = true;
            cp_timers_set(&timers, &items[i], model.due_ns[i]);
            break;
        case 1:
            CHECK_SEED(cp_timers_cancel(&timers, &items[i]) == model.is_pending[i], seed);
            model.is_pending[i] = false;
            break;
        default: {
            int64_t now_ns = (int64_t)cp_rng_below(&rng, (uint64_t)range);
            int next = model_next(&model);
            cp_timer *popped = cp_timers_pop(&timers, now_ns);
            if (next >= 0 && model.due_ns[next] <= now_ns) {
                CHECK_SEED(popped == &items[next], seed);
                model.is_pending[next] = false;
            } else {
                CHECK_SEED(popped == NULL, seed);
            }
        }
        }
        check_heap(&timers, seed);
    }
    while (cp_timers_pop(&timers, COPSE_NEVER) != NULL)
        ;
    cp_timers_destroy(&timers);
}

static void timers_behave_like_a_list_searched_whole(void **state)
{
    (void)state;
    bool is_full = getenv("COPSE_TEST_FULL") != NULL;
    uint64_t runs = is_full ? 1000 : 100;
    for (uint64_t seed = 1; seed <= runs; seed++)
        run_against_model(seed, 1000);
}

static void a_refused_reservation_leaves_the_timers_as_they_were(void **state)
{
    (void)state;
    cp_fault fault;
    cp_fault_init(&fault, 2);
    cp_timers timers;
    cp_timers_init(&timers, &fault.allocator);
    assert_true(cp_timers_reserve(&timers, 2));
    cp_timer timer = {0};
    cp_timers_set(&timers, &timer, 3);
    assert_false(cp_timers_reserve(&timers, 1000));
    assert_false(cp_timers_reserve(&timers, SIZE_MAX));
    assert_ptr_equal(cp_timers_pop(&timers, 3), &timer);
    cp_timers_destroy(&timers);
    assert_int_equal(fault.live_bytes, 0);
}

CP_TEST_MAIN(cmocka_unit_test(a_timer_never_fires_early),
             cmocka_unit_test(the_next_deadline_is_exact),
             cmocka_unit_test(thousands_of_equal_dues_keep_their_order),
             cmocka_unit_test(the_ends_of_time_are_times_like_others),
             cmocka_unit_test(setting_a_pending_timer_moves_it_behind_its_equals),
             cmocka_unit_test(a_timer_can_be_set_and_cancelled_when_it_has_just_fired),
             cmocka_unit_test(timers_behave_like_a_list_searched_whole),
             cmocka_unit_test(a_refused_reservation_leaves_the_timers_as_they_were))
