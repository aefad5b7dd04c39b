// Back-pressure and subscriptions: who does not read is not written to, and nobody misses a record.
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

static int open_box_with_writer(void **state)
{
    (void)state;
    box = mem_zalloc(sizeof(*box));
    box_open_with_writer(box);
    return 0;
}

static int close_box(void **state)
{
    (void)state;
    box_close(box);
    mem_free(box);
    return 0;
}

static void start_one(struct box_wire *wire)
{
    struct buf frame;
    buf_init(&frame, 4096);
    box_start(&frame, 1, "Bob");
    box_send(box, wire, buf_slice(&frame));
    box_settle(box);
    assert_int_equal(box_code(box_take(wire)).len, 0);
    buf_done(&frame);
}

static void press_many(struct box_wire *wire, uint32_t times, bool *odd)
{
    struct buf frames;
    buf_init(&frames, 16 * 1024 * 1024);
    for (uint32_t i = 0; i < times; i++) {
        box_press(&frames, i + 1, 1, *odd ? "back" : "reached");
        *odd = !*odd;
    }
    box_send(box, wire, buf_slice(&frames));
    for (uint32_t i = 0; i < times / 64 + 8; i++) {
        box_settle(box);
    }
    for (uint32_t i = 0; i < times; i++) {
        assert_int_equal(box_code(box_take(wire)).len, 0);
    }
    buf_done(&frames);
}

static void watch(struct box_wire *wire, uint64_t from)
{
    struct buf frame;
    buf_init(&frame, 4096);
    box_request(&frame, 1, "subscribe", SLICE("\x82\xa8instance\x01\xa4""from"));
    pack_uint(&frame, from);
    box_send(box, wire, buf_slice(&frame));
    box_settle(box);
    assert_int_equal(box_code(box_take(wire)).len, 0);
    buf_done(&frame);
}

// Takes pushes off the wire; each must name the one before it. Returns the last seq; `ret_resume`
// is where a `lagging` says to go on, or 0.
static uint64_t take_pushes(struct box_wire *wire, uint64_t last, uint64_t *ret_count,
                            uint64_t *ret_resume)
{
    *ret_resume = 0;
    struct slice message = box_take(wire);
    for (; message.len > 0 && box_type(message) == 2; message = box_take(wire)) {
        struct slice method;
        struct slice map = box_push(message, &method);
        if (slice_equal(method, SLICE("lagging"))) {
            *ret_resume = box_number(map, "resume");
            assert_int_equal(*ret_resume, last);
        } else {
            assert_true(slice_equal(method, SLICE("case")));
            assert_int_equal(box_number(map, "previous"), last);
            last = box_number(map, "seq");
            (*ret_count)++;
        }
    }
    assert_int_equal(message.len, 0);
    return last;
}

static void a_flood_is_read_only_as_fast_as_it_is_worked_on(void **state)
{
    (void)state;
    enum { FLOOD = 20000 };
    struct buf frames;
    buf_init(&frames, 16 * 1024 * 1024);
    for (uint32_t i = 0; i < FLOOD; i++) {
        box_start(&frames, i + 1, "Bob");
    }
    struct box_wire *wire = box_connect(box);
    box_send(box, wire, buf_slice(&frames));
    for (int i = 0; i < 100; i++) {
        box_shell(box); // without the core's side
    }
    assert_false(wire->reading);
    assert_true(wire->unread.len > frames.len / 2); // most of it was not even read
    for (int i = 0; i < 40; i++) {
        box_settle(box);
    }
    assert_int_equal(wire->unread.len, 0);
    assert_true(wire->reading);
    for (uint32_t i = 0; i < FLOOD; i++) {
        struct slice answer = box_take(wire);
        assert_int_equal(box_code(answer).len, 0);
        assert_int_equal(box_msgid(answer), i + 1);
        assert_int_equal(box_number(box_result(answer), "instance"), i + 1);
    }
    assert_int_equal(box_take(wire).len, 0);
    buf_done(&frames);
}

static void floods_of_many_connections_fill_the_inbox_and_all_are_answered(void **state)
{
    (void)state;
    enum { CLIENTS = 8, EACH = 1500 }; // together more than INBOX_COMMANDS_MAX
    struct box_wire *wire[CLIENTS];
    struct buf frames;
    buf_init(&frames, 16 * 1024 * 1024);
    for (uint32_t i = 0; i < EACH; i++) {
        box_start(&frames, i + 1, "Bob");
    }
    for (uint32_t c = 0; c < CLIENTS; c++) {
        wire[c] = box_connect(box);
        box_send(box, wire[c], buf_slice(&frames));
        box_shell(box);
    }
    for (int i = 0; i < 40; i++) {
        box_settle(box);
    }
    for (uint32_t c = 0; c < CLIENTS; c++) {
        for (uint32_t i = 0; i < EACH; i++) {
            struct slice answer = box_take(wire[c]);
            assert_int_equal(box_code(answer).len, 0);
            assert_int_equal(box_msgid(answer), i + 1);
        }
    }
    buf_done(&frames);
}

static void a_client_that_never_reads_is_no_longer_read_from(void **state)
{
    (void)state;
    struct box_wire *wire = box_connect(box);
    start_one(wire);
    wire->room = 0;
    struct buf frames;
    buf_init(&frames, 16 * 1024 * 1024);
    for (uint32_t i = 0; i < 20000; i++) {
        box_request(&frames, i + 1, "show", SLICE("\x81\xa8instance\x01"));
    }
    box_send(box, wire, buf_slice(&frames));
    for (int i = 0; i < 4; i++) {
        box_settle(box);
    }
    assert_false(wire->reading);
    assert_true(wire->unread.len > 0);
    // The others are served meanwhile.
    struct box_wire *other = box_connect(box);
    start_one(other);
    // And it gets everything, in order, once it reads again.
    uint32_t answered = 0;
    for (int i = 0; i < 4000 && answered < 20000; i++) {
        box_widen(box, wire, 512 * 1024);
        box_shell(box);
        for (struct slice m = box_take(wire); m.len > 0; m = box_take(wire)) {
            assert_int_equal(box_msgid(m), ++answered);
        }
    }
    assert_int_equal(answered, 20000);
    buf_done(&frames);
}

// S103
static void a_subscriber_gets_every_record_once_and_in_order(void **state)
{
    (void)state;
    struct box_wire *presser = box_connect(box);
    struct box_wire *early = box_connect(box);
    struct box_wire *late = box_connect(box);
    bool odd = false;
    uint64_t early_count = 0, late_count = 0, resume = 0;
    start_one(presser);
    watch(early, 0);
    press_many(presser, 200, &odd);
    watch(late, 0);
    press_many(presser, 100, &odd);
    uint64_t last = take_pushes(early, 0, &early_count, &resume);
    assert_int_equal(early_count, 301);
    assert_int_equal(last, store_head(box->engine.store)->seq);
    assert_int_equal(take_pushes(late, 0, &late_count, &resume), last);
    assert_int_equal(late_count, 301);
}

static void a_slow_subscriber_catches_up_without_a_gap(void **state)
{
    (void)state;
    struct box_wire *presser = box_connect(box);
    struct box_wire *slow = box_connect(box);
    bool odd = false;
    bool answered = false;
    uint64_t count = 0, resume = 0, last = 0;
    start_one(presser);
    press_many(presser, 3000, &odd);
    slow->room = 100;
    struct buf frame;
    buf_init(&frame, 4096);
    box_request(&frame, 1, "subscribe", SLICE("\x82\xa8instance\x01\xa4""from\x00"));
    box_send(box, slow, buf_slice(&frame));
    buf_done(&frame);
    for (int i = 0; i < 3000; i++) {
        box_shell(box);
        box_core(box);
        answered = answered || box_take(slow).len > 0;
        last = answered ? take_pushes(slow, last, &count, &resume) : 0;
        assert_int_equal(resume, 0);
        box_widen(box, slow, 3000);
    }
    assert_int_equal(count, 3001);
    assert_int_equal(last, store_head(box->engine.store)->seq);
}

static void a_subscriber_that_stops_reading_is_cut_off_and_resumes_where_told(void **state)
{
    (void)state;
    struct box_wire *presser = box_connect(box);
    struct box_wire *slow = box_connect(box);
    bool odd = false;
    uint64_t count = 0, resume = 0;
    start_one(presser);
    watch(slow, 0);
    slow->room = 0;
    press_many(presser, 4000, &odd);
    box_widen(box, slow, SIZE_MAX);
    box_settle(box);
    uint64_t last = take_pushes(slow, 0, &count, &resume);
    assert_true(resume == last && last > 0 && count < 4001);
    press_many(presser, 10, &odd);
    assert_int_equal(slow->got.len, 0); // nothing more, until it asks
    watch(slow, resume);
    box_settle(box);
    last = take_pushes(slow, last, &count, &resume);
    assert_int_equal(last, store_head(box->engine.store)->seq);
    assert_int_equal(count, 4011);
}

// S103
static void an_inbox_subscriber_hears_of_tasks_that_come_and_go(void **state)
{
    (void)state;
    struct box_wire *presser = box_connect(box);
    struct box_wire *watcher = box_connect(box);
    bool odd = false;
    struct buf frame;
    buf_init(&frame, 4096);
    box_request(&frame, 1, "subscribe", SLICE("\x81\xa5inbox\xa3""ann"));
    box_send(box, watcher, buf_slice(&frame));
    box_settle(box);
    assert_int_equal(box_code(box_take(watcher)).len, 0);
    start_one(presser);
    struct slice method;
    struct slice map = box_push(box_take(watcher), &method);
    assert_true(slice_equal(method, SLICE("inbox")));
    assert_true(slice_equal(pack_map_find(map, SLICE("removed")), SLICE("\x90")));
    assert_true(pack_map_find(map, SLICE("added")).len > 100);
    // Many changes within a quarter of a second are one frame, and it tells the latest.
    press_many(presser, 20, &odd);
    assert_int_equal(watcher->got.len, 0);
    box->steady_us += 300000;
    box_settle(box);
    map = box_push(box_take(watcher), &method);
    struct slice removed = pack_map_find(map, SLICE("removed"));
    assert_int_equal(removed.ptr[0], '\x91'); // the first task; those between were never told of
    assert_int_equal(box_take(watcher).len, 0);
    buf_done(&frame);
}

static void a_full_store_refuses_writes_at_the_door_and_answers_questions(void **state)
{
    (void)state;
    struct box_wire *wire = box_connect(box);
    start_one(wire);
    atomic_store(&box->engine.core_tick.full, true);
    box->engine.core_tick.full_until_us = box->steady_us + 1000000;
    struct buf frame;
    buf_init(&frame, 4096);
    box_start(&frame, 5, "Tim");
    box_request(&frame, 6, "show", SLICE("\x81\xa8instance\x01"));
    box_send(box, wire, buf_slice(&frame));
    box_settle(box);
    assert_true(slice_equal(box_code(box_take(wire)), SLICE("store_full")));
    assert_int_equal(box_code(box_take(wire)).len, 0);
    box->steady_us += 1100000; // a second later it is tried again
    box_settle(box);
    start_one(wire);
    buf_done(&frame);
}

static void a_stop_answers_what_is_under_way_and_refuses_the_rest(void **state)
{
    (void)state;
    struct buf frame;
    buf_init(&frame, 4096);
    box_start(&frame, 1, "Bob");
    struct box_wire *busy = box_connect(box);
    struct box_wire *late = box_connect(box);
    struct box_wire *idle = box_connect(box);
    box_send(box, busy, buf_slice(&frame));
    box_shell(box);
    box_send(box, late, buf_slice(&frame));
    shell_stop(box->engine.shell);
    box_settle(box);
    assert_int_equal(box_code(box_take(busy)).len, 0);
    assert_true(slice_equal(box_code(box_take(late)), SLICE("stopping")));
    assert_false(busy->open || late->open || idle->open);
    assert_true(shell_is_quiet(box->engine.shell));
    buf_done(&frame);
}

// Timers are decided while a batch is written; then somebody asks for figures, which are answered
// without a commit.
static void a_question_between_timers_and_their_commit_is_answered_with_them(void **state)
{
    (void)state;
    static const uint64_t week_ms = 7ull * 24 * 3600 * 1000;
    struct box_wire *wire = box_connect(box);
    bool odd = false;
    start_one(wire);
    press_many(wire, 1, &odd); // it waits for a week now
    box->wall_ms += week_ms - 1;
    box->steady_us += (week_ms - 1) * 1000;
    box_settle(box);
    struct buf frame;
    buf_init(&frame, 4096);
    box_start(&frame, 5, "Tim");
    box_send(box, wire, buf_slice(&frame));
    box_shell(box);
    box_core(box); // decided and sealed; nobody has written it
    box->wall_ms += 1;
    box->steady_us += 1000;
    box_core(box); // the timer is decided on top of it
    buf_reset(&frame);
    box_request(&frame, 6, "stats", SLICE("\x80"));
    box_send(box, wire, buf_slice(&frame));
    box_shell(box);
    box_core(box); // the figures
    box_core(box); // nothing more comes
    box_settle(box);
    assert_int_equal(box_msgid(box_take(wire)), 5);
    assert_int_equal(box_msgid(box_take(wire)), 6);
    assert_int_equal(box->engine.core_tick.counters.timers, 1);
    buf_done(&frame);
}

int main(void)
{
#define BOX(test) cmocka_unit_test_setup_teardown(test, open_box, close_box)
    const struct CMUnitTest tests[] = {
        BOX(a_flood_is_read_only_as_fast_as_it_is_worked_on),
        BOX(floods_of_many_connections_fill_the_inbox_and_all_are_answered),
        BOX(a_client_that_never_reads_is_no_longer_read_from),
        BOX(a_subscriber_gets_every_record_once_and_in_order),
        BOX(a_slow_subscriber_catches_up_without_a_gap),
        BOX(a_subscriber_that_stops_reading_is_cut_off_and_resumes_where_told),
        BOX(an_inbox_subscriber_hears_of_tasks_that_come_and_go),
        BOX(a_full_store_refuses_writes_at_the_door_and_answers_questions),
        BOX(a_stop_answers_what_is_under_way_and_refuses_the_rest),
        cmocka_unit_test_setup_teardown(
            a_question_between_timers_and_their_commit_is_answered_with_them, open_box_with_writer,
            close_box),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
