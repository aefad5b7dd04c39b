// Where imports are looked for that are not among the files given.
#ifndef RUNG_ENGINE_CLI_LIBRARY_H
#define RUNG_ENGINE_CLI_LIBRARY_H

#include "base/arena.h"
#include "base/slice.h"

// A compile_load_fn: `path` as the import means it. Tried are: that path itself, below
// $RUNG_LIBRARY, and below the folder above the importing files (`context`: that folder as a
// NUL-terminated text, or NULL). Larger files than a source may be are not there.
bool library_load(void *context, struct slice path, struct arena *arena, struct slice *ret_text);

#endif
