// Any bytes as a list of holidays: it is read to the end or told by a line of the text; the days of
// a good one are of its year, in order, each once, and working time in such a calendar adds up.
#include <string.h>

#include "base/check.h"
#include "base/value.h"
#include "dsl/library/holidays.h"
#include "engine/time/calendar.h"
#include "tests/fuzz/fuzz.h"

enum { ARENA_BYTES_MAX = 16 * 1024 * 1024, HOUR = 3600, DAY = 86400 };

static void check_days(const struct holidays *holidays)
{
    int32_t first = (int32_t)civil_to_days(holidays->year, 1, 1);
    int32_t last = (int32_t)civil_to_days(holidays->year, 12, 31);
    CHECK(holidays->count <= HOLIDAYS_DAYS_MAX);
    for (uint32_t i = 0; i < holidays->count; i++) {
        const struct image_exception *day = &holidays->days[i];
        CHECK(day->day >= first && day->day <= last);
        CHECK(day->mark >= MARK_OFF && day->mark <= MARK_WORKING);
        CHECK(i == 0 || day[-1].day < day->day);
    }
#ifdef PLANTED_BUG
    // How many days off one is worked for: as if nobody worked a Saturday without getting any.
    uint32_t off = 0;
    uint32_t worked = 0;
    for (uint32_t i = 0; i < holidays->count; i++) {
        off += holidays->days[i].mark == MARK_OFF ? 1u : 0u;
        worked += holidays->days[i].mark == MARK_WORKING ? 1u : 0u;
    }
    CHECK(worked == 0 || worked / off <= HOLIDAYS_DAYS_MAX);
#endif
}

static void check_calendar(const struct holidays *holidays)
{
    struct calendar calendar = { .exceptions = holidays->days,
                                 .exception_count = holidays->count };
    struct zone utc = zone_utc();
    for (int wday = 1; wday <= 5; wday++) {
        calendar.week[wday].count = 1;
        calendar.week[wday].hours[0] = (struct calendar_hours){ 9 * HOUR, 18 * HOUR };
    }
    int64_t from = civil_to_days(holidays->year, 1, 1) * DAY;
    int64_t then = 0;
    int64_t back = 0;
    CHECK(calendar_add_open_seconds(&calendar, &utc, from, 30 * HOUR, &then));
    CHECK(calendar_open_seconds(&calendar, &utc, from, then) == 30 * HOUR);
    CHECK(calendar_add_open_seconds(&calendar, &utc, then, -30 * HOUR, &back));
    CHECK(calendar_open_seconds(&calendar, &utc, back, then) == 30 * HOUR);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_make((const char *)data, size);
    struct arena arena;
    struct holidays holidays;
    struct holidays_fault fault;
    arena_init(&arena, ARENA_BYTES_MAX);
    if (holidays_read(text, &arena, &holidays, &fault)) {
        check_days(&holidays);
        check_calendar(&holidays);
    } else {
        uint32_t lines = 1;
        for (size_t i = 0; i < size; i++) {
            lines += data[i] == '\n' ? 1u : 0u;
        }
        CHECK(fault.what != NULL && strlen(fault.what) > 0);
        CHECK(fault.line >= 1 && fault.line <= lines);
    }
    arena_done(&arena);
    return 0;
}
