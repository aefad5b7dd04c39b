// Bounds-checked cursor over untrusted bytes: the only way to look at stored or received bytes of
// a fixed layout. Sticky: the first read past the end sets `bad`; later reads give zeros.
// Integers are little-endian unless named _be.
#ifndef RUNG_BASE_READER_H
#define RUNG_BASE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct reader {
    const char *ptr;
    size_t len; // bytes left
    bool bad;
};

static inline void reader_init(struct reader *reader, struct slice bytes)
{
    *reader = (struct reader){ bytes.ptr, bytes.len, false };
}
// The next `len` bytes, valid as long as the source; empty and bad when there are fewer.
struct slice reader_take(struct reader *reader, size_t len);
void reader_copy(struct reader *reader, void *to, size_t len);
uint8_t reader_u8(struct reader *reader);
uint16_t reader_u16(struct reader *reader);
uint32_t reader_u32(struct reader *reader);
uint64_t reader_u64(struct reader *reader);
uint32_t reader_u32_be(struct reader *reader);
uint64_t reader_u64_be(struct reader *reader);

#endif
