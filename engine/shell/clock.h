// Time as the shell sees it. `struct clock` is the seam: two callbacks, given by the server (the
// machine's clocks) or by the simulator. `struct timekeeper` turns them into the moment that
// commands are decided at: the wall clock with a guard against steps, or a demo clock.
//
// A wall clock that leaps forward by more than CLOCK_STEP_MAX_MS beyond the steady clock is not
// believed: time goes on at the steady clock's pace and timers stop, until an administrator
// confirms (method `clock`) or the wall clock comes back.
//
// timekeeper_tick and timekeeper_move are for the core thread alone; timekeeper_now and
// timekeeper_stepped may be called by any thread.
#ifndef RUNG_ENGINE_SHELL_CLOCK_H
#define RUNG_ENGINE_SHELL_CLOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct clock {
    uint64_t (*now_ms)(void *context);    // UTC, ms since 1970
    uint64_t (*steady_us)(void *context); // never goes back; any origin
    void *context;
};

enum { DEMO_FACTOR_MAX = 1000000 };

struct clock_options {
    bool demo;
    uint32_t factor; // demo: how much faster than the steady clock; 0 = stands still until moved
    uint64_t demo_ms; // demo: the moment to begin with
};

struct timekeeper {
    uint32_t magic;
    const struct clock *clock;
    bool demo;
    uint32_t factor;
    uint64_t drift_ms; // wall minus steady as last believed (wraps; only differences count)
    _Atomic uint64_t offset_ms; // demo, or stepped: now = steady × factor + offset
    _Atomic bool stepped;
};

void timekeeper_init(struct timekeeper *keeper, const struct clock *clock,
                     const struct clock_options *options);
// The moment now.
uint64_t timekeeper_now(const struct timekeeper *keeper);
// Looks at both clocks and sets or lifts the step guard; gives the moment now.
uint64_t timekeeper_tick(struct timekeeper *keeper);
// Demo clock: it shows `to_ms` from now on (never earlier than it shows already).
void timekeeper_move(struct timekeeper *keeper, uint64_t to_ms);
// Believes the wall clock again.
void timekeeper_confirm(struct timekeeper *keeper);
static inline bool timekeeper_stepped(const struct timekeeper *keeper)
{
    return atomic_load_explicit(&keeper->stepped, memory_order_relaxed);
}
// How long by the steady clock until the moment `due_ms`; UINT64_MAX: never, or not by itself.
uint64_t timekeeper_wait_ms(const struct timekeeper *keeper, uint64_t due_ms);

static inline uint64_t clock_steady_us(const struct clock *clock)
{
    return clock->steady_us(clock->context);
}

#endif
