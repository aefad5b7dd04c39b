#include "engine/cli/story.h"

#include "base/pack.h"
#include "engine/cli/term.h"
#include "engine/cli/when.h"
#include "engine/cli/wire.h"

struct line_form {
    const char *event;
    int detail;
    const char *form;
};

static const struct line_form line_forms[] = {
#define EVENT_LINE(event, detail, form) { event, detail, form },
#include "engine/cli/event_line.def"
#undef EVENT_LINE
};

// A packed value as text; a moment written as such.
static struct slice value_text(const struct story *story, struct slice event, struct slice key)
{
    bool moment = key.len > 0 && key.ptr[0] == '@';
    key = moment ? slice_sub(key, 1, key.len) : key;
    char name[64] = { 0 };
    memcpy(name, key.ptr, key.len < sizeof(name) ? key.len : sizeof(name) - 1);
    struct slice raw = wire_raw(event, name);
    struct unpack unpack;
    unpack_init(&unpack, raw);
    bool zero = raw.len > 0 && unpack_peek(&unpack) == PACK_INTEGER &&
                wire_uint(event, name) == 0 && raw.ptr[0] == 0;
    if (raw.len == 0) {
        return SLICE_EMPTY;
    }
    if (moment) {
        struct buf text;
        buf_init(&text, 100);
        uint64_t ms = wire_moment(event, name);
        if (ms > 0) {
            when_stamp(&text, ms, story->zone);
        }
        // To the minute, as the beginnings of the lines.
        struct slice copy = arena_copy(story->arena, slice_sub(buf_slice(&text), 0, 16));
        buf_done(&text);
        return copy;
    }
    // Number 0 means none, except in values of fields.
    bool value = slice_equal(key, SLICE("old")) || slice_equal(key, SLICE("now"));
    return zero && !value ? SLICE_EMPTY : term_clean(story->arena, wire_print(raw, story->arena));
}

// {a|b}: the first that is not empty; a word that is no key of the event stands for itself.
static struct slice choice_text(const struct story *story, struct slice event, struct slice keys)
{
    struct slice key = keys;
    while (keys.len > 0) {
        const char *bar = memchr(keys.ptr, '|', keys.len);
        size_t len = bar == NULL ? keys.len : (size_t)(bar - keys.ptr);
        key = slice_sub(keys, 0, len);
        keys = slice_sub(keys, bar == NULL ? len : len + 1, keys.len);
        struct slice text = value_text(story, event, key);
        if (text.len > 0) {
            return text;
        }
    }
    bool word = slice_equal(key, SLICE("none")) || slice_equal(key, SLICE("empty"));
    return word ? key : SLICE_EMPTY;
}

// Writes `form` with its values; returns whether none of them was empty.
static bool form_put(const struct story *story, struct slice event, struct slice form,
                     struct buf *out)
{
    bool whole = true;
    size_t at = 0;
    while (at < form.len) {
        char mark = form.ptr[at];
        char until = mark == '{' ? '}' : ']';
        const char *end =
            mark == '{' || mark == '[' ? memchr(form.ptr + at, until, form.len - at) : NULL;
        if (end == NULL) {
            buf_put_char(out, mark);
            at++;
            continue;
        }
        struct slice inner = slice_sub(form, at + 1, (size_t)(end - form.ptr) - at - 1);
        at = (size_t)(end - form.ptr) + 1;
        if (mark == '{') {
            struct slice text = choice_text(story, event, inner);
            whole = whole && text.len > 0;
            buf_put_slice(out, text);
            continue;
        }
        size_t before = out->len;
        if (!form_put(story, event, inner, out)) { // parts do not nest: one level deep
            out->len = before;
        }
    }
    return whole;
}

static void event_plain(const struct story *story, struct slice event, struct buf *out)
{
    struct wire_list pairs = wire_pairs(event);
    struct slice key;
    struct slice value;
    buf_put_slice(out, term_clean(story->arena, wire_text(event, "event", story->arena)));
    while (wire_next(&pairs, &key) && wire_next(&pairs, &value)) {
        struct slice name = wire_print(key, story->arena);
        if (!slice_equal(name, SLICE("event"))) {
            buf_format(out, " %.*s=%.*s", SLICE_PRINT(term_clean(story->arena, name)),
                       SLICE_PRINT(term_clean(story->arena, wire_print(value, story->arena))));
        }
    }
}

bool story_event(const struct story *story, struct slice event, struct buf *out)
{
    struct slice name = wire_text(event, "event", story->arena);
    for (size_t i = 0; i < ARRAY_COUNT(line_forms); i++) {
        if (!slice_equal(slice_from_cstr(line_forms[i].event), name)) {
            continue;
        }
        if (line_forms[i].detail != 0 && !story->all) {
            return false;
        }
        (void)form_put(story, event, slice_from_cstr(line_forms[i].form), out);
        return true;
    }
    event_plain(story, event, out);
    return true;
}

// Answers come without their types: a whole number of the size of a moment (2001 to 2096, in
// milliseconds) is shown as one.
static void answer_put(const struct story *story, struct slice packed, struct buf *out)
{
    struct unpack unpack;
    unpack_init(&unpack, packed);
    uint64_t number = unpack_peek(&unpack) == PACK_INTEGER ? unpack_uint(&unpack) : 0;
    if (!unpack.bad && number >= UINT64_C(1000000000000) && number < UINT64_C(4000000000000)) {
        struct buf text;
        buf_init(&text, 64);
        when_stamp(&text, number, story->zone);
        buf_put_slice(out, slice_sub(buf_slice(&text), 0, 16));
        buf_done(&text);
    } else {
        buf_put_slice(out, term_clean(story->arena, wire_print(packed, story->arena)));
    }
}

void story_form(const struct story *story, struct slice form, struct buf *out)
{
    struct wire_list pairs = wire_pairs(form);
    struct slice key;
    struct slice value;
    bool first = true;
    while (wire_next(&pairs, &key) && wire_next(&pairs, &value)) {
        buf_format(out, "%s%.*s = ", first ? "" : ", ",
                   SLICE_PRINT(term_clean(story->arena, wire_print(key, story->arena))));
        answer_put(story, value, out);
        first = false;
    }
}
