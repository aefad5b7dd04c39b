// What people read and write: printing and parsing of values, and civil dates.
#include "base/value.h"

#include <inttypes.h>

#include "base/check.h"

enum { MS_PER_SECOND = 1000, MS_PER_MINUTE = 60000, MS_PER_HOUR = 3600000, MS_PER_DAY = 86400000 };

// ------------------------------------------------------------------------------------ civil time

// Eras of 400 years have 146,097 days; a year is counted from 1 March, so that leap days come last.
int64_t civil_to_days(int64_t year, unsigned month, unsigned day)
{
    CHECK(month >= 1 && month <= 12);
    year -= month <= 2 ? 1 : 0;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (int64_t)(month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

void civil_from_days(int64_t days, int64_t *ret_year, unsigned *ret_month, unsigned *ret_day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted_month = (5 * day_of_year + 2) / 153;
    *ret_day = (unsigned)(day_of_year - (153 * shifted_month + 2) / 5 + 1);
    *ret_month = (unsigned)(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
    *ret_year = year_of_era + era * 400 + (*ret_month <= 2 ? 1 : 0);
}

bool civil_valid(int64_t year, unsigned month, unsigned day)
{
    static const unsigned char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    if (month < 1 || month > 12 || day < 1) {
        return false;
    }
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return day <= (month == 2 && leap ? 29u : days[month - 1]);
}

// ------------------------------------------------------------------------------------ printing

static void print_scaled(struct buf *buf, int64_t mantissa, unsigned scale)
{
    uint64_t size = mantissa < 0 ? 0 - (uint64_t)mantissa : (uint64_t)mantissa;
    uint64_t power = 1;
    for (unsigned i = 0; i < scale; i++) {
        power *= 10;
    }
    buf_format(buf, "%s%" PRIu64, mantissa < 0 ? "-" : "", size / power);
    if (scale > 0) {
        buf_format(buf, ".%0*" PRIu64, (int)scale, size % power);
    }
}

static void print_date(struct buf *buf, int64_t days)
{
    int64_t year;
    unsigned month;
    unsigned day;
    civil_from_days(days, &year, &month, &day);
    buf_format(buf, "%04" PRId64 "-%02u-%02u", year, month, day);
}

static void print_time(struct buf *buf, int64_t ms)
{
    buf_format(buf, "%02" PRId64 ":%02" PRId64, ms / MS_PER_HOUR, ms / MS_PER_MINUTE % 60);
    if (ms / MS_PER_SECOND % 60 != 0) {
        buf_format(buf, ":%02" PRId64, ms / MS_PER_SECOND % 60);
    }
}

static void print_datetime(struct buf *buf, int64_t ms)
{
    int64_t days = ms / MS_PER_DAY - (ms % MS_PER_DAY < 0 ? 1 : 0);
    print_date(buf, days);
    buf_put_char(buf, ' ');
    print_time(buf, ms - days * MS_PER_DAY);
}

static void print_duration(struct buf *buf, int64_t amount, enum duration_unit unit)
{
    static const char *const calendar[] = { [DURATION_DAY] = "day", [DURATION_WEEK] = "week",
                                            [DURATION_MONTH] = "month",
                                            [DURATION_WORK_DAY] = "work day" };
    if (unit != DURATION_MS && unit != DURATION_WORK_MS) {
        bool one = amount == 1 || amount == -1;
        buf_format(buf, "%" PRId64 " %s%s", amount, calendar[unit], one ? "" : "s");
        return;
    }
    const char *work = unit == DURATION_WORK_MS ? "work " : "";
    if (amount != 0 && amount % MS_PER_HOUR == 0) {
        buf_format(buf, "%" PRId64 " %sh", amount / MS_PER_HOUR, work);
    } else if (amount % MS_PER_MINUTE == 0) {
        buf_format(buf, "%" PRId64 " %smin", amount / MS_PER_MINUTE, work);
    } else if (amount % MS_PER_SECOND == 0) {
        buf_format(buf, "%" PRId64 " %ss", amount / MS_PER_SECOND, work);
    } else {
        buf_format(buf, "%" PRId64 " %sms", amount, work);
    }
}

static void print_at_depth(struct buf *buf, const struct value *value, unsigned depth);

static void print_children(struct buf *buf, const struct value *value, unsigned depth)
{
    CHECK(depth < VALUE_DEPTH_MAX);
    if (value->kind == VALUE_LIST) {
        for (uint32_t i = 0; i < value->list.count; i++) {
            buf_put_cstr(buf, i > 0 ? ", " : "");
            print_at_depth(buf, &value->list.items[i], depth + 1);
        }
        return;
    }
    for (uint32_t i = 0; i < value->record.count; i++) {
        buf_put_cstr(buf, i > 0 ? ", " : "");
        buf_put_slice(buf, value->record.parts[i].name);
        buf_put_cstr(buf, ": ");
        print_at_depth(buf, &value->record.parts[i].value, depth + 1);
    }
}

static void print_at_depth(struct buf *buf, const struct value *value, unsigned depth)
{
    switch ((enum value_kind)value->kind) {
    case VALUE_EMPTY: return;
    case VALUE_BOOL: buf_put_cstr(buf, value->yes ? "yes" : "no"); return;
    case VALUE_INTEGER: buf_format(buf, "%" PRId64, value->number); return;
    case VALUE_TEXT: buf_put_slice(buf, value->text); return;
    case VALUE_DECIMAL: print_scaled(buf, value->number, value->scale); return;
    case VALUE_MONEY:
        print_scaled(buf, value->number, value->scale);
        buf_format(buf, " %.3s", value->currency);
        return;
    case VALUE_DATE: print_date(buf, value->number); return;
    case VALUE_TIME: print_time(buf, value->number); return;
    case VALUE_DATETIME: print_datetime(buf, value->number); return;
    case VALUE_DURATION:
        print_duration(buf, value->number, (enum duration_unit)value->unit);
        return;
    case VALUE_USER: buf_format(buf, "user %" PRId64, value->number); return;
    case VALUE_REF: buf_format(buf, "case %" PRId64, value->number); return;
    case VALUE_LIST:
    case VALUE_RECORD: print_children(buf, value, depth); return;
    }
    UNREACHABLE();
}

void value_print(struct buf *buf, const struct value *value) { print_at_depth(buf, value, 0); }

// ------------------------------------------------------------------------------------ parsing

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Digits with single underscores between them, from *at on; adds them to *number (kept negative, so
// that the least integer can be read). False: no digit, an underscore out of place, or too big.
static bool take_digits(struct slice text, size_t *at, int64_t *number, unsigned *ret_count)
{
    unsigned count = 0;
    while (*at < text.len) {
        char c = text.ptr[*at];
        if (c == '_' && count > 0 && *at + 1 < text.len && is_digit(text.ptr[*at + 1])) {
            (*at)++;
            continue;
        }
        if (!is_digit(c)) {
            break;
        }
        int64_t digit = c - '0';
        if (*number < (INT64_MIN + digit) / 10) {
            return false;
        }
        *number = *number * 10 - digit;
        count++;
        (*at)++;
    }
    *ret_count = count;
    return count > 0;
}

static bool set_sign(int64_t number, bool negative, int64_t *ret_number)
{
    if (!negative && number == INT64_MIN) {
        return false;
    }
    *ret_number = negative ? number : -number;
    return true;
}

bool value_parse_integer(struct slice text, int64_t *ret_number)
{
    bool negative = slice_starts(text, SLICE("-"));
    size_t at = negative ? 1 : 0;
    int64_t number = 0;
    unsigned count;
    return take_digits(text, &at, &number, &count) && at == text.len &&
           set_sign(number, negative, ret_number);
}

bool value_parse_decimal(struct slice text, int64_t *ret_mantissa, uint8_t *ret_scale)
{
    bool negative = slice_starts(text, SLICE("-"));
    size_t at = negative ? 1 : 0;
    int64_t number = 0;
    unsigned count;
    unsigned scale = 0;
    if (!take_digits(text, &at, &number, &count)) {
        return false;
    }
    if (at < text.len && text.ptr[at] == '.') {
        at++;
        if (!take_digits(text, &at, &number, &scale) || scale > DECIMAL_SCALE_MAX) {
            return false;
        }
    }
    *ret_scale = (uint8_t)scale;
    return at == text.len && set_sign(number, negative, ret_mantissa);
}

// Exactly `count` digits.
static bool fixed_digits(struct slice text, size_t at, size_t count, int64_t *ret_number)
{
    *ret_number = 0;
    if (at + count > text.len) {
        return false;
    }
    for (size_t i = at; i < at + count; i++) {
        if (!is_digit(text.ptr[i])) {
            return false;
        }
        *ret_number = *ret_number * 10 + (text.ptr[i] - '0');
    }
    return true;
}

static bool has_char(struct slice text, size_t at, char c)
{
    return at < text.len && text.ptr[at] == c;
}

bool value_parse_date(struct slice text, int64_t *ret_days)
{
    int64_t year;
    int64_t month;
    int64_t day;
    if (text.len != 10 || !fixed_digits(text, 0, 4, &year) || !has_char(text, 4, '-') ||
        !fixed_digits(text, 5, 2, &month) || !has_char(text, 7, '-') ||
        !fixed_digits(text, 8, 2, &day) || !civil_valid(year, (unsigned)month, (unsigned)day)) {
        return false;
    }
    *ret_days = civil_to_days(year, (unsigned)month, (unsigned)day);
    return true;
}

bool value_parse_time(struct slice text, int64_t *ret_ms)
{
    int64_t hour;
    int64_t minute;
    int64_t second = 0;
    if (!fixed_digits(text, 0, 2, &hour) || !has_char(text, 2, ':') ||
        !fixed_digits(text, 3, 2, &minute)) {
        return false;
    }
    if (text.len != 5 &&
        (text.len != 8 || !has_char(text, 5, ':') || !fixed_digits(text, 6, 2, &second))) {
        return false;
    }
    *ret_ms = hour * MS_PER_HOUR + minute * MS_PER_MINUTE + second * MS_PER_SECOND;
    return hour < 24 && minute < 60 && second < 60;
}

bool value_parse_datetime(struct slice text, int64_t *ret_ms)
{
    int64_t days;
    int64_t ms;
    if ((!has_char(text, 10, ' ') && !has_char(text, 10, 'T')) ||
        !value_parse_date(slice_sub(text, 0, 10), &days) ||
        !value_parse_time(slice_sub(text, 11, text.len), &ms)) {
        return false;
    }
    *ret_ms = days * MS_PER_DAY + ms;
    return true;
}

struct unit_name {
    struct slice name;
    enum duration_unit unit;
    int64_t factor;
};

// The word for a unit, after "work" or not. False: there is no such unit.
static bool find_unit(struct slice word, bool work, uint8_t *ret_unit, int64_t *ret_factor)
{
    const struct unit_name units[] = {
        { SLICE("ms"), DURATION_MS, 1 },
        { SLICE("s"), DURATION_MS, MS_PER_SECOND },
        { SLICE("min"), DURATION_MS, MS_PER_MINUTE },
        { SLICE("h"), DURATION_MS, MS_PER_HOUR },
        { SLICE("day"), DURATION_DAY, 1 },
        { SLICE("days"), DURATION_DAY, 1 },
        { SLICE("week"), DURATION_WEEK, 1 },
        { SLICE("weeks"), DURATION_WEEK, 1 },
        { SLICE("month"), DURATION_MONTH, 1 },
        { SLICE("months"), DURATION_MONTH, 1 },
    };
    for (size_t i = 0; i < ARRAY_COUNT(units); i++) {
        if (!slice_equal(units[i].name, word)) {
            continue;
        }
        *ret_factor = units[i].factor;
        *ret_unit = (uint8_t)units[i].unit;
        if (!work) {
            return true;
        }
        *ret_unit = units[i].unit == DURATION_MS ? DURATION_WORK_MS : DURATION_WORK_DAY;
        return units[i].factor == MS_PER_HOUR || units[i].unit == DURATION_DAY;
    }
    return false;
}

static void skip_spaces(struct slice text, size_t *at)
{
    while (*at < text.len && (text.ptr[*at] == ' ' || text.ptr[*at] == '\t')) {
        (*at)++;
    }
}

bool value_parse_duration(struct slice text, uint8_t *ret_unit, int64_t *ret_amount)
{
    size_t at = 0;
    int64_t number = 0;
    unsigned count;
    if (!take_digits(text, &at, &number, &count) || !set_sign(number, false, &number)) {
        return false;
    }
    skip_spaces(text, &at);
    struct slice rest = slice_sub(text, at, text.len);
    bool work = slice_starts(rest, SLICE("work"));
    if (work) {
        size_t after = at + 4;
        at = after;
        skip_spaces(text, &at);
        if (at == after) {
            return false;
        }
        rest = slice_sub(text, at, text.len);
    }
    int64_t factor;
    if (!find_unit(rest, work, ret_unit, &factor) || number > INT64_MAX / factor) {
        return false;
    }
    *ret_amount = number * factor;
    return true;
}
