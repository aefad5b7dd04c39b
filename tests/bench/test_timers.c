// Timers that come due in numbers while people work: all fire, none early, none twice.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/bench/clockwork.h"
#include "tests/bench/serve.h"
#include "tests/bench/timers.h"

enum { COUNT = 3000, AHEAD_MS = 8000, RATE = 100, CONNECTIONS = 4 };

static void run(uint32_t spread_ms)
{
    const struct timers_options options = { .data = "build/test-timers", .count = COUNT,
                                            .spread_ms = spread_ms, .ahead_ms = AHEAD_MS,
                                            .rate = RATE, .connections = CONNECTIONS };
    struct timers_result result;
    uint64_t late = 0;
    assert_true(timers_run(&options, &result));
    assert_int_equal(result.fired, COUNT);
    assert_int_equal(result.early, 0);
    assert_int_equal(result.twice, 0);
    for (uint32_t i = 0; i < TIMERS_BUCKETS; i++) {
        late += result.late[i];
    }
    assert_int_equal(late, COUNT);
    assert_true(result.books);
    assert_true(result.load.samples > 0);
    assert_true(result.pending.rss_anon_kb > 0 && result.empty.rss_anon_kb > 0);
    const char *const verify[] = { "verify", options.data, NULL };
    assert_true(serve_program(verify, NULL));
    clockwork_remove(options.data);
}

static void those_of_one_second_all_fire_once_and_none_early(void **state)
{
    (void)state;
    run(1000);
}

static void those_of_one_moment_likewise(void **state)
{
    (void)state;
    run(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_of_one_second_all_fire_once_and_none_early),
        cmocka_unit_test(those_of_one_moment_likewise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
