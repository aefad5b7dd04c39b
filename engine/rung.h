// librung: the engine inside your own program, without a socket, a thread or a clock of its own.
//
// One `struct rung` is one store. Everything happens inside the calls, on the caller's thread; time
// is what the caller says it is. What a client can ask over the wire can be asked with rung_call,
// in the same words and with the same answers (docs/protocol.md). When rung_call returns, what it
// answers is on disk.
#ifndef RUNG_RUNG_H
#define RUNG_RUNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rung;

enum rung_status {
    RUNG_OK,
    RUNG_REFUSED, // nothing was changed; the answer is the map {code, message, subject, help}
    RUNG_FAILED   // rung_message says why; after a failed call the store must be closed
};

struct rung_file {
    const char *name; // as messages show it: "lead.rung"
    const char *text;
    size_t text_len;
};

// The text of an imported file that was not given ("stdlib/ladders.rung"). The bytes must stay
// valid until the call that asked returns. False: there is none.
typedef bool rung_load_fn(void *context, const char *path, size_t path_len, const char **ret_text,
                          size_t *ret_text_len);
// A notification of a subscription, as its method and its packed map. Valid during the call.
typedef void rung_push_fn(void *context, const char *method, const char *map, size_t map_len);

struct rung_options {
    const char *path;     // data folder, made when absent; NULL: all in memory, gone at rung_close
    uint64_t map_bytes;   // most that journal and view may grow to, each; 0: 64 GiB
    const char *currency; // company's currency for a new store; NULL: "EUR"
    const char *region;   // country of phones written without one ("RU"); NULL: none is assumed
    const char *zone;     // time zone of the company ("Europe/Moscow"); NULL: UTC
    bool demo;            // a store for demonstrations: never opened for real work afterwards
    uint64_t now_ms;      // UTC, milliseconds since 1970: the moment it is now
    rung_load_fn *load;   // NULL: files import only one another
    void *load_context;
    rung_push_fn *push;   // NULL: the method `subscribe` is refused
    void *push_context;
};

// Opens a store. `message` gets a sentence when it fails (and is always ended by a 0 byte).
enum rung_status rung_open(const struct rung_options *options, struct rung **ret_rung,
                           char *message, size_t message_bytes);
// Writes what is in memory to disk and closes. Whatever was answered is on disk already.
void rung_close(struct rung *rung);

// Compiles the files as one set, runs their `test` blocks, and activates what differs from what is
// active. RUNG_REFUSED: they do not compile or a test fails; rung_message holds the diagnostics.
enum rung_status rung_compile_and_activate(struct rung *rung, const struct rung_file *files,
                                           size_t count);

// Asks one thing: `method` and its parameters, a packed map as in docs/protocol.md (NULL and 0: the
// empty map). The answer, one packed value, is valid until the next call. `clock` is for demo
// stores.
enum rung_status rung_call(struct rung *rung, const char *method, const void *params,
                           size_t params_len, const void **ret_answer, size_t *ret_answer_len);

// It is `now_ms` now (never earlier than before: that is read as "the same moment"). Fires at most
// a batch of the timers that have become due, and flushes; call it again while rung_next_due_ms is
// past.
enum rung_status rung_tick(struct rung *rung, uint64_t now_ms);
// Lets time pass up to `to_ms`: every timer on the way fires at its own moment.
enum rung_status rung_advance(struct rung *rung, uint64_t to_ms);
uint64_t rung_now_ms(const struct rung *rung);
uint64_t rung_next_due_ms(const struct rung *rung); // UINT64_MAX: no timer

// A sentence about what failed last, or the compiler's messages. Valid until the next call.
const char *rung_message(const struct rung *rung);

#endif
