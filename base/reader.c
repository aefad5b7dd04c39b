#include "base/reader.h"

struct slice reader_take(struct reader *reader, size_t len)
{
    if (len > reader->len) {
        reader->bad = true;
        reader->len = 0;
        return SLICE_EMPTY;
    }
    struct slice taken = { reader->ptr, len };
    reader->ptr += len;
    reader->len -= len;
    return taken;
}

void reader_copy(struct reader *reader, void *to, size_t len)
{
    struct slice taken = reader_take(reader, len);
    if (taken.len == len && len > 0) {
        memcpy(to, taken.ptr, len);
    } else if (len > 0) {
        memset(to, 0, len);
    }
}

uint8_t reader_u8(struct reader *reader)
{
    uint8_t value;
    reader_copy(reader, &value, sizeof(value));
    return value;
}

uint16_t reader_u16(struct reader *reader)
{
    uint16_t value;
    reader_copy(reader, &value, sizeof(value));
    return value;
}

uint32_t reader_u32(struct reader *reader)
{
    uint32_t value;
    reader_copy(reader, &value, sizeof(value));
    return value;
}

uint64_t reader_u64(struct reader *reader)
{
    uint64_t value;
    reader_copy(reader, &value, sizeof(value));
    return value;
}

uint32_t reader_u32_be(struct reader *reader)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
        value = value << 8 | reader_u8(reader);
    }
    return value;
}

uint64_t reader_u64_be(struct reader *reader)
{
    uint64_t high = reader_u32_be(reader);
    return high << 32 | reader_u32_be(reader);
}
