// Any bytes as a file of the log before the journal: frames lie inside it, their runs of bytes are
// whole, and the walk ends. The checksum is put right where a frame's head allows it, so that what
// lies behind it is reached.
#include <string.h>

#include <sodium.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/reader.h"
#include "engine/store/journal_log.h"
#include "tests/fuzz/fuzz.h"

enum { CHECK_BYTES = 16, SEGMENT_BYTES_MAX = 1 << 20 };

static const uint8_t uuid[STORE_UUID_BYTES] = "0123456789abcdef";

static void put_checksum(char *segment, size_t len, size_t at)
{
    struct reader reader;
    if (len - at < LOG_HEAD_BYTES) {
        return;
    }
    reader_init(&reader, slice_make(segment + at + 16, 16));
    uint64_t records = reader_u64(&reader), blobs = reader_u64(&reader);
    uint64_t room = len - at - LOG_HEAD_BYTES;
    if (records > room || blobs > room - records) {
        return;
    }
    crypto_generichash_state state;
    const size_t head = LOG_HEAD_BYTES - CHECK_BYTES;
    (void)crypto_generichash_init(&state, NULL, 0, CHECK_BYTES);
    (void)crypto_generichash_update(&state, (const uint8_t *)segment + at, head);
    (void)crypto_generichash_update(&state, (const uint8_t *)segment + at + LOG_HEAD_BYTES,
                                    records + blobs);
    (void)crypto_generichash_final(&state, (uint8_t *)segment + at + head, CHECK_BYTES);
}

static void walk_records(struct slice segment, const struct journal_log_frame *frame)
{
    struct reader reader;
    reader_init(&reader, frame->stage.records);
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < frame->records; i++) {
        struct slice record = reader_take(&reader, reader_u32(&reader));
        for (size_t k = 0; k < record.len; k++) {
            bytes += (uint8_t)record.ptr[k];
        }
    }
    CHECK(!reader.bad && reader.len == 0 && bytes <= (uint64_t)segment.len * 255);
#ifdef PLANTED_BUG
    // Takes the second record for granted.
    if (frame->records == 1 && frame->stage.records.len > 8) {
        CHECK(frame->stage.records.ptr[frame->stage.records.len - 1] != 'z');
    }
#endif
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf buf;
    if (size > SEGMENT_BYTES_MAX || size == 0) {
        return 0;
    }
    buf_init(&buf, SEGMENT_BYTES_MAX);
    buf_put(&buf, data, size);
    size_t at = 0;
    struct journal_log_frame frame;
    put_checksum(buf.ptr, buf.len, 0);
    while (journal_log_frame(buf_slice(&buf), at, uuid, &frame)) {
        CHECK(frame.bytes >= LOG_ALIGN_BYTES && frame.bytes % LOG_ALIGN_BYTES == 0);
        CHECK(frame.stage.records.len + frame.stage.blobs.len <= buf.len - at);
        walk_records(buf_slice(&buf), &frame);
        at += frame.bytes;
        if (at < buf.len) {
            put_checksum(buf.ptr, buf.len, at);
        }
    }
    buf_done(&buf);
    return 0;
}
