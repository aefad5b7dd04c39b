#include "base/pack.h"

#include <msgpack.h>

#include "base/check.h"
#include "base/utf8.h"

static int write_to_buf(void *data, const char *bytes, size_t len)
{
    buf_put((struct buf *)data, bytes, len);
    return 0;
}

static msgpack_packer packer_on(struct buf *buf)
{
    return (msgpack_packer){ .data = buf, .callback = write_to_buf };
}

void pack_nil(struct buf *buf) { buf_put_char(buf, (char)0xc0); }

void pack_bool(struct buf *buf, bool value) { buf_put_char(buf, value ? (char)0xc3 : (char)0xc2); }

void pack_uint(struct buf *buf, uint64_t value)
{
    if (value < 128) {
        buf_put_char(buf, (char)value);
        return;
    }
    msgpack_packer packer = packer_on(buf);
    (void)msgpack_pack_uint64(&packer, value);
}

void pack_int(struct buf *buf, int64_t value)
{
    if (value >= 0) {
        pack_uint(buf, (uint64_t)value);
        return;
    }
    msgpack_packer packer = packer_on(buf);
    (void)msgpack_pack_int64(&packer, value);
}

void pack_double(struct buf *buf, double value)
{
    msgpack_packer packer = packer_on(buf);
    (void)msgpack_pack_double(&packer, value);
}

// Short texts and lists make up most of a record; their heads are one byte, as are small numbers.
enum { FIXSTR_MAX = 31, FIXARRAY_MAX = 15 };

void pack_str(struct buf *buf, struct slice text)
{
    if (text.len <= FIXSTR_MAX) {
        buf_put_char(buf, (char)(0xa0 | text.len));
    } else {
        msgpack_packer packer = packer_on(buf);
        (void)msgpack_pack_str(&packer, text.len);
    }
    buf_put_slice(buf, text);
}

void pack_cstr(struct buf *buf, const char *text) { pack_str(buf, slice_from_cstr(text)); }

void pack_bin(struct buf *buf, struct slice bytes)
{
    msgpack_packer packer = packer_on(buf);
    (void)msgpack_pack_bin(&packer, bytes.len);
    buf_put_slice(buf, bytes);
}

void pack_array(struct buf *buf, uint32_t count)
{
    if (count <= FIXARRAY_MAX) {
        buf_put_char(buf, (char)(0x90 | count));
        return;
    }
    msgpack_packer packer = packer_on(buf);
    (void)msgpack_pack_array(&packer, count);
}

void pack_map(struct buf *buf, uint32_t pairs)
{
    if (pairs <= FIXARRAY_MAX) {
        buf_put_char(buf, (char)(0x80 | pairs));
        return;
    }
    msgpack_packer packer = packer_on(buf);
    (void)msgpack_pack_map(&packer, pairs);
}

void pack_ext(struct buf *buf, int8_t type, struct slice body)
{
    msgpack_packer packer = packer_on(buf);
    (void)msgpack_pack_ext(&packer, body.len, type);
    buf_put_slice(buf, body);
}

// ------------------------------------------------------------------------------------ heads

// The head of one element: what it is, how many bytes of body follow, how many elements follow.
struct head {
    enum pack_kind kind;
    unsigned head_bytes; // with the type byte of an ext
    uint64_t body_bytes; // raw bytes after the head
    uint64_t children;   // elements after the head
    unsigned char tag;
};

static uint64_t read_be(const unsigned char *at, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++) {
        value = value << 8 | at[i];
    }
    return value;
}

static inline bool is_small_number(unsigned char tag) { return tag < 0x80 || tag >= 0xe0; }

// What follows a tag of 0xc0…0xdf: kind, bytes of the length or number, element factor.
struct tag_rule {
    unsigned char kind;
    unsigned char number_bytes;
    unsigned char shape; // 0: number is the value; 1: number = body bytes; 2: ext; 3: children
};

static const struct tag_rule tag_rules[32] = {
    [0x00] = { PACK_NIL, 0, 0 },     [0x02] = { PACK_BOOL, 0, 0 },
    [0x03] = { PACK_BOOL, 0, 0 },    [0x04] = { PACK_BIN, 1, 1 },
    [0x05] = { PACK_BIN, 2, 1 },     [0x06] = { PACK_BIN, 4, 1 },
    [0x07] = { PACK_EXT, 1, 2 },     [0x08] = { PACK_EXT, 2, 2 },
    [0x09] = { PACK_EXT, 4, 2 },     [0x0a] = { PACK_FLOAT, 4, 0 },
    [0x0b] = { PACK_FLOAT, 8, 0 },   [0x0c] = { PACK_INTEGER, 1, 0 },
    [0x0d] = { PACK_INTEGER, 2, 0 }, [0x0e] = { PACK_INTEGER, 4, 0 },
    [0x0f] = { PACK_INTEGER, 8, 0 }, [0x10] = { PACK_INTEGER, 1, 0 },
    [0x11] = { PACK_INTEGER, 2, 0 }, [0x12] = { PACK_INTEGER, 4, 0 },
    [0x13] = { PACK_INTEGER, 8, 0 }, [0x14] = { PACK_EXT, 0, 2 },
    [0x15] = { PACK_EXT, 0, 2 },     [0x16] = { PACK_EXT, 0, 2 },
    [0x17] = { PACK_EXT, 0, 2 },     [0x18] = { PACK_EXT, 0, 2 },
    [0x19] = { PACK_STR, 1, 1 },     [0x1a] = { PACK_STR, 2, 1 },
    [0x1b] = { PACK_STR, 4, 1 },     [0x1c] = { PACK_ARRAY, 2, 3 },
    [0x1d] = { PACK_ARRAY, 4, 3 },   [0x1e] = { PACK_MAP, 2, 3 },
    [0x1f] = { PACK_MAP, 4, 3 },
};

static enum pack_status tagged_head(const unsigned char *at, size_t left, struct head *head)
{
    if (at[0] == 0xc1) {
        return PACK_BAD;
    }
    const struct tag_rule *rule = &tag_rules[at[0] - 0xc0];
    head->kind = (enum pack_kind)rule->kind;
    head->head_bytes = 1u + rule->number_bytes + (rule->shape == 2 ? 1u : 0u);
    if (left < head->head_bytes) {
        return PACK_MORE;
    }
    uint64_t number = rule->shape == 0 ? 0 : read_be(at + 1, rule->number_bytes);
    if (rule->shape == 1) {
        head->body_bytes = number;
    } else if (rule->shape == 2) {
        head->body_bytes = rule->number_bytes == 0 ? 1ull << (at[0] - 0xd4) : number;
    } else if (rule->shape == 3) {
        head->children = head->kind == PACK_MAP ? number * 2 : number;
    }
    return PACK_WHOLE;
}

static enum pack_status read_head(const unsigned char *at, size_t left, struct head *head)
{
    *head = (struct head){ .kind = PACK_INTEGER, .head_bytes = 1 };
    if (left == 0) {
        return PACK_MORE;
    }
    unsigned char tag = at[0];
    head->tag = tag;
    if (is_small_number(tag)) {
        return PACK_WHOLE;
    }
    if (tag < 0x90) {
        head->kind = PACK_MAP;
        head->children = (uint64_t)(tag & 0x0f) * 2;
    } else if (tag < 0xa0) {
        head->kind = PACK_ARRAY;
        head->children = tag & 0x0f;
    } else if (tag < 0xc0) {
        head->kind = PACK_STR;
        head->body_bytes = tag & 0x1f;
    } else {
        return tagged_head(at, left, head);
    }
    return PACK_WHOLE;
}

// ------------------------------------------------------------------------------------ scanning

// Every element still to come takes a byte at least.
static size_t fewest_bytes(const uint64_t *open, unsigned depth, size_t at)
{
    for (unsigned i = 0; i <= depth; i++) {
        at += (size_t)open[i];
    }
    return at;
}

// The bytes of a number or a short text that is whole within `left` (at least 1), which is most of
// what is ever scanned. 0: look closer.
static inline size_t plain_bytes(const unsigned char *at, size_t left)
{
    if (is_small_number(at[0])) {
        return 1;
    }
    if ((at[0] & 0xe0) == 0xa0) {
        size_t len = at[0] & 0x1f;
        return len < left && utf8_valid(slice_make(at + 1, len)) ? len + 1 : 0;
    }
    if ((at[0] & 0xfc) == 0xcc) {
        size_t len = (size_t)1 << (at[0] & 3);
        return len < left ? len + 1 : 0;
    }
    return 0;
}

// `bytes_max` bounds the whole element, so that a claim of 4 GB is refused at its head.
enum pack_status pack_scan(struct slice bytes, size_t bytes_max, size_t *ret_bytes)
{
    uint64_t open[PACK_DEPTH_MAX]; // elements still to come at each level
    unsigned depth = 0;
    open[0] = 1;
    if (bytes.len == 0) { // perhaps without an address: nothing to look at
        *ret_bytes = 1;
        return bytes_max == 0 ? PACK_BAD : PACK_MORE;
    }
    const unsigned char *base = (const unsigned char *)bytes.ptr;
    size_t at = 0;
    size_t limit = bytes.len < bytes_max ? bytes.len : bytes_max;
    while (true) {
        while (open[depth] == 0) {
            if (depth == 0) {
                *ret_bytes = at;
                return PACK_WHOLE;
            }
            depth--;
        }
        open[depth]--;
        size_t plain = at < limit ? plain_bytes(base + at, limit - at) : 0;
        if (plain > 0) {
            at += plain;
            continue;
        }
        struct head head;
        enum pack_status status = read_head(base + at, bytes.len - at, &head);
        if (status != PACK_WHOLE) {
            *ret_bytes = fewest_bytes(open, depth, bytes.len + 1);
            return status == PACK_MORE && at >= bytes_max ? PACK_BAD : status;
        }
        at += head.head_bytes;
        if (at > bytes_max || head.body_bytes > bytes_max - at || head.children > bytes_max - at) {
            return PACK_BAD;
        }
        if (head.body_bytes > bytes.len - at) {
            *ret_bytes = fewest_bytes(open, depth, at + (size_t)head.body_bytes);
            return PACK_MORE;
        }
        if (head.kind == PACK_STR &&
            !utf8_valid(slice_make(base + at, (size_t)head.body_bytes))) {
            return PACK_BAD;
        }
        at += (size_t)head.body_bytes;
        if (head.kind == PACK_ARRAY || head.kind == PACK_MAP) {
            if (depth + 1 == PACK_DEPTH_MAX) {
                return PACK_BAD;
            }
            open[++depth] = head.children;
        }
    }
}

// ------------------------------------------------------------------------------------ reading

enum pack_kind unpack_peek(const struct unpack *unpack)
{
    struct head head;
    if (unpack->bad || unpack->at == unpack->end ||
        read_head(unpack->at, (size_t)(unpack->end - unpack->at), &head) != PACK_WHOLE) {
        return PACK_END;
    }
    return head.kind;
}

static void go_bad(struct unpack *unpack)
{
    unpack->bad = true;
    unpack->at = unpack->end;
}

// Reads a head of the wanted kind and checks that its body or its children can be there.
static bool take_head(struct unpack *unpack, enum pack_kind kind, struct head *head)
{
    size_t left = (size_t)(unpack->end - unpack->at);
    if (unpack->bad || read_head(unpack->at, left, head) != PACK_WHOLE || head->kind != kind) {
        go_bad(unpack);
        return false;
    }
    left -= head->head_bytes;
    if (head->body_bytes > left || head->children > left) {
        go_bad(unpack);
        return false;
    }
    unpack->at += head->head_bytes;
    return true;
}

void unpack_nil(struct unpack *unpack)
{
    struct head head;
    (void)take_head(unpack, PACK_NIL, &head);
}

bool unpack_bool(struct unpack *unpack)
{
    struct head head;
    return take_head(unpack, PACK_BOOL, &head) && head.tag == 0xc3;
}

// The number of an integer element as two's complement, and whether it is negative.
static uint64_t take_integer(struct unpack *unpack, bool *ret_negative)
{
    struct head head;
    *ret_negative = false;
    const unsigned char *at = unpack->at;
    if (!take_head(unpack, PACK_INTEGER, &head)) {
        return 0;
    }
    if (head.tag < 0x80) {
        return head.tag;
    }
    if (head.tag >= 0xe0) {
        *ret_negative = true;
        return (uint64_t)(int64_t)(int8_t)head.tag;
    }
    unsigned bytes = head.head_bytes - 1;
    uint64_t number = read_be(at + 1, bytes);
    if (head.tag >= 0xd0) {
        unsigned shift = 64 - bytes * 8;
        int64_t extended = (int64_t)(number << shift) >> shift;
        *ret_negative = extended < 0;
        return (uint64_t)extended;
    }
    return number;
}

// Numbers of the tags 0xcc…0xcf, when they are whole: the commonest way of an integer.
static bool take_unsigned(struct unpack *unpack, uint64_t *ret_number)
{
    const unsigned char *at = unpack->at;
    size_t left = (size_t)(unpack->end - at);
    if (unpack->bad || left == 0) {
        return false;
    }
    if (at[0] < 0x80) {
        *ret_number = at[0];
        unpack->at = at + 1;
        return true;
    }
    unsigned bytes = 1u << (at[0] & 3);
    if ((at[0] & 0xfc) != 0xcc || left <= bytes) {
        return false;
    }
    *ret_number = read_be(at + 1, bytes);
    unpack->at = at + 1 + bytes;
    return true;
}

uint64_t unpack_uint(struct unpack *unpack)
{
    bool negative;
    uint64_t quick;
    if (take_unsigned(unpack, &quick)) {
        return quick;
    }
    uint64_t number = take_integer(unpack, &negative);
    if (negative) {
        go_bad(unpack);
        return 0;
    }
    return number;
}

int64_t unpack_int(struct unpack *unpack)
{
    bool negative;
    uint64_t number = take_integer(unpack, &negative);
    if (!negative && number > INT64_MAX) {
        go_bad(unpack);
        return 0;
    }
    return (int64_t)number;
}

double unpack_double(struct unpack *unpack)
{
    if (unpack_peek(unpack) == PACK_INTEGER) {
        return (double)unpack_int(unpack);
    }
    const unsigned char *at = unpack->at;
    struct head head;
    if (!take_head(unpack, PACK_FLOAT, &head)) {
        return 0;
    }
    if (head.head_bytes == 5) {
        uint32_t bits = (uint32_t)read_be(at + 1, 4);
        float number;
        memcpy(&number, &bits, sizeof(number));
        return (double)number;
    }
    uint64_t bits = read_be(at + 1, 8);
    double number;
    memcpy(&number, &bits, sizeof(number));
    return number;
}

static struct slice take_body(struct unpack *unpack, enum pack_kind kind)
{
    struct head head;
    size_t left = (size_t)(unpack->end - unpack->at);
    if (kind == PACK_STR && !unpack->bad && left > 0 && (unpack->at[0] & 0xe0) == 0xa0 &&
        (size_t)(unpack->at[0] & 0x1f) < left) {
        struct slice text = slice_make(unpack->at + 1, unpack->at[0] & 0x1f);
        unpack->at += 1 + text.len;
        return text;
    }
    if (!take_head(unpack, kind, &head)) {
        return SLICE_EMPTY;
    }
    struct slice body = slice_make(unpack->at, (size_t)head.body_bytes);
    unpack->at += head.body_bytes;
    return body;
}

struct slice unpack_str(struct unpack *unpack) { return take_body(unpack, PACK_STR); }

struct slice unpack_bin(struct unpack *unpack) { return take_body(unpack, PACK_BIN); }

uint32_t unpack_array(struct unpack *unpack)
{
    struct head head;
    return take_head(unpack, PACK_ARRAY, &head) ? (uint32_t)head.children : 0;
}

uint32_t unpack_map(struct unpack *unpack)
{
    struct head head;
    return take_head(unpack, PACK_MAP, &head) ? (uint32_t)(head.children / 2) : 0;
}

struct slice unpack_ext(struct unpack *unpack, int8_t *ret_type)
{
    struct slice body = take_body(unpack, PACK_EXT);
    *ret_type = unpack->bad ? 0 : (int8_t)((const unsigned char *)body.ptr)[-1];
    return body;
}

void unpack_skip(struct unpack *unpack)
{
    uint64_t left = 1; // elements still to pass; nesting needs no stack to be skipped
    while (left > 0 && !unpack->bad) {
        struct head head;
        size_t bytes = (size_t)(unpack->end - unpack->at);
        if (read_head(unpack->at, bytes, &head) != PACK_WHOLE ||
            head.body_bytes > bytes - head.head_bytes || head.children > bytes) {
            go_bad(unpack);
            return;
        }
        unpack->at += head.head_bytes + head.body_bytes;
        left = left - 1 + head.children;
        if (left > bytes) {
            go_bad(unpack);
        }
    }
}

struct slice unpack_raw(struct unpack *unpack)
{
    const unsigned char *from = unpack->at;
    unpack_skip(unpack);
    if (unpack->bad) {
        return SLICE_EMPTY;
    }
    return slice_make(from, (size_t)(unpack->at - from));
}

struct slice pack_map_find(struct slice map, struct slice key)
{
    struct unpack unpack;
    unpack_init(&unpack, map);
    uint32_t pairs = unpack_map(&unpack);
    for (uint32_t i = 0; i < pairs && !unpack.bad; i++) {
        if (unpack_peek(&unpack) != PACK_STR) {
            return SLICE_EMPTY;
        }
        struct slice name = unpack_str(&unpack);
        struct slice element = unpack_raw(&unpack);
        if (!unpack.bad && slice_equal(name, key)) {
            return element;
        }
    }
    return SLICE_EMPTY;
}
