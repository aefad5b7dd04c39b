// Borrowed bytes. A slice owns nothing; whoever hands one out says how long it lives.
#ifndef RUNG_BASE_SLICE_H
#define RUNG_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
    const char *ptr; // may be NULL when len is 0
    size_t len;
};

#define SLICE(literal) ((struct slice){ "" literal, sizeof(literal) - 1 })
#define SLICE_EMPTY ((struct slice){ NULL, 0 })

// For printf: printf("%.*s", SLICE_PRINT(name))
#define SLICE_PRINT(slice) (int)(slice).len, ((slice).ptr != NULL ? (slice).ptr : "")

static inline struct slice slice_make(const void *ptr, size_t len)
{
    return (struct slice){ (const char *)ptr, len };
}

static inline struct slice slice_from_cstr(const char *text)
{
    return (struct slice){ text, text != NULL ? strlen(text) : 0 };
}

static inline bool slice_equal(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

// Byte order, shorter first when one is the beginning of the other. <0, 0, >0.
static inline int slice_compare(struct slice a, struct slice b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common == 0 ? 0 : memcmp(a.ptr, b.ptr, common);
    if (order != 0) {
        return order;
    }
    return a.len < b.len ? -1 : a.len > b.len;
}

static inline bool slice_starts(struct slice whole, struct slice start)
{
    return whole.len >= start.len &&
           (start.len == 0 || memcmp(whole.ptr, start.ptr, start.len) == 0);
}

// The part from `at`, at most `len` bytes; clamped to what there is.
static inline struct slice slice_sub(struct slice whole, size_t at, size_t len)
{
    if (at > whole.len) {
        at = whole.len;
    }
    if (len > whole.len - at) {
        len = whole.len - at;
    }
    return (struct slice){ whole.len == 0 ? NULL : whole.ptr + at, len };
}

// Without the bytes of `blanks` at its ends. Inside it they stay.
static inline struct slice slice_trim(struct slice text, const char *blanks)
{
    size_t kinds = strlen(blanks);
    while (text.len > 0 && memchr(blanks, text.ptr[0], kinds) != NULL) {
        text = slice_sub(text, 1, text.len);
    }
    while (text.len > 0 && memchr(blanks, text.ptr[text.len - 1], kinds) != NULL) {
        text.len--;
    }
    return text;
}

#endif
