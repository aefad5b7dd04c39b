// Hands a sealed batch from the core's thread to the writer's and back, so that the next batch is
// decided while this one is written. The writer's thread calls writer_tick; everything else here is
// for the core's thread alone.
#ifndef RUNG_ENGINE_SHELL_WRITER_H
#define RUNG_ENGINE_SHELL_WRITER_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/err.h"
#include "engine/core/core.h"
#include "engine/shell/transport.h"

enum writer_state {
    WRITER_IDLE,
    WRITER_WANTED,  // a sealed batch waits
    WRITER_FINISHED // `written` says what came of it
};

struct writer {
    struct core *core;
    struct doorbell wake_writer; // rung by the core's thread
    struct doorbell wake_core;   // rung by the writer's thread
    enum err written;
    _Atomic int state; // enum writer_state
};

void writer_init(struct writer *writer, struct core *core, struct doorbell wake_writer,
                 struct doorbell wake_core);
static inline enum writer_state writer_state(const struct writer *writer)
{
    return (enum writer_state)atomic_load_explicit(&writer->state, memory_order_acquire);
}
void writer_want(struct writer *writer);      // from IDLE
enum err writer_take(struct writer *writer);  // from FINISHED: what core_write returned
// Writer's thread: writes the sealed batch if one waits. True when it did something.
bool writer_tick(struct writer *writer);

#endif
