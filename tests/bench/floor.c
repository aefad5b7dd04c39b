#include "tests/bench/floor.h"

#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "base/prng.h"
#include "engine/core/core.h"
#include "engine/store/store.h"
#include "tests/bench/clockwork.h"
#include "tests/bench/load.h"

enum { LOG_ALIGN_BYTES = 4096, LOG_PIECE_BYTES = 1 << 20 };
enum { PATH_BYTES = 512, SAMPLES_MAX = 4000000, ROWS_MAX = 3000000 };
static const size_t map_bytes = (size_t)16 << 30;
static const off_t log_bytes = (off_t)64 << 20; // written over, as the store's

struct bytes {
    const char *ptr;
    uint32_t len;
};
struct row {
    struct bytes key, value; // the key begins with the database's number
};
struct floor {
    const struct floor_options *options;
    struct floor_result *result;
    struct arena arena;
    struct bytes *records;
    struct row *rows; // of the view as it stands, in order
    uint32_t row_count;
    uint32_t *sample;
    int log;
    off_t log_at;
    uint64_t kept; // records that are in the journal's environment
};

static MDB_env *open_env(const char *scratch, const char *name, MDB_dbi *ret_dbi)
{
    char path[PATH_BYTES];
    MDB_env *env = NULL;
    MDB_txn *txn = NULL;
    (void)snprintf(path, sizeof(path), "%s/%s", scratch, name);
    (void)mkdir(path, 0755);
    CHECK(mdb_env_create(&env) == 0 && mdb_env_set_mapsize(env, map_bytes) == 0);
    CHECK(mdb_env_open(env, path, MDB_NORDAHEAD | MDB_NOTLS, 0600) == 0);
    CHECK(mdb_txn_begin(env, NULL, 0, &txn) == 0 && mdb_dbi_open(txn, NULL, 0, ret_dbi) == 0);
    CHECK(mdb_txn_commit(txn) == 0);
    return env;
}

static struct bytes keep(struct floor *floor, struct slice bytes)
{
    return (struct bytes){ arena_copy(&floor->arena, bytes).ptr, (uint32_t)bytes.len };
}

// --- what the store holds ------------------------------------------------------------------------

static bool take_records(struct floor *floor, struct store_reader *reader)
{
    const struct floor_options *options = floor->options;
    uint64_t count = options->last_seq - options->first_seq + 1;
    floor->records = calloc(count, sizeof(floor->records[0]));
    CHECK(floor->records != NULL);
    for (uint64_t i = 0; i < count; i++) {
        struct slice record;
        if (store_reader_record(reader, options->first_seq + i, &floor->arena, &record, NULL) !=
            OK) {
            return false;
        }
        floor->records[i] = (struct bytes){ record.ptr, (uint32_t)record.len };
    }
    floor->result->records = count;
    return true;
}

static void take_rows(struct floor *floor, struct store_reader *reader)
{
    floor->rows = calloc(ROWS_MAX, sizeof(floor->rows[0]));
    CHECK(floor->rows != NULL);
    for (uint32_t db = 1; db < DB_COUNT; db++) {
        struct store_cursor *cursor =
            store_reader_seek(reader, (enum store_db)db, SLICE_EMPTY, &floor->arena);
        bool more = cursor != NULL;
        while (more && floor->row_count < ROWS_MAX) {
            struct slice key = store_cursor_key(cursor);
            char *numbered = arena_alloc_raw(&floor->arena, key.len + 1);
            numbered[0] = (char)db;
            memcpy(numbered + 1, key.ptr, key.len);
            floor->rows[floor->row_count++] = (struct row){
                { numbered, (uint32_t)key.len + 1 }, keep(floor, store_cursor_value(cursor)),
            };
            more = store_next(cursor);
        }
    }
}

static bool take_all(struct floor *floor)
{
    struct store *store = NULL;
    struct store_reader *reader = NULL;
    struct store_problem problem = { 0 };
    const struct store_options options = { .path = floor->options->data,
                                           .fingerprint = core_evolve_fingerprint() };
    if (store_open(&options, &store, &problem) != OK) {
        fprintf(stderr, "floor: %s\n", problem.message);
        return false;
    }
    bool good = store_reader_open(store, &reader) == OK;
    if (good) {
        store_reader_begin_view(reader);
        good = take_records(floor, reader);
        if (good && floor->options->flush_rows > 0) {
            take_rows(floor, reader);
        }
        store_reader_end(reader);
        store_reader_close(reader);
    }
    store_close(store, false);
    return good;
}

// --- the puts ------------------------------------------------------------------------------------

static void open_log(struct floor *floor)
{
    char path[PATH_BYTES];
    char *zeros = calloc(1, LOG_PIECE_BYTES);
    (void)snprintf(path, sizeof(path), "%s/log", floor->options->scratch);
    floor->log = open(path, O_RDWR | O_CREAT, 0600);
    CHECK(zeros != NULL && floor->log >= 0);
    for (off_t at = 0; at < log_bytes; at += LOG_PIECE_BYTES) {
        CHECK(pwrite(floor->log, zeros, LOG_PIECE_BYTES, at) == LOG_PIECE_BYTES);
    }
    CHECK(fsync(floor->log) == 0);
    free(zeros);
}

// One write, one sync.
static void log_records(struct floor *floor, uint64_t first, uint64_t count)
{
    struct arena_mark mark = arena_mark(&floor->arena);
    size_t len = 0;
    for (uint64_t i = first; i < first + count; i++) {
        len += floor->records[i].len;
    }
    size_t whole = (len + LOG_ALIGN_BYTES - 1) / LOG_ALIGN_BYTES * LOG_ALIGN_BYTES;
    char *frame = arena_alloc(&floor->arena, whole);
    len = 0;
    for (uint64_t i = first; i < first + count; i++) {
        memcpy(frame + len, floor->records[i].ptr, floor->records[i].len);
        len += floor->records[i].len;
    }
    floor->log_at = floor->log_at + (off_t)whole > log_bytes ? 0 : floor->log_at;
    CHECK(pwrite(floor->log, frame, whole, floor->log_at) == (ssize_t)whole);
    CHECK(fdatasync(floor->log) == 0);
    floor->log_at += (off_t)whole;
    arena_rewind(&floor->arena, mark);
}

static void keep_records(struct floor *floor, MDB_env *env, MDB_dbi dbi, uint64_t first,
                         uint64_t count)
{
    MDB_txn *txn = NULL;
    CHECK(mdb_txn_begin(env, NULL, 0, &txn) == 0);
    for (uint64_t i = first; i < first + count; i++) {
        unsigned char key[8];
        for (unsigned k = 0; k < 8; k++) {
            key[k] = (unsigned char)((i + 1) >> (56 - 8 * k));
        }
        MDB_val mdb_key = { sizeof(key), key };
        MDB_val value = { floor->records[i].len, (void *)(uintptr_t)floor->records[i].ptr };
        CHECK(mdb_put(txn, dbi, &mdb_key, &value, MDB_APPEND) == 0);
    }
    CHECK(mdb_txn_commit(txn) == 0);
}

static void put_rows(struct floor *floor, MDB_env *env, MDB_dbi dbi, uint32_t first, uint32_t step,
                     uint64_t count)
{
    MDB_txn *txn = NULL;
    CHECK(mdb_txn_begin(env, NULL, 0, &txn) == 0);
    for (uint64_t i = 0; i < count; i++) {
        const struct row *row = &floor->rows[(first + i * step) % floor->row_count];
        MDB_val key = { row->key.len, (void *)(uintptr_t)row->key.ptr };
        MDB_val value = { row->value.len, (void *)(uintptr_t)row->value.ptr };
        CHECK(mdb_put(txn, dbi, &key, &value, 0) == 0);
    }
    CHECK(mdb_txn_commit(txn) == 0);
}

static int compare_samples(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static uint64_t own_cpu_us(void)
{
    struct rusage usage;
    CHECK(getrusage(RUSAGE_SELF, &usage) == 0);
    return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
           (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static uint64_t own_written(void)
{
    char text[1024];
    FILE *file = fopen("/proc/self/io", "r");
    size_t len = file == NULL ? 0 : fread(text, 1, sizeof(text) - 1, file);
    text[len] = '\0';
    if (file != NULL) {
        (void)fclose(file);
    }
    const char *at = strstr(text, "\nwchar: ");
    return at == NULL ? 0 : strtoull(at + 8, NULL, 10);
}

static void measure(struct floor *floor, MDB_env *journal, MDB_dbi journal_dbi, MDB_env *view,
                    MDB_dbi view_dbi)
{
    const struct floor_options *options = floor->options;
    struct floor_result *result = floor->result;
    uint64_t cpu = own_cpu_us(), written = own_written(), begun = clockwork_us();
    uint32_t samples = 0, flushed = 0;
    uint32_t step = options->flush_rows > 0 && floor->row_count > options->flush_rows
                        ? (uint32_t)(floor->row_count / options->flush_rows)
                        : 1;
    for (uint64_t i = 0; i < result->records; i += options->per_commit) {
        uint64_t left = result->records - i;
        uint64_t commit_begun = clockwork_us();
        log_records(floor, i, left < options->per_commit ? left : options->per_commit);
        if (samples < SAMPLES_MAX) {
            floor->sample[samples++] = (uint32_t)(clockwork_us() - commit_begun);
        }
        if (flushed < options->flushes && i * options->flushes >= flushed * result->records) {
            uint64_t rows = options->flush_rows / options->flushes;
            keep_records(floor, journal, journal_dbi, floor->kept, i - floor->kept);
            floor->kept = i;
            put_rows(floor, view, view_dbi, (uint32_t)(flushed * rows * step), step, rows);
            flushed++;
        }
    }
    keep_records(floor, journal, journal_dbi, floor->kept, result->records - floor->kept);
    result->seconds = (double)(clockwork_us() - begun) * 1e-6;
    result->cpu_us = own_cpu_us() - cpu;
    result->written = own_written() - written;
    qsort(floor->sample, samples, sizeof(floor->sample[0]), compare_samples);
    result->p50_us = floor->sample[samples / 2];
    result->p99_us = floor->sample[(uint64_t)samples * 99 / 100];
}

static bool run_child(const struct floor_options *options, struct floor_result *result)
{
    static struct floor floor;
    floor.options = options;
    floor.result = result;
    floor.sample = calloc(SAMPLES_MAX, sizeof(floor.sample[0]));
    arena_init(&floor.arena, (size_t)8 << 30);
    if (floor.sample == NULL || !take_all(&floor)) {
        return false;
    }
    clockwork_remove(options->scratch);
    (void)mkdir(options->scratch, 0755);
    MDB_dbi journal_dbi = 0, view_dbi = 0;
    MDB_env *journal = open_env(options->scratch, "journal", &journal_dbi);
    MDB_env *view = open_env(options->scratch, "view", &view_dbi);
    if (floor.row_count > 0) {
        put_rows(&floor, view, view_dbi, 0, 1, floor.row_count); // what lies there already
    }
    open_log(&floor);
    measure(&floor, journal, journal_dbi, view, view_dbi);
    (void)close(floor.log);
    mdb_env_close(journal);
    mdb_env_close(view);
    clockwork_remove(options->scratch);
    return true;
}

// In a process of its own, so that its CPU and bytes are its own.
bool floor_run(const struct floor_options *options, struct floor_result *ret_result)
{
    int pipe_fd[2], status = 1;
    CHECK(pipe(pipe_fd) == 0);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        struct floor_result result = { 0 };
        bool good = run_child(options, &result) &&
                    write(pipe_fd[1], &result, sizeof(result)) == sizeof(result);
        _exit(good ? 0 : 1);
    }
    (void)close(pipe_fd[1]);
    bool good = read(pipe_fd[0], ret_result, sizeof(*ret_result)) == sizeof(*ret_result);
    (void)close(pipe_fd[0]);
    return waitpid(pid, &status, 0) == pid && status == 0 && good;
}
