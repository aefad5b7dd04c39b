// Sessions: good frames however they arrive, and every kind of bad frame.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "tests/shell/box.h"

static struct box *box;

static int open_box(void **state)
{
    (void)state;
    box = mem_zalloc(sizeof(*box));
    box_open(box, true);
    return 0;
}

static int close_box(void **state)
{
    (void)state;
    box_close(box);
    mem_free(box);
    return 0;
}

#define assert_code(message, code) \
    assert_string_equal_slice((message), slice_from_cstr(code), __FILE__, __LINE__)

static void assert_string_equal_slice(struct slice message, struct slice code, const char *file,
                                      int line)
{
    struct slice got = box_code(message);
    if (!slice_equal(got, code)) {
        print_error("wanted `%.*s`, got `%.*s`: %.*s\n", SLICE_PRINT(code), SLICE_PRINT(got),
                    SLICE_PRINT(message));
        _fail(file, line);
    }
}

// --- good frames ---------------------------------------------------------------------------------

static void a_request_split_at_every_byte_is_answered_once(void **state)
{
    (void)state;
    struct buf frame;
    buf_init(&frame, 4096);
    box_start(&frame, 7, "Bob");
    struct box_wire *wire = box_connect(box);
    for (size_t cut = 1; cut < frame.len; cut++) {
        box_send(box, wire, slice_make(frame.ptr, cut));
        box_settle(box);
        assert_int_equal(wire->got.len, 0);
        box_send(box, wire, slice_make(frame.ptr + cut, frame.len - cut));
        box_settle(box);
        struct slice answer = box_take(wire);
        assert_code(answer, "");
        assert_int_equal(box_msgid(answer), 7);
        assert_int_equal(box_number(box_result(answer), "instance"), cut);
        assert_int_equal(box_take(wire).len, 0);
    }
    buf_done(&frame);
}

static void a_request_sent_byte_by_byte_is_answered_once(void **state)
{
    (void)state;
    struct buf frame;
    buf_init(&frame, 4096);
    box_start(&frame, 7, "Bob");
    struct box_wire *wire = box_connect(box);
    for (size_t i = 0; i < frame.len; i++) {
        assert_int_equal(wire->got.len, 0);
        box_send(box, wire, slice_make(frame.ptr + i, 1));
        box_shell(box);
        box_core(box);
    }
    box_settle(box);
    assert_code(box_take(wire), "");
    buf_done(&frame);
}

static void requests_that_arrive_together_are_each_answered(void **state)
{
    (void)state;
    struct buf frames;
    buf_init(&frames, 1024 * 1024);
    for (uint32_t i = 1; i <= 700; i++) {
        box_start(&frames, i, "Bob");
    }
    struct box_wire *wire = box_connect(box);
    box_send(box, wire, buf_slice(&frames));
    box_settle(box);
    for (uint32_t i = 1; i <= 700; i++) {
        struct slice answer = box_take(wire);
        assert_code(answer, "");
        assert_int_equal(box_msgid(answer), i);
        assert_int_equal(box_number(box_result(answer), "instance"), i);
    }
    buf_done(&frames);
}

static void an_answer_waits_for_the_commit_of_its_batch(void **state)
{
    (void)state;
    struct buf frame;
    buf_init(&frame, 4096);
    box_start(&frame, 1, "Bob");
    struct box_wire *wire = box_connect(box);
    box_send(box, wire, buf_slice(&frame));
    for (int i = 0; i < 10; i++) {
        box_shell(box);
    }
    assert_int_equal(wire->got.len, 0);
    uint64_t seq = store_head(box->engine.store)->seq;
    box_core(box);
    assert_int_equal(store_head(box->engine.store)->seq, seq + 1);
    box_shell(box);
    assert_code(box_take(wire), "");
    buf_done(&frame);
}

static void a_repeated_request_id_gets_the_first_answer(void **state)
{
    (void)state;
    struct buf frame;
    buf_init(&frame, 4096);
    struct box_wire *wire = box_connect(box);
    box_request(&frame, 1, "hello", SLICE("\x81\xa6""client\xa4""desk"));
    box_request(&frame, 2, "start",
                SLICE("\x83\xa7process\xa4lead\xa4""form\x81\xa4name\xa3""Bob\xa2id\x05"));
    box_request(&frame, 3, "start",
                SLICE("\x83\xa7process\xa4lead\xa4""form\x81\xa4name\xa3""Bob\xa2id\x05"));
    box_request(&frame, 4, "start",
                SLICE("\x83\xa7process\xa4lead\xa4""form\x81\xa4name\xa3""Tim\xa2id\x05"));
    box_send(box, wire, buf_slice(&frame));
    box_settle(box);
    assert_code(box_take(wire), "");
    struct slice first = box_take(wire);
    assert_code(first, "");
    uint64_t seq = box_number(box_result(first), "seq");
    struct slice second = box_take(wire);
    assert_code(second, "");
    assert_int_equal(box_number(box_result(second), "seq"), seq);
    assert_code(box_take(wire), "request_reused");
    buf_done(&frame);
}

// --- bad frames ----------------------------------------------------------------------------------

struct bad {
    const char *what;
    struct slice bytes;
    const char *code;
    bool ends; // the connection
};

#define REQUEST "\x94\x00\x09"
#define START REQUEST "\xa5start\x91"

#define BYTES(literal) { literal, sizeof(literal) - 1 }

static const struct bad bad_frames[] = {
    { "a byte that MessagePack never uses", BYTES("\xc1"), "bad_request", true },
    { "a number instead of a request", BYTES("\x05"), "bad_request", true },
    { "plain HTTP", BYTES("GET / HTTP/1.1\r\n\r\n"), "bad_request", true },
    { "an empty array", BYTES("\x90"), "bad_request", true },
    { "three elements", BYTES("\x93\x00\x01\xa5start"), "bad_request", true },
    { "a response", BYTES("\x94\x01\x01\xc0\xc0"), "bad_request", true },
    { "a notification", BYTES("\x93\x02\xa5hello\x91\x80"), "bad_request", true },
    { "a negative message number", BYTES("\x94\x00\xff\xa5hello\x91\x80"), "bad_request", true },
    { "a message number of 33 bits",
      BYTES("\x94\x00\xcf\x00\x00\x00\x01\x00\x00\x00\x00\xa5hello\x91\x80"), "bad_request", true },
    { "a method that is a number", BYTES(REQUEST "\x05\x91\x80"), "bad_request", true },
    { "params without an array", BYTES(REQUEST "\xa5hello\x80"), "bad_request", true },
    { "params with two maps", BYTES(REQUEST "\xa5hello\x92\x80\x80"), "bad_request", true },
    { "params with a list", BYTES(REQUEST "\xa5hello\x91\x90"), "bad_request", true },
    { "text that is not UTF-8", BYTES(REQUEST "\xa5hell\xff\x91\x80"), "bad_request", true },
    { "30 levels of nesting",
      BYTES("\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91"
            "\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\xc0"), "bad_request", true },
    { "text that claims 2 MiB", BYTES("\xdb\x00\x20\x00\x00"), "bad_request", true },
    { "an array that claims 4 billion", BYTES("\xdd\xff\xff\xff\xff"), "bad_request", true },
    { "an unknown method", BYTES(REQUEST "\xa4jump\x91\x80"), "unknown_method", false },
    { "a key that is not text", BYTES(START "\x81\x05\x05"), "bad_request", false },
    { "an unknown key", BYTES(START "\x81\xa5speed\x05"), "bad_request", false },
    { "a key twice", BYTES(START "\x82\xa7process\xa4lead\xa7process\xa4lead"), "bad_request",
      false },
    { "a process that is a number", BYTES(START "\x81\xa7process\x05"), "bad_request", false },
    { "a form that is a list", BYTES(START "\x82\xa7process\xa4lead\xa4""form\x90"), "bad_request",
      false },
    { "no process at all", BYTES(START "\x80"), "bad_request", false },
    { "a case that is text", BYTES(REQUEST "\xa4show\x91\x81\xa8instance\xa1x"), "bad_request",
      false },
    { "a case below zero", BYTES(REQUEST "\xa4show\x91\x81\xa8instance\xff"), "bad_request",
      false },
    { "a request id without a client", BYTES(START "\x82\xa7process\xa4lead\xa2id\x01"),
      "bad_request", false },
    { "a source without a row", BYTES(START "\x82\xa7process\xa4lead\xa6source\xa1s"),
      "bad_request", false },
    { "users that are texts", BYTES(REQUEST "\xacimport_users\x91\x81\xa5users\x91\xa1x"),
      "bad_request", false },
    { "files without text",
      BYTES(REQUEST "\xa5""apply\x91\x81\xa5""files\x91\x81\xa4name\xa1x"), "bad_request", false },
    { "a moment that is none",
      BYTES(REQUEST "\xa9side_task\x91\x84\xa8instance\x01\xa5title\xa1t\xa3""for\xa3""ann"
                    "\xa3""due\xa3now"), "bad_request", false },
    { "both ways to move the clock", BYTES(REQUEST "\xa5""clock\x91\x82\xa2to\x05\xa2""by\x05"),
      "bad_request", false },
    { "a subscription to nothing", BYTES(REQUEST "\xa9subscribe\x91\x80"), "bad_request", false },
};

static void every_bad_frame_gets_its_refusal_and_changes_nothing(void **state)
{
    (void)state;
    uint64_t seq = store_head(box->engine.store)->seq;
    for (size_t i = 0; i < sizeof(bad_frames) / sizeof(bad_frames[0]); i++) {
        const struct bad *bad = &bad_frames[i];
        box->wire_count = 1; // wires are used again
        struct box_wire *wire = box_connect(box);
        box_send(box, wire, bad->bytes);
        box_settle(box);
        struct slice answer = box_take(wire);
        if (!slice_equal(box_code(answer), slice_from_cstr(bad->code)) ||
            wire->open == bad->ends || box_take(wire).len > 0) {
            fail_msg("%s: wanted %s (connection %s), got %.*s (connection %s)", bad->what,
                     bad->code, bad->ends ? "ended" : "open", SLICE_PRINT(box_code(answer)),
                     wire->open ? "open" : "ended");
        }
        if (!bad->ends) {
            // What follows is understood: the connection goes on.
            struct buf frame;
            buf_init(&frame, 4096);
            box_request(&frame, 3, "hello", SLICE("\x80"));
            box_send(box, wire, buf_slice(&frame));
            box_settle(box);
            assert_code(box_take(wire), "");
            buf_done(&frame);
        }
        box_hang_up(box, wire);
        buf_done(&wire->got);
        buf_done(&wire->unread);
    }
    assert_int_equal(store_head(box->engine.store)->seq, seq);
}

static void bad_frames_are_refused_the_same_when_split(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bad_frames) / sizeof(bad_frames[0]); i++) {
        const struct bad *bad = &bad_frames[i];
        box->wire_count = 1;
        struct box_wire *wire = box_connect(box);
        for (size_t at = 0; at < bad->bytes.len && wire->open; at++) {
            box_send(box, wire, slice_sub(bad->bytes, at, 1));
            box_settle(box);
        }
        struct slice answer = box_take(wire);
        if (!slice_equal(box_code(answer), slice_from_cstr(bad->code))) {
            fail_msg("%s: wanted %s, got %.*s", bad->what, bad->code,
                     SLICE_PRINT(box_code(answer)));
        }
        box_hang_up(box, wire);
        buf_done(&wire->got);
        buf_done(&wire->unread);
    }
}

// A store in memory has nowhere to keep an index.
static void an_engine_without_an_index_says_so(void **state)
{
    (void)state;
    static const char *const methods[] = { "search", "duplicates" };
    struct box_wire *wire = box_connect(box);
    for (size_t i = 0; i < ARRAY_COUNT(methods); i++) {
        struct buf frame;
        buf_init(&frame, 4096);
        box_request(&frame, 1, methods[i], i == 0 ? SLICE("\x81\xa5words\xa1x") : SLICE("\x80"));
        box_send(box, wire, buf_slice(&frame));
        box_settle(box);
        assert_code(box_take(wire), "no_index");
        buf_done(&frame);
    }
}

// Each claim is within the bound; together they are not.
static void claims_within_one_another_are_added_up(void **state)
{
    (void)state;
    struct box_wire *wire = box_connect(box);
    box_send(box, wire, SLICE("\xdd\x00\x0f\x00\x00\xdd\x00\x0f\x00\x00"));
    box_settle(box);
    struct slice answer = box_take(wire);
    assert_code(answer, "bad_request");
    assert_false(wire->open);
}

static void a_message_of_more_than_a_mebibyte_is_refused_and_says_so(void **state)
{
    (void)state;
    struct buf frame;
    buf_init(&frame, 4 * 1024 * 1024);
    box_request(&frame, 1, "comment", SLICE("\x82\xa8instance\x01\xa4text"));
    char *text = mem_zalloc(2 * 1024 * 1024);
    pack_str(&frame, slice_make(text, 2 * 1024 * 1024));
    struct box_wire *wire = box_connect(box);
    box_send(box, wire, buf_slice(&frame));
    box_settle(box);
    struct slice answer = box_take(wire);
    assert_code(answer, "bad_request");
    assert_true(slice_equal(box_message(answer), SLICE("the message is longer than 1 MiB")));
    assert_false(wire->open);
    mem_free(text);
    buf_done(&frame);
}

static void too_long_a_text_is_refused_by_the_bound_s_name(void **state)
{
    (void)state;
    struct buf frame;
    buf_init(&frame, 1024 * 1024);
    box_request(&frame, 1, "comment", SLICE("\x82\xa8instance\x01\xa4text"));
    char text[COMMENT_BYTES_MAX + 1];
    memset(text, 'x', sizeof(text));
    pack_str(&frame, slice_make(text, sizeof(text)));
    struct box_wire *wire = box_connect(box);
    box_send(box, wire, buf_slice(&frame));
    box_settle(box);
    assert_code(box_take(wire), "limit");
    assert_true(wire->open);
    buf_done(&frame);
}

// --- ends of connections -------------------------------------------------------------------------

static void a_half_closed_connection_gets_its_answers_and_is_closed(void **state)
{
    (void)state;
    struct buf frame;
    buf_init(&frame, 4096);
    box_start(&frame, 1, "Bob");
    box_request(&frame, 2, "show", SLICE("\x81\xa8instance\x01"));
    box_start(&frame, 3, "Tim");
    struct box_wire *wire = box_connect(box);
    box_send(box, wire, buf_slice(&frame));
    box_half_close(box, wire);
    box_settle(box);
    // The question overtakes the commands, which wait for their commit; all three are answered.
    assert_int_equal(box_msgid(box_take(wire)), 2);
    assert_int_equal(box_msgid(box_take(wire)), 1);
    assert_int_equal(box_msgid(box_take(wire)), 3);
    assert_false(wire->open);
    buf_done(&frame);
}

// What came whole before is answered; the rest is refused, changes nothing, and is told apart from
// a client that simply had nothing more to say.
static void a_connection_ended_in_the_middle_of_a_frame_is_refused(void **state)
{
    (void)state;
    uint64_t seq = store_head(box->engine.store)->seq;
    struct buf frame;
    buf_init(&frame, 4096);
    box_request(&frame, 7, "hello", SLICE("\x80"));
    size_t whole = frame.len;
    box_start(&frame, 1, "Bob");
    for (size_t cut = whole + 1; cut < frame.len; cut++) {
        box->wire_count = 1; // wires are used again
        struct box_wire *wire = box_connect(box);
        box_send(box, wire, slice_make(frame.ptr, cut));
        box_half_close(box, wire);
        box_settle(box);
        assert_int_equal(box_msgid(box_take(wire)), 7);
        struct slice answer = box_take(wire);
        assert_code(answer, "bad_request");
        assert_true(slice_equal(box_message(answer),
                                SLICE("the last message ends in the middle")));
        assert_int_equal(wire->got.len, 0);
        assert_false(wire->open);
        buf_done(&wire->unread);
        buf_done(&wire->got);
    }
    assert_int_equal(store_head(box->engine.store)->seq, seq);
    buf_done(&frame);
}

static void a_client_that_goes_away_leaves_its_command_done(void **state)
{
    (void)state;
    struct buf frame;
    buf_init(&frame, 4096);
    box_start(&frame, 1, "Bob");
    struct box_wire *gone = box_connect(box);
    box_send(box, gone, buf_slice(&frame));
    box_shell(box);
    box_hang_up(box, gone);
    struct box_wire *next = box_connect(box); // takes the same place
    box_settle(box);
    assert_int_equal(next->got.len, 0); // and not the other one's answer
    buf_reset(&frame);
    box_request(&frame, 2, "show", SLICE("\x81\xa8instance\x01"));
    box_send(box, next, buf_slice(&frame));
    box_settle(box);
    assert_code(box_take(next), "");
    buf_done(&frame);
}

// Its counts are those of the record that it names, never of commands that may still come to
// nothing.
static void counts_are_those_of_what_is_written(void **state)
{
    (void)state;
    struct buf frames;
    buf_init(&frames, 4096);
    uint64_t before = store_head(box->engine.store)->seq;
    box_start(&frames, 1, "Bob");
    box_start(&frames, 2, "Ann");
    box_request(&frames, 3, "stats", SLICE("\x80"));
    box_start(&frames, 4, "Eve");
    struct box_wire *wire = box_connect(box);
    box_send(box, wire, buf_slice(&frames)); // in one go: they are taken into one batch
    box_settle(box);
    uint32_t started = 0;
    for (uint32_t i = 1; i <= 4; i++) {
        struct slice answer = box_take(wire);
        assert_code(answer, "");
        if (box_msgid(answer) != 3) {
            started++;
            continue;
        }
        struct slice cases = pack_map_find(box_result(answer), SLICE("cases"));
        assert_int_equal(box_number(box_result(answer), "seq"), before + started);
        assert_int_equal(box_number(cases, "open"), started);
    }
    assert_int_equal(started, 3);
    buf_done(&frames);
}

int main(void)
{
#define BOX(test) cmocka_unit_test_setup_teardown(test, open_box, close_box)
    const struct CMUnitTest tests[] = {
        BOX(counts_are_those_of_what_is_written),
        BOX(a_request_split_at_every_byte_is_answered_once),
        BOX(a_request_sent_byte_by_byte_is_answered_once),
        BOX(requests_that_arrive_together_are_each_answered),
        BOX(an_answer_waits_for_the_commit_of_its_batch),
        BOX(a_repeated_request_id_gets_the_first_answer),
        BOX(every_bad_frame_gets_its_refusal_and_changes_nothing),
        BOX(bad_frames_are_refused_the_same_when_split),
        BOX(an_engine_without_an_index_says_so),
        BOX(claims_within_one_another_are_added_up),
        BOX(a_message_of_more_than_a_mebibyte_is_refused_and_says_so),
        BOX(too_long_a_text_is_refused_by_the_bound_s_name),
        BOX(a_half_closed_connection_gets_its_answers_and_is_closed),
        BOX(a_connection_ended_in_the_middle_of_a_frame_is_refused),
        BOX(a_client_that_goes_away_leaves_its_command_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
