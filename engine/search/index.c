#include "engine/search/index.h"

#include <lmdb.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/reader.h"
#include "engine/store/files.h"
#include "engine/store/lmdb_env.h"

enum { INDEX_FORMAT = 1, LISTED_MAX = 255, BITS_BYTES = INDEX_BUCKET_CASES / 8 };
enum { META_BYTES = 4 + STORE_UUID_BYTES + 8 + STORE_CHAIN_BYTES, AT_BYTES = INDEX_BUCKET_BYTES };

struct index {
    MDB_env *env;
    uint32_t meta, docs, postings;
    MDB_txn *txn; // of the batch
    enum err failed; // in it
    uint8_t uuid[STORE_UUID_BYTES];
    struct index_place place;
};

// --- meta ----------------------------------------------------------------------------------------

static void put_u32(char *to, uint32_t number)
{
    for (uint32_t i = 0; i < 4; i++) {
        to[i] = (char)(unsigned char)(number >> (24 - 8 * i));
    }
}

static void put_u64(char *to, uint64_t number)
{
    put_u32(to, (uint32_t)(number >> 32));
    put_u32(to + 4, (uint32_t)number);
}

static enum err put_meta(struct index *index, MDB_txn *txn, const struct index_place *place)
{
    char bytes[META_BYTES];
    put_u32(bytes, INDEX_FORMAT);
    memcpy(bytes + 4, index->uuid, STORE_UUID_BYTES);
    put_u64(bytes + 4 + STORE_UUID_BYTES, place->seq);
    memcpy(bytes + 12 + STORE_UUID_BYTES, place->chain, STORE_CHAIN_BYTES);
    return lmdb_env_put(txn, index->meta, SLICE("place"), slice_make(bytes, sizeof(bytes)), 0);
}

static bool get_meta(const struct index *index, MDB_txn *txn, struct index_place *ret_place)
{
    struct slice bytes;
    if (lmdb_env_get(txn, index->meta, SLICE("place"), &bytes) != OK || bytes.len != META_BYTES) {
        return false;
    }
    struct reader reader;
    uint8_t uuid[STORE_UUID_BYTES];
    reader_init(&reader, bytes);
    uint32_t format = reader_u32_be(&reader);
    reader_copy(&reader, uuid, sizeof(uuid));
    ret_place->seq = reader_u64_be(&reader);
    reader_copy(&reader, ret_place->chain, STORE_CHAIN_BYTES);
    return format == INDEX_FORMAT && memcmp(uuid, index->uuid, sizeof(uuid)) == 0;
}

// --- opening -------------------------------------------------------------------------------------

static enum err open_dbs(struct index *index)
{
    MDB_txn *txn;
    enum err err = lmdb_env_write(index->env, &txn);
    if (err != OK) {
        return err;
    }
    err = lmdb_env_db(txn, "meta", true, &index->meta);
    if (err == OK) {
        err = lmdb_env_db(txn, "doc", true, &index->docs);
    }
    if (err == OK) {
        err = lmdb_env_db(txn, "posting", true, &index->postings);
    }
    if (err == OK && !get_meta(index, txn, &index->place)) {
        index->place = (struct index_place){ 0 };
        int rc = mdb_drop(txn, index->docs, 0);
        rc = rc == 0 ? mdb_drop(txn, index->postings, 0) : rc;
        err = rc == 0 ? put_meta(index, txn, &index->place) : lmdb_env_err(rc);
    }
    if (err != OK) {
        mdb_txn_abort(txn);
        return err;
    }
    return lmdb_env_commit(index->env, txn);
}

static enum err open_once(const char *folder, uint64_t map_bytes, struct index *index)
{
    enum err err = lmdb_env_open(folder, map_bytes, 3, &index->env);
    if (err == OK) {
        err = open_dbs(index);
        if (err != OK) {
            lmdb_env_close(index->env);
            index->env = NULL;
        }
    }
    return err;
}

enum err index_drop(const char *data_folder)
{
    struct files_path path;
    enum err err = files_join(&path, data_folder, "search");
    return err == OK ? files_remove_folder(path.text) : err;
}

enum err index_open(const char *data_folder, const uint8_t *uuid, uint64_t map_bytes,
                    struct index **ret_index)
{
    struct files_path path;
    enum err err = files_join(&path, data_folder, "search");
    if (err == OK) {
        err = files_make_folder(path.text);
    }
    if (err != OK) {
        return err;
    }
    struct index *index = mem_zalloc(sizeof(*index));
    memcpy(index->uuid, uuid, STORE_UUID_BYTES);
    err = open_once(path.text, map_bytes, index);
    if (err == ERR_CORRUPT) { // whatever it was: it can be made again
        err = index_drop(data_folder);
        if (err == OK) {
            err = files_make_folder(path.text);
        }
        if (err == OK) {
            err = open_once(path.text, map_bytes, index);
        }
    }
    if (err != OK) {
        mem_free(index);
        return err;
    }
    *ret_index = index;
    return OK;
}

void index_close(struct index *index)
{
    if (index != NULL) {
        CHECK(index->txn == NULL);
        lmdb_env_close(index->env);
        mem_free(index);
    }
}

const struct index_place *index_place(const struct index *index) { return &index->place; }

uint64_t index_bytes(struct index *index) { return lmdb_env_used_bytes(index->env); }

int index_fd(struct index *index)
{
    mdb_filehandle_t fd;
    CHECK(mdb_env_get_fd(index->env, &fd) == 0);
    return fd;
}

// --- buckets -------------------------------------------------------------------------------------

static uint32_t listed(struct slice value, uint32_t number)
{
    const unsigned char *at = (const unsigned char *)value.ptr + 2 * (size_t)number;
    return ((uint32_t)at[0] | (uint32_t)at[1] << 8) % INDEX_BUCKET_CASES;
}

void index_bucket_or(struct slice value, uint64_t bits[INDEX_WORDS])
{
    if (value.len == BITS_BYTES) {
        for (uint32_t i = 0; i < INDEX_WORDS; i++) {
            uint64_t word;
            memcpy(&word, value.ptr + 8 * (size_t)i, sizeof(word));
            bits[i] |= word;
        }
        return;
    }
    for (uint32_t i = 0; i < value.len / 2; i++) {
        uint32_t place = listed(value, i);
        bits[place / 64] |= 1ull << (place % 64);
    }
}

static uint32_t count_bits(const uint64_t bits[INDEX_WORDS])
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < INDEX_WORDS; i++) {
        for (uint64_t word = bits[i]; word != 0; word &= word - 1) {
            count++;
        }
    }
    return count;
}

uint32_t index_bucket_count(struct slice value)
{
    if (value.len != BITS_BYTES) {
        return (uint32_t)(value.len / 2);
    }
    uint64_t bits[INDEX_WORDS] = { 0 };
    index_bucket_or(value, bits);
    return count_bits(bits);
}

// A value of `bits`, in `to`.
static struct slice pack_bucket(const uint64_t bits[INDEX_WORDS], char to[BITS_BYTES])
{
    if (count_bits(bits) > LISTED_MAX) {
        memcpy(to, bits, BITS_BYTES);
        return slice_make(to, BITS_BYTES);
    }
    size_t len = 0;
    for (uint32_t place = 0; place < INDEX_BUCKET_CASES; place++) {
        if ((bits[place / 64] >> (place % 64) & 1) != 0) {
            to[len++] = (char)(unsigned char)place;
            to[len++] = (char)(unsigned char)(place >> 8);
        }
        place |= bits[place / 64] == 0 ? 63u : 0u;
    }
    return slice_make(to, len);
}

// --- one batch -----------------------------------------------------------------------------------

enum err index_begin(struct index *index)
{
    CHECK(index->txn == NULL);
    index->failed = OK;
    return lmdb_env_write(index->env, &index->txn);
}

static void key_of_doc(uint64_t instance, char to[8]) { put_u64(to, instance); }

struct slice index_filed(struct index *index, uint64_t instance)
{
    char key[8];
    struct slice doc;
    key_of_doc(instance, key);
    enum err err = lmdb_env_get(index->txn, index->docs, slice_make(key, sizeof(key)), &doc);
    if (err != OK && err != ERR_NOT_FOUND && index->failed == OK) {
        index->failed = err;
    }
    return err == OK ? doc : SLICE_EMPTY;
}

void index_file(struct index *index, uint64_t instance, struct slice doc)
{
    char key[8];
    key_of_doc(instance, key);
    if (index->failed == OK) {
        index->failed = lmdb_env_put(index->txn, index->docs, slice_make(key, sizeof(key)), doc, 0);
    }
}

static enum err delete_key(struct index *index, struct slice key)
{
    char bytes[INDEX_TERM_BYTES_MAX + AT_BYTES];
    memcpy(bytes, key.ptr, key.len);
    MDB_val k = { key.len, bytes };
    int rc = mdb_del(index->txn, index->postings, &k, NULL);
    return rc == MDB_NOTFOUND ? OK : lmdb_env_err(rc);
}

// All postings of one bucket, from number *at; leaves *at at the first one of the next.
static enum err write_bucket(struct index *index, const struct postings *postings, uint32_t *at)
{
    enum { TAIL_BYTES = INDEX_PLACE_BYTES + 1 };
    struct slice row = posting_key(postings, *at);
    struct slice key = slice_sub(row, 0, row.len - TAIL_BYTES);
    uint64_t bits[INDEX_WORDS] = { 0 };
    struct slice value;
    enum err err = lmdb_env_get(index->txn, index->postings, key, &value);
    if (err == OK) {
        index_bucket_or(value, bits);
    } else if (err != ERR_NOT_FOUND) {
        return err;
    }
    while (row.len == key.len + TAIL_BYTES && slice_starts(row, key)) {
        const unsigned char *tail = (const unsigned char *)row.ptr + key.len;
        uint32_t place = ((uint32_t)tail[0] << 8 | tail[1]) % INDEX_BUCKET_CASES;
        uint64_t bit = 1ull << (place % 64);
        bits[place / 64] = tail[2] != 0 ? bits[place / 64] | bit : bits[place / 64] & ~bit;
        if (++*at == postings->count) {
            break;
        }
        row = posting_key(postings, *at);
    }
    char bytes[BITS_BYTES];
    value = pack_bucket(bits, bytes);
    return value.len > 0 ? lmdb_env_put(index->txn, index->postings, key, value, 0)
                         : delete_key(index, key);
}

enum err index_commit(struct index *index, struct postings *postings,
                      const struct index_place *place)
{
    CHECK(index->txn != NULL);
    enum err err = index->failed;
    if (err == OK) {
        postings_sort(postings);
    }
    for (uint32_t at = 0; at < postings->count && err == OK;) {
        err = write_bucket(index, postings, &at);
    }
    if (err == OK) {
        err = put_meta(index, index->txn, place);
    }
    MDB_txn *txn = index->txn;
    index->txn = NULL;
    if (err != OK) {
        mdb_txn_abort(txn);
        return err == ERR_FULL || err == ERR_NO_MEMORY ? err : ERR_IO;
    }
    err = lmdb_env_commit(index->env, txn);
    if (err == OK) {
        index->place = *place;
    }
    return err;
}

void index_abort(struct index *index)
{
    if (index->txn != NULL) {
        mdb_txn_abort(index->txn);
        index->txn = NULL;
    }
}

enum err index_clear(struct index *index)
{
    MDB_txn *txn;
    struct index_place nothing = { 0 };
    enum err err = lmdb_env_write(index->env, &txn);
    if (err != OK) {
        return err;
    }
    int rc = mdb_drop(txn, index->docs, 0);
    rc = rc == 0 ? mdb_drop(txn, index->postings, 0) : rc;
    err = rc == 0 ? put_meta(index, txn, &nothing) : lmdb_env_err(rc);
    if (err != OK) {
        mdb_txn_abort(txn);
        return err;
    }
    err = lmdb_env_commit(index->env, txn);
    if (err == OK) {
        index->place = nothing;
    }
    return err;
}

// --- reading -------------------------------------------------------------------------------------

struct index_reader {
    struct index *index;
    MDB_txn *txn;
    MDB_cursor *cursor; // over the postings
    bool inside;
};

enum err index_reader_open(struct index *index, struct index_reader **ret_reader)
{
    struct index_reader *reader = mem_zalloc(sizeof(*reader));
    reader->index = index;
    enum err err = lmdb_env_read(index->env, &reader->txn);
    if (err == OK && mdb_cursor_open(reader->txn, index->postings, &reader->cursor) != 0) {
        mdb_txn_abort(reader->txn);
        err = ERR_NO_MEMORY;
    }
    if (err != OK) {
        mem_free(reader);
        return err;
    }
    mdb_txn_reset(reader->txn);
    *ret_reader = reader;
    return OK;
}

void index_reader_close(struct index_reader *reader)
{
    if (reader != NULL) {
        mdb_cursor_close(reader->cursor);
        mdb_txn_abort(reader->txn);
        mem_free(reader);
    }
}

enum err index_reader_begin(struct index_reader *reader)
{
    CHECK(!reader->inside);
    int rc = mdb_txn_renew(reader->txn);
    if (rc == 0) {
        rc = mdb_cursor_renew(reader->txn, reader->cursor);
        if (rc != 0) {
            mdb_txn_reset(reader->txn);
        }
    }
    reader->inside = rc == 0;
    return rc == 0 ? OK : ERR_IO;
}

void index_reader_end(struct index_reader *reader)
{
    CHECK(reader->inside);
    mdb_txn_reset(reader->txn);
    reader->inside = false;
}

uint64_t index_reader_seq(struct index_reader *reader)
{
    struct index_place place;
    return get_meta(reader->index, reader->txn, &place) ? place.seq : 0;
}

struct slice index_reader_doc(struct index_reader *reader, uint64_t instance)
{
    char key[8];
    struct slice doc;
    key_of_doc(instance, key);
    return lmdb_env_get(reader->txn, reader->index->docs, slice_make(key, sizeof(key)), &doc) == OK
               ? doc
               : SLICE_EMPTY;
}

// The first posting at or behind the bytes.
static bool move_cursor(struct index_reader *reader, char *bytes, size_t len, MDB_val *ret_key,
                        MDB_val *ret_value)
{
    *ret_key = (MDB_val){ len, bytes };
    return mdb_cursor_get(reader->cursor, ret_key, ret_value, MDB_SET_RANGE) == 0;
}

bool index_reader_seek(struct index_reader *reader, struct slice term, uint32_t at,
                       uint32_t *ret_at, struct slice *ret_value)
{
    char bytes[INDEX_TERM_BYTES_MAX + AT_BYTES];
    MDB_val key;
    MDB_val value;
    CHECK(reader->inside && term.len <= INDEX_TERM_BYTES_MAX);
    memcpy(bytes, term.ptr, term.len);
    put_u32(bytes + term.len, at);
    if (!move_cursor(reader, bytes, term.len + AT_BYTES, &key, &value) ||
        key.mv_size != term.len + AT_BYTES ||
        !slice_starts(slice_make(key.mv_data, key.mv_size), term)) {
        return false;
    }
    struct reader number;
    reader_init(&number, slice_make((const char *)key.mv_data + term.len, AT_BYTES));
    *ret_at = reader_u32_be(&number);
    *ret_value = slice_make(value.mv_data, value.mv_size);
    return true;
}

bool index_reader_term(struct index_reader *reader, struct slice from, struct slice with,
                       struct slice *ret_term)
{
    char bytes[INDEX_TERM_BYTES_MAX + AT_BYTES];
    MDB_val key;
    MDB_val value;
    CHECK(reader->inside && from.len > 0 && from.len <= sizeof(bytes));
    memcpy(bytes, from.ptr, from.len);
    if (!move_cursor(reader, bytes, from.len, &key, &value) || key.mv_size <= AT_BYTES ||
        key.mv_size > sizeof(bytes)) {
        return false;
    }
    *ret_term = slice_make(key.mv_data, key.mv_size - AT_BYTES);
    return slice_starts(*ret_term, with);
}
