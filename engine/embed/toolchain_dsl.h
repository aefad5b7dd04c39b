// The toolchain of engine/shell, made of the language's compiler and a runner of its tests.
#ifndef RUNG_ENGINE_EMBED_TOOLCHAIN_DSL_H
#define RUNG_ENGINE_EMBED_TOOLCHAIN_DSL_H

#include "dsl/compile.h"
#include "engine/shell/toolchain.h"

struct toolchain_tests {
    uint32_t run, failed;
    const struct toolchain_diagnostic *failures; // in the arena
    uint32_t failure_count;
    struct slice text; // the failures as people read them
};

// Runs every test of a good compilation, each on a store of its own in memory. Any thread.
typedef void toolchain_tests_fn(void *context, const struct compile_result *compiled,
                                struct arena *arena, struct toolchain_tests *ret_tests);

struct toolchain_dsl {
    compile_load_fn *load; // of imports outside the set; may be NULL
    void *load_context;
    toolchain_tests_fn *tests; // NULL: programs are activated without running their tests
    void *tests_context;
};

// `dsl` must outlive the toolchain.
struct toolchain toolchain_dsl_make(struct toolchain_dsl *dsl);

#endif
