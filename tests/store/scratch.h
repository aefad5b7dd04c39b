// What the store's tests share: a scratch folder, short spellings of keys and rows, commits that
// must succeed.
#ifndef RUNG_TESTS_STORE_SCRATCH_H
#define RUNG_TESTS_STORE_SCRATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "engine/store/store.h"

struct scratch {
    char folder[256]; // made by scratch_init, removed with all in it by scratch_done
    char store[300];  // folder/store
};

void scratch_init(struct scratch *scratch);
// The same below `parent` (/dev/shm, for instance).
void scratch_init_in(struct scratch *scratch, const char *parent);
void scratch_done(struct scratch *scratch);
void scratch_remove(const char *path); // a folder and all in it; absent is fine

struct store *scratch_open(const char *path);
struct store *scratch_open_with(const struct store_options *options);
// Freeze, flush, done; all must succeed.
void scratch_flush(struct store *store);
// Puts, accepts, appends one record saying so, commits.
void scratch_put(struct store *store, const char *key, const char *value);
// The value of `key` in DB_INSTANCE, "" when absent; valid until the next call.
struct slice scratch_get(struct store *store, const char *key);
// Flips one bit of byte `at_byte` of every place in the file where `bytes` occur; returns how many.
unsigned scratch_flip(const char *file, struct slice bytes, size_t at_byte);

#endif
