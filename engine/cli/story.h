// Events of a case as sentences.
#ifndef RUNG_ENGINE_CLI_STORY_H
#define RUNG_ENGINE_CLI_STORY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/slice.h"
#include "engine/time/zone.h"

struct story {
    struct arena *arena;
    bool all; // book-keeping too
    const struct zone *zone; // of the reader; NULL: UTC
};

// One event (a packed map of the history). False: nothing to show. Unknown events show all they
// hold.
bool story_event(const struct story *story, struct slice event, struct buf *out);
// "name = value, …" of a packed map; nothing for an empty one.
void story_form(const struct story *story, struct slice form, struct buf *out);

#endif
