// Validation of the expressions: a tree in an array, each operand before its operator, so that
// walking one always ends; its depth is bounded, so that a recursive evaluator is safe too.
#include "dsl/image/image_internal.h"

#include "base/mem.h"
#include "base/value.h"

struct expr_check {
    const struct image *image;
    uint8_t *depth; // of each expression looked at so far; a leaf has 1
    uint8_t *table_depth; // of the deepest expression in each table; 0: not looked at yet
    uint32_t at;
};

static bool check_expr(struct expr_check *check, const struct image_expr *expr);

bool image_check_exprs(const struct image *image)
{
    struct expr_check check = { .image = image, .depth = mem_zalloc(image->expr_count + 1u),
                                .table_depth = mem_zalloc(image->table_count + 1u) };
    bool ok = true;
    for (uint32_t i = 0; ok && i < image->expr_count; i++) {
        const struct image_expr *expr = &image->expr[i];
        check.at = i;
        check.depth[i] = 1;
        ok = expr->kind < EXPR_KIND_COUNT && image_optional_ok(expr->type, image->type_count) &&
             image_text_ok(image, expr->text) &&
             image_list_ok(image, expr->list, i) && check_expr(&check, expr) &&
             check.depth[i] <= IMAGE_EXPR_DEPTH_MAX;
    }
    mem_free(check.depth);
    mem_free(check.table_depth);
    return ok;
}

static bool operand_ok(struct expr_check *check, uint32_t operand)
{
    if (operand >= check->at) {
        return false;
    }
    uint8_t deeper = (uint8_t)(check->depth[operand] + 1);
    if (deeper > check->depth[check->at]) {
        check->depth[check->at] = deeper;
    }
    return true;
}

static bool list_ok(struct expr_check *check, struct image_range list)
{
    for (uint32_t i = 0; i < list.count; i++) {
        if (!operand_ok(check, check->image->list[list.first + i])) {
            return false;
        }
    }
    return true;
}

static bool member_ok(const struct image *image, uint32_t enumeration, struct image_text name)
{
    if (enumeration >= image->enumeration_count) {
        return false;
    }
    struct image_range members = image->enumeration[enumeration].members;
    for (uint32_t i = members.first; i < members.first + members.count; i++) {
        if (slice_equal(image_slice(image, image->member[i].name), image_slice(image, name))) {
            return true;
        }
    }
    return false;
}

// `many`: the operand is a list of the records.
static bool part_ok(struct expr_check *check, const struct image_expr *expr, bool many)
{
    const struct image *image = check->image;
    if (!operand_ok(check, expr->a)) {
        return false;
    }
    uint32_t type = image->expr[expr->a].type;
    if (many && expr->b == INDEX_NONE) {
        return true;
    }
    if (many) {
        bool list = type != INDEX_NONE && image->type[type].kind == TYPE_LIST;
        type = list ? image->type[type].arg : INDEX_NONE;
    }
    return type != INDEX_NONE && image->type[type].kind == TYPE_RECORD &&
           expr->b < image->record[image->type[type].arg].parts.count;
}

// False: the expression stands behind the one in hand.
static bool seen_depth(const struct expr_check *check, uint32_t expr, uint8_t *deepest)
{
    if (expr >= check->at) {
        return false;
    }
    *deepest = check->depth[expr] > *deepest ? check->depth[expr] : *deepest;
    return true;
}

// How deep the rows of a table go. 0: not all of its expressions stand before the one in hand, so
// that a table could be asked while it is being asked.
static uint8_t deepest_of_table(struct expr_check *check, uint32_t number)
{
    const struct image *image = check->image;
    const struct image_table *table = &image->table[number];
    uint8_t deepest = 0;
    if (check->table_depth[number] > 0) {
        return check->table_depth[number];
    }
    for (uint32_t i = 0; i < table->rows.count; i++) {
        const struct image_row *row = &image->row[table->rows.first + i];
        if (!seen_depth(check, row->value, &deepest)) {
            return 0;
        }
        for (uint32_t n = 0; n < row->cells.count; n++) {
            const struct image_cell *cell = &image->cell[row->cells.first + n];
            if ((cell->a != INDEX_NONE && !seen_depth(check, cell->a, &deepest)) ||
                (cell->b != INDEX_NONE && !seen_depth(check, cell->b, &deepest))) {
                return 0;
            }
        }
    }
    check->table_depth[number] = deepest;
    return deepest;
}

static bool table_ok(struct expr_check *check, const struct image_expr *expr)
{
    const struct image *image = check->image;
    if (expr->a >= image->table_count ||
        expr->list.count != image->table[expr->a].params.count || !list_ok(check, expr->list)) {
        return false;
    }
    uint8_t rows = deepest_of_table(check, expr->a);
    uint8_t deeper = (uint8_t)(rows + 1);
    if (deeper > check->depth[check->at]) {
        check->depth[check->at] = deeper;
    }
    return rows > 0;
}

static bool number_within(const struct image_expr *expr, int64_t min, int64_t max)
{
    return expr->number >= min && expr->number <= max;
}

// How many of `a` and `b` are operands.
static const uint8_t operand_counts[EXPR_KIND_COUNT] = {
    [EXPR_AND] = 2,         [EXPR_OR] = 2,           [EXPR_FIRST_NOT_EMPTY] = 2,
    [EXPR_LESS] = 2,        [EXPR_LESS_EQUAL] = 2,   [EXPR_GREATER] = 2,
    [EXPR_IS] = 2,          [EXPR_IS_NOT] = 2,       [EXPR_GREATER_EQUAL] = 2,
    [EXPR_IN] = 2,          [EXPR_NOT_IN] = 2,       [EXPR_ADD] = 2,
    [EXPR_SUBTRACT] = 2,    [EXPR_MULTIPLY] = 2,     [EXPR_DIVIDE] = 2,
    [EXPR_NOT] = 1,         [EXPR_NEGATE] = 1,       [EXPR_IS_EMPTY] = 1,
    [EXPR_DAY] = 1,         [EXPR_HOUR] = 1,         [EXPR_IS_NOT_EMPTY] = 1,
    [EXPR_LENGTH] = 1,      [EXPR_FIRST] = 1,        [EXPR_ROUND] = 1,
    [EXPR_IN_ROLE] = 1,     [EXPR_NOT_IN_ROLE] = 1,
};

static bool check_expr(struct expr_check *check, const struct image_expr *expr)
{
    const struct image *image = check->image;
    uint8_t operand_count = operand_counts[expr->kind];
    if ((operand_count >= 1 && !operand_ok(check, expr->a)) ||
        (operand_count == 2 && !operand_ok(check, expr->b))) {
        return false;
    }
    switch (expr->kind) {
    case EXPR_DATE:
        return number_within(expr, INT32_MIN, INT32_MAX);
    case EXPR_BOOL:
        return number_within(expr, 0, 1);
    case EXPR_DECIMAL:
        return expr->a <= DECIMAL_SCALE_MAX;
    case EXPR_MONEY:
        return expr->a <= DECIMAL_SCALE_MAX && (expr->text.len == 0 || expr->text.len == 3);
    case EXPR_ENUM:
        return member_ok(image, expr->a, expr->text);
    case EXPR_TIME:
        return number_within(expr, 0, 86399999);
    case EXPR_TODAY:
        return number_within(expr, -1, 86399999);
    case EXPR_DURATION:
        return expr->a <= DURATION_MONTH ||
               (expr->a <= DURATION_WORK_DAY && image->process_count > 0 &&
                image->process[0].calendar != INDEX_NONE);
    case EXPR_FIELD:
        return expr->a < image->field_count;
    case EXPR_LOCAL:
        return image->process_count > 0 && expr->a < image->process[0].local_count;
    case EXPR_SLOT:
        return expr->a < image->role_count;
    case EXPR_PART:
        return part_ok(check, expr, false);
    case EXPR_LANGUAGE:
        return operand_ok(check, expr->a) && operand_ok(check, expr->b) && expr->text.len > 0;
    case EXPR_EXISTS:
        return operand_ok(check, expr->a) && operand_ok(check, expr->b) && expr->text.len > 0 &&
               image->expr[expr->b].kind == EXPR_TEXT;
    case EXPR_TOTAL:
        return part_ok(check, expr, true);
    case EXPR_ROUND:
        return expr->b == INDEX_NONE || expr->b <= DECIMAL_SCALE_MAX;
    case EXPR_IN_ROLE:
    case EXPR_NOT_IN_ROLE:
        return expr->b < image->role_count;
    case EXPR_LIST:
    case EXPR_CONCAT:
        return list_ok(check, expr->list);
    case EXPR_TABLE:
        return table_ok(check, expr);
    case EXPR_HOOK:
        return expr->a < image->hook_count &&
               expr->list.count == image->hook[expr->a].param_count && list_ok(check, expr->list);
    case EXPR_COLLECTION:
        return expr->a < image->collection_count && expr->b <= QUANTIFIER_COUNT &&
               number_within(expr, CHILD_ANY, CHILD_FAILED);
    case EXPR_PICK:
        return (expr->a < image->role_count ||
                (expr->a == INDEX_NONE && expr->text.len > 0 && expr->b != STRATEGY_FAMILIAR)) &&
               expr->b <= STRATEGY_FAMILIAR;
    case EXPR_TASK_PROPERTY:
        return number_within(expr, 0, TASK_PROPERTY_DONE_AT - (image->process_count > 0));
    case EXPR_CASE:
    case EXPR_STAGE_CHANCE:
        return image->process_count == 0;
    default: // the kind is known; it has operands only, or nothing
        return true;
    }
}
