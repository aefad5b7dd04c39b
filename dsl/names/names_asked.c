// The heads of what is asked like a function: tables and hooks.
#include "base/array.h"
#include "dsl/names/names.h"

// The parameters of a table or hook as they stand in `file`; false: something was reported.
static bool resolve_params(struct unit *unit, const struct decl *decl, uint32_t file,
                           uint32_t node, struct param **ret_params, uint32_t *ret_count)
{
    const struct syntax_tree *tree = names_tree(unit, file);
    struct param *params = NULL;
    uint32_t count = 0;
    bool good = true;
    for (SYNTAX_EACH(tree, node, child)) {
        if (syntax_kind(tree, child) != NODE_PARAM) {
            continue;
        }
        if (names_reach_limit(unit, decl->span, names_decl(decl, unit->arena), count,
                              TABLE_COLUMNS_MAX,
                              decl->what == WHAT_TABLE ? "columns" : "parameters")) {
            good = false;
            break;
        }
        struct param param = { .name = syntax_name(tree, child),
                               .span = syntax_name_span(tree, child),
                               .type = names_type(unit, file,
                                                  syntax_child_class(tree, child, CLASS_TYPE, 0)) };
        for (uint32_t i = 0; i < count; i++) {
            if (param.name.len > 0 && slice_equal(params[i].name, param.name)) {
                names_twice(unit, param.span, params[i].span, "parameter", param.name);
            }
        }
        good = good && !type_is_poison(param.type);
        ARRAY_PUSH(unit->arena, params, count, param);
    }
    *ret_params = params;
    *ret_count = count;
    return good;
}

static void resolve_head(struct unit *unit, struct table *table, uint32_t file, uint32_t node)
{
    const struct syntax_tree *tree = names_tree(unit, file);
    if (!resolve_params(unit, &table->decl, file, node, &table->params, &table->param_count)) {
        table->broken = true;
    }
    table->type = names_type(unit, file, syntax_child_class(tree, node, CLASS_TYPE, 0));
}

// What replaces a table is asked by the same calls.
static void check_same_head(struct unit *unit, const struct table *first, struct table *table)
{
    bool same = first->param_count == table->param_count && type_same(first->type, table->type);
    for (uint32_t i = 0; same && i < first->param_count; i++) {
        same = type_same(first->params[i].type, table->params[i].type);
    }
    bool known = !table->broken && !type_is_poison(table->type) && !type_is_poison(first->type);
    if (same || !known) {
        return;
    }
    table->broken = true;
    struct diag *diag = diag_add(unit->diags, DIAG_E0342, table->decl.span);
    diag_fact(diag, table->decl.name);
    const struct syntax_tree *tree = names_tree(unit, table->decl.file);
    diag_label(diag, syntax_name_span(tree, table->decl.node), "this is what it replaces");
    diag_help(diag, "give it the same parameters, in their order, and the same result");
}

// Its head: the rows are read when all tables are known (infer_table).
void names_resolve_table(struct unit *unit, struct table *table)
{
    resolve_head(unit, table, table->decl.file, table->decl.node);
    if (table->decl.body_node != table->decl.node || table->decl.body_file != table->decl.file) {
        const struct table first = *table;
        resolve_head(unit, table, table->decl.body_file, table->decl.body_node);
        check_same_head(unit, &first, table);
    }
}

// Its head: the file is read later (compile.c).
void names_resolve_hook(struct unit *unit, struct hook *hook)
{
    uint32_t file = hook->decl.file;
    const struct syntax_tree *tree = names_tree(unit, file);
    bool good = resolve_params(unit, &hook->decl, file, hook->decl.node, &hook->params,
                               &hook->param_count);
    hook->type = names_type(unit, file, syntax_child_class(tree, hook->decl.node, CLASS_TYPE, 0));
    hook->broken = !good || type_is_poison(hook->type) || tree->has_errors;
}
