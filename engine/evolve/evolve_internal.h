// Inside engine/evolve only: one function per event.
#ifndef RUNG_ENGINE_EVOLVE_INTERNAL_H
#define RUNG_ENGINE_EVOLVE_INTERNAL_H

#include "engine/evolve/evolve.h"

// Four eyes (rule 24): this user has acted in this role on the case; remembered once.
void evolve_acted(struct instance *instance, uint32_t role, uint32_t user);

#define EVENT(KIND, name) void evolve_##name(struct state *state, const struct event_##name *e);
#include "engine/model/event.def"

// What an activation leaves beside the program (evolve_version.c).
void evolve_activation(struct state *state, const struct event_program_activated *e);

// A task comes into the sight of people, or leaves it: its index row, its ladder's timer, the load
// of its holder. It stands in the image already; dropping takes it out.
void evolve_put_task(struct state *state, const struct instance *instance,
                     const struct open_task *task, uint32_t position, struct slice title);
void evolve_drop_task(struct state *state, struct instance *instance, struct open_task *task);

// evolve_frame.c: a task that is frozen goes to somebody else. False: no frame has it.
bool evolve_assign_frozen(struct state *state, struct instance *instance,
                          const struct event_task_assigned *e);

#endif
