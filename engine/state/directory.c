// Names, people and programs as a view keeps them in memory: read once from small tables, again
// when the counters say that they changed.
#include "base/check.h"
#include "base/mem.h"
#include "base/reader.h"
#include "engine/state/view_internal.h"
#include "engine/time/zoneinfo.h"

static bool read_number(struct slice value, uint32_t *ret_number)
{
    if (value.len != sizeof(*ret_number)) {
        return false;
    }
    memcpy(ret_number, value.ptr, sizeof(*ret_number));
    return true;
}

static void load_roles(const struct view *view, struct directory *directory)
{
    directory->role_count = view->backing->counters.next_role;
    directory->roles = ARENA_ARRAY(&directory->arena, struct slice, directory->role_count + 1);
    directory->holders = ARENA_ARRAY(&directory->arena, uint32_t, directory->role_count + 1);
    struct key prefix = { 0 };
    key_u8(&prefix, KEY_NAME_ROLE);
    struct store_cursor *cursor = view_seek(view, DB_NAME, key_slice(&prefix));
    while (cursor != NULL && slice_starts(store_cursor_key(cursor), key_slice(&prefix))) {
        struct slice key = store_cursor_key(cursor);
        uint32_t number;
        if (read_number(store_cursor_value(cursor), &number) && number < directory->role_count) {
            directory->roles[number] =
                arena_copy(&directory->arena, slice_sub(key, 1, key.len - 2));
        }
        if (!store_next(cursor)) {
            break;
        }
    }
}

// False: the row does not validate; the user stays unknown.
static bool load_user(struct directory *directory, uint32_t number, struct slice value)
{
    struct view_user *user = &directory->users[number];
    struct unpack unpack;
    size_t whole = 0;
    if (pack_scan(value, FRAME_BYTES_MAX, &whole) != PACK_WHOLE || whole != value.len) {
        return false;
    }
    unpack_init(&unpack, arena_copy(&directory->arena, value));
    uint32_t count = unpack_array(&unpack);
    user->name = unpack_str(&unpack);
    user->title = unpack_str(&unpack);
    user->superior = (uint32_t)unpack_uint(&unpack);
    user->active = unpack_bool(&unpack);
    struct slice packed = unpack_bin(&unpack);
    if (unpack.bad || count != 5 || user->name.len == 0) {
        *user = (struct view_user){ 0 };
        return false;
    }
    user->id = number;
    user->role_count = (uint32_t)(packed.len / sizeof(uint32_t));
    uint32_t *roles = ARENA_ARRAY(&directory->arena, uint32_t, user->role_count + 1);
    memcpy(roles, packed.len > 0 ? packed.ptr : "", user->role_count * sizeof(uint32_t));
    user->roles = roles;
    for (uint32_t i = 0; i < user->role_count && user->active; i++) {
        if (roles[i] < directory->role_count) {
            directory->holders[roles[i]]++;
        }
    }
    return true;
}

void directory_load(const struct view *view)
{
    struct directory *directory = &view->backing->directory;
    const struct view_counters *counters = &view->backing->counters;
    arena_reset(&directory->arena);
    load_roles(view, directory);
    zones_load(view);
    directory->user_count = counters->next_user;
    directory->users = ARENA_ARRAY(&directory->arena, struct view_user, directory->user_count + 1);
    struct store_cursor *cursor = view_seek(view, DB_USER, SLICE_EMPTY);
    while (cursor != NULL) {
        struct reader reader;
        reader_init(&reader, store_cursor_key(cursor));
        uint32_t number = reader_u32_be(&reader);
        if (number < directory->user_count &&
            !load_user(directory, number, store_cursor_value(cursor))) {
            view->backing->failed = ERR_CORRUPT;
        }
        if (!store_next(cursor)) {
            break;
        }
    }
    directory->names_seq = counters->names_changes;
    directory->loaded = true;
}

uint32_t view_process_number(const struct view *view, struct slice name)
{
    return name.len > NAME_BYTES_MAX ? 0 : name_number(view, KEY_NAME_PROCESS, name);
}

uint32_t view_role_number(const struct view *view, struct slice name)
{
    return name.len > NAME_BYTES_MAX ? 0 : name_number(view, KEY_NAME_ROLE, name);
}

struct slice view_role_name(const struct view *view, uint32_t role)
{
    const struct directory *directory = &view->backing->directory;
    return role < directory->role_count ? directory->roles[role] : SLICE_EMPTY;
}

const struct view_user *view_user(const struct view *view, uint32_t user)
{
    const struct directory *directory = &view->backing->directory;
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
    if (view_get(view, DB_USER_NAME, &key, &value) != OK || !read_number(value, &number)) {
        return NULL;
    }
    return view_user(view, number);
}

uint32_t view_user_count(const struct view *view)
{
    return view->backing->counters.next_user - 1;
}

bool view_holds(const struct view *view, uint32_t user, uint32_t role)
{
    const struct view_user *person = view_user(view, user);
    if (person == NULL || !person->active) {
        return false;
    }
    for (uint32_t i = 0; i < person->role_count; i++) {
        if (person->roles[i] == role) {
            return true;
        }
    }
    return false;
}

uint32_t view_holders(const struct view *view, uint32_t role)
{
    const struct directory *directory = &view->backing->directory;
    return role < directory->role_count ? directory->holders[role] : 0;
}

static uint32_t load_row(const struct view *view, enum key_load_kind kind, uint32_t number)
{
    struct key key;
    key_load(&key, kind, number);
    struct slice value;
    uint32_t load;
    return view_get(view, DB_LOAD, &key, &value) == OK && read_number(value, &load) ? load : 0;
}

uint32_t view_load(const struct view *view, uint32_t user)
{
    return load_row(view, KEY_LOAD_USER, user);
}

uint32_t view_round_robin(const struct view *view, uint32_t role)
{
    return load_row(view, KEY_LOAD_ROLE, role);
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

const struct view_program *view_program(const struct view *view, uint32_t number)
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

const struct view_program *view_active(const struct view *view, uint32_t process)
{
    struct key key;
    key_number(&key, process);
    struct slice value;
    uint32_t number;
    if (view_get(view, DB_ACTIVE, &key, &value) != OK || !read_number(value, &number)) {
        return NULL;
    }
    return view_program(view, number);
}
