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

// The body comes first; every other stage stands in the text after the one before it, and directly
// inside an active one, which stands before it.
static bool stage_fits(const struct instance *instance, const struct image *image, uint32_t number)
{
    const struct active_stage *at = &instance->active[number];
    if (at->stage >= image->stage_count || at->entry == 0 ||
        (at->done != 0 && image->stage[at->stage].parallel == INDEX_NONE)) {
        return false;
    }
    if (number == 0) {
        return at->stage == 0 && at->around == 0;
    }
    const struct active_stage *around = instance_entry(instance, at->around);
    bool beside = image->stage[at->stage].parent != INDEX_NONE &&
                  image->stage[image->stage[at->stage].parent].parallel != INDEX_NONE;
    for (uint32_t i = 1; i < number && !beside; i++) {
        if (instance->active[i].around == at->around) {
            return false; // one stage at a time
        }
    }
    return at->stage > instance->active[number - 1].stage && around != NULL && around < at &&
           image->stage[at->stage].parent == around->stage;
}

static bool stages_fit(const struct instance *instance, const struct image *image)
{
    const struct instance_head *head = &instance->head;
    if (head->status == INSTANCE_ENDED) {
        return head->active_count == 0 && head->task_count == 0 && head->timer_count == 0 &&
               head->frames[0] == 0;
    }
    if (head->status != INSTANCE_OPEN || head->active_count < 2) {
        return false;
    }
    for (uint32_t i = 0; i < head->active_count; i++) {
        if (!stage_fits(instance, image, i)) {
            return false;
        }
    }
    const struct active_stage *leaf = instance_next_leaf(instance, 0, NULL);
    while (leaf != NULL && image->stage[leaf->stage].first_child == INDEX_NONE) {
        leaf = instance_next_leaf(instance, 0, leaf);
    }
    return leaf == NULL;
}

// Inside an escalation while one is open, and only then: the innermost of those that are.
static bool frames_fit(const struct instance *instance, const struct image *image)
{
    uint32_t top = INDEX_NONE;
    for (uint32_t i = 0; i < FRAMES_MAX && instance->head.frames[i] != 0; i++) {
        top = instance->head.frames[i] - 1u;
        if (top >= image->escalation_count) {
            return false;
        }
    }
    return instance->head.status == INSTANCE_ENDED ||
           image_escalation_around(image, instance->active[1].stage) == top;
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

static bool timer_fits(const struct instance *instance, const struct armed_timer *timer,
                       const struct image *image)
{
    if ((timer->def & TIMER_DEF_REMIND) != 0) {
        return instance_task_const(instance, timer->def & ~TIMER_DEF_REMIND) != NULL &&
               timer->stage < image->stage_count;
    }
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
    bool fits = stages_fit(instance, image) && frames_fit(instance, image) &&
                head->field_count <= image->field_count;
    for (uint32_t i = 0; i < head->task_count && fits; i++) {
        fits = task_fits(&instance->task[i], image);
    }
    for (uint32_t i = 0; i < head->timer_count && fits; i++) {
        fits = timer_fits(instance, &instance->timer[i], image);
    }
    for (uint32_t i = 0; i < head->collection_count && fits; i++) {
        fits = instance->collection[i].collection < image->collection_count;
    }
    for (uint32_t i = 0; i < head->latch_count && fits; i++) {
        fits = instance->latch[i].rule < image->rule_count;
    }
    for (uint32_t i = 0; i < head->kept_count && fits; i++) {
        fits = instance->kept[i].signal < image->signal_count && head->status == INSTANCE_OPEN;
    }
    for (uint32_t i = 0; i < head->call_count && fits; i++) {
        fits = instance->call[i].send < image->send_count;
    }
    for (uint32_t i = 0; i < head->field_count && fits; i++) {
        fits = instance_value_holds(instance->field[i]);
    }
    return fits;
}
