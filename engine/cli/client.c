#include "engine/cli/client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/check.h"
#include "base/limits.h"
#include "base/pack.h"
#include "engine/cli/env.h"
#include "engine/cli/wire.h"

enum { RETRY_WAIT_MS = 50, FRAME_HEAD_BYTES = 128, ANSWER_BYTES_MAX = 64 * 1024 * 1024 };

// What does not fit is cut.
static void text_keep(char *to, size_t bytes, struct slice text)
{
    size_t len = text.len < bytes ? text.len : bytes - 1;
    memcpy(to, text.ptr != NULL ? text.ptr : "", len);
    to[len] = '\0';
}

bool client_init(struct client *client, struct slice path, struct slice name)
{
    *client = (struct client){ .fd = -1, .timeout_ms = CLIENT_TIMEOUT_MS, .next_request = 1 };
    buf_init(&client->in, ANSWER_BYTES_MAX);
    buf_init(&client->out, FRAME_BYTES_MAX + FRAME_HEAD_BYTES);
    if (path.len > CLIENT_PATH_BYTES || name.len > CLIENT_NAME_BYTES) {
        return false;
    }
    text_keep(client->path, sizeof(client->path), path);
    if (name.len > 0) {
        text_keep(client->name, sizeof(client->name), name);
        return true;
    }
    uint64_t random = 0;
    env_random(&random, sizeof(random));
    (void)snprintf(client->name, sizeof(client->name), "cli-%016llx", (unsigned long long)random);
    return true;
}

void client_done(struct client *client)
{
    client_disconnect(client);
    buf_done(&client->in);
    buf_done(&client->out);
}

void client_disconnect(struct client *client)
{
    if (client->fd >= 0) {
        (void)close(client->fd);
        client->fd = -1;
    }
    buf_reset(&client->in);
    client->taken = 0;
}

static enum client_status lost(struct client *client, const char *why)
{
    client_disconnect(client);
    (void)snprintf(client->problem, sizeof(client->problem), "%s", why);
    return CLIENT_LOST;
}

uint64_t client_now_ms(const struct client *client)
{
    return client->engine_now_ms == 0 ? env_now_ms()
                                      : client->engine_now_ms + env_steady_ms() - client->steady_ms;
}

static bool wait_for(struct client *client, short events, uint32_t timeout_ms)
{
    struct pollfd one = { .fd = client->fd, .events = events };
    uint64_t deadline = env_steady_ms() + timeout_ms;
    for (;;) {
        uint64_t now = env_steady_ms();
        int left = now >= deadline ? 0 : (int)(deadline - now);
        int ready = poll(&one, 1, left);
        if (ready >= 0 || errno != EINTR) {
            return ready > 0;
        }
    }
}

bool client_send(struct client *client, uint32_t msgid, const char *method, struct slice params)
{
    if (client->fd < 0) {
        return false;
    }
    buf_reset(&client->out);
    pack_array(&client->out, 4);
    pack_uint(&client->out, 0);
    pack_uint(&client->out, msgid);
    pack_cstr(&client->out, method);
    pack_array(&client->out, 1);
    buf_put_slice(&client->out, params);
    CHECK(!client->out.overflow);
    size_t sent = 0;
    while (sent < client->out.len) {
        ssize_t count =
            send(client->fd, client->out.ptr + sent, client->out.len - sent, MSG_NOSIGNAL);
        if (count > 0) {
            sent += (size_t)count;
        } else if (count < 0 && errno == EAGAIN) {
            if (!wait_for(client, POLLOUT, client->timeout_ms)) {
                (void)lost(client, "the engine does not take requests");
                return false;
            }
        } else if (errno == EPIPE) {
            return true; // closed by the other side: what it said before that is still to be read
        } else if (errno != EINTR) {
            (void)lost(client, "the connection broke");
            return false;
        }
    }
    return true;
}

static void reply_read(struct slice error, struct slice result, struct client_reply *reply)
{
    struct unpack unpack;
    unpack_init(&unpack, error);
    reply->refused = unpack_peek(&unpack) != PACK_NIL;
    reply->result = result;
    reply->error = error;
    if (reply->refused) {
        reply->code = wire_text(error, "code", NULL);
        reply->message = wire_text(error, "message", NULL);
        reply->subject = wire_text(error, "subject", NULL);
        reply->help = wire_text(error, "help", NULL);
    }
}

// Takes apart the whole message at the front of `in`.
static enum client_status message_take(struct client *client, size_t bytes,
                                       struct client_reply *ret_reply)
{
    struct slice frame = { client->in.ptr, bytes };
    client->taken = bytes;
    struct unpack unpack;
    unpack_init(&unpack, frame);
    uint32_t parts = unpack_peek(&unpack) == PACK_ARRAY ? unpack_array(&unpack) : 0;
    uint64_t type = parts > 0 ? unpack_uint(&unpack) : 0;
    *ret_reply = (struct client_reply){ 0 };
    if (parts == 4 && type == 1) {
        ret_reply->msgid = (uint32_t)unpack_uint(&unpack);
        struct slice error = unpack_raw(&unpack);
        struct slice result = unpack_raw(&unpack);
        if (!unpack.bad) {
            reply_read(error, result, ret_reply);
            return CLIENT_ANSWERED;
        }
    } else if (parts == 3 && type == 2) {
        client->push = unpack_str(&unpack);
        struct wire_list params = wire_list(unpack_raw(&unpack));
        client->params = SLICE_EMPTY;
        (void)wire_next(&params, &client->params);
        if (!unpack.bad) {
            return CLIENT_PUSHED;
        }
    }
    return lost(client, "the other side of the socket does not speak the protocol of the engine");
}

enum client_status client_receive(struct client *client, uint32_t timeout_ms,
                                  struct client_reply *ret_reply)
{
    uint64_t deadline = env_steady_ms() + timeout_ms;
    buf_consume(&client->in, client->taken);
    client->taken = 0;
    while (client->fd >= 0) {
        size_t bytes = 0;
        enum pack_status status = client->in.len == 0
                                      ? PACK_MORE
                                      : pack_scan(buf_slice(&client->in), ANSWER_BYTES_MAX, &bytes);
        if (status == PACK_WHOLE) {
            return message_take(client, bytes, ret_reply);
        }
        if (status == PACK_BAD) {
            return lost(client, "the other side of the socket does not speak the protocol "
                                "of the engine");
        }
        uint64_t now = env_steady_ms();
        if (!wait_for(client, POLLIN, now >= deadline ? 0 : (uint32_t)(deadline - now))) {
            return CLIENT_SILENT;
        }
        char *room = buf_reserve(&client->in, 64 * 1024);
        if (room == NULL) {
            return lost(client, "an answer of the engine is too large");
        }
        ssize_t count = recv(client->fd, room, 64 * 1024, 0);
        if (count > 0) {
            client->in.len += (size_t)count;
        } else if (count == 0) {
            return lost(client, "the engine has closed the connection");
        } else if (errno != EINTR && errno != EAGAIN) {
            return lost(client, "the connection broke");
        }
    }
    return CLIENT_LOST;
}

// Waits for the reply to `msgid`.
static enum client_status reply_await(struct client *client, uint32_t msgid,
                                      struct client_reply *ret_reply)
{
    uint64_t deadline = env_steady_ms() + client->timeout_ms;
    for (;;) {
        uint64_t now = env_steady_ms();
        if (now >= deadline) {
            return CLIENT_SILENT;
        }
        enum client_status status = client_receive(client, (uint32_t)(deadline - now), ret_reply);
        // A malformed request is answered with msgid 0.
        if (status == CLIENT_SILENT || status == CLIENT_LOST ||
            (status == CLIENT_ANSWERED &&
             (ret_reply->msgid == msgid || (ret_reply->msgid == 0 && ret_reply->refused)))) {
            return status;
        }
    }
}

static bool hello_say(struct client *client)
{
    struct params params;
    params_init(&params);
    params_text(&params, "client", slice_from_cstr(client->name));
    if (client->lang[0] != '\0') {
        params_text(&params, client->lang_said ? "lang" : "else_lang",
                    slice_from_cstr(client->lang));
    }
    if (client->as.len > 0) {
        params_text(&params, "as", client->as);
    }
    uint32_t msgid = client->next_msgid++;
    bool sent = client_send(client, msgid, "hello", params_finish(&params));
    params_done(&params);
    struct client_reply reply;
    enum client_status status = sent ? reply_await(client, msgid, &reply) : CLIENT_LOST;
    if (status != CLIENT_ANSWERED || reply.refused) {
        if (status == CLIENT_ANSWERED) { // the message lies in what `lost` throws away
            struct buf why;
            buf_init(&why, 64 * 1024);
            buf_format(&why, "the engine turns this client away: %.*s (%.*s)%c",
                       SLICE_PRINT(reply.message), SLICE_PRINT(reply.code), '\0');
            (void)lost(client, why.ptr);
            buf_done(&why);
        } else {
            (void)lost(client, status == CLIENT_SILENT ? "the engine does not answer"
                                                       : "the connection broke");
        }
        return false;
    }
    client->engine_now_ms = wire_moment(reply.result, "now");
    client->steady_ms = env_steady_ms();
    client->demo = wire_bool(reply.result, "demo");
    struct slice own = wire_text(reply.result, "own_zone", NULL);
    text_keep(client->zone, sizeof(client->zone),
              own.len > 0 ? own : wire_text(reply.result, "zone", NULL));
    text_keep(client->server, sizeof(client->server), wire_text(reply.result, "server", NULL));
    client->met = true;
    return true;
}

bool client_connect(struct client *client)
{
    client_disconnect(client);
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    memcpy(address.sun_path, client->path, strlen(client->path) + 1);
    client->fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (client->fd < 0 ||
        connect(client->fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        int why = errno;
        client_disconnect(client);
        (void)snprintf(client->problem, sizeof(client->problem), "no engine listens on %s (%s)",
                       client->path, strerror(why));
        return false;
    }
    return hello_say(client);
}

bool client_try_again(const struct client_reply *reply)
{
    return reply->refused && slice_equal(reply->code, SLICE("stopping"));
}

bool client_call(struct client *client, const char *method, struct slice params,
                 struct client_reply *ret_reply)
{
    uint64_t deadline = env_steady_ms() + client->timeout_ms;
    uint64_t lost_ms = UINT64_MAX; // since when nobody listens
    for (;;) {
        enum client_status status = CLIENT_LOST;
        if (client->fd >= 0 || client_connect(client)) {
            lost_ms = UINT64_MAX;
            uint32_t msgid = client->next_msgid++;
            status = client_send(client, msgid, method, params)
                         ? reply_await(client, msgid, ret_reply)
                         : CLIENT_LOST;
        }
        if (status == CLIENT_ANSWERED && !client_try_again(ret_reply)) {
            return true;
        }
        uint64_t now = env_steady_ms();
        lost_ms = status == CLIENT_LOST && lost_ms == UINT64_MAX ? now : lost_ms;
        bool gone = status == CLIENT_LOST && (!client->met || now >= lost_ms + CLIENT_RECONNECT_MS);
        if (now >= deadline || gone) {
            if (status == CLIENT_SILENT) {
                (void)lost(client, "the engine does not answer");
            }
            return status == CLIENT_ANSWERED;
        }
        env_sleep_ms(RETRY_WAIT_MS);
    }
}
