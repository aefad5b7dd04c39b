// The clients: what they ask, how they ask again, and what they take for an answer.
#include <inttypes.h>
#include <stdio.h>

#include "base/check.h"
#include "base/pack.h"
#include "engine/shell/shell_internal.h"
#include "tests/sim/ask.h"
#include "tests/sim/sim.h"

enum { OPEN_MAX = 6, ATTEMPTS = 64, PATIENCE_TICKS = 40, PHONES = 60,
       CALLS_BEGIN_TICK = 150, CLIENTS = 8,
       KEPT_MS = 8 * 3600 * 1000 };
#define QUESTION 0x80000000u // in a msgid: not a command

static const char *const user_names[] = { "", "hana", "sam", "sue", "sid", "wim", "wes", "ned" };

static uint64_t draw(struct world *world, uint64_t bound) { return ask_draw(world, bound); }
static bool chance(struct world *world, uint32_t percent) { return ask_chance(world, percent); }

// --------------------------------------------------------------------------------- sending

static struct sim_conn *connection(struct world *world, uint32_t client, bool another)
{
    struct sim_conn *found = NULL;
    uint32_t count = 0; // each client may have two, so that nobody is left without one
    for (uint32_t i = 0; i < SIM_CONNS_MAX; i++) {
        struct sim_conn *conn = &world->conns[i];
        count += conn->open && conn->client == client ? 1u : 0u;
        if (conn->open && !conn->ended && conn->client == client &&
            (found == NULL || draw(world, 2) == 0)) {
            found = conn;
        }
    }
    bool wanted = (found == NULL || another) && count < 2;
    struct sim_conn *fresh = wanted ? net_open(world, client) : NULL;
    return fresh != NULL ? fresh : found;
}

static void begin_frame(struct buf *buf, uint32_t msgid, struct slice method)
{
    buf_reset(buf);
    pack_array(buf, 4);
    pack_uint(buf, 0);
    pack_uint(buf, msgid);
    pack_str(buf, method);
    pack_array(buf, 1);
}

static void say_hello(struct world *world, struct sim_conn *conn)
{
    if (conn->said_hello) {
        return;
    }
    conn->said_hello = true;
    begin_frame(&world->packed, QUESTION, SLICE("hello"));
    pack_map(&world->packed, 1);
    pack_cstr(&world->packed, "client");
    pack_cstr(&world->packed, world->clients[conn->client].name);
    net_send(conn, buf_slice(&world->packed));
}

static void send_request(struct world *world, struct sim_conn *conn, uint32_t number)
{
    struct sim_client *client = &world->clients[conn->client];
    struct sim_request *request = &client->requests[number];
    say_hello(world, conn);
    begin_frame(&world->packed, (number + 1) * ATTEMPTS + request->sent % ATTEMPTS,
                request->method);
    pack_map(&world->packed, request->pairs + 1);
    pack_cstr(&world->packed, "id");
    pack_uint(&world->packed, number + 1);
    buf_put_slice(&world->packed, request->params);
    net_send(conn, buf_slice(&world->packed));
    world->counts.sent++;
    if (request->sent > 0 && request->state == REQUEST_OPEN) {
        world->counts.retries++;
    } else if (request->sent > 0) {
        world->counts.duplicates++;
    }
    request->first_ms = request->sent == 0 ? world->steady_us / 1000 : request->first_ms;
    request->sent++;
    request->sent_tick = world->counts.ticks;
    sim_trace(world, "send %s %u %.*s", client->name, number + 1, SLICE_PRINT(request->method));
}

// --------------------------------------------------------------------------------- what to ask

static void ask_start(struct world *world, struct sim_client *client)
{
    struct ask_params params;
    char phone[32];
    char name[32];
    ask_open(&params);
    static const char beginnings[][12] = { "+49 30 12", "+493012", "+7 902 50", "+212 522 2" };
    (void)snprintf(phone, sizeof(phone), "%s%05u",
                   beginnings[draw(world, ARRAY_COUNT(beginnings))],
                   (unsigned)draw(world, PHONES));
    (void)snprintf(name, sizeof(name), "Ann %u", (unsigned)draw(world, 100000));
    ask_text(&params, "process", "lead");
    if (chance(world, 80)) {
        ask_text(&params, "as", user_names[1 + draw(world, 4)]);
    }
    if (chance(world, 25)) {
        char row[16];
        (void)snprintf(row, sizeof(row), "%u", (unsigned)draw(world, MODEL_ROWS_MAX));
        ask_text(&params, "source", "crm");
        ask_text(&params, "row", row);
    }
    pack_cstr(&params.buf, "form");
    pack_map(&params.buf, 2);
    pack_cstr(&params.buf, "phone");
    pack_cstr(&params.buf, phone);
    pack_cstr(&params.buf, "name");
    pack_cstr(&params.buf, name);
    params.pairs++;
    ask_request(world, client, "start", &params);
}

// Who stands in for one of those to whom the task is offered; others of them may be there.
static uint32_t in_place_of_one(const struct world *world, const struct model_task *task)
{
    const struct staff *staff = &world->model->staff;
    for (uint32_t of = 1; task->open && task->holder == 0 && of < STAFF_MAX; of++) {
        uint32_t by = staff_holds(staff, of, task->offered) ? staff_stand_in(staff, of) : 0;
        if (by != 0 && by <= SIM_USERS && !staff_holds(staff, by, task->offered)) {
            return by;
        }
    }
    return 0;
}

// Mostly somebody who may, now and then anybody.
static const char *presser(struct world *world, const struct model_case *c)
{
    if (chance(world, 8)) {
        return user_names[1 + draw(world, SIM_USERS)];
    }
    uint32_t stands_in = staff_stand_in(&world->model->staff, c->task.holder);
    stands_in = stands_in != 0 ? stands_in : in_place_of_one(world, &c->task);
    if (stands_in != 0 && chance(world, 60)) {
        return user_names[stands_in];
    }
    if (c->task.holder != 0 && chance(world, 90)) {
        return user_names[c->task.holder];
    }
    return c->task.offered ? user_names[WIM + draw(world, 2)] : user_names[HANA];
}

static const char *button(struct world *world, const struct model_case *c)
{
    static const char *const contact[] = { "busy", "later", "talked", "sold", "priced", "priced",
                                           "busy", "drop", "problem", "same" };
    static const char *const offer[] = { "sold", "back", "sold", "drop", "problem" };
    static const char *const problem[] = { "solved", "solved", "hopeless", "same", "problem" };
    static const char *const both[] = { "red_", "green_", "blue_", "red_",
                                        "green_", "blue_", "anew", "around" };
    static const char *const drafting[] = { "post",   "post",      "twice", "letter",
                                            "letter", "both_ways", "pile",  "problem" };
    static const char *const asked[] = { "calm", "redo", "redo", "close", "problem" };
    static const char *const planning[] = { "go", "fewest", "round_", "by_size", "over" };
    static const char *const there[] = { "home", "home", "over" };
    static const char *const quiet[] = { "loud", "redo", "redo", "close" };
    static const char *const doing[] = { "made", "broke", "delay", "made" };
    if (chance(world, 5)) {
        return "nonsense";
    }
    switch (c->stage) {
    case AT_BOTH: return both[draw(world, ARRAY_COUNT(both))];
    case AT_CONTACT: return contact[draw(world, ARRAY_COUNT(contact))];
    case AT_OFFER: return offer[draw(world, 5)];
    case AT_PROBLEM: return problem[draw(world, 5)];
    case AT_DOING: return doing[draw(world, 4)];
    case AT_WAITING: return draw(world, 2) == 0 ? "problem" : "drop";
    case AT_DRAFTING: return drafting[draw(world, ARRAY_COUNT(drafting))];
    case AT_ASKED: return asked[draw(world, ARRAY_COUNT(asked))];
    case AT_QUIET: return quiet[draw(world, ARRAY_COUNT(quiet))];
    case AT_PLANNING: return planning[draw(world, ARRAY_COUNT(planning))];
    case AT_THERE: return there[draw(world, ARRAY_COUNT(there))];
    case AT_END: break;
    }
    return "drop";
}

static void pack_products(struct world *world, struct buf *buf)
{
    static const char *const names[] = { "alpha", "beta", "gamma", "delta" };
    uint64_t bits = 1 + draw(world, 15);
    uint32_t count = 0;
    for (uint32_t i = 0; i < 4; i++) {
        count += (bits >> i & 1) != 0 ? 1u : 0u;
    }
    pack_array(buf, count);
    for (uint32_t i = 0; i < 4; i++) {
        if ((bits >> i & 1) != 0) {
            pack_cstr(buf, names[i]);
        }
    }
}

static void ask_press(struct world *world, struct sim_client *client, const struct model_case *c)
{
    struct ask_params params;
    struct buf answer;
    ask_open(&params);
    buf_init(&answer, 4096);
    const char *name = button(world, c);
    ask_number(&params, "instance", c->id);
    ask_text(&params, "action", name);
    bool raises = strcmp(name, "problem") == 0 && chance(world, 90);
    ask_text(&params, "as", raises ? user_names[HANA] : presser(world, c));
    if (strcmp(name, "same") == 0) {
        pack_uint(&answer, 1 + draw(world, world->model->case_count + 1ull));
        ask_form(&params, "twin", buf_slice(&answer));
    } else if (strcmp(name, "sold") == 0) {
        pack_products(world, &answer);
        ask_form(&params, "wanted", buf_slice(&answer));
    } else if (strcmp(name, "priced") == 0) {
        lines_pack(&world->prng_work, &answer);
        ask_form(&params, "lines", buf_slice(&answer));
    } else if (strcmp(name, "by_size") == 0) {
        pack_uint(&answer, draw(world, 6));
        ask_form(&params, "size", buf_slice(&answer));
    } else if (strcmp(name, "later") == 0) {
        pack_uint(&answer, world->wall_ms + draw(world, 5ull * 24 * 3600 * 1000));
        ask_form(&params, "call_at", buf_slice(&answer));
    }
    if (chance(world, 5)) {
        ask_number(&params, "entry", 1 + draw(world, 6));
    }
    buf_done(&answer);
    ask_request(world, client, "press", &params);
}

static void ask_task(struct world *world, struct sim_client *client, const struct model_case *c)
{
    struct ask_params params;
    ask_open(&params);
    ask_number(&params, "instance", c->id);
    uint32_t side = (uint32_t)draw(world, MODEL_SIDE_MAX);
    bool has_side = c->side_number[side] != 0 && c->side[side] != 0;
    switch (draw(world, 5)) {
    case 4:
        ask_number(&params, "task", 1 + draw(world, 4));
        ask_text(&params, "as", user_names[c->task.holder != 0 ? c->task.holder : HANA]);
        ask_request(world, client, "release", &params);
        break;
    case 0:
        ask_number(&params, "task", 1 + draw(world, 4));
        ask_text(&params, "as", user_names[WIM + draw(world, 2)]);
        ask_request(world, client, "claim", &params);
        break;
    case 1:
        ask_number(&params, "task", 1 + draw(world, 4));
        ask_text(&params, "to", user_names[SAM + draw(world, 6)]);
        ask_text(&params, "as", user_names[HANA]);
        ask_request(world, client, "reassign", &params);
        break;
    case 2:
        ask_text(&params, "title", "Look into it");
        ask_text(&params, "for", user_names[1 + draw(world, SIM_USERS)]);
        ask_text(&params, "as", user_names[c->task.holder != 0 ? c->task.holder : HANA]);
        ask_request(world, client, "side_task", &params);
        break;
    default:
        ask_number(&params, "task", has_side ? c->side_number[side] : 1);
        ask_text(&params, "as", user_names[has_side ? c->side[side] : HANA]);
        ask_request(world, client, "finish", &params);
        break;
    }
}

static void ask_other(struct world *world, struct sim_client *client, const struct model_case *c)
{
    struct ask_params params;
    struct buf answer;
    char text[40];
    ask_open(&params);
    buf_init(&answer, 256);
    (void)snprintf(text, sizeof(text), "Bea %u", (unsigned)draw(world, 1000000));
    ask_number(&params, "instance", c->id);
    switch (draw(world, 5)) {
    case 0:
    case 1:
        ask_text(&params, "text", text);
        ask_request(world, client, "comment", &params);
        break;
    case 2:
        pack_cstr(&answer, text);
        ask_form(&params, c->job ? "note" : "name", buf_slice(&answer));
        ask_text(&params, "as", presser(world, c));
        ask_request(world, client, "edit", &params);
        break;
    case 3:
        // Only what has no case under it: whoever moves a parent by hand may leave its children
        // behind.
        ask_text(&params, "stage", "doing");
        ask_text(&params, "reason", "by hand");
        ask_text(&params, "as", user_names[chance(world, 70) ? HANA : SAM]);
        ask_request(world, client, "move", &params);
        break;
    default:
        ask_text(&params, "reason", "no longer wanted");
        ask_request(world, client, chance(world, 20) ? "cancel" : "comment", &params);
        break;
    }
    buf_done(&answer);
}

// Two cases of one client, as somebody thinks who is not always right.
static void ask_merge(struct world *world, struct sim_client *client, const struct model_case *c)
{
    struct ask_params params;
    ask_open(&params);
    ask_number(&params, "instance", c->id);
    ask_number(&params, "into", 1 + draw(world, world->model->case_count + 1ull));
    ask_text(&params, "reason", chance(world, 95) ? "the same client" : "");
    if (chance(world, 70)) {
        ask_text(&params, "as", user_names[chance(world, 80) ? HANA : SAM]);
    }
    ask_request(world, client, "merge", &params);
}

static const struct model_case *any_case(struct world *world)
{
    const struct model *model = world->model;
    for (uint32_t i = 0; i < 8 && model->case_count > 0; i++) {
        const struct model_case *c = &model->cases[draw(world, model->case_count)];
        if (c->end == NULL || chance(world, 5)) {
            return c;
        }
    }
    return NULL;
}

static void ask_clock(struct world *world, struct sim_client *client)
{
    struct ask_params params;
    ask_open(&params);
    ask_request(world, client, "clock", &params);
}

static void ask_again(struct world *world, struct sim_client *client, const struct model_case *c)
{
    struct ask_params params;
    ask_open(&params);
    bool undo = c->end == NULL || chance(world, 50);
    const uint32_t last = c->before != NULL ? c->before->user : HANA;
    ask_number(&params, "instance", c->id);
    ask_text(
        &params, "as",
        user_names[undo && last != 0 && chance(world, 80) ? last : 1 + draw(world, SIM_USERS)]);
    ask_request(world, client, undo ? "undo" : "reopen", &params);
}

// A client who is known to somebody that is away now: whoever asks for him must be passed over.
static const char *client_of_somebody_away(const struct world *world)
{
    struct model *model = world->model;
    for (uint32_t i = model->case_count; i > 0; i--) {
        const struct model_case *c = &model->cases[i - 1];
        uint32_t user = c->slot[OF_SALES];
        if (c->visit && c->end != NULL && user != 0 && !staff_present(&model->staff, user) &&
            visit_find(model, slice_from_cstr(c->visits.client)) == NULL) {
            return c->visits.client;
        }
    }
    return NULL;
}

static void ask_pair_or_visit(struct world *world, struct sim_client *client)
{
    struct ask_params params;
    struct buf answer;
    char name[16];
    bool pair = chance(world, 50);
    ask_open(&params);
    buf_init(&answer, 64);
    ask_text(&params, "process", pair ? "pair" : "visit");
    ask_text(&params, "as", user_names[1 + draw(world, SIM_USERS)]);
    (void)snprintf(name, sizeof(name), "v%c", (char)('a' + draw(world, CLIENTS)));
    const char *known = !pair && chance(world, 60) ? client_of_somebody_away(world) : NULL;
    if (known != NULL) {
        (void)snprintf(name, sizeof(name), "%s", known);
    }
    pack_cstr(&answer, pair ? "round and round" : name);
    ask_form(&params, pair ? "tag" : "client", buf_slice(&answer));
    buf_done(&answer);
    ask_request(world, client, "start", &params);
}

// Its last record climbed beyond the first rung: what stood there before is easily lost.
static bool has_just_climbed(const struct model_case *c)
{
    const struct model_before *before = c != NULL ? c->before : NULL;
    return before != NULL && c->touch_count > 0 && before->seq == c->touches[c->touch_count - 1] &&
           before->was.position > 0 && c->position > before->was.position;
}

// A run without any call gets one: a case that may make one, and then its button.
static void ask_call(struct world *world, struct sim_client *client)
{
    const struct model *model = world->model;
    uint32_t at = model->case_count > 0 ? (uint32_t)draw(world, model->case_count) : 0;
    for (uint32_t i = 0; i < model->case_count; i++) {
        const struct model_case *c = &model->cases[(at + i) % model->case_count];
        if (c->stage == AT_DRAFTING) {
            struct ask_params params;
            ask_open(&params);
            ask_number(&params, "instance", c->id);
            ask_text(&params, "action", "post");
            ask_text(&params, "as", user_names[HANA]); // she is always there, and may
            ask_request(world, client, "press", &params);
            return;
        }
    }
    ask_outside(world, client);
}

static void think(struct world *world, struct sim_client *client)
{
    const struct model_case *c = any_case(world);
    uint64_t what = has_just_climbed(c) && chance(world, 30) ? 25 : draw(world, 100);
    if (timekeeper_stepped(&world->engine.keeper) && what < 10) {
        ask_clock(world, client);
    } else if (world->counts.tries == 0 && world->counts.ticks > CALLS_BEGIN_TICK) {
        ask_call(world, client);
    } else if (what < 5) {
        ask_pair_or_visit(world, client);
    } else if (c == NULL || what < 17) {
        ask_start(world, client);
    } else if (what < 20) {
        ask_people(world, client, c);
    } else if (what < 26) {
        ask_again(world, client, c);
    } else if (what < 29 && model_is_lead(c)) {
        ask_merge(world, client, c);
    } else if (what < 70) {
        ask_press(world, client, c);
    } else if (what < 82) {
        ask_outside(world, client);
    } else if (what < 88 && !c->pair) {
        ask_task(world, client, c);
    } else {
        ask_other(world, client, c);
    }
}

// --------------------------------------------------------------------------------- questions

uint32_t work_ask(struct world *world, struct sim_conn *conn, const char *method, struct slice map)
{
    uint32_t msgid = QUESTION + ++world->clients[conn->client].questions;
    say_hello(world, conn);
    begin_frame(&world->packed, msgid, slice_from_cstr(method));
    buf_put_slice(&world->packed, map);
    net_send(conn, buf_slice(&world->packed));
    return msgid;
}

struct sim_conn *work_connection(struct world *world) { return connection(world, 0, false); }

static void ask_question(struct world *world, struct sim_conn *conn)
{
    const struct model_case *c = any_case(world);
    if (c != NULL) {
        questions_ask(world, conn, c);
    }
}

static void ask_subscribe(struct world *world, struct sim_conn *conn)
{
    struct sim_client *client = &world->clients[conn->client];
    const struct model_case *c = any_case(world);
    struct sim_sub *sub = &conn->subs[draw(world, SIM_SUBS_MAX)];
    if (c == NULL || sub->live || sub->asked || c->touch_count == 0) {
        return;
    }
    for (uint32_t i = 0; i < SIM_SUBS_MAX; i++) {
        if (conn->subs[i].instance == c->id) {
            return;
        }
    }
    uint32_t from = (uint32_t)draw(world, c->touch_count + 1ull);
    *sub = (struct sim_sub){ .instance = c->id, .asked = true,
                             .last = from == 0 ? 0 : c->touches[from - 1],
                             .msgid = QUESTION + ++client->questions };
    say_hello(world, conn);
    begin_frame(&world->packed, sub->msgid, SLICE("subscribe"));
    pack_map(&world->packed, 2);
    pack_cstr(&world->packed, "instance");
    pack_uint(&world->packed, c->id);
    pack_cstr(&world->packed, "from");
    pack_uint(&world->packed, sub->last);
    net_send(conn, buf_slice(&world->packed));
}

static void send_rubbish(struct world *world, struct sim_conn *conn)
{
    static const char *const rubbish[] = { "\xc1", "\x93\x00\x01\x02", "GET / HTTP/1.1\r\n\r\n",
                                           "\x94\x00\x01\xa5start\x91\x81\xa4nope\x01" };
    const char *text = rubbish[draw(world, 4)];
    if (draw(world, 4) != 0) {
        return;
    }
    size_t len = text[0] == '\x93' ? 4 : text[0] == '\x94' ? 17 : strlen(text);
    net_send(conn, slice_make(text, len));
}

// --------------------------------------------------------------------------------- answers

static bool is_to_be_repeated(struct slice code)
{
    return slice_equal(code, SLICE("store_full")) || slice_equal(code, SLICE("busy")) ||
           slice_equal(code, SLICE("stopping"));
}

static void take_refusal(struct world *world, struct sim_client *client,
                         struct sim_request *request, uint32_t attempt, struct slice error)
{
    struct unpack unpack;
    unpack_init(&unpack, pack_map_find(error, SLICE("code")));
    struct slice code = unpack_str(&unpack);
    sim_trace(world, "refused %s %u %.*s", client->name, (unsigned)(request - client->requests) + 1,
              SLICE_PRINT(code));
    if (is_to_be_repeated(code)) {
        return;
    }
    if (slice_equal(code, SLICE("row_damaged")) || slice_equal(code, SLICE("request_reused")) ||
        slice_equal(code, SLICE("request_too_old")) || slice_equal(code, SLICE("asleep"))) {
        sim_break(world, slice_equal(code, SLICE("asleep")) ? ORACLE_ASLEEP : ORACLE_ONCE,
                  "%s was refused with %.*s", client->name, SLICE_PRINT(code));
    }
    // An earlier copy may have been refused before a later one was accepted, and its answer come
    // late. What changed nothing has no record: asked again, it is looked at anew.
    if (request->state == REQUEST_ACCEPTED && request->seq != 0 &&
        attempt >= request->sent_before) {
        sim_break(world, ORACLE_ONCE, "a repeat of an accepted request was refused with %.*s",
                  SLICE_PRINT(code));
    }
    if (request->state == REQUEST_OPEN) {
        request->state = REQUEST_REFUSED;
        client->open--;
        world->counts.refused++;
    }
}

static void take_result(struct world *world, struct sim_client *client,
                        struct sim_request *request, struct slice result)
{
    struct slice raw = pack_map_find(result, SLICE("seq"));
    struct unpack unpack;
    unpack_init(&unpack, raw);
    uint64_t seq = raw.len > 0 ? unpack_uint(&unpack) : 0;
    bool changed = pack_map_find(result, SLICE("already")).len == 0;
    if (changed && (seq == 0 || request->seq != seq)) {
        sim_break(world, ORACLE_ONCE, "%s was told of record %" PRIu64 ", the journal has %" PRIu64,
                  client->name, seq, request->seq);
    }
    if (request->state == REQUEST_ACCEPTED) {
        world->counts.repeated++;
        if (changed && !slice_equal(request->answer, result)) {
            sim_break(world, ORACLE_ONCE, "a repeat got another answer than the first");
        }
        return;
    }
    client->open -= request->state == REQUEST_OPEN ? 1u : 0u;
    request->state = REQUEST_ACCEPTED;
    request->sent_before = request->sent;
    request->answer = arena_copy(&world->arena, result);
    world->counts.acknowledged++;
    sim_trace(world, "accepted %s %u as %" PRIu64 "%s", client->name,
              (unsigned)(request - client->requests) + 1, seq, changed ? "" : ", unchanged");
}

static void take_answer(struct world *world, struct sim_conn *conn, uint32_t msgid,
                        struct slice error, struct slice result)
{
    struct sim_client *client = &world->clients[conn->client];
    bool refused = error.len > 0 && (unsigned char)error.ptr[0] != 0xc0;
    if ((msgid & QUESTION) != 0) {
        for (uint32_t i = 0; i < SIM_SUBS_MAX; i++) {
            struct sim_sub *sub = &conn->subs[i];
            if (sub->asked && sub->msgid == msgid) {
                sub->asked = false;
                sub->live = !refused;
                sub->instance = refused ? 0 : sub->instance;
            }
        }
        return;
    }
    uint32_t number = msgid / ATTEMPTS - 1; // 0: rubbish was answered
    if (number >= client->request_count || client->requests[number].sent == 0) {
        if (!refused) {
            sim_break(world, ORACLE_WIRE, "an answer to nothing");
        }
        return; // to rubbish
    }
    if (refused) {
        take_refusal(world, client, &client->requests[number], msgid % ATTEMPTS, error);
    } else {
        take_result(world, client, &client->requests[number], result);
    }
}

void work_take(struct world *world, struct sim_conn *conn, struct slice message)
{
    struct unpack unpack;
    unpack_init(&unpack, message);
    (void)unpack_array(&unpack);
    if (unpack_uint(&unpack) == 1) {
        uint32_t msgid = (uint32_t)unpack_uint(&unpack);
        struct slice error = unpack_raw(&unpack);
        struct slice result = unpack_raw(&unpack);
        if (!unpack.bad) {
            take_answer(world, conn, msgid, error, result);
        }
    }
}

// --------------------------------------------------------------------------------- the tick

void work_init(struct world *world)
{
    for (uint32_t i = 0; i < world->options.clients; i++) {
        (void)snprintf(world->clients[i].name, sizeof(world->clients[i].name), "c%u", i);
    }
}

static void retry_open(struct world *world, uint32_t number, bool at_once)
{
    struct sim_client *client = &world->clients[number];
    for (uint32_t i = 0; i < client->request_count; i++) {
        struct sim_request *request = &client->requests[i];
        bool impatient = world->counts.ticks - request->sent_tick > PATIENCE_TICKS;
        if (request->state != REQUEST_OPEN || (!impatient && !at_once)) {
            continue;
        }
        struct sim_conn *conn = connection(world, number, chance(world, 30));
        if (conn != NULL) {
            send_request(world, conn, i);
        }
    }
}

static void work_client(struct world *world, uint32_t number)
{
    struct sim_client *client = &world->clients[number];
    struct sim_conn *conn = connection(world, number, chance(world, 2));
    if (conn == NULL) {
        return;
    }
    if (world->lull == 0 && chance(world, 30) && client->open < OPEN_MAX &&
        client->request_count < SIM_REQUESTS_MAX) {
        think(world, client);
        send_request(world, conn, client->request_count - 1);
        if (chance(world, 6)) { // the same at once over another connection
            struct sim_conn *other = connection(world, number, true);
            if (other != NULL) {
                send_request(world, other, client->request_count - 1);
            }
        }
    }
    if (chance(world, 4) && client->request_count > 0) { // long answered, asked again
        uint32_t old = (uint32_t)draw(world, client->request_count);
        const struct sim_request *request = &client->requests[old];
        bool known = world->steady_us / 1000 - request->first_ms < KEPT_MS; // surely by the engine
        if (request->state == REQUEST_ACCEPTED && known && world->lull == 0) {
            send_request(world, conn, old);
        }
    }
    if (chance(world, 5)) {
        ask_question(world, conn);
    }
    if (chance(world, 4)) {
        ask_subscribe(world, conn);
    }
    if (prng_chance(&world->prng_work, 2000)) {
        send_rubbish(world, conn);
    }
    if (prng_chance(&world->prng_work, 1000)) {
        shell_ended(world->engine.shell, conn->conn); // sends nothing more, but reads
        conn->ended = true;
    }
}

void work_tick(struct world *world)
{
    for (uint32_t i = 0; i < world->options.clients && world->up; i++) {
        retry_open(world, i, false);
        work_client(world, i);
    }
}

bool work_is_quiet(const struct world *world)
{
    const struct core_tick *tick = &world->engine.core_tick;
    bool quiet = inbox_is_empty(&world->engine.inbox) && tick->open.count == 0 &&
                 tick->sealed.count == 0 && tick->written.count == 0;
    for (uint32_t i = 0; i < world->options.clients; i++) {
        quiet = quiet && world->clients[i].open == 0;
    }
    for (uint32_t i = 0; i < SIM_CONNS_MAX; i++) {
        quiet = quiet && (!world->conns[i].open || world->conns[i].to_server.len == 0);
    }
    const struct shell *shell = world->engine.shell; // read, and not looked at yet
    for (uint32_t i = 0; i < shell->session_top; i++) {
        const struct session *session = &shell->sessions[i];
        quiet = quiet && (!session->open || (session->in.len == 0 && session->in_flight == 0));
    }
    return quiet;
}

bool work_settle(struct world *world)
{
    uint32_t open = 0;
    struct sim_client *first = &world->clients[0];
    if (timekeeper_stepped(&world->engine.keeper) && first->open == 0 &&
        first->request_count < SIM_REQUESTS_MAX) {
        ask_clock(world, first);
    }
    for (uint32_t i = 0; i < world->options.clients; i++) {
        retry_open(world, i, false);
        open += world->clients[i].open;
    }
    return open == 0;
}

bool work_pushes_complete(struct world *world)
{
    for (uint32_t i = 0; i < SIM_CONNS_MAX; i++) {
        const struct sim_conn *conn = &world->conns[i];
        for (uint32_t s = 0; conn->open && s < SIM_SUBS_MAX; s++) {
            const struct model_case *c = model_find(world->model, conn->subs[s].instance);
            if (conn->subs[s].live && c != NULL &&
                conn->subs[s].last != c->touches[c->touch_count - 1]) {
                return false;
            }
        }
    }
    return true;
}
