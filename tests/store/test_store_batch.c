// Batches, blobs and the fold: what is committed is there, what is not is not.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/check.h"
#include "base/mem.h"
#include "tests/store/scratch.h"

static uint64_t fold(struct store *store);

static struct slice text_key(const char *key) { return slice_make(key, strlen(key) + 1); }

static void put(struct store *store, const char *key, const char *value)
{
    store_put(store, DB_INSTANCE, text_key(key), slice_from_cstr(value));
}

static void assert_value(struct store *store, const char *key, const char *value)
{
    assert_true(slice_equal(scratch_get(store, key), slice_from_cstr(value)));
}

static void a_refused_command_leaves_no_rows(void **state)
{
    (void)state;
    struct store *store = scratch_open(NULL);
    put(store, "kept", "1");
    assert_int_equal(store_command_rows(store), 1);
    store_command_accept(store);
    put(store, "kept", "2");
    put(store, "dropped", "3");
    store_delete(store, DB_INSTANCE, text_key("other"));
    assert_int_equal(store_command_rows(store), 3);
    assert_value(store, "kept", "2");
    store_command_refuse(store);
    assert_int_equal(store_command_rows(store), 0);
    assert_value(store, "kept", "1");
    assert_value(store, "dropped", "");
    store_close(store, false);
}

static void a_batch_without_records_is_dropped(void **state)
{
    (void)state;
    struct store *store = scratch_open(NULL);
    put(store, "a", "1");
    store_command_accept(store);
    assert_int_equal(store_commit(store), OK);
    assert_value(store, "a", "");
    assert_int_equal(store_head(store)->seq, 0);
    store_close(store, false);
}

static void records_get_ascending_seqs_and_a_chain(void **state)
{
    (void)state;
    struct scratch scratch;
    scratch_init(&scratch);
    struct store *store = scratch_open(scratch.store);
    uint8_t before[STORE_CHAIN_BYTES];
    memcpy(before, store_chain(store), sizeof(before));
    assert_int_equal(store_append(store, SLICE("one"), 10), 1);
    assert_int_equal(store_append(store, SLICE("two"), 10), 2);
    assert_int_equal(store_batch_records(store), 2);
    assert_memory_not_equal(before, store_chain(store), sizeof(before));
    assert_int_equal(store_head(store)->seq, 0);
    assert_int_equal(store_commit(store), OK);
    assert_int_equal(store_head(store)->seq, 2);
    assert_int_equal(store_head(store)->now_ms, 10);
    assert_memory_equal(store_head(store)->chain, store_chain(store), STORE_CHAIN_BYTES);
    (void)store_append(store, SLICE("dropped"), 11);
    store_batch_drop(store);
    assert_memory_equal(store_head(store)->chain, store_chain(store), STORE_CHAIN_BYTES);
    assert_int_equal(store_append(store, SLICE("three"), 12), 3);
    assert_int_equal(store_commit(store), OK);

    struct store_reader *reader;
    struct arena arena;
    struct slice record;
    uint8_t chain[STORE_CHAIN_BYTES];
    uint64_t bad_seq;
    arena_init(&arena, 1024 * 1024);
    assert_int_equal(store_reader_open(store, &reader), OK);
    assert_int_equal(store_reader_record(reader, 3, &arena, &record, chain), OK);
    assert_true(slice_equal(record, SLICE("three")));
    assert_memory_equal(chain, store_head(store)->chain, sizeof(chain));
    assert_int_equal(store_reader_record(reader, 4, &arena, &record, NULL), ERR_NOT_FOUND);
    assert_int_equal(store_reader_record(reader, 0, &arena, &record, NULL), ERR_NOT_FOUND);
    assert_int_equal(store_check_chain(reader, 1, 3, &bad_seq), OK);
    assert_int_equal(store_check_chain(reader, 3, 3, &bad_seq), OK);
    assert_int_equal(store_check_chain(reader, 2, 4, &bad_seq), ERR_CORRUPT);
    assert_int_equal(bad_seq, 4);
    store_reader_close(reader);
    arena_done(&arena);
    store_close(store, false);
    scratch_done(&scratch);
}

// --- blobs -----------------------------------------------------------------------------------

static void check_blobs(struct store *store, const char *path)
{
    static const size_t lengths[] = { 0, 1, 2000, 65519, 65520, 65521, 300000 };
    static uint8_t hashes[ARRAY_COUNT(lengths)][STORE_HASH_BYTES];
    char *bytes = mem_zalloc(300000);
    struct arena arena;
    struct slice got;
    arena_init(&arena, 16 * 1024 * 1024);
    for (size_t i = 0; i < ARRAY_COUNT(lengths); i++) {
        memset(bytes, (int)i + 1, lengths[i]);
        struct slice blob = slice_make(bytes, lengths[i]);
        store_blob_put(store, blob, hashes[i]);
        store_blob_put(store, blob, hashes[i]); // twice the same is one
        assert_int_equal(store_blob_get(store, hashes[i], &arena, &got), OK); // staged
        assert_true(slice_equal(got, blob));
        (void)store_append(store, SLICE("names a blob"), 1);
        assert_int_equal(store_commit(store), OK);
    }
    if (path != NULL) {
        store_close(store, true);
        store = scratch_open(path);
    }
    struct store_reader *reader;
    assert_int_equal(store_reader_open(store, &reader), OK);
    for (size_t i = 0; i < ARRAY_COUNT(lengths); i++) {
        memset(bytes, (int)i + 1, lengths[i]);
        assert_int_equal(store_blob_get(store, hashes[i], &arena, &got), OK);
        assert_true(slice_equal(got, slice_make(bytes, lengths[i])));
        assert_int_equal(store_reader_blob(reader, hashes[i], &arena, &got), OK);
        assert_true(slice_equal(got, slice_make(bytes, lengths[i])));
    }
    uint8_t unknown[STORE_HASH_BYTES] = { 7 };
    assert_int_equal(store_blob_get(store, unknown, &arena, &got), ERR_NOT_FOUND);
    store_blob_put(store, SLICE("never committed"), unknown);
    store_batch_drop(store);
    assert_int_equal(store_blob_get(store, unknown, &arena, &got), ERR_NOT_FOUND);
    store_reader_close(reader);
    arena_done(&arena);
    mem_free(bytes);
    store_close(store, false);
}

static void blobs_are_found_by_their_hash(void **state)
{
    (void)state;
    struct scratch scratch;
    scratch_init(&scratch);
    check_blobs(scratch_open(NULL), NULL);
    check_blobs(scratch_open(scratch.store), scratch.store);
    scratch_done(&scratch);
}

// --- room ------------------------------------------------------------------------------------

// What the log took is durable, also when the journal's environment has no room for it.
static void a_journal_without_room_keeps_what_it_acknowledged(void **state)
{
    (void)state;
    struct scratch scratch;
    scratch_init(&scratch);
    struct store_options options = { .path = scratch.store,
                                     .create = true,
                                     .map_bytes = 512 * 1024 };
    struct store *store = scratch_open_with(&options);
    scratch_put(store, "early", "1");
    scratch_flush(store);
    char *large = mem_zalloc(1024 * 1024);
    memcpy(large, "late=", 5);
    memset(large + 5, '2', 100);
    put(store, "late", "2");
    store_command_accept(store);
    (void)store_append(store, slice_make(large, 1024 * 1024), 50);
    assert_int_equal(store_commit(store), OK);
    store_freeze(store, 0);
    for (uint32_t round = 0; round < 2; round++) {
        assert_int_equal(store_flush(store), ERR_FULL);
        assert_true(store_frozen(store));
        assert_value(store, "early", "1");
        assert_value(store, "late", "2");
    }
    struct store_head head = *store_head(store);
    store_close(store, false);
    struct store_problem problem;
    assert_int_equal(store_open(&options, &store, &problem), ERR_FULL);
    assert_non_null(strstr(problem.message, "no room"));
    options.map_bytes = (uint64_t)1 << 30; // somebody made room
    store = scratch_open_with(&options);
    assert_memory_equal(&head, store_head(store), sizeof(head));
    store_close(store, true);
    mem_free(large);
    scratch_done(&scratch);
}

static void a_view_without_room_keeps_the_rows_until_there_is_more(void **state)
{
    (void)state;
    struct scratch scratch;
    scratch_init(&scratch);
    struct store_options options = { .path = scratch.store,
                                     .create = true,
                                     .map_bytes = 512 * 1024 };
    struct store *store = scratch_open_with(&options);
    char *large = mem_zalloc(700 * 1024);
    struct slice value = slice_make(large, 700 * 1024);
    struct slice got;
    store_put(store, DB_PART, SLICE("large"), value);
    put(store, "k1", "k1");
    store_command_accept(store);
    (void)store_append(store, SLICE("k1=k1"), 1); // small: the journal has room
    assert_int_equal(store_commit(store), OK);
    store_freeze(store, 0);
    for (uint32_t round = 0; round < 2; round++) {
        assert_int_equal(store_flush(store), ERR_FULL);
        assert_true(store_frozen(store));
        assert_int_equal(store_get(store, DB_PART, SLICE("large"), &got), OK);
        assert_true(slice_equal(got, value));
        assert_value(store, "k1", "k1");
        scratch_put(store, round == 0 ? "k2" : "k3", round == 0 ? "k2" : "k3");
    }
    store_close(store, false); // nothing reached the view, nothing is lost
    options.map_bytes = (uint64_t)1 << 30;
    store = scratch_open_with(&options);
    assert_int_equal(fold(store), 3);
    assert_value(store, "k1", "k1");
    assert_value(store, "k3", "k3");
    scratch_flush(store);
    mem_free(large);
    store_close(store, false);
    scratch_done(&scratch);
}

// --- crash at every stage --------------------------------------------------------------------

static uint64_t fold(struct store *store)
{
    struct arena arena;
    uint64_t seq;
    uint64_t count = 0;
    struct slice record;
    arena_init(&arena, 1024 * 1024);
    enum err err = store_fold_next(store, &arena, &seq, &record);
    while (err == OK) {
        const char *equals = memchr(record.ptr, '=', record.len);
        CHECK(equals != NULL);
        char key[100] = "";
        size_t key_len = (size_t)(equals - record.ptr);
        memcpy(key, record.ptr, key_len);
        store_put(store, DB_INSTANCE, slice_make(key, key_len + 1),
                  slice_sub(record, key_len + 1, SIZE_MAX));
        CHECK(store_fold_done(store) == OK);
        count++;
        err = store_fold_next(store, &arena, &seq, &record);
    }
    CHECK(err == ERR_NOT_FOUND);
    arena_done(&arena);
    return count;
}

static void assert_after_crash(const char *path, uint64_t records, uint64_t to_fold)
{
    struct store *store = scratch_open(path);
    assert_int_equal(store_head(store)->seq, records);
    assert_int_equal(fold(store), to_fold);
    for (uint64_t i = 1; i <= records; i++) {
        char key[24];
        (void)snprintf(key, sizeof(key), "k%llu", (unsigned long long)i);
        assert_value(store, key, key);
    }
    assert_value(store, "staged", "");
    store_close(store, true);
}

static void put_numbered(struct store *store)
{
    char key[24];
    (void)snprintf(key, sizeof(key), "k%llu", (unsigned long long)store_head(store)->seq + 1);
    scratch_put(store, key, key);
}

static void a_crash_at_any_stage_loses_only_what_was_not_committed(void **state)
{
    (void)state;
    struct scratch scratch;
    scratch_init(&scratch);
    struct store *store = scratch_open(scratch.store);
    store_close(store, true); // nothing in it yet
    store = scratch_open(scratch.store);
    put_numbered(store);
    put(store, "staged", "x");
    store_command_accept(store);
    (void)store_append(store, SLICE("staged=x"), 99);
    store_close(store, true); // before the commit
    assert_after_crash(scratch.store, 1, 1);

    store = scratch_open(scratch.store);
    assert_int_equal(fold(store), 1);
    put_numbered(store);
    store_freeze(store, 0);
    put_numbered(store);
    store_close(store, true); // frozen, not flushed
    assert_after_crash(scratch.store, 3, 3);

    store = scratch_open(scratch.store);
    assert_int_equal(fold(store), 3);
    store_freeze(store, 0);
    put_numbered(store);
    assert_int_equal(store_flush(store), OK);
    store_close(store, true); // flushed, F not yet dropped
    assert_after_crash(scratch.store, 4, 1);

    store = scratch_open(scratch.store);
    assert_int_equal(fold(store), 1);
    store_close(store, false); // in order: the tables are flushed
    assert_after_crash(scratch.store, 4, 0);
    scratch_done(&scratch);
}

static void a_long_tail_is_flushed_while_it_is_folded(void **state)
{
    (void)state;
    struct scratch scratch;
    scratch_init(&scratch);
    struct store *store = scratch_open(scratch.store);
    for (uint32_t i = 0; i < 100; i++) {
        put_numbered(store);
    }
    store_close(store, true);
    struct store_options options = { .path = scratch.store,
                                     .map_bytes = (uint64_t)1 << 30,
                                     .flush_rows = 30 };
    store = scratch_open_with(&options);
    assert_int_equal(fold(store), 100);
    struct store_stats stats;
    store_stats(store, &stats);
    assert_int_equal(stats.flushes, 3);
    assert_int_equal(stats.active_rows, 10);
    store_close(store, true);
    assert_after_crash(scratch.store, 100, 10);
    scratch_done(&scratch);
}

// A scratch store takes another store's records without having any of its own.
static void a_scratch_store_is_folded_from_another_one(void **state)
{
    (void)state;
    struct store *store = scratch_open(NULL);
    put(store, "a", "1");
    assert_int_equal(store_fold_done(store), OK);
    put(store, "b", "2");
    store_command_accept(store);
    assert_int_equal(store_fold_done(store), OK);
    assert_value(store, "a", "1");
    assert_value(store, "b", "2");
    assert_int_equal(store_head(store)->seq, 0);
    store_close(store, false);
}

// --- freezing --------------------------------------------------------------------------------

static void a_freeze_is_wanted_for_each_of_its_reasons(void **state)
{
    (void)state;
    struct scratch scratch;
    scratch_init(&scratch);
    struct store_options options = { .path = scratch.store,
                                     .create = true,
                                     .map_bytes = (uint64_t)1 << 30,
                                     .flush_rows = 3,
                                     .flush_bytes = 1000,
                                     .flush_ms = 50 };
    struct store *store = scratch_open_with(&options);
    assert_false(store_wants_freeze(store, 1000000, true)); // no rows
    put_numbered(store);
    store_freeze(store, 1000);
    assert_true(store_frozen(store));
    put_numbered(store);
    assert_false(store_wants_freeze(store, 2000, true)); // F is still there
    assert_int_equal(store_flush(store), OK);
    store_flush_done(store);
    assert_false(store_frozen(store));
    assert_false(store_wants_freeze(store, 1049, false));
    assert_true(store_wants_freeze(store, 1049, true));  // idle
    assert_true(store_wants_freeze(store, 1050, false)); // old
    put_numbered(store);
    put_numbered(store);
    assert_true(store_wants_freeze(store, 1001, false)); // rows
    store_freeze(store, 1001);
    for (uint32_t i = 0; i < 6; i++) {
        assert_false(store_overfull(store));
        put_numbered(store);
    }
    assert_true(store_overfull(store)); // twice the rows, and F is busy
    assert_true(store_overfull(store));
    assert_int_equal(store_flush(store), OK);
    store_flush_done(store);
    assert_false(store_overfull(store));
    scratch_flush(store);
    char large[1001];
    memset(large, 'x', sizeof(large) - 1);
    large[sizeof(large) - 1] = '\0';
    put(store, "large", large);
    store_command_accept(store);
    (void)store_append(store, SLICE("large"), store_head(store)->now_ms);
    assert_int_equal(store_commit(store), OK);
    assert_true(store_wants_freeze(store, 1001, false)); // bytes
    struct store_stats stats;
    store_stats(store, &stats);
    assert_int_equal(stats.overfull_waits, 1);
    assert_true(stats.journal_bytes > 0 && stats.view_bytes > 0);
    assert_int_equal(stats.records, stats.commits);
    store_close(store, false);
    scratch_done(&scratch);
}

static void a_store_in_memory_is_cheap_and_never_freezes(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < 10000; round++) {
        struct store *store = scratch_open(NULL);
        for (uint32_t i = 0; i < 10; i++) {
            put_numbered(store);
        }
        assert_false(store_wants_freeze(store, 1000000000, true));
        store_freeze(store, 1000000000);
        assert_false(store_frozen(store));
        assert_int_equal(store_flush(store), OK);
        store_flush_done(store);
        assert_value(store, "k7", "k7");
        assert_int_equal(store_view_fd(store), -1);
        store_close(store, false);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refused_command_leaves_no_rows),
        cmocka_unit_test(a_batch_without_records_is_dropped),
        cmocka_unit_test(records_get_ascending_seqs_and_a_chain),
        cmocka_unit_test(blobs_are_found_by_their_hash),
        cmocka_unit_test(a_journal_without_room_keeps_what_it_acknowledged),
        cmocka_unit_test(a_view_without_room_keeps_the_rows_until_there_is_more),
        cmocka_unit_test(a_crash_at_any_stage_loses_only_what_was_not_committed),
        cmocka_unit_test(a_long_tail_is_flushed_while_it_is_folded),
        cmocka_unit_test(a_scratch_store_is_folded_from_another_one),
        cmocka_unit_test(a_freeze_is_wanted_for_each_of_its_reasons),
        cmocka_unit_test(a_store_in_memory_is_cheap_and_never_freezes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
