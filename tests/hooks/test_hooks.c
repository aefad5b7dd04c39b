// What a hook is given, what it may give, and how it fails.
#include "tests/hooks/ask.h"

static void arguments_arrive_as_lua_has_them(void **state)
{
    const struct value_part parts[] = { { SLICE("city"), value_text(SLICE("Omsk")) },
                                        { SLICE("count"), value_integer(3) } };
    const struct value items[] = { value_integer(4), value_integer(5) };
    struct value args[] = {
        value_text(SLICE("Anna")),  value_integer(7), value_bool(true), value_empty(),
        { .kind = VALUE_MONEY, .scale = 2, .currency = "EUR", .number = 990 },
        { .kind = VALUE_DATE, .number = 20514 },
        { .kind = VALUE_DURATION, .unit = DURATION_DAY, .number = 2 },
        { .kind = VALUE_LIST }, { .kind = VALUE_RECORD },
    };
    args[7].list.items = items;
    args[7].list.count = 2;
    args[8].record.parts = parts;
    args[8].record.count = 2;
    assert_true(ask_with(*state,
                         "function f(who, n, yes, none, price, day, wait, list, record)\n"
                         " return who .. n .. tostring(yes) .. tostring(none) .. ' ' ..\n"
                         "  tostring(price * 3) .. ' ' .. day .. ' ' .. wait .. ' ' ..\n"
                         "  list[1] + list[2] .. record.city .. record.count end",
                         args, 9));
    assert_string_equal(((struct ask *)*state)->shown,
                        "Anna7truenil 29.70 EUR 2026-03-02 2 days 9Omsk3");
}

static void results_come_back(void **state)
{
    ask_gives(*state, "function f() return 'text' end", "text");
    ask_gives(*state, "function f() return 12 end", "12");
    ask_gives(*state, "function f() return 10 / 2 end", "5");
    ask_gives(*state, "function f() return nil end", "");
    ask_gives(*state, "function f() end", "");
    ask_gives(*state, "function f() return false end", "no");
    ask_gives(*state, "function f() return { 'a', 'b' } end", "a, b");
    ask_gives(*state, "function f() return dec('1.50') + 2 end", "3.5");
    ask_gives(*state, "function f() return money('100', 'EUR') * dec('0.4') end", "40 EUR");
    struct ask *ask = *state;
    assert_true(ask_with(ask, "function f() return { who = 'anna', what = { 1 } } end", NULL, 0));
    assert_int_equal(ask->value.kind, VALUE_RECORD);
    assert_int_equal(ask->value.record.count, 2);
    assert_true(slice_equal(ask->value.record.parts[0].name, SLICE("what")));
}

static void exact_numbers_stay_exact(void **state)
{
    ask_gives(*state, "function f() return dec('0.1') + dec('0.2') == dec('0.3') end", "yes");
    ask_gives(*state, "function f() return dec(2) < 3 and dec('2.5') >= 2 end", "yes");
    ask_gives(*state, "function f() return -dec('1.5') end", "-1.5");
    ask_gives(*state, "function f() return tostring(dec(10) / 4) end", "2.5");
    ask_gives(*state, "function f() return money('9.90', 'EUR').currency end", "EUR");
    ask_gives(*state, "function f() return money('9.90', 'EUR').amount * 2 end", "19.8");
    ask_fails(*state, "function f() return dec('0.1') + 0.2 end", "broken number");
    ask_fails(*state, "function f() return money('1', 'EUR') + money('1', 'USD') end",
              "do not combine");
    ask_fails(*state, "function f() return money('1', 'EUR') < money('1', 'USD') end", "no order");
    ask_fails(*state, "function f() return dec(1) / 0 end", "do not combine");
    ask_fails(*state, "function f() return dec('many') end", "1.50");
    ask_fails(*state, "function f() return money('1', 'euro') end", "EUR");
    ask_fails(*state, "function f() return money(math.maxinteger, 'EUR') * math.maxinteger end",
              "do not combine");
}

static void patterns_find_and_replace(void **state)
{
    ask_gives(*state, "function f() local y, m = re.match('2026-03', '(\\\\d+)-(\\\\d+)')\n"
                      " return y .. '/' .. m end",
              "2026/03");
    ask_gives(*state, "function f() return re.match('Привет, мир', '\\\\w+$') end", "мир");
    ask_gives(*state, "function f() return re.match('abc', 'x') end", "");
    ask_gives(*state,
              "function f() local a, b = re.find('xxabc', 'abc') return a * 10 + b end",
              "35");
    ask_gives(*state, "function f() return re.all('a1b22', '\\\\d+') end", "1, 22");
    ask_gives(*state, "function f() return #re.all('abc', '') end", "4");
    ask_gives(*state, "function f() return (re.replace('8 (912) 1', '[^0-9]', '')) end", "89121");
    ask_gives(*state, "function f() return (re.replace('a-b', '(.)-(.)', '$2$$$1$0')) end",
              "b$aa-b");
    ask_fails(*state, "function f() return re.replace('a', '(a)', '$2') end", "no group 2");
    ask_gives(*state, "function f() return string.find('a.b', '.') end", "2");
    ask_gives(*state, "function f() return string.format('%05.1f|%s|%d', 1.25, true, 3) end",
              "001.2|true|3");
}

static void a_failure_names_the_line_and_the_way_there(void **state)
{
    static const char text[] = "local function g(x)\n  return x.y.z\nend\n"
                               "function f()\n  return (g({}))\nend";
    ask_fails(*state, text, "hooks/f.lua:2: attempt to index a nil value (field 'y')");
    ask_fails(*state, text, "hooks/f.lua:5: in function");
}

static void a_file_is_checked_before_it_runs(void **state)
{
    struct ask *ask = *state;
    uint32_t line = 0;
    struct slice error = SLICE_EMPTY;
    assert_true(hook_check(SLICE("h.lua"), SLICE("function f() end"), SLICE("f"), &ask->arena,
                           &line, &error));
    assert_false(hook_check(SLICE("h.lua"), SLICE("function f()\n  retrn 1\nend"), SLICE("f"),
                            &ask->arena, &line, &error));
    assert_int_equal(line, 2);
    assert_non_null(strstr(error.ptr, "near '1'"));
    assert_false(hook_check(SLICE("h.lua"), SLICE("function g() end"), SLICE("f"), &ask->arena,
                            &line, &error));
    assert_int_equal(line, 1);
    assert_non_null(strstr(error.ptr, "defines no function `f`"));
    assert_false(hook_check(SLICE("h.lua"), SLICE("while true do end"), SLICE("f"), &ask->arena,
                            &line, &error));
}

// Everything a script can learn about its surroundings is the same at the first call, at a later
// one, and in a box that has had other texts and failures.
static void a_call_cannot_tell_whether_it_is_the_first(void **state)
{
    static const char text[] =
        "function f()\n"
        " local s = '' local function say(name, t) s = s .. name .. ':'\n"
        "  for k, v in pairs(t) do s = s .. tostring(k) .. '=' .. type(v) .. ' ' end end\n"
        " say('_G', _G) for _, n in ipairs({ 'string', 'table', 'math', 'utf8', 're' }) do\n"
        "  say(n, _G[n]) end\n"
        " local n = 0 local ok = pcall(function() while n < 20000 do n = n + 1 end end)\n"
        " return #s * 100000 + n end";
    struct ask *ask = *state;
    assert_true(ask_with(ask, text, NULL, 0));
    int64_t first = ask->value.number;
    (void)ask_with(ask, "x = 1 function f() error('no') end", NULL, 0);
    (void)ask_with(ask, "table = nil string = nil function f() return 1 end", NULL, 0);
    for (int i = 0; i < 100; i++) {
        char other[60];
        (void)snprintf(other, sizeof(other), "function f() y = %d return y end", i);
        assert_true(ask_with(ask, other, NULL, 0));
        assert_true(ask_with(ask, text, NULL, 0));
        assert_int_equal(ask->value.number, first);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(arguments_arrive_as_lua_has_them, ask_open, ask_close),
        cmocka_unit_test_setup_teardown(results_come_back, ask_open, ask_close),
        cmocka_unit_test_setup_teardown(exact_numbers_stay_exact, ask_open, ask_close),
        cmocka_unit_test_setup_teardown(patterns_find_and_replace, ask_open, ask_close),
        cmocka_unit_test_setup_teardown(a_failure_names_the_line_and_the_way_there, ask_open,
                                        ask_close),
        cmocka_unit_test_setup_teardown(a_file_is_checked_before_it_runs, ask_open, ask_close),
        cmocka_unit_test_setup_teardown(a_call_cannot_tell_whether_it_is_the_first, ask_open,
                                        ask_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
