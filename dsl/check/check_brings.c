// A button that leads nowhere by itself, but brings what a rule waits for: "Money has come" beside
// `when paid >= price => production`.
#include "dsl/check/check.h"

struct bringing {
    const struct expr *condition;
    bool found;
};

// Also by way of a field that is worked out from others. Depth: that of expressions.
static bool reads(const struct expr *expr, const struct field *field)
{
    if (expr == NULL || expr_is_poison(expr)) {
        return false;
    }
    bool found = expr->field == field ||
                 (expr->field != NULL && expr->field->computed &&
                  reads(expr->field->initial, field)) ||
                 reads(expr->a, field) || reads(expr->b, field);
    for (uint32_t i = 0; i < expr->item_count && !found; i++) {
        found = reads(expr->items[i], field);
    }
    return found;
}

static void look_at_step(void *context, const struct step *step)
{
    struct bringing *bringing = context;
    const struct field *field = step->kind == STEP_ASSIGN ? step->field
                                : step->kind == STEP_ASK && step->ask != NULL ? step->ask->field
                                                                             : NULL;
    bringing->found = bringing->found || (field != NULL && reads(bringing->condition, field));
}

bool check_brings(const struct handler *action, const struct handler *rule)
{
    struct bringing bringing = { .condition = rule->condition };
    check_each_reached_step(action, look_at_step, &bringing);
    return bringing.found;
}
