#include "engine/store/store_view.h"

#include <stdio.h>

#include <lmdb.h>
#include <sodium.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/reader.h"
#include "engine/store/files.h"
#include "engine/store/lmdb_env.h"

enum {
    META_BODY_BYTES = 72,
    META_CHECK_BYTES = 16,
    META_BYTES = META_BODY_BYTES + META_CHECK_BYTES
};
enum { META_MAGIC = 0x57564e52 }; // "RNVW"
enum { DB_NAME_BYTES = 24 };

struct store_view {
    MDB_env *env;
    MDB_dbi meta_dbi;
    MDB_dbi dbis[DB_COUNT];
    struct store_view_meta meta;
};

struct store_snapshot {
    struct store_view *view;
    MDB_txn *txn;
    bool released;
    uint64_t numbers;              // positions handed out so far
    MDB_cursor *cursors[DB_COUNT]; // opened at first use
    bool stale[DB_COUNT];          // the cursor belongs to an earlier snapshot
    uint64_t stands_at[DB_COUNT];  // number of the position that moved the cursor last
};

// --- the meta row ----------------------------------------------------------------------------

static void put_le(uint8_t *to, uint64_t value, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++) {
        to[i] = (uint8_t)(value >> (8 * i));
    }
}

static void encode_meta(const struct store_view_meta *meta, uint8_t to[META_BYTES])
{
    put_le(to, META_MAGIC, 4);
    put_le(to + 4, meta->format, 4);
    memcpy(to + 8, meta->uuid, STORE_UUID_BYTES);
    put_le(to + 24, meta->fingerprint, 8);
    put_le(to + 32, meta->seq, 8);
    memcpy(to + 40, meta->chain, STORE_CHAIN_BYTES);
    (void)crypto_generichash(to + META_BODY_BYTES, META_CHECK_BYTES, to, META_BODY_BYTES, NULL, 0);
}

static enum err decode_meta(struct slice bytes, struct store_view_meta *ret_meta)
{
    uint8_t check[META_CHECK_BYTES];
    if (bytes.len != META_BYTES) {
        return ERR_CORRUPT;
    }
    (void)crypto_generichash(check, sizeof(check), (const uint8_t *)bytes.ptr, META_BODY_BYTES,
                             NULL, 0);
    if (memcmp(check, bytes.ptr + META_BODY_BYTES, META_CHECK_BYTES) != 0) {
        return ERR_CORRUPT;
    }
    struct reader reader;
    reader_init(&reader, bytes);
    bool magic = reader_u32(&reader) == META_MAGIC;
    ret_meta->format = reader_u32(&reader);
    reader_copy(&reader, ret_meta->uuid, STORE_UUID_BYTES);
    ret_meta->fingerprint = reader_u64(&reader);
    ret_meta->seq = reader_u64(&reader);
    reader_copy(&reader, ret_meta->chain, STORE_CHAIN_BYTES);
    return magic && !reader.bad ? OK : ERR_CORRUPT;
}

static enum err put_meta(struct store_view *view, MDB_txn *txn, const struct store_view_meta *meta)
{
    uint8_t bytes[META_BYTES];
    encode_meta(meta, bytes);
    return lmdb_env_put(txn, view->meta_dbi, SLICE("view"), slice_make(bytes, sizeof(bytes)), 0);
}

// --- opening ---------------------------------------------------------------------------------

// Opens or makes the databases; a meta database without its row is not a view we wrote.
static enum err open_dbs(struct store_view *view, MDB_txn *txn, const struct store_view_meta *fresh)
{
    enum err err = lmdb_env_db(txn, "view_meta", false, &view->meta_dbi);
    bool is_new = err == ERR_NOT_FOUND;
    if (is_new) {
        err = lmdb_env_db(txn, "view_meta", true, &view->meta_dbi);
    }
    for (uint32_t db = 1; db < DB_COUNT && err == OK; db++) {
        err = lmdb_env_db(txn, store_db_name((enum store_db)db), true, &view->dbis[db]);
    }
    if (err == OK && is_new) {
        err = put_meta(view, txn, fresh);
    }
    if (err != OK) {
        return err;
    }
    struct slice row;
    err = lmdb_env_get(txn, view->meta_dbi, SLICE("view"), &row);
    return err == OK ? decode_meta(row, &view->meta) : ERR_CORRUPT;
}

enum err store_view_open(const char *folder, uint64_t map_bytes,
                         const struct store_view_meta *fresh, struct store_view **ret_view)
{
    struct store_view *view = mem_zalloc(sizeof(*view));
    enum err err = lmdb_env_open(folder, map_bytes, DB_COUNT + 1, &view->env);
    MDB_txn *txn = NULL;
    if (err == OK) {
        err = lmdb_env_write(view->env, &txn);
    }
    if (err == OK) {
        err = open_dbs(view, txn, fresh);
        if (err == OK) {
            err = lmdb_env_commit(view->env, txn);
        } else {
            mdb_txn_abort(txn);
        }
    }
    if (err != OK) {
        store_view_close(view);
        return err;
    }
    *ret_view = view;
    return OK;
}

void store_view_close(struct store_view *view)
{
    if (view == NULL) {
        return;
    }
    lmdb_env_close(view->env);
    mem_free(view);
}

const struct store_view_meta *store_view_meta(const struct store_view *view) { return &view->meta; }

int store_view_file(const struct store_view *view)
{
    mdb_filehandle_t fd;
    CHECK(mdb_env_get_fd(view->env, &fd) == 0);
    return fd;
}

uint64_t store_view_bytes(const struct store_view *view) { return lmdb_env_used_bytes(view->env); }

// --- writing ---------------------------------------------------------------------------------

static enum err write_row(struct store_view *view, MDB_txn *txn, const struct table_cursor *row)
{
    uint8_t db = (uint8_t)row->key.ptr[0];
    CHECK(db > 0 && db < DB_COUNT);
    struct slice key = slice_make(row->key.ptr + 1, row->key.len - 1);
    if (!row->dead) {
        return lmdb_env_put(txn, view->dbis[db], key, row->value, 0);
    }
    MDB_val k = { key.len, NULL };
    char bytes[TABLE_KEY_BYTES_MAX];
    memcpy(bytes, key.ptr, key.len);
    k.mv_data = bytes;
    int rc = mdb_del(txn, view->dbis[db], &k, NULL);
    return rc == MDB_NOTFOUND ? OK : lmdb_env_err(rc);
}

enum err store_view_write(struct store_view *view, const struct table *table,
                          const struct store_view_meta *meta)
{
    MDB_txn *txn;
    enum err err = lmdb_env_write(view->env, &txn);
    if (err != OK) {
        return err == ERR_NO_MEMORY ? err : ERR_IO;
    }
    struct table_cursor row;
    bool more = table_seek(table, SLICE_EMPTY, &row);
    while (more && err == OK) {
        err = write_row(view, txn, &row);
        more = table_next(&row);
    }
    if (err == OK) {
        err = put_meta(view, txn, meta);
    }
    if (err != OK) {
        mdb_txn_abort(txn);
        return err == ERR_FULL || err == ERR_NO_MEMORY ? err : ERR_IO;
    }
    return lmdb_env_commit(view->env, txn);
}

enum err store_view_copy(struct store_view *view, const char *to)
{
    enum err err = lmdb_env_err(mdb_env_copy2(view->env, to, MDB_CP_COMPACT));
    struct files_path file;
    if (err == OK) {
        err = files_join(&file, to, "data.mdb");
    }
    if (err == OK) {
        err = files_sync(file.text); // LMDB leaves the copy in the page cache
    }
    return err == OK ? files_sync_folder(to) : err;
}

// --- snapshots -------------------------------------------------------------------------------

enum err store_snapshot_open(struct store_view *view, struct store_snapshot **ret_snapshot)
{
    struct store_snapshot *snapshot = mem_zalloc(sizeof(*snapshot));
    snapshot->view = view;
    enum err err = lmdb_env_read(view->env, &snapshot->txn);
    if (err != OK) {
        mem_free(snapshot);
        return err;
    }
    *ret_snapshot = snapshot;
    return OK;
}

void store_snapshot_close(struct store_snapshot *snapshot)
{
    if (snapshot == NULL) {
        return;
    }
    for (uint32_t db = 0; db < DB_COUNT; db++) {
        if (snapshot->cursors[db] != NULL) {
            mdb_cursor_close(snapshot->cursors[db]);
        }
    }
    mdb_txn_abort(snapshot->txn);
    mem_free(snapshot);
}

void store_snapshot_release(struct store_snapshot *snapshot)
{
    if (!snapshot->released) {
        mdb_txn_reset(snapshot->txn);
        snapshot->released = true;
    }
}

enum err store_snapshot_renew(struct store_snapshot *snapshot)
{
    store_snapshot_release(snapshot);
    int rc = mdb_txn_renew(snapshot->txn);
    if (rc != 0) {
        return ERR_IO;
    }
    snapshot->released = false;
    for (uint32_t db = 0; db < DB_COUNT; db++) {
        snapshot->stale[db] = true;
        snapshot->stands_at[db] = 0;
    }
    return OK;
}

enum err store_snapshot_seq(struct store_snapshot *snapshot, uint64_t *ret_seq)
{
    CHECK(!snapshot->released);
    struct slice row;
    struct store_view_meta meta;
    enum err err = lmdb_env_get(snapshot->txn, snapshot->view->meta_dbi, SLICE("view"), &row);
    if (err == OK) {
        err = decode_meta(row, &meta);
    }
    if (err == OK) {
        *ret_seq = meta.seq;
    }
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

enum err store_snapshot_get(struct store_snapshot *snapshot, enum store_db db, struct slice key,
                            struct slice *ret_value)
{
    CHECK(!snapshot->released);
    return lmdb_env_get(snapshot->txn, snapshot->view->dbis[db], key, ret_value);
}

static enum err ready_cursor(struct store_snapshot *snapshot, enum store_db db)
{
    int rc = 0;
    if (snapshot->cursors[db] == NULL) {
        rc = mdb_cursor_open(snapshot->txn, snapshot->view->dbis[db], &snapshot->cursors[db]);
    } else if (snapshot->stale[db]) {
        rc = mdb_cursor_renew(snapshot->txn, snapshot->cursors[db]);
    }
    snapshot->stale[db] = false;
    return rc == 0 ? OK : ERR_IO;
}

static enum err move_cursor(struct store_position *position, struct slice from, MDB_cursor_op op)
{
    struct store_snapshot *snapshot = position->snapshot;
    char bytes[TABLE_KEY_BYTES_MAX];
    CHECK(from.len <= sizeof(bytes));
    if (from.len > 0) {
        memcpy(bytes, from.ptr, from.len);
    }
    MDB_val k = { from.len, bytes };
    MDB_val v = { 0, NULL };
    int rc = mdb_cursor_get(snapshot->cursors[position->db], &k, &v, op);
    if (rc != 0) {
        snapshot->stands_at[position->db] = 0;
        return rc == MDB_NOTFOUND ? ERR_NOT_FOUND : ERR_IO;
    }
    snapshot->stands_at[position->db] = position->number;
    position->key = slice_make(k.mv_data, k.mv_size);
    position->value = slice_make(v.mv_data, v.mv_size);
    return OK;
}

enum err store_position_seek(struct store_snapshot *snapshot, enum store_db db, struct slice from,
                             struct store_position *ret_position)
{
    CHECK(!snapshot->released);
    *ret_position =
        (struct store_position){ .snapshot = snapshot, .db = db, .number = ++snapshot->numbers };
    enum err err = ready_cursor(snapshot, db);
    if (err != OK) {
        return err;
    }
    return move_cursor(ret_position, from, from.len == 0 ? MDB_FIRST : MDB_SET_RANGE);
}

enum err store_position_next(struct store_position *position)
{
    struct store_snapshot *snapshot = position->snapshot;
    CHECK(!snapshot->released && position->number > 0);
    if (snapshot->stands_at[position->db] != position->number) {
        enum err err = ready_cursor(snapshot, position->db);
        if (err == OK) {
            err = move_cursor(position, position->key, MDB_SET_RANGE);
        }
        if (err != OK) {
            return err;
        }
    }
    return move_cursor(position, SLICE_EMPTY, MDB_NEXT);
}
