// What all maps are made of: lines with words, values in pairs under a line, and mistakes, all of
// them collected with their places. What the words of a line mean each kind of map says itself.
#ifndef RUNG_ENGINE_INTAKE_MAP_LINES_H
#define RUNG_ENGINE_INTAKE_MAP_LINES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/suggest.h"

enum { MAP_VALUES_MAX = 2000, MAP_FAULTS_MAX = 50, MAP_BYTES_MAX = 1 << 20 };

struct map_place {
    uint32_t line, at, len; // line from 1; bytes from 0 within the line. Line 0: the whole file
};

struct map_fault {
    struct map_place place;
    struct slice message, help;
};

struct map_lines {
    struct arena *arena;
    struct slice name, text; // of the file
    struct map_fault faults[MAP_FAULTS_MAX];
    uint32_t fault_count;
};

// `"from" -> "to"`: what stands under the line of a field.
struct map_value {
    struct slice from, to;
};
struct map_values {
    struct map_value *items;
    uint32_t count;
};

struct map_cursor {
    struct map_lines *map;
    struct slice line; // whole
    uint32_t number;
    size_t at;
    bool failed; // one fault a line
};

struct map_word {
    struct slice text;
    struct map_place place;
    bool quoted;
    bool there;
};

// Calls `take` for every line that says something; the cursor stands at its first byte that is not
// blank. `text` must live as long as the lines.
typedef void map_line_fn(void *context, struct map_cursor *cursor);
void map_lines_read(struct map_lines *map, struct arena *arena, struct slice name,
                    struct slice text, map_line_fn *take, void *context);

void map_fault_add(struct map_lines *map, struct map_place place, struct slice message,
                   struct slice help);
// The first of a line stays.
void map_line_fault(struct map_cursor *cursor, struct map_place place, const char *message,
                    const char *help);
struct map_place map_here(const struct map_cursor *cursor, size_t len);

struct slice map_rest(const struct map_cursor *cursor);
bool map_at_end(struct map_cursor *cursor); // but for blanks and a comment
bool map_mark(struct map_cursor *cursor, struct slice mark); // takes it, if it comes next
// In quotes, or up to a blank. Marks (= := ->) end it as well.
struct map_word map_word(struct map_cursor *cursor);
bool map_word_is(struct map_word word, const char *text);
void map_line_end(struct map_cursor *cursor); // a fault if something is left

// What fields of all maps may have. `split ";"`: several values in one place; 0: not said.
void map_split(struct map_cursor *cursor, char *ret_split);
// The line `from -> to`; `values` NULL: there is no field above it.
void map_value_add(struct map_cursor *cursor, struct map_values *values);
// The value after the lines `"from" -> "to"`.
struct slice map_value_of(const struct map_values *values, struct slice text);

// The parts between the marks as a packed array of texts, without blanks around them.
void map_pack_parts(struct buf *to, struct slice text, char mark);

// "a column with a similar name exists: `Phone`"; empty: none.
struct slice map_nearest(struct arena *arena, const struct suggestions *suggestions,
                         const char *kind);
// A name that is to be one of those known; else a fault that says so.
struct map_named {
    struct slice name;
    struct map_place place;
    struct slice unknown; // "there is no column named"
    const char *kind;     // "column"
};
void map_known(struct map_lines *map, const struct map_named *named, const struct slice *known,
               uint32_t count);
// Begins (or ends) what is to be seen as wrong; may write nothing.
typedef void map_paint_fn(const void *context, struct buf *out, bool begin);
// The faults as people read them, with line and caret. `paint` may be NULL.
void map_lines_render(const struct map_lines *map, map_paint_fn *paint, const void *context,
                      struct buf *out);

#endif
