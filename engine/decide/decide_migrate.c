// Cases and versions of their process (rule 29, S146): one case comes to the active version, by
// itself or because somebody has decided; a case that does not stays where it is, and is listed.
#include "engine/decide/decide_outside.h"
#include "engine/decide/decide_version.h"

struct migration {
    struct decide *d;
    struct run *before, *after;
    const struct view_program *to;
    struct version_pair pair;
    struct version_judgement judgement;
    uint32_t activation;
    bool forced;
    struct due_moment due[ACTIVE_STAGES_MAX]; // of the tasks that are made anew, by place
    uint32_t entry[ACTIVE_STAGES_MAX];
    uint32_t due_count;
};

// The case and the version that it could come to. False: refused, or there is nothing to do.
static bool open_migration(struct migration *m, struct decide *d)
{
    m->d = d;
    m->before = ARENA_NEW(d->arena, struct run);
    if (decide_open_case(d, m->before) == NULL) {
        return false;
    }
    const struct instance_head *head = &m->before->instance->head;
    m->to = view_active(d->view, head->process);
    m->activation = view_activation_of(d->view, head->process);
    if (m->to == NULL || m->activation == 0) {
        (void)REFUSE(d, ROW_DAMAGED, "the active version for case %llu cannot be read",
                     (unsigned long long)head->id);
        return false;
    }
    m->pair = version_pair_make(m->before->program, &m->to->image, m->to->version, m->to->hash);
    return m->to->id != head->program;
}

static void judge(struct migration *m, enum version_how how)
{
    m->forced = how == VERSION_FORCED;
    version_judge(&m->pair, m->d->view, m->before->instance, how, m->d->arena, &m->judgement);
}

// --------------------------------------------------------------------------------- in the old one

static uint32_t renewed_stage(const struct migration *m, uint32_t old)
{
    bool named;
    uint32_t now = version_stage(&m->pair, old, &named);
    return named || m->forced ? now : INDEX_NONE;
}

// Timers that the new stage does not have.
static void cancel_timers(struct migration *m, const struct active_stage *at, uint32_t now)
{
    const struct instance *instance = m->before->instance;
    for (uint32_t i = instance->head.timer_count; i > 0; i--) {
        const struct armed_timer *timer = &instance->timer[i - 1];
        if (timer->entry == at->entry && (timer->def & TIMER_DEF_REMIND) == 0 &&
            version_timer(&m->pair, timer->def, now) == INDEX_NONE) {
            struct event event = { .kind = EVENT_TIMER_CANCELLED,
                                   .timer_cancelled = { instance->head.id, timer->number,
                                                        timer->due } };
            decide_emit(m->d, &event);
        }
    }
}

// A task that is another one there is made anew; its moment stays.
static void close_task(struct migration *m, const struct active_stage *at, uint32_t now)
{
    const struct open_task *task = instance_main_task(m->before->instance, at->entry);
    if (task == NULL || task->entry != at->entry ||
        version_task(&m->pair, task->def, now) != INDEX_NONE) {
        return;
    }
    const struct open_task copy = *task;
    m->entry[m->due_count] = at->entry;
    m->due[m->due_count++] = (struct due_moment){
        copy.due, copy.until, (copy.flags & TASK_FLAG_PROMISED) != 0,
        (copy.flags & TASK_FLAG_WORKING) != 0,
    };
    run_close_task(m->before, &copy, false);
}

// A field that the new version does not have, or has of another type.
static void drop_fields(struct migration *m)
{
    const struct instance *instance = m->before->instance;
    for (uint32_t i = 0; i < instance->head.field_count; i++) {
        struct slice value = view_field(m->d->view, instance, i);
        if (value.len == 0 || version_field(&m->pair, i) != INDEX_NONE) {
            continue;
        }
        struct event event = { .kind = EVENT_FIELD_CHANGED };
        event.field_changed = (struct event_field_changed){
            instance->head.id, i, arena_copy(m->d->arena, value), SLICE_EMPTY };
        decide_emit(m->d, &event);
    }
}

static void leave_version(struct migration *m)
{
    m->before->outcome = SLICE("new version");
    for (uint32_t i = 0; i < m->before->instance->head.active_count; i++) {
        const struct active_stage at = m->before->instance->active[i];
        uint32_t now = renewed_stage(m, at.stage);
        if (now != INDEX_NONE) {
            cancel_timers(m, &at, now);
            close_task(m, &at, now);
        }
    }
    fields_release_others(m->before, &m->to->image);
    drop_fields(m);
}

// A timer that could not be carried out waits in an incident by its number in the program.
static bool renumber_incidents(void *context, const struct view_incident_row *row);

// --------------------------------------------------------------------------------- in the new one

static void emit_moved(struct migration *m)
{
    const struct instance_head *head = &m->before->instance->head;
    struct event event = { .kind = EVENT_VERSION_MOVED };
    event.version_moved = (struct event_version_moved){
        .instance = head->id, .before = head->program, .program = m->to->id,
        .activation = m->activation, .stage = m->judgement.stage,
        .by_migrate = m->judgement.by_migrate,
        .pairs = slice_make(m->judgement.pairs,
                            sizeof(m->judgement.pairs[0]) * m->judgement.pair_count),
    };
    decide_emit(m->d, &event);
}

static bool is_armed(const struct instance *instance, uint32_t timer, uint32_t entry)
{
    for (uint32_t i = 0; i < instance->head.timer_count; i++) {
        if (instance->timer[i].def == timer && instance->timer[i].entry == entry) {
            return true;
        }
    }
    return false;
}

// Timers that the old stage did not have count from when it was entered.
static void arm_timers(struct run *run, struct active_stage at)
{
    const struct image *image = &run->program->image;
    struct image_range timers = image->stage[at.stage].timers;
    for (uint32_t i = timers.first; i < timers.first + timers.count; i++) {
        bool idle = image->timer[i].kind == TIMER_AFTER_IDLE;
        if (!is_armed(run->instance, i, at.entry)) {
            run_arm_timer(run, i, at.entry, idle ? run->instance->head.moved_ms : at.entered_ms);
        }
    }
}

static void make_task(struct migration *m, struct active_stage at)
{
    struct run *run = m->after;
    uint32_t task = run->program->image.stage[at.stage].task;
    const struct open_task *open = instance_main_task(run->instance, at.entry);
    if (task == INDEX_NONE || (open != NULL && open->entry == at.entry)) {
        return;
    }
    run->env.at = at.entry;
    if (run_open_task(run, task, at.entry, INDEX_NONE) == RUN_REFUSED) {
        return;
    }
    for (uint32_t i = 0; i < m->due_count; i++) {
        if (m->entry[i] == at.entry) {
            (void)run_replan(run, &m->due[i], INDEX_NONE, 0, SLICE("new version"));
        }
    }
}

// The stages that a `migrate` names, or the body when somebody has decided: what waits in them is
// what the new version says.
static void renew_stages(struct migration *m, const uint32_t *entries, uint32_t count)
{
    for (uint32_t i = 0; i < count && !decide_refused(m->d); i++) {
        const struct active_stage *at = instance_entry(m->after->instance, entries[i]);
        if (at != NULL) {
            const struct active_stage copy = *at;
            arm_timers(m->after, copy);
            make_task(m, copy);
        }
    }
}

static enum run_result assign_fields(struct migration *m)
{
    struct run *run = m->after;
    if (fields_default(run, &m->before->program->image) == RUN_REFUSED) {
        return RUN_REFUSED;
    }
    const struct active_stage *body = instance_active(run->instance, 0);
    run->braces = 0;
    run->action_entry = body != NULL ? body->entry : 0;
    if (m->pair.migrate != NULL && run_block(run, m->pair.migrate->block) == RUN_REFUSED) {
        return RUN_REFUSED;
    }
    return fields_compute(run);
}

// The row must be one that the new program can be asked about: a slip in the mapping must not
// cost a case.
static bool still_fits(struct migration *m)
{
    const struct instance *instance = m->after->instance;
    bool fits = instance_fits(instance, &m->to->image);
    for (uint32_t level = 0; level < frame_count(instance) && fits; level++) {
        fits = view_frame(m->d->view, instance, level) != NULL;
    }
    if (!fits) {
        (void)REFUSE(m->d, ROW_DAMAGED, "case %llu would not fit version %u",
                     (unsigned long long)instance->head.id, m->to->version);
    }
    return fits;
}

// False: refused.
static bool carry_over(struct migration *m)
{
    uint32_t entries[ACTIVE_STAGES_MAX];
    uint32_t count = 0;
    const struct instance *instance = m->before->instance;
    for (uint32_t i = 0; i < instance->head.active_count; i++) {
        if (renewed_stage(m, instance->active[i].stage) != INDEX_NONE) {
            entries[count++] = instance->active[i].entry;
        }
    }
    leave_version(m);
    emit_moved(m);
    if (instance->head.incident_count > 0) {
        view_incidents(m->d->view, renumber_incidents, m);
    }
    m->after = ARENA_NEW(m->d->arena, struct run);
    if (decide_refused(m->d) || !run_open(m->after, m->d, instance)) {
        return false;
    }
    fields_take_others(m->after, &m->before->program->image);
    if (assign_fields(m) == RUN_REFUSED) {
        return false;
    }
    renew_stages(m, entries, count);
    return !decide_refused(m->d);
}

static void settle(struct migration *m)
{
    if (run_settle(m->after) != RUN_REFUSED && m->after->instance->head.status == INSTANCE_OPEN) {
        (void)still_fits(m);
    }
}

// --------------------------------------------------------------------------------- incidents

struct parked { uint64_t def, stage, entry; };

static bool read_parked(struct slice what, struct parked *ret)
{
    struct unpack unpack;
    unpack_init(&unpack, what);
    if (what.len == 0 || unpack_array(&unpack) != 4 || unpack_uint(&unpack) != INCIDENT_TIMER) {
        return false;
    }
    ret->def = unpack_uint(&unpack);
    ret->stage = unpack_uint(&unpack);
    ret->entry = unpack_uint(&unpack);
    return !unpack.bad;
}

static bool renumber_incidents(void *context, const struct view_incident_row *row)
{
    struct migration *m = context;
    struct parked parked;
    const struct image *from = &m->pair.from->image;
    if (row->instance != m->before->instance->head.id || !read_parked(row->what, &parked) ||
        parked.def >= from->timer_count || parked.stage >= from->stage_count) {
        return true;
    }
    bool named;
    uint32_t stage = version_stage(&m->pair, (uint32_t)parked.stage, &named);
    uint32_t def = stage != INDEX_NONE ? version_timer(&m->pair, (uint32_t)parked.def, stage)
                                       : INDEX_NONE;
    const uint64_t numbers[] = { def, stage, parked.entry };
    struct event closed = { .kind = EVENT_INCIDENT_CLOSED,
                            .incident_closed = { row->instance, row->incident,
                                                 SLICE("new version") } };
    struct slice kind = arena_copy(m->d->arena, row->kind);
    struct slice text = arena_copy(m->d->arena, row->text);
    decide_emit(m->d, &closed);
    incident_open(m->d, m->before->instance->head.id, kind, text,
                  def != INDEX_NONE ? incident_what(m->d, INCIDENT_TIMER, numbers, 3)
                                    : SLICE_EMPTY);
    return false; // rows have moved under the walk; a case parks one timer at a time
}

// --------------------------------------------------------------------------------- the commands

static void emit_held(struct decide *d, struct slice why)
{
    const struct instance *instance = view_instance(d->view, d->command->instance, NULL);
    uint32_t activation =
        instance != NULL ? view_activation_of(d->view, instance->head.process) : 0;
    if (activation == 0) {
        return;
    }
    struct event event = { .kind = EVENT_VERSION_HELD };
    event.version_held = (struct event_version_held){
        activation, instance->head.id, instance->head.program, clip_text(why, TITLE_BYTES_MAX),
    };
    decide_emit(d, &event);
}

void decide_hold_version(struct decide *d, const struct refusal *why)
{
    emit_held(d, why->message);
}

// By the engine, after another version was activated: one case.
void decide_version(struct decide *d)
{
    struct migration *m = ARENA_NEW(d->arena, struct migration);
    if (!open_migration(m, d)) {
        return;
    }
    judge(m, VERSION_BY_ITSELF);
    if (!m->judgement.moves) {
        emit_held(d, m->judgement.why);
    } else if (carry_over(m)) {
        settle(m);
    }
}

void decide_version_settled(struct decide *d)
{
    struct event event = { .kind = EVENT_VERSION_SETTLED,
                           .version_settled = { d->command->task, d->command->entry } };
    decide_emit(d, &event);
}

static void refuse_held(struct migration *m)
{
    (void)REFUSE(m->d, NEEDS_DECISION, "case %llu stays on version %u: %.*s",
                 (unsigned long long)m->before->instance->head.id, m->before->program->version,
                 SLICE_PRINT(m->judgement.why));
}

// Somebody has decided where the case goes on: it leaves where it stands, and enters that stage of
// the active version.
static void migrate_to(struct migration *m)
{
    struct decide *d = m->d;
    const struct image *image = &m->to->image;
    uint32_t stage = image_find_stage(image, d->command->name);
    if (stage == INDEX_NONE || image_escalation_around(image, stage) != INDEX_NONE) {
        (void)REFUSE(d, UNKNOWN_STAGE, "version %u of process `%.*s` has no stage `%.*s`",
                     m->to->version, SLICE_PRINT(image_slice(image, image->process[0].name)),
                     SLICE_PRINT(clip_text(d->command->name, NAME_BYTES_MAX)));
        return;
    }
    if (d->command->text.len == 0) {
        (void)REFUSE(d, BAD_FORM, "a move by hand needs a reason");
        return;
    }
    m->before->outcome = SLICE("new version");
    const struct active_stage *body = instance_active(m->before->instance, 0);
    if (body == NULL || run_unwind(m->before) == RUN_REFUSED ||
        run_exit_inside(m->before, body->entry) == RUN_REFUSED) {
        return;
    }
    judge(m, VERSION_FORCED);
    if (!m->judgement.moves) {
        refuse_held(m);
        return;
    }
    m->judgement.stage = stage;
    if (!carry_over(m)) {
        return;
    }
    struct event event = { .kind = EVENT_MOVED,
                           .moved = { m->before->instance->head.id, stage,
                                      clip_text(d->command->text, COMMENT_BYTES_MAX) } };
    decide_emit(d, &event);
    m->after->outcome = SLICE("moved by hand");
    if (run_transition(m->after, stage, INDEX_NONE) != RUN_REFUSED) {
        settle(m);
    }
}

void decide_migrate(struct decide *d)
{
    struct migration *m = ARENA_NEW(d->arena, struct migration);
    if (!open_migration(m, d)) {
        if (!decide_refused(d)) {
            (void)REFUSE(d, NOT_OFFERED, "case %llu runs the active version already",
                         (unsigned long long)d->command->instance);
        }
        return;
    }
    if (d->command->name.len > 0) {
        migrate_to(m);
        return;
    }
    judge(m, VERSION_BY_ITSELF);
    if (!m->judgement.moves) {
        refuse_held(m);
    } else if (carry_over(m)) {
        settle(m);
    }
}
