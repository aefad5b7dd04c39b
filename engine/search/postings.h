// The postings that a batch adds and removes: appended in any order, then sorted once, so that each
// bucket is read and written once. Growing blocks; memory is kept between batches.
#ifndef RUNG_ENGINE_SEARCH_POSTINGS_H
#define RUNG_ENGINE_SEARCH_POSTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct posting {
    uint64_t head; // the first bytes of the key, so that most comparisons look no further
    uint32_t at;   // of the key in `bytes`: term key, ~bucket, place (u16 BE), 1: added, 0: removed
    uint32_t len;
};

struct postings {
    struct posting *row, *other; // the other half: for sorting
    uint32_t count, capacity;
    char *bytes;
    uint32_t byte_count, byte_capacity;
};

void postings_init(struct postings *postings);
void postings_done(struct postings *postings);
void postings_reset(struct postings *postings); // keeps the memory, unless it is much
// `term` as a term key (doc.h). Of one case and term, what is added prevails over what is removed.
void postings_add(struct postings *postings, struct slice term, uint64_t instance, bool there);
void postings_sort(struct postings *postings);
static inline struct slice posting_key(const struct postings *postings, uint32_t number)
{
    const struct posting *row = &postings->row[number];
    return slice_make(postings->bytes + row->at, row->len);
}

#endif
