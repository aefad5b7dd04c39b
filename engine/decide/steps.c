// Blocks of steps, run top to bottom; each step sees the effects of those above (rule 8).
#include "engine/decide/decide_internal.h"

static enum run_result ask(struct run *run, const struct image_step *step)
{
    // Answers are bound before the first step; here only an ask inside a branch that is really
    // taken insists on its answer.
    const struct image *image = &run->program->image;
    const struct image_ask *ask = &image->ask[step->a];
    struct value value = ask->field != INDEX_NONE ? eval_field(&run->env, ask->field)
                                                  : run->locals[ask->local];
    if ((ask->flags & ASK_REQUIRED) != 0 && value_is_empty(&value)) {
        struct slice name = image_slice(image, ask->name);
        return decide_refuse(run->d, REFUSAL_BAD_FORM,
                             arena_format(run->d->arena, "`%.*s` must be answered",
                                          SLICE_PRINT(name)),
                             name);
    }
    return RUN_ON;
}

static enum run_result assign(struct run *run, const struct image_step *step)
{
    struct value value = eval(&run->env, step->c);
    if (run_take_refusal(run)) {
        return RUN_REFUSED;
    }
    if (step->a == ASSIGN_FIELD) {
        return run_set_field(run, step->b, value);
    }
    uint32_t role = run->program->roles[step->b];
    uint32_t user = value.kind == VALUE_USER ? (uint32_t)value.number : 0;
    if (user != 0 && !view_holds(run->d->view, user, role)) { // rule 45
        const struct view_user *person = view_user(run->d->view, user);
        return REFUSE(run->d, ROLE_NOT_HELD, "`%.*s` does not hold the role `%.*s`",
                      SLICE_PRINT(person != NULL ? person->name : SLICE("nobody")),
                      SLICE_PRINT(run_name_of_role(run, step->b)));
    }
    if (instance_slot(run->instance, role) != user) {
        assign_set_slot(run, role, user, SLICE("assigned"));
        if (run->slot_assigned == NULL) {
            run->slot_assigned = ARENA_ARRAY(run->d->arena, bool, run->program->image.role_count);
        }
        run->slot_assigned[step->b] = true;
    }
    return RUN_ON;
}

static enum run_result require(struct run *run, const struct image_step *step)
{
    bool holds = eval_condition(&run->env, step->a);
    if (run_take_refusal(run)) {
        return RUN_REFUSED;
    }
    if (holds) {
        return RUN_ON;
    }
    struct eval_env env = run->env;
    env.lang = run->d->command->lang;
    struct slice message = eval_text(&env, step->b);
    return decide_refuse(run->d, REFUSAL_REQUIRED, message, SLICE_EMPTY);
}

static enum run_result branch(struct run *run, const struct image_step *step)
{
    bool holds = eval_condition(&run->env, step->a);
    if (run_take_refusal(run)) {
        return RUN_REFUSED;
    }
    run_tell_condition(run, SLICE("if"), step->line, step->a, holds);
    if (holds) {
        return run_block(run, step->b);
    }
    return step->c == INDEX_NONE ? RUN_ON : run_block(run, step->c);
}

static enum run_result notify(struct run *run, const struct image_step *step)
{
    struct slice text = eval_text(&run->env, step->b);
    if (run_take_refusal(run)) {
        return RUN_REFUSED;
    }
    uint64_t at = run->d->now_ms;
    if (!eval_within(&run->env, step->c, &at)) {
        (void)run_take_refusal(run);
        return RUN_REFUSED;
    }
    const struct open_task *task = run_task(run);
    struct notice notice = { text, at > run->d->now_ms ? at : 0,
                             task != NULL && (task->flags & TASK_FLAG_URGENT) != 0,
                             &run->env, step->b };
    run_notify_role(run, step->a, &notice);
    return RUN_ON;
}

// --------------------------------------------------------------------------------- convert

// The process that one item becomes: by its enum member, or the only pair.
static struct slice process_for(struct run *run, const struct image_convert *convert,
                                const struct value *member)
{
    const struct image *image = &run->program->image;
    for (uint32_t i = 0; i < convert->pairs.count; i++) {
        const struct image_pair *pair = &image->pair[convert->pairs.first + i];
        if (pair->member.len == 0 ||
            (member->kind == VALUE_TEXT &&
             slice_equal(image_slice(image, pair->member), member->text))) {
            return image_slice(image, pair->process);
        }
    }
    return SLICE_EMPTY;
}

static enum run_result convert_item(struct run *run, uint32_t number, uint32_t round,
                                    const struct value *item)
{
    const struct image_convert *convert = &run->program->image.convert[number];
    struct value member = *item;
    if (convert->local != INDEX_NONE) {
        run->locals[convert->local] = *item;
    }
    if (convert->by != INDEX_NONE) {
        member = eval(&run->env, convert->by);
        if (run_take_refusal(run)) {
            return RUN_REFUSED;
        }
    }
    struct slice process = process_for(run, convert, &member);
    if (process.len == 0) {
        return REFUSE(run->d, EMPTY_SET, "an item names no process to become");
    }
    return decide_start_child(run, number, process, round);
}

struct round_search {
    uint32_t collection, round;
};

static bool note_round(void *context, const struct view_child_row *row)
{
    struct round_search *search = context;
    if (row->collection == search->collection && row->round > search->round) {
        search->round = row->round;
    }
    return true;
}

// One that no child has: a conversion that was taken back leaves its children behind, cancelled.
static uint32_t next_round(const struct run *run, uint32_t collection)
{
    struct round_search search = { .collection = collection };
    view_children(run->d->view, run->instance->head.id, note_round, &search);
    return search.round + 1;
}

static enum run_result convert(struct run *run, const struct image_step *step)
{
    const struct image_convert *convert = &run->program->image.convert[step->a];
    struct value items = value_empty();
    uint32_t count = 1;
    if (convert->each != INDEX_NONE) {
        items = eval(&run->env, convert->each);
        if (run_take_refusal(run)) {
            return RUN_REFUSED;
        }
        count = items.kind == VALUE_LIST ? items.list.count : 0;
    }
    if (count == 0) { // rule 30
        return REFUSE(run->d, EMPTY_SET, "there is nothing to convert: the set is empty");
    }
    if (count > CHILDREN_PER_CONVERT_MAX) {
        return REFUSE(run->d, LIMIT, "%u cases at once are more than CHILDREN_PER_CONVERT_MAX = %d",
                      count, CHILDREN_PER_CONVERT_MAX);
    }
    uint32_t round = next_round(run, convert->collection);
    struct event event = { .kind = EVENT_CONVERTED,
                           .converted = { run->instance->head.id, convert->collection, round,
                                          count } };
    decide_emit(run->d, &event);
    for (uint32_t i = 0; i < count; i++) {
        struct value none = value_empty();
        const struct value *item = convert->each != INDEX_NONE ? &items.list.items[i] : &none;
        if (convert_item(run, step->a, round, item) == RUN_REFUSED) {
            return RUN_REFUSED;
        }
    }
    return RUN_ON;
}

static enum run_result again(struct run *run, uint32_t due)
{
    struct due_moment moment;
    if (!run_due(run, due, &moment)) {
        return RUN_REFUSED;
    }
    enum run_result result = run_replan(run, &moment, INDEX_NONE, 0, SLICE("again"));
    return result == RUN_REFUSED ? RUN_REFUSED : RUN_FLOWED;
}

static enum run_result run_step(struct run *run, const struct image_step *step)
{
    switch ((enum image_step_kind)step->kind) {
    case STEP_ASK: return ask(run, step);
    case STEP_ASSIGN: return assign(run, step);
    case STEP_REQUIRE: return require(run, step);
    case STEP_IF: return branch(run, step);
    case STEP_NOTIFY: return notify(run, step);
    case STEP_CONVERT: return convert(run, step);
    case STEP_CANCEL: return run_cancel_children(run, step->a);
    case STEP_TASK: {
        const struct active_stage *at = instance_active(run->instance, run->braces);
        return run_open_side_task(run, step->a, at != NULL ? at->entry : run->action_entry);
    }
    case STEP_GOTO: return run_goto(run, step->a);
    case STEP_AGAIN: return again(run, step->a);
    case STEP_RETRY: return run_retry(run, step->a, step->b);
    case STEP_ESCALATE: return run_escalate(run, step);
    case STEP_BACK: return run_back(run, step->a);
    case STEP_MERGE: return run_merge(run, step->a);
    case STEP_SEND: return run_send(run, step->a);
    case STEP_KIND_COUNT: break;
    }
    UNREACHABLE();
}

enum run_result run_block(struct run *run, uint32_t number)
{
    const struct image_block *block = &run->program->image.block[number];
    for (uint32_t i = 0; i < block->count; i++) {
        if (run->d->steps_left == 0) {
            return REFUSE(run->d, LIMIT, "one command ran STEPS_PER_COMMAND_MAX = %d steps",
                          STEPS_PER_COMMAND_MAX);
        }
        run->d->steps_left--;
        enum run_result result = run_step(run, &run->program->image.step[block->first + i]);
        run_tell_hits(run);
        if (result != RUN_ON) {
            return result;
        }
    }
    return RUN_ON;
}
