// The core thread's side of the store: reads through the layers, writes into C, the batch.
#include "engine/store/store.h"

#include <time.h>

#include "base/check.h"
#include "engine/store/store_internal.h"

enum { COMMAND_KEEP_BYTES = 1024 * 1024, BATCH_KEEP_BYTES = 8 * 1024 * 1024 };

const char *store_db_name(enum store_db db)
{
    static const char *const names[DB_COUNT] = {
        [DB_META] = "meta",         [DB_INSTANCE] = "instance",
        [DB_PART] = "part",         [DB_BY_KEY] = "by_key",
        [DB_TASK] = "task",         [DB_TIMER] = "timer",
        [DB_CHILD] = "child",       [DB_REQUEST] = "request",
        [DB_CLIENT] = "client",     [DB_CLIENT_HOUR] = "client_hour",
        [DB_IMPORT] = "import",     [DB_PROGRAM] = "program",
        [DB_ACTIVE] = "active",     [DB_NAME] = "name",
        [DB_USER] = "user",         [DB_USER_NAME] = "user_name",
        [DB_LOAD] = "load",         [DB_NOTICE] = "notice",
        [DB_INCIDENT] = "incident", [DB_FAMILIAR] = "familiar",
        [DB_KEPT] = "kept",         [DB_CALL] = "call",
        [DB_DONE] = "done",
        [DB_VERSION] = "version",
    };
    CHECK(db > 0 && db < DB_COUNT);
    CHECK(names[db] != NULL);
    return names[db];
}

uint64_t store_clock_us(void)
{
    struct timespec now;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

const struct store_head *store_head(const struct store *store)
{
    return journal_head(store->journal);
}

const struct store_head *store_staged_head(const struct store *store)
{
    return journal_staged_head(store->journal);
}

const uint8_t *store_uuid(const struct store *store) { return store->uuid; }

int store_view_fd(const struct store *store)
{
    return store->view != NULL ? store_view_file(store->view) : -1;
}

struct keep *store_keep(struct store *store) { return store->keep; }

// --- reads -----------------------------------------------------------------------------------

enum err store_get(struct store *store, enum store_db db, struct slice key, struct slice *ret_value)
{
    CHECK(store->magic == STORE_MAGIC);
    return store->layers.failed ? ERR_IO : layers_get(&store->layers, db, key, ret_value);
}

struct store_cursor *store_seek(struct store *store, enum store_db db, struct slice from,
                                struct arena *arena)
{
    CHECK(store->magic == STORE_MAGIC);
    return store->layers.failed ? NULL : layers_seek(&store->layers, db, from, arena);
}

// --- writes ----------------------------------------------------------------------------------

void store_put(struct store *store, enum store_db db, struct slice key, struct slice value)
{
    struct layers_key full;
    CHECK(key.len > 0);
    layers_key(&full, db, key);
    table_put(&store->command, layers_key_slice(&full), value);
}

void store_delete(struct store *store, enum store_db db, struct slice key)
{
    struct layers_key full;
    CHECK(key.len > 0);
    layers_key(&full, db, key);
    table_kill(&store->command, layers_key_slice(&full));
}

uint32_t store_command_rows(const struct store *store) { return store->command.row_count; }

static void empty_table(struct table *table, uint64_t bytes_keep)
{
    table_reset(table);
    table_shrink(table, bytes_keep);
}

void store_command_accept(struct store *store)
{
    layers_merge(&store->batch, &store->command);
    empty_table(&store->command, COMMAND_KEEP_BYTES);
}

void store_command_refuse(struct store *store) { empty_table(&store->command, COMMAND_KEEP_BYTES); }

// --- batch -----------------------------------------------------------------------------------

uint64_t store_append(struct store *store, struct slice record, uint64_t now_ms)
{
    CHECK(store->magic == STORE_MAGIC);
    CHECK(!store->folding); // the tail must be folded first
    return journal_stage(store->journal, record, now_ms);
}

const uint8_t *store_chain(const struct store *store)
{
    return journal_staged_head(store->journal)->chain;
}

void store_blob_put(struct store *store, struct slice bytes, uint8_t ret_hash[STORE_HASH_BYTES])
{
    struct slice staged;
    journal_hash(bytes, ret_hash);
    if (!journal_staged_blob(store->journal, ret_hash, &staged)) {
        journal_stage_blob(store->journal, ret_hash, bytes);
    }
}

enum err store_blob_get(struct store *store, const uint8_t hash[STORE_HASH_BYTES],
                        struct arena *arena, struct slice *ret_bytes)
{
    struct slice staged;
    if (journal_staged_blob(store->journal, hash, &staged)) {
        *ret_bytes = arena_copy(arena, staged);
        return OK;
    }
    enum err err = journal_pin(store->journal_reader);
    if (err != OK) {
        return err;
    }
    err = journal_blob(store->journal_reader, hash, arena, ret_bytes);
    journal_unpin(store->journal_reader);
    return err;
}

uint32_t store_batch_records(const struct store *store)
{
    return journal_staged_records(store->journal);
}

void store_batch_drop(struct store *store)
{
    empty_table(&store->command, COMMAND_KEEP_BYTES);
    empty_table(&store->batch, BATCH_KEEP_BYTES);
    journal_drop(store->journal);
}

void store_merge(struct store *store, struct table *from, const struct store_place *place)
{
    layers_merge(&store->active, from);
    store->applied = *place;
    store->stats.active_rows = store->active.row_count;
    store->stats.active_bytes = table_bytes(&store->active);
}

static void count_commit(struct store *store, uint64_t records, uint64_t bytes, uint64_t us)
{
    struct store_stats *stats = &store->stats;
    stats->commits++;
    stats->records += records;
    stats->record_bytes += bytes;
    stats->commit_us_total += us;
    if (us > stats->commit_us_max) {
        stats->commit_us_max = us;
    }
}

bool store_seal(struct store *store)
{
    CHECK(store->magic == STORE_MAGIC);
    CHECK(table_is_empty(&store->command)); // each command is accepted or refused before
    CHECK(!store->sealed_there && table_is_empty(&store->sealed));
    store->sealed_records = journal_staged_records(store->journal);
    store->sealed_failed = store->layers.failed; // decided on rows that could not be read
    store->sealed_there = store->sealed_records > 0 || store->sealed_failed;
    if (store->sealed_records == 0 || store->sealed_failed) {
        store_batch_drop(store);
        return store->sealed_there;
    }
    store->sealed_bytes = journal_staged_bytes(store->journal);
    journal_seal(store->journal);
    struct table empty = store->sealed;
    store->sealed = store->batch;
    store->batch = empty;
    return true;
}

enum err store_write(struct store *store)
{
    CHECK(store->sealed_there);
    if (store->sealed_failed) {
        return ERR_IO;
    }
    uint64_t start_us = store_clock_us();
    if (!store->on_disk) { // then readers look into the very bytes that grow here
        store_lock_take(store);
    }
    enum err err = journal_write(store->journal);
    if (!store->on_disk) {
        store_lock_give(store);
    }
    store->write_us = store_clock_us() - start_us;
    return err;
}

static void drop_sealed(struct store *store, enum err written)
{
    store->sealed_there = false;
    if (!store->sealed_failed) {
        journal_settle(store->journal, written);
    }
    empty_table(&store->sealed, BATCH_KEEP_BYTES);
    store_batch_drop(store); // it was decided on rows that are not to be
}

void store_release(struct store *store)
{
    CHECK(store->sealed_there && !store->sealed_failed && !store->written_there);
    CHECK(table_is_empty(&store->written));
    store->sealed_there = false;
    store->written_there = true;
    journal_settle(store->journal, OK);
    struct table empty = store->written;
    store->written = store->sealed;
    store->sealed = empty;
    store->written_records = store->sealed_records;
    store->written_bytes = store->sealed_bytes;
    store->written_us = store->write_us;
}

void store_settle(struct store *store, enum err written)
{
    if (written != OK) {
        CHECK(store->sealed_there);
        drop_sealed(store, written);
        return;
    }
    if (!store->written_there) {
        store_release(store);
    }
    store->written_there = false;
    const struct store_head *head = journal_head(store->journal);
    struct store_place place = { .seq = head->seq };
    memcpy(place.chain, head->chain, STORE_CHAIN_BYTES);
    store_lock_take(store);
    store_merge(store, &store->written, &place);
    store->committed = *head;
    count_commit(store, store->written_records, store->written_bytes, store->written_us);
    store_lock_give(store);
    table_shrink(&store->written, BATCH_KEEP_BYTES);
}

enum err store_commit(struct store *store)
{
    if (!store_seal(store)) {
        return OK;
    }
    enum err err = store_write(store);
    store_settle(store, err);
    return err;
}

void store_stats(const struct store *store, struct store_stats *ret_stats)
{
    store_lock_take(store);
    *ret_stats = store->stats;
    ret_stats->journal_bytes = journal_bytes(store->journal); // in memory it grows under the lock
    store_lock_give(store);
    ret_stats->view_bytes = store->view != NULL ? store_view_bytes(store->view) : 0;
}
