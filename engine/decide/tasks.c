// Tasks: opened, re-dated by ladders, closed; what a rung does besides waiting (rules 11, 12, 19,
// 20).
#include "base/utf8.h"
#include "engine/decide/decide_internal.h"

struct slice clip_text(struct slice text, size_t bytes_max)
{
    if (text.len <= bytes_max) {
        return text;
    }
    size_t len = bytes_max;
    while (len > 0 && ((unsigned char)text.ptr[len] & 0xc0) == 0x80) {
        len--;
    }
    return slice_sub(text, 0, len);
}

// --------------------------------------------------------------------------------- due moments

// A moment that a person has just answered may not be past (rule 12).
static bool is_fresh_answer(const struct run *run, uint32_t number)
{
    const struct image_expr *expr = &run->program->image.expr[number];
    if (!run->d->by_person) {
        return false;
    }
    if (expr->kind == EXPR_FIELD) {
        return (run->answered[expr->a / 32] >> (expr->a % 32) & 1) != 0;
    }
    return expr->kind == EXPR_LOCAL;
}

// The question that a fresh answer belongs to.
static struct slice name_of_answer(const struct run *run, uint32_t number)
{
    const struct image *image = &run->program->image;
    const struct image_expr *expr = &image->expr[number];
    if (expr->kind == EXPR_FIELD) {
        return image_slice(image, image->field[expr->a].name);
    }
    for (uint32_t i = 0; i < image->ask_count; i++) {
        if (image->ask[i].field == INDEX_NONE && image->ask[i].local == expr->a) {
            return image_slice(image, image->ask[i].name);
        }
    }
    return SLICE_EMPTY;
}

bool run_due(struct run *run, uint32_t number, struct due_moment *ret)
{
    const struct image_due *due = &run->program->image.due[number];
    *ret = (struct due_moment){ .promised = due->promised != 0 };
    bool known = eval_moment(&run->env, due->moment, &ret->due);
    ret->working = known && eval_is_working(&run->env, due->moment);
    if (run_take_refusal(run)) {
        return false;
    }
    if (!known) {
        (void)REFUSE(run->d, EMPTY_OPERAND, "the moment when the next step is due is empty");
        return false;
    }
    if (ret->due < run->d->now_ms && is_fresh_answer(run, due->moment)) {
        struct buf buf;
        buf_init(&buf, 100);
        uint64_t next = run->d->now_ms / 60000 * 60000 + 60000;
        struct value now =
            value_datetime(span_to_local(eval_zone(&run->env), (int64_t)next));
        value_print(&buf, &now);
        struct slice message = arena_format(
            run->d->arena, "this moment has passed; the earliest good one is %.*s",
            SLICE_PRINT(buf_slice(&buf)));
        (void)decide_refuse(run->d, REFUSAL_MOMENT_PAST, message,
                            name_of_answer(run, due->moment));
        buf_done(&buf);
        return false;
    }
    if (!eval_within(&run->env, due->within, &ret->due)) {
        (void)run_take_refusal(run);
        return false;
    }
    if (due->until != INDEX_NONE) {
        (void)eval_moment(&run->env, due->until, &ret->until);
        if (run_take_refusal(run)) {
            return false;
        }
        ret->until = ret->until < ret->due ? ret->due : ret->until;
    }
    return true;
}

// --------------------------------------------------------------------------------- ladders

bool run_rung_is_working(const struct run *run, uint32_t ladder, uint32_t rung)
{
    const struct image *image = &run->program->image;
    uint32_t unit = image->rung[image->ladder[ladder].rungs.first + rung].unit;
    return unit == DURATION_WORK_MS || unit == DURATION_WORK_DAY;
}

bool run_add_rung(struct run *run, uint32_t ladder, uint32_t rung, uint64_t base, uint64_t *ret)
{
    const struct image *image = &run->program->image;
    const struct image_rung *wait = &image->rung[image->ladder[ladder].rungs.first + rung];
    bool added = eval_add(&run->env, base, (uint8_t)wait->unit, wait->amount, ret) &&
                 eval_within(&run->env, wait->within, ret);
    return !run_take_refusal(run) && added;
}

uint64_t run_overdue_first(struct run *run, uint32_t ladder, uint64_t due, uint64_t until)
{
    if (ladder == INDEX_NONE) {
        return 0;
    }
    uint64_t base = until > due ? until : due;
    base = base > run->d->now_ms ? base : run->d->now_ms; // rule 12
    uint64_t first = 0;
    return run_add_rung(run, ladder, 0, base, &first) ? first : 0;
}

static void reassign_to(struct run *run, const struct open_task *task, uint32_t image_role,
                        uint32_t user, struct slice reason)
{
    uint32_t role = image_role == INDEX_NONE ? task->role : run->program->roles[image_role];
    uint32_t offered = user != 0 ? 0
                       : image_role == INDEX_NONE ? task->offered
                                                  : assign_offered_role(run, image_role, task->def);
    struct event event = { .kind = EVENT_TASK_ASSIGNED,
                           .task_assigned = { run->instance->head.id, task->number, role, user,
                                              task->holder, offered, reason } };
    decide_emit(run->d, &event);
    if (user != 0) {
        assign_set_slot(run, role, user, reason);
    }
}

static void reassign_effect(struct run *run, const struct image_rung *rung,
                            const struct open_task *task)
{
    if (rung->role != INDEX_NONE) {
        uint32_t user = assign_slot(run, rung->role, task->def, task->due);
        reassign_to(run, task, rung->role, user, SLICE("overdue"));
        return;
    }
    if (task->holder == 0) {
        return; // offered to all of them already
    }
    struct assign_except except = { .user = task->holder, .task_def = task->def, .at = task->due };
    struct assign_group group = { .role = task->role };
    uint32_t other = assign_pick(run, group, STRATEGY_LEAST_LOADED, except);
    if (other != 0) {
        reassign_to(run, task, INDEX_NONE, other, SLICE("overdue"));
    }
}

enum run_result run_effect(struct run *run, const struct image_rung *rung,
                           const struct open_task *task)
{
    struct open_task copy = *task; // evolve moves tasks about while we emit
    switch ((enum image_rung_effect)rung->effect) {
    case RUNG_PLAIN: break;
    case RUNG_REMIND: run_remind(run, &copy); break;
    case RUNG_NOTIFY: {
        struct slice title = view_task_title(run->d->view, run->instance, &copy);
        struct notice notice = { arena_format(run->d->arena, "Overdue: %.*s", SLICE_PRINT(title)),
                                 0, (copy.flags & TASK_FLAG_URGENT) != 0, NULL, 0 };
        run_notify_role(run, rung->role, &notice);
        break;
    }
    case RUNG_REASSIGN: reassign_effect(run, rung, &copy); break;
    }
    return decide_refused(run->d) ? RUN_REFUSED : RUN_ON;
}

// ---- open, replan, close

static struct slice render_title(struct run *run, uint32_t expr)
{
    struct slice title = eval_text(&run->env, expr);
    run->env.refusal = (struct refusal){ 0 }; // a title with a hole is better than no task
    return title.len > 0 ? clip_text(title, TITLE_BYTES_MAX) : SLICE("Task");
}

enum run_result run_open_task(struct run *run, uint32_t number, uint32_t entry, uint32_t due)
{
    const struct image *image = &run->program->image;
    const struct image_task *task = &image->task[number];
    struct due_moment moment = { .due = run->d->now_ms };
    uint32_t which = due != INDEX_NONE ? due : task->due;
    if (which != INDEX_NONE && !run_due(run, which, &moment)) {
        return RUN_REFUSED;
    }
    if (run->instance->head.task_count == TASKS_MAX) {
        return REFUSE(run->d, LIMIT, "this case has TASKS_MAX = %d open tasks", TASKS_MAX);
    }
    const struct active_stage *leaf = instance_entry(run->instance, entry);
    CHECK(leaf != NULL);
    uint32_t stage = leaf->stage;
    uint32_t role = run->program->roles[task->role];
    uint32_t holder = assign_slot(run, task->role, number, moment.due);
    uint32_t offered = holder != 0 ? 0 : assign_offered_role(run, task->role, number);
    struct event event = { .kind = EVENT_TASK_OPENED };
    event.task_opened = (struct event_task_opened){
        .instance = run->instance->head.id, .task = run->instance->head.next_task, .def = number,
        .stage = stage, .entry = entry, .position = image->stage[stage].position, .role = role,
        .holder = holder, .offered = offered, .due = moment.due, .until = moment.until,
        .promised = moment.promised, .working = moment.working,
        .urgent = (task->flags & TASK_URGENT) != 0,
        .overdue = task->overdue,
        .overdue_next = run_overdue_first(run, task->overdue, moment.due, moment.until),
        .title = render_title(run, task->title),
    };
    if (decide_refused(run->d)) {
        return RUN_REFUSED; // its ladder has no next moment
    }
    decide_emit(run->d, &event);
    run_arm_reminds(run, event.task_opened.task);
    return decide_refused(run->d) ? RUN_REFUSED : RUN_ON;
}

enum run_result run_open_side_task(struct run *run, uint32_t number, uint32_t entry)
{
    const struct image_task *task = &run->program->image.task[number];
    struct due_moment moment = { .due = run->d->now_ms };
    if (task->due != INDEX_NONE && !run_due(run, task->due, &moment)) {
        return RUN_REFUSED;
    }
    if (run->instance->head.task_count == TASKS_MAX) {
        return REFUSE(run->d, LIMIT, "this case has TASKS_MAX = %d open tasks", TASKS_MAX);
    }
    uint32_t holder = assign_slot(run, task->role, number, moment.due);
    uint32_t offered = holder != 0 ? 0 : assign_offered_role(run, task->role, number);
    struct event event = { .kind = EVENT_TASK_OPENED };
    event.task_opened = (struct event_task_opened){
        .instance = run->instance->head.id, .task = run->instance->head.next_task, .def = number,
        .stage = run->braces, .entry = entry, .role = run->program->roles[task->role],
        .holder = holder, .offered = offered, .due = moment.due, .until = moment.until,
        .promised = moment.promised, .working = moment.working,
        .urgent = (task->flags & TASK_URGENT) != 0, .side = true,
        .overdue = task->overdue,
        .overdue_next = run_overdue_first(run, task->overdue, moment.due, moment.until),
        .title = render_title(run, task->title), .asker = run->d->me,
    };
    if (decide_refused(run->d)) {
        return RUN_REFUSED;
    }
    decide_emit(run->d, &event);
    run_arm_reminds(run, event.task_opened.task);
    return decide_refused(run->d) ? RUN_REFUSED : RUN_ON;
}

void run_close_task(struct run *run, const struct open_task *task, bool done)
{
    run_disarm_reminds(run, task->number);
    struct event event = { .kind = EVENT_TASK_CLOSED,
                           .task_closed = { run->instance->head.id, task->number, done,
                                            run->outcome, done ? run->d->me : 0 } };
    decide_emit(run->d, &event);
}

enum run_result run_replan(struct run *run, const struct due_moment *due, uint32_t ladder,
                           uint32_t rung, struct slice reason)
{
    const struct open_task *task = run_task(run);
    if (task == NULL) {
        return RUN_ON; // a stage without a task has nothing to re-date
    }
    struct event event = { .kind = EVENT_TASK_REPLANNED };
    event.task_replanned = (struct event_task_replanned){
        .instance = run->instance->head.id, .task = task->number, .was = task->due,
        .due = due->due, .until = due->until, .promised = due->promised, .working = due->working,
        .ladder = ladder, .rung = rung, .tries = task->tries + (ladder != INDEX_NONE ? 1u : 0u),
        .overdue_next = run_overdue_first(run, task->overdue, due->due, due->until),
        .reason = reason,
    };
    if (decide_refused(run->d)) {
        return RUN_REFUSED;
    }
    uint32_t number = task->number;
    decide_emit(run->d, &event);
    run_disarm_reminds(run, number);
    run_arm_reminds(run, number);
    return decide_refused(run->d) ? RUN_REFUSED : RUN_ON;
}

// Rule 19. The position belongs to (stage entry, action), or to the case when the ladder keeps
// count.
enum run_result run_retry(struct run *run, uint32_t number, uint32_t then)
{
    const struct image *image = &run->program->image;
    const struct image_ladder *ladder = &image->ladder[number];
    bool keeps = ladder->keeps_count != 0;
    uint32_t entry = keeps ? 0 : run->action_entry;
    uint32_t of = keeps ? POSITION_LADDER + number : POSITION_ACTION + run->action;
    uint32_t position = instance_position(run->instance, entry, of);
    if (position >= ladder->rungs.count) {
        return run_block(run, then);
    }
    if (run->instance->head.position_count == POSITIONS_MAX) {
        return REFUSE(run->d, LIMIT, "this case stands on POSITIONS_MAX = %d ladders",
                      POSITIONS_MAX);
    }
    struct event event = { .kind = EVENT_POSITION_SET,
                           .position_set = { run->instance->head.id, entry, of, position + 1 } };
    decide_emit(run->d, &event);
    struct due_moment due = { .working = run_rung_is_working(run, number, position) };
    if (!run_add_rung(run, number, position, run->d->now_ms, &due.due)) {
        return RUN_REFUSED;
    }
    if (run_replan(run, &due, number, position + 1, image_slice(image, ladder->name)) ==
        RUN_REFUSED) {
        return RUN_REFUSED;
    }
    const struct open_task *task = run_task(run);
    const struct image_rung *rung = &image->rung[ladder->rungs.first + position];
    if (task != NULL && run_effect(run, rung, task) == RUN_REFUSED) {
        return RUN_REFUSED;
    }
    return RUN_FLOWED;
}
