// What an auditor asks: why a case stands where it stands, how it stood then, who did what.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/mem.h"
#include "tests/shell/box.h"

static const char text[] =
    "role boss \"Boss\"\n"                                                              // 1
    "role seller \"Seller\" under boss\n"                                               // 2
    "table rate (n: integer) -> integer {\n"                                            // 3
    "  | < 3 -> 1\n"                                                                    // 4
    "  | _ -> 2\n"                                                                      // 5
    "}\n"                                                                               // 6
    "ladder late { 1 h remind, 2 h reassign to boss }\n"                                // 7
    "process part \"Part\" {\n"                                                         // 8
    "  start => work\n"                                                                 // 9
    "  stage work \"Work\" {\n"                                                         // 10
    "    after 3 days => made\n"                                                        // 11
    "  }\n"                                                                             // 12
    "  end made \"Made\" success\n"                                                     // 13
    "}\n"                                                                               // 14
    "process deal \"Deal\" {\n"                                                         // 15
    "  key name\n"                                                                      // 16
    "  field name: text \"Name\" required\n"                                            // 17
    "  field margin: integer \"Margin\" shown to boss\n"                                // 18
    "  field calls: integer \"Calls\" = 0\n"                                            // 19
    "  field rate_now: integer \"Rate\" = 0\n"                                          // 20
    "  start => offer\n"                                                                // 21
    "  stage offer \"Offer\" {\n"                                                       // 22
    "    task \"Offer to {name}\" for seller due 10 min overdue late\n"                 // 23
    "    when calls > 1 and margin is not empty => waiting\n"                           // 24
    "    action tried \"Tried\" if calls < 5 {\n"                                       // 25
    "      calls := calls + 1\n"                                                        // 26
    "      if calls > 3 { rate_now := rate(calls) } else { rate_now := 7 }\n"           // 27
    "      again due 1 h\n"                                                             // 28
    "    }\n"                                                                           // 29
    "    action split \"Split\" { convert into parts => part  => waiting }\n"           // 30
    "  }\n"                                                                             // 31
    "  stage waiting \"Waiting\" {\n"                                                   // 32
    "    task \"Wait for {name}\" for seller due 1 day\n"                               // 33
    "    when all parts ended => sold\n"                                                // 34
    "    after 30 days { cancel parts => lost }\n"                          // 35
    "    action back \"Back\" if not any parts open => offer\n"                         // 36
    "  }\n"                                                                             // 37
    "  end sold \"Sold\" success\n"                                                     // 38
    "  end lost \"Lost\" failure\n"                                                     // 39
    "}\n";                                                                              // 40

static struct box *box;
static struct box_wire *wire;

struct pair {
    const char *key, *text;
    uint64_t number; // where `text` is NULL
};

#define ASK(method, ...) \
    ask(method, (const struct pair[]){ __VA_ARGS__ }, \
        sizeof((const struct pair[]){ __VA_ARGS__ }) / sizeof(struct pair))

static struct slice ask(const char *method, const struct pair *pairs, size_t count)
{
    struct buf map;
    buf_init(&map, FRAME_BYTES_MAX);
    pack_map(&map, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        pack_cstr(&map, pairs[i].key);
        if (pairs[i].text != NULL && pairs[i].text[0] == '\x81') { // packed already
            buf_put_cstr(&map, pairs[i].text);
        } else if (pairs[i].text != NULL) {
            pack_cstr(&map, pairs[i].text);
        } else {
            pack_uint(&map, pairs[i].number);
        }
    }
    struct slice answer = box_ask(box, wire, method, buf_slice(&map));
    buf_done(&map);
    return answer;
}

static void refused(struct slice message, const char *code, const char *part)
{
    if (!slice_equal(box_code(message), slice_from_cstr(code))) {
        fail_msg("not %s but %.*s: %.*s", code, SLICE_PRINT(box_code(message)),
                 SLICE_PRINT(box_message(message)));
    }
    struct slice said = box_message(message);
    for (size_t at = 0; at + strlen(part) <= said.len; at++) {
        if (memcmp(said.ptr + at, part, strlen(part)) == 0) {
            return;
        }
    }
    fail_msg("`%.*s` does not hold `%s`", SLICE_PRINT(said), part);
}

static void apply_programs(void)
{
    struct buf map;
    buf_init(&map, FRAME_BYTES_MAX);
    buf_put_slice(&map, SLICE("\x81\xa5" "files\x91\x82\xa4name\xa9" "deal.rung\xa4text"));
    pack_cstr(&map, text);
    (void)box_good(box_ask(box, wire, "apply", buf_slice(&map)));
    buf_done(&map);
}

static void import_people(void)
{
    const struct slice people =
        SLICE("\x81\xa5users\x92\x83\xa4name\xa3sam\xa5roles\x91\xa6seller\xa8superior"
              "\xa3" "bea\x82\xa4name\xa3" "bea\xa5roles\x91\xa4" "boss");
    (void)box_good(box_ask(box, wire, "import_users", people));
}

static int open_box(void **state)
{
    (void)state;
    box = mem_zalloc(sizeof(*box));
    box_open(box, true);
    wire = box_connect(box);
    apply_programs();
    import_people();
    (void)box_good(ASK("start", { "process", "deal", 0 }, { "form", "\x81\xa4name\xa3" "Bob", 0 },
                   { "as", "bea", 0 }));
    return 0;
}

static int close_box(void **state)
{
    (void)state;
    box_close(box);
    mem_free(box);
    return 0;
}

static void press(const char *action)
{
    (void)box_good(ASK("press", { "instance", NULL, 1 }, { "action", action, 0 },
                   { "as", "sam", 0 }));
}

static void pass(uint64_t ms) { (void)box_good(ASK("clock", { "by", NULL, ms })); }

static struct slice item(struct slice array, uint32_t number)
{
    struct unpack unpack;
    unpack_init(&unpack, array);
    uint32_t count = unpack_array(&unpack);
    assert_true(number < count);
    struct slice found = SLICE_EMPTY;
    for (uint32_t i = 0; i <= number; i++) {
        found = unpack_raw(&unpack);
    }
    return found;
}

static uint32_t count_of(struct slice array)
{
    struct unpack unpack;
    unpack_init(&unpack, array);
    return unpack_array(&unpack);
}

static struct slice event_of(struct slice record, const char *name)
{
    struct slice events = pack_map_find(record, SLICE("events"));
    for (uint32_t i = 0; i < count_of(events); i++) {
        if (slice_equal(box_text(item(events, i), "event"), slice_from_cstr(name))) {
            return item(events, i);
        }
    }
    return SLICE_EMPTY;
}

#define HOUR_MS (3600ull * 1000)
#define DAY_MS (24 * HOUR_MS)

static struct slice link_of(struct slice why, uint32_t number)
{
    return item(pack_map_find(why, SLICE("links")), number);
}
static struct slice record_of(struct slice link) { return pack_map_find(link, SLICE("record")); }
static struct slice kind_of(struct slice link)
{
    return box_text(pack_map_find(link, SLICE("because")), "kind");
}

// S6
static void a_rule_says_what_it_read_and_where_it_stands(void **state)
{
    (void)state;
    press("tried");
    (void)box_good(ASK("edit", { "instance", NULL, 1 }, { "form", "\x81\xa6margin\x05", 0 },
                   { "as", "bea", 0 }));
    press("tried");
    struct slice why = box_good(ASK("why", { "instance", NULL, 1 }));
    assert_true(slice_equal(kind_of(link_of(why, 0)), SLICE("outside")));
    struct slice record = record_of(link_of(why, 0));
    assert_true(slice_equal(box_text(record, "for"), SLICE("sam")));
    struct slice rule = event_of(record, "rule_fired");
    assert_int_equal(box_number(rule, "line"), 24);
    assert_true(slice_equal(box_text(rule, "file"), SLICE("deal.rung")));
    assert_true(slice_equal(box_text(rule, "text"),
                            SLICE("when calls > 1 and margin is not empty => waiting")));
    struct slice seen = pack_map_find(rule, SLICE("seen"));
    assert_int_equal(box_number(seen, "calls"), 2);
    assert_int_equal(box_number(seen, "margin"), 5);
    struct slice pressed = event_of(record, "pressed");
    assert_true(slice_equal(box_text(pressed, "text"),
                            SLICE("action tried \"Tried\" if calls < 5 {")));
    // A guard and an `if`, with what they read; sam is not told of the margin.
    struct slice guard = event_of(record, "condition_read");
    assert_true(slice_equal(box_text(guard, "what"), SLICE("guard")));
    assert_int_equal(box_number(pack_map_find(guard, SLICE("seen")), "calls"), 1);
    why = box_good(ASK("why", { "instance", NULL, 1 }, { "as", "sam", 0 }));
    seen = pack_map_find(event_of(record_of(link_of(why, 0)), "rule_fired"), SLICE("seen"));
    assert_int_equal(box_number(seen, "calls"), 2);
    assert_int_equal(pack_map_find(seen, SLICE("margin")).len, 0);
}

static void a_row_of_a_table_is_quoted(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        press("tried");
    }
    struct slice why = box_good(ASK("why", { "instance", NULL, 1 }));
    struct slice hit = event_of(record_of(link_of(why, 0)), "table_hit");
    assert_true(slice_equal(box_text(hit, "text"), SLICE("| _ -> 2")));
    struct slice branch = SLICE_EMPTY;
    struct slice events = pack_map_find(record_of(link_of(why, 0)), SLICE("events"));
    for (uint32_t i = 0; i < count_of(events); i++) {
        if (slice_equal(box_text(item(events, i), "event"), SLICE("condition_read"))) {
            branch = item(events, i); // the guard comes first
        }
    }
    assert_int_equal(box_number(branch, "line"), 27);
    assert_int_equal(box_number(pack_map_find(branch, SLICE("seen")), "calls"), 4);
}

// S149: the end of a part moved the deal; a timer ended the part; a press had set it up.
static void the_chain_goes_back_through_timers_and_children_to_a_person(void **state)
{
    (void)state;
    press("split");
    pass(4 * DAY_MS);
    struct slice card = box_good(ASK("show", { "instance", NULL, 1 }));
    assert_true(slice_equal(box_text(card, "ended"), SLICE("sold")));
    struct slice why = box_good(ASK("why", { "instance", NULL, 1 }));
    assert_int_equal(count_of(pack_map_find(why, SLICE("links"))), 3);
    assert_true(slice_equal(kind_of(link_of(why, 0)), SLICE("child_ended")));
    assert_true(slice_equal(kind_of(link_of(why, 1)), SLICE("timer")));
    assert_int_equal(box_number(record_of(link_of(why, 1)), "instance"), 2);
    struct slice fired = event_of(record_of(link_of(why, 1)), "timer_fired");
    assert_true(slice_equal(box_text(fired, "text"), SLICE("after 3 days => made")));
    assert_true(slice_equal(kind_of(link_of(why, 2)), SLICE("outside")));
    assert_true(slice_equal(box_text(record_of(link_of(why, 2)), "for"), SLICE("sam")));
}

// S69
static void a_late_task_leads_back_to_who_planned_it(void **state)
{
    (void)state;
    press("tried");
    pass(6 * HOUR_MS);
    struct slice why = box_good(ASK("why", { "instance", NULL, 1 }, { "about", "task", 0 }));
    assert_true(slice_equal(kind_of(link_of(why, 0)), SLICE("overdue")));
    assert_true(slice_equal(kind_of(link_of(why, 1)), SLICE("overdue")));
    assert_true(slice_equal(kind_of(link_of(why, 2)), SLICE("outside")));
    assert_int_equal(count_of(pack_map_find(why, SLICE("links"))), 3);
    // Why it stands at its stage is another question: because it was started.
    why = box_good(ASK("why", { "instance", NULL, 1 }, { "about", "stage", 0 }));
    assert_true(slice_equal(box_text(record_of(link_of(why, 0)), "command"), SLICE("start")));
}

static void what_was_taken_back_is_behind_nothing(void **state)
{
    (void)state;
    struct slice start = box_good(ASK("why", { "instance", NULL, 1 }));
    uint64_t seq = box_number(record_of(link_of(start, 0)), "seq");
    press("tried");
    (void)box_good(ASK("undo", { "instance", NULL, 1 }, { "as", "sam", 0 }));
    pass(2 * HOUR_MS);
    struct slice why = box_good(ASK("why", { "instance", NULL, 1 }, { "about", "task", 0 }));
    // The reminder of the first planning, not of the one that was taken back.
    assert_true(slice_equal(box_text(record_of(link_of(why, 0)), "command"), SLICE("undo")));
    struct slice records =
        box_good(ASK("records", { "instance", NULL, 1 }, { "kind", "overdue", 0 }));
    uint64_t late = box_number(item(pack_map_find(records, SLICE("records")), 0), "seq");
    why = box_good(ASK("why", { "instance", NULL, 1 }, { "seq", NULL, late }));
    assert_true(slice_equal(kind_of(link_of(why, 0)), SLICE("overdue")));
    assert_int_equal(box_number(record_of(link_of(why, 1)), "seq"), seq);
}

static void what_cannot_be_asked_is_refused(void **state)
{
    (void)state;
    refused(ASK("why", { "instance", NULL, 9 }), "unknown_instance", "no case 9");
    refused(ASK("why", { "instance", NULL, 1 }, { "seq", NULL, 1 }), "bad_request",
            "record 1 is not one of case 1");
    refused(ASK("why", { "instance", NULL, 1 }, { "about", "weather", 0 }), "bad_request", "about");
    refused(ASK("show", { "instance", NULL, 1 }, { "at", NULL, 1000 }), "unknown_instance",
            "was not there yet");
    refused(ASK("records", { "kind", "nonsense", 0 }), "bad_request", "no kind of record");
    refused(ASK("records", { "who", "nobody", 0 }), "unknown_user", "nobody");
    refused(ASK("records", { "as", "sam", 0 }), "not_allowed", "himself and those below");
    refused(ASK("records", { "as", "sam", 0 }, { "who", "bea", 0 }), "not_allowed", "bea");
}

// --- as it stood ---------------------------------------------------------------------------------

enum { CARDS_MAX = 12 };
struct cards {
    struct buf bytes[CARDS_MAX];
    uint64_t seq[CARDS_MAX], at[CARDS_MAX];
    uint32_t count;
};

static void keep_card(struct cards *cards, const char *as)
{
    struct slice card = box_good(ASK("show", { "instance", NULL, 1 }, { "as", as, 0 }));
    struct buf *to = &cards->bytes[cards->count];
    buf_init(to, 1 << 20);
    buf_put_slice(to, card);
    cards->seq[cards->count] = box_number(card, "seq");
    cards->at[cards->count] = box_number(card, "now");
    cards->count++;
}

// S99
static void a_case_is_shown_as_it_stood_then(void **state)
{
    (void)state;
    struct cards cards = { .count = 0 };
    keep_card(&cards, "sam");
    press("tried");
    keep_card(&cards, "sam");
    pass(3 * HOUR_MS);
    keep_card(&cards, "sam");
    pass(1000);
    (void)box_good(ASK("edit", { "instance", NULL, 1 }, { "form", "\x81\xa6margin\x05", 0 },
                   { "as", "bea", 0 }));
    keep_card(&cards, "bea");
    pass(HOUR_MS); // the ladder has given the task to bea
    (void)box_good(ASK("press", { "instance", NULL, 1 }, { "action", "split", 0 },
                   { "as", "bea", 0 }));
    keep_card(&cards, "sam");
    pass(DAY_MS);
    (void)box_good(ASK("cancel", { "instance", NULL, 1 }, { "reason", "test", 0 }));
    for (uint32_t i = 0; i < cards.count; i++) {
        struct slice was = buf_slice(&cards.bytes[i]);
        const char *as = i == 3 ? "bea" : "sam";
        // The third was looked at when nothing had happened for a while.
        struct slice now = i == 2 ? box_good(ASK("show", { "instance", NULL, 1 },
                                             { "at", NULL, cards.at[i] }, { "as", as, 0 }))
                                  : box_good(ASK("show", { "instance", NULL, 1 },
                                             { "seq", NULL, cards.seq[i] }, { "as", as, 0 }));
        assert_int_equal(now.len, was.len);
        assert_memory_equal(now.ptr, was.ptr, was.len);
        buf_done(&cards.bytes[i]);
    }
    // What the cases under it are is as of then, too.
    struct slice then =
        box_good(ASK("show", { "instance", NULL, 1 }, { "seq", NULL, cards.seq[4] }));
    struct slice child = item(pack_map_find(then, SLICE("children")), 0);
    assert_true(slice_equal(box_text(child, "state"), SLICE("open")));
    assert_true(slice_equal(box_text(child, "stage"), SLICE("work")));
    then = box_good(ASK("show", { "instance", NULL, 1 }, { "seq", NULL, cards.seq[0] }));
    assert_int_equal(count_of(pack_map_find(then, SLICE("children"))), 0);
    // Nothing of it stays: today's card is today's.
    then = box_good(ASK("show", { "instance", NULL, 1 }));
    assert_true(slice_equal(box_text(then, "outcome"), SLICE("cancelled")));
}

// --- who did what --------------------------------------------------------------------------------

static uint32_t found(struct slice answer)
{
    return count_of(pack_map_find(box_good(answer), SLICE("records")));
}

// S123, S126
static void records_are_found_by_who_what_and_when(void **state)
{
    (void)state;
    uint64_t begun = box_number(box_good(ASK("show", { "instance", NULL, 1 })), "now");
    pass(1000);
    press("tried");
    pass(6 * HOUR_MS);
    (void)box_good(ASK("comment", { "instance", NULL, 1 }, { "text", "Перезвонить в Среду", 0 },
                   { "as", "bea", 0 }));
    assert_int_equal(found(ASK("records", { "who", "sam", 0 })), 1);
    assert_int_equal(found(ASK("records", { "who", "sam", 0 }, { "as", "bea", 0 })), 1);
    assert_int_equal(found(ASK("records", { "who", "bea", 0 })), 2);
    assert_int_equal(found(ASK("records", { "who", "engine", 0 }, { "kind", "overdue", 0 })), 2);
    assert_int_equal(found(ASK("records", { "instance", NULL, 1 }, { "action", "tried", 0 })), 1);
    assert_int_equal(found(ASK("records", { "action", "split", 0 })), 0);
    assert_int_equal(found(ASK("records", { "stage", "offer", 0 })), 1);
    assert_int_equal(found(ASK("records", { "field", "calls", 0 })), 2);
    assert_int_equal(found(ASK("records", { "kind", "condition_read", 0 })), 1);
    assert_int_equal(found(ASK("records", { "kind", "rule", 0 })), 0);
    assert_int_equal(found(ASK("records", { "grep", "в среду", 0 })), 1);
    assert_int_equal(found(ASK("records", { "grep", "events", 0 })), 0); // a key is no text of it
    assert_int_equal(found(ASK("records", { "instance", NULL, 1 }, { "until", NULL, begun })), 1);
    assert_int_equal(found(ASK("records", { "kind", "press", 0 }, { "since", NULL, begun + 1 })),
                     1);
    assert_int_equal(found(ASK("records", { "kind", "press", 0 }, { "until", NULL, begun + 1 })),
                     0);
}

static void a_long_search_says_where_to_go_on(void **state)
{
    (void)state;
    press("tried");
    press("tried");
    press("tried");
    struct slice page = box_good(ASK("records", { "who", "sam", 0 }, { "limit", NULL, 2 }));
    assert_int_equal(count_of(pack_map_find(page, SLICE("records"))), 2);
    uint64_t next = box_number(page, "next");
    assert_true(next > 0);
    page = box_good(ASK("records", { "who", "sam", 0 }, { "from", NULL, next }));
    assert_int_equal(count_of(pack_map_find(page, SLICE("records"))), 1);
    assert_true(slice_equal(pack_map_find(page, SLICE("next")), SLICE("\xc0")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define AUDIT(name) cmocka_unit_test_setup_teardown(name, open_box, close_box)
        AUDIT(a_rule_says_what_it_read_and_where_it_stands),
        AUDIT(a_row_of_a_table_is_quoted),
        AUDIT(the_chain_goes_back_through_timers_and_children_to_a_person),
        AUDIT(a_late_task_leads_back_to_who_planned_it),
        AUDIT(what_was_taken_back_is_behind_nothing),
        AUDIT(what_cannot_be_asked_is_refused),
        AUDIT(a_case_is_shown_as_it_stood_then),
        AUDIT(records_are_found_by_who_what_and_when),
        AUDIT(a_long_search_says_where_to_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
