// A reader on another thread beside a core that commits and a flusher that flushes: it sees whole
// batches only. Worth running under -fsanitize=thread.
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/check.h"
#include "base/prng.h"
#include "tests/store/scratch.h"

enum { ROWS = 40, BATCHES = 1500 };

struct shared {
    pthread_mutex_t mutex;
    struct store *store;
    bool on_disk;
    atomic_bool stop;
    atomic_int flush; // 0: nothing to do, 1: F waits, 2: written
    uint64_t looks;
};

static void lock_mutex(void *context) { CHECK(pthread_mutex_lock(context) == 0); }
static void unlock_mutex(void *context) { CHECK(pthread_mutex_unlock(context) == 0); }

static struct slice key_of(uint32_t number, char bytes[4])
{
    (void)snprintf(bytes, 4, "%03u", number % 1000);
    return slice_make(bytes, 3);
}

// Every batch writes its number into all rows and deletes every third with odd numbers: a reader
// that sees two numbers, or too few rows, has seen half a batch.
static void write_batch(struct store *store, uint32_t number)
{
    char key[4];
    for (uint32_t i = 0; i < ROWS; i++) {
        if (number % 2 == 1 && i % 3 == 0) {
            store_delete(store, DB_TASK, key_of(i, key));
        } else {
            store_put(store, DB_TASK, key_of(i, key), slice_make(&number, sizeof(number)));
        }
        if (i % 7 == 0) {
            store_command_accept(store);
        }
    }
    store_command_accept(store);
    (void)store_append(store, slice_make(&number, sizeof(number)), number);
    CHECK(store_commit(store) == OK);
}

static uint32_t number_of(struct slice value)
{
    uint32_t number;
    CHECK(value.len == sizeof(number));
    memcpy(&number, value.ptr, sizeof(number));
    return number;
}

static void look(struct store_reader *reader, struct arena *arena)
{
    uint32_t rows = 0;
    uint32_t number = (uint32_t)store_reader_seq(reader);
    struct store_cursor *cursor = store_reader_seek(reader, DB_TASK, SLICE_EMPTY, arena);
    CHECK(!store_reader_failed(reader));
    if (cursor == NULL) {
        CHECK(number == 0);
        return;
    }
    do {
        CHECK(number_of(store_cursor_value(cursor)) == number);
        rows++;
    } while (store_next(cursor));
    CHECK(rows == (number % 2 == 1 ? ROWS - (ROWS + 2) / 3 : ROWS));
    struct slice value;
    char key[4];
    CHECK(store_reader_get(reader, DB_TASK, key_of(1, key), &value) == OK);
    CHECK(number_of(value) == number);
}

static void *run_reader(void *context)
{
    struct shared *shared = context;
    struct store_reader *reader;
    struct arena arena;
    arena_init(&arena, 1024 * 1024);
    CHECK(store_reader_open(shared->store, &reader) == OK);
    uint64_t last_seq = 0;
    while (!atomic_load(&shared->stop)) {
        arena_reset(&arena);
        bool view_only = shared->on_disk && shared->looks % 4 == 3;
        if (view_only) {
            store_reader_begin_view(reader);
        } else {
            store_reader_begin(reader);
        }
        look(reader, &arena);
        uint64_t seq = store_reader_seq(reader);
        store_reader_end(reader);
        CHECK(view_only || seq >= last_seq);
        last_seq = view_only ? last_seq : seq;
        struct slice record;
        if (seq > 0) {
            CHECK(store_reader_record(reader, seq, &arena, &record, NULL) == OK);
            CHECK(number_of(record) == seq);
        }
        struct store_stats stats;
        store_stats(shared->store, &stats);
        shared->looks++;
    }
    uint64_t bad_seq;
    CHECK(store_check_chain(reader, 1, BATCHES / 2, &bad_seq) == OK);
    store_reader_close(reader);
    arena_done(&arena);
    return NULL;
}

static void *run_flusher(void *context)
{
    struct shared *shared = context;
    while (!atomic_load(&shared->stop)) {
        if (atomic_load(&shared->flush) == 1) {
            CHECK(store_flush(shared->store) == OK);
            atomic_store(&shared->flush, 2);
        }
    }
    return NULL;
}

static void run_threads(const char *path)
{
    static struct shared shared;
    memset(&shared, 0, sizeof(shared));
    shared.on_disk = path != NULL;
    CHECK(pthread_mutex_init(&shared.mutex, NULL) == 0);
    struct store_options options = { .path = path,
                                     .create = true,
                                     .map_bytes = (uint64_t)1 << 30,
                                     .lock = { lock_mutex, unlock_mutex, &shared.mutex } };
    shared.store = scratch_open_with(&options);
    pthread_t reader;
    pthread_t flusher;
    CHECK(pthread_create(&reader, NULL, run_reader, &shared) == 0);
    CHECK(pthread_create(&flusher, NULL, run_flusher, &shared) == 0);
    struct prng prng;
    prng_init(&prng, 5);
    for (uint32_t number = 1; number <= BATCHES; number++) {
        write_batch(shared.store, number);
        int flush = atomic_load(&shared.flush);
        if (flush == 2) {
            store_flush_done(shared.store);
            atomic_store(&shared.flush, 0);
        } else if (flush == 0 && prng_chance(&prng, 200000)) {
            store_freeze(shared.store, number);
            atomic_store(&shared.flush, store_frozen(shared.store) ? 1 : 0);
        }
    }
    while (atomic_load(&shared.flush) == 1) {
    }
    atomic_store(&shared.stop, true);
    CHECK(pthread_join(reader, NULL) == 0);
    CHECK(pthread_join(flusher, NULL) == 0);
    assert_true(shared.looks > 0);
    if (atomic_load(&shared.flush) == 2) {
        store_flush_done(shared.store);
    }
    store_close(shared.store, false);
    CHECK(pthread_mutex_destroy(&shared.mutex) == 0);
}

static void a_reader_beside_core_and_flusher_sees_whole_batches(void **state)
{
    (void)state;
    struct scratch scratch;
    scratch_init(&scratch);
    run_threads(scratch.store);
    scratch_done(&scratch);
}

static void a_reader_of_a_store_in_memory_sees_whole_batches(void **state)
{
    (void)state;
    run_threads(NULL);
}

static void *run_record_reader(void *context)
{
    struct shared *shared = context;
    struct store_reader *reader;
    struct arena arena;
    struct prng prng;
    arena_init(&arena, 1024 * 1024);
    prng_init(&prng, 4);
    CHECK(store_reader_open(shared->store, &reader) == OK);
    while (!atomic_load(&shared->stop)) {
        struct slice record;
        arena_reset(&arena);
        store_reader_begin(reader);
        uint64_t seq = store_reader_seq(reader);
        store_reader_end(reader);
        uint64_t back = prng_below(&prng, seq < 60 ? seq + 1 : 60);
        if (seq - back > 0) {
            CHECK(store_reader_record(reader, seq - back, &arena, &record, NULL) == OK);
        }
        CHECK(store_reader_record(reader, BATCHES + 1, &arena, &record, NULL) == ERR_NOT_FOUND);
        shared->looks++;
    }
    store_reader_close(reader);
    arena_done(&arena);
    return NULL;
}

// The flusher moves records out of the log and lengthens it while the core commits records of all
// sizes; a reader finds each of them at any time.
static void records_are_found_while_they_move_from_the_log_to_the_journal(void **state)
{
    (void)state;
    static struct shared shared;
    static char bytes[300000];
    struct scratch scratch;
    struct prng prng;
    scratch_init(&scratch);
    prng_init(&prng, 9);
    memset(&shared, 0, sizeof(shared));
    memset(bytes, 0x5a, sizeof(bytes));
    CHECK(pthread_mutex_init(&shared.mutex, NULL) == 0);
    struct store_options options = { .path = scratch.store,
                                     .create = true,
                                     .map_bytes = (uint64_t)4 << 30,
                                     .lock = { lock_mutex, unlock_mutex, &shared.mutex } };
    shared.store = scratch_open_with(&options);
    pthread_t flusher, reading;
    CHECK(pthread_create(&flusher, NULL, run_flusher, &shared) == 0);
    CHECK(pthread_create(&reading, NULL, run_record_reader, &shared) == 0);
    for (uint32_t number = 1; number <= BATCHES; number++) {
        store_put(shared.store, DB_TASK, SLICE("row"), slice_make(&number, sizeof(number)));
        store_command_accept(shared.store);
        size_t len = 1 + prng_below(&prng, prng_chance(&prng, 300000) ? sizeof(bytes) : 4000);
        (void)store_append(shared.store, slice_make(bytes, len), number);
        assert_int_equal(store_commit(shared.store), OK);
        int flush = atomic_load(&shared.flush);
        if (flush == 2) {
            store_flush_done(shared.store);
            atomic_store(&shared.flush, 0);
        } else if (flush == 0) {
            store_freeze(shared.store, number);
            atomic_store(&shared.flush, 1);
        }
    }
    atomic_store(&shared.stop, true);
    CHECK(pthread_join(flusher, NULL) == 0 && pthread_join(reading, NULL) == 0);
    CHECK(shared.looks > 0);
    store_close(shared.store, true);
    shared.store = scratch_open_with(&options);
    struct store_reader *reader;
    uint64_t bad_seq;
    assert_int_equal(store_reader_open(shared.store, &reader), OK);
    assert_int_equal(store_head(shared.store)->seq, BATCHES);
    assert_int_equal(store_check_chain(reader, 1, BATCHES, &bad_seq), OK);
    store_reader_close(reader);
    store_close(shared.store, true);
    CHECK(pthread_mutex_destroy(&shared.mutex) == 0);
    scratch_done(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_beside_core_and_flusher_sees_whole_batches),
        cmocka_unit_test(a_reader_of_a_store_in_memory_sees_whole_batches),
        cmocka_unit_test(records_are_found_while_they_move_from_the_log_to_the_journal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
