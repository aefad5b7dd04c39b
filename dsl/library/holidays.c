#include "dsl/library/holidays.h"

#include "base/value.h"

struct page {
    struct slice text;
    size_t at;
    struct holidays_fault *fault;
};

static bool fail(struct page *page, size_t at, const char *what)
{
    page->fault->what = what;
    page->fault->line = 1;
    for (size_t i = 0; i < at && i < page->text.len; i++) {
        page->fault->line += page->text.ptr[i] == '\n' ? 1u : 0u;
    }
    return false;
}

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

static bool starts(struct slice text, const char *word)
{
    return slice_starts(text, slice_from_cstr(word));
}

// The next `<…>` that is neither a comment nor a declaration, without its brackets. False: none is
// left, or one is not closed (`fault->what` is set).
static bool next_tag(struct page *page, struct slice *ret_tag)
{
    while (true) {
        while (page->at < page->text.len && page->text.ptr[page->at] != '<') {
            page->at++;
        }
        if (page->at == page->text.len) {
            return false;
        }
        size_t start = page->at + 1;
        struct slice rest = slice_sub(page->text, start, page->text.len);
        const char *close = starts(rest, "!--") ? "-->" : ">";
        size_t length = strlen(close);
        size_t end = 0;
        while (end + length <= rest.len && memcmp(rest.ptr + end, close, length) != 0) {
            end++;
        }
        if (end + length > rest.len) {
            return fail(page, page->at, "this `<` is never closed");
        }
        page->at = start + end + length;
        if (rest.ptr[0] != '!' && rest.ptr[0] != '?' && rest.ptr[0] != '/') {
            *ret_tag = slice_sub(rest, 0, end);
            return true;
        }
    }
}

// name="value" in a tag; false: it is not there.
static bool attribute(struct slice tag, const char *name, struct slice *ret_value)
{
    size_t length = strlen(name);
    for (size_t i = 1; i + length + 2 < tag.len; i++) {
        char quote = tag.ptr[i + length + 1];
        if (!is_blank(tag.ptr[i - 1]) || memcmp(tag.ptr + i, name, length) != 0 ||
            tag.ptr[i + length] != '=' || (quote != '"' && quote != '\'')) {
            continue;
        }
        size_t start = i + length + 2;
        size_t end = start;
        while (end < tag.len && tag.ptr[end] != quote) {
            end++;
        }
        *ret_value = slice_sub(tag, start, end - start);
        return end < tag.len;
    }
    return false;
}

static bool is_tag(struct slice tag, const char *name)
{
    size_t length = strlen(name);
    return starts(tag, name) &&
           (tag.len == length || is_blank(tag.ptr[length]) || tag.ptr[length] == '/');
}

static bool digits(struct slice text, unsigned *ret_number)
{
    *ret_number = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return false;
        }
        *ret_number = *ret_number * 10 + (unsigned)(text.ptr[i] - '0');
    }
    return text.len > 0 && text.len <= 4;
}

static bool read_day(struct page *page, size_t at, struct slice tag, struct holidays *holidays)
{
    struct slice date;
    struct slice kind;
    unsigned month = 0;
    unsigned day = 0;
    unsigned mark = 0;
    if (!attribute(tag, "d", &date) || date.len != 5 || date.ptr[2] != '.' ||
        !digits(slice_sub(date, 0, 2), &month) || !digits(slice_sub(date, 3, 2), &day) ||
        !civil_valid(holidays->year, month, day)) {
        return fail(page, at, "this day has no date of that year, as d=\"MM.DD\"");
    }
    if (!attribute(tag, "t", &kind) || !digits(kind, &mark) || mark < 1 || mark > 3) {
        return fail(page, at,
                    "this day says neither t=\"1\" (off) nor \"2\" (short) nor \"3\" (worked)");
    }
    if (holidays->count == HOLIDAYS_DAYS_MAX) {
        return fail(page, at, "these are more days than a year has");
    }
    holidays->days[holidays->count++] = (struct image_exception){
        (int32_t)civil_to_days(holidays->year, month, day), mark,
    };
    return true;
}

// By insertion: lists come in the order of the year.
static bool sort_days(struct holidays *holidays)
{
    for (uint32_t i = 1; i < holidays->count; i++) {
        struct image_exception day = holidays->days[i];
        uint32_t at = i;
        for (; at > 0 && holidays->days[at - 1].day > day.day; at--) {
            holidays->days[at] = holidays->days[at - 1];
        }
        holidays->days[at] = day;
        if (at > 0 && holidays->days[at - 1].day == day.day) {
            return false;
        }
    }
    return true;
}

bool holidays_read(struct slice text, struct arena *arena, struct holidays *ret,
                   struct holidays_fault *ret_fault)
{
    *ret = (struct holidays){ 0 };
    *ret_fault = (struct holidays_fault){ 0 };
    struct page page = { .text = text, .fault = ret_fault };
    struct slice tag;
    if (text.len > HOLIDAYS_BYTES_MAX) {
        return fail(&page, 0, "the file is longer than 256 KiB");
    }
    ret->days = ARENA_ARRAY(arena, struct image_exception, HOLIDAYS_DAYS_MAX);
    while (next_tag(&page, &tag)) {
        size_t at = (size_t)(tag.ptr - text.ptr);
        struct slice year;
        unsigned number = 0;
        if (is_tag(tag, "calendar")) {
            if (ret->year != 0 || !attribute(tag, "year", &year) || !digits(year, &number) ||
                number < 1900 || number > 2200) {
                return fail(&page, at, "a list is of one year from 1900 to 2200, as year=\"2026\"");
            }
            ret->year = (int32_t)number;
        } else if (is_tag(tag, "day")) {
            if (ret->year == 0) {
                return fail(&page, at, "this day stands outside of `<calendar year=\"…\">`");
            }
            if (!read_day(&page, at, tag, ret)) {
                return false;
            }
        }
    }
    if (ret_fault->what != NULL) {
        return false;
    }
    if (ret->year == 0) {
        return fail(&page, 0, "there is no `<calendar year=\"…\">` in it");
    }
    return sort_days(ret) || fail(&page, 0, "it says something about one day twice");
}
