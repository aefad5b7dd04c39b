// Shared between compile*.c only.
#ifndef RUNG_DSL_COMPILE_INTERNAL_H
#define RUNG_DSL_COMPILE_INTERNAL_H

#include "dsl/compile.h"
#include "dsl/names/names.h"

struct compile {
    const struct compile_input *input;
    struct compile_result *result;
    struct unit unit;
    struct test_plan *plans;
    uint32_t plan_count;
    uint32_t given_count; // files of the set; those behind them came with imports
};

// What stands before the last `/`, and it.
struct slice compile_folder_of(struct slice name);
// Is a file of that name part of a set? Others are data.
bool compile_is_program(struct slice name);
// For `unit.reload` (compile_reload.c).
const struct compile_result *compile_reload_apart(struct unit *unit, uint32_t file,
                                                  struct span span, struct slice path);

#endif
