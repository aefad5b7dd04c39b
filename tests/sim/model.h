// An independent, naive model of the simulator's processes: arrays and loops, no indexes, no
// store. It is fed with what people and timers did, in the order of the journal, and says where
// every case must stand. It knows the process as people read it (process.h), not its compiled form.
#ifndef RUNG_TESTS_SIM_MODEL_H
#define RUNG_TESTS_SIM_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "engine/model/record.h"
#include "engine/state/view.h"
#include "tests/sim/bill.h"
#include "tests/sim/lines.h"
#include "tests/sim/staff.h"
#include "tests/sim/visit.h"

enum { MODEL_CASES_MAX = 4000, MODEL_SIDE_MAX = 32, MODEL_ROWS_MAX = 300 };
enum model_user { HANA = 1, SAM, SUE, SID, WIM, WES, NED };
enum model_stage {
    AT_CONTACT, AT_OFFER, AT_WAITING, AT_DOING, AT_PROBLEM, AT_BOTH, AT_DRAFTING, AT_ASKED,
    AT_QUIET, AT_PLANNING, AT_THERE, AT_END
};
enum model_branch { BRANCH_RED, BRANCH_GREEN, BRANCH_BLUE, BRANCH_COUNT };

// Zones of the clients, by the beginning of their number; jobs have that of their lead, and bills
// that of the company.
enum model_zone { IN_BERLIN, IN_VLADIVOSTOK, IN_CASABLANCA, IN_UTC };

struct model_task {
    bool open, promised;
    enum staff_role role, offered; // offered: to the holders of that role, while nobody has it
    uint32_t holder, tries, rung;
    uint64_t due, overdue_next;
};

// What an escalation has set aside.
struct model_frame {
    enum model_stage stage;
    struct model_task task;
    uint32_t laters, position;
    uint64_t timer_due, frozen_ms;
};

// A case of the process with branches: each has its own task while it is open.
struct model_pair {
    struct model_task branch[BRANCH_COUNT];
    uint32_t done; // in this round
    int64_t rounds, exits, ticks, seen;
    uint64_t entered_ms; // `every` counts from here
};

struct model_before;

struct model_case {
    uint64_t id, parent;
    bool job, pair, bill, visit, told; // told: the parent has heard of the end
    bool renewed;         // came to another version
    enum model_stage stage;
    const char *end; // NULL: open
    char phone[32];
    enum model_zone zone;
    int64_t tried;
    struct lines lines;
    uint32_t laters;   // presses of an `at most` button at this stage entry
    uint32_t position; // on the ladder of `busy` at this stage entry
    uint32_t slot[STAFF_ROLES]; // who holds which role in the case
    bool had[STAFF_ROLES];      // somebody has, once: those above that role stand above the case
    uint32_t creator;
    struct model_task task;
    uint32_t side[MODEL_SIDE_MAX]; // holders of side tasks, 0 = none
    uint32_t side_number[MODEL_SIDE_MAX];
    uint64_t timer_due;  // of the stage, 0 = none
    uint64_t moved_ms;
    uint64_t idle_due; // for which the idle timer of AT_CONTACT was set last
    struct model_before *before; // what may be taken back
    struct model_pair branches;
    struct model_bill bills;
    struct model_visit visits;
    struct model_frame frame; // while the case stands in its problem
    uint64_t merged_into;     // ended as merged: the other case
    uint64_t merged_seq;
    uint32_t total, open_jobs, succeeded, failed, cancelled, round, last_round;
    uint64_t *touches; // seqs of its records
    uint32_t touch_count, touch_capacity;
};

static inline bool model_is_lead(const struct model_case *c)
{
    return !c->job && !c->pair && !c->bill && !c->visit;
}

// A case as it stood before a press, an edit or a move.
struct model_before {
    struct model_case was;
    uint64_t seq, now_ms;
    uint32_t user;
};

struct model {
    struct model_case *cases; // by id - 1
    uint32_t case_count;
    uint64_t now_ms, now_seq;
    bool imported[MODEL_ROWS_MAX]; // rows of the import ledger
    struct staff staff;
    struct bill_calls calls;
    uint32_t last_of_role[STAFF_ROLES], last_of_team[STAFF_TEAMS]; // picked last
    // the first thing that must not be
    int broken; // enum sim_oracle
    char message[300];
};

struct model *model_make(void);
void model_free(struct model *model);
struct model_case *model_find(struct model *model, uint64_t id);
// One record. Sets `broken` when what it says happened could not have.
void model_take(struct model *model, const struct record *record, uint64_t seq);
// --- pair.c: the process with branches. The first thing that is wrong is given as a text; NULL:
// none.
void pair_start(const struct model *model, struct model_case *c);
const char *pair_press(const struct model *model, struct model_case *c,
                       const struct event_pressed *pressed);
void pair_tick(struct model_case *c, uint64_t now_ms);
const char *pair_compare(const struct model_case *c, const struct view *view,
                         const struct instance *instance);
const char *pair_stand(const struct model_case *c); // the first branch that is open
void pair_tell(struct model_case *c);               // c->task is that of the first open branch

// versions.c: a case has come to another version.
void model_take_version(struct model *model, const struct record *record);
// Compares one case with the engine's.
void model_compare(struct model *model, const struct view *view, uint64_t id);
void model_compare_loads(struct model *model, const struct view *view); // open tasks a person
// After a batch: nothing may be left unsaid.
void model_settle(struct model *model);
// --- model_people.c
struct model_right {
    bool allowed;
    uint32_t whom;
};                                                                // whom: acts in his place, or 0
uint32_t model_load_of(const struct model *model, uint32_t user); // open tasks
enum staff_role model_offer(const struct model *model, enum staff_role role);
// The holder of the slot, else a pick that fills it, else an offer.
void model_give(const struct model *model, struct model_case *c, struct model_task *task);
bool model_is_own(const struct model *model, const struct model_task *task, uint32_t user);
struct model_right model_right_on(const struct model *model, const struct model_task *task,
                                  uint32_t user);
struct model_right model_right_as(const struct model *model, const struct model_case *c,
                                  enum staff_role role, uint32_t user);
bool model_has_part(const struct model *model, const struct model_case *c, uint32_t user,
                    uint32_t whom);
// Open tasks by role that nobody who is there is shown.
void model_count_unattended(const struct model *model, uint32_t counts[STAFF_ROLES]);
// --- model_hand.c: what goes from one person to another
void model_take_assigned(struct model *model, const struct record *record);
void model_take_hand_over(struct model *model, const struct record *record);
void model_check_speaker(struct model *model, const struct record *record);
void model_check_attended(struct model *model);
// Inside the model.
extern const char *const model_stage_names[];
void model_break(struct model *model, int oracle, const char *format, ...) ATTR_PRINTF(3, 4);
void model_leave(struct model_case *c); // the stage where it stands
void model_end(struct model_case *c, const char *end);
struct model_case *model_named_case(struct model *model, const struct record *record);
const struct event *model_find_event(const struct record *record, enum event_kind kind);
// model_time.c: wall clocks and office hours, naively.
enum model_zone model_zone_of(const char *phone);
uint64_t model_add_days(const struct model_case *c, uint64_t base_ms, uint64_t days);
uint64_t model_opening(const struct model_case *c, uint64_t at_ms); // itself when it is open
uint64_t model_next_work_day(const struct model_case *c, uint64_t base_ms);
// The earliest moment at which something must happen by itself.
uint64_t model_next_due(const struct model *model);
uint64_t model_idle_due(const struct model_case *c); // of one at AT_CONTACT

#endif
