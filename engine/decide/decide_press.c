// Press and edit: what a person says has happened (rules 5-12, 21, 23, 43).
#include "engine/decide/decide_internal.h"

// "A", or "A" and "B": where the case stands.
static struct slice places(struct run *run)
{
    const struct image *image = &run->program->image;
    struct slice text = SLICE_EMPTY;
    const struct active_stage *leaf = instance_next_leaf(run->instance, 0, NULL);
    for (; leaf != NULL; leaf = instance_next_leaf(run->instance, 0, leaf)) {
        struct slice label = image_slice(image, image->stage[leaf->stage].label);
        text = arena_format(run->d->arena, "%.*s%s\"%.*s\"", SLICE_PRINT(text),
                            text.len > 0 ? " and " : "", SLICE_PRINT(label));
    }
    return text;
}

// Rule 6: a press names the stage entry, and the task, that the person saw. Body actions are
// exempt.
static bool is_stale(const struct run *run, uint32_t action)
{
    const struct command *command = run->d->command;
    if (run->program->image.action[action].stage == 0) {
        return false;
    }
    bool task_gone =
        command->task != 0 && instance_task_const(run->instance, command->task) == NULL;
    return task_gone ||
           (command->entry != 0 && instance_entry(run->instance, command->entry) == NULL);
}

// The active stage from which the person looks: the entry that he names, or the task's. 0: neither
// is there.
static uint32_t named_place(const struct run *run)
{
    const struct command *command = run->d->command;
    if (instance_entry(run->instance, command->entry) != NULL) {
        return command->entry;
    }
    const struct open_task *task = instance_task_const(run->instance, command->task);
    bool is_main = command->entry == 0 && task != NULL && (task->flags & TASK_FLAG_SIDE) == 0;
    return is_main ? task->entry : 0;
}

static uint32_t find_from(struct run *run, uint32_t from, uint32_t *ret_entry)
{
    return rights_find_action(run->instance, run->program, run->d->command->name, from, ret_entry);
}

// Nothing names the place: the leaf from which this person may press it, else the first that has
// it. More than one action of the name that he may press is one too many (rule 4).
static uint32_t find_anywhere(struct run *run, uint32_t *ret_from)
{
    const struct decide *d = run->d;
    uint32_t found = INDEX_NONE;
    bool found_allowed = false;
    const struct active_stage *leaf = instance_next_leaf(run->instance, 0, NULL);
    for (; leaf != NULL; leaf = instance_next_leaf(run->instance, 0, leaf)) {
        uint32_t entry;
        uint32_t action = find_from(run, leaf->entry, &entry);
        if (action == INDEX_NONE || action == found) {
            continue;
        }
        bool allowed = rights_press(d->view, run->instance, run->program, action, d->me,
                                    d->arena).allowed;
        if (allowed && found_allowed) {
            (void)REFUSE(run->d, AMBIGUOUS, "`%.*s` can be pressed in more than one place: %.*s",
                         SLICE_PRINT(clip_text(d->command->name, NAME_BYTES_MAX)),
                         SLICE_PRINT(places(run)));
            return INDEX_NONE;
        }
        if (allowed || found == INDEX_NONE) {
            found = action;
            found_allowed = allowed;
            *ret_from = leaf->entry;
        }
    }
    return found;
}

// The leaf inside an entry whose task is the presser's own, or one that he has in the place of
// another; 0: none. What he holds comes before what is only offered to him: nobody takes a second
// task by pressing.
static uint32_t leaf_of_person(const struct run *run, uint32_t from, bool own)
{
    const struct instance *instance = run->instance;
    const struct active_stage *leaf = instance_next_leaf(instance, from, NULL);
    uint32_t offered = 0;
    for (; leaf != NULL; leaf = instance_next_leaf(instance, from, leaf)) {
        const struct open_task *task = instance_main_task(instance, leaf->entry);
        if (task == NULL ||
            !(own ? rights_own_task(run->d->view, task, run->d->me)
                  : rights_on_task(run->d->view, instance, run->program, task, run->d->me))) {
            continue;
        }
        if (!own || task->holder != 0) {
            return leaf->entry;
        }
        offered = offered == 0 ? leaf->entry : offered;
    }
    return offered;
}

// Where an action is pressed: the presser's own task inside the place from which he looks, else
// inside the braces of the action; else one there that is another's, in whose place he acts; else
// the first leaf of that place.
static uint32_t leaf_of_press(const struct run *run, uint32_t from)
{
    const uint32_t around = run->action_entry;
    uint32_t leaf = leaf_of_person(run, from, true);
    leaf = leaf == 0 && from != around ? leaf_of_person(run, around, true) : leaf;
    leaf = leaf == 0 ? leaf_of_person(run, from, false) : leaf;
    leaf = leaf == 0 && from != around ? leaf_of_person(run, around, false) : leaf;
    const struct active_stage *first = instance_next_leaf(run->instance, from, NULL);
    return leaf != 0 ? leaf : first != NULL ? first->entry : from;
}

// The action that is meant, with run->action_entry and the leaf it is pressed at.
static uint32_t find_action(struct run *run)
{
    uint32_t from = named_place(run);
    bool is_named = from != 0;
    uint32_t action = is_named ? find_from(run, from, &run->action_entry)
                               : find_anywhere(run, &from);
    if (action == INDEX_NONE) {
        return action;
    }
    (void)find_from(run, from, &run->action_entry);
    run->env.at = leaf_of_press(run, is_named ? from : run->action_entry);
    run->pressed_at = run->env.at;
    return action;
}

static enum run_result bind_asks(struct run *run, uint32_t number)
{
    const struct image *image = &run->program->image;
    const struct image_action *action = &image->action[number];
    struct form form;
    form_open(&form, run, run->d->command->form);
    form_refuse_unknown(&form, action->asks, false);
    for (uint32_t i = 0; i < action->asks.count && form.bad.len < 2000; i++) {
        uint32_t ask = image->list[action->asks.first + i];
        bool top = false; // only an ask on every path insists already here
        const struct image_block *block = &image->block[action->block];
        for (uint32_t s = 0; s < block->count && !top; s++) {
            const struct image_step *step = &image->step[block->first + s];
            top = step->kind == STEP_ASK && step->a == ask;
        }
        (void)form_take_ask(&form, ask, top && (image->ask[ask].flags & ASK_REQUIRED) != 0);
    }
    return form_close(&form) ? RUN_ON : RUN_REFUSED;
}

// First to act on an offered task becomes the holder of its slot: he, or the one he acts for.
static void take_offered(struct run *run)
{
    const struct open_task *task = run_task(run);
    uint32_t who = run->env.me;
    if (task == NULL || task->holder != 0 || !view_holds(run->d->view, who, task->role)) {
        return;
    }
    uint32_t role = task->role;
    struct event event = { .kind = EVENT_TASK_ASSIGNED,
                           .task_assigned = { run->instance->head.id, task->number, role, who, 0,
                                              0, SLICE("acted first") } };
    decide_emit(run->d, &event);
    assign_set_slot(run, role, who, SLICE("acted first"));
}

// `by R` with an empty slot: whoever presses as R holds the slot from now on.
static void take_slot(struct run *run, const struct image_action *action)
{
    for (uint32_t i = 0; i < action->by.count; i++) {
        uint32_t image_role = run->program->image.list[action->by.first + i];
        uint32_t role = run->program->roles[image_role];
        if (view_holds(run->d->view, run->env.me, role)) {
            if (!view_holds(run->d->view, instance_slot(run->instance, role), role)) {
                assign_set_slot(run, role, run->env.me, SLICE("acted first"));
            }
            return;
        }
    }
}

// Who pressed as what is kept for four eyes; what no longer fits must not be forgotten silently.
static bool can_remember(struct run *run)
{
    if (run->instance->head.acted_count + 2u <= ACTED_MAX) {
        return true;
    }
    (void)REFUSE(run->d, LIMIT,
                 "ACTED_MAX = %d different people have pressed something on this case", ACTED_MAX);
    return false;
}

static enum run_result count_press(struct run *run, const struct image_action *action,
                                   bool *ret_spent)
{
    *ret_spent = false;
    if (action->at_most == INDEX_NONE) {
        return RUN_ON;
    }
    uint32_t of = POSITION_PRESSES + run->action;
    uint32_t count = instance_position(run->instance, run->action_entry, of);
    *ret_spent = count >= action->at_most;
    if (*ret_spent && action->at_most_then == INDEX_NONE) {
        return REFUSE(run->d, NOT_OFFERED, "`%.*s` may be pressed %u times here, and it has been",
                      SLICE_PRINT(image_slice(&run->program->image, action->name)),
                      action->at_most);
    }
    if (!*ret_spent) {
        struct event event = { .kind = EVENT_POSITION_SET,
                               .position_set = { run->instance->head.id, run->action_entry, of,
                                                 count + 1 } };
        decide_emit(run->d, &event);
    }
    return RUN_ON;
}

// No action of that name is where the person looks: it was where he looked before; or it is
// somewhere else in the process; or nowhere.
static void refuse_unfound(struct run *run)
{
    struct decide *d = run->d;
    const struct image *image = &run->program->image;
    struct slice name = SLICE_EMPTY;
    uint32_t number = 0;
    for (; number < image->action_count; number++) {
        name = image_slice(image, image->action[number].name);
        if (slice_equal(name, d->command->name)) {
            break;
        }
    }
    if (number == image->action_count) {
        (void)REFUSE(d, UNKNOWN_ACTION, "there is no action `%.*s` at %.*s",
                     SLICE_PRINT(clip_text(d->command->name, NAME_BYTES_MAX)),
                     SLICE_PRINT(places(run)));
    } else if (is_stale(run, number)) {
        (void)REFUSE(d, STALE, "the case has moved on, it is now at %.*s",
                     SLICE_PRINT(places(run)));
    } else {
        (void)REFUSE(d, NOT_OFFERED, "`%.*s` is not offered at %.*s", SLICE_PRINT(name),
                     SLICE_PRINT(places(run)));
    }
}

static void emit_pressed(struct run *run, const struct image_action *action,
                         const struct rights *rights)
{
    const struct open_task *task = run_task(run);
    const struct active_stage *leaf = run_leaf(run);
    struct event event = { .kind = EVENT_PRESSED };
    event.pressed = (struct event_pressed){
        .instance = run->instance->head.id, .action = run->action,
        .name = image_slice(&run->program->image, action->name), .stage = leaf->stage,
        .entry = leaf->entry, .task = task != NULL ? task->number : 0, .role = rights->role,
        .user = run->d->me, .acting_for = rights->acting_for,
    };
    decide_emit(run->d, &event);
}

static enum run_result run_action(struct run *run, const struct image_action *action)
{
    bool spent;
    if (count_press(run, action, &spent) == RUN_REFUSED) {
        return RUN_REFUSED;
    }
    run->outcome = image_slice(&run->program->image, action->name);
    run->done_by_person = true;
    run->braces = action->stage;
    if (spent) {
        return run_block(run, action->at_most_then);
    }
    if (bind_asks(run, run->action) == RUN_REFUSED) {
        return RUN_REFUSED;
    }
    return run_block(run, action->block);
}

static void press(struct run *run)
{
    struct decide *d = run->d;
    const struct image *image = &run->program->image;
    uint32_t number = find_action(run);
    if (number == INDEX_NONE) {
        refuse_unfound(run);
        return;
    }
    const struct image_action *action = &image->action[number];
    run->action = number;
    if (is_stale(run, number)) {
        (void)REFUSE(d, STALE, "the case has moved on, it is now at %.*s",
                     SLICE_PRINT(places(run)));
        return;
    }
    struct rights rights =
        rights_press(d->view, run->instance, run->program, number, d->me, d->arena);
    if (!rights.allowed) {
        d->refusal = rights.refusal;
        return;
    }
    if (rights.acting_for != 0) {
        run->env.me = rights.acting_for; // rule 45: on whose behalf it is pressed
    }
    if (action->guard != INDEX_NONE && !eval_condition(&run->env, action->guard)) {
        (void)run_take_refusal(run);
        (void)REFUSE(d, NOT_OFFERED, "`%.*s` is not offered now: its condition does not hold",
                     SLICE_PRINT(image_slice(image, action->name)));
        return;
    }
    if (!can_remember(run)) {
        return;
    }
    emit_pressed(run, action, &rights);
    if (action->guard != INDEX_NONE) {
        run_tell_condition(run, SLICE("guard"), action->line, action->guard, true);
    }
    take_offered(run);
    take_slot(run, action);
    if (run_action(run, action) != RUN_REFUSED) {
        (void)run_settle(run);
    }
}

void decide_press(struct decide *d)
{
    struct run *run = ARENA_NEW(d->arena, struct run);
    if (decide_open_case(d, run) != NULL) {
        press(run);
    }
}

// --------------------------------------------------------------------------------- edit

static void edit(struct run *run)
{
    struct decide *d = run->d;
    const struct image *image = &run->program->image;
    struct rights rights = rights_edit(d->view, run->instance, run->program, d->me, d->arena);
    if (!rights.allowed) {
        d->refusal = rights.refusal;
        return;
    }
    struct event event = { .kind = EVENT_EDITED,
                           .edited = { run->instance->head.id, rights.acting_for } };
    decide_emit(d, &event);
    struct form form;
    form_open(&form, run, d->command->form);
    form_refuse_unknown(&form, (struct image_range){ 0, 0 }, true);
    for (uint32_t i = 0; i < image->field_count; i++) {
        struct value value;
        bool given;
        bool closed = (image->field[i].flags & (FIELD_READONLY | FIELD_GIVEN)) != 0;
        if (closed || !form_take_field(&form, i, &value, &given) || !given) {
            continue;
        }
        if (!rights_see_field(d->view, run->program, i, d->me)) {
            form_bad(&form, image_slice(image, image->field[i].name), REFUSAL_NOT_ALLOWED,
                     SLICE("is not shown to you"));
            continue;
        }
        (void)run_set_field(run, i, value);
    }
    if (form_close(&form)) {
        run->done_by_person = true;
        (void)run_settle(run);
    }
}

void decide_edit(struct decide *d)
{
    struct run *run = ARENA_NEW(d->arena, struct run);
    if (decide_open_case(d, run) != NULL) {
        edit(run);
    }
}
