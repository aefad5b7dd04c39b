#include "tests/bench/timers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/pack.h"
#include "engine/embed/toolchain_dsl.h"
#include "engine/shell/engine.h"
#include "tests/bench/clockwork.h"
#include "tests/bench/frames.h"
#include "tests/bench/journal.h"

enum {
    BATCH = 100, FILES = 2, TEXT_BYTES = 1 << 16, ARENA_BYTES_MAX = 1 << 30,
    WAIT_MS = 2 * 3600 * 1000, // of timers.rung
    LONGEST_S = 600,
    PEOPLE_WAIT_US = 1500000 // the ladder of lead.rung waits a second
};

struct desk {
    struct engine engine;
    struct clock clock;
    struct transport transport;
    struct worker worker;
    uint64_t now_ms;
    struct arena arena;
};

// --- the seams: nobody speaks to this engine -----------------------------------------------------

static uint64_t wall_clock(void *context) { return ((struct desk *)context)->now_ms; }
static uint64_t steady_clock(void *context) { return ((struct desk *)context)->now_ms * 1000; }

static size_t receive(void *context, uint64_t conn, struct slice bytes)
{
    (void)context;
    (void)conn;
    return bytes.len;
}

static void set_reading(void *context, uint64_t conn, bool on)
{
    (void)context;
    (void)conn;
    (void)on;
}

static void hang_up(void *context, uint64_t conn)
{
    (void)context;
    (void)conn;
}

static void work(void *context, struct job *job)
{
    (void)context;
    (void)job;
}

static uint64_t wall_ms(void)
{
    struct timespec now;
    CHECK(clock_gettime(CLOCK_REALTIME, &now) == 0);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

// --- making them ---------------------------------------------------------------------------------

static bool read_file(const char *path, struct arena *arena, struct toolchain_file *ret_file)
{
    char *text = arena_alloc(arena, TEXT_BYTES);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fprintf(stderr, "run this from the top of the repository: no %s\n", path);
        return false;
    }
    *ret_file = (struct toolchain_file){ slice_from_cstr(path),
                                         slice_make(text, fread(text, 1, TEXT_BYTES, file)) };
    (void)fclose(file);
    return true;
}

static bool activate(struct desk *desk)
{
    struct toolchain_dsl dsl = { 0 };
    struct toolchain toolchain = toolchain_dsl_make(&dsl);
    struct toolchain_file files[FILES];
    struct engine_activation activation = { 0 };
    bool good = read_file("tests/bench/lead.rung", &desk->arena, &files[0]) &&
                read_file("tests/bench/timers.rung", &desk->arena, &files[1]) &&
                engine_activate(&desk->engine, &toolchain, files, FILES, &desk->arena,
                                &activation) == OK;
    if (!good) {
        fprintf(stderr, "%.*s\n", SLICE_PRINT(activation.text));
    }
    return good;
}

static void flush(struct desk *desk, bool all)
{
    struct store *store = desk->engine.store;
    if (store_wants_freeze(store, desk->now_ms, all)) {
        store_freeze(store, desk->now_ms);
        CHECK(store_flush(store) == OK);
        store_flush_done(store);
    }
}

static bool start_some(struct desk *desk, uint32_t first, uint32_t count)
{
    struct command *commands = ARENA_ARRAY(&desk->arena, struct command, count);
    const struct core_effects *effects;
    core_begin(desk->engine.core, desk->now_ms);
    for (uint32_t i = 0; i < count; i++) {
        struct buf buf;
        buf_init(&buf, 64);
        pack_map(&buf, 1);
        pack_cstr(&buf, "number");
        pack_uint(&buf, first + i);
        commands[i] = (struct command){ .kind = COMMAND_START, .process = SLICE("wait"),
                                        .form = arena_copy(&desk->arena, buf_slice(&buf)) };
        buf_done(&buf);
        core_step(desk->engine.core, &commands[i]);
    }
    bool good = core_commit(desk->engine.core, &effects) == OK;
    for (uint32_t i = 0; i < count && good; i++) {
        good = effects->answers[i].refusal.code == REFUSAL_NONE;
        if (!good) {
            fprintf(stderr, "refused: %.*s\n", SLICE_PRINT(effects->answers[i].refusal.message));
        }
    }
    flush(desk, false);
    arena_reset(&desk->arena);
    return good;
}

// The waiting cases, each begun so long before its moment as it waits.
static bool make(const struct timers_options *options, uint64_t first_due_ms)
{
    struct desk *desk = calloc(1, sizeof(*desk));
    struct engine_problem problem;
    CHECK(desk != NULL);
    arena_init(&desk->arena, ARENA_BYTES_MAX);
    desk->now_ms = first_due_ms - WAIT_MS;
    desk->clock = (struct clock){ wall_clock, steady_clock, desk };
    desk->transport = (struct transport){ receive, set_reading, hang_up, desk };
    desk->worker = (struct worker){ work, desk };
    clockwork_remove(options->data);
    const struct engine_options engine = {
        .store = { .path = options->data, .create = true },
        .currency = SLICE("EUR"), .clock = &desk->clock, .transport = &desk->transport,
        .worker = &desk->worker, .scratch_path = "/nowhere",
    };
    enum err err = engine_open(&engine, &desk->engine, &problem);
    if (err != OK) {
        fprintf(stderr, "%s %s\n", err_sentence(err), problem.message);
        free(desk);
        return false;
    }
    bool good = activate(desk);
    for (uint32_t i = 0; i < options->count && good; i += BATCH) {
        uint32_t count = options->count - i < BATCH ? options->count - i : BATCH;
        desk->now_ms = first_due_ms - WAIT_MS +
                       (uint64_t)options->spread_ms * i / options->count;
        good = start_some(desk, i, count);
    }
    flush(desk, true);
    engine_close(&desk->engine, false);
    arena_done(&desk->arena);
    free(desk);
    return good;
}

// --- firing them ---------------------------------------------------------------------------------

static bool add_people(const struct serve *serve)
{
    struct slice users = frames_users();
    uint32_t len = 0;
    char *answer = load_ask(serve->socket, users.ptr, (uint32_t)users.len, &len);
    frames_free(users);
    free(answer);
    return answer != NULL;
}

// Memory of an engine that has just come up and done nothing.
static bool look_at_empty(const struct timers_options *options, struct serve_usage *ret_usage)
{
    char path[300];
    struct serve serve;
    (void)snprintf(path, sizeof(path), "%s-empty", options->data);
    clockwork_remove(path);
    bool good = serve_start_at(&serve, path, "tests/bench/lead.rung", NULL) && add_people(&serve);
    if (good) {
        sleep(1);
        serve_usage(&serve, ret_usage);
        good = serve_stop(&serve);
    }
    clockwork_remove(path);
    return good;
}

static bool await_all(const struct serve *serve, struct serve_stats *ret_stats)
{
    uint64_t begun = clockwork_us();
    bool good = serve_stats(serve, ret_stats);
    while (good && ret_stats->open > 0 && clockwork_us() - begun < LONGEST_S * 1000000ull) {
        usleep(100000);
        good = serve_stats(serve, ret_stats);
    }
    return good;
}

static bool fire(const struct timers_options *options, uint64_t first_due_ms,
                 struct timers_result *result)
{
    struct serve serve;
    struct serve_stats before, after;
    if (!serve_start_at(&serve, options->data, NULL, NULL)) {
        return false;
    }
    bool good = add_people(&serve) && serve_stats(&serve, &before);
    result->ready_ms = serve.ready_ms;
    uint64_t now_ms = wall_ms();
    if (!good || now_ms + 1500 > first_due_ms || before.open != options->count) {
        fprintf(stderr, "the moment came before everything was ready\n");
        serve_kill(&serve);
        return false;
    }
    usleep(1000000);
    serve_usage(&serve, &result->pending);
    double warm_s = (double)(first_due_ms - wall_ms()) / 1e3;
    const struct load_options load = {
        .socket = serve.socket, .connections = options->connections, .rate = options->rate,
        .warm_seconds = warm_s, .seconds = (double)options->spread_ms / 1e3 + 2,
        .wait_us = PEOPLE_WAIT_US,
    };
    good = load_run(&load, &result->load) && !result->load.broken && await_all(&serve, &after);
    if (!good) {
        fprintf(stderr, "the people lost their connection\n");
    }
    serve_usage(&serve, &result->after);
    // The people's leads were all won: a lead and two deals each.
    result->books = good && after.open == 0 && result->load.refused == 0 &&
                    after.ended == options->count + 3 * result->load.leads &&
                    after.timers >= options->count;
    if (good && !result->books) {
        fprintf(stderr, "open %llu, ended %llu, timers %llu, refused %llu %s, leads %llu\n",
                (unsigned long long)after.open, (unsigned long long)after.ended,
                (unsigned long long)after.timers, (unsigned long long)result->load.refused,
                result->load.refusal, (unsigned long long)result->load.leads);
    }
    return serve_stop(&serve) && good;
}

// --- what the journal says -----------------------------------------------------------------------

static const uint64_t bounds_ms[TIMERS_BUCKETS] = {
    0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 60000, UINT64_MAX,
};

uint64_t timers_bucket_ms(uint32_t bucket) { return bounds_ms[bucket]; }

struct audit {
    const struct timers_options *options;
    struct timers_result *result;
    uint8_t *seen; // by case: they are the first of the store
    uint32_t *late;
};

static void take_fired(struct audit *audit, const struct record *record,
                       const struct event_timer_fired *fired)
{
    struct timers_result *result = audit->result;
    if (fired->instance == 0 || fired->instance > audit->options->count) {
        return; // of the people's leads
    }
    result->twice += audit->seen[fired->instance - 1]++ > 0 ? 1u : 0u;
    if (record->now_ms < fired->due) {
        result->early++;
        return;
    }
    uint64_t late = record->now_ms - fired->due;
    uint32_t bucket = 0;
    while (late > bounds_ms[bucket]) {
        bucket++;
    }
    result->late[bucket]++;
    result->last_ms = record->now_ms > result->last_ms ? record->now_ms : result->last_ms;
    audit->late[result->fired++ % audit->options->count] = (uint32_t)late;
    result->late_max_ms = late > result->late_max_ms ? late : result->late_max_ms;
}

static void take_record(void *context, const struct record *record)
{
    for (uint32_t i = 0; i < record->event_count; i++) {
        if (record->events[i].kind == EVENT_TIMER_FIRED) {
            take_fired(context, record, &record->events[i].timer_fired);
        }
    }
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static bool audit(const struct timers_options *options, struct timers_result *result)
{
    struct audit audit = { options, result, calloc(options->count, 1),
                           calloc(options->count, sizeof(uint32_t)) };
    CHECK(audit.seen != NULL && audit.late != NULL);
    bool good = journal_each(options->data, take_record, &audit);
    if (good && result->fired > 0) {
        uint64_t count = result->fired < options->count ? result->fired : options->count;
        qsort(audit.late, count, sizeof(audit.late[0]), by_size);
        result->late_p50_ms = audit.late[count / 2];
        result->late_p99_ms = audit.late[count * 99 / 100];
    }
    free(audit.seen);
    free(audit.late);
    return good;
}

bool timers_run(const struct timers_options *options, struct timers_result *ret_result)
{
    *ret_result = (struct timers_result){ .books = false };
    uint64_t begun = clockwork_us();
    if (!look_at_empty(options, &ret_result->empty)) {
        return false;
    }
    uint64_t first_due_ms = wall_ms() + options->ahead_ms;
    bool good = make(options, first_due_ms);
    ret_result->made_s = (double)(clockwork_us() - begun) / 1e6;
    good = good && fire(options, first_due_ms, ret_result) && audit(options, ret_result);
    ret_result->fired_s = good ? (double)(ret_result->last_ms - first_due_ms) / 1e3 : 0;
    return good;
}
