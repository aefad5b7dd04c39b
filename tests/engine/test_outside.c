// Calls of one case that stand behind each other, whatever people do with those that were parked.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "tests/engine/company.h"

#define BILL "message bank.order with number=7"

// Rule 38: one at a time for each case and connector.
OUTSIDE_TEST(a_call_that_is_tried_again_waits_for_the_one_on_its_way,
    { BILL, "" },
    { "wim: press 1 reminded", "call_queued" },
    { "result 1 1 1 refused saying 500", "incident_opened" },
    { "wim: press 1 reminded", "call_queued" },
    { "result 1 2 1 refused saying 500", "incident_opened" },
    { "wim: press 1 reminded", "call_queued" },
    { "retry 1", "incident_closed call_released" },
    { "close 2 because told by phone", "incident_closed call_attempted" },
    { "result 1 1 1 done", "!stale" },
    { "result 1 3 1 done", "call_attempted call_released" },
    { "result 1 1 1 done", "call_attempted" })

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_that_is_tried_again_waits_for_the_one_on_its_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
