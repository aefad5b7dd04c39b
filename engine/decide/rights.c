#include "engine/decide/rights.h"

#include "base/check.h"
#include "engine/eval/eval.h"
#include "engine/state/frame.h"

uint32_t rights_image_role(const struct view_program *program, uint32_t role)
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
    uint32_t at = rights_image_role(program, role);
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
    const struct view_user *at = view_user(view, holder);
    for (int level = 0; level < SUPERIOR_LEVELS_MAX && at != NULL && at->superior != 0; level++) {
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

static struct slice user_name(const struct view *view, uint32_t user)
{
    const struct view_user *person = view_user(view, user);
    return person != NULL ? person->name : SLICE("nobody");
}

// Who the task is for, in words: "bob", "bob, who is away", "holders of `sales`".
static struct slice whose(const struct view *view, const struct open_task *task,
                          struct arena *arena)
{
    if (task->holder == 0) {
        return arena_format(arena, "holders of `%.*s`",
                            SLICE_PRINT(view_role_name(view, task->offered)));
    }
    const struct view_user *holder = view_user(view, task->holder);
    struct slice name = user_name(view, task->holder);
    if (holder == NULL || !holder->active) {
        return arena_format(arena, "`%.*s`, who has left", SLICE_PRINT(name));
    }
    if (task->role != 0 && !view_holds(view, task->holder, task->role)) {
        return arena_format(arena, "`%.*s`, who no longer holds `%.*s`", SLICE_PRINT(name),
                            SLICE_PRINT(view_role_name(view, task->role)));
    }
    return arena_format(arena, "`%.*s`%s", SLICE_PRINT(name), holder->away ? ", who is away" : "");
}

// Whoever no longer holds the role keeps the name of the task until it is handed over, but nothing
// can be pressed with it: neither by him nor in his place.
static bool still_fits(const struct view *view, const struct view_program *program,
                       const struct open_task *task, uint32_t user)
{
    const struct view_user *person = view_user(view, user);
    return person != NULL && person->active &&
           (task->role == 0 || view_holds(view, user, task->role) ||
            holds_above(view, program, user, task->role));
}

bool rights_own_task(const struct view *view, const struct open_task *task, uint32_t user)
{
    return task->holder != 0 ? task->holder == user : view_holds(view, user, task->offered);
}

// The holder, whoever it is offered to, those above, and whoever stands in for one who is away.
static struct rights by_task(const struct view *view, const struct instance *instance,
                             const struct view_program *program, const struct open_task *task,
                             uint32_t user)
{
    if (rights_own_task(view, task, user) && still_fits(view, program, task, user)) {
        return allow(0, task->role);
    }
    struct rights_task offer = rights_task_of(program, instance, task);
    uint32_t whom;
    bool fits = task->holder == 0 || still_fits(view, program, task, task->holder);
    if (fits && rights_in_place_of(view, &offer, user, &whom)) {
        return allow(whom, task->role);
    }
    if (rights_superior(view, program, user, task->role, task->holder)) {
        return allow(fits ? task->holder : 0, task->role);
    }
    return (struct rights){ .allowed = false };
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

static bool is_barred(const struct instance *instance, const struct view_program *program,
                      uint32_t task_def, uint32_t user, uint32_t acting_for)
{
    return rights_excluded(instance, program, task_def, user) ||
           rights_excluded(instance, program, task_def, acting_for);
}

// Rule 24, in words: who of the two has acted, and so bars the other.
static struct rights forbid_second_pair(const struct view *view, const struct instance *instance,
                                        const struct view_program *program, uint32_t task_def,
                                        struct slice what, uint32_t user, uint32_t acting_for,
                                        struct arena *arena)
{
    uint32_t acted = rights_excluded(instance, program, task_def, user) ? user : acting_for;
    return forbid(arena_format(arena, "%.*s must be done by another person: `%.*s` has acted on "
                                      "this case in the role it excludes",
                               SLICE_PRINT(what), SLICE_PRINT(user_name(view, acted))),
                  what);
}

// Without `by`: whoever has a live task in the braces of the action (rule 23).
static struct rights press_by_task(const struct view *view, const struct instance *instance,
                                   const struct view_program *program, uint32_t action,
                                   uint32_t user, struct arena *arena)
{
    const struct image *image = &program->image;
    struct slice name = image_slice(image, image->action[action].name);
    struct slice holder = SLICE("nobody");
    struct rights barred = { .allowed = false };
    for (uint32_t i = 0; i < instance->head.task_count; i++) {
        const struct open_task *task = &instance->task[i];
        if ((task->flags & TASK_FLAG_SIDE) != 0 ||
            !image_stage_inside(image, task->stage, image->action[action].stage)) {
            continue;
        }
        struct rights rights = by_task(view, instance, program, task, user);
        if (is_barred(instance, program, task->def, user, rights.acting_for)) {
            barred = forbid_second_pair(view, instance, program, task->def,
                                        arena_format(arena, "`%.*s`", SLICE_PRINT(name)), user,
                                        rights.acting_for, arena);
        } else if (rights.allowed) {
            return rights;
        }
        holder = whose(view, task, arena);
    }
    if (barred.refusal.code != REFUSAL_NONE) {
        return barred;
    }
    return forbid(arena_format(arena, "`%.*s` is pressed by whoever has the task here: %.*s",
                               SLICE_PRINT(name), SLICE_PRINT(holder)),
                  name);
}

// Stands in for somebody who holds the role and is away; the slot's holder, when there is one.
static uint32_t away_holder(const struct view *view, uint32_t role, uint32_t slot, uint32_t user)
{
    uint32_t count = 1;
    const uint32_t *holders = &slot;
    if (slot == 0) {
        holders = view_holders_of(view, role, &count);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (view_stand_in(view, holders[i]) == user) {
            return holders[i];
        }
    }
    return 0;
}

static bool is_offered(const struct instance *instance, uint32_t role)
{
    for (uint32_t i = 0; i < instance->head.task_count; i++) {
        const struct open_task *task = &instance->task[i];
        if (task->role == role && task->holder == 0 && task->offered == role) {
            return true;
        }
    }
    return false;
}

// `by R`: R's slot holder or whoever was offered R's task; any holder of R while the slot is empty;
// those above, and whoever stands in for one of them.
static bool press_as_role(const struct view *view, const struct instance *instance,
                          const struct view_program *program, uint32_t role, uint32_t user,
                          uint32_t *ret_acting_for)
{
    uint32_t holder = instance_slot(instance, role);
    *ret_acting_for = 0;
    holder = view_holds(view, holder, role) ? holder : 0; // who lost the role has lost the slot
    if ((holder == user && user != 0) ||
        (view_holds(view, user, role) && (holder == 0 || is_offered(instance, role)))) {
        return true;
    }
    *ret_acting_for = user != 0 ? away_holder(view, role, holder, user) : 0;
    if (*ret_acting_for != 0) {
        return true;
    }
    if (rights_superior(view, program, user, role, holder)) {
        *ret_acting_for = holder;
        return true;
    }
    return false;
}

// The task whose `other than` bars this action: every one in its braces does. INDEX_NONE: one is
// free, or there is none.
static uint32_t barring_task(const struct instance *instance, const struct view_program *program,
                             uint32_t stage, uint32_t user, uint32_t acting_for)
{
    uint32_t barring = INDEX_NONE;
    for (uint32_t i = 0; i < instance->head.task_count && stage != 0; i++) {
        const struct open_task *task = &instance->task[i];
        if ((task->flags & TASK_FLAG_SIDE) != 0 ||
            !image_stage_inside(&program->image, task->stage, stage)) {
            continue;
        }
        if (!is_barred(instance, program, task->def, user, acting_for)) {
            return INDEX_NONE;
        }
        barring = task->def;
    }
    return barring;
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
    struct slice name = image_slice(image, action->name);
    struct rights rights = { .allowed = false };
    struct buf names;
    buf_init(&names, 400);
    for (uint32_t i = 0; i < action->by.count && !rights.allowed; i++) {
        uint32_t role = program->roles[image->list[action->by.first + i]];
        uint32_t acting_for;
        if (press_as_role(view, instance, program, role, user, &acting_for)) {
            uint32_t def = barring_task(instance, program, action->stage, user, acting_for);
            rights = def == INDEX_NONE
                         ? allow(acting_for, role)
                         : forbid_second_pair(view, instance, program, def,
                                              arena_format(arena, "`%.*s`", SLICE_PRINT(name)),
                                              user, acting_for, arena);
        }
        uint32_t holder = instance_slot(instance, role);
        buf_format(&names, "%s%.*s", i == 0 ? "" : ", ", SLICE_PRINT(view_role_name(view, role)));
        if (holder != 0) {
            buf_format(&names, " (%.*s)", SLICE_PRINT(user_name(view, holder)));
        }
    }
    if (!rights.allowed && rights.refusal.code == REFUSAL_NONE) {
        rights = forbid(arena_format(arena, "`%.*s` is for %.*s", SLICE_PRINT(name),
                                     SLICE_PRINT(buf_slice(&names))),
                        name);
    }
    buf_done(&names);
    return rights;
}

// --------------------------------------------------------------------------------- one task

bool rights_on_task(const struct view *view, const struct instance *instance,
                    const struct view_program *program, const struct open_task *task, uint32_t user)
{
    return by_task(view, instance, program, task, user).allowed;
}

struct rights rights_finish(const struct view *view, const struct instance *instance,
                            const struct view_program *program, const struct open_task *task,
                            uint32_t user, struct arena *arena)
{
    struct rights rights = by_task(view, instance, program, task, user);
    if (is_barred(instance, program, task->def, user, rights.acting_for)) {
        return forbid_second_pair(view, instance, program, task->def, SLICE("this task"), user,
                                  rights.acting_for, arena);
    }
    if (rights.allowed) {
        return rights;
    }
    return forbid(arena_format(arena, "this task belongs to %.*s",
                               SLICE_PRINT(whose(view, task, arena))),
                  SLICE_EMPTY);
}

struct rights rights_claim(const struct view *view, const struct instance *instance,
                           const struct view_program *program, const struct open_task *task,
                           uint32_t user, struct arena *arena)
{
    if (task->holder != 0) {
        return forbid(arena_format(arena, "this task belongs to %.*s already",
                                   SLICE_PRINT(whose(view, task, arena))),
                      SLICE_EMPTY);
    }
    if (rights_excluded(instance, program, task->def, user)) {
        return forbid_second_pair(view, instance, program, task->def, SLICE("this task"), user, 0,
                                  arena);
    }
    if (!view_holds(view, user, task->offered)) {
        return forbid(arena_format(arena, "this task is offered to %.*s",
                                   SLICE_PRINT(whose(view, task, arena))),
                      SLICE_EMPTY);
    }
    return allow(0, task->role);
}

struct rights rights_release(const struct view *view, const struct instance *instance,
                             const struct view_program *program, const struct open_task *task,
                             uint32_t user, struct arena *arena)
{
    if (task->holder == 0) {
        return forbid(arena_format(arena, "nobody has this task: it is offered to %.*s",
                                   SLICE_PRINT(whose(view, task, arena))),
                      SLICE_EMPTY);
    }
    if (task->role == 0) {
        return forbid(SLICE("this task is for one person and for no role: give it to somebody "
                            "else instead (reassign)"),
                      SLICE_EMPTY);
    }
    if (task->holder == user) { // also when he no longer holds the role: that is the way out
        return allow(0, task->role);
    }
    struct rights rights = by_task(view, instance, program, task, user);
    return rights.allowed ? rights
                          : forbid(arena_format(arena, "this task belongs to %.*s",
                                                SLICE_PRINT(whose(view, task, arena))),
                                   SLICE_EMPTY);
}

struct rights rights_reassign(const struct view *view, const struct instance *instance,
                              const struct view_program *program, const struct open_task *task,
                              uint32_t user, uint32_t to, struct arena *arena)
{
    bool may = user == 0 || user == task->holder || // an administrator; or one's own work
               rights_move(view, program, user, arena).allowed ||
               rights_superior(view, program, user, task->role, task->holder);
    if (!may) {
        return forbid(arena_format(arena, "this task belongs to %.*s: only its holder, those "
                                          "above, and roles that `may move` hand it on",
                                   SLICE_PRINT(whose(view, task, arena))),
                      SLICE_EMPTY);
    }
    if (task->role != 0 && !view_holds(view, to, task->role)) {
        return (struct rights){ .refusal = {
            REFUSAL_ROLE_NOT_HELD,
            arena_format(arena, "`%.*s` does not hold the role `%.*s`",
                         SLICE_PRINT(user_name(view, to)),
                         SLICE_PRINT(view_role_name(view, task->role))),
            SLICE_EMPTY } };
    }
    if (rights_excluded(instance, program, task->def, to)) {
        return forbid_second_pair(view, instance, program, task->def, SLICE("this task"), to, 0,
                                  arena);
    }
    return allow(0, task->role);
}

bool rights_over_person(const struct view *view, uint32_t user, uint32_t whom)
{
    if (user == 0 || user == whom || stands_above(view, user, whom)) {
        return true;
    }
    const struct view_user *person = view_user(view, whom);
    uint32_t processes = view_counters(view)->next_process;
    for (uint32_t process = 1; person != NULL && process < processes; process++) {
        const struct view_program *program = view_active(view, process);
        for (uint32_t i = 0; program != NULL && i < person->role_count; i++) {
            if (holds_above(view, program, user, person->roles[i])) {
                return true;
            }
        }
    }
    return false;
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
        struct rights rights = by_task(view, instance, program, task, user);
        if (rights.allowed && rights.acting_for == 0) {
            return true;
        }
    }
    for (uint32_t i = 0; i < instance->head.slot_count; i++) {
        const struct slot_holder *slot = &instance->slot[i];
        if (rights_superior(view, program, user, slot->role, slot->user) ||
            (slot->user != 0 && view_stand_in(view, slot->user) == user)) {
            *ret_acting_for = slot->user;
            return true;
        }
    }
    for (uint32_t i = 0; i < instance->head.task_count; i++) {
        struct rights rights = by_task(view, instance, program, &instance->task[i], user);
        if (rights.allowed) {
            *ret_acting_for = rights.acting_for;
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

struct rights rights_reopen(const struct view *view, const struct instance *instance,
                            const struct view_program *program, uint32_t user,
                            struct arena *arena)
{
    const struct image *image = &program->image;
    if (instance->head.end >= image->end_count) {
        return forbid(SLICE("a case that ended so is not reopened"), SLICE_EMPTY);
    }
    const struct image_end *end = &image->end[instance->head.end];
    for (uint32_t i = 0; i < end->reopen_by.count; i++) {
        uint32_t role = program->roles[image->list[end->reopen_by.first + i]];
        if (view_holds(view, user, role) || rights_superior(view, program, user, role, 0)) {
            return allow(0, role);
        }
    }
    if (end->reopen_by.count == 0 && (end->flags & END_REOPEN_ON_REPEAT) == 0) {
        return rights_edit(view, instance, program, user, arena);
    }
    struct slice who = end->reopen_by.count > 0
                           ? view_role_name(view,
                                            program->roles[image->list[end->reopen_by.first]])
                           : SLICE_EMPTY;
    return forbid(who.len > 0 ? arena_format(arena, "a case that ended so is reopened by `%.*s`",
                                             SLICE_PRINT(who))
                              : SLICE("a case that ended so is reopened only when it is asked for "
                                      "again"),
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

struct slice rights_unseen(const struct view *view, uint64_t instance, uint32_t user,
                           struct arena *arena)
{
    struct slice name = user_name(view, user);
    const struct view_user *who = view_user(view, user);
    return arena_format(arena, "case %llu is not for `%.*s` to see: %s",
                        (unsigned long long)instance, SLICE_PRINT(name),
                        who != NULL && !who->active
                            ? "whoever has left sees no cases"
                            : "no task or role in it is or was his, nor is it of anybody he stands "
                              "above or in for");
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
