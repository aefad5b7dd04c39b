// The one choke point for rights (rules 22-25, 43). Every refusal says why and names who may.
#ifndef RUNG_ENGINE_DECIDE_RIGHTS_H
#define RUNG_ENGINE_DECIDE_RIGHTS_H

#include "engine/model/refusal.h"
#include "engine/state/view.h"

struct rights {
    bool allowed;
    uint32_t acting_for;    // the holder for whom a superior acts, or 0
    uint32_t role;          // the role in which the press counts (four eyes)
    struct refusal refusal; // when not allowed; texts live in `arena`
};

// May `user` press `action` of the instance's program now (guard and position apart)?
struct rights rights_press(const struct view *view, const struct instance *instance,
                           const struct view_program *program, uint32_t action, uint32_t user,
                           struct arena *arena);
struct rights rights_edit(const struct view *view, const struct instance *instance,
                          const struct view_program *program, uint32_t user, struct arena *arena);
// Claim, reassign, finish: about one task.
struct rights rights_task(const struct view *view, const struct instance *instance,
                          const struct view_program *program,
                          const struct open_task *task, uint32_t user);
struct rights rights_move(const struct view *view, const struct view_program *program,
                          uint32_t user, struct arena *arena);
// Who may look at the case at all (its people, those above them, roles that see all).
bool rights_see(const struct view *view, const struct instance *instance,
                const struct view_program *program, uint32_t user);
bool rights_see_field(const struct view *view, const struct view_program *program, uint32_t field,
                      uint32_t user);
// Four eyes (rule 24): has `user` acted on this case, in this life, as a role that the task
// excludes by `other than`, or does he hold such a slot?
bool rights_excluded(const struct instance *instance, const struct view_program *program,
                     uint32_t task_def, uint32_t user);

// Is there an active holder of `role` whom the task does not exclude?
bool rights_somebody(const struct view *view, const struct instance *instance,
                     const struct view_program *program, uint32_t task_def, uint32_t role);

// `above` is a superior of somebody who holds `role`: holds a role over it, or stands over the
// user.
bool rights_superior(const struct view *view, const struct view_program *program, uint32_t above,
                     uint32_t role, uint32_t holder);

// Is the button shown to `user` now: right, guard, `at most`? The same test that a press makes.
struct eval_env;
bool rights_offered(struct eval_env *env, uint32_t action, uint32_t user);
// Finds the action that a press of `name` means to whoever looks from the active stage of the entry
// `from`: that stage first, then those around it (rule 7). INDEX_NONE: none.
// `ret_entry`: entry number of the stage whose braces it stands in.
uint32_t rights_find_action(const struct instance *instance, const struct view_program *program,
                            struct slice name, uint32_t from, uint32_t *ret_entry);

#endif
