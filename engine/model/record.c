#include "engine/model/record.h"

#include "base/check.h"

enum { RECORD_ELEMENTS = 13 };

void record_encode(struct buf *buf, const struct record *record)
{
    CHECK(record->command > COMMAND_NONE && record->command < COMMAND_KIND_COUNT);
    CHECK(record->touched_count <= TOUCHED_MAX);
    pack_array(buf, RECORD_ELEMENTS);
    pack_uint(buf, RECORD_FORMAT);
    pack_uint(buf, (uint64_t)record->command);
    pack_uint(buf, record->now_ms);
    pack_str(buf, record->client);
    pack_uint(buf, record->request);
    pack_uint(buf, record->request_hash);
    pack_uint(buf, record->on_behalf);
    pack_str(buf, record->actor);
    pack_uint(buf, record->cause_seq);
    pack_bin(buf, record->form);
    pack_str(buf, record->note);
    pack_array(buf, record->touched_count * 3);
    for (uint32_t i = 0; i < record->touched_count; i++) {
        pack_uint(buf, record->touched[i].instance);
        pack_uint(buf, record->touched[i].previous_seq);
        pack_uint(buf, record->touched[i].program);
    }
    pack_array(buf, record->event_count);
    for (uint32_t i = 0; i < record->event_count; i++) {
        event_encode(buf, &record->events[i]);
    }
}

static void decode_touched(struct unpack *unpack, struct arena *arena, struct record *record)
{
    uint32_t numbers = unpack_array(unpack);
    if (numbers % 3 != 0 || numbers / 3 > TOUCHED_MAX) {
        unpack->bad = true;
        return;
    }
    record->touched_count = numbers / 3;
    struct record_touched *touched =
        ARENA_ARRAY(arena, struct record_touched, record->touched_count);
    for (uint32_t i = 0; i < record->touched_count; i++) {
        touched[i].instance = unpack_uint(unpack);
        touched[i].previous_seq = unpack_uint(unpack);
        touched[i].program = (uint32_t)unpack_uint(unpack);
    }
    record->touched = touched;
}

static void decode_events(struct unpack *unpack, struct arena *arena, struct record *record)
{
    uint32_t count = unpack_array(unpack);
    if (unpack->bad) {
        return;
    }
    struct event *events = arena_alloc_raw(arena, sizeof(struct event) * count);
    for (uint32_t i = 0; i < count && !unpack->bad; i++) {
        events[i] = event_decode(unpack);
    }
    record->events = events;
    record->event_count = count;
}

enum err record_decode(struct slice bytes, struct arena *arena, struct record *ret_record)
{
    size_t whole;
    if (pack_scan(bytes, RECORD_BYTES_MAX, &whole) != PACK_WHOLE || whole != bytes.len) {
        return ERR_CORRUPT;
    }
    return record_decode_own(bytes, arena, ret_record);
}

enum err record_decode_own(struct slice bytes, struct arena *arena, struct record *ret_record)
{
    struct unpack unpack;
    unpack_init(&unpack, bytes);
    struct record record = { 0 };
    if (unpack_array(&unpack) != RECORD_ELEMENTS || unpack_uint(&unpack) != RECORD_FORMAT) {
        return ERR_CORRUPT;
    }
    uint64_t command = unpack_uint(&unpack);
    record.now_ms = unpack_uint(&unpack);
    record.client = unpack_str(&unpack);
    record.request = unpack_uint(&unpack);
    record.request_hash = unpack_uint(&unpack);
    record.on_behalf = (uint32_t)unpack_uint(&unpack);
    record.actor = unpack_str(&unpack);
    record.cause_seq = unpack_uint(&unpack);
    record.form = unpack_bin(&unpack);
    record.note = unpack_str(&unpack);
    decode_touched(&unpack, arena, &record);
    decode_events(&unpack, arena, &record);
    if (unpack.bad || unpack.at != unpack.end || command == 0 || command >= COMMAND_KIND_COUNT) {
        return ERR_CORRUPT;
    }
    record.command = (enum command_kind)command;
    *ret_record = record;
    return OK;
}

static bool head_equal(const struct record *a, const struct record *b)
{
    return a->command == b->command && a->now_ms == b->now_ms &&
           slice_equal(a->client, b->client) && a->request == b->request &&
           a->request_hash == b->request_hash && a->on_behalf == b->on_behalf &&
           slice_equal(a->actor, b->actor) && a->cause_seq == b->cause_seq &&
           slice_equal(a->form, b->form) && slice_equal(a->note, b->note) &&
           a->touched_count == b->touched_count && a->event_count == b->event_count;
}

bool record_equal(const struct record *a, const struct record *b)
{
    if (!head_equal(a, b)) {
        return false;
    }
    for (uint32_t i = 0; i < a->touched_count; i++) {
        if (a->touched[i].instance != b->touched[i].instance ||
            a->touched[i].previous_seq != b->touched[i].previous_seq ||
            a->touched[i].program != b->touched[i].program) {
            return false;
        }
    }
    for (uint32_t i = 0; i < a->event_count; i++) {
        if (!event_equal(&a->events[i], &b->events[i])) {
            return false;
        }
    }
    return true;
}
