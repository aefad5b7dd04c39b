// What a script finds: an environment of its own over libraries that nobody can change.
#include "engine/hooks/hook_internal.h"

// Keys of the registry: their addresses.
static const char FROZEN = 0, GLOBALS = 0;

static int refuse_change(lua_State *lua)
{
    return luaL_error(lua, "the libraries cannot be changed");
}

// The table on top of the stack gives way to an empty one through which it is read.
void sandbox_freeze(lua_State *lua)
{
    lua_newtable(lua);
    lua_createtable(lua, 0, 4);
    lua_pushvalue(lua, -3);
    lua_setfield(lua, -2, "__index");
    lua_pushcfunction(lua, refuse_change);
    lua_setfield(lua, -2, "__newindex");
    lua_pushboolean(lua, 0);
    lua_setfield(lua, -2, "__metatable");
    lua_pushboolean(lua, 1);
    lua_rawsetp(lua, -2, &FROZEN);
    (void)lua_setmetatable(lua, -2);
    lua_remove(lua, -2);
}

bool sandbox_is_frozen(lua_State *lua, int at)
{
    if (!lua_istable(lua, at) || !lua_getmetatable(lua, at)) {
        return false;
    }
    bool frozen = lua_rawgetp(lua, -1, &FROZEN) != LUA_TNIL;
    lua_pop(lua, 2);
    return frozen;
}

static void add_library(lua_State *lua, const char *name, void (*push)(lua_State *lua))
{
    push(lua);
    sandbox_freeze(lua);
    lua_setfield(lua, -2, name);
}

// ("text"):upper() finds the library; arithmetic on texts is not taken over.
static void dress_texts(lua_State *lua)
{
    lua_pushliteral(lua, "");
    lua_createtable(lua, 0, 2);
    lua_getfield(lua, -3, "string");
    lua_setfield(lua, -2, "__index");
    lua_pushboolean(lua, 0);
    lua_setfield(lua, -2, "__metatable");
    (void)lua_setmetatable(lua, -2);
    lua_pop(lua, 1);
}

void sandbox_fill(lua_State *lua)
{
    library_push_base(lua);
    add_library(lua, "string", library_push_text);
    add_library(lua, "table", library_push_table);
    add_library(lua, "math", library_push_math);
    add_library(lua, "utf8", library_push_utf8);
    add_library(lua, "coroutine", library_push_coroutine);
    add_library(lua, "re", regex_push);
    exact_open(lua);
    dress_texts(lua);
    lua_rawsetp(lua, LUA_REGISTRYINDEX, &GLOBALS);
}

void sandbox_push_globals(lua_State *lua)
{
    lua_createtable(lua, 0, 32);
    lua_rawgetp(lua, LUA_REGISTRYINDEX, &GLOBALS);
    lua_pushnil(lua);
    while (lua_next(lua, -2) != 0) {
        lua_pushvalue(lua, -2);
        lua_insert(lua, -2);
        lua_rawset(lua, -5);
    }
    lua_pop(lua, 1);
    lua_pushvalue(lua, -1);
    lua_setfield(lua, -2, "_G");
}
