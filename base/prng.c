#include "base/prng.h"

#include "base/check.h"

static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

static uint64_t rotate(uint64_t x, unsigned by) { return x << by | x >> (64 - by); }

void prng_init(struct prng *prng, uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        prng->s[i] = splitmix(&seed);
    }
}

uint64_t prng_next(struct prng *prng)
{
    uint64_t *s = prng->s;
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

uint64_t prng_below(struct prng *prng, uint64_t bound)
{
    CHECK(bound > 0);
    uint64_t limit = UINT64_MAX - UINT64_MAX % bound; // draws above it would favour small results
    uint64_t drawn = prng_next(prng);
    while (drawn >= limit) {
        drawn = prng_next(prng);
    }
    return drawn % bound;
}

bool prng_chance(struct prng *prng, uint32_t per_million)
{
    return prng_below(prng, 1000000) < per_million;
}

struct prng prng_fork(struct prng *prng)
{
    struct prng fork;
    prng_init(&fork, prng_next(prng));
    return fork;
}
