// Steps: blocks, asks, assignments, flows. Each path through a block may end in one flow, and
// nothing stands behind a flow (rule 8).
#include "base/array.h"
#include "base/check.h"
#include "dsl/check/check.h"
#include "dsl/model/frame.h"

static const struct syntax_tree *body_tree(const struct body *body)
{
    return names_tree(body->infer.unit, body->infer.file);
}

void check_body_init(struct body *body, struct unit *unit, struct process *process,
                     struct handler *handler)
{
    *body = (struct body){
        .infer = { .unit = unit, .file = process->decl.file, .process = process },
        .process = process,
        .handler = handler,
        .stage = handler == NULL ? process->stages[0] : handler->stage,
    };
    const struct escalation *around = check_escalation_around(body->stage);
    body->infer.locals = around == NULL ? NULL : around->locals;
    body->infer.flags = INFER_MAY_ASK_HOOK;
    if (handler == NULL || handler->kind == HANDLER_ACTION) {
        return;
    }
    body->infer.flags |= handler->kind == HANDLER_START   ? INFER_NO_TASK
                         : handler->kind == HANDLER_ENTER || handler->kind == HANDLER_MIGRATE
                             ? INFER_NO_ME | INFER_NO_TASK
                                                          : INFER_NO_ME;
}

static struct slice body_place(const struct body *body)
{
    static const char *const places[] = {
        [HANDLER_START] = "`start`",    [HANDLER_REPEAT] = "`on repeat`",
        [HANDLER_ACTION] = "an action", [HANDLER_TIMER] = "a timer",
        [HANDLER_RULE] = "a rule",      [HANDLER_OVERDUE] = "what follows `overdue`",
        [HANDLER_ENTER] = "`on enter`", [HANDLER_EXIT] = "`on exit`",
        [HANDLER_CHOICE] = "a choice",  [HANDLER_JOIN] = "what follows a parallel",
        [HANDLER_MESSAGE] = "a message", [HANDLER_CALL_FAILED] = "what follows `send … else`",
        [HANDLER_INTAKE] = "`start`", [HANDLER_MIGRATE] = "`migrate`",
    };
    return slice_from_cstr(body->handler == NULL ? "`reopen`" : places[body->handler->kind]);
}

// --- targets and moments -----------------------------------------------------------------------

static const struct choice *find_choice(const struct process *process, const struct stage *in,
                                        struct slice name)
{
    for (uint32_t i = 0; i < process->choice_count; i++) {
        const struct choice *choice = process->choices[i];
        if ((in == NULL || choice->stage == in) && slice_equal(choice->name, name)) {
            return choice;
        }
    }
    return NULL;
}

static bool find_near(const struct body *body, struct target *target, struct slice name)
{
    for (const struct stage *around = body->stage; around != NULL; around = around->parent) {
        for (const struct stage *child = around->first_child; child != NULL;
             child = child->next_sibling) {
            if (slice_equal(child->name, name)) {
                target->stage = child;
                return true;
            }
        }
        target->choice = find_choice(body->process, around, name);
        if (target->choice != NULL) {
            return true;
        }
    }
    return false;
}

// The name exists, and means something else: an action, a field, a ladder.
static void label_other_target(struct body *body, struct diag *diag, struct slice name)
{
    const struct process *process = body->process;
    for (uint32_t i = 0; i < process->handler_count; i++) {
        const struct handler *handler = process->handlers[i];
        if (handler->kind == HANDLER_ACTION && handler != body->handler &&
            slice_equal(handler->name, name)) {
            diag_label(diag, handler->span, "`%.*s` is an action", SLICE_PRINT(name));
            return;
        }
    }
    const struct field *field = infer_find_field(process, name);
    if (field != NULL) {
        diag_label(diag, field->span, "`%.*s` is a field", SLICE_PRINT(name));
        return;
    }
    names_label_other(body->infer.unit, body->infer.file, diag, name);
}

static void report_unknown_target(struct body *body, uint32_t name_node)
{
    struct unit *unit = body->infer.unit;
    const struct process *process = body->process;
    struct slice name = syntax_name(body_tree(body), name_node);
    struct span span = syntax_span(body_tree(body), name_node);
    struct diag *diag = diag_add(unit->diags, DIAG_E0301, span);
    diag_fact(diag, name);
    diag_fact(diag, process->decl.name);
    if (body->handler != NULL) {
        diag_here(diag, "%.*s moves the case here",
                  SLICE_PRINT(check_handler_name(body->handler, unit->arena)));
    }
    label_other_target(body, diag, name);
    struct suggestions suggestions;
    suggest_init(&suggestions, name);
    for (uint32_t i = 1; i < process->stage_count; i++) {
        suggest_offer(&suggestions, process->stages[i]->name, process->stages[i]->depth);
    }
    for (uint32_t i = 0; i < process->end_count; i++) {
        suggest_offer(&suggestions, process->ends[i]->name, 1);
    }
    for (uint32_t i = 0; i < process->choice_count; i++) {
        suggest_offer(&suggestions, process->choices[i]->name, 1);
    }
    if (!diag_suggest(diag, &suggestions, span, "stage or end")) {
        diag_help(diag, "declare it in the process: `stage %.*s \"…\" { … }` or `end %.*s \"…\"`",
                  SLICE_PRINT(name), SLICE_PRINT(name));
    }
}

// Looked up from the inside out, then among the ends, then anywhere if only one has the name (rule
// 46).
static void resolve_target(struct body *body, struct target *target, uint32_t name_node)
{
    struct slice name = syntax_name(body_tree(body), name_node);
    const struct process *process = body->process;
    if (find_near(body, target, name)) {
        return;
    }
    for (uint32_t i = 0; i < process->end_count; i++) {
        if (slice_equal(process->ends[i]->name, name)) {
            target->end = process->ends[i];
            return;
        }
    }
    const struct stage *other = NULL;
    for (uint32_t i = 1; i < process->stage_count; i++) {
        if (!slice_equal(process->stages[i]->name, name)) {
            continue;
        }
        other = target->stage;
        target->stage = process->stages[i];
        if (other != NULL) {
            break;
        }
    }
    if (other != NULL) {
        struct diag *diag = diag_add(body->infer.unit->diags, DIAG_E0311, target->span);
        diag_fact(diag, name);
        diag_here(diag, "which of them?");
        diag_label(diag, other->span, "this is one");
        diag_label(diag, target->stage->span, "this is another");
        diag_note(diag, "a stage is looked for from the inside out, then anywhere in the process");
        target->stage = NULL;
        return;
    }
    if (target->stage == NULL) {
        target->choice = find_choice(body->process, NULL, name);
    }
    if (target->stage == NULL && target->choice == NULL) {
        report_unknown_target(body, name_node);
    }
}

// An escalation is raised, not reached; from inside it, its own stages are ordinary targets.
static void report_into_escalation(struct body *body, struct target *target)
{
    const struct stage *at = target->choice != NULL ? target->choice->stage : target->stage;
    const struct escalation *into = check_escalation_around(at);
    if (into == NULL ||
        (into == check_escalation_around(body->stage) && target->stage != into->stage)) {
        return;
    }
    struct diag *diag = diag_add(body->infer.unit->diags, DIAG_E0530, target->span);
    diag_fact(diag, into->stage->name);
    diag_label(diag, into->stage->span, "it is declared here");
    if (into == check_escalation_around(body->stage)) {
        diag_note(diag, "it is open here already");
        return;
    }
    struct span arrow = span_make(target->span.file, target->arrow.start, target->span.end);
    diag_help_edit(diag, DIAG_FIX_GUESS, arrow,
                   arena_format(body->infer.unit->arena, "escalate %.*s",
                                SLICE_PRINT(into->stage->name)),
                   "raise it");
}

// `=> done` finishes the nearest branch around it (rule 3).
static void resolve_done(struct body *body, struct target *target, uint32_t node)
{
    const struct syntax_tree *tree = body_tree(body);
    target->done = stage_branch(body->stage);
    bool is_inside = false; // of one that is no branch, because of what was reported
    for (uint32_t at = node; at != NODE_NONE && !is_inside; at = syntax_node(tree, at)->parent) {
        is_inside = syntax_kind(tree, at) == NODE_PARALLEL;
    }
    if (target->done != NULL || is_inside) {
        return;
    }
    struct diag *diag = diag_add(body->infer.unit->diags, DIAG_E0523, target->span);
    diag_here(diag, "there is no branch that this could finish");
    diag_note(diag, "`done` finishes the branch that the flow is written in, and is no end");
    if (body->process->end_count > 0) {
        diag_help(diag, "lead to a stage or an end by its name, for example `=> %.*s`",
                  SLICE_PRINT(body->process->ends[0]->name));
    }
}

struct target *check_target(struct body *body, uint32_t goto_node)
{
    const struct syntax_tree *tree = body_tree(body);
    struct target *target = ARENA_NEW(body->infer.unit->arena, struct target);
    uint32_t name = syntax_first(tree, goto_node);
    if (name != NODE_NONE && syntax_kind(tree, name) == NODE_NAME) {
        target->span = syntax_span(tree, name);
        target->arrow = syntax_keyword_span(tree, goto_node);
        resolve_target(body, target, name);
    } else if (name != NODE_NONE && syntax_kind(tree, name) == NODE_DONE) {
        target->span = syntax_span(tree, name);
        resolve_done(body, target, goto_node);
    }
    if (check_is_back(tree, goto_node)) {
        check_report_back_outside(body, goto_node);
    }
    if (target->stage == NULL && target->end == NULL && target->choice == NULL &&
        target->done == NULL) {
        body->process->broken = true;
    }
    report_into_escalation(body, target);
    uint32_t due = syntax_child(tree, goto_node, NODE_DUE);
    if (due != NODE_NONE) {
        target->due = check_due(body, due);
    }
    return target;
}

static bool is_moment(const struct type *type, bool with_date)
{
    return type_is_poison(type) || type_is(type, TYPE_DATETIME) || type_is(type, TYPE_TIME) ||
           type_is(type, TYPE_DURATION) || (with_date && type_is(type, TYPE_DATE));
}

static const struct expr *check_moment(struct body *body, uint32_t node, bool with_date)
{
    const struct expr *moment = infer_expr(&body->infer, node, type_builtin(TYPE_DATETIME));
    if (is_moment(moment->type, with_date)) {
        return moment;
    }
    struct diag *diag = diag_add(body->infer.unit->diags, DIAG_E0401,
                                 syntax_span(body_tree(body), node));
    diag_fact(diag, infer_quoted_type(&body->infer, moment->type));
    diag_fact(diag, SLICE("a moment"));
    diag_here(diag, "this is %.*s", SLICE_PRINT(infer_quoted_type(&body->infer, moment->type)));
    if (type_is_number(moment->type)) {
        diag_help_edit(diag, DIAG_FIX_PLACEHOLDER, span_after(moment->span), SLICE(" min"),
                       "add s, min, h, days, weeks or months");
    } else {
        diag_help(diag, "write a wait (`2 h`), a day, a time of day, or a moment (`today 18:00`)");
    }
    return infer_poison(&body->infer, node);
}

const struct due *check_due(struct body *body, uint32_t node)
{
    const struct syntax_tree *tree = body_tree(body);
    struct due *due = ARENA_NEW(body->infer.unit->arena, struct due);
    due->span = syntax_span(tree, node);
    due->moment = check_moment(body, syntax_first(tree, node), true);
    due->within = names_within(body->infer.unit, body->infer.file, node);
    due->promised = syntax_has(tree, node, NODE_PROMISED);
    uint32_t until = syntax_child(tree, node, NODE_UNTIL);
    if (until != NODE_NONE) {
        due->until = check_moment(body, syntax_first(tree, until), false);
    }
    return due;
}

// --- tasks -------------------------------------------------------------------------------------

struct task *check_task(struct body *body, uint32_t node)
{
    struct unit *unit = body->infer.unit;
    const struct syntax_tree *tree = body_tree(body);
    struct task *task = ARENA_NEW(unit->arena, struct task);
    task->span = syntax_keyword_span(tree, node);
    unsigned flags = body->infer.flags;
    bool is_stage_task = body->handler != NULL && body->handler->kind == HANDLER_OVERDUE;
    if (is_stage_task) {
        body->infer.flags |= INFER_NO_TASK;
    }
    task->title = infer_label(&body->infer, syntax_child(tree, node, NODE_LABEL));
    task->role = names_role(unit, body->infer.file, syntax_child_class(tree, node, CLASS_NAME, 0));
    uint32_t due = syntax_child(tree, node, NODE_DUE);
    task->due = due == NODE_NONE ? NULL : check_due(body, due);
    body->infer.flags = flags;
    task->urgent = syntax_has(tree, node, NODE_URGENT);
    task->script = names_clause_label(unit, tree, node, NODE_SCRIPT);
    uint32_t other = syntax_child(tree, node, NODE_OTHER_THAN);
    task->other_than = names_roles(unit, body->infer.file,
                                   other == NODE_NONE ? NODE_NONE : syntax_first(tree, other));
    check_reminds(body, task, node);
    uint32_t overdue = syntax_child(tree, node, NODE_OVERDUE);
    if (overdue == NODE_NONE) {
        return task;
    }
    task->overdue = names_ladder(unit, body->infer.file, syntax_first(tree, overdue));
    check_ladder_use(unit, body->process, task->overdue,
                     syntax_span(tree, syntax_first(tree, overdue)));
    uint32_t then = syntax_child(tree, overdue, NODE_BLOCK);
    if (then != NODE_NONE && is_stage_task) {
        task->overdue_then = check_block(body, then);
    } else if (then != NODE_NONE) {
        struct diag *diag =
            diag_add(unit->diags, DIAG_E0507, syntax_keyword_span(tree, then));
        diag_fact(diag, SLICE("`then`"));
        diag_fact(diag, SLICE("a side task"));
        diag_note(diag, "a side task moves nothing; only the task of a stage does");
    }
    return task;
}

// --- asks --------------------------------------------------------------------------------------

static void report_ask_name(struct body *body, const struct ask *ask)
{
    struct unit *unit = body->infer.unit;
    const struct local *local = infer_find_local(&body->infer, ask->name);
    const struct field *field = infer_find_field(body->process, ask->name);
    const struct role *role = names_find_role(unit, body->infer.file, ask->name);
    if (local != NULL) {
        names_twice(unit, ask->span, local->span, "item", ask->name);
    } else if (field != NULL) {
        struct diag *diag = diag_add(unit->diags, DIAG_E0310, ask->span);
        diag_fact(diag, SLICE("field"));
        diag_fact(diag, ask->name);
        diag_here(diag, "with a type this is a new name");
        diag_label(diag, field->span, "the field is declared here");
        diag_help(diag, "to fill the field write only `ask %.*s`", SLICE_PRINT(ask->name));
    } else if (role != NULL) {
        struct diag *diag = diag_add(unit->diags, DIAG_E0320, ask->span);
        diag_fact(diag, ask->name);
        diag_here(diag, "an answer of the same name would hide the role's holder");
        diag_label(diag, role->decl.span, "the role is declared here");
    }
}

static void check_not_computed(struct body *body, const struct field *field, struct span span,
                               const char *what)
{
    if (!field->computed) {
        return;
    }
    struct diag *diag = diag_add(body->infer.unit->diags, DIAG_E0447, span);
    diag_fact(diag, field->name);
    diag_fact(diag, slice_from_cstr(what));
    diag_label(diag, field->initial->span, "it is worked out from this, whenever that changes");
    diag_help(diag, "leave this out, or take `= …` from the field and give it a value in steps");
}

static void resolve_asked_field(struct body *body, struct ask *ask, uint32_t node)
{
    struct unit *unit = body->infer.unit;
    ask->field = infer_find_field(body->process, ask->name);
    if (ask->field != NULL) {
        check_not_computed(body, ask->field, ask->span, "asked for");
        ask->type = ask->field->type;
        ask->label = ask->field->label;
        ask->help = ask->field->help;
        return;
    }
    ask->type = type_builtin(TYPE_POISON);
    struct diag *diag = diag_add(unit->diags, DIAG_E0306, ask->span);
    diag_fact(diag, ask->name);
    diag_fact(diag, body->process->decl.name);
    diag_here(diag, "without a type, `ask` fills a field");
    struct suggestions suggestions;
    suggest_init(&suggestions, ask->name);
    for (uint32_t i = 0; i < body->process->field_count; i++) {
        suggest_offer(&suggestions, body->process->fields[i]->name, 0);
    }
    if (!diag_suggest(diag, &suggestions, ask->span, "field")) {
        diag_help_edit(diag, DIAG_FIX_PLACEHOLDER,
                       span_after(syntax_name_span(body_tree(body), node)), SLICE(": text"),
                       "give it a type, if the answer is needed only here");
    }
}

// The form of an action is one, whichever way its steps go: each answer has a name of its own.
static bool report_asked_twice(struct body *body, const struct ask *ask)
{
    for (uint32_t i = 0; i < body->handler->ask_count; i++) {
        const struct ask *other = body->handler->asks[i];
        if (ask->name.len == 0 || !slice_equal(other->name, ask->name)) {
            continue;
        }
        struct diag *diag = diag_add(body->infer.unit->diags, DIAG_E0310, ask->span);
        diag_fact(diag, SLICE("answer"));
        diag_fact(diag, ask->name);
        diag_here(diag, "this is the second one");
        diag_label(diag, other->span, "it is asked here");
        diag_note(diag, "an action has one form, whichever way its steps go");
        diag_help(diag, "ask once, before the ways part");
        return true;
    }
    return false;
}

// A clause with the space before it: what is left reads as if it had never stood there.
static struct span clause_span(const struct syntax_tree *tree, uint32_t node)
{
    struct span span = syntax_span(tree, node);
    while (span.start > 0 && tree->text.ptr[span.start - 1] == ' ') {
        span.start--;
    }
    return span;
}

const struct ask *check_ask(struct body *body, uint32_t node)
{
    struct unit *unit = body->infer.unit;
    const struct syntax_tree *tree = body_tree(body);
    struct handler *handler = body->handler;
    uint32_t quick = syntax_child(tree, node, NODE_QUICK);
    if (names_reach_limit(unit, handler->span, check_handler_name(handler, unit->arena),
                          handler->local_count, IMAGE_LOCALS_MAX, "answers")) {
        return NULL;
    }
    struct ask *ask = ARENA_NEW(unit->arena, struct ask);
    *ask = (struct ask){ .name = syntax_name(tree, node),
                         .span = syntax_name_span(tree, node),
                         .required = syntax_has(tree, node, NODE_REQUIRED),
                         .quick = quick != NODE_NONE };
    uint32_t type = syntax_child_class(tree, node, CLASS_TYPE, 0);
    if (type == NODE_NONE) {
        resolve_asked_field(body, ask, node);
    } else {
        ask->type = names_type(unit, body->infer.file, type);
        ask->label = names_label(unit, tree, node);
    }
    if (syntax_has(tree, node, NODE_HELP)) {
        ask->help = names_clause_label(unit, tree, node, NODE_HELP);
    }
    if (!report_asked_twice(body, ask) && type != NODE_NONE) {
        report_ask_name(body, ask);
    }
    uint32_t initial = syntax_child(tree, node, NODE_INITIAL);
    if (initial != NODE_NONE) {
        body->infer.flags |= INFER_IN_FORM;
        ask->initial = infer_fit(&body->infer, syntax_first(tree, initial), ask->type,
                                 arena_format(unit->arena, "`%.*s`", SLICE_PRINT(ask->name)),
                                 ask->span);
        body->infer.flags &= ~(unsigned)INFER_IN_FORM;
    }
    if (quick != NODE_NONE && !type_is_poison(ask->type) && !type_is(ask->type, TYPE_DATE) &&
        !type_is(ask->type, TYPE_DATETIME) && !type_is(ask->type, TYPE_TIME)) {
        struct diag *diag = diag_add(unit->diags, DIAG_E0427, syntax_span(tree, quick));
        diag_fact(diag, ask->name);
        diag_fact(diag, infer_quoted_type(&body->infer, ask->type));
        diag_note(diag, "`quick` offers days and hours to tap on");
        diag_help_edit(diag, DIAG_FIX_SAFE, clause_span(tree, quick), SLICE_EMPTY,
                       "leave `quick` out");
    }
    ask->local = handler->local_count++;
    ARRAY_PUSH(unit->arena, handler->asks, handler->ask_count, ask);
    if (handler->kind != HANDLER_ACTION && handler->kind != HANDLER_START) {
        struct diag *diag = diag_add(unit->diags, DIAG_E0512, syntax_keyword_span(tree, node));
        diag_fact(diag, ask->name);
        diag_fact(diag, body_place(body));
        diag_here(diag, "nobody presses %.*s", SLICE_PRINT(body_place(body)));
        diag_help(diag, "ask in an action, or in `start`");
    }
    if (ask->field == NULL && ask->name.len > 0) {
        struct local *local = ARENA_NEW(unit->arena, struct local);
        *local = (struct local){ .name = ask->name,
                                 .type = ask->type,
                                 .number = ask->local,
                                 .span = ask->span,
                                 .outer = body->infer.locals };
        body->infer.locals = local;
    }
    return ask;
}

// --- other steps -------------------------------------------------------------------------------

static void report_unassignable(struct body *body, uint32_t name_node, const struct local *local)
{
    struct unit *unit = body->infer.unit;
    const struct syntax_tree *tree = body_tree(body);
    struct slice name = syntax_name(tree, name_node);
    struct diag *diag = diag_add(unit->diags, local != NULL ? DIAG_E0319 : DIAG_E0306,
                                 syntax_span(tree, name_node));
    diag_fact(diag, name);
    if (local != NULL) {
        diag_here(diag, local->is_item ? "this is the item being converted" : "this is an answer");
        diag_label(diag, local->span, "it gets its value here");
        diag_help(diag, "keep the value in a field of the process");
        return;
    }
    diag_fact(diag, body->process->decl.name);
    diag_here(diag, "only fields and roles are given values");
    struct suggestions suggestions;
    suggest_init(&suggestions, name);
    for (uint32_t i = 0; i < body->process->field_count; i++) {
        suggest_offer(&suggestions, body->process->fields[i]->name, 0);
    }
    const struct unit_file *own = &unit->files[body->infer.file];
    for (uint32_t i = 0; i < own->visible_count; i++) {
        if (own->visible[i]->kind == DECL_ROLE) {
            suggest_offer(&suggestions, own->visible[i]->name, 1);
        }
    }
    if (!diag_suggest(diag, &suggestions, syntax_span(tree, name_node), "field")) {
        diag_help(diag, "declare it in the process: `field %.*s: …`", SLICE_PRINT(name));
    }
}

void check_assign(struct body *body, struct step *step, uint32_t node)
{
    struct unit *unit = body->infer.unit;
    const struct syntax_tree *tree = body_tree(body);
    uint32_t name_node = syntax_first(tree, node);
    uint32_t value = syntax_next(tree, name_node);
    if (syntax_kind(tree, name_node) != NODE_NAME) {
        step->expr = infer_expr(&body->infer, value, NULL);
        return;
    }
    struct slice name = syntax_name(tree, name_node);
    const struct local *local = infer_find_local(&body->infer, name);
    step->field = local == NULL ? infer_find_field(body->process, name) : NULL;
    if (step->field != NULL) {
        check_not_computed(body, step->field, syntax_span(tree, name_node), "given a value");
        step->expr = infer_fit(&body->infer, value, step->field->type,
                               arena_format(unit->arena, "field `%.*s`", SLICE_PRINT(name)),
                               step->field->span);
        return;
    }
    step->role = local == NULL ? names_find_role(unit, body->infer.file, name) : NULL;
    if (step->role == NULL) {
        report_unassignable(body, name_node, local);
        step->expr = infer_expr(&body->infer, value, NULL);
        return;
    }
    struct type *holder = ARENA_NEW(unit->arena, struct type);
    *holder = (struct type){ .kind = TYPE_USER, .role = step->role };
    step->expr = infer_fit(&body->infer, value, holder, SLICE("the role"), span_make(0, 0, 0));
}

static void check_if(struct body *body, struct step *step, uint32_t node)
{
    const struct syntax_tree *tree = body_tree(body);
    step->expr = infer_condition(&body->infer, syntax_first(tree, node));
    step->then = check_block(body, syntax_child_class(tree, node, CLASS_BLOCK, 0));
    uint32_t otherwise = syntax_child_class(tree, node, CLASS_BLOCK, 1);
    if (otherwise != NODE_NONE) {
        step->otherwise = check_block(body, otherwise);
    }
}

static bool is_hook(const struct body *body)
{
    return body->handler != NULL &&
           (body->handler->kind == HANDLER_ENTER || body->handler->kind == HANDLER_EXIT);
}

// NULL: the flow may stand there.
static const char *why_no_flow(const struct body *body, enum syntax_kind flow)
{
    if (body->handler == NULL || body->handler->kind == HANDLER_ACTION) {
        return NULL;
    }
    enum handler_kind kind = body->handler->kind;
    if (kind == HANDLER_CALL_FAILED && flow != NODE_ESCALATE) { // rule 38
        return "it runs after the last try, wherever the case stands then; fill a field, and let "
               "a rule of the right stage look at it";
    }
    if (is_hook(body)) {
        return "the case is on its way from one stage to another already; it cannot turn off here";
    }
    if (kind == HANDLER_CHOICE && flow != NODE_GOTO) {
        return "a choice is passed at once: each of its ways leads to a stage or an end";
    }
    if (kind == HANDLER_JOIN && flow != NODE_GOTO) {
        return "the branches are done, and so are their tasks";
    }
    if (flow == NODE_RETRY) {
        return "a ladder counts the presses of an action";
    }
    if (flow == NODE_AGAIN && (kind == HANDLER_START || kind == HANDLER_REPEAT)) {
        return "`again` moves the task that is open, and there may be none";
    }
    return NULL;
}

static void check_flow_here(struct body *body, uint32_t node)
{
    const struct syntax_tree *tree = body_tree(body);
    enum syntax_kind kind = syntax_kind(tree, node);
    const char *why = why_no_flow(body, kind);
    if (why == NULL) {
        return;
    }
    body->process->broken = true;
    struct diag *diag =
        diag_add(body->infer.unit->diags, DIAG_E0507, syntax_keyword_span(tree, node));
    diag_fact(diag, kind == NODE_GOTO    ? SLICE("`=>`")
                    : kind == NODE_RETRY ? SLICE("`retry`")
                                         : SLICE("`again`"));
    diag_fact(diag, body_place(body));
    diag_note(diag, "%s", why);
    if (is_hook(body)) {
        diag_help(diag, "move the case by a rule: `when CONDITION => STAGE`");
    }
}

// What is made in `on exit` for the stage that is left would be withdrawn at once.
static void check_side_task_here(struct body *body, uint32_t node)
{
    if (body->handler == NULL || body->handler->kind != HANDLER_EXIT) {
        return;
    }
    struct diag *diag = diag_add(body->infer.unit->diags, DIAG_E0507,
                                 syntax_keyword_span(body_tree(body), node));
    diag_fact(diag, SLICE("a side task"));
    diag_fact(diag, body_place(body));
    diag_note(diag, "a side task belongs to the stage it is made in, and is withdrawn with it");
}

void check_report_misplaced(struct body *body, uint32_t node, struct slice what, const char *note)
{
    struct diag *diag = diag_add(body->infer.unit->diags, DIAG_E0507,
                                 syntax_keyword_span(body_tree(body), node));
    diag_fact(diag, what);
    diag_fact(diag, body_place(body));
    diag_note(diag, "%s", note);
    body->process->broken = true;
}

static const struct collection *check_cancel(struct body *body, uint32_t node)
{
    return infer_named_collection(&body->infer, body->process, syntax_first(body_tree(body), node));
}

static bool check_one_step(struct body *body, struct step *step, uint32_t node)
{
    struct unit *unit = body->infer.unit;
    const struct syntax_tree *tree = body_tree(body);
    enum syntax_kind kind = syntax_kind(tree, node);
    uint32_t first = syntax_first(tree, node);
    if (kind == NODE_ASK) {
        step->kind = STEP_ASK;
        step->ask = check_ask(body, node);
    } else if (kind == NODE_ASSIGN) {
        step->kind = STEP_ASSIGN;
        check_assign(body, step, node);
    } else if (kind == NODE_REQUIRE) {
        step->kind = STEP_REQUIRE;
        step->expr = infer_condition(&body->infer, first);
        step->text = infer_label(&body->infer, syntax_child(tree, node, NODE_LABEL));
    } else if (kind == NODE_IF) {
        step->kind = STEP_IF;
        check_if(body, step, node);
    } else if (kind == NODE_NOTIFY) {
        step->kind = STEP_NOTIFY;
        step->role = names_role(unit, body->infer.file, first);
        step->text = infer_label(&body->infer, syntax_child(tree, node, NODE_LABEL));
        step->within = names_within(unit, body->infer.file, node);
    } else if (kind == NODE_CONVERT_INTO || kind == NODE_CONVERT_EACH) {
        step->kind = STEP_CONVERT;
        step->convert = check_convert_step(body, node);
    } else if (kind == NODE_SEND) {
        step->kind = STEP_SEND;
        step->send = check_send(body, node);
        step->within = names_within(unit, body->infer.file, node);
    } else if (kind == NODE_CANCEL) {
        step->kind = STEP_CANCEL;
        step->collection = check_cancel(body, node);
    } else if (kind == NODE_TASK) {
        step->kind = STEP_TASK;
        check_side_task_here(body, node);
        step->task = check_task(body, node);
    } else if (kind == NODE_GOTO && check_is_back(tree, node)) {
        check_back(body, step, node);
    } else if (kind == NODE_MERGE) {
        check_merge(body, step, node);
    } else if (kind == NODE_GOTO) {
        step->kind = STEP_GOTO;
        check_flow_here(body, node);
        step->target = check_target(body, node);
    } else if (kind == NODE_AGAIN) {
        step->kind = STEP_AGAIN;
        check_flow_here(body, node);
        step->due = first == NODE_NONE || syntax_kind(tree, first) != NODE_DUE
                        ? NULL
                        : check_due(body, first);
    } else if (kind == NODE_RETRY) {
        step->kind = STEP_RETRY;
        check_flow_here(body, node);
        step->ladder = names_ladder(unit, body->infer.file, first);
        check_ladder_use(unit, body->process, step->ladder, syntax_span(tree, first));
        step->then = check_block(body, syntax_child_class(tree, node, CLASS_BLOCK, 0));
    } else {
        return false;
    }
    return true;
}

// --- blocks ------------------------------------------------------------------------------------

static bool step_may_flow(const struct step *step)
{
    if (step->kind == STEP_GOTO || step->kind == STEP_AGAIN || step->kind == STEP_RETRY ||
        step->kind == STEP_ESCALATE || step->kind == STEP_BACK || step->kind == STEP_MERGE) {
        return true;
    }
    return step->kind == STEP_IF &&
           (check_may_flow(step->then) ||
            (step->otherwise != NULL && check_may_flow(step->otherwise)));
}

bool check_may_flow(const struct block *block)
{
    for (uint32_t i = 0; i < block->count; i++) {
        if (step_may_flow(&block->steps[i])) {
            return true;
        }
    }
    return false;
}

bool check_always_flows(const struct block *block)
{
    if (block->count == 0) {
        return false;
    }
    const struct step *last = &block->steps[block->count - 1];
    if (last->kind == STEP_IF) {
        return last->otherwise != NULL && check_always_flows(last->then) &&
               check_always_flows(last->otherwise);
    }
    return step_may_flow(last);
}

// `flow` is what `block` ends with when its call may have been meant to fail first.
static bool lacks_else(const struct block *block, const struct step *flow)
{
    if (flow->kind != STEP_ESCALATE || block->count < 2) {
        return false;
    }
    const struct step *before = &block->steps[block->count - 2];
    return before->kind == STEP_SEND && before->send != NULL && before->send->otherwise == NULL;
}

static void report_after_flow(struct body *body, const struct block *block,
                              const struct step *flow, const struct step *next)
{
    const struct syntax_tree *tree = body_tree(body);
    bool moves_twice = step_may_flow(next);
    struct diag *diag = diag_add(body->infer.unit->diags, moves_twice ? DIAG_E0505 : DIAG_E0504,
                                 syntax_keyword_span(tree, next->node));
    bool is_if = flow->kind == STEP_IF;
    diag_fact_format(diag, "`%.*s`",
                     SLICE_PRINT(source_text(body->infer.unit->sources,
                                             is_if ? syntax_keyword_span(tree, flow->node)
                                                   : syntax_span(tree, flow->node))));
    diag_here(diag, moves_twice ? "and moves on again here" : "a path has ended before this");
    diag_label(diag, syntax_keyword_span(tree, flow->node),
               is_if ? "a path through this `if` moves the case already"
                     : "the case moves on here");
    diag_note(diag, "on each path the flow is the last step, and there is only one");
    if (lacks_else(block, flow)) {
        diag_help_edit(diag, DIAG_FIX_GUESS, span_before(syntax_span(tree, flow->node)),
                       SLICE("else "),
                       "write `else` before the first: it then follows a call that failed");
    }
    if (is_if && flow->otherwise == NULL) {
        if (moves_twice && next->kind != STEP_IF) {
            diag_help_edit(diag, DIAG_FIX_GUESS, span_before(syntax_span(tree, next->node)),
                           SLICE("else "), "write `else` before it");
        } else {
            diag_help(diag, "put what follows into `else { … }`");
        }
    } else if (!is_if) {
        struct span first = syntax_span(tree, flow->node);
        struct span second = syntax_span(tree, next->node);
        const struct source_set *sources = body->infer.unit->sources;
        if (moves_twice) {
            diag_help_edit(diag, DIAG_FIX_GUESS, span_make(first.file, first.end, second.end),
                           SLICE_EMPTY, "leave the second move out");
        } else {
            struct slice gap = source_text(sources, span_make(first.file, first.end, second.start));
            diag_help_edit(diag, DIAG_FIX_GUESS, span_join(first, second),
                           arena_format(body->infer.unit->arena, "%.*s%.*s%.*s",
                                        SLICE_PRINT(source_text(sources, second)),
                                        SLICE_PRINT(gap),
                                        SLICE_PRINT(source_text(sources, first))),
                           "put the move behind it");
        }
    }
}

static void report_block_depth(struct body *body, uint32_t node)
{
    struct diag *diag = diag_add(body->infer.unit->diags, DIAG_E0416,
                                 syntax_keyword_span(body_tree(body), node));
    diag_fact_format(diag, "%d", IMAGE_BLOCK_DEPTH_MAX);
    diag_here(diag, "these steps stand too deep inside others");
}

// A flow with steps behind it, or NODE_NONE. It is looked at after them, so that their answers are
// known to it as they will be when it stands last.
static uint32_t early_flow(const struct syntax_tree *tree, uint32_t block)
{
    for (SYNTAX_EACH(tree, block, child)) {
        enum syntax_kind kind = syntax_kind(tree, child);
        if (kind == NODE_GOTO || kind == NODE_AGAIN || kind == NODE_RETRY) {
            uint32_t next = syntax_next(tree, child);
            bool flows = next != NODE_NONE &&
                         (syntax_kind(tree, next) == NODE_GOTO ||
                          syntax_kind(tree, next) == NODE_AGAIN ||
                          syntax_kind(tree, next) == NODE_RETRY);
            return next == NODE_NONE || flows ? NODE_NONE : child;
        }
    }
    return NODE_NONE;
}

// The steps in the order of the text, but the early flow last. `step` NODE_NONE: the first one.
static uint32_t next_step(const struct syntax_tree *tree, uint32_t block, uint32_t step,
                          uint32_t early)
{
    if (step != NODE_NONE && step == early) {
        return NODE_NONE;
    }
    uint32_t next = step == NODE_NONE ? syntax_first(tree, block) : syntax_next(tree, step);
    if (next != NODE_NONE && next == early) {
        next = syntax_next(tree, next);
    }
    return next == NODE_NONE ? early : next;
}

const struct block *check_block(struct body *body, uint32_t node)
{
    struct unit *unit = body->infer.unit;
    const struct syntax_tree *tree = body_tree(body);
    struct block *block = ARENA_NEW(unit->arena, struct block);
    if (node == NODE_NONE || syntax_kind(tree, node) != NODE_BLOCK) {
        body->process->broken = true;
        return block;
    }
    block->span = syntax_span(tree, node);
    if (body->block_depth == IMAGE_BLOCK_DEPTH_MAX) {
        report_block_depth(body, node);
        return block;
    }
    body->block_depth++;
    const struct local *outer = body->infer.locals;
    bool reported = false;
    uint32_t early = early_flow(tree, node);
    struct step late = { .node = NODE_NONE }; // the first step behind it
    for (uint32_t child = next_step(tree, node, NODE_NONE, early); child != NODE_NONE;
         child = next_step(tree, node, child, early)) {
        if (names_is_flooded(unit, body->infer.file)) {
            body->process->broken = true;
            break;
        }
        struct step step = { .node = child, .span = syntax_span(tree, child) };
        bool known = syntax_kind(tree, child) == NODE_ESCALATE
                         ? check_escalate(body, &step, child, block)
                         : check_one_step(body, &step, child);
        if (!known) {
            body->process->broken = true;
            continue;
        }
        if (early != NODE_NONE && syntax_next(tree, early) == child) {
            late = step;
        }
        if (child == early && late.node != NODE_NONE) {
            report_after_flow(body, block, &step, &late);
            reported = true;
        }
        if (!reported && block->count > 0 && step_may_flow(&block->steps[block->count - 1])) {
            report_after_flow(body, block, &block->steps[block->count - 1], &step);
            reported = true;
        }
        ARRAY_PUSH(unit->arena, block->steps, block->count, step);
    }
    body->infer.locals = outer;
    body->block_depth--;
    return block;
}
