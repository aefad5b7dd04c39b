// Rule 42 on a live case: what will move it on? The checker asks the same of every leaf stage; what
// it found is in image_stage.waits, and here it is tested against the people and timers there
// really are.
#include "base/limits.h"
#include "engine/core/core_internal.h"
#include "engine/decide/rights.h"

static bool can_be_done(const struct view *view, const struct instance *instance,
                        const struct view_program *program, const struct open_task *task)
{
    struct rights_task offer = rights_task_of(program, instance, task);
    return rights_can_be_done(view, &offer);
}

// A timer of a stage around the leaf, or of the leaf itself.
static bool timer_moves_on(const struct instance *instance, const struct image *image,
                           const struct active_stage *leaf, uint64_t now_ms)
{
    for (uint32_t i = 0; i < instance->head.timer_count; i++) {
        const struct armed_timer *timer = &instance->timer[i];
        if (timer->def >= image->timer_count || timer->due > now_ms + WAKE_HORIZON_MS ||
            !instance_inside(instance, leaf->entry, timer->entry)) {
            continue;
        }
        const struct image_timer *def = &image->timer[timer->def];
        bool idle = def->kind == TIMER_AFTER_IDLE;
        if (def->leaves != 0 && (idle || def->stage != 0)) {
            return true;
        }
    }
    return false;
}

static bool children_open(const struct instance *instance)
{
    for (uint32_t i = 0; i < instance->head.collection_count; i++) {
        if (instance->collection[i].open > 0) {
            return true;
        }
    }
    return false;
}

// A call on its way moves the case on when it says what follows if it fails.
static bool call_moves_on(const struct instance *instance, const struct image *image)
{
    for (uint32_t i = 0; i < instance->head.call_count; i++) {
        const struct open_call *call = &instance->call[i];
        if (call->due != CALL_DUE_PARKED && call->send < image->send_count &&
            image->send[call->send].otherwise != INDEX_NONE) {
            return true;
        }
    }
    return false;
}

struct role_search {
    uint32_t role;
    bool found;
};

static bool is_of_role(void *context, const struct view_incident_row *row)
{
    struct role_search *search = context;
    search->found = row->instance == 0 && row->role == search->role;
    return !search->found;
}

// A role that was left without anybody has an incident of its own: an administrator knows.
static bool role_has_incident(const struct view *view, uint32_t role)
{
    struct role_search search = { .role = role };
    if (view_counters(view)->open_incidents > 0) {
        view_incidents(view, is_of_role, &search);
    }
    return search.found;
}

static const char *leaf_asleep(const struct view *view, const struct instance *instance,
                               const struct view_program *program,
                               const struct active_stage *leaf, uint64_t now_ms)
{
    if (leaf->stage >= program->image.stage_count) {
        return "it stands at no stage";
    }
    uint32_t waits = program->image.stage[leaf->stage].waits;
    const struct open_task *task = instance_main_task(instance, leaf->entry);
    if (task != NULL && (waits & WAIT_TASK) != 0 && can_be_done(view, instance, program, task)) {
        return NULL;
    }
    if (timer_moves_on(instance, &program->image, leaf, now_ms)) {
        return NULL;
    }
    if ((waits & WAIT_CHILDREN) != 0 && children_open(instance)) {
        return NULL;
    }
    if (call_moves_on(instance, &program->image)) {
        return NULL;
    }
    if (task != NULL && (waits & WAIT_TASK) != 0) {
        if (role_has_incident(view, task->role)) {
            return NULL;
        }
        return "nobody can do its task: no active user holds the role, nor one above it";
    }
    return "no task, no timer and no open case under it will move it on";
}

// Of the branches of a parallel, as many must come on as are still to be done.
static const char *asleep_inside(const struct view *view, const struct instance *instance,
                                 const struct view_program *program,
                                 const struct active_stage *at, uint64_t now_ms)
{
    uint32_t branches = instance_branches(instance, at->entry);
    if (branches == 0 || at->stage >= program->image.stage_count) {
        return leaf_asleep(view, instance, program, at, now_ms);
    }
    const struct image *image = &program->image;
    uint32_t parallel = image->stage[at->stage].parallel;
    uint32_t until = parallel != INDEX_NONE ? image->parallel[parallel].until : 0;
    uint32_t needed = until > at->done && until - at->done < branches ? until - at->done : branches;
    const char *why = NULL;
    for (uint32_t i = 0; i < instance->head.active_count; i++) {
        const struct active_stage *inner = &instance->active[i];
        if (inner->around != at->entry) {
            continue;
        }
        const char *one = asleep_inside(view, instance, program, inner, now_ms);
        needed -= one == NULL && needed > 0 ? 1u : 0u;
        why = why != NULL ? why : one;
    }
    return needed == 0 ? NULL : why;
}

const char *core_asleep(const struct view *view, const struct instance *instance, uint64_t now_ms)
{
    const struct view_program *program = view_program(view, instance->head.program);
    const struct active_stage *body = instance_active(instance, 0);
    if (program == NULL) {
        return "its process version cannot be read";
    }
    if (instance->head.incident_count > 0) {
        return NULL; // an administrator has it on his list
    }
    if (body == NULL) {
        return "it stands at no stage";
    }
    return asleep_inside(view, instance, program, body, now_ms);
}
