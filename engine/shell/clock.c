#include "engine/shell/clock.h"

#include "base/check.h"
#include "base/limits.h"

#include <stddef.h>

enum { TIMEKEEPER_MAGIC = 0x74696d65 };

static uint64_t steady_ms(const struct timekeeper *keeper)
{
    return clock_steady_us(keeper->clock) / 1000;
}

static uint64_t wall_ms(const struct timekeeper *keeper)
{
    return keeper->clock->now_ms(keeper->clock->context);
}

void timekeeper_init(struct timekeeper *keeper, const struct clock *clock,
                     const struct clock_options *options)
{
    CHECK(clock->now_ms != NULL && clock->steady_us != NULL);
    CHECK(options->factor <= DEMO_FACTOR_MAX);
    keeper->magic = TIMEKEEPER_MAGIC;
    keeper->clock = clock;
    keeper->demo = options->demo;
    keeper->factor = options->demo ? options->factor : 1;
    keeper->drift_ms = wall_ms(keeper) - steady_ms(keeper);
    atomic_init(&keeper->stepped, false);
    atomic_init(&keeper->offset_ms,
                options->demo ? options->demo_ms - steady_ms(keeper) * keeper->factor : 0);
}

uint64_t timekeeper_now(const struct timekeeper *keeper)
{
    CHECK(keeper->magic == TIMEKEEPER_MAGIC);
    if (keeper->demo || timekeeper_stepped(keeper)) {
        return steady_ms(keeper) * keeper->factor +
               atomic_load_explicit(&keeper->offset_ms, memory_order_relaxed);
    }
    return wall_ms(keeper);
}

uint64_t timekeeper_tick(struct timekeeper *keeper)
{
    if (keeper->demo) {
        return timekeeper_now(keeper);
    }
    uint64_t drift_ms = wall_ms(keeper) - steady_ms(keeper);
    // As a signed difference, so that a clock set back counts as back and not as far ahead.
    int64_t leap_ms = (int64_t)(drift_ms - keeper->drift_ms);
    if (leap_ms > (int64_t)CLOCK_STEP_MAX_MS) {
        atomic_store_explicit(&keeper->offset_ms, keeper->drift_ms, memory_order_relaxed);
        atomic_store_explicit(&keeper->stepped, true, memory_order_relaxed);
    } else {
        keeper->drift_ms = drift_ms;
        atomic_store_explicit(&keeper->stepped, false, memory_order_relaxed);
    }
    return timekeeper_now(keeper);
}

void timekeeper_move(struct timekeeper *keeper, uint64_t to_ms)
{
    CHECK(keeper->demo);
    if (to_ms > timekeeper_now(keeper)) {
        atomic_store_explicit(&keeper->offset_ms, to_ms - steady_ms(keeper) * keeper->factor,
                              memory_order_relaxed);
    }
}

void timekeeper_confirm(struct timekeeper *keeper)
{
    CHECK(!keeper->demo);
    keeper->drift_ms = wall_ms(keeper) - steady_ms(keeper);
    atomic_store_explicit(&keeper->stepped, false, memory_order_relaxed);
}

uint64_t timekeeper_wait_ms(const struct timekeeper *keeper, uint64_t due_ms)
{
    uint64_t now_ms = timekeeper_now(keeper);
    if (due_ms == UINT64_MAX || keeper->factor == 0 || timekeeper_stepped(keeper)) {
        return UINT64_MAX;
    }
    if (due_ms <= now_ms) {
        return 0;
    }
    // Rounded up: a timer that wakes a moment early would find nothing due and spin.
    return (due_ms - now_ms + keeper->factor - 1) / keeper->factor;
}
