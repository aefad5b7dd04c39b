// Conversions under kill -9: a lead becomes as many deals as it wanted, once, whatever happens.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/bench/clockwork.h"
#include "tests/bench/convert.h"

enum { LEADS = 400, KILLS = 12, CONNECTIONS = 8 };

static void nothing_is_lost_or_doubled_under_kills(void **state)
{
    const struct convert_options options = { .data = "build/test-convert", .leads = LEADS,
                                             .kills = KILLS, .connections = CONNECTIONS };
    struct convert_result result;
    (void)state;
    assert_true(convert_run(&options, &result));
    assert_int_equal(result.kills, KILLS);
    assert_true(result.in_flight >= KILLS);
    assert_int_equal(result.refused, 0);
    assert_int_equal(result.lost, 0);
    assert_int_equal(result.doubled, 0);
    assert_int_equal(result.leads, LEADS);
    assert_int_equal(result.conversions, LEADS);
    assert_int_equal(result.deals, result.wanted);
    assert_int_equal(result.wanted, LEADS / 4 * (1 + 2 + 3 + 4));
    assert_int_equal(result.open, result.leads + result.deals);
    assert_true(result.verified);
    clockwork_remove(options.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(nothing_is_lost_or_doubled_under_kills) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
