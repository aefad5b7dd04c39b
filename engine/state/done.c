// What users have done lately (DB_DONE), so that a lane can show it. Rows go when they are old, or
// too many; they are looked for now and then only, since a seek costs more than a row.
#include "base/check.h"
#include "base/reader.h"
#include "base/utf8.h"
#include "engine/state/view_internal.h"

enum { SWEEP_EVERY = 64, SWEEP_ROWS = 128, HOUR_MS = 3600 * 1000 };

// The stored value: this, then the title.
struct done_row_value {
    uint32_t program, position;
    struct open_task task;
};
_Static_assert(sizeof(struct done_row_value) == 96, "stored layout");

static bool row_of_key(struct slice key, struct view_done_row *row)
{
    struct reader reader;
    reader_init(&reader, key);
    (void)reader_u32_be(&reader);
    row->at = reader_u64_be(&reader);
    row->instance = reader_u64_be(&reader);
    row->task.number = reader_u32_be(&reader);
    return !reader.bad;
}

static uint32_t count_of(struct state *state, uint32_t user)
{
    struct key key;
    struct slice value;
    uint32_t count = 0;
    key_load(&key, KEY_LOAD_DONE, user);
    if (state_get(state, DB_LOAD, &key, &value) == OK && value.len == sizeof(count)) {
        memcpy(&count, value.ptr, sizeof(count));
    }
    return count;
}

// The oldest ones that are too old, or one too many.
static uint32_t find_stale(struct state *state, uint32_t user, uint32_t count, struct key *stale)
{
    uint64_t now_ms = state_now(state);
    uint64_t keep_ms = (uint64_t)DONE_KEPT_HOURS * HOUR_MS;
    uint64_t from_ms = now_ms > keep_ms ? now_ms - keep_ms : 0;
    struct key prefix;
    key_number(&prefix, user);
    struct store_cursor *cursor = view_seek(state_view(state), DB_DONE, key_slice(&prefix));
    uint32_t found = 0;
    while (cursor != NULL && found < SWEEP_ROWS &&
           slice_starts(store_cursor_key(cursor), key_slice(&prefix))) {
        struct view_done_row row;
        struct slice key = store_cursor_key(cursor);
        if (!row_of_key(key, &row) || (row.at >= from_ms && count - found <= DONE_PER_USER_MAX)) {
            break;
        }
        stale[found].len = key.len;
        memcpy(stale[found++].bytes, key.ptr, key.len);
        if (!store_next(cursor)) {
            break;
        }
    }
    return found;
}

static void sweep(struct state *state, uint32_t user, uint32_t count)
{
    struct arena *arena = view_arena(state_view(state));
    struct key *stale = ARENA_ARRAY(arena, struct key, SWEEP_ROWS);
    uint32_t found = find_stale(state, user, count, stale);
    for (uint32_t i = 0; i < found; i++) {
        state_delete(state, DB_DONE, &stale[i]);
    }
    state_load_add(state, KEY_LOAD_DONE, user, -(int32_t)found);
}

void state_done_put(struct state *state, uint32_t user, const struct instance *instance,
                    const struct open_task *task)
{
    struct {
        struct done_row_value fixed;
        char title[TITLE_BYTES_MAX];
    } row = { .fixed = { .program = instance->head.program, .task = *task } };
    struct slice title = SLICE_EMPTY;
    if (!state_task_row_read(state, instance, task, &row.fixed.position, &title)) {
        state_fail(state, ERR_CORRUPT);
        return;
    }
    row.fixed.task.holder = user;
    if (title.len > 0) {
        memcpy(row.title, title.ptr, title.len);
    }
    struct key key;
    key_done(&key, user, state_now(state), instance->head.id, task->number);
    state_put(state, DB_DONE, &key, slice_make(&row, sizeof(row.fixed) + title.len));
    state_load_add(state, KEY_LOAD_DONE, user, 1);
    uint32_t count = count_of(state, user);
    if (count % SWEEP_EVERY == 0) {
        sweep(state, user, count);
    }
}

void state_done_delete(struct state *state, uint32_t user, uint64_t at, uint64_t instance,
                       uint32_t task)
{
    struct key key;
    struct slice value;
    key_done(&key, user, at, instance, task);
    if (state_get(state, DB_DONE, &key, &value) == OK) {
        state_delete(state, DB_DONE, &key);
        state_load_add(state, KEY_LOAD_DONE, user, -1);
    }
}

static bool read_done(struct slice key, struct slice value, struct view_done_row *row)
{
    struct done_row_value fixed;
    if (value.len < sizeof(fixed)) {
        return false;
    }
    memcpy(&fixed, value.ptr, sizeof(fixed));
    row->task = fixed.task;
    row->program = fixed.program;
    row->position = fixed.position;
    row->title = slice_sub(value, sizeof(fixed), value.len);
    return row_of_key(key, row) && utf8_valid(row->title);
}

void view_done(const struct view *view, uint32_t user, uint64_t from_ms, view_done_fn *each,
               void *context)
{
    struct key prefix;
    struct key from;
    key_number(&prefix, user);
    key_done(&from, user, from_ms, 0, 0);
    struct store_cursor *cursor = view_seek(view, DB_DONE, key_slice(&from));
    while (cursor != NULL && slice_starts(store_cursor_key(cursor), key_slice(&prefix))) {
        struct view_done_row row;
        if (!read_done(store_cursor_key(cursor), store_cursor_value(cursor), &row)) {
            view->backing->failed = ERR_CORRUPT;
            return;
        }
        if (!each(context, &row) || !store_next(cursor)) {
            return;
        }
    }
}
