// Ordered rows in memory: the store's layers, and maps that must iterate in order. A crit-bit tree
// (D. J. Bernstein) whose nodes, keys and values live in two growing blocks: no allocation per row,
// cheap reset. Keys are compared as bytes; no key may be the beginning of another one (all keys of
// one database have one length, or end in a 0 byte that occurs nowhere else): CHECKed.
// A row may be a tombstone, which hides the row of a layer below. Not thread-safe.
#ifndef RUNG_BASE_TABLE_H
#define RUNG_BASE_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum { TABLE_KEY_BYTES_MAX = 500 };

struct table_node;
struct table_row;

struct table {
    struct table_node *nodes;
    struct table_row *rows;
    char *bytes; // keys and values
    uint32_t node_count, node_capacity;
    uint32_t row_count, row_capacity; // rows ever made since reset, tombstones included
    uint64_t byte_count, byte_capacity;
    uint32_t root;  // tagged reference
    uint32_t dead_count;
    uint32_t *slots; // hash of the key → row + 1, so that finding one key needs no walk; 0: empty
    uint32_t slot_capacity;
    uint32_t slot_count; // a power of two; 0: the table is too small to need them
};

enum table_found { TABLE_ABSENT, TABLE_PRESENT, TABLE_DEAD };

void table_init(struct table *table);
void table_done(struct table *table);
void table_reset(struct table *table); // keeps the memory
// Frees what exceeds `bytes_keep` after a reset (a burst must not hold memory for ever).
void table_shrink(struct table *table, uint64_t bytes_keep);
static inline bool table_is_empty(const struct table *table) { return table->row_count == 0; }
static inline uint64_t table_bytes(const struct table *table) { return table->byte_count; }

// Copies key and value. A put over a tombstone revives the row.
void table_put(struct table *table, struct slice key, struct slice value);
void table_kill(struct table *table, struct slice key); // leaves a tombstone
// The value is valid until the next put, kill, reset or done of this table.
enum table_found table_get(const struct table *table, struct slice key, struct slice *ret_value);

// Ordered iteration, tombstones included. A cursor stays valid only while the table is not changed.
struct table_cursor {
    const struct table *table;
    uint32_t row; // UINT32_MAX: at the end
    struct slice key;
    struct slice value;
    bool dead;
};
// The first row whose key is >= `from`. Returns false at the end.
bool table_seek(const struct table *table, struct slice from, struct table_cursor *ret_cursor);
bool table_next(struct table_cursor *cursor);
// Row `number` (below row_count) in the order the rows were made, tombstones included: cheaper than
// iterating by key, where the order does not matter. table_next may follow.
void table_row_at(const struct table *table, uint32_t number, struct table_cursor *ret_cursor);

#endif
