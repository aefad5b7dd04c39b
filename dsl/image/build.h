// Builder of program images: the compiler appends elements to the sections, interns texts, and
// takes the finished bytes once. Sections grow in memory of their own; appending never fails (what
// exceeds IMAGE_BYTES_MAX is dropped and makes build_finish answer ERR_TOO_BIG). Used by dsl/lower
// and tests.
#ifndef RUNG_DSL_IMAGE_BUILD_H
#define RUNG_DSL_IMAGE_BUILD_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "dsl/image/image.h"

enum build_section {
#define SECTION(name, type) BUILD_##name,
#include "dsl/image/image.def"
#undef SECTION
    BUILD_SECTION_COUNT
};

struct build {
    struct buf section[BUILD_SECTION_COUNT];
    uint32_t
        *text_slots; // open addressing over the interned texts: index into `texts` + 1, 0 = free
    uint32_t text_slot_count;
    struct buf texts; // struct image_text, in the order of first use
};

void build_init(struct build *build);
void build_done(struct build *build);
// Forgets the elements, keeps the memory.
void build_reset(struct build *build);

// The same bytes give the same text. An empty slice gives {0, 0}.
struct image_text build_intern(struct build *build, struct slice text);
// A text at a place of its own, for what is told apart by its place.
struct image_text build_place(struct build *build, struct slice text);
// Appends indexes to the `list` section.
struct image_range build_list(struct build *build, const uint32_t *indexes, uint32_t count);
// Elements in a section so far.
uint32_t build_count(const struct build *build, enum build_section section);


// build_add_stage(build, &stage) … one per section: appends a copy, gives its index.
// build_at_stage(build, index): the element in place, valid until the next append to that section.
uint32_t build_add(struct build *build, enum build_section section, const void *element,
                   size_t bytes);
void *build_at(struct build *build, enum build_section section, uint32_t index, size_t bytes);
#define SECTION(name, type)                                                          \
    static inline uint32_t build_add_##name(struct build *build, const type *element) \
    {                                                                                \
        return build_add(build, BUILD_##name, element, sizeof(type));                \
    }                                                                                \
    static inline type *build_at_##name(struct build *build, uint32_t index)          \
    {                                                                                \
        return (type *)build_at(build, BUILD_##name, index, sizeof(type));           \
    }
#include "dsl/image/image.def"
#undef SECTION

// Puts the whole image behind what `to` holds; `to` must be empty or hold a multiple of 8 bytes,
// and have room for IMAGE_BYTES_MAX. ERR_TOO_BIG when a bound was reached.
enum err build_finish(const struct build *build, const uint8_t source_hash[IMAGE_HASH_BYTES],
                      struct buf *to) ATTR_USE_RESULT;

#endif
