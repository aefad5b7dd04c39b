// Start: a new case, a repeat that joins an open one, or a reopened one (rules 30, 34, 36, 43).
#include "engine/decide/decide_outside.h"
#include "engine/decide/decide_version.h"

static void emit_started(struct decide *d, const struct view_program *program,
                         const struct event_instance_started *started)
{
    struct event event = { .kind = EVENT_INSTANCE_STARTED, .instance_started = *started };
    event.instance_started.program = program->id;
    event.instance_started.process = program->process;
    decide_emit(d, &event);
}

static enum run_result no_flow(struct run *run)
{
    const struct image *image = &run->program->image;
    return REFUSE(run->d, ASLEEP, "`start` of `%.*s` took a path without `=>`",
                  SLICE_PRINT(image_slice(image, image->process[0].name)));
}

// S163: somebody has decided where it begins; the steps of `start` are not run.
static enum run_result start_at_stage(struct run *run)
{
    struct event event = { .kind = EVENT_MOVED,
                           .moved = { run->instance->head.id, run->start_at,
                                      clip_text(run->d->command->text, COMMENT_BYTES_MAX) } };
    decide_emit(run->d, &event);
    if (run_transition(run, run->start_at, INDEX_NONE) == RUN_REFUSED) {
        return RUN_REFUSED;
    }
    return run_settle(run);
}

// The stage that the command names, for those who may move cases by hand. False: refused.
static bool take_start_stage(struct decide *d, const struct view_program *program,
                             uint32_t *ret_stage)
{
    const struct image *image = &program->image;
    *ret_stage = INDEX_NONE;
    if (d->command->kind != COMMAND_START || d->command->name.len == 0) {
        return true;
    }
    uint32_t stage = image_find_stage(image, d->command->name);
    struct rights rights = { .allowed = true };
    if (d->me != 0) {
        rights = rights_move(d->view, program, d->me, d->arena);
    }
    if (!rights.allowed) {
        d->refusal = rights.refusal;
    } else if (stage == INDEX_NONE || image_escalation_around(image, stage) != INDEX_NONE) {
        (void)REFUSE(d, UNKNOWN_STAGE, "process `%.*s` has no stage `%.*s` to start at",
                     SLICE_PRINT(image_slice(image, image->process[0].name)),
                     SLICE_PRINT(clip_text(d->command->name, NAME_BYTES_MAX)));
    } else if (d->command->text.len == 0) {
        (void)REFUSE(d, BAD_FORM, "a start at a stage needs a reason");
    }
    *ret_stage = stage;
    return !decide_refused(d);
}

// Runs `start` to rest: body, keys, steps, rules.
static enum run_result run_start(struct run *run)
{
    const struct image *image = &run->program->image;
    if (run_enter_body(run) == RUN_REFUSED) {
        return RUN_REFUSED;
    }
    fields_take_keys(run);
    if (decide_refused(run->d)) {
        return RUN_REFUSED;
    }
    run->braces = 0;
    const struct active_stage *body = instance_active(run->instance, 0);
    run->action_entry = body != NULL ? body->entry : 0;
    if (run->start_at != INDEX_NONE) {
        return start_at_stage(run);
    }
    enum run_result result = run_block(run, image->process[0].start_block);
    if (result == RUN_REFUSED) {
        return result;
    }
    return result == RUN_ON ? no_flow(run) : run_settle(run);
}

// --------------------------------------------------------------------------------- from a form

struct answers {
    struct value *values; // by field
    bool *given;
    bool *bad; // named in the refusal already
};

static void check_required(struct form *form, const struct answers *answers)
{
    const struct image *image = &form->run->program->image;
    for (uint32_t i = 0; i < image->field_count; i++) {
        const struct image_field *field = &image->field[i];
        bool needed = (field->flags & FIELD_REQUIRED) != 0 &&
                      (field->flags & (FIELD_READONLY | FIELD_GIVEN)) == 0 &&
                      field->initial == INDEX_NONE;
        if (needed && !answers->bad[i] && value_is_empty(&answers->values[i])) {
            form_bad(form, image_slice(image, field->name), REFUSAL_BAD_FORM,
                     SLICE("must be answered"));
        }
    }
}

static void take_answers(struct form *form, struct answers *answers)
{
    struct run *run = form->run;
    const struct image *image = &run->program->image;
    answers->values = ARENA_ARRAY(run->d->arena, struct value, image->field_count + 1);
    answers->given = ARENA_ARRAY(run->d->arena, bool, image->field_count + 1);
    answers->bad = ARENA_ARRAY(run->d->arena, bool, image->field_count + 1);
    for (uint32_t i = 0; i < image->field_count; i++) {
        bool closed = (image->field[i].flags & (FIELD_READONLY | FIELD_GIVEN)) != 0;
        if (!closed) {
            answers->bad[i] =
                !form_take_field(form, i, &answers->values[i], &answers->given[i]);
        }
    }
    form_refuse_unknown(form, image->process[0].start_asks, true);
}

// What a case above would hand over, said by a test: fields that no form offers.
static void take_given(struct run *run, struct answers *answers)
{
    const struct image *image = &run->program->image;
    struct form form;
    if (run->d->command->given.len == 0) {
        return;
    }
    form_open(&form, run, run->d->command->given);
    for (uint32_t i = 0; i < image->field_count; i++) {
        bool closed = (image->field[i].flags & (FIELD_READONLY | FIELD_GIVEN)) != 0;
        if (closed) {
            (void)form_take_field(&form, i, &answers->values[i], &answers->given[i]);
        }
    }
    (void)form_close(&form);
}

static bool take_start_asks(struct form *form)
{
    struct run *run = form->run;
    const struct image *image = &run->program->image;
    const struct image_range *asks = &image->process[0].start_asks;
    for (uint32_t i = 0; i < asks->count; i++) {
        uint32_t ask = image->list[asks->first + i];
        bool required = (image->ask[ask].flags & ASK_REQUIRED) != 0;
        (void)form_take_ask(form, ask, required);
    }
    return form->bad.len == 0;
}

// --------------------------------------------------------------------------------- known keys

struct match {
    uint64_t open, ended;
    uint64_t duplicate; // another open case, matched by a later key
    struct slice key, duplicate_key;
};

// Nobody holds the key, but a case that did was merged: its key finds the other one.
static void follow_merged(const struct view *view, struct view_key_row *row)
{
    uint64_t id = row->open == 0 && row->merged != 0 ? view_merged_into(view, row->merged) : 0;
    const struct instance *instance = id != 0 ? view_instance(view, id, NULL) : NULL;
    if (instance != NULL && instance->head.status == INSTANCE_OPEN) {
        row->open = id;
    } else if (instance != NULL && id > row->ended) {
        row->ended = id;
    }
}

static struct match find_match(struct run *run, const struct answers *answers)
{
    const struct image *image = &run->program->image;
    struct match match = { 0 };
    for (uint32_t i = 0; i < image->process[0].keys.count; i++) {
        uint32_t field = image->list[image->process[0].keys.first + i];
        struct slice key;
        struct view_key_row row;
        if (!fields_key_of(run, field, &answers->values[field], &key) || key.len > KEY_BYTES_MAX ||
            !fields_look_up(run, field, key, &row)) {
            continue;
        }
        follow_merged(run->d->view, &row);
        struct slice name = image_slice(image, image->field[field].name);
        if (row.open != 0 && match.open == 0) {
            match.open = row.open;
            match.key = name;
        } else if (row.open != 0 && row.open != match.open && match.duplicate == 0) {
            match.duplicate = row.open;
            match.duplicate_key = name;
        }
        match.ended = row.ended > match.ended ? row.ended : match.ended;
    }
    return match;
}

static void link_duplicate(struct run *run, const struct match *match)
{
    if (match->duplicate == 0) {
        return;
    }
    struct event event = { .kind = EVENT_DUPLICATE_LINKED,
                           .duplicate_linked = { run->instance->head.id, match->duplicate,
                                                 match->duplicate_key } };
    decide_emit(run->d, &event);
    const struct open_task *task = instance_main_task(run->instance, 0);
    if (task != NULL && task->holder != 0) {
        struct notice notice = { .text =
                                     arena_format(run->d->arena, "Possible duplicate: case %llu",
                                                  (unsigned long long)match->duplicate) };
        run_notify_user(run, task->holder, task->role, &notice);
    }
}

// Another open case holds this value as its key: it is linked as a possible duplicate, not robbed.
static bool is_key_of_another(struct run *run, uint32_t field, const struct value *value)
{
    struct slice key;
    struct view_key_row row;
    return fields_is_key(&run->program->image, field) && fields_key_of(run, field, value, &key) &&
           key.len <= KEY_BYTES_MAX &&
           fields_look_up(run, field, key, &row) && row.open != 0 &&
           row.open != run->instance->head.id;
}

// Answers fill only what is empty. The case in hand may run an older version of the process, so
// fields are matched by name.
static void fill_empty(struct run *run, const struct run *form_run, const struct answers *answers)
{
    const struct image *from = &form_run->program->image;
    for (uint32_t i = 0; i < from->field_count && !decide_refused(run->d); i++) {
        uint32_t field =
            image_find_field(&run->program->image, image_slice(from, from->field[i].name));
        if (field == INDEX_NONE || value_is_empty(&answers->values[i]) ||
            view_field(run->d->view, run->instance, field).len > 0 ||
            run->program->image.type[run->program->image.field[field].type].kind !=
                from->type[from->field[i].type].kind ||
            is_key_of_another(run, field, &answers->values[i])) {
            continue;
        }
        (void)run_set_field(run, field, answers->values[i]);
    }
}

static void run_repeat(struct run *run)
{
    const struct image *image = &run->program->image;
    uint32_t block = image->process[0].repeat_block;
    run->braces = 0;
    const struct active_stage *body = instance_active(run->instance, 0);
    run->action_entry = body != NULL ? body->entry : 0;
    if (block != INDEX_NONE && run_block(run, block) == RUN_REFUSED) {
        return;
    }
    (void)run_settle(run);
}

// A case that a message begins, or joins as a repeat, says so.
static void note_origin(struct decide *d, uint64_t instance)
{
    const struct command *command = d->command;
    if (command->kind == COMMAND_MESSAGE) {
        struct message message = { .connector = command->connector, .name = command->name };
        message_emit(d, instance, &message, MESSAGE_STARTED, INDEX_NONE);
    }
    decide_note_origin(d, instance);
}

static void emit_joined(struct run *run, struct slice key)
{
    struct event event = { .kind = EVENT_REPEAT_JOINED,
                           .repeat_joined = { run->instance->head.id, key } };
    decide_emit(run->d, &event);
}

void decide_note_origin(struct decide *d, uint64_t instance)
{
    const struct command *command = d->command;
    if (decide_refused(d)) {
        return;
    }
    if (command->source.len > 0) {
        struct event event = { .kind = EVENT_IMPORTED,
                               .imported = { instance, command->source, command->row } };
        decide_emit(d, &event);
    }
}

static void join_open(struct run *form_run, const struct answers *answers,
                      const struct match *match)
{
    struct decide *d = form_run->d;
    const struct instance *instance = view_instance(d->view, match->open, NULL);
    struct run *run = ARENA_NEW(d->arena, struct run);
    if (instance == NULL || !run_open(run, d, instance)) {
        (void)REFUSE(d, ROW_DAMAGED, "the stored row of case %llu does not validate",
                     (unsigned long long)match->open);
        return;
    }
    emit_joined(run, match->key);
    note_origin(d, match->open);
    link_duplicate(run, match);
    fill_empty(run, form_run, answers);
    if (!decide_refused(d)) {
        run_repeat(run);
    }
}

// Rule 34 (b), 36: the newest case with this key may ask to be reopened by a repeat.
static bool may_reopen(struct run *run, const struct image_end **ret_end)
{
    struct slice why;
    return run->instance->head.status == INSTANCE_ENDED && run_may_reopen(run, ret_end, &why) &&
           ((*ret_end)->flags & END_REOPEN_ON_REPEAT) != 0;
}

static bool reopen_ended(struct run *form_run, const struct answers *answers,
                         const struct match *match)
{
    struct decide *d = form_run->d;
    const struct instance *instance = view_instance(d->view, match->ended, NULL);
    struct run *run = ARENA_NEW(d->arena, struct run);
    const struct image_end *end;
    if (instance == NULL || !run_open(run, d, instance) || !may_reopen(run, &end)) {
        return false;
    }
    if (run_revive(run) == RUN_REFUSED) {
        return true;
    }
    emit_joined(run, SLICE("reopened"));
    note_origin(d, match->ended);
    fill_empty(run, form_run, answers);
    if (decide_refused(d) ||
        run_goto(run, end->reopen_goto) == RUN_REFUSED) {
        return true;
    }
    run_repeat(run);
    return true;
}

// --------------------------------------------------------------------------------- a new case

static bool give_slot(struct run *run, uint32_t role, uint32_t user, struct slice name)
{
    uint32_t number = run->program->roles[role];
    if (user != 0 && !view_holds(run->d->view, user, number)) {
        (void)REFUSE(run->d, ROLE_NOT_HELD, "whoever is given as `%.*s` does not hold that role",
                     SLICE_PRINT(name));
        return false;
    }
    assign_set_slot(run, number, user, SLICE("given"));
    return true;
}

static void give_slots(struct run *run)
{
    const struct image *image = &run->program->image;
    struct slice given = run->d->command->given;
    for (uint32_t i = 0; given.len > 0 && i < image->role_count; i++) {
        struct slice name = image_slice(image, image->role[i].name);
        struct slice raw = pack_map_find(given, name);
        struct unpack unpack;
        unpack_init(&unpack, raw);
        struct value value = value_empty();
        if (raw.len > 0 && image_find_field(image, name) == INDEX_NONE) {
            value = value_unpack(&unpack, run->d->arena);
        }
        if (value.kind == VALUE_USER && !give_slot(run, i, (uint32_t)value.number, name)) {
            return;
        }
    }
}

static void start_new(struct run *form_run, const struct answers *answers)
{
    struct decide *d = form_run->d;
    uint64_t id = view_counters(d->view)->next_instance;
    struct event_instance_started started = { .instance = id, .root = id,
                                              .collection = INDEX_NONE, .creator = d->me };
    emit_started(d, form_run->program, &started);
    note_origin(d, id);
    struct run *run = ARENA_NEW(d->arena, struct run);
    const struct instance *instance = view_instance(d->view, id, NULL);
    if (instance == NULL || !run_open(run, d, instance)) {
        return;
    }
    run->start_at = form_run->start_at;
    for (uint32_t i = 0; i < run->program->image.field_count; i++) {
        if (!value_is_empty(&answers->values[i])) {
            struct event event = { .kind = EVENT_FIELD_CHANGED };
            struct buf buf;
            buf_init(&buf, FIELD_BYTES_MAX + 16);
            value_pack(&buf, &answers->values[i]);
            event.field_changed = (struct event_field_changed){
                id, i, SLICE_EMPTY, arena_copy(d->arena, buf_slice(&buf)) };
            buf_done(&buf);
            decide_emit(d, &event);
            run->changed[i / 32] |= 1u << (i % 32);
        }
    }
    struct form form;
    form_open(&form, run, d->command->form);
    (void)take_start_asks(&form);
    if (!form_close(&form)) {
        return;
    }
    give_slots(run);
    run_find_zone(run);
    if (fields_default(run, NULL) != RUN_REFUSED && !decide_refused(d)) {
        (void)run_start(run);
    }
}

static const struct view_program *program_to_start(struct decide *d, struct slice name)
{
    uint32_t process = view_process_number(d->view, name);
    const struct view_program *program = process != 0 ? view_active(d->view, process) : NULL;
    if (program == NULL) {
        (void)REFUSE(d, UNKNOWN_PROCESS, "there is no active process named `%.*s`",
                     SLICE_PRINT(clip_text(name, NAME_BYTES_MAX)));
    }
    return program;
}

// A run without an instance, for reading the form before anything exists.
void decide_open_form_run(struct run *run, struct decide *d, const struct view_program *program)
{
    memset(run, 0, sizeof(*run));
    run->d = d;
    run->program = program;
    run->action = INDEX_NONE;
    run->start_at = INDEX_NONE;
    run->locals = ARENA_ARRAY(d->arena, struct value, program->image.process[0].local_count + 1);
    run->env = (struct eval_env){
        .view = d->view, .program = program, .locals = run->locals, .me = d->me,
        .now_ms = d->now_ms, .arena = d->arena, .currency = d->currency,
    };
}

// With the form that the command holds.
static void start_with(struct decide *d, const struct view_program *program)
{
    struct run *run = ARENA_NEW(d->arena, struct run);
    decide_open_form_run(run, d, program);
    struct form form;
    struct answers answers;
    form_open(&form, run, d->command->form);
    take_answers(&form, &answers);
    check_required(&form, &answers);
    if (!form_close(&form)) {
        return;
    }
    take_given(run, &answers);
    if (decide_refused(d)) {
        return;
    }
    struct match match = find_match(run, &answers);
    if (!take_start_stage(d, program, &run->start_at)) {
        return;
    }
    if (run->start_at != INDEX_NONE && match.open != 0) {
        (void)REFUSE(d, KEY_TAKEN, "case %llu is open with the same `%.*s`: move it there",
                     (unsigned long long)match.open, SLICE_PRINT(match.key));
    } else if (match.open != 0) {
        join_open(run, &answers, &match);
    } else if (run->start_at != INDEX_NONE || match.ended == 0 ||
               !reopen_ended(run, &answers, &match)) {
        start_new(run, &answers);
    }
}

void decide_start(struct decide *d)
{
    const struct command *command = d->command;
    uint64_t known;
    if (command->source.len > 0 && view_imported(d->view, command->source, command->row, &known)) {
        d->already = known; // the ledger knows this row: nothing changes, also for closed cases
        return;
    }
    const struct view_program *program = program_to_start(d, command->process);
    if (program != NULL) {
        start_with(d, program);
    }
}

// --------------------------------------------------------------------------------- by a message

static const struct image_intake *find_intake(const struct image *image,
                                              const struct message *message)
{
    uint32_t signal = message_signal(image, message);
    for (uint32_t i = 0; i < image->intake_count; i++) {
        if (image->intake[i].signal == signal) {
            return &image->intake[i];
        }
    }
    return NULL;
}

// The start form as the message fills it. Values that are empty are left out.
static struct slice form_of_message(struct run *run, const struct image_intake *intake)
{
    const struct image *image = &run->program->image;
    struct form form;
    struct buf pairs;
    uint32_t count = 0;
    form_open(&form, run, run->d->command->form);
    for (uint32_t i = 0; i < intake->asks.count; i++) {
        (void)form_take_ask(&form, image->list[intake->asks.first + i], false);
    }
    if (!form_close(&form)) {
        return SLICE_EMPTY;
    }
    buf_init(&pairs, FRAME_BYTES_MAX);
    for (uint32_t i = 0; i < intake->withs.count; i++) {
        const struct image_with *with = &image->with[intake->withs.first + i];
        struct value value = eval(&run->env, with->value);
        if (run_take_refusal(run)) {
            break;
        }
        if (!value_is_empty(&value)) {
            pack_str(&pairs, image_slice(image, with->name));
            value_pack(&pairs, &value);
            count++;
        }
    }
    struct buf whole;
    buf_init(&whole, FRAME_BYTES_MAX);
    pack_map(&whole, count);
    buf_put_slice(&whole, buf_slice(&pairs));
    struct slice packed = arena_copy(run->d->arena, buf_slice(&whole));
    buf_done(&pairs);
    buf_done(&whole);
    return packed;
}

void decide_begin(struct decide *d, const struct view_program *program, struct slice connector,
                  struct slice name)
{
    struct message message = { .connector = connector, .name = name };
    const struct image_intake *intake = find_intake(&program->image, &message);
    struct run *run = ARENA_NEW(d->arena, struct run);
    CHECK(intake != NULL);
    decide_open_form_run(run, d, program);
    struct command *command = ARENA_NEW(d->arena, struct command);
    *command = *d->command;
    command->form = form_of_message(run, intake);
    command->given = SLICE_EMPTY;
    const struct command *said = d->command;
    if (!decide_refused(d)) {
        d->command = command;
        start_with(d, program);
        d->command = said;
    }
}

// --------------------------------------------------------------------------------- a child

static bool give_field(struct run *parent, struct run *child, const struct image_with *with)
{
    const struct image *from = &parent->program->image;
    const struct image *to = &child->program->image;
    struct slice name = image_slice(from, with->name);
    uint32_t field = image_find_field(to, name);
    uint32_t role = image_find_role(to, name);
    if (field == INDEX_NONE && role == INDEX_NONE) {
        return true; // meant for another process of the same conversion
    }
    struct value value = eval(&parent->env, with->value);
    if (run_take_refusal(parent)) {
        return false;
    }
    if (field != INDEX_NONE) {
        return value_is_empty(&value) || run_set_field(child, field, value) != RUN_REFUSED;
    }
    return give_slot(child, role, value.kind == VALUE_USER ? (uint32_t)value.number : 0, name);
}

static void inherit_slots(const struct run *parent, struct run *child)
{
    for (uint32_t i = 0; i < parent->instance->head.slot_count; i++) {
        struct slot_holder slot = parent->instance->slot[i];
        for (uint32_t r = 0; r < child->program->image.role_count; r++) {
            if (child->program->roles[r] == slot.role) {
                assign_set_slot(child, slot.role, slot.user, SLICE("inherited"));
            }
        }
    }
}

static enum run_result fill_child(struct run *parent, struct run *child, uint32_t number)
{
    const struct image *image = &parent->program->image;
    const struct image_convert *convert = &image->convert[number];
    inherit_slots(parent, child);
    run_inherit_zone(child, parent->instance);
    for (uint32_t i = 0; i < convert->withs.count; i++) {
        if (!give_field(parent, child, &image->with[convert->withs.first + i])) {
            return RUN_REFUSED;
        }
    }
    return fields_default(child, NULL) == RUN_REFUSED ? RUN_REFUSED : run_start(child);
}

enum run_result decide_start_child(struct run *parent, uint32_t number, struct slice process,
                                   uint32_t round)
{
    struct decide *d = parent->d;
    const struct view_program *program = program_to_start(d, process);
    if (program == NULL) {
        return RUN_REFUSED;
    }
    if (d->depth >= CONVERT_DEPTH_MAX) {
        return REFUSE(d, LIMIT, "conversions nest deeper than CONVERT_DEPTH_MAX = %d",
                      CONVERT_DEPTH_MAX);
    }
    uint64_t id = view_counters(d->view)->next_instance;
    struct event_instance_started started = {
        .instance = id, .root = parent->instance->head.root, .parent = parent->instance->head.id,
        .collection = parent->program->image.convert[number].collection, .round = round,
        .creator = d->me,
    };
    emit_started(d, program, &started);
    const struct instance *instance = view_instance(d->view, id, NULL);
    struct run *child = ARENA_NEW(d->arena, struct run);
    if (instance == NULL || !run_open(child, d, instance)) {
        return REFUSE(d, LIMIT, "one command touches too many cases");
    }
    d->depth++;
    enum run_result result = fill_child(parent, child, number);
    d->depth--;
    return result == RUN_REFUSED ? RUN_REFUSED : RUN_ON;
}
