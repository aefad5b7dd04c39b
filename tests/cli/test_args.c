// The words of a command line, and answers to forms: what is taken, what is told.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/pack.h"
#include "engine/cli/args.h"
#include "engine/cli/form.h"
#include "engine/cli/wire.h"

static const struct cli_command commands[] = {
    { .name = "press",
      .words = "CASE [ACTION]",
      .words_min = 1,
      .words_max = ARGS_ANY,
      .options = OPTION_BIT(JSON) | OPTION_BIT(AS) | OPTION_BIT(ID) | OPTION_BIT(CLIENT) },
    { .name = "processes", .words = "", .words_max = 0, .options = OPTION_BIT(JSON) },
    { .name = "history",
      .words = "CASE",
      .words_min = 1,
      .words_max = 1,
      .options = OPTION_BIT(LIMIT) },
};

static struct arena arena;
static struct slice problem;

static bool parse(uint32_t command, struct cli_args *args, ...)
{
    char *argv[16] = { 0 };
    int argc = 0;
    argv[argc++] = arena_cstr(&arena, slice_from_cstr(commands[command].name));
    va_list words;
    va_start(words, args);
    for (const char *word; (word = va_arg(words, const char *)) != NULL;) {
        argv[argc++] = arena_cstr(&arena, slice_from_cstr(word));
    }
    va_end(words);
    problem = SLICE_EMPTY;
    return args_parse(&arena, &commands[command], argc, argv, args, &problem);
}

static void expect_problem(const char *expected)
{
    assert_string_equal(arena_cstr(&arena, problem), expected);
}

static int arena_begin(void **state)
{
    (void)state;
    arena_init(&arena, 1 << 20);
    return 0;
}

static int arena_end(void **state)
{
    (void)state;
    arena_done(&arena);
    return 0;
}

static void options_may_stand_anywhere_behind_the_command(void **state)
{
    (void)state;
    struct cli_args args;
    assert_true(parse(0, &args, "17", "--as", "boris", "busy", "--json", "note=-x", NULL));
    assert_string_equal(args.options[OPTION_AS], "boris");
    assert_non_null(args.options[OPTION_JSON]);
    assert_int_equal(args.word_count, 3);
    assert_true(slice_equal(args.words[1], SLICE("busy")));
    assert_true(parse(0, &args, "--as=anna", "17", "--", "--json", NULL));
    assert_null(args.options[OPTION_JSON]);
    assert_true(slice_equal(args.words[1], SLICE("--json")));
    assert_true(parse(0, &args, "-h", NULL));
    assert_non_null(args.options[OPTION_HELP]);
}

static void unknown_options_are_told_with_the_nearest_one(void **state)
{
    (void)state;
    struct cli_args args;
    assert_false(parse(0, &args, "17", "--jsn", NULL));
    expect_problem("`rung press` has no option `--jsn`\n  did you mean `--json`?");
    assert_false(parse(1, &args, "--client", "x", NULL));
    expect_problem("`rung processes` has no option `--client`\n  `rung help processes` lists them");
    assert_false(parse(0, &args, "17", "busy", "-x", NULL));
    expect_problem("`rung press` has no option `-x`\n  `rung help press` lists them");
    assert_false(parse(0, &args, "17", "--as", NULL));
    expect_problem("--as needs a value");
    assert_false(parse(0, &args, "17", "--json=yes", NULL));
    expect_problem("--json takes no value");
    assert_false(parse(0, &args, "17", "--as", "a", "--as", "b", NULL));
    expect_problem("--as is given twice");
}

static void missing_and_superfluous_words_are_told_with_the_usage(void **state)
{
    (void)state;
    struct cli_args args;
    assert_false(parse(0, &args, NULL));
    expect_problem("something is missing\n  usage: rung press CASE [ACTION]");
    assert_false(parse(2, &args, "1", "2", NULL));
    expect_problem("there are too many words\n  usage: rung history CASE");
    assert_false(parse(0, &args, "1", "--id", "7", NULL));
    expect_problem("--id needs --client: a number means something only under a name that stays the "
                   "same");
}

static void unknown_commands_are_told_with_the_nearest_ones(void **state)
{
    (void)state;
    assert_ptr_equal(args_command(&arena, commands, 3, SLICE("press"), &problem), &commands[0]);
    assert_null(args_command(&arena, commands, 3, SLICE("pres"), &problem));
    expect_problem("there is no command `pres`\n  did you mean `rung press`?");
    assert_null(args_command(&arena, commands, 3, SLICE("frobnicate"), &problem));
    expect_problem("there is no command `frobnicate`\n  `rung help` lists the commands");
}

static void numbers_are_whole_and_bounded(void **state)
{
    (void)state;
    uint64_t number = 0;
    assert_true(args_number(SLICE("18446744073709551615"), UINT64_MAX, &number));
    assert_true(number == UINT64_MAX);
    assert_false(args_number(SLICE("18446744073709551616"), UINT64_MAX, &number));
    assert_true(args_number(SLICE("255"), 255, &number));
    assert_false(args_number(SLICE("256"), 255, &number));
    assert_false(args_number(SLICE("9"), 2, &number));
    assert_false(args_number(SLICE(""), 255, &number));
    assert_false(args_number(SLICE("-1"), 255, &number));
    assert_false(args_number(SLICE("1x"), 255, &number));
}

// --- forms --------------------------------------------------------------------------------------

static void field_pack(struct buf *buf, const char *name, const char *type, bool required,
                       const char *choice_a, const char *choice_b)
{
    pack_map(buf, choice_a == NULL ? 4 : 5);
    pack_cstr(buf, "name");
    pack_cstr(buf, name);
    pack_cstr(buf, "label");
    pack_cstr(buf, name);
    pack_cstr(buf, "type");
    pack_cstr(buf, type);
    pack_cstr(buf, "required");
    pack_bool(buf, required);
    if (choice_a != NULL) {
        pack_cstr(buf, "choices");
        pack_array(buf, 2);
        for (int i = 0; i < 2; i++) {
            pack_map(buf, 2);
            pack_cstr(buf, "name");
            pack_cstr(buf, i == 0 ? choice_a : choice_b);
            pack_cstr(buf, "label");
            pack_cstr(buf, i == 0 ? "First one" : "Second one");
        }
    }
}

#define NOW UINT64_C(1767603600000) // 2026-01-05 09:00 UTC

static void form_make(struct form *form)
{
    struct buf packed;
    buf_init(&packed, 1 << 16);
    pack_array(&packed, 5);
    field_pack(&packed, "call_at", "datetime", true, NULL, NULL);
    field_pack(&packed, "products", "set of product", true, "design", "supply");
    field_pack(&packed, "kind", "enum", false, "design", "supply");
    field_pack(&packed, "paid", "bool", false, NULL, NULL);
    field_pack(&packed, "note", "text", false, NULL, NULL);
    form_read(form, &arena, NULL, arena_copy(&arena, buf_slice(&packed)), NOW);
    buf_done(&packed);
    assert_int_equal(form->field_count, 5);
}

static void expect_form(const struct form *form, const char *expected)
{
    json_t *json = wire_json(form_pack(form));
    char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text, expected);
    free(text);
    json_decref(json);
}

static void answers_on_the_command_line_take_the_type_of_their_field(void **state)
{
    (void)state;
    struct form form;
    form_make(&form);
    assert_string_equal(arena_cstr(&arena, form_missing(&form)), "call_at, products");
    assert_true(form_word(&form, SLICE("call_at=tomorrow 10:00"), &problem));
    assert_true(form_word(&form, SLICE("products=design"), &problem));
    assert_true(form_word(&form, SLICE("products=second one"), &problem));
    assert_true(form_word(&form, SLICE("kind=sup"), &problem));
    assert_true(form_word(&form, SLICE("paid=YES"), &problem));
    assert_true(form_word(&form, SLICE("note=a=b, c"), &problem));
    assert_int_equal(form_missing(&form).len, 0);
    expect_form(&form, "{\"call_at\":1767693600000,\"kind\":\"supply\",\"note\":\"a=b, c\","
                       "\"paid\":true,\"products\":[\"design\",\"supply\"]}");
}

static void answers_that_cannot_be_meant_are_told(void **state)
{
    (void)state;
    struct form form;
    form_make(&form);
    assert_false(form_word(&form, SLICE("kind=mount"), &problem));
    expect_problem("kind: `mount` is not one of: design, supply");
    assert_false(form_word(&form, SLICE("products=design,mount"), &problem));
    expect_problem("products: `mount` is not one of: design, supply");
    assert_false(form_word(&form, SLICE("paid=perhaps"), &problem));
    expect_problem("paid: answer yes or no");
    assert_false(form_word(&form, SLICE("nte=x"), &problem));
    expect_problem("the form has no field `nte`\n  did you mean `note`?");
    assert_false(form_word(&form, SLICE("zzzzzz=x"), &problem));
    expect_problem(
        "the form has no field `zzzzzz`\n  it asks for: call_at, products, kind, paid, note");
    assert_false(form_word(&form, SLICE("busy"), &problem));
    expect_problem("`busy` is not an answer: write name=value");
    assert_true(form_word(&form, SLICE("note=x"), &problem));
    assert_false(form_word(&form, SLICE("note=y"), &problem));
    expect_problem("`note` is answered twice");
}

static void an_empty_answer_empties_the_field(void **state)
{
    (void)state;
    struct form form;
    form_make(&form);
    assert_true(form_word(&form, SLICE("note="), &problem));
    expect_form(&form, "{\"note\":null}");
}

static void questions_are_asked_until_they_are_answered(void **state)
{
    (void)state;
    struct form form;
    form_make(&form);
    struct term term = { .columns = 80, .rows = 24 };
    static char typed[] = "\n4\n1, 2\n9\n\nmaybe\nno\nthanks\n";
    char said[8192] = { 0 };
    FILE *in = fmemopen(typed, sizeof(typed) - 1, "r");
    FILE *out = fmemopen(said, sizeof(said) - 1, "w");
    struct form_talk talk = { in, out, &term };
    assert_true(form_ask(&form, &talk));
    (void)fclose(in);
    (void)fclose(out);
    expect_form(&form, "{\"call_at\":1767693600000,\"note\":\"thanks\",\"paid\":false,"
                       "\"products\":[\"design\",\"supply\"]}");
    assert_non_null(strstr(said, "! an answer is needed here\n"));
    assert_non_null(strstr(said, "! `9` is not one of: design, supply\n"));
    assert_non_null(strstr(said, "! answer yes or no\n"));
    assert_non_null(strstr(said, "  4  tomorrow 10:00\n"));
    assert_non_null(strstr(said, "  2  Second one\n"));
}

// S129
static void records_are_asked_part_by_part(void **state)
{
    (void)state;
    struct buf packed;
    buf_init(&packed, 1 << 16);
    pack_array(&packed, 1);
    pack_map(&packed, 3);
    pack_cstr(&packed, "name");
    pack_cstr(&packed, "people");
    pack_cstr(&packed, "type");
    pack_cstr(&packed, "list of person");
    pack_cstr(&packed, "parts");
    pack_array(&packed, 2);
    field_pack(&packed, "name", "text", true, NULL, NULL);
    field_pack(&packed, "post", "text", false, NULL, NULL);
    struct form form;
    form_read(&form, &arena, NULL, arena_copy(&arena, buf_slice(&packed)), NOW);
    buf_done(&packed);
    struct term term = { .columns = 80, .rows = 24 };
    static char typed[] = "Karl\nCook\nLena\n\n\n";
    char said[8192] = { 0 };
    FILE *in = fmemopen(typed, sizeof(typed) - 1, "r");
    FILE *out = fmemopen(said, sizeof(said) - 1, "w");
    struct form_talk talk = { in, out, &term };
    assert_true(form_ask(&form, &talk));
    (void)fclose(in);
    (void)fclose(out);
    expect_form(&form, "{\"people\":[{\"name\":\"Karl\",\"post\":\"Cook\"},{\"name\":\"Lena\"}]}");
}

static void when_the_input_ends_nothing_is_answered(void **state)
{
    (void)state;
    struct form form;
    form_make(&form);
    struct term term = { .columns = 80, .rows = 24 };
    static char typed[] = "in 2 h\n";
    char said[8192] = { 0 };
    FILE *in = fmemopen(typed, sizeof(typed) - 1, "r");
    FILE *out = fmemopen(said, sizeof(said) - 1, "w");
    struct form_talk talk = { in, out, &term };
    assert_false(form_ask(&form, &talk));
    (void)fclose(in);
    (void)fclose(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(options_may_stand_anywhere_behind_the_command, arena_begin,
                                        arena_end),
        cmocka_unit_test_setup_teardown(unknown_options_are_told_with_the_nearest_one, arena_begin,
                                        arena_end),
        cmocka_unit_test_setup_teardown(missing_and_superfluous_words_are_told_with_the_usage,
                                        arena_begin, arena_end),
        cmocka_unit_test_setup_teardown(unknown_commands_are_told_with_the_nearest_ones,
                                        arena_begin, arena_end),
        cmocka_unit_test(numbers_are_whole_and_bounded),
        cmocka_unit_test_setup_teardown(answers_on_the_command_line_take_the_type_of_their_field,
                                        arena_begin, arena_end),
        cmocka_unit_test_setup_teardown(answers_that_cannot_be_meant_are_told, arena_begin,
                                        arena_end),
        cmocka_unit_test_setup_teardown(an_empty_answer_empties_the_field, arena_begin, arena_end),
        cmocka_unit_test_setup_teardown(questions_are_asked_until_they_are_answered, arena_begin,
                                        arena_end),
        cmocka_unit_test_setup_teardown(records_are_asked_part_by_part, arena_begin, arena_end),
        cmocka_unit_test_setup_teardown(when_the_input_ends_nothing_is_answered, arena_begin,
                                        arena_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
