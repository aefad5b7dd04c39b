// Any bytes as the working hours of a person: they are told to be wrong, with a part of the text,
// or make a week whose intervals lie in order within their day, and in which working time adds up.
#include <string.h>

#include "base/check.h"
#include "engine/time/hours.h"
#include "tests/fuzz/fuzz.h"

enum { HOUR = 3600, DAY = 86400, MONDAY = 1772409600 }; // 2026-03-02

static void check_week(const struct calendar *week)
{
    uint32_t open = 0;
    for (int day = 0; day < 7; day++) {
        CHECK(week->week[day].count <= CALENDAR_HOURS_MAX);
        open += week->week[day].count;
        for (uint32_t i = 0; i < week->week[day].count; i++) {
            const struct calendar_hours *hours = &week->week[day].hours[i];
            CHECK(hours->from >= 0 && hours->from < hours->to && hours->to <= DAY);
            CHECK(i == 0 || hours[-1].to <= hours->from);
#ifdef PLANTED_BUG
            // Reads a night to midnight as the beginning of the day.
            CHECK(hours->to % DAY > hours->from);
#endif
        }
    }
    CHECK(open > 0);
}

static void check_time(const struct calendar *week)
{
    struct zone utc = zone_utc();
    int64_t then, back, opening, again;
    CHECK(calendar_next_opening(week, &utc, MONDAY, &opening));
    CHECK(calendar_next_opening(week, &utc, opening, &again) && again == opening);
    CHECK(calendar_add_open_seconds(week, &utc, MONDAY, 3 * HOUR, &then));
    CHECK(calendar_open_seconds(week, &utc, MONDAY, then) == 3 * HOUR);
    CHECK(calendar_add_open_seconds(week, &utc, then, -3 * HOUR, &back));
    CHECK(calendar_open_seconds(week, &utc, back, then) == 3 * HOUR);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_make((const char *)data, size);
    struct calendar week;
    const char *why = NULL;
    struct slice at = SLICE_EMPTY;
    if (hours_parse(text, &week, &why, &at)) {
        check_week(&week);
        check_time(&week);
    } else {
        CHECK(why != NULL && strlen(why) > 0);
        CHECK(at.len == 0 || (at.ptr >= text.ptr && at.ptr + at.len <= text.ptr + text.len));
    }
    return 0;
}
