// What the store's LMDB environments have in common: how they are opened, how their return codes
// read in our words, how a plain get looks. Flags, always: MDB_NORDAHEAD | MDB_NOTLS; never
// NOMEMINIT, WRITEMAP or NOSYNC. One environment is opened at most once in a process.
#ifndef RUNG_ENGINE_STORE_LMDB_ENV_H
#define RUNG_ENGINE_STORE_LMDB_ENV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/slice.h"

struct MDB_env;
struct MDB_txn;

enum { LMDB_ENV_KEY_BYTES_MAX = 511 };

// ERR_FULL: known not to have happened (map or disk full, poisoned transaction). ERR_NO_MEMORY too.
// ERR_CORRUPT: the file is not what LMDB wrote. ERR_IO: anything else, also what we do not know.
enum err lmdb_env_err(int rc);
// Opens (and makes, in an existing folder) an environment. Clears slots of readers that died.
enum err lmdb_env_open(const char *folder, uint64_t map_bytes, uint32_t dbs_max,
                       struct MDB_env **ret_env) ATTR_USE_RESULT;
void lmdb_env_close(struct MDB_env *env); // NULL is fine; never syncs
// Opens a database of the environment, in a transaction of the caller. ERR_NOT_FOUND: absent and
// not to be created.
enum err lmdb_env_db(struct MDB_txn *txn, const char *name, bool create,
                     uint32_t *ret_dbi) ATTR_USE_RESULT;
enum err lmdb_env_get(struct MDB_txn *txn, uint32_t dbi, struct slice key,
                      struct slice *ret_value) ATTR_USE_RESULT;
enum err lmdb_env_put(struct MDB_txn *txn, uint32_t dbi, struct slice key, struct slice value,
                      uint32_t flags) ATTR_USE_RESULT;
// A read transaction. ERR_BUSY: too many readers.
enum err lmdb_env_read(struct MDB_env *env, struct MDB_txn **ret_txn) ATTR_USE_RESULT;
enum err lmdb_env_write(struct MDB_env *env, struct MDB_txn **ret_txn) ATTR_USE_RESULT;
// Commits. With an error nothing happened (ERR_FULL, ERR_NO_MEMORY), or nobody knows (ERR_IO).
enum err lmdb_env_commit(struct MDB_env *env, struct MDB_txn *txn) ATTR_USE_RESULT;
uint64_t lmdb_env_used_bytes(struct MDB_env *env); // of the file, up to the last page in use

#endif
