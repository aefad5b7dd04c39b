#include "engine/shell/cause.h"

#include "base/check.h"
#include "engine/shell/walk.h"

const char *cause_name(enum cause_kind kind)
{
    static const char *const names[] = { "outside", "timer", "overdue", "child_ended",
                                         "awaited", "call", "unknown" };
    CHECK((unsigned)kind < ARRAY_COUNT(names));
    return names[kind];
}

// What is looked for in the records before: an event of one kind of thing and its number.
struct target {
    enum cause_kind kind;
    uint64_t instance, number;
};

static bool sets_overdue(const struct event *event, uint32_t task)
{
    switch ((unsigned)event->kind) {
    case EVENT_TASK_OPENED:
        return event->task_opened.task == task && event->task_opened.overdue_next != 0;
    case EVENT_TASK_REPLANNED:
        return event->task_replanned.task == task && event->task_replanned.overdue_next != 0;
    case EVENT_TASK_RESUMED:
        return event->task_resumed.task == task && event->task_resumed.overdue_next != 0;
    case EVENT_OVERDUE_STEPPED:
        return event->overdue_stepped.task == task && event->overdue_stepped.next != 0;
    default: return false;
    }
}

static bool sets(const struct event *event, const struct target *target)
{
    if (event_instance(event) != target->instance) {
        return false;
    }
    switch (target->kind) {
    case CAUSE_TIMER:
        return (event->kind == EVENT_TIMER_SET && event->timer_set.timer == target->number) ||
               (event->kind == EVENT_TIMER_RESUMED &&
                event->timer_resumed.timer == target->number);
    case CAUSE_OVERDUE: return sets_overdue(event, (uint32_t)target->number);
    case CAUSE_CALL:
        return (event->kind == EVENT_CALL_QUEUED && event->call_queued.call == target->number) ||
               (event->kind == EVENT_CALL_RELEASED && event->call_released.anew &&
                event->call_released.call == target->number);
    case CAUSE_OUTSIDE:
    case CAUSE_CHILD:
    case CAUSE_AWAITED:
    case CAUSE_UNKNOWN: return false;
    }
    UNREACHABLE();
}

static bool holds(const struct record *record, const struct target *target)
{
    for (uint32_t i = 0; i < record->event_count; i++) {
        if (sets(&record->events[i], target)) {
            return true;
        }
    }
    return false;
}

static uint64_t previous_of(const struct record *record, uint64_t instance)
{
    for (uint32_t i = 0; i < record->touched_count; i++) {
        if (record->touched[i].instance == instance) {
            return record->touched[i].previous_seq;
        }
    }
    return 0;
}

static const struct event *first_of(const struct record *record, enum event_kind kind)
{
    for (uint32_t i = 0; i < record->event_count; i++) {
        if (record->events[i].kind == kind) {
            return &record->events[i];
        }
    }
    return NULL;
}

static uint64_t undone_by(const struct record *record, uint64_t instance, uint64_t otherwise)
{
    const struct event *event = first_of(record, EVENT_UNDONE);
    return event != NULL && event->undone.instance == instance ? event->undone.seq : otherwise;
}

// The newest record before this one that set what the target names.
static enum err search(struct store_reader *reader, const struct record *record,
                       const struct target *target, uint32_t *budget, struct arena *arena,
                       struct cause *ret_cause)
{
    uint64_t seq = previous_of(record, target->instance);
    uint64_t undone = 0; // what was taken back has set nothing
    while (seq != 0 && *budget > 0) {
        struct arena_mark mark = arena_mark(arena);
        struct record before;
        (*budget)--;
        enum err err = walk_record(reader, seq, arena, &before);
        bool found = err == OK && seq != undone && holds(&before, target);
        undone = err == OK ? undone_by(&before, target->instance, undone) : undone;
        uint64_t previous = err == OK ? previous_of(&before, target->instance) : 0;
        arena_rewind(arena, mark);
        if (err != OK) {
            return err;
        }
        if (found) {
            *ret_cause = (struct cause){ target->kind, seq, target->instance };
            return OK;
        }
        seq = previous < seq ? previous : 0;
    }
    *ret_cause = (struct cause){ CAUSE_UNKNOWN, 0, target->instance };
    return OK;
}

// A timer that could not do its work was cancelled, and an incident holds it.
static struct target fired_timer(const struct record *record)
{
    const struct event *fired = first_of(record, EVENT_TIMER_FIRED);
    const struct event *parked = first_of(record, EVENT_TIMER_CANCELLED);
    if (fired != NULL) {
        return (struct target){ CAUSE_TIMER, fired->timer_fired.instance,
                                fired->timer_fired.timer };
    }
    if (parked != NULL) {
        return (struct target){ CAUSE_TIMER, parked->timer_cancelled.instance,
                                parked->timer_cancelled.timer };
    }
    return (struct target){ CAUSE_UNKNOWN, 0, 0 };
}

static struct target target_of(const struct record *record)
{
    const struct event *event = NULL;
    switch ((unsigned)record->command) {
    case COMMAND_TIMER: return fired_timer(record);
    case COMMAND_OVERDUE:
        event = first_of(record, EVENT_OVERDUE_STEPPED);
        if (event != NULL) {
            return (struct target){ CAUSE_OVERDUE, event->overdue_stepped.instance,
                                    event->overdue_stepped.task };
        }
        break;
    case COMMAND_CALL_RESULT:
        event = first_of(record, EVENT_CALL_ATTEMPTED);
        if (event != NULL) {
            return (struct target){ CAUSE_CALL, event->call_attempted.instance,
                                    event->call_attempted.call };
        }
        break;
    default: break;
    }
    return (struct target){ CAUSE_UNKNOWN, 0, 0 };
}

enum err cause_of(struct store_reader *reader, const struct record *record, uint64_t instance,
                  uint32_t *budget, struct arena *arena, struct cause *ret_cause)
{
    *ret_cause = (struct cause){ CAUSE_OUTSIDE, 0, instance };
    switch ((unsigned)record->command) {
    case COMMAND_CHILD_ENDED: {
        const struct event *event = first_of(record, EVENT_CHILD_ENDED);
        if (record->cause_seq != 0 && event != NULL) {
            *ret_cause = (struct cause){ CAUSE_CHILD, record->cause_seq, event->child_ended.child };
        } else {
            ret_cause->kind = CAUSE_UNKNOWN;
        }
        return OK;
    }
    case COMMAND_DELIVER:
        *ret_cause = (struct cause){ record->cause_seq != 0 ? CAUSE_AWAITED : CAUSE_UNKNOWN,
                                     record->cause_seq, instance };
        return OK;
    case COMMAND_TIMER:
    case COMMAND_OVERDUE:
    case COMMAND_CALL_RESULT: break;
    default: return OK; // a person, a message, an administrator, a start of the engine
    }
    struct target target = target_of(record);
    if (target.kind == CAUSE_UNKNOWN) {
        ret_cause->kind = CAUSE_UNKNOWN;
        return OK;
    }
    return search(reader, record, &target, budget, arena, ret_cause);
}
