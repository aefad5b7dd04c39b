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
    evolve_activation(state, e);
    state_names_changed(state);
}

void evolve_team_named(struct state *state, const struct event_team_named *e)
{
    put_name(state, KEY_NAME_TEAM, e->name, e->team);
    state_counters(state)->next_team = e->team + 1;
}

// Absences stay as they are.
void evolve_user_set(struct state *state, const struct event_user_set *e)
{
    struct view_user user = { 0 };
    bool known = e->user < state_counters(state)->next_user;
    if (known && !state_user_get(state, e->user, &user)) {
        state_fail(state, ERR_CORRUPT);
        return;
    }
    user.id = e->user;
    user.name = e->name;
    user.title = e->title;
    user.superior = e->superior;
    user.active = e->active;
    user.zone = e->zone;
    user.language = e->language;
    user.hours = e->hours;
    user.roles = (const uint32_t *)(const void *)state_keep(state, e->roles).ptr;
    user.role_count = (uint32_t)(e->roles.len / sizeof(uint32_t));
    user.teams = (const uint32_t *)(const void *)state_keep(state, e->teams).ptr;
    user.team_count = (uint32_t)(e->teams.len / sizeof(uint32_t));
    state_user_put(state, &user);
    struct key key;
    key_plain_text(&key, e->name);
    state_put(state, DB_USER_NAME, &key, slice_make(&e->user, sizeof(e->user)));
    if (!known) {
        state_counters(state)->next_user = e->user + 1;
    }
}

// --------------------------------------------------------------------------------- absences

struct absences {
    struct view_user user;
    struct view_absence list[ABSENCES_PER_USER_MAX + 1];
};

// The user with a list of absences that can be changed; its timer rows are taken away.
static bool open_absences(struct state *state, uint32_t number, struct absences *absences)
{
    if (!state_user_get(state, number, &absences->user)) {
        state_fail(state, ERR_CORRUPT);
        return false;
    }
    state_absence_rows(state, &absences->user, false);
    memcpy(absences->list, absences->user.absences,
           absences->user.absence_count * sizeof(absences->list[0]));
    absences->user.absences = absences->list;
    return true;
}

static void close_absences(struct state *state, struct absences *absences)
{
    state_absence_rows(state, &absences->user, true);
    state_user_put(state, &absences->user);
}

static uint32_t find_absence(const struct absences *absences, uint64_t from)
{
    uint32_t at = 0;
    while (at < absences->user.absence_count && absences->list[at].from < from) {
        at++;
    }
    return at;
}

static void drop_absence(struct absences *absences, uint64_t from)
{
    uint32_t at = find_absence(absences, from);
    if (at < absences->user.absence_count && absences->list[at].from == from) {
        absences->user.absence_count--;
        memmove(&absences->list[at], &absences->list[at + 1],
                (absences->user.absence_count - at) * sizeof(absences->list[0]));
    }
}

void evolve_absence_set(struct state *state, const struct event_absence_set *e)
{
    struct absences absences;
    if (!open_absences(state, e->user, &absences)) {
        return;
    }
    if (absences.user.absence_count == ABSENCES_PER_USER_MAX) {
        state_fail(state, ERR_TOO_BIG);
        return;
    }
    uint32_t at = find_absence(&absences, e->from);
    memmove(&absences.list[at + 1], &absences.list[at],
            (absences.user.absence_count - at) * sizeof(absences.list[0]));
    absences.list[at] = (struct view_absence){ e->from, e->to, e->substitute, 0 };
    absences.user.absence_count++;
    close_absences(state, &absences);
}

void evolve_absence_removed(struct state *state, const struct event_absence_removed *e)
{
    struct absences absences;
    if (open_absences(state, e->user, &absences)) {
        drop_absence(&absences, e->from);
        close_absences(state, &absences);
    }
}

void evolve_absence_began(struct state *state, const struct event_absence_began *e)
{
    struct absences absences;
    if (!open_absences(state, e->user, &absences)) {
        return;
    }
    uint32_t at = find_absence(&absences, e->from);
    if (at < absences.user.absence_count) {
        absences.list[at].begun = 1;
    }
    close_absences(state, &absences);
}

void evolve_absence_ended(struct state *state, const struct event_absence_ended *e)
{
    struct absences absences;
    if (open_absences(state, e->user, &absences)) {
        drop_absence(&absences, e->from);
        close_absences(state, &absences);
    }
}

void evolve_clock_confirmed(struct state *state, const struct event_clock_confirmed *e)
{
    (void)state; // history only: the record's own time says the rest
    (void)e;
}
