#include "engine/evolve/evolve.h"

#include "base/check.h"
#include "engine/evolve/evolve_internal.h"

void evolve_event(struct state *state, const struct event *event)
{
    switch (event->kind) {
#define EVENT(KIND, name) \
    case EVENT_##KIND: evolve_##name(state, &event->name); break;
#include "engine/model/event.def"
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
