// The store's own struct, for the files of this folder only. Which thread may touch what:
// core thread: everything but `flusher`; under the lock whatever a reader looks at (active, frozen,
// head, stats); flusher thread: `frozen` (read only, while `flushing`), `view` for writing.
#ifndef RUNG_ENGINE_STORE_STORE_INTERNAL_H
#define RUNG_ENGINE_STORE_STORE_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/table.h"
#include "engine/store/files.h"
#include "engine/store/journal.h"
#include "engine/store/keep.h"
#include "engine/store/layers.h"
#include "engine/store/store.h"
#include "engine/store/store_view.h"

enum { STORE_MAGIC = 0x524f5453, READER_MAGIC = 0x52444552 };

// What A or F contains: everything up to this record.
struct store_place {
    uint64_t seq;
    uint8_t chain[STORE_CHAIN_BYTES];
};

struct store {
    uint32_t magic;
    bool on_disk;
    int lock_fd; // -1: none
    struct store_lock lock;
    uint32_t flush_rows;
    uint64_t flush_bytes;
    uint32_t flush_ms;
    uint64_t fingerprint;
    uint64_t map_bytes;
    uint8_t uuid[STORE_UUID_BYTES];
    struct files_path path, view_path;
    struct journal *journal;
    struct keep *keep;
    struct store_view *view;               // NULL in memory
    struct store_snapshot *snapshot;       // V of the core thread
    struct journal_reader *journal_reader; // of the core thread
    struct table command, batch, sealed, written, active, frozen;
    struct layers layers;        // C, B, S, W, A, F over V
    bool sealed_there;           // S waits for its write and store_settle
    bool sealed_failed;          // … and must not be written
    bool written_there;          // W waits for store_settle
    uint64_t sealed_records, sealed_bytes, write_us; // for the figures
    uint64_t written_records, written_bytes, written_us;
    bool frozen_there;           // F waits for store_flush and store_flush_done
    struct store_place applied;  // A contains everything up to here
    struct store_head committed; // the journal's head, for other threads: under the lock
    struct store_place frozen_place;
    bool folding;      // between store_open and the end of the fold
    bool fold_pending; // a record was handed out
    struct store_place fold_next;
    uint64_t freeze_clock_ms; // of the last freeze: no row of A is older
    bool overfull;
    struct store_stats stats;
};

struct store_reader {
    uint32_t magic;
    struct store *store;
    struct store_snapshot *snapshot; // NULL in memory
    struct journal_reader *journal_reader;
    struct layers layers; // A, F over V
    bool inside;          // between begin and end
    bool locked;          // … and holding the store's lock
    const struct table *laid; // over them, or NULL
    uint64_t seq;
};

static inline void store_lock_take(const struct store *store)
{
    if (store->lock.lock != NULL) {
        store->lock.lock(store->lock.context);
    }
}

static inline void store_lock_give(const struct store *store)
{
    if (store->lock.unlock != NULL) {
        store->lock.unlock(store->lock.context);
    }
}

// A steady clock for the figures in store_stats; nothing is decided by it.
uint64_t store_clock_us(void);
// `from` merges into A, under the lock; `place` is what A then contains.
void store_merge(struct store *store, struct table *from, const struct store_place *place);
// Writes a pid, names and what to do into `problem` (which may be NULL).
void store_problem_say(struct store_problem *problem, const char *format, ...) ATTR_PRINTF(2, 3);

#endif
