// One question to one script, for tests: as a hook or, with ASK_SHAPED, as a function of a
// connector.
#ifndef RUNG_TESTS_HOOKS_ASK_H
#define RUNG_TESTS_HOOKS_ASK_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "engine/calls/shape.h"
#include "engine/hooks/hook.h"

struct ask {
    struct hook_box *box;
    struct arena arena;
    struct value value;
    struct slice error;
    bool good;
    char shown[200]; // the value as people see it
};

static inline void ask_cut(char *to, size_t room, struct slice text)
{
    text = slice_sub(text, 0, room - 1);
    if (text.len > 0) {
        memcpy(to, text.ptr, text.len);
    }
    to[text.len] = '\0';
}

static inline int ask_open(void **state)
{
    static struct ask ask;
    ask = (struct ask){ .box = hook_box_new() };
    arena_init(&ask.arena, 64 * 1024 * 1024);
    *state = &ask;
    return 0;
}

static inline int ask_close(void **state)
{
    struct ask *ask = *state;
    hook_box_free(ask->box);
    arena_done(&ask->arena);
    return 0;
}

#ifdef ASK_SHAPED
static inline bool ask_script(struct ask *ask, const char *text, const struct value *args,
                              uint32_t count)
{
    const struct settings_function function = { SLICE("hooks/f.lua"), slice_from_cstr(text),
                                                SLICE("f") };
    const struct shape_call call = { .key = SLICE("\x07"), .attempt = 1 }; // the seed, too
    struct shape_job job = { .box = ask->box, .function = &function, .call = &call,
                             .arena = &ask->arena };
    assert_true(args == NULL && count == 0); // it hears of the call, and of nothing else
    bool good = shape_ask(&job, NULL, &ask->value);
    ask->error = job.words;
    return good;
}
#else
static inline bool ask_script(struct ask *ask, const char *text, const struct value *args,
                              uint32_t count)
{
    const struct hook_call call = { .file = SLICE("hooks/f.lua"), .text = slice_from_cstr(text),
                                    .name = SLICE("f"), .args = args, .arg_count = count,
                                    .seed = 7, .arena = &ask->arena };
    return hook_call(ask->box, &call, &ask->value, &ask->error);
}
#endif

static inline bool ask_with(struct ask *ask, const char *text, const struct value *args,
                            uint32_t count)
{
    struct buf buf;
    ask->error = SLICE_EMPTY;
    ask->value = value_empty();
    ask->good = ask_script(ask, text, args, count);
    buf_init(&buf, sizeof(ask->shown) - 1);
    value_print(&buf, &ask->value);
    ask_cut(ask->shown, sizeof(ask->shown), buf_slice(&buf));
    buf_done(&buf);
    return ask->good;
}

// The whole file, which defines f().
static inline void ask_gives(struct ask *ask, const char *text, const char *expected)
{
    if (!ask_with(ask, text, NULL, 0)) {
        print_error("%s\n  failed: %.*s\n", text, SLICE_PRINT(ask->error));
    }
    assert_true(ask->good);
    assert_string_equal(ask->shown, expected);
}

static inline void ask_fails(struct ask *ask, const char *text, const char *part)
{
    char error[2000];
    if (ask_with(ask, text, NULL, 0)) {
        print_error("%s\n  gave %s\n", text, ask->shown);
    }
    assert_false(ask->good);
    ask_cut(error, sizeof(error), ask->error);
    if (strstr(error, part) == NULL) {
        print_error("%s\n  expected: %s\n  said: %s\n", text, part, error);
    }
    assert_non_null(strstr(error, part));
}

#endif
