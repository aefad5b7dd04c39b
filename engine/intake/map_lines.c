#include "engine/intake/map_lines.h"

#include <stdio.h>

#include "base/check.h"
#include "base/limits.h"
#include "base/pack.h"
#include "base/utf8.h"

void map_fault_add(struct map_lines *map, struct map_place place, struct slice message,
                   struct slice help)
{
    if (map->fault_count < MAP_FAULTS_MAX) {
        map->faults[map->fault_count++] = (struct map_fault){ place, message, help };
    }
}

struct map_place map_here(const struct map_cursor *cursor, size_t len)
{
    return (struct map_place){ cursor->number, (uint32_t)cursor->at, (uint32_t)len };
}

void map_line_fault(struct map_cursor *cursor, struct map_place place, const char *message,
                    const char *help)
{
    if (!cursor->failed) {
        map_fault_add(cursor->map, place, slice_from_cstr(message), slice_from_cstr(help));
    }
    cursor->failed = true;
}

static bool is_blank(char byte) { return byte == ' ' || byte == '\t'; }

static void blanks_pass(struct map_cursor *cursor)
{
    while (cursor->at < cursor->line.len && is_blank(cursor->line.ptr[cursor->at])) {
        cursor->at++;
    }
}

struct slice map_rest(const struct map_cursor *cursor)
{
    return slice_sub(cursor->line, cursor->at, cursor->line.len);
}

bool map_at_end(struct map_cursor *cursor)
{
    blanks_pass(cursor);
    return cursor->at == cursor->line.len || slice_starts(map_rest(cursor), SLICE("--"));
}

bool map_mark(struct map_cursor *cursor, struct slice mark)
{
    blanks_pass(cursor);
    if (!slice_starts(map_rest(cursor), mark)) {
        return false;
    }
    cursor->at += mark.len;
    return true;
}

static struct map_word quoted_take(struct map_cursor *cursor)
{
    size_t start = cursor->at;
    char *to = arena_alloc_raw(cursor->map->arena, cursor->line.len + 1);
    size_t len = 0;
    size_t at = start + 1;
    for (; at < cursor->line.len; at++) {
        char byte = cursor->line.ptr[at];
        if (byte == '"' && at + 1 < cursor->line.len && cursor->line.ptr[at + 1] == '"') {
            at++; // two quotes stand for one, as in the CSV file itself
        } else if (byte == '"') {
            cursor->at = at + 1;
            return (
                struct map_word){ { to, len },
                                  { cursor->number, (uint32_t)start, (uint32_t)(at + 1 - start) },
                                  true,
                                  true };
        }
        to[len++] = byte;
    }
    map_line_fault(cursor, map_here(cursor, cursor->line.len - start), "this quote is never closed",
                   "close it on the same line; a quote inside is written twice");
    cursor->at = cursor->line.len;
    return (struct map_word){ 0 };
}

// One word: in quotes, or up to a blank. Marks (= := ->) end it as well.
struct map_word map_word(struct map_cursor *cursor)
{
    if (map_at_end(cursor)) {
        return (struct map_word){ 0 };
    }
    if (cursor->line.ptr[cursor->at] == '"') {
        return quoted_take(cursor);
    }
    size_t start = cursor->at;
    while (cursor->at < cursor->line.len) {
        struct slice rest = map_rest(cursor);
        if (is_blank(rest.ptr[0]) || rest.ptr[0] == '=' || rest.ptr[0] == '"' ||
            slice_starts(rest, SLICE(":=")) || slice_starts(rest, SLICE("->"))) {
            break;
        }
        cursor->at++;
    }
    size_t len = cursor->at - start;
    return (struct map_word){ slice_sub(cursor->line, start, len),
                              { cursor->number, (uint32_t)start, (uint32_t)len },
                              false,
                              len > 0 };
}

bool map_word_is(struct map_word word, const char *text)
{
    return word.there && !word.quoted && slice_equal(word.text, slice_from_cstr(text));
}

void map_line_end(struct map_cursor *cursor)
{
    if (!cursor->failed && !map_at_end(cursor)) {
        map_line_fault(cursor, map_here(cursor, cursor->line.len - cursor->at),
                       "this does not belong on the line",
                       "a name with blanks goes in quotes: \"Lead Number\"");
    }
}

void map_split(struct map_cursor *cursor, char *ret_split)
{
    struct map_cursor before = *cursor;
    struct map_word word = map_word(cursor);
    if (!map_word_is(word, "split")) {
        *cursor = before;
        return;
    }
    struct map_word mark = map_word(cursor);
    if (!mark.there || mark.text.len != 1) {
        map_line_fault(cursor, mark.there ? mark.place : word.place, "`split` needs one character",
                       "for example: split \";\"");
        return;
    }
    *ret_split = mark.text.ptr[0];
}

// --- values under a line -------------------------------------------------------------------------

static void grow(struct map_values *values, struct arena *arena)
{
    uint32_t count = values->count;
    if ((count & (count - 1)) == 0) { // at powers of two
        struct map_value *grown = ARENA_ARRAY(arena, struct map_value, count == 0 ? 1 : count * 2);
        if (count > 0) {
            memcpy(grown, values->items, count * sizeof(*grown));
        }
        values->items = grown;
    }
}

void map_value_add(struct map_cursor *cursor, struct map_values *values)
{
    struct map_word from = map_word(cursor);
    if (!from.there || !map_mark(cursor, SLICE("->"))) {
        map_line_fault(cursor, map_here(cursor, 1), "an indented line maps a value",
                       "write `\"value\" -> \"value\"`, or do not indent the line");
        return;
    }
    struct map_word to = map_word(cursor);
    map_line_end(cursor);
    if (values == NULL) {
        map_line_fault(cursor, from.place, "there is nothing to map above this line",
                       "values belong under the line of their field");
        return;
    }
    if (cursor->failed || values->count == MAP_VALUES_MAX) {
        map_line_fault(cursor, from.place, "the field has more than 2000 values", "remove some");
        return;
    }
    for (uint32_t i = 0; i < values->count; i++) {
        if (slice_equal(values->items[i].from, from.text)) {
            map_line_fault(cursor, from.place, "this value is mapped twice",
                           "keep one of the lines");
            return;
        }
    }
    grow(values, cursor->map->arena);
    values->items[values->count++] = (struct map_value){ from.text, to.text };
}

struct slice map_value_of(const struct map_values *values, struct slice text)
{
    for (uint32_t i = 0; i < values->count; i++) {
        if (slice_equal(values->items[i].from, text)) {
            return values->items[i].to;
        }
    }
    return text;
}

void map_known(struct map_lines *map, const struct map_named *named, const struct slice *known,
               uint32_t count)
{
    struct suggestions suggestions;
    suggest_init(&suggestions, named->name);
    for (uint32_t i = 0; i < count; i++) {
        if (slice_equal(known[i], named->name)) {
            return;
        }
        suggest_offer(&suggestions, known[i], 0);
    }
    struct slice message = arena_format(map->arena, "%.*s `%.*s`", SLICE_PRINT(named->unknown),
                                        SLICE_PRINT(named->name));
    map_fault_add(map, named->place, message, map_nearest(map->arena, &suggestions, named->kind));
}

struct slice map_nearest(struct arena *arena, const struct suggestions *suggestions,
                         const char *kind)
{
    if (suggestions->count == 0) {
        return SLICE_EMPTY;
    }
    return arena_format(arena, "a %s with a similar name exists: `%.*s`", kind,
                        SLICE_PRINT(suggestions->names[0]));
}

void map_pack_parts(struct buf *to, struct slice text, char mark)
{
    struct buf items;
    buf_init(&items, FRAME_BYTES_MAX);
    uint32_t count = 0;
    for (size_t start = 0; start <= text.len;) {
        const char *end =
            start < text.len ? memchr(text.ptr + start, mark, text.len - start) : NULL;
        size_t stop = end != NULL ? (size_t)(end - text.ptr) : text.len;
        size_t from = start;
        size_t upto = stop;
        while (from < upto && text.ptr[from] == ' ') {
            from++;
        }
        while (upto > from && text.ptr[upto - 1] == ' ') {
            upto--;
        }
        if (upto > from) {
            pack_str(&items, slice_sub(text, from, upto - from));
            count++;
        }
        start = stop + 1;
    }
    pack_array(to, count);
    buf_put_slice(to, buf_slice(&items));
    buf_done(&items);
}

// --- the whole file ------------------------------------------------------------------------------

static struct slice line_cut(struct slice *rest)
{
    const char *end = rest->len == 0 ? NULL : memchr(rest->ptr, '\n', rest->len);
    size_t len = end == NULL ? rest->len : (size_t)(end - rest->ptr);
    struct slice line = slice_sub(*rest, 0, len);
    *rest = slice_sub(*rest, end == NULL ? len : len + 1, rest->len);
    return line.len > 0 && line.ptr[line.len - 1] == '\r' ? slice_sub(line, 0, line.len - 1) : line;
}

void map_lines_read(struct map_lines *map, struct arena *arena, struct slice name,
                    struct slice text, map_line_fn *take, void *context)
{
    *map = (struct map_lines){ .arena = arena, .name = name, .text = text };
    if (text.len > MAP_BYTES_MAX || !utf8_valid(text)) {
        map_fault_add(map, (struct map_place){ 0 },
                      SLICE("the MAP file is not UTF-8 text of at most 1 MiB"), SLICE_EMPTY);
        return;
    }
    struct slice rest =
        slice_starts(text, SLICE("\xef\xbb\xbf")) ? slice_sub(text, 3, text.len) : text;
    map->text = rest;
    for (uint32_t number = 1; rest.len > 0; number++) {
        struct map_cursor cursor = { .map = map, .line = line_cut(&rest), .number = number };
        if (!map_at_end(&cursor)) {
            take(context, &cursor);
        }
    }
}

// --- faults as people read them ------------------------------------------------------------------

static struct slice line_of(const struct map_lines *map, uint32_t number)
{
    struct slice rest = map->text;
    struct slice line = SLICE_EMPTY;
    for (uint32_t i = 0; i < number; i++) {
        line = line_cut(&rest);
    }
    return line;
}

struct painter {
    map_paint_fn *paint;
    const void *context;
};

static void put_styled(const struct painter *painter, struct buf *out, struct slice text)
{
    if (painter->paint != NULL) {
        painter->paint(painter->context, out, true);
    }
    buf_put_slice(out, text);
    if (painter->paint != NULL) {
        painter->paint(painter->context, out, false);
    }
}

static void put_carets(const struct painter *painter, struct buf *out, size_t count)
{
    struct buf carets;
    buf_init(&carets, MAP_BYTES_MAX);
    for (size_t i = 0; i < (count == 0 ? 1 : count); i++) {
        buf_put_char(&carets, '^');
    }
    put_styled(painter, out, buf_slice(&carets));
    buf_done(&carets);
}

static void fault_render(const struct map_lines *map, const struct map_fault *fault,
                         const struct painter *painter, struct buf *out)
{
    put_styled(painter, out, SLICE("error"));
    buf_format(out, ": %.*s\n", SLICE_PRINT(fault->message));
    char number[16];
    int width = snprintf(number, sizeof(number), "%u", (unsigned)fault->place.line);
    CHECK(width > 0);
    if (fault->place.line == 0) {
        buf_format(out, " --> %.*s\n", SLICE_PRINT(map->name));
    } else {
        struct slice line = line_of(map, fault->place.line);
        struct slice before = slice_sub(line, 0, fault->place.at);
        size_t cells = utf8_cells(slice_sub(line, fault->place.at, fault->place.len));
        buf_format(out, "%*s--> %.*s:%s:%u\n", width, "", SLICE_PRINT(map->name), number,
                   (unsigned)utf8_cells(before) + 1);
        buf_format(out, "%*s |\n%s | ", width, "", number);
        for (size_t i = 0; i < line.len; i++) { // a tab keeps one cell, so that the caret fits
            buf_put_char(out, line.ptr[i] == '\t' ? ' ' : line.ptr[i]);
        }
        size_t tabs = 0;
        for (size_t i = 0; i < before.len; i++) {
            tabs += before.ptr[i] == '\t' ? 1 : 0;
        }
        buf_format(out, "\n%*s | ", width, "");
        for (size_t i = 0; i < utf8_cells(before) + tabs; i++) {
            buf_put_char(out, ' ');
        }
        put_carets(painter, out, cells);
        buf_put_char(out, '\n');
    }
    if (fault->help.len > 0) {
        buf_format(out, "%*s = help: %.*s\n", fault->place.line == 0 ? 1 : width, "",
                   SLICE_PRINT(fault->help));
    }
    buf_put_char(out, '\n');
}

void map_lines_render(const struct map_lines *map, map_paint_fn *paint, const void *context,
                      struct buf *out)
{
    const struct painter painter = { paint, context };
    for (uint32_t i = 0; i < map->fault_count; i++) {
        fault_render(map, &map->faults[i], &painter, out);
    }
}
