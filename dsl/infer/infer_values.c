// Totals of lists, and what is asked of other cases.
#include "dsl/infer/infer_internal.h"

bool infer_can_total(const struct type *type)
{
    return type_is_number(type) || type_is(type, TYPE_MONEY) || type_is(type, TYPE_DURATION);
}

static const struct expr *report_no_total(struct infer *infer, uint32_t node,
                                          const struct expr *what, const char *help)
{
    if (!expr_is_poison(what)) {
        struct diag *diag = diag_add(infer->unit->diags, DIAG_E0449, what->span);
        diag_fact(diag, infer_quoted_type(infer, what->type));
        diag_here(diag, "this is %.*s", SLICE_PRINT(infer_quoted_type(infer, what->type)));
        diag_help(diag, "%s", help);
    }
    return infer_poison(infer, node);
}

// total lines.price: the last name is a part of what the list holds; total lines: the items.
const struct expr *infer_total(struct infer *infer, uint32_t node)
{
    const struct syntax_tree *tree = infer_tree(infer);
    uint32_t path = syntax_first(tree, node);
    uint32_t name = syntax_kind(tree, path) == NODE_PATH ? syntax_first(tree, path) : NODE_NONE;
    if (name == NODE_NONE || syntax_kind(tree, name) != NODE_NAME) {
        return infer_poison(infer, node);
    }
    const struct expr *list = infer_name(infer, name, name, NULL);
    uint32_t next = syntax_next(tree, name);
    for (; next != NODE_NONE && !type_is(list->type, TYPE_LIST); next = syntax_next(tree, next)) {
        list = infer_part(infer, list, next);
    }
    if (!type_is(list->type, TYPE_LIST)) {
        return report_no_total(infer, node, list, "name a list: `total lines.price`");
    }
    const struct expr item = { .kind = EXPR_EMPTY, .type = list->type->element,
                               .span = list->span, .depth = 1 };
    const struct expr *part = &item;
    for (; next != NODE_NONE; next = syntax_next(tree, next)) {
        if (part != &item) {
            return report_no_total(infer, node, part, "add up one part of what the list holds");
        }
        part = infer_part(infer, &item, next);
    }
    if (!infer_can_total(part->type)) {
        return report_no_total(infer, node, part,
                               type_is(part->type, TYPE_RECORD)
                                   ? "name the part to add up: `total lines.price`"
                                   : "add up numbers, amounts of money or durations");
    }
    struct expr *expr = infer_new(infer, node, EXPR_TOTAL, part->type);
    expr->a = list;
    expr->scale = part == &item ? INDEX_NONE : part->scale;
    infer_deepen(infer, expr, list);
    return expr;
}

static const struct field *find_key(struct infer *infer, const struct process *process,
                                    uint32_t name_node)
{
    const struct syntax_tree *tree = infer_tree(infer);
    struct slice name = syntax_name(tree, name_node);
    struct suggestions suggestions;
    suggest_init(&suggestions, name);
    for (uint32_t i = 0; i < process->key_count; i++) {
        if (slice_equal(process->keys[i]->name, name)) {
            return process->keys[i];
        }
        suggest_offer(&suggestions, process->keys[i]->name, 0);
    }
    struct diag *diag = diag_add(infer->unit->diags, DIAG_E0340, syntax_span(tree, name_node));
    diag_fact(diag, process->decl.name);
    diag_fact(diag, name);
    diag_label(diag, process->decl.span, "the process is declared here");
    if (!diag_suggest(diag, &suggestions, syntax_span(tree, name_node), "key")) {
        diag_note(diag, "a case is found by a key of its process: `key FIELD`");
    }
    return NULL;
}

// Rule 48. What happens to other cases wakes no rule of this one.
const struct expr *infer_exists(struct infer *infer, uint32_t node)
{
    const struct syntax_tree *tree = infer_tree(infer);
    uint32_t first = syntax_first(tree, node);
    uint32_t second = first == NODE_NONE ? NODE_NONE : syntax_next(tree, first);
    struct slice words = syntax_source(tree, node);
    if ((infer->flags & INFER_PURE) != 0 || infer->process == NULL) {
        infer_report_impure(infer, node, words);
        return infer_poison(infer, node);
    }
    if ((infer->flags & INFER_NO_CLOCK) != 0) {
        infer_report_clock(infer, node, words);
        return infer_poison(infer, node);
    }
    const struct process *process = names_process(infer->unit, infer->file, first);
    if (process == NULL || second == NODE_NONE || syntax_kind(tree, second) != NODE_NAME) {
        return infer_poison(infer, node);
    }
    const struct field *key = find_key(infer, process, second);
    const struct expr *value = key == NULL ? infer_poison(infer, node)
                                           : infer_name(infer, second, second, NULL);
    if (expr_is_poison(value)) {
        return infer_poison(infer, node);
    }
    if (!type_same(value->type, key->type)) {
        infer_report_misfit(infer, value, second, key->type, SLICE("the key"), key->span);
        return infer_poison(infer, node);
    }
    struct expr *name = infer_new(infer, second, EXPR_TEXT, type_builtin(TYPE_TEXT));
    name->text = key->name;
    struct expr *expr = infer_new(infer, node, EXPR_EXISTS, type_builtin(TYPE_BOOL));
    expr->text = process->decl.name;
    expr->a = value;
    expr->b = name;
    infer_deepen(infer, expr, value);
    return expr;
}
