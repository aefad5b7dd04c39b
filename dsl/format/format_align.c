// Columns: neighbours of one kind, with no empty line and no comment line between them, stand in
// columns. A cell that is much wider than the others does not push them.
#include "dsl/format/format_internal.h"

enum { CELLS_MAX = 17, // of a row in a table: its bars but the first, and `->`
       OUTLIER_CELLS = 10, OUTLIER_CELLS_WIDE = 40 };

struct row {
    uint32_t first, end; // tokens of the first line
    bool whole;          // nothing follows in more lines
    uint32_t count;
    uint32_t cells[CELLS_MAX]; // tokens; NODE_NONE: the cell is empty
};

struct rows {
    struct row *items;
    uint32_t count;
    uint32_t outlier; // so much wider than the next is too wide to push the others
};

// --- what the cells are -------------------------------------------------------------------------

static void add_cell(struct row *row, uint32_t token)
{
    if (row->count < CELLS_MAX && (token == NODE_NONE || token < row->end)) {
        row->cells[row->count++] = token;
    }
}

static uint32_t after_label(const struct syntax_tree *tree, uint32_t node)
{
    uint32_t label = syntax_child(tree, node, NODE_LABEL);
    return label == NODE_NONE ? NODE_NONE : syntax_next(tree, label);
}

static void cells_of_field(const struct format *format, uint32_t node, struct row *row)
{
    const struct syntax_tree *tree = format->tree;
    uint32_t child = syntax_next(tree, syntax_first(tree, node));
    for (uint32_t i = 0; i < 3 && child != NODE_NONE; i++, child = syntax_next(tree, child)) {
        add_cell(row, tree->nodes[child].first_token);
        if (i > 0 && syntax_kind(tree, child) != NODE_LABEL) {
            break;
        }
    }
}

static void cells_of_role(const struct format *format, uint32_t node, struct row *row)
{
    const struct syntax_tree *tree = format->tree;
    add_cell(row, tree->nodes[syntax_child(tree, node, NODE_LABEL)].first_token);
    uint32_t clause = after_label(tree, node);
    if (clause != NODE_NONE && syntax_kind(tree, clause) == NODE_UNDER) {
        add_cell(row, tree->nodes[clause].first_token);
        clause = syntax_next(tree, clause);
    } else if (clause != NODE_NONE) {
        add_cell(row, NODE_NONE);
    }
    if (clause != NODE_NONE) {
        add_cell(row, tree->nodes[clause].first_token);
    }
}

// The `then` of a body that ends in a `retry`, or NODE_NONE.
static uint32_t then_of_retry(const struct syntax_tree *tree, uint32_t block)
{
    uint32_t last = tree->nodes[block].last_child;
    if (last == NODE_NONE || syntax_kind(tree, last) != NODE_RETRY) {
        return NODE_NONE;
    }
    return tree->nodes[tree->nodes[last].last_child].first_token - 1;
}

static void cells_of_action(const struct format *format, uint32_t node, struct row *row)
{
    const struct syntax_tree *tree = format->tree;
    add_cell(row, tree->nodes[syntax_child(tree, node, NODE_LABEL)].first_token);
    uint32_t next = after_label(tree, node);
    if (next == NODE_NONE) {
        return;
    }
    add_cell(row, tree->nodes[next].first_token);
    uint32_t block = tree->nodes[node].last_child;
    add_cell(row, block != next ? tree->nodes[block].first_token : NODE_NONE);
    if (row->whole && then_of_retry(tree, block) != NODE_NONE) {
        add_cell(row, then_of_retry(tree, block));
    }
}

// Label, colour, `if` and `by`; what is not there takes no room.
static void cells_of_lane(const struct format *format, uint32_t node, struct row *row)
{
    static const enum syntax_kind kinds[] = { NODE_LABEL, NODE_COLOUR, NODE_IF_CLAUSE,
                                              NODE_LANE_BY };
    const struct syntax_tree *tree = format->tree;
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        uint32_t clause = syntax_child(tree, node, kinds[i]);
        add_cell(row, clause == NODE_NONE ? NODE_NONE : tree->nodes[clause].first_token);
    }
}

static void cells_of(const struct format *format, uint32_t node, struct row *row)
{
    const struct syntax_tree *tree = format->tree;
    const struct syntax_node *n = syntax_node(tree, node);
    uint32_t second = n->first_child == NODE_NONE ? NODE_NONE : syntax_next(tree, n->first_child);
    switch ((unsigned)n->kind) {
    case NODE_ROLE: cells_of_role(format, node, row); break;
    case NODE_ENUM:
    case NODE_RECORD:
    case NODE_LADDER:
        if (row->whole) {
            add_cell(row, format->mates[n->end_token - 1]);
        }
        break;
    case NODE_KEY:
    case NODE_TITLE: add_cell(row, tree->nodes[n->first_child].first_token); break;
    case NODE_FIELD:
    case NODE_PART: cells_of_field(format, node, row); break;
    case NODE_ACTION: cells_of_action(format, node, row); break;
    case NODE_LANE: cells_of_lane(format, node, row); break;
    case NODE_ROW:
        for (uint32_t cell = second; cell != NODE_NONE; cell = syntax_next(tree, cell)) {
            add_cell(row, tree->nodes[cell].first_token - 1);
        }
        break;
    case NODE_MEMBER: add_cell(row, tree->nodes[second].first_token); break;
    case NODE_AFTER:
    case NODE_AT:
    case NODE_EVERY:
    case NODE_WHEN:
        if (row->whole) {
            add_cell(row, tree->nodes[n->last_child].first_token);
        }
        break;
    case NODE_END:
        add_cell(row, tree->nodes[second].first_token);
        if (after_label(tree, node) != NODE_NONE) {
            add_cell(row, tree->nodes[after_label(tree, node)].first_token);
        }
        break;
    default: break;
    }
}

// Kinds that stand in columns together; 0: in none.
static unsigned family_of(enum syntax_kind kind)
{
    switch ((unsigned)kind) {
    case NODE_ROLE:
    case NODE_ENUM:
    case NODE_RECORD:
    case NODE_LADDER:
    case NODE_FIELD:
    case NODE_PART:
    case NODE_ACTION:
    case NODE_MEMBER:
    case NODE_ROW:
    case NODE_LANE:
    case NODE_END: return kind;
    case NODE_KEY:
    case NODE_TITLE: return NODE_KEY;
    case NODE_AFTER:
    case NODE_AT:
    case NODE_EVERY:
    case NODE_WHEN: return NODE_WHEN;
    default: return 0;
    }
}

// --- columns ------------------------------------------------------------------------------------

static uint32_t column_of(const struct format *format, const struct row *row, uint32_t token)
{
    uint32_t pads = 0;
    for (uint32_t i = 0; i < row->count; i++) {
        if (row->cells[i] != NODE_NONE && row->cells[i] <= token) {
            pads += format->gaps[row->cells[i]].pad;
        }
    }
    return format->gaps[row->first].level * (uint32_t)FORMAT_INDENT + pads +
           format->cells[token] - format->cells[row->first] + format->blanks[token + 1] -
           format->blanks[row->first + 1];
}

static uint32_t right_end(const struct format *format, const struct row *row)
{
    uint32_t last = row->end - 1;
    return column_of(format, row, last) + format->cells[last + 1] - format->cells[last];
}

static bool has_cell(const struct row *row, uint32_t cell)
{
    return cell < row->count && row->cells[cell] != NODE_NONE;
}

// The column of a cell: the widest that is not far beyond the next.
static uint32_t find_column(const struct format *format, const struct rows *rows, uint32_t cell)
{
    uint32_t column = UINT32_MAX;
    for (;;) {
        uint32_t widest = 0;
        uint32_t next = 0;
        for (uint32_t i = 0; i < rows->count; i++) {
            if (!has_cell(&rows->items[i], cell)) {
                continue;
            }
            uint32_t here = column_of(format, &rows->items[i], rows->items[i].cells[cell]);
            if (here < column && here >= widest) {
                next = widest;
                widest = here;
            } else if (here < column && here > next) {
                next = here;
            }
        }
        if (next == 0 || widest - next <= rows->outlier) {
            return widest;
        }
        column = widest;
    }
}

static void pad_cell(struct format *format, const struct rows *rows, uint32_t cell, uint32_t column)
{
    for (uint32_t i = 0; i < rows->count; i++) {
        const struct row *row = &rows->items[i];
        if (has_cell(row, cell)) {
            uint32_t here = column_of(format, row, row->cells[cell]);
            format->gaps[row->cells[cell]].pad = (uint16_t)(here < column ? column - here : 0);
        }
    }
}

// False: a line would become too long, and the cell is left as it was.
static bool align_cell(struct format *format, const struct rows *rows, uint32_t cell)
{
    pad_cell(format, rows, cell, find_column(format, rows, cell));
    for (uint32_t i = 0; i < rows->count; i++) {
        const struct row *row = &rows->items[i];
        if (has_cell(row, cell) && format->gaps[row->cells[cell]].pad > 0 &&
            right_end(format, row) > FORMAT_COLUMNS) {
            for (uint32_t j = 0; j < rows->count; j++) {
                if (has_cell(&rows->items[j], cell)) {
                    format->gaps[rows->items[j].cells[cell]].pad = 0;
                }
            }
            return false;
        }
    }
    return true;
}

static void align_rows(struct format *format, const struct rows *rows)
{
    if (rows->count < 2 || !align_cell(format, rows, 0)) {
        return;
    }
    uint32_t at = 0;
    while (at < rows->count) {
        struct rows part = { rows->items + at, 0, rows->outlier };
        while (at + part.count < rows->count && part.items[part.count].whole) {
            part.count++;
        }
        bool good = part.count > 1;
        for (uint32_t cell = 1; cell < CELLS_MAX && good; cell++) {
            good = align_cell(format, &part, cell);
        }
        at += part.count + 1;
    }
}

static struct row row_of(const struct format *format, uint32_t node)
{
    const struct syntax_node *n = syntax_node(format->tree, node);
    struct row row = { .first = n->first_token, .end = n->first_token + 1 };
    while (row.end < n->end_token && format->gaps[row.end].line == GAP_SAME) {
        row.end++;
    }
    row.whole = row.end == n->end_token;
    cells_of(format, node, &row);
    return row;
}

static void align_children(struct format *format, uint32_t parent)
{
    const struct syntax_tree *tree = format->tree;
    uint32_t room = 0;
    for (SYNTAX_EACH(tree, parent, each)) {
        room += each != NODE_NONE ? 1 : 0;
    }
    struct rows rows = { ARENA_ARRAY(format->arena, struct row, room), 0, OUTLIER_CELLS };
    unsigned family = 0;
    for (SYNTAX_EACH(tree, parent, child)) {
        unsigned own = family_of(syntax_kind(tree, child));
        const struct format_gap *gap = &format->gaps[tree->nodes[child].first_token];
        if (own != family || gap->blank || gap->own_line) {
            align_rows(format, &rows);
            rows.count = 0;
        }
        family = own;
        rows.outlier = own == NODE_WHEN || own == NODE_ROLE ? OUTLIER_CELLS_WIDE : OUTLIER_CELLS;
        if (own != 0 && gap->line == GAP_BREAK) {
            rows.items[rows.count++] = row_of(format, child);
        }
    }
    align_rows(format, &rows);
}

void format_align(struct format *format)
{
    const struct syntax_tree *tree = format->tree;
    for (uint32_t node = 0; node < tree->node_count; node++) {
        switch ((unsigned)syntax_kind(tree, node)) {
        case NODE_FILE:
        case NODE_PROCESS:
        case NODE_STAGE:
        case NODE_ESCALATION:
        case NODE_PARALLEL:
        case NODE_ENUM:
        case NODE_TABLE:
        case NODE_INBOX:
        case NODE_TYPE_RECORD:
        case NODE_RECORD: align_children(format, node); break;
        default: break;
        }
    }
}
