// Clocks: a leap is not believed, a demo clock goes from due moment to due moment.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "tests/shell/box.h"

static uint64_t wall_ms, steady_us_now;

static uint64_t wall(void *context)
{
    (void)context;
    return wall_ms;
}

static uint64_t steady(void *context)
{
    (void)context;
    return steady_us_now;
}

static const struct clock fake = { wall, steady, NULL };

static void pass_ms(uint64_t ms)
{
    wall_ms += ms;
    steady_us_now += ms * 1000;
}

static void open_keeper(struct timekeeper *keeper, const struct clock_options *options)
{
    wall_ms = 1767603600000;
    steady_us_now = 5000000;
    timekeeper_init(keeper, &fake, options);
}

static void a_leap_forward_stops_timers_until_it_is_confirmed(void **state)
{
    (void)state;
    struct timekeeper keeper;
    open_keeper(&keeper, &(struct clock_options){ 0 });
    uint64_t begin = timekeeper_tick(&keeper);
    pass_ms(3 * CLOCK_STEP_MAX_MS); // hours pass in which both clocks agree
    assert_int_equal(timekeeper_tick(&keeper), begin + 3 * CLOCK_STEP_MAX_MS);
    assert_false(timekeeper_stepped(&keeper));
    wall_ms += CLOCK_STEP_MAX_MS + 1;
    assert_int_equal(timekeeper_tick(&keeper), begin + 3 * CLOCK_STEP_MAX_MS);
    assert_true(timekeeper_stepped(&keeper));
    assert_true(timekeeper_wait_ms(&keeper, begin) == UINT64_MAX);
    pass_ms(1000); // time goes on at the steady clock's pace
    assert_int_equal(timekeeper_tick(&keeper), begin + 3 * CLOCK_STEP_MAX_MS + 1000);
    timekeeper_confirm(&keeper);
    assert_int_equal(timekeeper_tick(&keeper), wall_ms);
    assert_false(timekeeper_stepped(&keeper));
}

static void a_leap_that_is_taken_back_needs_nobody(void **state)
{
    (void)state;
    struct timekeeper keeper;
    open_keeper(&keeper, &(struct clock_options){ 0 });
    (void)timekeeper_tick(&keeper);
    wall_ms += 2 * CLOCK_STEP_MAX_MS;
    (void)timekeeper_tick(&keeper);
    assert_true(timekeeper_stepped(&keeper));
    wall_ms -= 2 * CLOCK_STEP_MAX_MS;
    assert_int_equal(timekeeper_tick(&keeper), wall_ms);
    assert_false(timekeeper_stepped(&keeper));
}

static void a_small_correction_and_a_step_back_are_believed(void **state)
{
    (void)state;
    struct timekeeper keeper;
    open_keeper(&keeper, &(struct clock_options){ 0 });
    (void)timekeeper_tick(&keeper);
    wall_ms += CLOCK_STEP_MAX_MS;
    assert_int_equal(timekeeper_tick(&keeper), wall_ms);
    wall_ms -= 5 * CLOCK_STEP_MAX_MS; // the core never lets `now` go back by itself
    assert_int_equal(timekeeper_tick(&keeper), wall_ms);
    assert_false(timekeeper_stepped(&keeper));
}

static void a_demo_clock_runs_so_many_times_faster(void **state)
{
    (void)state;
    struct timekeeper keeper;
    open_keeper(&keeper, &(struct clock_options){ true, 100, 1000000 });
    assert_int_equal(timekeeper_now(&keeper), 1000000);
    pass_ms(50);
    assert_int_equal(timekeeper_now(&keeper), 1005000);
    assert_int_equal(timekeeper_wait_ms(&keeper, 1005001), 1); // rounded up: never early
    timekeeper_move(&keeper, 2000000);
    pass_ms(1);
    assert_int_equal(timekeeper_now(&keeper), 2000100);
    timekeeper_move(&keeper, 5); // never back
    assert_int_equal(timekeeper_now(&keeper), 2000100);
}

static void a_clock_that_stands_still_waits_for_nothing(void **state)
{
    (void)state;
    struct timekeeper keeper;
    open_keeper(&keeper, &(struct clock_options){ true, 0, 1000000 });
    pass_ms(100000);
    assert_int_equal(timekeeper_now(&keeper), 1000000);
    assert_true(timekeeper_wait_ms(&keeper, 1000001) == UINT64_MAX);
}

// --- the method ----------------------------------------------------------------------------------

static struct slice call(struct box *box, struct box_wire *wire, const char *method,
                         struct slice map)
{
    struct buf frame;
    buf_init(&frame, 4096);
    box_request(&frame, 1, method, map);
    box_send(box, wire, buf_slice(&frame));
    box_settle(box);
    buf_done(&frame);
    return box_take(wire);
}

static void every_timer_on_the_way_fires_at_its_own_moment(void **state)
{
    (void)state;
    struct box *box = mem_zalloc(sizeof(*box));
    box_open(box, true);
    struct box_wire *wire = box_connect(box);
    struct buf frame;
    buf_init(&frame, 4096);
    box_start(&frame, 1, "Bob");
    box_press(&frame, 2, 1, "reached");
    box_send(box, wire, buf_slice(&frame));
    box_settle(box);
    uint64_t begin = box_number(box_result(box_take(wire)), "at");
    assert_int_equal(box_code(box_take(wire)).len, 0);
    // 30 days in one call; the timer of 7 days fires at 7 days.
    struct slice moved = call(box, wire, "clock", SLICE("\x81\xa2""by\xce\x9a\x7e\xc8\x00"));
    assert_int_equal(box_code(moved).len, 0);
    assert_int_equal(box_number(box_result(moved), "at"), begin + 30ull * 86400000);
    struct slice history = box_result(call(box, wire, "history", SLICE("\x81\xa8instance\x01")));
    struct unpack unpack;
    unpack_init(&unpack, pack_map_find(history, SLICE("records")));
    assert_int_equal(unpack_array(&unpack), 3);
    unpack_skip(&unpack);
    unpack_skip(&unpack);
    struct slice last = unpack_raw(&unpack);
    assert_true(slice_equal(box_text(last, "command"), SLICE("timer")));
    assert_int_equal(box_number(last, "at"), begin + 7ull * 86400000);
    assert_true(slice_equal(box_code(call(box, wire, "clock", SLICE("\x81\xa2to\x05"))),
                            SLICE("moment_past")));
    buf_done(&frame);
    box_close(box);
    mem_free(box);
}

static void a_real_clock_is_not_moved_and_a_leap_is_confirmed(void **state)
{
    (void)state;
    struct box *box = mem_zalloc(sizeof(*box));
    box_open(box, false);
    struct box_wire *wire = box_connect(box);
    assert_true(slice_equal(box_code(call(box, wire, "clock", SLICE("\x81\xa2""by\x05"))),
                            SLICE("not_demo")));
    assert_true(slice_equal(box_code(call(box, wire, "clock", SLICE("\x80"))), SLICE("not_demo")));
    box->wall_ms += 5 * CLOCK_STEP_MAX_MS;
    box_settle(box);
    struct slice stats = box_result(call(box, wire, "stats", SLICE("\x80")));
    assert_true(slice_equal(pack_map_find(stats, SLICE("clock_stepped")), SLICE("\xc3")));
    assert_int_equal(box_code(call(box, wire, "clock", SLICE("\x80"))).len, 0);
    stats = box_result(call(box, wire, "stats", SLICE("\x80")));
    assert_true(slice_equal(pack_map_find(stats, SLICE("clock_stepped")), SLICE("\xc2")));
    assert_int_equal(box_number(stats, "now"), box->wall_ms);
    box_close(box);
    mem_free(box);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_leap_forward_stops_timers_until_it_is_confirmed),
        cmocka_unit_test(a_leap_that_is_taken_back_needs_nobody),
        cmocka_unit_test(a_small_correction_and_a_step_back_are_believed),
        cmocka_unit_test(a_demo_clock_runs_so_many_times_faster),
        cmocka_unit_test(a_clock_that_stands_still_waits_for_nothing),
        cmocka_unit_test(every_timer_on_the_way_fires_at_its_own_moment),
        cmocka_unit_test(a_real_clock_is_not_moved_and_a_leap_is_confirmed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
