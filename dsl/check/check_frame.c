// Escalations: what they declare and ask, the step that raises one, and the flows that end in
// another place than a stage: `=> back` (rule 27) and `merge into` (rule 35).
#include "base/array.h"
#include "base/check.h"
#include "dsl/check/check.h"
#include "dsl/model/frame.h"

static const struct syntax_tree *body_tree(const struct body *body)
{
    return names_tree(body->infer.unit, body->infer.file);
}

const struct escalation *check_escalation_around(const struct stage *stage)
{
    while (stage != NULL && stage->escalation == NULL) {
        stage = stage->parent;
    }
    return stage == NULL ? NULL : stage->escalation;
}

static struct escalation *find_escalation(const struct process *process, struct slice name)
{
    for (uint32_t i = 0; i < process->escalation_count; i++) {
        if (slice_equal(process->escalations[i]->stage->name, name)) {
            return process->escalations[i];
        }
    }
    return NULL;
}

// --- what an escalation asks ---------------------------------------------------------------------

// An answer lives as long as the frame: in a field of the case that no form and no step can name.
static const struct field *frame_field(struct unit *unit, struct process *process,
                                       const struct escalation *escalation, const struct ask *ask)
{
    if (names_reach_limit(unit, process->decl.span, names_decl(&process->decl, unit->arena),
                          process->field_count, PROCESS_FIELDS_MAX, "fields")) {
        process->broken = true;
        return NULL;
    }
    struct field *field = ARENA_NEW(unit->arena, struct field);
    *field = (struct field){ .name = arena_format(unit->arena, "%.*s.%.*s",
                                                  SLICE_PRINT(escalation->stage->name),
                                                  SLICE_PRINT(ask->name)),
                             .label = ask->label,
                             .help = ask->help,
                             .span = ask->span,
                             .type = ask->type,
                             .flags = FIELD_READONLY | FIELD_FRAME,
                             .index = process->field_count };
    ARRAY_PUSH(unit->arena, process->fields, process->field_count, field);
    return field;
}

void check_fill_escalation_asks(struct unit *unit, struct process *process,
                                struct escalation *escalation)
{
    const struct syntax_tree *tree = names_tree(unit, process->decl.file);
    struct handler *form = ARENA_NEW(unit->arena, struct handler);
    uint32_t node = escalation->stage->node;
    *form = (struct handler){ .kind = HANDLER_ACTION,
                              .stage = process->stages[0],
                              .name = escalation->stage->name,
                              .label = escalation->stage->label,
                              .span = escalation->stage->span,
                              .node = node,
                              .by = escalation->by,
                              .at_most = INDEX_NONE };
    escalation->form = form;
    struct body body;
    check_body_init(&body, unit, process, form);
    for (SYNTAX_EACH(tree, node, child)) {
        if (syntax_kind(tree, child) == NODE_ASK && !names_is_flooded(unit, process->decl.file)) {
            (void)check_ask(&body, child);
        }
    }
    escalation->fields =
        ARENA_ARRAY(unit->arena, const struct field *, form->ask_count + 1);
    for (uint32_t i = 0; i < form->ask_count; i++) {
        const struct ask *ask = form->asks[i];
        if (ask->field != NULL || ask->name.len == 0) {
            continue;
        }
        escalation->fields[i] = frame_field(unit, process, escalation, ask);
        struct local *local = ARENA_NEW(unit->arena, struct local);
        *local = (struct local){ .name = ask->name,
                                 .type = ask->type,
                                 .span = ask->span,
                                 .field = escalation->fields[i],
                                 .outer = escalation->locals };
        escalation->locals = local;
    }
}

static struct step ask_step(const struct ask *ask, uint32_t node)
{
    return (struct step){ .kind = STEP_ASK, .span = ask->span, .node = node, .ask = ask };
}

static const struct expr *answer(struct unit *unit, const struct ask *ask)
{
    struct expr *expr = ARENA_NEW(unit->arena, struct expr);
    *expr = (struct expr){ .kind = EXPR_LOCAL, .type = ask->type, .span = ask->span, .depth = 1,
                           .scale = ask->local };
    return expr;
}

static void give(struct unit *unit, struct raise *raise, const struct field *field,
                 const struct expr *value)
{
    struct frame_value made = { field, value };
    ARRAY_PUSH(unit->arena, raise->values, raise->value_count, made);
}

// The button that `by` makes: its form, then the escalation with what was answered.
struct handler *check_escalation_button(struct unit *unit, const struct escalation *escalation)
{
    struct handler *form = escalation->form;
    struct block *block = ARENA_NEW(unit->arena, struct block);
    struct raise *raise = ARENA_NEW(unit->arena, struct raise);
    block->span = form->span;
    raise->escalation = escalation;
    for (uint32_t i = 0; i < form->ask_count; i++) {
        struct step asked = ask_step(form->asks[i], form->node);
        ARRAY_PUSH(unit->arena, block->steps, block->count, asked);
        if (escalation->fields[i] != NULL) {
            give(unit, raise, escalation->fields[i], answer(unit, form->asks[i]));
        }
    }
    struct step step = { .kind = STEP_ESCALATE, .span = form->span, .node = form->node,
                         .raise = raise };
    ARRAY_PUSH(unit->arena, block->steps, block->count, step);
    form->block = block;
    form->button_of = escalation;
    return form;
}

// --- escalate NAME with … ------------------------------------------------------------------------

static void report_unknown(struct body *body, uint32_t name_node)
{
    const struct syntax_tree *tree = body_tree(body);
    const struct process *process = body->process;
    struct diag *diag =
        diag_add(body->infer.unit->diags, DIAG_E0330, syntax_span(tree, name_node));
    diag_fact(diag, syntax_name(tree, name_node));
    diag_fact(diag, process->decl.name);
    struct suggestions suggestions;
    suggest_init(&suggestions, syntax_name(tree, name_node));
    for (uint32_t i = 0; i < process->escalation_count; i++) {
        suggest_offer(&suggestions, process->escalations[i]->stage->name, 0);
    }
    for (uint32_t i = 1; i < process->stage_count; i++) {
        const struct stage *stage = process->stages[i];
        if (stage->escalation == NULL && slice_equal(stage->name, suggestions.wanted)) {
            diag_label(diag, stage->span, "`%.*s` is a stage", SLICE_PRINT(stage->name));
        }
    }
    if (!diag_suggest(diag, &suggestions, syntax_span(tree, name_node), "escalation")) {
        diag_help(diag, "declare it in the process: `escalation %.*s \"…\" { task … action … => "
                        "back }`",
                  SLICE_PRINT(suggestions.wanted));
    }
}

static uint32_t ask_named(const struct handler *form, struct slice name)
{
    uint32_t i = 0;
    while (i < form->ask_count && !slice_equal(form->asks[i]->name, name)) {
        i++;
    }
    return i;
}

static void report_unknown_value(struct body *body, const struct escalation *escalation,
                                 uint32_t name_node)
{
    const struct syntax_tree *tree = body_tree(body);
    struct diag *diag =
        diag_add(body->infer.unit->diags, DIAG_E0318, syntax_span(tree, name_node));
    diag_fact(diag, syntax_name(tree, name_node));
    diag_fact_format(diag, "escalation `%.*s`", SLICE_PRINT(escalation->stage->name));
    diag_label(diag, escalation->stage->span, "it is declared here");
    struct suggestions suggestions;
    suggest_init(&suggestions, syntax_name(tree, name_node));
    for (uint32_t i = 0; i < escalation->form->ask_count; i++) {
        suggest_offer(&suggestions, escalation->form->asks[i]->name, 0);
    }
    (void)diag_suggest(diag, &suggestions, syntax_span(tree, name_node), "answer");
}

// False: a value has a name that nobody asks for, which was reported.
static bool take_values(struct body *body, struct raise *raise, uint32_t with, bool *given)
{
    const struct syntax_tree *tree = body_tree(body);
    const struct escalation *escalation = raise->escalation;
    bool known = true;
    for (SYNTAX_EACH(tree, with, arg)) {
        uint32_t name = syntax_first(tree, arg);
        if (syntax_kind(tree, arg) != NODE_ARG || syntax_kind(tree, name) != NODE_NAME) {
            continue;
        }
        uint32_t i = ask_named(escalation->form, syntax_name(tree, name));
        if (i == escalation->form->ask_count) {
            report_unknown_value(body, escalation, name);
            (void)infer_expr(&body->infer, syntax_next(tree, name), NULL);
            known = false;
            continue;
        }
        const struct ask *ask = escalation->form->asks[i];
        const struct expr *value =
            infer_fit(&body->infer, syntax_next(tree, name), ask->type,
                      arena_format(body->infer.unit->arena, "`%.*s`", SLICE_PRINT(ask->name)),
                      ask->span);
        if (given[i]) {
            struct diag *diag =
                diag_add(body->infer.unit->diags, DIAG_E0324, syntax_span(tree, name));
            diag_fact(diag, ask->name);
            continue;
        }
        given[i] = true;
        const struct field *field = ask->field != NULL ? ask->field : escalation->fields[i];
        if (field != NULL) {
            give(body->infer.unit, raise, field, value);
        }
    }
    return known;
}

// What `with` leaves out is asked in the form of the action that raises the escalation.
static void ask_for(struct body *body, struct raise *raise, uint32_t index, uint32_t node,
                    struct block *block)
{
    struct unit *unit = body->infer.unit;
    struct handler *handler = body->handler;
    const struct escalation *escalation = raise->escalation;
    if (names_reach_limit(unit, handler->span, check_handler_name(handler, unit->arena),
                          handler->local_count, IMAGE_LOCALS_MAX, "answers")) {
        return;
    }
    struct ask *ask = ARENA_NEW(unit->arena, struct ask);
    *ask = *escalation->form->asks[index];
    ask->local = handler->local_count++;
    for (uint32_t i = 0; i < handler->ask_count; i++) {
        if (slice_equal(handler->asks[i]->name, ask->name)) {
            names_twice(unit, syntax_keyword_span(body_tree(body), node), handler->asks[i]->span,
                        "answer", ask->name);
            return;
        }
    }
    ARRAY_PUSH(unit->arena, handler->asks, handler->ask_count, ask);
    struct step asked = ask_step(ask, node);
    ARRAY_PUSH(unit->arena, block->steps, block->count, asked);
    if (escalation->fields[index] != NULL) {
        give(unit, raise, escalation->fields[index], answer(unit, ask));
    }
}

static void report_not_given(struct body *body, const struct escalation *escalation,
                             const struct ask *ask, uint32_t node)
{
    struct unit *unit = body->infer.unit;
    const struct syntax_tree *tree = body_tree(body);
    struct diag *diag = diag_add(unit->diags, DIAG_E0430, syntax_keyword_span(tree, node));
    diag_fact(diag, escalation->stage->name);
    diag_fact(diag, ask->name);
    diag_here(diag, "it is raised here by %.*s, and nobody fills a form",
              SLICE_PRINT(body->no_form ? SLICE("what follows `at most`")
                                        : check_handler_name(body->handler, unit->arena)));
    diag_label(diag, ask->span, "this answer is required");
    uint32_t with = syntax_child(tree, node, NODE_WITH);
    struct span end = syntax_span(tree, with == NODE_NONE ? node : with);
    diag_help_edit(diag, DIAG_FIX_PLACEHOLDER, span_after(end),
                   arena_format(unit->arena, "%s %.*s: VALUE", with == NODE_NONE ? " with" : ",",
                                SLICE_PRINT(ask->name)),
                   "give it with `with`");
}

static void fill_answers(struct body *body, struct raise *raise, uint32_t node, const bool *given,
                         struct block *block)
{
    const struct escalation *escalation = raise->escalation;
    bool has_form = body->handler->kind == HANDLER_ACTION && !body->no_form;
    for (uint32_t i = 0; i < escalation->form->ask_count; i++) {
        const struct ask *ask = escalation->form->asks[i];
        if (given[i]) {
            continue;
        }
        if (has_form) {
            ask_for(body, raise, i, node, block);
        } else if (ask->initial != NULL) {
            give(body->infer.unit, raise, ask->field != NULL ? ask->field : escalation->fields[i],
                 ask->initial);
        } else if (ask->required) {
            report_not_given(body, escalation, ask, node);
        }
    }
}

static void report_raised_inside(struct body *body, const struct escalation *escalation,
                                 uint32_t name_node)
{
    struct diag *diag = diag_add(body->infer.unit->diags, DIAG_E0531,
                                 syntax_span(body_tree(body), name_node));
    diag_fact(diag, escalation->stage->name);
    diag_label(diag, escalation->stage->span, "this is written inside it");
    diag_help(diag, "end it with `=> back`, or let another escalation follow");
}

bool check_escalate(struct body *body, struct step *step, uint32_t node, struct block *block)
{
    struct unit *unit = body->infer.unit;
    const struct syntax_tree *tree = body_tree(body);
    uint32_t name = syntax_first(tree, node);
    step->kind = STEP_ESCALATE;
    if (body->handler->kind == HANDLER_START) {
        check_report_misplaced(body, node, SLICE("`escalate`"),
                               "a case that has not begun stands nowhere that could be frozen");
    } else if (body->handler->kind == HANDLER_JOIN) {
        check_report_misplaced(body, node, SLICE("`escalate`"),
                               "the branches are done, and nothing is left that could be frozen");
    }
    if (syntax_kind(tree, name) != NODE_NAME) {
        return false;
    }
    const struct escalation *escalation =
        find_escalation(body->process, syntax_name(tree, name));
    if (escalation == NULL) {
        report_unknown(body, name);
        return false;
    }
    if (check_escalation_around(body->stage) == escalation) {
        report_raised_inside(body, escalation, name);
        return false;
    }
    step->raise = ARENA_NEW(unit->arena, struct raise);
    step->raise->escalation = escalation;
    bool *given = ARENA_ARRAY(unit->arena, bool, escalation->form->ask_count + 1);
    uint32_t with = syntax_child(tree, node, NODE_WITH);
    bool known = with == NODE_NONE || take_values(body, step->raise, with, given);
    bool has_form = body->handler->kind == HANDLER_ACTION && !body->no_form;
    if (known || has_form) { // a name that nobody asks for is most likely the one that is missing
        fill_answers(body, step->raise, node, given, block);
    }
    return true;
}

// --- => back, merge into -------------------------------------------------------------------------

bool check_is_back(const struct syntax_tree *tree, uint32_t goto_node)
{
    uint32_t first = syntax_first(tree, goto_node);
    return first != NODE_NONE && syntax_kind(tree, first) == NODE_BACK;
}

void check_report_back_outside(struct body *body, uint32_t goto_node)
{
    struct diag *diag = diag_add(body->infer.unit->diags, DIAG_E0532,
                                 syntax_span(body_tree(body), goto_node));
    diag_note(diag, "`=> back` ends an escalation: the case goes on where it stood when the "
                    "escalation was raised");
    diag_help(diag, "name the stage to go to, or write this inside an `escalation`");
    body->process->broken = true;
}

void check_back(struct body *body, struct step *step, uint32_t node)
{
    step->kind = STEP_BACK;
    if (check_escalation_around(body->stage) == NULL) {
        check_report_back_outside(body, node);
    }
    uint32_t due = syntax_child(body_tree(body), node, NODE_DUE);
    step->due = due == NODE_NONE ? NULL : check_due(body, due);
}

void check_merge(struct body *body, struct step *step, uint32_t node)
{
    struct unit *unit = body->infer.unit;
    step->kind = STEP_MERGE;
    struct type *same = ARENA_NEW(unit->arena, struct type);
    *same = (struct type){ .kind = TYPE_REF, .process = body->process->decl.name };
    step->expr = infer_fit(&body->infer, syntax_first(body_tree(body), node), same,
                           SLICE("`merge into`"), span_make(0, 0, 0));
    if (body->handler->kind == HANDLER_START) {
        check_report_misplaced(body, node, SLICE("`merge`"),
                               "what has not begun cannot be merged");
    } else if (body->handler->kind == HANDLER_CALL_FAILED) {
        check_report_misplaced(body, node, SLICE("`merge`"),
                               "it runs after the last try, wherever the case stands then");
    }
}

// --- is it ever raised? --------------------------------------------------------------------------

struct raise_search {
    const struct escalation *escalation;
    bool found;
};

static void look_for_raise(void *context, const struct step *step)
{
    struct raise_search *search = context;
    search->found = search->found || (step->kind == STEP_ESCALATE && step->raise != NULL &&
                                      step->raise->escalation == search->escalation);
}

bool check_raises(const struct handler *handler, const struct escalation *escalation)
{
    struct raise_search search = { escalation, false };
    check_each_reached_step(handler, look_for_raise, &search);
    return search.found;
}

bool check_raised_at(const struct process *process, const struct escalation *escalation,
                     const struct stage *leaf)
{
    for (uint32_t i = 0; i < process->handler_count; i++) {
        if (check_raises(process->handlers[i], escalation) &&
            check_handler_holds_at(process, process->handlers[i], leaf)) {
            return true;
        }
    }
    return false;
}

void check_escalations_raised(struct unit *unit, struct process *process)
{
    for (uint32_t i = 0; i < process->escalation_count; i++) {
        const struct escalation *escalation = process->escalations[i];
        bool raised = escalation->by.span.end > 0;
        for (uint32_t n = 0; n < process->handler_count && !raised; n++) {
            raised = check_raises(process->handlers[n], escalation);
        }
        if (raised) {
            continue;
        }
        const struct syntax_tree *tree = names_tree(unit, process->decl.file);
        uint32_t label = syntax_child(tree, escalation->stage->node, NODE_LABEL);
        struct diag *diag = diag_add(unit->diags, DIAG_E0533, escalation->stage->span);
        diag_fact(diag, escalation->stage->name);
        diag_here(diag, "no button and no step raises it");
        if (label != NODE_NONE) {
            diag_help_edit(diag, DIAG_FIX_PLACEHOLDER, span_after(syntax_span(tree, label)),
                           SLICE(" by ROLE"), "make it a button of a role");
        }
        diag_help(diag, "or raise it from an action, a timer or a rule: `escalate %.*s`",
                  SLICE_PRINT(escalation->stage->name));
        process->broken = true;
    }
}
