#include "engine/time/ranges.h"

#include <stdbool.h>

#include "base/check.h"

enum { DIGITS = 10, TO_MASK = 0xffffff };

// "+7" and ten digits, nothing else.
static bool split(struct slice phone, uint32_t *ret_code, uint32_t *ret_number)
{
    uint64_t number = 0;
    if (phone.len != DIGITS + 2 || phone.ptr[0] != '+' || phone.ptr[1] != '7') {
        return false;
    }
    for (size_t i = 2; i < phone.len; i++) {
        if (phone.ptr[i] < '0' || phone.ptr[i] > '9') {
            return false;
        }
        number = number * 10 + (uint64_t)(phone.ptr[i] - '0');
    }
    *ret_code = (uint32_t)(number / RANGES_NUMBERS);
    *ret_number = (uint32_t)(number % RANGES_NUMBERS);
    return true;
}

struct slice ranges_zone(const struct ranges *ranges, struct slice phone)
{
    uint32_t code, number;
    if (ranges == NULL || !split(phone, &code, &number)) {
        return SLICE_EMPTY;
    }
    uint32_t low = ranges->first[code];
    uint32_t high = ranges->first[code + 1];
    while (low < high) { // the first range that ends at the number or behind it
        uint32_t middle = low + (high - low) / 2;
        if ((ranges->rows[middle].to & TO_MASK) < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == ranges->first[code + 1] || ranges->rows[low].from > number) {
        return SLICE_EMPTY;
    }
    uint32_t zone = ranges->rows[low].to >> 24;
    CHECK(zone < ranges->zone_count);
    return ranges->zones[zone];
}
