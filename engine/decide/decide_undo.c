// Undo (rule 40): whoever has just pressed the wrong button takes it back, as long as nothing else
// has come of it. The case gets back what it was: its image as it stood before, and the values that
// its fields had.
#include "engine/decide/decide_outside.h"

#define UNDO_MS (10ull * 60 * 1000)

static bool is_undoable(enum command_kind kind)
{
    return kind == COMMAND_PRESS || kind == COMMAND_EDIT || kind == COMMAND_MOVE;
}

static bool check_who_and_when(struct decide *d, const struct record *record)
{
    const struct view_user *who = view_user(d->view, record->on_behalf);
    if (!is_undoable(record->command)) {
        (void)REFUSE(d, CANNOT_UNDO,
                     "the last thing that happened to this case was `%s`, which is not taken back",
                     command_name(record->command));
    } else if (record->on_behalf != d->me) {
        (void)REFUSE(d, CANNOT_UNDO, "the last thing on this case was done by `%.*s`",
                     SLICE_PRINT(who != NULL ? who->name : SLICE("an administrator")));
    } else if (d->now_ms - record->now_ms > UNDO_MS) {
        (void)REFUSE(d, CANNOT_UNDO, "it was done more than ten minutes ago");
    }
    return !decide_refused(d);
}

// A call that cannot have been tried yet: it waits for its hours, or behind another one. One that
// is due may be on its way, though nothing has been heard of it.
static const struct open_call *waiting_call(const struct decide *d,
                                            const struct instance *instance, uint64_t number)
{
    const struct open_call *call = instance != NULL ? instance_call(instance, number) : NULL;
    bool waits = call != NULL && call->attempts == 0 && call->due != CALL_DUE_PARKED &&
                 (call->due == CALL_DUE_BEHIND || call->due > d->now_ms + UNDO_CALL_MS);
    return waits ? call : NULL;
}

// What has gone to the outside world, or has come from it, is not called back.
static bool check_outside(struct decide *d, const struct record *record)
{
    for (uint32_t i = 0; i < record->event_count; i++) {
        const struct event *event = &record->events[i];
        if (event->kind == EVENT_MESSAGE_TAKEN) {
            (void)REFUSE(d, CANNOT_UNDO, "a message that waited was taken by it");
            return false;
        }
        if (event->kind == EVENT_CALL_QUEUED &&
            waiting_call(d, view_instance(d->view, event->call_queued.instance, NULL),
                         event->call_queued.call) == NULL) {
            (void)REFUSE(d, CANNOT_UNDO, "what it sends by %.*s.%.*s may be on its way already",
                         SLICE_PRINT(event->call_queued.connector),
                         SLICE_PRINT(event->call_queued.name));
            return false;
        }
    }
    return true;
}

// Calls that it has queued are withdrawn, the last one first: none of them is let go by another.
static void withdraw_calls(struct decide *d, const struct record *record)
{
    for (uint32_t i = record->event_count; i > 0 && !decide_refused(d); i--) {
        const struct event *event = &record->events[i - 1];
        if (event->kind != EVENT_CALL_QUEUED) {
            continue;
        }
        const struct instance *instance =
            view_instance(d->view, event->call_queued.instance, NULL);
        const struct open_call *call = waiting_call(d, instance, event->call_queued.call);
        struct run *run = ARENA_NEW(d->arena, struct run);
        if (call != NULL && run_open(run, d, instance)) {
            const struct open_call copy = *call;
            call_emit_attempted(run, &copy, CALL_WITHDRAWN, 0);
        }
    }
}

// Another case that the record touched: only children that it started, and that nobody has touched
// since, can be taken back with it.
static bool check_others(struct decide *d, const struct instance *instance,
                         const struct record *record)
{
    for (uint32_t i = 0; i < record->touched_count; i++) {
        const struct record_touched *touched = &record->touched[i];
        const struct instance *other = view_instance(d->view, touched->instance, NULL);
        if (touched->instance == instance->head.id) {
            continue;
        }
        if (touched->previous_seq != 0 || other == NULL ||
            other->head.root != instance->head.root) {
            (void)REFUSE(d, CANNOT_UNDO, "it changed case %llu as well",
                         (unsigned long long)touched->instance);
            return false;
        }
        if (other->head.last_seq != d->undo.seq) {
            (void)REFUSE(d, CANNOT_UNDO, "case %llu, which it started, has moved on",
                         (unsigned long long)touched->instance);
            return false;
        }
    }
    if (instance->head.status == INSTANCE_ENDED && instance->head.parent != 0) {
        (void)REFUSE(d, CANNOT_UNDO, "case %llu above it has heard of its end",
                     (unsigned long long)instance->head.parent);
        return false;
    }
    return true;
}

static void cancel_started(struct decide *d, const struct instance *instance,
                           const struct record *record)
{
    for (uint32_t i = 0; i < record->event_count && !decide_refused(d); i++) {
        const struct event *event = &record->events[i];
        if (event->kind != EVENT_INSTANCE_STARTED ||
            event->instance_started.parent != instance->head.id) {
            continue;
        }
        const struct instance *child = view_instance(d->view, event->instance_started.instance,
                                                     NULL);
        struct run *run = ARENA_NEW(d->arena, struct run);
        if (child != NULL && child->head.status == INSTANCE_OPEN && run_open(run, d, child)) {
            run->outcome = SLICE("undone");
            run_cancel(run, SLICE("undone"), true);
        }
    }
}

// What was changed last is changed back first.
static void restore_fields(struct run *run, const struct record *record)
{
    for (uint32_t i = record->event_count; i > 0; i--) {
        const struct event *event = &record->events[i - 1];
        if (event->kind != EVENT_FIELD_CHANGED ||
            event->field_changed.instance != run->instance->head.id) {
            continue;
        }
        struct event back = { .kind = EVENT_FIELD_CHANGED,
                              .field_changed = { run->instance->head.id,
                                                 event->field_changed.field,
                                                 event->field_changed.now,
                                                 event->field_changed.old } };
        decide_emit(run->d, &back);
    }
}

static struct slice name_of(const struct record *record)
{
    for (uint32_t i = 0; i < record->event_count; i++) {
        if (record->events[i].kind == EVENT_PRESSED) {
            return record->events[i].pressed.name;
        }
    }
    return slice_from_cstr(command_name(record->command));
}

static void undo(struct run *run)
{
    struct decide *d = run->d;
    const struct record *record = d->undo.record;
    bool ended = run->instance->head.status == INSTANCE_ENDED;
    if (!ended) {
        fields_release_keys(run, false);
    }
    restore_fields(run, record);
    struct event event = { .kind = EVENT_UNDONE,
                           .undone = { run->instance->head.id, d->undo.seq, name_of(record),
                                       d->undo.stage, d->undo.image, d->me, record->now_ms } };
    decide_emit(d, &event);
    fields_take_keys(run);
    assign_attend(run); // whoever had the task then may be away now
    if (ended) {
        run_catch_up(run);
    }
}

void decide_undo(struct decide *d)
{
    struct run *run = ARENA_NEW(d->arena, struct run);
    enum err err;
    const struct instance *instance = view_instance(d->view, d->command->instance, &err);
    if (instance == NULL) {
        bool unknown = err == ERR_NOT_FOUND;
        (void)decide_refuse(d, unknown ? REFUSAL_UNKNOWN_INSTANCE : REFUSAL_ROW_DAMAGED,
                            arena_format(d->arena, unknown ? "there is no case %llu"
                                                           : "the stored row of case %llu does "
                                                             "not validate",
                                         (unsigned long long)d->command->instance),
                            SLICE_EMPTY);
        return;
    }
    if (!run_open(run, d, instance)) {
        return;
    }
    if (d->undo.record == NULL || !check_who_and_when(d, d->undo.record) ||
        !check_outside(d, d->undo.record) || !check_others(d, instance, d->undo.record)) {
        (void)REFUSE(d, CANNOT_UNDO, "what happened last cannot be read");
        return;
    }
    if (d->undo.image.len == 0) {
        (void)REFUSE(d, CANNOT_UNDO, "the history of this case is too long to take a step back");
        return;
    }
    withdraw_calls(d, d->undo.record);
    cancel_started(d, instance, d->undo.record);
    if (!decide_refused(d)) {
        undo(run);
    }
}
