// The proofs over the graph of stages: every stage is reached, none is a trap (rule 42), an end is
// reachable from each; and what flows presuppose of the stages they lead to (rules 11, 19, 42).
#include "base/array.h"
#include "base/check.h"
#include "base/limits.h"
#include "dsl/check/check.h"
#include "dsl/model/frame.h"

struct leaf {
    const struct stage *stage;
    struct stage *writable;
    uint32_t *next; // leaves; behind `forth_count` those that only `=> back` leads to
    uint32_t next_count, forth_count;
    bool ends;      // some way leads to an end
    bool reached;
    bool finishes;  // an end can be reached from here
    bool reported;
};

struct graph {
    struct unit *unit;
    struct process *process;
    struct leaf *leaves;
    uint32_t leaf_count;
    uint32_t *leaf_of_stage; // by stage index; INDEX_NONE for composites
    uint32_t current;
};

static void build_graph(struct graph *graph);
static void mark_reached(struct graph *graph);
static void mark_finishing(struct graph *graph);
static void report_unreached(struct graph *graph);
static void find_waits(struct graph *graph, struct leaf *leaf);
static void check_waits(struct graph *graph, struct leaf *leaf);
static void check_rooms(struct graph *graph);
static void report_endless(struct graph *graph);
static void check_flows(struct graph *graph);
static void check_pressable(struct graph *graph);
static void check_unused_ends(struct graph *graph);

void check_graph(struct unit *unit, struct process *process)
{
    struct graph graph = { .unit = unit, .process = process };
    build_graph(&graph);
    mark_reached(&graph);
    mark_finishing(&graph);
    report_unreached(&graph);
    for (uint32_t i = 0; i < graph.leaf_count; i++) {
        find_waits(&graph, &graph.leaves[i]);
    }
    for (uint32_t i = 0; i < graph.leaf_count; i++) {
        check_waits(&graph, &graph.leaves[i]);
    }
    check_rooms(&graph);
    report_endless(&graph);
    check_flows(&graph);
    check_pressable(&graph);
    check_unused_ends(&graph);
}

// --- the graph ---------------------------------------------------------------------------------

// Calls `visit` for each leaf that is entered with the stage: one, or one of each branch.
typedef void visit_leaf_fn(struct graph *graph, uint32_t leaf);
static void each_entered(struct graph *graph, const struct stage *stage, visit_leaf_fn *visit)
{
    while (stage->first_child != NULL && stage->parallel == NULL) {
        stage = stage->first_child;
    }
    if (stage->first_child == NULL) {
        visit(graph, graph->leaf_of_stage[stage->index]);
        return;
    }
    for (stage = stage->first_child; stage != NULL; stage = stage->next_sibling) {
        each_entered(graph, stage, visit); // as deep as stages are nested
    }
}

static void add_next(struct graph *graph, uint32_t next)
{
    struct leaf *leaf = &graph->leaves[graph->current];
    for (uint32_t i = 0; i < leaf->next_count; i++) {
        if (leaf->next[i] == next) {
            return;
        }
    }
    ARRAY_PUSH(graph->unit->arena, leaf->next, leaf->next_count, next);
}

// `=> back` leads to wherever the escalation may have been raised.
static void add_back(struct graph *graph, const struct leaf *leaf)
{
    const struct escalation *escalation = check_escalation_around(leaf->stage);
    for (uint32_t i = 0; i < graph->leaf_count && escalation != NULL; i++) {
        bool raises = check_escalation_around(graph->leaves[i].stage) != escalation &&
                      check_raised_at(graph->process, escalation, graph->leaves[i].stage);
        if (raises) {
            add_next(graph, i);
        }
    }
}

// A branch that is done leads where its join does.
static void add_edge(void *context, const struct target *target)
{
    struct graph *graph = context;
    if (target->end != NULL) {
        graph->leaves[graph->current].ends = true;
    } else if (target->stage != NULL) {
        each_entered(graph, target->stage, add_next);
    } else if (target->done != NULL) {
        check_each_joined(target->done, add_edge, graph);
    }
}

// Where some branches are enough, the others may bring about the join (`until … done`).
static void add_joins_around(struct graph *graph, const struct stage *leaf)
{
    for (const struct stage *at = leaf; at != NULL; at = at->parent) {
        if (stage_is_branch(at) && at->parent->parallel->until > 0) {
            check_each_joined(at, add_edge, graph);
        }
    }
}

static void add_step_edge(void *context, const struct step *step)
{
    struct graph *graph = context;
    struct leaf *leaf = &graph->leaves[graph->current];
    if (step->kind == STEP_MERGE) {
        leaf->ends = true;
    } else if (step->kind == STEP_ESCALATE && step->raise != NULL) {
        each_entered(graph, step->raise->escalation->stage, add_next);
    }
}

static void add_back_edge(void *context, const struct step *step)
{
    struct graph *graph = context;
    if (step->kind == STEP_BACK) {
        add_back(graph, &graph->leaves[graph->current]);
    }
}

// What a join does besides leading to a stage: `then => back`.
static void add_join_steps(struct graph *graph, const struct stage *leaf, check_step_fn *add)
{
    for (const struct stage *at = leaf; at != NULL; at = at->parent) {
        if (stage_is_branch(at) && at->parent->parallel->join != NULL) {
            check_each_reached_step(at->parent->parallel->join, add, graph);
        }
    }
}

static void add_edges(struct graph *graph, uint32_t of)
{
    struct process *process = graph->process;
    const struct stage *stage = graph->leaves[of].stage;
    graph->current = of;
    for (uint32_t n = 0; n < process->handler_count; n++) {
        if (check_handler_holds_at(process, process->handlers[n], stage)) {
            check_each_target(process->handlers[n], add_edge, graph);
            check_each_reached_step(process->handlers[n], add_step_edge, graph);
        }
    }
    add_joins_around(graph, stage);
    add_join_steps(graph, stage, add_step_edge);
    graph->leaves[of].forth_count = graph->leaves[of].next_count;
    for (uint32_t n = 0; n < process->handler_count; n++) {
        if (check_handler_holds_at(process, process->handlers[n], stage)) {
            check_each_reached_step(process->handlers[n], add_back_edge, graph);
        }
    }
    add_join_steps(graph, stage, add_back_edge);
}

static void build_graph(struct graph *graph)
{
    struct process *process = graph->process;
    struct arena *arena = graph->unit->arena;
    graph->leaves = ARENA_ARRAY(arena, struct leaf, process->stage_count);
    graph->leaf_of_stage = ARENA_ARRAY(arena, uint32_t, process->stage_count);
    for (uint32_t i = 0; i < process->stage_count; i++) {
        graph->leaf_of_stage[i] = INDEX_NONE;
        if (i > 0 && stage_is_leaf(process->stages[i])) {
            graph->leaf_of_stage[i] = graph->leaf_count;
            graph->leaves[graph->leaf_count].stage = process->stages[i];
            graph->leaves[graph->leaf_count++].writable = process->stages[i];
        }
    }
    for (uint32_t i = 0; i < graph->leaf_count; i++) {
        add_edges(graph, i);
    }
}

static void reach(struct graph *graph, uint32_t first)
{
    uint32_t *queue = ARENA_ARRAY(graph->unit->arena, uint32_t, graph->leaf_count + 1);
    uint32_t count = 0;
    if (!graph->leaves[first].reached) {
        graph->leaves[first].reached = true;
        queue[count++] = first;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct leaf *leaf = &graph->leaves[queue[i]];
        // `=> back` leads only to where the case has been.
        for (uint32_t n = 0; n < leaf->forth_count; n++) {
            if (!graph->leaves[leaf->next[n]].reached) {
                graph->leaves[leaf->next[n]].reached = true;
                queue[count++] = leaf->next[n];
            }
        }
    }
}

static void reach_target(void *context, const struct target *target)
{
    if (target->stage != NULL) {
        each_entered(context, target->stage, reach);
    }
}

static void mark_reached(struct graph *graph)
{
    const struct process *process = graph->process;
    check_each_target(process->start, reach_target, graph);
    for (uint32_t i = 0; i < process->end_count; i++) {
        if (process->ends[i]->reopen_target != NULL) {
            reach_target(graph, process->ends[i]->reopen_target);
        }
    }
}

// Backwards from the ends, until nothing changes.
static void mark_finishing(struct graph *graph)
{
    bool changed = true;
    while (changed) {
        changed = false;
        for (uint32_t i = 0; i < graph->leaf_count; i++) {
            struct leaf *leaf = &graph->leaves[i];
            bool finishes = leaf->ends;
            for (uint32_t n = 0; n < leaf->next_count && !finishes; n++) {
                finishes = graph->leaves[leaf->next[n]].finishes;
            }
            changed = changed || finishes != leaf->finishes;
            leaf->finishes = finishes;
        }
    }
}

// --- every stage is reached --------------------------------------------------------------------

static bool is_reached(const struct graph *graph, const struct stage *stage)
{
    for (uint32_t i = 0; i < graph->leaf_count; i++) {
        if (graph->leaves[i].reached && stage_is_inside(graph->leaves[i].stage, stage)) {
            return true;
        }
    }
    return false;
}

struct arrival {
    const struct stage *leaf;
    const struct target *found;
};

static void find_arrival(void *context, const struct target *target)
{
    struct arrival *arrival = context;
    if (arrival->found == NULL && target->stage != NULL &&
        stage_is_inside(arrival->leaf, target->stage)) {
        arrival->found = target;
    }
}

// Where cases come in, preferring another stage's flow over the stage's own.
static const struct target *arrival_at(const struct graph *graph, const struct stage *leaf,
                                       const struct handler **ret_handler)
{
    struct arrival arrival = { .leaf = leaf };
    for (int own = 0; own < 2 && arrival.found == NULL; own++) {
        for (uint32_t i = 0; i < graph->process->handler_count && arrival.found == NULL; i++) {
            const struct handler *handler = graph->process->handlers[i];
            if ((handler->stage == leaf) == (own == 1)) {
                check_each_target(handler, find_arrival, &arrival);
                *ret_handler = handler;
            }
        }
    }
    return arrival.found;
}

static void report_unreached(struct graph *graph)
{
    for (uint32_t i = 1; i < graph->process->stage_count; i++) {
        const struct stage *stage = graph->process->stages[i];
        bool parent_reached = stage->parent->parent == NULL || is_reached(graph, stage->parent);
        if (!parent_reached || is_reached(graph, stage)) {
            continue;
        }
        struct diag *diag = diag_add(graph->unit->diags, DIAG_E0501, stage->span);
        diag_fact(diag, stage->name);
        const struct handler *handler = NULL;
        const struct target *arrival = arrival_at(graph, stage_first_leaf(stage), &handler);
        if (arrival != NULL && !stage_is_inside(handler->stage, stage)) {
            diag_here(diag, "the ways here begin where no case comes either");
            diag_label(diag, arrival->span, "%.*s leads here",
                       SLICE_PRINT(check_handler_name(handler, graph->unit->arena)));
        } else {
            diag_here(diag, "nothing leads here");
        }
        diag_help(diag, "lead to it with `=> %.*s` from an action, a timer or a rule",
                  SLICE_PRINT(stage->name));
        names_help_remove(graph->unit, diag, graph->process->decl.file, stage->node,
                          "or take it out");
    }
}

// --- nothing can get stuck (rule 42) -----------------------------------------------------------

static bool mentions_children(const struct expr *expr)
{
    if (expr == NULL) {
        return false;
    }
    bool found = expr->kind == EXPR_COLLECTION || mentions_children(expr->a) ||
                 mentions_children(expr->b);
    for (uint32_t i = 0; i < expr->item_count && !found; i++) {
        found = mentions_children(expr->items[i]);
    }
    return found;
}

struct ways {
    uint32_t count;
    uint32_t failing; // to ends that are failures, into an escalation, or given up
};

// What only interrupts the stage, or gives the case up for another, is a way out, but no next step.
static void count_way(void *context, const struct step *step)
{
    struct ways *ways = context;
    bool fails = step->kind == STEP_ESCALATE || step->kind == STEP_MERGE;
    if (step->kind == STEP_GOTO && step->target != NULL && step->target->choice == NULL) {
        fails = step->target->end != NULL && step->target->end->kind == END_FAILURE;
    } else if (!fails && step->kind != STEP_BACK) {
        return;
    }
    ways->count++;
    ways->failing += fails;
}

static struct ways ways_of(const struct handler *handler)
{
    struct ways ways = { 0 };
    check_each_reached_step(handler, count_way, &ways);
    return ways;
}

static bool may_press(const struct role *holder, const struct handler *action)
{
    // What is unknown has been reported.
    if (action->by.count == 0 || action->by.incomplete || holder == NULL) {
        return true;
    }
    for (uint32_t i = 0; i < action->by.count; i++) {
        if (action->by.items[i] == holder || names_is_superior(holder, action->by.items[i])) {
            return true;
        }
    }
    return false;
}

// A wait that is written down and longer than the horizon: nobody would notice a mistake in it.
static bool is_beyond_horizon(const struct handler *timer)
{
    static const uint64_t at_least_ms[] = {
        [DURATION_MS] = 1,
        [DURATION_DAY] = 86400000ull,
        [DURATION_WEEK] = 7 * 86400000ull,
        [DURATION_MONTH] = 28 * 86400000ull,
        [DURATION_WORK_MS] = 1,
        [DURATION_WORK_DAY] = 86400000ull,
    };
    if (timer->timer_kind == TIMER_AT || timer->moment->kind != EXPR_DURATION ||
        timer->moment->number < 0) {
        return false;
    }
    return (uint64_t)timer->moment->number > WAKE_HORIZON_MS / at_least_ms[timer->moment->scale];
}

static uint32_t wait_of(const struct handler *handler, const struct stage *leaf)
{
    struct ways ways = ways_of(handler);
    if (ways.count == 0 || handler->never_holds) {
        return 0;
    }
    if (handler->kind == HANDLER_TIMER && is_beyond_horizon(handler)) {
        return 0;
    }
    if (handler->kind == HANDLER_TIMER) {
        bool frozen = handler->stage->parent == NULL && check_escalation_around(leaf) != NULL;
        return frozen                                  ? 0
               : handler->timer_kind == TIMER_AFTER_IDLE ? WAIT_IDLE
               : handler->stage->parent != NULL        ? WAIT_TIMER
                                                       : 0;
    }
    if (handler->kind == HANDLER_RULE) {
        bool counts = handler->condition != NULL && (expr_is_poison(handler->condition) ||
                                                     mentions_children(handler->condition));
        return counts ? WAIT_CHILDREN : 0;
    }
    bool only_refusal = handler->stage != leaf && ways.failing == ways.count;
    return handler->kind == HANDLER_ACTION && leaf->task != NULL &&
                   !only_refusal && may_press(leaf->task->role, handler)
               ? WAIT_TASK
               : 0;
}

// A rule that leads on from the leaf, though only for what somebody brings (rule 42).
static bool rule_leads_on(const struct graph *graph, const struct handler *rule,
                          const struct stage *leaf)
{
    if (rule->kind != HANDLER_RULE || rule->never_holds ||
        !check_handler_holds_at(graph->process, rule, leaf)) {
        return false;
    }
    struct ways ways = ways_of(rule);
    bool only_refusal = rule->stage != leaf && ways.failing == ways.count;
    return ways.count > 0 && !only_refusal;
}

// The holder of the task has a button for what such a rule waits for: it leads on as the rule does.
static bool is_brought(const struct graph *graph, const struct handler *action,
                       const struct stage *leaf)
{
    if (action->kind != HANDLER_ACTION || action->never_holds || leaf->task == NULL ||
        !may_press(leaf->task->role, action)) {
        return false;
    }
    for (uint32_t i = 0; i < graph->process->handler_count; i++) {
        const struct handler *rule = graph->process->handlers[i];
        if (rule_leads_on(graph, rule, leaf) && check_brings(action, rule)) {
            return true;
        }
    }
    return false;
}

// What stands there and does not help: the author would take it for a way on.
static void label_near_miss(struct graph *graph, struct diag *diag, const struct handler *handler,
                            const struct stage *leaf)
{
    struct ways ways = ways_of(handler);
    if (handler->never_holds && ways.count > 0) {
        diag_label(diag, handler->condition->span, "this can never hold");
    } else if (handler->kind == HANDLER_TIMER && ways.count > 0 && is_beyond_horizon(handler)) {
        diag_label(diag, handler->moment->span,
                   "a wait of more than 400 days does not count alone");
    } else if (handler->kind == HANDLER_TIMER && ways.count > 0) {
        diag_label(diag, handler->span,
                   handler->timer_kind == TIMER_EVERY
                       ? "outside of the stages only `after … idle` counts"
                       : "this timer fires once in the life of a case");
    } else if (handler->kind == HANDLER_RULE && ways.count > 0) {
        diag_label(diag, handler->span, "this waits for data that nobody here must bring");
    } else if (handler->kind == HANDLER_OVERDUE && ways.count > 0) {
        diag_label(diag, handler->span, "what follows `overdue` is no step of a person");
    } else if (handler->kind == HANDLER_MESSAGE && ways.count > 0) {
        diag_label(diag, handler->span, "a message may never come");
    } else if (handler->kind != HANDLER_ACTION) {
        return;
    } else if (leaf->task == NULL) {
        diag_label(diag, handler->span, "without a task here nobody has to press this");
    } else if (ways.count == 0) {
        diag_label(diag, handler->span, "this does not leave the stage");
    } else if (!may_press(leaf->task->role, handler)) {
        diag_label(diag, handler->by.span, "the task is for `%.*s`, who may not press this",
                   SLICE_PRINT(leaf->task->role->decl.name));
    } else {
        diag_label(diag, handler->span, "the only way on is refusal");
        diag_note(diag, "a way out that can only fail and is declared outside the stage does not "
                        "count as a next step");
    }
    (void)graph;
}

static void report_stuck(struct graph *graph, const struct leaf *leaf)
{
    const struct process *process = graph->process;
    struct diag *diag = diag_add(graph->unit->diags, DIAG_E0503, leaf->stage->span);
    diag_fact(diag, leaf->stage->name);
    diag_here(diag, leaf->stage->task == NULL
                        ? "no task, no timer and no children lead on from here"
                        : "the task's holder has no action that leads on");
    const struct handler *from = NULL;
    const struct target *arrival = arrival_at(graph, leaf->stage, &from);
    if (arrival != NULL && from->stage != leaf->stage) {
        diag_label(diag, arrival->span, "cases arrive here through %.*s",
                   SLICE_PRINT(check_handler_name(from, graph->unit->arena)));
    }
    for (uint32_t i = 0; i < process->handler_count; i++) {
        const struct handler *handler = process->handlers[i];
        bool own_button = handler->button_of != NULL &&
                          handler->button_of == check_escalation_around(leaf->stage);
        if (stage_is_inside(leaf->stage, handler->stage) && handler->kind != HANDLER_START &&
            handler->kind != HANDLER_REPEAT && !own_button) {
            label_near_miss(graph, diag, handler, leaf->stage);
        }
    }
    const char *target = process->end_count > 0 ? "" : "STAGE";
    struct slice to = process->end_count > 0 ? process->ends[0]->name : slice_from_cstr(target);
    bool in_escalation = check_escalation_around(leaf->stage) != NULL;
    to = in_escalation ? SLICE("back") : to;
    diag_help(diag,
              leaf->stage->task == NULL
                  ? "give it a task and an action that leads on, or a timer: `after 7 days => %.*s`"
                  : "add an action that leads on, for example `action NAME \"…\" => %.*s`",
              SLICE_PRINT(to));
    if (in_escalation) {
        return;
    }
    diag_help(diag,
              "if the process is meant to be over here, declare it as an end: `end %.*s \"…\"`",
              SLICE_PRINT(leaf->stage->name));
}

// What the engine keeps for one case is bounded; a stage beyond that could never be entered.
static void check_room(struct graph *graph, const struct leaf *leaf)
{
    uint32_t timer_count = 0;
    uint32_t rule_count = 0;
    for (uint32_t i = 0; i < graph->process->handler_count; i++) {
        const struct handler *handler = graph->process->handlers[i];
        bool holds = stage_is_inside(leaf->stage, handler->stage);
        timer_count += holds && handler->kind == HANDLER_TIMER;
        rule_count += holds && handler->kind == HANDLER_RULE;
    }
    struct slice what =
        arena_format(graph->unit->arena, "stage `%.*s`", SLICE_PRINT(leaf->stage->name));
    names_reach_limit(graph->unit, leaf->stage->span, what, timer_count, TIMERS_MAX + 1,
                      "timers with those around it");
    names_reach_limit(graph->unit, leaf->stage->span, what, rule_count, LATCHES_MAX + 1,
                      "rules with those around it");
}

// A branch that comes on by itself: each leaf that a case may reach in it waits for something.
static bool is_awake(const struct graph *graph, const struct stage *branch)
{
    for (uint32_t i = 0; i < graph->leaf_count; i++) {
        const struct leaf *leaf = &graph->leaves[i];
        if (leaf->reached && leaf->stage->waits == 0 && stage_is_inside(leaf->stage, branch)) {
            return false;
        }
    }
    return true;
}

// The branches beside it are enough to end the parallel, so it need not come on by itself. One with
// an `if` may not be there.
static bool others_come_on(const struct graph *graph, const struct stage *leaf)
{
    for (const struct stage *at = leaf; at != NULL; at = at->parent) {
        uint32_t awake = 0;
        if (!stage_is_branch(at) || at->parent->parallel->until == 0) {
            continue;
        }
        const struct stage *branch = at->parent->first_child;
        for (; branch != NULL; branch = branch->next_sibling) {
            awake += branch != at && branch->guard == NULL && is_awake(graph, branch);
        }
        if (awake >= at->parent->parallel->until) {
            return true;
        }
    }
    return false;
}

static void find_waits(struct graph *graph, struct leaf *leaf)
{
    check_room(graph, leaf);
    for (uint32_t i = 0; i < graph->process->handler_count; i++) {
        const struct handler *handler = graph->process->handlers[i];
        if (check_handler_holds_at(graph->process, handler, leaf->stage)) {
            leaf->writable->waits |= wait_of(handler, leaf->stage);
            leaf->writable->waits |= is_brought(graph, handler, leaf->stage) ? WAIT_TASK : 0;
        }
    }
}

static void check_waits(struct graph *graph, struct leaf *leaf)
{
    if (leaf->reached && leaf->writable->waits == 0 && !others_come_on(graph, leaf->stage)) {
        leaf->reported = true;
        report_stuck(graph, leaf);
    }
}

// What is active at once in the largest configuration inside a stage.
struct load {
    uint32_t stages, tasks, timers, rules;
};

static uint32_t larger(uint32_t a, uint32_t b) { return a > b ? a : b; }

static struct load load_of(const struct graph *graph, const struct stage *stage)
{
    struct load load = { .stages = 1, .tasks = stage->task != NULL };
    struct load inside = { 0 };
    for (uint32_t i = 0; i < graph->process->handler_count; i++) {
        const struct handler *handler = graph->process->handlers[i];
        load.timers += handler->stage == stage && handler->kind == HANDLER_TIMER;
        load.rules += handler->stage == stage && handler->kind == HANDLER_RULE;
    }
    const struct stage *child = stage->first_child;
    for (; child != NULL; child = child->next_sibling) { // as deep as stages are nested
        struct load one = load_of(graph, child);
        if (stage->parallel != NULL) {
            inside = (struct load){ inside.stages + one.stages, inside.tasks + one.tasks,
                                    inside.timers + one.timers, inside.rules + one.rules };
        } else {
            inside = (struct load){ larger(inside.stages, one.stages),
                                    larger(inside.tasks, one.tasks),
                                    larger(inside.timers, one.timers),
                                    larger(inside.rules, one.rules) };
        }
    }
    return (struct load){ load.stages + inside.stages, load.tasks + inside.tasks,
                          load.timers + inside.timers, load.rules + inside.rules };
}

// The engine keeps so much of one case; what stands around the parallel counts too.
static void check_rooms(struct graph *graph)
{
    if (graph->process->parallel_count == 0) {
        return;
    }
    struct unit *unit = graph->unit;
    struct load load = load_of(graph, graph->process->stages[0]);
    struct span span = graph->process->parallels[0]->span;
    struct slice what = names_decl(&graph->process->decl, unit->arena);
    names_reach_limit(unit, span, what, load.stages, ACTIVE_STAGES_MAX + 1, "stages at once");
    names_reach_limit(unit, span, what, load.tasks, TASKS_MAX + 1, "tasks at once");
    names_reach_limit(unit, span, what, load.timers, TIMERS_MAX + 1, "timers at once");
    names_reach_limit(unit, span, what, load.rules, LATCHES_MAX + 1, "rules at once");
}

// --- an end is reachable -----------------------------------------------------------------------

// A leaf from which a reported one can be reached is no news.
static bool leads_to_reported(struct graph *graph, uint32_t first)
{
    uint8_t *seen = ARENA_ARRAY(graph->unit->arena, uint8_t, graph->leaf_count + 1);
    uint32_t *queue = ARENA_ARRAY(graph->unit->arena, uint32_t, graph->leaf_count + 1);
    uint32_t count = 0;
    queue[count++] = first;
    seen[first] = 1;
    for (uint32_t i = 0; i < count; i++) {
        const struct leaf *leaf = &graph->leaves[queue[i]];
        if (leaf->reported) {
            return true;
        }
        for (uint32_t n = 0; n < leaf->next_count; n++) {
            if (seen[leaf->next[n]] == 0) {
                seen[leaf->next[n]] = 1;
                queue[count++] = leaf->next[n];
            }
        }
    }
    return false;
}

static void report_endless(struct graph *graph)
{
    for (uint32_t i = 0; i < graph->leaf_count; i++) {
        struct leaf *leaf = &graph->leaves[i];
        if (!leaf->reached || leaf->finishes || leads_to_reported(graph, i)) {
            continue;
        }
        leaf->reported = true;
        struct diag *diag = diag_add(graph->unit->diags, DIAG_E0502, leaf->stage->span);
        diag_fact(diag, leaf->stage->name);
        diag_here(diag, "no way from here leads to an end");
        for (uint32_t n = 0; n < leaf->next_count && n < 2; n++) {
            const struct leaf *next = &graph->leaves[leaf->next[n]];
            if (next != leaf) {
                diag_label(diag, next->stage->span,
                           "this is where it leads, and from here there is no end either");
            }
        }
        diag_help(diag, "add an action or a timer with `=> %.*s`",
                  SLICE_PRINT(graph->process->ends[0]->name));
    }
}

// --- what flows presuppose ---------------------------------------------------------------------

static bool enters_branches(const struct stage *stage)
{
    while (stage->first_child != NULL && stage->parallel == NULL) {
        stage = stage->first_child;
    }
    return stage->parallel != NULL;
}

// What is led to is no stage with a task of its own.
static void report_due_of_many(struct graph *graph, const struct target *target)
{
    struct diag *diag = diag_add(graph->unit->diags, DIAG_E0508, target->due->span);
    diag_fact(diag, target->choice != NULL ? target->choice->name
                    : target->done != NULL ? SLICE("done")
                                           : target->stage->name);
    diag_here(diag, "this says when the task of the next stage is due");
    if (target->choice != NULL) {
        diag_label(diag, target->choice->span, "a choice leads to one stage or another");
        diag_help(diag, "write it behind the `=>` inside the choice");
    } else if (target->done != NULL) {
        diag_help(diag, "write it behind the `=>` of the parallel's `then`");
    } else {
        diag_label(diag, target->stage->span, "each branch has a task of its own here");
        diag_help(diag, "write `due` behind the tasks of the branches");
    }
}

static void check_due_of(void *context, const struct target *target)
{
    struct graph *graph = context;
    const struct stage *leaf = target->stage == NULL ? NULL : stage_first_leaf(target->stage);
    bool parts = leaf != NULL && enters_branches(target->stage);
    if (target->due == NULL || (leaf != NULL && leaf->task != NULL && !parts)) {
        return;
    }
    if (target->choice != NULL || target->done != NULL || parts) {
        report_due_of_many(graph, target);
        return;
    }
    struct diag *diag = diag_add(graph->unit->diags, DIAG_E0508, target->due->span);
    diag_fact(diag, leaf != NULL ? target->stage->name : target->end->name);
    diag_here(diag, "this says when the task of the next stage is due");
    if (leaf != NULL) {
        diag_label(diag, leaf->span, "the case arrives here, and there is no task");
        diag_help(diag, "give stage `%.*s` a task, or leave `due` out", SLICE_PRINT(leaf->name));
    } else {
        diag_label(diag, target->end->span, "this is an end");
        struct span edit = span_make(target->span.file, target->span.end, target->due->span.end);
        diag_help_edit(diag, DIAG_FIX_SAFE, edit, SLICE_EMPTY, "leave `due` out");
    }
}

struct redating {
    struct graph *graph;
    const struct handler *handler;
};

// A press has the task of whoever presses; a timer or a rule around a parallel has none. True: it
// was reported.
static bool check_one_task(struct redating *redating, const struct step *step)
{
    const struct graph *graph = redating->graph;
    for (uint32_t i = 0; i < graph->process->parallel_count; i++) {
        const struct parallel *parallel = graph->process->parallels[i];
        if (!stage_is_inside(parallel->stage, redating->handler->stage)) {
            continue;
        }
        const struct syntax_tree *tree = names_tree(graph->unit, graph->process->decl.file);
        struct diag *diag =
            diag_add(graph->unit->diags, DIAG_E0526, syntax_keyword_span(tree, step->node));
        diag_fact(diag, SLICE("`again`"));
        diag_here(diag, "which of the tasks is meant?");
        diag_label(diag, parallel->span, "several tasks are open here at once");
        diag_help(diag, "write it inside the branches");
        return true;
    }
    return false;
}

static void check_redating(void *context, const struct step *step)
{
    struct redating *redating = context;
    struct graph *graph = redating->graph;
    if (step->kind != STEP_AGAIN && step->kind != STEP_RETRY) {
        return;
    }
    if (redating->handler->kind != HANDLER_ACTION && check_one_task(redating, step)) {
        return;
    }
    for (uint32_t i = 0; i < graph->leaf_count; i++) {
        const struct stage *leaf = graph->leaves[i].stage;
        if (leaf->task != NULL || !graph->leaves[i].reached ||
            !check_handler_holds_at(graph->process, redating->handler, leaf)) {
            continue;
        }
        const struct syntax_tree *tree = names_tree(graph->unit, graph->process->decl.file);
        struct diag *diag =
            diag_add(graph->unit->diags, DIAG_E0510, syntax_keyword_span(tree, step->node));
        diag_fact(diag, leaf->name);
        diag_fact(diag, step->kind == STEP_AGAIN ? SLICE("`again`") : SLICE("`retry`"));
        diag_here(diag, "this gives the open task a new moment");
        diag_label(diag, leaf->span, "%.*s holds here too, and there is no task",
                   SLICE_PRINT(check_handler_name(redating->handler, graph->unit->arena)));
        diag_help(diag, "write it inside the stages that have a task");
        return;
    }
}

// `=> back due E`: the task that comes back is that of the stage where the case stood.
static void check_due_of_back(void *context, const struct step *step)
{
    struct redating *redating = context;
    struct graph *graph = redating->graph;
    const struct escalation *escalation = check_escalation_around(redating->handler->stage);
    for (uint32_t i = 0; step->kind == STEP_BACK && step->due != NULL && escalation != NULL &&
                         i < graph->leaf_count; i++) {
        const struct stage *leaf = graph->leaves[i].stage;
        if (leaf->task != NULL || !graph->leaves[i].reached ||
            check_escalation_around(leaf) == escalation ||
            !check_raised_at(graph->process, escalation, leaf)) {
            continue;
        }
        struct diag *diag = diag_add(graph->unit->diags, DIAG_E0508, step->due->span);
        diag_fact(diag, leaf->name);
        diag_here(diag, "this says when the task that comes back is due");
        diag_label(diag, leaf->span, "the case may have stood here, and there is no task");
        diag_help(diag, "leave `due` out, or raise the escalation only where there is a task");
        return;
    }
}

static void check_flows(struct graph *graph)
{
    const struct process *process = graph->process;
    for (uint32_t i = 0; i < process->handler_count; i++) {
        struct redating redating = { graph, process->handlers[i] };
        check_each_written_target(process->handlers[i], check_due_of, graph);
        check_each_handler_step(process->handlers[i], check_redating, &redating);
        check_each_handler_step(process->handlers[i], check_due_of_back, &redating);
    }
    for (uint32_t i = 0; i < process->end_count; i++) {
        if (process->ends[i]->reopen_target != NULL) {
            check_due_of(graph, process->ends[i]->reopen_target);
        }
    }
}

// --- buttons for nobody, ends for nothing ------------------------------------------------------

static void check_pressable(struct graph *graph)
{
    const struct process *process = graph->process;
    for (uint32_t i = 0; i < process->handler_count; i++) {
        const struct handler *handler = process->handlers[i];
        bool relevant = handler->kind == HANDLER_ACTION && is_reached(graph, handler->stage);
        bool pressable = false;
        for (uint32_t n = 0; relevant && n < graph->leaf_count && !pressable; n++) {
            pressable = check_handler_holds_at(process, handler, graph->leaves[n].stage);
        }
        if (!relevant || pressable) {
            continue;
        }
        struct diag *diag = diag_add(graph->unit->diags, DIAG_E0509, handler->span);
        diag_fact(diag, handler->name);
        if (handler->by.count > 0) {
            diag_here(diag, "actions of the same name further in hide it at every stage");
        } else {
            diag_here(diag, "no task here, so there is nobody who could press it");
            diag_note(diag, "an action without `by` is for whoever has the task in its braces");
            diag_help(diag, "say who may press it: `by ROLE`, or give the stage a task");
        }
    }
}

struct end_use {
    const struct process_end *end;
    bool used;
};

static void note_end(void *context, const struct target *target)
{
    struct end_use *use = context;
    use->used = use->used || target->end == use->end;
}

static void check_unused_ends(struct graph *graph)
{
    const struct process *process = graph->process;
    for (uint32_t i = 0; i < process->end_count; i++) {
        struct end_use use = { .end = process->ends[i] };
        for (uint32_t n = 0; n < process->handler_count; n++) {
            check_each_target(process->handlers[n], note_end, &use);
        }
        if (!use.used) {
            struct diag *diag = diag_add(graph->unit->diags, DIAG_W501, use.end->span);
            diag_fact(diag, use.end->name);
            diag_here(diag, "no case ever ends so");
        }
    }
}
