// People told at the right time: reminders before a task is due, notices that wait for an opening,
// and the silence of an engine that was down (rule 20).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "engine/state/view.h"
#include "tests/engine/company.h"

static const char text[] =
    "role head  \"Head\"\n"
    "role sales \"Sales\" under head\n"
    "ladder late { 10 min remind, 10 min remind, 10 min notify head, 10 min notify head, 1 day "
    "notify head }\n"
    "calendar office { zone \"UTC\" mon..fri 09:00-18:00 }\n"
    "process lead \"Lead\" {\n"
    "  title \"Lead\"\n"
    "  calendar office\n"
    "  start { sales := creator => talk }\n"
    "  stage talk \"Talk\" {\n"
    "    task \"Call\" for sales due 1 h overdue late remind 20 min before remind 2 work h before\n"
    "    action shout \"Shout\" { notify sales \"Hello\" within office hours }\n"
    "    action later \"Later\" again due 2 days\n"
    "    action done_ \"Done\" => over\n"
    "    after 2 h { notify sales \"Two hours\" }\n"
    "  }\n"
    "  end over \"Over\"\n"
    "}\n";

static const uint64_t minute_ms = 60 * 1000;
static const uint64_t hour_ms = 60 * minute_ms;

struct told {
    char lines[2000]; // "bob 0 Reminder: Call|" …
};

// Lets the timers run that are due `later_ms` from now, as an engine does that was down until then.
static uint32_t sleep_for(struct company *company, uint64_t later_ms, struct told *told)
{
    uint32_t records = 0;
    size_t len = 0;
    company->now_ms += later_ms;
    told->lines[0] = '\0';
    while (core_timers_due(company->core, company->now_ms)) {
        const struct core_effects *effects;
        core_begin(company->core, company->now_ms);
        assert_true(core_step_timers(company->core, 1) == 1);
        assert_int_equal(core_commit(company->core, &effects), OK);
        for (uint32_t i = 0; i < effects->record_count; i++) {
            const struct record *record = effects->records[i].record;
            records++;
            for (uint32_t n = 0; n < record->event_count; n++) {
                const struct event *event = &record->events[n];
                if (event->kind != EVENT_NOTIFIED) {
                    continue;
                }
                const struct view_user *user = view_user(company->view, event->notified.user);
                int wrote = snprintf(told->lines + len, sizeof(told->lines) - len, "%.*s %.*s|",
                                     SLICE_PRINT(user->name), SLICE_PRINT(event->notified.text));
                assert_true(wrote > 0 && (size_t)wrote < sizeof(told->lines) - len);
                len += (size_t)wrote;
            }
        }
    }
    return records;
}

static void open(struct company *company)
{
    company_open(company, text);
    // company_open's people: bob sells, hana is the head. Monday 2026-01-05 09:00.
    assert_true(company_say(company, "bob: start lead"));
}

static void a_task_is_announced_before_it_is_due(void **state)
{
    (void)state;
    struct company company;
    struct told told;
    open(&company);
    // Due at 10:00: 20 minutes before is to come, two working hours before is past already.
    assert_int_equal(company_case(&company, 1)->head.timer_count, 2);
    assert_int_equal(sleep_for(&company, 39 * minute_ms, &told), 0);
    assert_int_equal(sleep_for(&company, minute_ms, &told), 1);
    assert_string_equal(told.lines, "bob Reminder: Call|");
    assert_int_equal(company_case(&company, 1)->head.timer_count, 1);
    assert_true(company_say(&company, "bob: press 1 later")); // Wednesday 09:40
    assert_int_equal(company_case(&company, 1)->head.timer_count, 3);
    sleep_for(&company, 47 * hour_ms - 19 * minute_ms, &told); // Wednesday 08:21
    assert_string_equal(told.lines, "bob Two hours|bob Reminder: Call|"); // Tuesday 16:40
    assert_true(company_say(&company, "bob: press 1 done_"));
    assert_int_equal(company_case(&company, 1)->head.timer_count, 0);
    company_close(&company);
}

static bool count_notice(void *context, const struct view_notice_row *row)
{
    uint64_t *until = context;
    until[0]++;
    until[1] = row->at;
    return true;
}

// S100
static void a_notice_waits_for_the_opening(void **state)
{
    (void)state;
    struct company company;
    struct told told;
    open(&company);
    uint64_t seen[2] = { 0, 0 };
    uint32_t bob = company_user(&company, "bob");
    assert_true(company_say(&company, "bob: press 1 shout"));
    view_notices(company.view, bob, count_notice, seen);
    assert_int_equal(seen[0], 1);
    assert_int_equal(seen[1], company.now_ms); // it is open
    assert_true(company_say(&company, "bob: press 1 later"));
    sleep_for(&company, 10 * hour_ms, &told); // 19:00
    seen[0] = 0;
    assert_true(company_say(&company, "bob: press 1 shout"));
    view_notices(company.view, bob, count_notice, seen);
    assert_true(seen[0] >= 2);
    company_close(&company);
}

// Rule 20: what was missed runs in order; one notice a person, each text once.
static void rungs_missed_in_a_silence_are_told_once(void **state)
{
    (void)state;
    struct company company;
    struct told told;
    open(&company);
    // Down from 09:00 to 11:05: the reminder of 09:40, rungs of 10:10 … 10:40, and `after 2 h` of
    // 11:00, which stands behind the four rungs.
    uint32_t records = sleep_for(&company, 125 * minute_ms, &told);
    assert_int_equal(records, 3);
    assert_string_equal(told.lines, "bob Reminder: Call|bob Reminder: Call|hana Overdue: Call|"
                                    "bob Two hours|");
    const struct open_task *task = &company_case(&company, 1)->task[0];
    assert_int_equal(task->overdue_rung, 4);
    company_close(&company);
}

static void another_timer_between_two_missed_rungs_keeps_its_turn(void **state)
{
    (void)state;
    struct company company;
    struct told told;
    open(&company);
    // Down until Wednesday: the last rung (Tuesday 10:40) stands behind `after 2 h`.
    uint32_t records = sleep_for(&company, 48 * hour_ms, &told);
    assert_int_equal(records, 4);
    assert_string_equal(told.lines, "bob Reminder: Call|bob Reminder: Call|hana Overdue: Call|"
                                    "bob Two hours|hana Overdue: Call|");
    company_close(&company);
}

static void a_program_with_a_zone_that_nobody_knows_is_refused(void **state)
{
    (void)state;
    static const char unknown[] =
        "role head \"Head\"\n"
        "calendar office { zone \"Mars/Olympus\" mon..fri 09:00-18:00 }\n"
        "process lead \"Lead\" {\n"
        "  calendar office\n"
        "  start => talk\n"
        "  stage talk \"Talk\" { task \"Talk\" for head action done_ \"Done\" => over }\n"
        "  end over \"Over\"\n"
        "}\n";
    struct compile_file file = { SLICE("mars.rung"), slice_from_cstr(unknown) };
    struct compile_input input = { .files = &file, .file_count = 1 }; // knows no zones
    struct compile_result set;
    compile_set(&input, &set);
    assert_true(compile_is_good(&set));
    struct company company;
    company_open(&company, text);
    struct command_program program = { set.programs[0].process, set.programs[0].image,
                                       set.programs[0].source };
    const struct command command = { .kind = COMMAND_APPLY, .programs = &program,
                                     .program_count = 1 };
    const struct core_effects *effects;
    core_begin(company.core, company.now_ms);
    core_step(company.core, &command);
    assert_int_equal(core_commit(company.core, &effects), OK);
    assert_int_equal(effects->answers[0].refusal.code, REFUSAL_UNKNOWN_ZONE);
    company_close(&company);
    compile_done(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_task_is_announced_before_it_is_due),
        cmocka_unit_test(a_notice_waits_for_the_opening),
        cmocka_unit_test(rungs_missed_in_a_silence_are_told_once),
        cmocka_unit_test(another_timer_between_two_missed_rungs_keeps_its_turn),
        cmocka_unit_test(a_program_with_a_zone_that_nobody_knows_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
