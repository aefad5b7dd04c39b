// The directory: who there is, with which roles and teams, and what a change of people leaves
// behind.
#include "base/utf8.h"
#include "engine/decide/decide_internal.h"
#include "engine/time/hours.h"
#include "engine/time/zoneinfo.h"

// The subject of the refusal is the user whose line is wrong.
#define REFUSE_USER(d, user, ...) \
    decide_refuse((d), REFUSAL_BAD_USERS, arena_format((d)->arena, __VA_ARGS__), (user)->name)

static bool is_name(struct slice name)
{
    if (name.len == 0 || name.len > NAME_BYTES_MAX || !utf8_valid(name)) {
        return false;
    }
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.ptr[i];
        if (c <= ' ' || c == 0x7f || c == ',' || c == '"') {
            return false;
        }
    }
    return true;
}

uint32_t decide_role_number(struct decide *d, struct slice name)
{
    uint32_t number = view_role_number(d->view, name);
    if (number != 0) {
        return number;
    }
    number = view_counters(d->view)->next_role;
    struct event event = { .kind = EVENT_ROLE_NAMED, .role_named = { number, name } };
    decide_emit(d, &event);
    return number;
}

// Text that people read: no control characters.
static bool is_plain(struct slice text, size_t bytes_max)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c < ' ' || c == 0x7f) {
            return false;
        }
    }
    return text.len <= bytes_max && utf8_valid(text);
}

static bool is_language(struct slice text)
{
    bool good = text.len == 2 || text.len == 3;
    for (size_t i = 0; i < text.len; i++) {
        good = good && text.ptr[i] >= 'a' && text.ptr[i] <= 'z';
    }
    return good;
}

// Whose clock, which language, which hours: each is used, so each must be known.
static bool check_clock(struct decide *d, const struct command_user *user)
{
    struct calendar calendar;
    const char *why;
    struct slice at;
    if (user->zone.len > 0 && !zoneinfo_known(user->zone)) {
        (void)REFUSE_USER(d, user,
                     "user `%.*s`: there is no time zone `%.*s`; say for example "
                     "Europe/Moscow",
                     SLICE_PRINT(user->name), SLICE_PRINT(user->zone));
        return false;
    }
    if (user->language.len > 0 && !is_language(user->language)) {
        (void)REFUSE_USER(d, user,
                     "user `%.*s`: `%.*s` is not the code of a language; say for "
                     "example ru",
                     SLICE_PRINT(user->name), SLICE_PRINT(user->language));
        return false;
    }
    if (user->hours.len > 0 && !hours_parse(user->hours, &calendar, &why, &at)) {
        (void)REFUSE_USER(d, user, "user `%.*s`: in the working hours `%.*s` %s",
                     SLICE_PRINT(user->name), SLICE_PRINT(at), why);
        return false;
    }
    return true;
}

static bool check_words(struct decide *d, const struct command_user *user)
{
    for (uint32_t t = 0; t < user->team_count; t++) {
        if (user->teams[t].len == 0 || !is_plain(user->teams[t], NAME_BYTES_MAX)) {
            (void)REFUSE_USER(d, user, "user `%.*s`: `%.*s` is not the name of a team",
                         SLICE_PRINT(user->name),
                         SLICE_PRINT(clip_text(user->teams[t], NAME_BYTES_MAX)));
            return false;
        }
    }
    if (!is_plain(user->zone, NAME_BYTES_MAX) || !is_plain(user->language, NAME_BYTES_MAX) ||
        !is_plain(user->hours, HOURS_BYTES_MAX)) {
        (void)REFUSE_USER(d, user, "user `%.*s`: zone, language and hours are short texts",
                     SLICE_PRINT(user->name));
        return false;
    }
    return check_clock(d, user);
}

// Histories say `admin` and `engine` where no user acted: a user of that name would be taken for
// them.
static bool is_taken(struct slice name)
{
    return slice_equal(name, SLICE("admin")) || slice_equal(name, SLICE("engine"));
}

static bool check_users(struct decide *d)
{
    const struct command *command = d->command;
    for (uint32_t i = 0; i < command->user_count; i++) {
        const struct command_user *user = &command->users[i];
        if (!is_name(user->name)) {
            (void)REFUSE_USER(d, user,
                              "user %u: `%.*s` is not a name: at most %d bytes without blanks, "
                              "commas and quotes", i + 1,
                              SLICE_PRINT(clip_text(user->name, NAME_BYTES_MAX)), NAME_BYTES_MAX);
            return false;
        }
        if (is_taken(user->name)) {
            (void)REFUSE_USER(d, user, "nobody can be named `%.*s`: histories call the %s so",
                              SLICE_PRINT(user->name),
                              slice_equal(user->name, SLICE("admin")) ? "administrators"
                                                                      : "engine itself");
            return false;
        }
        if (user->role_count > ROLES_PER_USER_MAX || user->title.len > TITLE_BYTES_MAX ||
            user->team_count > TEAMS_PER_USER_MAX) {
            (void)REFUSE_USER(d, user,
                              "user `%.*s` has more than %d roles or %d teams, or a title of more "
                              "than %d bytes", SLICE_PRINT(user->name), ROLES_PER_USER_MAX,
                              TEAMS_PER_USER_MAX, TITLE_BYTES_MAX);
            return false;
        }
        if (!check_words(d, user)) {
            return false;
        }
        for (uint32_t r = 0; r < user->role_count; r++) {
            if (!is_name(user->roles[r])) {
                (void)REFUSE_USER(d, user, "user `%.*s`: `%.*s` is not the name of a role",
                             SLICE_PRINT(user->name),
                             SLICE_PRINT(clip_text(user->roles[r], NAME_BYTES_MAX)));
                return false;
            }
        }
        for (uint32_t j = 0; j < i; j++) {
            if (slice_equal(user->name, command->users[j].name)) {
                (void)REFUSE_USER(d, user, "user `%.*s` stands in the list twice",
                             SLICE_PRINT(user->name));
                return false;
            }
        }
    }
    return true;
}

static uint32_t *number_users(struct decide *d)
{
    const struct command *command = d->command;
    uint32_t *numbers = ARENA_ARRAY(d->arena, uint32_t, command->user_count + 1);
    uint32_t next = view_counters(d->view)->next_user;
    for (uint32_t i = 0; i < command->user_count; i++) {
        const struct view_user *known = view_user_named(d->view, command->users[i].name);
        numbers[i] = known != NULL ? known->id : next++;
    }
    return numbers;
}

static uint32_t superior_number(struct decide *d, const uint32_t *numbers, struct slice name)
{
    for (uint32_t i = 0; i < d->command->user_count; i++) {
        if (slice_equal(d->command->users[i].name, name)) {
            return numbers[i];
        }
    }
    const struct view_user *known = view_user_named(d->view, name);
    return known != NULL ? known->id : 0;
}

// What one line of the list means, in numbers.
struct user_line {
    uint32_t number, superior;
    uint32_t *roles, *teams;
};

static bool same_numbers(const uint32_t *a, uint32_t a_count, const uint32_t *b, uint32_t b_count)
{
    return a_count == b_count && (a_count == 0 || memcmp(a, b, a_count * sizeof(*a)) == 0);
}

static bool is_as_before(const struct view_user *before, const struct command_user *user,
                         const struct user_line *line)
{
    return before != NULL && slice_equal(before->title, user->title) &&
           slice_equal(before->zone, user->zone) &&
           slice_equal(before->language, user->language) &&
           slice_equal(before->hours, user->hours) && before->active == user->active &&
           before->superior == line->superior &&
           same_numbers(before->roles, before->role_count, line->roles, user->role_count) &&
           same_numbers(before->teams, before->team_count, line->teams, user->team_count);
}

static uint32_t team_number(struct decide *d, struct slice name)
{
    uint32_t number = view_team_number(d->view, name);
    if (number == 0) {
        number = view_counters(d->view)->next_team;
        struct event event = { .kind = EVENT_TEAM_NAMED, .team_named = { number, name } };
        decide_emit(d, &event);
    }
    return number;
}

static bool find_superior(struct decide *d, const uint32_t *numbers, uint32_t index,
                          uint32_t *ret_superior)
{
    const struct command_user *user = &d->command->users[index];
    *ret_superior = 0;
    if (user->superior.len == 0) {
        return true;
    }
    *ret_superior = superior_number(d, numbers, user->superior);
    if (*ret_superior == 0 || *ret_superior == numbers[index]) {
        (void)REFUSE_USER(d, user, "user `%.*s`: there is no other user `%.*s` to stand above",
                     SLICE_PRINT(user->name),
                     SLICE_PRINT(clip_text(user->superior, NAME_BYTES_MAX)));
        return false;
    }
    return true;
}

static uint32_t above(const struct decide *d, const struct user_line *lines, uint32_t user)
{
    for (uint32_t i = 0; i < d->command->user_count; i++) {
        if (lines[i].number == user) {
            return lines[i].superior;
        }
    }
    const struct view_user *known = view_user(d->view, user);
    return known != NULL ? known->superior : 0;
}

// Nobody stands above himself by way of others: each would act for all of them.
static bool check_rings(struct decide *d, const struct user_line *lines)
{
    for (uint32_t i = 0; i < d->command->user_count; i++) {
        const struct command_user *user = &d->command->users[i];
        uint32_t at = lines[i].superior;
        for (int level = 0; level < SUPERIOR_LEVELS_MAX && at != 0; level++) {
            at = above(d, lines, at);
            if (at == lines[i].number) {
                (void)REFUSE_USER(d, user,
                                  "user `%.*s`: `%.*s` cannot stand above, for `%.*s` stands above "
                                  "`%.*s` already", SLICE_PRINT(user->name),
                                  SLICE_PRINT(user->superior), SLICE_PRINT(user->name),
                                  SLICE_PRINT(user->superior));
                return false;
            }
        }
    }
    return true;
}

static void name_line(struct decide *d, const struct command_user *user, struct user_line *line)
{
    line->roles = ARENA_ARRAY(d->arena, uint32_t, user->role_count + 1);
    for (uint32_t r = 0; r < user->role_count; r++) {
        line->roles[r] = decide_role_number(d, user->roles[r]);
    }
    line->teams = ARENA_ARRAY(d->arena, uint32_t, user->team_count + 1);
    for (uint32_t t = 0; t < user->team_count; t++) {
        line->teams[t] = team_number(d, user->teams[t]);
    }
}

static void set_user(struct decide *d, const struct command_user *user,
                     const struct user_line *line)
{
    struct event event = { .kind = EVENT_USER_SET };
    event.user_set = (struct event_user_set){
        .user = line->number, .name = user->name, .title = user->title,
        .roles = slice_make(line->roles, user->role_count * sizeof(uint32_t)),
        .superior = line->superior, .active = user->active,
        .teams = slice_make(line->teams, user->team_count * sizeof(uint32_t)),
        .zone = user->zone, .language = user->language, .hours = user->hours,
    };
    decide_emit(d, &event);
}

// --- what a change of people leaves behind: open tasks that nobody is there to do ----

struct left_tasks {
    uint32_t role, count;
};

static bool count_of_role(void *context, const struct view_task_row *row)
{
    struct left_tasks *left = context;
    left->count += row->role == left->role ? 1u : 0u;
    return true;
}

static bool names_role(const struct decide *d, const struct command_user *user, uint32_t role)
{
    for (uint32_t r = 0; r < user->role_count && user->active; r++) {
        if (view_role_number(d->view, user->roles[r]) == role) {
            return true;
        }
    }
    return false;
}

// After this command, does anybody hold the role?
static bool role_is_held(const struct decide *d, uint32_t role)
{
    for (uint32_t i = 0; i < d->command->user_count; i++) {
        if (names_role(d, &d->command->users[i], role)) {
            return true;
        }
    }
    uint32_t count = view_user_count(d->view);
    for (uint32_t number = 1; number <= count; number++) {
        const struct view_user *user = view_user(d->view, number);
        bool changed = user == NULL;
        for (uint32_t i = 0; i < d->command->user_count && !changed; i++) {
            changed = slice_equal(user->name, d->command->users[i].name);
        }
        if (!changed && view_holds(d->view, number, role)) {
            return true;
        }
    }
    return false;
}

static void open_role_incident(struct decide *d, uint32_t role, uint32_t tasks, struct slice who)
{
    struct event event = { .kind = EVENT_INCIDENT_OPENED };
    event.incident_opened = (struct event_incident_opened){
        .incident = view_counters(d->view)->next_incident, .role = role,
        .kind = SLICE(INCIDENT_ROLE_LEFT),
        .text = arena_format(d->arena, "`%.*s` no longer holds `%.*s`, and %u open tasks are left",
                             SLICE_PRINT(who), SLICE_PRINT(view_role_name(d->view, role)), tasks),
    };
    decide_emit(d, &event);
}

static void look_for_orphans(struct decide *d, const struct command_user *user)
{
    const struct view_user *before = view_user_named(d->view, user->name);
    for (uint32_t r = 0; before != NULL && before->active && r < before->role_count; r++) {
        uint32_t role = before->roles[r];
        if (names_role(d, user, role)) {
            continue;
        }
        struct left_tasks left = { .role = role };
        view_tasks_of_user(d->view, before->id, count_of_role, &left);
        if (!role_is_held(d, role)) {
            view_tasks_of_role(d->view, role, count_of_role, &left);
        }
        if (left.count > 0) {
            open_role_incident(d, role, left.count, user->name);
        }
    }
}

void decide_users(struct decide *d)
{
    if (d->command->user_count == 0) {
        (void)REFUSE(d, BAD_USERS, "the list of users is empty");
        return;
    }
    if (d->command->user_count + view_user_count(d->view) > USERS_MAX) {
        (void)REFUSE(d, LIMIT, "a directory holds USERS_MAX = %d users", USERS_MAX);
        return;
    }
    if (!check_users(d)) {
        return;
    }
    const uint32_t *numbers = number_users(d);
    uint32_t count = d->command->user_count;
    struct user_line *lines = ARENA_ARRAY(d->arena, struct user_line, count);
    bool *changed = ARENA_ARRAY(d->arena, bool, count);
    // Everything is looked up before anything is said: the directory is read anew after a change.
    for (uint32_t i = 0; i < count; i++) {
        lines[i].number = numbers[i];
        if (!find_superior(d, numbers, i, &lines[i].superior)) {
            return;
        }
        look_for_orphans(d, &d->command->users[i]);
    }
    if (!check_rings(d, lines)) {
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        name_line(d, &d->command->users[i], &lines[i]);
    }
    for (uint32_t i = 0; i < count; i++) {
        changed[i] = !is_as_before(view_user(d->view, numbers[i]), &d->command->users[i],
                                   &lines[i]);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (changed[i]) {
            set_user(d, &d->command->users[i], &lines[i]);
        }
    }
    decide_settle_people(d);
    decide_settle_left(d);
}
