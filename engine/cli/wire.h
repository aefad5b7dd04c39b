// Answers of the engine as maps of text keys, read without trust and without copying, and the
// params of requests being built. See docs/protocol.md for what stands in them.
#ifndef RUNG_ENGINE_CLI_WIRE_H
#define RUNG_ENGINE_CLI_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/slice.h"

// --- reading: what is absent or of another kind reads as empty, 0, no ---------------------------
struct slice wire_raw(struct slice map, const char *key); // packed bytes; empty when absent or nil
uint64_t wire_uint(struct slice map, const char *key);
bool wire_bool(struct slice map, const char *key);
// Text as it is; numbers, moments and other values printed into `arena` (NULL: read as empty).
struct slice wire_text(struct slice map, const char *key, struct arena *arena);
struct slice wire_print(struct slice packed, struct arena *arena); // one packed value as text

struct wire_list {
    struct slice rest;
    uint32_t left;
};
// The elements of a packed array (not an array: none).
struct wire_list wire_list(struct slice packed);
bool wire_next(struct wire_list *list, struct slice *ret_item);
uint32_t wire_count(struct slice packed); // elements of an array, pairs of a map
// The pairs of a packed map: use wire_next twice, for key and value.
struct wire_list wire_pairs(struct slice packed);

// Moments come as milliseconds or as a packed moment; 0 when absent.
uint64_t wire_moment(struct slice map, const char *key);

json_t *wire_json(struct slice packed); // a new reference

// --- writing ------------------------------------------------------------------------------------
struct params {
    struct buf body; // keys and values
    struct buf whole;
    uint32_t pairs;
};
void params_init(struct params *params);
void params_done(struct params *params);
void params_reset(struct params *params);
void params_text(struct params *params, const char *key, struct slice text);
void params_uint(struct params *params, const char *key, uint64_t number);
void params_raw(struct params *params, const char *key, struct slice packed);
// The packed map. Valid until the next call on `params`. Empty: larger than a message may be.
struct slice params_finish(struct params *params);

#endif
