// Files on disk for the compiler's tests: reading them, and a loader for their imports.
#ifndef RUNG_TESTS_DSL_SEMA_FILES_H
#define RUNG_TESTS_DSL_SEMA_FILES_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/slice.h"

// The whole file in `arena`; false when it cannot be read.
bool sema_read_file(const char *path, struct arena *arena, struct slice *ret_text);
// compile_load_fn: paths as they are, from the working directory.
bool sema_load(void *context, struct slice path, struct arena *arena, struct slice *ret_text);

#endif
