// Folding what the journal has and the view has not: record by record, chain checked on the way.
#include "base/check.h"
#include "engine/store/store_internal.h"

static enum err read_next(struct store *store, struct arena *arena, struct slice *ret_record)
{
    struct journal_frame frame;
    uint64_t seq = store->applied.seq + 1;
    enum err err = journal_peek(store->journal_reader, seq, &frame);
    if (err != OK) {
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err; // a gap before the last record
    }
    store->fold_next.seq = seq;
    journal_chain(store->applied.chain, frame.now_ms, frame.record, store->fold_next.chain);
    if (memcmp(store->fold_next.chain, frame.chain, STORE_CHAIN_BYTES) != 0) {
        return ERR_CORRUPT;
    }
    *ret_record = arena_copy(arena, frame.record);
    return OK;
}

enum err store_fold_next(struct store *store, struct arena *arena, uint64_t *ret_seq,
                         struct slice *ret_record)
{
    CHECK(store->magic == STORE_MAGIC);
    CHECK(!store->fold_pending); // the one before is done
    CHECK(journal_staged_records(store->journal) == 0);
    if (store->applied.seq >= journal_head(store->journal)->seq) {
        store->folding = false;
        return ERR_NOT_FOUND;
    }
    *ret_seq = store->applied.seq + 1;
    enum err err = journal_pin(store->journal_reader);
    if (err != OK) {
        return err;
    }
    err = read_next(store, arena, ret_record);
    journal_unpin(store->journal_reader);
    store->fold_pending = err == OK;
    return err;
}

static enum err flush_inline(struct store *store)
{
    enum err err = store_flush(store);
    if (err == OK) {
        store_flush_done(store);
    }
    return err == OK && store->layers.failed ? ERR_IO : err;
}

enum err store_fold_done(struct store *store)
{
    bool scratch = journal_head(store->journal)->seq == 0;
    CHECK(store->fold_pending || scratch);
    store->fold_pending = false;
    layers_merge(&store->batch, &store->command);
    store_lock_take(store);
    store_merge(store, &store->batch, scratch ? &store->applied : &store->fold_next);
    store_lock_give(store);
    // A flush that failed for want of room is tried again with the next record.
    if (store->frozen_there) {
        enum err err = flush_inline(store);
        if (err != OK) {
            return err;
        }
    }
    bool full = store->active.row_count >= store->flush_rows ||
                table_bytes(&store->active) >= store->flush_bytes;
    if (!full || !store->on_disk) {
        return OK;
    }
    store_freeze(store, store->freeze_clock_ms);
    return flush_inline(store);
}
