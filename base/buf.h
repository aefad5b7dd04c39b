// Growable bytes with a mandatory maximum. Sticky: what would not fit is dropped whole and sets
// `overflow`; the owner checks once at its boundary.
#ifndef RUNG_BASE_BUF_H
#define RUNG_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/slice.h"

struct buf {
    char *ptr;
    size_t len;
    size_t capacity;
    size_t bytes_max;
    bool overflow;
};

void buf_init(struct buf *buf, size_t bytes_max);
void buf_done(struct buf *buf);
static inline void buf_reset(struct buf *buf)
{
    buf->len = 0;
    buf->overflow = false;
}
// Makes room for `bytes` more and returns the place to write them, or NULL on overflow.
// The caller adds what it wrote to buf->len.
char *buf_reserve(struct buf *buf, size_t bytes);
// What buf_put does without room.
void buf_put_growing(struct buf *buf, const void *bytes, size_t len);
static inline void buf_put(struct buf *buf, const void *bytes, size_t len)
{
    if (len == 0) {
        return;
    }
    if (len <= buf->capacity - buf->len) {
        memcpy(buf->ptr + buf->len, bytes, len);
        buf->len += len;
    } else {
        buf_put_growing(buf, bytes, len);
    }
}
static inline void buf_put_slice(struct buf *buf, struct slice bytes)
{
    buf_put(buf, bytes.ptr, bytes.len);
}
static inline void buf_put_char(struct buf *buf, char byte) { buf_put(buf, &byte, 1); }
void buf_put_cstr(struct buf *buf, const char *text);
void buf_format(struct buf *buf, const char *format, ...) ATTR_PRINTF(2, 3);
// Drops `len` bytes from the front.
void buf_consume(struct buf *buf, size_t len);
static inline struct slice buf_slice(const struct buf *buf)
{
    return (struct slice){ buf->ptr, buf->len };
}

#endif
