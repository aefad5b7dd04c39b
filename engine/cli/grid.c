#include "engine/cli/grid.h"

#include "base/check.h"
#include "base/utf8.h"

enum { GAP_CELLS = 2, NARROWEST_CELLS = 4 };

void grid_init(struct grid *grid, struct arena *arena, const struct grid_column *columns,
               uint32_t column_count)
{
    CHECK(column_count > 0 && column_count <= GRID_COLUMNS_MAX);
    *grid = (struct grid){ .arena = arena, .columns = columns, .column_count = column_count };
}

void grid_row(struct grid *grid)
{
    if (grid->row_count == grid->row_capacity) {
        uint32_t capacity = grid->row_capacity == 0 ? 32 : grid->row_capacity * 2;
        size_t count = (size_t)grid->row_count * grid->column_count;
        struct slice *cells = ARENA_ARRAY(grid->arena, struct slice, capacity * grid->column_count);
        uint8_t *styles = ARENA_ARRAY(grid->arena, uint8_t, capacity * grid->column_count);
        if (count > 0) {
            memcpy(cells, grid->cells, count * sizeof(struct slice));
            memcpy(styles, grid->styles, count);
        }
        grid->cells = cells;
        grid->styles = styles;
        grid->row_capacity = capacity;
    }
    grid->row_count++;
}

static size_t index_of(const struct grid *grid, uint32_t row, uint32_t column)
{
    CHECK(row < grid->row_count && column < grid->column_count);
    return (size_t)row * grid->column_count + column;
}

struct grid_heading {
    struct grid_heading *next;
    uint32_t row;
    enum term_style style;
    struct slice text;
};

void grid_heading(struct grid *grid, struct slice text, enum term_style style)
{
    struct grid_heading *heading = ARENA_NEW(grid->arena, struct grid_heading);
    *heading = (struct grid_heading){ NULL, grid->row_count, style,
                                      term_clean(grid->arena, text) };
    if (grid->first_heading == NULL) {
        grid->first_heading = heading;
    } else {
        grid->last_heading->next = heading;
    }
    grid->last_heading = heading;
}

void grid_cell(struct grid *grid, uint32_t column, struct slice text)
{
    grid->cells[index_of(grid, grid->row_count - 1, column)] = term_clean(grid->arena, text);
}

void grid_style(struct grid *grid, uint32_t column, enum term_style style)
{
    grid->styles[index_of(grid, grid->row_count - 1, column)] = (uint8_t)style;
}

static void widths_measure(const struct grid *grid, bool bare, unsigned *widths)
{
    for (uint32_t c = 0; c < grid->column_count; c++) {
        size_t widest = 0;
        for (uint32_t r = 0; r < grid->row_count; r++) {
            size_t cells = utf8_cells(grid->cells[index_of(grid, r, c)]);
            widest = cells > widest ? cells : widest;
        }
        size_t title = bare ? 0 : utf8_cells(slice_from_cstr(grid->columns[c].title));
        // A column without any content is left out altogether.
        widths[c] = widest == 0 ? 0 : (unsigned)(widest > title ? widest : title);
    }
}

static unsigned width_of(const unsigned *widths, uint32_t count)
{
    unsigned width = 0;
    for (uint32_t c = 0; c < count; c++) {
        width += widths[c] > 0 ? widths[c] + GAP_CELLS : 0;
    }
    return width > 0 ? width - GAP_CELLS : 0;
}

// Takes cells from the widest column that can spare them.
static bool widths_shorten(const struct grid *grid, unsigned *widths, unsigned room)
{
    while (width_of(widths, grid->column_count) > room) {
        uint32_t widest = GRID_COLUMNS_MAX;
        for (uint32_t c = 0; c < grid->column_count; c++) {
            unsigned least = grid->columns[c].cells_min;
            if (least > 0 && widths[c] > least &&
                (widest == GRID_COLUMNS_MAX || widths[c] > widths[widest])) {
                widest = c;
            }
        }
        if (widest == GRID_COLUMNS_MAX) {
            return false;
        }
        widths[widest]--;
    }
    return true;
}

static void widths_choose(const struct grid *grid, unsigned room, bool bare, unsigned *widths)
{
    unsigned natural[GRID_COLUMNS_MAX];
    widths_measure(grid, bare, natural);
    for (;;) {
        memcpy(widths, natural, sizeof(unsigned) * grid->column_count);
        if (widths_shorten(grid, widths, room)) {
            return;
        }
        uint32_t dropped = GRID_COLUMNS_MAX;
        for (uint32_t c = 0; c < grid->column_count; c++) {
            if (natural[c] > 0 && grid->columns[c].drop > 0 &&
                (dropped == GRID_COLUMNS_MAX ||
                 grid->columns[c].drop > grid->columns[dropped].drop)) {
                dropped = c;
            }
        }
        if (dropped == GRID_COLUMNS_MAX) {
            return; // narrower than the table can be: lines will be too long
        }
        natural[dropped] = 0;
    }
}

static void line_put(const struct grid *grid, const struct term *term, struct buf *out,
                     const struct slice *cells, const uint8_t *styles, const unsigned *widths)
{
    unsigned owed = 0; // blanks that are written only when something follows them
    for (uint32_t c = 0; c < grid->column_count; c++) {
        if (widths[c] == 0) {
            continue;
        }
        struct slice text = term_fit(grid->arena, cells[c], widths[c]);
        unsigned spare = widths[c] - (unsigned)utf8_cells(text);
        if (grid->columns[c].right) {
            owed += spare;
            spare = 0;
        }
        if (text.len > 0) {
            term_pad(out, owed);
            term_put(term, out, (enum term_style)styles[c], text);
            owed = 0;
        } else {
            spare = widths[c];
        }
        owed += spare + GAP_CELLS;
    }
    buf_put_char(out, '\n');
}

void grid_print(const struct grid *grid, const struct term *term, unsigned indent, bool bare,
                struct buf *out)
{
    unsigned widths[GRID_COLUMNS_MAX] = { 0 };
    unsigned room =
        term->columns > indent + NARROWEST_CELLS ? term->columns - indent : NARROWEST_CELLS;
    widths_choose(grid, room, bare, widths);
    if (!bare) {
        struct slice titles[GRID_COLUMNS_MAX];
        uint8_t styles[GRID_COLUMNS_MAX];
        for (uint32_t c = 0; c < grid->column_count; c++) {
            titles[c] = slice_from_cstr(grid->columns[c].title);
            styles[c] = TERM_BOLD;
        }
        term_pad(out, indent);
        line_put(grid, term, out, titles, styles, widths);
    }
    const struct grid_heading *heading = grid->first_heading;
    for (uint32_t r = 0; r < grid->row_count; r++) {
        for (; heading != NULL && heading->row == r; heading = heading->next) {
            buf_put_cstr(out, r > 0 ? "\n" : "");
            term_pad(out, indent);
            term_put(term, out, heading->style, term_fit(grid->arena, heading->text, room));
            buf_put_char(out, '\n');
        }
        term_pad(out, indent);
        size_t at = index_of(grid, r, 0);
        line_put(grid, term, out, grid->cells + at, grid->styles + at, widths);
    }
}
