// Commands of administrators and of the engine itself.
#include <sodium.h>

#include "base/utf8.h"
#include "engine/decide/decide_internal.h"
#include "engine/time/zoneinfo.h"

void decide_cancel(struct decide *d)
{
    struct run *run = ARENA_NEW(d->arena, struct run);
    if (decide_open_case(d, run) == NULL) {
        return;
    }
    if (d->command->text.len == 0) {
        (void)REFUSE(d, BAD_FORM, "a cancellation needs a reason");
        return;
    }
    run->outcome = SLICE("cancelled");
    run_cancel(run, clip_text(d->command->text, COMMENT_BYTES_MAX), false);
}

struct incident_search {
    uint32_t number;
    uint64_t instance;
    bool found;
};

static bool is_incident(void *context, const struct view_incident_row *row)
{
    struct incident_search *search = context;
    if (row->incident == search->number) {
        search->found = true;
        search->instance = row->instance;
    }
    return !search->found;
}

void decide_incident_close(struct decide *d)
{
    struct incident_search search = { .number = d->command->task };
    view_incidents(d->view, is_incident, &search);
    if (!search.found) {
        (void)REFUSE(d, UNKNOWN_TASK, "there is no open incident %u", d->command->task);
        return;
    }
    if (d->command->text.len == 0) {
        (void)REFUSE(d, BAD_FORM, "closing an incident needs a reason");
        return;
    }
    struct event event = { .kind = EVENT_INCIDENT_CLOSED,
                           .incident_closed = { search.instance, search.number,
                                                clip_text(d->command->text, TITLE_BYTES_MAX) } };
    decide_emit(d, &event);
}

void decide_clock(struct decide *d)
{
    struct event event = { .kind = EVENT_CLOCK_CONFIRMED,
                           .clock_confirmed = { d->now_ms, d->command->due_ms } };
    decide_emit(d, &event);
}

void decide_engine_started(struct decide *d)
{
    struct event event = { .kind = EVENT_ENGINE_STARTED,
                           .engine_started = { d->command->engine_build,
                                               d->command->engine_versions, d->command->demo,
                                               d->command->currency, d->command->region,
                                               d->command->zone } };
    decide_emit(d, &event);
}

// --------------------------------------------------------------------------------- people

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

static uint32_t role_number(struct decide *d, struct slice name)
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

static bool check_users(struct decide *d)
{
    const struct command *command = d->command;
    for (uint32_t i = 0; i < command->user_count; i++) {
        const struct command_user *user = &command->users[i];
        if (!is_name(user->name) || user->role_count > ROLES_PER_USER_MAX ||
            user->title.len > TITLE_BYTES_MAX) {
            (void)REFUSE(d, BAD_USERS, "user %u: `%.*s` is not a name, or has too many roles",
                         i + 1, SLICE_PRINT(clip_text(user->name, NAME_BYTES_MAX)));
            return false;
        }
        for (uint32_t r = 0; r < user->role_count; r++) {
            if (!is_name(user->roles[r])) {
                (void)REFUSE(d, BAD_USERS, "user `%.*s`: `%.*s` is not the name of a role",
                             SLICE_PRINT(user->name),
                             SLICE_PRINT(clip_text(user->roles[r], NAME_BYTES_MAX)));
                return false;
            }
        }
        for (uint32_t j = 0; j < i; j++) {
            if (slice_equal(user->name, command->users[j].name)) {
                (void)REFUSE(d, BAD_USERS, "user `%.*s` stands in the list twice",
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

static bool set_user(struct decide *d, const uint32_t *numbers, uint32_t index)
{
    const struct command_user *user = &d->command->users[index];
    uint32_t superior = 0;
    if (user->superior.len > 0) {
        superior = superior_number(d, numbers, user->superior);
        if (superior == 0 || superior == numbers[index]) {
            (void)REFUSE(d, BAD_USERS, "user `%.*s`: there is no other user `%.*s` to stand above",
                         SLICE_PRINT(user->name),
                         SLICE_PRINT(clip_text(user->superior, NAME_BYTES_MAX)));
            return false;
        }
    }
    uint32_t *roles = ARENA_ARRAY(d->arena, uint32_t, user->role_count + 1);
    for (uint32_t r = 0; r < user->role_count; r++) {
        roles[r] = role_number(d, user->roles[r]);
    }
    struct event event = { .kind = EVENT_USER_SET };
    event.user_set = (struct event_user_set){
        .user = numbers[index], .name = user->name, .title = user->title,
        .roles = slice_make(roles, user->role_count * sizeof(uint32_t)), .superior = superior,
        .active = user->active,
    };
    decide_emit(d, &event);
    return true;
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
        .kind = SLICE("role_left"),
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
    for (uint32_t i = 0; i < d->command->user_count; i++) {
        look_for_orphans(d, &d->command->users[i]);
    }
    for (uint32_t i = 0; i < d->command->user_count; i++) {
        if (!set_user(d, numbers, i)) {
            return;
        }
    }
}

// --------------------------------------------------------------------------------- programs

static void name_roles(struct decide *d, const struct image *image)
{
    for (uint32_t i = 0; i < image->role_count; i++) {
        (void)role_number(d, image_slice(image, image->role[i].name));
    }
}

static bool activate(struct decide *d, const struct command_program *program)
{
    struct image image;
    struct slice bytes = arena_copy(d->arena, program->image); // aligned as image_open needs it
    if (image_open(bytes, &image) != OK) {
        (void)REFUSE(d, BAD_PROGRAM, "the compiled form of `%.*s` does not validate",
                     SLICE_PRINT(clip_text(program->process, NAME_BYTES_MAX)));
        return false;
    }
    for (uint32_t i = 0; i < image.calendar_count; i++) {
        struct slice zone = image_slice(&image, image.calendar[i].zone);
        if (zone.len > 0 && zoneinfo_load(zone, d->arena) == NULL) {
            (void)REFUSE(d, UNKNOWN_ZONE, "this machine's tzdata has no zone `%.*s`",
                         SLICE_PRINT(clip_text(zone, NAME_BYTES_MAX)));
            return false;
        }
    }
    struct slice name = image_slice(&image, image.process[0].name);
    uint8_t *hash = arena_alloc(d->arena, 32);
    (void)crypto_generichash(hash, 32, (const unsigned char *)program->image.ptr,
                             program->image.len, NULL, 0);
    uint32_t process = view_process_number(d->view, name);
    const struct view_program *active = process != 0 ? view_active(d->view, process) : NULL;
    if (active != NULL && memcmp(active->hash, hash, 32) == 0) {
        return true; // this very version is active
    }
    if (process == 0) {
        process = view_counters(d->view)->next_process;
        struct event named = { .kind = EVENT_PROCESS_NAMED, .process_named = { process, name } };
        decide_emit(d, &named);
    }
    name_roles(d, &image);
    struct event event = { .kind = EVENT_PROGRAM_ACTIVATED };
    event.program_activated = (struct event_program_activated){
        .program = view_counters(d->view)->next_program, .process = process, .name = name,
        .image_hash = slice_make(hash, 32),
        .source_hash = slice_make(image.header->source_hash, 32),
    };
    decide_emit(d, &event);
    return true;
}

void decide_apply(struct decide *d)
{
    if (d->command->program_count == 0) {
        (void)REFUSE(d, BAD_PROGRAM, "there is no process in these files");
        return;
    }
    for (uint32_t i = 0; i < d->command->program_count; i++) {
        if (!activate(d, &d->command->programs[i])) {
            return;
        }
    }
}
