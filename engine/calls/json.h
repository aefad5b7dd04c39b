// JSON from and for outside systems. Reading is for hostile bytes: it allocates nothing but the
// text of one value, nests at most JSON_DEPTH_MAX deep and keeps numbers as they are written.
#ifndef RUNG_ENGINE_CALLS_JSON_H
#define RUNG_ENGINE_CALLS_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/slice.h"
#include "base/value.h"

enum { JSON_DEPTH_MAX = 32, JSON_PATH_BYTES_MAX = 512, JSON_VALUES_MAX = 20000 };

enum json_kind { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING };

// One value that holds no others. `path`: names and positions from the top, joined by points
// ("order.lines.0.sum"); of a value on its own it is empty. `text`: what the string says, the
// number as written, "true", "false" or "null". Both live during the call.
typedef void json_value_fn(void *context, struct slice path, enum json_kind kind,
                           struct slice text);

// False: not JSON, deeper or with longer paths than the bounds; the values before that place were
// told. `ret_offset`: where (may be NULL).
bool json_read(struct slice text, json_value_fn *each, void *context, size_t *ret_offset);

// The same as it stands: what begins, what a member is called, what ends. Texts live during the
// call.
struct json_events {
    void (*begin)(void *context, bool is_array);
    void (*name)(void *context, struct slice name);
    void (*value)(void *context, enum json_kind kind, struct slice text);
    void (*end)(void *context);
};
bool json_walk(struct slice text, const struct json_events *events, void *context);

// The whole text as one value: arrays are lists, objects records, null is empty. Numbers are
// integers or exact decimals; one that is neither (1e30) is the text that it was written with. A
// name that comes twice stands twice.
enum json_tree { JSON_TREE_GOOD, JSON_TREE_NOT_JSON, JSON_TREE_TOO_MANY };
enum json_tree json_tree(struct slice text, struct arena *arena, struct value *ret_value);

void json_put_value(struct buf *out, const struct value *value);
// The same without quotes and escapes, of what holds no others: what stands in an address or a form
// of the web. False: a list or a record.
bool json_put_plain(struct buf *out, const struct value *value);

// The packed map of a call as one JSON object. Numbers are numbers, moments are ISO 8601 in UTC,
// money is "12.50 EUR", nothing is null. False: the bytes are no such map.
bool json_put_form(struct buf *out, struct slice form, struct arena *arena);

#endif
