// Keeps the journal's file longer than what is used, filled with zeros: a commit that does not
// change the length of its file syncs faster. The flusher writes the zeros, the core commits
// meanwhile. Zeros must never go over pages of a commit, so the two agree on where the file ends:
//   a commit that fits below `end` needs no word; zeros are written only from `end` on;
//   one that may go beyond it says so (`beyond`), waits for a piece under way, and moves `end`.
#ifndef RUNG_ENGINE_STORE_JOURNAL_AHEAD_H
#define RUNG_ENGINE_STORE_JOURNAL_AHEAD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"

struct journal_ahead {
    int fd;
    atomic_uint_fast64_t used; // bytes in use, as of the last commit
    atomic_uint_fast64_t end;  // the file's length, as far as zeros or commits have gone
    atomic_bool beyond;        // core: this commit may write at `end` or behind it
    atomic_bool zeroing;       // flusher: a piece is being written at `end`
    uint64_t limit;            // core: what the commit in hand may use at most
    uint64_t used_before;      // flusher: `used` at the last call, to see how fast it grows
};

enum err journal_ahead_init(struct journal_ahead *ahead, int fd, uint64_t used) ATTR_USE_RESULT;
// Core, around each commit. `need`: an upper bound of what it adds to the file.
void journal_ahead_begin(struct journal_ahead *ahead, uint64_t need);
void journal_ahead_end(struct journal_ahead *ahead, uint64_t used);
// Flusher, after a flush: lengthens the file when little of the zeros is left, and syncs that. A
// disk without room is not an error here; the next commit will say so.
void journal_ahead_extend(struct journal_ahead *ahead);

#endif
