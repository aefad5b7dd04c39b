// Bump arena for everything that dies together. Never returns NULL. `bytes_max` is a soft bound:
// going beyond it sets `overflow`, which the owner looks at once, at its boundary (refuse the
// command, stop the compilation); inner code has no error path. A machine without memory panics.
#ifndef RUNG_BASE_ARENA_H
#define RUNG_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/slice.h"

struct arena_chunk;

struct arena {
    struct arena_chunk *chunk; // newest
    size_t used_bytes;         // in all chunks
    size_t bytes_max;
    bool overflow; // sticky until arena_reset
};

struct arena_mark {
    struct arena_chunk *chunk;
    size_t chunk_used;
    size_t used_bytes;
};

void arena_init(struct arena *arena, size_t bytes_max);
void arena_done(struct arena *arena);
// Forgets everything; keeps the newest and largest chunk for reuse and clears `overflow`.
void arena_reset(struct arena *arena);
struct arena_mark arena_mark(const struct arena *arena);
// Forgets what came after the mark.
void arena_rewind(struct arena *arena, struct arena_mark mark);

// Zeroed, aligned for any type. Valid until the arena is reset, rewound before it, or done.
void *arena_alloc(struct arena *arena, size_t bytes);
// Not zeroed.
void *arena_alloc_raw(struct arena *arena, size_t bytes);
struct slice arena_copy(struct arena *arena, struct slice bytes);
// Formatted text (no NUL counted in the slice, but one follows it).
struct slice arena_format(struct arena *arena, const char *format, ...) ATTR_PRINTF(2, 3);
// NUL-terminated copy.
char *arena_cstr(struct arena *arena, struct slice text);

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define ARENA_ARRAY(arena, type, count)                                                            \
    ((type *)arena_alloc((arena), sizeof(type) * (size_t)(count)))

#endif
