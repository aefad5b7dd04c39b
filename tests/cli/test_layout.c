// What people see: tables that fit, distances in time, moments as they are typed, texts made safe.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/utf8.h"
#include "engine/cli/grid.h"
#include "engine/cli/term.h"
#include "engine/cli/when.h"

#define NOW UINT64_C(1767603600000) // 2026-01-05 09:00 UTC, a Monday
enum { MIN = 60 * 1000, HOUR = 60 * MIN, DAY = 24 * HOUR };

static const struct grid_column columns[] = {
    { "case", true, 0, 0 },
    { "title", false, 8, 0 },
    { "stage", false, 6, 1 },
    { "holder", false, 6, 2 },
};

static void expect_table(unsigned width, const char *expected)
{
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct grid grid;
    grid_init(&grid, &arena, columns, 4);
    grid_row(&grid);
    grid_cell(&grid, 0, SLICE("7"));
    grid_cell(&grid, 1, SLICE("Call Romashka about it"));
    grid_cell(&grid, 2, SLICE("estimate"));
    grid_cell(&grid, 3, SLICE("boris"));
    grid_row(&grid);
    grid_cell(&grid, 0, SLICE("1204"));
    grid_cell(&grid, 1, SLICE("Позвонить в 東京"));
    struct term term = { .columns = width, .rows = 24 };
    struct buf out;
    buf_init(&out, 1 << 16);
    grid_print(&grid, &term, 0, false, &out);
    buf_put_char(&out, 0);
    assert_string_equal(out.ptr, expected);
    buf_done(&out);
    arena_done(&arena);
}

static void tables_are_as_wide_as_their_content(void **state)
{
    (void)state;
    expect_table(80, "case  title                   stage     holder\n"
                     "   7  Call Romashka about it  estimate  boris\n"
                     "1204  Позвонить в 東京\n");
}

static void wide_columns_are_shortened_before_any_is_left_out(void **state)
{
    (void)state;
    expect_table(40, "case  title             stage     holder\n"
                     "   7  Call Romashka a…  estimate  boris\n"
                     "1204  Позвонить в 東京\n");
    expect_table(39, "case  title            stage     holder\n"
                     "   7  Call Romashka …  estimate  boris\n"
                     "1204  Позвонить в 東…\n");
}

static void columns_that_matter_least_are_left_out_at_last(void **state)
{
    (void)state;
    expect_table(24, "case  title     stage\n"
                     "   7  Call Ro…  estimate\n"
                     "1204  Позвони…\n");
    expect_table(18, "case  title\n"
                     "   7  Call Romash…\n"
                     "1204  Позвонить в…\n");
}

static void empty_columns_are_left_out(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct grid grid;
    grid_init(&grid, &arena, columns, 4);
    for (int i = 0; i < 100; i++) {
        grid_row(&grid);
        grid_cell(&grid, 1, SLICE("x"));
    }
    struct term term = { .columns = 80 };
    struct buf out;
    buf_init(&out, 1 << 16);
    grid_print(&grid, &term, 2, true, &out);
    assert_int_equal(out.len, 400);
    assert_memory_equal(out.ptr, "  x\n  x\n", 8);
    buf_done(&out);
    arena_done(&arena);
}

static void control_characters_never_reach_the_terminal(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct slice text = term_clean(&arena, SLICE("a\x1b[2Jb\nc\x9b"
                                                 "d\xe2\x80\xae"
                                                 "e\x7f"));
    assert_true(slice_equal(text, SLICE("a\xef\xbf\xbd[2Jb c\xef\xbf\xbd"
                                        "d\xef\xbf\xbd"
                                        "e\xef\xbf\xbd")));
    assert_true(utf8_valid(text));
    arena_done(&arena);
}

static void long_texts_are_broken_at_blanks(void **state)
{
    (void)state;
    struct term term = { .columns = 32 };
    struct buf out;
    buf_init(&out, 4096);
    unsigned lines = term_wrap(&term, &out,
                               SLICE("Introduce yourself, ask what they need, agree "
                                     "on when to send the estimate."),
                               2, 2);
    assert_int_equal(lines, 2);
    buf_put_char(&out, 0);
    assert_string_equal(out.ptr,
                        "  Introduce yourself, ask what\n  they need, agree on when to s…\n");
    buf_done(&out);
}

static void expect_distance(uint64_t at, const char *due, const char *distance)
{
    struct buf out;
    buf_init(&out, 100);
    when_due(&out, at, NOW);
    buf_put_char(&out, 0);
    assert_string_equal(out.ptr, due);
    buf_reset(&out);
    when_distance(&out, at, NOW);
    buf_put_char(&out, 0);
    assert_string_equal(out.ptr, distance);
    buf_done(&out);
}

static void distances_are_told_in_words(void **state)
{
    (void)state;
    expect_distance(NOW, "now", "now");
    expect_distance(NOW + 59999, "now", "now");
    expect_distance(NOW + 10 * MIN, "in 10 min", "in 10 min");
    expect_distance(NOW - 2 * HOUR, "2 h late", "2 h ago");
    expect_distance(NOW + 23 * HOUR, "in 23 h", "in 23 h");
    expect_distance(NOW + DAY, "in 1 day", "in 1 day");
    expect_distance(NOW - 40 * (uint64_t)DAY, "40 days late", "40 days ago");
    expect_distance(0, "20458 days late", "20458 days ago");
}

static void expect_moment(const char *text, uint64_t expected)
{
    uint64_t ms = 0;
    assert_true(when_parse(slice_from_cstr(text), NOW, NULL, &ms));
    assert_int_equal(ms, expected);
}

// S31
static void moments_are_read_as_people_type_them(void **state)
{
    (void)state;
    const uint64_t midnight = NOW - 9 * HOUR;
    expect_moment("now", NOW);
    expect_moment("in 10 min", NOW + 10 * MIN);
    expect_moment("in 2h", NOW + 2 * HOUR);
    expect_moment("in 3 days", NOW + 3 * (uint64_t)DAY);
    expect_moment("in 3 days 10:00", midnight + 3 * (uint64_t)DAY + 10 * HOUR);
    expect_moment("in 1 week", NOW + 7 * (uint64_t)DAY);
    expect_moment("today 18:00", midnight + 18 * HOUR);
    expect_moment("Tomorrow", midnight + DAY + 10 * HOUR);
    expect_moment("tomorrow 10:30", midnight + DAY + 10 * HOUR + 30 * MIN);
    expect_moment("next Monday", midnight + 7 * (uint64_t)DAY + 10 * HOUR);
    expect_moment("fri 16:30", midnight + 4 * (uint64_t)DAY + 16 * HOUR + 30 * MIN);
    expect_moment("18:00", midnight + 18 * HOUR);
    expect_moment("08:00", midnight + DAY + 8 * HOUR);
    expect_moment("2026-03-02 18:00", UINT64_C(1772474400000));
    expect_moment("2026-03-02", UINT64_C(1772445600000));
    uint64_t ms = 0;
    static const char *const bad[] = {
        "",          "soon",         "in",         "in 5",
        "in 5 lots", "25:00",        "2026-02-30", "tomorrow 10:00 or so",
        "mo",        "in 2 h 10:00", "next",       "10"
    };
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        assert_false(when_parse(slice_from_cstr(bad[i]), NOW, NULL, &ms));
    }
}

static void days_are_read_as_people_type_them(void **state)
{
    (void)state;
    int64_t today = (int64_t)(NOW / DAY);
    int64_t days = 0;
    assert_true(when_parse_day(SLICE("tomorrow"), NOW, NULL, &days));
    assert_int_equal(days, today + 1);
    assert_true(when_parse_day(SLICE("in 3 days"), NOW, NULL, &days));
    assert_int_equal(days, today + 3);
    assert_true(when_parse_day(SLICE("sunday"), NOW, NULL, &days));
    assert_int_equal(days, today + 6);
    assert_false(when_parse_day(SLICE("tomorrow 10:00"), NOW, NULL, &days));
    assert_false(when_parse_day(SLICE("in 3 h"), NOW, NULL, &days));
}

static void moments_are_shown_with_their_day(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 200);
    when_moment(&out, NOW + 9 * HOUR, NOW, NULL);
    buf_put_char(&out, '/');
    when_moment(&out, NOW + DAY, NOW, NULL);
    buf_put_char(&out, '/');
    when_moment(&out, NOW + 3 * (uint64_t)DAY, NOW, NULL);
    buf_put_char(&out, '/');
    when_stamp(&out, NOW + 7123, NULL);
    buf_put_char(&out, 0);
    assert_string_equal(out.ptr,
                        "today 18:00/tomorrow 09:00/Thu 2026-01-08 09:00/2026-01-05 09:00:07");
    buf_done(&out);
}

// Ten hours ahead, all year: 19:00 there when it is 09:00 UTC.
static void moments_are_those_of_the_readers_zone(void **state)
{
    (void)state;
    static const int32_t offset = 10 * 3600;
    static const struct zone vladivostok = { .offsets = &offset, .type_count = 1 };
    struct buf out;
    uint64_t ms = 0;
    int64_t days = 0;
    buf_init(&out, 200);
    when_moment(&out, NOW + 4 * HOUR, NOW, &vladivostok);
    buf_put_char(&out, '/');
    when_moment(&out, NOW + 6 * HOUR, NOW, &vladivostok);
    buf_put_char(&out, '/');
    when_stamp(&out, NOW, &vladivostok);
    buf_put_char(&out, 0);
    assert_string_equal(out.ptr, "today 23:00/tomorrow 01:00/2026-01-05 19:00:00");
    buf_done(&out);
    assert_true(when_parse(SLICE("tomorrow 10:00"), NOW, &vladivostok, &ms));
    assert_int_equal(ms, NOW + 15 * HOUR);
    assert_true(when_parse(SLICE("20:00"), NOW, &vladivostok, &ms));
    assert_int_equal(ms, NOW + HOUR);
    assert_true(when_parse(SLICE("2026-01-05 19:30"), NOW, &vladivostok, &ms));
    assert_int_equal(ms, NOW + HOUR / 2);
    assert_true(when_parse(SLICE("in 2 h"), NOW, &vladivostok, &ms));
    assert_int_equal(ms, NOW + 2 * HOUR);
    assert_true(when_parse_day(SLICE("tomorrow"), NOW + 6 * HOUR, &vladivostok, &days));
    assert_int_equal(days, (int64_t)(NOW / DAY) + 2); // there it is Tuesday already
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_are_as_wide_as_their_content),
        cmocka_unit_test(wide_columns_are_shortened_before_any_is_left_out),
        cmocka_unit_test(columns_that_matter_least_are_left_out_at_last),
        cmocka_unit_test(empty_columns_are_left_out),
        cmocka_unit_test(control_characters_never_reach_the_terminal),
        cmocka_unit_test(long_texts_are_broken_at_blanks),
        cmocka_unit_test(distances_are_told_in_words),
        cmocka_unit_test(moments_are_read_as_people_type_them),
        cmocka_unit_test(days_are_read_as_people_type_them),
        cmocka_unit_test(moments_are_shown_with_their_day),
        cmocka_unit_test(moments_are_those_of_the_readers_zone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
