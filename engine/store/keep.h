// What is never derived and must not be in the history: credential hashes, tokens, erasure keys. A
// small environment of its own in keep/, each call one synced transaction; part of every backup.
// Any thread. In memory mode it is gone with the store, and calls take the store's lock.
#ifndef RUNG_ENGINE_STORE_KEEP_H
#define RUNG_ENGINE_STORE_KEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "base/slice.h"
#include "engine/store/store.h"

enum { KEEP_NAME_BYTES_MAX = 400, KEEP_VALUE_BYTES_MAX = 64 * 1024, KEEP_FORMAT = 1 };

struct keep;

struct keep *store_keep(struct store *store); // valid until store_close

// Names are 1 … KEEP_NAME_BYTES_MAX bytes without a zero byte; others: ERR_BAD_INPUT.
enum err keep_get(struct keep *keep, struct slice name, struct arena *arena,
                  struct slice *ret_value) ATTR_USE_RESULT; // OK, ERR_NOT_FOUND, ERR_IO
// Values of at most KEEP_VALUE_BYTES_MAX; larger: ERR_TOO_BIG. ERR_FULL: nothing happened.
enum err keep_put(struct keep *keep, struct slice name, struct slice value) ATTR_USE_RESULT;
enum err keep_delete(struct keep *keep, struct slice name) ATTR_USE_RESULT; // ERR_NOT_FOUND
// The first name > `after` (empty: the first of all), with its value. ERR_NOT_FOUND: at the end.
enum err keep_next(struct keep *keep, struct slice after, struct arena *arena,
                   struct slice *ret_name, struct slice *ret_value) ATTR_USE_RESULT;

// --- for the store ---------------------------------------------------------------------------
// `folder` NULL: in memory. A new environment belongs to `uuid`; ERR_MISMATCH: an existing one
// belongs to another store. ERR_FORMAT, ERR_CORRUPT.
enum err keep_open(const char *folder, const uint8_t uuid[STORE_UUID_BYTES],
                   const struct store_lock *lock, struct keep **ret_keep) ATTR_USE_RESULT;
void keep_close(struct keep *keep); // NULL is fine
// Makes `to` equal to `from`, in one synced transaction.
enum err keep_copy(struct keep *from, struct keep *to) ATTR_USE_RESULT;

#endif
