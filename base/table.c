#include "base/table.h"

#include "base/check.h"
#include "base/mem.h"

// References: INDEX_NONE = nothing; top bit set = row number; else node number.
#define REF_NONE UINT32_MAX
#define REF_ROW 0x80000000u

struct table_node {
    uint32_t child[2];
    uint16_t byte;  // where the keys below differ first
    uint8_t others; // all bits set but the differing one
};

struct table_row {
    uint64_t key_at; // in bytes
    uint64_t value_at;
    uint32_t value_len;
    uint32_t value_room;
    uint32_t hash;
    uint16_t key_len;
    bool dead;
};

// A table of fewer rows is walked as fast; PROBES_MAX bounds what keys chosen to collide can cost.
enum { INDEXED_ROWS_MIN = 64, PROBES_MAX = 32 };

void table_init(struct table *table) { *table = (struct table){ .root = REF_NONE }; }

void table_done(struct table *table)
{
    mem_free(table->nodes);
    mem_free(table->rows);
    mem_free(table->bytes);
    mem_free(table->slots);
    table_init(table);
}

void table_reset(struct table *table)
{
    table->node_count = 0;
    table->row_count = 0;
    table->byte_count = 0;
    table->dead_count = 0;
    table->root = REF_NONE;
    table->slot_count = 0;
}

void table_shrink(struct table *table, uint64_t bytes_keep)
{
    CHECK(table_is_empty(table));
    if (table->byte_capacity > bytes_keep) {
        table_done(table);
    }
}

static void *grown(void *old, uint64_t count, uint64_t element_bytes)
{
    return mem_grow(old, (size_t)(count * element_bytes));
}

static uint64_t add_bytes(struct table *table, const char *from, size_t len)
{
    if (table->byte_capacity - table->byte_count < len) {
        // What is added may be a row's own bytes (read here, put under another key), which move
        // now.
        uintptr_t inside = (uintptr_t)from - (uintptr_t)table->bytes;
        bool moves = table->bytes != NULL && inside < table->byte_count;
        uint64_t capacity = table->byte_capacity > 0 ? table->byte_capacity : 4096;
        while (capacity - table->byte_count < len) {
            capacity += capacity / 2;
        }
        table->bytes = grown(table->bytes, capacity, 1);
        table->byte_capacity = capacity;
        if (moves) {
            from = table->bytes + inside;
        }
    }
    uint64_t at = table->byte_count;
    if (len > 0) {
        memcpy(table->bytes + at, from, len);
    }
    table->byte_count += len;
    return at;
}

// --- the hash index: a short cut to one key, never the only way to it ----------------------------

static uint32_t hash_key(struct slice key)
{
    uint64_t hash = key.len;
    size_t at = 0;
    for (; key.len - at >= sizeof(uint64_t); at += sizeof(uint64_t)) {
        uint64_t eight;
        memcpy(&eight, key.ptr + at, sizeof(eight));
        hash = (hash ^ eight) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 32;
    }
    uint64_t rest = 0;
    memcpy(&rest, key.ptr + at, key.len - at);
    hash = (hash ^ rest) * 0x9e3779b97f4a7c15u;
    return (uint32_t)(hash >> 32);
}

static void index_row(struct table *table, uint32_t number)
{
    uint32_t mask = table->slot_count - 1;
    uint32_t at = table->rows[number].hash & mask;
    for (uint32_t i = 0; i < PROBES_MAX; i++, at = (at + 1) & mask) {
        if (table->slots[at] == 0) {
            table->slots[at] = number + 1;
            return;
        }
    }
    // Not indexed: whoever looks for it probes as far, finds no empty slot, and walks the tree.
}

static void index_all(struct table *table)
{
    uint32_t count = INDEXED_ROWS_MIN * 4;
    while (count < table->row_count * 4) {
        count *= 2;
    }
    if (count > table->slot_capacity) {
        table->slots = mem_grow(table->slots, sizeof(table->slots[0]) * count);
        table->slot_capacity = count;
    }
    table->slot_count = count;
    memset(table->slots, 0, sizeof(table->slots[0]) * count);
    for (uint32_t number = 0; number < table->row_count; number++) {
        index_row(table, number);
    }
}

// True: the index knows; `ret_row` is the row, or REF_NONE when there is none.
static bool look_up(const struct table *table, struct slice key, uint32_t hash, uint32_t *ret_row)
{
    if (table->slot_count == 0) {
        return false;
    }
    uint32_t mask = table->slot_count - 1;
    uint32_t at = hash & mask;
    for (uint32_t i = 0; i < PROBES_MAX; i++, at = (at + 1) & mask) {
        if (table->slots[at] == 0) {
            *ret_row = REF_NONE;
            return true;
        }
        const struct table_row *row = &table->rows[table->slots[at] - 1];
        if (row->hash == hash && row->key_len == key.len &&
            memcmp(table->bytes + row->key_at, key.ptr, key.len) == 0) {
            *ret_row = table->slots[at] - 1;
            return true;
        }
    }
    return false;
}

static uint32_t add_row(struct table *table, struct slice key)
{
    if (table->row_count == table->row_capacity) {
        table->row_capacity = table->row_capacity > 0 ? table->row_capacity * 2 : 32;
        table->rows = grown(table->rows, table->row_capacity, sizeof(struct table_row));
    }
    CHECK(key.len > 0 && key.len <= TABLE_KEY_BYTES_MAX);
    CHECK(table->row_count < REF_ROW - 1);
    uint32_t number = table->row_count++;
    uint64_t at = add_bytes(table, key.ptr, key.len);
    table->rows[number] = (struct table_row){ .key_at = at, .key_len = (uint16_t)key.len };
    return number;
}

static struct slice row_key(const struct table *table, uint32_t number)
{
    const struct table_row *row = &table->rows[number];
    return slice_make(table->bytes + row->key_at, row->key_len);
}

static struct slice row_value(const struct table *table, uint32_t number)
{
    const struct table_row *row = &table->rows[number];
    return slice_make(table->bytes + row->value_at, row->value_len);
}

static unsigned direction(const struct table_node *node, struct slice key)
{
    unsigned byte = node->byte < key.len ? (unsigned char)key.ptr[node->byte] : 0;
    return (1 + (node->others | byte)) >> 8;
}

// The row that shares the longest beginning with the key (of those a walk can reach).
static uint32_t walk(const struct table *table, struct slice key)
{
    uint32_t ref = table->root;
    while (ref < REF_ROW) {
        const struct table_node *node = &table->nodes[ref];
        ref = node->child[direction(node, key)];
    }
    return ref & ~REF_ROW;
}

// Where two keys differ first: byte, and the mask of the highest differing bit, inverted.
// False: they are equal.
static bool first_difference(struct slice a, struct slice b, uint32_t *ret_byte,
                             uint8_t *ret_others)
{
    size_t common = a.len < b.len ? a.len : b.len;
    size_t at = 0;
    while (at < common && a.ptr[at] == b.ptr[at]) {
        at++;
    }
    if (at == common) {
        CHECK(a.len == b.len); // no key may be the beginning of another
        return false;
    }
    unsigned bits = (unsigned char)a.ptr[at] ^ (unsigned char)b.ptr[at];
    bits |= bits >> 1;
    bits |= bits >> 2;
    bits |= bits >> 4;
    *ret_others = (uint8_t)((bits & ~(bits >> 1)) ^ 0xff);
    *ret_byte = (uint32_t)at;
    return true;
}

// Puts the row into the tree at the place where it differs from its nearest relative.
static void link_row(struct table *table, uint32_t number, uint32_t byte, uint8_t others)
{
    if (table->node_count == table->node_capacity) {
        table->node_capacity = table->node_capacity > 0 ? table->node_capacity * 2 : 32;
        table->nodes = grown(table->nodes, table->node_capacity, sizeof(struct table_node));
    }
    struct slice key = row_key(table, number);
    uint32_t fresh = table->node_count++;
    struct table_node *node = &table->nodes[fresh];
    node->byte = (uint16_t)byte;
    node->others = others;
    unsigned side = direction(node, key);
    node->child[side] = number | REF_ROW;
    uint32_t *at = &table->root;
    while (*at < REF_ROW) {
        struct table_node *above = &table->nodes[*at];
        if (above->byte > byte || (above->byte == byte && above->others > others)) {
            break;
        }
        at = &above->child[direction(above, key)];
    }
    node->child[1 - side] = *at;
    *at = fresh;
}

static void index_new_row(struct table *table, uint32_t number, uint32_t hash)
{
    table->rows[number].hash = hash;
    if (table->slot_count == 0 ? table->row_count >= INDEXED_ROWS_MIN
                               : table->row_count > table->slot_count / 2) {
        index_all(table);
    } else if (table->slot_count > 0) {
        index_row(table, number);
    }
}

static uint32_t find_or_add(struct table *table, struct slice key)
{
    uint32_t hash = hash_key(key);
    if (table->root == REF_NONE) {
        uint32_t number = add_row(table, key);
        table->rows[number].hash = hash;
        table->root = number | REF_ROW;
        return number;
    }
    uint32_t found = REF_NONE;
    if (look_up(table, key, hash, &found) && found != REF_NONE) {
        return found;
    }
    uint32_t nearest = walk(table, key);
    uint32_t byte;
    uint8_t others;
    if (!first_difference(row_key(table, nearest), key, &byte, &others)) {
        return nearest;
    }
    uint32_t number = add_row(table, key);
    link_row(table, number, byte, others);
    index_new_row(table, number, hash);
    return number;
}

void table_put(struct table *table, struct slice key, struct slice value)
{
    CHECK(value.len < UINT32_MAX);
    uint32_t number = find_or_add(table, key);
    struct table_row *row = &table->rows[number];
    if (row->dead) {
        row->dead = false;
        table->dead_count--;
    }
    if (value.len > row->value_room) {
        row->value_at = add_bytes(table, value.ptr, value.len);
        row->value_room = (uint32_t)value.len;
    } else if (value.len > 0) {
        memmove(table->bytes + row->value_at, value.ptr, value.len);
    }
    row->value_len = (uint32_t)value.len;
}

void table_kill(struct table *table, struct slice key)
{
    uint32_t number = find_or_add(table, key); // may move the rows
    struct table_row *row = &table->rows[number];
    if (!row->dead) {
        row->dead = true;
        table->dead_count++;
    }
}

enum table_found table_get(const struct table *table, struct slice key, struct slice *ret_value)
{
    if (table->root == REF_NONE) {
        return TABLE_ABSENT;
    }
    uint32_t number = REF_NONE;
    if (table->slot_count > 0 && look_up(table, key, hash_key(key), &number)) {
        if (number == REF_NONE) {
            return TABLE_ABSENT;
        }
    } else {
        number = walk(table, key);
        if (!slice_equal(row_key(table, number), key)) {
            return TABLE_ABSENT;
        }
    }
    const struct table_row *row = &table->rows[number];
    if (row->dead) {
        return TABLE_DEAD;
    }
    *ret_value = row_value(table, number);
    return TABLE_PRESENT;
}

static bool stand_on(struct table_cursor *cursor, uint32_t number)
{
    cursor->row = number;
    cursor->key = row_key(cursor->table, number);
    cursor->value = row_value(cursor->table, number);
    cursor->dead = cursor->table->rows[number].dead;
    return true;
}

static bool at_end(struct table_cursor *cursor)
{
    cursor->row = UINT32_MAX;
    return false;
}

static uint32_t leftmost(const struct table *table, uint32_t ref)
{
    while (ref < REF_ROW) {
        ref = table->nodes[ref].child[0];
    }
    return ref & ~REF_ROW;
}

// The subtree whose keys all share what `key` has before (byte, others), or all lie after `key`.
// Walks from the root, remembering the last turn to the left: its right side comes next in order.
static bool seek_from_turn(struct table_cursor *cursor, struct slice key, uint32_t byte,
                           uint8_t others, bool key_is_less)
{
    const struct table *table = cursor->table;
    uint32_t ref = table->root;
    uint32_t after = REF_NONE;
    while (ref < REF_ROW) {
        const struct table_node *node = &table->nodes[ref];
        if (node->byte > byte || (node->byte == byte && node->others > others)) {
            break;
        }
        unsigned side = direction(node, key);
        if (side == 0) {
            after = node->child[1];
        }
        ref = node->child[side];
    }
    if (key_is_less) {
        return stand_on(cursor, leftmost(table, ref));
    }
    return after == REF_NONE ? at_end(cursor) : stand_on(cursor, leftmost(table, after));
}

bool table_seek(const struct table *table, struct slice from, struct table_cursor *ret_cursor)
{
    *ret_cursor = (struct table_cursor){ .table = table, .row = UINT32_MAX };
    if (table->root == REF_NONE) {
        return false;
    }
    if (from.len == 0) {
        return stand_on(ret_cursor, leftmost(table, table->root));
    }
    uint32_t nearest = walk(table, from);
    struct slice near_key = row_key(table, nearest);
    if (slice_equal(near_key, from)) {
        return stand_on(ret_cursor, nearest);
    }
    if (slice_starts(near_key, from)) { // a prefix: the subtree below it begins here
        return seek_from_turn(ret_cursor, from, (uint32_t)from.len - 1, 0xff, true);
    }
    CHECK(!slice_starts(from, near_key));
    uint32_t byte = 0;
    uint8_t others = 0;
    struct slice a = slice_sub(near_key, 0, from.len);
    struct slice b = slice_sub(from, 0, near_key.len);
    (void)first_difference(a, b, &byte, &others);
    bool key_is_less = (unsigned char)from.ptr[byte] < (unsigned char)near_key.ptr[byte];
    return seek_from_turn(ret_cursor, from, byte, others, key_is_less);
}

void table_row_at(const struct table *table, uint32_t number, struct table_cursor *ret_cursor)
{
    CHECK(number < table->row_count);
    *ret_cursor = (struct table_cursor){ .table = table };
    (void)stand_on(ret_cursor, number);
}

bool table_next(struct table_cursor *cursor)
{
    CHECK(cursor->row != UINT32_MAX);
    struct slice key = cursor->key;
    return seek_from_turn(cursor, key, UINT32_MAX, 0, false);
}
