#include "engine/state/state.h"

#include "base/check.h"
#include "base/mem.h"
#include "engine/state/view_internal.h"

enum err state_open(struct store *store, struct state **ret_state)
{
    struct state *state = mem_zalloc(sizeof(*state));
    view_backing_init(&state->backing);
    state->backing.store = store;
    state->view.backing = &state->backing;
    counters_load(&state->view);
    directory_load(&state->view);
    enum err err = state->backing.failed;
    if (err != OK) {
        state_close(state);
        return err;
    }
    *ret_state = state;
    return OK;
}

void state_close(struct state *state)
{
    view_backing_done(&state->backing);
    mem_free(state);
}

const struct view *state_view(const struct state *state) { return &state->view; }

void state_command_begin(struct state *state, uint64_t now_ms)
{
    struct view_backing *backing = &state->backing;
    arena_reset(&backing->arena);
    backing->work_count = 0;
    backing->failed = OK;
    backing->now_ms = now_ms;
    if (backing->counters_dirty || backing->names_changed) {
        state_refresh(state); // the last command was refused half-way
    }
}

void state_set_now(struct state *state, uint64_t now_ms) { state->backing.now_ms = now_ms; }

uint64_t state_now(const struct state *state) { return state->backing.now_ms; }

static void store_parts(struct state *state, const struct instance *instance)
{
    for (uint32_t i = 0; i < instance->head.field_count; i++) {
        if ((instance->part_bits[i / 32] >> (i % 32) & 1) != 0) {
            struct key key;
            key_part(&key, instance->head.id, i);
            store_put(state->backing.store, DB_PART, key_slice(&key), instance->field[i]);
        }
    }
}

enum err state_command_store(struct state *state)
{
    struct view_backing *backing = &state->backing;
    for (uint32_t i = 0; i < backing->work_count; i++) {
        struct instance *instance = backing->work[i];
        if (!instance->dirty) {
            continue;
        }
        buf_reset(&backing->encode);
        enum err err = instance_encode(instance, &backing->encode);
        if (err != OK) {
            return err;
        }
        CHECK(!backing->encode.overflow);
        struct key key;
        key_instance(&key, instance->head.id);
        store_put(backing->store, DB_INSTANCE, key_slice(&key), buf_slice(&backing->encode));
        store_parts(state, instance);
        instance->dirty = false;
    }
    if (backing->counters_dirty) {
        struct key key = { 0 };
        key_u8(&key, 'c');
        store_put(backing->store, DB_META, key_slice(&key),
                  slice_make(&backing->counters, sizeof(backing->counters)));
        backing->counters_dirty = false;
    }
    if (backing->arena.overflow) {
        return ERR_TOO_BIG;
    }
    return backing->failed;
}

uint32_t state_touched_count(const struct state *state) { return state->backing.work_count; }

struct instance *state_touched(const struct state *state, uint32_t index)
{
    CHECK(index < state->backing.work_count);
    return state->backing.work[index];
}

void state_refresh(struct state *state)
{
    counters_load(&state->view);
    if (state->backing.names_changed) { // also after a refusal: what the directory read is undone
        directory_load(&state->view);
        state->backing.names_changed = false;
    }
}

void state_refresh_all(struct state *state)
{
    for (uint32_t i = 0; i < state->backing.program_capacity; i++) {
        state->backing.programs[i] = NULL; // a dropped batch may have given these numbers away
    }
    state->backing.names_changed = true;
    state_refresh(state);
}

struct store *state_store(struct state *state) { return state->backing.store; }

struct instance *state_instance(struct state *state, uint64_t id)
{
    enum err err;
    struct instance *instance = view_work(&state->view, id, &err);
    if (instance == NULL) {
        state_fail(state, err == ERR_NOT_FOUND ? ERR_CORRUPT : err);
        return NULL;
    }
    instance->dirty = true;
    return instance;
}

struct instance *state_instance_new(struct state *state, uint64_t id)
{
    struct view_backing *backing = &state->backing;
    if (backing->work_count == WORK_MAX) {
        state_fail(state, ERR_TOO_BIG);
        return NULL;
    }
    struct instance *instance = arena_alloc(&backing->arena, sizeof(*instance));
    instance->head.format = INSTANCE_FORMAT;
    instance->head.id = id;
    instance->fresh = true;
    instance->fits = true;
    instance->dirty = true;
    backing->work[backing->work_count++] = instance;
    return instance;
}

struct view_counters *state_counters(struct state *state)
{
    state->backing.counters_dirty = true;
    return &state->backing.counters;
}

void state_fail(struct state *state, enum err err)
{
    CHECK(err != OK);
    if (state->backing.failed == OK) {
        state->backing.failed = err;
    }
}

void state_put(struct state *state, enum store_db db, const struct key *key, struct slice value)
{
    store_put(state->backing.store, db, key_slice(key), value);
}

void state_delete(struct state *state, enum store_db db, const struct key *key)
{
    store_delete(state->backing.store, db, key_slice(key));
}

enum err state_get(struct state *state, enum store_db db, const struct key *key, struct slice *ret)
{
    return view_get(&state->view, db, key, ret);
}

struct slice state_keep(struct state *state, struct slice bytes)
{
    return arena_copy(&state->backing.arena, bytes);
}

void state_names_changed(struct state *state)
{
    state->backing.names_changed = true;
    state->backing.directory_stale = true;
    state_counters(state)->names_changes++;
}

void state_load_add(struct state *state, enum key_load_kind kind, uint32_t user, int32_t by)
{
    struct key key;
    key_load(&key, kind, user);
    struct slice value;
    uint32_t load = 0;
    if (state_get(state, DB_LOAD, &key, &value) == OK && value.len == sizeof(load)) {
        memcpy(&load, value.ptr, sizeof(load));
    }
    load = by < 0 && load < (uint32_t)-by ? 0 : load + (uint32_t)by;
    if (load == 0) {
        state_delete(state, DB_LOAD, &key);
    } else {
        state_put(state, DB_LOAD, &key, slice_make(&load, sizeof(load)));
    }
}

void state_task_row_put(struct state *state, const struct instance *instance,
                        const struct open_task *task, uint32_t position, struct slice title)
{
    struct {
        struct task_row_value fixed;
        char title[TITLE_BYTES_MAX];
    } row;
    title = slice_sub(title, 0, TITLE_BYTES_MAX);
    row.fixed = (struct task_row_value){
        .process = instance->head.process, .program = instance->head.program,
        .stage = task->stage, .position = position, .flags = task->flags, .role = task->role,
        .moved_from = task->moved_from, .opened = task->opened, .until = task->until,
    };
    if (title.len > 0) {
        memcpy(row.title, title.ptr, title.len);
    }
    struct key key;
    key_open_task(&key, instance, task);
    state_put(state, DB_TASK, &key, slice_make(&row, sizeof(row.fixed) + title.len));
}

bool state_task_row_read(struct state *state, const struct instance *instance,
                         const struct open_task *task, uint32_t *ret_position,
                         struct slice *ret_title)
{
    struct key key;
    struct slice value;
    struct task_row_value fixed;
    key_open_task(&key, instance, task);
    if (state_get(state, DB_TASK, &key, &value) != OK || value.len < sizeof(fixed)) {
        return false;
    }
    memcpy(&fixed, value.ptr, sizeof(fixed));
    *ret_position = fixed.position;
    *ret_title = state_keep(state, slice_sub(value, sizeof(fixed), TITLE_BYTES_MAX));
    return true;
}

void state_task_row_delete(struct state *state, const struct instance *instance,
                           const struct open_task *task)
{
    struct key key;
    key_open_task(&key, instance, task);
    state_delete(state, DB_TASK, &key);
}

void state_task_row_move(struct state *state, const struct instance *instance,
                         const struct open_task *was, const struct open_task *now)
{
    struct key key;
    key_open_task(&key, instance, was);
    struct slice value;
    struct task_row_value fixed;
    if (state_get(state, DB_TASK, &key, &value) != OK || value.len < sizeof(fixed)) {
        state_fail(state, ERR_CORRUPT);
        return;
    }
    memcpy(&fixed, value.ptr, sizeof(fixed));
    char title[TITLE_BYTES_MAX];
    struct slice rest = slice_sub(value, sizeof(fixed), TITLE_BYTES_MAX);
    if (rest.len > 0) {
        memcpy(title, rest.ptr, rest.len);
    }
    state_delete(state, DB_TASK, &key);
    state_task_row_put(state, instance, now, fixed.position, slice_make(title, rest.len));
}

void state_timer_row_put(struct state *state, uint64_t due, uint64_t instance, uint32_t timer)
{
    struct key key;
    key_timer(&key, due, instance, timer);
    state_put(state, DB_TIMER, &key, SLICE("t"));
}

void state_timer_row_delete(struct state *state, uint64_t due, uint64_t instance, uint32_t timer)
{
    struct key key;
    key_timer(&key, due, instance, timer);
    state_delete(state, DB_TIMER, &key);
}
