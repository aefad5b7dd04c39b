#include "tests/sim/bill.h"

#include <stdio.h>

#include "base/check.h"
#include "base/pack.h"
#include "tests/sim/model.h"
#include "tests/sim/sim.h"

static const uint64_t minute_ms = 60 * 1000;
static const uint64_t day_ms = 24ull * 3600 * 1000;
static const int64_t settled_sum = 60;
enum {
    TRIES_MAX = 3, // one, and one after each rung of `network` or `postal`
    NOTED_LESS_THAN = 9, NOTED_AFTER = 3,
    PILE = 4
};

// --------------------------------------------------------------------------------- reading

static int64_t number_in(struct slice form, const char *name)
{
    struct slice raw = pack_map_find(form, slice_from_cstr(name));
    struct unpack unpack;
    unpack_init(&unpack, raw);
    return raw.len > 0 && unpack_peek(&unpack) == PACK_INTEGER ? unpack_int(&unpack) : 0;
}

static struct slice text_in(struct slice form, const char *name)
{
    struct slice raw = pack_map_find(form, slice_from_cstr(name));
    struct unpack unpack;
    unpack_init(&unpack, raw);
    return raw.len > 0 && unpack_peek(&unpack) == PACK_STR ? unpack_str(&unpack) : SLICE_EMPTY;
}

static void copy_text(char *to, size_t size, struct slice text)
{
    CHECK(text.len < size);
    memcpy(to, text.ptr, text.len);
    to[text.len] = '\0';
}

struct bill_call *bill_call(const struct model *model, uint64_t number)
{
    return number == 0 || number > model->calls.count ? NULL : &model->calls.call[number - 1];
}

struct model_case *bill_find(struct model *model, struct slice number)
{
    struct model_case *found = NULL;
    for (uint32_t i = 0; i < model->case_count; i++) {
        struct model_case *c = &model->cases[i];
        if (c->bill && slice_equal(number, slice_from_cstr(c->bills.number))) {
            found = c; // one at a time is open: the last of them is the newest
        }
    }
    return found;
}

static enum bill_signal signal_named(struct slice name)
{
    static const char *const names[BILL_SIGNALS] = { "order", "paid",    "said",
                                                      "charged", "late", "noted" };
    enum bill_signal signal = BILL_ORDER;
    while (signal < BILL_SIGNALS && !slice_equal(name, slice_from_cstr(names[signal]))) {
        signal++;
    }
    return signal;
}

// --------------------------------------------------------------------------------- stages

static void enter(struct model *model, struct model_case *c, enum model_stage stage)
{
    uint64_t days = stage == AT_DRAFTING ? 1 : stage == AT_ASKED ? 3 : 5;
    model_leave(c);
    c->stage = stage;
    c->moved_ms = model->now_ms;
    c->task.role = OF_WORKS;
    c->task.due = model->now_ms + days * day_ms;
    model_give(model, c, &c->task); // a task that is not open yet is no load
    c->task.open = true;
}

void bill_start(struct model *model, struct model_case *c, const struct record *record)
{
    c->bill = true;
    c->zone = IN_UTC;
    copy_text(c->bills.number, sizeof(c->bills.number), text_in(record->form, "number"));
    enter(model, c, AT_DRAFTING);
}

static void promise(struct model *model, enum bill_connector by, int64_t amount, int64_t otherwise)
{
    struct bill_calls *calls = &model->calls;
    CHECK(calls->queued_count < BILL_QUEUED_MAX);
    calls->queued[calls->queued_count++] = (struct bill_promise){ by, amount, otherwise };
}

static const char *press_drafting(struct model *model, struct model_case *c, struct slice name)
{
    struct model_bill *bill = &c->bills;
    bool letter = slice_equal(name, SLICE("letter"));
    bool both = slice_equal(name, SLICE("both_ways"));
    bool twice = slice_equal(name, SLICE("twice"));
    if (slice_equal(name, SLICE("pile"))) {
        for (uint32_t i = 0; i < PILE; i++) {
            promise(model, BY_POST, ++bill->charges, 100);
        }
        return NULL;
    }
    if (!letter && !both && !twice && !slice_equal(name, SLICE("post"))) {
        return "is not offered there";
    }
    if (!letter) {
        promise(model, BY_BANK, ++bill->charges, 1);
    }
    if (letter || both) {
        promise(model, BY_POST, ++bill->charges, 100);
    } else if (twice) {
        promise(model, BY_BANK, ++bill->charges, 10);
    }
    enter(model, c, AT_ASKED);
    return NULL;
}

const char *bill_press(struct model *model, struct model_case *c, struct slice name)
{
    bool waiting = c->stage == AT_ASKED || c->stage == AT_QUIET;
    if (c->stage == AT_DRAFTING) {
        return press_drafting(model, c, name);
    }
    if (slice_equal(name, SLICE("calm")) && c->stage == AT_ASKED) {
        enter(model, c, AT_QUIET);
    } else if (slice_equal(name, SLICE("loud")) && c->stage == AT_QUIET) {
        enter(model, c, AT_ASKED);
    } else if (slice_equal(name, SLICE("redo")) && waiting) {
        enter(model, c, AT_DRAFTING);
    } else if (slice_equal(name, SLICE("close")) && waiting) {
        model_end(c, "closed");
    } else {
        return "is not offered there";
    }
    return NULL;
}

// --------------------------------------------------------------------------------- messages

static bool awaits(const struct model_case *c, enum bill_signal signal)
{
    return signal == BILL_LATE || c->stage == AT_ASKED || c->stage == AT_QUIET;
}

static enum message_outcome expect(const struct model_case *c, enum bill_signal signal)
{
    bool frozen = c->stage == AT_PROBLEM &&
                  (c->frame.stage == AT_ASKED || c->frame.stage == AT_QUIET);
    return c->end != NULL        ? MESSAGE_ENDED
           : awaits(c, signal)   ? MESSAGE_DELIVERED
           : signal != BILL_SAID ? MESSAGE_KEPT // marked so
           : frozen              ? MESSAGE_KEPT // what is frozen misses nothing
                                 : MESSAGE_NOT_AWAITED;
}

static void run_handler(struct model_case *c, enum bill_signal signal, int64_t value)
{
    struct model_bill *bill = &c->bills;
    switch (signal) {
    case BILL_PAID: bill->sums += value; break;
    case BILL_CHARGED:
        bill->taken++;
        bill->receipts += value;
        break;
    case BILL_LATE: bill->lates++; break;
    case BILL_NOTED: bill->notes += value; break;
    case BILL_SAID: // the innermost only
        bill->inner += c->stage == AT_ASKED ? 1 : 0;
        bill->middle += c->stage == AT_QUIET ? 1 : 0;
        break;
    case BILL_ORDER:
    case BILL_SIGNALS: break;
    }
    if (bill->sums >= settled_sum) {
        model_end(c, "settled");
    }
}

static int64_t brings(struct slice form, enum bill_signal signal)
{
    return number_in(form, signal == BILL_PAID    ? "sum"
                           : signal == BILL_NOTED ? "value"
                                                  : "receipt");
}

bool bill_is_full(const struct model_case *c, enum bill_signal signal)
{
    uint32_t same = 0;
    for (uint32_t i = 0; i < c->bills.kept_count; i++) {
        same += c->bills.kept[i].signal == signal ? 1u : 0u;
    }
    return same >= BILL_KEPT_OF_ONE_MAX || c->bills.kept_count >= BILL_KEPT_MAX;
}

// What its handler requires.
static bool can_be_done(const struct model_case *c, enum bill_signal signal, int64_t value)
{
    return signal != BILL_NOTED || value < NOTED_LESS_THAN || c->bills.charges > NOTED_AFTER;
}

// Opened by the record in hand; 0: none.
static uint32_t opened_incident(const struct record *record)
{
    const struct event *event = model_find_event(record, EVENT_INCIDENT_OPENED);
    return event != NULL ? event->incident_opened.incident : 0;
}

static void hold_failed(struct model *model, const struct record *record, uint64_t instance,
                        enum bill_signal signal, int64_t value)
{
    struct bill_calls *calls = &model->calls;
    CHECK(calls->failed_count < BILL_FAILED_MAX);
    if (opened_incident(record) == 0) {
        model_break(model, ORACLE_MESSAGE, "a message of case %llu could not be done, and no "
                    "incident holds it", (unsigned long long)instance);
        return;
    }
    calls->failed[calls->failed_count++] =
        (struct bill_failed){ opened_incident(record), instance, signal, value };
}

// The case is told of it: what is recorded must be what the text of the process says.
static void give(struct model *model, struct model_case *c, const struct event_message_taken *taken,
                 int64_t value)
{
    enum bill_signal signal = signal_named(taken->name);
    if (signal == BILL_SIGNALS || taken->instance != c->id || taken->became != expect(c, signal) ||
        (taken->became == MESSAGE_DELIVERED && !can_be_done(c, signal, value)) ||
        (taken->became == MESSAGE_KEPT && bill_is_full(c, signal))) {
        model_break(model, ORACLE_MESSAGE, "message `%.*s` of case %llu became `%s`, not `%s`",
                    SLICE_PRINT(taken->name), (unsigned long long)c->id,
                    message_outcome_name((enum message_outcome)taken->became),
                    message_outcome_name(expect(c, signal)));
        return;
    }
    if (taken->became == MESSAGE_DELIVERED) {
        run_handler(c, signal, value);
    } else if (taken->became == MESSAGE_KEPT) {
        struct model_bill *bill = &c->bills;
        uint32_t last = bill->kept_count > 0 ? bill->kept[bill->kept_count - 1].number : 0;
        if (taken->kept != last + 1) {
            model_break(model, ORACLE_MESSAGE, "message %u waits for case %llu, after %u",
                        taken->kept, (unsigned long long)c->id, last);
            return;
        }
        bill->kept[bill->kept_count++] =
            (struct bill_kept){ taken->kept, signal, value };
    }
}

static const struct event_message_taken *taken_in(const struct record *record)
{
    for (uint32_t i = 0; i < record->event_count; i++) {
        const struct event *event = &record->events[i];
        if (event->kind == EVENT_MESSAGE_TAKEN &&
            event->message_taken.became != MESSAGE_DROPPED) {
            return &event->message_taken;
        }
    }
    return NULL;
}

// A late answer is numbered: the number is taken once, whatever the requests that brought it.
static void take_late(struct model *model, const struct record *record)
{
    const struct event *event = model_find_event(record, EVENT_IMPORTED);
    uint64_t number = 0;
    for (size_t i = 0; event != NULL && i < event->imported.row.len; i++) {
        number = number * 10 + (uint64_t)(event->imported.row.ptr[i] - '0');
    }
    struct bill_call *call = bill_call(model, number);
    if (call == NULL || call->late) {
        model_break(model, ORACLE_ONCE, "the late answer to call %llu was taken twice",
                    (unsigned long long)number);
        return;
    }
    call->late = true;
}

static void take_message(struct model *model, const struct record *record)
{
    const struct event_message_taken *taken = taken_in(record);
    struct slice number = text_in(record->form, "number");
    uint64_t whom = (uint64_t)number_in(record->form, "whom");
    struct model_case *c = NULL;
    if (taken == NULL) {
        model_break(model, ORACLE_MESSAGE, "a message became nothing");
        return;
    }
    if (slice_equal(taken->name, SLICE("late"))) {
        take_late(model, record);
        c = model_find(model, taken->instance);
    } else {
        c = number.len > 0 ? bill_find(model, number) : model_find(model, whom);
    }
    if (c == NULL || !c->bill) {
        model_break(model, ORACLE_MESSAGE, "a message came to case %llu, which it does not name",
                    (unsigned long long)taken->instance);
        return;
    }
    give(model, c, taken, brings(record->form, signal_named(taken->name)));
}

// The oldest that is awaited; here all are awaited in the same stages.
static void take_deliver(struct model *model, const struct record *record)
{
    const struct event_message_taken *taken = taken_in(record);
    struct model_case *c = taken != NULL ? model_find(model, taken->instance) : NULL;
    if (c == NULL || c->end != NULL || c->bills.kept_count == 0 ||
        taken->kept != c->bills.kept[0].number || !awaits(c, c->bills.kept[0].signal)) {
        model_break(model, ORACLE_MESSAGE, "a message was delivered that did not wait first");
        return;
    }
    struct bill_kept kept = c->bills.kept[0];
    bool can = can_be_done(c, kept.signal, kept.value);
    if (taken->became != (can ? MESSAGE_DELIVERED : MESSAGE_FAILED)) {
        model_break(model, ORACLE_MESSAGE, "message %u of case %llu that waited became `%s`, and "
                    "what it sets off can%s be done", kept.number, (unsigned long long)c->id,
                    message_outcome_name((enum message_outcome)taken->became), can ? "" : "not");
        return;
    }
    memmove(&c->bills.kept[0], &c->bills.kept[1],
            sizeof(kept) * (size_t)(--c->bills.kept_count));
    if (can) {
        run_handler(c, kept.signal, kept.value);
    } else {
        hold_failed(model, record, c->id, kept.signal, kept.value);
    }
}

// --------------------------------------------------------------------------------- calls

static bool is_on_its_way(const struct bill_call *call)
{
    return call->state == BILL_CALL_DUE || call->state == BILL_CALL_BEHIND;
}

uint32_t bill_open_calls(const struct model *model, const struct model_case *c)
{
    uint32_t open = 0;
    for (uint32_t i = 0; i < model->calls.count; i++) {
        const struct bill_call *call = &model->calls.call[i];
        open += call->instance == c->id && call->state != BILL_CALL_OVER ? 1u : 0u;
    }
    return open;
}

// The moment of a try: the post works from Monday to Friday, nine to six.
static uint64_t try_moment(const struct model_case *c, enum bill_connector by, uint64_t at_ms)
{
    return by == BY_POST ? model_opening(c, at_ms) : at_ms;
}

static bool is_of(const struct bill_call *call, const struct event_call_queued *queued)
{
    bool post = call->by == BY_POST;
    return slice_equal(queued->connector, post ? SLICE("post") : SLICE("bank")) &&
           slice_equal(queued->name, post ? SLICE("letter") : SLICE("charge"));
}

static void take_queued(struct model *model, const struct event_call_queued *queued)
{
    struct bill_calls *calls = &model->calls;
    struct model_case *c = model_find(model, queued->instance);
    const struct bill_promise promised = calls->queued[0];
    bool behind = false;
    for (uint32_t i = 0; i < calls->count; i++) {
        behind = behind || (calls->call[i].instance == queued->instance &&
                            calls->call[i].by == promised.by && is_on_its_way(&calls->call[i]));
        if (slice_equal(queued->key, slice_from_cstr(calls->call[i].key))) {
            model_break(model, ORACLE_OUTSIDE, "calls %u and %llu have one key: %s", i + 1,
                        (unsigned long long)queued->call, calls->call[i].key);
        }
    }
    bool known = c != NULL && calls->queued_count > 0 && queued->call == calls->count + 1ull;
    uint64_t due = !known ? 0 : behind ? CALL_DUE_BEHIND
                                       : try_moment(c, promised.by, model->now_ms);
    if (!known || queued->due != due || bill_open_calls(model, c) >= BILL_OPEN_CALLS_MAX) {
        model_break(model, ORACLE_OUTSIDE, "call %llu of case %llu was promised by nobody, for "
                    "another moment than %llu, or as one too many",
                    (unsigned long long)queued->call, (unsigned long long)queued->instance,
                    (unsigned long long)due);
        return;
    }
    CHECK(calls->count < BILL_CALLS_MAX);
    struct bill_call *call = &calls->call[calls->count++];
    *call = (struct bill_call){
        .instance = c->id, .seq = model->now_seq, .due = queued->due, .by = promised.by,
        .amount = promised.amount, .otherwise = promised.otherwise,
        .state = behind ? BILL_CALL_BEHIND : BILL_CALL_DUE,
    };
    if (!is_of(call, queued)) {
        model_break(model, ORACLE_OUTSIDE, "call %llu goes to another connector",
                    (unsigned long long)queued->call);
    }
    copy_text(call->key, sizeof(call->key), queued->key);
    memcpy(call->number, c->bills.number, sizeof(call->number));
    memmove(&calls->queued[0], &calls->queued[1],
            sizeof(promised) * (size_t)(--calls->queued_count));
}

// The call is no longer on its way: the oldest that is behind it goes next.
static void let_next_go(struct model *model, uint64_t instance, enum bill_connector by)
{
    struct bill_calls *calls = &model->calls;
    uint64_t first = 0;
    for (uint32_t i = 0; i < calls->count; i++) {
        if (calls->call[i].instance != instance || calls->call[i].by != by) {
            continue;
        }
        if (calls->call[i].state == BILL_CALL_DUE) {
            return;
        }
        first = first == 0 && calls->call[i].state == BILL_CALL_BEHIND ? i + 1ull : first;
    }
    calls->next = first;
}

static void take_released(struct model *model, const struct event_call_released *released,
                          bool anew)
{
    struct bill_call *call = bill_call(model, released->call);
    bool wanted = anew ? call != NULL && call->state == BILL_CALL_PARKED
                       : released->call == model->calls.next && call != NULL;
    bool behind = false;
    for (uint32_t i = 0; wanted && anew && i < model->calls.count; i++) {
        behind = behind || (model->calls.call[i].instance == call->instance &&
                            model->calls.call[i].by == call->by &&
                            is_on_its_way(&model->calls.call[i]));
    }
    // By hand it is tried at once, whatever the hours.
    const struct model_case *c = wanted ? model_find(model, call->instance) : NULL;
    uint64_t due = behind                ? CALL_DUE_BEHIND
                   : anew || c == NULL ? model->now_ms
                                       : try_moment(c, call->by, model->now_ms);
    if (!wanted || released->anew != anew || released->due != due) {
        model_break(model, ORACLE_OUTSIDE, "call %llu was let go out of turn",
                    (unsigned long long)released->call);
        return;
    }
    call->state = behind ? BILL_CALL_BEHIND : BILL_CALL_DUE;
    call->due = released->due;
    call->attempts = anew ? 0 : call->attempts;
    call->told_attempt = anew ? 0 : call->told_attempt;
    model->calls.next = 0;
}

// What must follow from what the world has told of this try.
static enum call_outcome follows(const struct bill_call *call, const struct model_case *c)
{
    return call->told == CALL_RESULT_DONE ? CALL_DONE
           : call->told == CALL_RESULT_FAILED && call->attempts + 1 < TRIES_MAX
               ? CALL_RETRIED
               : c->end != NULL ? CALL_PARKED
                                : CALL_FAILED;
}

static void carry_on(struct model *model, struct bill_call *call,
                     const struct event_call_attempted *attempted, struct model_case *c)
{
    static const uint64_t waits[][TRIES_MAX - 1] = { { 1, 10 }, { 2, 7 } }; // minutes
    enum call_outcome outcome = (enum call_outcome)attempted->result;
    uint64_t wait_ms = outcome == CALL_RETRIED ? waits[call->by][call->attempts] * minute_ms : 0;
    uint64_t due = outcome == CALL_RETRIED ? try_moment(c, call->by, model->now_ms + wait_ms) : 0;
    if (attempted->due != due) {
        model_break(model, ORACLE_OUTSIDE, "call %llu is tried again at %llu, not at %llu",
                    (unsigned long long)attempted->call, (unsigned long long)attempted->due,
                    (unsigned long long)due);
    }
    call->attempts++;
    call->due = due;
    call->done = outcome == CALL_DONE;
    c->bills.refused += outcome == CALL_FAILED ? call->otherwise : 0;
    if (outcome != CALL_RETRIED) {
        call->state = outcome == CALL_PARKED ? BILL_CALL_PARKED : BILL_CALL_OVER;
        let_next_go(model, c->id, call->by);
    }
}

// An answer comes with the try, in the same record. One for which there is no room is held by an
// incident.
static void take_answer(struct model *model, const struct record *record,
                        const struct bill_call *call, struct model_case *c)
{
    const struct event_message_taken *taken = taken_in(record);
    bool told = call->told == CALL_RESULT_DONE && call->told_receipt != 0;
    bool no_room = told && expect(c, BILL_CHARGED) == MESSAGE_KEPT && bill_is_full(c, BILL_CHARGED);
    if (no_room && taken == NULL) {
        hold_failed(model, record, c->id, BILL_CHARGED, call->told_receipt);
    } else if ((taken != NULL) != told ||
        (told && number_in(record->form, "receipt") != call->told_receipt)) {
        model_break(model, ORACLE_OUTSIDE, "case %llu has another answer than what was told",
                    (unsigned long long)c->id);
    } else if (taken != NULL) {
        give(model, c, taken, call->told_receipt);
    }
}

static void take_result(struct model *model, const struct record *record)
{
    const struct event *event = model_find_event(record, EVENT_CALL_ATTEMPTED);
    const struct event_call_attempted *attempted = event != NULL ? &event->call_attempted : NULL;
    struct bill_call *call = attempted != NULL ? bill_call(model, attempted->call) : NULL;
    struct model_case *c = call != NULL ? model_find(model, call->instance) : NULL;
    if (c == NULL || call->state != BILL_CALL_DUE || attempted->attempt != call->attempts + 1 ||
        call->told_attempt != attempted->attempt) {
        model_break(model, ORACLE_OUTSIDE,
                    "try %u of call %llu is recorded, and that is not what the world told last",
                    attempted != NULL ? attempted->attempt : 0,
                    (unsigned long long)(attempted != NULL ? attempted->call : 0));
        return;
    }
    if (attempted->result != follows(call, c)) {
        model_break(model, ORACLE_OUTSIDE, "call %llu is `%s` after try %u, not `%s`",
                    (unsigned long long)attempted->call,
                    call_outcome_name((enum call_outcome)attempted->result), attempted->attempt,
                    call_outcome_name(follows(call, c)));
        return;
    }
    call->told_attempt = 0; // heard
    carry_on(model, call, attempted, c);
    uint32_t held = model->calls.failed_count;
    take_answer(model, record, call, c);
    bool wanted = attempted->result == CALL_PARKED || model->calls.failed_count > held;
    if ((opened_incident(record) != 0) != wanted) {
        model_break(model, ORACLE_OUTSIDE, "call %llu is parked without an incident, or not",
                    (unsigned long long)attempted->call);
    } else if (attempted->result == CALL_PARKED) {
        call->incident = opened_incident(record);
    }
}

// Tried again by hand it is as if it came now; or nobody wants it any more.
static void take_failed_message(struct model *model, const struct record *record,
                                struct bill_failed *failed)
{
    const struct event_message_taken *taken = taken_in(record);
    struct model_case *c = model_find(model, failed->instance);
    bool again = record->command == COMMAND_INCIDENT_RETRY;
    failed->incident = 0;
    if (c == NULL || (taken != NULL) != again ||
        (again && signal_named(taken->name) != failed->signal)) {
        model_break(model, ORACLE_MESSAGE, "a message that could not be done was not tried again, "
                    "or another one was");
    } else if (again) {
        give(model, c, taken, failed->value);
    }
}

// By hand: tried again from the beginning, or given up.
static void take_incident(struct model *model, const struct record *record)
{
    const struct event *closed = model_find_event(record, EVENT_INCIDENT_CLOSED);
    const struct event *given_up = model_find_event(record, EVENT_CALL_ATTEMPTED);
    for (uint32_t i = 0; closed != NULL && i < model->calls.count; i++) {
        struct bill_call *call = &model->calls.call[i];
        if (call->incident != closed->incident_closed.incident || call->incident == 0) {
            continue;
        }
        call->incident = 0;
        if (record->command == COMMAND_INCIDENT_CLOSE &&
            (given_up == NULL || given_up->call_attempted.call != i + 1ull ||
             given_up->call_attempted.result != CALL_FAILED)) {
            model_break(model, ORACLE_OUTSIDE, "call %u was not given up by hand", i + 1);
        } else if (record->command == COMMAND_INCIDENT_CLOSE) {
            call->state = BILL_CALL_OVER;
        }
    }
    for (uint32_t i = 0; closed != NULL && i < model->calls.failed_count; i++) {
        if (model->calls.failed[i].incident == closed->incident_closed.incident) {
            take_failed_message(model, record, &model->calls.failed[i]);
        }
    }
}

static void take_withdrawn(struct model *model, const struct event_call_attempted *attempted)
{
    struct bill_call *call = bill_call(model, attempted->call);
    bool waits = call != NULL && (call->state == BILL_CALL_BEHIND ||
                                  (call->state == BILL_CALL_DUE && call->due > model->now_ms));
    if (!waits || call->attempts != 0) {
        model_break(model, ORACLE_OUTSIDE, "call %llu was withdrawn; it may be on its way",
                    (unsigned long long)attempted->call);
        return;
    }
    call->state = BILL_CALL_OVER;
}

void bill_take(struct model *model, const struct record *record)
{
    switch ((unsigned)record->command) {
    case COMMAND_MESSAGE: take_message(model, record); break;
    case COMMAND_DELIVER: take_deliver(model, record); break;
    case COMMAND_CALL_RESULT: take_result(model, record); break;
    default: take_incident(model, record); break;
    }
}

static void take_dropped(struct model *model, const struct event_message_taken *taken)
{
    struct model_case *c = model_find(model, taken->instance);
    if (c == NULL || c->end == NULL || c->bills.kept_count == 0 ||
        c->bills.kept[0].number != taken->kept) {
        model_break(model, ORACLE_MESSAGE, "a message was dropped that did not wait");
        return;
    }
    memmove(&c->bills.kept[0], &c->bills.kept[1],
            sizeof(c->bills.kept[0]) * (size_t)(--c->bills.kept_count));
}

void bill_take_side(struct model *model, const struct record *record)
{
    bool anew = record->command == COMMAND_INCIDENT_RETRY;
    for (uint32_t i = 0; i < record->event_count; i++) {
        const struct event *event = &record->events[i];
        if (event->kind == EVENT_CALL_QUEUED) {
            take_queued(model, &event->call_queued);
        } else if (event->kind == EVENT_CALL_RELEASED) {
            take_released(model, &event->call_released, anew);
        } else if (event->kind == EVENT_CALL_ATTEMPTED &&
                   event->call_attempted.result == CALL_WITHDRAWN) {
            take_withdrawn(model, &event->call_attempted);
        } else if (event->kind == EVENT_MESSAGE_TAKEN &&
                   event->message_taken.became == MESSAGE_DROPPED) {
            take_dropped(model, &event->message_taken);
        }
    }
    if (model->calls.queued_count > 0 || model->calls.next != 0) {
        model_break(model, ORACLE_OUTSIDE, model->calls.next != 0
                                               ? "the call behind one that is over was not let go"
                                               : "a step promised a call, and none was queued");
        model->calls.queued_count = 0;
        model->calls.next = 0;
    }
}

uint64_t bill_next_due(const struct model *model)
{
    uint64_t next = UINT64_MAX;
    for (uint32_t i = 0; i < model->calls.count; i++) {
        const struct bill_call *call = &model->calls.call[i];
        next = call->state == BILL_CALL_DUE && call->due < next ? call->due : next;
    }
    return next;
}

// --------------------------------------------------------------------------------- comparing

const char *bill_unsettled(const struct model_case *c)
{
    const struct model_bill *bill = &c->bills;
    if (!c->bill || bill->kept_count == 0) {
        return NULL;
    }
    return c->end != NULL                   ? "has ended, and a message still waits for it"
           : awaits(c, bill->kept[0].signal) ? "awaits a message that waits for it"
                                             : NULL;
}

static bool holds(const struct view *view, const struct instance *instance,
                  const struct image *image, const char *name, int64_t wanted)
{
    uint32_t field = image_find_field(image, slice_from_cstr(name));
    struct unpack unpack;
    unpack_init(&unpack, field == INDEX_NONE ? SLICE_EMPTY : view_field(view, instance, field));
    return unpack_int(&unpack) == wanted && !unpack.bad;
}

static const char *compare_kept(const struct model_case *c, const struct view *view,
                                const struct instance *instance)
{
    const struct model_bill *bill = &c->bills;
    if (instance->head.kept_count != bill->kept_count) {
        return "keeps another number of messages";
    }
    for (uint32_t i = 0; i < bill->kept_count; i++) {
        const struct bill_kept *wanted = &bill->kept[i];
        struct view_kept_row row;
        if (instance->kept[i].number != wanted->number ||
            !view_kept(view, c->id, wanted->number, &row) ||
            signal_named(row.name) != wanted->signal ||
            brings(row.form, wanted->signal) != wanted->value) {
            return "keeps a message that is not the one that came";
        }
    }
    return NULL;
}

static const char *compare_calls(const struct model *model, const struct model_case *c,
                                 const struct instance *instance)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < model->calls.count; i++) {
        const struct bill_call *call = &model->calls.call[i];
        if (call->instance != c->id || call->state == BILL_CALL_OVER) {
            continue;
        }
        uint64_t due = call->state == BILL_CALL_PARKED   ? CALL_DUE_PARKED
                       : call->state == BILL_CALL_BEHIND ? CALL_DUE_BEHIND
                                                         : call->due;
        const struct open_call *open =
            at < instance->head.call_count ? &instance->call[at++] : NULL;
        if (open == NULL || open->call != i + 1ull || open->due != due ||
            open->attempts != call->attempts) {
            return "has lost a call, or holds it for another moment";
        }
    }
    return at == instance->head.call_count ? NULL : "has a call on its way that is over";
}

const char *bill_compare(const struct model *model, const struct model_case *c,
                         const struct view *view, const struct instance *instance)
{
    const struct view_program *program = view_program(view, instance->head.program);
    const struct model_bill *bill = &c->bills;
    if (program == NULL) {
        return "runs a program that cannot be read";
    }
    const struct { const char *name; int64_t value; } fields[] = {
        { "charges", bill->charges }, { "refused", bill->refused },   { "taken", bill->taken },
        { "lates", bill->lates },     { "receipts", bill->receipts }, { "sums", bill->sums },
        { "notes", bill->notes },
        { "inner", bill->inner },     { "middle", bill->middle },     { "repeats", bill->repeats },
    };
    for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
        if (!holds(view, instance, &program->image, fields[i].name, fields[i].value)) {
            return "counted what was charged, refused, answered, paid or said differently";
        }
    }
    const char *wrong = compare_kept(c, view, instance);
    return wrong != NULL ? wrong : compare_calls(model, c, instance);
}
