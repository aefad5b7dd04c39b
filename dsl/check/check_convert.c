// Conversions: one child per element, chosen by member, each given what it needs (rule 30).
#include "base/array.h"
#include "base/check.h"
#include "dsl/check/check.h"

static const struct syntax_tree *body_tree(const struct body *body)
{
    return names_tree(body->infer.unit, body->infer.file);
}

// --- the step ----------------------------------------------------------------------------------

static const struct local *add_item(struct body *body, uint32_t name_node, const struct type *type,
                                    struct convert *convert)
{
    const struct syntax_tree *tree = body_tree(body);
    struct local *local = ARENA_NEW(body->infer.unit->arena, struct local);
    *local = (struct local){ .name = syntax_kind(tree, name_node) == NODE_NAME
                                         ? syntax_name(tree, name_node)
                                         : SLICE_EMPTY,
                             .type = type,
                             .number = body->handler == NULL ? 0 : body->handler->local_count++,
                             .span = syntax_span(tree, name_node),
                             .is_item = true,
                             .outer = body->infer.locals };
    convert->local = local->number;
    const struct field *field = infer_find_field(body->process, local->name);
    const struct local *other = infer_find_local(&body->infer, local->name);
    if (local->name.len > 0 && (field != NULL || other != NULL)) {
        names_twice(body->infer.unit, local->span, field != NULL ? field->span : other->span,
                    field != NULL ? "field" : "answer", local->name);
    }
    return local;
}

static const struct type *element_type(struct body *body, const struct expr *each, uint32_t node)
{
    if (expr_is_poison(each)) {
        return each->type;
    }
    if (type_is_many(each->type)) {
        return each->type->element;
    }
    struct diag *diag = diag_add(body->infer.unit->diags, DIAG_E0408,
                                 syntax_span(body_tree(body), node));
    diag_fact(diag, infer_quoted_type(&body->infer, each->type));
    diag_here(diag, "this is one value");
    diag_help(diag, "convert a set or a list, or use `convert into NAME => PROCESS` for one child");
    return type_builtin(TYPE_POISON);
}

static void add_pair(struct body *body, struct convert *convert, struct slice member,
                     uint32_t process_node)
{
    struct pair pair = { .member = member,
                         .process =
                             names_process(body->infer.unit, body->infer.file, process_node) };
    if (pair.process != NULL) {
        ARRAY_PUSH(body->infer.unit->arena, convert->pairs, convert->pair_count, pair);
    }
}

static void report_unknown_member(struct body *body, uint32_t node,
                                  const struct enumeration *enumeration)
{
    const struct syntax_tree *tree = body_tree(body);
    struct diag *diag = diag_add(body->infer.unit->diags, DIAG_E0309, syntax_span(tree, node));
    diag_fact(diag, syntax_name(tree, node));
    diag_fact(diag, enumeration->decl.name);
    diag_label(diag, enumeration->decl.span, "the enum is declared here");
    struct suggestions suggestions;
    suggest_init(&suggestions, syntax_name(tree, node));
    for (uint32_t i = 0; i < enumeration->member_count; i++) {
        suggest_offer(&suggestions, enumeration->members[i].name, 0);
    }
    if (!diag_suggest(diag, &suggestions, syntax_span(tree, node), "member")) {
        diag_note(diag, "its members are %.*s",
                  SLICE_PRINT(names_members(enumeration, body->infer.unit->arena)));
    }
}

static bool has_pair(const struct convert *convert, struct slice member)
{
    for (uint32_t i = 0; i < convert->pair_count; i++) {
        if (slice_equal(convert->pairs[i].member, member)) {
            return true;
        }
    }
    return false;
}

static void report_missing_members(struct body *body, const struct convert *convert, uint32_t node,
                                   const struct enumeration *enumeration)
{
    struct unit *unit = body->infer.unit;
    struct slice missing = SLICE_EMPTY;
    const struct syntax_tree *tree = body_tree(body);
    uint32_t last_pair = NODE_NONE;
    for (SYNTAX_EACH(tree, node, child)) {
        last_pair = syntax_kind(tree, child) == NODE_PAIR ? child : last_pair;
    }
    struct slice first = SLICE_EMPTY;
    for (uint32_t i = 0; i < enumeration->member_count; i++) {
        struct slice name = enumeration->members[i].name;
        if (has_pair(convert, name)) {
            continue;
        }
        first = first.len == 0 ? name : first;
        missing = missing.len == 0
                      ? arena_format(unit->arena, "`%.*s`", SLICE_PRINT(name))
                      : arena_format(unit->arena, "%.*s, `%.*s`", SLICE_PRINT(missing),
                                     SLICE_PRINT(name));
    }
    if (missing.len == 0 || tree->has_errors) {
        return;
    }
    struct diag *diag = diag_add(unit->diags, DIAG_E0406, syntax_keyword_span(tree, node));
    diag_fact(diag, enumeration->decl.name);
    diag_fact(diag, missing);
    diag_label(diag, enumeration->decl.span, "`%.*s` is declared here",
               SLICE_PRINT(enumeration->decl.name));
    diag_note(diag, "every member of the enum needs a process, so that no element is left over");
    if (last_pair != NODE_NONE) {
        diag_help_edit(diag, DIAG_FIX_PLACEHOLDER, span_after(syntax_span(tree, last_pair)),
                       arena_format(unit->arena, ", %.*s => PROCESS", SLICE_PRINT(first)),
                       "say what `%.*s` becomes", SLICE_PRINT(first));
    }
}

static void check_pairs(struct body *body, struct convert *convert, uint32_t node,
                        const struct type *chosen)
{
    const struct syntax_tree *tree = body_tree(body);
    uint32_t all = syntax_child(tree, node, NODE_PAIR_ALL);
    if (all != NODE_NONE) {
        add_pair(body, convert, SLICE_EMPTY, syntax_first(tree, all));
        return;
    }
    const struct enumeration *enumeration = type_is(chosen, TYPE_ENUM) ? chosen->enumeration : NULL;
    bool complete = true;
    for (SYNTAX_EACH(tree, node, child)) {
        if (syntax_kind(tree, child) != NODE_PAIR) {
            continue;
        }
        uint32_t member = syntax_child_class(tree, child, CLASS_NAME, 0);
        struct slice name = syntax_name(tree, member);
        if (enumeration != NULL && syntax_kind(tree, member) == NODE_NAME &&
            infer_find_member(enumeration, name) == NULL) {
            report_unknown_member(body, member, enumeration);
            complete = false;
            continue;
        }
        if (has_pair(convert, name)) {
            struct diag *diag =
                diag_add(body->infer.unit->diags, DIAG_E0324, syntax_span(tree, member));
            diag_fact(diag, name);
            diag_here(diag, "this member has its process already");
            continue;
        }
        if (names_is_flooded(body->infer.unit, body->infer.file)) {
            return;
        }
        uint32_t count = convert->pair_count;
        add_pair(body, convert, name, syntax_child_class(tree, child, CLASS_NAME, 1));
        complete = complete && convert->pair_count > count;
    }
    if (enumeration == NULL && !type_is_poison(chosen)) {
        struct diag *diag = diag_add(body->infer.unit->diags, DIAG_E0426,
                                     syntax_keyword_span(tree, node));
        diag_fact(diag, infer_quoted_type(&body->infer, chosen));
        diag_here(diag, "the process is chosen by a member of an enum");
        diag_help(diag, "choose with `by`, or write one process for all: `=> PROCESS`");
    } else if (enumeration != NULL && complete) {
        report_missing_members(body, convert, node, enumeration);
    }
}

// What a child calls the value, and where it says so; NULL when it has nothing of that name.
static const struct type *child_type(struct unit *unit, const struct process *child,
                                     struct slice name, struct span *ret_span)
{
    const struct field *field = infer_find_field(child, name);
    if (field != NULL) {
        *ret_span = field->span;
        return field->type;
    }
    const struct role *role = names_find_role(unit, child->decl.file, name);
    if (role == NULL) {
        return NULL;
    }
    struct type *type = ARENA_NEW(unit->arena, struct type);
    *type = (struct type){ .kind = TYPE_USER, .role = role };
    *ret_span = role->decl.span;
    return type;
}

static void report_unknown_with(struct body *body, const struct convert *convert,
                                uint32_t name_node)
{
    struct unit *unit = body->infer.unit;
    const struct syntax_tree *tree = body_tree(body);
    const struct process *child = convert->pairs[0].process;
    struct diag *diag = diag_add(unit->diags, DIAG_E0318, syntax_span(tree, name_node));
    diag_fact(diag, syntax_name(tree, name_node));
    diag_fact_format(diag, "process `%.*s`", SLICE_PRINT(child->decl.name));
    diag_here(diag, "neither a field nor a role of the child");
    diag_label(diag, child->decl.span, "the child is declared here");
    struct suggestions suggestions;
    suggest_init(&suggestions, syntax_name(tree, name_node));
    for (uint32_t p = 0; p < convert->pair_count; p++) {
        const struct process *process = convert->pairs[p].process;
        for (uint32_t i = 0; i < process->field_count; i++) {
            suggest_offer(&suggestions, process->fields[i]->name, 0);
        }
    }
    diag_suggest(diag, &suggestions, syntax_span(tree, name_node), "field");
}

static void check_with(struct body *body, struct convert *convert, uint32_t arg)
{
    struct unit *unit = body->infer.unit;
    const struct syntax_tree *tree = body_tree(body);
    uint32_t name_node = syntax_first(tree, arg);
    uint32_t value_node = syntax_next(tree, name_node);
    struct with with = { .name = syntax_name(tree, name_node),
                         .span = syntax_span(tree, name_node) };
    for (uint32_t i = 0; i < convert->with_count; i++) {
        if (with.name.len > 0 && slice_equal(convert->withs[i].name, with.name)) {
            names_twice(unit, with.span, convert->withs[i].span, "value", with.name);
            return;
        }
    }
    const struct type *type = NULL;
    for (uint32_t i = 0; i < convert->pair_count; i++) {
        struct span declared = { 0 };
        const struct type *wanted =
            child_type(unit, convert->pairs[i].process, with.name, &declared);
        if (wanted == NULL) {
            continue;
        }
        struct slice what = arena_format(unit->arena, "`%.*s`", SLICE_PRINT(with.name));
        if (type == NULL) {
            type = wanted;
            with.value = infer_fit(&body->infer, value_node, wanted, what, declared);
        } else if (!type_fits(with.value->type, wanted)) {
            infer_report_misfit(&body->infer, with.value, value_node, wanted, what, declared);
        }
    }
    if (with.value == NULL) {
        with.value = infer_expr(&body->infer, value_node, NULL);
        if (convert->pair_count > 0 && with.name.len > 0 &&
            syntax_kind(tree, name_node) == NODE_NAME) {
            report_unknown_with(body, convert, name_node);
            convert->misnamed = true;
        }
        return;
    }
    ARRAY_PUSH(unit->arena, convert->withs, convert->with_count, with);
}

struct convert *check_convert_step(struct body *body, uint32_t node)
{
    const struct syntax_tree *tree = body_tree(body);
    struct convert *convert = ARENA_NEW(body->infer.unit->arena, struct convert);
    convert->local = INDEX_NONE;
    const struct local *outer = body->infer.locals;
    bool each = syntax_kind(tree, node) == NODE_CONVERT_EACH;
    uint32_t name = syntax_child_class(tree, node, CLASS_NAME, each ? 1 : 0);
    if (name != NODE_NONE && syntax_kind(tree, name) == NODE_NAME) {
        convert->collection = infer_find_collection(body->process, syntax_name(tree, name));
    }
    if (each) {
        uint32_t item = syntax_child_class(tree, node, CLASS_NAME, 0);
        uint32_t set = syntax_next(tree, item);
        convert->each = infer_expr(&body->infer, set, NULL);
        const struct type *chosen = element_type(body, convert->each, set);
        body->infer.locals = add_item(body, item, chosen, convert);
        uint32_t by = syntax_child(tree, node, NODE_CONVERT_BY);
        if (by != NODE_NONE) {
            convert->by = infer_expr(&body->infer, syntax_first(tree, by), NULL);
            chosen = convert->by->type;
        }
        check_pairs(body, convert, node, chosen);
    } else {
        uint32_t process = syntax_child_class(tree, node, CLASS_NAME, 1);
        add_pair(body, convert, SLICE_EMPTY, process);
    }
    uint32_t with = syntax_child(tree, node, NODE_WITH);
    for (uint32_t arg = with == NODE_NONE ? NODE_NONE : syntax_first(tree, with); arg != NODE_NONE;
         arg = syntax_next(tree, arg)) {
        if (syntax_kind(tree, arg) == NODE_ARG) {
            check_with(body, convert, arg);
        }
    }
    body->infer.locals = outer;
    return convert;
}

// --- what the children need --------------------------------------------------------------------

struct needs {
    struct unit *unit;
    struct process *process;
};

static bool has_with(const struct convert *convert, struct slice name)
{
    for (uint32_t i = 0; i < convert->with_count; i++) {
        if (slice_equal(convert->withs[i].name, name)) {
            return true;
        }
    }
    return false;
}

static void report_unfilled(struct needs *needs, const struct step *step,
                            const struct process *child, const struct field *field,
                            const struct field *same)
{
    struct unit *unit = needs->unit;
    const struct syntax_tree *tree = names_tree(unit, needs->process->decl.file);
    if (step->convert->misnamed) {
        return; // that name is most likely the one that is missing
    }
    struct diag *diag = diag_add(unit->diags, DIAG_E0407, syntax_keyword_span(tree, step->node));
    diag_fact(diag, child->decl.name);
    diag_fact(diag, field->name);
    diag_here(diag, "`%.*s` is started here without it", SLICE_PRINT(child->decl.name));
    bool given = (field->flags & FIELD_GIVEN) != 0;
    diag_label(diag, field->span, given ? "whoever starts the case gives it"
                                        : "without it the case does not start");
    if (given && same != NULL) {
        diag_label(diag, same->span, "the field of that name here is `%.*s`",
                   SLICE_PRINT(type_name(same->type, unit->arena)));
    }
    if (given) {
        diag_note(diag, "what `with` leaves out is taken from the field of the same name and type");
    }
    uint32_t with = syntax_child(tree, step->node, NODE_WITH);
    struct span end = syntax_span(tree, with == NODE_NONE ? step->node : with);
    diag_help_edit(diag, DIAG_FIX_PLACEHOLDER, span_after(end),
                   arena_format(unit->arena, "%s %.*s: VALUE", with == NODE_NONE ? " with" : ",",
                                SLICE_PRINT(field->name)),
                   "give it with `with`");
}

static void fill_field_need(struct needs *needs, const struct step *step,
                            const struct process *child, const struct field *field)
{
    struct convert *convert = step->convert;
    if (has_with(convert, field->name) || field->initial != NULL) {
        return;
    }
    const struct field *same = infer_find_field(needs->process, field->name);
    bool given = (field->flags & FIELD_GIVEN) != 0;
    if (given && same != NULL && type_fits(same->type, field->type)) {
        struct expr *value = ARENA_NEW(needs->unit->arena, struct expr);
        *value = (struct expr){ .kind = EXPR_FIELD, .type = same->type, .span = step->span,
                                .depth = 1, .field = same };
        struct with with = { .name = field->name, .value = value, .span = step->span };
        ARRAY_PUSH(needs->unit->arena, convert->withs, convert->with_count, with);
    } else if (given || ((field->flags & FIELD_REQUIRED) != 0)) {
        report_unfilled(needs, step, child, field, same);
    }
}

// A child is started by the step, not by a person: what its start asks for must be given.
static void check_start_needs(struct needs *needs, const struct step *step,
                              const struct process *child)
{
    const struct syntax_tree *tree = names_tree(needs->unit, needs->process->decl.file);
    for (uint32_t i = 0; child->start != NULL && i < child->start->ask_count; i++) {
        const struct ask *ask = child->start->asks[i];
        if (!ask->required || (ask->field != NULL && has_with(step->convert, ask->name))) {
            continue;
        }
        struct diag *diag =
            diag_add(needs->unit->diags, DIAG_E0419, syntax_keyword_span(tree, step->node));
        diag_fact(diag, child->decl.name);
        diag_fact(diag, ask->name);
        diag_here(diag, "`%.*s` is started here by the process itself",
                  SLICE_PRINT(child->decl.name));
        diag_label(diag, ask->span, "this answer is required");
        diag_help(diag, "make it a field of the child and give it with `with`");
    }
}

static void check_step_needs(void *context, const struct step *step)
{
    struct needs *needs = context;
    if (step->kind != STEP_CONVERT) {
        return;
    }
    for (uint32_t p = 0; p < step->convert->pair_count; p++) {
        const struct process *child = step->convert->pairs[p].process;
        bool seen = false;
        for (uint32_t i = 0; i < p; i++) {
            seen = seen || step->convert->pairs[i].process == child;
        }
        for (uint32_t i = 0; !seen && i < child->field_count; i++) {
            fill_field_need(needs, step, child, child->fields[i]);
        }
        if (!seen) {
            check_start_needs(needs, step, child);
        }
    }
}

void check_converts(struct unit *unit, struct process *process)
{
    struct needs needs = { unit, process };
    for (uint32_t i = 0; i < process->handler_count; i++) {
        check_each_handler_step(process->handlers[i], check_step_needs, &needs);
    }
}
