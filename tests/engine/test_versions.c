// Versions in the core: one case at a time, results that outlive a crash, going back, deciding.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "engine/decide/version.h"
#include "engine/model/event.h"
#include "tests/engine/company.h"

static struct core_answer say(struct company *company, const struct command *command)
{
    const struct core_effects *effects;
    core_begin(company->core, company->now_ms);
    core_step(company->core, command);
    assert_int_equal(core_commit(company->core, &effects), OK);
    return effects->answers[0];
}

// The company's lead with another word in it, or with another way of working.
static void apply(struct company *company, const char *from, const char *to)
{
    struct buf text;
    const char *at = strstr(company_text, from);
    CHECK(at != NULL);
    buf_init(&text, 64 * 1024);
    buf_put(&text, company_text, (size_t)(at - company_text));
    buf_format(&text, "%s%s", to, at + strlen(from));
    struct compile_file files[] = {
        { SLICE("company.rung"), buf_slice(&text) },
        { SLICE("company.lua"), SLICE("function worth(p) return 1 end\n") },
    };
    struct compile_input input = { .files = files, .file_count = 2 };
    struct compile_result set;
    compile_set(&input, &set);
    assert_int_equal(set.diags.error_count, 0);
    const struct compile_program *lead = compile_find(&set, SLICE("lead"));
    const struct command_program program = { .process = lead->process, .image = lead->image };
    const struct command command = { .kind = COMMAND_APPLY, .programs = &program,
                                     .program_count = 1, .text = SLICE("ann") };
    assert_int_equal(say(company, &command).refusal.code, REFUSAL_NONE);
    compile_done(&set);
    buf_done(&text);
}

static bool move_some(struct company *company, uint32_t most)
{
    const struct core_effects *effects;
    core_begin(company->core, company->now_ms);
    bool more = core_step_versions(company->core, most);
    assert_int_equal(core_commit(company->core, &effects), OK);
    return more;
}

static struct view_activation newest(struct company *company)
{
    const struct view *view = core_view(company->core);
    struct view_activation row;
    uint32_t process = view_process_number(view, SLICE("lead"));
    assert_true(view_activation(view, view_activation_of(view, process), &row));
    return row;
}

static void start(struct company *company)
{
    assert_true(company_say(company, "bob: start lead with name=A, phone=+49 30 123451"));
    assert_true(company_say(company, "bob: start lead with name=B, phone=+49 30 123452"));
    assert_true(company_say(company, "bob: start lead with name=C, phone=+49 30 123453"));
}

// S106, S146
static void results_are_kept_and_the_mover_goes_on(void **state)
{
    (void)state;
    struct company company;
    company_open(&company, company_text);
    start(&company);
    apply(&company, "process lead \"Lead\"", "process lead \"Lead, newer\"");
    assert_true(move_some(&company, 1));
    assert_int_equal(newest(&company).moved, 1);
    assert_false(newest(&company).settled);
    while (move_some(&company, 1)) {
    }
    assert_int_equal(newest(&company).moved, 3);
    assert_int_equal(newest(&company).held, 0);
    assert_true(newest(&company).settled);
    uint32_t program = company_case(&company, 1)->head.program;
    assert_int_equal(view_open_on(core_view(company.core), program), 3);
    assert_false(core_versions_left(company.core));
    const struct command back = { .kind = COMMAND_REVERT, .process = SLICE("lead") };
    assert_int_equal(say(&company, &back).refusal.code, REFUSAL_NONE);
    while (move_some(&company, 16)) {
    }
    assert_int_not_equal(company_case(&company, 1)->head.program, program);
    assert_int_equal(view_open_on(core_view(company.core), program), 0);
    const struct command unknown = { .kind = COMMAND_REVERT, .process = SLICE("lead"),
                                     .task = 9 };
    assert_int_equal(say(&company, &unknown).refusal.code, REFUSAL_UNKNOWN_VERSION);
    company_close(&company);
}

// S163
static void a_case_that_stays_is_brought_over_by_hand(void **state)
{
    (void)state;
    struct company company;
    company_open(&company, company_text);
    start(&company);
    apply(&company, "for sales due now", "for head due now");
    while (move_some(&company, 16)) {
    }
    assert_int_equal(newest(&company).held, 3);
    const char *stage = company_stage(&company, 1);
    const struct command plain = { .kind = COMMAND_MIGRATE, .instance = 1 };
    assert_int_equal(say(&company, &plain).refusal.code, REFUSAL_NEEDS_DECISION);
    struct command there = { .kind = COMMAND_MIGRATE, .instance = 1,
                             .name = slice_from_cstr(stage) };
    assert_int_equal(say(&company, &there).refusal.code, REFUSAL_BAD_FORM); // without a reason
    there.text = SLICE("they agreed");
    assert_int_equal(say(&company, &there).refusal.code, REFUSAL_NONE);
    assert_string_equal(company_stage(&company, 1), stage);
    assert_int_not_equal(company_case(&company, 1)->head.program,
                         company_case(&company, 2)->head.program);
    assert_int_equal(newest(&company).held, 2);
    company_close(&company);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_are_kept_and_the_mover_goes_on),
        cmocka_unit_test(a_case_that_stays_is_brought_over_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
