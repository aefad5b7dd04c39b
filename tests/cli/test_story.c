// Events as sentences, and answers of the engine as JSON.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdlib.h>

#include "base/pack.h"
#include "base/value.h"
#include "engine/cli/story.h"
#include "engine/cli/wire.h"

static struct arena arena;
static struct buf packed;

static int begin(void **state)
{
    (void)state;
    arena_init(&arena, 1 << 20);
    buf_init(&packed, 1 << 20);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_done(&arena);
    buf_done(&packed);
    return 0;
}

static void put(const char *key, const char *value)
{
    pack_cstr(&packed, key);
    pack_cstr(&packed, value);
}

static void put_number(const char *key, uint64_t value)
{
    pack_cstr(&packed, key);
    pack_uint(&packed, value);
}

static void event_begin(const char *name, uint32_t pairs)
{
    buf_reset(&packed);
    pack_map(&packed, pairs + 1);
    put("event", name);
}

static void expect_sentence(bool all, const char *expected)
{
    struct story story = { &arena, all, NULL };
    struct buf out;
    buf_init(&out, 4096);
    assert_int_equal(story_event(&story, buf_slice(&packed), &out), expected != NULL);
    buf_put_char(&out, 0);
    assert_string_equal(out.ptr, expected != NULL ? expected : "");
    buf_done(&out);
}

// S99, S131
static void events_read_as_sentences(void **state)
{
    (void)state;
    event_begin("pressed", 3);
    put("name", "busy");
    put("label", "Busy");
    put_number("line", 45);
    expect_sentence(false, "pressed Busy (line 45)");
    event_begin("task_opened", 5);
    put_number("task", 2);
    put("title", "Call Ann");
    pack_cstr(&packed, "holder");
    pack_nil(&packed);
    put("offered", "sales");
    put_number("due", UINT64_C(1767693600000));
    expect_sentence(false, "task 2: Call Ann, for sales, due 2026-01-06 10:00");
    event_begin("field_changed", 3);
    put("label", "Tries");
    put_number("old", 0);
    put_number("now", 1);
    expect_sentence(false, "Tries: 0 -> 1");
    event_begin("field_changed", 2);
    put("field", "note");
    put("old", "x");
    expect_sentence(false, "note: x -> empty");
    event_begin("slot_set", 3);
    put("role", "sales");
    put("user", "bob");
    put("reason", "assigned");
    expect_sentence(false, "sales is bob: assigned");
}

static void parts_without_a_value_are_left_out(void **state)
{
    (void)state;
    event_begin("instance_started", 1);
    put_number("parent", 0);
    expect_sentence(false, "started");
    event_begin("instance_started", 1);
    put_number("parent", 7);
    expect_sentence(false, "started under case 7");
}

static void book_keeping_is_shown_only_when_asked_for(void **state)
{
    (void)state;
    event_begin("stage_exited", 1);
    put("stage", "call");
    expect_sentence(false, NULL);
    expect_sentence(true, "left call");
}

static void unknown_events_show_all_they_hold(void **state)
{
    (void)state;
    event_begin("sung", 2);
    put("song", "\x1b[2J");
    put_number("verse", 3);
    expect_sentence(false, "sung song=\xef\xbf\xbd[2J verse=3");
}

static void answers_are_listed_and_moments_among_them_shown(void **state)
{
    (void)state;
    buf_reset(&packed);
    pack_map(&packed, 2);
    put_number("call_at", UINT64_C(1767693600000));
    put_number("price", 1500);
    struct story story = { &arena, false, NULL };
    struct buf out;
    buf_init(&out, 4096);
    story_form(&story, buf_slice(&packed), &out);
    buf_put_char(&out, 0);
    assert_string_equal(out.ptr, "call_at = 2026-01-06 10:00, price = 1500");
    buf_done(&out);
}

static void every_kind_of_value_becomes_json(void **state)
{
    (void)state;
    buf_reset(&packed);
    pack_map(&packed, 8);
    put("text", "a\"b");
    put_number("number", 7);
    pack_cstr(&packed, "minus");
    pack_int(&packed, -7);
    pack_cstr(&packed, "yes");
    pack_bool(&packed, true);
    pack_cstr(&packed, "nothing");
    pack_nil(&packed);
    pack_cstr(&packed, "list");
    pack_array(&packed, 2);
    pack_uint(&packed, 1);
    pack_map(&packed, 0);
    pack_cstr(&packed, "bytes");
    pack_bin(&packed, SLICE("\x00\xff"));
    pack_cstr(&packed, "date");
    struct value date = { .kind = VALUE_DATE, .number = 20458 };
    value_pack(&packed, &date);
    json_t *json = wire_json(buf_slice(&packed));
    char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text, "{\"bytes\":\"00ff\",\"date\":\"2026-01-05\",\"list\":[1,{}],"
                              "\"minus\":-7,\"nothing\":null,\"number\":7,\"text\":\"a\\\"b\","
                              "\"yes\":true}");
    free(text);
    json_decref(json);
}

static void damaged_answers_read_as_nothing(void **state)
{
    (void)state;
    static const struct slice bad[] = { { "", 0 },
                                        { "\xdf\xff\xff\xff\xff", 5 },
                                        { "\x81\xa1", 2 },
                                        { "\xc1", 1 },
                                        { "\x92\x01", 2 } };
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        assert_int_equal(wire_uint(bad[i], "x"), 0);
        assert_int_equal(wire_text(bad[i], "x", &arena).len, 0);
        struct wire_list list = wire_list(bad[i]);
        struct slice item;
        unsigned count = 0;
        while (wire_next(&list, &item)) {
            count++;
        }
        assert_true(count <= 1);
        json_t *json = wire_json(bad[i]);
        assert_non_null(json);
        json_decref(json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(events_read_as_sentences, begin, end),
        cmocka_unit_test_setup_teardown(parts_without_a_value_are_left_out, begin, end),
        cmocka_unit_test_setup_teardown(book_keeping_is_shown_only_when_asked_for, begin, end),
        cmocka_unit_test_setup_teardown(unknown_events_show_all_they_hold, begin, end),
        cmocka_unit_test_setup_teardown(answers_are_listed_and_moments_among_them_shown, begin,
                                        end),
        cmocka_unit_test_setup_teardown(every_kind_of_value_becomes_json, begin, end),
        cmocka_unit_test_setup_teardown(damaged_answers_read_as_nothing, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
