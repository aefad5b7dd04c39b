// Inside engine/decide only: messages that come in, calls that go out, incidents that hold what
// could not be done.
#ifndef RUNG_ENGINE_DECIDE_OUTSIDE_H
#define RUNG_ENGINE_DECIDE_OUTSIDE_H

#include "engine/decide/decide_internal.h"

// --- messages.c ---
struct message {
    struct slice connector, name;
    struct slice form; // packed map {parameter: value}
    uint32_t kept;     // number of one that has waited, or 0
};
// The signal of that name in the program, or INDEX_NONE.
uint32_t message_signal(const struct image *image, const struct message *message);
// Gives it to the case: a handler runs, or it is kept, or recorded. The case may have ended.
enum run_result message_give(struct run *run, const struct message *message);
void message_emit(struct decide *d, uint64_t instance, const struct message *message,
                  enum message_outcome outcome, uint32_t signal);

// --- calls.c ---
// Is another call of the case and connector on its way?
bool call_is_behind(const struct run *run, struct slice connector);
// Takes the call off the way, with what became of it, and lets the next one go.
void call_emit_attempted(struct run *run, const struct open_call *call, enum call_outcome outcome,
                         uint64_t due);

// --- incidents.c ---
enum incident_retry {
    INCIDENT_NOTHING,
    INCIDENT_TIMER,   // def, stage, entry
    INCIDENT_OVERDUE, // task
    INCIDENT_SETTLE,  // rules are looked at again
    INCIDENT_MESSAGE, // connector, name, form
    INCIDENT_CALL     // call
};
void incident_open(struct decide *d, uint64_t instance, struct slice kind, struct slice text,
                   struct slice what);
struct slice incident_what(struct decide *d, enum incident_retry retry, const uint64_t *numbers,
                           uint32_t count);
// An administrator closes it without trying again: a parked call is given up.
void incident_forget(struct decide *d, const struct view_incident_row *row);
struct slice incident_message(struct decide *d, const struct message *message);

#endif
