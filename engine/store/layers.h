// Reading through layers, newest first: tables over a snapshot of the view. A row of a newer layer
// hides the same key below it; a tombstone hides it for good. Keys in tables begin with the byte of
// their database.
#ifndef RUNG_ENGINE_STORE_LAYERS_H
#define RUNG_ENGINE_STORE_LAYERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "base/slice.h"
#include "base/table.h"
#include "engine/store/store.h"
#include "engine/store/store_view.h"

enum { LAYERS_TABLES_MAX = 6 };

struct layers {
    const struct table *tables[LAYERS_TABLES_MAX]; // newest first
    uint32_t table_count;
    struct store_snapshot *snapshot; // NULL: no view (a store in memory)
    bool failed; // sticky: a cursor could not read the view; cursors have no other way to say so
};

struct layers_key {
    char bytes[TABLE_KEY_BYTES_MAX];
    size_t len;
};

// The key of a table row. CHECKs that it fits: keys are made by us and bounded before.
void layers_key(struct layers_key *ret_key, enum store_db db, struct slice key);
static inline struct slice layers_key_slice(const struct layers_key *key)
{
    return slice_make(key->bytes, key->len);
}

// OK, ERR_NOT_FOUND, ERR_IO.
enum err layers_get(const struct layers *layers, enum store_db db, struct slice key,
                    struct slice *ret_value) ATTR_USE_RESULT;
// See store_seek.
struct store_cursor *layers_seek(struct layers *layers, enum store_db db, struct slice from,
                                 struct arena *arena);

// Puts every row of `from`, tombstones included, over the rows of `to`, and empties `from`.
// Valid cursors and values of both end.
void layers_merge(struct table *to, struct table *from);

#endif
