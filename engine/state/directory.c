// Names, people and programs as a view keeps them in memory: read once from small tables, again
// when the counters say that they changed.
#include "base/check.h"
#include "base/mem.h"
#include "base/reader.h"
#include "engine/state/view_internal.h"
#include "engine/time/hours.h"
#include "engine/time/zoneinfo.h"

static bool read_number(struct slice value, uint32_t *ret_number)
{
    if (value.len != sizeof(*ret_number)) {
        return false;
    }
    memcpy(ret_number, value.ptr, sizeof(*ret_number));
    return true;
}

// Names of one kind by their number.
static struct slice *load_names(const struct view *view, struct directory *directory,
                                enum key_name_kind kind, uint32_t count)
{
    struct slice *names = ARENA_ARRAY(&directory->arena, struct slice, count + 1);
    struct key prefix = { 0 };
    key_u8(&prefix, (uint8_t)kind);
    struct store_cursor *cursor = view_seek(view, DB_NAME, key_slice(&prefix));
    while (cursor != NULL && slice_starts(store_cursor_key(cursor), key_slice(&prefix))) {
        struct slice key = store_cursor_key(cursor);
        uint32_t number;
        if (read_number(store_cursor_value(cursor), &number) && number < count) {
            names[number] = arena_copy(&directory->arena, slice_sub(key, 1, key.len - 2));
        }
        if (!store_next(cursor)) {
            break;
        }
    }
    return names;
}

// Hours that do not hold are as if there were none: they were refused when they were said.
static void load_hours(const struct view *view, struct directory *directory, struct view_user *user)
{
    struct calendar calendar;
    const char *why;
    struct slice at;
    if (user->hours.len == 0 || !hours_parse(user->hours, &calendar, &why, &at)) {
        return;
    }
    struct calendar *kept = ARENA_NEW(&directory->arena, struct calendar);
    *kept = calendar;
    user->calendar = kept;
    user->clock = user->zone.len > 0 ? zones_rules(view, user->zone) : NULL;
    user->clock = user->clock != NULL ? user->clock : view_zone(view, 0);
}

static void load_users(const struct view *view, struct directory *directory)
{
    struct store_cursor *cursor = view_seek(view, DB_USER, SLICE_EMPTY);
    while (cursor != NULL) {
        struct reader reader;
        reader_init(&reader, store_cursor_key(cursor));
        uint32_t number = reader_u32_be(&reader);
        struct slice row = arena_copy(&directory->arena, store_cursor_value(cursor));
        if (number < directory->user_count &&
            !people_decode(row, number, &directory->arena, &directory->users[number])) {
            directory->users[number] = (struct view_user){ 0 };
            view->backing->failed = ERR_CORRUPT;
        } else if (number < directory->user_count) {
            load_hours(view, directory, &directory->users[number]);
        }
        if (!store_next(cursor)) {
            break;
        }
    }
}

static void count_holders(struct directory *directory)
{
    for (uint32_t number = 1; number < directory->user_count; number++) {
        const struct view_user *user = &directory->users[number];
        bool present = user->active && !user->away;
        if (user->id != 0 && !present) {
            directory->missing[directory->missing_count++] = number;
        }
        for (uint32_t i = 0; i < user->role_count && user->active; i++) {
            if (user->roles[i] < directory->role_count) {
                directory->holders[user->roles[i]]++;
                directory->present[user->roles[i]] += present ? 1u : 0u;
            }
        }
    }
}

// Who holds each role, one list behind the other.
static void list_holders(struct directory *directory)
{
    uint32_t all = 0;
    for (uint32_t role = 0; role < directory->role_count; role++) {
        directory->first[role] = all;
        all += directory->holders[role];
    }
    directory->members = ARENA_ARRAY(&directory->arena, uint32_t, all + 1);
    uint32_t *at = ARENA_ARRAY(&directory->arena, uint32_t, directory->role_count + 1);
    for (uint32_t number = 1; number < directory->user_count; number++) {
        const struct view_user *user = &directory->users[number];
        for (uint32_t i = 0; i < user->role_count && user->active; i++) {
            uint32_t role = user->roles[i];
            if (role < directory->role_count) {
                directory->members[directory->first[role] + at[role]++] = number;
            }
        }
    }
}

void directory_load(const struct view *view)
{
    struct directory *directory = &view->backing->directory;
    const struct view_counters *counters = &view->backing->counters;
    struct arena *arena = &directory->arena;
    arena_reset(arena);
    zones_load(view);
    directory->role_count = counters->next_role;
    directory->roles = load_names(view, directory, KEY_NAME_ROLE, counters->next_role);
    directory->team_count = counters->next_team;
    directory->teams = load_names(view, directory, KEY_NAME_TEAM, counters->next_team);
    directory->holders = ARENA_ARRAY(arena, uint32_t, directory->role_count + 1);
    directory->present = ARENA_ARRAY(arena, uint32_t, directory->role_count + 1);
    directory->first = ARENA_ARRAY(arena, uint32_t, directory->role_count + 1);
    directory->user_count = counters->next_user;
    directory->users = ARENA_ARRAY(arena, struct view_user, directory->user_count + 1);
    directory->missing = ARENA_ARRAY(arena, uint32_t, directory->user_count + 1);
    directory->missing_count = 0;
    load_users(view, directory);
    count_holders(directory);
    list_holders(directory);
    directory->names_seq = counters->names_changes;
    directory->loaded = true;
    view->backing->directory_stale = false;
}

const struct directory *directory_of(const struct view *view)
{
    if (view->backing->directory_stale) {
        directory_load(view);
    }
    return &view->backing->directory;
}

uint32_t view_process_number(const struct view *view, struct slice name)
{
    return name.len > NAME_BYTES_MAX ? 0 : name_number(view, KEY_NAME_PROCESS, name);
}

uint32_t view_role_number(const struct view *view, struct slice name)
{
    return name.len > NAME_BYTES_MAX ? 0 : name_number(view, KEY_NAME_ROLE, name);
}

uint32_t view_team_number(const struct view *view, struct slice name)
{
    return name.len > NAME_BYTES_MAX ? 0 : name_number(view, KEY_NAME_TEAM, name);
}

static uint32_t load_row(const struct view *view, enum key_load_kind kind, uint32_t number)
{
    struct key key;
    key_load(&key, kind, number);
    struct slice value;
    uint32_t load;
    return view_get(view, DB_LOAD, &key, &value) == OK && read_number(value, &load) ? load : 0;
}

uint32_t view_open_on(const struct view *view, uint32_t program)
{
    return load_row(view, KEY_LOAD_PROGRAM, program);
}

uint32_t view_load(const struct view *view, uint32_t user)
{
    return load_row(view, KEY_LOAD_USER, user);
}

uint32_t view_round_robin(const struct view *view, uint32_t role)
{
    return load_row(view, KEY_LOAD_ROLE, role);
}

uint32_t view_team_robin(const struct view *view, uint32_t team)
{
    return load_row(view, KEY_LOAD_TEAM, team);
}

struct view_promises view_promises(const struct view *view, uint32_t user)
{
    return (struct view_promises){ load_row(view, KEY_LOAD_KEPT, user),
                                   load_row(view, KEY_LOAD_BROKEN, user) };
}

uint32_t view_postponed(const struct view *view, uint32_t user)
{
    return load_row(view, KEY_LOAD_POSTPONED, user);
}

// ------------------------------------------------------------------------------------ programs

struct program_row {
    uint32_t process;
    uint8_t image_hash[32];
};

static enum err read_program_row(const struct view *view, uint32_t number, struct program_row *row)
{
    struct key key;
    key_number(&key, number);
    struct slice value;
    enum err err = view_get(view, DB_PROGRAM, &key, &value);
    if (err != OK) {
        return err;
    }
    struct reader reader;
    reader_init(&reader, value);
    row->process = reader_u32(&reader);
    reader_copy(&reader, row->image_hash, sizeof(row->image_hash));
    return reader.bad ? ERR_CORRUPT : OK;
}

// False: a calendar has a zone that this machine does not know.
static bool open_calendars(struct arena *arena, struct view_program *program)
{
    const struct image *image = &program->image;
    struct calendar *calendars = ARENA_ARRAY(arena, struct calendar, image->calendar_count + 1);
    const struct zone **zones =
        ARENA_ARRAY(arena, const struct zone *, image->calendar_count + 1);
    for (uint32_t i = 0; i < image->calendar_count; i++) {
        calendars[i] = calendar_of_image(image, i);
        struct slice zone = image_slice(image, image->calendar[i].zone);
        zones[i] = zone.len > 0 ? zoneinfo_load(zone, arena) : NULL;
        if (zone.len > 0 && zones[i] == NULL) {
            return false;
        }
    }
    program->calendars = calendars;
    program->calendar_zones = zones;
    return true;
}

// How many programs of the process there are up to that one.
uint32_t view_version_number(const struct view *view, uint32_t process, uint32_t number)
{
    uint32_t count = 0;
    for (uint32_t i = 1; i <= number; i++) {
        struct program_row row;
        count += read_program_row(view, i, &row) == OK && row.process == process;
    }
    return count;
}

uint32_t view_program_of_version(const struct view *view, uint32_t process, uint32_t version)
{
    uint32_t count = 0;
    for (uint32_t i = 1; i < view_counters(view)->next_program && version > 0; i++) {
        struct program_row row;
        count += read_program_row(view, i, &row) == OK && row.process == process;
        if (count == version) {
            return i;
        }
    }
    return 0;
}

uint32_t view_program_hashed(const struct view *view, uint32_t process, const uint8_t *hash)
{
    for (uint32_t i = 1; i < view_counters(view)->next_program; i++) {
        struct program_row row;
        if (read_program_row(view, i, &row) == OK && row.process == process &&
            memcmp(row.image_hash, hash, sizeof(row.image_hash)) == 0) {
            return i;
        }
    }
    return 0;
}

static struct view_program *open_program(const struct view *view, uint32_t number)
{
    struct view_backing *backing = view->backing;
    struct program_row row;
    if (read_program_row(view, number, &row) != OK) {
        return NULL;
    }
    struct slice bytes;
    enum err err = backing->reader != NULL
                       ? store_reader_blob(backing->reader, row.image_hash,
                                               &backing->program_arena, &bytes)
                       : store_blob_get(backing->store, row.image_hash, &backing->program_arena,
                                        &bytes);
    struct view_program *program = ARENA_NEW(&backing->program_arena, struct view_program);
    if (err == OK) {
        err = image_open(bytes, &program->image);
    }
    if (err == OK && !open_calendars(&backing->program_arena, program)) {
        err = ERR_NOT_FOUND;
    }
    if (err != OK) {
        backing->failed = err;
        return NULL;
    }
    program->id = number;
    program->process = row.process;
    program->version = view_version_number(view, row.process, number);
    memcpy(program->hash, row.image_hash, sizeof(program->hash));
    uint32_t count = program->image.role_count;
    uint32_t *roles = ARENA_ARRAY(&backing->program_arena, uint32_t, count + 1);
    for (uint32_t i = 0; i < count; i++) {
        roles[i] =
            view_role_number(view, image_slice(&program->image, program->image.role[i].name));
    }
    program->roles = roles;
    return program;
}

static const struct view_program *any_program(const struct view *view, uint32_t number)
{
    struct view_backing *backing = view->backing;
    if (number == 0 || number >= PROGRAMS_MAX) {
        return NULL;
    }
    if (number >= backing->program_capacity) {
        uint32_t capacity = number + 16;
        backing->programs =
            mem_grow(backing->programs, sizeof(backing->programs[0]) * capacity);
        for (uint32_t i = backing->program_capacity; i < capacity; i++) {
            backing->programs[i] = NULL;
        }
        backing->program_capacity = capacity;
    }
    if (backing->programs[number] == NULL) {
        backing->programs[number] = open_program(view, number);
    }
    return backing->programs[number];
}

const struct view_program *view_program(const struct view *view, uint32_t number)
{
    const struct view_program *program = any_program(view, number);
    return program != NULL && program->image.process_count > 0 ? program : NULL;
}

static const struct view_program *any_active(const struct view *view, uint32_t process)
{
    struct key key;
    key_number(&key, process);
    struct slice value;
    uint32_t number;
    if (view_get(view, DB_ACTIVE, &key, &value) != OK || !read_number(value, &number)) {
        return NULL;
    }
    return any_program(view, number);
}

const struct view_program *view_active(const struct view *view, uint32_t process)
{
    const struct view_program *program = any_active(view, process);
    return program != NULL && program->image.process_count > 0 ? program : NULL;
}

const struct view_program *view_active_inbox(const struct view *view, uint32_t process)
{
    const struct view_program *program = any_active(view, process);
    return program != NULL && program->image.inbox_count > 0 ? program : NULL;
}
