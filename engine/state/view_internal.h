// Inside engine/state only: what a view consists of.
#ifndef RUNG_ENGINE_STATE_VIEW_INTERNAL_H
#define RUNG_ENGINE_STATE_VIEW_INTERNAL_H

#include "base/pack.h"
#include "engine/state/keys.h"
#include "engine/state/state.h"
#include "engine/state/view.h"
#include "engine/store/store.h"

enum { PROGRAMS_MAX = 4096, WORK_MAX = 600, ROLE_NUMBERS_MAX = 1024 * 1024 };

struct directory {
    struct arena arena;
    struct view_user *users; // by number; [0] is nobody
    uint32_t user_count;
    struct slice *roles; // by number
    uint32_t role_count;
    struct slice *teams; // by number
    uint32_t team_count;
    uint32_t *holders;   // active holders by role number
    uint32_t *present;   // those of them that are not away
    uint32_t *first;     // by role: where its holders begin in `members`
    uint32_t *members;   // users, ascending within each role
    uint32_t *missing;   // users who are away or have left
    uint32_t missing_count;
    uint64_t names_seq; // value of counters.names_changes when read
    bool loaded;
};

struct zone_known { struct slice name; const struct zone *rules; };
struct zones {
    struct arena arena;
    struct slice *names;       // by number; [0] is the company's
    const struct zone **rules; // by number; NULL: not asked for yet, or not known here
    uint32_t count;
    struct zone_known *known; // every zone that was loaded
    uint32_t known_count;
    char version[16];
};

struct view_backing {
    struct store *store;         // core side, or NULL
    struct store_reader *reader; // reader side, or NULL
    struct arena arena;          // working instances and scratch of the command or of one begin/end
    struct instance **work;
    uint32_t work_count;
    struct directory directory;
    struct zones zones;
    struct view_program **programs; // by number, NULL = not opened yet
    uint32_t program_capacity;
    struct arena program_arena;
    struct view_counters counters;
    bool counters_dirty;
    bool counters_loaded;
    bool names_changed;
    bool directory_stale; // changed by the command in hand, and not read since
    uint64_t now_ms;
    enum err failed;
    struct buf encode;
};

struct view {
    struct view_backing *backing;
};

struct state {
    struct view view;
    struct view_backing backing;
};

enum err view_get(const struct view *view, enum store_db db, const struct key *key,
                  struct slice *ret_value);
struct store_cursor *view_seek(const struct view *view, enum store_db db, struct slice from);
void view_backing_init(struct view_backing *backing);
void view_backing_done(struct view_backing *backing);
void directory_load(const struct view *view);
void zones_load(const struct view *view);
const struct zone *zones_rules(const struct view *view, struct slice name); // NULL: not known here
uint32_t name_number(const struct view *view, enum key_name_kind kind, struct slice name);
// The directory as it is now: read again when this command has changed it.
const struct directory *directory_of(const struct view *view);
// One row of DB_USER. The slices point into `row`, which must outlive the user; lists are copied
// into `arena`. False: it does not validate.
bool people_decode(struct slice row, uint32_t number, struct arena *arena,
                   struct view_user *ret_user);
void counters_load(const struct view *view);
struct instance *view_work(const struct view *view, uint64_t id, enum err *ret_err);

// The stored value of DB_TASK: fixed part, then the title.
struct task_row_value {
    uint32_t process, program, stage, position, flags, role;
    uint64_t moved_from, opened, until;
};

#endif
