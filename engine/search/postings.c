#include "engine/search/postings.h"

#include "base/check.h"
#include "base/mem.h"
#include "engine/search/index.h"

enum {
    ROWS_FIRST = 1024,
    BYTES_FIRST = 64 * 1024,
    ROWS_KEPT = 256 * 1024,
    HEAD_BYTES = 8,
    RUN = 8 // rows that are sorted by insertion before runs are merged
};

void postings_init(struct postings *postings) { *postings = (struct postings){ 0 }; }

void postings_done(struct postings *postings)
{
    mem_free(postings->row);
    mem_free(postings->other);
    mem_free(postings->bytes);
    postings_init(postings);
}

void postings_reset(struct postings *postings)
{
    if (postings->capacity > ROWS_KEPT) {
        postings_done(postings);
    }
    postings->count = 0;
    postings->byte_count = 0;
}

static void reserve(struct postings *postings, uint32_t bytes)
{
    if (postings->count == postings->capacity) {
        postings->capacity = postings->capacity > 0 ? postings->capacity * 2 : ROWS_FIRST;
        size_t room = sizeof(struct posting) * postings->capacity;
        postings->row = mem_grow(postings->row, room);
        postings->other = mem_grow(postings->other, room);
    }
    while (postings->byte_capacity - postings->byte_count < bytes) {
        CHECK(postings->byte_capacity <= UINT32_MAX / 2);
        postings->byte_capacity =
            postings->byte_capacity > 0 ? postings->byte_capacity * 2 : BYTES_FIRST;
        postings->bytes = mem_grow(postings->bytes, postings->byte_capacity);
    }
}

static uint64_t head_of(const char *key)
{
    uint64_t head = 0;
    for (uint32_t i = 0; i < HEAD_BYTES; i++) {
        head = head << 8 | (unsigned char)key[i];
    }
    return head;
}

void postings_add(struct postings *postings, struct slice term, uint64_t instance, bool there)
{
    CHECK(term.len > 0 && term.len <= INDEX_TERM_BYTES_MAX);
    uint32_t len = (uint32_t)term.len + INDEX_BUCKET_BYTES + INDEX_PLACE_BYTES + 1;
    reserve(postings, len + HEAD_BYTES);
    char *to = postings->bytes + postings->byte_count;
    uint32_t bucket = ~(uint32_t)(instance / INDEX_BUCKET_CASES);
    uint32_t place = (uint32_t)(instance % INDEX_BUCKET_CASES);
    memcpy(to, term.ptr, term.len);
    char *at = to + term.len;
    for (uint32_t i = 0; i < INDEX_BUCKET_BYTES; i++) {
        *at++ = (char)(unsigned char)(bucket >> (24 - 8 * i));
    }
    *at++ = (char)(unsigned char)(place >> 8);
    *at++ = (char)(unsigned char)place;
    *at++ = there ? 1 : 0;
    CHECK(len >= HEAD_BYTES);
    postings->row[postings->count++] =
        (struct posting){ head_of(to), postings->byte_count, len };
    postings->byte_count += len;
}

static bool is_less(const struct postings *postings, const struct posting *a,
                    const struct posting *b)
{
    if (a->head != b->head) {
        return a->head < b->head;
    }
    return slice_compare(slice_make(postings->bytes + a->at, a->len),
                         slice_make(postings->bytes + b->at, b->len)) < 0;
}

static void sort_run(const struct postings *postings, uint32_t from, uint32_t to)
{
    struct posting *row = postings->row;
    for (uint32_t i = from + 1; i < to; i++) {
        struct posting moved = row[i];
        uint32_t at = i;
        for (; at > from && is_less(postings, &moved, &row[at - 1]); at--) {
            row[at] = row[at - 1];
        }
        row[at] = moved;
    }
}

// Merges [from, middle) and [middle, to) into the other half.
static void merge_runs(struct postings *postings, uint32_t from, uint32_t middle, uint32_t to)
{
    uint32_t a = from, b = middle;
    for (uint32_t i = from; i < to; i++) {
        bool second =
            a == middle || (b < to && is_less(postings, &postings->row[b], &postings->row[a]));
        postings->other[i] = postings->row[second ? b++ : a++];
    }
}

void postings_sort(struct postings *postings)
{
    uint32_t count = postings->count;
    for (uint32_t from = 0; from < count; from += RUN) {
        sort_run(postings, from, count - from > RUN ? from + RUN : count);
    }
    for (uint64_t width = RUN; width < count; width *= 2) {
        for (uint64_t from = 0; from < count; from += 2 * width) {
            uint64_t middle = from + width < count ? from + width : count;
            uint64_t to = from + 2 * width < count ? from + 2 * width : count;
            merge_runs(postings, (uint32_t)from, (uint32_t)middle, (uint32_t)to);
        }
        struct posting *sorted = postings->other;
        postings->other = postings->row;
        postings->row = sorted;
    }
}
