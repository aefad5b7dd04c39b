// The runner of process tests: what passes, what fails, and how a failure reads.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/play/play.h"

static const char process_text[] =
    "role sales \"Sales\"\n"
    "role boss \"Boss\"\n"
    "ladder busy { 5 min, 10 min, 30 min }\n"
    "process part \"Part\" {\n"
    "  field size: integer given\n"
    "  start => making\n"
    "  stage making \"Making\" {\n"
    "    task \"Make it\" for sales due 1 day\n"
    "    action made \"Made\" => done_well\n"
    "  }\n"
    "  end done_well \"Done\" success\n"
    "}\n"
    "process lead \"Lead\" {\n"
    "  key phone\n"
    "  title \"{name}\"\n"
    "  field name: text \"Name\" required\n"
    "  field phone: phone \"Phone\"\n"
    "  field price: money \"Price\"\n"
    "  field tried: integer \"Tried\" = 0 readonly\n"
    "  field seen: bool \"Seen\" = no readonly\n"
    "  start { sales := creator => contact }\n"
    "  on repeat { notify sales \"{title} again\" }\n"
    "  stage contact \"Contact\" {\n"
    "    task \"Call {name}\" for sales due now\n"
    "    action busy \"Busy\" { tried := tried + 1 retry busy then => lost }\n"
    "    action offer \"Offer\" { ask price required => waiting }\n"
    "    action parts \"Parts\" { convert into work => part with size: 3 => in_parts }\n"
    "  }\n"
    "  stage waiting \"Waiting\" {\n"
    "    task \"Ask {name}\" for sales due 2 days\n"
    "    action agreed \"Yes\" => won\n"
    "    after 30 days => lost\n"
    "  }\n"
    "  stage in_parts \"In parts\" {\n"
    "    when all work ended => won\n"
    "  }\n"
    "  action dropped \"No\" by boss if not any work open => lost\n"
    "  end won \"Won\" success\n"
    "  end lost \"Lost\" failure\n"
    "}\n";

struct seen {
    uint32_t passed, failed;
    struct buf text;    // every failure, rendered
    uint32_t line;      // of the last failure
    uint32_t failures;  // in the last failed report
    uint32_t timers;
};

static void see(void *context, const struct play_report *report)
{
    struct seen *seen = context;
    seen->passed += report->passed ? 1u : 0u;
    seen->failed += report->passed ? 0u : 1u;
    seen->timers += report->timers;
    if (!report->passed) {
        seen->line = report->failures[0].line;
        seen->failures = report->failure_count;
    }
    play_render(report, &seen->text);
}

// Runs test blocks beside the process above.
static void run_filtered(const char *tests, const char *filter, struct seen *ret_seen)
{
    struct compile_file files[] = {
        { SLICE("shop.rung"), slice_from_cstr(process_text) },
        { SLICE("shop_test.rung"), SLICE_EMPTY },
    };
    struct arena arena;
    arena_init(&arena, 1024 * 1024);
    files[1].text = arena_format(&arena, "import shop\n%s", tests);
    struct compile_input input = { .files = files, .file_count = 2 };
    struct compile_result set;
    compile_set(&input, &set);
    *ret_seen = (struct seen){ 0 };
    buf_init(&ret_seen->text, 1024 * 1024);
    diag_render_text(&set.diags, &ret_seen->text, 0);
    if (set.diags.error_count > 0) {
        print_error("%.*s\n", SLICE_PRINT(buf_slice(&ret_seen->text)));
    }
    assert_int_equal(set.diags.error_count, 0);
    struct play_options options = { .filter = slice_from_cstr(filter), .region = SLICE("DE") };
    struct play_summary summary;
    buf_reset(&ret_seen->text);
    assert_int_equal(play_run(&set, &options, see, ret_seen, &summary), OK);
    assert_int_equal(summary.passed, ret_seen->passed);
    assert_int_equal(summary.failed, ret_seen->failed);
    buf_put_char(&ret_seen->text, '\0');
    compile_done(&set);
    arena_done(&arena);
}

static void run(const char *tests, struct seen *ret_seen) { run_filtered(tests, "", ret_seen); }

static void done(struct seen *seen) { buf_done(&seen->text); }

static void assert_passes(const char *test)
{
    struct seen seen;
    run(test, &seen);
    if (seen.failed > 0) {
        print_error("%s\n", seen.text.ptr);
    }
    assert_int_equal(seen.passed, 1);
    assert_int_equal(seen.failed, 0);
    done(&seen);
}

// The test fails at that line of the file, and its report holds the words.
static void assert_fails(const char *test, uint32_t line, const char *words)
{
    struct seen seen;
    run(test, &seen);
    assert_int_equal(seen.failed, 1);
    if (strstr(seen.text.ptr, words) == NULL || seen.line != line) {
        print_error("line %u, not %u with `%s`:\n%s\n", seen.line, line, words, seen.text.ptr);
    }
    assert_int_equal(seen.line, line);
    assert_non_null(strstr(seen.text.ptr, words));
    done(&seen);
}

#define ANN "  user bob is sales\n  at 2026-03-02 10:00\n" \
            "  start lead l with name: \"Ann\", phone: \"+49 30 123456\" as bob\n"

// --------------------------------------------------------------------------------- passing

// S172
static void a_press_a_ladder_and_its_end_pass(void **state)
{
    (void)state;
    assert_passes("test \"t\" {\n" ANN
                  "  expect l in contact, task for bob due 10:00, l.tried is 0\n"
                  "  bob does busy on l\n"
                  "  expect task due 10:05\n"
                  "  bob does busy on l\n"
                  "  bob does busy on l\n"
                  "  expect task due 2026-03-02 10:30, task.tries is 3\n"
                  "  bob does busy on l\n"
                  "  expect l in lost, no task\n}\n");
}

static void timers_fire_on_the_way_at_their_moments(void **state)
{
    (void)state;
    assert_passes("test \"t\" {\n" ANN
                  "  bob does offer on l with price: 900\n"
                  "  expect l in waiting, l.price is 900\n"
                  "  wait 29 days\n"
                  "  expect l in waiting\n"
                  "  wait 1 day\n"
                  "  expect l in lost\n}\n");
    assert_passes("test \"t\" {\n" ANN
                  "  bob does offer on l with price: 900\n"
                  "  wait until 2026-04-01 09:59\n"
                  "  expect l in waiting, now < 2026-04-01 10:00\n"
                  "  wait until 10:00\n"
                  "  expect l in lost\n}\n");
}

static void a_later_at_runs_the_timers_before_it(void **state)
{
    (void)state;
    assert_passes("test \"t\" {\n" ANN
                  "  bob does offer on l with price: 900\n"
                  "  at 2026-06-01 10:00\n"
                  "  expect l in lost\n}\n");
}

static void a_refusal_that_is_expected_passes(void **state)
{
    (void)state;
    assert_passes("test \"t\" {\n" ANN
                  "  bob does offer on l refused \"must be answered\"\n"
                  "  bob does agreed on l refused\n"
                  "  expect l in contact\n}\n");
}

static void a_child_is_started_and_its_end_reaches_the_parent(void **state)
{
    (void)state;
    assert_passes("test \"t\" {\n" ANN
                  "  bob does parts on l\n"
                  "  expect l in in_parts, no task, count l.work is 1, any l.work open\n}\n");
    assert_passes("test \"t\" {\n  user bob is sales\n"
                  "  start part p with size: 7, sales: bob as bob\n"
                  "  expect p in making, p.size is 7, task for bob\n"
                  "  bob does made on p\n"
                  "  expect p in done_well\n}\n");
}

static void a_repeat_joins_the_open_case(void **state)
{
    (void)state;
    assert_passes("test \"t\" {\n" ANN
                  "  start lead m with name: \"Other\", phone: \"030 123456\" as bob\n"
                  "  expect m.name is \"Ann\"\n}\n");
}

// --------------------------------------------------------------------------------- failing

static void a_wrong_moment_is_named_with_both_moments(void **state)
{
    (void)state;
    assert_fails("test \"t\" {\n" ANN "  bob does busy on l\n  expect task due 10:06\n}\n", 7,
                 "due 2026-03-02 10:06\n");
    assert_fails("test \"t\" {\n" ANN "  bob does busy on l\n  expect task due 10:06\n}\n", 7,
                 "task \"Call Ann\" for bob, due 2026-03-02 10:05");
}

static void a_wrong_stage_says_where_the_case_is(void **state)
{
    (void)state;
    assert_fails("test \"t\" {\n" ANN "  expect l in waiting\n}\n", 6, "l is in contact");
    assert_fails("test \"t\" {\n" ANN "  expect l in won, no task\n}\n", 6, "l is in contact");
}

static void a_wrong_value_says_what_it_is(void **state)
{
    (void)state;
    assert_fails("test \"t\" {\n" ANN "  bob does busy on l\n  expect l.tried is 2\n}\n", 7,
                 "l.tried is 1");
    assert_fails("test \"t\" {\n" ANN "  expect l.price is 5\n}\n", 6, "l.price is empty");
}

static void every_failed_check_of_an_expect_is_reported(void **state)
{
    (void)state;
    struct seen seen;
    run("test \"t\" {\n" ANN "  expect l in waiting, l.tried is 4, task due 12:00\n}\n", &seen);
    assert_int_equal(seen.failures, 3);
    done(&seen);
}

static void a_refusal_that_nobody_expected_names_its_code(void **state)
{
    (void)state;
    assert_fails("test \"t\" {\n" ANN "  bob does agreed on l\n}\n", 6, "refused (not_offered)");
    assert_fails("test \"t\" {\n" ANN "  bob does busy on l refused\n}\n", 6, "accepted: l is in");
    assert_fails("test \"t\" {\n" ANN "  bob does agreed on l refused \"too late\"\n}\n", 6,
                 "a refusal that says \"too late\"");
}

static void a_failure_shows_the_timeline_of_the_case(void **state)
{
    (void)state;
    assert_fails("test \"t\" {\n" ANN "  bob does busy on l\n  wait 1 h\n  expect l in won\n}\n", 8,
                 "2026-03-02 10:00  bob does busy; task due 2026-03-02 10:05");
}

static void note_gap(void *context, const struct cover_gap *gap)
{
    struct buf *out = context;
    buf_format(out, "%s %.*s;", gap->kind, SLICE_PRINT(gap->name));
}

static void what_no_test_reached_is_told(void **state)
{
    (void)state;
    struct compile_file files[] = {
        { SLICE("shop.rung"), slice_from_cstr(process_text) },
        { SLICE("shop_test.rung"), SLICE("import shop\ntest \"t\" {\n" ANN "  bob does busy on l\n"
                                         "  bob does busy on l\n}\n") },
    };
    struct compile_input input = { .files = files, .file_count = 2 };
    struct compile_result set;
    compile_set(&input, &set);
    struct cover cover;
    cover_init(&cover, &set);
    struct play_options options = { .region = SLICE("DE"), .cover = &cover };
    struct play_summary summary;
    struct buf gaps;
    buf_init(&gaps, 1 << 16);
    uint32_t reached;
    uint32_t parts;
    cover_gaps(&cover, NULL, NULL, &reached, &parts);
    assert_int_equal(reached, 0);
    assert_int_equal(play_run(&set, &options, NULL, NULL, &summary), OK);
    cover_gaps(&cover, note_gap, &gaps, &reached, &parts);
    buf_put_char(&gaps, '\0');
    assert_true(reached > 0 && reached < parts);
    assert_null(strstr(gaps.ptr, "action busy"));
    assert_null(strstr(gaps.ptr, "rung 1 of ladder busy"));
    assert_non_null(strstr(gaps.ptr, "action agreed at stage waiting;"));
    assert_non_null(strstr(gaps.ptr, "end won;"));
    buf_done(&gaps);
    cover_done(&cover);
    compile_done(&set);
}

static void a_case_that_joined_another_is_that_case(void **state)
{
    (void)state;
    assert_fails("test \"t\" {\n" ANN
                 "  start lead m with name: \"Other\", phone: \"030 123456\" as bob\n"
                 "  expect m.name is \"Other\"\n}\n", 7, "m.name is \"Ann\"");
}

static void a_start_that_is_refused_fails_with_its_reason(void **state)
{
    (void)state;
    assert_fails("test \"t\" {\n  user bob is sales\n  start lead l as bob\n"
                 "  bob does busy on l\n}\n", 4, "`name`: must be answered");
}

static void a_start_may_be_expected_to_be_refused(void **state)
{
    (void)state;
    assert_passes("test \"t\" {\n" ANN "  start lead m as bob refused \"`name`\"\n}\n");
    assert_fails("test \"t\" {\n" ANN "  start lead m with name: \"Bea\" as bob refused\n}\n", 6,
                 "a refusal");
    assert_fails("test \"t\" {\n" ANN "  start lead m as bob refused\n  bob undoes m\n}\n", 7,
                 "m was never started");
}

static void what_people_do_beside_pressing_may_fail_a_test(void **state)
{
    (void)state;
    assert_passes("test \"t\" {\n" ANN "  bob does busy on l\n  bob undoes l\n"
                  "  expect l.tried is 0, task due 10:00\n}\n");
    assert_fails("test \"t\" {\n" ANN "  bob undoes l\n}\n", 6, "refused (cannot_undo)");
    assert_fails("test \"t\" {\n" ANN "  bob edits l with price: 5 refused\n}\n", 6, "accepted");
    assert_fails("test \"t\" {\n" ANN "  bob adds \"Look\" on l for bob\n"
                 "  bob finishes \"Book\" on l\n}\n", 7, "refused (unknown_task)");
    assert_fails("test \"t\" {\n" ANN "  bob repeats l\n}\n", 6, "something to say again");
    assert_fails("test \"t\" {\n" ANN "  bob looks at l\n  bob does offer on l with price: 5\n"
                 "  bob does agreed on l\n}\n", 8, "refused (stale)");
}

static void a_child_gets_a_name_if_there_is_one_left(void **state)
{
    (void)state;
    assert_passes("test \"t\" {\n" ANN "  bob does parts on l\n  child part p of l.work\n"
                  "  bob does made on p\n  expect p in done_well, l in won\n}\n");
    assert_fails("test \"t\" {\n" ANN "  child part p of l.work\n}\n", 6, "there is none");
    assert_fails("test \"t\" {\n" ANN "  bob does parts on l\n  child part p of l.work\n"
                 "  child part q of l.work\n}\n", 8, "there is none");
}

static void wrong_tasks_and_notices_say_what_is_there(void **state)
{
    (void)state;
    assert_passes("test \"t\" {\n" ANN "  user ann is boss\n"
                  "  start lead m with name: \"B\", phone: \"+49 30 123456\"\n"
                  "  expect notice \"Ann again\" for bob, no notice for ann, "
                  "no notice \"B\" for bob, no task for ann, task \"Call Ann\" for bob\n}\n");
    assert_fails("test \"t\" {\n" ANN "  expect no task for bob\n}\n", 6,
                 "l with no task for bob");
    assert_fails("test \"t\" {\n" ANN "  expect task \"Call\" for bob\n}\n", 6,
                 "task \"Call Ann\" for bob");
    assert_fails("test \"t\" {\n" ANN "  expect notice for bob\n}\n", 6, "nothing was told");
    assert_fails("test \"t\" {\n" ANN "  start lead m with name: \"B\", phone: \"+49 30 123456\"\n"
                 "  expect no notice for bob\n}\n", 7, "told was \"Ann again\"");
}

static void tests_do_not_see_each_other(void **state)
{
    (void)state;
    struct seen seen;
    run("test \"a\" {\n" ANN "}\ntest \"b\" {\n" ANN
        "  expect l.name is \"Ann\", l.tried is 0\n}\n",
        &seen);
    assert_int_equal(seen.passed, 2);
    done(&seen);
}

static void only_the_tests_that_the_filter_names_run(void **state)
{
    (void)state;
    struct seen seen;
    run_filtered("test \"first\" {\n" ANN "}\ntest \"second\" {\n" ANN "}\n", "sec", &seen);
    assert_int_equal(seen.passed, 1);
    done(&seen);
    run_filtered("test \"first\" {\n" ANN "}\n", "shop_test", &seen);
    assert_int_equal(seen.passed, 1);
    done(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_press_a_ladder_and_its_end_pass),
        cmocka_unit_test(timers_fire_on_the_way_at_their_moments),
        cmocka_unit_test(a_later_at_runs_the_timers_before_it),
        cmocka_unit_test(a_refusal_that_is_expected_passes),
        cmocka_unit_test(a_child_is_started_and_its_end_reaches_the_parent),
        cmocka_unit_test(a_repeat_joins_the_open_case),
        cmocka_unit_test(a_wrong_moment_is_named_with_both_moments),
        cmocka_unit_test(a_wrong_stage_says_where_the_case_is),
        cmocka_unit_test(a_wrong_value_says_what_it_is),
        cmocka_unit_test(every_failed_check_of_an_expect_is_reported),
        cmocka_unit_test(a_refusal_that_nobody_expected_names_its_code),
        cmocka_unit_test(a_failure_shows_the_timeline_of_the_case),
        cmocka_unit_test(what_no_test_reached_is_told),
        cmocka_unit_test(a_case_that_joined_another_is_that_case),
        cmocka_unit_test(a_start_that_is_refused_fails_with_its_reason),
        cmocka_unit_test(a_start_may_be_expected_to_be_refused),
        cmocka_unit_test(what_people_do_beside_pressing_may_fail_a_test),
        cmocka_unit_test(a_child_gets_a_name_if_there_is_one_left),
        cmocka_unit_test(wrong_tasks_and_notices_say_what_is_there),
        cmocka_unit_test(tests_do_not_see_each_other),
        cmocka_unit_test(only_the_tests_that_the_filter_names_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
