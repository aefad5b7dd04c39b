// Working time: weekly hours, holidays, short and moved days, in one zone. Pure.
#ifndef RUNG_ENGINE_TIME_CALENDAR_H
#define RUNG_ENGINE_TIME_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

#include "dsl/image/image.h"
#include "engine/time/zone.h"

enum { CALENDAR_SEARCH_DAYS_MAX = 4000 };

struct calendar_hours { // seconds of the wall day, from < to <= 86400
    int32_t from, to;
};
struct calendar_day {
    struct calendar_hours hours[CALENDAR_HOURS_MAX];
    uint32_t count; // 0: closed
};

struct calendar {
    struct calendar_day week[7];                // 0 = Sunday
    const struct image_exception *exceptions;   // ascending by day
    uint32_t exception_count;
};

// The calendar of an image; points into it.
struct calendar calendar_of_image(const struct image *image, uint32_t number);

// A short day ends one hour earlier; a working Saturday has the hours of the first open weekday.
struct calendar_day calendar_of_date(const struct calendar *calendar, int64_t day);
bool calendar_is_open(const struct calendar *calendar, const struct zone *zone, int64_t utc);
// `utc` itself when open, else the moment when it opens next. False: it never does within
// CALENDAR_SEARCH_DAYS_MAX days.
bool calendar_next_opening(const struct calendar *calendar, const struct zone *zone, int64_t utc,
                           int64_t *ret_utc);
// The moment after `seconds` of open time. Lands at the end of an interval, not at the next
// opening. Below 0: the moment so much open time before.
bool calendar_add_open_seconds(const struct calendar *calendar, const struct zone *zone,
                               int64_t utc, int64_t seconds, int64_t *ret_utc);
// Open time between two moments (0 when to <= from).
int64_t calendar_open_seconds(const struct calendar *calendar, const struct zone *zone,
                              int64_t from, int64_t to);
// Rule 18: same wall time on the Nth next working day (below 0: the Nth before), clipped into its
// hours.
bool calendar_add_work_days(const struct calendar *calendar, const struct zone *zone, int64_t utc,
                            int64_t days, int64_t *ret_utc);

#endif
