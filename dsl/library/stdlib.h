// The library that comes with Rung: the files of `stdlib/`, built into the program, so that one
// binary is enough.
#ifndef RUNG_DSL_LIBRARY_STDLIB_H
#define RUNG_DSL_LIBRARY_STDLIB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

// The text of a file by its path from the root of the library: "stdlib/calendars.rung".
bool stdlib_find(struct slice path, struct slice *ret_text);
// The path of file number `index`, or an empty one behind the last.
struct slice stdlib_path(uint32_t index);

#endif
