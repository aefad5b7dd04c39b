#include "engine/cli/wire.h"

#include "base/check.h"
#include "base/limits.h"
#include "base/pack.h"
#include "base/value.h"

struct slice wire_raw(struct slice map, const char *key)
{
    struct slice raw = pack_map_find(map, slice_from_cstr(key));
    struct unpack unpack;
    unpack_init(&unpack, raw);
    return raw.len == 0 || unpack_peek(&unpack) == PACK_NIL ? SLICE_EMPTY : raw;
}

static enum pack_kind kind_of(struct slice raw)
{
    struct unpack unpack;
    unpack_init(&unpack, raw);
    return unpack_peek(&unpack);
}

static uint64_t uint_of(struct slice raw)
{
    struct unpack unpack;
    unpack_init(&unpack, raw);
    uint64_t number = kind_of(raw) == PACK_INTEGER ? unpack_uint(&unpack) : 0;
    return unpack.bad ? 0 : number;
}

uint64_t wire_uint(struct slice map, const char *key) { return uint_of(wire_raw(map, key)); }

bool wire_bool(struct slice map, const char *key)
{
    struct slice raw = wire_raw(map, key);
    struct unpack unpack;
    unpack_init(&unpack, raw);
    return kind_of(raw) == PACK_BOOL && unpack_bool(&unpack);
}

struct slice wire_print(struct slice packed, struct arena *arena)
{
    struct unpack unpack;
    unpack_init(&unpack, packed);
    if (packed.len == 0 || unpack_peek(&unpack) == PACK_NIL) {
        return SLICE_EMPTY;
    }
    if (unpack_peek(&unpack) == PACK_STR) {
        return unpack_str(&unpack);
    }
    if (arena == NULL) {
        return SLICE_EMPTY;
    }
    struct value value = value_unpack(&unpack, arena);
    if (unpack.bad) {
        return SLICE_EMPTY;
    }
    struct buf text;
    buf_init(&text, FRAME_BYTES_MAX);
    value_print(&text, &value);
    struct slice copy = arena_copy(arena, buf_slice(&text));
    buf_done(&text);
    return copy;
}

struct slice wire_text(struct slice map, const char *key, struct arena *arena)
{
    return wire_print(wire_raw(map, key), arena);
}

uint64_t wire_moment(struct slice map, const char *key)
{
    struct slice raw = wire_raw(map, key);
    if (kind_of(raw) != PACK_EXT) {
        return uint_of(raw);
    }
    struct unpack unpack;
    unpack_init(&unpack, raw);
    struct value value = value_unpack(&unpack, NULL);
    return !unpack.bad && value.kind == VALUE_DATETIME && value.number > 0 ? (uint64_t)value.number
                                                                           : 0;
}

static struct wire_list list_begin(struct slice packed, enum pack_kind kind)
{
    struct unpack unpack;
    unpack_init(&unpack, packed);
    if (packed.len == 0 || unpack_peek(&unpack) != kind) {
        return (struct wire_list){ 0 };
    }
    uint32_t count = kind == PACK_MAP ? unpack_map(&unpack) * 2 : unpack_array(&unpack);
    size_t left = (size_t)(unpack.end - unpack.at);
    return (struct wire_list){ slice_sub(packed, packed.len - left, left), unpack.bad ? 0 : count };
}

struct wire_list wire_list(struct slice packed) { return list_begin(packed, PACK_ARRAY); }
struct wire_list wire_pairs(struct slice packed) { return list_begin(packed, PACK_MAP); }

bool wire_next(struct wire_list *list, struct slice *ret_item)
{
    if (list->left == 0) {
        return false;
    }
    struct unpack unpack;
    unpack_init(&unpack, list->rest);
    *ret_item = unpack_raw(&unpack);
    if (unpack.bad) {
        list->left = 0;
        return false;
    }
    list->rest = slice_sub(list->rest, ret_item->len, list->rest.len);
    list->left--;
    return true;
}

uint32_t wire_count(struct slice packed)
{
    enum pack_kind kind = kind_of(packed);
    if (kind == PACK_MAP) {
        return wire_pairs(packed).left / 2;
    }
    return kind == PACK_ARRAY ? wire_list(packed).left : 0;
}

// --- JSON ---------------------------------------------------------------------------------------

static json_t *json_from(struct slice packed, unsigned depth);

static json_t *json_list(struct slice packed, unsigned depth)
{
    json_t *array = json_array();
    struct wire_list list = wire_list(packed);
    struct slice item;
    while (wire_next(&list, &item)) {
        (void)json_array_append_new(array, json_from(item, depth + 1));
    }
    return array;
}

static json_t *json_map(struct slice packed, unsigned depth)
{
    json_t *object = json_object();
    struct arena arena;
    arena_init(&arena, packed.len * 2 + 4096);
    struct wire_list list = wire_pairs(packed);
    struct slice key;
    struct slice value;
    while (wire_next(&list, &key) && wire_next(&list, &value)) {
        char *name = arena_cstr(&arena, wire_print(key, &arena));
        (void)json_object_set_new(object, name, json_from(value, depth + 1));
    }
    arena_done(&arena);
    return object;
}

static json_t *json_text(struct slice packed)
{
    struct arena arena;
    arena_init(&arena, packed.len * 4 + 4096);
    struct slice text = wire_print(packed, &arena);
    json_t *string = json_stringn(text.len > 0 ? text.ptr : "", text.len);
    arena_done(&arena);
    return string != NULL ? string : json_null();
}

static json_t *json_bytes(struct slice packed)
{
    static const char digits[] = "0123456789abcdef";
    struct unpack unpack;
    unpack_init(&unpack, packed);
    struct slice bytes = unpack_bin(&unpack);
    struct buf hex;
    buf_init(&hex, 2 * (size_t)FRAME_BYTES_MAX);
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned byte = (unsigned char)bytes.ptr[i];
        buf_put_char(&hex, digits[byte >> 4]);
        buf_put_char(&hex, digits[byte & 15]);
    }
    json_t *string = json_stringn(hex.len > 0 ? hex.ptr : "", hex.len);
    buf_done(&hex);
    return string;
}

static json_t *json_from(struct slice packed, unsigned depth)
{
    struct unpack unpack;
    unpack_init(&unpack, packed);
    if (packed.len == 0 || depth > PACK_DEPTH_MAX) {
        return json_null();
    }
    switch (unpack_peek(&unpack)) {
    case PACK_NIL:
    case PACK_END: return json_null();
    case PACK_BOOL: return json_boolean(unpack_bool(&unpack));
    case PACK_INTEGER: return json_integer((json_int_t)unpack_int(&unpack));
    case PACK_FLOAT: return json_real(unpack_double(&unpack));
    case PACK_STR:
    case PACK_EXT: return json_text(packed);
    case PACK_BIN: return json_bytes(packed);
    case PACK_ARRAY: return json_list(packed, depth);
    case PACK_MAP: return json_map(packed, depth);
    }
    UNREACHABLE();
}

json_t *wire_json(struct slice packed) { return json_from(packed, 0); }

// --- params -------------------------------------------------------------------------------------

void params_init(struct params *params)
{
    *params = (struct params){ 0 };
    buf_init(&params->body, FRAME_BYTES_MAX);
    buf_init(&params->whole, FRAME_BYTES_MAX);
}

void params_done(struct params *params)
{
    buf_done(&params->body);
    buf_done(&params->whole);
}

void params_reset(struct params *params)
{
    buf_reset(&params->body);
    params->pairs = 0;
}

void params_text(struct params *params, const char *key, struct slice text)
{
    pack_cstr(&params->body, key);
    pack_str(&params->body, text);
    params->pairs++;
}

void params_uint(struct params *params, const char *key, uint64_t number)
{
    pack_cstr(&params->body, key);
    pack_uint(&params->body, number);
    params->pairs++;
}

void params_raw(struct params *params, const char *key, struct slice packed)
{
    pack_cstr(&params->body, key);
    buf_put_slice(&params->body, packed);
    params->pairs++;
}

struct slice params_finish(struct params *params)
{
    buf_reset(&params->whole);
    pack_map(&params->whole, params->pairs);
    buf_put_slice(&params->whole, buf_slice(&params->body));
    bool overflow = params->body.overflow || params->whole.overflow;
    return overflow ? SLICE_EMPTY : buf_slice(&params->whole);
}
