// Incidents about tasks that a lost role has left behind (`role_left`): over when nobody without
// the role has such a task any more, and what is offered to the role has somebody to take it.
#include "engine/decide/decide_internal.h"

struct left_search {
    uint32_t role;
    bool found;
};

static bool find_of_role(void *context, const struct view_task_row *row)
{
    struct left_search *search = context;
    search->found = row->role == search->role;
    return !search->found;
}

static bool is_left(const struct view *view, uint32_t role)
{
    struct left_search search = { .role = role };
    uint32_t holders;
    (void)view_holders_of(view, role, &holders);
    if (holders == 0) {
        view_tasks_of_role(view, role, find_of_role, &search);
    }
    uint32_t count = view_user_count(view);
    for (uint32_t user = 1; user <= count && !search.found; user++) {
        if (view_load(view, user) > 0 && !view_holds(view, user, role)) {
            view_tasks_of_user(view, user, find_of_role, &search);
        }
    }
    return search.found;
}

struct left_incidents {
    struct { uint32_t incident, role; } row[64];
    uint32_t count;
};

static bool collect_left(void *context, const struct view_incident_row *row)
{
    struct left_incidents *left = context;
    if (row->instance == 0 && slice_equal(row->kind, SLICE(INCIDENT_ROLE_LEFT))) {
        left->row[left->count].incident = row->incident;
        left->row[left->count++].role = row->role;
    }
    return left->count < ARRAY_COUNT(left->row);
}

void decide_settle_left(struct decide *d)
{
    struct left_incidents left = { .count = 0 };
    if (decide_refused(d) || view_counters(d->view)->open_incidents == 0) {
        return;
    }
    view_incidents(d->view, collect_left, &left);
    for (uint32_t i = 0; i < left.count; i++) {
        if (!is_left(d->view, left.row[i].role)) {
            struct event event = { .kind = EVENT_INCIDENT_CLOSED,
                                   .incident_closed = { 0, left.row[i].incident,
                                                        SLICE("what was left is in hands") } };
            decide_emit(d, &event);
        }
    }
}
