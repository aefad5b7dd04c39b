// Events: one struct per line of event.def, and a table of their fields that drives encoding,
// decoding, comparing and printing, so that none of these can forget a field.
#ifndef RUNG_ENGINE_MODEL_EVENT_H
#define RUNG_ENGINE_MODEL_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/pack.h"
#include "base/slice.h"

enum event_kind {
    EVENT_NONE = 0,
#define EVENT(KIND, name) EVENT_##KIND,
#include "engine/model/event.def"
    EVENT_KIND_COUNT
};

#define EVENT(KIND, name) struct event_##name {
#define U8(e, f) uint8_t f;
#define U16(e, f) uint16_t f;
#define U32(e, f) uint32_t f;
#define U64(e, f) uint64_t f;
#define I64(e, f) int64_t f;
#define FLAG(e, f) bool f;
#define TEXT(e, f) struct slice f;
#define VALUE(e, f) struct slice f;
#define BYTES(e, f) struct slice f;
#define END(KIND, name) };
#include "engine/model/event.def"

struct event {
    enum event_kind kind;
    union {
#define EVENT(KIND, name) struct event_##name name;
#include "engine/model/event.def"
    };
};

enum event_field_type {
    FIELD_TYPE_U8, FIELD_TYPE_U16, FIELD_TYPE_U32, FIELD_TYPE_U64, FIELD_TYPE_I64, FIELD_TYPE_FLAG,
    FIELD_TYPE_TEXT, FIELD_TYPE_VALUE, FIELD_TYPE_BYTES
};
struct event_field {
    const char *name;
    enum event_field_type type;
    uint32_t offset; // within struct event
};
const char *event_name(enum event_kind kind); // "stage_entered"
// The fields of a kind, in stored order.
const struct event_field *event_fields(enum event_kind kind, uint32_t *ret_count);
// The instance that the event belongs to; 0 for events of the store and the company.
uint64_t event_instance(const struct event *event);

void event_encode(struct buf *buf, const struct event *event); // array: kind, fields…
// Texts and values borrow from the bytes. Sets unpack->bad on anything that does not validate.
struct event event_decode(struct unpack *unpack);
bool event_equal(const struct event *a, const struct event *b);

// In VERSION_MOVED: numbers of an image that a case holds, and what they are in the other version;
// INDEX_NONE: dropped. What is not listed keeps its number.
enum moved_part {
    MOVED_STAGE, MOVED_TASK, MOVED_TIMER, MOVED_ACTION, MOVED_LADDER, MOVED_RULE, MOVED_FIELD,
    MOVED_COLLECTION, MOVED_SIGNAL, MOVED_SEND, MOVED_ESCALATION,
    MOVED_PART_COUNT
};
struct event_moved_pair { uint32_t part, old, now; }; // one after the other in `pairs`
// Outcomes in INSTANCE_ENDED and CHILD_ENDED.
enum outcome { OUTCOME_PLAIN, OUTCOME_SUCCESS, OUTCOME_FAILURE, OUTCOME_CANCELLED, OUTCOME_MERGED };
const char *outcome_name(enum outcome outcome);

// In MESSAGE_TAKEN.
enum message_outcome {
    MESSAGE_DELIVERED,   // a handler ran
    MESSAGE_KEPT,        // it waits until one is there
    MESSAGE_NOT_AWAITED, // recorded, nothing ran
    MESSAGE_ENDED,       // recorded: the case is over
    MESSAGE_STARTED,     // it began the case, or joined it as a repeat
    MESSAGE_DROPPED,     // it waited, and the case ended
    MESSAGE_FAILED,      // it waited, and what it set off could not be done: an incident says what
    MESSAGE_OUTCOME_COUNT
};
const char *message_outcome_name(enum message_outcome outcome); // "not_awaited"
// In CALL_ATTEMPTED.
enum call_outcome {
    CALL_RETRIED, // failed, and will be tried again
    CALL_DONE,
    CALL_FAILED,  // given up: what follows has been done
    CALL_PARKED,  // given up, and an incident holds it
    CALL_WITHDRAWN, // what had queued it was taken back before it was tried
    CALL_OUTCOME_COUNT
};
const char *call_outcome_name(enum call_outcome outcome); // "retried"
// Moments of calls that are no moments.
#define CALL_DUE_BEHIND (UINT64_MAX - 1) // another call of the case and connector is before it
#define CALL_DUE_PARKED UINT64_MAX       // it waits for `rung retry`

#endif
