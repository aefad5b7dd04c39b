#include "engine/intake/moment.h"

#include "base/limits.h"
#include "base/value.h"

enum { DAY_MS = 24 * 3600 * 1000, MINUTE_MS = 60 * 1000 };

struct moment_cursor {
    struct slice rest;
    bool bad;
};

static int64_t take_number(struct moment_cursor *cursor, size_t least, size_t most)
{
    int64_t number = 0;
    size_t len = 0;
    while (len < cursor->rest.len && len < most && cursor->rest.ptr[len] >= '0' &&
           cursor->rest.ptr[len] <= '9') {
        number = number * 10 + (cursor->rest.ptr[len++] - '0');
    }
    cursor->bad = cursor->bad || len < least;
    cursor->rest = slice_sub(cursor->rest, len, cursor->rest.len);
    return number;
}

static bool take_char(struct moment_cursor *cursor, char wanted)
{
    bool there = cursor->rest.len > 0 && cursor->rest.ptr[0] == wanted;
    cursor->rest = slice_sub(cursor->rest, there ? 1 : 0, cursor->rest.len);
    return there;
}

static void need_char(struct moment_cursor *cursor, char wanted)
{
    cursor->bad = !take_char(cursor, wanted) || cursor->bad;
}

static int64_t day_of(struct moment_cursor *cursor, int64_t year, int64_t month, int64_t day)
{
    if (month < 1 || month > 12 || day < 1 || !civil_valid(year, (unsigned)month, (unsigned)day)) {
        cursor->bad = true;
        return 0;
    }
    return civil_to_days(year, (unsigned)month, (unsigned)day);
}

// 17:28, 17:28:46, 17:28:46.123
static int64_t take_clock(struct moment_cursor *cursor)
{
    int64_t hour = take_number(cursor, 2, 2);
    need_char(cursor, ':');
    int64_t minute = take_number(cursor, 2, 2);
    int64_t second = take_char(cursor, ':') ? take_number(cursor, 2, 2) : 0;
    if (take_char(cursor, '.')) {
        (void)take_number(cursor, 1, 9);
    }
    cursor->bad = cursor->bad || hour > 23 || minute > 59 || second > 60;
    return ((hour * 60 + minute) * 60 + second) * 1000;
}

// Z, +03:00, -0500
static int64_t take_offset(struct moment_cursor *cursor)
{
    if (take_char(cursor, 'Z')) {
        return 0;
    }
    int64_t sign = take_char(cursor, '-') ? -1 : 1;
    if (sign > 0) {
        need_char(cursor, '+');
    }
    int64_t hour = take_number(cursor, 2, 2);
    (void)take_char(cursor, ':');
    int64_t minute = take_number(cursor, 2, 2);
    cursor->bad = cursor->bad || hour > 15 || minute > 59;
    return sign * (hour * 60 + minute) * MINUTE_MS;
}

static int64_t read_iso(struct moment_cursor *cursor)
{
    int64_t year = take_number(cursor, 4, 4);
    need_char(cursor, '-');
    int64_t month = take_number(cursor, 2, 2);
    need_char(cursor, '-');
    int64_t days = day_of(cursor, year, month, take_number(cursor, 2, 2));
    if (!take_char(cursor, 'T')) {
        need_char(cursor, ' ');
    }
    int64_t clock = take_clock(cursor);
    return days * DAY_MS + clock - take_offset(cursor);
}

static int64_t take_month(struct moment_cursor *cursor)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (int64_t i = 0; i < 12; i++) {
        if (slice_starts(cursor->rest, slice_make(names + 3 * i, 3))) {
            cursor->rest = slice_sub(cursor->rest, 3, cursor->rest.len);
            return i + 1;
        }
    }
    cursor->bad = true;
    return 0;
}

static int64_t read_mail(struct moment_cursor *cursor) // RFC 2822
{
    const char *comma = memchr(cursor->rest.ptr, ',', cursor->rest.len);
    if (comma != NULL) {
        cursor->rest =
            slice_sub(cursor->rest, (size_t)(comma - cursor->rest.ptr) + 1, cursor->rest.len);
        need_char(cursor, ' ');
    }
    int64_t day = take_number(cursor, 1, 2);
    need_char(cursor, ' ');
    int64_t month = take_month(cursor);
    need_char(cursor, ' ');
    int64_t days = day_of(cursor, take_number(cursor, 4, 4), month, day);
    need_char(cursor, ' ');
    int64_t clock = take_clock(cursor);
    need_char(cursor, ' ');
    return days * DAY_MS + clock - take_offset(cursor);
}

bool moment_read(struct slice text, uint64_t *ret_ms)
{
    enum { SECONDS_DIGITS_MAX = 10, MS_DIGITS_MAX = 15 };
    struct moment_cursor cursor = { text, text.len == 0 };
    int64_t ms = take_number(&cursor, 1, MS_DIGITS_MAX);
    if (!cursor.bad && cursor.rest.len == 0) {
        ms = text.len <= SECONDS_DIGITS_MAX ? ms * 1000 : ms;
    } else if (text.len > 4 && text.ptr[4] == '-') {
        cursor = (struct moment_cursor){ text, false };
        ms = read_iso(&cursor);
    } else {
        cursor = (struct moment_cursor){ text, text.len == 0 };
        ms = cursor.bad ? 0 : read_mail(&cursor);
    }
    if (cursor.bad || cursor.rest.len > 0 || ms < 0 || (uint64_t)ms > MOMENT_MS_MAX) {
        return false;
    }
    *ret_ms = (uint64_t)ms;
    return true;
}
