#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include "base/check.h"
#include "base/mem.h"

enum { CHUNK_BYTES = 64 * 1024, CHUNK_BYTES_MAX = 4 * 1024 * 1024, ALIGN = 16 };

struct arena_chunk {
    struct arena_chunk *older;
    size_t size; // of data
    size_t used;
    size_t pad; // keeps data aligned
    unsigned char data[];
};

_Static_assert(sizeof(struct arena_chunk) % ALIGN == 0, "chunk data must stay aligned");

void arena_init(struct arena *arena, size_t bytes_max)
{
    CHECK(bytes_max > 0);
    *arena = (struct arena){ .bytes_max = bytes_max };
}

// Frees the chunks from `chunk` on, newest first, until `keep`.
static void free_chunks(struct arena_chunk *chunk, const struct arena_chunk *keep)
{
    while (chunk != keep) {
        CHECK(chunk != NULL);
        struct arena_chunk *older = chunk->older;
        mem_free(chunk);
        chunk = older;
    }
}

void arena_done(struct arena *arena)
{
    free_chunks(arena->chunk, NULL);
    *arena = (struct arena){ 0 };
}

// Chunks grow, so the newest is the largest: keeping it, a steady load soon allocates nothing.
void arena_reset(struct arena *arena)
{
    if (arena->chunk != NULL) {
        free_chunks(arena->chunk->older, NULL);
        arena->chunk->older = NULL;
        arena->chunk->used = 0;
        if (arena->chunk->size > CHUNK_BYTES_MAX) { // one burst must not hold memory for ever
            mem_free(arena->chunk);
            arena->chunk = NULL;
        }
    }
    arena->used_bytes = 0;
    arena->overflow = false;
}

struct arena_mark arena_mark(const struct arena *arena)
{
    size_t used = arena->chunk != NULL ? arena->chunk->used : 0;
    return (struct arena_mark){ arena->chunk, used, arena->used_bytes };
}

void arena_rewind(struct arena *arena, struct arena_mark mark)
{
    if (mark.chunk == NULL) {
        arena_reset(arena);
        return;
    }
    free_chunks(arena->chunk, mark.chunk);
    arena->chunk = mark.chunk;
    CHECK(mark.chunk_used <= arena->chunk->used);
    arena->chunk->used = mark.chunk_used;
    arena->used_bytes = mark.used_bytes;
}

void *arena_alloc_raw(struct arena *arena, size_t bytes)
{
    CHECK(bytes < SIZE_MAX / 2);
    size_t need = (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    struct arena_chunk *chunk = arena->chunk;
    if (chunk == NULL || chunk->size - chunk->used < need) {
        size_t size = chunk == NULL ? CHUNK_BYTES : chunk->size * 2;
        size = size > CHUNK_BYTES_MAX ? CHUNK_BYTES_MAX : size;
        size = size > need ? size : need;
        struct arena_chunk *fresh = mem_alloc(sizeof(*fresh) + size);
        fresh->older = chunk;
        fresh->size = size;
        fresh->used = 0;
        arena->chunk = fresh;
        chunk = fresh;
    }
    void *result = chunk->data + chunk->used;
    chunk->used += need;
    arena->used_bytes += need;
    if (arena->used_bytes > arena->bytes_max) {
        arena->overflow = true;
    }
    return result;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
    void *result = arena_alloc_raw(arena, bytes);
    memset(result, 0, bytes);
    return result;
}

struct slice arena_copy(struct arena *arena, struct slice bytes)
{
    if (bytes.len == 0) {
        return SLICE_EMPTY;
    }
    char *copy = arena_alloc_raw(arena, bytes.len);
    memcpy(copy, bytes.ptr, bytes.len);
    return (struct slice){ copy, bytes.len };
}

char *arena_cstr(struct arena *arena, struct slice text)
{
    char *copy = arena_alloc_raw(arena, text.len + 1);
    if (text.len > 0) {
        memcpy(copy, text.ptr, text.len);
    }
    copy[text.len] = '\0';
    return copy;
}

struct slice arena_format(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    CHECK(length >= 0);
    char *text = arena_alloc_raw(arena, (size_t)length + 1);
    (void)vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return (struct slice){ text, (size_t)length };
}
