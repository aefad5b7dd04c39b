#include "engine/time/span.h"

#include "base/check.h"
#include "base/limits.h"

static const int64_t day_ms = 24 * 3600 * 1000;

int64_t span_to_local(const struct zone *zone, int64_t utc_ms)
{
    return utc_ms + (int64_t)zone_offset(zone, span_floor(utc_ms, 1000)) * 1000;
}

int64_t span_to_utc(const struct zone *zone, int64_t local_ms)
{
    if (zone->count == 0 && !zone->has_footer) {
        return local_ms - (int64_t)zone->offsets[0] * 1000; // a zone that never changes
    }
    int64_t seconds = span_floor(local_ms, 1000);
    return zone_to_utc(zone, seconds) * 1000 + (local_ms - seconds * 1000);
}

// Rule 18: months keep the day of the month; a day that the month lacks becomes its last.
static int64_t add_months(int64_t base_ms, int64_t months)
{
    int64_t days = span_floor(base_ms, day_ms);
    int64_t rest = base_ms - days * day_ms;
    int64_t year;
    unsigned month;
    unsigned day;
    civil_from_days(days, &year, &month, &day);
    int64_t total = year * 12 + (int64_t)month - 1 + months;
    year = span_floor(total, 12);
    month = (unsigned)(total - year * 12) + 1;
    while (!civil_valid(year, month, day) && day > 28) {
        day--;
    }
    return civil_to_days(year, month, day) * day_ms + rest;
}

uint64_t span_add(const struct zone *zone, uint64_t base_ms, uint8_t unit, int64_t amount)
{
    static const int64_t most_days = 4000000;
    int64_t base = base_ms > MOMENT_MS_MAX ? (int64_t)MOMENT_MS_MAX : (int64_t)base_ms;
    int64_t sum = 0;
    if (unit == DURATION_MS) {
        static const int64_t far = INT64_MAX / 4;
        amount = amount > far ? far : amount < -far ? -far : amount;
        sum = base + amount;
        return sum < 0 ? 0 : (uint64_t)sum;
    }
    CHECK(unit <= DURATION_MONTH);
    int64_t days_each = unit == DURATION_DAY ? 1 : unit == DURATION_WEEK ? 7 : 31;
    amount = amount > most_days / days_each ? most_days / days_each : amount;
    amount = amount < -most_days / days_each ? -most_days / days_each : amount;
    int64_t local = span_to_local(zone, base);
    sum = unit == DURATION_MONTH ? add_months(local, amount) : local + amount * days_each * day_ms;
    sum = span_to_utc(zone, sum);
    return sum < 0 ? 0 : (uint64_t)sum;
}

bool span_add_working(const struct calendar *calendar, const struct zone *zone, uint64_t base_ms,
                      uint8_t unit, int64_t amount, uint64_t *ret_ms)
{
    int64_t base = (int64_t)(base_ms > MOMENT_MS_MAX ? MOMENT_MS_MAX : base_ms) / 1000;
    int64_t sum = 0;
    CHECK(unit == DURATION_WORK_DAY || unit == DURATION_WORK_MS);
    bool open = unit == DURATION_WORK_DAY
                    ? calendar_add_work_days(calendar, zone, base, amount, &sum)
                    : calendar_add_open_seconds(calendar, zone, base, amount / 1000, &sum);
    *ret_ms = sum < 0 ? 0 : (uint64_t)sum * 1000;
    return open;
}

bool span_to_opening(const struct calendar *calendar, const struct zone *zone,
                     uint64_t *moment_ms)
{
    int64_t seconds = (int64_t)(*moment_ms > MOMENT_MS_MAX ? MOMENT_MS_MAX : *moment_ms) / 1000;
    int64_t opening;
    if (!calendar_next_opening(calendar, zone, seconds, &opening)) {
        return false;
    }
    *moment_ms = opening > seconds ? (uint64_t)opening * 1000 : *moment_ms;
    return true;
}
