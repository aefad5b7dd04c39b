// What calls say and hear, without a socket: JSON both ways, addresses, settings.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/value.h"
#include "engine/calls/address.h"
#include "engine/calls/json.h"
#include "engine/calls/settings.h"

static void note(void *context, struct slice path, enum json_kind kind, struct slice text)
{
    static const char letters[] = "zbns";
    buf_format(context, "%.*s:%c:%.*s;", SLICE_PRINT(path), letters[kind], SLICE_PRINT(text));
}

static void expect_read(struct slice json, bool good, const char *told)
{
    struct buf buf;
    buf_init(&buf, 4096);
    bool read = json_read(json, note, &buf, NULL);
    if (read != good || !slice_equal(buf_slice(&buf), slice_from_cstr(told))) {
        fail_msg("%.*s: %d, told %.*s", SLICE_PRINT(json), read, SLICE_PRINT(buf_slice(&buf)));
    }
    buf_done(&buf);
}

static void json_is_read_by_place(void **state)
{
    (void)state;
    expect_read(SLICE(" {\"a\" : 1 , \"b\":{\"c\":[true,null,-0.50e+3]}} "), true,
                "a:n:1;b.c.0:b:true;b.c.1:z:null;b.c.2:n:-0.50e+3;");
    expect_read(SLICE("[[],{},[[\"x\"]]]"), true, "2.0.0:s:x;");
    expect_read(SLICE("\"\\u00e4\\ud83d\\ude00\\n\\/\""), true,
                ":s:\xc3\xa4\xf0\x9f\x98\x80\n/;");
    expect_read(SLICE("0"), true, ":n:0;");
}

static void what_is_not_json_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", " ", "{", "[1,]", "{\"a\"}", "{\"a\":}", "{a:1}", "01", "1.", ".5", "+1", "1e", "nul",
        "\"\\ud83d\"", "\"\\udc00\"", "\"\\x\"", "\"a", "\"\\u12\"", "[1 2]", "{} {}", "]", "--1",
        "\"\t\"", "\"\xff\"", "{\"a\":1,}",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct buf buf;
        buf_init(&buf, 4096);
        if (json_read(slice_from_cstr(bad[i]), note, &buf, NULL)) {
            fail_msg("taken: %s", bad[i]);
        }
        buf_done(&buf);
    }
    expect_read(SLICE("\"a\0b\""), false, "");
}

static void json_has_bounds(void **state)
{
    (void)state;
    char deep[2 * JSON_DEPTH_MAX + 3];
    for (int depth = JSON_DEPTH_MAX; depth <= JSON_DEPTH_MAX + 1; depth++) {
        memset(deep, '[', (size_t)depth);
        memset(deep + depth, ']', (size_t)depth);
        expect_read(slice_make(deep, 2 * (size_t)depth), depth == JSON_DEPTH_MAX, "");
    }
    char name[JSON_PATH_BYTES_MAX + 16] = "{\"";
    memset(name + 2, 'n', JSON_PATH_BYTES_MAX + 1);
    memcpy(name + 3 + JSON_PATH_BYTES_MAX, "\":1}", 4);
    expect_read(slice_make(name, 7 + JSON_PATH_BYTES_MAX), false, "");
}

static void a_form_is_said_as_json(void **state)
{
    (void)state;
    struct buf form, json;
    struct arena arena;
    buf_init(&form, 4096);
    buf_init(&json, 4096);
    arena_init(&arena, 1 << 20);
    const struct value items[] = { value_integer(1), value_text(SLICE("\"x\"\n\\")) };
    const struct value values[] = {
        { .kind = VALUE_DECIMAL, .number = -1250, .scale = 2 },
        { .kind = VALUE_MONEY, .number = 1250, .scale = 2, .currency = { 'E', 'U', 'R' } },
        value_datetime(1772445600500), value_datetime(-1), value_empty(), value_bool(true),
        { .kind = VALUE_LIST, .list = { items, 2 } }, { .kind = VALUE_DATE, .number = 0 },
    };
    pack_map(&form, 8);
    for (uint32_t i = 0; i < 8; i++) {
        const char name[2] = { (char)('a' + i), '\0' };
        pack_cstr(&form, name);
        value_pack(&form, &values[i]);
    }
    assert_true(json_put_form(&json, buf_slice(&form), &arena));
    buf_put_char(&json, '\0');
    assert_string_equal(json.ptr,
                        "{\"a\":-12.50,\"b\":\"12.50 EUR\",\"c\":\"2026-03-02T10:00:00.500Z\","
                        "\"d\":\"1969-12-31T23:59:59.999Z\",\"e\":null,\"f\":true,"
                        "\"g\":[1,\"\\\"x\\\"\\u000a\\\\\"],\"h\":\"1970-01-01\"}");
    assert_false(json_put_form(&json, slice_sub(buf_slice(&form), 0, form.len - 1), &arena));
    assert_false(json_put_form(&json, SLICE("\xff"), &arena));
    arena_done(&arena);
    buf_done(&json);
    buf_done(&form);
}

static void only_public_addresses_are_public(void **state)
{
    (void)state;
    static const char *const open[] = { "8.8.8.8:443", "172.32.0.1:80", "100.128.0.1:80",
                                        "[2606:4700::1]:443", "[::ffff:8.8.8.8]:443" };
    static const char *const closed[] = {
        "127.0.0.1:80", "10.1.2.3:80", "172.16.0.1:80", "172.31.255.255:80", "192.168.1.1:80",
        "169.254.169.254:80", "100.64.0.1:80", "0.0.0.0:80", "224.0.0.1:80", "255.255.255.255:80",
        "198.19.0.1:80", "[::1]:80", "[::]:80", "[fe80::1]:80", "[fd00::1]:80", "[ff02::1]:80",
        "[::ffff:127.0.0.1]:80", "[::ffff:10.0.0.1]:80", "[64:ff9b::7f00:1]:80",
        "[2002:7f00:1::]:80", "[2001::1]:80", "[::7f00:1]:80",
    };
    struct address address;
    for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
        assert_true(address_parse(slice_from_cstr(open[i]), &address));
        assert_true(address_is_public(&address));
    }
    for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++) {
        assert_true(address_parse(slice_from_cstr(closed[i]), &address));
        if (address_is_public(&address)) {
            fail_msg("%s is not public", closed[i]);
        }
    }
    static const char *const bad[] = { "", ":", "1.2.3.4", "1.2.3.4:", "1.2.3.4:0", "1.2.3.4:65536",
                                       "::1:80", "[::1]", "host:80", "1.2.3.4:99999999999999" };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(address_parse(slice_from_cstr(bad[i]), &address));
    }
}

// --- settings: those with errors are read from files by calls.sh
static void a_call_s_own_lines_come_first(void **state)
{
    (void)state;
    struct settings_section sections[2] = {
        { .connector = SLICE("bank"), .url = "https://a/{call}", .timeout_s = 7, .at_once = 2,
          .headers = { "A: b" }, .header_count = 1 },
        { .connector = SLICE("bank"), .call = SLICE("pay"), .url = "https://b", .method = "PUT" },
    };
    const struct settings settings = { sections, 2 };
    struct settings_section found;
    assert_true(settings_of(&settings, SLICE("bank"), SLICE("pay"), &found));
    assert_string_equal(found.url, "https://b");
    assert_true(found.method != NULL && found.timeout_s == 7 && found.header_count == 1);
    assert_true(settings_of(&settings, SLICE("bank"), SLICE("ask"), &found));
    assert_string_equal(found.url, "https://a/{call}");
    assert_true(found.method == NULL && found.at_once == 2 && found.answer_bytes == 65536);
    assert_false(settings_of(&settings, SLICE("mail"), SLICE("ask"), &found));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_is_read_by_place),
        cmocka_unit_test(what_is_not_json_is_refused),
        cmocka_unit_test(json_has_bounds),
        cmocka_unit_test(a_form_is_said_as_json),
        cmocka_unit_test(only_public_addresses_are_public),
        cmocka_unit_test(a_call_s_own_lines_come_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
