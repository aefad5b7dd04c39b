// An engine in memory, with one connection, turned by hand: for fuzzing and for measuring the
// engine without sockets. Time stands still unless it is moved.
#ifndef RUNG_TESTS_FUZZ_MEMORY_ENGINE_H
#define RUNG_TESTS_FUZZ_MEMORY_ENGINE_H

#include "engine/embed/toolchain_dsl.h"
#include "engine/shell/engine.h"

enum { MEMORY_CONNS_MAX = 64 };

struct memory_engine {
    struct engine engine;
    struct clock clock;
    struct transport transport;
    struct worker worker;
    struct toolchain_dsl dsl;
    struct toolchain toolchain;
    uint64_t now_ms;
    uint64_t conn[MEMORY_CONNS_MAX]; // UINT64_MAX: closed
    uint32_t conn_count;
    struct buf received[MEMORY_CONNS_MAX]; // what the engine sent
};

// Opens an engine over a store in memory, activates the text as one file, and imports users `ann`
// and `bob`, holders of every role that is named. `roles` ends with NULL.
void memory_engine_open(struct memory_engine *memory, const char *program,
                        const char *const *roles);
void memory_engine_close(struct memory_engine *memory);
// A new connection; its index.
uint32_t memory_engine_connect(struct memory_engine *memory);
// Hands over as much as the session takes now; returns how much.
size_t memory_engine_feed(struct memory_engine *memory, uint32_t index, struct slice bytes);
// Turns all three sides until nothing waits to be done at once.
void memory_engine_settle(struct memory_engine *memory);
// One turn of all three sides; whether something still waits.
bool memory_engine_turn(struct memory_engine *memory);
// The client sends nothing more; then settles until the connection is gone.
void memory_engine_hang_up(struct memory_engine *memory, uint32_t index);

// The process that the targets press: fields of every kind of value, a ladder, a timer, children.
extern const char memory_engine_sample[];

#endif
