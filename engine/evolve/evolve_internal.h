// Inside engine/evolve only: one function per event.
#ifndef RUNG_ENGINE_EVOLVE_INTERNAL_H
#define RUNG_ENGINE_EVOLVE_INTERNAL_H

#include "engine/evolve/evolve.h"

#define EVENT(KIND, name) void evolve_##name(struct state *state, const struct event_##name *e);
#include "engine/model/event.def"

#endif
