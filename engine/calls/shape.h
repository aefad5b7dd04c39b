// S98, S128
// A call as a request of HTTP, and its answer as what the case hears: as the settings say, or as a
// function in Lua does that the settings name. Such a function is as isolated as a hook (see
// engine/hooks/hook.h), runs again on every try, and knows nothing but what it is given:
//
//   function ask(call)            -- `request`
//     call.connector, call.name, call.key        texts; `key` is the same on every try
//     call.args                                  {parameter = value}, typed as for a hook; moments
//                                                are ISO 8601 in UTC; people and cases numbers
//     call.case                                  {number, process, started}
//     return { method = "GET", path = {"v1", "orders", call.args.number},   -- below the URL
//              query = {…}, headers = {…}, json = … or form = {…} or body = "…" }
//          or { fail = "words" }
//   function hear(call, answer)   -- `reply`; also call.try, from 1
//     answer.status, answer.headers (names in small letters), answer.body
//     answer.json                                the body as tables, or nil
//     return { message = "paid", with = { number = answer.json.id } } or { done = true }
//          or { retry = "words" } or { fail = "words" }
//
// Where a request goes is not for a function to say: `path` stays below the URL of the settings, no
// header of the settings, of the wire or of the runner can be set, and no text becomes a second
// line.
#ifndef RUNG_ENGINE_CALLS_SHAPE_H
#define RUNG_ENGINE_CALLS_SHAPE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/value.h"
#include "engine/calls/settings.h"

struct hook_box;

enum {
    SHAPE_HEADERS_MAX = 16,
    SHAPE_HEADER_BYTES_MAX = 4096,
    SHAPE_URL_BYTES_MAX = 8192,
    SHAPE_BODY_BYTES_MAX = 6 * CALL_FORM_BYTES_MAX + 1024,
    SHAPE_HEARD_MAX = 64,              // headers of an answer; more are not told
    SHAPE_HEARD_BYTES_MAX = 16 * 1024, // likewise
    SHAPE_ARENA_BYTES_MAX = 32 * 1024 * 1024
};

// RETRY: another try may fare better (also: the function is at fault, and may be mended meanwhile).
// REFUSED: none would.
enum shape_end { SHAPE_DONE, SHAPE_RETRY, SHAPE_REFUSED };

struct shape_call {
    struct slice connector, name, key;
    struct slice form; // packed map of the parameters
    uint64_t instance, started_ms;
    struct slice process;
    uint32_t attempt; // from 1
};

struct shape_request {
    const char *url, *method;
    const char *content_type; // NULL: no body goes out
    const char *headers[SHAPE_HEADERS_MAX]; // "Name: value"
    uint32_t header_count;
    bool says_type, says_accept, says_agent; // among the headers: the usual ones stay away
    struct slice body;
};

struct shape_heard { struct slice name, value; }; // a header of the answer

struct shape_answer {
    long status;
    const struct shape_heard *headers;
    uint32_t header_count;
    struct slice body;
};

struct shape_message {
    struct slice name; // empty: the case hears nothing
    struct slice form; // packed map {parameter: value}
};

// What goes out: by the function of the section if it names one (the box is asked then), else the
// parameters as JSON, or as the query of a GET, HEAD or DELETE. All lives in `arena`. Not
// SHAPE_DONE: `ret_words` say why, with the file and line of a function that failed and the way
// there.
enum shape_end shape_request(struct hook_box *box, const struct settings_section *section,
                             const struct shape_call *call, struct arena *arena,
                             struct shape_request *ret_request, struct slice *ret_words);

// What the answer means, by the function `reply` of the section. Likewise.
enum shape_end shape_reply(struct hook_box *box, const struct settings_section *section,
                           const struct shape_call *call, const struct shape_answer *answer,
                           struct arena *arena, struct shape_message *ret_message,
                           struct slice *ret_words);

// --- of the files shape*.c alone
struct shape_job {
    struct hook_box *box;
    const struct settings_section *section;
    const struct settings_function *function;
    const struct shape_call *call;
    struct arena *arena;
    struct slice words; // the first thing that is wrong
};

enum shape_end shape_wrong(struct shape_job *job, enum shape_end end, const char *format, ...)
    ATTR_PRINTF(3, 4);
bool shape_ask(struct shape_job *job, const struct shape_answer *answer, struct value *ret_value);
// "nothing", "a text", … what a function gave in the place of a table.
const char *shape_kind(const struct value *value);
// A member of a table that a function gave; NULL: not there, or empty.
const struct value *shape_member(const struct value *table, const char *name);
// Is it a table of names? An empty one counts.
bool shape_is_names(const struct value *value);
// The first member whose name is not among the words (which NULL ends); SLICE_EMPTY: there is none.
struct slice shape_stranger(const struct value *table, const char *const *words);
bool shape_put_query(struct buf *out, const struct value *names, bool is_form);
void shape_put_segment(struct buf *out, struct slice text);

#endif
