// Proof 6: every input finds a row of its table, and every row is found by some input.
//
// The values written in a column cut what may come into pieces: each of the values, and what lies
// between two of them. Inside a piece every row answers alike, so one input for each combination of
// pieces stands for all. Columns are looked at from left to right; rows that still match are bits.
// An input may also be empty: it fits only `_`, and finding no row is then no gap but a refusal.
#include "base/array.h"
#include "base/check.h"
#include "dsl/check/check.h"

enum { ROW_WORDS = TABLE_ROWS_MAX / 64, PIECES_MAX = 4 * TABLE_ROWS_MAX + 2 };

struct row_set {
    uint64_t bits[ROW_WORDS];
};

// Pieces of a column: 2 * i is what lies below its value i, 2 * i + 1 the value itself; the last
// piece is nothing at all.
struct column {
    const struct param *param;
    const struct expr **values; // in order, each once
    uint32_t value_count;
    bool *exists;             // by piece
    struct row_set *matching; // by piece
    uint32_t piece_count;
};

struct seen {
    uint32_t column; // 2 * column + (whether an input was empty) + 1; 0: a free place
    struct row_set rows;
};

struct cover {
    struct unit *unit;
    const struct table *table;
    struct column columns[TABLE_COLUMNS_MAX];
    struct row_set reached;
    uint32_t piece[TABLE_COLUMNS_MAX]; // of the input in hand
    uint32_t free_from[TABLE_ROWS_MAX]; // by row: from this column on every cell is `_`
    struct seen *seen;
    uint32_t seen_count, seen_room;
    uint32_t looked_at;
    bool has_gap;
};

// --- sets of rows ------------------------------------------------------------------------------

static bool set_has(const struct row_set *set, uint32_t row)
{
    return (set->bits[row / 64] >> row % 64 & 1) != 0;
}

static void set_add(struct row_set *set, uint32_t row) { set->bits[row / 64] |= 1ull << row % 64; }

// The first row of the set, or INDEX_NONE.
static uint32_t set_first(const struct row_set *set)
{
    for (uint32_t word = 0; word < ROW_WORDS; word++) {
        for (uint32_t bit = 0; set->bits[word] != 0 && bit < 64; bit++) {
            if ((set->bits[word] >> bit & 1) != 0) {
                return word * 64 + bit;
            }
        }
    }
    return INDEX_NONE;
}

static struct row_set set_common(const struct row_set *a, const struct row_set *b)
{
    struct row_set both = { 0 };
    for (uint32_t word = 0; word < ROW_WORDS; word++) {
        both.bits[word] = a->bits[word] & b->bits[word];
    }
    return both;
}

// --- values of a column ------------------------------------------------------------------------

static struct value value_of(const struct expr *expr)
{
    struct value value = { .number = expr->number };
    switch ((uint32_t)expr->kind) {
    case EXPR_BOOL: return value_bool(expr->number != 0);
    case EXPR_TEXT:
    case EXPR_ENUM: return value_text(expr->text);
    case EXPR_DECIMAL:
    case EXPR_MONEY:
        value.kind = VALUE_DECIMAL;
        value.scale = (uint8_t)expr->scale;
        break;
    default: value.kind = VALUE_INTEGER; break;
    }
    return value;
}

static int order_of(const struct expr *a, const struct expr *b)
{
    struct value x = value_of(a);
    struct value y = value_of(b);
    int order = 0;
    (void)value_order(&x, &y, &order);
    return order;
}

static void report_units(struct cover *cover, const struct expr *value, const struct expr *first)
{
    struct unit *unit = cover->unit;
    bool money = value->kind == EXPR_MONEY;
    struct diag *diag = diag_add(unit->diags, money ? DIAG_E0446 : DIAG_E0402, value->span);
    if (money) {
        struct slice own = SLICE("the company's currency");
        diag_fact(diag, SLICE("compare"));
        diag_fact(diag, first->text.len > 0 ? first->text : own);
        diag_fact(diag, value->text.len > 0 ? value->text : own);
    } else {
        diag_fact_format(diag, "`%.*s`", SLICE_PRINT(source_text(unit->sources, first->span)));
        diag_fact_format(diag, "`%.*s`", SLICE_PRINT(source_text(unit->sources, value->span)));
    }
    diag_label(diag, first->span, "the column counts in this");
    diag_help(diag, "one column keeps to one %s", money ? "currency" : "unit: hours, or days");
}

// Values without a common measure cannot stand in one column. False: reported.
static bool measures_alike(struct cover *cover, const struct column *column,
                           const struct expr *value)
{
    const struct expr *first = column->value_count > 0 ? column->values[0] : NULL;
    bool alike = first == NULL ||
                 (value->kind == EXPR_MONEY ? slice_equal(first->text, value->text)
                                            : value->kind != EXPR_DURATION ||
                                                  first->scale == value->scale);
    if (!alike) {
        report_units(cover, value, first);
    }
    return alike;
}

static bool add_value(struct cover *cover, struct column *column, const struct expr *value)
{
    if (value == NULL) {
        return true;
    }
    if (!measures_alike(cover, column, value)) {
        return false;
    }
    uint32_t at = 0;
    while (at < column->value_count && order_of(column->values[at], value) < 0) {
        at++;
    }
    if (at < column->value_count && order_of(column->values[at], value) == 0) {
        return true;
    }
    memmove(&column->values[at + 1], &column->values[at],
            sizeof(column->values[0]) * (column->value_count - at));
    column->values[at] = value;
    column->value_count++;
    return true;
}

// --- pieces ------------------------------------------------------------------------------------

static uint32_t piece_of(const struct column *column, const struct expr *value)
{
    uint32_t at = 0;
    while (order_of(column->values[at], value) != 0) {
        at++;
    }
    return 2 * at + 1;
}

static bool is_counted(const struct type *type)
{
    return type_is(type, TYPE_INTEGER) || type_is(type, TYPE_DATE);
}

// Whether anything lies below the value `at` (or above the last one) and beside the others.
static bool gap_exists(const struct column *column, uint32_t at)
{
    const struct type *type = column->param->type;
    if (type_is(type, TYPE_BOOL)) {
        return column->value_count == 0 || (column->value_count == 1 && at == 0);
    }
    if (type_is(type, TYPE_ENUM)) { // one piece for all members that no row names
        return column->value_count < type->enumeration->member_count && at == 0;
    }
    if (at == 0 || at == column->value_count) {
        bool time = type_is(type, TYPE_TIME) && column->value_count > 0 && at == 0;
        return !time || column->values[0]->number > 0;
    }
    return !is_counted(type) ||
           column->values[at]->number - column->values[at - 1]->number > 1;
}

static bool cell_matches(const struct column *column, const struct cell *cell, uint32_t piece)
{
    if (cell->kind == CELL_ANY) {
        return true;
    }
    uint32_t at = piece_of(column, cell->a);
    switch (cell->kind) {
    case CELL_IS: return piece == at;
    case CELL_LESS: return piece < at;
    case CELL_LESS_EQUAL: return piece <= at;
    case CELL_GREATER: return piece > at;
    case CELL_GREATER_EQUAL: return piece >= at;
    case CELL_RANGE: return piece >= at && piece <= piece_of(column, cell->b);
    case CELL_ANY: break;
    }
    UNREACHABLE();
}

static bool cut_column(struct cover *cover, uint32_t number)
{
    const struct table *table = cover->table;
    struct arena *arena = cover->unit->arena;
    struct column *column = &cover->columns[number];
    column->param = &table->params[number];
    column->values = ARENA_ARRAY(arena, const struct expr *, 2 * table->row_count + 1);
    for (uint32_t row = 0; row < table->row_count; row++) {
        const struct cell *cell = &table->rows[row].cells[number];
        if (cell->kind != CELL_ANY && (!add_value(cover, column, cell->a) ||
                                       !add_value(cover, column, cell->b))) {
            return false;
        }
    }
    column->piece_count = 2 * column->value_count + 2;
    CHECK(column->piece_count <= PIECES_MAX);
    column->exists = ARENA_ARRAY(arena, bool, column->piece_count);
    column->matching = ARENA_ARRAY(arena, struct row_set, column->piece_count);
    for (uint32_t piece = 0; piece < column->piece_count; piece++) {
        bool empty = piece + 1 == column->piece_count;
        column->exists[piece] = piece % 2 == 1 || gap_exists(column, piece / 2);
        for (uint32_t row = 0; row < table->row_count; row++) {
            const struct cell *cell = &table->rows[row].cells[number];
            if (empty ? cell->kind == CELL_ANY : cell_matches(column, cell, piece)) {
                set_add(&column->matching[piece], row);
            }
        }
    }
    return true;
}

// A range that ends before it begins: the row would be unreachable, and this says why.
static bool ranges_hold(struct cover *cover)
{
    bool good = true;
    for (uint32_t row = 0; row < cover->table->row_count; row++) {
        for (uint32_t i = 0; i < cover->table->param_count; i++) {
            const struct cell *cell = &cover->table->rows[row].cells[i];
            if (cell->kind == CELL_RANGE && order_of(cell->a, cell->b) > 0) {
                struct diag *diag = diag_add(cover->unit->diags, DIAG_E0444, cell->span);
                diag_note(diag, "`a .. b` holds a, b and what lies between");
                diag_help(diag, "put the smaller value first");
                good = false;
            }
        }
    }
    return good;
}

// --- inputs ------------------------------------------------------------------------------------

static struct slice put_piece(struct cover *cover, struct slice text, uint32_t number,
                              uint32_t piece)
{
    struct arena *arena = cover->unit->arena;
    const struct column *column = &cover->columns[number];
    const struct source_set *sources = cover->unit->sources;
    if (column->value_count == 0) {
        return text; // anything
    }
    const char *between = text.len == 0 ? "" : ", ";
    uint32_t at = piece / 2;
    struct slice name = column->param->name;
    const struct type *type = column->param->type;
    struct slice low = at == 0 ? SLICE_EMPTY : source_text(sources, column->values[at - 1]->span);
    struct slice high = at == column->value_count
                            ? SLICE_EMPTY
                            : source_text(sources, column->values[at]->span);
    if (piece + 1 == column->piece_count) {
        return arena_format(arena, "%.*s%s`%.*s` is empty", SLICE_PRINT(text), between,
                            SLICE_PRINT(name));
    }
    if (piece % 2 == 1) {
        return arena_format(arena, "%.*s%s`%.*s` is %.*s", SLICE_PRINT(text), between,
                            SLICE_PRINT(name), SLICE_PRINT(high));
    }
    if (type_is(type, TYPE_BOOL)) {
        return arena_format(arena, "%.*s%s`%.*s` is %s", SLICE_PRINT(text), between,
                            SLICE_PRINT(name), column->values[0]->number != 0 ? "no" : "yes");
    }
    if (type_is(type, TYPE_ENUM)) {
        uint32_t m = 0;
        const struct enumeration *all = type->enumeration;
        for (uint32_t i = 0; i < column->value_count; i++) {
            if (slice_equal(column->values[i]->text, all->members[m].name)) {
                m++;
                i = UINT32_MAX; // begin again with the next member
            }
        }
        return arena_format(arena, "%.*s%s`%.*s` is %.*s", SLICE_PRINT(text), between,
                            SLICE_PRINT(name), SLICE_PRINT(all->members[m].name));
    }
    if (!infer_can_order(type) || type_is(type, TYPE_TEXT)) {
        return arena_format(arena, "%.*s%sanother `%.*s`", SLICE_PRINT(text), between,
                            SLICE_PRINT(name));
    }
    if (low.len > 0 && high.len > 0) {
        return arena_format(arena, "%.*s%s`%.*s` between %.*s and %.*s", SLICE_PRINT(text),
                            between, SLICE_PRINT(name), SLICE_PRINT(low), SLICE_PRINT(high));
    }
    return arena_format(arena, "%.*s%s`%.*s` %s %.*s", SLICE_PRINT(text), between,
                        SLICE_PRINT(name), low.len > 0 ? "above" : "below",
                        SLICE_PRINT(low.len > 0 ? low : high));
}

static struct slice input_text(struct cover *cover)
{
    struct slice text = SLICE_EMPTY;
    for (uint32_t i = 0; i < cover->table->param_count; i++) {
        text = put_piece(cover, text, i, cover->piece[i]);
    }
    return text;
}

static void report_gap(struct cover *cover)
{
    const struct table *table = cover->table;
    cover->has_gap = true;
    struct diag *diag = diag_add(cover->unit->diags, DIAG_E0440, table->decl.span);
    diag_fact(diag, table->decl.name);
    diag_fact(diag, input_text(cover));
    diag_here(diag, "no row says what it gives then");
    diag_help(diag, "add a row for it, or a last row that takes the rest: `| %s-> …`",
              table->param_count == 1 ? "_ " : "_ | … ");
}

// --- the walk ----------------------------------------------------------------------------------

static uint32_t hash_rows(uint32_t column, const struct row_set *rows)
{
    uint64_t hash = 14695981039346656037ull ^ column;
    for (uint32_t word = 0; word < ROW_WORDS; word++) {
        hash = (hash ^ rows->bits[word]) * 1099511628211ull;
        hash ^= hash >> 29;
    }
    return (uint32_t)(hash ^ hash >> 32);
}

static struct seen *seen_place(struct cover *cover, uint32_t column, const struct row_set *rows)
{
    uint32_t at = hash_rows(column, rows) & (cover->seen_room - 1);
    while (cover->seen[at].column != 0 &&
           (cover->seen[at].column != column + 1 ||
            memcmp(&cover->seen[at].rows, rows, sizeof(*rows)) != 0)) {
        at = (at + 1) & (cover->seen_room - 1);
    }
    return &cover->seen[at];
}

static void grow_seen(struct cover *cover)
{
    struct seen *old = cover->seen;
    uint32_t old_room = cover->seen_room;
    cover->seen_room = old_room == 0 ? 64 : 2 * old_room;
    cover->seen = ARENA_ARRAY(cover->unit->arena, struct seen, cover->seen_room);
    for (uint32_t i = 0; i < old_room; i++) {
        if (old[i].column != 0) {
            *seen_place(cover, old[i].column - 1, &old[i].rows) = old[i];
        }
    }
}

// Whether the same rows were left at this column before: nothing new lies behind them.
static bool was_seen(struct cover *cover, uint32_t place_in_walk, const struct row_set *rows)
{
    if (2 * cover->seen_count >= cover->seen_room) {
        grow_seen(cover);
    }
    struct seen *place = seen_place(cover, place_in_walk, rows);
    if (place->column != 0) {
        return true;
    }
    *place = (struct seen){ .column = place_in_walk + 1, .rows = *rows };
    cover->seen_count++;
    return false;
}

// The first piece of each column from here on: any input will do.
static void finish_input(struct cover *cover, uint32_t column)
{
    for (uint32_t i = column; i < cover->table->param_count; i++) {
        uint32_t piece = 0;
        while (!cover->columns[i].exists[piece]) {
            piece++;
        }
        cover->piece[i] = piece;
    }
}

// Depth: the columns of a table. `with_empty`: some input on the way is empty.
static void walk(struct cover *cover, uint32_t column, const struct row_set *rows, bool with_empty)
{
    uint32_t first = set_first(rows);
    if (first == INDEX_NONE) {
        if (!cover->has_gap && !with_empty) {
            finish_input(cover, column);
            report_gap(cover);
        }
        return;
    }
    if (cover->free_from[first] <= column) {
        set_add(&cover->reached, first);
        return;
    }
    if (cover->looked_at == TABLE_INPUTS_MAX || was_seen(cover, 2 * column + with_empty, rows)) {
        return;
    }
    const struct column *own = &cover->columns[column];
    for (uint32_t piece = 0; piece < own->piece_count; piece++) {
        if (own->exists[piece] && cover->looked_at < TABLE_INPUTS_MAX) {
            cover->looked_at++;
            cover->piece[column] = piece;
            struct row_set left = set_common(rows, &own->matching[piece]);
            walk(cover, column + 1, &left, with_empty || piece + 1 == own->piece_count);
        }
    }
}

// An input of the row, and the row above that takes it.
static void report_unreachable(struct cover *cover, uint32_t row)
{
    const struct table *table = cover->table;
    struct row_set takes = { { 0 } };
    memset(&takes, 0xff, sizeof(takes));
    for (uint32_t i = 0; i < table->param_count; i++) {
        const struct column *column = &cover->columns[i];
        uint32_t piece = 0;
        while (piece + 1 < column->piece_count &&
               !(column->exists[piece] && set_has(&column->matching[piece], row))) {
            piece++;
        }
        cover->piece[i] = piece;
        takes = set_common(&takes, &column->matching[piece]);
    }
    struct diag *diag = diag_add(cover->unit->diags, DIAG_E0441, table->rows[row].span);
    diag_fact(diag, table->decl.name);
    uint32_t taker = set_first(&takes);
    struct slice input = input_text(cover);
    if (taker < row) {
        diag_label(diag, table->rows[taker].span, "%s%.*s comes to this row first",
                   input.len > 0 ? "an input where " : "every input", SLICE_PRINT(input));
        diag_note(diag, "the first row that matches gives the value");
        diag_help(diag, "put the row above the one that takes its inputs, or leave it out");
    } else { // the cells exclude each other, or nothing of that kind exists
        diag_here(diag, "nothing fits all of its cells");
    }
}

static void report_rows(struct cover *cover)
{
    for (uint32_t row = 0; row < cover->table->row_count; row++) {
        if (!set_has(&cover->reached, row)) {
            report_unreachable(cover, row);
        }
    }
}

static void note_free_columns(struct cover *cover)
{
    for (uint32_t row = 0; row < cover->table->row_count; row++) {
        uint32_t from = cover->table->param_count;
        while (from > 0 && cover->table->rows[row].cells[from - 1].kind == CELL_ANY) {
            from--;
        }
        cover->free_from[row] = from;
    }
}

static void check_table_cover(struct unit *unit, const struct table *table)
{
    struct cover *cover = ARENA_NEW(unit->arena, struct cover);
    cover->unit = unit;
    cover->table = table;
    if (!ranges_hold(cover)) {
        return;
    }
    for (uint32_t i = 0; i < table->param_count; i++) {
        if (!cut_column(cover, i)) {
            return;
        }
    }
    note_free_columns(cover);
    struct row_set all = { { 0 } };
    for (uint32_t row = 0; row < table->row_count; row++) {
        set_add(&all, row);
    }
    walk(cover, 0, &all, false);
    if (cover->looked_at == TABLE_INPUTS_MAX) {
        names_reach_limit(unit, table->decl.span, names_decl(&table->decl, unit->arena), 1, 1,
                          "combination of its cells that can be proved");
        return;
    }
    report_rows(cover);
}

void check_tables(struct unit *unit)
{
    for (uint32_t i = 0; i < unit->decl_count; i++) {
        if (unit->decls[i]->what == WHAT_TABLE) {
            infer_table(unit, (struct table *)(void *)unit->decls[i]);
        }
    }
    for (uint32_t i = 0; i < unit->decl_count; i++) {
        const struct table *table = (const struct table *)(const void *)unit->decls[i];
        if (unit->decls[i]->what == WHAT_TABLE && !table->broken && table->row_count > 0) {
            check_table_cover(unit, table);
        }
    }
}
