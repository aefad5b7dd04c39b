// Expressions of lanes: they speak of some case of any process, whose fields have a type only where
// the processes are known.
#include "base/array.h"
#include "dsl/infer/infer_internal.h"

bool infer_lane_refuses(struct infer *infer, uint32_t node)
{
    const struct syntax_tree *tree = infer_tree(infer);
    enum syntax_kind kind = syntax_kind(tree, node);
    if (kind != NODE_PICK && kind != NODE_EXISTS && kind != NODE_TOTAL && kind != NODE_COLLECTION) {
        return false;
    }
    struct diag *diag = diag_add(infer->unit->diags, DIAG_E0460, syntax_span(tree, node));
    diag_fact(diag, syntax_source(tree, node));
    diag_note(diag, "a lane asks for what the task, its stage and the fields of the case say");
    if (kind != NODE_PICK) {
        diag_help(diag, "keep it in a field of the case, and ask for that: `case.FIELD`");
    }
    return true;
}

bool infer_is_case(const struct infer *infer, uint32_t name_node)
{
    return (infer->flags & INFER_IN_LANE) != 0 &&
           slice_equal(syntax_name(infer_tree(infer), name_node), SLICE("case"));
}

// A member of that name, whichever enum has it: values of enums are known by their names.
const struct expr *infer_any_member(struct infer *infer, uint32_t node, struct slice name)
{
    const struct unit_file *own = &infer->unit->files[infer->file];
    for (uint32_t i = 0; i < own->visible_count; i++) {
        if (own->visible[i]->what != WHAT_ENUM) {
            continue;
        }
        const struct enumeration *enumeration =
            (const struct enumeration *)(const void *)own->visible[i];
        const struct member *member = infer_find_member(enumeration, name);
        if (member != NULL) {
            struct expr *expr = infer_new(infer, node, EXPR_ENUM, type_builtin(TYPE_OPEN));
            expr->enumeration = enumeration;
            expr->text = member->name;
            return expr;
        }
    }
    return NULL;
}

// --- fields of cases ---------------------------------------------------------------------------

bool infer_inbox_reads(const struct unit *unit, const struct inbox *inbox,
                       const struct process *process)
{
    return names_sees(unit, process->decl.file, inbox->decl.file) ||
           names_sees(unit, inbox->decl.file, process->decl.file);
}

static const struct type *report_types(struct infer *infer, uint32_t name_node,
                                       const struct field *a, const struct field *b)
{
    const struct syntax_tree *tree = infer_tree(infer);
    struct diag *diag = diag_add(infer->unit->diags, DIAG_E0461, syntax_span(tree, name_node));
    diag_fact(diag, syntax_name(tree, name_node));
    diag_fact(diag, infer_quoted_type(infer, a->type));
    diag_fact(diag, infer_quoted_type(infer, b->type));
    diag_label(diag, a->span, "this is %.*s", SLICE_PRINT(infer_quoted_type(infer, a->type)));
    diag_label(diag, b->span, "this is %.*s", SLICE_PRINT(infer_quoted_type(infer, b->type)));
    diag_note(diag, "a lane reads cases of both");
    diag_help(diag, "give one of the fields another name");
    return type_builtin(TYPE_POISON);
}

// What all processes say that have the field; open: none has.
static const struct type *type_of_field(struct infer *infer, uint32_t name_node)
{
    const struct unit *unit = infer->unit;
    struct slice name = syntax_name(infer_tree(infer), name_node);
    const struct field *first = NULL;
    const struct type *type = type_builtin(TYPE_OPEN);
    for (uint32_t i = 0; i < unit->process_count; i++) {
        const struct process *process = unit->processes[i];
        const struct field *field =
            infer_inbox_reads(unit, infer->lane->inbox, process) ? infer_find_field(process, name)
                                                                 : NULL;
        if (field == NULL || type_is_poison(field->type)) {
            continue;
        }
        const struct type *common =
            first == NULL ? field->type : type_common(type, field->type);
        if (common == NULL) {
            return report_types(infer, name_node, first, field);
        }
        first = first == NULL ? field : first;
        type = common;
    }
    return type;
}

static const struct expr *keep_ask(struct infer *infer, struct expr *expr)
{
    ARRAY_PUSH(infer->unit->arena, infer->lane->asks, infer->lane->ask_count, expr);
    return expr;
}

const struct expr *infer_case(struct infer *infer, uint32_t node)
{
    const struct syntax_tree *tree = infer_tree(infer);
    uint32_t name = syntax_next(tree, syntax_first(tree, node));
    if (name == NODE_NONE) {
        struct diag *diag = diag_add(infer->unit->diags, DIAG_E0460, syntax_span(tree, node));
        diag_fact(diag, SLICE("case"));
        diag_help_edit(diag, DIAG_FIX_PLACEHOLDER, span_after(syntax_span(tree, node)),
                       SLICE(".price"), "name a field of the case");
        return infer_poison(infer, node);
    }
    struct expr *expr = infer_new(infer, node, EXPR_CASE, type_builtin(TYPE_OPEN));
    expr->text = syntax_name(tree, name);
    if (infer->lane->typed) {
        expr->type = type_of_field(infer, name);
    }
    const struct expr *value = keep_ask(infer, expr);
    for (uint32_t next = syntax_next(tree, name); next != NODE_NONE;
         next = syntax_next(tree, next)) {
        if (syntax_kind(tree, next) != NODE_NAME) {
            return infer_poison(infer, node);
        }
        if (!type_is_open(value->type)) {
            value = infer_part(infer, value, next);
        } else {
            expr->text = arena_format(infer->unit->arena, "%.*s.%.*s", SLICE_PRINT(expr->text),
                                      SLICE_PRINT(syntax_name(tree, next)));
        }
    }
    return value;
}
