#include "engine/store/lmdb_env.h"

#include <errno.h>
#include <sys/stat.h>

#include <lmdb.h>

#include "base/check.h"

enum { FILE_MODE = 0600 };

enum err lmdb_env_err(int rc)
{
    switch (rc) {
    case MDB_SUCCESS: return OK;
    case MDB_NOTFOUND: return ERR_NOT_FOUND;
    case MDB_MAP_FULL:
    case MDB_TXN_FULL:
    case MDB_BAD_TXN:
    case ENOSPC:
    case EDQUOT: return ERR_FULL;
    case ENOMEM: return ERR_NO_MEMORY;
    case MDB_READERS_FULL: return ERR_BUSY;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_INCOMPATIBLE: return ERR_CORRUPT;
    default: // open: any errno, and what later versions of LMDB may add
        return ERR_IO;
    }
}

uint64_t lmdb_env_used_bytes(MDB_env *env)
{
    MDB_envinfo info;
    MDB_stat stat;
    CHECK(mdb_env_info(env, &info) == 0);
    CHECK(mdb_env_stat(env, &stat) == 0);
    return ((uint64_t)info.me_last_pgno + 1) * stat.ms_psize;
}

// LMDB maps the file and trusts its length: a file cut short would end the process by SIGBUS.
static enum err check_length(MDB_env *env)
{
    mdb_filehandle_t fd;
    struct stat status;
    if (mdb_env_get_fd(env, &fd) != 0 || fstat(fd, &status) != 0) {
        return ERR_IO;
    }
    return (uint64_t)status.st_size < lmdb_env_used_bytes(env) ? ERR_CORRUPT : OK;
}

enum err lmdb_env_open(const char *folder, uint64_t map_bytes, uint32_t dbs_max, MDB_env **ret_env)
{
    CHECK(map_bytes > 0 && dbs_max > 0);
    MDB_env *env;
    int rc = mdb_env_create(&env);
    if (rc != 0) {
        return lmdb_env_err(rc);
    }
    rc = mdb_env_set_mapsize(env, map_bytes);
    if (rc == 0) {
        rc = mdb_env_set_maxdbs(env, dbs_max);
    }
    if (rc == 0) {
        rc = mdb_env_open(env, folder, MDB_NORDAHEAD | MDB_NOTLS, FILE_MODE);
    }
    if (rc == 0) {
        int dead;
        rc = mdb_reader_check(env, &dead);
    }
    enum err err = lmdb_env_err(rc);
    if (err == OK) {
        err = check_length(env);
    }
    if (err != OK) {
        mdb_env_close(env);
        return err == ERR_NOT_FOUND ? ERR_IO : err;
    }
    *ret_env = env;
    return OK;
}

void lmdb_env_close(MDB_env *env)
{
    if (env != NULL) {
        mdb_env_close(env);
    }
}

enum err lmdb_env_db(MDB_txn *txn, const char *name, bool create, uint32_t *ret_dbi)
{
    MDB_dbi dbi;
    int rc = mdb_dbi_open(txn, name, create ? MDB_CREATE : 0u, &dbi);
    *ret_dbi = dbi;
    return lmdb_env_err(rc);
}

static MDB_val val_of(struct slice bytes)
{
    // LMDB's values are not const, though it never writes through these.
    union {
        const void *in;
        void *out;
    } pointer = { .in = bytes.ptr };
    return (MDB_val){ bytes.len, pointer.out };
}

enum err lmdb_env_get(MDB_txn *txn, uint32_t dbi, struct slice key, struct slice *ret_value)
{
    MDB_val k = val_of(key);
    MDB_val v;
    int rc = mdb_get(txn, dbi, &k, &v);
    if (rc != 0) {
        return rc == MDB_NOTFOUND ? ERR_NOT_FOUND : ERR_IO;
    }
    *ret_value = slice_make(v.mv_data, v.mv_size);
    return OK;
}

enum err lmdb_env_put(MDB_txn *txn, uint32_t dbi, struct slice key, struct slice value,
                      uint32_t flags)
{
    MDB_val k = val_of(key);
    MDB_val v = val_of(value);
    return lmdb_env_err(mdb_put(txn, dbi, &k, &v, flags));
}

enum err lmdb_env_read(MDB_env *env, MDB_txn **ret_txn)
{
    return lmdb_env_err(mdb_txn_begin(env, NULL, MDB_RDONLY, ret_txn));
}

enum err lmdb_env_write(MDB_env *env, MDB_txn **ret_txn)
{
    return lmdb_env_err(mdb_txn_begin(env, NULL, 0, ret_txn));
}

enum err lmdb_env_commit(MDB_env *env, MDB_txn *txn)
{
    enum err err = lmdb_env_err(mdb_txn_commit(txn));
    if (err == OK) {
        return OK;
    }
    if (err != ERR_FULL && err != ERR_NO_MEMORY) {
        return ERR_IO;
    }
    // When the last step failed, the one that writes the meta page, LMDB itself does not know what
    // is on the disk. It then refuses every later transaction; a full disk does not.
    MDB_txn *probe;
    int rc = mdb_txn_begin(env, NULL, 0, &probe);
    if (rc != 0) {
        return rc == ENOMEM ? err : ERR_IO;
    }
    mdb_txn_abort(probe);
    return err;
}
