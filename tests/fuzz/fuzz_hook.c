// Any text as a script: it ends, it breaks nothing, and it leaves no trace in the box: what a known
// script gives afterwards is what it gave before.
#include "base/check.h"
#include "engine/hooks/hook.h"
#include "tests/fuzz/fuzz.h"

enum { ARENA_BYTES_MAX = 64 * 1024 * 1024 };

static const char known[] = "seen = (seen or 0) + 1\n"
                            "function f(n, text, list)\n"
                            "  local keys = ''\n"
                            "  for k in pairs(_G) do keys = keys .. k .. type(_G[k]) end\n"
                            "  for k in pairs(string) do keys = keys .. k end\n"
                            "  return #keys * 1000 + seen * 100 + math.random(9) * 10 + n\n"
                            "end\n";

static bool ask(struct hook_box *box, struct arena *arena, struct slice text, struct value *value)
{
    static const struct value items[] = { { .kind = VALUE_INTEGER, .number = 1 },
                                          { .kind = VALUE_TEXT, .text = { "b", 1 } } };
    struct value args[] = { value_integer(3), value_text(SLICE("call +49 30 123")),
                            { .kind = VALUE_LIST } };
    args[2].list.items = items;
    args[2].list.count = ARRAY_COUNT(items);
    const struct hook_call call = { .file = SLICE("fuzz.lua"), .text = text, .name = SLICE("f"),
                                    .args = args, .arg_count = ARRAY_COUNT(args), .seed = 1,
                                    .arena = arena };
    struct slice error = SLICE_EMPTY;
    bool good = hook_call(box, &call, value, &error);
    CHECK(good || error.len > 0);
#ifdef PLANTED_BUG
    char shown[220];
    if (!good) {
        memcpy(shown, error.ptr, error.len); // messages are short
        CHECK(shown[0] != '\0');
    }
#endif
    return good;
}

static void use(const struct value *value)
{
    struct buf buf;
    buf_init(&buf, ARENA_BYTES_MAX);
    value_pack(&buf, value);
    value_print(&buf, value);
    buf_done(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct hook_box *box = hook_box_new();
    struct value before;
    struct value after;
    struct value given;
    arena_init(&arena, ARENA_BYTES_MAX);
    CHECK(ask(box, &arena, slice_from_cstr(known), &before));
    if (ask(box, &arena, slice_make(data, size), &given)) {
        use(&given);
    }
    CHECK(ask(box, &arena, slice_from_cstr(known), &after));
    CHECK(before.kind == VALUE_INTEGER && value_equal(&before, &after));
    hook_box_free(box);
    arena_done(&arena);
    return 0;
}
