#include "tests/sim/model.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/check.h"
#include "base/mem.h"
#include "engine/core/core.h"
#include "tests/sim/sim.h"

static const uint64_t minute_ms = 60 * 1000;
static const uint64_t hour_ms = 3600 * 1000;

static const char *const stage_names[] = { "contact", "offer", "waiting", "doing", "problem",
                                           "both", "" };
enum { LADDER_RUNGS = 4, LATE_RUNGS = 3, LATERS_MAX = 3 };

struct model *model_make(void)
{
    struct model *model = mem_zalloc(sizeof(*model));
    model->cases = mem_zalloc(sizeof(struct model_case) * MODEL_CASES_MAX);
    return model;
}

void model_free(struct model *model)
{
    for (uint32_t i = 0; i < model->case_count; i++) {
        mem_free(model->cases[i].touches);
        mem_free(model->cases[i].before);
    }
    mem_free(model->cases);
    mem_free(model);
}

struct model_case *model_find(struct model *model, uint64_t id)
{
    return id == 0 || id > model->case_count ? NULL : &model->cases[id - 1];
}

ATTR_PRINTF(3, 4)
static void broken(struct model *model, enum sim_oracle oracle, const char *format, ...)
{
    if (model->broken != ORACLE_NONE) {
        return;
    }
    va_list args;
    va_start(args, format);
    model->broken = (int)oracle;
    (void)vsnprintf(model->message, sizeof(model->message), format, args);
    va_end(args);
}

// --------------------------------------------------------------------------------- stages

static void plan(struct model *model, struct model_case *c, uint64_t due)
{
    uint64_t base = due > model->now_ms ? due : model->now_ms;
    c->task.due = due;
    c->task.promised = false;
    c->task.rung = 0;
    c->task.overdue_next = base + 15 * minute_ms;
}

static void leave(struct model_case *c)
{
    c->task = (struct model_task){ 0 };
    c->timer_due = 0;
    c->laters = 0;
    c->position = 0;
}

static void open_task(struct model *model, struct model_case *c, uint64_t due)
{
    if (c->slot == 0 && !c->job) {
        c->slot = model_least_loaded(model);
    }
    c->task.open = true;
    c->task.holder = c->slot;
    c->task.offered = c->slot == 0;
    plan(model, c, due);
}

static void enter(struct model *model, struct model_case *c, enum model_stage stage, uint64_t due)
{
    uint64_t now = model->now_ms;
    leave(c);
    c->stage = stage;
    c->moved_ms = now;
    if (stage != AT_WAITING) {
        open_task(model, c, due);
    }
    c->timer_due = stage == AT_OFFER   ? model_add_days(c, now, 30)
                   : stage == AT_DOING ? model_add_days(c, now, 20)
                                       : 0;
}

static void end_case(struct model_case *c, const char *end)
{
    leave(c);
    memset(c->side, 0, sizeof(c->side));
    memset(c->side_number, 0, sizeof(c->side_number));
    c->stage = AT_END;
    c->end = end;
    c->told = c->parent == 0;
}

// The case is frozen where it stands; the head of the company has the task.
static void freeze(struct model *model, struct model_case *c)
{
    uint64_t now = model->now_ms;
    c->frame = (struct model_frame){ c->stage, c->task, c->laters, c->position, c->timer_due,
                                     now };
    leave(c);
    c->stage = AT_PROBLEM;
    c->moved_ms = now;
    c->task.open = true;
    c->task.holder = HANA;
    plan(model, c, now + hour_ms);
    c->timer_due = model_add_days(c, now, 3);
}

// What was frozen comes back as it was: what was left of a wait is left still, a promise stays.
static void back(struct model *model, struct model_case *c)
{
    const struct model_frame *frame = &c->frame;
    uint64_t lost = model->now_ms - frame->frozen_ms;
    c->stage = frame->stage;
    c->task = frame->task;
    c->laters = frame->laters;
    c->position = frame->position;
    c->timer_due = frame->timer_due == 0 ? 0 : frame->timer_due + lost;
    c->moved_ms = model->now_ms;
    struct model_task *task = &c->task;
    if (task->open && task->promised && task->rung == 0) {
        uint64_t base = task->due > model->now_ms ? task->due : model->now_ms;
        task->overdue_next = base + (task->overdue_next - task->due);
    } else if (task->open && task->overdue_next != 0) {
        task->overdue_next += lost;
    }
    task->due += task->open && !task->promised ? lost : 0;
    if (c->stage == AT_WAITING && c->open_jobs == 0) {
        end_case(c, c->succeeded > 0 ? "won" : "lost"); // its rules are looked at again
    }
}

static struct model_case *add_case(struct model *model)
{
    CHECK(model->case_count < MODEL_CASES_MAX);
    struct model_case *c = &model->cases[model->case_count++];
    c->id = model->case_count;
    return c;
}

// --------------------------------------------------------------------------------- reading records

static const struct event *find_event(const struct record *record, enum event_kind kind)
{
    for (uint32_t i = 0; i < record->event_count; i++) {
        if (record->events[i].kind == kind) {
            return &record->events[i];
        }
    }
    return NULL;
}

static uint32_t count_events(const struct record *record, enum event_kind kind)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < record->event_count; i++) {
        count += record->events[i].kind == kind ? 1u : 0u;
    }
    return count;
}

static void read_phone(const struct record *record, char phone[32])
{
    struct slice raw = pack_map_find(record->form, SLICE("phone"));
    struct unpack unpack;
    unpack_init(&unpack, raw);
    struct slice text = raw.len > 0 ? unpack_str(&unpack) : SLICE_EMPTY;
    size_t len = 0;
    for (size_t i = 0; i < text.len && len < 31; i++) {
        if (text.ptr[i] != ' ') {
            phone[len++] = text.ptr[i];
        }
    }
    phone[len] = '\0';
}

static struct model_case *named_case(struct model *model, const struct record *record)
{
    uint64_t id = record->touched_count > 0 ? record->touched[0].instance : 0;
    struct model_case *c = model_find(model, id);
    if (c == NULL) {
        broken(model, ORACLE_MODEL, "a `%s` touches case %llu, which was never started",
               command_name(record->command), (unsigned long long)id);
        return NULL;
    }
    if (c->end != NULL) {
        broken(model, ORACLE_MODEL, "a `%s` touches case %llu, which has ended",
               command_name(record->command), (unsigned long long)id);
        return NULL;
    }
    return c;
}

// --------------------------------------------------------------------------------- start

// The ledger is kept for ever: a row is imported once.
static void take_import(struct model *model, const struct record *record)
{
    const struct event *event = find_event(record, EVENT_IMPORTED);
    uint32_t row = 0;
    if (event == NULL) {
        return;
    }
    for (size_t i = 0; i < event->imported.row.len; i++) {
        row = row * 10 + (uint32_t)(event->imported.row.ptr[i] - '0');
    }
    if (row >= MODEL_ROWS_MAX || model->imported[row]) {
        broken(model, ORACLE_ONCE, "row %u was imported twice", row);
        return;
    }
    model->imported[row] = true;
}

static void must_join(struct model *model, const struct record *record, const struct model_case *c)
{
    if (find_event(record, EVENT_REPEAT_JOINED) == NULL ||
        record->touched[0].instance != c->id) {
        broken(model, ORACLE_MODEL, "a repeat did not join case %llu", (unsigned long long)c->id);
    }
}

// Where a case that was merged leads today.
static struct model_case *follow_merged(struct model *model, struct model_case *c)
{
    while (c != NULL && c->end != NULL && c->merged_into != 0) {
        c = model_find(model, c->merged_into);
    }
    return c;
}

static void take_start(struct model *model, const struct record *record)
{
    char phone[32];
    struct model_case *ended = NULL;
    struct model_case *merged = NULL; // given up last, with this number
    take_import(model, record);
    if (pack_map_find(record->form, SLICE("tag")).len > 0) {
        pair_start(add_case(model), model->now_ms);
        return;
    }
    read_phone(record, phone);
    for (uint32_t i = 0; i < model->case_count; i++) {
        struct model_case *c = &model->cases[i];
        if (c->job || c->pair || strcmp(c->phone, phone) != 0) {
            continue;
        }
        if (c->end == NULL) {
            must_join(model, record, c);
            return;
        }
        ended = c; // one case at a time holds a key: the last of them is the newest
        merged = c->merged_into != 0 && (merged == NULL || c->merged_seq > merged->merged_seq)
                     ? c
                     : merged;
    }
    merged = merged != NULL ? follow_merged(model, merged) : NULL;
    if (merged != NULL && merged->end == NULL) {
        must_join(model, record, merged);
        return;
    }
    ended = merged != NULL && merged->id > ended->id ? merged : ended;
    if (ended != NULL && strcmp(ended->end, "lost") == 0) {
        if (find_event(record, EVENT_INSTANCE_REOPENED) == NULL) {
            broken(model, ORACLE_MODEL, "a repeat did not reopen case %llu",
                   (unsigned long long)ended->id);
        }
        ended->end = NULL;
        ended->merged_into = 0;
        enter(model, ended, AT_CONTACT, model->now_ms);
        return;
    }
    struct model_case *c = add_case(model);
    memcpy(c->phone, phone, sizeof(phone));
    c->zone = model_zone_of(phone);
    enter(model, c, AT_CONTACT, model->now_ms);
}

// --------------------------------------------------------------------------------- presses

static void retry(struct model *model, struct model_case *c, const char *then)
{
    static const uint64_t minutes[LADDER_RUNGS] = { 5, 10, 30, 120 };
    c->moved_ms = model->now_ms;
    if (c->position == LADDER_RUNGS) {
        end_case(c, then);
        return;
    }
    c->task.tries++;
    plan(model, c, model->now_ms + minutes[c->position++] * minute_ms);
}

static void later(struct model *model, struct model_case *c, const struct record *record)
{
    struct slice raw = pack_map_find(record->form, SLICE("call_at"));
    struct unpack unpack;
    c->moved_ms = model->now_ms;
    if (c->laters == LATERS_MAX) {
        end_case(c, "lost");
        return;
    }
    c->laters++;
    unpack_init(&unpack, raw);
    uint64_t due = raw.len > 0 ? unpack_uint(&unpack) : 0;
    if (due < model->now_ms) {
        broken(model, ORACLE_MODEL, "case %llu took a promise that was past",
               (unsigned long long)c->id);
    }
    plan(model, c, due);
    c->task.promised = true;
}

static void sold(struct model *model, struct model_case *c, const struct record *record)
{
    struct slice raw = pack_map_find(record->form, SLICE("wanted"));
    struct unpack unpack;
    unpack_init(&unpack, raw);
    uint32_t wanted = raw.len > 0 ? unpack_array(&unpack) : 0;
    uint32_t started = count_events(record, EVENT_INSTANCE_STARTED);
    if (wanted == 0 || started != wanted) {
        broken(model, ORACLE_CHILDREN, "case %llu wanted %u cases and started %u",
               (unsigned long long)c->id, wanted, started);
        return;
    }
    uint64_t parent = c->id;
    c->round = ++c->last_round;
    c->total = wanted;
    c->open_jobs = wanted;
    c->succeeded = c->failed = c->cancelled = 0;
    for (uint32_t i = 0; i < wanted; i++) {
        struct model_case *job = add_case(model);
        job->job = true;
        job->parent = parent;
        job->zone = c->zone;
        enter(model, job, AT_DOING, model_next_work_day(job, model->now_ms));
    }
    enter(model, c, AT_WAITING, model->now_ms);
}

static void merge(struct model *model, struct model_case *c, const struct record *record)
{
    const struct event *event = find_event(record, EVENT_MERGED);
    struct model_case *other = event != NULL ? model_find(model, event->merged.into) : NULL;
    bool may = record->command != COMMAND_MERGE || // by hand: hana or an administrator, and why
               (record->note.len > 0 && record->on_behalf <= HANA);
    if (c == NULL || c->job || c->pair || !may || other == NULL || other == c ||
        other->job || other->pair || other->end != NULL ||
        c->open_jobs > 0) {
        broken(model, ORACLE_MODEL, "case %llu was merged into what it may not be",
               (unsigned long long)(c != NULL ? c->id : 0));
        return;
    }
    end_case(c, "merged");
    c->merged_into = other->id;
    c->merged_seq = model->now_seq;
    other->lines = other->lines.any ? other->lines : c->lines;
    if (find_event(record, EVENT_FIELD_CHANGED) != NULL) {
        other->moved_ms = model->now_ms;
    }
}

static void priced(struct model *model, struct model_case *c, const struct record *record)
{
    if (!lines_read(record, &c->lines)) {
        broken(model, ORACLE_TOTALS, "case %llu took lines that do not add up",
               (unsigned long long)c->id);
        return;
    }
    uint32_t row = lines_row(&c->lines);
    if (!lines_hit(record, c->id, row)) {
        broken(model, ORACLE_TOTALS, "case %llu did not find row %u for its lines",
               (unsigned long long)c->id, row);
    } else if (row == 3) {
        enter(model, c, AT_OFFER,
              model_opening(c, model_add_days(c, model->now_ms, 1)));
    } else if (find_event(record, EVENT_FIELD_CHANGED) != NULL) {
        c->moved_ms = model->now_ms;
    }
}

// True: the press was about the problem of the case.
static bool take_problem(struct model *model, struct model_case *c, struct slice name,
                         uint32_t user)
{
    bool raised = slice_equal(name, SLICE("problem"));
    bool solved = slice_equal(name, SLICE("solved"));
    if (!raised && !solved && !slice_equal(name, SLICE("hopeless"))) {
        return false;
    }
    if (user != HANA || c->job || raised == (c->stage == AT_PROBLEM)) {
        broken(model, ORACLE_MODEL, "user %u pressed `%.*s` on case %llu, which stands in %s", user,
               SLICE_PRINT(name), (unsigned long long)c->id, stage_names[c->stage]);
    } else if (raised) {
        freeze(model, c);
    } else if (solved) {
        back(model, c);
    } else {
        end_case(c, "lost");
    }
    return true;
}

static void take_press(struct model *model, const struct record *record)
{
    struct model_case *c = named_case(model, record);
    const struct event *event = find_event(record, EVENT_PRESSED);
    if (c == NULL || event == NULL) {
        return;
    }
    struct slice name = event->pressed.name;
    uint32_t user = record->on_behalf;
    if (c->pair) {
        const char *wrong = pair_press(c, name, user, model->now_ms);
        if (wrong != NULL) {
            broken(model, ORACLE_MODEL, "`%.*s` of case %llu %s", SLICE_PRINT(name),
                   (unsigned long long)c->id, wrong);
        }
        return;
    }
    bool drop = slice_equal(name, SLICE("drop")) || slice_equal(name, SLICE("same"));
    if (take_problem(model, c, name, user)) {
        return;
    }
    if (drop ? user != c->slot && user != HANA : !model_may_do(c, user)) {
        broken(model, ORACLE_MODEL, "user %u pressed `%.*s` on case %llu without a right to", user,
               SLICE_PRINT(name), (unsigned long long)c->id);
        return;
    }
    if (c->task.offered && user != HANA) {
        c->task.offered = false;
        c->task.holder = c->slot = user;
    }
    bool contact = c->stage == AT_CONTACT;
    if (slice_equal(name, SLICE("same"))) {
        merge(model, c, record);
    } else if (drop && c->open_jobs == 0) {
        end_case(c, "lost");
    } else if (slice_equal(name, SLICE("busy")) && contact) {
        c->tried++;
        retry(model, c, "lost");
    } else if (slice_equal(name, SLICE("later")) && contact) {
        later(model, c, record);
    } else if (slice_equal(name, SLICE("priced")) && contact) {
        priced(model, c, record);
    } else if (slice_equal(name, SLICE("talked")) && contact) {
        enter(model, c, AT_OFFER,
              model_opening(c, model_add_days(c, model->now_ms, 1)));
    } else if (slice_equal(name, SLICE("back")) && c->stage == AT_OFFER) {
        enter(model, c, AT_CONTACT, model->now_ms + 2 * hour_ms);
    } else if (slice_equal(name, SLICE("sold")) && (contact || c->stage == AT_OFFER)) {
        sold(model, c, record);
    } else if (slice_equal(name, SLICE("made")) && c->job) {
        end_case(c, "finished");
    } else if (slice_equal(name, SLICE("broke")) && c->job) {
        end_case(c, "broken");
    } else if (slice_equal(name, SLICE("delay")) && c->job) {
        retry(model, c, "broken");
    } else {
        broken(model, ORACLE_MODEL, "`%.*s` was pressed on case %llu, which stands in %s",
               SLICE_PRINT(name), (unsigned long long)c->id, stage_names[c->stage]);
    }
}

// --------------------------------------------------------------------------------- by itself

static void take_timer(struct model *model, const struct record *record)
{
    const struct event *event = find_event(record, EVENT_TIMER_FIRED);
    struct model_case *c = named_case(model, record);
    if (event == NULL || c == NULL) {
        return; // an idle timer that is armed again, since something has moved
    }
    uint64_t due = c->stage == AT_CONTACT ? model_add_days(c, c->moved_ms, 40) : c->timer_due;
    if (due == 0 || due > model->now_ms || event->timer_fired.due > model->now_ms) {
        broken(model, ORACLE_EARLY, "a timer of case %llu fired at %llu; it is due at %llu",
               (unsigned long long)c->id, (unsigned long long)model->now_ms,
               (unsigned long long)due);
        return;
    }
    if (c->stage == AT_PROBLEM) {
        back(model, c);
        return;
    }
    if (c->pair) {
        pair_tick(c, model->now_ms);
        return;
    }
    end_case(c, c->job ? "broken" : "lost");
}

static void climb(struct model *model, struct model_case *c,
                  const struct event_overdue_stepped *step)
{
    static const uint64_t waits[LATE_RUNGS] = { 30 * 60 * 1000, 4 * 3600 * 1000, 0 };
    struct model_task *task = &c->task;
    if (!task->open || task->rung >= LATE_RUNGS || step->rung != task->rung + 1 ||
        step->was != task->overdue_next) {
        broken(model, ORACLE_LADDER, "case %llu climbed to rung %u of %llu; it stood on %u of %llu",
               (unsigned long long)c->id, step->rung, (unsigned long long)step->was, task->rung,
               (unsigned long long)task->overdue_next);
        return;
    }
    if (step->was > model->now_ms) {
        broken(model, ORACLE_EARLY, "case %llu climbed before its moment",
               (unsigned long long)c->id);
    }
    uint64_t wait = waits[task->rung];
    task->rung++;
    task->overdue_next = wait == 0 ? 0 : task->overdue_next + wait;
    if (step->next != task->overdue_next) {
        broken(model, ORACLE_LADDER, "the next rung of case %llu is at %llu, not at %llu",
               (unsigned long long)c->id, (unsigned long long)step->next,
               (unsigned long long)task->overdue_next);
    }
}

// Rungs missed in a silence are climbed in one record, in order; nobody is told twice (rule 20).
static void take_overdue(struct model *model, const struct record *record)
{
    struct model_case *c = named_case(model, record);
    if (find_event(record, EVENT_OVERDUE_STEPPED) == NULL || c == NULL) {
        broken(model, ORACLE_LADDER, "an overdue command climbed nothing");
        return;
    }
    for (uint32_t i = 0; i < record->event_count; i++) {
        const struct event *event = &record->events[i];
        if (event->kind == EVENT_OVERDUE_STEPPED) {
            climb(model, c, &event->overdue_stepped);
        }
        for (uint32_t n = 0; event->kind == EVENT_NOTIFIED && n < i; n++) {
            if (record->events[n].kind == EVENT_NOTIFIED &&
                record->events[n].notified.user == event->notified.user) {
                broken(model, ORACLE_LADDER, "case %llu told user %u twice in one silence",
                       (unsigned long long)c->id, event->notified.user);
            }
        }
    }
}

static void hear(struct model *model, struct model_case *parent, struct model_case *child)
{
    if (child->told || child->end == NULL || child->parent != parent->id ||
        parent->open_jobs == 0) {
        broken(model, ORACLE_CHILDREN, "case %llu heard of the end of case %llu, wrongly",
               (unsigned long long)parent->id, (unsigned long long)child->id);
        return;
    }
    child->told = true;
    parent->open_jobs--;
    parent->succeeded += strcmp(child->end, "finished") == 0 ? 1u : 0u;
    parent->failed += strcmp(child->end, "broken") == 0 ? 1u : 0u;
    parent->cancelled += strcmp(child->end, "cancelled") == 0 ? 1u : 0u;
}

static void take_child_ended(struct model *model, const struct record *record)
{
    struct model_case *parent = named_case(model, record);
    const struct event *event = find_event(record, EVENT_CHILD_ENDED);
    struct model_case *child =
        event != NULL ? model_find(model, event->child_ended.child) : NULL;
    if (parent == NULL || child == NULL) {
        broken(model, ORACLE_CHILDREN, "the end of no case was told");
        return;
    }
    hear(model, parent, child);
    if (parent->stage == AT_WAITING && parent->open_jobs == 0) {
        end_case(parent, parent->succeeded > 0 ? "won" : "lost");
    }
}

// --------------------------------------------------------------------------------- the rest

static void take_cancel(struct model *model, const struct record *record)
{
    for (uint32_t i = 0; i < record->event_count; i++) {
        const struct event *event = &record->events[i];
        if (event->kind == EVENT_CANCELLED) {
            struct model_case *c = model_find(model, event->cancelled.instance);
            if (c == NULL || c->end != NULL) {
                broken(model, ORACLE_MODEL, "a case that is not open was cancelled");
                return;
            }
            end_case(c, "cancelled");
            c->branches.exits++; // an exit runs then too
        } else if (event->kind == EVENT_CHILD_ENDED) {
            struct model_case *parent = model_find(model, event->child_ended.instance);
            struct model_case *child = model_find(model, event->child_ended.child);
            if (parent != NULL && child != NULL) {
                hear(model, parent, child);
            }
        }
    }
}

// True: it was a side task, which goes to anybody.
static bool assign_side(struct model_case *c, uint32_t number, uint32_t user)
{
    for (uint32_t i = 0; i < MODEL_SIDE_MAX; i++) {
        if (c->side_number[i] == number && number != 0) {
            c->side[i] = user;
            return true;
        }
    }
    return false;
}

static void take_assigned(struct model *model, const struct record *record)
{
    struct model_case *c = named_case(model, record);
    const struct event *event = find_event(record, EVENT_TASK_ASSIGNED);
    if (c == NULL || event == NULL ||
        assign_side(c, event->task_assigned.task, event->task_assigned.holder)) {
        return;
    }
    uint32_t user = event->task_assigned.holder;
    bool fits = c->job ? user == WIM || user == WES : user >= SAM && user <= SID;
    if (!fits || !c->task.open) {
        broken(model, ORACLE_MODEL, "the task of case %llu went to user %u",
               (unsigned long long)c->id, user);
        return;
    }
    c->task.holder = c->slot = user;
    c->task.offered = false;
}

static void take_side_events(struct model *model, const struct record *record)
{
    for (uint32_t i = 0; i < record->event_count; i++) {
        const struct event *event = &record->events[i];
        struct model_case *c = model_find(model, event_instance(event));
        for (uint32_t s = 0; c != NULL && s < MODEL_SIDE_MAX; s++) {
            if (event->kind == EVENT_TASK_CLOSED && c->side_number[s] == event->task_closed.task) {
                c->side_number[s] = c->side[s] = 0;
            } else if (event->kind == EVENT_TASK_OPENED && event->task_opened.side &&
                       c->side_number[s] == 0) {
                c->side_number[s] = event->task_opened.task;
                c->side[s] = event->task_opened.holder;
                break;
            }
        }
    }
}

static void take_move(struct model *model, const struct record *record)
{
    struct model_case *c = named_case(model, record);
    const struct event *event = find_event(record, EVENT_MOVED);
    if (c == NULL || event == NULL || !c->job || record->on_behalf != HANA) {
        broken(model, ORACLE_MODEL, "a case was moved by hand that may not be");
        return;
    }
    // Where it stands: left and entered anew.
    enter(model, c, AT_DOING, model_next_work_day(c, model->now_ms));
}

// A timer is set for the moment that its zone gives, counted here by other means.
static void check_moments(struct model *model, const struct record *record)
{
    for (uint32_t i = 0; i < record->event_count; i++) {
        const struct event_timer_set *set = &record->events[i].timer_set;
        if (record->events[i].kind != EVENT_TIMER_SET) {
            continue;
        }
        const struct model_case *c = model_find(model, set->instance);
        bool last = true; // one that was set anew in the same record says no more
        for (uint32_t n = i + 1; n < record->event_count && last; n++) {
            last = record->events[n].kind != EVENT_TIMER_SET ||
                   record->events[n].timer_set.instance != set->instance;
        }
        if (c == NULL || c->end != NULL || !last) {
            continue;
        }
        uint64_t due = c->stage == AT_CONTACT ? model_add_days(c, set->base, 40) : c->timer_due;
        if (due != 0 && set->due != due) {
            broken(model, ORACLE_MOMENT, "a timer of case %llu is set for %llu, not for %llu",
                   (unsigned long long)c->id, (unsigned long long)set->due,
                   (unsigned long long)due);
        }
    }
}

// Whoever pressed last may take it back; what it started is cancelled.
static void take_undo(struct model *model, const struct record *record)
{
    const struct event *event = find_event(record, EVENT_UNDONE);
    struct model_case *c =
        event != NULL ? model_find(model, event->undone.instance) : NULL;
    const struct model_before *before = c != NULL ? c->before : NULL;
    if (before == NULL || before->seq != event->undone.seq ||
        before->seq != c->touches[c->touch_count - 1] || before->user != record->on_behalf ||
        model->now_ms - before->now_ms > 10 * minute_ms || (c->end != NULL && c->parent != 0) ||
        (c->merged_into != 0 && c->end != NULL)) {
        broken(model, ORACLE_MODEL, "a command was taken back that could not be");
        return;
    }
    take_cancel(model, record);
    struct model_case now = *c;
    *c = before->was;
    c->before = now.before;
    c->touches = now.touches;
    c->last_round = now.last_round;
    c->touch_count = now.touch_count;
    c->touch_capacity = now.touch_capacity;
    c->before->seq = 0;
}

static void take_reopen(struct model *model, const struct record *record)
{
    struct model_case *c = model_find(model, record->touched[0].instance);
    if (c == NULL || c->job || c->end == NULL || strcmp(c->end, "lost") != 0 ||
        record->on_behalf < HANA || record->on_behalf > SID) {
        broken(model, ORACLE_MODEL, "a case was reopened that may not be");
        return;
    }
    c->end = NULL;
    enter(model, c, AT_CONTACT, model->now_ms);
}

// What the case is before the command, should somebody take it back.
static void remember(struct model *model, const struct record *record, uint64_t seq)
{
    struct model_case *c = model_find(model, record->touched[0].instance);
    if (c == NULL) {
        return;
    }
    if (c->before == NULL) {
        c->before = mem_zalloc(sizeof(*c->before));
    }
    *c->before = (struct model_before){ *c, seq, model->now_ms, record->on_behalf };
}

static void note_touches(struct model *model, const struct record *record, uint64_t seq)
{
    for (uint32_t i = 0; i < record->touched_count; i++) {
        const struct record_touched *touched = &record->touched[i];
        struct model_case *c = model_find(model, touched->instance);
        if (c == NULL) {
            broken(model, ORACLE_MODEL, "record %llu touches case %llu, which nobody started",
                   (unsigned long long)seq, (unsigned long long)touched->instance);
            return;
        }
        uint64_t last = c->touch_count > 0 ? c->touches[c->touch_count - 1] : 0;
        if (touched->previous_seq != last) {
            broken(model, ORACLE_PUSH, "record %llu names %llu as the one before it, not %llu",
                   (unsigned long long)seq, (unsigned long long)touched->previous_seq,
                   (unsigned long long)last);
        }
        if (c->touch_count == c->touch_capacity) {
            c->touch_capacity = c->touch_capacity * 2 + 16;
            c->touches = mem_grow(c->touches, sizeof(uint64_t) * c->touch_capacity);
        }
        c->touches[c->touch_count++] = seq;
    }
}

static void dispatch(struct model *model, const struct record *record)
{
    switch (record->command) {
    case COMMAND_START: take_start(model, record); break;
    case COMMAND_PRESS: take_press(model, record); break;
    case COMMAND_TIMER: take_timer(model, record); break;
    case COMMAND_OVERDUE: take_overdue(model, record); break;
    case COMMAND_CHILD_ENDED: take_child_ended(model, record); break;
    case COMMAND_CANCEL: take_cancel(model, record); break;
    case COMMAND_MERGE: merge(model, named_case(model, record), record); break;
    case COMMAND_CLAIM:
    case COMMAND_REASSIGN: take_assigned(model, record); break;
    case COMMAND_MOVE: take_move(model, record); break;
    case COMMAND_UNDO: take_undo(model, record); break;
    case COMMAND_REOPEN: take_reopen(model, record); break;
    case COMMAND_EDIT: {
        struct model_case *c = named_case(model, record);
        if (c != NULL && find_event(record, EVENT_FIELD_CHANGED) != NULL) {
            c->moved_ms = model->now_ms;
        }
        break;
    }
    case COMMAND_COMMENT:
    case COMMAND_SIDE_TASK:
    case COMMAND_FINISH: (void)named_case(model, record); break;
    case COMMAND_MESSAGE:
    case COMMAND_DELIVER:
    case COMMAND_CALL_RESULT:
    case COMMAND_INCIDENT_RETRY:
    case COMMAND_NONE:
    case COMMAND_INCIDENT_CLOSE:
    case COMMAND_USERS:
    case COMMAND_ABSENCE:
    case COMMAND_PRESENT:
    case COMMAND_HAND_OVER:
    case COMMAND_ABSENCE_DUE:
    case COMMAND_APPLY:
    case COMMAND_CLOCK:
    case COMMAND_ENGINE_STARTED:
    case COMMAND_KIND_COUNT: break;
    }
}

void model_take(struct model *model, const struct record *record, uint64_t seq)
{
    if (record->now_ms < model->now_ms) {
        broken(model, ORACLE_MODEL, "record %llu goes back in time", (unsigned long long)seq);
    }
    model->now_ms = record->now_ms;
    model->now_seq = seq;
    const struct event *incident = find_event(record, EVENT_INCIDENT_OPENED);
    if (incident != NULL) {
        broken(model, ORACLE_MODEL, "an incident opened on case %llu: %.*s",
               (unsigned long long)incident->incident_opened.instance,
               SLICE_PRINT(incident->incident_opened.text));
        return;
    }
    if (record->command == COMMAND_PRESS || record->command == COMMAND_EDIT ||
        record->command == COMMAND_MOVE) {
        remember(model, record, seq);
    }
    take_side_events(model, record);
    dispatch(model, record);
    check_moments(model, record);
    note_touches(model, record, seq);
}

// --------------------------------------------------------------------------------- comparing

struct child_count {
    uint32_t round, all, open;
};

static bool count_child(void *context, const struct view_child_row *row)
{
    struct child_count *count = context;
    if (row->round == count->round) {
        count->all++;
        count->open += row->state == 0 ? 1u : 0u;
    }
    return true;
}

static void compare_children(struct model *model, const struct view *view,
                             const struct model_case *c, const struct instance *instance)
{
    struct child_count count = { .round = c->round };
    const struct collection_state *state = instance_collection(instance, 0);
    view_children(view, c->id, count_child, &count);
    if (count.all != c->total || count.open != c->open_jobs) {
        broken(model, ORACLE_CHILDREN, "case %llu has %u cases under it, %u open; not %u and %u",
               (unsigned long long)c->id, count.all, count.open, c->total, c->open_jobs);
    }
    if (c->round > 0 &&
        (state == NULL || state->round != c->round || state->total != c->total ||
         state->open != c->open_jobs || state->succeeded != c->succeeded ||
         state->failed != c->failed || state->cancelled != c->cancelled)) {
        broken(model, ORACLE_CHILDREN, "case %llu counts its children wrongly",
               (unsigned long long)c->id);
    }
}

static void compare_task(struct model *model, const struct model_case *c,
                         const struct instance *instance)
{
    const struct open_task *task = instance_main_task(instance, 0);
    const struct model_task *wanted = &c->task;
    if ((task != NULL) != wanted->open) {
        broken(model, ORACLE_MODEL, "case %llu has %s task", (unsigned long long)c->id,
               task != NULL ? "a" : "no");
        return;
    }
    if (task == NULL) {
        return;
    }
    if (task->due != wanted->due) {
        broken(model, ORACLE_LADDER, "the task of case %llu is due at %llu, not at %llu",
               (unsigned long long)c->id, (unsigned long long)task->due,
               (unsigned long long)wanted->due);
    }
    if (task->holder != wanted->holder || (task->holder == 0) != wanted->offered) {
        broken(model, ORACLE_MODEL, "the task of case %llu is held by user %u, not %u",
               (unsigned long long)c->id, task->holder, wanted->holder);
    }
    if (task->tries != wanted->tries || task->overdue_rung != wanted->rung ||
        task->overdue_next != wanted->overdue_next) {
        broken(model, ORACLE_LADDER, "the task of case %llu: tries %u, rung %u, next %llu; not "
               "%u, %u, %llu", (unsigned long long)c->id, task->tries, task->overdue_rung,
               (unsigned long long)task->overdue_next, wanted->tries, wanted->rung,
               (unsigned long long)wanted->overdue_next);
    }
}

static void compare_stand(struct model *model, const struct view *view, const struct model_case *c,
                          const struct instance *instance)
{
    const struct view_program *program = view_program(view, instance->head.program);
    const struct active_stage *leaf = instance_next_leaf(instance, 0, NULL);
    struct slice at = SLICE("nowhere");
    if (program != NULL && instance->head.status == INSTANCE_ENDED) {
        at = instance->head.end < program->image.end_count
                 ? image_slice(&program->image, program->image.end[instance->head.end].name)
                 : slice_from_cstr(outcome_name((enum outcome)instance->head.outcome));
    } else if (program != NULL && leaf != NULL) {
        at = image_slice(&program->image, program->image.stage[leaf->stage].name);
    }
    const char *wanted = c->end != NULL ? c->end : c->pair ? pair_stand(c) : stage_names[c->stage];
    if (!slice_equal(at, slice_from_cstr(wanted)) ||
        (instance->head.status == INSTANCE_ENDED) != (c->end != NULL)) {
        broken(model, ORACLE_MODEL, "case %llu stands in %.*s, not in %s",
               (unsigned long long)c->id, SLICE_PRINT(at), wanted);
    }
    uint64_t last = c->touch_count > 0 ? c->touches[c->touch_count - 1] : 0;
    if (instance->head.last_seq != last || instance->head.parent != c->parent) {
        broken(model, ORACLE_MODEL, "case %llu names %llu as its newest record, not %llu",
               (unsigned long long)c->id, (unsigned long long)instance->head.last_seq,
               (unsigned long long)last);
    }
}

static void compare_timers(struct model *model, const struct model_case *c,
                           const struct instance *instance)
{
    uint32_t wanted = c->timer_due != 0 || c->stage == AT_CONTACT ? 1 : 0;
    if (instance->head.timer_count != wanted ||
        (c->timer_due != 0 && instance->timer[0].due != c->timer_due)) {
        broken(model, ORACLE_MODEL, "case %llu has %u timers, the first at %llu; not %u at %llu",
               (unsigned long long)c->id, instance->head.timer_count,
               (unsigned long long)instance->timer[0].due, wanted,
               (unsigned long long)c->timer_due);
    }
}

static void compare_tried(struct model *model, const struct view *view, const struct model_case *c,
                          const struct instance *instance)
{
    const struct view_program *program = view_program(view, instance->head.program);
    uint32_t field = c->job || c->pair || program == NULL
                         ? INDEX_NONE
                         : image_find_field(&program->image, SLICE("tried"));
    if (field == INDEX_NONE) {
        return;
    }
    struct unpack unpack;
    unpack_init(&unpack, view_field(view, instance, field));
    int64_t tried = unpack_int(&unpack);
    if (tried != c->tried) {
        broken(model, ORACLE_MODEL, "case %llu was tried %lld times, not %lld",
               (unsigned long long)c->id, (long long)tried, (long long)c->tried);
    }
}

void model_compare(struct model *model, const struct view *view, uint64_t id)
{
    struct model_case *c = model_find(model, id);
    const struct instance *instance = view_instance(view, id, NULL);
    if (c == NULL || instance == NULL) {
        broken(model, ORACLE_MODEL, "case %llu is only on one side", (unsigned long long)id);
        return;
    }
    compare_stand(model, view, c, instance);
    compare_task(model, c, instance);
    compare_timers(model, c, instance);
    compare_tried(model, view, c, instance);
    const char *wrong = c->pair ? pair_compare(c, view, instance) : NULL;
    if (wrong != NULL) {
        broken(model, ORACLE_MODEL, "case %llu %s", (unsigned long long)id, wrong);
    }
    compare_children(model, view, c, instance);
    if (!c->job && !c->pair && !lines_hold(&c->lines, view, instance)) {
        broken(model, ORACLE_TOTALS, "the total of case %llu is not that of its lines",
               (unsigned long long)id);
    }
    const char *why = c->end == NULL ? core_asleep(view, instance, model->now_ms) : NULL;
    if (why != NULL || (c->end == NULL && !c->task.open && c->open_jobs == 0)) {
        broken(model, ORACLE_ASLEEP, "case %llu sleeps: %s", (unsigned long long)id,
               why != NULL ? why : "no task and no open case under it");
    }
}

void model_settle(struct model *model)
{
    for (uint32_t i = 0; i < model->case_count; i++) {
        const struct model_case *c = &model->cases[i];
        const struct model_case *parent = model_find(model, c->parent);
        if (c->end != NULL && !c->told && parent != NULL && parent->end == NULL) {
            broken(model, ORACLE_CHILDREN, "case %llu did not hear of the end of case %llu",
                   (unsigned long long)c->parent, (unsigned long long)c->id);
        }
    }
}
