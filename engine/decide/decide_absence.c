// Who is away, from when until when, and who stands in (rule 22). Absences begin and end by timers
// of their own, recorded at their moments: nothing has to look at a clock to know who is there.
#include "engine/decide/decide_internal.h"

static const struct view_user *named_user(struct decide *d, struct slice name)
{
    const struct view_user *user = view_user_named(d->view, name);
    if (user == NULL) {
        (void)REFUSE(d, UNKNOWN_USER, "there is no user named `%.*s`",
                     SLICE_PRINT(clip_text(name, NAME_BYTES_MAX)));
    } else if (!user->active) {
        (void)REFUSE(d, UNKNOWN_USER, "`%.*s` has left", SLICE_PRINT(user->name));
        return NULL;
    }
    return user;
}

static void emit_began(struct decide *d, uint32_t user, const struct view_absence *absence)
{
    struct event event = { .kind = EVENT_ABSENCE_BEGAN,
                           .absence_began = { user, absence->from, absence->to,
                                              absence->substitute } };
    decide_emit(d, &event);
}

static void emit_ended(struct decide *d, uint32_t user, const struct view_absence *absence)
{
    struct event event = { .kind = EVENT_ABSENCE_ENDED,
                           .absence_ended = { user, absence->from, absence->to } };
    decide_emit(d, &event);
}

// What the clock says of a person's absences and no record does yet. True: there was something.
static bool emit_due(struct decide *d, uint32_t number)
{
    const struct view_user *user = view_user(d->view, number);
    struct view_absence absences[ABSENCES_PER_USER_MAX];
    uint32_t count = user != NULL ? user->absence_count : 0;
    bool any = false;
    if (count > 0) {
        memcpy(absences, user->absences, count * sizeof(absences[0]));
    }
    for (uint32_t i = 0; i < count; i++) { // what ends at a moment stands before what begins at it
        bool begins = absences[i].begun == 0 && absences[i].from <= d->now_ms;
        bool ends = absences[i].to <= d->now_ms;
        any = any || begins || (ends && absences[i].begun != 0);
        if (begins) {
            emit_began(d, number, &absences[i]);
        }
        if (ends) {
            emit_ended(d, number, &absences[i]);
        }
    }
    return any;
}

// --------------------------------------------------------------------------------- said by people

static bool fits_in(struct decide *d, const struct view_user *user,
                    const struct view_absence *absence)
{
    if (absence->to <= absence->from) {
        (void)REFUSE(d, MOMENT_PAST, "an absence ends after it begins, and after now");
        return false;
    }
    for (uint32_t i = 0; i < user->absence_count; i++) {
        if (user->absences[i].from < absence->to && absence->from < user->absences[i].to) {
            (void)REFUSE(d, BAD_USERS, "`%.*s` is away then already", SLICE_PRINT(user->name));
            return false;
        }
    }
    if (user->absence_count == ABSENCES_PER_USER_MAX) {
        (void)REFUSE(d, LIMIT, "`%.*s` has ABSENCES_PER_USER_MAX = %d absences to come",
                     SLICE_PRINT(user->name), ABSENCES_PER_USER_MAX);
        return false;
    }
    return true;
}

static bool find_substitute(struct decide *d, const struct view_user *user, uint32_t *ret)
{
    *ret = 0;
    if (d->command->other.len == 0) {
        return true;
    }
    const struct view_user *substitute = named_user(d, d->command->other);
    if (substitute != NULL && substitute->id == user->id) {
        (void)REFUSE(d, BAD_USERS, "`%.*s` cannot stand in for himself", SLICE_PRINT(user->name));
        return false;
    }
    *ret = substitute != NULL ? substitute->id : 0;
    return substitute != NULL;
}

// Like remove_absence: true when it changes who is there.
static bool set_absence(struct decide *d, const struct view_user *user)
{
    uint64_t from = d->command->due_ms > d->now_ms ? d->command->due_ms : d->now_ms;
    uint32_t number = user->id;
    struct view_absence absence = { .from = from, .to = d->command->until_ms };
    if (!fits_in(d, user, &absence) || !find_substitute(d, user, &absence.substitute)) {
        return false;
    }
    struct event event = { .kind = EVENT_ABSENCE_SET,
                           .absence_set = { number, from, absence.to, absence.substitute,
                                            clip_text(d->command->text, TITLE_BYTES_MAX) } };
    decide_emit(d, &event);
    if (from > d->now_ms) {
        return false;
    }
    emit_began(d, number, &absence);
    return true;
}

// Back earlier than was said, or a planned absence that comes to nothing.
static bool remove_absence(struct decide *d, const struct view_user *user)
{
    uint64_t from = d->command->due_ms;
    for (uint32_t i = 0; i < user->absence_count; i++) {
        const struct view_absence absence = user->absences[i];
        if (from == 0 ? absence.begun == 0 : absence.from != from) {
            continue;
        }
        uint32_t number = user->id;
        struct event event = { .kind = EVENT_ABSENCE_REMOVED,
                               .absence_removed = { number, absence.from,
                                                    clip_text(d->command->text,
                                                              TITLE_BYTES_MAX) } };
        decide_emit(d, &event);
        return absence.begun != 0;
    }
    (void)REFUSE(d, BAD_USERS, from == 0 ? "`%.*s` is not away now"
                                         : "no absence of `%.*s` begins at that moment",
                 SLICE_PRINT(user->name));
    return false;
}

void decide_absence(struct decide *d)
{
    const struct view_user *user = named_user(d, d->command->name);
    if (user == NULL) {
        return;
    }
    if (!rights_over_person(d->view, d->me, user->id)) {
        (void)REFUSE(d, NOT_ALLOWED,
                     "when `%.*s` is away is said by himself, by those above, or by an "
                     "administrator",
                     SLICE_PRINT(user->name));
        return;
    }
    // First what is over by the clock: nobody is away twice, with two who stand in for him.
    uint32_t number = user->id;
    bool due = emit_due(d, number);
    user = view_user(d->view, number);
    bool said = d->command->kind == COMMAND_ABSENCE ? set_absence(d, user)
                                                    : remove_absence(d, user);
    if ((due || said) && !decide_refused(d)) {
        decide_settle_people(d);
    }
}

// --------------------------------------------------------------------------------- by the clock

void decide_absence_due(struct decide *d)
{
    if (!emit_due(d, d->command->task)) {
        (void)REFUSE(d, STALE, "no absence begins or ends now");
        return;
    }
    decide_settle_people(d);
}

// --------------------------------------------------------------------------------- who is left

struct settle {
    struct decide *d;
    uint32_t *unattended; // open tasks by role that nobody who is there is shown; [0]: of no role
    uint32_t role_count;
    uint32_t holder, offered; // of the rows being walked
};

static bool count_row(void *context, const struct view_task_row *row)
{
    struct settle *settle = context;
    const struct view *view = settle->d->view;
    struct arena_mark mark = arena_mark(view_arena(view));
    struct rights_task task;
    if (row->role < settle->role_count &&
        rights_task_of_row(view, row, settle->holder, settle->offered, &task) &&
        !rights_attended(view, &task)) {
        settle->unattended[row->role]++;
    }
    arena_rewind(view_arena(view), mark);
    return true;
}

static bool some_program_excludes(const struct view *view)
{
    uint32_t count = view_counters(view)->next_program;
    for (uint32_t i = 1; i < count; i++) {
        const struct view_program *program = view_program(view, i);
        if (program != NULL && rights_excludes(&program->image)) {
            return true;
        }
    }
    return false;
}

static void count_unattended(struct settle *settle)
{
    const struct view *view = settle->d->view;
    uint32_t count;
    const uint32_t *missing = view_missing(view, &count);
    for (uint32_t i = 0; i < count; i++) {
        settle->holder = missing[i];
        if (view_load(view, missing[i]) > 0) {
            view_tasks_of_user(view, missing[i], count_row, settle);
        }
    }
    settle->holder = 0;
    bool everywhere = some_program_excludes(view);
    for (uint32_t role = 1; role < settle->role_count; role++) {
        settle->offered = role;
        if (everywhere || view_present_holders(view, role) == 0) {
            view_tasks_of_role(view, role, count_row, settle);
        }
    }
}

struct over {
    const struct settle *settle;
    uint32_t incidents[64];
    uint32_t count;
};

static bool collect_over(void *context, const struct view_incident_row *row)
{
    struct over *over = context;
    if (row->instance == 0 && slice_equal(row->kind, SLICE(INCIDENT_NOBODY_THERE)) &&
        row->role < over->settle->role_count && over->settle->unattended[row->role] == 0) {
        over->incidents[over->count++] = row->incident;
    }
    return over->count < ARRAY_COUNT(over->incidents);
}

void decide_settle_people(struct decide *d)
{
    struct settle settle = { .d = d, .role_count = view_counters(d->view)->next_role };
    settle.unattended = ARENA_ARRAY(d->arena, uint32_t, settle.role_count + 1);
    count_unattended(&settle);
    struct over over = { .settle = &settle };
    if (view_counters(d->view)->open_incidents > 0) {
        view_incidents(d->view, collect_over, &over);
    }
    for (uint32_t i = 0; i < over.count; i++) {
        struct event event = { .kind = EVENT_INCIDENT_CLOSED,
                               .incident_closed = { 0, over.incidents[i],
                                                    SLICE("somebody is there again") } };
        decide_emit(d, &event);
    }
    for (uint32_t role = 0; role < settle.role_count; role++) {
        if (settle.unattended[role] > 0) {
            struct slice name = view_role_name(d->view, role);
            decide_nobody_there(d, role,
                                arena_format(d->arena, "nobody is there to do %u open tasks for "
                                                       "%s%.*s%s", settle.unattended[role],
                                             role != 0 ? "`" : "one person",
                                             SLICE_PRINT(name), role != 0 ? "`" : ""));
        }
    }
}
