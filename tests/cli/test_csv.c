// The CSV reader: what files from the wild look like, and that one bad row costs one row.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/arena.h"
#include "engine/intake/csv.h"

struct source {
    struct slice bytes;
    size_t step; // bytes per read, so that every boundary is crossed somewhere
    bool fails;  // after the last byte
};

static ptrdiff_t source_read(void *context, char *to, size_t bytes)
{
    struct source *source = context;
    if (source->bytes.len == 0) {
        return source->fails ? -1 : 0;
    }
    size_t count = source->step < bytes ? source->step : bytes;
    count = count < source->bytes.len ? count : source->bytes.len;
    memcpy(to, source->bytes.ptr, count);
    source->bytes = slice_sub(source->bytes, count, source->bytes.len);
    return (ptrdiff_t)count;
}

// Writes the file as the reader sees it: one line per row, values in [ ], bad rows with their code.
static void file_print(struct slice bytes, struct csv_options options, size_t step, struct buf *out)
{
    struct source source = { bytes, step, false };
    struct csv csv;
    csv_init(&csv, &options, source_read, &source);
    struct csv_row row;
    enum csv_status status = csv_header(&csv, &row);
    bool header = true;
    while (status == CSV_ROW || status == CSV_BAD) {
        buf_format(out, "%llu", (unsigned long long)row.line);
        if (status == CSV_BAD) {
            buf_format(out, " %s", csv_fault_code(row.fault));
        } else {
            for (uint32_t i = 0; i < row.count; i++) {
                buf_format(out, "[%.*s]", SLICE_PRINT(row.fields[i]));
            }
        }
        buf_put_char(out, '/');
        if (header && status == CSV_BAD) {
            break;
        }
        header = false;
        status = csv_next(&csv, &row);
    }
    csv_done(&csv);
}

static void expect_rows(struct slice bytes, struct csv_options options, const char *expected)
{
    static const size_t steps[] = { 1, 2, 3, 7, 100000 };
    for (size_t i = 0; i < ARRAY_COUNT(steps); i++) {
        struct buf out;
        buf_init(&out, 1 << 20);
        file_print(bytes, options, steps[i], &out);
        buf_put_char(&out, 0);
        assert_string_equal(out.ptr, expected);
        buf_done(&out);
    }
}

#define PLAIN ((struct csv_options){ 0 })
#define EXPECT(text, expected) expect_rows(SLICE(text), PLAIN, expected)

// S127
static void commas_quotes_and_line_ends_are_read(void **state)
{
    (void)state;
    EXPECT("a,b\n1,2\n3,4\n", "1[a][b]/2[1][2]/3[3][4]/");
    EXPECT("a,b\r\n1,2\r\n3,4", "1[a][b]/2[1][2]/3[3][4]/");
    EXPECT("a,b\n\"x, y\",\"say \"\"hi\"\"\"\n", "1[a][b]/2[x, y][say \"hi\"]/");
    EXPECT("a,b\n,\n\"\",\"\"\n", "1[a][b]/2[][]/3[][]/");
    EXPECT("a,b,\n1,2,\n", "1[a][b][]/2[1][2][]/");
}

static void line_breaks_inside_quotes_belong_to_the_value(void **state)
{
    (void)state;
    EXPECT("a,b\n\"one\ntwo\",2\n3,4\n", "1[a][b]/2[one\ntwo][2]/4[3][4]/");
    EXPECT("a,b\r\n\"one\r\ntwo\",2\r\n3,4\r\n", "1[a][b]/2[one\r\ntwo][2]/4[3][4]/");
}

static void byte_order_mark_and_separator_line_are_passed_over(void **state)
{
    (void)state;
    EXPECT("\xef\xbb\xbf"
           "a,b\n1,2\n",
           "1[a][b]/2[1][2]/");
    EXPECT("sep=;\na;b\n1;2\n", "2[a][b]/3[1][2]/");
}

static void separators_are_found_in_the_header(void **state)
{
    (void)state;
    EXPECT("a;b,c\n1;2\n", "1[a;b][c]/2 csv_columns/");
    EXPECT("a;b;c\n1,5;2;3\n", "1[a][b][c]/2[1,5][2][3]/");
    EXPECT("a\tb\n1\t2\n", "1[a][b]/2[1][2]/");
    EXPECT("\"a;;;\",b\n1,2\n", "1[a;;;][b]/2[1][2]/");
    expect_rows(SLICE("a,b;c\n1;2\n"), (struct csv_options){ .separator = ';' },
                "1[a,b][c]/2[1][2]/");
}

static void blank_lines_are_passed_over(void **state)
{
    (void)state;
    EXPECT("\na,b\n\n1,2\n\r\n\n3,4\n\n\n", "2[a][b]/4[1][2]/7[3][4]/");
}

static void ragged_rows_are_bad_and_the_rest_goes_on(void **state)
{
    (void)state;
    EXPECT("a,b\n1\n1,2,3\n5,6\n", "1[a][b]/2 csv_columns/3 csv_columns/4[5][6]/");
}

static void broken_quoting_costs_one_row(void **state)
{
    (void)state;
    EXPECT("a,b\n\"x,1\n\"y\",2\n3,4\n", "1[a][b]/2 csv_quote_after/3[y][2]/4[3][4]/");
    EXPECT("a,b\n\"x\"z,1\n3,4\n", "1[a][b]/2 csv_quote_after/3[3][4]/");
    EXPECT("a,b\nx\"y,1\n3,4\n", "1[a][b]/2 csv_quote_inside/3[3][4]/");
    EXPECT("a,b\n1,\"x\n3,4\n5,6\n", "1[a][b]/2 csv_quote_open/3[3][4]/4[5][6]/");
    EXPECT("a,b\n1,\"x", "1[a][b]/2 csv_quote_open/");
}

static void text_that_is_not_utf8_is_a_bad_row_unless_the_encoding_is_said(void **state)
{
    (void)state;
    EXPECT("a,b\n\xcf\xf0,1\n3,4\n", "1[a][b]/2 csv_encoding/3[3][4]/");
    EXPECT("a,b\n\xc0\xaf,1\n", "1[a][b]/2 csv_encoding/");
    expect_rows(SLICE("a,b\n\xcf\xf0\xb8,\xb9"
                      "1\n"),
                (struct csv_options){ .encoding = CSV_CP1251 }, "1[a][b]/2[Прё][№1]/");
    expect_rows(SLICE("a,b\n\x98,1\n3,4\n"), (struct csv_options){ .encoding = CSV_CP1251 },
                "1[a][b]/2 csv_encoding/3[3][4]/");
    expect_rows(SLICE("a,b\ncaf\xe9,1\n"), (struct csv_options){ .encoding = CSV_LATIN1 },
                "1[a][b]/2[café][1]/");
    EXPECT("\xff\xfe"
           "a\0,\0",
           "1 csv_utf16/");
}

static void zero_bytes_make_a_row_bad(void **state)
{
    (void)state;
    EXPECT("a,b\n1\0,2\n3,4\n", "1[a][b]/2 csv_nul/3[3][4]/");
}

static void lone_carriage_returns_are_refused_unless_the_map_says_so(void **state)
{
    (void)state;
    EXPECT("a,b\r1,2\r3,4\r", "1 csv_cr_lines/");
    EXPECT("a,b\n1\r,2\n3,4\n", "1[a][b]/2 csv_cr_lines/3[3][4]/");
    EXPECT("a,b\n\"1\"\r2,3\n3,4\n", "1[a][b]/2 csv_cr_lines/3[3][4]/");
    expect_rows(SLICE("a,b\r1,2\r\r\"x\ry\",4\r5,6"), (struct csv_options){ .cr_lines = true },
                "1[a][b]/2[1][2]/4[x\ry][4]/6[5][6]/");
}

static void empty_files_have_no_header(void **state)
{
    (void)state;
    EXPECT("", "1 csv_empty/");
    EXPECT("\n\n", "3 csv_empty/");
}

static void oversize_values_and_rows_are_bad_and_the_rest_goes_on(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 24);
    size_t long_bytes = CSV_FIELD_BYTES_MAX + 10;
    char *text = arena_alloc_raw(&arena, 4 << 20);
    size_t at = 0;
    memcpy(text, "a,b\n", 4);
    at = 4;
    memset(text + at, 'x', long_bytes);
    at += long_bytes;
    memcpy(text + at, ",1\n\"", 4);
    at += 4;
    for (size_t i = 0; i < CSV_ROW_BYTES_MAX / 2 + 100; i++) { // an open quote, many lines
        memcpy(text + at, "z\n", 2);
        at += 2;
    }
    memset(text + at, 'y', 1 << 20);
    at += 1 << 20;
    memcpy(text + at, "\n3,4\n", 5);
    at += 5;
    struct source source = { { text, at }, 4096, false };
    struct csv csv;
    struct csv_options options = { 0 };
    csv_init(&csv, &options, source_read, &source);
    struct csv_row row;
    assert_int_equal(csv_header(&csv, &row), CSV_ROW);
    assert_int_equal(csv_next(&csv, &row), CSV_BAD);
    assert_int_equal(row.fault, CSV_FAULT_FIELD_LONG);
    assert_int_equal(row.line, 2);
    assert_int_equal(csv_next(&csv, &row), CSV_BAD);
    assert_int_equal(row.fault, CSV_FAULT_QUOTE_OPEN);
    assert_int_equal(row.line, 3);
    uint32_t ragged = 0;
    while (csv_next(&csv, &row) == CSV_BAD && row.fault == CSV_FAULT_COLUMNS) {
        ragged++;
    }
    assert_int_equal(ragged, CSV_ROW_BYTES_MAX / 2 + 100 - 1);
    assert_int_equal(row.fault, CSV_FAULT_ROW_LONG);
    assert_int_equal(csv_next(&csv, &row), CSV_ROW);
    assert_true(slice_equal(row.fields[0], SLICE("3")));
    assert_int_equal(row.line, 3 + CSV_ROW_BYTES_MAX / 2 + 100 + 1);
    assert_int_equal(csv_next(&csv, &row), CSV_END);
    csv_done(&csv);
    arena_done(&arena);
}

static void a_row_cut_by_a_read_error_is_never_handed_out_as_whole(void **state)
{
    (void)state;
    struct source source = { SLICE("a,b\n1,2\n3,4"), 3, true };
    struct csv csv;
    struct csv_options options = { 0 };
    csv_init(&csv, &options, source_read, &source);
    struct csv_row row;
    assert_int_equal(csv_header(&csv, &row), CSV_ROW);
    assert_int_equal(csv_next(&csv, &row), CSV_ROW);
    assert_int_equal(csv_next(&csv, &row), CSV_FAILED);
    assert_int_equal(csv_next(&csv, &row), CSV_FAILED);
    csv_done(&csv);
}

static void duplicate_headers_are_found(void **state)
{
    (void)state;
    struct slice fields[] = { SLICE("a"), SLICE(""), SLICE(""), SLICE("b"), SLICE("a") };
    struct csv_row row = { .fields = fields, .count = 5 };
    uint32_t first;
    uint32_t second;
    assert_true(csv_duplicate(&row, &first, &second));
    assert_int_equal(first, 0);
    assert_int_equal(second, 4);
    row.count = 4;
    assert_false(csv_duplicate(&row, &first, &second));
}

static void more_values_than_the_bound_make_a_row_bad(void **state)
{
    (void)state;
    char text[2000];
    memset(text, ',', 600);
    memcpy(text + 600, "\n", 1);
    struct source source = { { text, 601 }, 64, false };
    struct csv csv;
    struct csv_options options = { .separator = ',' };
    csv_init(&csv, &options, source_read, &source);
    struct csv_row row;
    assert_int_equal(csv_header(&csv, &row), CSV_BAD);
    assert_int_equal(row.fault, CSV_FAULT_COLUMNS_MAX);
    csv_done(&csv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commas_quotes_and_line_ends_are_read),
        cmocka_unit_test(line_breaks_inside_quotes_belong_to_the_value),
        cmocka_unit_test(byte_order_mark_and_separator_line_are_passed_over),
        cmocka_unit_test(separators_are_found_in_the_header),
        cmocka_unit_test(blank_lines_are_passed_over),
        cmocka_unit_test(ragged_rows_are_bad_and_the_rest_goes_on),
        cmocka_unit_test(broken_quoting_costs_one_row),
        cmocka_unit_test(text_that_is_not_utf8_is_a_bad_row_unless_the_encoding_is_said),
        cmocka_unit_test(zero_bytes_make_a_row_bad),
        cmocka_unit_test(lone_carriage_returns_are_refused_unless_the_map_says_so),
        cmocka_unit_test(empty_files_have_no_header),
        cmocka_unit_test(oversize_values_and_rows_are_bad_and_the_rest_goes_on),
        cmocka_unit_test(a_row_cut_by_a_read_error_is_never_handed_out_as_whole),
        cmocka_unit_test(duplicate_headers_are_found),
        cmocka_unit_test(more_values_than_the_bound_make_a_row_bad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
