// Holds the engine's cases against the model's.
#include "engine/core/core.h"
#include "engine/state/frame.h"
#include "tests/sim/model.h"
#include "tests/sim/sim.h"

// --------------------------------------------------------------------------------- comparing

struct child_count {
    uint32_t round, all, open;
};

static bool count_child(void *context, const struct view_child_row *row)
{
    struct child_count *count = context;
    if (row->round == count->round) {
        count->all++;
        count->open += row->state == 0 ? 1u : 0u;
    }
    return true;
}

static void compare_children(struct model *model, const struct view *view,
                             const struct model_case *c, const struct instance *instance)
{
    struct child_count count = { .round = c->round };
    const struct collection_state *state = instance_collection(instance, 0);
    view_children(view, c->id, count_child, &count);
    if (count.all != c->total || count.open != c->open_jobs) {
        model_break(model, ORACLE_CHILDREN,
                    "case %llu has %u cases under it, %u open; not %u and %u",
                    (unsigned long long)c->id, count.all, count.open, c->total, c->open_jobs);
    }
    if (c->round > 0 && (state == NULL || state->round != c->round || state->total != c->total ||
                         state->open != c->open_jobs || state->succeeded != c->succeeded ||
                         state->failed != c->failed || state->cancelled != c->cancelled)) {
        model_break(model, ORACLE_CHILDREN, "case %llu counts its children wrongly",
                    (unsigned long long)c->id);
    }
}

static void compare_task(struct model *model, const struct model_case *c,
                         const struct instance *instance)
{
    const struct open_task *task = instance_main_task(instance, 0);
    const struct model_task *wanted = &c->task;
    if ((task != NULL) != wanted->open) {
        model_break(model, ORACLE_MODEL, "case %llu has %s task", (unsigned long long)c->id,
                    task != NULL ? "a" : "no");
        return;
    }
    if (task == NULL) {
        return;
    }
    if (task->due != wanted->due) {
        model_break(model, ORACLE_LADDER, "the task of case %llu is due at %llu, not at %llu",
                    (unsigned long long)c->id, (unsigned long long)task->due,
                    (unsigned long long)wanted->due);
    }
    if (task->holder != wanted->holder ||
        staff_role_of(&model->staff, task->offered) != wanted->offered) {
        model_break(model, ORACLE_MODEL,
                    "the task of case %llu is held by user %u, not %u; "
                    "offered to role %u, not %u",
                    (unsigned long long)c->id, task->holder, wanted->holder,
                    staff_role_of(&model->staff, task->offered), wanted->offered);
    }
    if (task->tries != wanted->tries || task->overdue_rung != wanted->rung ||
        task->overdue_next != wanted->overdue_next) {
        model_break(model, ORACLE_LADDER,
                    "the task of case %llu: tries %u, rung %u, next %llu; not "
                    "%u, %u, %llu",
                    (unsigned long long)c->id, task->tries, task->overdue_rung,
                    (unsigned long long)task->overdue_next, wanted->tries, wanted->rung,
                    (unsigned long long)wanted->overdue_next);
    }
}

// How often a button was pressed that climbs a ladder, or may be pressed so many times only, since
// the stage was entered.
static void compare_positions(struct model *model, const struct model_case *c,
                              const struct instance *instance)
{
    const struct active_stage *leaf = instance_next_leaf(instance, 0, NULL);
    uint32_t climbed = 0;
    uint32_t pressed = 0;
    for (uint32_t i = 0; leaf != NULL && i < instance->head.position_count; i++) {
        const struct ladder_position *at = &instance->position[i];
        bool here = at->entry == leaf->entry && at->of < POSITION_LADDER;
        climbed += here && at->of < POSITION_PRESSES ? at->position : 0;
        pressed += here && at->of >= POSITION_PRESSES ? at->position : 0;
    }
    if (!c->pair && (climbed != c->position || pressed != c->laters)) {
        model_break(model, ORACLE_LADDER,
                    "case %llu has climbed %u rungs and put off %u times; not %u and %u",
                    (unsigned long long)c->id, climbed, pressed, c->position, c->laters);
    }
}

// What an escalation has set aside: only another version gives its stage another number.
static void compare_frame(struct model *model, const struct view *view, const struct model_case *c,
                          const struct instance *instance)
{
    const struct view_program *program = view_program(view, instance->head.program);
    if (c->stage != AT_PROBLEM || program == NULL) {
        return;
    }
    const struct frame *frame =
        frame_count(instance) == 1 ? view_frame(view, instance, 0) : NULL;
    const char *wanted = model_stage_names[c->frame.stage];
    struct slice at = SLICE("nowhere");
    if (frame != NULL && frame->head.stage_count > 0) { // the innermost is the last
        const struct active_stage *leaf = &frame->stage[frame->head.stage_count - 1];
        at = image_slice(&program->image, program->image.stage[leaf->stage].name);
    }
    if (!slice_equal(at, slice_from_cstr(wanted))) {
        model_break(model, c->renewed ? ORACLE_VERSION : ORACLE_MODEL,
                    "case %llu set aside that it stood in %.*s, not in %s",
                    (unsigned long long)c->id, SLICE_PRINT(at), wanted);
    }
}

static void compare_slots(struct model *model, const struct view *view, const struct model_case *c,
                          const struct instance *instance)
{
    static const char *const names[STAFF_ROLES] = { "", "head", "sales", "works" };
    for (enum staff_role role = OF_HEAD; role < STAFF_ROLES; role++) {
        uint32_t number = view_role_number(view, slice_from_cstr(names[role]));
        uint32_t user = number != 0 ? instance_slot(instance, number) : 0;
        if (user != c->slot[role]) {
            model_break(model, ORACLE_MODEL, "user %u is `%s` of case %llu, not user %u", user,
                        names[role], (unsigned long long)c->id, c->slot[role]);
        }
    }
}

static void compare_stand(struct model *model, const struct view *view, const struct model_case *c,
                          const struct instance *instance)
{
    const struct view_program *program = view_program(view, instance->head.program);
    const struct active_stage *leaf = instance_next_leaf(instance, 0, NULL);
    struct slice at = SLICE("nowhere");
    if (program != NULL && instance->head.status == INSTANCE_ENDED) {
        at = instance->head.end < program->image.end_count
                 ? image_slice(&program->image, program->image.end[instance->head.end].name)
                 : slice_from_cstr(outcome_name((enum outcome)instance->head.outcome));
    } else if (program != NULL && leaf != NULL) {
        at = image_slice(&program->image, program->image.stage[leaf->stage].name);
    }
    const char *wanted = c->end != NULL ? c->end
                         : c->pair      ? pair_stand(c)
                                        : model_stage_names[c->stage];
    if (!slice_equal(at, slice_from_cstr(wanted)) ||
        (instance->head.status == INSTANCE_ENDED) != (c->end != NULL)) {
        model_break(model, ORACLE_MODEL, "case %llu stands in %.*s, not in %s",
                    (unsigned long long)c->id, SLICE_PRINT(at), wanted);
    }
    uint64_t last = c->touch_count > 0 ? c->touches[c->touch_count - 1] : 0;
    if (instance->head.last_seq != last || instance->head.parent != c->parent) {
        model_break(model, ORACLE_MODEL, "case %llu names %llu as its newest record, not %llu",
                    (unsigned long long)c->id, (unsigned long long)instance->head.last_seq,
                    (unsigned long long)last);
    }
}

static void compare_timers(struct model *model, const struct model_case *c,
                           const struct instance *instance)
{
    uint32_t wanted = c->timer_due != 0 || c->stage == AT_CONTACT ? 1 : 0;
    if (instance->head.timer_count != wanted ||
        (c->timer_due != 0 && instance->timer[0].due != c->timer_due)) {
        model_break(
            model, ORACLE_MODEL, "case %llu has %u timers, the first at %llu; not %u at %llu",
            (unsigned long long)c->id, instance->head.timer_count,
            (unsigned long long)instance->timer[0].due, wanted, (unsigned long long)c->timer_due);
    }
}

static void compare_tried(struct model *model, const struct view *view, const struct model_case *c,
                          const struct instance *instance)
{
    const struct view_program *program = view_program(view, instance->head.program);
    uint32_t field = !model_is_lead(c) || program == NULL
                         ? INDEX_NONE
                         : image_find_field(&program->image, SLICE("tried"));
    if (field == INDEX_NONE) {
        return;
    }
    struct unpack unpack;
    unpack_init(&unpack, view_field(view, instance, field));
    int64_t tried = unpack_int(&unpack);
    if (tried != c->tried) {
        model_break(model, ORACLE_MODEL, "case %llu was tried %lld times, not %lld",
                    (unsigned long long)c->id, (long long)tried, (long long)c->tried);
    }
}

void model_compare(struct model *model, const struct view *view, uint64_t id)
{
    struct model_case *c = model_find(model, id);
    const struct instance *instance = view_instance(view, id, NULL);
    if (c == NULL || instance == NULL) {
        model_break(model, ORACLE_MODEL, "case %llu is only on one side", (unsigned long long)id);
        return;
    }
    compare_stand(model, view, c, instance);
    compare_frame(model, view, c, instance);
    compare_task(model, c, instance);
    compare_positions(model, c, instance);
    compare_timers(model, c, instance);
    compare_slots(model, view, c, instance);
    compare_tried(model, view, c, instance);
    const char *wrong = c->pair   ? pair_compare(c, view, instance)
                        : c->bill ? bill_compare(model, c, view, instance)
                                  : NULL;
    if (wrong != NULL) {
        model_break(model, c->bill ? ORACLE_OUTSIDE : ORACLE_MODEL, "case %llu %s",
                    (unsigned long long)id, wrong);
    }
    compare_children(model, view, c, instance);
    if (model_is_lead(c) && !lines_hold(&c->lines, view, instance)) {
        model_break(model, ORACLE_TOTALS, "the total of case %llu is not that of its lines",
                    (unsigned long long)id);
    }
    const char *why = c->end == NULL ? core_asleep(view, instance, model->now_ms) : NULL;
    if (why != NULL || (c->end == NULL && !c->task.open && c->open_jobs == 0)) {
        model_break(model, ORACLE_ASLEEP, "case %llu sleeps: %s", (unsigned long long)id,
                    why != NULL ? why : "no task and no open case under it");
    }
}

void model_settle(struct model *model)
{
    for (uint32_t i = 0; i < model->case_count; i++) {
        const struct model_case *c = &model->cases[i];
        const struct model_case *parent = model_find(model, c->parent);
        const char *unsettled = bill_unsettled(c);
        if (unsettled != NULL) {
            model_break(model, ORACLE_MESSAGE, "case %llu %s", (unsigned long long)c->id,
                        unsettled);
        }
        if (c->end != NULL && !c->told && parent != NULL && parent->end == NULL) {
            model_break(model, ORACLE_CHILDREN, "case %llu did not hear of the end of case %llu",
                        (unsigned long long)c->parent, (unsigned long long)c->id);
        }
    }
}

void model_compare_loads(struct model *model, const struct view *view)
{
    for (uint32_t user = 1; user < STAFF_MAX; user++) {
        uint32_t load = view_load(view, user);
        uint32_t wanted = model_load_of(model, user);
        if (load != wanted) {
            model_break(model, ORACLE_INDEX, "user %u has %u open tasks by the index, not %u", user,
                        load, wanted);
        }
    }
}
