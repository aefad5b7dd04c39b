// The journal on disk: an LMDB environment with the databases `record` (seq → frame), `blob` (hash,
// chunk number → bytes; chunk 0 holds the length) and `info` (format, uuid), and the log before it
// (journal_log.h): a commit appends its batch to the log, settle makes it readable, keep moves what
// is pending to the environment, recover does so with what a crash left. Only journal.c uses this.
#ifndef RUNG_ENGINE_STORE_JOURNAL_DISK_H
#define RUNG_ENGINE_STORE_JOURNAL_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/slice.h"
#include "engine/store/journal.h"

struct journal_disk;

// `ret_info` is filled also with ERR_FORMAT. A new environment gets `options->uuid`.
enum err journal_disk_open(const struct journal_options *options, struct journal_info *ret_info,
                           struct journal_disk **ret_disk) ATTR_USE_RESULT;
void journal_disk_close(struct journal_disk *disk); // NULL is fine
uint64_t journal_disk_bytes(const struct journal_disk *disk);
uint64_t journal_disk_pending_bytes(struct journal_disk *disk);

// What a batch stages, as two runs of bytes:
// records: (length u32, frame)…   blobs: (hash, length u64, bytes)…
struct journal_stage {
    uint64_t first_seq;
    struct slice records;
    struct slice blobs;
};
enum err journal_disk_commit(struct journal_disk *disk,
                             const struct journal_stage *stage) ATTR_USE_RESULT;
void journal_disk_settle(struct journal_disk *disk, const struct journal_stage *stage);
enum err journal_disk_keep(struct journal_disk *disk, uint64_t seq) ATTR_USE_RESULT;
// Before the first commit. `last`: the environment's last record. See journal_log_recover.
enum err journal_disk_recover(struct journal_disk *disk,
                              const struct store_head *last) ATTR_USE_RESULT;

struct journal_disk_reader;
enum err journal_disk_reader_open(struct journal_disk *disk,
                                  struct journal_disk_reader **ret_reader) ATTR_USE_RESULT;
void journal_disk_reader_close(struct journal_disk_reader *reader);
enum err journal_disk_pin(struct journal_disk_reader *reader) ATTR_USE_RESULT;
void journal_disk_unpin(struct journal_disk_reader *reader);
enum err journal_disk_frame(struct journal_disk_reader *reader, uint64_t seq,
                            struct slice *ret_frame) ATTR_USE_RESULT;
// The seq of the environment's last record; 0: none yet.
enum err journal_disk_last(struct journal_disk_reader *reader, uint64_t *ret_seq) ATTR_USE_RESULT;
// Chunk `number` of a blob, 0 being its length (u64, little-endian).
enum err journal_disk_chunk(struct journal_disk_reader *reader, const uint8_t *hash,
                            uint32_t number, struct slice *ret_bytes) ATTR_USE_RESULT;
bool journal_disk_pending_blob(struct journal_disk_reader *reader, const uint8_t *hash,
                               struct arena *arena, struct slice *ret_bytes);
enum err journal_disk_next_blob(struct journal_disk_reader *reader, const uint8_t *after,
                                uint8_t ret_hash[STORE_HASH_BYTES]) ATTR_USE_RESULT;

#endif
