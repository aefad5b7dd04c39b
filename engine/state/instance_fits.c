// Does a stored instance image fit the program image that it runs? Bits may have flipped: whoever
// looks things up in the program by what the row says must not be led astray.
#include "dsl/image/image.h"
#include "base/pack.h"
#include "engine/state/instance.h"

enum { VALUE_BYTES_MAX = FIELD_BYTES_MAX + 16 };

static bool is_index(uint32_t number, uint32_t count)
{
    return number == INDEX_NONE || number < count;
}

static bool stages_fit(const struct instance *instance, const struct image *image)
{
    const struct instance_head *head = &instance->head;
    if (head->status == INSTANCE_ENDED) {
        return head->active_count == 0 && head->task_count == 0 && head->timer_count == 0;
    }
    // From the body inwards, each directly inside the one before.
    uint32_t around = INDEX_NONE;
    for (uint32_t i = 0; i < head->active_count; i++) {
        uint32_t stage = instance->active[i].stage;
        if (stage >= image->stage_count || image->stage[stage].parent != around) {
            return false;
        }
        around = stage;
    }
    return head->status == INSTANCE_OPEN && head->active_count >= 2 &&
           image->stage[around].first_child == INDEX_NONE;
}

static bool task_fits(const struct open_task *task, const struct image *image)
{
    bool side = (task->flags & TASK_FLAG_SIDE) != 0;
    if (task->stage >= image->stage_count || !is_index(task->def, image->task_count) ||
        (task->def == INDEX_NONE && !side)) {
        return false;
    }
    if (task->overdue_next == 0) {
        return true;
    }
    return task->overdue < image->ladder_count &&
           task->overdue_rung < image->ladder[task->overdue].rungs.count;
}

static bool timer_fits(const struct armed_timer *timer, const struct image *image)
{
    return timer->def < image->timer_count && timer->stage < image->stage_count;
}

bool instance_value_holds(struct slice packed)
{
    size_t whole = 0;
    return packed.len == 0 ||
           (pack_scan(packed, VALUE_BYTES_MAX, &whole) == PACK_WHOLE && whole == packed.len &&
            (packed.len > 1 || (unsigned char)packed.ptr[0] != 0xc0));
}

bool instance_fits(const struct instance *instance, const struct image *image)
{
    const struct instance_head *head = &instance->head;
    bool fits = stages_fit(instance, image) && head->field_count <= image->field_count;
    for (uint32_t i = 0; i < head->task_count && fits; i++) {
        fits = task_fits(&instance->task[i], image);
    }
    for (uint32_t i = 0; i < head->timer_count && fits; i++) {
        fits = timer_fits(&instance->timer[i], image);
    }
    for (uint32_t i = 0; i < head->collection_count && fits; i++) {
        fits = instance->collection[i].collection < image->collection_count;
    }
    for (uint32_t i = 0; i < head->latch_count && fits; i++) {
        fits = instance->latch[i].rule < image->rule_count;
    }
    for (uint32_t i = 0; i < head->field_count && fits; i++) {
        fits = instance_value_holds(instance->field[i]);
    }
    return fits;
}
