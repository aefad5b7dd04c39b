// Branches at the same time (rules 3, 42, 46): what a `parallel` holds, who may enter it, and
// whether its branches can ever be done.
#include "base/array.h"
#include "base/check.h"
#include "dsl/check/check.h"

// --- 2. what is declared -----------------------------------------------------------------------

static void report_beside(struct unit *unit, struct process *process, struct span here,
                          struct span other, const struct stage *stage, const char *what)
{
    process->broken = true;
    struct diag *diag = diag_add(unit->diags, DIAG_E0525, here);
    diag_fact(diag, slice_from_cstr(what));
    diag_fact(diag, check_owner_name(unit, process, stage));
    diag_here(diag, "this would never be entered");
    diag_label(diag, other, "with the stage all branches of this are entered");
    diag_help(diag, "give the `parallel` a stage of its own: "
                    "`stage NAME \"…\" { parallel { … } … }`");
}

static uint32_t until_of(struct unit *unit, const struct syntax_tree *tree,
                         const struct parallel *parallel)
{
    uint32_t clause = syntax_child(tree, parallel->node, NODE_UNTIL_DONE);
    uint32_t number = clause == NODE_NONE ? NODE_NONE : syntax_first(tree, clause);
    if (clause == NODE_NONE || number == NODE_NONE) {
        return clause == NODE_NONE ? 0 : 1;
    }
    struct value value =
        syntax_kind(tree, number) == NODE_NUMBER ? syntax_literal(tree, number) : value_empty();
    if (value.kind != VALUE_INTEGER || value.number < 1) {
        if (syntax_kind(tree, number) != NODE_ERROR) {
            struct diag *diag = diag_add(unit->diags, DIAG_E0418, syntax_span(tree, number));
            diag_fact(diag, syntax_source(tree, number));
            diag_fact(diag, SLICE("a number of branches: a whole number from 1"));
        }
        return 0;
    }
    if (value.number > parallel->branch_count) {
        struct diag *diag = diag_add(unit->diags, DIAG_E0527, syntax_span(tree, number));
        diag_fact(diag, syntax_source(tree, number));
        diag_fact_format(diag, "%u", parallel->branch_count);
        diag_label(diag, parallel->span, "it would wait for ever");
        return 0;
    }
    return (uint32_t)value.number;
}

void check_declare_parallel(struct unit *unit, struct process *process, struct stage *stage,
                            uint32_t node)
{
    const struct syntax_tree *tree = names_tree(unit, process->decl.file);
    struct span span = syntax_keyword_span(tree, node);
    if (stage->parent == NULL) {
        process->broken = true;
        struct diag *diag = diag_add(unit->diags, DIAG_E0534, span);
        diag_fact(diag, names_decl(&process->decl, unit->arena));
        diag_note(diag, "a case comes to a `parallel` through the stage around it");
        diag_help(diag, "put a stage around it: "
                        "`stage NAME \"…\" { parallel { … } then => STAGE }`");
        return;
    }
    if (stage->parallel != NULL) {
        report_beside(unit, process, span, stage->parallel->span, stage, "another `parallel`");
        return;
    }
    struct parallel *parallel = ARENA_NEW(unit->arena, struct parallel);
    *parallel = (struct parallel){ .stage = stage,
                                   .span = span,
                                   .node = node,
                                   .index = process->parallel_count };
    for (SYNTAX_EACH(tree, node, child)) {
        parallel->branch_count += syntax_kind(tree, child) == NODE_STAGE;
    }
    parallel->until = until_of(unit, tree, parallel);
    stage->parallel = parallel;
    ARRAY_PUSH(unit->arena, process->parallels, process->parallel_count, parallel);
    for (SYNTAX_EACH(tree, stage->node, child)) {
        if (syntax_kind(tree, child) == NODE_STAGE) {
            report_beside(unit, process, syntax_name_span(tree, child), span, stage, "a stage");
            return;
        }
    }
}

// --- 3. what stands inside ---------------------------------------------------------------------

void check_fill_parallel(struct unit *unit, struct process *process, struct stage *stage,
                         uint32_t node)
{
    struct parallel *parallel = stage->parallel;
    if (parallel == NULL || parallel->node != node) {
        return; // reported
    }
    const struct syntax_tree *tree = names_tree(unit, process->decl.file);
    struct handler *handler = check_handler_add(unit, process, stage, HANDLER_JOIN, node);
    parallel->join = handler;
    struct body body;
    check_body_init(&body, unit, process, handler);
    handler->block = check_block(&body, syntax_child(tree, node, NODE_BLOCK));
    check_handler_close(process, handler);
}

void check_fill_guard(struct unit *unit, struct process *process, struct stage *stage)
{
    const struct syntax_tree *tree = names_tree(unit, process->decl.file);
    uint32_t clause = syntax_child(tree, stage->node, NODE_IF_CLAUSE);
    if (clause == NODE_NONE) {
        return;
    }
    if (!stage_is_branch(stage)) {
        struct diag *diag = diag_add(unit->diags, DIAG_E0528, syntax_keyword_span(tree, clause));
        diag_fact(diag, stage->name);
        diag_here(diag, "whoever leads to a stage says when");
        diag_help(diag, "put the condition where the flow is: `if … => %.*s`",
                  SLICE_PRINT(stage->name));
        return;
    }
    struct infer infer = { .unit = unit, .file = process->decl.file, .process = process,
                           .flags = INFER_NO_ME | INFER_NO_TASK };
    stage->guard = infer_condition(&infer, syntax_first(tree, clause));
}

// --- who may enter (rules 3, 46) ---------------------------------------------------------------

struct entering {
    struct unit *unit;
    struct process *process;
    const struct stage *from; // the braces that the flow is written in
};

// The outermost branch that holds the target and not the source; NULL: the flow may go there.
static const struct stage *branch_between(const struct stage *from, const struct stage *target)
{
    const struct stage *between = NULL;
    for (const struct stage *at = target; at != NULL; at = at->parent) {
        if (stage_is_branch(at) && !stage_is_inside(from, at)) {
            between = at;
        }
    }
    return between;
}

static void check_entering(void *context, const struct target *target)
{
    struct entering *entering = context;
    const struct stage *into = target->stage != NULL ? target->stage : target->done;
    const struct stage *branch = into == NULL ? NULL : branch_between(entering->from, into);
    if (branch == NULL) {
        return;
    }
    entering->process->broken = true;
    struct diag *diag = diag_add(entering->unit->diags, DIAG_E0524, target->span);
    diag_fact(diag, into->name);
    diag_label(diag, branch->parent->parallel->span, "its branches are entered together");
    const struct stage *around = branch->parent;
    if (entering->from != around && stage_is_inside(entering->from, around)) {
        diag_here(diag, "a branch sends no other branch anywhere");
        diag_note(diag, "branches run at the same time; what they tell each other are fields, and "
                        "rules that look at them");
    } else if (target->done != NULL) {
        diag_here(diag, "this branch is not the one that stands here");
    } else {
        diag_here(diag, "this would enter one branch alone");
        diag_help(diag, "lead to `%.*s`, which enters all of them", SLICE_PRINT(around->name));
    }
}

// --- whether it is ever joined -----------------------------------------------------------------

struct finishing {
    const struct stage *branch;
    bool found;
};

static void find_done(void *context, const struct target *target)
{
    struct finishing *finishing = context;
    finishing->found = finishing->found || target->done == finishing->branch;
}

static bool may_finish(const struct process *process, const struct stage *branch)
{
    struct finishing finishing = { .branch = branch };
    for (uint32_t i = 0; i < process->handler_count && !finishing.found; i++) {
        const struct handler *handler = process->handlers[i];
        bool runs = handler->kind != HANDLER_JOIN || handler->stage->parallel->joins;
        if (runs && stage_is_inside(handler->stage, branch)) {
            check_each_target(handler, find_done, &finishing);
        }
    }
    return finishing.found;
}

static void check_join(struct unit *unit, struct process *process, struct parallel *parallel)
{
    const struct stage *unfinished = NULL;
    uint32_t count = 0;
    const struct stage *branch = parallel->stage->first_child;
    for (; branch != NULL; branch = branch->next_sibling) {
        bool finishes = may_finish(process, branch);
        count += finishes;
        unfinished = finishes || unfinished != NULL ? unfinished : branch;
    }
    uint32_t needed = parallel->until > 0 ? parallel->until : parallel->branch_count;
    parallel->joins = count >= needed;
    if (parallel->joins) {
        return;
    }
    process->broken = true;
    struct diag *diag = diag_add(unit->diags, DIAG_E0529, parallel->span);
    diag_here(diag, "what follows `then` never happens");
    if (unfinished != NULL) {
        diag_label(diag, unfinished->span, "no step of this branch says `=> done`");
    }
    if (parallel->until == 0) {
        diag_note(diag, "a `parallel` without `until` waits for all of its branches");
    }
    diag_help(diag, "let an action, a timer or a rule of the branch end it: `=> done`");
}

void check_parallels(struct unit *unit, struct process *process)
{
    for (uint32_t i = 0; i < process->handler_count; i++) {
        const struct handler *handler = process->handlers[i];
        if (handler->kind != HANDLER_CHOICE) { // judged where it is led to
            struct entering entering = { unit, process, handler->stage };
            check_each_target(handler, check_entering, &entering);
        }
    }
    for (uint32_t i = 0; i < process->end_count; i++) {
        const struct target *target = process->ends[i]->reopen_target;
        if (target != NULL) {
            struct entering entering = { unit, process, process->stages[0] };
            check_entering(&entering, target);
        }
    }
    if (process->broken) {
        return;
    }
    for (uint32_t i = process->parallel_count; i > 0; i--) { // inner ones first
        check_join(unit, process, process->parallels[i - 1]);
    }
}

struct joined {
    check_target_fn *visit;
    void *context;
};

static void visit_joined(void *context, const struct target *target)
{
    struct joined *joined = context;
    if (target->done != NULL) {
        check_each_joined(target->done, joined->visit, joined->context);
    } else {
        joined->visit(joined->context, target);
    }
}

void check_each_joined(const struct stage *branch, check_target_fn *visit, void *context)
{
    const struct parallel *parallel = branch->parent->parallel;
    if (parallel->joins && parallel->join != NULL) {
        struct joined joined = { visit, context };
        check_each_target(parallel->join, visit_joined, &joined);
    }
}
