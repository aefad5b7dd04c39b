// re: regular expressions by PCRE2, with bounds on matching, depth and memory; Lua's own patterns
// have none. Texts are UTF-8. `$1` … `$9` in a replacement are the groups, `$0` all of it, `$$` a
// dollar.
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "engine/hooks/hook_internal.h"

enum {
    MATCH_STEPS_MAX = 50000,
    MATCH_DEPTH_MAX = 1000,
    MATCH_HEAP_KB_MAX = 1024,
    MATCH_WORK = 1000 // instructions that a match is charged, however short
};

// Lives as a userdata of the script's state, so that an error on the way frees it.
struct regex {
    pcre2_code *code;
    pcre2_match_context *context;
    pcre2_match_data *data;
};

static const char REGEX_META = 0;

static int regex_free(lua_State *lua)
{
    struct regex *regex = lua_touserdata(lua, 1);
    pcre2_match_data_free(regex->data);
    pcre2_match_context_free(regex->context);
    pcre2_code_free(regex->code);
    *regex = (struct regex){ NULL, NULL, NULL };
    return 0;
}

static int complain(lua_State *lua, int code, const char *what)
{
    unsigned char text[160];
    (void)pcre2_get_error_message(code, text, sizeof(text));
    return luaL_error(lua, "%s: %s", what, (const char *)text);
}

// Pushes the userdata of a compiled pattern.
static struct regex *compile(lua_State *lua, int at)
{
    size_t len = 0;
    const char *pattern = luaL_checklstring(lua, at, &len);
    luaL_argcheck(lua, len <= HOOK_PATTERN_BYTES_MAX, at, "the pattern is too long");
    hook_spend(lua, MATCH_WORK);
    struct regex *regex = lua_newuserdatauv(lua, sizeof(*regex), 0);
    *regex = (struct regex){ NULL, NULL, NULL };
    lua_rawgetp(lua, LUA_REGISTRYINDEX, &REGEX_META);
    (void)lua_setmetatable(lua, -2);
    int error = 0;
    size_t place = 0;
    const uint32_t how = PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C;
    regex->code = pcre2_compile((PCRE2_SPTR)pattern, len, how, &error, &place, NULL);
    if (regex->code == NULL) {
        (void)complain(lua, error, "this pattern does not hold");
    }
    regex->context = pcre2_match_context_create(NULL);
    regex->data = pcre2_match_data_create_from_pattern(regex->code, NULL);
    if (regex->context == NULL || regex->data == NULL) {
        luaL_error(lua, "no memory for this pattern");
    }
    (void)pcre2_set_match_limit(regex->context, MATCH_STEPS_MAX);
    (void)pcre2_set_depth_limit(regex->context, MATCH_DEPTH_MAX);
    (void)pcre2_set_heap_limit(regex->context, MATCH_HEAP_KB_MAX);
    return regex;
}

// True: a match from byte `from` on; its places are in regex->data.
static bool match(lua_State *lua, struct regex *regex, const char *text, size_t len, size_t from)
{
    hook_spend(lua, MATCH_WORK + len / 16);
    int result = pcre2_match(regex->code, (PCRE2_SPTR)text, len, from, 0, regex->data,
                             regex->context);
    if (result == PCRE2_ERROR_NOMATCH) {
        return false;
    }
    if (result < 0) {
        (void)complain(lua, result, "matching stopped");
    }
    return true;
}

static void push_group(lua_State *lua, struct regex *regex, const char *text, uint32_t group)
{
    const size_t *places = pcre2_get_ovector_pointer(regex->data);
    if (group >= pcre2_get_ovector_count(regex->data) || places[2 * group] == PCRE2_UNSET) {
        lua_pushnil(lua);
    } else {
        lua_pushlstring(lua, text + places[2 * group], places[2 * group + 1] - places[2 * group]);
    }
}

// The groups; without groups all of it.
static int push_groups(lua_State *lua, struct regex *regex, const char *text)
{
    uint32_t count = pcre2_get_ovector_count(regex->data);
    if (count == 1) {
        push_group(lua, regex, text, 0);
        return 1;
    }
    luaL_checkstack(lua, (int)count, "groups");
    for (uint32_t i = 1; i < count; i++) {
        push_group(lua, regex, text, i);
    }
    return (int)count - 1;
}

// re.match(text, pattern): the groups, or all of it; nil when it does not match.
static int re_match(lua_State *lua)
{
    size_t len = 0;
    const char *text = luaL_checklstring(lua, 1, &len);
    struct regex *regex = compile(lua, 2);
    if (!match(lua, regex, text, len, 0)) {
        lua_pushnil(lua);
        return 1;
    }
    return push_groups(lua, regex, text);
}

// re.find(text, pattern): first and last byte, and the groups.
static int re_find(lua_State *lua)
{
    size_t len = 0;
    const char *text = luaL_checklstring(lua, 1, &len);
    struct regex *regex = compile(lua, 2);
    if (!match(lua, regex, text, len, 0)) {
        lua_pushnil(lua);
        return 1;
    }
    const size_t *places = pcre2_get_ovector_pointer(regex->data);
    lua_pushinteger(lua, (lua_Integer)places[0] + 1);
    lua_pushinteger(lua, (lua_Integer)places[1]);
    return 2 + (pcre2_get_ovector_count(regex->data) > 1 ? push_groups(lua, regex, text) : 0);
}

// Where to look on after a match; an empty one moves on by a whole character.
static size_t after(const struct regex *regex, const char *text, size_t len)
{
    const size_t *places = pcre2_get_ovector_pointer(regex->data);
    size_t next = places[1];
    if (places[1] == places[0]) {
        next++;
        while (next < len && ((unsigned char)text[next] & 0xc0) == 0x80) {
            next++;
        }
    }
    return next;
}

// re.all(text, pattern): a list of what matches; of lists when the pattern has groups.
static int re_all(lua_State *lua)
{
    size_t len = 0;
    const char *text = luaL_checklstring(lua, 1, &len);
    struct regex *regex = compile(lua, 2);
    lua_newtable(lua);
    int list = lua_gettop(lua);
    lua_Integer count = 0;
    for (size_t from = 0; from <= len && match(lua, regex, text, len, from);
         from = after(regex, text, len)) {
        uint32_t groups = pcre2_get_ovector_count(regex->data);
        if (groups == 1) {
            push_group(lua, regex, text, 0);
        } else {
            lua_createtable(lua, (int)groups - 1, 0);
            for (uint32_t i = 1; i < groups; i++) {
                push_group(lua, regex, text, i);
                lua_rawseti(lua, -2, i);
            }
        }
        lua_rawseti(lua, list, ++count);
    }
    lua_settop(lua, list);
    return 1;
}

static void add_template(lua_State *lua, luaL_Buffer *buffer, struct regex *regex,
                         const char *text, struct slice with)
{
    const size_t *places = pcre2_get_ovector_pointer(regex->data);
    for (size_t i = 0; i < with.len; i++) {
        char next = i + 1 < with.len ? with.ptr[i + 1] : '\0';
        uint32_t group = next >= '0' && next <= '9' ? (uint32_t)(next - '0') : UINT32_MAX;
        if (with.ptr[i] != '$' || (next != '$' && group == UINT32_MAX)) {
            luaL_addchar(buffer, with.ptr[i]);
            continue;
        }
        i++;
        if (next == '$') {
            luaL_addchar(buffer, '$');
        } else if (group >= pcre2_get_ovector_count(regex->data)) {
            luaL_error(lua, "the pattern has no group %d", (int)group);
        } else if (places[2 * group] != PCRE2_UNSET) {
            luaL_addlstring(buffer, text + places[2 * group],
                            places[2 * group + 1] - places[2 * group]);
        }
    }
}

// re.replace(text, pattern, with): every match; and how many there were.
static int re_replace(lua_State *lua)
{
    size_t len = 0;
    size_t with_len = 0;
    const char *text = luaL_checklstring(lua, 1, &len);
    const char *with = luaL_checklstring(lua, 3, &with_len);
    struct regex *regex = compile(lua, 2);
    luaL_Buffer buffer;
    luaL_buffinit(lua, &buffer);
    lua_Integer count = 0;
    size_t kept = 0;
    for (size_t from = 0; from <= len && match(lua, regex, text, len, from);
         from = after(regex, text, len)) {
        const size_t *places = pcre2_get_ovector_pointer(regex->data);
        luaL_addlstring(&buffer, text + kept, places[0] - kept);
        kept = places[1];
        add_template(lua, &buffer, regex, text, slice_make(with, with_len));
        count++;
    }
    luaL_addlstring(&buffer, text + kept, len - kept);
    luaL_pushresult(&buffer);
    lua_pushinteger(lua, count);
    return 2;
}

void regex_push(lua_State *lua)
{
    static const luaL_Reg functions[] = { { "all", re_all },
                                          { "find", re_find },
                                          { "match", re_match },
                                          { "replace", re_replace },
                                          { NULL, NULL } };
    lua_createtable(lua, 0, 2);
    lua_pushcfunction(lua, regex_free);
    lua_setfield(lua, -2, "__gc");
    lua_pushboolean(lua, 0);
    lua_setfield(lua, -2, "__metatable");
    lua_rawsetp(lua, LUA_REGISTRYINDEX, &REGEX_META);
    luaL_newlib(lua, functions);
}
