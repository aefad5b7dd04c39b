// Drawings of processes, as text and as Mermaid, as people see them. In the snapshots each line of
// a drawing stands behind a bar.
#include "dsl/graph/graph.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/utf8.h"
#include "dsl/compile.h"
#include "tests/dsl/sema_files.h"
#include "tests/dsl/snapshot.h"

#define FOLDER "tests/dsl/graph"

enum { TEXT_BYTES_MAX = 4 << 20, COLUMNS = 80 };

static void draw_in(const struct compile_program *program, const char *lang, enum graph_form form,
                    struct buf *out)
{
    struct image image;
    struct arena arena;
    arena_init(&arena, (size_t)64 << 20);
    assert_int_equal(image_open(program->image, &image), OK);
    graph_draw(&image, form, slice_from_cstr(lang), &arena, out);
    arena_done(&arena);
}

static void draw(const struct compile_program *program, enum graph_form form, struct buf *out)
{
    draw_in(program, NULL, form, out);
}

static void put_barred(struct slice text, struct buf *out)
{
    for (size_t i = 0; i < text.len; i++) {
        if (i == 0 || text.ptr[i - 1] == '\n') {
            buf_put_char(out, '|');
        }
        buf_put_char(out, text.ptr[i]);
    }
}

static void must_fit(struct slice text)
{
    size_t start = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\n') {
            struct slice line = slice_sub(text, start, i - start);
            if (utf8_cells(line) > COLUMNS) {
                fail_msg("wider than %d columns: %.*s", COLUMNS, SLICE_PRINT(line));
            }
            start = i + 1;
        }
    }
}

static void compile_one(struct slice name, struct slice text, struct compile_result *result)
{
    const struct compile_file file = { name, text };
    const struct compile_input input = { .files = &file, .file_count = 1, .load = sema_load };
    compile_set(&input, result);
    if (!compile_is_good(result)) {
        struct buf out;
        buf_init(&out, TEXT_BYTES_MAX);
        diag_render_text(&result->diags, &out, 0);
        fail_msg("%.*s", SLICE_PRINT(buf_slice(&out)));
    }
}

static void render_drawings(const struct snapshot *snapshot, struct buf *out, void *context)
{
    (void)context;
    struct compile_result result;
    compile_one(slice_from_cstr(snapshot->name), snapshot->program, &result);
    for (uint32_t i = 0; i < result.program_count; i++) {
        static const enum graph_form forms[] = { GRAPH_TEXT, GRAPH_MERMAID };
        for (size_t f = 0; f < sizeof forms / sizeof *forms; f++) {
            struct buf drawing;
            buf_init(&drawing, TEXT_BYTES_MAX);
            draw(&result.programs[i], forms[f], &drawing);
            put_barred(buf_slice(&drawing), out);
            if (forms[f] == GRAPH_TEXT) {
                must_fit(buf_slice(&drawing));
            }
            buf_done(&drawing);
        }
    }
    compile_done(&result);
}

// S51
static void a_process_is_drawn_as_people_read_it(void **state)
{
    (void)state;
    snapshot_run(FOLDER, render_drawings, NULL);
}

// --- the company's processes ------------------------------------------------------------------

static unsigned count_of(struct slice text, const char *part)
{
    struct slice wanted = slice_from_cstr(part);
    unsigned count = 0;
    for (size_t i = 0; i < text.len; i++) {
        count += slice_starts(slice_sub(text, i, wanted.len), wanted) ? 1 : 0;
    }
    return count;
}

static void draw_twice(const struct compile_program *program, enum graph_form form,
                       struct buf *ret_drawing)
{
    struct buf again;
    buf_init(ret_drawing, TEXT_BYTES_MAX);
    buf_init(&again, TEXT_BYTES_MAX);
    draw(program, form, ret_drawing);
    draw(program, form, &again);
    assert_true(slice_equal(buf_slice(ret_drawing), buf_slice(&again)));
    buf_done(&again);
}

// Every button, end and stage stands in each form; what is open is closed.
static void must_be_whole(const struct compile_program *program)
{
    struct image image;
    assert_int_equal(image_open(program->image, &image), OK);
    struct buf text;
    struct buf mermaid;
    struct buf dot;
    draw_twice(program, GRAPH_TEXT, &text);
    draw_twice(program, GRAPH_MERMAID, &mermaid);
    draw_twice(program, GRAPH_DOT, &dot);
    must_fit(buf_slice(&text));
    assert_int_equal(count_of(buf_slice(&text), "stage ") +
                         count_of(buf_slice(&text), "\nescalation "),
                     image.stage_count - 1);
    assert_true(count_of(buf_slice(&text), "[") >= image.action_count);
    assert_int_equal(count_of(buf_slice(&mermaid), "  class e"), image.end_count);
    assert_int_equal(count_of(buf_slice(&mermaid), "{\n"), count_of(buf_slice(&mermaid), "}\n"));
    assert_int_equal(count_of(buf_slice(&dot), "{\n"), count_of(buf_slice(&dot), "}\n"));
    assert_int_equal(count_of(buf_slice(&dot), "peripheries=2"), image.end_count);
    buf_done(&text);
    buf_done(&mermaid);
    buf_done(&dot);
}

static void the_same_program_gives_the_same_drawing_and_nothing_is_left_out(void **state)
{
    (void)state;
    static const char *const names[] = { "processes/lead.rung", "tests/dsl/programs/trade.rung" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct arena arena;
        arena_init(&arena, (size_t)16 << 20);
        struct slice text;
        assert_true(sema_read_file(names[i], &arena, &text));
        struct compile_result result;
        compile_one(slice_from_cstr(names[i]), text, &result);
        assert_true(result.program_count > 0);
        for (uint32_t p = 0; p < result.program_count; p++) {
            must_be_whole(&result.programs[p]);
        }
        compile_done(&result);
        arena_done(&arena);
    }
}

// --- languages ----------------------------------------------------------------------------------

// Russian throughout, German only here and there.
static const char errand[] =
    "role clerk \"Clerk\" ru \"Сотрудник\"\n"
    "process errand \"Errand\" de \"Auftrag\" ru \"Поручение\" {\n"
    "  title \"Bring {what}\" ru \"Принести {what}\"\n"
    "  field what: text \"What\" ru \"Что\"\n"
    "  start => to_do\n"
    "  stage to_do \"Under way\" ru \"В работе\" {\n"
    "    stage near \"Near by\" ru \"Рядом\" {\n"
    "      task \"Fetch {what}\" ru \"Забрать: {what}\" de \"Hole {what}\" for clerk due 1 day\n"
    "      action bring \"Brought\" ru \"Принёс\" => brought\n"
    "    }\n"
    "    action drop \"Give up\" ru \"Бросить\" {\n"
    "      task \"Tell why\" ru \"Объяснить\" for clerk due now\n"
    "      => dropped\n"
    "    }\n"
    "  }\n"
    "  end brought \"Delivered\" ru \"Доставлено\" de \"Geliefert\" success\n"
    "  end dropped \"Given up\" ru \"Брошено\" failure\n"
    "}\n";

static void must_say(const struct compile_program *program, const char *lang, enum graph_form form,
                     const char *const *said, const char *const *unsaid)
{
    struct buf drawing;
    buf_init(&drawing, TEXT_BYTES_MAX);
    draw_in(program, lang, form, &drawing);
    for (; *said != NULL; said++) {
        if (count_of(buf_slice(&drawing), *said) == 0) {
            fail_msg("`%s` is missing in:\n%.*s", *said, SLICE_PRINT(buf_slice(&drawing)));
        }
    }
    for (; *unsaid != NULL; unsaid++) {
        if (count_of(buf_slice(&drawing), *unsaid) > 0) {
            fail_msg("`%s` stands in:\n%.*s", *unsaid, SLICE_PRINT(buf_slice(&drawing)));
        }
    }
    buf_done(&drawing);
}

static void labels_are_drawn_in_the_language_asked_for_and_else_as_written_first(void **state)
{
    (void)state;
    static const char *const english[] = { "Errand",  "Under way", "Near by",  "Brought",
                                           "Give up", "Delivered", "Given up", NULL };
    static const char *const russian[] = { "Поручение", "В работе",   "Рядом",   "Принёс",
                                           "Бросить",   "Доставлено", "Брошено", NULL };
    static const char *const german[] = { "Auftrag", "Under way", "Near by",  "Brought",
                                          "Give up", "Geliefert", "Given up", NULL };
    static const char *const other_than_german[] = { "Errand", "Delivered", "Поручение",
                                                     "Доставлено", NULL };
    static const enum graph_form forms[] = { GRAPH_TEXT, GRAPH_MERMAID, GRAPH_DOT };
    struct compile_result result;
    compile_one(SLICE("errand.rung"), slice_from_cstr(errand), &result);
    assert_int_equal(result.program_count, 1);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        must_say(&result.programs[0], NULL, forms[i], english, russian);
        must_say(&result.programs[0], "ru", forms[i], russian, english);
        must_say(&result.programs[0], "de", forms[i], german, other_than_german);
    }
    compile_done(&result);
}

static void tasks_are_drawn_in_the_language_asked_for(void **state)
{
    (void)state;
    static const char *const english[] = { "\"Fetch {what}\"", "\"Tell why\"", NULL };
    static const char *const russian[] = { "\"Забрать: {what}\"", "\"Объяснить\"", NULL };
    static const char *const german[] = { "\"Hole {what}\"", "\"Tell why\"", NULL };
    static const char *const fetch[] = { "Fetch", "Забрать", NULL };
    struct compile_result result;
    compile_one(SLICE("errand.rung"), slice_from_cstr(errand), &result);
    must_say(&result.programs[0], NULL, GRAPH_TEXT, english, russian);
    must_say(&result.programs[0], "ru", GRAPH_TEXT, russian, english);
    must_say(&result.programs[0], "de", GRAPH_TEXT, german, fetch);
    compile_done(&result);
}

static void the_languages_of_a_process_are_told_each_once(void **state)
{
    (void)state;
    struct compile_result result;
    struct image image;
    struct arena arena;
    struct graph_languages known = { 0 };
    compile_one(SLICE("errand.rung"), slice_from_cstr(errand), &result);
    arena_init(&arena, (size_t)1 << 20);
    assert_int_equal(image_open(result.programs[0].image, &image), OK);
    graph_add_languages(&image, &arena, &known);
    graph_add_languages(&image, &arena, &known);
    assert_int_equal(known.count, 2);
    assert_true(slice_equal(known.codes[0], SLICE("de")));
    assert_true(slice_equal(known.codes[1], SLICE("ru")));
    arena_done(&arena);
    compile_done(&result);
}

// --- pictures -----------------------------------------------------------------------------------

// The line of a drawing that begins with `begin`.
static struct slice line_of(struct slice text, const char *begin)
{
    struct slice wanted = slice_from_cstr(begin);
    for (size_t i = 0; i < text.len; i++) {
        if (slice_starts(slice_sub(text, i, text.len), wanted)) {
            size_t end = i;
            while (end < text.len && text.ptr[end] != '\n') {
                end++;
            }
            return slice_sub(text, i, end - i);
        }
    }
    fail_msg("no line begins with `%s` in:\n%.*s", begin, SLICE_PRINT(text));
    return SLICE_EMPTY;
}

// Graphviz would lay the words of a loop below other edges.
static void what_leaves_a_case_where_it_is_stands_in_the_box_of_its_stage(void **state)
{
    (void)state;
    static const char program[] =
        "role clerk \"Clerk\"\n"
        "ladder busy { 5 min }\n"
        "process errand \"Errand\" {\n"
        "  title \"Bring\"\n"
        "  field note: text \"Note\"\n"
        "  start => near\n"
        "  stage near \"Near by\" {\n"
        "    task \"Fetch\" for clerk due now\n"
        "    action busy \"Busy\" retry busy then => lost\n"
        "    action bring \"Brought\" => brought\n"
        "  }\n"
        "  action remark \"Remark\" { ask note }\n"
        "  end brought \"Delivered\" success\n"
        "  end lost \"Lost\" failure\n"
        "}\n";
    struct compile_result result;
    struct buf drawing;
    compile_one(SLICE("errand.rung"), slice_from_cstr(program), &result);
    buf_init(&drawing, TEXT_BYTES_MAX);
    draw(&result.programs[0], GRAPH_DOT, &drawing);
    struct slice stage = line_of(buf_slice(&drawing), "  s1 [label=");
    struct slice anywhere = line_of(buf_slice(&drawing), "  a0 [label=");
    assert_int_equal(count_of(stage, "stays:"), 1);
    assert_int_equal(count_of(stage, "Busy (clerk): ladder busy\\l"), 1);
    assert_int_equal(count_of(stage, "Brought"), 0);
    assert_int_equal(count_of(anywhere, "Remark (clerk)\\l"), 1);
    assert_int_equal(count_of(buf_slice(&drawing), "s1 -> s1"), 0);
    assert_int_equal(count_of(buf_slice(&drawing), "a0 -> a0"), 0);
    assert_int_equal(count_of(line_of(buf_slice(&drawing), "  s1 -> e0"), "Brought (clerk)"), 1);
    assert_int_equal(count_of(line_of(buf_slice(&drawing), "  s1 -> e1"), "after ladder busy"), 1);
    buf_done(&drawing);
    compile_done(&result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_process_is_drawn_as_people_read_it),
        cmocka_unit_test(labels_are_drawn_in_the_language_asked_for_and_else_as_written_first),
        cmocka_unit_test(tasks_are_drawn_in_the_language_asked_for),
        cmocka_unit_test(the_languages_of_a_process_are_told_each_once),
        cmocka_unit_test(what_leaves_a_case_where_it_is_stands_in_the_box_of_its_stage),
        cmocka_unit_test(the_same_program_gives_the_same_drawing_and_nothing_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
