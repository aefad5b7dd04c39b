#include "engine/hooks/hook.h"

#include <lualib.h>

#include "base/check.h"
#include "base/mem.h"
#include "engine/hooks/hook_internal.h"

// --- the bounds ----------------------------------------------------------------------------------

// Read without asking Lua for memory, which may be used up as well.
static void note_way(lua_State *lua, struct hook_box *box)
{
    lua_Debug at;
    for (int level = 0; box->way_count < HOOK_PLACES_MAX && lua_getstack(lua, level, &at) != 0;
         level++) {
        struct hook_place *place = &box->way[box->way_count];
        if (lua_getinfo(lua, "Sl", &at) != 0 && at.currentline > 0) {
            memcpy(place->file, at.short_src, sizeof(place->file));
            place->line = at.currentline;
            place->function = at.linedefined;
            box->way_count++;
        }
    }
}

// Once the budget is spent every further instruction fails, so that no pcall can swallow it.
static void out_of_work(lua_State *lua)
{
    struct hook_box *box = hook_of(lua);
    if (!box->out_of_work) {
        note_way(lua, box);
    }
    box->out_of_work = true;
    luaL_error(lua, "more than %d instructions", HOOK_INSTRUCTIONS_MAX);
}

static void on_count(lua_State *lua, lua_Debug *debug)
{
    struct hook_box *box = hook_of(lua);
    CHECK(debug != NULL);
    box->left -= lua_gethookcount(lua);
    if (box->left <= 0) {
        lua_sethook(lua, on_count, LUA_MASKCOUNT, 1);
        out_of_work(lua);
    }
}

void hook_spend(lua_State *lua, uint64_t work)
{
    struct hook_box *box = hook_of(lua);
    box->left -= work < HOOK_INSTRUCTIONS_MAX ? (int64_t)work : HOOK_INSTRUCTIONS_MAX;
    if (box->left <= 0 && box->limited) {
        lua_sethook(lua, on_count, LUA_MASKCOUNT, 1);
        out_of_work(lua);
    }
}

// What is given back does not count: nothing is collected during a call, so how far a script comes
// does not depend on when a collector runs.
static void *allocate(void *context, void *old, size_t old_bytes, size_t bytes)
{
    struct hook_box *box = context;
    size_t had = old != NULL ? old_bytes : 0;
    if (bytes == 0) {
        mem_free(old);
        return NULL;
    }
    if (box->limited && bytes > had) {
        box->bytes += bytes - had;
        if (bytes > HOOK_BLOCK_BYTES_MAX || box->bytes > HOOK_BYTES_MAX) {
            box->out_of_bytes = true;
            return NULL;
        }
    }
    return mem_grow(old, bytes);
}

lua_State *sandbox_new(struct hook_box *box)
{
    lua_State *lua = lua_newstate(allocate, box);
    CHECK(lua != NULL); // the heap's door never gives nothing, and nothing is limited yet
    *(struct hook_box **)lua_getextraspace(lua) = box;
    return lua;
}

// --- the box -------------------------------------------------------------------------------------

struct hook_box *hook_box_new(void) { return mem_zalloc(sizeof(struct hook_box)); }

static void throw_away(struct hook_box *box)
{
    box->limited = false;
    if (box->lua != NULL) {
        lua_close(box->lua);
    }
    box->lua = NULL;
    box->chunk_count = 0;
}

void hook_box_free(struct hook_box *box)
{
    if (box != NULL) {
        throw_away(box);
        mem_free(box);
    }
}

static int fill_state(lua_State *lua)
{
    sandbox_fill(lua);
    return 0;
}

static void begin(struct hook_box *box, uint64_t seed)
{
    if (box->lua == NULL) {
        box->lua = sandbox_new(box);
        lua_pushcfunction(box->lua, fill_state);
        CHECK(lua_pcall(box->lua, 0, 0, 0) == LUA_OK);
    }
    lua_settop(box->lua, 0);
    (void)lua_gc(box->lua, LUA_GCSTOP);
    box->out_of_work = false;
    box->out_of_bytes = false;
    box->left = HOOK_INSTRUCTIONS_MAX;
    box->bytes = 0;
    box->begins = 0;
    box->way_count = 0;
    prng_init(&box->prng, seed);
    box->limited = true;
    lua_sethook(box->lua, on_count, LUA_MASKCOUNT, HOOK_COUNT);
}

static void end(struct hook_box *box, bool good)
{
    box->limited = false;
    if (!good) {
        throw_away(box);
        return;
    }
    lua_settop(box->lua, 0);
    lua_sethook(box->lua, NULL, 0, 0);
    (void)lua_gc(box->lua, LUA_GCCOLLECT);
}

// --- one call ------------------------------------------------------------------------------------

struct work {
    struct hook_box *box;
    const struct hook_call *call;
    struct value result;
    struct slice wrong; // of the result
};

// Compiled texts stay in the registry, each beside the text that it came from.
static bool push_known(lua_State *lua, const struct hook_box *box, struct slice text)
{
    for (uint32_t i = 0; i < box->chunk_count; i++) {
        size_t len = 0;
        if (box->chunks[i].len != text.len) {
            continue;
        }
        lua_rawgeti(lua, LUA_REGISTRYINDEX, box->chunks[i].text);
        const char *known = lua_tolstring(lua, -1, &len);
        bool same = len == text.len && memcmp(known, text.ptr, len) == 0;
        lua_pop(lua, 1);
        if (same) {
            lua_rawgeti(lua, LUA_REGISTRYINDEX, box->chunks[i].function);
            return true;
        }
    }
    return false;
}

static void push_chunk(lua_State *lua, struct hook_box *box, const struct hook_call *call)
{
    if (push_known(lua, box, call->text)) {
        return;
    }
    box->limited = false; // a call must not do worse for being the first
    lua_pushfstring(lua, "@%s", lua_pushlstring(lua, call->file.ptr, call->file.len));
    int result = luaL_loadbufferx(lua, call->text.ptr, call->text.len, lua_tostring(lua, -1), "t");
    box->limited = true;
    if (result != LUA_OK) {
        (void)lua_error(lua);
    }
    if (box->chunk_count < HOOK_CHUNKS_MAX) {
        struct hook_chunk *chunk = &box->chunks[box->chunk_count];
        lua_pushlstring(lua, call->text.ptr, call->text.len);
        chunk->text = luaL_ref(lua, LUA_REGISTRYINDEX);
        lua_pushvalue(lua, -1);
        chunk->function = luaL_ref(lua, LUA_REGISTRYINDEX);
        chunk->len = call->text.len;
        box->chunk_count++;
    }
}

// Runs the text in a fresh environment and leaves the function on top.
static void push_function(lua_State *lua, struct work *work)
{
    push_chunk(lua, work->box, work->call);
    sandbox_push_globals(lua);
    lua_pushvalue(lua, -1);
    CHECK(lua_setupvalue(lua, -3, 1) != NULL); // every text has _ENV
    lua_pushvalue(lua, -2);
    lua_call(lua, 0, 0);
    lua_pushlstring(lua, work->call->name.ptr, work->call->name.len);
    if (lua_rawget(lua, -2) != LUA_TFUNCTION) {
        luaL_error(lua, "the file defines no function `%s`",
                   lua_pushlstring(lua, work->call->name.ptr, work->call->name.len));
    }
    lua_Debug function;
    lua_pushvalue(lua, -1);
    (void)lua_getinfo(lua, ">S", &function);
    work->box->begins = function.linedefined;
}

uint32_t hook_line(const struct hook_box *box)
{
    return box->begins > 0 ? (uint32_t)box->begins : 1;
}

static int run(lua_State *lua)
{
    struct work *work = lua_touserdata(lua, 1);
    push_function(lua, work);
    luaL_checkstack(lua, (int)work->call->arg_count + 4, "arguments");
    for (uint32_t i = 0; i < work->call->arg_count; i++) {
        convert_push(lua, &work->call->args[i]);
    }
    lua_call(lua, (int)work->call->arg_count, 1);
    const char *wrong = convert_take(lua, -1, work->call->arena, &work->result);
    if (wrong != NULL) {
        luaL_error(lua, "%s:%d: `%s` gave %s",
                   lua_pushlstring(lua, work->call->file.ptr, work->call->file.len),
                   (int)hook_line(work->box),
                   lua_pushlstring(lua, work->call->name.ptr, work->call->name.len), wrong);
    }
    return 0;
}

static int add_way(lua_State *lua)
{
    const char *message = lua_tostring(lua, 1);
    if (message == NULL) {
        message = "the script raised an error that is not a text";
    }
    luaL_traceback(lua, lua, message, 1);
    return 1;
}

// A bound was reached: where, as exactly as can be known, and the way there.
static struct slice explain_bound(const struct hook_box *box, const struct hook_call *call)
{
    struct arena *arena = call->arena;
    struct slice way = SLICE_EMPTY;
    for (uint32_t i = 0; i < box->way_count; i++) {
        const struct hook_place *place = &box->way[i];
        way = arena_format(arena, "%.*s%s\n\t%s:%d: in the function of line %d", SLICE_PRINT(way),
                           i == 0 ? "\nstack traceback:" : "", place->file, place->line,
                           place->function);
    }
    if (box->out_of_work) {
        return arena_format(arena,
                            "%.*s:%d: it takes more than HOOK_INSTRUCTIONS_MAX = %d "
                            "instructions%.*s", SLICE_PRINT(call->file),
                            box->way_count > 0 ? box->way[0].line : (int)hook_line(box),
                            HOOK_INSTRUCTIONS_MAX, SLICE_PRINT(way));
    }
    return arena_format(arena,
                        "%.*s:%d: it needs more than HOOK_BYTES_MAX = %d bytes, or one text or "
                        "table of more than HOOK_BLOCK_BYTES_MAX = %d",
                        SLICE_PRINT(call->file), (int)hook_line(box), HOOK_BYTES_MAX,
                        HOOK_BLOCK_BYTES_MAX);
}

static struct slice explain(const struct hook_box *box, const struct hook_call *call)
{
    size_t len = 0;
    if (box->out_of_work || box->out_of_bytes) {
        return explain_bound(box, call);
    }
    const char *text = lua_tolstring(box->lua, -1, &len);
    return text != NULL ? arena_copy(call->arena, slice_make(text, len))
                        : SLICE("the script failed without a word");
}

bool hook_call(struct hook_box *box, const struct hook_call *call, struct value *ret_value,
               struct slice *ret_error)
{
    struct work work = { .box = box, .call = call };
    *ret_value = value_empty();
    begin(box, call->seed);
    lua_pushcfunction(box->lua, add_way);
    lua_pushcfunction(box->lua, run);
    lua_pushlightuserdata(box->lua, &work);
    int result = lua_pcall(box->lua, 1, 0, 1);
    // A script may have caught the error of a bound: it is over all the same.
    bool good = result == LUA_OK && !box->out_of_work && !box->out_of_bytes;
    if (good) {
        *ret_value = work.result;
    } else {
        *ret_error = explain(box, call);
    }
    end(box, good);
    return good;
}

// --- checking ------------------------------------------------------------------------------------

static int look(lua_State *lua)
{
    push_function(lua, lua_touserdata(lua, 1));
    return 0;
}

// "FILE:LINE: what is wrong" → the line, and the rest.
static uint32_t cut_line(struct slice file, struct slice *message)
{
    uint32_t line = 0;
    size_t at = file.len + 1;
    if (message->len <= at || memcmp(message->ptr, file.ptr, file.len) != 0 ||
        message->ptr[file.len] != ':') {
        return 1;
    }
    while (at < message->len && message->ptr[at] >= '0' && message->ptr[at] <= '9' &&
           line < 1000000) {
        line = line * 10 + (uint32_t)(message->ptr[at++] - '0');
    }
    if (line == 0 || at >= message->len || message->ptr[at] != ':') {
        return 1;
    }
    at = at + 1 < message->len && message->ptr[at + 1] == ' ' ? at + 2 : at + 1;
    *message = slice_sub(*message, at, SIZE_MAX);
    return line;
}

bool hook_check(struct slice file, struct slice text, struct slice name, struct arena *arena,
                uint32_t *ret_line, struct slice *ret_error)
{
    struct hook_box *box = hook_box_new();
    const struct hook_call call = { .file = file, .text = text, .name = name, .arena = arena };
    struct work work = { .box = box, .call = &call };
    begin(box, 0);
    lua_pushcfunction(box->lua, look);
    lua_pushlightuserdata(box->lua, &work);
    bool good = lua_pcall(box->lua, 1, 0, 0) == LUA_OK && !box->out_of_work && !box->out_of_bytes;
    if (!good) {
        *ret_error = explain(box, &call);
        *ret_line = cut_line(file, ret_error);
    }
    end(box, good);
    hook_box_free(box);
    return good;
}
