// Incidents: what could not be done without a person pressing. Each holds what is needed to try it
// again; nothing is dropped.
#include "engine/decide/decide_outside.h"
#include "engine/decide/decide_version.h"

void incident_open(struct decide *d, uint64_t instance, struct slice kind, struct slice text,
                   struct slice what)
{
    struct event event = { .kind = EVENT_INCIDENT_OPENED };
    event.incident_opened = (struct event_incident_opened){
        .instance = instance, .incident = view_counters(d->view)->next_incident, .kind = kind,
        .text = clip_text(text, TITLE_BYTES_MAX), .what = what,
    };
    decide_emit(d, &event);
}

struct slice incident_what(struct decide *d, enum incident_retry retry, const uint64_t *numbers,
                           uint32_t count)
{
    struct buf buf;
    buf_init(&buf, 200);
    pack_array(&buf, count + 1);
    pack_uint(&buf, (uint64_t)retry);
    for (uint32_t i = 0; i < count; i++) {
        pack_uint(&buf, numbers[i]);
    }
    struct slice what = arena_copy(d->arena, buf_slice(&buf));
    buf_done(&buf);
    return what;
}

struct slice incident_message(struct decide *d, const struct message *message)
{
    struct buf buf;
    buf_init(&buf, CALL_FORM_BYTES_MAX + 1000);
    pack_array(&buf, 4);
    pack_uint(&buf, INCIDENT_MESSAGE);
    pack_str(&buf, message->connector);
    pack_str(&buf, message->name);
    pack_bin(&buf, message->form);
    struct slice what = buf.overflow ? SLICE_EMPTY : arena_copy(d->arena, buf_slice(&buf));
    buf_done(&buf);
    return what;
}

// --------------------------------------------------------------------------------- opening one

static const struct armed_timer *named_timer(const struct instance *instance, uint32_t number)
{
    for (uint32_t i = 0; i < instance->head.timer_count; i++) {
        if (instance->timer[i].number == number) {
            return &instance->timer[i];
        }
    }
    return NULL;
}

static struct slice park_timer(struct decide *d, const struct instance *instance)
{
    const struct armed_timer *timer = named_timer(instance, d->command->task);
    if (timer == NULL) {
        return SLICE_EMPTY;
    }
    const uint64_t numbers[] = { timer->def, timer->stage, timer->entry };
    struct event event = { .kind = EVENT_TIMER_CANCELLED,
                           .timer_cancelled = { instance->head.id, timer->number, timer->due } };
    decide_emit(d, &event);
    return incident_what(d, INCIDENT_TIMER, numbers, 3);
}

static struct slice park_overdue(struct decide *d, const struct instance *instance)
{
    const struct open_task *task = instance_task_const(instance, d->command->task);
    if (task == NULL) {
        return SLICE_EMPTY;
    }
    const uint64_t numbers[] = { task->number };
    struct event event = { .kind = EVENT_OVERDUE_STEPPED,
                           .overdue_stepped = { instance->head.id, task->number,
                                                task->overdue_rung, task->overdue_next, 0 } };
    decide_emit(d, &event);
    return incident_what(d, INCIDENT_OVERDUE, numbers, 1);
}

// What waited is taken from where it waited: it would be tried at each step otherwise.
static struct slice park_message(struct decide *d, const struct instance *instance)
{
    struct view_kept_row row;
    uint32_t signal = INDEX_NONE;
    for (uint32_t i = 0; i < instance->head.kept_count; i++) {
        if (instance->kept[i].number == d->command->task) {
            signal = instance->kept[i].signal;
        }
    }
    if (signal == INDEX_NONE ||
        !view_kept(d->view, instance->head.id, d->command->task, &row)) {
        return SLICE_EMPTY;
    }
    struct message message = { .connector = arena_copy(d->arena, row.connector),
                               .name = arena_copy(d->arena, row.name),
                               .form = arena_copy(d->arena, row.form),
                               .kept = d->command->task };
    message_emit(d, instance->head.id, &message, MESSAGE_FAILED, signal);
    struct run *run = ARENA_NEW(d->arena, struct run);
    if (run_open(run, d, view_instance(d->view, d->command->instance, NULL))) {
        run_wake_kept(run); // those behind it are not held up
    }
    return incident_message(d, &message);
}

static struct slice park_result(struct decide *d, const struct instance *instance)
{
    const struct command *command = d->command;
    const struct open_call *call = instance_call(instance, command->child);
    struct run *run = ARENA_NEW(d->arena, struct run);
    if (call == NULL || !run_open(run, d, instance)) {
        return SLICE_EMPTY;
    }
    const struct open_call copy = *call;
    const uint64_t numbers[] = { copy.call };
    if (command->outcome != CALL_RESULT_DONE) {
        call_emit_attempted(run, &copy, CALL_PARKED, 0);
        return incident_what(d, INCIDENT_CALL, numbers, 1);
    }
    call_emit_attempted(run, &copy, CALL_DONE, 0);
    struct message message = { .connector = command->connector, .name = command->name,
                               .form = command->form };
    return message.name.len > 0 ? incident_message(d, &message)
                                : incident_what(d, INCIDENT_SETTLE, NULL, 0);
}

static void emit_child_ended(struct decide *d)
{
    const struct command *command = d->command;
    struct event event = { .kind = EVENT_CHILD_ENDED,
                           .child_ended = { command->instance, command->child, command->collection,
                                            command->round, command->outcome, command->name } };
    decide_emit(d, &event);
}

static struct slice park(struct decide *d, const struct instance *instance)
{
    switch ((unsigned)d->command->kind) {
    case COMMAND_TIMER: return park_timer(d, instance);
    case COMMAND_OVERDUE: return park_overdue(d, instance);
    case COMMAND_DELIVER: return park_message(d, instance);
    case COMMAND_CALL_RESULT: return park_result(d, instance);
    case COMMAND_CHILD_ENDED:
        emit_child_ended(d);
        return incident_what(d, INCIDENT_SETTLE, NULL, 0);
    default: return SLICE_EMPTY;
    }
}

void decide_incident(struct decide *d, const struct refusal *why)
{
    const struct command *command = d->command;
    const struct instance *instance = view_instance(d->view, command->instance, NULL);
    if (instance == NULL) {
        return;
    }
    if (command->kind == COMMAND_VERSION) {
        decide_hold_version(d, why);
        return;
    }
    struct slice what = park(d, instance);
    struct slice text = arena_format(d->arena, "%s: %.*s", refusal_name(why->code),
                                     SLICE_PRINT(clip_text(why->message, TITLE_BYTES_MAX - 40)));
    incident_open(d, instance->head.id, slice_from_cstr(command_name(command->kind)), text, what);
}

// --------------------------------------------------------------------------------- trying again

static void retry_timer(struct run *run, struct unpack *unpack)
{
    uint32_t def = (uint32_t)unpack_uint(unpack);
    uint32_t stage = (uint32_t)unpack_uint(unpack);
    uint32_t entry = (uint32_t)unpack_uint(unpack);
    const struct active_stage *at = instance_entry(run->instance, entry);
    if (at == NULL || at->stage != stage || def >= run->program->image.timer_count) {
        (void)REFUSE(run->d, STALE, "the case has left the stage of this timer");
        return;
    }
    struct event event = { .kind = EVENT_TIMER_SET,
                           .timer_set = { run->instance->head.id, run->instance->head.next_timer,
                                          def, stage, entry, run->d->now_ms, run->d->now_ms } };
    decide_emit(run->d, &event);
}

static void retry_overdue(struct run *run, struct unpack *unpack)
{
    uint32_t number = (uint32_t)unpack_uint(unpack);
    const struct open_task *task = instance_task_const(run->instance, number);
    if (task == NULL || task->overdue_next != 0) {
        (void)REFUSE(run->d, STALE, "the task is done, or its ladder is climbed already");
        return;
    }
    struct event event = { .kind = EVENT_OVERDUE_STEPPED,
                           .overdue_stepped = { run->instance->head.id, number,
                                                task->overdue_rung, 0, run->d->now_ms } };
    decide_emit(run->d, &event);
}

static void retry_message(struct run *run, struct unpack *unpack)
{
    struct message message = { .connector = arena_copy(run->d->arena, unpack_str(unpack)) };
    message.name = arena_copy(run->d->arena, unpack_str(unpack));
    message.form = arena_copy(run->d->arena, unpack_bin(unpack));
    (void)message_give(run, &message);
}

static void retry_call(struct run *run, struct unpack *unpack)
{
    uint64_t number = unpack_uint(unpack);
    const struct open_call *call = instance_call(run->instance, number);
    if (call == NULL || call->due != CALL_DUE_PARKED) {
        (void)REFUSE(run->d, STALE, "the call is no longer parked");
        return;
    }
    const struct image *image = &run->program->image;
    struct slice connector =
        image_slice(image, image->signal[image->send[call->send].signal].connector);
    uint64_t due = call_is_behind(run, connector) ? CALL_DUE_BEHIND : run->d->now_ms;
    struct event event = { .kind = EVENT_CALL_RELEASED,
                           .call_released = { run->instance->head.id, number, due, true } };
    decide_emit(run->d, &event);
}

void incident_forget(struct decide *d, const struct view_incident_row *row)
{
    struct unpack unpack;
    unpack_init(&unpack, row->what);
    (void)(row->what.len > 0 && unpack_array(&unpack) > 0);
    if (row->what.len == 0 || unpack_uint(&unpack) != INCIDENT_CALL) {
        return;
    }
    uint64_t number = unpack_uint(&unpack);
    const struct instance *instance = view_instance(d->view, row->instance, NULL);
    const struct open_call *call = instance != NULL ? instance_call(instance, number) : NULL;
    struct run *run = ARENA_NEW(d->arena, struct run);
    if (call != NULL && call->due == CALL_DUE_PARKED && run_open(run, d, instance)) {
        const struct open_call copy = *call;
        call_emit_attempted(run, &copy, CALL_FAILED, 0);
    }
}

static void retry_what(struct run *run, struct slice what)
{
    struct unpack unpack;
    unpack_init(&unpack, what);
    (void)unpack_array(&unpack);
    switch (unpack_uint(&unpack)) {
    case INCIDENT_TIMER: retry_timer(run, &unpack); break;
    case INCIDENT_OVERDUE: retry_overdue(run, &unpack); break;
    case INCIDENT_SETTLE: (void)run_settle(run); break;
    case INCIDENT_MESSAGE: retry_message(run, &unpack); break;
    case INCIDENT_CALL: retry_call(run, &unpack); break;
    default: unpack.bad = true; break;
    }
    if (unpack.bad && !decide_refused(run->d)) {
        (void)REFUSE(run->d, ROW_DAMAGED, "the row of this incident does not validate");
    }
}

void decide_incident_retry(struct decide *d)
{
    struct view_incident_row row;
    uint32_t number = d->command->task;
    if (!view_incident(d->view, number, &row)) {
        (void)REFUSE(d, UNKNOWN_INCIDENT, "there is no open incident %u", number);
        return;
    }
    const struct instance *instance =
        row.instance != 0 ? view_instance(d->view, row.instance, NULL) : NULL;
    if (instance == NULL || row.what.len == 0) {
        (void)REFUSE(d, NOT_OFFERED, "incident %u holds nothing that could be tried again", number);
        return;
    }
    struct run *run = ARENA_NEW(d->arena, struct run);
    struct slice what = arena_copy(d->arena, row.what);
    if (!run_open(run, d, instance)) {
        return;
    }
    struct event event = { .kind = EVENT_INCIDENT_CLOSED,
                           .incident_closed = { row.instance, number, SLICE("retried") } };
    decide_emit(d, &event);
    retry_what(run, what);
}

void decide_incident_close(struct decide *d)
{
    struct view_incident_row row;
    if (!view_incident(d->view, d->command->task, &row)) {
        (void)REFUSE(d, UNKNOWN_INCIDENT, "there is no open incident %u", d->command->task);
        return;
    }
    if (d->command->text.len == 0) {
        (void)REFUSE(d, BAD_FORM, "closing an incident needs a reason");
        return;
    }
    row.what = arena_copy(d->arena, row.what);
    struct event event = { .kind = EVENT_INCIDENT_CLOSED,
                           .incident_closed = { row.instance, row.incident,
                                                clip_text(d->command->text, TITLE_BYTES_MAX) } };
    decide_emit(d, &event);
    incident_forget(d, &row);
}
