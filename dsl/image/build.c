#include "dsl/image/build.h"

#include "base/check.h"
#include "base/mem.h"

enum { TEXT_SLOTS_FIRST = 256 };

static const size_t element_bytes[BUILD_SECTION_COUNT] = {
#define SECTION(name, type) sizeof(type),
#include "dsl/image/image.def"
#undef SECTION
};
_Static_assert((int)BUILD_SECTION_COUNT <= 64, "image_header has 64 places for sections");

static uint32_t hash_text(struct slice text);
static void grow_text_slots(struct build *build);

void build_init(struct build *build)
{
    *build = (struct build){ .text_slot_count = TEXT_SLOTS_FIRST };
    for (int i = 0; i < BUILD_SECTION_COUNT; i++) {
        buf_init(&build->section[i], IMAGE_BYTES_MAX);
    }
    buf_init(&build->texts, IMAGE_BYTES_MAX);
    build->text_slots = mem_zalloc(sizeof(uint32_t) * build->text_slot_count);
}

void build_done(struct build *build)
{
    for (int i = 0; i < BUILD_SECTION_COUNT; i++) {
        buf_done(&build->section[i]);
    }
    buf_done(&build->texts);
    mem_free(build->text_slots);
    *build = (struct build){ 0 };
}

void build_reset(struct build *build)
{
    CHECK(build->text_slots != NULL);
    for (int i = 0; i < BUILD_SECTION_COUNT; i++) {
        buf_reset(&build->section[i]);
    }
    buf_reset(&build->texts);
    memset(build->text_slots, 0, sizeof(uint32_t) * build->text_slot_count);
}

struct image_text build_intern(struct build *build, struct slice text)
{
    if (text.len == 0) {
        return (struct image_text){ 0, 0 };
    }
    struct image_text *known = (struct image_text *)(void *)build->texts.ptr;
    uint32_t mask = build->text_slot_count - 1;
    uint32_t at = hash_text(text) & mask;
    for (; build->text_slots[at] != 0; at = (at + 1) & mask) {
        struct image_text candidate = known[build->text_slots[at] - 1];
        const char *bytes = build->section[BUILD_text].ptr + candidate.offset;
        if (slice_equal(slice_make(bytes, candidate.len), text)) {
            return candidate;
        }
    }
    struct buf *bytes = &build->section[BUILD_text];
    struct image_text made = { (uint32_t)bytes->len, (uint32_t)text.len };
    if (text.len > IMAGE_BYTES_MAX || buf_reserve(bytes, text.len) == NULL) {
        bytes->overflow = true;
        return (struct image_text){ 0, 0 };
    }
    buf_put_slice(bytes, text);
    buf_put(&build->texts, &made, sizeof made);
    uint32_t text_count = (uint32_t)(build->texts.len / sizeof made);
    build->text_slots[at] = text_count;
    if (text_count * 2 > build->text_slot_count) {
        grow_text_slots(build);
    }
    return made;
}

struct image_text build_place(struct build *build, struct slice text)
{
    struct buf *bytes = &build->section[BUILD_text];
    struct image_text made = { (uint32_t)bytes->len, (uint32_t)text.len };
    if (text.len > IMAGE_BYTES_MAX || buf_reserve(bytes, text.len) == NULL) {
        bytes->overflow = true;
        return (struct image_text){ 0, 0 };
    }
    buf_put_slice(bytes, text);
    return made;
}

struct image_range build_list(struct build *build, const uint32_t *indexes, uint32_t count)
{
    struct image_range range = { build_count(build, BUILD_list), count };
    for (uint32_t i = 0; i < count; i++) {
        build_add_list(build, &indexes[i]);
    }
    return range;
}

uint32_t build_count(const struct build *build, enum build_section section)
{
    CHECK(section < BUILD_SECTION_COUNT);
    return (uint32_t)(build->section[section].len / element_bytes[section]);
}

uint32_t build_add(struct build *build, enum build_section section, const void *element,
                   size_t bytes)
{
    CHECK(bytes == element_bytes[section]);
    uint32_t index = build_count(build, section);
    buf_put(&build->section[section], element, bytes);
    return index;
}

void *build_at(struct build *build, enum build_section section, uint32_t index, size_t bytes)
{
    CHECK(bytes == element_bytes[section]);
    CHECK(index < build_count(build, section));
    return build->section[section].ptr + (size_t)index * bytes;
}

enum err build_finish(const struct build *build, const uint8_t source_hash[IMAGE_HASH_BYTES],
                      struct buf *to)
{
    CHECK(to->len % 8 == 0);
    static const char zeros[8] = { 0 };
    struct image_header header = { .magic = IMAGE_MAGIC,
                                   .format = IMAGE_FORMAT,
                                   .edition = LANGUAGE_EDITION };
    memcpy(header.source_hash, source_hash, IMAGE_HASH_BYTES);
    size_t offset = sizeof header;
    for (int i = 0; i < BUILD_SECTION_COUNT; i++) {
        const struct buf *section = &build->section[i];
        if (section->overflow || offset + section->len + 8 > IMAGE_BYTES_MAX) {
            return ERR_TOO_BIG;
        }
        header.section[i].first = (uint32_t)offset;
        header.section[i].count = (uint32_t)(section->len / element_bytes[i]);
        offset += (section->len + 7) / 8 * 8;
    }
    header.bytes = (uint32_t)offset;
    size_t start = to->len;
    buf_put(to, &header, sizeof header);
    for (int i = 0; i < BUILD_SECTION_COUNT; i++) {
        buf_put_slice(to, buf_slice(&build->section[i]));
        buf_put(to, zeros, (8 - build->section[i].len % 8) % 8);
    }
    if (to->overflow) {
        return ERR_TOO_BIG;
    }
    CHECK(to->len - start == header.bytes);
    return OK;
}

// FNV-1a: names are short, and nobody outside chooses where they land for long.
static uint32_t hash_text(struct slice text)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < text.len; i++) {
        hash = (hash ^ (uint8_t)text.ptr[i]) * 16777619u;
    }
    return hash ^ hash >> 15;
}

static void grow_text_slots(struct build *build)
{
    mem_free(build->text_slots);
    build->text_slot_count *= 2;
    build->text_slots = mem_zalloc(sizeof(uint32_t) * build->text_slot_count);
    const struct image_text *known = (const struct image_text *)(const void *)build->texts.ptr;
    uint32_t mask = build->text_slot_count - 1;
    uint32_t text_count = (uint32_t)(build->texts.len / sizeof *known);
    for (uint32_t i = 0; i < text_count; i++) {
        const char *bytes = build->section[BUILD_text].ptr + known[i].offset;
        uint32_t at = hash_text(slice_make(bytes, known[i].len)) & mask;
        while (build->text_slots[at] != 0) {
            at = (at + 1) & mask;
        }
        build->text_slots[at] = i + 1;
    }
}
