// A button that is not where the case stands: an old screen, another stage, or no such button.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/engine/company.h"

#define ANN "bob: start lead with name=Ann, phone=+49 30 123456"

// Rule 6: what he saw is gone, and so is the button that he saw there.
COMPANY_TEST(rule_6_an_old_screen_is_stale_though_its_button_is_gone,
             { ANN, "" }, { "bob: press 1 talked entry 2", "stage_entered" },
             { "bob: press 1 busy entry 2", "!stale it is now at \"Offer\"" },
             { "bob: press 1 busy task 1", "!stale it is now at \"Offer\"" },
             { "bob: press 1 talked entry 2", "!stale it is now at \"Offer\"" })
COMPANY_TEST(a_button_of_another_stage_is_not_offered_here,
             { ANN, "" },
             { "bob: press 1 pay", "!not_offered `pay` is not offered at \"Contact\"" },
             { "bob: press 1 pay entry 2", "!not_offered Contact" },
             { "bob: press 1 talked", "stage_entered" },
             { "bob: press 1 busy", "!not_offered `busy` is not offered at \"Offer\"" })
COMPANY_TEST(a_button_that_the_process_does_not_have_is_unknown_wherever_he_looked,
             { ANN, "" }, { "bob: press 1 nonsense", "!unknown_action nonsense" },
             { "bob: press 1 talked", "stage_entered" },
             { "bob: press 1 nonsense entry 2", "!unknown_action nonsense" })

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_6_an_old_screen_is_stale_though_its_button_is_gone),
        cmocka_unit_test(a_button_of_another_stage_is_not_offered_here),
        cmocka_unit_test(a_button_that_the_process_does_not_have_is_unknown_wherever_he_looked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
