// Rules (13-16): edge-triggered, in text order, bounded; then `at` timers whose fields changed.
#include "engine/decide/decide_internal.h"

static void set_latch(struct run *run, uint32_t rule, uint32_t entry, bool up)
{
    struct event event = { .kind = EVENT_LATCH_SET,
                           .latch_set = { run->instance->head.id, rule, entry, up } };
    decide_emit(run->d, &event);
}

// --------------------------------------------------------------------------------- x changes

// The value that the rule watches, packed; empty also when it cannot be calculated.
static struct slice watched_value(struct run *run, const struct image_rule *rule)
{
    struct eval_env env = run->env;
    env.refusal = (struct refusal){ 0 };
    uint32_t hits = run->hit_count;
    struct value value = eval(&env, rule->condition);
    run->hit_count = hits;
    if (env.refusal.code != REFUSAL_NONE || value_is_empty(&value)) {
        return SLICE_EMPTY;
    }
    struct buf buf;
    buf_init(&buf, FIELD_BYTES_MAX + 16);
    value_pack(&buf, &value);
    struct slice packed = buf.overflow ? SLICE_EMPTY : arena_copy(run->d->arena, buf_slice(&buf));
    buf_done(&buf);
    return packed;
}

void run_watch(struct run *run)
{
    const struct image *image = &run->program->image;
    struct slice *watched = NULL;
    for (uint32_t i = 0; i < image->rule_count; i++) {
        if (image->rule[i].changes == 0) {
            continue;
        }
        if (watched == NULL) {
            watched = ARENA_ARRAY(run->d->arena, struct slice, image->rule_count);
            run->change_seen = ARENA_ARRAY(run->d->arena, bool, image->rule_count);
        }
        if (!run->instance->fresh) { // a start counts from empty
            watched[i] = watched_value(run, &image->rule[i]);
        }
    }
    run->watched = watched;
}

static struct value unpacked(struct run *run, struct slice packed)
{
    struct unpack unpack;
    unpack_init(&unpack, packed);
    return packed.len > 0 ? value_unpack(&unpack, run->d->arena) : value_empty();
}

// Rule 14: another value than at the end of the command before, and only once in this one.
static bool has_changed(struct run *run, uint32_t number)
{
    if (run->watched == NULL || run->change_seen[number]) {
        return false;
    }
    struct slice now = watched_value(run, &run->program->image.rule[number]);
    if (slice_equal(now, run->watched[number])) {
        return false;
    }
    struct value a = unpacked(run, now);
    struct value b = unpacked(run, run->watched[number]);
    bool changed = !value_equal(&a, &b); // 1.5 and 1.50 are one amount
    run->change_seen[number] = changed;
    return changed;
}

// --------------------------------------------------------------------------------- scanning

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

// A condition fires when it becomes true: its latch is raised then, and drops when it is false.
static enum run_result rises(struct run *run, uint32_t number, uint32_t entry, bool *ret_fires)
{
    bool holds = eval_condition(&run->env, run->program->image.rule[number].condition);
    if (run_take_refusal(run)) {
        return RUN_REFUSED;
    }
    bool up = instance_latched(run->instance, number, entry);
    if (up != holds) {
        set_latch(run, number, entry, holds);
    }
    *ret_fires = holds && !up;
    return RUN_ON;
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
        bool fires = false;
        if (rule->changes != 0) {
            fires = has_changed(run, number);
        } else if (rises(run, number, entry, &fires) == RUN_REFUSED) {
            return RUN_REFUSED;
        }
        if (!fires) {
            run->hit_count = hits; // what was looked up for nothing is not worth a word
            continue;
        }
        struct event event = { .kind = EVENT_RULE_FIRED,
                               .rule_fired = { run->instance->head.id, number, rule->line,
                                               eval_seen(&run->env, rule->condition) } };
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
        if (!decide_refused(run->d)) {
            assign_follow_slots(run);
            assign_attend(run);
        }
        run_wake_kept(run);
    }
    run_tell_hits(run);
    return decide_refused(run->d) ? RUN_REFUSED : RUN_ON;
}
