// The read-only face of the state: all that decide, the cards and the gate may see. Over the core's
// layers (with the working instances of the command in hand) or over a reader on another thread.
// What it returns is valid until the next evolve (core) or until the view is reset (reader).
#ifndef RUNG_ENGINE_STATE_VIEW_H
#define RUNG_ENGINE_STATE_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"
#include "dsl/image/image.h"
#include "engine/state/instance.h"
#include "engine/time/calendar.h"

struct view;
struct store_reader;

// One user of the directory, in memory.
struct view_absence { // stored as it stands
    uint64_t from, to;
    uint32_t substitute, begun; // user or 0; 1 = `from` has come
};
_Static_assert(sizeof(struct view_absence) == 24, "stored layout");
struct view_user {
    uint32_t id, superior;
    struct slice name, title, zone, language, hours;
    const struct calendar *calendar; // his working hours; NULL: he is there at any hour
    const struct zone *clock;        // on whose clock they are; NULL: UTC
    const uint32_t *roles; // company-wide numbers
    uint32_t role_count;
    const uint32_t *teams; // likewise
    uint32_t team_count;
    const struct view_absence *absences; // ascending, none overlaps another
    uint32_t absence_count;
    bool active;
    bool away;           // an absence has begun and not ended
    uint32_t substitute; // of that absence, or 0
};

// A program opened from the store: image with its company-wide role numbers. Its image is that of a
// process; view_active_inbox gives those of inboxes, which are numbered among the processes.
struct view_program {
    uint32_t id, process;
    uint32_t version; // as people count: the first one of its process is 1
    struct image image;
    const uint32_t *roles; // image role → company-wide role number
    const struct calendar *calendars; // as in the image
    // Of each calendar: its own zone, or NULL: that of the company, or of the case. A zone that
    // this machine does not know makes the program one that cannot be opened.
    const struct zone **calendar_zones;
    uint8_t hash[32];
};

// --- a view over a reader, for threads other than the core --------------------------------------
// Programs and directory are cached inside and refreshed when the store has moved on.
enum err view_open_reader(struct store_reader *reader, struct view **ret_view) ATTR_USE_RESULT;
void view_close_reader(struct view *view);
// Between begin and end what the view returns stays valid; keep it short (store_reader_begin).
void view_begin(struct view *view);
// As of the last flush, without the store's lock: may take long. Not for a store in memory.
void view_begin_flushed(struct view *view);
void view_end(struct view *view);

// --- instances ----
// NULL: there is none. `ret_err`, when not NULL, tells ERR_NOT_FOUND from ERR_CORRUPT.
const struct instance *view_instance(const struct view *view, uint64_t id, enum err *ret_err);
// As it is stored, for a look that is over at once: it lives in view_arena, which may be rewound.
// NULL: there is none, or it does not validate.
const struct instance *view_peek(const struct view *view, uint64_t id);
// A field's packed value (fetched from DB_PART when it lives there); empty slice = empty.
struct slice view_field(const struct view *view, const struct instance *instance, uint32_t field);
// Title of an open task as stored with its index row.
struct slice view_task_title(const struct view *view, const struct instance *instance,
                             const struct open_task *task);

// --- programs, processes, roles, people ----
const struct view_program *view_program(const struct view *view, uint32_t program);
const struct view_program *view_active(const struct view *view, uint32_t process); // or NULL
const struct view_program *view_active_inbox(const struct view *view, uint32_t process);
uint32_t view_process_number(const struct view *view, struct slice name); // 0: unknown
uint32_t view_role_number(const struct view *view, struct slice name);
struct slice view_role_name(const struct view *view, uint32_t role);
const struct view_user *view_user(const struct view *view, uint32_t user); // NULL: nobody
const struct view_user *view_user_named(const struct view *view, struct slice name);
// Time zones by number; 0 is the company's. NULL: this machine's tzdata does not have it.
const struct zone *view_zone(const struct view *view, uint32_t zone);
// By name: NULL when this machine does not have it, or the name is empty.
const struct zone *view_zone_named(const struct view *view, struct slice name);
struct slice view_zone_name(const struct view *view, uint32_t zone);
struct slice view_tz_version(const struct view *view); // of tzdata: "2026b"
uint32_t view_zone_number(const struct view *view, struct slice name); // 0: no case has it yet
uint32_t view_user_count(const struct view *view); // users are numbered 1 … count
bool view_holds(const struct view *view, uint32_t user, uint32_t role); // active and has the role
uint32_t view_holders(const struct view *view, uint32_t role);        // how many active holders
// The active holders of a role, ascending; `ret_count` of them.
const uint32_t *view_holders_of(const struct view *view, uint32_t role, uint32_t *ret_count);
uint32_t view_present_holders(const struct view *view, uint32_t role); // active and not away
bool view_present(const struct view *view, uint32_t user);             // active and not away
// The moment itself when it lies in the working hours of the user, else that of their next opening.
// Whoever has no hours is always at work.
uint64_t view_work_begins(const struct view *view, uint32_t user, uint64_t moment_ms);
// Everybody who is known and not present: away, or has left. Ascending.
const uint32_t *view_missing(const struct view *view, uint32_t *ret_count);
// Who acts in the place of a user who is away: his substitute, or the substitute's when that one is
// away too. 0: the user is present, has left, or nobody was named who is there.
uint32_t view_stand_in(const struct view *view, uint32_t user);
uint32_t view_team_number(const struct view *view, struct slice name); // 0: unknown
struct slice view_team_name(const struct view *view, uint32_t team);
bool view_in_team(const struct view *view, uint32_t user, uint32_t team); // active and in it
uint32_t view_team_robin(const struct view *view, uint32_t team); // user picked last, or 0
uint32_t view_load(const struct view *view, uint32_t user);           // open tasks of the user
uint32_t view_round_robin(const struct view *view, uint32_t role); // user picked last, or 0
struct view_promises { uint32_t kept, broken; };
struct view_promises view_promises(const struct view *view, uint32_t user);
// How often tasks that the user held were put off by `again`, what was taken back included.
uint32_t view_postponed(const struct view *view, uint32_t user);

// --- versions ----
// One activation of a program: what was applied, or taken back. Cases of other versions of the
// process are looked at one by one from then on; `settled`: all have been.
struct view_activation {
    uint32_t number, process, program, was; // was: the program before, 0 = none
    uint64_t at;
    uint32_t moved, held; // cases that came to it; that wait for a decision
    bool settled, revert;
    struct slice by; // who applied it
};
bool view_activation(const struct view *view, uint32_t number, struct view_activation *ret);
uint32_t view_activation_of(const struct view *view, uint32_t process); // the newest; 0: none
// What became of a case at that activation.
struct view_move_row {
    uint64_t instance, at;
    uint32_t was;    // the program that it ran
    uint32_t stage;  // moved: its first leaf then
    bool moved, by_migrate;
    struct slice why; // held
};
bool view_move(const struct view *view, uint32_t activation, uint64_t instance,
               struct view_move_row *ret);
typedef bool view_move_fn(void *context, const struct view_move_row *row);
// In order of the cases, from `from`; calls each until false.
void view_moves(const struct view *view, uint32_t activation, uint64_t from, view_move_fn *each,
                void *context);
uint32_t view_open_on(const struct view *view, uint32_t program); // open cases that run it
// The program of a process with that image hash; 0: there is none.
uint32_t view_program_hashed(const struct view *view, uint32_t process, const uint8_t *hash);
// Which version of its process (or inbox) that program is, from 1.
uint32_t view_version_number(const struct view *view, uint32_t process, uint32_t number);
uint32_t view_program_of_version(const struct view *view, uint32_t process, uint32_t version);

// --- indexes ----
// merged: the case that one with this key was merged into last; looked at when none is open.
struct view_key_row { uint64_t open, ended, merged; };
// The case that was merged is followed to where it leads today: through cases that were merged in
// their turn. 0: not known.
uint64_t view_merged_into(const struct view *view, uint64_t id);
bool view_key(const struct view *view, uint32_t process, uint32_t field, struct slice key,
              struct view_key_row *ret_row);
struct view_task_row { // of DB_TASK
    uint64_t due, instance;
    uint32_t task, process, program, stage, position, flags, role;
    uint64_t moved_from, opened, until;
    struct slice title;
};
// Tasks of a holder (user number) or offered to a role, by due moment. Calls `each` until it
// returns false. The row is valid during the call.
typedef bool view_task_fn(void *context, const struct view_task_row *row);
void view_tasks_of_user(const struct view *view, uint32_t user, view_task_fn *each, void *context);
void view_tasks_of_role(const struct view *view, uint32_t role, view_task_fn *each, void *context);
// What a user has done lately, the oldest first.
struct view_done_row {
    uint64_t at, instance;
    struct open_task task; // as it was; `holder` is the user
    uint32_t program, position;
    struct slice title;
};
typedef bool view_done_fn(void *context, const struct view_done_row *row);
void view_done(const struct view *view, uint32_t user, uint64_t from_ms, view_done_fn *each,
               void *context);
struct view_timer_row { // instance 0: `timer` is a user whose absence begins or ends then
    uint64_t due, instance;
    uint32_t timer;
    bool overdue;
}; // overdue: timer = task
bool view_first_timer(const struct view *view, struct view_timer_row *ret_row);
// Timers in order of (due, instance, number), from that moment and case on, with due <= until_ms;
// calls each until false.
struct view_timer_place { uint64_t ms, instance; };
typedef bool view_timer_fn(void *context, const struct view_timer_row *row);
void view_timers(const struct view *view, struct view_timer_place from, uint64_t until_ms,
                 view_timer_fn *each, void *context);
struct view_child_row {
    uint64_t child;
    uint32_t collection, round;
    uint8_t state;
}; // 0 open, else 1 + outcome
typedef bool view_child_fn(void *context, const struct view_child_row *row);
void view_children(const struct view *view, uint64_t parent, view_child_fn *each, void *context);
struct view_incident_row {
    uint64_t instance; // 0: it belongs to a role
    uint32_t incident, role;
    uint64_t at;
    struct slice kind, text;
    struct slice what; // what `retry` tries again (decide/incidents.c); empty: nothing
};
typedef bool view_incident_fn(void *context, const struct view_incident_row *row);
void view_incidents(const struct view *view, view_incident_fn *each, void *context); // open ones
bool view_incident(const struct view *view, uint32_t incident, struct view_incident_row *ret_row);
// Messages that wait, and calls on their way.
struct view_kept_row { uint64_t at; struct slice connector, name, form; };
bool view_kept(const struct view *view, uint64_t instance, uint32_t number,
               struct view_kept_row *ret_row);
struct view_call_row {
    uint64_t due, call, instance;
    uint32_t attempts;
    struct slice connector, name, key, form;
};
// By due moment, from `from_ms`; calls each until false. Rows are valid during the call.
typedef bool view_call_fn(void *context, const struct view_call_row *row);
void view_calls(const struct view *view, uint64_t from_ms, view_call_fn *each, void *context);
bool view_call(const struct view *view, uint64_t due, uint64_t call, struct view_call_row *ret_row);
struct view_notice_row { uint64_t at, instance; struct slice text; };
typedef bool view_notice_fn(void *context, const struct view_notice_row *row);
void view_notices(const struct view *view, uint32_t user, view_notice_fn *each, void *context);
bool view_imported(const struct view *view, struct slice source, struct slice row,
                   uint64_t *ret_instance);
struct view_counters { // kept by evolve
    uint64_t next_instance, open_instances, ended_instances, open_tasks, open_incidents, notices;
    uint32_t next_user, next_role, next_process, next_program, next_client, next_incident;
    uint32_t next_team, next_zone, next_activation, pad_next;
    uint64_t lived_minutes, last_minute; // of records; pauses count in part (evolve_request.c)
    uint64_t purge_hour, names_changes, next_call;
    uint8_t demo, pad[3];
    char region[4]; // of phones written without a country: "RU"; empty = none is assumed
    char currency[8];
    char zone[64]; // of the company; empty: UTC
};
const struct view_counters *view_counters(const struct view *view);
// Every instance in order of id, for verify and stats. Calls each until false.
typedef bool view_instance_fn(void *context, const struct instance *instance);
void view_all_instances(const struct view *view, uint64_t from, view_instance_fn *each,
                        void *context);
struct arena *view_arena(const struct view *view); // scratch that lives as long as what it returns

// --- journal, through a reader view (NULL over the core's view) ----
struct store_reader *view_reader(const struct view *view);

#endif
