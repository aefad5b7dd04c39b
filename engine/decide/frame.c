// Escalations: a frame is pushed over what the case stands in, and taken off again (rules 26, 27,
// 47).
#include "engine/decide/decide_internal.h"

// --------------------------------------------------------------------------------- freezing

// What is left of a wait: time as it passes, or open time for what is counted in working time.
static int64_t left_of(struct run *run, uint64_t moment, bool working)
{
    uint64_t now = run->d->now_ms;
    return moment == 0 ? 0
           : working   ? eval_open_between(&run->env, now, moment)
                       : (int64_t)moment - (int64_t)now;
}

// A timer whose wait is written down in working time.
static bool timer_is_working(const struct run *run, const struct armed_timer *timer)
{
    const struct image *image = &run->program->image;
    if ((timer->def & TIMER_DEF_REMIND) != 0 || image->timer[timer->def].kind == TIMER_AT) {
        return false;
    }
    const struct image_expr *moment = &image->expr[image->timer[timer->def].moment];
    return moment->kind == EXPR_DURATION &&
           (moment->a == DURATION_WORK_MS || moment->a == DURATION_WORK_DAY);
}

static bool ladder_is_working(const struct run *run, const struct open_task *task)
{
    return task->overdue_next != 0 && run_rung_is_working(run, task->overdue, task->overdue_rung);
}

static uint32_t body_entry(const struct run *run)
{
    const struct active_stage *body = instance_active(run->instance, 0);
    return body != NULL ? body->entry : 0;
}

// The tasks of what is frozen, and every timer: the clock of the case stands still. What belongs to
// the body (side tasks of its actions) goes on.
static void freeze_clocks(struct run *run)
{
    const struct instance *instance = run->instance;
    uint32_t body = body_entry(run);
    for (uint32_t i = instance->head.task_count; i > 0; i--) {
        const struct open_task *task = &instance->task[i - 1];
        if (task->entry == body) {
            continue;
        }
        bool working = (task->flags & TASK_FLAG_WORKING) != 0;
        struct event event = { .kind = EVENT_TASK_FROZEN };
        event.task_frozen = (struct event_task_frozen){
            .instance = instance->head.id, .task = task->number,
            .due_left = left_of(run, task->due, working),
            .until_left = left_of(run, task->until, working),
            .overdue_left = left_of(run, task->overdue_next, ladder_is_working(run, task)),
        };
        decide_emit(run->d, &event);
    }
    for (uint32_t i = instance->head.timer_count; i > 0; i--) {
        const struct armed_timer *timer = &instance->timer[i - 1];
        struct event event = { .kind = EVENT_TIMER_FROZEN,
                               .timer_frozen = { instance->head.id, timer->number,
                                                 left_of(run, timer->due,
                                                         timer_is_working(run, timer)) } };
        decide_emit(run->d, &event);
    }
}

static enum run_result refuse_repeat(struct run *run, uint32_t stage)
{
    const struct image *image = &run->program->image;
    if (run->done_by_person) {
        return REFUSE(run->d, NOT_OFFERED, "\"%.*s\" is open already",
                      SLICE_PRINT(image_slice(image, image->stage[stage].label)));
    }
    struct event event = { .kind = EVENT_ESCALATION_REPEATED,
                           .escalation_repeated = { run->instance->head.id, stage } };
    decide_emit(run->d, &event);
    return RUN_FLOWED; // what is open goes on; history says that it was raised again
}

static bool take_values(struct run *run, const struct image_step *step, struct value *values)
{
    for (uint32_t i = 0; i < step->c; i++) {
        values[i] = eval(&run->env, run->program->image.frame_value[step->b + i].value);
        if (run_take_refusal(run)) {
            return false;
        }
    }
    return true;
}

enum run_result run_escalate(struct run *run, const struct image_step *step)
{
    const struct image *image = &run->program->image;
    const struct image_escalation *escalation = &image->escalation[step->a];
    uint32_t level = frame_count(run->instance);
    uint32_t around = body_entry(run);
    struct value *values = ARENA_ARRAY(run->d->arena, struct value, step->c + 1);
    if (frame_is_open(run->instance, step->a)) {
        return refuse_repeat(run, escalation->stage);
    }
    if (level == FRAMES_MAX) {
        return REFUSE(run->d, LIMIT, "FRAMES_MAX = %d escalations are open at once", FRAMES_MAX);
    }
    if (run->instance->head.active_count < 2) {
        return REFUSE(run->d, ASLEEP, "a case that stands nowhere cannot be escalated");
    }
    if (!take_values(run, step, values)) {
        return RUN_REFUSED;
    }
    struct event event = { .kind = EVENT_FROZEN,
                           .frozen = { run->instance->head.id, step->a, escalation->stage,
                                       level } };
    decide_emit(run->d, &event);
    freeze_clocks(run);
    for (uint32_t i = 0; i < step->c; i++) {
        uint32_t field = image->frame_value[step->b + i].field;
        if (run_set_field(run, field, values[i]) == RUN_REFUSED) {
            return RUN_REFUSED;
        }
    }
    return run_enter(run, escalation->stage, around, INDEX_NONE) == RUN_REFUSED ? RUN_REFUSED
                                                                                : RUN_FLOWED;
}

// --------------------------------------------------------------------------------- coming back

// A timer `at E` speaks of a moment in the world: it is where E says, whatever was frozen.
static bool moment_of(struct run *run, const struct armed_timer *timer, uint64_t *ret_due)
{
    struct eval_env env = run->env;
    env.refusal = (struct refusal){ 0 };
    env.at = timer->entry;
    return eval_moment(&env, run->program->image.timer[timer->def].moment, ret_due);
}

// The moment after what was left. Open time that is used up ends in open time.
static uint64_t shifted(struct run *run, uint64_t was, int64_t left, bool working)
{
    uint64_t now = run->d->now_ms;
    int64_t moment = (int64_t)now + left;
    uint64_t due = moment > 0 ? (uint64_t)moment : 1;
    if (was != 0 && working && left > 0) {
        (void)eval_add(&run->env, now, DURATION_WORK_MS, left, &due);
    } else if (was != 0 && working && left == 0) {
        due = now;
        (void)eval_within(&run->env, run->program->image.process[0].calendar, &due);
    }
    (void)run_take_refusal(run);
    return was == 0 ? 0 : due;
}

static bool is_idle(const struct run *run, const struct armed_timer *timer)
{
    return (timer->def & TIMER_DEF_REMIND) == 0 &&
           run->program->image.timer[timer->def].kind == TIMER_AFTER_IDLE;
}

// Going on moves the case, and an idle timer counts from there: milliseconds that were kept over a
// change of the zone's clock could let it come an hour late. Too early, it is armed again.
static uint64_t earlier_of_idle(const struct run *run, const struct armed_timer *timer,
                                uint64_t due)
{
    struct eval_env env = run->env;
    uint64_t anew;
    env.now_ms = run->d->now_ms;
    env.refusal = (struct refusal){ 0 };
    return eval_moment(&env, run->program->image.timer[timer->def].moment, &anew) && anew < due
               ? anew
               : due;
}

static void resume_timer(struct run *run, const struct frozen_timer *frozen)
{
    bool is_at = (frozen->timer.def & TIMER_DEF_REMIND) == 0 &&
                 run->program->image.timer[frozen->timer.def].kind == TIMER_AT;
    uint64_t due = shifted(run, frozen->timer.due, frozen->left,
                           timer_is_working(run, &frozen->timer));
    bool known = !is_at || moment_of(run, &frozen->timer, &due);
    if (is_idle(run, &frozen->timer)) {
        due = earlier_of_idle(run, &frozen->timer, due);
    }
    struct event event = { .kind = EVENT_TIMER_RESUMED,
                           .timer_resumed = { run->instance->head.id, frozen->timer.number, due } };
    decide_emit(run->d, &event);
    if (!known) { // the moment has become empty meanwhile
        struct event cancelled = { .kind = EVENT_TIMER_CANCELLED,
                                   .timer_cancelled = { run->instance->head.id,
                                                        frozen->timer.number, due } };
        decide_emit(run->d, &cancelled);
    }
}

// A promise to a client does not move; its ladder begins when it is broken, or now.
static void resume_task(struct run *run, const struct frozen_task *frozen)
{
    const struct open_task *task = &frozen->task;
    uint64_t now = run->d->now_ms;
    bool working = (task->flags & TASK_FLAG_WORKING) != 0;
    struct event_task_resumed resumed = {
        .instance = run->instance->head.id, .task = task->number,
        .due = shifted(run, task->due, frozen->due_left, working),
        .until = shifted(run, task->until, frozen->until_left, working),
        .overdue_next = shifted(run, task->overdue_next, frozen->overdue_left,
                                ladder_is_working(run, task)),
    };
    if ((task->flags & TASK_FLAG_PROMISED) != 0) {
        resumed.due = task->due;
        resumed.until = task->until;
    }
    uint64_t end = task->until > task->due ? task->until : task->due;
    if ((task->flags & TASK_FLAG_PROMISED) != 0 && task->overdue_next > end &&
        task->overdue_rung == 0) {
        resumed.overdue_next = (end > now ? end : now) + (task->overdue_next - end);
    }
    struct event event = { .kind = EVENT_TASK_RESUMED, .task_resumed = resumed };
    decide_emit(run->d, &event);
}

// Whoever had a task may have left while it was frozen.
static void find_new_holder(struct run *run, const struct open_task *frozen)
{
    const struct view_user *holder = view_user(run->d->view, frozen->holder);
    if (frozen->holder == 0 || frozen->def == INDEX_NONE || (holder != NULL && holder->active)) {
        return;
    }
    uint32_t image_role = rights_image_role(run->program, frozen->role);
    if (image_role == INDEX_NONE) {
        return;
    }
    assign_set_slot(run, run->program->roles[image_role], 0, SLICE("has left"));
    const struct open_task *task = instance_task_const(run->instance, frozen->number);
    uint32_t user =
        assign_slot(run, image_role, frozen->def, task != NULL ? task->due : frozen->due);
    uint32_t offered = user != 0 ? 0 : assign_offered_role(run, image_role, frozen->def);
    struct event event = { .kind = EVENT_TASK_ASSIGNED,
                           .task_assigned = { run->instance->head.id, frozen->number, frozen->role,
                                              user, frozen->holder, offered, SLICE("has left") } };
    decide_emit(run->d, &event);
}

// Timers `at E` whose moment was named while they slept.
static void arm_new_moments(struct run *run, const struct frame *frame)
{
    const struct image *image = &run->program->image;
    for (uint32_t a = 0; a < run->instance->head.active_count; a++) {
        struct active_stage at = run->instance->active[a];
        struct image_range timers = image->stage[at.stage].timers;
        for (uint32_t i = 0; i < timers.count; i++) {
            uint32_t number = timers.first + i;
            struct armed_timer timer = { .def = number, .entry = at.entry };
            uint64_t due;
            bool armed = image->timer[number].kind != TIMER_AT;
            for (uint32_t n = 0; n < frame->head.timer_count && !armed; n++) {
                armed = frame->timer[n].timer.def == number &&
                        frame->timer[n].timer.entry == at.entry;
            }
            // Only what is still to come: a moment that has passed may have fired already.
            if (!armed && moment_of(run, &timer, &due) && due > run->d->now_ms) {
                run_arm_timer(run, number, at.entry, run->d->now_ms);
            }
        }
    }
}

static void clear_answers(struct run *run, uint32_t escalation)
{
    const struct image *image = &run->program->image;
    struct image_range fields = image->escalation[escalation].fields;
    for (uint32_t i = 0; i < fields.count; i++) {
        (void)run_set_field(run, image->list[fields.first + i], value_empty());
    }
}

// A reminder stands so long before the moment that the task is due now.
static void rearm_reminds(struct run *run)
{
    const struct instance *instance = run->instance;
    for (uint32_t i = 0; i < instance->head.task_count; i++) {
        uint32_t task = instance->task[i].number;
        run_disarm_reminds(run, task);
        run_arm_reminds(run, task);
    }
}

// The case goes on where it stood: tasks find whoever does them now, timers their new moments.
static void go_on(struct run *run, const struct frame *frame)
{
    for (uint32_t i = 0; i < frame->head.task_count; i++) {
        find_new_holder(run, &frame->task[i].task);
    }
    arm_new_moments(run, frame);
    rearm_reminds(run);
}

// Takes the innermost frame off: its stages have been left, what it froze is as it was. Nobody is
// picked for what is about to be withdrawn.
static enum run_result pop(struct run *run, bool goes_on)
{
    uint32_t level = frame_count(run->instance) - 1;
    uint32_t escalation = frame_top(run->instance);
    const struct frame *frame = view_frame(run->d->view, run->instance, level);
    if (frame == NULL) {
        return REFUSE(run->d, ROW_DAMAGED, "what case %llu froze cannot be read",
                      (unsigned long long)run->instance->head.id);
    }
    const uint32_t body = body_entry(run);
    if (run_exit_inside(run, body) == RUN_REFUSED) {
        return RUN_REFUSED;
    }
    for (uint32_t i = 0; i < frame->head.timer_count; i++) {
        resume_timer(run, &frame->timer[i]);
    }
    for (uint32_t i = 0; i < frame->head.task_count; i++) {
        resume_task(run, &frame->task[i]);
    }
    uint32_t stage = frame->stage[frame->head.stage_count - 1].stage;
    struct event event = { .kind = EVENT_RESUMED,
                           .resumed = { run->instance->head.id, stage, level } };
    decide_emit(run->d, &event);
    run->env.at = frame->stage[frame->head.stage_count - 1].entry;
    if (goes_on) {
        go_on(run, frame);
    }
    clear_answers(run, escalation);
    return decide_refused(run->d) ? RUN_REFUSED : RUN_ON;
}

enum run_result run_back(struct run *run, uint32_t due)
{
    if (frame_count(run->instance) == 0) {
        return REFUSE(run->d, ASLEEP, "no escalation is open that `=> back` could end");
    }
    struct due_moment moment;
    if (due != INDEX_NONE && !run_due(run, due, &moment)) {
        return RUN_REFUSED;
    }
    if (pop(run, true) == RUN_REFUSED ||
        (due != INDEX_NONE &&
         run_replan(run, &moment, INDEX_NONE, 0, SLICE("back")) == RUN_REFUSED)) {
        return RUN_REFUSED;
    }
    return RUN_FLOWED;
}

enum run_result run_unwind(struct run *run)
{
    enum run_result result = run_exit_inside(run, body_entry(run));
    bool by_person = run->done_by_person;
    run->done_by_person = false; // nobody did what was frozen: it is withdrawn
    // A row that does not hold leaves its frame where it is: the command is refused for it later.
    for (uint32_t i = frame_count(run->instance); i > 0 && result == RUN_ON; i--) {
        result = frame_count(run->instance) > 0 ? pop(run, false) : RUN_ON;
    }
    if (result == RUN_ON) {
        result = run_exit_inside(run, body_entry(run));
    }
    run->done_by_person = by_person;
    return result;
}

enum run_result run_leave_frames(struct run *run, uint32_t stage)
{
    const struct image *image = &run->program->image;
    uint32_t into = image_escalation_around(image, stage);
    uint32_t top = frame_top(run->instance);
    if (into == top && (into == INDEX_NONE || stage != image->escalation[into].stage)) {
        return RUN_ON;
    }
    if (into != INDEX_NONE) {
        return REFUSE(run->d, UNKNOWN_STAGE, "\"%.*s\" is an escalation: it is raised, not gone to",
                      SLICE_PRINT(image_slice(image,
                                              image->stage[image->escalation[into].stage].label)));
    }
    return run_unwind(run);
}
