// Telling people: at once, when a calendar opens, before a task is due, and once for much that was
// missed (rule 20).
#include "engine/decide/decide_internal.h"

// --------------------------------------------------------------------------------- notices

// Nobody is told at night what can wait until his hours begin. 0: at once.
static uint64_t moment_to_tell(const struct run *run, uint32_t user, const struct notice *notice)
{
    uint64_t now = run->d->now_ms;
    uint64_t at = notice->at > now ? notice->at : now;
    at = notice->urgent ? at : view_work_begins(run->d->view, user, at);
    return at > now ? at : 0;
}

static struct slice text_for(const struct run *run, uint32_t user, const struct notice *notice)
{
    const struct view_user *reader = view_user(run->d->view, user);
    if (notice->env == NULL || reader == NULL || reader->language.len == 0 ||
        notice->env->program->image.expr[notice->said].kind != EXPR_LANGUAGE) {
        return notice->text;
    }
    struct eval_env env = *notice->env;
    env.lang = reader->language;
    struct slice text = eval_text(&env, notice->said);
    return env.refusal.code == REFUSAL_NONE ? text : notice->text;
}

void run_notify_user(struct run *run, uint32_t user, uint32_t role, const struct notice *notice)
{
    struct notice_pool *pool = run->pool;
    if (pool != NULL && notice->at == 0 && pool->count < NOTICE_POOL_MAX) {
        pool->notices[pool->count].user = user;
        pool->notices[pool->count].role = role;
        pool->notices[pool->count].urgent = notice->urgent;
        pool->notices[pool->count++].text = text_for(run, user, notice);
        return;
    }
    struct event event = { .kind = EVENT_NOTIFIED,
                           .notified = { run->instance->head.id, user, role,
                                         clip_text(text_for(run, user, notice), TITLE_BYTES_MAX),
                                         moment_to_tell(run, user, notice) } };
    decide_emit(run->d, &event);
}

// Who is away is told too, for when he comes back.
static void tell_holder(struct run *run, uint32_t holder, uint32_t role,
                        const struct notice *notice)
{
    uint32_t stands_in = view_stand_in(run->d->view, holder);
    run_notify_user(run, holder, role, notice);
    if (stands_in != 0) {
        run_notify_user(run, stands_in, role, notice);
    }
}

// The slot's holder, or everybody who holds the role when nobody has the slot.
void run_notify_role(struct run *run, uint32_t image_role, const struct notice *notice)
{
    enum { NOTIFIED_MAX = 64 };
    uint32_t role = run->program->roles[image_role];
    uint32_t holder = instance_slot(run->instance, role);
    if (holder != 0) {
        tell_holder(run, holder, role, notice);
        return;
    }
    uint32_t told = 0;
    uint32_t count;
    const uint32_t *holders = view_holders_of(run->d->view, role, &count);
    for (uint32_t i = 0; i < count && told < NOTIFIED_MAX; i++) {
        run_notify_user(run, holders[i], role, notice);
        told++;
    }
}

void run_remind(struct run *run, const struct open_task *task)
{
    struct slice title = view_task_title(run->d->view, run->instance, task);
    struct notice notice = { arena_format(run->d->arena, "Reminder: %.*s", SLICE_PRINT(title)), 0,
                             (task->flags & TASK_FLAG_URGENT) != 0, NULL, 0 };
    if (task->holder != 0) {
        tell_holder(run, task->holder, task->role, &notice);
        return;
    }
    uint32_t count;
    const uint32_t *holders = view_holders_of(run->d->view, task->offered, &count);
    for (uint32_t i = 0; i < count; i++) {
        run_notify_user(run, holders[i], task->offered, &notice);
    }
}

static bool said_before(const struct notice_pool *pool, uint32_t index)
{
    for (uint32_t i = 0; i < index; i++) {
        if (pool->notices[i].user == pool->notices[index].user &&
            slice_equal(pool->notices[i].text, pool->notices[index].text)) {
            return true;
        }
    }
    return false;
}

static bool told_before(const struct notice_pool *pool, uint32_t index)
{
    for (uint32_t i = 0; i < index; i++) {
        if (pool->notices[i].user == pool->notices[index].user) {
            return true;
        }
    }
    return false;
}

void run_tell_pool(struct run *run)
{
    struct notice_pool *pool = run->pool;
    run->pool = NULL;
    for (uint32_t i = 0; i < pool->count; i++) {
        if (told_before(pool, i)) {
            continue;
        }
        struct slice text = pool->notices[i].text;
        bool urgent = pool->notices[i].urgent;
        for (uint32_t n = i + 1; n < pool->count; n++) {
            bool same = pool->notices[n].user == pool->notices[i].user;
            urgent = urgent || (same && pool->notices[n].urgent);
            if (same && !said_before(pool, n)) {
                text = arena_format(run->d->arena, "%.*s; %.*s", SLICE_PRINT(text),
                                    SLICE_PRINT(pool->notices[n].text));
            }
        }
        struct notice notice = { text, 0, urgent, NULL, 0 };
        run_notify_user(run, pool->notices[i].user, pool->notices[i].role, &notice);
    }
}

// ------------------------------------------------------------------------------- before it is due

static void arm_remind(struct run *run, const struct open_task *task, uint64_t moment)
{
    const struct instance_head *head = &run->instance->head;
    if (head->timer_count == TIMERS_MAX) {
        (void)REFUSE(run->d, LIMIT, "this case has TIMERS_MAX = %d timers", TIMERS_MAX);
        return;
    }
    struct event event = { .kind = EVENT_TIMER_SET,
                           .timer_set = { head->id, head->next_timer,
                                          TIMER_DEF_REMIND | task->number, task->stage,
                                          task->entry, moment, task->due } };
    decide_emit(run->d, &event);
}

// A moment that has passed already reminds nobody: the task itself has just come.
void run_arm_reminds(struct run *run, uint32_t number)
{
    const struct image *image = &run->program->image;
    const struct open_task *open = instance_task_const(run->instance, number);
    if (open == NULL || open->def >= image->task_count) {
        return;
    }
    struct open_task task = *open;
    struct image_range reminds = image->task[task.def].reminds;
    for (uint32_t i = 0; i < reminds.count && !decide_refused(run->d); i++) {
        const struct image_rung *before = &image->rung[reminds.first + i];
        uint64_t moment = 0;
        bool known = eval_add(&run->env, task.due, (uint8_t)before->unit, -before->amount, &moment);
        if (!run_take_refusal(run) && known && moment > run->d->now_ms) {
            arm_remind(run, &task, moment);
        }
    }
}

void run_disarm_reminds(struct run *run, uint32_t number)
{
    const struct instance *instance = run->instance;
    for (uint32_t i = instance->head.timer_count; i > 0; i--) {
        const struct armed_timer *timer = &instance->timer[i - 1];
        if (timer->def == (TIMER_DEF_REMIND | number)) {
            struct event event = { .kind = EVENT_TIMER_CANCELLED,
                                   .timer_cancelled = { instance->head.id, timer->number,
                                                        timer->due } };
            decide_emit(run->d, &event);
        }
    }
}
