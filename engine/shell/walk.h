// Walking the records of one case: each names the one before it, so a list from old to new is found
// by going back. Journal records are immutable and committed: no lock is held.
#ifndef RUNG_ENGINE_SHELL_WALK_H
#define RUNG_ENGINE_SHELL_WALK_H

#include "base/arena.h"
#include "base/err.h"
#include "engine/model/record.h"
#include "engine/store/store.h"

enum { WALK_SEQS_MAX = 512 };

struct walk {
    uint64_t seq[WALK_SEQS_MAX]; // the oldest ones after `after`, newest first
    uint32_t count;
};

// The oldest records of `instance` newer than `after`, at most `most` (≤ WALK_SEQS_MAX), found from
// its newest one `last`. `arena` is scratch. ERR_CORRUPT: a record does not decode.
enum err walk_back(struct store_reader *reader, uint64_t instance, uint64_t last, uint64_t after,
                   uint32_t most, struct arena *arena, struct walk *ret_walk) ATTR_USE_RESULT;

// Reads and decodes one record into `arena`.
enum err walk_record(struct store_reader *reader, uint64_t seq, struct arena *arena,
                     struct record *ret_record) ATTR_USE_RESULT;

#endif
