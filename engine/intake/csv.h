// CSV as it is found in the wild, read as a stream in constant memory: RFC 4180, and separators
// other than a comma, a byte order mark, line ends of three kinds, single-byte encodings. A row
// that does not fit is handed out as a bad row with its line and reason, and reading goes on after
// it: nothing is dropped silently. Input is never trusted; every bound is below.
#ifndef RUNG_ENGINE_INTAKE_CSV_H
#define RUNG_ENGINE_INTAKE_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

enum {
    CSV_COLUMNS_MAX = 512,
    CSV_FIELD_BYTES_MAX = 64 * 1024, // of the file's bytes
    CSV_ROW_BYTES_MAX = 256 * 1024
};

enum csv_fault {
    CSV_FAULT_NONE = 0,
#define CSV_FAULT(CODE, code, sentence, help) CSV_FAULT_##CODE,
#include "engine/intake/csv_fault.def"
#undef CSV_FAULT
    CSV_FAULT_COUNT
};
const char *csv_fault_code(enum csv_fault fault);     // "csv_quote_open"
const char *csv_fault_sentence(enum csv_fault fault); // one line, no full stop
const char *csv_fault_help(enum csv_fault fault);

enum csv_encoding { CSV_UTF8, CSV_CP1251, CSV_LATIN1 };

struct csv_options {
    char separator; // 0: found in the header: the most frequent of , ; tab |
    enum csv_encoding encoding;
    bool cr_lines; // lines may end in a lone carriage return; otherwise that is a fault
};

// Up to `bytes` bytes; 0 at the end, negative when reading failed.
typedef ptrdiff_t csv_read_fn(void *context, char *to, size_t bytes);

struct csv_row {
    uint64_t line;              // of its first byte, from 1
    const struct slice *fields; // UTF-8; valid until the next row is read
    uint32_t count;
    enum csv_fault fault; // of a bad row
    uint32_t column;      // where, from 1; 0 = the row as a whole
};

enum csv_status {
    CSV_ROW, // whole, as many values as the header
    CSV_BAD, // see `fault`; what could be read of it is in `fields`
    CSV_END,
    CSV_FAILED // the read function failed: nothing more comes
};

struct csv {
    struct csv_options options;
    csv_read_fn *read;
    void *context;
    char *window; // holds bytes of the file from the start of the row being read
    size_t window_start;
    size_t window_len; // from window_start
    bool ended, failed, begun;
    uint64_t line;
    uint64_t blank_count; // empty lines passed over
    uint32_t columns;     // of the header; 0 before it
    struct buf text;      // decoded fields of the row
    uint32_t *ends;       // where each field ends in `text`
    struct slice *fields;
};

void csv_init(struct csv *csv, const struct csv_options *options, csv_read_fn *read, void *context);
void csv_done(struct csv *csv);
// The first row; from then on every row must have as many values. CSV_BAD: the file cannot be read.
enum csv_status csv_header(struct csv *csv, struct csv_row *ret_row);
enum csv_status csv_next(struct csv *csv, struct csv_row *ret_row);
// Two columns of the header with one name that is not empty. False: there are none.
bool csv_duplicate(const struct csv_row *header, uint32_t *ret_first, uint32_t *ret_second);
// What is wrong with a bad row, as one sentence with its numbers.
void csv_explain(const struct csv *csv, const struct csv_row *row, struct buf *out);

#endif
