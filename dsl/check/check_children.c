// No case ends while its children are open (rule 32): which collections may be open at each stage
// is found by following every path from the start until nothing changes; conditions and `cancel`
// close.
#include "base/array.h"
#include "base/check.h"
#include "base/limits.h"
#include "dsl/check/check.h"
#include "dsl/model/frame.h"

struct flow_check {
    struct unit *unit;
    const struct process *process;
    struct children *open; // by stage index: what may be open at the leaf
    bool *reached;
    struct children *at_choice; // by source and choice, see choice_slot
    bool *chosen;
    const struct target **came_by; // by stage and collection: how one comes there without any
    const struct target *target;   // the one that is followed
    bool changed;
    bool reports;
    const struct stage *at; // the leaf that the handler runs at; NULL for start
    const struct handler *handler;
};

// Which children may be open: bits of collections. Conditions speak of the last conversion only, so
// the children of earlier ones are kept apart; nothing but `cancel` is known to end them.
// What another branch of a parallel may have converted is kept apart too, while the case is in it.
struct children {
    uint32_t last;
    uint32_t earlier;
    uint32_t beside;
    uint32_t missing; // may never have been converted at all
};

// Where the steps so far may have left the case.
struct path {
    struct children open;
    bool live; // false: each way so far has ended in a flow
};

static uint32_t closed_by(const struct expr *expr, bool truth);
static void check_deserted(struct flow_check *flow, const struct stage *leaf);
static bool is_converted_beside(const struct flow_check *flow, const struct collection *collection);
static const struct collection *first_open(const struct flow_check *flow, uint32_t open);
static struct path follow_block(struct flow_check *flow, const struct block *block,
                                struct path path);
static struct children follow_hook(struct flow_check *flow, const struct handler *hook,
                                   struct children open);
static void enter_down_to(struct flow_check *flow, const struct stage *around,
                          const struct stage *stage, struct children open);
static void stay(struct flow_check *flow, struct path path);

static void close_children(struct children *open, uint32_t closed)
{
    open->last &= ~closed;
    open->beside &= ~closed;
}

// No child was ever converted: may the condition have that truth?
static bool may_be_without(const struct expr *expr, bool truth)
{
    if (expr->kind == EXPR_NOT) {
        return may_be_without(expr->a, !truth);
    }
    if (expr->kind == EXPR_AND || expr->kind == EXPR_OR) {
        bool a = may_be_without(expr->a, truth);
        bool b = may_be_without(expr->b, truth);
        return (expr->kind == EXPR_AND) == truth ? a && b : a || b;
    }
    if (expr->kind == EXPR_BOOL) {
        return (expr->number != 0) == truth;
    }
    if (expr->kind == EXPR_COLLECTION) {
        return !truth; // neither all nor any
    }
    bool counts = expr->a != NULL && expr->b != NULL && expr->a->kind == EXPR_COLLECTION &&
                  expr->b->kind == EXPR_INTEGER;
    int64_t number = counts ? expr->b->number : 0;
    switch (counts ? (uint32_t)expr->kind : EXPR_KIND_COUNT) { // 0 on the left
    case EXPR_IS: return (number == 0) == truth;
    case EXPR_IS_NOT: return (number != 0) == truth;
    case EXPR_LESS: return (0 < number) == truth;
    case EXPR_LESS_EQUAL: return (0 <= number) == truth;
    case EXPR_GREATER: return (0 > number) == truth;
    case EXPR_GREATER_EQUAL: return (0 >= number) == truth;
    default: return true;
    }
}

static uint32_t spoken_of(const struct expr *expr)
{
    if (expr == NULL || expr->kind == EXPR_COLLECTION) {
        return expr == NULL || expr->collection == NULL ? 0 : 1u << expr->collection->index;
    }
    return spoken_of(expr->a) | spoken_of(expr->b);
}

// What is known of the children where the condition has that truth.
static void suppose(struct children *open, const struct expr *condition, bool truth)
{
    close_children(open, closed_by(condition, truth));
    if (!may_be_without(condition, truth)) {
        open->missing &= ~spoken_of(condition);
    }
}

static uint32_t all_open(struct children open) { return open.last | open.earlier | open.beside; }

static void follow_handler(struct flow_check *flow, const struct handler *handler,
                           const struct stage *leaf)
{
    flow->at = leaf;
    flow->handler = handler;
    struct children open = { 0 };
    if (leaf != NULL) {
        open = flow->open[leaf->index];
    } else if (handler->kind == HANDLER_START) {
        open.missing = UINT32_MAX;
        open = follow_hook(flow, flow->process->stages[0]->enter, open);
        flow->handler = handler;
    }
    if (handler->condition != NULL) {
        suppose(&open, handler->condition, true);
    }
    struct path path = { open, true };
    stay(flow, follow_block(flow, handler->block, path));
    if (handler->at_most_then != NULL) {
        stay(flow, follow_block(flow, handler->at_most_then, path));
    }
}

// The source counts: it says what is exited on the way. Slot 0 is `start`.
static uint32_t choice_slot(const struct flow_check *flow, const struct stage *source,
                            const struct choice *choice)
{
    uint32_t row = source == NULL ? 0 : source->index;
    return row * flow->process->choice_count + choice->index;
}

static void follow_choices(struct flow_check *flow, const struct stage *source)
{
    for (uint32_t i = 0; i < flow->process->choice_count; i++) {
        const struct choice *choice = flow->process->choices[i];
        uint32_t slot = choice_slot(flow, source, choice);
        if (flow->chosen[slot]) {
            flow->at = source;
            flow->handler = choice->handler;
            struct path path = { flow->at_choice[slot], true };
            (void)follow_block(flow, choice->handler->block, path);
        }
    }
}

static void follow_all(struct flow_check *flow)
{
    const struct process *process = flow->process;
    follow_handler(flow, process->start, NULL);
    for (uint32_t i = 0; i < process->end_count; i++) {
        const struct target *target = process->ends[i]->reopen_target;
        if (target != NULL && target->stage != NULL) {
            flow->at = NULL;
            enter_down_to(flow, NULL, target->stage, (struct children){ 0 });
        }
    }
    follow_choices(flow, NULL);
    for (uint32_t i = 1; i < process->stage_count; i++) {
        const struct stage *leaf = process->stages[i];
        follow_choices(flow, leaf);
        for (uint32_t n = 0; n < process->handler_count && flow->reached[i]; n++) {
            if (check_handler_holds_at(process, process->handlers[n], leaf)) {
                follow_handler(flow, process->handlers[n], leaf);
            }
        }
    }
}

void check_children(struct unit *unit, struct process *process)
{
    if (process->collection_count == 0) {
        return;
    }
    if (process->collection_count > COLLECTIONS_MAX) {
        // Reported where they were declared.
        return;
    }
    struct flow_check flow = { .unit = unit, .process = process, .changed = true };
    flow.open = ARENA_ARRAY(unit->arena, struct children, process->stage_count);
    flow.reached = ARENA_ARRAY(unit->arena, bool, process->stage_count);
    uint32_t slots = process->choice_count * process->stage_count + 1;
    flow.came_by = ARENA_ARRAY(unit->arena, const struct target *,
                               process->stage_count * process->collection_count);
    flow.at_choice = ARENA_ARRAY(unit->arena, struct children, slots);
    flow.chosen = ARENA_ARRAY(unit->arena, bool, slots);
    while (flow.changed) {
        flow.changed = false;
        follow_all(&flow);
    }
    flow.reports = true;
    follow_all(&flow);
    for (uint32_t i = 1; i < process->stage_count; i++) {
        if (stage_is_leaf(process->stages[i])) {
            check_deserted(&flow, process->stages[i]);
        }
    }
}

// Only children move a case on from the leaf: which of them, if none need be there, and the first
// rule that waits for them. Where one speaks of several kinds, or may fire without any, nothing is
// said.
static uint32_t awaited_at(const struct flow_check *flow, const struct stage *leaf,
                           const struct handler **ret_rule)
{
    uint32_t awaited = 0;
    for (uint32_t i = 0; i < flow->process->handler_count; i++) {
        const struct handler *handler = flow->process->handlers[i];
        if (handler->kind != HANDLER_RULE || !stage_is_inside(leaf, handler->stage)) {
            continue;
        }
        uint32_t bits = handler->condition == NULL ? 0 : spoken_of(handler->condition);
        if (bits == 0 || may_be_without(handler->condition, true)) {
            return 0;
        }
        *ret_rule = awaited == 0 ? handler : *ret_rule;
        awaited |= bits;
    }
    return (awaited & (awaited - 1)) == 0 ? awaited : 0;
}

static void check_deserted(struct flow_check *flow, const struct stage *leaf)
{
    const struct handler *rule = NULL;
    if (leaf->waits != WAIT_CHILDREN || stage_branch(leaf) != NULL ||
        !flow->reached[leaf->index]) {
        return;
    }
    uint32_t awaited = awaited_at(flow, leaf, &rule) & flow->open[leaf->index].missing;
    if (awaited == 0) {
        return;
    }
    const struct collection *collection = first_open(flow, awaited);
    const struct target *target =
        flow->came_by[leaf->index * flow->process->collection_count + collection->index];
    struct diag *diag = diag_add(flow->unit->diags, DIAG_E0535, leaf->span);
    diag_fact(diag, leaf->name);
    diag_fact(diag, collection->name);
    diag_here(diag, "only children move a case on from here");
    diag_label(diag, rule->condition->span, "this is never true when there are none");
    if (target != NULL) {
        diag_label(diag, target->span, "cases come here without any");
    }
    diag_help(diag, "lead here only after `convert … into %.*s`, or give the stage a task or a "
                    "timer",
              SLICE_PRINT(collection->name));
}

// --- what a condition says about children ------------------------------------------------------

static uint32_t bit_of(const struct expr *expr) { return 1u << expr->collection->index; }

// `count deals open is 0` and its relatives.
static uint32_t closed_by_count(const struct expr *expr, bool truth)
{
    const struct expr *count = expr->a;
    if (count->kind != EXPR_COLLECTION || expr->b->kind != EXPR_INTEGER ||
        count->quantifier != QUANTIFIER_COUNT || count->number != CHILD_OPEN) {
        return 0;
    }
    int64_t number = expr->b->number;
    bool zero_when_true = (expr->kind == EXPR_IS && number == 0) ||
                          (expr->kind == EXPR_LESS && number == 1) ||
                          (expr->kind == EXPR_LESS_EQUAL && number == 0);
    bool zero_when_false = (expr->kind == EXPR_IS_NOT && number == 0) ||
                           (expr->kind == EXPR_GREATER && number == 0) ||
                           (expr->kind == EXPR_GREATER_EQUAL && number == 1);
    return (truth && zero_when_true) || (!truth && zero_when_false) ? bit_of(count) : 0;
}

// Collections that are surely not open when the condition has that truth.
static uint32_t closed_by(const struct expr *expr, bool truth)
{
    // What is wrong about it has been reported; more would be said about the same cause.
    if (expr_is_poison(expr)) {
        return UINT32_MAX;
    }
    if (expr->kind == EXPR_NOT) {
        return closed_by(expr->a, !truth);
    }
    if (expr->kind == EXPR_AND || expr->kind == EXPR_OR) {
        uint32_t a = closed_by(expr->a, truth);
        uint32_t b = closed_by(expr->b, truth);
        return (expr->kind == EXPR_AND) == truth ? a | b : a & b;
    }
    if (expr->kind == EXPR_COLLECTION) {
        bool all_over = expr->quantifier == QUANTIFIER_ALL && expr->number != CHILD_OPEN && truth;
        // A collection of one child: what holds for any holds for all.
        bool the_one = expr->quantifier == QUANTIFIER_ANY && !expr->collection->each &&
                       expr->number != CHILD_OPEN && expr->number != CHILD_ANY && truth;
        bool none_open = expr->quantifier == QUANTIFIER_ANY && expr->number == CHILD_OPEN && !truth;
        return all_over || the_one || none_open ? bit_of(expr) : 0;
    }
    return expr->a != NULL && expr->b != NULL ? closed_by_count(expr, truth) : 0;
}

// --- following steps ---------------------------------------------------------------------------

static struct slice open_names(const struct flow_check *flow, uint32_t open)
{
    struct slice names = SLICE_EMPTY;
    for (uint32_t i = 0; i < flow->process->collection_count; i++) {
        if ((open & (1u << i)) != 0) {
            names = arena_format(flow->unit->arena, "%.*s%s`%.*s`", SLICE_PRINT(names),
                                 names.len == 0 ? "" : " and ",
                                 SLICE_PRINT(flow->process->collections[i]->name));
        }
    }
    return names;
}

static const struct collection *first_open(const struct flow_check *flow, uint32_t open)
{
    uint32_t index = 0;
    while ((open & (1u << index)) == 0) {
        index++;
    }
    return flow->process->collections[index];
}

static void report_open(struct flow_check *flow, const struct target *target,
                        struct children children)
{
    uint32_t open = all_open(children);
    const struct collection *collection = first_open(flow, open);
    struct diag *diag = diag_add(flow->unit->diags, DIAG_E0513, target->span);
    diag_fact(diag, target->end->name);
    diag_fact(diag, open_names(flow, open));
    diag_here(diag, "%.*s ends the case here",
              SLICE_PRINT(check_handler_name(flow->handler, flow->unit->arena)));
    diag_label(diag, collection->span, "these children may still be open then");
    if (flow->at != NULL) {
        diag_label(diag, flow->at->span, "for example at this stage");
    }
    diag_note(diag, "a case may not end with open children");
    if ((children.last | children.beside) == 0) {
        diag_note(diag, "they may be converted a second time while the first ones are open, and "
                        "`all`, `any` and `count` speak of the last conversion");
        diag_help(diag, "convert again only when they have ended: `if not any %.*s open`",
                  SLICE_PRINT(collection->name));
    }
    bool guards = flow->handler->kind == HANDLER_ACTION && flow->handler->condition == NULL &&
                  (children.last | children.beside) != 0;
    const struct syntax_tree *tree = names_tree(flow->unit, flow->process->decl.file);
    uint32_t label = syntax_child(tree, flow->handler->node, NODE_LABEL);
    if (guards && label != NODE_NONE) {
        diag_help_edit(diag, DIAG_FIX_GUESS, span_after(syntax_span(tree, label)),
                       arena_format(flow->unit->arena, " if not any %.*s open",
                                    SLICE_PRINT(collection->name)),
                       "offer the action only when they have ended");
    }
    diag_help(diag, "end the children before the flow: `cancel %.*s`",
              SLICE_PRINT(collection->name));
}

static void arrive_with(struct flow_check *flow, bool *reached, struct children *known,
                        struct children open)
{
    if (!*reached || (open.last & ~known->last) != 0 || (open.earlier & ~known->earlier) != 0 ||
        (open.beside & ~known->beside) != 0 || (open.missing & ~known->missing) != 0) {
        *reached = true;
        known->missing |= open.missing;
        known->last |= open.last;
        known->earlier |= open.earlier;
        known->beside |= open.beside;
        flow->changed = true;
    }
}

// Whether a case can stand in both at the same time: in two branches of one parallel.
static bool are_beside(const struct stage *a, const struct stage *b)
{
    const struct stage *around = a;
    while (around != NULL && !stage_is_inside(b, around)) {
        around = around->parent;
    }
    return around != NULL && around != a && around != b && around->parallel != NULL;
}

// What was made open in one branch is open for the others too.
static void tell_beside(struct flow_check *flow, const struct stage *stage, struct children open)
{
    for (uint32_t i = 0; flow->process->parallel_count > 0 && i < flow->process->stage_count;
         i++) {
        const struct stage *other = flow->process->stages[i];
        if (stage_is_leaf(other) && are_beside(stage, other)) {
            bool reached = true;
            struct children told = { 0, open.earlier, open.last | open.beside, 0 };
            arrive_with(flow, &reached, &flow->open[i], told);
        }
    }
}

static void arrive(struct flow_check *flow, const struct stage *leaf, struct children open)
{
    if (stage_branch(leaf) == NULL) {
        open.last |= open.beside;
        open.beside = 0;
    }
    for (uint32_t i = 0; i < flow->process->collection_count; i++) {
        bool news = (open.missing & ~flow->open[leaf->index].missing & 1u << i) != 0;
        if (news) {
            flow->came_by[leaf->index * flow->process->collection_count + i] = flow->target;
        }
    }
    arrive_with(flow, &flow->reached[leaf->index], &flow->open[leaf->index], open);
    tell_beside(flow, leaf, open);
}

// --- what happens on the way (rule 10) ---------------------------------------------------------

static struct children follow_hook(struct flow_check *flow, const struct handler *hook,
                                   struct children open)
{
    if (hook == NULL) {
        return open;
    }
    const struct handler *before = flow->handler;
    flow->handler = hook;
    struct path path = follow_block(flow, hook->block, (struct path){ open, true });
    flow->handler = before;
    return path.open;
}

static struct children exit_up_to(struct flow_check *flow, const struct stage *around,
                                  struct children open)
{
    for (const struct stage *at = flow->at; at != NULL && at != around; at = at->parent) {
        open = follow_hook(flow, at->exit, open);
    }
    return open;
}

// What is entered with a stage: the first one inside, or all branches.
static struct children enter_inside(struct flow_check *flow, const struct stage *stage,
                                    struct children open)
{
    if (stage_is_leaf(stage)) {
        arrive(flow, stage, open);
        return open;
    }
    const struct stage *child = stage->first_child;
    do {
        open = enter_inside(flow, child, follow_hook(flow, child->enter, open));
        child = child->next_sibling;
    } while (stage->parallel != NULL && child != NULL);
    return open;
}

// `around` is not entered; NULL: the body is.
static void enter_down_to(struct flow_check *flow, const struct stage *around,
                          const struct stage *stage, struct children open)
{
    const struct stage *path[IMAGE_STAGE_DEPTH_MAX + 2];
    uint32_t depth = 0;
    for (const struct stage *at = stage; at != NULL && at != around; at = at->parent) {
        CHECK(depth < ARRAY_COUNT(path));
        path[depth++] = at;
    }
    while (depth > 0) {
        open = follow_hook(flow, path[--depth]->enter, open);
    }
    (void)enter_inside(flow, stage, open);
}

// What source and target share: the innermost stage around the target that the source is in.
static const struct stage *kept_around(const struct flow_check *flow, const struct stage *target)
{
    const struct stage *around = target->parent;
    while (around->parent != NULL && flow->at != NULL && !stage_is_inside(flow->at, around)) {
        around = around->parent;
    }
    return around;
}

// A path without a flow, or with `again` or `retry`, leaves the case where it stands.
static void stay(struct flow_check *flow, struct path path)
{
    if (flow->at != NULL && path.live) {
        arrive(flow, flow->at, path.open);
    }
}

// The case stays where the other branches are, or goes where the join leads.
static void finish_branch(struct flow_check *flow, const struct stage *branch,
                          struct children open)
{
    const struct stage *source = flow->at;
    const struct handler *handler = flow->handler;
    const struct parallel *parallel = branch->parent->parallel;
    open = exit_up_to(flow, branch->parent, open);
    tell_beside(flow, branch, open);
    for (uint32_t i = 0; i < flow->process->collection_count; i++) {
        if (is_converted_beside(flow, flow->process->collections[i])) {
            open.missing &= ~(1u << i); // nobody knows which branch comes last
        }
    }
    if (parallel->join != NULL) {
        flow->at = branch->parent;
        flow->handler = parallel->join;
        (void)follow_block(flow, parallel->join->block, (struct path){ open, true });
    }
    flow->at = source;
    flow->handler = handler;
}

static void follow_target(struct flow_check *flow, const struct target *target,
                          struct children open)
{
    flow->target = target;
    if (target->done != NULL) {
        finish_branch(flow, target->done, open);
    } else if (target->stage != NULL) {
        const struct stage *around = kept_around(flow, target->stage);
        enter_down_to(flow, around, target->stage, exit_up_to(flow, around, open));
    } else if (target->choice != NULL && target->choice->handler != NULL) {
        uint32_t slot = choice_slot(flow, flow->at, target->choice);
        arrive_with(flow, &flow->chosen[slot], &flow->at_choice[slot], open);
    } else if (target->end != NULL) {
        open = exit_up_to(flow, NULL, open);
        if (flow->reports && all_open(open) != 0) {
            report_open(flow, target, open);
        }
    }
}

struct conversions {
    uint32_t bits;
};

static void note_conversion(void *context, const struct step *step)
{
    struct conversions *found = context;
    if (step->kind == STEP_CONVERT && step->convert->collection != NULL) {
        found->bits |= 1u << step->convert->collection->index;
    }
}

// What may have been converted while the case was frozen: inside an escalation, or by the body.
static uint32_t converted_in_frames(const struct process *process)
{
    struct conversions found = { 0 };
    for (uint32_t i = 0; i < process->handler_count; i++) {
        const struct handler *handler = process->handlers[i];
        if (handler->stage->parent == NULL || check_escalation_around(handler->stage) != NULL) {
            check_each_handler_step(handler, note_conversion, &found);
        }
    }
    return found.bits;
}

// Back to wherever the escalation may have been raised: what was open there is open still, and what
// was converted since.
static void follow_back(struct flow_check *flow, struct children open)
{
    const struct process *process = flow->process;
    const struct escalation *escalation =
        flow->at == NULL ? NULL : check_escalation_around(flow->at);
    uint32_t fresh = converted_in_frames(process);
    for (uint32_t i = 1; i < process->stage_count && escalation != NULL; i++) {
        const struct stage *leaf = process->stages[i];
        struct children there = flow->open[i];
        there.last |= open.last & fresh;
        there.earlier |= open.earlier & fresh;
        if (stage_is_leaf(leaf) && flow->reached[i] &&
            check_escalation_around(leaf) != escalation &&
            check_raised_at(process, escalation, leaf)) {
            arrive(flow, leaf, there);
        }
    }
}

// Two ways that meet again.
static struct path join_paths(struct path a, struct path b)
{
    if (!a.live || !b.live) {
        return a.live ? a : b;
    }
    a.open.last |= b.open.last;
    a.open.earlier |= b.open.earlier;
    a.open.beside |= b.open.beside;
    a.open.missing |= b.open.missing;
    return a;
}

static struct path follow_if(struct flow_check *flow, const struct step *step, struct path path)
{
    struct path yes = path;
    struct path no = path;
    suppose(&yes.open, step->expr, true);
    suppose(&no.open, step->expr, false);
    yes = follow_block(flow, step->then, yes);
    if (step->otherwise != NULL) {
        no = follow_block(flow, step->otherwise, no);
    }
    return join_paths(yes, no);
}

struct converting {
    const struct collection *collection;
    bool found;
};

static void find_convert(void *context, const struct step *step)
{
    struct converting *converting = context;
    converting->found = converting->found ||
                        (step->kind == STEP_CONVERT &&
                         step->convert->collection == converting->collection);
}

// Another branch converts into the same collection: then both rounds may be open at once.
static bool is_converted_beside(const struct flow_check *flow, const struct collection *collection)
{
    struct converting converting = { collection, false };
    for (uint32_t i = 0; i < flow->process->handler_count && !converting.found; i++) {
        const struct handler *handler = flow->process->handlers[i];
        if (flow->at != NULL && are_beside(flow->at, handler->stage)) {
            check_each_handler_step(handler, find_convert, &converting);
        }
    }
    return converting.found;
}

static struct path follow_step(struct flow_check *flow, const struct step *step, struct path path)
{
    if (step->kind == STEP_CONVERT && step->convert->collection != NULL) {
        uint32_t bit = 1u << step->convert->collection->index;
        path.open.earlier |= path.open.last & bit;
        if (is_converted_beside(flow, step->convert->collection)) {
            path.open.earlier |= path.open.beside & bit;
        }
        path.open.last |= bit;
        path.open.missing &= ~bit;
    } else if (step->kind == STEP_CANCEL && step->collection != NULL) {
        close_children(&path.open, 1u << step->collection->index);
        path.open.earlier &= ~(1u << step->collection->index);
    } else if (step->kind == STEP_REQUIRE) {
        suppose(&path.open, step->expr, true);
    } else if (step->kind == STEP_IF) {
        return follow_if(flow, step, path);
    } else if (step->kind == STEP_GOTO) {
        follow_target(flow, step->target, path.open);
        path.live = false;
    } else if (step->kind == STEP_ESCALATE || step->kind == STEP_BACK ||
               step->kind == STEP_MERGE) {
        if (step->kind == STEP_BACK) {
            follow_back(flow, path.open);
        } else if (step->kind == STEP_ESCALATE && step->raise != NULL) {
            arrive(flow, stage_first_leaf(step->raise->escalation->stage), path.open);
        }
        path.live = false;
    } else if (step->kind == STEP_AGAIN || step->kind == STEP_RETRY) {
        stay(flow, path);
        if (step->kind == STEP_RETRY) {
            stay(flow, follow_block(flow, step->then, path));
        }
        path.live = false;
    }
    return path;
}

static struct path follow_block(struct flow_check *flow, const struct block *block,
                                struct path path)
{
    for (uint32_t i = 0; block != NULL && i < block->count && path.live; i++) {
        path = follow_step(flow, &block->steps[i], path);
    }
    return path;
}
