// What somebody has done lately: the last of it, in order, and no more than is kept.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/limits.h"
#include "tests/engine/company.h"

struct done {
    uint32_t first, last, count;
    uint64_t at;
    bool in_order;
};

static bool take_done(void *context, const struct view_done_row *row)
{
    struct done *done = context;
    done->in_order = done->count == 0 || (done->in_order && row->task.number == done->last + 1 &&
                                          row->at >= done->at);
    done->first = done->count == 0 ? row->task.number : done->first;
    done->last = row->task.number;
    done->at = row->at;
    done->count++;
    return true;
}

static struct done done_by(const struct company *company, const char *user, uint64_t from_ms)
{
    struct done done = { 0 };
    view_done(company->view, company_user(company, user), from_ms, take_done, &done);
    return done;
}

static void do_side_tasks(struct company *company, uint32_t first, uint32_t count)
{
    char line[100];
    for (uint32_t number = first; number < first + count; number++) {
        assert_true(company_say(company, "bob: side 1 for bob called Look"));
        (void)snprintf(line, sizeof(line), "bob: finish 1 %u", number);
        assert_true(company_say(company, line));
    }
}

// S73: a lane shows what is done; the oldest gives way to the newest.
static void the_last_ones_are_kept_in_order(void **state)
{
    (void)state;
    struct company company;
    company_open(&company, company_text);
    assert_true(company_say(&company, "bob: start lead with name=Ann, phone=+49 30 123456"));
    do_side_tasks(&company, 2, 10); // task 1 is the stage's own
    struct done few = done_by(&company, "bob", 0);
    assert_true(few.count == 10 && few.first == 2 && few.last == 11 && few.in_order);
    do_side_tasks(&company, 12, DONE_PER_USER_MAX + 7);
    struct done many = done_by(&company, "bob", 0);
    assert_int_equal(many.count, DONE_PER_USER_MAX);
    assert_int_equal(many.last, 12 + DONE_PER_USER_MAX + 7 - 1);
    assert_true(many.in_order);
    assert_int_equal(done_by(&company, "bea", 0).count, 0);
    assert_true(company_say(&company, "wait 2 h"));
    uint64_t later = company.now_ms;
    do_side_tasks(&company, 12 + DONE_PER_USER_MAX + 7, 3);
    struct done since = done_by(&company, "bob", later);
    assert_true(since.count == 3 && since.in_order);
    company_close(&company);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(the_last_ones_are_kept_in_order) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
