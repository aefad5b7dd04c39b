#include "tests/real/play.h"

#include <stdio.h>
#include <time.h>

#include "base/mem.h"
#include "base/pack.h"
#include "engine/cli/env.h"

#define DAY_MS UINT64_C(86400000)

enum {
    BOOK_DAYS = 60,
    FAR_DAYS = 200,
    PRESSES_BUF_BYTES_MAX = 64 * 1024,
    FLUSH_WAIT_MS = 400,
    DELAY_NS = 1200000
};

static bool broken(struct play *play, const struct lead *lead, const char *what)
{
    (void)fprintf(stderr, "lead %.*s (%.*s): %s\n", SLICE_PRINT(lead->number),
                  SLICE_PRINT(lead->tag), what);
    play->failed = true;
    return false;
}

// ---- turns: a binary heap by moment, then by the order of the file ------------------------------

static bool comes_before(struct turn a, struct turn b)
{
    return a.at_ms != b.at_ms ? a.at_ms < b.at_ms : a.lead < b.lead;
}

static void turn_add(struct play *play, uint32_t lead, uint64_t at_ms)
{
    struct turn turn = { at_ms, lead };
    uint32_t at = play->turn_count++;
    for (; at > 0 && comes_before(turn, play->turns[(at - 1) / 2]); at = (at - 1) / 2) {
        play->turns[at] = play->turns[(at - 1) / 2];
    }
    play->turns[at] = turn;
}

static struct turn turn_take(struct play *play)
{
    struct turn first = play->turns[0];
    struct turn last = play->turns[--play->turn_count];
    uint32_t at = 0;
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child + 1 < play->turn_count &&
            comes_before(play->turns[child + 1], play->turns[child])) {
            child++;
        }
        if (child >= play->turn_count || !comes_before(play->turns[child], last)) {
            break;
        }
        play->turns[at] = play->turns[child];
        at = child;
    }
    play->turns[at] = last;
    return first;
}

// ---- days ---------------------------------------------------------------------------------------

// The UTC day of a moment as 2026-03-02 (days to civil, by eras of 400 years from March on).
static void print_day(uint64_t ms, char *to, size_t bytes)
{
    uint64_t days = ms / DAY_MS + 719468;
    uint64_t era = days / 146097;
    uint64_t of_era = days % 146097;
    uint64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    uint64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    uint64_t month = (5 * of_year + 2) / 153;
    uint64_t day = of_year - (153 * month + 2) / 5 + 1;
    month = month < 10 ? month + 3 : month - 9;
    year = year + era * 400 + (month <= 2);
    (void)snprintf(to, bytes, "%04u-%02u-%02u", (unsigned)(year % 10000), (unsigned)(month % 100),
                   (unsigned)(day % 100));
}

// ---- presses ------------------------------------------------------------------------------------

static void pack_press(struct play *play, struct flight *flight)
{
    const struct lead *lead = flight->lead;
    struct params *params = engine_ask(play->engine);
    params_uint(params, "instance", lead->instance);
    params_text(params, "action", slice_from_cstr(flight->plan.action));
    params_uint(params, "task", lead->task);
    params_text(params, "as", lead->holder);
    params_uint(params, "id", play->engine->next_id++);
    if (lead->entry != 0) { // what the person saw; not known after a move, when only the task is
        params_uint(params, "entry", lead->entry);
    }
    if (flight->plan.ask != NULL) {
        struct buf form;
        buf_init(&form, 4096);
        pack_map(&form, 1);
        pack_cstr(&form, flight->plan.ask);
        pack_cstr(&form, flight->plan.answer != NULL ? flight->plan.answer : play->far_day);
        params_raw(params, "form", buf_slice(&form));
        buf_done(&form);
    }
    buf_reset(&flight->params);
    buf_put_slice(&flight->params, params_finish(params));
}

static void flight_send(struct play *play, struct flight *flight)
{
    flight->msgid = play->engine->client.next_msgid++;
    (void)client_send(&play->engine->client, flight->msgid, "press", buf_slice(&flight->params));
}

static void flight_start(struct play *play, uint32_t lead_index)
{
    struct lead *lead = &play->leads->rows[lead_index];
    for (uint32_t index = 0; index < FLIGHTS_MAX; index++) {
        struct flight *flight = &play->flights[index];
        if (!flight->used) {
            flight->used = true;
            flight->resent = false;
            flight->lead = lead;
            flight->plan = lead_plan(lead, lead->done_count);
            play->under_way++;
            pack_press(play, flight);
            flight_send(play, flight);
            return;
        }
    }
}

// What the result says of the task that the lead has now.
static void take_task(struct play *play, struct lead *lead, struct slice result,
                      struct press_done *done)
{
    struct wire_list tasks = wire_list(wire_raw(result, "tasks"));
    struct slice task;
    while (wire_next(&tasks, &task)) {
        struct slice holder = wire_text(task, "for", NULL);
        lead->task = (uint32_t)wire_uint(task, "task");
        done->due_ms = wire_moment(task, "due");
        if (holder.len > 0 && !slice_equal(holder, lead->holder)) {
            lead->holder = arena_copy(&play->leads->arena, holder);
        }
    }
}

static void check_moment(struct play *play, const struct lead *lead, const struct press_plan *plan,
                         const struct press_done *done)
{
    if (done->at_ms != play->now_ms) {
        (void)broken(play, lead, "the press has another moment than the clock");
    }
    if (plan->rung_ms > 0 && done->due_ms != done->at_ms + plan->rung_ms) {
        (void)broken(play, lead, "the rung is not where the ladder says");
    }
}

// An accepted press: what it brought, and when the next one is due.
static void flight_landed(struct play *play, struct flight *flight, struct slice result)
{
    struct lead *lead = flight->lead;
    struct press_done *done = &lead->done[lead->done_count];
    *done = (struct press_done){ flight->plan.action, wire_moment(result, "at"),
                                 wire_uint(result, "seq"), 0 };
    if (lead->done_count + 1 == LEAD_STEPS_MAX) {
        (void)broken(play, lead, "has more presses than any lead should");
        return;
    }
    lead->done_count++;
    play->presses++;
    if (wire_text(result, "stage", NULL).len > 0) {
        lead->entry = 0;
    }
    take_task(play, lead, result, done);
    check_moment(play, lead, &flight->plan, done);
    play->kills.repeats += flight->resent && done->seq <= play->restart_seq;
    lead->ended = wire_text(result, "ended", NULL).len > 0;
    if (!lead->ended && lead_plan(lead, lead->done_count).action != NULL) {
        turn_add(play, (uint32_t)(lead - play->leads->rows),
                 done->due_ms > play->now_ms ? done->due_ms : play->now_ms);
    }
}

static struct flight *flight_of(struct play *play, uint32_t msgid)
{
    for (uint32_t index = 0; index < FLIGHTS_MAX; index++) {
        if (play->flights[index].used && play->flights[index].msgid == msgid) {
            return &play->flights[index];
        }
    }
    return NULL;
}

// Takes one answer. False: none came.
static bool answer_take(struct play *play, uint32_t timeout_ms)
{
    struct client_reply reply;
    enum client_status status = client_receive(&play->engine->client, timeout_ms, &reply);
    if (status != CLIENT_ANSWERED) {
        return status == CLIENT_PUSHED;
    }
    struct flight *flight = flight_of(play, reply.msgid);
    if (flight == NULL) {
        return true;
    }
    if (client_try_again(&reply)) {
        flight_send(play, flight);
        return true;
    }
    flight->used = false;
    play->under_way--;
    if (!reply.refused) {
        flight_landed(play, flight, reply.result);
        return true;
    }
    (void)fprintf(stderr, "press %s: %.*s: %.*s\n", flight->plan.action, SLICE_PRINT(reply.code),
                  SLICE_PRINT(reply.message));
    return broken(play, flight->lead, "a press was refused") || true;
}

// ---- the clock ----------------------------------------------------------------------------------

static bool clock_to(struct play *play, uint64_t to_ms)
{
    struct client_reply reply;
    play->now_ms = to_ms;
    params_uint(engine_ask(play->engine), "to", to_ms);
    if (!engine_command(play->engine, "clock", &reply)) {
        play->failed = true;
    }
    return !play->failed;
}

// ---- kills --------------------------------------------------------------------------------------

static void plan_next_kill(struct play *play)
{
    struct kills *kills = &play->kills;
    uint32_t left = kills->wanted - kills->done;
    // All of them in the first four fifths: the last moments have few presses.
    uint32_t spread = play->presses_expected / 5 * 4;
    uint32_t presses_left = spread > play->presses ? spread - (uint32_t)play->presses : 1;
    uint32_t mean = left > 0 ? presses_left / (left + 1) : 0;
    kills->presses_until = 1 + (mean > 1 ? (uint32_t)prng_below(&play->prng, mean) : 0);
}

// Pushed out of the way before the commands: what a quiet engine is about to write anyway.
static void wait_for_flush(struct play *play)
{
    uint64_t deadline = env_steady_ms() + FLUSH_WAIT_MS;
    while (!engine_is_flushing(play->engine) && env_steady_ms() < deadline) {
        env_sleep_ms(0);
    }
}

static bool wants_flush(const struct play *play)
{
    return play->kills.during_flush < play->kills.flush_wanted;
}

// The engine dies with commands unanswered; whatever it had already said is still read.
static void kill_now(struct play *play)
{
    struct kills *kills = &play->kills;
    if (!wants_flush(play)) { // somewhere between decoding and the answer
        (void)nanosleep(
            &(struct timespec){ .tv_nsec = (long)prng_below(&play->prng, kills->delay_ns) }, NULL);
    }
    engine_kill(play->engine);
    bool in_flush = engine_is_flushing(play->engine);
    while (play->under_way > 0 && answer_take(play, 0)) {
    }
    uint32_t unanswered = play->under_way;
    client_disconnect(&play->engine->client);
    if (!engine_start(play->engine)) {
        play->failed = true;
        return;
    }
    struct client_reply reply;
    (void)engine_ask(play->engine);
    if (engine_answer(play->engine, "stats", &reply)) {
        play->restart_seq = wire_uint(reply.result, "seq");
    }
    (void)clock_to(play, play->now_ms);
    for (uint32_t index = 0; index < FLIGHTS_MAX; index++) {
        if (play->flights[index].used) {
            kills->resent++;
            play->flights[index].resent = true;
            flight_send(play, &play->flights[index]);
        }
    }
    if (unanswered == 0) { // everything had been answered in time: does not count, soon again
        kills->delay_ns = kills->delay_ns / 2 + 1000;
        kills->presses_until = 1 + (uint32_t)prng_below(&play->prng, 16);
        return;
    }
    kills->done++;
    kills->delay_ns += kills->delay_ns / 20;
    plan_next_kill(play);
    kills->during_flush += in_flush;
    kills->unanswered_max = unanswered > kills->unanswered_max ? unanswered : kills->unanswered_max;
    kills->unanswered_min =
        kills->done == 1 || unanswered < kills->unanswered_min ? unanswered : kills->unanswered_min;
}

// ---- the whole ----------------------------------------------------------------------------------

static void start_flights(struct play *play, uint64_t at_ms)
{
    while (play->under_way < FLIGHTS_MAX && play->turn_count > 0 && play->turns[0].at_ms <= at_ms) {
        flight_start(play, turn_take(play).lead);
    }
}

// All presses of one moment, many at a time.
static void press_moment(struct play *play, uint64_t at_ms)
{
    struct kills *kills = &play->kills;
    while (!play->failed &&
           (play->under_way > 0 || (play->turn_count > 0 && play->turns[0].at_ms <= at_ms))) {
        bool kill_due = kills->done < kills->wanted && kills->presses_until == 0;
        bool quiet_first = kill_due && wants_flush(play);
        if (quiet_first && play->under_way == 0) {
            wait_for_flush(play);
        }
        if (!quiet_first || play->under_way == 0) {
            start_flights(play, at_ms);
            if (kill_due) {
                kill_now(play);
                continue;
            }
        }
        uint64_t before = play->presses;
        if (!answer_take(play, CLIENT_TIMEOUT_MS)) {
            (void)fprintf(stderr, "the engine does not answer: %s\n", play->engine->client.problem);
            play->failed = true;
        }
        kills->presses_until -= kills->presses_until > 0 && play->presses > before;
    }
}

// The ledger of imports knows every row: saying it again changes nothing and names the case.
static bool look_up(struct play *play, struct lead *lead)
{
    struct client_reply reply;
    struct params *params = engine_ask(play->engine);
    params_text(params, "process", SLICE("lead"));
    params_text(params, "source", SLICE("xeducation"));
    params_text(params, "row", lead->prospect);
    if (!engine_command(play->engine, "start", &reply)) {
        return broken(play, lead, "is not to be found by its row");
    }
    if (!wire_bool(reply.result, "already")) {
        return broken(play, lead, "was started again by its own row");
    }
    lead->instance = wire_uint(reply.result, "instance");
    params_uint(engine_ask(play->engine), "instance", lead->instance);
    if (!engine_answer(play->engine, "show", &reply)) {
        return broken(play, lead, "cannot be shown");
    }
    struct slice task = wire_raw(reply.result, "task");
    lead->task = (uint32_t)wire_uint(task, "task");
    lead->entry = (uint32_t)wire_uint(reply.result, "entry");
    lead->holder = arena_copy(&play->leads->arena, wire_text(task, "holder", NULL));
    lead->started_ms = wire_moment(task, "opened");
    return lead->holder.len > 0 || broken(play, lead, "has nobody to do its first task");
}

bool play_run(struct play *play)
{
    for (uint32_t index = 0; index < play->leads->count && !play->failed; index++) {
        struct lead *lead = &play->leads->rows[index];
        if (!look_up(play, lead)) {
            return false;
        }
        if (index == 0) {
            play->started_ms = lead->started_ms;
            print_day(lead->started_ms + FAR_DAYS * DAY_MS, play->far_day, sizeof(play->far_day));
        }
        for (uint32_t press = 0; lead_plan(lead, press).action != NULL; press++) {
            play->presses_expected++;
        }
        if (lead_plan(lead, 0).action != NULL) {
            turn_add(play, index, lead->started_ms);
        }
    }
    uint64_t end_ms = play->started_ms + BOOK_DAYS * DAY_MS;
    plan_next_kill(play);
    while (!play->failed && play->turn_count > 0 && play->turns[0].at_ms <= end_ms) {
        uint64_t at_ms = play->turns[0].at_ms;
        if (clock_to(play, at_ms > play->now_ms ? at_ms : play->now_ms)) {
            press_moment(play, play->now_ms);
        }
    }
    return !play->failed && clock_to(play, end_ms);
}

void play_init(struct play *play, struct engine *engine, struct leads *leads, uint64_t seed,
               uint32_t kills, uint32_t flush_kills)
{
    *play = (struct play){ .engine = engine, .leads = leads };
    prng_init(&play->prng, seed);
    play->turns = mem_alloc(sizeof(*play->turns) * (size_t)(leads->count + 1));
    play->kills.wanted = kills;
    play->kills.flush_wanted = flush_kills;
    play->kills.delay_ns = DELAY_NS;
    for (uint32_t index = 0; index < FLIGHTS_MAX; index++) {
        buf_init(&play->flights[index].params, PRESSES_BUF_BYTES_MAX);
    }
}

void play_done(struct play *play)
{
    for (uint32_t index = 0; index < FLIGHTS_MAX; index++) {
        buf_done(&play->flights[index].params);
    }
    mem_free(play->turns);
}
