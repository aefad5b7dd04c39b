// A small synchronous client of the engine: MessagePack-RPC over its Unix socket
// (docs/protocol.md). A connection that breaks is made anew and the request is said again with the
// same request id, so a command is carried out once however often the line is cut. Not thread-safe.
#ifndef RUNG_ENGINE_CLI_CLIENT_H
#define RUNG_ENGINE_CLI_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

enum {
    CLIENT_NAME_BYTES = 64,
    CLIENT_PATH_BYTES = 107,
    CLIENT_TIMEOUT_MS = 10000,
    CLIENT_RECONNECT_MS = 5000
}; // how long a broken connection is tried anew

struct client_reply { // valid until the next receive or call on the client
    uint32_t msgid;
    bool refused;
    struct slice result; // packed; of an answer
    struct slice error;  // packed map; of a refusal
    struct slice code, message, subject, help;
};

enum client_status {
    CLIENT_ANSWERED, // a reply: an answer or a refusal
    CLIENT_PUSHED,   // a notification: `push` and `params`
    CLIENT_SILENT,   // nothing came within the time given
    CLIENT_LOST      // no connection, or the other side does not speak the protocol: see `problem`
};

struct client {
    char path[CLIENT_PATH_BYTES + 1];
    char name[CLIENT_NAME_BYTES + 1];
    int fd; // -1: not connected
    uint32_t timeout_ms;
    uint32_t next_msgid;
    uint64_t next_request;
    struct buf in, out;
    size_t taken;              // bytes at the front of `in` that were handed out
    struct slice push, params; // of the notification received last
    bool met;                  // has been connected once: a lost connection is worth waiting for
    uint64_t engine_now_ms, steady_ms; // engine's clock at the hello, and ours then
    bool demo;
    struct slice as; // who speaks, or empty
    char zone[64];   // his own, else the company's, as the hello told it
    char lang[8];    // said in the hello; empty: labels as they are first written
    bool lang_said;  // comes before the language of whoever speaks
    char server[64];
    char problem[240];
};

// `name` empty: a random one. False: path or name too long.
bool client_init(struct client *client, struct slice path, struct slice name);
void client_done(struct client *client);
// Connects and says hello. False: see `problem`.
bool client_connect(struct client *client);
void client_disconnect(struct client *client);
// The engine's clock now, as far as it can be told from here; the machine's when not connected.
uint64_t client_now_ms(const struct client *client);

// Sends a request without waiting. False: the connection is gone.
bool client_send(struct client *client, uint32_t msgid, const char *method, struct slice params);
enum client_status client_receive(struct client *client, uint32_t timeout_ms,
                                  struct client_reply *ret_reply);

// Sends and waits for the reply; connects (again) when needed; says a request again that met a
// stopping engine. Notifications that come meanwhile are dropped. False: unreachable within the
// time-out, see `problem`.
bool client_call(struct client *client, const char *method, struct slice params,
                 struct client_reply *ret_reply);

// For tests and pipelines: should this refusal be tried again with the same id?
bool client_try_again(const struct client_reply *reply);

#endif
