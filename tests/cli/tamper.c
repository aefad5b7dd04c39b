// Somebody who can write to the files of a store changes a word of its history. Usage: tamper
// JOURNAL SEQ OLD NEW one|hash|rest: `one` changes the record alone, `hash` also makes its hash
// fit, `rest` the hashes of all records after it as well.
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lmdb.h>
#include <sodium.h>

#include "base/check.h"
#include "base/mem.h"

enum { CHAIN = 32, FRAME_HEAD = CHAIN + 8 };

struct frame {
    unsigned char *bytes;
    size_t len;
};

static void key_of(uint64_t seq, unsigned char key[8])
{
    for (unsigned i = 0; i < 8; i++) {
        key[i] = (unsigned char)(seq >> (8 * (7 - i)));
    }
}

// False: there is no such record.
static bool get(MDB_txn *txn, MDB_dbi dbi, uint64_t seq, struct frame *ret_frame)
{
    unsigned char key[8];
    key_of(seq, key);
    MDB_val name = { sizeof(key), key };
    MDB_val value;
    if (mdb_get(txn, dbi, &name, &value) != 0) {
        return false;
    }
    *ret_frame = (struct frame){ mem_alloc(value.mv_size), value.mv_size };
    memcpy(ret_frame->bytes, value.mv_data, value.mv_size);
    return true;
}

static void put(MDB_txn *txn, MDB_dbi dbi, uint64_t seq, const struct frame *frame)
{
    unsigned char key[8];
    key_of(seq, key);
    MDB_val name = { sizeof(key), key };
    MDB_val value = { frame->len, frame->bytes };
    CHECK(mdb_put(txn, dbi, &name, &value, 0) == 0);
}

static void make_hash(MDB_txn *txn, MDB_dbi dbi, uint64_t seq, struct frame *frame)
{
    struct frame before = { 0 };
    unsigned char none[CHAIN] = { 0 };
    bool first = seq == 1 || !get(txn, dbi, seq - 1, &before);
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, NULL, 0, CHAIN);
    (void)crypto_generichash_update(&state, first ? none : before.bytes, CHAIN);
    (void)crypto_generichash_update(&state, frame->bytes + CHAIN, frame->len - CHAIN);
    (void)crypto_generichash_final(&state, frame->bytes, CHAIN);
    mem_free(before.bytes);
}

static bool change(struct frame *frame, const char *old, const char *new)
{
    size_t len = strlen(old);
    CHECK(len == strlen(new));
    for (size_t at = FRAME_HEAD; at + len <= frame->len; at++) {
        if (memcmp(frame->bytes + at, old, len) == 0) {
            memcpy(frame->bytes + at, new, len);
            return true;
        }
    }
    return false;
}

int main(int argc, char **argv)
{
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    struct frame frame;
    CHECK(argc == 6);
    uint64_t seq = strtoull(argv[2], NULL, 10);
    CHECK(mdb_env_create(&env) == 0);
    CHECK(mdb_env_set_maxdbs(env, 8) == 0);
    CHECK(mdb_env_set_mapsize(env, (size_t)1 << 32) == 0);
    CHECK(mdb_env_open(env, argv[1], 0, 0600) == 0);
    CHECK(mdb_txn_begin(env, NULL, 0, &txn) == 0);
    CHECK(mdb_dbi_open(txn, "record", 0, &dbi) == 0);
    if (!get(txn, dbi, seq, &frame) || !change(&frame, argv[3], argv[4])) {
        (void)fprintf(stderr, "record %s does not hold `%s`\n", argv[2], argv[3]);
        return 1;
    }
    bool rest = strcmp(argv[5], "rest") == 0;
    if (rest || strcmp(argv[5], "hash") == 0) {
        make_hash(txn, dbi, seq, &frame);
    }
    put(txn, dbi, seq, &frame);
    mem_free(frame.bytes);
    for (seq++; rest && get(txn, dbi, seq, &frame); seq++) {
        make_hash(txn, dbi, seq, &frame);
        put(txn, dbi, seq, &frame);
        mem_free(frame.bytes);
    }
    CHECK(mdb_txn_commit(txn) == 0);
    mdb_env_close(env);
    return 0;
}
