// The `test` blocks of files as the last part of a toolchain: what does not pass does not become
// active.
#ifndef RUNG_ENGINE_EMBED_TOOLCHAIN_PLAY_H
#define RUNG_ENGINE_EMBED_TOOLCHAIN_PLAY_H

#include "engine/embed/toolchain_dsl.h"

struct toolchain_company { // the settings that tests are run with
    struct slice currency, region;
};

// A toolchain_tests_fn; its context is a struct toolchain_company.
void toolchain_play(void *context, const struct compile_result *compiled, struct arena *arena,
                    struct toolchain_tests *ret_tests);

#endif
