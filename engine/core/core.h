// The core: batch of commands → dedupe → decide → evolve → gate → one synced journal commit →
// answers. Single-threaded; owns the store's core side. It never looks at a clock: `now_ms` comes
// in.
//
//   core_begin(now)  core_step(command)…  core_commit → answers and records  (then core_begin
//   again)
#ifndef RUNG_ENGINE_CORE_CORE_H
#define RUNG_ENGINE_CORE_CORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "engine/model/command.h"
#include "engine/model/record.h"
#include "engine/model/refusal.h"
#include "engine/store/store.h"

struct core;
struct view;
struct instance;
struct ranges;

struct core_options {
    struct slice build;    // "rung 0.1.0"
    struct slice versions; // "lmdb 0.9.24; …"
    struct slice currency; // of the company, recorded at the first start: "EUR"
    struct slice region;   // of phones written without a country: "RU"; empty: none is assumed
    struct slice zone;     // of the company, recorded at the first start; empty: UTC
    const struct ranges *ranges; // that tell the zones of Russian numbers; outlives; may be NULL
    bool demo;             // a store on a demo clock; marked in its first record
};

// One answer per core_step, in order. Valid until the next core_begin.
struct core_answer {
    uint64_t waiting;       // the command's
    enum command_kind kind;
    struct refusal refusal; // code REFUSAL_NONE: accepted
    struct slice result;    // accepted: packed map, see docs/protocol.md; the same on a repeat
    bool repeated;          // answered from an earlier acceptance of the same request id
};

struct core_record { // one committed record, decoded
    uint64_t seq;
    const struct record *record;
};

struct core_effects {
    const struct core_answer *answers;
    uint32_t answer_count;
    const struct core_record *records; // committed by this batch, in order
    uint32_t record_count;
    uint64_t next_due_ms; // no timer is due before then; UINT64_MAX: no timer
};

// Opens over an open store: folds what the view lacks (store_fold_*), loads directory and programs,
// records ENGINE_STARTED when build or versions changed. ERR_DEMO: a demo store, and options.demo
// is false (or the other way round). `ret_folded`: records folded.
enum err core_open(struct store *store, const struct core_options *options, uint64_t now_ms,
                   struct core **ret_core, uint64_t *ret_folded) ATTR_USE_RESULT;
void core_close(struct core *core); // does not close the store

void core_begin(struct core *core,
                uint64_t now_ms); // now never goes back: the larger of it and head's
void core_step(struct core *core,
               const struct command *command); // copies nothing: it must live until commit
// Runs at most `count_max` due timers as commands of their own. Returns how many.
uint32_t core_step_timers(struct core *core, uint32_t count_max);
// After another version of a process was activated, its open cases are looked at one by one: at
// most `count_max` as commands of their own. False: there was nothing to do.
bool core_step_versions(struct core *core, uint32_t count_max);
bool core_versions_left(struct core *core); // some are still to be looked at; between commands
// ERR_FULL, ERR_NO_MEMORY: nothing happened, every answer is a store_full refusal. ERR_IO: exit
// without answering anybody.
enum err core_commit(struct core *core, const struct core_effects **ret_effects) ATTR_USE_RESULT;
// The commit in its three parts. After core_seal the next batch may begin; its commands see what
// this one did. core_settle hands out this one's answers (valid until the next core_settle) and,
// when `written` is an error, has forgotten the batch that was begun since. False: nothing to
// write; go on with core_settle(OK).
bool core_seal(struct core *core) ATTR_USE_RESULT;
enum err core_write(struct core *core) ATTR_USE_RESULT; // any thread; looks at nothing else
void core_settle(struct core *core, enum err written, const struct core_effects **ret_effects);
// After a write that came to OK and before core_settle: the next core_seal may come between.
void core_release(struct core *core);
bool core_is_sealed(const struct core *core);
// Forgets the batch that is open, and what is sealed (simulated crash).
void core_abort(struct core *core);

// Between commands: was one with this request id accepted before? Then it goes to core_step as it
// is, whatever has become of what it asked for.
bool core_is_repeat(struct core *core, const struct command *command);

uint64_t core_next_due_ms(const struct core *core); // UINT64_MAX: none
bool core_timers_due(const struct core *core, uint64_t now_ms); // some; cheaper than asking when
uint64_t core_now_ms(const struct core *core);      // of the last record
const struct view *core_view(const struct core *core); // read-only, between batches
uint64_t core_evolve_fingerprint(void);

// A case as it was: the newest of its records that is neither later than `until_ms` nor after
// `until_seq`.
struct core_past {
    uint64_t instance, until_seq, until_ms; // asked for
    uint64_t seq, now_ms;                   // that record; when there is none: 0, and the moment
                                            // of the first one
};
// Folds the records of the case, and of the cases that it started, into `rows`, to be laid over a
// reader (store_reader_lay). `view` is over a reader and between two looks. ERR_NOT_FOUND: no such
// case, or not yet then (past->now_ms says when it began). ERR_TOO_BIG: more than PAST_RECORDS_MAX
// records. ERR_CORRUPT: one does not decode or fold.
enum err core_past(struct view *view, struct core_past *past, struct table *rows) ATTR_USE_RESULT;

// Rule 42 over one live instance: NULL when something will move it on, else a sentence why not.
const char *core_asleep(const struct view *view, const struct instance *instance, uint64_t now_ms);

// A place in the history: the number of a record and its hash, which stands for that record and all
// before it. As text: "SEQ:HASH", the hash in hexadecimal digits.
struct core_head {
    uint64_t seq; // 0: none
    uint8_t chain[STORE_CHAIN_BYTES];
};
bool core_head_parse(struct slice text, struct core_head *ret_head);
void core_head_print(struct buf *buf, const struct core_head *head);

// What `rung verify` proves. All counts are of this run.
struct core_verify {
    struct core_head head; // of the last record
    uint64_t records, rows, instances_open, instances_ended, asleep, index_faults;
    char message[300]; // first fault, empty when none
};
// For a store that no core is writing (offline, or a backup made beside a running one).
// Reads the store through `reader` up to its seq; folds the journal again into a scratch store
// under `scratch_path` (removed afterwards) and compares row by row, checks the chain, the wake-ups
// of every open instance, and every index row against a rebuild from the instances. ERR_MISMATCH:
// see message.
enum err core_verify(struct store_reader *reader, const char *scratch_path,
                     store_progress_fn *progress, void *context, struct core_verify *ret_verify)
    ATTR_USE_RESULT;

// After core_verify: is a head that was noted earlier (seq 0: none was) still part of the history?
// The chain follows from the records all the way, so that tells whether any record up to there is
// another one now. ERR_MISMATCH: see the message.
enum err core_verify_noted(struct store_reader *reader, const struct core_head *noted,
                           struct core_verify *verify) ATTR_USE_RESULT;

#endif
