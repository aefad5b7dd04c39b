// Cards: what people see, built on the loop's side from a reader's view. A card is complete: a
// client needs no knowledge of any process. Everything here writes MessagePack into env->buf,
// between view_begin and view_end.
#ifndef RUNG_ENGINE_SHELL_CARD_H
#define RUNG_ENGINE_SHELL_CARD_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/value.h"
#include "engine/eval/eval.h"
#include "engine/model/record.h"
#include "engine/shell/quote.h"
#include "engine/state/view.h"

struct lanes;
struct lane_place;

struct card_env {
    const struct view *view;
    struct arena *arena;
    struct buf *buf;
    struct slice currency;
    uint64_t now_ms;
    struct slice lang; // of the reader; empty: the first one written
    struct quote_book *book; // lines of the program are quoted in records; NULL: they are not
    uint32_t user; // on whose behalf is asked; 0: an administrator, who sees everything
};

// An eval environment for one case, without locals.
struct eval_env card_eval(const struct card_env *env, const struct view_program *program,
                          const struct instance *instance);

// --- card_value.c
// A value as clients take and give it: numbers, bools and texts as they are; a moment in ms; money,
// dates, durations as text; a user by name; a case by number; lists as arrays, records as maps.
void card_value(const struct card_env *env, const struct value *value);
// A packed value, or nil when it does not unpack.
void card_packed_value(const struct card_env *env, struct slice packed);
void card_user(const struct card_env *env, const char *key, uint32_t user); // name, or nil
// Name of a user, for texts; empty when there is none.
struct slice card_user_name(const struct card_env *env, uint32_t user);

// --- card_form.c
// One map per field of a form.
void card_ask(const struct card_env *env, struct eval_env *eval, uint32_t ask);
// The start form of a process: an array.
void card_start_form(const struct card_env *env, const struct view_program *program);

// --- card_case.c
// The whole card of a case: one map.
void card_case(const struct card_env *env, const struct view_program *program,
               const struct instance *instance);
// The short form of a task in an inbox: one map.
// It stands in that place of the lanes.
void card_task(const struct card_env *env, const struct view_program *program,
               const struct instance *instance, const struct open_task *task,
               const struct lanes *lanes, const struct lane_place *place);
// The same of one that is done: one map.
void card_done(const struct card_env *env, const struct view_program *program,
               const struct view_done_row *row, const struct lanes *lanes,
               const struct lane_place *place);
// Is this button there for the reader, as the case stands? `ret_entry`: what a press of it names.
bool card_offers(const struct card_env *env, const struct view_program *program,
                 const struct instance *instance, uint32_t action, uint32_t *ret_entry);
struct slice card_title(const struct card_env *env, const struct view_program *program,
                        const struct instance *instance);
// Pairs: stage, stage_label, ended, outcome.
void card_place(const struct card_env *env, const struct view_program *program,
                const struct instance *instance);
// Where a case stands as far as a task of it is meant (NULL: none): that task's leaf, else the
// first in the text. NULL: it has ended.
const struct active_stage *card_leaf(const struct instance *instance,
                                     const struct open_task *task);

// --- card_history.c
// One record as far as it is about `instance`: {seq, at, who, …, events}.
void card_record(const struct card_env *env, uint64_t seq, const struct record *record,
                 uint64_t instance);

#endif
