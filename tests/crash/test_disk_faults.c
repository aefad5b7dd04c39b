// Calls that fail one by one: a full disk is known not to have happened, anything else is unknown.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/check.h"
#include "engine/store/keep.h"
#include "tests/crash/disk.h"
#include "tests/store/scratch.h"

static enum err try_put(struct store *store, const char *key)
{
    store_put(store, DB_INSTANCE, slice_make(key, strlen(key) + 1), SLICE("value"));
    store_command_accept(store);
    (void)store_append(store, slice_from_cstr(key), store_head(store)->now_ms);
    return store_commit(store);
}

static void assert_there(struct store *store, const char *key, bool there)
{
    assert_true(slice_equal(scratch_get(store, key), there ? SLICE("value") : SLICE("")));
}

static void a_full_disk_at_commit_drops_the_batch_and_nothing_else(void **state)
{
    (void)state;
    struct scratch scratch;
    scratch_init_in(&scratch, "/dev/shm");
    disk_arm(scratch.folder);
    struct store *store = scratch_open(scratch.store);
    assert_int_equal(try_put(store, "first"), OK);
    for (uint32_t i = 0; i < 2; i++) {
        disk_fail_next(DISK_WRITE, ENOSPC, 1);
        assert_int_equal(try_put(store, "refused"), ERR_FULL);
        assert_there(store, "refused", false);
        assert_there(store, "first", true);
        assert_int_equal(store_head(store)->seq, 1 + i);
        assert_int_equal(try_put(store, i == 0 ? "second" : "third"), OK); // there is room again
    }
    store_close(store, true);
    store = scratch_open(scratch.store);
    assert_int_equal(store_head(store)->seq, 3);
    store_close(store, true);
    disk_disarm();
    scratch_done(&scratch);
}

// After a sync failed nobody knows what is on the disk, whatever the reason was: what was written
// would be found whole after a crash.
static void any_other_failure_at_commit_is_unknown(void **state)
{
    (void)state;
    static const struct {
        enum disk_call call;
        int error;
    } faults[] = {
        { DISK_WRITE, EIO },
        { DISK_SYNC, EIO },
        { DISK_SYNC, ENOSPC },
    };
    for (size_t i = 0; i < ARRAY_COUNT(faults); i++) {
        struct scratch scratch;
        struct prng prng;
        prng_init(&prng, i);
        scratch_init_in(&scratch, "/dev/shm");
        disk_arm(scratch.folder);
        struct store *store = scratch_open(scratch.store);
        assert_int_equal(try_put(store, "first"), OK);
        disk_fail_next(faults[i].call, faults[i].error, 1);
        assert_int_equal(try_put(store, "unknown"), ERR_IO);
        assert_int_equal(store_head(store)->seq, 1);
        assert_there(store, "first", true);
        store_close(store, true);
        disk_power_loss(&prng);
        store = scratch_open(scratch.store);
        assert_in_range(store_head(store)->seq, 1, 2);
        store_close(store, true);
        disk_disarm();
        scratch_done(&scratch);
    }
}

static void a_full_disk_at_flush_keeps_the_frozen_rows(void **state)
{
    (void)state;
    struct scratch scratch;
    scratch_init_in(&scratch, "/dev/shm");
    disk_arm(scratch.folder);
    struct store *store = scratch_open(scratch.store);
    assert_int_equal(try_put(store, "frozen"), OK);
    store_freeze(store, 0);
    assert_int_equal(try_put(store, "active"), OK);
    static const enum disk_call calls[] = { DISK_WRITE, DISK_SYNC };
    for (size_t i = 0; i < ARRAY_COUNT(calls); i++) {
        disk_fail_next(calls[i], ENOSPC, 1);
        assert_int_equal(store_flush(store), ERR_FULL);
        assert_true(store_frozen(store));
        assert_there(store, "frozen", true);
        assert_there(store, "active", true);
    }
    assert_int_equal(store_flush(store), OK);
    store_flush_done(store);
    assert_false(store_frozen(store));
    assert_there(store, "frozen", true);
    scratch_flush(store);
    disk_fail_next(DISK_SYNC, EIO, 2); // the commit's sync passes
    assert_int_equal(try_put(store, "more"), OK);
    store_freeze(store, 0);
    assert_int_equal(store_flush(store), ERR_IO);
    store_close(store, true);
    disk_disarm();
    scratch_done(&scratch);
}

static void every_commit_is_synced_before_it_returns(void **state)
{
    (void)state;
    struct scratch scratch;
    scratch_init_in(&scratch, "/dev/shm");
    disk_arm(scratch.folder);
    struct store *store = scratch_open(scratch.store);
    uint64_t unsynced = disk_unsynced_pages(); // the pid in LOCK
    assert_in_range(unsynced, 0, 1);
    for (uint32_t i = 0; i < 20; i++) {
        uint64_t before = disk_syncs();
        assert_int_equal(try_put(store, i % 2 == 0 ? "a" : "b"), OK);
        assert_int_equal(disk_syncs(), before + 1);
        assert_int_equal(disk_unsynced_pages(), unsynced);
    }
    assert_int_equal(keep_put(store_keep(store), SLICE("user"), SLICE("hash")), OK);
    assert_int_equal(disk_unsynced_pages(), unsynced);
    store_close(store, false);
    assert_int_equal(disk_unsynced_pages(), unsynced);
    disk_disarm();
    scratch_done(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_disk_at_commit_drops_the_batch_and_nothing_else),
        cmocka_unit_test(any_other_failure_at_commit_is_unknown),
        cmocka_unit_test(a_full_disk_at_flush_keeps_the_frozen_rows),
        cmocka_unit_test(every_commit_is_synced_before_it_returns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
