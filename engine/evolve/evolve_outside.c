// Facts about the outside world: messages that came, calls that are on their way.
#include "base/check.h"
#include "engine/evolve/evolve_internal.h"

// --------------------------------------------------------------------------------- messages

static void put_kept(struct state *state, const struct event_message_taken *e)
{
    struct buf buf;
    buf_init(&buf, CALL_FORM_BYTES_MAX + 1024);
    pack_array(&buf, 4);
    pack_uint(&buf, state_now(state));
    pack_str(&buf, e->connector);
    pack_str(&buf, e->name);
    pack_bin(&buf, e->form);
    struct key key;
    key_kept(&key, e->instance, e->kept);
    if (buf.overflow) {
        state_fail(state, ERR_TOO_BIG);
    } else {
        state_put(state, DB_KEPT, &key, state_keep(state, buf_slice(&buf)));
    }
    buf_done(&buf);
}

static void drop_kept(struct state *state, struct instance *instance, uint32_t number)
{
    struct key key;
    uint16_t count = instance->head.kept_count;
    uint16_t at = 0;
    while (at < count && instance->kept[at].number != number) {
        at++;
    }
    if (at == count) {
        state_fail(state, ERR_CORRUPT);
        return;
    }
    memmove(&instance->kept[at], &instance->kept[at + 1],
            sizeof(instance->kept[0]) * (size_t)(count - at - 1));
    instance->head.kept_count--;
    key_kept(&key, instance->head.id, number);
    state_delete(state, DB_KEPT, &key);
}

void evolve_message_taken(struct state *state, const struct event_message_taken *e)
{
    struct instance *instance = state_instance(state, e->instance);
    if (instance == NULL) {
        return;
    }
    if (e->became == MESSAGE_KEPT) {
        if (instance->head.kept_count == KEPT_MAX) {
            state_fail(state, ERR_TOO_BIG);
            return;
        }
        instance->kept[instance->head.kept_count++] =
            (struct kept_message){ e->kept, e->signal };
        put_kept(state, e);
    } else if (e->kept != 0) {
        drop_kept(state, instance, e->kept);
    }
    if (e->became == MESSAGE_DELIVERED) {
        instance->head.moved_ms = state_now(state);
    }
}

// --------------------------------------------------------------------------------- calls

static void put_call(struct state *state, const struct view_call_row *row)
{
    struct buf buf;
    buf_init(&buf, CALL_FORM_BYTES_MAX + 1024);
    pack_array(&buf, 6);
    pack_uint(&buf, row->instance);
    pack_uint(&buf, row->attempts);
    pack_str(&buf, row->connector);
    pack_str(&buf, row->name);
    pack_str(&buf, row->key);
    pack_bin(&buf, row->form);
    struct key key;
    key_call(&key, row->due, row->call);
    if (buf.overflow) {
        state_fail(state, ERR_TOO_BIG);
    } else {
        state_put(state, DB_CALL, &key, state_keep(state, buf_slice(&buf)));
    }
    buf_done(&buf);
}

void evolve_call_queued(struct state *state, const struct event_call_queued *e)
{
    struct instance *instance = state_instance(state, e->instance);
    if (instance == NULL) {
        return;
    }
    if (instance->head.call_count == CALLS_MAX) {
        state_fail(state, ERR_TOO_BIG);
        return;
    }
    instance->call[instance->head.call_count++] = (struct open_call){ e->call, e->due, e->send, 0 };
    state_counters(state)->next_call = e->call + 1;
    struct view_call_row row = { .due = e->due, .call = e->call, .instance = e->instance,
                                 .connector = e->connector, .name = e->name, .key = e->key,
                                 .form = e->form };
    put_call(state, &row);
}

static struct open_call *find_call(struct state *state, struct instance *instance, uint64_t call)
{
    for (uint32_t i = 0; instance != NULL && i < instance->head.call_count; i++) {
        if (instance->call[i].call == call) {
            return &instance->call[i];
        }
    }
    state_fail(state, ERR_CORRUPT);
    return NULL;
}

// Takes the row from where it stands, and puts it (with what has changed) where it belongs now.
static void move_call(struct state *state, struct open_call *call, uint64_t due, uint32_t attempts)
{
    struct view_call_row row;
    if (!view_call(state_view(state), call->due, call->call, &row)) {
        state_fail(state, ERR_CORRUPT);
        return;
    }
    row.connector = state_keep(state, row.connector);
    row.name = state_keep(state, row.name);
    row.key = state_keep(state, row.key);
    row.form = state_keep(state, row.form);
    row.due = due;
    row.attempts = attempts;
    struct key key;
    key_call(&key, call->due, call->call);
    state_delete(state, DB_CALL, &key);
    put_call(state, &row);
    call->due = due;
    call->attempts = attempts;
}

static void drop_call(struct state *state, struct instance *instance, struct open_call *call)
{
    struct key key;
    key_call(&key, call->due, call->call);
    state_delete(state, DB_CALL, &key);
    size_t at = (size_t)(call - instance->call);
    memmove(call, call + 1, sizeof(*call) * (instance->head.call_count - at - 1));
    instance->head.call_count--;
}

void evolve_call_attempted(struct state *state, const struct event_call_attempted *e)
{
    struct instance *instance = state_instance(state, e->instance);
    struct open_call *call = find_call(state, instance, e->call);
    if (call == NULL) {
        return;
    }
    if (e->result == CALL_DONE || e->result == CALL_FAILED || e->result == CALL_WITHDRAWN) {
        drop_call(state, instance, call);
    } else {
        move_call(state, call, e->result == CALL_RETRIED ? e->due : CALL_DUE_PARKED, e->attempt);
    }
}

void evolve_call_released(struct state *state, const struct event_call_released *e)
{
    struct open_call *call = find_call(state, state_instance(state, e->instance), e->call);
    if (call != NULL) {
        move_call(state, call, e->due, e->anew ? 0 : call->attempts);
    }
}
