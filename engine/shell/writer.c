#include "engine/shell/writer.h"

#include "base/check.h"

void writer_init(struct writer *writer, struct core *core, struct doorbell wake_writer,
                 struct doorbell wake_core)
{
    writer->core = core;
    writer->wake_writer = wake_writer;
    writer->wake_core = wake_core;
    writer->written = OK;
    atomic_init(&writer->state, WRITER_IDLE);
}

static void set_state(struct writer *writer, enum writer_state state, const struct doorbell *bell)
{
    atomic_store_explicit(&writer->state, (int)state, memory_order_release);
    if (bell->ring != NULL) {
        bell->ring(bell->context);
    }
}

void writer_want(struct writer *writer)
{
    CHECK(writer_state(writer) == WRITER_IDLE && core_is_sealed(writer->core));
    set_state(writer, WRITER_WANTED, &writer->wake_writer);
}

enum err writer_take(struct writer *writer)
{
    CHECK(writer_state(writer) == WRITER_FINISHED);
    atomic_store_explicit(&writer->state, WRITER_IDLE, memory_order_relaxed);
    return writer->written;
}

bool writer_tick(struct writer *writer)
{
    if (writer_state(writer) != WRITER_WANTED) {
        return false;
    }
    writer->written = core_write(writer->core);
    set_state(writer, WRITER_FINISHED, &writer->wake_core);
    return true;
}
