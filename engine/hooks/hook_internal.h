// What the files of the sandbox share. Includable only inside engine/hooks.
#ifndef RUNG_ENGINE_HOOKS_HOOK_INTERNAL_H
#define RUNG_ENGINE_HOOKS_HOOK_INTERNAL_H

#include <lauxlib.h>
#include <lua.h>

#include "base/prng.h"
#include "engine/hooks/hook.h"

enum { HOOK_CHUNKS_MAX = 64, HOOK_COUNT = 500 }; // compiled texts kept; instructions a look

struct hook_chunk {
    size_t len;
    int text, function; // references in the registry
};

// A line that was being run.
struct hook_place {
    char file[LUA_IDSIZE];
    int line, function; // where that function begins
};
enum { HOOK_PLACES_MAX = 8 };

struct hook_box {
    lua_State *lua; // NULL: made at the next call
    struct hook_chunk chunks[HOOK_CHUNKS_MAX];
    uint32_t chunk_count;
    bool limited;      // within a call: the bounds count
    bool out_of_work;  // … and one was reached
    bool out_of_bytes;
    int64_t left;      // instructions
    int begins;        // the line of the function that was asked; 0: it came to none
    struct hook_place way[HOOK_PLACES_MAX]; // to where the work was used up, innermost first
    uint32_t way_count;
    uint64_t bytes;    // asked for
    struct prng prng;
};

static inline struct hook_box *hook_of(lua_State *lua)
{
    return *(struct hook_box **)lua_getextraspace(lua);
}
// Takes `work` instructions from the budget; does not return when it is spent.
void hook_spend(lua_State *lua, uint64_t work);

// hook.c: an empty state. sandbox.c: the rest.
lua_State *sandbox_new(struct hook_box *box);
void sandbox_fill(lua_State *lua); // its libraries; may raise an error
// Pushes a fresh environment.
void sandbox_push_globals(lua_State *lua);
bool sandbox_is_frozen(lua_State *lua, int at); // a library, as scripts see it
void sandbox_freeze(lua_State *lua);            // the table on top gives way to what scripts see
// library.c: each pushes a library's table.
void library_push_base(lua_State *lua);
void library_push_text(lua_State *lua);
void library_push_table(lua_State *lua);
void library_push_math(lua_State *lua);
void library_push_utf8(lua_State *lua);
void library_push_coroutine(lua_State *lua);
void regex_push(lua_State *lua);
// exact.c: decimals and money.
void exact_open(lua_State *lua); // adds `dec` and `money` to the table on top
void exact_push(lua_State *lua, const struct value *value);
const struct value *exact_at(lua_State *lua, int at); // NULL: it is none
// convert.c
void convert_push(lua_State *lua, const struct value *value);
// NULL: done; else what is wrong with the value at `at`.
const char *convert_take(lua_State *lua, int at, struct arena *arena, struct value *ret_value);

#endif
