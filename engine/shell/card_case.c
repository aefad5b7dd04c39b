// The whole card of a case, and the short form of one of its tasks.
#include "base/check.h"
#include "base/pack.h"
#include "engine/decide/rights.h"
#include "engine/model/event.h"
#include "engine/shell/card.h"
#include "engine/shell/lanes.h"
#include "engine/shell/reply.h"
#include "engine/state/frame.h"

const struct active_stage *card_leaf(const struct instance *instance, const struct open_task *task)
{
    const struct active_stage *leaf =
        task != NULL ? instance_next_leaf(instance, task->entry, NULL) : NULL;
    return leaf != NULL ? leaf : instance_next_leaf(instance, 0, NULL);
}

static const struct image_stage *stage_of(const struct view_program *program,
                                          const struct instance *instance,
                                          const struct open_task *task)
{
    const struct active_stage *leaf = card_leaf(instance, task);
    return leaf != NULL ? &program->image.stage[leaf->stage] : NULL;
}

static struct slice label_or_name(const struct card_env *env, const struct image *image,
                                  struct image_text label, struct image_text name)
{
    return image_label(image, label.len > 0 ? label : name, env->lang);
}

struct slice card_title(const struct card_env *env, const struct view_program *program,
                        const struct instance *instance)
{
    uint32_t title = program->image.process[0].title;
    struct eval_env scope = card_eval(env, program, instance);
    struct slice text = title != INDEX_NONE ? eval_text(&scope, title) : SLICE_EMPTY;
    return scope.refusal.code == REFUSAL_NONE && text.len > 0
               ? text
               : arena_format(env->arena, "%.*s %llu",
                              SLICE_PRINT(label_or_name(env, &program->image,
                                                        program->image.process[0].label,
                                                        program->image.process[0].name)),
                              (unsigned long long)instance->head.id);
}

// As it was written down when the task was opened; where the process says it in the reader's
// language, as that says it now.
static struct slice task_title(const struct card_env *env, const struct view_program *program,
                               const struct instance *instance, const struct open_task *task)
{
    const struct image *image = &program->image;
    uint32_t title = task->def < image->task_count ? image->task[task->def].title : INDEX_NONE;
    if (env->lang.len == 0 || title == INDEX_NONE || image->expr[title].kind != EXPR_LANGUAGE) {
        return view_task_title(env->view, instance, task);
    }
    struct eval_env scope = card_eval(env, program, instance);
    struct slice text = eval_text(&scope, title);
    return scope.refusal.code == REFUSAL_NONE ? text : view_task_title(env->view, instance, task);
}

// Pairs: stage and its label, or end, its label and the outcome.
void card_place(const struct card_env *env, const struct view_program *program,
                const struct instance *instance)
{
    const struct image *image = &program->image;
    const struct image_stage *stage = stage_of(program, instance, NULL);
    struct slice name = SLICE_EMPTY, label = SLICE_EMPTY;
    if (stage != NULL) {
        name = image_slice(image, stage->name);
        label = label_or_name(env, image, stage->label, stage->name);
    }
    reply_text(env->buf, "stage", name);
    reply_text(env->buf, "stage_label", label);
    bool ended = instance->head.status == INSTANCE_ENDED;
    reply_key(env->buf, "ended");
    if (!ended) {
        pack_nil(env->buf);
    } else if (instance->head.end < image->end_count) {
        pack_str(env->buf, image_slice(image, image->end[instance->head.end].name));
    } else {
        pack_cstr(env->buf, outcome_name((enum outcome)instance->head.outcome));
    }
    reply_key(env->buf, "outcome");
    if (ended) {
        pack_cstr(env->buf, outcome_name((enum outcome)instance->head.outcome));
    } else {
        pack_nil(env->buf);
    }
}

// Whether this user may let a case that has ended live again, as things stand now.
static bool may_reopen(const struct card_env *env, const struct view_program *program,
                       const struct instance *instance)
{
    const struct instance_head *head = &instance->head;
    if (head->status != INSTANCE_ENDED || head->end >= program->image.end_count) {
        return false;
    }
    const struct image_end *end = &program->image.end[head->end];
    struct eval_env scope = card_eval(env, program, instance);
    uint64_t until = UINT64_MAX;
    bool in_time = end->reopen_within == 0 ||
                   (eval_add(&scope, head->ended_ms, (uint8_t)end->reopen_within_unit,
                             end->reopen_within, &until) &&
                    env->now_ms <= until);
    return end->reopen_goto != INDEX_NONE && in_time &&
           (env->user == 0 ||
            rights_reopen(env->view, instance, program, env->user, env->arena).allowed);
}

// Open escalations, the outermost first, each with the stage that it froze.
static void write_frames(const struct card_env *env, const struct view_program *program,
                         const struct instance *instance)
{
    const struct image *image = &program->image;
    uint32_t count = frame_count(instance);
    reply_key(env->buf, "frozen");
    pack_array(env->buf, count);
    for (uint32_t level = 0; level < count; level++) {
        const struct frame *frame = view_frame(env->view, instance, level);
        const struct image_stage *stage =
            &image->stage[image->escalation[instance->head.frames[level] - 1u].stage];
        const struct image_stage *was =
            frame != NULL ? &image->stage[frame->stage[frame->head.stage_count - 1].stage] : stage;
        pack_map(env->buf, 5);
        reply_text(env->buf, "escalation", image_slice(image, stage->name));
        reply_text(env->buf, "label", label_or_name(env, image, stage->label, stage->name));
        reply_text(env->buf, "stage", image_slice(image, was->name));
        reply_text(env->buf, "stage_label", label_or_name(env, image, was->label, was->name));
        reply_moment(env->buf, "since", frame != NULL ? frame->head.frozen_ms : 0);
    }
}

// The chance of success that holds at a leaf: its own, or that of the stage around it. -1: none.
static int64_t chance_at(const struct image *image, uint32_t stage)
{
    while (stage != INDEX_NONE && image->stage[stage].chance == INDEX_NONE) {
        stage = image->stage[stage].parent;
    }
    return stage == INDEX_NONE ? -1 : (int64_t)image->stage[stage].chance;
}

static void write_chance(const struct card_env *env, int64_t chance)
{
    reply_key(env->buf, "chance");
    if (chance < 0) {
        pack_nil(env->buf);
    } else {
        pack_uint(env->buf, (uint64_t)chance);
    }
}

// Every leaf the case stands in, in the order of the text; and the chance of the case, which is
// that of its least promising place.
static void write_places(const struct card_env *env, const struct view_program *program,
                         const struct instance *instance)
{
    const struct image *image = &program->image;
    int64_t least = -1;
    reply_key(env->buf, "places");
    struct reply_count list = reply_open_array(env->buf);
    const struct active_stage *leaf = instance_next_leaf(instance, 0, NULL);
    for (; leaf != NULL; leaf = instance_next_leaf(instance, 0, leaf)) {
        const struct image_stage *stage = &image->stage[leaf->stage];
        const struct open_task *task = instance_main_task(instance, leaf->entry);
        int64_t chance = chance_at(image, leaf->stage);
        least = least < 0 || (chance >= 0 && chance < least) ? chance : least;
        pack_map(env->buf, 6);
        reply_text(env->buf, "stage", image_slice(image, stage->name));
        reply_text(env->buf, "stage_label", label_or_name(env, image, stage->label, stage->name));
        reply_uint(env->buf, "entry", leaf->entry);
        reply_moment(env->buf, "since", leaf->entered_ms);
        reply_key(env->buf, "task");
        if (task != NULL) {
            pack_uint(env->buf, task->number);
        } else {
            pack_nil(env->buf);
        }
        write_chance(env, chance);
        list.count++;
    }
    reply_close(env->buf, list);
    write_chance(env, least);
}

static bool is_late(const struct card_env *env, const struct open_task *task)
{
    uint64_t until = task->until != 0 ? task->until : task->due;
    return until != 0 && until < env->now_ms;
}

static struct slice role_name(const struct card_env *env, uint32_t role)
{
    return role != 0 ? view_role_name(env->view, role) : SLICE_EMPTY;
}

static void write_task(const struct card_env *env, const struct view_program *program,
                       const struct instance *instance, const struct open_task *task)
{
    const struct image *image = &program->image;
    struct slice script = SLICE_EMPTY;
    if (task->def < image->task_count) {
        script = image_label(image, image->task[task->def].script, env->lang);
    }
    const struct active_stage *at = instance_entry(instance, task->entry);
    pack_map(env->buf, 18);
    reply_uint(env->buf, "task", task->number);
    reply_bool(env->buf, "side", (task->flags & TASK_FLAG_SIDE) != 0);
    reply_text(env->buf, "stage_label",
               at == NULL || at->stage == 0
                   ? SLICE_EMPTY
                   : label_or_name(env, image, image->stage[at->stage].label,
                                   image->stage[at->stage].name));
    reply_text(env->buf, "title", task_title(env, program, instance, task));
    reply_uint(env->buf, "entry", task->entry);
    reply_text(env->buf, "for", role_name(env, task->role));
    card_user(env, "holder", task->holder);
    reply_text(env->buf, "offered", role_name(env, task->offered));
    reply_moment(env->buf, "due", task->due);
    reply_moment(env->buf, "until", task->until);
    reply_bool(env->buf, "promised", (task->flags & TASK_FLAG_PROMISED) != 0);
    reply_bool(env->buf, "urgent", (task->flags & TASK_FLAG_URGENT) != 0);
    reply_bool(env->buf, "late", is_late(env, task));
    reply_text(env->buf, "script", script);
    reply_uint(env->buf, "tries", task->tries);
    reply_moment(env->buf, "opened", task->opened);
    reply_moment(env->buf, "moved_from", task->moved_from);
    card_user(env, "asker", task->asker);
}

static void write_tasks(const struct card_env *env, const struct view_program *program,
                        const struct instance *instance)
{
    const struct open_task *main_task = instance_main_task(instance, 0);
    reply_key(env->buf, "task");
    if (main_task != NULL) {
        write_task(env, program, instance, main_task);
    } else {
        pack_nil(env->buf);
    }
    reply_key(env->buf, "tasks");
    struct reply_count list = reply_open_array(env->buf);
    for (uint32_t i = 0; i < instance->head.task_count; i++) {
        if (&instance->task[i] != main_task) {
            write_task(env, program, instance, &instance->task[i]);
            list.count++;
        }
    }
    reply_close(env->buf, list);
}

static void write_fields(const struct card_env *env, const struct view_program *program,
                         const struct instance *instance)
{
    const struct image *image = &program->image;
    bool editor = instance->head.status == INSTANCE_OPEN &&
                  (env->user == 0 || rights_edit(env->view, instance, program, env->user,
                                                 env->arena).allowed);
    reply_key(env->buf, "fields");
    struct reply_count list = reply_open_array(env->buf);
    for (uint32_t i = 0; i < image->field_count; i++) {
        const struct image_field *field = &image->field[i];
        bool hidden = (field->flags & FIELD_FRAME) != 0 &&
                      view_field(env->view, instance, i).len == 0;
        if (hidden ||
            (env->user != 0 && !rights_see_field(env->view, program, i, env->user))) {
            continue;
        }
        struct slice packed = view_field(env->view, instance, i);
        struct value value = value_empty();
        if (packed.len > 0) {
            struct unpack unpack;
            unpack_init(&unpack, packed);
            value = value_unpack(&unpack, env->arena);
        }
        struct buf text;
        buf_init(&text, FIELD_BYTES_MAX);
        eval_print(&text, env->view, image, env->lang, field->type, &value);
        pack_map(env->buf, 7);
        reply_text(env->buf, "name", image_slice(image, field->name));
        reply_text(env->buf, "label", label_or_name(env, image, field->label, field->name));
        reply_text(env->buf, "type", slice_from_cstr(eval_type_name(image, field->type)));
        reply_text(env->buf, "help", image_label(image, field->help, env->lang));
        reply_key(env->buf, "value");
        card_value(env, &value);
        reply_text(env->buf, "text", buf_slice(&text));
        reply_bool(env->buf, "editable", editor && (field->flags & FIELD_READONLY) == 0);
        buf_done(&text);
        list.count++;
    }
    reply_close(env->buf, list);
}

static void write_slots(const struct card_env *env, const struct view_program *program,
                        const struct instance *instance)
{
    const struct image *image = &program->image;
    reply_key(env->buf, "slots");
    pack_array(env->buf, image->role_count);
    for (uint32_t i = 0; i < image->role_count; i++) {
        pack_map(env->buf, 3);
        reply_text(env->buf, "role", image_slice(image, image->role[i].name));
        reply_text(env->buf, "label",
                   label_or_name(env, image, image->role[i].label, image->role[i].name));
        card_user(env, "user", instance_slot(instance, program->roles[i]));
    }
}

// `entry`: what a press of it names.
static void write_action(const struct card_env *env, struct eval_env *scope, uint32_t index,
                         uint32_t entry)
{
    const struct image *image = &scope->program->image;
    const struct image_action *action = &image->action[index];
    const struct active_stage *at = instance_entry(scope->instance, entry);
    pack_map(env->buf, 9);
    reply_text(env->buf, "action", image_slice(image, action->name));
    reply_uint(env->buf, "entry", entry);
    reply_text(env->buf, "place",
               at == NULL ? SLICE_EMPTY
                          : label_or_name(env, image, image->stage[at->stage].label,
                                          image->stage[at->stage].name));
    reply_text(env->buf, "label", label_or_name(env, image, action->label, action->name));
    reply_text(env->buf, "group", image_label(image, action->group, env->lang));
    reply_text(env->buf, "confirm", image_label(image, action->confirm, env->lang));
    reply_text(env->buf, "help", image_label(image, action->help, env->lang));
    reply_key(env->buf, "words");
    pack_array(env->buf, action->aliases.count);
    for (uint32_t i = 0; i < action->aliases.count; i++) {
        pack_str(env->buf, image_slice(image, image->alias[action->aliases.first + i]));
    }
    reply_key(env->buf, "form");
    pack_array(env->buf, action->asks.count);
    for (uint32_t i = 0; i < action->asks.count; i++) {
        card_ask(env, scope, image->list[action->asks.first + i]);
    }
}

// An administrator presses on somebody's behalf, so he is shown what anybody might press.
static bool is_offered(const struct card_env *env, struct eval_env *scope, uint32_t action)
{
    if (env->user != 0) {
        bool offered = rights_offered(scope, action, env->user);
        scope->refusal = (struct refusal){ 0 };
        return offered;
    }
    uint32_t guard = scope->program->image.action[action].guard;
    bool open = guard == INDEX_NONE || eval_condition(scope, guard);
    scope->refusal = (struct refusal){ 0 };
    return open;
}

// Innermost first: a button in a stage hides one of the same name around it (rule 7). Gives the
// leaf that sees the action, or the stage around several of them; 0: it is hidden from all.
static uint32_t seen_at(const struct view_program *program, const struct instance *instance,
                        const struct active_stage *at, uint32_t action)
{
    struct slice name =
        image_slice(&program->image, program->image.action[action].name);
    uint32_t seen = 0;
    const struct active_stage *leaf = instance_next_leaf(instance, at->entry, NULL);
    for (; leaf != NULL; leaf = instance_next_leaf(instance, at->entry, leaf)) {
        uint32_t entry;
        if (rights_find_action(instance, program, name, leaf->entry, &entry) == action) {
            seen = seen == 0 ? leaf->entry : at->entry;
        }
    }
    return seen;
}

bool card_offers(const struct card_env *env, const struct view_program *program,
                 const struct instance *instance, uint32_t action, uint32_t *ret_entry)
{
    const struct active_stage *at =
        instance_active(instance, program->image.action[action].stage);
    struct eval_env scope = card_eval(env, program, instance);
    *ret_entry = at != NULL ? seen_at(program, instance, at, action) : 0;
    scope.at = *ret_entry;
    return *ret_entry != 0 && is_offered(env, &scope, action);
}

static void write_actions(const struct card_env *env, const struct view_program *program,
                          const struct instance *instance)
{
    const struct image *image = &program->image;
    struct eval_env scope = card_eval(env, program, instance);
    reply_key(env->buf, "actions");
    struct reply_count list = reply_open_array(env->buf);
    for (uint32_t i = instance->head.active_count; i > 0; i--) {
        const struct active_stage *at = &instance->active[i - 1];
        struct image_range range = image->stage[at->stage].actions;
        for (uint32_t a = range.first; a < range.first + range.count; a++) {
            uint32_t entry = seen_at(program, instance, at, a);
            scope.at = entry;
            if (entry != 0 && is_offered(env, &scope, a)) {
                write_action(env, &scope, a, entry);
                list.count++;
            }
        }
    }
    reply_close(env->buf, list);
}

struct child_list {
    struct view_child_row rows[CHILDREN_PER_CONVERT_MAX * 2];
    uint32_t count;
};

static bool keep_child(void *context, const struct view_child_row *row)
{
    struct child_list *list = context;
    list->rows[list->count++] = *row;
    return list->count < ARRAY_COUNT(list->rows);
}

static void write_children(const struct card_env *env, const struct view_program *program,
                           const struct instance *instance)
{
    const struct image *image = &program->image;
    struct child_list *list = ARENA_NEW(env->arena, struct child_list);
    view_children(env->view, instance->head.id, keep_child, list);
    reply_key(env->buf, "children");
    pack_array(env->buf, list->count);
    for (uint32_t i = 0; i < list->count; i++) {
        const struct view_child_row *row = &list->rows[i];
        const struct instance *child = view_instance(env->view, row->child, NULL);
        const struct view_program *of =
            child != NULL ? view_program(env->view, child->head.program) : NULL;
        pack_map(env->buf, 6);
        reply_uint(env->buf, "instance", row->child);
        reply_text(env->buf, "process",
                   of != NULL ? image_slice(&of->image, of->image.process[0].name) : SLICE_EMPTY);
        reply_text(env->buf, "collection",
                   row->collection < image->collection_count
                       ? image_slice(image, image->collection[row->collection].name)
                       : SLICE_EMPTY);
        reply_uint(env->buf, "round", row->round);
        reply_text(env->buf, "state",
                   row->state == 0
                       ? SLICE("open")
                       : slice_from_cstr(outcome_name((enum outcome)(row->state - 1))));
        const struct image_stage *stage =
            of != NULL && row->state == 0 ? stage_of(of, child, NULL) : NULL;
        reply_text(env->buf, "stage",
                   stage != NULL ? image_slice(&of->image, stage->name) : SLICE_EMPTY);
    }
}

struct incident_list {
    const struct card_env *env;
    uint64_t instance;
    struct reply_count list;
};

static bool write_incident(void *context, const struct view_incident_row *row)
{
    struct incident_list *list = context;
    if (row->instance == list->instance) {
        pack_map(list->env->buf, 4);
        reply_uint(list->env->buf, "incident", row->incident);
        reply_moment(list->env->buf, "at", row->at);
        reply_text(list->env->buf, "kind", row->kind);
        reply_text(list->env->buf, "text", row->text);
        list->list.count++;
    }
    return true;
}

static void write_incidents(const struct card_env *env, const struct instance *instance)
{
    reply_key(env->buf, "incidents");
    struct incident_list list = { env, instance->head.id, reply_open_array(env->buf) };
    if (instance->head.incident_count > 0) {
        view_incidents(env->view, write_incident, &list);
    }
    reply_close(env->buf, list.list);
}

// The client's own zone, when the case has one; nil: it goes by the company's.
static void write_zone(const struct card_env *env, const struct instance *instance)
{
    if (instance->head.zone != 0) {
        reply_text(env->buf, "zone", view_zone_name(env->view, instance->head.zone));
    } else {
        reply_key(env->buf, "zone");
        pack_nil(env->buf);
    }
}

void card_case(const struct card_env *env, const struct view_program *program,
               const struct instance *instance)
{
    const struct image *image = &program->image;
    const struct active_stage *leaf = card_leaf(instance, NULL);
    pack_map(env->buf, 28);
    reply_uint(env->buf, "instance", instance->head.id);
    reply_text(env->buf, "process", image_slice(image, image->process[0].name));
    reply_text(env->buf, "process_label",
               label_or_name(env, image, image->process[0].label, image->process[0].name));
    reply_uint(env->buf, "version", program->version);
    reply_text(env->buf, "title", card_title(env, program, instance));
    card_place(env, program, instance);
    reply_uint(env->buf, "entry", leaf != NULL ? leaf->entry : 0);
    write_frames(env, program, instance);
    reply_bool(env->buf, "reopen", may_reopen(env, program, instance));
    write_places(env, program, instance);
    write_tasks(env, program, instance);
    write_fields(env, program, instance);
    write_slots(env, program, instance);
    write_actions(env, program, instance);
    write_children(env, program, instance);
    reply_key(env->buf, "parent");
    if (instance->head.parent != 0) {
        pack_uint(env->buf, instance->head.parent);
    } else {
        pack_nil(env->buf);
    }
    write_incidents(env, instance);
    card_user(env, "creator", instance->head.creator);
    write_zone(env, instance); // S33
    reply_moment(env->buf, "started", instance->head.started_ms);
    reply_moment(env->buf, "ended_at", instance->head.ended_ms);
    reply_uint(env->buf, "seq", instance->head.last_seq);
    reply_moment(env->buf, "now", env->now_ms);
}

// Pairs: inbox, lane, and what the lane is sorted by.
static void write_place_in_lane(const struct card_env *env, const struct lanes *lanes,
                                const struct lane_place *place)
{
    const struct image_lane *lane = lanes_lane(lanes, place);
    const struct image *image = lane != NULL ? &lanes->inbox[place->inbox]->image : NULL;
    reply_text(env->buf, "inbox",
               lane != NULL ? image_slice(image, image->inbox[0].name) : SLICE_EMPTY);
    reply_text(env->buf, "lane", lane != NULL ? image_slice(image, lane->name) : SLICE_EMPTY);
    reply_text(env->buf, "lane_label",
               lane != NULL ? image_label(image, lane->label, env->lang) : SLICE_EMPTY);
    reply_text(env->buf, "colour",
               lane != NULL ? slice_from_cstr(image_colour_name(lane->colour)) : SLICE_EMPTY);
    reply_key(env->buf, "order");
    pack_array(env->buf, lane != NULL ? lane->sorts.count : 0);
    for (uint32_t i = 0; lane != NULL && i < lane->sorts.count; i++) {
        card_value(env, &place->key[i]);
    }
}

void card_task(const struct card_env *env, const struct view_program *program,
               const struct instance *instance, const struct open_task *task,
               const struct lanes *lanes, const struct lane_place *place)
{
    const struct image *image = &program->image;
    const struct image_stage *stage = stage_of(program, instance, task);
    pack_map(env->buf, 20);
    reply_uint(env->buf, "instance", instance->head.id);
    reply_uint(env->buf, "task", task->number);
    reply_uint(env->buf, "entry", task->entry);
    reply_text(env->buf, "title", task_title(env, program, instance, task));
    reply_text(env->buf, "process", image_slice(image, image->process[0].name));
    reply_text(env->buf, "stage",
               stage != NULL ? image_slice(image, stage->name) : SLICE_EMPTY);
    reply_text(env->buf, "stage_label",
               stage != NULL ? label_or_name(env, image, stage->label, stage->name) : SLICE_EMPTY);
    reply_moment(env->buf, "due", task->due);
    reply_moment(env->buf, "until", task->until);
    reply_bool(env->buf, "promised", (task->flags & TASK_FLAG_PROMISED) != 0);
    reply_bool(env->buf, "urgent", (task->flags & TASK_FLAG_URGENT) != 0);
    reply_bool(env->buf, "late", is_late(env, task));
    card_user(env, "holder", task->holder);
    reply_text(env->buf, "offered", role_name(env, task->offered));
    reply_uint(env->buf, "tries", task->tries);
    write_place_in_lane(env, lanes, place);
}

// As it was when it was done; the label of its stage as it is called now.
void card_done(const struct card_env *env, const struct view_program *program,
               const struct view_done_row *row, const struct lanes *lanes,
               const struct lane_place *place)
{
    const struct image *image = &program->image;
    const struct image_stage *stage =
        row->task.stage < image->stage_count ? &image->stage[row->task.stage] : &image->stage[0];
    pack_map(env->buf, 14);
    reply_uint(env->buf, "instance", row->instance);
    reply_uint(env->buf, "task", row->task.number);
    reply_text(env->buf, "title", row->title);
    reply_text(env->buf, "process", image_slice(image, image->process[0].name));
    reply_text(env->buf, "stage", image_slice(image, stage->name));
    reply_text(env->buf, "stage_label", label_or_name(env, image, stage->label, stage->name));
    reply_moment(env->buf, "due", row->task.due);
    reply_bool(env->buf, "promised", (row->task.flags & TASK_FLAG_PROMISED) != 0);
    reply_moment(env->buf, "done_at", row->at);
    write_place_in_lane(env, lanes, place);
}
