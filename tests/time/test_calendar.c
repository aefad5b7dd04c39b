// Working time: adds up in every zone over 30 years, and openings are stable.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/prng.h"
#include "base/value.h"
#include "tests/time/tzdata.h"
#include "engine/time/calendar.h"

enum { HOUR = 3600, DAY = 86400 };

static const int64_t year_2010 = 1262304000;
static const int64_t year_2040 = 2208988800;

static struct calendar office(void)
{
    struct calendar calendar = { .exception_count = 0 };
    for (int wday = 1; wday <= 5; wday++) {
        calendar.week[wday].count = 2; // with a lunch break
        calendar.week[wday].hours[0] = (struct calendar_hours){ 9 * HOUR, 13 * HOUR };
        calendar.week[wday].hours[1] = (struct calendar_hours){ 14 * HOUR, 18 * HOUR };
    }
    return calendar;
}

// Open when most clocks change.
static struct calendar night_shift(void)
{
    struct calendar calendar = { .exception_count = 0 };
    for (int wday = 0; wday < 7; wday++) {
        calendar.week[wday].count = 1;
        calendar.week[wday].hours[0] = (struct calendar_hours){ 0, 6 * HOUR };
    }
    return calendar;
}

// Always open: working time is time.
static struct calendar round_the_clock(void)
{
    struct calendar calendar = { .exception_count = 0 };
    for (int wday = 0; wday < 7; wday++) {
        calendar.week[wday].count = 1;
        calendar.week[wday].hours[0] = (struct calendar_hours){ 0, DAY };
    }
    return calendar;
}

// Bounds that stand inside the hour that most changes of the clock leave out.
static struct calendar half_hours(void)
{
    struct calendar calendar = { .exception_count = 0 };
    for (int wday = 0; wday < 7; wday++) {
        calendar.week[wday].count = 3;
        calendar.week[wday].hours[0] = (struct calendar_hours){ HOUR / 2, 3 * HOUR / 2 };
        calendar.week[wday].hours[1] = (struct calendar_hours){ 9 * HOUR / 4, 11 * HOUR / 4 };
        calendar.week[wday].hours[2] = (struct calendar_hours){ 7 * HOUR / 2, 5 * HOUR };
    }
    return calendar;
}

struct changes { int64_t at[TZDATA_CHANGES_MAX]; unsigned count; };

// Any moment of the 30 years; two in three times within three days around a change of the clock.
static int64_t draw_moment(struct prng *prng, const struct changes *changes)
{
    if (changes->count == 0 || prng_below(prng, 3) == 0) {
        return year_2010 + (int64_t)prng_below(prng, (uint64_t)(year_2040 - year_2010));
    }
    return changes->at[prng_below(prng, changes->count)] - 2 * DAY +
           (int64_t)prng_below(prng, 4 * DAY);
}

static void check_calendar(const char *name, const struct zone *zone,
                           const struct calendar *calendar, const struct changes *changes)
{
    struct prng prng;
    prng_init(&prng, 11);
    for (int i = 0; i < 30; i++) {
        int64_t at = draw_moment(&prng, changes);
        int64_t open;
        int64_t again;
        assert_true(calendar_next_opening(calendar, zone, at, &open));
        assert_true(calendar_next_opening(calendar, zone, open, &again));
        if (open != again || open < at) {
            fail_msg("%s: the next opening after %lld is not stable", name, (long long)at);
        }
        int64_t seconds = (int64_t)prng_below(&prng, 60 * HOUR);
        int64_t then;
        assert_true(calendar_add_open_seconds(calendar, zone, at, seconds, &then));
        if (calendar_open_seconds(calendar, zone, at, then) != seconds) {
            fail_msg("%s: %lld open seconds after %lld do not add up", name, (long long)seconds,
                     (long long)at);
        }
        int64_t back;
        assert_true(calendar_add_open_seconds(calendar, zone, at, -seconds, &back));
        if (back > at || calendar_open_seconds(calendar, zone, back, at) != seconds) {
            fail_msg("%s: %lld open seconds before %lld do not add up", name, (long long)seconds,
                     (long long)at);
        }
        if (calendar_open_seconds(calendar, zone, at, at + seconds) > seconds) {
            fail_msg("%s: more than every second after %lld is open", name, (long long)at);
        }
        int64_t days = (int64_t)prng_below(&prng, 20);
        assert_true(calendar_add_work_days(calendar, zone, at, days, &then));
        assert_true(calendar_add_work_days(calendar, zone, then, -days, &back));
        int64_t opening;
        assert_true(calendar_next_opening(calendar, zone, then, &opening));
        if (days > 0 && (then <= at - DAY || back > then)) {
            fail_msg("%s: %lld working days after %lld go back", name, (long long)days,
                     (long long)at);
        }
        assert_true(calendar_add_open_seconds(calendar, zone, at, seconds, &then));
        int64_t middle = at + (then - at) / 2;
        int64_t sum = calendar_open_seconds(calendar, zone, at, middle) +
                      calendar_open_seconds(calendar, zone, middle, then);
        assert_int_equal(sum, seconds);
    }
}

// Over every change of the clock: not a second is lost or counted twice.
static void check_every_second(const char *name, const struct zone *zone,
                               const struct changes *changes)
{
    struct calendar calendar = round_the_clock();
    for (unsigned i = 0; i < changes->count; i++) {
        int64_t from = changes->at[i] - DAY - 1000;
        int64_t to = changes->at[i] + 2 * DAY + 500;
        int64_t then;
        if (calendar_open_seconds(&calendar, zone, from, to) != to - from) {
            fail_msg("%s: %lld seconds after %lld are %lld of working time", name,
                     (long long)(to - from), (long long)from,
                     (long long)calendar_open_seconds(&calendar, zone, from, to));
        }
        assert_true(calendar_add_open_seconds(&calendar, zone, from, to - from, &then));
        if (then != to || !calendar_is_open(&calendar, zone, from) ||
            !calendar_is_open(&calendar, zone, to)) {
            fail_msg("%s: always open, but not at %lld", name, (long long)from);
        }
    }
}

// It is open when its hours say so of the wall clock: around changes of it, too, but for an hour
// that comes twice, where the first one counts.
static void check_wall(const char *name, const struct zone *zone, const struct calendar *calendar,
                       const struct changes *changes)
{
    unsigned step = changes->count / 6 + 1; // six of them, over all the years
    for (unsigned i = 0; i < changes->count; i += step) {
        int64_t change = changes->at[i]; // it comes within TZDATA_STEP
        for (int64_t at = change - 3 * HOUR; at < change + 9 * HOUR; at += 15 * 60) {
            int64_t local = zone_to_local(zone, at);
            int64_t day = local >= 0 ? local / DAY : -1;
            struct calendar_day open = calendar_of_date(calendar, day);
            bool said = false;
            for (uint32_t h = 0; h < open.count; h++) {
                said = said || (local - day * DAY >= open.hours[h].from &&
                                local - day * DAY < open.hours[h].to);
            }
            bool once = zone_to_utc(zone, local) == at &&
                        zone_to_local(zone, at + 3 * HOUR) == local + 3 * HOUR;
            if (once && calendar_is_open(calendar, zone, at) != said) {
                fail_msg("%s: at %lld the hours say %s", name, (long long)at,
                         said ? "open" : "closed");
            }
        }
    }
}

static void check_all(const char *name, const struct zone *zone)
{
    struct calendar day = office();
    struct calendar night = night_shift();
    struct calendar always = round_the_clock();
    struct calendar half = half_hours();
    struct changes changes;
    changes.count = tzdata_changes(zone, year_2010, year_2040, changes.at);
    check_calendar(name, zone, &day, &changes);
    check_calendar(name, zone, &night, &changes);
    check_calendar(name, zone, &always, &changes);
    check_every_second(name, zone, &changes);
    check_wall(name, zone, &half, &changes);
}

static void working_time_adds_up_in_every_zone(void **state)
{
    (void)state;
    if (tzdata_each(false, check_all) == 0) {
        print_message("skipped: this machine has no tzdata\n");
        skip();
    }
}

static int64_t at(int64_t year, unsigned month, unsigned day, int hour)
{
    return civil_to_days(year, month, day) * DAY + hour * HOUR;
}

static void work_days_pass_over_weekends_holidays_and_count_working_saturdays(void **state)
{
    (void)state;
    const struct image_exception exceptions[] = {
        { (int32_t)civil_to_days(2026, 3, 9), MARK_OFF },      // a Monday off
        { (int32_t)civil_to_days(2026, 3, 14), MARK_WORKING }, // a working Saturday
        { (int32_t)civil_to_days(2026, 3, 21), MARK_SHORT },   // a short Saturday
    };
    struct calendar calendar = office();
    calendar.exceptions = exceptions;
    calendar.exception_count = 3;
    struct zone utc = zone_utc();
    int64_t then;
    assert_true(calendar_add_work_days(&calendar, &utc, at(2026, 3, 6, 10), 1, &then));
    assert_int_equal(then, at(2026, 3, 10, 10)); // Friday to Tuesday
    assert_true(calendar_add_work_days(&calendar, &utc, at(2026, 3, 13, 10), 1, &then));
    assert_int_equal(then, at(2026, 3, 14, 10)); // the working Saturday
    assert_true(calendar_add_work_days(&calendar, &utc, at(2026, 3, 20, 20), 1, &then));
    assert_int_equal(then, at(2026, 3, 21, 17)); // clipped into a short day
    assert_true(calendar_add_work_days(&calendar, &utc, at(2026, 3, 2, 7), 1, &then));
    assert_int_equal(then, at(2026, 3, 3, 9)); // clipped to the opening
}

static void open_hours_span_nights_and_breaks(void **state)
{
    (void)state;
    struct calendar calendar = office();
    struct zone utc = zone_utc();
    int64_t then;
    assert_true(calendar_add_open_seconds(&calendar, &utc, at(2026, 3, 6, 17), 2 * HOUR, &then));
    assert_int_equal(then, at(2026, 3, 9, 10)); // one hour on Friday, one on Monday
    assert_true(calendar_add_open_seconds(&calendar, &utc, at(2026, 3, 2, 12), 2 * HOUR, &then));
    assert_int_equal(then, at(2026, 3, 2, 15)); // over lunch
    assert_true(calendar_next_opening(&calendar, &utc, at(2026, 3, 7, 12), &then));
    assert_int_equal(then, at(2026, 3, 9, 9));
    assert_false(calendar_is_open(&calendar, &utc, at(2026, 3, 2, 13)));
    struct calendar closed = { .exception_count = 0 };
    assert_false(calendar_next_opening(&closed, &utc, 0, &then));
    assert_false(calendar_add_work_days(&closed, &utc, 0, 1, &then));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(working_time_adds_up_in_every_zone),
        cmocka_unit_test(work_days_pass_over_weekends_holidays_and_count_working_saturdays),
        cmocka_unit_test(open_hours_span_nights_and_breaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
