#include "engine/shell/reply.h"

#include "base/check.h"
#include "base/pack.h"

void reply_begin(struct buf *buf, uint32_t msgid)
{
    pack_array(buf, 4);
    pack_uint(buf, 1);
    pack_uint(buf, msgid);
    pack_nil(buf);
}

void reply_result(struct buf *buf, uint32_t msgid, struct slice packed)
{
    CHECK(packed.len > 0);
    reply_begin(buf, msgid);
    buf_put_slice(buf, packed);
}

void reply_result_with(struct buf *buf, uint32_t msgid, struct slice packed, struct slice extra,
                       uint32_t extra_pairs)
{
    struct unpack unpack;
    unpack_init(&unpack, packed);
    uint32_t pairs = unpack_map(&unpack);
    CHECK(!unpack.bad);
    reply_begin(buf, msgid);
    pack_map(buf, pairs + extra_pairs);
    buf_put(buf, unpack.at, (size_t)(unpack.end - unpack.at));
    buf_put_slice(buf, extra);
}

void reply_refusal(struct buf *buf, uint32_t msgid, const struct refusal *refusal)
{
    reply_refusal_with(buf, msgid, refusal, SLICE_EMPTY, 0);
}

void reply_refusal_with(struct buf *buf, uint32_t msgid, const struct refusal *refusal,
                        struct slice extra, uint32_t extra_pairs)
{
    CHECK(refusal->code != REFUSAL_NONE);
    pack_array(buf, 4);
    pack_uint(buf, 1);
    pack_uint(buf, msgid);
    pack_map(buf, 4 + extra_pairs);
    reply_text(buf, "code", slice_from_cstr(refusal_name(refusal->code)));
    reply_text(buf, "message", refusal->message);
    reply_text(buf, "subject", refusal->subject);
    reply_text(buf, "help", slice_from_cstr(refusal_help(refusal->code)));
    buf_put_slice(buf, extra);
    pack_nil(buf);
}

void reply_notification(struct buf *buf, const char *method)
{
    pack_array(buf, 3);
    pack_uint(buf, 2);
    pack_cstr(buf, method);
    pack_array(buf, 1);
}

void reply_key(struct buf *buf, const char *key) { pack_cstr(buf, key); }

void reply_uint(struct buf *buf, const char *key, uint64_t value)
{
    pack_cstr(buf, key);
    pack_uint(buf, value);
}

void reply_text(struct buf *buf, const char *key, struct slice text)
{
    pack_cstr(buf, key);
    pack_str(buf, text);
}

void reply_bool(struct buf *buf, const char *key, bool value)
{
    pack_cstr(buf, key);
    pack_bool(buf, value);
}

void reply_moment(struct buf *buf, const char *key, uint64_t ms)
{
    pack_cstr(buf, key);
    if (ms == 0 || ms == UINT64_MAX) {
        pack_nil(buf);
    } else {
        pack_uint(buf, ms);
    }
}

static struct reply_count open_counted(struct buf *buf, char tag)
{
    struct reply_count count = { buf->len, 0 };
    const char head[5] = { tag, 0, 0, 0, 0 };
    buf_put(buf, head, sizeof(head));
    return count;
}

struct reply_count reply_open_map(struct buf *buf) { return open_counted(buf, (char)0xdf); }

struct reply_count reply_open_array(struct buf *buf) { return open_counted(buf, (char)0xdd); }

void reply_close(struct buf *buf, struct reply_count count)
{
    if (buf->overflow) {
        return; // what was reserved may be missing; the owner of the buffer sees the overflow
    }
    CHECK(count.at + 5 <= buf->len);
    for (unsigned i = 0; i < 4; i++) {
        buf->ptr[count.at + 1 + i] = (char)(count.count >> (24 - 8 * i));
    }
}
