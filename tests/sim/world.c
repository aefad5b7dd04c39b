// One run: draws its options from the seed, lives through faults, heals, drains, closes.
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/check.h"
#include "base/mem.h"
#include "engine/embed/toolchain_dsl.h"
#include "engine/time/ranges.h"
#include "tests/crash/disk.h"
#include "tests/sim/process.h"
#include "tests/sim/process_bill.h"
#include "tests/sim/sim.h"

enum {
    SETTLE_TICKS_MAX = 6000,
    PUNCTUAL_ROUNDS_MAX = 250,
    TIMER_TICKS_MAX = 60,
    OPEN_TRIES_MAX = 6,
    STEP_US_MAX = 20000,
    LULLS = 4000, // per million and tick
    DEPLOYS = 4000,
    SAID_AGAIN = 40000,
    BOUNDS = 3000,
    CALM_TICKS = 10, WAKE_TICKS = 12,
    BOUNDS_TRIES_MAX = 100,
    SAY_AGAIN_MAX = 100,
    LULL_TICKS = 60
};
static const uint64_t start_ms = 1767603600000ull; // 2026-01-05 09:00
static const uint64_t evening_us = 10ull * 3600 * 1000000; // later than any hour of an office
static const uint64_t map_bytes = 1024ull * 1024 * 1024;

const char *sim_oracle_name(enum sim_oracle oracle)
{
    switch (oracle) {
    case ORACLE_NONE: return "none";
#define ORACLE(CODE, number, name, sentence) \
    case ORACLE_##CODE: return name;
#include "tests/sim/oracle.def"
#undef ORACLE
    }
    return "unknown";
}

void sim_break(struct world *world, enum sim_oracle oracle, const char *format, ...)
{
    va_list args;
    if (world->broken != ORACLE_NONE) {
        return;
    }
    va_start(args, format);
    world->broken = oracle;
    (void)vsnprintf(world->message, sizeof(world->message), format, args);
    va_end(args);
    sim_trace(world, "broken %s", world->message);
}

void sim_trace(struct world *world, const char *format, ...)
{
    char line[512];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    size_t kept = len < 0 ? 0 : (size_t)len < sizeof(line) ? (size_t)len : sizeof(line) - 1;
    world->trace = sim_hash(world->trace, line, kept);
    if (world->options.verbose) {
        (void)printf("%6" PRIu64 " %" PRIu64 " %s\n", world->counts.ticks, world->wall_ms, line);
    }
}

// --------------------------------------------------------------------------------- options

static uint32_t between(struct prng *prng, uint32_t least, uint32_t most)
{
    return least + (uint32_t)prng_below(prng, (uint64_t)most - least + 1);
}

// Each kind of fault is off in a part of the runs, so that the others are seen alone, too.
static uint32_t sometimes(struct prng *prng, uint32_t most)
{
    return prng_chance(prng, 300000) ? 0 : between(prng, most / 8, most);
}

static void draw_options(struct world *world, struct prng *prng)
{
    struct sim_options *options = &world->options;
    options->ticks = options->lite ? between(prng, 500, 900) : between(prng, 2000, 4000);
    options->clients = between(prng, 1, SIM_CLIENTS_MAX);
    options->flush_rows = between(prng, 4, 300);
    options->flush_ms = between(prng, 1, 2000);
    options->crash = between(prng, 500, 4000);
    options->power = sometimes(prng, 4000);
    options->cut = between(prng, 1000, 8000);
    options->io_error = sometimes(prng, 1500);
    options->full = sometimes(prng, 3000);
    options->reset = sometimes(prng, 8000);
    options->slow = sometimes(prng, 4000);
    options->leap = sometimes(prng, 1500);
    options->pass = between(prng, 5000, 60000);
    options->core_turn = between(prng, 300000, 1000000);
    options->shell_turn = between(prng, 300000, 1000000);
    options->flusher_turn = between(prng, 50000, 1000000);
    options->follower_turn = between(prng, 20000, 800000);
    options->drop_index = sometimes(prng, 300000);
    options->writer = prng_chance(prng, 700000);
    options->writer_turn = between(prng, 50000, 1000000);
}

// --------------------------------------------------------------------------------- seams

static uint64_t wall_clock(void *context) { return ((struct world *)context)->wall_ms; }
static uint64_t steady_clock(void *context) { return ((struct world *)context)->steady_us; }

static void submit_job(void *context, struct job *job)
{
    struct world *world = context;
    job->run(job);
    shell_job_done(world->engine.shell, job);
}

// --------------------------------------------------------------------------------- up and down

static void close_readers(struct world *world)
{
    if (world->view != NULL) {
        view_close_reader(world->view);
        store_reader_close(world->reader);
    }
    world->view = NULL;
    world->reader = NULL;
}

static void go_down(struct world *world)
{
    if (!world->up) {
        return;
    }
    close_readers(world);
    engine_close(&world->engine, true);
    outside_crash(world);
    net_drop_all(world);
    world->up = false;
}

static void crash(struct world *world, const char *why)
{
    sim_trace(world, "crash: %s", why);
    world->counts.crashes++;
    go_down(world);
}

static void lose_power(struct world *world, const char *why)
{
    sim_trace(world, "power loss: %s", why);
    world->counts.power_losses++;
    world->counts.cuts += disk_is_cut() ? 1u : 0u;
    go_down(world);
    disk_power_loss(&world->prng_disk);
}

// Whoever likes may delete the search index of an engine that is down.
static void drop_index(struct world *world)
{
    if (prng_chance(&world->prng_fault, world->options.drop_index)) {
        // A fault of the disk that was still to come may stop it half way.
        world->counts.dropped_indexes += index_drop(world->scratch.store) == OK ? 1u : 0u;
    }
}

// One range of mobile numbers: what such a number tells must be a fact of the history, since the
// fold that is compared with the view has no register.
static const struct ranges *mobiles(void)
{
    enum { CODE = 902 };
    static const struct range row = { 5000000, 5099999 };
    static struct ranges ranges = { .rows = &row, .zones = { { "Asia/Vladivostok", 16 } },
                                    .zone_count = 1, .mark = 1 };
    for (uint32_t code = CODE + 1; code <= RANGES_CODES; code++) {
        ranges.first[code] = 1;
    }
    return &ranges;
}

static enum err try_open(struct world *world)
{
    struct engine_problem problem;
    const struct engine_options options = {
        .store = { .path = world->scratch.store, .create = true, .map_bytes = map_bytes,
                   .uuid = (const uint8_t *)"simulated store!",
                   .flush_rows = world->options.flush_rows,
                   .flush_ms = world->options.flush_ms },
        .currency = SLICE("EUR"),
        .ranges = mobiles(),
        .clock = &world->clock,
        .transport = &world->transport,
        .worker = &world->worker,
        .effector = &world->outside.effector,
        .scratch_path = "/nowhere",
        .writer = world->options.writer,
        .hand_over = 1,
    };
    enum err err = engine_open(&options, &world->engine, &problem);
    if (err != OK) {
        // The message names the folder, which is another one in each run.
        sim_trace(world, "open: %s", err_name(err));
        return err;
    }
    world->up = true;
    sim_trace(world, "index at %" PRIu64,
              world->engine.follower != NULL ? follower_seq(world->engine.follower) : 0);
    CHECK(store_reader_open(world->engine.store, &world->reader) == OK);
    CHECK(view_open_reader(world->reader, &world->view) == OK);
    return OK;
}

static void come_up(struct world *world)
{
    drop_index(world);
    for (uint32_t i = 0; i < OPEN_TRIES_MAX && !world->up; i++) {
        enum err err = try_open(world);
        if (disk_is_cut()) {
            lose_power(world, "while opening");
        } else if (err != OK && (!world->faults || i + 1 == OPEN_TRIES_MAX ||
                                 (err != ERR_IO && err != ERR_FULL && err != ERR_NO_MEMORY))) {
            sim_break(world, ORACLE_OPEN, "the store does not open: %s", err_name(err));
            return;
        }
    }
    if (world->up) {
        sim_trace(world, "up, %" PRIu64 " folded", world->engine.folded);
        world->counts.replayed += world->engine.folded;
        oracle_reopened(world);
    }
}

// --------------------------------------------------------------------------------- the company

static void add_people(struct world *world)
{
    static const struct slice head[] = { { "head", 4 } };
    static const struct slice sales[] = { { "sales", 5 } };
    static const struct slice works[] = { { "works", 5 } };
    static const struct slice teams[] = { { "north", 5 }, { "south", 5 } };
    const struct command_user users[] = {
        { .name = SLICE("hana"), .title = SLICE("Hana"), .roles = head, .role_count = 1,
          .active = true },
        { .name = SLICE("sam"), .title = SLICE("Sam"), .roles = sales, .role_count = 1,
          .teams = teams, .team_count = 1, .active = true },
        { .name = SLICE("sue"), .title = SLICE("Sue"), .roles = sales, .role_count = 1,
          .teams = teams, .team_count = 2, .active = true },
        { .name = SLICE("sid"), .title = SLICE("Sid"), .roles = sales, .role_count = 1,
          .teams = &teams[1], .team_count = 1, .active = true },
        { .name = SLICE("wim"), .title = SLICE("Wim"), .roles = works, .role_count = 1,
          .active = true },
        { .name = SLICE("wes"), .title = SLICE("Wes"), .roles = works, .role_count = 1,
          .active = true },
    };
    const struct command command = { .kind = COMMAND_USERS,
                                     .users = users,
                                     .user_count = ARRAY_COUNT(users) };
    const struct core_effects *effects;
    core_begin(world->engine.core, world->wall_ms);
    core_step(world->engine.core, &command);
    enum err err = core_commit(world->engine.core, &effects);
    CHECK(err == OK && effects->answers[0].refusal.code == REFUSAL_NONE);
}

static void found_company(struct world *world)
{
    struct toolchain_dsl dsl = { 0 };
    struct toolchain toolchain = toolchain_dsl_make(&dsl);
    struct toolchain_file files[] = {
        { SLICE("sim.rung"), slice_from_cstr(sim_process_text) },
        { SLICE("pair.rung"), slice_from_cstr(sim_pair_text) },
        { SLICE("visit.rung"), slice_from_cstr(sim_visit_text) },
        { SLICE("bill.rung"), slice_from_cstr(sim_bill_text) },
        { SLICE("sim.lua"), slice_from_cstr(sim_hook_text) },
    };
    struct engine_activation activation;
    come_up(world);
    CHECK(world->up);
    enum err err =
        engine_activate(&world->engine, &toolchain, files, ARRAY_COUNT(files), &world->arena,
                        &activation);
    if (err != OK) {
        sim_break(world, ORACLE_MODEL, "the processes do not compile: %.*s",
                  SLICE_PRINT(activation.text));
        return;
    }
    add_people(world);
    oracle_commit(world);
}

// --------------------------------------------------------------------------------- new versions

static void after_commit(struct world *world);

static bool core_is_busy(const struct world *world)
{
    return world->engine.core_tick.begun || core_is_sealed(world->engine.core);
}

static void deploy(struct world *world)
{
    bool busy = core_is_busy(world);
    bool late = world->counts.deploys == 0 && world->counts.ticks > world->options.ticks / 2;
    if ((prng_chance(&world->prng_work, DEPLOYS) || late) && !busy) {
        versions_deploy(world);
        after_commit(world);
    } else if (prng_chance(&world->outside.prng, SAID_AGAIN) && !busy) {
        outside_say_again(world);
        after_commit(world);
    } else if (prng_chance(&world->outside.prng, BOUNDS) && !busy) {
        bounds_reach(world);
    }
}

// --------------------------------------------------------------------------------- turns

void world_committed(struct world *world) { after_commit(world); }

static void after_commit(struct world *world)
{
    if (disk_is_cut()) {
        lose_power(world, "during a commit");
    } else if (atomic_load(&world->engine.core_tick.failed)) {
        world->counts.io_errors++;
        crash(world, "what is on disk is unknown");
    } else {
        oracle_commit(world);
    }
}

static void turn_core(struct world *world)
{
    (void)core_tick(&world->engine.core_tick);
    after_commit(world);
}

static void turn_writer(struct world *world)
{
    bool did = writer_tick(&world->engine.writer);
    world->counts.handed_over += did ? 1u : 0u;
    if (disk_is_cut()) {
        lose_power(world, "while the next batch was decided");
    }
}

static void turn_flusher(struct world *world)
{
    bool did = flusher_tick(&world->engine.flusher);
    if (disk_is_cut()) {
        lose_power(world, "during a flush");
    } else if (did) {
        sim_trace(world, "flush %d", (int)flusher_state(&world->engine.flusher));
        world->counts.flushes +=
            flusher_state(&world->engine.flusher) == FLUSHER_FINISHED ? 1u : 0u;
    }
}

static void turn_follower(struct world *world)
{
    struct follower *follower = world->engine.follower;
    if (follower == NULL) {
        return; // its disk failed when the store was opened
    }
    uint64_t before = follower_seq(follower);
    (void)follower_tick(follower);
    if (disk_is_cut()) {
        lose_power(world, "while cases were filed");
    } else if (follower_seq(follower) != before) {
        world->counts.filings++;
        sim_trace(world, "filed up to %" PRIu64, follower_seq(follower));
    }
}

static void strike(struct world *world)
{
    struct prng *prng = &world->prng_fault;
    const struct sim_options *options = &world->options;
    if (prng_chance(prng, options->crash / 3)) {
        crash(world, "killed");
    } else if (prng_chance(prng, options->power / 3)) {
        lose_power(world, "between two turns");
    } else if (prng_chance(prng, options->cut / 3) && !disk_is_cut()) {
        disk_cut_after(prng_below(prng, 10));
    } else if (prng_chance(prng, options->io_error / 3)) {
        disk_fail_next(prng_chance(prng, 500000) ? DISK_SYNC : DISK_WRITE, EIO,
                       1 + prng_below(prng, 5));
    } else if (prng_chance(prng, options->full / 3)) {
        world->counts.fulls++;
        disk_fail_next(DISK_WRITE, ENOSPC, 1 + prng_below(prng, 5));
    }
}

static bool wants_turn(struct world *world, uint32_t odds)
{
    return !world->faults || prng_chance(&world->prng_turn, odds);
}

// The sides in an order drawn from the seed; anything may strike between two of them.
static void take_turns(struct world *world)
{
    uint32_t first = world->faults ? (uint32_t)prng_below(&world->prng_turn, 5) : 0;
    for (uint32_t i = 0; i < 5 && world->up && world->broken == ORACLE_NONE; i++) {
        switch ((first + i) % 5) {
        case 0:
            if (wants_turn(world, world->options.shell_turn)) {
                world->outside.wait_ms = shell_tick(world->engine.shell);
            }
            break;
        case 1:
            if (wants_turn(world, world->options.core_turn)) {
                turn_core(world);
            }
            break;
        case 2:
            if (wants_turn(world, world->options.writer_turn)) {
                turn_writer(world);
            }
            break;
        case 3:
            if (wants_turn(world, world->options.follower_turn)) {
                turn_follower(world);
            }
            break;
        default:
            if (wants_turn(world, world->options.flusher_turn)) {
                turn_flusher(world);
            }
            break;
        }
        if (world->faults && world->up) {
            strike(world);
        }
    }
}

static void pass_time(struct world *world, uint64_t us)
{
    uint64_t before_ms = world->steady_us / 1000;
    world->steady_us += us;
    world->wall_ms += world->steady_us / 1000 - before_ms;
}

static void move_clocks(struct world *world)
{
    struct prng *prng = &world->prng_turn;
    pass_time(world, 1 + prng_below(prng, STEP_US_MAX));
    if (prng_chance(prng, world->options.pass)) {
        pass_time(world, prng_below(prng, (uint64_t)60000000 << prng_below(prng, 6)));
    }
    if (world->lull > 0 && --world->lull == 0 && world->up && work_is_quiet(world)) {
        // Days. Nothing may be under way: the engine forgets a client that was silent for a day.
        pass_time(world, prng_below(prng, 15ull * 24 * 3600 * 1000000));
        sim_trace(world, "days pass");
    } else if (world->lull == 0 && prng_chance(prng, LULLS)) {
        world->lull = LULL_TICKS;
    }
    if (prng_chance(prng, world->options.leap)) {
        uint64_t by = prng_below(prng, 5ull * 3600 * 1000);
        world->counts.leaps++;
        world->wall_ms = prng_chance(prng, 500000) ? world->wall_ms + by : world->wall_ms - by;
        sim_trace(world, "the wall clock leaps");
    }
}

static void tick(struct world *world)
{
    world->counts.ticks++;
    arena_reset(&world->passing);
    if (!world->up) {
        come_up(world);
    }
    if (world->up) {
        net_tick(world);
        outside_tick(world);
        take_turns(world);
    }
}

// --------------------------------------------------------------------------------- phases

// A run that would end without one of these gets it by force.
static void force_faults(struct world *world, uint32_t at)
{
    uint32_t ticks = world->options.ticks;
    if (at >= ticks / 3 && world->counts.crashes == 0 && world->up) {
        crash(world, "killed at last");
    }
    if (at == ticks / 2 && world->counts.power_losses == 0 && world->up) {
        disk_cut_after(prng_below(&world->prng_fault, 6));
    }
    if (at >= ticks * 2 / 3 && world->counts.power_losses == 0 && world->up) {
        lose_power(world, "at last");
    }
}

static void live_with_faults(struct world *world)
{
    world->faults = true;
    for (uint32_t i = 0; i < world->options.ticks && world->broken == ORACLE_NONE; i++) {
        move_clocks(world);
        if (world->up) {
            work_tick(world);
            deploy(world);
        }
        tick(world);
        force_faults(world, i);
        if (world->up && world->broken == ORACLE_NONE &&
            i % (world->options.ticks / 3) == world->options.ticks / 4) {
            oracle_verify(world);
            oracle_lanes(world);
        }
    }
    world->faults = false;
}

static void heal(struct world *world)
{
    go_down(world);
    disk_power_loss(&world->prng_disk);
    disk_arm(world->scratch.store); // forgets the faults that are still to come
    uint64_t last_ms = world->model->now_ms;
    world->wall_ms = world->wall_ms < last_ms ? last_ms : world->wall_ms;
    come_up(world);
}

static void calm_tick(struct world *world)
{
    pass_time(world, 5000);
    tick(world);
}

// After a start nobody tells the engine of the calls that wait: it must look by itself, before
// anything new is promised.
static void wake_up(struct world *world)
{
    bool awake = false;
    for (uint32_t i = 0; i < WAKE_TICKS && !awake && world->broken == ORACLE_NONE; i++) {
        calm_tick(world);
        awake = timekeeper_stepped(&world->engine.keeper) || outside_is_awake(world, false);
    }
    if (!awake) {
        (void)outside_is_awake(world, true);
    }
}

static void drain(struct world *world)
{
    for (uint32_t i = 0; i < SETTLE_TICKS_MAX && world->broken == ORACLE_NONE; i++) {
        bool settled = work_settle(world);
        calm_tick(world);
        if (settled && i > 20 && !timekeeper_stepped(&world->engine.keeper) &&
            work_pushes_complete(world)) {
            return;
        }
    }
    bool told = work_pushes_complete(world);
    sim_break(world, told ? ORACLE_LIVE : ORACLE_PUSH, "after %d calm ticks %s", SETTLE_TICKS_MAX,
              !told                                        ? "pushes are missing"
              : timekeeper_stepped(&world->engine.keeper) ? "timers still stand still"
                                                           : "requests have no answer");
}

// A run that has not met the bounds of a case among faults meets them now.
static void reach_bounds(struct world *world)
{
    const struct sim_counts *counts = &world->counts;
    const struct model_case office = { .zone = IN_UTC };
    for (uint32_t i = 0; i < BOUNDS_TRIES_MAX && world->broken == ORACLE_NONE &&
                         (counts->kept_full == 0 || counts->calls_full == 0 ||
                          counts->for_hours == 0 || counts->failed == 0); i++) {
        bool open = model_opening(&office, world->wall_ms) == world->wall_ms;
        if (counts->for_hours == 0 && open) {
            pass_time(world, evening_us); // the post closes
        }
        calm_tick(world);
        if (!core_is_busy(world)) {
            bounds_reach(world);
        }
    }
}

// Once nobody asks any more, another version is applied, and its cases come along by themselves.
static void come_along(struct world *world)
{
    uint64_t deploys = world->counts.deploys;
    uint32_t calm = 0; // since a client was heard last
    for (uint32_t i = 0; i < SETTLE_TICKS_MAX && world->broken == ORACLE_NONE; i++) {
        bool left = core_is_busy(world) || core_versions_left(world->engine.core);
        if (!left && calm >= CALM_TICKS && world->counts.deploys > deploys) {
            break;
        }
        if (!left && calm >= CALM_TICKS) {
            versions_deploy(world); // it may be the one that there is
            after_commit(world);
        }
        calm++;
        calm_tick(world);
    }
    if (world->broken == ORACLE_NONE) {
        versions_check(world);
    }
}

// Once faults have ceased, the index catches up with the journal, and everything is found.
static void search(struct world *world)
{
    struct follower *follower = world->engine.follower;
    for (uint32_t i = 0; i < SETTLE_TICKS_MAX && world->broken == ORACLE_NONE; i++) {
        if (follower != NULL && follower_seq(follower) == store_head(world->engine.store)->seq) {
            find_check(world);
            return;
        }
        calm_tick(world);
    }
    sim_break(world, ORACLE_LIVE, "the search index does not catch up: %s",
              follower == NULL ? "it was not opened" : err_name(follower_failed(follower)));
}

static void ask_everything(struct world *world)
{
    uint32_t number = 0;
    for (uint32_t i = 0; i < SETTLE_TICKS_MAX && world->broken == ORACLE_NONE; i++) {
        if (questions_settle(world, &number)) {
            return;
        }
        calm_tick(world);
    }
    sim_break(world, ORACLE_LIVE, "questions have no answer");
}

static uint64_t next_due(const struct model *model)
{
    uint64_t call = bill_next_due(model);
    uint64_t due = model_next_due(model);
    return call < due ? call : due;
}

// From due moment to due moment: what must happen by itself happens then.
static void let_time_pass(struct world *world)
{
    for (uint32_t i = 0; i < PUNCTUAL_ROUNDS_MAX && world->broken == ORACLE_NONE; i++) {
        uint64_t due = next_due(world->model);
        if (due == UINT64_MAX) {
            break;
        }
        if (!outside_is_awake(world, false)) {
            tick(world); // it has not looked yet at what was committed last
            tick(world);
            (void)outside_is_awake(world, true);
        }
        if (due > world->wall_ms) {
            pass_time(world, (due - world->wall_ms) * 1000);
        }
        uint64_t now_ms = world->wall_ms;
        for (uint32_t t = 0; t < TIMER_TICKS_MAX && next_due(world->model) <= now_ms; t++) {
            tick(world);
        }
        oracle_punctual(world, now_ms);
    }
    for (uint32_t i = 0; i < SAY_AGAIN_MAX && world->counts.said_again == 0 &&
                         world->broken == ORACLE_NONE; i++) {
        outside_say_again(world);
        after_commit(world);
    }
}

static void shut_down(struct world *world)
{
    shell_stop(world->engine.shell);
    for (uint32_t i = 0; i < 500 && !shell_is_quiet(world->engine.shell); i++) {
        calm_tick(world);
    }
    if (!shell_is_quiet(world->engine.shell)) {
        sim_break(world, ORACLE_LIVE, "the engine does not come to rest");
        shell_drop(world->engine.shell);
    }
    close_readers(world);
    engine_close(&world->engine, world->broken != ORACLE_NONE);
    world->up = false;
}

// Once more from the disk, for the last check.
static void look_again(struct world *world)
{
    come_up(world);
    if (world->broken == ORACLE_NONE) {
        oracle_verify(world);
        oracle_lanes(world);
        close_readers(world);
        engine_close(&world->engine, false);
        world->up = false;
    }
}

static void check_counts(struct world *world)
{
    const struct sim_counts *counts = &world->counts;
    const struct { const char *name; uint64_t count; } wanted[] = {
        { "crashes", counts->crashes }, { "power losses", counts->power_losses },
        { "retries", counts->retries }, { "acknowledgements", counts->acknowledged },
        { "timers", counts->timers + counts->overdue }, { "flushes", counts->flushes },
        { "searches", counts->searches },
        { "tries of calls", counts->tries },
        { "lost acknowledgements", counts->lost },
        { "works that were asked for again", counts->done_again },
        { "answers that were said again", counts->said_again },
        { "messages", counts->messages },
        { "answers to questions while faults went on", counts->answers_amid },
        { "versions", counts->deploys },
        { "calls that waited for their hours", counts->for_hours },
        { "messages that waited and could not be done", counts->failed },
        { "cases with as many messages as may wait", counts->kept_full },
        { "cases with as many calls as may be on their way", counts->calls_full },
        { "answers that were held against the model", counts->answers_exact },
    };
    for (size_t i = 0; i < ARRAY_COUNT(wanted); i++) {
        if (wanted[i].count == 0) {
            sim_break(world, ORACLE_QUIET, "this run held no %s", wanted[i].name);
        }
    }
}

// --------------------------------------------------------------------------------- files

static uint64_t hash_file(const char *folder, const char *name)
{
    char path[400];
    char bytes[8192];
    uint64_t hash = SIM_HASH_START;
    (void)snprintf(path, sizeof(path), "%s/%s/data.mdb", folder, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return 0;
    }
    for (size_t len = fread(bytes, 1, sizeof(bytes), file); len > 0;
         len = fread(bytes, 1, sizeof(bytes), file)) {
        hash = sim_hash(hash, bytes, len);
    }
    (void)fclose(file);
    return hash;
}

// --------------------------------------------------------------------------------- one run

static void live(struct world *world)
{
    found_company(world);
    if (world->broken == ORACLE_NONE) {
        live_with_faults(world);
    }
    if (world->broken == ORACLE_NONE) {
        heal(world);
    }
    if (world->broken == ORACLE_NONE) {
        wake_up(world);
    }
    if (world->broken == ORACLE_NONE) {
        drain(world);
    }
    if (world->broken == ORACLE_NONE) {
        come_along(world);
    }
    if (world->broken == ORACLE_NONE) {
        reach_bounds(world);
    }
    if (world->broken == ORACLE_NONE) {
        search(world);
    }
    if (world->broken == ORACLE_NONE) {
        let_time_pass(world);
    }
    if (world->broken == ORACLE_NONE) {
        drain(world);
    }
    if (world->broken == ORACLE_NONE) {
        search(world);
    }
    if (world->broken == ORACLE_NONE) {
        ask_everything(world);
    }
    if (world->broken == ORACLE_NONE) {
        outside_check(world);
    }
    if (world->broken == ORACLE_NONE) {
        shut_down(world);
    }
    if (world->broken == ORACLE_NONE) {
        look_again(world);
    }
    if (world->broken == ORACLE_NONE) {
        check_counts(world);
    }
    go_down(world);
}

static struct world *make_world(uint64_t seed, bool lite, bool verbose)
{
    struct world *world = mem_zalloc(sizeof(*world));
    struct prng prng;
    prng_init(&prng, seed);
    world->options = (struct sim_options){ .seed = seed, .lite = lite, .verbose = verbose };
    draw_options(world, &prng);
    world->prng_work = prng_fork(&prng);
    world->prng_net = prng_fork(&prng);
    world->prng_fault = prng_fork(&prng);
    world->prng_turn = prng_fork(&prng);
    world->prng_disk = prng_fork(&prng);
    world->outside.prng = prng_fork(&prng);
    world->clock = (struct clock){ wall_clock, steady_clock, world };
    world->worker = (struct worker){ submit_job, world };
    world->wall_ms = start_ms;
    world->steady_us = 1000000;
    world->trace = SIM_HASH_START;
    arena_init(&world->arena, 1024ull * 1024 * 1024);
    arena_init(&world->passing, 1024ull * 1024 * 1024);
    buf_init(&world->packed, 1024 * 1024);
    world->model = model_make();
    scratch_init_in(&world->scratch, "/dev/shm");
    disk_arm(world->scratch.store);
    net_init(world);
    outside_init(world);
    work_init(world);
    return world;
}

static void free_world(struct world *world)
{
    net_done(world);
    outside_done(world);
    disk_disarm();
    scratch_done(&world->scratch);
    model_free(world->model);
    buf_done(&world->packed);
    arena_done(&world->arena);
    arena_done(&world->passing);
    mem_free(world->records);
    mem_free(world);
}

void sim_run(uint64_t seed, bool lite, bool verbose, struct sim_result *ret_result)
{
    struct world *world = make_world(seed, lite, verbose);
    live(world);
    *ret_result = (struct sim_result){ .broken = world->broken, .counts = world->counts };
    ret_result->files = hash_file(world->scratch.store, "journal") ^
                        hash_file(world->scratch.store, "view") * 31 ^
                        hash_file(world->scratch.store, "search") * 63;
    ret_result->trace = world->trace;
    ret_result->unseed = prng_next(&world->prng_work) ^ prng_next(&world->prng_net) ^
                         prng_next(&world->prng_fault) ^ prng_next(&world->prng_turn) ^
                         prng_next(&world->prng_disk) ^ prng_next(&world->outside.prng);
    memcpy(ret_result->message, world->message, sizeof(world->message));
    free_world(world);
}
