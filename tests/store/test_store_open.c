// Opening: who holds the folder, what does not belong together, what is damaged. Each is named.
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/check.h"
#include "tests/store/scratch.h"

static struct store_options options_of(const char *path)
{
    return (struct store_options){ .path = path, .create = true, .map_bytes = (uint64_t)1 << 30 };
}

// Opening must fail with `err`, and the message must contain every one of the words.
static void assert_refused(const char *path, enum err err, const char *word, const char *other)
{
    struct store_options options = options_of(path);
    struct store *store = NULL;
    struct store_problem problem;
    enum err got = store_open(&options, &store, &problem);
    if (got != err || strstr(problem.message, word) == NULL ||
        strstr(problem.message, other) == NULL) {
        print_error("%s: %s\n", err_name(got), problem.message);
    }
    assert_int_equal(got, err);
    assert_null(store);
    assert_non_null(strstr(problem.message, word));
    assert_non_null(strstr(problem.message, other));
}

static void join(char to[400], const char *folder, const char *name)
{
    (void)snprintf(to, 400, "%s/%s", folder, name);
}

static void make_store(const char *path, unsigned records)
{
    struct store *store = scratch_open(path);
    for (unsigned i = 0; i < records; i++) {
        char key[40];
        (void)snprintf(key, sizeof(key), "key-number-%u", i + 1);
        scratch_put(store, key, "value");
    }
    store_close(store, false);
}

static void a_folder_without_a_store_is_not_opened_unless_asked_to_make_one(void **state)
{
    (void)state;
    struct scratch scratch;
    scratch_init(&scratch);
    struct store_options options = { .path = scratch.store };
    struct store *store;
    struct store_problem problem;
    assert_int_equal(store_open(&options, &store, &problem), ERR_NOT_FOUND);
    assert_non_null(strstr(problem.message, scratch.store));
    assert_int_equal(access(scratch.store, F_OK), -1); // nothing was made
    assert_int_equal(store_open(&options, &store, NULL), ERR_NOT_FOUND);
    static char long_path[8000];
    memset(long_path, 'x', sizeof(long_path) - 1);
    options.path = long_path;
    assert_int_equal(store_open(&options, &store, &problem), ERR_TOO_BIG);
    scratch_done(&scratch);
}

static void a_second_opener_is_told_who_holds_the_folder(void **state)
{
    (void)state;
    struct scratch scratch;
    scratch_init(&scratch);
    struct store *store = scratch_open(scratch.store);
    struct store_options options = options_of(scratch.store);
    struct store *second = NULL;
    struct store_problem problem;
    assert_int_equal(store_open(&options, &second, &problem), ERR_LOCKED);
    assert_int_equal(problem.holder_pid, getpid());
    char pid[20];
    (void)snprintf(pid, sizeof(pid), "%ld", (long)getpid());
    assert_non_null(strstr(problem.message, pid));
    assert_int_equal(store_drop_view(scratch.store), ERR_LOCKED);
    store_close(store, false);
    store = scratch_open(scratch.store); // free again
    store_close(store, false);
    scratch_done(&scratch);
}

static void a_flipped_bit_in_the_last_record_is_found_at_open(void **state)
{
    (void)state;
    struct scratch scratch;
    char journal[400];
    scratch_init(&scratch);
    make_store(scratch.store, 5);
    join(journal, scratch.store, "journal/data.mdb");
    assert_true(scratch_flip(journal, SLICE("key-number-5"), 3) > 0);
    assert_refused(scratch.store, ERR_CORRUPT, "journal", "backup");
    scratch_done(&scratch);
}

static void a_flipped_bit_in_an_earlier_record_is_named_by_check_and_fold(void **state)
{
    (void)state;
    struct scratch scratch;
    char journal[400];
    scratch_init(&scratch);
    make_store(scratch.store, 5);
    join(journal, scratch.store, "journal/data.mdb");
    assert_true(scratch_flip(journal, SLICE("key-number-3"), 3) > 0);
    struct store *store = scratch_open(scratch.store);
    struct store_reader *reader;
    uint64_t bad_seq = 0;
    assert_int_equal(store_reader_open(store, &reader), OK);
    assert_int_equal(store_check_chain(reader, 1, 5, &bad_seq), ERR_CORRUPT);
    assert_int_equal(bad_seq, 3);
    assert_int_equal(store_check_chain(reader, 4, 5, &bad_seq), OK);
    store_reader_close(reader);
    store_close(store, true);

    assert_int_equal(store_drop_view(scratch.store), OK);
    store = scratch_open(scratch.store);
    struct arena arena;
    struct slice record;
    uint64_t seq = 0;
    arena_init(&arena, 1024 * 1024);
    for (unsigned i = 1; i <= 2; i++) {
        assert_int_equal(store_fold_next(store, &arena, &seq, &record), OK);
        assert_int_equal(store_fold_done(store), OK);
    }
    assert_int_equal(store_fold_next(store, &arena, &seq, &record), ERR_CORRUPT);
    assert_int_equal(seq, 3);
    arena_done(&arena);
    store_close(store, true);
    scratch_done(&scratch);
}

static void a_flipped_bit_in_the_views_meta_row_is_named(void **state)
{
    (void)state;
    for (size_t at = 0; at < 24; at += 3) { // magic, format, uuid
        struct scratch scratch;
        char view[400];
        scratch_init(&scratch);
        make_store(scratch.store, 2);
        struct store *store = scratch_open(scratch.store);
        char row[24] = "RNVW\1\0\0\0";
        memcpy(row + 8, store_uuid(store), STORE_UUID_BYTES);
        store_close(store, true);
        join(view, scratch.store, "view/data.mdb");
        assert_true(scratch_flip(view, slice_make(row, sizeof(row)), at) > 0);
        assert_refused(scratch.store, ERR_CORRUPT, "view", "rung rebuild");
        assert_int_equal(store_drop_view(scratch.store), OK);
        store = scratch_open(scratch.store); // the view is made anew
        store_close(store, true);
        scratch_done(&scratch);
    }
}

static void a_file_cut_short_is_found_at_open(void **state)
{
    (void)state;
    struct scratch scratch;
    char journal[400];
    scratch_init(&scratch);
    make_store(scratch.store, 200);
    join(journal, scratch.store, "journal/data.mdb");
    assert_int_equal(truncate(journal, 3 * 4096), 0);
    assert_refused(scratch.store, ERR_CORRUPT, "journal", "backup");
    assert_int_equal(truncate(journal, 100), 0);
    assert_refused(scratch.store, ERR_CORRUPT, "journal", "backup");
    scratch_done(&scratch);
}

static void rename_part(const char *from, const char *to, const char *part)
{
    char old_path[400];
    char new_path[400];
    join(old_path, from, part);
    join(new_path, to, part);
    scratch_remove(new_path);
    assert_int_equal(rename(old_path, new_path), 0);
}

static void parts_of_two_stores_do_not_open_together(void **state)
{
    (void)state;
    struct scratch one;
    struct scratch two;
    scratch_init(&one);
    scratch_init(&two);
    make_store(one.store, 3);
    make_store(two.store, 3);
    rename_part(one.store, two.store, "view");
    assert_refused(two.store, ERR_MISMATCH, "the view belongs to store", "rung rebuild");
    assert_int_equal(store_drop_view(two.store), OK);
    rename_part(one.store, two.store, "keep");
    assert_refused(two.store, ERR_MISMATCH, "keep/", "journal/");
    char keep[400];
    join(keep, two.store, "keep");
    scratch_remove(keep);
    assert_refused(two.store, ERR_MISMATCH, "keep/ is missing", "3 records");
    assert_int_equal(mkdir(keep, 0700), 0); // asked for: go on without
    store_close(scratch_open(two.store), true);
    scratch_done(&one);
    scratch_done(&two);
}

static void a_view_newer_than_the_journal_is_refused(void **state)
{
    (void)state;
    struct scratch scratch;
    char old_copy[400];
    uint64_t seq;
    scratch_init(&scratch);
    join(old_copy, scratch.folder, "old");
    struct store *store = scratch_open(scratch.store);
    scratch_put(store, "a", "1");
    assert_int_equal(store_backup(store, old_copy, NULL, NULL, &seq), OK);
    scratch_put(store, "b", "2");
    store_close(store, false);
    rename_part(old_copy, scratch.store, "journal");
    assert_refused(scratch.store, ERR_MISMATCH, "the view is at record 2",
                   "the journal ends at record 1");

    // The same length, but another history since.
    assert_int_equal(store_drop_view(scratch.store), OK);
    struct store_options options = options_of(scratch.store);
    store = scratch_open_with(&options);
    struct arena arena;
    struct slice record;
    arena_init(&arena, 1024 * 1024);
    assert_int_equal(store_fold_next(store, &arena, &seq, &record), OK);
    store_put(store, DB_INSTANCE, SLICE("a\0"), SLICE("1"));
    assert_int_equal(store_fold_done(store), OK);
    assert_int_equal(store_fold_next(store, &arena, &seq, &record), ERR_NOT_FOUND);
    scratch_flush(store);
    char other_copy[400];
    join(other_copy, scratch.folder, "other");
    assert_int_equal(store_backup(store, other_copy, NULL, NULL, &seq), OK);
    scratch_put(store, "c", "3");
    store_close(store, false);
    store = scratch_open(other_copy);
    scratch_put(store, "d", "4");
    store_close(store, false);
    rename_part(other_copy, scratch.store, "journal");
    assert_refused(scratch.store, ERR_MISMATCH, "at record 2 the view has chain",
                   "different histories");
    arena_done(&arena);
    scratch_done(&scratch);
}

static void another_fold_function_gets_a_new_view(void **state)
{
    (void)state;
    struct scratch scratch;
    scratch_init(&scratch);
    make_store(scratch.store, 3);
    struct store_options options = options_of(scratch.store);
    options.fingerprint = 77;
    struct store *store = scratch_open_with(&options);
    struct arena arena;
    struct slice record;
    uint64_t seq = 0;
    arena_init(&arena, 1024 * 1024);
    assert_int_equal(store_fold_next(store, &arena, &seq, &record), OK);
    assert_int_equal(seq, 1);
    arena_done(&arena);
    assert_true(slice_equal(scratch_get(store, "key-number-1"), SLICE("")));
    store_close(store, true);
    scratch_done(&scratch);
}

static void a_closed_store_is_removed_and_an_open_one_is_not(void **state)
{
    (void)state;
    struct scratch scratch;
    char rest[400];
    scratch_init(&scratch);
    assert_int_equal(store_remove(scratch.store), OK); // there is none
    struct store *store = scratch_open(scratch.store);
    assert_int_equal(store_remove(scratch.store), ERR_LOCKED);
    store_close(store, false);
    join(rest, scratch.store, "view.new"); // as a power loss may leave it
    assert_int_equal(mkdir(rest, 0700), 0);
    assert_int_equal(store_remove(scratch.store), OK);
    assert_int_equal(access(scratch.store, F_OK), -1);
    scratch_done(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_without_a_store_is_not_opened_unless_asked_to_make_one),
        cmocka_unit_test(a_second_opener_is_told_who_holds_the_folder),
        cmocka_unit_test(a_flipped_bit_in_the_last_record_is_found_at_open),
        cmocka_unit_test(a_flipped_bit_in_an_earlier_record_is_named_by_check_and_fold),
        cmocka_unit_test(a_flipped_bit_in_the_views_meta_row_is_named),
        cmocka_unit_test(a_file_cut_short_is_found_at_open),
        cmocka_unit_test(parts_of_two_stores_do_not_open_together),
        cmocka_unit_test(a_view_newer_than_the_journal_is_refused),
        cmocka_unit_test(another_fold_function_gets_a_new_view),
        cmocka_unit_test(a_closed_store_is_removed_and_an_open_one_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
