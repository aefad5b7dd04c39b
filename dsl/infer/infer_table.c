// Tables: the rows of one, and calls of it. A table is a function: it knows its parameters and
// nothing else, so the same input always finds the same row.
#include "base/array.h"
#include "dsl/infer/infer_internal.h"

enum { TABLE_CALLS_MAX = IMAGE_EXPR_DEPTH_MAX }; // tables that call tables

struct reader {
    struct unit *unit;
    struct table *table;
    struct infer cells;  // knows no names but those of enums
    struct infer values; // knows the parameters
};

static const struct syntax_tree *reader_tree(const struct reader *reader)
{
    return names_tree(reader->unit, reader->table->decl.body_file);
}

// --- cells -------------------------------------------------------------------------------------

static bool is_written_out(const struct expr *expr)
{
    switch ((uint32_t)expr->kind) {
    case EXPR_BOOL:
    case EXPR_INTEGER:
    case EXPR_DECIMAL:
    case EXPR_MONEY:
    case EXPR_TEXT:
    case EXPR_ENUM:
    case EXPR_DATE:
    case EXPR_TIME:
    case EXPR_DATETIME:
    case EXPR_DURATION: return true;
    default: return false;
    }
}

static const struct expr *read_constant(struct reader *reader, uint32_t node,
                                        const struct param *param)
{
    struct unit *unit = reader->unit;
    const struct syntax_tree *tree = reader_tree(reader);
    if (node == NODE_NONE || syntax_kind(tree, node) == NODE_ERROR) {
        return infer_poison(&reader->cells, node == NODE_NONE ? 0 : node);
    }
    bool path = syntax_kind(tree, node) == NODE_PATH && !type_is(param->type, TYPE_ENUM);
    const struct expr *value =
        path ? NULL
             : infer_fit(&reader->cells, node, param->type,
                         arena_format(unit->arena, "`%.*s`", SLICE_PRINT(param->name)),
                         param->span);
    if (value != NULL && (expr_is_poison(value) || is_written_out(value))) {
        return value;
    }
    struct diag *diag = diag_add(unit->diags, DIAG_E0443, syntax_span(tree, node));
    diag_here(diag, "this is worked out when the table is asked");
    diag_note(diag, "what a table covers can be proved only of values that stand in it");
    diag_help(diag, "write `_` here, and put the question into the conditions around the call");
    return infer_poison(&reader->cells, node);
}

static void report_no_order(struct reader *reader, uint32_t node, const struct param *param)
{
    struct diag *diag =
        diag_add(reader->unit->diags, DIAG_E0413, syntax_span(reader_tree(reader), node));
    diag_fact(diag, infer_quoted_type(&reader->cells, param->type));
    diag_label(diag, param->span, "`%.*s` is declared here", SLICE_PRINT(param->name));
    diag_help(diag, "name the values one by one, each in a row of its own");
}

static struct cell read_cell(struct reader *reader, uint32_t node, const struct param *param)
{
    static const enum image_cell_kind signs[] = { [OPERATOR_LESS] = CELL_LESS,
                                                  [OPERATOR_LESS_EQUAL] = CELL_LESS_EQUAL,
                                                  [OPERATOR_GREATER] = CELL_GREATER,
                                                  [OPERATOR_GREATER_EQUAL] = CELL_GREATER_EQUAL };
    const struct syntax_tree *tree = reader_tree(reader);
    struct cell cell = { .kind = CELL_ANY, .span = syntax_span(tree, node) };
    enum syntax_kind kind = syntax_kind(tree, node);
    if (kind == NODE_CELL_ANY || syntax_class_of(kind) != CLASS_CELL) {
        return cell;
    }
    cell.kind = kind == NODE_CELL_IS      ? CELL_IS
                : kind == NODE_CELL_RANGE ? CELL_RANGE
                                          : signs[syntax_op(tree, node)];
    uint32_t first = syntax_first(tree, node);
    cell.a = read_constant(reader, first, param);
    cell.b = kind == NODE_CELL_RANGE ? read_constant(reader, syntax_next(tree, first), param)
                                     : NULL;
    bool poisoned = expr_is_poison(cell.a) || (cell.b != NULL && expr_is_poison(cell.b));
    if (!poisoned && cell.kind != CELL_IS && !infer_can_order(param->type)) {
        report_no_order(reader, node, param);
        poisoned = true;
    }
    reader->table->broken = reader->table->broken || poisoned;
    return cell;
}

// --- rows --------------------------------------------------------------------------------------

static void report_width(struct reader *reader, uint32_t node, uint32_t count)
{
    const struct table *table = reader->table;
    struct span span = syntax_span(reader_tree(reader), node);
    struct diag *diag = diag_add(reader->unit->diags, DIAG_E0442, span);
    diag_fact_format(diag, count == 1 ? "%u cell" : "%u cells", count);
    diag_fact(diag, table->decl.name);
    diag_fact_format(diag, table->param_count == 1 ? "%u parameter" : "%u parameters",
                     table->param_count);
    diag_label(diag, table->decl.span, "the parameters are declared here");
    diag_help(diag, count < table->param_count ? "where every value will do, write `_`"
                                               : "leave out the cells that are too many");
    reader->table->broken = true;
}

static void read_row(struct reader *reader, uint32_t node)
{
    struct unit *unit = reader->unit;
    struct table *table = reader->table;
    const struct syntax_tree *tree = reader_tree(reader);
    struct row row = { .span = syntax_span(tree, node),
                       .cells = ARENA_ARRAY(unit->arena, struct cell, table->param_count + 1) };
    uint32_t count = 0;
    uint32_t child = syntax_first(tree, node);
    for (; child != NODE_NONE && syntax_class_of(syntax_kind(tree, child)) == CLASS_CELL;
         child = syntax_next(tree, child)) {
        if (count < table->param_count) {
            row.cells[count] = read_cell(reader, child, &table->params[count]);
        }
        count++;
    }
    if (count != table->param_count && !tree->has_errors) {
        report_width(reader, node, count);
    }
    if (child == NODE_NONE) {
        table->broken = true;
        return;
    }
    row.value = infer_fit(&reader->values, child, table->type,
                          arena_format(unit->arena, "table `%.*s`", SLICE_PRINT(table->decl.name)),
                          table->decl.span);
    table->broken = table->broken || expr_is_poison(row.value);
    table->depth = row.value->depth > table->depth ? row.value->depth : table->depth;
    ARRAY_PUSH(unit->arena, table->rows, table->row_count, row);
}

static const struct local *param_locals(struct reader *reader)
{
    const struct table *table = reader->table;
    struct local *locals =
        ARENA_ARRAY(reader->unit->arena, struct local, table->param_count + 1);
    for (uint32_t i = 0; i < table->param_count; i++) {
        locals[i] = (struct local){ .name = table->params[i].name,
                                    .type = table->params[i].type,
                                    .number = i,
                                    .span = table->params[i].span,
                                    .is_param = true,
                                    .outer = i == 0 ? NULL : &locals[i - 1] };
    }
    return table->param_count == 0 ? NULL : &locals[table->param_count - 1];
}

static void report_ring(struct unit *unit, struct table *table)
{
    if (table->broken) {
        return;
    }
    table->broken = true;
    struct diag *diag = diag_add(unit->diags, DIAG_E0445, table->decl.span);
    diag_fact(diag, table->decl.name);
    diag_here(diag, "the calls in its rows lead back here");
}

void infer_table(struct unit *unit, struct table *table)
{
    if (table->visit != TABLE_UNSEEN) {
        if (table->visit == TABLE_OPEN) {
            report_ring(unit, table);
        }
        return;
    }
    table->visit = TABLE_OPEN;
    table->depth = 1;
    const unsigned pure = INFER_NO_CASE | INFER_NO_ME | INFER_NO_TASK | INFER_NO_CLOCK | INFER_PURE;
    struct reader reader = {
        .unit = unit,
        .table = table,
        .cells = { .unit = unit, .file = table->decl.body_file, .flags = pure },
        .values = { .unit = unit, .file = table->decl.body_file, .flags = pure },
    };
    reader.values.locals = param_locals(&reader);
    const struct syntax_tree *tree = reader_tree(&reader);
    table->broken = table->broken || type_is_poison(table->type);
    for (SYNTAX_EACH(tree, table->decl.body_node, child)) {
        if (syntax_kind(tree, child) != NODE_ROW || names_is_flooded(unit, table->decl.body_file)) {
            continue;
        }
        if (names_reach_limit(unit, table->decl.span, names_decl(&table->decl, unit->arena),
                              table->row_count, TABLE_ROWS_MAX, "rows")) {
            table->broken = true;
            break;
        }
        read_row(&reader, child);
    }
    table->broken = table->broken || tree->has_errors;
    table->visit = TABLE_READY;
}

// --- calls -------------------------------------------------------------------------------------

static struct decl *find_asked(const struct infer *infer, struct slice name, enum decl_what what)
{
    const struct decl *decl = names_find(infer->unit, infer->file, DECL_TABLE, name);
    return decl == NULL || decl->what != what ? NULL : infer->unit->decls[decl->order];
}

struct table *infer_find_table(const struct infer *infer, struct slice name)
{
    return (struct table *)(void *)find_asked(infer, name, WHAT_TABLE);
}

struct hook *infer_find_hook(const struct infer *infer, struct slice name)
{
    return (struct hook *)(void *)find_asked(infer, name, WHAT_HOOK);
}

// The rows must be known, for how deep they go. Tables that call tables are read first.
static bool is_ready(struct infer *infer, struct table *table, struct span span)
{
    struct unit *unit = infer->unit;
    if (unit->table_calls < TABLE_CALLS_MAX) {
        unit->table_calls++;
        infer_table(unit, table);
        unit->table_calls--;
        return table->visit == TABLE_READY;
    }
    struct diag *diag = diag_add(unit->diags, DIAG_E0416, span);
    diag_fact_format(diag, "%d", TABLE_CALLS_MAX);
    diag_here(diag, "tables that call tables that call tables");
    return false;
}

static void report_count(struct infer *infer, uint32_t node, const struct decl *decl,
                         uint32_t wanted, uint32_t count)
{
    struct diag *diag =
        diag_add(infer->unit->diags, DIAG_E0410, syntax_span(infer_tree(infer), node));
    diag_fact(diag, decl->name);
    diag_fact_format(diag, wanted == 1 ? "%u value" : "%u values", wanted);
    diag_fact_format(diag, count == 1 ? "there is %u" : "there are %u", count);
    diag_label(diag, decl->span, "its parameters are declared here");
}

// The values that a table or a hook is asked with, into `expr`. False: reported.
static bool infer_arguments(struct infer *infer, uint32_t node, const struct decl *decl,
                            const struct param *params, uint32_t param_count, struct expr *expr)
{
    struct unit *unit = infer->unit;
    const struct syntax_tree *tree = infer_tree(infer);
    bool good = true;
    uint32_t count = 0;
    for (uint32_t child = syntax_next(tree, syntax_first(tree, node)); child != NODE_NONE;
         child = syntax_next(tree, child)) {
        const struct param *param = count < param_count ? &params[count] : NULL;
        const struct expr *value =
            param == NULL
                ? infer_expr(infer, child, NULL)
                : infer_fit(infer, child, param->type,
                            arena_format(unit->arena, "`%.*s`", SLICE_PRINT(param->name)),
                            param->span);
        good = good && !expr_is_poison(value);
        ARRAY_PUSH(unit->arena, expr->items, expr->item_count, value);
        infer_deepen(infer, expr, value);
        count++;
    }
    if (count != param_count) {
        report_count(infer, node, decl, param_count, count);
        good = false;
    }
    return good;
}

const struct expr *infer_table_call(struct infer *infer, uint32_t node, struct table *table)
{
    struct expr *expr = infer_new(infer, node, EXPR_TABLE, table->type);
    bool good = infer_arguments(infer, node, &table->decl, table->params, table->param_count, expr);
    if (!is_ready(infer, table, expr->span)) {
        good = false;
    }
    const struct expr rows = { .depth = table->depth };
    infer_deepen(infer, expr, &rows);
    expr->table = table;
    return !good || table->broken ? infer_poison(infer, node) : expr;
}

static void report_hook_here(struct infer *infer, uint32_t node, const struct hook *hook)
{
    const unsigned flags = infer->flags;
    struct diag *diag =
        diag_add(infer->unit->diags, DIAG_E0803, syntax_span(infer_tree(infer), node));
    diag_fact(diag, hook->decl.name);
    diag_here(diag, "%s",
              (flags & INFER_PURE) != 0       ? "a row of a table knows its parameters alone"
              : (flags & INFER_IN_TITLE) != 0 ? "a title is read whenever the case is shown"
              : (flags & INFER_IN_FORM) != 0  ? "a form is shown before anything happens"
                                              : "this is read whenever the case is looked at");
    diag_note(diag, "a hook is asked once, in a step, and what it gave is recorded");
    diag_help(diag, "keep it in a field: `FIELD := %.*s(…)` in a step, and name the field here",
              SLICE_PRINT(hook->decl.name));
}

const struct expr *infer_hook_call(struct infer *infer, uint32_t node, struct hook *hook)
{
    const unsigned flags = infer->flags;
    struct expr *expr = infer_new(infer, node, EXPR_HOOK, hook->type);
    bool good = infer_arguments(infer, node, &hook->decl, hook->params, hook->param_count, expr);
    if ((flags & INFER_MAY_ASK_HOOK) == 0 || (flags & INFER_IN_FORM) != 0) {
        report_hook_here(infer, node, hook);
        good = false;
    }
    expr->hook = hook;
    return !good || hook->broken ? infer_poison(infer, node) : expr;
}
