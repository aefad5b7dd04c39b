// Backup, incremental backup, restore; and keep, which travels with them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/check.h"
#include "base/mem.h"
#include "engine/store/keep.h"
#include "tests/store/scratch.h"

static void put_many(struct store *store, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        char key[40];
        (void)snprintf(key, sizeof(key), "key%06u", i);
        scratch_put(store, key, "some value of ordinary length");
    }
}

// Evolves what scratch_put recorded.
static void fold(struct store *store)
{
    struct arena arena;
    uint64_t seq;
    struct slice record;
    arena_init(&arena, 1024 * 1024);
    while (store_fold_next(store, &arena, &seq, &record) == OK) {
        const char *equals = memchr(record.ptr, '=', record.len);
        if (equals != NULL) {
            char key[100] = "";
            size_t key_len = (size_t)(equals - record.ptr);
            memcpy(key, record.ptr, key_len);
            store_put(store, DB_INSTANCE, slice_make(key, key_len + 1),
                      slice_sub(record, key_len + 1, SIZE_MAX));
        }
        CHECK(store_fold_done(store) == OK);
        arena_reset(&arena);
    }
    arena_done(&arena);
}

static void assert_same(struct store *store, const char *copy_path)
{
    struct store *copy = scratch_open(copy_path);
    fold(copy);
    assert_memory_equal(store_head(store), store_head(copy), sizeof(struct store_head));
    assert_memory_equal(store_uuid(store), store_uuid(copy), STORE_UUID_BYTES);
    struct store_reader *a;
    struct store_reader *b;
    uint64_t rows;
    uint64_t bad_seq;
    char what[200];
    assert_int_equal(store_reader_open(store, &a), OK);
    assert_int_equal(store_reader_open(copy, &b), OK);
    assert_int_equal(store_check_chain(b, 1, store_head(copy)->seq, &bad_seq), OK);
    store_reader_begin(a);
    store_reader_begin(b);
    assert_int_equal(store_compare(a, b, &rows, what, sizeof(what)), OK);
    assert_true(rows > 0);
    store_reader_end(a);
    store_reader_end(b);
    store_reader_close(a);
    store_reader_close(b);
    store_close(copy, true);
}

struct progress {
    uint64_t calls, done, total;
};

static void note_progress(void *context, uint64_t done, uint64_t total)
{
    struct progress *progress = context;
    assert_true(done > progress->done && done <= total);
    *progress = (struct progress){ progress->calls + 1, done, total };
}

// S134
static void a_backup_and_its_increment_open_as_the_same_store(void **state)
{
    (void)state;
    struct scratch scratch;
    char copy[400];
    uint8_t hash[STORE_HASH_BYTES];
    uint64_t seq = 0;
    scratch_init(&scratch);
    (void)snprintf(copy, sizeof(copy), "%s/copy", scratch.folder);
    struct store *store = scratch_open(scratch.store);
    assert_int_equal(keep_put(store_keep(store), SLICE("user/anna"), SLICE("hash")), OK);
    store_blob_put(store, SLICE("a program"), hash);
    put_many(store, 0, 300);
    scratch_flush(store);
    put_many(store, 300, 350); // not yet in the view
    struct progress progress = { 0 };
    assert_int_equal(store_backup(store, copy, note_progress, &progress, &seq), OK);
    assert_int_equal(seq, 350);
    assert_int_equal(progress.done, 350);
    assert_same(store, copy);

    char *large = mem_zalloc(5000000);
    store_blob_put(store, slice_make(large, 5000000), hash);
    mem_free(large);
    assert_int_equal(keep_put(store_keep(store), SLICE("user/anna"), SLICE("new")), OK);
    assert_int_equal(keep_put(store_keep(store), SLICE("user/bert"), SLICE("hash")), OK);
    put_many(store, 200, 2600);
    scratch_flush(store);
    progress = (struct progress){ 0 };
    assert_int_equal(store_backup(store, copy, note_progress, &progress, &seq), OK);
    assert_int_equal(seq, 2750);
    assert_true(progress.done > 350);
    assert_same(store, copy);
    assert_int_equal(store_backup(store, copy, NULL, NULL, &seq), OK); // nothing new

    struct store *restored = scratch_open(copy);
    struct arena arena;
    struct slice value;
    arena_init(&arena, 16 * 1024 * 1024);
    assert_int_equal(keep_get(store_keep(restored), SLICE("user/anna"), &arena, &value), OK);
    assert_true(slice_equal(value, SLICE("new")));
    assert_int_equal(store_blob_get(restored, hash, &arena, &value), OK);
    assert_int_equal(value.len, 5000000);
    arena_done(&arena);
    assert_int_equal(store_backup(store, copy, NULL, NULL, &seq), ERR_LOCKED);
    store_close(restored, true);
    store_close(store, false);
    scratch_done(&scratch);
}

static void a_backup_never_goes_over_another_history(void **state)
{
    (void)state;
    struct scratch one;
    struct scratch two;
    char copy[400];
    uint64_t seq;
    scratch_init(&one);
    scratch_init(&two);
    (void)snprintf(copy, sizeof(copy), "%s/copy", one.folder);
    struct store *store = scratch_open(one.store);
    put_many(store, 0, 5);
    assert_int_equal(store_backup(store, one.store, NULL, NULL, &seq), ERR_LOCKED); // onto itself
    assert_int_equal(store_backup(store, copy, NULL, NULL, &seq), OK);
    struct store *other = scratch_open(two.store);
    put_many(other, 0, 5);
    assert_int_equal(store_backup(other, copy, NULL, NULL, &seq), ERR_MISMATCH);
    store_close(other, true);

    // The copy went on by itself: it is longer, then different.
    other = scratch_open(copy);
    fold(other);
    put_many(other, 5, 7);
    store_close(other, false);
    assert_int_equal(store_backup(store, copy, NULL, NULL, &seq), ERR_MISMATCH);
    put_many(store, 100, 110);
    assert_int_equal(store_backup(store, copy, NULL, NULL, &seq), ERR_MISMATCH);
    store_close(store, false);
    struct store *memory = scratch_open(NULL);
    assert_int_equal(store_backup(memory, copy, NULL, NULL, &seq), ERR_BAD_INPUT);
    store_close(memory, false);
    scratch_done(&one);
    scratch_done(&two);
}

static void a_difference_between_two_stores_is_described(void **state)
{
    (void)state;
    struct store *one = scratch_open(NULL);
    struct store *two = scratch_open(NULL);
    scratch_put(one, "a", "1");
    scratch_put(two, "a", "1");
    static const struct {
        const char *in_one, *in_two, *what;
    } rows[] = {
        { "x", NULL, "row 6200 of instance is only in the first" },
        { NULL, "x", "row 6200 of instance is only in the second" },
        { "x", "y", "row 6200 of instance has another value in the second" },
        { "x", "x", "" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct store *both[2] = { one, two };
        const char *values[2] = { rows[i].in_one, rows[i].in_two };
        for (size_t side = 0; side < 2; side++) {
            if (values[side] != NULL) {
                scratch_put(both[side], "b", values[side]);
            } else {
                store_delete(both[side], DB_INSTANCE, SLICE("b\0"));
                store_command_accept(both[side]);
                (void)store_append(both[side], SLICE("gone"), store_head(both[side])->now_ms);
                assert_int_equal(store_commit(both[side]), OK);
            }
        }
        struct store_reader *a;
        struct store_reader *b;
        uint64_t count = 0;
        char what[200] = "";
        assert_int_equal(store_reader_open(one, &a), OK);
        assert_int_equal(store_reader_open(two, &b), OK);
        store_reader_begin(a);
        store_reader_begin(b);
        enum err err = store_compare(a, b, &count, what, sizeof(what));
        assert_int_equal(err, rows[i].what[0] == '\0' ? OK : ERR_MISMATCH);
        assert_string_equal(what, rows[i].what);
        assert_int_equal(count, err == OK ? 2 : 1);
        store_reader_end(a);
        store_reader_end(b);
        store_reader_close(a);
        store_reader_close(b);
    }
    store_close(one, false);
    store_close(two, false);
}

// --- keep ------------------------------------------------------------------------------------

static void check_keep(struct keep *keep, struct arena *arena)
{
    struct slice value;
    struct slice name;
    assert_int_equal(keep_get(keep, SLICE("a"), arena, &value), ERR_NOT_FOUND);
    assert_int_equal(keep_next(keep, SLICE_EMPTY, arena, &name, &value), ERR_NOT_FOUND);
    assert_int_equal(keep_put(keep, SLICE("user"), SLICE("1")), OK);
    assert_int_equal(keep_put(keep, SLICE("user/anna"), SLICE("2")), OK); // longer than another
    assert_int_equal(keep_put(keep, SLICE("token/x"), SLICE("")), OK);
    assert_int_equal(keep_put(keep, SLICE("user"), SLICE("3")), OK);
    assert_int_equal(keep_get(keep, SLICE("user"), arena, &value), OK);
    assert_true(slice_equal(value, SLICE("3")));
    static const struct slice names[] = { { "token/x", 7 }, { "user", 4 }, { "user/anna", 9 } };
    struct slice after = SLICE_EMPTY;
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        assert_int_equal(keep_next(keep, after, arena, &name, &value), OK);
        assert_true(slice_equal(name, names[i]));
        after = name;
    }
    assert_int_equal(keep_next(keep, after, arena, &name, &value), ERR_NOT_FOUND);
    assert_int_equal(keep_delete(keep, SLICE("user/anna")), OK);
    assert_int_equal(keep_delete(keep, SLICE("user/anna")), ERR_NOT_FOUND);
    assert_int_equal(keep_next(keep, SLICE("user"), arena, &name, &value), ERR_NOT_FOUND);
    assert_int_equal(keep_put(keep, SLICE(""), SLICE("x")), ERR_BAD_INPUT);
    assert_int_equal(keep_put(keep, SLICE("a\0b"), SLICE("x")), ERR_BAD_INPUT);
    static char large[KEEP_VALUE_BYTES_MAX + 1];
    struct slice long_name = slice_make(large, KEEP_NAME_BYTES_MAX + 1);
    memset(large, 'n', sizeof(large));
    assert_int_equal(keep_put(keep, long_name, SLICE("x")), ERR_BAD_INPUT);
    assert_int_equal(keep_get(keep, long_name, arena, &value), ERR_BAD_INPUT);
    assert_int_equal(keep_put(keep, SLICE("n"), slice_make(large, sizeof(large))), ERR_TOO_BIG);
    assert_int_equal(keep_put(keep, SLICE("n"), slice_make(large, sizeof(large) - 1)), OK);
}

static void keep_holds_named_secrets_beside_the_history(void **state)
{
    (void)state;
    struct scratch scratch;
    struct arena arena;
    struct slice value;
    scratch_init(&scratch);
    arena_init(&arena, 1024 * 1024);
    struct store *store = scratch_open(NULL);
    check_keep(store_keep(store), &arena);
    store_close(store, false);
    store = scratch_open(scratch.store);
    check_keep(store_keep(store), &arena);
    store_close(store, true); // each put was synced by itself
    store = scratch_open(scratch.store);
    assert_int_equal(keep_get(store_keep(store), SLICE("user"), &arena, &value), OK);
    assert_true(slice_equal(value, SLICE("3")));
    assert_int_equal(store_head(store)->seq, 0);
    store_close(store, false);
    arena_done(&arena);
    scratch_done(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_backup_and_its_increment_open_as_the_same_store),
        cmocka_unit_test(a_backup_never_goes_over_another_history),
        cmocka_unit_test(a_difference_between_two_stores_is_described),
        cmocka_unit_test(keep_holds_named_secrets_beside_the_history),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
