// When something must happen by itself.
#include "tests/sim/model.h"

// Where clocks go back, days that are counted from a later movement can end earlier than those from
// the movement before it; the timer that was set for that one looks again when it is due.
uint64_t model_idle_due(const struct model_case *c)
{
    uint64_t due = model_add_days(c, c->moved_ms, 40);
    return due > c->idle_due ? due : c->idle_due;
}

uint64_t model_next_due(const struct model *model)
{
    uint64_t next = staff_next_due(&model->staff);
    for (uint32_t i = 0; i < model->case_count; i++) {
        const struct model_case *c = &model->cases[i];
        if (c->end != NULL) {
            continue;
        }
        if (c->task.open && c->task.overdue_next != 0 && c->task.overdue_next < next) {
            next = c->task.overdue_next;
        }
        if (c->timer_due != 0 && c->timer_due < next) {
            next = c->timer_due;
        }
        if (c->stage == AT_CONTACT && model_idle_due(c) < next) {
            next = model_idle_due(c);
        }
    }
    return next;
}
