// Small seeded generator (xoshiro256**, Blackman and Vigna 2018, seeded by splitmix64). The only
// randomness of the program; the seed comes from the caller. Not for secrets.
#ifndef RUNG_BASE_PRNG_H
#define RUNG_BASE_PRNG_H

#include <stdbool.h>
#include <stdint.h>

struct prng {
    uint64_t s[4];
};

void prng_init(struct prng *prng, uint64_t seed);
uint64_t prng_next(struct prng *prng);
uint64_t prng_below(struct prng *prng, uint64_t bound); // 0 … bound-1; bound > 0
bool prng_chance(struct prng *prng, uint32_t per_million);
// An independent generator for a component, so that one component's draws do not move another's.
struct prng prng_fork(struct prng *prng);

#endif
