// Tables: the first row whose cells all match gives its value.
#include "engine/eval/eval_internal.h"

static bool in_order(const struct image_cell *cell, int order)
{
    switch ((enum image_cell_kind)cell->kind) {
    case CELL_LESS: return order < 0;
    case CELL_LESS_EQUAL: return order <= 0;
    case CELL_GREATER: return order > 0;
    case CELL_GREATER_EQUAL:
    case CELL_RANGE: return order >= 0;
    case CELL_ANY:
    case CELL_IS: break;
    }
    return false;
}

// An empty input fits only `_` (rule 16); ranges hold both of their ends (rule 49).
static bool matches(struct eval_env *env, const struct image_cell *cell, const struct value *input,
                    unsigned depth)
{
    if (cell->kind == CELL_ANY) {
        return true;
    }
    if (value_is_empty(input)) {
        return false;
    }
    struct value a = eval_inner(env, cell->a, depth);
    if (cell->kind == CELL_IS) {
        return value_equal(input, &a);
    }
    int order = 0;
    if (!value_order(input, &a, &order) || !in_order(cell, order)) {
        return false;
    }
    if (cell->kind != CELL_RANGE) {
        return true;
    }
    struct value b = eval_inner(env, cell->b, depth);
    return value_order(input, &b, &order) && order <= 0;
}

static uint32_t find_row(struct eval_env *env, const struct image_table *table,
                         const struct value *inputs, unsigned depth)
{
    const struct image *image = &env->program->image;
    for (uint32_t i = 0; i < table->rows.count; i++) {
        const struct image_row *row = &image->row[table->rows.first + i];
        uint32_t n = 0;
        while (n < row->cells.count &&
               matches(env, &image->cell[row->cells.first + n], &inputs[n], depth)) {
            n++;
        }
        if (n == row->cells.count) {
            return i;
        }
    }
    return INDEX_NONE;
}

// The checker proves that every value finds a row; what is left is nothing at all, and amounts in
// a currency that the table does not speak of.
static struct value no_row(struct eval_env *env, const struct image_table *table,
                           const struct value *inputs)
{
    const struct image *image = &env->program->image;
    struct slice name = image_slice(image, table->name);
    for (uint32_t i = 0; i < table->params.count; i++) {
        if (value_is_empty(&inputs[i])) {
            struct slice param = image_slice(image, image->param[table->params.first + i].name);
            return eval_fail(env, REFUSAL_EMPTY_OPERAND,
                             arena_format(env->arena,
                                          "`%.*s` is empty, and table `%.*s` has no row for that",
                                          SLICE_PRINT(param), SLICE_PRINT(name)));
        }
    }
    return eval_fail(env, REFUSAL_BAD_ARITHMETIC,
                     arena_format(env->arena, "table `%.*s` has no row for this",
                                  SLICE_PRINT(name)));
}

struct value eval_table(struct eval_env *env, const struct image_expr *expr, unsigned depth)
{
    const struct image *image = &env->program->image;
    const struct image_table *table = &image->table[expr->a];
    struct value *inputs = ARENA_ARRAY(env->arena, struct value, expr->list.count + 1);
    for (uint32_t i = 0; i < expr->list.count; i++) {
        inputs[i] = eval_inner(env, image->list[expr->list.first + i], depth);
    }
    if (env->refusal.code != REFUSAL_NONE) {
        return value_empty();
    }
    uint32_t row = find_row(env, table, inputs, depth);
    if (row == INDEX_NONE) {
        return no_row(env, table, inputs);
    }
    const struct value *outer = env->params;
    uint32_t outer_count = env->param_count;
    env->params = inputs;
    env->param_count = expr->list.count;
    struct value value = eval_inner(env, image->row[table->rows.first + row].value, depth);
    env->params = outer;
    env->param_count = outer_count;
    if (env->hit != NULL && env->refusal.code == REFUSAL_NONE) {
        env->hit(env->hit_context, expr->a, row);
    }
    return value;
}
