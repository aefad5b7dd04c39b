#include "engine/state/view_internal.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/reader.h"
#include "base/utf8.h"
#include "engine/model/event.h"

enum { SCRATCH_BYTES_MAX = 256 * 1024 * 1024 };

void view_backing_init(struct view_backing *backing)
{
    *backing = (struct view_backing){ 0 };
    arena_init(&backing->arena, SCRATCH_BYTES_MAX);
    arena_init(&backing->directory.arena, SCRATCH_BYTES_MAX);
    arena_init(&backing->program_arena, SIZE_MAX / 4);
    arena_init(&backing->zones.arena, SCRATCH_BYTES_MAX);
    buf_init(&backing->encode, 64 * 1024);
    backing->work = mem_zalloc(sizeof(struct instance *) * WORK_MAX);
}

void view_backing_done(struct view_backing *backing)
{
    arena_done(&backing->arena);
    arena_done(&backing->directory.arena);
    arena_done(&backing->program_arena);
    arena_done(&backing->zones.arena);
    mem_free(backing->zones.known);
    buf_done(&backing->encode);
    mem_free(backing->work);
    mem_free(backing->programs);
}

enum err view_open_reader(struct store_reader *reader, struct view **ret_view)
{
    struct state *state = mem_zalloc(sizeof(*state));
    view_backing_init(&state->backing);
    state->backing.reader = reader;
    state->view.backing = &state->backing;
    *ret_view = &state->view;
    return OK;
}

void view_close_reader(struct view *view)
{
    view_backing_done(view->backing);
    mem_free(view); // the view is the first member of its state
}

static void read_anew(struct view *view)
{
    struct view_backing *backing = view->backing;
    arena_reset(&backing->arena);
    backing->work_count = 0;
    backing->failed = OK;
    counters_load(view);
    if (!backing->directory.loaded ||
        backing->directory.names_seq != backing->counters.names_changes) {
        directory_load(view);
    }
}

void view_begin(struct view *view)
{
    CHECK(view->backing->reader != NULL);
    store_reader_begin(view->backing->reader);
    read_anew(view);
}

void view_begin_flushed(struct view *view)
{
    CHECK(view->backing->reader != NULL);
    store_reader_begin_view(view->backing->reader);
    read_anew(view);
}

void view_end(struct view *view) { store_reader_end(view->backing->reader); }

struct arena *view_arena(const struct view *view) { return &view->backing->arena; }

struct store_reader *view_reader(const struct view *view) { return view->backing->reader; }

enum err view_get(const struct view *view, enum store_db db, const struct key *key,
                  struct slice *ret_value)
{
    struct view_backing *backing = view->backing;
    enum err err = backing->reader != NULL
                       ? store_reader_get(backing->reader, db, key_slice(key), ret_value)
                       : store_get(backing->store, db, key_slice(key), ret_value);
    if (err != OK && err != ERR_NOT_FOUND) {
        backing->failed = err;
    }
    return err;
}

struct store_cursor *view_seek(const struct view *view, enum store_db db, struct slice from)
{
    struct view_backing *backing = view->backing;
    return backing->reader != NULL ? store_reader_seek(backing->reader, db, from, &backing->arena)
                                   : store_seek(backing->store, db, from, &backing->arena);
}

// What memory is taken by, before anything else was looked at.
static bool counters_hold(const struct view_counters *counters)
{
    return counters->next_user <= USERS_MAX + 1 && counters->next_role <= ROLE_NUMBERS_MAX &&
           counters->next_zone <= ZONE_NUMBERS_MAX &&
           memchr(counters->zone, '\0', sizeof(counters->zone)) != NULL &&
           counters->next_team <= ROLE_NUMBERS_MAX &&
           memchr(counters->currency, '\0', sizeof(counters->currency)) != NULL;
}

void counters_load(const struct view *view)
{
    struct view_backing *backing = view->backing;
    struct key key = { 0 };
    key_u8(&key, 'c');
    struct slice value;
    struct view_counters counters = {
        .next_instance = 1, .next_user = 1, .next_role = 1, .next_process = 1,
        .next_program = 1, .next_client = 1, .next_incident = 1,
        .next_zone = 1, .next_team = 1, .next_call = 1, .next_activation = 1,
    };
    backing->counters = counters;
    if (view_get(view, DB_META, &key, &value) == OK) {
        if (value.len == sizeof(counters)) {
            memcpy(&counters, value.ptr, value.len);
        }
        if (value.len == sizeof(counters) && counters_hold(&counters)) {
            backing->counters = counters;
        } else {
            backing->failed = ERR_CORRUPT;
        }
    }
    backing->counters_loaded = true;
    backing->counters_dirty = false;
}

const struct view_counters *view_counters(const struct view *view)
{
    return &view->backing->counters;
}

// ------------------------------------------------------------------------------------ instances

struct instance *view_work(const struct view *view, uint64_t id, enum err *ret_err)
{
    struct view_backing *backing = view->backing;
    for (uint32_t i = backing->work_count; i > 0; i--) {
        if (backing->work[i - 1]->head.id == id) {
            return backing->work[i - 1];
        }
    }
    struct key key;
    key_instance(&key, id);
    struct slice row;
    enum err err = view_get(view, DB_INSTANCE, &key, &row);
    struct instance *instance = NULL;
    if (err == OK) {
        // Field slices must outlive the next write of the store: the row is copied first.
        row = arena_copy(&backing->arena, row);
        instance = arena_alloc_raw(&backing->arena, sizeof(*instance));
        err = instance_decode(row, instance);
        if (err == OK && instance->head.id != id) {
            err = ERR_CORRUPT;
        }
        if (err == OK && backing->work_count == WORK_MAX) {
            err = ERR_TOO_BIG;
        }
    }
    if (ret_err != NULL) {
        *ret_err = err;
    }
    if (err != OK) {
        return NULL;
    }
    backing->work[backing->work_count++] = instance;
    return instance;
}

const struct instance *view_instance(const struct view *view, uint64_t id, enum err *ret_err)
{
    struct instance *instance = view_work(view, id, ret_err);
    if (instance == NULL || instance->fits) {
        return instance;
    }
    // Once per reading. Without its program nobody can look anything up by it.
    const struct view_program *program = view_program(view, instance->head.program);
    instance->fits = program == NULL || instance_fits(instance, &program->image);
    if (!instance->fits) {
        if (ret_err != NULL) {
            *ret_err = ERR_CORRUPT;
        }
        return NULL;
    }
    return instance;
}

const struct instance *view_peek(const struct view *view, uint64_t id)
{
    struct view_backing *backing = view->backing;
    for (uint32_t i = backing->work_count; i > 0; i--) {
        if (backing->work[i - 1]->head.id == id) {
            return backing->work[i - 1];
        }
    }
    struct key key;
    key_instance(&key, id);
    struct slice row;
    if (view_get(view, DB_INSTANCE, &key, &row) != OK) {
        return NULL;
    }
    struct instance *instance = arena_alloc_raw(&backing->arena, sizeof(*instance));
    row = arena_copy(&backing->arena, row);
    bool whole = instance_decode(row, instance) == OK && instance->head.id == id;
    const struct view_program *program =
        whole ? view_program(view, instance->head.program) : NULL;
    bool fits = program == NULL || instance_fits(instance, &program->image);
    return whole && fits ? instance : NULL;
}

struct slice view_field(const struct view *view, const struct instance *instance, uint32_t field)
{
    if (field >= instance->head.field_count) {
        return SLICE_EMPTY;
    }
    struct slice value = instance->field[field];
    struct unpack unpack;
    unpack_init(&unpack, value);
    if (value.len != 3 || unpack_peek(&unpack) != PACK_EXT) {
        return value;
    }
    int8_t type;
    struct slice number = unpack_ext(&unpack, &type);
    if (type != INSTANCE_PART_EXT || number.len != 1) {
        return value;
    }
    struct key key;
    key_part(&key, instance->head.id, (unsigned char)number.ptr[0]);
    struct slice part;
    enum err err = view_get(view, DB_PART, &key, &part);
    if (err != OK || !instance_value_holds(part)) {
        view->backing->failed = err == OK || err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
        return SLICE_EMPTY;
    }
    return arena_copy(&view->backing->arena, part);
}

struct slice view_task_title(const struct view *view, const struct instance *instance,
                             const struct open_task *task)
{
    struct key key;
    key_open_task(&key, instance, task);
    struct slice row;
    if (view_get(view, DB_TASK, &key, &row) != OK || row.len < sizeof(struct task_row_value)) {
        return SLICE_EMPTY;
    }
    struct slice title = slice_sub(row, sizeof(struct task_row_value), row.len);
    if (!utf8_valid(title)) {
        view->backing->failed = ERR_CORRUPT;
        return SLICE_EMPTY;
    }
    return arena_copy(&view->backing->arena, title);
}

void view_all_instances(const struct view *view, uint64_t from, view_instance_fn *each,
                        void *context)
{
    struct view_backing *backing = view->backing;
    struct key key;
    key_instance(&key, from);
    struct store_cursor *cursor = view_seek(view, DB_INSTANCE, key_slice(&key));
    if (cursor == NULL) {
        return;
    }
    struct instance *instance = arena_alloc_raw(&backing->arena, sizeof(*instance));
    do {
        enum err err = instance_decode(store_cursor_value(cursor), instance);
        if (err != OK) {
            backing->failed = err;
            return;
        }
        if (!each(context, instance)) {
            return;
        }
    } while (store_next(cursor));
}

// ------------------------------------------------------------------------------------ indexes

bool view_key(const struct view *view, uint32_t process, uint32_t field, struct slice text,
              struct view_key_row *ret_row)
{
    struct key key;
    key_by_key(&key, process, field, text);
    struct slice value;
    if (view_get(view, DB_BY_KEY, &key, &value) != OK || value.len != sizeof(*ret_row)) {
        return false;
    }
    memcpy(ret_row, value.ptr, sizeof(*ret_row));
    return true;
}

uint64_t view_merged_into(const struct view *view, uint64_t id)
{
    enum { STEPS_MAX = 64 };
    for (int step = 0; step < STEPS_MAX && id != 0; step++) {
        const struct instance *instance = view_instance(view, id, NULL);
        if (instance == NULL || instance->head.status == INSTANCE_OPEN ||
            instance->head.outcome != OUTCOME_MERGED) {
            return instance != NULL ? id : 0;
        }
        struct key key;
        struct slice value;
        key_part(&key, id, KEY_PART_MERGED);
        id = 0;
        if (view_get(view, DB_PART, &key, &value) == OK && value.len == sizeof(id)) {
            memcpy(&id, value.ptr, sizeof(id));
        }
    }
    return 0;
}

static bool fill_task_row(struct slice key, struct slice value, struct view_task_row *row)
{
    struct task_row_value fixed;
    struct reader reader;
    reader_init(&reader, key);
    (void)reader_take(&reader, 5);
    row->due = reader_u64_be(&reader);
    row->instance = reader_u64_be(&reader);
    row->task = reader_u32_be(&reader);
    if (reader.bad || value.len < sizeof(fixed)) {
        return false;
    }
    memcpy(&fixed, value.ptr, sizeof(fixed));
    row->process = fixed.process;
    row->program = fixed.program;
    row->stage = fixed.stage;
    row->position = fixed.position;
    row->flags = fixed.flags;
    row->role = fixed.role;
    row->moved_from = fixed.moved_from;
    row->opened = fixed.opened;
    row->until = fixed.until;
    row->title = slice_sub(value, sizeof(fixed), value.len);
    return true;
}

static void tasks_of(const struct view *view, enum key_task_kind kind, uint32_t number,
                     view_task_fn *each, void *context)
{
    struct key prefix = { 0 };
    key_u8(&prefix, (uint8_t)kind);
    key_u32(&prefix, number);
    struct store_cursor *cursor = view_seek(view, DB_TASK, key_slice(&prefix));
    while (cursor != NULL && slice_starts(store_cursor_key(cursor), key_slice(&prefix))) {
        struct view_task_row row;
        if (!fill_task_row(store_cursor_key(cursor), store_cursor_value(cursor), &row)) {
            view->backing->failed = ERR_CORRUPT;
            return;
        }
        if (!each(context, &row) || !store_next(cursor)) {
            return;
        }
    }
}

void view_tasks_of_user(const struct view *view, uint32_t user, view_task_fn *each, void *context)
{
    tasks_of(view, KEY_TASK_USER, user, each, context);
}

void view_tasks_of_role(const struct view *view, uint32_t role, view_task_fn *each, void *context)
{
    tasks_of(view, KEY_TASK_ROLE, role, each, context);
}

void view_timers(const struct view *view, struct view_timer_place from, uint64_t until_ms,
                 view_timer_fn *each, void *context)
{
    struct key first = { 0 };
    key_u64(&first, from.ms);
    key_u64(&first, from.instance);
    struct store_cursor *cursor = view_seek(view, DB_TIMER, key_slice(&first));
    while (cursor != NULL) {
        struct reader reader;
        reader_init(&reader, store_cursor_key(cursor));
        struct view_timer_row row = { .due = reader_u64_be(&reader) };
        row.instance = reader_u64_be(&reader);
        uint32_t number = reader_u32_be(&reader);
        row.overdue = (number & KEY_TIMER_OVERDUE) != 0;
        row.timer = number & ~KEY_TIMER_OVERDUE;
        if (reader.bad) {
            view->backing->failed = ERR_CORRUPT;
            return;
        }
        if (row.due > until_ms || !each(context, &row) || !store_next(cursor)) {
            return;
        }
    }
}

static bool take_first(void *context, const struct view_timer_row *row)
{
    *(struct view_timer_row *)context = *row;
    return false;
}

bool view_first_timer(const struct view *view, struct view_timer_row *ret_row)
{
    *ret_row = (struct view_timer_row){ .due = UINT64_MAX };
    view_timers(view, (struct view_timer_place){ 0, 0 }, UINT64_MAX, take_first, ret_row);
    return ret_row->due != UINT64_MAX;
}

void view_children(const struct view *view, uint64_t parent, view_child_fn *each, void *context)
{
    struct key prefix;
    key_instance(&prefix, parent);
    struct store_cursor *cursor = view_seek(view, DB_CHILD, key_slice(&prefix));
    while (cursor != NULL && slice_starts(store_cursor_key(cursor), key_slice(&prefix))) {
        struct reader reader;
        reader_init(&reader, store_cursor_key(cursor));
        (void)reader_u64_be(&reader);
        struct view_child_row row = { .collection = reader_u32_be(&reader) };
        row.round = reader_u32_be(&reader);
        row.child = reader_u64_be(&reader);
        struct slice value = store_cursor_value(cursor);
        row.state = value.len == 1 ? (uint8_t)value.ptr[0] : 0;
        if (reader.bad || value.len != 1) {
            view->backing->failed = ERR_CORRUPT;
            return;
        }
        if (!each(context, &row) || !store_next(cursor)) {
            return;
        }
    }
}

void view_notices(const struct view *view, uint32_t user, view_notice_fn *each, void *context)
{
    struct key prefix;
    key_number(&prefix, user);
    struct store_cursor *cursor = view_seek(view, DB_NOTICE, key_slice(&prefix));
    while (cursor != NULL && slice_starts(store_cursor_key(cursor), key_slice(&prefix))) {
        struct unpack unpack;
        unpack_init(&unpack, store_cursor_value(cursor));
        (void)unpack_array(&unpack);
        struct view_notice_row row = { .at = unpack_uint(&unpack) };
        row.instance = unpack_uint(&unpack);
        row.text = unpack_str(&unpack);
        if (unpack.bad) {
            view->backing->failed = ERR_CORRUPT;
            return;
        }
        if (!each(context, &row) || !store_next(cursor)) {
            return;
        }
    }
}

bool view_imported(const struct view *view, struct slice source, struct slice row,
                   uint64_t *ret_instance)
{
    struct key key;
    key_import(&key, source, row);
    struct slice value;
    if (view_get(view, DB_IMPORT, &key, &value) != OK || value.len != sizeof(*ret_instance)) {
        return false;
    }
    memcpy(ret_instance, value.ptr, sizeof(*ret_instance));
    return true;
}
