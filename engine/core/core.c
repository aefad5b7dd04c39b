#include "engine/core/core.h"

#include "base/check.h"
#include "base/mem.h"
#include "engine/core/core_internal.h"

enum { BATCH_ARENA_BYTES_MAX = 512 * 1024 * 1024 };

uint64_t core_evolve_fingerprint(void)
{
    // Two stores fold alike when the rules and the stored layouts are the same.
    uint64_t parts[] = { EVOLVE_VERSION, INSTANCE_FORMAT, RECORD_FORMAT, EVENT_KIND_COUNT,
                         sizeof(struct instance_head), sizeof(struct open_task),
                         sizeof(struct view_counters), DB_COUNT };
    uint64_t hash = 0xcbf29ce484222325ull; // FNV-1a
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
        hash = (hash ^ parts[i]) * 0x100000001b3ull;
    }
    return hash;
}

static enum err fold(struct core *core, uint64_t *ret_folded)
{
    *ret_folded = 0;
    while (true) {
        uint64_t seq;
        struct slice bytes;
        arena_reset(&core->batch);
        enum err err = store_fold_next(core->store, &core->batch, &seq, &bytes);
        if (err == ERR_NOT_FOUND) {
            return OK;
        }
        struct record record;
        if (err == OK) {
            err = record_decode(bytes, &core->batch, &record);
        }
        if (err != OK) {
            return err;
        }
        state_command_begin(core->state, record.now_ms);
        evolve_fold(core->state, &record, seq);
        err = state_command_store(core->state);
        if (err == OK) {
            err = store_fold_done(core->store);
        }
        if (err != OK) {
            return err;
        }
        (*ret_folded)++;
    }
}

static bool versions_differ(struct core *core)
{
    struct key key = { 0 };
    key_u8(&key, 'v');
    struct slice value;
    if (state_get(core->state, DB_META, &key, &value) != OK) {
        return true;
    }
    struct unpack unpack;
    unpack_init(&unpack, value);
    (void)unpack_array(&unpack);
    struct slice build = unpack_str(&unpack);
    struct slice versions = unpack_str(&unpack);
    return unpack.bad || !slice_equal(build, core->options.build) ||
           !slice_equal(versions, core->options.versions);
}

static enum err record_start(struct core *core, uint64_t now_ms)
{
    if (!versions_differ(core)) {
        return OK;
    }
    struct command command = {
        .kind = COMMAND_ENGINE_STARTED, .engine_build = core->options.build,
        .engine_versions = core->options.versions, .currency = core->options.currency,
        .region = core->options.region, .zone = core->options.zone,
        .demo = core->options.demo,
    };
    core_begin(core, now_ms);
    core_step(core, &command);
    const struct core_effects *effects;
    return core_commit(core, &effects);
}

static void copy_options(struct core *core, const struct core_options *options)
{
    core->options = *options;
    core->options.build = arena_copy(&core->texts, options->build);
    core->options.versions = arena_copy(&core->texts, options->versions);
    core->options.currency =
        arena_copy(&core->texts, options->currency.len > 0 ? options->currency : SLICE("EUR"));
    core->options.region = arena_copy(&core->texts, options->region);
    core->options.zone = arena_copy(&core->texts, options->zone);
}

static enum err open_parts(struct core *core, uint64_t now_ms, uint64_t *ret_folded)
{
    enum err err = state_open(core->store, &core->state);
    if (err == OK) {
        err = fold(core, ret_folded);
    }
    if (err == OK) {
        err = store_reader_open(core->store, &core->reader);
    }
    if (err != OK) {
        return err;
    }
    state_refresh(core->state);
    const struct view_counters *counters = view_counters(core_view(core));
    if (store_head(core->store)->seq > 0) {
        if ((counters->demo != 0) != core->options.demo) {
            return ERR_DEMO;
        }
        core->options.currency =
            arena_copy(&core->texts, slice_from_cstr(counters->currency));
        core->options.region = arena_copy(&core->texts, slice_from_cstr(counters->region));
    }
    return record_start(core, now_ms);
}

enum err core_open(struct store *store, const struct core_options *options, uint64_t now_ms,
                   struct core **ret_core, uint64_t *ret_folded)
{
    struct core *core = mem_zalloc(sizeof(*core));
    core->magic = CORE_MAGIC;
    core->store = store;
    core->hooks = hook_box_new();
    arena_init(&core->texts, 64 * 1024);
    arena_init(&core->batch, BATCH_ARENA_BYTES_MAX);
    arena_init(&core->sealed.arena, BATCH_ARENA_BYTES_MAX);
    arena_init(&core->written.arena, BATCH_ARENA_BYTES_MAX);
    buf_init(&core->encode, RECORD_BYTES_MAX);
    copy_options(core, options);
    enum err err = open_parts(core, now_ms, ret_folded);
    if (err != OK) {
        core_close(core);
        return err;
    }
    *ret_core = core;
    return OK;
}

static void sealed_done(struct sealed_batch *sealed)
{
    arena_done(&sealed->arena);
    mem_free(sealed->answers);
    mem_free(sealed->records);
}

void core_close(struct core *core)
{
    CHECK(core->magic == CORE_MAGIC);
    if (core->reader != NULL) {
        store_reader_close(core->reader);
    }
    if (core->state != NULL) {
        state_close(core->state);
    }
    arena_done(&core->texts);
    arena_done(&core->batch);
    buf_done(&core->encode);
    hook_box_free(core->hooks);
    mem_free(core->answers);
    mem_free(core->records);
    sealed_done(&core->sealed);
    sealed_done(&core->written);
    mem_free(core->events);
    mem_free(core->movers);
    core->magic = 0;
    mem_free(core);
}

void core_begin(struct core *core, uint64_t now_ms)
{
    CHECK(core->magic == CORE_MAGIC && !core->in_batch);
    arena_reset(&core->batch);
    uint64_t head = store_staged_head(core->store)->now_ms;
    core->now_ms = now_ms > head ? now_ms : head;
    core->answer_count = 0;
    core->record_count = 0;
    core->in_batch = true;
}

static void add_answer(struct core *core, const struct core_answer *answer)
{
    if (core->answer_count == core->answer_capacity) {
        core->answer_capacity = core->answer_capacity * 2 + 64;
        core->answers =
            mem_grow(core->answers, sizeof(core->answers[0]) * core->answer_capacity);
    }
    core->answers[core->answer_count++] = *answer;
}

struct follow_queue {
    struct arena *arena;
    struct decide_follow *items;
    uint64_t *causes; // record that brought each about
    uint32_t count, capacity;
};

static void queue_follows(struct follow_queue *queue, const struct decide_follow *follows,
                          uint32_t count, uint64_t cause_seq)
{
    if (queue->count + count > queue->capacity) {
        uint32_t capacity = (queue->count + count) * 2;
        struct decide_follow *items = ARENA_ARRAY(queue->arena, struct decide_follow, capacity);
        uint64_t *causes = ARENA_ARRAY(queue->arena, uint64_t, capacity);
        for (uint32_t i = 0; i < queue->count; i++) {
            items[i] = queue->items[i];
            causes[i] = queue->causes[i];
        }
        queue->items = items;
        queue->causes = causes;
        queue->capacity = capacity;
    }
    for (uint32_t i = 0; i < count; i++) {
        queue->causes[queue->count] = cause_seq;
        queue->items[queue->count++] = follows[i];
    }
}

// What the command brought about: the parents of children that ended, messages that are awaited
// now; breadth first. Each command
// is held to CASCADE_COMMANDS_MAX by the gate; what it brought about is never dropped.
static void run_follows(struct core *core, const struct step *first)
{
    struct follow_queue queue = { .arena = &core->batch };
    queue_follows(&queue, first->decide.follows, first->decide.follow_count, first->seq);
    for (uint32_t run = 0; run < queue.count; run++) {
        const struct decide_follow follow = queue.items[run];
        struct command *command = ARENA_NEW(&core->batch, struct command);
        *command = (struct command){
            .kind = follow.kind, .instance = follow.parent, .child = follow.child,
            .task = follow.number,
            .collection = follow.collection, .round = follow.round, .outcome = follow.outcome,
            .name = follow.end,
        };
        struct step step = { .core = core, .command = command, .cause_seq = queue.causes[run] };
        core_run(core, &step);
        if (step.decide.refusal.code == REFUSAL_NONE) {
            queue_follows(&queue, step.decide.follows, step.decide.follow_count, step.seq);
        }
    }
}

void core_run_with_follows(struct core *core, struct step *step)
{
    core_run(core, step);
    if (step->decide.refusal.code == REFUSAL_NONE && step->decide.follow_count > 0) {
        run_follows(core, step);
    }
}

void core_step(struct core *core, const struct command *command)
{
    CHECK(core->in_batch);
    struct step step = { .core = core, .command = command };
    core_run_with_follows(core, &step);
    struct core_answer answer = {
        .waiting = command->waiting, .kind = command->kind, .refusal = step.decide.refusal,
        .result = step.result, .repeated = step.repeated,
    };
    add_answer(core, &answer);
}

// --------------------------------------------------------------------------------- timers

struct due_timers {
    struct view_timer_row rows[TIMERS_PER_BATCH_MAX];
    uint32_t count, count_max;
};

static bool collect_due(void *context, const struct view_timer_row *row)
{
    struct due_timers *due = context;
    due->rows[due->count++] = *row;
    return due->count < due->count_max;
}

static bool row_exists(struct core *core, const struct view_timer_row *row)
{
    struct key key;
    key_timer(&key, row->due, row->instance,
              row->overdue ? row->timer | KEY_TIMER_OVERDUE : row->timer);
    struct slice value;
    return state_get(core->state, DB_TIMER, &key, &value) == OK;
}

uint32_t core_step_timers(struct core *core, uint32_t count_max)
{
    CHECK(core->in_batch);
    struct due_timers due = { .count_max = count_max < TIMERS_PER_BATCH_MAX
                                               ? count_max
                                               : TIMERS_PER_BATCH_MAX };
    if (due.count_max == 0 || core->timer_floor.ms > core->now_ms) {
        return 0;
    }
    state_command_begin(core->state, core->now_ms);
    view_timers(core_view(core), core->timer_floor, core->now_ms, collect_due, &due);
    for (uint32_t i = 0; i < due.count; i++) {
        const struct view_timer_row *row = &due.rows[i];
        struct command *command = ARENA_NEW(&core->batch, struct command);
        command->kind = row->overdue          ? COMMAND_OVERDUE
                        : row->instance == 0 ? COMMAND_ABSENCE_DUE
                                             : COMMAND_TIMER;
        command->instance = row->instance;
        command->task = row->timer;
        command->due_ms = row->due;
        struct step step = { .core = core, .command = command };
        core_run_with_follows(core, &step);
        if (step.decide.refusal.code != REFUSAL_NONE && row_exists(core, row)) {
            // A row that belongs to no timer of its case: `rung verify` names it; it must not spin.
            core->timer_floor = (struct view_timer_place){ row->due, row->instance + 1 };
        }
    }
    return due.count;
}

static bool first_row(void *context, const struct view_timer_row *row)
{
    *(struct view_timer_place *)context = (struct view_timer_place){ row->due, row->instance };
    return false;
}

static struct view_timer_place first_timer(const struct core *core)
{
    struct view_timer_place first = { UINT64_MAX, 0 };
    view_timers(core_view(core), core->timer_floor, UINT64_MAX, first_row, &first);
    return first;
}

uint64_t core_next_due_ms(const struct core *core) { return first_timer(core).ms; }

bool core_timers_due(const struct core *core, uint64_t now_ms)
{
    return core->timer_floor.ms <= now_ms && core_next_due_ms(core) <= now_ms;
}

// --------------------------------------------------------------------------------- commit

static void refuse_all(struct sealed_batch *sealed, enum err err)
{
    for (uint32_t i = 0; i < sealed->answer_count; i++) {
        sealed->answers[i].result = SLICE_EMPTY;
        sealed->answers[i].repeated = false;
        sealed->answers[i].refusal = (struct refusal){
            REFUSAL_STORE_FULL, slice_from_cstr(err_sentence(err)), SLICE_EMPTY,
        };
    }
    sealed->record_count = 0;
}

bool core_is_sealed(const struct core *core) { return core->sealed.there; }

bool core_seal(struct core *core)
{
    CHECK(core->in_batch && !core->sealed.there);
    core->in_batch = false;
    const struct sealed_batch free = core->sealed;
    core->sealed = (struct sealed_batch){
        .arena = core->batch, .answers = core->answers, .answer_count = core->answer_count,
        .answer_capacity = core->answer_capacity, .records = core->records,
        .record_count = core->record_count, .record_capacity = core->record_capacity,
        .there = true, .write = store_seal(core->store),
    };
    core->batch = free.arena;
    core->answers = free.answers;
    core->answer_count = 0;
    core->answer_capacity = free.answer_capacity;
    core->records = free.records;
    core->record_count = 0;
    core->record_capacity = free.record_capacity;
    return core->sealed.write;
}

enum err core_write(struct core *core) { return store_write(core->store); }

static void drop_open(struct core *core)
{
    core->in_batch = false;
    core->answer_count = 0;
    core->record_count = 0;
    state_refresh_all(core->state);
    core->timer_floor = (struct view_timer_place){ 0, 0 };
    core->mover_count = 0; // from the beginning: results of the dropped batch are none
    core->movers_known = false;
}

void core_release(struct core *core)
{
    CHECK(core->sealed.there && !core->written.there);
    const struct sealed_batch free = core->written;
    if (core->sealed.write) {
        store_release(core->store);
    }
    core->written = core->sealed;
    core->sealed = free;
}

void core_settle(struct core *core, enum err written, const struct core_effects **ret_effects)
{
    if (written == OK && !core->written.there) {
        core_release(core);
    }
    struct sealed_batch *sealed = written == OK ? &core->written : &core->sealed;
    CHECK(sealed->there && (sealed->write || written == OK));
    sealed->there = false;
    if (sealed->write) {
        store_settle(core->store, written);
    }
    if (written != OK) {
        refuse_all(sealed, written);
        drop_open(core);
    }
    state_command_begin(core->state, core->now_ms);
    // Until then the floor holds: looking for the earliest living row passes the dead ones, and
    // there are as many of those as timers were withdrawn since the last flush.
    if (core->timer_floor.ms <= core->now_ms) {
        core->timer_floor = first_timer(core);
    }
    core->effects = (struct core_effects){
        .answers = sealed->answers, .answer_count = sealed->answer_count,
        .records = sealed->records, .record_count = sealed->record_count,
        .next_due_ms = core->timer_floor.ms,
    };
    *ret_effects = &core->effects;
}

enum err core_commit(struct core *core, const struct core_effects **ret_effects)
{
    enum err err = core_seal(core) ? core_write(core) : OK;
    if (err == ERR_IO) {
        core->sealed.there = false;
        store_settle(core->store, err);
        return err;
    }
    core_settle(core, err, ret_effects);
    return err;
}

void core_abort(struct core *core)
{
    if (core->sealed.there && core->sealed.write) {
        store_settle(core->store, ERR_IO);
    }
    core->sealed.there = false;
    store_batch_drop(core->store);
    drop_open(core);
}

uint64_t core_now_ms(const struct core *core) { return store_head(core->store)->now_ms; }

const struct view *core_view(const struct core *core) { return state_view(core->state); }
