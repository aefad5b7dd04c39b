// What goes from one person to another: claims, hand-overs, and who may say so.
#include "tests/sim/model.h"
#include "tests/sim/sim.h"

// A side task goes to anybody. True: it was one.
static bool assign_side(struct model_case *c, uint32_t number, uint32_t user)
{
    for (uint32_t i = 0; i < MODEL_SIDE_MAX; i++) {
        if (c->side_number[i] == number && number != 0) {
            c->side[i] = user;
            return true;
        }
    }
    return false;
}

static uint32_t side_holder(const struct model_case *c, uint32_t number)
{
    for (uint32_t i = 0; i < MODEL_SIDE_MAX; i++) {
        if (c->side_number[i] == number && number != 0) {
            return c->side[i];
        }
    }
    return 0;
}

// --------------------------------------------------------------------------------- one task

static bool may_hand_on(const struct model *model, const struct model_task *task, uint32_t user)
{
    return user == 0 || user == task->holder || staff_holds(&model->staff, user, OF_HEAD) ||
           staff_above(&model->staff, user, task->role, task->holder);
}

static void take_released(struct model *model, struct model_case *c, const struct record *record)
{
    uint32_t user = record->on_behalf;
    struct model_task *task = &c->task;
    if (task->holder == 0 || (task->holder != user && !model_right_on(model, task, user).allowed)) {
        model_break(model, ORACLE_AUTHORITY,
                    "user %u gave back a task of case %llu that is not his", user,
                    (unsigned long long)c->id);
        return;
    }
    uint32_t *slot = &c->slot[task->role];
    *slot = *slot == task->holder ? 0 : *slot;
    task->holder = 0;
    task->offered = model_offer(model, task->role);
}

void model_take_assigned(struct model *model, const struct record *record)
{
    struct model_case *c = model_named_case(model, record);
    const struct event *event = model_find_event(record, EVENT_TASK_ASSIGNED);
    if (c == NULL || event == NULL) {
        return;
    }
    const struct staff *staff = &model->staff;
    uint32_t to = event->task_assigned.holder;
    uint32_t number = event->task_assigned.task;
    if (record->command == COMMAND_RELEASE) {
        take_released(model, c, record);
        return;
    }
    struct model_task side = { .open = true, .holder = side_holder(c, number) };
    struct model_task *task = side.holder != 0 ? &side : &c->task;
    bool claimed = record->command == COMMAND_CLAIM;
    bool may = claimed ? task->holder == 0 && to == record->on_behalf &&
                             staff_holds(staff, to, task->offered)
                       : may_hand_on(model, task, record->on_behalf);
    bool fits = claimed || side.holder != 0 || staff_holds(staff, to, task->role);
    if (!may || !fits || !task->open || !staff->person[to].active) {
        model_break(model, ORACLE_AUTHORITY, "a task of case %llu went to user %u by user %u",
                    (unsigned long long)c->id, to, record->on_behalf);
    } else if (!assign_side(c, number, to)) {
        task->holder = to;
        task->offered = OF_NO_ROLE;
        c->slot[task->role] = staff_holds(staff, to, task->role) ? to : c->slot[task->role];
    }
}

// --------------------------------------------------------------------------------- all of a person

struct hand {
    struct model *model;
    struct model_case *c;
    uint32_t whose;
    uint32_t named;              // takes everything, or 0: each task by the way of its role
    uint32_t taker[STAFF_ROLES]; // of the tasks of a role
};

// The engine said who takes it; it must be whom the role's way finds now.
static void hand_task(struct hand *hand, struct model_task *task,
                      const struct event_task_assigned *assigned)
{
    struct model *model = hand->model;
    uint32_t said = assigned->holder;
    if (!task->open || task->holder != hand->whose ||
        staff_role_of(&model->staff, assigned->role) != task->role) {
        return;
    }
    uint32_t wanted = hand->named;
    task->open = false; // is no load while it looks for somebody
    if (wanted == 0) {
        wanted = visit_pick_for_role(model, hand->c, task->role, hand->whose, task->due);
    }
    task->open = true;
    if (said != wanted || (wanted != 0 && !staff_holds(&model->staff, wanted, task->role))) {
        model_break(model, ORACLE_AUTHORITY,
                    "what user %u had of case %llu went to user %u, not "
                    "to user %u",
                    hand->whose, (unsigned long long)hand->c->id, said, wanted);
    }
    task->holder = wanted;
    task->offered = wanted != 0 ? OF_NO_ROLE : model_offer(model, task->role);
    hand->taker[task->role] = wanted != 0 ? wanted : hand->taker[task->role];
}

static void hand_slots(struct hand *hand)
{
    for (enum staff_role role = OF_HEAD; role < STAFF_ROLES; role++) {
        uint32_t *slot = &hand->c->slot[role];
        if (*slot == hand->whose) {
            bool takes = staff_holds(&hand->model->staff, hand->named, role);
            *slot = hand->taker[role] != 0 ? hand->taker[role] : takes ? hand->named : 0;
        }
    }
}

// Whose it was, and who was named, are read from what happened.
static void read_hand(struct hand *hand, const struct record *record)
{
    bool picked = model_find_event(record, EVENT_PICKED) != NULL;
    for (uint32_t i = 0; i < record->event_count; i++) {
        const struct event *event = &record->events[i];
        bool task = event->kind == EVENT_TASK_ASSIGNED;
        if (!task && event->kind != EVENT_SLOT_SET) {
            continue;
        }
        uint32_t was = task ? event->task_assigned.was : event->slot_set.was;
        uint32_t to = task ? event->task_assigned.holder : event->slot_set.user;
        hand->whose = hand->whose != 0 ? hand->whose : was;
        hand->named = hand->named != 0 || picked ? hand->named : to;
        if (was != hand->whose) {
            model_break(hand->model, ORACLE_AUTHORITY, "what user %u had was handed over as well",
                        was);
        }
    }
}

void model_take_hand_over(struct model *model, const struct record *record)
{
    struct hand hand = { .model = model, .c = model_named_case(model, record) };
    if (hand.c == NULL) {
        return;
    }
    read_hand(&hand, record);
    if (!staff_over(&model->staff, record->on_behalf, hand.whose) &&
        !staff_holds(&model->staff, record->on_behalf, OF_HEAD)) {
        model_break(model, ORACLE_AUTHORITY, "user %u handed over what user %u had",
                    record->on_behalf, hand.whose);
    }
    for (uint32_t i = 0; i < record->event_count; i++) {
        const struct event_task_assigned *assigned = &record->events[i].task_assigned;
        if (record->events[i].kind != EVENT_TASK_ASSIGNED ||
            assign_side(hand.c, assigned->task, assigned->holder)) {
            continue;
        }
        hand_task(&hand, &hand.c->task, assigned);
        if (hand.c->stage == AT_PROBLEM) {
            hand_task(&hand, &hand.c->frame.task, assigned);
        }
        for (uint32_t b = 0; hand.c->pair && b < BRANCH_COUNT; b++) {
            hand_task(&hand, &hand.c->branches.branch[b], assigned);
        }
    }
    hand_slots(&hand);
    for (uint32_t i = 0; i < MODEL_SIDE_MAX; i++) {
        if (hand.c->side_number[i] != 0 && hand.c->side[i] == hand.whose) {
            model_break(model, ORACLE_AUTHORITY, "user %u keeps a side task of case %llu",
                        hand.whose, (unsigned long long)hand.c->id);
        }
    }
    if (hand.c->pair) {
        pair_tell(hand.c);
    }
}

// --------------------------------------------------------------------------------- who may say it

static bool may_finish(const struct model *model, const struct model_case *c, uint32_t number,
                       uint32_t user)
{
    struct model_task side = { .open = true, .holder = side_holder(c, number) };
    return side.holder != 0 && model_right_on(model, &side, user).allowed;
}

static bool may_say(const struct model *model, const struct model_case *c,
                    const struct record *record)
{
    const struct staff *staff = &model->staff;
    uint32_t user = record->on_behalf;
    const struct event *event;
    switch ((unsigned)record->command) {
    case COMMAND_EDIT:
        event = model_find_event(record, EVENT_EDITED);
        return event != NULL && model_has_part(model, c, user, event->edited.acting_for);
    case COMMAND_SIDE_TASK:
        return staff_holds(staff, user, OF_HEAD) || user == c->creator ||
               model_has_part(model, c, user, 0);
    case COMMAND_FINISH:
        event = model_find_event(record, EVENT_TASK_CLOSED);
        return event != NULL && event->task_closed.by == user &&
               may_finish(model, c, event->task_closed.task, user);
    case COMMAND_MOVE: return staff_holds(staff, user, OF_HEAD);
    case COMMAND_REOPEN:
        return staff_holds(staff, user, OF_SALES) || staff_holds(staff, user, OF_HEAD);
    case COMMAND_CANCEL:
    case COMMAND_USERS:
    case COMMAND_APPLY:
    case COMMAND_CLOCK: return user == 0;
    default: return true; // looked at where it is carried out
    }
}

void model_check_speaker(struct model *model, const struct record *record)
{
    uint64_t id = record->touched_count > 0 ? record->touched[0].instance : 0;
    const struct model_case *c = model_find(model, id);
    uint32_t user = record->on_behalf;
    bool active = user == 0 || (user < STAFF_MAX && model->staff.person[user].active);
    bool about_case = record->command == COMMAND_EDIT || record->command == COMMAND_SIDE_TASK ||
                      record->command == COMMAND_FINISH;
    if (!active || (about_case && c == NULL) || !may_say(model, c, record)) {
        model_break(model, ORACLE_AUTHORITY, "user %u said `%s` on case %llu without a right to",
                    user, command_name(record->command), (unsigned long long)id);
    }
}

void model_check_attended(struct model *model)
{
    uint32_t counts[STAFF_ROLES] = { 0 };
    model_count_unattended(model, counts);
    for (enum staff_role role = OF_NO_ROLE; role < STAFF_ROLES; role++) {
        bool told = staff_has_incident(&model->staff, role, true);
        if ((counts[role] > 0 && !told) || (model->staff.settled && counts[role] == 0 && told)) {
            model_break(model, ORACLE_ATTENDED,
                        "nobody is there to do %u tasks of role %u, and %s incident is open",
                        counts[role], role, told ? "an" : "no");
        }
    }
}
