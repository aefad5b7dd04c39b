// The table that the build makes of `stdlib/` (embed_stdlib.cmake); for dsl/library/stdlib.c.
#ifndef RUNG_DSL_LIBRARY_STDLIB_FILES_H
#define RUNG_DSL_LIBRARY_STDLIB_FILES_H

#include <stddef.h>

struct stdlib_file {
    const char *path; // NULL ends the table
    const char *bytes;
    size_t len;
};
extern const struct stdlib_file stdlib_files[];

#endif
