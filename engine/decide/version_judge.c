// One case in another version: where it would stand, or the first thing that somebody must decide.
#include "engine/decide/version.h"
#include "engine/state/frame.h"

struct judge {
    const struct version_pair *pair;
    const struct view *view;
    const struct instance *instance;
    struct arena *arena;
    bool forced;
    struct slice why; // empty: nothing stands in the way so far
    struct version_judgement *out;
    uint32_t capacity;
};

#define STAY(j, ...)                                                                               \
    do {                                                                                           \
        if ((j)->why.len == 0) {                                                                   \
            (j)->why = arena_format((j)->arena, __VA_ARGS__);                                      \
        }                                                                                          \
    } while (0)

static void note(struct judge *j, enum moved_part part, uint32_t old, uint32_t now)
{
    struct version_judgement *out = j->out;
    for (uint32_t i = 0; i < out->pair_count; i++) {
        if (out->pairs[i].part == (uint32_t)part && out->pairs[i].old == old) {
            return;
        }
    }
    if (old == now) {
        return;
    }
    if (out->pair_count == j->capacity) {
        uint32_t capacity = j->capacity * 2 + 16;
        struct event_moved_pair *grown = ARENA_ARRAY(j->arena, struct event_moved_pair, capacity);
        for (uint32_t i = 0; i < out->pair_count; i++) {
            grown[i] = out->pairs[i];
        }
        out->pairs = grown;
        j->capacity = capacity;
    }
    out->pairs[out->pair_count++] = (struct event_moved_pair){ (uint32_t)part, old, now };
}

static struct slice old_stage(const struct judge *j, uint32_t stage)
{
    return version_stage_name(&j->pair->from->image, stage);
}

static uint32_t branches_of(const struct image *image, uint32_t stage)
{
    uint32_t count = 0;
    for (uint32_t at = image->stage[stage].first_child; at != INDEX_NONE;
         at = image->stage[at].next_sibling) {
        count++;
    }
    return count;
}

// The same branches, of which as many must be done.
static bool same_parallel(const struct judge *j, uint32_t old, uint32_t now)
{
    const struct image *from = &j->pair->from->image;
    const struct image *to = j->pair->to;
    uint32_t x = from->stage[old].parallel;
    uint32_t y = to->stage[now].parallel;
    if (x == INDEX_NONE || y == INDEX_NONE) {
        return x == y;
    }
    bool same = from->parallel[x].until == to->parallel[y].until &&
                branches_of(from, old) == branches_of(to, now);
    for (uint32_t at = from->stage[old].first_child; at != INDEX_NONE && same;
         at = from->stage[at].next_sibling) {
        bool named;
        uint32_t branch = version_stage(j->pair, at, &named);
        same = branch != INDEX_NONE && to->stage[branch].parent == now;
    }
    return same;
}

static bool same_timers(const struct judge *j, uint32_t old, uint32_t now)
{
    const struct image_range timers = j->pair->from->image.stage[old].timers;
    bool same = timers.count == j->pair->to->stage[now].timers.count;
    for (uint32_t i = 0; i < timers.count && same; i++) {
        same = version_timer(j->pair, timers.first + i, now) != INDEX_NONE;
    }
    return same;
}

// What a case that stands there stands on.
static void judge_contents(struct judge *j, uint32_t old, uint32_t now)
{
    const struct image *from = &j->pair->from->image;
    const struct image *to = j->pair->to;
    struct slice name = old_stage(j, old);
    if (!version_same_task(from, from->stage[old].task, to, to->stage[now].task)) {
        STAY(j, "the task of stage `%.*s` is another one in version %u", SLICE_PRINT(name),
             j->pair->to_version);
    } else if (!same_timers(j, old, now)) {
        STAY(j,
             old == 0 ? "the timers of process `%.*s` itself are others in version %u"
                      : "the timers of stage `%.*s` are others in version %u",
             SLICE_PRINT(name), j->pair->to_version);
    }
}

// Gives the new stage, or INDEX_NONE with the reason said. `around`: the new stage around it.
static uint32_t judge_stage(struct judge *j, uint32_t old, uint32_t around, bool frozen)
{
    const struct image *from = &j->pair->from->image;
    const struct image *to = j->pair->to;
    bool named;
    uint32_t now = version_stage(j->pair, old, &named);
    struct slice name = old_stage(j, old);
    if (now == INDEX_NONE) {
        STAY(j, "version %u has no stage `%.*s`", j->pair->to_version, SLICE_PRINT(name));
        return INDEX_NONE;
    }
    bool leaf = from->stage[old].first_child == INDEX_NONE;
    if (to->stage[now].parent != around) {
        STAY(j, "stage `%.*s` stands elsewhere in version %u", SLICE_PRINT(name),
             j->pair->to_version);
    } else if (leaf != (to->stage[now].first_child == INDEX_NONE)) {
        STAY(j,
             leaf ? "stage `%.*s` has stages inside in version %u"
                  : "stage `%.*s` has no stages inside in version %u",
             SLICE_PRINT(name), j->pair->to_version);
    } else if (!same_parallel(j, old, now)) {
        STAY(j, "the branches of stage `%.*s` are others in version %u", SLICE_PRINT(name),
             j->pair->to_version);
    } else if ((!named || frozen) && !j->forced) {
        judge_contents(j, old, now);
    }
    j->out->by_migrate = j->out->by_migrate || (named && old != 0);
    note(j, MOVED_STAGE, old, now);
    return now;
}

// Stages stand in the order of the text, so the one around each has been judged before it.
static void judge_stages(struct judge *j, const struct active_stage *stages, uint32_t count,
                         bool frozen)
{
    uint32_t now[ACTIVE_STAGES_MAX + 1];
    for (uint32_t i = 0; i < count && j->why.len == 0; i++) {
        uint32_t around = stages[i].stage == 0 ? INDEX_NONE : 0;
        for (uint32_t n = 0; n < i; n++) {
            around = stages[n].entry == stages[i].around ? now[n] : around;
        }
        now[i] = judge_stage(j, stages[i].stage, around, frozen);
        for (uint32_t n = 0; n < i; n++) {
            if (now[n] == now[i] && now[i] != INDEX_NONE) {
                STAY(j, "two stages that it stands in become one in version %u",
                     j->pair->to_version);
            }
        }
    }
}

// --------------------------------------------------------------------------------- tasks, timers

static bool has_role(const struct judge *j, uint32_t role)
{
    return role == 0 || image_find_role(j->pair->to, view_role_name(j->view, role)) != INDEX_NONE;
}

static void judge_task(struct judge *j, const struct open_task *task, bool frozen)
{
    bool side = (task->flags & TASK_FLAG_SIDE) != 0;
    bool named;
    uint32_t stage = version_stage(j->pair, task->stage, &named);
    if (stage == INDEX_NONE) {
        return; // its stage has been judged
    }
    note(j, MOVED_STAGE, task->stage, stage);
    uint32_t def = task->def;
    if (def != INDEX_NONE) {
        def = side ? version_side_task(j->pair, def) : version_task(j->pair, def, stage);
        if (def == INDEX_NONE && (side || frozen)) {
            STAY(j, "a task of it is another one in version %u", j->pair->to_version);
        } else if (def != INDEX_NONE) {
            note(j, MOVED_TASK, task->def, def);
        }
    } else if (!has_role(j, task->role)) {
        STAY(j, "version %u has no role `%.*s`, which has a side task", j->pair->to_version,
             SLICE_PRINT(view_role_name(j->view, task->role)));
    }
    bool replaced = def == INDEX_NONE && task->def != INDEX_NONE;
    if (task->overdue != INDEX_NONE && !replaced) {
        uint32_t ladder = version_ladder(j->pair, task->overdue);
        if (ladder == INDEX_NONE) {
            STAY(j, "an open ladder is another one in version %u", j->pair->to_version);
        }
        note(j, MOVED_LADDER, task->overdue, ladder);
    }
}

static void judge_timer(struct judge *j, const struct armed_timer *timer, bool frozen)
{
    bool named;
    uint32_t stage = version_stage(j->pair, timer->stage, &named);
    if (stage == INDEX_NONE || (timer->def & TIMER_DEF_REMIND) != 0) {
        return;
    }
    uint32_t def = version_timer(j->pair, timer->def, stage);
    if (def != INDEX_NONE) {
        note(j, MOVED_TIMER, timer->def, def);
    } else if (frozen) {
        STAY(j, "the timers of stage `%.*s` are others in version %u",
             SLICE_PRINT(old_stage(j, timer->stage)), j->pair->to_version);
    }
}

// A `migrate` about the place where it is, or a person, may let a count begin anew.
static void judge_position(struct judge *j, const struct ladder_position *position)
{
    bool may_drop = j->forced || j->pair->migrate != NULL || j->pair->back != NULL;
    if (position->of >= POSITION_LADDER) {
        uint32_t old = position->of - POSITION_LADDER;
        uint32_t ladder = version_ladder(j->pair, old);
        if (ladder == INDEX_NONE && !may_drop) {
            STAY(j, "ladder `%.*s`, which it has climbed, is another one in version %u",
                 SLICE_PRINT(image_slice(&j->pair->from->image,
                                         j->pair->from->image.ladder[old].name)),
                 j->pair->to_version);
        }
        note(j, MOVED_LADDER, old, ladder);
        return;
    }
    uint32_t old = position->of & ~POSITION_PRESSES;
    uint32_t action = version_action(j->pair, old);
    if (action == INDEX_NONE && !may_drop) {
        STAY(j, "action `%.*s`, which counts its presses, is not in version %u",
             SLICE_PRINT(image_slice(&j->pair->from->image,
                                     j->pair->from->image.action[old].name)),
             j->pair->to_version);
    }
    note(j, MOVED_ACTION, old, action);
}

struct standing {
    const struct active_stage *stages;
    const struct ladder_position *positions;
    const struct rule_latch *latches;
    uint32_t stage_count, position_count, latch_count;
    bool frozen;
};

static void judge_standing(struct judge *j, const struct standing *at)
{
    judge_stages(j, at->stages, at->stage_count, at->frozen);
    for (uint32_t i = 0; i < at->position_count && j->why.len == 0; i++) {
        judge_position(j, &at->positions[i]);
    }
    for (uint32_t i = 0; i < at->latch_count && j->why.len == 0; i++) {
        uint32_t rule = at->latches[i].rule;
        note(j, MOVED_RULE, rule, version_rule(j->pair, rule)); // a rule that is gone is forgotten
    }
}

// --------------------------------------------------------------------------------- frames

static uint32_t find_escalation(const struct version_pair *pair, uint32_t old)
{
    bool named;
    uint32_t stage = version_stage(pair, pair->from->image.escalation[old].stage, &named);
    for (uint32_t i = 0; i < pair->to->escalation_count && stage != INDEX_NONE; i++) {
        if (pair->to->escalation[i].stage == stage) {
            return i;
        }
    }
    return INDEX_NONE;
}

static void judge_frame(struct judge *j, uint32_t level)
{
    uint32_t old = j->instance->head.frames[level] - 1u;
    uint32_t now = find_escalation(j->pair, old);
    const struct frame *frame = view_frame(j->view, j->instance, level);
    if (now == INDEX_NONE || frame == NULL) {
        STAY(j, "version %u has no escalation `%.*s`, which is open", j->pair->to_version,
             SLICE_PRINT(old_stage(j, j->pair->from->image.escalation[old].stage)));
        return;
    }
    note(j, MOVED_ESCALATION, old, now);
    struct standing at = { frame->stage, frame->position, frame->latch, frame->head.stage_count,
                           frame->head.position_count, frame->head.latch_count, true };
    judge_standing(j, &at);
    for (uint32_t i = 0; i < frame->head.task_count && j->why.len == 0; i++) {
        judge_task(j, &frame->task[i].task, true);
    }
    for (uint32_t i = 0; i < frame->head.timer_count && j->why.len == 0; i++) {
        judge_timer(j, &frame->timer[i].timer, true);
    }
}

// ------------------------------------------------------------------------------ values, the rest

static bool is_assigned(const struct version_pair *pair, struct slice name)
{
    const struct image *to = pair->to;
    const struct image_block *block =
        pair->migrate != NULL ? &to->block[pair->migrate->block] : NULL;
    for (uint32_t i = 0; block != NULL && i < block->count; i++) {
        const struct image_step *step = &to->step[block->first + i];
        if (step->a == ASSIGN_FIELD &&
            slice_equal(image_slice(to, to->field[step->b].name), name)) {
            return true;
        }
    }
    return false;
}

// A value that has no place is lost: only a `migrate` may say so, or a person.
static void judge_field(struct judge *j, uint32_t old)
{
    const struct image *from = &j->pair->from->image;
    uint32_t now = version_field(j->pair, old);
    struct slice name = image_slice(from, from->field[old].name);
    if (now == INDEX_NONE && (from->field[old].flags & FIELD_COMPUTED) == 0 && !j->forced &&
        j->instance->field[old].len > 0) {
        bool there = image_find_field(j->pair->to, name) != INDEX_NONE;
        if (there && !is_assigned(j->pair, name)) {
            STAY(j, "field `%.*s` is of another type in version %u", SLICE_PRINT(name),
                 j->pair->to_version);
        } else if (!there && j->pair->migrate == NULL && j->pair->back == NULL) {
            STAY(j, "version %u has no field `%.*s`, and it holds a value", j->pair->to_version,
                 SLICE_PRINT(name));
        }
    }
    note(j, MOVED_FIELD, old, now);
}

static void judge_collection(struct judge *j, uint32_t old)
{
    const struct image *from = &j->pair->from->image;
    uint32_t now =
        image_find_collection(j->pair->to, image_slice(from, from->collection[old].name));
    if (now == INDEX_NONE || j->pair->to->collection[now].each != from->collection[old].each) {
        STAY(j, "version %u has no `%.*s` for the cases that were started from it",
             j->pair->to_version, SLICE_PRINT(image_slice(from, from->collection[old].name)));
        return;
    }
    note(j, MOVED_COLLECTION, old, now);
}

static void judge_outside(struct judge *j)
{
    const struct image *from = &j->pair->from->image;
    for (uint32_t i = 0; i < j->instance->head.kept_count; i++) {
        uint32_t old = j->instance->kept[i].signal;
        uint32_t now = version_signal(j->pair, old);
        if (now == INDEX_NONE) {
            STAY(j, "a message `%.*s` waits, and version %u does not know it",
                 SLICE_PRINT(image_slice(from, from->signal[old].name)), j->pair->to_version);
        }
        note(j, MOVED_SIGNAL, old, now);
    }
    for (uint32_t i = 0; i < j->instance->head.call_count; i++) {
        uint32_t old = j->instance->call[i].send;
        uint32_t now = version_send(j->pair, old);
        if (now == INDEX_NONE) {
            STAY(j, "a call `%.*s` is on its way, and version %u does not send it so",
                 SLICE_PRINT(image_slice(from, from->signal[from->send[old].signal].name)),
                 j->pair->to_version);
        }
        note(j, MOVED_SEND, old, now);
    }
}

static void judge_live(struct judge *j)
{
    const struct instance *instance = j->instance;
    const struct instance_head *head = &instance->head;
    struct standing at = { instance->active, instance->position, instance->latch,
                           head->active_count, head->position_count, head->latch_count, false };
    judge_standing(j, &at);
    for (uint32_t i = 0; i < head->task_count && j->why.len == 0; i++) {
        judge_task(j, &instance->task[i], false);
    }
    for (uint32_t i = 0; i < head->timer_count && j->why.len == 0; i++) {
        judge_timer(j, &instance->timer[i], false);
    }
    for (uint32_t level = 0; level < frame_count(instance) && j->why.len == 0; level++) {
        judge_frame(j, level);
    }
    for (uint32_t i = 0; i < head->field_count && j->why.len == 0; i++) {
        judge_field(j, i);
    }
    for (uint32_t i = 0; i < head->collection_count && j->why.len == 0; i++) {
        judge_collection(j, instance->collection[i].collection);
    }
    if (j->why.len == 0) {
        judge_outside(j);
    }
}

void version_judge(const struct version_pair *pair, const struct view *view,
                   const struct instance *instance, enum version_how how, struct arena *arena,
                   struct version_judgement *ret_judgement)
{
    *ret_judgement = (struct version_judgement){ .stage = 0 };
    struct judge j = { .pair = pair, .view = view, .instance = instance, .arena = arena,
                       .forced = how == VERSION_FORCED, .out = ret_judgement };
    judge_live(&j);
    ret_judgement->moves = j.why.len == 0;
    ret_judgement->why = j.why;
    const struct active_stage *leaf = instance_next_leaf(instance, 0, NULL);
    bool named;
    if (ret_judgement->moves && leaf != NULL) {
        ret_judgement->stage = version_stage(pair, leaf->stage, &named);
    }
}
