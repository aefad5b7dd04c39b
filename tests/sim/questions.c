// Questions, asked while everything else goes on: what an answer says must be durable, and be what
// the journal and the model say. One that was asked and answered with nothing committed between is
// held against the model word by word; any other must lie between what was known when it was asked
// and what is known now.
#include <inttypes.h>

#include "base/pack.h"
#include "tests/sim/ask.h"
#include "tests/sim/sim.h"

enum { HISTORY_MOST = 100, FROM_THE_END = 40, CASES_AT_LAST = 24 };

static const char *const methods[SIM_ASK_KINDS] = {
    "show",  "history", "records",   "inbox",     "stats",  "calls",    "moves",
    "users", "search",  "processes", "incidents", "people", "holdings", "duplicates",
    "why",   "next_due"
};
static const char *const users[SIM_USERS + 1] = { "",    "hana", "sam", "sue",
                                                  "sid", "wim",  "wes", "ned" };

// --------------------------------------------------------------------------------- asking

static uint32_t pack_params(struct world *world, struct buf *buf, struct sim_question *question)
{
    static const char *const words[] = { "ann", "busy an", "lead 1", "30 12", "x y z", "-" };
    switch (question->kind) {
    case ASK_SHOW:
    case ASK_HISTORY:
    case ASK_WHY:
        pack_cstr(buf, "instance");
        pack_uint(buf, question->instance);
        return 1;
    case ASK_RECORDS:
        pack_cstr(buf, "from");
        pack_uint(buf, question->from);
        return 1;
    case ASK_INBOX:
    case ASK_HOLDINGS:
        pack_cstr(buf, question->kind == ASK_INBOX ? "as" : "user");
        pack_cstr(buf, users[question->user]);
        return 1;
    case ASK_MOVES:
        pack_cstr(buf, "process");
        pack_cstr(buf, "lead");
        return 1;
    case ASK_SEARCH:
        pack_cstr(buf, "words");
        pack_cstr(buf, words[ask_draw(world, ARRAY_COUNT(words))]);
        return 1;
    case ASK_STATS:
    case ASK_CALLS:
    case ASK_USERS:
    case ASK_PROCESSES:
    case ASK_INCIDENTS:
    case ASK_PEOPLE:
    case ASK_DUPLICATES:
    case ASK_NEXT_DUE:
    case SIM_ASK_KINDS: break;
    }
    return 0;
}

static void send_question(struct world *world, struct sim_conn *conn,
                          struct sim_question question)
{
    struct sim_question *kept = NULL;
    for (uint32_t i = 0; i < SIM_QUESTIONS_MAX && kept == NULL; i++) {
        kept = conn->questions[i].msgid == 0 ? &conn->questions[i] : NULL;
    }
    if (kept == NULL) {
        return; // enough without an answer
    }
    struct buf map;
    struct buf params;
    buf_init(&map, 4096);
    buf_init(&params, 4096);
    uint32_t pairs = pack_params(world, &params, &question);
    pack_map(&map, pairs);
    buf_put_slice(&map, buf_slice(&params));
    question.asked_seq = world->record_count;
    question.indexed = world->engine.follower != NULL;
    question.known = world->model->staff.person[question.user].known;
    question.msgid = work_ask(world, conn, methods[question.kind], buf_slice(&map));
    *kept = question;
    buf_done(&map);
    buf_done(&params);
}

void questions_ask(struct world *world, struct sim_conn *conn, const struct model_case *c)
{
    uint64_t count = world->record_count;
    uint64_t back = ask_draw(world, FROM_THE_END);
    struct sim_question question = {
        .kind = (enum sim_ask)ask_draw(world, SIM_ASK_KINDS),
        .instance = c->id,
        .user = 1 + (uint32_t)ask_draw(world, SIM_USERS),
        .from = count > back ? count - back : 0,
    };
    send_question(world, conn, question);
}

// --------------------------------------------------------------------------------- reading

static uint64_t number_in(struct slice map, const char *key)
{
    struct slice raw = pack_map_find(map, slice_from_cstr(key));
    struct unpack unpack;
    unpack_init(&unpack, raw);
    return raw.len > 0 && unpack_peek(&unpack) == PACK_INTEGER ? unpack_uint(&unpack) : 0;
}

static struct slice text_in(struct slice map, const char *key)
{
    struct slice raw = pack_map_find(map, slice_from_cstr(key));
    struct unpack unpack;
    unpack_init(&unpack, raw);
    return raw.len > 0 && unpack_peek(&unpack) == PACK_STR ? unpack_str(&unpack) : SLICE_EMPTY;
}

static uint32_t open_array(struct slice map, const char *key, struct unpack *ret_unpack)
{
    struct slice raw = pack_map_find(map, slice_from_cstr(key));
    unpack_init(ret_unpack, raw);
    return raw.len > 0 && unpack_peek(ret_unpack) == PACK_ARRAY ? unpack_array(ret_unpack) : 0;
}

static bool same_text(struct slice text, const char *wanted)
{
    return slice_equal(text, slice_from_cstr(wanted));
}

static bool is_exact(const struct world *world, const struct sim_question *question)
{
    return question->asked_seq == world->record_count;
}

static uint64_t last_touch(const struct model_case *c, uint64_t upto)
{
    uint32_t count = c->touch_count;
    while (count > 0 && c->touches[count - 1] > upto) {
        count--;
    }
    return count > 0 ? c->touches[count - 1] : 0;
}

// --------------------------------------------------------------------------------- records

// Each one as it stands in the journal.
static const char *check_listed(const struct world *world, struct slice listed)
{
    uint64_t seq = number_in(listed, "seq");
    if (seq == 0 || seq > world->durable_seq || seq > world->record_count) {
        return "tells of a record that is not durable";
    }
    const struct sim_record *record = &world->records[seq - 1];
    return number_in(listed, "at") != record->now_ms ||
                   !same_text(text_in(listed, "command"), command_name(record->command))
               ? "tells of a record something else than the journal"
               : NULL;
}

static const char *check_history(const struct world *world, const struct sim_question *question,
                                 struct slice result)
{
    const struct model_case *c = model_find(world->model, question->instance);
    uint64_t wanted = c != NULL ? last_touch(c, question->asked_seq) : 0;
    struct unpack unpack;
    uint32_t count = open_array(result, "records", &unpack);
    uint64_t last = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct slice listed = unpack_raw(&unpack);
        const char *wrong = check_listed(world, listed);
        if (wrong != NULL) {
            return wrong;
        }
        last = number_in(listed, "seq");
        if (c == NULL || i >= c->touch_count || c->touches[i] != last) {
            return "leaves out a record of the case, or holds one of another";
        }
    }
    return last < wanted && count < HISTORY_MOST ? "ends before what was known when it was asked"
                                                 : NULL;
}

static const char *check_records(const struct world *world, const struct sim_question *question,
                                 struct slice result)
{
    struct unpack unpack;
    uint32_t count = open_array(result, "records", &unpack);
    uint64_t last = question->from;
    for (uint32_t i = 0; i < count; i++) {
        struct slice listed = unpack_raw(&unpack);
        const char *wrong = check_listed(world, listed);
        if (wrong != NULL) {
            return wrong;
        }
        if (number_in(listed, "seq") != last + 1) {
            return "leaves out a record of the journal";
        }
        last++;
    }
    return last < question->asked_seq && count < HISTORY_MOST
               ? "ends before what was known when it was asked"
               : NULL;
}

// --------------------------------------------------------------------------------- cases, tasks

static const char *check_show(const struct world *world, const struct sim_question *question,
                              struct slice result)
{
    const struct model_case *c = model_find(world->model, question->instance);
    uint64_t seq = number_in(result, "seq");
    if (c == NULL || number_in(result, "instance") != c->id) {
        return "shows another case";
    }
    if (seq > world->durable_seq || seq < last_touch(c, question->asked_seq) ||
        last_touch(c, seq) != seq) {
        return "shows the case as it never was, or as it was before it was asked";
    }
    if (seq != last_touch(c, UINT64_MAX)) {
        return NULL; // it has gone on meanwhile
    }
    struct slice task = pack_map_find(result, SLICE("task"));
    bool open = c->end == NULL && c->task.open && !c->pair;
    bool ended_there = text_in(result, "ended").len > 0;
    if (ended_there != (c->end != NULL) ||
        (c->end != NULL && !same_text(text_in(result, "ended"), c->end))) {
        return "shows another end than the model";
    }
    if (c->end == NULL && !c->pair &&
        !same_text(text_in(result, "stage"), model_stage_names[c->stage])) {
        return "shows another stage than the model";
    }
    return open && (number_in(task, "due") != c->task.due ||
                    !same_text(text_in(task, "holder"), users[c->task.holder]))
               ? "shows another task than the model"
               : NULL;
}

static const char *check_inbox(const struct world *world, const struct sim_question *question,
                               struct slice result)
{
    struct unpack unpack;
    uint32_t count = open_array(result, "tasks", &unpack);
    uint32_t own = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct slice task = unpack_raw(&unpack);
        const struct model_case *c = model_find(world->model, number_in(task, "instance"));
        own += same_text(text_in(task, "holder"), users[question->user]) ? 1u : 0u;
        if (c == NULL || (c->end != NULL && is_exact(world, question))) {
            return "lists a task of a case that is not open";
        }
    }
    return is_exact(world, question) && count < HISTORY_MOST &&
                   own != model_load_of(world->model, question->user)
               ? "does not list what the reader has to do"
               : NULL;
}

// --------------------------------------------------------------------------------- calls, counts

static const char *check_calls(const struct world *world, const struct sim_question *question,
                               struct slice result)
{
    const struct model *model = world->model;
    struct unpack unpack;
    uint32_t count = open_array(result, "calls", &unpack);
    uint32_t open = 0;
    for (uint32_t i = 0; i < model->calls.count; i++) {
        open += model->calls.call[i].state != BILL_CALL_OVER ? 1u : 0u;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct slice listed = unpack_raw(&unpack);
        const struct bill_call *call = bill_call(model, number_in(listed, "call"));
        if (call == NULL || call->seq > world->durable_seq ||
            call->instance != number_in(listed, "instance")) {
            return "lists a call that no durable step has promised";
        }
        uint64_t due = call->state == BILL_CALL_DUE ? call->due : 0;
        if (is_exact(world, question) &&
            (number_in(listed, "tries") != call->attempts || number_in(listed, "due") != due ||
             call->state == BILL_CALL_OVER)) {
            return "lists a call for another moment, or one that is over";
        }
    }
    return is_exact(world, question) && count != open ? "leaves out a call" : NULL;
}

static bool is_held(const struct bill_calls *calls, uint64_t incident, uint64_t instance)
{
    for (uint32_t i = 0; i < calls->count; i++) {
        if (calls->call[i].incident == incident && calls->call[i].instance == instance) {
            return true;
        }
    }
    for (uint32_t i = 0; i < calls->failed_count; i++) {
        if (calls->failed[i].incident == incident && calls->failed[i].instance == instance) {
            return true;
        }
    }
    return false;
}

static uint32_t count_held(const struct bill_calls *calls)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < calls->count; i++) {
        count += calls->call[i].incident != 0 ? 1u : 0u;
    }
    for (uint32_t i = 0; i < calls->failed_count; i++) {
        count += calls->failed[i].incident != 0 ? 1u : 0u;
    }
    return count;
}

// Those of cases: calls that were parked, and messages that could not be done.
static const char *check_incidents(const struct world *world, const struct sim_question *question,
                                   struct slice result)
{
    const struct bill_calls *calls = &world->model->calls;
    struct unpack unpack;
    uint32_t count = open_array(result, "incidents", &unpack);
    uint32_t held = 0;
    for (uint32_t i = 0; is_exact(world, question) && i < count; i++) {
        struct slice listed = unpack_raw(&unpack);
        uint64_t instance = number_in(listed, "instance");
        held += instance != 0 ? 1u : 0u;
        if (instance != 0 && !is_held(calls, number_in(listed, "incident"), instance)) {
            return "lists an incident that is closed, or that nothing has opened";
        }
    }
    return is_exact(world, question) && held != count_held(calls) ? "leaves out an incident" : NULL;
}

// The core answers in the middle of a batch: its counts must be those of the record it names.
static const char *check_stats(const struct world *world, const struct sim_question *question,
                               struct slice result)
{
    uint64_t seq = number_in(result, "seq");
    struct slice cases = pack_map_find(result, SLICE("cases"));
    if (seq < question->asked_seq || seq > world->durable_seq || seq > world->record_count) {
        return "names a record that is not durable, or one from before it was asked";
    }
    const struct sim_record *record = &world->records[seq - 1];
    return number_in(cases, "open") != record->open || number_in(cases, "ended") != record->ended
               ? "counts cases that are not those of the record that it names"
               : NULL;
}

static const char *check_users(const struct world *world, const struct sim_question *question,
                               struct slice result)
{
    struct unpack unpack;
    uint32_t known = 0;
    for (uint32_t user = 1; user < STAFF_MAX; user++) {
        known += world->model->staff.person[user].known ? 1u : 0u;
    }
    uint32_t count = open_array(result, "users", &unpack);
    return is_exact(world, question) && count != known ? "leaves out a user" : NULL;
}

// --------------------------------------------------------------------------------- the oracle

static const char *check(const struct world *world, const struct sim_question *question,
                         struct slice result)
{
    switch (question->kind) {
    case ASK_SHOW: return check_show(world, question, result);
    case ASK_HISTORY: return check_history(world, question, result);
    case ASK_RECORDS: return check_records(world, question, result);
    case ASK_INBOX: return check_inbox(world, question, result);
    case ASK_STATS: return check_stats(world, question, result);
    case ASK_CALLS: return check_calls(world, question, result);
    case ASK_INCIDENTS: return check_incidents(world, question, result);
    case ASK_USERS: return check_users(world, question, result);
    case ASK_SEARCH:
        return question->indexed ? NULL : "was found in an index that is not there";
    case ASK_MOVES:
    case ASK_PROCESSES:
    case ASK_PEOPLE:
    case ASK_HOLDINGS:
    case ASK_DUPLICATES:
    case ASK_WHY:
    case ASK_NEXT_DUE:
    case SIM_ASK_KINDS: break;
    }
    return NULL;
}

// What may be refused: nobody asks for what is not there.
static const char *check_refusal(const struct sim_question *question, struct slice error)
{
    struct slice code = text_in(error, "code");
    bool no_index = same_text(code, "no_index") || same_text(code, "index_damaged");
    bool searches = question->kind == ASK_SEARCH || question->kind == ASK_DUPLICATES;
    bool nobody = same_text(code, "unknown_user") && !question->known;
    bool late = same_text(code, "busy") || same_text(code, "stopping");
    return late || nobody || (no_index && searches) || (searches && !question->indexed) ||
                   (question->kind == ASK_WHY && !same_text(code, "row_damaged"))
               ? NULL
               : "is refused";
}

void questions_answered(struct world *world, struct sim_conn *conn, uint32_t msgid,
                        struct slice error, struct slice result)
{
    struct sim_question *question = NULL;
    for (uint32_t i = 0; i < SIM_QUESTIONS_MAX; i++) {
        question = conn->questions[i].msgid == msgid ? &conn->questions[i] : question;
    }
    if (msgid == 0 || question == NULL || world->broken != ORACLE_NONE) {
        return;
    }
    oracle_commit(world); // what the engine reads may be newer than what was looked at
    bool refused = error.len > 0 && (unsigned char)error.ptr[0] != 0xc0;
    const char *wrong = refused ? check_refusal(question, error) : check(world, question, result);
    if (wrong != NULL) {
        oracle_verify(world); // the answer, or already the rows that it was made of?
        sim_break(world, ORACLE_ANSWER, "`%s` of case %" PRIu64 " or user %u, asked at record %"
                  PRIu64 " and answered at %" PRIu64 ", %s%.*s", methods[question->kind],
                  question->instance, question->user, question->asked_seq, world->record_count,
                  wrong, SLICE_PRINT(refused ? text_in(error, "code") : SLICE_EMPTY));
    }
    world->counts.answers_amid += !refused && world->faults ? 1u : 0u;
    world->counts.answers_exact += !refused && is_exact(world, question) ? 1u : 0u;
    *question = (struct sim_question){ .msgid = 0 };
}

// --------------------------------------------------------------------------------- at last

static bool is_answered(const struct sim_conn *conn)
{
    for (uint32_t i = 0; i < SIM_QUESTIONS_MAX; i++) {
        if (conn->questions[i].msgid != 0) {
            return false;
        }
    }
    return true;
}

// Faults have ceased and nothing is on its way: every question, of some cases and of everybody.
bool questions_settle(struct world *world, uint32_t *number)
{
    const struct model *model = world->model;
    struct sim_conn *conn = work_connection(world);
    if (conn == NULL || !is_answered(conn)) {
        return false;
    }
    if (*number >= SIM_ASK_KINDS * CASES_AT_LAST || model->case_count == 0) {
        return true;
    }
    for (uint32_t i = 0; i < SIM_QUESTIONS_MAX / 2; i++, ++*number) {
        uint32_t round = *number / SIM_ASK_KINDS;
        struct sim_question question = {
            .kind = (enum sim_ask)(*number % SIM_ASK_KINDS),
            .instance = model->cases[(uint64_t)round * model->case_count / CASES_AT_LAST %
                                     model->case_count].id,
            .user = 1 + round % SIM_USERS,
            .from = world->record_count * round / CASES_AT_LAST,
        };
        send_question(world, conn, question);
    }
    return false;
}
