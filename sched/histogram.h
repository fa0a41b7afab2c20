/* histogram.h -- how durations are distributed, in fixed memory.
 *
 * Owns:  the buckets: four to each power of two, so that a percentile is at most a quarter high.
 * Never: allocates, or forgets the exact count, total and maximum. */
#ifndef CP_SCHED_HISTOGRAM_H
#define CP_SCHED_HISTOGRAM_H

#include <copse/sched.h>

#include "sched/compiler.h"

enum { CP_HISTOGRAM_BUCKETS = 248 }; /* 0 to 3 ns, then 61 powers of two in four parts */

typedef struct cp_histogram {
    uint64_t count;
    int64_t total_ns; /* stops at the largest number */
    int64_t max_ns;
    uint64_t buckets[CP_HISTOGRAM_BUCKETS];
} cp_histogram;

/* The bucket of VALUE >= 0, and the largest value in BUCKET. */
unsigned cp_histogram_bucket(int64_t value) CP_MUST_USE;
int64_t cp_histogram_bucket_end(unsigned bucket) CP_MUST_USE;

/* Count VALUE_NS; a negative one counts as 0. */
void cp_histogram_add(cp_histogram *histogram, int64_t value_ns);

/* A value that at least PER_MILLE of 1,000 values are not above; 0 when there are none. */
int64_t cp_histogram_quantile(const cp_histogram *histogram, unsigned per_mille) CP_MUST_USE;

/* Count, total, maximum, p50 and p99 in one struct. */
copse_distribution cp_histogram_summary(const cp_histogram *histogram) CP_MUST_USE;

#endif
