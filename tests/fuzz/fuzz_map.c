// Any text as the MAP file of an import: every fault lies in a line of the file and can be shown; a
// map without faults finds its columns or says which it lacks.
#include "base/check.h"
#include "base/utf8.h"
#include "engine/intake/map.h"
#include "tests/fuzz/fuzz.h"

static const struct slice columns[] = { { "Lead Number", 11 }, { "Phone", 5 }, { "City", 4 },
                                        { "Tags", 4 },         { "Tags", 4 },  { "", 0 } };

static const struct slice fields[] = { { "phone", 5 }, { "name", 4 }, { "tags", 4 },
                                       { "origin", 6 }, { "city", 4 }, { "source", 6 } };

static void check_faults(const struct map *map, uint32_t lines)
{
    struct buf out;
    buf_init(&out, 16 * 1024 * 1024);
    for (uint32_t i = 0; i < map->lines.fault_count; i++) {
        CHECK(map->lines.faults[i].place.line <= lines && map->lines.faults[i].message.len > 0);
#ifdef PLANTED_BUG
        char caret[40] = { 0 }; // lines of a MAP are short
        caret[map->lines.faults[i].place.at] = '^';
        CHECK(caret[0] == '^' || caret[0] == 0);
#endif
    }
    map_lines_render(&map->lines, NULL, NULL, &out);
    CHECK(!out.overflow && utf8_valid(buf_slice(&out)));
    buf_done(&out);
}

static void look_at_fields(const struct map *map)
{
    for (uint32_t i = 0; i < map->field_count; i++) {
        const struct map_field *field = &map->fields[i];
        CHECK(field->constant || field->column.index < ARRAY_COUNT(columns));
        (void)map_value_of(&field->values, SLICE("Select"));
        (void)map_value_of(&field->values, SLICE_EMPTY);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct map map;
    struct slice text = slice_make((const char *)data, size);
    uint32_t lines = 1;
    for (size_t i = 0; i < size; i++) {
        lines += data[i] == '\n' || data[i] == '\r' ? 1u : 0u;
    }
    const struct csv_row header = { .line = 1, .fields = columns, .count = ARRAY_COUNT(columns) };
    struct arena arena;
    arena_init(&arena, 64 * 1024 * 1024);
    map_parse(&map, &arena, SLICE("fuzz.map"), text);
    if (map.lines.fault_count == 0) {
        map_bind(&map, &header);
        map_check_fields(&map, SLICE("lead"), fields, ARRAY_COUNT(fields));
    }
    check_faults(&map, lines);
    if (map.lines.fault_count == 0) {
        look_at_fields(&map);
    }
    arena_done(&arena);
    return 0;
}
