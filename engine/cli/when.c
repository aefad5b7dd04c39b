#include "engine/cli/when.h"

#include "base/value.h"

enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS, DAY_MS = 24 * HOUR_MS };

// The wall clock of the reader, in ms, and back.
static uint64_t local_of(const struct zone *zone, uint64_t utc_ms)
{
    int64_t offset = zone == NULL ? 0 : zone_offset(zone, (int64_t)(utc_ms / 1000));
    int64_t local = (int64_t)utc_ms + offset * 1000;
    return local < 0 ? 0 : (uint64_t)local;
}

static uint64_t utc_of(const struct zone *zone, uint64_t local_ms)
{
    if (zone == NULL) {
        return local_ms;
    }
    int64_t utc = zone_to_utc(zone, (int64_t)(local_ms / 1000)) * 1000 + (int64_t)(local_ms % 1000);
    return utc < 0 ? 0 : (uint64_t)utc;
}

const char *const when_quick[] = { "in 10 min",      "in 30 min", "in 2 h",
                                   "tomorrow 10:00", "in 3 days", "next monday 10:00" };
const char *const when_quick_days[] = { "today", "tomorrow", "in 3 days", "next monday" };

static void span_put(struct buf *out, uint64_t ms)
{
    uint64_t minutes = ms / MINUTE_MS;
    if (minutes < 60) {
        buf_format(out, "%llu min", (unsigned long long)minutes);
    } else if (minutes < 24 * 60) {
        buf_format(out, "%llu h", (unsigned long long)(minutes / 60));
    } else {
        uint64_t days = minutes / (24 * 60);
        buf_format(out, "%llu day%s", (unsigned long long)days, days == 1 ? "" : "s");
    }
}

static void distance_put(struct buf *out, uint64_t at_ms, uint64_t now_ms, const char *past)
{
    uint64_t distance = at_ms > now_ms ? at_ms - now_ms : now_ms - at_ms;
    if (distance < MINUTE_MS) {
        buf_put_cstr(out, "now");
    } else if (at_ms > now_ms) {
        buf_put_cstr(out, "in ");
        span_put(out, distance);
    } else {
        span_put(out, distance);
        buf_put_cstr(out, past);
    }
}

void when_distance(struct buf *out, uint64_t at_ms, uint64_t now_ms)
{
    distance_put(out, at_ms, now_ms, " ago");
}

void when_due(struct buf *out, uint64_t due_ms, uint64_t now_ms)
{
    distance_put(out, due_ms, now_ms, " late");
}

// 0 = Monday.
static unsigned weekday_of(int64_t days) { return (unsigned)(((days + 3) % 7 + 7) % 7); }

void when_moment(struct buf *out, uint64_t at_ms, uint64_t now_ms, const struct zone *zone)
{
    at_ms = local_of(zone, at_ms);
    now_ms = local_of(zone, now_ms);
    static const char *const names[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
    int64_t day = (int64_t)(at_ms / DAY_MS);
    int64_t today = (int64_t)(now_ms / DAY_MS);
    unsigned minutes = (unsigned)(at_ms % DAY_MS / MINUTE_MS);
    if (day == today) {
        buf_put_cstr(out, "today");
    } else if (day == today + 1) {
        buf_put_cstr(out, "tomorrow");
    } else {
        int64_t year = 0;
        unsigned month = 0;
        unsigned of_month = 0;
        civil_from_days(day, &year, &month, &of_month);
        buf_format(out, "%s %04d-%02u-%02u", names[weekday_of(day)], (int)year, month, of_month);
    }
    buf_format(out, " %02u:%02u", minutes / 60, minutes % 60);
}

void when_stamp(struct buf *out, uint64_t at_ms, const struct zone *zone)
{
    at_ms = local_of(zone, at_ms);
    int64_t year = 0;
    unsigned month = 0;
    unsigned of_month = 0;
    civil_from_days((int64_t)(at_ms / DAY_MS), &year, &month, &of_month);
    unsigned seconds = (unsigned)(at_ms % DAY_MS / 1000);
    buf_format(out, "%04d-%02u-%02u %02u:%02u:%02u", (int)year, month, of_month, seconds / 3600,
               seconds / 60 % 60, seconds % 60);
}

static char lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
}

static bool word_is(struct slice word, const char *name)
{
    size_t len = strlen(name);
    if (word.len != len) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (lower(word.ptr[i]) != name[i]) {
            return false;
        }
    }
    return true;
}

static struct slice word_take(struct slice *rest)
{
    size_t start = 0;
    while (start < rest->len && rest->ptr[start] == ' ') {
        start++;
    }
    size_t end = start;
    while (end < rest->len && rest->ptr[end] != ' ') {
        end++;
    }
    struct slice word = slice_sub(*rest, start, end - start);
    *rest = slice_sub(*rest, end, rest->len);
    return word;
}

// A weekday by its name or at least its first three letters; 7: none.
static unsigned weekday_find(struct slice word)
{
    static const char *const names[] = { "monday", "tuesday",  "wednesday", "thursday",
                                         "friday", "saturday", "sunday" };
    for (unsigned i = 0; i < 7; i++) {
        size_t same = 0;
        while (same < word.len && names[i][same] != '\0' &&
               lower(word.ptr[same]) == names[i][same]) {
            same++;
        }
        if (same == word.len && same >= 3) {
            return i;
        }
    }
    return 7;
}

// The rest of the text is empty, or one time of day.
static bool time_take(struct slice rest, uint64_t otherwise_ms, uint64_t *ret_ms)
{
    struct slice word = word_take(&rest);
    if (word.len == 0) {
        *ret_ms = otherwise_ms;
        return true;
    }
    int64_t ms = 0;
    if (word_take(&rest).len > 0 || !value_parse_time(word, &ms)) {
        return false;
    }
    *ret_ms = (uint64_t)ms;
    return true;
}

static bool number_take(struct slice *rest, uint64_t *ret_number)
{
    struct slice word = word_take(rest);
    int64_t number = 0;
    // "10min" and "2h" are as good as "10 min" and "2 h".
    size_t digits = 0;
    while (digits < word.len && word.ptr[digits] >= '0' && word.ptr[digits] <= '9') {
        digits++;
    }
    if (digits == 0 || digits > 6 || !value_parse_integer(slice_sub(word, 0, digits), &number)) {
        return false;
    }
    *rest =
        (struct slice){ word.ptr + digits, (size_t)(rest->ptr + rest->len - (word.ptr + digits)) };
    *ret_number = (uint64_t)number;
    return true;
}

// "10 min", "2 h", "3 days", "2 weeks"; days and weeks set `ret_days`, the others `ret_ms`.
static bool ahead_take(struct slice *rest, uint64_t *ret_ms, int64_t *ret_days)
{
    uint64_t number = 0;
    if (!number_take(rest, &number)) {
        return false;
    }
    struct slice unit = word_take(rest);
    *ret_ms = 0;
    *ret_days = 0;
    if (word_is(unit, "min") || word_is(unit, "minute") || word_is(unit, "minutes")) {
        *ret_ms = number * MINUTE_MS;
    } else if (word_is(unit, "h") || word_is(unit, "hour") || word_is(unit, "hours")) {
        *ret_ms = number * HOUR_MS;
    } else if (word_is(unit, "day") || word_is(unit, "days")) {
        *ret_days = (int64_t)number;
    } else if (word_is(unit, "week") || word_is(unit, "weeks")) {
        *ret_days = (int64_t)number * 7;
    } else {
        return false;
    }
    return true;
}

static bool day_take(struct slice *rest, uint64_t now_ms, int64_t *ret_days)
{
    int64_t today = (int64_t)(now_ms / DAY_MS);
    struct slice whole = *rest;
    struct slice word = word_take(rest);
    if (word_is(word, "today")) {
        *ret_days = today;
        return true;
    }
    if (word_is(word, "tomorrow")) {
        *ret_days = today + 1;
        return true;
    }
    bool next = word_is(word, "next");
    if (next) {
        word = word_take(rest);
        if (word_is(word, "week")) {
            *ret_days = today + 7;
            return true;
        }
    }
    unsigned weekday = weekday_find(word);
    if (weekday < 7) {
        unsigned ahead = (weekday + 7 - weekday_of(today)) % 7;
        *ret_days = today + (ahead == 0 ? 7 : ahead);
        return true;
    }
    if (!next && value_parse_date(word, ret_days)) {
        return true;
    }
    *rest = whole;
    return false;
}

bool when_parse_day(struct slice text, uint64_t now_ms, const struct zone *zone,
                    int64_t *ret_days)
{
    now_ms = local_of(zone, now_ms);
    struct slice rest = text;
    if (day_take(&rest, now_ms, ret_days)) {
        return word_take(&rest).len == 0;
    }
    uint64_t ms = 0;
    if (!word_is(word_take(&rest), "in") || !ahead_take(&rest, &ms, ret_days) || ms > 0) {
        return false;
    }
    *ret_days += (int64_t)(now_ms / DAY_MS);
    return word_take(&rest).len == 0;
}

// On the wall clock: what comes in and what goes out.
static bool parse_local(struct slice text, uint64_t now_ms, uint64_t *ret_ms)
{
    struct slice rest = text;
    int64_t days = 0;
    uint64_t ms = 0;
    if (day_take(&rest, now_ms, &days)) {
        if (days < 0 || !time_take(rest, (uint64_t)WHEN_HOUR * HOUR_MS, &ms)) {
            return false;
        }
        *ret_ms = (uint64_t)days * DAY_MS + ms;
        return true;
    }
    struct slice word = word_take(&rest);
    if (word_is(word, "now")) {
        *ret_ms = now_ms;
        return word_take(&rest).len == 0;
    }
    if (word_is(word, "in")) {
        if (!ahead_take(&rest, &ms, &days)) {
            return false;
        }
        uint64_t at = now_ms + ms + (uint64_t)days * DAY_MS;
        uint64_t of_day = at % DAY_MS;
        if (!time_take(rest, of_day, &of_day) || (ms > 0 && of_day != at % DAY_MS)) {
            return false;
        }
        *ret_ms = at - at % DAY_MS + of_day;
        return true;
    }
    int64_t parsed = 0;
    if (value_parse_datetime(text, &parsed) && parsed >= 0) {
        *ret_ms = (uint64_t)parsed;
        return true;
    }
    if (!value_parse_time(word, &parsed) || word_take(&rest).len > 0) {
        return false;
    }
    uint64_t today_ms = now_ms - now_ms % DAY_MS + (uint64_t)parsed;
    *ret_ms = today_ms > now_ms ? today_ms : today_ms + DAY_MS;
    return true;
}

bool when_parse(struct slice text, uint64_t now_ms, const struct zone *zone, uint64_t *ret_ms)
{
    struct slice rest = text;
    uint64_t ms = 0;
    int64_t days = 0;
    // Hours and minutes ahead are exact, whatever the clock does meanwhile.
    if (word_is(word_take(&rest), "in") && ahead_take(&rest, &ms, &days) && ms > 0 &&
        word_take(&rest).len == 0) {
        *ret_ms = now_ms + ms;
        return true;
    }
    uint64_t local = 0;
    if (!parse_local(text, local_of(zone, now_ms), &local)) {
        return false;
    }
    *ret_ms = utc_of(zone, local);
    return true;
}

// Days of the calendar that are behind us: the day and, if it was said, the time of day.
static bool past_day_take(struct slice *rest, uint64_t local_ms, int64_t *ret_days)
{
    struct slice whole = *rest;
    struct slice word = word_take(rest);
    int64_t today = (int64_t)(local_ms / DAY_MS);
    if (word_is(word, "today") || word_is(word, "yesterday")) {
        *ret_days = today - (word_is(word, "yesterday") ? 1 : 0);
        return true;
    }
    if (value_parse_date(word, ret_days)) {
        return true;
    }
    *rest = whole;
    return false;
}

// "2 h ago": how far back, exactly; days keep the time of day.
static bool ago_take(struct slice text, uint64_t now_ms, const struct zone *zone, uint64_t *ret_ms)
{
    uint64_t ms = 0;
    int64_t days = 0;
    if (!ahead_take(&text, &ms, &days) || !word_is(word_take(&text), "ago") ||
        word_take(&text).len > 0) {
        return false;
    }
    uint64_t local = local_of(zone, now_ms);
    uint64_t back = (uint64_t)days * DAY_MS;
    if (ms > now_ms || back > local) {
        return false;
    }
    *ret_ms = days > 0 ? utc_of(zone, local - back) : now_ms - ms;
    return true;
}

bool when_parse_past(struct slice text, uint64_t now_ms, const struct zone *zone, bool whole_day,
                     uint64_t *ret_ms)
{
    struct slice rest = text;
    int64_t days = 0;
    uint64_t ms = 0;
    if (ago_take(text, now_ms, zone, ret_ms)) {
        return true;
    }
    if (!past_day_take(&rest, local_of(zone, now_ms), &days) || days < 0) {
        return when_parse(text, now_ms, zone, ret_ms);
    }
    if (!time_take(rest, whole_day ? DAY_MS - 1 : 0, &ms)) {
        return false;
    }
    *ret_ms = utc_of(zone, (uint64_t)days * DAY_MS + ms);
    return true;
}
