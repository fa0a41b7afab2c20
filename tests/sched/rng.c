#include "tests/check.h"

#include "sched/rng.h"

static void the_same_seed_gives_the_same_stream(void **state)
{
    (void)state;
    cp_rng a = cp_rng_make(42);
    cp_rng b = cp_rng_make(42);
    for (int i = 0; i < 1000; i++)
        assert_true(cp_rng_next(&a) == cp_rng_next(&b));
}

static void a_stream_is_the_same_on_every_machine(void **state)
{
    (void)state;
    /* SplitMix64 of seed 0 gives these words in every implementation of it. */
    cp_rng rng = cp_rng_make(0);
    assert_true(rng.state[0] == UINT64_C(0xe220a8397b1dcdaf));
    assert_true(rng.state[1] == UINT64_C(0x6e789e6aa1b965f4));
    assert_true(rng.state[2] == UINT64_C(0x06c45d188009454f));
    assert_true(rng.state[3] == UINT64_C(0xf88bb8a8724c81ec));
    assert_true(cp_rng_next(&rng) == UINT64_C(0x99ec5f36cb75f2b4));
}

static void other_seeds_give_other_streams(void **state)
{
    (void)state;
    cp_rng a = cp_rng_make(1);
    cp_rng b = cp_rng_make(2);
    assert_false(cp_rng_next(&a) == cp_rng_next(&b));
}

static void a_number_is_below_its_limit(void **state)
{
    (void)state;
    const uint64_t limits[] = {1, 2, 3, 10, 1000, UINT64_C(1) << 63, UINT64_MAX};
    cp_rng rng = cp_rng_make(7);
    for (size_t i = 0; i < CP_COUNT_OF(limits); i++)
        for (int k = 0; k < 1000; k++)
            assert_true(cp_rng_below(&rng, limits[i]) < limits[i]);
}

static void numbers_below_a_limit_are_equally_likely(void **state)
{
    (void)state;
    enum { sides = 6, throws = 60000 };
    unsigned counts[sides] = {0};
    cp_rng rng = cp_rng_make(99);
    for (int i = 0; i < throws; i++)
        counts[cp_rng_below(&rng, sides)]++;
    double chi_squared = 0;
    for (int i = 0; i < sides; i++) {
        double difference = (double)counts[i] - throws / (double)sides;
        chi_squared += difference * difference / (throws / (double)sides);
    }
    assert_true(chi_squared < 20.5); /* five degrees of freedom: one seed in a thousand is above */
}

static void a_split_stream_is_its_own(void **state)
{
    (void)state;
    cp_rng rng = cp_rng_make(5);
    cp_rng first = cp_rng_split(&rng);
    cp_rng second = cp_rng_split(&rng);
    assert_false(cp_rng_next(&first) == cp_rng_next(&second));
}

CP_TEST_MAIN(cmocka_unit_test(the_same_seed_gives_the_same_stream),
             cmocka_unit_test(a_stream_is_the_same_on_every_machine),
             cmocka_unit_test(other_seeds_give_other_streams),
             cmocka_unit_test(a_number_is_below_its_limit),
             cmocka_unit_test(numbers_below_a_limit_are_equally_likely),
             cmocka_unit_test(a_split_stream_is_its_own))
