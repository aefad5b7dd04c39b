// Handing over what one person has in one case, when he leaves or changes: open tasks and slots.
#include "engine/decide/decide_internal.h"

struct hand_over {
    struct run *run;
    uint32_t whose, to; // to 0: by the role's own way of picking
    struct slice reason;
    uint32_t moved;
};

static bool may_hand_over(struct run *run, uint32_t whose)
{
    struct decide *d = run->d;
    return rights_over_person(d->view, d->me, whose) ||
           rights_move(d->view, run->program, d->me, d->arena).allowed;
}

// The person who takes the task: the one named, a pick, or (0) an offer to the role.
static uint32_t taker(struct hand_over *hand, const struct open_task *task)
{
    struct run *run = hand->run;
    uint32_t image_role = rights_image_role(run->program, task->role);
    if (hand->to != 0 || image_role == INDEX_NONE) {
        return hand->to;
    }
    struct assign_except except = { .user = hand->whose, .task_def = task->def, .at = task->due };
    struct assign_group group = { .role = task->role };
    return assign_by_role(run, image_role, group, except);
}

static bool hand_task(struct hand_over *hand, const struct open_task *open)
{
    struct run *run = hand->run;
    struct open_task task = *open;
    uint32_t user = taker(hand, &task);
    if (user != 0) {
        struct rights rights = rights_reassign(run->d->view, run->instance, run->program, &task, 0,
                                               user, run->d->arena);
        if (!rights.allowed) {
            run->d->refusal = rights.refusal;
            return false;
        }
    }
    uint32_t image_role = rights_image_role(run->program, task.role);
    if (user == 0 && image_role == INDEX_NONE) {
        (void)REFUSE(run->d, BAD_FORM, "task %u is for one person: say who takes it", task.number);
        return false;
    }
    uint32_t offered = user != 0 ? 0 : assign_offered_role(run, image_role, task.def);
    struct event event = { .kind = EVENT_TASK_ASSIGNED,
                           .task_assigned = { run->instance->head.id, task.number, task.role, user,
                                              task.holder, offered, hand->reason } };
    decide_emit(run->d, &event);
    if ((task.flags & TASK_FLAG_SIDE) == 0 && user != 0 &&
        instance_slot(run->instance, task.role) == hand->whose) {
        assign_set_slot(run, task.role, user, hand->reason);
    }
    hand->moved++;
    return true;
}

// A slot without a task: the person named when he holds the role; else it is picked when needed.
static void hand_slots(struct hand_over *hand)
{
    struct run *run = hand->run;
    for (uint32_t i = 0; i < run->instance->head.slot_count; i++) {
        struct slot_holder slot = run->instance->slot[i];
        if (slot.user == hand->whose) {
            bool takes = hand->to != 0 && view_holds(run->d->view, hand->to, slot.role);
            assign_set_slot(run, slot.role, takes ? hand->to : 0, hand->reason);
            hand->moved++;
        }
    }
}

// What an escalation has frozen: it comes back to whoever has it then.
static bool hand_frozen(struct hand_over *hand)
{
    struct run *run = hand->run;
    for (uint32_t level = 0; level < frame_count(run->instance); level++) {
        const struct frame *frame = view_frame(run->d->view, run->instance, level);
        for (uint32_t i = 0; frame != NULL && i < frame->head.task_count; i++) {
            if (frame->task[i].task.holder == hand->whose &&
                !hand_task(hand, &frame->task[i].task)) {
                return false;
            }
        }
    }
    return true;
}

static void hand_over(struct hand_over *hand)
{
    struct run *run = hand->run;
    for (uint32_t i = 0; i < run->instance->head.task_count; i++) {
        if (run->instance->task[i].holder == hand->whose &&
            !hand_task(hand, &run->instance->task[i])) {
            return;
        }
    }
    if (!hand_frozen(hand)) {
        return;
    }
    hand_slots(hand);
    if (hand->moved == 0) {
        (void)REFUSE(run->d, UNKNOWN_TASK, "there is nothing of that person in case %llu",
                     (unsigned long long)run->instance->head.id);
        return;
    }
    assign_attend(run);
    decide_settle_left(run->d);
}

void decide_hand_over(struct decide *d)
{
    struct run *run = ARENA_NEW(d->arena, struct run);
    if (decide_open_case(d, run) == NULL) {
        return;
    }
    const struct view_user *whose = view_user_named(d->view, d->command->name);
    const struct view_user *to = view_user_named(d->view, d->command->other);
    if (whose == NULL || (d->command->other.len > 0 && (to == NULL || !to->active))) {
        struct slice name = whose == NULL ? d->command->name : d->command->other;
        (void)REFUSE(d, UNKNOWN_USER, "there is no active user named `%.*s`",
                     SLICE_PRINT(clip_text(name, NAME_BYTES_MAX)));
        return;
    }
    if (whose == to) {
        (void)REFUSE(d, BAD_FORM, "`%.*s` has it already", SLICE_PRINT(to->name));
        return;
    }
    if (!may_hand_over(run, whose->id)) {
        (void)REFUSE(d, NOT_ALLOWED,
                     "what `%.*s` has is handed over by himself, by those above, by roles that "
                     "`may move`, or by an administrator",
                     SLICE_PRINT(whose->name));
        return;
    }
    struct hand_over hand = { .run = run, .whose = whose->id, .to = to != NULL ? to->id : 0,
                              .reason = d->command->text.len > 0
                                            ? clip_text(d->command->text, TITLE_BYTES_MAX)
                                            : SLICE("handed over") };
    hand_over(&hand);
}
