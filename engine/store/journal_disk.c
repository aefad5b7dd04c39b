#include "engine/store/journal_disk.h"

#include <lmdb.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/reader.h"
#include "engine/store/journal_ahead.h"
#include "engine/store/lmdb_env.h"

// A chunk fills whole overflow pages: 16 pages less the 16 bytes of their header.
enum { CHUNK_BYTES = 16 * 4096 - 16, CHUNK_KEY_BYTES = STORE_HASH_BYTES + 4 };
enum { GROWTH_BLOB_BYTES = 8 * 4096, GROWTH_SLACK_BYTES = 256 * 1024 };
enum { INFO_BYTES = 4 + STORE_UUID_BYTES, DBS_MAX = 3 };

struct journal_disk {
    MDB_env *env;
    MDB_dbi record_dbi, blob_dbi, info_dbi;
    bool ahead_on;
    struct journal_ahead ahead;
};

struct journal_disk_reader {
    struct journal_disk *disk;
    MDB_txn *txn;
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
    if (err == OK && options->ahead) {
        mdb_filehandle_t fd;
        CHECK(mdb_env_get_fd(disk->env, &fd) == 0);
        err = journal_ahead_init(&disk->ahead, fd, lmdb_env_used_bytes(disk->env));
        disk->ahead_on = err == OK;
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

static enum err commit(struct journal_disk *disk, const struct journal_stage *stage)
{
    MDB_txn *txn;
    enum err err = lmdb_env_write(disk->env, &txn);
    if (err != OK) {
        return err == ERR_NO_MEMORY ? err : ERR_IO;
    }
    err = write_blobs(disk, txn, stage->blobs);
    if (err == OK) {
        err = write_records(disk, txn, stage);
    }
    if (err != OK) {
        mdb_txn_abort(txn);
        return err == ERR_FULL || err == ERR_NO_MEMORY ? err : ERR_IO;
    }
    return lmdb_env_commit(disk->env, txn);
}

// No more than this is added to the file. Appended leaf pages are at least half full, a larger
// value has pages of its own, also at least half full, and a row that points there; each key of a
// blob is random and may copy a path of its tree. How many blobs there are is not known here: at
// most one per hash.
static uint64_t bound_growth(const struct journal_stage *stage)
{
    uint64_t chunks = stage->blobs.len / CHUNK_BYTES + stage->blobs.len / STORE_HASH_BYTES + 1;
    chunks = stage->blobs.len == 0 ? 0 : chunks;
    return 3 * ((uint64_t)stage->records.len + stage->blobs.len) + chunks * GROWTH_BLOB_BYTES +
           GROWTH_SLACK_BYTES;
}

enum err journal_disk_commit(struct journal_disk *disk, const struct journal_stage *stage)
{
    if (!disk->ahead_on) {
        return commit(disk, stage);
    }
    journal_ahead_begin(&disk->ahead, bound_growth(stage));
    enum err err = commit(disk, stage);
    journal_ahead_end(&disk->ahead, lmdb_env_used_bytes(disk->env));
    return err;
}

void journal_disk_extend(struct journal_disk *disk)
{
    if (disk->ahead_on) {
        journal_ahead_extend(&disk->ahead);
    }
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
    *ret_reader = reader;
    return OK;
}

void journal_disk_reader_close(struct journal_disk_reader *reader)
{
    mdb_txn_abort(reader->txn);
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
    reader->pinned = false;
}

enum err journal_disk_frame(struct journal_disk_reader *reader, uint64_t seq,
                            struct slice *ret_frame)
{
    CHECK(reader->pinned);
    uint8_t key[8] = { 0 };
    put_be(key, seq, sizeof(key));
    return lmdb_env_get(reader->txn, reader->disk->record_dbi, slice_make(key, sizeof(key)),
                        ret_frame);
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
    return lmdb_env_get(reader->txn, reader->disk->blob_dbi, slice_make(key, sizeof(key)),
                        ret_bytes);
}

enum err journal_disk_next_blob(struct journal_disk_reader *reader, const uint8_t *after,
                                uint8_t ret_hash[STORE_HASH_BYTES])
{
    CHECK(reader->pinned);
    MDB_cursor *cursor;
    if (mdb_cursor_open(reader->txn, reader->disk->blob_dbi, &cursor) != 0) {
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
