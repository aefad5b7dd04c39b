// One call as decoded from a frame, and the pooled form in which a command travels to the core.
#ifndef RUNG_ENGINE_SHELL_REQUEST_H
#define RUNG_ENGINE_SHELL_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "engine/model/command.h"
#include "engine/model/refusal.h"

enum param {
#define PARAM(NAME, name, type, most) PARAM_##NAME,
#include "engine/shell/method.def"
#undef PARAM
    PARAM_COUNT
};

enum method {
#define METHOD(NAME, name, command, must, may) METHOD_##NAME,
#include "engine/shell/method.def"
#undef METHOD
    METHOD_COUNT
};

struct call_arg {
    struct slice bytes; // text, or the raw element of a map or array
    uint64_t number;
};

// Everything borrows from the frame.
struct call {
    enum method method;
    uint32_t msgid;
    uint64_t given; // bits by enum param
    struct call_arg arg[PARAM_COUNT];
};

static inline bool call_has(const struct call *call, enum param param)
{
    return (call->given & ((uint64_t)1 << param)) != 0;
}

// A command under way. Owned by the loop side; lent to the core side from inbox_push until its
// delivery comes back. Pooled: bytes, arena and extra keep their memory between uses.
struct request {
    struct request *next; // in the pool
    uint64_t conn;
    uint64_t arrived_us;
    uint32_t msgid;
    bool stats;    // not a command: asks the core side for its figures
    bool by;       // `clock`: command.due_ms is a distance
    uint32_t extra_pairs; // packed pairs in `extra`, added to an accepted result
    struct command command; // borrows from `bytes`, `client`, `lang`, `arena`
    struct buf bytes;
    struct buf extra;
    struct arena arena;
    char client[NAME_BYTES_MAX];
    char lang[NAME_BYTES_MAX];
};

struct request_pool {
    struct request *free;
    struct request *all;
    uint32_t free_count;
};

enum { REQUEST_POOL_COUNT = INBOX_COMMANDS_MAX };

void request_pool_init(struct request_pool *pool);
void request_pool_done(struct request_pool *pool, bool crash); // all must be back, unless `crash`
struct request *request_take(struct request_pool *pool); // NULL: all are under way
void request_give(struct request_pool *pool, struct request *request);

#endif
