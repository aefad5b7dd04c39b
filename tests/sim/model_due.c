// When something must happen by itself.
#include "tests/sim/model.h"


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
        if (c->stage == AT_CONTACT && model_add_days(c, c->moved_ms, 40) < next) {
            next = model_add_days(c, c->moved_ms, 40);
        }
    }
    return next;
}
