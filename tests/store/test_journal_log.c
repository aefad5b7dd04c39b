// The log before the journal: what is found in it after a crash.
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/mem.h"
#include "engine/store/journal_log.h"
#include "tests/store/scratch.h"

static const uint8_t uuid[STORE_UUID_BYTES] = "0123456789abcdef";
static const uint8_t other_uuid[STORE_UUID_BYTES] = "fedcba9876543210";

// Batches that follow one another, as the journal stages them.
struct chain {
    struct store_head head;
    struct buf records;
};

static void put_le(struct buf *buf, uint64_t value, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++) {
        buf_put_char(buf, (char)(value >> (8 * i)));
    }
}

static struct journal_stage next_batch(struct chain *chain, uint32_t records, size_t bytes)
{
    struct journal_stage stage = { .first_seq = chain->head.seq + 1 };
    char *text = mem_zalloc(bytes);
    buf_reset(&chain->records);
    for (uint32_t i = 0; i < records; i++) {
        chain->head.seq++;
        memset(text, (int)('a' + chain->head.seq % 26), bytes);
        struct slice record = slice_make(text, bytes);
        journal_chain(chain->head.chain, 7, record, chain->head.chain);
        put_le(&chain->records, STORE_CHAIN_BYTES + 8 + bytes, 4);
        buf_put(&chain->records, chain->head.chain, STORE_CHAIN_BYTES);
        put_le(&chain->records, 7, 8);
        buf_put_slice(&chain->records, record);
    }
    mem_free(text);
    stage.records = buf_slice(&chain->records);
    return stage;
}

static enum err count_batch(void *context, const struct journal_stage *stage)
{
    uint64_t *last = context;
    CHECK(stage->first_seq > *last);
    *last = stage->first_seq;
    return OK;
}

static enum err recover(const char *folder, const struct store_head *last, uint64_t *ret_first)
{
    struct journal_log *log;
    *ret_first = 0;
    assert_int_equal(journal_log_open(folder, uuid, &log), OK);
    enum err err = journal_log_recover(log, last, count_batch, ret_first);
    journal_log_close(log);
    return err;
}

static struct journal_log *open_new(const char *folder)
{
    struct journal_log *log;
    uint64_t first = 0;
    const struct store_head none = { 0 };
    (void)mkdir(folder, 0700);
    assert_int_equal(journal_log_open(folder, uuid, &log), OK);
    assert_int_equal(journal_log_recover(log, &none, count_batch, &first), OK);
    assert_int_equal(first, 0);
    return log;
}

static void path_of(const struct scratch *scratch, unsigned number, char path[600])
{
    (void)snprintf(path, 600, "%s/log.%u", scratch->store, number);
}

static void flip(const char *path, off_t at)
{
    char byte;
    int fd = open(path, O_RDWR);
    CHECK(fd >= 0 && pread(fd, &byte, 1, at) == 1);
    byte = (char)(byte ^ 0x10);
    CHECK(pwrite(fd, &byte, 1, at) == 1);
    (void)close(fd);
}

static void batches_are_found_in_order_from_both_files(void **state)
{
    (void)state;
    struct scratch scratch;
    struct chain chain = { 0 };
    scratch_init(&scratch);
    buf_init(&chain.records, 1 << 24);
    struct journal_log *log = open_new(scratch.store);
    struct store_head kept = { 0 };
    for (uint32_t i = 1; i <= 200; i++) { // more than either file holds
        struct journal_stage stage = next_batch(&chain, 1 + i % 5, 700);
        assert_int_equal(journal_log_write(log, &stage), OK);
        if (i % 37 == 0) {
            kept = chain.head;
            journal_log_kept(log, kept.seq);
            journal_log_extend(log);
        }
    }
    journal_log_close(log);
    uint64_t first;
    assert_int_equal(recover(scratch.store, &kept, &first), OK);
    assert_in_range(first, kept.seq + 1, chain.head.seq);
    assert_int_equal(first, chain.head.seq - 200 % 5); // the last batch had one record
    assert_int_equal(recover(scratch.store, &chain.head, &first), OK);
    assert_int_equal(first, 0); // all of it is kept
    buf_done(&chain.records);
    scratch_done(&scratch);
}

static void a_torn_last_batch_is_none(void **state)
{
    (void)state;
    struct scratch scratch;
    char path[600];
    for (uint32_t sector = 0; sector < 8; sector++) {
        struct chain chain = { 0 };
        scratch_init(&scratch);
        path_of(&scratch, 0, path);
        buf_init(&chain.records, 1 << 24);
        struct journal_log *log = open_new(scratch.store);
        struct journal_stage stage = next_batch(&chain, 3, 100);
        assert_int_equal(journal_log_write(log, &stage), OK);
        struct store_head before = chain.head;
        stage = next_batch(&chain, 8, 480);
        assert_int_equal(journal_log_write(log, &stage), OK);
        journal_log_close(log);
        static const char zeros[512];
        int fd = open(path, O_RDWR);
        CHECK(fd >= 0 && pwrite(fd, zeros, sizeof(zeros), 4096 + (off_t)sector * 512) == 512);
        (void)close(fd);
        const struct store_head none = { 0 };
        uint64_t first;
        assert_int_equal(recover(scratch.store, &none, &first), OK);
        assert_int_equal(first, 1); // the one before stands
        assert_int_equal(before.seq, 3);
        buf_done(&chain.records);
        scratch_done(&scratch);
    }
}

static void damage_before_a_whole_batch_is_named(void **state)
{
    (void)state;
    struct scratch scratch;
    char path[600];
    struct chain chain = { 0 };
    scratch_init(&scratch);
    path_of(&scratch, 0, path);
    buf_init(&chain.records, 1 << 24);
    struct journal_log *log = open_new(scratch.store);
    for (uint32_t i = 0; i < 3; i++) {
        struct journal_stage stage = next_batch(&chain, 2, 300);
        assert_int_equal(journal_log_write(log, &stage), OK);
    }
    journal_log_close(log);
    const struct store_head none = { 0 };
    uint64_t first;
    flip(path, 4096 + 200);
    assert_int_equal(recover(scratch.store, &none, &first), ERR_CORRUPT);
    flip(path, 4096 + 200);
    assert_int_equal(recover(scratch.store, &none, &first), OK);
    assert_int_equal(first, 5);
    buf_done(&chain.records);
    scratch_done(&scratch);
}

static void a_log_of_another_history_is_refused(void **state)
{
    (void)state;
    struct scratch scratch;
    struct chain chain = { 0 };
    scratch_init(&scratch);
    buf_init(&chain.records, 1 << 24);
    struct journal_log *log = open_new(scratch.store);
    struct journal_stage stage = next_batch(&chain, 2, 300);
    assert_int_equal(journal_log_write(log, &stage), OK);
    stage = next_batch(&chain, 2, 300);
    assert_int_equal(journal_log_write(log, &stage), OK);
    journal_log_close(log);
    uint64_t first;
    const struct store_head none = { 0 };
    struct store_head wrong = { .seq = 2, .chain = "somebody else's" };
    assert_int_equal(recover(scratch.store, &wrong, &first), ERR_CORRUPT);
    wrong.seq = 1; // in the middle of a batch
    assert_int_equal(recover(scratch.store, &wrong, &first), ERR_CORRUPT);
    assert_int_equal(journal_log_open(scratch.store, other_uuid, &log), OK);
    first = 0;
    assert_int_equal(journal_log_recover(log, &none, count_batch, &first), OK);
    assert_int_equal(first, 0); // frames of another store are no frames
    journal_log_close(log);
    buf_done(&chain.records);
    scratch_done(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches_are_found_in_order_from_both_files),
        cmocka_unit_test(a_torn_last_batch_is_none),
        cmocka_unit_test(damage_before_a_whole_batch_is_named),
        cmocka_unit_test(a_log_of_another_history_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
