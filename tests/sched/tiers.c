#include "tests/check.h"

#include "sched/rng.h"
#include "sched/tiers.h"

static cp_work work_of(unsigned tier, int64_t queued_ns)
{
    return (cp_work){.tier = (uint8_t)tier, .queued_ns = queued_ns};
}

static void nothing_is_picked_from_nothing(void **state)
{
    (void)state;
    cp_tiers tiers;
    cp_tiers_init(&tiers, 100);
    assert_null(cp_tiers_pick(&tiers, 0));
    assert_null(cp_tiers_pop(&tiers, 3));
    assert_int_equal(tiers.count, 0);
}

static void the_most_urgent_tier_goes_first_and_in_it_the_oldest(void **state)
{
    (void)state;
    cp_tiers tiers;
    cp_tiers_init(&tiers, 100);
    cp_work low = work_of(4, 0), first = work_of(2, 0), second = work_of(2, 1), top = work_of(0, 2);
    cp_tiers_push(&tiers, &low);
    cp_tiers_push(&tiers, &first);
    cp_tiers_push(&tiers, &second);
    cp_tiers_push(&tiers, &top);
    assert_ptr_equal(cp_tiers_pick(&tiers, 3), &top);
    assert_ptr_equal(cp_tiers_pick(&tiers, 3), &first);
    assert_ptr_equal(cp_tiers_pick(&tiers, 3), &second);
    assert_ptr_equal(cp_tiers_pick(&tiers, 3), &low);
    assert_null(cp_tiers_pick(&tiers, 3));
    assert_int_equal(tiers.aged, 0);
}

static void what_has_waited_longer_than_the_bound_goes_before_urgent_work(void **state)
{
    (void)state;
    cp_tiers tiers;
    cp_tiers_init(&tiers, 100);
    cp_work old = work_of(4, 0), older = work_of(3, -5), fresh = work_of(0, 90);
    cp_tiers_push(&tiers, &old);
    cp_tiers_push(&tiers, &older);
    cp_tiers_push(&tiers, &fresh);
    assert_ptr_equal(cp_tiers_pick(&tiers, 101), &older);
    assert_ptr_equal(cp_tiers_pick(&tiers, 101), &old);
    assert_ptr_equal(cp_tiers_pick(&tiers, 101), &fresh);
    assert_int_equal(tiers.aged, 2);
    old.queued_ns = 1;
    cp_tiers_push(&tiers, &old);
    cp_tiers_push(&tiers, &fresh);
    assert_ptr_equal(cp_tiers_pick(&tiers, 101), &fresh); /* exactly at the bound is not beyond */
}

static void work_that_is_put_back_is_where_it_was(void **state)
{
    (void)state;
    cp_tiers tiers;
    cp_tiers_init(&tiers, 100);
    cp_work works[4] = {work_of(1, 0), work_of(1, 0), work_of(1, 0), work_of(1, 0)};
    for (int i = 0; i < 4; i++)
        cp_tiers_push(&tiers, &works[i]);
    for (int i = 0; i < 3; i++)
        assert_ptr_equal(cp_tiers_pick(&tiers, 0), &works[i]);
    cp_tiers_put_back(&tiers, &works[1]);
    cp_tiers_put_back(&tiers, &works[2]);
    cp_tiers_put_back(&tiers, &works[0]);
    for (int i = 0; i < 4; i++)
        assert_ptr_equal(cp_tiers_pick(&tiers, 0), &works[i]);
    cp_tiers_put_back(&tiers, &works[2]);
    assert_ptr_equal(cp_tiers_pop(&tiers, 1), &works[2]);
    assert_null(cp_tiers_pop(&tiers, 1));
}

/* The oracle: an array in order of arrival, searched whole. */
enum { model_size = 40 };

typedef struct model {
    cp_work *items[model_size];
    int count;
} model;

static int model_pick(const model *m, int64_t now_ns, int64_t bound_ns)
{
    int best = -1, oldest = -1;
    for (int i = 0; i < m->count; i++) {
        if (best < 0 || m->items[i]->tier < m->items[best]->tier)
            best = i;
        bool is_overdue = now_ns - m->items[i]->queued_ns > bound_ns;
        if (!is_overdue)
            continue;
        if (oldest < 0 || m->items[i]->queued_ns < m->items[oldest]->queued_ns ||
            (m->items[i]->queued_ns == m->items[oldest]->queued_ns &&
             m->items[i]->tier < m->items[oldest]->tier))
            oldest = i;
    }
    return oldest >= 0 ? oldest : best;
}

static void model_remove(model *m, int index)
{
    for (int i = index; i + 1 < m->count; i++)
        m->items[i] = m->items[i + 1];
    m->count--;
}

static void run_against_model(uint64_t seed)
{
    enum { bound = 50 };
    cp_rng rng = cp_rng_make(seed);
    cp_tiers tiers;
    cp_tiers_init(&tiers, bound);
    cp_work items[model_size];
    model m = {.count = 0};
    int64_t now_ns = 0;
    for (int i = 0; i < model_size; i++)
        items[i] = work_of(0, 0);
    for (int step = 0; step < 500; step++) {
        cp_work *item = &items[cp_rng_below(&rng, model_size)];
        now_ns += (int64_t)cp_rng_below(&rng, 9);
        if (cp_rng_below(&rng, 5) < 3 && !item->is_listed) {
            item->tier = (uint8_t)cp_rng_below(&rng, CP_TIER_COUNT);
            item->queued_ns = now_ns;
            cp_tiers_push(&tiers, item);
            m.items[m.count++] = item;
        } else if (cp_rng_below(&rng, 4) == 0 && item->is_listed) {
            cp_tiers_remove(&tiers, item);
            for (int i = 0; i < m.count; i++)
                if (m.items[i] == item)
                    model_remove(&m, i);
        } else {
            int expected = model_pick(&m, now_ns, bound);
            const cp_work *picked = cp_tiers_pick(&tiers, now_ns);
            CHECK_SEED(picked == (expected < 0 ? NULL : m.items[expected]), seed);
            if (expected >= 0)
                model_remove(&m, expected);
        }
        CHECK_SEED(tiers.count == (uint32_t)m.count, seed);
    }
}

static void tiers_behave_like_an_array_searched_whole(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 1000; seed++)
        run_against_model(seed);
}

CP_TEST_MAIN(cmocka_unit_test(nothing_is_picked_from_nothing),
             cmocka_unit_test(the_most_urgent_tier_goes_first_and_in_it_the_oldest),
             cmocka_unit_test(what_has_waited_longer_than_the_bound_goes_before_urgent_work),
             cmocka_unit_test(work_that_is_put_back_is_where_it_was),
             cmocka_unit_test(tiers_behave_like_an_array_searched_whole))
