// Inboxes: who reads them, and lanes, of which exactly one takes each task. The expressions are
// read twice: as they are lowered, where a field of a case may be anything, and once more with the
// types that the processes of this set give to those fields.
#include "base/array.h"
#include "dsl/check/check.h"
#include "dsl/model/inbox.h"

struct reader {
    struct unit *unit;
    struct inbox *inbox;       // whose readers are meant
    const struct inbox *lanes; // whose text is read
    bool typed;
    bool own; // not merely imported, and no pattern that others take over
};

static const struct syntax_tree *tree_of(const struct reader *reader)
{
    return names_tree(reader->unit, reader->lanes->decl.file);
}

static struct infer infer_of(const struct reader *reader, struct lane_scope *scope)
{
    *scope = (struct lane_scope){ .inbox = reader->inbox, .typed = reader->typed };
    return (struct infer){ .unit = reader->unit, .file = reader->lanes->decl.file,
                           .flags = INFER_IN_LANE, .lane = scope };
}

// --- lanes -------------------------------------------------------------------------------------

static bool can_sort(const struct type *type)
{
    return infer_can_order(type) || type_is(type, TYPE_BOOL);
}

static void suggest_field(struct reader *reader, struct diag *diag, const struct expr *ask)
{
    const struct unit *unit = reader->unit;
    struct suggestions suggestions;
    suggest_init(&suggestions, ask->text);
    for (uint32_t i = 0; i < unit->process_count; i++) {
        const struct process *process = unit->processes[i];
        bool near = infer_inbox_reads(unit, reader->inbox, process);
        for (uint32_t n = 0; near && n < process->field_count; n++) {
            suggest_offer(&suggestions, process->fields[n]->name, 0);
        }
    }
    struct span name = ask->span;
    name.start = name.end - (uint32_t)ask->text.len;
    diag_suggest(diag, &suggestions, name, "field");
}

// Lint: no process of the set has a field that is named here.
static void lint_asks(struct reader *reader, const struct lane *lane,
                      const struct lane_scope *scope, const char *here)
{
    const struct unit *unit = reader->unit;
    bool any = false;
    for (uint32_t i = 0; reader->own && reader->typed && i < unit->process_count; i++) {
        any = any || infer_inbox_reads(unit, reader->inbox, unit->processes[i]);
    }
    for (uint32_t i = 0; any && i < scope->ask_count; i++) {
        if (!type_is_open(scope->asks[i]->type)) {
            continue;
        }
        struct diag *diag = diag_add(unit->diags, DIAG_W511, scope->asks[i]->span);
        diag_fact(diag, scope->asks[i]->text);
        diag_fact(diag, lane->name);
        diag_here(diag, "%s", here);
        suggest_field(reader, diag, scope->asks[i]);
    }
}

static void read_sort(struct reader *reader, struct lane *lane, uint32_t node)
{
    const struct syntax_tree *tree = tree_of(reader);
    struct unit *unit = reader->unit;
    struct lane_scope scope;
    struct infer infer = infer_of(reader, &scope);
    const struct expr *value = infer_expr(&infer, syntax_first(tree, node), NULL);
    if (!expr_is_poison(value) && !can_sort(value->type)) {
        struct diag *diag = diag_add(unit->diags, DIAG_E0464, value->span);
        diag_fact(diag, infer_quoted_type(&infer, value->type));
        diag_here(diag, "this has no order of smaller and greater");
        diag_note(diag, "lanes are sorted by numbers, amounts, texts, moments, waits, yes and no");
        value = infer_poison(&infer, node);
    }
    reader->inbox->broken = reader->inbox->broken || expr_is_poison(value);
    if (!expr_is_poison(value)) {
        lint_asks(reader, lane, &scope, "it is empty for every case");
    }
    struct sort sort = { .value = value, .descending = syntax_has(tree, node, NODE_DESC) };
    ARRAY_PUSH(unit->arena, lane->sorts, lane->sort_count, sort);
}

static void read_condition(struct reader *reader, struct lane *lane, uint32_t clause)
{
    struct lane_scope scope;
    struct infer infer = infer_of(reader, &scope);
    lane->condition = infer_condition(&infer, syntax_first(tree_of(reader), clause));
    lane->done = scope.done;
    lane->asks = scope.asks;
    lane->ask_count = scope.ask_count;
    reader->inbox->broken = reader->inbox->broken || expr_is_poison(lane->condition);
    if (!expr_is_poison(lane->condition)) {
        lint_asks(reader, lane, &scope, "no case comes to the lane");
    }
}

static struct lane read_lane(struct reader *reader, uint32_t node)
{
    const struct syntax_tree *tree = tree_of(reader);
    uint32_t colour = syntax_child(tree, node, NODE_COLOUR);
    uint32_t condition = syntax_child(tree, node, NODE_IF_CLAUSE);
    uint32_t by = syntax_child(tree, node, NODE_LANE_BY);
    struct lane lane = { .name = syntax_name(tree, node),
                         .label = names_label(reader->unit, tree, node),
                         .span = syntax_name_span(tree, node),
                         .node = node,
                         .colour = colour == NODE_NONE ? COLOUR_NONE : syntax_op(tree, colour) };
    if (condition != NODE_NONE) {
        read_condition(reader, &lane, condition);
    }
    for (uint32_t sort = by == NODE_NONE ? NODE_NONE : syntax_first(tree, by); sort != NODE_NONE;
         sort = syntax_next(tree, sort)) {
        if (names_reach_limit(reader->unit, lane.span,
                              arena_format(reader->unit->arena, "lane `%.*s`",
                                           SLICE_PRINT(lane.name)),
                              lane.sort_count, LANE_SORTS_MAX, "orders")) {
            break;
        }
        read_sort(reader, &lane, sort);
    }
    return lane;
}

static void report_lanes(struct unit *unit, struct inbox *inbox)
{
    const struct lane *rest = NULL;
    for (uint32_t i = 0; i < inbox->lane_count; i++) {
        const struct lane *lane = &inbox->lanes[i];
        for (uint32_t n = 0; n < i; n++) {
            if (lane->name.len > 0 && slice_equal(inbox->lanes[n].name, lane->name)) {
                names_twice(unit, lane->span, inbox->lanes[n].span, "lane", lane->name);
            }
        }
        // What is done stands only where it is asked for.
        if (rest != NULL && !lane->done) {
            struct diag *diag = diag_add(unit->diags, DIAG_E0462, lane->span);
            diag_fact(diag, lane->name);
            diag_label(diag, rest->span, "this one takes all that comes to it");
            diag_help(diag, "put the lane without `if` last");
        }
        rest = lane->condition == NULL && rest == NULL ? lane : rest;
    }
    if (rest == NULL && inbox->lane_count > 0) {
        struct diag *diag = diag_add(unit->diags, DIAG_E0463, inbox->decl.span);
        diag_fact(diag, inbox->decl.name);
        diag_here(diag, "a task for which no `if` holds would be seen by nobody");
        const struct syntax_tree *tree = names_tree(unit, inbox->decl.file);
        struct span last = syntax_span(tree, inbox->lanes[inbox->lane_count - 1].node);
        diag_help_edit(diag, DIAG_FIX_PLACEHOLDER, span_after(last),
                       SLICE("\n  lane rest \"Other\""), "end with a lane that has no `if`");
    }
}

static void read_lanes(struct unit *unit, struct inbox *inbox)
{
    const struct syntax_tree *tree = names_tree(unit, inbox->decl.file);
    struct reader reader = { unit, inbox, inbox, false, false };
    for (SYNTAX_EACH(tree, inbox->decl.node, child)) {
        if (syntax_kind(tree, child) != NODE_LANE) {
            inbox->broken = inbox->broken || syntax_kind(tree, child) == NODE_ERROR;
            continue;
        }
        if (names_reach_limit(unit, inbox->decl.span, names_decl(&inbox->decl, unit->arena),
                              inbox->lane_count, INBOX_LANES_MAX, "lanes")) {
            inbox->broken = true;
            return;
        }
        struct lane lane = read_lane(&reader, child);
        ARRAY_PUSH(unit->arena, inbox->lanes, inbox->lane_count, lane);
    }
    if (!tree->has_errors) {
        report_lanes(unit, inbox);
    }
}

// Once more, with the types that the processes give; what comes of it is forgotten.
static void read_typed(struct unit *unit, struct inbox *inbox, uint32_t own_files)
{
    bool own = inbox->decl.file < own_files && inbox->like == NULL && inbox->readers.count > 0;
    struct reader reader = { unit, inbox, inbox_lanes(inbox), true, own };
    for (uint32_t i = 0; i < reader.lanes->lane_count && !inbox->broken; i++) {
        (void)read_lane(&reader, reader.lanes->lanes[i].node);
    }
}

// --- readers -----------------------------------------------------------------------------------

static void read_head(struct unit *unit, struct inbox *inbox)
{
    const struct syntax_tree *tree = names_tree(unit, inbox->decl.file);
    uint32_t readers = syntax_child(tree, inbox->decl.node, NODE_INBOX_FOR);
    uint32_t like = syntax_child(tree, inbox->decl.node, NODE_LIKE);
    if (readers != NODE_NONE) {
        inbox->readers = names_roles(unit, inbox->decl.file, syntax_first(tree, readers));
    }
    if (like == NODE_NONE) {
        return;
    }
    const struct inbox *other = names_inbox(unit, inbox->decl.file, syntax_first(tree, like));
    inbox->broken = inbox->broken || other == NULL;
    inbox->like = other;
    if (other != NULL && syntax_has(names_tree(unit, other->decl.file), other->decl.node,
                                    NODE_LIKE)) {
        struct diag *diag = diag_add(unit->diags, DIAG_E0465, syntax_span(tree, like));
        diag_fact(diag, other->decl.name);
        diag_label(diag, other->decl.span, "it is like another one itself");
        inbox->like = NULL;
        inbox->broken = true;
    }
    if (readers == NODE_NONE) {
        struct diag *diag = diag_add(unit->diags, DIAG_E0607, inbox->decl.span);
        diag_fact(diag, inbox->decl.name);
        diag_help(diag, "name the roles: `inbox %.*s for ROLE like …`",
                  SLICE_PRINT(inbox->decl.name));
    }
}

// One role reads one inbox, as far as files see each other.
static void report_shared_role(struct unit *unit, const struct inbox *inbox,
                               const struct inbox *other)
{
    if (slice_equal(inbox->decl.name, other->decl.name)) {
        return; // a copy, which was reported as one
    }
    for (uint32_t i = 0; i < inbox->readers.count; i++) {
        const struct role *role = inbox->readers.items[i];
        for (uint32_t n = 0; n < other->readers.count; n++) {
            if (!slice_equal(other->readers.items[n]->decl.name, role->decl.name)) {
                continue;
            }
            struct diag *diag = diag_add(unit->diags, DIAG_E0606, inbox->decl.span);
            diag_fact(diag, role->decl.name);
            diag_here(diag, "this is the second one");
            diag_label(diag, other->decl.span, "it reads this one already");
            diag_help(diag, "leave the role out of one of them");
            return;
        }
    }
}

void check_inboxes(struct unit *unit, uint32_t own_files)
{
    for (uint32_t i = 0; i < unit->inbox_count; i++) {
        read_head(unit, unit->inboxes[i]);
        read_lanes(unit, unit->inboxes[i]);
        for (uint32_t n = 0; n < i; n++) {
            report_shared_role(unit, unit->inboxes[i], unit->inboxes[n]);
        }
    }
    for (uint32_t i = 0; i < unit->inbox_count; i++) {
        struct inbox *inbox = unit->inboxes[i];
        inbox->broken = inbox->broken || (inbox->like != NULL && inbox->like->broken);
        if (!inbox->broken) {
            read_typed(unit, inbox, own_files);
        }
    }
}
