// The core's side of the shell: takes commands from the inbox through the core in batches, runs due
// timers between them, and hands what came of it to the loop's side, after the commit and never
// before. Everything here is for the core's thread alone, but for the atomics, which any thread may
// read.
//
//   inbox (requests) ─▶ core_tick ─▶ outbox (deliveries) ─▶ shell_tick ─▶ idle (empty ones) ─▶ …
#ifndef RUNG_ENGINE_SHELL_CORE_TICK_H
#define RUNG_ENGINE_SHELL_CORE_TICK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/limits.h"
#include "engine/core/core.h"
#include "engine/shell/clock.h"
#include "engine/shell/flusher.h"
#include "engine/shell/inbox.h"
#include "engine/shell/request.h"
#include "engine/shell/writer.h"

struct delivery_reply {
    struct request *request; // goes back to its pool
    size_t offset, len;      // of the response, in `bytes`
};
struct delivery_touched { // a committed record and one instance that it is about; 0: people
    uint64_t seq, instance;
};

struct delivery {
    struct buf bytes;
    struct buf touched; // struct delivery_touched one after the other
    bool calls; // a call was queued, or may be tried again
    uint32_t reply_count;
    struct delivery_reply reply[BATCH_COMMANDS_MAX];
};

enum {
    DELIVERIES = 8,
    DELIVERY_BYTES_KEPT = 1024 * 1024, // of a delivery's memory, once it came back
    LATENCY_BUCKETS = 112 // up to half a minute
};

struct tick_batch {
    struct request **request; // BATCH_COMMANDS_MAX
    uint32_t count;
    struct delivery *delivery; // where its answers go
};

struct core_tick_counters {
    uint64_t batches, commands, accepted, refused, repeated, timers, full_batches;
    uint64_t moves; // steps of the mover
    // From arrival to commit, by quarter powers of two of microseconds.
    uint64_t latency[LATENCY_BUCKETS];
    uint64_t latency_max_us;
};

enum { CORE_TICK_HAND_OVER = 8 };

struct core_tick {
    uint32_t magic;
    struct core *core;
    struct store *store;
    struct timekeeper *keeper;
    struct flusher *flusher;
    struct writer *writer; // NULL: each batch is written by this thread
    uint32_t hand_over;
    struct inbox *inbox, *outbox, *idle;
    struct inbox *waits_on; // what the last tick ran out of
    struct delivery *deliveries;
    struct request **requests; // of the three batches
    struct request *held; // a demo clock on its way, or stats until nothing is open or written
    struct tick_batch open, sealed, written; // being decided; being written; to be answered
    bool begun;                     // the open one: core_begin was called
    uint64_t quiet_since_us; // 0: not quiet
    uint64_t full_until_us;
    uint64_t asked_us, moved_us; // when a client's command was taken, and when cases were moved
    struct core_tick_counters counters;
    _Atomic bool full;     // writes are refused at the door
    _Atomic bool failed;   // what is on disk is unknown: the process must end without answering
    _Atomic bool watched;  // somebody subscribes: deliveries list what was touched
};

struct core_tick_options {
    struct core *core;
    struct store *store;
    struct timekeeper *keeper;
    struct flusher *flusher;
    struct writer *writer; // may be NULL
    // A batch of so many commands is handed to the writer even if nobody waits behind it; 0:
    // CORE_TICK_HAND_OVER.
    uint32_t hand_over;
    struct inbox *inbox, *outbox, *idle;
};

enum { CORE_TICK_QUIET_MS = 100, CORE_TICK_LONGEST_MS = 1000 };

// The writer is kept waiting for a batch to become so large, if commands are there.
enum { CORE_TICK_FILL = 32 };

void core_tick_init(struct core_tick *tick, const struct core_tick_options *options);
// The threads have stopped: brings what is under way to its end.
void core_tick_stop(struct core_tick *tick);
// Every delivery must have come back.
void core_tick_done(struct core_tick *tick);

// One batch at most. Returns after how many ms it wants to be called again even if nobody rings: 0
// at once; UINT64_MAX: only when the doorbell rings.
uint64_t core_tick(struct core_tick *tick);
// Announces sleep after a tick that did not return 0. False: do not sleep, tick again.
bool core_tick_sleep(struct core_tick *tick);
void core_tick_wake(struct core_tick *tick);

// The microseconds under which `percent_tenths` / 10 % of the answers left.
uint64_t core_tick_latency_us(const struct core_tick_counters *counters, uint32_t percent_tenths);

#endif
