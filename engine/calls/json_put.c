#include <inttypes.h>

#include "base/value.h"
#include "engine/calls/json.h"

static void put_string(struct buf *out, struct slice text)
{
    buf_put_char(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c == '"' || c == '\\') {
            buf_put_char(out, '\\');
            buf_put_char(out, (char)c);
        } else if (c < 0x20 || c == 0x7f) {
            buf_format(out, "\\u%04x", c);
        } else {
            buf_put_char(out, (char)c);
        }
    }
    buf_put_char(out, '"');
}

static void put_moment(struct buf *out, int64_t ms)
{
    enum { DAY_MS = 24 * 3600 * 1000 };
    int64_t days = ms / DAY_MS, rest = ms % DAY_MS;
    if (rest < 0) {
        days--;
        rest += DAY_MS;
    }
    int64_t year = 0;
    unsigned month = 0, day = 0;
    civil_from_days(days, &year, &month, &day);
    buf_format(out, "%04" PRId64 "-%02u-%02uT%02d:%02d:%02d", year, month, day,
               (int)(rest / 3600000), (int)(rest / 60000 % 60), (int)(rest / 1000 % 60));
    if (rest % 1000 != 0) {
        buf_format(out, ".%03d", (int)(rest % 1000));
    }
    buf_put_char(out, 'Z');
}

static void put_printed(struct buf *out, const struct value *value)
{
    struct buf text;
    buf_init(&text, 4096);
    value_print(&text, value);
    put_string(out, buf_slice(&text));
    buf_done(&text);
}

static void put_members(struct buf *out, const struct value *value)
{
    bool list = value->kind == VALUE_LIST;
    uint32_t count = list ? value->list.count : value->record.count;
    buf_put_char(out, list ? '[' : '{');
    for (uint32_t i = 0; i < count; i++) {
        buf_put_cstr(out, i > 0 ? "," : "");
        if (list) {
            json_put_value(out, &value->list.items[i]);
        } else {
            put_string(out, value->record.parts[i].name);
            buf_put_char(out, ':');
            json_put_value(out, &value->record.parts[i].value);
        }
    }
    buf_put_char(out, list ? ']' : '}');
}

void json_put_value(struct buf *out, const struct value *value)
{
    switch ((enum value_kind)value->kind) {
    case VALUE_EMPTY: buf_put_cstr(out, "null"); break;
    case VALUE_BOOL: buf_put_cstr(out, value->yes ? "true" : "false"); break;
    case VALUE_INTEGER:
    case VALUE_USER:
    case VALUE_REF: buf_format(out, "%" PRId64, value->number); break;
    case VALUE_DECIMAL: value_print(out, value); break;
    case VALUE_TEXT: put_string(out, value->text); break;
    case VALUE_DATETIME:
        buf_put_char(out, '"');
        put_moment(out, value->number);
        buf_put_char(out, '"');
        break;
    case VALUE_LIST:
    case VALUE_RECORD: put_members(out, value); break;
    case VALUE_MONEY:
    case VALUE_DATE:
    case VALUE_TIME:
    case VALUE_DURATION: put_printed(out, value); break;
    }
}

bool json_put_plain(struct buf *out, const struct value *value)
{
    switch ((enum value_kind)value->kind) {
    case VALUE_EMPTY: return true;
    case VALUE_TEXT: buf_put_slice(out, value->text); return true;
    case VALUE_DATETIME: put_moment(out, value->number); return true;
    case VALUE_BOOL:
    case VALUE_INTEGER:
    case VALUE_USER:
    case VALUE_REF: json_put_value(out, value); return true;
    case VALUE_DECIMAL:
    case VALUE_MONEY:
    case VALUE_DATE:
    case VALUE_TIME:
    case VALUE_DURATION: value_print(out, value); return true;
    case VALUE_LIST:
    case VALUE_RECORD: return false;
    }
    return false;
}

bool json_put_form(struct buf *out, struct slice form, struct arena *arena)
{
    struct unpack unpack;
    unpack_init(&unpack, form);
    uint32_t pairs = unpack_map(&unpack);
    buf_put_char(out, '{');
    for (uint32_t i = 0; i < pairs && !unpack.bad; i++) {
        buf_put_cstr(out, i > 0 ? "," : "");
        put_string(out, unpack_str(&unpack));
        buf_put_char(out, ':');
        struct value value = value_unpack(&unpack, arena);
        json_put_value(out, &value);
    }
    buf_put_char(out, '}');
    return !unpack.bad;
}
