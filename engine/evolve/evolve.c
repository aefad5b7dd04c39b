#include "engine/evolve/evolve.h"

#include "base/check.h"
#include "engine/evolve/evolve_internal.h"

void evolve_event(struct state *state, const struct event *event)
{
    switch (event->kind) {
#define EVENT(KIND, name) \
    case EVENT_##KIND: evolve_##name(state, &event->name); break;
#define U8(e, f)
#define U16(e, f)
#define U32(e, f)
#define U64(e, f)
#define I64(e, f)
#define FLAG(e, f)
#define TEXT(e, f)
#define VALUE(e, f)
#define BYTES(e, f)
#define END(KIND, name)
#include "engine/model/event.def"
#undef EVENT
#undef U8
#undef U16
#undef U32
#undef U64
#undef I64
#undef FLAG
#undef TEXT
#undef VALUE
#undef BYTES
#undef END
    case EVENT_NONE:
    case EVENT_KIND_COUNT: UNREACHABLE();
    }
}

void evolve_fold(struct state *state, const struct record *record, uint64_t seq)
{
    for (uint32_t i = 0; i < record->event_count; i++) {
        evolve_event(state, &record->events[i]);
    }
    evolve_record(state, record, seq);
}
