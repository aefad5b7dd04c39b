#include "dsl/check.h"

void check_tests(struct unit *unit, uint32_t file, struct test_plan **plans, uint32_t *plan_count)
{
    (void)unit;
    (void)file;
    (void)plans;
    (void)plan_count;
}
