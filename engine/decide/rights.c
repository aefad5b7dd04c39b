#include "engine/decide/rights.h"

#include "base/check.h"
#include "engine/eval/eval.h"
#include "engine/state/frame.h"

static uint32_t image_role_of(const struct view_program *program, uint32_t role)
{
    for (uint32_t i = 0; i < program->image.role_count; i++) {
        if (program->roles[i] == role) {
            return i;
        }
    }
    return INDEX_NONE;
}

// Does `user` hold a role that stands over `role` in the company's order?
static bool holds_above(const struct view *view, const struct view_program *program, uint32_t user,
                        uint32_t role)
{
    uint32_t at = image_role_of(program, role);
    for (uint32_t i = 0; i < program->image.role_count && at != INDEX_NONE; i++) {
        at = program->image.role[at].under;
        if (at != INDEX_NONE && view_holds(view, user, program->roles[at])) {
            return true;
        }
    }
    return false;
}

// Is `user` the superior of `holder`, or of his superior, and so on?
static bool stands_above(const struct view *view, uint32_t user, uint32_t holder)
{
    enum { LEVELS_MAX = 16 };
    const struct view_user *at = view_user(view, holder);
    for (int level = 0; level < LEVELS_MAX && at != NULL && at->superior != 0; level++) {
        if (at->superior == user) {
            return true;
        }
        at = view_user(view, at->superior);
    }
    return false;
}

bool rights_superior(const struct view *view, const struct view_program *program, uint32_t above,
                     uint32_t role, uint32_t holder)
{
    return (role != 0 && holds_above(view, program, above, role)) ||
           (holder != 0 && stands_above(view, above, holder));
}

static struct rights allow(uint32_t acting_for, uint32_t role)
{
    return (struct rights){ .allowed = true, .acting_for = acting_for, .role = role };
}

static struct rights forbid(struct slice message, struct slice subject)
{
    return (struct rights){ .refusal = { REFUSAL_NOT_ALLOWED, message, subject } };
}

struct rights rights_task(const struct view *view, const struct instance *instance,
                          const struct view_program *program, const struct open_task *task,
                          uint32_t user)
{
    (void)instance;
    if (task->holder == user || (task->holder == 0 && view_holds(view, user, task->offered))) {
        return allow(0, task->role);
    }
    if (rights_superior(view, program, user, task->role, task->holder)) {
        return allow(task->holder, task->role);
    }
    return forbid(SLICE("this task belongs to somebody else"), SLICE_EMPTY);
}

bool rights_excluded(const struct instance *instance, const struct view_program *program,
                     uint32_t task_def, uint32_t user)
{
    if (task_def >= program->image.task_count || user == 0) {
        return false;
    }
    const struct image_range *others = &program->image.task[task_def].other_than;
    for (uint32_t i = 0; i < others->count; i++) {
        uint32_t role = program->roles[program->image.list[others->first + i]];
        if (instance_slot(instance, role) == user) {
            return true;
        }
        for (uint32_t a = 0; a < instance->head.acted_count; a++) {
            if (instance->acted[a].role == role && instance->acted[a].user == user) {
                return true;
            }
        }
    }
    return false;
}

bool rights_somebody(const struct view *view, const struct instance *instance,
                     const struct view_program *program, uint32_t task_def, uint32_t role)
{
    bool excludes = task_def < program->image.task_count &&
                    program->image.task[task_def].other_than.count > 0;
    if (!excludes) {
        return view_holders(view, role) > 0;
    }
    uint32_t count = view_user_count(view);
    for (uint32_t user = 1; user <= count; user++) {
        if (view_holds(view, user, role) &&
            !rights_excluded(instance, program, task_def, user)) {
            return true;
        }
    }
    return false;
}

static struct slice user_name(const struct view *view, uint32_t user)
{
    const struct view_user *person = view_user(view, user);
    return person != NULL ? person->name : SLICE("nobody");
}

// Without `by`: whoever has a live task in the braces of the action (rule 23).
static struct rights press_by_task(const struct view *view, const struct instance *instance,
                                   const struct view_program *program, uint32_t action,
                                   uint32_t user, struct arena *arena)
{
    const struct image *image = &program->image;
    struct slice holder = SLICE("nobody");
    bool is_excluded = false;
    for (uint32_t i = 0; i < instance->head.task_count; i++) {
        const struct open_task *task = &instance->task[i];
        if ((task->flags & TASK_FLAG_SIDE) != 0 ||
            !image_stage_inside(image, task->stage, image->action[action].stage)) {
            continue;
        }
        struct rights rights = rights_task(view, instance, program, task, user);
        bool barred = rights_excluded(instance, program, task->def, user) ||
                      rights_excluded(instance, program, task->def, rights.acting_for);
        if (rights.allowed && !barred) {
            return rights;
        }
        is_excluded = is_excluded || barred;
        holder = task->holder != 0 ? user_name(view, task->holder)
                                   : view_role_name(view, task->offered);
    }
    struct slice name = image_slice(image, image->action[action].name);
    if (is_excluded) {
        return forbid(arena_format(arena, "`%.*s` must be pressed by another person: "
                                          "`%.*s` has acted on this case in the role it excludes",
                                   SLICE_PRINT(name), SLICE_PRINT(user_name(view, user))),
                      name);
    }
    return forbid(arena_format(arena, "`%.*s` is pressed by whoever has the task here: %.*s",
                               SLICE_PRINT(name), SLICE_PRINT(holder)),
                  name);
}

// Every task in the braces of `stage` excludes the user (rule 24).
static bool is_barred(const struct instance *instance, const struct view_program *program,
                      uint32_t stage, uint32_t user)
{
    bool barred = false;
    for (uint32_t i = 0; i < instance->head.task_count; i++) {
        const struct open_task *task = &instance->task[i];
        if ((task->flags & TASK_FLAG_SIDE) != 0 ||
            !image_stage_inside(&program->image, task->stage, stage)) {
            continue;
        }
        if (!rights_excluded(instance, program, task->def, user)) {
            return false;
        }
        barred = true;
    }
    return barred;
}

// `by R`: R's slot holder or whoever was offered R's task; any holder of R while the slot is empty.
static bool press_as_role(const struct view *view, const struct instance *instance,
                          const struct view_program *program, uint32_t role, uint32_t user,
                          uint32_t *ret_acting_for)
{
    uint32_t holder = instance_slot(instance, role);
    *ret_acting_for = 0;
    if (holder == user) {
        return true;
    }
    if (view_holds(view, user, role)) {
        bool offered = holder == 0;
        for (uint32_t i = 0; i < instance->head.task_count && !offered; i++) {
            const struct open_task *task = &instance->task[i];
            offered = task->role == role && task->holder == 0 && task->offered == role;
        }
        if (offered) {
            return true;
        }
    }
    if (rights_superior(view, program, user, role, holder)) {
        *ret_acting_for = holder;
        return true;
    }
    return false;
}

struct rights rights_press(const struct view *view, const struct instance *instance,
                           const struct view_program *program, uint32_t number, uint32_t user,
                           struct arena *arena)
{
    const struct image *image = &program->image;
    const struct image_action *action = &image->action[number];
    if (action->by.count == 0) {
        return press_by_task(view, instance, program, number, user, arena);
    }
    bool is_excluded = action->stage != 0 && is_barred(instance, program, action->stage, user);
    struct buf names;
    buf_init(&names, 400);
    for (uint32_t i = 0; i < action->by.count; i++) {
        uint32_t role = program->roles[image->list[action->by.first + i]];
        uint32_t acting_for;
        if (!is_excluded &&
            press_as_role(view, instance, program, role, user, &acting_for)) {
            buf_done(&names);
            return allow(acting_for, role);
        }
        uint32_t holder = instance_slot(instance, role);
        buf_format(&names, "%s%.*s", i == 0 ? "" : ", ", SLICE_PRINT(view_role_name(view, role)));
        if (holder != 0) {
            buf_format(&names, " (%.*s)", SLICE_PRINT(user_name(view, holder)));
        }
    }
    struct slice name = image_slice(image, action->name);
    struct rights rights = forbid(arena_format(arena, "`%.*s` is for %.*s", SLICE_PRINT(name),
                                               SLICE_PRINT(buf_slice(&names))),
                                  name);
    buf_done(&names);
    return rights;
}

// Rule 43: whoever holds a task or slot of the case, or stands above, may edit it.
static bool has_part(const struct view *view, const struct instance *instance,
                     const struct view_program *program, uint32_t user, uint32_t *ret_acting_for)
{
    *ret_acting_for = 0;
    for (uint32_t i = 0; i < instance->head.slot_count; i++) {
        if (instance->slot[i].user == user) {
            return true;
        }
    }
    for (uint32_t i = 0; i < instance->head.task_count; i++) {
        const struct open_task *task = &instance->task[i];
        if (task->holder == user || (task->holder == 0 && view_holds(view, user, task->offered))) {
            return true;
        }
    }
    for (uint32_t i = 0; i < instance->head.slot_count; i++) {
        const struct slot_holder *slot = &instance->slot[i];
        if (rights_superior(view, program, user, slot->role, slot->user)) {
            *ret_acting_for = slot->user;
            return true;
        }
    }
    for (uint32_t i = 0; i < instance->head.task_count; i++) {
        const struct open_task *task = &instance->task[i];
        if (rights_superior(view, program, user, task->role, task->holder)) {
            *ret_acting_for = task->holder;
            return true;
        }
    }
    return false;
}

struct rights rights_edit(const struct view *view, const struct instance *instance,
                          const struct view_program *program, uint32_t user, struct arena *arena)
{
    uint32_t acting_for;
    if (has_part(view, instance, program, user, &acting_for)) {
        return allow(acting_for, 0);
    }
    return forbid(arena_format(arena, "`%.*s` has no task and no role in this case",
                               SLICE_PRINT(user_name(view, user))),
                  SLICE_EMPTY);
}

struct rights rights_move(const struct view *view, const struct view_program *program,
                          uint32_t user, struct arena *arena)
{
    const struct image *image = &program->image;
    for (uint32_t i = 0; i < image->role_count; i++) {
        if (image->role[i].may_move != 0 && view_holds(view, user, program->roles[i])) {
            return allow(0, 0);
        }
    }
    return forbid(arena_format(arena, "`%.*s` holds no role that `may move` cases by hand",
                               SLICE_PRINT(user_name(view, user))),
                  SLICE_EMPTY);
}

bool rights_see(const struct view *view, const struct instance *instance,
                const struct view_program *program, uint32_t user)
{
    const struct image *image = &program->image;
    for (uint32_t i = 0; i < image->role_count; i++) {
        if (image->role[i].sees_all != 0 && view_holds(view, user, program->roles[i])) {
            return true;
        }
    }
    uint32_t acting_for;
    return instance->head.creator == user || has_part(view, instance, program, user, &acting_for);
}

bool rights_see_field(const struct view *view, const struct view_program *program, uint32_t field,
                      uint32_t user)
{
    const struct image *image = &program->image;
    const struct image_range *shown = &image->field[field].shown_to;
    for (uint32_t i = 0; i < shown->count; i++) {
        if (view_holds(view, user, program->roles[image->list[shown->first + i]])) {
            return true;
        }
    }
    return shown->count == 0;
}

uint32_t rights_find_action(const struct instance *instance, const struct view_program *program,
                            struct slice name, uint32_t from, uint32_t *ret_entry)
{
    const struct active_stage *at = instance_entry(instance, from);
    for (uint32_t i = 0; i < ACTIVE_STAGES_MAX && at != NULL; i++) {
        uint32_t action = image_find_action(&program->image, at->stage, name);
        if (action != INDEX_NONE && program->image.action[action].stage == at->stage) {
            *ret_entry = at->entry;
            return action;
        }
        at = instance_entry(instance, at->around);
    }
    return INDEX_NONE;
}

// The button of an escalation that is open already.
static bool raises_open(const struct instance *instance, const struct image *image,
                        uint32_t action)
{
    for (uint32_t i = 0; i < image->escalation_count; i++) {
        if (image->escalation[i].button == action && frame_is_open(instance, i)) {
            return true;
        }
    }
    return false;
}

bool rights_offered(struct eval_env *env, uint32_t number, uint32_t user)
{
    const struct image_action *action = &env->program->image.action[number];
    const struct active_stage *at = instance_active(env->instance, action->stage);
    if (at == NULL || raises_open(env->instance, &env->program->image, number) ||
        !rights_press(env->view, env->instance, env->program, number, user, env->arena).allowed) {
        return false;
    }
    if (action->guard != INDEX_NONE && !eval_condition(env, action->guard)) {
        env->refusal = (struct refusal){ 0 };
        return false;
    }
    if (action->at_most == INDEX_NONE || action->at_most_then != INDEX_NONE) {
        return true;
    }
    return instance_position(env->instance, at->entry, POSITION_PRESSES + number) < action->at_most;
}
