// Borrowed bytes: what is cut off at the ends.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/slice.h"

static void blanks_go_from_both_ends_and_stay_inside(void **state)
{
    (void)state;
    struct slice line = slice_trim(SLICE("\t a b \r"), " \t\r");
    assert_true(slice_equal(line, SLICE("a b")));
    assert_true(slice_equal(slice_trim(SLICE(" \ta "), " "), SLICE("\ta")));
    assert_true(slice_equal(slice_trim(SLICE("a"), " "), SLICE("a")));
}

static void nothing_but_blanks_is_empty(void **state)
{
    (void)state;
    assert_int_equal(slice_trim(SLICE("   "), " ").len, 0);
    assert_int_equal(slice_trim(SLICE_EMPTY, " ").len, 0);
}

static void a_zero_byte_is_no_blank(void **state)
{
    (void)state;
    assert_int_equal(slice_trim(slice_make("a\0 ", 3), " ").len, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blanks_go_from_both_ends_and_stay_inside),
        cmocka_unit_test(nothing_but_blanks_is_empty),
        cmocka_unit_test(a_zero_byte_is_no_blank),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
