// Time: whose hours working time is, what tells the zone of a case, and that a timer can ever fire.
#include "base/array.h"
#include "base/check.h"
#include "dsl/check/check.h"

// --- calendar and zone of a process ------------------------------------------------------------

static void declare_zone_field(struct unit *unit, struct process *process, uint32_t name)
{
    const struct syntax_tree *tree = names_tree(unit, process->decl.file);
    const struct field *field = infer_find_field(process, syntax_name(tree, name));
    if (field == NULL) {
        struct diag *diag = diag_add(unit->diags, DIAG_E0306, syntax_span(tree, name));
        diag_fact(diag, syntax_name(tree, name));
        diag_fact(diag, process->decl.name);
        diag_here(diag, "a field that tells where the client is");
        struct suggestions suggestions;
        suggest_init(&suggestions, syntax_name(tree, name));
        for (uint32_t i = 0; i < process->field_count; i++) {
            suggest_offer(&suggestions, process->fields[i]->name, 0);
        }
        diag_suggest(diag, &suggestions, syntax_span(tree, name), "field");
        return;
    }
    if (!type_is(field->type, TYPE_TEXT) && !type_is(field->type, TYPE_PHONE) &&
        !type_is_poison(field->type)) {
        struct diag *diag = diag_add(unit->diags, DIAG_E0705, syntax_span(tree, name));
        diag_fact(diag, field->name);
        diag_label(diag, field->span, "it is declared as `%.*s` here",
                   SLICE_PRINT(type_name(field->type, unit->arena)));
        diag_note(diag, "a zone is told by a phone number, or by a text: a city or the name of "
                        "a zone");
        return;
    }
    ARRAY_PUSH(unit->arena, process->zone_fields, process->zone_field_count, field);
}

void check_declare_time(struct unit *unit, struct process *process)
{
    uint32_t file = process->decl.file;
    const struct syntax_tree *tree = names_tree(unit, file);
    uint32_t calendar = syntax_child(tree, process->decl.node, NODE_CALENDAR_OF);
    if (calendar != NODE_NONE) {
        process->calendar = names_calendar(unit, file, syntax_first(tree, calendar));
        process->calendar_said = true;
    }
    uint32_t zone = syntax_child(tree, process->decl.node, NODE_ZONE_FROM);
    uint32_t names = zone == NODE_NONE ? NODE_NONE : syntax_child(tree, zone, NODE_NAMES);
    if (names == NODE_NONE) {
        return;
    }
    for (SYNTAX_EACH(tree, names, name)) {
        if (syntax_kind(tree, name) == NODE_NAME) {
            declare_zone_field(unit, process, name);
        }
    }
}

// --- working time ------------------------------------------------------------------------------

void check_ladder_use(struct unit *unit, const struct process *process,
                      const struct ladder *ladder, struct span span)
{
    for (uint32_t i = 0; ladder != NULL && i < ladder->rung_count; i++) {
        const struct rung *rung = &ladder->rungs[i];
        if (names_is_working(rung->wait.unit) && !names_takes_calendar(unit, process, span)) {
            struct slice wait = source_text(unit->sources, rung->span);
            struct diag *diag = names_report_working_time(unit, process, span, wait);
            diag_here(diag, "this ladder counts working time");
            diag_label(diag, rung->span, "in this rung");
            return;
        }
    }
}

void check_reminds(struct body *body, struct task *task, uint32_t node)
{
    struct unit *unit = body->infer.unit;
    const struct syntax_tree *tree = names_tree(unit, body->infer.file);
    for (SYNTAX_EACH(tree, node, child)) {
        if (syntax_kind(tree, child) != NODE_REMIND_BEFORE) {
            continue;
        }
        uint32_t wait = syntax_child(tree, child, NODE_DURATION);
        if (wait == NODE_NONE) {
            continue;
        }
        struct value value = syntax_literal(tree, wait);
        if (task->remind_count == TASK_REMINDS_MAX) {
            (void)names_reach_limit(unit, task->span, SLICE("the task"), task->remind_count,
                                    TASK_REMINDS_MAX, "reminders");
            return;
        }
        if (names_working_time(unit, body->process, value.unit, syntax_span(tree, wait))) {
            ARRAY_PUSH(unit->arena, task->reminds, task->remind_count, value);
        }
    }
}

// --- proof 5: a timer fires before its stage must have been left --------------------------------

// The shortest and the longest that a wait can be, whatever the zone; false: nobody can say.
static bool wait_bounds(const struct expr *wait, int64_t *ret_least, int64_t *ret_most)
{
    static const int64_t hour_ms = 3600 * 1000;
    static const struct {
        int64_t least, most; // hours; a change of the clock is an hour at most
    } units[] = {
        [DURATION_DAY] = { 23, 25 },
        [DURATION_WEEK] = { 7 * 24 - 1, 7 * 24 + 1 },
        [DURATION_MONTH] = { 28 * 24 - 1, 31 * 24 + 1 },
    };
    if (wait == NULL || wait->kind != EXPR_DURATION || wait->number < 0 ||
        wait->number > INT32_MAX || wait->scale > DURATION_MONTH) {
        return false;
    }
    if (wait->scale == DURATION_MS) {
        *ret_least = wait->number;
        *ret_most = wait->number;
    } else if (wait->scale == DURATION_DAY || wait->scale == DURATION_WEEK) {
        int64_t days = wait->number * (wait->scale == DURATION_WEEK ? 7 : 1);
        *ret_least = (days * 24 - 1) * hour_ms;
        *ret_most = (days * 24 + 1) * hour_ms;
    } else {
        *ret_least = wait->number * units[wait->scale].least * hour_ms;
        *ret_most = wait->number * units[wait->scale].most * hour_ms;
    }
    return true;
}

struct leaves {
    const struct stage *stage;
    bool all;
};

static void look_at_target(void *context, const struct target *target)
{
    struct leaves *leaves = context;
    bool stays = target->stage != NULL && target->stage != leaves->stage &&
                 stage_is_inside(target->stage, leaves->stage);
    bool unknown = target->stage == NULL && target->end == NULL;
    leaves->all = leaves->all && !stays && !unknown;
}

// Whether firing surely ends the stage that the timer is written in.
static bool surely_leaves(const struct handler *timer)
{
    struct leaves leaves = { timer->stage, true };
    if (timer->timer_kind != TIMER_AFTER || !check_always_flows(timer->block)) {
        return false;
    }
    check_each_target(timer, look_at_target, &leaves);
    return leaves.all;
}

static struct slice lasting(const struct unit *unit, const struct process *process,
                            const struct stage *stage)
{
    return stage->parent == NULL
               ? names_decl(&process->decl, unit->arena)
               : arena_format(unit->arena, "stage `%.*s`", SLICE_PRINT(stage->name));
}

static void compare_timers(struct unit *unit, const struct process *process,
                           const struct handler *timer, const struct handler *other)
{
    int64_t least;
    int64_t most;
    int64_t other_least;
    int64_t other_most;
    bool around = other != timer && other->kind == HANDLER_TIMER &&
                  stage_is_inside(timer->stage, other->stage) && surely_leaves(other);
    if (!around || !wait_bounds(timer->moment, &least, &most) ||
        !wait_bounds(other->moment, &other_least, &other_most)) {
        return;
    }
    // The same wait in the same stage: the clock cannot change between them, the text decides.
    bool same = timer->stage == other->stage && timer->moment->scale == other->moment->scale &&
                timer->moment->number == other->moment->number;
    bool later = same ? timer->span.start > other->span.start : least > other_most;
    if (!later) {
        return;
    }
    struct diag *diag = diag_add(unit->diags, DIAG_E0702, timer->span);
    diag_fact_format(diag, "after %.*s",
                     SLICE_PRINT(source_text(unit->sources, timer->moment->span)));
    diag_fact(diag, lasting(unit, process, other->stage));
    diag_here(diag, "this never fires");
    diag_label(diag, other->span, "by then this has moved the case away");
    diag_help(diag, "make one of the waits shorter or longer, or leave this timer out");
}

void check_timers(struct unit *unit, const struct process *process)
{
    for (uint32_t i = 0; i < process->handler_count; i++) {
        const struct handler *timer = process->handlers[i];
        if (timer->kind != HANDLER_TIMER || timer->timer_kind != TIMER_AFTER) {
            continue;
        }
        for (uint32_t n = 0; n < process->handler_count; n++) {
            compare_timers(unit, process, timer, process->handlers[n]);
        }
    }
}
