// What users have done lately (DB_DONE), so that a lane can show it: for each user a ring of rows,
// each written over the oldest one. Nothing is deleted as time goes by, so that no seek passes
// tombstones.
#include "base/check.h"
#include "base/utf8.h"
#include "engine/state/view_internal.h"

// The stored value: this, then the title.
struct done_row_value {
    uint64_t at, instance;
    uint32_t program, position;
    struct open_task task;
};
_Static_assert(sizeof(struct done_row_value) == 112, "stored layout");

// How many rows were ever written for the user: the next one goes to the place of this number.
static uint32_t count_of(const struct view *view, uint32_t user)
{
    struct key key;
    struct slice value;
    uint32_t count = 0;
    key_load(&key, KEY_LOAD_DONE, user);
    if (view_get(view, DB_LOAD, &key, &value) == OK && value.len == sizeof(count)) {
        memcpy(&count, value.ptr, sizeof(count));
    }
    return count;
}

static void place_key(struct key *key, uint32_t user, uint32_t number)
{
    key_done(key, user, number % DONE_PER_USER_MAX);
}

void state_done_put(struct state *state, uint32_t user, const struct instance *instance,
                    const struct open_task *task)
{
    struct {
        struct done_row_value fixed;
        char title[TITLE_BYTES_MAX];
    } row = { .fixed = { .at = state_now(state), .instance = instance->head.id,
                         .program = instance->head.program, .task = *task } };
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
    place_key(&key, user, count_of(state_view(state), user));
    state_put(state, DB_DONE, &key, slice_make(&row, sizeof(row.fixed) + title.len));
    state_load_add(state, KEY_LOAD_DONE, user, 1);
}

static bool read_done(struct slice value, struct view_done_row *row)
{
    struct done_row_value fixed;
    if (value.len < sizeof(fixed)) {
        return false;
    }
    memcpy(&fixed, value.ptr, sizeof(fixed));
    row->at = fixed.at;
    row->instance = fixed.instance;
    row->task = fixed.task;
    row->program = fixed.program;
    row->position = fixed.position;
    row->title = slice_sub(value, sizeof(fixed), value.len);
    return utf8_valid(row->title);
}

// The row of this number. ERR_NOT_FOUND: it was taken back, or never written.
static enum err read_place(const struct view *view, uint32_t user, uint32_t number,
                           struct view_done_row *row)
{
    struct key key;
    struct slice value;
    place_key(&key, user, number);
    enum err err = view_get(view, DB_DONE, &key, &value);
    return err == OK && !read_done(value, row) ? ERR_CORRUPT : err;
}

void state_done_delete(struct state *state, uint32_t user, uint64_t at, uint64_t instance,
                       uint32_t task)
{
    const struct view *view = state_view(state);
    uint32_t count = count_of(view, user);
    for (uint32_t back = 1; back <= DONE_PER_USER_MAX && back <= count; back++) {
        struct view_done_row row;
        enum err err = read_place(view, user, count - back, &row);
        if (err == ERR_NOT_FOUND) {
            continue;
        }
        if (err != OK) {
            state_fail(state, err);
            return;
        }
        if (row.at == at && row.instance == instance && row.task.number == task) {
            struct key key;
            place_key(&key, user, count - back);
            state_delete(state, DB_DONE, &key);
            return;
        }
    }
}

void view_done(const struct view *view, uint32_t user, uint64_t from_ms, view_done_fn *each,
               void *context)
{
    uint32_t count = count_of(view, user);
    uint32_t number = count > DONE_PER_USER_MAX ? count - DONE_PER_USER_MAX : 0;
    for (; number < count; number++) {
        struct view_done_row row;
        enum err err = read_place(view, user, number, &row);
        if (err == OK && row.at >= from_ms && !each(context, &row)) {
            return;
        }
        if (err != OK && err != ERR_NOT_FOUND) {
            view->backing->failed = err;
            return;
        }
    }
}
