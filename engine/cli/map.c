#include "engine/cli/map.h"

#include <stdio.h>

#include "base/check.h"
#include "base/utf8.h"
#include "dsl/diag/diag.h"

struct line_cursor {
    struct map *map;
    struct slice line; // whole
    uint32_t number;
    size_t at;
    bool failed; // one fault a line
};

struct word {
    struct slice text;
    struct map_place place;
    bool quoted;
    bool there;
};

static void fault_add(struct map *map, struct map_place place, struct slice message,
                      struct slice help)
{
    if (map->fault_count < MAP_FAULTS_MAX) {
        map->faults[map->fault_count++] = (struct map_fault){ place, message, help };
    }
}

static struct map_place place_here(const struct line_cursor *cursor, size_t len)
{
    return (struct map_place){ cursor->number, (uint32_t)cursor->at, (uint32_t)len };
}

static void line_fault(struct line_cursor *cursor, struct map_place place, const char *message,
                       const char *help)
{
    if (!cursor->failed) {
        fault_add(cursor->map, place, slice_from_cstr(message), slice_from_cstr(help));
    }
    cursor->failed = true;
}

static bool is_blank(char byte) { return byte == ' ' || byte == '\t'; }

static void blanks_pass(struct line_cursor *cursor)
{
    while (cursor->at < cursor->line.len && is_blank(cursor->line.ptr[cursor->at])) {
        cursor->at++;
    }
}

static struct slice rest_of(const struct line_cursor *cursor)
{
    return slice_sub(cursor->line, cursor->at, cursor->line.len);
}

static bool at_end(struct line_cursor *cursor)
{
    blanks_pass(cursor);
    return cursor->at == cursor->line.len || slice_starts(rest_of(cursor), SLICE("--"));
}

static bool mark_take(struct line_cursor *cursor, struct slice mark)
{
    blanks_pass(cursor);
    if (!slice_starts(rest_of(cursor), mark)) {
        return false;
    }
    cursor->at += mark.len;
    return true;
}

static struct word quoted_take(struct line_cursor *cursor)
{
    size_t start = cursor->at;
    char *to = arena_alloc_raw(cursor->map->arena, cursor->line.len + 1);
    size_t len = 0;
    size_t at = start + 1;
    for (; at < cursor->line.len; at++) {
        char byte = cursor->line.ptr[at];
        if (byte == '"' && at + 1 < cursor->line.len && cursor->line.ptr[at + 1] == '"') {
            at++; // two quotes stand for one, as in the CSV file itself
        } else if (byte == '"') {
            cursor->at = at + 1;
            return (struct word){ { to, len },
                                  { cursor->number, (uint32_t)start, (uint32_t)(at + 1 - start) },
                                  true,
                                  true };
        }
        to[len++] = byte;
    }
    line_fault(cursor, place_here(cursor, cursor->line.len - start), "this quote is never closed",
               "close it on the same line; a quote inside is written twice");
    cursor->at = cursor->line.len;
    return (struct word){ 0 };
}

// One word: in quotes, or up to a blank. Marks (= := ->) end it as well.
static struct word word_take(struct line_cursor *cursor)
{
    if (at_end(cursor)) {
        return (struct word){ 0 };
    }
    if (cursor->line.ptr[cursor->at] == '"') {
        return quoted_take(cursor);
    }
    size_t start = cursor->at;
    while (cursor->at < cursor->line.len) {
        struct slice rest = rest_of(cursor);
        if (is_blank(rest.ptr[0]) || rest.ptr[0] == '=' || rest.ptr[0] == '"' ||
            slice_starts(rest, SLICE(":=")) || slice_starts(rest, SLICE("->"))) {
            break;
        }
        cursor->at++;
    }
    size_t len = cursor->at - start;
    return (struct word){ slice_sub(cursor->line, start, len),
                          { cursor->number, (uint32_t)start, (uint32_t)len },
                          false,
                          len > 0 };
}

static bool word_is(struct word word, const char *text)
{
    return word.there && !word.quoted && slice_equal(word.text, slice_from_cstr(text));
}

static void line_end(struct line_cursor *cursor)
{
    if (!cursor->failed && !at_end(cursor)) {
        line_fault(cursor, place_here(cursor, cursor->line.len - cursor->at),
                   "this does not belong on the line",
                   "a name with blanks goes in quotes: \"Lead Number\"");
    }
}

// NAME, "Name" or `column 9`.
static bool column_take(struct line_cursor *cursor, struct map_column *ret_column)
{
    *ret_column = (struct map_column){ 0 };
    struct word word = word_take(cursor);
    if (!word.there) {
        line_fault(cursor, place_here(cursor, 1), "a column is missing here",
                   "name it as the header does, or say `column 9`");
        return false;
    }
    ret_column->name = word.text;
    ret_column->place = word.place;
    if (!word_is(word, "column") || at_end(cursor)) {
        return true;
    }
    struct word number = word_take(cursor);
    uint32_t value = 0;
    for (size_t i = 0; i < number.text.len && value <= CSV_COLUMNS_MAX; i++) {
        char digit = number.text.ptr[i];
        value = digit >= '0' && digit <= '9' ? value * 10 + (uint32_t)(digit - '0')
                                             : CSV_COLUMNS_MAX + 1;
    }
    if (!number.there || number.quoted || value == 0 || value > CSV_COLUMNS_MAX) {
        line_fault(cursor, number.place, "this is not the number of a column",
                   "columns count from 1: `column 9`; a column called \"column\" goes in quotes");
        return false;
    }
    ret_column->number = value;
    ret_column->place.len = number.place.at + number.place.len - word.place.at;
    return true;
}

static void split_take(struct line_cursor *cursor, struct map_field *field)
{
    struct line_cursor before = *cursor;
    struct word word = word_take(cursor);
    if (!word_is(word, "split")) {
        *cursor = before;
        return;
    }
    struct word mark = word_take(cursor);
    if (!mark.there || mark.text.len != 1) {
        line_fault(cursor, mark.there ? mark.place : word.place, "`split` needs one character",
                   "for example: split \";\"");
        return;
    }
    field->split = mark.text.ptr[0];
}

static void field_add(struct line_cursor *cursor, struct word name)
{
    struct map *map = cursor->map;
    for (uint32_t i = 0; i < map->field_count; i++) {
        if (slice_equal(map->fields[i].name, name.text)) {
            line_fault(cursor, name.place, "this field is filled twice", "keep one of the lines");
            return;
        }
    }
    if (map->field_count == MAP_FIELDS_MAX) {
        line_fault(cursor, name.place, "the MAP has more than 256 fields", "remove some");
        return;
    }
    struct map_field field = { .name = name.text, .place = name.place };
    if (mark_take(cursor, SLICE(":="))) {
        struct word text = word_take(cursor);
        if (!text.there) {
            line_fault(cursor, place_here(cursor, 1), "the constant is missing here",
                       "for example: origin := import");
        }
        field.constant = true;
        field.text = text.text;
    } else if (mark_take(cursor, SLICE("="))) {
        if (column_take(cursor, &field.column)) {
            split_take(cursor, &field);
        }
    } else {
        line_fault(cursor, place_here(cursor, 1), "`=` or `:=` is missing here",
                   "write `field = column`, or `field := constant`");
    }
    line_end(cursor);
    if (!cursor->failed) {
        field.values = NULL;
        map->fields[map->field_count++] = field;
    }
}

static void value_add(struct line_cursor *cursor)
{
    struct map *map = cursor->map;
    struct word from = word_take(cursor);
    if (!from.there || !mark_take(cursor, SLICE("->"))) {
        line_fault(cursor, place_here(cursor, 1), "an indented line maps a value",
                   "write `\"value\" -> \"value\"`, or do not indent the line");
        return;
    }
    struct word to = word_take(cursor);
    line_end(cursor);
    struct map_field *field = map->field_count > 0 ? &map->fields[map->field_count - 1] : NULL;
    if (field == NULL || field->constant) {
        line_fault(cursor, from.place, "there is no column above this line",
                   "values belong under the line of their field");
        return;
    }
    if (cursor->failed || field->value_count == MAP_VALUES_MAX) {
        line_fault(cursor, from.place, "the field has more than 2000 values", "remove some");
        return;
    }
    for (uint32_t i = 0; i < field->value_count; i++) {
        if (slice_equal(field->values[i].from, from.text)) {
            line_fault(cursor, from.place, "this value is mapped twice", "keep one of the lines");
            return;
        }
    }
    uint32_t count = field->value_count;
    if ((count & (count - 1)) == 0) { // grows at powers of two
        struct map_value *grown =
            ARENA_ARRAY(map->arena, struct map_value, count == 0 ? 1 : count * 2);
        if (count > 0) {
            memcpy(grown, field->values, count * sizeof(*grown));
        }
        field->values = grown;
    }
    field->values[count] = (struct map_value){ from.text, to.text };
    field->value_count++;
}

static void encoding_set(struct line_cursor *cursor)
{
    struct word word = word_take(cursor);
    if (word_is(word, "utf8")) {
        cursor->map->csv.encoding = CSV_UTF8;
    } else if (word_is(word, "cp1251")) {
        cursor->map->csv.encoding = CSV_CP1251;
    } else if (word_is(word, "latin1")) {
        cursor->map->csv.encoding = CSV_LATIN1;
    } else {
        line_fault(cursor, word.there ? word.place : place_here(cursor, 1),
                   "this is not an encoding", "the encodings are utf8, cp1251 and latin1");
    }
    line_end(cursor);
}

static void separator_set(struct line_cursor *cursor)
{
    struct word word = word_take(cursor);
    bool known = word.text.len == 1 && memchr(",;|\t", word.text.ptr[0], 4) != NULL;
    if (word_is(word, "tab")) {
        cursor->map->csv.separator = '\t';
    } else if (known) {
        cursor->map->csv.separator = word.text.ptr[0];
    } else {
        line_fault(cursor, word.there ? word.place : place_here(cursor, 1),
                   "this is not a separator", "the separators are \",\" \";\" \"|\" and tab");
    }
    line_end(cursor);
}

static void source_set(struct line_cursor *cursor, struct word key)
{
    if (cursor->map->source.len > 0) {
        line_fault(cursor, key.place, "the source is named twice",
                   "a field of that name is written `field source = column`");
        return;
    }
    struct word name = word_take(cursor);
    if (!name.there || name.text.len == 0) {
        line_fault(cursor, place_here(cursor, 1), "the name of the source is missing here",
                   "for example: source = website");
        return;
    }
    cursor->map->source = name.text;
    line_end(cursor);
}

static void row_id_set(struct line_cursor *cursor, struct word key)
{
    if (cursor->map->row_id_given) {
        line_fault(cursor, key.place, "the row id is named twice", "keep one of the lines");
        return;
    }
    cursor->map->row_id_given = column_take(cursor, &cursor->map->row_id);
    line_end(cursor);
}

static void statement_read(struct line_cursor *cursor)
{
    struct word key = word_take(cursor);
    if (!key.there) {
        line_fault(cursor, place_here(cursor, 1), "a field is missing here",
                   "write `field = column`");
        return;
    }
    struct line_cursor after = *cursor;
    if (word_is(key, "field") && !mark_take(cursor, SLICE("=")) &&
        !mark_take(cursor, SLICE(":="))) {
        struct word name = word_take(cursor);
        if (name.there) {
            field_add(cursor, name);
            return;
        }
    }
    *cursor = after;
    if (word_is(key, "source") && mark_take(cursor, SLICE("="))) {
        source_set(cursor, key);
    } else if (word_is(key, "row") && word_is(word_take(cursor), "id") &&
               mark_take(cursor, SLICE("="))) {
        row_id_set(cursor, key);
    } else {
        *cursor = after;
        if (word_is(key, "encoding") && !mark_take(cursor, SLICE("="))) {
            encoding_set(cursor);
        } else if (word_is(key, "separator") && !mark_take(cursor, SLICE("="))) {
            separator_set(cursor);
        } else if (word_is(key, "lines") && word_is(word_take(cursor), "cr")) {
            cursor->map->csv.cr_lines = true;
            line_end(cursor);
        } else {
            *cursor = after;
            field_add(cursor, key);
        }
    }
}

static struct slice line_cut(struct slice *rest)
{
    const char *end = rest->len == 0 ? NULL : memchr(rest->ptr, '\n', rest->len);
    size_t len = end == NULL ? rest->len : (size_t)(end - rest->ptr);
    struct slice line = slice_sub(*rest, 0, len);
    *rest = slice_sub(*rest, end == NULL ? len : len + 1, rest->len);
    return line.len > 0 && line.ptr[line.len - 1] == '\r' ? slice_sub(line, 0, line.len - 1) : line;
}

void map_parse(struct map *map, struct arena *arena, struct slice name, struct slice text)
{
    memset(map, 0, sizeof(*map)); // too large for a literal on the stack
    map->arena = arena;
    map->name = name;
    map->text = text;
    if (text.len > MAP_BYTES_MAX || !utf8_valid(text)) {
        fault_add(map, (struct map_place){ 0 },
                  SLICE("the MAP file is not UTF-8 text of at most 1 MiB"), SLICE_EMPTY);
        return;
    }
    struct slice rest =
        slice_starts(text, SLICE("\xef\xbb\xbf")) ? slice_sub(text, 3, text.len) : text;
    map->text = rest;
    for (uint32_t number = 1; rest.len > 0; number++) {
        struct line_cursor cursor = { .map = map, .line = line_cut(&rest), .number = number };
        if (at_end(&cursor)) {
            continue;
        }
        if (cursor.at > 0) {
            value_add(&cursor);
        } else {
            statement_read(&cursor);
        }
    }
    if (map->source.len == 0) {
        fault_add(
            map, (struct map_place){ 0 }, SLICE("the MAP does not name its source"),
            SLICE("add a line like `source = website`: rows are remembered under this name, so "
                  "that they are never taken twice"));
    }
    if (!map->row_id_given) {
        fault_add(map, (struct map_place){ 0 },
                  SLICE("the MAP does not say which column tells rows apart"),
                  SLICE("add a line like `row id = \"Lead Number\"`"));
    }
}

static struct slice nearest_help(struct arena *arena, const struct suggestions *suggestions,
                                 const char *kind)
{
    if (suggestions->count == 0) {
        return SLICE_EMPTY;
    }
    return arena_format(arena, "a %s with a similar name exists: `%.*s`", kind,
                        SLICE_PRINT(suggestions->names[0]));
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
                fault_add(map, (struct map_place){ 0 },
                          arena_format(map->arena,
                                       "columns %u and %u of the CSV file are both called `%.*s` "
                                       "(csv_duplicate_header)",
                                       first + 1, second + 1, SLICE_PRINT(name)),
                          arena_format(map->arena,
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
            fault_add(map, column->place,
                      arena_format(map->arena, "there is no column %u: the file has %u columns",
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
    struct slice help = nearest_help(map->arena, &suggestions, "column");
    fault_add(map, column->place,
              arena_format(map->arena, "there is no column named `%.*s` in the CSV file",
                           SLICE_PRINT(column->name)),
              arena_copy(map->arena, help));
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
        struct suggestions suggestions;
        suggest_init(&suggestions, map->fields[i].name);
        bool found = false;
        for (uint32_t k = 0; k < known_count; k++) {
            found = found || slice_equal(known[k], map->fields[i].name);
            suggest_offer(&suggestions, known[k], 0);
        }
        if (!found) {
            fault_add(
                map, map->fields[i].place,
                arena_format(map->arena,
                             "the start of process `%.*s` does not ask for a field named `%.*s`",
                             SLICE_PRINT(process), SLICE_PRINT(map->fields[i].name)),
                nearest_help(map->arena, &suggestions, "field"));
        }
    }
}

static struct slice line_of(const struct map *map, uint32_t number)
{
    struct slice rest = map->text;
    struct slice line = SLICE_EMPTY;
    for (uint32_t i = 0; i < number; i++) {
        line = line_cut(&rest);
    }
    return line;
}

static void fault_render(const struct map *map, const struct map_fault *fault,
                         const struct term *term, struct buf *out)
{
    term_put(term, out, TERM_RED, SLICE("error"));
    buf_format(out, ": %.*s\n", SLICE_PRINT(fault->message));
    char number[16];
    int width = snprintf(number, sizeof(number), "%u", (unsigned)fault->place.line);
    CHECK(width > 0);
    if (fault->place.line == 0) {
        buf_format(out, " --> %.*s\n", SLICE_PRINT(map->name));
    } else {
        struct slice line = line_of(map, fault->place.line);
        struct slice before = slice_sub(line, 0, fault->place.at);
        size_t cells = utf8_cells(slice_sub(line, fault->place.at, fault->place.len));
        buf_format(out, "%*s--> %.*s:%s:%u\n", width, "", SLICE_PRINT(map->name), number,
                   (unsigned)utf8_cells(before) + 1);
        buf_format(out, "%*s |\n%s | ", width, "", number);
        for (size_t i = 0; i < line.len; i++) { // a tab keeps one cell, so that the caret fits
            buf_put_char(out, line.ptr[i] == '\t' ? ' ' : line.ptr[i]);
        }
        size_t tabs = 0;
        for (size_t i = 0; i < before.len; i++) {
            tabs += before.ptr[i] == '\t' ? 1 : 0;
        }
        buf_format(out, "\n%*s | ", width, "");
        term_pad(out, (unsigned)(utf8_cells(before) + tabs));
        term_put_style(term, out, TERM_RED);
        for (size_t i = 0; i < (cells == 0 ? 1 : cells); i++) {
            buf_put_char(out, '^');
        }
        term_put_style(term, out, TERM_PLAIN);
        buf_put_char(out, '\n');
    }
    if (fault->help.len > 0) {
        buf_format(out, "%*s = help: %.*s\n", fault->place.line == 0 ? 1 : width, "",
                   SLICE_PRINT(fault->help));
    }
    buf_put_char(out, '\n');
}

void map_render(const struct map *map, const struct term *term, struct buf *out)
{
    for (uint32_t i = 0; i < map->fault_count; i++) {
        fault_render(map, &map->faults[i], term, out);
    }
}

struct slice map_value(const struct map_field *field, struct slice cell)
{
    for (uint32_t i = 0; i < field->value_count; i++) {
        if (slice_equal(field->values[i].from, cell)) {
            return field->values[i].to;
        }
    }
    return cell;
}
