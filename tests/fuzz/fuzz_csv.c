// Any bytes as a CSV file. The first byte chooses encoding, separator and line ends, the second how
// the file is cut into reads. Every row has the header's number of values or is a bad row with its
// place; every value of a good row is UTF-8; all lines are accounted for.
#include "base/check.h"
#include "base/utf8.h"
#include "engine/intake/csv.h"
#include "tests/fuzz/fuzz.h"

struct file {
    struct slice rest;
    size_t piece;
};

static ptrdiff_t read_piece(void *context, char *to, size_t bytes)
{
    struct file *file = context;
    size_t len = bytes < file->piece ? bytes : file->piece;
    struct slice part = slice_sub(file->rest, 0, len);
    if (part.len > 0) {
        memcpy(to, part.ptr, part.len);
    }
    file->rest = slice_sub(file->rest, part.len, file->rest.len);
    return (ptrdiff_t)part.len;
}

static void check_row(const struct csv *csv, const struct csv_row *row, enum csv_status status,
                      uint64_t *line)
{
    CHECK(row->line >= *line);
    *line = row->line;
    for (uint32_t i = 0; i < row->count; i++) {
        // What could be read of a bad row may be in no encoding at all.
        CHECK(status == CSV_BAD || utf8_valid(row->fields[i]));
    }
    if (status == CSV_BAD) {
        struct buf text;
        buf_init(&text, 1 << 16);
        CHECK(row->fault != CSV_FAULT_NONE && row->column <= CSV_COLUMNS_MAX + 1);
        csv_explain(csv, row, &text);
        CHECK(text.len > 0);
        buf_done(&text);
    } else {
        CHECK(row->fault == CSV_FAULT_NONE);
    }
#ifdef PLANTED_BUG
    // Sums up widths for six columns, whatever the file has.
    uint64_t widths[6] = { 0 };
    for (uint32_t i = 0; i < row->count; i++) {
        widths[i] += row->fields[i].len;
    }
    CHECK(widths[0] < UINT64_MAX);
#endif
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char separators[] = { 0, ',', ';', '\t' };
    if (size < 2) {
        return 0;
    }
    const struct csv_options options = {
        .separator = separators[data[0] & 3],
        .encoding = (enum csv_encoding)((data[0] >> 2) % 3),
        .cr_lines = (data[0] & 0x80) != 0,
    };
    struct file file = { slice_make((const char *)data + 2, size - 2), (size_t)data[1] + 1 };
    struct csv csv;
    struct csv_row row;
    csv_init(&csv, &options, read_piece, &file);
    enum csv_status status = csv_header(&csv, &row);
    uint64_t line = 1;
    uint32_t columns = row.count;
    uint32_t first = 0, second = 0;
    if (status == CSV_ROW && csv_duplicate(&row, &first, &second)) {
        CHECK(first < second && second < columns);
    }
    bool header = status == CSV_ROW;
    while (status == CSV_ROW || (status == CSV_BAD && header)) {
        CHECK(IMPLIES(status == CSV_ROW, row.count == columns));
        check_row(&csv, &row, status, &line);
        status = csv_next(&csv, &row);
    }
    CHECK(status != CSV_FAILED);
    csv_done(&csv);
    return 0;
}
