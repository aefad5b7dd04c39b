// Frames: what an escalation has frozen of a case. One row of DB_PART per open escalation, beside
// the instance, whose image says only which escalations are open. Stored: a head, then arrays of
// fixed-size entries, each task followed by its title; little-endian, without padding.
#ifndef RUNG_ENGINE_STATE_FRAME_H
#define RUNG_ENGINE_STATE_FRAME_H

#include "base/buf.h"
#include "base/err.h"
#include "engine/state/instance.h"

struct view;
struct image;

struct frame_head {
    uint16_t stage_count, timer_count, position_count, latch_count, task_count, pad, pad2, pad3;
    uint64_t frozen_ms;
};
// Moments are kept as they were, beside what was left of them (milliseconds; negative: past).
struct frozen_timer {
    struct armed_timer timer;
    int64_t left;
};
struct frozen_task {
    struct open_task task;
    int64_t due_left, until_left, overdue_left;
    uint32_t position, title_len; // of its index row
};
_Static_assert(sizeof(struct frame_head) == 24 && sizeof(struct frozen_timer) == 40 &&
                   sizeof(struct frozen_task) == 120,
               "stored layout");

struct frame {
    struct frame_head head;
    struct active_stage stage[ACTIVE_STAGES_MAX]; // in the order of the text, without the body
    struct frozen_timer timer[TIMERS_MAX];
    struct ladder_position position[POSITIONS_MAX];
    struct rule_latch latch[LATCHES_MAX];
    struct frozen_task task[TASKS_MAX];
    struct slice title[TASKS_MAX]; // of each task; borrowed from the row
};
enum { FRAME_ROW_BYTES_MAX = 32 * 1024 };

// How many escalations are open, and the innermost of them (image number; INDEX_NONE: none).
uint32_t frame_count(const struct instance *instance);
uint32_t frame_top(const struct instance *instance);
bool frame_is_open(const struct instance *instance, uint32_t escalation);

// ERR_CORRUPT: a count or a length does not hold. `ret_frame` borrows titles from `bytes`.
enum err frame_decode(struct slice bytes, struct frame *ret_frame);
void frame_encode(const struct frame *frame, struct buf *buf);
// Does everything in it exist in the program, and hang below the entry of the active body?
bool frame_fits(const struct frame *frame, const struct image *image, uint32_t body);
// Part number of the row of a level (0: the outermost).
uint32_t frame_part(uint32_t level);
// The frame of that level, held against its program; NULL: the row is missing or damaged. Valid as
// long as what the view returns.
const struct frame *view_frame(const struct view *view, const struct instance *instance,
                               uint32_t level);

#endif
