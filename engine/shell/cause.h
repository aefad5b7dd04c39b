// Why a record is there: what brought it about, one step back. Followed on and on, that ends with
// something from outside: a person, a message, an administrator. Reads committed records only.
#ifndef RUNG_ENGINE_SHELL_CAUSE_H
#define RUNG_ENGINE_SHELL_CAUSE_H

#include "base/arena.h"
#include "base/err.h"
#include "engine/model/record.h"
#include "engine/store/store.h"

enum cause_kind {
    CAUSE_OUTSIDE,   // said from outside: nothing of ours is behind it
    CAUSE_TIMER,     // a timer that `seq` had set
    CAUSE_OVERDUE,   // a task that `seq` had planned, and that was late
    CAUSE_CHILD,     // `seq` ended the case `instance`
    CAUSE_AWAITED,   // a message that waited, and that `seq` led the case to take
    CAUSE_CALL,      // a try of a call that `seq` had queued
    CAUSE_UNKNOWN    // the record that ought to be there was not found
};
const char *cause_name(enum cause_kind kind); // "timer"

struct cause {
    enum cause_kind kind;
    uint64_t seq;      // the record behind it; 0: none
    uint64_t instance; // the case to look at there
};

// `instance`: whose part in the record is meant. `budget`: how many more records may be read; when
// it runs out the cause is CAUSE_UNKNOWN and *budget 0. `arena` is scratch and rewound.
enum err cause_of(struct store_reader *reader, const struct record *record, uint64_t instance,
                  uint32_t *budget, struct arena *arena, struct cause *ret_cause) ATTR_USE_RESULT;

#endif
