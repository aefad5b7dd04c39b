// Proving a store: the chain of its records, and two stores' rows against each other.
#include <stdio.h>

#include "base/check.h"
#include "engine/store/store_internal.h"

enum { RECORDS_PER_PIN = 4096, KEY_HEX_BYTES = 32 };

// --- the chain -------------------------------------------------------------------------------

// Up to RECORDS_PER_PIN records from *seq on; moves *seq behind the last good one.
static enum err check_some(struct journal_reader *reader, uint64_t *seq, uint64_t last,
                           uint8_t chain[STORE_CHAIN_BYTES])
{
    for (uint32_t count = 0; count < RECORDS_PER_PIN && *seq <= last; count++) {
        struct journal_frame frame;
        uint8_t expected[STORE_CHAIN_BYTES];
        enum err err = journal_peek(reader, *seq, &frame);
        if (err != OK) {
            return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
        }
        journal_chain(chain, frame.now_ms, frame.record, expected);
        if (memcmp(expected, frame.chain, STORE_CHAIN_BYTES) != 0) {
            return ERR_CORRUPT;
        }
        memcpy(chain, expected, STORE_CHAIN_BYTES);
        (*seq)++;
    }
    return OK;
}

static enum err chain_before(struct journal_reader *reader, uint64_t seq,
                             uint8_t ret_chain[STORE_CHAIN_BYTES])
{
    memset(ret_chain, 0, STORE_CHAIN_BYTES);
    if (seq <= 1) {
        return OK;
    }
    struct journal_frame frame;
    enum err err = journal_peek(reader, seq - 1, &frame);
    if (err == OK) {
        memcpy(ret_chain, frame.chain, STORE_CHAIN_BYTES);
    }
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

enum err store_check_chain(struct store_reader *reader, uint64_t first, uint64_t last,
                           uint64_t *ret_bad_seq)
{
    CHECK(reader->magic == READER_MAGIC);
    CHECK(first > 0 && !reader->inside); // it takes a lock of its own for a store in memory
    uint8_t chain[STORE_CHAIN_BYTES];
    uint64_t seq = first;
    bool begun = false;
    enum err err = OK;
    while (err == OK && seq <= last) {
        if (!reader->store->on_disk) {
            store_lock_take(reader->store);
        }
        err = journal_pin(reader->journal_reader);
        if (err == OK) {
            err = begun ? OK : chain_before(reader->journal_reader, first, chain);
            begun = true;
            if (err == OK) {
                err = check_some(reader->journal_reader, &seq, last, chain);
            }
            journal_unpin(reader->journal_reader);
        }
        if (!reader->store->on_disk) {
            store_lock_give(reader->store);
        }
    }
    *ret_bad_seq = err == ERR_CORRUPT ? seq : 0;
    return err;
}

// --- comparing -------------------------------------------------------------------------------

static void say_key(char *text, uint32_t text_bytes, enum store_db db, struct slice key,
                    const char *what)
{
    char hex[2 * KEY_HEX_BYTES + 1] = "";
    for (size_t i = 0; i < key.len && i < KEY_HEX_BYTES; i++) {
        (void)snprintf(hex + 2 * i, 3, "%02x", (unsigned)(unsigned char)key.ptr[i]);
    }
    (void)snprintf(text, text_bytes, "row %s%s of %s %s", hex, key.len > KEY_HEX_BYTES ? "…" : "",
                   store_db_name(db), what);
}

struct comparison {
    struct store_cursor *a, *b;
    char *what;
    uint32_t what_bytes;
    uint64_t rows;
};

static enum err compare_db(struct comparison *comparison, enum store_db db)
{
    struct store_cursor *a = comparison->a;
    struct store_cursor *b = comparison->b;
    while (a != NULL || b != NULL) {
        int order = a == NULL ? 1 : -1;
        if (a != NULL && b != NULL) {
            order = slice_compare(store_cursor_key(a), store_cursor_key(b));
        }
        const char *what = NULL;
        if (order < 0) {
            what = "is only in the first";
        } else if (order > 0) {
            what = "is only in the second";
        } else if (!slice_equal(store_cursor_value(a), store_cursor_value(b))) {
            what = "has another value in the second";
        }
        if (what != NULL) {
            struct slice key = order > 0 ? store_cursor_key(b) : store_cursor_key(a);
            say_key(comparison->what, comparison->what_bytes, db, key, what);
            return ERR_MISMATCH;
        }
        comparison->rows++;
        a = store_next(a) ? a : NULL;
        b = store_next(b) ? b : NULL;
    }
    return OK;
}

enum err store_compare(struct store_reader *a, struct store_reader *b, uint64_t *ret_rows,
                       char *ret_what, uint32_t what_bytes)
{
    CHECK(a->inside && b->inside && a != b);
    struct comparison comparison = { .what = ret_what, .what_bytes = what_bytes };
    struct arena arena;
    arena_init(&arena, 64 * 1024);
    enum err err = OK;
    for (uint32_t db = 1; db < DB_COUNT && err == OK; db++) {
        arena_reset(&arena);
        comparison.a = store_reader_seek(a, (enum store_db)db, SLICE_EMPTY, &arena);
        comparison.b = store_reader_seek(b, (enum store_db)db, SLICE_EMPTY, &arena);
        err = compare_db(&comparison, (enum store_db)db);
        if (store_reader_failed(a) || store_reader_failed(b)) {
            err = ERR_IO;
        }
    }
    arena_done(&arena);
    *ret_rows = comparison.rows;
    return err;
}
