// Reading from other threads than the core's: committed batches only.
#include "base/check.h"
#include "base/mem.h"
#include "engine/store/store_internal.h"

enum err store_reader_open(struct store *store, struct store_reader **ret_reader)
{
    CHECK(store->magic == STORE_MAGIC);
    struct store_reader *reader = mem_zalloc(sizeof(*reader));
    reader->magic = READER_MAGIC;
    reader->store = store;
    enum err err = journal_reader_open(store->journal, &reader->journal_reader);
    if (err == OK && store->view != NULL) {
        err = store_snapshot_open(store->view, &reader->snapshot);
    }
    if (err != OK) {
        store_reader_close(reader);
        return err;
    }
    if (reader->snapshot != NULL) {
        store_snapshot_release(reader->snapshot);
    }
    reader->layers.snapshot = reader->snapshot;
    *ret_reader = reader;
    return OK;
}

void store_reader_close(struct store_reader *reader)
{
    if (reader == NULL) {
        return;
    }
    CHECK(reader->magic == READER_MAGIC && !reader->inside);
    store_snapshot_close(reader->snapshot);
    journal_reader_close(reader->journal_reader);
    reader->magic = 0;
    mem_free(reader);
}

void store_reader_begin(struct store_reader *reader)
{
    CHECK(reader->magic == READER_MAGIC && !reader->inside);
    struct store *store = reader->store;
    store_lock_take(store);
    reader->inside = true;
    reader->locked = true;
    uint32_t count = 0;
    if (reader->laid != NULL) {
        reader->layers.tables[count++] = reader->laid;
    }
    reader->layers.tables[count++] = &store->active;
    reader->layers.tables[count++] = &store->frozen;
    reader->layers.table_count = count;
    // F is dropped under the lock and after its flush: a snapshot taken here has what F had.
    reader->layers.failed =
        reader->snapshot != NULL && store_snapshot_renew(reader->snapshot) != OK;
    reader->seq = store->applied.seq;
}

void store_reader_begin_view(struct store_reader *reader)
{
    CHECK(reader->magic == READER_MAGIC && !reader->inside);
    CHECK(reader->snapshot != NULL); // a store in memory has no view
    reader->inside = true;
    reader->layers.table_count = 0;
    reader->layers.failed = store_snapshot_renew(reader->snapshot) != OK ||
                            store_snapshot_seq(reader->snapshot, &reader->seq) != OK;
}

void store_reader_end(struct store_reader *reader)
{
    CHECK(reader->magic == READER_MAGIC && reader->inside);
    if (reader->snapshot != NULL) {
        store_snapshot_release(reader->snapshot);
    }
    if (reader->locked) {
        reader->locked = false;
        store_lock_give(reader->store);
    }
    reader->inside = false;
}

void store_reader_lay(struct store_reader *reader, const struct table *rows)
{
    CHECK(reader->magic == READER_MAGIC && !reader->inside);
    reader->laid = rows;
}

void store_rows_put(struct table *rows, enum store_db db, struct slice key, struct slice value)
{
    struct layers_key full;
    layers_key(&full, db, key);
    table_put(rows, layers_key_slice(&full), value);
}

void store_rows_hide(struct table *rows, enum store_db db, struct slice key)
{
    struct layers_key full;
    layers_key(&full, db, key);
    table_kill(rows, layers_key_slice(&full));
}

bool store_reader_failed(const struct store_reader *reader) { return reader->layers.failed; }

enum err store_reader_get(struct store_reader *reader, enum store_db db, struct slice key,
                          struct slice *ret_value)
{
    CHECK(reader->magic == READER_MAGIC && reader->inside);
    return reader->layers.failed ? ERR_IO : layers_get(&reader->layers, db, key, ret_value);
}

struct store_cursor *store_reader_seek(struct store_reader *reader, enum store_db db,
                                       struct slice from, struct arena *arena)
{
    CHECK(reader->magic == READER_MAGIC && reader->inside);
    return reader->layers.failed ? NULL : layers_seek(&reader->layers, db, from, arena);
}

uint64_t store_reader_seq(const struct store_reader *reader) { return reader->seq; }

// A journal in memory has no snapshots of its own: it is read under the store's lock.
static bool take_for_memory(const struct store_reader *reader)
{
    bool take = !reader->store->on_disk && !reader->locked;
    if (take) {
        store_lock_take(reader->store);
    }
    return take;
}

static enum err read_record(struct journal_reader *reader, uint64_t seq, struct arena *arena,
                            struct slice *ret_record, uint8_t *ret_chain)
{
    struct journal_frame frame;
    enum err err = journal_peek(reader, seq, &frame);
    if (err == OK) {
        *ret_record = arena_copy(arena, frame.record);
        if (ret_chain != NULL) {
            memcpy(ret_chain, frame.chain, STORE_CHAIN_BYTES);
        }
    }
    return err;
}

enum err store_reader_record(struct store_reader *reader, uint64_t seq, struct arena *arena,
                             struct slice *ret_record, uint8_t *ret_chain)
{
    CHECK(reader->magic == READER_MAGIC);
    bool taken = take_for_memory(reader);
    enum err err = journal_pin(reader->journal_reader);
    if (err == OK) {
        err = read_record(reader->journal_reader, seq, arena, ret_record, ret_chain);
        journal_unpin(reader->journal_reader);
    }
    if (taken) {
        store_lock_give(reader->store);
    }
    return err;
}

enum err store_reader_blob(struct store_reader *reader, const uint8_t hash[STORE_HASH_BYTES],
                           struct arena *arena, struct slice *ret_bytes)
{
    CHECK(reader->magic == READER_MAGIC);
    bool taken = take_for_memory(reader);
    enum err err = journal_pin(reader->journal_reader);
    if (err == OK) {
        err = journal_blob(reader->journal_reader, hash, arena, ret_bytes);
        journal_unpin(reader->journal_reader);
    }
    if (taken) {
        store_lock_give(reader->store);
    }
    return err;
}
