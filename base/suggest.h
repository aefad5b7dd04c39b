// Names that are nearly right: restricted Damerau-Levenshtein distance over folded characters.
// Offer every name of the right kind that is visible at the place; the nearest are kept.
#ifndef RUNG_BASE_SUGGEST_H
#define RUNG_BASE_SUGGEST_H

#include <stdint.h>

#include "base/slice.h"

enum { SUGGESTIONS_MAX = 3 };

struct suggestions {
    struct slice wanted;
    struct slice names[SUGGESTIONS_MAX]; // best first
    uint32_t scores[SUGGESTIONS_MAX];    // distance << 16 | nearness
    uint32_t count;
};

void suggest_init(struct suggestions *suggestions, struct slice wanted);
// `nearness`: 0 for the innermost scope, growing outward (below 65,536).
void suggest_offer(struct suggestions *suggestions, struct slice candidate, uint32_t nearness);
// By character; more than `max`: max + 1.
uint32_t suggest_distance(struct slice a, struct slice b, uint32_t max);

#endif
