// People of the directory: the stored row of one, who is there, and who acts for whom.
#include "base/check.h"
#include "engine/state/view_internal.h"
#include "engine/time/span.h"

// --------------------------------------------------------------------------------- the stored row

enum { USER_ROW_FIELDS = 10 };

// Numbers of a list, stored as they stand in memory. NULL: more than `most`, or half a number.
static const uint32_t *read_numbers(struct slice packed, uint32_t most, struct arena *arena,
                                    uint32_t *ret_count)
{
    *ret_count = (uint32_t)(packed.len / sizeof(uint32_t));
    if (packed.len % sizeof(uint32_t) != 0 || *ret_count > most) {
        return NULL;
    }
    uint32_t *numbers = ARENA_ARRAY(arena, uint32_t, *ret_count + 1);
    memcpy(numbers, packed.len > 0 ? packed.ptr : "", packed.len);
    return numbers;
}

static bool read_absences(struct slice packed, struct arena *arena, struct view_user *user)
{
    user->absence_count = (uint32_t)(packed.len / sizeof(struct view_absence));
    if (packed.len % sizeof(struct view_absence) != 0 ||
        user->absence_count > ABSENCES_PER_USER_MAX) {
        return false;
    }
    struct view_absence *absences =
        ARENA_ARRAY(arena, struct view_absence, user->absence_count + 1);
    memcpy(absences, packed.len > 0 ? packed.ptr : "", packed.len);
    user->absences = absences;
    uint64_t until = 0;
    for (uint32_t i = 0; i < user->absence_count; i++) {
        const struct view_absence *absence = &absences[i];
        if (absence->from < until || absence->to <= absence->from || absence->begun > 1 ||
            absence->to > MOMENT_MS_MAX) {
            return false;
        }
        until = absence->to;
        if (absence->begun != 0) {
            user->away = true;
            user->substitute = absence->substitute;
        }
    }
    return true;
}

bool people_decode(struct slice row, uint32_t number, struct arena *arena,
                   struct view_user *ret_user)
{
    struct unpack unpack;
    size_t whole = 0;
    *ret_user = (struct view_user){ .id = number };
    if (pack_scan(row, FRAME_BYTES_MAX, &whole) != PACK_WHOLE || whole != row.len) {
        return false;
    }
    unpack_init(&unpack, row);
    uint32_t count = unpack_array(&unpack);
    ret_user->name = unpack_str(&unpack);
    ret_user->title = unpack_str(&unpack);
    ret_user->superior = (uint32_t)unpack_uint(&unpack);
    ret_user->active = unpack_bool(&unpack);
    struct slice roles = unpack_bin(&unpack);
    struct slice teams = unpack_bin(&unpack);
    ret_user->zone = unpack_str(&unpack);
    ret_user->language = unpack_str(&unpack);
    ret_user->hours = unpack_str(&unpack);
    struct slice absences = unpack_bin(&unpack);
    if (unpack.bad || count != USER_ROW_FIELDS || ret_user->name.len == 0) {
        return false;
    }
    ret_user->roles = read_numbers(roles, ROLES_PER_USER_MAX, arena, &ret_user->role_count);
    ret_user->teams = read_numbers(teams, TEAMS_PER_USER_MAX, arena, &ret_user->team_count);
    return ret_user->roles != NULL && ret_user->teams != NULL &&
           read_absences(absences, arena, ret_user);
}

bool state_user_get(struct state *state, uint32_t number, struct view_user *ret_user)
{
    struct key key;
    key_number(&key, number);
    struct slice row;
    if (state_get(state, DB_USER, &key, &row) != OK) {
        return false;
    }
    row = state_keep(state, row);
    if (!people_decode(row, number, &state->backing.arena, ret_user)) {
        state_fail(state, ERR_CORRUPT);
        return false;
    }
    return true;
}

void state_user_put(struct state *state, const struct view_user *user)
{
    struct buf buf;
    buf_init(&buf, 64 * 1024);
    pack_array(&buf, USER_ROW_FIELDS);
    pack_str(&buf, user->name);
    pack_str(&buf, user->title);
    pack_uint(&buf, user->superior);
    pack_bool(&buf, user->active);
    pack_bin(&buf, slice_make(user->roles, user->role_count * sizeof(uint32_t)));
    pack_bin(&buf, slice_make(user->teams, user->team_count * sizeof(uint32_t)));
    pack_str(&buf, user->zone);
    pack_str(&buf, user->language);
    pack_str(&buf, user->hours);
    pack_bin(&buf, slice_make(user->absences,
                              user->absence_count * sizeof(struct view_absence)));
    struct key key;
    key_number(&key, user->id);
    state_put(state, DB_USER, &key, buf_slice(&buf));
    buf_done(&buf);
    state_names_changed(state);
}

// The moment that an absence waits for: its beginning, then its end.
static uint64_t absence_moment(const struct view_absence *absence)
{
    return absence->begun != 0 ? absence->to : absence->from;
}

void state_absence_rows(struct state *state, const struct view_user *user, bool put)
{
    for (uint32_t i = 0; i < user->absence_count; i++) {
        uint64_t due = absence_moment(&user->absences[i]);
        if (put) {
            state_timer_row_put(state, due, 0, user->id);
        } else {
            state_timer_row_delete(state, due, 0, user->id);
        }
    }
}

// --------------------------------------------------------------------------------- who is there

struct slice view_role_name(const struct view *view, uint32_t role)
{
    const struct directory *directory = directory_of(view);
    return role < directory->role_count ? directory->roles[role] : SLICE_EMPTY;
}

struct slice view_team_name(const struct view *view, uint32_t team)
{
    const struct directory *directory = directory_of(view);
    return team < directory->team_count ? directory->teams[team] : SLICE_EMPTY;
}

const struct view_user *view_user(const struct view *view, uint32_t user)
{
    const struct directory *directory = directory_of(view);
    bool known = user > 0 && user < directory->user_count && directory->users[user].id == user;
    return known ? &directory->users[user] : NULL;
}

const struct view_user *view_user_named(const struct view *view, struct slice name)
{
    if (name.len == 0 || name.len > NAME_BYTES_MAX) {
        return NULL;
    }
    struct key key;
    key_plain_text(&key, name);
    struct slice value;
    uint32_t number;
    if (view_get(view, DB_USER_NAME, &key, &value) != OK || value.len != sizeof(number)) {
        return NULL;
    }
    memcpy(&number, value.ptr, sizeof(number));
    return view_user(view, number);
}

uint32_t view_user_count(const struct view *view)
{
    return view->backing->counters.next_user - 1;
}

static bool is_listed(const uint32_t *numbers, uint32_t count, uint32_t number)
{
    for (uint32_t i = 0; i < count; i++) {
        if (numbers[i] == number) {
            return true;
        }
    }
    return false;
}

bool view_holds(const struct view *view, uint32_t user, uint32_t role)
{
    const struct view_user *person = view_user(view, user);
    return person != NULL && person->active && is_listed(person->roles, person->role_count, role);
}

bool view_in_team(const struct view *view, uint32_t user, uint32_t team)
{
    const struct view_user *person = view_user(view, user);
    return person != NULL && person->active && is_listed(person->teams, person->team_count, team);
}

bool view_present(const struct view *view, uint32_t user)
{
    const struct view_user *person = view_user(view, user);
    return person != NULL && person->active && !person->away;
}

uint64_t view_work_begins(const struct view *view, uint32_t user, uint64_t moment_ms)
{
    const struct view_user *person = view_user(view, user);
    uint64_t begins = moment_ms;
    bool opens = person == NULL || person->calendar == NULL ||
                 span_to_opening(person->calendar, person->clock, &begins);
    return opens ? begins : moment_ms;
}

uint32_t view_holders(const struct view *view, uint32_t role)
{
    const struct directory *directory = directory_of(view);
    return role < directory->role_count ? directory->holders[role] : 0;
}

uint32_t view_present_holders(const struct view *view, uint32_t role)
{
    const struct directory *directory = directory_of(view);
    return role < directory->role_count ? directory->present[role] : 0;
}

const uint32_t *view_holders_of(const struct view *view, uint32_t role, uint32_t *ret_count)
{
    const struct directory *directory = directory_of(view);
    *ret_count = role < directory->role_count ? directory->holders[role] : 0;
    return *ret_count > 0 ? directory->members + directory->first[role] : NULL;
}

const uint32_t *view_missing(const struct view *view, uint32_t *ret_count)
{
    const struct directory *directory = directory_of(view);
    *ret_count = directory->missing_count;
    return directory->missing;
}

uint32_t view_stand_in(const struct view *view, uint32_t user)
{
    const struct view_user *person = view_user(view, user);
    for (int i = 0; i < STAND_IN_CHAIN_MAX && person != NULL && person->active && person->away;
         i++) {
        uint32_t next = person->substitute;
        if (view_present(view, next)) {
            return next;
        }
        person = view_user(view, next);
    }
    return 0;
}
