#include "dsl/image/image.h"

#include "base/check.h"
#include "base/utf8.h"
#include "dsl/image/image_internal.h"

static bool open_section(struct slice bytes, const struct image_range *section,
                         size_t element_bytes, size_t *offset);

enum err image_open(struct slice bytes, struct image *ret_image)
{
    if (bytes.len < sizeof(struct image_header) || bytes.len > IMAGE_BYTES_MAX ||
        (uintptr_t)bytes.ptr % 8 != 0) {
        return ERR_CORRUPT;
    }
    const struct image_header *header = (const struct image_header *)(const void *)bytes.ptr;
    if (header->magic != IMAGE_MAGIC || header->format != IMAGE_FORMAT ||
        header->edition != LANGUAGE_EDITION || header->bytes != bytes.len) {
        return ERR_CORRUPT;
    }
    struct image image = { .header = header };
    size_t offset = sizeof *header;
    size_t n = 0;
#define SECTION(name, type)                                                           \
    if (!open_section(bytes, &header->section[n], sizeof(type), &offset)) {            \
        return ERR_CORRUPT;                                                           \
    }                                                                                 \
    image.name = (const type *)(const void *)(bytes.ptr + header->section[n].first);   \
    image.name##_count = header->section[n].count;                                     \
    n++;
#include "dsl/image/image.def"
#undef SECTION
    for (; n < ARRAY_COUNT(header->section); n++) {
        if (header->section[n].first != 0 || header->section[n].count != 0) {
            return ERR_CORRUPT;
        }
    }
    if (offset != bytes.len || !image_check_contents(&image)) {
        return ERR_CORRUPT;
    }
    *ret_image = image;
    return OK;
}

// Sections follow each other without gaps, padded with zeros to 8 bytes: one image has one
// spelling.
static bool open_section(struct slice bytes, const struct image_range *section,
                         size_t element_bytes, size_t *offset)
{
    size_t len = (size_t)section->count * element_bytes;
    size_t padded = (len + 7) / 8 * 8;
    if (section->first != *offset || padded > bytes.len - *offset) {
        return false;
    }
    for (size_t i = len; i < padded; i++) {
        if (bytes.ptr[*offset + i] != 0) {
            return false;
        }
    }
    *offset += padded;
    return true;
}

bool image_text_ok(const struct image *image, struct image_text text)
{
    if (text.offset > image->text_count || text.len > image->text_count - text.offset) {
        return false;
    }
    return utf8_valid(slice_make(image->text + text.offset, text.len));
}

bool image_name_ok(const struct image *image, struct image_text name)
{
    return name.len > 0 && name.len <= IMAGE_NAME_BYTES_MAX && image_text_ok(image, name) &&
           memchr(image->text + name.offset, 0, name.len) == NULL;
}

bool image_list_ok(const struct image *image, struct image_range range, uint32_t limit)
{
    if (!image_range_ok(range, image->list_count)) {
        return false;
    }
    for (uint32_t i = 0; i < range.count; i++) {
        if (image->list[range.first + i] >= limit) {
            return false;
        }
    }
    return true;
}

struct slice image_label(const struct image *image, struct image_text text, struct slice lang)
{
    uint32_t low = 0;
    uint32_t high = lang.len > 0 && text.len > 0 ? image->translation_count : 0;
    while (low < high) { // the first one of that place
        uint32_t middle = low + (high - low) / 2;
        if (image->translation[middle].of.offset < text.offset) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (; low < image->translation_count && lang.len > 0 && text.len > 0 &&
           image->translation[low].of.offset == text.offset;
         low++) {
        const struct image_translation *one = &image->translation[low];
        if (one->of.len == text.len && slice_equal(image_slice(image, one->lang), lang)) {
            return image_slice(image, one->text);
        }
    }
    return image_slice(image, text);
}

const char *image_colour_name(uint32_t colour)
{
    static const char *const names[COLOUR_COUNT] = {
        [COLOUR_NONE] = "",         [COLOUR_WHITE] = "white",   [COLOUR_GREY] = "grey",
        [COLOUR_RED] = "red",       [COLOUR_PINK] = "pink",     [COLOUR_ORANGE] = "orange",
        [COLOUR_YELLOW] = "yellow", [COLOUR_GREEN] = "green",   [COLOUR_BLUE] = "blue",
    };
    return colour < COLOUR_COUNT ? names[colour] : "";
}

// Handlers are looked up from the inside out: the stage itself, then what is around it.
uint32_t image_find_action(const struct image *image, uint32_t stage, struct slice name)
{
    CHECK(stage < image->stage_count);
    for (uint32_t at = stage; at != INDEX_NONE; at = image->stage[at].parent) {
        struct image_range own = image->stage[at].actions;
        for (uint32_t i = own.first; i < own.first + own.count; i++) {
            if (slice_equal(image_slice(image, image->action[i].name), name)) {
                return i;
            }
        }
    }
    return INDEX_NONE;
}

#define FIND_BY_NAME(section)                                                     \
    uint32_t image_find_##section(const struct image *image, struct slice name)   \
    {                                                                             \
        for (uint32_t i = 0; i < image->section##_count; i++) {                    \
            if (slice_equal(image_slice(image, image->section[i].name), name)) {   \
                return i;                                                         \
            }                                                                     \
        }                                                                         \
        return INDEX_NONE;                                                        \
    }
FIND_BY_NAME(field)
FIND_BY_NAME(role)
FIND_BY_NAME(end)
FIND_BY_NAME(collection)

// The body is a stage of its own without a place in the text: it is not found by name.
uint32_t image_find_stage(const struct image *image, struct slice name)
{
    for (uint32_t i = 1; i < image->stage_count; i++) {
        if (slice_equal(image_slice(image, image->stage[i].name), name)) {
            return i;
        }
    }
    return INDEX_NONE;
}

bool image_stage_inside(const struct image *image, uint32_t stage, uint32_t around)
{
    CHECK(stage < image->stage_count);
    CHECK(around < image->stage_count);
    // Parents stand before their children, so the way up ends.
    while (stage > around) {
        stage = image->stage[stage].parent;
        if (stage == INDEX_NONE) {
            return false;
        }
    }
    return stage == around;
}

uint32_t image_key_number(const struct image *image, uint32_t field)
{
    struct slice name = image_slice(image, image->field[field].name);
    uint32_t hash = 0x811c9dc5u; // FNV-1a
    for (size_t i = 0; i < name.len; i++) {
        hash = (hash ^ (unsigned char)name.ptr[i]) * 0x01000193u;
    }
    return hash;
}
