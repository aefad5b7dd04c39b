#include "engine/model/event.h"

#include <stddef.h>

#include "base/attr.h"
#include "base/check.h"

// One table of fields per kind of event, made from event.def.
#define EVENT(KIND, name) static const struct event_field fields_##name[] = {
#define FIELD_OF(e, f, type) { #f, type, (uint32_t)offsetof(struct event, e.f) },
#define U8(e, f) FIELD_OF(e, f, FIELD_TYPE_U8)
#define U16(e, f) FIELD_OF(e, f, FIELD_TYPE_U16)
#define U32(e, f) FIELD_OF(e, f, FIELD_TYPE_U32)
#define U64(e, f) FIELD_OF(e, f, FIELD_TYPE_U64)
#define I64(e, f) FIELD_OF(e, f, FIELD_TYPE_I64)
#define FLAG(e, f) FIELD_OF(e, f, FIELD_TYPE_FLAG)
#define TEXT(e, f) FIELD_OF(e, f, FIELD_TYPE_TEXT)
#define VALUE(e, f) FIELD_OF(e, f, FIELD_TYPE_VALUE)
#define BYTES(e, f) FIELD_OF(e, f, FIELD_TYPE_BYTES)
#define END(KIND, name) };
#include "engine/model/event.def"
#undef FIELD_OF

struct kind_entry {
    const char *name;
    const struct event_field *fields;
    uint32_t count;
};

static const struct kind_entry kinds[EVENT_KIND_COUNT] = {
#define EVENT(KIND, name) [EVENT_##KIND] = { #name, fields_##name, ARRAY_COUNT(fields_##name) },
#include "engine/model/event.def"
};

const char *event_name(enum event_kind kind)
{
    CHECK(kind > EVENT_NONE && kind < EVENT_KIND_COUNT);
    return kinds[kind].name;
}

const struct event_field *event_fields(enum event_kind kind, uint32_t *ret_count)
{
    CHECK(kind > EVENT_NONE && kind < EVENT_KIND_COUNT);
    *ret_count = kinds[kind].count;
    return kinds[kind].fields;
}

uint64_t event_instance(const struct event *event)
{
    CHECK(event->kind > EVENT_NONE && event->kind < EVENT_KIND_COUNT);
    const struct event_field *first = &kinds[event->kind].fields[0];
    bool of_instance = first->type == FIELD_TYPE_U64 && strcmp(first->name, "instance") == 0;
    return of_instance ? event->instance_started.instance : 0;
}

_Static_assert(offsetof(struct event, instance_started.instance) ==
                   offsetof(struct event, stage_entered.instance),
               "`instance` stands first in every event that has it");

static void encode_field(struct buf *buf, const struct event_field *field, const char *base)
{
    const void *at = base + field->offset;
    switch (field->type) {
    case FIELD_TYPE_U8: pack_uint(buf, *(const uint8_t *)at); break;
    case FIELD_TYPE_U16: pack_uint(buf, *(const uint16_t *)at); break;
    case FIELD_TYPE_U32: pack_uint(buf, *(const uint32_t *)at); break;
    case FIELD_TYPE_U64: pack_uint(buf, *(const uint64_t *)at); break;
    case FIELD_TYPE_I64: pack_int(buf, *(const int64_t *)at); break;
    case FIELD_TYPE_FLAG: pack_bool(buf, *(const bool *)at); break;
    case FIELD_TYPE_TEXT: pack_str(buf, *(const struct slice *)at); break;
    case FIELD_TYPE_VALUE: {
        const struct slice *value = at;
        if (value->len == 0) {
            pack_nil(buf);
        } else {
            buf_put_slice(buf, *value);
        }
        break;
    }
    case FIELD_TYPE_BYTES: pack_bin(buf, *(const struct slice *)at); break;
    }
}

void event_encode(struct buf *buf, const struct event *event)
{
    CHECK(event->kind > EVENT_NONE && event->kind < EVENT_KIND_COUNT);
    const struct kind_entry *entry = &kinds[event->kind];
    pack_array(buf, entry->count + 1);
    pack_uint(buf, event->kind);
    for (uint32_t i = 0; i < entry->count; i++) {
        encode_field(buf, &entry->fields[i], (const char *)event);
    }
}

static uint64_t bounded_uint(struct unpack *unpack, uint64_t most)
{
    uint64_t number = unpack_uint(unpack);
    if (number > most) {
        unpack->bad = true;
        return 0;
    }
    return number;
}

static void decode_field(struct unpack *unpack, const struct event_field *field, char *base)
{
    void *at = base + field->offset;
    switch (field->type) {
    case FIELD_TYPE_U8: *(uint8_t *)at = (uint8_t)bounded_uint(unpack, UINT8_MAX); break;
    case FIELD_TYPE_U16: *(uint16_t *)at = (uint16_t)bounded_uint(unpack, UINT16_MAX); break;
    case FIELD_TYPE_U32: *(uint32_t *)at = (uint32_t)bounded_uint(unpack, UINT32_MAX); break;
    case FIELD_TYPE_U64: *(uint64_t *)at = unpack_uint(unpack); break;
    case FIELD_TYPE_I64: *(int64_t *)at = unpack_int(unpack); break;
    case FIELD_TYPE_FLAG: *(bool *)at = unpack_bool(unpack); break;
    case FIELD_TYPE_TEXT: *(struct slice *)at = unpack_str(unpack); break;
    case FIELD_TYPE_VALUE: {
        struct slice raw = unpack_raw(unpack);
        bool empty = raw.len == 1 && (unsigned char)raw.ptr[0] == 0xc0;
        *(struct slice *)at = empty ? SLICE_EMPTY : raw;
        break;
    }
    case FIELD_TYPE_BYTES: *(struct slice *)at = unpack_bin(unpack); break;
    }
}

struct event event_decode(struct unpack *unpack)
{
    struct event event;
    memset(&event, 0, sizeof(event));
    uint32_t count = unpack_array(unpack);
    uint64_t kind = count > 0 ? unpack_uint(unpack) : 0;
    if (unpack->bad || kind == EVENT_NONE || kind >= EVENT_KIND_COUNT ||
        count != kinds[kind].count + 1) {
        unpack->bad = true;
        return event;
    }
    event.kind = (enum event_kind)kind;
    for (uint32_t i = 0; i < kinds[kind].count; i++) {
        decode_field(unpack, &kinds[kind].fields[i], (char *)&event);
    }
    return event;
}

static bool field_equal(const struct event_field *field, const char *a, const char *b)
{
    const void *x = a + field->offset;
    const void *y = b + field->offset;
    switch (field->type) {
    case FIELD_TYPE_U8: return *(const uint8_t *)x == *(const uint8_t *)y;
    case FIELD_TYPE_U16: return *(const uint16_t *)x == *(const uint16_t *)y;
    case FIELD_TYPE_U32: return *(const uint32_t *)x == *(const uint32_t *)y;
    case FIELD_TYPE_U64: return *(const uint64_t *)x == *(const uint64_t *)y;
    case FIELD_TYPE_I64: return *(const int64_t *)x == *(const int64_t *)y;
    case FIELD_TYPE_FLAG: return *(const bool *)x == *(const bool *)y;
    case FIELD_TYPE_TEXT:
    case FIELD_TYPE_VALUE:
    case FIELD_TYPE_BYTES: return slice_equal(*(const struct slice *)x, *(const struct slice *)y);
    }
    UNREACHABLE();
}

bool event_equal(const struct event *a, const struct event *b)
{
    if (a->kind != b->kind) {
        return false;
    }
    const struct kind_entry *entry = &kinds[a->kind];
    for (uint32_t i = 0; i < entry->count; i++) {
        if (!field_equal(&entry->fields[i], (const char *)a, (const char *)b)) {
            return false;
        }
    }
    return true;
}

const char *outcome_name(enum outcome outcome)
{
    static const char *const names[] = { "ended", "succeeded", "failed", "cancelled", "merged" };
    CHECK((unsigned)outcome < ARRAY_COUNT(names));
    return names[outcome];
}

const char *message_outcome_name(enum message_outcome outcome)
{
    static const char *const names[] = { "delivered", "kept", "not_awaited", "ended", "started",
                                         "dropped", "failed" };
    _Static_assert(ARRAY_COUNT(names) == MESSAGE_OUTCOME_COUNT, "one name each");
    return (unsigned)outcome < MESSAGE_OUTCOME_COUNT ? names[outcome] : "unknown";
}

const char *call_outcome_name(enum call_outcome outcome)
{
    static const char *const names[] = { "retried", "done", "failed", "parked", "withdrawn" };
    _Static_assert(ARRAY_COUNT(names) == CALL_OUTCOME_COUNT, "one name each");
    return (unsigned)outcome < CALL_OUTCOME_COUNT ? names[outcome] : "unknown";
}
