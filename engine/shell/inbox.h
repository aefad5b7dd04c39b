// A bounded queue between two threads, one that pushes and one that takes; no locks. The taker says
// when it is about to sleep, so that a push rings the doorbell only when somebody sleeps behind it.
// With one thread (simulator, embedded engine) it is a plain queue.
#ifndef RUNG_ENGINE_SHELL_INBOX_H
#define RUNG_ENGINE_SHELL_INBOX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine/shell/transport.h"

enum { INBOX_LINE_BYTES = 64 }; // a cache line: the two ends must not share one

struct inbox {
    void **slot;
    uint32_t capacity; // a power of two
    struct doorbell doorbell;
    _Alignas(INBOX_LINE_BYTES) _Atomic uint32_t pushed;
    _Alignas(INBOX_LINE_BYTES) _Atomic uint32_t taken;
    _Alignas(INBOX_LINE_BYTES) _Atomic bool asleep;
};

// `capacity` is a power of two. The doorbell wakes the taker; it may have ring == NULL.
void inbox_init(struct inbox *inbox, uint32_t capacity, struct doorbell doorbell);
void inbox_done(struct inbox *inbox);

// --- the pushing side
// False: full.
bool inbox_push(struct inbox *inbox, void *item);
uint32_t inbox_room(const struct inbox *inbox);
// Rings if the taker sleeps. Called once after a row of pushes.
void inbox_ring(struct inbox *inbox);

// --- the taking side
void *inbox_take(struct inbox *inbox); // NULL: empty
bool inbox_is_empty(const struct inbox *inbox);
uint32_t inbox_count(const struct inbox *inbox); // either side; the other may change it
// Announces sleep. False: something came meanwhile; do not sleep.
bool inbox_sleep(struct inbox *inbox);
void inbox_wake(struct inbox *inbox); // no longer asleep

#endif
