// Bytes of a connection, in pieces, through sessions, decoding and the whole engine. The first byte
// says how the rest is cut. Whatever comes: every byte that the engine sends is MessagePack, a
// malformed frame ends the connection, and nothing else does.
#include "base/check.h"
#include "base/pack.h"
#include "engine/shell/decode.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/memory_engine.h"

enum { INPUTS_PER_ENGINE = 32 };

static const char *const roles[] = { "head", "sales", NULL };

static void check_output(const struct buf *received)
{
    struct slice rest = buf_slice(received);
    while (rest.len > 0) {
        size_t whole = 0;
        enum pack_status status = pack_scan(rest, SESSION_OUTPUT_BYTES_MAX, &whole);
        CHECK(status == PACK_WHOLE);
        rest = slice_sub(rest, whole, rest.len);
    }
}

#ifdef PLANTED_BUG
// Believes that clients number their calls from 0 to 63.
static void look_at_call(const struct call *call)
{
    uint32_t answered[64] = { 0 };
    answered[call->msgid]++;
    CHECK(answered[call->msgid] == 1);
}
#endif

// The decoder alone, over every frame; so that a crash there is found without an engine around it.
static void decode_all(struct slice bytes)
{
    struct arena arena;
    arena_init(&arena, 1 << 20);
    size_t whole = 0;
    while (bytes.len > 0 && pack_scan(bytes, FRAME_BYTES_MAX, &whole) == PACK_WHOLE) {
        struct call call;
        struct refusal refusal = { .code = REFUSAL_NONE };
        enum decode_outcome outcome =
            decode_call(slice_sub(bytes, 0, whole), &arena, &call, &refusal);
        CHECK(IMPLIES(outcome != DECODE_CALL, refusal.message.len > 0));
#ifdef PLANTED_BUG
        if (outcome == DECODE_CALL) {
            look_at_call(&call);
        }
#endif
        if (outcome == DECODE_MALFORMED) {
            break;
        }
        bytes = slice_sub(bytes, whole, bytes.len);
    }
    arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct memory_engine memory;
    static uint32_t inputs;
    if (size < 1) {
        return 0;
    }
    struct slice bytes = slice_make((const char *)data + 1, size - 1);
    decode_all(bytes);
    if (inputs++ % INPUTS_PER_ENGINE == 0) {
        if (inputs > 1) {
            memory_engine_close(&memory);
        }
        memory_engine_open(&memory, memory_engine_sample, roles);
    }
    uint32_t index = memory_engine_connect(&memory);
    size_t piece = data[0] == 0 ? size : data[0];
    uint32_t stuck = 0;
    while (bytes.len > 0 && stuck < 1000) {
        size_t fed = memory_engine_feed(&memory, index, slice_sub(bytes, 0, piece));
        bytes = slice_sub(bytes, fed, bytes.len);
        memory_engine_settle(&memory);
        stuck = fed == 0 ? stuck + 1 : 0;
    }
    CHECK(stuck < 1000);
    check_output(&memory.received[index]);
    memory_engine_hang_up(&memory, index);
    return 0;
}
