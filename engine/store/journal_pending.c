#include "engine/store/journal_pending.h"

#include <sched.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/reader.h"

enum { CAPACITY_MIN = 64, DROPPED_AT_ONCE = 256 };

struct pending_batch {
    struct journal_stage stage; // its bytes lie behind the starts
    uint32_t records;
    uint32_t start[]; // of each record's length, in stage.records
};

static void hold(struct journal_pending *pending)
{
    while (atomic_flag_test_and_set_explicit(&pending->held, memory_order_acquire)) {
        (void)sched_yield();
    }
}

static void let_go(struct journal_pending *pending)
{
    atomic_flag_clear_explicit(&pending->held, memory_order_release);
}

void journal_pending_init(struct journal_pending *pending)
{
    *pending = (struct journal_pending){ .count = 0 };
    atomic_flag_clear(&pending->held);
}

void journal_pending_done(struct journal_pending *pending)
{
    journal_pending_drop(pending, pending->count);
    mem_free(pending->batch);
    pending->batch = NULL;
}

uint64_t journal_pending_bytes(struct journal_pending *pending)
{
    hold(pending);
    uint64_t bytes = pending->bytes;
    let_go(pending);
    return bytes;
}

static uint64_t batch_bytes(const struct pending_batch *batch)
{
    return batch->stage.records.len + batch->stage.blobs.len;
}

// --- adding, taking ------------------------------------------------------------------------------

uint32_t journal_stage_records(const struct journal_stage *stage)
{
    struct reader reader;
    reader_init(&reader, stage->records);
    uint32_t count = 0;
    for (; reader.len > 0; count++) {
        (void)reader_take(&reader, reader_u32(&reader));
    }
    CHECK(!reader.bad);
    return count;
}

static struct pending_batch *copy_batch(const struct journal_stage *stage)
{
    uint32_t records = journal_stage_records(stage);
    size_t head = sizeof(struct pending_batch) + records * sizeof(uint32_t);
    struct pending_batch *batch = mem_alloc(head + stage->records.len + stage->blobs.len);
    char *bytes = (char *)batch + head;
    batch->records = records;
    batch->stage.first_seq = stage->first_seq;
    batch->stage.records = slice_make(bytes, stage->records.len);
    batch->stage.blobs = slice_make(bytes + stage->records.len, stage->blobs.len);
    if (stage->records.len > 0) {
        memcpy(bytes, stage->records.ptr, stage->records.len);
    }
    if (stage->blobs.len > 0) {
        memcpy(bytes + stage->records.len, stage->blobs.ptr, stage->blobs.len);
    }
    struct reader reader;
    reader_init(&reader, batch->stage.records);
    for (uint32_t i = 0; i < records; i++) {
        batch->start[i] = (uint32_t)(batch->stage.records.len - reader.len);
        (void)reader_take(&reader, reader_u32(&reader));
    }
    return batch;
}

void journal_pending_add(struct journal_pending *pending, const struct journal_stage *stage)
{
    struct pending_batch *batch = copy_batch(stage);
    hold(pending);
    if (pending->count == pending->capacity) {
        pending->capacity = pending->capacity > 0 ? pending->capacity * 2 : CAPACITY_MIN;
        pending->batch =
            mem_grow(pending->batch, pending->capacity * sizeof(struct pending_batch *));
    }
    pending->batch[pending->count++] = batch;
    pending->bytes += batch_bytes(batch);
    let_go(pending);
}

bool journal_pending_batch(struct journal_pending *pending, uint32_t skip, uint64_t seq,
                           struct journal_stage *ret_stage)
{
    hold(pending);
    const struct pending_batch *batch = skip < pending->count ? pending->batch[skip] : NULL;
    bool there = batch != NULL && batch->stage.first_seq + batch->records <= seq + 1;
    if (there) {
        *ret_stage = batch->stage;
    }
    let_go(pending);
    return there;
}

// Their memory goes when nobody can find them any more.
void journal_pending_drop(struct journal_pending *pending, uint32_t count)
{
    struct pending_batch *gone[DROPPED_AT_ONCE];
    while (count > 0) {
        uint32_t some = count < DROPPED_AT_ONCE ? count : DROPPED_AT_ONCE;
        hold(pending);
        CHECK(pending->count >= some);
        memcpy(gone, pending->batch, some * sizeof(gone[0]));
        pending->count -= some;
        memmove(pending->batch, pending->batch + some, pending->count * sizeof(gone[0]));
        for (uint32_t i = 0; i < some; i++) {
            pending->bytes -= batch_bytes(gone[i]);
        }
        let_go(pending);
        for (uint32_t i = 0; i < some; i++) {
            mem_free(gone[i]);
        }
        count -= some;
    }
}

// --- reading -------------------------------------------------------------------------------------

// The batch that holds record `seq`.
static const struct pending_batch *find_batch(const struct journal_pending *pending, uint64_t seq)
{
    uint32_t low = 0, high = pending->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct pending_batch *batch = pending->batch[middle];
        if (batch->stage.first_seq + batch->records <= seq) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    const struct pending_batch *found = low < pending->count ? pending->batch[low] : NULL;
    return found != NULL && found->stage.first_seq <= seq ? found : NULL;
}

bool journal_pending_frame(struct journal_pending *pending, uint64_t seq, struct arena *arena,
                           struct slice *ret_frame)
{
    hold(pending);
    const struct pending_batch *batch = find_batch(pending, seq);
    if (batch != NULL) {
        struct reader reader;
        uint32_t start = batch->start[seq - batch->stage.first_seq];
        reader_init(&reader, slice_sub(batch->stage.records, start, SIZE_MAX));
        *ret_frame = arena_copy(arena, reader_take(&reader, reader_u32(&reader)));
    }
    let_go(pending);
    return batch != NULL;
}

typedef bool blob_fn(void *context, const uint8_t *hash, struct slice bytes); // true: enough

static bool walk_blobs(struct journal_pending *pending, blob_fn *seen, void *context)
{
    bool found = false;
    for (uint32_t i = 0; i < pending->count && !found; i++) {
        struct reader reader;
        reader_init(&reader, pending->batch[i]->stage.blobs);
        while (reader.len > 0 && !found) {
            struct slice hash = reader_take(&reader, STORE_HASH_BYTES);
            struct slice bytes = reader_take(&reader, (size_t)reader_u64(&reader));
            CHECK(!reader.bad);
            found = seen(context, (const uint8_t *)hash.ptr, bytes);
        }
    }
    return found;
}

struct wanted_blob {
    const uint8_t *hash;
    struct arena *arena;
    struct slice bytes;
};

static bool take_wanted(void *context, const uint8_t *hash, struct slice bytes)
{
    struct wanted_blob *wanted = context;
    bool same = memcmp(hash, wanted->hash, STORE_HASH_BYTES) == 0;
    if (same && wanted->arena != NULL) {
        wanted->bytes = arena_copy(wanted->arena, bytes);
    }
    return same;
}

bool journal_pending_blob(struct journal_pending *pending, const uint8_t hash[STORE_HASH_BYTES],
                          struct arena *arena, struct slice *ret_bytes)
{
    struct wanted_blob wanted = { .hash = hash, .arena = arena };
    hold(pending);
    bool found = walk_blobs(pending, take_wanted, &wanted);
    let_go(pending);
    *ret_bytes = wanted.bytes;
    return found;
}

struct next_blob {
    const uint8_t *after;
    uint8_t *hash;
    bool found;
};

static bool look_for_next(void *context, const uint8_t *hash, struct slice bytes)
{
    struct next_blob *next = context;
    (void)bytes;
    if ((next->after == NULL || memcmp(hash, next->after, STORE_HASH_BYTES) > 0) &&
        (!next->found || memcmp(hash, next->hash, STORE_HASH_BYTES) < 0)) {
        memcpy(next->hash, hash, STORE_HASH_BYTES);
        next->found = true;
    }
    return false;
}

bool journal_pending_next_blob(struct journal_pending *pending, const uint8_t *after,
                               uint8_t ret_hash[STORE_HASH_BYTES])
{
    struct next_blob next = { after, ret_hash, false };
    hold(pending);
    (void)walk_blobs(pending, look_for_next, &next);
    let_go(pending);
    return next.found;
}
