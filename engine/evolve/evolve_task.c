// Facts about tasks: their place in the instance image, their index row, their overdue timer.
#include "base/check.h"
#include "engine/evolve/evolve_internal.h"

static void count_holder(struct state *state, uint32_t holder, int32_t by)
{
    if (holder != 0) {
        state_load_add(state, KEY_LOAD_USER, holder, by);
    }
}

static void arm_overdue(struct state *state, uint64_t instance, const struct open_task *task)
{
    if (task->overdue_next != 0) {
        state_timer_row_put(state, task->overdue_next, instance,
                            task->number | KEY_TIMER_OVERDUE);
    }
}

static void disarm_overdue(struct state *state, uint64_t instance, const struct open_task *task)
{
    if (task->overdue_next != 0) {
        state_timer_row_delete(state, task->overdue_next, instance,
                               task->number | KEY_TIMER_OVERDUE);
    }
}

// A promise is counted once, when the task it was given for is done, re-dated or withdrawn: broken
// when the moment has passed by then. Withdrawn in time it is neither.
static void count_promise(struct state *state, const struct open_task *task, uint32_t who,
                          bool done)
{
    uint64_t moment = task->until > task->due ? task->until : task->due;
    bool broken = state_now(state) > moment;
    if ((task->flags & TASK_FLAG_PROMISED) != 0 && who != 0 && (broken || done)) {
        state_load_add(state, broken ? KEY_LOAD_BROKEN : KEY_LOAD_KEPT, who, 1);
    }
}

static uint32_t task_flags(const struct event_task_opened *e)
{
    return (e->promised ? TASK_FLAG_PROMISED : 0u) | (e->urgent ? TASK_FLAG_URGENT : 0u) |
           (e->side ? TASK_FLAG_SIDE : 0u) | (e->working ? TASK_FLAG_WORKING : 0u);
}

void evolve_task_opened(struct state *state, const struct event_task_opened *e)
{
    struct instance *instance = state_instance(state, e->instance);
    if (instance == NULL) {
        return;
    }
    if (instance->head.task_count == TASKS_MAX) {
        state_fail(state, ERR_TOO_BIG);
        return;
    }
    struct open_task *task = &instance->task[instance->head.task_count++];
    *task = (struct open_task){
        .number = e->task, .def = e->def, .stage = e->stage, .entry = e->entry, .role = e->role,
        .holder = e->holder, .offered = e->offered, .flags = task_flags(e), .due = e->due,
        .until = e->until, .opened = state_now(state), .overdue_next = e->overdue_next,
        .overdue = e->overdue, .asker = e->asker,
    };
    if (instance->head.next_task <= e->task) {
        instance->head.next_task = e->task + 1;
    }
    evolve_put_task(state, instance, task, e->position, e->title);
}

void evolve_put_task(struct state *state, const struct instance *instance,
                     const struct open_task *task, uint32_t position, struct slice title)
{
    state_task_row_put(state, instance, task, position, title);
    arm_overdue(state, instance->head.id, task);
    count_holder(state, task->holder, 1);
    state_counters(state)->open_tasks++;
}

void evolve_drop_task(struct state *state, struct instance *instance, struct open_task *task)
{
    disarm_overdue(state, instance->head.id, task);
    state_task_row_delete(state, instance, task);
    count_holder(state, task->holder, -1);
    struct open_task *last = &instance->task[instance->head.task_count - 1];
    memmove(task, task + 1, (size_t)((char *)last - (char *)task));
    instance->head.task_count--;
    state_counters(state)->open_tasks--;
}

static struct open_task *find_task(struct state *state, uint64_t id, uint32_t number,
                                   struct instance **ret_instance)
{
    *ret_instance = state_instance(state, id);
    struct open_task *task =
        *ret_instance != NULL ? instance_task(*ret_instance, number) : NULL;
    if (task == NULL) {
        state_fail(state, ERR_CORRUPT);
    }
    return task;
}

void evolve_task_replanned(struct state *state, const struct event_task_replanned *e)
{
    struct instance *instance;
    struct open_task *task = find_task(state, e->instance, e->task, &instance);
    if (task == NULL) {
        return;
    }
    disarm_overdue(state, e->instance, task);
    count_promise(state, task, task->holder, true);
    if (task->holder != 0 && e->due > e->was && slice_equal(e->reason, SLICE("again"))) {
        state_load_add(state, KEY_LOAD_POSTPONED, task->holder, 1);
    }
    struct open_task was = *task;
    task->due = e->due;
    task->until = e->until;
    task->moved_from = e->was;
    task->flags &= ~(uint32_t)TASK_FLAG_PROMISED;
    task->flags |= e->promised ? TASK_FLAG_PROMISED : 0u;
    task->flags &= ~(uint32_t)TASK_FLAG_WORKING;
    task->flags |= e->working ? TASK_FLAG_WORKING : 0u;
    task->tries = e->tries;
    task->overdue_next = e->overdue_next;
    task->overdue_rung = 0;
    state_task_row_move(state, instance, &was, task);
    arm_overdue(state, e->instance, task);
    instance->head.moved_ms = state_now(state);
}

void evolve_task_assigned(struct state *state, const struct event_task_assigned *e)
{
    struct instance *instance = state_instance(state, e->instance);
    if (instance != NULL && instance_task_const(instance, e->task) == NULL &&
        evolve_assign_frozen(state, instance, e)) {
        return;
    }
    struct open_task *task = find_task(state, e->instance, e->task, &instance);
    if (task == NULL) {
        return;
    }
    struct open_task was = *task;
    task->role = e->role;
    task->holder = e->holder;
    task->offered = e->offered;
    state_task_row_move(state, instance, &was, task);
    count_holder(state, was.holder, -1);
    count_holder(state, e->holder, 1);
}

void evolve_task_closed(struct state *state, const struct event_task_closed *e)
{
    struct instance *instance;
    struct open_task *task = find_task(state, e->instance, e->task, &instance);
    if (task == NULL) {
        return;
    }
    if (e->done && (task->flags & TASK_FLAG_SIDE) != 0) { // its one button is pressed too
        evolve_acted(instance, task->role, e->by);
        evolve_acted(instance, task->role, task->holder);
    }
    count_promise(state, task, task->holder != 0 ? task->holder : e->by, e->done);
    if (e->done && e->by != 0) {
        state_done_put(state, e->by, instance, task);
    }
    evolve_drop_task(state, instance, task);
}

void evolve_overdue_stepped(struct state *state, const struct event_overdue_stepped *e)
{
    struct instance *instance;
    struct open_task *task = find_task(state, e->instance, e->task, &instance);
    if (task == NULL) {
        return;
    }
    disarm_overdue(state, e->instance, task);
    task->overdue_rung = e->rung;
    task->overdue_next = e->next;
    arm_overdue(state, e->instance, task);
}
