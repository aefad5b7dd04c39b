#include "dsl/diag/source.h"

#include "base/check.h"
#include "base/utf8.h"

void source_set_init(struct source_set *set, struct arena *arena)
{
    *set = (struct source_set){ .arena = arena };
}

// Where the line after the one of `at` begins; 0 when there is none.
static uint32_t next_line(struct slice text, uint32_t at)
{
    const char *stop = at < text.len ? memchr(text.ptr + at, '\n', text.len - at) : NULL;
    return stop != NULL ? (uint32_t)(stop - text.ptr) + 1 : 0;
}

static void find_lines(struct source_file *file, struct arena *arena)
{
    uint32_t count = 1;
    for (uint32_t at = next_line(file->text, 0); at > 0; at = next_line(file->text, at)) {
        count++;
    }
    file->line_starts = ARENA_ARRAY(arena, uint32_t, count);
    file->line_count = count;
    for (uint32_t line = 1; line < count; line++) {
        file->line_starts[line] = next_line(file->text, file->line_starts[line - 1]);
    }
}

uint32_t source_add(struct source_set *set, struct slice name, struct slice text)
{
    CHECK(set->count < SOURCE_FILES_MAX);
    if (set->count == set->capacity) {
        uint32_t capacity = set->capacity > 0 ? set->capacity * 2 : 8;
        struct source_file *files = ARENA_ARRAY(set->arena, struct source_file, capacity);
        if (set->count > 0) {
            memcpy(files, set->files, set->count * sizeof(*files));
        }
        set->files = files;
        set->capacity = capacity;
    }
    struct source_file *file = &set->files[set->count];
    file->name = arena_copy(set->arena, name);
    file->text = arena_copy(set->arena, slice_sub(text, 0, (size_t)SOURCE_BYTES_MAX + 1));
    find_lines(file, set->arena);
    return set->count++;
}

uint32_t source_line(const struct source_file *file, uint32_t offset)
{
    uint32_t low = 0;
    uint32_t high = file->line_count;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (file->line_starts[middle] <= offset) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low + 1;
}

struct slice source_line_text(const struct source_file *file, uint32_t line)
{
    CHECK(line >= 1 && line <= file->line_count);
    size_t start = file->line_starts[line - 1];
    size_t end = line < file->line_count ? file->line_starts[line] - 1 : file->text.len;
    if (end > start && file->text.ptr[end - 1] == '\r') {
        end--;
    }
    return slice_sub(file->text, start, end - start);
}

uint32_t source_column(const struct source_file *file, uint32_t offset)
{
    uint32_t line = source_line(file, offset);
    uint32_t at = file->line_starts[line - 1];
    uint32_t cells = 0;
    while (at < offset && at < file->text.len) {
        size_t bytes;
        uint32_t code = utf8_decode(file->text, at, &bytes);
        if (code == '\t') {
            cells += SOURCE_TAB_CELLS - cells % SOURCE_TAB_CELLS;
        } else {
            cells += code < 0x20 || code == 0x7f ? 1 : utf8_width(code);
        }
        at += (uint32_t)bytes;
    }
    return cells + 1;
}

struct slice source_text(const struct source_set *set, struct span span)
{
    CHECK(span.file < set->count);
    if (span.end <= span.start) {
        return SLICE_EMPTY;
    }
    return slice_sub(set->files[span.file].text, span.start, span.end - span.start);
}
