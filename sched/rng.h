/* rng.h -- seeded streams of random numbers, the same on every machine.
 *
 * Owns:  the one kind of randomness that the library uses.
 * Never: asks the system for entropy; a seed is always given. Not for secrets. */
#ifndef CP_SCHED_RNG_H
#define CP_SCHED_RNG_H

#include <stdint.h>

#include "sched/compiler.h"

typedef struct cp_rng {
    uint64_t state[4]; /* never all zero */
} cp_rng;

/* One well-mixed word of VALUE; distinct values give distinct words. */
uint64_t cp_mix64(uint64_t value) CP_MUST_USE;

/* The stream of SEED; every seed is good, 0 too. */
cp_rng cp_rng_make(uint64_t seed) CP_MUST_USE;

/* The next 64 bits. */
uint64_t cp_rng_next(cp_rng *rng);

/* A number below LIMIT > 0, each equally likely. */
uint64_t cp_rng_below(cp_rng *rng, uint64_t limit);

/* A stream of its own that depends on RNG and on how often it was asked. */
cp_rng cp_rng_split(cp_rng *rng) CP_MUST_USE;

#endif
