#include "engine/shell/core_tick.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/pack.h"
#include "engine/shell/reply.h"
#include "engine/shell/stats.h"

enum {
    CORE_TICK_MAGIC = 0x7469636b,
    DELIVERY_BYTES_MAX = 64 * 1024 * 1024,
    FULL_RETRY_US = 1000000
};

void core_tick_init(struct core_tick *tick, const struct core_tick_options *options)
{
    *tick = (struct core_tick){
        .magic = CORE_TICK_MAGIC,
        .core = options->core,
        .store = options->store,
        .keeper = options->keeper,
        .flusher = options->flusher,
        .inbox = options->inbox,
        .outbox = options->outbox,
        .idle = options->idle,
        .waits_on = options->inbox,
    };
    atomic_init(&tick->next_due_ms, core_next_due_ms(options->core));
    CHECK(options->outbox->capacity >= DELIVERIES && options->idle->capacity >= DELIVERIES);
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
    *tick = (struct core_tick){ 0 };
}

static uint64_t now_us(const struct core_tick *tick)
{
    return clock_steady_us(tick->keeper->clock);
}

static void set_flag(_Atomic bool *flag, bool value)
{
    atomic_store_explicit(flag, value, memory_order_relaxed);
}

static bool get_flag(const _Atomic bool *flag)
{
    return atomic_load_explicit(flag, memory_order_relaxed);
}

// --- replies -------------------------------------------------------------------------------------

static struct delivery_reply *open_reply(struct core_tick *tick, struct request *request)
{
    struct delivery *delivery = tick->delivery;
    CHECK(delivery->reply_count < BATCH_COMMANDS_MAX);
    struct delivery_reply *reply = &delivery->reply[delivery->reply_count++];
    *reply = (struct delivery_reply){ request, delivery->bytes.len, 0 };
    return reply;
}

static void close_reply(struct core_tick *tick, struct delivery_reply *reply)
{
    CHECK(!tick->delivery->bytes.overflow);
    reply->len = tick->delivery->bytes.len - reply->offset;
}

static void answer_refused(struct core_tick *tick, struct request *request,
                           const struct refusal *refusal)
{
    struct delivery_reply *reply = open_reply(tick, request);
    reply_refusal(&tick->delivery->bytes, request->msgid, refusal);
    close_reply(tick, reply);
    tick->counters.refused++;
}

static void refuse_full(struct core_tick *tick, struct request *request)
{
    answer_refused(tick, request,
                   &(struct refusal){ REFUSAL_STORE_FULL,
                                      slice_from_cstr(err_sentence(ERR_FULL)), SLICE_EMPTY });
}

static void count_latency(struct core_tick *tick, uint64_t us)
{
    // Quarter powers of two: the two bits behind the leading one pick the quarter.
    uint32_t bits = 0;
    while ((us >> bits) > 7) {
        bits++;
    }
    uint32_t bucket = us < 4 ? (uint32_t)us : bits * 4 + (uint32_t)(us >> bits);
    bucket = bucket < LATENCY_BUCKETS ? bucket : LATENCY_BUCKETS - 1;
    tick->counters.latency[bucket]++;
    if (us > tick->counters.latency_max_us) {
        tick->counters.latency_max_us = us;
    }
}

static uint64_t bucket_top_us(uint32_t bucket)
{
    return bucket < 4 ? bucket : (uint64_t)(4 + (bucket & 3) + 1) << (bucket / 4 - 1);
}

uint64_t core_tick_latency_us(const struct core_tick_counters *counters, uint32_t percent_tenths)
{
    uint64_t total = 0;
    for (uint32_t i = 0; i < LATENCY_BUCKETS; i++) {
        total += counters->latency[i];
    }
    uint64_t wanted = (total * percent_tenths + 999) / 1000;
    uint64_t seen = 0;
    for (uint32_t i = 0; i < LATENCY_BUCKETS && total > 0; i++) {
        seen += counters->latency[i];
        if (seen >= wanted) {
            uint64_t top = bucket_top_us(i);
            return top < counters->latency_max_us ? top : counters->latency_max_us;
        }
    }
    return counters->latency_max_us;
}

static void answer(struct core_tick *tick, struct request *request,
                   const struct core_answer *answer)
{
    struct delivery_reply *reply = open_reply(tick, request);
    struct buf *buf = &tick->delivery->bytes;
    if (answer->refusal.code != REFUSAL_NONE) {
        reply_refusal(buf, request->msgid, &answer->refusal);
        tick->counters.refused++;
    } else {
        struct slice result = answer->result.len > 0 ? answer->result : SLICE("\x80");
        if (request->extra_pairs > 0) {
            reply_result_with(buf, request->msgid, result, buf_slice(&request->extra),
                              request->extra_pairs);
        } else {
            reply_result(buf, request->msgid, result);
        }
        tick->counters.accepted++;
        tick->counters.repeated += answer->repeated ? 1 : 0;
    }
    close_reply(tick, reply);
}

static void deliver(struct core_tick *tick)
{
    struct delivery *delivery = tick->delivery;
    if (delivery->reply_count == 0 && delivery->touched.len == 0) {
        return; // kept for the next batch
    }
    bool pushed = inbox_push(tick->outbox, delivery);
    CHECK(pushed);
    tick->delivery = NULL;
    inbox_ring(tick->outbox);
}

// --- one batch -----------------------------------------------------------------------------------

static void list_touched(struct core_tick *tick, const struct core_effects *effects)
{
    for (uint32_t i = 0; i < effects->record_count; i++) {
        const struct record *record = effects->records[i].record;
        for (uint32_t t = 0; t < record->touched_count; t++) {
            struct delivery_touched touched = { effects->records[i].seq,
                                                record->touched[t].instance };
            buf_put(&tick->delivery->touched, &touched, sizeof(touched));
        }
    }
}

static void enter_full(struct core_tick *tick)
{
    set_flag(&tick->full, true);
    tick->full_until_us = now_us(tick) + FULL_RETRY_US;
    tick->counters.full_batches++;
}

static void run_batch(struct core_tick *tick, uint64_t now_ms, bool timers)
{
    core_begin(tick->core, now_ms);
    for (uint32_t i = 0; i < tick->batch_count; i++) {
        tick->batch[i]->command.waiting = i;
        core_step(tick->core, &tick->batch[i]->command);
    }
    if (timers) {
        tick->counters.timers += core_step_timers(tick->core, TIMERS_PER_BATCH_MAX);
    }
    const struct core_effects *effects = NULL;
    enum err err = core_commit(tick->core, &effects);
    if (err == ERR_FULL || err == ERR_NO_MEMORY) {
        enter_full(tick);
        for (uint32_t i = 0; i < tick->batch_count; i++) {
            refuse_full(tick, tick->batch[i]);
        }
    } else if (err != OK) {
        // Unknown whether the batch is on disk: nobody may be told anything.
        set_flag(&tick->failed, true);
        return;
    } else {
        set_flag(&tick->full, false);
        CHECK(effects->answer_count == tick->batch_count);
        uint64_t done_us = now_us(tick);
        for (uint32_t i = 0; i < effects->answer_count; i++) {
            CHECK(effects->answers[i].waiting == i);
            answer(tick, tick->batch[i], &effects->answers[i]);
            count_latency(tick, done_us - tick->batch[i]->arrived_us);
        }
        if (get_flag(&tick->watched)) {
            list_touched(tick, effects);
        }
        atomic_store_explicit(&tick->next_due_ms, effects->next_due_ms, memory_order_relaxed);
    }
    tick->counters.batches++;
    tick->counters.commands += tick->batch_count;
    tick->batch_count = 0;
    deliver(tick);
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
        run_batch(tick, timekeeper_now(tick->keeper), true);
        return 0;
    }
    timekeeper_move(tick->keeper, to_ms);
    tick->held = NULL;
    tick->batch[0] = request;
    tick->batch_count = 1;
    run_batch(tick, timekeeper_now(tick->keeper), false);
    return 0;
}

// Takes what is special out of the stream. True: `request` was dealt with or is held.
static bool take_special(struct core_tick *tick, struct request *request, uint64_t now_ms)
{
    if (request->stats) {
        struct delivery_reply *reply = open_reply(tick, request);
        reply_begin(&tick->delivery->bytes, request->msgid);
        stats_write(tick, now_ms, &tick->delivery->bytes);
        close_reply(tick, reply);
        return true;
    }
    if (request->command.kind != COMMAND_CLOCK || core_is_repeat(tick->core, &request->command)) {
        return false;
    }
    struct refusal refusal = { 0 };
    if (!settle_clock(tick, request, now_ms, &refusal)) {
        answer_refused(tick, request, &refusal);
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

static void take_batch(struct core_tick *tick, uint64_t now_ms)
{
    size_t bytes = 0;
    uint32_t room = BATCH_COMMANDS_MAX - tick->delivery->reply_count;
    while (tick->batch_count < room && bytes < BATCH_BYTES_MAX && tick->held == NULL) {
        struct request *request = inbox_take(tick->inbox);
        if (request == NULL) {
            return;
        }
        if (take_special(tick, request, now_ms)) {
            room = BATCH_COMMANDS_MAX - tick->delivery->reply_count;
        } else if (get_flag(&tick->full) && tick->full_until_us > now_us(tick)) {
            refuse_full(tick, request);
            room = BATCH_COMMANDS_MAX - tick->delivery->reply_count;
        } else {
            tick->batch[tick->batch_count++] = request;
            bytes += request->bytes.len + request->arena.used_bytes;
        }
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
            enter_full(tick);
        } else if (now_us(tick) >= tick->full_until_us) {
            tick->full_until_us = now_us(tick) + FULL_RETRY_US;
            flusher_want(tick->flusher);
        }
        break;
    case FLUSHER_FAILED: set_flag(&tick->failed, true); break;
    }
}

// --- the tick ------------------------------------------------------------------------------------

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
    uint64_t due_ms = timekeeper_wait_ms(tick->keeper, core_next_due_ms(tick->core));
    if (due_ms > 0 && due_ms < wait_ms) {
        wait_ms = due_ms;
    }
    return wait_ms;
}

static uint64_t tick_once(struct core_tick *tick)
{
    settle_flush(tick);
    if (get_flag(&tick->failed)) {
        return UINT64_MAX;
    }
    if (tick->delivery == NULL) {
        tick->delivery = inbox_take(tick->idle);
        if (tick->delivery == NULL) {
            tick->waits_on = tick->idle;
            return UINT64_MAX;
        }
        CHECK(tick->delivery->reply_count == 0 && tick->delivery->touched.len == 0);
    }
    if (store_overfull(tick->store)) {
        start_flush(tick, false);
        if (store_overfull(tick->store)) {
            tick->waits_on = NULL; // the flusher rings when it is done
            return CORE_TICK_LONGEST_MS;
        }
    }
    uint64_t now_ms = timekeeper_tick(tick->keeper);
    if (tick->held != NULL) {
        return move_clock(tick);
    }
    take_batch(tick, now_ms);
    bool parked = get_flag(&tick->full) && now_us(tick) < tick->full_until_us;
    bool due = !parked && !timekeeper_stepped(tick->keeper) &&
               core_timers_due(tick->core, now_ms);
    if (tick->batch_count > 0 || due) {
        tick->quiet_since_us = 0;
        uint64_t timers = tick->counters.timers;
        bool commands = tick->batch_count > 0;
        run_batch(tick, timekeeper_now(tick->keeper), due);
        start_flush(tick, false);
        // A due timer that nothing came of must not make the core spin.
        return commands || tick->counters.timers > timers ? 0 : CORE_TICK_LONGEST_MS;
    }
    deliver(tick);
    if (tick->held != NULL || tick->delivery == NULL) {
        return 0;
    }
    if (parked) {
        return (tick->full_until_us - now_us(tick)) / 1000 + 1;
    }
    if (get_flag(&tick->full) && flusher_state(tick->flusher) != FLUSHER_FULL) {
        set_flag(&tick->full, false); // the next write tries again
    }
    return idle_wait_ms(tick);
}

uint64_t core_tick(struct core_tick *tick)
{
    CHECK(tick->magic == CORE_TICK_MAGIC);
    CHECK(tick->batch_count == 0 || get_flag(&tick->failed));
    tick->waits_on = tick->inbox;
    return tick_once(tick);
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
