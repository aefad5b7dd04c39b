// The mapping as a text: its lines.
#include "engine/intake/mapping.h"

// --- places --------------------------------------------------------------------------------------

static bool ends_name(char c) { return strchr(" \t.[]=\"+", c) != NULL; }

// One name of a place; in quotes, if it holds blanks or marks.
static bool take_name(struct map_cursor *cursor, struct slice *ret_name)
{
    struct slice rest = map_rest(cursor);
    size_t len = 0;
    if (rest.len > 0 && rest.ptr[0] == '"') {
        struct map_word word = map_word(cursor);
        *ret_name = word.text;
        return word.there;
    }
    while (len < rest.len && (unsigned char)rest.ptr[len] > ' ' && !ends_name(rest.ptr[len])) {
        len++;
    }
    *ret_name = slice_sub(rest, 0, len);
    cursor->at += len;
    return len > 0;
}

static bool take_mark(struct map_cursor *cursor, char mark) // here, not behind blanks
{
    struct slice rest = map_rest(cursor);
    bool there = rest.len > 0 && rest.ptr[0] == mark;
    cursor->at += there ? 1 : 0;
    return there;
}

static bool place_wrong(struct map_cursor *cursor, const char *message)
{
    map_line_fault(cursor, map_here(cursor, 1), message,
                   "a place is names with points between them: `data.FIELDS.ID`, `.value.id`, "
                   "`fields[name=Phone].value`");
    return false;
}

static bool add_step(struct map_cursor *cursor, struct mapping_place *place,
                     const struct mapping_step *step)
{
    if (place->count == MAPPING_STEPS_MAX) {
        return place_wrong(cursor, "this place has more than 16 names");
    }
    place->steps[place->count++] = *step;
    return true;
}

static bool take_brackets(struct map_cursor *cursor, struct mapping_place *place)
{
    struct mapping_step step = { .kind = STEP_CHOICE };
    while (take_mark(cursor, '[')) {
        if (!take_name(cursor, &step.name) || !take_mark(cursor, '=') ||
            !take_name(cursor, &step.value) || !take_mark(cursor, ']')) {
            return place_wrong(cursor, "in brackets stands `[NAME=VALUE]`");
        }
        if (!add_step(cursor, place, &step)) {
            return false;
        }
    }
    return true;
}

static bool take_place(struct map_cursor *cursor, bool each, struct mapping_place *place)
{
    *place = (struct mapping_place){ .count = 0 };
    if (map_at_end(cursor)) {
        return place_wrong(cursor, "a place is missing here");
    }
    size_t begin = cursor->at;
    place->of_element = take_mark(cursor, '.');
    do {
        struct mapping_step step = { .kind = STEP_NAME };
        bool quoted = map_rest(cursor).len > 0 && map_rest(cursor).ptr[0] == '"';
        if (!take_name(cursor, &step.name)) {
            return place_wrong(cursor, "a name is missing in this place");
        }
        if (!quoted && slice_equal(step.name, SLICE("*"))) {
            step.kind = STEP_EACH;
            if (!each) {
                return place_wrong(cursor, "`*` stands behind `each`, where elements are found");
            }
        }
        if (!add_step(cursor, place, &step) || !take_brackets(cursor, place)) {
            return false;
        }
    } while (take_mark(cursor, '.'));
    place->where =
        (struct map_place){ cursor->number, (uint32_t)begin, (uint32_t)(cursor->at - begin) };
    return !cursor->failed;
}

static bool take_word(struct map_cursor *cursor, const char *text)
{
    struct map_cursor before = *cursor;
    bool there = map_word_is(map_word(cursor), text);
    if (!there) {
        *cursor = before;
    }
    return there;
}

static bool take_choice(struct map_cursor *cursor, struct mapping_choice *choice)
{
    choice->places = ARENA_ARRAY(cursor->map->arena, struct mapping_place, MAPPING_CHOICES_MAX);
    do {
        if (choice->count == MAPPING_CHOICES_MAX) {
            return place_wrong(cursor, "more than 8 places are joined by `or`");
        }
        struct mapping_place *place = &choice->places[choice->count];
        if (take_word(cursor, "whole")) {
            if (!take_word(cursor, "body")) {
                return place_wrong(cursor, "`whole body` is meant, or a place of that name in "
                                           "quotes");
            }
            place->whole_body = true;
        } else if (!take_place(cursor, false, place)) {
            return false;
        }
        choice->count++;
    } while (take_word(cursor, "or"));
    return true;
}

// --- conditions ----------------------------------------------------------------------------------

static bool take_term(struct map_cursor *cursor, struct mapping_term *term)
{
    if (!take_place(cursor, false, &term->place)) {
        return false;
    }
    if (!take_word(cursor, "is")) {
        map_line_fault(cursor, map_here(cursor, 1), "`is` is missing here",
                       "a condition is `PLACE is VALUE`, `is not VALUE`, `is empty` or `is not "
                       "empty`");
        return false;
    }
    bool otherwise = take_word(cursor, "not");
    if (take_word(cursor, "empty")) {
        term->test = otherwise ? TEST_NOT_EMPTY : TEST_EMPTY;
        return true;
    }
    struct map_word value = map_word(cursor);
    if (!value.there) {
        map_line_fault(cursor, map_here(cursor, 1), "a value is missing here",
                       "values with blanks go in quotes");
        return false;
    }
    term->test = otherwise ? TEST_IS_NOT : TEST_IS;
    term->value = value.text;
    return true;
}

static bool take_condition(struct map_cursor *cursor, struct mapping_condition *condition)
{
    condition->terms = ARENA_ARRAY(cursor->map->arena, struct mapping_term, MAPPING_TERMS_MAX);
    do {
        if (condition->count == MAPPING_TERMS_MAX) {
            return place_wrong(cursor, "more than 8 conditions are joined by `and`");
        }
        if (!take_term(cursor, &condition->terms[condition->count])) {
            return false;
        }
        condition->count++;
    } while (take_word(cursor, "and"));
    return true;
}

// --- lines ---------------------------------------------------------------------------------------

static struct mapping_route *last_route(const struct mapping *mapping)
{
    return mapping->route_count > 0 ? mapping->routes[mapping->route_count - 1] : NULL;
}

static void take_rule(struct mapping *mapping, struct map_cursor *cursor, bool is_test)
{
    struct mapping_route *route = last_route(mapping);
    struct mapping_rules *rules = route != NULL ? &route->rules : &mapping->rules;
    struct mapping_rule rule = { .is_test = is_test };
    if (rules->count == MAPPING_RULES_MAX) {
        map_line_fault(cursor, map_here(cursor, 1), "more than 16 lines `test` and `skip`",
                       "join conditions with `and`");
    } else if (take_condition(cursor, &rule.when)) {
        map_line_end(cursor);
        rules->items[rules->count++] = rule;
    }
}

static void take_source(struct mapping *mapping, struct map_cursor *cursor)
{
    struct map_word name = map_word(cursor);
    if (mapping->source.len > 0 || !name.there || name.text.len == 0) {
        map_line_fault(cursor, map_here(cursor, 1),
                       mapping->source.len > 0 ? "the source is named twice"
                                               : "the name of the source is missing here",
                       "one line like `source = website`; a field of that name is written `field "
                       "source = place`");
        return;
    }
    mapping->source = name.text;
    map_line_end(cursor);
}

static void take_row(struct mapping *mapping, struct map_cursor *cursor)
{
    struct mapping_route *route = last_route(mapping);
    if (route == NULL || route->row_count > 0) {
        map_line_fault(cursor, map_here(cursor, 1),
                       route == NULL ? "the row id belongs below `start` or `message`"
                                     : "the row id is named twice",
                       "one line `row id = place` below each of them");
        return;
    }
    do {
        if (route->row_count == MAPPING_CHOICES_MAX ||
            !take_choice(cursor, &route->row[route->row_count])) {
            (void)place_wrong(cursor, "a row id has at most 8 parts");
            return;
        }
        route->row_count++;
    } while (map_mark(cursor, SLICE("+")));
    map_line_end(cursor);
}

// `start PROCESS` or `message CONNECTOR.NAME`, then `each` and `when`.
static void take_route(struct mapping *mapping, struct map_cursor *cursor, bool start)
{
    struct mapping_route *route = ARENA_NEW(cursor->map->arena, struct mapping_route);
    struct map_word target = map_word(cursor);
    const char *point = target.text.len > 0 ? memchr(target.text.ptr, '.', target.text.len) : NULL;
    route->where = target.place;
    if (!target.there || (point == NULL) != start || mapping->route_count == MAPPING_ROUTES_MAX) {
        map_line_fault(cursor, target.there ? target.place : map_here(cursor, 1),
                       mapping->route_count == MAPPING_ROUTES_MAX
                           ? "a mapping has at most 32 lines `start` and `message`"
                           : "this is not what a delivery goes to",
                       "write `start PROCESS` or `message CONNECTOR.NAME`");
        return;
    }
    if (start) {
        route->process = target.text;
    } else {
        size_t at = (size_t)(point - target.text.ptr);
        route->connector = slice_sub(target.text, 0, at);
        route->name = slice_sub(target.text, at + 1, target.text.len);
    }
    mapping->routes[mapping->route_count++] = route; // also with mistakes: lines below belong to it
    if (take_word(cursor, "each") && !take_place(cursor, true, &route->each)) {
        return;
    }
    if (take_word(cursor, "when") && !take_condition(cursor, &route->when)) {
        return;
    }
    map_line_end(cursor);
}

static bool take_region(struct map_cursor *cursor, struct mapping_field *field)
{
    struct map_cursor before = *cursor;
    struct slice region = map_word(cursor).text;
    bool letters = region.len == 2 && region.ptr[0] >= 'A' && region.ptr[0] <= 'Z' &&
                   region.ptr[1] >= 'A' && region.ptr[1] <= 'Z';
    if (!letters) {
        *cursor = before;
        return false;
    }
    memcpy(field->region, region.ptr, 2);
    return true;
}

static void take_from(struct map_cursor *cursor, struct mapping_field *field)
{
    if (!take_choice(cursor, &field->choice)) {
        return;
    }
    if (take_word(cursor, "moment")) {
        field->moment = true;
    } else if (take_word(cursor, "phone")) {
        field->phone = true;
        (void)take_region(cursor, field);
    } else {
        map_split(cursor, &field->split);
    }
}

static void take_field(struct mapping *mapping, struct map_cursor *cursor, struct map_word name)
{
    struct mapping_route *route = last_route(mapping);
    if (route == NULL) {
        map_line_fault(cursor, name.place, "this line stands above every `start` and `message`",
                       "say first what deliveries go to: `start PROCESS` or `message "
                       "CONNECTOR.NAME`");
        return;
    }
    for (uint32_t i = 0; i < route->field_count; i++) {
        if (slice_equal(route->fields[i].name, name.text)) {
            map_line_fault(cursor, name.place, "this field is filled twice",
                           "keep one of the lines; places are joined by `or`");
            return;
        }
    }
    if (route->field_count == MAPPING_FIELDS_MAX) {
        map_line_fault(cursor, name.place, "more than 64 fields", "remove some");
        return;
    }
    struct mapping_field field = { .name = name.text, .where = name.place };
    if (map_mark(cursor, SLICE(":="))) {
        struct map_word text = map_word(cursor);
        field.constant = true;
        field.text = text.text;
        if (!text.there) {
            map_line_fault(cursor, map_here(cursor, 1), "the constant is missing here",
                           "for example: origin := site");
        }
    } else if (map_mark(cursor, SLICE("="))) {
        take_from(cursor, &field);
    } else {
        map_line_fault(cursor, map_here(cursor, 1), "`=` or `:=` is missing here",
                       "write `field = place`, or `field := constant`");
    }
    map_line_end(cursor);
    if (!cursor->failed) {
        route->fields[route->field_count++] = field;
    }
}

// True: the line is one of a mapping's own, not that of a field.
static bool take_own_line(struct mapping *mapping, struct map_cursor *cursor, struct map_word key)
{
    struct map_cursor after = *cursor;
    if (map_word_is(key, "source") && map_mark(cursor, SLICE("="))) {
        take_source(mapping, cursor);
        return true;
    }
    if (map_word_is(key, "row") && take_word(cursor, "id") && map_mark(cursor, SLICE("="))) {
        take_row(mapping, cursor);
        return true;
    }
    *cursor = after;
    bool is_test = map_word_is(key, "test");
    if ((is_test || map_word_is(key, "skip")) && take_word(cursor, "when")) {
        take_rule(mapping, cursor, is_test);
        return true;
    }
    bool start = map_word_is(key, "start");
    bool assigns = map_mark(cursor, SLICE("=")) || map_mark(cursor, SLICE(":="));
    *cursor = after;
    if ((start || map_word_is(key, "message")) && !assigns) {
        take_route(mapping, cursor, start);
        return true;
    }
    return false;
}

static void take_line(void *context, struct map_cursor *cursor)
{
    struct mapping *mapping = context;
    if (cursor->at > 0) {
        struct mapping_route *route = last_route(mapping);
        struct mapping_field *field =
            route != NULL && route->field_count > 0 ? &route->fields[route->field_count - 1] : NULL;
        map_value_add(cursor, field != NULL && !field->constant ? &field->values : NULL);
        return;
    }
    struct map_word key = map_word(cursor);
    if (!key.there) {
        map_line_fault(cursor, map_here(cursor, 1), "a field is missing here",
                       "write `field = place`");
        return;
    }
    struct map_cursor after = *cursor;
    bool assigns = map_mark(cursor, SLICE("=")) || map_mark(cursor, SLICE(":="));
    *cursor = after;
    if (map_word_is(key, "field") && !assigns) {
        struct map_word name = map_word(cursor);
        if (name.there) {
            take_field(mapping, cursor, name);
            return;
        }
    }
    if (!take_own_line(mapping, cursor, key)) {
        take_field(mapping, cursor, key);
    }
}

// --- the whole -----------------------------------------------------------------------------------

static void check_route(struct mapping *mapping, const struct mapping_route *route)
{
    bool own = false; // places of an element
    for (uint32_t i = 0; i < route->field_count && route->each.count == 0; i++) {
        const struct mapping_choice *choice = &route->fields[i].choice;
        for (uint32_t k = 0; k < choice->count; k++) {
            own = own || choice->places[k].of_element;
        }
    }
    if (own) {
        map_fault_add(&mapping->lines, route->where,
                      SLICE("places that begin with a point lie within an element, and there is "
                            "none"),
                      SLICE("say where the elements are: `each entry.*`; or leave the points out"));
    }
    if (route->row_count == 0) {
        map_fault_add(&mapping->lines, route->where,
                      SLICE("nothing tells the deliveries of this line apart"),
                      SLICE("add a line `row id = place` below it, or `row id = whole body`: what "
                            "was taken is remembered by it, so that no delivery is taken twice"));
    }
}

void mapping_parse(struct mapping *mapping, struct arena *arena, struct slice name,
                   struct slice text)
{
    memset(mapping, 0, sizeof(*mapping)); // too large for a literal on the stack
    map_lines_read(&mapping->lines, arena, name, text, take_line, mapping);
    struct map_lines *lines = &mapping->lines;
    if (lines->fault_count > 0 && lines->faults[0].place.line == 0) {
        return; // not a text
    }
    if (mapping->source.len == 0 || mapping->source.len > INTAKE_ROW_BYTES_MAX) {
        map_fault_add(lines, (struct map_place){ 0 },
                      SLICE("the mapping does not name its source, in at most 200 bytes"),
                      SLICE("add a line like `source = website`: what came in is remembered under "
                            "this name, so that it is never taken twice"));
    }
    if (mapping->route_count == 0) {
        map_fault_add(lines, (struct map_place){ 0 },
                      SLICE("the mapping does not say what deliveries go to"),
                      SLICE("add a line like `start lead`, or `message site.order`"));
    }
    for (uint32_t i = 0; i < mapping->route_count; i++) {
        check_route(mapping, mapping->routes[i]);
    }
}

void mapping_check_names(struct mapping *mapping, const struct mapping_route *route,
                         const struct slice *known, uint32_t count)
{
    struct arena *arena = mapping->lines.arena;
    bool start = route->process.len > 0;
    struct slice unknown =
        start ? arena_format(arena, "the start of process `%.*s` does not ask for a field named",
                             SLICE_PRINT(route->process))
              : arena_format(arena, "message `%.*s.%.*s` has no parameter named",
                             SLICE_PRINT(route->connector), SLICE_PRINT(route->name));
    for (uint32_t i = 0; i < route->field_count; i++) {
        const struct map_named named = { route->fields[i].name, route->fields[i].where, unknown,
                                         start ? "field" : "parameter" };
        map_known(&mapping->lines, &named, known, count);
    }
}

void mapping_check_target(struct mapping *mapping, const struct mapping_route *route,
                          const struct slice *known, uint32_t count)
{
    bool start = route->process.len > 0;
    const struct map_named named = {
        start ? route->process
              : arena_format(mapping->lines.arena, "%.*s.%.*s", SLICE_PRINT(route->connector),
                             SLICE_PRINT(route->name)),
        route->where,
        start ? SLICE("no process is active that is called")
              : SLICE("no active process awaits a message"),
        start ? "process" : "message",
    };
    map_known(&mapping->lines, &named, known, count);
}
