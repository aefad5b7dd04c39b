// The lanes of one reader: in which of them a task stands, and in what order (rule 39). Worked out
// when it is asked for, from the case as it is, in the zone of whoever looks; nothing is stored.
//
// A task stands in the inbox of the role it is for; when the reader does not read that one, in the
// first of those that he reads. There it stands in the first lane whose condition holds. In a lane
// tasks come in the order that the lane says, empty values last, then by due moment, case and task.
#ifndef RUNG_ENGINE_SHELL_LANES_H
#define RUNG_ENGINE_SHELL_LANES_H

#include "base/limits.h"
#include "base/value.h"
#include "engine/state/view.h"

struct lane_fields; // of one process, as an inbox asks for them

struct lanes {
    const struct view *view;
    struct arena *arena;
    uint32_t reader; // whose tasks they are
    uint32_t looker; // who looks at them; 0: an administrator, who sees every field
    uint64_t now_ms;
    const struct zone *zone;
    struct slice zone_name;
    struct slice currency;
    const struct view_program *inbox[INBOXES_PER_USER_MAX];
    uint32_t count; // 0: nobody has said anything for him; tasks come by due moment
    struct {
        uint32_t role, inbox;
    } roles[ROLES_PER_USER_MAX];
    uint32_t role_count;
    struct lane_fields *fields; // found so far
};

struct lane_place {
    uint64_t due, instance;
    uint32_t task;
    uint32_t inbox, lane; // INDEX_NONE: in none
    struct value key[LANE_SORTS_MAX];
};

// Between view_begin and view_end; the lanes may be used in later ones too, with the same arena.
// Days are those of whoever looks: in the zone that the directory has for him (for an
// administrator, for the reader), else in the company's.
void lanes_open(struct lanes *lanes, const struct view *view, struct arena *arena,
                uint32_t reader, uint32_t looker, uint64_t now_ms);
// Days are those of that zone from now on; false: this machine does not have it.
bool lanes_set_zone(struct lanes *lanes, struct slice name);

// Where the task stands; `done_ms` 0: it is open. Of what is done only lanes are asked that ask
// when, and it may stand in none.
void lanes_place(struct lanes *lanes, const struct view_program *program,
                 const struct instance *instance, const struct open_task *task, uint64_t done_ms,
                 struct lane_place *ret_place);
const struct image_lane *lanes_lane(const struct lanes *lanes, const struct lane_place *place);
// Below 0: `a` comes first. Never 0 for two tasks.
int lanes_order(const struct lanes *lanes, const struct lane_place *a, const struct lane_place *b);
// Sorts numbers of places (a merge sort: ties keep their order, and there are none).
void lanes_sort(const struct lanes *lanes, const struct lane_place *places, uint32_t *numbers,
                uint32_t count);

// The reader's day, and the moment it ends.
int64_t lanes_day(const struct lanes *lanes);
uint64_t lanes_midnight(const struct lanes *lanes);

#endif
