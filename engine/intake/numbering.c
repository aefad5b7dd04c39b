#include "engine/intake/numbering.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/attr.h"
#include "base/check.h"
#include "base/mem.h"
#include "engine/intake/numbering_region.h"

static const char blanks[] = " \t\r"; // at the ends of a line and of its parts

enum { CODES_FIRST = 100, NAME_CELLS = 60, HEADER_BYTES_MAX = 200 };

enum column { COLUMN_CODE, COLUMN_FROM, COLUMN_TO, COLUMN_REGION, COLUMN_CAPACITY, COLUMN_COUNT };

struct reading {
    struct numbering *numbering;
    uint32_t file; // number of it
    uint32_t columns[COLUMN_COUNT]; // from 1; 0: not there
    struct slice region;            // of the row before, with its zone
    uint32_t zone;
};

static bool wrong(struct numbering *numbering, const char *file, uint64_t line,
                  const char *format, ...) ATTR_PRINTF(4, 5);
static bool wrong(struct numbering *numbering, const char *file, uint64_t line,
                  const char *format, ...)
{
    char text[380];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    (void)snprintf(numbering->message, sizeof(numbering->message), "%.100s:%llu: %.370s", file,
                   (unsigned long long)line, text);
    return false;
}

void numbering_init(struct numbering *numbering, struct arena *arena)
{
    *numbering = (struct numbering){ .arena = arena };
    numbering->regions = ARENA_ARRAY(arena, struct numbering_region, NUMBERING_REGIONS_MAX);
}

void numbering_done(struct numbering *numbering)
{
    mem_free(numbering->rows);
    mem_free(numbering->spare);
    numbering->rows = numbering->spare = NULL;
}

// --- the list of regions -------------------------------------------------------------------------

static bool take_zone(struct numbering *numbering, struct slice name, uint32_t *ret_zone)
{
    *ret_zone = REGION_SILENT;
    if (slice_equal(name, SLICE("none"))) {
        return true;
    }
    for (uint32_t i = 0; i < numbering->zone_count; i++) {
        if (slice_equal(numbering->zones[i], name)) {
            *ret_zone = i;
            return true;
        }
    }
    if (numbering->zone_count == RANGES_ZONES_MAX) {
        return false;
    }
    *ret_zone = numbering->zone_count;
    numbering->zones[numbering->zone_count++] = arena_copy(numbering->arena, name);
    return true;
}

static bool take_region(struct numbering *numbering, const char *name, uint32_t line,
                        struct slice text)
{
    const char *equals = memchr(text.ptr, '=', text.len);
    if (equals == NULL) {
        return wrong(numbering, name, line, "no `=`; write `REGION = ZONE`, or `REGION = none`");
    }
    size_t at = (size_t)(equals - text.ptr);
    struct slice region = slice_trim(slice_sub(text, 0, at), blanks);
    struct slice zone = slice_trim(slice_sub(text, at + 1, text.len), blanks);
    char key[REGION_KEY_BYTES_MAX];
    size_t len = region_key(region, key);
    if (len == 0 || zone.len == 0) {
        return wrong(numbering, name, line, "%s is missing; write `REGION = ZONE`",
                     len == 0 ? "the region" : "the zone");
    }
    if (region_find(numbering->regions, numbering->region_count, slice_make(key, len)) != NULL) {
        return wrong(numbering, name, line, "`%.*s` is listed twice; leave one of the lines",
                     SLICE_PRINT(region));
    }
    if (numbering->region_count == NUMBERING_REGIONS_MAX) {
        return wrong(numbering, name, line, "more than %d regions (NUMBERING_REGIONS_MAX)",
                     NUMBERING_REGIONS_MAX);
    }
    struct numbering_region *to = &numbering->regions[numbering->region_count++];
    to->key = arena_copy(numbering->arena, slice_make(key, len));
    return take_zone(numbering, zone, &to->zone) ||
           wrong(numbering, name, line, "more than %d zones (RANGES_ZONES_MAX)", RANGES_ZONES_MAX);
}

bool numbering_regions(struct numbering *numbering, const char *name, struct slice text)
{
    for (uint32_t line = 1; text.len > 0; line++) {
        const char *end = memchr(text.ptr, '\n', text.len);
        size_t len = end == NULL ? text.len : (size_t)(end - text.ptr);
        struct slice said = slice_trim(slice_sub(text, 0, len), blanks);
        if (said.len > 0 && !slice_starts(said, SLICE("--")) &&
            !take_region(numbering, name, line, said)) {
            return false;
        }
        text = slice_sub(text, len + 1, text.len);
    }
    return true;
}

// --- rows ----------------------------------------------------------------------------------------

static bool find_columns(struct reading *reading, const struct csv_row *header)
{
    static const char *const names[COLUMN_COUNT] = { "def", "от", "до", "регион", "емкость" };
    struct numbering *numbering = reading->numbering;
    const char *file = numbering->files[reading->file];
    for (uint32_t i = 0; i < header->count; i++) {
        char folded[HEADER_BYTES_MAX];
        struct slice name = slice_make(folded, places_fold(header->fields[i], folded,
                                                           sizeof(folded)));
        for (uint32_t c = 0; c < COLUMN_COUNT; c++) {
            struct slice wanted = slice_from_cstr(names[c]);
            // The codes stand under "АВС/ DEF", with letters of either alphabet before the bar.
            bool same = c == COLUMN_CODE ? name.len >= wanted.len &&
                                               slice_equal(slice_sub(name, name.len - wanted.len,
                                                                     wanted.len), wanted)
                                         : slice_equal(name, wanted);
            if (same && reading->columns[c] == 0) {
                reading->columns[c] = i + 1;
            }
        }
    }
    for (uint32_t c = 0; c < COLUMN_CAPACITY; c++) {
        if (reading->columns[c] == 0) {
            return wrong(numbering, file, header->line,
                         "the header has no column `%s`; it begins `АВС/ DEF;От;До;Емкость;"
                         "Оператор;Регион` in the register",
                         c == COLUMN_CODE ? "АВС/ DEF" : names[c]);
        }
    }
    return true;
}

static bool read_number(struct slice text, uint32_t below, uint32_t *ret_number)
{
    uint32_t number = 0;
    text = slice_trim(text, blanks);
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9' || number >= below) {
            return false;
        }
        number = number * 10 + (uint32_t)(text.ptr[i] - '0');
    }
    *ret_number = number;
    return text.len > 0 && number < below;
}

static struct slice cell(const struct reading *reading, const struct csv_row *row, enum column at)
{
    return reading->columns[at] == 0 ? SLICE_EMPTY : row->fields[reading->columns[at] - 1];
}

// The zone of the row's region; strangers are noted.
static uint32_t zone_of(struct reading *reading, struct slice region, uint64_t line)
{
    struct numbering *numbering = reading->numbering;
    if (reading->region.len == 0 || !slice_equal(region, reading->region)) {
        reading->region = arena_copy(numbering->arena, region);
        reading->zone = region_zone(numbering->regions, numbering->region_count, region);
        bool named = reading->zone != REGION_UNKNOWN;
        for (uint32_t i = 0; i < numbering->stranger_count && !named; i++) {
            named = slice_equal(numbering->strangers[i].region, region);
        }
        if (!named && numbering->stranger_count < NUMBERING_STRANGERS_MAX) {
            numbering->strangers[numbering->stranger_count++] = (struct numbering_stranger){
                reading->region, numbering->files[reading->file], (uint32_t)line };
        }
    }
    numbering->strange_rows += reading->zone == REGION_UNKNOWN ? 1u : 0u;
    numbering->silent_rows += reading->zone == REGION_SILENT ? 1u : 0u;
    return reading->zone < REGION_SILENT ? reading->zone : REGION_SILENT;
}

static void put_row(struct numbering *numbering, const struct numbering_row *row)
{
    if (numbering->row_count == numbering->row_capacity) {
        numbering->row_capacity = numbering->row_capacity == 0 ? 4096
                                                               : 2 * numbering->row_capacity;
        numbering->rows = mem_grow(numbering->rows,
                                   numbering->row_capacity * sizeof(numbering->rows[0]));
    }
    numbering->rows[numbering->row_count++] = *row;
}

static bool take_row(struct reading *reading, const struct csv_row *row)
{
    struct numbering *numbering = reading->numbering;
    const char *file = numbering->files[reading->file];
    uint32_t code, from, to, capacity;
    if (!read_number(cell(reading, row, COLUMN_CODE), RANGES_CODES, &code) || code < CODES_FIRST) {
        return wrong(numbering, file, row->line, "`%.*s` is no code; a code is 100 to 999",
                     SLICE_PRINT(slice_sub(cell(reading, row, COLUMN_CODE), 0, NAME_CELLS)));
    }
    if (!read_number(cell(reading, row, COLUMN_FROM), RANGES_NUMBERS, &from) ||
        !read_number(cell(reading, row, COLUMN_TO), RANGES_NUMBERS, &to)) {
        return wrong(numbering, file, row->line,
                     "the range is not two numbers of at most seven digits; От and До are those "
                     "behind the code");
    }
    if (from > to) {
        return wrong(numbering, file, row->line, "the range ends before it begins (%u, %u); "
                     "exchange От and До", from, to);
    }
    struct slice size = slice_trim(cell(reading, row, COLUMN_CAPACITY), blanks);
    if (size.len > 0 && (!read_number(size, RANGES_NUMBERS + 1, &capacity) ||
                         capacity != to - from + 1)) {
        return wrong(numbering, file, row->line,
                     "Емкость is `%.*s`, but the range holds %u numbers; get the file anew, or "
                     "mend the row",
                     SLICE_PRINT(slice_sub(size, 0, NAME_CELLS)), to - from + 1);
    }
    if (numbering->row_count == NUMBERING_ROWS_MAX) {
        return wrong(numbering, file, row->line, "more than %d ranges (NUMBERING_ROWS_MAX)",
                     NUMBERING_ROWS_MAX);
    }
    uint32_t zone = zone_of(reading, cell(reading, row, COLUMN_REGION), row->line);
    put_row(numbering, &(struct numbering_row){ from, to, (uint16_t)code, (uint8_t)zone,
                                                (uint8_t)reading->file, (uint32_t)row->line });
    return true;
}

static bool bad_row(struct reading *reading, const struct csv *csv, const struct csv_row *row)
{
    struct buf text;
    buf_init(&text, 400);
    csv_explain(csv, row, &text);
    (void)wrong(reading->numbering, reading->numbering->files[reading->file], row->line,
                "%.*s; %s", SLICE_PRINT(buf_slice(&text)),
                row->fault == CSV_FAULT_ENCODING ? "save the file as UTF-8"
                                                 : csv_fault_help(row->fault));
    buf_done(&text);
    return false;
}

static bool read_rows(struct reading *reading, struct csv *csv)
{
    struct csv_row row;
    enum csv_status status = csv_header(csv, &row);
    if (status == CSV_ROW && !find_columns(reading, &row)) {
        return false;
    }
    while (status == CSV_ROW) {
        status = csv_next(csv, &row);
        if (status == CSV_ROW && !take_row(reading, &row)) {
            return false;
        }
    }
    return status == CSV_END || bad_row(reading, csv, &row);
}

bool numbering_add(struct numbering *numbering, const char *name, csv_read_fn *read, void *context)
{
    if (numbering->file_count == NUMBERING_FILES_MAX) {
        return wrong(numbering, name, 1, "more than %d files (NUMBERING_FILES_MAX); join some",
                     NUMBERING_FILES_MAX);
    }
    struct reading reading = { .numbering = numbering, .file = numbering->file_count };
    numbering->files[numbering->file_count++] = name;
    const struct csv_options options = { .separator = ';' };
    struct csv csv;
    csv_init(&csv, &options, read, context);
    bool good = read_rows(&reading, &csv);
    csv_done(&csv);
    return good;
}

// --- ranges --------------------------------------------------------------------------------------

static bool goes_before(const struct numbering_row *a, const struct numbering_row *b)
{
    return a->code != b->code ? a->code < b->code : a->from < b->from;
}

// Merges two sorted runs that lie side by side.
static void merge(const struct numbering_row *from, uint32_t middle, uint32_t end,
                  struct numbering_row *to)
{
    uint32_t a = 0, b = middle;
    for (uint32_t i = 0; i < end; i++) {
        bool second = a == middle || (b < end && goes_before(&from[b], &from[a]));
        to[i] = from[second ? b++ : a++];
    }
}

// Stable, from the bottom up; a register in order costs one pass.
static void sort_rows(struct numbering *numbering)
{
    uint32_t count = numbering->row_count;
    bool sorted = true;
    for (uint32_t i = 1; i < count && sorted; i++) {
        sorted = !goes_before(&numbering->rows[i], &numbering->rows[i - 1]);
    }
    if (sorted) {
        return;
    }
    numbering->spare = mem_grow(numbering->spare, count * sizeof(numbering->rows[0]));
    for (uint32_t width = 1; width < count; width *= 2) {
        for (uint32_t at = 0; at < count; at += 2 * width) {
            uint32_t middle = count - at < width ? count - at : width;
            uint32_t end = count - at < 2 * width ? count - at : 2 * width;
            merge(numbering->rows + at, middle, end, numbering->spare + at);
        }
        struct numbering_row *rows = numbering->rows;
        numbering->rows = numbering->spare;
        numbering->spare = rows;
    }
}

static bool check_overlaps(struct numbering *numbering)
{
    for (uint32_t i = 1; i < numbering->row_count; i++) {
        const struct numbering_row *a = &numbering->rows[i - 1];
        const struct numbering_row *b = &numbering->rows[i];
        if (a->code == b->code && a->to >= b->from) {
            return wrong(numbering, numbering->files[b->file], b->line,
                         "the range %u %07u to %07u overlaps the one of %.100s:%u; leave one of "
                         "the rows, or the file that comes twice",
                         b->code, b->from, b->to, numbering->files[a->file], a->line);
        }
    }
    return true;
}

static uint64_t mix(uint64_t hash, const void *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) { // FNV-1a: it tells registers apart, nothing more
        hash = (hash ^ ((const unsigned char *)bytes)[i]) * 0x100000001b3ull;
    }
    return hash;
}

static void mark(struct ranges *ranges, uint32_t count)
{
    uint64_t hash = mix(0xcbf29ce484222325ull, ranges->first, sizeof(ranges->first));
    hash = mix(hash, ranges->rows, count * sizeof(ranges->rows[0]));
    for (uint32_t i = 0; i < ranges->zone_count; i++) {
        hash = mix(hash, ranges->zones[i].ptr, ranges->zones[i].len);
    }
    ranges->mark = hash;
}

bool numbering_finish(struct numbering *numbering, struct ranges *ret_ranges)
{
    sort_rows(numbering);
    if (!check_overlaps(numbering)) {
        return false;
    }
    *ret_ranges = (struct ranges){ .zone_count = numbering->zone_count };
    memcpy(ret_ranges->zones, numbering->zones, sizeof(numbering->zones));
    uint32_t joined = 0;
    for (uint32_t i = 0; i < numbering->row_count; i++) {
        joined += numbering->rows[i].zone != REGION_SILENT ? 1u : 0u; // at most so many
    }
    struct range *rows = ARENA_ARRAY(numbering->arena, struct range, joined + 1);
    uint32_t count = 0;
    uint32_t code = 0;
    for (uint32_t i = 0; i < numbering->row_count; i++) {
        const struct numbering_row *row = &numbering->rows[i];
        if (row->zone == REGION_SILENT) {
            continue;
        }
        bool same_code = code == row->code;
        while (code < row->code) {
            ret_ranges->first[++code] = count;
        }
        if (same_code && count > ret_ranges->first[code] &&
            range_pack(row->from - 1, row->zone) == rows[count - 1].to) {
            rows[count - 1].to = range_pack(row->to, row->zone);
        } else {
            rows[count++] = (struct range){ row->from, range_pack(row->to, row->zone) };
        }
    }
    while (code < RANGES_CODES) {
        ret_ranges->first[++code] = count;
    }
    ret_ranges->rows = rows;
    mark(ret_ranges, count);
    return true;
}
