#include "engine/time/hours.h"

enum { DAY_SECONDS = 86400, HOUR_SECONDS = 3600, DAY_NAMES = 7 };

struct scan {
    struct slice rest;
    const char *why;
    struct slice at;
};

static bool wrong(struct scan *scan, const char *why, struct slice at)
{
    scan->why = why;
    scan->at = at;
    return false;
}

static void skip_blanks(struct scan *scan)
{
    while (scan->rest.len > 0 && scan->rest.ptr[0] == ' ') {
        scan->rest = slice_sub(scan->rest, 1, scan->rest.len);
    }
}

static bool take(struct scan *scan, const char *text)
{
    struct slice wanted = slice_from_cstr(text);
    if (!slice_starts(scan->rest, wanted)) {
        return false;
    }
    scan->rest = slice_sub(scan->rest, wanted.len, scan->rest.len);
    return true;
}

// What stands up to the next blank or mark, for a message.
static struct slice word(const struct scan *scan)
{
    size_t len = 0;
    while (len < scan->rest.len && scan->rest.ptr[len] != ' ' && scan->rest.ptr[len] != ';') {
        len++;
    }
    return slice_sub(scan->rest, 0, len);
}

// 0 = Monday.
static bool take_day(struct scan *scan, uint32_t *ret_day)
{
    static const char *const names[DAY_NAMES] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };
    for (uint32_t i = 0; i < DAY_NAMES; i++) {
        if (take(scan, names[i])) {
            *ret_day = i;
            return true;
        }
    }
    return wrong(scan, "is no day: say mon, tue, wed, thu, fri, sat or sun", word(scan));
}

static bool take_days(struct scan *scan, bool days[DAY_NAMES])
{
    uint32_t first;
    uint32_t last;
    if (!take_day(scan, &first)) {
        return false;
    }
    last = first;
    if (take(scan, "..") && !take_day(scan, &last)) {
        return false;
    }
    for (uint32_t i = first;; i = (i + 1) % DAY_NAMES) { // sat..mon goes over the end of the week
        days[i] = true;
        if (i == last) {
            return true;
        }
    }
}

static bool take_time(struct scan *scan, int32_t *ret_seconds)
{
    struct slice at = word(scan);
    const char *c = at.ptr;
    bool shaped = at.len >= 5 && c[2] == ':';
    for (size_t i = 0; i < 5 && shaped; i++) {
        shaped = i == 2 || (c[i] >= '0' && c[i] <= '9');
    }
    int32_t hour = shaped ? (c[0] - '0') * 10 + (c[1] - '0') : 0;
    int32_t minute = shaped ? (c[3] - '0') * 10 + (c[4] - '0') : 0;
    if (!shaped || hour > 23 || minute > 59) {
        return wrong(scan, "is no time of day: say 09:00-18:00", at);
    }
    scan->rest = slice_sub(scan->rest, 5, scan->rest.len);
    *ret_seconds = hour * HOUR_SECONDS + minute * 60;
    return true;
}

static bool add_hours(struct scan *scan, struct calendar_day *day, struct calendar_hours hours,
                      struct slice at)
{
    if (day->count == CALENDAR_HOURS_MAX) {
        return wrong(scan, "is one interval too many: a day has at most four", at);
    }
    if (day->count > 0 && hours.from < day->hours[day->count - 1].to) {
        return wrong(scan, "begins before the interval in front of it has ended", at);
    }
    day->hours[day->count++] = hours;
    return true;
}

static bool take_interval(struct scan *scan, const bool days[DAY_NAMES], struct calendar *calendar)
{
    struct slice at = word(scan);
    struct calendar_hours hours;
    if (!take_time(scan, &hours.from)) {
        return false;
    }
    if (!take(scan, "-")) {
        return wrong(scan, "has no end: say 09:00-18:00", at);
    }
    if (!take_time(scan, &hours.to)) {
        return false;
    }
    hours.to = hours.to == 0 ? DAY_SECONDS : hours.to;
    if (hours.to <= hours.from) {
        return wrong(scan, "ends before it begins; hours over midnight are two intervals", at);
    }
    for (uint32_t i = 0; i < DAY_NAMES; i++) {
        if (days[i] && !add_hours(scan, &calendar->week[(i + 1) % DAY_NAMES], hours, at)) {
            return false;
        }
    }
    return true;
}

// DAY[..DAY] HH:MM-HH:MM { HH:MM-HH:MM }
static bool take_line(struct scan *scan, struct calendar *calendar)
{
    bool days[DAY_NAMES] = { false };
    if (!take_days(scan, days)) {
        return false;
    }
    skip_blanks(scan);
    do {
        if (!take_interval(scan, days, calendar)) {
            return false;
        }
        skip_blanks(scan);
    } while (scan->rest.len > 0 && scan->rest.ptr[0] != ';');
    return true;
}

bool hours_parse(struct slice text, struct calendar *ret_calendar, const char **ret_why,
                 struct slice *ret_at)
{
    struct scan scan = { .rest = text };
    bool good = true;
    *ret_calendar = (struct calendar){ .exception_count = 0 };
    skip_blanks(&scan);
    good = scan.rest.len > 0 || wrong(&scan, "names no hours", text);
    while (good && scan.rest.len > 0) {
        good = take_line(&scan, ret_calendar);
        if (good && take(&scan, ";")) {
            skip_blanks(&scan);
        }
    }
    *ret_why = scan.why;
    *ret_at = scan.at;
    return good;
}
