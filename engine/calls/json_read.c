#include <string.h>

#include "base/utf8.h"
#include "engine/calls/json.h"

struct json_reader {
    struct slice text;
    size_t at;
    const struct json_events *events; // NULL: values by their places
    json_value_fn *each;
    void *context;
    struct buf string; // of the value or name read last
    char path[JSON_PATH_BYTES_MAX];
    size_t path_len;
};

static int peek(const struct json_reader *json)
{
    return json->at < json->text.len ? (unsigned char)json->text.ptr[json->at] : -1;
}

static bool take(struct json_reader *json, char wanted)
{
    bool there = peek(json) == (unsigned char)wanted;
    json->at += there ? 1 : 0;
    return there;
}

static void skip_space(struct json_reader *json)
{
    while (peek(json) == ' ' || peek(json) == '\t' || peek(json) == '\n' || peek(json) == '\r') {
        json->at++;
    }
}

// --- strings -------------------------------------------------------------------------------------

static bool read_hex(struct json_reader *json, uint32_t *ret_unit)
{
    *ret_unit = 0;
    for (int i = 0; i < 4; i++) {
        int c = peek(json);
        uint32_t digit = 0;
        if (c >= '0' && c <= '9') {
            digit = (uint32_t)(c - '0');
        } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
            digit = (uint32_t)((c | 0x20) - 'a' + 10);
        } else {
            return false;
        }
        *ret_unit = *ret_unit * 16 + digit;
        json->at++;
    }
    return true;
}

static void put_code(struct buf *buf, uint32_t code)
{
    if (code < 0x80) {
        buf_put_char(buf, (char)code);
        return;
    }
    if (code < 0x800) {
        buf_put_char(buf, (char)(0xc0 | (code >> 6)));
    } else if (code < 0x10000) {
        buf_put_char(buf, (char)(0xe0 | (code >> 12)));
        buf_put_char(buf, (char)(0x80 | ((code >> 6) & 0x3f)));
    } else {
        buf_put_char(buf, (char)(0xf0 | (code >> 18)));
        buf_put_char(buf, (char)(0x80 | ((code >> 12) & 0x3f)));
        buf_put_char(buf, (char)(0x80 | ((code >> 6) & 0x3f)));
    }
    buf_put_char(buf, (char)(0x80 | (code & 0x3f)));
}

static bool read_unicode(struct json_reader *json)
{
    uint32_t high = 0, low = 0;
    if (!read_hex(json, &high)) {
        return false;
    }
    if (high >= 0xd800 && high < 0xdc00) {
        if (!take(json, '\\') || !take(json, 'u') || !read_hex(json, &low) || low < 0xdc00 ||
            low > 0xdfff) {
            return false;
        }
        high = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
    } else if (high >= 0xdc00 && high < 0xe000) {
        return false;
    }
    put_code(&json->string, high);
    return true;
}

static bool read_escape(struct json_reader *json)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    int c = peek(json);
    const char *found = c > 0 ? strchr(from, c) : NULL;
    json->at += c >= 0 ? 1 : 0;
    if (found != NULL) {
        buf_put_char(&json->string, to[found - from]);
        return true;
    }
    return c == 'u' && read_unicode(json);
}

static bool read_string(struct json_reader *json)
{
    buf_reset(&json->string);
    if (!take(json, '"')) {
        return false;
    }
    while (!take(json, '"')) {
        int c = peek(json);
        if (c < 0x20) {
            return false; // the end of the text, or a bare control character
        }
        json->at++;
        if (c != '\\') {
            buf_put_char(&json->string, (char)c);
        } else if (!read_escape(json)) {
            return false;
        }
    }
    return utf8_valid(buf_slice(&json->string));
}

// --- numbers and words ---------------------------------------------------------------------------

static bool read_digits(struct json_reader *json)
{
    size_t begin = json->at;
    while (peek(json) >= '0' && peek(json) <= '9') {
        json->at++;
    }
    return json->at > begin;
}

static bool read_number(struct json_reader *json)
{
    (void)take(json, '-');
    if (!take(json, '0') && !read_digits(json)) {
        return false;
    }
    if (take(json, '.') && !read_digits(json)) {
        return false;
    }
    if (peek(json) == 'e' || peek(json) == 'E') {
        json->at++;
        if (!take(json, '+')) {
            (void)take(json, '-');
        }
        return read_digits(json);
    }
    return true;
}

static bool read_word(struct json_reader *json, struct slice word)
{
    if (!slice_starts(slice_sub(json->text, json->at, word.len), word)) {
        return false;
    }
    json->at += word.len;
    return true;
}

static void tell(struct json_reader *json, enum json_kind kind, struct slice text)
{
    if (json->events != NULL) {
        json->events->value(json->context, kind, text);
    } else {
        json->each(json->context, slice_make(json->path, json->path_len), kind, text);
    }
}

static bool read_single(struct json_reader *json)
{
    size_t begin = json->at;
    enum json_kind kind = JSON_NUMBER;
    bool good = false;
    switch (peek(json)) {
    case '"':
        good = read_string(json);
        if (good) {
            tell(json, JSON_STRING, buf_slice(&json->string));
        }
        return good;
    case 't': kind = JSON_BOOL; good = read_word(json, SLICE("true")); break;
    case 'f': kind = JSON_BOOL; good = read_word(json, SLICE("false")); break;
    case 'n': kind = JSON_NULL; good = read_word(json, SLICE("null")); break;
    default: good = read_number(json); break;
    }
    if (good) {
        tell(json, kind, slice_sub(json->text, begin, json->at - begin));
    }
    return good;
}

// --- objects and arrays --------------------------------------------------------------------------

static bool enter(struct json_reader *json, struct slice name)
{
    if (json->events != NULL) {
        return true;
    }
    size_t point = json->path_len > 0 ? 1 : 0;
    if (name.len + point > sizeof(json->path) - json->path_len) {
        return false;
    }
    if (point == 1) {
        json->path[json->path_len++] = '.';
    }
    if (name.len > 0) {
        memcpy(json->path + json->path_len, name.ptr, name.len);
        json->path_len += name.len;
    }
    return true;
}

struct level {
    bool is_array;
    uint32_t count;
    size_t path_len; // of what is around
};

// To the next member of the level: its name or position joins the path.
static bool begin_member(struct json_reader *json, struct level *level)
{
    json->path_len = level->path_len;
    if (level->is_array) {
        char digits[16];
        size_t len = 0;
        uint32_t rest = level->count;
        do {
            digits[sizeof(digits) - ++len] = (char)('0' + rest % 10);
            rest /= 10;
        } while (rest > 0);
        level->count++;
        return enter(json, slice_make(digits + sizeof(digits) - len, len));
    }
    skip_space(json);
    if (!read_string(json) || !enter(json, buf_slice(&json->string))) {
        return false;
    }
    if (json->events != NULL) {
        json->events->name(json->context, buf_slice(&json->string));
    }
    level->count++;
    skip_space(json);
    return take(json, ':');
}

static void tell_level(struct json_reader *json, bool is_array, bool begins)
{
    if (json->events != NULL && begins) {
        json->events->begin(json->context, is_array);
    } else if (json->events != NULL) {
        json->events->end(json->context);
    }
}

static bool read_all(struct json_reader *json)
{
    struct level levels[JSON_DEPTH_MAX];
    uint32_t depth = 0;
    for (;;) {
        skip_space(json);
        int c = peek(json);
        if (c == '{' || c == '[') {
            if (depth == JSON_DEPTH_MAX) {
                return false;
            }
            levels[depth++] = (struct level){ c == '[', 0, json->path_len };
            json->at++;
            tell_level(json, c == '[', true);
            skip_space(json);
            if (peek(json) != (c == '[' ? ']' : '}')) {
                if (!begin_member(json, &levels[depth - 1])) {
                    return false;
                }
                continue;
            }
        } else if (!read_single(json)) {
            return false;
        }
        // A value has ended; so may have what is around it.
        for (skip_space(json); depth > 0; skip_space(json)) {
            struct level *level = &levels[depth - 1];
            if (take(json, ',')) {
                break;
            }
            if (!take(json, level->is_array ? ']' : '}')) {
                return false;
            }
            json->path_len = level->path_len;
            depth--;
            tell_level(json, false, false);
        }
        if (depth == 0) {
            return json->at == json->text.len;
        }
        if (!begin_member(json, &levels[depth - 1])) {
            return false;
        }
    }
}

static bool read_text(struct json_reader *json, size_t *ret_offset)
{
    buf_init(&json->string, json->text.len + 4);
    bool good = read_all(json);
    if (ret_offset != NULL) {
        *ret_offset = json->at;
    }
    buf_done(&json->string);
    return good;
}

bool json_read(struct slice text, json_value_fn *each, void *context, size_t *ret_offset)
{
    struct json_reader json = { .text = text, .each = each, .context = context };
    return read_text(&json, ret_offset);
}

bool json_walk(struct slice text, const struct json_events *events, void *context)
{
    struct json_reader json = { .text = text, .events = events, .context = context };
    return read_text(&json, NULL);
}
