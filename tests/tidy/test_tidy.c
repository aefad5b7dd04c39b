// Every rule of tools/tidy, each with a sample that breaks it and a twin that does not.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tools/tidy.h"

static const char layers[] = "# comment\n"
                             "base:\n"
                             "engine/state: base engine/store/store.h\n"
                             "engine/decide: base engine/state/view.h\n"
                             "<lmdb.h>: engine/store\n";
static const char exempt[] = "# comment\n"
                             "banned  base/mem.c  -- the only door to the heap\n"
                             "function  base/long.c  lexer_next  -- a switch\n";
static const char words[] = "rejection -> refusal  names comments\n"
                            "act       -> press    names\n";

static struct slice text_of(const char *text) { return slice_from_cstr(text); }

// The findings over one file, as text; valid until tidy_done.
static struct slice findings_of(struct tidy *tidy, const char *path, const char *text,
                                const char *commands)
{
    tidy_init(tidy, text_of(layers), text_of(exempt), text_of(words));
    tidy->commands = text_of(commands);
    tidy_file(tidy, text_of(path), text_of(text));
    return buf_slice(&tidy->findings);
}

static void expect_found(const char *path, const char *text, const char *part)
{
    struct tidy tidy;
    struct slice findings = findings_of(&tidy, path, text, "");
    if (tidy_find(findings, text_of(part)) == SIZE_MAX) {
        print_error("expected `%s`, found:\n%.*s", part, SLICE_PRINT(findings));
    }
    assert_int_not_equal(tidy_find(findings, text_of(part)), SIZE_MAX);
    assert_true(tidy.finding_count > 0);
    tidy_done(&tidy);
}

static void expect_clean(const char *path, const char *text)
{
    struct tidy tidy;
    struct slice findings = findings_of(&tidy, path, text, "");
    if (findings.len > 0) {
        print_error("%.*s", SLICE_PRINT(findings));
    }
    assert_int_equal(tidy.finding_count, 0);
    tidy_done(&tidy);
}

static void test_decide_cannot_include_what_writes(void **state)
{
    (void)state;
    expect_found("engine/decide/decide_press.c", "\n#include \"engine/state/state.h\"\n",
                 "engine/decide/decide_press.c:2: [include] `engine/decide` must not know");
    expect_clean("engine/decide/decide_press.c", "#include \"engine/state/view.h\"\n"
                                                 "#include \"engine/decide/decide.h\"\n");
}

static void test_a_folder_without_a_layer_is_found(void **state)
{
    (void)state;
    expect_found("else/where.c", "#include \"base/slice.h\"\n", "[include] this folder is not");
}

static void test_an_include_in_a_comment_is_no_include(void **state)
{
    (void)state;
    expect_clean("engine/decide/a.c", "// #include \"engine/state/state.h\"\n");
}

static void test_a_library_is_used_only_where_it_belongs(void **state)
{
    (void)state;
    expect_found("engine/decide/a.c", "#include <lmdb.h>\n", "[library] <lmdb.h>");
    expect_clean("engine/store/a.c", "#include <lmdb.h>\n");
}

static void test_banned_calls_name_their_replacement(void **state)
{
    (void)state;
    expect_found("base/a.c", "int f(void)\n{\n    return atoi(text);\n}\n",
                 "base/a.c:3: [banned] `atoi` is not called here; use");
    expect_found("base/a.c", "void f(void)\n{\n    msgpack_unpack_next(x);\n}\n", "[banned]");
}

static void test_a_member_or_a_comment_is_not_a_banned_call(void **state)
{
    (void)state;
    expect_clean("base/a.c", "void f(void)\n{\n    x->free(y); // free(y)\n    g(\"free(\");\n}\n");
    expect_clean("base/mem.c", "void f(void)\n{\n    free(y);\n}\n");
}

static void test_printing_is_left_to_the_command_line(void **state)
{
    (void)state;
    expect_found("engine/state/a.c", "void f(void)\n{\n    printf(x);\n}\n", "[printing]");
}

static void test_lines_of_more_than_100_columns_are_found(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, 4096);
    buf_put_cstr(&text, "// ");
    for (int at = 0; at < 97; at++) {
        buf_put_cstr(&text, "\xc3\xa9"); // two bytes, one column
    }
    buf_put_char(&text, '\0');
    expect_clean("base/a.c", text.ptr);
    text.len--;
    buf_put_cstr(&text, "e");
    buf_put_char(&text, '\0');
    expect_found("base/a.c", text.ptr, "base/a.c:1: [line] 101 columns");
    buf_done(&text);
}

// `lines` statements between the braces of a function.
static void put_function(struct buf *text, const char *name, int lines)
{
    buf_format(text, "int %s(int a)\n{\n", name);
    for (int at = 0; at < lines; at++) {
        buf_put_cstr(text, "    a++;\n");
    }
    buf_put_cstr(text, "}\n");
    buf_put_char(text, '\0');
}

static void test_functions_of_more_than_70_lines_are_found(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, 1024 * 1024);
    put_function(&text, "lexer_next", 68);
    expect_clean("base/a.c", text.ptr);
    buf_reset(&text);
    put_function(&text, "lexer_next", 69);
    expect_found("base/a.c", text.ptr, "[function] function `lexer_next` has 71 lines");
    expect_clean("base/long.c", text.ptr); // on the list of exceptions
    buf_done(&text);
}

static void test_files_of_more_than_1000_lines_are_found(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, 1024 * 1024);
    for (int at = 0; at < 1001; at++) {
        buf_put_cstr(&text, "//\n");
    }
    buf_put_char(&text, '\0');
    expect_found("base/a.c", text.ptr, "[file] 1001 lines");
    buf_done(&text);
}

static void test_headers_of_more_than_250_lines_are_found(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, 1024 * 1024);
    buf_put_cstr(&text, "#ifndef RUNG_BASE_A_H\n#define RUNG_BASE_A_H\n");
    for (int at = 0; at < 248; at++) {
        buf_put_cstr(&text, "//\n");
    }
    buf_put_cstr(&text, "#endif\n");
    buf_put_char(&text, '\0');
    expect_found("base/a.h", text.ptr, "[file] 251 lines");
    buf_done(&text);
}

static void test_a_guard_matches_the_path_and_holds_the_file(void **state)
{
    (void)state;
    expect_clean(
        "base/arena.h",
        "// What.\n#ifndef RUNG_BASE_ARENA_H\n#define RUNG_BASE_ARENA_H\nint f(void);\n#endif\n");
    expect_clean("base/base.h", "#ifndef RUNG_BASE_H\n#define RUNG_BASE_H\n#endif\n");
    expect_clean("base/base_x.h", "#ifndef RUNG_BASE_X_H\n#define RUNG_BASE_X_H\n#endif\n");
    expect_found("base/arena.h", "#ifndef ARENA_H\n#define ARENA_H\n#endif\n", "[guard]");
    expect_found("base/arena.h",
                 "#ifndef RUNG_BASE_ARENA_H\n#define RUNG_BASE_ARENA_H\n#endif\nint f(void);\n",
                 "[guard]");
}

static void test_variables_that_anybody_could_change_are_found(void **state)
{
    (void)state;
    expect_found("base/a.c", "static int count;\n", "base/a.c:1: [mutable]");
    expect_found("base/a.c", "struct arena arena = { 0 };\n", "[mutable]");
    expect_found("base/a.c", "static const char *names[] = { \"a\" };\n", "[mutable]");
    expect_found("base/a.c", "int f(void)\n{\n    static int calls;\n    return calls;\n}\n",
                 "base/a.c:3: [mutable]");
}

static void test_constants_and_declarations_are_no_variables(void **state)
{
    (void)state;
    expect_clean("base/a.c", "static const char *const names[] = { \"a\" };\n"
                             "static const struct row rows[] = { { 1 } };\n"
                             "static check_fn check_roles, check_stages;\n"
                             "struct arena;\nenum { A, B };\nstruct pair { int a, b; };\n"
                             "typedef void visit_fn(int a);\nint f(int a);\n"
                             "int f(int a)\n{\n    static const int step = 3;\n    return a;\n}\n");
}

static void test_unfinished_work_is_found_in_every_text(void **state)
{
    (void)state;
    expect_found("base/a.c",
                 "// TO"
                 "DO later\n",
                 "[marker]");
    expect_found("docs/a.md",
                 "FIX"
                 "ME\n",
                 "[marker]");
    expect_clean("docs/a.md", "The list of what is to be done.\n");
}

static void test_a_source_that_nothing_builds_is_found(void **state)
{
    (void)state;
    struct tidy tidy;
    (void)findings_of(&tidy, "base/a.c", "int f(void);\n", "\"file\": \"/x/base/b.c\"");
    assert_int_equal(tidy.finding_count, 1);
    tidy_done(&tidy);
    (void)findings_of(&tidy, "base/a.c", "int f(void);\n", "\"file\": \"/x/base/a.c\"");
    assert_int_equal(tidy.finding_count, 0);
    tidy_done(&tidy);
}

static void test_words_of_the_domain_are_kept_apart(void **state)
{
    (void)state;
    expect_found("base/a.c", "int task_act_count(void);\n", "[word] we say `press`, not `act`");
    expect_found("base/a.c", "// The rejection of a command.\n", "[word] we say `refusal`");
    expect_clean("base/a.c", "// They act for others.\nint exact_count(void);\n");
}

static void test_figures_are_counted_and_never_enforced(void **state)
{
    (void)state;
    struct tidy tidy;
    (void)findings_of(&tidy, "base/a.c",
                      "// What.\nint f(int a)\n{\n    CHECK(a > 0);\n    CHECK(a < 9);\n"
                      "    return a;\n}\n",
                      "");
    assert_int_equal(tidy.folder_count, 1);
    assert_int_equal(tidy.folders[0].functions, 1);
    assert_int_equal(tidy.folders[0].checks, 2);
    assert_int_equal(tidy.folders[0].lines, 7);
    assert_int_equal(tidy.folders[0].comment_lines, 1);
    assert_int_equal(tidy.finding_count, 0);
    tidy_done(&tidy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decide_cannot_include_what_writes),
        cmocka_unit_test(test_a_folder_without_a_layer_is_found),
        cmocka_unit_test(test_an_include_in_a_comment_is_no_include),
        cmocka_unit_test(test_a_library_is_used_only_where_it_belongs),
        cmocka_unit_test(test_banned_calls_name_their_replacement),
        cmocka_unit_test(test_a_member_or_a_comment_is_not_a_banned_call),
        cmocka_unit_test(test_printing_is_left_to_the_command_line),
        cmocka_unit_test(test_lines_of_more_than_100_columns_are_found),
        cmocka_unit_test(test_functions_of_more_than_70_lines_are_found),
        cmocka_unit_test(test_files_of_more_than_1000_lines_are_found),
        cmocka_unit_test(test_headers_of_more_than_250_lines_are_found),
        cmocka_unit_test(test_a_guard_matches_the_path_and_holds_the_file),
        cmocka_unit_test(test_variables_that_anybody_could_change_are_found),
        cmocka_unit_test(test_constants_and_declarations_are_no_variables),
        cmocka_unit_test(test_unfinished_work_is_found_in_every_text),
        cmocka_unit_test(test_a_source_that_nothing_builds_is_found),
        cmocka_unit_test(test_words_of_the_domain_are_kept_apart),
        cmocka_unit_test(test_figures_are_counted_and_never_enforced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
