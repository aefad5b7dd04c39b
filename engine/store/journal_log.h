// The log before the journal: what a batch commits is appended here with one write and one sync,
// and goes to the journal's environment later, in large transactions (journal_disk.h). Only what a
// crash left is ever read from it. Two files, `log.0` and `log.1`, are used in turn: one is free
// again once the environment holds all of it. They keep their length and are written over, so that
// a sync has no new blocks to record.
//
// A frame begins at a multiple of LOG_ALIGN_BYTES: magic, number of records, first seq, bytes of
// records, bytes of blobs, the store's uuid, a BLAKE2b-128 of all of it, records, blobs (as in
// struct journal_stage), zeros. A frame that does not have its checksum was torn by a power loss,
// if it is the last one; a good frame behind a bad one means damage.
#ifndef RUNG_ENGINE_STORE_JOURNAL_LOG_H
#define RUNG_ENGINE_STORE_JOURNAL_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/slice.h"
#include "engine/store/journal_disk.h"

enum { LOG_ALIGN_BYTES = 4096, LOG_HEAD_BYTES = 64, LOG_SEGMENTS = 2 };

struct journal_log;

// Opens the two files of `folder`, or makes them. Nothing is written before journal_log_recover.
enum err journal_log_open(const char *folder, const uint8_t uuid[STORE_UUID_BYTES],
                          struct journal_log **ret_log) ATTR_USE_RESULT;
void journal_log_close(struct journal_log *log); // NULL is fine

// Hands out, in order, each batch that follows record `last` (whose chain `last->chain` is), then
// all of the log is free. ERR_CORRUPT: a frame is damaged that others followed, or the log belongs
// to another history. An error of `keep` ends it.
typedef enum err journal_log_fn(void *context, const struct journal_stage *stage);
enum err journal_log_recover(struct journal_log *log, const struct store_head *last,
                             journal_log_fn *keep, void *context) ATTR_USE_RESULT;

// One thread at a time. OK: durable. ERR_FULL: nothing happened. ERR_IO: unknown.
enum err journal_log_write(struct journal_log *log,
                           const struct journal_stage *stage) ATTR_USE_RESULT;

// --- flusher thread
// The environment holds every record up to `seq` now.
void journal_log_kept(struct journal_log *log, uint64_t seq);
// Lengthens the free file when batches come faster than it can hold. A disk without room is not an
// error here; the next write will say so.
void journal_log_extend(struct journal_log *log);

// --- for tests
struct journal_log_frame {
    struct journal_stage stage;
    uint32_t records;
    size_t bytes; // with its head and its zeros
};
// The frame at `at`. False: there is none, or it is not whole.
bool journal_log_frame(struct slice segment, size_t at, const uint8_t uuid[STORE_UUID_BYTES],
                       struct journal_log_frame *ret_frame);

#endif
