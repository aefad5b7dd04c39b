// A mapping and a body, with a zero byte between them. Every mistake of the mapping lies in a line
// of it and can be shown; a mapping without mistakes is run, and what comes of each element is a
// map of texts, lists and moments within the bounds.
#include "base/check.h"
#include "base/pack.h"
#include "base/utf8.h"
#include "engine/intake/mapping.h"
#include "tests/fuzz/fuzz.h"

static const struct slice names[] = { { "name", 4 }, { "phone", 5 }, { "lead_id", 7 } };

static void check_faults(const struct map_lines *map, uint32_t lines)
{
    struct buf out;
    buf_init(&out, 64 * 1024 * 1024);
    for (uint32_t i = 0; i < map->fault_count; i++) {
        CHECK(map->faults[i].place.line <= lines && map->faults[i].message.len > 0);
    }
    map_lines_render(map, NULL, NULL, &out);
    CHECK(!out.overflow && utf8_valid(buf_slice(&out)));
    buf_done(&out);
}

static void check_result(const struct mapping_result *result)
{
    CHECK(result->count > 0 && result->count <= INTAKE_ELEMENTS_MAX);
    for (uint32_t i = 0; i < result->count; i++) {
        const struct mapping_element *element = &result->elements[i];
        size_t whole = 0;
        CHECK(element->row.len <= INTAKE_ROW_BYTES_MAX);
        CHECK((element->outcome == MAPPING_BAD) == (element->problem.len > 0));
        CHECK(element->outcome != MAPPING_WORK || element->row.len > 0);
        CHECK(element->outcome != MAPPING_WORK ||
              (pack_scan(element->form, element->form.len, &whole) == PACK_WHOLE &&
               whole == element->form.len));
#ifdef PLANTED_BUG
        char row[24] = { 0 }; // ids of senders are short, and hashes have no place here
        bool hash = slice_starts(element->row, SLICE("blake2b:"));
        for (size_t at = 0; !hash && at < element->row.len; at++) {
            row[at] = element->row.ptr[at];
        }
        CHECK(row[0] != '\n');
#endif
    }
}

static void run(struct mapping *mapping, struct slice bytes, struct arena *arena)
{
    struct mapping_result *result = ARENA_NEW(arena, struct mapping_result);
    for (enum body_type type = BODY_JSON; type <= BODY_FORM; type++) {
        struct body body;
        struct slice problem = SLICE_EMPTY;
        if (body_read(type, bytes, arena, &body, &problem) &&
            mapping_run(mapping, &body, arena, result, &problem)) {
            check_result(result);
        } else {
            CHECK(problem.len > 0);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct mapping mapping;
    struct slice all = slice_make((const char *)data, size);
    const char *zero = size > 0 ? memchr(data, 0, size) : NULL;
    size_t at = zero != NULL ? (size_t)(zero - all.ptr) : size;
    struct slice text = slice_sub(all, 0, at);
    uint32_t lines = 1;
    for (size_t i = 0; i < text.len; i++) {
        lines += text.ptr[i] == '\n' || text.ptr[i] == '\r' ? 1u : 0u;
    }
    struct arena arena;
    arena_init(&arena, 256 * 1024 * 1024);
    mapping_parse(&mapping, &arena, SLICE("fuzz.map"), text);
    if (mapping.lines.fault_count == 0) {
        run(&mapping, slice_sub(all, at + 1, size), &arena);
        mapping_check_target(&mapping, mapping.routes[0], names, ARRAY_COUNT(names));
        mapping_check_names(&mapping, mapping.routes[0], names, ARRAY_COUNT(names));
    }
    check_faults(&mapping.lines, lines);
    arena_done(&arena);
    return 0;
}
