// The libraries that scripts have: Lua's own, less what reaches the world, depends on addresses or
// on the order of a hash, or works for long without the machine counting it.
#include <lualib.h>
#include <string.h>

#include "engine/hooks/hook_internal.h"

// Copies the named fields of the table at `from` into the one on top.
static void copy_fields(lua_State *lua, int from, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        lua_getfield(lua, from, names[i]);
        lua_setfield(lua, -2, names[i]);
    }
}

static void push_part_of(lua_State *lua, const char *library, lua_CFunction open,
                         const char *const *names, size_t count)
{
    luaL_requiref(lua, library, open, 0);
    int from = lua_gettop(lua);
    lua_createtable(lua, 0, (int)count + 8);
    copy_fields(lua, from, names, count);
    lua_remove(lua, from);
}

#define PUSH_PART(lua, library, open, names)                                                       \
    push_part_of(lua, library, open, names, sizeof(names) / sizeof((names)[0]))

// --- base ----------------------------------------------------------------------------------------

// What people see of a value: never an address.
static void push_plain(lua_State *lua, int at)
{
    int type = lua_type(lua, at);
    bool named = luaL_getmetafield(lua, at, "__tostring") != LUA_TNIL;
    if (named) {
        lua_pop(lua, 1);
    }
    if (named || type == LUA_TNIL || type == LUA_TBOOLEAN || type == LUA_TNUMBER ||
        type == LUA_TSTRING) {
        (void)luaL_tolstring(lua, at, NULL);
    } else {
        lua_pushstring(lua, lua_typename(lua, type));
    }
}

static int base_tostring(lua_State *lua)
{
    luaL_checkany(lua, 1);
    push_plain(lua, 1);
    return 1;
}

static int base_setmetatable(lua_State *lua)
{
    luaL_checktype(lua, 1, LUA_TTABLE);
    luaL_argexpected(lua, lua_isnil(lua, 2) || lua_istable(lua, 2), 2, "nil or table");
    if (luaL_getmetafield(lua, 1, "__metatable") != LUA_TNIL) {
        return luaL_error(lua, "this metatable cannot be changed");
    }
    static const char *const refused[] = { "__gc", "__mode" };
    for (size_t i = 0; i < 2 && lua_istable(lua, 2); i++) {
        lua_pushstring(lua, refused[i]);
        if (lua_rawget(lua, 2) != LUA_TNIL) {
            return luaL_error(lua, "`%s` is not for hooks", refused[i]);
        }
        lua_pop(lua, 1);
    }
    lua_settop(lua, 2);
    (void)lua_setmetatable(lua, 1);
    return 1;
}

static int base_rawset(lua_State *lua)
{
    luaL_checktype(lua, 1, LUA_TTABLE);
    luaL_checkany(lua, 2);
    luaL_checkany(lua, 3);
    if (sandbox_is_frozen(lua, 1)) {
        return luaL_error(lua, "the libraries cannot be changed");
    }
    lua_settop(lua, 3);
    lua_rawset(lua, 1);
    return 1;
}

// --- pairs, in the order of the keys -------------------------------------------------------------

// Numbers before texts before the two truths.
static int key_class(lua_State *lua, int at)
{
    switch (lua_type(lua, at)) {
    case LUA_TNUMBER: return 0;
    case LUA_TSTRING: return 1;
    case LUA_TBOOLEAN: return 2;
    default: return 3;
    }
}

static bool key_before(lua_State *lua, int a, int b)
{
    int class_a = key_class(lua, a);
    int class_b = key_class(lua, b);
    if (class_a != class_b) {
        return class_a < class_b;
    }
    if (class_a == 2) {
        return lua_toboolean(lua, a) < lua_toboolean(lua, b);
    }
    return lua_compare(lua, a, b, LUA_OPLT) != 0;
}

// Merge sort of the list at `list` [first, last), by way of the one at `spare`: the keys differ, so
// no order needs to be kept among equals. Depth: log2 of the keys.
static void sort_keys(lua_State *lua, int list, int spare, lua_Integer first, lua_Integer last)
{
    if (last - first < 2) {
        return;
    }
    lua_Integer middle = first + (last - first) / 2;
    sort_keys(lua, list, spare, first, middle);
    sort_keys(lua, list, spare, middle, last);
    lua_Integer a = first;
    lua_Integer b = middle;
    for (lua_Integer to = first; to < last; to++) {
        bool take_a = b >= last;
        if (a < middle && b < last) {
            lua_rawgeti(lua, list, a);
            lua_rawgeti(lua, list, b);
            take_a = key_before(lua, -2, -1);
            lua_pop(lua, 2);
        }
        lua_rawgeti(lua, list, take_a ? a++ : b++);
        lua_rawseti(lua, spare, to);
    }
    for (lua_Integer i = first; i < last; i++) {
        lua_rawgeti(lua, spare, i);
        lua_rawseti(lua, list, i);
    }
}

// Upvalues: table, list of keys, number of keys, how many were given.
static int next_pair(lua_State *lua)
{
    lua_Integer count = lua_tointeger(lua, lua_upvalueindex(3));
    lua_Integer at = lua_tointeger(lua, lua_upvalueindex(4));
    while (at < count) {
        lua_rawgeti(lua, lua_upvalueindex(2), ++at);
        lua_pushvalue(lua, -1);
        if (lua_rawget(lua, lua_upvalueindex(1)) != LUA_TNIL) { // else: taken out meanwhile
            lua_pushinteger(lua, at);
            lua_replace(lua, lua_upvalueindex(4));
            return 2;
        }
        lua_pop(lua, 2);
    }
    lua_pushinteger(lua, at);
    lua_replace(lua, lua_upvalueindex(4));
    lua_pushnil(lua);
    return 1;
}

static int base_pairs(lua_State *lua)
{
    luaL_checktype(lua, 1, LUA_TTABLE);
    lua_settop(lua, 1);
    if (sandbox_is_frozen(lua, 1)) {
        (void)luaL_getmetafield(lua, 1, "__index");
        lua_replace(lua, 1);
    }
    lua_newtable(lua); // 2: keys
    lua_newtable(lua); // 3: spare
    lua_Integer count = 0;
    lua_pushnil(lua);
    while (lua_next(lua, 1) != 0) {
        lua_pop(lua, 1);
        if (key_class(lua, -1) == 3) {
            return luaL_error(lua, "pairs has no order for a key that is a %s",
                              luaL_typename(lua, -1));
        }
        lua_pushvalue(lua, -1);
        lua_rawseti(lua, 2, ++count);
    }
    uint64_t work = 0;
    for (uint64_t n = (uint64_t)count; n > 0; n /= 2) {
        work += (uint64_t)count;
    }
    hook_spend(lua, work);
    sort_keys(lua, 2, 3, 1, count + 1);
    lua_settop(lua, 2);
    lua_pushinteger(lua, count);
    lua_pushinteger(lua, 0);
    lua_pushcclosure(lua, next_pair, 4);
    return 1;
}

void library_push_base(lua_State *lua)
{
    static const char *const names[] = { "assert",   "error",  "getmetatable", "ipairs",
                                         "pcall",    "rawequal", "rawget",     "rawlen",
                                         "select",   "tonumber", "type" };
    static const luaL_Reg own[] = { { "pairs", base_pairs },
                                    { "rawset", base_rawset },
                                    { "setmetatable", base_setmetatable },
                                    { "tostring", base_tostring },
                                    { NULL, NULL } };
    luaL_requiref(lua, "_G", luaopen_base, 0);
    int from = lua_gettop(lua);
    lua_createtable(lua, 0, 32);
    copy_fields(lua, from, names, sizeof(names) / sizeof(names[0]));
    luaL_setfuncs(lua, own, 0);
    lua_remove(lua, from);
}

// --- texts ---------------------------------------------------------------------------------------

// string.find(text, what [, from]): plain. What it can take at worst is charged.
static int text_find(lua_State *lua)
{
    size_t len = 0;
    size_t what_len = 0;
    const char *text = luaL_checklstring(lua, 1, &len);
    const char *what = luaL_checklstring(lua, 2, &what_len);
    lua_Integer from = luaL_optinteger(lua, 3, 1);
    hook_spend(lua, (uint64_t)len * (what_len + 1) / 256);
    from = from < 0 ? (lua_Integer)len + from + 1 : from;
    for (size_t at = from < 1 ? 0 : (size_t)from - 1; at <= len && what_len <= len - at; at++) {
        if (what_len == 0 || memcmp(text + at, what, what_len) == 0) {
            lua_pushinteger(lua, (lua_Integer)at + 1);
            lua_pushinteger(lua, (lua_Integer)(at + what_len));
            return 2;
        }
    }
    lua_pushnil(lua);
    return 1;
}

// string.format, less what shows an address (%p, and %s of what has no text).
static int text_format(lua_State *lua)
{
    size_t len = 0;
    const char *format = luaL_checklstring(lua, 1, &len);
    for (size_t i = 0; i + 1 < len; i++) {
        if (format[i] != '%') {
            continue;
        }
        i++;
        while (i < len && strchr("-+ #0123456789.", format[i]) != NULL && format[i] != '\0') {
            i++;
        }
        if (i < len && (format[i] == 'p' || format[i] == 'a' || format[i] == 'A')) {
            return luaL_error(lua, "string.format does not know %%%c here", format[i]);
        }
    }
    for (int i = 2; i <= lua_gettop(lua); i++) {
        int type = lua_type(lua, i);
        if (type != LUA_TNUMBER && type != LUA_TSTRING && type != LUA_TBOOLEAN &&
            type != LUA_TNIL) {
            push_plain(lua, i);
            lua_replace(lua, i);
        }
    }
    int count = lua_gettop(lua);
    lua_pushvalue(lua, lua_upvalueindex(1));
    lua_insert(lua, 1);
    lua_call(lua, count, 1);
    return 1;
}

void library_push_text(lua_State *lua)
{
    static const char *const names[] = { "byte", "char",    "len", "lower",
                                         "rep",  "reverse", "sub", "upper" };
    PUSH_PART(lua, "string", luaopen_string, names);
    lua_pushcfunction(lua, text_find);
    lua_setfield(lua, -2, "find");
    luaL_requiref(lua, "string", luaopen_string, 0);
    lua_getfield(lua, -1, "format");
    lua_remove(lua, -2);
    lua_pushcclosure(lua, text_format, 1);
    lua_setfield(lua, -2, "format");
}

// --- tables --------------------------------------------------------------------------------------

// Upvalue: Lua's own function. What it does is charged by the table's length before it is done.
static int charged(lua_State *lua, unsigned factor)
{
    luaL_checkany(lua, 1);
    lua_Integer len = lua_istable(lua, 1) ? luaL_len(lua, 1) : 0;
    uint64_t rows = len > 0 ? (uint64_t)len : 0;
    hook_spend(lua, rows / 4 * factor);
    int count = lua_gettop(lua);
    lua_pushvalue(lua, lua_upvalueindex(1));
    lua_insert(lua, 1);
    lua_call(lua, count, LUA_MULTRET);
    return lua_gettop(lua);
}

static int table_once(lua_State *lua) { return charged(lua, 1); }
static int table_often(lua_State *lua) { return charged(lua, 64); }

// table.move(from, first, last, to [, into]): charged by how much it moves.
static int table_moved(lua_State *lua)
{
    lua_Integer first = luaL_checkinteger(lua, 2);
    lua_Integer last = luaL_checkinteger(lua, 3);
    uint64_t rows = last >= first ? (uint64_t)last - (uint64_t)first : 0;
    hook_spend(lua, rows);
    int count = lua_gettop(lua);
    lua_pushvalue(lua, lua_upvalueindex(1));
    lua_insert(lua, 1);
    lua_call(lua, count, LUA_MULTRET);
    return lua_gettop(lua);
}

void library_push_table(lua_State *lua)
{
    static const char *const names[] = { "pack", "unpack" };
    static const struct {
        const char *name;
        lua_CFunction around;
    } wrapped[] = { { "insert", table_once }, { "remove", table_once }, { "concat", table_once },
                    { "sort", table_often },  { "move", table_moved } };
    PUSH_PART(lua, "table", luaopen_table, names);
    luaL_requiref(lua, "table", luaopen_table, 0);
    for (size_t i = 0; i < sizeof(wrapped) / sizeof(wrapped[0]); i++) {
        lua_getfield(lua, -1, wrapped[i].name);
        lua_pushcclosure(lua, wrapped[i].around, 1);
        lua_setfield(lua, -3, wrapped[i].name);
    }
    lua_pop(lua, 1);
}

// --- numbers -------------------------------------------------------------------------------------

// math.random([m [, n]]) from the seed of the call.
static int math_random(lua_State *lua)
{
    struct prng *prng = &hook_of(lua)->prng;
    int count = lua_gettop(lua);
    if (count == 0) {
        lua_pushnumber(lua, (lua_Number)(prng_next(prng) >> 11) * (1.0 / 9007199254740992.0));
        return 1;
    }
    lua_Integer low = count > 1 ? luaL_checkinteger(lua, 1) : 1;
    lua_Integer high = luaL_checkinteger(lua, count > 1 ? 2 : 1);
    luaL_argcheck(lua, low <= high, count > 1 ? 2 : 1, "nothing lies between");
    uint64_t span = (uint64_t)high - (uint64_t)low;
    uint64_t drawn = span == UINT64_MAX ? prng_next(prng) : prng_below(prng, span + 1);
    lua_pushinteger(lua, (lua_Integer)((uint64_t)low + drawn));
    return 1;
}

void library_push_math(lua_State *lua)
{
    static const char *const names[] = { "abs",  "ceil", "floor",     "fmod",       "huge",
                                         "max",  "min",  "modf",      "maxinteger", "mininteger",
                                         "pi",   "sqrt", "tointeger", "type",       "ult" };
    PUSH_PART(lua, "math", luaopen_math, names);
    lua_pushcfunction(lua, math_random);
    lua_setfield(lua, -2, "random");
}

void library_push_utf8(lua_State *lua)
{
    static const char *const names[] = { "char", "charpattern", "codepoint",
                                         "codes", "len",        "offset" };
    PUSH_PART(lua, "utf8", luaopen_utf8, names);
}

void library_push_coroutine(lua_State *lua)
{
    static const char *const names[] = { "create", "isyieldable", "resume", "status", "wrap",
                                         "yield" };
    PUSH_PART(lua, "coroutine", luaopen_coroutine, names);
}
