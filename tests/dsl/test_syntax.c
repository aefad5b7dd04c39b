// Tokens, and what the tree tells about its nodes.
#include "dsl/syntax/syntax.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/attr.h"

struct desk {
    struct arena arena;
    struct source_set sources;
    struct diags diags;
    struct syntax_tree tree;
};

static int set_up(void **state)
{
    struct desk *desk = calloc(1, sizeof(*desk));
    arena_init(&desk->arena, 1 << 24);
    source_set_init(&desk->sources, &desk->arena);
    diags_init(&desk->diags, &desk->arena, &desk->sources);
    *state = desk;
    return 0;
}

static int tear_down(void **state)
{
    struct desk *desk = *state;
    arena_done(&desk->arena);
    free(desk);
    return 0;
}

static const struct syntax_tree *parse(struct desk *desk, const char *text)
{
    uint32_t file = source_add(&desk->sources, SLICE("a.rung"), slice_from_cstr(text));
    syntax_parse(&desk->tree, &desk->sources, file, &desk->arena, &desk->diags);
    return &desk->tree;
}

// The first node of a kind anywhere, or NODE_NONE.
static uint32_t find_kind(const struct syntax_tree *tree, enum syntax_kind kind, uint32_t n)
{
    for (uint32_t i = 0; i < tree->node_count; i++) {
        if (tree->nodes[i].kind == kind && tree->nodes[i].parent != NODE_NONE && n-- == 0) {
            return i;
        }
    }
    return NODE_NONE;
}

static void assert_text(struct slice text, const char *expected)
{
    assert_int_equal(text.len, strlen(expected));
    assert_memory_equal(text.ptr, expected, text.len);
}

// ------------------------------------------------------------------------------------ tokens

static void every_sign_and_literal_is_one_token(void **state)
{
    static const struct {
        const char *text;
        enum token_kind kind;
    } cases[] = {
#define MARK(kind, text) { text, TOKEN_##kind },
#include "dsl/syntax/token.def"
#undef MARK
        { "name", TOKEN_WORD }, { "_x9", TOKEN_WORD }, { "\xd0\xb8\xd0\xbc\xd1\x8f", TOKEN_WORD },
        { "\"text\"", TOKEN_STRING }, { "\"\"", TOKEN_STRING }, { "\"a {{ \\\" b\"", TOKEN_STRING },
        { "7", TOKEN_NUMBER }, { "1_000.50", TOKEN_NUMBER }, { "500 EUR", TOKEN_MONEY },
        { "10 min", TOKEN_DURATION }, { "5ms", TOKEN_DURATION }, { "2 work days", TOKEN_DURATION },
        { "2026-03-02", TOKEN_DATE }, { "18:00", TOKEN_TIME }, { "18:00:30", TOKEN_TIME },
        { "40%", TOKEN_PERCENT }, { "12.5 %", TOKEN_PERCENT },
    };
    struct desk *desk = *state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const struct syntax_tree *tree = parse(desk, cases[i].text);
        assert_int_equal(tree->token_count, 2);
        assert_int_equal(tree->tokens[0].kind, cases[i].kind);
        assert_int_equal(tree->tokens[0].end, strlen(cases[i].text));
        assert_int_equal(tree->tokens[1].kind, TOKEN_END);
    }
}

static void every_word_of_the_language_is_known(void **state)
{
    static const struct {
        const char *text;
        enum word word;
    } cases[] = {
#define WORD(name, text, class) { text, WORD_##name },
#include "dsl/syntax/token.def"
#undef WORD
    };
    struct desk *desk = *state;
    unsigned reserved = 0;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const struct syntax_tree *tree = parse(desk, cases[i].text);
        assert_int_equal(tree->tokens[0].word, cases[i].word);
        assert_int_equal(syntax_word_find(slice_from_cstr(cases[i].text)), cases[i].word);
        assert_string_equal(syntax_word_text(cases[i].word), cases[i].text);
        reserved += syntax_word_reserved(cases[i].word) ? 1 : 0;
    }
    assert_int_equal(reserved, 67); // as many as the description of the language says
    assert_int_equal(syntax_word_find(SLICE("lead")), WORD_NONE);
    assert_false(syntax_word_reserved(WORD_NONE));
}

static void a_text_with_values_is_cut_into_its_pieces(void **state)
{
    static const enum token_kind kinds[] = { TOKEN_STRING_OPEN, TOKEN_WORD, TOKEN_STRING_MIDDLE,
                                             TOKEN_NUMBER, TOKEN_STRING_CLOSE, TOKEN_END };
    const struct syntax_tree *tree = parse(*state, "\"a {b} c {1}\"");
    assert_int_equal(tree->token_count, ARRAY_COUNT(kinds));
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        assert_int_equal(tree->tokens[i].kind, kinds[i]);
    }
}

static void a_unit_is_not_taken_from_the_next_line_or_the_next_step(void **state)
{
    const struct syntax_tree *tree = parse(*state, "is 3\nh does 3 h := 4 x 5 EUR := 6");
    assert_int_equal(tree->tokens[1].kind, TOKEN_NUMBER);
    assert_int_equal(tree->tokens[2].kind, TOKEN_WORD);
    assert_true(tree->tokens[2].first_on_line);
    assert_int_equal(tree->tokens[4].kind, TOKEN_NUMBER);
    assert_int_equal(tree->tokens[9].kind, TOKEN_NUMBER);
}

static void a_byte_order_mark_and_windows_line_ends_are_no_trouble(void **state)
{
    struct desk *desk = *state;
    const struct syntax_tree *tree =
        parse(desk, "\xef\xbb\xbfrole a \"A\"\r\n-- note\r\nrole b \"B\"\r\n");
    assert_int_equal(desk->diags.count, 0);
    assert_true(syntax_child_nth(tree, 0, NODE_ROLE, 1) != NODE_NONE);
}

// ------------------------------------------------------------------------------------ nodes

static void texts_are_decoded(void **state)
{
    struct desk *desk = *state;
    const struct syntax_tree *tree =
        parse(desk, "process p \"A \\\"b\\\" \\\\ \\n{{c}\" {\n"
                    " title \"x {{ {y} \\\" {z}!\"\n start => a\n}\n");
    assert_int_equal(desk->diags.count, 0);
    uint32_t process = syntax_child(tree, 0, NODE_PROCESS);
    uint32_t label = syntax_child(tree, process, NODE_LABEL);
    assert_text(syntax_string(tree, label, &desk->arena), "A \"b\" \\ \n{c}");
    uint32_t template = find_kind(tree, NODE_TEMPLATE, 0);
    assert_text(syntax_string(tree, find_kind(tree, NODE_TEXT, 0), &desk->arena), "x { ");
    assert_text(syntax_string(tree, find_kind(tree, NODE_TEXT, 1), &desk->arena), " \" ");
    assert_text(syntax_string(tree, find_kind(tree, NODE_TEXT, 2), &desk->arena), "!");
    assert_text(syntax_string(tree, template, &desk->arena), "");
    assert_text(syntax_source(tree, template), "\"x {{ {y} \\\" {z}!\"");
}

static struct value literal(struct desk *desk, const char *text, enum syntax_kind kind)
{
    char program[128];
    int len = snprintf(program, sizeof(program), "process p \"P\" { start { x := %s } }", text);
    assert_true(len > 0 && len < (int)sizeof(program));
    const struct syntax_tree *tree = parse(desk, program);
    uint32_t node = find_kind(tree, kind, 0);
    assert_true(node != NODE_NONE);
    return syntax_literal(tree, node);
}

static void literals_have_their_values(void **state)
{
    struct desk *desk = *state;
    struct value value = literal(desk, "1_000", NODE_NUMBER);
    assert_true(value.kind == VALUE_INTEGER && value.number == 1000);
    value = literal(desk, "2.50", NODE_NUMBER);
    assert_true(value.kind == VALUE_DECIMAL && value.number == 250 && value.scale == 2);
    value = literal(desk, "1_500.00 EUR", NODE_MONEY);
    assert_true(value.kind == VALUE_MONEY && value.number == 150000 && value.scale == 2);
    assert_memory_equal(value.currency, "EUR", 3);
    value = literal(desk, "12.5%", NODE_PERCENT);
    assert_true(value.kind == VALUE_DECIMAL && value.number == 125 && value.scale == 3);
    value = literal(desk, "2 weeks", NODE_DURATION);
    assert_true(value.unit == DURATION_WEEK && value.number == 2);
    value = literal(desk, "2026-03-02", NODE_DATE);
    assert_true(value.kind == VALUE_DATE && value.number == 20514);
    value = literal(desk, "2026-03-02 10:00", NODE_DATETIME);
    assert_true(value.kind == VALUE_DATETIME && value.number == 1772445600000);
    value = literal(desk, "today 18:00", NODE_TIME);
    assert_true(value.kind == VALUE_TIME && value.number == 64800000);
    assert_int_equal(desk->diags.count, 0);
}

static void what_is_missing_is_found_by_its_class(void **state)
{
    const struct syntax_tree *tree =
        parse(*state, "process p \"P\" {\n stage a \"A\" { action x \"X\" }\n field y:\n}\n");
    assert_true(tree->has_errors);
    uint32_t action = find_kind(tree, NODE_ACTION, 0);
    assert_true(syntax_child(tree, action, NODE_BLOCK) == NODE_NONE);
    uint32_t body = syntax_child_class(tree, action, CLASS_BLOCK, 0);
    assert_int_equal(syntax_kind(tree, body), NODE_ERROR);
    uint32_t field = find_kind(tree, NODE_FIELD, 0);
    assert_int_equal(syntax_kind(tree, syntax_child_class(tree, field, CLASS_TYPE, 0)),
                     NODE_ERROR);
    assert_true(syntax_child_class(tree, field, CLASS_TYPE, 1) == NODE_NONE);
    assert_int_equal(syntax_span(tree, body).start, syntax_span(tree, body).end);
}

static void names_and_keywords_have_their_places(void **state)
{
    const struct syntax_tree *tree = parse(*state, "role sales \"Sales\" sees all\n");
    uint32_t role = syntax_child(tree, 0, NODE_ROLE);
    assert_text(syntax_name(tree, role), "sales");
    assert_int_equal(syntax_name_span(tree, role).start, 5);
    assert_int_equal(syntax_keyword_span(tree, role).end, 4);
    assert_true(syntax_has(tree, role, NODE_SEES_ALL));
    assert_false(syntax_has(tree, role, NODE_MAY_MOVE));
    assert_text(syntax_name(tree, syntax_child(tree, role, NODE_SEES_ALL)), "");
    assert_int_equal(syntax_name_span(tree, syntax_child(tree, role, NODE_SEES_ALL)).start, 19);
}

static void the_comment_above_belongs_to_what_follows(void **state)
{
    struct desk *desk = *state;
    const struct syntax_tree *tree =
        parse(desk, "-- far\n\n--  Two\n--lines\nrole a \"A\" -- behind\nrole b \"B\"\n");
    assert_text(syntax_comment(tree, syntax_child(tree, 0, NODE_ROLE), &desk->arena),
                " Two\nlines");
    assert_text(syntax_comment(tree, syntax_child_nth(tree, 0, NODE_ROLE, 1), &desk->arena), "");
}

// ------------------------------------------------------------------------------------ sources

static void lines_and_columns_are_counted_in_cells(void **state)
{
    struct desk *desk = *state;
    struct slice text = SLICE("a\n\tb\xe4\xb8\xad" "c\r\n\nlast");
    uint32_t number = source_add(&desk->sources, SLICE("b"), text);
    const struct source_file *file = source_file(&desk->sources, number);
    assert_int_equal(file->line_count, 4);
    assert_int_equal(source_line(file, 0), 1);
    assert_int_equal(source_line(file, 1), 1);
    assert_int_equal(source_line(file, 2), 2);
    assert_int_equal(source_line(file, (uint32_t)file->text.len), 4);
    assert_int_equal(source_column(file, 3), 5);
    assert_int_equal(source_column(file, 7), 8);
    assert_text(source_line_text(file, 2), "\tb\xe4\xb8\xad" "c");
    assert_text(source_line_text(file, 3), "");
    assert_text(source_line_text(file, 4), "last");
    assert_text(source_text(&desk->sources, span_make(number, 0, 1)), "a");
    assert_text(source_text(&desk->sources, span_make(number, 5, 5)), "");
}

#define WITH_DESK(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DESK(every_sign_and_literal_is_one_token),
        WITH_DESK(every_word_of_the_language_is_known),
        WITH_DESK(a_text_with_values_is_cut_into_its_pieces),
        WITH_DESK(a_unit_is_not_taken_from_the_next_line_or_the_next_step),
        WITH_DESK(a_byte_order_mark_and_windows_line_ends_are_no_trouble),
        WITH_DESK(texts_are_decoded),
        WITH_DESK(literals_have_their_values),
        WITH_DESK(what_is_missing_is_found_by_its_class),
        WITH_DESK(names_and_keywords_have_their_places),
        WITH_DESK(the_comment_above_belongs_to_what_follows),
        WITH_DESK(lines_and_columns_are_counted_in_cells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
