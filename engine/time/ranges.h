// Ranges of telephone numbers of the Russian plan and the zone that each tells: what a register of
// numbers (engine/intake/numbering.h) comes down to. Eight bytes a range; neighbours with one zone
// are one range. Immutable once made: whoever decides may read it from any thread.
#ifndef RUNG_ENGINE_TIME_RANGES_H
#define RUNG_ENGINE_TIME_RANGES_H

#include <stdint.h>

#include "base/slice.h"

enum {
    RANGES_CODES = 1000,        // three digits behind +7
    RANGES_NUMBERS = 10000000,  // seven digits behind the code
    RANGES_ZONES_MAX = 100
};

struct range {
    uint32_t from; // of its code, inclusive
    uint32_t to;   // inclusive in the lower 24 bits; the zone in the upper 8
};

struct ranges {
    uint32_t first[RANGES_CODES + 1]; // of each code, in `rows`
    const struct range *rows;         // of a code: ascending, without overlap
    struct slice zones[RANGES_ZONES_MAX];
    uint32_t zone_count;
    uint64_t mark; // of its contents: another register has another one
};

static inline uint32_t range_pack(uint32_t to, uint32_t zone) { return to | zone << 24; }

// The zone of an E.164 number by its range; empty: no range holds it. `ranges` may be NULL.
struct slice ranges_zone(const struct ranges *ranges, struct slice phone);

#endif
