// Inboxes.
#include "base/array.h"
#include "base/check.h"
#include "dsl/lower/lower_internal.h"

// The fields of cases in an expression that was lowered: those added since `first`.
static struct image_range list_asks(struct lower *lower, uint32_t first)
{
    uint32_t *asks = NULL;
    uint32_t count = 0;
    for (uint32_t i = first; i < build_count(&lower->build, BUILD_expr); i++) {
        if (build_at_expr(&lower->build, i)->kind == EXPR_CASE) {
            ARRAY_PUSH(lower->arena, asks, count, i);
        }
    }
    return build_list(&lower->build, asks, count);
}

static struct image_lane lower_lane(struct lower *lower, const struct lane *lane)
{
    struct image_sort *sorts = ARENA_ARRAY(lower->arena, struct image_sort, lane->sort_count + 1);
    struct image_lane to = { .name = lower_text(lower, lane->name),
                             .label = lower_text(lower, lane->label),
                             .colour = lane->colour,
                             .flags = lane->done ? LANE_DONE : 0,
                             .line = lower_line(lower, lane->span) };
    uint32_t first = build_count(&lower->build, BUILD_expr);
    to.condition = lower_expr(lower, lane->condition);
    to.asks = list_asks(lower, first);
    for (uint32_t i = 0; i < lane->sort_count; i++) {
        sorts[i] = (struct image_sort){ lower_expr(lower, lane->sorts[i].value),
                                        lane->sorts[i].descending };
    }
    to.sorts = (struct image_range){ build_count(&lower->build, BUILD_sort), lane->sort_count };
    for (uint32_t i = 0; i < lane->sort_count; i++) {
        build_add_sort(&lower->build, &sorts[i]);
    }
    return to;
}

enum err lower_inbox(const struct unit *unit, const struct inbox *inbox,
                     const uint8_t source_hash[IMAGE_HASH_BYTES], struct buf *to)
{
    struct arena scratch;
    struct lower lower;
    const struct inbox *lanes = inbox_lanes(inbox);
    lower_begin(&lower, unit, &scratch);
    lower_add_roles(&lower, inbox->decl.file);
    struct image_inbox made = {
        .name = lower_text(&lower, inbox->decl.name),
        .file = lower_text(&lower, source_file(unit->sources, inbox->decl.file)->name),
        .line = lower_line(&lower, inbox->decl.span),
        .readers = lower_roles(&lower, &inbox->readers),
        .lanes = { 0, lanes->lane_count },
    };
    for (uint32_t i = 0; i < lanes->lane_count; i++) {
        struct image_lane lane = lower_lane(&lower, &lanes->lanes[i]);
        build_add_lane(&lower.build, &lane);
    }
    build_add_inbox(&lower.build, &made);
    return lower_end(&lower, source_hash, to);
}
