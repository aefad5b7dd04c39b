// Messages as text, the one place that draws them. Carets are placed by display cells.
#include "base/check.h"
#include "base/utf8.h"
#include "dsl/diag/diag.h"

enum {
    WINDOW_CELLS = 160, // a longer line is cut around what is marked
    WINDOW_BEFORE = 40,
    MARKS_MAX = 2 * (DIAG_LABELS_MAX + 1)
};

#define COLOUR_ERROR "\x1b[1;31m"
#define COLOUR_WARNING "\x1b[1;33m"
#define COLOUR_BOLD "\x1b[1m"
#define COLOUR_FRAME "\x1b[34m"
#define COLOUR_OTHER "\x1b[1;34m"
#define COLOUR_HELP "\x1b[32m"
#define COLOUR_OFF "\x1b[0m"

// One underlined stretch of one line.
struct mark {
    uint32_t file;
    uint32_t line;
    uint32_t start; // bytes from the beginning of the line
    uint32_t end;
    struct slice text;
    bool primary;
};

struct renderer {
    const struct diags *diags;
    struct buf *out;
    bool colour;
    unsigned gutter; // cells of the line numbers
};

static void put_colour(struct renderer *r, const char *colour)
{
    if (r->colour) {
        buf_put_cstr(r->out, colour);
    }
}

static void put_cells(struct renderer *r, char c, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        buf_put_char(r->out, c);
    }
}

// ------------------------------------------------------------------------------------ lines

// Cells of a character as it is shown: a control character is shown as one sign.
static uint32_t shown_cells(uint32_t code, uint32_t column)
{
    if (code == '\t') {
        return SOURCE_TAB_CELLS - column % SOURCE_TAB_CELLS;
    }
    return code < 0x20 || (code >= 0x7f && code < 0xa0) ? 1 : utf8_width(code);
}

static uint32_t cells_before(struct slice line, uint32_t at)
{
    uint32_t column = 0;
    uint32_t i = 0;
    while (i < at && i < line.len) {
        size_t bytes;
        column += shown_cells(utf8_decode(line, i, &bytes), column);
        i += (uint32_t)bytes;
    }
    return column;
}

// Whether the character must not reach a terminal as it is.
static bool is_unsafe(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == UTF8_BAD ||
           (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

// The line from cell `from` on, at most WINDOW_CELLS of it, tabs expanded.
static void put_line(struct renderer *r, struct slice line, uint32_t from)
{
    uint32_t column = 0;
    size_t at = 0;
    if (from > 0) {
        buf_put_cstr(r->out, "…");
    }
    while (at < line.len) {
        size_t bytes;
        uint32_t code = utf8_decode(line, at, &bytes);
        uint32_t cells = shown_cells(code, column);
        if (column >= from + WINDOW_CELLS) {
            buf_put_cstr(r->out, "…");
            return;
        }
        if (column >= from) {
            if (code == '\t') {
                put_cells(r, ' ', cells);
            } else if (is_unsafe(code)) {
                buf_put_cstr(r->out, cells == 0 ? "" : "\xef\xbf\xbd");
            } else {
                buf_put(r->out, line.ptr + at, bytes);
            }
        }
        column += cells;
        at += bytes;
    }
}

static void put_gutter(struct renderer *r, uint32_t line, const char *sign)
{
    put_colour(r, COLOUR_FRAME);
    if (line > 0) {
        buf_format(r->out, "%*u %s", (int)r->gutter, line, sign);
    } else {
        buf_format(r->out, "%*s %s", (int)r->gutter, "", sign);
    }
    put_colour(r, COLOUR_OFF);
}

// ------------------------------------------------------------------------------------ marks

static uint32_t window_start(struct slice line, uint32_t at)
{
    uint32_t column = cells_before(line, at);
    if (cells_before(line, (uint32_t)line.len) <= WINDOW_CELLS ||
        column < WINDOW_CELLS - WINDOW_BEFORE) {
        return 0;
    }
    return column - WINDOW_BEFORE;
}

static void put_mark(struct renderer *r, const struct mark *mark, struct slice line, uint32_t from)
{
    uint32_t start = cells_before(line, mark->start);
    uint32_t end = cells_before(line, mark->end);
    start = start > from ? start - from + (from > 0 ? 1 : 0) : 0;
    end = end > from ? end - from + (from > 0 ? 1 : 0) : 0;
    end = end < WINDOW_CELLS + 1 ? end : WINDOW_CELLS + 1;
    uint32_t count = end > start ? end - start : 1;
    put_gutter(r, 0, "| ");
    put_cells(r, ' ', start);
    put_colour(r, mark->primary ? COLOUR_ERROR : COLOUR_OTHER);
    put_cells(r, mark->primary ? '^' : '-', count);
    if (mark->text.len > 0) {
        buf_put_char(r->out, ' ');
        buf_put_slice(r->out, mark->text);
    }
    put_colour(r, COLOUR_OFF);
    buf_put_char(r->out, '\n');
}

// A span over several lines is marked on its first and on its last line.
static uint32_t add_marks(const struct source_set *sources, struct span span, struct slice text,
                          bool primary, struct mark *marks, uint32_t count)
{
    const struct source_file *file = &sources->files[span.file];
    uint32_t first = source_line(file, span.start);
    uint32_t last = source_line(file, span.end > span.start ? span.end - 1 : span.start);
    uint32_t first_at = file->line_starts[first - 1];
    uint32_t last_at = file->line_starts[last - 1];
    struct slice line = source_line_text(file, first);
    uint32_t start = span.start - first_at;
    start = start < line.len ? start : (uint32_t)line.len;
    if (first == last) {
        uint32_t end = span.end - first_at;
        marks[count++] = (struct mark){ span.file, first, start, end, text, primary };
        return count;
    }
    marks[count++] =
        (struct mark){ span.file, first, start, (uint32_t)line.len, SLICE_EMPTY, primary };
    line = source_line_text(file, last);
    uint32_t blank = 0;
    while (blank < line.len && (line.ptr[blank] == ' ' || line.ptr[blank] == '\t')) {
        blank++;
    }
    uint32_t end = span.end - last_at;
    blank = blank < end ? blank : 0;
    marks[count++] = (struct mark){ span.file, last, blank, end, text, primary };
    return count;
}

static bool mark_before(const struct mark *a, const struct mark *b, uint32_t home)
{
    bool a_home = a->file == home; // the file of the message comes first
    bool b_home = b->file == home;
    if (a_home != b_home) {
        return a_home;
    }
    if (a->file != b->file) {
        return a->file < b->file;
    }
    if (a->line != b->line) {
        return a->line < b->line;
    }
    return a->start < b->start || (a->start == b->start && a->primary && !b->primary);
}

static void sort_marks(struct mark *marks, uint32_t count, uint32_t home)
{
    for (uint32_t i = 1; i < count; i++) {
        struct mark mark = marks[i];
        uint32_t at = i;
        while (at > 0 && mark_before(&mark, &marks[at - 1], home)) {
            marks[at] = marks[at - 1];
            at--;
        }
        marks[at] = mark;
    }
}

static uint32_t collect_marks(const struct diag *diag, struct mark marks[MARKS_MAX])
{
    const struct source_set *sources = diag->owner->sources;
    uint32_t count = add_marks(sources, diag->primary, diag->primary_label, true, marks, 0);
    for (uint32_t i = 0; i < diag->label_count; i++) {
        count = add_marks(sources, diag->labels[i].span, diag->labels[i].text, false, marks, count);
    }
    sort_marks(marks, count, diag->primary.file);
    return count;
}

// ------------------------------------------------------------------------------------ snippets

static void put_plain_line(struct renderer *r, uint32_t number, struct slice line, uint32_t from)
{
    put_gutter(r, number, "|");
    if (line.len > 0) {
        buf_put_char(r->out, ' ');
        put_line(r, line, from);
    }
    buf_put_char(r->out, '\n');
}

static void put_place(struct renderer *r, struct span span, const char *arrow)
{
    const struct source_file *file = &r->diags->sources->files[span.file];
    put_colour(r, COLOUR_FRAME);
    buf_format(r->out, "%*s%s ", (int)r->gutter, "", arrow);
    put_colour(r, COLOUR_OFF);
    buf_format(r->out, "%.*s:%u:%u\n", SLICE_PRINT(file->name), source_line(file, span.start),
               source_column(file, span.start));
}

static void put_snippet(struct renderer *r, const struct diag *diag)
{
    struct mark marks[MARKS_MAX];
    uint32_t count = collect_marks(diag, marks);
    uint32_t file = diag->primary.file;
    uint32_t shown = 0; // line shown last
    for (uint32_t i = 0; i < count; i++) {
        const struct mark *mark = &marks[i];
        const struct source_file *source = &r->diags->sources->files[mark->file];
        if (mark->file != file) {
            file = mark->file;
            shown = 0;
            uint32_t at = source->line_starts[mark->line - 1] + mark->start;
            put_place(r, span_make(file, at, at), ":::");
            put_gutter(r, 0, "|");
            buf_put_char(r->out, '\n');
        }
        struct slice line = source_line_text(source, mark->line);
        uint32_t from = window_start(line, mark->start);
        if (mark->line == shown + 2 && shown > 0) {
            put_plain_line(r, shown + 1, source_line_text(source, shown + 1), 0);
        } else if (mark->line > shown + 1 && shown > 0) {
            put_colour(r, COLOUR_FRAME);
            buf_put_cstr(r->out, "...\n");
            put_colour(r, COLOUR_OFF);
        }
        if (mark->line != shown) {
            put_plain_line(r, mark->line, line, from);
        }
        put_mark(r, mark, line, from);
        shown = mark->line;
    }
}

enum { REMOVED_LINES_MAX = 5 }; // shown of an edit that takes lines out

struct line_range {
    const struct source_file *file;
    uint32_t first, last; // of the file as it is
    struct slice with;    // what stands there instead, whole lines
};

static struct slice take_line(struct slice *text, bool *ret_more)
{
    const char *end = text->len > 0 ? memchr(text->ptr, '\n', text->len) : NULL;
    *ret_more = end != NULL;
    struct slice line = slice_sub(*text, 0, end != NULL ? (size_t)(end - text->ptr) : text->len);
    *text = end != NULL ? slice_sub(*text, line.len + 1, text->len) : SLICE_EMPTY;
    return line;
}

// Lines at the beginning that the edit leaves as they are, when others go.
static void leave_out_same_lines(struct line_range *range)
{
    bool more = true;
    while (range->last > range->first && more) {
        struct slice rest = range->with;
        struct slice line = take_line(&rest, &more);
        if (!slice_equal(line, source_line_text(range->file, range->first))) {
            return;
        }
        range->first++;
        range->with = rest;
    }
}

static void put_removed(struct renderer *r, const struct source_file *file, uint32_t first,
                        uint32_t count, uint32_t from)
{
    for (uint32_t i = 0; i < count; i++) {
        if (i == REMOVED_LINES_MAX) {
            put_gutter(r, 0, "- …\n");
            break;
        }
        put_gutter(r, first + i, "- ");
        put_line(r, source_line_text(file, first + i), from);
        buf_put_char(r->out, '\n');
    }
}

// The lines of an edit before and after it.
static void put_edit(struct renderer *r, const struct diag_help *help)
{
    const struct source_file *file = &r->diags->sources->files[help->span.file];
    uint32_t first = source_line(file, help->span.start);
    uint32_t last = source_line(file, help->span.end);
    uint32_t first_at = file->line_starts[first - 1];
    put_gutter(r, 0, "|");
    buf_put_char(r->out, '\n');
    uint32_t from = window_start(source_line_text(file, first), help->span.start - first_at);
    bool whole = help->replacement.len == 0 && help->span.start == first_at && last > first &&
                 (help->span.end == file->line_starts[last - 1] ||
                  help->span.end == file->text.len);
    if (whole) {
        put_removed(r, file, first, last - first, from);
        return;
    }
    struct slice last_line = source_line_text(file, last);
    struct buf text;
    buf_init(&text, (size_t)4 * SOURCE_BYTES_MAX);
    buf_put_slice(&text, slice_sub(file->text, first_at, help->span.start - first_at));
    buf_put_slice(&text, help->replacement);
    buf_put_slice(&text, slice_sub(last_line, help->span.end - file->line_starts[last - 1],
                                   last_line.len));
    struct line_range range = { file, first, last, buf_slice(&text) };
    bool more = true;
    if (help->span.end > help->span.start) {
        leave_out_same_lines(&range);
        put_removed(r, file, range.first, range.last - range.first + 1, from);
        more = range.first == first || range.with.len > 0;
    }
    for (uint32_t number = range.first; more; number++) {
        put_gutter(r, number, "+ ");
        put_line(r, take_line(&range.with, &more), from);
        buf_put_char(r->out, '\n');
    }
    buf_done(&text);
}

// ------------------------------------------------------------------------------------ the whole

static unsigned digits_of(uint32_t number)
{
    unsigned digits = 1;
    while (number >= 10) {
        number /= 10;
        digits++;
    }
    return digits;
}

static unsigned gutter_of(const struct diag *diag)
{
    struct mark marks[MARKS_MAX];
    uint32_t count = collect_marks(diag, marks);
    uint32_t most = 1;
    for (uint32_t i = 0; i < count; i++) {
        most = marks[i].line > most ? marks[i].line : most;
    }
    for (uint32_t i = 0; i < diag->help_count; i++) {
        if (diag->helps[i].fix != DIAG_FIX_NONE) {
            const struct source_file *file =
                &diag->owner->sources->files[diag->helps[i].span.file];
            struct span span = diag->helps[i].span;
            uint32_t line = source_line(file, span.end > span.start ? span.end - 1 : span.start);
            most = line > most ? line : most;
        }
    }
    return digits_of(most);
}

static void put_diag(struct renderer *r, const struct diag *diag)
{
    bool error = diag->level == DIAG_ERROR;
    r->gutter = gutter_of(diag);
    put_colour(r, error ? COLOUR_ERROR : COLOUR_WARNING);
    buf_format(r->out, "%s[%s]", error ? "error" : "warning", diag_code_name(diag->code));
    put_colour(r, COLOUR_OFF);
    put_colour(r, COLOUR_BOLD);
    struct slice sentence = diag_sentence(diag);
    buf_format(r->out, ": %.*s\n", SLICE_PRINT(sentence));
    put_colour(r, COLOUR_OFF);
    put_place(r, diag->primary, "-->");
    put_gutter(r, 0, "|");
    buf_put_char(r->out, '\n');
    put_snippet(r, diag);
    if (diag->note_count + diag->help_count > 0) {
        put_gutter(r, 0, "|");
        buf_put_char(r->out, '\n');
    }
    for (uint32_t i = 0; i < diag->note_count; i++) {
        put_gutter(r, 0, "= ");
        buf_format(r->out, "note: %.*s\n", SLICE_PRINT(diag->notes[i]));
    }
    for (uint32_t i = 0; i < diag->help_count; i++) {
        const struct diag_help *help = &diag->helps[i];
        if (help->fix == DIAG_FIX_NONE) {
            put_gutter(r, 0, "= ");
        }
        put_colour(r, COLOUR_HELP);
        buf_put_cstr(r->out, "help");
        put_colour(r, COLOUR_OFF);
        buf_format(r->out, ": %.*s\n", SLICE_PRINT(help->text));
        if (help->fix != DIAG_FIX_NONE) {
            put_edit(r, help);
        }
    }
}

void diag_render_text(const struct diags *diags, struct buf *out, unsigned flags)
{
    CHECK(diags->finished);
    struct renderer renderer = { .diags = diags, .out = out,
                                 .colour = (flags & DIAG_COLOUR) != 0 };
    uint32_t i = 0;
    while (i < diags->count) {
        uint32_t file = diags->items[i]->primary.file;
        uint32_t shown = 0;
        uint32_t hidden = diags->dropped[file];
        for (; i < diags->count && diags->items[i]->primary.file == file; i++) {
            if (shown == DIAG_SHOWN_PER_FILE_MAX) {
                hidden++;
                continue;
            }
            if (buf_slice(out).len > 0) {
                buf_put_char(out, '\n');
            }
            put_diag(&renderer, diags->items[i]);
            shown++;
        }
        if (hidden > 0) {
            buf_format(out, "\n… and %u more in %.*s\n", hidden,
                       SLICE_PRINT(diags->sources->files[file].name));
        }
    }
}
