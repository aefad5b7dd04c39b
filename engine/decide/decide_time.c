// What the engine itself asks: timers, overdue ladders, a child's end.
#include "engine/decide/decide_internal.h"

static const struct armed_timer *named_timer(const struct instance *instance, uint32_t number)
{
    for (uint32_t i = 0; i < instance->head.timer_count; i++) {
        if (instance->timer[i].number == number) {
            return &instance->timer[i];
        }
    }
    return NULL;
}

// Rule 17: an idle timer counts from what last moved the case. Fired too early, it is armed again;
// also one that slept in a frame and kept its milliseconds while the zone's clock changed.
static bool moved_since(struct run *run, const struct armed_timer *timer, uint64_t *ret_base)
{
    struct eval_env env = run->env;
    uint64_t base = run->instance->head.moved_ms;
    uint64_t due;
    env.now_ms = base;
    *ret_base = base;
    return base >= timer->base &&
           eval_moment(&env, run->program->image.timer[timer->def].moment, &due) &&
           due > run->d->now_ms;
}

// Before a task is due: its holder is told, nothing moves.
static void fire_remind(struct run *run, const struct armed_timer *armed)
{
    struct armed_timer timer = *armed;
    struct event event = { .kind = EVENT_TIMER_FIRED,
                           .timer_fired = { run->instance->head.id, timer.number, timer.def,
                                            timer.due } };
    decide_emit(run->d, &event);
    const struct open_task *task =
        instance_task_const(run->instance, timer.def & ~TIMER_DEF_REMIND);
    if (task != NULL) {
        struct open_task copy = *task;
        run_remind(run, &copy);
    }
}

static void fire(struct run *run, const struct armed_timer *armed)
{
    struct decide *d = run->d;
    struct armed_timer timer = *armed;
    const struct image_timer *def = &run->program->image.timer[timer.def];
    uint64_t base;
    if (def->kind == TIMER_AFTER_IDLE && moved_since(run, &timer, &base)) {
        struct event event = { .kind = EVENT_TIMER_CANCELLED,
                               .timer_cancelled = { run->instance->head.id, timer.number,
                                                    timer.due } };
        decide_emit(d, &event);
        run_arm_timer(run, timer.def, timer.entry, base);
        return;
    }
    struct event event = { .kind = EVENT_TIMER_FIRED,
                           .timer_fired = { run->instance->head.id, timer.number, timer.def,
                                            timer.due } };
    decide_emit(d, &event);
    run->outcome = SLICE("timer");
    run->braces = def->stage;
    run->action_entry = timer.entry;
    run->env.at = timer.entry;
    if (run_block(run, def->block) == RUN_REFUSED || run_settle(run) == RUN_REFUSED) {
        return;
    }
    if (instance_entry(run->instance, timer.entry) == NULL) {
        return;
    }
    if (def->kind == TIMER_AFTER_IDLE) {
        run_arm_timer(run, timer.def, timer.entry, d->now_ms);
    } else if (def->kind == TIMER_EVERY) {
        run_arm_timer(run, timer.def, timer.entry, timer.base);
    }
}

void decide_timer(struct decide *d)
{
    struct run *run = ARENA_NEW(d->arena, struct run);
    if (decide_open_case(d, run) == NULL) {
        return;
    }
    const struct armed_timer *timer = named_timer(run->instance, d->command->task);
    if (timer == NULL || timer->due != d->command->due_ms || timer->due > d->now_ms) {
        (void)REFUSE(d, STALE, "this timer is no longer armed");
        return;
    }
    if ((timer->def & TIMER_DEF_REMIND) != 0) {
        fire_remind(run, timer);
        return;
    }
    if (timer->def >= run->program->image.timer_count) {
        (void)REFUSE(d, ROW_DAMAGED, "case %llu holds a timer its process does not have",
                     (unsigned long long)run->instance->head.id);
        return;
    }
    fire(run, timer);
}

// --------------------------------------------------------------------------------- overdue

// Climbs one rung. False: nothing is left to climb, or it was refused.
static bool climb(struct run *run, uint32_t number, struct open_task *task)
{
    struct decide *d = run->d;
    const struct image *image = &run->program->image;
    *task = *instance_task_const(run->instance, number);
    const struct image_ladder *ladder = &image->ladder[task->overdue];
    uint32_t at = task->overdue_rung;
    const struct image_rung *rung = &image->rung[ladder->rungs.first + at];
    uint64_t next = 0;
    if (at + 1 < ladder->rungs.count && // counted from the rung below, also after downtime
        !run_add_rung(run, task->overdue, at + 1, task->overdue_next, &next)) {
        return false;
    }
    struct event event = { .kind = EVENT_OVERDUE_STEPPED,
                           .overdue_stepped = { run->instance->head.id, task->number, at + 1,
                                                task->overdue_next, next } };
    decide_emit(d, &event);
    return run_effect(run, rung, task) != RUN_REFUSED && next != 0;
}

// The next rung was missed too, and nothing else of the case stood between the two.
static bool is_next_missed(const struct run *run, uint32_t number)
{
    const struct open_task *task = instance_task_const(run->instance, number);
    if (task == NULL || task->overdue_next == 0 || task->overdue_next > run->d->now_ms) {
        return false;
    }
    for (uint32_t i = 0; i < run->instance->head.timer_count; i++) {
        if (run->instance->timer[i].due <= task->overdue_next) {
            return false;
        }
    }
    return true;
}

// Rule 20: rungs missed in a silence of the engine run in order; each person is told once.
static void step_overdue(struct run *run, const struct open_task *open)
{
    struct decide *d = run->d;
    const struct image *image = &run->program->image;
    struct open_task task = *open;
    uint32_t number = open->number;
    run->outcome = SLICE("overdue");
    run->action_entry = task.entry;
    run->env.at = task.entry;
    run->braces = task.stage;
    run->pool = ARENA_NEW(d->arena, struct notice_pool);
    bool more = climb(run, number, &task);
    while (more && is_next_missed(run, number)) {
        more = climb(run, number, &task);
    }
    run_tell_pool(run);
    if (decide_refused(d) || more || task.def == INDEX_NONE) {
        return;
    }
    uint32_t then = image->task[task.def].overdue_then;
    if (then != INDEX_NONE && run_block(run, then) != RUN_REFUSED) {
        (void)run_settle(run);
    }
}

void decide_overdue(struct decide *d)
{
    struct run *run = ARENA_NEW(d->arena, struct run);
    if (decide_open_case(d, run) == NULL) {
        return;
    }
    const struct open_task *task = instance_task_const(run->instance, d->command->task);
    if (task == NULL || task->overdue_next != d->command->due_ms ||
        task->overdue_next > d->now_ms) {
        (void)REFUSE(d, STALE, "this ladder is no longer climbed");
        return;
    }
    const struct image *image = &run->program->image;
    if (task->overdue >= image->ladder_count ||
        task->overdue_rung >= image->ladder[task->overdue].rungs.count) {
        (void)REFUSE(d, ROW_DAMAGED, "case %llu stands on a rung its process does not have",
                     (unsigned long long)run->instance->head.id);
        return;
    }
    step_overdue(run, task);
    if (!decide_refused(d) && run->instance->head.status == INSTANCE_OPEN) {
        assign_attend(run); // a rung may have given the task to another
    }
}

// --------------------------------------------------------------------------------- a child's end

static void emit_child_ended(struct decide *d)
{
    const struct command *command = d->command;
    struct event event = { .kind = EVENT_CHILD_ENDED,
                           .child_ended = { command->instance, command->child, command->collection,
                                            command->round, command->outcome, command->name } };
    decide_emit(d, &event);
}

void decide_child_ended(struct decide *d)
{
    struct run *run = ARENA_NEW(d->arena, struct run);
    if (decide_open_case(d, run) != NULL) {
        emit_child_ended(d);
        run->outcome = SLICE("child ended");
        (void)run_settle(run);
    }
}
