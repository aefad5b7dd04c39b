// Working hours of people, as they stand in the directory.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "engine/time/hours.h"

enum { HOUR = 3600 };

static struct calendar parse(const char *text)
{
    struct calendar calendar;
    const char *why;
    struct slice at;
    if (!hours_parse(slice_from_cstr(text), &calendar, &why, &at)) {
        fail_msg("`%s`: `%.*s` %s", text, SLICE_PRINT(at), why);
    }
    return calendar;
}

static void days_and_intervals_are_as_they_are_written(void **state)
{
    struct calendar calendar = parse(" mon..fri 09:00-13:00 14:00-18:00; sat 10:00-14:30 ;");
    (void)state;
    assert_int_equal(calendar.week[0].count, 0);
    for (int day = 1; day <= 5; day++) {
        assert_int_equal(calendar.week[day].count, 2);
        assert_int_equal(calendar.week[day].hours[0].from, 9 * HOUR);
        assert_int_equal(calendar.week[day].hours[1].to, 18 * HOUR);
    }
    assert_int_equal(calendar.week[6].hours[0].to, 14 * HOUR + 30 * 60);
}

static void a_night_goes_to_midnight_and_over_the_end_of_the_week(void **state)
{
    struct calendar calendar = parse("sat..mon 22:00-00:00; tue 00:00-06:00");
    (void)state;
    assert_int_equal(calendar.week[6].hours[0].to, 24 * HOUR);
    assert_int_equal(calendar.week[0].count, 1);
    assert_int_equal(calendar.week[1].count, 1);
    assert_int_equal(calendar.week[2].hours[0].from, 0);
    assert_int_equal(calendar.week[3].count, 0);
}

static void what_does_not_hold_is_told(void **state)
{
    static const struct {
        const char *text, *at, *why;
    } wrong[] = {
        { "", "", "names no hours" },
        { "monday 09:00-18:00", "day", "is no time of day" },
        { "mo 09:00-18:00", "mo", "is no day" },
        { "mon..", "", "is no day" },
        { "mon", "", "is no time of day" },
        { "mon 9-18", "9-18", "is no time of day" },
        { "mon 09:00", "09:00", "has no end" },
        { "mon 24:00-01:00", "24:00-01:00", "is no time of day" },
        { "mon 18:00-09:00", "18:00-09:00", "ends before it begins" },
        { "mon 09:00-18:00; mon..tue 17:00-19:00", "17:00-19:00", "begins before" },
        { "mon 01:00-02:00 03:00-04:00 05:00-06:00 07:00-08:00 09:00-10:00", "09:00-10:00",
          "is one interval too many" },
        { "mon 09:00-18:00, tue 09:00-18:00", ",", "is no time of day" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        struct calendar calendar;
        const char *why = NULL;
        struct slice at;
        assert_false(hours_parse(slice_from_cstr(wrong[i].text), &calendar, &why, &at));
        assert_memory_equal(why, wrong[i].why, strlen(wrong[i].why));
        assert_true(slice_equal(at, slice_from_cstr(wrong[i].at)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_and_intervals_are_as_they_are_written),
        cmocka_unit_test(a_night_goes_to_midnight_and_over_the_end_of_the_week),
        cmocka_unit_test(what_does_not_hold_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
