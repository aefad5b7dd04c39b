// Who a task is shown to, and whether anybody is there to do it (rule 22). Looked up each time from
// the directory: nothing of it is stored, so nothing goes stale when people come and go.
//   1. its holder, or the holders of the role it is offered to
//   2. nobody of them there: whoever stands in for one of them
//   3. nobody there either: those above
//   4. nobody at all: an incident of the role
#include "engine/decide/rights.h"

static bool is_excluded(const struct rights_task *task, uint32_t user)
{
    return task->instance != NULL &&
           rights_excluded(task->instance, task->program, task->def, user);
}

// Is `user` there, and may he do it in the place of `whom` (0: in his own)?
static bool fits(const struct view *view, const struct rights_task *task, uint32_t user,
                 uint32_t whom)
{
    return view_present(view, user) && !is_excluded(task, user) && !is_excluded(task, whom);
}

static bool holder_is_there(const struct view *view, const struct rights_task *task)
{
    if (task->holder != 0) {
        return fits(view, task, task->holder, 0);
    }
    uint32_t count;
    const uint32_t *holders = view_holders_of(view, task->offered, &count);
    for (uint32_t i = 0; i < count; i++) {
        if (fits(view, task, holders[i], 0)) {
            return true;
        }
    }
    return false;
}

// Whom `user` stands in for, 0: for nobody of this task. `user` 0: is there such a person at all?
static uint32_t stood_in_for(const struct view *view, const struct rights_task *task,
                             uint32_t user)
{
    uint32_t count = 1;
    const uint32_t *holders = &task->holder;
    if (task->holder == 0) {
        holders = view_holders_of(view, task->offered, &count);
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t stands_in = view_stand_in(view, holders[i]);
        if (stands_in != 0 && (user == 0 || user == stands_in) &&
            fits(view, task, stands_in, holders[i])) {
            return holders[i];
        }
    }
    return 0;
}

// Is somebody there who stands above the person, by the directory?
static bool superior_is_there(const struct view *view, const struct rights_task *task,
                              uint32_t person)
{
    const struct view_user *at = view_user(view, person);
    for (int level = 0; level < SUPERIOR_LEVELS_MAX && at != NULL && at->superior != 0; level++) {
        if (fits(view, task, at->superior, person)) {
            return true;
        }
        at = view_user(view, at->superior);
    }
    return false;
}

static bool role_above_is_there(const struct view *view, const struct rights_task *task)
{
    const struct image *image = &task->program->image;
    uint32_t at = rights_image_role(task->program, task->role);
    for (uint32_t i = 0; i < image->role_count && at != INDEX_NONE; i++) {
        at = image->role[at].under;
        uint32_t count = 0;
        const uint32_t *above =
            at != INDEX_NONE ? view_holders_of(view, task->program->roles[at], &count) : NULL;
        for (uint32_t n = 0; n < count; n++) {
            if (fits(view, task, above[n], task->holder)) {
                return true;
            }
        }
    }
    return false;
}

static bool somebody_above_is_there(const struct view *view, const struct rights_task *task)
{
    uint32_t count = 1;
    const uint32_t *holders = &task->holder;
    if (task->holder == 0) {
        holders = view_holders_of(view, task->offered, &count);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (superior_is_there(view, task, holders[i])) {
            return true;
        }
    }
    return task->role != 0 && role_above_is_there(view, task);
}

// Stands above one of those whom the task is offered to.
static uint32_t holder_under(const struct view *view, const struct rights_task *task, uint32_t user)
{
    uint32_t count;
    const uint32_t *holders = view_holders_of(view, task->offered, &count);
    for (uint32_t i = 0; task->holder == 0 && i < count; i++) {
        if (rights_superior(view, task->program, user, 0, holders[i]) &&
            fits(view, task, user, holders[i])) {
            return holders[i];
        }
    }
    return 0;
}

struct rights_task rights_task_of(const struct view_program *program,
                                  const struct instance *instance, const struct open_task *task)
{
    return (struct rights_task){ .program = program, .instance = instance, .def = task->def,
                                 .role = task->role, .holder = task->holder,
                                 .offered = task->offered };
}

bool rights_excludes(const struct image *image)
{
    for (uint32_t i = 0; i < image->task_count; i++) {
        if (image->task[i].other_than.count > 0) {
            return true;
        }
    }
    return false;
}

bool rights_task_of_row(const struct view *view, const struct view_task_row *row, uint32_t holder,
                        uint32_t offered, struct rights_task *ret_task)
{
    const struct view_program *program = view_program(view, row->program);
    *ret_task = (struct rights_task){ program, NULL, INDEX_NONE, row->role, holder, offered };
    if (program == NULL) {
        return false;
    }
    const struct image *image = &program->image;
    bool side = (row->flags & TASK_FLAG_SIDE) != 0;
    uint32_t def = !side && row->stage < image->stage_count ? image->stage[row->stage].task
                                                            : INDEX_NONE;
    bool excludes = side ? rights_excludes(image)
                         : def < image->task_count && image->task[def].other_than.count > 0;
    if (excludes) {
        const struct instance *instance = view_peek(view, row->instance);
        const struct open_task *open =
            instance != NULL ? instance_task_const(instance, row->task) : NULL;
        ret_task->instance = open != NULL ? instance : NULL;
        ret_task->def = open != NULL ? open->def : INDEX_NONE;
    }
    return true;
}

bool rights_attended(const struct view *view, const struct rights_task *task)
{
    return holder_is_there(view, task) || stood_in_for(view, task, 0) != 0 ||
           somebody_above_is_there(view, task);
}

bool rights_shown(const struct view *view, const struct rights_task *task, uint32_t user)
{
    if (task->holder == user || (task->holder == 0 && view_holds(view, user, task->offered))) {
        return true;
    }
    if (holder_is_there(view, task) || !view_present(view, user)) {
        return false;
    }
    if (stood_in_for(view, task, user) != 0) {
        return true;
    }
    if (stood_in_for(view, task, 0) != 0 || !fits(view, task, user, task->holder)) {
        return false;
    }
    return rights_superior(view, task->program, user, task->role, task->holder) ||
           holder_under(view, task, user) != 0;
}

bool rights_in_place_of(const struct view *view, const struct rights_task *task, uint32_t user,
                        uint32_t *ret_whom)
{
    *ret_whom = 0;
    if (user == 0 || !view_present(view, user)) {
        return false;
    }
    if (task->holder != 0) {
        *ret_whom = view_stand_in(view, task->holder) == user ? task->holder : 0;
        return *ret_whom != 0;
    }
    if (holder_is_there(view, task)) {
        return false;
    }
    *ret_whom = stood_in_for(view, task, user);
    if (*ret_whom == 0 && stood_in_for(view, task, 0) == 0) {
        *ret_whom = holder_under(view, task, user);
    }
    return *ret_whom != 0;
}

// --------------------------------------------------------------------------------- rule 42

static bool somebody_stands_above(const struct view *view, const struct rights_task *task)
{
    uint32_t count = view_user_count(view);
    for (uint32_t user = 1; user <= count; user++) {
        const struct view_user *person = view_user(view, user);
        if (person != NULL && person->active &&
            rights_superior(view, task->program, user, task->role, task->holder) &&
            !is_excluded(task, user)) {
            return true;
        }
    }
    return false;
}

bool rights_can_be_done(const struct view *view, const struct rights_task *task)
{
    const struct view_user *holder = view_user(view, task->holder);
    bool holds = task->role == 0 || view_holds(view, task->holder, task->role) ||
                 rights_superior(view, task->program, task->holder, task->role, 0);
    if (holder != NULL && holder->active && holds && !is_excluded(task, task->holder)) {
        return true;
    }
    uint32_t count = 0;
    const uint32_t *holders =
        task->holder == 0 ? view_holders_of(view, task->offered, &count) : NULL;
    for (uint32_t i = 0; i < count; i++) {
        if (!is_excluded(task, holders[i])) {
            return true;
        }
    }
    return somebody_stands_above(view, task);
}
