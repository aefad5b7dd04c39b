// Shared between the files of dsl/image only.
#ifndef RUNG_DSL_IMAGE_INTERNAL_H
#define RUNG_DSL_IMAGE_INTERNAL_H

#include <stdbool.h>

#include "dsl/image/image.h"

// True when every index, text, enum and bound inside the sections holds. The section pointers of
// `image` already lie inside the bytes.
bool image_check_contents(const struct image *image);
// The same for the `expr` section and for `block` with `step`: the parts with an order to keep.
bool image_check_exprs(const struct image *image);
bool image_check_blocks(const struct image *image);
bool image_check_hooks(const struct image *image); // after the blocks
bool image_check_escalations(const struct image *image);
// One inbox, and nothing of a process: nothing else looks at the process then.
bool image_holds_inbox_alone(const struct image *image);
bool image_check_inbox(const struct image *image);
bool image_check_calendars(const struct image *image);
// Signals, messages, calls and intake.
bool image_check_outside(const struct image *image);

// --- what a valid index, list and text is ------------------------------------------------------
static inline bool image_index_ok(uint32_t index, uint32_t count) { return index < count; }
static inline bool image_optional_ok(uint32_t index, uint32_t count)
{
    return index == INDEX_NONE || index < count;
}
static inline bool image_range_ok(struct image_range range, uint32_t count)
{
    return range.first <= count && range.count <= count - range.first;
}
// Every element of a list is an index below `limit`.
bool image_list_ok(const struct image *image, struct image_range range, uint32_t limit);
// Inside the text section and cut at whole characters.
bool image_text_ok(const struct image *image, struct image_text text);
// Names become parts of keys that end in a 0 byte, which therefore occurs in none.
enum { IMAGE_NAME_BYTES_MAX = 255 };
bool image_name_ok(const struct image *image, struct image_text name);

#endif
