// Connections as queues of bytes: split anywhere, delayed, reset in the middle of a frame, read
// slowly.
#include "base/check.h"
#include "base/pack.h"
#include "tests/sim/sim.h"

enum { PIPE_BYTES_MAX = 64 * 1024 * 1024 };

static struct sim_conn *find(struct world *world, uint64_t conn)
{
    for (uint32_t i = 0; i < SIM_CONNS_MAX; i++) {
        if (world->conns[i].open && world->conns[i].conn == conn) {
            return &world->conns[i];
        }
    }
    return NULL;
}

static void forget(struct sim_conn *conn)
{
    conn->open = false;
    buf_reset(&conn->to_server);
    buf_reset(&conn->parse);
    buf_reset(&conn->to_client);
}

// --------------------------------------------------------------------------------- the server's
// side

static void cut_messages(struct world *world, struct sim_conn *conn)
{
    size_t at = 0;
    while (at < conn->parse.len) {
        size_t whole = 0;
        struct slice rest = slice_make(conn->parse.ptr + at, conn->parse.len - at);
        enum pack_status status = pack_scan(rest, PIPE_BYTES_MAX, &whole);
        if (status == PACK_MORE) {
            break;
        }
        if (status == PACK_BAD) {
            sim_break(world, ORACLE_WIRE, "the server sent bytes that are no message");
            return;
        }
        oracle_leaves(world, conn, slice_sub(rest, 0, whole));
        buf_put(&conn->to_client, rest.ptr, whole);
        at += whole;
    }
    buf_consume(&conn->parse, at);
}

static size_t take_from_server(void *context, uint64_t number, struct slice bytes)
{
    struct world *world = context;
    struct sim_conn *conn = find(world, number);
    if (conn == NULL) {
        sim_break(world, ORACLE_WIRE, "the server sends to a connection that is gone");
        return bytes.len;
    }
    size_t taken = bytes.len;
    if (conn->slow) {
        taken = 0;
    } else if (world->faults && prng_chance(&world->prng_net, 100000)) {
        taken = (size_t)prng_below(&world->prng_net, bytes.len + 1);
    }
    conn->blocked = taken < bytes.len;
    buf_put(&conn->parse, bytes.ptr, taken);
    cut_messages(world, conn);
    return taken;
}

static void set_reading(void *context, uint64_t number, bool on)
{
    struct sim_conn *conn = find(context, number);
    if (conn != NULL) {
        conn->reading = on;
    }
}

static void closed_by_server(void *context, uint64_t number)
{
    struct sim_conn *conn = find(context, number);
    if (conn != NULL) {
        sim_trace(context, "close %u", conn->client);
        forget(conn);
    }
}

void net_init(struct world *world)
{
    world->transport =
        (struct transport){ take_from_server, set_reading, closed_by_server, world };
    for (uint32_t i = 0; i < SIM_CONNS_MAX; i++) {
        buf_init(&world->conns[i].to_server, PIPE_BYTES_MAX);
        buf_init(&world->conns[i].parse, PIPE_BYTES_MAX);
        buf_init(&world->conns[i].to_client, PIPE_BYTES_MAX);
    }
}

void net_done(struct world *world)
{
    for (uint32_t i = 0; i < SIM_CONNS_MAX; i++) {
        buf_done(&world->conns[i].to_server);
        buf_done(&world->conns[i].parse);
        buf_done(&world->conns[i].to_client);
    }
}

// --------------------------------------------------------------------------------- the clients'
// side

struct sim_conn *net_open(struct world *world, uint32_t client)
{
    uint64_t number;
    for (uint32_t i = 0; world->up && i < SIM_CONNS_MAX; i++) {
        struct sim_conn *conn = &world->conns[i];
        if (conn->open) {
            continue;
        }
        if (!shell_opened(world->engine.shell, &number)) {
            return NULL;
        }
        struct sim_conn fresh = { .open = true, .conn = number, .client = client,
                                  .reading = true, .to_server = conn->to_server,
                                  .parse = conn->parse, .to_client = conn->to_client };
        *conn = fresh;
        sim_trace(world, "open %u", client);
        return conn;
    }
    return NULL;
}

void net_send(struct sim_conn *conn, struct slice frame)
{
    buf_put_slice(&conn->to_server, frame);
}

void net_reset(struct world *world, struct sim_conn *conn)
{
    sim_trace(world, "reset %u with %zu bytes", conn->client, conn->to_server.len);
    world->counts.resets++;
    shell_closed(world->engine.shell, conn->conn);
    forget(conn);
}

void net_drop_all(struct world *world)
{
    for (uint32_t i = 0; i < SIM_CONNS_MAX; i++) {
        if (world->conns[i].open) {
            forget(&world->conns[i]);
        }
    }
}

static void bring_to_server(struct world *world, struct sim_conn *conn)
{
    size_t wanted = conn->to_server.len;
    if (wanted == 0 || !conn->reading || conn->ended) {
        return;
    }
    if (world->faults && prng_chance(&world->prng_net, 400000)) {
        wanted = (size_t)prng_below(&world->prng_net, wanted + 1); // in the middle of a frame, too
    }
    while (wanted > 0) {
        size_t room = 0;
        char *to = shell_input(world->engine.shell, conn->conn, &room);
        if (to == NULL) {
            return;
        }
        size_t len = wanted < room ? wanted : room;
        memcpy(to, conn->to_server.ptr, len);
        shell_received(world->engine.shell, conn->conn, len);
        buf_consume(&conn->to_server, len);
        wanted -= len;
    }
}

static void bring_to_client(struct world *world, struct sim_conn *conn)
{
    while (conn->open && conn->to_client.len > 0) {
        size_t whole = 0;
        if (world->faults && prng_chance(&world->prng_net, 300000)) {
            return; // the rest comes later
        }
        enum pack_status status = pack_scan(buf_slice(&conn->to_client), PIPE_BYTES_MAX, &whole);
        CHECK(status == PACK_WHOLE);
        struct slice message = arena_copy(&world->passing, slice_make(conn->to_client.ptr, whole));
        buf_consume(&conn->to_client, whole);
        work_take(world, conn, message);
    }
}

static void change_mood(struct world *world, struct sim_conn *conn)
{
    if (conn->slow && (!world->faults || prng_chance(&world->prng_net, 30000))) {
        conn->slow = false;
    } else if (world->faults && prng_chance(&world->prng_net, world->options.slow)) {
        conn->slow = true; // reads nothing for a while
    }
    if (conn->blocked && !conn->slow) {
        conn->blocked = false;
        shell_writable(world->engine.shell, conn->conn);
    }
}

void net_tick(struct world *world)
{
    for (uint32_t i = 0; i < SIM_CONNS_MAX && world->up; i++) {
        struct sim_conn *conn = &world->conns[i];
        if (conn->open && world->faults &&
            prng_chance(&world->prng_net, world->options.reset)) {
            bring_to_server(world, conn); // a part of what was on its way arrives
            net_reset(world, conn);
        }
        if (conn->open) {
            change_mood(world, conn);
            bring_to_server(world, conn);
            bring_to_client(world, conn);
        }
    }
}
