// Tables and hooks: those that a process asks, each once, with the tables that they ask before
// them.
#include "base/check.h"
#include "dsl/lower/lower_internal.h"

static void lower_cells(struct lower *lower, const struct table *table, const struct row *row,
                        struct image_cell *to)
{
    for (uint32_t i = 0; i < table->param_count; i++) {
        const struct cell *cell = &row->cells[i];
        to[i] = (struct image_cell){ (uint32_t)cell->kind, lower_expr(lower, cell->a),
                                     lower_expr(lower, cell->b) };
    }
}

static struct image_range add_params(struct lower *lower, const struct table *table)
{
    struct image_param *params =
        ARENA_ARRAY(lower->arena, struct image_param, table->param_count + 1);
    for (uint32_t i = 0; i < table->param_count; i++) {
        params[i].name = lower_text(lower, table->params[i].name);
        params[i].type = lower_type(lower, table->params[i].type);
    }
    struct image_range range = { build_count(&lower->build, BUILD_param), table->param_count };
    for (uint32_t i = 0; i < table->param_count; i++) {
        build_add_param(&lower->build, &params[i]);
    }
    return range;
}

static struct image_range add_rows(struct lower *lower, const struct table *table)
{
    struct image_row *rows = ARENA_ARRAY(lower->arena, struct image_row, table->row_count + 1);
    struct image_cell *cells = ARENA_ARRAY(lower->arena, struct image_cell,
                                           table->row_count * table->param_count + 1);
    for (uint32_t i = 0; i < table->row_count; i++) {
        lower_cells(lower, table, &table->rows[i], &cells[i * table->param_count]);
        rows[i].value = lower_expr(lower, table->rows[i].value);
        rows[i].line = lower_line(lower, table->rows[i].span);
    }
    struct image_range range = { build_count(&lower->build, BUILD_row), table->row_count };
    for (uint32_t i = 0; i < table->row_count; i++) {
        rows[i].cells =
            (struct image_range){ build_count(&lower->build, BUILD_cell), table->param_count };
        for (uint32_t n = 0; n < table->param_count; n++) {
            build_add_cell(&lower->build, &cells[i * table->param_count + n]);
        }
        build_add_row(&lower->build, &rows[i]);
    }
    return range;
}

uint32_t lower_table(struct lower *lower, const struct table *table)
{
    uint32_t *index = &lower->decl_index[table->decl.order];
    if (*index != INDEX_NONE) {
        return *index;
    }
    CHECK(!table->broken);
    struct image_table to = { .name = lower_text(lower, table->decl.name),
                              .params = add_params(lower, table),
                              .rows = add_rows(lower, table),
                              .type = lower_type(lower, table->type),
                              .line = lower_line(lower, table->decl.span) };
    *index = build_add_table(&lower->build, &to);
    return *index;
}

uint32_t lower_hook_decl(struct lower *lower, const struct hook *hook)
{
    uint32_t *index = &lower->decl_index[hook->decl.order];
    if (*index != INDEX_NONE) {
        return *index;
    }
    CHECK(!hook->broken);
    struct image_hook to = { .name = lower_text(lower, hook->decl.name),
                             .file = lower_text(lower, hook->path),
                             .text = lower_text(lower, hook->text),
                             .param_count = hook->param_count,
                             .type = lower_type(lower, hook->type),
                             .line = lower_line(lower, hook->decl.span) };
    *index = build_add_hook(&lower->build, &to);
    return *index;
}
