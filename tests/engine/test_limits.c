// Bounds of one command: reaching one is a refusal that names it, and nothing is lost below it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/buf.h"
#include "tests/engine/company.h"
#include "tests/store/scratch.h"

#include <stdio.h>

#define ANN "bob: start lead with name=Ann, phone=+49 30 123456"

// A case that becomes `members` cases at once, each of which becomes `members` more, which end at
// once.
static void write_crowd(struct buf *text, uint32_t members)
{
    buf_put_cstr(text, "role sales \"Sales\"\nenum many {");
    for (uint32_t i = 0; i < members; i++) {
        buf_format(text, "%s m%u \"M\"", i == 0 ? "" : ",", i);
    }
    buf_put_cstr(text, " }\n"
                       "process grain \"Grain\" {\n"
                       "  field kind: many given\n"
                       "  field wet: bool \"Wet\" = no\n"
                       "  start { if wet => drying else => done_ }\n"
                       "  stage drying \"Drying\" {\n"
                       "    task \"Dry it\" for sales\n"
                       "    action dried \"Dried\" => done_\n"
                       "  }\n"
                       "  end done_ \"Done\" success\n"
                       "}\n"
                       "process sack \"Sack\" {\n"
                       "  field kind: many given\n"
                       "  field all_: set of many given\n"
                       "  start {\n"
                       "    convert each item of all_ into grains {");
    for (uint32_t i = 0; i < members; i++) {
        buf_format(text, "%s m%u => grain", i == 0 ? "" : ",", i);
    }
    buf_put_cstr(text, " } with kind: item\n"
                       "    => filling\n"
                       "  }\n"
                       "  stage filling \"Filling\" { when all grains ended => full }\n"
                       "  end full \"Full\" success\n"
                       "}\n"
                       "process mill \"Mill\" {\n"
                       "  field all_: set of many\n"
                       "  start => idle_\n"
                       "  stage idle_ \"Idle\" {\n"
                       "    task \"Fill\" for sales\n"
                       "    action fill \"Fill\" {\n"
                       "      ask all_ required\n"
                       "      convert each item of all_ into sacks {");
    for (uint32_t i = 0; i < members; i++) {
        buf_format(text, "%s m%u => sack", i == 0 ? "" : ",", i);
    }
    buf_put_cstr(text, " } with kind: item\n"
                       "      => grinding\n"
                       "    }\n"
                       "  }\n"
                       "  stage grinding \"Grinding\" { when all sacks ended => ground }\n"
                       "  end ground \"Ground\" success\n"
                       "}\n");
}

static void fill(struct company *company, uint32_t members)
{
    struct buf line;
    buf_init(&line, 4000);
    buf_put_cstr(&line, "bob: press 1 fill with all_=");
    for (uint32_t i = 0; i < members; i++) {
        buf_format(&line, "%sm%u", i == 0 ? "" : ", ", i);
    }
    buf_put_char(&line, '\0');
    (void)company_say(company, line.ptr);
    buf_done(&line);
}

static void open_mill(struct company *company, struct buf *text, uint32_t members)
{
    buf_init(text, 64 * 1024);
    write_crowd(text, members);
    buf_put_char(text, '\0');
    company_open(company, text->ptr);
    assert_true(company_say(company, "bob: start mill"));
}

static void every_end_of_a_crowd_reaches_its_parent(void **state)
{
    (void)state;
    struct company company;
    struct buf text;
    open_mill(&company, &text, 15); // 225 grains, 15 sacks
    fill(&company, 15);
    assert_int_equal(company.answer.refusal.code, REFUSAL_NONE);
    assert_string_equal(company_stage(&company, 1), "ground");
    company_close(&company);
    buf_done(&text);
}

static void a_crowd_beyond_the_bound_is_refused_whole(void **state)
{
    (void)state;
    struct company company;
    struct buf text;
    open_mill(&company, &text, 18); // 324 grains
    fill(&company, 18);
    assert_string_equal(refusal_name(company.answer.refusal.code), "limit");
    assert_string_equal(company_stage(&company, 1), "idle_");
    assert_int_equal(view_counters(company.view)->open_instances, 1);
    assert_int_equal(view_counters(company.view)->ended_instances, 0);
    company_close(&company);
    buf_done(&text);
}

// --------------------------------------------------------------------------------- a long life

static void must(struct company *company, const char *line)
{
    if (!company_say(company, line)) {
        fail_msg("`%s`: %s: %.*s", line, refusal_name(company->answer.refusal.code),
                 SLICE_PRINT(company->answer.refusal.message));
    }
}

static void verify(struct company *company)
{
    struct scratch scratch;
    struct core_verify verify;
    struct store_reader *reader;
    scratch_init(&scratch);
    assert_int_equal(store_reader_open(company->store, &reader), OK);
    enum err err = core_verify(reader, scratch.store, NULL, NULL, &verify);
    store_reader_close(reader);
    if (err != OK) {
        fail_msg("%s: %s", err_name(err), verify.message);
    }
    scratch_done(&scratch);
}

static void repeat(uint32_t times, const char *const lines[], uint32_t count)
{
    struct company company;
    company_open(&company, company_text);
    must(&company, ANN);
    for (uint32_t i = 0; i < times; i++) {
        for (uint32_t line = 0; line < count; line++) {
            must(&company, lines[line]);
        }
    }
    verify(&company);
    company_close(&company);
}
#define REPEAT(times, ...) \
    do { \
        static const char *const lines[] = { __VA_ARGS__ }; \
        repeat(times, lines, ARRAY_COUNT(lines)); \
    } while (false)

static void what_belongs_to_a_stage_goes_with_it_however_often_it_is_left(void **state)
{
    (void)state;
    REPEAT(80, "bob: press 1 busy", "bob: press 1 later with call_at=2027-01-06 10:00",
           "bob: press 1 anew");
}

static void latches_go_with_their_stage(void **state)
{
    (void)state;
    struct company company;
    company_open(&company, company_text);
    must(&company, ANN);
    must(&company, "bob: press 1 noted with price=1001"); // from now on `contact` is left at once
    for (uint32_t i = 0; i < 300; i++) {
        must(&company, "bob: press 1 back");
        assert_string_equal(company_stage(&company, 1), "offer");
    }
    verify(&company);
    company_close(&company);
}

static void a_case_that_was_reopened_often_is_as_light_as_a_new_one(void **state)
{
    (void)state;
    REPEAT(40, "bob: press 1 busy", "bob: side 1 for wim called Look", "bob: press 1 drop", ANN);
}

static void conversions_go_on_round_after_round(void **state)
{
    (void)state;
    struct company company;
    char line[80];
    company_open(&company, company_text);
    must(&company, ANN);
    for (uint32_t i = 0; i < 40; i++) {
        must(&company, "bob: press 1 sold with wanted=alpha");
        (void)snprintf(line, sizeof(line), "wim: press %u broke", i + 2);
        must(&company, line);
        assert_string_equal(company_stage(&company, 1), "lost");
        must(&company, ANN);
    }
    verify(&company);
    company_close(&company);
}

static void notices_are_kept_up_to_their_bound(void **state)
{
    (void)state;
    REPEAT(150, ANN);
}

static void keys_of_every_kind_are_found_again(void **state)
{
    (void)state;
    static const char text[] =
        "role head \"Head\"\nrole sales \"Sales\"\nrole works \"Works\"\n"
        "process bill \"Bill\" {\n"
        "  key number\n"
        "  key day_\n"
        "  field number: integer \"Number\" required\n"
        "  field day_: text \"Day\"\n"
        "  start => unpaid\n"
        "  stage unpaid \"Unpaid\" {\n"
        "    task \"See\" for sales\n"
        "    action paid_ \"Paid\" => done_\n"
        "    action renumber \"Renumber\" { ask number required again due now }\n"
        "  }\n"
        "  end done_ \"Done\"\n"
        "}\n";
    struct company company;
    company_open(&company, text);
    must(&company, "bob: start bill with number=7, day_=2026-03-02");
    must(&company, "bob: start bill with number=8");
    must(&company, "bob: start bill with number=7");
    assert_int_equal(view_counters(company.view)->open_instances, 2);
    assert_false(company_say(&company, "bob: press 2 renumber with number=7"));
    assert_string_equal(refusal_name(company.answer.refusal.code), "key_taken");
    must(&company, "bob: press 1 renumber with number=9");
    must(&company, "bob: press 2 renumber with number=7");
    verify(&company);
    must(&company, "bob: press 1 paid_");
    must(&company, "bob: start bill with number=9");
    assert_int_equal(view_counters(company.view)->open_instances, 2);
    verify(&company);
    company_close(&company);
}

// --------------------------------------------------------------------------------- long texts

static void edit_with(struct company *company, const char *field, size_t bytes)
{
    struct buf line;
    buf_init(&line, 1024 * 1024);
    buf_format(&line, "hana: edit 1 with %s=", field);
    for (size_t i = 0; i < bytes; i++) {
        buf_put_char(&line, (char)('a' + (char)(i % 26)));
    }
    buf_put_char(&line, '\0');
    (void)company_say(company, line.ptr);
    buf_done(&line);
}

static void a_long_text_lives_apart_and_comes_back_whole(void **state)
{
    (void)state;
    static const size_t lengths[] = { 100, 199, 200, 201, 1000, 1990, 5000, 60000, 10, 0, 3000 };
    struct company company;
    struct scratch scratch;
    scratch_init(&scratch);
    company_open_at(&company, company_text, scratch.store);
    must(&company, ANN);
    for (size_t i = 0; i < ARRAY_COUNT(lengths); i++) {
        edit_with(&company, "secret", lengths[i]);
        assert_int_equal(company.answer.refusal.code, REFUSAL_NONE);
        edit_with(&company, "name", lengths[i] / 2 + 1);
        assert_int_equal(company.answer.refusal.code, REFUSAL_NONE);
        company_reopen(&company);
        struct value secret = company_field(&company, 1, "secret");
        assert_int_equal(secret.kind == VALUE_EMPTY ? 0 : secret.text.len, lengths[i]);
        assert_int_equal(company_field(&company, 1, "name").text.len, lengths[i] / 2 + 1);
    }
    verify(&company);
    company_close(&company);
    scratch_done(&scratch);
}

static void a_text_beyond_its_bound_is_refused(void **state)
{
    (void)state;
    struct company company;
    company_open(&company, company_text);
    must(&company, ANN);
    edit_with(&company, "secret", 64 * 1024 + 1);
    if (company.answer.refusal.code != REFUSAL_LIMIT) {
        assert_int_equal(company.answer.refusal.code, REFUSAL_BAD_FORM);
    }
    edit_with(&company, "email", 300);
    assert_true(company.answer.refusal.code != REFUSAL_NONE);
    assert_true(company_field(&company, 1, "secret").kind == VALUE_EMPTY);
    verify(&company);
    company_close(&company);
}

static void tasks_are_bounded_and_the_case_goes_on(void **state)
{
    (void)state;
    struct company company;
    uint32_t made = 0;
    company_open(&company, company_text);
    must(&company, ANN);
    while (made < 100 && company_say(&company, "bob: side 1 for wim called One more")) {
        made++;
    }
    // The row is bounded as well as the count; whichever comes first is named.
    assert_true(made >= 10 && made < 100);
    assert_true(company.answer.refusal.code == REFUSAL_LIMIT ||
                company.answer.refusal.code == REFUSAL_BAD_FORM);
    must(&company, "wim: finish 1 2");
    must(&company, "bob: press 1 talked");
    must(&company, "bob: press 1 drop");
    verify(&company);
    company_close(&company);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_belongs_to_a_stage_goes_with_it_however_often_it_is_left),
        cmocka_unit_test(latches_go_with_their_stage),
        cmocka_unit_test(a_case_that_was_reopened_often_is_as_light_as_a_new_one),
        cmocka_unit_test(conversions_go_on_round_after_round),
        cmocka_unit_test(keys_of_every_kind_are_found_again),
        cmocka_unit_test(notices_are_kept_up_to_their_bound),
        cmocka_unit_test(a_long_text_lives_apart_and_comes_back_whole),
        cmocka_unit_test(a_text_beyond_its_bound_is_refused),
        cmocka_unit_test(tasks_are_bounded_and_the_case_goes_on),
        cmocka_unit_test(every_end_of_a_crowd_reaches_its_parent),
        cmocka_unit_test(a_crowd_beyond_the_bound_is_refused_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
