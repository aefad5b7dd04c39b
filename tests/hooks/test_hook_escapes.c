// What a script might try in order to see, keep, change or spend more than a hook may.
#include "tests/hooks/ask.h"

static void no_door_leads_out(void **state)
{
    static const char *const gone[] = { "io",      "os",       "debug",  "package", "require",
                                        "load",    "loadfile", "dofile", "loadstring", "print",
                                        "collectgarbage", "next", "xpcall", "rung", "warn" };
    for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++) {
        char text[100];
        (void)snprintf(text, sizeof(text), "function f() return type(%s) end", gone[i]);
        ask_gives(*state, text, "nil");
    }
    static const char *const taken[] = { "dump", "gsub", "gmatch", "match", "pack", "unpack" };
    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
        char text[100];
        (void)snprintf(text, sizeof(text), "function f() return type(string.%s) end", taken[i]);
        ask_gives(*state, text, "nil");
    }
    ask_fails(*state, "\x1bLua", "attempt to load a binary chunk");
}

static void the_budget_holds_across_pcall_and_coroutines(void **state)
{
    ask_fails(*state, "function f() while true do end end", "HOOK_INSTRUCTIONS_MAX");
    ask_fails(*state, "while true do end function f() end", "HOOK_INSTRUCTIONS_MAX");
    ask_fails(*state,
              "function f() while true do pcall(function() while true do end end) end end",
              "HOOK_INSTRUCTIONS_MAX");
    ask_fails(*state,
              "function f() local c = coroutine.wrap(function() while true do end end)\n"
              " while true do pcall(c) end end",
              "HOOK_INSTRUCTIONS_MAX");
    ask_fails(*state,
              "function f() for i = 1, 1e9 do\n"
              " coroutine.resume(coroutine.create(function() for k = 1, 400 do end end)) end end",
              "HOOK_");
    ask_fails(*state, "function f()\n while true do\n pcall(error) end end",
              "hooks/f.lua:3: it takes more than HOOK_INSTRUCTIONS_MAX");
    ask_fails(*state,
              "local function g()\n while true do end end\n\nfunction f()\n g() return 1 end",
              "\n\thooks/f.lua:5: in the function of line 4");
    // Caught in time, and then a value as if nothing had been: it is over all the same.
    ask_fails(*state,
              "function f() local n = 0 pcall(function() while true do n = n + 1 end end)\n"
              " return n end",
              "HOOK_INSTRUCTIONS_MAX");
    ask_gives(*state, "function f() return 'the next call works' end", "the next call works");
}

static void memory_ends(void **state)
{
    ask_fails(*state, "\nfunction f() return #string.rep('x', 1e9) end",
              "hooks/f.lua:2: it needs more than HOOK_BYTES_MAX");
    ask_fails(*state, "function f() local t = {} for i = 1, 1e9 do t[i] = i end end",
              "HOOK_BYTES_MAX");
    ask_fails(*state, "function f() return #string.rep('x', 1e9) end", "HOOK_BYTES_MAX");
    ask_fails(*state, "function f() local s = 'x' for i = 1, 60 do s = s .. s end end",
              "HOOK_BYTES_MAX");
    ask_fails(*state, "function f() for i = 1, 1e9 do pcall(string.rep, 'x', 2e5) end end",
              "HOOK_");
    ask_fails(*state, "local function g() return 1 + g() end function f() return g() end",
              "HOOK_BYTES_MAX");
    ask_fails(*state,
              "function f() local t = {} for i = 1, 3000 do t[i] = string.rep('x', 1000) end\n"
              " pcall(table.concat, t, ',') return 'caught' end",
              "HOOK_BYTES_MAX");
}

static void long_work_inside_the_libraries_is_charged(void **state)
{
    ask_fails(*state,
              "function f() local t = {} for i = 1, 8000 do t[i] = i end\n"
              " while true do table.insert(t, 1, 0) table.remove(t, 1) end end",
              "HOOK_INSTRUCTIONS_MAX");
    ask_fails(*state,
              "function f() local t = {} for i = 1, 9000 do t[i] = i end\n"
              " while true do table.sort(t) end end",
              "HOOK_INSTRUCTIONS_MAX");
    ask_fails(*state,
              "function f() local s = string.rep('a', 2e5) local w = string.rep('a', 1e5) .. 'b'\n"
              " return string.find(s, w) end",
              "HOOK_INSTRUCTIONS_MAX");
    ask_fails(*state, "function f() local t = {} while true do table.move(t, 1, 1e6, 2) end end",
              "HOOK_");
    ask_fails(*state,
              "function f() local t = {} for i = 1, 5000 do t['k' .. i] = i end\n"
              " while true do for k in pairs(t) do break end end end",
              "HOOK_");
}

static void patterns_that_explode_stop(void **state)
{
    ask_fails(*state, "function f() return re.match(('a'):rep(40), '(a+)+[bc]') end",
              "match limit exceeded");
    ask_fails(*state, "function f() return re.find(('-'):rep(600), '.*?-.*?-.*?-[bc]') end",
              "match limit exceeded");
    ask_fails(*state,
              "function f() while true do pcall(re.match, ('a'):rep(40), '(a+)+[bc]') end end",
              "HOOK_INSTRUCTIONS_MAX");
    ask_fails(*state, "function f() return re.match('a', ('('):rep(2000)) end", "too long");
    ask_fails(*state, "function f() return re.match('a', '(') end", "does not hold");
    ask_fails(*state, "function f() return re.match('\\xff', '.') end", "matching stopped");
    ask_fails(*state, "function f() return re.match('a', '\\\\C') end", "does not hold");
}

static void nothing_is_left_behind(void **state)
{
    ask_gives(*state, "seen = (seen or 0) + 1 function f() return seen end", "1");
    ask_gives(*state, "seen = (seen or 0) + 1 function f() return seen end", "1");
    ask_fails(*state, "function f() string.upper = nil end", "cannot be changed");
    ask_fails(*state, "function f() rawset(string, 'upper', nil) end", "cannot be changed");
    ask_fails(*state, "function f() table.insert(math, 1) end", "cannot be changed");
    ask_fails(*state, "function f() setmetatable(string, {}) end", "cannot be changed");
    ask_fails(*state, "function f() setmetatable(table, nil) end", "cannot be changed");
    ask_fails(*state, "function f() getmetatable('').__index.upper = nil end", "index");
    ask_gives(*state, "function f() return getmetatable('') end", "no");
    ask_gives(*state, "function f() return getmetatable(dec('1')) end", "no");
    ask_gives(*state, "string = nil function f() return type(string) end", "nil");
    ask_gives(*state, "function f() return ('x'):upper() .. type(string) end", "Xtable");
    ask_fails(*state, "function f() setmetatable({}, { __gc = function() end }) end", "__gc");
    ask_fails(*state, "function f() setmetatable({}, { __mode = 'k' }) end", "__mode");
    // A coroutine that is never finished does not go on later.
    ask_gives(*state,
              "function f()\n"
              " local c = coroutine.create(function() coroutine.yield(1) kept = 1 end)\n"
              " coroutine.resume(c) return 'left' end",
              "left");
    ask_gives(*state, "function f() return type(kept) end", "nil");
}

static void no_address_and_no_order_of_a_hash_is_seen(void **state)
{
    ask_gives(*state, "function f() return tostring({}) .. tostring(f) .. tostring(print) end",
              "tablefunctionnil");
    ask_gives(*state, "function f() return string.format('%s', {}) end", "table");
    ask_fails(*state, "function f() return string.format('%p', {}) end", "%p");
    ask_fails(*state, "function f() return string.format('%5a', 1.5) end", "%a");
    ask_gives(*state,
              "function f() local t = { z = 1, a = 1, m = 1, [3] = 1, [1] = 1, [true] = 1 }\n"
              " local s = '' for k in pairs(t) do s = s .. tostring(k) .. ' ' end return s end",
              "1 3 a m z true ");
    ask_fails(*state, "function f() for k in pairs({ [{}] = 1 }) do end end", "no order");
    ask_gives(*state,
              "function f() local t = {} for k in pairs(_G) do t[#t + 1] = k end\n"
              " return t[1] .. ' ' .. t[#t] end",
              "_G utf8");
    for (int i = 0; i < 3; i++) {
        ask_gives(*state, "function f() return math.random(1000000) end", "475995");
    }
}

static void errors_of_all_kinds_end_the_call_alone(void **state)
{
    ask_fails(*state, "function f() error({}) end", "not a text");
    ask_fails(*state, "function f() error() end", "not a text");
    ask_fails(*state, "function f() coroutine.yield() end", "outside a coroutine");
    ask_fails(*state, "function f() local t <close> = setmetatable({}, { __close = error }) end",
              "not a text");
    ask_fails(*state, "function f() return f end", "no value");
    ask_fails(*state, "function f() local t = {} t[1] = t return t end", "nested too deep");
    ask_fails(*state, "function f() return { 1, x = 2 } end", "neither a list");
    ask_fails(*state, "function f() return 0.5 end", "broken number");
    ask_fails(*state, "function f() return '\\xff' end", "UTF-8");
    ask_fails(*state, "function f() local t = {} for i = 1, 2000 do t[i] = i end return t end",
              "too long");
    ask_fails(*state, "function g() end", "defines no function `f`");
    ask_fails(*state, "function f( end", "hooks/f.lua:1:");
    ask_fails(*state, "return setmetatable(_G, { __index = error })", "defines no function");
    ask_gives(*state, "function f() return 'well' end", "well");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_door_leads_out, ask_open, ask_close),
        cmocka_unit_test_setup_teardown(the_budget_holds_across_pcall_and_coroutines, ask_open,
                                        ask_close),
        cmocka_unit_test_setup_teardown(memory_ends, ask_open, ask_close),
        cmocka_unit_test_setup_teardown(long_work_inside_the_libraries_is_charged, ask_open,
                                        ask_close),
        cmocka_unit_test_setup_teardown(patterns_that_explode_stop, ask_open, ask_close),
        cmocka_unit_test_setup_teardown(nothing_is_left_behind, ask_open, ask_close),
        cmocka_unit_test_setup_teardown(no_address_and_no_order_of_a_hash_is_seen, ask_open,
                                        ask_close),
        cmocka_unit_test_setup_teardown(errors_of_all_kinds_end_the_call_alone, ask_open,
                                        ask_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
