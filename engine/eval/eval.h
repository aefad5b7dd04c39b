// Expressions of a program image over values. Total: any failure is a refusal value, never a crash.
// Reads the case through a view; never writes; never looks at a clock (`now_ms` comes in).
#ifndef RUNG_ENGINE_EVAL_EVAL_H
#define RUNG_ENGINE_EVAL_EVAL_H

#include "base/arena.h"
#include "base/value.h"
#include "dsl/image/image.h"
#include "engine/model/refusal.h"
#include "engine/state/view.h"
#include "engine/time/span.h"

struct hook_box;

// A lane of an inbox looks at one task of one case: the expressions are those of the inbox
// (`eval_env.program`), and everything else is that of the case. Days are those of the reader.
struct eval_lane {
    const struct view_program *program; // of the case
    const uint32_t *fields;       // by expression of the inbox: the field that an EXPR_CASE means
    const struct open_task *task; // as it is, or was when it was done
    uint32_t stage;               // of `program`, where the task is or was; INDEX_NONE: nowhere
    uint64_t done_ms;             // 0: it is open
    const struct zone *zone;
};

struct eval_env {
    const struct view *view;
    const struct view_program *program;
    const struct instance *instance; // may be NULL in constant contexts
    const struct value *locals;      // program's local_count of them, or NULL
    uint32_t me;                     // on whose behalf the press is made; 0 = nobody
    uint32_t at; // entry of the active stage whose task `task` means; 0, or left: the first one
    uint64_t now_ms;
    struct arena *arena;     // results live here
    struct slice currency;   // of the company
    struct slice lang;       // of the reader; empty: the first one written
    // Called for `pick`: chooses a holder now (decide records it). NULL where picking is not
    // allowed.
    // `role` is the image's, or INDEX_NONE; `team` is empty, or whose members they must be.
    uint32_t (*pick)(void *context, uint32_t role, uint32_t strategy, struct slice team);
    void *pick_context;
    // Called for each row of a table that gave a value (decide records it). NULL: nobody listens.
    void (*hit)(void *context, uint32_t table, uint32_t row);
    void *hit_context;
    // Where hooks are asked. NULL: here they are not. `asked` is told of each answer.
    struct hook_box *hooks;
    uint64_t hook_seed;
    void (*asked)(void *context, uint32_t hook, const struct value *value);
    void *asked_context;
    const struct value *params; // of the table being asked; only rows see them
    uint32_t param_count;
    const struct eval_lane *lane; // NULL outside of inboxes
    struct refusal refusal; // set on failure (sticky until the caller clears it)
};

// The value of an expression; empty after a failure (look at env->refusal.code).
struct value eval(struct eval_env *env, uint32_t expr);
// The same for what is worked out by itself: where an operand is empty, so is the value.
struct value eval_or_empty(struct eval_env *env, uint32_t expr);
// A condition: false for empty.
bool eval_condition(struct eval_env *env, uint32_t expr);
// What the condition is read from, by name: a packed record of the fields, slots and counts in its
// text with the values they have now; packed empty when it reads none. Lives in env->arena.
struct slice eval_seen(const struct eval_env *env, uint32_t expr);
// Text of an expression, for titles and labels; empty values print as nothing, users by name.
struct slice eval_text(struct eval_env *env, uint32_t expr);
struct value eval_field(struct eval_env *env, uint32_t field);
// What people read, users by name, enum members by label (in that language) where the type says so.
void eval_print(struct buf *buf, const struct view *view, const struct image *image,
                struct slice lang, uint32_t type, const struct value *value);
// A moment from a due expression (rule 11): a duration counts from now; a date is the end of that
// day; a time is today's. False: empty, or a refusal was set.
bool eval_moment(struct eval_env *env, uint32_t expr, uint64_t *ret_ms);
// The zone that wall times are read in: that of the case, else of the company. Never NULL: without
// its rules on this machine a refusal is set and it is UTC. In a lane it is the reader's.
const struct zone *eval_zone(struct eval_env *env);
const struct zone *eval_utc(void);
// base + amount units: calendar units keep the wall time of the zone (rule 18), working units count
// in the hours of the process's calendar. False: a refusal was set.
bool eval_add(struct eval_env *env, uint64_t base_ms, uint8_t unit, int64_t amount,
              uint64_t *ret_ms);
// Does the expression give a duration that is counted in working time?
bool eval_is_working(struct eval_env *env, uint32_t expr);
// What a task says of itself at that moment; when it was done only its lane knows (empty). NULL: no
// such task, empty.
struct value eval_task_property(const struct open_task *task, enum image_task_property property,
                                uint64_t now_ms);
// Whether all or any, or how many, of the children of a collection are so. NULL: it has none.
struct value eval_children(const struct collection_state *children, enum image_child_state state,
                           enum image_quantifier quantifier);

// Open time of the process's calendar from one moment to another, in ms; negative when it lies
// before. Without a calendar: the time between them.
int64_t eval_open_between(struct eval_env *env, uint64_t from_ms, uint64_t to_ms);
// Moves a moment outside of the calendar's hours to its next opening; INDEX_NONE moves nothing.
// False: a refusal was set.
bool eval_within(struct eval_env *env, uint32_t calendar, uint64_t *moment_ms);

// Turns one packed answer (exact value, or plain text, number or bool from a client) into a value
// of `type` (index into the image's types). False: refusal holds a sentence that names what is
// expected. Phones become E.164, e-mails are folded by decide's key normalisation, not here.
bool eval_coerce(struct eval_env *env, uint32_t type, struct slice packed, struct value *ret_value);
const char *eval_type_name(const struct image *image, uint32_t type); // "money", "set of product"

#endif
