// Decide: (view, program, command, now) → events | refusal. Reads only. Each event is handed to
// `emit` at once; the core evolves it into the command's layer, so that later lines see it in the
// view. A refusal after events is fine: the core empties the layer and nothing happened.
#ifndef RUNG_ENGINE_DECIDE_DECIDE_H
#define RUNG_ENGINE_DECIDE_DECIDE_H

#include "base/arena.h"
#include "engine/model/command.h"
#include "engine/model/event.h"
#include "engine/model/record.h"
#include "engine/model/refusal.h"
#include "engine/state/view.h"

// What the command brings about, as the batch's next commands: a child that ended and whose parent
// must hear of it (COMMAND_CHILD_ENDED), or a message that waited and is awaited now
// (COMMAND_DELIVER: `parent` is the case, `number` the message's).
struct decide_follow {
    enum command_kind kind;
    uint32_t number;
    uint64_t parent, child;
    uint32_t collection, round;
    uint8_t outcome;
    struct slice end;
};

struct hook_box;
struct ranges;

// What an undo would take back; made by the core, which can read the journal.
struct decide_undo {
    uint64_t seq;
    const struct record *record; // the newest of the case; NULL: it cannot be read
    struct slice image;          // of EVENT_UNDONE; empty: it cannot be had
    uint32_t stage;              // the first leaf in it
};

struct decide {
    // in
    const struct view *view;
    const struct command *command;
    uint64_t now_ms;
    struct arena *arena;   // of the command
    struct slice currency; // of the company
    struct slice region;   // for phones written without a country: "RU"
    const struct ranges *ranges; // of Russian numbers; NULL: their ranges tell no zone
    struct hook_box *hooks; // NULL: no hook can be asked
    uint64_t seed;          // of what hooks draw; another one for each command
    void (*emit)(void *context, const struct event *event);
    void *context;
    struct decide_undo undo; // of COMMAND_UNDO
    // out
    struct refusal refusal;
    uint32_t me;            // user on whose behalf
    uint64_t already;       // accepted without a record: the case that the import ledger knows
    struct decide_follow *follows;
    uint32_t follow_count, follow_capacity;
    // budget
    uint32_t steps_left, firings, depth;
    bool by_person; // a press, a start, an edit, a move: answers are checked for being in the past
};

// Carries out the command's kind. Look at decide->refusal.code afterwards.
void decide_command(struct decide *decide);
// What a timer or a child's end could not do: parks the timer and opens an incident (never
// refused).
void decide_incident(struct decide *decide, const struct refusal *why);

#endif
