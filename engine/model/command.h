// Commands: what a client, a timer or a follow-up asks the core to do. Shape-checked by whoever
// builds one (engine/shell decodes them from frames); meaning is judged by decide.
#ifndef RUNG_ENGINE_MODEL_COMMAND_H
#define RUNG_ENGINE_MODEL_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ids.h"
#include "base/slice.h"

enum command_kind {
    COMMAND_NONE = 0,
    COMMAND_START,          // process, form [, source, row]
    COMMAND_PRESS,          // instance, name (of the action), form [, task, entry]
    COMMAND_EDIT,           // instance, form
    COMMAND_CLAIM,          // instance, task
    COMMAND_RELEASE,        // instance, task: what was claimed is offered again
    COMMAND_REASSIGN,       // instance, task, name (of the user), text (why)
    COMMAND_SIDE_TASK,      // instance, text (title), name (user or role), due_ms
    COMMAND_FINISH,         // instance, task, text (note): a side task is done
    COMMAND_COMMENT,        // instance, text
    COMMAND_MOVE,           // instance, name (stage), text (reason)
    COMMAND_REOPEN,         // instance: one that has ended
    COMMAND_UNDO,           // instance: what this person did last
    COMMAND_CANCEL,         // instance, text (reason): administrators
    COMMAND_MERGE,          // instance, child (the case that stays), text (reason)
    COMMAND_INCIDENT_CLOSE, // instance, task (= incident number), text (reason): administrators
    COMMAND_USERS,          // users: administrators
    COMMAND_APPLY,          // programs, text (who): administrators
    COMMAND_CLOCK,          // due_ms: confirms a step of the clock: administrators
    COMMAND_ABSENCE,   // name (user), due_ms (from), until_ms, other (substitute), text (reason)
    COMMAND_PRESENT,   // name (user), due_ms (from, 0: the one now), text (reason)
    COMMAND_HAND_OVER, // instance, name (whose), other (to whom, or empty), text (reason)
    COMMAND_MESSAGE,   // connector, name, form [, instance] [, source, row]
    COMMAND_INCIDENT_RETRY, // task (= incident number): administrators
    COMMAND_REVERT,    // process, task (= version; 0: the one before), text (who): administrators
    COMMAND_MIGRATE,   // instance [, name (stage), text (reason)]: administrators
    COMMAND_ENGINE_STARTED, // internal from here on
    COMMAND_TIMER,          // instance, task (= timer number), due_ms
    COMMAND_OVERDUE,        // instance, task, due_ms
    COMMAND_CHILD_ENDED,    // instance (parent), child, name (end), outcome
    COMMAND_ABSENCE_DUE,    // task (= user), due_ms
    COMMAND_DELIVER,        // instance, task (= number of a message that waits)
    COMMAND_CALL_RESULT,    // instance, child (= call), entry (= which try), outcome, text (note)
                            // [, connector, name, form: the answer, as a message]
    COMMAND_VERSION,   // instance: another version of its process is active
    COMMAND_VERSION_SETTLED, // task (= activation), entry (= process)
    COMMAND_KIND_COUNT
};
const char *command_name(enum command_kind kind); // "press"

// How one try of a call went.
enum call_result {
    CALL_RESULT_DONE,
    CALL_RESULT_FAILED,  // worth another try
    CALL_RESULT_REFUSED  // no other try would fare better
};

struct command_user {
    struct slice name, title, superior, zone, language, hours;
    const struct slice *roles, *teams;
    uint32_t role_count, team_count;
    bool active;
};

struct command_program {
    struct slice process; // name
    struct slice image;   // bytes
    struct slice source;  // packed [[file, text]…] that it was made of; empty: not kept
};

struct command {
    enum command_kind kind;
    struct slice client; // request id = (client, request); empty client: not deduplicated
    uint64_t request;
    struct slice as;     // user on whose behalf; empty: the administrator himself
    struct slice lang;   // of whoever reads the answer; a refusal speaks it, nothing records it
    struct slice process, name, other, text, source, row, connector;
    struct slice form; // one packed map {name: value}, or empty. Values: packed exactly, or as text
    struct slice given; // start: what a case above would hand over, by field or role; same shape as
                        // form. Only the runner of process tests sets it: no client can.
    uint64_t instance;
    uint64_t child;
    uint32_t task;
    uint32_t entry;      // stage entry that the person saw; 0 = as it is now
    uint64_t due_ms, until_ms;
    bool dry_run;        // decided, answered and forgotten: nothing is recorded
    uint8_t outcome;     // child ended: enum outcome; call result: enum call_result
    uint32_t collection, round; // child ended
    uint64_t cause_seq;
    const struct command_user *users;
    uint32_t user_count;
    const struct command_program *programs;
    uint32_t program_count;
    struct slice engine_build, engine_versions, currency, region, zone; // engine started
    bool demo;
    uint64_t waiting; // opaque to the core: comes back in the answer
};

// BLAKE2b-64 of everything the client said, so that one request id cannot be used for two commands.
uint64_t command_hash(const struct command *command);

#endif
