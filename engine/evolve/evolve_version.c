// Facts about versions: what was activated, and cases that came from one version to another. All
// numbers that a case holds of its program are told by the event; nothing is looked up here.
#include "base/check.h"
#include "engine/evolve/evolve_internal.h"
#include "engine/state/frame.h"

enum { ROW_BYTES_MAX = 8 * 1024 };

// --------------------------------------------------------------------------------- activations

static void put_activation(struct state *state, const struct view_activation *row)
{
    struct key key;
    struct buf buf;
    key_activation(&key, row->number);
    buf_init(&buf, ROW_BYTES_MAX);
    pack_array(&buf, 9);
    pack_uint(&buf, row->process);
    pack_uint(&buf, row->program);
    pack_uint(&buf, row->was);
    pack_uint(&buf, row->at);
    pack_uint(&buf, row->moved);
    pack_uint(&buf, row->held);
    pack_bool(&buf, row->settled);
    pack_bool(&buf, row->revert);
    pack_str(&buf, row->by);
    if (buf.overflow) {
        state_fail(state, ERR_TOO_BIG);
    } else {
        state_put(state, DB_VERSION, &key, buf_slice(&buf));
    }
    buf_done(&buf);
}

void evolve_activation(struct state *state, const struct event_program_activated *e)
{
    struct view_activation row = {
        .number = e->activation, .process = e->process, .program = e->program, .was = e->was,
        .at = state_now(state), .revert = e->revert, .by = e->by,
        .settled = e->was == 0, // the first one: there is no case
    };
    struct key key;
    put_activation(state, &row);
    key_activation_of(&key, e->process);
    state_put(state, DB_VERSION, &key, slice_make(&e->activation, sizeof(e->activation)));
    if (state_counters(state)->next_activation <= e->activation) {
        state_counters(state)->next_activation = e->activation + 1;
    }
}

static bool load_activation(struct state *state, uint32_t number, struct view_activation *ret)
{
    if (!view_activation(state_view(state), number, ret)) {
        state_fail(state, ERR_CORRUPT);
        return false;
    }
    ret->by = state_keep(state, ret->by);
    return true;
}

void evolve_version_settled(struct state *state, const struct event_version_settled *e)
{
    struct view_activation row;
    if (load_activation(state, e->activation, &row)) {
        row.settled = true;
        put_activation(state, &row);
    }
}

// What became of one case; a second result takes the place of the first.
static void put_move(struct state *state, uint32_t activation, const struct view_move_row *row)
{
    struct view_activation of;
    struct view_move_row before;
    if (!view_activation(state_view(state), activation, &of)) {
        return; // one case folded by itself, to see it as it was: nobody asks for results there
    }
    of.by = state_keep(state, of.by);
    if (view_move(state_view(state), activation, row->instance, &before)) {
        of.moved -= before.moved && of.moved > 0 ? 1u : 0u;
        of.held -= !before.moved && of.held > 0 ? 1u : 0u;
    }
    of.moved += row->moved ? 1u : 0u;
    of.held += row->moved ? 0u : 1u;
    put_activation(state, &of);
    struct key key;
    struct buf buf;
    key_move(&key, activation, row->instance);
    buf_init(&buf, ROW_BYTES_MAX);
    pack_array(&buf, 6);
    pack_uint(&buf, row->at);
    pack_uint(&buf, row->was);
    pack_uint(&buf, row->stage);
    pack_bool(&buf, row->moved);
    pack_bool(&buf, row->by_migrate);
    pack_str(&buf, row->why);
    if (buf.overflow) {
        state_fail(state, ERR_TOO_BIG);
    } else {
        state_put(state, DB_VERSION, &key, buf_slice(&buf));
    }
    buf_done(&buf);
}

void evolve_version_held(struct state *state, const struct event_version_held *e)
{
    struct view_move_row row = { .instance = e->held, .at = state_now(state), .was = e->program,
                                 .why = state_keep(state, e->why) };
    put_move(state, e->activation, &row);
}

// --------------------------------------------------------------------------------- one case

struct moving {
    struct state *state;
    const struct event_moved_pair *pairs;
    uint32_t count;
};

static uint32_t moved_number(const struct moving *moving, enum moved_part part, uint32_t old)
{
    for (uint32_t i = 0; i < moving->count; i++) {
        if (moving->pairs[i].part == (uint32_t)part && moving->pairs[i].old == old) {
            return moving->pairs[i].now;
        }
    }
    return old;
}

// They stand in the order of the text, which may be another one now.
static void move_stages(const struct moving *moving, struct active_stage *stages, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct active_stage moved = stages[i];
        moved.stage = moved_number(moving, MOVED_STAGE, moved.stage);
        uint32_t at = i;
        for (; at > 0 && stages[at - 1].stage > moved.stage; at--) {
            stages[at] = stages[at - 1];
        }
        stages[at] = moved;
    }
}

static uint32_t moved_position(const struct moving *moving, uint32_t of)
{
    if (of >= POSITION_LADDER) {
        uint32_t ladder = moved_number(moving, MOVED_LADDER, of - POSITION_LADDER);
        return ladder == INDEX_NONE ? INDEX_NONE : POSITION_LADDER + ladder;
    }
    uint32_t action = moved_number(moving, MOVED_ACTION, of & ~POSITION_PRESSES);
    return action == INDEX_NONE ? INDEX_NONE : (of & POSITION_PRESSES) + action;
}

// What has no image is dropped.
static uint16_t move_positions(const struct moving *moving, struct ladder_position *positions,
                               uint32_t count)
{
    uint16_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t of = moved_position(moving, positions[i].of);
        if (of != INDEX_NONE) {
            positions[kept] = positions[i];
            positions[kept++].of = of;
        }
    }
    return kept;
}

static uint16_t move_latches(const struct moving *moving, struct rule_latch *latches,
                             uint32_t count)
{
    uint16_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t rule = moved_number(moving, MOVED_RULE, latches[i].rule);
        if (rule != INDEX_NONE) {
            latches[kept++] = (struct rule_latch){ rule, latches[i].entry };
        }
    }
    return kept;
}

static void move_task(const struct moving *moving, struct open_task *task)
{
    task->stage = moved_number(moving, MOVED_STAGE, task->stage);
    task->def = moved_number(moving, MOVED_TASK, task->def);
    task->overdue = moved_number(moving, MOVED_LADDER, task->overdue);
}

static void move_timer(const struct moving *moving, struct armed_timer *timer)
{
    timer->stage = moved_number(moving, MOVED_STAGE, timer->stage);
    if ((timer->def & TIMER_DEF_REMIND) == 0) {
        timer->def = moved_number(moving, MOVED_TIMER, timer->def);
    }
}

// Where its stage stands in the text; a side task stands nowhere.
static uint32_t place_of(const struct open_task *task)
{
    return (task->flags & TASK_FLAG_SIDE) != 0 ? 0 : task->stage;
}

static void move_frame(const struct moving *moving, struct instance *instance, uint32_t level)
{
    struct state *state = moving->state;
    struct arena *arena = view_arena(state_view(state));
    struct frame *frame = arena_alloc_raw(arena, sizeof(*frame));
    struct key key;
    struct slice row;
    key_part(&key, instance->head.id, frame_part(level));
    if (state_get(state, DB_PART, &key, &row) != OK ||
        frame_decode(arena_copy(arena, row), frame) != OK) {
        state_fail(state, ERR_CORRUPT);
        return;
    }
    move_stages(moving, frame->stage, frame->head.stage_count);
    frame->head.position_count =
        move_positions(moving, frame->position, frame->head.position_count);
    frame->head.latch_count = move_latches(moving, frame->latch, frame->head.latch_count);
    for (uint32_t i = 0; i < frame->head.task_count; i++) {
        move_task(moving, &frame->task[i].task);
        frame->task[i].position = place_of(&frame->task[i].task);
    }
    for (uint32_t i = 0; i < frame->head.timer_count; i++) {
        move_timer(moving, &frame->timer[i].timer);
    }
    struct buf buf;
    buf_init(&buf, FRAME_ROW_BYTES_MAX);
    frame_encode(frame, &buf);
    if (buf.overflow) {
        state_fail(state, ERR_TOO_BIG);
    } else {
        state_put(state, DB_PART, &key, buf_slice(&buf));
    }
    buf_done(&buf);
}

// A long value lives in a row under the number of its field: it is fetched, and stored anew.
static void move_fields(const struct moving *moving, struct instance *instance)
{
    struct slice was[FIELDS_MAX];
    uint32_t count = instance->head.field_count;
    for (uint32_t i = 0; i < count; i++) {
        was[i] = view_field(state_view(moving->state), instance, i);
        if (was[i].ptr != instance->field[i].ptr) {
            struct key key;
            key_part(&key, instance->head.id, i);
            state_delete(moving->state, DB_PART, &key);
        }
    }
    for (uint32_t i = 0; i < FIELDS_MAX; i++) {
        instance->field[i] = SLICE_EMPTY;
    }
    uint32_t used = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t now = moved_number(moving, MOVED_FIELD, i);
        if (now < FIELDS_MAX && was[i].len > 0) {
            instance->field[now] = was[i];
            used = now + 1 > used ? now + 1 : used;
        }
    }
    instance->head.field_count = (uint16_t)used;
}

// The children of a collection are known by its number, on both sides.
struct child_rows {
    struct arena *arena;
    struct view_child_row *rows;
    uint32_t count, capacity;
};

static bool collect_child(void *context, const struct view_child_row *row)
{
    struct child_rows *children = context;
    if (children->count == children->capacity) {
        uint32_t capacity = children->capacity * 2 + 16;
        struct view_child_row *grown =
            ARENA_ARRAY(children->arena, struct view_child_row, capacity);
        for (uint32_t i = 0; i < children->count; i++) {
            grown[i] = children->rows[i];
        }
        children->rows = grown;
        children->capacity = capacity;
    }
    children->rows[children->count++] = *row;
    return true;
}

static void move_children(const struct moving *moving, struct instance *instance)
{
    struct state *state = moving->state;
    bool renumbered = false;
    for (uint32_t i = 0; i < instance->head.collection_count; i++) {
        uint32_t old = instance->collection[i].collection;
        instance->collection[i].collection = moved_number(moving, MOVED_COLLECTION, old);
        renumbered = renumbered || instance->collection[i].collection != old;
    }
    if (!renumbered) {
        return;
    }
    struct child_rows children = { .arena = view_arena(state_view(state)) };
    view_children(state_view(state), instance->head.id, collect_child, &children);
    for (uint32_t i = 0; i < children.count; i++) {
        struct key key;
        key_child(&key, instance->head.id, children.rows[i].collection, children.rows[i].round,
                  children.rows[i].child);
        state_delete(state, DB_CHILD, &key);
    }
    for (uint32_t i = 0; i < children.count; i++) {
        const struct view_child_row *row = &children.rows[i];
        uint32_t collection = moved_number(moving, MOVED_COLLECTION, row->collection);
        struct key key;
        key_child(&key, instance->head.id, collection, row->round, row->child);
        state_put(state, DB_CHILD, &key, slice_make(&row->state, 1));
        struct instance *child = state_instance(state, row->child);
        if (child != NULL) {
            child->head.collection = collection;
        }
    }
}

static void move_rest(const struct moving *moving, struct instance *instance)
{
    for (uint32_t i = 0; i < instance->head.kept_count; i++) {
        uint32_t *signal = &instance->kept[i].signal;
        *signal = moved_number(moving, MOVED_SIGNAL, *signal);
    }
    for (uint32_t i = 0; i < instance->head.call_count; i++) {
        uint32_t *send = &instance->call[i].send;
        *send = moved_number(moving, MOVED_SEND, *send);
    }
    for (uint32_t level = 0; level < frame_count(instance); level++) {
        uint32_t old = instance->head.frames[level] - 1u;
        uint32_t now = moved_number(moving, MOVED_ESCALATION, old);
        if (now >= UINT8_MAX) {
            state_fail(moving->state, ERR_CORRUPT);
            return;
        }
        instance->head.frames[level] = (uint8_t)(now + 1);
    }
}

// The row of a task tells the program and the stage to whoever lists work.
static void move_tasks(const struct moving *moving, struct instance *instance)
{
    struct state *state = moving->state;
    for (uint32_t i = 0; i < instance->head.task_count; i++) {
        struct open_task *task = &instance->task[i];
        uint32_t position = 0;
        struct slice title = SLICE_EMPTY;
        if (!state_task_row_read(state, instance, task, &position, &title)) {
            state_fail(state, ERR_CORRUPT);
            return;
        }
        state_task_row_delete(state, instance, task);
        move_task(moving, task);
        state_task_row_put(state, instance, task, place_of(task), title);
    }
}

static void move_instance(const struct moving *moving, struct instance *instance)
{
    struct instance_head *head = &instance->head;
    for (uint32_t level = 0; level < frame_count(instance); level++) {
        move_frame(moving, instance, level);
    }
    move_fields(moving, instance);
    move_stages(moving, instance->active, head->active_count);
    head->position_count = move_positions(moving, instance->position, head->position_count);
    head->latch_count = move_latches(moving, instance->latch, head->latch_count);
    for (uint32_t i = 0; i < head->timer_count; i++) {
        move_timer(moving, &instance->timer[i]);
    }
    move_children(moving, instance);
    move_rest(moving, instance);
    move_tasks(moving, instance);
}

void evolve_version_moved(struct state *state, const struct event_version_moved *e)
{
    struct instance *instance = state_instance(state, e->instance);
    uint32_t count = (uint32_t)(e->pairs.len / sizeof(struct event_moved_pair));
    if (instance == NULL) {
        return;
    }
    if (e->pairs.len % sizeof(struct event_moved_pair) != 0) {
        state_fail(state, ERR_CORRUPT);
        return;
    }
    struct slice pairs = state_keep(state, e->pairs); // aligned
    const struct moving moving = { state, (const struct event_moved_pair *)(const void *)pairs.ptr,
                                   count };
    instance->head.program = e->program;
    move_instance(&moving, instance);
    state_load_add(state, KEY_LOAD_PROGRAM, e->before, -1);
    state_load_add(state, KEY_LOAD_PROGRAM, e->program, 1);
    struct view_move_row row = { .instance = e->instance, .at = state_now(state), .was = e->before,
                                 .stage = e->stage, .moved = true, .by_migrate = e->by_migrate };
    put_move(state, e->activation, &row);
}
