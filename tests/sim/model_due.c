// When something must happen by itself.
#include "tests/sim/model.h"

static const uint64_t day_ms = 24ull * 3600 * 1000;

uint64_t model_next_due(const struct model *model)
{
    uint64_t next = UINT64_MAX;
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
        if (c->stage == AT_CONTACT && c->moved_ms + 40 * day_ms < next) {
            next = c->moved_ms + 40 * day_ms;
        }
    }
    return next;
}
