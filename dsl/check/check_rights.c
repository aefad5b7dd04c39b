// Rights: an end that belongs to a role is reached by no press that others may make (rule 25).
#include "dsl/check/check.h"

struct rights {
    struct unit *unit;
    const struct process *process;
    const struct handler *action;
    struct span done; // of the `=> done` whose join is looked at
    bool is_join;
};

static void check_end_target(void *context, const struct target *target);

static bool may_end(const struct role *role, const struct role_list *owners)
{
    for (uint32_t i = 0; i < owners->count; i++) {
        if (owners->items[i] == role || names_is_superior(role, owners->items[i])) {
            return true;
        }
    }
    return false;
}

static struct diag *report_others(struct rights *rights, const struct target *target,
                                  const struct role *other)
{
    struct unit *unit = rights->unit;
    const struct process_end *end = target->end;
    struct diag *diag = diag_add(unit->diags, DIAG_E0601, target->span);
    diag_fact(diag, end->name);
    diag_fact(diag, check_role_names(&end->by, unit->arena));
    diag_fact_format(diag, "`%.*s`", SLICE_PRINT(other->decl.name));
    diag_here(diag,
              rights->is_join ? "action `%.*s` finishes a branch here, and the join ends the case"
                              : "action `%.*s` ends the case here",
              SLICE_PRINT(rights->action->name));
    diag_label(diag, end->by.span, "only they, and those above them, may bring a case to this end");
    return diag;
}

static void check_named_pressers(struct rights *rights, const struct target *target)
{
    const struct role_list *by = &rights->action->by;
    for (uint32_t i = 0; i < by->count; i++) {
        if (!may_end(by->items[i], &target->end->by)) {
            struct diag *diag = report_others(rights, target, by->items[i]);
            diag_label(diag, by->span, "this lets `%.*s` press it",
                       SLICE_PRINT(by->items[i]->decl.name));
            diag_help(diag, "let only %.*s press it, or lead to another end",
                      SLICE_PRINT(check_role_names(&target->end->by, rights->unit->arena)));
            return;
        }
    }
}

static void check_task_holders(struct rights *rights, const struct target *target)
{
    const struct process *process = rights->process;
    for (uint32_t i = 1; i < process->stage_count; i++) {
        const struct stage *leaf = process->stages[i];
        if (!stage_is_leaf(leaf) || leaf->task == NULL || leaf->task->role == NULL ||
            !check_handler_holds_at(process, rights->action, leaf) ||
            may_end(leaf->task->role, &target->end->by)) {
            continue;
        }
        const struct syntax_tree *tree = names_tree(rights->unit, process->decl.file);
        struct diag *diag = report_others(rights, target, leaf->task->role);
        diag_label(diag, leaf->task->span, "whoever has this task may press it: `%.*s`",
                   SLICE_PRINT(leaf->task->role->decl.name));
        diag_note(diag, "an action without `by` is for whoever has the task in its braces");
        uint32_t label = syntax_child(tree, rights->action->node, NODE_LABEL);
        if (label != NODE_NONE && target->end->by.count == 1) {
            diag_help_edit(diag, DIAG_FIX_GUESS, span_after(syntax_span(tree, label)),
                           arena_format(rights->unit->arena, " by %.*s",
                                        SLICE_PRINT(target->end->by.items[0]->decl.name)),
                           "let the end's role press it");
        }
        return;
    }
}

// Rule 25: a join is the process's own; only a success is judged by who finishes its branches.
static void check_joined_end(void *context, const struct target *target)
{
    struct rights *rights = context;
    if (target->end != NULL && target->end->kind == END_SUCCESS) {
        struct target here = *target;
        here.span = rights->done;
        rights->is_join = true;
        check_end_target(rights, &here);
        rights->is_join = false;
    }
}

static void check_end_target(void *context, const struct target *target)
{
    struct rights *rights = context;
    if (target->done != NULL) {
        rights->done = target->span;
        check_each_joined(target->done, check_joined_end, rights);
        return;
    }
    if (target->end == NULL || target->end->by.count == 0) {
        return;
    }
    if (rights->action->by.span.end > 0) {
        check_named_pressers(rights, target);
    } else {
        check_task_holders(rights, target);
    }
}

void check_rights(struct unit *unit, struct process *process)
{
    for (uint32_t i = 0; i < process->handler_count; i++) {
        // Timers, rules and what follows a ladder are the process's own.
        if (process->handlers[i]->kind == HANDLER_ACTION) {
            struct rights rights = { .unit = unit, .process = process,
                                     .action = process->handlers[i] };
            check_each_target(process->handlers[i], check_end_target, &rights);
        }
    }
}
