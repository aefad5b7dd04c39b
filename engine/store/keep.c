#include "engine/store/keep.h"

#include <lmdb.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/reader.h"
#include "base/table.h"
#include "engine/store/lmdb_env.h"

enum { INFO_BYTES = 4 + STORE_UUID_BYTES, DBS_MAX = 2, MAP_BYTES = 1024 * 1024 * 1024 };

struct keep {
    MDB_env *env; // NULL: in memory
    MDB_dbi dbi, info_dbi;
    struct table rows; // in memory; names end in a zero byte there
    struct store_lock lock;
};

static void take(const struct keep *keep)
{
    if (keep->lock.lock != NULL) {
        keep->lock.lock(keep->lock.context);
    }
}

static void give(const struct keep *keep)
{
    if (keep->lock.unlock != NULL) {
        keep->lock.unlock(keep->lock.context);
    }
}

// --- opening ---------------------------------------------------------------------------------

static enum err check_info(struct keep *keep, MDB_txn *txn, const uint8_t *uuid)
{
    struct slice bytes;
    enum err err = lmdb_env_get(txn, keep->info_dbi, SLICE("keep"), &bytes);
    if (err != OK) {
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    }
    struct reader reader;
    reader_init(&reader, bytes);
    uint32_t format = reader_u32(&reader);
    struct slice found = reader_take(&reader, STORE_UUID_BYTES);
    if (reader.bad) {
        return ERR_CORRUPT;
    }
    if (format != KEEP_FORMAT) {
        return ERR_FORMAT;
    }
    return memcmp(found.ptr, uuid, STORE_UUID_BYTES) == 0 ? OK : ERR_MISMATCH;
}

static enum err open_dbs(struct keep *keep, MDB_txn *txn, const uint8_t *uuid)
{
    enum err err = lmdb_env_db(txn, "info", false, &keep->info_dbi);
    bool is_new = err == ERR_NOT_FOUND;
    if (is_new) {
        uint8_t bytes[INFO_BYTES] = { KEEP_FORMAT };
        memcpy(bytes + 4, uuid, STORE_UUID_BYTES);
        err = lmdb_env_db(txn, "info", true, &keep->info_dbi);
        if (err == OK) {
            err = lmdb_env_put(txn, keep->info_dbi, SLICE("keep"), slice_make(bytes, sizeof(bytes)),
                               0);
        }
    }
    if (err == OK) {
        err = lmdb_env_db(txn, "keep", is_new, &keep->dbi);
    }
    return err == OK ? check_info(keep, txn, uuid) : err;
}

enum err keep_open(const char *folder, const uint8_t uuid[STORE_UUID_BYTES],
                   const struct store_lock *lock, struct keep **ret_keep)
{
    struct keep *keep = mem_zalloc(sizeof(*keep));
    table_init(&keep->rows);
    if (folder == NULL) {
        keep->lock = *lock;
        *ret_keep = keep;
        return OK;
    }
    MDB_txn *txn = NULL;
    enum err err = lmdb_env_open(folder, MAP_BYTES, DBS_MAX, &keep->env);
    if (err == OK) {
        err = lmdb_env_write(keep->env, &txn);
    }
    if (err == OK) {
        err = open_dbs(keep, txn, uuid);
        if (err == OK) {
            err = lmdb_env_commit(keep->env, txn);
        } else {
            mdb_txn_abort(txn);
        }
    }
    if (err != OK) {
        keep_close(keep);
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    }
    *ret_keep = keep;
    return OK;
}

void keep_close(struct keep *keep)
{
    if (keep == NULL) {
        return;
    }
    table_done(&keep->rows);
    lmdb_env_close(keep->env);
    mem_free(keep);
}

// --- names -----------------------------------------------------------------------------------

struct name {
    char bytes[KEEP_NAME_BYTES_MAX + 1];
    struct slice slice;
};

// With a zero byte at the end, so that no name is the beginning of another one.
static bool read_name(struct slice name, struct name *ret_name)
{
    if (name.len == 0 || name.len > KEEP_NAME_BYTES_MAX || memchr(name.ptr, 0, name.len) != NULL) {
        return false;
    }
    memcpy(ret_name->bytes, name.ptr, name.len);
    ret_name->bytes[name.len] = '\0';
    ret_name->slice = slice_make(ret_name->bytes, name.len + 1);
    return true;
}

// --- rows ------------------------------------------------------------------------------------

enum err keep_get(struct keep *keep, struct slice name, struct arena *arena,
                  struct slice *ret_value)
{
    struct name key;
    if (!read_name(name, &key)) {
        return ERR_BAD_INPUT;
    }
    struct slice value = SLICE_EMPTY;
    enum err err;
    if (keep->env == NULL) {
        take(keep);
        err = table_get(&keep->rows, key.slice, &value) == TABLE_PRESENT ? OK : ERR_NOT_FOUND;
        *ret_value = arena_copy(arena, value);
        give(keep);
        return err;
    }
    MDB_txn *txn;
    err = lmdb_env_read(keep->env, &txn);
    if (err != OK) {
        return err;
    }
    err = lmdb_env_get(txn, keep->dbi, key.slice, &value);
    *ret_value = arena_copy(arena, value);
    mdb_txn_abort(txn);
    return err;
}

enum err keep_put(struct keep *keep, struct slice name, struct slice value)
{
    struct name key;
    if (!read_name(name, &key)) {
        return ERR_BAD_INPUT;
    }
    if (value.len > KEEP_VALUE_BYTES_MAX) {
        return ERR_TOO_BIG;
    }
    if (keep->env == NULL) {
        take(keep);
        table_put(&keep->rows, key.slice, value);
        give(keep);
        return OK;
    }
    MDB_txn *txn;
    enum err err = lmdb_env_write(keep->env, &txn);
    if (err != OK) {
        return err;
    }
    err = lmdb_env_put(txn, keep->dbi, key.slice, value, 0);
    if (err != OK) {
        mdb_txn_abort(txn);
        return err;
    }
    return lmdb_env_commit(keep->env, txn);
}

static enum err delete_memory(struct keep *keep, struct slice key)
{
    struct slice value;
    take(keep);
    bool there = table_get(&keep->rows, key, &value) == TABLE_PRESENT;
    if (there) {
        table_kill(&keep->rows, key);
    }
    give(keep);
    return there ? OK : ERR_NOT_FOUND;
}

enum err keep_delete(struct keep *keep, struct slice name)
{
    struct name key;
    if (!read_name(name, &key)) {
        return ERR_BAD_INPUT;
    }
    if (keep->env == NULL) {
        return delete_memory(keep, key.slice);
    }
    MDB_txn *txn;
    enum err err = lmdb_env_write(keep->env, &txn);
    if (err != OK) {
        return err;
    }
    MDB_val k = { key.slice.len, key.bytes };
    err = lmdb_env_err(mdb_del(txn, keep->dbi, &k, NULL));
    if (err != OK) {
        mdb_txn_abort(txn);
        return err;
    }
    return lmdb_env_commit(keep->env, txn);
}

// The stored name without its zero byte; the bytes may come from a damaged disk.
static enum err give_row(struct slice key, struct slice value, struct arena *arena,
                         struct slice *ret_name, struct slice *ret_value)
{
    if (key.len < 2 || key.ptr[key.len - 1] != '\0') {
        return ERR_CORRUPT;
    }
    *ret_name = arena_copy(arena, slice_sub(key, 0, key.len - 1));
    *ret_value = arena_copy(arena, value);
    return OK;
}

// Names behind `after`: its zero byte replaced by the smallest byte that may stand there instead.
static bool seek_key(struct slice after, struct name *ret_key)
{
    if (after.len == 0) {
        ret_key->slice = SLICE_EMPTY;
        return true;
    }
    if (!read_name(after, ret_key)) {
        return false;
    }
    ret_key->bytes[after.len] = 1;
    return true;
}

static enum err next_memory(struct keep *keep, struct slice from, struct arena *arena,
                            struct slice *ret_name, struct slice *ret_value)
{
    struct table_cursor row;
    take(keep);
    bool there = table_seek(&keep->rows, from, &row);
    while (there && row.dead) {
        there = table_next(&row);
    }
    enum err err = there ? give_row(row.key, row.value, arena, ret_name, ret_value) : ERR_NOT_FOUND;
    give(keep);
    return err;
}

enum err keep_next(struct keep *keep, struct slice after, struct arena *arena,
                   struct slice *ret_name, struct slice *ret_value)
{
    struct name from;
    if (!seek_key(after, &from)) {
        return ERR_BAD_INPUT;
    }
    if (keep->env == NULL) {
        return next_memory(keep, from.slice, arena, ret_name, ret_value);
    }
    MDB_txn *txn;
    enum err err = lmdb_env_read(keep->env, &txn);
    if (err != OK) {
        return err;
    }
    MDB_cursor *cursor;
    int rc = mdb_cursor_open(txn, keep->dbi, &cursor);
    if (rc == 0) {
        MDB_val k = { from.slice.len, from.bytes };
        MDB_val v;
        rc = mdb_cursor_get(cursor, &k, &v, from.slice.len > 0 ? MDB_SET_RANGE : MDB_FIRST);
        if (rc == 0) {
            err = give_row(slice_make(k.mv_data, k.mv_size), slice_make(v.mv_data, v.mv_size),
                           arena, ret_name, ret_value);
        }
        mdb_cursor_close(cursor);
    }
    mdb_txn_abort(txn);
    return rc == 0 ? err : lmdb_env_err(rc);
}

static enum err copy_rows(MDB_cursor *cursor, MDB_txn *txn, MDB_dbi dbi)
{
    MDB_val k, v;
    int rc = mdb_drop(txn, dbi, 0);
    if (rc == 0) {
        rc = mdb_cursor_get(cursor, &k, &v, MDB_FIRST);
        while (rc == 0) {
            rc = mdb_put(txn, dbi, &k, &v, MDB_APPEND);
            if (rc == 0) {
                rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT);
            }
        }
    }
    return rc == MDB_NOTFOUND ? OK : lmdb_env_err(rc);
}

enum err keep_copy(struct keep *from, struct keep *to)
{
    CHECK(from->env != NULL && to->env != NULL && from != to);
    MDB_txn *read_txn;
    MDB_txn *txn;
    enum err err = lmdb_env_read(from->env, &read_txn);
    if (err != OK) {
        return err;
    }
    MDB_cursor *cursor;
    err = lmdb_env_err(mdb_cursor_open(read_txn, from->dbi, &cursor));
    if (err == OK) {
        err = lmdb_env_write(to->env, &txn);
        if (err == OK) {
            err = copy_rows(cursor, txn, to->dbi);
            if (err == OK) {
                err = lmdb_env_commit(to->env, txn);
            } else {
                mdb_txn_abort(txn);
            }
        }
        mdb_cursor_close(cursor);
    }
    mdb_txn_abort(read_txn);
    return err;
}
