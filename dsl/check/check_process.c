// Builds what a process declares: first the names that others may use, then everything inside.
#include "base/array.h"
#include "base/check.h"
#include "base/limits.h"
#include "dsl/check/check.h"
#include "dsl/model/frame.h"

static struct infer make_infer(struct unit *unit, const struct process *process, unsigned flags)
{
    return (struct infer){
        .unit = unit, .file = process->decl.file, .process = process, .flags = flags
    };
}

// A part may be worked out from the parts above it; then it always is.
static bool names_param(const struct expr *expr)
{
    if (expr == NULL) {
        return false;
    }
    bool found = expr->kind == EXPR_PARAM || names_param(expr->a) || names_param(expr->b);
    for (uint32_t i = 0; !found && i < expr->item_count; i++) {
        found = names_param(expr->items[i]);
    }
    return found;
}

static void check_part(struct unit *unit, const struct record *record, struct part *part,
                       uint32_t initial)
{
    const struct local *above = NULL;
    for (struct part *other = record->parts; other != part; other++) {
        struct local *local = ARENA_NEW(unit->arena, struct local);
        *local = (struct local){ .name = other->name,
                                 .type = other->type,
                                 .number = (uint32_t)(other - record->parts),
                                 .span = other->span,
                                 .is_param = true,
                                 .outer = above };
        above = local;
    }
    struct infer infer = { .unit = unit, .file = record->decl.file, .locals = above,
                           .flags = INFER_NO_CASE | INFER_NO_CLOCK | INFER_NO_ME };
    struct slice what = arena_format(unit->arena, "part `%.*s`", SLICE_PRINT(part->name));
    part->initial = infer_fit(&infer, initial, part->type, what, part->span);
    part->computed = names_param(part->initial);
}

void check_records(struct unit *unit)
{
    for (uint32_t i = 0; i < unit->decl_count; i++) {
        struct decl *decl = unit->decls[i];
        if (decl->what != WHAT_RECORD || ((struct record *)(void *)decl)->checked) {
            continue;
        }
        struct record *record = (struct record *)(void *)decl;
        record->checked = true;
        const struct syntax_tree *tree = names_tree(unit, decl->file);
        uint32_t n = 0;
        for (SYNTAX_EACH(tree, decl->node, child)) {
            if (syntax_kind(tree, child) != NODE_PART) {
                continue;
            }
            if (n == record->part_count) {
                break; // reported: too many
            }
            struct part *part = &record->parts[n++];
            uint32_t initial = syntax_child(tree, child, NODE_INITIAL);
            if (initial != NODE_NONE) {
                check_part(unit, record, part, syntax_first(tree, initial));
            }
        }
    }
}

// --- 2. what a process declares ----------------------------------------------------------------

static void report_positional(struct unit *unit, struct process *process, struct span span,
                              struct slice name)
{
    if (slice_equal(name, SLICE("done")) || slice_equal(name, SLICE("back"))) {
        struct diag *diag = diag_add(unit->diags, DIAG_E0321, span);
        diag_fact(diag, name);
        diag_here(diag, "`=> %.*s` is a word of the language", SLICE_PRINT(name));
        process->broken = true;
    }
}

static void declare_field(struct unit *unit, struct process *process, uint32_t node)
{
    uint32_t file = process->decl.file;
    const struct syntax_tree *tree = names_tree(unit, file);
    if (names_reach_limit(unit, process->decl.span, names_decl(&process->decl, unit->arena),
                          process->field_count, PROCESS_FIELDS_MAX, "fields")) {
        return;
    }
    struct field *field = ARENA_NEW(unit->arena, struct field);
    field->name = syntax_name(tree, node);
    field->span = syntax_name_span(tree, node);
    field->label = names_label(unit, tree, node);
    field->help = names_clause_label(unit, tree, node, NODE_HELP);
    field->type = names_type(unit, file, syntax_child_class(tree, node, CLASS_TYPE, 0));
    field->index = process->field_count;
    field->flags = (syntax_has(tree, node, NODE_REQUIRED) ? FIELD_REQUIRED : 0u) |
                   (syntax_has(tree, node, NODE_READONLY) ? FIELD_READONLY : 0u) |
                   (syntax_has(tree, node, NODE_GIVEN) ? FIELD_GIVEN : 0u);
    const struct field *first = infer_find_field(process, field->name);
    if (field->name.len > 0 && first != NULL) {
        names_twice(unit, field->span, first->span, "field", field->name);
        return;
    }
    const struct role *role = names_find_role(unit, file, field->name);
    if (role != NULL) {
        struct diag *diag = diag_add(unit->diags, DIAG_E0320, field->span);
        diag_fact(diag, field->name);
        diag_here(diag, "a field of the same name would hide the role's holder");
        diag_label(diag, role->decl.span, "the role is declared here");
    }
    bool hidden = (field->flags & (FIELD_READONLY | FIELD_GIVEN)) != 0;
    if ((field->flags & FIELD_REQUIRED) != 0 && hidden) {
        struct diag *diag = diag_add(unit->diags, DIAG_E0425, field->span);
        diag_fact(diag, field->name);
        diag_fact(diag, SLICE("required"));
        diag_fact(diag, (field->flags & FIELD_READONLY) != 0 ? SLICE("readonly") : SLICE("given"));
        diag_note(diag,
                  "`required` binds the form that starts a case, and this field is not in it");
    }
    ARRAY_PUSH(unit->arena, process->fields, process->field_count, field);
}

static struct stage *declare_stage(struct unit *unit, struct process *process, struct stage *parent,
                                   uint32_t node);

static void declare_branches(struct unit *unit, struct process *process, struct stage *parent,
                             uint32_t parallel)
{
    const struct syntax_tree *tree = names_tree(unit, process->decl.file);
    for (SYNTAX_EACH(tree, parallel, child)) {
        if (syntax_kind(tree, child) == NODE_STAGE) {
            declare_stage(unit, process, parent, child);
        }
    }
}

static void declare_stages(struct unit *unit, struct process *process, struct stage *parent)
{
    const struct syntax_tree *tree = names_tree(unit, process->decl.file);
    for (SYNTAX_EACH(tree, parent->node, child)) {
        if (syntax_kind(tree, child) == NODE_STAGE) {
            declare_stage(unit, process, parent, child);
        } else if (syntax_kind(tree, child) == NODE_PARALLEL) {
            check_declare_parallel(unit, process, parent, child);
            declare_branches(unit, process, parent, child);
        }
    }
}

static void report_stage_twice(struct unit *unit, struct process *process,
                               const struct stage *stage)
{
    for (const struct stage *at = stage->parent; at != NULL; at = at->parent) {
        if (at->parent != NULL && slice_equal(at->name, stage->name)) {
            names_twice(unit, stage->span, at->span, "stage", stage->name);
            process->broken = true;
            return;
        }
    }
    const struct stage *sibling = stage->parent->first_child;
    for (; sibling != stage && sibling != NULL; sibling = sibling->next_sibling) {
        if (slice_equal(sibling->name, stage->name)) {
            names_twice(unit, stage->span, sibling->span, "stage", stage->name);
            process->broken = true;
            return;
        }
    }
}

static struct stage *declare_stage(struct unit *unit, struct process *process, struct stage *parent,
                                   uint32_t node)
{
    const struct syntax_tree *tree = names_tree(unit, process->decl.file);
    if (names_reach_limit(unit, process->decl.span, names_decl(&process->decl, unit->arena),
                          process->stage_count, PROCESS_STAGES_MAX, "stages")) {
        process->broken = true;
        return NULL;
    }
    struct stage *stage = ARENA_NEW(unit->arena, struct stage);
    *stage = (struct stage){ .name = syntax_name(tree, node),
                             .label = names_label(unit, tree, node),
                             .span = syntax_name_span(tree, node),
                             .node = node,
                             .parent = parent,
                             .chance = INDEX_NONE,
                             .index = process->stage_count,
                             .depth = parent == NULL ? 0 : parent->depth + 1 };
    ARRAY_PUSH(unit->arena, process->stages, process->stage_count, stage);
    if (parent != NULL) {
        if (parent->last_child == NULL) {
            parent->first_child = stage;
        } else {
            parent->last_child->next_sibling = stage;
        }
        parent->last_child = stage;
        if (stage->name.len > 0) {
            report_stage_twice(unit, process, stage);
            report_positional(unit, process, stage->span, stage->name);
        }
        uint32_t chance = syntax_child(tree, node, NODE_CHANCE);
        if (chance != NODE_NONE && syntax_kind(tree, syntax_first(tree, chance)) == NODE_PERCENT) {
            struct value percent = syntax_literal(tree, syntax_first(tree, chance));
            if (percent.scale == 2 && percent.number >= 0 && percent.number <= 100) {
                stage->chance = (uint32_t)percent.number;
            } else {
                struct diag *diag = diag_add(unit->diags, DIAG_E0418,
                                             syntax_span(tree, syntax_first(tree, chance)));
                diag_fact(diag, syntax_source(tree, syntax_first(tree, chance)));
                diag_fact(diag, SLICE("a chance: whole percents from 0% to 100%"));
            }
        }
    }
    if (stage->depth == IMAGE_STAGE_DEPTH_MAX) {
        struct diag *diag = diag_add(unit->diags, DIAG_E0514, stage->span);
        diag_fact_format(diag, "%d", IMAGE_STAGE_DEPTH_MAX);
        process->broken = true;
        return stage;
    }
    declare_stages(unit, process, stage);
    check_declare_choices(unit, process, stage);
    return stage;
}

static void declare_end(struct unit *unit, struct process *process, uint32_t node)
{
    const struct syntax_tree *tree = names_tree(unit, process->decl.file);
    if (names_reach_limit(unit, process->decl.span, names_decl(&process->decl, unit->arena),
                          process->end_count, PROCESS_ENDS_MAX, "ends")) {
        process->broken = true;
        return;
    }
    struct process_end *end = ARENA_NEW(unit->arena, struct process_end);
    *end = (struct process_end){ .name = syntax_name(tree, node),
                                 .label = names_label(unit, tree, node),
                                 .span = syntax_name_span(tree, node),
                                 .index = process->end_count,
                                 .node = node };
    end->kind = syntax_has(tree, node, NODE_SUCCESS)   ? END_SUCCESS
                : syntax_has(tree, node, NODE_FAILURE) ? END_FAILURE
                                                       : END_PLAIN;
    uint32_t by = syntax_child(tree, node, NODE_BY);
    end->by = names_roles(unit, process->decl.file,
                          by == NODE_NONE ? NODE_NONE : syntax_first(tree, by));
    report_positional(unit, process, end->span, end->name);
    for (uint32_t i = 0; i < process->end_count; i++) {
        if (end->name.len > 0 && slice_equal(process->ends[i]->name, end->name)) {
            names_twice(unit, end->span, process->ends[i]->span, "end", end->name);
            process->broken = true;
            return;
        }
    }
    ARRAY_PUSH(unit->arena, process->ends, process->end_count, end);
}

// A target is a stage or an end, so the two share their names.
static void report_ends_named_as_stages(struct unit *unit, struct process *process)
{
    for (uint32_t i = 0; i < process->end_count; i++) {
        for (uint32_t n = 1; n < process->stage_count; n++) {
            const struct process_end *end = process->ends[i];
            const struct stage *stage = process->stages[n];
            if (end->name.len > 0 && slice_equal(end->name, stage->name)) {
                names_twice(unit, end->span, stage->span, "stage or end", end->name);
                process->broken = true;
            }
        }
        for (uint32_t n = 0; n < process->choice_count; n++) {
            const struct process_end *end = process->ends[i];
            const struct choice *choice = process->choices[n];
            if (end->name.len > 0 && slice_equal(end->name, choice->name)) {
                names_twice(unit, end->span, choice->span, "choice or end", end->name);
                process->broken = true;
            }
        }
    }
}

static void declare_collection(struct unit *unit, struct process *process, uint32_t name_node,
                               bool each)
{
    const struct syntax_tree *tree = names_tree(unit, process->decl.file);
    if (name_node == NODE_NONE || syntax_kind(tree, name_node) != NODE_NAME) {
        return;
    }
    struct slice name = syntax_name(tree, name_node);
    for (uint32_t i = 0; i < process->collection_count; i++) {
        struct collection *known = process->collections[i];
        if (!slice_equal(known->name, name)) {
            continue;
        }
        if (known->each != each) {
            struct diag *diag = diag_add(unit->diags, DIAG_E0409, syntax_span(tree, name_node));
            diag_fact(diag, name);
            diag_here(diag, each ? "many children here" : "one child here");
            diag_label(diag, known->span, known->each ? "many children here" : "one child here");
        }
        return;
    }
    if (names_reach_limit(unit, process->decl.span, names_decl(&process->decl, unit->arena),
                          process->collection_count, COLLECTIONS_MAX, "collections of children")) {
        process->broken = true;
        return;
    }
    struct collection *collection = ARENA_NEW(unit->arena, struct collection);
    *collection = (struct collection){ .name = name,
                                       .span = syntax_span(tree, name_node),
                                       .each = each,
                                       .index = process->collection_count };
    ARRAY_PUSH(unit->arena, process->collections, process->collection_count, collection);
}

// Conversions stand inside steps inside items: all nodes of the process are looked at. The depth of
// a tree is bounded by the parser.
static void declare_collections(struct unit *unit, struct process *process, uint32_t node)
{
    const struct syntax_tree *tree = names_tree(unit, process->decl.file);
    for (SYNTAX_EACH(tree, node, child)) {
        enum syntax_kind kind = syntax_kind(tree, child);
        if (kind == NODE_CONVERT_INTO) {
            declare_collection(unit, process, syntax_child_class(tree, child, CLASS_NAME, 0),
                               false);
        } else if (kind == NODE_CONVERT_EACH) {
            declare_collection(unit, process, syntax_child_class(tree, child, CLASS_NAME, 1), true);
        } else if (syntax_class_of(kind) != CLASS_EXPR && syntax_class_of(kind) != CLASS_TYPE) {
            declare_collections(unit, process, child);
        }
    }
}

static void declare_keys(struct unit *unit, struct process *process, uint32_t node)
{
    const struct syntax_tree *tree = names_tree(unit, process->decl.file);
    uint32_t names = syntax_child(tree, node, NODE_NAMES);
    if (names == NODE_NONE) {
        return;
    }
    for (SYNTAX_EACH(tree, names, name)) {
        if (syntax_kind(tree, name) != NODE_NAME) {
            continue;
        }
        const struct field *field = infer_find_field(process, syntax_name(tree, name));
        if (field == NULL) {
            struct diag *diag = diag_add(unit->diags, DIAG_E0306, syntax_span(tree, name));
            diag_fact(diag, syntax_name(tree, name));
            diag_fact(diag, process->decl.name);
            diag_here(diag, "a key is one of the fields");
            struct suggestions suggestions;
            suggest_init(&suggestions, syntax_name(tree, name));
            for (uint32_t i = 0; i < process->field_count; i++) {
                suggest_offer(&suggestions, process->fields[i]->name, 0);
            }
            diag_suggest(diag, &suggestions, syntax_span(tree, name), "field");
            continue;
        }
        if (!type_is_text_like(field->type) && !type_is(field->type, TYPE_INTEGER) &&
            !type_is_poison(field->type)) {
            struct diag *diag = diag_add(unit->diags, DIAG_E0412, syntax_span(tree, name));
            diag_fact_format(diag, "`%.*s`", SLICE_PRINT(type_name(field->type, unit->arena)));
            diag_label(diag, field->span, "`%.*s` is declared here", SLICE_PRINT(field->name));
            diag_note(diag, "keys are texts, phones, e-mails, addresses and whole numbers");
            continue;
        }
        ARRAY_PUSH(unit->arena, process->keys, process->key_count, field);
    }
}

// Behind all stages, wherever they are written: none is entered by coming into the process.
static void declare_escalations(struct unit *unit, struct process *process)
{
    const struct syntax_tree *tree = names_tree(unit, process->decl.file);
    for (SYNTAX_EACH(tree, process->decl.node, child)) {
        if (syntax_kind(tree, child) != NODE_ESCALATION) {
            continue;
        }
        if (names_reach_limit(unit, process->decl.span, names_decl(&process->decl, unit->arena),
                              process->escalation_count, PROCESS_ESCALATIONS_MAX,
                              "escalations")) {
            process->broken = true;
            return;
        }
        struct stage *stage = declare_stage(unit, process, process->stages[0], child);
        if (stage == NULL) {
            return;
        }
        struct escalation *escalation = ARENA_NEW(unit->arena, struct escalation);
        uint32_t by = syntax_child(tree, child, NODE_BY);
        *escalation = (struct escalation){
            .stage = stage,
            .by = names_roles(unit, process->decl.file,
                              by == NODE_NONE ? NODE_NONE : syntax_first(tree, by)),
            .index = process->escalation_count,
        };
        stage->escalation = escalation;
        ARRAY_PUSH(unit->arena, process->escalations, process->escalation_count, escalation);
    }
}

void check_declare(struct unit *unit, struct process *process)
{
    const struct syntax_tree *tree = names_tree(unit, process->decl.file);
    for (SYNTAX_EACH(tree, process->decl.node, child)) {
        enum syntax_kind kind = syntax_kind(tree, child);
        if (kind == NODE_FIELD) {
            declare_field(unit, process, child);
        } else if (kind == NODE_END) {
            declare_end(unit, process, child);
        }
    }
    check_declare_time(unit, process);
    for (SYNTAX_EACH(tree, process->decl.node, child)) {
        if (syntax_kind(tree, child) == NODE_KEY) {
            declare_keys(unit, process, child);
        }
    }
    declare_stage(unit, process, NULL, process->decl.node);
    declare_escalations(unit, process);
    report_ends_named_as_stages(unit, process);
    declare_collections(unit, process, process->decl.node);
}

// --- 3. what stands inside ---------------------------------------------------------------------

struct handler *check_handler_add(struct unit *unit, struct process *process, struct stage *stage,
                                  enum handler_kind kind, uint32_t node)
{
    const struct syntax_tree *tree = names_tree(unit, process->decl.file);
    struct handler *handler = ARENA_NEW(unit->arena, struct handler);
    *handler = (struct handler){ .kind = kind,
                                 .stage = stage,
                                 .span = syntax_keyword_span(tree, node),
                                 .node = node,
                                 .at_most = INDEX_NONE };
    ARRAY_PUSH(unit->arena, process->handlers, process->handler_count, handler);
    return handler;
}

void check_handler_close(struct process *process, const struct handler *handler)
{
    if (handler->local_count > process->local_count) {
        process->local_count = handler->local_count;
    }
}

static void fill_at_most(struct body *body, struct handler *handler, uint32_t clause)
{
    const struct syntax_tree *tree = names_tree(body->infer.unit, body->infer.file);
    uint32_t number = syntax_first(tree, clause);
    struct value value =
        syntax_kind(tree, number) == NODE_NUMBER ? syntax_literal(tree, number) : value_empty();
    if (value.kind == VALUE_INTEGER && value.number > 0 && value.number < INT32_MAX) {
        handler->at_most = (uint32_t)value.number;
    } else if (syntax_kind(tree, number) != NODE_ERROR) {
        struct diag *diag =
            diag_add(body->infer.unit->diags, DIAG_E0418, syntax_span(tree, number));
        diag_fact(diag, syntax_source(tree, number));
        diag_fact(diag, SLICE("a number of presses: a whole number from 1"));
    }
    uint32_t then = syntax_child(tree, clause, NODE_BLOCK);
    if (then != NODE_NONE) {
        handler->at_most_then = check_block(body, then);
    }
}

static void fill_action_words(struct unit *unit, const struct syntax_tree *tree,
                              struct handler *handler)
{
    uint32_t node = handler->node;
    handler->label = names_label(unit, tree, node);
    handler->group = names_clause_label(unit, tree, node, NODE_GROUP);
    handler->confirm = names_clause_label(unit, tree, node, NODE_CONFIRM);
    handler->help = names_clause_label(unit, tree, node, NODE_HELP);
    uint32_t alias = syntax_child(tree, node, NODE_ALIAS);
    if (alias == NODE_NONE) {
        return;
    }
    for (SYNTAX_EACH(tree, alias, text)) {
        if (syntax_kind(tree, text) == NODE_STRING) {
            struct slice word = syntax_string(tree, text, unit->arena);
            if (word.len > 0) {
                ARRAY_PUSH(unit->arena, handler->aliases, handler->alias_count, word);
            }
        }
    }
}

static void report_action_twice(struct unit *unit, const struct process *process,
                                const struct handler *handler)
{
    for (uint32_t i = 0; i < process->handler_count; i++) {
        const struct handler *other = process->handlers[i];
        if (other != handler && other->kind == HANDLER_ACTION && other->stage == handler->stage &&
            handler->name.len > 0 && slice_equal(other->name, handler->name)) {
            names_twice(unit, handler->span, other->span, "action", handler->name);
            return;
        }
    }
}

static void fill_action(struct unit *unit, struct process *process, struct stage *stage,
                        uint32_t node)
{
    const struct syntax_tree *tree = names_tree(unit, process->decl.file);
    struct handler *handler = check_handler_add(unit, process, stage, HANDLER_ACTION, node);
    handler->name = syntax_name(tree, node);
    handler->span = syntax_name_span(tree, node);
    report_action_twice(unit, process, handler);
    fill_action_words(unit, tree, handler);
    uint32_t by = syntax_child(tree, node, NODE_BY);
    handler->by = names_roles(unit, process->decl.file,
                              by == NODE_NONE ? NODE_NONE : syntax_first(tree, by));
    struct body body;
    check_body_init(&body, unit, process, handler);
    uint32_t guard = syntax_child(tree, node, NODE_IF_CLAUSE);
    if (guard != NODE_NONE) {
        body.infer.flags &= ~(unsigned)INFER_MAY_ASK_HOOK; // read whenever the case is looked at
        handler->condition = infer_condition(&body.infer, syntax_first(tree, guard));
        body.infer.flags |= INFER_MAY_ASK_HOOK;
    }
    handler->block = check_block(&body, syntax_child(tree, node, NODE_BLOCK));
    uint32_t at_most = syntax_child(tree, node, NODE_AT_MOST);
    if (at_most != NODE_NONE) {
        const struct escalation *around = check_escalation_around(stage);
        body.infer.locals = around == NULL ? NULL : around->locals;
        body.no_form = true;
        fill_at_most(&body, handler, at_most);
    }
    check_handler_close(process, handler);
}

// `every 0 min` would fire without end, and so would stages that lead to one another `after 0 s`.
static void report_no_wait(struct unit *unit, const struct syntax_tree *tree,
                           const struct handler *handler, uint32_t moment)
{
    if (handler->moment->kind == EXPR_DURATION && handler->moment->number <= 0) {
        struct diag *diag = diag_add(unit->diags, DIAG_E0418, syntax_span(tree, moment));
        diag_fact(diag, syntax_source(tree, moment));
        diag_fact(diag, handler->timer_kind == TIMER_EVERY
                            ? SLICE("a time between two firings: it is longer than nothing")
                            : SLICE("a wait: it is longer than nothing"));
    }
}

static void fill_timer(struct unit *unit, struct process *process, struct stage *stage,
                       uint32_t node)
{
    const struct syntax_tree *tree = names_tree(unit, process->decl.file);
    struct handler *handler = check_handler_add(unit, process, stage, HANDLER_TIMER, node);
    struct body body;
    check_body_init(&body, unit, process, handler);
    struct infer infer = make_infer(unit, process, INFER_NO_ME | INFER_NO_TASK);
    infer.locals = body.infer.locals;
    uint32_t moment = syntax_first(tree, node);
    if (syntax_kind(tree, node) == NODE_AFTER) {
        handler->timer_kind = syntax_has(tree, node, NODE_IDLE) ? TIMER_AFTER_IDLE : TIMER_AFTER;
        handler->moment = infer_fit(&infer, moment, type_builtin(TYPE_DURATION), SLICE("`after`"),
                                    span_make(0, 0, 0));
        report_no_wait(unit, tree, handler, moment);
    } else if (syntax_kind(tree, node) == NODE_EVERY) {
        handler->timer_kind = TIMER_EVERY;
        handler->moment = infer_fit(&infer, moment, type_builtin(TYPE_DURATION), SLICE("`every`"),
                                    span_make(0, 0, 0));
        report_no_wait(unit, tree, handler, moment);
    } else {
        handler->timer_kind = TIMER_AT;
        handler->moment = infer_expr(&infer, moment, type_builtin(TYPE_DATETIME));
        if (!type_is(handler->moment->type, TYPE_DATE) &&
            !type_fits(handler->moment->type, type_builtin(TYPE_DATETIME))) {
            infer_report_misfit(&infer, handler->moment, moment, type_builtin(TYPE_DATETIME),
                                SLICE("`at`"), span_make(0, 0, 0));
        }
    }
    handler->block = check_block(&body, syntax_child(tree, node, NODE_BLOCK));
    check_handler_close(process, handler);
}

static void fill_rule(struct unit *unit, struct process *process, struct stage *stage,
                      uint32_t node)
{
    const struct syntax_tree *tree = names_tree(unit, process->decl.file);
    struct handler *handler = check_handler_add(unit, process, stage, HANDLER_RULE, node);
    struct body body;
    check_body_init(&body, unit, process, handler);
    struct infer infer = make_infer(unit, process, INFER_NO_ME | INFER_NO_CLOCK);
    infer.locals = body.infer.locals;
    if (syntax_has(tree, node, NODE_CHANGES)) {
        handler->watched = infer_expr(&infer, syntax_first(tree, node), NULL);
    } else {
        handler->condition = infer_condition(&infer, syntax_first(tree, node));
    }
    handler->block = check_block(&body, syntax_child(tree, node, NODE_BLOCK));
    check_handler_close(process, handler);
}

static void fill_stage_task(struct unit *unit, struct process *process, struct stage *stage,
                            uint32_t node)
{
    const struct syntax_tree *tree = names_tree(unit, process->decl.file);
    if (stage->task != NULL) {
        struct diag *diag = diag_add(unit->diags, DIAG_E0325, syntax_keyword_span(tree, node));
        diag_fact(diag, SLICE("task"));
        diag_fact_format(diag, "stage `%.*s`", SLICE_PRINT(stage->name));
        diag_here(diag, "this is the second one");
        diag_label(diag, stage->task->span, "the first one");
        diag_note(diag, "a stage has at most one task, the next step that a person must take");
        return;
    }
    if (!stage_is_leaf(stage)) {
        struct diag *diag = diag_add(unit->diags, DIAG_E0511, syntax_keyword_span(tree, node));
        diag_fact(diag, stage->name);
        diag_here(diag, "a task belongs to a stage without stages inside");
        diag_label(diag, stage->first_child->span, "a case stands in the stages inside");
        struct span inner = syntax_keyword_span(tree, stage->first_child->node);
        diag_help_edit(diag, DIAG_FIX_GUESS, span_before(inner), SLICE("} "),
                       "if `%.*s` stands beside it, close `%.*s` first",
                       SLICE_PRINT(stage->first_child->name), SLICE_PRINT(stage->name));
        return;
    }
    struct handler *handler = check_handler_add(unit, process, stage, HANDLER_OVERDUE, node);
    struct body body;
    check_body_init(&body, unit, process, handler);
    stage->task = check_task(&body, node);
    handler->block = stage->task->overdue_then;
    check_handler_close(process, handler);
}

static void fill_stage(struct unit *unit, struct process *process, struct stage *stage);

// A stage that was nested too deep is not declared, and passed over.
static struct stage *stage_of_node(struct stage *parent, uint32_t node)
{
    struct stage *child = parent->first_child;
    while (child != NULL && child->node != node) {
        child = child->next_sibling;
    }
    return child;
}

static void fill_branches(struct unit *unit, struct process *process, struct stage *stage,
                          uint32_t parallel)
{
    const struct syntax_tree *tree = names_tree(unit, process->decl.file);
    for (SYNTAX_EACH(tree, parallel, child)) {
        struct stage *branch = stage_of_node(stage, child);
        if (branch != NULL) {
            fill_stage(unit, process, branch);
        }
    }
}

static void fill_item(struct unit *unit, struct process *process, struct stage *stage,
                      uint32_t node)
{
    if (names_is_flooded(unit, process->decl.file) ||
        names_reach_limit(unit, process->decl.span, names_decl(&process->decl, unit->arena),
                          process->handler_count, PROCESS_HANDLERS_MAX,
                          "actions, timers, rules and tasks")) {
        process->broken = true;
        return;
    }
    enum syntax_kind kind = syntax_kind(names_tree(unit, process->decl.file), node);
    if (kind == NODE_ACTION) {
        fill_action(unit, process, stage, node);
    } else if (kind == NODE_AFTER || kind == NODE_AT || kind == NODE_EVERY) {
        fill_timer(unit, process, stage, node);
    } else if (kind == NODE_WHEN) {
        fill_rule(unit, process, stage, node);
    } else if (kind == NODE_ON_MESSAGE) {
        check_fill_message(unit, process, stage, node);
    } else if (kind == NODE_TASK) {
        fill_stage_task(unit, process, stage, node);
    } else if (kind == NODE_ON_ENTER || kind == NODE_ON_EXIT) {
        check_fill_on(unit, process, stage, node);
    } else if (kind == NODE_MIGRATE) {
        check_fill_migrate(unit, process, node);
    } else if (kind == NODE_CHOICE) {
        check_fill_choice(unit, process, stage, node);
    } else if (kind == NODE_PARALLEL) {
        fill_branches(unit, process, stage, node);
        check_fill_parallel(unit, process, stage, node);
    } else if (kind == NODE_STAGE || kind == NODE_ESCALATION) {
        struct stage *inner = stage_of_node(stage, node);
        if (inner != NULL && inner->escalation != NULL && inner->escalation->by.span.end > 0) {
            struct handler *button = check_escalation_button(unit, inner->escalation);
            ARRAY_PUSH(unit->arena, process->handlers, process->handler_count, button);
            report_action_twice(unit, process, button);
            check_handler_close(process, button);
        }
        if (inner != NULL) {
            fill_stage(unit, process, inner);
        }
    }
}

static void fill_stage(struct unit *unit, struct process *process, struct stage *stage)
{
    const struct syntax_tree *tree = names_tree(unit, process->decl.file);
    check_fill_guard(unit, process, stage);
    for (SYNTAX_EACH(tree, stage->node, child)) {
        fill_item(unit, process, stage, child);
    }
}

void check_report_second(struct unit *unit, const struct process *process, uint32_t node,
                         const char *what, struct slice owner, struct span first)
{
    const struct syntax_tree *tree = names_tree(unit, process->decl.file);
    struct diag *diag = diag_add(unit->diags, DIAG_E0325, syntax_keyword_span(tree, node));
    diag_fact(diag, slice_from_cstr(what));
    diag_fact(diag, owner);
    diag_here(diag, "this is the second one");
    diag_label(diag, first, "the first one");
}

static void fill_start(struct unit *unit, struct process *process, uint32_t node, bool is_start)
{
    const struct syntax_tree *tree = names_tree(unit, process->decl.file);
    struct handler **place = is_start ? &process->start : &process->repeat;
    if (*place != NULL) {
        check_report_second(unit, process, node, is_start ? "start" : "on repeat",
                            names_decl(&process->decl, unit->arena), (*place)->span);
        return;
    }
    struct handler *handler = check_handler_add(unit, process, process->stages[0],
                                          is_start ? HANDLER_START : HANDLER_REPEAT, node);
    *place = handler;
    struct body body;
    check_body_init(&body, unit, process, handler);
    handler->block = check_block(&body, syntax_child(tree, node, NODE_BLOCK));
    check_handler_close(process, handler);
    if (is_start && !tree->has_errors && !check_always_flows(handler->block)) {
        struct diag *diag = diag_add(unit->diags, DIAG_E0506, handler->span);
        diag_fact(diag, process->decl.name);
        diag_here(diag, "some path through these steps ends without `=>`");
        diag_help(diag, "end every path with the stage that the case begins in: `=> STAGE`");
    }
}

static void fill_reopen(struct unit *unit, struct process *process, struct process_end *end)
{
    const struct syntax_tree *tree = names_tree(unit, process->decl.file);
    uint32_t reopen = syntax_child(tree, end->node, NODE_REOPEN);
    if (reopen == NODE_NONE) {
        return;
    }
    end->reopen = true;
    end->reopen_on_repeat = syntax_has(tree, reopen, NODE_REOPEN_ON_REPEAT);
    uint32_t by = syntax_child(tree, reopen, NODE_BY);
    end->reopen_by = names_roles(unit, process->decl.file,
                                 by == NODE_NONE ? NODE_NONE : syntax_first(tree, by));
    uint32_t within = syntax_child(tree, reopen, NODE_WITHIN);
    struct infer infer = make_infer(unit, process, 0);
    if (within != NODE_NONE) {
        infer_literal(&infer, syntax_first(tree, within), NULL);
        if (syntax_kind(tree, syntax_first(tree, within)) == NODE_DURATION) {
            end->reopen_within = syntax_literal(tree, syntax_first(tree, within));
        }
    }
    uint32_t flow = syntax_child(tree, reopen, NODE_GOTO);
    struct body body;
    check_body_init(&body, unit, process, NULL);
    end->reopen_target = flow == NODE_NONE ? NULL : check_target(&body, flow);
    const struct target *target = end->reopen_target;
    if (target != NULL && (target->end != NULL || target->choice != NULL)) {
        bool is_end = target->end != NULL;
        struct diag *diag = diag_add(unit->diags, DIAG_E0301, target->span);
        diag_fact(diag, is_end ? target->end->name : target->choice->name);
        diag_fact(diag, process->decl.name);
        diag_here(diag, "a case is reopened into a stage, and this is %s",
                  is_end ? "an end" : "a choice");
        diag_label(diag, is_end ? target->end->span : target->choice->span,
                   "the %s is declared here", is_end ? "end" : "choice");
    }
}

static void fill_field(struct unit *unit, struct process *process, uint32_t node)
{
    const struct syntax_tree *tree = names_tree(unit, process->decl.file);
    struct field *field = NULL;
    for (uint32_t i = 0; i < process->field_count; i++) {
        if (process->fields[i]->span.start == syntax_name_span(tree, node).start) {
            field = process->fields[i];
        }
    }
    if (field == NULL) {
        return;
    }
    uint32_t initial = syntax_child(tree, node, NODE_INITIAL);
    if (initial != NODE_NONE) {
        struct infer infer = make_infer(unit, process, INFER_NO_TASK);
        struct slice what = arena_format(unit->arena, "field `%.*s`", SLICE_PRINT(field->name));
        field->initial =
            infer_fit(&infer, syntax_first(tree, initial), field->type, what, field->span);
        check_computed(unit, process, field);
    }
    uint32_t shown = syntax_child(tree, node, NODE_SHOWN_TO);
    if (shown != NODE_NONE) {
        field->shown_to = names_roles(unit, process->decl.file, syntax_first(tree, shown));
    }
}

static void fill_title(struct unit *unit, struct process *process)
{
    const struct syntax_tree *tree = names_tree(unit, process->decl.file);
    struct span first = { 0 };
    for (SYNTAX_EACH(tree, process->decl.node, child)) {
        if (syntax_kind(tree, child) != NODE_TITLE) {
            continue;
        }
        if (process->title != NULL) {
            check_report_second(unit, process, child, "title",
                                names_decl(&process->decl, unit->arena), first);
            continue;
        }
        first = syntax_keyword_span(tree, child);
        struct infer infer =
            make_infer(unit, process, INFER_NO_TASK | INFER_NO_ME | INFER_IN_TITLE);
        // While the title is read it must not be NULL, so that `{title}` inside it is seen.
        process->title = infer_poison(&infer, child);
        process->title = infer_label(&infer, syntax_first(tree, child));
    }
}

// Remembered so that the proofs need not look for it at every stage.
static void note_namesakes(struct process *process)
{
    for (uint32_t i = 0; i < process->handler_count; i++) {
        struct handler *outer = process->handlers[i];
        for (uint32_t n = 0; outer->kind == HANDLER_ACTION && n < process->handler_count; n++) {
            const struct handler *inner = process->handlers[n];
            outer->has_namesake_inside |= inner->kind == HANDLER_ACTION &&
                                          inner->stage != outer->stage &&
                                          slice_equal(inner->name, outer->name) &&
                                          stage_is_inside(inner->stage, outer->stage);
        }
    }
}

static void report_missing(struct unit *unit, const struct process *process, const char *what,
                           const char *help)
{
    struct diag *diag = diag_add(unit->diags, DIAG_E0326, process->decl.span);
    diag_fact(diag, slice_from_cstr(what));
    diag_fact_format(diag, "process `%.*s`", SLICE_PRINT(process->decl.name));
    diag_help(diag, "%s", help);
}

void check_fill(struct unit *unit, struct process *process)
{
    const struct syntax_tree *tree = names_tree(unit, process->decl.file);
    fill_title(unit, process);
    for (uint32_t i = 0; i < process->escalation_count; i++) {
        check_fill_escalation_asks(unit, process, process->escalations[i]);
    }
    for (SYNTAX_EACH(tree, process->decl.node, child)) {
        if (syntax_kind(tree, child) == NODE_FIELD) {
            fill_field(unit, process, child);
        }
    }
    check_computed_order(unit, process);
    for (SYNTAX_EACH(tree, process->decl.node, child)) {
        enum syntax_kind kind = syntax_kind(tree, child);
        if (kind == NODE_FIELD) {
            continue;
        }
        if (kind == NODE_START || kind == NODE_ON_REPEAT) {
            fill_start(unit, process, child, kind == NODE_START);
        } else {
            fill_item(unit, process, process->stages[0], child);
        }
    }
    for (uint32_t i = 0; i < process->end_count; i++) {
        fill_reopen(unit, process, process->ends[i]);
    }
    note_namesakes(process);
    if (tree->has_errors) {
        process->broken = true;
        return;
    }
    check_escalations_raised(unit, process);
    if (process->stage_count < 2 || process->stages[1]->escalation != NULL) {
        report_missing(unit, process, "stage", "add one: `stage NAME \"…\" { task … action … }`");
        process->broken = true;
    }
    if (process->start == NULL) {
        report_missing(unit, process, "start", "say where a new case begins: `start => STAGE`");
        process->broken = true;
    }
    if (process->repeat != NULL && process->key_count == 0) {
        struct diag *diag = diag_add(unit->diags, DIAG_W502, process->repeat->span);
        diag_fact(diag, process->decl.name);
        diag_here(diag, "without a key nobody is known to ask again");
        diag_help(diag, "name the fields by which a case is found: `key FIELD`");
    }
    if (process->end_count == 0) {
        report_missing(unit, process, "end", "say how a case ends: `end won \"Won\" success`");
        process->broken = true;
    }
}
