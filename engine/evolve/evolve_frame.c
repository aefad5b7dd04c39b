// Facts about frames: what an escalation freezes, and what comes back (rules 26, 27).
#include "base/check.h"
#include "base/mem.h"
#include "engine/evolve/evolve_internal.h"
#include "engine/state/frame.h"

static void store_frame(struct state *state, uint64_t instance, uint32_t level,
                        const struct frame *frame)
{
    struct key key;
    struct buf buf;
    key_part(&key, instance, frame_part(level));
    buf_init(&buf, FRAME_ROW_BYTES_MAX);
    frame_encode(frame, &buf);
    if (buf.overflow) {
        state_fail(state, ERR_TOO_BIG);
    } else {
        state_put(state, DB_PART, &key, buf_slice(&buf));
    }
    buf_done(&buf);
}

// A frame to be changed and stored again. NULL: it is damaged.
static struct frame *load_frame(struct state *state, const struct instance *instance,
                                uint32_t level)
{
    struct key key;
    struct slice row;
    key_part(&key, instance->head.id, frame_part(level));
    enum err err = state_get(state, DB_PART, &key, &row);
    struct arena *arena = view_arena(state_view(state));
    struct frame *frame = arena_alloc_raw(arena, sizeof(*frame));
    if (err == OK) {
        err = frame_decode(arena_copy(arena, row), frame);
    }
    if (err != OK) {
        state_fail(state, err == ERR_NOT_FOUND ? ERR_CORRUPT : err);
        return NULL;
    }
    return frame;
}

// The innermost frame. NULL: there is none, or it is damaged.
static struct frame *load_top(struct state *state, struct instance *instance, uint32_t *ret_level)
{
    uint32_t count = instance != NULL ? frame_count(instance) : 0;
    *ret_level = 0;
    if (count == 0) {
        state_fail(state, ERR_CORRUPT);
        return NULL;
    }
    *ret_level = count - 1;
    return load_frame(state, instance, *ret_level);
}

bool evolve_assign_frozen(struct state *state, struct instance *instance,
                          const struct event_task_assigned *e)
{
    for (uint32_t level = 0; level < frame_count(instance); level++) {
        struct frame *frame = load_frame(state, instance, level);
        for (uint32_t i = 0; frame != NULL && i < frame->head.task_count; i++) {
            struct open_task *task = &frame->task[i].task;
            if (task->number == e->task) {
                task->role = e->role;
                task->holder = e->holder;
                task->offered = e->offered;
                store_frame(state, instance->head.id, level, frame);
                return true;
            }
        }
    }
    return false;
}

static bool is_frozen(const struct frame *frame, uint32_t entry)
{
    for (uint32_t i = 0; i < frame->head.stage_count; i++) {
        if (frame->stage[i].entry == entry) {
            return true;
        }
    }
    return false;
}

// All that stands below the body, with its positions and latches.
static void take_stages(struct instance *instance, struct frame *frame)
{
    struct instance_head *head = &instance->head;
    struct frame_head *to = &frame->head;
    for (uint16_t i = 1; i < head->active_count; i++) {
        frame->stage[to->stage_count++] = instance->active[i];
    }
    head->active_count = head->active_count > 0 ? 1 : 0;
    uint16_t kept = 0;
    for (uint16_t i = 0; i < head->position_count; i++) {
        struct ladder_position position = instance->position[i];
        if (is_frozen(frame, position.entry)) {
            frame->position[to->position_count++] = position;
        } else {
            instance->position[kept++] = position;
        }
    }
    head->position_count = kept;
    kept = 0;
    for (uint16_t i = 0; i < head->latch_count; i++) {
        struct rule_latch latch = instance->latch[i];
        if (is_frozen(frame, latch.entry)) {
            frame->latch[to->latch_count++] = latch;
        } else {
            instance->latch[kept++] = latch;
        }
    }
    head->latch_count = kept;
}

void evolve_frozen(struct state *state, const struct event_frozen *e)
{
    struct instance *instance = state_instance(state, e->instance);
    if (instance == NULL) {
        return;
    }
    if (e->level >= FRAMES_MAX || e->level != frame_count(instance) || e->escalation >= UINT8_MAX) {
        state_fail(state, ERR_CORRUPT);
        return;
    }
    struct frame *frame =
        arena_alloc(view_arena(state_view(state)), sizeof(*frame));
    frame->head.frozen_ms = state_now(state);
    take_stages(instance, frame);
    instance->head.frames[e->level] = (uint8_t)(e->escalation + 1);
    instance->head.moved_ms = state_now(state);
    store_frame(state, e->instance, e->level, frame);
}

static struct slice row_title(struct state *state, const struct instance *instance,
                              const struct open_task *task, uint32_t *ret_position)
{
    struct slice title = SLICE_EMPTY;
    if (!state_task_row_read(state, instance, task, ret_position, &title)) {
        state_fail(state, ERR_CORRUPT);
    }
    return title;
}

void evolve_task_frozen(struct state *state, const struct event_task_frozen *e)
{
    struct instance *instance = state_instance(state, e->instance);
    struct open_task *task = instance != NULL ? instance_task(instance, e->task) : NULL;
    uint32_t level;
    struct frame *frame = load_top(state, instance, &level);
    if (frame == NULL || task == NULL || frame->head.task_count == TASKS_MAX) {
        state_fail(state, ERR_CORRUPT);
        return;
    }
    uint32_t position = 0;
    struct slice title = row_title(state, instance, task, &position);
    uint16_t at = frame->head.task_count++;
    frame->title[at] = title;
    frame->task[at] = (struct frozen_task){ .task = *task, .due_left = e->due_left,
                                            .until_left = e->until_left,
                                            .overdue_left = e->overdue_left,
                                            .position = position,
                                            .title_len = (uint32_t)title.len };
    evolve_drop_task(state, instance, task);
    store_frame(state, e->instance, level, frame);
}

void evolve_timer_frozen(struct state *state, const struct event_timer_frozen *e)
{
    struct instance *instance = state_instance(state, e->instance);
    uint32_t level;
    struct frame *frame = load_top(state, instance, &level);
    uint16_t count = instance != NULL ? instance->head.timer_count : 0;
    uint16_t at = 0;
    while (at < count && instance->timer[at].number != e->timer) {
        at++;
    }
    if (frame == NULL || at == count || frame->head.timer_count == TIMERS_MAX) {
        state_fail(state, ERR_CORRUPT);
        return;
    }
    frame->timer[frame->head.timer_count++] =
        (struct frozen_timer){ instance->timer[at], e->left };
    state_timer_row_delete(state, instance->timer[at].due, e->instance, e->timer);
    memmove(&instance->timer[at], &instance->timer[at + 1],
            sizeof(instance->timer[0]) * (size_t)(count - at - 1));
    instance->head.timer_count--;
    store_frame(state, e->instance, level, frame);
}

// --------------------------------------------------------------------------------- coming back

void evolve_task_resumed(struct state *state, const struct event_task_resumed *e)
{
    struct instance *instance = state_instance(state, e->instance);
    uint32_t level;
    struct frame *frame = load_top(state, instance, &level);
    uint16_t at = 0;
    while (frame != NULL && at < frame->head.task_count && frame->task[at].task.number != e->task) {
        at++;
    }
    if (frame == NULL || at == frame->head.task_count ||
        instance->head.task_count == TASKS_MAX) {
        state_fail(state, ERR_CORRUPT);
        return;
    }
    struct open_task *task = &instance->task[instance->head.task_count++];
    *task = frame->task[at].task;
    task->due = e->due;
    task->until = e->until;
    task->overdue_next = e->overdue_next;
    evolve_put_task(state, instance, task, frame->task[at].position, frame->title[at]);
    for (uint16_t i = at; i + 1 < frame->head.task_count; i++) {
        frame->task[i] = frame->task[i + 1];
        frame->title[i] = frame->title[i + 1];
    }
    frame->head.task_count--;
    store_frame(state, e->instance, level, frame);
}

void evolve_timer_resumed(struct state *state, const struct event_timer_resumed *e)
{
    struct instance *instance = state_instance(state, e->instance);
    uint32_t level;
    struct frame *frame = load_top(state, instance, &level);
    uint16_t at = 0;
    while (frame != NULL && at < frame->head.timer_count &&
           frame->timer[at].timer.number != e->timer) {
        at++;
    }
    if (frame == NULL || at == frame->head.timer_count ||
        instance->head.timer_count == TIMERS_MAX) {
        state_fail(state, ERR_CORRUPT);
        return;
    }
    struct armed_timer *timer = &instance->timer[instance->head.timer_count++];
    *timer = frame->timer[at].timer;
    timer->base += e->due > timer->due ? e->due - timer->due : 0; // what it counts from moves too
    timer->due = e->due;
    state_timer_row_put(state, e->due, e->instance, e->timer);
    memmove(&frame->timer[at], &frame->timer[at + 1],
            sizeof(frame->timer[0]) * (size_t)(frame->head.timer_count - at - 1));
    frame->head.timer_count--;
    store_frame(state, e->instance, level, frame);
}

// Tasks and timers have come back one by one; now the stages do, and the frame is gone.
void evolve_resumed(struct state *state, const struct event_resumed *e)
{
    struct instance *instance = state_instance(state, e->instance);
    uint32_t level;
    struct frame *frame = load_top(state, instance, &level);
    struct instance_head *head = instance != NULL ? &instance->head : NULL;
    if (frame == NULL || head->active_count != 1 || frame->head.task_count != 0 ||
        frame->head.timer_count != 0 || level != e->level ||
        frame->head.stage_count + 1 > ACTIVE_STAGES_MAX ||
        head->position_count + frame->head.position_count > POSITIONS_MAX ||
        head->latch_count + frame->head.latch_count > LATCHES_MAX) {
        state_fail(state, frame == NULL ? ERR_CORRUPT : ERR_TOO_BIG);
        return;
    }
    for (uint16_t i = 0; i < frame->head.stage_count; i++) {
        instance->active[head->active_count++] = frame->stage[i];
    }
    for (uint16_t i = 0; i < frame->head.position_count; i++) {
        instance->position[head->position_count++] = frame->position[i];
    }
    for (uint16_t i = 0; i < frame->head.latch_count; i++) {
        instance->latch[head->latch_count++] = frame->latch[i];
    }
    head->frames[level] = 0;
    head->moved_ms = state_now(state);
    struct key key;
    key_part(&key, e->instance, frame_part(level));
    state_delete(state, DB_PART, &key);
}

void evolve_escalation_repeated(struct state *state, const struct event_escalation_repeated *e)
{
    (void)state_instance(state, e->instance);
}
