#include "engine/calls/shape.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/pack.h"
#include "base/utf8.h"
#include "engine/calls/json.h"
#include "engine/hooks/hook.h"

enum { FACTS = 3, CALL_PARTS = 6, ANSWER_PARTS = 4, WORDS_BYTES = 700 };

enum shape_end shape_wrong(struct shape_job *job, enum shape_end end, const char *format, ...)
{
    char text[WORDS_BYTES];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (job->words.len == 0 && job->function != NULL) {
        job->words = arena_format(job->arena, "%.*s: `%.*s` gave %s",
                                  SLICE_PRINT(job->function->file),
                                  SLICE_PRINT(job->function->name), text);
    } else if (job->words.len == 0) {
        job->words = arena_copy(job->arena, slice_from_cstr(text));
    }
    return end;
}

// --- what a function is given --------------------------------------------------------------------

// Moments become the text that JSON has for them, people and cases their numbers. Depth:
// VALUE_DEPTH_MAX, which every value keeps.
static struct value settle(struct shape_job *job, const struct value *value)
{
    struct value result = *value;
    if (value->kind == VALUE_DATETIME) {
        struct buf text;
        buf_init(&text, 64);
        (void)json_put_plain(&text, value);
        result = value_text(arena_copy(job->arena, buf_slice(&text)));
        buf_done(&text);
    } else if (value->kind == VALUE_USER || value->kind == VALUE_REF) {
        result = value_integer(value->number);
    } else if (value->kind == VALUE_LIST) {
        struct value *items = ARENA_ARRAY(job->arena, struct value, value->list.count + 1);
        for (uint32_t i = 0; i < value->list.count; i++) {
            items[i] = settle(job, &value->list.items[i]);
        }
        result.list.items = items;
    } else if (value->kind == VALUE_RECORD) {
        struct value_part *parts =
            ARENA_ARRAY(job->arena, struct value_part, value->record.count + 1);
        for (uint32_t i = 0; i < value->record.count; i++) {
            parts[i].name = value->record.parts[i].name;
            parts[i].value = settle(job, &value->record.parts[i].value);
        }
        result.record.parts = parts;
    }
    return result;
}

static struct value record_of(const struct value_part *parts, uint32_t count)
{
    struct value value = { .kind = VALUE_RECORD };
    value.record.parts = parts;
    value.record.count = count;
    return value;
}

// False: the bytes are no map.
static bool read_args(struct shape_job *job, struct value *ret_args)
{
    struct unpack unpack;
    unpack_init(&unpack, job->call->form);
    uint32_t count = job->call->form.len > 0 ? unpack_map(&unpack) : 0;
    struct value_part *parts = ARENA_ARRAY(job->arena, struct value_part, count + 1);
    for (uint32_t i = 0; i < count && !unpack.bad; i++) {
        parts[i].name = unpack_str(&unpack);
        struct value value = value_unpack(&unpack, job->arena);
        parts[i].value = settle(job, &value);
    }
    *ret_args = record_of(parts, unpack.bad ? 0 : count);
    return !unpack.bad;
}

static struct value call_value(struct shape_job *job, const struct value *args, bool replied)
{
    const struct shape_call *call = job->call;
    struct value started = value_datetime((int64_t)call->started_ms);
    struct value_part *facts = ARENA_ARRAY(job->arena, struct value_part, FACTS);
    struct value_part *parts = ARENA_ARRAY(job->arena, struct value_part, CALL_PARTS);
    facts[0] = (struct value_part){ SLICE("number"), value_integer((int64_t)call->instance) };
    facts[1] = (struct value_part){ SLICE("process"), value_text(call->process) };
    facts[2] = (struct value_part){ SLICE("started"), settle(job, &started) };
    parts[0] = (struct value_part){ SLICE("connector"), value_text(call->connector) };
    parts[1] = (struct value_part){ SLICE("name"), value_text(call->name) };
    parts[2] = (struct value_part){ SLICE("key"), value_text(call->key) };
    parts[3] = (struct value_part){ SLICE("args"), *args };
    parts[4] = (struct value_part){ SLICE("case"), record_of(facts, FACTS) };
    parts[5] = (struct value_part){ SLICE("try"), value_integer(call->attempt) };
    // A request must not differ from try to try, so it does not hear which one it is.
    return record_of(parts, replied ? CALL_PARTS : CALL_PARTS - 1);
}

// False: an answer of more values than a function is given.
static bool answer_value(struct shape_job *job, const struct shape_answer *answer,
                         struct value *ret_value)
{
    struct value_part *headers =
        ARENA_ARRAY(job->arena, struct value_part, answer->header_count + 1);
    struct value_part *parts = ARENA_ARRAY(job->arena, struct value_part, ANSWER_PARTS);
    struct value json;
    for (uint32_t i = 0; i < answer->header_count; i++) {
        headers[i].name = answer->headers[i].name;
        headers[i].value = value_text(answer->headers[i].value);
    }
    enum json_tree tree = json_tree(answer->body, job->arena, &json);
    parts[0] = (struct value_part){ SLICE("status"), value_integer(answer->status) };
    parts[1] = (struct value_part){ SLICE("headers"), record_of(headers, answer->header_count) };
    parts[2] = (struct value_part){ SLICE("body"), value_text(answer->body) };
    parts[3] = (struct value_part){ SLICE("json"), json };
    *ret_value = record_of(parts, ANSWER_PARTS);
    return tree != JSON_TREE_TOO_MANY;
}

// The number of the call: what is drawn at random is the same on every try.
static uint64_t seed_of(struct slice key)
{
    uint64_t seed = 0;
    for (size_t i = 0; i < key.len; i++) {
        seed = seed * 131 + (unsigned char)key.ptr[i];
    }
    return seed;
}

bool shape_ask(struct shape_job *job, const struct shape_answer *answer, struct value *ret_value)
{
    struct value args[2], parameters;
    const struct settings_function *function = job->function;
    if (!read_args(job, &parameters)) {
        job->words = SLICE("what the call carries cannot be read");
        return false;
    }
    args[0] = call_value(job, &parameters, answer != NULL);
    args[1] = value_empty();
    if (answer != NULL && !answer_value(job, answer, &args[1])) {
        job->words = arena_format(job->arena, "the answer holds more than JSON_VALUES_MAX = %d "
                                  "values", JSON_VALUES_MAX);
        return false;
    }
    const struct hook_call call = {
        .file = function->file, .text = function->text, .name = function->name, .args = args,
        .arg_count = answer != NULL ? 2 : 1, .seed = seed_of(job->call->key), .arena = job->arena,
    };
    struct slice error;
    if (!hook_call(job->box, &call, ret_value, &error)) {
        job->words = arena_format(job->arena, "`%.*s` of %.*s: %.*s", SLICE_PRINT(function->name),
                                  SLICE_PRINT(function->file), SLICE_PRINT(error));
        return false;
    }
    return true;
}

// --- what it gave --------------------------------------------------------------------------------

const char *shape_kind(const struct value *value)
{
    switch ((enum value_kind)value->kind) {
    case VALUE_EMPTY: return "nothing";
    case VALUE_TEXT: return "a text";
    case VALUE_LIST: return "a list";
    case VALUE_RECORD: return "a table";
    case VALUE_BOOL: return "yes or no";
    case VALUE_INTEGER:
    case VALUE_DECIMAL:
    case VALUE_MONEY:
    case VALUE_DATE:
    case VALUE_TIME:
    case VALUE_DATETIME:
    case VALUE_DURATION:
    case VALUE_USER:
    case VALUE_REF: return "a number";
    }
    return "something else";
}

bool shape_is_names(const struct value *value)
{
    return value->kind == VALUE_RECORD || (value->kind == VALUE_LIST && value->list.count == 0);
}

const struct value *shape_member(const struct value *table, const char *name)
{
    for (uint32_t i = 0; table->kind == VALUE_RECORD && i < table->record.count; i++) {
        const struct value_part *part = &table->record.parts[i];
        if (slice_equal(part->name, slice_from_cstr(name)) && part->value.kind != VALUE_EMPTY) {
            return &part->value;
        }
    }
    return NULL;
}

struct slice shape_stranger(const struct value *table, const char *const *words)
{
    for (uint32_t i = 0; table->kind == VALUE_RECORD && i < table->record.count; i++) {
        bool known = false;
        for (size_t w = 0; words[w] != NULL; w++) {
            known = known || slice_equal(table->record.parts[i].name, slice_from_cstr(words[w]));
        }
        if (!known) {
            return table->record.parts[i].name;
        }
    }
    return SLICE_EMPTY;
}

// --- what stands in an address -------------------------------------------------------------------

static void put_escaped(struct buf *out, struct slice text, const char *free_marks)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     (c != '\0' && strchr(free_marks, c) != NULL);
        if (plain) {
            buf_put_char(out, c);
        } else {
            buf_format(out, "%%%02X", (unsigned)(unsigned char)c);
        }
    }
}

void shape_put_segment(struct buf *out, struct slice text) // RFC 3986, pchar
{
    put_escaped(out, text, "-._~!$&'()*+,;=:@");
}

static bool put_pair(struct buf *out, struct slice name, const struct value *value, bool is_form)
{
    struct buf text;
    buf_init(&text, SHAPE_BODY_BYTES_MAX);
    bool plain = json_put_plain(&text, value);
    buf_put_cstr(out, out->len > 0 ? "&" : "");
    put_escaped(out, name, "-._~");
    buf_put_char(out, '=');
    for (struct slice rest = buf_slice(&text); rest.len > 0;) {
        const char *blank = is_form ? memchr(rest.ptr, ' ', rest.len) : NULL;
        size_t len = blank != NULL ? (size_t)(blank - rest.ptr) : rest.len;
        put_escaped(out, slice_sub(rest, 0, len), "-._~");
        buf_put_cstr(out, blank != NULL ? "+" : "");
        rest = slice_sub(rest, len + (blank != NULL ? 1 : 0), rest.len);
    }
    plain = plain && !text.overflow;
    buf_done(&text);
    return plain;
}

bool shape_put_query(struct buf *out, const struct value *names, bool is_form)
{
    bool plain = true;
    for (uint32_t i = 0; names->kind == VALUE_RECORD && i < names->record.count; i++) {
        const struct value_part *part = &names->record.parts[i];
        if (part->value.kind == VALUE_LIST) { // the name comes once for each
            for (uint32_t k = 0; k < part->value.list.count; k++) {
                plain = put_pair(out, part->name, &part->value.list.items[k], is_form) && plain;
            }
        } else if (part->value.kind != VALUE_EMPTY) {
            plain = put_pair(out, part->name, &part->value, is_form) && plain;
        }
    }
    return plain;
}
