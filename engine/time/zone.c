#include "engine/time/zone.h"

#include "base/check.h"
#include "base/reader.h"
#include "base/value.h"

enum { COUNT_MAX = 20000, TYPES_MAX = 256, DAY = 86400, WINDOW = 2 * DAY };

struct counts {
    uint32_t utc_marks, standard_marks, leaps, moments, types, letters;
};

static bool read_counts(struct reader *reader, struct counts *counts, uint8_t *ret_version)
{
    struct slice magic = reader_take(reader, 4);
    *ret_version = reader_u8(reader);
    (void)reader_take(reader, 15);
    counts->utc_marks = reader_u32_be(reader);
    counts->standard_marks = reader_u32_be(reader);
    counts->leaps = reader_u32_be(reader);
    counts->moments = reader_u32_be(reader);
    counts->types = reader_u32_be(reader);
    counts->letters = reader_u32_be(reader);
    return !reader->bad && slice_equal(magic, SLICE("TZif")) && counts->moments <= COUNT_MAX &&
           counts->types >= 1 && counts->types <= TYPES_MAX && counts->letters <= COUNT_MAX &&
           counts->leaps <= COUNT_MAX && counts->utc_marks <= TYPES_MAX &&
           counts->standard_marks <= TYPES_MAX;
}

// The first block has 32-bit moments; a file of version 2 or later repeats it with 64-bit ones.
static void skip_block(struct reader *reader, const struct counts *counts)
{
    size_t bytes = (size_t)counts->moments * 5 + (size_t)counts->types * 6 + counts->letters +
                   (size_t)counts->leaps * 8 + counts->standard_marks + counts->utc_marks;
    (void)reader_take(reader, bytes);
}

static enum err read_block(struct reader *reader, const struct counts *counts, bool wide,
                           struct arena *arena, struct zone *zone)
{
    int64_t *moments = ARENA_ARRAY(arena, int64_t, counts->moments + 1);
    uint8_t *types = ARENA_ARRAY(arena, uint8_t, counts->moments + 1);
    int32_t *offsets = ARENA_ARRAY(arena, int32_t, counts->types);
    for (uint32_t i = 0; i < counts->moments; i++) {
        moments[i] = wide ? (int64_t)reader_u64_be(reader)
                          : (int64_t)(int32_t)reader_u32_be(reader);
        if (i > 0 && moments[i] <= moments[i - 1]) {
            return ERR_CORRUPT;
        }
    }
    for (uint32_t i = 0; i < counts->moments; i++) {
        types[i] = reader_u8(reader);
        if (types[i] >= counts->types) {
            return ERR_CORRUPT;
        }
    }
    for (uint32_t i = 0; i < counts->types; i++) {
        offsets[i] = (int32_t)reader_u32_be(reader);
        (void)reader_take(reader, 2);
        if (offsets[i] < -26 * 3600 || offsets[i] > 26 * 3600) {
            return ERR_CORRUPT;
        }
    }
    (void)reader_take(reader, (size_t)counts->letters + (size_t)counts->leaps * (wide ? 12 : 8) +
                                  counts->standard_marks + counts->utc_marks);
    zone->moments = moments;
    zone->types = types;
    zone->count = counts->moments;
    zone->offsets = offsets;
    zone->type_count = counts->types;
    return reader->bad ? ERR_CORRUPT : OK;
}

// ------------------------------------------------------------------------------------ the footer

static bool next_is(const struct slice *text, char c) { return text->len > 0 && text->ptr[0] == c; }

static void advance(struct slice *text, size_t by) { *text = slice_sub(*text, by, text->len); }

static bool take_number(struct slice *text, int *ret)
{
    int number = 0;
    size_t digits = 0;
    while (digits < text->len && text->ptr[digits] >= '0' && text->ptr[digits] <= '9' &&
           digits < 5) {
        number = number * 10 + (text->ptr[digits] - '0');
        digits++;
    }
    advance(text, digits);
    *ret = number;
    return digits > 0;
}

// [+-]h[h[h]][:mm[:ss]]
static bool take_time(struct slice *text, int32_t *ret_seconds)
{
    int sign = next_is(text, '-') ? -1 : 1;
    if (next_is(text, '-') || next_is(text, '+')) {
        advance(text, 1);
    }
    int parts[3] = { 0, 0, 0 };
    if (!take_number(text, &parts[0])) {
        return false;
    }
    for (int i = 1; i < 3 && next_is(text, ':'); i++) {
        advance(text, 1);
        if (!take_number(text, &parts[i])) {
            return false;
        }
    }
    if (parts[0] > 167 || parts[1] > 59 || parts[2] > 59) {
        return false;
    }
    *ret_seconds = sign * (parts[0] * 3600 + parts[1] * 60 + parts[2]);
    return true;
}

static bool take_name(struct slice *text)
{
    size_t len = 0;
    if (next_is(text, '<')) {
        while (len < text->len && text->ptr[len] != '>') {
            len++;
        }
        advance(text, len + 1);
        return len >= 3;
    }
    while (len < text->len && ((text->ptr[len] >= 'A' && text->ptr[len] <= 'Z') ||
                               (text->ptr[len] >= 'a' && text->ptr[len] <= 'z'))) {
        len++;
    }
    advance(text, len);
    return len >= 3;
}

static bool take_week_rule(struct slice *text, struct zone_rule *rule)
{
    rule->kind = ZONE_RULE_WEEK;
    advance(text, 1);
    if (!take_number(text, &rule->month) || !next_is(text, '.')) {
        return false;
    }
    advance(text, 1);
    if (!take_number(text, &rule->week) || !next_is(text, '.')) {
        return false;
    }
    advance(text, 1);
    return take_number(text, &rule->wday) && rule->month >= 1 && rule->month <= 12 &&
           rule->week >= 1 && rule->week <= 5 && rule->wday <= 6;
}

static bool take_rule(struct slice *text, struct zone_rule *rule)
{
    *rule = (struct zone_rule){ .seconds = 2 * 3600 };
    if (!next_is(text, ',')) {
        return false;
    }
    advance(text, 1);
    bool good;
    if (next_is(text, 'M')) {
        good = take_week_rule(text, rule);
    } else {
        rule->kind = next_is(text, 'J') ? ZONE_RULE_JULIAN : ZONE_RULE_DAY;
        advance(text, rule->kind == ZONE_RULE_JULIAN ? 1 : 0);
        good = take_number(text, &rule->day) && rule->day <= 365;
    }
    if (good && next_is(text, '/')) {
        advance(text, 1);
        good = take_time(text, &rule->seconds);
    }
    return good;
}

// POSIX TZ: std offset [dst [offset] , rule , rule]. Offsets there count west of UTC.
static bool read_footer(struct slice text, struct zone *zone)
{
    int32_t west;
    if (!take_name(&text) || !take_time(&text, &west)) {
        return false;
    }
    zone->standard = -west;
    zone->has_footer = true;
    if (text.len == 0) {
        return true;
    }
    zone->summer = zone->standard + 3600;
    if (!take_name(&text)) {
        return false;
    }
    if (!next_is(&text, ',')) {
        if (!take_time(&text, &west)) {
            return false;
        }
        zone->summer = -west;
    }
    zone->has_summer = take_rule(&text, &zone->begins) && take_rule(&text, &zone->ends);
    return zone->has_summer && text.len == 0;
}

enum err zone_parse(struct slice bytes, struct arena *arena, struct zone *ret_zone)
{
    struct reader reader;
    reader_init(&reader, bytes);
    struct counts counts;
    uint8_t version;
    struct zone zone = { .count = 0 };
    if (!read_counts(&reader, &counts, &version)) {
        return ERR_CORRUPT;
    }
    bool wide = version >= '2';
    if (wide) {
        skip_block(&reader, &counts);
        if (!read_counts(&reader, &counts, &version)) {
            return ERR_CORRUPT;
        }
    }
    enum err err = read_block(&reader, &counts, wide, arena, &zone);
    if (err != OK) {
        return err;
    }
    if (wide && reader.len >= 2 && reader.ptr[0] == '\n' && reader.ptr[reader.len - 1] == '\n') {
        struct slice footer = slice_make(reader.ptr + 1, reader.len - 2);
        if (footer.len > 0 && !read_footer(footer, &zone)) {
            return ERR_CORRUPT;
        }
    }
    *ret_zone = zone;
    return OK;
}

struct zone zone_utc(void)
{
    static const int32_t zero[] = { 0 };
    return (struct zone){ .offsets = zero, .type_count = 1, .has_footer = true };
}

// ------------------------------------------------------------------------------------ offsets

static int64_t rule_day(const struct zone_rule *rule, int64_t year)
{
    int64_t first = civil_to_days(year, 1, 1);
    switch (rule->kind) {
    case ZONE_RULE_JULIAN:
        return first + rule->day - 1 + (civil_valid(year, 2, 29) && rule->day >= 60 ? 1 : 0);
    case ZONE_RULE_DAY: return first + rule->day;
    case ZONE_RULE_WEEK: break;
    }
    int64_t month = civil_to_days(year, (unsigned)rule->month, 1);
    int64_t first_wday = ((month + 4) % 7 + 7) % 7; // 1970-01-01 was a Thursday
    int64_t day = month + (rule->wday - first_wday + 7) % 7 + (rule->week - 1) * 7;
    int64_t next = rule->month == 12 ? civil_to_days(year + 1, 1, 1)
                                     : civil_to_days(year, (unsigned)rule->month + 1, 1);
    while (day >= next) {
        day -= 7;
    }
    return day;
}

static int64_t year_of(int64_t seconds)
{
    int64_t days = seconds >= 0 ? seconds / DAY : -((-seconds + DAY - 1) / DAY);
    int64_t year;
    unsigned month;
    unsigned day;
    civil_from_days(days, &year, &month, &day);
    return year;
}

// The two changes of a year by the footer, as UTC moments.
static void footer_changes(const struct zone *zone, int64_t year, int64_t *begins, int64_t *ends)
{
    *begins = rule_day(&zone->begins, year) * DAY + zone->begins.seconds - zone->standard;
    *ends = rule_day(&zone->ends, year) * DAY + zone->ends.seconds - zone->summer;
}

static int32_t footer_offset(const struct zone *zone, int64_t utc)
{
    if (!zone->has_summer) {
        return zone->standard;
    }
    int64_t begins;
    int64_t ends;
    footer_changes(zone, year_of(utc + zone->standard), &begins, &ends);
    bool summer = begins < ends ? utc >= begins && utc < ends : utc >= begins || utc < ends;
    return summer ? zone->summer : zone->standard;
}

int32_t zone_offset(const struct zone *zone, int64_t utc)
{
    CHECK(zone->type_count > 0);
    if (zone->count == 0 || utc < zone->moments[0]) {
        bool only_footer = zone->count == 0 && zone->has_footer;
        return only_footer ? footer_offset(zone, utc) : zone->offsets[0];
    }
    if (utc >= zone->moments[zone->count - 1] && zone->has_footer) {
        return footer_offset(zone, utc);
    }
    uint32_t low = 0;
    uint32_t high = zone->count; // moments[low] <= utc < moments[high]
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (zone->moments[middle] <= utc) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return zone->offsets[zone->types[low]];
}

int64_t zone_to_local(const struct zone *zone, int64_t utc)
{
    return utc + zone_offset(zone, utc);
}

// Every change of offset that could matter for a wall time: the offsets in force around it.
static uint32_t offsets_around(const struct zone *zone, int64_t local, int32_t found[8])
{
    uint32_t count = 0;
    for (int64_t at = local - WINDOW; at <= local + WINDOW; at += DAY / 4) {
        int32_t offset = zone_offset(zone, at);
        if (count == 0 || found[count - 1] != offset) {
            if (count == 8) {
                break;
            }
            found[count++] = offset;
        }
    }
    return count;
}

int64_t zone_to_utc(const struct zone *zone, int64_t local)
{
    int32_t offsets[8];
    uint32_t count = offsets_around(zone, local, offsets);
    int64_t best = INT64_MAX;
    for (uint32_t i = 0; i < count; i++) {
        int64_t utc = local - offsets[i];
        if (zone_offset(zone, utc) == offsets[i] && utc < best) {
            best = utc; // in a fold both fit: the first
        }
    }
    if (best != INT64_MAX) {
        return best;
    }
    // A gap: read with the offset that was in force before it, which lands as far behind the gap.
    int64_t landed = local - offsets[0];
    for (uint32_t i = 1; i < count; i++) {
        int64_t utc = local - offsets[i - 1];
        if (zone_to_local(zone, utc) > local) {
            landed = utc;
            break;
        }
    }
    return landed;
}
