// Inside engine/evolve only: one function per event.
#ifndef RUNG_ENGINE_EVOLVE_INTERNAL_H
#define RUNG_ENGINE_EVOLVE_INTERNAL_H

#include "engine/evolve/evolve.h"

#define EVENT(KIND, name) void evolve_##name(struct state *state, const struct event_##name *e);
#define U8(e, f)
#define U16(e, f)
#define U32(e, f)
#define U64(e, f)
#define I64(e, f)
#define FLAG(e, f)
#define TEXT(e, f)
#define VALUE(e, f)
#define BYTES(e, f)
#define END(KIND, name)
#include "engine/model/event.def"
#undef EVENT
#undef U8
#undef U16
#undef U32
#undef U64
#undef I64
#undef FLAG
#undef TEXT
#undef VALUE
#undef BYTES
#undef END

#endif
