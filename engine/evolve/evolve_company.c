// Facts about the store and the company: versions, names, programs, people.
#include "base/check.h"
#include "engine/evolve/evolve_internal.h"

static void copy_short(char *to, size_t room, struct slice text)
{
    size_t len = text.len < room - 1 ? text.len : room - 1;
    if (len > 0) {
        memcpy(to, text.ptr, len);
    }
}

void evolve_engine_started(struct state *state, const struct event_engine_started *e)
{
    struct view_counters *counters = state_counters(state);
    if (counters->currency[0] == '\0') { // the first start decides, for good
        counters->demo = e->demo;
        copy_short(counters->currency, sizeof(counters->currency), e->currency);
        copy_short(counters->region, sizeof(counters->region), e->region);
        copy_short(counters->zone, sizeof(counters->zone), e->zone);
        state_names_changed(state);
    }
    struct key key = { 0 };
    key_u8(&key, 'v');
    struct buf buf;
    buf_init(&buf, 64 * 1024);
    pack_array(&buf, 2);
    pack_str(&buf, e->build);
    pack_str(&buf, e->versions);
    state_put(state, DB_META, &key, buf_slice(&buf));
    buf_done(&buf);
}

static void put_name(struct state *state, enum key_name_kind kind, struct slice name,
                     uint32_t number)
{
    struct key key;
    key_name(&key, kind, name);
    state_put(state, DB_NAME, &key, slice_make(&number, sizeof(number)));
    state_names_changed(state);
}

void evolve_process_named(struct state *state, const struct event_process_named *e)
{
    put_name(state, KEY_NAME_PROCESS, e->name, e->process);
    state_counters(state)->next_process = e->process + 1;
}

void evolve_role_named(struct state *state, const struct event_role_named *e)
{
    put_name(state, KEY_NAME_ROLE, e->name, e->role);
    state_counters(state)->next_role = e->role + 1;
}

void evolve_zone_named(struct state *state, const struct event_zone_named *e)
{
    put_name(state, KEY_NAME_ZONE, e->name, e->zone);
    state_counters(state)->next_zone = e->zone + 1;
}

void evolve_program_activated(struct state *state, const struct event_program_activated *e)
{
    char row[4 + 32 + 32];
    memset(row, 0, sizeof(row));
    memcpy(row, &e->process, 4);
    if (e->image_hash.len != 32 || e->source_hash.len != 32) {
        state_fail(state, ERR_CORRUPT);
        return;
    }
    memcpy(row + 4, e->image_hash.ptr, 32);
    memcpy(row + 36, e->source_hash.ptr, 32);
    struct key key;
    key_number(&key, e->program);
    state_put(state, DB_PROGRAM, &key, slice_make(row, sizeof(row)));
    key_number(&key, e->process);
    state_put(state, DB_ACTIVE, &key, slice_make(&e->program, sizeof(e->program)));
    if (state_counters(state)->next_program <= e->program) {
        state_counters(state)->next_program = e->program + 1;
    }
    state_names_changed(state);
}

void evolve_user_set(struct state *state, const struct event_user_set *e)
{
    struct buf buf;
    buf_init(&buf, 64 * 1024);
    pack_array(&buf, 5);
    pack_str(&buf, e->name);
    pack_str(&buf, e->title);
    pack_uint(&buf, e->superior);
    pack_bool(&buf, e->active);
    pack_bin(&buf, e->roles);
    struct key key;
    key_number(&key, e->user);
    state_put(state, DB_USER, &key, buf_slice(&buf));
    buf_done(&buf);
    key_plain_text(&key, e->name);
    state_put(state, DB_USER_NAME, &key, slice_make(&e->user, sizeof(e->user)));
    if (state_counters(state)->next_user <= e->user) {
        state_counters(state)->next_user = e->user + 1;
    }
    state_names_changed(state);
}

void evolve_clock_confirmed(struct state *state, const struct event_clock_confirmed *e)
{
    (void)state; // history only: the record's own time says the rest
    (void)e;
}
