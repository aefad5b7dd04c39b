#include "engine/store/journal_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/mem.h"
#include "base/reader.h"
#include "engine/store/files.h"
#include "engine/store/journal_pending.h"

#define LOG_MAGIC 0x474f4c52u // "RLOG"
enum { CHECK_BYTES = 16, CHECKED_HEAD_BYTES = LOG_HEAD_BYTES - CHECK_BYTES };
enum { FRAME_KEEP_BYTES = 4 * 1024 * 1024, PIECE_BYTES = 64 * 1024, FILE_MODE = 0600 };
// How long a file is kept: what this many flushes of the present size write.
enum { FLUSHES_AHEAD = 4 };
#define SEGMENT_BYTES_MIN ((uint64_t)64 * 1024)
#define SEGMENT_BYTES_MAX ((uint64_t)16 * 1024 * 1024)
#define FRAME_BYTES_MAX_ALL ((size_t)600 * 1024 * 1024)

// Free → current (writer) → used (writer, when it turns to the other) → free (flusher, once the
// environment holds all of it); free → growing → free (flusher). Whose turn it is may touch the
// rest.
enum segment_state { SEGMENT_FREE, SEGMENT_CURRENT, SEGMENT_USED, SEGMENT_GROWING };

struct segment {
    int fd;
    _Atomic int state;
    uint64_t length; // of the file
    uint64_t used;
    uint64_t last_seq;
};

struct journal_log {
    uint8_t uuid[STORE_UUID_BYTES];
    struct segment segment[LOG_SEGMENTS];
    unsigned current;             // the writer's
    atomic_uint_fast64_t written; // bytes since the log was opened
    uint64_t written_before;      // flusher: at the last call of extend
    struct buf frame;             // the writer's
};

_Static_assert(4 + 4 + 8 + 8 + 8 + STORE_UUID_BYTES == CHECKED_HEAD_BYTES, "the head of a frame");

// --- one frame -----------------------------------------------------------------------------------

static size_t aligned(uint64_t bytes)
{
    return (size_t)((bytes + LOG_ALIGN_BYTES - 1) / LOG_ALIGN_BYTES * LOG_ALIGN_BYTES);
}

static void put_le(uint8_t *to, uint64_t value, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++) {
        to[i] = (uint8_t)(value >> (8 * i));
    }
}

static void checksum(struct slice head, struct slice body, uint8_t ret_check[CHECK_BYTES])
{
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, NULL, 0, CHECK_BYTES);
    (void)crypto_generichash_update(&state, (const uint8_t *)head.ptr, head.len);
    (void)crypto_generichash_update(&state, (const uint8_t *)body.ptr, body.len);
    (void)crypto_generichash_final(&state, ret_check, CHECK_BYTES);
}

static void make_frame(struct journal_log *log, const struct journal_stage *stage, uint32_t records)
{
    uint8_t head[LOG_HEAD_BYTES] = { 0 };
    put_le(head, LOG_MAGIC, 4);
    put_le(head + 4, records, 4);
    put_le(head + 8, stage->first_seq, 8);
    put_le(head + 16, stage->records.len, 8);
    put_le(head + 24, stage->blobs.len, 8);
    memcpy(head + 32, log->uuid, STORE_UUID_BYTES);
    struct buf *frame = &log->frame;
    buf_reset(frame);
    buf_put(frame, head, sizeof(head));
    buf_put_slice(frame, stage->records);
    buf_put_slice(frame, stage->blobs);
    size_t used = frame->len;
    char *rest = buf_reserve(frame, aligned(used) - used);
    CHECK(rest != NULL && !frame->overflow);
    memset(rest, 0, aligned(used) - used);
    frame->len = aligned(used);
    uint8_t check[CHECK_BYTES];
    checksum(slice_make(head, CHECKED_HEAD_BYTES),
             slice_make(frame->ptr + LOG_HEAD_BYTES, used - LOG_HEAD_BYTES), check);
    memcpy(frame->ptr + CHECKED_HEAD_BYTES, check, sizeof(check));
}

// Do the runs of bytes of a frame hold what its head says?
static bool runs_are_whole(const struct journal_log_frame *frame)
{
    struct reader reader;
    reader_init(&reader, frame->stage.records);
    // The count is what the disk says.
    for (uint32_t i = 0; i < frame->records && !reader.bad; i++) {
        (void)reader_take(&reader, reader_u32(&reader));
    }
    bool whole = !reader.bad && reader.len == 0;
    reader_init(&reader, frame->stage.blobs);
    while (whole && reader.len > 0) {
        (void)reader_take(&reader, STORE_HASH_BYTES);
        uint64_t bytes = reader_u64(&reader);
        (void)reader_take(&reader, bytes <= SIZE_MAX ? (size_t)bytes : SIZE_MAX);
        whole = !reader.bad;
    }
    return whole && (frame->records > 0 || frame->stage.blobs.len > 0);
}

bool journal_log_frame(struct slice segment, size_t at, const uint8_t uuid[STORE_UUID_BYTES],
                       struct journal_log_frame *ret_frame)
{
    struct slice rest = slice_sub(segment, at, SIZE_MAX);
    struct slice head = slice_sub(rest, 0, CHECKED_HEAD_BYTES);
    struct reader reader;
    reader_init(&reader, rest);
    uint32_t magic = reader_u32(&reader);
    ret_frame->records = reader_u32(&reader);
    ret_frame->stage.first_seq = reader_u64(&reader);
    uint64_t records = reader_u64(&reader);
    uint64_t blobs = reader_u64(&reader);
    struct slice owner = reader_take(&reader, STORE_UUID_BYTES);
    struct slice said = reader_take(&reader, CHECK_BYTES);
    if (reader.bad || magic != LOG_MAGIC || memcmp(owner.ptr, uuid, STORE_UUID_BYTES) != 0 ||
        records > reader.len || blobs > reader.len - records ||
        ret_frame->stage.first_seq == 0 ||
        ret_frame->stage.first_seq > UINT64_MAX - ret_frame->records) {
        return false;
    }
    ret_frame->stage.records = slice_sub(rest, LOG_HEAD_BYTES, (size_t)records);
    ret_frame->stage.blobs = slice_sub(rest, LOG_HEAD_BYTES + (size_t)records, (size_t)blobs);
    ret_frame->bytes = aligned(LOG_HEAD_BYTES + records + blobs);
    uint8_t check[CHECK_BYTES];
    checksum(head, slice_sub(rest, LOG_HEAD_BYTES, (size_t)(records + blobs)), check);
    return memcmp(check, said.ptr, CHECK_BYTES) == 0 && runs_are_whole(ret_frame);
}

// --- opening -------------------------------------------------------------------------------------

// Zeros from the file's end up to `length`, synced. False: the disk has no room for them.
static bool lengthen(struct segment *segment, uint64_t length)
{
    static const char zeros[PIECE_BYTES];
    while (segment->length < length) {
        uint64_t left = length - segment->length;
        ssize_t done = pwrite(segment->fd, zeros, left < PIECE_BYTES ? (size_t)left : PIECE_BYTES,
                              (off_t)segment->length);
        // Piece by piece: a batch's sync beside it must not wait for many megabytes.
        if (done <= 0 || fdatasync(segment->fd) != 0) {
            return false;
        }
        segment->length += (uint64_t)done;
    }
    return true;
}

static enum err open_segment(struct segment *segment, const char *folder, uint32_t number)
{
    struct files_path path;
    char name[16];
    struct stat status;
    (void)snprintf(name, sizeof(name), "log.%u", (unsigned)number);
    enum err err = files_join(&path, folder, name);
    if (err != OK) {
        return err;
    }
    segment->fd = open(path.text, O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE);
    if (segment->fd < 0 || fstat(segment->fd, &status) != 0) {
        return ERR_IO;
    }
    segment->length = (uint64_t)status.st_size;
    atomic_init(&segment->state, SEGMENT_FREE);
    return OK;
}

enum err journal_log_open(const char *folder, const uint8_t uuid[STORE_UUID_BYTES],
                          struct journal_log **ret_log)
{
    struct journal_log *log = mem_zalloc(sizeof(*log));
    memcpy(log->uuid, uuid, STORE_UUID_BYTES);
    buf_init(&log->frame, FRAME_BYTES_MAX_ALL);
    atomic_init(&log->written, 0);
    enum err err = OK;
    for (uint32_t i = 0; i < LOG_SEGMENTS; i++) {
        log->segment[i].fd = -1;
    }
    for (uint32_t i = 0; i < LOG_SEGMENTS && err == OK; i++) {
        err = open_segment(&log->segment[i], folder, i);
    }
    if (err == OK) {
        err = files_sync_folder(folder);
    }
    if (err != OK) {
        journal_log_close(log);
        return err;
    }
    *ret_log = log;
    return OK;
}

void journal_log_close(struct journal_log *log)
{
    if (log == NULL) {
        return;
    }
    for (uint32_t i = 0; i < LOG_SEGMENTS; i++) {
        if (log->segment[i].fd >= 0) {
            (void)close(log->segment[i].fd);
        }
    }
    buf_done(&log->frame);
    mem_free(log);
}

// --- after a crash -------------------------------------------------------------------------------

struct recovery {
    const struct journal_log *log;
    struct buf bytes[LOG_SEGMENTS];
    size_t at[LOG_SEGMENTS];
    uint64_t next_seq;
    uint8_t chain[STORE_CHAIN_BYTES];
};

static enum err read_segment(const struct segment *segment, struct buf *to)
{
    while (to->len < segment->length) {
        uint64_t left = segment->length - to->len;
        char *room = buf_reserve(to, left < PIECE_BYTES ? (size_t)left : PIECE_BYTES);
        if (room == NULL) {
            return ERR_CORRUPT; // no log of ours is as long
        }
        ssize_t got = pread(segment->fd, room, left < PIECE_BYTES ? (size_t)left : PIECE_BYTES,
                            (off_t)to->len);
        if (got <= 0) {
            return ERR_IO;
        }
        to->len += (size_t)got;
    }
    return OK;
}

// Does each record follow from the one before?
static bool follow_chain(struct recovery *recovery, const struct journal_log_frame *frame)
{
    struct reader reader;
    reader_init(&reader, frame->stage.records);
    bool good = true;
    for (uint32_t i = 0; i < frame->records && good; i++) {
        struct reader record;
        reader_init(&record, reader_take(&reader, reader_u32(&reader)));
        struct slice said = reader_take(&record, STORE_CHAIN_BYTES);
        uint64_t now_ms = reader_u64(&record);
        good = !record.bad && record.len > 0;
        if (good) {
            uint8_t chain[STORE_CHAIN_BYTES];
            journal_chain(recovery->chain, now_ms, slice_make(record.ptr, record.len), chain);
            good = memcmp(chain, said.ptr, sizeof(chain)) == 0;
            memcpy(recovery->chain, chain, sizeof(chain));
        }
    }
    return good;
}

// The next batch, in one of the files. ERR_NOT_FOUND: there is none.
static enum err find_next(struct recovery *recovery, struct journal_log_frame *ret_frame)
{
    for (uint32_t i = 0; i < LOG_SEGMENTS; i++) {
        struct slice bytes = buf_slice(&recovery->bytes[i]);
        while (journal_log_frame(bytes, recovery->at[i], recovery->log->uuid, ret_frame)) {
            uint64_t first = ret_frame->stage.first_seq;
            // A frame of blobs alone is harmless to keep twice; one of records is older.
            if (first > recovery->next_seq) {
                break; // the other file's come first
            }
            recovery->at[i] += ret_frame->bytes;
            if (first == recovery->next_seq) {
                return OK;
            }
            if (first + ret_frame->records > recovery->next_seq) {
                return ERR_CORRUPT; // the environment ends in the middle of a batch
            }
        }
    }
    return ERR_NOT_FOUND;
}

// A whole frame that should have come later: then one before it is missing.
static bool holds_later(const struct recovery *recovery)
{
    for (uint32_t i = 0; i < LOG_SEGMENTS; i++) {
        struct slice bytes = buf_slice(&recovery->bytes[i]);
        struct journal_log_frame frame;
        for (size_t at = recovery->at[i]; at < bytes.len; at += LOG_ALIGN_BYTES) {
            if (journal_log_frame(bytes, at, recovery->log->uuid, &frame) && frame.records > 0 &&
                frame.stage.first_seq >= recovery->next_seq) {
                return true;
            }
        }
    }
    return false;
}

static enum err walk(struct recovery *recovery, journal_log_fn *keep, void *context)
{
    for (;;) {
        struct journal_log_frame frame;
        enum err err = find_next(recovery, &frame);
        if (err == ERR_NOT_FOUND) {
            return holds_later(recovery) ? ERR_CORRUPT : OK;
        }
        if (err == OK && !follow_chain(recovery, &frame)) {
            err = ERR_CORRUPT;
        }
        if (err == OK) {
            err = keep(context, &frame.stage);
        }
        if (err != OK) {
            return err;
        }
        recovery->next_seq += frame.records;
    }
}

enum err journal_log_recover(struct journal_log *log, const struct store_head *last,
                             journal_log_fn *keep, void *context)
{
    struct recovery recovery = { .log = log, .next_seq = last->seq + 1 };
    memcpy(recovery.chain, last->chain, sizeof(recovery.chain));
    enum err err = OK;
    for (uint32_t i = 0; i < LOG_SEGMENTS; i++) {
        buf_init(&recovery.bytes[i], SIZE_MAX / 2);
        if (err == OK) {
            err = read_segment(&log->segment[i], &recovery.bytes[i]);
        }
    }
    if (err == OK) {
        err = walk(&recovery, keep, context);
    }
    for (uint32_t i = 0; i < LOG_SEGMENTS; i++) {
        buf_done(&recovery.bytes[i]);
        if (err == OK) {
            (void)lengthen(&log->segment[i], SEGMENT_BYTES_MIN); // else the first write says so
        }
        // What a failed sync left behind must not be carried along.
        if (err == OK && fdatasync(log->segment[i].fd) != 0) {
            err = ERR_IO;
        }
    }
    atomic_store(&log->segment[log->current].state, SEGMENT_CURRENT);
    return err;
}

// --- writing -------------------------------------------------------------------------------------

// The file that the frame goes to: the other one when this one is full and that one is free.
static struct segment *choose(struct journal_log *log, size_t bytes)
{
    struct segment *segment = &log->segment[log->current];
    unsigned other = (log->current + 1) % LOG_SEGMENTS;
    int wanted = SEGMENT_FREE;
    if (segment->used + bytes <= segment->length ||
        !atomic_compare_exchange_strong(&log->segment[other].state, &wanted, SEGMENT_CURRENT)) {
        return segment;
    }
    log->current = other;
    log->segment[other].used = 0;
    atomic_store(&segment->state, SEGMENT_USED);
    return &log->segment[other];
}

// The disk had no room for the whole frame: what is there of it must never be taken for one.
static enum err take_back(const struct segment *segment, size_t written)
{
    static const char zeros[LOG_ALIGN_BYTES];
    if (written == 0) {
        return ERR_FULL;
    }
    bool wiped = pwrite(segment->fd, zeros, sizeof(zeros), (off_t)segment->used) ==
                     (ssize_t)sizeof(zeros) &&
                 fdatasync(segment->fd) == 0;
    return wiped ? ERR_FULL : ERR_IO;
}

static enum err put_frame(const struct segment *segment, struct slice frame)
{
    size_t done = 0;
    while (done < frame.len) {
        ssize_t n = pwrite(segment->fd, frame.ptr + done, frame.len - done,
                           (off_t)(segment->used + done));
        if (n > 0) {
            done += (size_t)n;
        } else if (n == 0 || errno == ENOSPC || errno == EDQUOT || errno == EFBIG) {
            return take_back(segment, done);
        } else if (errno != EINTR) {
            return ERR_IO;
        }
    }
    return fdatasync(segment->fd) == 0 ? OK : ERR_IO;
}

enum err journal_log_write(struct journal_log *log, const struct journal_stage *stage)
{
    uint32_t records = journal_stage_records(stage);
    make_frame(log, stage, records);
    struct segment *segment = choose(log, log->frame.len);
    enum err err = put_frame(segment, buf_slice(&log->frame));
    if (err == OK) {
        segment->used += log->frame.len;
        segment->length = segment->used > segment->length ? segment->used : segment->length;
        segment->last_seq = stage->first_seq + records - 1;
        (void)atomic_fetch_add(&log->written, log->frame.len);
    }
    if (log->frame.capacity > FRAME_KEEP_BYTES) {
        buf_done(&log->frame);
        buf_init(&log->frame, FRAME_BYTES_MAX_ALL);
    }
    return err;
}

// --- the flusher's -------------------------------------------------------------------------------

void journal_log_kept(struct journal_log *log, uint64_t seq)
{
    for (unsigned i = 0; i < LOG_SEGMENTS; i++) {
        struct segment *segment = &log->segment[i];
        if (atomic_load(&segment->state) == SEGMENT_USED && segment->last_seq <= seq) {
            atomic_store(&segment->state, SEGMENT_FREE);
        }
    }
}

void journal_log_extend(struct journal_log *log)
{
    uint64_t written = atomic_load(&log->written);
    uint64_t wanted = FLUSHES_AHEAD * (written - log->written_before);
    log->written_before = written;
    wanted = wanted < SEGMENT_BYTES_MAX ? aligned(wanted) : SEGMENT_BYTES_MAX;
    for (unsigned i = 0; i < LOG_SEGMENTS; i++) {
        struct segment *segment = &log->segment[i];
        int free_now = SEGMENT_FREE;
        if (atomic_compare_exchange_strong(&segment->state, &free_now, SEGMENT_GROWING)) {
            (void)lengthen(segment, wanted);
            atomic_store(&segment->state, SEGMENT_FREE);
        }
    }
}
