// People who change: hours, roles that are lost, what is given back, what is frozen when somebody
// goes.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "tests/engine/company.h"

#define ANN "bob: start lead with name=Ann, phone=+49 30 123456"
#define FRAMES_TEST(name, ...) COMPANY_TEST_OF(name, company_frames_text, __VA_ARGS__)

// --------------------------------------------------------------------------------- working hours

// The store begins on a Monday at 09:00 UTC. S62, S156, S167
COMPANY_TEST(whoever_works_when_the_task_is_due_is_picked_first,
             { "hire bob sales hours mon..fri 12:00-18:00", "user_set" },
             { ANN, "picked task_opened" }, { "bob: press 1 noted", "!not_allowed bea" },
             { "bob: start lead with name=Bo", "picked" }, { "bea: press 2 noted", "pressed" },
             { "hire bob sales hours mon..fri 08:00-18:00", "user_set" },
             { "bob: start lead with name=Cy", "picked" }, { "bob: press 3 noted", "pressed" })
COMPANY_TEST(where_nobody_works_then_hours_do_not_count,
             { "hire bob sales hours tue 12:00-18:00", "" },
             { "hire bea sales hours tue 12:00-18:00", "" }, { ANN, "picked task_opened" },
             { "bob: press 1 noted", "pressed" })
// It is 09:00 in UTC, and 12:00 in Moscow, whose clock his hours are on.
COMPANY_TEST(hours_are_on_the_clock_of_the_user,
             { "hire bob sales zone Europe/Moscow hours mon..fri 11:30-12:30", "" },
             { "hire bea sales zone Europe/Moscow hours mon..fri 09:00-10:00", "" }, { ANN, "" },
             { "bob: start lead with name=Bo", "" }, { "bob: press 2 noted", "pressed" })
// Rule 20: nor does a ladder give it to somebody who has gone home.
COMPANY_TEST(a_ladder_gives_the_task_to_one_who_works,
             { "hire ida sales hours tue 09:00-18:00", "" }, { ANN, "" },
             { "wait 2 h", "overdue_stepped picked task_assigned" },
             { "bea: press 1 noted", "pressed" })
COMPANY_TEST(what_cannot_be_used_is_refused,
             { "hire bob sales hours mon 9-18", "!bad_users `9-18` is no time of day" },
             { "hire bob sales zone Mars/Olympus", "!bad_users no time zone `Mars/Olympus`" },
             { "hire bob sales speaks Russian", "!bad_users not the code of a language" },
             { "hire admin sales", "!bad_users nobody can be named `admin`" },
             { "hire engine sales", "!bad_users nobody can be named `engine`" },
             { "hire bob sales zone Asia/Tokyo speaks ru hours sat..mon 22:00-00:00", "user_set" })

struct told {
    uint64_t at;
    uint32_t count;
};

static bool take_notice(void *context, const struct view_notice_row *row)
{
    struct told *told = context;
    told->at = row->at;
    told->count++;
    return true;
}

static struct told told_to(const struct company *company, const char *user)
{
    struct told told = { 0, 0 };
    view_notices(company->view, company_user(company, user), take_notice, &told);
    return told;
}

// S100: nobody is told at night what can wait.
static void a_notice_waits_until_the_hours_of_its_reader_begin(void **state)
{
    struct company company;
    (void)state;
    company_open(&company, company_text);
    const uint64_t start = company.now_ms;
    assert_true(company_say(&company, "hire bob sales hours mon..fri 08:00-09:10"));
    assert_true(company_say(&company, "hire bea sales hours tue 08:00-09:00"));
    assert_true(company_say(&company, ANN));
    assert_true(company_say(&company, "bob: reassign 1 1 to bob"));
    assert_true(company_say(&company, "wait 20 min")); // the ladder reminds at 09:15
    struct told told = told_to(&company, "bob");
    assert_int_equal(told.count, 1);
    assert_int_equal(told.at, start + 23ull * 3600 * 1000); // on Tuesday at 08:00
    company_close(&company);
}

static const char urgent_text[] = "role sales \"Sales\"\n"
                                  "role works \"Works\"\n"
                                  "ladder late { 15 min remind }\n"
                                  "process call \"Call\" {\n"
                                  "  title \"Call\"\n"
                                  "  start => first\n"
                                  "  stage first \"First\" {\n"
                                  "    task \"Call\" for sales urgent due now overdue late\n"
                                  "    action done_ \"Done\" => over\n"
                                  "  }\n"
                                  "  end over \"Over\" success\n"
                                  "}\n";

static void what_is_urgent_is_told_at_once(void **state)
{
    struct company company;
    (void)state;
    company_open(&company, urgent_text);
    assert_true(company_say(&company, "fire bea"));
    assert_true(company_say(&company, "hire bob sales hours mon..fri 08:00-09:10"));
    assert_true(company_say(&company, "start call"));
    assert_true(company_say(&company, "wait 20 min"));
    struct told told = told_to(&company, "bob");
    assert_int_equal(told.count, 1);
    assert_true(told.at <= company.now_ms);
    company_close(&company);
}

// --------------------------------------------------------------------------------- promises

static const char promise_text[] = "role sales \"Sales\"\n"
                                   "role works \"Works\"\n"
                                   "process call \"Call\" {\n"
                                   "  title \"Call\"\n"
                                   "  start => first\n"
                                   "  stage first \"First\" {\n"
                                   "    task \"Call\" for sales due now\n"
                                   "    action plain \"Agreed\" => second due 1 h\n"
                                   "    action agreed \"Promised\" => second due 1 h promised\n"
                                   "  }\n"
                                   "  stage second \"Second\" {\n"
                                   "    task \"Ring back\" for sales\n"
                                   "    action later \"Later\" again due 2 h promised\n"
                                   "    action done_ \"Done\" => over\n"
                                   "  }\n"
                                   "  end over \"Over\" success\n"
                                   "}\n";

static void expect_promises(const struct company *company, const char *user, uint32_t kept,
                            uint32_t broken)
{
    struct view_promises promises = view_promises(company->view, company_user(company, user));
    if (promises.kept != kept || promises.broken != broken) {
        fail_msg("%s has kept %u and broken %u, not %u and %u", user, promises.kept,
                 promises.broken, kept, broken);
    }
}

static void say_all(struct company *company, const char *const *lines)
{
    for (; *lines != NULL; lines++) {
        if (!company_say(company, *lines)) {
            fail_msg("refused: %s: %.*s", *lines,
                     SLICE_PRINT(company->answer.refusal.message));
        }
    }
}

// S85: once for each promise, for the one who has the task.
static void promises_kept_and_broken_are_counted_for_each_person(void **state)
{
    struct company company;
    (void)state;
    company_open(&company, promise_text);
    say_all(&company, (const char *const[]){
        "fire bea", "hire bob sales", "hire cy sales", "bob: start call", "bob: start call",
        "bob: start call", "bob: start call", "bob: start call",
        "bob: press 1 agreed", "bob: press 2 agreed", "bob: press 3 agreed",
        "bob: press 4 agreed", "bob: press 5 plain", "wait 30 min", NULL });
    expect_promises(&company, "bob", 0, 0); // nothing has come of them yet
    say_all(&company, (const char *const[]){ "bob: press 1 done_", NULL });
    expect_promises(&company, "bob", 1, 0);
    say_all(&company, (const char *const[]){ "cancel 4 because away", NULL });
    expect_promises(&company, "bob", 1, 0); // withdrawn in time: neither
    say_all(&company, (const char *const[]){ "bob: press 3 later", NULL });
    expect_promises(&company, "bob", 2, 0); // he rang in time, and promised anew
    say_all(&company, (const char *const[]){ "wait 1 h", "bob: press 2 done_", NULL });
    expect_promises(&company, "bob", 2, 1);
    say_all(&company, (const char *const[]){ "bob: press 5 done_", NULL });
    expect_promises(&company, "bob", 2, 1); // late, and never promised
    say_all(&company, (const char *const[]){ "wait 3 h", "cancel 3 because away", NULL });
    expect_promises(&company, "bob", 2, 2); // withdrawn when it was broken already
    expect_promises(&company, "cy", 0, 0);
    company_close(&company);
}

// --------------------------------------------------------------------------------- claim, release

// S92, S115
COMPANY_TEST(what_was_claimed_is_given_back, { ANN, "" },
             { "bob: press 1 sold with wanted=alpha", "" },
             { "wim: release 2 1", "!not_allowed nobody has this task" },
             { "wim: claim 2 1", "task_assigned slot_set" },
             { "wes: release 2 1", "!not_allowed wim" }, { "release 2 1", "!needs_person" },
             { "wim: release 2 1", "task_assigned slot_set" },
             { "wes: press 2 made", "pressed task_assigned" })
COMPANY_TEST(those_above_and_substitutes_give_back_too, { ANN, "" },
             { "hana: release 1 1", "task_assigned slot_set" }, { "bea: claim 1 1", "" },
             { "away bea until 3 days substitute wim", "" },
             { "wim: release 1 1", "task_assigned" }, { "bob: press 1 noted", "pressed" })
COMPANY_TEST(a_task_for_one_person_is_not_given_back, { ANN, "" },
             { "bob: side 1 for wim called Draw it", "task_opened" },
             { "wim: release 1 2", "!not_allowed for one person" })

// --------------------------------------------------------------------------------- lost roles

// S160: whoever no longer sells cannot lose the client either.
COMPANY_TEST(whoever_lost_the_role_presses_nothing_with_it, { ANN, "" },
             { "hire bob works", "incident_opened user_set" },
             { "bob: press 1 talked", "!not_allowed `bob`, who no longer holds `sales`" },
             { "away bob until 3 days substitute wim", "" },
             { "wim: press 1 talked", "!not_allowed no longer holds" },
             { "hana: press 1 talked", "pressed" })
FRAMES_TEST(nor_what_is_for_the_role_at_every_stage, { ANN, "" }, { "hire bob works", "" },
            { "bob: press 1 drop", "!not_allowed `drop` is for sales" },
            { "bea: press 1 drop", "pressed slot_set instance_ended" })
COMPANY_TEST(an_incident_of_a_lost_role_closes_when_the_role_is_given_back, { ANN, "" },
             { "hire bob works", "incident_opened user_set" },
             { "hire bob sales", "user_set incident_closed" })
COMPANY_TEST(and_stays_while_one_task_is_left, { ANN, "" }, { "bob: start lead with name=Ben", "" },
             { "hana: reassign 2 1 to bob", "task_assigned slot_set" },
             { "hire bob works", "incident_opened user_set" },
             { "hana: reassign 1 1 to bea", "task_assigned slot_set" },
             { "hana: reassign 2 1 to bea", "task_assigned slot_set incident_closed" })
COMPANY_TEST(what_a_lost_role_left_is_given_back_or_handed_on, { ANN, "" },
             { "hire bob works", "incident_opened user_set" },
             { "bob: release 1 1", "task_assigned slot_set incident_closed" },
             { "bea: press 1 talked", "pressed task_assigned" })

// -------------------------------------------------------------------------------- whose case it is

// S121, S126, S155, S169, S170
FRAMES_TEST(whoever_has_a_role_in_a_case_sees_it_also_when_the_task_is_anothers,
            { "hire ned sales under bob", "" }, { ANN, "" },
            { "hana: press 1 trouble with why=stock", "frozen" },
            { "bob: comment 1 saying Mine", "commented" },
            { "bea: comment 1 saying Not mine", "!not_allowed" },
            { "ned: comment 1 saying Not mine", "!not_allowed" },
            { "hana: comment 1 saying My people's", "commented" },
            { "bea: edit 1 with name=Bo", "!not_allowed no task and no role" },
            { "bea: reassign 1 2 to bea", "!not_allowed" },
            { "bob: cancel 1 because mine", "!needs_administrator" })
COMPANY_TEST(a_superior_sees_and_gives_on_what_his_people_have,
             { "hire ned sales under bea", "" }, { "bob: start lead with name=Ann", "" },
             { "hana: reassign 1 1 to ned", "task_assigned" },
             { "bea: comment 1 saying His", "commented" },
             { "bob: reassign 1 1 to bob", "!not_allowed `ned`" },
             { "bea: reassign 1 1 to bea", "task_assigned slot_set" })

// --------------------------------------------------------------------------------- what is frozen

// S115: what comes back later is handed over with the rest.
FRAMES_TEST(what_is_frozen_is_handed_over_too, { ANN, "" },
            { "hana: press 1 trouble with why=stock", "frozen" },
            { "hana: press 1 worse", "frozen" }, { "hand 1 bob taker wim", "!role_not_held wim" },
            { "hand 1 bob", "picked task_assigned slot_set" }, { "hana: press 1 calm", "resumed" },
            { "hana: press 1 solved", "resumed" }, { "bob: press 1 talked", "!not_allowed bea" },
            { "bea: press 1 talked", "pressed" })
FRAMES_TEST(nobody_is_picked_for_what_is_withdrawn, { ANN, "" },
            { "hana: press 1 trouble with why=stock", "frozen" }, { "fire bob", "" },
            { "hana: press 1 hopeless", "resumed stage_exited instance_ended" })

static void nobody_was_picked(void **state)
{
    struct company company;
    (void)state;
    company_open(&company, company_frames_text);
    assert_true(company_say(&company, ANN));
    assert_true(company_say(&company, "hana: press 1 trouble with why=stock"));
    assert_true(company_say(&company, "fire bob"));
    assert_true(company_say(&company, "hana: press 1 hopeless"));
    assert_null(strstr(company.events, " picked "));
    company_close(&company);
}

// --------------------------------------------------------------------------------- two absences

// The clock was set on, or the engine slept: the first absence is over, and no timer said so yet.
// Both would have begun, and the substitute of the first one would be asked for nothing.
static void nobody_is_away_twice(void **state)
{
    struct company company;
    (void)state;
    company_open(&company, company_text);
    assert_true(company_say(&company, "away wim until 1 days substitute wes"));
    company.now_ms += 2 * 86400000ull;
    const struct scene scenes[] = {
        { "away wim until 3 days substitute bob", "absence_ended absence_set absence_began" },
        { "back wim", "absence_removed" },
        { "back wim", "!bad_users is not away now" },
    };
    company_play(&company, scenes, 3);
    assert_true(company_say(&company, "away wim until 1 days"));
    company.now_ms += 2 * 86400000ull;
    assert_false(company_say(&company, "back wim")); // the timer will tell
    company_close(&company);
}

COMPANY_TEST(nobody_stands_above_himself,
    { "hire ida sales under bob", "user_set" },
    { "hire max sales under ida", "user_set" },
    { "hire bob sales under max", "!bad_users `bob` stands above `max` already" },
    { "hire ida sales", "user_set" },
    { "hire bob sales under max", "user_set" })

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whoever_works_when_the_task_is_due_is_picked_first),
        cmocka_unit_test(where_nobody_works_then_hours_do_not_count),
        cmocka_unit_test(hours_are_on_the_clock_of_the_user),
        cmocka_unit_test(a_ladder_gives_the_task_to_one_who_works),
        cmocka_unit_test(what_cannot_be_used_is_refused),
        cmocka_unit_test(a_notice_waits_until_the_hours_of_its_reader_begin),
        cmocka_unit_test(what_is_urgent_is_told_at_once),
        cmocka_unit_test(promises_kept_and_broken_are_counted_for_each_person),
        cmocka_unit_test(what_was_claimed_is_given_back),
        cmocka_unit_test(those_above_and_substitutes_give_back_too),
        cmocka_unit_test(a_task_for_one_person_is_not_given_back),
        cmocka_unit_test(whoever_lost_the_role_presses_nothing_with_it),
        cmocka_unit_test(nor_what_is_for_the_role_at_every_stage),
        cmocka_unit_test(an_incident_of_a_lost_role_closes_when_the_role_is_given_back),
        cmocka_unit_test(and_stays_while_one_task_is_left),
        cmocka_unit_test(what_a_lost_role_left_is_given_back_or_handed_on),
        cmocka_unit_test(whoever_has_a_role_in_a_case_sees_it_also_when_the_task_is_anothers),
        cmocka_unit_test(nobody_is_away_twice),
        cmocka_unit_test(nobody_stands_above_himself),
        cmocka_unit_test(a_superior_sees_and_gives_on_what_his_people_have),
        cmocka_unit_test(what_is_frozen_is_handed_over_too),
        cmocka_unit_test(nobody_is_picked_for_what_is_withdrawn),
        cmocka_unit_test(nobody_was_picked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
