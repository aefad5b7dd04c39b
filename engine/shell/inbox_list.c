#include "engine/shell/inbox_list.h"

#include "engine/decide/rights.h"

void inbox_list_init(struct inbox_list *list, uint32_t most, struct arena *arena)
{
    *list = (struct inbox_list){ .most = most };
    list->items = ARENA_ARRAY(arena, struct inbox_item, (size_t)most + 1);
}

static bool comes_after(const struct inbox_item *item, const struct view_task_row *row)
{
    if (item->due != row->due) {
        return item->due > row->due;
    }
    return item->instance > row->instance ||
           (item->instance == row->instance && item->task > row->task);
}

bool inbox_list_keep(void *context, const struct view_task_row *row)
{
    struct inbox_list *list = context;
    uint32_t at = list->count;
    while (at > 0 && comes_after(&list->items[at - 1], row)) {
        at--;
    }
    if (at == list->most) {
        list->more = true;
        return false;
    }
    if (list->count == list->most) {
        list->more = true;
    } else {
        list->count++;
    }
    memmove(&list->items[at + 1], &list->items[at],
            (list->count - 1 - at) * sizeof(list->items[0]));
    list->items[at] = (struct inbox_item){ row->due, row->instance, row->task, row->flags };
    return true;
}

// --------------------------------------------------------------------------------- of others

struct others {
    struct inbox_list *list;
    const struct view *view;
    uint32_t user, holder, offered;
};

static bool keep_shown(void *context, const struct view_task_row *row)
{
    struct others *others = context;
    struct arena_mark mark = arena_mark(view_arena(others->view));
    struct rights_task task;
    bool shown =
        rights_task_of_row(others->view, row, others->holder, others->offered, &task) &&
        rights_shown(others->view, &task, others->user);
    arena_rewind(view_arena(others->view), mark);
    return !shown || inbox_list_keep(others->list, row);
}

static bool has_role(const struct view_user *user, uint32_t role)
{
    for (uint32_t i = 0; i < user->role_count; i++) {
        if (user->roles[i] == role) {
            return true;
        }
    }
    return false;
}

void inbox_list_fill(struct inbox_list *list, const struct view *view, uint32_t number)
{
    const struct view_user *user = view_user(view, number);
    if (user == NULL) {
        return;
    }
    view_tasks_of_user(view, number, inbox_list_keep, list);
    for (uint32_t i = 0; i < user->role_count; i++) {
        view_tasks_of_role(view, user->roles[i], inbox_list_keep, list);
    }
    struct others others = { list, view, number, 0, 0 };
    uint32_t count;
    const uint32_t *missing = view_missing(view, &count);
    for (uint32_t i = 0; i < count; i++) {
        others.holder = missing[i];
        if (missing[i] != number && view_load(view, missing[i]) > 0) {
            view_tasks_of_user(view, missing[i], keep_shown, &others);
        }
    }
    others.holder = 0;
    uint32_t roles = view_counters(view)->next_role;
    for (uint32_t role = 1; role < roles; role++) {
        others.offered = role;
        if (view_present_holders(view, role) == 0 && !has_role(user, role)) {
            view_tasks_of_role(view, role, keep_shown, &others);
        }
    }
}
