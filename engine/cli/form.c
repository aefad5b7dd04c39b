#include "engine/cli/form.h"

#include "base/check.h"
#include "base/limits.h"
#include "base/pack.h"
#include "base/value.h"
#include "dsl/diag/diag.h"
#include "engine/cli/args.h"
#include "engine/cli/when.h"
#include "engine/cli/wire.h"

static void choices_read(struct form *form, struct form_field *field, struct slice packed)
{
    uint32_t count = wire_count(packed);
    field->choices = ARENA_ARRAY(form->arena, struct form_choice, count + 1);
    struct wire_list list = wire_list(packed);
    struct slice item;
    while (wire_next(&list, &item)) {
        struct form_choice *choice = &field->choices[field->choice_count++];
        struct unpack unpack;
        unpack_init(&unpack, item);
        if (unpack_peek(&unpack) == PACK_MAP) {
            choice->value = wire_text(item, "name", form->arena);
            if (choice->value.len == 0) {
                choice->value = wire_text(item, "value", form->arena);
            }
            choice->label = wire_text(item, "label", form->arena);
        } else {
            choice->value = wire_print(item, form->arena);
        }
        if (choice->label.len == 0) {
            choice->label = choice->value;
        }
    }
}

static void quick_read(struct form *form, struct form_field *field, struct slice packed)
{
    field->quick = ARENA_ARRAY(form->arena, struct form_choice, wire_count(packed) + 1);
    struct wire_list list = wire_list(packed);
    struct slice item;
    while (wire_next(&list, &item)) {
        field->quick[field->quick_count++] =
            (struct form_choice){ wire_raw(item, "value"), wire_text(item, "label", form->arena) };
    }
}

// What stands in the field already, so that it can be taken by pressing Enter.
static void standing_read(struct form *form, struct form_field *field, struct slice map)
{
    struct slice packed = wire_raw(map, "initial");
    packed = packed.len > 0 ? packed : wire_raw(map, "value");
    field->standing_packed = packed;
    field->standing = wire_print(packed, form->arena);
    struct unpack unpack;
    unpack_init(&unpack, packed);
    if (field->moment && packed.len > 0 && unpack_peek(&unpack) == PACK_INTEGER) {
        struct buf text;
        buf_init(&text, 100);
        when_moment(&text, unpack_uint(&unpack), form->now_ms, form->zone);
        field->standing = arena_copy(form->arena, buf_slice(&text));
        buf_done(&text);
    }
}

static void field_read(struct form *form, struct slice map)
{
    struct form_field *field = &form->fields[form->field_count++];
    struct arena *arena = form->arena;
    *field = (struct form_field){ .name = wire_text(map, "name", arena),
                                  .label = wire_text(map, "label", arena),
                                  .type = wire_text(map, "type", arena),
                                  .help = wire_text(map, "help", arena),
                                  .required = wire_bool(map, "required") };
    if (field->label.len == 0) {
        field->label = field->name;
    }
    field->many =
        slice_starts(field->type, SLICE("set")) || slice_starts(field->type, SLICE("list"));
    field->moment =
        slice_starts(field->type, SLICE("datetime")) || slice_starts(field->type, SLICE("moment"));
    field->day = slice_equal(field->type, SLICE("date"));
    field->yes_no = slice_starts(field->type, SLICE("bool"));
    choices_read(form, field, wire_raw(map, "choices"));
    quick_read(form, field, wire_raw(map, "quick"));
    standing_read(form, field, map);
    struct slice parts = wire_raw(map, "parts");
    field->parts = wire_count(parts) > 0 ? parts : SLICE_EMPTY;
}

static void fields_read(struct form *form, struct arena *arena, struct slice packed,
                        uint64_t now_ms)
{
    uint32_t count = wire_count(packed);
    count = count > FORM_FIELDS_MAX ? FORM_FIELDS_MAX : count;
    *form = (struct form){ .arena = arena, .now_ms = now_ms };
    form->fields = ARENA_ARRAY(arena, struct form_field, count + 1);
}

void form_read(struct form *form, struct arena *arena, const struct zone *zone,
               struct slice packed, uint64_t now_ms)
{
    fields_read(form, arena, packed, now_ms);
    form->zone = zone;
    struct wire_list list = wire_list(packed);
    struct slice item;
    while (form->field_count < FORM_FIELDS_MAX && wire_next(&list, &item)) {
        if (!wire_bool(item, "computed")) { // a part that the engine works out
            field_read(form, item);
        }
    }
}

void form_read_fields(struct form *form, struct arena *arena, const struct zone *zone,
                      struct slice packed, uint64_t now_ms)
{
    fields_read(form, arena, packed, now_ms);
    form->zone = zone;
    struct wire_list list = wire_list(packed);
    struct slice item;
    while (form->field_count < FORM_FIELDS_MAX && wire_next(&list, &item)) {
        if (wire_bool(item, "editable")) {
            field_read(form, item);
        }
    }
}

struct form_field *form_find(struct form *form, struct slice name)
{
    for (uint32_t i = 0; i < form->field_count; i++) {
        if (slice_equal(form->fields[i].name, name)) {
            return &form->fields[i];
        }
    }
    return NULL;
}

static struct slice choices_listed(const struct form *form, const struct form_field *field)
{
    struct slice text = SLICE_EMPTY;
    for (uint32_t i = 0; i < field->choice_count && i < 12; i++) {
        text = arena_format(form->arena, "%.*s%s%.*s", SLICE_PRINT(text), i == 0 ? "" : ", ",
                            SLICE_PRINT(field->choices[i].value));
    }
    return field->choice_count > 12 ? arena_format(form->arena, "%.*s, …", SLICE_PRINT(text))
                                    : text;
}

// By number of the list, name, label, or a beginning that only one of them has.
static const struct form_choice *choice_find(const struct form_field *field, struct slice text)
{
    const struct form_choice *begun = NULL;
    uint32_t begun_count = 0;
    for (uint32_t i = 0; i < field->choice_count; i++) {
        const struct form_choice *choice = &field->choices[i];
        if (slice_equal(choice->value, text) ||
            (choice->label.len == text.len && suggest_distance(choice->label, text, 0) == 0)) {
            return choice;
        }
        struct slice begin = slice_sub(choice->label, 0, text.len);
        if (slice_starts(choice->value, text) ||
            (begin.len == text.len && suggest_distance(begin, text, 0) == 0)) {
            begun = choice;
            begun_count++;
        }
    }
    uint64_t number = 0;
    if (args_number(text, field->choice_count, &number) && number > 0) {
        return &field->choices[number - 1];
    }
    return begun_count == 1 ? begun : NULL;
}

static bool one_pack(const struct form *form, const struct form_field *field, struct slice text,
                     struct buf *to, struct slice *ret_problem)
{
    uint64_t ms = 0;
    int64_t days = 0;
    if (field->choice_count > 0) {
        const struct form_choice *choice = choice_find(field, text);
        if (choice == NULL) {
            *ret_problem =
                arena_format(form->arena, "`%.*s` is not one of: %.*s", SLICE_PRINT(text),
                             SLICE_PRINT(choices_listed(form, field)));
            return false;
        }
        pack_str(to, choice->value);
    } else if (field->moment && when_parse(text, form->now_ms, form->zone, &ms)) {
        pack_uint(to, ms);
    } else if (field->day && when_parse_day(text, form->now_ms, form->zone, &days)) {
        struct value value = { .kind = VALUE_DATE, .number = days };
        struct buf date;
        buf_init(&date, 64);
        value_print(&date, &value);
        pack_str(to, buf_slice(&date));
        buf_done(&date);
    } else if (field->moment || field->day) {
        *ret_problem = arena_format(
            form->arena,
            field->moment ? "`%.*s` is not a moment; say for "
                            "example \"tomorrow 10:00\", \"in 2 h\" or \"2026-03-02 18:00\""
                          : "`%.*s` is not a day; say for example \"tomorrow\", \"in 3 days\" "
                            "or \"2026-03-02\"",
            SLICE_PRINT(text));
        return false;
    } else if (field->yes_no) {
        bool yes = suggest_distance(text, SLICE("yes"), 0) == 0 ||
                   suggest_distance(text, SLICE("y"), 0) == 0 ||
                   suggest_distance(text, SLICE("true"), 0) == 0;
        bool no = suggest_distance(text, SLICE("no"), 0) == 0 ||
                  suggest_distance(text, SLICE("n"), 0) == 0 ||
                  suggest_distance(text, SLICE("false"), 0) == 0;
        if (!yes && !no) {
            *ret_problem = SLICE("answer yes or no");
            return false;
        }
        pack_bool(to, yes);
    } else if (slice_equal(field->type, SLICE("file")) && slice_starts(text, SLICE("@"))) {
        struct slice named = SLICE_EMPTY;
        if (!form_name_file(form->arena, slice_sub(text, 1, text.len), &named)) {
            *ret_problem = arena_format(form->arena, "the file `%.*s` cannot be read",
                                        SLICE_PRINT(slice_sub(text, 1, text.len)));
            return false;
        }
        pack_str(to, named);
    } else {
        pack_str(to, text);
    }
    return true;
}

static bool many_pack(const struct form *form, const struct form_field *field, struct slice text,
                      struct buf *to, struct slice *ret_problem)
{
    uint32_t count = 0;
    struct buf items;
    buf_init(&items, FRAME_BYTES_MAX);
    bool good = true;
    for (size_t start = 0; good && start <= text.len;) {
        const char *comma =
            start == text.len ? NULL : memchr(text.ptr + start, ',', text.len - start);
        size_t end = comma == NULL ? text.len : (size_t)(comma - text.ptr);
        struct slice item = slice_trim(slice_sub(text, start, end - start), " \t\r\n");
        if (item.len > 0) {
            good = one_pack(form, field, item, &items, ret_problem);
            count++;
        }
        start = end + 1;
    }
    if (good) {
        pack_array(to, count);
        buf_put_slice(to, buf_slice(&items));
    }
    buf_done(&items);
    return good;
}

// A JSON value as the engine takes it. False: a number with a point, which would be a float.
static bool json_put(struct buf *to, json_t *json, unsigned depth)
{
    bool good = !json_is_real(json) && depth < VALUE_DEPTH_MAX;
    if (json_is_object(json) && good) {
        pack_map(to, (uint32_t)json_object_size(json));
        for (void *at = json_object_iter(json); at != NULL; at = json_object_iter_next(json, at)) {
            pack_cstr(to, json_object_iter_key(at));
            good = json_put(to, json_object_iter_value(at), depth + 1) && good;
        }
    } else if (json_is_array(json) && good) {
        pack_array(to, (uint32_t)json_array_size(json));
        for (size_t i = 0; i < json_array_size(json); i++) {
            good = json_put(to, json_array_get(json, i), depth + 1) && good;
        }
    } else if (json_is_string(json)) {
        pack_str(to, slice_make(json_string_value(json), json_string_length(json)));
    } else if (json_is_integer(json)) {
        pack_int(to, json_integer_value(json));
    } else if (json_is_boolean(json)) {
        pack_bool(to, json_is_true(json));
    } else {
        pack_nil(to);
    }
    return good;
}

// A record, or a list of records, written as JSON.
static bool record_pack(const struct form *form, const struct form_field *field, struct slice text,
                        struct buf *to, struct slice *ret_problem)
{
    json_error_t error;
    json_t *json = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, &error);
    if (json == NULL || !(field->many ? json_is_array(json) : json_is_object(json))) {
        struct slice names = SLICE_EMPTY;
        struct wire_list list = wire_list(field->parts);
        struct slice part;
        while (wire_next(&list, &part)) {
            names = arena_format(form->arena, "%.*s%s\"%.*s\": …", SLICE_PRINT(names),
                                 names.len > 0 ? ", " : "",
                                 SLICE_PRINT(wire_text(part, "name", form->arena)));
        }
        *ret_problem =
            arena_format(form->arena, "write it as JSON: %s{%.*s}%s", field->many ? "[" : "",
                         SLICE_PRINT(names), field->many ? ", …]" : "");
        json_decref(json);
        return false;
    }
    bool good = json_put(to, json, 0);
    json_decref(json);
    if (!good) {
        *ret_problem = SLICE("numbers with a point go in quotes: \"1500.50\"");
    }
    return good;
}

// Fields of a case come without their parts: a record or a list of records shows by its braces.
static bool is_json(const struct form_field *field, struct slice text)
{
    static const char *const words[] = { "text", "phone", "email", "url", "file" };
    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        if (slice_equal(field->type, slice_from_cstr(words[i]))) {
            return false;
        }
    }
    return field->many ? slice_starts(text, SLICE("[{")) || slice_starts(text, SLICE("[]"))
                       : slice_starts(text, SLICE("{"));
}

bool form_answer(struct form *form, struct form_field *field, struct slice text,
                 struct slice *ret_problem)
{
    struct buf packed;
    buf_init(&packed, FRAME_BYTES_MAX);
    bool good = true;
    struct slice trimmed = slice_trim(text, " \t\r\n");
    if (trimmed.len == 0) {
        pack_nil(&packed);
    } else if (field->parts.len > 0 && trimmed.ptr[0] != '{' && trimmed.ptr[0] != '[') {
        pack_str(&packed, trimmed); // "what: desk, price: 10", which the engine reads
    } else if (field->parts.len > 0 || is_json(field, trimmed)) {
        good = record_pack(form, field, trimmed, &packed, ret_problem);
    } else if (field->many) {
        good = many_pack(form, field, trimmed, &packed, ret_problem);
    } else {
        good = one_pack(form, field, trimmed, &packed, ret_problem);
    }
    if (good && packed.overflow) {
        *ret_problem = SLICE("the answer is longer than a message may be (1 MiB)");
        good = false;
    }
    if (good) {
        field->answer = arena_copy(form->arena, buf_slice(&packed));
        field->answered = true;
    }
    buf_done(&packed);
    return good;
}

bool form_word(struct form *form, struct slice word, struct slice *ret_problem)
{
    const char *equals = word.len == 0 ? NULL : memchr(word.ptr, '=', word.len);
    if (equals == NULL || equals == word.ptr) {
        *ret_problem = arena_format(form->arena, "`%.*s` is not an answer: write name=value",
                                    SLICE_PRINT(word));
        return false;
    }
    struct slice name = slice_sub(word, 0, (size_t)(equals - word.ptr));
    struct form_field *field = form_find(form, name);
    if (field != NULL) {
        if (field->answered && !field->many) {
            *ret_problem = arena_format(form->arena, "`%.*s` is answered twice", SLICE_PRINT(name));
            return false;
        }
        struct slice problem = SLICE_EMPTY;
        struct slice text = slice_sub(word, name.len + 1, word.len);
        if (field->many && field->answered) {
            text = arena_format(form->arena, "%.*s,%.*s", SLICE_PRINT(field->typed),
                                SLICE_PRINT(text));
        }
        field->typed = text;
        if (!form_answer(form, field, text, &problem)) {
            *ret_problem =
                arena_format(form->arena, "%.*s: %.*s", SLICE_PRINT(name), SLICE_PRINT(problem));
            return false;
        }
        return true;
    }
    struct suggestions suggestions;
    suggest_init(&suggestions, name);
    struct slice all = SLICE_EMPTY;
    for (uint32_t i = 0; i < form->field_count; i++) {
        suggest_offer(&suggestions, form->fields[i].name, 0);
        all = arena_format(form->arena, "%.*s%s%.*s", SLICE_PRINT(all), i == 0 ? "" : ", ",
                           SLICE_PRINT(form->fields[i].name));
    }
    bool near = suggestions.count > 0;
    *ret_problem =
        arena_format(form->arena, "the form has no field `%.*s`%s%.*s%s", SLICE_PRINT(name),
                     near                    ? "\n  did you mean `"
                     : form->field_count > 0 ? "\n  it asks for: "
                                             : "",
                     SLICE_PRINT(near ? suggestions.names[0] : all), near ? "`?" : "");
    return false;
}

struct slice form_missing(const struct form *form)
{
    struct slice text = SLICE_EMPTY;
    for (uint32_t i = 0; i < form->field_count; i++) {
        const struct form_field *field = &form->fields[i];
        if (field->required && !field->answered && field->standing.len == 0) {
            text = arena_format(form->arena, "%.*s%s%.*s", SLICE_PRINT(text),
                                text.len == 0 ? "" : ", ", SLICE_PRINT(field->name));
        }
    }
    return text;
}

struct slice form_pack(const struct form *form)
{
    struct buf packed;
    buf_init(&packed, FRAME_BYTES_MAX);
    uint32_t count = 0;
    for (uint32_t i = 0; i < form->field_count; i++) {
        count += form->fields[i].answered ? 1 : 0;
    }
    pack_map(&packed, count);
    for (uint32_t i = 0; i < form->field_count; i++) {
        if (form->fields[i].answered) {
            pack_str(&packed, form->fields[i].name);
            buf_put_slice(&packed, form->fields[i].answer);
        }
    }
    struct slice copy = packed.overflow ? SLICE_EMPTY : arena_copy(form->arena, buf_slice(&packed));
    buf_done(&packed);
    return copy;
}

// --- questions ----------------------------------------------------------------------------------

// The engine's own suggestions; without them the usual ones.
static uint32_t quick_count(const struct form_field *field)
{
    return field->quick_count > 0 ? field->quick_count
           : field->moment        ? (uint32_t)WHEN_QUICK_COUNT
           : field->day           ? (uint32_t)WHEN_QUICK_DAYS_COUNT
                                  : 0;
}

static struct slice quick_label(const struct form_field *field, uint32_t index)
{
    return field->quick_count > 0
               ? field->quick[index].label
               : slice_from_cstr(field->moment ? when_quick[index] : when_quick_days[index]);
}

static void question_put(const struct form *form, const struct form_field *field,
                         const struct form_talk *talk)
{
    struct buf text;
    buf_init(&text, 1 << 20);
    buf_put_char(&text, '\n');
    term_put(talk->term, &text, TERM_BOLD, term_clean(form->arena, field->label));
    buf_put_cstr(&text, field->required ? " (required)" : "");
    buf_put_char(&text, '\n');
    if (field->help.len > 0) {
        (void)term_wrap(talk->term, &text, field->help, 2, 4);
    }
    for (uint32_t i = 0; i < field->choice_count; i++) {
        buf_format(&text, "  %u  %.*s\n", i + 1,
                   SLICE_PRINT(term_clean(form->arena, field->choices[i].label)));
    }
    uint32_t quick = quick_count(field);
    for (uint32_t i = 0; i < quick; i++) {
        buf_format(&text, "  %u  %.*s\n", i + 1,
                   SLICE_PRINT(term_clean(form->arena, quick_label(field, i))));
    }
    if (field->moment || field->day) {
        buf_put_cstr(&text, field->moment ? "  or any other, like \"friday 16:30\" or "
                                            "\"2026-03-02 18:00\"\n"
                                          : "  or any other, like \"friday\" or \"2026-03-02\"\n");
    }
    if (field->parts.len > 0) {
        buf_put_cstr(&text, field->many
                                ? "  one after another; an empty first answer ends the list\n"
                                : "  in parts\n");
        if (field->standing.len > 0) {
            buf_format(&text, "  now: %.*s\n",
                       SLICE_PRINT(term_clean(form->arena, field->standing)));
        }
        (void)fwrite(text.ptr, 1, text.len, talk->out);
        buf_done(&text);
        return;
    }
    if (field->many) {
        buf_put_cstr(&text, "  several: separate them by commas\n");
    }
    if (field->standing.len > 0) {
        buf_format(&text, "[%.*s]", SLICE_PRINT(term_clean(form->arena, field->standing)));
    } else if (field->yes_no) {
        buf_put_cstr(&text, "[yes/no]");
    }
    buf_put_cstr(&text, "> ");
    (void)fwrite(text.ptr, 1, text.len, talk->out);
    (void)fflush(talk->out);
    buf_done(&text);
}

static bool line_read(const struct form *form, FILE *in, struct slice *ret_line)
{
    struct buf line;
    buf_init(&line, FRAME_BYTES_MAX);
    int byte = 0;
    while ((byte = getc(in)) != EOF && byte != '\n') {
        buf_put_char(&line, (char)byte);
    }
    *ret_line = arena_copy(form->arena, buf_slice(&line));
    bool there = byte != EOF || line.len > 0;
    buf_done(&line);
    return there;
}

// "3" of the quick answers. False: the line is not one of their numbers.
static bool quick_answer(struct form *form, struct form_field *field, struct slice line)
{
    uint64_t number = 0;
    uint32_t count = quick_count(field);
    if (count == 0 || !args_number(slice_trim(line, " \t\r\n"), count, &number) || number == 0) {
        return false;
    }
    if (field->quick_count > 0) {
        field->answer = field->quick[number - 1].value;
        field->answered = true;
        return true;
    }
    struct slice problem;
    return form_answer(form, field, quick_label(field, (uint32_t)number - 1), &problem);
}

enum asked { ASKED, ASKED_NOTHING, ASKED_END };

// One record, part by part. ASKED_NOTHING: its first answer was left empty.
static enum asked record_ask_one(struct form *parts, bool may_end, const struct form_talk *talk)
{
    for (uint32_t i = 0; i < parts->field_count; i++) {
        struct form_field *part = &parts->fields[i];
        CHECK(part->parts.len == 0); // parts have no parts of their own: this does not go deeper
        part->required = part->required && !(i == 0 && may_end);
        if (!form_ask_field(parts, part, talk, SLICE_EMPTY)) {
            return ASKED_END;
        }
        if (i == 0 && may_end && !part->answered) {
            return ASKED_NOTHING;
        }
    }
    return ASKED;
}

// A record, or one record after another.
static enum asked record_ask(struct form *form, struct form_field *field,
                             const struct form_talk *talk)
{
    struct buf items;
    buf_init(&items, FRAME_BYTES_MAX);
    uint32_t count = 0;
    enum asked asked = ASKED;
    while (asked == ASKED && (field->many || count == 0)) {
        struct form parts;
        form_read(&parts, form->arena, form->zone, field->parts, form->now_ms);
        asked = record_ask_one(&parts, field->many || !field->required, talk);
        if (asked == ASKED) {
            buf_put_slice(&items, form_pack(&parts));
            count++;
        }
    }
    if (asked != ASKED_END && count > 0) {
        struct buf whole;
        buf_init(&whole, FRAME_BYTES_MAX);
        if (field->many) {
            pack_array(&whole, count);
        }
        buf_put_slice(&whole, buf_slice(&items));
        field->answer = arena_copy(form->arena, buf_slice(&whole));
        field->answered = true;
        buf_done(&whole);
        asked = ASKED;
    }
    buf_done(&items);
    return asked;
}

// One line that answers the field. ASKED_NOTHING with `ret_why`: it does not.
static enum asked line_ask(struct form *form, struct form_field *field,
                           const struct form_talk *talk, struct slice *ret_why)
{
    struct slice line;
    if (!line_read(form, talk->in, &line)) {
        return ASKED_END;
    }
    bool empty = slice_trim(line, " \t\r\n").len == 0;
    bool good =
        !empty && (quick_answer(form, field, line) || form_answer(form, field, line, ret_why));
    return good ? ASKED : ASKED_NOTHING;
}

// "! why not", on as many lines as it needs.
static void why_put(const struct form_talk *talk, struct slice why)
{
    struct buf lines;
    buf_init(&lines, 1 << 16);
    if (term_wrap(talk->term, &lines, why, 2, 6) > 0) {
        lines.ptr[0] = '!';
    }
    (void)fwrite(lines.ptr, 1, lines.len, talk->out);
    buf_done(&lines);
}

bool form_ask_field(struct form *form, struct form_field *field, const struct form_talk *talk,
                    struct slice why)
{
    field->answered = false;
    for (;;) {
        if (why.len > 0) {
            why_put(talk, why);
        }
        why = SLICE_EMPTY;
        question_put(form, field, talk);
        enum asked asked = field->parts.len > 0 ? record_ask(form, field, talk)
                                                : line_ask(form, field, talk, &why);
        if (asked == ASKED_END) {
            (void)fputc('\n', talk->out);
            return false;
        }
        if (asked == ASKED) {
            return true;
        }
        if (why.len == 0 && (!field->required || field->standing_packed.len > 0)) {
            field->answered = field->standing_packed.len > 0;
            field->answer = field->standing_packed;
            return true;
        }
        why = why.len > 0 ? why : SLICE("an answer is needed here");
    }
}

bool form_ask(struct form *form, const struct form_talk *talk)
{
    for (uint32_t i = 0; i < form->field_count; i++) {
        if (!form->fields[i].answered &&
            !form_ask_field(form, &form->fields[i], talk, SLICE_EMPTY)) {
            return false;
        }
    }
    return true;
}
