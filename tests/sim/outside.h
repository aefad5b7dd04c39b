// The world outside: whoever is called by the simulator's processes. It does what it is told once
// for each key, however often it is told; it answers, keeps silent, fails, refuses, loses what it
// wanted to say, or says it late. It survives every crash of the engine.
#ifndef RUNG_TESTS_SIM_OUTSIDE_H
#define RUNG_TESTS_SIM_OUTSIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/prng.h"
#include "engine/shell/effector.h"
#include "tests/sim/bill.h"

struct world;

enum outside_fate {
    FATE_ANSWERS, // done, and the answer is a message
    FATE_DONE,    // done, and nothing more to say
    FATE_LOST,    // done, but all that is heard is that it failed; the answer comes late
    FATE_FAILS,   // not done: another try may fare better
    FATE_REFUSES  // not done, and no other try would fare better
};
enum { OUTSIDE_TRIES_MAX = 64, LATE_ANSWERS_MAX = 2 };

// One key that the world has seen.
struct outside_work {
    char key[BILL_KEY_MAX];
    uint64_t call, instance, started_ms; // since when there is the case, as the first try said
    uint32_t done;       // how often it was asked for and found done, or was done
    uint32_t late_said;  // how often its late answer was sent
    bool late_owed;
};
struct outside_try {
    bool open, done; // done: before the answer is on its way
    uint64_t call, ready_tick;
    uint32_t attempt, work;
    enum outside_fate fate;
};
struct outside {
    struct prng prng;
    struct effector effector;
    struct outside_try tries[OUTSIDE_TRIES_MAX];
    struct outside_work *works;
    uint32_t work_count;
    uint64_t wait_ms; // what the shell's last tick asked for
};

void outside_init(struct world *world);
void outside_done(struct world *world);
void outside_tick(struct world *world); // what is ready is told
void outside_crash(struct world *world); // nobody is there any more to hear it
// A try that was told and heard is told to the core once more: it must be refused.
void outside_say_again(struct world *world);
// Faults have ceased and time has passed: each call was done, or its `else` was.
void outside_check(struct world *world);
// Whoever sleeps wakes in time for the next call. `must`: it is a fault if not.
bool outside_is_awake(struct world *world, bool must);
// Whose late answer is still to be sent, or NULL.
struct outside_work *outside_owing(struct world *world);

#endif
