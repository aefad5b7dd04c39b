// Inside engine/decide only.
#ifndef RUNG_ENGINE_DECIDE_INTERNAL_H
#define RUNG_ENGINE_DECIDE_INTERNAL_H

#include "base/check.h"
#include "engine/decide/decide.h"
#include "engine/decide/notice.h"
#include "engine/decide/rights.h"
#include "engine/eval/eval.h"
#include "engine/state/frame.h"

// Told of one command, and of one step; what comes after them is not.
enum { RUN_HITS_MAX = 16, RUN_ANSWERS_MAX = 16 };

// One instance being run inside a command: the case in hand, or a child being started.
struct run {
    struct decide *d;
    const struct view_program *program;
    const struct instance *instance;
    struct eval_env env;
    struct value *locals;
    struct slice outcome;    // name of the action, for the task that a transition completes
    uint32_t action;         // being pressed, or INDEX_NONE
    uint32_t start_at;       // a start by hand: its stage, or INDEX_NONE
    uint32_t action_entry;   // entry of the stage in whose braces it stands
    uint32_t answered[8];    // fields answered by this command's form, as bits
    uint32_t changed[8];     // fields changed by this command, as bits
    bool done_by_person;     // a transition completes the task; otherwise it is withdrawn
    uint32_t braces;         // stage that the running body is written in
    struct run_hit {
        uint32_t table, row;
    } hit[RUN_HITS_MAX];     // rows of tables that gave values in this command, each once
    uint32_t hit_count, hits_told;
    struct run_answer {
        uint32_t hook;
        struct slice value; // packed
    } answer[RUN_ANSWERS_MAX]; // of hooks, in this step
    uint32_t answer_count;
    uint32_t chained;        // choices and joins passed in a row
    uint32_t opening[IMAGE_STAGE_DEPTH_MAX + 1]; // entries whose branches are being entered
    uint32_t opening_count;
    uint32_t pressed_at;     // entry of the leaf whose task a press completes
    const struct slice *watched; // by rule: packed value before the command (`x changes`), or NULL
    bool *change_seen;       // by rule: it has fired in this command
    bool *slot_assigned;     // by role of the image: a step has given its slot to another; or NULL
    struct notice_pool *pool; // notices of several rungs wait here to be told together, or NULL
};

// enum run_result: how a block ended.
enum run_result { RUN_ON, RUN_FLOWED, RUN_REFUSED };

void decide_emit(struct decide *d, const struct event *event);
// Sets the refusal (the first stays); always returns RUN_REFUSED.
enum run_result decide_refuse(struct decide *d, enum refusal_code code, struct slice message,
                              struct slice subject);
#define REFUSE(d, CODE, ...) \
    decide_refuse((d), REFUSAL_##CODE, arena_format((d)->arena, __VA_ARGS__), SLICE_EMPTY)
static inline bool decide_refused(const struct decide *d)
{
    return d->refusal.code != REFUSAL_NONE;
}

// Opens a run over an instance; false (and a refusal) when its program cannot be had.
bool run_open(struct run *run, struct decide *d, const struct instance *instance);
bool run_take_refusal(
    struct run *run); // moves the eval refusal into the decision; true if there was one
void run_tell_hits(struct run *run); // records the rows of tables found since the last time
void run_tell_condition(struct run *run, struct slice what, uint32_t line, uint32_t condition,
                        bool holds);
struct slice run_title(struct run *run);
struct slice run_name_of_role(const struct run *run, uint32_t image_role);

// steps.c
enum run_result run_block(struct run *run, uint32_t block);
// flow.c
enum run_result run_goto(struct run *run, uint32_t flow);
enum run_result run_transition(struct run *run, uint32_t stage, uint32_t due);
enum run_result run_end(struct run *run, uint32_t end);
enum run_result run_enter_body(struct run *run);
// The leaf that is spoken of (`env.at`); when none is named, or it was left: the first one inside
// the braces, else the first one at all. NULL: the case has ended.
const struct active_stage *run_leaf(const struct run *run);
const struct open_task *run_task(const struct run *run); // the task of that leaf, or NULL
// Enters a stage directly inside the active entry `around`, with what is entered with it.
enum run_result run_enter(struct run *run, uint32_t stage, uint32_t around, uint32_t due);
// Exits what is active inside `around`, the innermost stages first (0: everything).
enum run_result run_exit_inside(struct run *run, uint32_t around);
void run_arm(struct run *run, uint32_t stage, uint32_t entry);
void run_arm_timer(struct run *run, uint32_t timer, uint32_t entry, uint64_t base);
void run_rearm_at(struct run *run);
enum run_result run_end_exit(struct run *run, uint32_t end, enum outcome outcome,
                             struct slice name);
void run_cancel(struct run *run, struct slice reason, bool tell_parent);
// A case that has ended: its parent hears of it in the next command.
void run_follow_parent(struct run *run, enum outcome outcome, struct slice name);
enum run_result run_cancel_children(struct run *run, uint32_t collection);
// frame.c
enum run_result run_escalate(struct run *run, const struct image_step *step);
enum run_result run_back(struct run *run, uint32_t due);
// Takes all frames off, the innermost first, and leaves everything below the body.
enum run_result run_unwind(struct run *run);
// Before the case goes to `stage`: unwinds when that lies outside of the open escalation; refused
// when it lies in another one.
enum run_result run_leave_frames(struct run *run, uint32_t stage);
// merge.c
enum run_result run_merge(struct run *run, uint32_t expr);
// An action that merges cases, in a stage that is active; INDEX_NONE: there is none.
uint32_t run_merging_action(const struct run *run);
void decide_push_follow(struct decide *d, const struct decide_follow *follow);
// messages.c
void run_wake_kept(struct run *run);
void run_drop_kept(struct run *run);
// calls.c
enum run_result run_send(struct run *run, uint32_t send);
// decide_start.c: a run without a case, for reading what comes in before there is one; what the
// import ledger and the history note about where a case came from; a message that begins a case.
void decide_open_form_run(struct run *run, struct decide *d, const struct view_program *program);
void decide_note_origin(struct decide *d, uint64_t instance);
void decide_begin(struct decide *d, const struct view_program *program, struct slice connector,
                  struct slice name);
// rules.c
enum run_result run_settle(struct run *run); // rules, then `at` timers
// Remembers the values that rules with `changes` watch, before anything happens.
void run_watch(struct run *run);
// tasks.c
struct due_moment { uint64_t due, until; bool promised, working; };
bool run_due(struct run *run, uint32_t due, struct due_moment *ret);
enum run_result run_open_task(struct run *run, uint32_t task, uint32_t entry, uint32_t due);
enum run_result run_open_side_task(struct run *run, uint32_t task, uint32_t entry);
void run_close_task(struct run *run, const struct open_task *task, bool done);
enum run_result run_replan(struct run *run, const struct due_moment *due, uint32_t ladder,
                           uint32_t rung, struct slice reason);
enum run_result run_retry(struct run *run, uint32_t ladder, uint32_t then);
enum run_result run_effect(struct run *run, const struct image_rung *rung,
                           const struct open_task *task);
// The moment of a rung that counts from `base`. False: refused.
bool run_rung_is_working(const struct run *run, uint32_t ladder, uint32_t rung);
bool run_add_rung(struct run *run, uint32_t ladder, uint32_t rung, uint64_t base, uint64_t *ret);
// 0: there is no ladder, or it was refused.
uint64_t run_overdue_first(struct run *run, uint32_t ladder, uint64_t due, uint64_t until);
// zone.c
void run_find_zone(struct run *run); // from the fields that the process names
void run_inherit_zone(struct run *run, const struct instance *parent);
struct slice clip_text(struct slice text, size_t bytes_max); // on a character boundary
// assign.c
struct assign_except {
    uint32_t user;     // passed over, 0 = nobody
    uint32_t task_def; // see assign_slot
    uint32_t role;     // without a task: passed over as any task of this role would, 0 = nobody is
    uint64_t at;       // when the task is due: whoever works then comes first; past or 0: now
};
struct assign_group { uint32_t role, team; }; // 0: any
uint32_t assign_pick(struct run *run, struct assign_group group, uint32_t strategy,
                     struct assign_except except);
// The strategies of the role, one after the other. 0: it has none, or they find nobody.
uint32_t assign_by_role(struct run *run, uint32_t image_role, struct assign_group group,
                        struct assign_except except);
// `pick` in an expression: without a strategy, by the role's own way.
uint32_t assign_pick_value(struct run *run, uint32_t image_role, uint32_t strategy,
                           struct slice team);
// Opens an incident for each open task of the case that nobody who is there is shown (rule 22).
void assign_attend(struct run *run);
#define INCIDENT_NOBODY_THERE "nobody_there"
#define INCIDENT_ROLE_LEFT "role_left"
// One such incident a role: nothing happens when it is open already.
void decide_nobody_there(struct decide *d, uint32_t role, struct slice text);
// people.c: after the directory has changed: opens such incidents, and closes those that are over.
void decide_settle_people(struct decide *d);
void decide_settle_left(struct decide *d); // closes the incidents about lost roles that are over
// Passed over: whom `task_def` excludes (or INDEX_NONE). `due`: whoever works then comes first.
uint32_t assign_slot(struct run *run, uint32_t image_role, uint32_t task_def, uint64_t due);
uint32_t assign_offered_role(struct run *run, uint32_t image_role, uint32_t task_def);
void assign_set_slot(struct run *run, uint32_t role, uint32_t user, struct slice reason);
void assign_follow_slots(struct run *run); // open tasks of slots that steps have given to another
// fields.c
enum run_result run_set_field(struct run *run, uint32_t field, struct value value);
// Works out all computed fields; later run_set_field keeps them up to date.
enum run_result fields_compute(struct run *run);
bool fields_normalise(struct run *run, uint32_t field, struct value *value);
bool fields_key_of(struct run *run, uint32_t field, const struct value *value,
                   struct slice *ret_key);
bool fields_is_key(const struct image *image, uint32_t field);
void fields_take_keys(struct run *run);
void fields_release_keys(struct run *run, bool ended);
// decide_reopen.c
// May a case that has ended live again? Says why not.
bool run_may_reopen(struct run *run, const struct image_end **ret_end, struct slice *ret_why);
// Its new life begins: the body is entered, its keys are taken again.
enum run_result run_revive(struct run *run);
// A case that is open again comes to the version that is active now, in a command that follows.
void run_catch_up(struct run *run);
// form.c: answers of a form; all bad ones are listed in one refusal
struct form {
    struct run *run;
    struct slice bytes;      // packed map
    struct buf bad;          // sentences about bad answers
    struct slice subject;    // first bad answer
    enum refusal_code code;
    uint32_t used;           // answers taken
};
void form_open(struct form *form, struct run *run, struct slice bytes);
bool form_take_ask(struct form *form, uint32_t ask, bool required_now);
bool form_take_field(struct form *form, uint32_t field, struct value *ret_value, bool *ret_given);
void form_bad(struct form *form, struct slice name, enum refusal_code code, struct slice sentence);
// Names the answers that neither these asks nor (for a start or an edit) the open fields want.
void form_refuse_unknown(struct form *form, struct image_range asks, bool fields_too);
bool form_close(struct form *form); // false: refused, with every bad answer named
// One per command.
void decide_start(struct decide *d);
enum run_result decide_start_child(struct run *parent, uint32_t convert, struct slice process,
                                   uint32_t round);
void decide_press(struct decide *d);
void decide_edit(struct decide *d);
void decide_claim(struct decide *d);
void decide_release(struct decide *d);
void decide_reassign(struct decide *d);
void decide_side_task(struct decide *d);
void decide_finish(struct decide *d);
void decide_comment(struct decide *d);
void decide_move(struct decide *d);
void decide_merge(struct decide *d);
void decide_reopen(struct decide *d);
void decide_undo(struct decide *d);
void decide_cancel(struct decide *d);
void decide_incident_close(struct decide *d);
void decide_users(struct decide *d);
uint32_t decide_role_number(struct decide *d, struct slice name); // named anew when unknown
void decide_hand_over(struct decide *d);
void decide_absence(struct decide *d);
void decide_absence_due(struct decide *d);
void decide_apply(struct decide *d);
void decide_clock(struct decide *d);
void decide_engine_started(struct decide *d);
void decide_timer(struct decide *d);
void decide_overdue(struct decide *d);
void decide_child_ended(struct decide *d);
void decide_message(struct decide *d);
void decide_deliver(struct decide *d);
void decide_call_result(struct decide *d);
void decide_incident_retry(struct decide *d);
// The open case that the command names; refused when unknown, damaged, or ended. NULL: refused.
const struct instance *decide_open_case(struct decide *d, struct run *run);

#endif
