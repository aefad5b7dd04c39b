// dec and money: numbers that stay exact. `dec("1.50")`, `money("9.90", "EUR")`; + - * /,
// comparing, tostring. Whole numbers of Lua go with them; its broken ones do not.
#include "base/buf.h"
#include "engine/hooks/hook_internal.h"

enum { SHOWN_BYTES_MAX = 100 };

static const char EXACT_META = 0;

void exact_push(lua_State *lua, const struct value *value)
{
    struct value *own = lua_newuserdatauv(lua, sizeof(*own), 0);
    *own = *value;
    lua_rawgetp(lua, LUA_REGISTRYINDEX, &EXACT_META);
    (void)lua_setmetatable(lua, -2);
}

const struct value *exact_at(lua_State *lua, int at)
{
    const struct value *value = lua_touserdata(lua, at);
    if (value == NULL || lua_islightuserdata(lua, at) || !lua_getmetatable(lua, at)) {
        return NULL;
    }
    lua_rawgetp(lua, LUA_REGISTRYINDEX, &EXACT_META);
    bool own = lua_rawequal(lua, -1, -2) != 0;
    lua_pop(lua, 2);
    return own ? value : NULL;
}

// An operand: exact, or a whole number.
static struct value operand(lua_State *lua, int at)
{
    const struct value *exact = exact_at(lua, at);
    if (exact != NULL) {
        return *exact;
    }
    int whole = 0;
    lua_Integer number = lua_type(lua, at) == LUA_TNUMBER ? lua_tointegerx(lua, at, &whole) : 0;
    if (whole == 0) {
        luaL_error(lua, "%s does not go with an exact number; write dec(\"…\")",
                   lua_type(lua, at) == LUA_TNUMBER ? "a broken number" : luaL_typename(lua, at));
    }
    return value_integer(number);
}

static int work_out(lua_State *lua, enum value_op op)
{
    struct value a = operand(lua, 1);
    struct value b = operand(lua, 2);
    struct value result;
    if (!value_arithmetic(op, &a, &b, &result)) {
        return luaL_error(lua, "these numbers do not combine (another currency, a division by "
                               "nothing, or too large)");
    }
    exact_push(lua, &result);
    return 1;
}

static int exact_add(lua_State *lua) { return work_out(lua, VALUE_ADD); }
static int exact_sub(lua_State *lua) { return work_out(lua, VALUE_SUBTRACT); }
static int exact_mul(lua_State *lua) { return work_out(lua, VALUE_MULTIPLY); }
static int exact_div(lua_State *lua) { return work_out(lua, VALUE_DIVIDE); }

static int exact_unm(lua_State *lua)
{
    struct value zero = operand(lua, 1);
    zero.number = 0;
    lua_settop(lua, 1);
    exact_push(lua, &zero);
    lua_insert(lua, 1);
    return work_out(lua, VALUE_SUBTRACT);
}

static int order(lua_State *lua)
{
    struct value a = operand(lua, 1);
    struct value b = operand(lua, 2);
    int result = 0;
    if (!value_order(&a, &b, &result)) {
        luaL_error(lua, "these amounts have no order: their currencies differ");
    }
    return result;
}

static int exact_lt(lua_State *lua)
{
    lua_pushboolean(lua, order(lua) < 0);
    return 1;
}

static int exact_le(lua_State *lua)
{
    lua_pushboolean(lua, order(lua) <= 0);
    return 1;
}

static int exact_eq(lua_State *lua)
{
    const struct value *a = exact_at(lua, 1);
    const struct value *b = exact_at(lua, 2);
    lua_pushboolean(lua, a != NULL && b != NULL && value_equal(a, b));
    return 1;
}

static int exact_tostring(lua_State *lua)
{
    const struct value *value = exact_at(lua, 1);
    luaL_argcheck(lua, value != NULL, 1, "an exact number");
    struct buf buf;
    buf_init(&buf, SHOWN_BYTES_MAX);
    value_print(&buf, value);
    lua_pushlstring(lua, buf.ptr, buf.len);
    buf_done(&buf);
    return 1;
}

static struct value number_argument(lua_State *lua)
{
    size_t len = 0;
    struct value value = { .kind = VALUE_DECIMAL };
    if (lua_type(lua, 1) != LUA_TSTRING) {
        value = operand(lua, 1);
        value.kind = VALUE_DECIMAL;
        return value;
    }
    const char *text = lua_tolstring(lua, 1, &len);
    if (!value_parse_decimal(slice_make(text, len), &value.number, &value.scale)) {
        luaL_argerror(lua, 1, "a number such as \"1.50\" is expected");
    }
    return value;
}

static int make_decimal(lua_State *lua)
{
    struct value value = number_argument(lua);
    exact_push(lua, &value);
    return 1;
}

static int make_money(lua_State *lua)
{
    size_t len = 0;
    struct value value = number_argument(lua);
    const char *currency = luaL_checklstring(lua, 2, &len);
    bool good = len == sizeof(value.currency);
    for (size_t i = 0; i < len && good; i++) {
        good = currency[i] >= 'A' && currency[i] <= 'Z';
    }
    luaL_argcheck(lua, good, 2, "a currency such as \"EUR\" is expected");
    value.kind = VALUE_MONEY;
    memcpy(value.currency, currency, sizeof(value.currency));
    exact_push(lua, &value);
    return 1;
}

// amount.currency, amount.amount: what a sum is made of.
static int exact_index(lua_State *lua)
{
    const struct value *value = exact_at(lua, 1);
    size_t len = 0;
    const char *name = luaL_checklstring(lua, 2, &len);
    struct slice part = slice_make(name, len);
    if (value->kind == VALUE_MONEY && slice_equal(part, SLICE("currency"))) {
        lua_pushlstring(lua, value->currency, sizeof(value->currency));
    } else if (value->kind == VALUE_MONEY && slice_equal(part, SLICE("amount"))) {
        struct value amount = *value;
        amount.kind = VALUE_DECIMAL;
        exact_push(lua, &amount);
    } else {
        lua_pushnil(lua);
    }
    return 1;
}

void exact_open(lua_State *lua)
{
    static const luaL_Reg meta[] = { { "__add", exact_add },  { "__sub", exact_sub },
                                     { "__mul", exact_mul },  { "__div", exact_div },
                                     { "__unm", exact_unm },  { "__lt", exact_lt },
                                     { "__le", exact_le },    { "__eq", exact_eq },
                                     { "__index", exact_index }, { "__tostring", exact_tostring },
                                     { NULL, NULL } };
    lua_createtable(lua, 0, 12);
    luaL_setfuncs(lua, meta, 0);
    lua_pushboolean(lua, 0);
    lua_setfield(lua, -2, "__metatable");
    lua_rawsetp(lua, LUA_REGISTRYINDEX, &EXACT_META);
    lua_pushcfunction(lua, make_decimal);
    lua_setfield(lua, -2, "dec");
    lua_pushcfunction(lua, make_money);
    lua_setfield(lua, -2, "money");
}
