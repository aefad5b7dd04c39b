#include "engine/shell/flusher.h"

#include "base/check.h"

void flusher_init(struct flusher *flusher, struct store *store, struct doorbell wake_flusher,
                  struct doorbell wake_core)
{
    flusher->store = store;
    flusher->wake_flusher = wake_flusher;
    flusher->wake_core = wake_core;
    atomic_init(&flusher->state, FLUSHER_IDLE);
}

static void set_state(struct flusher *flusher, enum flusher_state state)
{
    atomic_store_explicit(&flusher->state, (int)state, memory_order_release);
}

void flusher_want(struct flusher *flusher)
{
    enum flusher_state state = flusher_state(flusher);
    CHECK(state == FLUSHER_IDLE || state == FLUSHER_FULL);
    CHECK(store_frozen(flusher->store));
    set_state(flusher, FLUSHER_WANTED);
    if (flusher->wake_flusher.ring != NULL) {
        flusher->wake_flusher.ring(flusher->wake_flusher.context);
    }
}

void flusher_settle(struct flusher *flusher)
{
    CHECK(flusher_state(flusher) == FLUSHER_FINISHED);
    store_flush_done(flusher->store);
    set_state(flusher, FLUSHER_IDLE);
}

bool flusher_tick(struct flusher *flusher)
{
    if (flusher_state(flusher) != FLUSHER_WANTED) {
        return false;
    }
    enum err err = store_flush(flusher->store);
    if (err == OK) {
        set_state(flusher, FLUSHER_FINISHED);
    } else if (err == ERR_FULL || err == ERR_NO_MEMORY) {
        set_state(flusher, FLUSHER_FULL);
    } else {
        set_state(flusher, FLUSHER_FAILED);
    }
    if (flusher->wake_core.ring != NULL) {
        flusher->wake_core.ring(flusher->wake_core.context);
    }
    return true;
}
