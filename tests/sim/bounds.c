// Bounds of one case are reached, to the last one that fits and the first that does not: messages
// that wait (of one kind, and in all), and calls on their way. Said to the core directly, one batch
// each, so that the model knows exactly what must be refused.
#include <inttypes.h>
#include <stdio.h>

#include "base/pack.h"
#include "engine/shell/shell_internal.h"
#include "tests/sim/sim.h"

enum {
    MESSAGES_MAX = 2 * BILL_KEPT_MAX, PILES_MAX = BILL_OPEN_CALLS_MAX,
    PILE = 4, // calls of one press
    SUM = 1, TOO_MUCH = 15
};

// Says it in a batch of its own. False: the world has gone down, or the disk is full.
static bool say(struct world *world, const struct command *command, bool *ret_limit)
{
    const struct core_effects *effects;
    core_begin(world->engine.core, timekeeper_now(&world->engine.keeper));
    core_step(world->engine.core, command);
    enum err err = core_commit(world->engine.core, &effects);
    if (err == ERR_IO) {
        atomic_store(&world->engine.core_tick.failed, true);
    }
    *ret_limit = err == OK && effects->answers[0].refusal.code == REFUSAL_LIMIT;
    if (err == OK && !*ret_limit && effects->answers[0].refusal.code != REFUSAL_NONE) {
        sim_break(world, ORACLE_BOUNDS, "`%s` was refused with %s", command_name(command->kind),
                  refusal_name(effects->answers[0].refusal.code));
    }
    if (world->up) {
        world->engine.shell->caller.look = true; // as the tick's delivery would have told it
    }
    world_committed(world);
    return err == OK && world->up && world->broken == ORACLE_NONE;
}

static uint64_t begin_bill(struct world *world)
{
    char number[16];
    struct buf form;
    bool limit = false;
    buf_init(&form, 64);
    (void)snprintf(number, sizeof(number), "b%u", (unsigned)++world->counts.bounds_tried);
    pack_map(&form, 1);
    pack_cstr(&form, "number");
    pack_cstr(&form, number);
    const struct command command = { .kind = COMMAND_MESSAGE, .connector = SLICE("bank"),
                                     .name = SLICE("order"), .form = buf_slice(&form) };
    bool done = say(world, &command, &limit);
    buf_done(&form);
    return done ? world->model->case_count : 0;
}

static bool send_message(struct world *world, uint64_t instance, enum bill_signal signal,
                         uint32_t value, bool *ret_limit)
{
    struct buf form;
    bool paid = signal == BILL_PAID;
    buf_init(&form, 64);
    pack_map(&form, 2);
    pack_cstr(&form, paid ? "sum" : "value");
    pack_uint(&form, value);
    pack_cstr(&form, "whom");
    pack_uint(&form, instance);
    const struct command command = { .kind = COMMAND_MESSAGE, .connector = SLICE("bank"),
                                     .name = paid ? SLICE("paid") : SLICE("noted"),
                                     .instance = instance, .form = buf_slice(&form) };
    bool done = say(world, &command, ret_limit);
    buf_done(&form);
    return done;
}

// Two kinds in turn: the bound of one kind is met at both before the bound of all is.
static void fill_with_messages(struct world *world)
{
    uint64_t instance = begin_bill(world);
    uint32_t refused = 0;
    for (uint32_t i = 0; instance != 0 && i < MESSAGES_MAX && refused < 2; i++) {
        enum bill_signal signal = i % 2 == 0 ? BILL_PAID : BILL_NOTED;
        bool full = bill_is_full(model_find(world->model, instance), signal);
        bool limit = false;
        if (!send_message(world, instance, signal, SUM, &limit)) {
            return;
        }
        if (limit != full) {
            sim_break(world, ORACLE_BOUNDS, "message %u for case %" PRIu64 " was %s", i + 1,
                      instance, limit ? "refused, and there is room" : "kept, and there is none");
            return;
        }
        refused += limit ? 1u : 0u;
    }
    world->counts.kept_full += refused == 2 ? 1u : 0u;
}

static void fill_with_calls(struct world *world)
{
    uint64_t instance = begin_bill(world);
    for (uint32_t i = 0; instance != 0 && i < PILES_MAX; i++) {
        const struct model_case *c = model_find(world->model, instance);
        bool full = bill_open_calls(world->model, c) + PILE > BILL_OPEN_CALLS_MAX;
        bool limit = false;
        const struct command command = { .kind = COMMAND_PRESS, .instance = instance,
                                         .name = SLICE("pile"), .as = SLICE("hana") };
        if (!say(world, &command, &limit)) {
            return;
        }
        if (limit != full) {
            sim_break(world, ORACLE_BOUNDS, "a pile of calls of case %" PRIu64 ", which has %u, "
                      "was %s", instance, bill_open_calls(world->model, c),
                      limit ? "refused, and there is room" : "promised, and there is none");
            return;
        }
        if (limit) {
            world->counts.calls_full++;
            return;
        }
    }
}

// What waits cannot all be done when its time comes; and a letter goes out, at whatever hour it is.
static void send_what_cannot_be_done(struct world *world)
{
    static const uint32_t values[] = { TOO_MUCH, SUM, TOO_MUCH, SUM };
    uint64_t instance = begin_bill(world);
    bool limit = false;
    for (uint32_t i = 0; instance != 0 && i < ARRAY_COUNT(values); i++) {
        if (!send_message(world, instance, BILL_NOTED, values[i], &limit)) {
            return;
        }
    }
    const struct command command = { .kind = COMMAND_PRESS, .instance = instance,
                                     .name = SLICE("letter"), .as = SLICE("hana") };
    if (instance != 0 && say(world, &command, &limit) && limit) {
        sim_break(world, ORACLE_BOUNDS, "the first letter of case %" PRIu64 " was refused",
                  instance);
    }
}

void bounds_reach(struct world *world)
{
    switch (world->counts.bounds_tried % 3) {
    case 0: fill_with_messages(world); break;
    case 1: fill_with_calls(world); break;
    default: send_what_cannot_be_done(world); break;
    }
}
