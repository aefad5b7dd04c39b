// S98, S128
// What functions of connectors are given, and what becomes of what they give: the request that goes
// out, the message that comes in, and every way of giving something else.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "engine/calls/shape.h"
#include "engine/hooks/hook.h"

struct desk {
    struct hook_box *box;
    struct arena arena;
    struct buf form;
    struct settings_section section;
    struct shape_call call;
    struct shape_request request;
    struct shape_message message;
    enum shape_end end;
    char words[2000];
};

static int open_desk(void **state)
{
    static struct desk desk;
    const struct value tags[] = { value_text(SLICE("a")), value_text(SLICE("b&c")) };
    const struct value values[] = {
        value_text(SLICE("7/8")), { .kind = VALUE_MONEY, .number = 1250, .scale = 2,
                                    .currency = { 'E', 'U', 'R' } },
        value_datetime(1772445600500), { .kind = VALUE_LIST, .list = { tags, 2 } }, value_user(3),
    };
    static const char *const names[] = { "number", "price", "at", "tags", "who" };
    desk = (struct desk){ .box = hook_box_new() };
    arena_init(&desk.arena, SHAPE_ARENA_BYTES_MAX);
    buf_init(&desk.form, 4096);
    pack_map(&desk.form, 5);
    for (size_t i = 0; i < 5; i++) {
        pack_cstr(&desk.form, names[i]);
        value_pack(&desk.form, &values[i]);
    }
    desk.section = (struct settings_section){
        .connector = SLICE("bank"), .call = SLICE("pay"), .url = "https://bank.example/api/{call}",
        .headers = { "X-Token: abc" }, .header_count = 1,
    };
    desk.call = (struct shape_call){ .connector = SLICE("bank"), .name = SLICE("pay"),
                                     .key = SLICE("12-ab"), .form = buf_slice(&desk.form),
                                     .instance = 5, .started_ms = 0, .process = SLICE("bill"),
                                     .attempt = 2 };
    *state = &desk;
    return 0;
}

static int close_desk(void **state)
{
    struct desk *desk = *state;
    hook_box_free(desk->box);
    buf_done(&desk->form);
    arena_done(&desk->arena);
    return 0;
}

static void keep_words(struct desk *desk, struct slice words)
{
    words = slice_sub(words, 0, sizeof(desk->words) - 1);
    memset(desk->words, 0, sizeof(desk->words));
    if (words.len > 0) {
        memcpy(desk->words, words.ptr, words.len);
    }
}

static void ask(struct desk *desk, const char *text)
{
    struct slice words;
    desk->section.request = text == NULL
                                ? (struct settings_function){ .name = SLICE_EMPTY }
                                : (struct settings_function){ SLICE("f.lua"), slice_from_cstr(text),
                                                              SLICE("f") };
    desk->end = shape_request(desk->box, &desk->section, &desk->call, &desk->arena, &desk->request,
                              &words);
    keep_words(desk, words);
}

// The request as one line: method, address, type, headers, body.
static void expect_request(struct desk *desk, const char *text, const char *expected)
{
    struct buf shown;
    ask(desk, text);
    if (desk->end != SHAPE_DONE) {
        fail_msg("%s\n%s", text, desk->words);
    }
    buf_init(&shown, 8192);
    buf_format(&shown, "%s %s [%s]", desk->request.method, desk->request.url,
               desk->request.content_type != NULL ? desk->request.content_type : "");
    for (uint32_t i = 0; i < desk->request.header_count; i++) {
        buf_format(&shown, " <%s>", desk->request.headers[i]);
    }
    buf_format(&shown, " %.*s", SLICE_PRINT(desk->request.body));
    buf_put_char(&shown, '\0');
    assert_string_equal(shown.ptr, expected);
    buf_done(&shown);
}

static void expect_no_request(struct desk *desk, const char *text, enum shape_end end,
                              const char *part)
{
    ask(desk, text);
    if (desk->end != end || strstr(desk->words, part) == NULL) {
        fail_msg("%s\nend %d, looked for: %s\nsaid: %s", text, (int)desk->end, part, desk->words);
    }
}

static void without_a_function_parameters_are_json_or_a_query(void **state)
{
    struct desk *desk = *state;
    expect_request(desk, NULL,
                   "POST https://bank.example/api/pay [application/json] {\"number\":\"7/8\","
                   "\"price\":\"12.50 EUR\",\"at\":\"2026-03-02T10:00:00.500Z\",\"tags\":[\"a\","
                   "\"b&c\"],\"who\":3}");
    desk->section.method = "GET";
    desk->section.url = "https://bank.example?v=2";
    expect_request(desk, NULL,
                   "GET https://bank.example?v=2&number=7%2F8&price=12.50%20EUR&"
                   "at=2026-03-02T10%3A00%3A00.500Z&tags=a&tags=b%26c&who=3 [] ");
    desk->section.method = "PATCH";
    desk->call.name = SLICE("pay");
    desk->call.form = SLICE("\xff");
    expect_no_request(desk, NULL, SHAPE_REFUSED, "cannot be read");
}

static void a_function_hears_the_call_typed(void **state)
{
    struct desk *desk = *state;
    expect_request(desk,
                   "function f(c, ...)\n"
                   "  local a = c.args\n"
                   "  return { body = table.concat({ c.connector, c.name, c.key, a.number, "
                   "tostring(a.price + money('0.50', 'EUR')), a.at, #a.tags, a.who, c.case.number, "
                   "c.case.process, c.case.started, tostring(c.try), select('#', ...) }, ' ') }\n"
                   "end",
                   "POST https://bank.example/api/pay [text/plain; charset=utf-8] bank pay 12-ab "
                   "7/8 13.00 EUR 2026-03-02T10:00:00.500Z 2 3 5 bill 1970-01-01T00:00:00Z nil 0");
    // The same on every try, also what is drawn at random.
    ask(desk, "function f(c) return { body = '' .. math.random(1000000) } end");
    struct slice first = desk->request.body;
    ask(desk, "function f(c) return { body = '' .. math.random(1000000) } end");
    assert_true(first.len > 0 && slice_equal(first, desk->request.body));
}

static void a_function_makes_the_request(void **state)
{
    struct desk *desk = *state;
    const char *base = "https://bank.example/api/pay";
    char line[400];
    static const struct { const char *gives, *request; } cases[] = {
        { "{}", "POST %s [] " },
        { "{ method = 'GET', path = { 'a/b', c.args.number, 9 } }", "GET %s/a%%2Fb/7%%2F8/9 [] " },
        { "{ path = '/a/b:c/' }", "POST %s/a/b:c/ [] " },
        { "{ path = '/' }", "POST %s [] " },
        { "{ path = 'a?b#c%2e d\\r\\n\\0' }", "POST %s/a%%3Fb%%23c%%252e%%20d%%0D%%0A%%00 [] " },
        { "{ path = 'http:/x' }", "POST %s/http:/x [] " },
        { "{ path = '@evil' }", "POST %s/@evil [] " },
        { "{ query = { q = 'a b&c=d#', n = 1, no = false, t = c.args.tags, gone = nil } }",
          "POST %s?n=1&no=false&q=a%%20b%%26c%%3Dd%%23&t=a&t=b%%26c [] " },
        { "{ form = { a = 'x y+z', b = dec('1.50') } }",
          "POST %s [application/x-www-form-urlencoded] a=x+y%%2Bz&b=1.50" },
        { "{ json = {} }", "POST %s [application/json] {}" },
        { "{ json = false }", "POST %s [application/json] false" },
        { "{ method = 'PUT', json = { list = { 1, 'x' }, text = '\"\\n', sum = c.args.price } }",
          "PUT %s [application/json] {\"list\":[1,\"x\"],\"sum\":\"12.50 EUR\","
          "\"text\":\"\\\"\\u000a\"}" },
        { "{ headers = { ['X-A'] = 'b', ['Content-Type'] = 'text/csv' }, body = 'a;b' }",
          "POST %s [text/plain; charset=utf-8] <Content-Type: text/csv> <X-A: b> a;b" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[400];
        struct buf expected;
        (void)snprintf(text, sizeof(text), "function f(c) return %s end", cases[i].gives);
        buf_init(&expected, sizeof(line));
        for (const char *at = cases[i].request; *at != '\0'; at++) {
            if (at[0] == '%' && at[1] == 's') {
                buf_put_cstr(&expected, base);
                at++;
            } else {
                buf_put_char(&expected, *at);
                at += at[0] == '%' && at[1] == '%' ? 1 : 0;
            }
        }
        buf_put_char(&expected, '\0');
        expect_request(desk, text, expected.ptr);
        buf_done(&expected);
    }
    assert_true(desk->request.says_type && !desk->request.says_accept);
    desk->section.url = "https://bank.example/?key=1";
    expect_request(desk, "function f() return { path = 'a', query = { b = 2 } } end",
                   "POST https://bank.example/a?key=1&b=2 [] ");
}

static void what_is_no_request_is_told_in_words(void **state)
{
    static const struct { const char *gives, *words; } wrong[] = {
        { "nil", "`f` gave nothing; a `request` gives" },
        { "'GET'", "`f` gave a text; a `request` gives" },
        { "7", "`f` gave a number; a `request` gives" },
        { "{ 'GET' }", "`f` gave a list; a `request` gives" },
        { "{ url = 'https://bank.example/' }", "`url`, which means nothing here" },
        { "{ method = 'TRACE' }", "a `method` that is none of" },
        { "{ method = 'get' }", "a `method` that is none of" },
        { "{ method = 5 }", "a `method` that is none of" },
        { "{ method = 'GET', json = 1 }", "a GET with a body" },
        { "{ json = 1, body = 'x' }", "more than one of" },
        { "{ body = {} }", "a `body` that is not a text" },
        { "{ body = 0.5 }", "a broken number" },
        { "{ body = '\\xff' }", "not UTF-8" },
        { "{ form = { 'a' } }", "a `form` that is not a table of names" },
        { "{ query = 'a=b' }", "a `query` that is not a table of names" },
        { "{ headers = 'X: y' }", "`headers` that are not a table of names" },
        { "{ path = 7 }", "a `path` that is neither" },
        { "{ path = { {} } }", "a `path` with a table inside" },
        { "{ fail = true }", "`fail` without words" },
        { "{ json = function() end }", "no value (a function" },
        { "error('no price')", "f.lua:1: no price\nstack traceback:" },
        { "(function() while true do end end)()", "HOOK_INSTRUCTIONS_MAX" },
        { "{ body = ('x'):rep(300000) }", "HOOK_BLOCK_BYTES_MAX" },
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char text[300];
        (void)snprintf(text, sizeof(text), "function f(c) return %s end", wrong[i].gives);
        expect_no_request(*state, text, SHAPE_RETRY, wrong[i].words);
    }
}

static void no_request_leaves_its_place(void **state)
{
    static const struct { const char *gives, *words; } wrong[] = {
        { "{ path = '..' }", "stays below the URL" },
        { "{ path = 'a/../../b' }", "stays below the URL" },
        { "{ path = { 'a', '..' } }", "stays below the URL" },
        { "{ path = './a' }", "stays below the URL" },
        { "{ path = '//host/a' }", "an empty part" },
        { "{ path = { 'a', '' } }", "an empty part" },
        { "{ headers = { A = 'b\\r\\nC: d' } }", "not one line of text" },
        { "{ headers = { A = 'b\\nC: d' } }", "not one line of text" },
        { "{ headers = { A = 'b\\0c' } }", "not one line of text" },
        { "{ headers = { A = ' ' } }", "not one line of text" },
        { "{ headers = { A = {} } }", "not one line of text" },
        { "{ headers = { A = ('b'):rep(5000) } }", "not one line of text" },
        { "{ headers = { ['A: b\\r\\nC'] = 'd' } }", "a header whose name is none" },
        { "{ headers = { [''] = 'd' } }", "a header whose name is none" },
        { "{ headers = { ['\xc3\xa4'] = 'd' } }", "a header whose name is none" },
        { "{ headers = { HOST = 'evil' } }", "which the engine says itself" },
        { "{ headers = { ['Content-length'] = 5 } }", "which the engine says itself" },
        { "{ headers = { ['Transfer-Encoding'] = 'chunked' } }", "which the engine says itself" },
        { "{ headers = { ['Idempotency-key'] = '1' } }", "which the engine says itself" },
        { "{ headers = { ['x-TOKEN'] = 'mine' } }", "which the settings say" },
        { "{ query = { a = { b = 1 } } }", "a query with a record" },
        { "{ form = { a = { { 1 } } } }", "a `form` with a record" },
        { "{ path = ('x'):rep(9000) }", "SHAPE_URL_BYTES_MAX" },
        { "{ query = { a = ('x'):rep(9000) } }", "SHAPE_URL_BYTES_MAX" },
        { "{ fail = 'no such customer' }", "no such customer" },
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char text[300];
        (void)snprintf(text, sizeof(text), "function f(c) return %s end", wrong[i].gives);
        expect_no_request(*state, text, SHAPE_REFUSED, wrong[i].words);
    }
    expect_no_request(*state,
                      "function f() local h = {} for i = 1, 20 do h['A' .. i] = 1 end\n"
                      "return { headers = h } end", SHAPE_REFUSED, "SHAPE_HEADERS_MAX");
}

// --- answers -------------------------------------------------------------------------------------

static void hear(struct desk *desk, const char *text, const char *body)
{
    static const struct shape_heard headers[] = { { { "x-ticket", 8 }, { "T-7", 3 } } };
    const struct shape_answer answer = { 201, headers, 1, slice_from_cstr(body) };
    struct slice words;
    desk->section.reply = (struct settings_function){ SLICE("f.lua"), slice_from_cstr(text),
                                                      SLICE("f") };
    desk->end = shape_reply(desk->box, &desk->section, &desk->call, &answer, &desk->arena,
                            &desk->message, &words);
    keep_words(desk, words);
}

static void expect_message(struct desk *desk, const char *text, const char *body,
                           const char *expected)
{
    struct buf shown;
    struct unpack unpack;
    hear(desk, text, body);
    if (desk->end != SHAPE_DONE) {
        fail_msg("%s\n%s", text, desk->words);
    }
    buf_init(&shown, 4096);
    buf_put_slice(&shown, desk->message.name);
    unpack_init(&unpack, desk->message.form);
    for (uint32_t i = desk->message.form.len > 0 ? unpack_map(&unpack) : 0; i > 0; i--) {
        struct slice name = unpack_str(&unpack);
        struct value value = value_unpack(&unpack, &desk->arena);
        buf_format(&shown, " %.*s:%u=", SLICE_PRINT(name), value.kind);
        value_print(&shown, &value);
    }
    assert_false(unpack.bad);
    buf_put_char(&shown, '\0');
    assert_string_equal(shown.ptr, expected);
    buf_done(&shown);
}

static void an_answer_becomes_a_message_with_typed_fields(void **state)
{
    expect_message(*state,
                   "function f(c, a) return { message = 'paid', with = {\n"
                   "  number = c.args.number, sum = money(a.json.sum, 'EUR'), n = #a.json.lines,\n"
                   "  late = a.json.late, price = a.json.price, ticket = a.headers['x-ticket'],\n"
                   "  status = a.status, try_ = c.try, big = a.json.big, none = a.json.none } }\n"
                   "end",
                   "{\"sum\":\"9.90\",\"lines\":[{},{}],\"late\":false,\"price\":1.25,"
                   "\"big\":1e40,\"none\":null}",
                   "paid big:3=1e40 late:1=no n:2=2 number:3=7/8 price:4=1.25 status:2=201 "
                   "sum:5=9.90 EUR ticket:3=T-7 try_:2=2");
    expect_message(*state, "function f(c, a) return { message = 'said', with = { text = a.body, "
                           "json = tostring(a.json) } } end",
                   "thank you", "said json:3=nil text:3=thank you");
    expect_message(*state, "function f(c, a) return { message = 'said', with = {} } end", "",
                   "said");
    expect_message(*state, "function f(c, a) return { message = 'said' } end", "", "said");
    expect_message(*state, "function f(c, a) return { done = true } end", "[", "");
}

static void what_is_no_outcome_is_told_in_words(void **state)
{
    static const struct { const char *gives, *words; enum shape_end end; } wrong[] = {
        { "nil", "`f` gave nothing; a `reply` gives", SHAPE_RETRY },
        { "true", "`f` gave yes or no; a `reply` gives", SHAPE_RETRY },
        { "{}", "`f` gave an empty table; a `reply` gives", SHAPE_RETRY },
        { "{ a.status }", "`f` gave a list; a `reply` gives", SHAPE_RETRY },
        { "{ with = { a = 1 } }", "a `with` without a `message`", SHAPE_RETRY },
        { "{ done = false }", "a `done` that is not true", SHAPE_RETRY },
        { "{ done = true, fail = 'x' }", "several outcomes at once", SHAPE_RETRY },
        { "{ massage = 'paid' }", "`massage`, which means nothing", SHAPE_RETRY },
        { "{ message = 7 }", "not the name of one", SHAPE_RETRY },
        { "{ message = 'a b' }", "not the name of one", SHAPE_RETRY },
        { "{ message = 'paid', with = 'x' }", "a `with` that is not a table", SHAPE_RETRY },
        { "{ message = 'paid', with = { 1, 2 } }", "a `with` that is not a table", SHAPE_RETRY },
        { "{ retry = 5 }", "`retry` without words", SHAPE_RETRY },
        { "{ retry = 'not yet' }", "not yet", SHAPE_RETRY },
        { "{ fail = '' }", "`fail` without words", SHAPE_RETRY },
        { "{ fail = 'sold out' }", "sold out", SHAPE_REFUSED },
        { "{ message = 'paid', with = { a = ('x'):rep(70000) } }", "CALL_FORM_BYTES_MAX",
          SHAPE_REFUSED },
        { "a.json.lines.first.id", "f.lua:1: attempt to index", SHAPE_RETRY },
        { "pcall(function() while true do end end)", "HOOK_INSTRUCTIONS_MAX", SHAPE_RETRY },
    };
    struct desk *desk = *state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char text[300];
        (void)snprintf(text, sizeof(text), "function f(c, a) return %s end", wrong[i].gives);
        hear(desk, text, "{\"a\":1}");
        if (desk->end != wrong[i].end || strstr(desk->words, wrong[i].words) == NULL) {
            fail_msg("%s\nend %d, looked for: %s\nsaid: %s", text, (int)desk->end, wrong[i].words,
                     desk->words);
        }
    }
}

static void an_answer_without_end_is_not_given(void **state)
{
    struct desk *desk = *state;
    struct buf many;
    buf_init(&many, 200 * 1024);
    buf_put_char(&many, '[');
    for (int i = 0; i < 20001; i++) {
        buf_put_cstr(&many, i > 0 ? ",[]" : "[]");
    }
    buf_put_cstr(&many, "]");
    buf_put_char(&many, '\0');
    hear(desk, "function f(c, a) return { done = true } end", many.ptr);
    assert_int_equal(desk->end, SHAPE_RETRY);
    assert_non_null(strstr(desk->words, "JSON_VALUES_MAX"));
    buf_done(&many);
    // Deep, and still within what JSON may be here.
    hear(desk, "function f(c, a) local n, t = 0, a.json while t do t, n = t[1], n + 1 end\n"
               "return { message = 'deep', with = { n = n } } end",
         "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");
    assert_int_equal(desk->end, SHAPE_DONE);
}

static void a_secret_that_comes_back_is_noticed(void **state)
{
    (void)state;
    const struct settings_section section = {
        .secrets = { SLICE("Bearer 12345678"), SLICE("abc"), SLICE("open sesame") },
        .secret_count = 3,
    };
    assert_true(settings_repeats_secret(&section, SLICE("{\"you\":\"Bearer 12345678\"}")));
    assert_true(settings_repeats_secret(&section, SLICE("key=12345678")));
    assert_true(settings_repeats_secret(&section, SLICE("oopen sesame")));
    assert_false(settings_repeats_secret(&section, SLICE("Bearer 1234567, abc, sesame, open")));
    assert_false(settings_repeats_secret(&section, SLICE_EMPTY));
}

int main(void)
{
#define SHAPE_TEST(name) cmocka_unit_test_setup_teardown(name, open_desk, close_desk)
    const struct CMUnitTest tests[] = {
        SHAPE_TEST(without_a_function_parameters_are_json_or_a_query),
        SHAPE_TEST(a_function_hears_the_call_typed),
        SHAPE_TEST(a_function_makes_the_request),
        SHAPE_TEST(what_is_no_request_is_told_in_words),
        SHAPE_TEST(no_request_leaves_its_place),
        SHAPE_TEST(an_answer_becomes_a_message_with_typed_fields),
        SHAPE_TEST(what_is_no_outcome_is_told_in_words),
        SHAPE_TEST(an_answer_without_end_is_not_given),
        cmocka_unit_test(a_secret_that_comes_back_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
