#include "tests/sim/model.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/check.h"
#include "base/mem.h"
#include "engine/core/core.h"
#include "tests/sim/sim.h"

static const uint64_t minute_ms = 60 * 1000;
static const uint64_t hour_ms = 3600 * 1000;

const char *const model_stage_names[] = { "contact", "offer",    "waiting", "doing", "problem",
                                          "both",    "drafting", "asked",   "quiet",
                                          "planning", "there",   "" };
enum { LADDER_RUNGS = 4, LATE_RUNGS = 3, LATERS_MAX = 3 };

struct model *model_make(void)
{
    struct model *model = mem_zalloc(sizeof(*model));
    model->cases = mem_zalloc(sizeof(struct model_case) * MODEL_CASES_MAX);
    model->calls.call = mem_zalloc(sizeof(struct bill_call) * BILL_CALLS_MAX);
    return model;
}

void model_free(struct model *model)
{
    for (uint32_t i = 0; i < model->case_count; i++) {
        mem_free(model->cases[i].touches);
        mem_free(model->cases[i].before);
    }
    mem_free(model->cases);
    mem_free(model->calls.call);
    mem_free(model);
}

struct model_case *model_find(struct model *model, uint64_t id)
{
    return id == 0 || id > model->case_count ? NULL : &model->cases[id - 1];
}

void model_break(struct model *model, int oracle, const char *format, ...)
{
    if (model->broken != ORACLE_NONE) {
        return;
    }
    va_list args;
    va_start(args, format);
    model->broken = oracle;
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

void model_leave(struct model_case *c)
{
    c->task = (struct model_task){ 0 };
    c->timer_due = 0;
    c->laters = 0;
    c->position = 0;
}

static void open_task(struct model *model, struct model_case *c, enum staff_role role, uint64_t due)
{
    c->task.role = role;
    c->task.due = due;
    model_give(model, c, &c->task); // a task that is not open yet is no load
    c->task.open = true;
    plan(model, c, due);
}

static void enter(struct model *model, struct model_case *c, enum model_stage stage, uint64_t due)
{
    uint64_t now = model->now_ms;
    model_leave(c);
    c->stage = stage;
    c->moved_ms = now;
    if (stage != AT_WAITING) {
        open_task(model, c, c->job ? OF_WORKS : OF_SALES, due);
    }
    c->timer_due = stage == AT_OFFER   ? model_add_days(c, now, 30)
                   : stage == AT_DOING ? model_add_days(c, now, 20)
                                       : 0;
}

void model_end(struct model_case *c, const char *end)
{
    model_leave(c);
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
    model_leave(c);
    c->stage = AT_PROBLEM;
    c->moved_ms = now;
    open_task(model, c, OF_HEAD, now + hour_ms);
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
    if (task->open && task->holder != 0 && !model->staff.person[task->holder].active) {
        c->slot[task->role] = 0; // left meanwhile
        task->open = false;
        model_give(model, c, task);
        task->open = true;
    }
    if (c->stage == AT_WAITING && c->open_jobs == 0) {
        model_end(c, c->succeeded > 0 ? "won" : "lost"); // its rules are looked at again
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

const struct event *model_find_event(const struct record *record, enum event_kind kind)
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

struct model_case *model_named_case(struct model *model, const struct record *record)
{
    uint64_t id = record->touched_count > 0 ? record->touched[0].instance : 0;
    struct model_case *c = model_find(model, id);
    if (c == NULL) {
        model_break(model, ORACLE_MODEL, "a `%s` touches case %llu, which was never started",
                    command_name(record->command), (unsigned long long)id);
        return NULL;
    }
    if (c->end != NULL) {
        model_break(model, ORACLE_MODEL, "a `%s` touches case %llu, which has ended",
                    command_name(record->command), (unsigned long long)id);
        return NULL;
    }
    return c;
}

// --------------------------------------------------------------------------------- start

// The ledger is kept for ever: a row is imported once.
static void take_import(struct model *model, const struct record *record)
{
    const struct event *event = model_find_event(record, EVENT_IMPORTED);
    uint32_t row = 0;
    if (event == NULL || !slice_equal(event->imported.source, SLICE("crm"))) {
        return;
    }
    for (size_t i = 0; i < event->imported.row.len; i++) {
        row = row * 10 + (uint32_t)(event->imported.row.ptr[i] - '0');
    }
    if (row >= MODEL_ROWS_MAX || model->imported[row]) {
        model_break(model, ORACLE_ONCE, "row %u was imported twice", row);
        return;
    }
    model->imported[row] = true;
}

static void must_join(struct model *model, const struct record *record, const struct model_case *c)
{
    if (model_find_event(record, EVENT_REPEAT_JOINED) == NULL ||
        record->touched[0].instance != c->id) {
        model_break(model, ORACLE_MODEL, "a repeat did not join case %llu",
                    (unsigned long long)c->id);
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

// By a person or by a message: the same.
static void start_bill(struct model *model, const struct record *record)
{
    struct slice raw = pack_map_find(record->form, SLICE("number"));
    struct unpack unpack;
    unpack_init(&unpack, raw);
    struct model_case *c = bill_find(model, unpack_str(&unpack));
    if (c != NULL && c->end == NULL) {
        must_join(model, record, c);
        c->bills.repeats++;
        return;
    }
    c = add_case(model);
    c->creator = record->on_behalf;
    bill_start(model, c, record);
}

static void start_visit(struct model *model, const struct record *record)
{
    struct slice raw = pack_map_find(record->form, SLICE("client"));
    struct unpack unpack;
    unpack_init(&unpack, raw);
    struct slice client = unpack_str(&unpack);
    struct model_case *c = visit_find(model, client);
    if (c != NULL) {
        must_join(model, record, c);
        return;
    }
    c = add_case(model);
    c->creator = record->on_behalf;
    visit_start(model, c, client);
}

static void take_start(struct model *model, const struct record *record)
{
    char phone[32];
    struct model_case *ended = NULL;
    struct model_case *merged = NULL; // given up last, with this number
    take_import(model, record);
    if (pack_map_find(record->form, SLICE("tag")).len > 0) {
        struct model_case *pair = add_case(model);
        pair->creator = record->on_behalf;
        pair_start(model, pair);
        return;
    }
    if (pack_map_find(record->form, SLICE("number")).len > 0) {
        start_bill(model, record);
        return;
    }
    if (pack_map_find(record->form, SLICE("client")).len > 0) {
        start_visit(model, record);
        return;
    }
    read_phone(record, phone);
    for (uint32_t i = 0; i < model->case_count; i++) {
        struct model_case *c = &model->cases[i];
        if (!model_is_lead(c) || strcmp(c->phone, phone) != 0) {
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
        if (model_find_event(record, EVENT_INSTANCE_REOPENED) == NULL) {
            model_break(model, ORACLE_MODEL, "a repeat did not reopen case %llu",
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
    c->creator = record->on_behalf;
    enter(model, c, AT_CONTACT, model->now_ms);
}

// --------------------------------------------------------------------------------- presses

static void retry(struct model *model, struct model_case *c, const char *then)
{
    static const uint64_t minutes[LADDER_RUNGS] = { 5, 10, 30, 120 };
    c->moved_ms = model->now_ms;
    if (c->position == LADDER_RUNGS) {
        model_end(c, then);
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
        model_end(c, "lost");
        return;
    }
    c->laters++;
    unpack_init(&unpack, raw);
    uint64_t due = raw.len > 0 ? unpack_uint(&unpack) : 0;
    if (due < model->now_ms) {
        model_break(model, ORACLE_MODEL, "case %llu took a promise that was past",
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
        model_break(model, ORACLE_CHILDREN, "case %llu wanted %u cases and started %u",
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
        job->creator = record->on_behalf;
        memcpy(job->slot, c->slot, sizeof(job->slot));
        enter(model, job, AT_DOING, model_next_work_day(job, model->now_ms));
    }
    enter(model, c, AT_WAITING, model->now_ms);
}

static void merge(struct model *model, struct model_case *c, const struct record *record)
{
    const struct event *event = model_find_event(record, EVENT_MERGED);
    struct model_case *other = event != NULL ? model_find(model, event->merged.into) : NULL;
    bool may = record->command != COMMAND_MERGE || // by hand: hana or an administrator, and why
               (record->note.len > 0 && record->on_behalf <= HANA);
    if (c == NULL || !model_is_lead(c) || !may || other == NULL || other == c ||
        !model_is_lead(other) || other->end != NULL || c->open_jobs > 0) {
        model_break(model, ORACLE_MODEL, "case %llu was merged into what it may not be",
               (unsigned long long)(c != NULL ? c->id : 0));
        return;
    }
    model_end(c, "merged");
    c->merged_into = other->id;
    c->merged_seq = model->now_seq;
    other->lines = other->lines.any ? other->lines : c->lines;
    if (model_find_event(record, EVENT_FIELD_CHANGED) != NULL) {
        other->moved_ms = model->now_ms;
    }
}

static void priced(struct model *model, struct model_case *c, const struct record *record)
{
    if (!lines_read(record, &c->lines)) {
        model_break(model, ORACLE_TOTALS, "case %llu took lines that do not add up",
                    (unsigned long long)c->id);
        return;
    }
    uint32_t row = lines_row(&c->lines);
    if (!lines_hit(record, c->id, row)) {
        model_break(model, ORACLE_TOTALS, "case %llu did not find row %u for its lines",
                    (unsigned long long)c->id, row);
    } else if (row == 3) {
        enter(model, c, AT_OFFER,
              model_opening(c, model_add_days(c, model->now_ms, 1)));
    } else if (model_find_event(record, EVENT_FIELD_CHANGED) != NULL) {
        c->moved_ms = model->now_ms;
    }
}

// Which right the press takes; whoever acts first on what is offered has it from then on.
static bool may_press(struct model *model, struct model_case *c,
                      const struct event_pressed *pressed, bool *ret_by)
{
    struct slice name = pressed->name;
    bool by_head = slice_equal(name, SLICE("problem"));
    bool by_sales = slice_equal(name, SLICE("drop")) || slice_equal(name, SLICE("same"));
    enum staff_role by = by_head ? OF_HEAD : by_sales ? OF_SALES : OF_NO_ROLE;
    struct model_right right = by != OF_NO_ROLE ? model_right_as(model, c, by, pressed->user)
                                                : model_right_on(model, &c->task, pressed->user);
    uint32_t who = right.whom != 0 ? right.whom : pressed->user;
    *ret_by = by_sales;
    if (!right.allowed || right.whom != pressed->acting_for) {
        model_break(model, ORACLE_AUTHORITY,
                    "user %u pressed `%.*s` on case %llu for user %u; he may%s, for user %u",
                    pressed->user, SLICE_PRINT(name), (unsigned long long)c->id,
                    pressed->acting_for, right.allowed ? "" : " not", right.whom);
        return false;
    }
    struct model_task *task = &c->task;
    if (task->open && task->holder == 0 && staff_holds(&model->staff, who, task->role)) {
        task->offered = OF_NO_ROLE;
        task->holder = c->slot[task->role] = who;
    }
    if (by != OF_NO_ROLE && !staff_holds(&model->staff, c->slot[by], by) &&
        staff_holds(&model->staff, who, by)) {
        c->slot[by] = who;
    }
    return true;
}

// True: the press was about the problem of the case.
static bool take_problem(struct model *model, struct model_case *c, struct slice name)
{
    bool raised = slice_equal(name, SLICE("problem"));
    bool solved = slice_equal(name, SLICE("solved"));
    if (!raised && !solved && !slice_equal(name, SLICE("hopeless"))) {
        return false;
    }
    if (c->job || raised == (c->stage == AT_PROBLEM)) {
        model_break(model, ORACLE_MODEL, "`%.*s` was pressed on case %llu, which stands in %s",
                    SLICE_PRINT(name), (unsigned long long)c->id, model_stage_names[c->stage]);
    } else if (raised) {
        freeze(model, c);
    } else if (solved) {
        back(model, c);
    } else {
        model_end(c, "lost");
    }
    return true;
}

static void take_press(struct model *model, const struct record *record)
{
    struct model_case *c = model_named_case(model, record);
    const struct event *event = model_find_event(record, EVENT_PRESSED);
    bool drop;
    if (c == NULL || event == NULL) {
        return;
    }
    struct slice name = event->pressed.name;
    if (c->pair) {
        const char *wrong = pair_press(model, c, &event->pressed);
        if (wrong != NULL) {
            model_break(model, ORACLE_AUTHORITY, "`%.*s` of case %llu %s", SLICE_PRINT(name),
                        (unsigned long long)c->id, wrong);
        }
        return;
    }
    if (!may_press(model, c, &event->pressed, &drop) || take_problem(model, c, name)) {
        return;
    }
    const char *wrong = c->bill    ? bill_press(model, c, name)
                        : c->visit ? visit_press(model, c, record)
                                   : NULL;
    if (wrong != NULL) {
        model_break(model, ORACLE_MODEL, "`%.*s` of case %llu, in %s, %s", SLICE_PRINT(name),
                    (unsigned long long)c->id, model_stage_names[c->stage], wrong);
    }
    if (c->bill || c->visit) {
        return;
    }
    bool contact = c->stage == AT_CONTACT;
    if (slice_equal(name, SLICE("same"))) {
        merge(model, c, record);
    } else if (drop && c->open_jobs == 0) {
        model_end(c, "lost");
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
        model_end(c, "finished");
    } else if (slice_equal(name, SLICE("broke")) && c->job) {
        model_end(c, "broken");
    } else if (slice_equal(name, SLICE("delay")) && c->job) {
        retry(model, c, "broken");
    } else {
        model_break(model, ORACLE_MODEL, "`%.*s` was pressed on case %llu, which stands in %s",
                    SLICE_PRINT(name), (unsigned long long)c->id, model_stage_names[c->stage]);
    }
}

// --------------------------------------------------------------------------------- by itself

static void take_timer(struct model *model, const struct record *record)
{
    const struct event *event = model_find_event(record, EVENT_TIMER_FIRED);
    struct model_case *c = model_named_case(model, record);
    if (event == NULL || c == NULL) {
        return; // an idle timer that is armed again, since something has moved
    }
    uint64_t due = c->stage == AT_CONTACT ? model_idle_due(c) : c->timer_due;
    if (due == 0 || due > model->now_ms || event->timer_fired.due > model->now_ms) {
        model_break(model, ORACLE_EARLY, "a timer of case %llu fired at %llu; it is due at %llu",
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
    model_end(c, c->job ? "broken" : "lost");
}

static void climb(struct model *model, struct model_case *c,
                  const struct event_overdue_stepped *step)
{
    static const uint64_t waits[LATE_RUNGS] = { 30 * 60 * 1000, 4 * 3600 * 1000, 0 };
    struct model_task *task = &c->task;
    if (!task->open || task->rung >= LATE_RUNGS || step->rung != task->rung + 1 ||
        step->was != task->overdue_next) {
        model_break(model, ORACLE_LADDER,
                    "case %llu climbed to rung %u of %llu; it stood on %u of %llu",
                    (unsigned long long)c->id, step->rung, (unsigned long long)step->was,
                    task->rung, (unsigned long long)task->overdue_next);
        return;
    }
    if (step->was > model->now_ms) {
        model_break(model, ORACLE_EARLY, "case %llu climbed before its moment",
                    (unsigned long long)c->id);
    }
    uint64_t wait = waits[task->rung];
    task->rung++;
    task->overdue_next = wait == 0 ? 0 : task->overdue_next + wait;
    if (step->next != task->overdue_next) {
        model_break(model, ORACLE_LADDER, "the next rung of case %llu is at %llu, not at %llu",
                    (unsigned long long)c->id, (unsigned long long)step->next,
                    (unsigned long long)task->overdue_next);
    }
}

// Rungs missed in a silence are climbed in one record, in order; nobody is told twice (rule 20).
static void take_overdue(struct model *model, const struct record *record)
{
    struct model_case *c = model_named_case(model, record);
    if (model_find_event(record, EVENT_OVERDUE_STEPPED) == NULL || c == NULL) {
        model_break(model, ORACLE_LADDER, "an overdue command climbed nothing");
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
                model_break(model, ORACLE_LADDER, "case %llu told user %u twice in one silence",
                            (unsigned long long)c->id, event->notified.user);
            }
        }
    }
}

static void hear(struct model *model, struct model_case *parent, struct model_case *child)
{
    if (child->told || child->end == NULL || child->parent != parent->id ||
        parent->open_jobs == 0) {
        model_break(model, ORACLE_CHILDREN, "case %llu heard of the end of case %llu, wrongly",
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
    struct model_case *parent = model_named_case(model, record);
    const struct event *event = model_find_event(record, EVENT_CHILD_ENDED);
    struct model_case *child =
        event != NULL ? model_find(model, event->child_ended.child) : NULL;
    if (parent == NULL || child == NULL) {
        model_break(model, ORACLE_CHILDREN, "the end of no case was told");
        return;
    }
    hear(model, parent, child);
    if (parent->stage == AT_WAITING && parent->open_jobs == 0) {
        model_end(parent, parent->succeeded > 0 ? "won" : "lost");
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
                model_break(model, ORACLE_MODEL, "a case that is not open was cancelled");
                return;
            }
            model_end(c, "cancelled");
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
    struct model_case *c = model_named_case(model, record);
    const struct event *event = model_find_event(record, EVENT_MOVED);
    if (c == NULL || event == NULL || !c->job) {
        model_break(model, ORACLE_MODEL, "a case was moved by hand that may not be");
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
        struct model_case *c = model_find(model, set->instance);
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
            model_break(model, ORACLE_MOMENT, "a timer of case %llu is set for %llu, not for %llu",
                        (unsigned long long)c->id, (unsigned long long)set->due,
                        (unsigned long long)due);
        }
        c->idle_due = set->due;
    }
}

// Whoever pressed last may take it back; what it started is cancelled.
static void take_undo(struct model *model, const struct record *record)
{
    const struct event *event = model_find_event(record, EVENT_UNDONE);
    struct model_case *c =
        event != NULL ? model_find(model, event->undone.instance) : NULL;
    const struct model_before *before = c != NULL ? c->before : NULL;
    if (before == NULL || before->seq != event->undone.seq ||
        before->seq != c->touches[c->touch_count - 1] || before->user != record->on_behalf ||
        model->now_ms - before->now_ms > 10 * minute_ms || (c->end != NULL && c->parent != 0) ||
        (c->merged_into != 0 && c->end != NULL)) {
        model_break(model, ORACLE_MODEL, "a command was taken back that could not be");
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
    if (c == NULL || c->job || c->end == NULL || strcmp(c->end, "lost") != 0) {
        model_break(model, ORACLE_MODEL, "a case was reopened that may not be");
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

static void note_slots(struct model *model, const struct record *record)
{
    for (uint32_t i = 0; i < record->touched_count; i++) {
        struct model_case *c = model_find(model, record->touched[i].instance);
        for (enum staff_role role = OF_HEAD; c != NULL && role < STAFF_ROLES; role++) {
            c->had[role] = c->had[role] || c->slot[role] != 0;
        }
    }
}

static void note_touches(struct model *model, const struct record *record, uint64_t seq)
{
    for (uint32_t i = 0; i < record->touched_count; i++) {
        const struct record_touched *touched = &record->touched[i];
        struct model_case *c = model_find(model, touched->instance);
        if (c == NULL) {
            model_break(model, ORACLE_MODEL, "record %llu touches case %llu, which nobody started",
                        (unsigned long long)seq, (unsigned long long)touched->instance);
            return;
        }
        uint64_t last = c->touch_count > 0 ? c->touches[c->touch_count - 1] : 0;
        if (touched->previous_seq != last) {
            model_break(model, ORACLE_PUSH, "record %llu names %llu as the one before it, not %llu",
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

static bool begins_case(const struct record *record)
{
    const struct event *event = model_find_event(record, EVENT_MESSAGE_TAKEN);
    return event != NULL && event->message_taken.became == MESSAGE_STARTED;
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
    case COMMAND_MERGE: merge(model, model_named_case(model, record), record); break;
    case COMMAND_CLAIM:
    case COMMAND_RELEASE:
    case COMMAND_REASSIGN: model_take_assigned(model, record); break;
    case COMMAND_HAND_OVER: model_take_hand_over(model, record); break;
    case COMMAND_MOVE: take_move(model, record); break;
    case COMMAND_UNDO: take_undo(model, record); break;
    case COMMAND_REOPEN: take_reopen(model, record); break;
    case COMMAND_EDIT: {
        struct model_case *c = model_named_case(model, record);
        if (c != NULL && model_find_event(record, EVENT_FIELD_CHANGED) != NULL) {
            c->moved_ms = model->now_ms;
        }
        break;
    }
    case COMMAND_VERSION: model_take_version(model, record); break;
    case COMMAND_COMMENT:
    case COMMAND_SIDE_TASK:
    case COMMAND_FINISH: (void)model_named_case(model, record); break;
    case COMMAND_MESSAGE: (begins_case(record) ? take_start : bill_take)(model, record); break;
    case COMMAND_DELIVER:
    case COMMAND_CALL_RESULT:
    case COMMAND_INCIDENT_RETRY:
    case COMMAND_INCIDENT_CLOSE: bill_take(model, record); break;
    case COMMAND_NONE:
    case COMMAND_USERS:
    case COMMAND_ABSENCE:
    case COMMAND_PRESENT:
    case COMMAND_ABSENCE_DUE:
    case COMMAND_APPLY:
    case COMMAND_REVERT:
    case COMMAND_MIGRATE:
    case COMMAND_VERSION_SETTLED:
    case COMMAND_CLOCK:
    case COMMAND_ENGINE_STARTED:
    case COMMAND_KIND_COUNT: break;
    }
}

void model_take(struct model *model, const struct record *record, uint64_t seq)
{
    if (record->now_ms < model->now_ms) {
        model_break(model, ORACLE_MODEL, "record %llu goes back in time", (unsigned long long)seq);
    }
    model->now_ms = record->now_ms;
    model->now_seq = seq;
    const char *wrong = staff_take(&model->staff, record);
    if (wrong != NULL) {
        model_break(model, ORACLE_MODEL, "record %llu: %s", (unsigned long long)seq, wrong);
        return;
    }
    model_check_speaker(model, record);
    if (record->command == COMMAND_PRESS || record->command == COMMAND_EDIT ||
        record->command == COMMAND_MOVE) {
        remember(model, record, seq);
    }
    take_side_events(model, record);
    dispatch(model, record);
    bill_take_side(model, record);
    visit_take_picks(model, record);
    check_moments(model, record);
    note_slots(model, record);
    note_touches(model, record, seq);
    model_check_attended(model);
}
