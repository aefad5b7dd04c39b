// The listening socket and its connections, as readiness of file descriptors: bytes are read
// straight into a session's buffer and written straight out of it.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "engine/server/server_internal.h"
#include "engine/shell/reply.h"

enum { BACKLOG = 128, ACCEPTS_AT_ONCE = 64 };

struct conn {
    uv_poll_t poll;
    struct server *server;
    uint64_t id;
    int fd;
    bool reading; // the shell wants bytes
    bool writing; // the shell waits for room
    bool broken;
    bool closing;
};

static void watch(struct conn *conn);

// --- the socket's file ---------------------------------------------------------------------------

static enum err fail(struct server_problem *problem, enum err err, const char *what,
                     const char *path)
{
    (void)snprintf(problem->message, sizeof(problem->message), "%s: %s", path, what);
    return err;
}

// A file left behind by a server that was killed is taken away; a living one is not.
static enum err clear_stale(const char *path, const struct sockaddr_un *address,
                            struct server_problem *problem)
{
    struct stat status;
    if (lstat(path, &status) != 0) {
        return OK;
    }
    if (!S_ISSOCK(status.st_mode)) {
        return fail(problem, ERR_BAD_INPUT, "is there already and is not a socket", path);
    }
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0) {
        return fail(problem, ERR_IO, "no socket could be made", path);
    }
    bool alive = connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0;
    (void)close(fd);
    if (alive) {
        return fail(problem, ERR_LOCKED, "another program listens on this socket", path);
    }
    return unlink(path) == 0 ? OK : fail(problem, ERR_IO, "a stale socket cannot be removed", path);
}

static bool set_flags(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
           fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

enum err listen_name(struct server *server, struct server_problem *problem)
{
    const struct server_options *options = server->options;
    int wanted = options->socket != NULL
                     ? snprintf(server->socket_path, sizeof(server->socket_path), "%s",
                                options->socket)
                     : snprintf(server->socket_path, sizeof(server->socket_path), "%s/socket",
                                options->data);
    if (wanted < 0 || (size_t)wanted >= sizeof(server->socket_path)) {
        return fail(problem, ERR_TOO_BIG,
                    "the path of a socket has at most 107 bytes; give --socket",
                    options->socket != NULL ? options->socket : options->data);
    }
    return OK;
}

enum err listen_open(struct server *server, struct server_problem *problem)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    memcpy(address.sun_path, server->socket_path, strlen(server->socket_path) + 1);
    enum err err = clear_stale(server->socket_path, &address, problem);
    if (err != OK) {
        return err;
    }
    server->listen_fd = socket(AF_UNIX, SOCK_STREAM, 0);
    // The umask closes the moment between making the file and setting its mode.
    mode_t mask = umask(0177);
    bool good = server->listen_fd >= 0 && set_flags(server->listen_fd) &&
                bind(server->listen_fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
                chmod(server->socket_path, 0600) == 0 &&
                listen(server->listen_fd, BACKLOG) == 0;
    (void)umask(mask);
    if (!good) {
        (void)fail(problem, ERR_IO, strerror(errno), server->socket_path);
        if (server->listen_fd >= 0) {
            (void)close(server->listen_fd);
            server->listen_fd = -1;
        }
        return ERR_IO;
    }
    return OK;
}

// --- connections ---------------------------------------------------------------------------------

static void on_closed(uv_handle_t *handle)
{
    struct conn *conn = handle->data;
    struct server *server = conn->server;
    (void)close(conn->fd);
    server->conn_count--;
    mem_free(conn);
    if (server->accept_paused && !server->stopping) {
        listen_start(server);
    }
}

static void close_conn(struct conn *conn)
{
    CHECK(!conn->closing);
    conn->closing = true;
    conn->server->broken_count -= conn->broken ? 1 : 0;
    conn->server->conns[(uint32_t)conn->id] = NULL;
    uv_close((uv_handle_t *)&conn->poll, on_closed);
}

static void lose(struct conn *conn)
{
    shell_closed(conn->server->engine.shell, conn->id);
    close_conn(conn);
}

// False: nothing more to read now.
static bool read_some(struct conn *conn)
{
    struct shell *shell = conn->server->engine.shell;
    size_t room = 0;
    char *to = shell_input(shell, conn->id, &room);
    if (to == NULL) {
        return false;
    }
    ssize_t got = read(conn->fd, to, room);
    if (got > 0) {
        shell_received(shell, conn->id, (size_t)got);
        return (size_t)got == room;
    }
    if (got == 0) {
        conn->reading = false;
        watch(conn);
        shell_ended(shell, conn->id);
    } else if (errno != EAGAIN && errno != EINTR) {
        lose(conn);
    }
    return false;
}

static void on_event(uv_poll_t *poll, int status, int events)
{
    struct conn *conn = poll->data;
    if (status < 0) {
        lose(conn);
        return;
    }
    if ((events & UV_WRITABLE) != 0 && conn->writing) {
        conn->writing = false;
        watch(conn);
        shell_writable(conn->server->engine.shell, conn->id);
    }
    if ((events & UV_READABLE) != 0 && conn->reading) {
        // One big frame may need a second read; a third one is left to the next round, so that no
        // connection holds up the others.
        if (read_some(conn) && !conn->closing && conn->reading) {
            (void)read_some(conn);
        }
    }
}

static void watch(struct conn *conn)
{
    int events = (conn->reading ? UV_READABLE : 0) | (conn->writing ? UV_WRITABLE : 0);
    CHECK(uv_poll_start(&conn->poll, events, on_event) == 0);
}

// Why nobody answers: said once, on a socket that is closed right after.
static void turn_away(struct server *server, int fd)
{
    struct buf buf;
    buf_init(&buf, FRAME_BYTES_MAX);
    reply_refusal(&buf, 0,
                  &(struct refusal){ server->stopping ? REFUSAL_STOPPING : REFUSAL_LIMIT,
                                     SLICE("the engine holds as many connections as it can"),
                                     SLICE_EMPTY });
    (void)send(fd, buf.ptr, buf.len, MSG_NOSIGNAL);
    buf_done(&buf);
    server_log(server, "a connection was turned away: %u are open", server->conn_count - 1);
}

static bool take_one(struct server *server, int fd)
{
    struct conn *conn = mem_zalloc(sizeof(*conn));
    conn->server = server;
    conn->fd = fd;
    conn->reading = true;
    conn->poll.data = conn;
    if (!set_flags(fd) || uv_poll_init(&server->loop, &conn->poll, fd) != 0) {
        mem_free(conn);
        return false;
    }
    server->conn_count++;
    if (!shell_opened(server->engine.shell, &conn->id)) {
        conn->closing = true;
        uv_close((uv_handle_t *)&conn->poll, on_closed);
        turn_away(server, fd);
        return true;
    }
    CHECK(server->conns[(uint32_t)conn->id] == NULL);
    server->conns[(uint32_t)conn->id] = conn;
    watch(conn);
    return true;
}

static void on_listener(uv_poll_t *poll, int status, int events)
{
    struct server *server = poll->data;
    (void)events;
    for (unsigned i = 0; status == 0 && i < ACCEPTS_AT_ONCE; i++) {
        int fd = accept(server->listen_fd, NULL, NULL);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) {
                server->accept_paused = true;
                (void)uv_poll_stop(&server->listener);
                server_log(server, "no file descriptor is left for another connection");
            }
            return;
        }
        if (!take_one(server, fd)) {
            (void)close(fd);
        }
    }
}

void listen_start(struct server *server)
{
    server->accept_paused = false;
    if (!server->listening) {
        CHECK(uv_poll_init(&server->loop, &server->listener, server->listen_fd) == 0);
        server->listener.data = server;
        server->listening = true;
    }
    CHECK(uv_poll_start(&server->listener, UV_READABLE, on_listener) == 0);
}

void listen_stop(struct server *server)
{
    if (server->listen_fd < 0) {
        return;
    }
    (void)unlink(server->socket_path);
    if (server->listening) {
        server->listening = false;
        uv_close((uv_handle_t *)&server->listener, NULL);
    }
    (void)close(server->listen_fd);
    server->listen_fd = -1;
}

// --- the transport -------------------------------------------------------------------------------

static struct conn *find(struct server *server, uint64_t id)
{
    struct conn *conn = server->conns[(uint32_t)id];
    CHECK(conn != NULL && conn->id == id);
    return conn;
}

static size_t send_bytes(void *context, uint64_t id, struct slice bytes)
{
    struct conn *conn = find(context, id);
    size_t sent = 0;
    while (sent < bytes.len && !conn->broken) {
        ssize_t n = send(conn->fd, bytes.ptr + sent, bytes.len - sent, MSG_NOSIGNAL);
        if (n >= 0) {
            sent += (size_t)n;
        } else if (errno == EAGAIN) {
            conn->writing = true;
            watch(conn);
            break;
        } else if (errno != EINTR) {
            conn->broken = true;
            conn->server->broken_count++;
        }
    }
    return sent;
}

static void set_reading(void *context, uint64_t id, bool on)
{
    struct conn *conn = find(context, id);
    if (conn->reading != on) {
        conn->reading = on;
        watch(conn);
    }
}

static void close_id(void *context, uint64_t id) { close_conn(find(context, id)); }

struct transport listen_transport(struct server *server)
{
    return (struct transport){ send_bytes, set_reading, close_id, server };
}

void listen_sweep(struct server *server)
{
    for (uint32_t i = 0; i < SESSIONS_MAX && server->broken_count > 0; i++) {
        if (server->conns[i] != NULL && server->conns[i]->broken) {
            lose(server->conns[i]);
        }
    }
}
