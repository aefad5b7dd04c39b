// Numbers and what begins with one: dates, times, durations, money, percentages.
#include "dsl/syntax/lexer_internal.h"

static uint32_t digits_end(const struct lexer *lexer, uint32_t at)
{
    while (lexer_is_digit(lexer_byte(lexer, at)) ||
           (lexer_byte(lexer, at) == '_' && lexer_is_digit(lexer_byte(lexer, at + 1)))) {
        at++;
    }
    return at;
}

// The date that other countries write as `02.03.2026`, `3/2/2026` or `2026.03.02`. In `parts`, in
// the order of the text; gives where it ends, or 0.
static uint32_t foreign_date_end(const struct lexer *lexer, uint32_t start,
                                 struct slice parts[3])
{
    uint32_t at = start;
    unsigned char between = 0;
    for (unsigned i = 0; i < 3; i++) {
        uint32_t end = digits_end(lexer, at);
        parts[i] = lexer_between(lexer, at, end);
        unsigned char sign = lexer_byte(lexer, end);
        if (parts[i].len == 0 || parts[i].len > 4 || (i == 1 && sign != between)) {
            return 0;
        }
        between = sign;
        at = i < 2 ? end + 1 : end;
        if (i < 2 && sign != '.' && sign != '/') {
            return 0;
        }
    }
    bool year_first = parts[0].len == 4;
    bool year_last = parts[2].len == 4;
    return parts[1].len <= 2 && year_first != year_last &&
                   parts[year_first ? 2 : 0].len <= 2 ? at : 0;
}

static void suggest_date(struct lexer *lexer, struct diag *diag, struct span span,
                         struct slice year, struct slice month, struct slice day)
{
    struct slice text = arena_format(lexer->arena, "%.*s-%s%.*s-%s%.*s", SLICE_PRINT(year),
                                     month.len == 1 ? "0" : "", SLICE_PRINT(month),
                                     day.len == 1 ? "0" : "", SLICE_PRINT(day));
    int64_t days;
    if (value_parse_date(text, &days)) {
        diag_help_edit(diag, DIAG_FIX_GUESS, span, text, "write `%.*s`", SLICE_PRINT(text));
    }
}

static bool read_foreign_date(struct lexer *lexer, uint32_t start)
{
    struct slice parts[3];
    uint32_t end = foreign_date_end(lexer, start, parts);
    if (end == 0) {
        return false;
    }
    struct diag *diag = lexer_complain(lexer, DIAG_E0108, start, end);
    struct span span = lexer_span(lexer, start, end);
    diag_fact(diag, lexer_between(lexer, start, end));
    diag_note(diag, "a date is written year-month-day, for example 2026-03-02");
    if (parts[0].len == 4) {
        suggest_date(lexer, diag, span, parts[0], parts[1], parts[2]);
    } else {
        bool slash = lexer_byte(lexer, start + (uint32_t)parts[0].len) == '/';
        if (!slash) {
            suggest_date(lexer, diag, span, parts[2], parts[1], parts[0]);
        } else { // the month stands first in some countries
            suggest_date(lexer, diag, span, parts[2], parts[0], parts[1]);
            suggest_date(lexer, diag, span, parts[2], parts[1], parts[0]);
        }
    }
    lexer_add_bad(lexer, start, end);
    return true;
}

// `2026-03-02`; also what was meant to be one, which is reported. False: no date here.
static bool read_date(struct lexer *lexer, uint32_t start, uint32_t end)
{
    if (end - start != 4 || lexer_byte(lexer, end) != '-') {
        return false;
    }
    uint32_t month_end = digits_end(lexer, end + 1);
    uint32_t day_end = digits_end(lexer, month_end + 1);
    if (month_end == end + 1 || month_end > end + 3 || lexer_byte(lexer, month_end) != '-' ||
        day_end == month_end + 1 || day_end > month_end + 3) {
        return false;
    }
    int64_t days;
    struct slice text = lexer_between(lexer, start, day_end);
    if (value_parse_date(text, &days)) {
        (void)lexer_add(lexer, TOKEN_DATE, start, day_end);
        return true;
    }
    struct diag *diag = lexer_complain(lexer, DIAG_E0108, start, day_end);
    diag_fact(diag, text);
    diag_note(diag, "a date is written year-month-day, for example 2026-03-02");
    suggest_date(lexer, diag, lexer_span(lexer, start, day_end),
                 lexer_between(lexer, start, end), lexer_between(lexer, end + 1, month_end),
                 lexer_between(lexer, month_end + 1, day_end));
    lexer_add_bad(lexer, start, day_end);
    return true;
}

static bool read_time(struct lexer *lexer, uint32_t start, uint32_t end)
{
    if (end - start > 2 || lexer_byte(lexer, end) != ':' ||
        !lexer_is_digit(lexer_byte(lexer, end + 1))) {
        return false;
    }
    uint32_t time_end = digits_end(lexer, end + 1);
    if (lexer_byte(lexer, time_end) == ':' && lexer_is_digit(lexer_byte(lexer, time_end + 1))) {
        time_end = digits_end(lexer, time_end + 1);
    }
    int64_t ms;
    struct slice text = lexer_between(lexer, start, time_end);
    if (value_parse_time(text, &ms)) {
        (void)lexer_add(lexer, TOKEN_TIME, start, time_end);
        return true;
    }
    struct diag *diag = lexer_complain(lexer, DIAG_E0109, start, time_end);
    diag_fact(diag, text);
    diag_note(diag, "a time of day is written with two digits for the hour and two for the "
                    "minutes, from 00:00 to 23:59");
    if (end - start == 1) {
        diag_help_edit(diag, DIAG_FIX_SAFE, lexer_span(lexer, start, start), SLICE("0"),
                       "write `0%.*s`", SLICE_PRINT(text));
    }
    lexer_add_bad(lexer, start, time_end);
    return true;
}

// A word that names a unit elsewhere; gives the unit of Rung that is meant.
static const char *foreign_unit(struct slice word)
{
    static const struct {
        struct slice word;
        const char *unit;
    } units[] = {
        { { "second", 6 }, "s" },    { { "seconds", 7 }, "s" },   { { "sec", 3 }, "s" },
        { { "secs", 4 }, "s" },      { { "minute", 6 }, "min" },  { { "minutes", 7 }, "min" },
        { { "mins", 4 }, "min" },    { { "hour", 4 }, "h" },      { { "hours", 5 }, "h" },
        { { "hr", 2 }, "h" },        { { "hrs", 3 }, "h" },
        { { "d", 1 }, "days" },      { { "w", 1 }, "weeks" },     { { "wk", 2 }, "weeks" },
        { { "wks", 3 }, "weeks" },   { { "mo", 2 }, "months" },   { { "mth", 3 }, "months" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(units); i++) {
        if (slice_equal(units[i].word, word)) {
            return units[i].unit;
        }
    }
    return NULL;
}

// The unit after a number, on the same line: `min`, `work days`. Gives its end, or 0. A word that
// is given a value (`x := 3  h := 4`) is a name.
static uint32_t unit_end(const struct lexer *lexer, uint32_t number_end)
{
    uint32_t at = lexer_skip_blanks(lexer, number_end);
    uint32_t end = lexer_name_end(lexer, at);
    if (slice_equal(lexer_between(lexer, at, end), SLICE("work"))) {
        uint32_t next = lexer_skip_blanks(lexer, end);
        if (next > end) {
            end = lexer_name_end(lexer, next);
        }
    }
    uint32_t after = lexer_skip_blanks(lexer, end);
    bool assigned = lexer_byte(lexer, after) == ':' && lexer_byte(lexer, after + 1) == '=';
    return end == at || assigned ? 0 : end;
}

static void report_number(struct lexer *lexer, uint32_t start, uint32_t end)
{
    diag_fact(lexer_complain(lexer, DIAG_E0107, start, end), lexer_between(lexer, start, end));
    lexer_add_bad(lexer, start, end);
}

// A number with a unit. False: what follows the number is no unit.
static bool read_duration(struct lexer *lexer, uint32_t start, uint32_t end, bool whole)
{
    uint32_t after = unit_end(lexer, end);
    if (after == 0) {
        return false;
    }
    uint8_t unit;
    int64_t amount;
    uint32_t unit_at = lexer_skip_blanks(lexer, end);
    struct slice word = lexer_between(lexer, unit_at, after);
    char probe[32] = "1 ";
    if (word.len >= sizeof(probe) - 2) {
        return false;
    }
    memcpy(probe + 2, word.ptr, word.len);
    bool known = value_parse_duration(slice_make(probe, word.len + 2), &unit, &amount);
    const char *meant = known ? NULL : foreign_unit(word);
    if (!known && meant == NULL) {
        return false;
    }
    struct slice text = lexer_between(lexer, start, after);
    if (meant != NULL) {
        struct slice singular = slice_from_cstr(meant);
        if (singular.len > 3 && slice_equal(lexer_between(lexer, start, end), SLICE("1"))) {
            singular.len--; // 1 day, 2 days
        }
        struct diag *diag = lexer_complain(lexer, DIAG_E0117, unit_at, after);
        diag_fact(diag, word);
        diag_note(diag, "the units are s, min, h, day, week and month");
        diag_help_edit(diag, DIAG_FIX_SAFE, lexer_span(lexer, unit_at, after),
                       unit_at > end ? singular
                                     : arena_format(lexer->arena, " %.*s", SLICE_PRINT(singular)),
                       "write `%.*s %.*s`", SLICE_PRINT(lexer_between(lexer, start, end)),
                       SLICE_PRINT(singular));
        lexer_add_bad(lexer, start, after);
        return true;
    }
    if (!whole) {
        struct diag *diag = lexer_complain(lexer, DIAG_E0111, start, after);
        diag_here(diag, "this is not a whole number of units");
        diag_help(diag, "use a smaller unit, for example `90 min` for one and a half hours");
        lexer_add_bad(lexer, start, after);
    } else if (!value_parse_duration(text, &unit, &amount)) {
        report_number(lexer, start, after);
    } else {
        (void)lexer_add(lexer, TOKEN_DURATION, start, after);
    }
    return true;
}

static bool read_money(struct lexer *lexer, uint32_t start, uint32_t end)
{
    uint32_t at = lexer_skip_blanks(lexer, end);
    uint32_t after = lexer_name_end(lexer, at);
    if (at == end || after - at != 3) {
        return false;
    }
    for (uint32_t i = at; i < after; i++) {
        if (lexer_byte(lexer, i) < 'A' || lexer_byte(lexer, i) > 'Z') {
            return false;
        }
    }
    uint32_t next = lexer_skip_blanks(lexer, after);
    if (lexer_byte(lexer, next) == ':' && lexer_byte(lexer, next + 1) == '=') {
        return false;
    }
    (void)lexer_add(lexer, TOKEN_MONEY, start, after);
    return true;
}

void lexer_read_number(struct lexer *lexer)
{
    uint32_t start = lexer->at;
    uint32_t end = digits_end(lexer, start);
    if (read_date(lexer, start, end) || read_foreign_date(lexer, start) ||
        read_time(lexer, start, end)) {
        return;
    }
    bool whole = true;
    if (lexer_byte(lexer, end) == '.' && lexer_is_digit(lexer_byte(lexer, end + 1))) {
        end = digits_end(lexer, end + 1);
        whole = false;
    }
    if (read_duration(lexer, start, end, whole)) {
        return;
    }
    int64_t mantissa;
    uint8_t scale;
    if (!value_parse_decimal(lexer_between(lexer, start, end), &mantissa, &scale)) {
        report_number(lexer, start, end);
        return;
    }
    uint32_t word = lexer_name_end(lexer, end);
    if (word > end) {
        struct slice text = lexer_between(lexer, start, word);
        struct diag *diag = lexer_complain(lexer, DIAG_E0112, start, word);
        diag_fact(diag, text);
        diag_note(diag, "a name begins with a letter");
        lexer_add_bad(lexer, start, word);
        return;
    }
    uint32_t percent = lexer_skip_blanks(lexer, end);
    if (lexer_byte(lexer, percent) == '%' && scale <= DECIMAL_SCALE_MAX - 2) {
        (void)lexer_add(lexer, TOKEN_PERCENT, start, percent + 1);
    } else if (!read_money(lexer, start, end)) {
        (void)lexer_add(lexer, TOKEN_NUMBER, start, end);
    }
}
