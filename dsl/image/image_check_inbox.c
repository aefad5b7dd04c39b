// Validation of the image of an inbox.
#include "dsl/image/image_internal.h"

// Nothing of a process is in it.
bool image_holds_inbox_alone(const struct image *image)
{
    return image->inbox_count == 1 && image->stage_count == 0 && image->field_count == 0 &&
           image->collection_count == 0 && image->task_count == 0 && image->due_count == 0 &&
           image->action_count == 0 && image->timer_count == 0 && image->rule_count == 0 &&
           image->end_count == 0 && image->flow_count == 0 && image->block_count == 0 &&
           image->step_count == 0 && image->ask_count == 0 && image->convert_count == 0 &&
           image->ladder_count == 0 && image->choice_count == 0 && image->escalation_count == 0 &&
           image->frame_value_count == 0 && image->calendar_count == 0 &&
           image->signal_count == 0 && image->message_count == 0 && image->send_count == 0 &&
           image->intake_count == 0 && image->parallel_count == 0 && image->hook_count == 0;
}

// What is asked of a case that is not its own, or outside of commands, is not asked here.
static bool expr_is_of_lane(const struct image *image, const struct image_expr *expr)
{
    switch (expr->kind) {
    case EXPR_LOCAL:
    case EXPR_SLOT:
    case EXPR_PICK:
    case EXPR_EXISTS:
    case EXPR_TOTAL: return false;
    case EXPR_CASE: return image_name_ok(image, expr->text);
    default: return true;
    }
}

static bool check_lane(const struct image *image, const struct image_lane *lane)
{
    if (!image_name_ok(image, lane->name) || !image_text_ok(image, lane->label) ||
        lane->colour >= COLOUR_COUNT || lane->flags > LANE_DONE ||
        !image_optional_ok(lane->condition, image->expr_count) ||
        !image_range_ok(lane->sorts, image->sort_count) || lane->sorts.count > LANE_SORTS_MAX ||
        !image_list_ok(image, lane->asks, image->expr_count)) {
        return false;
    }
    for (uint32_t i = 0; i < lane->asks.count; i++) {
        if (image->expr[image->list[lane->asks.first + i]].kind != EXPR_CASE) {
            return false;
        }
    }
    return true;
}

bool image_check_inbox(const struct image *image)
{
    const struct image_inbox *inbox = &image->inbox[0];
    if (!image_name_ok(image, inbox->name) ||
        !image_text_ok(image, inbox->file) || inbox->pad != 0 ||
        !image_list_ok(image, inbox->readers, image->role_count) || inbox->readers.count == 0 ||
        inbox->lanes.first != 0 || inbox->lanes.count != image->lane_count ||
        image->lane_count == 0 || image->lane_count > INBOX_LANES_MAX) {
        return false;
    }
    bool rest = false; // some lane takes whatever is left
    for (uint32_t i = 0; i < image->lane_count; i++) {
        if (!check_lane(image, &image->lane[i])) {
            return false;
        }
        rest = rest || image->lane[i].condition == INDEX_NONE;
    }
    for (uint32_t i = 0; i < image->sort_count; i++) {
        if (image->sort[i].value >= image->expr_count || image->sort[i].descending > 1) {
            return false;
        }
    }
    for (uint32_t i = 0; i < image->expr_count; i++) {
        if (!expr_is_of_lane(image, &image->expr[i])) {
            return false;
        }
    }
    return rest;
}
