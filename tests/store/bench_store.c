// What the store costs, without an engine above it: batches of commands that change the rows a
// typical press changes, with a flusher thread. Not a test: it prints figures.
//
//   bench_store FOLDER [instances]           saturation by batch size, then an open loop
//   bench_store FOLDER INSTANCES open RATE SECONDS ROWS BYTES MS [nopace] [keep]
//   bench_store FOLDER INSTANCES full BATCH SECONDS ROWS BYTES MS [nopace] [keep]
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/prng.h"
#include "engine/server/pacing.h"
#include "tests/store/scratch.h"

enum { IMAGE_BYTES = 400, RECORD_BYTES = 330, BATCH_MAX = 512, SAMPLES_MAX = 8000000 };

struct run {
    const char *path;
    uint64_t instances;
    uint32_t rate; // 0: saturation
    uint32_t batch;
    double seconds;
    struct store_options options;
    bool pace;
    bool keep; // the folder stays and is used again
};

struct bench {
    struct store *store;
    struct prng prng;
    uint64_t instances, requests;
    uint32_t *versions; // of each instance: tells the keys of its task and its timer
    pthread_mutex_t mutex;
    pthread_mutex_t wake;
    pthread_cond_t woken;
    int flush; // under wake: 0 nothing, 1 F waits, 2 written, 3 end
    bool pace;
    uint64_t waits;
};

static double seconds_now(void)
{
    struct timespec now;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static double thread_cpu_seconds(void)
{
    struct timespec used;
    CHECK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used) == 0);
    return (double)used.tv_sec + (double)used.tv_nsec * 1e-9;
}

static void lock_mutex(void *context) { CHECK(pthread_mutex_lock(context) == 0); }
static void unlock_mutex(void *context) { CHECK(pthread_mutex_unlock(context) == 0); }

static void put_be(char *to, uint64_t value, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++) {
        to[i] = (char)(value >> (8 * (bytes - 1 - i)));
    }
}

static uint64_t mix(uint64_t value)
{
    struct prng prng;
    prng_init(&prng, value);
    return prng_next(&prng);
}

// --- one command's rows ----------------------------------------------------------------------

// holder (1 of 1,000), due, instance, task
static struct slice task_key(char key[32], uint64_t instance, uint32_t version)
{
    uint64_t drawn = mix(instance * 1000003 + version);
    put_be(key, drawn % 1000, 8);
    put_be(key + 8, 1700000000000 + (drawn >> 10) % 2592000000, 8);
    put_be(key + 16, instance, 8);
    put_be(key + 24, version, 8);
    return slice_make(key, 32);
}

static struct slice timer_key(char key[24], uint64_t instance, uint32_t version)
{
    put_be(key, 1700000000000 + mix(instance * 31 + version) % 2592000000, 8);
    put_be(key + 8, instance, 8);
    put_be(key + 16, version, 8);
    return slice_make(key, 24);
}

static void put_command(struct bench *bench, uint64_t instance)
{
    struct store *store = bench->store;
    uint32_t version = bench->versions[instance]++;
    char key[32];
    char image[IMAGE_BYTES] = { 0 };
    char facts[90] = { 0 };
    struct slice old;
    put_be(key, instance, 8);
    CHECK(store_get(store, DB_INSTANCE, slice_make(key, 8), &old) == OK && old.len == IMAGE_BYTES);
    memcpy(image, old.ptr, IMAGE_BYTES);
    put_be(image, version + 1, 8);
    store_put(store, DB_INSTANCE, slice_make(key, 8), slice_make(image, IMAGE_BYTES));
    store_delete(store, DB_TASK, task_key(key, instance, version));
    store_put(store, DB_TASK, task_key(key, instance, version + 1), slice_make(facts, 90));
    store_delete(store, DB_TIMER, timer_key(key, instance, version));
    store_put(store, DB_TIMER, timer_key(key, instance, version + 1), slice_make(facts, 8));
    put_be(key, bench->requests % 1000, 8); // client
    put_be(key + 8, bench->requests / 1000 % 1024, 8);
    bench->requests++;
    store_put(store, DB_REQUEST, slice_make(key, 16), slice_make(facts, 48));
    store_command_accept(store);
    char record[RECORD_BYTES] = { 0 };
    put_be(record, instance, 8);
    (void)store_append(store, slice_make(record, RECORD_BYTES), store_head(store)->now_ms);
}

// --- flusher ---------------------------------------------------------------------------------

static void *run_flusher(void *context)
{
    struct bench *bench = context;
    for (;;) {
        CHECK(pthread_mutex_lock(&bench->wake) == 0);
        while (bench->flush != 1 && bench->flush != 3) {
            CHECK(pthread_cond_wait(&bench->woken, &bench->wake) == 0);
        }
        bool end = bench->flush == 3;
        CHECK(pthread_mutex_unlock(&bench->wake) == 0);
        if (end) {
            return NULL;
        }
        CHECK(store_flush(bench->store) == OK);
        CHECK(pthread_mutex_lock(&bench->wake) == 0);
        bench->flush = 2;
        CHECK(pthread_cond_broadcast(&bench->woken) == 0);
        CHECK(pthread_mutex_unlock(&bench->wake) == 0);
    }
}

static void between_batches(struct bench *bench, const struct store_options *options, bool idle)
{
    CHECK(pthread_mutex_lock(&bench->wake) == 0);
    bool overfull = bench->flush == 1 && store_overfull(bench->store);
    bench->waits += overfull ? 1 : 0;
    while (overfull && bench->flush == 1) {
        CHECK(pthread_cond_wait(&bench->woken, &bench->wake) == 0);
    }
    if (bench->flush == 2) {
        store_flush_done(bench->store);
        bench->flush = 0;
    }
    uint64_t clock_ms = (uint64_t)(seconds_now() * 1e3);
    if (bench->flush == 0 && store_wants_freeze(bench->store, clock_ms, idle)) {
        store_freeze(bench->store, clock_ms);
        bench->flush = 1;
        CHECK(pthread_cond_broadcast(&bench->woken) == 0);
    }
    CHECK(pthread_mutex_unlock(&bench->wake) == 0);
    if (bench->pace) {
        struct store_stats stats;
        store_stats(bench->store, &stats);
        bool hurry =
            stats.active_rows > options->flush_rows || stats.active_bytes > options->flush_bytes;
        pacing_set(hurry ? -1 : store_view_fd(bench->store));
    }
}

// --- the runs --------------------------------------------------------------------------------

static void fill(struct bench *bench)
{
    char key[32];
    char image[IMAGE_BYTES] = { 0 };
    for (uint64_t i = 0; i < bench->instances; i++) {
        put_be(key, i, 8);
        store_put(bench->store, DB_INSTANCE, slice_make(key, 8), slice_make(image, IMAGE_BYTES));
        store_put(bench->store, DB_TASK, task_key(key, i, 0), slice_make(image, 90));
        store_put(bench->store, DB_TIMER, timer_key(key, i, 0), slice_make(image, 8));
        store_command_accept(bench->store);
        if (i % 1000 == 999 || i + 1 == bench->instances) {
            (void)store_append(bench->store, SLICE("filled"), 1);
            CHECK(store_commit(bench->store) == OK);
        }
        if (i % 20000 == 19999 || i + 1 == bench->instances) {
            scratch_flush(bench->store);
        }
    }
}

static void read_versions(struct bench *bench)
{
    for (uint64_t i = 0; i < bench->instances; i++) {
        char key[8];
        struct slice image;
        put_be(key, i, 8);
        CHECK(store_get(bench->store, DB_INSTANCE, slice_make(key, 8), &image) == OK);
        bench->versions[i] = 0;
        for (uint32_t b = 4; b < 8; b++) {
            bench->versions[i] = bench->versions[i] << 8 | (unsigned char)image.ptr[b];
        }
    }
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static long anonymous_mb(void)
{
    FILE *status = fopen("/proc/self/status", "r");
    char line[200];
    long kb = 0;
    while (status != NULL && fgets(line, sizeof(line), status) != NULL) {
        if (strncmp(line, "RssAnon:", 8) == 0) {
            kb = strtol(line + 8, NULL, 10);
        }
    }
    if (status != NULL) {
        (void)fclose(status);
    }
    return kb / 1024;
}

struct result {
    double *late_ms; // of each command, from its arrival to its commit
    size_t samples;
    double seconds, core_cpu_seconds;
    long memory_mb;
};

static void run_batches(struct bench *bench, const struct run *run, struct result *result)
{
    double start = seconds_now();
    double cpu = thread_cpu_seconds();
    double now = start;
    uint64_t done = 0;
    while (now - start < run->seconds && result->samples + BATCH_MAX < SAMPLES_MAX) {
        uint64_t count = run->batch;
        if (run->rate > 0) {
            uint64_t arrived = (uint64_t)((now - start) * run->rate);
            if (arrived <= done) {
                struct timespec pause = { 0, 20000 };
                (void)nanosleep(&pause, NULL);
                now = seconds_now();
                continue;
            }
            count = arrived - done < BATCH_MAX ? arrived - done : BATCH_MAX;
        }
        double begun = now;
        for (uint64_t i = 0; i < count; i++) {
            put_command(bench, prng_below(&bench->prng, bench->instances));
        }
        CHECK(store_commit(bench->store) == OK);
        now = seconds_now();
        for (uint64_t i = 0; i < count; i++) {
            double arrival = run->rate > 0 ? start + (double)(done + i) / run->rate : begun;
            result->late_ms[result->samples++] = (now - arrival) * 1e3;
        }
        done += count;
        between_batches(bench, &run->options, false);
        if (done % 64 < count) {
            long mb = anonymous_mb();
            result->memory_mb = mb > result->memory_mb ? mb : result->memory_mb;
        }
        now = seconds_now();
    }
    result->seconds = now - start;
    result->core_cpu_seconds = thread_cpu_seconds() - cpu;
}

static void print_result(const struct bench *bench, const struct run *run, struct result *result,
                         double cpu_seconds)
{
    struct store_stats stats;
    store_stats(bench->store, &stats);
    size_t n = result->samples;
    qsort(result->late_ms, n, sizeof(double), compare_doubles);
    char what[40];
    (void)snprintf(what, sizeof(what), run->rate > 0 ? "open %u/s" : "batch %u",
                   run->rate > 0 ? run->rate : run->batch);
    printf(
        "| %s | %llu k | %u / %llu MB / %u ms%s | %.0f | %.2f | %.2f | %.2f | %.1f | %llu | %.0f "
        "| %.0f | %.1f | %.1f | %ld | %llu |\n",
        what, (unsigned long long)bench->instances / 1000, run->options.flush_rows,
        (unsigned long long)run->options.flush_bytes >> 20, run->options.flush_ms,
        run->pace ? "" : " unpaced", (double)n / result->seconds, result->late_ms[n / 2],
        result->late_ms[n * 99 / 100], result->late_ms[n * 999 / 1000], result->late_ms[n - 1],
        (unsigned long long)stats.flushes,
        stats.flushes > 0 ? (double)stats.flush_rows / (double)stats.flushes : 0.0,
        stats.flushes > 0 ? (double)stats.flush_us_total / (double)stats.flushes / 1e3 : 0.0,
        cpu_seconds / (double)n * 1e6, result->core_cpu_seconds / (double)n * 1e6,
        result->memory_mb, (unsigned long long)bench->waits);
    (void)fflush(stdout);
}

static double cpu_seconds(void)
{
    struct rusage usage;
    CHECK(getrusage(RUSAGE_SELF, &usage) == 0);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

static void run_one(const struct run *run)
{
    struct bench bench = { .instances = run->instances, .pace = run->pace };
    struct result result = { .late_ms = mem_alloc(sizeof(double) * SAMPLES_MAX) };
    prng_init(&bench.prng, 1);
    CHECK(pthread_mutex_init(&bench.mutex, NULL) == 0);
    CHECK(pthread_mutex_init(&bench.wake, NULL) == 0);
    CHECK(pthread_cond_init(&bench.woken, NULL) == 0);
    bench.versions = mem_zalloc(sizeof(uint32_t) * run->instances);
    if (!run->keep) {
        scratch_remove(run->path);
    }
    struct store_options options = run->options;
    options.path = run->path;
    options.create = true;
    options.lock = (struct store_lock){ lock_mutex, unlock_mutex, &bench.mutex };
    bench.store = scratch_open_with(&options);
    if (store_head(bench.store)->seq == 0) {
        fill(&bench);
    } else {
        read_versions(&bench);
    }
    store_close(bench.store, false);
    (void)sleep(1);
    bench.store = scratch_open_with(&options);
    pthread_t flusher;
    CHECK(pthread_create(&flusher, NULL, run_flusher, &bench) == 0);
    double cpu = cpu_seconds();
    run_batches(&bench, run, &result);
    cpu = cpu_seconds() - cpu;
    CHECK(pthread_mutex_lock(&bench.wake) == 0);
    while (bench.flush == 1) {
        CHECK(pthread_cond_wait(&bench.woken, &bench.wake) == 0);
    }
    if (bench.flush == 2) {
        store_flush_done(bench.store);
    }
    bench.flush = 3;
    CHECK(pthread_cond_broadcast(&bench.woken) == 0);
    CHECK(pthread_mutex_unlock(&bench.wake) == 0);
    CHECK(pthread_join(flusher, NULL) == 0);
    print_result(&bench, run, &result, cpu);
    pacing_set(-1);
    store_close(bench.store, !run->keep);
    if (!run->keep) {
        scratch_remove(run->path);
    }
    mem_free(bench.versions);
    mem_free(result.late_ms);
}

static uint64_t number(const char *text) { return strtoull(text, NULL, 10); }

int main(int argc, char **argv)
{
    if (argc < 2) {
        (void)fprintf(stderr, "bench_store FOLDER [INSTANCES [open RATE | full BATCH  SECONDS ROWS "
                              "BYTES MS [nopace] [keep]]]\n");
        return 2;
    }
    struct run run = { .path = argv[1],
                       .instances = argc > 2 ? number(argv[2]) : 100000,
                       .seconds = 20,
                       .pace = true };
    run.options.flush_rows = STORE_FLUSH_ROWS;
    run.options.flush_bytes = STORE_FLUSH_BYTES;
    run.options.flush_ms = STORE_FLUSH_MS;
    printf("| load | instances | flush at | commands/s | p50 ms | p99 | p99.9 | max | flushes | "
           "rows each "
           "| ms each | CPU us/command: all | core | RssAnon MB | waits "
           "|\n|---|---|---|---|---|---|---|---|---|---|---"
           "|---|---|---|---|\n");
    if (argc >= 9) {
        run.rate = strcmp(argv[3], "open") == 0 ? (uint32_t)number(argv[4]) : 0;
        run.batch = (uint32_t)number(argv[4]);
        run.seconds = (double)number(argv[5]);
        run.options.flush_rows = (uint32_t)number(argv[6]);
        run.options.flush_bytes = number(argv[7]);
        run.options.flush_ms = (uint32_t)number(argv[8]);
        for (int i = 9; i < argc; i++) {
            run.pace = run.pace && strcmp(argv[i], "nopace") != 0;
            run.keep |= strcmp(argv[i], "keep") == 0;
        }
        run_one(&run);
        return 0;
    }
    static const uint32_t batches[] = { 1, 32, 100, 400 };
    for (size_t i = 0; i < ARRAY_COUNT(batches); i++) {
        run.batch = batches[i];
        run.seconds = 8;
        run_one(&run);
    }
    run.rate = 4000;
    run.seconds = 20;
    run_one(&run);
    return 0;
}
