// Hands a frozen table from the core's thread to the flusher's and back. The flusher's thread calls
// flusher_tick; everything else here is for the core's thread.
#ifndef RUNG_ENGINE_SHELL_FLUSHER_H
#define RUNG_ENGINE_SHELL_FLUSHER_H

#include <stdatomic.h>
#include <stdbool.h>

#include "engine/shell/transport.h"
#include "engine/store/store.h"

enum flusher_state {
    FLUSHER_IDLE,
    FLUSHER_WANTED,   // a frozen table waits
    FLUSHER_FINISHED, // written; the core may let go of it
    FLUSHER_FULL,     // no room; to be wanted again later
    FLUSHER_FAILED    // unknown what is on disk: the process must end
};

struct flusher {
    struct store *store;
    struct doorbell wake_flusher; // rung by the core's thread
    struct doorbell wake_core;    // rung by the flusher's thread
    _Atomic int state;            // enum flusher_state
};

void flusher_init(struct flusher *flusher, struct store *store, struct doorbell wake_flusher,
                  struct doorbell wake_core);
static inline enum flusher_state flusher_state(const struct flusher *flusher)
{
    return (enum flusher_state)atomic_load_explicit(&flusher->state, memory_order_acquire);
}
void flusher_want(struct flusher *flusher);   // from IDLE or FULL
void flusher_settle(struct flusher *flusher); // from FINISHED: lets go of the table
// Flusher's thread: writes the frozen table if one waits. True when it did something.
bool flusher_tick(struct flusher *flusher);

#endif
