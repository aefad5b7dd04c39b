#include "engine/shell/engine.h"

#include <stdio.h>

#include "base/check.h"
#include "dsl/image/image.h"
#include "engine/shell/walk.h"
#include "engine/state/view.h"
#include "engine/time/ranges.h"
#include "engine/time/zoneinfo.h"

enum { FIRST_RECORD_BYTES_MAX = 16 * 1024 * 1024 };
#define SEARCH_MAP_BYTES ((uint64_t)64 << 30)

const char *engine_build(void) { return "rung " RUNG_VERSION; }

// --- clocks --------------------------------------------------------------------------------------

// The moment of the store's first record; 0 for an empty store.
static enum err first_moment(struct store *store, uint64_t *ret_ms)
{
    *ret_ms = 0;
    if (store_head(store)->seq == 0) {
        return OK;
    }
    struct store_reader *reader = NULL;
    enum err err = store_reader_open(store, &reader);
    if (err != OK) {
        return err;
    }
    struct arena arena;
    arena_init(&arena, FIRST_RECORD_BYTES_MAX);
    struct record record;
    err = walk_record(reader, 1, &arena, &record);
    if (err == OK) {
        *ret_ms = record.now_ms;
    }
    arena_done(&arena);
    store_reader_close(reader);
    return err;
}

// A demo clock that runs multiplies the distance from the first record, also over the time that the
// engine was off; it never shows less than the last record.
static uint64_t demo_begin(const struct engine_options *options, const struct store *store,
                           uint64_t first_ms)
{
    const struct clock *clock = options->clock;
    uint64_t wall_ms = clock->now_ms(clock->context);
    if (first_ms == 0) {
        return options->demo_ms != 0 ? options->demo_ms : wall_ms;
    }
    uint64_t begin_ms = store_head(store)->now_ms;
    uint64_t elapsed_ms = wall_ms > first_ms ? wall_ms - first_ms : 0;
    if (options->demo_factor > 0 && elapsed_ms < MOMENT_MS_MAX / options->demo_factor &&
        first_ms + elapsed_ms * options->demo_factor > begin_ms) {
        begin_ms = first_ms + elapsed_ms * options->demo_factor;
    }
    return begin_ms < MOMENT_MS_MAX ? begin_ms : MOMENT_MS_MAX;
}

static enum err start_clock(const struct engine_options *options, struct engine *engine)
{
    uint64_t first_ms = 0;
    enum err err = options->demo ? first_moment(engine->store, &first_ms) : OK;
    if (err == OK) {
        const struct clock_options clock = {
            .demo = options->demo,
            .factor = options->demo_factor,
            .demo_ms = options->demo ? demo_begin(options, engine->store, first_ms) : 0,
        };
        timekeeper_init(&engine->keeper, options->clock, &clock);
    }
    return err;
}

// --- opening -------------------------------------------------------------------------------------

static void explain(enum err err, const struct store_problem *store, struct engine_problem *problem)
{
    if (err == ERR_LOCKED) {
        (void)snprintf(problem->message, sizeof(problem->message),
                       "another rung (process %ld) works on this data folder", store->holder_pid);
    } else if (store->message[0] != '\0') {
        (void)snprintf(problem->message, sizeof(problem->message), "%s", store->message);
    }
}

static enum err open_core(const struct engine_options *options, struct engine *engine,
                          struct engine_problem *problem)
{
    char versions[140];
    char phones[40] = "";
    char tz[16];
    zoneinfo_version(tz, sizeof(tz));
    if (options->ranges != NULL) {
        (void)snprintf(phones, sizeof(phones), "; phone ranges %016llx",
                       (unsigned long long)options->ranges->mark);
    }
    (void)snprintf(versions, sizeof(versions), "image %d; record %d; language %d; tzdata %s%s",
                   IMAGE_FORMAT, RECORD_FORMAT, LANGUAGE_EDITION, tz, phones);
    const struct core_options core = {
        .build = slice_from_cstr(engine_build()),
        .versions = slice_from_cstr(versions),
        .currency = options->currency,
        .region = options->region,
        .zone = options->zone,
        .ranges = options->ranges,
        .demo = options->demo,
    };
    enum err err = core_open(engine->store, &core, timekeeper_now(&engine->keeper), &engine->core,
                             &engine->folded);
    if (err == ERR_DEMO) {
        (void)snprintf(problem->message, sizeof(problem->message), "%s",
                       options->demo
                           ? "this store runs on the real clock; a demo clock is refused"
                           : "this store was run on a demo clock and opens only with one");
    }
    return err;
}

static void wire(const struct engine_options *options, struct engine *engine)
{
    flusher_init(&engine->flusher, engine->store, options->wake_flusher, options->wake_core);
    writer_init(&engine->writer, engine->core, options->wake_writer, options->wake_core);
    inbox_init(&engine->inbox, INBOX_COMMANDS_MAX, options->wake_for_commands);
    inbox_init(&engine->outbox, DELIVERIES, options->wake_shell);
    inbox_init(&engine->idle, DELIVERIES, options->wake_core);
    core_tick_init(&engine->core_tick, &(struct core_tick_options){
        .core = engine->core,
        .store = engine->store,
        .keeper = &engine->keeper,
        .flusher = &engine->flusher,
        .writer = options->writer ? &engine->writer : NULL,
        .hand_over = options->hand_over,
        .inbox = &engine->inbox,
        .outbox = &engine->outbox,
        .idle = &engine->idle,
    });
}

static void unwire(struct engine *engine)
{
    core_tick_done(&engine->core_tick);
    inbox_done(&engine->inbox);
    inbox_done(&engine->outbox);
    inbox_done(&engine->idle);
}

enum err engine_open(const struct engine_options *options, struct engine *ret_engine,
                     struct engine_problem *ret_problem)
{
    struct engine *engine = ret_engine;
    *engine = (struct engine){ 0 };
    ret_problem->message[0] = '\0';
    struct store_options store = options->store;
    struct store_problem problem = { 0 };
    store.fingerprint = core_evolve_fingerprint();
    enum err err = store_open(&store, &engine->store, &problem);
    if (err != OK) {
        explain(err, &problem, ret_problem);
        return err;
    }
    err = start_clock(options, engine);
    if (err == OK) {
        err = open_core(options, engine, ret_problem);
    }
    if (err == OK && options->store.path != NULL) {
        // Nothing waits for the index: an engine that cannot keep one works without.
        uint64_t map_bytes = options->store.map_bytes;
        engine->follower_err = follower_open(engine->store, options->store.path,
                                             map_bytes > 0 ? map_bytes : SEARCH_MAP_BYTES,
                                             &engine->follower);
    }
    if (err == OK) {
        wire(options, engine);
        const struct view_counters *counters = view_counters(core_view(engine->core));
        size_t currency = 0;
        while (currency < sizeof(counters->currency) && counters->currency[currency] != '\0') {
            currency++;
        }
        err = shell_open(&(struct shell_options){
            .store = engine->store,
            .core_tick = &engine->core_tick,
            .keeper = &engine->keeper,
            .inbox = &engine->inbox,
            .outbox = &engine->outbox,
            .idle = &engine->idle,
            .transport = options->transport,
            .worker = options->worker,
            .effector = options->effector,
            .toolchain = options->toolchain,
            .follower = engine->follower,
            .mappings = options->mappings,
            .scratch_path = options->scratch_path,
            .build = slice_from_cstr(engine_build()),
            .currency = slice_make(counters->currency, currency),
        }, &engine->shell);
        if (err != OK) {
            unwire(engine);
        }
    }
    if (err != OK) {
        follower_close(engine->follower);
        if (engine->core != NULL) {
            core_close(engine->core);
        }
        store_close(engine->store, true);
    }
    return err;
}

void engine_close(struct engine *engine, bool crash)
{
    // A flush that was under way is brought to its end, so that closing does not write it twice.
    if (!crash) {
        core_tick_stop(&engine->core_tick);
        (void)flusher_tick(&engine->flusher);
        if (flusher_state(&engine->flusher) == FLUSHER_FINISHED) {
            flusher_settle(&engine->flusher);
        }
    }
    shell_close(engine->shell, crash);
    follower_close(engine->follower);
    unwire(engine);
    core_close(engine->core);
    store_close(engine->store, crash);
    *engine = (struct engine){ 0 };
}

// --- activation ----------------------------------------------------------------------------------

static uint32_t count_active(const struct view *view)
{
    uint32_t count = 0;
    for (uint32_t process = 1; process < view_counters(view)->next_process; process++) {
        count += view_active(view, process) != NULL ? 1 : 0;
    }
    return count;
}

static bool same_as_active(const struct view *view, const struct toolchain_program *program)
{
    uint32_t number = view_process_number(view, program->process);
    const struct view_program *active = view_active(view, number);
    active = active != NULL ? active : view_active_inbox(view, number);
    return active != NULL && active->image.header->bytes == program->image.len &&
           memcmp(active->image.header, program->image.ptr, program->image.len) == 0;
}

static enum err activate(struct engine *engine, const struct toolchain_result *result,
                         struct arena *arena, struct slice *ret_text)
{
    struct command_program *programs =
        ARENA_ARRAY(arena, struct command_program, result->program_count + 1);
    for (uint32_t i = 0; i < result->program_count; i++) {
        programs[i] = (struct command_program){ result->programs[i].process,
                                                result->programs[i].image,
                                                result->programs[i].source };
    }
    const struct command command = {
        .kind = COMMAND_APPLY,
        .programs = programs,
        .program_count = result->program_count,
    };
    const struct core_effects *effects = NULL;
    core_begin(engine->core, timekeeper_tick(&engine->keeper));
    core_step(engine->core, &command);
    enum err err = core_commit(engine->core, &effects);
    if (err == OK && effects->answers[0].refusal.code != REFUSAL_NONE) {
        *ret_text = arena_copy(arena, effects->answers[0].refusal.message);
        err = ERR_BAD_INPUT;
    }
    return err;
}

enum err engine_activate(struct engine *engine, const struct toolchain *toolchain,
                         const struct toolchain_file *files, uint32_t count, struct arena *arena,
                         struct engine_activation *ret_activation)
{
    CHECK(toolchain != NULL);
    const struct view *view = core_view(engine->core);
    struct toolchain_result result = { 0 };
    *ret_activation = (struct engine_activation){ .fresh = count_active(view) == 0 };
    if (count == 0) {
        return OK;
    }
    toolchain->run(toolchain->context, files, count, arena, &result);
    ret_activation->text = result.text;
    ret_activation->programs = result.program_count;
    if (!result.good) {
        return ERR_BAD_INPUT;
    }
    if (ret_activation->fresh) {
        return result.program_count > 0
                   ? activate(engine, &result, arena, &ret_activation->text)
                   : OK;
    }
    for (uint32_t i = 0; i < result.program_count; i++) {
        ret_activation->differ += same_as_active(view, &result.programs[i]) ? 0 : 1;
    }
    return OK;
}
