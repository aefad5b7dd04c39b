// Instance image: the stored row of one instance, and its working form during a command.
// Stored: fixed little-endian head, then arrays of fixed-size entries, then the field area (u16
// offsets and packed values). Loading is a handful of memcpys; nothing is parsed but bounds. A
// field longer than FIELD_INLINE_BYTES_MAX (or what would push the row over its bound) lives in
// DB_PART.
#ifndef RUNG_ENGINE_STATE_INSTANCE_H
#define RUNG_ENGINE_STATE_INSTANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/slice.h"

enum { INSTANCE_FORMAT = 1, FIELDS_MAX = 256 };
enum instance_status { INSTANCE_OPEN, INSTANCE_ENDED };

struct instance_head {
    uint8_t format, status, outcome, pad;
    uint16_t life;
    uint16_t field_count;
    uint32_t program, process;
    uint64_t id, root, parent;
    uint32_t collection, round; // within the parent
    uint32_t creator;
    uint32_t end; // of the image, when ended by one
    uint32_t next_task, next_timer, next_entry;
    uint16_t active_count, task_count, timer_count, position_count, slot_count, collection_count,
        latch_count, incident_count;
    uint16_t acted_count;
    uint16_t zone; // number of the case's time zone; 0: the company's
    uint32_t field_bytes;
    uint8_t frames[FRAMES_MAX]; // open escalations of the image + 1, the outermost first; 0 = none
    uint16_t call_count, kept_count;
    uint32_t pad2;
    uint64_t started_ms, moved_ms, ended_ms;
    uint64_t last_seq; // of the newest record that touched it
};

// One active stage. Together they are a tree: each names the entry around it. They stand in the
// order of the text, so that a stage comes after the one around it. The branches of a parallel are
// active at the same time, until they are done.
struct active_stage {
    uint32_t stage, entry;
    uint32_t around; // entry of the stage around it, 0 for the body
    uint32_t done;   // with a parallel: branches that are done
    uint64_t entered_ms;
};
enum { TASK_FLAG_PROMISED = 1, TASK_FLAG_URGENT = 2, TASK_FLAG_SIDE = 4,
       TASK_FLAG_WORKING = 8 }; // its due moment was counted in working time
struct open_task {
    uint32_t number, def, stage, entry;
    uint32_t role;    // company-wide role number of the slot
    uint32_t holder;  // user, 0 = offered
    uint32_t offered; // role it is offered to when nobody holds it
    uint32_t flags;
    uint64_t due, until, opened, moved_from,
        overdue_next;               // overdue_next 0 = no ladder or at its end
    uint32_t overdue, overdue_rung; // ladder of the image, rungs climbed
    uint32_t tries, asker;          // presses of ladders so far; who asked for a side task
};
// A timer whose `def` is a task's number and this bit is a reminder of that task.
#define TIMER_DEF_REMIND 0x80000000u
struct armed_timer {
    uint32_t number, def, stage, entry;
    uint64_t due, base;
};
// `of`: POSITION_ACTION + action, POSITION_PRESSES + action, or POSITION_LADDER + ladder (entry 0).
#define POSITION_ACTION 0u
#define POSITION_PRESSES 0x40000000u
#define POSITION_LADDER 0x80000000u
struct ladder_position { uint32_t entry, of, position; };
struct slot_holder { uint32_t role, user; };
struct collection_state {
    uint32_t collection, round, total, open, succeeded, failed, cancelled, plain;
};
struct rule_latch { uint32_t rule, entry; }; // listed = up
struct open_incident { uint32_t number; };
struct acted_as { uint32_t role, user; }; // pressed something as this role in this life (rule 24)

struct kept_message { uint32_t number, signal; }; // signal: of the image; oldest first
// Calls that are on their way, in the order of their steps. `due`: also CALL_DUE_…
struct open_call { uint64_t call, due; uint32_t send, attempts; };

// Stored as they stand in memory: no padding that could hold stray bytes.
_Static_assert(sizeof(struct instance_head) == 136, "stored layout");
_Static_assert(sizeof(struct active_stage) == 24 && sizeof(struct open_task) == 88 &&
                   sizeof(struct armed_timer) == 32 && sizeof(struct ladder_position) == 12 &&
                   sizeof(struct collection_state) == 32,
               "stored layout");

struct instance {
    struct instance_head head;
    struct active_stage active[ACTIVE_STAGES_MAX];
    struct open_task task[TASKS_MAX];
    struct armed_timer timer[TIMERS_MAX];
    struct ladder_position position[POSITIONS_MAX];
    struct slot_holder slot[SLOTS_MAX];
    struct collection_state collection[COLLECTIONS_MAX];
    struct rule_latch latch[LATCHES_MAX];
    struct open_incident incident[INCIDENTS_MAX];
    struct acted_as acted[ACTED_MAX];
    struct kept_message kept[KEPT_MAX];
    struct open_call call[CALLS_MAX];
    struct slice field[FIELDS_MAX]; // packed values; empty slice = empty
    uint64_t previous_seq;          // last_seq as loaded
    uint32_t part_bits[FIELDS_MAX / 32]; // fields that live in DB_PART when stored
    bool fresh;                     // started by this command
    bool dirty;
    bool fits; // was held against its program since it was read
};

// Fills `ret_instance` from a stored row; field slices borrow from `bytes` (a field in DB_PART is
// given as an ext of type INSTANCE_PART_EXT). ERR_CORRUPT: some count or length does not hold.
enum err instance_decode(struct slice bytes, struct instance *ret_instance);
// Fields longer than FIELD_INLINE_BYTES_MAX, and the longest ones while the row is over its bound,
// are marked in part_bits and left to the caller to store. ERR_TOO_BIG: even so it does not fit.
enum err instance_encode(struct instance *instance, struct buf *buf);
enum { INSTANCE_PART_EXT = 100 };
// Is everything that the row points to in its program there? Only for a case at rest, between
// commands.
// One well-formed packed value, as fields hold it (an empty field holds no bytes at all).
bool instance_value_holds(struct slice packed);
struct image;
bool instance_fits(const struct instance *instance, const struct image *image);

// The innermost stages of the tree inside `around` (an entry, itself included; 0: everywhere), in
// the order of the text: the first one after `after` (NULL: from the beginning). NULL: no more.
const struct active_stage *instance_next_leaf(const struct instance *instance, uint32_t around,
                                              const struct active_stage *after);
const struct active_stage *instance_active(const struct instance *instance, uint32_t stage);
const struct active_stage *instance_entry(const struct instance *instance, uint32_t entry);
// Stages directly inside it that are active.
uint32_t instance_branches(const struct instance *instance, uint32_t entry);
// Is the active stage of that entry `around`, or inside it (0: always true for an active one)?
bool instance_inside(const struct instance *instance, uint32_t entry, uint32_t around);
struct open_task *instance_task(struct instance *instance, uint32_t number);
const struct open_task *instance_task_const(const struct instance *instance, uint32_t number);
// The first leaf's own task (not a side task) inside `around` (0: everywhere), or NULL.
const struct open_task *instance_main_task(const struct instance *instance, uint32_t around);
uint32_t instance_slot(const struct instance *instance, uint32_t role); // user or 0
uint32_t instance_position(const struct instance *instance, uint32_t entry, uint32_t of);
const struct collection_state *instance_collection(const struct instance *instance,
                                                   uint32_t collection);
const struct open_call *instance_call(const struct instance *instance, uint64_t call);
bool instance_latched(const struct instance *instance, uint32_t rule, uint32_t entry);

#endif
