// Who is picked for a task, who may do it, and in whose place: rules 22 to 24, naively.
#include "tests/sim/model.h"

uint32_t model_load_of(const struct model *model, uint32_t user)
{
    uint32_t load = 0;
    for (uint32_t i = 0; i < model->case_count; i++) {
        const struct model_case *c = &model->cases[i];
        if (c->end != NULL) {
            continue;
        }
        load += !c->pair && c->task.open && c->task.holder == user ? 1u : 0u;
        for (uint32_t b = 0; c->pair && b < BRANCH_COUNT; b++) {
            const struct model_task *task = &c->branches.branch[b];
            load += task->open && task->holder == user ? 1u : 0u;
        }
        for (uint32_t s = 0; s < MODEL_SIDE_MAX; s++) {
            load += c->side[s] == user && c->side_number[s] != 0 ? 1u : 0u;
        }
    }
    return load;
}

enum staff_role model_offer(const struct model *model, enum staff_role role)
{
    bool above = !staff_held(&model->staff, role) && staff_held(&model->staff, OF_HEAD);
    return above ? OF_HEAD : role;
}

void model_give(const struct model *model, struct model_case *c, struct model_task *task)
{
    uint32_t *slot = &c->slot[task->role];
    task->holder = *slot != 0 && staff_holds(&model->staff, *slot, task->role) ? *slot : 0;
    if (task->holder == 0) {
        task->holder = visit_pick_for_role(model, c, task->role, 0, task->due);
        *slot = task->holder != 0 ? task->holder : *slot;
    }
    task->offered = task->holder != 0 ? OF_NO_ROLE : model_offer(model, task->role);
}

// --------------------------------------------------------------------------------- rights

// Somebody of the role is there himself.
static bool one_is_there(const struct staff *staff, enum staff_role role)
{
    for (uint32_t user = 1; user < STAFF_MAX; user++) {
        if (staff_holds(staff, user, role) && staff_present(staff, user)) {
            return true;
        }
    }
    return false;
}

// The first of the role for whom `user` stands in; `user` 0: for whom anybody does.
static uint32_t first_stood_in_for(const struct staff *staff, enum staff_role role, uint32_t user)
{
    for (uint32_t of = 1; of < STAFF_MAX; of++) {
        uint32_t by = staff_holds(staff, of, role) ? staff_stand_in(staff, of) : 0;
        if (by != 0 && (user == 0 || by == user)) {
            return of;
        }
    }
    return 0;
}

static struct model_right yes(uint32_t whom) { return (struct model_right){ true, whom }; }

// Whoever lost the role has the task's name, but can do nothing with it.
static bool still_fits(const struct staff *staff, const struct model_task *task, uint32_t user)
{
    bool above = task->role != OF_HEAD && staff_holds(staff, user, OF_HEAD);
    return staff->person[user].active &&
           (task->role == OF_NO_ROLE || staff_holds(staff, user, task->role) || above);
}

bool model_is_own(const struct model *model, const struct model_task *task, uint32_t user)
{
    return task->open && user != 0 &&
           (task->holder == user ||
            (task->holder == 0 && staff_holds(&model->staff, user, task->offered)));
}

struct model_right model_right_on(const struct model *model, const struct model_task *task,
                                  uint32_t user)
{
    const struct staff *staff = &model->staff;
    if (!task->open || user == 0) {
        return (struct model_right){ false, 0 };
    }
    bool fits = task->holder == 0 || still_fits(staff, task, task->holder);
    if (model_is_own(model, task, user) && still_fits(staff, task, user)) {
        return yes(0);
    }
    if (fits && task->holder != 0 && staff_stand_in(staff, task->holder) == user) {
        return yes(task->holder);
    }
    if (task->holder == 0 && !one_is_there(staff, task->offered) && staff_present(staff, user)) {
        uint32_t whom = first_stood_in_for(staff, task->offered, user);
        bool others = first_stood_in_for(staff, task->offered, 0) != 0;
        for (uint32_t of = 1; of < STAFF_MAX && whom == 0 && !others; of++) {
            whom = staff_holds(staff, of, task->offered) && staff_is_boss(staff, user, of) ? of : 0;
        }
        if (whom != 0) {
            return yes(whom);
        }
    }
    return (struct model_right){ staff_above(staff, user, task->role, task->holder),
                                 fits ? task->holder : 0 };
}

static bool is_offered(const struct model_case *c, enum staff_role role)
{
    bool offered = false;
    for (uint32_t i = 0; c->pair && i < BRANCH_COUNT; i++) {
        const struct model_task *task = &c->branches.branch[i];
        offered = offered || (task->open && task->role == role && task->offered == role);
    }
    return offered || (c->task.open && c->task.role == role && c->task.offered == role);
}

struct model_right model_right_as(const struct model *model, const struct model_case *c,
                                  enum staff_role role, uint32_t user)
{
    const struct staff *staff = &model->staff;
    uint32_t holder = staff_holds(staff, c->slot[role], role) ? c->slot[role] : 0;
    if (user == 0) {
        return (struct model_right){ false, 0 };
    }
    if (holder == user ||
        (staff_holds(staff, user, role) && (holder == 0 || is_offered(c, role)))) {
        return yes(0);
    }
    uint32_t whom = holder == 0                             ? first_stood_in_for(staff, role, user)
                    : staff_stand_in(staff, holder) == user ? holder
                                                            : 0;
    return whom != 0 ? yes(whom)
                     : (struct model_right){ staff_above(staff, user, role, holder), holder };
}

// Whoever has a task or a slot of the case, or acts in the place of somebody who has.
bool model_has_part(const struct model *model, const struct model_case *c, uint32_t user,
                    uint32_t whom)
{
    const struct staff *staff = &model->staff;
    bool own = model_is_own(model, &c->task, user);
    bool other = model_right_on(model, &c->task, user).allowed;
    for (uint32_t i = 0; c->pair && i < BRANCH_COUNT; i++) {
        own = own || model_is_own(model, &c->branches.branch[i], user);
        other = other || model_right_on(model, &c->branches.branch[i], user).allowed;
    }
    for (enum staff_role role = OF_HEAD; role < STAFF_ROLES; role++) {
        uint32_t holder = c->slot[role];
        own = own || (holder != 0 && holder == user);
        other = other || (c->had[role] && staff_above(staff, user, role, holder)) ||
                (holder != 0 && staff_stand_in(staff, holder) == user);
    }
    for (uint32_t i = 0; i < MODEL_SIDE_MAX; i++) {
        uint32_t holder = c->side_number[i] != 0 ? c->side[i] : 0;
        own = own || (holder != 0 && holder == user);
        other = other || (holder != 0 && (staff_is_boss(staff, user, holder) ||
                                          staff_stand_in(staff, holder) == user));
    }
    bool in_place = whom == 0 || staff_stand_in(staff, whom) == user ||
                    staff_above(staff, user, OF_SALES, whom) || staff_is_boss(staff, user, whom);
    return user != 0 && (whom == 0 ? own || other : other && in_place);
}

// --------------------------------------------------------------------------------- who is left

static bool boss_is_there(const struct staff *staff, uint32_t of)
{
    for (uint32_t user = 1; user < STAFF_MAX; user++) {
        if (staff_present(staff, user) && staff_is_boss(staff, user, of)) {
            return true;
        }
    }
    return false;
}

// Is anybody there who is shown the task?
static bool is_attended(const struct staff *staff, const struct model_task *task)
{
    if (task->holder != 0) {
        if (staff_present(staff, task->holder) || staff_stand_in(staff, task->holder) != 0 ||
            boss_is_there(staff, task->holder)) {
            return true;
        }
    } else if (one_is_there(staff, task->offered) ||
               first_stood_in_for(staff, task->offered, 0) != 0) {
        return true;
    }
    for (uint32_t of = 1; of < STAFF_MAX && task->holder == 0; of++) {
        if (staff_holds(staff, of, task->offered) && boss_is_there(staff, of)) {
            return true;
        }
    }
    return (task->role == OF_SALES || task->role == OF_WORKS) && one_is_there(staff, OF_HEAD);
}

static void count_task(const struct model *model, const struct model_task *task, uint32_t *counts)
{
    counts[task->role] += task->open && !is_attended(&model->staff, task) ? 1u : 0u;
}

void model_count_unattended(const struct model *model, uint32_t counts[STAFF_ROLES])
{
    for (uint32_t i = 0; i < model->case_count; i++) {
        const struct model_case *c = &model->cases[i];
        if (c->end != NULL) {
            continue;
        }
        if (!c->pair) {
            count_task(model, &c->task, counts);
        }
        for (uint32_t b = 0; c->pair && b < BRANCH_COUNT; b++) {
            count_task(model, &c->branches.branch[b], counts);
        }
        for (uint32_t s = 0; s < MODEL_SIDE_MAX; s++) {
            struct model_task side = { .open = c->side_number[s] != 0, .holder = c->side[s] };
            count_task(model, &side, counts);
        }
    }
}
