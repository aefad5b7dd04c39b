#include "engine/state/frame.h"

#include "base/check.h"
#include "base/reader.h"
#include "base/utf8.h"
#include "dsl/image/image.h"
#include "engine/state/keys.h"
#include "engine/state/view_internal.h"

enum { FRAME_PART_FIRST = 0x10000 };

uint32_t frame_part(uint32_t level) { return FRAME_PART_FIRST + level; }

uint32_t frame_count(const struct instance *instance)
{
    uint32_t count = 0;
    while (count < FRAMES_MAX && instance->head.frames[count] != 0) {
        count++;
    }
    return count;
}

uint32_t frame_top(const struct instance *instance)
{
    uint32_t count = frame_count(instance);
    return count == 0 ? INDEX_NONE : instance->head.frames[count - 1] - 1u;
}

bool frame_is_open(const struct instance *instance, uint32_t escalation)
{
    for (uint32_t i = 0; i < FRAMES_MAX; i++) {
        if (instance->head.frames[i] == escalation + 1) {
            return true;
        }
    }
    return false;
}

static bool counts_hold(const struct frame_head *head)
{
    return head->stage_count <= ACTIVE_STAGES_MAX && head->timer_count <= TIMERS_MAX &&
           head->position_count <= POSITIONS_MAX && head->latch_count <= LATCHES_MAX &&
           head->task_count <= TASKS_MAX && head->pad == 0 && head->pad2 == 0 && head->pad3 == 0;
}

enum err frame_decode(struct slice bytes, struct frame *ret_frame)
{
    struct frame *frame = ret_frame;
    struct reader reader;
    reader_init(&reader, bytes);
    reader_copy(&reader, &frame->head, sizeof(frame->head));
    const struct frame_head *head = &frame->head;
    if (reader.bad || !counts_hold(head)) {
        return ERR_CORRUPT;
    }
    reader_copy(&reader, frame->stage, sizeof(frame->stage[0]) * head->stage_count);
    reader_copy(&reader, frame->timer, sizeof(frame->timer[0]) * head->timer_count);
    reader_copy(&reader, frame->position, sizeof(frame->position[0]) * head->position_count);
    reader_copy(&reader, frame->latch, sizeof(frame->latch[0]) * head->latch_count);
    for (uint32_t i = 0; i < head->task_count && !reader.bad; i++) {
        reader_copy(&reader, &frame->task[i], sizeof(frame->task[0]));
        frame->title[i] = SLICE_EMPTY;
        if (!reader.bad && frame->task[i].title_len <= TITLE_BYTES_MAX) {
            frame->title[i] = reader_take(&reader, frame->task[i].title_len);
        } else {
            reader.bad = true;
        }
    }
    return reader.bad || reader.len != 0 ? ERR_CORRUPT : OK;
}

void frame_encode(const struct frame *frame, struct buf *buf)
{
    const struct frame_head *head = &frame->head;
    CHECK(counts_hold(head));
    buf_put(buf, head, sizeof(*head));
    buf_put(buf, frame->stage, sizeof(frame->stage[0]) * head->stage_count);
    buf_put(buf, frame->timer, sizeof(frame->timer[0]) * head->timer_count);
    buf_put(buf, frame->position, sizeof(frame->position[0]) * head->position_count);
    buf_put(buf, frame->latch, sizeof(frame->latch[0]) * head->latch_count);
    for (uint32_t i = 0; i < head->task_count; i++) {
        CHECK(frame->task[i].title_len == frame->title[i].len);
        buf_put(buf, &frame->task[i], sizeof(frame->task[0]));
        buf_put_slice(buf, frame->title[i]);
    }
}

static bool is_index(uint32_t number, uint32_t count)
{
    return number == INDEX_NONE || number < count;
}

static bool task_fits(const struct open_task *task, const struct image *image)
{
    bool side = (task->flags & TASK_FLAG_SIDE) != 0;
    bool climbs = task->overdue_next != 0;
    return task->stage < image->stage_count && is_index(task->def, image->task_count) &&
           (task->def != INDEX_NONE || side) &&
           (!climbs || (task->overdue < image->ladder_count &&
                        task->overdue_rung < image->ladder[task->overdue].rungs.count));
}

// Stages hang together below the active body, in the order of the text, each under an entry of its
// own.
static bool stages_fit(const struct frame *frame, const struct image *image, uint32_t body)
{
    for (uint32_t i = 0; i < frame->head.stage_count; i++) {
        const struct active_stage *at = &frame->stage[i];
        if (at->stage == 0 || at->stage >= image->stage_count || at->entry == 0 ||
            (at->done != 0 && image->stage[at->stage].parallel == INDEX_NONE) ||
            (i > 0 && at->stage <= frame->stage[i - 1].stage)) {
            return false;
        }
        bool found = image->stage[at->stage].parent == 0 && at->around == body;
        for (uint32_t n = 0; n < i && !found; n++) {
            found = frame->stage[n].entry == at->around &&
                    image->stage[at->stage].parent == frame->stage[n].stage;
        }
        for (uint32_t n = 0; n < i && found; n++) {
            bool beside = image_is_branch(image, at->stage); // else one stage at a time
            found = frame->stage[n].entry != at->entry &&
                    (beside || frame->stage[n].around != at->around);
        }
        found = found && at->entry != body;
        if (!found) {
            return false;
        }
    }
    return frame->head.stage_count > 0;
}

bool frame_fits(const struct frame *frame, const struct image *image, uint32_t body)
{
    bool fits = stages_fit(frame, image, body);
    for (uint32_t i = 0; i < frame->head.timer_count && fits; i++) {
        const struct armed_timer *timer = &frame->timer[i].timer;
        bool remind = (timer->def & TIMER_DEF_REMIND) != 0;
        fits = (remind || timer->def < image->timer_count) && timer->stage < image->stage_count;
    }
    for (uint32_t i = 0; i < frame->head.latch_count && fits; i++) {
        fits = frame->latch[i].rule < image->rule_count;
    }
    for (uint32_t i = 0; i < frame->head.task_count && fits; i++) {
        fits = task_fits(&frame->task[i].task, image) && utf8_valid(frame->title[i]);
    }
    return fits;
}

static uint32_t body_entry(const struct instance *instance)
{
    const struct active_stage *body = instance_active(instance, 0);
    return body != NULL ? body->entry : 0;
}

const struct frame *view_frame(const struct view *view, const struct instance *instance,
                               uint32_t level)
{
    struct key key;
    struct slice row;
    key_part(&key, instance->head.id, frame_part(level));
    enum err err = view_get(view, DB_PART, &key, &row);
    struct arena *arena = &view->backing->arena;
    struct frame *frame = arena_alloc_raw(arena, sizeof(*frame));
    if (err == OK) {
        err = frame_decode(arena_copy(arena, row), frame);
    }
    const struct view_program *program = view_program(view, instance->head.program);
    if (err == OK && (program == NULL ||
                      !frame_fits(frame, &program->image, body_entry(instance)))) {
        err = ERR_CORRUPT;
    }
    if (err != OK) {
        view->backing->failed = err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
        return NULL;
    }
    return frame;
}
