#include "engine/time/places.h"

#include <stddef.h>

#include "base/attr.h"
#include "base/check.h"

struct city { const char *native, *english, *zone; };
struct prefix { const char *digits, *zone; };

static const struct city cities[] = {
#define CITY(native, english, zone) { native, english, zone },
#define PHONE(digits, zone)
#include "engine/time/places.def"
#undef CITY
#undef PHONE
};

static const struct prefix prefixes[] = {
#define CITY(native, english, zone)
#define PHONE(digits, zone) { digits, zone },
#include "engine/time/places.def"
#undef CITY
#undef PHONE
};

size_t places_fold(struct slice text, char *to, size_t room)
{
    size_t len = 0;
    for (size_t i = 0; i < text.len && len + 2 <= room; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        unsigned char next = i + 1 < text.len ? (unsigned char)text.ptr[i + 1] : 0;
        if (c >= 'A' && c <= 'Z') {
            to[len++] = (char)(c + 32);
        } else if (c == 0xd0 && next >= 0x90 && next <= 0x9f) { // А … П
            to[len++] = (char)0xd0;
            to[len++] = (char)(next + 0x20);
            i++;
        } else if (c == 0xd0 && next >= 0xa0 && next <= 0xaf) { // Р … Я
            to[len++] = (char)0xd1;
            to[len++] = (char)(next - 0x20);
            i++;
        } else if ((c == 0xd0 && next == 0x81) || (c == 0xd1 && next == 0x91)) { // Ё, ё
            to[len++] = (char)0xd0;
            to[len++] = (char)0xb5;
            i++;
        } else if (len > 0 || c != ' ') {
            to[len++] = (char)c;
        }
    }
    while (len > 0 && to[len - 1] == ' ') {
        len--;
    }
    return len;
}

struct slice places_zone_of_city(struct slice name)
{
    char wanted[100];
    char known[100];
    if (name.len == 0 || name.len > sizeof(wanted) - 4) {
        return SLICE_EMPTY;
    }
    struct slice want = slice_make(wanted, places_fold(name, wanted, sizeof(wanted)));
    for (size_t i = 0; i < ARRAY_COUNT(cities) && want.len > 0; i++) {
        const char *names[2] = { cities[i].native, cities[i].english };
        for (size_t n = 0; n < 2; n++) {
            size_t len = places_fold(slice_from_cstr(names[n]), known, sizeof(known));
            if (slice_equal(want, slice_make(known, len))) {
                return slice_from_cstr(cities[i].zone);
            }
        }
    }
    return SLICE_EMPTY;
}

struct slice places_zone_of_phone(struct slice phone, const struct ranges *ranges)
{
    struct slice best = ranges_zone(ranges, phone);
    size_t best_len = 0;
    if (best.len > 0) {
        return best;
    }
    if (phone.len < 2 || phone.ptr[0] != '+') {
        return SLICE_EMPTY;
    }
    struct slice digits = slice_sub(phone, 1, phone.len);
    for (size_t i = 0; i < ARRAY_COUNT(prefixes); i++) {
        struct slice prefix = slice_from_cstr(prefixes[i].digits);
        if (prefix.len > best_len && slice_starts(digits, prefix)) {
            best_len = prefix.len;
            best = slice_from_cstr(prefixes[i].zone); // "": such numbers do not tell
        }
    }
    return best;
}
