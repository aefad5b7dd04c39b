#include "engine/intake/map.h"

// NAME, "Name" or `column 9`.
static bool column_take(struct map_cursor *cursor, struct map_column *ret_column)
{
    *ret_column = (struct map_column){ 0 };
    struct map_word word = map_word(cursor);
    if (!word.there) {
        map_line_fault(cursor, map_here(cursor, 1), "a column is missing here",
                       "name it as the header does, or say `column 9`");
        return false;
    }
    ret_column->name = word.text;
    ret_column->place = word.place;
    if (!map_word_is(word, "column") || map_at_end(cursor)) {
        return true;
    }
    struct map_word number = map_word(cursor);
    uint32_t value = 0;
    for (size_t i = 0; i < number.text.len && value <= CSV_COLUMNS_MAX; i++) {
        char digit = number.text.ptr[i];
        value = digit >= '0' && digit <= '9' ? value * 10 + (uint32_t)(digit - '0')
                                             : CSV_COLUMNS_MAX + 1;
    }
    if (!number.there || number.quoted || value == 0 || value > CSV_COLUMNS_MAX) {
        map_line_fault(
            cursor, number.place, "this is not the number of a column",
            "columns count from 1: `column 9`; a column called \"column\" goes in quotes");
        return false;
    }
    ret_column->number = value;
    ret_column->place.len = number.place.at + number.place.len - word.place.at;
    return true;
}

static void field_add(struct map *map, struct map_cursor *cursor, struct map_word name)
{
    for (uint32_t i = 0; i < map->field_count; i++) {
        if (slice_equal(map->fields[i].name, name.text)) {
            map_line_fault(cursor, name.place, "this field is filled twice",
                           "keep one of the lines");
            return;
        }
    }
    if (map->field_count == MAP_FIELDS_MAX) {
        map_line_fault(cursor, name.place, "the MAP has more than 256 fields", "remove some");
        return;
    }
    struct map_field field = { .name = name.text, .place = name.place };
    if (map_mark(cursor, SLICE(":="))) {
        struct map_word text = map_word(cursor);
        if (!text.there) {
            map_line_fault(cursor, map_here(cursor, 1), "the constant is missing here",
                           "for example: origin := import");
        }
        field.constant = true;
        field.text = text.text;
    } else if (map_mark(cursor, SLICE("="))) {
        if (column_take(cursor, &field.column)) {
            map_split(cursor, &field.split);
        }
    } else {
        map_line_fault(cursor, map_here(cursor, 1), "`=` or `:=` is missing here",
                       "write `field = column`, or `field := constant`");
    }
    map_line_end(cursor);
    if (!cursor->failed) {
        map->fields[map->field_count++] = field;
    }
}

static void encoding_set(struct map *map, struct map_cursor *cursor)
{
    struct map_word word = map_word(cursor);
    if (map_word_is(word, "utf8")) {
        map->csv.encoding = CSV_UTF8;
    } else if (map_word_is(word, "cp1251")) {
        map->csv.encoding = CSV_CP1251;
    } else if (map_word_is(word, "latin1")) {
        map->csv.encoding = CSV_LATIN1;
    } else {
        map_line_fault(cursor, word.there ? word.place : map_here(cursor, 1),
                       "this is not an encoding", "the encodings are utf8, cp1251 and latin1");
    }
    map_line_end(cursor);
}

static void separator_set(struct map *map, struct map_cursor *cursor)
{
    struct map_word word = map_word(cursor);
    bool known = word.text.len == 1 && memchr(",;|\t", word.text.ptr[0], 4) != NULL;
    if (map_word_is(word, "tab")) {
        map->csv.separator = '\t';
    } else if (known) {
        map->csv.separator = word.text.ptr[0];
    } else {
        map_line_fault(cursor, word.there ? word.place : map_here(cursor, 1),
                       "this is not a separator", "the separators are \",\" \";\" \"|\" and tab");
    }
    map_line_end(cursor);
}

static void source_set(struct map *map, struct map_cursor *cursor, struct map_word key)
{
    if (map->source.len > 0) {
        map_line_fault(cursor, key.place, "the source is named twice",
                       "a field of that name is written `field source = column`");
        return;
    }
    struct map_word name = map_word(cursor);
    if (!name.there || name.text.len == 0) {
        map_line_fault(cursor, map_here(cursor, 1), "the name of the source is missing here",
                       "for example: source = website");
        return;
    }
    map->source = name.text;
    map_line_end(cursor);
}

static void row_id_set(struct map *map, struct map_cursor *cursor, struct map_word key)
{
    if (map->row_id_given) {
        map_line_fault(cursor, key.place, "the row id is named twice", "keep one of the lines");
        return;
    }
    map->row_id_given = column_take(cursor, &map->row_id);
    map_line_end(cursor);
}

static void statement_read(struct map *map, struct map_cursor *cursor)
{
    struct map_word key = map_word(cursor);
    if (!key.there) {
        map_line_fault(cursor, map_here(cursor, 1), "a field is missing here",
                       "write `field = column`");
        return;
    }
    struct map_cursor after = *cursor;
    if (map_word_is(key, "field") && !map_mark(cursor, SLICE("=")) &&
        !map_mark(cursor, SLICE(":="))) {
        struct map_word name = map_word(cursor);
        if (name.there) {
            field_add(map, cursor, name);
            return;
        }
    }
    *cursor = after;
    if (map_word_is(key, "source") && map_mark(cursor, SLICE("="))) {
        source_set(map, cursor, key);
    } else if (map_word_is(key, "row") && map_word_is(map_word(cursor), "id") &&
               map_mark(cursor, SLICE("="))) {
        row_id_set(map, cursor, key);
    } else {
        *cursor = after;
        if (map_word_is(key, "encoding") && !map_mark(cursor, SLICE("="))) {
            encoding_set(map, cursor);
        } else if (map_word_is(key, "separator") && !map_mark(cursor, SLICE("="))) {
            separator_set(map, cursor);
        } else if (map_word_is(key, "lines") && map_word_is(map_word(cursor), "cr")) {
            map->csv.cr_lines = true;
            map_line_end(cursor);
        } else {
            *cursor = after;
            field_add(map, cursor, key);
        }
    }
}

static void line_read(void *context, struct map_cursor *cursor)
{
    struct map *map = context;
    if (cursor->at == 0) {
        statement_read(map, cursor);
        return;
    }
    struct map_field *field = map->field_count > 0 ? &map->fields[map->field_count - 1] : NULL;
    map_value_add(cursor, field != NULL && !field->constant ? &field->values : NULL);
}

void map_parse(struct map *map, struct arena *arena, struct slice name, struct slice text)
{
    memset(map, 0, sizeof(*map)); // too large for a literal on the stack
    map_lines_read(&map->lines, arena, name, text, line_read, map);
    if (map->lines.fault_count > 0 && map->lines.faults[0].place.line == 0) {
        return; // not a text
    }
    if (map->source.len == 0) {
        map_fault_add(
            &map->lines, (struct map_place){ 0 }, SLICE("the MAP does not name its source"),
            SLICE("add a line like `source = website`: rows are remembered under this name, so "
                  "that they are never taken twice"));
    }
    if (!map->row_id_given) {
        map_fault_add(&map->lines, (struct map_place){ 0 },
                      SLICE("the MAP does not say which column tells rows apart"),
                      SLICE("add a line like `row id = \"Lead Number\"`"));
    }
}

static bool number_used(const struct map *map, uint32_t index)
{
    bool used = map->row_id.number == index + 1;
    for (uint32_t i = 0; i < map->field_count; i++) {
        used = used || map->fields[i].column.number == index + 1;
    }
    return used;
}

static bool named_somewhere(const struct map *map, struct slice name)
{
    bool used = map->row_id.number == 0 && slice_equal(map->row_id.name, name);
    for (uint32_t i = 0; i < map->field_count; i++) {
        const struct map_field *field = &map->fields[i];
        used = used || (!field->constant && field->column.number == 0 &&
                        slice_equal(field->column.name, name));
    }
    return used;
}

static bool all_by_number(const struct map *map)
{
    bool all = map->row_id.number > 0;
    for (uint32_t i = 0; i < map->field_count; i++) {
        all = all && (map->fields[i].constant || map->fields[i].column.number > 0);
    }
    return all;
}

// Two columns with one name are refused, unless the MAP shows by a number which one it means.
static void duplicates_check(struct map *map, const struct csv_row *header)
{
    for (uint32_t second = 1; second < header->count; second++) {
        for (uint32_t first = 0; first < second; first++) {
            struct slice name = header->fields[first];
            if (name.len == 0 || !slice_equal(name, header->fields[second])) {
                continue;
            }
            bool chosen = (number_used(map, first) || number_used(map, second)) &&
                          !named_somewhere(map, name);
            if (!chosen && !all_by_number(map)) {
                map_fault_add(
                    &map->lines, (struct map_place){ 0 },
                    arena_format(map->lines.arena,
                                 "columns %u and %u of the CSV file are both called `%.*s` "
                                 "(csv_duplicate_header)",
                                 first + 1, second + 1, SLICE_PRINT(name)),
                    arena_format(map->lines.arena,
                                 "say which one is meant by its number: "
                                 "`field = column %u`",
                                 second + 1));
            }
        }
    }
}

static void column_bind(struct map *map, struct map_column *column, const struct csv_row *header)
{
    if (column->number > 0) {
        column->index = column->number - 1;
        if (column->index >= header->count) {
            map_fault_add(&map->lines, column->place,
                          arena_format(map->lines.arena,
                                       "there is no column %u: the file has %u columns",
                                       column->number, header->count),
                          SLICE_EMPTY);
        }
        return;
    }
    struct suggestions suggestions;
    suggest_init(&suggestions, column->name);
    for (uint32_t i = 0; i < header->count; i++) {
        if (slice_equal(header->fields[i], column->name)) {
            column->index = i;
            return;
        }
        suggest_offer(&suggestions, header->fields[i], 0);
    }
    struct slice help = map_nearest(map->lines.arena, &suggestions, "column");
    map_fault_add(&map->lines, column->place,
                  arena_format(map->lines.arena, "there is no column named `%.*s` in the CSV file",
                               SLICE_PRINT(column->name)),
                  arena_copy(map->lines.arena, help));
}

void map_bind(struct map *map, const struct csv_row *header)
{
    duplicates_check(map, header);
    if (map->row_id_given) {
        column_bind(map, &map->row_id, header);
    }
    for (uint32_t i = 0; i < map->field_count; i++) {
        if (!map->fields[i].constant) {
            column_bind(map, &map->fields[i].column, header);
        }
    }
}

void map_check_fields(struct map *map, struct slice process, const struct slice *known,
                      uint32_t known_count)
{
    for (uint32_t i = 0; i < map->field_count; i++) {
        const struct map_named named = {
            map->fields[i].name,
            map->fields[i].place,
            arena_format(map->lines.arena,
                         "the start of process `%.*s` does not ask for a field named",
                         SLICE_PRINT(process)),
            "field",
        };
        map_known(&map->lines, &named, known, known_count);
    }
}
