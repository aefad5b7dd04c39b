// Transitions, ends, timers of a stage (rules 10, 17, 32, 33).
#include "engine/decide/decide_internal.h"

// --------------------------------------------------------------------------------- leaving

static void cancel_timers_of(struct run *run, uint32_t entry)
{
    const struct instance *instance = run->instance;
    for (uint32_t i = instance->head.timer_count; i > 0; i--) {
        const struct armed_timer *timer = &instance->timer[i - 1];
        if (timer->entry == entry) {
            struct event event = { .kind = EVENT_TIMER_CANCELLED,
                                   .timer_cancelled = { instance->head.id, timer->number,
                                                        timer->due } };
            decide_emit(run->d, &event);
        }
    }
}

static void close_tasks_of(struct run *run, uint32_t entry)
{
    const struct instance *instance = run->instance;
    for (uint32_t i = instance->head.task_count; i > 0; i--) {
        struct open_task task = instance->task[i - 1];
        if (task.entry == entry) {
            bool main_task = (task.flags & TASK_FLAG_SIDE) == 0;
            run_close_task(run, &task, main_task && run->done_by_person);
        }
    }
}

static void exit_leaf(struct run *run)
{
    struct active_stage leaf = *instance_leaf(run->instance);
    close_tasks_of(run, leaf.entry);
    cancel_timers_of(run, leaf.entry);
    struct event event = { .kind = EVENT_STAGE_EXITED,
                           .stage_exited = { run->instance->head.id, leaf.stage, leaf.entry } };
    decide_emit(run->d, &event);
}

// Exits from the innermost stage outwards, until `keep` is the innermost (INDEX_NONE: everything).
static void exit_down_to(struct run *run, uint32_t keep)
{
    while (true) {
        const struct active_stage *leaf = instance_leaf(run->instance);
        if (leaf == NULL || leaf->stage == keep) {
            return;
        }
        exit_leaf(run);
    }
}

// --------------------------------------------------------------------------------- timers

void run_arm_timer(struct run *run, uint32_t number, uint32_t entry, uint64_t base)
{
    const struct image_timer *timer = &run->program->image.timer[number];
    struct eval_env env = run->env;
    env.refusal = (struct refusal){ 0 };
    env.now_ms = base; // `after D` counts from here
    uint64_t due;
    if (!eval_moment(&env, timer->moment, &due)) {
        return; // an empty moment arms nothing; `at` is looked at again when its field changes
    }
    struct event event = { .kind = EVENT_TIMER_SET,
                           .timer_set = { run->instance->head.id, run->instance->head.next_timer,
                                          number, timer->stage, entry, due, base } };
    decide_emit(run->d, &event);
}

void run_arm(struct run *run, uint32_t stage, uint32_t entry)
{
    const struct image_stage *of = &run->program->image.stage[stage];
    for (uint32_t i = 0; i < of->timers.count; i++) {
        run_arm_timer(run, of->timers.first + i, entry, run->d->now_ms);
    }
}

static bool depends_on_change(const struct run *run, const struct image_timer *timer)
{
    for (uint32_t i = 0; i < timer->fields.count; i++) {
        uint32_t field = run->program->image.list[timer->fields.first + i];
        if ((run->changed[field / 32] >> (field % 32) & 1) != 0) {
            return true;
        }
    }
    return false;
}

static void disarm(struct run *run, uint32_t number, uint32_t entry)
{
    const struct instance *instance = run->instance;
    for (uint32_t i = 0; i < instance->head.timer_count; i++) {
        const struct armed_timer *timer = &instance->timer[i];
        if (timer->def == number && timer->entry == entry) {
            struct event event = { .kind = EVENT_TIMER_CANCELLED,
                                   .timer_cancelled = { instance->head.id, timer->number,
                                                        timer->due } };
            decide_emit(run->d, &event);
            return;
        }
    }
}

// `at E` is armed anew when a field in E has changed (rule 17).
void run_rearm_at(struct run *run)
{
    const struct image *image = &run->program->image;
    for (uint32_t a = 0; a < run->instance->head.active_count; a++) {
        struct active_stage at = run->instance->active[a];
        const struct image_stage *stage = &image->stage[at.stage];
        for (uint32_t i = 0; i < stage->timers.count; i++) {
            uint32_t number = stage->timers.first + i;
            const struct image_timer *timer = &image->timer[number];
            if (timer->kind == TIMER_AT && depends_on_change(run, timer)) {
                disarm(run, number, at.entry);
                run_arm_timer(run, number, at.entry, run->d->now_ms);
            }
        }
    }
}

// --------------------------------------------------------------------------------- entering

static uint32_t enter_stage(struct run *run, uint32_t stage)
{
    uint32_t entry = run->instance->head.next_entry;
    struct event event = { .kind = EVENT_STAGE_ENTERED,
                           .stage_entered = { run->instance->head.id, stage, entry } };
    decide_emit(run->d, &event);
    run_arm(run, stage, entry);
    return entry;
}

void run_enter_body(struct run *run) { (void)enter_stage(run, 0); }

// Stages from just below the innermost active one down to `stage`, then first children to a leaf.
static uint32_t enter_path(struct run *run, uint32_t stage, uint32_t *ret_entry)
{
    const struct image *image = &run->program->image;
    uint32_t path[IMAGE_STAGE_DEPTH_MAX + 1];
    uint32_t depth = 0;
    const struct active_stage *innermost = instance_leaf(run->instance);
    uint32_t above = innermost != NULL ? innermost->stage : INDEX_NONE;
    for (uint32_t at = stage; at != above && at != INDEX_NONE; at = image->stage[at].parent) {
        CHECK(depth <= IMAGE_STAGE_DEPTH_MAX);
        path[depth++] = at;
    }
    while (depth > 0) {
        *ret_entry = enter_stage(run, path[--depth]);
    }
    while (image->stage[stage].first_child != INDEX_NONE) {
        stage = image->stage[stage].first_child;
        *ret_entry = enter_stage(run, stage);
    }
    return stage;
}

// Rule 10: what source and target share outside both is kept; the target's own leaf is re-entered.
static uint32_t common_above(const struct run *run, uint32_t target)
{
    const struct image *image = &run->program->image;
    uint32_t above = image->stage[target].parent;
    while (above != INDEX_NONE && instance_active(run->instance, above) == NULL) {
        above = image->stage[above].parent;
    }
    return above; // never the source's own leaf: a leaf stands around nothing
}

enum run_result run_transition(struct run *run, uint32_t stage, uint32_t due)
{
    if (instance_leaf(run->instance) != NULL) {
        exit_down_to(run, common_above(run, stage));
    }
    uint32_t entry = 0;
    uint32_t leaf = enter_path(run, stage, &entry);
    uint32_t task = run->program->image.stage[leaf].task;
    if (task != INDEX_NONE && run_open_task(run, task, entry, due) == RUN_REFUSED) {
        return RUN_REFUSED;
    }
    return RUN_FLOWED;
}

// --------------------------------------------------------------------------------- ends

static bool first_open_child(void *context, const struct view_child_row *row)
{
    if (row->state == 0) {
        *(uint64_t *)context = row->child;
        return false;
    }
    return true;
}

void run_end_exit(struct run *run, uint32_t end, enum outcome outcome, struct slice name)
{
    exit_down_to(run, INDEX_NONE);
    fields_release_keys(run, true);
    struct event event = { .kind = EVENT_INSTANCE_ENDED,
                           .instance_ended = { run->instance->head.id, end, (uint8_t)outcome,
                                               name } };
    decide_emit(run->d, &event);
}

static void follow_parent(struct run *run, enum outcome outcome, struct slice name)
{
    struct decide *d = run->d;
    const struct instance_head *head = &run->instance->head;
    if (head->parent == 0) {
        return;
    }
    if (d->follow_count == d->follow_capacity) {
        uint32_t capacity = d->follow_capacity * 2 + 8;
        struct decide_follow *grown = ARENA_ARRAY(d->arena, struct decide_follow, capacity);
        if (d->follow_count > 0) {
            memcpy(grown, d->follows, sizeof(grown[0]) * d->follow_count);
        }
        d->follows = grown;
        d->follow_capacity = capacity;
    }
    d->follows[d->follow_count++] = (struct decide_follow){
        head->parent, head->id, head->collection, head->round, (uint8_t)outcome, name,
    };
}

enum run_result run_end(struct run *run, uint32_t number)
{
    const struct image *image = &run->program->image;
    const struct image_end *end = &image->end[number];
    uint64_t child = 0;
    view_children(run->d->view, run->instance->head.id, first_open_child, &child);
    if (child != 0) {
        return REFUSE(run->d, CHILDREN_OPEN, "case %llu cannot end: case %llu under it is open",
                      (unsigned long long)run->instance->head.id, (unsigned long long)child);
    }
    static const enum outcome outcomes[] = { OUTCOME_PLAIN, OUTCOME_SUCCESS, OUTCOME_FAILURE };
    struct slice name = image_slice(image, end->name);
    run_end_exit(run, number, outcomes[end->kind], name);
    follow_parent(run, outcomes[end->kind], name);
    return RUN_FLOWED;
}

enum run_result run_goto(struct run *run, uint32_t number)
{
    const struct image_goto *flow = &run->program->image.flow[number];
    return flow->target_kind == TARGET_END ? run_end(run, flow->target)
                                           : run_transition(run, flow->target, flow->due);
}

// --------------------------------------------------------------------------------- cancelling

struct child_list {
    struct arena *arena;
    uint64_t *ids;
    uint32_t count, capacity;
    uint32_t collection; // INDEX_NONE: all
};

static bool collect_open(void *context, const struct view_child_row *row)
{
    struct child_list *list = context;
    if (row->state != 0 ||
        (list->collection != INDEX_NONE && row->collection != list->collection)) {
        return true;
    }
    if (list->count == list->capacity) {
        uint32_t capacity = list->capacity * 2 + 8;
        uint64_t *grown = ARENA_ARRAY(list->arena, uint64_t, capacity);
        if (list->count > 0) {
            memcpy(grown, list->ids, sizeof(grown[0]) * list->count);
        }
        list->ids = grown;
        list->capacity = capacity;
    }
    list->ids[list->count++] = row->child;
    return true;
}

static enum run_result cancel_child(struct run *parent, uint64_t id)
{
    struct decide *d = parent->d;
    const struct instance *child = view_instance(d->view, id, NULL);
    struct run *run = ARENA_NEW(d->arena, struct run);
    if (child == NULL || !run_open(run, d, child)) {
        return REFUSE(d, ROW_DAMAGED, "the stored row of case %llu does not validate",
                      (unsigned long long)id);
    }
    run_cancel(run, SLICE("cancelled with the case above it"), true);
    return decide_refused(d) ? RUN_REFUSED : RUN_ON;
}

enum run_result run_cancel_children(struct run *run, uint32_t collection)
{
    if (run->d->depth >= CONVERT_DEPTH_MAX) {
        return REFUSE(run->d, LIMIT, "cases nest deeper than CONVERT_DEPTH_MAX = %d",
                      CONVERT_DEPTH_MAX);
    }
    run->d->depth++;
    struct child_list list = { .arena = run->d->arena, .collection = collection };
    view_children(run->d->view, run->instance->head.id, collect_open, &list);
    enum run_result result = RUN_ON;
    for (uint32_t i = 0; i < list.count && result == RUN_ON; i++) {
        result = cancel_child(run, list.ids[i]);
    }
    run->d->depth--;
    return result;
}

// Rule 32: deepest first; the parent's count of its children is told in the same record.
void run_cancel(struct run *run, struct slice reason, bool tell_parent)
{
    if (run_cancel_children(run, INDEX_NONE) == RUN_REFUSED) {
        return;
    }
    struct event event = { .kind = EVENT_CANCELLED,
                           .cancelled = { run->instance->head.id, reason } };
    decide_emit(run->d, &event);
    run_end_exit(run, INDEX_NONE, OUTCOME_CANCELLED, SLICE("cancelled"));
    struct instance_head head = run->instance->head;
    if (tell_parent && head.parent != 0) {
        struct event ended = { .kind = EVENT_CHILD_ENDED,
                               .child_ended = { head.parent, head.id, head.collection, head.round,
                                                OUTCOME_CANCELLED, SLICE("cancelled") } };
        decide_emit(run->d, &ended);
    } else if (head.parent != 0) {
        follow_parent(run, OUTCOME_CANCELLED, SLICE("cancelled"));
    }
}
