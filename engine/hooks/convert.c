// Values of cases to values of Lua, and back.
#include "base/buf.h"
#include "base/check.h"
#include "base/utf8.h"
#include "engine/hooks/hook_internal.h"

enum { SHOWN_BYTES_MAX = 100 };

static void push_printed(lua_State *lua, const struct value *value)
{
    struct buf buf;
    buf_init(&buf, SHOWN_BYTES_MAX);
    value_print(&buf, value);
    lua_pushlstring(lua, buf.ptr, buf.len);
    buf_done(&buf);
}

// Depth: VALUE_DEPTH_MAX, which every value keeps.
void convert_push(lua_State *lua, const struct value *value)
{
    luaL_checkstack(lua, 4, "nested values");
    switch ((enum value_kind)value->kind) {
    case VALUE_EMPTY: lua_pushnil(lua); return;
    case VALUE_BOOL: lua_pushboolean(lua, value->yes); return;
    case VALUE_INTEGER: lua_pushinteger(lua, value->number); return;
    case VALUE_TEXT: lua_pushlstring(lua, value->text.ptr, value->text.len); return;
    case VALUE_DECIMAL:
    case VALUE_MONEY: exact_push(lua, value); return;
    case VALUE_DATE:
    case VALUE_TIME:
    case VALUE_DATETIME:
    case VALUE_DURATION:
    case VALUE_USER:
    case VALUE_REF: push_printed(lua, value); return;
    case VALUE_LIST:
        lua_createtable(lua, (int)value->list.count, 0);
        for (uint32_t i = 0; i < value->list.count; i++) {
            convert_push(lua, &value->list.items[i]);
            lua_rawseti(lua, -2, (lua_Integer)i + 1);
        }
        return;
    case VALUE_RECORD:
        lua_createtable(lua, 0, (int)value->record.count);
        for (uint32_t i = 0; i < value->record.count; i++) {
            const struct value_part *part = &value->record.parts[i];
            lua_pushlstring(lua, part->name.ptr, part->name.len);
            convert_push(lua, &part->value);
            lua_rawset(lua, -3);
        }
        return;
    }
    UNREACHABLE();
}

static const char *take(lua_State *lua, int at, unsigned depth, struct arena *arena,
                        struct value *ret_value);

static const char *take_number(lua_State *lua, int at, struct value *ret_value)
{
    int whole = 0;
    lua_Integer number = lua_tointegerx(lua, at, &whole);
    if (whole == 0) {
        return "a broken number, which is not exact; write dec(\"…\")";
    }
    *ret_value = value_integer(number);
    return NULL;
}

static const char *take_list(lua_State *lua, int at, lua_Unsigned count, unsigned depth,
                             struct arena *arena, struct value *ret_value)
{
    struct value *items = ARENA_ARRAY(arena, struct value, count + 1);
    for (lua_Unsigned i = 0; i < count; i++) {
        lua_rawgeti(lua, at, (lua_Integer)i + 1);
        const char *wrong = take(lua, lua_gettop(lua), depth, arena, &items[i]);
        lua_pop(lua, 1);
        if (wrong != NULL) {
            return wrong;
        }
    }
    *ret_value = (struct value){ .kind = VALUE_LIST };
    ret_value->list.items = items;
    ret_value->list.count = (uint32_t)count;
    return NULL;
}

static void sort_parts(struct value_part *parts, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        struct value_part part = parts[i];
        uint32_t to = i;
        for (; to > 0 && slice_compare(parts[to - 1].name, part.name) > 0; to--) {
            parts[to] = parts[to - 1];
        }
        parts[to] = part;
    }
}

// In the order of names: that of the hash differs from run to run.
static const char *take_record(lua_State *lua, int at, unsigned depth, struct arena *arena,
                               struct value *ret_value)
{
    enum { PARTS_MAX = 64 };
    struct value_part *parts = ARENA_ARRAY(arena, struct value_part, PARTS_MAX);
    uint32_t count = 0;
    lua_pushnil(lua);
    while (lua_next(lua, at) != 0) {
        size_t len = 0;
        if (lua_type(lua, -2) != LUA_TSTRING) {
            return "a table that is neither a list (1, 2, 3 …) nor a record (names)";
        }
        if (count == PARTS_MAX) {
            return "a record of more than 64 parts";
        }
        const char *name = lua_tolstring(lua, -2, &len);
        parts[count].name = arena_copy(arena, slice_make(name, len));
        const char *wrong = take(lua, lua_gettop(lua), depth, arena, &parts[count].value);
        if (wrong != NULL) {
            return wrong;
        }
        count++;
        lua_pop(lua, 1);
    }
    sort_parts(parts, count);
    *ret_value = (struct value){ .kind = VALUE_RECORD };
    ret_value->record.parts = parts;
    ret_value->record.count = count;
    return NULL;
}

static const char *take_table(lua_State *lua, int at, unsigned depth, struct arena *arena,
                              struct value *ret_value)
{
    lua_Unsigned count = lua_rawlen(lua, at);
    if (depth == 0) {
        return "tables that are nested too deep";
    }
    if (count > HOOK_RESULT_ITEMS_MAX) {
        return "a list that is too long";
    }
    lua_Unsigned keys = 0;
    lua_pushnil(lua);
    while (lua_next(lua, at) != 0) {
        keys++;
        lua_pop(lua, keys > count ? 2 : 1);
        if (keys > count) { // the key went too: enough is known
            break;
        }
    }
    if (keys == count) {
        return take_list(lua, at, count, depth - 1, arena, ret_value);
    }
    return take_record(lua, at, depth - 1, arena, ret_value);
}

// Depth: HOOK_DEPTH_MAX.
static const char *take(lua_State *lua, int at, unsigned depth, struct arena *arena,
                        struct value *ret_value)
{
    size_t len = 0;
    const struct value *exact = exact_at(lua, at);
    luaL_checkstack(lua, 6, "nested values");
    *ret_value = value_empty();
    if (exact != NULL) {
        *ret_value = *exact;
        return NULL;
    }
    switch (lua_type(lua, at)) {
    case LUA_TNIL: return NULL;
    case LUA_TBOOLEAN: *ret_value = value_bool(lua_toboolean(lua, at) != 0); return NULL;
    case LUA_TNUMBER: return take_number(lua, at, ret_value);
    case LUA_TSTRING: {
        const char *text = lua_tolstring(lua, at, &len);
        struct slice slice = slice_make(text, len);
        if (!utf8_valid(slice)) {
            return "a text that is not UTF-8";
        }
        *ret_value = value_text(arena_copy(arena, slice));
        return NULL;
    }
    case LUA_TTABLE: return take_table(lua, at, depth, arena, ret_value);
    default: return "something that is no value (a function or a coroutine)";
    }
}

const char *convert_take(lua_State *lua, int at, struct arena *arena, struct value *ret_value)
{
    return take(lua, lua_absindex(lua, at), HOOK_DEPTH_MAX, arena, ret_value);
}
