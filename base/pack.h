// MessagePack. Writing goes through msgpack-c; reading is our own pull cursor over bytes that
// pack_scan has walked first, because msgpack-c allocates what a length claims (6 bytes can ask for
// 1.6 GB). The only file with <msgpack.h> is pack.c.
#ifndef RUNG_BASE_PACK_H
#define RUNG_BASE_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

enum { PACK_DEPTH_MAX = 24 };

// --- writing: appends one element to `buf` (overflow is sticky in the buf) ---------------------
void pack_nil(struct buf *buf);
void pack_bool(struct buf *buf, bool value);
void pack_uint(struct buf *buf, uint64_t value);
void pack_int(struct buf *buf, int64_t value);
void pack_double(struct buf *buf, double value); // for `stats` only: never money, never time
void pack_str(struct buf *buf, struct slice text);
void pack_cstr(struct buf *buf, const char *text);
void pack_bin(struct buf *buf, struct slice bytes);
void pack_array(struct buf *buf, uint32_t count); // then `count` elements
void pack_map(struct buf *buf, uint32_t pairs);   // then `pairs` keys and values
void pack_ext(struct buf *buf, int8_t type, struct slice body);

// --- checking ---------------------------------------------------------------------------------
enum pack_status {
    PACK_WHOLE, // one whole well-formed element; its size is given
    PACK_MORE,  // a good beginning; more bytes are needed
    PACK_BAD    // can never become well formed, nests deeper than PACK_DEPTH_MAX, text is not
                // UTF-8, or claims more than `bytes_max` in all
};
// Walks one element without allocating. Depth, counts and total are bounded. After PACK_MORE,
// `ret_bytes` is the fewest bytes in all that could be a whole element: a reader of a stream waits
// for so many before it scans again, so that a frame sent byte by byte costs no quadratic time.
enum pack_status pack_scan(struct slice bytes, size_t bytes_max, size_t *ret_bytes);

// --- reading: a sticky cursor. On a wrong kind or too few bytes: `bad`, and zeros from then on ---
enum pack_kind {
    PACK_NIL, PACK_BOOL, PACK_INTEGER, PACK_FLOAT, PACK_STR, PACK_BIN, PACK_ARRAY, PACK_MAP,
    PACK_EXT, PACK_END // no bytes left, or bad
};

struct unpack {
    const unsigned char *at;
    const unsigned char *end;
    bool bad;
};

static inline void unpack_init(struct unpack *unpack, struct slice bytes)
{
    unpack->at = (const unsigned char *)bytes.ptr;
    unpack->end = bytes.len == 0 ? unpack->at : unpack->at + bytes.len;
    unpack->bad = false;
}
enum pack_kind unpack_peek(const struct unpack *unpack);
void unpack_nil(struct unpack *unpack);
bool unpack_bool(struct unpack *unpack);
uint64_t unpack_uint(struct unpack *unpack); // bad when negative
int64_t unpack_int(struct unpack *unpack);   // bad when above INT64_MAX
double unpack_double(struct unpack *unpack); // takes integers too
struct slice unpack_str(struct unpack *unpack);
struct slice unpack_bin(struct unpack *unpack);
uint32_t unpack_array(struct unpack *unpack); // bad when the count exceeds the bytes left
uint32_t unpack_map(struct unpack *unpack);   // number of pairs; likewise
struct slice unpack_ext(struct unpack *unpack, int8_t *ret_type);
void unpack_skip(struct unpack *unpack);          // any one element, bounded depth
struct slice unpack_raw(struct unpack *unpack);   // the bytes of any one element
// In a map of string keys: calls for lookups of small request maps. Gives the element's raw bytes,
// or empty when the key is absent. Does not move `unpack`; linear.
struct slice pack_map_find(struct slice map, struct slice key);

#endif
