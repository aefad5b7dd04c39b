#include "tests/sim/staff.h"

#include <string.h>

#include "base/check.h"

// --------------------------------------------------------------------------------- questions

enum staff_role staff_role_of(const struct staff *staff, uint32_t number)
{
    return number < STAFF_NUMBERS_MAX ? staff->role[number] : OF_NO_ROLE;
}

enum staff_team staff_team_of(const struct staff *staff, uint32_t number)
{
    return number < STAFF_NUMBERS_MAX ? staff->team[number] : OF_NO_TEAM;
}

bool staff_holds(const struct staff *staff, uint32_t user, enum staff_role role)
{
    return user < STAFF_MAX && staff->person[user].active && staff->person[user].holds[role];
}

bool staff_held(const struct staff *staff, enum staff_role role)
{
    for (uint32_t user = 1; user < STAFF_MAX; user++) {
        if (staff_holds(staff, user, role)) {
            return true;
        }
    }
    return false;
}

static const struct staff_absence *absence_now(const struct staff *staff, uint32_t user)
{
    const struct staff_person *person = &staff->person[user];
    for (uint32_t i = 0; i < person->absence_count; i++) {
        if (person->absence[i].begun) {
            return &person->absence[i];
        }
    }
    return NULL;
}

bool staff_works(const struct staff *staff, uint32_t user, uint64_t at_ms)
{
    uint64_t hour = at_ms / 3600000 % 24;
    uint64_t weekday = (at_ms / 86400000 + 4) % 7; // the first day of all was a Thursday
    return !staff->person[user].office || (weekday >= 1 && weekday <= 5 && hour >= 9 && hour < 18);
}

bool staff_present(const struct staff *staff, uint32_t user)
{
    return user != 0 && user < STAFF_MAX && staff->person[user].active &&
           absence_now(staff, user) == NULL;
}

uint32_t staff_stand_in(const struct staff *staff, uint32_t user)
{
    for (uint32_t i = 0; i < STAFF_MAX && user != 0 && staff->person[user].active; i++) {
        const struct staff_absence *absence = absence_now(staff, user);
        if (absence == NULL) {
            return i == 0 ? 0 : user;
        }
        user = absence->substitute;
    }
    return 0;
}

bool staff_is_boss(const struct staff *staff, uint32_t user, uint32_t of)
{
    for (uint32_t i = 0; i < STAFF_MAX && of != 0 && of < STAFF_MAX; i++) {
        of = staff->person[of].superior;
        if (of == user && user != 0) {
            return true;
        }
    }
    return false;
}

bool staff_above(const struct staff *staff, uint32_t user, enum staff_role role, uint32_t of)
{
    bool by_role = (role == OF_SALES || role == OF_WORKS) && staff_holds(staff, user, OF_HEAD);
    return by_role || staff_is_boss(staff, user, of);
}

bool staff_over(const struct staff *staff, uint32_t user, uint32_t of)
{
    const struct staff_person *person = &staff->person[of];
    bool under_head = person->holds[OF_SALES] || person->holds[OF_WORKS];
    return user == 0 || user == of || staff_is_boss(staff, user, of) ||
           (under_head && staff_holds(staff, user, OF_HEAD));
}

uint64_t staff_next_due(const struct staff *staff)
{
    uint64_t next = UINT64_MAX;
    for (uint32_t user = 1; user < STAFF_MAX; user++) {
        const struct staff_person *person = &staff->person[user];
        for (uint32_t i = 0; i < person->absence_count; i++) {
            const struct staff_absence *absence = &person->absence[i];
            uint64_t due = absence->begun ? absence->to : absence->from;
            next = due < next ? due : next;
        }
    }
    return next;
}

bool staff_has_incident(const struct staff *staff, enum staff_role role, bool nobody_there)
{
    for (uint32_t i = 0; i < staff->incident_count; i++) {
        const struct staff_incident *incident = &staff->incident[i];
        if (incident->role == role && (incident->nobody_there || !nobody_there)) {
            return true;
        }
    }
    return false;
}

// --------------------------------------------------------------------------------- events

static void name_role(struct staff *staff, const struct event_role_named *named)
{
    CHECK(named->role < STAFF_NUMBERS_MAX);
    staff->role[named->role] = slice_equal(named->name, SLICE("head"))    ? OF_HEAD
                               : slice_equal(named->name, SLICE("sales")) ? OF_SALES
                               : slice_equal(named->name, SLICE("works")) ? OF_WORKS
                                                                          : OF_NO_ROLE;
}

static void name_team(struct staff *staff, const struct event_team_named *named)
{
    CHECK(named->team < STAFF_NUMBERS_MAX);
    staff->team[named->team] = slice_equal(named->name, SLICE("north"))   ? OF_NORTH
                               : slice_equal(named->name, SLICE("south")) ? OF_SOUTH
                                                                          : OF_NO_TEAM;
}

static const char *set_user(struct staff *staff, const struct event_user_set *set)
{
    if (set->user == 0 || set->user >= STAFF_MAX || set->superior >= STAFF_MAX) {
        return "a user got a number that does not exist";
    }
    struct staff_person *person = &staff->person[set->user];
    person->known = true;
    person->active = set->active;
    person->superior = set->superior;
    person->office = set->hours.len > 0;
    memset(person->holds, 0, sizeof(person->holds));
    for (size_t i = 0; i + sizeof(uint32_t) <= set->roles.len; i += sizeof(uint32_t)) {
        uint32_t number;
        memcpy(&number, set->roles.ptr + i, sizeof(number));
        person->holds[staff_role_of(staff, number)] = true;
    }
    person->holds[OF_NO_ROLE] = false;
    memset(person->in, 0, sizeof(person->in));
    for (size_t i = 0; i + sizeof(uint32_t) <= set->teams.len; i += sizeof(uint32_t)) {
        uint32_t number;
        memcpy(&number, set->teams.ptr + i, sizeof(number));
        person->in[staff_team_of(staff, number)] = true;
    }
    return NULL;
}

static struct staff_absence *find_absence(struct staff *staff, uint32_t user, uint64_t from)
{
    struct staff_person *person = user < STAFF_MAX ? &staff->person[user] : NULL;
    for (uint32_t i = 0; person != NULL && i < person->absence_count; i++) {
        if (person->absence[i].from == from) {
            return &person->absence[i];
        }
    }
    return NULL;
}

static const char *set_absence(struct staff *staff, const struct event_absence_set *set,
                               const struct record *record)
{
    struct staff_person *person = &staff->person[set->user];
    for (uint32_t i = 0; i < person->absence_count; i++) {
        if (set->from < person->absence[i].to && person->absence[i].from < set->to) {
            return "a person is away twice at the same time";
        }
    }
    if (set->from < record->now_ms || set->to <= set->from || set->substitute == set->user ||
        person->absence_count == STAFF_ABSENCES_MAX || !person->active) {
        return "an absence was set that cannot be";
    }
    if (!staff_over(staff, record->on_behalf, set->user)) {
        return "an absence was said by somebody who may not say it";
    }
    person->absence[person->absence_count++] =
        (struct staff_absence){ set->from, set->to, set->substitute, false };
    return NULL;
}

static const char *end_absence(struct staff *staff, uint32_t user, uint64_t from, bool by_clock,
                               const struct record *record)
{
    struct staff_absence *absence = find_absence(staff, user, from);
    if (absence == NULL || (by_clock && absence->to > record->now_ms)) {
        return absence == NULL ? "an absence ended that was not" : "an absence ended too early";
    }
    if (!by_clock && !staff_over(staff, record->on_behalf, user)) {
        return "an absence was ended by somebody who may not say it";
    }
    staff->settled = staff->settled || absence->begun;
    *absence = staff->person[user].absence[--staff->person[user].absence_count];
    return NULL;
}

static const char *begin_absence(struct staff *staff, const struct event_absence_began *began,
                                 uint64_t now_ms)
{
    struct staff_absence *absence = find_absence(staff, began->user, began->from);
    if (absence == NULL || absence->begun || began->from > now_ms || absence->to != began->to ||
        absence->substitute != began->substitute) {
        return "an absence began that was not said, or too early";
    }
    absence->begun = true;
    staff->settled = true;
    return NULL;
}

static const char *open_incident(struct staff *staff, const struct event_incident_opened *opened)
{
    bool nobody_there = slice_equal(opened->kind, SLICE("nobody_there"));
    bool outside = slice_equal(opened->kind, SLICE("call")) ||
                   slice_equal(opened->kind, SLICE("deliver")) ||
                   slice_equal(opened->kind, SLICE("call_result"));
    if (opened->instance != 0 && outside) {
        return NULL; // bill.c
    }
    if (opened->instance != 0 || staff->incident_count == STAFF_INCIDENTS_MAX ||
        (!nobody_there && !slice_equal(opened->kind, SLICE("role_left")))) {
        return "an incident opened that is not about people";
    }
    enum staff_role role = staff_role_of(staff, opened->role);
    if (nobody_there && staff_has_incident(staff, role, true)) {
        return "a role has two incidents at once";
    }
    staff->incident[staff->incident_count++] =
        (struct staff_incident){ opened->incident, role, nobody_there };
    return NULL;
}

static const char *close_incident(struct staff *staff, uint32_t number)
{
    for (uint32_t i = 0; i < staff->incident_count; i++) {
        if (staff->incident[i].number == number) {
            staff->incident[i] = staff->incident[--staff->incident_count];
            return NULL;
        }
    }
    return "an incident closed that was not open";
}

static const char *take_event(struct staff *staff, const struct event *event,
                              const struct record *record)
{
    switch ((unsigned)event->kind) {
    case EVENT_ROLE_NAMED: name_role(staff, &event->role_named); return NULL;
    case EVENT_TEAM_NAMED: name_team(staff, &event->team_named); return NULL;
    case EVENT_USER_SET: return set_user(staff, &event->user_set);
    case EVENT_ABSENCE_SET: return set_absence(staff, &event->absence_set, record);
    case EVENT_ABSENCE_BEGAN: return begin_absence(staff, &event->absence_began, record->now_ms);
    case EVENT_ABSENCE_REMOVED:
        return end_absence(staff, event->absence_removed.user, event->absence_removed.from, false,
                           record);
    case EVENT_ABSENCE_ENDED:
        return end_absence(staff, event->absence_ended.user, event->absence_ended.from, true,
                           record);
    case EVENT_INCIDENT_OPENED: return open_incident(staff, &event->incident_opened);
    case EVENT_INCIDENT_CLOSED:
        return event->incident_closed.instance != 0
                   ? NULL
                   : close_incident(staff, event->incident_closed.incident);
    default: return NULL;
    }
}

const char *staff_take(struct staff *staff, const struct record *record)
{
    const char *wrong = NULL;
    staff->settled = record->command == COMMAND_USERS; // or when somebody goes, or comes back
    for (uint32_t i = 0; i < record->event_count && wrong == NULL; i++) {
        wrong = take_event(staff, &record->events[i], record);
    }
    return wrong;
}
