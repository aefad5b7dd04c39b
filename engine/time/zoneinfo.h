// Zones by name, from the tzdata of this machine. The only file of this folder that opens files; it
// keeps nothing: whoever asks keeps what he got. What was computed with a zone is recorded, so a
// newer tzdata changes no history.
#ifndef RUNG_ENGINE_TIME_ZONEINFO_H
#define RUNG_ENGINE_TIME_ZONEINFO_H

#include "base/arena.h"
#include "base/slice.h"
#include "engine/time/zone.h"

// NULL: there is no such zone here, or its file does not hold. "UTC" needs no file.
const struct zone *zoneinfo_load(struct slice name, struct arena *arena);
bool zoneinfo_known(struct slice name);
// "2026b" into `to`; "none" when this machine has no tzdata.
void zoneinfo_version(char *to, size_t room);

#endif
