// The texts of one compilation: files by number, their lines, and spans (places in them). Texts and
// names are copied into the arena of the compilation and live as long as it.
#ifndef RUNG_DSL_DIAG_SOURCE_H
#define RUNG_DSL_DIAG_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"

enum {
    SOURCE_BYTES_MAX = 1024 * 1024, // of one file; a longer one is reported by the lexer
    SOURCE_FILES_MAX = 256,         // of one compilation
    SOURCE_TAB_CELLS = 4
};

// Bytes [start, end) of a file. An empty span (start == end) is a place between two bytes.
struct span {
    uint32_t file;
    uint32_t start;
    uint32_t end;
};

struct source_file {
    struct slice name; // as it is shown to people: "processes/lead.rung"
    struct slice text; // at most SOURCE_BYTES_MAX + 1 bytes: what is longer is cut, and reported
    uint32_t *line_starts;
    uint32_t line_count; // at least 1
};

struct source_set {
    struct arena *arena;
    struct source_file *files;
    uint32_t count;
    uint32_t capacity;
};

void source_set_init(struct source_set *set, struct arena *arena);
// Copies name and text; gives the file's number. `set` must hold fewer than SOURCE_FILES_MAX files.
uint32_t source_add(struct source_set *set, struct slice name, struct slice text);

static inline const struct source_file *source_file(const struct source_set *set, uint32_t file)
{
    return &set->files[file];
}

// 1-based number of the line that holds the byte at `offset` (which may be the end of the text).
uint32_t source_line(const struct source_file *file, uint32_t offset);
// 1-based column in display cells: tabs go to the next multiple of 4, wide characters count 2.
uint32_t source_column(const struct source_file *file, uint32_t offset);
// The bytes of a line without its line end. `line` is 1-based and exists.
struct slice source_line_text(const struct source_file *file, uint32_t line);
// The bytes of a span, clamped to the file.
struct slice source_text(const struct source_set *set, struct span span);

static inline struct span span_make(uint32_t file, uint32_t start, uint32_t end)
{
    return (struct span){ file, start, end };
}
static inline struct span span_join(struct span a, struct span b)
{
    return (struct span){ a.file, a.start < b.start ? a.start : b.start,
                          a.end > b.end ? a.end : b.end };
}
// The place just before, just after.
static inline struct span span_before(struct span a)
{
    return (struct span){ a.file, a.start, a.start };
}
static inline struct span span_after(struct span a)
{
    return (struct span){ a.file, a.end, a.end };
}

#endif
