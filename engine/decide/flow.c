// Transitions, ends, timers of a stage (rules 10, 17, 32, 33).
#include "engine/decide/decide_internal.h"

const struct active_stage *run_leaf(const struct run *run)
{
    const struct instance *instance = run->instance;
    const struct active_stage *leaf = NULL;
    if (instance_entry(instance, run->env.at) != NULL) {
        leaf = instance_next_leaf(instance, run->env.at, NULL);
    }
    if (leaf == NULL && instance_entry(instance, run->action_entry) != NULL) {
        leaf = instance_next_leaf(instance, run->action_entry, NULL);
    }
    return leaf != NULL ? leaf : instance_next_leaf(instance, 0, NULL);
}

const struct open_task *run_task(const struct run *run)
{
    const struct active_stage *leaf = run_leaf(run);
    return leaf != NULL ? instance_main_task(run->instance, leaf->entry) : NULL;
}

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
            bool is_pressed = (task.flags & TASK_FLAG_SIDE) == 0 && entry == run->pressed_at;
            run_close_task(run, &task, is_pressed && run->done_by_person);
        }
    }
}

// `on enter`, `on exit` (rule 10): steps without a flow in the middle of a transition. The one that
// goes on afterwards finds its own answers and its own place again.
static enum run_result run_hook(struct run *run, uint32_t block, struct active_stage at)
{
    if (block == INDEX_NONE) {
        return RUN_ON;
    }
    struct run outer = *run;
    uint32_t locals = run->program->image.process[0].local_count;
    run->locals = ARENA_ARRAY(run->d->arena, struct value, locals + 1);
    run->env.locals = run->locals;
    run->env.at = at.entry;
    run->env.me = 0;
    run->braces = at.stage;
    run->action_entry = at.entry;
    enum run_result result = run_block(run, block);
    run->locals = outer.locals;
    run->env.locals = outer.locals;
    run->env.at = outer.env.at;
    run->env.me = outer.env.me;
    run->braces = outer.braces;
    run->action_entry = outer.action_entry;
    return result;
}

static enum run_result exit_stage(struct run *run, struct active_stage at)
{
    uint32_t on_exit = run->program->image.stage[at.stage].on_exit;
    if (run_hook(run, on_exit, at) == RUN_REFUSED) {
        return RUN_REFUSED;
    }
    close_tasks_of(run, at.entry);
    cancel_timers_of(run, at.entry);
    struct event event = { .kind = EVENT_STAGE_EXITED,
                           .stage_exited = { run->instance->head.id, at.stage, at.entry } };
    decide_emit(run->d, &event);
    return RUN_ON;
}

enum run_result run_exit_inside(struct run *run, uint32_t around)
{
    enum run_result result = RUN_ON;
    for (uint32_t i = run->instance->head.active_count; i > 0 && result == RUN_ON; i--) {
        struct active_stage at = run->instance->active[i - 1];
        if (at.entry != around && instance_inside(run->instance, at.entry, around)) {
            result = exit_stage(run, at);
        }
    }
    return result;
}

// --------------------------------------------------------------------------------- timers

// The same in working time, step by step from the last firing; after a very long silence from now.
static bool next_of_working(const struct run *run, struct eval_env *env, const struct value *every,
                            uint64_t *ret_due)
{
    enum { CATCH_UP_MAX = 2000 };
    uint64_t due = env->now_ms;
    for (uint32_t i = 0; i < CATCH_UP_MAX && due <= run->d->now_ms; i++) {
        if (!eval_add(env, due, every->unit, every->number, &due)) {
            return false;
        }
    }
    *ret_due = due;
    return due > run->d->now_ms ||
           (eval_add(env, run->d->now_ms, every->unit, every->number, ret_due) &&
            *ret_due > run->d->now_ms);
}

// `every D`, rule 17: the first multiple of D after `base` that is still to come, so that after
// downtime one firing stands for all that were missed. False: D is empty, or no time at all.
static bool next_of_every(const struct run *run, struct eval_env *env,
                          const struct image_timer *timer, uint64_t *ret_due)
{
    static const uint64_t at_most_ms[] = {
        [DURATION_MS] = 1,
        [DURATION_DAY] = 86400000ull,
        [DURATION_WEEK] = 7 * 86400000ull,
        [DURATION_MONTH] = 31 * 86400000ull,
    };
    struct value every = eval(env, timer->moment);
    if (every.kind == VALUE_DURATION && every.number > 0 && every.unit > DURATION_MONTH) {
        return next_of_working(run, env, &every, ret_due);
    }
    if (every.kind != VALUE_DURATION || every.number <= 0 ||
        every.unit >= ARRAY_COUNT(at_most_ms) ||
        every.number > (int64_t)(MOMENT_MS_MAX / at_most_ms[every.unit])) {
        return false;
    }
    uint64_t base = env->now_ms;
    uint64_t step = (uint64_t)every.number * at_most_ms[every.unit];
    uint64_t times = run->d->now_ms > base ? (run->d->now_ms - base) / step : 0;
    do { // months are shorter than the step: a few more
        times++;
        if (!eval_add(env, base, every.unit, every.number * (int64_t)times, ret_due)) {
            return false;
        }
    } while (*ret_due <= run->d->now_ms && *ret_due < MOMENT_MS_MAX);
    return *ret_due > run->d->now_ms;
}

void run_arm_timer(struct run *run, uint32_t number, uint32_t entry, uint64_t base)
{
    const struct image_timer *timer = &run->program->image.timer[number];
    struct eval_env env = run->env;
    env.refusal = (struct refusal){ 0 };
    env.now_ms = base; // `after D` counts from here
    uint64_t due;
    bool known = timer->kind == TIMER_EVERY ? next_of_every(run, &env, timer, &due)
                                            : eval_moment(&env, timer->moment, &due);
    if (!known) {
        return; // an empty moment arms nothing; `at` is looked at again when its field changes
    }
    if (run->instance->head.timer_count == TIMERS_MAX) {
        (void)REFUSE(run->d, LIMIT, "this case has TIMERS_MAX = %d timers", TIMERS_MAX);
        return;
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
        if (at.stage == 0 && frame_count(run->instance) > 0) {
            continue; // frozen; looked at when the case goes on
        }
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

static enum run_result enter_stage(struct run *run, uint32_t stage, uint32_t around,
                                   uint32_t *ret_entry)
{
    struct active_stage at = { .stage = stage, .entry = run->instance->head.next_entry };
    *ret_entry = at.entry;
    if (run->instance->head.active_count == ACTIVE_STAGES_MAX) {
        return REFUSE(run->d, LIMIT, "this case stands in ACTIVE_STAGES_MAX = %d stages at once",
                      ACTIVE_STAGES_MAX);
    }
    struct event event = { .kind = EVENT_STAGE_ENTERED,
                           .stage_entered = { run->instance->head.id, stage, at.entry, around } };
    decide_emit(run->d, &event);
    run_arm(run, stage, at.entry);
    return run_hook(run, run->program->image.stage[stage].on_enter, at);
}

enum run_result run_enter_body(struct run *run) { return enter_stage(run, 0, 0, &run->env.at); }

static enum run_result enter_branches(struct run *run, uint32_t stage, uint32_t entry);

// What is entered with a stage: its first child, down to a leaf, whose task is made; or all
// branches (as deep as stages are nested).
static enum run_result enter_inside(struct run *run, uint32_t stage, uint32_t entry, uint32_t due)
{
    const struct image *image = &run->program->image;
    while (image->stage[stage].first_child != INDEX_NONE &&
           image->stage[stage].parallel == INDEX_NONE) {
        stage = image->stage[stage].first_child;
        if (enter_stage(run, stage, entry, &entry) == RUN_REFUSED) {
            return RUN_REFUSED;
        }
    }
    run->env.at = entry;
    if (image->stage[stage].parallel != INDEX_NONE) {
        return enter_branches(run, stage, entry);
    }
    uint32_t task = image->stage[stage].task;
    return task != INDEX_NONE ? run_open_task(run, task, entry, due) : RUN_ON;
}

// --------------------------------------------------------------------------------- branches

// Enough of the branches that were entered are done; those whose `if` did not hold do not count.
static bool is_joined(const struct run *run, uint32_t entry)
{
    const struct active_stage *at = instance_entry(run->instance, entry);
    const struct image *image = &run->program->image;
    uint32_t until = image->parallel[image->stage[at->stage].parallel].until;
    return instance_branches(run->instance, entry) == 0 || (until > 0 && at->done >= until);
}

// The branches that are left are exited, their tasks withdrawn (rule 46); what follows runs.
static enum run_result run_join(struct run *run, uint32_t entry)
{
    const struct image *image = &run->program->image;
    uint32_t stage = instance_entry(run->instance, entry)->stage;
    const struct image_parallel *parallel = &image->parallel[image->stage[stage].parallel];
    if (run->chained == MOVES_CHAINED_MAX) {
        return REFUSE(run->d, LIMIT, "more than MOVES_CHAINED_MAX = %d joins in a row",
                      MOVES_CHAINED_MAX);
    }
    if (run_exit_inside(run, entry) == RUN_REFUSED) {
        return RUN_REFUSED;
    }
    run->braces = stage;
    run->action_entry = entry;
    run->env.at = entry;
    run->chained++;
    enum run_result result = run_block(run, parallel->block);
    run->chained--;
    if (result == RUN_ON) {
        return REFUSE(run->d, ASLEEP, "what follows the parallel of `%.*s` has no `=>`",
                      SLICE_PRINT(image_slice(image, image->stage[stage].name)));
    }
    return result;
}

static bool is_opening(const struct run *run, uint32_t entry)
{
    for (uint32_t i = 0; i < run->opening_count; i++) {
        if (run->opening[i] == entry) {
            return true;
        }
    }
    return false;
}

// All whose `if` holds; each is read before the first of them is entered. None: what follows runs
// at once. A branch may be done as soon as it is entered (a parallel in it had none), or lead away.
static enum run_result enter_branches(struct run *run, uint32_t stage, uint32_t entry)
{
    const struct image *image = &run->program->image;
    uint32_t chosen[ACTIVE_STAGES_MAX];
    uint32_t count = 0;
    for (uint32_t at = image->stage[stage].first_child; at != INDEX_NONE;
         at = image->stage[at].next_sibling) {
        bool holds = image->stage[at].guard == INDEX_NONE ||
                     eval_condition(&run->env, image->stage[at].guard);
        if (run_take_refusal(run)) {
            return RUN_REFUSED;
        }
        if (image->stage[at].guard != INDEX_NONE) {
            run_tell_condition(run, SLICE("branch"), image->stage[at].line,
                               image->stage[at].guard, holds);
        }
        if (holds && count == ACTIVE_STAGES_MAX) {
            return REFUSE(run->d, LIMIT, "more than ACTIVE_STAGES_MAX = %d branches",
                          ACTIVE_STAGES_MAX);
        }
        chosen[count] = at;
        count += holds ? 1u : 0u;
    }
    if (run->opening_count == ARRAY_COUNT(run->opening)) { // they lead back to one another
        return REFUSE(run->d, LIMIT, "parallels nest deeper than %d in one command",
                      IMAGE_STAGE_DEPTH_MAX);
    }
    run->opening[run->opening_count++] = entry;
    enum run_result result = RUN_ON;
    for (uint32_t i = 0; i < count && instance_entry(run->instance, entry) != NULL; i++) {
        uint32_t inner;
        result = enter_stage(run, chosen[i], entry, &inner);
        if (result == RUN_REFUSED ||
            enter_inside(run, chosen[i], inner, INDEX_NONE) == RUN_REFUSED) {
            return RUN_REFUSED;
        }
    }
    run->opening_count--;
    bool stays = instance_entry(run->instance, entry) != NULL;
    return stays && is_joined(run, entry) ? run_join(run, entry) : RUN_ON;
}

// `=> done`: the branch is left, and the parallel too when enough of its branches are done.
static enum run_result run_done(struct run *run, uint32_t branch)
{
    const struct active_stage *found = instance_active(run->instance, branch);
    if (found == NULL) {
        return REFUSE(run->d, STALE, "this branch is done already");
    }
    struct active_stage at = *found;
    if (run_exit_inside(run, at.entry) == RUN_REFUSED || exit_stage(run, at) == RUN_REFUSED) {
        return RUN_REFUSED;
    }
    struct event event = { .kind = EVENT_BRANCH_DONE,
                           .branch_done = { run->instance->head.id, at.stage, at.entry,
                                            at.around } };
    decide_emit(run->d, &event);
    if (is_opening(run, at.around) || !is_joined(run, at.around)) {
        return RUN_FLOWED;
    }
    return run_join(run, at.around);
}

// From outside nobody enters the middle of a parallel (rule 46): only a branch that is active can
// be entered anew. The checker knows; a move by hand may ask for it.
static bool enters_middle(const struct run *run, const uint32_t *path, uint32_t depth)
{
    for (uint32_t i = 0; i < depth; i++) {
        if (image_is_branch(&run->program->image, path[i]) &&
            instance_active(run->instance, path[i]) == NULL) {
            return true;
        }
    }
    return false;
}

// Rule 10: what source and target share outside both is kept; the target's own leaf is re-entered.
// Gives the stages to enter, the outermost last, and the entry around them.
static uint32_t path_to(const struct run *run, uint32_t stage, uint32_t *path, uint32_t *ret_depth)
{
    const struct image *image = &run->program->image;
    const struct active_stage *above = NULL;
    *ret_depth = 0;
    for (uint32_t at = stage; at != INDEX_NONE && above == NULL;) {
        CHECK(*ret_depth <= IMAGE_STAGE_DEPTH_MAX);
        path[(*ret_depth)++] = at;
        at = image->stage[at].parent;
        above = at != INDEX_NONE ? instance_active(run->instance, at) : NULL;
    }
    return above != NULL ? above->entry : 0;
}

enum run_result run_enter(struct run *run, uint32_t stage, uint32_t around, uint32_t due)
{
    uint32_t entry;
    if (enter_stage(run, stage, around, &entry) == RUN_REFUSED) {
        return RUN_REFUSED;
    }
    return enter_inside(run, stage, entry, due);
}

enum run_result run_transition(struct run *run, uint32_t stage, uint32_t due)
{
    uint32_t path[IMAGE_STAGE_DEPTH_MAX + 1];
    uint32_t depth;
    if (run_leave_frames(run, stage) == RUN_REFUSED) {
        return RUN_REFUSED;
    }
    uint32_t entry = path_to(run, stage, path, &depth);
    if (enters_middle(run, path, depth)) {
        const struct image *image = &run->program->image;
        return REFUSE(run->d, INTO_BRANCH, "`%.*s` stands inside a parallel",
                      SLICE_PRINT(image_slice(image, image->stage[stage].name)));
    }
    const struct active_stage *again = instance_active(run->instance, stage);
    if (image_is_branch(&run->program->image, stage) && again != NULL) {
        struct active_stage branch = *again; // the branches beside it stay
        if (run_exit_inside(run, branch.entry) == RUN_REFUSED ||
            exit_stage(run, branch) == RUN_REFUSED) {
            return RUN_REFUSED;
        }
    } else if (run_exit_inside(run, entry) == RUN_REFUSED) {
        return RUN_REFUSED;
    }
    while (depth > 0) {
        if (enter_stage(run, path[--depth], entry, &entry) == RUN_REFUSED) {
            return RUN_REFUSED;
        }
    }
    return enter_inside(run, stage, entry, due) == RUN_REFUSED ? RUN_REFUSED : RUN_FLOWED;
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

enum run_result run_end_exit(struct run *run, uint32_t end, enum outcome outcome,
                             struct slice name)
{
    if (run_unwind(run) == RUN_REFUSED || run_exit_inside(run, 0) == RUN_REFUSED) {
        return RUN_REFUSED;
    }
    uint64_t child = 0;
    view_children(run->d->view, run->instance->head.id, first_open_child, &child);
    if (child != 0) {
        return REFUSE(run->d, CHILDREN_OPEN, "case %llu cannot end: case %llu under it is open",
                      (unsigned long long)run->instance->head.id, (unsigned long long)child);
    }
    fields_release_keys(run, true);
    run_drop_kept(run);
    struct event event = { .kind = EVENT_INSTANCE_ENDED,
                           .instance_ended = { run->instance->head.id, end, (uint8_t)outcome,
                                               name } };
    decide_emit(run->d, &event);
    return RUN_ON;
}

void decide_push_follow(struct decide *d, const struct decide_follow *follow)
{
    if (d->follow_count == d->follow_capacity) {
        uint32_t capacity = d->follow_capacity * 2 + 8;
        struct decide_follow *grown = ARENA_ARRAY(d->arena, struct decide_follow, capacity);
        if (d->follow_count > 0) {
            memcpy(grown, d->follows, sizeof(grown[0]) * d->follow_count);
        }
        d->follows = grown;
        d->follow_capacity = capacity;
    }
    d->follows[d->follow_count++] = *follow;
}

void run_follow_parent(struct run *run, enum outcome outcome, struct slice name)
{
    const struct instance_head *head = &run->instance->head;
    if (head->parent != 0) {
        struct decide_follow follow = {
            .kind = COMMAND_CHILD_ENDED, .parent = head->parent, .child = head->id,
            .collection = head->collection, .round = head->round, .outcome = (uint8_t)outcome,
            .end = name,
        };
        decide_push_follow(run->d, &follow);
    }
}

enum run_result run_end(struct run *run, uint32_t number)
{
    const struct image *image = &run->program->image;
    const struct image_end *end = &image->end[number];
    static const enum outcome outcomes[] = { OUTCOME_PLAIN, OUTCOME_SUCCESS, OUTCOME_FAILURE };
    struct slice name = image_slice(image, end->name);
    if (run_end_exit(run, number, outcomes[end->kind], name) == RUN_REFUSED) {
        return RUN_REFUSED;
    }
    run_follow_parent(run, outcomes[end->kind], name);
    return RUN_FLOWED;
}

// Rule 44: passed at once, from where the case stands.
static enum run_result pass_choice(struct run *run, uint32_t number)
{
    const struct image *image = &run->program->image;
    const struct image_choice *choice = &image->choice[number];
    if (run->chained == MOVES_CHAINED_MAX) {
        return REFUSE(run->d, LIMIT, "more than MOVES_CHAINED_MAX = %d choices in a row",
                      MOVES_CHAINED_MAX);
    }
    run->chained++;
    enum run_result result = run_block(run, choice->block);
    run->chained--;
    if (result == RUN_ON) {
        return REFUSE(run->d, ASLEEP, "choice `%.*s` took a path without `=>`",
                      SLICE_PRINT(image_slice(image, choice->name)));
    }
    return result;
}

enum run_result run_goto(struct run *run, uint32_t number)
{
    const struct image_goto *flow = &run->program->image.flow[number];
    switch ((enum image_target)flow->target_kind) {
    case TARGET_STAGE: return run_transition(run, flow->target, flow->due);
    case TARGET_END: return run_end(run, flow->target);
    case TARGET_CHOICE: return pass_choice(run, flow->target);
    case TARGET_DONE: return run_done(run, flow->target);
    }
    UNREACHABLE();
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
    if (run_end_exit(run, INDEX_NONE, OUTCOME_CANCELLED, SLICE("cancelled")) == RUN_REFUSED) {
        return;
    }
    struct instance_head head = run->instance->head;
    if (tell_parent && head.parent != 0) {
        struct event ended = { .kind = EVENT_CHILD_ENDED,
                               .child_ended = { head.parent, head.id, head.collection, head.round,
                                                OUTCOME_CANCELLED, SLICE("cancelled") } };
        decide_emit(run->d, &ended);
    } else if (head.parent != 0) {
        run_follow_parent(run, OUTCOME_CANCELLED, SLICE("cancelled"));
    }
}
