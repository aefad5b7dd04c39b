// Stored bytes are input. The first byte says what the rest is: records one after the other (a
// length of two bytes before each) that are decoded and folded into a store in memory, one instance
// row, or one event. Nothing may crash; what decodes encodes to the same meaning; what does not
// fold is refused and leaves the store usable.
#include "base/check.h"
#include "base/pack.h"
#include "engine/evolve/evolve.h"
#include "engine/model/record.h"
#include "engine/state/frame.h"
#include "engine/state/state.h"
#include "engine/store/store.h"
#include "tests/fuzz/fuzz.h"

enum { KIND_RECORDS, KIND_INSTANCE, KIND_EVENT, KIND_COUNT };

static void check_record(const struct record *record, struct arena *arena)
{
    struct buf bytes;
    buf_init(&bytes, 2 * RECORD_BYTES_MAX);
    record_encode(&bytes, record);
    CHECK(!bytes.overflow);
    struct record again;
    enum err err = record_decode(buf_slice(&bytes), arena, &again);
    CHECK(err == OK && record_equal(record, &again));
    buf_done(&bytes);
#ifdef PLANTED_BUG
    uint32_t said[8] = { 0 }; // by user: a small company
    said[record->on_behalf]++;
    CHECK(said[0] <= 1);
#endif
}

static bool fold(struct store *store, struct state *state, struct slice bytes)
{
    struct arena arena;
    arena_init(&arena, 64 * 1024 * 1024);
    struct record record;
    enum err err = record_decode(bytes, &arena, &record);
    if (err == OK && record.now_ms < store_head(store)->now_ms) {
        err = ERR_CORRUPT; // time never goes back; whoever folds a journal looks at that
    }
    if (err == OK) {
        check_record(&record, &arena);
        uint64_t seq = store_head(store)->seq + 1;
        state_command_begin(state, record.now_ms);
        evolve_fold(state, &record, seq);
        err = state_command_store(state);
        if (err == OK) {
            (void)store_append(store, bytes, record.now_ms);
            store_command_accept(store);
            enum err committed = store_commit(store);
            CHECK(committed == OK);
        } else {
            store_command_refuse(store);
            store_batch_drop(store);
            state_refresh_all(state);
        }
    }
    arena_done(&arena);
    return err == OK;
}

static bool each_instance(void *context, const struct instance *instance)
{
    (void)instance_next_leaf(instance, 0, NULL);
    (void)instance_main_task(instance, 0);
    (*(uint32_t *)context)++;
    return true;
}

static void fold_records(struct slice rest)
{
    struct store *store = NULL;
    struct state *state = NULL;
    struct store_problem problem;
    const struct store_options options = { .create = true };
    enum err err = store_open(&options, &store, &problem);
    CHECK(err == OK);
    err = state_open(store, &state);
    CHECK(err == OK);
    bool good = true;
    while (good && rest.len > 2) {
        size_t len = (size_t)(uint8_t)rest.ptr[0] << 8 | (uint8_t)rest.ptr[1];
        good = fold(store, state, slice_sub(rest, 2, len));
        rest = slice_sub(rest, 2 + len, rest.len);
    }
    uint32_t instances = 0;
    state_command_begin(state, 1);
    view_all_instances(state_view(state), 0, each_instance, &instances);
    state_close(state);
    store_close(store, false);
}

static void decode_instance(struct slice bytes)
{
    static struct instance instance;
    if (instance_decode(bytes, &instance) != OK) {
        return;
    }
    (void)instance_next_leaf(&instance, 0, NULL);
    (void)instance_main_task(&instance, 0);
    (void)instance_slot(&instance, 1);
    struct buf again;
    buf_init(&again, 1 << 20);
    (void)instance_encode(&instance, &again);
    buf_done(&again);
}

// A frame that decodes is written again as the same bytes.
static void decode_frame(struct slice bytes)
{
    static struct frame frame;
    if (frame_decode(bytes, &frame) != OK) {
        return;
    }
    struct buf again;
    buf_init(&again, 1 << 20);
    frame_encode(&frame, &again);
    CHECK(slice_equal(buf_slice(&again), bytes));
    buf_done(&again);
}

static void decode_event(struct slice bytes)
{
    size_t whole = 0;
    if (pack_scan(bytes, 1 << 20, &whole) != PACK_WHOLE) {
        return;
    }
    struct unpack unpack;
    unpack_init(&unpack, slice_sub(bytes, 0, whole));
    struct event event = event_decode(&unpack);
    if (unpack.bad) {
        return;
    }
    (void)event_instance(&event);
    struct buf again;
    buf_init(&again, 2 << 20);
    event_encode(&again, &event);
    unpack_init(&unpack, buf_slice(&again));
    struct event twin = event_decode(&unpack);
    CHECK(!unpack.bad && event_equal(&event, &twin));
    buf_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    struct slice rest = slice_make((const char *)data + 1, size - 1);
    switch (data[0] % KIND_COUNT) {
    case KIND_RECORDS: fold_records(rest); break;
    case KIND_INSTANCE:
        decode_instance(rest);
        decode_frame(rest);
        break;
    default: decode_event(rest); break;
    }
    return 0;
}
