// Commands about people and single tasks: claim, reassign, side tasks, comments, manual moves.
#include "engine/decide/decide_internal.h"

static const struct open_task *named_task(struct run *run)
{
    const struct open_task *task = instance_task_const(run->instance, run->d->command->task);
    if (task == NULL) {
        (void)REFUSE(run->d, UNKNOWN_TASK, "case %llu has no open task %u",
                     (unsigned long long)run->instance->head.id, run->d->command->task);
    }
    return task;
}

static void emit_assigned(struct run *run, const struct open_task *task, uint32_t holder,
                          struct slice reason)
{
    struct event event = { .kind = EVENT_TASK_ASSIGNED,
                           .task_assigned = { run->instance->head.id, task->number, task->role,
                                              holder, task->holder, 0, reason } };
    decide_emit(run->d, &event);
}

void decide_claim(struct decide *d)
{
    struct run *run = ARENA_NEW(d->arena, struct run);
    const struct open_task *task = decide_open_case(d, run) != NULL ? named_task(run) : NULL;
    if (task == NULL) {
        return;
    }
    struct rights rights =
        rights_claim(d->view, run->instance, run->program, task, d->me, d->arena);
    if (!rights.allowed) {
        d->refusal = rights.refusal;
        return;
    }
    bool side = (task->flags & TASK_FLAG_SIDE) != 0;
    uint32_t role = task->role;
    bool holds = view_holds(d->view, d->me, role);
    emit_assigned(run, task, d->me, SLICE("claimed"));
    if (!side && holds) {
        assign_set_slot(run, role, d->me, SLICE("claimed"));
    }
    assign_attend(run); // whoever claims may be away
    decide_settle_left(d);
}

// What was claimed, picked or given is offered to the role again.
void decide_release(struct decide *d)
{
    struct run *run = ARENA_NEW(d->arena, struct run);
    const struct open_task *open = decide_open_case(d, run) != NULL ? named_task(run) : NULL;
    if (open == NULL) {
        return;
    }
    struct rights rights =
        rights_release(d->view, run->instance, run->program, open, d->me, d->arena);
    if (!rights.allowed) {
        d->refusal = rights.refusal;
        return;
    }
    struct open_task task = *open;
    uint32_t image_role = rights_image_role(run->program, task.role);
    uint32_t offered =
        image_role == INDEX_NONE ? task.role : assign_offered_role(run, image_role, task.def);
    struct event event = { .kind = EVENT_TASK_ASSIGNED,
                           .task_assigned = { run->instance->head.id, task.number, task.role, 0,
                                              task.holder, offered, SLICE("released") } };
    decide_emit(d, &event);
    if ((task.flags & TASK_FLAG_SIDE) == 0 &&
        instance_slot(run->instance, task.role) == task.holder) {
        assign_set_slot(run, task.role, 0, SLICE("released"));
    }
    assign_attend(run);
    decide_settle_left(d);
}

void decide_reassign(struct decide *d)
{
    struct run *run = ARENA_NEW(d->arena, struct run);
    const struct open_task *task = decide_open_case(d, run) != NULL ? named_task(run) : NULL;
    if (task == NULL) {
        return;
    }
    const struct view_user *to = view_user_named(d->view, d->command->name);
    if (to == NULL || !to->active) {
        (void)REFUSE(d, UNKNOWN_USER, "there is no active user named `%.*s`",
                     SLICE_PRINT(clip_text(d->command->name, NAME_BYTES_MAX)));
        return;
    }
    struct rights rights =
        rights_reassign(d->view, run->instance, run->program, task, d->me, to->id, d->arena);
    if (!rights.allowed) {
        d->refusal = rights.refusal;
        return;
    }
    bool side = (task->flags & TASK_FLAG_SIDE) != 0;
    uint32_t role = task->role;
    uint32_t holder = to->id;
    struct slice reason = d->command->text.len > 0 ? clip_text(d->command->text, TITLE_BYTES_MAX)
                                                   : SLICE("reassigned");
    emit_assigned(run, task, holder, reason);
    if (!side) {
        assign_set_slot(run, role, holder, reason);
    }
    assign_attend(run);
    decide_settle_left(d);
}

// --------------------------------------------------------------------------------- side tasks

static bool side_task_for(struct run *run, struct event_task_opened *opened)
{
    struct decide *d = run->d;
    const struct view_user *user = view_user_named(d->view, d->command->name);
    if (user != NULL && user->active) {
        opened->holder = user->id;
        return true;
    }
    uint32_t role = view_role_number(d->view, d->command->name);
    if (role != 0 && view_holders(d->view, role) > 0) {
        opened->role = role;
        opened->offered = role;
        return true;
    }
    (void)REFUSE(d, UNKNOWN_USER, "`%.*s` is neither an active user nor a role that somebody holds",
                 SLICE_PRINT(clip_text(d->command->name, NAME_BYTES_MAX)));
    return false;
}

void decide_side_task(struct decide *d)
{
    struct run *run = ARENA_NEW(d->arena, struct run);
    if (decide_open_case(d, run) == NULL) {
        return;
    }
    if (!rights_see(d->view, run->instance, run->program, d->me)) {
        (void)decide_refuse(d, REFUSAL_NOT_ALLOWED,
                            rights_unseen(d->view, run->instance->head.id, d->me, d->arena),
                            SLICE_EMPTY);
        return;
    }
    if (d->command->text.len == 0 || run->instance->head.task_count == TASKS_MAX) {
        (void)REFUSE(d, BAD_FORM, d->command->text.len == 0
                                      ? "a side task needs a title"
                                      : "this case has as many open tasks as it can");
        return;
    }
    const struct active_stage *body = instance_active(run->instance, 0);
    struct event event = { .kind = EVENT_TASK_OPENED };
    event.task_opened = (struct event_task_opened){
        .instance = run->instance->head.id, .task = run->instance->head.next_task,
        .def = INDEX_NONE, .stage = 0, .entry = body != NULL ? body->entry : 0,
        .due = d->command->due_ms != 0 ? d->command->due_ms : d->now_ms, .side = true,
        .overdue = INDEX_NONE, .title = clip_text(d->command->text, TITLE_BYTES_MAX),
        .asker = d->me,
    };
    if (event.task_opened.due < d->now_ms) {
        (void)REFUSE(d, MOMENT_PAST, "this moment has passed");
        return;
    }
    if (side_task_for(run, &event.task_opened)) {
        decide_emit(d, &event);
        assign_attend(run);
    }
}

void decide_finish(struct decide *d)
{
    struct run *run = ARENA_NEW(d->arena, struct run);
    const struct open_task *task = decide_open_case(d, run) != NULL ? named_task(run) : NULL;
    if (task == NULL) {
        return;
    }
    if ((task->flags & TASK_FLAG_SIDE) == 0) {
        (void)REFUSE(d, NOT_OFFERED, "only side tasks are finished; press what happened instead");
        return;
    }
    struct rights rights =
        rights_finish(d->view, run->instance, run->program, task, d->me, d->arena);
    if (!rights.allowed) {
        d->refusal = rights.refusal;
        return;
    }
    uint32_t asker = task->asker;
    struct slice title = view_task_title(d->view, run->instance, task);
    run->outcome = d->command->text.len > 0 ? clip_text(d->command->text, TITLE_BYTES_MAX)
                                            : SLICE("done");
    run_close_task(run, task, true);
    if (asker != 0) {
        struct notice notice = { .text = arena_format(d->arena, "Done: %.*s", SLICE_PRINT(title)) };
        run_notify_user(run, asker, 0, &notice);
    }
}

// --------------------------------------------------------------------------------- words and moves

void decide_comment(struct decide *d)
{
    struct run *run = ARENA_NEW(d->arena, struct run);
    if (decide_open_case(d, run) == NULL) {
        return;
    }
    if (d->me != 0 && !rights_see(d->view, run->instance, run->program, d->me)) {
        (void)decide_refuse(d, REFUSAL_NOT_ALLOWED,
                            rights_unseen(d->view, run->instance->head.id, d->me, d->arena),
                            SLICE_EMPTY);
        return;
    }
    if (d->command->text.len == 0 || d->command->text.len > COMMENT_BYTES_MAX) {
        (void)REFUSE(d, LIMIT, "a comment has 1 to COMMENT_BYTES_MAX = %d bytes",
                     COMMENT_BYTES_MAX);
        return;
    }
    struct event event = { .kind = EVENT_COMMENTED,
                           .commented = { run->instance->head.id, d->command->text } };
    decide_emit(d, &event);
}

void decide_move(struct decide *d)
{
    struct run *run = ARENA_NEW(d->arena, struct run);
    if (decide_open_case(d, run) == NULL) {
        return;
    }
    const struct image *image = &run->program->image;
    struct rights rights = rights_move(d->view, run->program, d->me, d->arena);
    if (!rights.allowed) {
        d->refusal = rights.refusal;
        return;
    }
    uint32_t stage = image_find_stage(image, d->command->name);
    if (stage == INDEX_NONE || stage == 0) {
        (void)REFUSE(d, UNKNOWN_STAGE, "process `%.*s` has no stage `%.*s`",
                     SLICE_PRINT(image_slice(image, image->process[0].name)),
                     SLICE_PRINT(clip_text(d->command->name, NAME_BYTES_MAX)));
        return;
    }
    if (d->command->text.len == 0) {
        (void)REFUSE(d, BAD_FORM, "a move by hand needs a reason");
        return;
    }
    struct event event = { .kind = EVENT_MOVED,
                           .moved = { run->instance->head.id, stage,
                                      clip_text(d->command->text, COMMENT_BYTES_MAX) } };
    decide_emit(d, &event);
    run->outcome = SLICE("moved by hand");
    if (run_transition(run, stage, INDEX_NONE) != RUN_REFUSED) {
        (void)run_settle(run);
    }
}
