#include "engine/store/journal_disk.h"

#include <lmdb.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/reader.h"
#include "engine/store/journal_log.h"
#include "engine/store/journal_pending.h"
#include "engine/store/lmdb_env.h"

// A chunk fills whole overflow pages: 16 pages less the 16 bytes of their header.
enum { CHUNK_BYTES = 16 * 4096 - 16, CHUNK_KEY_BYTES = STORE_HASH_BYTES + 4 };
// Of one transaction that moves batches: its sync must not hold up those of the log for long.
enum { KEEP_BYTES = 512 * 1024 };
#define LATE_BYTES_MAX ((size_t)1024 * 1024 * 1024)
enum { INFO_BYTES = 4 + STORE_UUID_BYTES, DBS_MAX = 3 };

struct journal_disk {
    MDB_env *env;
    MDB_dbi record_dbi, blob_dbi, info_dbi;
    struct journal_log *log; // NULL: batches go straight to the environment
    struct journal_pending pending;
};

// What moved from the pending batches to the environment after the pin is not in its snapshot: such
// bytes are copied, from wherever they are, and live until the unpin as the others do.
struct journal_disk_reader {
    struct journal_disk *disk;
    MDB_txn *txn;
    MDB_txn *late;
    struct arena copies;
    bool pinned;
};

static void put_be(uint8_t *to, uint64_t value, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++) {
        to[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
    }
}

// --- opening ---------------------------------------------------------------------------------

static enum err put_info(struct journal_disk *disk, MDB_txn *txn, const uint8_t *uuid)
{
    uint8_t bytes[INFO_BYTES] = { JOURNAL_FORMAT };
    memcpy(bytes + 4, uuid, STORE_UUID_BYTES);
    return lmdb_env_put(txn, disk->info_dbi, SLICE("journal"), slice_make(bytes, sizeof(bytes)), 0);
}

static enum err get_info(struct journal_disk *disk, MDB_txn *txn, struct journal_info *ret_info)
{
    struct slice bytes;
    enum err err = lmdb_env_get(txn, disk->info_dbi, SLICE("journal"), &bytes);
    if (err != OK) {
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    }
    struct reader reader;
    reader_init(&reader, bytes);
    ret_info->format = reader_u32(&reader);
    reader_copy(&reader, ret_info->uuid, STORE_UUID_BYTES);
    if (reader.bad) {
        return ERR_CORRUPT;
    }
    return ret_info->format == JOURNAL_FORMAT ? OK : ERR_FORMAT;
}

static enum err open_dbs(struct journal_disk *disk, MDB_txn *txn,
                         const struct journal_options *options, struct journal_info *ret_info)
{
    enum err err = lmdb_env_db(txn, "info", false, &disk->info_dbi);
    bool is_new = err == ERR_NOT_FOUND;
    if (is_new) {
        err = lmdb_env_db(txn, "info", true, &disk->info_dbi);
    }
    if (err == OK && is_new) {
        err = put_info(disk, txn, options->uuid);
    }
    if (err == OK) {
        err = get_info(disk, txn, ret_info);
    }
    if (err == OK) {
        err = lmdb_env_db(txn, "record", is_new, &disk->record_dbi);
    }
    if (err == OK) {
        err = lmdb_env_db(txn, "blob", is_new, &disk->blob_dbi);
    }
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

enum err journal_disk_open(const struct journal_options *options, struct journal_info *ret_info,
                           struct journal_disk **ret_disk)
{
    struct journal_disk *disk = mem_zalloc(sizeof(*disk));
    MDB_txn *txn = NULL;
    journal_pending_init(&disk->pending);
    enum err err = lmdb_env_open(options->folder, options->map_bytes, DBS_MAX, &disk->env);
    if (err == OK) {
        err = lmdb_env_write(disk->env, &txn);
    }
    if (err == OK) {
        err = open_dbs(disk, txn, options, ret_info);
        if (err == OK) {
            err = lmdb_env_commit(disk->env, txn);
        } else {
            mdb_txn_abort(txn);
        }
    }
    if (err == OK && options->log) {
        err = journal_log_open(options->folder, ret_info->uuid, &disk->log);
    }
    if (err != OK) {
        journal_disk_close(disk);
        return err;
    }
    *ret_disk = disk;
    return OK;
}

void journal_disk_close(struct journal_disk *disk)
{
    if (disk == NULL) {
        return;
    }
    journal_log_close(disk->log);
    journal_pending_done(&disk->pending);
    lmdb_env_close(disk->env);
    mem_free(disk);
}

uint64_t journal_disk_bytes(const struct journal_disk *disk)
{
    return lmdb_env_used_bytes(disk->env);
}

// --- writing ---------------------------------------------------------------------------------

static void chunk_key(uint8_t key[CHUNK_KEY_BYTES], const void *hash, uint32_t number)
{
    memcpy(key, hash, STORE_HASH_BYTES);
    put_be(key + STORE_HASH_BYTES, number, 4);
}

static enum err write_blob(struct journal_disk *disk, MDB_txn *txn, struct slice hash,
                           struct slice bytes)
{
    uint8_t key[CHUNK_KEY_BYTES] = { 0 };
    struct slice key_slice = slice_make(key, sizeof(key));
    struct slice present;
    chunk_key(key, hash.ptr, 0);
    enum err err = lmdb_env_get(txn, disk->blob_dbi, key_slice, &present);
    if (err != ERR_NOT_FOUND) {
        return err; // the same bytes are there, or they cannot be read
    }
    uint8_t length[8];
    for (uint32_t i = 0; i < sizeof(length); i++) {
        length[i] = (uint8_t)((uint64_t)bytes.len >> (8 * i));
    }
    err = lmdb_env_put(txn, disk->blob_dbi, key_slice, slice_make(length, sizeof(length)), 0);
    uint32_t number = 0;
    for (size_t at = 0; at < bytes.len && err == OK; at += CHUNK_BYTES) {
        chunk_key(key, hash.ptr, ++number);
        err = lmdb_env_put(txn, disk->blob_dbi, key_slice, slice_sub(bytes, at, CHUNK_BYTES), 0);
    }
    return err;
}

static enum err write_blobs(struct journal_disk *disk, MDB_txn *txn, struct slice staged)
{
    struct reader reader;
    reader_init(&reader, staged);
    enum err err = OK;
    while (reader.len > 0 && err == OK) {
        struct slice hash = reader_take(&reader, STORE_HASH_BYTES);
        uint64_t len = reader_u64(&reader);
        struct slice bytes = reader_take(&reader, (size_t)len);
        CHECK(!reader.bad);
        err = write_blob(disk, txn, hash, bytes);
    }
    return err;
}

static enum err write_records(struct journal_disk *disk, MDB_txn *txn,
                              const struct journal_stage *stage)
{
    struct reader reader;
    reader_init(&reader, stage->records);
    uint64_t seq = stage->first_seq;
    enum err err = OK;
    while (reader.len > 0 && err == OK) {
        uint32_t len = reader_u32(&reader);
        struct slice frame = reader_take(&reader, len);
        CHECK(!reader.bad);
        uint8_t key[8] = { 0 };
        put_be(key, seq++, sizeof(key));
        err = lmdb_env_put(txn, disk->record_dbi, slice_make(key, sizeof(key)), frame, MDB_APPEND);
    }
    return err;
}

static enum err begin(struct journal_disk *disk, MDB_txn **ret_txn)
{
    enum err err = lmdb_env_write(disk->env, ret_txn);
    return err == OK || err == ERR_NO_MEMORY ? err : ERR_IO;
}

static enum err write_stage(struct journal_disk *disk, MDB_txn *txn,
                            const struct journal_stage *stage)
{
    enum err err = write_blobs(disk, txn, stage->blobs);
    return err == OK ? write_records(disk, txn, stage) : err;
}

// `written` is what the puts came to.
static enum err end(struct journal_disk *disk, MDB_txn *txn, enum err written)
{
    if (written != OK) {
        mdb_txn_abort(txn);
        return written == ERR_FULL || written == ERR_NO_MEMORY ? written : ERR_IO;
    }
    return lmdb_env_commit(disk->env, txn);
}

static enum err commit(struct journal_disk *disk, const struct journal_stage *stage)
{
    MDB_txn *txn;
    enum err err = begin(disk, &txn);
    return err == OK ? end(disk, txn, write_stage(disk, txn, stage)) : err;
}

enum err journal_disk_commit(struct journal_disk *disk, const struct journal_stage *stage)
{
    return disk->log != NULL ? journal_log_write(disk->log, stage) : commit(disk, stage);
}

void journal_disk_settle(struct journal_disk *disk, const struct journal_stage *stage)
{
    if (disk->log != NULL) {
        journal_pending_add(&disk->pending, stage);
    }
}

// One transaction. OK: `ret_count` batches were moved.
static enum err keep_some(struct journal_disk *disk, uint64_t seq, uint32_t *ret_count)
{
    struct journal_stage stage;
    *ret_count = 0;
    if (!journal_pending_batch(&disk->pending, 0, seq, &stage)) {
        return OK;
    }
    MDB_txn *txn;
    enum err err = begin(disk, &txn);
    if (err != OK) {
        return err;
    }
    size_t bytes = 0;
    uint32_t count = 0;
    while (err == OK && bytes < KEEP_BYTES &&
           journal_pending_batch(&disk->pending, count, seq, &stage)) {
        err = write_stage(disk, txn, &stage);
        bytes += stage.records.len + stage.blobs.len;
        count++;
    }
    err = end(disk, txn, err);
    *ret_count = err == OK ? count : 0;
    return err;
}

enum err journal_disk_keep(struct journal_disk *disk, uint64_t seq)
{
    enum err err = OK;
    uint32_t count = disk->log != NULL ? 1 : 0;
    while (err == OK && count > 0) {
        err = keep_some(disk, seq, &count);
        journal_pending_drop(&disk->pending, count);
    }
    if (err == OK && disk->log != NULL) {
        journal_log_kept(disk->log, seq);
        journal_log_extend(disk->log);
    }
    return err;
}

struct recovering {
    struct journal_disk *disk;
    MDB_txn *txn;
};

static enum err keep_recovered(void *context, const struct journal_stage *stage)
{
    struct recovering *recovering = context;
    enum err err = recovering->txn == NULL ? begin(recovering->disk, &recovering->txn) : OK;
    return err == OK ? write_stage(recovering->disk, recovering->txn, stage) : err;
}

enum err journal_disk_recover(struct journal_disk *disk, const struct store_head *last)
{
    if (disk->log == NULL) {
        return OK;
    }
    struct recovering recovering = { .disk = disk };
    enum err err = journal_log_recover(disk->log, last, keep_recovered, &recovering);
    if (recovering.txn == NULL) {
        return err;
    }
    enum err ended = end(disk, recovering.txn, err);
    return err == ERR_CORRUPT ? err : ended;
}

uint64_t journal_disk_pending_bytes(struct journal_disk *disk)
{
    return journal_pending_bytes(&disk->pending);
}

// --- reading ---------------------------------------------------------------------------------

enum err journal_disk_reader_open(struct journal_disk *disk,
                                  struct journal_disk_reader **ret_reader)
{
    struct journal_disk_reader *reader = mem_zalloc(sizeof(*reader));
    reader->disk = disk;
    enum err err = lmdb_env_read(disk->env, &reader->txn);
    if (err != OK) {
        mem_free(reader);
        return err;
    }
    mdb_txn_reset(reader->txn);
    arena_init(&reader->copies, LATE_BYTES_MAX);
    *ret_reader = reader;
    return OK;
}

void journal_disk_reader_close(struct journal_disk_reader *reader)
{
    mdb_txn_abort(reader->txn);
    if (reader->late != NULL) {
        mdb_txn_abort(reader->late);
    }
    arena_done(&reader->copies);
    mem_free(reader);
}

enum err journal_disk_pin(struct journal_disk_reader *reader)
{
    CHECK(!reader->pinned);
    enum err err = mdb_txn_renew(reader->txn) == 0 ? OK : ERR_IO;
    reader->pinned = err == OK;
    return err;
}

void journal_disk_unpin(struct journal_disk_reader *reader)
{
    CHECK(reader->pinned);
    mdb_txn_reset(reader->txn);
    arena_reset(&reader->copies);
    reader->pinned = false;
}

// A snapshot of now, beside the pinned one, until let_late_go.
static enum err take_late(struct journal_disk_reader *reader)
{
    if (reader->late == NULL) {
        return lmdb_env_read(reader->disk->env, &reader->late);
    }
    return mdb_txn_renew(reader->late) == 0 ? OK : ERR_IO;
}

static void let_late_go(struct journal_disk_reader *reader) { mdb_txn_reset(reader->late); }

// From the pinned snapshot, else from one of now.
static enum err get(struct journal_disk_reader *reader, MDB_dbi dbi, struct slice key,
                    struct slice *ret_bytes)
{
    enum err err = lmdb_env_get(reader->txn, dbi, key, ret_bytes);
    if (err != ERR_NOT_FOUND || reader->disk->log == NULL) {
        return err;
    }
    err = take_late(reader);
    if (err != OK) {
        return err;
    }
    err = lmdb_env_get(reader->late, dbi, key, ret_bytes);
    if (err == OK) {
        *ret_bytes = arena_copy(&reader->copies, *ret_bytes);
    }
    let_late_go(reader);
    return err;
}

enum err journal_disk_frame(struct journal_disk_reader *reader, uint64_t seq,
                            struct slice *ret_frame)
{
    CHECK(reader->pinned);
    struct journal_disk *disk = reader->disk;
    if (disk->log != NULL &&
        journal_pending_frame(&disk->pending, seq, &reader->copies, ret_frame)) {
        return OK;
    }
    uint8_t key[8] = { 0 };
    put_be(key, seq, sizeof(key));
    return get(reader, disk->record_dbi, slice_make(key, sizeof(key)), ret_frame);
}

enum err journal_disk_last(struct journal_disk_reader *reader, uint64_t *ret_seq)
{
    CHECK(reader->pinned);
    MDB_cursor *cursor;
    if (mdb_cursor_open(reader->txn, reader->disk->record_dbi, &cursor) != 0) {
        return ERR_IO;
    }
    MDB_val key, value;
    int rc = mdb_cursor_get(cursor, &key, &value, MDB_LAST);
    enum err err = rc == 0 || rc == MDB_NOTFOUND ? OK : ERR_IO;
    *ret_seq = 0;
    if (rc == 0) {
        struct reader bytes;
        reader_init(&bytes, slice_make(key.mv_data, key.mv_size));
        *ret_seq = reader_u64_be(&bytes);
        err = bytes.bad || bytes.len > 0 || *ret_seq == 0 ? ERR_CORRUPT : OK;
    }
    mdb_cursor_close(cursor);
    return err;
}

enum err journal_disk_chunk(struct journal_disk_reader *reader, const uint8_t *hash,
                            uint32_t number, struct slice *ret_bytes)
{
    CHECK(reader->pinned);
    uint8_t key[CHUNK_KEY_BYTES] = { 0 };
    chunk_key(key, hash, number);
    return get(reader, reader->disk->blob_dbi, slice_make(key, sizeof(key)), ret_bytes);
}

bool journal_disk_pending_blob(struct journal_disk_reader *reader, const uint8_t *hash,
                               struct arena *arena, struct slice *ret_bytes)
{
    return reader->disk->log != NULL &&
           journal_pending_blob(&reader->disk->pending, hash, arena, ret_bytes);
}

static enum err next_in(MDB_txn *txn, MDB_dbi dbi, const uint8_t *after,
                        uint8_t ret_hash[STORE_HASH_BYTES])
{
    MDB_cursor *cursor;
    if (mdb_cursor_open(txn, dbi, &cursor) != 0) {
        return ERR_IO;
    }
    uint8_t bytes[CHUNK_KEY_BYTES] = { 0 };
    MDB_val key = { sizeof(bytes), bytes };
    MDB_val value;
    if (after != NULL) {
        chunk_key(bytes, after, UINT32_MAX); // behind its last chunk
    }
    int rc = mdb_cursor_get(cursor, &key, &value, after != NULL ? MDB_SET_RANGE : MDB_FIRST);
    enum err err = rc == 0 ? OK : rc == MDB_NOTFOUND ? ERR_NOT_FOUND : ERR_IO;
    if (err == OK) {
        if (key.mv_size == CHUNK_KEY_BYTES) {
            memcpy(ret_hash, key.mv_data, STORE_HASH_BYTES);
        } else {
            err = ERR_CORRUPT;
        }
    }
    mdb_cursor_close(cursor);
    return err;
}

// Pending first, the environment as it is after that: a blob that moves meanwhile is in one of
// both.
enum err journal_disk_next_blob(struct journal_disk_reader *reader, const uint8_t *after,
                                uint8_t ret_hash[STORE_HASH_BYTES])
{
    CHECK(reader->pinned);
    struct journal_disk *disk = reader->disk;
    uint8_t pending[STORE_HASH_BYTES];
    bool there = disk->log != NULL &&
                 journal_pending_next_blob(&disk->pending, after, pending);
    enum err err = take_late(reader);
    if (err != OK) {
        return err;
    }
    err = next_in(reader->late, disk->blob_dbi, after, ret_hash);
    let_late_go(reader);
    if (there && (err == ERR_NOT_FOUND ||
                  (err == OK && memcmp(pending, ret_hash, STORE_HASH_BYTES) < 0))) {
        memcpy(ret_hash, pending, STORE_HASH_BYTES);
        err = OK;
    }
    return err;
}
