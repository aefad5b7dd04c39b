// What a call of a hook costs: a trivial one in a box that is kept, and in a new box each time. Not
// a test: it prints figures.
#include <stdio.h>
#include <time.h>

#include "engine/hooks/hook.h"

static double now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static double ask(struct hook_box **box, struct arena *arena, int rounds, bool anew)
{
    const struct value args[] = { value_integer(20) };
    const struct hook_call call = {
        .file = SLICE("f.lua"),
        .text = SLICE("function f(x)\n  return x + 1\nend\n"),
        .name = SLICE("f"),
        .args = args,
        .arg_count = 1,
        .arena = arena,
    };
    double start = now_us();
    for (int i = 0; i < rounds; i++) {
        struct value value;
        struct slice error;
        arena_reset(arena);
        if (anew) {
            hook_box_free(*box);
            *box = hook_box_new();
        }
        if (!hook_call(*box, &call, &value, &error) || value.number != 21) {
            (void)printf("it failed: %.*s\n", SLICE_PRINT(error));
            return 0;
        }
    }
    return (now_us() - start) / rounds;
}

int main(void)
{
    struct arena arena;
    struct hook_box *box = hook_box_new();
    arena_init(&arena, 1024 * 1024);
    (void)ask(&box, &arena, 1000, false);
    (void)printf("a kept state  %6.2f us a call\n", ask(&box, &arena, 100000, false));
    (void)printf("a new state   %6.2f us a call\n", ask(&box, &arena, 5000, true));
    hook_box_free(box);
    arena_done(&arena);
    return 0;
}
