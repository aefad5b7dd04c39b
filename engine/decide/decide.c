#include "engine/decide/decide.h"

#include "engine/decide/decide_internal.h"
#include "engine/decide/decide_version.h"

void decide_emit(struct decide *d, const struct event *event) { d->emit(d->context, event); }

enum run_result decide_refuse(struct decide *d, enum refusal_code code, struct slice message,
                              struct slice subject)
{
    if (d->refusal.code == REFUSAL_NONE) {
        d->refusal = (struct refusal){ code, message, subject };
    }
    return RUN_REFUSED;
}

// Whoever may open the socket is an administrator; with `as` that person's rights hold.
static bool resolve_person(struct decide *d)
{
    struct slice as = d->command->as;
    d->me = 0;
    if (as.len == 0) {
        return true;
    }
    const struct view_user *user = view_user_named(d->view, as);
    if (user == NULL || !user->active) {
        (void)REFUSE(d, UNKNOWN_USER, user == NULL ? "there is no user named `%.*s`"
                                                   : "`%.*s` has left and cannot act",
                     SLICE_PRINT(slice_sub(as, 0, NAME_BYTES_MAX)));
        return false;
    }
    d->me = user->id;
    return true;
}

static bool is_for_administrators(enum command_kind kind)
{
    return kind == COMMAND_CANCEL || kind == COMMAND_INCIDENT_CLOSE || kind == COMMAND_USERS ||
           kind == COMMAND_APPLY || kind == COMMAND_CLOCK || kind == COMMAND_MESSAGE ||
           kind == COMMAND_INCIDENT_RETRY || kind == COMMAND_REVERT || kind == COMMAND_MIGRATE;
}

static bool is_by_person(enum command_kind kind)
{
    return kind == COMMAND_PRESS || kind == COMMAND_EDIT || kind == COMMAND_CLAIM ||
           kind == COMMAND_RELEASE || kind == COMMAND_FINISH || kind == COMMAND_SIDE_TASK ||
           kind == COMMAND_MOVE || kind == COMMAND_REOPEN || kind == COMMAND_UNDO;
}

static bool check_speaker(struct decide *d)
{
    enum command_kind kind = d->command->kind;
    if (!resolve_person(d)) {
        return false;
    }
    if (d->me != 0 && is_for_administrators(kind)) {
        (void)REFUSE(d, NEEDS_ADMINISTRATOR, "`%s` is for administrators, not for `%.*s`",
                     command_name(kind), SLICE_PRINT(d->command->as));
        return false;
    }
    if (d->me == 0 && is_by_person(kind)) {
        (void)REFUSE(d, NEEDS_PERSON, "`%s` is said on somebody's behalf, and nobody was named",
                     command_name(kind));
        return false;
    }
    return true;
}

typedef void decide_fn(struct decide *d);

static decide_fn *const deciders[COMMAND_KIND_COUNT] = {
    [COMMAND_START] = decide_start,
    [COMMAND_PRESS] = decide_press,
    [COMMAND_EDIT] = decide_edit,
    [COMMAND_CLAIM] = decide_claim,
    [COMMAND_RELEASE] = decide_release,
    [COMMAND_REASSIGN] = decide_reassign,
    [COMMAND_SIDE_TASK] = decide_side_task,
    [COMMAND_FINISH] = decide_finish,
    [COMMAND_COMMENT] = decide_comment,
    [COMMAND_MOVE] = decide_move,
    [COMMAND_REOPEN] = decide_reopen,
    [COMMAND_UNDO] = decide_undo,
    [COMMAND_CANCEL] = decide_cancel,
    [COMMAND_MERGE] = decide_merge,
    [COMMAND_INCIDENT_CLOSE] = decide_incident_close,
    [COMMAND_USERS] = decide_users,
    [COMMAND_APPLY] = decide_apply,
    [COMMAND_REVERT] = decide_revert,
    [COMMAND_MIGRATE] = decide_migrate,
    [COMMAND_VERSION] = decide_version,
    [COMMAND_VERSION_SETTLED] = decide_version_settled,
    [COMMAND_CLOCK] = decide_clock,
    [COMMAND_ABSENCE] = decide_absence,
    [COMMAND_PRESENT] = decide_absence,
    [COMMAND_HAND_OVER] = decide_hand_over,
    [COMMAND_ENGINE_STARTED] = decide_engine_started,
    [COMMAND_TIMER] = decide_timer,
    [COMMAND_OVERDUE] = decide_overdue,
    [COMMAND_CHILD_ENDED] = decide_child_ended,
    [COMMAND_ABSENCE_DUE] = decide_absence_due,
    [COMMAND_MESSAGE] = decide_message,
    [COMMAND_INCIDENT_RETRY] = decide_incident_retry,
    [COMMAND_DELIVER] = decide_deliver,
    [COMMAND_CALL_RESULT] = decide_call_result,
};

void decide_command(struct decide *d)
{
    CHECK(d->command->kind > COMMAND_NONE && d->command->kind < COMMAND_KIND_COUNT);
    d->steps_left = STEPS_PER_COMMAND_MAX;
    d->by_person = d->command->kind < COMMAND_USERS;
    if (check_speaker(d)) {
        deciders[d->command->kind](d);
    }
}

// --------------------------------------------------------------------------------- runs

static uint32_t pick_for_eval(void *context, uint32_t image_role, uint32_t strategy,
                              struct slice team)
{
    return assign_pick_value(context, image_role, strategy, team);
}

static void note_hit(void *context, uint32_t table, uint32_t row)
{
    struct run *run = context;
    for (uint32_t i = 0; i < run->hit_count; i++) {
        if (run->hit[i].table == table && run->hit[i].row == row) {
            return;
        }
    }
    if (run->hit_count < RUN_HITS_MAX) {
        run->hit[run->hit_count++] = (struct run_hit){ table, row };
    }
}

static void note_answer(void *context, uint32_t hook, const struct value *value)
{
    struct run *run = context;
    if (run->answer_count == RUN_ANSWERS_MAX) {
        return;
    }
    struct buf buf;
    buf_init(&buf, FIELD_BYTES_MAX);
    if (!value_is_empty(value)) { // an empty one is no bytes, as in every event
        value_pack(&buf, value);
    }
    run->answer[run->answer_count++] = (struct run_answer){
        hook, buf.overflow ? SLICE_EMPTY : arena_copy(run->d->arena, buf_slice(&buf)),
    };
    buf_done(&buf);
}

static void tell_answers(struct run *run)
{
    const struct image *image = &run->program->image;
    for (uint32_t i = 0; i < run->answer_count; i++) {
        const struct image_hook *hook = &image->hook[run->answer[i].hook];
        struct event event = { .kind = EVENT_HOOK_ASKED };
        event.hook_asked = (struct event_hook_asked){ run->instance->head.id,
                                                      image_slice(image, hook->name),
                                                      run->answer[i].value, hook->line };
        decide_emit(run->d, &event);
    }
    run->answer_count = 0;
}

void run_tell_hits(struct run *run)
{
    const struct image *image = &run->program->image;
    tell_answers(run);
    for (; run->hits_told < run->hit_count; run->hits_told++) {
        const struct run_hit *hit = &run->hit[run->hits_told];
        const struct image_table *table = &image->table[hit->table];
        struct event event = { .kind = EVENT_TABLE_HIT };
        event.table_hit = (struct event_table_hit){ run->instance->head.id,
                                                    image_slice(image, table->name), hit->row + 1,
                                                    image->row[table->rows.first + hit->row].line };
        decide_emit(run->d, &event);
    }
}

// A condition was read on the way, and from what: for people who ask why.
void run_tell_condition(struct run *run, struct slice what, uint32_t line, uint32_t condition,
                        bool holds)
{
    struct event event = { .kind = EVENT_CONDITION_READ,
                           .condition_read = { run->instance->head.id, what, line, holds,
                                               eval_seen(&run->env, condition) } };
    decide_emit(run->d, &event);
}

bool run_open(struct run *run, struct decide *d, const struct instance *instance)
{
    memset(run, 0, sizeof(*run));
    run->d = d;
    run->instance = instance;
    run->action = INDEX_NONE;
    run->start_at = INDEX_NONE;
    run->program = view_program(d->view, instance->head.program);
    if (run->program == NULL) {
        (void)REFUSE(d, ROW_DAMAGED, "the process version of case %llu cannot be read",
                     (unsigned long long)instance->head.id);
        return false;
    }
    uint32_t locals = run->program->image.process[0].local_count;
    run->locals = ARENA_ARRAY(d->arena, struct value, locals + 1);
    run->env = (struct eval_env){
        .view = d->view, .program = run->program, .instance = instance, .locals = run->locals,
        .me = d->me, .now_ms = d->now_ms, .arena = d->arena, .currency = d->currency,
        .pick = pick_for_eval, .pick_context = run, .hit = note_hit, .hit_context = run,
        .hooks = d->hooks, .hook_seed = d->seed, .asked = note_answer, .asked_context = run,
    };
    run_watch(run);
    return true;
}

bool run_take_refusal(struct run *run)
{
    if (run->env.refusal.code == REFUSAL_NONE) {
        return false;
    }
    (void)decide_refuse(run->d, run->env.refusal.code, run->env.refusal.message,
                        run->env.refusal.subject);
    run->env.refusal = (struct refusal){ 0 };
    return true;
}

struct slice run_title(struct run *run)
{
    const struct image *image = &run->program->image;
    uint32_t title = image->process[0].title;
    struct slice text = SLICE_EMPTY;
    if (title != INDEX_NONE) {
        text = eval_text(&run->env, title);
        run->env.refusal = (struct refusal){ 0 };
    }
    if (text.len == 0) {
        text = arena_format(run->d->arena, "%.*s %llu",
                            SLICE_PRINT(image_slice(image, image->process[0].label)),
                            (unsigned long long)run->instance->head.id);
    }
    return text;
}

struct slice run_name_of_role(const struct run *run, uint32_t image_role)
{
    return image_slice(&run->program->image, run->program->image.role[image_role].name);
}

const struct instance *decide_open_case(struct decide *d, struct run *run)
{
    enum err err;
    unsigned long long number = d->command->instance;
    const struct instance *instance = view_instance(d->view, d->command->instance, &err);
    if (instance == NULL) {
        if (err == ERR_NOT_FOUND) {
            (void)REFUSE(d, UNKNOWN_INSTANCE, "there is no case %llu", number);
        } else {
            (void)REFUSE(d, ROW_DAMAGED, "the stored row of case %llu does not validate", number);
        }
        return NULL;
    }
    if (!run_open(run, d, instance)) {
        return NULL;
    }
    if (instance->head.status == INSTANCE_ENDED) {
        struct slice end = slice_from_cstr(outcome_name((enum outcome)instance->head.outcome));
        if (instance->head.end < run->program->image.end_count) {
            end = image_slice(&run->program->image,
                              run->program->image.end[instance->head.end].label);
        }
        (void)REFUSE(d, CASE_ENDED, "case %llu has ended: %.*s", number, SLICE_PRINT(end));
        return NULL;
    }
    return instance;
}
