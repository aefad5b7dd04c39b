// `merge into X` (rule 35), and the same by hand: this case is given up for another one of its
// process. X gets what it had empty, this one ends as merged, and its keys lead to X from now on.
#include "engine/decide/decide_internal.h"

// The case that is to stay open; NULL: refused.
static const struct instance *target_of(struct run *run, uint64_t id)
{
    struct decide *d = run->d;
    unsigned long long number = (unsigned long long)id;
    if (number == 0) {
        (void)REFUSE(d, EMPTY_OPERAND, "it is not said which case this one is to be merged into");
        return NULL;
    }
    enum err err;
    const struct instance *into = view_instance(d->view, number, &err);
    if (into == NULL) {
        if (err == ERR_NOT_FOUND) {
            (void)REFUSE(d, UNKNOWN_INSTANCE, "there is no case %llu", number);
        } else {
            (void)REFUSE(d, ROW_DAMAGED, "the stored row of case %llu does not validate", number);
        }
    } else if (number == run->instance->head.id) {
        (void)REFUSE(d, BAD_FORM, "a case cannot be merged into itself");
    } else if (into->head.process != run->instance->head.process) {
        (void)REFUSE(d, BAD_FORM, "case %llu is of another process", number);
    } else if (into->head.status != INSTANCE_OPEN) {
        (void)REFUSE(d, CASE_ENDED, "case %llu has ended: nothing can be merged into it", number);
    }
    return decide_refused(d) ? NULL : into;
}

// What each field holds, kept beyond the end of the case.
static struct value *values_of(struct run *run)
{
    uint32_t count = run->program->image.field_count;
    struct value *values = ARENA_ARRAY(run->d->arena, struct value, count + 1);
    for (uint32_t i = 0; i < count; i++) {
        struct slice packed = arena_copy(run->d->arena,
                                         view_field(run->d->view, run->instance, i));
        struct unpack unpack;
        unpack_init(&unpack, packed);
        values[i] = packed.len > 0 ? value_unpack(&unpack, run->d->arena) : value_empty();
    }
    return values;
}

// The cases may run different versions of the process: fields are matched by name.
static enum run_result fill_empty(struct run *to, const struct run *from,
                                  const struct value *values)
{
    const struct image *image = &from->program->image;
    const struct image *into = &to->program->image;
    for (uint32_t i = 0; i < image->field_count; i++) {
        uint32_t field = image_find_field(into, image_slice(image, image->field[i].name));
        if (field == INDEX_NONE || value_is_empty(&values[i]) ||
            (image->field[i].flags & (FIELD_FRAME | FIELD_COMPUTED)) != 0 ||
            (into->field[field].flags & FIELD_COMPUTED) != 0 ||
            view_field(to->d->view, to->instance, field).len > 0 ||
            into->type[into->field[field].type].kind != image->type[image->field[i].type].kind) {
            continue;
        }
        if (run_set_field(to, field, values[i]) == RUN_REFUSED) {
            return RUN_REFUSED;
        }
    }
    return RUN_ON;
}

static void lead_keys(struct run *run, const struct value *values, uint64_t into)
{
    const struct image *image = &run->program->image;
    for (uint32_t i = 0; i < image->process[0].keys.count; i++) {
        uint32_t field = image->list[image->process[0].keys.first + i];
        struct slice key;
        if (fields_key_of(run, field, &values[field], &key)) {
            struct event event = { .kind = EVENT_KEY_MERGED,
                                   .key_merged = { run->instance->head.id,
                                                   run->instance->head.process,
                                                   image_key_number(image, field), key, into } };
            decide_emit(run->d, &event);
        }
    }
}

static enum run_result tell_other(struct run *run, uint64_t into, const struct value *values,
                                  struct slice reason)
{
    struct decide *d = run->d;
    struct run *other = ARENA_NEW(d->arena, struct run);
    if (!run_open(other, d, view_instance(d->view, into, NULL))) {
        return RUN_REFUSED;
    }
    struct event event = { .kind = EVENT_MERGED_FROM,
                           .merged_from = { into, run->instance->head.id, reason } };
    decide_emit(d, &event);
    const struct open_task *task = instance_main_task(other->instance, 0);
    if (task != NULL && task->holder != 0) {
        struct notice notice = { .text =
                                     arena_format(d->arena, "Case %llu was merged into this one",
                                                  (unsigned long long)run->instance->head.id) };
        run_notify_user(other, task->holder, task->role, &notice);
    }
    return fill_empty(other, run, values) == RUN_REFUSED ? RUN_REFUSED : run_settle(other);
}

static enum run_result merge_into(struct run *run, uint64_t number, struct slice reason)
{
    const struct instance *into = target_of(run, number);
    if (into == NULL) {
        return RUN_REFUSED;
    }
    const struct value *values = values_of(run);
    uint64_t id = into->head.id;
    struct event event = { .kind = EVENT_MERGED,
                           .merged = { run->instance->head.id, id, reason } };
    decide_emit(run->d, &event);
    if (run_end_exit(run, INDEX_NONE, OUTCOME_MERGED, SLICE("merged")) == RUN_REFUSED) {
        return RUN_REFUSED;
    }
    lead_keys(run, values, id);
    run_follow_parent(run, OUTCOME_MERGED, SLICE("merged"));
    if (decide_refused(run->d) || tell_other(run, id, values, reason) == RUN_REFUSED) {
        return RUN_REFUSED;
    }
    return RUN_FLOWED;
}

enum run_result run_merge(struct run *run, uint32_t expr)
{
    struct value value = eval(&run->env, expr);
    if (run_take_refusal(run)) {
        return RUN_REFUSED;
    }
    return merge_into(run, value.kind == VALUE_REF ? (uint64_t)value.number : 0, SLICE_EMPTY);
}

// --------------------------------------------------------------------------------- by hand

// Roles that `may move`, for cases that they see; an administrator any.
static bool may_merge(struct run *run, uint64_t into)
{
    struct decide *d = run->d;
    if (d->me == 0) {
        return true;
    }
    struct rights rights = rights_move(d->view, run->program, d->me, d->arena);
    if (!rights.allowed) {
        (void)decide_refuse(d, rights.refusal.code, rights.refusal.message,
                            rights.refusal.subject);
        return false;
    }
    const struct instance *both[] = { run->instance, view_instance(d->view, into, NULL) };
    for (size_t i = 0; i < ARRAY_COUNT(both); i++) {
        const struct view_program *program =
            both[i] != NULL ? view_program(d->view, both[i]->head.program) : NULL;
        if (program != NULL && !rights_see(d->view, both[i], program, d->me)) {
            (void)decide_refuse(d, REFUSAL_NOT_ALLOWED,
                                rights_unseen(d->view, both[i]->head.id, d->me, d->arena),
                                SLICE_EMPTY);
            return false;
        }
    }
    return true;
}

void decide_merge(struct decide *d)
{
    struct run *run = ARENA_NEW(d->arena, struct run);
    if (decide_open_case(d, run) == NULL || !may_merge(run, d->command->child)) {
        return;
    }
    if (d->command->text.len == 0) {
        (void)REFUSE(d, BAD_FORM, "a merge by hand needs a reason");
        return;
    }
    run->outcome = SLICE("merged");
    (void)merge_into(run, d->command->child, clip_text(d->command->text, COMMENT_BYTES_MAX));
}

// --------------------------------------------------------------------------------- an offer

// Depth is bound by IMAGE_BLOCK_DEPTH_MAX: a block stands behind those inside it.
static bool holds_merge(const struct image *image, uint32_t block)
{
    bool found = false;
    for (uint32_t i = 0; block != INDEX_NONE && i < image->block[block].count && !found; i++) {
        const struct image_step *step = &image->step[image->block[block].first + i];
        found = step->kind == STEP_MERGE ||
                (step->kind == STEP_IF &&
                 (holds_merge(image, step->b) || holds_merge(image, step->c))) ||
                (step->kind == STEP_RETRY && holds_merge(image, step->b));
    }
    return found;
}

uint32_t run_merging_action(const struct run *run)
{
    const struct image *image = &run->program->image;
    for (uint32_t i = 0; i < image->action_count; i++) {
        if (instance_active(run->instance, image->action[i].stage) != NULL &&
            holds_merge(image, image->action[i].block)) {
            return i;
        }
    }
    return INDEX_NONE;
}
