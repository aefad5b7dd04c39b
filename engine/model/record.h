// A journal record: everything one accepted command did, and who asked for it in which words.
// Packed as one MessagePack array; decoding validates everything (stored bytes are input).
#ifndef RUNG_ENGINE_MODEL_RECORD_H
#define RUNG_ENGINE_MODEL_RECORD_H

#include "base/arena.h"
#include "engine/model/command.h"
#include "engine/model/event.h"

enum { RECORD_FORMAT = 1, RECORD_BYTES_MAX = 4 * 1024 * 1024, TOUCHED_MAX = 512 };

struct record_touched {
    uint64_t instance;
    uint64_t previous_seq; // of that instance: history walks back along these; 0 = its first
    uint32_t program;
};

struct record {
    enum command_kind command;
    uint64_t now_ms;
    struct slice client; // empty: no request id (timers, follow-ups)
    uint64_t request;
    uint64_t request_hash; // of the command's content
    uint32_t on_behalf;    // user for whom it was said; 0 = administrator or the engine itself
    struct slice actor;    // who said it: "admin" (the socket's owner), "engine"
    uint64_t cause_seq;    // record that brought this one about (child ended, …); 0 = none
    struct slice form;     // as pressed: packed map, or empty
    struct slice note;     // command's own words (reason, text), or empty
    const struct record_touched *touched;
    uint32_t touched_count;
    const struct event *events;
    uint32_t event_count;
};

void record_encode(struct buf *buf, const struct record *record);
// Texts borrow from `bytes`, arrays live in `arena`. ERR_CORRUPT names nothing further.
enum err record_decode(struct slice bytes, struct arena *arena, struct record *ret_record);
// The same for bytes that record_encode has just made in this process: that texts are UTF-8 and
// nesting is bounded is not looked at again.
enum err record_decode_own(struct slice bytes, struct arena *arena, struct record *ret_record);
bool record_equal(const struct record *a, const struct record *b);

#endif
