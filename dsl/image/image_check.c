// Validation of stored images, section by section. Nothing here trusts anything: each function
// reads only what an earlier line has found to lie inside its section.
#include "dsl/image/image_internal.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/value.h"

typedef bool check_section_fn(const struct image *image);

static check_section_fn check_process, check_types, check_roles, check_enums, check_records,
    check_ladders, check_fields, check_stages, check_stage_tree, check_tasks, check_dues,
    check_actions, check_timers, check_rules, check_ends, check_flows, check_asks, check_converts,
    check_tables, check_choices, check_translations, check_parallels, check_hooks,
    check_migrates;

bool image_check_contents(const struct image *image)
{
    static check_section_fn *const checks[] = {
        check_process, check_types,      check_roles,        check_enums,        check_records,
        check_ladders, check_fields,     check_stages,       check_stage_tree,   check_tasks,
        check_dues,    check_actions,    check_timers,       check_rules,        check_ends,
        check_flows,   check_asks,       check_converts,     check_tables,       check_choices,
        check_migrates,
        image_check_outside,
        image_check_blocks, image_check_hooks,
        image_check_exprs, image_check_escalations, image_check_calendars,
        check_translations, check_parallels, check_hooks,
    };
    for (size_t i = 0; i < ARRAY_COUNT(checks); i++) {
        if (!checks[i](image)) {
            return false;
        }
    }
    return image->process_count > 0 || image_check_inbox(image);
}

// Working time is counted in the hours of the process's calendar.
static bool duration_unit_ok(const struct image *image, uint32_t unit)
{
    return unit <= DURATION_MONTH ||
           (unit <= DURATION_WORK_DAY && image->process_count > 0 &&
            image->process[0].calendar != INDEX_NONE);
}

static bool check_process(const struct image *image)
{
    if (image->process_count == 0) {
        return image_holds_inbox_alone(image);
    }
    if (image->inbox_count + image->lane_count + image->sort_count > 0 ||
        image->process_count != 1 || image->stage_count == 0 ||
        image->field_count > IMAGE_FIELDS_MAX) {
        return false;
    }
    const struct image_process *process = &image->process[0];
    return image_name_ok(image, process->name) && image_text_ok(image, process->label) &&
           image_text_ok(image, process->file) &&
           image_optional_ok(process->title, image->expr_count) &&
           image_list_ok(image, process->keys, image->field_count) &&
           image_list_ok(image, process->computed, image->field_count) &&
           image_index_ok(process->start_block, image->block_count) &&
           image_optional_ok(process->repeat_block, image->block_count) &&
           image_list_ok(image, process->start_asks, image->ask_count) &&
           process->local_count <= IMAGE_LOCALS_MAX &&
           image_optional_ok(process->calendar, image->calendar_count) &&
           image_list_ok(image, process->zone_from, image->field_count);
}

// A record's parts stand before the record's type, so types cannot hold themselves.
static bool record_type_ok(const struct image *image, uint32_t index)
{
    uint32_t record = image->type[index].arg;
    if (record >= image->record_count ||
        !image_range_ok(image->record[record].parts, image->part_count)) {
        return false;
    }
    struct image_range parts = image->record[record].parts;
    for (uint32_t i = 0; i < parts.count; i++) {
        if (image->part[parts.first + i].type >= index) {
            return false;
        }
    }
    return true;
}

static bool check_type(const struct image *image, uint32_t index)
{
    const struct image_type *type = &image->type[index];
    if (!image_text_ok(image, type->name) || type->kind >= TYPE_KIND_COUNT) {
        return false;
    }
    switch ((enum image_type_kind)type->kind) {
    case TYPE_ENUM:
        return type->arg < image->enumeration_count;
    case TYPE_USER:
        return image_optional_ok(type->arg, image->role_count);
    case TYPE_SET:
    case TYPE_LIST:
        return type->arg < index;
    case TYPE_RECORD:
        return record_type_ok(image, index);
    case TYPE_REF:
        return type->arg == INDEX_NONE && type->name.len > 0;
    case TYPE_TEXT:
    case TYPE_INTEGER:
    case TYPE_DECIMAL:
    case TYPE_MONEY:
    case TYPE_BOOL:
    case TYPE_DATE:
    case TYPE_TIME:
    case TYPE_DATETIME:
    case TYPE_DURATION:
    case TYPE_PHONE:
    case TYPE_EMAIL:
    case TYPE_URL:
    case TYPE_FILE:
        return type->arg == INDEX_NONE;
    case TYPE_KIND_COUNT:
        break;
    }
    return false;
}

static bool check_types(const struct image *image)
{
    for (uint32_t i = 0; i < image->type_count; i++) {
        if (!check_type(image, i)) {
            return false;
        }
    }
    return true;
}

// `under` must lead upwards to an end: more steps than roles means a ring.
static bool check_roles(const struct image *image)
{
    for (uint32_t i = 0; i < image->role_count; i++) {
        const struct image_role *role = &image->role[i];
        if (!image_name_ok(image, role->name) || !image_text_ok(image, role->label) ||
            !image_optional_ok(role->under, image->role_count) ||
            role->pick > STRATEGY_FAMILIAR || role->pick_else > STRATEGY_FAMILIAR ||
            role->sees_all > 1 || role->may_move > 1) {
            return false;
        }
        uint32_t steps = 0;
        for (uint32_t at = role->under; at != INDEX_NONE; at = image->role[at].under) {
            if (at >= image->role_count || ++steps > image->role_count) {
                return false;
            }
        }
    }
    return true;
}

static bool check_enums(const struct image *image)
{
    for (uint32_t i = 0; i < image->enumeration_count; i++) {
        const struct image_enum *one = &image->enumeration[i];
        if (!image_name_ok(image, one->name) ||
            !image_range_ok(one->members, image->member_count)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < image->member_count; i++) {
        const struct image_member *member = &image->member[i];
        if (!image_name_ok(image, member->name) || !image_text_ok(image, member->label)) {
            return false;
        }
    }
    return true;
}

static bool check_records(const struct image *image)
{
    for (uint32_t i = 0; i < image->record_count; i++) {
        if (!image_text_ok(image, image->record[i].name) ||
            !image_range_ok(image->record[i].parts, image->part_count)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < image->part_count; i++) {
        const struct image_part *part = &image->part[i];
        if (!image_name_ok(image, part->name) || !image_text_ok(image, part->label) ||
            !image_text_ok(image, part->help) || part->type >= image->type_count ||
            part->flags > (PART_REQUIRED | PART_COMPUTED) ||
            ((part->flags & PART_COMPUTED) != 0 && part->initial == INDEX_NONE) ||
            !image_optional_ok(part->initial, image->expr_count)) {
            return false;
        }
    }
    return true;
}

static bool check_ladders(const struct image *image)
{
    for (uint32_t i = 0; i < image->ladder_count; i++) {
        const struct image_ladder *ladder = &image->ladder[i];
        if (!image_name_ok(image, ladder->name) || ladder->keeps_count > 1 ||
            ladder->rungs.count == 0 || !image_range_ok(ladder->rungs, image->rung_count)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < image->rung_count; i++) {
        const struct image_rung *rung = &image->rung[i];
        if (rung->amount < 0 || !duration_unit_ok(image, rung->unit) ||
            rung->effect > RUNG_REASSIGN ||
            !image_optional_ok(rung->role, image->role_count) ||
            !image_optional_ok(rung->within, image->calendar_count)) {
            return false;
        }
        if (rung->effect == RUNG_NOTIFY && rung->role == INDEX_NONE) {
            return false;
        }
    }
    return true;
}

// What is worked out has something to be worked out from.
static bool computed_ok(const struct image *image)
{
    struct image_range computed = image->process[0].computed;
    for (uint32_t i = 0; i < computed.count; i++) {
        uint32_t field = image->list[computed.first + i];
        if ((image->field[field].flags & FIELD_COMPUTED) == 0) {
            return false;
        }
    }
    return true;
}

static bool check_fields(const struct image *image)
{
    for (uint32_t i = 0; i < image->field_count; i++) {
        const struct image_field *field = &image->field[i];
        if (!image_name_ok(image, field->name) || !image_text_ok(image, field->label) ||
            !image_text_ok(image, field->help) || field->type >= image->type_count ||
            field->flags > (FIELD_REQUIRED | FIELD_READONLY | FIELD_GIVEN | FIELD_COMPUTED |
                            FIELD_FRAME) ||
            ((field->flags & FIELD_COMPUTED) != 0 && field->initial == INDEX_NONE) ||
            ((field->flags & FIELD_FRAME) != 0 && (field->flags & FIELD_READONLY) == 0) ||
            !image_optional_ok(field->initial, image->expr_count) ||
            !image_list_ok(image, field->shown_to, image->role_count) ||
            !image_list_ok(image, field->depends, image->field_count)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < image->collection_count; i++) {
        if (!image_name_ok(image, image->collection[i].name) || image->collection[i].each > 1) {
            return false;
        }
    }
    return image->process_count == 0 || computed_ok(image);
}

static bool check_stage(const struct image *image, uint32_t index)
{
    const struct image_stage *stage = &image->stage[index];
    bool is_body = index == 0;
    if (!image_text_ok(image, stage->name) || (!is_body && stage->name.len == 0) ||
        !image_text_ok(image, stage->label) ||
        (is_body ? stage->parent != INDEX_NONE : stage->parent >= index) ||
        !image_optional_ok(stage->task, image->task_count) ||
        !image_optional_ok(stage->on_enter, image->block_count) ||
        !image_optional_ok(stage->on_exit, image->block_count) ||
        !image_optional_ok(stage->parallel, image->parallel_count) ||
        (stage->parallel != INDEX_NONE && (is_body || stage->first_child == INDEX_NONE)) ||
        !image_optional_ok(stage->guard, image->expr_count) ||
        (stage->task != INDEX_NONE && stage->first_child != INDEX_NONE) ||
        (stage->chance != INDEX_NONE && stage->chance > 100) || stage->position != index ||
        (stage->waits &
         ~(uint32_t)(WAIT_TASK | WAIT_TIMER | WAIT_IDLE | WAIT_CHILDREN | WAIT_CALL)) != 0 ||
        !image_range_ok(stage->actions, image->action_count) ||
        !image_range_ok(stage->timers, image->timer_count) ||
        !image_range_ok(stage->rules, image->rule_count)) {
        return false;
    }
    for (uint32_t i = 0; i < stage->actions.count; i++) {
        if (image->action[stage->actions.first + i].stage != index) {
            return false;
        }
    }
    for (uint32_t i = 0; i < stage->timers.count; i++) {
        if (image->timer[stage->timers.first + i].stage != index) {
            return false;
        }
    }
    for (uint32_t i = 0; i < stage->rules.count; i++) {
        if (image->rule[stage->rules.first + i].stage != index) {
            return false;
        }
    }
    return true;
}

static bool check_stages(const struct image *image)
{
    for (uint32_t i = 0; i < image->stage_count; i++) {
        if (!check_stage(image, i)) {
            return false;
        }
        uint32_t depth = 0;
        for (uint32_t at = i; at != 0; at = image->stage[at].parent) {
            if (++depth > IMAGE_STAGE_DEPTH_MAX) {
                return false;
            }
        }
    }
    return true;
}

// Every stage but the body hangs on exactly one link, a first child's or a sibling's, of its
// parent.
static bool check_stage_tree(const struct image *image)
{
    uint8_t *linked = mem_zalloc(image->stage_count);
    bool ok = true;
    uint32_t link_count = 0;
    for (uint32_t i = 0; ok && i < image->stage_count; i++) {
        const struct image_stage *stage = &image->stage[i];
        uint32_t links[2] = { stage->first_child, stage->next_sibling };
        uint32_t parents[2] = { i, stage->parent };
        for (size_t n = 0; ok && n < 2; n++) {
            if (links[n] == INDEX_NONE) {
                continue;
            }
            ok = links[n] > i && links[n] < image->stage_count &&
                 image->stage[links[n]].parent == parents[n] && !linked[links[n]];
            if (ok) {
                linked[links[n]] = 1;
                link_count++;
            }
        }
    }
    ok = ok && (image->stage_count == 0 || link_count + 1 == image->stage_count);
    mem_free(linked);
    return ok;
}

static bool check_tasks(const struct image *image)
{
    for (uint32_t i = 0; i < image->task_count; i++) {
        const struct image_task *task = &image->task[i];
        if (task->title >= image->expr_count || task->role >= image->role_count ||
            !image_optional_ok(task->due, image->due_count) || task->flags > TASK_URGENT ||
            !image_optional_ok(task->overdue, image->ladder_count) ||
            !image_optional_ok(task->overdue_then, image->block_count) ||
            (task->overdue == INDEX_NONE && task->overdue_then != INDEX_NONE) ||
            !image_text_ok(image, task->script) ||
            !image_list_ok(image, task->other_than, image->role_count) ||
            !image_range_ok(task->reminds, image->rung_count)) {
            return false;
        }
    }
    return true;
}

static bool check_dues(const struct image *image)
{
    for (uint32_t i = 0; i < image->due_count; i++) {
        const struct image_due *due = &image->due[i];
        if (due->moment >= image->expr_count ||
            !image_optional_ok(due->until, image->expr_count) || due->promised > 1 ||
            !image_optional_ok(due->within, image->calendar_count)) {
            return false;
        }
    }
    return true;
}

static bool check_action(const struct image *image, const struct image_action *action)
{
    if (!image_name_ok(image, action->name) || !image_text_ok(image, action->label) ||
        !image_text_ok(image, action->group) || !image_text_ok(image, action->confirm) ||
        !image_text_ok(image, action->help) || action->stage >= image->stage_count ||
        !image_list_ok(image, action->by, image->role_count) ||
        !image_optional_ok(action->guard, image->expr_count) ||
        !image_range_ok(action->aliases, image->alias_count) || action->at_most == 0 ||
        !image_optional_ok(action->at_most_then, image->block_count) ||
        action->block >= image->block_count ||
        !image_list_ok(image, action->asks, image->ask_count) ||
        action->flags > (ACTION_HAS_FLOW | ACTION_LEAVES | ACTION_BODY)) {
        return false;
    }
    return (action->at_most != INDEX_NONE || action->at_most_then == INDEX_NONE) &&
           ((action->flags & ACTION_BODY) != 0) == (action->stage == 0);
}

static bool check_actions(const struct image *image)
{
    for (uint32_t i = 0; i < image->action_count; i++) {
        if (!check_action(image, &image->action[i])) {
            return false;
        }
    }
    for (uint32_t i = 0; i < image->alias_count; i++) {
        if (image->alias[i].len == 0 || !image_text_ok(image, image->alias[i])) {
            return false;
        }
    }
    return true;
}

static bool check_timers(const struct image *image)
{
    for (uint32_t i = 0; i < image->timer_count; i++) {
        const struct image_timer *timer = &image->timer[i];
        if (timer->kind > TIMER_EVERY || timer->stage >= image->stage_count ||
            timer->moment >= image->expr_count || timer->block >= image->block_count ||
            timer->leaves > 1 || !image_list_ok(image, timer->fields, image->field_count)) {
            return false;
        }
    }
    return true;
}

static bool check_rules(const struct image *image)
{
    for (uint32_t i = 0; i < image->rule_count; i++) {
        const struct image_rule *rule = &image->rule[i];
        if (rule->condition >= image->expr_count || rule->stage >= image->stage_count ||
            rule->block >= image->block_count || rule->changes > 1 || rule->pad != 0) {
            return false;
        }
    }
    return true;
}

static bool check_ends(const struct image *image)
{
    for (uint32_t i = 0; i < image->end_count; i++) {
        const struct image_end *end = &image->end[i];
        if (!image_name_ok(image, end->name) || !image_text_ok(image, end->label) ||
            end->kind > END_FAILURE || end->flags > (END_REOPEN | END_REOPEN_ON_REPEAT) ||
            !image_list_ok(image, end->by, image->role_count) ||
            !image_list_ok(image, end->reopen_by, image->role_count) || end->reopen_within < 0 ||
            !duration_unit_ok(image, end->reopen_within_unit) ||
            !image_optional_ok(end->reopen_goto, image->flow_count) ||
            ((end->flags & END_REOPEN) != 0) != (end->reopen_goto != INDEX_NONE) ||
            (end->reopen_goto != INDEX_NONE &&
             image->flow[end->reopen_goto].target_kind != TARGET_STAGE) ||
            end->flags == END_REOPEN_ON_REPEAT || end->pad != 0) {
            return false;
        }
    }
    return true;
}

static bool check_flows(const struct image *image)
{
    for (uint32_t i = 0; i < image->flow_count; i++) {
        const struct image_goto *flow = &image->flow[i];
        bool to_stage = flow->target_kind == TARGET_STAGE || flow->target_kind == TARGET_DONE;
        uint32_t targets = to_stage                          ? image->stage_count
                           : flow->target_kind == TARGET_END ? image->end_count
                                                             : image->choice_count;
        if (flow->target_kind > TARGET_DONE || flow->target >= targets ||
            (flow->target_kind == TARGET_DONE && !image_is_branch(image, flow->target)) ||
            (to_stage && flow->target == 0) || !image_optional_ok(flow->due, image->due_count) ||
            (flow->target_kind != TARGET_STAGE && flow->due != INDEX_NONE)) {
            return false;
        }
    }
    return true;
}

static bool check_choices(const struct image *image)
{
    for (uint32_t i = 0; i < image->choice_count; i++) {
        const struct image_choice *choice = &image->choice[i];
        if (!image_name_ok(image, choice->name) || choice->stage >= image->stage_count ||
            choice->block >= image->block_count || choice->pad != 0) {
            return false;
        }
    }
    return image->choice_count <= IMAGE_CHOICES_MAX;
}

// The stages that name a parallel and the parallels that name a stage are the same pairs; only
// branches have guards.
static bool check_parallels(const struct image *image)
{
    for (uint32_t i = 0; i < image->parallel_count; i++) {
        const struct image_parallel *parallel = &image->parallel[i];
        if (parallel->stage >= image->stage_count ||
            image->stage[parallel->stage].parallel != i ||
            parallel->block >= image->block_count) {
            return false;
        }
        uint32_t branches = 0;
        for (uint32_t at = image->stage[parallel->stage].first_child; at != INDEX_NONE;
             at = image->stage[at].next_sibling) {
            branches++;
        }
        if (parallel->until > branches) {
            return false;
        }
    }
    for (uint32_t i = 0; i < image->stage_count; i++) {
        const struct image_stage *stage = &image->stage[i];
        if ((stage->parallel != INDEX_NONE && image->parallel[stage->parallel].stage != i) ||
            (stage->guard != INDEX_NONE && !image_is_branch(image, i))) {
            return false;
        }
    }
    return true;
}

static bool check_asks(const struct image *image)
{
    for (uint32_t i = 0; i < image->ask_count; i++) {
        const struct image_ask *ask = &image->ask[i];
        if (!image_name_ok(image, ask->name) || !image_text_ok(image, ask->label) ||
            !image_text_ok(image, ask->help) || ask->type >= image->type_count ||
            ask->flags > (ASK_REQUIRED | ASK_QUICK) ||
            !image_optional_ok(ask->field, image->field_count) ||
            ask->local >= image->process[0].local_count ||
            !image_optional_ok(ask->initial, image->expr_count)) {
            return false;
        }
    }
    return true;
}

static bool check_converts(const struct image *image)
{
    for (uint32_t i = 0; i < image->convert_count; i++) {
        const struct image_convert *convert = &image->convert[i];
        bool is_each = convert->each != INDEX_NONE;
        if (convert->collection >= image->collection_count ||
            !image_optional_ok(convert->each, image->expr_count) ||
            (is_each ? convert->local >= image->process[0].local_count
                     : convert->local != INDEX_NONE) ||
            !image_optional_ok(convert->by, image->expr_count) || convert->pairs.count == 0 ||
            !image_range_ok(convert->pairs, image->pair_count) ||
            !image_range_ok(convert->withs, image->with_count) || convert->pad != 0 ||
            (image->collection[convert->collection].each != 0) != is_each) {
            return false;
        }
    }
    for (uint32_t i = 0; i < image->pair_count; i++) {
        if (!image_text_ok(image, image->pair[i].member) ||
            !image_name_ok(image, image->pair[i].process)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < image->with_count; i++) {
        const struct image_with *with = &image->with[i];
        if (!image_name_ok(image, with->name) || with->value >= image->expr_count ||
            with->pad != 0) {
            return false;
        }
    }
    return true;
}

static bool check_cell(const struct image *image, const struct image_cell *cell)
{
    return cell->kind <= CELL_RANGE &&
           (cell->kind == CELL_ANY ? cell->a == INDEX_NONE : cell->a < image->expr_count) &&
           (cell->kind == CELL_RANGE ? cell->b < image->expr_count : cell->b == INDEX_NONE);
}

static bool check_hooks(const struct image *image)
{
    for (uint32_t i = 0; i < image->hook_count; i++) {
        const struct image_hook *hook = &image->hook[i];
        if (!image_name_ok(image, hook->name) || !image_text_ok(image, hook->file) ||
            !image_text_ok(image, hook->text) || hook->type >= image->type_count ||
            hook->pad != 0) {
            return false;
        }
    }
    return true;
}

static bool check_migrates(const struct image *image)
{
    for (uint32_t i = 0; i < image->migrate_count; i++) {
        const struct image_migrate *migrate = &image->migrate[i];
        if (!image_name_ok(image, migrate->from) || migrate->block >= image->block_count ||
            !image_range_ok(migrate->moves, image->migrate_stage_count)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < image->migrate_stage_count; i++) {
        const struct image_migrate_stage *move = &image->migrate_stage[i];
        if (!image_name_ok(image, move->old) || move->stage == 0 ||
            move->stage >= image->stage_count || move->pad != 0) {
            return false;
        }
    }
    return image->migrate_count <= IMAGE_MIGRATES_MAX;
}

static bool check_tables(const struct image *image)
{
    for (uint32_t i = 0; i < image->table_count; i++) {
        const struct image_table *table = &image->table[i];
        if (!image_name_ok(image, table->name) || table->params.count == 0 ||
            !image_range_ok(table->params, image->param_count) || table->rows.count == 0 ||
            !image_range_ok(table->rows, image->row_count) || table->type >= image->type_count) {
            return false;
        }
        for (uint32_t n = 0; n < table->rows.count; n++) {
            const struct image_row *row = &image->row[table->rows.first + n];
            if (row->cells.count != table->params.count ||
                !image_range_ok(row->cells, image->cell_count)) {
                return false;
            }
        }
    }
    for (uint32_t i = 0; i < image->param_count; i++) {
        if (!image_name_ok(image, image->param[i].name) ||
            image->param[i].type >= image->type_count) {
            return false;
        }
    }
    for (uint32_t i = 0; i < image->row_count; i++) {
        if (image->row[i].value >= image->expr_count) {
            return false;
        }
    }
    for (uint32_t i = 0; i < image->cell_count; i++) {
        if (!check_cell(image, &image->cell[i])) {
            return false;
        }
    }
    return true;
}

static bool check_translations(const struct image *image)
{
    for (uint32_t i = 0; i < image->translation_count; i++) {
        const struct image_translation *one = &image->translation[i];
        bool ordered = i == 0 || image->translation[i - 1].of.offset <= one->of.offset;
        if (!ordered || one->of.len == 0 || !image_text_ok(image, one->of) ||
            !image_name_ok(image, one->lang) || !image_text_ok(image, one->text)) {
            return false;
        }
    }
    return true;
}
