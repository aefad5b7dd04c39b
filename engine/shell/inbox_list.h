// What stands in the inbox of one person: his own tasks, what is offered to his roles, and what is
// shown to him because somebody else is away (rule 22). In order of (due, instance, task).
#ifndef RUNG_ENGINE_SHELL_INBOX_LIST_H
#define RUNG_ENGINE_SHELL_INBOX_LIST_H

#include "base/arena.h"
#include "engine/state/view.h"

struct inbox_item {
    uint64_t due, instance;
    uint32_t task, flags;
};
struct inbox_list {
    struct inbox_item *items;
    uint32_t count, most;
    bool more; // than `most`
};

void inbox_list_init(struct inbox_list *list, uint32_t most, struct arena *arena);
// Call for each row of one index list, in its order; false: the rest of that list comes later.
// `context` is the list.
bool inbox_list_keep(void *context, const struct view_task_row *row);
// Everything that `user` is shown.
void inbox_list_fill(struct inbox_list *list, const struct view *view, uint32_t user);

#endif
