// Calls (rule 38): queued by a step, tried by a runner outside the core, and what follows each try.
#include "engine/decide/decide_outside.h"

static struct slice connector_of(const struct image *image, uint32_t send)
{
    return image_slice(image, image->signal[image->send[send].signal].connector);
}

// The moment of a try: then, or when the calendar of the call opens next.
static bool try_moment(struct run *run, uint32_t send, uint64_t from_ms, uint64_t *ret_due)
{
    *ret_due = from_ms;
    if (eval_within(&run->env, run->program->image.send[send].within, ret_due)) {
        return true;
    }
    (void)run_take_refusal(run);
    return false;
}

// In step order per case and connector: is another one, still on its way, before it?
bool call_is_behind(const struct run *run, struct slice connector)
{
    const struct instance *instance = run->instance;
    const struct image *image = &run->program->image;
    for (uint32_t i = 0; i < instance->head.call_count; i++) {
        if (instance->call[i].due != CALL_DUE_PARKED &&
            slice_equal(connector_of(image, instance->call[i].send), connector)) {
            return true;
        }
    }
    return false;
}

static bool pack_arguments(struct run *run, const struct image_send *send, struct buf *buf)
{
    const struct image *image = &run->program->image;
    pack_map(buf, send->withs.count);
    for (uint32_t i = 0; i < send->withs.count; i++) {
        const struct image_with *with = &image->with[send->withs.first + i];
        struct value value = eval(&run->env, with->value);
        if (run_take_refusal(run)) {
            return false;
        }
        pack_str(buf, image_slice(image, with->name));
        value_pack(buf, &value);
    }
    if (buf->overflow) {
        (void)REFUSE(run->d, LIMIT, "a call carries at most CALL_FORM_BYTES_MAX = %d bytes",
                     CALL_FORM_BYTES_MAX);
    }
    return !buf->overflow;
}

enum run_result run_send(struct run *run, uint32_t number)
{
    struct decide *d = run->d;
    const struct image *image = &run->program->image;
    const struct image_send *send = &image->send[number];
    const struct image_signal *signal = &image->signal[send->signal];
    if (run->instance->head.call_count >= CALLS_MAX) {
        return REFUSE(d, LIMIT, "case %llu has CALLS_MAX = %d calls on their way",
                      (unsigned long long)run->instance->head.id, CALLS_MAX);
    }
    struct buf buf;
    buf_init(&buf, CALL_FORM_BYTES_MAX);
    bool packed = pack_arguments(run, send, &buf);
    struct slice form = packed ? arena_copy(d->arena, buf_slice(&buf)) : SLICE_EMPTY;
    buf_done(&buf);
    if (!packed) {
        return RUN_REFUSED;
    }
    uint64_t due = 0;
    if (!try_moment(run, number, d->now_ms, &due)) {
        return RUN_REFUSED;
    }
    uint64_t call = view_counters(d->view)->next_call;
    struct slice connector = image_slice(image, signal->connector);
    struct event event = { .kind = EVENT_CALL_QUEUED };
    event.call_queued = (struct event_call_queued){
        .instance = run->instance->head.id, .call = call, .send = number, .connector = connector,
        .name = image_slice(image, signal->name),
        // The same on each try; the moment tells two stores with the same numbers apart.
        .key = arena_format(d->arena, "%llu-%llx", (unsigned long long)call,
                            (unsigned long long)d->now_ms),
        .due = call_is_behind(run, connector) ? CALL_DUE_BEHIND : due, .form = form,
    };
    decide_emit(d, &event);
    return RUN_ON;
}

// --------------------------------------------------------------------------------- after a try

// One that was parked and is tried again may stand behind a call of a later step: all are looked at
// before the first of those that wait is let go.
static void release_next(struct run *run, struct slice connector)
{
    const struct instance *instance = run->instance;
    const struct image *image = &run->program->image;
    const struct open_call *next = NULL;
    for (uint32_t i = 0; i < instance->head.call_count; i++) {
        const struct open_call *call = &instance->call[i];
        if (call->due == CALL_DUE_PARKED ||
            !slice_equal(connector_of(image, call->send), connector)) {
            continue;
        }
        if (call->due != CALL_DUE_BEHIND) {
            return; // one is on its way already
        }
        next = next != NULL ? next : call;
    }
    uint64_t due = 0;
    if (next != NULL && try_moment(run, next->send, run->d->now_ms, &due)) {
        struct event event = { .kind = EVENT_CALL_RELEASED,
                               .call_released = { instance->head.id, next->call, due, false } };
        decide_emit(run->d, &event);
    }
}

void call_emit_attempted(struct run *run, const struct open_call *call, enum call_outcome outcome,
                         uint64_t due)
{
    const struct image *image = &run->program->image;
    const struct image_signal *signal = &image->signal[image->send[call->send].signal];
    struct slice connector = image_slice(image, signal->connector);
    struct event event = { .kind = EVENT_CALL_ATTEMPTED };
    event.call_attempted = (struct event_call_attempted){
        .instance = run->instance->head.id, .call = call->call, .connector = connector,
        .name = image_slice(image, signal->name), .attempt = call->attempts + 1,
        .result = (uint8_t)outcome, .note = clip_text(run->d->command->text, CALL_NOTE_BYTES_MAX),
        .due = due,
    };
    decide_emit(run->d, &event);
    if (outcome != CALL_RETRIED) {
        release_next(run, connector);
    }
}

static void notify_of_failure(struct run *run, const struct image_rung *rung,
                              const struct image_signal *signal)
{
    if (rung->effect == RUNG_NOTIFY) {
        const struct image *image = &run->program->image;
        struct notice notice = {
            .text = arena_format(run->d->arena, "%.*s.%.*s has failed: %.*s",
                                 SLICE_PRINT(image_slice(image, signal->connector)),
                                 SLICE_PRINT(image_slice(image, signal->name)),
                                 SLICE_PRINT(clip_text(run->d->command->text, 200))),
        };
        run_notify_role(run, rung->role, &notice);
    }
}

// The next rung, counted from this try. False: there is none.
static bool try_again(struct run *run, const struct open_call *call)
{
    const struct image *image = &run->program->image;
    const struct image_signal *signal = &image->signal[image->send[call->send].signal];
    if (signal->ladder == INDEX_NONE || run->d->command->outcome == CALL_RESULT_REFUSED) {
        return false;
    }
    const struct image_ladder *ladder = &image->ladder[signal->ladder];
    if (call->attempts >= ladder->rungs.count) {
        return false;
    }
    const struct image_rung *rung = &image->rung[ladder->rungs.first + call->attempts];
    uint64_t due = 0;
    if (!run_add_rung(run, signal->ladder, call->attempts, run->d->now_ms, &due) ||
        !try_moment(run, call->send, due, &due)) {
        return true; // refused: an incident takes the place of all this
    }
    call_emit_attempted(run, call, CALL_RETRIED, due);
    if (run->instance->head.status == INSTANCE_OPEN) {
        notify_of_failure(run, rung, signal);
    }
    return true;
}

static void park(struct run *run, const struct open_call *call)
{
    struct decide *d = run->d;
    const uint64_t numbers[] = { call->call };
    const struct image *image = &run->program->image;
    const struct image_signal *signal = &image->signal[image->send[call->send].signal];
    struct slice text = arena_format(d->arena, "%.*s.%.*s has failed: %.*s",
                                     SLICE_PRINT(image_slice(image, signal->connector)),
                                     SLICE_PRINT(image_slice(image, signal->name)),
                                     SLICE_PRINT(clip_text(d->command->text, CALL_NOTE_BYTES_MAX)));
    call_emit_attempted(run, call, CALL_PARKED, 0);
    incident_open(d, run->instance->head.id, SLICE("call"), text,
                  incident_what(d, INCIDENT_CALL, numbers, 1));
}

static void give_up(struct run *run, const struct open_call *call)
{
    uint32_t otherwise = run->program->image.send[call->send].otherwise;
    if (otherwise == INDEX_NONE || run->instance->head.status != INSTANCE_OPEN) {
        park(run, call);
        return;
    }
    call_emit_attempted(run, call, CALL_FAILED, 0);
    const struct active_stage *body = instance_active(run->instance, 0);
    run->braces = 0;
    run->action_entry = body != NULL ? body->entry : 0;
    run->outcome = SLICE("call failed");
    if (run_block(run, otherwise) != RUN_REFUSED) {
        (void)run_settle(run);
    }
}

static void take_result(struct run *run, const struct open_call *call)
{
    const struct command *command = run->d->command;
    if (command->outcome != CALL_RESULT_DONE) {
        if (!try_again(run, call)) {
            give_up(run, call);
        }
        return;
    }
    call_emit_attempted(run, call, CALL_DONE, 0);
    if (command->name.len > 0) { // the answer comes back as a message, in the same record
        struct message message = { .connector = command->connector, .name = command->name,
                                   .form = command->form };
        (void)message_give(run, &message);
    } else if (run->instance->head.status == INSTANCE_OPEN) {
        (void)run_settle(run);
    }
}

void decide_call_result(struct decide *d)
{
    const struct instance *instance = view_instance(d->view, d->command->instance, NULL);
    struct run *run = ARENA_NEW(d->arena, struct run);
    if (instance == NULL || !run_open(run, d, instance)) {
        (void)REFUSE(d, UNKNOWN_INSTANCE, "there is no case %llu",
                     (unsigned long long)d->command->instance);
        return;
    }
    const struct open_call *call = instance_call(instance, d->command->child);
    bool awaited = call != NULL && call->due != CALL_DUE_BEHIND && call->due != CALL_DUE_PARKED &&
                   call->attempts + 1 == d->command->entry;
    if (!awaited) {
        (void)REFUSE(d, STALE, "this try of the call is no longer awaited");
        return;
    }
    const struct open_call copy = *call;
    take_result(run, &copy);
}
