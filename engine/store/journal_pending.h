// Batches that the log holds and the journal's environment does not hold yet: where their records
// and blobs are read until the flusher has moved them. One thread adds, one drops, any thread
// reads; what is read is copied, so that nothing hinges on when it is dropped.
#ifndef RUNG_ENGINE_STORE_JOURNAL_PENDING_H
#define RUNG_ENGINE_STORE_JOURNAL_PENDING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "engine/store/journal_disk.h"

struct pending_batch;

// How many records a batch of our own making holds.
uint32_t journal_stage_records(const struct journal_stage *stage);

struct journal_pending {
    atomic_flag held; // taken for microseconds
    struct pending_batch **batch; // oldest first
    uint32_t count, capacity;
    uint64_t bytes;
};

void journal_pending_init(struct journal_pending *pending);
void journal_pending_done(struct journal_pending *pending);
uint64_t journal_pending_bytes(struct journal_pending *pending);

// Copies the batch.
void journal_pending_add(struct journal_pending *pending, const struct journal_stage *stage);
// The oldest batch after the first `skip` that ends at or before record `seq`. False: none. It
// stays until it is dropped.
bool journal_pending_batch(struct journal_pending *pending, uint32_t skip, uint64_t seq,
                           struct journal_stage *ret_stage);
void journal_pending_drop(struct journal_pending *pending, uint32_t count);

// Copies of what is there, in the arena (of a blob NULL: none is made). False: it is not there (any
// more).
bool journal_pending_frame(struct journal_pending *pending, uint64_t seq, struct arena *arena,
                           struct slice *ret_frame);
bool journal_pending_blob(struct journal_pending *pending, const uint8_t hash[STORE_HASH_BYTES],
                          struct arena *arena, struct slice *ret_bytes);
// The first hash behind `after` (NULL: of all).
bool journal_pending_next_blob(struct journal_pending *pending, const uint8_t *after,
                               uint8_t ret_hash[STORE_HASH_BYTES]);

#endif
