// Rules (13-16): edge-triggered, in text order, bounded; then `at` timers whose fields changed.
#include "engine/decide/decide_internal.h"

static void set_latch(struct run *run, uint32_t rule, uint32_t entry, bool up)
{
    struct event event = { .kind = EVENT_LATCH_SET,
                           .latch_set = { run->instance->head.id, rule, entry, up } };
    decide_emit(run->d, &event);
}

// The rule that stands next in the text after (line, number). The image groups rules by stage, so
// the text order of a stage and the stages inside it is found by their lines. INDEX_NONE: no more.
static uint32_t next_in_text(const struct image *image, uint32_t line, uint32_t number)
{
    uint32_t next = INDEX_NONE;
    for (uint32_t i = 0; i < image->rule_count; i++) {
        uint32_t at = image->rule[i].line;
        bool after = at > line || (at == line && (number == INDEX_NONE || i > number));
        if (after && (next == INDEX_NONE || at < image->rule[next].line)) {
            next = i;
        }
    }
    return next;
}

// One pass over the active rules in text order. The first that fires ends the pass.
static enum run_result scan(struct run *run, bool *ret_fired)
{
    const struct image *image = &run->program->image;
    *ret_fired = false;
    uint32_t number = next_in_text(image, 0, INDEX_NONE);
    for (; number != INDEX_NONE; number = next_in_text(image, image->rule[number].line, number)) {
        const struct image_rule *rule = &image->rule[number];
        const struct active_stage *at = instance_active(run->instance, rule->stage);
        if (at == NULL) {
            continue;
        }
        uint32_t entry = at->entry;
        run->env.at = entry;
        uint32_t hits = run->hit_count;
        bool holds = eval_condition(&run->env, rule->condition);
        if (run_take_refusal(run)) {
            return RUN_REFUSED;
        }
        bool up = instance_latched(run->instance, number, entry);
        if (up && !holds) {
            set_latch(run, number, entry, false);
        }
        if (up || !holds) {
            run->hit_count = hits; // what was looked up for nothing is not worth a word
            continue;
        }
        set_latch(run, number, entry, true);
        struct event event = { .kind = EVENT_RULE_FIRED,
                               .rule_fired = { run->instance->head.id, number, rule->line } };
        decide_emit(run->d, &event);
        run->braces = rule->stage;
        run->action_entry = entry;
        run->done_by_person = false;
        run->outcome = SLICE("rule");
        *ret_fired = true;
        return run_block(run, rule->block);
    }
    return RUN_ON;
}

static enum run_result too_many(struct run *run)
{
    const struct image *image = &run->program->image;
    struct buf lines;
    buf_init(&lines, 400);
    for (uint32_t i = 0; i < image->rule_count; i++) {
        if (instance_active(run->instance, image->rule[i].stage) != NULL) {
            buf_format(&lines, "%s%u", lines.len == 0 ? "" : ", ", image->rule[i].line);
        }
    }
    (void)REFUSE(run->d, TOO_MANY_RULES,
                 "the rules of `%.*s` fired more than %d times in one command (lines %.*s)",
                 SLICE_PRINT(image_slice(image, image->process[0].name)), RULE_FIRINGS_MAX,
                 SLICE_PRINT(buf_slice(&lines)));
    buf_done(&lines);
    return RUN_REFUSED;
}

enum run_result run_settle(struct run *run)
{
    bool fired = true;
    while (fired && run->instance->head.status == INSTANCE_OPEN) {
        if (scan(run, &fired) == RUN_REFUSED) {
            return RUN_REFUSED;
        }
        if (fired && ++run->d->firings > RULE_FIRINGS_MAX) {
            return too_many(run);
        }
    }
    if (run->instance->head.status == INSTANCE_OPEN) {
        run_rearm_at(run);
    }
    run_tell_hits(run);
    return decide_refused(run->d) ? RUN_REFUSED : RUN_ON;
}
