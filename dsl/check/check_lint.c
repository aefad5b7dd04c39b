// Lints: what checks, and will most likely not do what its author thinks.
#include "base/array.h"
#include "dsl/check/check.h"

static const int64_t day_ms = 24 * 3600 * 1000;

// At least, or at most, so many milliseconds; -1: it depends on opening hours.
static int64_t bound_ms(uint32_t unit, int64_t amount, bool most)
{
    switch (unit) {
    case DURATION_MS: return amount;
    case DURATION_DAY: return amount * day_ms;
    case DURATION_WEEK: return amount * 7 * day_ms;
    case DURATION_MONTH: return amount * (most ? 31 : 28) * day_ms;
    default: return -1;
    }
}

// How long it takes at least to climb the whole ladder; -1: unknown.
static int64_t ladder_ms(const struct ladder *ladder)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < ladder->rung_count; i++) {
        const struct rung *rung = &ladder->rungs[i];
        int64_t wait = rung->wait.kind == VALUE_DURATION
                           ? bound_ms(rung->wait.unit, rung->wait.number, false) : -1;
        if (wait < 0 || rung->within != NULL || wait > INT64_MAX / 2 - sum) {
            return -1;
        }
        sum += wait;
    }
    return sum;
}

// The timer that ends the stage, or one around it, first after its entry; its wait in `ret_ms`.
static const struct handler *first_timer(const struct process *process, const struct stage *stage,
                                         int64_t *ret_ms)
{
    const struct handler *first = NULL;
    for (uint32_t i = 0; i < process->handler_count; i++) {
        const struct handler *timer = process->handlers[i];
        bool counts = timer->kind == HANDLER_TIMER && timer->timer_kind == TIMER_AFTER &&
                      timer->moment != NULL && timer->moment->kind == EXPR_DURATION &&
                      timer->stage == stage && check_always_flows(timer->block);
        int64_t wait = counts ? bound_ms(timer->moment->scale, timer->moment->number, true) : -1;
        if (wait >= 0 && (first == NULL || wait < *ret_ms)) {
            first = timer;
            *ret_ms = wait;
        }
    }
    return first;
}

struct lint {
    struct unit *unit;
    const struct process *process;
    const struct handler *handler;
    bool told; // of this handler
};

static void lint_step(void *context, const struct step *step)
{
    struct lint *lint = context;
    const struct stage *stage = lint->handler->stage;
    int64_t lasts = 0;
    if (step->kind != STEP_RETRY || step->ladder == NULL || lint->told || stage->parent == NULL) {
        return;
    }
    const struct handler *timer = first_timer(lint->process, stage, &lasts);
    int64_t takes = ladder_ms(step->ladder);
    if (timer == NULL || takes < 0 || takes <= lasts || step->ladder->keeps_count) {
        return;
    }
    lint->told = true;
    struct diag *diag = diag_add(lint->unit->diags, DIAG_W503, step->span);
    diag_fact(diag, step->ladder->decl.name);
    diag_fact(diag, stage->name);
    diag_here(diag, "its `then` comes too late for most cases");
    diag_label(diag, timer->moment->span, "the case leaves the stage after this");
    diag_label(diag, step->ladder->decl.span, "all rungs together take longer");
    diag_help(diag, "make the waits shorter, or let the stage last longer");
}

static void report_never(struct unit *unit, struct slice whose, const struct expr *condition)
{
    struct diag *diag = diag_add(unit->diags, DIAG_W505, condition->span);
    diag_fact(diag, whose);
    diag_here(diag, "no values of its fields make this true");
}

// Buttons, rules and branches that wait for what cannot be.
static void lint_conditions(struct unit *unit, const struct process *process, const bool *stays)
{
    for (uint32_t i = 0; i < process->handler_count; i++) {
        struct handler *handler = process->handlers[i];
        if ((handler->kind == HANDLER_ACTION || handler->kind == HANDLER_RULE) &&
            handler->condition != NULL &&
            !check_may_hold(process, handler->stage, stays, handler->condition)) {
            handler->never_holds = true; // no way on for a case that stands there
            report_never(unit, check_handler_name(handler, unit->arena), handler->condition);
        }
    }
    for (uint32_t i = 0; i < process->stage_count; i++) {
        const struct stage *stage = process->stages[i];
        if (stage->guard != NULL && !check_may_hold(process, stage->parent, stays, stage->guard)) {
            report_never(unit,
                         arena_format(unit->arena, "stage `%.*s`", SLICE_PRINT(stage->name)),
                         stage->guard);
        }
    }
}

void check_lints(struct unit *unit, const struct process *process)
{
    struct lint lint = { .unit = unit, .process = process };
    lint_conditions(unit, process, check_lint_fields(unit, process));
    for (uint32_t i = 0; i < process->handler_count; i++) {
        lint.handler = process->handlers[i];
        lint.told = false;
        if (lint.handler->kind == HANDLER_ACTION && lint.handler->stage != NULL) {
            check_each_handler_step(lint.handler, lint_step, &lint);
        }
    }
}
