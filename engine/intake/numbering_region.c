#include "engine/intake/numbering_region.h"

#include <string.h>

#include "base/attr.h"

static const char *const kinds[] = {
    "республика", "респ",      "область",  "обл", "край",  "г",   "гор",
    "город",      "ао",        "автономный", "автономная", "округ",
};

// The next word of letters and digits (any byte beyond ASCII counts as a letter). False: no more.
static bool next_word(struct slice *text, struct slice *ret_word)
{
    size_t at = 0;
    while (at < text->len && !((unsigned char)text->ptr[at] >= 0x80 ||
                               (text->ptr[at] >= 'a' && text->ptr[at] <= 'z') ||
                               (text->ptr[at] >= '0' && text->ptr[at] <= '9'))) {
        at++;
    }
    size_t end = at;
    while (end < text->len && ((unsigned char)text->ptr[end] >= 0x80 ||
                               (text->ptr[end] >= 'a' && text->ptr[end] <= 'z') ||
                               (text->ptr[end] >= '0' && text->ptr[end] <= '9'))) {
        end++;
    }
    *ret_word = slice_sub(*text, at, end - at);
    *text = slice_sub(*text, end, text->len);
    return ret_word->len > 0;
}

static bool is_kind(struct slice word)
{
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        if (slice_equal(word, slice_from_cstr(kinds[i]))) {
            return true;
        }
    }
    return false;
}

size_t region_key(struct slice text, char to[REGION_KEY_BYTES_MAX])
{
    char folded[REGION_KEY_BYTES_MAX];
    if (text.len > REGION_KEY_BYTES_MAX - 4) {
        return 0;
    }
    struct slice rest = slice_make(folded, places_fold(text, folded, sizeof(folded)));
    struct slice word;
    size_t len = 0;
    while (next_word(&rest, &word)) { // never longer than `folded`
        if (!is_kind(word)) {
            if (len > 0) {
                to[len++] = ' ';
            }
            memcpy(to + len, word.ptr, word.len);
            len += word.len;
        }
    }
    return len;
}

const struct numbering_region *region_find(const struct numbering_region *regions, uint32_t count,
                                           struct slice key)
{
    for (uint32_t i = 0; i < count; i++) {
        if (slice_equal(regions[i].key, key)) {
            return &regions[i];
        }
    }
    return NULL;
}

// The part before the first `mark`; `text` keeps what follows.
static struct slice cut(struct slice *text, struct slice mark)
{
    size_t at = 0;
    while (at < text->len && !slice_starts(slice_sub(*text, at, text->len), mark)) {
        at++;
    }
    struct slice before = slice_sub(*text, 0, at);
    *text = slice_sub(*text, at + mark.len, text->len);
    return before;
}

static uint32_t zone_of_one(const struct numbering_region *regions, uint32_t count,
                            struct slice text)
{
    char key[REGION_KEY_BYTES_MAX];
    size_t len = region_key(text, key);
    const struct numbering_region *region =
        len == 0 ? NULL : region_find(regions, count, slice_make(key, len));
    return region == NULL ? REGION_UNKNOWN : region->zone;
}

static uint32_t zone_of_shared(const struct numbering_region *regions, uint32_t count,
                               struct slice text)
{
    uint32_t zone = REGION_UNKNOWN;
    bool first = true;
    while (text.len > 0) {
        struct slice half = cut(&text, SLICE("*"));
        while (half.len > 0) {
            uint32_t one = zone_of_one(regions, count, cut(&half, SLICE(" и ")));
            if (one == REGION_UNKNOWN) {
                return REGION_UNKNOWN;
            }
            zone = first || zone == one ? one : REGION_SILENT;
            first = false;
        }
    }
    return zone;
}

uint32_t region_zone(const struct numbering_region *regions, uint32_t count, struct slice text)
{
    uint32_t zone = REGION_UNKNOWN;
    while (text.len > 0 && zone == REGION_UNKNOWN) {
        zone = zone_of_shared(regions, count, cut(&text, SLICE("|")));
    }
    return zone;
}
