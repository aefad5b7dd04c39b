// Inside engine/core only.
#ifndef RUNG_ENGINE_CORE_INTERNAL_H
#define RUNG_ENGINE_CORE_INTERNAL_H

#include "engine/core/core.h"
#include "engine/decide/decide.h"
#include "engine/evolve/evolve.h"
#include "engine/hooks/hook.h"
#include "engine/state/state.h"

#define CORE_MAGIC 0x45524f43u

struct staged_record {
    uint64_t seq;
    struct record *record; // decoded again from what will be stored
};

// A batch whose records are being written while the next one is decided.
struct sealed_batch {
    struct arena arena;
    struct core_answer *answers;
    uint32_t answer_count, answer_capacity;
    struct core_record *records;
    uint32_t record_count, record_capacity;
    bool there, write; // `write`: it has records
    // `there` of core.written: its records are on disk and wait for core_settle
};

// Cases of one process that may have to come to another version, from `next` on.
struct core_mover {
    uint32_t process, activation, program;
    uint64_t next;
};

struct core {
    uint32_t magic;
    struct store *store;
    struct store_reader *reader; // for first answers of repeated requests
    struct state *state;
    struct hook_box *hooks;
    struct core_options options;
    struct arena texts; // options' own copies
    struct arena batch; // answers, records and whatever decide makes; reset by core_begin
    uint64_t now_ms;
    bool in_batch;
    struct core_answer *answers;
    uint32_t answer_count, answer_capacity;
    struct core_record *records;
    uint32_t record_count, record_capacity;
    struct sealed_batch sealed, written;
    struct core_effects effects;
    // the command in hand
    struct event *events;
    uint32_t event_count, event_capacity;
    struct buf encode;
    struct core_mover *movers;
    uint32_t mover_count, mover_capacity;
    bool movers_known;    // false: to be read from the view again
    struct view_timer_place timer_floor; // no live timer row lies before it
};

// core_step.c
struct step {
    struct core *core;
    const struct command *command;
    struct decide decide;
    uint64_t cause_seq;
    struct slice result;
    bool repeated;
    uint64_t seq; // of its record; 0 = none
};
void core_run(struct core *core, struct step *step);
void core_run_with_follows(struct core *core, struct step *step); // core.c
// A record of this batch, or one that was committed; NULL: it cannot be read.
const struct record *core_record_of(struct core *core, uint64_t seq);
void core_forget(struct core *core); // whatever the command in hand has written
// core_undo.c
void core_prepare_undo(struct core *core, uint64_t instance, struct decide_undo *ret_undo);
// core_result.c: what an accepted command is answered with; a pure function of its record.
struct slice core_result(struct core *core, const struct record *record, uint64_t seq);
struct slice core_result_already(struct core *core, uint64_t instance);

#endif
