// Looks at everything that leaves the engine and at everything it wrote.
#include <inttypes.h>
#include <stdio.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/pack.h"
#include "tests/crash/disk.h"
#include "tests/sim/sim.h"

// --------------------------------------------------------------------------------- the journal

static struct sim_client *find_client(struct world *world, struct slice name)
{
    for (uint32_t i = 0; i < world->options.clients; i++) {
        if (slice_equal(name, slice_from_cstr(world->clients[i].name))) {
            return &world->clients[i];
        }
    }
    return NULL;
}

static void note_request(struct world *world, const struct record *record, uint64_t seq)
{
    struct sim_client *client = find_client(world, record->client);
    if (record->client.len == 0) {
        return;
    }
    if (client == NULL || record->request == 0 || record->request > client->request_count) {
        sim_break(world, ORACLE_ONCE, "record %" PRIu64 " is of a request that nobody made", seq);
        return;
    }
    struct sim_request *request = &client->requests[record->request - 1];
    if (request->seq != 0 && request->seq != seq) {
        sim_break(world, ORACLE_ONCE,
                  "request %" PRIu64 " of %s was carried out twice: records %" PRIu64
                  " and %" PRIu64, record->request, client->name, request->seq, seq);
    }
    request->seq = seq;
}

static enum err read_record(struct world *world, uint64_t seq, struct slice *ret_bytes)
{
    store_reader_begin(world->reader);
    enum err err = store_reader_record(world->reader, seq, &world->passing, ret_bytes, NULL);
    *ret_bytes = err == OK ? arena_copy(&world->passing, *ret_bytes) : SLICE_EMPTY;
    store_reader_end(world->reader);
    return err;
}

static void take_model_fault(struct world *world)
{
    if (world->model->broken != ORACLE_NONE) {
        sim_break(world, (enum sim_oracle)world->model->broken, "%s", world->model->message);
    }
}

static int64_t packed_number(struct slice packed)
{
    struct unpack unpack;
    unpack_init(&unpack, packed);
    return packed.len > 0 && unpack_peek(&unpack) == PACK_INTEGER ? unpack_int(&unpack) : 0;
}

// What a hook gave is what a field holds: `count_up` gives one more than before.
static void check_hook(struct world *world, const struct record *record,
                       const struct event_hook_asked *asked)
{
    int64_t given = packed_number(asked->value);
    for (uint32_t i = 0; i < record->event_count; i++) {
        const struct event *event = &record->events[i];
        if (event->kind == EVENT_FIELD_CHANGED &&
            packed_number(event->field_changed.now) == given &&
            packed_number(event->field_changed.old) == given - 1) {
            return;
        }
    }
    sim_break(world, ORACLE_MODEL, "a hook gave %" PRId64 ", and no field holds it", given);
}

static void take_record(struct world *world, uint64_t seq)
{
    struct slice bytes;
    struct record record;
    if (read_record(world, seq, &bytes) != OK ||
        record_decode(bytes, &world->passing, &record) != OK) {
        sim_break(world, ORACLE_DURABLE, "record %" PRIu64 " cannot be read", seq);
        return;
    }
    if (world->record_count == world->record_capacity) {
        world->record_capacity = world->record_capacity * 2 + 1024;
        world->records =
            mem_grow(world->records, sizeof(world->records[0]) * world->record_capacity);
    }
    uint64_t hash = sim_hash(SIM_HASH_START, bytes.ptr, bytes.len);
    world->records[world->record_count++] =
        (struct sim_record){ .hash = hash, .now_ms = record.now_ms, .command = record.command };
    world->counts.records++;
    world->counts.timers += record.command == COMMAND_TIMER ? 1u : 0u;
    world->counts.hand_overs += record.command == COMMAND_HAND_OVER ? 1u : 0u;
    world->counts.overdue += record.command == COMMAND_OVERDUE ? 1u : 0u;
    for (uint32_t i = 0; i < record.event_count; i++) {
        if (world->options.verbose) {
            (void)printf("         %" PRIu64 " %s\n", event_instance(&record.events[i]),
                         event_name(record.events[i].kind));
        }
        world->counts.convertions += record.events[i].kind == EVENT_CONVERTED ? 1u : 0u;
        world->counts.absences += record.events[i].kind == EVENT_ABSENCE_BEGAN ? 1u : 0u;
        world->counts.in_place +=
            record.events[i].kind == EVENT_PRESSED && record.events[i].pressed.acting_for != 0 ? 1u
                                                                                               : 0u;
        world->counts.of_team +=
            record.events[i].kind == EVENT_PICKED && record.events[i].picked.team != 0 ? 1u : 0u;
        if (record.events[i].kind == EVENT_MESSAGE_TAKEN) {
            uint8_t became = record.events[i].message_taken.became;
            world->counts.messages++;
            world->counts.kept += became == MESSAGE_KEPT ? 1u : 0u;
            world->counts.begun += became == MESSAGE_STARTED ? 1u : 0u;
            world->counts.failed += became == MESSAGE_FAILED ? 1u : 0u;
        }
        if (record.events[i].kind == EVENT_CALL_QUEUED) {
            uint64_t due = record.events[i].call_queued.due;
            world->counts.for_hours += due > record.now_ms && due < CALL_DUE_BEHIND ? 1u : 0u;
        }
        world->counts.reopens += record.events[i].kind == EVENT_INSTANCE_REOPENED ? 1u : 0u;
        if (record.events[i].kind == EVENT_HOOK_ASKED) {
            check_hook(world, &record, &record.events[i].hook_asked);
        }
    }
    sim_trace(world, "record %" PRIu64 " %s %016" PRIx64, seq, command_name(record.command), hash);
    note_request(world, &record, seq);
    oracle_cause(world, &record, seq);
    versions_take(world, &record);
    model_take(world->model, &record, seq);
    for (uint32_t i = 0; i < world->model->case_count; i++) {
        bool open = world->model->cases[i].end == NULL;
        world->records[seq - 1].open += open ? 1u : 0u;
        world->records[seq - 1].ended += open ? 0u : 1u;
    }
    take_model_fault(world);
}

static void compare_touched(struct world *world, uint64_t first)
{
    view_begin(world->view);
    for (uint32_t i = 0; i < world->model->case_count; i++) {
        const struct model_case *c = &world->model->cases[i];
        if (c->touch_count > 0 && c->touches[c->touch_count - 1] >= first) {
            model_compare(world->model, world->view, c->id);
        }
    }
    model_compare_loads(world->model, world->view);
    view_end(world->view);
    take_model_fault(world);
    for (uint32_t i = 0; i < world->model->case_count; i++) {
        const struct model_case *c = &world->model->cases[i];
        uint64_t last = c->touch_count > 0 ? c->touches[c->touch_count - 1] : 0;
        if (last >= first && (last + c->id) % 16 == 0) { // some, whatever the seed
            oracle_past(world, c->id, last);
        }
    }
}

// The engine must mean to wake no later than the model has something to do.
// The core looks at what it has decided, the model at what is committed.
static void check_alarm(struct world *world)
{
    if (world->engine.core_tick.begun || core_is_sealed(world->engine.core)) {
        return;
    }
    uint64_t wanted = model_next_due(world->model);
    uint64_t armed = core_next_due_ms(world->engine.core);
    if (armed > wanted) {
        sim_break(world, ORACLE_LATE,
                  "the next timer is due at %" PRIu64 ", the engine waits until %" PRIu64, wanted,
                  armed);
    }
}

void oracle_commit(struct world *world)
{
    uint64_t head = store_head(world->engine.store)->seq;
    uint64_t first = world->record_count + 1;
    if (head < first) {
        return;
    }
    world->counts.commits++;
    if (disk_unsynced_pages_of("/journal/log.0") == 0 &&
        disk_unsynced_pages_of("/journal/log.1") == 0) {
        world->durable_seq = head;
    }
    for (uint64_t seq = first; seq <= head && world->broken == ORACLE_NONE; seq++) {
        take_record(world, seq);
    }
    model_settle(world->model);
    take_model_fault(world);
    if (world->broken == ORACLE_NONE) {
        compare_touched(world, first);
    }
    if (world->broken == ORACLE_NONE) {
        check_alarm(world);
    }
}

void oracle_reopened(struct world *world)
{
    uint64_t head = store_head(world->engine.store)->seq;
    if (head < world->record_count) {
        sim_break(world, ORACLE_DURABLE,
                  "record %" PRIu64 " was committed; the journal ends at %" PRIu64,
                  world->record_count, head);
        return;
    }
    uint64_t first = world->record_count > 200 ? world->record_count - 200 : 1;
    for (uint64_t seq = first; seq <= world->record_count; seq++) {
        struct slice bytes;
        if (read_record(world, seq, &bytes) != OK ||
            sim_hash(SIM_HASH_START, bytes.ptr, bytes.len) != world->records[seq - 1].hash) {
            sim_break(world, ORACLE_DURABLE, "record %" PRIu64 " is not what was committed", seq);
            return;
        }
    }
    oracle_commit(world); // a batch whose fate was unknown may have been carried out
    world->durable_seq = head;
}

// --------------------------------------------------------------------------------- what leaves

static uint64_t number_at(struct slice map, struct slice key)
{
    struct slice raw = pack_map_find(map, key);
    struct unpack unpack;
    unpack_init(&unpack, raw);
    return raw.len > 0 && unpack_peek(&unpack) == PACK_INTEGER ? unpack_uint(&unpack) : 0;
}

static void check_push(struct world *world, struct sim_conn *conn, struct slice map)
{
    uint64_t instance = number_at(map, SLICE("instance"));
    uint64_t seq = number_at(map, SLICE("seq"));
    const struct model_case *c = model_find(world->model, instance);
    struct sim_sub *sub = NULL;
    for (uint32_t i = 0; i < SIM_SUBS_MAX; i++) {
        if ((conn->subs[i].live || conn->subs[i].asked) && conn->subs[i].instance == instance) {
            sub = &conn->subs[i];
        }
    }
    world->counts.pushes++;
    if (sub == NULL || c == NULL) {
        sim_break(world, ORACLE_PUSH, "a push of case %" PRIu64 " that nobody asked for", instance);
        return;
    }
    uint64_t next = 0;
    for (uint32_t i = c->touch_count; i > 0 && c->touches[i - 1] > sub->last; i--) {
        next = c->touches[i - 1];
    }
    if (seq != next) {
        sim_break(world, ORACLE_PUSH,
                  "case %" PRIu64 ": record %" PRIu64 " was pushed after %" PRIu64 "; next is %"
                  PRIu64, instance, seq, sub->last, next);
        return;
    }
    sub->last = seq;
}

static void check_lagging(struct sim_conn *conn, struct slice map)
{
    uint64_t instance = number_at(map, SLICE("instance"));
    for (uint32_t i = 0; i < SIM_SUBS_MAX; i++) {
        if (conn->subs[i].instance == instance) {
            conn->subs[i].live = false;
        }
    }
}

static void check_synced(struct world *world, struct slice result)
{
    uint64_t seq = unpack_peek(&(struct unpack){ (const unsigned char *)result.ptr,
                                                 (const unsigned char *)result.ptr + result.len,
                                                 false }) == PACK_MAP
                       ? number_at(result, SLICE("seq"))
                       : 0;
    if (seq > world->durable_seq) {
        sim_break(world, ORACLE_SYNC,
                  "record %" PRIu64 " was told of; synced is %" PRIu64, seq, world->durable_seq);
    }
}

void oracle_leaves(struct world *world, struct sim_conn *conn, struct slice message)
{
    struct unpack unpack;
    unpack_init(&unpack, message);
    uint32_t count = unpack_array(&unpack);
    uint64_t kind = unpack_uint(&unpack);
    if (kind == 2 && count == 3) {
        struct slice method = unpack_str(&unpack);
        (void)unpack_array(&unpack);
        struct slice map = unpack_raw(&unpack);
        check_synced(world, map);
        if (slice_equal(method, SLICE("case"))) {
            check_push(world, conn, map);
        } else if (slice_equal(method, SLICE("lagging"))) {
            check_lagging(conn, map);
        }
    } else if (kind == 1 && count == 4) {
        uint32_t msgid = (uint32_t)unpack_uint(&unpack);
        struct slice error = unpack_raw(&unpack);
        struct slice result = unpack_raw(&unpack);
        check_synced(world, result);
        questions_answered(world, conn, msgid, error, result);
    } else {
        unpack.bad = true;
    }
    if (unpack.bad) {
        sim_break(world, ORACLE_WIRE, "a message is neither a response nor a notification");
    }
}

// --------------------------------------------------------------------------------- the whole

void oracle_verify(struct world *world)
{
    char path[320];
    struct core_verify verify;
    struct store_reader *reader;
    (void)snprintf(path, sizeof(path), "%s.scratch", world->scratch.folder);
    scratch_remove(path);
    CHECK(store_reader_open(world->engine.store, &reader) == OK);
    enum err err = core_verify(reader, path, NULL, NULL, &verify);
    store_reader_close(reader);
    scratch_remove(path);
    world->counts.verifies++;
    sim_trace(world, "verify %" PRIu64 " rows", verify.rows);
    if (err != OK) {
        enum sim_oracle oracle = verify.asleep > 0         ? ORACLE_ASLEEP
                                 : verify.index_faults > 0 ? ORACLE_INDEX
                                                           : ORACLE_REPLAY;
        sim_break(world, oracle, "%s: %s", err_name(err), verify.message);
    }
}

void oracle_punctual(struct world *world, uint64_t now_ms)
{
    uint64_t call = bill_next_due(world->model);
    uint64_t due = model_next_due(world->model);
    due = call < due ? call : due;
    if (due <= now_ms) {
        sim_break(world, ORACLE_LATE, "something was due at %" PRIu64 "; it is %" PRIu64
                  " ms late", due, now_ms - due);
    }
}
