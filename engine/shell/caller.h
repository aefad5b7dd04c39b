// Carries calls from the outbox to the effector, and what came of each back to the core as a
// command. Nothing here is durable: after a restart the outbox says what is still to be done, and a
// try whose end was not recorded is made again (at least once outside, exactly once inside).
#ifndef RUNG_ENGINE_SHELL_CALLER_H
#define RUNG_ENGINE_SHELL_CALLER_H

#include "base/buf.h"
#include "engine/shell/effector.h"

struct shell;
struct request;
struct delivery_reply;

enum { CALLS_IN_FLIGHT_MAX = 64 };
#define CALLER_CONN UINT64_MAX // request.conn of what the caller says

enum caller_state { CALLER_FREE, CALLER_RUNNING, CALLER_ENDED, CALLER_SAID };

struct caller_slot {
    enum caller_state state;
    uint64_t call, instance;
    uint32_t attempt;
    uint64_t again_ms; // CALLER_ENDED: not said before then (the store was full)
    enum call_result result;
    struct buf connector, note, message, form;
};

struct caller {
    const struct effector *effector; // NULL: calls stay where they are
    struct caller_slot slots[CALLS_IN_FLIGHT_MAX];
    bool look;            // something may have become due
    uint64_t next_due_ms; // of the calls that are not yet due
};

void caller_init(struct caller *caller, const struct effector *effector);
void caller_done(struct caller *caller);
// Part of the shell's tick: says what ended, starts what is due.
void caller_work(struct shell *shell);
// The core has answered what the caller said.
void caller_answered(struct shell *shell, const struct request *request, struct slice reply);
void caller_stop(struct shell *shell); // forgets the tries under way: the outbox has them
uint64_t caller_wait_ms(const struct shell *shell);

#endif
