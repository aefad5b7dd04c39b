// Tables for a terminal: columns as wide as their content, shortened, and at last left out, until a
// row fits into the width. Cells are cleaned (term_clean) as they are added. Pure.
#ifndef RUNG_ENGINE_CLI_GRID_H
#define RUNG_ENGINE_CLI_GRID_H

#include "base/arena.h"
#include "base/buf.h"
#include "engine/cli/term.h"

enum { GRID_COLUMNS_MAX = 16 };

struct grid_column {
    const char *title;
    bool right;        // numbers
    uint8_t cells_min; // may be shortened down to this; 0: never shortened
    uint8_t drop;      // left out when there is no room, the highest first; 0: never
};

struct grid_heading;
struct grid {
    struct arena *arena;
    const struct grid_column *columns;
    uint32_t column_count;
    struct slice *cells; // row by row
    uint8_t *styles;
    uint32_t row_count, row_capacity;
    struct grid_heading *first_heading, *last_heading;
};

// `columns` must live as long as the grid; cells live in `arena`.
void grid_init(struct grid *grid, struct arena *arena, const struct grid_column *columns,
               uint32_t column_count);
void grid_row(struct grid *grid); // starts a row of empty cells
void grid_cell(struct grid *grid, uint32_t column, struct slice text); // of the row started last
void grid_style(struct grid *grid, uint32_t column, enum term_style style);
// A line of its own above the row that comes next.
void grid_heading(struct grid *grid, struct slice text, enum term_style style);
// With titles unless `bare`. Lines have no blanks at their ends.
void grid_print(const struct grid *grid, const struct term *term, unsigned indent, bool bare,
                struct buf *out);

#endif
