// What a call of a hook costs: in the box that the engine keeps, and in a new box each time.
#include <stdio.h>

#include "engine/hooks/hook.h"
#include "tests/bench/bench.h"
#include "tests/bench/clockwork.h"

enum { WARM = 1000, KEPT = 100000, ANEW = 5000, QUICK_PART = 20, ARENA_BYTES_MAX = 1 << 20 };

// Microseconds a call; below 0: it failed.
static double ask(struct hook_box **box, struct arena *arena, uint32_t rounds, bool anew)
{
    const struct value args[] = { value_integer(20) };
    const struct hook_call call = {
        .file = SLICE("f.lua"), .text = SLICE("function f(x)\n  return x + 1\nend\n"),
        .name = SLICE("f"), .args = args, .arg_count = 1, .arena = arena,
    };
    uint64_t begun = clockwork_us();
    for (uint32_t i = 0; i < rounds; i++) {
        struct value value;
        struct slice error;
        arena_reset(arena);
        if (anew) {
            hook_box_free(*box);
            *box = hook_box_new();
        }
        if (!hook_call(*box, &call, &value, &error) || value.number != 21) {
            fprintf(stderr, "the hook failed: %.*s\n", SLICE_PRINT(error));
            return -1;
        }
    }
    return (double)(clockwork_us() - begun) / rounds;
}

bool bench_hook(struct bench *bench)
{
    struct arena arena;
    uint32_t part = bench->quick ? QUICK_PART : 1;
    struct hook_box *box = hook_box_new();
    arena_init(&arena, ARENA_BYTES_MAX);
    printf("\nhooks: one that adds one to a number\n");
    (void)ask(&box, &arena, WARM, false);
    double kept = ask(&box, &arena, KEPT / part, false);
    double anew = ask(&box, &arena, ANEW / part, true);
    hook_box_free(box);
    arena_done(&arena);
    bench_line(bench, "a call, in the state that is kept", "%.2f us", kept);
    bench_target(bench, kept < 15, "under 15 us");
    bench_line(bench, "a call, in a new state each time", "%.2f us", anew);
    return kept >= 0 && anew >= 0;
}
