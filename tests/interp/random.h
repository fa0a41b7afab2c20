/* random.h -- seeded choices for the tests of numbers.
 *
 * Owns:  the generator, the seed and the number of rounds of a run.
 * Never: asks the time: a run without COPSE_TEST_SEED takes the same seed as the last one. */
#ifndef CP_TESTS_INTERP_RANDOM_H
#define CP_TESTS_INTERP_RANDOM_H

#include <stdint.h>
#include <stdlib.h>

static inline uint64_t seed_from_environment(void)
{
    const char *text = getenv("COPSE_TEST_SEED");
    return text != NULL ? strtoull(text, NULL, 0) : 20261121;
}

/* Ten times USUAL when COPSE_TEST_FULL is set. */
static inline unsigned rounds(unsigned usual)
{
    return getenv("COPSE_TEST_FULL") != NULL ? usual * 10 : usual;
}

static inline uint64_t next(uint64_t *state) /* splitmix64 */
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

#endif
