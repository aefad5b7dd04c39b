// Official calendars: those that come with Rung, and the published files they were made from when
// these lie beside the repository (../shared/data/calendar, or RUNG_REAL_DATA).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/value.h"
#include "dsl/library/holidays.h"
#include "dsl/library/stdlib.h"
#include "engine/time/calendar.h"

enum { HOUR = 3600, FILE_BYTES_MAX = 1 << 18, ARENA_BYTES_MAX = 1 << 20 };

static struct calendar five_days(const struct holidays *holidays)
{
    struct calendar calendar = { .exceptions = holidays->days,
                                 .exception_count = holidays->count };
    for (int wday = 1; wday <= 5; wday++) {
        calendar.week[wday].count = 1;
        calendar.week[wday].hours[0] = (struct calendar_hours){ 9 * HOUR, 18 * HOUR };
    }
    return calendar;
}

static uint32_t working_days(const struct holidays *holidays)
{
    struct calendar calendar = five_days(holidays);
    uint32_t count = 0;
    for (int64_t day = civil_to_days(holidays->year, 1, 1);
         day <= civil_to_days(holidays->year, 12, 31); day++) {
        count += calendar_of_date(&calendar, day).count > 0 ? 1u : 0u;
    }
    return count;
}

static void read(const char *name, struct slice text, struct arena *arena,
                 struct holidays *ret_holidays)
{
    struct holidays_fault fault;
    if (!holidays_read(text, arena, ret_holidays, &fault)) {
        fail_msg("%s:%u: %s", name, fault.line, fault.what);
    }
}

// False: there are no such files here.
static bool read_published(const char *country, int year, struct arena *arena,
                           struct holidays *ret_holidays)
{
    const char *data = getenv("RUNG_REAL_DATA");
    char path[400];
    (void)snprintf(path, sizeof(path), "%s/calendar/%s_%d.xml",
                   data != NULL ? data : "../shared/data", country, year);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return false;
    }
    char *text = arena_alloc(arena, FILE_BYTES_MAX);
    size_t len = fread(text, 1, FILE_BYTES_MAX, file);
    (void)fclose(file);
    read(path, slice_make(text, len), arena, ret_holidays);
    return true;
}

static struct holidays from_library(int year, struct arena *arena)
{
    struct holidays holidays;
    struct slice text;
    char path[60];
    (void)snprintf(path, sizeof(path), "stdlib/calendars/ru_%d.xml", year);
    assert_true(stdlib_find(slice_from_cstr(path), &text));
    read(path, text, arena, &holidays);
    return holidays;
}

static void a_year_has_as_many_working_days_as_its_government_says(void **state)
{
    static const struct { int year; uint32_t days; } years[] = {
        { 2024, 248 }, { 2025, 247 }, { 2026, 247 },
    };
    struct arena arena;
    (void)state;
    arena_init(&arena, ARENA_BYTES_MAX);
    for (size_t i = 0; i < ARRAY_COUNT(years); i++) {
        struct holidays holidays = from_library(years[i].year, &arena);
        assert_int_equal(holidays.year, years[i].year);
        assert_int_equal(working_days(&holidays), years[i].days);
    }
    arena_done(&arena);
}

// The Saturdays that trap: worked ones, and a short day that is one.
static void a_worked_saturday_is_open_and_a_short_one_an_hour_less(void **state)
{
    struct arena arena;
    (void)state;
    arena_init(&arena, ARENA_BYTES_MAX);
    struct holidays holidays = from_library(2024, &arena);
    struct calendar calendar = five_days(&holidays);
    struct calendar_day worked = calendar_of_date(&calendar, civil_to_days(2024, 4, 27));
    struct calendar_day brief = calendar_of_date(&calendar, civil_to_days(2024, 11, 2));
    assert_int_equal(worked.count, 1);
    assert_int_equal(worked.hours[0].to, 18 * HOUR);
    assert_int_equal(brief.count, 1);
    assert_int_equal(brief.hours[0].to, 17 * HOUR);
    arena_done(&arena);
}

static void published_calendars_are_read_as_they_are(void **state)
{
    static const struct { const char *country; int first, last; } files[] = {
        { "ru", 2020, 2026 }, { "kz", 2024, 2026 }, { "by", 2024, 2026 },
    };
    struct arena arena;
    (void)state;
    arena_init(&arena, 16u << 20);
    for (size_t i = 0; i < ARRAY_COUNT(files); i++) {
        for (int year = files[i].first; year <= files[i].last; year++) {
            struct holidays holidays;
            if (!read_published(files[i].country, year, &arena, &holidays)) {
                print_message("skipped: the published calendars are not here\n");
                skip();
            }
            assert_int_equal(holidays.year, year);
            assert_true(working_days(&holidays) > 200 && working_days(&holidays) < 260);
        }
    }
    arena_done(&arena);
}

// What comes with Rung was written from the decrees; day by day it is what was published.
static void the_calendars_of_the_library_are_those_that_were_published(void **state)
{
    struct arena arena;
    (void)state;
    arena_init(&arena, 16u << 20);
    for (int year = 2024; year <= 2026; year++) {
        struct holidays own = from_library(year, &arena);
        struct holidays published;
        if (!read_published("ru", year, &arena, &published)) {
            print_message("skipped: the published calendars are not here\n");
            skip();
        }
        struct calendar a = five_days(&own);
        struct calendar b = five_days(&published);
        for (int64_t day = civil_to_days(year, 1, 1); day <= civil_to_days(year, 12, 31); day++) {
            struct calendar_day one = calendar_of_date(&a, day);
            struct calendar_day other = calendar_of_date(&b, day);
            if (one.count != other.count ||
                (one.count > 0 && one.hours[0].to != other.hours[0].to)) {
                fail_msg("%d: day %lld differs", year, (long long)day);
            }
        }
    }
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_year_has_as_many_working_days_as_its_government_says),
        cmocka_unit_test(a_worked_saturday_is_open_and_a_short_one_an_hour_less),
        cmocka_unit_test(published_calendars_are_read_as_they_are),
        cmocka_unit_test(the_calendars_of_the_library_are_those_that_were_published),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
