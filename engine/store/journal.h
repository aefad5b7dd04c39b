// The journal: the truth. Append-only records with a hash chain, and blobs by hash. On disk (a log
// with one synced write per batch before an LMDB environment, see journal_disk.h), or in memory.
// The port is narrow on purpose: stage, commit → durable; read from any thread through a reader of
// one's own.
//
// A stored record is a frame: chain (32 bytes), now_ms (8, little-endian), record bytes; its key is
// the seq, big-endian. chain = BLAKE2b-256(chain before, now_ms, record bytes); before the first
// record the chain is zero.
#ifndef RUNG_ENGINE_STORE_JOURNAL_H
#define RUNG_ENGINE_STORE_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "base/slice.h"
#include "engine/store/store.h"

enum { JOURNAL_FORMAT = 1 };

struct journal;

struct journal_options {
    const char *folder; // must exist; NULL: in memory
    uint64_t map_bytes;
    uint8_t uuid[STORE_UUID_BYTES]; // of a journal that is made new
    bool log; // batches go through the log; somebody calls journal_keep
};

struct journal_info { // what an existing environment says about itself
    uint32_t format;
    uint8_t uuid[STORE_UUID_BYTES];
};

// ERR_FORMAT: `ret_info->format` is another one. ERR_CORRUPT: not LMDB's file, the info row does
// not validate, or the last record does not follow from its predecessor.
enum err journal_open(const struct journal_options *options, struct journal_info *ret_info,
                      struct journal **ret_journal) ATTR_USE_RESULT;
void journal_close(struct journal *journal); // every reader is closed before; NULL is fine
const struct store_head *journal_head(const struct journal *journal); // of the last durable record
uint64_t journal_bytes(const struct journal *journal);
// Flusher thread: moves what the log holds up to record `seq` to the environment. ERR_FULL,
// ERR_NO_MEMORY: nothing happened, the log still holds it. Nothing to do without `log`.
enum err journal_keep(struct journal *journal, uint64_t seq) ATTR_USE_RESULT;
uint64_t journal_unkept_bytes(const struct journal *journal); // what journal_keep has to move

// --- the batch, one thread -------------------------------------------------------------------
// Copies the bytes; returns the seq it will have. Overflow of the batch's memory makes the commit
// return ERR_FULL.
uint64_t journal_stage(struct journal *journal, struct slice record, uint64_t now_ms);
void journal_stage_blob(struct journal *journal, const uint8_t hash[STORE_HASH_BYTES],
                        struct slice bytes);
uint32_t journal_staged_records(const struct journal *journal);
uint64_t journal_staged_bytes(const struct journal *journal);
const struct store_head *journal_staged_head(const struct journal *journal); // after what is staged
// Writes what is staged in one synced transaction and empties the stage, whatever comes out.
// OK: durable. ERR_FULL, ERR_NO_MEMORY: nothing happened. ERR_IO: unknown. Seal, write and settle
// in one.
enum err journal_commit(struct journal *journal) ATTR_USE_RESULT;
void journal_drop(struct journal *journal); // empties the stage
// The commit in its three parts, so that the next batch can be staged while this one is written.
// Seal puts aside what is staged; what is staged from then on follows it. Settle takes what the
// write returned: after an error everything staged since the seal is dropped too.
void journal_seal(struct journal *journal); // nothing else is sealed
enum err journal_write(struct journal *journal) ATTR_USE_RESULT; // any thread; on disk only
void journal_settle(struct journal *journal, enum err written);
// Bytes of a blob that is staged or sealed but not committed; they live until commit or drop.
bool journal_staged_blob(const struct journal *journal, const uint8_t hash[STORE_HASH_BYTES],
                         struct slice *ret_bytes);

// --- reading: each thread has its own reader -------------------------------------------------
struct journal_reader;
enum err journal_reader_open(struct journal *journal,
                             struct journal_reader **ret_reader) ATTR_USE_RESULT;
void journal_reader_close(struct journal_reader *reader); // NULL is fine
// Between pin and unpin one snapshot is read and what journal_peek returns stays valid. Keep it
// short: a pinned snapshot keeps pages from being used again. A journal in memory has no snapshots:
// on other threads than the core's the caller holds the store's lock between the two.
enum err journal_pin(struct journal_reader *reader) ATTR_USE_RESULT;
void journal_unpin(struct journal_reader *reader);

struct journal_frame {
    struct slice record;
    uint64_t now_ms;
    const uint8_t *chain;
};
// Needs a pin. ERR_NOT_FOUND, ERR_CORRUPT (no frame there), ERR_IO.
enum err journal_peek(struct journal_reader *reader, uint64_t seq,
                      struct journal_frame *ret_frame) ATTR_USE_RESULT;
// Needs a pin. The whole blob, copied into the arena; ERR_CORRUPT when it does not have its hash.
enum err journal_blob(struct journal_reader *reader, const uint8_t hash[STORE_HASH_BYTES],
                      struct arena *arena, struct slice *ret_bytes) ATTR_USE_RESULT;
bool journal_has_blob(struct journal_reader *reader, const uint8_t hash[STORE_HASH_BYTES]);
// Needs a pin. The first blob whose hash is > `after` (NULL: the first of all). ERR_NOT_FOUND:
// none.
enum err journal_next_blob(struct journal_reader *reader, const uint8_t *after,
                           uint8_t ret_hash[STORE_HASH_BYTES]) ATTR_USE_RESULT;

void journal_chain(const uint8_t before[STORE_CHAIN_BYTES], uint64_t now_ms, struct slice record,
                   uint8_t ret_chain[STORE_CHAIN_BYTES]);
void journal_hash(struct slice bytes, uint8_t ret_hash[STORE_HASH_BYTES]);

#endif
