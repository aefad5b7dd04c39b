// Validation of blocks and steps: a block stands behind the blocks inside it, so that running one
// always ends, and their nesting is bounded.
#include "dsl/image/image_internal.h"

#include "base/mem.h"

struct block_check {
    const struct image *image;
    uint8_t *depth; // of each block looked at so far; one without blocks inside has 1
    uint32_t at;
};

static bool check_step(struct block_check *check, const struct image_step *step);

bool image_check_blocks(const struct image *image)
{
    struct block_check check = { .image = image, .depth = mem_zalloc(image->block_count + 1u) };
    bool ok = true;
    for (uint32_t i = 0; ok && i < image->block_count; i++) {
        struct image_range steps = { image->block[i].first, image->block[i].count };
        check.at = i;
        check.depth[i] = 1;
        ok = image_range_ok(steps, image->step_count);
        for (uint32_t n = 0; ok && n < steps.count; n++) {
            ok = check_step(&check, &image->step[steps.first + n]);
        }
        ok = ok && check.depth[i] <= IMAGE_BLOCK_DEPTH_MAX;
    }
    mem_free(check.depth);
    return ok;
}

static bool nested_ok(struct block_check *check, uint32_t block)
{
    if (block >= check->at) {
        return false;
    }
    uint8_t deeper = (uint8_t)(check->depth[block] + 1);
    if (deeper > check->depth[check->at]) {
        check->depth[check->at] = deeper;
    }
    return true;
}

static bool optional_nested_ok(struct block_check *check, uint32_t block)
{
    return block == INDEX_NONE || nested_ok(check, block);
}

static bool check_assign(const struct image *image, const struct image_step *step)
{
    if (step->a > ASSIGN_SLOT || step->c >= image->expr_count) {
        return false;
    }
    return step->b < (step->a == ASSIGN_FIELD ? image->field_count : image->role_count);
}

static bool check_step(struct block_check *check, const struct image_step *step)
{
    const struct image *image = check->image;
    if (step->kind >= STEP_KIND_COUNT || step->pad != 0) {
        return false;
    }
    switch ((enum image_step_kind)step->kind) {
    case STEP_ASK:
        return step->a < image->ask_count;
    case STEP_ASSIGN:
        return check_assign(image, step);
    case STEP_REQUIRE:
        return step->a < image->expr_count && step->b < image->expr_count;
    case STEP_IF:
        return step->a < image->expr_count && nested_ok(check, step->b) &&
               optional_nested_ok(check, step->c);
    case STEP_NOTIFY:
        return step->a < image->role_count && step->b < image->expr_count &&
               image_optional_ok(step->c, image->calendar_count);
    case STEP_CONVERT:
        return step->a < image->convert_count;
    case STEP_CANCEL:
        return step->a < image->collection_count;
    case STEP_TASK:
        return step->a < image->task_count &&
               optional_nested_ok(check, image->task[step->a].overdue_then);
    case STEP_GOTO:
        return step->a < image->flow_count;
    case STEP_AGAIN:
        return step->a < image->due_count;
    case STEP_RETRY:
        return step->a < image->ladder_count && nested_ok(check, step->b);
    case STEP_ESCALATE: {
        struct image_range values = { step->b, step->c };
        return step->a < image->escalation_count &&
               image_range_ok(values, image->frame_value_count);
    }
    case STEP_BACK:
        return image_optional_ok(step->a, image->due_count);
    case STEP_MERGE:
        return step->a < image->expr_count;
    case STEP_SEND:
        return step->a < image->send_count &&
               optional_nested_ok(check, image->send[step->a].otherwise);
    case STEP_KIND_COUNT:
        break;
    }
    return false;
}

static bool is_flow(uint32_t kind)
{
    return kind == STEP_GOTO || kind == STEP_AGAIN || kind == STEP_RETRY ||
           kind == STEP_ESCALATE || kind == STEP_BACK || kind == STEP_MERGE;
}

// `on enter` and `on exit` run in the middle of a transition: nothing in them moves the case.
bool image_check_hooks(const struct image *image)
{
    uint8_t *flows = mem_zalloc(image->block_count + 1u); // inner blocks stand before outer ones
    for (uint32_t i = 0; i < image->block_count; i++) {
        const struct image_block *block = &image->block[i];
        for (uint32_t n = 0; n < block->count; n++) {
            const struct image_step *step = &image->step[block->first + n];
            bool inner = step->kind == STEP_IF &&
                         (flows[step->b] != 0 || (step->c != INDEX_NONE && flows[step->c] != 0));
            flows[i] = flows[i] != 0 || is_flow(step->kind) || inner;
        }
    }
    bool ok = true;
    for (uint32_t i = 0; i < image->stage_count && ok; i++) {
        const struct image_stage *stage = &image->stage[i];
        ok = (stage->on_enter == INDEX_NONE || flows[stage->on_enter] == 0) &&
             (stage->on_exit == INDEX_NONE || flows[stage->on_exit] == 0);
    }
    mem_free(flows);
    return ok;
}
