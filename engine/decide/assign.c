// Who gets a task: the slot's holder, else a pick by the role's strategy, else an offer (rule 22).
#include "engine/decide/decide_internal.h"

static void record_pick(struct run *run, uint32_t role, uint32_t user, uint32_t strategy)
{
    struct event event = { .kind = EVENT_PICKED,
                           .picked = { run->instance->head.id, role, user, (uint8_t)strategy,
                                       view_load(run->d->view, user) } };
    decide_emit(run->d, &event);
}

static bool is_candidate(const struct run *run, uint32_t user, uint32_t role,
                         struct assign_except except)
{
    return user != except.user && view_holds(run->d->view, user, role) &&
           !rights_excluded(run->instance, run->program, except.task_def, user);
}

static uint32_t least_loaded(const struct run *run, uint32_t role, struct assign_except except)
{
    const struct view *view = run->d->view;
    uint32_t count = view_user_count(view);
    uint32_t best = 0;
    uint32_t best_load = UINT32_MAX;
    for (uint32_t user = 1; user <= count; user++) {
        if (!is_candidate(run, user, role, except)) {
            continue;
        }
        uint32_t load = view_load(view, user);
        if (load < best_load) {
            best = user;
            best_load = load;
        }
    }
    return best;
}

static uint32_t round_robin(const struct run *run, uint32_t role, struct assign_except except)
{
    const struct view *view = run->d->view;
    uint32_t count = view_user_count(view);
    uint32_t last = view_round_robin(view, role);
    for (uint32_t step = 1; step <= count; step++) {
        uint32_t user = (last + step - 1) % count + 1;
        if (is_candidate(run, user, role, except)) {
            return user;
        }
    }
    return 0;
}

// Whoever held this slot in the newest ended case with one of the same keys.
static uint32_t familiar(struct run *run, uint32_t role, struct assign_except except)
{
    const struct image *image = &run->program->image;
    for (uint32_t i = 0; i < image->process[0].keys.count; i++) {
        uint32_t field = image->list[image->process[0].keys.first + i];
        struct value value = eval_field(&run->env, field);
        struct slice key;
        struct view_key_row row;
        if (!fields_key_of(run, field, &value, &key) ||
            !view_key(run->d->view, run->instance->head.process, field, key, &row) ||
            row.ended == 0) {
            continue;
        }
        const struct instance *before = view_instance(run->d->view, row.ended, NULL);
        uint32_t user = before != NULL ? instance_slot(before, role) : 0;
        if (user != 0 && is_candidate(run, user, role, except)) {
            return user;
        }
    }
    return 0;
}

uint32_t assign_pick(struct run *run, uint32_t role, uint32_t strategy,
                     struct assign_except except)
{
    uint32_t user = 0;
    switch ((enum image_strategy)strategy) {
    case STRATEGY_LEAST_LOADED: user = least_loaded(run, role, except); break;
    case STRATEGY_ROUND_ROBIN: user = round_robin(run, role, except); break;
    case STRATEGY_FAMILIAR: user = familiar(run, role, except); break;
    case STRATEGY_NONE: user = least_loaded(run, role, except); break;
    }
    if (user != 0) {
        record_pick(run, role, user, strategy);
    }
    return user;
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
uint32_t assign_slot(struct run *run, uint32_t image_role, uint32_t task_def)
{
    struct assign_except except = { 0, task_def };
    const struct image_role *role = &run->program->image.role[image_role];
    uint32_t number = run->program->roles[image_role];
    uint32_t holder = instance_slot(run->instance, number);
    if (holder != 0 && is_candidate(run, holder, number, except)) {
        return holder;
    }
    uint32_t picked = 0;
    if (role->pick != STRATEGY_NONE) {
        picked = assign_pick(run, number, role->pick, except);
    }
    if (picked == 0 && role->pick_else != STRATEGY_NONE) {
        picked = assign_pick(run, number, role->pick_else, except);
    }
    if (picked != 0) {
        assign_set_slot(run, number, picked, SLICE("picked"));
    }
    return picked;
}

// The role itself, or the nearest one above it that somebody holds (rule 22).
uint32_t assign_offered_role(struct run *run, uint32_t image_role, uint32_t task_def)
{
    const struct image *image = &run->program->image;
    uint32_t at = image_role;
    for (uint32_t i = 0; i < image->role_count && at != INDEX_NONE; i++) {
        uint32_t number = run->program->roles[at];
        if (rights_somebody(run->d->view, run->instance, run->program, task_def, number)) {
            return number;
        }
        at = image->role[at].under;
    }
    return run->program->roles[image_role];
}
