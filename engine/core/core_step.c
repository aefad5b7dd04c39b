// One command: dedupe → decide and evolve event by event → gate → record → its result.
#include "base/check.h"
#include "base/mem.h"
#include "engine/core/core_internal.h"

static void refuse(struct step *step, enum refusal_code code, struct slice message)
{
    step->decide.refusal = (struct refusal){ code, message, SLICE_EMPTY };
}

// --------------------------------------------------------------------------------- repeats

static const struct record *record_of(const struct core_record *records, uint32_t count,
                                      uint64_t seq)
{
    for (uint32_t i = count; i > 0; i--) {
        if (records[i - 1].seq == seq) {
            return records[i - 1].record;
        }
    }
    return NULL;
}

static const struct record *sealed_record(const struct sealed_batch *sealed, uint64_t seq)
{
    return sealed->there ? record_of(sealed->records, sealed->record_count, seq) : NULL;
}

// A record of this batch, or of one that is not settled yet.
static const struct record *staged_record(const struct core *core, uint64_t seq)
{
    const struct record *record = record_of(core->records, core->record_count, seq);
    if (record == NULL) {
        record = sealed_record(&core->sealed, seq);
    }
    return record != NULL ? record : sealed_record(&core->written, seq);
}

static const struct record *committed_record(struct core *core, uint64_t seq)
{
    struct slice bytes;
    struct record *record = ARENA_NEW(&core->batch, struct record);
    enum err err = store_reader_record(core->reader, seq, &core->batch, &bytes, NULL);
    if (err == OK) {
        bytes = arena_copy(&core->batch, bytes);
        err = record_decode(bytes, &core->batch, record);
    }
    return err == OK ? record : NULL;
}

const struct record *core_record_of(struct core *core, uint64_t seq)
{
    const struct record *record = staged_record(core, seq);
    return record != NULL ? record : committed_record(core, seq);
}

bool core_is_repeat(struct core *core, const struct command *command)
{
    struct evolve_request row;
    state_command_begin(core->state, core->now_ms);
    return command->client.len > 0 &&
           evolve_find_request(core->state, command->client, command->request, &row) == OK &&
           row.id == command->request;
}

// True: the request id is known and has been answered (with its first answer, or a refusal).
static bool answer_repeat(struct core *core, struct step *step)
{
    const struct command *command = step->command;
    if (command->client.len == 0) {
        return false;
    }
    struct evolve_request row;
    enum err err = evolve_find_request(core->state, command->client, command->request, &row);
    if (err != OK || row.id < command->request) {
        return false;
    }
    if (row.id > command->request) {
        refuse(step, REFUSAL_REQUEST_TOO_OLD,
               arena_format(&core->batch, "request %llu of this client is older than its last %d",
                            (unsigned long long)command->request, REQUEST_WINDOW));
        return true;
    }
    if (row.hash != command_hash(command)) {
        refuse(step, REFUSAL_REQUEST_REUSED,
               arena_format(&core->batch, "request %llu of this client was another command",
                            (unsigned long long)command->request));
        return true;
    }
    const struct record *record = core_record_of(core, row.seq);
    if (record == NULL) {
        refuse(step, REFUSAL_ROW_DAMAGED, SLICE("the first answer to this request is damaged"));
        return true;
    }
    step->result = core_result(core, record, row.seq);
    step->repeated = true;
    return true;
}

// --------------------------------------------------------------------------------- deciding

static void watch_timers(struct core *core, const struct event *event)
{
    uint64_t due = 0;
    if (event->kind == EVENT_UNDONE) {
        core->timer_floor = (struct view_timer_place){ 0, 0 }; // any of its timers may be back
    } else if (event->kind == EVENT_TIMER_SET) {
        due = event->timer_set.due;
    } else if (event->kind == EVENT_TASK_OPENED) {
        due = event->task_opened.overdue_next;
    } else if (event->kind == EVENT_TASK_REPLANNED) {
        due = event->task_replanned.overdue_next;
    } else if (event->kind == EVENT_TIMER_RESUMED) {
        due = event->timer_resumed.due;
    } else if (event->kind == EVENT_TASK_RESUMED) {
        due = event->task_resumed.overdue_next;
    } else if (event->kind == EVENT_OVERDUE_STEPPED) {
        due = event->overdue_stepped.next;
    } else if (event->kind == EVENT_ABSENCE_SET) {
        due = event->absence_set.from;
    } else if (event->kind == EVENT_ABSENCE_BEGAN) {
        due = event->absence_began.to;
    }
    if (due != 0 && due <= core->timer_floor.ms) {
        core->timer_floor = (struct view_timer_place){ due, 0 };
    }
}

static void take_event(void *context, const struct event *event)
{
    struct core *core = context;
    if (event->kind == EVENT_PROGRAM_ACTIVATED) {
        core->movers_known = false; // refused or not: they are read again
    }
    if (core->event_count == core->event_capacity) {
        core->event_capacity = core->event_capacity * 2 + 64;
        core->events = mem_grow(core->events, sizeof(core->events[0]) * core->event_capacity);
    }
    core->events[core->event_count++] = *event;
    watch_timers(core, event);
    evolve_event(core->state, event);
}

static void decide_anew(struct core *core, struct step *step)
{
    core->event_count = 0;
    state_command_begin(core->state, core->now_ms);
    step->decide = (struct decide){
        .view = core_view(core), .command = step->command, .now_ms = core->now_ms,
        .arena = &core->batch, .currency = core->options.currency,
        .region = core->options.region, .ranges = core->options.ranges,
        .hooks = core->hooks,
        .seed = (store_staged_head(core->store)->seq + 1) << 16,
        .emit = take_event, .context = core,
    };
}

void core_forget(struct core *core)
{
    store_command_refuse(core->store);
    state_refresh(core->state);
    core->event_count = 0;
}

// --------------------------------------------------------------------------------- the gate

static void gate_awake(struct core *core, struct step *step)
{
    uint32_t count = state_touched_count(core->state);
    for (uint32_t i = 0; i < count; i++) {
        const struct instance *instance = state_touched(core->state, i);
        if (!instance->dirty || instance->head.status != INSTANCE_OPEN) {
            continue;
        }
        const char *why = core_asleep(core_view(core), instance, core->now_ms);
        if (why != NULL) {
            refuse(step, REFUSAL_ASLEEP,
                   arena_format(&core->batch, "case %llu would fall asleep: %s",
                                (unsigned long long)instance->head.id, why));
            return;
        }
    }
}

static void gate_bounds(struct core *core, struct step *step)
{
    if (core->event_count > EVENTS_PER_COMMAND_MAX) {
        refuse(step, REFUSAL_LIMIT,
               arena_format(&core->batch, "one command makes more than %d events",
                            EVENTS_PER_COMMAND_MAX));
    } else if (step->decide.follow_count > CASCADE_COMMANDS_MAX) {
        refuse(step, REFUSAL_LIMIT,
               arena_format(&core->batch,
                            "one command ends more than CASCADE_COMMANDS_MAX = %d cases",
                            CASCADE_COMMANDS_MAX));
    }
}

// --------------------------------------------------------------------------------- the record

static uint32_t list_touched(struct core *core, struct record_touched **ret_touched)
{
    uint32_t count = state_touched_count(core->state);
    struct record_touched *touched = arena_alloc_raw(&core->batch, sizeof(*touched) * (count + 1));
    uint32_t dirty = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct instance *instance = state_touched(core->state, i);
        if (instance->dirty) {
            touched[dirty++] = (struct record_touched){
                instance->head.id, instance->fresh ? 0 : instance->previous_seq,
                instance->head.program,
            };
        }
    }
    *ret_touched = touched;
    return dirty;
}

static struct record make_record(struct core *core, const struct step *step)
{
    const struct command *command = step->command;
    bool from_person = command->kind < COMMAND_ENGINE_STARTED;
    struct record_touched *touched;
    uint32_t touched_count = list_touched(core, &touched);
    return (struct record){
        .command = command->kind, .now_ms = core->now_ms, .client = command->client,
        .request = command->request,
        .request_hash = command->client.len > 0 ? command_hash(command) : 0,
        .on_behalf = step->decide.me, .actor = from_person ? SLICE("admin") : SLICE("engine"),
        .cause_seq = step->cause_seq, .form = command->form, .note = command->text,
        .touched = touched, .touched_count = touched_count, .events = core->events,
        .event_count = core->event_count,
    };
}

// Encodes, then decodes and compares: what will be folded later is what happened now.
static struct record *encode_record(struct core *core, const struct record *record,
                                    struct slice *ret_bytes)
{
    buf_reset(&core->encode);
    record_encode(&core->encode, record);
    if (core->encode.overflow) {
        return NULL;
    }
    *ret_bytes = arena_copy(&core->batch, buf_slice(&core->encode));
    struct record *again = ARENA_NEW(&core->batch, struct record);
    enum err err = record_decode_own(*ret_bytes, &core->batch, again);
    CHECK(err == OK && record_equal(record, again));
    return again;
}

static void keep_record(struct core *core, uint64_t seq, const struct record *record)
{
    if (core->record_count == core->record_capacity) {
        core->record_capacity = core->record_capacity * 2 + 64;
        core->records =
            mem_grow(core->records, sizeof(core->records[0]) * core->record_capacity);
    }
    core->records[core->record_count++] = (struct core_record){ seq, record };
}

static void put_blobs(struct core *core, const struct command *command)
{
    for (uint32_t i = 0; i < command->program_count; i++) {
        uint8_t hash[STORE_HASH_BYTES];
        store_blob_put(core->store, command->programs[i].image, hash);
        if (command->programs[i].source.len > 0) {
            store_blob_put(core->store, command->programs[i].source, hash);
        }
    }
}

// Stores what the events made. False: it did not fit, and the command is refused.
static bool store_step(struct core *core, struct step *step)
{
    struct record record = make_record(core, step);
    struct slice bytes;
    if (record.touched_count > TOUCHED_MAX) {
        refuse(step, REFUSAL_LIMIT, SLICE("one command touches more cases than it may"));
        return false;
    }
    uint64_t seq = store_staged_head(core->store)->seq + 1;
    evolve_record(core->state, &record, seq);
    enum err err = state_command_store(core->state);
    if (err != OK) {
        refuse(step, err == ERR_TOO_BIG ? REFUSAL_LIMIT : REFUSAL_ROW_DAMAGED,
               err == ERR_TOO_BIG ? SLICE("the case would grow beyond a bound of its stored form")
                                  : slice_from_cstr(err_sentence(err)));
        return false;
    }
    struct record *again = encode_record(core, &record, &bytes);
    if (again == NULL) {
        refuse(step, REFUSAL_LIMIT, SLICE("the record of this command is larger than it may be"));
        return false;
    }
    put_blobs(core, step->command);
    step->seq = store_append(core->store, bytes, core->now_ms);
    CHECK(step->seq == seq);
    store_command_accept(core->store);
    keep_record(core, seq, again);
    step->result = core_result(core, again, seq);
    return true;
}

// What would come of it: answered as if it were recorded, then forgotten.
static void rehearse(struct core *core, struct step *step)
{
    struct record record = make_record(core, step);
    step->result = core_result(core, &record, store_head(core->store)->seq);
    step->decide.follow_count = 0;
    core_forget(core);
}

static bool refused(const struct step *step)
{
    return step->decide.refusal.code != REFUSAL_NONE;
}

static void try_once(struct core *core, struct step *step)
{
    if (!refused(step)) {
        gate_bounds(core, step);
    }
    if (!refused(step)) {
        gate_awake(core, step);
    }
    if (!refused(step) && step->command->dry_run) {
        rehearse(core, step);
        return;
    }
    if (!refused(step)) {
        (void)store_step(core, step);
    }
    if (refused(step)) {
        core_forget(core);
    }
}

// What a timer or a child's end cannot do becomes an incident; nothing is dropped.
static void open_incident(struct core *core, struct step *step)
{
    struct refusal why = step->decide.refusal;
    decide_anew(core, step);
    decide_incident(&step->decide, &why);
    if (core->event_count == 0) {
        refuse(step, why.code, why.message);
        return;
    }
    if (!store_step(core, step)) {
        core_forget(core);
    }
}

void core_run(struct core *core, struct step *step)
{
    state_command_begin(core->state, core->now_ms);
    if (answer_repeat(core, step)) {
        return;
    }
    struct decide_undo undo = { .seq = 0 };
    if (step->command->kind == COMMAND_UNDO) {
        core_prepare_undo(core, step->command->instance, &undo);
    }
    decide_anew(core, step);
    step->decide.undo = undo;
    decide_command(&step->decide);
    if (!refused(step) && step->decide.already != 0) {
        step->result = core_result_already(core, step->decide.already);
        return;
    }
    if (!refused(step) && core->event_count == 0) { // accepted and nothing to change
        step->result = core_result_already(core, step->command->instance);
        return;
    }
    try_once(core, step);
    enum command_kind kind = step->command->kind;
    bool by_engine = kind == COMMAND_TIMER || kind == COMMAND_OVERDUE ||
                     kind == COMMAND_CHILD_ENDED || kind == COMMAND_DELIVER ||
                     kind == COMMAND_CALL_RESULT || kind == COMMAND_VERSION;
    if (refused(step) && by_engine && step->decide.refusal.code != REFUSAL_STALE &&
        step->decide.refusal.code != REFUSAL_CASE_ENDED) {
        open_incident(core, step);
    }
}
