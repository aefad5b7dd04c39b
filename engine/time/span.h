// Spans of time from a moment on: exact ones, days and months on a wall clock, and working time in
// the hours of a calendar (rule 18). Moments are UTC milliseconds. Pure.
#ifndef RUNG_ENGINE_TIME_SPAN_H
#define RUNG_ENGINE_TIME_SPAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/value.h"
#include "engine/time/calendar.h"

// Wall clock and moment, both in ms.
int64_t span_to_local(const struct zone *zone, int64_t utc_ms);
int64_t span_to_utc(const struct zone *zone, int64_t local_ms);
// base + amount units, for units that are not working time: days, weeks and months keep the wall
// time of the zone. Clamped to what a moment can be.
uint64_t span_add(const struct zone *zone, uint64_t base_ms, uint8_t unit, int64_t amount);
// The same for working time, in whole seconds. False: the calendar is not open for years.
bool span_add_working(const struct calendar *calendar, const struct zone *zone, uint64_t base_ms,
                      uint8_t unit, int64_t amount, uint64_t *ret_ms);
// Moves a moment outside of the hours to the next opening. False: there is none for years.
bool span_to_opening(const struct calendar *calendar, const struct zone *zone,
                     uint64_t *moment_ms);

static inline int64_t span_floor(int64_t a, int64_t b)
{
    return a >= 0 ? a / b : -((-a + b - 1) / b);
}

#endif
