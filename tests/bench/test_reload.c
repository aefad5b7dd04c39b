// New versions under load: no press is refused or lost, and the books close.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <unistd.h>

#include "tests/bench/clockwork.h"
#include "tests/bench/frames.h"
#include "tests/bench/load.h"
#include "tests/bench/serve.h"

enum { VERSIONS = 4, LEADS = 150, CONNECTIONS = 8 };

static void apply(const struct serve *serve, uint32_t number)
{
    struct slice frame = frames_apply("tests/bench/lead.rung", number);
    uint32_t len = 0;
    char *answer = load_ask(serve->socket, frame.ptr, (uint32_t)frame.len, &len);
    assert_non_null(answer);
    frames_free(frame);
    free(answer);
}

// S106
static void nothing_is_dropped_while_versions_come(void **state)
{
    (void)state;
    struct serve serve;
    struct serve_stats before, after;
    struct load_child child;
    struct load_result result;
    clockwork_remove("build/test-reload");
    assert_true(serve_start(&serve, "build/test-reload", "tests/bench/lead.rung"));
    struct slice users = frames_users();
    uint32_t len = 0;
    char *answer = load_ask(serve.socket, users.ptr, (uint32_t)users.len, &len);
    assert_non_null(answer);
    frames_free(users);
    free(answer);
    assert_true(serve_stats(&serve, &before));
    const struct load_options options = { .socket = serve.socket, .connections = CONNECTIONS,
                                          .leads_max = LEADS, .wait_us = 20000 };
    assert_true(load_begin(&options, &child));
    for (uint32_t i = 1; i <= VERSIONS; i++) {
        usleep(40000);
        apply(&serve, i);
    }
    load_end(&child, &result);
    assert_false(result.broken);
    assert_int_equal(result.refused, 0);
    assert_int_equal(result.leads, LEADS);
    assert_true(serve_stats(&serve, &after));
    assert_int_equal(after.open, before.open);
    assert_int_equal(after.ended - before.ended, 3 * LEADS);
    assert_true(serve_stop(&serve));
    const char *const verify[] = { "verify", "build/test-reload", NULL };
    assert_true(serve_program(verify, NULL));
    clockwork_remove("build/test-reload");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(nothing_is_dropped_while_versions_come) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
