// Who gets a task: the slot's holder, else a pick by the role's strategy, else an offer (rule 22).
// Only people who are there are picked, and those first who work at the moment when the task is
// due; what the pick has seen is recorded with it.
#include "engine/decide/decide_internal.h"
#include "engine/decide/decide_version.h"

struct candidates {
    uint32_t *users; // ascending
    uint32_t count, off_hours;
    uint64_t at; // the moment looked at
};

static bool is_candidate(const struct run *run, uint32_t user, uint32_t role,
                         struct assign_except except)
{
    return user != except.user && view_holds(run->d->view, user, role) &&
           !rights_excluded(run->instance, run->program, except.task_def, user);
}

// By the task that he is picked for; `pick` as a value: by any task of the role (rule 45).
static bool is_excluded(const struct run *run, uint32_t user, struct assign_except except)
{
    const struct image *image = &run->program->image;
    if (except.task_def != INDEX_NONE) {
        return rights_excluded(run->instance, run->program, except.task_def, user);
    }
    for (uint32_t i = 0; i < image->task_count && except.role != 0; i++) {
        if (run->program->roles[image->task[i].role] == except.role &&
            rights_excluded(run->instance, run->program, i, user)) {
            return true;
        }
    }
    return false;
}

static void add_candidate(const struct run *run, struct candidates *candidates, uint32_t user,
                          const struct assign_group *group, struct assign_except except)
{
    const struct view *view = run->d->view;
    if (view_present(view, user) && user != except.user &&
        (group->role == 0 || view_holds(view, user, group->role)) &&
        (group->team == 0 || view_in_team(view, user, group->team)) &&
        !is_excluded(run, user, except)) {
        candidates->users[candidates->count++] = user;
    }
}

// Where nobody works at that moment, hours do not count: the task waits for somebody's morning.
static void keep_those_at_work(const struct view *view, struct candidates *candidates)
{
    uint32_t working = 0;
    for (uint32_t i = 0; i < candidates->count; i++) {
        bool works = view_work_begins(view, candidates->users[i], candidates->at) == candidates->at;
        working += works ? 1u : 0u;
    }
    if (working == 0 || working == candidates->count) {
        return;
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < candidates->count; i++) {
        uint32_t user = candidates->users[i];
        if (view_work_begins(view, user, candidates->at) == candidates->at) {
            candidates->users[kept++] = user;
        }
    }
    candidates->off_hours = candidates->count - kept;
    candidates->count = kept;
}

// Everybody of the group who is there and not excepted.
static struct candidates find_candidates(const struct run *run, const struct assign_group *group,
                                         struct assign_except except)
{
    const struct view *view = run->d->view;
    uint32_t count = view_user_count(view);
    const uint32_t *holders = NULL;
    if (group->role != 0) {
        holders = view_holders_of(view, group->role, &count);
    }
    struct candidates candidates = { ARENA_ARRAY(run->d->arena, uint32_t, count + 1), 0, 0,
                                     except.at > run->d->now_ms ? except.at : run->d->now_ms };
    for (uint32_t i = 0; i < count; i++) {
        add_candidate(run, &candidates, holders != NULL ? holders[i] : i + 1, group, except);
    }
    keep_those_at_work(view, &candidates);
    return candidates;
}

static void record_pick(struct run *run, const struct assign_group *group, uint32_t user,
                        uint32_t strategy, const struct candidates *candidates)
{
    const struct view *view = run->d->view;
    uint32_t seen = candidates->count < LOADS_SEEN_MAX ? candidates->count : LOADS_SEEN_MAX;
    uint32_t *loads = ARENA_ARRAY(run->d->arena, uint32_t, (size_t)seen * 2 + 1);
    for (uint32_t i = 0; i < seen; i++) {
        loads[2 * i] = candidates->users[i];
        loads[2 * i + 1] = view_load(view, candidates->users[i]);
    }
    struct event event = { .kind = EVENT_PICKED };
    event.picked = (struct event_picked){
        .instance = run->instance->head.id,
        .role = group->role,
        .user = user,
        .strategy = (uint8_t)strategy,
        .load = view_load(view, user),
        .team = group->team,
        .candidates = candidates->count,
        .seen = slice_make(loads, (size_t)seen * 2 * sizeof(uint32_t)),
        .at = candidates->at,
        .off_hours = candidates->off_hours,
    };
    decide_emit(run->d, &event);
}

static uint32_t least_loaded(const struct run *run, const struct candidates *candidates)
{
    uint32_t best = 0;
    uint32_t best_load = UINT32_MAX;
    for (uint32_t i = 0; i < candidates->count; i++) {
        uint32_t load = view_load(run->d->view, candidates->users[i]);
        if (load < best_load) {
            best = candidates->users[i];
            best_load = load;
        }
    }
    return best;
}

// The next one after whoever was picked last; after the last of all, the first.
static uint32_t round_robin(const struct run *run, const struct assign_group *group,
                            const struct candidates *candidates)
{
    const struct view *view = run->d->view;
    uint32_t last =
        group->team != 0 ? view_team_robin(view, group->team) : view_round_robin(view, group->role);
    for (uint32_t i = 0; i < candidates->count; i++) {
        if (candidates->users[i] > last) {
            return candidates->users[i];
        }
    }
    return candidates->count > 0 ? candidates->users[0] : 0;
}

static bool is_listed(const struct candidates *candidates, uint32_t user)
{
    for (uint32_t i = 0; i < candidates->count; i++) {
        if (candidates->users[i] == user) {
            return true;
        }
    }
    return false;
}

// Whoever held this slot in the newest ended case with one of the same keys.
static uint32_t familiar(struct run *run, uint32_t role, const struct candidates *candidates)
{
    const struct image *image = &run->program->image;
    for (uint32_t i = 0; i < image->process[0].keys.count && role != 0; i++) {
        uint32_t field = image->list[image->process[0].keys.first + i];
        struct value value = eval_field(&run->env, field);
        struct slice key;
        struct view_key_row row;
        if (!fields_key_of(run, field, &value, &key) ||
            !fields_look_up(run, field, key, &row) ||
            row.ended == 0) {
            continue;
        }
        const struct instance *before = view_instance(run->d->view, row.ended, NULL);
        uint32_t user = before != NULL ? instance_slot(before, role) : 0;
        if (user != 0 && is_listed(candidates, user)) {
            return user;
        }
    }
    return 0;
}

uint32_t assign_pick(struct run *run, struct assign_group group, uint32_t strategy,
                     struct assign_except except)
{
    struct candidates candidates = find_candidates(run, &group, except);
    uint32_t user = 0;
    switch ((enum image_strategy)strategy) {
    case STRATEGY_LEAST_LOADED: user = least_loaded(run, &candidates); break;
    case STRATEGY_ROUND_ROBIN: user = round_robin(run, &group, &candidates); break;
    case STRATEGY_FAMILIAR: user = familiar(run, group.role, &candidates); break;
    case STRATEGY_NONE: user = least_loaded(run, &candidates); break;
    }
    if (user != 0) {
        record_pick(run, &group, user, strategy, &candidates);
    }
    return user;
}

uint32_t assign_by_role(struct run *run, uint32_t image_role, struct assign_group group,
                        struct assign_except except)
{
    const struct image_role *role = &run->program->image.role[image_role];
    uint32_t picked = 0;
    if (role->pick != STRATEGY_NONE) {
        picked = assign_pick(run, group, role->pick, except);
    }
    if (picked == 0 && role->pick_else != STRATEGY_NONE) {
        picked = assign_pick(run, group, role->pick_else, except);
    }
    return picked;
}

uint32_t assign_pick_value(struct run *run, uint32_t image_role, uint32_t strategy,
                           struct slice team)
{
    struct assign_except except = { .task_def = INDEX_NONE };
    struct assign_group group = { 0, 0 };
    if (image_role != INDEX_NONE) {
        group.role = run->program->roles[image_role];
        except.role = group.role;
    }
    if (team.len > 0) {
        group.team = view_team_number(run->d->view, team);
        if (group.team == 0) {
            return 0; // a team that nobody was ever in
        }
    }
    uint32_t picked = 0;
    if (strategy == STRATEGY_NONE && image_role != INDEX_NONE) {
        picked = assign_by_role(run, image_role, group, except);
    }
    return picked != 0 ? picked : assign_pick(run, group, strategy, except);
}

void assign_set_slot(struct run *run, uint32_t role, uint32_t user, struct slice reason)
{
    uint32_t was = instance_slot(run->instance, role);
    if (was == user) {
        return;
    }
    struct event event = { .kind = EVENT_SLOT_SET,
                           .slot_set = { run->instance->head.id, role, user, was, reason } };
    decide_emit(run->d, &event);
}

// The holder of the slot; an empty slot is filled by the role's own strategy. 0: offer the task.
uint32_t assign_slot(struct run *run, uint32_t image_role, uint32_t task_def, uint64_t due)
{
    struct assign_except except = { .task_def = task_def, .at = due };
    uint32_t number = run->program->roles[image_role];
    uint32_t holder = instance_slot(run->instance, number);
    if (holder != 0 && is_candidate(run, holder, number, except)) {
        return holder;
    }
    struct assign_group group = { .role = number };
    uint32_t picked = assign_by_role(run, image_role, group, except);
    if (picked != 0) {
        assign_set_slot(run, number, picked, SLICE("picked"));
    }
    return picked;
}

// A task is for a slot: where a step gave the slot to another and the task is still open, it goes
// along, unless he may not have it (rule 24).
static void follow_slot(struct run *run, const struct open_task *task, uint32_t image_role)
{
    uint32_t holder = assign_slot(run, image_role, task->def, task->due);
    bool moves = holder != 0 ? holder != task->holder : task->holder != 0;
    if (!moves) {
        return;
    }
    uint32_t offered = holder != 0 ? 0 : assign_offered_role(run, image_role, task->def);
    struct event event = { .kind = EVENT_TASK_ASSIGNED,
                           .task_assigned = { run->instance->head.id, task->number, task->role,
                                              holder, task->holder, offered, SLICE("assigned") } };
    decide_emit(run->d, &event);
}

void assign_follow_slots(struct run *run)
{
    if (run->slot_assigned == NULL) {
        return;
    }
    for (uint32_t i = 0; i < run->instance->head.task_count; i++) {
        struct open_task task = run->instance->task[i]; // evolve moves tasks about while we emit
        uint32_t image_role = rights_image_role(run->program, task.role);
        if ((task.flags & TASK_FLAG_SIDE) == 0 && image_role != INDEX_NONE &&
            run->slot_assigned[image_role]) {
            follow_slot(run, &task, image_role);
        }
    }
}

static bool somebody_holds(const struct run *run, uint32_t role, uint32_t task_def)
{
    uint32_t count;
    const uint32_t *holders = view_holders_of(run->d->view, role, &count);
    for (uint32_t i = 0; i < count; i++) {
        if (!rights_excluded(run->instance, run->program, task_def, holders[i])) {
            return true;
        }
    }
    return false;
}

// The role itself, or the nearest one above it that somebody holds who is not excluded. Holders who
// are away count: they come back, and meanwhile others see the task (rights_attend.c).
uint32_t assign_offered_role(struct run *run, uint32_t image_role, uint32_t task_def)
{
    const struct image *image = &run->program->image;
    uint32_t at = image_role;
    for (uint32_t i = 0; i < image->role_count && at != INDEX_NONE; i++) {
        uint32_t number = run->program->roles[at];
        if (somebody_holds(run, number, task_def)) {
            return number;
        }
        at = image->role[at].under;
    }
    return run->program->roles[image_role];
}

// --------------------------------------------------------------------------------- incidents

struct role_search {
    uint32_t role;
    bool found;
};

static bool is_of_role(void *context, const struct view_incident_row *row)
{
    struct role_search *search = context;
    search->found = row->instance == 0 && row->role == search->role &&
                    slice_equal(row->kind, SLICE(INCIDENT_NOBODY_THERE));
    return !search->found;
}

void decide_nobody_there(struct decide *d, uint32_t role, struct slice text)
{
    struct role_search search = { .role = role };
    if (view_counters(d->view)->open_incidents > 0) {
        view_incidents(d->view, is_of_role, &search);
    }
    if (search.found) {
        return;
    }
    struct event event = { .kind = EVENT_INCIDENT_OPENED };
    event.incident_opened = (struct event_incident_opened){
        .incident = view_counters(d->view)->next_incident, .role = role,
        .kind = SLICE(INCIDENT_NOBODY_THERE), .text = text,
    };
    decide_emit(d, &event);
}

void assign_attend(struct run *run)
{
    for (uint32_t i = 0; i < run->instance->head.task_count; i++) {
        const struct open_task *task = &run->instance->task[i];
        struct rights_task offer = rights_task_of(run->program, run->instance, task);
        // Where nobody ever will be, the gate refuses the command instead (rule 42).
        if (!rights_attended(run->d->view, &offer) && rights_can_be_done(run->d->view, &offer)) {
            struct slice role = view_role_name(run->d->view, task->role);
            decide_nobody_there(
                run->d, task->role,
                arena_format(run->d->arena, "nobody is there to do what is for %s%.*s%s: case %llu",
                             role.len > 0 ? "`" : "one", SLICE_PRINT(role),
                             role.len > 0 ? "`" : " person",
                             (unsigned long long)run->instance->head.id));
        }
    }
}
