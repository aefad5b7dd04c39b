// The store: journal (truth), memory tables, view (fold), keep. One open store per data folder and
// process. Layers of one data structure, newest first:
//
//   C command rows → B batch rows → S sealed, being written → W written, to be merged
//     → A active table → F frozen table → V the view's read snapshot
//
// The core thread owns C, B, S, W, A and the head; the journal's write transaction belongs to
// whoever calls store_write; the flusher thread calls only store_flush; other threads read through
// struct store_reader. Nothing here starts a thread. No LMDB write transaction on the view is open
// longer than one flush.
//
// Bytes returned by reads stay valid until the next write, commit, freeze or flush_done on the same
// thread (core side), or until reader_end (reader side).
#ifndef RUNG_ENGINE_STORE_STORE_H
#define RUNG_ENGINE_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "base/slice.h"
#include "base/table.h"

// Databases of the view. Keys are composite, big-endian, and never the beginning of one another.
enum store_db {
    DB_META = 1,    // names of the engine's own: counters, currency … (not the store's meta row)
    DB_INSTANCE,    // instance → instance image
    DB_PART,        // instance, part → bytes
    DB_BY_KEY,      // process, key field, value, 0 → open instance, newest ended one
    DB_TASK,        // holder or offered role, due, instance, task → facts for ranking, title
    DB_TIMER,       // due, instance, timer → purpose
    DB_CHILD,       // parent, collection, round, child → status
    DB_REQUEST,     // client number, id modulo window → id, seq, content hash
    DB_CLIENT,      // client name, 0 → number, last hour
    DB_CLIENT_HOUR, // last hour, client number → name
    DB_IMPORT,      // source, 0, row id, 0 → instance
    DB_PROGRAM,     // program → process, hash, version
    DB_ACTIVE,      // process → active program
    DB_NAME,        // kind, name, 0 → number (processes, roles)
    DB_USER,        // user → name, title, roles …
    DB_USER_NAME,   // name, 0 → user
    DB_LOAD,        // user or role → open tasks; round-robin position
    DB_NOTICE,      // user, slot → text, moment
    DB_INCIDENT,    // incident → instance, text, state
    DB_FAMILIAR,    // process, key field, role, value, 0 → last holder
    DB_KEPT,        // instance, number → a message that waits
    DB_CALL,        // due, call → instance, connector, name, key, tries, form
    DB_DONE,        // user, place in a ring → moment, task, facts for ranking, title
    DB_VERSION,     // kind, … → activations of programs, and what became of the cases before them
    DB_COUNT
};

struct store;

// Called around short critical sections so that readers on other threads see whole batches. NULLs
// in a single-threaded program. The lock must be a plain (non-recursive) mutex.
struct store_lock {
    void (*lock)(void *context);
    void (*unlock)(void *context);
    void *context;
};

struct store_options {
    const char *path;      // data folder; NULL: everything in memory (tests, `rung test`)
    uint64_t map_bytes;    // of journal and view each; 0: 64 GiB
    bool create;           // make the folder when it is absent
    const uint8_t *uuid;   // of a store that is made new; NULL: random (in memory: zeros)
    uint32_t flush_rows;   // 0: STORE_FLUSH_ROWS
    uint64_t flush_bytes;  // 0: STORE_FLUSH_BYTES
    uint32_t flush_ms;     // 0: STORE_FLUSH_MS
    uint64_t fingerprint;  // evolve fingerprint; another one in the view: fold from nothing
    struct store_lock lock;
};

// Measured; see docs/performance.md.
enum { STORE_FLUSH_ROWS = 30000, STORE_FLUSH_BYTES = 12 * 1024 * 1024, STORE_FLUSH_MS = 2000 };
// Bounds of what is staged; the caller refuses before it gets here (CHECKed).
enum {
    STORE_KEY_BYTES_MAX = TABLE_KEY_BYTES_MAX - 1,
    STORE_RECORD_BYTES_MAX = 16 * 1024 * 1024,
    STORE_BLOB_BYTES_MAX = 64 * 1024 * 1024,
};
enum { STORE_CHAIN_BYTES = 32, STORE_HASH_BYTES = 32, STORE_UUID_BYTES = 16 };

struct store_head {
    uint64_t seq;    // of the last record; 0 = none yet
    uint64_t now_ms; // of the last record; never goes back
    uint8_t chain[STORE_CHAIN_BYTES];
};

// Why opening failed, for people: `holder_pid` with ERR_LOCKED; `message` names both sides of a
// mismatch and says what to do (`rung rebuild`).
struct store_problem {
    long holder_pid;
    char message[240];
};

enum err store_open(const struct store_options *options, struct store **ret_store,
                    struct store_problem *ret_problem) ATTR_USE_RESULT;
// Flushes what is in the tables unless `crash`, then closes everything.
void store_close(struct store *store, bool crash);
const struct store_head *store_head(const struct store *store); // committed; valid until close
// What it will be when all that is sealed and staged is committed.
const struct store_head *store_staged_head(const struct store *store);
const uint8_t *store_uuid(const struct store *store);
// The file of the view that store_flush syncs, for whoever paces that; -1 in memory.
int store_view_fd(const struct store *store);

// --- fold: what the journal has and the view has not -----------------------------------------
// Hands out the next record that the view (with the tables) does not yet contain; the caller
// evolves it with store_put/store_delete and then calls store_fold_done. ERR_NOT_FOUND: nothing
// left. Only between store_open and the first batch. Flushes by itself when the tables are full.
// ERR_CORRUPT: record `*ret_seq` does not follow from its predecessor. A scratch store (no record
// of its own) may be filled with another store's records: evolve one, then store_fold_done.
enum err store_fold_next(struct store *store, struct arena *arena, uint64_t *ret_seq,
                         struct slice *ret_record) ATTR_USE_RESULT;
enum err store_fold_done(struct store *store) ATTR_USE_RESULT;

// --- reads, core thread ----------------------------------------------------------------------
enum err store_get(struct store *store, enum store_db db, struct slice key,
                   struct slice *ret_value); // OK, ERR_NOT_FOUND, ERR_IO
struct store_cursor;                         // merged over all layers, tombstones resolved
// The first row of `db` with key >= from. The cursor lives in `arena` and is valid until the next
// write. `from` may be the beginning of keys, but no key may be its beginning. NULL: no such row.
// A view that cannot be read ends the iteration; the next store_commit then returns ERR_IO.
struct store_cursor *store_seek(struct store *store, enum store_db db, struct slice from,
                                struct arena *arena);
bool store_next(struct store_cursor *cursor);
struct slice store_cursor_key(const struct store_cursor *cursor);
struct slice store_cursor_value(const struct store_cursor *cursor);

// --- writes, core thread: into C -------------------------------------------------------------
void store_put(struct store *store, enum store_db db, struct slice key, struct slice value);
void store_delete(struct store *store, enum store_db db, struct slice key);
uint32_t store_command_rows(const struct store *store); // rows in C
void store_command_accept(struct store *store);         // C merges into B
void store_command_refuse(struct store *store);         // C is emptied

// --- batch: records and blobs staged, then one synced commit ---------------------------------
// Stages one record of the batch; its seq is head.seq + 1 + records staged so far. The bytes are
// copied. The chain is BLAKE2b-256(previous chain, now_ms, record). Returns the seq.
uint64_t store_append(struct store *store, struct slice record, uint64_t now_ms);
// Chain value after what is staged now.
const uint8_t *store_chain(const struct store *store);
// Content-addressed bytes (program texts and images, files), durable with the batch. BLAKE2b-256.
void store_blob_put(struct store *store, struct slice bytes, uint8_t ret_hash[STORE_HASH_BYTES]);
enum err store_blob_get(struct store *store, const uint8_t hash[STORE_HASH_BYTES],
                        struct arena *arena, struct slice *ret_bytes) ATTR_USE_RESULT;
uint32_t store_batch_records(const struct store *store);
// OK: all records are durable, B merged into A, head moved. ERR_FULL, ERR_NO_MEMORY: known not to
// have happened; batch and B are dropped, the store goes on serving reads. ERR_IO: unknown; the
// process must exit without answering anybody. With no records staged it drops B and returns OK.
enum err store_commit(struct store *store) ATTR_USE_RESULT;
// The commit in its three parts, so that the next batch can be decided while this one is written;
// one at a time. Seal: B becomes S. False: there were no records, B is dropped, nothing follows.
bool store_seal(struct store *store) ATTR_USE_RESULT;
// On any thread, between the other two; returns what store_commit would.
enum err store_write(struct store *store) ATTR_USE_RESULT;
// Core thread: OK: S merges into A, head moves. Else S and B are dropped, with everything decided
// since the seal. After a write that came to OK, store_release may be called first: then the next
// seal and its write may begin before the merge.
void store_release(struct store *store);
void store_settle(struct store *store, enum err written);
void store_batch_drop(struct store *store);

// --- flush -----------------------------------------------------------------------------------
// Core thread, between batches: should the tables be frozen now? `clock_ms` is any steady clock.
// In memory there is nothing to freeze: never wanted, and without effect.
bool store_wants_freeze(const struct store *store, uint64_t clock_ms, bool idle);
void store_freeze(struct store *store, uint64_t clock_ms); // F must be empty
bool store_frozen(const struct store *store);              // F is there and not yet dropped
bool store_pressed(const struct store *store);             // F is there and A full too
bool store_overfull(struct store *store); // A ≥ 2 × flush_rows and F is there: take no commands
// Flusher thread (or inline): writes F in one synced transaction. ERR_FULL: F is kept, try again.
enum err store_flush(struct store *store) ATTR_USE_RESULT;
// Core thread, after store_flush returned OK: renews V, drops F. A view that cannot be read makes
// the next store_commit return ERR_IO.
void store_flush_done(struct store *store);

// --- readers on other threads ----------------------------------------------------------------
// A reader sees committed batches only (A, F, V). One per thread. reader_begin takes the lock for
// the time of one short read; keep it under 50 us of table reads; V reads need no lock but are
// done inside the same pair for simplicity of lifetime.
struct store_reader;
enum err store_reader_open(struct store *store, struct store_reader **ret_reader) ATTR_USE_RESULT;
void store_reader_close(struct store_reader *reader);
void store_reader_begin(struct store_reader *reader);
// The same, but of the view alone, as of the last flush: holds no lock, so it may take long.
void store_reader_begin_view(struct store_reader *reader);
void store_reader_end(struct store_reader *reader);
// Rows that lie over everything else from the next store_reader_begin on: a case as it was, for one
// look. NULL: none. They are put with store_rows_put and must live until they are taken off again.
void store_reader_lay(struct store_reader *reader, const struct table *rows);
void store_rows_put(struct table *rows, enum store_db db, struct slice key, struct slice value);
void store_rows_hide(struct table *rows, enum store_db db, struct slice key); // what lies below
bool store_reader_failed(
    const struct store_reader *reader); // since begin: the view was not readable
enum err store_reader_get(struct store_reader *reader, enum store_db db, struct slice key,
                          struct slice *ret_value);
struct store_cursor *store_reader_seek(struct store_reader *reader, enum store_db db,
                                       struct slice from, struct arena *arena);
uint64_t store_reader_seq(const struct store_reader *reader); // as of reader_begin
enum err store_reader_blob(struct store_reader *reader, const uint8_t hash[STORE_HASH_BYTES],
                           struct arena *arena, struct slice *ret_bytes) ATTR_USE_RESULT;
// One journal record, with its chain (32 bytes) behind `ret_chain` when not NULL. Any thread with a
// reader. ERR_CORRUPT: the stored bytes do not have a record's frame.
enum err store_reader_record(struct store_reader *reader, uint64_t seq, struct arena *arena,
                             struct slice *ret_record, uint8_t *ret_chain) ATTR_USE_RESULT;

// --- checking and copying (offline, or beside a running core through a reader) ---------------
// Walks the chain of seq first…last. ERR_CORRUPT: `ret_bad_seq` is the first record that does not
// fit.
enum err store_check_chain(struct store_reader *reader, uint64_t first, uint64_t last,
                           uint64_t *ret_bad_seq) ATTR_USE_RESULT;
// Compares every row of every database as both readers see it (both are between begin and end);
// OK or ERR_MISMATCH with the first difference described in `ret_what` (db, key in hex, which
// side lacks it). `ret_rows` counts equal rows.
enum err store_compare(struct store_reader *a, struct store_reader *b, uint64_t *ret_rows,
                       char *ret_what, uint32_t what_bytes) ATTR_USE_RESULT;
// Copies a consistent backup into the folder `path`: journal by records, keep, and the view.
// `progress` may be NULL. Incremental when `path` already holds an older backup of the same
// store. Any thread, beside a running core. ERR_BAD_INPUT: a store in memory. ERR_MISMATCH:
// `path` holds another history. ERR_LOCKED: somebody has `path` open. ERR_CORRUPT: a record does
// not fit the chain.
typedef void store_progress_fn(void *context, uint64_t done, uint64_t total);
enum err store_backup(struct store *store, const char *path, store_progress_fn *progress,
                      void *context, uint64_t *ret_seq) ATTR_USE_RESULT;
// Deletes the view of a closed store, and its search index, so that the next open makes them from
// nothing. ERR_LOCKED.
enum err store_drop_view(const char *path) ATTR_USE_RESULT;
// Deletes a closed store altogether: for scratch stores. OK too when there is none.
enum err store_remove(const char *path) ATTR_USE_RESULT;

const char *store_db_name(enum store_db db);

struct store_stats {
    uint64_t commits, records, record_bytes, commit_us_total, commit_us_max;
    uint64_t flushes, flush_rows, flush_us_total, flush_us_max;
    uint64_t overfull_waits, active_rows, active_bytes, frozen_rows;
    uint64_t journal_bytes, view_bytes; // of the files in use
};
void store_stats(const struct store *store, struct store_stats *ret_stats);

#endif
