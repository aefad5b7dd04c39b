// Zones: the same answers as the C library for every zone of tzdata, and no wall time lost or
// doubled.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/prng.h"
#include "base/value.h"
#include "tests/time/tzdata.h"

enum { HOUR = 3600, DAY = 86400 };

static const int64_t year_2010 = 1262304000;
static const int64_t year_2040 = 2208988800;

static void agrees_with_the_library(const char *name, const struct zone *zone)
{
    struct prng prng;
    prng_init(&prng, 7);
    (void)setenv("TZ", name, 1);
    tzset();
    for (int i = 0; i < 1000; i++) {
        time_t at =
            (time_t)(year_2010 + (int64_t)prng_below(&prng, (uint64_t)(year_2040 - year_2010)));
        struct tm tm;
        (void)localtime_r(&at, &tm);
        int64_t local = civil_to_days(tm.tm_year + 1900, (unsigned)tm.tm_mon + 1,
                                      (unsigned)tm.tm_mday) * DAY +
                        tm.tm_hour * HOUR + tm.tm_min * 60 + tm.tm_sec;
        if (zone_to_local(zone, at) != local) {
            fail_msg("%s at %lld: wall time %lld, the library says %lld", name, (long long)at,
                     (long long)zone_to_local(zone, at), (long long)local);
        }
    }
}

// A moment's wall time leads back to it, or, when it is the second of two moments with that wall
// time, to the first of them.
static void keeps_moment(const char *name, const struct zone *zone, int64_t utc)
{
    int64_t local = zone_to_local(zone, utc);
    int64_t again = zone_to_utc(zone, local);
    bool kept = again == utc;
    if (again < utc) { // in a fold: as far apart as the clock went back
        kept = zone_to_local(zone, again) == local &&
               utc - again == zone_offset(zone, again) - zone_offset(zone, utc);
    }
    if (!kept) {
        fail_msg("%s: moment %lld is lost", name, (long long)utc);
    }
}

// Every change of 30 years, a quarter of an hour at a time around it.
static void keeps_every_wall_time(const char *name, const struct zone *zone)
{
    int64_t changes[TZDATA_CHANGES_MAX];
    unsigned count = tzdata_changes(zone, year_2010, year_2040, changes);
    assert_true(count < TZDATA_CHANGES_MAX);
    for (unsigned i = 0; i < count; i++) {
        int64_t at = changes[i];
        int64_t last = INT64_MIN;
        for (int64_t local = at - DAY; local < at + 2 * DAY; local += 15 * 60) {
            int64_t utc = zone_to_utc(zone, local);
            int64_t back = zone_to_local(zone, utc);
            if ((back == local && utc < last) || back < local || back - local > 26 * HOUR) {
                fail_msg("%s: wall time %lld becomes %lld and back %lld", name, (long long)local,
                         (long long)utc, (long long)back);
            }
            if (back == local && zone_to_local(zone, utc - HOUR / 2) == local) {
                fail_msg("%s: wall time %lld is not the first of two", name, (long long)local);
            }
            last = back == local ? utc : last; // a time in a gap lands behind later ones
        }
        for (int64_t utc = at - DAY; utc < at + 2 * DAY; utc += 15 * 60) {
            keeps_moment(name, zone, utc);
        }
    }
}

static void offsets_are_those_of_the_c_library_in_every_zone(void **state)
{
    (void)state;
    if (tzdata_each(true, agrees_with_the_library) == 0) {
        print_message("skipped: this machine has no tzdata\n");
        skip();
    }
}

// Every zone of tzdata, every change of 30 years.
static void no_wall_time_is_lost_or_doubled_in_any_zone(void **state)
{
    (void)state;
    if (tzdata_each(false, keeps_every_wall_time) == 0) {
        print_message("skipped: this machine has no tzdata\n");
        skip();
    }
}

static void a_gap_moves_forward_and_a_fold_takes_the_first(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct zone berlin;
    if (!tzdata_read("Europe/Berlin", &arena, &berlin)) {
        skip();
    }
    int64_t spring = 1774751400; // 2026-03-29 02:30 on the wall: does not exist
    assert_int_equal(zone_to_utc(&berlin, spring), spring - HOUR);
    assert_int_equal(zone_to_local(&berlin, spring - HOUR), spring + HOUR); // 03:30
    int64_t autumn = 1792895400; // 2026-10-25 02:30 on the wall: twice
    assert_int_equal(zone_to_utc(&berlin, autumn), autumn - 2 * HOUR);
    arena_done(&arena);
}

static void damaged_files_are_refused(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 64 << 20);
    struct zone zone;
    assert_int_equal(zone_parse(SLICE_EMPTY, &arena, &zone), ERR_CORRUPT);
    assert_int_equal(zone_parse(SLICE("TZif2"), &arena, &zone), ERR_CORRUPT);
    FILE *file = fopen("/usr/share/zoneinfo/Europe/Berlin", "rb");
    if (file == NULL) {
        skip();
    }
    static char bytes[1 << 16];
    size_t len = fread(bytes, 1, sizeof(bytes), file);
    (void)fclose(file);
    for (size_t cut = 0; cut < len; cut++) {
        (void)zone_parse(slice_make(bytes, cut), &arena, &zone);
        arena_reset(&arena);
    }
    for (size_t at = 0; at < len; at++) { // a flipped bit is refused, or gives some zone
        bytes[at] ^= 0x10;
        if (zone_parse(slice_make(bytes, len), &arena, &zone) == OK) {
            (void)zone_to_utc(&zone, year_2010);
        }
        bytes[at] ^= 0x10;
        arena_reset(&arena);
    }
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offsets_are_those_of_the_c_library_in_every_zone),
        cmocka_unit_test(no_wall_time_is_lost_or_doubled_in_any_zone),
        cmocka_unit_test(a_gap_moves_forward_and_a_fold_takes_the_first),
        cmocka_unit_test(damaged_files_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
