#include "engine/store/journal.h"

#include <sodium.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/mem.h"
#include "base/reader.h"
#include "base/table.h"
#include "engine/store/journal_disk.h"

enum { FRAME_HEAD_BYTES = STORE_CHAIN_BYTES + 8, BLOB_HEAD_BYTES = STORE_HASH_BYTES + 8 };
enum { STAGE_KEEP_BYTES = 8 * 1024 * 1024 };
#define STAGE_BYTES_MAX ((size_t)256 * 1024 * 1024)

// Everything ever committed, for a journal that is not on disk.
struct journal_memory {
    struct buf frames; // (length u32, frame)…
    struct buf starts; // offset of each record in frames, u64 each
    struct table blobs;
};

struct journal {
    struct journal_disk *disk; // NULL: in memory
    struct journal_memory memory;
    struct store_head head;   // durable
    struct store_head sealed; // after what is sealed; the same as head when nothing is
    struct store_head staged; // after what is staged
    uint32_t staged_records;
    struct buf records; // see struct journal_stage
    struct buf blobs;
    bool sealed_there;
    struct buf sealed_records, sealed_blobs;
};

struct journal_reader {
    struct journal *journal;
    struct journal_disk_reader *disk;
};

// --- chain and hash --------------------------------------------------------------------------

static void put_le(uint8_t *to, uint64_t value, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++) {
        to[i] = (uint8_t)(value >> (8 * i));
    }
}

void journal_chain(const uint8_t before[STORE_CHAIN_BYTES], uint64_t now_ms, struct slice record,
                   uint8_t ret_chain[STORE_CHAIN_BYTES])
{
    crypto_generichash_state state;
    uint8_t now[8];
    put_le(now, now_ms, sizeof(now));
    (void)crypto_generichash_init(&state, NULL, 0, STORE_CHAIN_BYTES);
    (void)crypto_generichash_update(&state, before, STORE_CHAIN_BYTES);
    (void)crypto_generichash_update(&state, now, sizeof(now));
    (void)crypto_generichash_update(&state, (const uint8_t *)record.ptr, record.len);
    (void)crypto_generichash_final(&state, ret_chain, STORE_CHAIN_BYTES);
}

void journal_hash(struct slice bytes, uint8_t ret_hash[STORE_HASH_BYTES])
{
    (void)crypto_generichash(ret_hash, STORE_HASH_BYTES, (const uint8_t *)bytes.ptr, bytes.len,
                             NULL, 0);
}

// --- opening ---------------------------------------------------------------------------------

// Reads the last record and proves that it follows from the one before.
static enum err find_head(struct journal *journal, struct journal_reader *reader)
{
    uint64_t seq;
    enum err err = journal_disk_last(reader->disk, &seq);
    if (err != OK || seq == 0) {
        return err;
    }
    uint8_t before[STORE_CHAIN_BYTES] = { 0 };
    struct journal_frame frame;
    if (seq > 1) {
        err = journal_peek(reader, seq - 1, &frame);
        if (err != OK) {
            return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
        }
        memcpy(before, frame.chain, sizeof(before));
    }
    err = journal_peek(reader, seq, &frame);
    if (err != OK) {
        return err;
    }
    uint8_t chain[STORE_CHAIN_BYTES];
    journal_chain(before, frame.now_ms, frame.record, chain);
    if (memcmp(chain, frame.chain, sizeof(chain)) != 0) {
        return ERR_CORRUPT;
    }
    journal->head.seq = seq;
    journal->head.now_ms = frame.now_ms;
    memcpy(journal->head.chain, chain, sizeof(chain));
    return OK;
}

static enum err read_head(struct journal *journal, struct journal_reader *reader)
{
    enum err err = journal_pin(reader);
    if (err == OK) {
        err = find_head(journal, reader);
        journal_unpin(reader);
    }
    return err;
}

static enum err open_disk(struct journal *journal, const struct journal_options *options,
                          struct journal_info *ret_info)
{
    enum err err = journal_disk_open(options, ret_info, &journal->disk);
    if (err != OK) {
        return err;
    }
    struct journal_reader *reader;
    err = journal_reader_open(journal, &reader);
    if (err != OK) {
        return err;
    }
    err = read_head(journal, reader);
    if (err == OK) {
        err = journal_disk_recover(journal->disk, &journal->head);
    }
    if (err == OK) {
        err = read_head(journal, reader);
    }
    journal_reader_close(reader);
    return err;
}

enum err journal_open(const struct journal_options *options, struct journal_info *ret_info,
                      struct journal **ret_journal)
{
    struct journal *journal = mem_zalloc(sizeof(*journal));
    buf_init(&journal->records, STAGE_BYTES_MAX);
    buf_init(&journal->blobs, STAGE_BYTES_MAX);
    buf_init(&journal->sealed_records, STAGE_BYTES_MAX);
    buf_init(&journal->sealed_blobs, STAGE_BYTES_MAX);
    *ret_info = (struct journal_info){ .format = JOURNAL_FORMAT };
    enum err err = OK;
    if (options->folder != NULL) {
        err = open_disk(journal, options, ret_info);
    } else {
        memcpy(ret_info->uuid, options->uuid, STORE_UUID_BYTES);
        buf_init(&journal->memory.frames, SIZE_MAX / 4);
        buf_init(&journal->memory.starts, SIZE_MAX / 4);
        table_init(&journal->memory.blobs);
    }
    if (err != OK) {
        journal_close(journal);
        return err;
    }
    journal->sealed = journal->head;
    journal->staged = journal->head;
    *ret_journal = journal;
    return OK;
}

void journal_close(struct journal *journal)
{
    if (journal == NULL) {
        return;
    }
    if (journal->disk == NULL) {
        buf_done(&journal->memory.frames);
        buf_done(&journal->memory.starts);
        table_done(&journal->memory.blobs);
    }
    journal_disk_close(journal->disk);
    buf_done(&journal->records);
    buf_done(&journal->blobs);
    buf_done(&journal->sealed_records);
    buf_done(&journal->sealed_blobs);
    mem_free(journal);
}

const struct store_head *journal_head(const struct journal *journal) { return &journal->head; }

uint64_t journal_bytes(const struct journal *journal)
{
    if (journal->disk == NULL) {
        return journal->memory.frames.len + table_bytes(&journal->memory.blobs);
    }
    return journal_disk_bytes(journal->disk);
}

enum err journal_keep(struct journal *journal, uint64_t seq)
{
    return journal->disk != NULL ? journal_disk_keep(journal->disk, seq) : OK;
}

uint64_t journal_unkept_bytes(const struct journal *journal)
{
    return journal->disk != NULL ? journal_disk_pending_bytes(journal->disk) : 0;
}

// --- the batch -------------------------------------------------------------------------------

uint64_t journal_stage(struct journal *journal, struct slice record, uint64_t now_ms)
{
    CHECK(record.len > 0 && record.len <= STORE_RECORD_BYTES_MAX);
    CHECK(now_ms >= journal->staged.now_ms);
    journal_chain(journal->staged.chain, now_ms, record, journal->staged.chain);
    uint8_t head[4 + FRAME_HEAD_BYTES];
    put_le(head, FRAME_HEAD_BYTES + record.len, 4);
    memcpy(head + 4, journal->staged.chain, STORE_CHAIN_BYTES);
    put_le(head + 4 + STORE_CHAIN_BYTES, now_ms, 8);
    buf_put(&journal->records, head, sizeof(head));
    buf_put_slice(&journal->records, record);
    journal->staged.seq++;
    journal->staged.now_ms = now_ms;
    journal->staged_records++;
    return journal->staged.seq;
}

void journal_stage_blob(struct journal *journal, const uint8_t hash[STORE_HASH_BYTES],
                        struct slice bytes)
{
    CHECK(bytes.len <= STORE_BLOB_BYTES_MAX);
    uint8_t head[BLOB_HEAD_BYTES];
    memcpy(head, hash, STORE_HASH_BYTES);
    put_le(head + STORE_HASH_BYTES, bytes.len, 8);
    buf_put(&journal->blobs, head, sizeof(head));
    buf_put_slice(&journal->blobs, bytes);
}

static bool find_blob(const struct buf *blobs, const uint8_t *hash, struct slice *ret_bytes)
{
    struct reader reader;
    reader_init(&reader, buf_slice(blobs));
    while (reader.len > 0 && !blobs->overflow) {
        struct slice at = reader_take(&reader, STORE_HASH_BYTES);
        struct slice bytes = reader_take(&reader, (size_t)reader_u64(&reader));
        CHECK(!reader.bad);
        if (memcmp(at.ptr, hash, STORE_HASH_BYTES) == 0) {
            *ret_bytes = bytes;
            return true;
        }
    }
    return false;
}

bool journal_staged_blob(const struct journal *journal, const uint8_t hash[STORE_HASH_BYTES],
                         struct slice *ret_bytes)
{
    return find_blob(&journal->blobs, hash, ret_bytes) ||
           find_blob(&journal->sealed_blobs, hash, ret_bytes);
}

uint32_t journal_staged_records(const struct journal *journal) { return journal->staged_records; }

uint64_t journal_staged_bytes(const struct journal *journal)
{
    return journal->records.len + journal->blobs.len;
}

const struct store_head *journal_staged_head(const struct journal *journal)
{
    return &journal->staged;
}

static void empty_buf(struct buf *buf)
{
    size_t bytes_max = buf->bytes_max;
    if (buf->capacity > STAGE_KEEP_BYTES) {
        buf_done(buf);
        buf_init(buf, bytes_max);
    }
    buf_reset(buf);
}

void journal_drop(struct journal *journal)
{
    journal->staged = journal->sealed;
    journal->staged_records = 0;
    empty_buf(&journal->records);
    empty_buf(&journal->blobs);
}

static enum err commit_memory(struct journal *journal)
{
    struct journal_memory *memory = &journal->memory;
    struct reader reader;
    reader_init(&reader, buf_slice(&journal->sealed_blobs));
    while (reader.len > 0) {
        struct slice hash = reader_take(&reader, STORE_HASH_BYTES);
        struct slice bytes = reader_take(&reader, (size_t)reader_u64(&reader));
        CHECK(!reader.bad);
        table_put(&memory->blobs, hash, bytes);
    }
    uint64_t base = memory->frames.len;
    reader_init(&reader, buf_slice(&journal->sealed_records));
    while (reader.len > 0) {
        uint64_t at = base + (journal->sealed_records.len - reader.len);
        (void)reader_take(&reader, reader_u32(&reader));
        CHECK(!reader.bad);
        buf_put(&memory->starts, &at, sizeof(at));
    }
    buf_put_slice(&memory->frames, buf_slice(&journal->sealed_records));
    CHECK(!memory->frames.overflow && !memory->starts.overflow);
    return OK;
}

static void swap(struct buf *a, struct buf *b)
{
    struct buf kept = *a;
    *a = *b;
    *b = kept;
}

void journal_seal(struct journal *journal)
{
    CHECK(!journal->sealed_there);
    CHECK(journal->staged_records > 0 || journal->blobs.len > 0);
    journal->sealed_there = true;
    journal->sealed = journal->staged;
    journal->staged_records = 0;
    swap(&journal->records, &journal->sealed_records);
    swap(&journal->blobs, &journal->sealed_blobs);
}

static struct journal_stage sealed_stage(const struct journal *journal)
{
    return (struct journal_stage){
        .first_seq = journal->head.seq + 1,
        .records = buf_slice(&journal->sealed_records),
        .blobs = buf_slice(&journal->sealed_blobs),
    };
}

enum err journal_write(struct journal *journal)
{
    CHECK(journal->sealed_there);
    if (journal->sealed_records.overflow || journal->sealed_blobs.overflow) {
        return ERR_FULL;
    }
    struct journal_stage stage = sealed_stage(journal);
    return journal->disk != NULL ? journal_disk_commit(journal->disk, &stage)
                                 : commit_memory(journal);
}

void journal_settle(struct journal *journal, enum err written)
{
    CHECK(journal->sealed_there);
    journal->sealed_there = false;
    if (written == OK && journal->disk != NULL) {
        struct journal_stage stage = sealed_stage(journal);
        journal_disk_settle(journal->disk, &stage);
    }
    empty_buf(&journal->sealed_records);
    empty_buf(&journal->sealed_blobs);
    if (written == OK) {
        journal->head = journal->sealed;
    } else {
        journal->sealed = journal->head;
        journal_drop(journal);
    }
}

enum err journal_commit(struct journal *journal)
{
    journal_seal(journal);
    enum err err = journal_write(journal);
    journal_settle(journal, err);
    return err;
}

// --- reading ---------------------------------------------------------------------------------

enum err journal_reader_open(struct journal *journal, struct journal_reader **ret_reader)
{
    struct journal_reader *reader = mem_zalloc(sizeof(*reader));
    reader->journal = journal;
    if (journal->disk != NULL) {
        enum err err = journal_disk_reader_open(journal->disk, &reader->disk);
        if (err != OK) {
            mem_free(reader);
            return err;
        }
    }
    *ret_reader = reader;
    return OK;
}

void journal_reader_close(struct journal_reader *reader)
{
    if (reader == NULL) {
        return;
    }
    if (reader->disk != NULL) {
        journal_disk_reader_close(reader->disk);
    }
    mem_free(reader);
}

enum err journal_pin(struct journal_reader *reader)
{
    return reader->disk != NULL ? journal_disk_pin(reader->disk) : OK;
}

void journal_unpin(struct journal_reader *reader)
{
    if (reader->disk != NULL) {
        journal_disk_unpin(reader->disk);
    }
}

static enum err memory_frame(const struct journal_memory *memory, uint64_t seq,
                             struct slice *ret_frame)
{
    if (seq == 0 || seq > memory->starts.len / sizeof(uint64_t)) {
        return ERR_NOT_FOUND;
    }
    uint64_t at;
    memcpy(&at, memory->starts.ptr + (seq - 1) * sizeof(at), sizeof(at));
    struct reader reader;
    reader_init(&reader, slice_sub(buf_slice(&memory->frames), (size_t)at, SIZE_MAX));
    *ret_frame = reader_take(&reader, reader_u32(&reader));
    CHECK(!reader.bad);
    return OK;
}

enum err journal_peek(struct journal_reader *reader, uint64_t seq, struct journal_frame *ret_frame)
{
    struct slice bytes;
    enum err err = reader->disk != NULL ? journal_disk_frame(reader->disk, seq, &bytes)
                                        : memory_frame(&reader->journal->memory, seq, &bytes);
    if (err != OK) {
        return err;
    }
    struct reader frame;
    reader_init(&frame, bytes);
    struct slice chain = reader_take(&frame, STORE_CHAIN_BYTES);
    ret_frame->now_ms = reader_u64(&frame);
    if (frame.bad || frame.len == 0) {
        return ERR_CORRUPT;
    }
    ret_frame->chain = (const uint8_t *)chain.ptr;
    ret_frame->record = slice_make(frame.ptr, frame.len);
    return OK;
}

// The chunks, one behind the other. Lengths are what the disk says: checked before they are
// believed.
static enum err read_chunks(struct journal_reader *reader, const uint8_t *hash, char *to,
                            uint64_t len)
{
    uint32_t number = 0;
    uint64_t got = 0;
    while (got < len) {
        struct slice chunk;
        enum err err = journal_disk_chunk(reader->disk, hash, ++number, &chunk);
        if (err != OK) {
            return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
        }
        if (chunk.len == 0 || chunk.len > len - got) {
            return ERR_CORRUPT;
        }
        memcpy(to + got, chunk.ptr, chunk.len);
        got += chunk.len;
    }
    return OK;
}

enum err journal_blob(struct journal_reader *reader, const uint8_t hash[STORE_HASH_BYTES],
                      struct arena *arena, struct slice *ret_bytes)
{
    if (reader->disk == NULL) {
        struct slice bytes;
        struct slice key = slice_make(hash, STORE_HASH_BYTES);
        if (table_get(&reader->journal->memory.blobs, key, &bytes) != TABLE_PRESENT) {
            return ERR_NOT_FOUND;
        }
        *ret_bytes = arena_copy(arena, bytes);
        return OK;
    }
    if (journal_disk_pending_blob(reader->disk, hash, arena, ret_bytes)) {
        return OK;
    }
    struct slice head;
    enum err err = journal_disk_chunk(reader->disk, hash, 0, &head);
    if (err != OK) {
        return err;
    }
    struct reader length;
    reader_init(&length, head);
    uint64_t len = reader_u64(&length);
    if (length.bad || len > STORE_BLOB_BYTES_MAX) {
        return ERR_CORRUPT;
    }
    char *bytes = arena_alloc_raw(arena, (size_t)len);
    err = read_chunks(reader, hash, bytes, len);
    if (err != OK) {
        return err;
    }
    uint8_t found[STORE_HASH_BYTES];
    journal_hash(slice_make(bytes, (size_t)len), found);
    if (memcmp(found, hash, sizeof(found)) != 0) {
        return ERR_CORRUPT;
    }
    *ret_bytes = slice_make(bytes, (size_t)len);
    return OK;
}

bool journal_has_blob(struct journal_reader *reader, const uint8_t hash[STORE_HASH_BYTES])
{
    struct slice bytes;
    if (reader->disk != NULL) {
        return journal_disk_pending_blob(reader->disk, hash, NULL, &bytes) ||
               journal_disk_chunk(reader->disk, hash, 0, &bytes) == OK;
    }
    struct slice key = slice_make(hash, STORE_HASH_BYTES);
    return table_get(&reader->journal->memory.blobs, key, &bytes) == TABLE_PRESENT;
}

enum err journal_next_blob(struct journal_reader *reader, const uint8_t *after,
                           uint8_t ret_hash[STORE_HASH_BYTES])
{
    CHECK(reader->disk != NULL); // only a backup walks blobs, and it needs a folder
    return journal_disk_next_blob(reader->disk, after, ret_hash);
}
