#include "engine/time/calendar.h"

#include "base/check.h"

enum { DAY = 86400, HOUR = 3600 };

struct calendar calendar_of_image(const struct image *image, uint32_t number)
{
    const struct image_calendar *from = &image->calendar[number];
    struct calendar calendar = { .exceptions = image->exception + from->exceptions.first,
                                 .exception_count = from->exceptions.count };
    for (size_t day = 0; day < ARRAY_COUNT(calendar.week); day++) {
        calendar.week[day].count = from->week[day].count;
        for (uint32_t i = 0; i < from->week[day].count; i++) {
            const struct image_opening *open = &image->opening[from->week[day].first + i];
            calendar.week[day].hours[i] = (struct calendar_hours){ open->from, open->to };
        }
    }
    return calendar;
}

static int64_t day_of(int64_t local)
{
    return local >= 0 ? local / DAY : -((-local + DAY - 1) / DAY);
}

static uint32_t mark_of(const struct calendar *calendar, int64_t day)
{
    uint32_t low = 0;
    uint32_t high = calendar->exception_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (calendar->exceptions[middle].day < day) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool found = low < calendar->exception_count && calendar->exceptions[low].day == day;
    return found ? calendar->exceptions[low].mark : 0;
}

static struct calendar_day first_open_weekday(const struct calendar *calendar)
{
    for (unsigned i = 0; i < 7; i++) {
        unsigned wday = (i + 1) % 7; // Monday first
        if (calendar->week[wday].count > 0) {
            return calendar->week[wday];
        }
    }
    return (struct calendar_day){ .count = 0 };
}

static struct calendar_day shortened(struct calendar_day day)
{
    if (day.count > 0) {
        struct calendar_hours *last = &day.hours[day.count - 1];
        last->to -= HOUR;
        if (last->to <= last->from) {
            day.count--;
        }
    }
    return day;
}

struct calendar_day calendar_of_date(const struct calendar *calendar, int64_t day)
{
    unsigned wday = (unsigned)(((day + 4) % 7 + 7) % 7);
    struct calendar_day plain = calendar->week[wday];
    switch (mark_of(calendar, day)) {
    case MARK_OFF: return (struct calendar_day){ .count = 0 };
    case MARK_WORKING: return plain.count > 0 ? plain : first_open_weekday(calendar);
    case MARK_SHORT: return shortened(plain.count > 0 ? plain : first_open_weekday(calendar));
    default: return plain;
    }
}

// One interval of open time as UTC moments; empty when a change of the clock swallowed it.
struct interval {
    int64_t from, to;
};

// The moment when a wall clock first shows `local`, or passes it: a bound that a change of the
// clock leaves out lies at that change. (Where a due would land, as far behind the gap, hours would
// be open twice.)
static int64_t bound_to_utc(const struct zone *zone, int64_t local)
{
    int64_t high = zone_to_utc(zone, local);
    int64_t low = high - (zone_to_local(zone, high) - local); // before the change, or the same
    int32_t offset = zone_offset(zone, high);
    while (high - low > 1) { // the change lies in (low, high]
        int64_t middle = low + (high - low) / 2;
        if (zone_offset(zone, middle) == offset) {
            high = middle;
        } else {
            low = middle;
        }
    }
    return high;
}

static struct interval interval_of(const struct zone *zone, int64_t day,
                                   const struct calendar_hours *hours)
{
    return (struct interval){ bound_to_utc(zone, day * DAY + hours->from),
                              bound_to_utc(zone, day * DAY + hours->to) };
}

bool calendar_is_open(const struct calendar *calendar, const struct zone *zone, int64_t utc)
{
    int64_t next;
    return calendar_next_opening(calendar, zone, utc, &next) && next == utc;
}

bool calendar_next_opening(const struct calendar *calendar, const struct zone *zone, int64_t utc,
                           int64_t *ret_utc)
{
    int64_t day = day_of(zone_to_local(zone, utc)) - 1; // hours may reach over midnight by a change
    for (int i = 0; i < CALENDAR_SEARCH_DAYS_MAX; i++, day++) {
        struct calendar_day open = calendar_of_date(calendar, day);
        for (uint32_t h = 0; h < open.count; h++) {
            struct interval interval = interval_of(zone, day, &open.hours[h]);
            if (interval.to > utc && interval.to > interval.from) {
                *ret_utc = interval.from > utc ? interval.from : utc;
                return true;
            }
        }
    }
    return false;
}

// Backwards: from the last interval before `utc` to the first that holds what is left.
static bool subtract_open_seconds(const struct calendar *calendar, const struct zone *zone,
                                  int64_t utc, int64_t left, int64_t *ret_utc)
{
    int64_t day = day_of(zone_to_local(zone, utc)) + 1;
    for (int i = 0; i < CALENDAR_SEARCH_DAYS_MAX; i++, day--) {
        struct calendar_day open = calendar_of_date(calendar, day);
        for (uint32_t h = open.count; h > 0; h--) {
            struct interval interval = interval_of(zone, day, &open.hours[h - 1]);
            int64_t to = interval.to < utc ? interval.to : utc;
            if (to <= interval.from) {
                continue;
            }
            if (to - interval.from >= left) {
                *ret_utc = to - left;
                return true;
            }
            left -= to - interval.from;
        }
    }
    return false;
}

bool calendar_add_open_seconds(const struct calendar *calendar, const struct zone *zone,
                               int64_t utc, int64_t seconds, int64_t *ret_utc)
{
    if (seconds < 0) {
        return seconds > -INT64_MAX &&
               subtract_open_seconds(calendar, zone, utc, -seconds, ret_utc);
    }
    int64_t left = seconds;
    int64_t day = day_of(zone_to_local(zone, utc)) - 1;
    if (left == 0) {
        *ret_utc = utc;
        return true;
    }
    for (int i = 0; i < CALENDAR_SEARCH_DAYS_MAX; i++, day++) {
        struct calendar_day open = calendar_of_date(calendar, day);
        for (uint32_t h = 0; h < open.count; h++) {
            struct interval interval = interval_of(zone, day, &open.hours[h]);
            int64_t from = interval.from > utc ? interval.from : utc;
            if (interval.to <= from) {
                continue;
            }
            if (interval.to - from >= left) {
                *ret_utc = from + left;
                return true;
            }
            left -= interval.to - from;
        }
    }
    return false;
}

int64_t calendar_open_seconds(const struct calendar *calendar, const struct zone *zone,
                              int64_t from, int64_t to)
{
    int64_t sum = 0;
    int64_t day = day_of(zone_to_local(zone, from)) - 1;
    int64_t last = day_of(zone_to_local(zone, to)) + 1;
    for (; day <= last && from < to; day++) {
        struct calendar_day open = calendar_of_date(calendar, day);
        for (uint32_t h = 0; h < open.count; h++) {
            struct interval interval = interval_of(zone, day, &open.hours[h]);
            int64_t a = interval.from > from ? interval.from : from;
            int64_t b = interval.to < to ? interval.to : to;
            sum += b > a ? b - a : 0;
        }
    }
    return sum;
}

static int32_t clipped(const struct calendar_day *day, int32_t seconds)
{
    for (uint32_t h = 0; h < day->count; h++) {
        if (seconds < day->hours[h].from) {
            return day->hours[h].from; // before the opening, or in a break
        }
        if (seconds <= day->hours[h].to) {
            return seconds;
        }
    }
    return day->hours[day->count - 1].to;
}

bool calendar_add_work_days(const struct calendar *calendar, const struct zone *zone, int64_t utc,
                            int64_t days, int64_t *ret_utc)
{
    int64_t local = zone_to_local(zone, utc);
    int64_t day = day_of(local);
    int32_t wall = (int32_t)(local - day * DAY);
    int64_t step = days < 0 ? -1 : 1;
    int64_t left = days < 0 ? (days > -INT64_MAX ? -days : INT64_MAX) : days;
    for (int i = 0; i < CALENDAR_SEARCH_DAYS_MAX; i++, day += step) {
        struct calendar_day open = calendar_of_date(calendar, day);
        if (i > 0 && open.count > 0) {
            left--;
        }
        if (left <= 0 && open.count > 0) {
            *ret_utc = zone_to_utc(zone, day * DAY + clipped(&open, wall));
            return true;
        }
    }
    return false;
}
