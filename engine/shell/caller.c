#include "engine/shell/caller.h"

#include "base/check.h"
#include "base/pack.h"
#include "engine/shell/shell_internal.h"
#include "engine/state/instance.h"

enum { AGAIN_MS = 1000 };

void caller_init(struct caller *caller, const struct effector *effector)
{
    *caller = (struct caller){ .effector = effector, .look = true, .next_due_ms = UINT64_MAX };
    for (uint32_t i = 0; i < CALLS_IN_FLIGHT_MAX; i++) {
        struct caller_slot *slot = &caller->slots[i];
        buf_init(&slot->connector, NAME_BYTES_MAX * 4);
        buf_init(&slot->note, CALL_NOTE_BYTES_MAX);
        buf_init(&slot->message, NAME_BYTES_MAX * 4);
        buf_init(&slot->form, CALL_FORM_BYTES_MAX);
    }
}

void caller_done(struct caller *caller)
{
    for (uint32_t i = 0; i < CALLS_IN_FLIGHT_MAX; i++) {
        struct caller_slot *slot = &caller->slots[i];
        buf_done(&slot->connector);
        buf_done(&slot->note);
        buf_done(&slot->message);
        buf_done(&slot->form);
    }
}

static struct caller_slot *find_slot(struct caller *caller, uint64_t call)
{
    for (uint32_t i = 0; i < CALLS_IN_FLIGHT_MAX; i++) {
        if (caller->slots[i].state != CALLER_FREE && caller->slots[i].call == call) {
            return &caller->slots[i];
        }
    }
    return NULL;
}

static struct caller_slot *free_slot(struct caller *caller)
{
    for (uint32_t i = 0; i < CALLS_IN_FLIGHT_MAX; i++) {
        if (caller->slots[i].state == CALLER_FREE) {
            return &caller->slots[i];
        }
    }
    return NULL;
}

// --- what ended ----------------------------------------------------------------------------------

static void keep(struct buf *buf, struct slice bytes)
{
    buf_reset(buf);
    buf_put_slice(buf, slice_sub(bytes, 0, buf->bytes_max));
}

void shell_call_done(struct shell *shell, uint64_t call, const struct effector_result *result)
{
    struct caller_slot *slot = find_slot(&shell->caller, call);
    CHECK(slot != NULL && slot->state == CALLER_RUNNING);
    slot->state = CALLER_ENDED;
    slot->again_ms = 0;
    slot->result = result->result;
    keep(&slot->note, result->note);
    keep(&slot->message, result->message);
    buf_reset(&slot->form);
    if (result->message.len > 0 && result->form.len <= CALL_FORM_BYTES_MAX) {
        buf_put_slice(&slot->form, result->form);
    }
}

static struct slice copy_into(struct request *request, const struct buf *from, size_t *at)
{
    size_t len = from->len;
    struct slice copy = slice_make(request->bytes.ptr + *at, len);
    *at += len;
    return len > 0 ? copy : SLICE_EMPTY;
}

static bool say(struct shell *shell, struct caller_slot *slot)
{
    struct request *request =
        inbox_room(shell->options.inbox) > 0 ? request_take(&shell->pool) : NULL;
    if (request == NULL) {
        return false;
    }
    buf_put_slice(&request->bytes, buf_slice(&slot->note));
    buf_put_slice(&request->bytes, buf_slice(&slot->connector));
    buf_put_slice(&request->bytes, buf_slice(&slot->message));
    buf_put_slice(&request->bytes, buf_slice(&slot->form));
    CHECK(!request->bytes.overflow);
    size_t at = 0;
    struct command *command = &request->command;
    command->kind = COMMAND_CALL_RESULT;
    command->instance = slot->instance;
    command->child = slot->call;
    command->entry = slot->attempt;
    command->outcome = (uint8_t)slot->result;
    command->text = copy_into(request, &slot->note, &at);
    command->connector = copy_into(request, &slot->connector, &at);
    command->name = copy_into(request, &slot->message, &at);
    command->form = copy_into(request, &slot->form, &at);
    request->conn = CALLER_CONN;
    request->arrived_us = clock_steady_us(shell->options.keeper->clock);
    bool submitted = shell_submit(shell, request);
    CHECK(submitted);
    slot->state = CALLER_SAID;
    return true;
}

// [1, msgid, error, result]: only a store that was full makes saying it again worth while.
static bool was_full(struct slice reply)
{
    struct unpack unpack;
    unpack_init(&unpack, reply);
    (void)unpack_array(&unpack);
    unpack_skip(&unpack);
    unpack_skip(&unpack);
    if (unpack.bad || unpack_peek(&unpack) != PACK_MAP) {
        return false;
    }
    struct slice error = unpack_raw(&unpack);
    struct slice raw = pack_map_find(error, SLICE("code"));
    struct unpack code;
    unpack_init(&code, raw);
    return raw.len > 0 && unpack_peek(&code) == PACK_STR &&
           slice_equal(unpack_str(&code), SLICE("store_full"));
}

void caller_answered(struct shell *shell, const struct request *request, struct slice reply)
{
    struct caller_slot *slot = find_slot(&shell->caller, request->command.child);
    CHECK(slot != NULL && slot->state == CALLER_SAID);
    if (was_full(reply)) {
        slot->state = CALLER_ENDED;
        slot->again_ms = timekeeper_now(shell->options.keeper) + AGAIN_MS;
        return;
    }
    slot->state = CALLER_FREE;
    shell->caller.look = true;
}

// --- what processes know -------------------------------------------------------------------------

static bool image_knows(const struct image *image, struct slice connector, struct slice name,
                        bool is_call)
{
    for (uint32_t i = 0; i < image->signal_count; i++) {
        const struct image_signal *signal = &image->signal[i];
        bool same = name.len == 0 || ((signal->is_call != 0) == is_call &&
                                      slice_equal(image_slice(image, signal->name), name));
        if (same && slice_equal(image_slice(image, signal->connector), connector)) {
            return true;
        }
    }
    return false;
}

bool shell_knows_signal(struct shell *shell, struct slice connector, struct slice name,
                        bool is_call)
{
    bool found = false;
    uint32_t count = 0;
    view_begin(shell->view);
    uint32_t processes = view_counters(shell->view)->next_process;
    for (uint32_t process = 1; process < processes && !found; process++) {
        const struct view_program *program = view_active(shell->view, process);
        if (program != NULL) {
            count++;
            found = image_knows(&program->image, connector, name, is_call);
        }
    }
    view_end(shell->view);
    return found || count == 0;
}

// --- what is due ---------------------------------------------------------------------------------

static bool start_due(void *context, const struct view_call_row *row)
{
    struct shell *shell = context;
    struct caller *caller = &shell->caller;
    if (row->due > timekeeper_now(shell->options.keeper)) {
        caller->next_due_ms = row->due >= CALL_DUE_BEHIND ? UINT64_MAX : row->due;
        return false;
    }
    if (find_slot(caller, row->call) != NULL) {
        return true;
    }
    struct caller_slot *slot = free_slot(caller);
    if (slot == NULL) {
        return false; // looked again when one is done
    }
    const struct instance *instance = view_instance(shell->view, row->instance, NULL);
    const struct view_program *program =
        instance != NULL ? view_program(shell->view, instance->head.program) : NULL;
    const struct effector_call call = {
        .call = row->call, .instance = row->instance, .attempt = row->attempts + 1,
        .connector = row->connector, .name = row->name, .key = row->key, .form = row->form,
        .process = program != NULL
                       ? image_slice(&program->image, program->image.process[0].name)
                       : SLICE_EMPTY,
        .started_ms = instance != NULL ? instance->head.started_ms : 0,
    };
    slot->state = CALLER_RUNNING; // before: the try may end at once
    slot->call = row->call;
    slot->instance = row->instance;
    slot->attempt = call.attempt;
    keep(&slot->connector, row->connector);
    if (!caller->effector->start(caller->effector->context, &call)) {
        slot->state = CALLER_FREE;
    }
    return true;
}

static void look(struct shell *shell)
{
    struct caller *caller = &shell->caller;
    caller->look = false;
    caller->next_due_ms = UINT64_MAX;
    view_begin(shell->view);
    view_calls(shell->view, 0, start_due, shell);
    view_end(shell->view);
}

void caller_work(struct shell *shell)
{
    struct caller *caller = &shell->caller;
    if (caller->effector == NULL || shell->stopping) {
        return; // what ended now is tried again after the next start
    }
    uint64_t now_ms = timekeeper_now(shell->options.keeper);
    for (uint32_t i = 0; i < CALLS_IN_FLIGHT_MAX; i++) {
        struct caller_slot *slot = &caller->slots[i];
        if (slot->state == CALLER_ENDED && slot->again_ms <= now_ms && !say(shell, slot)) {
            break;
        }
    }
    bool due = caller->look || caller->next_due_ms <= now_ms;
    if (due && !timekeeper_stepped(shell->options.keeper)) {
        look(shell);
    }
}

uint64_t caller_wait_ms(const struct shell *shell)
{
    const struct caller *caller = &shell->caller;
    if (caller->effector == NULL || shell->stopping) {
        return UINT64_MAX;
    }
    uint64_t wait_ms = timekeeper_wait_ms(shell->options.keeper, caller->next_due_ms);
    for (uint32_t i = 0; i < CALLS_IN_FLIGHT_MAX; i++) {
        if (caller->slots[i].state == CALLER_ENDED && wait_ms > AGAIN_MS) {
            wait_ms = AGAIN_MS;
        }
    }
    return caller->look && wait_ms > AGAIN_MS ? AGAIN_MS : wait_ms;
}

void caller_stop(struct shell *shell)
{
    struct caller *caller = &shell->caller;
    if (caller->effector != NULL) {
        caller->effector->cancel(caller->effector->context);
    }
    for (uint32_t i = 0; i < CALLS_IN_FLIGHT_MAX; i++) {
        if (caller->slots[i].state == CALLER_RUNNING) {
            caller->slots[i].state = CALLER_FREE;
        }
    }
}
