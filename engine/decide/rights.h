// The one choke point for rights (rules 22-25, 43). Every refusal says why and names who may.
#ifndef RUNG_ENGINE_DECIDE_RIGHTS_H
#define RUNG_ENGINE_DECIDE_RIGHTS_H

#include "engine/model/refusal.h"
#include "engine/state/view.h"

enum { SUPERIOR_LEVELS_MAX = 16 }; // how far up the directory superiors are looked for

struct rights {
    bool allowed;
    uint32_t acting_for;    // for whom a superior or a substitute acts, or 0
    uint32_t role;          // the role in which the press counts (four eyes)
    struct refusal refusal; // when not allowed; texts live in `arena`
};

// --- what a person may do ------------------------------------------------------------------------
// May `user` press `action` of the instance's program now (guard and position apart)?
struct rights rights_press(const struct view *view, const struct instance *instance,
                           const struct view_program *program, uint32_t action, uint32_t user,
                           struct arena *arena);
struct rights rights_edit(const struct view *view, const struct instance *instance,
                          const struct view_program *program, uint32_t user, struct arena *arena);
// Is it his own: he has it, or it is offered to him?
bool rights_own_task(const struct view *view, const struct open_task *task, uint32_t user);
// Has `user` this task in hand: his own, offered to him, or in the place of another?
bool rights_on_task(const struct view *view, const struct instance *instance,
                    const struct view_program *program, const struct open_task *task,
                    uint32_t user);
struct rights rights_finish(const struct view *view, const struct instance *instance,
                            const struct view_program *program, const struct open_task *task,
                            uint32_t user, struct arena *arena);
struct rights rights_claim(const struct view *view, const struct instance *instance,
                           const struct view_program *program, const struct open_task *task,
                           uint32_t user, struct arena *arena);
// Give back what one has: he, those above, whoever stands in for him.
struct rights rights_release(const struct view *view, const struct instance *instance,
                             const struct view_program *program, const struct open_task *task,
                             uint32_t user, struct arena *arena);
// May `user` (0: an administrator) hand the task on, and may `to` have it?
struct rights rights_reassign(const struct view *view, const struct instance *instance,
                              const struct view_program *program, const struct open_task *task,
                              uint32_t user, uint32_t to, struct arena *arena);
// Reopen a case that has ended: the roles of `reopen by`; without `by`, the people of the case,
// unless only a repeat may.
struct rights rights_reopen(const struct view *view, const struct instance *instance,
                            const struct view_program *program, uint32_t user,
                            struct arena *arena);
struct rights rights_move(const struct view *view, const struct view_program *program,
                          uint32_t user, struct arena *arena);
// May `user` (0: an administrator) look at what `whom` has to do, or say when he is away?
bool rights_over_person(const struct view *view, uint32_t user, uint32_t whom);
// Who may look at the case at all (its people, those above them, roles that see all).
bool rights_see(const struct view *view, const struct instance *instance,
                const struct view_program *program, uint32_t user);
// Why not: the sentence of a refusal.
struct slice rights_unseen(const struct view *view, uint64_t instance, uint32_t user,
                           struct arena *arena);
bool rights_see_field(const struct view *view, const struct view_program *program, uint32_t field,
                      uint32_t user);
// Four eyes (rule 24): has `user` acted on this case, in this life, as a role that the task
// excludes by `other than`, or does he hold such a slot?
bool rights_excluded(const struct instance *instance, const struct view_program *program,
                     uint32_t task_def, uint32_t user);

// `above` is a superior of somebody who holds `role`: holds a role over it, or stands over the
// user.
bool rights_superior(const struct view *view, const struct view_program *program, uint32_t above,
                     uint32_t role, uint32_t holder);
uint32_t rights_image_role(const struct view_program *program, uint32_t role); // or INDEX_NONE

// --- whom a task is shown to (rule 22) -----------------------------------------------------------
struct rights_task {
    const struct view_program *program;
    const struct instance *instance; // may be NULL for a task that excludes nobody
    uint32_t def, role, holder, offered;
};
struct rights_task rights_task_of(const struct view_program *program,
                                  const struct instance *instance, const struct open_task *task);
// From an index row of a user's or a role's list (the other is 0). Only a task with `other than`
// needs its case, which is then read into view_arena. False: its program cannot be had.
bool rights_task_of_row(const struct view *view, const struct view_task_row *row, uint32_t holder,
                        uint32_t offered, struct rights_task *ret_task);
bool rights_excludes(const struct image *image); // has it a task with `other than`?
// Does it stand in the inbox of `user`?
bool rights_shown(const struct view *view, const struct rights_task *task, uint32_t user);
// Does it stand in the inbox of anybody who is there and may do it?
bool rights_attended(const struct view *view, const struct rights_task *task);
// Acts `user` on it in the place of somebody who is away?
bool rights_in_place_of(const struct view *view, const struct rights_task *task, uint32_t user,
                        uint32_t *ret_whom);
// Will ever anybody be able to do it: an active holder or superior, there or away (rule 42)?
bool rights_can_be_done(const struct view *view, const struct rights_task *task);

// --- buttons -------------------------------------------------------------------------------------
// Is the button shown to `user` now: right, guard, `at most`? The same test that a press makes.
struct eval_env;
bool rights_offered(struct eval_env *env, uint32_t action, uint32_t user);
// Finds the action that a press of `name` means to whoever looks from the active stage of the entry
// `from`: that stage first, then those around it (rule 7). INDEX_NONE: none.
// `ret_entry`: entry number of the stage whose braces it stands in.
uint32_t rights_find_action(const struct instance *instance, const struct view_program *program,
                            struct slice name, uint32_t from, uint32_t *ret_entry);

#endif
