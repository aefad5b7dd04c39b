// Walking over handlers, their steps and their targets, for the proofs.
#include "dsl/check/check.h"

void check_each_step(const struct block *block, check_step_fn *visit, void *context)
{
    for (uint32_t i = 0; block != NULL && i < block->count; i++) {
        const struct step *step = &block->steps[i];
        visit(context, step);
        check_each_step(step->then, visit, context);
        check_each_step(step->otherwise, visit, context);
    }
}

void check_each_handler_step(const struct handler *handler, check_step_fn *visit, void *context)
{
    check_each_step(handler->block, visit, context);
    check_each_step(handler->at_most_then, visit, context);
}

struct target_walk {
    check_target_fn *visit;
    void *context;
    bool behind_choices;
    bool seen[PROCESS_CHOICES_MAX]; // each choice is looked behind once
};

static void visit_target(void *context, const struct step *step)
{
    struct target_walk *walk = context;
    if (step->kind != STEP_GOTO || step->target == NULL) {
        return;
    }
    const struct choice *choice = step->target->choice;
    if (choice == NULL || !walk->behind_choices) {
        walk->visit(walk->context, step->target);
    } else if (choice->handler != NULL && !walk->seen[choice->index]) {
        walk->seen[choice->index] = true;
        check_each_handler_step(choice->handler, visit_target, walk);
    }
}

struct step_walk {
    check_step_fn *visit;
    void *context;
    bool seen[PROCESS_CHOICES_MAX];
};

static void visit_step(void *context, const struct step *step)
{
    struct step_walk *walk = context;
    const struct choice *choice =
        step->kind == STEP_GOTO && step->target != NULL ? step->target->choice : NULL;
    walk->visit(walk->context, step);
    if (choice != NULL && choice->handler != NULL && !walk->seen[choice->index]) {
        walk->seen[choice->index] = true;
        check_each_handler_step(choice->handler, visit_step, walk);
    }
}

void check_each_reached_step(const struct handler *handler, check_step_fn *visit, void *context)
{
    struct step_walk walk = { .visit = visit, .context = context };
    check_each_handler_step(handler, visit_step, &walk);
}

void check_each_target(const struct handler *handler, check_target_fn *visit, void *context)
{
    struct target_walk walk = { .visit = visit, .context = context, .behind_choices = true };
    check_each_handler_step(handler, visit_target, &walk);
}

void check_each_written_target(const struct handler *handler, check_target_fn *visit,
                               void *context)
{
    struct target_walk walk = { .visit = visit, .context = context };
    check_each_handler_step(handler, visit_target, &walk);
}

// An action further in with the same name is the one that is offered (rule 4).
static bool is_hidden_at(const struct process *process, const struct handler *handler,
                         const struct stage *leaf)
{
    for (uint32_t i = 0; handler->has_namesake_inside && i < process->handler_count; i++) {
        const struct handler *other = process->handlers[i];
        if (other != handler && other->kind == HANDLER_ACTION &&
            slice_equal(other->name, handler->name) && other->stage != handler->stage &&
            stage_is_inside(other->stage, handler->stage) && stage_is_inside(leaf, other->stage)) {
            return true;
        }
    }
    return false;
}

bool check_handler_holds_at(const struct process *process, const struct handler *handler,
                            const struct stage *leaf)
{
    bool is_event = handler->kind != HANDLER_START && handler->kind != HANDLER_ENTER &&
                    handler->kind != HANDLER_EXIT && handler->kind != HANDLER_CHOICE &&
                    handler->kind != HANDLER_JOIN;
    if (!is_event || !stage_is_inside(leaf, handler->stage)) {
        return false;
    }
    if (handler->kind != HANDLER_ACTION) {
        return true;
    }
    bool pressable = handler->by.count > 0 || handler->by.span.end > 0 || leaf->task != NULL;
    return pressable && !is_hidden_at(process, handler, leaf);
}

struct slice check_handler_name(const struct handler *handler, struct arena *arena)
{
    switch (handler->kind) {
    case HANDLER_START:
        return SLICE("`start`");
    case HANDLER_REPEAT:
        return SLICE("`on repeat`");
    case HANDLER_ACTION:
        return arena_format(arena, "action `%.*s`", SLICE_PRINT(handler->name));
    case HANDLER_TIMER:
        return handler->timer_kind == TIMER_AT      ? SLICE("the timer `at`")
               : handler->timer_kind == TIMER_EVERY ? SLICE("the timer `every`")
                                                    : SLICE("the timer `after`");
    case HANDLER_RULE:
        return SLICE("the rule");
    case HANDLER_ENTER:
        return SLICE("`on enter`");
    case HANDLER_EXIT:
        return SLICE("`on exit`");
    case HANDLER_CHOICE:
        return arena_format(arena, "choice `%.*s`", SLICE_PRINT(handler->name));
    case HANDLER_MESSAGE:
        return handler->signal == NULL
                   ? SLICE("the message")
                   : arena_format(arena, "message `%.*s.%.*s`",
                                  SLICE_PRINT(handler->signal->connector->decl.name),
                                  SLICE_PRINT(handler->signal->name));
    case HANDLER_CALL_FAILED:
        return SLICE("the `else` of `send`");
    case HANDLER_INTAKE:
        return SLICE("the message that starts it");
    case HANDLER_JOIN:
        return SLICE("`then` of the parallel");
    case HANDLER_MIGRATE:
        return SLICE("`migrate`");
    case HANDLER_OVERDUE:
        break;
    }
    return SLICE("the last rung of `overdue`");
}

struct slice check_role_names(const struct role_list *roles, struct arena *arena)
{
    struct slice names = SLICE_EMPTY;
    for (uint32_t i = 0; i < roles->count; i++) {
        const char *between = i == 0 ? "" : i + 1 == roles->count ? " and " : ", ";
        names = arena_format(arena, "%.*s%s`%.*s`", SLICE_PRINT(names), between,
                             SLICE_PRINT(roles->items[i]->decl.name));
    }
    return names;
}
