// The seam to the language's compiler and to the runner of `test` blocks, so that the shell knows
// neither. Implemented in engine/embed.
#ifndef RUNG_ENGINE_SHELL_TOOLCHAIN_H
#define RUNG_ENGINE_SHELL_TOOLCHAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"

struct toolchain_file {
    struct slice name, text;
};

struct toolchain_program {
    struct slice process; // or "inbox NAME"
    struct slice image; // 8-byte aligned
    struct slice source; // packed [[file, text]…] that it was made of
};

struct toolchain_diagnostic {
    struct slice code, severity, message, help, file; // "E0503", "error"
    uint32_t line, column;
};

struct toolchain_result {
    bool good; // compiled without an error, and every test passed
    const struct toolchain_program *programs;
    uint32_t program_count;
    const struct toolchain_diagnostic *diagnostics; // errors and warnings; failed tests too
    uint32_t diagnostic_count;
    struct slice text; // the diagnostics as people read them
    uint32_t tests;    // how many test blocks ran
};

struct toolchain {
    // Compiles the files as one set and runs their tests. Any thread, one call at a time per arena.
    // The result lives in `arena`.
    void (*run)(void *context, const struct toolchain_file *files, uint32_t count,
                struct arena *arena, struct toolchain_result *ret_result);
    void *context;
};

#endif
