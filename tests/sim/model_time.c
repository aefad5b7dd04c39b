// Wall clocks and office hours as a person would count them: no tables of zones, no calendar of the
// engine. The offsets of 2026 and 2027 are written down; runs begin in January 2026.
#include <string.h>

#include "tests/sim/model.h"

static const uint64_t hour_ms = 3600 * 1000;
static const uint64_t day_ms = 24ull * 3600 * 1000;

enum model_zone model_zone_of(const char *phone)
{
    return strncmp(phone, "+7", 2) == 0     ? IN_VLADIVOSTOK
           : strncmp(phone, "+212", 4) == 0 ? IN_CASABLANCA
                                            : IN_BERLIN;
}

// Hours ahead of UTC.
static uint64_t hours_ahead(enum model_zone zone, uint64_t at_ms)
{
    static const uint64_t berlin_summer = 1774746000000ull;  // 2026-03-29 01:00 UTC
    static const uint64_t berlin_winter = 1792890000000ull;  // 2026-10-25 01:00 UTC
    static const uint64_t ramadan_begins = 1771120800000ull; // 2026-02-15 02:00 UTC
    static const uint64_t ramadan_ended = 1774144800000ull;  // 2026-03-22 02:00 UTC
    if (zone == IN_UTC) {
        return 0;
    }
    if (zone == IN_VLADIVOSTOK) {
        return 10;
    }
    if (zone == IN_BERLIN) {
        return at_ms >= berlin_summer && at_ms < berlin_winter ? 2 : 1;
    }
    return at_ms >= ramadan_begins && at_ms < ramadan_ended ? 0 : 1;
}

static uint64_t local_of(enum model_zone zone, uint64_t at_ms)
{
    return at_ms + hours_ahead(zone, at_ms) * hour_ms;
}

// The first moment that the wall clock shows it; a time that is left out moves forward by the gap.
static uint64_t moment_of(enum model_zone zone, uint64_t local_ms)
{
    for (uint64_t ahead = 11; ahead-- > 0;) {
        uint64_t at = local_ms - ahead * hour_ms;
        if (hours_ahead(zone, at) == ahead) {
            return at;
        }
    }
    return local_ms - hours_ahead(zone, local_ms - day_ms) * hour_ms;
}

uint64_t model_add_days(const struct model_case *c, uint64_t base_ms, uint64_t days)
{
    return moment_of(c->zone, local_of(c->zone, base_ms) + days * day_ms);
}

// Monday is day 4 of the count that began on a Thursday.
static bool is_weekday(uint64_t local_day) { return (local_day + 3) % 7 < 5; }

uint64_t model_opening(const struct model_case *c, uint64_t at_ms)
{
    uint64_t local = local_of(c->zone, at_ms);
    uint64_t of_day = local % day_ms;
    uint64_t day = local / day_ms;
    if (is_weekday(day) && of_day >= 9 * hour_ms && of_day < 18 * hour_ms) {
        return at_ms;
    }
    day += of_day >= 9 * hour_ms ? 1 : 0;
    while (!is_weekday(day)) {
        day++;
    }
    return moment_of(c->zone, day * day_ms + 9 * hour_ms);
}

uint64_t model_next_work_day(const struct model_case *c, uint64_t base_ms)
{
    uint64_t seconds_ms = base_ms / 1000 * 1000; // working time is counted in whole seconds
    uint64_t local = local_of(c->zone, seconds_ms);
    uint64_t of_day = local % day_ms;
    uint64_t day = local / day_ms + 1;
    while (!is_weekday(day)) {
        day++;
    }
    of_day = of_day < 9 * hour_ms ? 9 * hour_ms : of_day > 18 * hour_ms ? 18 * hour_ms : of_day;
    return moment_of(c->zone, day * day_ms + of_day);
}
