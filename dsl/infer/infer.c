#include "dsl/infer/infer.h"

#include "base/array.h"
#include "base/check.h"
#include "base/limits.h"
#include "dsl/infer/infer_internal.h"

static const struct expr *infer_unary(struct infer *infer, uint32_t node,
                                      const struct type *expected);
static const struct expr *infer_path(struct infer *infer, uint32_t node,
                                     const struct type *expected);
static const struct expr *infer_call(struct infer *infer, uint32_t node);
static const struct expr *infer_collection(struct infer *infer, uint32_t node);
static const struct expr *infer_pick(struct infer *infer, uint32_t node,
                                     const struct type *expected);
static const struct expr *infer_list(struct infer *infer, uint32_t node,
                                     const struct type *expected);
static const struct expr *infer_template(struct infer *infer, uint32_t node);
static const struct expr *infer_clock(struct infer *infer, uint32_t node);

struct expr *infer_new(struct infer *infer, uint32_t node, enum image_expr_kind kind,
                       const struct type *type)
{
    struct expr *expr = ARENA_NEW(infer->unit->arena, struct expr);
    expr->kind = kind;
    expr->type = type;
    expr->span = syntax_span(infer_tree(infer), node);
    expr->depth = 1;
    return expr;
}

void infer_deepen(struct infer *infer, struct expr *expr, const struct expr *operand)
{
    if (operand->depth + 1 <= expr->depth) {
        return;
    }
    expr->depth = operand->depth + 1;
    if (expr->depth == IMAGE_EXPR_DEPTH_MAX + 1) {
        struct diag *diag = diag_add(infer->unit->diags, DIAG_E0416, expr->span);
        diag_fact_format(diag, "%d", IMAGE_EXPR_DEPTH_MAX);
        diag_here(diag, "this condition or calculation");
        diag_help(diag, "keep a part of it in a field of its own");
    }
}

struct expr *infer_poison(struct infer *infer, uint32_t node)
{
    return infer_new(infer, node, EXPR_EMPTY, type_builtin(TYPE_POISON));
}

struct slice infer_quoted_type(struct infer *infer, const struct type *type)
{
    return arena_format(infer->unit->arena, "`%.*s`",
                        SLICE_PRINT(type_name(type, infer->unit->arena)));
}

const struct expr *infer_expr(struct infer *infer, uint32_t node, const struct type *expected)
{
    const struct syntax_tree *tree = infer_tree(infer);
    if (node == NODE_NONE) {
        return infer_poison(infer, 0);
    }
    enum syntax_kind kind = syntax_kind(tree, node);
    if ((infer->flags & INFER_IN_LANE) != 0 && infer_lane_refuses(infer, node)) {
        return infer_poison(infer, node);
    }
    if (kind == NODE_PATH) {
        return infer_path(infer, node, expected);
    }
    if (kind == NODE_BINARY) {
        return infer_binary(infer, node, expected);
    }
    if (kind == NODE_NOT || kind == NODE_NEGATE || kind == NODE_IS_EMPTY ||
        kind == NODE_IS_NOT_EMPTY) {
        return infer_unary(infer, node, expected);
    }
    if (kind == NODE_NOW || kind == NODE_TODAY || kind == NODE_ME || kind == NODE_CREATOR) {
        return infer_clock(infer, node);
    }
    if (kind == NODE_PROPERTY) {
        return infer_property(infer, node);
    }
    if (kind == NODE_CALL) {
        return infer_call(infer, node);
    }
    if (kind == NODE_COLLECTION) {
        return infer_collection(infer, node);
    }
    if (kind == NODE_PICK) {
        return infer_pick(infer, node, expected);
    }
    if (kind == NODE_EXISTS) {
        return infer_exists(infer, node);
    }
    if (kind == NODE_TOTAL) {
        return infer_total(infer, node);
    }
    if (kind == NODE_LIST) {
        return infer_list(infer, node, expected);
    }
    if (kind == NODE_TEMPLATE) {
        return infer_template(infer, node);
    }
    if (kind == NODE_ERROR) {
        return infer_poison(infer, node);
    }
    return infer_literal(infer, node, expected);
}

// --- places with a type ------------------------------------------------------------------------

static void label_declared(struct diag *diag, struct infer *infer, struct span declared,
                           struct slice what, const struct type *type)
{
    if (declared.end > declared.start) {
        diag_label(diag, declared, "%.*s is declared as %.*s here", SLICE_PRINT(what),
                   SLICE_PRINT(infer_quoted_type(infer, type)));
    }
}

// A text where a member is meant: the quotes are certainly wrong when the word inside is a member.
static void help_with_member(struct diag *diag, struct infer *infer, const struct expr *value,
                             uint32_t node, const struct type *to)
{
    if (!type_is(to, TYPE_ENUM) || value->kind != EXPR_TEXT) {
        return;
    }
    for (uint32_t i = 0; i < to->enumeration->member_count; i++) {
        const struct member *member = &to->enumeration->members[i];
        if (slice_equal(member->name, value->text) || slice_equal(member->label, value->text)) {
            diag_help_edit(diag, DIAG_FIX_SAFE, syntax_span(infer_tree(infer), node), member->name,
                           "name the member itself");
            return;
        }
    }
}

void infer_report_misfit(struct infer *infer, const struct expr *value, uint32_t node,
                         const struct type *to, struct slice what, struct span declared)
{
    struct diag *diag = diag_add(infer->unit->diags, DIAG_E0401,
                                 syntax_span(infer_tree(infer), node));
    diag_fact(diag, infer_quoted_type(infer, value->type));
    diag_fact(diag, infer_quoted_type(infer, to));
    diag_here(diag, "this is %.*s", SLICE_PRINT(infer_quoted_type(infer, value->type)));
    label_declared(diag, infer, declared, what, to);
    help_with_member(diag, infer, value, node, to);
    if (type_is(to, TYPE_MONEY) && type_is_number(value->type)) {
        diag_help(diag, "write an amount, for example `500 EUR`");
    }
    if (type_is(to, TYPE_DATE) && type_is(value->type, TYPE_DATETIME)) {
        diag_help(diag, "take the day of it with `day(…)`");
    }
    bool wait = type_is(to, TYPE_DURATION) || type_is(to, TYPE_DATETIME);
    if (wait && type_is_number(value->type)) {
        diag_help_edit(diag, DIAG_FIX_PLACEHOLDER, span_after(syntax_span(infer_tree(infer), node)),
                       SLICE(" min"), "add s, min, h, days, weeks or months");
    }
}

const struct expr *infer_fit(struct infer *infer, uint32_t node, const struct type *to,
                             struct slice what, struct span declared)
{
    const struct expr *value = infer_expr(infer, node, to);
    if (type_fits(value->type, to)) {
        return value;
    }
    infer_report_misfit(infer, value, node, to, what, declared);
    return infer_poison(infer, node);
}

const struct expr *infer_condition(struct infer *infer, uint32_t node)
{
    const struct expr *value = infer_expr(infer, node, type_builtin(TYPE_BOOL));
    if (type_is_poison(value->type) || type_is_open(value->type) ||
        type_is(value->type, TYPE_BOOL)) {
        return value;
    }
    struct diag *diag = diag_add(infer->unit->diags, DIAG_E0403,
                                 syntax_span(infer_tree(infer), node));
    diag_fact(diag, infer_quoted_type(infer, value->type));
    diag_here(diag, "this is %.*s", SLICE_PRINT(infer_quoted_type(infer, value->type)));
    diag_help_edit(diag, DIAG_FIX_PLACEHOLDER, span_after(syntax_span(infer_tree(infer), node)),
                   SLICE(" is not empty"), "say what must hold, for example `is not empty`");
    return infer_poison(infer, node);
}

const struct expr *infer_label(struct infer *infer, uint32_t node)
{
    const struct syntax_tree *tree = infer_tree(infer);
    uint32_t text = node == NODE_NONE ? NODE_NONE : syntax_first(tree, node);
    if (text == NODE_NONE) {
        return infer_poison(infer, 0);
    }
    const struct expr *said = infer_expr(infer, text, type_builtin(TYPE_TEXT));
    for (uint32_t child = syntax_next(tree, text); child != NODE_NONE;
         child = syntax_next(tree, child)) {
        uint32_t lang = syntax_kind(tree, child) == NODE_TRANSLATION ? syntax_first(tree, child)
                                                                     : NODE_NONE;
        if (lang == NODE_NONE || expr_is_poison(said)) {
            continue;
        }
        struct expr *expr = infer_new(infer, child, EXPR_LANGUAGE, type_builtin(TYPE_TEXT));
        expr->text = syntax_name(tree, lang);
        expr->a = infer_expr(infer, syntax_next(tree, lang), type_builtin(TYPE_TEXT));
        expr->b = said;
        infer_deepen(infer, expr, expr->a);
        infer_deepen(infer, expr, said);
        said = expr_is_poison(expr->a) ? expr->a : expr;
    }
    return said;
}

// --- names -------------------------------------------------------------------------------------

const struct member *infer_find_member(const struct enumeration *enumeration, struct slice name)
{
    for (uint32_t i = 0; i < enumeration->member_count; i++) {
        if (slice_equal(enumeration->members[i].name, name)) {
            return &enumeration->members[i];
        }
    }
    return NULL;
}

const struct local *infer_find_local(const struct infer *infer, struct slice name)
{
    const struct local *local = infer->locals;
    while (local != NULL && !slice_equal(local->name, name)) {
        local = local->outer;
    }
    return local;
}

const struct field *infer_find_field(const struct process *process, struct slice name)
{
    for (uint32_t i = 0; process != NULL && i < process->field_count; i++) {
        if (slice_equal(process->fields[i]->name, name)) {
            return process->fields[i];
        }
    }
    return NULL;
}

static const struct type *user_of(struct infer *infer, const struct role *role)
{
    struct type *type = ARENA_NEW(infer->unit->arena, struct type);
    *type = (struct type){ .kind = TYPE_USER, .role = role };
    return type;
}

static void suggest_value(struct infer *infer, struct diag *diag, uint32_t name_node,
                          const struct type *expected)
{
    const struct syntax_tree *tree = infer_tree(infer);
    struct slice name = syntax_name(tree, name_node);
    struct suggestions suggestions;
    suggest_init(&suggestions, name);
    for (const struct local *local = infer->locals; local != NULL; local = local->outer) {
        suggest_offer(&suggestions, local->name, 0);
    }
    if (expected != NULL && type_is(expected, TYPE_ENUM)) {
        for (uint32_t i = 0; i < expected->enumeration->member_count; i++) {
            suggest_offer(&suggestions, expected->enumeration->members[i].name, 0);
        }
    }
    for (uint32_t i = 0; infer->process != NULL && i < infer->process->field_count; i++) {
        suggest_offer(&suggestions, infer->process->fields[i]->name, 1);
    }
    if (infer->process != NULL && infer->process->title != NULL) {
        suggest_offer(&suggestions, SLICE("title"), 2);
    }
    const struct unit_file *own = &infer->unit->files[infer->file];
    for (uint32_t i = 0; infer->process != NULL && i < own->visible_count; i++) {
        if (own->visible[i]->kind == DECL_ROLE) {
            suggest_offer(&suggestions, own->visible[i]->name, 2);
        }
    }
    if (diag_suggest(diag, &suggestions, syntax_span(tree, name_node), "name")) {
        return;
    }
    if (expected != NULL && type_is(expected, TYPE_ENUM)) {
        diag_note(diag, "the members of `%.*s` are %.*s",
                  SLICE_PRINT(expected->enumeration->decl.name),
                  SLICE_PRINT(names_members(expected->enumeration, infer->unit->arena)));
        return;
    }
    for (uint32_t i = 0; i < own->visible_count; i++) {
        if (own->visible[i]->what != WHAT_ENUM) {
            continue;
        }
        const struct enumeration *enumeration =
            (const struct enumeration *)(const void *)own->visible[i];
        const struct member *member = infer_find_member(enumeration, name);
        if (member != NULL) {
            diag_label(diag, member->span, "enum `%.*s` has a member of that name",
                       SLICE_PRINT(enumeration->decl.name));
            diag_note(diag, "a member is known only where a value of its enum is meant");
            return;
        }
    }
    for (uint32_t i = 1; infer->process != NULL && i < infer->process->stage_count; i++) {
        const struct stage *stage = infer->process->stages[i];
        if (slice_equal(stage->name, name)) {
            diag_label(diag, stage->span, "`%.*s` is a stage", SLICE_PRINT(name));
            return;
        }
    }
    if (names_label_other(infer->unit, infer->file, diag, name)) {
        return;
    }
    if (infer->process != NULL) {
        diag_help(diag, "declare it in the process: `field %.*s: …`, or ask for it in the action",
                  SLICE_PRINT(name));
    }
}

static const struct expr *infer_title(struct infer *infer, uint32_t node)
{
    if ((infer->flags & INFER_IN_TITLE) != 0) {
        struct diag *diag = diag_add(infer->unit->diags, DIAG_E0414,
                                     syntax_span(infer_tree(infer), node));
        diag_here(diag, "`title` is what is being written here");
        return infer_poison(infer, node);
    }
    return infer->process->title;
}

// What a lone name means: what is nearest wins; a field hides a member, a member hides a role.
const struct expr *infer_name(struct infer *infer, uint32_t node, uint32_t name_node,
                              const struct type *expected)
{
    const struct syntax_tree *tree = infer_tree(infer);
    struct slice name = syntax_name(tree, name_node);
    const struct local *local = infer_find_local(infer, name);
    if (local != NULL && local->field == NULL && (infer->flags & INFER_IN_FORM) != 0) {
        struct diag *diag = diag_add(infer->unit->diags, DIAG_E0428, syntax_span(tree, name_node));
        diag_fact(diag, name);
        diag_here(diag, "this proposes a value while the form is still empty");
        diag_label(diag, local->span, "it is asked here, in the same form");
        diag_note(diag, "all answers of a form come together, when it is sent");
        return infer_poison(infer, node);
    }
    if (local != NULL && local->field == NULL) {
        struct expr *expr =
            infer_new(infer, node, local->is_param ? EXPR_PARAM : EXPR_LOCAL, local->type);
        expr->scale = local->number;
        return expr;
    }
    const struct field *field = local != NULL ? local->field
                                              : infer_find_field(infer->process, name);
    if (field != NULL) {
        struct expr *expr = infer_new(infer, node, EXPR_FIELD, field->type);
        expr->field = field;
        return expr;
    }
    const struct type *wanted =
        expected != NULL && type_is_many(expected) ? expected->element : expected;
    if (wanted != NULL && type_is(wanted, TYPE_ENUM)) {
        const struct member *member = infer_find_member(wanted->enumeration, name);
        if (member != NULL) {
            struct expr *expr = infer_new(infer, node, EXPR_ENUM, wanted);
            expr->enumeration = wanted->enumeration;
            expr->text = member->name;
            return expr;
        }
    }
    const struct expr *member =
        wanted != NULL && type_is_open(wanted) ? infer_any_member(infer, node, name) : NULL;
    if (member != NULL) {
        return member;
    }
    const struct role *role =
        infer->process == NULL ? NULL : names_find_role(infer->unit, infer->file, name);
    if (role != NULL) {
        struct expr *expr = infer_new(infer, node, EXPR_SLOT, user_of(infer, role));
        expr->role = role;
        return expr;
    }
    if (infer->process != NULL && infer->process->title != NULL &&
        slice_equal(name, SLICE("title"))) {
        return infer_title(infer, node);
    }
    struct diag *diag = diag_add(infer->unit->diags, DIAG_E0305, syntax_span(tree, name_node));
    diag_fact(diag, name);
    if (wanted != NULL && type_is(wanted, TYPE_ENUM)) {
        diag_here(diag, "a member of `%.*s` is needed here",
                  SLICE_PRINT(wanted->enumeration->decl.name));
    }
    suggest_value(infer, diag, name_node, wanted);
    return infer_poison(infer, node);
}

const struct expr *infer_part(struct infer *infer, const struct expr *whole, uint32_t name_node)
{
    const struct syntax_tree *tree = infer_tree(infer);
    struct slice name = syntax_name(tree, name_node);
    if (expr_is_poison(whole)) {
        return whole;
    }
    const struct record *record = type_is(whole->type, TYPE_RECORD) ? whole->type->record : NULL;
    for (uint32_t i = 0; record != NULL && i < record->part_count; i++) {
        if (slice_equal(record->parts[i].name, name)) {
            struct expr *expr = infer_new(infer, name_node, EXPR_PART, record->parts[i].type);
            expr->span = span_join(whole->span, expr->span);
            expr->a = whole;
            expr->scale = i;
            infer_deepen(infer, expr, whole);
            return expr;
        }
    }
    struct diag *diag = diag_add(infer->unit->diags, DIAG_E0315, syntax_span(tree, name_node));
    diag_fact(diag, name);
    diag_fact(diag, infer_quoted_type(infer, whole->type));
    diag_label(diag, whole->span, "this is %.*s",
               SLICE_PRINT(infer_quoted_type(infer, whole->type)));
    if (record != NULL) {
        struct suggestions suggestions;
        suggest_init(&suggestions, name);
        for (uint32_t i = 0; i < record->part_count; i++) {
            suggest_offer(&suggestions, record->parts[i].name, 0);
        }
        diag_suggest(diag, &suggestions, syntax_span(tree, name_node), "part");
    } else if (type_is(whole->type, TYPE_REF)) {
        diag_note(diag, "a case does not read the fields of another case");
    } else {
        diag_note(diag, "only records have parts");
    }
    return infer_poison(infer, name_node);
}

static const struct expr *infer_path(struct infer *infer, uint32_t node,
                                     const struct type *expected)
{
    const struct syntax_tree *tree = infer_tree(infer);
    uint32_t name = syntax_first(tree, node);
    if (name == NODE_NONE || syntax_kind(tree, name) != NODE_NAME) {
        return infer_poison(infer, node);
    }
    if (infer_is_case(infer, name)) {
        return infer_case(infer, node);
    }
    bool is_lone = syntax_next(tree, name) == NODE_NONE;
    const struct expr *expr =
        infer_name(infer, is_lone ? node : name, name, is_lone ? expected : NULL);
    for (name = syntax_next(tree, name); name != NODE_NONE; name = syntax_next(tree, name)) {
        if (syntax_kind(tree, name) == NODE_NAME) {
            expr = infer_part(infer, expr, name);
        }
    }
    return expr;
}

// --- the clock, people, task and stage ---------------------------------------------------------

void infer_report_clock(struct infer *infer, uint32_t node, struct slice word)
{
    struct diag *diag = diag_add(infer->unit->diags, DIAG_E0703,
                                 syntax_span(infer_tree(infer), node));
    diag_fact(diag, word);
    diag_here(diag, "this changes without anything happening to the case");
    diag_note(diag, "a rule looks only when something has changed in the case");
    diag_help(diag, "use `at` with a moment, or `after` with a wait");
}

void infer_report_impure(struct infer *infer, uint32_t node, struct slice what)
{
    struct diag *diag =
        diag_add(infer->unit->diags, DIAG_E0450, syntax_span(infer_tree(infer), node));
    diag_fact(diag, SLICE("a row of a table"));
    diag_fact(diag, what);
    diag_note(diag, "a table knows its parameters: the same input always finds the same row");
    diag_help(diag, "hand it over as a parameter");
}

static const struct expr *infer_clock(struct infer *infer, uint32_t node)
{
    const struct syntax_tree *tree = infer_tree(infer);
    enum syntax_kind kind = syntax_kind(tree, node);
    struct slice word = source_text(infer->unit->sources, syntax_keyword_span(tree, node));
    if ((infer->flags & INFER_PURE) != 0) {
        infer_report_impure(infer, node, word);
        return infer_poison(infer, node);
    }
    if ((infer->flags & INFER_NO_CLOCK) != 0 && kind != NODE_CREATOR) {
        infer_report_clock(infer, node, word);
        return infer_poison(infer, node);
    }
    if ((infer->flags & INFER_NO_ME) != 0 && kind == NODE_ME) {
        struct diag *diag = diag_add(infer->unit->diags, DIAG_E0420, syntax_span(tree, node));
        diag_here(diag, "no person presses anything when this happens");
        diag_note(diag, "`me` is the person who presses an action");
        diag_help(diag, "name a role, which stands for its holder in this case");
        return infer_poison(infer, node);
    }
    if (kind == NODE_NOW) {
        return infer_new(infer, node, EXPR_NOW, type_builtin(TYPE_DATETIME));
    }
    if (kind == NODE_ME || kind == NODE_CREATOR) {
        return infer_new(infer, node, kind == NODE_ME ? EXPR_ME : EXPR_CREATOR,
                         type_builtin(TYPE_USER));
    }
    uint32_t time = syntax_child(tree, node, NODE_TIME);
    struct expr *expr = infer_new(infer, node, EXPR_TODAY,
                                  type_builtin(time == NODE_NONE ? TYPE_DATE : TYPE_DATETIME));
    expr->number = time == NODE_NONE ? -1 : syntax_literal(tree, time).number;
    return expr;
}

// --- functions, children, people ---------------------------------------------------------------

static const struct {
    const char *name;
    enum image_expr_kind kind;
    uint32_t arg_max;
} functions[] = {
    { "day", EXPR_DAY, 1 },     { "hour", EXPR_HOUR, 1 },   { "length", EXPR_LENGTH, 1 },
    { "round", EXPR_ROUND, 2 }, { "first", EXPR_FIRST, 1 },
};

const struct type *infer_function_type(enum image_expr_kind kind, const struct type *argument)
{
    if (kind == EXPR_DAY || kind == EXPR_HOUR) {
        bool fits = type_is(argument, TYPE_DATETIME) || type_is_open(argument) ||
                    type_is(argument, kind == EXPR_DAY ? TYPE_DATE : TYPE_TIME);
        return fits ? type_builtin(kind == EXPR_DAY ? TYPE_DATE : TYPE_INTEGER) : NULL;
    }
    if (kind == EXPR_LENGTH) {
        return type_is_text_like(argument) || type_is_many(argument) || type_is_open(argument)
                   ? type_builtin(TYPE_INTEGER)
                   : NULL;
    }
    if (type_is_open(argument)) {
        return argument;
    }
    if (kind == EXPR_ROUND) {
        return type_is_number(argument) || type_is(argument, TYPE_MONEY) ? argument : NULL;
    }
    CHECK(kind == EXPR_FIRST);
    return type_is_many(argument) ? argument->element : NULL;
}

static uint32_t count_children(const struct syntax_tree *tree, uint32_t node)
{
    uint32_t count = 0;
    for (SYNTAX_EACH(tree, node, child)) {
        count++;
    }
    return count;
}

bool infer_function(struct infer *infer, uint32_t node, enum image_expr_kind *ret_kind)
{
    const struct syntax_tree *tree = infer_tree(infer);
    uint32_t name_node = syntax_first(tree, node);
    struct slice name = syntax_name(tree, name_node);
    struct suggestions suggestions;
    suggest_init(&suggestions, name);
    for (size_t i = 0; i < ARRAY_COUNT(functions); i++) {
        suggest_offer(&suggestions, slice_from_cstr(functions[i].name), 0);
        if (!slice_equal(slice_from_cstr(functions[i].name), name)) {
            continue;
        }
        uint32_t count = count_children(tree, node) - 1;
        *ret_kind = functions[i].kind;
        if (count >= 1 && count <= functions[i].arg_max) {
            return true;
        }
        struct diag *diag = diag_add(infer->unit->diags, DIAG_E0410, syntax_span(tree, node));
        diag_fact(diag, name);
        diag_fact(diag,
                  functions[i].arg_max == 1 ? SLICE("one value") : SLICE("one or two values"));
        diag_fact_format(diag, count == 1 ? "there is %u" : "there are %u", count);
        return false;
    }
    const struct unit_file *own = &infer->unit->files[infer->file];
    for (uint32_t i = 0; i < own->visible_count; i++) {
        if (own->visible[i]->kind == DECL_TABLE) {
            suggest_offer(&suggestions, own->visible[i]->name, 1);
        }
    }
    struct diag *diag = diag_add(infer->unit->diags, DIAG_E0314, syntax_span(tree, name_node));
    diag_fact(diag, name);
    if (!diag_suggest(diag, &suggestions, syntax_span(tree, name_node), "function")) {
        diag_note(diag, "the functions are day, hour, length, round and first, tables and hooks");
    }
    return false;
}

static const struct expr *infer_call(struct infer *infer, uint32_t node)
{
    const struct syntax_tree *tree = infer_tree(infer);
    struct table *table = infer_find_table(infer, syntax_name(tree, syntax_first(tree, node)));
    if (table != NULL) {
        return infer_table_call(infer, node, table);
    }
    struct hook *hook = infer_find_hook(infer, syntax_name(tree, syntax_first(tree, node)));
    if (hook != NULL) {
        return infer_hook_call(infer, node, hook);
    }
    enum image_expr_kind kind = EXPR_EMPTY;
    if (!infer_function(infer, node, &kind)) {
        return infer_poison(infer, node);
    }
    uint32_t argument_node = syntax_next(tree, syntax_first(tree, node));
    const struct expr *argument = infer_expr(infer, argument_node, NULL);
    if (expr_is_poison(argument)) {
        return argument;
    }
    const struct type *type = infer_function_type(kind, argument->type);
    if (type == NULL) {
        const char *wanted = kind == EXPR_DAY    ? "a `datetime`"
                             : kind == EXPR_HOUR ? "a `datetime` or a `time`"
                             : kind == EXPR_LENGTH                 ? "a `text`, a set or a list"
                             : kind == EXPR_ROUND                  ? "a number or `money`"
                                                                   : "a set or a list";
        struct diag *diag =
            diag_add(infer->unit->diags, DIAG_E0401, syntax_span(tree, argument_node));
        diag_fact(diag, infer_quoted_type(infer, argument->type));
        diag_fact(diag, slice_from_cstr(wanted));
        diag_here(diag, "this is %.*s",
                  SLICE_PRINT(infer_quoted_type(infer, argument->type)));
        return infer_poison(infer, node);
    }
    struct expr *expr = infer_new(infer, node, kind, type);
    expr->a = argument;
    expr->scale = INDEX_NONE;
    infer_deepen(infer, expr, argument);
    uint32_t digits_node = syntax_next(tree, argument_node);
    if (kind == EXPR_ROUND && digits_node == NODE_NONE && type_is_number(type)) {
        expr->type = type_builtin(TYPE_INTEGER);
    }
    if (digits_node != NODE_NONE) {
        struct value digits = syntax_kind(tree, digits_node) == NODE_NUMBER
                                  ? syntax_literal(tree, digits_node)
                                  : value_empty();
        if (digits.kind == VALUE_INTEGER && digits.number >= 0 &&
            digits.number <= DECIMAL_SCALE_MAX) {
            expr->scale = (uint32_t)digits.number;
        } else if (syntax_kind(tree, digits_node) != NODE_ERROR) {
            struct diag *diag =
                diag_add(infer->unit->diags, DIAG_E0418, syntax_span(tree, digits_node));
            diag_fact(diag, syntax_source(tree, digits_node));
            diag_fact(diag, SLICE("a number of digits from 0 to 9"));
        }
    }
    return expr;
}

const struct collection *infer_find_collection(const struct process *process, struct slice name)
{
    for (uint32_t i = 0; i < process->collection_count; i++) {
        if (slice_equal(process->collections[i]->name, name)) {
            return process->collections[i];
        }
    }
    return NULL;
}

const struct collection *infer_named_collection(struct infer *infer, const struct process *process,
                                                uint32_t name_node)
{
    const struct syntax_tree *tree = infer_tree(infer);
    if (name_node == NODE_NONE || syntax_kind(tree, name_node) != NODE_NAME) {
        return NULL;
    }
    struct slice name = syntax_name(tree, name_node);
    const struct collection *collection = infer_find_collection(process, name);
    if (collection != NULL) {
        return collection;
    }
    struct diag *diag = diag_add(infer->unit->diags, DIAG_E0308, syntax_span(tree, name_node));
    diag_fact(diag, name);
    diag_fact(diag, process->decl.name);
    diag_here(diag, "this speaks of children that never exist");
    struct suggestions suggestions;
    suggest_init(&suggestions, name);
    for (uint32_t i = 0; i < process->collection_count; i++) {
        suggest_offer(&suggestions, process->collections[i]->name, 0);
    }
    if (!diag_suggest(diag, &suggestions, syntax_span(tree, name_node), "collection")) {
        diag_note(diag, "children get a name where they are made: `convert … into NAME`");
    }
    return NULL;
}

bool infer_child_state(struct infer *infer, uint32_t node, enum image_quantifier *ret_quantifier,
                       enum image_child_state *ret_state)
{
    const struct syntax_tree *tree = infer_tree(infer);
    static const enum image_child_state states[] = { [SYNTAX_OPEN] = CHILD_OPEN,
                                                     [SYNTAX_ENDED] = CHILD_ENDED,
                                                     [SYNTAX_SUCCEEDED] = CHILD_SUCCEEDED,
                                                     [SYNTAX_FAILED] = CHILD_FAILED };
    unsigned op = syntax_op(tree, node);
    *ret_quantifier = op == SYNTAX_ALL   ? QUANTIFIER_ALL
                      : op == SYNTAX_ANY ? QUANTIFIER_ANY
                                         : QUANTIFIER_COUNT;
    uint32_t state = syntax_child(tree, node, NODE_CHILD_STATE);
    *ret_state = state == NODE_NONE ? CHILD_ANY : states[syntax_op(tree, state)];
    if (state != NODE_NONE || op == SYNTAX_COUNT) {
        return true;
    }
    struct diag *diag = diag_add(infer->unit->diags, DIAG_E0424, syntax_span(tree, node));
    diag_fact(diag, source_text(infer->unit->sources, syntax_keyword_span(tree, node)));
    diag_fact(diag, syntax_source(tree, syntax_first(tree, node)));
    diag_help_edit(diag, DIAG_FIX_PLACEHOLDER, span_after(syntax_span(tree, node)), SLICE(" ended"),
                   "add `open`, `ended`, `succeeded` or `failed`");
    return false;
}

static const struct expr *infer_collection(struct infer *infer, uint32_t node)
{
    const struct syntax_tree *tree = infer_tree(infer);
    uint32_t path = syntax_first(tree, node);
    if (syntax_kind(tree, path) != NODE_PATH) {
        return infer_poison(infer, node);
    }
    if (infer->process == NULL) {
        struct diag *diag = diag_add(infer->unit->diags, DIAG_E0305, syntax_span(tree, path));
        diag_fact(diag, syntax_source(tree, path));
        diag_here(diag, "no case has children here");
        return infer_poison(infer, node);
    }
    const struct collection *collection =
        infer_named_collection(infer, infer->process, syntax_first(tree, path));
    enum image_quantifier quantifier = QUANTIFIER_ALL;
    enum image_child_state state = CHILD_ANY;
    if (!infer_child_state(infer, node, &quantifier, &state) || collection == NULL) {
        return infer_poison(infer, node);
    }
    struct expr *expr =
        infer_new(infer, node, EXPR_COLLECTION,
                  type_builtin(quantifier == QUANTIFIER_COUNT ? TYPE_INTEGER : TYPE_BOOL));
    expr->collection = collection;
    expr->quantifier = quantifier;
    expr->number = (int64_t)state;
    return expr;
}

static const struct type *type_of_picked(struct infer *infer, const struct role *role)
{
    return role != NULL ? user_of(infer, role) : type_builtin(TYPE_USER);
}

// Where holders of a role are wanted, only those of the team who hold it are picked.
static const struct expr *infer_pick(struct infer *infer, uint32_t node,
                                     const struct type *expected)
{
    const struct syntax_tree *tree = infer_tree(infer);
    uint32_t strategy = syntax_child(tree, node, NODE_STRATEGY);
    uint32_t team = syntax_child(tree, node, NODE_TEAM);
    uint32_t text = team != NODE_NONE ? syntax_child(tree, team, NODE_STRING) : NODE_NONE;
    const struct role *role = NULL;
    if (team == NODE_NONE) {
        role = names_role(infer->unit, infer->file, syntax_child_class(tree, node, CLASS_NAME, 0));
    } else if (expected != NULL && type_is(expected, TYPE_USER)) {
        role = expected->role;
    }
    if (team == NODE_NONE ? role == NULL : text == NODE_NONE) {
        return infer_poison(infer, node);
    }
    static const enum image_strategy strategies[] = { [SYNTAX_LEAST_LOADED] = STRATEGY_LEAST_LOADED,
                                                      [SYNTAX_ROUND_ROBIN] = STRATEGY_ROUND_ROBIN,
                                                      [SYNTAX_FAMILIAR] = STRATEGY_FAMILIAR };
    struct expr *expr = infer_new(infer, node, EXPR_PICK, type_of_picked(infer, role));
    expr->role = role;
    expr->strategy =
        strategy == NODE_NONE ? STRATEGY_NONE : strategies[syntax_op(tree, strategy)];
    if (team != NODE_NONE) {
        expr->text = syntax_string(tree, text, infer->unit->arena);
        if (expr->text.len == 0 || expr->text.len > NAME_BYTES_MAX) {
            diag_add(infer->unit->diags, DIAG_E0605, syntax_span(tree, text));
        }
    }
    if (role == NULL && expr->strategy == STRATEGY_FAMILIAR) {
        struct diag *diag =
            diag_add(infer->unit->diags, DIAG_E0604, syntax_span(tree, strategy));
        diag_here(diag, "familiar with which role?");
        diag_note(diag, "`familiar` is whoever held a slot in an earlier case with the same key");
        diag_help(diag, "assign it to the slot of a role, or pick `least loaded` or `round robin`");
    }
    return expr;
}

// --- lists and texts ---------------------------------------------------------------------------

static const struct expr *infer_list(struct infer *infer, uint32_t node,
                                     const struct type *expected)
{
    const struct syntax_tree *tree = infer_tree(infer);
    bool knows = expected != NULL && type_is_many(expected);
    const struct type *element = knows ? expected->element : NULL;
    struct expr *expr = infer_new(infer, node, EXPR_LIST, type_builtin(TYPE_POISON));
    bool poisoned = false;
    for (SYNTAX_EACH(tree, node, child)) {
        const struct expr *item = infer_expr(infer, child, element);
        if (element == NULL) {
            element = item->type;
        } else if (!type_fits(item->type, element)) {
            infer_report_misfit(infer, item, child, element, SLICE("the list"), span_make(0, 0, 0));
            poisoned = true;
        }
        poisoned = poisoned || expr_is_poison(item);
        ARRAY_PUSH(infer->unit->arena, expr->items, expr->item_count, item);
        infer_deepen(infer, expr, item);
    }
    if (element == NULL) {
        struct diag *diag = diag_add(infer->unit->diags, DIAG_E0405, syntax_span(tree, node));
        diag_here(diag, "a list of what?");
        return infer_poison(infer, node);
    }
    if (!poisoned) {
        expr->type = knows ? expected : type_list_of(element, infer->unit->arena);
    }
    return expr;
}

static bool can_print(const struct type *type)
{
    return !type_is(type, TYPE_RECORD) && !type_is(type, TYPE_FILE) &&
           !(type_is_many(type) && !can_print(type->element));
}

static const struct expr *infer_template(struct infer *infer, uint32_t node)
{
    const struct syntax_tree *tree = infer_tree(infer);
    struct expr *expr = infer_new(infer, node, EXPR_CONCAT, type_builtin(TYPE_TEXT));
    for (SYNTAX_EACH(tree, node, child)) {
        const struct expr *item = NULL;
        if (syntax_kind(tree, child) == NODE_TEXT) {
            struct expr *text = infer_new(infer, child, EXPR_TEXT, type_builtin(TYPE_TEXT));
            text->text = syntax_string(tree, child, infer->unit->arena);
            item = text;
        } else {
            item = infer_expr(infer, child, NULL);
        }
        if (!expr_is_poison(item) && !can_print(item->type)) {
            struct diag *diag = diag_add(infer->unit->diags, DIAG_E0415, syntax_span(tree, child));
            diag_fact(diag, infer_quoted_type(infer, item->type));
            diag_here(diag, "this has no words of its own");
        }
        ARRAY_PUSH(infer->unit->arena, expr->items, expr->item_count, item);
        infer_deepen(infer, expr, item);
    }
    return expr;
}

// --- one operand -------------------------------------------------------------------------------

static const struct expr *infer_negate(struct infer *infer, uint32_t node,
                                       const struct expr *operand)
{
    if (!type_is_number(operand->type) && !type_is(operand->type, TYPE_MONEY) &&
        !type_is(operand->type, TYPE_DURATION) && !type_is_open(operand->type)) {
        struct diag *diag = diag_add(infer->unit->diags, DIAG_E0423, operand->span);
        diag_fact(diag, infer_quoted_type(infer, operand->type));
        return infer_poison(infer, node);
    }
    if (operand->kind == EXPR_INTEGER || operand->kind == EXPR_DECIMAL ||
        operand->kind == EXPR_MONEY) {
        struct expr *literal = infer_new(infer, node, operand->kind, operand->type);
        literal->number = -operand->number;
        literal->scale = operand->scale;
        literal->text = operand->text;
        return literal;
    }
    struct expr *expr = infer_new(infer, node, EXPR_NEGATE, operand->type);
    expr->a = operand;
    infer_deepen(infer, expr, operand);
    return expr;
}

static const struct expr *infer_unary(struct infer *infer, uint32_t node,
                                      const struct type *expected)
{
    const struct syntax_tree *tree = infer_tree(infer);
    enum syntax_kind kind = syntax_kind(tree, node);
    uint32_t operand_node = syntax_first(tree, node);
    if (kind == NODE_NOT) {
        struct expr *expr = infer_new(infer, node, EXPR_NOT, type_builtin(TYPE_BOOL));
        expr->a = infer_condition(infer, operand_node);
        infer_deepen(infer, expr, expr->a);
        return expr;
    }
    const struct expr *operand =
        infer_expr(infer, operand_node, kind == NODE_NEGATE ? expected : NULL);
    if (expr_is_poison(operand)) {
        return operand;
    }
    if (kind == NODE_NEGATE) {
        return infer_negate(infer, node, operand);
    }
    struct expr *expr =
        infer_new(infer, node, kind == NODE_IS_EMPTY ? EXPR_IS_EMPTY : EXPR_IS_NOT_EMPTY,
                  type_builtin(TYPE_BOOL));
    expr->a = operand;
    infer_deepen(infer, expr, operand);
    return expr;
}
