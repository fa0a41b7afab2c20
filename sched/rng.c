/* rng.c -- xoshiro256** (Blackman and Vigna, 2018), seeded by SplitMix64 (Steele, Lea and Flood,
 * 2014); numbers below a limit by multiplication and rejection (Lemire, 2019). */
#include "sched/rng.h"

#include <assert.h>

static const uint64_t golden_gamma = UINT64_C(0x9e3779b97f4a7c15);

uint64_t cp_mix64(uint64_t value)
{
    uint64_t z = value + golden_gamma;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

cp_rng cp_rng_make(uint64_t seed)
{
    cp_rng rng;
    for (unsigned i = 0; i < 4; i++)
        rng.state[i] = cp_mix64(seed + i * golden_gamma);
    return rng;
}

static uint64_t rotate_left(uint64_t word, unsigned count)
{
    return (word << count) | (word >> (64 - count));
}

uint64_t cp_rng_next(cp_rng *rng)
{
    uint64_t *s = rng->state;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

uint64_t cp_rng_below(cp_rng *rng, uint64_t limit)
{
    assert(limit > 0);
    cp_uint128 product = (cp_uint128)cp_rng_next(rng) * limit;
    if ((uint64_t)product < limit) {
        uint64_t threshold = (UINT64_MAX - limit + 1) % limit; /* 2^64 mod limit */
        while ((uint64_t)product < threshold)
            product = (cp_uint128)cp_rng_next(rng) * limit;
    }
    return (uint64_t)(product >> 64);
}

cp_rng cp_rng_split(cp_rng *rng)
{
    return cp_rng_make(cp_rng_next(rng));
}
