// Freezing the active table and writing it to the view.
#include "base/check.h"
#include "engine/store/store_internal.h"

enum { RESERVE_BYTES = 16 * 1024 * 1024 };
enum { OVERFULL_FACTOR = 2 };

bool store_wants_freeze(const struct store *store, uint64_t clock_ms, bool idle)
{
    if (!store->on_disk || store->frozen_there || table_is_empty(&store->active)) {
        return false;
    }
    return idle || store->active.row_count >= store->flush_rows ||
           table_bytes(&store->active) >= store->flush_bytes ||
           journal_unkept_bytes(store->journal) >= store->flush_bytes ||
           clock_ms - store->freeze_clock_ms >= store->flush_ms;
}

void store_freeze(struct store *store, uint64_t clock_ms)
{
    CHECK(store->magic == STORE_MAGIC);
    CHECK(!store->frozen_there && table_is_empty(&store->frozen));
    CHECK(table_is_empty(&store->command) && table_is_empty(&store->batch)); // S may be under way
    if (!store->on_disk || table_is_empty(&store->active)) {
        return;
    }
    store_lock_take(store);
    struct table empty = store->frozen;
    store->frozen = store->active;
    store->active = empty;
    store->frozen_place = store->applied;
    store->frozen_there = true;
    store->stats.frozen_rows = store->frozen.row_count;
    store->stats.active_rows = 0;
    store->stats.active_bytes = 0;
    store_lock_give(store);
    store->freeze_clock_ms = clock_ms;
}

bool store_frozen(const struct store *store) { return store->frozen_there; }

bool store_pressed(const struct store *store)
{
    return store->frozen_there && (store->active.row_count >= store->flush_rows ||
                                   table_bytes(&store->active) >= store->flush_bytes);
}

bool store_overfull(struct store *store)
{
    bool full = store->frozen_there &&
                (store->active.row_count >= OVERFULL_FACTOR * (uint64_t)store->flush_rows ||
                 table_bytes(&store->active) >= OVERFULL_FACTOR * store->flush_bytes ||
                 journal_unkept_bytes(store->journal) >=
                     2 * OVERFULL_FACTOR * store->flush_bytes);
    if (full && !store->overfull) {
        store_lock_take(store);
        store->stats.overfull_waits++;
        store_lock_give(store);
    }
    store->overfull = full;
    return full;
}

static void count_flush(struct store *store, uint64_t us)
{
    struct store_stats *stats = &store->stats;
    store_lock_take(store);
    stats->flushes++;
    stats->flush_rows += store->frozen.row_count;
    stats->flush_us_total += us;
    if (us > stats->flush_us_max) {
        stats->flush_us_max = us;
    }
    store_lock_give(store);
}

enum err store_flush(struct store *store)
{
    CHECK(store->magic == STORE_MAGIC);
    if (!store->on_disk) {
        return OK;
    }
    CHECK(store->frozen_there);
    uint64_t start_us = store_clock_us();
    uint64_t free_bytes = 0;
    // First: the view never holds what the journal's environment does not.
    enum err err = journal_keep(store->journal, store->frozen_place.seq);
    if (err == OK) {
        err = files_free_bytes(store->path.text, &free_bytes);
    }
    if (err != OK) {
        return err;
    }
    if (free_bytes < RESERVE_BYTES) {
        return ERR_FULL; // what is left belongs to the journal
    }
    struct store_view_meta meta = {
        .format = STORE_VIEW_FORMAT,
        .fingerprint = store->fingerprint,
        .seq = store->frozen_place.seq,
    };
    memcpy(meta.uuid, store->uuid, STORE_UUID_BYTES);
    memcpy(meta.chain, store->frozen_place.chain, STORE_CHAIN_BYTES);
    err = store_view_write(store->view, &store->frozen, &meta);
    if (err == OK) {
        count_flush(store, store_clock_us() - start_us);
    }
    return err;
}

void store_flush_done(struct store *store)
{
    if (!store->on_disk) {
        return;
    }
    CHECK(store->frozen_there);
    if (store_snapshot_renew(store->snapshot) != OK) {
        store->layers.failed = true;
        return; // F stays, and with it every row that was acknowledged
    }
    store_lock_take(store);
    table_reset(&store->frozen);
    table_shrink(&store->frozen, 2 * store->flush_bytes);
    store->frozen_there = false;
    store->stats.frozen_rows = 0;
    store_lock_give(store);
}
