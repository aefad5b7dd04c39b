// Inboxes: which lane a task stands in, in what order, in whose day (rule 39), and what is pushed.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/value.h"
#include "tests/shell/box.h"

static const char company[] =
    "role sales \"Sales\"\n"
    "role boss \"Boss\"\n"
    "role cook \"Cook\"\n"
    "enum source { site \"Site\", call \"Call\" }\n"
    "process lead \"Lead\" {\n"
    "  title \"{name}\"\n"
    "  field name: text \"Name\" required\n"
    "  field price: money \"Price\"\n"
    "  field source: source \"Source\"\n"
    "  field secret: bool \"Secret\" = no shown to boss\n"
    "  field at_: datetime \"At\" required\n"
    "  start => talk\n"
    "  stage talk \"Talk\" chance 10% {\n"
    "    task \"Call\" for sales due at_ promised\n"
    "    action again_ \"Later\" { ask at_ required  again due at_ promised }\n"
    "    action onward \"On\" { ask at_ required  => offer }\n"
    "    action sold \"Sold\" => won\n"
    "  }\n"
    "  stage offer \"Offer\" chance 50% {\n"
    "    task \"Offer\" for sales due at_\n"
    "    action sold \"Sold\" => won\n"
    "  }\n"
    "  end won \"Won\" success\n"
    "}\n"
    "process meal \"Meal\" {\n"
    "  title \"{name}\"\n"
    "  field name: text \"Name\" required\n"
    "  start => cooking\n"
    "  stage cooking \"Cooking\" {\n"
    "    task \"Cook\" for cook due 1 day\n"
    "    action served \"Served\" => eaten\n"
    "  }\n"
    "  end eaten \"Eaten\" success\n"
    "}\n";
static const char lanes[] =
    "inbox work for sales, boss {\n"
    "  lane broken \"Broken\" ru \"Srok\" pink if task.promised and task.due < now\n"
    "  lane moved \"Moved\" yellow if day(task.due) is today and day(task.moved_from) is today\n"
    "  lane hidden \"Hidden\" red if case.secret\n"
    "  lane dear \"Dear\" blue if case.price > 1000 by case.price desc\n"
    "  lane web \"Web\" orange if case.source is site\n"
    "  lane plan \"Today\" white if day(task.due) <= today by stage.position desc, task.due\n"
    "  lane finished \"Done\" green if day(task.done_at) is today by task.done_at desc\n"
    "  lane rest \"Rest\" by case.price, stage.chance desc\n"
    "}\n"
    "inbox kitchen for cook { lane food \"Food\" grey }\n";

static struct box *box;
static struct box_wire *wire;

static struct slice call(const char *method, struct slice map)
{
    return box_ask(box, wire, method, map);
}

static struct slice apply(const char *text)
{
    struct buf map;
    buf_init(&map, FRAME_BYTES_MAX);
    buf_put_slice(&map, SLICE("\x81\xa5""files\x91\x82\xa4name\xa6w.rung\xa4text"));
    pack_cstr(&map, text);
    struct slice answer = call("apply", buf_slice(&map));
    buf_done(&map);
    return answer;
}

// A call whose map is pairs of texts; a key with a dot in front goes into `form`.
struct pair { const char *key, *text; };

static void put_pairs(struct buf *map, const struct pair *pairs, bool form, uint32_t count)
{
    pack_map(map, count);
    for (const struct pair *pair = pairs; pair->key != NULL; pair++) {
        bool number = pair->key[0] == '#';
        if ((pair->key[0] == '.') == form) {
            pack_cstr(map, pair->key + (form || number ? 1 : 0));
            if (number) {
                pack_uint(map, (uint64_t)(pair->text[0] - '0'));
            } else {
                pack_cstr(map, pair->text);
            }
        }
        if (!form && pair[1].key == NULL) {
            break;
        }
    }
}

static struct slice ask(const char *method, const struct pair *pairs)
{
    struct buf map;
    uint32_t fields = 0;
    uint32_t plain = 0;
    for (const struct pair *pair = pairs; pair->key != NULL; pair++) {
        *(pair->key[0] == '.' ? &fields : &plain) += 1;
    }
    buf_init(&map, FRAME_BYTES_MAX);
    put_pairs(&map, pairs, false, plain + (fields > 0 ? 1 : 0));
    if (fields > 0) {
        pack_cstr(&map, "form");
        put_pairs(&map, pairs, true, fields);
    }
    struct slice answer = call(method, buf_slice(&map));
    buf_done(&map);
    return answer;
}

#define ASK(method, ...) ask(method, (const struct pair[]){ __VA_ARGS__, { NULL, NULL } })

static uint64_t moment(const char *text)
{
    int64_t ms = 0;
    assert_true(value_parse_datetime(slice_from_cstr(text), &ms));
    return (uint64_t)ms;
}

static void go_to(const char *text)
{
    struct buf map;
    buf_init(&map, 100);
    pack_map(&map, 1);
    pack_cstr(&map, "to");
    pack_uint(&map, moment(text));
    (void)box_good(call("clock", buf_slice(&map)));
    buf_done(&map);
}

static int open_box(void **state)
{
    (void)state;
    char text[8192];
    (void)snprintf(text, sizeof(text), "%s%s", company, lanes);
    box = mem_zalloc(sizeof(*box));
    box_open(box, true);
    wire = box_connect(box);
    (void)box_good(apply(text));
    // sue sells in Vladivostok (+10), tom in UTC; both is a seller and a cook; joe cooks.
    (void)box_good(call("import_users",
                    SLICE("\x81\xa5users\x95"
                          "\x83\xa4name\xa3sue\xa5roles\x91\xa5sales\xa4zone\xb0""Asia/Vladivostok"
                          "\x82\xa4name\xa3tom\xa5roles\x91\xa4""boss"
                          "\x82\xa4name\xa4""both\xa5roles\x92\xa5sales\xa4""cook"
                          "\x82\xa4name\xa3joe\xa5roles\x91\xa4""cook"
                          "\x82\xa4name\xa3zoe\xa5roles\x91\xa5""clerk")));
    go_to("2030-03-04 09:00");
    return 0;
}

static int close_box(void **state)
{
    (void)state;
    box_close(box);
    mem_free(box);
    return 0;
}

// "lane:name lane:name …" of the cards of an answer.
static const char *standing(struct slice answer, const char *list)
{
    static char text[2048];
    struct unpack unpack;
    unpack_init(&unpack, pack_map_find(answer, slice_from_cstr(list)));
    uint32_t count = unpack_array(&unpack);
    size_t len = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < count; i++) {
        struct slice card = unpack_raw(&unpack);
        struct slice lane = box_text(card, "lane");
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%.*s:%llu", i > 0 ? " " : "",
                                SLICE_PRINT(lane),
                                (unsigned long long)box_number(card, "instance"));
    }
    return text;
}

static const char *inbox_of(const char *who)
{
    return standing(box_good(ASK("inbox", { "as", who })), "tasks");
}

static void start(const char *at, const char *price, const char *source)
{
    if (price == NULL) {
        (void)box_good(ASK("start", { "process", "lead" }, { ".name", "n" }, { ".at_", at },
                       { ".source", source }));
        return;
    }
    (void)box_good(ASK("start", { "process", "lead" }, { ".name", "n" }, { ".at_", at },
                   { ".price", price }, { ".source", source }));
}

// --- tests ---------------------------------------------------------------------------------------

// S72, S78, S81, S82, S174
static void a_task_stands_in_the_first_lane_whose_condition_holds(void **state)
{
    (void)state;
    start("2030-03-04 10:00", NULL, "call");       // 1
    start("2030-03-04 11:00", "5000 EUR", "call"); // 2: dear
    start("2030-03-04 11:00", "1000 EUR", "call"); // 3: not more than 1000
    start("2030-03-06 11:00", NULL, "site");       // 4: from the site
    start("2030-03-06 12:00", NULL, "call");       // 5
    start("2030-03-04 11:30", "7000 EUR", "call"); // 6: dearer
    assert_string_equal(inbox_of("both"), "dear:6 dear:2 web:4 plan:1 plan:3 rest:5");
    (void)box_good(ASK("press", { "#instance", "1" }, { "action", "again_" }, { "as", "both" },
                   { ".at_", "2030-03-04 15:00" }));
    assert_string_equal(inbox_of("both"), "moved:1 dear:6 dear:2 web:4 plan:3 rest:5");
    // The promise is broken only when the moment has passed, and it outranks everything.
    go_to("2030-03-04 11:00");
    assert_string_equal(inbox_of("both"), "moved:1 dear:6 dear:2 web:4 plan:3 rest:5");
    go_to("2030-03-04 11:01");
    assert_string_equal(inbox_of("both"), "broken:2 broken:3 moved:1 dear:6 web:4 rest:5");
    struct slice answer = box_good(ASK("inbox", { "as", "both" }));
    struct unpack unpack;
    unpack_init(&unpack, pack_map_find(answer, SLICE("lanes")));
    assert_int_equal(unpack_array(&unpack), 9); // of both inboxes
    struct slice first = unpack_raw(&unpack);
    assert_true(slice_equal(box_text(first, "colour"), SLICE("pink")));
    assert_true(slice_equal(box_text(first, "label"), SLICE("Broken")));
    assert_int_equal(box_number(first, "tasks"), 2);
}

// S75: the latest stage first; empty values come last, whichever way a lane goes.
static void lanes_are_sorted_by_stage_and_by_what_may_be_empty(void **state)
{
    (void)state;
    start("2030-03-04 10:00", NULL, "call");      // 1: talk
    start("2030-03-04 12:00", NULL, "call");      // 2: offer
    start("2030-03-07 12:00", NULL, "call");      // 3: no price, 10%
    start("2030-03-07 11:00", "900 EUR", "call"); // 4
    start("2030-03-07 13:00", "20 EUR", "call");  // 5
    start("2030-03-07 13:00", NULL, "call");      // 6: no price, 50%
    (void)box_good(ASK("press", { "#instance", "2" }, { "action", "onward" }, { "as", "both" },
                   { ".at_", "2030-03-04 13:00" }));
    (void)box_good(ASK("press", { "#instance", "6" }, { "action", "onward" }, { "as", "both" },
                   { ".at_", "2030-03-08 13:00" }));
    assert_string_equal(inbox_of("both"), "plan:2 plan:1 rest:5 rest:4 rest:6 rest:3");
}

// Rule 39: 15:00 UTC is tomorrow in Vladivostok.
static void the_day_is_that_of_the_person_who_looks(void **state)
{
    (void)state;
    start("2030-03-04 13:59", NULL, "call"); // 1: 23:59 in Vladivostok
    start("2030-03-04 14:00", NULL, "call"); // 2: midnight there
    assert_string_equal(inbox_of("sue"), "plan:1 rest:2");
    assert_string_equal(inbox_of("both"), "plan:1 plan:2");
    struct slice answer = box_good(ASK("inbox", { "as", "both" }, { "zone", "Asia/Vladivostok" }));
    assert_string_equal(standing(answer, "tasks"), "plan:1 rest:2");
    assert_true(slice_equal(box_text(answer, "zone"), SLICE("Asia/Vladivostok")));
    answer = box_good(ASK("inbox", { "as", "sue" }, { "zone", "UTC" }));
    assert_string_equal(standing(answer, "tasks"), "plan:1 plan:2");
    assert_true(slice_equal(box_code(ASK("inbox", { "as", "sue" }, { "zone", "No/Where" })),
                            SLICE("unknown_zone")));
}

static void a_task_stands_in_the_inbox_of_its_role(void **state)
{
    (void)state;
    start("2030-03-04 10:00", NULL, "call");
    (void)box_good(ASK("start", { "process", "meal" }, { ".name", "soup" }));
    assert_string_equal(inbox_of("both"), "plan:1 food:2");
    assert_string_equal(inbox_of("joe"), "food:2");
    assert_string_equal(inbox_of("sue"), "plan:1");
    assert_string_equal(inbox_of("zoe"), ""); // no inbox, no tasks
    assert_string_equal(standing(box_good(call("inbox", SLICE("\x80"))), "tasks"), ":1 :2");
}

static void a_lane_sees_no_field_that_its_reader_may_not_see(void **state)
{
    (void)state;
    (void)box_good(ASK("start", { "process", "lead" }, { ".name", "n" },
                       { ".at_", "2030-03-04 10:00" }, { ".secret", "yes" }));
    assert_string_equal(inbox_of("both"), "plan:1");
    struct slice answer = box_good(ASK("inbox", { "user", "both" }));
    assert_string_equal(standing(answer, "tasks"), "hidden:1"); // an administrator sees it
}

// S81: green is what was done today; undone, it is to be done again.
static void what_is_done_today_is_shown_until_midnight(void **state)
{
    (void)state;
    start("2030-03-04 10:00", NULL, "call");
    start("2030-03-04 10:00", NULL, "call");
    (void)box_good(ASK("press", { "#instance", "1" }, { "action", "sold" }, { "as", "both" }));
    go_to("2030-03-04 09:05");
    (void)box_good(ASK("press", { "#instance", "2" }, { "action", "sold" }, { "as", "both" }));
    struct slice answer = box_good(ASK("inbox", { "as", "both" }));
    assert_string_equal(standing(answer, "tasks"), "");
    assert_string_equal(standing(answer, "done"), "finished:2 finished:1");
    assert_string_equal(standing(box_good(ASK("inbox", { "as", "sue" })), "done"), "");
    (void)box_good(ASK("undo", { "#instance", "2" }, { "as", "both" }));
    answer = box_good(ASK("inbox", { "as", "both" }));
    assert_string_equal(standing(answer, "tasks"), "plan:2");
    assert_string_equal(standing(answer, "done"), "finished:1");
    go_to("2030-03-05 00:00");
    assert_string_equal(standing(box_good(ASK("inbox", { "as", "both" })), "done"), "");
}

// What is applied holds for the cases that run.
static void lanes_follow_the_newest_text(void **state)
{
    (void)state;
    start("2030-03-04 10:00", NULL, "call");
    assert_string_equal(inbox_of("both"), "plan:1");
    char text[8192];
    (void)snprintf(text, sizeof(text), "%sinbox other for sales { lane all_ \"All\" }\n", company);
    (void)box_good(apply(text));
    assert_string_equal(inbox_of("both"), "all_:1");
    assert_string_equal(inbox_of("joe"), "");
}

static struct slice next_push(void)
{
    box->steady_us += 300 * 1000;
    box_settle(box);
    struct slice message = box_take(wire);
    struct slice method;
    return message.len > 0 ? box_push(message, &method) : SLICE_EMPTY;
}

static bool says_reload(struct slice push)
{
    return slice_equal(pack_map_find(push, SLICE("reload")), SLICE("\xc3"));
}

// Rule 39: a broken promise brings its card, the reader's midnight a reload; nothing else does.
static void a_subscriber_hears_of_midnight_and_of_promises_that_pass(void **state)
{
    (void)state;
    start("2030-03-04 10:00", NULL, "call");
    (void)box_good(ASK("subscribe", { "inbox", "sue" }));
    assert_int_equal(next_push().len, 0);
    go_to("2030-03-04 10:00");
    assert_int_equal(next_push().len, 0);
    go_to("2030-03-04 10:01");
    struct slice push = next_push();
    assert_false(says_reload(push));
    assert_string_equal(standing(push, "added"), "broken:1");
    go_to("2030-03-04 13:59");
    assert_int_equal(next_push().len, 0);
    go_to("2030-03-04 14:00"); // midnight in Vladivostok
    assert_true(says_reload(next_push()));
    assert_int_equal(next_push().len, 0);
    (void)box_good(ASK("edit", { "#instance", "1" }, { ".name", "m" }, { "as", "sue" }));
    (void)next_push(); // the first word about it since the reload
    (void)box_good(ASK("edit", { "#instance", "1" }, { ".price", "5" }, { "as", "sue" }));
    assert_int_equal(next_push().len, 0); // it changes neither the lane nor the order
    (void)box_good(ASK("edit", { "#instance", "1" }, { ".source", "site" }, { "as", "sue" }));
    assert_int_equal(next_push().len, 0); // nor does this, in the lane of broken promises
    (void)box_good(ASK("press", { "#instance", "1" }, { "action", "again_" }, { "as", "sue" },
                   { ".at_", "2030-03-09 15:00" }));
    assert_string_equal(standing(next_push(), "added"), "web:1");
}

int main(void)
{
#define BOX(test) cmocka_unit_test_setup_teardown(test, open_box, close_box)
    const struct CMUnitTest tests[] = {
        BOX(a_task_stands_in_the_first_lane_whose_condition_holds),
        BOX(lanes_are_sorted_by_stage_and_by_what_may_be_empty),
        BOX(the_day_is_that_of_the_person_who_looks),
        BOX(a_task_stands_in_the_inbox_of_its_role),
        BOX(a_lane_sees_no_field_that_its_reader_may_not_see),
        BOX(what_is_done_today_is_shown_until_midnight),
        BOX(lanes_follow_the_newest_text),
        BOX(a_subscriber_hears_of_midnight_and_of_promises_that_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
