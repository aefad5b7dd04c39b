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

// Rule 37: what waits is delivered on entry, whatever becomes of the one before it.
static void a_message_that_cannot_be_done_does_not_hold_up_those_behind_it(void **state)
{
    static const struct scene scenes[] = {
        { BILL, "" },
        { "message bank.paid at 1 with amount=0", "message_taken" },
        { "message bank.paid at 1 with amount=40", "message_taken" },
        { "message bank.paid at 1 with amount=0", "message_taken" },
        { "message bank.paid at 1 with amount=2", "message_taken" },
        { "wim: press 1 sent", "stage_entered message_taken incident_opened message_taken "
                               "field_changed message_taken incident_opened message_taken "
                               "field_changed" },
    };
    struct company company;
    (void)state;
    company_open(&company, company_outside);
    company_play(&company, scenes, ARRAY_COUNT(scenes));
    assert_int_equal(company_case(&company, 1)->head.kept_count, 0);
    struct value paid = company_field(&company, 1, "paid");
    assert_int_equal(paid.number, 42);
    company_close(&company);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_that_cannot_be_done_does_not_hold_up_those_behind_it),
        cmocka_unit_test(a_call_that_is_tried_again_waits_for_the_one_on_its_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
