#include "tests/sim/outside.h"

#include <inttypes.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/pack.h"
#include "tests/sim/sim.h"

enum { SLOW_TICKS = 40, CALM_TICKS = 4, FIRST_RECEIPT = 1000,
       LOOK_MS = 1000 }; // looks again after a second at the latest

static uint64_t draw(struct world *world, uint64_t bound)
{
    return prng_below(&world->outside.prng, bound);
}

// --------------------------------------------------------------------------------- a try begins

static struct outside_work *work_of(struct world *world, const struct effector_call *call)
{
    struct outside *outside = &world->outside;
    struct outside_work *found = NULL;
    for (uint32_t i = 0; i < outside->work_count; i++) {
        struct outside_work *work = &outside->works[i];
        bool same_key = slice_equal(call->key, slice_from_cstr(work->key));
        if (same_key != (work->call == call->call)) {
            sim_break(world, ORACLE_OUTSIDE,
                      same_key ? "calls %" PRIu64 " and %" PRIu64 " come under one key: %.*s"
                               : "call %" PRIu64 " (and so %" PRIu64 ") comes under another key: "
                                 "%.*s",
                      work->call, call->call, SLICE_PRINT(call->key));
            return NULL;
        }
        found = same_key ? work : found;
    }
    if (found == NULL && call->key.len < BILL_KEY_MAX) {
        CHECK(outside->work_count < BILL_CALLS_MAX);
        found = &outside->works[outside->work_count++];
        *found = (struct outside_work){ .call = call->call, .instance = call->instance,
                                        .started_ms = call->started_ms };
        memcpy(found->key, call->key.ptr, call->key.len);
    }
    return found;
}

static bool says(struct slice form, const struct bill_call *call)
{
    struct unpack number;
    struct unpack amount;
    struct slice raw_number = pack_map_find(form, SLICE("number"));
    struct slice raw_amount = pack_map_find(form, SLICE("amount"));
    unpack_init(&number, raw_number);
    unpack_init(&amount, raw_amount);
    return raw_number.len > 0 && raw_amount.len > 0 &&
           slice_equal(unpack_str(&number), slice_from_cstr(call->number)) &&
           unpack_int(&amount) == call->amount;
}

// The first thing about this try that was not promised, or NULL.
static const char *why_not(struct world *world, const struct effector_call *call)
{
    const struct bill_call *promised = bill_call(world->model, call->call);
    uint64_t now_ms = timekeeper_now(&world->engine.keeper);
    if (promised == NULL || promised->seq > world->durable_seq) {
        return "is made, and no durable step has promised it";
    }
    bool post = promised->by == BY_POST;
    if (!slice_equal(call->key, slice_from_cstr(promised->key)) ||
        !slice_equal(call->connector, post ? SLICE("post") : SLICE("bank")) ||
        !slice_equal(call->name, post ? SLICE("letter") : SLICE("charge")) ||
        promised->instance != call->instance ||
        !says(call->form, promised)) {
        return "says something else than its step, or says it under another key";
    }
    if (!slice_equal(call->process, SLICE("bill")) || call->started_ms == 0 ||
        call->started_ms > now_ms) {
        return "does not tell of which process its case is, or since when there is it";
    }
    if (promised->state != BILL_CALL_DUE || promised->due > now_ms ||
        call->attempt != promised->attempts + 1) {
        return "is made too early, out of turn, or once too often";
    }
    for (uint32_t i = 0; i < OUTSIDE_TRIES_MAX; i++) {
        const struct outside_try *try = &world->outside.tries[i];
        const struct bill_call *other = try->open ? bill_call(world->model, try->call) : NULL;
        if (other != NULL && other->instance == call->instance && other->by == promised->by) {
            return "is made while another one of its case and connector is on its way";
        }
    }
    return NULL;
}

// The first tries of a run lose their answers, until one is lost, and then one is to be repeated:
// every run holds both.
static enum outside_fate draw_fate(struct world *world)
{
    static const enum outside_fate fates[] = {
        FATE_ANSWERS, FATE_ANSWERS, FATE_ANSWERS, FATE_DONE,    FATE_LOST,
        FATE_LOST,    FATE_FAILS,   FATE_FAILS,   FATE_REFUSES, FATE_LOST,
    };
    enum outside_fate fate = fates[draw(world, ARRAY_COUNT(fates))];
    return world->counts.lost == 0         ? FATE_LOST
           : world->counts.done_again == 0 ? FATE_ANSWERS
                                           : fate;
}

static void finish(struct world *world, struct outside_try *try);

static bool start_try(void *context, const struct effector_call *call)
{
    struct world *world = context;
    struct outside *outside = &world->outside;
    struct outside_try *free_try = NULL;
    uint32_t open = 0;
    for (uint32_t i = 0; i < OUTSIDE_TRIES_MAX; i++) {
        open += outside->tries[i].open ? 1u : 0u;
        free_try = outside->tries[i].open ? free_try : &outside->tries[i];
    }
    if (free_try == NULL || (open > 0 && world->faults && draw(world, 10) == 0)) {
        return false; // no more at a time
    }
    oracle_commit(world); // what the caller reads may be newer than what was looked at
    const char *why = why_not(world, call);
    if (why != NULL) {
        sim_break(world, ORACLE_OUTSIDE, "try %u of call %" PRIu64 " %s", call->attempt, call->call,
                  why);
    }
    struct outside_work *work = work_of(world, call);
    if (work == NULL || world->broken != ORACLE_NONE) {
        return false;
    }
    if (work->started_ms != call->started_ms) {
        sim_break(world, ORACLE_OUTSIDE, "try %u of call %" PRIu64 " tells another start of its "
                  "case than the one before", call->attempt, call->call);
        return false;
    }
    world->counts.tries++;
    *free_try = (struct outside_try){
        .open = true, .call = call->call, .attempt = call->attempt,
        .work = (uint32_t)(work - outside->works), .fate = draw_fate(world),
        .ready_tick = world->counts.ticks + draw(world, world->faults ? SLOW_TICKS : CALM_TICKS),
    };
    if (free_try->fate <= FATE_LOST && draw(world, 2) == 0) {
        free_try->done = true; // done now, and told later
        work->done++;
        world->counts.done_again += work->done > 1 ? 1u : 0u;
    }
    sim_trace(world, "try %u of call %" PRIu64 " under %s", call->attempt, call->call, work->key);
    if (draw(world, 5) == 0) {
        finish(world, free_try);
    }
    return true;
}

// --------------------------------------------------------------------------------- and ends

static void finish(struct world *world, struct outside_try *try)
{
    struct outside_work *work = &world->outside.works[try->work];
    struct bill_call *call = bill_call(world->model, try->call);
    struct effector_result result = { .result = CALL_RESULT_DONE };
    struct buf form;
    buf_init(&form, 64);
    if (try->fate <= FATE_LOST && !try->done) {
        work->done++;
        world->counts.done_again += work->done > 1 ? 1u : 0u;
    }
    // The post has nothing to say but that a letter has gone.
    bool post = call->by == BY_POST;
    int64_t receipt = try->fate == FATE_ANSWERS && !post ? FIRST_RECEIPT + (int64_t)try->work : 0;
    if (receipt != 0) {
        pack_map(&form, 1);
        pack_cstr(&form, "receipt");
        pack_int(&form, receipt);
        result.message = SLICE("charged");
        result.form = buf_slice(&form);
    } else if (try->fate == FATE_REFUSES) {
        result.result = CALL_RESULT_REFUSED;
        result.note = SLICE("it does not want to");
    } else if (try->fate != FATE_DONE && try->fate != FATE_ANSWERS) {
        result.result = CALL_RESULT_FAILED;
        result.note = SLICE("nothing was heard in time");
    }
    world->counts.lost += try->fate == FATE_LOST ? 1u : 0u;
    work->late_owed = work->late_owed || (try->fate == FATE_LOST && !post);
    call->told_attempt = try->attempt;
    call->told = result.result;
    call->told_receipt = receipt;
    try->open = false;
    sim_trace(world, "try %u of call %" PRIu64 " ends: %d", try->attempt, try->call,
              (int)try->fate);
    shell_call_done(world->engine.shell, try->call, &result);
    buf_done(&form);
}

void outside_tick(struct world *world)
{
    for (uint32_t i = 0; i < OUTSIDE_TRIES_MAX; i++) {
        struct outside_try *try = &world->outside.tries[i];
        if (try->open && try->ready_tick <= world->counts.ticks) {
            finish(world, try);
        }
    }
}

static void cancel_tries(void *context) { outside_crash(context); }

void outside_crash(struct world *world)
{
    for (uint32_t i = 0; i < OUTSIDE_TRIES_MAX; i++) {
        struct outside_try *try = &world->outside.tries[i];
        world->counts.lost += try->open && try->done ? 1u : 0u;
        try->open = false;
    }
}

void outside_init(struct world *world)
{
    struct outside *outside = &world->outside;
    outside->effector = (struct effector){ start_try, cancel_tries, world };
    outside->works = mem_zalloc(sizeof(struct outside_work) * BILL_CALLS_MAX);
}

void outside_done(struct world *world) { mem_free(world->outside.works); }

struct outside_work *outside_owing(struct world *world)
{
    struct outside *outside = &world->outside;
    for (uint32_t i = 0; i < outside->work_count; i++) {
        struct outside_work *work = &outside->works[i];
        if (work->late_owed && work->late_said < LATE_ANSWERS_MAX) {
            return work;
        }
    }
    return NULL;
}

// --------------------------------------------------------------------------------- said again

void outside_say_again(struct world *world)
{
    const struct core_effects *effects;
    const struct outside *outside = &world->outside;
    if (outside->work_count == 0) {
        return;
    }
    const struct outside_work *work = &outside->works[draw(world, outside->work_count)];
    const struct bill_call *call = bill_call(world->model, work->call);
    if (call == NULL || call->attempts == 0 || call->state == BILL_CALL_PARKED) {
        return;
    }
    struct buf form;
    buf_init(&form, 64);
    pack_map(&form, 1);
    pack_cstr(&form, "receipt");
    pack_int(&form, FIRST_RECEIPT);
    struct command command = {
        .kind = COMMAND_CALL_RESULT, .instance = work->instance, .child = work->call,
        .entry = 1 + (uint32_t)draw(world, call->attempts), .outcome = CALL_RESULT_DONE,
        .connector = SLICE("bank"), .name = SLICE("charged"), .form = buf_slice(&form),
    };
    bool bank = call->by == BY_BANK;
    command.connector = bank ? command.connector : SLICE_EMPTY;
    command.name = bank ? command.name : SLICE_EMPTY;
    core_begin(world->engine.core, timekeeper_now(&world->engine.keeper));
    core_step(world->engine.core, &command);
    enum err err = core_commit(world->engine.core, &effects);
    world->counts.said_again++;
    sim_trace(world, "said again: call %" PRIu64 " %s", work->call, err_name(err));
    if (err == ERR_IO) {
        atomic_store(&world->engine.core_tick.failed, true);
    } else if (err == OK && effects->record_count > 0) {
        sim_break(world, ORACLE_OUTSIDE,
                  "an answer to call %" PRIu64 " that was heard before was taken again",
                  work->call);
    }
    buf_done(&form);
}

// --------------------------------------------------------------------------------- in the end

void outside_check(struct world *world)
{
    const struct model *model = world->model;
    for (uint32_t i = 0; i < model->calls.count; i++) {
        const struct bill_call *call = &model->calls.call[i];
        uint32_t done = 0;
        for (uint32_t w = 0; w < world->outside.work_count; w++) {
            done += world->outside.works[w].call == i + 1ull ? world->outside.works[w].done : 0;
        }
        if (call->done && done == 0) {
            sim_break(world, ORACLE_OUTSIDE, "call %u counts as done, and nobody was told to do it",
                      i + 1);
        } else if (call->state == BILL_CALL_DUE && call->due <= model->now_ms) {
            sim_break(world, ORACLE_OUTSIDE, "call %u was promised, and was neither made nor given "
                      "up", i + 1);
        }
        world->counts.given_up += call->state == BILL_CALL_OVER && !call->done ? 1u : 0u;
    }
}

bool outside_is_awake(struct world *world, bool must)
{
    uint64_t due = bill_next_due(world->model);
    uint64_t now_ms = world->wall_ms;
    uint64_t wait_ms = due == UINT64_MAX ? UINT64_MAX : due > now_ms ? due - now_ms : 0;
    for (uint32_t i = 0; i < OUTSIDE_TRIES_MAX; i++) {
        if (world->outside.tries[i].open) {
            return true; // looked at again when it ends
        }
    }
    bool awake = wait_ms == UINT64_MAX || world->outside.wait_ms <= wait_ms + LOOK_MS;
    if (must && !awake) {
        sim_break(world, ORACLE_OUTSIDE, "a call is to be made in %" PRIu64
                  " ms, and the engine sleeps for longer", wait_ms);
    }
    return awake;
}
