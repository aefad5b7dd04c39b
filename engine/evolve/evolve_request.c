// Dedupe rows: a ring of REQUEST_WINDOW ids per client, and the hour in which a client last spoke.
// Hours are those that the engine lived: between two records at most REQUEST_PAUSE_MINUTES_MAX
// pass. Whoever waits for an answer while the machine is off for days, or while the clock is set
// on, is not silent; and what is said again must never be done again. Lived time is counted from
// the records alone, so that a rebuild gives the same rows.
#include "base/check.h"
#include "base/reader.h"
#include "engine/evolve/evolve.h"

struct client_row {
    uint32_t number, hour;
};

enum { MINUTE_MS = 60 * 1000, MINUTES_PER_HOUR = 60 };

static bool find_client(struct state *state, struct slice client, struct client_row *row)
{
    struct key key;
    key_plain_text(&key, client);
    struct slice value;
    if (state_get(state, DB_CLIENT, &key, &value) != OK || value.len != sizeof(*row)) {
        return false;
    }
    memcpy(row, value.ptr, sizeof(*row));
    return true;
}

enum err evolve_find_request(struct state *state, struct slice client, uint64_t request,
                             struct evolve_request *ret_row)
{
    struct client_row row;
    if (!find_client(state, client, &row)) {
        return ERR_NOT_FOUND;
    }
    struct key key;
    key_pair(&key, row.number, (uint32_t)(request % REQUEST_WINDOW));
    struct slice value;
    enum err err = state_get(state, DB_REQUEST, &key, &value);
    if (err != OK) {
        return err;
    }
    if (value.len != sizeof(*ret_row)) {
        return ERR_CORRUPT;
    }
    memcpy(ret_row, value.ptr, sizeof(*ret_row));
    return OK;
}

static void put_hour(struct state *state, struct slice client, const struct client_row *row)
{
    struct key key;
    key_plain_text(&key, client);
    state_put(state, DB_CLIENT, &key, slice_make(row, sizeof(*row)));
    key_pair(&key, row->hour, row->number);
    state_put(state, DB_CLIENT_HOUR, &key, client);
}

// The counters are written once a minute at most.
static uint32_t lived_hour(struct state *state, uint64_t now_ms)
{
    uint64_t minute = now_ms / MINUTE_MS;
    uint64_t last = view_counters(state_view(state))->last_minute;
    if (minute > last) {
        struct view_counters *counters = state_counters(state);
        uint64_t pause = minute - last;
        counters->lived_minutes +=
            pause < REQUEST_PAUSE_MINUTES_MAX ? pause : REQUEST_PAUSE_MINUTES_MAX;
        counters->last_minute = minute;
    }
    return (uint32_t)(view_counters(state_view(state))->lived_minutes / MINUTES_PER_HOUR);
}

static void remember(struct state *state, const struct record *record, uint64_t seq, uint32_t hour)
{
    struct client_row row;
    if (!find_client(state, record->client, &row)) {
        row = (struct client_row){ .number = state_counters(state)->next_client++, .hour = hour };
        put_hour(state, record->client, &row);
    } else if (row.hour != hour) {
        struct key key;
        key_pair(&key, row.hour, row.number);
        state_delete(state, DB_CLIENT_HOUR, &key);
        row.hour = hour;
        put_hour(state, record->client, &row);
    }
    struct key key;
    key_pair(&key, row.number, (uint32_t)(record->request % REQUEST_WINDOW));
    struct evolve_request request = { record->request, seq, record->request_hash };
    state_put(state, DB_REQUEST, &key, slice_make(&request, sizeof(request)));
}

// Forgets one client that has been silent since before `hour`. False: there is none.
static bool forget_one(struct state *state, uint32_t hour)
{
    struct arena *arena = view_arena(state_view(state));
    struct store_cursor *cursor =
        store_seek(state_store(state), DB_CLIENT_HOUR, SLICE_EMPTY, arena);
    if (cursor == NULL) {
        return false;
    }
    struct reader reader;
    reader_init(&reader, store_cursor_key(cursor));
    uint32_t last = reader_u32_be(&reader);
    uint32_t number = reader_u32_be(&reader);
    if (reader.bad || last >= hour) {
        return false;
    }
    struct key key;
    key_plain_text(&key, state_keep(state, store_cursor_value(cursor)));
    state_delete(state, DB_CLIENT, &key);
    key_pair(&key, last, number);
    state_delete(state, DB_CLIENT_HOUR, &key);
    for (uint32_t slot = 0; slot < REQUEST_WINDOW; slot++) {
        struct slice value;
        key_pair(&key, number, slot);
        if (state_get(state, DB_REQUEST, &key, &value) == OK) {
            state_delete(state, DB_REQUEST, &key);
        }
    }
    return true;
}

static void touch_instances(struct state *state, const struct record *record, uint64_t seq)
{
    for (uint32_t i = 0; i < record->touched_count; i++) {
        struct instance *instance = state_instance(state, record->touched[i].instance);
        if (instance != NULL) {
            instance->head.last_seq = seq;
        }
    }
}

void evolve_record(struct state *state, const struct record *record, uint64_t seq)
{
    touch_instances(state, record, seq);
    uint32_t hour = lived_hour(state, record->now_ms);
    if (record->client.len > 0) {
        remember(state, record, seq, hour);
    }
    uint32_t keep_from = hour > REQUEST_KEEP_HOURS ? hour - REQUEST_KEEP_HOURS : 0;
    const struct view_counters *counters = view_counters(state_view(state));
    if (counters->purge_hour < keep_from && !forget_one(state, keep_from)) {
        state_counters(state)->purge_hour = keep_from;
    }
}
