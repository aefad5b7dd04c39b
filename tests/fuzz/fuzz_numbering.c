// Any bytes as a register of numbers: it is read to the end or refused with a line; the ranges of a
// good one are in order and do not overlap, and each number of its first and last rows tells the
// zone of that row and of no other.
#include <string.h>

#include "base/check.h"
#include "engine/intake/numbering.h"
#include "tests/fuzz/fuzz.h"

enum { ARENA_BYTES_MAX = 64 * 1024 * 1024, TO_MASK = 0xffffff };

static ptrdiff_t read_rest(void *context, char *to, size_t bytes)
{
    struct slice *rest = context;
    struct slice part = slice_sub(*rest, 0, bytes);
    if (part.len > 0) {
        memcpy(to, part.ptr, part.len);
    }
    *rest = slice_sub(*rest, part.len, rest->len);
    return (ptrdiff_t)part.len;
}

static void check_number(const struct numbering *numbering, const struct ranges *ranges,
                         const struct numbering_row *row, uint32_t number)
{
    char phone[13];
    uint64_t digits = (uint64_t)row->code * RANGES_NUMBERS + number;
    memcpy(phone, "+7", 2);
    for (size_t i = 0; i < 10; i++, digits /= 10) {
        phone[11 - i] = (char)('0' + digits % 10);
    }
    struct slice zone = ranges_zone(ranges, slice_make(phone, 12));
    CHECK(row->zone < numbering->zone_count ? slice_equal(zone, numbering->zones[row->zone])
                                            : zone.len == 0);
}

static void check_ranges(const struct numbering *numbering, const struct ranges *ranges)
{
    for (uint32_t code = 0; code < RANGES_CODES; code++) {
        CHECK(ranges->first[code] <= ranges->first[code + 1]);
        for (uint32_t i = ranges->first[code]; i < ranges->first[code + 1]; i++) {
            uint32_t to = ranges->rows[i].to & TO_MASK;
            CHECK(ranges->rows[i].from <= to && to < RANGES_NUMBERS);
            CHECK(i == ranges->first[code] ||
                  (ranges->rows[i - 1].to & TO_MASK) < ranges->rows[i].from);
        }
    }
    for (uint32_t i = 0; i < numbering->row_count; i++) {
        check_number(numbering, ranges, &numbering->rows[i], numbering->rows[i].from);
        check_number(numbering, ranges, &numbering->rows[i], numbering->rows[i].to);
#ifdef PLANTED_BUG
        // Believes that there are only mobile codes.
        uint8_t seen[100] = { 0 };
        seen[numbering->rows[i].code - 900]++;
        CHECK(seen[0] <= 1);
#endif
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = slice_make((const char *)data, size);
    struct arena arena;
    struct numbering numbering;
    struct ranges ranges;
    arena_init(&arena, ARENA_BYTES_MAX);
    numbering_init(&numbering, &arena);
    CHECK(numbering_regions(&numbering, "regions",
                            SLICE("Омская область = Asia/Omsk\nг. Москва = Europe/Moscow\n"
                                  "Московская область = Europe/Moscow\nСаха = none\n")));
    if (numbering_add(&numbering, "register", read_rest, &rest) &&
        numbering_finish(&numbering, &ranges)) {
        check_ranges(&numbering, &ranges);
    } else {
        CHECK(strncmp(numbering.message, "register:", 9) == 0);
    }
    numbering_done(&numbering);
    arena_done(&arena);
    return 0;
}
