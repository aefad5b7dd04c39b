// Cards and programs: what each user is shown, and what `apply` makes of files.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/mem.h"
#include "tests/shell/box.h"

static const char deal[] = "role boss \"Boss\"\n"
                           "role seller \"Seller\" under boss\n"
                           "role clerk \"Clerk\" under boss\n"
                           "enum size { small \"Small\", large \"Large\" }\n"
                           "process deal \"Deal\" {\n"
                           "  title \"Deal of {name}\"\n"
                           "  field name: text \"Name\" required\n"
                           "  field margin: money \"Margin\" shown to boss\n"
                           "  field size: size \"Size\"\n"
                           "  field again_at: datetime \"Call again\"\n"
                           "  start => offer\n"
                           "  stage offer \"Offer\" {\n"
                           "    task \"Offer to {name}\" for seller due 10 min "
                           "script \"Be kind.\"\n"
                           "    action sent \"Sent\" help \"The offer is out.\" {\n"
                           "      ask size required\n"
                           "      ask again_at quick\n"
                           "      ask remark: text \"Remark\"\n"
                           "      => waiting\n"
                           "    }\n"
                           "    action raise \"Raise the margin\" by boss { ask margin required }\n"
                           "  }\n"
                           "  stage waiting \"Waiting\" {\n"
                           "    task \"Ask {name}\" for seller due 1 day\n"
                           "    action agreed \"Yes\" confirm \"Really?\" => sold\n"
                           "  }\n"
                           "  end sold \"Sold\" success\n"
                           "}\n";

static struct box *box;
static struct box_wire *wire;
static struct arena words;

static struct slice call(const char *method, struct slice map)
{
    return box_ask(box, wire, method, map);
}

static struct slice apply(const char *text)
{
    struct buf map;
    buf_init(&map, FRAME_BYTES_MAX);
    buf_put_slice(&map, SLICE("\x81\xa5""files\x91\x82\xa4name\xa9""deal.rung\xa4text"));
    pack_cstr(&map, text);
    struct slice answer = call("apply", buf_slice(&map));
    buf_done(&map);
    return answer;
}

static int open_box(void **state)
{
    (void)state;
    box = mem_zalloc(sizeof(*box));
    box_open(box, true);
    wire = box_connect(box);
    (void)box_good(apply(deal));
    (void)box_good(call("import_users",
                    SLICE("\x81\xa5users\x93\x82\xa4name\xa3sam\xa5roles\x91\xa6seller"
                          "\x82\xa4name\xa3""cat\xa5roles\x91\xa5""clerk"
                          "\x82\xa4name\xa3""bea\xa5roles\x91\xa4""boss")));
    (void)box_good(call("start", SLICE("\x83\xa7process\xa4""deal\xa4""form\x82\xa4name\xa3""Bob"
                                   "\xa6margin\xa7""100 EUR\xa2""as\xa3""bea")));
    return 0;
}

static int close_box(void **state)
{
    (void)state;
    box_close(box);
    mem_free(box);
    return 0;
}

// The element of an array of maps whose `key` is `value`; empty: none.
static struct slice find(struct slice array, const char *key, const char *value)
{
    struct unpack unpack;
    unpack_init(&unpack, array);
    uint32_t count = unpack_array(&unpack);
    for (uint32_t i = 0; i < count; i++) {
        struct slice item = unpack_raw(&unpack);
        if (slice_equal(box_text(item, key), slice_from_cstr(value))) {
            return item;
        }
    }
    return SLICE_EMPTY;
}

static struct slice card_of(struct slice map) { return box_good(call("show", map)); }

#define SHOW_AS(name) SLICE("\x82\xa8instance\x01\xa2""as\xa3" name)

// S112
static void a_field_shown_to_some_is_in_no_answer_to_others(void **state)
{
    (void)state;
    struct slice fields = pack_map_find(card_of(SHOW_AS("sam")), SLICE("fields"));
    assert_true(find(fields, "name", "name").len > 0);
    assert_int_equal(find(fields, "name", "margin").len, 0);
    struct slice history =
        box_good(call("history", SLICE("\x82\xa8instance\x01\xa2""as\xa3sam")));
    for (size_t i = 0; i + 6 <= history.len; i++) {
        assert_memory_not_equal(history.ptr + i, "margin", 6);
        assert_memory_not_equal(history.ptr + i, "100.00", 6);
    }
    fields = pack_map_find(card_of(SHOW_AS("bea")), SLICE("fields"));
    struct slice margin = find(fields, "name", "margin");
    assert_true(margin.len > 0);
    assert_true(slice_starts(box_text(margin, "value"), SLICE("100")));
}

// S15, S18
static void each_user_is_offered_his_own_buttons(void **state)
{
    (void)state;
    struct slice actions = pack_map_find(card_of(SHOW_AS("sam")), SLICE("actions"));
    assert_true(find(actions, "action", "sent").len > 0);
    assert_int_equal(find(actions, "action", "raise").len, 0);
    assert_int_equal(find(actions, "action", "agreed").len, 0); // of a stage to come
    actions = pack_map_find(card_of(SHOW_AS("bea")), SLICE("actions"));
    assert_true(find(actions, "action", "raise").len > 0);
    // Whoever has nothing to do with the case does not see it at all.
    assert_true(slice_equal(box_code(call("show", SHOW_AS("cat"))), SLICE("not_allowed")));
    // An administrator sees what anybody might press.
    actions = pack_map_find(card_of(SLICE("\x81\xa8instance\x01")), SLICE("actions"));
    assert_true(find(actions, "action", "sent").len > 0 &&
                find(actions, "action", "raise").len > 0);
}

// S21, S24, S29, S30, S93
static void a_form_says_all_that_a_client_needs_to_ask_it(void **state)
{
    (void)state;
    struct slice card = card_of(SHOW_AS("sam"));
    struct slice sent = find(pack_map_find(card, SLICE("actions")), "action", "sent");
    assert_true(slice_equal(box_text(sent, "help"), SLICE("The offer is out.")));
    struct slice form = pack_map_find(sent, SLICE("form"));
    struct slice size = find(form, "name", "size");
    assert_true(slice_equal(pack_map_find(size, SLICE("required")), SLICE("\xc3")));
    struct slice large = find(pack_map_find(size, SLICE("choices")), "name", "large");
    assert_true(slice_equal(box_text(large, "label"), SLICE("Large")));
    struct slice again = find(form, "name", "again_at");
    assert_true(slice_equal(box_text(again, "type"), SLICE("datetime")));
    assert_true(find(pack_map_find(again, SLICE("quick")), "label", "in an hour").len > 0);
    assert_true(find(form, "name", "remark").len > 0);
    struct slice task = pack_map_find(card, SLICE("task"));
    assert_true(slice_equal(box_text(task, "script"), SLICE("Be kind.")));
    assert_true(slice_equal(box_text(card, "title"), SLICE("Deal of Bob")));
}

// S92, S176
static void an_inbox_holds_what_is_offered_and_what_is_held_by_due_moment(void **state)
{
    (void)state;
    (void)box_good(call("start", SLICE("\x82\xa7process\xa4""deal\xa4""form\x81\xa4name\xa3Tim")));
    (void)box_good(call("press", SLICE("\x84\xa8instance\x01\xa6""action\xa4sent\xa4""form"
                                        "\x81\xa4size\xa5large\xa2""as\xa3sam")));
    struct slice inbox = box_good(call("inbox", SLICE("\x81\xa2""as\xa3sam")));
    struct unpack unpack;
    unpack_init(&unpack, pack_map_find(inbox, SLICE("tasks")));
    assert_int_equal(unpack_array(&unpack), 2);
    struct slice first = unpack_raw(&unpack); // offered to his role, due in 10 minutes
    assert_int_equal(box_number(first, "instance"), 2);
    assert_true(slice_equal(box_text(first, "offered"), SLICE("seller")));
    struct slice second = unpack_raw(&unpack); // his own, due tomorrow
    assert_true(slice_equal(box_text(second, "holder"), SLICE("sam")));
    inbox = box_good(call("inbox", SLICE("\x82\xa2""as\xa3sam\xa5limit\x01")));
    assert_true(slice_equal(pack_map_find(inbox, SLICE("more")), SLICE("\xc3")));
    inbox = box_good(call("inbox", SLICE("\x81\xa2""as\xa3""cat")));
    assert_true(slice_equal(pack_map_find(inbox, SLICE("tasks")), SLICE("\xdd\0\0\0\0")));
    assert_true(slice_equal(box_code(call("inbox", SLICE("\x81\xa2""as\xa3zoe"))),
                            SLICE("unknown_user")));
}

static void files_with_errors_are_refused_with_their_lines(void **state)
{
    (void)state;
    uint64_t seq = store_head(box->engine.store)->seq;
    struct slice answer = apply("process broken \"Broken\" {\n  start => nowhere\n}\n");
    assert_true(slice_equal(box_code(answer), SLICE("bad_program")));
    assert_true(box_text(box_error(answer), "text").len > 0);
    struct slice list = pack_map_find(box_error(answer), SLICE("diagnostics"));
    struct unpack unpack;
    unpack_init(&unpack, list);
    assert_true(unpack_array(&unpack) >= 1);
    struct slice first = unpack_raw(&unpack);
    assert_true(slice_equal(box_text(first, "file"), SLICE("deal.rung")));
    assert_true(slice_starts(box_text(first, "code"), SLICE("E")));
    assert_int_equal(store_head(box->engine.store)->seq, seq);
}

// S138
static void files_whose_own_tests_fail_are_not_activated(void **state)
{
    (void)state;
    uint64_t seq = store_head(box->engine.store)->seq;
    char text[4096];
    (void)snprintf(text, sizeof(text), "%s%s", deal,
                   "test \"an offer is made at once\" {\n"
                   "  user sam is seller\n"
                   "  at 2026-03-02 10:00\n"
                   "  start deal d with name: \"Bob\" as sam\n"
                   "  expect d in waiting\n"
                   "}\n");
    struct slice answer = apply(text);
    assert_true(slice_equal(box_code(answer), SLICE("bad_program")));
    struct unpack unpack;
    unpack_init(&unpack, pack_map_find(box_error(answer), SLICE("diagnostics")));
    assert_int_equal(unpack_array(&unpack), 1);
    assert_true(slice_equal(box_text(unpack_raw(&unpack), "code"), SLICE("test")));
    assert_int_equal(store_head(box->engine.store)->seq, seq);
    char *stage = strstr(text, "d in waiting");
    assert_non_null(stage);
    memcpy(stage, "d in offer  ", 12);
    assert_int_equal(box_number(box_good(apply(text)), "tests"), 1);
}

// S12, S106
static void running_cases_come_to_a_version_where_only_words_are_others(void **state)
{
    (void)state;
    char text[sizeof(deal)];
    memcpy(text, deal, sizeof(deal));
    char *label = strstr(text, "\"Offer\"");
    assert_non_null(label);
    memcpy(label, "\"Order\"", 7);
    (void)box_good(apply(text));
    (void)box_good(call("start", SLICE("\x82\xa7process\xa4""deal\xa4""form\x81\xa4name\xa3Tim")));
    assert_true(slice_equal(box_text(card_of(SLICE("\x81\xa8instance\x01")), "stage_label"),
                            SLICE("Order")));
    assert_true(slice_equal(box_text(card_of(SLICE("\x81\xa8instance\x02")), "stage_label"),
                            SLICE("Order")));
}

// One text, also the same one in two places, says different things in another language.
static const char deal_in_two[] =
    "role seller \"Seller\" ru \"\u041f\u0440\u043e\u0434\u0430\u0432\u0435\u0446\"\n"
    "role clerk \"Clerk\"\n"
    "role boss \"Boss\"\n"
    "enum size { small \"Open\" ru \"Malyj\", large \"Large\" de \"Gross\" ru \"Bolshoj\" }\n"
    "process deal \"Deal\" ru \"Sdelka\" {\n"
    "  title \"Deal of {name}\" ru \"Sdelka: {name}\"\n"
    "  field name: text \"Name\" ru \"Imja\" required help \"Who\" ru \"Kto\"\n"
    "  field size: size \"Size\" = small\n"
    "  start => offer\n"
    "  stage offer \"Open\" ru \"Otkryt\" {\n"
    "    task \"Offer: {title}\" de \"Angebot\" ru \"Predlozhit: {title}\" for seller\n"
    "    action sent \"Open\" {\n"
    "      ask size required\n"
    "      => sold\n"
    "    }\n"
    "  }\n"
    "  end sold \"Sold\" success\n"
    "}\n";

static void check_words(struct slice card, const char *stage, const char *title, const char *task,
                        const char *size)
{
    struct slice fields = pack_map_find(card, SLICE("fields"));
    assert_string_equal(arena_cstr(&words, box_text(card, "stage_label")), stage);
    assert_string_equal(arena_cstr(&words, box_text(card, "title")), title);
    assert_string_equal(
        arena_cstr(&words, box_text(pack_map_find(card, SLICE("task")), "title")), task);
    assert_string_equal(arena_cstr(&words, box_text(find(fields, "name", "size"), "text")), size);
    struct slice action = find(pack_map_find(card, SLICE("actions")), "action", "sent");
    assert_string_equal(arena_cstr(&words, box_text(action, "label")), "Open");
}

// S88
static void labels_are_read_in_the_language_of_the_reader(void **state)
{
    (void)state;
    arena_init(&words, 1 << 20);
    (void)box_good(apply(deal_in_two));
    (void)box_good(call("start", SLICE("\x82\xa7process\xa4""deal\xa4""form\x81\xa4name\xa3Tim")));
    const struct slice second = SLICE("\x81\xa8instance\x02");
    check_words(card_of(second), "Open", "Deal of Tim", "Offer: Deal of Tim", "Open");
    (void)box_good(call("hello", SLICE("\x81\xa4lang\xa2ru")));
    check_words(card_of(second), "Otkryt", "Sdelka: Tim", "Predlozhit: Sdelka: Tim", "Malyj");
    struct slice fields = pack_map_find(card_of(second), SLICE("fields"));
    assert_true(slice_equal(box_text(find(fields, "name", "name"), "label"), SLICE("Imja")));
    assert_true(slice_equal(box_text(find(fields, "name", "name"), "help"), SLICE("Kto")));
    struct slice slots = pack_map_find(card_of(second), SLICE("slots"));
    assert_true(slice_equal(box_text(find(slots, "role", "seller"), "label"),
                            SLICE("\u041f\u0440\u043e\u0434\u0430\u0432\u0435\u0446")));
    (void)box_good(call("hello", SLICE("\x81\xa4lang\xa2""de")));
    check_words(card_of(second), "Open", "Deal of Tim", "Angebot", "Open");
    (void)box_good(call("hello", SLICE("\x81\xa4lang\xa2""fr")));
    check_words(card_of(second), "Open", "Deal of Tim", "Offer: Deal of Tim", "Open");
    (void)box_good(call("press", SLICE("\x84\xa8instance\x02\xa6""action\xa4sent\xa2""as\xa3sam"
                                   "\xa4""form\x81\xa4size\xa5large")));
    (void)box_good(call("hello", SLICE("\x81\xa4lang\xa2ru")));
    fields = pack_map_find(card_of(second), SLICE("fields"));
    assert_true(slice_equal(box_text(find(fields, "name", "size"), "text"), SLICE("Bolshoj")));
    arena_done(&words);
}

static const char told_in_two[] =
    "role seller \"Seller\"\nrole clerk \"Clerk\"\nrole boss \"Boss\"\n"
    "enum size { small \"Small\" }\n"
    "process deal \"Deal\" {\n"
    "  title \"Deal\"\n"
    "  field name: text \"Name\"\n"
    "  start => offer\n"
    "  stage offer \"Offer\" {\n"
    "    task \"Offer\" for seller\n"
    "    action named \"Named\" { ask name }\n"
    "    action sent \"Sent\" {\n"
    "      require name is not empty else \"{title} has no name\" ru \"{title}: net imeni\"\n"
    "      notify boss \"Sold to {name}\" ru \"Prodano: {name}\"\n"
    "      => sold\n"
    "    }\n"
    "  }\n"
    "  end sold \"Sold\" success\n"
    "}\n";

// The text of the only notice of a person.
static const char *notice_of(struct slice who)
{
    struct slice notices = pack_map_find(box_good(call("inbox", who)), SLICE("notices"));
    struct unpack unpack;
    unpack_init(&unpack, notices);
    assert_int_equal(unpack_array(&unpack), 1);
    return arena_cstr(&words, box_text(unpack_raw(&unpack), "text"));
}

// S88: what a process says to people is said in the language of who reads it: a refusal in that of
// the connection, a notice in that of the directory.
static void refusals_and_notices_are_said_in_the_language_of_the_reader(void **state)
{
    (void)state;
    arena_init(&words, 1 << 20);
    (void)box_good(apply(told_in_two));
    (void)box_good(call("import_users", SLICE("\x81\xa5users\x92"
                                          "\x83\xa4name\xa3""bea\xa5roles\x91\xa4""boss"
                                          "\xa8language\xa2ru"
                                          "\x82\xa4name\xa3joe\xa5roles\x91\xa4""boss")));
    (void)box_good(call("start", SLICE("\x82\xa7process\xa4""deal\xa4""form\x80")));
    const struct slice press = SLICE("\x83\xa8instance\x02\xa6""action\xa4sent\xa2""as\xa3sam");
    assert_string_equal(arena_cstr(&words, box_message(call("press", press))), "Deal has no name");
    (void)box_good(call("hello", SLICE("\x81\xa4lang\xa2ru")));
    assert_string_equal(arena_cstr(&words, box_message(call("press", press))), "Deal: net imeni");
    (void)box_good(call("press", SLICE("\x84\xa8instance\x02\xa6""action\xa5named\xa2""as\xa3sam"
                                   "\xa4""form\x81\xa4name\xa3Tim")));
    (void)box_good(call("press", press));
    assert_string_equal(notice_of(SLICE("\x81\xa2""as\xa3""bea")), "Prodano: Tim");
    assert_string_equal(notice_of(SLICE("\x81\xa2""as\xa3joe")), "Sold to Tim");
    arena_done(&words);
}

static const char far_away[] = "role seller \"Seller\"\n"
                               "process deal \"Deal\" {\n"
                               "  title \"Deal\"\n"
                               "  zone from town\n"
                               "  field town: text \"Town\"\n"
                               "  start => offer\n"
                               "  stage offer \"Offer\" {\n"
                               "    task \"Offer\" for seller due 1 day\n"
                               "    action sent \"Sent\" => sold\n"
                               "  }\n"
                               "  end sold \"Sold\" success\n"
                               "}\n";

// S33
static void a_card_says_what_clock_the_client_lives_by(void **state)
{
    (void)state;
    (void)box_good(apply(far_away));
    (void)box_good(call("start", SLICE("\x82\xa7process\xa4""deal\xa4""form\x81\xa4town\xaa"
                                   "Asia/Tokyo")));
    struct slice card = card_of(SLICE("\x81\xa8instance\x02"));
    assert_true(slice_equal(box_text(card, "zone"), SLICE("Asia/Tokyo")));
    card = card_of(SLICE("\x81\xa8instance\x01")); // goes by the company's
    struct slice none = pack_map_find(card, SLICE("zone"));
    assert_true(none.len == 1 && (unsigned char)none.ptr[0] == 0xc0); // nil
}

int main(void)
{
#define BOX(test) cmocka_unit_test_setup_teardown(test, open_box, close_box)
    const struct CMUnitTest tests[] = {
        BOX(a_field_shown_to_some_is_in_no_answer_to_others),
        BOX(each_user_is_offered_his_own_buttons),
        BOX(a_form_says_all_that_a_client_needs_to_ask_it),
        BOX(an_inbox_holds_what_is_offered_and_what_is_held_by_due_moment),
        BOX(files_with_errors_are_refused_with_their_lines),
        BOX(files_whose_own_tests_fail_are_not_activated),
        BOX(running_cases_come_to_a_version_where_only_words_are_others),
        BOX(labels_are_read_in_the_language_of_the_reader),
        BOX(refusals_and_notices_are_said_in_the_language_of_the_reader),
        BOX(a_card_says_what_clock_the_client_lives_by),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
