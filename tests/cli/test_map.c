// MAP files of imports: what they say, and that every mistake is shown with its place.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "engine/intake/map.h"

static struct slice header_fields[] = { { "Lead Number", 11 }, { "Phone", 5 },    { "City", 4 },
                                        { "category", 8 },     { "category", 8 }, { "", 0 } };
static const struct csv_row header = { .fields = header_fields, .count = 6 };
static const struct csv_row header_clean = { .fields = header_fields, .count = 3 };

struct fixture {
    struct arena arena;
    struct map map;
};

static void parse(struct fixture *fixture, const char *text)
{
    arena_init(&fixture->arena, 1 << 22);
    map_parse(&fixture->map, &fixture->arena, SLICE("leads.map"), slice_from_cstr(text));
}

static void expect_faults(const char *text, const struct csv_row *columns, const char *expected)
{
    static struct fixture fixture;
    parse(&fixture, text);
    if (columns != NULL && fixture.map.lines.fault_count == 0) {
        map_bind(&fixture.map, columns);
    }
    struct buf out;
    buf_init(&out, 1 << 16);
    map_lines_render(&fixture.map.lines, NULL, NULL, &out);
    buf_put_char(&out, 0);
    assert_string_equal(out.ptr, expected);
    buf_done(&out);
    arena_done(&fixture.arena);
}

// S127
static void everything_a_map_can_say_is_read(void **state)
{
    (void)state;
    static struct fixture fixture;
    parse(&fixture, "\xef\xbb\xbf-- leads of the site\r\n"
                    "source = \"X Education\"   -- remembered\r\n"
                    "row id = \"Lead Number\"\n"
                    "encoding cp1251\n"
                    "separator \";\"\n"
                    "lines cr\n"
                    "\n"
                    "phone = Phone\n"
                    "city=City\n"
                    "  \"Select\" ->\n"
                    "\t\"Msk\" -> \"Moscow, \"\"the\"\" city\" -- renamed\n"
                    "  SPb->Petersburg\n"
                    "tags = column 4 split \",\"\n"
                    "origin := import\n"
                    "field source = Phone\n");
    struct map *map = &fixture.map;
    assert_int_equal(map->lines.fault_count, 0);
    assert_true(slice_equal(map->source, SLICE("X Education")));
    assert_int_equal(map->csv.encoding, CSV_CP1251);
    assert_int_equal(map->csv.separator, ';');
    assert_true(map->csv.cr_lines);
    assert_int_equal(map->field_count, 5);
    map_bind(map, &header_clean);
    assert_int_equal(map->lines.fault_count, 1); // column 4 of three
    map->lines.fault_count = 0;
    map_bind(map, &header);
    assert_int_equal(map->lines.fault_count, 0);
    assert_int_equal(map->row_id.index, 0);
    assert_int_equal(map->fields[0].column.index, 1);
    assert_int_equal(map->fields[1].values.count, 3);
    assert_int_equal(map_value_of(&map->fields[1].values, SLICE("Select")).len, 0);
    assert_true(slice_equal(map_value_of(&map->fields[1].values, SLICE("Msk")),
                            SLICE("Moscow, \"the\" city")));
    assert_true(
        slice_equal(map_value_of(&map->fields[1].values, SLICE("SPb")), SLICE("Petersburg")));
    assert_true(slice_equal(map_value_of(&map->fields[1].values, SLICE("msk")), SLICE("msk")));
    assert_int_equal(map->fields[2].split, ',');
    assert_int_equal(map->fields[2].column.index, 3);
    assert_true(map->fields[3].constant);
    assert_true(slice_equal(map->fields[3].text, SLICE("import")));
    assert_true(slice_equal(map->fields[4].name, SLICE("source")));
    arena_done(&fixture.arena);
}

static void an_unknown_column_is_shown_with_a_similar_one(void **state)
{
    (void)state;
    expect_faults("source = s\nrow id = \"Lead Number\"\nphone = Phnoe\n", &header_clean,
                  "error: there is no column named `Phnoe` in the CSV file\n"
                  " --> leads.map:3:9\n"
                  "  |\n"
                  "3 | phone = Phnoe\n"
                  "  |         ^^^^^\n"
                  "  = help: a column with a similar name exists: `Phone`\n\n");
}

static void every_mistake_is_told_with_its_place(void **state)
{
    (void)state;
    expect_faults(
        "source = s\nrow id = \"Lead Number\nphone\n  x -> y\nencoding koi8\ncity = City City\n"
        "city = City\ncity = Phone\norigin := a\n  x -> y\nrow id = column 0\n",
        NULL,
        "error: this quote is never closed\n"
        " --> leads.map:2:10\n"
        "  |\n"
        "2 | row id = \"Lead Number\n"
        "  |          ^^^^^^^^^^^^\n"
        "  = help: close it on the same line; a quote inside is written twice\n\n"
        "error: `=` or `:=` is missing here\n"
        " --> leads.map:3:6\n"
        "  |\n"
        "3 | phone\n"
        "  |      ^\n"
        "  = help: write `field = column`, or `field := constant`\n\n"
        "error: there is nothing to map above this line\n"
        " --> leads.map:4:3\n"
        "  |\n"
        "4 |   x -> y\n"
        "  |   ^\n"
        "  = help: values belong under the line of their field\n\n"
        "error: this is not an encoding\n"
        " --> leads.map:5:10\n"
        "  |\n"
        "5 | encoding koi8\n"
        "  |          ^^^^\n"
        "  = help: the encodings are utf8, cp1251 and latin1\n\n"
        "error: this does not belong on the line\n"
        " --> leads.map:6:13\n"
        "  |\n"
        "6 | city = City City\n"
        "  |             ^^^^\n"
        "  = help: a name with blanks goes in quotes: \"Lead Number\"\n\n"
        "error: this field is filled twice\n"
        " --> leads.map:8:1\n"
        "  |\n"
        "8 | city = Phone\n"
        "  | ^^^^\n"
        "  = help: keep one of the lines\n\n"
        "error: there is nothing to map above this line\n"
        "  --> leads.map:10:3\n"
        "   |\n"
        "10 |   x -> y\n"
        "   |   ^\n"
        "   = help: values belong under the line of their field\n\n"
        "error: this is not the number of a column\n"
        "  --> leads.map:11:17\n"
        "   |\n"
        "11 | row id = column 0\n"
        "   |                 ^\n"
        "   = help: columns count from 1: `column 9`; a column called \"column\" goes in "
        "quotes\n\n"
        "error: the MAP does not say which column tells rows apart\n"
        " --> leads.map\n"
        "  = help: add a line like `row id = \"Lead Number\"`\n\n");
}

static void an_empty_map_says_what_is_missing(void **state)
{
    (void)state;
    expect_faults(
        "-- nothing\n", NULL,
        "error: the MAP does not name its source\n"
        " --> leads.map\n"
        "  = help: add a line like `source = website`: rows are remembered under this name, "
        "so that they are never taken twice\n\n"
        "error: the MAP does not say which column tells rows apart\n"
        " --> leads.map\n"
        "  = help: add a line like `row id = \"Lead Number\"`\n\n");
    expect_faults("source = s\nrow id = column 1\nx = \xff\n", NULL,
                  "error: the MAP file is not UTF-8 text of at most 1 MiB\n"
                  " --> leads.map\n\n");
}

static void duplicate_headers_are_refused_unless_a_number_says_which(void **state)
{
    (void)state;
    expect_faults("source = s\nrow id = \"Lead Number\"\nphone = Phone\n", &header,
                  "error: columns 4 and 5 of the CSV file are both called `category` "
                  "(csv_duplicate_header)\n"
                  " --> leads.map\n"
                  "  = help: say which one is meant by its number: `field = column 5`\n\n");
    expect_faults("source = s\nrow id = \"Lead Number\"\nkind = column 5\n", &header, "");
    expect_faults("source = s\nrow id = column 1\nphone = column 2\n", &header, "");
}

static void fields_that_the_process_does_not_have_are_shown(void **state)
{
    (void)state;
    static struct fixture fixture;
    parse(&fixture, "source = s\nrow id = column 1\nphon = column 2\nrecieved = column 3\n");
    const struct slice known[] = { SLICE("phone"), SLICE("company") };
    map_check_fields(&fixture.map, SLICE("lead"), known, 2);
    assert_int_equal(fixture.map.lines.fault_count, 2);
    assert_true(slice_equal(fixture.map.lines.faults[0].help,
                            SLICE("a field with a similar name exists: `phone`")));
    assert_int_equal(fixture.map.lines.faults[1].help.len, 0);
    arena_done(&fixture.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_a_map_can_say_is_read),
        cmocka_unit_test(an_unknown_column_is_shown_with_a_similar_one),
        cmocka_unit_test(every_mistake_is_told_with_its_place),
        cmocka_unit_test(an_empty_map_says_what_is_missing),
        cmocka_unit_test(duplicate_headers_are_refused_unless_a_number_says_which),
        cmocka_unit_test(fields_that_the_process_does_not_have_are_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
