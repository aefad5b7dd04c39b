// Steps, blocks and what hangs on them. A block's steps stand together in the section, behind the
// blocks inside it.
#include "base/check.h"
#include "dsl/lower/lower_internal.h"
#include "dsl/model/frame.h"

uint32_t lower_due(struct lower *lower, const struct due *due)
{
    if (due == NULL) {
        return INDEX_NONE;
    }
    struct image_due to = { .moment = lower_expr(lower, due->moment),
                            .until = lower_expr(lower, due->until),
                            .promised = due->promised,
                            .within = lower_calendar(lower, due->within) };
    return build_add_due(&lower->build, &to);
}

uint32_t lower_target(struct lower *lower, const struct target *target)
{
    if (target == NULL) {
        return INDEX_NONE;
    }
    struct image_goto to = { .due = lower_due(lower, target->due) };
    if (target->stage != NULL) {
        to.target_kind = TARGET_STAGE;
        to.target = target->stage->index;
    } else if (target->choice != NULL) {
        to.target_kind = TARGET_CHOICE;
        to.target = target->choice->index;
    } else if (target->done != NULL) {
        to.target_kind = TARGET_DONE;
        to.target = target->done->index;
    } else {
        CHECK(target->end != NULL);
        to.target_kind = TARGET_END;
        to.target = target->end->index;
    }
    return build_add_flow(&lower->build, &to);
}

uint32_t lower_task(struct lower *lower, const struct task *task)
{
    struct image_task to = { .title = lower_expr(lower, task->title),
                             .role = lower_role(lower, task->role),
                             .due = lower_due(lower, task->due),
                             .flags = task->urgent ? TASK_URGENT : 0,
                             .overdue = lower_ladder(lower, task->overdue),
                             .overdue_then = lower_block(lower, task->overdue_then),
                             .script = lower_text(lower, task->script),
                             .line = lower_line(lower, task->span),
                             .other_than = lower_roles(lower, &task->other_than) };
    to.reminds = (struct image_range){ build_count(&lower->build, BUILD_rung), task->remind_count };
    for (uint32_t i = 0; i < task->remind_count; i++) {
        struct image_rung remind = { .amount = task->reminds[i].number,
                                     .unit = task->reminds[i].unit, .effect = RUNG_REMIND,
                                     .role = INDEX_NONE, .within = INDEX_NONE };
        build_add_rung(&lower->build, &remind);
    }
    return build_add_task(&lower->build, &to);
}

struct image_range lower_asks(struct lower *lower, const struct handler *handler)
{
    uint32_t *indexes = ARENA_ARRAY(lower->arena, uint32_t, handler->ask_count + 1);
    struct image_ask *asks = ARENA_ARRAY(lower->arena, struct image_ask, handler->ask_count + 1);
    for (uint32_t i = 0; i < handler->ask_count; i++) {
        const struct ask *ask = handler->asks[i];
        asks[i] = (struct image_ask){ .name = lower_text(lower, ask->name),
                                      .label = lower_text(lower, ask->label),
                                      .help = lower_text(lower, ask->help),
                                      .type = lower_type(lower, ask->type),
                                      .flags = (ask->required ? ASK_REQUIRED : 0u) |
                                               (ask->quick ? ASK_QUICK : 0u),
                                      .field = ask->field == NULL ? INDEX_NONE : ask->field->index,
                                      .local = ask->local,
                                      .initial = lower_expr(lower, ask->initial),
                                      .line = lower_line(lower, ask->span) };
    }
    lower->handler = handler;
    lower->first_ask = build_count(&lower->build, BUILD_ask);
    for (uint32_t i = 0; i < handler->ask_count; i++) {
        indexes[i] = build_add_ask(&lower->build, &asks[i]);
    }
    return build_list(&lower->build, indexes, handler->ask_count);
}

static uint32_t ask_index(const struct lower *lower, const struct ask *ask)
{
    for (uint32_t i = 0; i < lower->handler->ask_count; i++) {
        if (lower->handler->asks[i] == ask) {
            return lower->first_ask + i;
        }
    }
    UNREACHABLE();
}

static uint32_t lower_convert(struct lower *lower, const struct step *step)
{
    const struct convert *convert = step->convert;
    struct image_convert to = { .collection = convert->collection->index,
                                .each = lower_expr(lower, convert->each),
                                .local = convert->local,
                                .by = lower_expr(lower, convert->by),
                                .line = lower_line(lower, step->span) };
    struct image_with *withs =
        ARENA_ARRAY(lower->arena, struct image_with, convert->with_count + 1);
    for (uint32_t i = 0; i < convert->with_count; i++) {
        withs[i].name = lower_text(lower, convert->withs[i].name);
        withs[i].value = lower_expr(lower, convert->withs[i].value);
    }
    to.withs = (struct image_range){ build_count(&lower->build, BUILD_with), convert->with_count };
    for (uint32_t i = 0; i < convert->with_count; i++) {
        build_add_with(&lower->build, &withs[i]);
    }
    to.pairs = (struct image_range){ build_count(&lower->build, BUILD_pair), convert->pair_count };
    for (uint32_t i = 0; i < convert->pair_count; i++) {
        struct image_pair pair = { lower_text(lower, convert->pairs[i].member),
                                   lower_text(lower, convert->pairs[i].process->decl.name) };
        build_add_pair(&lower->build, &pair);
    }
    return build_add_convert(&lower->build, &to);
}

static void lower_raise(struct lower *lower, const struct raise *raise, struct image_step *to)
{
    struct image_frame_value *values =
        ARENA_ARRAY(lower->arena, struct image_frame_value, raise->value_count + 1);
    for (uint32_t i = 0; i < raise->value_count; i++) {
        values[i].field = raise->values[i].field->index;
        values[i].value = lower_expr(lower, raise->values[i].value);
    }
    to->a = raise->escalation->index;
    to->b = build_count(&lower->build, BUILD_frame_value);
    to->c = raise->value_count;
    for (uint32_t i = 0; i < raise->value_count; i++) {
        build_add_frame_value(&lower->build, &values[i]);
    }
}

static struct image_step lower_step(struct lower *lower, const struct step *step)
{
    struct image_step to = { .kind = (uint32_t)step->kind, .line = lower_line(lower, step->span) };
    switch (step->kind) {
    case STEP_ASK:
        to.a = ask_index(lower, step->ask);
        break;
    case STEP_ASSIGN:
        to.a = step->field != NULL ? ASSIGN_FIELD : ASSIGN_SLOT;
        to.b = step->field != NULL ? step->field->index : lower_role(lower, step->role);
        to.c = lower_expr(lower, step->expr);
        break;
    case STEP_REQUIRE:
        to.a = lower_expr(lower, step->expr);
        to.b = lower_expr(lower, step->text);
        break;
    case STEP_IF:
        to.a = lower_expr(lower, step->expr);
        to.b = lower_block(lower, step->then);
        to.c = lower_block(lower, step->otherwise);
        break;
    case STEP_NOTIFY:
        to.a = lower_role(lower, step->role);
        to.b = lower_expr(lower, step->text);
        to.c = lower_calendar(lower, step->within);
        break;
    case STEP_CONVERT:
        to.a = lower_convert(lower, step);
        break;
    case STEP_CANCEL:
        to.a = step->collection->index;
        break;
    case STEP_TASK:
        to.a = lower_task(lower, step->task);
        break;
    case STEP_GOTO:
        to.a = lower_target(lower, step->target);
        break;
    case STEP_AGAIN:
        to.a = lower_due(lower, step->due);
        break;
    case STEP_RETRY:
        to.a = lower_ladder(lower, step->ladder);
        to.b = lower_block(lower, step->then);
        break;
    case STEP_ESCALATE:
        lower_raise(lower, step->raise, &to);
        break;
    case STEP_BACK:
        to.a = lower_due(lower, step->due);
        break;
    case STEP_MERGE:
        to.a = lower_expr(lower, step->expr);
        break;
    case STEP_SEND:
        to.a = lower_send(lower, step);
        break;
    case STEP_KIND_COUNT:
        UNREACHABLE();
    }
    return to;
}

uint32_t lower_block(struct lower *lower, const struct block *block)
{
    if (block == NULL) {
        return INDEX_NONE;
    }
    struct image_step *steps = ARENA_ARRAY(lower->arena, struct image_step, block->count + 1);
    for (uint32_t i = 0; i < block->count; i++) {
        steps[i] = lower_step(lower, &block->steps[i]);
    }
    struct image_block to = { build_count(&lower->build, BUILD_step), block->count };
    for (uint32_t i = 0; i < block->count; i++) {
        build_add_step(&lower->build, &steps[i]);
    }
    return build_add_block(&lower->build, &to);
}
