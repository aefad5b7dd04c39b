// V, the lowest layer: the view's LMDB environment, one database per enum store_db, and the meta
// row that says which journal and how far. Written only by store_view_write, one transaction per
// frozen table; read through snapshots, one per thread.
#ifndef RUNG_ENGINE_STORE_STORE_VIEW_H
#define RUNG_ENGINE_STORE_STORE_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/slice.h"
#include "base/table.h"
#include "engine/store/store.h"

enum { STORE_VIEW_FORMAT = 1 };

struct store_view;

struct store_view_meta {
    uint32_t format;
    uint8_t uuid[STORE_UUID_BYTES];
    uint64_t fingerprint;
    uint64_t seq; // everything up to this record is in the view
    uint8_t chain[STORE_CHAIN_BYTES];
};

// Opens the environment in `folder` (which must exist). A new one gets `fresh` as its meta row.
// ERR_CORRUPT: not LMDB's file, or the meta row does not validate.
enum err store_view_open(const char *folder, uint64_t map_bytes,
                         const struct store_view_meta *fresh,
                         struct store_view **ret_view) ATTR_USE_RESULT;
void store_view_close(struct store_view *view); // no snapshot may be open; NULL is fine
const struct store_view_meta *store_view_meta(const struct store_view *view); // as of open
int store_view_file(const struct store_view *view);
uint64_t store_view_bytes(const struct store_view *view);

// Writes all rows of `table` (keys begin with the byte of their database) and the meta row, in one
// synced transaction. ERR_FULL, ERR_NO_MEMORY: nothing happened; ERR_IO: unknown.
enum err store_view_write(struct store_view *view, const struct table *table,
                          const struct store_view_meta *meta) ATTR_USE_RESULT;
// A compacted copy in the empty folder `to`, made durable.
enum err store_view_copy(struct store_view *view, const char *to) ATTR_USE_RESULT;

// --- snapshots -------------------------------------------------------------------------------
// A read transaction and one LMDB cursor per database. Used by one thread at a time.
struct store_snapshot;
enum err store_snapshot_open(struct store_view *view,
                             struct store_snapshot **ret_snapshot) ATTR_USE_RESULT;
void store_snapshot_close(struct store_snapshot *snapshot); // NULL is fine
// Lets go of the pages it sees; nothing may be read until store_snapshot_renew.
void store_snapshot_release(struct store_snapshot *snapshot);
enum err store_snapshot_renew(struct store_snapshot *snapshot) ATTR_USE_RESULT; // sees the newest
// The seq in the meta row that this snapshot sees.
enum err store_snapshot_seq(struct store_snapshot *snapshot, uint64_t *ret_seq) ATTR_USE_RESULT;
enum err store_snapshot_get(struct store_snapshot *snapshot, enum store_db db, struct slice key,
                            struct slice *ret_value) ATTR_USE_RESULT;

// A position in one database. Any number may be in use: they share the LMDB cursor of their
// database, which the last user left somewhere else is moved back first.
struct store_position {
    struct store_snapshot *snapshot;
    enum store_db db;
    uint64_t number; // of this position, to know whether the cursor still stands here
    struct slice key, value;
};
// ERR_NOT_FOUND: at the end.
enum err store_position_seek(struct store_snapshot *snapshot, enum store_db db, struct slice from,
                             struct store_position *ret_position) ATTR_USE_RESULT;
enum err store_position_next(struct store_position *position) ATTR_USE_RESULT;

#endif
