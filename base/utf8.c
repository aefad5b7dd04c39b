#include "base/utf8.h"

#include "base/attr.h"

static unsigned expected_bytes(unsigned char lead)
{
    if (lead < 0x80) {
        return 1;
    }
    if (lead >= 0xc2 && lead < 0xe0) {
        return 2;
    }
    if (lead >= 0xe0 && lead < 0xf0) {
        return 3;
    }
    return lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
}

uint32_t utf8_decode(struct slice text, size_t at, size_t *ret_bytes)
{
    const unsigned char *bytes = (const unsigned char *)text.ptr + at;
    size_t left = text.len - at;
    unsigned count = expected_bytes(bytes[0]);
    *ret_bytes = 1;
    if (count == 1) {
        return bytes[0];
    }
    if (count == 0 || count > left) {
        return UTF8_BAD;
    }
    uint32_t code = bytes[0] & (0xffu >> (count + 1));
    for (unsigned i = 1; i < count; i++) {
        if ((bytes[i] & 0xc0) != 0x80) {
            return UTF8_BAD;
        }
        code = code << 6 | (bytes[i] & 0x3fu);
    }
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    if (code < least[count] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
        return UTF8_BAD;
    }
    *ret_bytes = count;
    return code;
}

bool utf8_valid(struct slice text)
{
    size_t at = 0;
    while (at < text.len) {
        uint64_t eight;
        if (text.len - at >= sizeof(eight)) {
            memcpy(&eight, text.ptr + at, sizeof(eight));
            if ((eight & 0x8080808080808080ull) == 0) {
                at += sizeof(eight);
                continue;
            }
        }
        if ((unsigned char)text.ptr[at] < 0x80) {
            at++;
            continue;
        }
        size_t bytes;
        (void)utf8_decode(text, at, &bytes);
        if (bytes == 1) {
            return false;
        }
        at += bytes;
    }
    return true;
}

size_t utf8_encode(uint32_t code, char to[4])
{
    if (code < 0x80) {
        to[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        to[0] = (char)(0xc0 | code >> 6);
        to[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        to[0] = (char)(0xe0 | code >> 12);
        to[1] = (char)(0x80 | (code >> 6 & 0x3f));
        to[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    to[0] = (char)(0xf0 | code >> 18);
    to[1] = (char)(0x80 | (code >> 12 & 0x3f));
    to[2] = (char)(0x80 | (code >> 6 & 0x3f));
    to[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

struct range {
    uint32_t first;
    uint32_t last;
};

static bool within(uint32_t code, const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (code >= ranges[i].first && code <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

unsigned utf8_width(uint32_t code)
{
    // Combining marks, zero-width and direction characters; then East Asian wide and emoji blocks.
    static const struct range zero[] = {
        { 0, 0x1f }, { 0x7f, 0x9f }, { 0x300, 0x36f }, { 0x483, 0x489 }, { 0x591, 0x5bd },
        { 0x610, 0x61a }, { 0x64b, 0x65f }, { 0x1ab0, 0x1aff }, { 0x200b, 0x200f },
        { 0x202a, 0x202e }, { 0x2060, 0x2064 }, { 0x20d0, 0x20ff }, { 0xfe00, 0xfe0f },
        { 0xfe20, 0xfe2f }, { 0xfeff, 0xfeff }, { 0xe0100, 0xe01ef },
    };
    static const struct range wide[] = {
        { 0x1100, 0x115f }, { 0x2e80, 0x303e }, { 0x3041, 0x33ff }, { 0x3400, 0x4dbf },
        { 0x4e00, 0x9fff }, { 0xa000, 0xa4cf }, { 0xac00, 0xd7a3 }, { 0xf900, 0xfaff },
        { 0xfe30, 0xfe6f }, { 0xff00, 0xff60 }, { 0xffe0, 0xffe6 }, { 0x1f300, 0x1f64f },
        { 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd },
    };
    if (code >= 0x20 && code < 0x7f) {
        return 1;
    }
    if (within(code, zero, ARRAY_COUNT(zero))) {
        return 0;
    }
    return within(code, wide, ARRAY_COUNT(wide)) ? 2 : 1;
}

size_t utf8_cells(struct slice text)
{
    size_t cells = 0;
    size_t at = 0;
    while (at < text.len) {
        size_t bytes;
        cells += utf8_width(utf8_decode(text, at, &bytes));
        at += bytes;
    }
    return cells;
}

bool utf8_is_letter(uint32_t code)
{
    static const struct range letters[] = {
        { 'A', 'Z' }, { 'a', 'z' }, { 0xaa, 0xaa }, { 0xb5, 0xb5 }, { 0xba, 0xba },
        { 0xc0, 0xd6 }, { 0xd8, 0xf6 }, { 0xf8, 0x2c1 }, { 0x370, 0x373 }, { 0x376, 0x377 },
        { 0x37b, 0x37d }, { 0x37f, 0x37f }, { 0x386, 0x386 }, { 0x388, 0x3ff }, { 0x400, 0x481 },
        { 0x48a, 0x52f }, { 0x531, 0x556 }, { 0x561, 0x587 }, { 0x5d0, 0x5ea }, { 0x620, 0x64a },
        { 0x671, 0x6d3 }, { 0x904, 0x939 }, { 0xe01, 0xe30 }, { 0x10a0, 0x10ff },
        { 0x1e00, 0x1fff }, { 0x3041, 0x3096 }, { 0x30a1, 0x30fa }, { 0x3400, 0x4dbf },
        { 0x4e00, 0x9fff }, { 0xac00, 0xd7a3 },
    };
    return within(code, letters, ARRAY_COUNT(letters));
}
