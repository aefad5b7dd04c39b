// One row is scanned from the start of the window to its end, its values are decoded into `text`.
// After broken quoting the next row starts on the next line, not behind the text that the stray
// quote has swallowed: one bad quote costs one row.
#include "engine/intake/csv.h"

#include "base/attr.h"
#include "base/check.h"
#include "base/mem.h"
#include "base/utf8.h"

enum {
    CHUNK_BYTES = 64 * 1024,
    WINDOW_BYTES = CSV_ROW_BYTES_MAX + CHUNK_BYTES,
    TEXT_BYTES_MAX = 3 * CSV_ROW_BYTES_MAX + 16, // a byte of cp1251 becomes at most three
    NO_BYTE = -1
};

struct scan {
    struct csv *csv;
    struct csv_row *row;
    size_t at; // within the window
    size_t field_start;
    uint32_t count;
    bool restart; // the quotes cannot be followed: go on with the next line
};

static const struct { const char *code, *sentence, *help; } faults[] = {
    { "", "", "" },
#define CSV_FAULT(CODE, code, sentence, help) { code, sentence, help },
#include "engine/intake/csv_fault.def"
#undef CSV_FAULT
};

const char *csv_fault_code(enum csv_fault fault)
{
    CHECK(fault < CSV_FAULT_COUNT);
    return faults[fault].code;
}

const char *csv_fault_sentence(enum csv_fault fault)
{
    CHECK(fault < CSV_FAULT_COUNT);
    return faults[fault].sentence;
}

const char *csv_fault_help(enum csv_fault fault)
{
    CHECK(fault < CSV_FAULT_COUNT);
    return faults[fault].help;
}

void csv_init(struct csv *csv, const struct csv_options *options, csv_read_fn *read, void *context)
{
    *csv = (struct csv){ .options = *options, .read = read, .context = context, .line = 1 };
    csv->window = mem_alloc(WINDOW_BYTES);
    csv->ends = mem_alloc(CSV_COLUMNS_MAX * sizeof(uint32_t));
    csv->fields = mem_alloc(CSV_COLUMNS_MAX * sizeof(struct slice));
    buf_init(&csv->text, TEXT_BYTES_MAX);
}

void csv_done(struct csv *csv)
{
    mem_free(csv->window);
    mem_free(csv->ends);
    mem_free(csv->fields);
    buf_done(&csv->text);
    *csv = (struct csv){ 0 };
}

static void window_fill(struct csv *csv)
{
    if (csv->ended || csv->failed || csv->window_len == WINDOW_BYTES) {
        return;
    }
    if (csv->window_start > 0) {
        memmove(csv->window, csv->window + csv->window_start, csv->window_len);
        csv->window_start = 0;
    }
    size_t room = WINDOW_BYTES - csv->window_len;
    ptrdiff_t got = csv->read(csv->context, csv->window + csv->window_len,
                              room < CHUNK_BYTES ? room : CHUNK_BYTES);
    if (got < 0) {
        csv->failed = true;
    } else if (got == 0) {
        csv->ended = true;
    } else {
        csv->window_len += (size_t)got;
    }
}

// The byte `at` bytes behind the start of the row, or NO_BYTE at the end or beyond the row's bound.
static int byte_at(struct csv *csv, size_t at)
{
    while (at >= csv->window_len) {
        size_t before = csv->window_len;
        window_fill(csv);
        if (csv->window_len == before) {
            return NO_BYTE;
        }
    }
    return (unsigned char)csv->window[csv->window_start + at];
}

static void window_drop(struct csv *csv, size_t bytes)
{
    CHECK(bytes <= csv->window_len);
    char ends = csv->options.cr_lines ? '\r' : '\n';
    bool alone = csv->options.cr_lines;
    const char *dropped = csv->window + csv->window_start;
    for (size_t i = 0; i < bytes; i++) {
        // With lone carriage returns allowed, CR LF is still one line end.
        bool pair = alone && dropped[i] == '\n' && i > 0 && dropped[i - 1] == '\r';
        csv->line += (dropped[i] == ends || (alone && dropped[i] == '\n' && !pair)) ? 1 : 0;
    }
    csv->window_start += bytes;
    csv->window_len -= bytes;
}

// Drops everything up to and with the next line end.
static void line_skip(struct csv *csv)
{
    size_t at = 0;
    for (;;) {
        int byte = byte_at(csv, at);
        if (byte == NO_BYTE) {
            window_drop(csv, at);
            if (csv->ended || csv->failed) {
                return;
            }
            at = 0;
            continue;
        }
        at++;
        if (byte == '\n' || (byte == '\r' && csv->options.cr_lines && byte_at(csv, at) != '\n')) {
            window_drop(csv, at);
            return;
        }
    }
}

static void fault_set(struct scan *scan, enum csv_fault fault)
{
    if (scan->row->fault == CSV_FAULT_NONE) {
        scan->row->fault = fault;
        scan->row->column = scan->count + 1;
    }
}

// The upper half of code page 1251, as Unicode (Microsoft's published table); 0: not assigned.
static uint32_t cp1251_code(unsigned char byte)
{
    static const uint16_t table[64] = {
        0x0402, 0x0403, 0x201a, 0x0453, 0x201e, 0x2026, 0x2020, 0x2021, 0x20ac, 0x2030, 0x0409,
        0x2039, 0x040a, 0x040c, 0x040b, 0x040f, 0x0452, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
        0x2013, 0x2014, 0,      0x2122, 0x0459, 0x203a, 0x045a, 0x045c, 0x045b, 0x045f, 0x00a0,
        0x040e, 0x045e, 0x0408, 0x00a4, 0x0490, 0x00a6, 0x00a7, 0x0401, 0x00a9, 0x0404, 0x00ab,
        0x00ac, 0x00ad, 0x00ae, 0x0407, 0x00b0, 0x00b1, 0x0406, 0x0456, 0x0491, 0x00b5, 0x00b6,
        0x00b7, 0x0451, 0x2116, 0x0454, 0x00bb, 0x0458, 0x0405, 0x0455, 0x0457
    };
    return byte >= 0xc0 ? 0x0410u + (byte - 0xc0u) : table[byte - 0x80];
}

static void text_put(struct scan *scan, int byte)
{
    struct csv *csv = scan->csv;
    if (byte == 0) {
        fault_set(scan, CSV_FAULT_NUL);
        return;
    }
    if (byte < 0x80 || csv->options.encoding == CSV_UTF8) {
        buf_put_char(&csv->text, (char)byte);
        return;
    }
    uint32_t code =
        csv->options.encoding == CSV_CP1251 ? cp1251_code((unsigned char)byte) : (uint32_t)byte;
    if (code == 0) {
        fault_set(scan, CSV_FAULT_ENCODING);
        return;
    }
    char encoded[4];
    size_t bytes = utf8_encode(code, encoded);
    buf_put(&csv->text, encoded, bytes);
}

// Where a line ends at `at`: bytes of the line end, 0 when none is there.
static size_t line_end_at(struct scan *scan, int byte)
{
    if (byte == '\n') {
        return 1;
    }
    if (byte != '\r') {
        return 0;
    }
    int next = byte_at(scan->csv, scan->at + 1);
    if (next == '\n') {
        return 2;
    }
    return scan->csv->options.cr_lines ? 1 : 0;
}

// "…" from the opening quote to the closing one. False: the quotes cannot be followed.
static bool quoted_scan(struct scan *scan)
{
    scan->at++;
    for (;;) {
        int byte = byte_at(scan->csv, scan->at);
        if (byte == NO_BYTE || scan->at >= CSV_ROW_BYTES_MAX) {
            fault_set(scan, CSV_FAULT_QUOTE_OPEN);
            return false;
        }
        scan->at++;
        if (byte != '"') {
            text_put(scan, byte);
        } else if (byte_at(scan->csv, scan->at) == '"') {
            text_put(scan, byte);
            scan->at++;
        } else {
            break;
        }
    }
    int byte = byte_at(scan->csv, scan->at);
    if (byte == NO_BYTE || byte == scan->csv->options.separator || line_end_at(scan, byte) > 0) {
        return true;
    }
    fault_set(scan, byte == '\r' ? CSV_FAULT_CR_LINES : CSV_FAULT_QUOTE_AFTER);
    return false;
}

static void plain_scan(struct scan *scan)
{
    while (scan->at < CSV_ROW_BYTES_MAX) {
        int byte = byte_at(scan->csv, scan->at);
        if (byte == NO_BYTE || byte == scan->csv->options.separator ||
            line_end_at(scan, byte) > 0) {
            return;
        }
        if (byte == '"') {
            fault_set(scan, CSV_FAULT_QUOTE_INSIDE);
        } else if (byte == '\r') {
            fault_set(scan, CSV_FAULT_CR_LINES);
        }
        text_put(scan, byte);
        scan->at++;
    }
}

static void field_close(struct scan *scan)
{
    struct csv *csv = scan->csv;
    size_t start = scan->count == 0 ? 0 : csv->ends[scan->count - 1];
    struct slice text = slice_sub(buf_slice(&csv->text), start, csv->text.len);
    if (scan->at - scan->field_start > CSV_FIELD_BYTES_MAX) {
        fault_set(scan, CSV_FAULT_FIELD_LONG);
    }
    if (csv->options.encoding == CSV_UTF8 && !utf8_valid(text)) {
        fault_set(scan, CSV_FAULT_ENCODING);
    }
    csv->ends[scan->count++] = (uint32_t)csv->text.len;
}

// Values up to the end of the row. `at` is left behind its line end.
static void row_scan(struct scan *scan)
{
    struct csv *csv = scan->csv;
    for (;;) {
        scan->field_start = scan->at;
        if (byte_at(csv, scan->at) == '"') {
            if (!quoted_scan(scan)) {
                scan->restart = true;
                return;
            }
        } else {
            plain_scan(scan);
        }
        if (scan->at >= CSV_ROW_BYTES_MAX) {
            fault_set(scan, CSV_FAULT_ROW_LONG);
            scan->restart = true;
            return;
        }
        field_close(scan);
        int byte = byte_at(csv, scan->at);
        if (byte == NO_BYTE) {
            return;
        }
        size_t end = line_end_at(scan, byte);
        if (end > 0) {
            scan->at += end;
            return;
        }
        scan->at++; // the separator
        if (scan->count == CSV_COLUMNS_MAX) {
            fault_set(scan, CSV_FAULT_COLUMNS_MAX);
            scan->restart = true;
            return;
        }
    }
}

static void separator_find(struct csv *csv)
{
    static const char candidates[] = { ',', ';', '\t', '|' };
    size_t counts[ARRAY_COUNT(candidates)] = { 0 };
    bool quoted = false;
    for (size_t at = 0; at < CSV_ROW_BYTES_MAX; at++) {
        int byte = byte_at(csv, at);
        if (byte == NO_BYTE || (!quoted && (byte == '\n' || byte == '\r'))) {
            break;
        }
        quoted = byte == '"' ? !quoted : quoted;
        for (size_t i = 0; i < ARRAY_COUNT(candidates); i++) {
            counts[i] += (!quoted && byte == candidates[i]) ? 1 : 0;
        }
    }
    size_t best = 0;
    for (size_t i = 1; i < ARRAY_COUNT(candidates); i++) {
        best = counts[i] > counts[best] ? i : best;
    }
    csv->options.separator = candidates[best];
}

// Byte order marks, and the `sep=;` line that a spreadsheet writes for itself.
static bool file_begin(struct csv *csv)
{
    csv->begun = true;
    int a = byte_at(csv, 0);
    int b = byte_at(csv, 1);
    if ((a == 0xff && b == 0xfe) || (a == 0xfe && b == 0xff)) {
        return false;
    }
    if (a == 0xef && b == 0xbb && byte_at(csv, 2) == 0xbf) {
        window_drop(csv, 3);
    }
    (void)byte_at(csv, 6);
    struct slice start = { csv->window + csv->window_start, csv->window_len };
    if (slice_starts(start, SLICE("sep=")) && start.len > 5 &&
        (start.ptr[5] == '\n' || start.ptr[5] == '\r')) {
        if (csv->options.separator == 0) {
            csv->options.separator = start.ptr[4];
        }
        line_skip(csv);
    }
    if (csv->options.separator == 0) {
        separator_find(csv);
    }
    return true;
}

static void blanks_skip(struct csv *csv)
{
    for (;;) {
        int byte = byte_at(csv, 0);
        if (byte != '\n' && byte != '\r') {
            return;
        }
        if (byte == '\r' && byte_at(csv, 1) != '\n' && !csv->options.cr_lines) {
            return;
        }
        csv->blank_count++;
        line_skip(csv);
    }
}

static void row_finish(struct scan *scan)
{
    struct csv *csv = scan->csv;
    for (uint32_t i = 0; i < scan->count; i++) {
        uint32_t start = i == 0 ? 0 : csv->ends[i - 1];
        csv->fields[i] = slice_sub(buf_slice(&csv->text), start, csv->ends[i] - start);
    }
    scan->row->fields = csv->fields;
    scan->row->count = scan->count;
    if (scan->restart) {
        line_skip(csv);
        return;
    }
    window_drop(csv, scan->at);
    if (csv->columns > 0 && scan->count != csv->columns && scan->row->fault == CSV_FAULT_NONE) {
        scan->row->fault = CSV_FAULT_COLUMNS;
    }
}

enum csv_status csv_next(struct csv *csv, struct csv_row *ret_row)
{
    *ret_row = (struct csv_row){ .line = csv->line };
    if (!csv->begun && !file_begin(csv)) {
        ret_row->fault = CSV_FAULT_UTF16;
        csv->ended = true;
        csv->window_len = 0;
        return CSV_BAD;
    }
    blanks_skip(csv);
    ret_row->line = csv->line;
    if (csv->failed) {
        ret_row->fault = CSV_FAULT_READ;
        return CSV_FAILED;
    }
    if (byte_at(csv, 0) == NO_BYTE) {
        ret_row->fault = csv->failed ? CSV_FAULT_READ : CSV_FAULT_NONE;
        return csv->failed ? CSV_FAILED : CSV_END;
    }
    buf_reset(&csv->text);
    struct scan scan = { .csv = csv, .row = ret_row };
    row_scan(&scan);
    if (csv->failed) {
        // What was read of the row may be cut short: it must not pass for a whole one.
        ret_row->fault = CSV_FAULT_READ;
        return CSV_FAILED;
    }
    CHECK(!csv->text.overflow);
    row_finish(&scan);
    return ret_row->fault == CSV_FAULT_NONE ? CSV_ROW : CSV_BAD;
}

enum csv_status csv_header(struct csv *csv, struct csv_row *ret_row)
{
    CHECK(csv->columns == 0 && !csv->begun);
    enum csv_status status = csv_next(csv, ret_row);
    if (status == CSV_END) {
        ret_row->fault = CSV_FAULT_EMPTY;
        return CSV_BAD;
    }
    if (status == CSV_ROW) {
        csv->columns = ret_row->count;
    }
    return status;
}

bool csv_duplicate(const struct csv_row *header, uint32_t *ret_first, uint32_t *ret_second)
{
    for (uint32_t second = 1; second < header->count; second++) {
        for (uint32_t first = 0; first < second; first++) {
            if (header->fields[second].len > 0 &&
                slice_equal(header->fields[first], header->fields[second])) {
                *ret_first = first;
                *ret_second = second;
                return true;
            }
        }
    }
    return false;
}

void csv_explain(const struct csv *csv, const struct csv_row *row, struct buf *out)
{
    if (row->fault == CSV_FAULT_COLUMNS) {
        buf_format(out, "the row has %u value%s where the header has %u", (unsigned)row->count,
                   row->count == 1 ? "" : "s", (unsigned)csv->columns);
        return;
    }
    buf_put_cstr(out, csv_fault_sentence(row->fault));
    if (row->column > 0) {
        buf_format(out, " (column %u)", (unsigned)row->column);
    }
}
