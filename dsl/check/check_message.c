// The outside world as the checker sees it: what a message brings, what a call needs, what begins a
// case, and what nothing awaits (rules 37, 38).
#include "base/array.h"
#include "dsl/check/check.h"

// --- connectors --------------------------------------------------------------------------------

static struct slice signal_name(struct unit *unit, const struct signal *signal)
{
    return arena_format(unit->arena, "%s `%.*s.%.*s`", signal->is_call ? "call" : "message",
                        SLICE_PRINT(signal->connector->decl.name), SLICE_PRINT(signal->name));
}

static const struct param *find_param(const struct signal *signal, struct slice name)
{
    for (uint32_t i = 0; i < signal->param_count; i++) {
        if (slice_equal(signal->params[i].name, name)) {
            return &signal->params[i];
        }
    }
    return NULL;
}

static void report_unknown_param(struct unit *unit, const struct syntax_tree *tree, uint32_t node,
                                 const struct signal *signal)
{
    struct diag *diag = diag_add(unit->diags, DIAG_E0318, syntax_span(tree, node));
    diag_fact(diag, syntax_name(tree, node));
    diag_fact(diag, signal_name(unit, signal));
    diag_label(diag, signal->span, "it is declared here");
    struct suggestions suggestions;
    suggest_init(&suggestions, syntax_name(tree, node));
    for (uint32_t i = 0; i < signal->param_count; i++) {
        suggest_offer(&suggestions, signal->params[i].name, 0);
    }
    diag_suggest(diag, &suggestions, syntax_span(tree, node), "parameter");
}

// --- what a message brings ---------------------------------------------------------------------

// What was reported is known by name all the same, so that nothing is said about it again.
static void bind_unknown(struct body *body, uint32_t node)
{
    struct unit *unit = body->infer.unit;
    const struct syntax_tree *tree = names_tree(unit, body->infer.file);
    struct local *local = ARENA_NEW(unit->arena, struct local);
    *local = (struct local){ .name = syntax_name(tree, node), .type = type_builtin(TYPE_POISON),
                             .span = syntax_span(tree, node), .outer = body->infer.locals };
    body->infer.locals = local;
    body->process->broken = true;
}

// One parameter that is named in the parentheses: an answer, as a person would give it in a form.
static void bind_param(struct body *body, uint32_t node, const struct signal *signal,
                       bool fills_fields)
{
    struct unit *unit = body->infer.unit;
    struct handler *handler = body->handler;
    const struct syntax_tree *tree = names_tree(unit, body->infer.file);
    struct slice name = syntax_name(tree, node);
    const struct param *param = find_param(signal, name);
    if (param == NULL) {
        report_unknown_param(unit, tree, node, signal);
        bind_unknown(body, node);
        return;
    }
    for (uint32_t i = 0; i < handler->ask_count; i++) {
        if (slice_equal(handler->asks[i]->name, name)) {
            names_twice(unit, syntax_span(tree, node), handler->asks[i]->span, "parameter", name);
            return;
        }
    }
    if (names_reach_limit(unit, handler->span, SLICE("the message"), handler->local_count,
                          IMAGE_LOCALS_MAX, "parameters")) {
        return;
    }
    const struct field *field = fills_fields ? infer_find_field(body->process, name) : NULL;
    struct ask *ask = ARENA_NEW(unit->arena, struct ask);
    *ask = (struct ask){ .name = name, .span = syntax_span(tree, node), .type = param->type,
                         .field = field, .local = handler->local_count++ };
    ARRAY_PUSH(unit->arena, handler->asks, handler->ask_count, ask);
    if (field == NULL) {
        struct local *local = ARENA_NEW(unit->arena, struct local);
        *local = (struct local){ .name = name, .type = param->type, .number = ask->local,
                                 .span = ask->span, .outer = body->infer.locals };
        body->infer.locals = local;
    } else if (!type_fits(param->type, field->type)) {
        struct diag *diag = diag_add(unit->diags, DIAG_E0470, ask->span);
        diag_fact(diag, name);
        diag_fact(diag, infer_quoted_type(&body->infer, param->type));
        diag_fact(diag, infer_quoted_type(&body->infer, field->type));
        diag_here(diag, "it fills the field of its name");
        diag_label(diag, param->span, "the message brings it so");
        diag_label(diag, field->span, "the field is declared here");
        diag_help(diag, "give the parameter another name, or both the same type");
    }
}

static const struct signal *bind_signal(struct body *body, uint32_t node, bool fills_fields)
{
    struct unit *unit = body->infer.unit;
    const struct syntax_tree *tree = names_tree(unit, body->infer.file);
    uint32_t first = syntax_first(tree, node);
    uint32_t name = first == NODE_NONE ? NODE_NONE : syntax_next(tree, first);
    struct signal *signal = names_signal(unit, body->infer.file, first, name, false);
    for (uint32_t param = name == NODE_NONE ? NODE_NONE : syntax_next(tree, name);
         param != NODE_NONE; param = syntax_next(tree, param)) {
        if (syntax_kind(tree, param) != NODE_NAME) {
            continue;
        }
        if (signal == NULL) {
            bind_unknown(body, param);
        } else {
            bind_param(body, param, signal, fills_fields);
        }
    }
    if (signal == NULL) {
        body->process->broken = true;
    } else {
        signal->used = true;
    }
    return signal;
}

static void report_message_twice(struct unit *unit, const struct process *process,
                                 const struct handler *handler)
{
    for (uint32_t i = 0; i < process->handler_count; i++) {
        const struct handler *other = process->handlers[i];
        if (other != handler && other->kind == HANDLER_MESSAGE && handler->signal != NULL &&
            other->stage == handler->stage && other->signal == handler->signal) {
            struct diag *diag = diag_add(unit->diags, DIAG_E0325, handler->span);
            diag_fact_format(diag, "`on message %.*s.%.*s`",
                             SLICE_PRINT(handler->signal->connector->decl.name),
                             SLICE_PRINT(handler->signal->name));
            bool is_body = handler->stage->parent == NULL;
            diag_fact_format(diag, is_body ? "process `%.*s`" : "stage `%.*s`",
                             SLICE_PRINT(is_body ? process->decl.name : handler->stage->name));
            diag_here(diag, "this is the second one");
            diag_label(diag, other->span, "the first one");
        }
    }
}

static void close_handler(struct process *process, const struct handler *handler)
{
    if (handler->local_count > process->local_count) {
        process->local_count = handler->local_count;
    }
}

void check_fill_message(struct unit *unit, struct process *process, struct stage *stage,
                        uint32_t node)
{
    const struct syntax_tree *tree = names_tree(unit, process->decl.file);
    struct handler *handler = ARENA_NEW(unit->arena, struct handler);
    *handler = (struct handler){ .kind = HANDLER_MESSAGE, .stage = stage, .node = node,
                                 .span = syntax_keyword_span(tree, node),
                                 .at_most = INDEX_NONE };
    ARRAY_PUSH(unit->arena, process->handlers, process->handler_count, handler);
    struct body body;
    check_body_init(&body, unit, process, handler);
    handler->signal = bind_signal(&body, syntax_child(tree, node, NODE_SIGNAL), true);
    handler->keep = syntax_has(tree, node, NODE_KEEP);
    report_message_twice(unit, process, handler);
    handler->block = check_block(&body, syntax_child(tree, node, NODE_BLOCK));
    close_handler(process, handler);
}

// --- what a call needs -------------------------------------------------------------------------

static void check_argument(struct body *body, struct send *send, uint32_t arg)
{
    struct unit *unit = body->infer.unit;
    const struct syntax_tree *tree = names_tree(unit, body->infer.file);
    uint32_t name_node = syntax_first(tree, arg);
    struct with with = { .name = syntax_name(tree, name_node),
                         .span = syntax_span(tree, name_node) };
    const struct param *param = find_param(send->signal, with.name);
    if (param == NULL) {
        (void)infer_expr(&body->infer, syntax_next(tree, name_node), NULL);
        if (syntax_kind(tree, name_node) == NODE_NAME) {
            report_unknown_param(unit, tree, name_node, send->signal);
        }
        return;
    }
    for (uint32_t i = 0; i < send->with_count; i++) {
        if (slice_equal(send->withs[i].name, with.name)) {
            names_twice(unit, with.span, send->withs[i].span, "value", with.name);
            return;
        }
    }
    with.value = infer_fit(&body->infer, syntax_next(tree, name_node), param->type,
                           arena_format(unit->arena, "`%.*s`", SLICE_PRINT(with.name)),
                           param->span);
    ARRAY_PUSH(unit->arena, send->withs, send->with_count, with);
}

static bool has_with(const struct with *withs, uint32_t count, struct slice name)
{
    for (uint32_t i = 0; i < count; i++) {
        if (slice_equal(withs[i].name, name)) {
            return true;
        }
    }
    return false;
}

static void report_missing(struct unit *unit, uint32_t file, uint32_t node, struct diag *diag,
                           struct slice what, struct slice name, struct span declared)
{
    const struct syntax_tree *tree = names_tree(unit, file);
    diag_fact(diag, what);
    diag_fact(diag, name);
    diag_label(diag, declared, "it is declared here");
    uint32_t with = syntax_child(tree, node, NODE_WITH);
    uint32_t last = syntax_child_class(tree, node, CLASS_NAME, 1);
    last = last == NODE_NONE ? syntax_child_class(tree, node, CLASS_NAME, 0) : last;
    struct span end = syntax_span(tree, with != NODE_NONE ? with : last);
    diag_help_edit(diag, DIAG_FIX_PLACEHOLDER, span_after(end),
                   arena_format(unit->arena, "%s %.*s: VALUE", with == NODE_NONE ? " with" : ",",
                                SLICE_PRINT(name)),
                   "give it with `with`");
}

static void check_arguments(struct body *body, struct send *send, uint32_t node)
{
    struct unit *unit = body->infer.unit;
    const struct syntax_tree *tree = names_tree(unit, body->infer.file);
    uint32_t clause = syntax_child(tree, node, NODE_WITH);
    bool complete = true;
    for (uint32_t arg = clause == NODE_NONE ? NODE_NONE : syntax_first(tree, clause);
         arg != NODE_NONE; arg = syntax_next(tree, arg)) {
        uint32_t before = send->with_count;
        if (syntax_kind(tree, arg) == NODE_ARG) {
            check_argument(body, send, arg);
        }
        complete = complete && send->with_count > before;
    }
    for (uint32_t i = 0; complete && i < send->signal->param_count; i++) {
        const struct param *param = &send->signal->params[i];
        if (!has_with(send->withs, send->with_count, param->name)) {
            struct diag *diag =
                diag_add(unit->diags, DIAG_E0471, syntax_keyword_span(tree, node));
            report_missing(unit, body->infer.file, node, diag, signal_name(unit, send->signal),
                           param->name, param->span);
        }
    }
}

// What follows the last failed try runs later, wherever the case is then, and nobody presses it.
static const struct block *check_otherwise(struct body *body, uint32_t node)
{
    struct unit *unit = body->infer.unit;
    struct process *process = body->process;
    const struct syntax_tree *tree = names_tree(unit, body->infer.file);
    struct handler *handler = ARENA_NEW(unit->arena, struct handler);
    *handler = (struct handler){ .kind = HANDLER_CALL_FAILED, .stage = process->stages[0],
                                 .node = node, .span = syntax_keyword_span(tree, node),
                                 .at_most = INDEX_NONE };
    ARRAY_PUSH(unit->arena, process->handlers, process->handler_count, handler);
    struct body later;
    check_body_init(&later, unit, process, handler);
    later.block_depth = body->block_depth;
    handler->block = check_block(&later, node);
    close_handler(process, handler);
    return handler->block;
}

struct send *check_send(struct body *body, uint32_t node)
{
    struct unit *unit = body->infer.unit;
    const struct syntax_tree *tree = names_tree(unit, body->infer.file);
    struct send *send = ARENA_NEW(unit->arena, struct send);
    uint32_t first = syntax_first(tree, node);
    struct signal *signal =
        names_signal(unit, body->infer.file, first, syntax_next(tree, first), true);
    uint32_t block = syntax_child(tree, node, NODE_BLOCK);
    send->signal = signal;
    if (signal == NULL) {
        body->process->broken = true;
    } else {
        signal->used = true;
        check_arguments(body, send, node);
    }
    send->otherwise = block == NODE_NONE ? NULL : check_otherwise(body, block);
    return send;
}

// --- what begins a case ------------------------------------------------------------------------

// False: the start form has no such field, which was reported.
static bool check_start_value(struct body *body, struct handler *intake, uint32_t arg)
{
    struct unit *unit = body->infer.unit;
    const struct syntax_tree *tree = names_tree(unit, body->infer.file);
    uint32_t name_node = syntax_first(tree, arg);
    struct with with = { .name = syntax_name(tree, name_node),
                         .span = syntax_span(tree, name_node) };
    const struct field *field = infer_find_field(body->process, with.name);
    const unsigned closed = FIELD_READONLY | FIELD_GIVEN;
    if (field == NULL || (field->flags & closed) != 0) {
        (void)infer_expr(&body->infer, syntax_next(tree, name_node), NULL);
        if (syntax_kind(tree, name_node) != NODE_NAME) {
            return false;
        }
        struct diag *diag = diag_add(unit->diags, DIAG_E0318, syntax_span(tree, name_node));
        diag_fact(diag, with.name);
        diag_fact_format(diag, "the start form of process `%.*s`",
                         SLICE_PRINT(body->process->decl.name));
        struct suggestions suggestions;
        suggest_init(&suggestions, with.name);
        for (uint32_t i = 0; i < body->process->field_count; i++) {
            if ((body->process->fields[i]->flags & closed) == 0) {
                suggest_offer(&suggestions, body->process->fields[i]->name, 0);
            }
        }
        diag_suggest(diag, &suggestions, syntax_span(tree, name_node), "field");
        return false;
    }
    if (has_with(intake->withs, intake->with_count, with.name)) {
        names_twice(unit, with.span, with.span, "value", with.name);
        return true;
    }
    with.value = infer_fit(&body->infer, syntax_next(tree, name_node), field->type,
                           arena_format(unit->arena, "field `%.*s`", SLICE_PRINT(field->name)),
                           field->span);
    ARRAY_PUSH(unit->arena, intake->withs, intake->with_count, with);
    return true;
}

// A parameter with the name of a field of the start form fills it, unless `with` does.
static void add_named_params(struct body *body, struct handler *intake)
{
    struct unit *unit = body->infer.unit;
    for (uint32_t i = 0; i < intake->ask_count; i++) {
        const struct ask *ask = intake->asks[i];
        const struct field *field = infer_find_field(body->process, ask->name);
        if (field == NULL || (field->flags & (FIELD_READONLY | FIELD_GIVEN)) != 0 ||
            has_with(intake->withs, intake->with_count, ask->name) ||
            !type_fits(ask->type, field->type)) {
            continue;
        }
        struct expr *value = ARENA_NEW(unit->arena, struct expr);
        *value = (struct expr){ .kind = EXPR_LOCAL, .type = ask->type, .span = ask->span,
                                .depth = 1, .scale = ask->local };
        struct with with = { .name = ask->name, .value = value, .span = ask->span };
        ARRAY_PUSH(unit->arena, intake->withs, intake->with_count, with);
    }
}

static void check_start_needs(struct body *body, const struct handler *intake, uint32_t node)
{
    struct unit *unit = body->infer.unit;
    const struct process *process = body->process;
    const struct syntax_tree *tree = names_tree(unit, body->infer.file);
    for (uint32_t i = 0; i < process->field_count; i++) {
        const struct field *field = process->fields[i];
        if ((field->flags & FIELD_REQUIRED) != 0 && field->initial == NULL &&
            !has_with(intake->withs, intake->with_count, field->name)) {
            struct diag *diag =
                diag_add(unit->diags, DIAG_E0407, syntax_keyword_span(tree, node));
            report_missing(unit, body->infer.file, node, diag, process->decl.name, field->name,
                           field->span);
        }
    }
    for (uint32_t i = 0; process->start != NULL && i < process->start->ask_count; i++) {
        const struct ask *ask = process->start->asks[i];
        if (!ask->required || has_with(intake->withs, intake->with_count, ask->name)) {
            continue;
        }
        struct diag *diag = diag_add(unit->diags, DIAG_E0419, syntax_keyword_span(tree, node));
        diag_fact(diag, process->decl.name);
        diag_fact(diag, ask->name);
        diag_here(diag, "a message starts `%.*s` here", SLICE_PRINT(process->decl.name));
        diag_label(diag, ask->span, "this answer is required");
        diag_help(diag, "make it a field of the process and give it with `with`");
    }
}

static bool declares_process(const struct unit *unit, uint32_t file,
                             const struct process *process)
{
    const struct syntax_tree *tree = names_tree(unit, file);
    for (SYNTAX_EACH(tree, 0, top)) {
        uint32_t name = syntax_kind(tree, top) == NODE_PROCESS
                            ? syntax_child_class(tree, top, CLASS_NAME, 0)
                            : NODE_NONE;
        if (name != NODE_NONE && syntax_kind(tree, name) == NODE_NAME &&
            slice_equal(syntax_name(tree, name), process->decl.name)) {
            return true;
        }
    }
    return false;
}

static void report_intake_twice(struct unit *unit, uint32_t file, const struct process *process,
                                const struct handler *intake)
{
    for (uint32_t i = 0; i < process->intake_count; i++) {
        const struct handler *other = process->intakes[i];
        // A process that is declared twice brings its intakes twice: that was reported.
        bool copied = file != process->decl.file && declares_process(unit, file, process);
        if (other->signal == intake->signal && !copied) {
            struct diag *diag = diag_add(unit->diags, DIAG_E0325, intake->span);
            diag_fact_format(diag, "`on message %.*s.%.*s`",
                             SLICE_PRINT(intake->signal->connector->decl.name),
                             SLICE_PRINT(intake->signal->name));
            diag_fact_format(diag, "process `%.*s`", SLICE_PRINT(process->decl.name));
            diag_here(diag, "this is the second one");
            diag_label(diag, other->span, "the first one");
        }
    }
}

static void check_intake(struct unit *unit, uint32_t file, uint32_t node)
{
    const struct syntax_tree *tree = names_tree(unit, file);
    struct process *process =
        names_process_writable(unit, file, syntax_child_class(tree, node, CLASS_NAME, 0));
    if (process == NULL) {
        return;
    }
    struct handler *intake = ARENA_NEW(unit->arena, struct handler);
    *intake = (struct handler){ .kind = HANDLER_INTAKE, .stage = process->stages[0], .node = node,
                                .span = syntax_keyword_span(tree, node), .at_most = INDEX_NONE };
    struct body body;
    check_body_init(&body, unit, process, intake);
    body.infer.file = file;
    body.infer.process = NULL; // there is no case yet
    body.infer.flags = INFER_NO_CASE | INFER_NO_TASK | INFER_NO_ME;
    intake->signal = bind_signal(&body, syntax_child(tree, node, NODE_SIGNAL), false);
    uint32_t clause = syntax_child(tree, node, NODE_WITH);
    bool misnamed = false;
    for (uint32_t arg = clause == NODE_NONE ? NODE_NONE : syntax_first(tree, clause);
         arg != NODE_NONE; arg = syntax_next(tree, arg)) {
        if (syntax_kind(tree, arg) == NODE_ARG) {
            misnamed = !check_start_value(&body, intake, arg) || misnamed;
        }
    }
    if (intake->signal == NULL) {
        return;
    }
    add_named_params(&body, intake);
    if (!misnamed) { // that name is most likely the one that is missing
        check_start_needs(&body, intake, node);
    }
    report_intake_twice(unit, file, process, intake);
    close_handler(process, intake);
    ARRAY_PUSH(unit->arena, process->intakes, process->intake_count, intake);
}

void check_intakes(struct unit *unit)
{
    for (uint32_t file = 0; file < unit->file_count; file++) {
        const struct syntax_tree *tree = names_tree(unit, file);
        for (SYNTAX_EACH(tree, 0, node)) {
            if (syntax_kind(tree, node) == NODE_INTAKE && !names_is_flooded(unit, file)) {
                check_intake(unit, file, node);
            }
        }
    }
}

// --- what nothing awaits -----------------------------------------------------------------------

// Of what the library offers, nobody need use all.
static bool is_of_library(const struct unit *unit, uint32_t file)
{
    return slice_starts(source_file(unit->sources, file)->name, SLICE("stdlib/"));
}

// Whether a process is here that could have used what the file declares; without one the file is a
// part that others import.
static bool has_readers(const struct unit *unit, uint32_t file)
{
    for (uint32_t i = 0; i < unit->process_count; i++) {
        uint32_t own = unit->processes[i]->decl.file;
        if (!is_of_library(unit, own) && names_sees(unit, own, file)) {
            return true;
        }
    }
    return false;
}

void check_unused_signals(struct unit *unit, uint32_t file)
{
    if (unit->diags->error_count > 0 || is_of_library(unit, file) || !has_readers(unit, file)) {
        return; // what was misspelt would be called unused as well
    }
    for (uint32_t i = 0; i < unit->decl_count; i++) {
        const struct decl *decl = unit->decls[i];
        if (decl->what != WHAT_CONNECTOR || decl->file != file) {
            continue;
        }
        const struct connector *connector = (const struct connector *)(const void *)decl;
        for (uint32_t n = 0; n < connector->signal_count; n++) {
            const struct signal *signal = connector->signals[n];
            if (signal->used || signal->name.len == 0) {
                continue;
            }
            struct diag *diag = diag_add(unit->diags, DIAG_W510, signal->span);
            diag_fact(diag, signal_name(unit, signal));
            diag_here(diag, signal->is_call ? "no step sends it" : "nothing awaits it");
        }
    }
}
