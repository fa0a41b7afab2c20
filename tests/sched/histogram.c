#include "tests/check.h"

#include "sched/histogram.h"
#include "sched/rng.h"

static void every_value_is_in_a_bucket_that_ends_at_most_a_quarter_above(void **state)
{
    (void)state;
    for (unsigned shift = 0; shift < 63; shift++) {
        for (int64_t step = -1; step <= 1; step++) {
            int64_t value = (INT64_C(1) << shift) + step;
            int64_t end = cp_histogram_bucket_end(cp_histogram_bucket(value));
            assert_true(end >= value);
            assert_true(end - value <= value / 4);
        }
    }
}

static void buckets_follow_each_other_without_gaps(void **state)
{
    (void)state;
    for (unsigned i = 0; i + 1 < CP_HISTOGRAM_BUCKETS; i++) {
        int64_t end = cp_histogram_bucket_end(i);
        assert_int_equal(cp_histogram_bucket(end), i);
        assert_int_equal(cp_histogram_bucket(end + 1), i + 1);
    }
    assert_true(cp_histogram_bucket_end(CP_HISTOGRAM_BUCKETS - 1) == INT64_MAX);
}

static void nothing_measured_is_all_zero(void **state)
{
    (void)state;
    cp_histogram histogram = {0};
    copse_distribution summary = cp_histogram_summary(&histogram);
    assert_int_equal(summary.count, 0);
    assert_int_equal(summary.p50_ns, 0);
    assert_int_equal(summary.p99_ns, 0);
}

static void count_total_and_maximum_are_exact(void **state)
{
    (void)state;
    cp_histogram histogram = {0};
    cp_histogram_add(&histogram, 1000003);
    cp_histogram_add(&histogram, 17);
    cp_histogram_add(&histogram, -5);
    copse_distribution summary = cp_histogram_summary(&histogram);
    assert_int_equal(summary.count, 3);
    assert_int_equal(summary.total_ns, 1000020);
    assert_int_equal(summary.max_ns, 1000003);
    assert_int_equal(summary.p50_ns, 19); /* the bucket of 17 is 16 to 19 */
    assert_int_equal(summary.p99_ns, 1000003);
}

static void a_total_stops_at_the_largest_number(void **state)
{
    (void)state;
    cp_histogram histogram = {0};
    cp_histogram_add(&histogram, INT64_MAX);
    cp_histogram_add(&histogram, INT64_MAX);
    assert_true(histogram.total_ns == INT64_MAX);
}

static int compare(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

static void a_quantile_is_at_most_a_quarter_above_the_sorted_list(void **state)
{
    (void)state;
    enum { count = 2000 };
    static int64_t values[count];
    for (uint64_t seed = 1; seed <= 20; seed++) {
        cp_rng rng = cp_rng_make(seed);
        cp_histogram histogram = {0};
        for (int i = 0; i < count; i++) {
            values[i] = (int64_t)(cp_rng_next(&rng) >> (1 + cp_rng_below(&rng, 60)));
            cp_histogram_add(&histogram, values[i]);
        }
        qsort(values, count, sizeof values[0], compare);
        for (unsigned per_mille = 1; per_mille <= 1000; per_mille++) {
            int64_t exact = values[(count * per_mille + 999) / 1000 - 1];
            int64_t found = cp_histogram_quantile(&histogram, per_mille);
            CHECK_SEED(found >= exact && found - exact <= exact / 4, seed);
        }
    }
}

CP_TEST_MAIN(cmocka_unit_test(every_value_is_in_a_bucket_that_ends_at_most_a_quarter_above),
             cmocka_unit_test(buckets_follow_each_other_without_gaps),
             cmocka_unit_test(nothing_measured_is_all_zero),
             cmocka_unit_test(count_total_and_maximum_are_exact),
             cmocka_unit_test(a_total_stops_at_the_largest_number),
             cmocka_unit_test(a_quantile_is_at_most_a_quarter_above_the_sorted_list))
