#include "engine/shell/core_tick_internal.h"

#include "base/check.h"
#include "base/mem.h"
#include "engine/shell/stats.h"

enum {
    CORE_TICK_MAGIC = 0x7469636b,
    DELIVERY_BYTES_MAX = 64 * 1024 * 1024
};

void core_tick_init(struct core_tick *tick, const struct core_tick_options *options)
{
    *tick = (struct core_tick){
        .magic = CORE_TICK_MAGIC,
        .core = options->core,
        .store = options->store,
        .keeper = options->keeper,
        .flusher = options->flusher,
        .writer = options->writer,
        .hand_over = options->hand_over > 0 ? options->hand_over : CORE_TICK_HAND_OVER,
        .inbox = options->inbox,
        .outbox = options->outbox,
        .idle = options->idle,
        .waits_on = options->inbox,
    };
    CHECK(options->outbox->capacity >= DELIVERIES && options->idle->capacity >= DELIVERIES);
    struct request **requests = mem_zalloc(sizeof(*requests) * BATCH_COMMANDS_MAX * 3);
    tick->requests = requests;
    tick->open.request = requests;
    tick->sealed.request = requests + BATCH_COMMANDS_MAX;
    tick->written.request = requests + 2 * (size_t)BATCH_COMMANDS_MAX;
    tick->deliveries = mem_zalloc(sizeof(struct delivery) * DELIVERIES);
    for (uint32_t i = 0; i < DELIVERIES; i++) {
        buf_init(&tick->deliveries[i].bytes, DELIVERY_BYTES_MAX);
        buf_init(&tick->deliveries[i].touched, DELIVERY_BYTES_MAX);
        (void)inbox_push(options->idle, &tick->deliveries[i]);
    }
}

void core_tick_done(struct core_tick *tick)
{
    CHECK(tick->magic == CORE_TICK_MAGIC);
    for (uint32_t i = 0; i < DELIVERIES; i++) {
        buf_done(&tick->deliveries[i].bytes);
        buf_done(&tick->deliveries[i].touched);
    }
    mem_free(tick->deliveries);
    mem_free(tick->requests);
    *tick = (struct core_tick){ 0 };
}

// --- the clock method ----------------------------------------------------------------------------

static bool settle_clock(struct core_tick *tick, struct request *request, uint64_t now_ms,
                         struct refusal *refusal)
{
    struct command *command = &request->command;
    struct timekeeper *keeper = tick->keeper;
    if (keeper->demo && request->by && command->due_ms <= MOMENT_MS_MAX - now_ms) {
        command->due_ms += now_ms;
    }
    if (keeper->demo && command->due_ms < now_ms) {
        *refusal = (struct refusal){ REFUSAL_MOMENT_PAST,
                                     SLICE("a demo clock only goes forward"), SLICE("to") };
        return false;
    }
    if (!keeper->demo && (command->due_ms > 0 || !timekeeper_stepped(keeper))) {
        *refusal = (struct refusal){
            REFUSAL_NOT_DEMO,
            command->due_ms > 0 ? SLICE("this store runs on the real clock, which cannot be moved")
                                : SLICE("the clock has not stepped: there is nothing to confirm"),
            SLICE("clock"),
        };
        return false;
    }
    return true;
}

// Carries the demo clock from due moment to due moment up to where it is wanted, so that every
// timer fires at its own moment, and answers when nothing is left to happen before.
static uint64_t move_clock(struct core_tick *tick)
{
    struct request *request = tick->held;
    uint64_t due_ms = core_next_due_ms(tick->core);
    uint64_t to_ms = request->command.due_ms;
    if (due_ms <= to_ms) {
        timekeeper_move(tick->keeper, due_ms);
        batch_begin(tick, true);
        batch_seal(tick);
        return 0;
    }
    timekeeper_move(tick->keeper, to_ms);
    tick->held = NULL;
    tick->open.request[0] = request;
    tick->open.count = 1;
    batch_begin(tick, false);
    batch_step_last(tick);
    batch_seal(tick);
    return 0;
}

static void answer_stats(struct core_tick *tick, struct request *request, uint64_t now_ms)
{
    struct delivery *delivery = tick->open.delivery;
    struct delivery_reply *reply = batch_open_reply(delivery, request);
    CHECK(!tick->begun && !core_is_sealed(tick->core));
    reply_begin(&delivery->bytes, request->msgid);
    stats_write(tick, now_ms, &delivery->bytes);
    batch_close_reply(delivery, reply);
}

// Takes what is special out of the stream. True: `request` was dealt with or is held.
static bool take_special(struct core_tick *tick, struct request *request, uint64_t now_ms)
{
    if (request->stats && (tick->begun || core_is_sealed(tick->core))) {
        tick->held = request; // what it would count may still come to nothing
        return true;
    }
    if (request->stats) {
        answer_stats(tick, request, now_ms);
        return true;
    }
    if (request->command.kind != COMMAND_CLOCK || core_is_repeat(tick->core, &request->command)) {
        return false;
    }
    struct refusal refusal = { 0 };
    if (!settle_clock(tick, request, now_ms, &refusal)) {
        batch_refuse(tick, &tick->open, request, &refusal);
        return true;
    }
    if (tick->keeper->demo) {
        tick->held = request;
        return true;
    }
    timekeeper_confirm(tick->keeper);
    request->command.due_ms = timekeeper_now(tick->keeper);
    return false;
}

static uint32_t room(const struct tick_batch *batch)
{
    return BATCH_COMMANDS_MAX - batch->delivery->reply_count - batch->count;
}

// Is it better to end the batch here than to decide more into it? It is, when the writer waits: the
// rest is decided while this part is written.
static bool is_enough(const struct core_tick *tick)
{
    return tick->open.count >= CORE_TICK_FILL && tick->writer != NULL &&
           writer_state(tick->writer) != WRITER_WANTED;
}

// Takes commands and decides them, until none is there, or the batch is large enough.
static void take_batch(struct core_tick *tick, uint64_t now_ms, bool timers)
{
    struct tick_batch *open = &tick->open;
    size_t bytes = 0;
    if (timers) {
        batch_begin(tick, true);
    }
    while (room(open) > 0 && bytes < BATCH_BYTES_MAX && tick->held == NULL && !is_enough(tick)) {
        struct request *request = inbox_take(tick->inbox);
        if (request == NULL) {
            return;
        }
        if (take_special(tick, request, now_ms)) {
            continue;
        }
        if (get_flag(&tick->full) && tick->full_until_us > now_us(tick)) {
            batch_refuse_full(tick, open, request);
            continue;
        }
        batch_begin(tick, false);
        tick->asked_us = open->count == 0 ? now_us(tick) : tick->asked_us;
        open->request[open->count++] = request;
        bytes += request->bytes.len + request->arena.used_bytes;
        batch_step_last(tick);
    }
}

// --- flushes -------------------------------------------------------------------------------------

static void start_flush(struct core_tick *tick, bool idle)
{
    uint64_t clock_ms = now_us(tick) / 1000;
    if (flusher_state(tick->flusher) == FLUSHER_IDLE && !store_frozen(tick->store) &&
        store_wants_freeze(tick->store, clock_ms, idle)) {
        store_freeze(tick->store, clock_ms);
        flusher_want(tick->flusher);
    }
}

static void settle_flush(struct core_tick *tick)
{
    switch (flusher_state(tick->flusher)) {
    case FLUSHER_IDLE:
    case FLUSHER_WANTED: break;
    case FLUSHER_FINISHED: flusher_settle(tick->flusher); break;
    case FLUSHER_FULL:
        if (!get_flag(&tick->full)) {
            batch_enter_full(tick);
        } else if (now_us(tick) >= tick->full_until_us) {
            tick->full_until_us = now_us(tick) + FULL_RETRY_US;
            flusher_want(tick->flusher);
        }
        break;
    case FLUSHER_FAILED: set_flag(&tick->failed, true); break;
    }
}

// --- the tick ------------------------------------------------------------------------------------

static bool is_parked(const struct core_tick *tick)
{
    return get_flag(&tick->full) && now_us(tick) < tick->full_until_us;
}

static uint64_t idle_wait_ms(struct core_tick *tick)
{
    uint64_t us = now_us(tick);
    if (tick->quiet_since_us == 0) {
        tick->quiet_since_us = us;
    }
    uint64_t wait_ms = CORE_TICK_LONGEST_MS;
    uint64_t quiet_ms = (us - tick->quiet_since_us) / 1000;
    if (quiet_ms >= CORE_TICK_QUIET_MS) {
        start_flush(tick, true);
    } else {
        wait_ms = CORE_TICK_QUIET_MS - quiet_ms;
    }
    if (core_versions_left(tick->core) && !is_parked(tick) &&
        !timekeeper_stepped(tick->keeper)) {
        wait_ms = 1; // cases wait to be moved, and stood back
    }
    uint64_t due_ms = timekeeper_wait_ms(tick->keeper, core_next_due_ms(tick->core));
    if (due_ms > 0 && due_ms < wait_ms) {
        wait_ms = due_ms;
    }
    return wait_ms;
}

// Takes what is there into the open batch. True: something was decided.
static bool decide_some(struct core_tick *tick)
{
    uint64_t now_ms = timekeeper_tick(tick->keeper);
    uint32_t count = tick->open.count;
    uint64_t timers = tick->counters.timers;
    bool due = !tick->begun && !is_parked(tick) && !timekeeper_stepped(tick->keeper) &&
               (core_timers_due(tick->core, now_ms) ||
                (core_versions_left(tick->core) && batch_moves_now(tick) > 0));
    uint64_t moves = tick->counters.moves;
    take_batch(tick, now_ms, due);
    // A due timer that nothing came of must not make the core spin.
    return tick->open.count > count || tick->counters.timers > timers ||
           tick->counters.moves > moves;
}

// While a batch is written: decides what comes meanwhile into the next one.
static uint64_t go_on(struct core_tick *tick)
{
    if (!batch_have_delivery(tick)) {
        tick->waits_on = tick->idle;
        return CORE_TICK_LONGEST_MS;
    }
    if (tick->held != NULL || store_overfull(tick->store)) {
        tick->waits_on = NULL; // for the writer, or the flusher
        return CORE_TICK_LONGEST_MS;
    }
    if (decide_some(tick)) {
        return 0;
    }
    if (tick->open.count == 0 && !tick->begun) { // timers and moves need it when they are written
        batch_deliver(tick, &tick->open);
    }
    tick->waits_on = tick->open.delivery != NULL && room(&tick->open) > 0 ? tick->inbox : NULL;
    return CORE_TICK_LONGEST_MS;
}

// Nothing is being written and nothing open.
static uint64_t start_anew(struct core_tick *tick)
{
    if (!batch_have_delivery(tick)) {
        tick->waits_on = tick->idle;
        return UINT64_MAX;
    }
    if (store_overfull(tick->store)) {
        tick->waits_on = NULL; // the flusher rings when it is done
        return CORE_TICK_LONGEST_MS;
    }
    if (tick->held != NULL && tick->held->stats) {
        struct request *request = tick->held;
        tick->held = NULL;
        answer_stats(tick, request, timekeeper_tick(tick->keeper));
    }
    if (tick->held != NULL) {
        (void)timekeeper_tick(tick->keeper);
        return move_clock(tick);
    }
    bool some = decide_some(tick);
    if (tick->begun) {
        tick->quiet_since_us = 0;
        batch_seal(tick);
        start_flush(tick, false);
        return some || tick->held != NULL ? 0 : CORE_TICK_LONGEST_MS;
    }
    batch_deliver(tick, &tick->open);
    if (tick->held != NULL || tick->open.delivery == NULL) {
        return 0;
    }
    if (is_parked(tick)) {
        return (tick->full_until_us - now_us(tick)) / 1000 + 1;
    }
    if (get_flag(&tick->full) && flusher_state(tick->flusher) != FLUSHER_FULL) {
        set_flag(&tick->full, false); // the next write tries again
    }
    return idle_wait_ms(tick);
}

static uint64_t tick_once(struct core_tick *tick)
{
    bool written = batch_take_written(tick);
    if (written && tick->begun && !get_flag(&tick->failed)) {
        batch_seal(tick);
        written = !core_is_sealed(tick->core);
    }
    if (!tick->begun) { // the flusher's table goes only between batches
        settle_flush(tick);
        start_flush(tick, false);
    }
    if (get_flag(&tick->failed)) {
        return UINT64_MAX;
    }
    return written ? start_anew(tick) : go_on(tick);
}

uint64_t core_tick(struct core_tick *tick)
{
    CHECK(tick->magic == CORE_TICK_MAGIC);
    tick->waits_on = tick->inbox;
    return tick_once(tick);
}

void core_tick_stop(struct core_tick *tick)
{
    if (get_flag(&tick->failed)) {
        return;
    }
    if (tick->writer != NULL) {
        (void)writer_tick(tick->writer);
    }
    if (batch_take_written(tick) && tick->begun && !get_flag(&tick->failed)) {
        batch_seal(tick);
        if (tick->writer != NULL) {
            (void)writer_tick(tick->writer);
        }
        (void)batch_take_written(tick);
    }
}

bool core_tick_sleep(struct core_tick *tick)
{
    return tick->waits_on == NULL || inbox_sleep(tick->waits_on);
}

void core_tick_wake(struct core_tick *tick)
{
    inbox_wake(tick->inbox);
    inbox_wake(tick->idle);
}
