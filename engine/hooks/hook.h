// Hooks: functions in Lua that a program asks for a value while a command is decided. A hook knows
// its arguments and nothing else: no file, no clock, no net, no other case, nothing of an earlier
// call. It is bounded in instructions, memory and the work of its patterns; the bound holds across
// pcall and coroutines. What it gave is recorded, so nobody ever asks it the same thing twice.
//
// A box keeps one Lua state with the compiled texts; every call gets an environment of its own over
// libraries that cannot be changed, so a call cannot tell whether it is the first. After a failure
// the state is thrown away. One thread at a time.
#ifndef RUNG_ENGINE_HOOKS_HOOK_H
#define RUNG_ENGINE_HOOKS_HOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "base/value.h"

enum {
    HOOK_INSTRUCTIONS_MAX = 500000,      // of Lua's machine; library calls are charged by size
    HOOK_BYTES_MAX = 16 * 1024 * 1024,   // asked for in one call, whether given back or not
    HOOK_BLOCK_BYTES_MAX = 256 * 1024,   // the longest text, the largest table
    HOOK_TEXT_BYTES_MAX = 256 * 1024,    // a file in Lua
    HOOK_PATTERN_BYTES_MAX = 1000,
    HOOK_RESULT_ITEMS_MAX = 1000,
    HOOK_DEPTH_MAX = VALUE_DEPTH_MAX
};

struct hook_box;

struct hook_box *hook_box_new(void);
void hook_box_free(struct hook_box *box); // NULL is fine

struct hook_call {
    struct slice file; // as people see it: "hooks/deal.lua"
    struct slice text; // of that file
    struct slice name; // of the function
    // Text, integer and bool become Lua's own; decimal and money numbers that stay exact; dates,
    // times, moments and durations the text that people write; lists and records tables; empty nil.
    const struct value *args;
    uint32_t arg_count;
    uint64_t seed; // of math.random
    struct arena *arena;
};

// Asks. False: it failed; `ret_error` is a sentence with file and line, and below it the way there.
// The result is text, integer, bool, decimal, money, list, record or empty: the caller turns it
// into the type that was declared.
bool hook_call(struct hook_box *box, const struct hook_call *call, struct value *ret_value,
               struct slice *ret_error);

// The line where the function of the last call begins.
uint32_t hook_line(const struct hook_box *box);

// Would the file compile, and does it define that function? False: `ret_error` says why not,
// `ret_line` where (1 when nowhere in particular).
bool hook_check(struct slice file, struct slice text, struct slice name, struct arena *arena,
                uint32_t *ret_line, struct slice *ret_error);

#endif
