#include "dsl/lower/lower.h"

#include "base/array.h"
#include "base/check.h"
#include "dsl/check/check.h"
#include "dsl/lower/lower_internal.h"
#include "dsl/model/frame.h"

static void add_fields(struct lower *lower);
static void add_collections(struct lower *lower);
static void add_process(struct lower *lower);
static void add_stages(struct lower *lower);
static void add_ends(struct lower *lower);
static void add_choices(struct lower *lower);
static void add_escalations(struct lower *lower);
static void add_parallels(struct lower *lower);
static void add_migrates(struct lower *lower);

void lower_begin(struct lower *lower, const struct unit *unit, struct arena *scratch)
{
    arena_init(scratch, LOWER_SCRATCH_BYTES_MAX);
    *lower = (struct lower){ .unit = unit, .arena = scratch, .title = INDEX_NONE };
    build_init(&lower->build);
    lower->decl_index = ARENA_ARRAY(scratch, uint32_t, unit->decl_count + 1);
    for (uint32_t i = 0; i < unit->decl_count; i++) {
        lower->decl_index[i] = INDEX_NONE;
    }
    lower->places = ARENA_ARRAY(scratch, struct image_text, unit->translation_count + 1);
}

enum err lower_end(struct lower *lower, const uint8_t source_hash[IMAGE_HASH_BYTES],
                   struct buf *to)
{
    size_t start = to->len;
    enum err err = build_finish(&lower->build, source_hash, to);
    build_done(&lower->build);
    arena_done(lower->arena);
    if (err == OK) {
        struct image image;
        enum err opened = image_open(slice_make(to->ptr + start, to->len - start), &image);
        CHECK(opened == OK);
    }
    return err;
}

enum err lower_process(const struct unit *unit, const struct process *process,
                       const uint8_t source_hash[IMAGE_HASH_BYTES], struct buf *to)
{
    if (process->local_count > IMAGE_LOCALS_MAX) {
        return ERR_TOO_BIG;
    }
    struct arena scratch;
    struct lower lower;
    lower_begin(&lower, unit, &scratch);
    lower.process = process;
    lower_add_roles(&lower, process->decl.file);
    add_collections(&lower);
    lower.title = lower_expr(&lower, process->title);
    add_fields(&lower);
    add_stages(&lower);
    add_ends(&lower);
    add_migrates(&lower);
    add_choices(&lower);
    add_escalations(&lower);
    lower_outside(&lower);
    add_parallels(&lower);
    add_process(&lower);
    return lower_end(&lower, source_hash, to);
}

// --- declarations ------------------------------------------------------------------------------

// A label with translations gets a place of its own, once, and they refer to it.
static bool lower_translated(struct lower *lower, struct slice text, struct image_text *ret_text)
{
    const struct unit *unit = lower->unit;
    uint32_t first = 0;
    while (first < unit->translation_count && unit->translations[first].of.ptr != text.ptr) {
        first++;
    }
    if (first == unit->translation_count) {
        return false;
    }
    if (lower->places[first].len > 0) {
        *ret_text = lower->places[first];
        return true;
    }
    *ret_text = lower->places[first] = build_place(&lower->build, text);
    for (uint32_t i = first;
         i < unit->translation_count && unit->translations[i].of.ptr == text.ptr; i++) {
        struct image_translation to = { *ret_text,
                                        build_intern(&lower->build, unit->translations[i].lang),
                                        build_intern(&lower->build, unit->translations[i].text) };
        build_add_translation(&lower->build, &to);
    }
    return true;
}

struct image_text lower_text(struct lower *lower, struct slice text)
{
    struct image_text placed;
    if (text.len > 0 && lower->unit->translation_count > 0 &&
        lower_translated(lower, text, &placed)) {
        return placed;
    }
    return build_intern(&lower->build, text);
}

uint32_t lower_line(const struct lower *lower, struct span span)
{
    return source_line(source_file(lower->unit->sources, span.file), span.start);
}

static void add_role(struct lower *lower, const struct role *role)
{
    struct image_role to = { .name = lower_text(lower, role->decl.name),
                             .label = lower_text(lower, role->decl.label),
                             .under = lower_role(lower, role->under),
                             .pick = (uint32_t)role->pick,
                             .pick_else = (uint32_t)role->pick_else,
                             .sees_all = role->sees_all,
                             .may_move = role->may_move };
    build_add_role(&lower->build, &to);
}

// A role is one by its name, whichever file declares it.
static uint32_t known_role(const struct role **roles, uint32_t count, struct slice name)
{
    for (uint32_t i = 0; i < count; i++) {
        if (slice_equal(roles[i]->decl.name, name)) {
            return i;
        }
    }
    return INDEX_NONE;
}

static uint32_t number_roles(struct lower *lower, uint32_t file, const struct role **roles,
                             uint32_t count)
{
    const struct unit_file *own = &lower->unit->files[file];
    for (uint32_t i = 0; i < own->visible_count; i++) {
        if (own->visible[i]->what != WHAT_ROLE) {
            continue;
        }
        const struct role *role = (const struct role *)(const void *)own->visible[i];
        uint32_t known = known_role(roles, count, role->decl.name);
        lower->decl_index[role->decl.order] = known != INDEX_NONE ? known : count;
        if (known == INDEX_NONE) {
            roles[count++] = role;
        }
    }
    return count;
}

// All roles that the file sees: holders and superiors matter to a case also where no step names
// them. And those that an override of what it uses may name.
void lower_add_roles(struct lower *lower, uint32_t file)
{
    const struct unit *unit = lower->unit;
    const struct role **roles =
        ARENA_ARRAY(lower->arena, const struct role *, unit->decl_count + 1);
    uint32_t count = number_roles(lower, file, roles, 0);
    for (uint32_t i = 0; i < unit->override_count; i++) {
        if (names_sees(unit, file, unit->overrides[i].target->file)) {
            count = number_roles(lower, unit->overrides[i].file, roles, count);
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        add_role(lower, roles[i]);
    }
}

uint32_t lower_role(const struct lower *lower, const struct role *role)
{
    if (role == NULL) {
        return INDEX_NONE;
    }
    CHECK(lower->decl_index[role->decl.order] != INDEX_NONE);
    return lower->decl_index[role->decl.order];
}

struct image_range lower_roles(struct lower *lower, const struct role_list *roles)
{
    uint32_t *indexes = ARENA_ARRAY(lower->arena, uint32_t, roles->count + 1);
    for (uint32_t i = 0; i < roles->count; i++) {
        indexes[i] = lower_role(lower, roles->items[i]);
    }
    return build_list(&lower->build, indexes, roles->count);
}

uint32_t lower_enum(struct lower *lower, const struct enumeration *enumeration)
{
    uint32_t *index = &lower->decl_index[enumeration->decl.order];
    if (*index != INDEX_NONE) {
        return *index;
    }
    struct image_enum to = { lower_text(lower, enumeration->decl.name),
                             { build_count(&lower->build, BUILD_member),
                               enumeration->member_count } };
    for (uint32_t i = 0; i < enumeration->member_count; i++) {
        struct image_member member = { lower_text(lower, enumeration->members[i].name),
                                       lower_text(lower, enumeration->members[i].label) };
        build_add_member(&lower->build, &member);
    }
    *index = build_add_enumeration(&lower->build, &to);
    return *index;
}

uint32_t lower_ladder(struct lower *lower, const struct ladder *ladder)
{
    if (ladder == NULL) {
        return INDEX_NONE;
    }
    uint32_t *index = &lower->decl_index[ladder->decl.order];
    if (*index != INDEX_NONE) {
        return *index;
    }
    uint32_t *within = ARENA_ARRAY(lower->arena, uint32_t, ladder->rung_count + 1);
    for (uint32_t i = 0; i < ladder->rung_count; i++) {
        within[i] = lower_calendar(lower, ladder->rungs[i].within);
    }
    struct image_ladder to = { lower_text(lower, ladder->decl.name),
                               ladder->keeps_count,
                               { build_count(&lower->build, BUILD_rung), ladder->rung_count } };
    for (uint32_t i = 0; i < ladder->rung_count; i++) {
        const struct rung *rung = &ladder->rungs[i];
        struct image_rung made = { .amount = rung->wait.number,
                                   .unit = rung->wait.unit,
                                   .effect = (uint32_t)rung->effect,
                                   .role = lower_role(lower, rung->role),
                                   .within = within[i] };
        build_add_rung(&lower->build, &made);
    }
    *index = build_add_ladder(&lower->build, &to);
    return *index;
}

uint32_t lower_calendar(struct lower *lower, const struct calendar *calendar)
{
    if (calendar == NULL) {
        return INDEX_NONE;
    }
    uint32_t *index = &lower->decl_index[calendar->decl.order];
    if (*index != INDEX_NONE) {
        return *index;
    }
    struct image_calendar to = { .name = lower_text(lower, calendar->decl.name),
                                 .zone = lower_text(lower, calendar->zone),
                                 .of_case = calendar->of_case };
    for (uint32_t day = 0; day < 7; day++) {
        to.week[day] = (struct image_range){ build_count(&lower->build, BUILD_opening),
                                             calendar->hour_count[day] };
        for (uint32_t i = 0; i < calendar->hour_count[day]; i++) {
            build_add_opening(&lower->build, &calendar->hours[day][i]);
        }
    }
    to.exceptions = (struct image_range){ build_count(&lower->build, BUILD_exception),
                                          calendar->exception_count };
    for (uint32_t i = 0; i < calendar->exception_count; i++) {
        build_add_exception(&lower->build, &calendar->exceptions[i]);
    }
    *index = build_add_calendar(&lower->build, &to);
    return *index;
}

static uint32_t lower_record(struct lower *lower, const struct record *record)
{
    uint32_t *index = &lower->decl_index[record->decl.order];
    if (*index != INDEX_NONE) {
        return *index;
    }
    struct image_part *parts = ARENA_ARRAY(lower->arena, struct image_part, record->part_count + 1);
    for (uint32_t i = 0; i < record->part_count; i++) {
        const struct part *part = &record->parts[i];
        parts[i] = (struct image_part){ .name = lower_text(lower, part->name),
                                        .label = lower_text(lower, part->label),
                                        .help = lower_text(lower, part->help),
                                        .type = lower_type(lower, part->type),
                                        .flags = (part->required ? PART_REQUIRED : 0u) |
                                                 (part->computed ? PART_COMPUTED : 0u),
                                        .initial = lower_expr(lower, part->initial) };
    }
    struct image_record to = { lower_text(lower, record->decl.name),
                               { build_count(&lower->build, BUILD_part), record->part_count } };
    for (uint32_t i = 0; i < record->part_count; i++) {
        build_add_part(&lower->build, &parts[i]);
    }
    *index = build_add_record(&lower->build, &to);
    return *index;
}

uint32_t lower_type(struct lower *lower, const struct type *type)
{
    CHECK(!type_is_poison(type));
    for (uint32_t i = 0; i < lower->type_count; i++) {
        if (type_same(lower->types[i], type)) {
            return i;
        }
    }
    struct image_type to = { .kind = type->kind, .arg = INDEX_NONE };
    if (type_is_many(type)) {
        to.arg = lower_type(lower, type->element);
    } else if (type_is(type, TYPE_ENUM)) {
        to.arg = lower_enum(lower, type->enumeration);
        to.name = lower_text(lower, type->enumeration->decl.name);
    } else if (type_is(type, TYPE_RECORD)) {
        to.arg = lower_record(lower, type->record);
        to.name = lower_text(lower, type->record->decl.name);
    } else if (type_is(type, TYPE_USER)) {
        to.arg = lower_role(lower, type->role);
    } else if (type_is(type, TYPE_REF)) {
        to.name = lower_text(lower, type->process);
    }
    ARRAY_PUSH(lower->arena, lower->types, lower->type_count, type);
    uint32_t index = build_add_type(&lower->build, &to);
    CHECK(index + 1 == lower->type_count);
    return index;
}

// --- the process -------------------------------------------------------------------------------

static void add_fields(struct lower *lower)
{
    const struct process *process = lower->process;
    for (uint32_t i = 0; i < process->field_count; i++) {
        const struct field *field = process->fields[i];
        struct image_field to = { .name = lower_text(lower, field->name),
                                  .label = lower_text(lower, field->label),
                                  .help = lower_text(lower, field->help),
                                  .type = lower_type(lower, field->type),
                                  .flags = field->flags,
                                  .initial = lower_expr(lower, field->initial),
                                  .shown_to = lower_roles(lower, &field->shown_to),
                                  .depends = build_list(&lower->build, field->depends,
                                                        field->depend_count) };
        uint32_t index = build_add_field(&lower->build, &to);
        CHECK(index == field->index);
    }
}

static void add_collections(struct lower *lower)
{
    for (uint32_t i = 0; i < lower->process->collection_count; i++) {
        const struct collection *collection = lower->process->collections[i];
        struct image_collection to = { lower_text(lower, collection->name), collection->each };
        uint32_t index = build_add_collection(&lower->build, &to);
        CHECK(index == collection->index);
    }
}

static void add_process(struct lower *lower)
{
    const struct process *process = lower->process;
    uint32_t *keys = ARENA_ARRAY(lower->arena, uint32_t, process->key_count + 1);
    for (uint32_t i = 0; i < process->key_count; i++) {
        keys[i] = process->keys[i]->index;
    }
    uint32_t *computed = ARENA_ARRAY(lower->arena, uint32_t, process->computed_count + 1);
    for (uint32_t i = 0; i < process->computed_count; i++) {
        computed[i] = process->computed[i]->index;
    }
    struct image_process to = {
        .name = lower_text(lower, process->decl.name),
        .label = lower_text(lower, process->decl.label),
        .title = lower->title,
        .keys = build_list(&lower->build, keys, process->key_count),
        .computed = build_list(&lower->build, computed, process->computed_count),
        .start_asks = lower_asks(lower, process->start),
        .file = lower_text(lower, source_file(lower->unit->sources, process->decl.file)->name),
        .line = lower_line(lower, process->decl.span),
        .local_count = process->local_count,
        .calendar = lower_calendar(lower, process->calendar),
    };
    uint32_t *zones = ARENA_ARRAY(lower->arena, uint32_t, process->zone_field_count + 1);
    for (uint32_t i = 0; i < process->zone_field_count; i++) {
        zones[i] = process->zone_fields[i]->index;
    }
    to.zone_from = build_list(&lower->build, zones, process->zone_field_count);
    to.start_block = lower_block(lower, process->start->block);
    to.repeat_block = process->repeat == NULL ? INDEX_NONE
                                              : lower_block(lower, process->repeat->block);
    build_add_process(&lower->build, &to);
}

static void set_leaves(void *context, const struct target *target)
{
    (void)target;
    *(bool *)context = true;
}

static bool handler_leaves(const struct handler *handler)
{
    bool leaves = false;
    check_each_target(handler, set_leaves, &leaves);
    return leaves;
}

static void note_raise(void *context, const struct step *step)
{
    bool *leaves = context;
    *leaves = *leaves || step->kind == STEP_ESCALATE;
}

// A timer that raises an escalation moves the case on as one that leads to a stage does.
static bool timer_moves_on(const struct handler *handler)
{
    bool leaves = handler_leaves(handler);
    check_each_reached_step(handler, note_raise, &leaves);
    return leaves;
}

static void add_action(struct lower *lower, const struct handler *handler)
{
    struct image_action to = {
        .name = lower_text(lower, handler->name),
        .label = lower_text(lower, handler->label),
        .group = lower_text(lower, handler->group),
        .confirm = lower_text(lower, handler->confirm),
        .help = lower_text(lower, handler->help),
        .stage = handler->stage->index,
        .by = lower_roles(lower, &handler->by),
        .guard = lower_expr(lower, handler->condition),
        .aliases = { build_count(&lower->build, BUILD_alias), handler->alias_count },
        .at_most = handler->at_most,
        .asks = lower_asks(lower, handler),
        .line = lower_line(lower, handler->span),
    };
    for (uint32_t i = 0; i < handler->alias_count; i++) {
        struct image_text alias = lower_text(lower, handler->aliases[i]);
        build_add_alias(&lower->build, &alias);
    }
    to.block = lower_block(lower, handler->block);
    to.at_most_then = lower_block(lower, handler->at_most_then);
    bool flows = check_may_flow(handler->block) ||
                 (handler->at_most_then != NULL && check_may_flow(handler->at_most_then));
    to.flags = (flows ? ACTION_HAS_FLOW : 0u) | (handler_leaves(handler) ? ACTION_LEAVES : 0u) |
               (handler->stage->index == 0 ? ACTION_BODY : 0u);
    build_add_action(&lower->build, &to);
}

// `at` is armed again when one of these changes.
static void collect_fields(struct lower *lower, const struct expr *expr, uint32_t **fields,
                           uint32_t *count)
{
    if (expr == NULL) {
        return;
    }
    if (expr->kind == EXPR_FIELD) {
        bool known = false;
        for (uint32_t i = 0; i < *count; i++) {
            known = known || (*fields)[i] == expr->field->index;
        }
        if (!known) {
            ARRAY_PUSH(lower->arena, *fields, *count, expr->field->index);
        }
    }
    collect_fields(lower, expr->a, fields, count);
    collect_fields(lower, expr->b, fields, count);
    for (uint32_t i = 0; i < expr->item_count; i++) {
        collect_fields(lower, expr->items[i], fields, count);
    }
}

static void add_timer(struct lower *lower, const struct handler *handler)
{
    uint32_t *fields = NULL;
    uint32_t field_count = 0;
    if (handler->timer_kind == TIMER_AT) {
        collect_fields(lower, handler->moment, &fields, &field_count);
    }
    struct image_timer to = { .kind = (uint32_t)handler->timer_kind,
                              .stage = handler->stage->index,
                              .moment = lower_expr(lower, handler->moment),
                              .block = lower_block(lower, handler->block),
                              .leaves = timer_moves_on(handler),
                              .line = lower_line(lower, handler->span),
                              .fields = build_list(&lower->build, fields, field_count) };
    build_add_timer(&lower->build, &to);
}

static void add_rule(struct lower *lower, const struct handler *handler)
{
    bool changes = handler->watched != NULL;
    struct image_rule to = { .condition = lower_expr(lower, changes ? handler->watched
                                                                    : handler->condition),
                             .changes = changes,
                             .stage = handler->stage->index,
                             .block = lower_block(lower, handler->block),
                             .line = lower_line(lower, handler->span) };
    build_add_rule(&lower->build, &to);
}

static void add_handlers(struct lower *lower, const struct stage *stage, struct image_stage *to)
{
    to->actions.first = build_count(&lower->build, BUILD_action);
    to->timers.first = build_count(&lower->build, BUILD_timer);
    to->rules.first = build_count(&lower->build, BUILD_rule);
    for (uint32_t i = 0; i < lower->process->handler_count; i++) {
        const struct handler *handler = lower->process->handlers[i];
        if (handler->stage != stage) {
            continue;
        }
        if (handler->kind == HANDLER_ACTION) {
            add_action(lower, handler);
            to->actions.count++;
        } else if (handler->kind == HANDLER_TIMER) {
            add_timer(lower, handler);
            to->timers.count++;
        } else if (handler->kind == HANDLER_RULE) {
            add_rule(lower, handler);
            to->rules.count++;
        }
    }
}

static uint32_t stage_index(const struct stage *stage)
{
    return stage == NULL ? INDEX_NONE : stage->index;
}

static uint32_t lower_hook(struct lower *lower, const struct handler *handler)
{
    if (handler == NULL) {
        return INDEX_NONE;
    }
    lower->handler = handler;
    return lower_block(lower, handler->block);
}

static void add_choices(struct lower *lower)
{
    for (uint32_t i = 0; i < lower->process->choice_count; i++) {
        const struct choice *choice = lower->process->choices[i];
        struct image_choice to = { .name = lower_text(lower, choice->name),
                                   .stage = choice->stage->index,
                                   .block = lower_hook(lower, choice->handler),
                                   .line = lower_line(lower, choice->span) };
        uint32_t index = build_add_choice(&lower->build, &to);
        CHECK(index == choice->index);
    }
}

// Actions stand in the image by stage, in the order of the handlers: the body's come first.
static uint32_t find_button(const struct lower *lower, const struct escalation *escalation)
{
    uint32_t action = 0;
    for (uint32_t i = 0; i < lower->process->handler_count; i++) {
        const struct handler *handler = lower->process->handlers[i];
        if (handler->button_of == escalation) {
            return action;
        }
        action += handler->kind == HANDLER_ACTION && handler->stage->parent == NULL;
    }
    return INDEX_NONE;
}

static void add_parallels(struct lower *lower)
{
    for (uint32_t i = 0; i < lower->process->parallel_count; i++) {
        const struct parallel *parallel = lower->process->parallels[i];
        struct image_parallel to = { .stage = parallel->stage->index,
                                     .until = parallel->until,
                                     .block = lower_hook(lower, parallel->join),
                                     .line = lower_line(lower, parallel->span) };
        uint32_t index = build_add_parallel(&lower->build, &to);
        CHECK(index == parallel->index);
    }
}

static void add_stages(struct lower *lower)
{
    for (uint32_t i = 0; i < lower->process->stage_count; i++) {
        const struct stage *stage = lower->process->stages[i];
        bool is_body = stage->parent == NULL;
        struct image_stage to = {
            .name = lower_text(lower, is_body ? lower->process->decl.name : stage->name),
            .label = lower_text(lower, is_body ? lower->process->decl.label : stage->label),
            .parent = stage_index(stage->parent),
            .first_child = stage_index(stage->first_child),
            .next_sibling = stage_index(stage->next_sibling),
            .task = stage->task == NULL ? INDEX_NONE : lower_task(lower, stage->task),
            .chance = stage->chance,
            .position = stage->index,
            .line = lower_line(lower, stage->span),
            .waits = stage->waits,
            .on_enter = lower_hook(lower, stage->enter),
            .on_exit = lower_hook(lower, stage->exit),
            .parallel = stage->parallel == NULL ? INDEX_NONE : stage->parallel->index,
            .guard = lower_expr(lower, stage->guard),
        };
        add_handlers(lower, stage, &to);
        uint32_t index = build_add_stage(&lower->build, &to);
        CHECK(index == stage->index);
    }
}

static void add_escalations(struct lower *lower)
{
    for (uint32_t i = 0; i < lower->process->escalation_count; i++) {
        const struct escalation *escalation = lower->process->escalations[i];
        uint32_t ask_count = escalation->form->ask_count;
        uint32_t *fields = ARENA_ARRAY(lower->arena, uint32_t, ask_count + 1);
        uint32_t field_count = 0;
        for (uint32_t n = 0; n < ask_count; n++) {
            if (escalation->fields[n] != NULL) {
                fields[field_count++] = escalation->fields[n]->index;
            }
        }
        struct image_escalation to = { .stage = escalation->stage->index,
                                       .button = find_button(lower, escalation),
                                       .fields = build_list(&lower->build, fields, field_count) };
        uint32_t index = build_add_escalation(&lower->build, &to);
        CHECK(index == escalation->index);
    }
}

static void add_migrates(struct lower *lower)
{
    for (uint32_t i = 0; i < lower->process->migrate_count; i++) {
        const struct migrate *migrate = &lower->process->migrates[i];
        struct image_migrate to = {
            .from = lower_text(lower, migrate->from),
            .moves = { build_count(&lower->build, BUILD_migrate_stage), migrate->stage_count },
            .line = lower_line(lower, migrate->span),
        };
        for (uint32_t n = 0; n < migrate->stage_count; n++) {
            struct image_migrate_stage move = { lower_text(lower, migrate->stages[n].old),
                                                migrate->stages[n].stage->index, 0 };
            build_add_migrate_stage(&lower->build, &move);
        }
        to.block = lower_block(lower, &migrate->block);
        build_add_migrate(&lower->build, &to);
    }
}

static void add_ends(struct lower *lower)
{
    for (uint32_t i = 0; i < lower->process->end_count; i++) {
        const struct process_end *end = lower->process->ends[i];
        struct image_end to = { .name = lower_text(lower, end->name),
                                .label = lower_text(lower, end->label),
                                .kind = (uint32_t)end->kind,
                                .by = lower_roles(lower, &end->by),
                                .reopen_by = lower_roles(lower, &end->reopen_by),
                                .reopen_goto = INDEX_NONE,
                                .line = lower_line(lower, end->span) };
        if (end->reopen) {
            to.flags = END_REOPEN | (end->reopen_on_repeat ? END_REOPEN_ON_REPEAT : 0u);
            to.reopen_goto = lower_target(lower, end->reopen_target);
        }
        if (end->reopen_within.kind == VALUE_DURATION) {
            to.reopen_within = end->reopen_within.number;
            to.reopen_within_unit = end->reopen_within.unit;
        }
        uint32_t index = build_add_end(&lower->build, &to);
        CHECK(index == end->index);
    }
}
