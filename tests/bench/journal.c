#include "tests/bench/journal.h"

#include <stdio.h>

#include "engine/core/core.h"
#include "engine/store/store.h"

enum { ARENA_BYTES_MAX = 1 << 30 };

static bool read_all(struct store *store, journal_fn *each, void *context)
{
    struct store_reader *reader = NULL;
    struct arena arena;
    if (store_reader_open(store, &reader) != OK) {
        return false;
    }
    arena_init(&arena, ARENA_BYTES_MAX);
    uint64_t last = store_head(store)->seq;
    bool good = true;
    for (uint64_t seq = 1; seq <= last && good; seq++) {
        struct slice bytes;
        struct record record;
        arena_reset(&arena);
        store_reader_begin_view(reader);
        good = store_reader_record(reader, seq, &arena, &bytes, NULL) == OK &&
               record_decode(bytes, &arena, &record) == OK;
        if (good) {
            each(context, &record);
        }
        store_reader_end(reader);
    }
    store_reader_close(reader);
    arena_done(&arena);
    return good;
}

bool journal_each(const char *folder, journal_fn *each, void *context)
{
    struct store *store = NULL;
    struct store_problem problem = { 0 };
    const struct store_options open = { .path = folder,
                                        .fingerprint = core_evolve_fingerprint() };
    if (store_open(&open, &store, &problem) != OK) {
        fprintf(stderr, "%s\n", problem.message);
        return false;
    }
    bool good = read_all(store, each, context);
    store_close(store, false);
    return good;
}
