#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/check.h"
#include "base/mem.h"

enum { FIRST_BYTES = 256 };

void buf_init(struct buf *buf, size_t bytes_max)
{
    CHECK(bytes_max > 0);
    *buf = (struct buf){ .bytes_max = bytes_max };
}

void buf_done(struct buf *buf)
{
    mem_free(buf->ptr);
    *buf = (struct buf){ 0 };
}

char *buf_reserve(struct buf *buf, size_t bytes)
{
    if (bytes > buf->bytes_max - buf->len) {
        buf->overflow = true;
        return NULL;
    }
    if (buf->capacity - buf->len < bytes) {
        size_t capacity = buf->capacity > 0 ? buf->capacity : FIRST_BYTES;
        while (capacity - buf->len < bytes) {
            capacity *= 2;
        }
        if (capacity > buf->bytes_max) {
            capacity = buf->bytes_max;
        }
        buf->ptr = mem_grow(buf->ptr, capacity);
        buf->capacity = capacity;
    }
    return buf->ptr + buf->len;
}

void buf_put_growing(struct buf *buf, const void *bytes, size_t len)
{
    char *to = buf_reserve(buf, len);
    if (to != NULL) {
        memcpy(to, bytes, len);
        buf->len += len;
    }
}

void buf_put_cstr(struct buf *buf, const char *text) { buf_put(buf, text, strlen(text)); }

void buf_format(struct buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    CHECK(length >= 0);
    char *to = buf_reserve(buf, (size_t)length + 1);
    if (to != NULL) {
        (void)vsnprintf(to, (size_t)length + 1, format, again);
        buf->len += (size_t)length;
    }
    va_end(again);
}

void buf_consume(struct buf *buf, size_t len)
{
    CHECK(len <= buf->len);
    if (len > 0) {
        memmove(buf->ptr, buf->ptr + len, buf->len - len);
        buf->len -= len;
    }
}
