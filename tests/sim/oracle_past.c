// The history, asked as an auditor would: every record has a cause, and every past state can be had
// again.
#include <inttypes.h>

#include "base/table.h"
#include "engine/shell/cause.h"
#include "engine/state/keys.h"
#include "tests/sim/sim.h"

void oracle_cause(struct world *world, const struct record *record, uint64_t seq)
{
    struct cause cause;
    uint32_t budget = 1000000;
    uint64_t instance = record->touched_count > 0 ? record->touched[0].instance : 0;
    if (cause_of(world->reader, record, instance, &budget, &world->passing, &cause) != OK) {
        sim_break(world, ORACLE_CAUSE, "what is behind record %" PRIu64 " cannot be read", seq);
    } else if (cause.kind == CAUSE_UNKNOWN ||
               (cause.kind != CAUSE_OUTSIDE && (cause.seq == 0 || cause.seq >= seq))) {
        sim_break(world, ORACLE_CAUSE, "record %" PRIu64 " (%s) comes from nowhere: %s %" PRIu64,
                  seq, command_name(record->command), cause_name(cause.kind), cause.seq);
    }
}

// The stored row of the case as the view shows it now; 0: there is none.
static uint64_t row_hash(struct world *world, uint64_t instance)
{
    struct key key;
    struct slice row = SLICE_EMPTY;
    key_instance(&key, instance);
    view_begin(world->view);
    enum err err = store_reader_get(world->reader, DB_INSTANCE, key_slice(&key), &row);
    uint64_t hash = err == OK ? sim_hash(SIM_HASH_START, row.ptr, row.len) : 0;
    view_end(world->view);
    return hash;
}

static void check(struct world *world, const struct sim_past *was)
{
    struct table rows;
    table_init(&rows);
    struct core_past past = { .instance = was->instance, .until_seq = was->seq,
                              .until_ms = UINT64_MAX };
    enum err err = core_past(world->view, &past, &rows);
    store_reader_lay(world->reader, &rows);
    uint64_t hash = err == OK ? row_hash(world, was->instance) : 0;
    store_reader_lay(world->reader, NULL);
    table_done(&rows);
    if (err != OK || hash != was->hash || past.seq != was->seq) {
        sim_break(world, ORACLE_PAST,
                  "case %" PRIu64 " after record %" PRIu64 " cannot be had again: %s, %" PRIu64,
                  was->instance, was->seq, err_name(err), past.seq);
    }
}

void oracle_past(struct world *world, uint64_t instance, uint64_t seq)
{
    struct sim_past now = { instance, seq, row_hash(world, instance) };
    uint32_t at = (uint32_t)(seq % SIM_PAST_MAX);
    if (world->past_count > at) {
        check(world, &world->past[at]);
    }
    at = world->past_count < SIM_PAST_MAX ? world->past_count++ : at;
    world->past[at] = now;
}
