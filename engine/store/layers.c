#include "engine/store/layers.h"

#include "base/check.h"

// A larger empty table keeps its memory: it would have to grow it again, copying, row by row.
enum { TRADE_BYTES_MAX = 1024 * 1024 };

struct store_cursor {
    struct layers *layers;
    enum store_db db;
    uint32_t table_count;
    struct table_cursor tables[LAYERS_TABLES_MAX]; // newest first; only those that have rows
    bool table_there[LAYERS_TABLES_MAX];           // stands on a row of this database
    struct store_position position;
    bool position_there;
    struct slice key, value; // where the merged cursor stands; without the database's byte
};

void layers_key(struct layers_key *ret_key, enum store_db db, struct slice key)
{
    CHECK(db > 0 && db < DB_COUNT);
    CHECK(key.len < sizeof(ret_key->bytes));
    ret_key->bytes[0] = (char)db;
    if (key.len > 0) {
        memcpy(ret_key->bytes + 1, key.ptr, key.len);
    }
    ret_key->len = key.len + 1;
}

enum err layers_get(const struct layers *layers, enum store_db db, struct slice key,
                    struct slice *ret_value)
{
    struct layers_key full;
    layers_key(&full, db, key);
    for (uint32_t i = 0; i < layers->table_count; i++) {
        switch (table_get(layers->tables[i], layers_key_slice(&full), ret_value)) {
        case TABLE_PRESENT: return OK;
        case TABLE_DEAD: return ERR_NOT_FOUND;
        case TABLE_ABSENT: break;
        }
    }
    if (layers->snapshot == NULL) {
        return ERR_NOT_FOUND;
    }
    return store_snapshot_get(layers->snapshot, db, key, ret_value);
}

static bool in_db(const struct table_cursor *cursor, enum store_db db)
{
    return (uint8_t)cursor->key.ptr[0] == (uint8_t)db;
}

// The database's end, or an error that sticks in the layers.
static bool position_result(struct store_cursor *cursor, enum err err)
{
    if (err != OK && err != ERR_NOT_FOUND) {
        cursor->layers->failed = true;
    }
    return err == OK;
}

// The newest layer that stands on the smallest key; table_count means the view, UINT32_MAX nothing.
static uint32_t smallest(const struct store_cursor *cursor, struct slice *ret_key)
{
    uint32_t found = UINT32_MAX;
    for (uint32_t i = 0; i < cursor->table_count; i++) {
        if (!cursor->table_there[i]) {
            continue;
        }
        struct slice key = slice_sub(cursor->tables[i].key, 1, SIZE_MAX);
        if (found == UINT32_MAX || slice_compare(key, *ret_key) < 0) {
            found = i;
            *ret_key = key;
        }
    }
    if (cursor->position_there &&
        (found == UINT32_MAX || slice_compare(cursor->position.key, *ret_key) < 0)) {
        found = cursor->table_count;
        *ret_key = cursor->position.key;
    }
    return found;
}

// Moves every layer that stands on `key` one row on.
static void pass_key(struct store_cursor *cursor, struct slice key)
{
    for (uint32_t i = 0; i < cursor->table_count; i++) {
        struct table_cursor *row = &cursor->tables[i];
        if (cursor->table_there[i] && slice_equal(slice_sub(row->key, 1, SIZE_MAX), key)) {
            cursor->table_there[i] = table_next(row) && in_db(row, cursor->db);
        }
    }
    if (cursor->position_there && slice_equal(cursor->position.key, key)) {
        cursor->position_there = position_result(cursor, store_position_next(&cursor->position));
    }
}

// Stands on the next living row, passing tombstones and what they hide.
static bool settle(struct store_cursor *cursor)
{
    for (;;) {
        struct slice key = SLICE_EMPTY;
        uint32_t layer = smallest(cursor, &key);
        if (layer == UINT32_MAX || cursor->layers->failed) {
            cursor->key = SLICE_EMPTY;
            cursor->value = SLICE_EMPTY;
            return false;
        }
        bool dead = layer < cursor->table_count && cursor->tables[layer].dead;
        cursor->key = key;
        cursor->value =
            layer < cursor->table_count ? cursor->tables[layer].value : cursor->position.value;
        pass_key(cursor, key);
        if (!dead) {
            return true;
        }
    }
}

struct store_cursor *layers_seek(struct layers *layers, enum store_db db, struct slice from,
                                 struct arena *arena)
{
    struct layers_key full;
    layers_key(&full, db, from);
    struct store_cursor *cursor = ARENA_NEW(arena, struct store_cursor);
    cursor->layers = layers;
    cursor->db = db;
    for (uint32_t i = 0; i < layers->table_count; i++) {
        if (table_is_empty(layers->tables[i])) {
            continue;
        }
        uint32_t at = cursor->table_count++;
        struct table_cursor *row = &cursor->tables[at];
        cursor->table_there[at] =
            table_seek(layers->tables[i], layers_key_slice(&full), row) && in_db(row, db);
    }
    if (layers->snapshot != NULL) {
        enum err err = store_position_seek(layers->snapshot, db, from, &cursor->position);
        cursor->position_there = position_result(cursor, err);
    }
    return settle(cursor) ? cursor : NULL;
}

bool store_next(struct store_cursor *cursor)
{
    CHECK(cursor->key.len > 0);
    return settle(cursor);
}

struct slice store_cursor_key(const struct store_cursor *cursor) { return cursor->key; }

struct slice store_cursor_value(const struct store_cursor *cursor) { return cursor->value; }

void layers_merge(struct table *to, struct table *from)
{
    CHECK(to != from);
    if (table_is_empty(to) && to->byte_capacity <= TRADE_BYTES_MAX) {
        struct table empty = *to; // trade places: nothing is copied
        *to = *from;
        *from = empty;
        table_reset(from);
        return;
    }
    for (uint32_t number = 0; number < from->row_count; number++) {
        struct table_cursor row;
        table_row_at(from, number, &row);
        if (row.dead) {
            table_kill(to, row.key);
        } else {
            table_put(to, row.key, row.value);
        }
    }
    table_reset(from);
}
