// Bounds of one command: reaching one is a refusal that names it, and nothing is lost below it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/buf.h"
#include "tests/engine/company.h"

// A case that becomes `members` cases at once, each of which becomes `members` more, which end at once.
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_end_of_a_crowd_reaches_its_parent),
        cmocka_unit_test(a_crowd_beyond_the_bound_is_refused_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
