// What calendars say: zone, hours of the week, lists of holidays.
#include "base/array.h"
#include "base/check.h"
#include "base/zone_name.h"
#include "dsl/library/holidays.h"
#include "dsl/library/stdlib.h"
#include "dsl/names/names.h"

enum { DAY_SECONDS = 86400, CALENDAR_EXCEPTIONS_MAX = 20000 };

static const char *const weekdays[] = { "sun", "mon", "tue", "wed", "thu", "fri", "sat" };

// --- the zone ----------------------------------------------------------------------------------

bool names_zone_known(const struct unit *unit, struct slice name)
{
    return zone_name_ok(name) && (unit->knows_zone == NULL || unit->knows_zone(name));
}

void names_report_zone(struct unit *unit, struct span span, struct slice name)
{
    struct diag *diag = diag_add(unit->diags, DIAG_E0351, span);
    diag_fact(diag, name);
    diag_note(diag, "zones have the names of tzdata: a part of the world and a city");
    diag_help(diag, "for example `\"Europe/Moscow\"` or `\"Asia/Vladivostok\"`");
}

static void resolve_zone(struct unit *unit, struct calendar *calendar, uint32_t node)
{
    const struct syntax_tree *tree = names_tree(unit, calendar->decl.body_file);
    uint32_t text = syntax_child(tree, node, NODE_STRING);
    calendar->of_case = text == NODE_NONE;
    if (text == NODE_NONE) {
        return;
    }
    calendar->zone = syntax_string(tree, text, unit->arena);
    if (!names_zone_known(unit, calendar->zone)) {
        names_report_zone(unit, syntax_span(tree, text), calendar->zone);
    }
}

// --- hours -------------------------------------------------------------------------------------

static uint32_t weekday_of(struct unit *unit, uint32_t file, uint32_t node)
{
    const struct syntax_tree *tree = names_tree(unit, file);
    struct slice name = syntax_name(tree, node);
    const char *begins = NULL; // "monday"
    for (uint32_t i = 0; i < ARRAY_COUNT(weekdays); i++) {
        if (slice_equal(name, slice_from_cstr(weekdays[i]))) {
            return i;
        }
        begins = slice_starts(name, slice_from_cstr(weekdays[i])) ? weekdays[i] : begins;
    }
    struct diag *diag = diag_add(unit->diags, DIAG_E0352, syntax_span(tree, node));
    diag_fact(diag, name);
    diag_note(diag, "the days are mon, tue, wed, thu, fri, sat and sun");
    if (begins != NULL) {
        diag_help_edit(diag, DIAG_FIX_SAFE, syntax_span(tree, node), slice_from_cstr(begins),
                       "days have three letters");
    }
    return INDEX_NONE;
}

// In order; false: it overlaps one that is there, or there is no room.
static bool add_hours(struct calendar *calendar, uint32_t day, struct image_opening hours)
{
    uint32_t at = calendar->hour_count[day];
    if (at == CALENDAR_HOURS_MAX) {
        return false;
    }
    struct image_opening *list = calendar->hours[day];
    for (uint32_t i = 0; i < at; i++) {
        if (hours.from < list[i].to && list[i].from < hours.to) {
            return false;
        }
    }
    for (; at > 0 && list[at - 1].from > hours.from; at--) {
        list[at] = list[at - 1];
    }
    list[at] = hours;
    calendar->hour_count[day]++;
    return true;
}

static void report_hours(struct unit *unit, const struct calendar *calendar, uint32_t node,
                         const char *why)
{
    const struct syntax_tree *tree = names_tree(unit, calendar->decl.body_file);
    struct diag *diag = diag_add(unit->diags, DIAG_E0708, syntax_span(tree, node));
    diag_fact(diag, calendar->decl.name);
    diag_fact(diag, slice_from_cstr(why));
}

static void resolve_hours(struct unit *unit, struct calendar *calendar, uint32_t node)
{
    uint32_t file = calendar->decl.body_file;
    const struct syntax_tree *tree = names_tree(unit, file);
    uint32_t first_name = syntax_child_nth(tree, node, NODE_NAME, 0);
    uint32_t last_name = syntax_child_nth(tree, node, NODE_NAME, 1);
    uint32_t opens = syntax_child_nth(tree, node, NODE_TIME, 0);
    uint32_t closes = syntax_child_nth(tree, node, NODE_TIME, 1);
    if (first_name == NODE_NONE || opens == NODE_NONE || closes == NODE_NONE) {
        calendar->broken = true; // reported by the parser
        return;
    }
    uint32_t first = weekday_of(unit, file, first_name);
    uint32_t last = last_name == NODE_NONE ? first : weekday_of(unit, file, last_name);
    if (first == INDEX_NONE || last == INDEX_NONE) {
        calendar->broken = true;
        return;
    }
    struct image_opening hours = {
        (int32_t)(syntax_literal(tree, opens).number / 1000),
        (int32_t)(syntax_literal(tree, closes).number / 1000),
    };
    hours.to = hours.to == 0 ? DAY_SECONDS : hours.to; // until midnight
    if (hours.to <= hours.from) {
        report_hours(unit, calendar, node, "close before they open");
        calendar->broken = true;
        return;
    }
    for (uint32_t day = first, n = 0; n < 7; n++, day = (day + 1) % 7) {
        if (!add_hours(calendar, day, hours)) {
            report_hours(unit, calendar, node,
                         calendar->hour_count[day] == CALENDAR_HOURS_MAX
                             ? "open more than four times on one day"
                             : "are said twice for one moment");
            calendar->broken = true;
            return;
        }
        if (day == last) {
            return;
        }
    }
}

// --- holidays ----------------------------------------------------------------------------------

// What a later list says of a day holds.
static void add_exception(struct unit *unit, struct calendar *calendar,
                          struct image_exception added)
{
    uint32_t at = calendar->exception_count;
    for (; at > 0 && calendar->exceptions[at - 1].day > added.day; at--) {
    }
    if (at > 0 && calendar->exceptions[at - 1].day == added.day) {
        calendar->exceptions[at - 1] = added;
        return;
    }
    ARRAY_PUSH(unit->arena, calendar->exceptions, calendar->exception_count, added);
    for (uint32_t i = calendar->exception_count - 1; i > at; i--) {
        calendar->exceptions[i] = calendar->exceptions[i - 1];
    }
    calendar->exceptions[at] = added;
}

// NULL: the list is read. Else what is wrong with it.
static const char *read_list(struct unit *unit, struct calendar *calendar, struct slice path)
{
    struct slice text;
    struct holidays holidays;
    struct holidays_fault fault;
    if (!unit->load_data(unit, calendar->decl.body_file, path, &text)) {
        return "there is no such file, and none of that name comes with Rung";
    }
    if (!holidays_read(text, unit->arena, &holidays, &fault)) {
        return arena_format(unit->arena, "line %u: %s", fault.line, fault.what).ptr;
    }
    bool room = calendar->exception_count + holidays.count <= CALENDAR_EXCEPTIONS_MAX;
    for (uint32_t i = 0; room && i < holidays.count; i++) {
        add_exception(unit, calendar, holidays.days[i]);
    }
    return NULL;
}

// `holidays "ru"`: all lists of that country that come with Rung, one a year. How many there are.
static uint32_t read_country(struct unit *unit, struct calendar *calendar, struct slice country)
{
    struct slice begin = arena_format(unit->arena, "stdlib/calendars/%.*s_", SLICE_PRINT(country));
    uint32_t lists = 0;
    for (uint32_t i = 0; stdlib_path(i).len > 0; i++) {
        bool fits = country.len > 0 && slice_starts(stdlib_path(i), begin);
        lists += fits && read_list(unit, calendar, stdlib_path(i)) == NULL ? 1 : 0;
    }
    return lists;
}

static void resolve_holidays(struct unit *unit, struct calendar *calendar, uint32_t node)
{
    const struct syntax_tree *tree = names_tree(unit, calendar->decl.body_file);
    uint32_t name = syntax_child(tree, node, NODE_STRING);
    if (name == NODE_NONE) {
        return;
    }
    struct slice path = syntax_string(tree, name, unit->arena);
    const char *why = read_country(unit, calendar, path) > 0 ? NULL
                                                              : read_list(unit, calendar, path);
    if (why == NULL) {
        return;
    }
    struct diag *diag = diag_add(unit->diags, DIAG_E0353, syntax_span(tree, name));
    diag_fact(diag, path);
    diag_here(diag, "%s", why);
    diag_note(diag, "a list of holidays is a file as official production calendars are published: "
                    "`<day d=\"01.09\" t=\"1\"/>` for each day that is off (1), short (2) or "
                    "worked (3)");
}

// --- working time ------------------------------------------------------------------------------

bool names_is_working(unsigned unit)
{
    return unit == DURATION_WORK_MS || unit == DURATION_WORK_DAY;
}

// The calendars in sight of a file that keep a zone of their own: people here work by them, while
// a calendar of the case's zone says when its client may be disturbed. `ret_one`: the last of them.
static uint32_t own_calendars(const struct unit *unit, uint32_t file,
                              const struct calendar **ret_one)
{
    const struct unit_file *own = &unit->files[file];
    uint32_t count = 0;
    *ret_one = NULL;
    for (uint32_t i = 0; i < own->visible_count; i++) {
        if (own->visible[i]->kind == DECL_CALENDAR) {
            const struct calendar *one =
                (const struct calendar *)(const void *)own->visible[i];
            if (!one->of_case) {
                *ret_one = one;
                count++;
            }
        }
    }
    return count;
}

bool names_takes_calendar(struct unit *unit, const struct process *process, struct span span)
{
    const struct calendar *calendar;
    if (process->calendar_said) {
        return true;
    }
    if (own_calendars(unit, process->decl.file, &calendar) != 1) {
        return false;
    }
    for (uint32_t i = 0; i < unit->process_count; i++) {
        if (unit->processes[i] == process) {
            unit->processes[i]->calendar = calendar;
            unit->processes[i]->calendar_said = true;
        }
    }
    struct diag *diag = diag_add(unit->diags, DIAG_W512, span);
    diag_fact(diag, names_decl(&process->decl, unit->arena));
    diag_fact(diag, calendar->decl.name);
    diag_here(diag, "nothing else says whose hours are counted");
    diag_label(diag, calendar->decl.span, "the only calendar in sight that has a zone of its own");
    diag_note(diag, "a second calendar of that kind would make it an error");
    const struct syntax_tree *tree = names_tree(unit, process->decl.file);
    uint32_t first = NODE_NONE; // what stands first in the process
    for (SYNTAX_EACH(tree, process->decl.node, child)) {
        enum syntax_kind kind = syntax_kind(tree, child);
        if (first == NODE_NONE && kind != NODE_NAME && kind != NODE_LABEL) {
            first = child;
        }
    }
    if (first != NODE_NONE) {
        diag_help_edit(diag, DIAG_FIX_SAFE, span_before(syntax_span(tree, first)),
                       arena_format(unit->arena, "calendar %.*s\n  ",
                                    SLICE_PRINT(calendar->decl.name)),
                       "say it in the process");
    }
    return true;
}

// "`calendar office` or `calendar works`": what the author may choose from.
static struct slice calendar_choices(struct unit *unit, uint32_t file)
{
    const struct unit_file *own = &unit->files[file];
    struct slice choices = SLICE_EMPTY;
    for (uint32_t i = 0; i < own->visible_count; i++) {
        if (own->visible[i]->kind == DECL_CALENDAR &&
            !((const struct calendar *)(const void *)own->visible[i])->of_case) {
            choices = arena_format(unit->arena, "%.*s%s`calendar %.*s`", SLICE_PRINT(choices),
                                   choices.len > 0 ? " or " : "",
                                   SLICE_PRINT(own->visible[i]->name));
        }
    }
    return choices;
}

struct diag *names_report_working_time(struct unit *unit, const struct process *process,
                                       struct span span, struct slice wait)
{
    struct diag *diag = diag_add(unit->diags, DIAG_E0701, span);
    diag_fact(diag, wait);
    diag_fact(diag, process == NULL ? SLICE("this place")
                                    : names_decl(&process->decl, unit->arena));
    diag_note(diag, "a working hour is an hour of somebody's opening hours");
    struct slice choices = process == NULL ? SLICE_EMPTY
                                           : calendar_choices(unit, process->decl.file);
    if (choices.len > 0) {
        diag_help(diag, "say whose in the process: %.*s", SLICE_PRINT(choices));
    } else {
        diag_help(diag, "say whose in the process: `calendar NAME`, and declare that calendar at "
                        "the top of the file");
    }
    return diag;
}

bool names_working_time(struct unit *unit, const struct process *process, unsigned duration_unit,
                        struct span span)
{
    if (!names_is_working(duration_unit) ||
        (process != NULL && names_takes_calendar(unit, process, span))) {
        return true;
    }
    struct slice wait = source_text(unit->sources, span);
    struct diag *diag = names_report_working_time(unit, process, span, wait);
    diag_here(diag, "whose hours are counted?");
    return false;
}

// --- the whole ---------------------------------------------------------------------------------

static bool is_ever_open(const struct calendar *calendar)
{
    for (uint32_t day = 0; day < 7; day++) {
        if (calendar->hour_count[day] > 0) {
            return true;
        }
    }
    return false;
}

void names_resolve_calendar(struct unit *unit, struct calendar *calendar)
{
    const struct syntax_tree *tree = names_tree(unit, calendar->decl.body_file);
    for (SYNTAX_EACH(tree, calendar->decl.body_node, child)) {
        switch ((unsigned)syntax_kind(tree, child)) {
        case NODE_CALENDAR_ZONE: resolve_zone(unit, calendar, child); break;
        case NODE_HOURS: resolve_hours(unit, calendar, child); break;
        case NODE_HOLIDAYS: resolve_holidays(unit, calendar, child); break;
        case NODE_ERROR: calendar->broken = true; break;
        default: break;
        }
    }
    if (!calendar->broken && !is_ever_open(calendar)) {
        struct diag *diag = diag_add(unit->diags, DIAG_E0707, calendar->decl.span);
        diag_fact(diag, calendar->decl.name);
        diag_here(diag, "no day of the week has hours");
        diag_help(diag, "say when it is open, for example `mon .. fri 09:00-18:00`");
    }
}
