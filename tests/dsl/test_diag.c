#include "dsl/diag/diag.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/attr.h"

struct desk {
    struct arena arena;
    struct source_set sources;
    struct diags diags;
    struct buf out;
};

static int set_up(void **state)
{
    struct desk *desk = calloc(1, sizeof(*desk));
    arena_init(&desk->arena, 1 << 22);
    source_set_init(&desk->sources, &desk->arena);
    diags_init(&desk->diags, &desk->arena, &desk->sources);
    buf_init(&desk->out, 1 << 22);
    *state = desk;
    return 0;
}

static int tear_down(void **state)
{
    struct desk *desk = *state;
    arena_done(&desk->arena);
    buf_done(&desk->out);
    free(desk);
    return 0;
}

static uint32_t add_file(struct desk *desk, const char *name, const char *text)
{
    return source_add(&desk->sources, slice_from_cstr(name), slice_from_cstr(text));
}

static struct span find_in(const struct desk *desk, uint32_t file, const char *words)
{
    const char *text = desk->sources.files[file].text.ptr;
    const char *at = strstr(text, words);
    assert_non_null(at);
    return span_make(file, (uint32_t)(at - text), (uint32_t)(at - text + (long)strlen(words)));
}

static void assert_text(struct desk *desk, const char *expected)
{
    diag_finish(&desk->diags);
    diag_render_text(&desk->diags, &desk->out, 0);
    buf_put_char(&desk->out, '\0');
    assert_string_equal(desk->out.ptr, expected);
}

// ------------------------------------------------------------------------------------ drawing

static void all_parts_of_a_message_are_drawn(void **state)
{
    struct desk *desk = *state;
    uint32_t file = add_file(desk, "a.rung", "one\ntwo\nthree\nfour\nfive six\n");
    struct diag *diag = diag_add(&desk->diags, DIAG_E0201, find_in(desk, file, "six"));
    diag_fact(diag, SLICE("this action"));
    diag_here(diag, "here %d", 1);
    diag_label(diag, find_in(desk, file, "two"), "there");
    diag_label(diag, find_in(desk, file, "three"), "and there");
    diag_label(diag, find_in(desk, file, "five"), "also");
    diag_note(diag, "a fact");
    diag_help(diag, "an advice");
    diag_help_edit(diag, DIAG_FIX_SAFE, find_in(desk, file, "six"), SLICE("seven"), "a change");
    assert_text(desk, "error[E0201]: this action needs a name\n"
                      " --> a.rung:5:6\n"
                      "  |\n"
                      "2 | two\n"
                      "  | --- there\n"
                      "3 | three\n"
                      "  | ----- and there\n"
                      "4 | four\n"
                      "5 | five six\n"
                      "  | ---- also\n"
                      "  |      ^^^ here 1\n"
                      "  |\n"
                      "  = note: a fact\n"
                      "  = help: an advice\n"
                      "help: a change\n"
                      "  |\n"
                      "5 - five six\n"
                      "5 + five seven\n");
}

static void carets_stand_under_wide_and_combined_characters(void **state)
{
    struct desk *desk = *state;
    // A tab, two wide characters, a letter with a combining mark.
    uint32_t file = add_file(desk, "a.rung", "\t\xe4\xb8\xad\xe6\x96\x87 e\xcc\x81 here");
    (void)diag_add(&desk->diags, DIAG_E0211, find_in(desk, file, "here"));
    assert_text(desk, "error[E0211]: this `}` closes nothing\n"
                      " --> a.rung:1:12\n"
                      "  |\n"
                      "1 |     \xe4\xb8\xad\xe6\x96\x87 e\xcc\x81 here\n"
                      "  |            ^^^^\n");
}

static void a_span_over_lines_shows_its_first_and_last(void **state)
{
    struct desk *desk = *state;
    uint32_t file = add_file(desk, "a.rung", "  begin {\n  more\n  more\n  more\n  } end\n");
    struct span span = find_in(desk, file, "{");
    span.end = find_in(desk, file, "}").end;
    struct diag *diag = diag_add(&desk->diags, DIAG_E0211, span);
    diag_here(diag, "all this");
    assert_text(desk, "error[E0211]: this `}` closes nothing\n"
                      " --> a.rung:1:9\n"
                      "  |\n"
                      "1 |   begin {\n"
                      "  |         ^\n"
                      "...\n"
                      "5 |   } end\n"
                      "  |   ^ all this\n");
}

static void another_file_is_shown_with_its_name(void **state)
{
    struct desk *desk = *state;
    uint32_t shared = add_file(desk, "shared.rung", "role sales");
    uint32_t lead = add_file(desk, "lead.rung", "x\n\ntask for sals");
    struct diag *diag = diag_add(&desk->diags, DIAG_E0201, find_in(desk, lead, "sals"));
    diag_fact(diag, SLICE("this"));
    diag_label(diag, find_in(desk, shared, "sales"), "the role is declared here");
    assert_text(desk, "error[E0201]: this needs a name\n"
                      " --> lead.rung:3:10\n"
                      "  |\n"
                      "3 | task for sals\n"
                      "  |          ^^^^\n"
                      " ::: shared.rung:1:6\n"
                      "  |\n"
                      "1 | role sales\n"
                      "  |      ----- the role is declared here\n");
}

static void what_could_harm_a_terminal_is_not_shown(void **state)
{
    struct desk *desk = *state;
    uint32_t file = add_file(desk, "a.rung", "a\x1b[31m\xff b");
    (void)diag_add(&desk->diags, DIAG_E0211, find_in(desk, file, "b"));
    assert_text(desk, "error[E0211]: this `}` closes nothing\n"
                      " --> a.rung:1:9\n"
                      "  |\n"
                      "1 | a\xef\xbf\xbd[31m\xef\xbf\xbd b\n"
                      "  |         ^\n");
}

static void a_very_long_line_is_cut_around_the_place(void **state)
{
    struct desk *desk = *state;
    static char text[5000];
    memset(text, 'x', sizeof(text) - 1);
    memcpy(text + 3000, "HERE", 4);
    uint32_t file = add_file(desk, "a.rung", text);
    (void)diag_add(&desk->diags, DIAG_E0211, find_in(desk, file, "HERE"));
    diag_finish(&desk->diags);
    diag_render_text(&desk->diags, &desk->out, 0);
    assert_true(desk->out.len < 600);
    buf_put_char(&desk->out, '\0');
    assert_non_null(strstr(desk->out.ptr, "xHERExx"));
    assert_non_null(strstr(desk->out.ptr, "^^^^\n"));
}

static void the_place_at_the_end_of_a_file_can_be_shown(void **state)
{
    struct desk *desk = *state;
    uint32_t file = add_file(desk, "a.rung", "ab");
    (void)diag_add(&desk->diags, DIAG_E0211, span_make(file, 2, 2));
    (void)diag_add(&desk->diags, DIAG_E0209, span_make(file, 77, 99)); // clamped
    uint32_t empty = add_file(desk, "b.rung", "");
    (void)diag_add(&desk->diags, DIAG_E0232, span_make(empty, 0, 0));
    diag_finish(&desk->diags);
    diag_render_text(&desk->diags, &desk->out, DIAG_COLOUR);
    diag_render_json(&desk->diags, &desk->out);
    assert_false(desk->out.overflow);
    assert_int_equal(desk->diags.items[0]->primary.end, 2);
}

static void an_inserted_text_may_have_several_lines(void **state)
{
    struct desk *desk = *state;
    uint32_t file = add_file(desk, "a.rung", "stage a {\n}\n");
    struct diag *diag = diag_add(&desk->diags, DIAG_E0211, find_in(desk, file, "{"));
    diag_help_edit(diag, DIAG_FIX_PLACEHOLDER, span_after(find_in(desk, file, "{")),
                   SLICE("\n  task"), "add a task");
    assert_text(desk, "error[E0211]: this `}` closes nothing\n"
                      " --> a.rung:1:9\n"
                      "  |\n"
                      "1 | stage a {\n"
                      "  |         ^\n"
                      "  |\n"
                      "help: add a task\n"
                      "  |\n"
                      "1 + stage a {\n"
                      "2 +   task\n");
}

static void json_has_one_object_per_line(void **state)
{
    struct desk *desk = *state;
    uint32_t file = add_file(desk, "a \"b\".rung", "one two");
    struct diag *diag = diag_add(&desk->diags, DIAG_E0201, find_in(desk, file, "two"));
    diag_fact(diag, SLICE("this\\"));
    diag_note(diag, "a\nb");
    diag_help_edit(diag, DIAG_FIX_GUESS, find_in(desk, file, "two"), SLICE("2"), "try");
    diag_finish(&desk->diags);
    diag_render_json(&desk->diags, &desk->out);
    buf_put_char(&desk->out, '\0');
    assert_string_equal(
        desk->out.ptr,
        "{\"code\":\"E0201\",\"slug\":\"missing-name\",\"level\":\"error\",\"message\":"
        "\"this\\\\ needs a name\",\"file\":\"a \\\"b\\\".rung\",\"line\":1,\"column\":5,"
        "\"start\":4,\"end\":7,\"label\":\"\",\"labels\":[],\"notes\":[\"a\\nb\"],"
        "\"facts\":[\"this\\\\\"],\"helps\":[{\"text\":\"try\",\"fix\":\"guess\","
        "\"file\":\"a \\\"b\\\".rung\",\"line\":1,\"column\":5,\"start\":4,\"end\":7,"
        "\"replacement\":\"2\"}]}\n");
}

// ------------------------------------------------------------------------------------ collecting

static void messages_come_in_the_order_of_the_text_whatever_the_order_of_discovery(void **state)
{
    struct desk *desk = *state;
    uint32_t first = add_file(desk, "a.rung", "0123456789");
    uint32_t second = add_file(desk, "b.rung", "0123456789");
    (void)diag_add(&desk->diags, DIAG_E0211, span_make(second, 1, 2));
    (void)diag_add(&desk->diags, DIAG_E0211, span_make(first, 5, 6));
    (void)diag_add(&desk->diags, DIAG_E0211, span_make(first, 2, 3));
    (void)diag_add(&desk->diags, DIAG_E0209, span_make(first, 2, 3));
    (void)diag_add(&desk->diags, DIAG_E0211, span_make(first, 5, 6)); // said before
    diag_finish(&desk->diags);
    assert_int_equal(desk->diags.count, 4);
    assert_int_equal(desk->diags.error_count, 4);
    assert_int_equal(desk->diags.items[0]->code, DIAG_E0209);
    assert_int_equal(desk->diags.items[1]->primary.start, 2);
    assert_int_equal(desk->diags.items[2]->primary.start, 5);
    assert_int_equal(desk->diags.items[3]->primary.file, second);
}

static void more_parts_than_fit_are_dropped(void **state)
{
    struct desk *desk = *state;
    uint32_t file = add_file(desk, "a.rung", "x");
    struct diag *diag = diag_add(&desk->diags, DIAG_E0211, span_make(file, 0, 1));
    for (int i = 0; i < 10; i++) {
        diag_fact_format(diag, "%d", i);
        diag_label(diag, span_make(file, 0, 1), "%d", i);
        diag_note(diag, "%d", i);
        diag_help(diag, "%d", i);
    }
    assert_int_equal(diag->fact_count, DIAG_FACTS_MAX);
    assert_int_equal(diag->label_count, DIAG_LABELS_MAX);
    assert_int_equal(diag->note_count, DIAG_NOTES_MAX);
    assert_int_equal(diag->help_count, DIAG_HELPS_MAX);
}

static void safe_edits_are_made_and_others_are_not(void **state)
{
    struct desk *desk = *state;
    uint32_t file = add_file(desk, "a.rung", "one two three four");
    struct diag *diag = diag_add(&desk->diags, DIAG_E0211, find_in(desk, file, "three"));
    diag_help_edit(diag, DIAG_FIX_SAFE, find_in(desk, file, "three"), SLICE("3"), "x");
    diag = diag_add(&desk->diags, DIAG_E0211, find_in(desk, file, "one"));
    diag_help_edit(diag, DIAG_FIX_SAFE, find_in(desk, file, "one two"), SLICE("12"), "x");
    diag = diag_add(&desk->diags, DIAG_E0209, find_in(desk, file, "two"));
    diag_help_edit(diag, DIAG_FIX_SAFE, find_in(desk, file, "two"), SLICE("2"), "overlaps");
    diag = diag_add(&desk->diags, DIAG_E0209, find_in(desk, file, "four"));
    diag_help_edit(diag, DIAG_FIX_GUESS, find_in(desk, file, "four"), SLICE("4"), "not sure");
    diag_finish(&desk->diags);
    assert_int_equal(diag_apply_edits(&desk->diags, file, &desk->out), 2);
    assert_true(slice_equal(buf_slice(&desk->out), SLICE("12 3 four")));
}

static void two_safe_insertions_at_one_place_are_made_once(void **state)
{
    struct desk *desk = *state;
    uint32_t file = add_file(desk, "a.rung", "ab");
    for (int i = 0; i < 2; i++) {
        struct diag *diag = diag_add(&desk->diags, i == 0 ? DIAG_E0211 : DIAG_E0209,
                                     span_make(file, 0, 1));
        diag_help_edit(diag, DIAG_FIX_SAFE, span_make(file, 1, 1), SLICE(","), "x");
    }
    diag_finish(&desk->diags);
    assert_int_equal(diag_apply_edits(&desk->diags, file, &desk->out), 1);
    assert_true(slice_equal(buf_slice(&desk->out), SLICE("a,b")));
}

static void codes_are_found_by_their_name(void **state)
{
    (void)state;
    enum diag_code code;
    assert_true(diag_code_find(SLICE("E0204"), &code));
    assert_int_equal(code, DIAG_E0204);
    assert_string_equal(diag_code_slug(code), "missing-type");
    assert_false(diag_code_find(SLICE("E9999"), &code));
}

// ------------------------------------------------------------------------------------ suggestions

static void the_distance_counts_a_swap_as_one(void **state)
{
    (void)state;
    assert_int_equal(suggest_distance(SLICE("reveiw"), SLICE("review"), 3), 1);
    assert_int_equal(suggest_distance(SLICE("review"), SLICE("REVIEW"), 3), 0);
    assert_int_equal(suggest_distance(SLICE("kitten"), SLICE("sitting"), 3), 3);
    assert_int_equal(suggest_distance(SLICE("abc"), SLICE(""), 3), 3);
    assert_int_equal(suggest_distance(SLICE("abcd"), SLICE("wxyz"), 2), 3);
    assert_int_equal(suggest_distance(SLICE("\xd0\x97\xd0\xb2\xd0\xbe\xd0\xbd"),
                                      SLICE("\xd0\xb7\xd0\xb2\xd0\xbe\xd0\xbd"), 2), 0);
}

static void near_names_are_offered_and_far_ones_are_not(void **state)
{
    (void)state;
    struct suggestions suggestions;
    suggest_init(&suggestions, SLICE("contact"));
    suggest_offer(&suggestions, SLICE("estimate"), 0);
    suggest_offer(&suggestions, SLICE("in_work"), 0);
    assert_int_equal(suggestions.count, 0);
    suggest_offer(&suggestions, SLICE("contakt"), 1);
    suggest_offer(&suggestions, SLICE("contacts"), 0);
    suggest_offer(&suggestions, SLICE("contacts"), 1); // the same from another scope
    suggest_offer(&suggestions, SLICE("cuntakt"), 0);
    suggest_offer(&suggestions, SLICE("kontakt"), 0);
    assert_int_equal(suggestions.count, SUGGESTIONS_MAX);
    assert_true(slice_equal(suggestions.names[0], SLICE("contacts"))); // nearer scope
    assert_true(slice_equal(suggestions.names[1], SLICE("contakt")));
    assert_true(slice_equal(suggestions.names[2], SLICE("cuntakt"))); // by alphabet
}

static void case_and_underscores_make_a_certain_suggestion(void **state)
{
    struct desk *desk = *state;
    uint32_t file = add_file(desk, "a.rung", "InWork");
    struct diag *diag = diag_add(&desk->diags, DIAG_E0211, span_make(file, 0, 6));
    struct suggestions suggestions;
    suggest_init(&suggestions, SLICE("InWork"));
    suggest_offer(&suggestions, SLICE("in_work"), 0);
    suggest_offer(&suggestions, SLICE("in_word"), 0);
    assert_true(diag_suggest(diag, &suggestions, span_make(file, 0, 6), "stage"));
    assert_int_equal(diag->helps[0].fix, DIAG_FIX_SAFE);
    assert_true(slice_equal(diag->helps[0].replacement, SLICE("in_work")));
}

static void one_near_name_is_a_guess_and_several_are_listed(void **state)
{
    struct desk *desk = *state;
    uint32_t file = add_file(desk, "a.rung", "salse");
    struct diag *diag = diag_add(&desk->diags, DIAG_E0211, span_make(file, 0, 5));
    struct suggestions suggestions;
    suggest_init(&suggestions, SLICE("salse"));
    assert_false(diag_suggest(diag, &suggestions, span_make(file, 0, 5), "role"));
    suggest_offer(&suggestions, SLICE("sales"), 0);
    assert_true(diag_suggest(diag, &suggestions, span_make(file, 0, 5), "role"));
    assert_int_equal(diag->helps[0].fix, DIAG_FIX_GUESS);
    suggest_offer(&suggestions, SLICE("salsa"), 0);
    assert_true(diag_suggest(diag, &suggestions, span_make(file, 0, 5), "role"));
    assert_int_equal(diag->helps[1].fix, DIAG_FIX_GUESS);
    assert_true(slice_equal(diag->helps[1].text, SLICE("similar names exist: `sales`")));
    assert_true(slice_equal(diag->helps[2].replacement, SLICE("salsa")));
}

#define WITH_DESK(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DESK(all_parts_of_a_message_are_drawn),
        WITH_DESK(carets_stand_under_wide_and_combined_characters),
        WITH_DESK(a_span_over_lines_shows_its_first_and_last),
        WITH_DESK(another_file_is_shown_with_its_name),
        WITH_DESK(what_could_harm_a_terminal_is_not_shown),
        WITH_DESK(a_very_long_line_is_cut_around_the_place),
        WITH_DESK(the_place_at_the_end_of_a_file_can_be_shown),
        WITH_DESK(an_inserted_text_may_have_several_lines),
        WITH_DESK(json_has_one_object_per_line),
        WITH_DESK(messages_come_in_the_order_of_the_text_whatever_the_order_of_discovery),
        WITH_DESK(more_parts_than_fit_are_dropped),
        WITH_DESK(safe_edits_are_made_and_others_are_not),
        WITH_DESK(two_safe_insertions_at_one_place_are_made_once),
        WITH_DESK(codes_are_found_by_their_name),
        WITH_DESK(the_distance_counts_a_swap_as_one),
        WITH_DESK(near_names_are_offered_and_far_ones_are_not),
        WITH_DESK(case_and_underscores_make_a_certain_suggestion),
        WITH_DESK(one_near_name_is_a_guess_and_several_are_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
