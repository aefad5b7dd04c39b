// How long a command and its answer are remembered, and a row that was imported.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/attr.h"
#include "tests/engine/company.h"

// Hours of others' work, one record in each.
static void others_work(struct company *company, uint32_t from, uint32_t hours)
{
    for (uint32_t i = 0; i < hours; i++) {
        char line[64];
        company->now_ms += 3600 * 1000;
        (void)snprintf(line, sizeof(line), "bob: c2#%u comment 1 saying x", from + i);
        assert_true(company_say(company, line));
    }
}

static void a_client_that_is_silent_for_a_day_is_forgotten(void **state)
{
    static const char again[] = "bob: c1#1 start lead with name=Ann";
    struct company company;
    (void)state;
    company_open(&company, company_text);
    assert_true(company_say(&company, again));
    others_work(&company, 1, 20);
    company_play(&company, &(const struct scene){ again, "-" }, 1);
    others_work(&company, 21, 6);
    company_play(&company, &(const struct scene){ again, "instance_started" }, 1);
    company_close(&company);
}

// What a client says again when the machine was off for a week, or its clock was set on.
COMPANY_TEST(a_pause_of_everybody_is_no_silence_of_one,
    { "bob: c1#1 start lead with name=Ann", "instance_started" },
    { "wait 7 days", "" },
    { "bob: c2#1 comment 1 saying x", "commented" },
    { "bob: c2#2 comment 1 saying x", "commented" },
    { "bob: c1#1 start lead with name=Ann", "-" })
// S127
COMPANY_TEST(an_imported_row_is_imported_once_even_when_its_case_is_closed,
    { "crm/12 start lead with name=Ann", "instance_started imported" },
    { "crm/12 start lead with name=Bea", "-" },
    { "bob: press 1 drop", "" },
    { "hana: press 1 drop", "!case_ended" },
    { "crm/12 start lead with name=Ann", "-" },
    { "crm/13 start lead with name=Ann", "instance_started imported" },
    { "old/12 start lead with name=Ann", "instance_started imported" })

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_that_is_silent_for_a_day_is_forgotten),
        cmocka_unit_test(a_pause_of_everybody_is_no_silence_of_one),
        cmocka_unit_test(an_imported_row_is_imported_once_even_when_its_case_is_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
