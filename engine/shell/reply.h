// Responses and errors as bytes of the wire.
#ifndef RUNG_ENGINE_SHELL_REPLY_H
#define RUNG_ENGINE_SHELL_REPLY_H

#include "base/buf.h"
#include "engine/model/refusal.h"

// [1, msgid, nil, …: the caller appends one result.
void reply_begin(struct buf *buf, uint32_t msgid);
void reply_result(struct buf *buf, uint32_t msgid, struct slice packed);
// Like reply_result, with `extra_pairs` packed pairs added to the map `packed`.
void reply_result_with(struct buf *buf, uint32_t msgid, struct slice packed, struct slice extra,
                       uint32_t extra_pairs);
void reply_refusal(struct buf *buf, uint32_t msgid, const struct refusal *refusal);
// The same with packed pairs added to the error's map.
void reply_refusal_with(struct buf *buf, uint32_t msgid, const struct refusal *refusal,
                        struct slice extra, uint32_t extra_pairs);
// [2, method, [ …: the caller appends one map.
void reply_notification(struct buf *buf, const char *method);

// A pair of a map under construction.
void reply_key(struct buf *buf, const char *key);
void reply_uint(struct buf *buf, const char *key, uint64_t value);
void reply_text(struct buf *buf, const char *key, struct slice text);
void reply_bool(struct buf *buf, const char *key, bool value);
// nil when the moment is 0 or UINT64_MAX.
void reply_moment(struct buf *buf, const char *key, uint64_t ms);

// A map or array whose count is known only at its end: 5 bytes are reserved and filled in.
struct reply_count {
    size_t at;
    uint32_t count;
};
struct reply_count reply_open_map(struct buf *buf);
struct reply_count reply_open_array(struct buf *buf);
void reply_close(struct buf *buf, struct reply_count count);

#endif
