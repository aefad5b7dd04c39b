// Calendars, and the clauses that name one: hours of the week, holidays, zones, `within … hours`.
#include "dsl/syntax/parse_internal.h"

static bool starts_calendar_item(const struct parser *p)
{
    return parse_at(p, TOKEN_WORD) && parse_token(p)->first_on_line;
}

// zone "Europe/Moscow", zone of case
static void parse_calendar_zone(struct parser *p, uint32_t calendar)
{
    parse_once(p, calendar, NODE_CALENDAR_ZONE);
    uint32_t node = parse_open(p, NODE_CALENDAR_ZONE);
    parse_advance(p);
    if (parse_at(p, TOKEN_STRING)) {
        parse_leaf(p, node, NODE_STRING);
    } else if (!parse_take_word(p, WORD_OF) || !parse_take_word(p, WORD_CASE)) {
        parse_needs(p, "`zone`", "the name of a time zone in quotes, or `of case`");
        parse_missing(p, node, CLASS_EXPR);
    }
    parse_add(p, calendar, parse_close(p, node));
}

void parse_zone_of_test(struct parser *p, uint32_t at)
{
    uint32_t node = parse_open(p, NODE_CALENDAR_ZONE);
    parse_advance(p);
    if (parse_at(p, TOKEN_STRING)) {
        parse_leaf(p, node, NODE_STRING);
    } else {
        parse_needs(p, "`zone`", "the name of a time zone in quotes");
        parse_missing(p, node, CLASS_EXPR);
    }
    parse_add(p, at, parse_close(p, node));
}

static void parse_holidays(struct parser *p, uint32_t calendar)
{
    uint32_t node = parse_open(p, NODE_HOLIDAYS);
    parse_advance(p);
    if (parse_at(p, TOKEN_STRING)) {
        parse_leaf(p, node, NODE_STRING);
    } else {
        struct diag *diag = parse_needs(p, "`holidays`", "the name of a file in quotes");
        diag_help(diag, "for example `holidays \"stdlib/calendars/ru_2026.xml\"`");
        parse_missing(p, node, CLASS_EXPR);
    }
    parse_add(p, calendar, parse_close(p, node));
}

static void parse_time(struct parser *p, uint32_t node, const char *what)
{
    if (!parse_literal(p, node, TOKEN_TIME, NODE_TIME)) {
        struct diag *diag = parse_needs(p, what, "a time of day");
        diag_help(diag, "for example `mon .. fri 09:00-18:00`");
        parse_missing(p, node, CLASS_EXPR);
    }
}

// mon .. fri 09:00-18:00
static void parse_hours(struct parser *p, uint32_t calendar)
{
    uint32_t node = parse_open(p, NODE_HOURS);
    parse_ref(p, node, "the hours of a calendar", "a day of the week");
    if (parse_take(p, TOKEN_RANGE)) {
        parse_ref(p, node, "`..`", "a day of the week after it");
    }
    parse_time(p, node, "the day");
    if (!parse_take(p, TOKEN_MINUS)) {
        parse_needs(p, "the opening", "`-` and the time of closing");
    }
    parse_time(p, node, "the opening");
    parse_add(p, calendar, parse_close(p, node));
}

static void parse_calendar_item(struct parser *p, uint32_t node)
{
    static const enum word words[] = { WORD_ZONE, WORD_HOLIDAYS };
    enum token_kind next = (enum token_kind)parse_peek(p)->kind;
    if (parse_at_word(p, WORD_ZONE)) {
        parse_calendar_zone(p, node);
    } else if (parse_at_word(p, WORD_HOLIDAYS)) {
        parse_holidays(p, node);
    } else if (parse_at_name(p) && (next == TOKEN_RANGE || next == TOKEN_TIME)) {
        parse_hours(p, node);
    } else {
        parse_unknown(p, node, words, ARRAY_COUNT(words));
        parse_skip_to(p, starts_calendar_item);
    }
}

void parse_calendar(struct parser *p, uint32_t file)
{
    uint32_t node = parse_open(p, NODE_CALENDAR);
    parse_advance(p);
    parse_decl_name(p, node);
    uint32_t brace = parse_brace_open(p, node);
    while (!parse_body_over(p)) {
        parse_calm(p);
        parse_calendar_item(p, node);
    }
    parse_brace_close(p, node, brace);
    parse_add(p, file, parse_close(p, node));
}

void parse_zone_from(struct parser *p, uint32_t process)
{
    parse_once(p, process, NODE_ZONE_FROM);
    uint32_t node = parse_open(p, NODE_ZONE_FROM);
    parse_advance(p);
    if (!parse_take_word(p, WORD_FROM)) {
        parse_needs(p, "`zone`", "`from` and the names of fields");
    }
    parse_names(p, node, "`zone from`", "the name of a field");
    parse_add(p, process, parse_close(p, node));
}

void parse_calendar_of(struct parser *p, uint32_t process)
{
    parse_once(p, process, NODE_CALENDAR_OF);
    uint32_t node = parse_open(p, NODE_CALENDAR_OF);
    parse_advance(p);
    parse_ref(p, node, "`calendar`", "the name of a calendar");
    parse_add(p, process, parse_close(p, node));
}

void parse_within_hours(struct parser *p, uint32_t parent)
{
    if (!parse_at_word(p, WORD_WITHIN)) {
        return;
    }
    uint32_t node = parse_open(p, NODE_WITHIN_HOURS);
    parse_advance(p);
    parse_ref(p, node, "`within`", "the name of a calendar");
    if (!parse_take_word(p, WORD_HOURS)) {
        parse_needs(p, "`within` and a calendar", "the word `hours`");
    }
    parse_add(p, parent, parse_close(p, node));
}

// remind 1 day before
bool parse_remind_before(struct parser *p, uint32_t task)
{
    if (!parse_at_clause(p, WORD_REMIND)) {
        return false;
    }
    uint32_t node = parse_open(p, NODE_REMIND_BEFORE);
    parse_advance(p);
    if (!parse_literal(p, node, TOKEN_DURATION, NODE_DURATION)) {
        struct diag *diag = parse_needs(p, "`remind`", "a duration and the word `before`");
        if (parse_at(p, TOKEN_NUMBER)) {
            diag_help_edit(diag, DIAG_FIX_PLACEHOLDER, span_after(parse_span(p, p->at)),
                           SLICE(" day"), "add min, h, days, weeks or months");
            parse_advance(p);
        } else {
            diag_help(diag, "for example `remind 1 day before`");
        }
        parse_missing(p, node, CLASS_EXPR);
    }
    if (!parse_take_word(p, WORD_BEFORE)) {
        parse_needs(p, "`remind` and a duration", "the word `before`");
    }
    parse_add(p, task, parse_close(p, node));
    return true;
}
