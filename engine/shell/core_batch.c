// Batches on their way: open (being decided) → sealed (being written) → written (to be answered).
#include "base/check.h"
#include "base/pack.h"
#include "engine/shell/core_tick_internal.h"

// --- replies -------------------------------------------------------------------------------------

struct delivery_reply *batch_open_reply(struct delivery *delivery, struct request *request)
{
    CHECK(delivery->reply_count < BATCH_COMMANDS_MAX);
    struct delivery_reply *reply = &delivery->reply[delivery->reply_count++];
    *reply = (struct delivery_reply){ request, delivery->bytes.len, 0 };
    return reply;
}

void batch_close_reply(struct delivery *delivery, struct delivery_reply *reply)
{
    CHECK(!delivery->bytes.overflow);
    reply->len = delivery->bytes.len - reply->offset;
}

void batch_refuse(struct core_tick *tick, struct tick_batch *batch,
                           struct request *request, const struct refusal *refusal)
{
    struct delivery_reply *reply = batch_open_reply(batch->delivery, request);
    reply_refusal(&batch->delivery->bytes, request->msgid, refusal);
    batch_close_reply(batch->delivery, reply);
    tick->counters.refused++;
}

void batch_refuse_full(struct core_tick *tick, struct tick_batch *batch, struct request *request)
{
    batch_refuse(tick, batch, request,
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
    struct delivery *delivery = tick->written.delivery;
    struct delivery_reply *reply = batch_open_reply(delivery, request);
    struct buf *buf = &delivery->bytes;
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
    batch_close_reply(delivery, reply);
}

void batch_deliver(struct core_tick *tick, struct tick_batch *batch)
{
    struct delivery *delivery = batch->delivery;
    if (delivery == NULL ||
        (delivery->reply_count == 0 && delivery->touched.len == 0 && !delivery->calls)) {
        return; // kept for the next batch
    }
    bool pushed = inbox_push(tick->outbox, delivery);
    CHECK(pushed);
    batch->delivery = NULL;
    inbox_ring(tick->outbox);
}

// --- one batch -----------------------------------------------------------------------------------

static bool changes_people(const struct record *record)
{
    return record->command == COMMAND_USERS || record->command == COMMAND_ABSENCE ||
           record->command == COMMAND_PRESENT || record->command == COMMAND_ABSENCE_DUE ||
           record->command == COMMAND_APPLY; // lanes
}

static void list_touched(struct core_tick *tick, const struct core_effects *effects)
{
    for (uint32_t i = 0; i < effects->record_count; i++) {
        const struct record *record = effects->records[i].record;
        if (changes_people(record)) { // the case of nobody: who is shown what may have changed
            struct delivery_touched people = { effects->records[i].seq, 0 };
            buf_put(&tick->written.delivery->touched, &people, sizeof(people));
        }
        for (uint32_t t = 0; t < record->touched_count; t++) {
            struct delivery_touched touched = { effects->records[i].seq,
                                                record->touched[t].instance };
            buf_put(&tick->written.delivery->touched, &touched, sizeof(touched));
        }
    }
}

// Did the batch bring calls that may be tried, now or later?
static bool has_calls(const struct core_effects *effects)
{
    for (uint32_t i = 0; i < effects->record_count; i++) {
        const struct record *record = effects->records[i].record;
        for (uint32_t e = 0; e < record->event_count; e++) {
            enum event_kind kind = record->events[e].kind;
            if (kind == EVENT_CALL_QUEUED || kind == EVENT_CALL_RELEASED ||
                kind == EVENT_CALL_ATTEMPTED) {
                return true;
            }
        }
    }
    return false;
}

void batch_enter_full(struct core_tick *tick)
{
    set_flag(&tick->full, true);
    tick->full_until_us = now_us(tick) + FULL_RETRY_US;
    tick->counters.full_batches++;
}

// An open batch without anything in it; called between batches. False: no delivery is free.
bool batch_have_delivery(struct core_tick *tick)
{
    if (tick->open.delivery == NULL) {
        tick->open.delivery = inbox_take(tick->idle);
        CHECK(tick->open.delivery == NULL || (tick->open.delivery->reply_count == 0 &&
                                              tick->open.delivery->touched.len == 0));
    }
    return tick->open.delivery != NULL;
}

static void refuse_batch(struct core_tick *tick, struct tick_batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        batch_refuse_full(tick, batch, batch->request[i]);
    }
    batch->count = 0;
    batch_deliver(tick, batch);
}

// Puts a batch where the next one of its way was, which is empty but for a delivery that nobody had
// to be told of.
static void move_batch(struct tick_batch *to, struct tick_batch *from)
{
    CHECK(to->count == 0);
    const struct tick_batch empty = *to;
    *to = *from;
    *from = empty;
}

// The sealed batch could not be written; then what was decided on top of it is void too.
static void fail_sealed(struct core_tick *tick, enum err written)
{
    const struct core_effects *effects = NULL;
    if (written != ERR_FULL && written != ERR_NO_MEMORY) {
        // Unknown whether the batch is on disk: nobody may be told anything.
        set_flag(&tick->failed, true);
        return;
    }
    core_settle(tick->core, written, &effects);
    batch_enter_full(tick);
    refuse_batch(tick, &tick->sealed);
    refuse_batch(tick, &tick->open);
    tick->begun = false;
}

// Merges the written batch and answers it.
static void answer_written(struct core_tick *tick)
{
    const struct core_effects *effects = NULL;
    struct tick_batch *batch = &tick->written;
    core_settle(tick->core, OK, &effects);
    set_flag(&tick->full, false);
    CHECK(effects->answer_count == batch->count);
    uint64_t done_us = now_us(tick);
    for (uint32_t i = 0; i < effects->answer_count; i++) {
        CHECK(effects->answers[i].waiting == i);
        answer(tick, batch->request[i], &effects->answers[i]);
        count_latency(tick, done_us - batch->request[i]->arrived_us);
    }
    if (get_flag(&tick->watched)) {
        list_touched(tick, effects);
    }
    batch->delivery->calls = has_calls(effects);
    tick->counters.batches++;
    tick->counters.commands += batch->count;
    batch->count = 0;
    batch_deliver(tick, batch);
}

static void release(struct core_tick *tick)
{
    core_release(tick->core);
    move_batch(&tick->written, &tick->sealed);
}

// Ends the open batch. False: there is nothing to write.
static bool seal(struct core_tick *tick)
{
    bool write = core_seal(tick->core);
    move_batch(&tick->sealed, &tick->open);
    tick->begun = false;
    return write;
}

// Ends the open batch. It is written by this thread when it is small and nobody waits: then a hop
// to another thread would only cost time.
void batch_seal(struct core_tick *tick)
{
    bool hand_over = tick->writer != NULL && (tick->open.count >= tick->hand_over ||
                                              !inbox_is_empty(tick->inbox));
    bool write = seal(tick);
    if (write && hand_over) {
        writer_want(tick->writer);
        return;
    }
    enum err written = write ? core_write(tick->core) : OK;
    if (written != OK) {
        fail_sealed(tick, written);
        return;
    }
    release(tick);
    answer_written(tick);
}

// True: nothing is being written (any more). What was decided meanwhile goes to the writer before
// the written batch is merged and answered.
bool batch_take_written(struct core_tick *tick)
{
    if (!core_is_sealed(tick->core)) {
        return true;
    }
    if (tick->writer == NULL || writer_state(tick->writer) != WRITER_FINISHED) {
        return false;
    }
    enum err written = writer_take(tick->writer);
    if (written != OK) {
        fail_sealed(tick, written);
        return true;
    }
    release(tick);
    bool next = tick->begun;
    bool write = next && seal(tick);
    if (write) {
        writer_want(tick->writer);
    }
    answer_written(tick);
    if (next && !write) { // refusals only
        release(tick);
        answer_written(tick);
    }
    return !write;
}

uint32_t batch_moves_now(const struct core_tick *tick)
{
    uint64_t us = now_us(tick);
    if (us >= tick->asked_us + MOVES_REST_US) {
        return MOVES_PER_BATCH_MAX;
    }
    bool stands_back = us < tick->moved_us + MOVES_EVERY_US || store_pressed(tick->store);
    return stands_back ? 0 : MOVES_BESIDE_COMMANDS_MAX;
}

// Cases that move to another version are waited for by nobody: beside commands they take a small
// share of the time, and none when their rows would make commands wait for a flush.
static void move_some(struct core_tick *tick)
{
    uint32_t most = batch_moves_now(tick);
    if (most > 0 && core_step_versions(tick->core, most)) {
        tick->counters.moves++;
        tick->moved_us = now_us(tick);
    }
}

void batch_begin(struct core_tick *tick, bool timers)
{
    if (!tick->begun) {
        core_begin(tick->core, timekeeper_now(tick->keeper));
        tick->begun = true;
        if (timers) {
            bool waited_for = !inbox_is_empty(tick->inbox);
            uint32_t most = waited_for ? TIMERS_BEFORE_COMMANDS_MAX : TIMERS_PER_BATCH_MAX;
            tick->counters.timers += core_step_timers(tick->core, most);
            move_some(tick);
        }
    }
}

void batch_step_last(struct core_tick *tick)
{
    uint32_t last = tick->open.count - 1;
    tick->open.request[last]->command.waiting = last;
    core_step(tick->core, &tick->open.request[last]->command);
}
