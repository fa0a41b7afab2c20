/* histogram.c -- log-linear buckets: the power of two picks four of them, the next two bits one.
 * Adding is a count of leading zeros and an increment. */
#include "sched/histogram.h"

#include <assert.h>

unsigned cp_histogram_bucket(int64_t value)
{
    assert(value >= 0);
    if (value < 4)
        return (unsigned)value;
    unsigned power = 63 - (unsigned)__builtin_clzll((unsigned long long)value);
    unsigned quarter = (unsigned)(value >> (power - 2)) & 3;
    return (power - 1) * 4 + quarter;
}

int64_t cp_histogram_bucket_end(unsigned bucket)
{
    assert(bucket < CP_HISTOGRAM_BUCKETS);
    if (bucket < 4)
        return bucket;
    unsigned power = bucket / 4 + 1;
    uint64_t start = (uint64_t)(4 + bucket % 4) << (power - 2);
    return (int64_t)(start + (UINT64_C(1) << (power - 2)) - 1);
}

void cp_histogram_add(cp_histogram *histogram, int64_t value_ns)
{
    if (value_ns < 0)
        value_ns = 0;
    histogram->count++;
    if (CP_ADD_OVERFLOWS(histogram->total_ns, value_ns, &histogram->total_ns))
        histogram->total_ns = INT64_MAX;
    if (value_ns > histogram->max_ns)
        histogram->max_ns = value_ns;
    histogram->buckets[cp_histogram_bucket(value_ns)]++;
}

int64_t cp_histogram_quantile(const cp_histogram *histogram, unsigned per_mille)
{
    assert(per_mille <= 1000);
    /* Rounded up without overflow: the rank of the value, counted from 1. */
    uint64_t whole = histogram->count / 1000 * per_mille;
    uint64_t rank = whole + (histogram->count % 1000 * per_mille + 999) / 1000;
    if (histogram->count == 0)
        return 0;
    uint64_t seen = 0;
    for (unsigned i = 0; i < CP_HISTOGRAM_BUCKETS; i++) {
        seen += histogram->buckets[i];
        if (seen >= rank && seen > 0) {
            int64_t end = cp_histogram_bucket_end(i);
            return end < histogram->max_ns ? end : histogram->max_ns;
        }
    }
    return histogram->max_ns;
}

copse_distribution cp_histogram_summary(const cp_histogram *histogram)
{
    return (copse_distribution){.count = histogram->count,
                                .total_ns = histogram->total_ns,
                                .max_ns = histogram->max_ns,
                                .p50_ns = cp_histogram_quantile(histogram, 500),
                                .p99_ns = cp_histogram_quantile(histogram, 990)};
}
