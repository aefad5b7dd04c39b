// What a task and a stage say of themselves.
#include "dsl/infer/infer_internal.h"

static const struct {
    const char *name;
    enum image_task_property property;
    enum image_type_kind type;
} task_properties[] = {
    { "due", TASK_PROPERTY_DUE, TYPE_DATETIME },
    { "promised", TASK_PROPERTY_PROMISED, TYPE_BOOL },
    { "urgent", TASK_PROPERTY_URGENT, TYPE_BOOL },
    { "moved_from", TASK_PROPERTY_MOVED_FROM, TYPE_DATETIME },
    { "created", TASK_PROPERTY_CREATED, TYPE_DATETIME },
    { "tries", TASK_PROPERTY_TRIES, TYPE_INTEGER },
    { "late", TASK_PROPERTY_LATE, TYPE_DURATION },
    { "done_at", TASK_PROPERTY_DONE_AT, TYPE_DATETIME },
};

bool infer_task_property(struct slice name, enum image_task_property *ret_property,
                         const struct type **ret_type)
{
    for (size_t i = 0; i < ARRAY_COUNT(task_properties); i++) {
        if (slice_equal(slice_from_cstr(task_properties[i].name), name)) {
            *ret_property = task_properties[i].property;
            *ret_type = type_builtin(task_properties[i].type);
            return true;
        }
    }
    return false;
}

const struct type *infer_property_type(struct infer *infer, uint32_t node,
                                       enum image_task_property *ret_property)
{
    const struct syntax_tree *tree = infer_tree(infer);
    uint32_t name_node = syntax_first(tree, node);
    if (name_node == NODE_NONE || syntax_kind(tree, name_node) != NODE_NAME) {
        return NULL;
    }
    struct slice name = syntax_name(tree, name_node);
    bool of_task = syntax_op(tree, node) == PROPERTY_OF_TASK;
    const struct type *type = NULL;
    bool is_lone = syntax_next(tree, name_node) == NODE_NONE;
    bool in_lane = (infer->flags & INFER_IN_LANE) != 0;
    if (is_lone && of_task && infer_task_property(name, ret_property, &type) &&
        (in_lane || *ret_property != TASK_PROPERTY_DONE_AT)) {
        return type;
    }
    if (is_lone && !of_task && slice_equal(name, SLICE("position"))) {
        return type_builtin(TYPE_INTEGER);
    }
    if (is_lone && !of_task && slice_equal(name, SLICE("chance")) && in_lane) {
        return type_builtin(TYPE_DECIMAL);
    }
    struct diag *diag = diag_add(infer->unit->diags, DIAG_E0421, syntax_span(tree, name_node));
    diag_fact(diag, of_task ? SLICE("a task") : SLICE("a stage"));
    diag_fact(diag, name);
    struct suggestions suggestions;
    suggest_init(&suggestions, name);
    for (size_t i = 0; of_task && i < ARRAY_COUNT(task_properties); i++) {
        if (task_properties[i].property == TASK_PROPERTY_DONE_AT && !in_lane) {
            continue;
        }
        suggest_offer(&suggestions, slice_from_cstr(task_properties[i].name), 0);
    }
    if (!diag_suggest(diag, &suggestions, syntax_span(tree, name_node), "property")) {
        diag_note(diag, of_task && in_lane
                            ? "a task has due, promised, urgent, moved_from, created, tries, late "
                              "and done_at"
                        : of_task ? "a task has due, promised, urgent, moved_from, created, tries "
                                    "and late"
                        : in_lane ? "a stage has `position`, its place in the text, and `chance`"
                                  : "a stage has only `position`, its place in the text");
        if (of_task && slice_equal(name, SLICE("done_at"))) {
            diag_note(diag, "only a lane of an inbox asks when a task was done");
        }
    }
    return NULL;
}

const struct expr *infer_property(struct infer *infer, uint32_t node)
{
    const struct syntax_tree *tree = infer_tree(infer);
    enum image_task_property property = TASK_PROPERTY_DUE;
    const struct type *type = infer_property_type(infer, node, &property);
    if (type == NULL) {
        return infer_poison(infer, node);
    }
    bool of_task = syntax_op(tree, node) == PROPERTY_OF_TASK;
    if ((infer->flags & (INFER_NO_CASE | INFER_NO_TASK)) != 0) {
        struct diag *diag = diag_add(infer->unit->diags, DIAG_E0305, syntax_span(tree, node));
        diag_fact(diag, syntax_source(tree, node));
        diag_here(diag, "there is no %s yet when this is said", of_task ? "task" : "stage");
        return infer_poison(infer, node);
    }
    if (of_task && property == TASK_PROPERTY_LATE && (infer->flags & INFER_NO_CLOCK) != 0) {
        infer_report_clock(infer, node, SLICE("task.late"));
        return infer_poison(infer, node);
    }
    bool chance = !of_task && type_is(type, TYPE_DECIMAL);
    struct expr *expr = infer_new(infer, node, of_task  ? EXPR_TASK_PROPERTY
                                               : chance ? EXPR_STAGE_CHANCE
                                                        : EXPR_STAGE_POSITION, type);
    expr->number = of_task ? (int64_t)property : 0;
    if (infer->lane != NULL && of_task && property == TASK_PROPERTY_DONE_AT) {
        infer->lane->done = true;
    }
    return expr;
}
