// Validation of escalations, and of the values they are raised with.
#include "dsl/image/image_internal.h"

// Cases keep the escalations they stand in by number + 1 in one byte each.
enum { ESCALATIONS_MAX = 254 };

static bool check_escalation(const struct image *image, uint32_t index)
{
    const struct image_escalation *escalation = &image->escalation[index];
    if (escalation->stage == 0 || escalation->stage >= image->stage_count ||
        image->stage[escalation->stage].parent != 0 ||
        !image_optional_ok(escalation->button, image->action_count) ||
        !image_list_ok(image, escalation->fields, image->field_count)) {
        return false;
    }
    for (uint32_t i = 0; i < index; i++) {
        if (image->escalation[i].stage == escalation->stage) {
            return false;
        }
    }
    for (uint32_t i = 0; i < escalation->fields.count; i++) {
        uint32_t field = image->list[escalation->fields.first + i];
        if ((image->field[field].flags & FIELD_FRAME) == 0) {
            return false;
        }
    }
    return escalation->button == INDEX_NONE || image->action[escalation->button].stage == 0;
}

bool image_check_escalations(const struct image *image)
{
    bool ok = image->escalation_count <= ESCALATIONS_MAX;
    for (uint32_t i = 0; ok && i < image->escalation_count; i++) {
        ok = check_escalation(image, i);
    }
    for (uint32_t i = 0; ok && i < image->frame_value_count; i++) {
        ok = image->frame_value[i].field < image->field_count &&
             image->frame_value[i].value < image->expr_count;
    }
    return ok;
}

uint32_t image_escalation_around(const struct image *image, uint32_t stage)
{
    for (uint32_t i = 0; i < image->escalation_count; i++) {
        if (image_stage_inside(image, stage, image->escalation[i].stage)) {
            return i;
        }
    }
    return INDEX_NONE;
}
