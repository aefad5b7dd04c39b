// Cases that come to another version stand back for clients, and go on when nobody asks. The clock
// moves only when the test moves it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "engine/state/view.h"
#include "tests/shell/box.h"

enum { CASES = 200, STEP_US = 100, ASKED_TIMES = 100, IDLE_WAIT_MS = 1 };

// The process of the box with a field more, so that its cases come along by themselves.
static const char second[] = BOX_LEAD("  field source: text \"Source\"\n");

static struct box *box;
static struct box_wire *wire;
static struct buf frame;
static uint32_t asked; // messages of the client

static void ask(void)
{
    box_send(box, wire, buf_slice(&frame));
    buf_reset(&frame);
    asked++;
}

static void answered(void)
{
    struct slice answer = box_take(wire);
    if (box_code(answer).len > 0) {
        fail_msg("refused: %.*s", SLICE_PRINT(box_code(answer)));
    }
    assert_int_equal(box_msgid(answer), asked);
}

static void apply_second(void)
{
    struct buf map;
    buf_init(&map, FRAME_BYTES_MAX);
    buf_put_slice(&map, SLICE("\x81\xa5" "files\x91\x82\xa4name\xa9" "lead.rung\xa4text"));
    pack_cstr(&map, second);
    box_request(&frame, asked + 1, "apply", buf_slice(&map));
    buf_done(&map);
    ask();
    box_settle(box);
    answered();
}

static void press_first(void)
{
    box_press(&frame, asked + 1, 1, asked % 2 == 0 ? "reached" : "back");
    ask();
}

static void open_with_cases(bool writer)
{
    box = mem_zalloc(sizeof(*box));
    asked = 0;
    buf_init(&frame, FRAME_BYTES_MAX);
    if (writer) {
        box_open_with_writer(box);
    } else {
        box_open(box, true);
    }
    wire = box_connect(box);
    for (uint32_t i = 0; i < CASES; i++) {
        box_start(&frame, asked + 1, "Bob");
        ask();
        box_settle(box);
        answered();
    }
    apply_second();
    asked += asked % 2; // the first press is `reached`
}

static int open_box(void **state)
{
    (void)state;
    open_with_cases(false);
    return 0;
}

static int open_box_with_writer(void **state)
{
    (void)state;
    open_with_cases(true);
    return 0;
}

static int close_box(void **state)
{
    (void)state;
    box_close(box);
    buf_done(&frame);
    mem_free(box);
    return 0;
}

static bool count_moved(void *context, const struct instance *instance)
{
    const struct view *view = core_view(box->engine.core);
    const struct view_program *active = view_active(view, instance->head.process);
    *(uint32_t *)context += instance->head.program == active->id ? 1u : 0u;
    return true;
}

static uint32_t moved(void)
{
    uint32_t count = 0;
    view_all_instances(core_view(box->engine.core), 1, count_moved, &count);
    return count;
}

// Each case has exactly one record of it: how many records there are after those of the test.
static void each_came_along_once(uint64_t records_before, uint32_t moved_before)
{
    uint64_t settled = 1; // and one record says that all have been looked at
    uint64_t records = store_head(box->engine.store)->seq - records_before;
    assert_int_equal(moved(), CASES);
    assert_int_equal(records, CASES - moved_before + settled);
}

// Presses one after the other; `each` says what is turned to have each answered.
static void keep_asking(void (*each)(struct box *box))
{
    uint64_t began_us = box->steady_us;
    uint32_t before = moved();
    for (uint32_t i = 0; i < ASKED_TIMES; i++) {
        box->steady_us += STEP_US;
        press_first();
        each(box);
        answered();
        uint32_t spans = (uint32_t)((box->steady_us - began_us) / MOVES_EVERY_US) + 1;
        assert_true(moved() - before <= spans * MOVES_BESIDE_COMMANDS_MAX);
    }
    // A small share, but a share: who has to wait for clients must not wait for ever.
    uint32_t spans = (uint32_t)((box->steady_us - began_us) / MOVES_EVERY_US);
    assert_true(spans > 2);
    assert_true(moved() - before >= (spans - 1) * MOVES_BESIDE_COMMANDS_MAX);
    assert_true(moved() < CASES);
}

static void once_round(struct box *turned)
{
    box_shell(turned);
    box_core(turned);
    box_shell(turned);
}

static void once_round_with_writer(struct box *turned)
{
    once_round(turned);
    box_write(turned);
    box_core(turned);
    box_shell(turned);
}

static void in_one_moment_a_new_version_takes_a_few_cases_only(void **state)
{
    (void)state;
    assert_int_equal(moved(), MOVES_BESIDE_COMMANDS_MAX);
    for (int i = 0; i < 10; i++) { // the clock stands still: nothing more is taken
        assert_int_equal(core_tick(&box->engine.core_tick), IDLE_WAIT_MS);
    }
    assert_int_equal(moved(), MOVES_BESIDE_COMMANDS_MAX);
}

static void while_clients_ask_a_few_cases_come_along_each_two_milliseconds(void **state)
{
    (void)state;
    keep_asking(once_round);
}

static void the_same_while_batches_are_written_beside(void **state)
{
    (void)state;
    keep_asking(once_round_with_writer);
}

static void they_go_on_by_themselves_when_nobody_asks(void **state)
{
    (void)state;
    keep_asking(once_round);
    uint32_t before = moved();
    uint64_t records = store_head(box->engine.store)->seq;
    // Within the rest that clients are given it is still the small share.
    box->steady_us += MOVES_REST_US - 1;
    (void)core_tick(&box->engine.core_tick);
    assert_int_equal(moved(), before + MOVES_BESIDE_COMMANDS_MAX);
    (void)core_tick(&box->engine.core_tick);
    assert_int_equal(moved(), before + MOVES_BESIDE_COMMANDS_MAX);
    // After it, batch after batch in one go: the core asks to be called again at once.
    box->steady_us += 1;
    uint32_t at_first = moved();
    for (uint32_t i = 1; moved() < CASES; i++) {
        assert_int_equal(core_tick(&box->engine.core_tick), 0);
        uint32_t wanted = at_first + i * MOVES_PER_BATCH_MAX;
        assert_int_equal(moved(), wanted < CASES ? wanted : CASES);
    }
    for (int i = 0; i < 4; i++) {
        (void)core_tick(&box->engine.core_tick);
    }
    each_came_along_once(records, before);
    assert_true(core_tick(&box->engine.core_tick) > IDLE_WAIT_MS); // and now it may sleep
}

static void a_client_that_comes_back_is_answered_in_the_next_batch(void **state)
{
    (void)state;
    box->steady_us += MOVES_REST_US;
    (void)core_tick(&box->engine.core_tick);
    uint32_t before = moved();
    press_first();
    once_round(box); // beside at most one batch of moves
    answered();
    assert_true(moved() - before <= MOVES_PER_BATCH_MAX);
    before = moved();
    press_first();
    once_round(box);
    answered();
    assert_int_equal(moved(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(in_one_moment_a_new_version_takes_a_few_cases_only,
                                        open_box, close_box),
        cmocka_unit_test_setup_teardown(
            while_clients_ask_a_few_cases_come_along_each_two_milliseconds, open_box, close_box),
        cmocka_unit_test_setup_teardown(the_same_while_batches_are_written_beside,
                                        open_box_with_writer, close_box),
        cmocka_unit_test_setup_teardown(they_go_on_by_themselves_when_nobody_asks, open_box,
                                        close_box),
        cmocka_unit_test_setup_teardown(a_client_that_comes_back_is_answered_in_the_next_batch,
                                        open_box, close_box),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
